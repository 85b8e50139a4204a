"""Forecasts of monthly counts: shown only where they would have beaten last year's same month."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

import numpy as np
import pandas as pd

from problemsolving import draw
from problemsolving.drivers.forecast_methods import YEAR, Forecaster
from problemsolving.drivers.forecast_trials import FIRST, LEAST, limits
from problemsolving.drivers.forecast_tried import BENCHMARK, ForecastScores, TriedResult, in_words
from problemsolving.drivers.monthly import month_in_words, monthly_frame
from problemsolving.errors import NotEstimableError
from problemsolving.periods import Month
from problemsolving.results import Column, Interval, Method, Table, Value, whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NEEDED = FIRST + YEAR  # months of data
FEW = 10.0  # events a month on average below which single events carry the forecast
SHORT = 0.1  # how far coverage may fall short of the level before the result says so
ALL: tuple[Forecaster, ...] = get_args(Forecaster)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Forecast(TriedResult):
    """The months ahead by the method that came closest, or why none is shown: everything from ``frame``."""

    @property
    def shown(self) -> bool:
        """Tell whether some method came closer than the same month of the year before."""
        return self.complete and self.best != BENCHMARK

    def estimates(self) -> pd.DataFrame:
        """Give each month ahead: ``group``, ``days``, events a day (``estimate``, ``low``, ``high``) and in the month.

        Raises
        ------
        NotEstimableError
            When no forecast is shown.
        """
        if not self.shown:
            raise NotEstimableError(self.summary())
        trial = self.trials[self.best]
        low, high = limits(trial.ahead, trial.reach(self.level))
        months = [Month.parse(self.frame["group"].iloc[-1]).next]
        while len(months) < self.horizon:
            months.append(months[-1].next)
        days = np.array([month.days for month in months])
        daily = {"estimate": trial.ahead, "low": low, "high": high}
        monthly = {"month": trial.ahead * days, "month_low": low * days, "month_high": high * days}
        return pd.DataFrame({"group": [str(month) for month in months], "days": days, **daily, **monthly})

    def results(self) -> ForecastScores:
        """Give the scores of all methods as a result of its own."""
        return ForecastScores(
            method=self.method, unit=self.unit, frame=self.frame, horizon=self.horizon, methods=self.methods,
            level=self.level, of=self.of, caveats=tuple(one for one in self.caveats if one not in self.told()),
        )  # fmt: skip

    def values(self) -> list[Value]:
        if not self.shown:
            reason = "not estimable: no method came closer than last year's same month" if self.complete else None
            return [Value(name="forecast", estimate=None, unit=self.unit, n=None, reason=reason)]
        n = whole(self.frame["count"].sum())
        ahead = [
            Value(
                name="forecast", period=row["group"], estimate=row["estimate"], unit=self.unit, n=n,
                interval=Interval(row["low"], row["high"], self.level),
            )
            for row in self.estimates().to_dict("records")
        ]  # fmt: skip
        return [*ahead, *(value for value in self.results().values() if value.group in (self.best, BENCHMARK))]

    def table(self) -> Table:
        if not self.shown:
            return self.results().table()
        columns = (
            Column("Month"),
            Column(f"{self.of.capitalize()} a day", "number"),
            Column("Low", "number"),
            Column("High", "number"),
            Column("In the month", "count"),
            Column("Low", "count"),
            Column("High", "count"),
        )
        names = ("estimate", "low", "high", "month", "month_low", "month_high")
        rows = self.estimates().to_dict("records")
        return Table(columns, tuple((month_in_words(row["group"]), *(row[name] for name in names)) for row in rows))

    def summary(self) -> str:
        if not self.complete:
            return "No forecast: the count of at least one month is withheld."
        scores = self.scores().set_index("method")
        naive = in_words(scores.loc[BENCHMARK, "mase"])
        if not self.shown:
            others = scores["mase"].drop(BENCHMARK).head(1)
            nearest = "".join(f"; the next best, {name}, {in_words(score)}" for name, score in others.items())
            return (
                f"No forecast of {self.of} is shown: from {self.starts} past starting points no method came closer than the same "
                f"month of the year before (mean absolute scaled error {naive}{nearest})."
            )
        rows = list(self.estimates().itertuples())
        said = [
            f"{row.estimate:,.1f} {self.of} a day in {month_in_words(row.group)} ({row.low:,.1f} to {row.high:,.1f})"
            for row in dict.fromkeys((rows[0], rows[-1]))
        ]
        best = scores.loc[self.best]
        return (
            f"If things go on as they did, {self.best} forecasts {' and '.join(said)}, with prediction intervals of "
            f"{self.level:.0%}. From {self.starts} past starting points its mean absolute scaled error was "
            f"{in_words(best['mase'])}, that of the same month of the year before {naive}; its intervals, made without the "
            f"months they were tried on, held {best['coverage']:.0%} of them."
        )

    def alt_text(self) -> str:
        return f"A line of {self.of} a day by month, continued by the forecast within its interval. {self.summary()}"

    def plot(self, *, ax: Axes | None = None) -> Axes | None:
        if not self.shown:
            return None
        ahead = self.estimates()
        return draw.forecast(
            [f"{pd.Period(month):%b %y}" for month in [*self.frame["group"], *ahead["group"]]],
            self.frame["count"] / self.frame["days"],
            ahead["estimate"],
            low=ahead["low"],
            high=ahead["high"],
            interval_name=f"prediction interval, {self.level:.0%}",
            quantity=f"{self.of} a day",
            ax=ax,
        )

    def told(self) -> tuple[str, ...]:
        if not self.complete:
            return ()
        left_out = [name for name in self.methods if name not in self.trials]
        told = [f"{name.capitalize()} did not converge from every starting point and was left out" for name in left_out]
        if self.shown:
            told += [
                "It says what comes if nothing changes: a response, a new way of recording or a step in the past is not in it",
                "The method was chosen because it came closest before: expect it to be a little further off ahead",
            ]
            if self.scores()["coverage"].iloc[0] < self.level - SHORT:
                told.append(f"The prediction intervals held fewer past months than the {self.level:.0%} they state")
        if self.frame["count"].mean() < FEW:
            told.append(f"Fewer than {FEW:g} {self.of} a month on average: single events carry the forecast")
        return tuple(told)


def forecast_counts(
    counts: Mapping[str, float],
    *,
    days: Mapping[str, int] | None = None,
    horizon: int = 6,
    methods: Sequence[Forecaster] = ALL,
    confidence_level: float = 0.95,
    of: str = "incidents",
) -> Forecast:
    """Forecast monthly counts by the method that did best on their own past, or say that none did well enough.

    Answers: how many are to be expected in the next months if nothing changes, and how far off could that be?

    Parameters
    ----------
    counts : mapping of str to float
        Month (``2021-05``) → events, in time order, no month left out; at least 36.
    days : mapping of str to int, optional
        Days of each month that the data cover; the calendar's when not given. A last month in part is left out aloud.
    horizon : int
        Months ahead; at most 29 fewer than the months there are.
    methods : sequence of str
        Tried beside "seasonal naive", which is always tried: "mean", "naive", "drift", "exponential smoothing" and
        "harmonics with trend".
    confidence_level : float
        Of the prediction intervals, between 0 and 1.
    of : str
        What is counted, in the plural.

    Returns
    -------
    Forecast
        Events a day and in each month ahead with prediction intervals; ``scores()`` of all methods.

    Raises
    ------
    ValueError
        For a series that is not monthly, an unknown method, a level outside (0, 1) or a horizon too long to be tried.
    NotEstimableError
        For fewer than 36 complete months, or no event.

    Notes
    -----
    Months differ in length, so that all is worked out on events a day. Each method forecasts from up to 24 past starting
    points, the first after two years, from what came before alone; the closest by mean absolute scaled error is shown if
    it is closer than the same month of the year before. Its interval is the root mean square of its past errors, a step
    ahead each, times t on their number, on the scale of the root of the rate, on which a Poisson count varies alike
    whatever its mean. In 250 to 300 series each, seasonal and over-dispersed by 1 to 4, of 36 to 60 months, intervals of 95 %
    held 92 to 96 in 100 (91 where neighbouring months were correlated by 0.4).
    Do not use to say what a response has prevented, nor across a change of recording.

    References
    ----------
    Hyndman RJ, Athanasopoulos G (2021) Forecasting: principles and practice, 3rd ed., sections 5.8 and 5.10. OTexts.
    Hyndman RJ, Koehler AB (2006) Int J Forecasting 22:679. doi:10.1016/j.ijforecast.2006.03.001

    Examples
    --------
    >>> from problemsolving.periods import Period
    >>> counts = {str(m): m.days * (9 + m.number % 2) for m in Period(Month(2021, 1), Month(2023, 12))}
    >>> found = forecast_counts(counts, horizon=2, methods=["mean"])
    >>> found.shown, found.scores()["method"].tolist()
    (False, ['seasonal naive', 'mean'])
    """
    if not 0 < confidence_level < 1:
        raise ValueError("confidence_level must lie between 0 and 1")
    if not set(methods) <= set(ALL):
        raise ValueError(f"methods must be of {', '.join(ALL)}")
    frame, caveats = monthly_frame(counts, days)
    if len(frame) < NEEDED:
        raise NotEstimableError(
            f"{len(frame)} months; {NEEDED} are needed for a forecast that can be tried on its own past"
        )
    farthest = len(frame) - FIRST - LEAST + 1
    if not 1 <= horizon <= farthest:
        raise ValueError(
            f"horizon must lie between 1 and {farthest} months, to be tried from {LEAST} past starting points"
        )
    if not frame["count"].sum():
        raise NotEstimableError("there was no event, so nothing can be forecast")
    return Forecast(
        method=Method(
            "Closest of simple forecasts, exponential smoothing and Poisson harmonics on a rolling origin",
            "Hyndman & Athanasopoulos 2021",
            {"horizon": horizon, "interval": "past errors"},
        ),
        unit=f"{of} a day",
        frame=frame,
        horizon=horizon,
        methods=tuple(dict.fromkeys([*methods, BENCHMARK])),
        level=confidence_level,
        of=of,
        caveats=caveats,
    ).telling()  # fmt: skip
