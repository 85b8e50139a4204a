"""Networks drawn at random that keep every agency's number of ties: many at once, many swaps at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from problemsolving.errors import NetworkError

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
ACTIVE = 0.9  # share of pairs of ties that propose a swap; below 1, so that any one swap can happen alone
FEW, TURN_EVERY = 50, 8  # with more agencies, rounds between attempts to turn three arcs in a ring round
SPARE = 16  # places in the table for each tie
BLOCK = 4_000_000  # numbers held at once


class Rewired(NamedTuple):
    """Ends of the ties of each network drawn, and swaps made in each."""

    first: Ints  # networks × ties
    second: Ints
    swaps: Ints  # networks


def rewire(
    first: ArrayLike,
    second: ArrayLike,
    *,
    n: int,
    directed: bool,
    n_networks: int = 1,
    swaps_per_tie: float = 20.0,
    rng: np.random.Generator | None = None,
) -> Rewired:
    """Draw networks with the same number of ties of each agency, uniformly, by swaps of the ends of two ties.

    Parameters
    ----------
    first, second : array_like of int, shape (m,)
        Ends of each tie, 0 to n - 1; senders and receivers where ties have a direction. Each tie once, none to itself.
    n : int
        Agencies.
    directed : bool
        Whether ties have a direction: ties sent and received are then both kept.
    n_networks : int
        Networks to draw, each from a chain of its own.
    swaps_per_tie : float
        Swaps tried for each tie. With fewer than 10 the networks may still be like the one given.
    rng : numpy.random.Generator, optional
        Source of randomness.

    Returns
    -------
    Rewired
        Arrays of networks × ties.

    Raises
    ------
    NetworkError
        For ties to itself, twice, or of agencies that are not there.

    Notes
    -----
    All ties are paired at random, and nine in ten pairs propose to swap ends. A pair swaps where both its old and both its new
    ties stand once in the list of all ties and all proposals; that list is the same before and after, so each step is as
    likely as the step back and every network with these degrees equally likely in the end. A table of hashed ties finds
    doubles; ties that meet there by chance stay for a round, which changes nothing of this. Swaps cannot turn a ring of three
    arcs round, so that this is tried as well where ties have a direction.

    Do not use for networks with weights: they are lost. Do not compare networks where everyone has a tie with everyone.

    References
    ----------
    Fosdick BK, Larremore DB, Nishimura J, Ugander J (2018) Configuring random graph models with fixed degree sequences.
    SIAM Review 60:315. doi:10.1137/16M1087175

    Examples
    --------
    >>> drawn = rewire([0, 2, 4], [1, 3, 5], n=6, directed=False, n_networks=4, rng=np.random.default_rng(1))
    >>> sorted(drawn.first[0].tolist() + drawn.second[0].tolist())
    [0, 1, 2, 3, 4, 5]
    """
    rng = np.random.default_rng() if rng is None else rng
    tails, heads = np.asarray(first, np.int64), np.asarray(second, np.int64)
    _check(tails, heads, n, directed)
    order = np.lexsort([heads, tails]) if directed else np.lexsort([np.maximum(tails, heads), np.minimum(tails, heads)])
    step = max(1, BLOCK // max(1, SPARE * 2 * len(tails)))
    parts = [
        _chains(tails[order], heads[order], n, directed, min(step, n_networks - start), swaps_per_tie, rng)
        for start in range(0, n_networks, step)
    ]
    return Rewired(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def _check(tails: Ints, heads: Ints, n: int, directed: bool) -> None:
    faults = []
    if tails.shape != heads.shape or tails.ndim != 1:
        faults.append("give as many first as second ends")
    else:
        ends = np.concatenate([tails, heads])
        if len(ends) and (ends.min() < 0 or ends.max() >= n):
            faults.append("ends must be numbers from 0 to n - 1")
        if (tails == heads).any():
            faults.append("leave out ties of an agency to itself")
        if len(np.unique(_keys(tails, heads, n, directed))) < len(tails):
            faults.append("give each tie once")
    if faults:
        raise NetworkError("ties cannot be swapped", faults=faults)


def _keys(tails: Ints, heads: Ints, n: int, directed: bool) -> Ints:
    if directed:
        return tails * n + heads
    return np.minimum(tails, heads) * n + np.maximum(tails, heads)


def _chains(
    tails: Ints, heads: Ints, n: int, directed: bool, chains: int, swaps_per_tie: float, rng: np.random.Generator
) -> tuple[Ints, Ints, Ints]:
    """Run so many chains from one network; ties × chains within, each chain with its ties in an order of its own."""
    places = rng.permuted(np.broadcast_to(np.arange(len(tails))[:, None], (len(tails), chains)), axis=0)
    first, second = tails[places], heads[places]
    swaps = np.zeros(chains, np.int64)
    for number in range(int(np.ceil(2 * swaps_per_tie / ACTIVE)) if len(tails) > 1 else 0):
        swaps += _round(first, second, n, directed, rng)
        if directed and (n <= FEW or number % TURN_EVERY == 0):
            _turn_rings(first, second, n, rng)
    return first.T, second.T, swaps


def _round(first: Ints, second: Ints, n: int, directed: bool, rng: np.random.Generator) -> Ints:
    """Swap ends of random pairs of ties, in place; give the swaps made in each chain.

    The pairs are the same places in all chains. As each has its ties in an order of its own, and a step between given places is
    as likely as the step back, chains do not depend on each other for it.
    """
    size, chains = first.shape
    half = size // 2
    order = rng.permutation(size)
    one, other = order[:half], order[half : 2 * half]
    a, b, c, d = first[one], second[one], first[other], second[other]
    drawn = rng.integers(256, size=a.shape, dtype=np.uint8)
    if not directed:
        turned = (drawn & 1).astype(bool)
        c, d = np.where(turned, d, c), np.where(turned, c, d)
    tries = (drawn < ACTIVE * 256) & (a != d) & (c != b)  # the last bit says nothing of the size: 230 is even
    width, place = _table(n, size, rng)
    chain = width * np.arange(chains)
    own = place(_keys(first, second, n, directed)) + chain
    new = [place(_keys(*ends, n, directed)) + chain for ends in ((a, d), (c, b))]
    listed = [np.where(tries, keys, width * chains) for keys in new]
    count = np.bincount(np.concatenate([own, *listed]).ravel(), minlength=width * chains + 1)
    count[-1] = 0
    made = (count[listed[0]] == 1) & (count[listed[1]] == 1) & (count[own[one]] == 1) & (count[own[other]] == 1)
    second[one] = np.where(made, d, b)
    first[other] = np.where(made, c, first[other])
    second[other] = np.where(made, b, second[other])
    return made.sum(axis=0)


def _table(n: int, size: int, rng: np.random.Generator) -> tuple[int, Callable[[Ints], Ints]]:
    """Give the width of a chain's table of ties and the function that finds a tie's place in it."""
    bits = int(np.ceil(np.log2(SPARE * 2 * size)))
    if n * n <= 2**bits:
        return n * n, lambda keys: keys
    odd = np.uint64(int(rng.integers(2**62)) * 2 + 1)
    shift = np.uint64(64 - bits)
    return 2**bits, lambda keys: ((keys.view(np.uint64) * odd) >> shift).view(np.int64)


def _turn_rings(first: Ints, second: Ints, n: int, rng: np.random.Generator) -> None:
    """Turn a ring of three arcs round, where a random arc and a random third agency make one; in place."""
    size, chains = first.shape
    every, at, c = np.arange(chains), rng.integers(size, size=(chains,)), rng.integers(n, size=(chains,))
    a, b = first[at, every], second[at, every]
    onward, back = (first == b) & (second == c), (first == c) & (second == a)
    against = ((first == b) & (second == a)) | ((first == c) & (second == b)) | ((first == a) & (second == c))
    ring = onward.any(axis=0) & back.any(axis=0) & ~against.any(axis=0)
    for chain in np.flatnonzero(ring).tolist():
        for place in (int(at[chain]), int(onward[:, chain].argmax()), int(back[:, chain].argmax())):
            held = int(first[place, chain])
            first[place, chain], second[place, chain] = second[place, chain], held


def curveball(
    biadjacency: ArrayLike,
    *,
    n_networks: int = 1,
    trades_per_row: float = 20.0,
    rng: np.random.Generator | None = None,
) -> Bools:
    """Draw tables of people and agencies that keep every person's and every agency's number of ties, uniformly (Curveball).

    Parameters
    ----------
    biadjacency : array_like of 0 and 1, shape (r, c)
        People × agencies, or the other way round.
    n_networks : int
        Tables to draw, each from a chain of its own.
    trades_per_row : float
        Trades of each row of the shorter side.
    rng : numpy.random.Generator, optional
        Source of randomness.

    Returns
    -------
    ndarray of bool, shape (n_networks, r, c)

    Raises
    ------
    NetworkError
        For anything but 0 and 1 in two dimensions.

    Notes
    -----
    All rows of the shorter side are paired at random; each pair deals out anew what only one of the two has. Do not use with
    few trades: the tables are then like the one given.

    References
    ----------
    Strona G, Nappo D, Boccacci F, Fattorini S, San-Miguel-Ayanz J (2014) A fast and unbiased procedure to randomize ecological
    binary matrices with fixed row and column totals. Nat Commun 5:4114. doi:10.1038/ncomms5114

    Examples
    --------
    >>> drawn = curveball([[1, 0, 0], [0, 1, 1]], n_networks=3, rng=np.random.default_rng(1))
    >>> drawn.sum(axis=2).tolist(), drawn.sum(axis=1).tolist()
    ([[1, 2], [1, 2], [1, 2]], [[1, 1, 1], [1, 1, 1], [1, 1, 1]])
    """
    rng = np.random.default_rng() if rng is None else rng
    given = np.asarray(biadjacency)
    if given.ndim != 2 or not np.isin(given, (0, 1)).all():
        raise NetworkError("a table of people and agencies must have two dimensions and hold 0 and 1 alone")
    wide = given.shape[0] > given.shape[1]
    rows = given.T.astype(bool) if wide else given.astype(bool)
    drawn = np.tile(rows, (n_networks, 1, 1))
    for _ in range(int(np.ceil(trades_per_row)) if len(rows) > 1 else 0):
        _trade(drawn, rng)
    return drawn.swapaxes(1, 2) if wide else drawn


def _trade(drawn: Bools, rng: np.random.Generator) -> None:
    """Let all rows trade in random pairs, in place, a block of pairs at a time."""
    networks, rows, columns = drawn.shape
    flat = drawn.reshape(-1, columns)
    places = (
        rng.permuted(np.broadcast_to(np.arange(rows), (networks, rows)), axis=1) + rows * np.arange(networks)[:, None]
    )
    ones, others = places[:, : rows // 2].ravel(), places[:, rows // 2 : 2 * (rows // 2)].ravel()
    step = max(1, BLOCK // columns)
    for start in range(0, len(ones), step):
        one, other = ones[start : start + step], others[start : start + step]
        a, b = flat[one], flat[other]
        apart = a ^ b
        order = np.argsort(np.where(apart, rng.random(apart.shape), 2.0), axis=1)
        dealt = np.zeros_like(a)
        np.put_along_axis(dealt, order, np.arange(columns) < (a & ~b).sum(axis=1)[:, None], axis=1)
        flat[one], flat[other] = (a & b) | dealt, (a & b) | (apart & ~dealt)
