"""Resampling helpers that several rooms share."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def bootstrap_weights(n: int, *, n_resamples: int, rng: np.random.Generator) -> Floats:
    """How often each of ``n`` cases is drawn, one row a resample.

    Returns
    -------
    ndarray, shape (n_resamples, n)
        Rows sum to ``n``.
    """
    return rng.multinomial(n, np.full(n, 1 / n), size=n_resamples).astype(float)


def percentile_interval(draws: ArrayLike, *, confidence_level: float = 0.95) -> tuple[float, float]:
    """Percentile interval of resampled values; missing draws are left out.

    >>> percentile_interval(range(201), confidence_level=0.5)
    (50.0, 150.0)
    """
    known = np.asarray(draws, float)
    known = known[~np.isnan(known)]
    if known.size == 0:
        return float("nan"), float("nan")
    tail = (1 - confidence_level) / 2
    low, high = np.quantile(known, [tail, 1 - tail])
    return float(low), float(high)


def resampled_p(extreme: int, n_resamples: int) -> float:
    """P of a resampled test: (1 + draws at least as extreme) / (1 + draws).

    >>> resampled_p(0, 999)
    0.001
    """
    return (1 + extreme) / (1 + n_resamples)
