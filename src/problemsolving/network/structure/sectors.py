"""Sectors: whether ties stay within them, and who brings them together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from problemsolving.network.structure.stacks import Floats, ratio

ROLES = ("coordinator", "itinerant", "gatekeeper", "representative", "liaison")


def same_sector(codes: NDArray[np.int64]) -> Floats:
    """Tell which pairs are of one sector, as 0 and 1.

    >>> same_sector(np.array([0, 0, 1])).tolist()
    [[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    return (codes[..., :, None] == codes[..., None, :]).astype(float)


def ei_index(ties: Floats, codes: NDArray[np.int64]) -> Floats:
    """Measure whether ties lead out of sectors or stay within: (external - internal) / all.

    Parameters
    ----------
    ties : array, shape (..., n, n)
        0 and 1, or weights; rows send.
    codes : array of int, shape (n,) or (..., n)
        Sector of each agency.

    Returns
    -------
    array
        -1 (all within) to 1 (all between); NaN without ties.

    Notes
    -----
    Few agencies a sector make it high by themselves: compare with what chance gives (`ei_by_chance`). Do not read a value
    of 0 as balance.

    References
    ----------
    Krackhardt D, Stern RN (1988) Informal networks and organizational crises. Soc Psychol Q 51:123. doi:10.2307/2786835

    Examples
    --------
    >>> ties = np.array([[0, 1, 1], [0, 0, 1], [0, 0, 0]], float)
    >>> round(float(ei_index(ties, np.array([0, 0, 1]))), 3)
    0.333
    """
    total = ties.sum(axis=(-1, -2))
    within = (ties * same_sector(codes)).sum(axis=(-1, -2))
    return 1 - 2 * ratio(within, total)


def ei_by_chance(
    ties: Floats, codes: NDArray[np.int64], *, n_resamples: int = 999, rng: np.random.Generator | None = None
) -> tuple[float, Floats]:
    """Deal the sectors anew among the agencies, the ties as they are.

    Parameters
    ----------
    ties : array, shape (n, n)
        0 and 1.
    codes : array of int, shape (n,)
        Sector of each agency.
    n_resamples : int
        Number of deals.
    rng : numpy.random.Generator, optional
        Source of randomness.

    Returns
    -------
    p : float
        Two-sided: share of deals as far from their mean as what was seen, itself included.
    by_chance : array, shape (n_resamples,)
        The E-I index of each deal.

    Notes
    -----
    Do not read a small p as a wish of agencies to keep to themselves: sectors may simply have more to do with each other.

    Examples
    --------
    >>> pairs = np.kron(np.eye(4), [[0.0, 1.0], [1.0, 0.0]])
    >>> p, by_chance = ei_by_chance(pairs, np.repeat([0, 1], 4), rng=np.random.default_rng(1))
    >>> p < 0.2, by_chance.shape
    (True, (999,))
    """
    rng = np.random.default_rng() if rng is None else rng
    deals = codes[rng.permuted(np.tile(np.arange(len(codes)), (n_resamples, 1)), axis=1)]
    found, seen = ei_index(ties, deals), float(ei_index(ties, codes))
    if np.isnan(seen):
        return float("nan"), found
    away = np.abs(found - found.mean()) >= abs(seen - found.mean()) - 1e-12
    return (1 + int(away.sum())) / (1 + n_resamples), found


def brokerage_roles(arcs: Floats, codes: NDArray[np.int64], *, directed: bool) -> Floats:
    """Count in which role each agency stands between two that have no tie of their own (Gould and Fernandez).

    Answers: who brings agencies together, within a sector and between sectors?

    Parameters
    ----------
    arcs : array, shape (..., n, n)
        0 and 1, rows send.
    codes : array of int, shape (n,) or (..., n)
        Sector of each agency.
    directed : bool
        Whether ties have a direction.

    Returns
    -------
    array, shape (..., n, 5)
        Coordinator (all three of one sector), itinerant broker or consultant (the two of one sector, the broker of
        another), gatekeeper (from outside into the broker's sector), representative (from the broker's sector to outside),
        liaison (all of different sectors).

    Notes
    -----
    A broker stands on a way of two arcs, from a sender to the broker to a receiver, where the sender has no arc to the
    receiver. Where ties have no direction, each pair counts once in its role; gatekeeper and representative are then the
    same pairs. Do not compare agencies of sectors with very different numbers of agencies: chance alone gives them
    different counts.

    References
    ----------
    Gould RV, Fernandez RM (1989) Structures of mediation: a formal approach to brokerage in transaction networks. Sociol
    Methodol 19:89. doi:10.2307/270949

    Examples
    --------
    >>> way = np.array([[0, 1, 0], [0, 0, 1], [0, 0, 0]], float)
    >>> brokerage_roles(way, np.array([0, 1, 1]), directed=True)[1].tolist()
    [0.0, 0.0, 1.0, 0.0, 0.0]
    """
    n, same = arcs.shape[-1], same_sector(codes)
    apart = (1 - (arcs > 0)) * (1 - np.eye(n))
    inside, across = arcs * same, arcs * (1 - same)

    def ways(to: Floats, pairs: Floats, on: Floats) -> Floats:
        return ((to.swapaxes(-1, -2) @ pairs) * on).sum(axis=-1)

    found = np.stack(
        [
            ways(inside, apart, inside),
            ways(across, apart * same, across),
            ways(across, apart, inside),
            ways(inside, apart, across),
            ways(across, apart * (1 - same), across),
        ],
        axis=-1,
    )
    return found if directed else found * np.array([0.5, 0.5, 1.0, 1.0, 0.5])
