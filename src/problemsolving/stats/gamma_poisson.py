"""Counts of many places whose own rates differ as a gamma distribution does: fitting, and what each is to expect."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse, special, stats

Floats = NDArray[np.float64]

MAX_STEPS = 60
STEADIEST = 1e7  # shape from which places do not differ


@dataclass(frozen=True, kw_only=True)
class GammaPoisson:
    """Mean rate and relative variance ``alpha`` of the rates of places (0: all alike), one entry a set of weights."""

    mean: Floats
    alpha: Floats

    def expected(self, counts: ArrayLike, exposure: ArrayLike = 1.0) -> Floats:
        """Give the rate each place is to have, given its count: weights × places.

        A mean of its own rate and the mean rate, the more of the latter the smaller its exposure.

        >>> fitted = GammaPoisson(mean=np.array([2.0]), alpha=np.array([0.5]))
        >>> fitted.expected([0, 2, 10]).round(6).tolist()  # half-way between count and mean
        [[1.0, 2.0, 6.0]]
        """
        mean, alpha = self.mean[:, None], self.alpha[:, None]
        return mean * (1 + alpha * np.asarray(counts, float)) / (1 + alpha * mean * np.asarray(exposure, float))

    def draw(
        self, counts: ArrayLike, exposure: ArrayLike, rng: np.random.Generator, *, times: ArrayLike = 1.0
    ) -> Floats:
        """Draw the rates that places may have, given their counts; ``times`` places alike: the sum of their rates."""
        expected = self.expected(counts, exposure)
        shape = np.asarray(counts, float) + 1 / np.maximum(self.alpha, 1 / STEADIEST)[:, None]
        return expected * rng.gamma(np.broadcast_to(shape * np.asarray(times, float), expected.shape)) / shape

    def log_likelihood(self, counts: ArrayLike, exposure: ArrayLike = 1.0) -> Floats:
        """Give the log-likelihood of the counts, one a set of weights."""
        usual = self.mean[:, None] * np.asarray(exposure, float)
        shape = 1 / np.maximum(self.alpha, 1 / STEADIEST)[:, None]
        logs = stats.nbinom.logpmf(np.asarray(counts, float), shape, shape / (shape + usual))
        return np.asarray(logs.sum(axis=1))


def fit_gamma_poisson(
    counts: ArrayLike, *, exposure: ArrayLike = 1.0, weights: ArrayLike | None = None
) -> GammaPoisson:
    """Fit how the rates of places differ, by maximum likelihood, for one or many sets of weights at once.

    Answers: how much of the difference between places is theirs, how much chance?

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
    GammaPoisson
        ``mean`` in events a unit of exposure; ``alpha`` is the squared coefficient of variation of the rates, 0 where
        the counts vary no more than chance.

    Raises
    ------
    ValueError
        For a missing or negative count, no events or an exposure of 0 or less.

    Notes
    -----
    Counts are then negative binomial with variance mean + alpha × mean². Do not use for places that are not
    comparable with each other: leave out stations, hospitals and other points that are no places.

    References
    ----------
    Clayton D, Kaldor J (1987) Empirical Bayes estimates of age-standardized relative risks. Biometrics 43:671.
    doi:10.2307/2532003

    Examples
    --------
    >>> fitted = fit_gamma_poisson([3, 3, 3, 3])
    >>> fitted.mean.tolist(), fitted.alpha.tolist()
    ([3.0], [0.0])
    """
    seen, time_at_risk, often = check_places(counts, exposure, weights)
    pairs, inverse = np.unique(np.stack([seen, time_at_risk]), axis=1, return_inverse=True)
    return _climb(pairs[0], pairs[1], add_up(often, np.ravel(inverse)))


def check_places(counts: ArrayLike, exposure: ArrayLike, weights: ArrayLike | None) -> tuple[Floats, Floats, Floats]:
    """Give counts, exposure and weights (sets × n) as arrays, or raise ``ValueError``."""
    seen = np.asarray(counts, float)
    if seen.ndim != 1 or not np.isfinite(seen).all() or (seen < 0).any() or not seen.sum() > 0:
        raise ValueError("counts must be one number of 0 or more a place, with at least one event")
    time_at_risk = np.broadcast_to(np.asarray(exposure, float), seen.shape)
    if not (np.isfinite(time_at_risk) & (time_at_risk > 0)).all():
        raise ValueError("exposure must be above 0")
    return seen, time_at_risk, np.atleast_2d(np.ones(len(seen)) if weights is None else np.asarray(weights, float))


def add_up(weights: Floats, place: np.ndarray) -> Floats:
    """Add up the weights of columns that fall into the same place."""
    into = sparse.csr_array((np.ones(len(place)), (np.arange(len(place)), place)))
    return np.asarray(weights @ into)


def _climb(y: Floats, exposure: Floats, weights: Floats) -> GammaPoisson:
    """Maximise the likelihood in mean and shape (1 / alpha), which carry no information on each other."""
    values, place = np.unique(y, return_inverse=True)
    by_value = add_up(weights, place)
    mean = (weights @ y) / (weights @ exposure)
    usual = mean[:, None] * exposure
    excess = (weights * ((y - usual) ** 2 - y)).sum(axis=1)  # the slope of the likelihood at alpha = 0
    live = np.flatnonzero((excess > 0) & (mean > 0))
    shape = np.full(len(mean), np.inf)
    shape[live] = np.clip((weights[live] * usual[live] ** 2).sum(axis=1) / excess[live], 1e-3, STEADIEST)
    for _ in range(MAX_STEPS):
        if not len(live):
            break
        a, w, expected = shape[live, None], weights[live], mean[live, None] * exposure
        share = w * a / (a + expected)
        up = (share * (y - expected)).sum(axis=1) / (share * expected).sum(axis=1)
        slope, bend = _shape_slopes(y, a, w, expected)
        gained, bent = _gamma_slopes(values, a, by_value[live])
        slope, bend = slope + gained, bend + bent + slope + gained
        step = np.clip(np.where(bend < 0, -slope / np.where(bend < 0, bend, 1.0), np.sign(slope)), -1.5, 1.5)
        mean[live] *= np.exp(np.clip(up, -1.0, 1.0))
        shape[live] = np.clip(shape[live] * np.exp(step), 1e-6, STEADIEST)
        live = live[(np.abs(up) > 1e-10) | ((np.abs(step) > 1e-9) & (shape[live] < STEADIEST))]
    return GammaPoisson(mean=mean, alpha=np.where(shape < STEADIEST, 1 / shape, 0.0))


def _shape_slopes(y: Floats, a: Floats, weights: Floats, expected: Floats) -> tuple[Floats, Floats]:
    """First and second derivative in the shape of the log-likelihood's plain part, times the shape and its square."""
    total = a + expected
    first = np.log(a / total) + (expected - y) / total
    second = expected / (a * total) - (expected - y) / total**2
    return (weights * first).sum(axis=1) * a[:, 0], (weights * second).sum(axis=1) * a[:, 0] ** 2


def _gamma_slopes(values: Floats, a: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """As `_shape_slopes`, of the part in gamma functions, which only counts decide."""
    first = special.digamma(values + a) - special.digamma(a)
    second = special.polygamma(1, values + a) - special.polygamma(1, a)
    return (weights * first).sum(axis=1) * a[:, 0], (weights * second).sum(axis=1) * a[:, 0] ** 2
