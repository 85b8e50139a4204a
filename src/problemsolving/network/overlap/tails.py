"""Exact tails of sums of binomial counts: how often so many, or more, would come about."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import fft, special, stats

Floats = NDArray[np.float64]
STEPS, CLOSE = 200, 1e-9  # of Newton's method, and how near the tilted mean must come
BLOCK = 2_000_000  # numbers held at once


class Tails(NamedTuple):
    """Probability of a count as large or larger, and of one as small or smaller; each as an array."""

    upper: Floats
    lower: Floats


def binomial_sum_tails(observed: ArrayLike, n: ArrayLike, p: ArrayLike) -> Tails:
    """Exact tails of a sum of independent binomial counts (Poisson-binomial of few distinct probabilities).

    Parameters
    ----------
    observed : array_like, shape (r,)
        Counts seen, 0 or more; NaN gives NaN.
    n : array_like, shape (k,) or (r, k)
        Trials of each group, whole numbers.
    p : array_like, shape (r, k)
        Probability of a success in each group, 0 to 1.

    Returns
    -------
    Tails
        ``upper`` P(X >= observed) and ``lower`` P(X <= observed), each of shape (r,).

    Raises
    ------
    ValueError
        For negative trials or probabilities beyond 0 and 1.

    Notes
    -----
    People of one group are alike, so that one power of its characteristic function stands for all of them: nothing is
    approximated by a normal or Poisson law. The distribution is tilted until its mean is what was seen, then turned back by
    a discrete Fourier transform over ten standard deviations and forty on either side; what lies beyond has a probability
    below 1e-24. Tails are right to about nine digits, however small. Do not use where people depend on each other.

    References
    ----------
    Hong Y (2013) On computing the distribution function for the Poisson binomial distribution. Comput Stat Data Anal 59:41.
    doi:10.1016/j.csda.2012.10.006

    Examples
    --------
    Two coins and a die that shows a six: two or more of three.

    >>> tails = binomial_sum_tails([2], [2, 1], [[1 / 2, 1 / 6]])
    >>> round(float(tails.upper[0]), 6), round(float(tails.lower[0]), 6)
    (0.333333, 0.958333)
    """
    seen, chance = np.asarray(observed, float), np.asarray(p, float)
    trials = np.broadcast_to(np.asarray(n, float), chance.shape)
    if (trials < 0).any() or not ((chance >= 0) & (chance <= 1)).all():
        raise ValueError("n must be 0 or more and p between 0 and 1")
    sure = np.where(chance == 1, trials, 0.0).sum(axis=1)
    trials = np.where((chance > 0) & (chance < 1), trials, 0.0)
    chance = np.where(trials > 0, chance, 0.25)
    left, most = np.round(seen - sure), trials.sum(axis=1)
    upper, lower = np.where(left <= 0, 1.0, 0.0), np.where(left >= most, 1.0, 0.0)
    inside = np.flatnonzero((left >= 0) & (left <= most) & (most > 0))
    for rows in _blocks(inside, trials, chance):
        upper[rows], lower[rows] = _tilted(left[rows], trials[rows], chance[rows])
    upper[np.isnan(seen)] = lower[np.isnan(seen)] = np.nan
    return Tails(upper, lower)


def hypergeometric_tails(shared: ArrayLike, first: ArrayLike, second: ArrayLike, n: float) -> Tails:
    """Exact tails of the people whom two lists share, were each a draw from ``n`` people.

    The null of statistically validated networks, and of backbones with fixed rows.

    Parameters
    ----------
    shared, first, second : array_like
        People on both lists and on each; NaN gives NaN.
    n : float
        People from whom the lists were drawn.

    Returns
    -------
    Tails
        P(X >= shared) and P(X <= shared).

    Notes
    -----
    Do not use as the only null where most people are known to one agency: it hides pairs that share more than chance.

    References
    ----------
    Tumminello M, Miccichè S, Lillo F, Piilo J, Mantegna RN (2011) Statistically validated networks in bipartite complex
    systems. PLoS ONE 6:e17994. doi:10.1371/journal.pone.0017994

    Examples
    --------
    >>> [round(float(tail), 6) for tail in hypergeometric_tails(2, 3, 2, 4)]
    [0.5, 1.0]
    """
    count = np.asarray(shared, float)
    law = stats.hypergeom(n, np.asarray(first, float), np.asarray(second, float))
    upper, lower = (np.where(np.isnan(count), np.nan, tail) for tail in (law.sf(count - 1), law.cdf(count)))
    return Tails(upper, lower)


def _blocks(rows: NDArray[np.intp], trials: Floats, chance: Floats) -> list[NDArray[np.intp]]:
    """Put rows together whose windows are of about one size, so many that memory suffices."""
    spread = (trials * chance * (1 - chance)).sum(axis=1)[rows]
    size = np.ceil(np.log2(spread + 1)).astype(int)
    found = []
    for each in np.unique(size):
        some = rows[size == each]
        step = max(1, BLOCK // (trials.shape[1] * int(20 * 2 ** (each / 2) + 80)))
        found += [some[start : start + step] for start in range(0, len(some), step)]
    return found


def _tilted(seen: Floats, trials: Floats, chance: Floats) -> tuple[Floats, Floats]:
    most = trials.sum(axis=1)
    goal = np.clip(seen, 0.5, most - 0.5)
    tilt = _tilt(goal, trials, special.logit(chance))
    leaning = special.expit(special.logit(chance) + tilt[:, None])
    spread = np.sqrt((trials * leaning * (1 - leaning)).sum(axis=1))
    half = int(np.ceil(10 * spread.max() + 40))
    size = fft.next_fast_len(2 * half + 1, real=True)
    start = seen - half
    mass = _masses(trials, leaning, start, size)
    values = start[:, None] + np.arange(size)
    mass[(values < 0) | (values > most[:, None])] = 0.0
    # log of the moment generating function at the tilt, and what one step away from the count seen weighs
    made = (trials * (np.logaddexp(np.log1p(-chance), np.log(chance) + tilt[:, None]))).sum(axis=1) - tilt * seen
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        weight = np.exp(made[:, None] - tilt[:, None] * (values - seen[:, None]))
        plain = np.where(mass > 0, mass * weight, 0.0)
    above, at, below = plain[:, half + 1 :].sum(axis=1), plain[:, half], plain[:, :half].sum(axis=1)
    upward = tilt >= 0
    upper = np.where(upward, above + at, 1 - below)
    lower = np.where(upward, 1 - above, below + at)
    return np.clip(upper, 0.0, 1.0), np.clip(lower, 0.0, 1.0)


def _tilt(goal: Floats, trials: Floats, logits: Floats) -> Floats:
    """Find the tilt at which each mean is as asked for (Newton, held between bounds)."""
    low, high = np.full(len(goal), -800.0), np.full(len(goal), 800.0)
    tilt = np.zeros(len(goal))
    for _ in range(STEPS):
        leaning = special.expit(logits + tilt[:, None])
        gap = (trials * leaning).sum(axis=1) - goal
        if (np.abs(gap) <= CLOSE * np.maximum(goal, 1)).all():
            break
        low, high = np.where(gap < 0, tilt, low), np.where(gap > 0, tilt, high)
        slope = (trials * leaning * (1 - leaning)).sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            step = tilt - gap / slope
        tilt = np.where((step > low) & (step < high), step, (low + high) / 2)
    return tilt


def _masses(trials: Floats, chance: Floats, start: Floats, size: int) -> Floats:
    """Probability of ``start``, ``start + 1``, … of each row, by a discrete Fourier transform."""
    angle = 2 * np.pi * np.arange(size // 2 + 1) / size
    log, turn = np.zeros((2, len(trials), len(angle)))
    for n, p in zip(trials.T, chance.T, strict=True):
        if n.any():
            with np.errstate(divide="ignore"):  # 0 at half a turn where p is a half
                log += n[:, None] * np.log1p(-2 * (p * (1 - p))[:, None] * (1 - np.cos(angle))) / 2
            turn += n[:, None] * np.arctan2(p[:, None] * np.sin(angle), 1 - p[:, None] + p[:, None] * np.cos(angle))
    turn -= start[:, None] * angle
    with np.errstate(under="ignore"):
        wave = np.exp(log) * (np.cos(turn) - 1j * np.sin(turn))
    return np.maximum(fft.irfft(wave, n=size, axis=1), 0.0)
