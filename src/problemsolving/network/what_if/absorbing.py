"""Absorbing Markov chains on plain arrays, one or many at once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from problemsolving.errors import NotEstimableError

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]

_SLACK = 1e-9  # by which shares of a row may miss 1
_SETTLED, _ROUNDS = 1e-12, 20_000  # of the flow under caps: relative change, rounds at most


class Absorbed(NamedTuple):
    """Expected visits, from each state (rows) to each; expected steps from each; shares of the exits from each."""

    visits: Floats
    steps: Floats
    shares: Floats


def absorbing_chain(within: ArrayLike, out: ArrayLike) -> Absorbed:
    """Expected visits, steps and exit shares of an absorbing Markov chain.

    Answers: from each place, how often is each other place expected to be visited before the journey ends, how long is
    the journey, and by which exit does it end?

    Parameters
    ----------
    within : array_like, shape (..., n, n)
        Probability of a step from each state (row) to each state; 0 to 1.
    out : array_like, shape (..., n, m)
        Probability of a step from each state to each exit; rows of both together add up to 1.

    Returns
    -------
    Absorbed
        ``visits`` (N, shape (..., n, n), the first one included), ``steps`` (t, shape (..., n), visits until the end)
        and ``shares`` (B, shape (..., n, m), adding up to 1).

    Raises
    ------
    ValueError
        For shapes that do not fit, or rows that are negative or do not add up to 1.
    NotEstimableError
        When a state reaches no exit.

    Notes
    -----
    N = (I - Q)^-1, t = N 1, B = N R. Do not use where the next step depends on more than the present state.

    References
    ----------
    Kemeny JG, Snell JL (1960) Finite Markov chains. Van Nostrand.
    Grinstead CM, Snell JL (1997) Introduction to probability, chapter 11. American Mathematical Society.

    Examples
    --------
    A coin decides at each visit whether the journey ends: two visits are expected.

    >>> found = absorbing_chain([[0.5]], [[0.5]])
    >>> found.visits.tolist(), found.steps.tolist(), found.shares.tolist()
    ([[2.0]], [2.0], [[1.0]])
    """
    inside, exits = np.asarray(within, float), np.asarray(out, float)
    if inside.ndim < 2 or inside.shape[-1] != inside.shape[-2] or exits.shape[:-1] != inside.shape[:-1]:
        raise ValueError("within must be square, and out have as many rows")
    rows = inside.sum(axis=-1) + exits.sum(axis=-1)
    if not ((inside >= 0).all() and (exits >= 0).all() and np.allclose(rows, 1, atol=_SLACK, rtol=0)):
        raise ValueError("probabilities of each row must be 0 or more and add up to 1, exits included")
    if not reaches_exit(inside, exits).all():
        raise NotEstimableError("a state reaches no exit, so that a journey from it would never end")
    return solve_chain(inside, exits)


def reaches_exit(within: ArrayLike, out: ArrayLike) -> Booleans:
    """Tell from which states an exit can be reached.

    >>> reaches_exit([[0.0, 0.5], [0.0, 1.0]], [[0.5], [0.0]]).tolist()
    [True, False]
    """
    links = np.asarray(np.asarray(within) > 0)
    can = np.asarray((np.asarray(out) > 0).any(axis=-1))
    for _ in range(links.shape[-1]):
        more = np.asarray(can | (links & can[..., None, :]).any(axis=-1))
        if (more == can).all():
            break
        can = more
    return np.asarray(can)


def solve_chain(within: Floats, out: Floats) -> Absorbed:
    """Solve chains whose rows may add up to less than 1; one with a state that reaches no exit is missing whole."""
    lost = np.asarray(~reaches_exit(within, out).all(axis=-1))
    inside = np.where(lost[..., None, None], 0.0, within)
    inverse = np.linalg.inv(np.eye(within.shape[-1]) - inside)
    visits: Floats = np.where(lost[..., None, None], np.nan, np.maximum(inverse, 0.0))
    return Absorbed(visits, np.asarray(visits.sum(axis=-1)), np.asarray(visits @ out))


def capped_visits(entries: Floats, within: Floats, visits: Floats, most: Floats) -> Floats:
    """Visits where some states take no more than so many: v = min(most, entries + v P), the largest that holds.

    Parameters
    ----------
    entries : array, shape (..., n)
        Journeys that start at each state.
    within : array, shape (..., n, n)
        Probability of each step.
    visits : array, shape (..., n)
        Visits without any cap.
    most : array, shape (n,)
        Visits a state can take; infinite where it has no cap. Who is not taken goes no further.

    Examples
    --------
    Of ten who start, each visit leads to another one half of the time; eight visits can be taken.

    >>> one = capped_visits(np.array([10.0]), np.array([[0.5]]), np.array([20.0]), np.array([8.0]))
    >>> one.tolist()
    [8.0]
    """
    taken = np.minimum(visits, most)
    if np.isinf(most).all():
        return taken
    for _ in range(_ROUNDS):
        following = np.minimum(entries + (taken[..., None, :] @ within)[..., 0, :], most)
        change = np.abs(following - taken)
        taken = following
        if not (change > _SETTLED * np.maximum(taken, 1.0)).any():
            return taken
    raise NotEstimableError("the flow under the caps does not settle: journeys hardly ever end")
