"""Days between rare events: when did they come closer together or further apart than usual?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from problemsolving import draw
from problemsolving.errors import NotEstimableError
from problemsolving.measures.charts import RUN, Limits, special_causes, xmr_limits
from problemsolving.measures.gap_scale import POWER, in_days, steady_limits, to_power
from problemsolving.periods import Period
from problemsolving.results import Column, Disclosure, Interval, Method, Result, Table, Value, interval, number, whole
from problemsolving.stats.intervals import count_limits

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SAME_DAY = 0.5  # days between two events of the same day where only the day is known
SHORT = 0.1  # days below which a gap is told as less than that
FEWEST_DAYS = 2.0  # mean days between events below which dates without a time will not do
PROVISIONAL = 20  # gaps below which limits are provisional
ALARMS = (
    "Of steady series of 24 gaps about one in six shows some signal, of 48 one in three: ask what happened before "
    "believing it"
)
ROUGH = f"Limits are provisional: they rest on fewer than {PROVISIONAL} gaps"
HALVED = "Events of the same day count as half a day apart"


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class DaysBetween(Result):
    """Gaps between events: ``gaps`` has ``ended`` (the day of the later event) and ``days``, in order.

    A gap is a single case, and so is the signal it makes. Under a policy that withholds small counts neither leaves:
    what does is the number of events, released as a count, and what follows from it and the period, which the analyst
    chose: events a year, mean days between them and the limits that a steady rate would have.
    """

    events: float
    gaps: pd.DataFrame
    period: Period
    open_days: float | None = None  # since the last event, at the end of the period
    level: float = 0.95
    of: str = "incidents"

    disclosure: ClassVar[Disclosure] = "distribution"

    @property
    def whole(self) -> bool:
        """Whether the gaps are still there."""
        return len(self.gaps) > 0

    @property
    def mean_days(self) -> float:
        """Days of the period over events."""
        return self.period.days / self.events if self.events else np.nan

    def mean_interval(self) -> Interval | None:
        """Interval of the mean days, from that of the count."""
        low, high, _ = count_limits(self.events, confidence_level=self.level)
        return interval(self.period.days / high, self.period.days / low, self.level) if self.events else None

    @property
    def limits(self) -> Limits:
        """Centre and limits in days: of the gaps, else those of a steady rate with as many events."""
        return in_days(xmr_limits(to_power(self.gaps["days"]))) if self.whole else steady_limits(self.mean_days)

    @property
    def signals(self) -> dict[str, list[int]]:
        """Rule in words → positions of the gaps that break it."""
        if not self.whole:
            return {}
        rooted = to_power(self.gaps["days"])
        return special_causes(rooted, xmr_limits(rooted))

    @property
    def overdue(self) -> bool:
        """Whether more days than the upper limit have passed since the last event."""
        return self.open_days is not None and self.open_days > self.limits.upper

    def values(self) -> list[Value]:
        n, limits = whole(self.events), self.limits
        days = (("centre", limits.mean), ("lower_limit", limits.lower), ("upper_limit", limits.upper))
        return [
            Value(
                name="mean_days_between",
                estimate=number(self.mean_days),
                interval=self.mean_interval(),
                unit=self.unit,
                n=n,
            ),
            *(Value(name=f"days_between_{name}", estimate=number(limit), unit=self.unit, n=n) for name, limit in days),
        ]

    def table(self) -> Table:
        """Give the gaps with their signals; where they are withheld, mean and limits."""
        if not self.whole:
            rows = [(value.name.replace("_", " ").capitalize(), value.estimate) for value in self.values()]
            return Table((Column("Of gaps between events"), Column("Days", "number")), tuple(rows))
        broken = {place: rule for rule, places in reversed(self.signals.items()) for place in places}
        ended = [f"{day:%Y-%m-%d}" for day in self.gaps["ended"]]
        rows_of_gaps = tuple(
            (day, days, broken.get(place))
            for place, (day, days) in enumerate(zip(ended, self.gaps["days"], strict=True))
        )
        return Table(
            (Column("Event on"), Column("Days since the one before", "number"), Column("Signal")), rows_of_gaps
        )

    def summary(self) -> str:
        sure = self.mean_interval()
        around = f" ({self.level:.0%} interval {_days(sure.low)} to {_days(sure.high)})" if sure else ""
        start = (
            f"From {self.period.in_words} there were {self.events:,.0f} {self.of}, one every {_days(self.mean_days)} days on "
            f"average{around}"
        )
        if not self.whole:
            return (
                f"{start}. At a steady rate gaps {_range(self.limits)} would be ordinary. Single gaps and signals are withheld: "
                "each tells of single cases."
            )
        said = [f"{self._named(places)} ({rule})" for rule, places in self.signals.items()]
        told = f"signals of a special cause: {'; '.join(said)}" if said else "no gap shows a special cause"
        return f"{start}; gaps {_range(self.limits)} are ordinary; {told}.{self._open_in_words()}"

    def _named(self, places: list[int]) -> str:
        """Name gaps by when they ended: a stretch by its ends."""
        ended = [f"{day.day} {day:%B %Y}" for day in self.gaps["ended"].iloc[places]]
        if len(places) > 2 and places[-1] - places[0] == len(places) - 1:
            return f"the {len(places)} gaps that ended from {ended[0]} to {ended[-1]}"
        days = [
            f"{_days(self.gaps['days'].iloc[place])} days to {day}" for place, day in zip(places, ended, strict=True)
        ]
        return ", ".join(days)

    def _open_in_words(self) -> str:
        if self.open_days is None:
            return ""
        way = "longer than ordinary gaps" if self.overdue else "within ordinary variation"
        return f" At the end of the period {_days(self.open_days)} days had passed since the last one, {way}."

    def alt_text(self) -> str:
        return f"Chart of the days between events in order, drawn at their root of {POWER:g}, with centre and limits. {self.summary()}"

    def plot(self, *, ax: Axes | None = None) -> Axes | None:
        if not self.whole:
            return None
        limits = self.limits
        return draw.days_between(
            [f"{day.day} {day:%b %y}" for day in self.gaps["ended"]],
            self.gaps["days"],
            centre=limits.mean,
            lower=limits.lower,
            upper=limits.upper,
            signals=sorted({place for places in self.signals.values() for place in places}),
            open_days=self.open_days,
            power=POWER,
            quantity=f"days between {self.of}\n(root scale)",
            ax=ax,
        )

    def cells(self) -> pd.DataFrame:
        return pd.DataFrame({"group": ["events in the period"], "count": [self.events]})

    def rebuild(self, cells: pd.DataFrame) -> Self:
        return replace(self, events=float(cells["count"].iloc[0]))

    def blurred(self) -> Self:
        """Give the result without its gaps, each of which is a single case."""
        steady = replace(self.method, name="Days between events, with the limits of a steady rate", settings={})
        kept = tuple(caveat for caveat in self.caveats if caveat not in (ALARMS, ROUGH, HALVED))  # all of them of gaps
        return replace(self, gaps=self.gaps.iloc[:0], open_days=None, method=steady, caveats=kept)

    def size(self) -> tuple[int, int]:
        return int(self.events), max(len(self.gaps) - 1, 0)


def _days(days: float) -> str:
    """Write days: whole from ten on.

    >>> _days(1234.4), _days(3.14159), _days(0.0123)
    ('1,234', '3.1', 'less than 0.1')
    """
    return f"{days:,.0f}" if days >= 10 else f"{days:.1f}" if days >= SHORT else f"less than {SHORT}"


def _range(limits: Limits) -> str:
    """Write the gaps between two limits."""
    low = f"between {_days(limits.lower)} and" if limits.lower >= SHORT else "of up to"
    return f"{low} {_days(limits.upper)} days"


def days_between_chart(
    dates: ArrayLike | pd.Series, *, period: Period, confidence_level: float = 0.95, of: str = "incidents"
) -> DaysBetween:
    """Chart the days between rare events (t chart).

    Answers: when did events come closer together or further apart than they usually do?

    Parameters
    ----------
    dates : array_like of datetime, shape (n,)
        When each event happened, in any order, with or without the time of day; none missing.
    period : Period
        Whole months in which events were looked for; the time from the last event to its end is shown as still open.
    confidence_level : float
        Of the interval of the mean.
    of : str
        What happened, in the plural.

    Returns
    -------
    DaysBetween
        Gaps in days with centre, limits and signals, all in days.

    Raises
    ------
    ValueError
        For a missing date, one outside the period, or dates without a time of events that are not rare.
    NotEstimableError
        For fewer than three events: two gaps are needed for one moving range.

    Notes
    -----
    Gaps between events at a steady rate are exponential, too skew for limits of their own. Their root of 3.6 is close
    to normal (Nelson), so the limits of an individuals chart (`problemsolving.measures.charts.xmr_limits`) and the rules
    of Making Data Count are applied to it and the limits brought back to days. The centre is that of the roots, below
    the mean of the gaps. Where dates have no time of day, two events of a day count as half a day apart.

    A gap above the upper limit or a run above the centre says that events became rarer. Gaps and signals are single
    cases and leave under policy ``open`` alone.

    Do not use for events that come more often than every two days: chart counts with
    `problemsolving.measures.charts.control_chart`.

    References
    ----------
    Nelson LS (1994) A control chart for parts-per-million nonconforming items. J Quality Technology 26:239.
    Provost LP, Murray SK (2011) The health care data guide.

    Examples
    --------
    >>> from problemsolving.periods import Month
    >>> year = Period(Month(2024, 1), Month(2024, 12))
    >>> found = days_between_chart(pd.to_datetime(["2024-03-01", "2024-01-30", "2024-03-31"]), period=year)
    >>> found.gaps["days"].tolist(), found.open_days, found.mean_days
    ([31.0, 30.0], 276.0, 122.0)
    """
    times = pd.Series(pd.to_datetime(pd.Series(np.asarray(dates)))).sort_values(ignore_index=True)
    start, end = (pd.Timestamp(day) for day in (period.start.first_day, period.end.next.first_day))
    if times.isna().any():
        raise ValueError("dates must not be missing; leave those events out and say so")
    if len(times) < 3:
        raise NotEstimableError("a chart of days between events needs at least three events in the period")
    if times.iloc[0] < start or times.iloc[-1] >= end:
        raise ValueError("dates lie outside the period; widen it or leave them out")
    dates_only = bool((times == times.dt.normalize()).all())
    if dates_only and period.days / len(times) < FEWEST_DAYS:
        raise ValueError("these events are not rare enough for dates without a time; chart counts with control_chart")
    days = times.diff().iloc[1:].dt.total_seconds().to_numpy() / 86_400
    gaps = pd.DataFrame(
        {"ended": times.iloc[1:].to_numpy(), "days": np.where(dates_only & (days == 0), SAME_DAY, days)}
    )
    caveats = [ALARMS]
    if len(gaps) < PROVISIONAL:
        caveats.append(ROUGH)
    if dates_only:
        caveats.append(HALVED)
    return DaysBetween(
        method=Method(
            "t chart: individuals chart of the days between events at their root of 3.6, limits brought back to days",
            "Nelson 1994; NHS England, Making Data Count",
            {"moving ranges": "screened once", "run": RUN},
        ),
        unit="days",
        caveats=tuple(caveats),
        events=float(len(times)),
        gaps=gaps,
        period=period,
        open_days=(end - times.iloc[-1]).total_seconds() / 86_400,
        level=confidence_level,
        of=of,
    )
