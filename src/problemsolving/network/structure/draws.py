"""Networks drawn anew: cases over arcs where cases are known, agencies where agencies were asked."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

AT_ONCE = 100  # networks held in memory together


def in_parts(n_resamples: int) -> Iterator[int]:
    """Give how many draws to make at once, until all are made.

    >>> list(in_parts(250))
    [100, 100, 50]
    """
    for start in range(0, n_resamples, AT_ONCE):
        yield min(AT_ONCE, n_resamples - start)


def unseen_mass(counts: Floats) -> tuple[Floats, float, int]:
    """Estimate the chances of arcs, those not seen included.

    Parameters
    ----------
    counts : array, shape (k,)
        Cases of each possible arc.

    Returns
    -------
    chances : array, shape (k,)
        Of the arcs that were seen.
    unseen : float
        Chance that all arcs not seen have together, 0 to 1.
    arcs : int
        Over how many of them it is spread.

    Notes
    -----
    Drawing from the counts as they are would lose arcs with one case and find none: every drawn network would be
    thinner than the one seen. The share of cases on arcs not seen is estimated from arcs with one and with two cases
    (Good and Turing), their number by Chao's lower bound, and the chances of arcs with few cases are lowered in turn.
    Where no arc has one case only, nothing is unseen.

    References
    ----------
    Chao A, Gotelli NJ, Hsieh TC and others (2014) Rarefaction and extrapolation with Hill numbers. Ecol Monogr 84:45.
    doi:10.1890/13-0133.1

    Examples
    --------
    >>> chances, unseen, arcs = unseen_mass(np.array([5.0, 5.0, 0.0]))
    >>> chances.tolist(), unseen, arcs
    ([0.5, 0.5, 0.0], 0.0, 0)
    """
    total, free = counts.sum(), int((counts == 0).sum())
    shares = counts / total if total > 0 else counts
    once, twice = float((counts == 1).sum()), float((counts == 2).sum())
    if once == 0 or free == 0 or total < 2:
        return shares, 0.0, 0
    more = (total - 1) / total
    hidden = more * once**2 / (2 * twice) if twice else more * once * (once - 1) / 2
    rest = (total - 1) * once / ((total - 1) * once + 2 * twice) if twice else 1.0
    unseen = once / total * (rest if hidden else 0.0)
    weight = unseen / float((shares * (1 - shares) ** total).sum())
    return shares * (1 - weight * (1 - shares) ** total), unseen, min(int(np.ceil(hidden)), free) if hidden else 0


def draw_cases(counts: Floats, n_resamples: int, rng: np.random.Generator) -> Floats:
    """Draw all cases anew over the arcs (multinomial), arcs not seen included.

    Parameters
    ----------
    counts : array, shape (k,)
        Cases of each possible arc.
    n_resamples : int
        Number of draws.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    array, shape (n_resamples, k)
        Rows sum to the number of cases.

    Notes
    -----
    Do not use where cases come in groups, such as many referrals of one person: intervals are then too narrow.
    """
    chances, unseen, arcs = unseen_mass(counts)
    total = round(float(counts.sum()))
    if not unseen:
        return rng.multinomial(total, chances, size=n_resamples).astype(float)
    free = np.flatnonzero(counts == 0)
    drawn = rng.multinomial(total, np.append(chances, unseen) / (chances.sum() + unseen), size=n_resamples)
    found, new = drawn[:, :-1].astype(float), drawn[:, -1]
    spread = rng.multinomial(new, np.full(arcs, 1 / arcs))
    places = free[np.argsort(rng.random((n_resamples, len(free))), axis=1)[:, :arcs]]
    np.add.at(found, (np.arange(n_resamples)[:, None], places), spread)
    return found


def draw_agencies(ties: Floats, n_resamples: int, rng: np.random.Generator) -> tuple[Floats, NDArray[np.int64]]:
    """Draw agencies anew with all their ties (vertex bootstrap).

    Parameters
    ----------
    ties : array, shape (n, n)
        Rows send; NaN where not known.
    n_resamples : int
        Number of draws.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    drawn : array, shape (n_resamples, n, n)
        Between an agency and itself drawn again stands a pair taken at random, both directions together.
    agencies : array of int, shape (n_resamples, n)
        Which were drawn.

    Notes
    -----
    Do not read an interval from fewer than about ten agencies as more than a rough one.

    References
    ----------
    Snijders TAB, Borgatti SP (1999) Non-parametric standard errors and tests for network statistics.
    Connections 22:161.
    """
    n = len(ties)
    drawn = np.sort(rng.integers(n, size=(n_resamples, n)), axis=1)
    found = ties[drawn[:, :, None], drawn[:, None, :]]
    which, row, column = np.nonzero(np.triu(drawn[:, :, None] == drawn[:, None, :], 1))
    one = rng.integers(n, size=len(which))
    other = (one + rng.integers(1, n, size=len(which))) % n
    found[which, row, column], found[which, column, row] = ties[one, other], ties[other, one]
    found[:, np.arange(n), np.arange(n)] = 0.0
    return found, drawn
