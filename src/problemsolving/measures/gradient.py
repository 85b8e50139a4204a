"""The social gradient: rates by group of deprivation, slope and relative index of inequality."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from problemsolving import draw
from problemsolving.results import Column, FrameResult, Interval, Method, Table, Value, interval, number, whole
from problemsolving.stats.intervals import count_limits
from problemsolving.stats.resampling import bootstrap_weights, percentile_interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Slope:
    """Weighted least-squares line over ridits: value at the most deprived end and slope to the other end."""

    index: float
    intercept: float

    @property
    def relative_index(self) -> float:
        """Value at the least deprived end over that at the most deprived end; missing where the line leaves zero."""
        ends = self.intercept, self.intercept + self.index
        return ends[1] / ends[0] if min(ends) > 0 else float("nan")


def slope_index_of_inequality(values: ArrayLike, *, population: ArrayLike) -> Slope:
    """Slope index of inequality over groups ordered from most to least deprived.

    Answers: how far apart are the two ends of the social scale, all groups taken into account?

    Parameters
    ----------
    values : array_like, shape (k,)
        Rate (or mean) of each group, most deprived first.
    population : array_like, shape (k,)
        Residents of each group, above 0.

    Returns
    -------
    Slope
        ``index`` in the unit of the values: least deprived end minus most deprived end, so it is
        negative where the deprived have more. ``relative_index`` is their ratio.

    Raises
    ------
    ValueError
        For fewer than two groups or a population of 0 or less.

    References
    ----------
    Mackenbach JP, Kunst AE (1997) Soc Sci Med 44:757. doi:10.1016/S0277-9536(96)00073-1

    Examples
    --------
    >>> line = slope_index_of_inequality([30, 20, 10], population=[1, 1, 1])
    >>> round(line.index, 6), round(line.intercept, 6)
    (-30.0, 35.0)
    """
    rates, people = np.asarray(values, float), np.asarray(population, float)
    if rates.size < 2 or (people <= 0).any():
        raise ValueError("a slope needs at least two groups, each with residents")
    slope, intercept = _slopes(rates[None, :], people[None, :])
    return Slope(float(slope[0]), float(intercept[0]))


def _slopes(rates: np.ndarray, people: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Slope and intercept of each row; groups without residents carry no weight."""
    share = people / people.sum(axis=1, keepdims=True)
    ridit = np.cumsum(share, axis=1) - share / 2
    filled = np.where(share > 0, rates, 0.0)
    x, y = (share * ridit).sum(axis=1), (share * filled).sum(axis=1)
    spread = (share * (ridit - x[:, None]) ** 2).sum(axis=1)
    slope = (share * (ridit - x[:, None]) * (filled - y[:, None])).sum(axis=1) / np.where(spread > 0, spread, np.nan)
    return slope, y - slope * x


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Gradient(FrameResult):
    """Rates by quantile: ``frame`` has ``group``, ``count`` and ``person_years``, most deprived first."""

    margins: ClassVar[tuple[tuple[str, ...], ...]] = ((),)  # the total of the area is shown elsewhere

    areas: int
    slope_reach: tuple[float, float]  # lower and upper distance of the bootstrap limits from the slope
    ratio_reach: tuple[float, float]
    poisson_reach: tuple[float, float]
    per: int = 100_000
    level: float = 0.95
    of: str = "incidents"
    scale: str = "income"

    @property
    def rates(self) -> np.ndarray:
        return (self.frame["count"] / self.frame["person_years"] * self.per).to_numpy(float)

    @property
    def complete(self) -> bool:
        return bool(np.isfinite(self.rates).all())

    @property
    def slope(self) -> Slope:
        if not self.complete:
            return Slope(np.nan, np.nan)
        return slope_index_of_inequality(self.rates, population=self.frame["person_years"])

    def _around(self, centre: float, reach: tuple[float, float]) -> Interval | None:
        return interval(centre + reach[0], centre + reach[1], self.level)

    def values(self) -> list[Value]:
        total = whole(self.frame["count"].sum()) if self.complete else None
        low, high, _ = count_limits(self.frame["count"], confidence_level=self.level)
        scale = self.per / self.frame["person_years"].to_numpy(float)
        by_group = [
            Value(
                name="rate_by_deprivation",
                group=str(group),
                estimate=number(rate),
                n=whole(count),
                unit=self.unit,
                interval=interval(lower, upper, self.level),
            )
            for group, rate, count, lower, upper in zip(
                self.frame["group"], self.rates, self.frame["count"], low * scale, high * scale, strict=True
            )
        ]
        reason = None if self.complete else "a quantile's count is withheld"
        slope = self.slope
        return [
            Value(
                name="slope_index",
                estimate=number(slope.index),
                interval=self._around(slope.index, self.slope_reach),
                unit=self.unit,
                n=total,
                reason=reason,
            ),
            Value(
                name="relative_index",
                estimate=number(slope.relative_index),
                n=total,
                unit="ratio",
                reason=reason,
                interval=self._around(slope.relative_index, self.ratio_reach),
            ),
            *by_group,
        ]

    def table(self) -> Table:
        low, high, _ = count_limits(self.frame["count"], confidence_level=self.level)
        scale = self.per / self.frame["person_years"].to_numpy(float)
        columns = (
            Column(f"{self.scale.capitalize()} decile (1 = most deprived)"),
            Column(self.of.capitalize(), "count"),
            Column("Person-years", "count"),
            Column(f"Rate per {self.per:,}", "rate"),
            Column("Low", "rate"),
            Column("High", "rate"),
        )
        return Table(
            columns,
            tuple(
                (str(group), whole(count), years, number(rate), number(lower), number(upper))
                for group, count, years, rate, lower, upper in zip(
                    self.frame["group"],
                    self.frame["count"],
                    self.frame["person_years"],
                    self.rates,
                    low * scale,
                    high * scale,
                    strict=True,
                )
            ),
        )

    def summary(self) -> str:
        if not self.complete:
            return "The slope is withheld: the count of at least one group is too small."
        slope, sure = self.slope, self._around(self.slope.index, self.slope_reach)
        poisson = self._around(self.slope.index, self.poisson_reach)
        if sure is None or poisson is None:
            return "The slope's interval cannot be estimated."
        ends = "most" if slope.index < 0 else "least"
        wide = (sure.high - sure.low) / (poisson.high - poisson.low)
        near, far = sorted((abs(sure.low), abs(sure.high)))
        clear = sure.low * sure.high > 0
        size = f"{abs(slope.index):,.0f} more {self.of} per {self.per:,} residents a year than the other end"
        limits = (
            f"({self.level:.0%} interval {near:,.0f} to {far:,.0f})"
            if clear
            else f"(interval {sure.low:,.0f} to {sure.high:,.0f}, which includes none)"
        )
        return (
            f"Along the scale of {self.scale} deprivation the {ends} deprived end had {size} {limits}: slope index {slope.index:,.0f}. "
            f"The interval comes from resampling {self.areas:,} small areas and is {wide:.1f} times as wide as one for random counts alone."
        )

    def plot(self, *, ax: Axes | None = None) -> Axes:
        low, high, _ = count_limits(self.frame["count"], confidence_level=self.level)
        scale = self.per / self.frame["person_years"].to_numpy(float)
        width = (self.frame["person_years"] / self.frame["person_years"].sum()).to_numpy()
        return draw.gradient(
            self.frame["group"].astype(str).tolist(),
            self.rates,
            low=low * scale,
            high=high * scale,
            left=np.cumsum(width) - width,
            width=width,
            line=(self.slope.intercept, self.slope.index),
            quantity=f"{self.of} per {self.per:,}\nresidents a year",
            group=f"decile of {self.scale} deprivation (1 = most deprived; width = residents)",
            ax=ax,
        )


