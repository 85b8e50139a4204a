"""From counted pairs to a table: names of bands, what shuffles gave, p and errors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from problemsolving.measures.bands import band_labels
from problemsolving.measures.pairs import FINEST, PairCounts

SAME_PLACE, OTHER_DISTANCES, OTHER_TIMES = "same place", "other distances", "other times"
CHANCE = ["median", "chance_low", "chance_high", "p", "p_adjusted", "error"]


def inner_edges(edges: NDArray[np.float64], most: float) -> NDArray[np.float64]:
    """Give the edges to count by, for pairs up to ``most`` apart.

    They begin at 0. A last band that reaches beyond all pairs needs no counting: it is what the others leave.

    >>> inner_edges(np.array([0, 100, np.inf]), 5000).tolist(), inner_edges(np.array([50.0, 100]), 5000).tolist()
    ([0.0, 100.0], [0.0, 50.0, 100.0])
    """
    beyond = len(edges) > 2 and edges[-1] > most + 10.0**-FINEST
    known = edges[:-1] if beyond else np.minimum(edges, most + 1)
    return known if known[0] == 0 else np.concatenate([[0.0], known])


def band_names(
    edges: NDArray[np.float64], inner: NDArray[np.float64], *, unit: str, other: str, same_place: bool = False
) -> list[str]:
    """Name what is counted by the inner edges: bands, and ``other`` for what lies before and after them.

    >>> band_names(np.array([50.0, 100]), np.array([0.0, 50, 100]), unit="m", other="other")
    ['other', '50 to under 100 m', 'other']
    """
    first = bool(edges[0] == 0)
    own = band_labels(edges.tolist(), unit=unit, above_first=same_place and first)
    before = [] if first else [other]
    after = [other] * (len(inner) - len(before) - len(own))
    return [*([SAME_PLACE] if same_place else []), *before, *own, *after]


def bands_of(names: Sequence[str]) -> tuple[str, ...]:
    """Give the names that are bands, in their order."""
    return tuple(name for name in names if name not in (OTHER_DISTANCES, OTHER_TIMES))


def pair_table(
    counts: PairCounts, distances: Sequence[str], times: Sequence[str], *, confidence_level: float
) -> pd.DataFrame:
    """Give one row a cell, then one row a total of a distance, then of a time; chance stands beside cells of bands."""
    cells = pd.DataFrame(
        {"distance": np.repeat(distances, len(times)), "time": np.tile(times, len(distances)), "total": False}
    )
    cells["count"] = counts.tables[0].ravel().astype(float)
    inside = (cells["distance"].isin(bands_of(distances)) & cells["time"].isin(bands_of(times))).to_numpy()
    flat = counts.tables.reshape(len(counts.tables), -1)[:, inside]
    tail = (1 - confidence_level) / 2
    low, median, high = np.quantile(flat[1:], [tail, 0.5, 1 - tail], axis=0)
    columns = (median, low, high, *p_values(flat), log_ratio_errors(counts).ravel()[inside])
    for name, values in zip(CHANCE, columns, strict=True):
        cells[name] = np.nan
        cells.loc[inside, name] = values
    how = {"total": "first", "count": "sum"}
    cells = cells.groupby(["distance", "time"], sort=False, as_index=False).agg(how | dict.fromkeys(CHANCE, "first"))
    totals = [
        pd.DataFrame({name: names, "total": True, "count": numbers.astype(float)})
        .groupby(name, sort=False, as_index=False)
        .agg(how)
        for name, names, numbers in (("distance", distances, counts.distance), ("time", times, counts.time))
    ]
    return pd.concat([cells, *totals], ignore_index=True)


def p_values(tables: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give p of each cell, and p that allows for looking at all cells.

    Parameters
    ----------
    tables : ndarray, shape (1 + n, cells)
        Counts as they are, then one row a shuffle.

    Returns
    -------
    alone, together : ndarray, shape (cells,)
        (1 + b) / (1 + n), where b shuffles gave as many in the same cell, or as remarkable a count in any cell.

    Examples
    --------
    >>> alone, together = p_values(np.array([[4, 1], [1, 1], [1, 0], [2, 4]]))
    >>> alone.tolist(), together.tolist()
    ([0.25, 0.75], [0.25, 0.75])
    """
    alone = (tables >= tables[0]).mean(axis=0)
    roots = np.sqrt(tables)
    spread = roots.std(axis=0)
    scores = (roots - roots.mean(axis=0)) / np.where(spread > 0, spread, np.inf)
    together = (scores.max(axis=1)[:, None] >= scores[0] - 1e-12).mean(axis=0)
    return alone, together


def log_ratio_errors(counts: PairCounts) -> NDArray[np.float64]:
    """Standard error of the log ratio of each cell: a jackknife over events, less what pairs add from both ends."""
    pairs, near, soon = counts.tables[0].astype(float), counts.distance.astype(float), counts.time.astype(float)
    errors = np.full(pairs.shape, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        by_time = counts.soon / soon
        for row in range(len(pairs)):
            parts = counts.events[:, row] / pairs[row] - counts.near[:, row, None] / near[row] - by_time
            squares = ((parts - parts.mean(axis=0)) ** 2).sum(axis=0)
            both = pairs[row] * (1 / pairs[row] - 1 / near[row] - 1 / soon) ** 2  # what single pairs add
            single = both + (near[row] - pairs[row]) / near[row] ** 2 + (soon - pairs[row]) / soon**2
            errors[row] = np.sqrt(np.maximum(squares - single, single))
    return np.where(np.isfinite(errors), errors, np.nan)


def two_figures(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Round to two figures, whole pairs at the finest.

    >>> two_figures(np.array([0.0, 3.4, 1_261, np.nan])).tolist()
    [0.0, 3.0, 1300.0, nan]
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        step = 10.0 ** np.maximum(np.floor(np.log10(np.abs(values))) - 1, 0)
        return np.where(np.isfinite(values), np.round(values / step) * step, np.nan)
