"""The bipartite configuration model: every person keeps the number of agencies, every agency the number of people, on average."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from problemsolving.errors import NotEstimableError

Floats = NDArray[np.float64]
ROUNDS, CLOSE, ENOUGH = 20_000, 1e-10, 1e-3  # rounds, how near degrees must come, and how near they may end


def bipartite_configuration(
    row_degrees: ArrayLike, column_degrees: ArrayLike, *, rows: ArrayLike | None = None
) -> Floats:
    """Probability of each tie when rows and columns have their degrees on average and all else is as even as can be.

    Parameters
    ----------
    row_degrees, column_degrees : array_like, shape (r,), (c,)
        Ties of each row (a person) and column (an agency).
    rows : array_like, shape (r,), optional
        How many rows each entry of ``row_degrees`` stands for; 1 where not given.

    Returns
    -------
    ndarray, shape (r, c)
        Probabilities; 0 and 1 where the degrees leave no choice.

    Raises
    ------
    ValueError
        For degrees below 0 or larger than the other side, or sums of both sides that differ.
    NotEstimableError
        Where the fixed point does not settle.

    Notes
    -----
    Maximum entropy: p = xy / (1 + xy), solved by the fixed point on the distinct degrees. Rows and columns that are full or
    empty are set aside first. Do not use as a null for people most of whom are known to one agency: it lets them share.

    References
    ----------
    Saracco F, Di Clemente R, Gabrielli A, Squartini T (2015) Randomizing bipartite networks: the case of the World Trade Web.
    Sci Rep 5:10595. doi:10.1038/srep10595

    Examples
    --------
    >>> bipartite_configuration([1, 1, 2], [1, 1, 2]).round(3).tolist()
    [[0.216, 0.216, 0.568], [0.216, 0.216, 0.568], [0.568, 0.568, 0.863]]
    """
    degree, other = np.asarray(row_degrees, float), np.asarray(column_degrees, float)
    many = np.ones(len(degree)) if rows is None else np.asarray(rows, float)
    _check(degree, other, many)
    found, settled = np.zeros((len(degree), len(other))), np.zeros((len(degree), len(other)), bool)
    live_rows, live_columns = many > 0, np.ones(len(other), bool)
    degree, other = degree.copy(), other.copy()
    while True:  # set aside what is full or empty until nothing is
        width, height = live_columns.sum(), many[live_rows].sum()
        full, empty = live_rows & (degree >= width), live_rows & (degree <= 0)
        if full.any() or empty.any():
            found[np.ix_(full, live_columns)] = 1.0
            other[live_columns] -= many[full].sum()
            live_rows &= ~(full | empty)
            continue
        full, empty = live_columns & (other >= height), live_columns & (other <= 0)
        if not (full.any() or empty.any()):
            break
        found[np.ix_(live_rows, full)] = 1.0
        degree[live_rows] -= full.sum()
        live_columns &= ~(full | empty)
    settled[np.ix_(live_rows, live_columns)] = True
    if settled.any():
        found[settled] = _solve(degree[live_rows], other[live_columns], many[live_rows]).ravel()
    return found


def _solve(degree: Floats, other: Floats, many: Floats) -> Floats:
    """Solve on the distinct degrees of both sides."""
    rows, row_of = np.unique(degree, return_inverse=True)
    columns, column_of = np.unique(other, return_inverse=True)
    row_many, column_many = np.bincount(row_of, weights=many), np.bincount(column_of).astype(float)
    root = np.sqrt((rows * row_many).sum())
    x, y = rows / root, columns / root
    for _ in range(ROUNDS):
        x = rows / (column_many * y / (1 + np.outer(x, y))).sum(axis=1)
        y = columns / (row_many[:, None] * x[:, None] / (1 + np.outer(x, y))).sum(axis=0)
        odds = np.outer(x, y)
        chance = odds / (1 + odds)
        apart = np.abs(chance @ column_many - rows) / rows
        if (apart <= CLOSE).all():
            break
    if (apart <= ENOUGH).all():  # degrees that only one table can have are reached in the limit alone
        return np.asarray(chance[np.ix_(row_of, column_of)])
    raise NotEstimableError("the bipartite configuration model does not settle on these degrees")


def _check(degree: Floats, other: Floats, many: Floats) -> None:
    faults = []
    if (degree < 0).any() or (degree > len(other)).any():
        faults.append("a row can have 0 to as many ties as there are columns")
    if (other < 0).any() or (other > many.sum()).any():
        faults.append("a column can have 0 to as many ties as there are rows")
    if not np.isclose((degree * many).sum(), other.sum()):
        faults.append("ties of rows and of columns must be as many")
    if faults:
        raise ValueError("no configuration model has these degrees:\n" + "\n".join(f"  - {fault}" for fault in faults))
