"""Clusters: which areas are like their neighbours, or unlike them, beyond chance?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import pandas as pd

from problemsolving.measures.local_pattern import LocalPattern, prepare_pattern
from problemsolving.measures.small_areas import (
    ALONE,
    NEITHER,
    UNCLEAR,
    WITHHELD,
    AreaResult,
    Rings,
)
from problemsolving.measures.smoothing import standardised_rates
from problemsolving.results import Method
from problemsolving.stats.deals import Correction
from problemsolving.stats.local_spatial import LocalTest, local_moran
from problemsolving.stats.spatial import Weights

HIGH_HIGH, LOW_LOW = "high among high", "low among low"
HIGH_LOW, LOW_HIGH = "high among low", "low among high"
Compared = Literal["empirical-bayes", "plain"]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class LocalClusters(LocalPattern):
    """Areas that are like their neighbours, or unlike them, beyond chance (local Moran); all from ``frame``."""

    compared: Compared = "empirical-bayes"

    looks: ClassVar[Mapping[str, str]] = {
        HIGH_HIGH: "high",
        HIGH_LOW: "high alone",
        LOW_HIGH: "low alone",
        LOW_LOW: "low",
        NEITHER: "plain",
        ALONE: "past",
        UNCLEAR: "unclear",
        WITHHELD: "unknown",
    }
    statistic: ClassVar[str] = "local_moran_z"

    def _test(self) -> LocalTest:
        values = compared_values(self, self.compared)
        return local_moran(values, self.weights, n_resamples=self.n_resamples, rng=np.random.default_rng(self.seed))

    def _kinds(self, test: LocalTest) -> np.ndarray:
        around = np.where(test.around_high, "high", "low")
        own = np.where(test.own_high, "high", "low")
        return np.char.add(np.char.add(own, " among "), around)


def compared_values(result: AreaResult, compared: Compared) -> np.ndarray:
    """Give what is compared: rates in units of their own spread, or rates (counts, without residents) as they are."""
    if compared == "empirical-bayes" and result.by_residents:
        return standardised_rates(result.assumed, result.frame["person_years"])
    return result.assumed * result.scale


def find_clusters(
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
    method: Compared = "empirical-bayes",
    correction: Correction = "benjamini-hochberg",
    significance_level: float = 0.05,
    confidence_level: float = 0.95,
    n_resamples: int = 9_999,
    rng: np.random.Generator | None = None,
    of: str = "incidents",
) -> LocalClusters:
    """Find areas that are like their neighbours, or unlike them, by local Moran's I.

    Answers: which areas are high among high, low among low, or the odd one out?

    Parameters
    ----------
    areas : pandas.DataFrame
        One row an area.
    outlines : mapping of str to sequence of array, optional
        Area code → outer rings, longitude and latitude in degrees: for the map and, without weights, for the neighbours.
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
    method : {"empirical-bayes", "plain"}
        Rates in units of what their residents let them vary (Assunção and Reis), or as they are.
    correction : {"benjamini-hochberg", "bonferroni", "none"}
        For testing many areas.
    significance_level : float
        Largest corrected p that counts as beyond chance, between 0 and 1.
    confidence_level : float
        Of the rates' intervals, between 0 and 1.
    n_resamples : int
        Random deals of the other areas' rates to the neighbours.
    rng : numpy.random.Generator, optional
        Source of randomness.
    of : str
        What is counted, in the plural.

    Returns
    -------
    LocalClusters
        Rate per ``per`` residents a year with interval, z (above 0: like its neighbours), p and status of each area.

    Raises
    ------
    ValueError
        As `problemsolving.measures.hot_spots.find_hot_spots`.

    Notes
    -----
    "High" and "low" are against the mean of the map. An area that is high by itself, amid neighbours like all others, is
    none of the four: the test is of its neighbours, given its own rate. Release as for hot spots.

    References
    ----------
    Anselin L (1995) Geogr Anal 27:93. doi:10.1111/j.1538-4632.1995.tb00338.x
    Assunção RM, Reis EA (1999) Stat Med 18:2147. doi:10.1002/(SICI)1097-0258(19990830)18:16<2147::AID-SIM179>3.0.CO;2-I
    """
    if method not in ("empirical-bayes", "plain"):
        raise ValueError('method must be "empirical-bayes" or "plain"')
    prepared = prepare_pattern(
        areas, outlines=outlines, weights=weights, by=by, code=code, count=count, population=population, years=years,
        per=per, of=of, correction=correction, significance_level=significance_level, confidence_level=confidence_level,
        n_resamples=n_resamples, tails=2, rng=rng,
    )  # fmt: skip
    settings = {"rates": method, "correction": correction, "resamples": n_resamples}
    cited = "Anselin 1995" + ("; Assunção & Reis 1999" if method == "empirical-bayes" else "")
    return LocalClusters(
        method=Method("Local Moran's I with permutation p", cited, settings), compared=method, **prepared
    )
