"""Totals drawn anew: by units, or from counts alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from problemsolving.drivers.parts import MAGNITUDES, OPEN, Floats
from problemsolving.stats.resampling import bootstrap_weights

AT_ONCE = 2_000_000  # weights held at a time


def unit_draws(table: Floats, *, poisson: bool, n_resamples: int, rng: np.random.Generator) -> Floats:
    """Sum totals over units as they are, then over units drawn anew, the same in both periods.

    Parameters
    ----------
    table : array, shape (units, ...)
        Totals of each unit.
    poisson : bool
        Each unit is drawn a Poisson number of times: units come from a population of which most are not listed.

    Returns
    -------
    array, shape (1 + n_resamples, ...)
    """
    flat = table.reshape(len(table), -1)
    step = max(1, AT_ONCE // len(table))
    rows = [flat.sum(axis=0, keepdims=True)]
    for start in range(0, n_resamples, step):
        size = min(step, n_resamples - start)
        weights = (
            rng.poisson(1.0, (size, len(table))).astype(float)
            if poisson
            else bootstrap_weights(len(table), n_resamples=size, rng=rng)
        )
        rows.append(weights @ flat)
    return np.vstack(rows).reshape(-1, *table.shape[1:])


def count_draws(actual: Floats, names: Sequence[str], *, n_resamples: int, rng: np.random.Generator) -> Floats:
    """Give totals as they are, then drawn from chance alone.

    Parameters
    ----------
    actual : array, shape (..., totals)
        Each total counted within the one before.
    names : sequence of str
        Of the totals. Residents do not vary; the first count is Poisson; what each of its units has is gamma with the
        shape of a count (contacts a person vary as Poisson) or of the count before (minutes vary as widely as their mean).

    Returns
    -------
    array, shape (1 + n_resamples, ..., totals)
    """
    drawn = np.empty((n_resamples, *actual.shape))
    counted = False
    for at, name in enumerate(names):
        own = actual[..., at]
        if name in OPEN:
            drawn[..., at] = own
        elif not counted:
            drawn[..., at] = rng.poisson(own, (n_resamples, *own.shape))
            counted = True
        else:
            before = actual[..., at - 1]
            shape = np.maximum(before if name in MAGNITUDES else own, 1.0)
            each = np.divide(own, before, out=np.zeros(own.shape), where=before > 0)
            drawn[..., at] = drawn[..., at - 1] * each * rng.gamma(shape, 1 / shape, (n_resamples, *own.shape))
    return np.concatenate([actual[None], drawn])
