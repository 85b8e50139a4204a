"""Ties of agencies as a square table: read from a matrix or from a network between agencies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from problemsolving.errors import NetworkError
from problemsolving.network.structure.agency_network import AgencyNetwork

Floats = NDArray[np.float64]
Ties = AgencyNetwork | NDArray[Any]
FEWEST = 4


def square(ties: Ties, *, what: str = "the network") -> Floats:
    """Give ties as a square table of numbers, 0 on the diagonal.

    Parameters
    ----------
    ties : AgencyNetwork or array_like, shape (n, n)
        Rows send; 0 for no tie.
    what : str
        What to call it in an error.

    Raises
    ------
    NetworkError
        For every fault at once: another shape, fewer than four agencies, ties that are not known.

    Examples
    --------
    >>> square(np.ones((4, 4))).sum()
    np.float64(12.0)
    """
    values = ties.matrix() if isinstance(ties, AgencyNetwork) else np.array(ties, float)
    faults = []
    if values.ndim != 2 or values.shape[0] != values.shape[1]:
        faults.append(f"{what} must be a square table, rows and columns in one order of the agencies")
    elif len(values) < FEWEST:
        faults.append(f"{what} needs at least {FEWEST} agencies")
    else:
        np.fill_diagonal(values, 0.0)
    if not np.isfinite(values).all():
        faults.append(f"{what} has ties that are not known; leave out agencies that did not answer")
    stop(faults)
    return values


def both(first: Ties, second: Ties) -> tuple[Floats, Floats]:
    """Give two networks of the same agencies, in one order, or tell every fault."""
    faults: list[str] = []
    found: list[Floats] = []
    for ties, what in ((first, "the first network"), (second, "the second network")):
        try:
            found.append(square(ties, what=what))
        except NetworkError as error:
            faults += error.faults
    if isinstance(first, AgencyNetwork) and isinstance(second, AgencyNetwork) and first.agencies != second.agencies:
        faults.append("both networks must have the same agencies; keep those that are in both")
    elif len(found) == 2 and found[0].shape != found[1].shape:
        faults.append("both networks must have the same agencies, in the same order")
    stop(faults)
    return found[0], found[1]


def is_directed(*tables: Floats) -> bool:
    """Tell whether any of the tables has a tie that goes one way, or by different weights."""
    return any(not np.array_equal(values, values.T) for values in tables)


def counts_of(*networks: Ties) -> tuple[float, ...]:
    """Give the counts of cases that ties stand for, where they do."""
    found = [ties.arcs["count"].tolist() for ties in networks if isinstance(ties, AgencyNetwork) and ties.counted]
    return tuple(float(count) for counts in found for count in counts)


def sorted_agencies(*tables: Floats) -> np.ndarray:
    """Order agencies by their ties, so that draws do not depend on the order given (but among agencies quite alike)."""
    keys = [np.sort(side, axis=1) for values in tables for side in (values, values.T)]
    columns = np.concatenate([*keys, *(np.sort(key @ values, axis=1) for key, values in zip(keys[::2], tables, strict=True))], axis=1)  # fmt: skip
    return np.lexsort(columns.T[::-1])


def stop(faults: Sequence[str]) -> None:
    if faults:
        raise NetworkError("networks cannot be compared", faults=list(dict.fromkeys(faults)))
