"""Before and after, without a comparison: ratios with the months' own dispersion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from problemsolving import draw
from problemsolving.results import Column, FrameResult, Method, Table, Value, coarser, grouped_values, number, whole
from problemsolving.stats.counts import log_ratio_error

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def monthly_dispersion(counts: ArrayLike, *, parts: int = 1, days: ArrayLike | None = None) -> float:
    """Variance over mean of monthly counts about the mean of each part of the series.

    Answers: how much more than Poisson do months vary, within each period?

    Parameters
    ----------
    counts : array_like, shape (months,) or (months, units)
        Monthly counts, in time order; units that stay zero are left out.
    parts : int
        Equal consecutive periods, each with its own mean, so that a change between them is not counted as noise.
    days : array_like, shape (months,), optional
        Length of each month; equal when not given.

    Returns
    -------
    float
        Pearson statistic over its degrees of freedom, at least 1.

    Raises
    ------
    ValueError
        For fewer than two months a part.

    Examples
    --------
    >>> round(monthly_dispersion([0, 20, 0, 20]), 2)
    13.33
    """
    series = np.asarray(counts, float)
    series = series[:, None] if series.ndim == 1 else series
    length = np.ones(series.shape[0]) if days is None else np.asarray(days, float)
    if series.shape[0] < 2 * parts:
        raise ValueError("dispersion needs at least two months in each period")
    statistic, freedom = 0.0, 0
    for rows in np.array_split(np.arange(series.shape[0]), parts):
        expected = length[rows, None] / length[rows].sum() * series[rows].sum(axis=0)
        used = expected[0] > 0
        statistic += float(((series[rows][:, used] - expected[:, used]) ** 2 / expected[:, used]).sum())
        freedom += (rows.size - 1) * int(used.sum())
    return max(1.0, statistic / freedom) if freedom else 1.0


def share_dispersion(counts: ArrayLike) -> float:
    """Variance over mean of how months split between groups, what all groups share taken out.

    Answers: how much more than chance does one group's share of a month vary?

    Parameters
    ----------
    counts : array_like, shape (months, groups)
        Monthly counts of one period.

    Returns
    -------
    float
        Pearson statistic of independence over its degrees of freedom, at least 1. Season and shocks that all
        groups share do not count: they cancel in a ratio of rate ratios.

    Raises
    ------
    ValueError
        For fewer than two months or two groups.

    Examples
    --------
    >>> share_dispersion([[10, 20], [20, 40]])
    1.0
    """
    table = np.asarray(counts, float)
    if table.ndim != 2 or min(table.shape) < 2:
        raise ValueError("share dispersion needs at least two months and two groups")
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    if min(table.shape) < 2:
        return 1.0
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    statistic = float(((table - expected) ** 2 / expected).sum())
    return max(1.0, statistic / ((table.shape[0] - 1) * (table.shape[1] - 1)))


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class RateChange(FrameResult):
    """After over before, by group: ``frame`` has ``group``, ``when`` (before, after), ``count`` and ``days``."""

    margins: ClassVar[tuple[tuple[str, ...], ...]] = (("when",), ("group",))  # totals of a period, of a group over both

    dispersion: dict[str, tuple[float, int]]  # value and degrees of freedom
    level: float = 0.95
    of: str = "incidents"

    def blurred(self) -> Self:
        return replace(
            self, dispersion={name: (coarser(value), free) for name, (value, free) in self.dispersion.items()}
        )

    def estimates(self) -> pd.DataFrame:
        wide = self.frame.pivot(index="group", columns="when", values=["count", "days"])
        rows = []
        for group, row in wide.iterrows():
            before, after = row["count", "before"], row["count", "after"]
            ratio = low = high = np.nan
            if before > 0 and after > 0:
                ratio = (after / row["days", "after"]) / (before / row["days", "before"])
                spread, freedom = self.dispersion[str(group)]
                quantile = stats.t.ppf((1 + self.level) / 2, freedom)
                reach = np.exp(quantile * log_ratio_error(before, after, dispersion=spread))
                low, high = ratio / reach, ratio * reach
            rows.append((str(group), before, after, ratio, low, high))
        return pd.DataFrame(rows, columns=["group", "before", "after", "ratio", "low", "high"])

    def values(self) -> list[Value]:
        return grouped_values(self.estimates(), "ratio", unit=self.unit, n="after", level=self.level)

    def table(self) -> Table:
        columns = (
            Column("Area"),
            Column("Baseline", "count"),
            Column("Follow-up", "count"),
            Column("Rate ratio", "number", 2),
            Column("Low", "number", 2),
            Column("High", "number", 2),
        )
        return Table(
            columns,
            tuple(
                (r.group, whole(r.before), whole(r.after), number(r.ratio), number(r.low), number(r.high))
                for r in self.estimates().itertuples()
            ),
        )

    def summary(self) -> str:
        said = []
        for row in self.estimates().dropna(subset="ratio").itertuples():
            way = "rose" if row.low > 1 else "fell" if row.high < 1 else "did not clearly change"
            said.append(f"{row.group} {way} (ratio {row.ratio:.2f}, {row.low:.2f} to {row.high:.2f})")
        return f"{self.of.capitalize()} a day, follow-up over baseline: " + ("; ".join(said) or "withheld") + "."

    def plot(self, *, ax: Axes | None = None) -> Axes:
        shown = self.estimates()
        return draw.intervals(
            shown["group"].tolist(),
            shown["ratio"],
            low=shown["low"],
            high=shown["high"],
            reference=1.0,
            log=True,
            quantity="follow-up over baseline, per day (log scale)",
            ax=ax,
        )


def estimate_rate_change(
    monthly: pd.DataFrame,
    *,
    before: Sequence[str],
    after: Sequence[str],
    days: dict[str, int],
    confidence_level: float = 0.95,
    of: str = "incidents",
) -> RateChange:
    """Estimate the rate after over the rate before, for each group.

    Parameters
    ----------
    monthly : pandas.DataFrame
        Months (index) × groups (columns) of counts.
    before, after : sequence of str
        Months of the two periods.
    days : dict
        Month → days in it.
    confidence_level : float
        Between 0 and 1.
    of : str
        What is counted, in the plural.

    Returns
    -------
    RateChange
        Dimensionless ratios of events a day; t intervals on the log scale, scaled by the months' own dispersion (pairs of the
        same calendar month where the periods match).

    Notes
    -----
    Months are taken as independent: where one month's level carries into the next the interval is too narrow.
    A change is not an effect: nothing here stands for what would have happened otherwise.
    """
    rows, dispersion = [], {}
    for group in monthly.columns:
        for when, months in (("before", before), ("after", after)):
            rows.append(
                (str(group), when, float(monthly.loc[list(months), group].sum()), sum(days[month] for month in months))
            )
        dispersion[str(group)] = _month_dispersion(monthly[group], before, after, days)
    method = Method("Rate ratio, t interval scaled by the dispersion of months", "McCullagh & Nelder 1989")
    return RateChange(
        method=method,
        unit="ratio of events a day",
        frame=pd.DataFrame(rows, columns=["group", "when", "count", "days"]),
        dispersion=dispersion,
        level=confidence_level,
        of=of,
    )


def _month_dispersion(
    monthly: pd.Series, before: Sequence[str], after: Sequence[str], days: dict[str, int]
) -> tuple[float, int]:
    """Dispersion of months and its degrees of freedom.

    Where both periods hold the same calendar months they are compared in pairs, so that season does not count;
    else each period about its own mean. One month a period leaves none: 1 and one degree.
    """
    if [month[-2:] for month in before] == [month[-2:] for month in after] and len(before) >= 2:
        pairs = np.column_stack([monthly.loc[list(months)] for months in (before, after)])
        return share_dispersion(pairs), len(before) - 1
    found = [
        (monthly_dispersion(monthly.loc[list(months)], days=[days[month] for month in months]), len(months) - 1)
        for months in (before, after)
        if len(months) >= 2
    ]
    freedom = sum(count for _, count in found)
    return (sum(value * count for value, count in found) / freedom, freedom) if found else (1.0, 1)
