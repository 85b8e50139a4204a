"""Hot and cold spots: where rates of neighbouring areas are higher, or lower, together than chance would make them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import pandas as pd

from problemsolving.measures.local_pattern import LocalPattern, prepare_pattern
from problemsolving.measures.small_areas import ALONE, NEITHER, UNCLEAR, WITHHELD, Rings
from problemsolving.results import Method
from problemsolving.stats.deals import Correction, Deal
from problemsolving.stats.local_spatial import LocalTest, getis_ord
from problemsolving.stats.products import Alternative
from problemsolving.stats.spatial import Weights

HOT, COLD = "hot", "cold"
Statistic = Literal["gi_star", "gi"]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class HotSpots(LocalPattern):
    """Areas that are hot or cold spots beyond chance, with rate, z and p; all computed from the counts in ``frame``."""

    own: bool = True
    deal: Deal = "conditional"
    alternative: Alternative = "two-sided"

    looks: ClassVar[Mapping[str, str]] = {
        HOT: "high",
        COLD: "low",
        NEITHER: "plain",
        ALONE: "past",
        UNCLEAR: "unclear",
        WITHHELD: "unknown",
    }
    statistic: ClassVar[str] = "getis_ord_z"

    def _test(self) -> LocalTest:
        return getis_ord(
            self.assumed * self.scale,
            self.weights,
            own=self.own,
            deal=self.deal,
            alternative=self.alternative,
            n_resamples=self.n_resamples,
            rng=np.random.default_rng(self.seed),
        )

    def _kinds(self, test: LocalTest) -> np.ndarray:
        return np.where(test.around_high, HOT, COLD)

    @property
    def hot(self) -> list[str]:
        """Name the hot spots, the clearest first."""
        return self.areas_that_are(HOT)

    @property
    def cold(self) -> list[str]:
        """Name the cold spots, the clearest first."""
        return self.areas_that_are(COLD)


def find_hot_spots(
    areas: pd.DataFrame,
    *,
    outlines: Rings | None = None,
    weights: Weights | None = None,
    by: str = "area_name",
    code: str = "area_code",
    count: str = "count",
    population: str | None = "population",
    years: float = 1.0,
    per: int = 100_000,
    method: Statistic = "gi_star",
    deal: Deal = "conditional",
    correction: Correction = "benjamini-hochberg",
    alternative: Alternative = "two-sided",
    significance_level: float = 0.05,
    confidence_level: float = 0.95,
    n_resamples: int = 9_999,
    rng: np.random.Generator | None = None,
    of: str = "incidents",
) -> HotSpots:
    """Find hot and cold spots among small areas by Getis and Ord's Gi*.

    Answers: which areas lie amid rates that are higher, or lower, than chance would put side by side?

    Parameters
    ----------
    areas : pandas.DataFrame
        One row an area.
    outlines : mapping of str to sequence of array, optional
        Area code → outer rings, longitude and latitude in degrees: for the map and, without weights, for the neighbours
        (areas that touch).
    weights : scipy.sparse.csr_array, shape (n, n), optional
        Neighbours, in the order of the rows of ``areas``.
    by, code, count : str
        Columns with name, code (the name where there is none) and events (0 or more).
    population : str or None
        Column with residents, above 0: rates are compared. None: counts are.
    years : float
        Length of the period in years.
    per : int
        Residents to which rates refer.
    method : {"gi_star", "gi"}
        With the area's own rate among those of its neighbours, or without.
    deal : {"conditional", "total"}
        What chance does: deal the other areas' rates to the neighbours, or all rates to all areas.
    correction : {"benjamini-hochberg", "bonferroni", "none"}
        For testing many areas: share of false ones among those found, any false one at all, none.
    alternative : {"two-sided", "greater", "less"}
        Hot and cold, hot alone, cold alone.
    significance_level : float
        Largest corrected p that counts as beyond chance, between 0 and 1.
    confidence_level : float
        Of the rates' intervals, between 0 and 1.
    n_resamples : int
        Random deals.
    rng : numpy.random.Generator, optional
        Source of randomness.
    of : str
        What is counted, in the plural.

    Returns
    -------
    HotSpots
        Rate per ``per`` residents a year with exact or Byar's limits, z (standard deviations from chance), p, corrected p
        and status of each area.

    Raises
    ------
    ValueError
        For a missing column, several rows an area, counts below 0 or unknown, residents or years of 0 or less, or
        neither outlines nor weights.

    Notes
    -----
    z and permutation p as in `problemsolving.stats.local_spatial.getis_ord`: with ``deal="conditional"`` the p of Gi* and Gi
    are the same, since the area keeps its rate. A status speaks of an area *and* its neighbours: an area without any event
    can be hot. Neighbours share neighbours, so that hot areas come in groups and their number is no measure of size.
    Rates of few residents vary more than those of many (see `problemsolving.measures.clusters`), and an area at the edge
    is judged by the neighbours inside.
    Do not use resident rates for places that few live in and many visit, nor to compare two periods by their numbers of
    hot spots.

    After release everything is found anew from released counts, with a withheld one as half of the smallest shown; the
    status of an area leaves with its count, or not at all. The random deals are the same each time.

    References
    ----------
    Getis A, Ord JK (1992) Geogr Anal 24:189. doi:10.1111/j.1538-4632.1992.tb00261.x
    Ord JK, Getis A (1995) Geogr Anal 27:286. doi:10.1111/j.1538-4632.1995.tb00912.x
    Caldas de Castro M, Singer BH (2006) Controlling the false discovery rate: a new application to account for multiple and
    dependent tests in local statistics of spatial association. Geogr Anal 38:180. doi:10.1111/j.0016-7363.2006.00682.x

    Examples
    --------
    A chessboard of 36 squares of 1,000 residents, with 50 incidents in each of nine squares of a corner and 10 elsewhere:

    >>> squares = pd.DataFrame({"area_name": [f"{row}{column}" for row in range(6) for column in range(6)]})
    >>> corner = [row < 3 and column < 3 for row in range(6) for column in range(6)]
    >>> squares = squares.assign(count=np.where(corner, 50, 10), population=1_000)
    >>> from problemsolving.stats.spatial import distance_weights
    >>> near = distance_weights(np.argwhere(np.ones((6, 6))), 1.5, coordinates="metres")
    >>> found = find_hot_spots(squares, weights=near, alternative="greater", rng=np.random.default_rng(1))
    >>> found.hot[0], set(found.hot) <= {"00", "01", "02", "10", "11", "12", "20", "21", "22"}
    ('11', True)
    """
    if method not in ("gi_star", "gi"):
        raise ValueError('method must be "gi_star" or "gi"')
    prepared = prepare_pattern(
        areas, outlines=outlines, weights=weights, by=by, code=code, count=count, population=population, years=years,
        per=per, of=of, correction=correction, significance_level=significance_level, confidence_level=confidence_level,
        n_resamples=n_resamples, tails=2 if alternative == "two-sided" else 1, rng=rng,
    )  # fmt: skip
    name = "Getis-Ord Gi*" if method == "gi_star" else "Getis-Ord Gi"
    settings = {"deal": deal, "correction": correction, "resamples": n_resamples}
    return HotSpots(
        method=Method(f"{name} with permutation p", "Ord & Getis 1995; Caldas de Castro & Singer 2006", settings),
        own=method == "gi_star",
        deal=deal,
        alternative=alternative,
        **prepared,
    )
