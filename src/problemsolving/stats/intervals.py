"""Intervals for counts and proportions."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Floats = NDArray[np.float64]
EXACT_BELOW = 10


def byar_limits(count: ArrayLike, *, confidence_level: float = 0.95) -> tuple[Floats, Floats]:
    """Limits of a Poisson count by Byar's approximation.

    Answers: within what range does the expected count lie, given the count seen?

    Parameters
    ----------
    count : array_like of float
        Counts, 0 or more; missing gives missing.
    confidence_level : float
        Between 0 and 1.

    Returns
    -------
    low, high : ndarray
        In the unit of the count.

    Raises
    ------
    ValueError
        For a negative count or a level outside (0, 1).

    Notes
    -----
    Do not use when one cause makes several events at once: the limits are then too narrow.

    References
    ----------
    Breslow NE, Day NE (1987) Statistical methods in cancer research II. IARC, p. 69.

    Examples
    --------
    >>> low, high = byar_limits(65)
    >>> round(float(low), 3), round(float(high), 3)
    (50.163, 82.849)
    """
    count, z = _checked(count, confidence_level)
    with np.errstate(invalid="ignore", divide="ignore"):
        low = np.where(
            count > 0,
            np.maximum(count * (1 - 1 / (9 * count) - z / (3 * np.sqrt(count))) ** 3, 0.0),
            np.where(count == 0, 0.0, np.nan),
        )
    above = count + 1
    high = above * (1 - 1 / (9 * above) + z / (3 * np.sqrt(above))) ** 3
    return low, high


def exact_poisson_limits(count: ArrayLike, *, confidence_level: float = 0.95) -> tuple[Floats, Floats]:
    """Exact limits of a Poisson count (Garwood).

    Parameters
    ----------
    count : array_like of float
        Counts, 0 or more; missing gives missing.
    confidence_level : float
        Between 0 and 1.

    Returns
    -------
    low, high : ndarray
        In the unit of the count.

    Raises
    ------
    ValueError
        For a negative count or a level outside (0, 1).

    References
    ----------
    Garwood F (1936) Fiducial limits for the Poisson distribution. Biometrika 28:437. doi:10.1093/biomet/28.3-4.437

    Examples
    --------
    >>> low, high = exact_poisson_limits(1)
    >>> round(float(low), 4), round(float(high), 4)
    (0.0253, 5.5716)
    """
    count, _ = _checked(count, confidence_level)
    tail = (1 - confidence_level) / 2
    low = np.where(count > 0, stats.chi2.ppf(tail, 2 * count) / 2, np.where(count == 0, 0.0, np.nan))
    return low, stats.chi2.ppf(1 - tail, 2 * count + 2) / 2


def count_limits(count: ArrayLike, *, confidence_level: float = 0.95) -> tuple[Floats, Floats, NDArray[np.str_]]:
    """Limits of a count by the public-health convention: exact below 10, Byar from 10 on.

    Parameters
    ----------
    count : array_like of float
        Counts, 0 or more; missing gives missing.
    confidence_level : float
        Between 0 and 1.

    Returns
    -------
    low, high, used : ndarray
        Limits in the unit of the count, and ``"exact"`` or ``"Byar"`` for each.

    Raises
    ------
    ValueError
        For a negative count or a level outside (0, 1).

    Examples
    --------
    >>> low, high, used = count_limits([9, 10])
    >>> used.tolist()
    ['exact', 'Byar']
    """
    count = np.asarray(count, float)
    exact = exact_poisson_limits(count, confidence_level=confidence_level)
    byar = byar_limits(count, confidence_level=confidence_level)
    small = count < EXACT_BELOW
    return np.where(small, exact[0], byar[0]), np.where(small, exact[1], byar[1]), np.where(small, "exact", "Byar")


def wilson_limits(count: ArrayLike, n: ArrayLike, *, confidence_level: float = 0.95) -> tuple[Floats, Floats]:
    """Limits of a proportion by Wilson's score method.

    Parameters
    ----------
    count, n : array_like of float
        Cases and trials; ``0 <= count <= n``. ``n`` of 0 gives missing.
    confidence_level : float
        Between 0 and 1.

    Returns
    -------
    low, high : ndarray
        Proportions between 0 and 1.

    Raises
    ------
    ValueError
        For a negative count, a count above ``n`` or a level outside (0, 1).

    References
    ----------
    Wilson EB (1927) JASA 22:209. doi:10.1080/01621459.1927.10502953

    Examples
    --------
    >>> low, high = wilson_limits(65, 100)
    >>> round(float(low), 4), round(float(high), 4)
    (0.5525, 0.7364)
    """
    count, z = _checked(count, confidence_level)
    n = np.asarray(n, float)
    if np.any(count > n):
        raise ValueError("count is larger than n")
    with np.errstate(invalid="ignore", divide="ignore"):
        share = count / n
        centre = 2 * count + z * z
        spread = z * np.sqrt(z * z + 4 * count * (1 - share))
        return (centre - spread) / (2 * (n + z * z)), (centre + spread) / (2 * (n + z * z))


def normal_quantile(confidence_level: float) -> float:
    """Two-sided standard normal quantile.

    >>> round(normal_quantile(0.95), 4)
    1.96
    """
    if not 0 < confidence_level < 1:
        raise ValueError("confidence_level must lie between 0 and 1")
    return float(stats.norm.ppf((1 + confidence_level) / 2))


def _checked(count: ArrayLike, confidence_level: float) -> tuple[Floats, float]:
    count = np.asarray(count, float)
    if np.any(count < 0):
        raise ValueError("a count cannot be negative")
    return count, normal_quantile(confidence_level)
