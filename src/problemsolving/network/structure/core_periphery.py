"""Core and periphery (Borgatti and Everett): which agencies hold the network together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from problemsolving.network.structure.stacks import Floats

Bools = NDArray[np.bool_]

EXACT = 20  # agencies up to which every core is tried


@dataclass(frozen=True)
class Core:
    """A core, its correlation with the ideal pattern (-1 to 1; NaN where nothing correlates) and how it was found."""

    members: Bools
    correlation: float
    search: str


def core_correlation(ties: Floats, members: Bools) -> Floats:
    """Correlate ties with the ideal pattern: a tie wherever one of the two agencies is in the core.

    Parameters
    ----------
    ties : array, shape (..., n, n)
        Symmetric, 0 and 1.
    members : array of bool, shape (..., n)
        Who is in the core.

    Returns
    -------
    array
        Pearson correlation over pairs, -1 to 1; NaN where ties or pattern do not vary.

    Examples
    --------
    >>> star = np.zeros((4, 4))
    >>> star[0, 1:] = star[1:, 0] = 1
    >>> float(core_correlation(star, np.array([True, False, False, False])))
    1.0
    """
    n, outside = ties.shape[-1], 1.0 - np.asarray(members, float)
    tied = ties.sum(axis=(-1, -2)) / 2
    among = ((ties @ outside[..., None])[..., 0] * outside).sum(axis=-1) / 2
    return _correlation(n * (n - 1) / 2, tied, among, outside.sum(axis=-1))


def _correlation(pairs: float, tied: Floats, among: Floats, outside: Floats) -> Floats:
    """Pearson correlation, given ties, ties among the periphery and its size."""
    ideal = pairs - outside * (outside - 1) / 2
    spread = tied * (pairs - tied) * ideal * (pairs - ideal)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(spread > 0, ((tied - among) * pairs - tied * ideal) / np.sqrt(spread), np.nan)


def find_core(ties: Floats, *, rng: np.random.Generator | None = None, n_starts: int = 20) -> Core:
    """Find the core that fits best.

    Answers: which agencies work with each other and with the rest, while the rest hardly work with each other?

    Parameters
    ----------
    ties : array, shape (n, n)
        Symmetric, 0 and 1.
    rng : numpy.random.Generator, optional
        Source of randomness for the starts beyond 20 agencies.
    n_starts : int
        Random starts beyond 20 agencies.

    Returns
    -------
    Core
        With the search: "every core tried" up to 20 agencies, else "best of climbs from several starts", which may
        miss the best. Of cores that fit equally well the one with the fewest agencies is given, the first in the order of
        the rows.

    Notes
    -----
    The best correlation is seldom 0 even in a network without a core: compare with what drawn networks give. Do not use
    where the network has several clusters with a core each.

    References
    ----------
    Borgatti SP, Everett MG (2000) Models of core/periphery structures. Soc Networks 21:375.
    doi:10.1016/S0378-8733(99)00019-2

    Examples
    --------
    >>> star = np.zeros((4, 4))
    >>> star[0, 1:] = star[1:, 0] = 1
    >>> find_core(star).members.tolist(), find_core(star).search
    ([True, False, False, False], 'every core tried')
    """
    if len(ties) <= EXACT:
        return _tried(ties)
    rng = np.random.default_rng(0) if rng is None else rng
    starts = [cores_by_degree(ties[None])[0], *(rng.random((n_starts, len(ties))) < 0.3)]
    climbed = [_climb(ties, start) for start in starts]
    best = max(climbed, key=lambda found: (round(found[1], 12), -int(found[0].sum())))
    members, fit = best if best[1] > -np.inf else (np.zeros(len(ties), bool), np.nan)
    return Core(members, float(fit), "best of climbs from several starts")


def _tried(ties: Floats) -> Core:
    """Try every core: ties among each possible periphery are counted by adding one agency after another."""
    n = len(ties)
    beside = [int(sum(1 << at for at in np.flatnonzero(row))) for row in ties]
    among, size = np.zeros(1, np.int32), np.zeros(1, np.int32)
    for at in range(n):
        subsets = np.arange(1 << at, dtype=np.uint32)
        more = np.bitwise_count(subsets & np.uint32(beside[at] & ((1 << at) - 1))).astype(np.int32)
        among, size = np.concatenate([among, among + more]), np.concatenate([size, size + 1])
    pairs = n * (n - 1) / 2
    fits = np.asarray(_correlation(pairs, np.array(ties.sum() / 2), among.astype(float), size.astype(float)))
    if np.isnan(fits).all():
        return Core(np.zeros(n, bool), float("nan"), "every core tried")
    good = np.flatnonzero(fits >= np.nanmax(fits) - 1e-12)
    good = good[size[good] == size[good].max()]
    outside = int(max(good, key=lambda subset: tuple(int(subset) >> at & 1 == 0 for at in range(n))))
    members = np.array([outside >> at & 1 == 0 for at in range(n)])
    return Core(members, float(fits[outside]), "every core tried")


def cores_by_degree(ties: Floats) -> Bools:
    """Give for each network the best core among the agencies with most ties, however many.

    Parameters
    ----------
    ties : array, shape (draws, n, n)
        Symmetric, 0 and 1.

    Notes
    -----
    Fast enough for drawn networks; equal numbers of ties are told apart by the order of the rows. Do not use for the
    network itself, where `find_core` searches more.

    References
    ----------
    Lip SZW (2011) A fast algorithm for the discrete core/periphery bipartitioning problem. arXiv:1102.5511.

    Examples
    --------
    >>> star = np.zeros((1, 4, 4))
    >>> star[0, 0, 1:] = star[0, 1:, 0] = 1
    >>> cores_by_degree(star).tolist()
    [[True, False, False, False]]
    """
    draws, n, _ = ties.shape
    order = np.argsort(-ties.sum(axis=-1), axis=-1, kind="stable")
    sorted_ties = np.take_along_axis(np.take_along_axis(ties, order[:, :, None], 1), order[:, None, :], 2)
    after = np.triu(sorted_ties, 1)[:, ::-1].sum(axis=-1).cumsum(axis=-1)[:, ::-1]  # ties among this one and later ones
    among = np.concatenate([after[:, 1:], np.zeros((draws, 1))], axis=1)
    tied = ties.sum(axis=(-1, -2))[:, None] / 2
    fits = _correlation(n * (n - 1) / 2, tied, among, np.arange(n - 1, -1, -1.0)[None])
    best = np.nan_to_num(fits, nan=-2.0).argmax(axis=-1)
    found = np.zeros((draws, n), bool)
    np.put_along_axis(found, order, np.arange(n)[None] <= best[:, None], axis=-1)
    return found


def _climb(ties: Floats, start: Bools) -> tuple[Bools, float]:
    """Move one agency, or swap two, as long as the fit gets better."""
    n, members = len(ties), start.copy()
    fit = float(np.nan_to_num(core_correlation(ties, members), nan=-np.inf))
    while True:
        single = members ^ np.eye(n, dtype=bool)
        first, second = np.meshgrid(np.flatnonzero(members), np.flatnonzero(~members), indexing="ij")
        swapped = np.repeat(members[None], first.size, axis=0)
        swapped[np.arange(first.size), first.ravel()] = False
        swapped[np.arange(first.size), second.ravel()] = True
        moves = np.concatenate([single, swapped])
        fits = np.nan_to_num(core_correlation(ties, moves), nan=-np.inf)
        best = int(fits.argmax())
        if fits[best] <= fit + 1e-12:
            return members, fit
        members, fit = moves[best], float(fits[best])
