"""Counts of many places whose own rates differ in any way: the mixture of Poissons that makes the counts most likely."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from problemsolving.stats.gamma_poisson import add_up, check_places

Floats = NDArray[np.float64]

STEPS = 100  # of the EM algorithm; what places are to expect then no longer changes to two decimals
SPACING, REACH = 0.15, 1.2  # of the grid and around each rate, in roots of a count, whose standard deviation is 0.5


@dataclass(frozen=True, kw_only=True)
class RateMixture:
    """Rates on a ``grid`` and the ``shares`` of places that have them, one row a set of weights."""

    grid: Floats
    shares: Floats

    def _chances(self, counts: ArrayLike, exposure: ArrayLike) -> Floats:
        """How likely each rate is for each place, given its count: sets × places × grid."""
        likely = _likelihood(np.asarray(counts, float), np.asarray(exposure, float), self.grid)
        joint = self.shares[:, None, :] * likely[None, :, :]
        return joint / np.maximum(joint.sum(axis=2, keepdims=True), 1e-300)

    def expected(self, counts: ArrayLike, exposure: ArrayLike = 1.0) -> Floats:
        """Give the rate each place is to have, given its count: sets × places."""
        likely = _likelihood(np.asarray(counts, float), np.asarray(exposure, float), self.grid)
        return (self.shares * self.grid) @ likely.T / np.maximum(self.shares @ likely.T, 1e-300)

    def draw(
        self, counts: ArrayLike, exposure: ArrayLike, rng: np.random.Generator, *, times: ArrayLike = 1.0
    ) -> Floats:
        """Draw the rates that places may have, given their counts; ``times`` places alike: the sum of their rates."""
        often = np.broadcast_to(np.asarray(times, float).astype(int), np.shape(counts))
        at_risk = np.broadcast_to(np.asarray(exposure, float), np.shape(counts))
        columns = [
            rng.multinomial(many, self._chances([count], [time])[:, 0, :]) @ self.grid
            for count, time, many in zip(np.asarray(counts, float), at_risk, often, strict=True)
        ]
        return np.stack(columns, axis=1)

    def log_likelihood(self, counts: ArrayLike, exposure: ArrayLike = 1.0) -> Floats:
        """Give the log-likelihood of the counts, one a set of weights."""
        seen = np.asarray(counts, float)
        logs = _logs(seen, np.asarray(exposure, float), self.grid)
        highest = logs.max(axis=1)
        likely = np.exp(logs - highest[:, None])
        return np.asarray((np.log(np.maximum(self.shares @ likely.T, 1e-300)) + highest).sum(axis=1))


def fit_rate_mixture(counts: ArrayLike, *, exposure: ArrayLike = 1.0, weights: ArrayLike | None = None) -> RateMixture:
    """Fit how the rates of places differ, whatever the shape, for one or many sets of weights at once.

    Answers: how much of the difference between places is theirs, how much chance, with no shape taken for granted?

    Parameters
    ----------
    counts : array_like, shape (n,)
        Events a place, 0 or more, at least one event.
    exposure : array_like, scalar or shape (n,)
        Residents or time of each place, above 0.
    weights : array_like, shape (n,) or (sets, n), optional
        How often each place counts (a bootstrap); once each when not given.

    Returns
    -------
    RateMixture
        In events a unit of exposure.

    Raises
    ------
    ValueError
        For a missing or negative count, no events or an exposure of 0 or less.

    Notes
    -----
    Nonparametric maximum likelihood by EM on a grid between the lowest and the highest rate seen, from equal shares,
    stopped after 100 steps. Unlike a gamma distribution it does not shrink the few highest too far where rates have a
    long upper tail, as those of places and people do.

    References
    ----------
    Kiefer J, Wolfowitz J (1956) Consistency of the maximum likelihood estimator. Ann Math Stat 27:887.
    Laird N (1978) Nonparametric maximum likelihood estimation of a mixing distribution. JASA 73:805.

    Examples
    --------
    Half of the places have about 1, half about 50: a count is hardly moved to the mean of all.

    >>> fit_rate_mixture([1, 0, 2, 1, 49, 51, 50, 48]).expected([1, 50]).round().tolist()
    [[1.0, 49.0]]
    """
    seen, time_at_risk, often = check_places(counts, exposure, weights)
    pairs, inverse = np.unique(np.stack([seen, time_at_risk]), axis=1, return_inverse=True)
    rates = pairs[0] / pairs[1]
    grid = _grid(rates, float(np.median(time_at_risk)))
    likely = _likelihood(pairs[0], pairs[1], grid)
    held = add_up(often, np.ravel(inverse))
    held = held / held.sum(axis=1, keepdims=True)
    shares = np.full((len(held), len(grid)), 1 / len(grid))
    for _ in range(STEPS):
        shares = shares * ((held / np.maximum(shares @ likely.T, 1e-300)) @ likely)
    return RateMixture(grid=grid, shares=shares / shares.sum(axis=1, keepdims=True))


def _grid(rates: Floats, exposure: float) -> Floats:
    """Lay a grid over the rates seen, evenly in the root of the count that each means, without the gaps between them."""
    roots = np.sort(np.sqrt(np.maximum(rates, 1e-4 * rates.max()) * exposure))
    points = np.linspace(roots[0], roots[-1], max(round((roots[-1] - roots[0]) / SPACING) + 1, 2))
    above = np.searchsorted(roots, points)
    near = np.minimum(
        np.abs(points - roots[np.maximum(above - 1, 0)]), np.abs(roots[np.minimum(above, len(roots) - 1)] - points)
    )
    return points[near < REACH] ** 2 / exposure


def _logs(counts: Floats, exposure: Floats, grid: Floats) -> Floats:
    time_at_risk = np.broadcast_to(exposure, counts.shape)
    return np.asarray(stats.poisson.logpmf(counts[:, None], time_at_risk[:, None] * grid[None, :]))


def _likelihood(counts: Floats, exposure: Floats, grid: Floats) -> Floats:
    """Likelihood of each count (rows) at each rate (columns), as a share of its highest."""
    logs = _logs(counts, exposure, grid)
    return np.asarray(np.exp(logs - logs.max(axis=1, keepdims=True)))
