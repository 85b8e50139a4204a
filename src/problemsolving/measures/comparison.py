"""Is it worse here than in similar places?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
import pandas as pd

from problemsolving import draw
from problemsolving.measures.rates import rows_of
from problemsolving.results import Column, FrameResult, Method, Table, Value, coarser, grouped_values, number, whole
from problemsolving.stats.counts import log_ratio_error
from problemsolving.stats.intervals import normal_quantile

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class RateComparison(FrameResult):
    """Each area's rate over that of its benchmarks: ``frame`` has ``group``, ``person_years``, ``count``, ``role``.

    Two rows a comparison: role ``area`` and role ``benchmark``.
    """

    margins: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("role",),
        ("group",),
    )  # an area and its benchmark areas add up to the same total for all

    dispersion: float = 1.0
    level: float = 0.95

    def blurred(self) -> Self:
        spread = coarser(self.dispersion)
        return replace(self, dispersion=spread, method=replace(self.method, settings={"dispersion": spread}))

    def estimates(self) -> pd.DataFrame:
        """Give ``ratio``, ``low``, ``high`` a group."""
        wide = self.frame.pivot(index="group", columns="role", values=["count", "person_years"])
        a, b = wide["count"]["area"], wide["count"]["benchmark"]
        positive = (a > 0) & (b > 0)
        ratio = (a / wide["person_years"]["area"] / (b / wide["person_years"]["benchmark"])).where(positive)
        error = pd.Series(
            [
                log_ratio_error(x, y, dispersion=self.dispersion) if ok else np.nan
                for x, y, ok in zip(a, b, positive, strict=True)
            ],
            index=wide.index,
        )
        reach = np.exp(normal_quantile(self.level) * error)
        return pd.DataFrame(
            {
                "group": wide.index,
                "count": a,
                "benchmark": b,
                "ratio": ratio,
                "low": ratio / reach,
                "high": ratio * reach,
            }
        )

    def values(self) -> list[Value]:
        return grouped_values(self.estimates(), "ratio", unit=self.unit, level=self.level)

    def table(self) -> Table:
        columns = (
            Column("Area"),
            Column("Incidents", "count"),
            Column("Incidents in benchmark areas", "count"),
            Column("Rate ratio", "number", 2),
            Column("Low", "number", 2),
            Column("High", "number", 2),
        )
        return Table(
            columns,
            tuple(
                (r.group, whole(r.count_), whole(r.benchmark), number(r.ratio), number(r.low), number(r.high))
                for r in rows_of(self.estimates())
            ),
        )

    def summary(self) -> str:
        said = []
        for row in rows_of(self.estimates()):
            if number(row.ratio) is None:
                continue
            verdict = "higher than" if row.low > 1 else "lower than" if row.high < 1 else "not clearly different from"
            said.append(
                f"{row.group} was {verdict} its benchmark areas (rate ratio {row.ratio:.2f}, {row.low:.2f} to {row.high:.2f})"
            )
        return ("; ".join(said) or "Every comparison is withheld") + "."

    def plot(self, *, ax: Axes | None = None) -> Axes:
        shown = self.estimates()
        return draw.intervals(
            shown["group"].tolist(),
            shown["ratio"],
            low=shown["low"],
            high=shown["high"],
            reference=1.0,
            log=True,
            quantity="rate ratio to the other benchmark areas (log scale)",
            ax=ax,
        )


def compare_rates(
    areas: pd.DataFrame,
    *,
    by: str,
    groups: list[str],
    benchmark: list[str],
    count: str = "count",
    population: str = "population",
    years: float = 1.0,
    dispersion: float = 1.0,
    confidence_level: float = 0.95,
) -> RateComparison:
    """Compare the rate of each group with that of the benchmark groups other than itself.

    Parameters
    ----------
    areas : pandas.DataFrame
        One row a small area.
    by, count, population : str
        Columns with group label, events (0 or more) and residents (above 0).
    groups : list of str
        Labels of the groups to compare.
    benchmark : list of str
        Labels of the benchmark groups.
    years : float
        Length of the period in years.
    dispersion : float
        Variance over mean of the counts compared (1 for Poisson); it widens the interval.
    confidence_level : float
        Between 0 and 1.

    Returns
    -------
    RateComparison
        Dimensionless rate ratios with log-normal intervals.

    Raises
    ------
    ValueError
        When a group has no benchmark other than itself.
    """
    totals = areas.groupby(by)[[count, population]].sum()
    rows = []
    for group in groups:
        others = [name for name in benchmark if name != group]
        if not others:
            raise ValueError("a group needs a benchmark other than itself")
        against = totals.loc[others].sum()
        rows += [
            (str(group), "area", float(totals.loc[group, count]), totals.loc[group, population] * years),
            (str(group), "benchmark", float(against[count]), against[population] * years),
        ]
    frame = pd.DataFrame(rows, columns=["group", "role", "count", "person_years"])
    method = Method(
        "Rate ratio, log-normal interval scaled by dispersion",
        "Breslow & Day 1987",
        {"dispersion": round(dispersion, 2)},
    )
    return RateComparison(method=method, unit="ratio", frame=frame, dispersion=dispersion, level=confidence_level)
