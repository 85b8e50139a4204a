"""Change points: months from which a rate may have been another, offered for judgement and never as a fact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import rel_entr

from problemsolving import draw
from problemsolving.drivers.monthly import month_in_words, monthly_frame
from problemsolving.drivers.poisson_fit import fit_log_linear
from problemsolving.drivers.segmentation import (
    YEAR,
    Floats,
    Settings,
    Stretches,
    find_stretches,
    harmonics,
    simulate_counts,
)
from problemsolving.drivers.told import ToldResult
from problemsolving.errors import NotEstimableError
from problemsolving.grouped import GroupedResult
from problemsolving.results import Column, Method, Value, grouped_values, listed, number, whole
from problemsolving.stats.counts import log_ratio_error

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NEAR = 2  # months within which a simulated change counts as the same one
OFTEN = 0.8  # share of simulated series in which a change must come back to be called steady
PICKED = "The month of a change was chosen by looking, so that its size is somewhat overstated and too sure"
ALIKE = 0.2  # correlation of neighbouring months that is worth a caveat


@dataclass(frozen=True, eq=False)
class Search:
    """A cut series and what series simulated alike show: see `ChangePoints`."""

    stretches: Stretches
    returned: tuple[float, ...]
    false_alarms: float
    power: float
    line_fits_as_well: bool


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ChangePoints(ToldResult, GroupedResult):
    """Months from which the rate may have been another: ``frame`` has ``group`` (month), ``count`` and ``days``.

    Everything else is searched for anew from these counts, the simulations from the same ``seed``.
    """

    margins: ClassVar[tuple[tuple[str, ...], ...]] = ((),)  # the total of all months is known elsewhere
    value_name: ClassVar[str] = "rate_ratio_at_change"
    decimals: ClassVar[int] = 2

    settings: Settings
    n_resamples: int
    ratio: float
    seed: int

    @property
    def complete(self) -> bool:
        return bool(self.frame["count"].notna().all() and self.frame["count"].sum() > 0)

    @property
    def search(self) -> Search:
        counts, days = (tuple(self.frame[name].astype(float)) for name in ("count", "days"))
        return _searched(counts, days, self.settings, self.n_resamples, self.ratio, self.seed)

    @property
    def months(self) -> list[str]:
        """Months from which the rate may have been another."""
        return [self.frame["group"].iloc[start] for start in self.search.stretches.starts] if self.complete else []

    def estimates(self) -> pd.DataFrame:
        """Give each stretch: ``group``, ``count``, ``level`` (events a day, season taken out) and, with limits, the rate
        ratio to the stretch before (``estimate``, missing for the first) and how often the change came back.
        """  # noqa: D205
        if not self.complete:
            return pd.DataFrame({name: pd.Series(dtype=object) for name in self.columns()})
        cut, months = self.search.stretches, self.frame["group"].map(month_in_words).tolist()
        events = np.bincount(cut.labels, self.frame["count"])
        known, t = np.maximum(events, 0.5), _t(cut, self.level)
        ends = [0, *cut.starts, len(months)]
        around = np.exp(t * np.sqrt(cut.dispersion / known))
        ratio = np.concatenate([[np.nan], cut.rates[1:] / cut.rates[:-1]])
        errors = [log_ratio_error(*pair, dispersion=cut.dispersion) for pair in pairwise(known)]
        reach = np.exp(t * np.array([np.nan, *errors]))
        return pd.DataFrame(
            {
                "group": [f"{months[first]} to {months[after - 1]}" for first, after in pairwise(ends)],
                "count": events,
                "level": cut.rates,
                "level_low": cut.rates / around,
                "level_high": cut.rates * around,
                "estimate": ratio,
                "low": ratio / reach,
                "high": ratio * reach,
                "returned": [np.nan, *self.search.returned],
            }
        )

    def changes(self) -> pd.DataFrame:
        """Give the changes alone: as `estimates`, with ``group`` the month from which the rate may have been another."""
        return self.estimates().iloc[1:].assign(group=[month_in_words(month) for month in self.months])

    def columns(self) -> dict[str, Column]:
        return {
            "group": Column("Stretch"),
            "count": Column(self.of.capitalize(), "count"),
            "level": Column("A day", "number"),
            "level_low": Column("Low", "number"),
            "level_high": Column("High", "number"),
            "estimate": Column("Rate ratio to the stretch before", "number", 2),
            "low": Column("Low", "number", 2),
            "high": Column("High", "number", 2),
            "returned": Column("Change found again in simulated series", "percent", 0),
        }

    def values(self) -> list[Value]:
        n = whole(self.frame["count"].sum()) if self.complete else None
        if not self.complete:
            return [Value(name="changes", estimate=None, unit="changes of level", n=None)]
        kept = [
            Value(
                name="found_again", group=row["group"], estimate=row["returned"], unit="share of simulated series", n=n
            )
            for row in self.changes().to_dict("records")
        ]
        ratios = grouped_values(self.changes(), "estimate", unit=self.unit, level=self.level, name=self.value_name)
        found = Value(name="changes", estimate=float(len(self.months)), unit="changes of level", n=n)
        alarms = Value(
            name="false_alarms", estimate=self.search.false_alarms, unit="share of steady series simulated alike", n=n
        )
        power = Value(
            name="power", estimate=number(self.search.power), unit="share of series simulated alike", n=n,
            group=f"rate ratio {self.ratio:g} half-way",
        )  # fmt: skip
        return [found, *ratios, *kept, alarms, *([] if self.months else [power])]

    def summary(self) -> str:
        if not self.complete:
            return "The series was not searched for changes: the count of at least one month is withheld."
        span = f"from {month_in_words(self.frame['group'].iloc[0])} to {month_in_words(self.frame['group'].iloc[-1])}"
        share = f"{self.search.false_alarms:.1%}" if self.search.false_alarms else "none"
        alarms = f"of {self.n_resamples:,} steady series simulated alike {share} showed some change"
        if not self.months:
            return (
                f"No change in the level of {self.of} was found {span}; one to {self.ratio:g} times the rate half-way would "
                f"have been found {self.search.power:.0%} of the time, and {alarms}."
            )
        said = [
            f"{row.group} ({row.estimate:.2f} times the rate before, {row.low:.2f} to {row.high:.2f}; found again within "
            f"{NEAR} months in {row.returned:.0%} of simulated series)"
            for row in self.changes().itertuples()
        ]
        return (
            f"Offered for judgement, not as fact: {span} the level of {self.of} may have changed in {listed(said)}; {alarms}. "
            "Ask what happened then, recording included, before believing it."
        )

    def alt_text(self) -> str:
        return f"A line of {self.of} a day by month, with the level of each stretch. {self.summary()}"

    def plot(self, *, ax: Axes | None = None) -> Axes | None:
        if not self.complete:
            return None
        shown = self.estimates()
        return draw.segments(
            [f"{pd.Period(month):%b %y}" for month in self.frame["group"]],
            self.frame["count"] / self.frame["days"],
            starts=self.search.stretches.starts,
            levels=shown["level"],
            low=shown["level_low"],
            high=shown["level_high"],
            notes=[
                f"{row.group}: {row.estimate:.2f} times\nfound again in {row.returned:.0%}"
                for row in self.changes().itertuples()
            ],
            level_name="level, season taken out" if self.settings.harmonics else "level",
            quantity=f"{self.of} a day",
            ax=ax,
        )

    def told(self) -> tuple[str, ...]:
        if not self.complete:
            return ()
        told = [PICKED] if self.months else []
        if min(self.search.returned, default=1.0) < OFTEN:
            told.append(
                f"A change that comes back in fewer than {OFTEN:.0%} of simulated series is weak: its month is not known"
            )
        if self.search.stretches.alike > ALIKE:
            told.append(
                "Neighbouring months are alike beyond the season: a slow wave can look like a step, although the search allows for much of it"
            )
        if self.months and self.search.line_fits_as_well:
            told.append("A steady rise or fall fits these months about as well as steps")
        return tuple(told)


def find_change_points(
    counts: Mapping[str, float],
    *,
    days: Mapping[str, int] | None = None,
    shortest: int = 6,
    penalty: float = 3.0,
    season: bool = True,
    ratio: float = 1.3,
    confidence_level: float = 0.95,
    n_resamples: int = 199,
    rng: np.random.Generator | None = None,
    of: str = "incidents",
) -> ChangePoints:
    """Find months from which a monthly rate may have been another.

    Answers: when may something have changed, and would the search say so of a steady series as well?

    Parameters
    ----------
    counts : mapping of str to float
        Month (``2021-05``) → events, in time order, no month left out.
    days : mapping of str to int, optional
        Days of each month that the data cover; the calendar's when not given. A last month in part is left out aloud.
    shortest : int
        Fewest months of a stretch, 2 or more.
    penalty : float
        A change must lower twice the negative log-likelihood, over the dispersion, by more than this times log n.
    season : bool
        Take a yearly season out (two harmonics); needs two years, else it is left in aloud.
    ratio : float
        Where no change is found: the rate ratio whose chance of being found is worked out.
    confidence_level : float
        Between 0 and 1.
    n_resamples : int
        Simulated series, each searched as this one is.
    rng : numpy.random.Generator, optional
        Source of randomness.
    of : str
        What is counted, in the plural.

    Returns
    -------
    ChangePoints
        Months, rate ratios (dimensionless) with t intervals widened by the dispersion, how often each change comes
        back in series simulated from the fitted stretches, how often steady series show any.

    Raises
    ------
    ValueError
        For a series that is not monthly, ``shortest`` below 2 or a penalty, ratio or n_resamples of 0 or less.
    NotEstimableError
        For fewer months than two stretches, or no event.

    Notes
    -----
    The default penalty is the leading term of Zhang and Siegmund's criterion. The dispersion is that of a long stretch:
    the variance of months over their mean, times (1 + r) / (1 - r) with r the correlation of neighbouring months. Of 500
    steady series each (36 and 60 months, dispersion 1 to 4, seasons up to 35 %) at most 1 in 100 was called changed, 4
    where neighbouring months were correlated by 0.2 and 12 by 0.4; with 2 log n it was 2 to 7. Size and interval of a
    change take its month as given, though it was chosen by looking.
    Do not use to test a change planned at a known date: that is an interrupted time series.

    References
    ----------
    Killick R, Fearnhead P, Eckley IA (2012) JASA 107:1590. doi:10.1080/01621459.2012.737745
    Zhang NR, Siegmund DO (2007) Biometrics 63:22. doi:10.1111/j.1541-0420.2006.00662.x
    Truong C, Oudre L, Vayatis N (2020) Signal Processing 167:107299. doi:10.1016/j.sigpro.2019.107299

    Examples
    --------
    >>> counts = {f"{2020 + k // 12}-{k % 12 + 1:02d}": 100 if k < 14 else 150 for k in range(24)}
    >>> found = find_change_points(counts, days=dict.fromkeys(counts, 28), n_resamples=9, rng=np.random.default_rng(1))
    >>> found.months, found.changes()["estimate"].round(1).tolist()
    (['2021-03'], [1.5])
    """
    rng = np.random.default_rng() if rng is None else rng
    if shortest < 2 or penalty <= 0 or ratio <= 0 or n_resamples < 1:
        raise ValueError("shortest must be 2 or more, penalty, ratio and n_resamples above 0")
    frame, caveats = monthly_frame(counts, days)
    if len(frame) < 2 * shortest:
        raise NotEstimableError(
            f"{len(frame)} complete months; {2 * shortest} are needed for two stretches of {shortest}"
        )
    if not frame["count"].sum():
        raise NotEstimableError("there was no event, so no change of level can be looked for")
    if season and len(frame) < 2 * YEAR:
        caveats = (*caveats, "With fewer than two years a season cannot be told from a change, and was left in")
    settings = Settings(shortest, penalty, 2 if season and len(frame) >= 2 * YEAR else 0)
    return ChangePoints(
        method=Method(
            "PELT with Poisson cost, penalty scaled by the dispersion; simulated series",
            "Killick et al. 2012; Zhang & Siegmund 2007",
            {"penalty": f"{penalty:g} log n", "shortest": shortest, "season": bool(settings.harmonics), "simulated": n_resamples},
        ),
        unit="rate ratio",
        frame=frame,
        level=confidence_level,
        of=of,
        settings=settings,
        n_resamples=n_resamples,
        ratio=ratio,
        seed=int(rng.integers(2**63)),
        caveats=caveats,
    ).telling()  # fmt: skip


@lru_cache(maxsize=32)
def _searched(
    counts: tuple[float, ...], days: tuple[float, ...], settings: Settings, n_resamples: int, ratio: float, seed: int
) -> Search:
    """Cut the series, then series simulated from the cut and from a steady level; kept, since each takes seconds."""
    events, exposure, rng = np.asarray(counts), np.asarray(days), np.random.default_rng(seed)
    cut = find_stretches(events, exposure, settings)
    steady = cut.exposure * events.sum() / cut.exposure.sum()

    def drawn(mean: Floats) -> list[np.ndarray]:
        series = (simulate_counts(mean, spread=cut.spread, alike=cut.alike, rng=rng) for _ in range(n_resamples))
        return [
            np.asarray(find_stretches(one, exposure, settings, exact=False).starts if one.any() else ())
            for one in series
        ]

    alarms = np.mean([found.size > 0 for found in drawn(steady)])
    returned: tuple[float, ...] = ()
    power = float("nan")
    if cut.starts:
        again = drawn(cut.mean)
        returned = tuple(
            float(np.mean([(abs(found - start) <= NEAR).any() for found in again])) for start in cut.starts
        )
    else:
        half = events.size // 2
        power = float(np.mean([(abs(found - half) <= NEAR).any() for found in drawn(_with_step(steady, half, ratio))]))
    return Search(cut, returned, float(alarms), power, _line_fits_as_well(events, exposure, cut, settings))


def _with_step(steady: Floats, half: int, ratio: float) -> Floats:
    """Give a mean that steps by a ratio half-way around the same total."""
    stepped = steady * np.where(np.arange(steady.size) < half, 1.0, ratio)
    return stepped * steady.sum() / stepped.sum()


def _line_fits_as_well(events: Floats, days: Floats, cut: Stretches, settings: Settings) -> bool:
    """Tell whether a straight line of the log rate, with one number to fit, does as well as the steps."""
    if not cut.starts:
        return False
    months = np.arange(events.size)
    waves = harmonics(events.size, settings.harmonics) if settings.harmonics else np.empty((events.size, 0))
    line = fit_log_linear(events, np.column_stack([np.ones(events.size), months / YEAR, waves]), days)
    steps = 2 * float((rel_entr(events, cut.mean) - events + cut.mean).sum())
    price = np.log(events.size)
    return bool((line.deviance - steps) / cut.dispersion + price <= settings.penalty * price * len(cut.starts))


def _t(cut: Stretches, level: float) -> float:
    return float(stats.t.ppf((1 + level) / 2, max(cut.exposure.size - cut.rates.size - 4, 1)))