def _end_ratios(slope: np.ndarray, intercept: np.ndarray) -> np.ndarray:
    """Relative index of each draw; missing where a fitted end is not above zero."""
    ends = intercept, intercept + slope
    above = (ends[0] > 0) & (ends[1] > 0)
    return np.where(above, ends[1] / np.where(above, ends[0], 1.0), np.nan)


def _distance(draws: np.ndarray, centre: float, confidence_level: float) -> tuple[float, float]:
    """How far the percentile limits of resampled values lie from the estimate."""
    low, high = percentile_interval(draws, confidence_level=confidence_level)
    return low - centre, high - centre


def measure_gradient(
    areas: pd.DataFrame,
    *,
    by: str,
    count: str = "count",
    population: str = "population",
    years: float = 1.0,
    per: int = 100_000,
    confidence_level: float = 0.95,
    n_resamples: int = 9_999,
    rng: np.random.Generator | None = None,
    of: str = "incidents",
    scale: str = "income",
) -> Gradient:
    """Measure the social gradient of a rate over quantiles of deprivation.

    Answers: how much more of it do the deprived have, and how sure is that?

    Parameters
    ----------
    areas : pandas.DataFrame
        One row a small area.
    by : str
        Column with the quantile, 1 = most deprived; areas where it is missing are dropped, with a caveat.
    count, population : str
        Columns with events and residents.
    years : float
        Length of the period in years.
    per : int
        Residents to which rates refer.
    confidence_level : float
        Between 0 and 1.
    n_resamples : int
        Draws of the small-area bootstrap and of the Poisson simulation.
    rng : numpy.random.Generator, optional
        Source of randomness.
    of, scale : str
        What is counted and which scale of deprivation orders the quantiles.

    Returns
    -------
    Gradient
        Slope index (rate unit) and relative index with intervals by bootstrap of small areas; the interval
        for Poisson counts alone is kept beside it.

    Raises
    ------
    ValueError
        For fewer than two quantiles or no event.

    Notes
    -----
    Small areas vary far more than Poisson counts do, so the Poisson interval alone would be too narrow.
    The reading is ecological: about areas, not about people.
    """
    rng = np.random.default_rng() if rng is None else rng
    known = areas.dropna(subset=by)
    groups = np.sort(known[by].unique())
    if groups.size < 2 or not known[count].sum():
        raise ValueError("a gradient needs at least two quantiles and one event")
    member = (known[by].to_numpy()[:, None] == groups[None, :]).astype(float)
    events, people = known[count].to_numpy(float), known[population].to_numpy(float) * years
    totals, time_at_risk = events @ member, people @ member
    line = slope_index_of_inequality(totals / time_at_risk * per, population=time_at_risk)
    drawn = bootstrap_weights(len(known), n_resamples=n_resamples, rng=rng)
    sampled_people = (drawn * people) @ member
    with np.errstate(invalid="ignore", divide="ignore"):
        rates = (drawn * events) @ member / sampled_people * per
    boot = _slopes(rates, sampled_people)
    noise = rng.poisson(totals, size=(n_resamples, groups.size)) / time_at_risk * per
    simulated = _slopes(noise, np.broadcast_to(time_at_risk, noise.shape))
    reach = [
        _distance(draws, centre, confidence_level)
        for draws, centre in (
            (boot[0], line.index),
            (_end_ratios(*boot), line.relative_index),
            (simulated[0], line.index),
        )
    ]
    dropped = len(areas) - len(known)
    caveats = (f"{dropped} small areas without a {scale} quantile were left out",) if dropped else ()
    frame = pd.DataFrame(
        {"group": [f"{group:g}" for group in groups.astype(float)], "count": totals, "person_years": time_at_risk}
    )
    return Gradient(
        method=Method(
            "Slope index of inequality, weighted least squares on ridits; bootstrap of small areas",
            "Mackenbach & Kunst 1997",
            {"resamples": n_resamples},
        ),
        unit=f"{of} per {per:,} residents a year",
        frame=frame,
        areas=len(known),
        slope_reach=reach[0],
        ratio_reach=reach[1],
        poisson_reach=reach[2],
        per=per,
        level=confidence_level,
        of=of,
        scale=scale,
        caveats=caveats,
    )
