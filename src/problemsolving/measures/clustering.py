"""Clustering: are neighbouring areas alike over the whole map, and is it high or low ones?"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
import pandas as pd

from problemsolving.errors import NotEstimableError
from problemsolving.measures.clusters import Compared, compared_values
from problemsolving.measures.small_areas import AreaResult, Rings, area_caveats, area_frame, neighbours
from problemsolving.results import Column, Interval, Method, Table, Value
from problemsolving.stats.local_spatial import global_g
from problemsolving.stats.products import SpatialTest
from problemsolving.stats.spatial import Weights, morans_i, row_standardise


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Clustering(AreaResult):
    """Global Moran's I and global G of the counts in ``frame``, each beside what chance alone would give."""

    compared: Compared = "empirical-bayes"
    n_resamples: int = 999
    seed: int = 0

    drawn: ClassVar[bool] = False

    @cached_property
    def tests(self) -> dict[str, SpatialTest]:
        """Give the tests by name; none where nothing can be estimated or most areas are withheld."""
        rng = np.random.default_rng(self.seed)
        if self.shown.mean() < 0.5:
            return {}
        try:
            values = compared_values(self, self.compared)
            alike = morans_i(values, row_standardise(self.weights), n_permutations=self.n_resamples, rng=rng)
            links = (self.weights != 0).astype(float)
            likes = global_g(self.assumed * self.scale, links, n_permutations=self.n_resamples, rng=rng)
        except NotEstimableError:
            return {}
        return {"Moran's I": alike, "Getis-Ord G": likes}

    def values(self) -> list[Value]:
        reason = None if self.tests else self.summary()
        found = []
        for name, label in (("morans_i", "Moran's I"), ("getis_ord_g", "Getis-Ord G")):
            test = self.tests.get(label)
            chance = Interval(*test.chance) if test else None
            n = int(np.nansum(self.frame["count"])) if test else None
            estimate, expected = (test.estimate, test.expected) if test else (None, None)
            found += [
                Value(name=name, estimate=estimate, unit=label, n=n, reason=reason),
                Value(name=f"{name}_by_chance", estimate=expected, interval=chance, unit=label, n=n, reason=reason),
            ]
        return found

    def table(self) -> Table:
        columns = (
            Column("Statistic"),
            Column("Observed", "number", 4),
            Column("By chance, expected", "number", 4),
            Column("By chance, low", "number", 4),
            Column("By chance, high", "number", 4),
            Column("z", "number", 1),
            Column("p", "number", 3),
        )
        return Table(
            columns, tuple((name, t.estimate, t.expected, *t.chance, t.z, t.p) for name, t in self.tests.items())
        )

    def summary(self) -> str:
        if not self.tests:
            return "Whether neighbours are alike could not be estimated: too few counts are shown, or all are the same."
        alike, likes = self.tests.values()
        verdict = "not clearly more alike or unalike than chance would make them"
        if alike.p <= 0.05:
            verdict = f"{'more alike' if alike.estimate > alike.expected else 'less alike'} than chance would make them"
        text = (
            f"{'Rates' if self.by_residents else 'Counts'} of {self.of} in neighbouring areas were {verdict} (Moran's I {alike.estimate:.2f}; by chance "
            f"{alike.chance[0]:.2f} to {alike.chance[1]:.2f}; p {alike.p:.3f}; {alike.n:,} areas)."
        )
        if likes.p <= 0.05:
            which = (
                "high ones lay beside high ones" if likes.estimate > likes.expected else "low ones lay beside low ones"
            )
            text += f" Above all {which} (Getis-Ord G, p {likes.p:.3f})."
        return text

    def plot(self, *, ax: None = None) -> None:  # type: ignore[override]
        """Draw nothing: two numbers; the map is that of the clusters."""


def measure_clustering(
    areas: pd.DataFrame,
    *,
    outlines: Rings | None = None,
    weights: Weights | None = None,
    by: str = "area_name",
    code: str = "area_code",
    count: str = "count",
    population: str | None = "population",
    years: float = 1.0,
    method: Compared = "empirical-bayes",
    n_resamples: int = 999,
    rng: np.random.Generator | None = None,
    of: str = "incidents",
) -> Clustering:
    """Measure whether neighbouring areas are alike over the whole map: global Moran's I and global G.

    Answers: is there any pattern on the map, and is it of hot or of cold places?

    Parameters
    ----------
    areas : pandas.DataFrame
        One row an area.
    outlines : mapping of str to sequence of array, optional
        Area code → outer rings, longitude and latitude in degrees: areas that touch are neighbours.
    weights : scipy.sparse.csr_array, shape (n, n), optional
        Neighbours, in the order of the rows of ``areas``; scaled to rows of 1 for Moran's I, to 0 and 1 for G.
    by, code, count : str
        Columns with name, code (the name where there is none) and events (0 or more).
    population : str or None
        Column with residents, above 0: rates are compared. None: counts are.
    years : float
        Length of the period in years.
    method : {"empirical-bayes", "plain"}
        For Moran's I: rates in units of what their residents let them vary (Assunção and Reis), or as they are.
    n_resamples : int
        Random deals of the values to the areas.
    rng : numpy.random.Generator, optional
        Source of randomness.
    of : str
        What is counted, in the plural.

    Returns
    -------
    Clustering
        Dimensionless statistics with the middle 95 % of what chance gives, z under randomisation, two-sided p.

    Raises
    ------
    ValueError
        As `problemsolving.measures.hot_spots.find_hot_spots`.

    Notes
    -----
    Chance deals the rates to areas. Two maps with the same number can look quite different: see `problemsolving.measures.clusters.find_clusters`.

    References
    ----------
    Cliff AD, Ord JK (1981) Spatial processes: models and applications. Pion.
    Getis A, Ord JK (1992) Geogr Anal 24:189. doi:10.1111/j.1538-4632.1992.tb00261.x
    Assunção RM, Reis EA (1999) Stat Med 18:2147. doi:10.1002/(SICI)1097-0258(19990830)18:16<2147::AID-SIM179>3.0.CO;2-I
    """
    if n_resamples < 1 or method not in ("empirical-bayes", "plain"):
        raise ValueError('n_resamples must be 1 or more, and method "empirical-bayes" or "plain"')
    rng = np.random.default_rng() if rng is None else rng
    frame = area_frame(areas, by=by, code=code, count=count, population=population, years=years)
    checked = neighbours(frame, weights, outlines)
    return Clustering(
        method=Method(
            "Global Moran's I and Getis-Ord G with permutation p",
            "Cliff & Ord 1981; Getis & Ord 1992; Assunção & Reis 1999",
            {"rates": method, "resamples": n_resamples},
        ),
        unit="dimensionless",
        frame=frame,
        weights=checked,
        of=of,
        compared=method,
        n_resamples=n_resamples,
        seed=int(rng.integers(2**62)),
        caveats=area_caveats(frame, checked),
    )
