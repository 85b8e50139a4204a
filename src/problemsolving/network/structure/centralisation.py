"""How far a network depends on a few agencies (Freeman), and between which values that lies where ties are not known."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from problemsolving.network.structure.stacks import Floats, either_way, ratio, shortest_paths

Kind = Literal["degree", "in_degree", "out_degree", "betweenness", "closeness"]
Bools = NDArray[np.bool_]


def freeman_centralisation(arcs: Floats, *, directed: bool, isolates: bool = True) -> dict[Kind, Floats]:
    """Measure Freeman's centralisation of one or many networks.

    Answers: how far does everything run through one agency?

    Parameters
    ----------
    arcs : array, shape (n, n) or (draws, n, n)
        1 where there is an arc, else 0, rows send; symmetric where ties have no direction.
    directed : bool
        Whether ties have a direction.
    isolates : bool
        Whether agencies without any tie count among the n.

    Returns
    -------
    dict of array, shape (draws,)
        0 (all agencies alike) to 1 (a star); NaN where it is not defined.

    Notes
    -----
    The sum of differences from the most central agency, divided by the largest that n agencies can have: degree (ties in
    either direction) (n - 1)(n - 2); in-degree and out-degree (n - 1)²; betweenness (n - 1)²(n - 2), half of it where ties
    have no direction; closeness (ties in either direction) (n - 1)(n - 2)/(2n - 3). In-degree and out-degree are those of
    directed networks alone. Closeness is defined only where all agencies counted can reach each other.

    Do not compare networks of very different size or density by it.

    References
    ----------
    Freeman LC (1979) Centrality in social networks: conceptual clarification. Soc Networks 1:215.
    doi:10.1016/0378-8733(78)90021-7

    Examples
    --------
    A star of four agencies is as centralised as can be.

    >>> star = np.zeros((4, 4))
    >>> star[0, 1:] = star[1:, 0] = 1
    >>> found = freeman_centralisation(star, directed=False)
    >>> [round(float(found[kind][0]), 3) for kind in ("degree", "betweenness", "closeness")]
    [1.0, 1.0, 1.0]
    """
    stack = arcs if arcs.ndim == 3 else arcs[None]
    both = either_way(stack)
    distances, through = shortest_paths(stack)
    if directed:
        distances, _ = shortest_paths(both, betweenness=False)
    return centralisations(stack, both, distances, through, directed=directed, isolates=isolates)


def centralisations(
    arcs: Floats, both: Floats, distances: Floats, through: Floats, *, directed: bool, isolates: bool
) -> dict[Kind, Floats]:
    """Give each kind of centralisation from what is known of the paths (distances over ties in either direction)."""
    counted = np.ones(both.shape[:-1], bool) if isolates else both.sum(axis=-1) > 0
    n = counted.sum(axis=-1).astype(float)
    found: dict[Kind, Floats] = {"degree": _spread(both.sum(axis=-1), counted, (n - 1) * (n - 2))}
    if directed:
        found["in_degree"] = _spread(arcs.sum(axis=-2), counted, (n - 1) ** 2)
        found["out_degree"] = _spread(arcs.sum(axis=-1), counted, (n - 1) ** 2)
    largest = (n - 1) ** 2 * (n - 2)
    found["betweenness"] = _spread(through, counted, largest)  # both sides are halved where ties have no direction
    found["closeness"] = _spread(_closeness(distances, counted), counted, (n - 1) * (n - 2) / (2 * n - 3))
    return found


def _closeness(distances: Floats, counted: Bools) -> Floats:
    """Inverse of the mean distance to the other agencies counted; NaN for all where some cannot reach each other."""
    asked = counted[..., :, None] & counted[..., None, :]
    total = np.where(asked, distances, 0.0).sum(axis=-1)
    others = counted.sum(axis=-1, keepdims=True) - 1.0
    whole = np.isfinite(np.where(counted, total, 0.0)).all(axis=-1, keepdims=True)
    total = np.where(np.isfinite(total), total, 0.0)
    return np.where(whole, ratio(np.broadcast_to(others, total.shape), total), np.nan)


def _spread(values: Floats, counted: Bools, largest: Floats) -> Floats:
    """Sum of differences from the highest, among the agencies counted, as a share of the largest."""
    known = np.where(counted, values, -np.inf)
    top = known.max(axis=-1, keepdims=True, initial=-np.inf)
    with np.errstate(invalid="ignore"):
        return ratio(np.where(counted, top - values, 0.0).sum(axis=-1), largest)


def degree_range(low: Floats, high: Floats, largest: float) -> tuple[float, float]:
    """Between which values a degree centralisation lies, given the limits of each degree.

    Parameters
    ----------
    low, high : array, shape (n,)
        Fewest and most ties of each agency.
    largest : float
        The denominator.

    Notes
    -----
    Exact where each tie not known belongs to one agency alone (in-degree, out-degree), else no narrower than the truth.

    Examples
    --------
    >>> degree_range(np.array([2.0, 0.0, 0.0]), np.array([2.0, 1.0, 0.0]), 4.0)
    (0.75, 1.0)
    """
    most = ((len(low) - 1) * high - (low.sum() - low)).max()
    least = len(low) * low.max() - np.minimum(high, low.max()).sum()
    return max(0.0, float(least) / largest), min(1.0, float(most) / largest)
