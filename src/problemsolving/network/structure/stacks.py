"""Paths, pieces and triangles of many small networks at once: arrays of shape (draws, n, n), rows send."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

Floats = NDArray[np.float64]


def either_way(arcs: Floats) -> Floats:
    """Give the ties in either direction, as 0 and 1.

    >>> either_way(np.array([[[0.0, 3.0], [0.0, 0.0]]])).tolist()
    [[[0.0, 1.0], [1.0, 0.0]]]
    """
    return ((arcs > 0) | (arcs.swapaxes(-1, -2) > 0)).astype(float)


def shortest_paths(arcs: Floats, *, betweenness: bool = True) -> tuple[Floats, Floats]:
    """Find distances, and how many shortest paths pass through each agency.

    Parameters
    ----------
    arcs : array, shape (draws, n, n)
        1 where there is an arc, else 0; 0 on the diagonal.
    betweenness : bool
        Whether it is asked for; else zeros.

    Returns
    -------
    distances : array, shape (draws, n, n)
        Steps from row to column; infinite where there is no way.
    through : array, shape (draws, n)
        Sum over ordered pairs of others of the share of shortest paths through the agency: halve it where ties have no
        direction.

    Notes
    -----
    All sources and draws are searched at once, level by level, and shares are handed back from the farthest level. Do not
    use for long chains of very many agencies: the work grows with the longest path.

    References
    ----------
    Brandes U (2001) A faster algorithm for betweenness centrality. J Math Sociol 25:163. doi:10.1080/0022250X.2001.9990249

    Examples
    --------
    >>> path = np.array([[[0, 1, 0], [0, 0, 1], [0, 0, 0]]], float)
    >>> shortest_paths(path)[0][0, 0].tolist(), shortest_paths(path)[1].tolist()
    ([0.0, 1.0, 2.0], [[0.0, 1.0, 0.0]])
    """
    n = arcs.shape[-1]
    itself = np.broadcast_to(np.eye(n, dtype=bool), arcs.shape)
    distances = np.where(itself, 0.0, np.inf)
    paths = itself.astype(float)
    frontier, level = paths.copy(), 0
    while True:
        frontier = frontier @ arcs
        frontier[np.isfinite(distances)] = 0.0
        if not frontier.any():
            break
        level += 1
        distances[frontier > 0] = level
        paths += frontier
    given = np.zeros(arcs.shape)
    for step in range(level, 1, -1) if betweenness else ():
        share = np.where(distances == step, (1 + given) / np.where(paths > 0, paths, 1.0), 0.0)
        given += np.where(distances == step - 1, paths * (share @ arcs.swapaxes(-1, -2)), 0.0)
    return distances, given.sum(axis=-2)


def count_pieces(ties: Floats) -> NDArray[np.int64]:
    """Count the pieces that hang together, isolates too, one number a draw.

    >>> count_pieces(np.array([[[0, 1, 0], [1, 0, 0], [0, 0, 0]]], float)).tolist()
    [2]
    """
    draws, n, _ = ties.shape
    which, row, column = np.nonzero(ties)
    return _pieces(which * n + row, which * n + column, draws, n)


def find_articulation(ties: Floats) -> NDArray[np.bool_]:
    """Tell without which agencies a piece would fall apart.

    Parameters
    ----------
    ties : array, shape (draws, n, n)
        Symmetric, 0 and 1.

    Returns
    -------
    array of bool, shape (draws, n)

    Examples
    --------
    >>> find_articulation(np.array([[[0, 1, 0], [1, 0, 1], [0, 1, 0]]], float)).tolist()
    [[False, True, False]]
    """
    draws, n, _ = ties.shape
    which, row, column = np.nonzero(np.triu(ties))
    before = _pieces(which * n + row, which * n + column, draws, n)
    found = np.zeros((draws, n), bool)
    for agency in range(n):
        kept = (row != agency) & (column != agency)
        after = _pieces(which[kept] * n + row[kept], which[kept] * n + column[kept], draws, n)
        found[:, agency] = after - 1 > before
    return found


def _pieces(first: NDArray[np.int64], second: NDArray[np.int64], draws: int, n: int) -> NDArray[np.int64]:
    """Count the pieces of each block of n places."""
    linked = sparse.coo_array((np.ones(len(first), np.int8), (first, second)), shape=(draws * n,) * 2)
    _, labels = connected_components(linked, directed=False)
    _, places = np.unique(labels, return_index=True)
    return np.bincount(places // n, minlength=draws)


def transitivity(ties: Floats) -> Floats:
    """Share of pairs with a common partner that are tied themselves, one number a draw; NaN without such a pair.

    >>> transitivity(np.array([[[0, 1, 1], [1, 0, 1], [1, 1, 0]]], float)).tolist()
    [1.0]
    """
    degree = ties.sum(axis=-1)
    closed = ((ties @ ties) * ties).sum(axis=(-1, -2))
    return ratio(closed, (degree * (degree - 1)).sum(axis=-1))


def ratio(part: Floats, whole: Floats) -> Floats:
    """Divide; NaN where there is nothing to divide by.

    >>> ratio(np.array([1.0, 1.0]), np.array([2.0, 0.0])).tolist()
    [0.5, nan]
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.asarray(whole) > 0, np.asarray(part) / np.asarray(whole), np.nan)
