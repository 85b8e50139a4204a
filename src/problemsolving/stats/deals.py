"""Values dealt out at random to the neighbours of every place at once, and p values of many places."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from problemsolving.stats.positions import Floats
from problemsolving.stats.products import CLOSE, Alternative, Weights

Correction = Literal["benjamini-hochberg", "bonferroni", "none"]
Deal = Literal["conditional", "total"]
Tails = tuple[NDArray[np.intp], NDArray[np.intp]]

HELD = 4_000_000  # sums of neighbours held in memory at once


def count_tails(
    values: Floats, weights: Weights, deal: Deal, n_resamples: int, rng: np.random.Generator | None
) -> Tails:
    """Count the deals in which the sum of neighbours is at least, and at most, as large as it was.

    A deal names more places than any place has neighbours: the first are the neighbours of every place, with the
    largest weight first; where a place would be its own neighbour, the last takes its turn.
    """
    if n_resamples < 1:
        raise ValueError("n_resamples must be 1 or more")
    if deal not in ("conditional", "total"):
        raise ValueError('deal must be "conditional" or "total"')
    rng = np.random.default_rng() if rng is None else rng
    order = np.argsort(values, kind="stable")  # so that the draws do not depend on the order of places
    sorted_values, ranked = values[order], _ranked_weights(weights)[order]
    width = ranked.shape[1]
    drawn = _draw_distinct(len(values), width + (deal == "conditional"), n_resamples, rng)
    seen = (weights @ values)[order]
    slack = CLOSE * np.abs(values).max() * np.asarray(weights.sum(axis=1))[order]
    above, below = np.zeros((2, len(values)), np.intp)
    step = max(1, HELD // len(values))
    for picks in (drawn[start : start + step] for start in range(0, n_resamples, step)):
        dealt = sorted_values[picks]
        sums = dealt[:, :width] @ ranked.T
        if deal == "conditional":
            places = picks[:, :width]
            change = (dealt[:, -1:] - sorted_values[places]) * ranked[places, np.arange(width)]
            sums[np.arange(len(picks))[:, None], places] += change
        above += (sums >= seen - slack).sum(axis=0)
        below += (sums <= seen + slack).sum(axis=0)
    back = np.argsort(order)
    return above[back], below[back]


def _ranked_weights(weights: Weights) -> Floats:
    """Give each row's weights, largest first, then zeros: as many columns as the most neighbours."""
    rows = np.repeat(np.arange(weights.shape[0]), np.diff(weights.indptr))
    order = np.lexsort([-weights.data, rows])
    places = np.arange(weights.nnz) - weights.indptr[rows]
    ranked = np.zeros((weights.shape[0], max(1, np.diff(weights.indptr).max())))
    ranked[rows, places] = weights.data[order]
    return ranked


def _draw_distinct(n: int, size: int, n_resamples: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Draw so many different numbers below ``n`` in random order, one row a resample."""
    if size**2 > n:
        return np.argsort(rng.random((n_resamples, n)), axis=1)[:, :size]
    drawn = rng.integers(n, size=(n_resamples, size))
    while len(again := np.flatnonzero((np.diff(np.sort(drawn, axis=1), axis=1) == 0).any(axis=1))):
        drawn[again] = rng.integers(n, size=(len(again), size))
    return drawn


def p_of_tails(tails: Tails, alternative: Alternative, n_resamples: int) -> Floats:
    """Give p = (1 + deals as extreme) / (1 + deals) of each place; two-sided: twice the smaller tail."""
    above, below = ((1 + tail) / (1 + n_resamples) for tail in tails)
    if alternative == "two-sided":
        return np.minimum(1.0, 2 * np.minimum(above, below))
    return above if alternative == "greater" else below


def adjust_p(p: ArrayLike, correction: Correction = "benjamini-hochberg") -> Floats:
    """Correct p values for their number; missing ones stay missing and do not count.

    >>> adjust_p([0.01, 0.02, float("nan"), 0.03]).round(3).tolist()
    [0.03, 0.03, nan, 0.03]
    >>> adjust_p([0.01, 0.02, float("nan"), 0.03], "bonferroni").round(3).tolist()
    [0.03, 0.06, nan, 0.09]
    """
    raw = np.array(p, float)
    known = np.isfinite(raw)
    if correction == "benjamini-hochberg" and known.any():
        raw[known] = stats.false_discovery_control(raw[known])
    elif correction == "bonferroni":
        raw[known] = np.minimum(1.0, raw[known] * known.sum())
    elif correction not in ("benjamini-hochberg", "none"):
        raise ValueError('correction must be "benjamini-hochberg", "bonferroni" or "none"')
    return raw
