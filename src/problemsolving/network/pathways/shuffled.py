"""A test that shuffles groups over people."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from problemsolving.network.pathways.ordered import Floats
from problemsolving.stats.resampling import resampled_p


def permute_groups(
    numerators: ArrayLike, denominators: ArrayLike, groups: ArrayLike, *, n_resamples: int, rng: np.random.Generator
) -> Floats:
    """Give the p of no difference in ratios between groups, groups shuffled over people.

    Parameters
    ----------
    numerators, denominators : array_like, shape (measures, people)
        What each person adds to both sides of a ratio; a person with a denominator of 0 says nothing of it.
    groups : array_like of int, shape (people,)
        Group of each person, from 0.
    n_resamples : int
        Shuffles, 1 or more.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    ndarray, shape (measures,)
        Between 0 and 1; 1 where all ratios are alike.

    Notes
    -----
    The statistic is the sum of D (R - R_all) squared over groups, D the group's denominator and R its ratio. People are
    shuffled whole, with all their contacts. Do not use where groups were made by what is compared.

    Examples
    --------
    >>> permute_groups([[1, 1, 1, 0, 0, 0]], [[1] * 6], [0, 0, 0, 1, 1, 1], n_resamples=999, rng=np.random.default_rng(1)).round(1)
    array([0.1])
    """
    top, bottom = np.atleast_2d(np.asarray(numerators, float)), np.atleast_2d(np.asarray(denominators, float))
    labels = np.asarray(groups)
    left = top - bottom * (top.sum(axis=1, keepdims=True) / np.maximum(bottom.sum(axis=1, keepdims=True), 1e-300))
    drawn = np.tile(labels, (n_resamples + 1, 1))
    rng.permuted(drawn[1:], axis=1, out=drawn[1:])
    total = np.zeros((n_resamples + 1, len(top)))
    for group in range(int(labels.max()) + 1):
        here = (drawn == group).astype(float)
        away, size = here @ left.T, here @ bottom.T
        total += np.where(size > 0, away**2 / np.where(size > 0, size, 1), 0.0)
    extreme = (total[1:] >= total[0] * (1 - 1e-9)).sum(axis=0)
    return np.array([resampled_p(int(count), n_resamples) for count in extreme])
