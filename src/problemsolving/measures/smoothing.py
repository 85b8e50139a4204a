"""Rates of few residents steadied by those of all areas, or of the neighbours: empirical Bayes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import sparse, stats

from problemsolving.errors import counted
from problemsolving.measures.small_areas import (
    AreaResult,
    Rings,
    area_caveats,
    area_frame,
    neighbours,
)
from problemsolving.results import Column, Kind, Method
from problemsolving.stats.intervals import count_limits
from problemsolving.stats.positions import Floats
from problemsolving.stats.spatial import Weights

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Reach = Literal["global", "local"]


@dataclass(frozen=True, kw_only=True)
class Shrinkage:
    """Steadied rates: ``rates``, the ``prior_mean`` each is drawn to, and ``trust``, the part of its own rate it keeps.

    ``prior_mean`` is that of the ``pooled`` events over the ``pooled_population`` of the areas concerned.
    """

    rates: Floats
    pooled: Floats
    pooled_population: Floats
    prior_mean: Floats
    prior_variance: Floats
    trust: Floats


def empirical_bayes_rates(counts: ArrayLike, population: ArrayLike, *, weights: Weights | None = None) -> Shrinkage:
    """Steady rates by Marshall's empirical Bayes estimator, global or local.

    Parameters
    ----------
    counts : array_like, shape (n,)
        Events, 0 or more.
    population : array_like, shape (n,)
        Residents or person-years, above 0.
    weights : scipy.sparse.csr_array, shape (n, n), optional
        Neighbours: each rate is drawn to the mean of its neighbours and itself. None: to the mean of all.

    Returns
    -------
    Shrinkage
        Events per resident (or person-year); ``trust`` between 0 and 1.

    Raises
    ------
    ValueError
        For negative counts, or residents of 0 or less.

    Notes
    -----
    θ_i = m + C_i (x_i / P_i - m), C_i = A / (A + m / P_i), A = s² - m / P̄, all over the areas concerned, with m = Σx / ΣP,
    s² = Σ P_j (r_j - m)² / ΣP; A below 0 counts as 0 (nothing but chance between them).

    References
    ----------
    Marshall RJ (1991) Mapping disease and mortality rates using empirical Bayes estimators. Appl Stat 40:283. doi:10.2307/2347593

    Examples
    --------
    Three areas with the rates 0.1, 0.3 and 0.2: m = 0.2, s² = 0.2 / 30, A = 0.2 / 30 - 0.2 / 100 = 0.14 / 30, so that
    each keeps 7 / 10 of its distance from m.

    >>> found = empirical_bayes_rates([10, 30, 20], [100, 100, 100])
    >>> found.trust.round(2).tolist(), found.rates.round(2).tolist()
    ([0.7, 0.7, 0.7], [0.13, 0.27, 0.2])
    """
    events, residents = np.asarray(counts, float), np.asarray(population, float)
    if not (events >= 0).all() or not (residents > 0).all():
        raise ValueError("counts must be 0 or more and population above 0; leave out areas without residents")
    n = len(events)
    joined = np.ones((1, n)) if weights is None else ((weights != 0) + sparse.eye_array(n)).astype(bool).astype(float)
    sums, people, places = (joined @ column for column in (events, residents, np.ones(n)))
    squares = joined @ (events**2 / residents)
    mean = sums / people
    variance = np.maximum(squares / people - mean**2 - mean * places / people, 0.0)
    mean, variance = np.broadcast_to(mean, n), np.broadcast_to(variance, n)
    chance = mean / residents
    trust = np.divide(variance, variance + chance, out=np.zeros(n), where=variance + chance > 0)
    return Shrinkage(
        rates=mean + trust * (events / residents - mean),
        pooled=np.broadcast_to(sums, n),
        pooled_population=np.broadcast_to(people, n),
        prior_mean=mean,
        prior_variance=variance,
        trust=trust,
    )


def standardised_rates(counts: ArrayLike, population: ArrayLike) -> Floats:
    """Give each rate's deviation from the rate of all in units of what its residents would let it vary.

    Parameters
    ----------
    counts, population : array_like, shape (n,)
        As in `empirical_bayes_rates`.

    Returns
    -------
    ndarray, shape (n,)
        Deviations that are alike spread for few and many residents; 0 everywhere where nothing happened.

    References
    ----------
    Assunção RM, Reis EA (1999) A new proposal to adjust Moran's I for population density. Stat Med 18:2147.
    doi:10.1002/(SICI)1097-0258(19990830)18:16<2147::AID-SIM179>3.0.CO;2-I

    Examples
    --------
    m = 0.2 and A = 0.14 / 30 as above, so that the variance is A + m / 100 = 0.2 / 30:

    >>> standardised_rates([10, 30, 20], [100, 100, 100]).round(4).tolist()
    [-1.2247, 1.2247, 0.0]
    """
    prior = empirical_bayes_rates(counts, population)
    residents = np.asarray(population, float)
    spread = np.sqrt(prior.prior_variance + prior.prior_mean / residents)
    deviation = np.asarray(counts, float) / residents - prior.prior_mean
    return np.divide(deviation, spread, out=np.zeros(len(residents)), where=spread > 0)


def _gamma_limits(found: Shrinkage, counts: Floats, years: Floats, confidence_level: float) -> tuple[Floats, Floats]:
    """Limits of rates given a gamma prior of the same mean and variance; of the pooled rate where nothing is kept."""
    least, most, _ = count_limits(found.pooled, confidence_level=confidence_level)
    varied = found.prior_variance > 0
    spread = np.where(varied, found.prior_variance, 1.0)
    shape = counts + found.prior_mean**2 / spread
    steps = years + found.prior_mean / spread
    low, high = (stats.gamma.ppf((1 + side * confidence_level) / 2, shape) / steps for side in (-1, 1))
    return np.where(varied, low, least / found.pooled_population), np.where(
        varied, high, most / found.pooled_population
    )


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class SmoothedRates(AreaResult):
    """Steadied rate of each area beside its own, computed from the counts in ``frame``."""

    reach: Reach = "global"

    estimate_kind: ClassVar[Kind] = "rate"
    decimals: ClassVar[int] = 0

    @cached_property
    def smoothed(self) -> pd.DataFrame:
        """Give ``estimate`` (steadied), ``low``, ``high``, ``own`` rate and ``trust`` an area."""
        years = self.frame["person_years"].to_numpy(float)
        near = self.weights if self.reach == "local" else None
        found = empirical_bayes_rates(self.assumed, years, weights=near)
        low, high = _gamma_limits(found, self.assumed, years, self.level)
        numbers = {
            "estimate": found.rates * self.per,
            "low": low * self.per,
            "high": high * self.per,
            "own": self.frame["count"].to_numpy() * self.scale,
            "trust": found.trust,
        }
        known = {name: np.where(self.shown, column, np.nan) for name, column in numbers.items()}
        return self.frame[["group", "code", "count"]].assign(**known)

    def estimates(self) -> pd.DataFrame:
        return self.smoothed

    def columns(self) -> dict[str, Column]:
        kept = super().columns()
        return kept | {
            "estimate": Column(f"Steadied, per {self.per:,} residents a year", "rate", 0),
            "own": Column("As counted", "rate", 0),
            "trust": Column("Own part", "percent", 0),
        }

    def summary(self) -> str:
        known = self.smoothed.dropna(subset="estimate")
        if known.empty:
            return "Every rate is withheld: the counts are too small."
        top = known.sort_values(["estimate", "group"], ascending=[False, True], kind="stable").iloc[0]
        towards = "all areas" if self.reach == "global" else "its neighbours"
        return (
            f"Steadied towards {towards}, {top['group']} had the highest rate of {counted(len(known), 'small area')}: {self.said(top)}; "
            f"as counted it was {top['own']:,.0f}. Of its own rate {top['trust']:.0%} was kept."
        )

    def alt_text(self) -> str:
        return (
            f"Map of {counted(len(self.frame), 'small area')} shaded by steadied rate in five classes. {self.summary()}"
        )

    def plot(self, *, ax: Axes | None = None) -> Axes | None:
        if not self.frame["code"].isin(list(self.outlines)).any():
            return super().plot(ax=ax)
        return self.map_of(
            self.smoothed["estimate"], quantity=f"{self.of} per\n{self.per:,} residents\na year, steadied", ax=ax
        )


def smooth_rates(
    areas: pd.DataFrame,
    *,
    method: Reach = "global",
    outlines: Rings | None = None,
    weights: Weights | None = None,
    by: str = "area_name",
    code: str = "area_code",
    count: str = "count",
    population: str = "population",
    years: float = 1.0,
    per: int = 100_000,
    confidence_level: float = 0.95,
    of: str = "incidents",
) -> SmoothedRates:
    """Steady the rates of small areas by empirical Bayes.

    Answers: which areas have high rates, once rates of few residents are taken for what they are worth?

    Parameters
    ----------
    areas : pandas.DataFrame
        One row an area.
    method : {"global", "local"}
        Draw each rate to that of all areas, or to that of its neighbours and itself.
    outlines : mapping of str to sequence of array, optional
        Area code → outer rings, longitude and latitude in degrees: for the map and, without weights, for the neighbours.
    weights : scipy.sparse.csr_array, shape (n, n), optional
        Neighbours, in the order of the rows of ``areas``.
    by, code, count, population : str
        Columns with name, code, events (0 or more) and residents (above 0).
    years : float
        Length of the period in years.
    per : int
        Residents to which rates refer.
    confidence_level : float
        Between 0 and 1.
    of : str
        What is counted, in the plural.

    Returns
    -------
    SmoothedRates
        Events per ``per`` residents a year, with the interval of the gamma distribution that has the prior's mean and
        variance.

    Raises
    ------
    ValueError
        For a missing column, several rows an area, counts below 0 or unknown, residents or years of 0 or less, or
        ``method="local"`` without outlines or weights.

    Notes
    -----
    The interval takes the prior for known and so is too narrow with few areas; where nothing but chance lies between the
    areas (own part 0) it is that of the pooled rate, by exact or Byar's limits. Steadied rates are for ranking and for
    maps. Do not test them, add them up, or compare them with rates as counted.
    After release they are computed from released counts, with a withheld one as half of the smallest shown.

    References
    ----------
    Marshall RJ (1991) Appl Stat 40:283. doi:10.2307/2347593
    """
    if method not in ("global", "local"):
        raise ValueError('method must be "global" or "local"')
    frame = area_frame(areas, by=by, code=code, count=count, population=population, years=years)
    if method == "local" or weights is not None:
        near = neighbours(frame, weights, outlines)
    else:
        near = sparse.csr_array((len(frame), len(frame)))
    return SmoothedRates(
        method=Method(f"Empirical Bayes, {method}", "Marshall 1991", {"prior": "method of moments"}),
        unit=f"{of} per {per:,} residents a year",
        frame=frame,
        weights=near,
        outlines=outlines or {},
        per=per,
        level=confidence_level,
        of=of,
        heading="Small area",
        reach=method,
        caveats=area_caveats(frame, near) if method == "local" else (),
    )
