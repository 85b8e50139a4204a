"""Limits of the ratio of two rates, for small counts as for large."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import special, stats

from problemsolving.stats.intervals import normal_quantile

Limits = Literal["mid-p", "exact"]
STEPS = 60  # halvings of (0, 1) in the search for a mid-p limit


def rate_ratio_limits(
    count: ArrayLike,
    reference_count: ArrayLike,
    *,
    person_years: ArrayLike,
    reference_years: ArrayLike,
    confidence_level: float = 0.95,
    method: Limits = "mid-p",
) -> tuple[np.ndarray, np.ndarray]:
    """Limits of the ratio of two Poisson rates, given how many events there were in both together.

    Parameters
    ----------
    count, reference_count : array_like of int
        Events, 0 or more; missing gives missing, and so do none in both.
    person_years, reference_years : array_like of float
        Exposure of each, above 0.
    confidence_level : float
        Between 0 and 1.
    method : {"mid-p", "exact"}
        Half of the probability of what was seen counted in each tail, or all of it (covers at least as often as it
        says).

    Returns
    -------
    low, high : ndarray
        Of (count / person_years) / (reference_count / reference_years); high is infinite without reference events.

    Notes
    -----
    Given the sum of two Poisson counts the first is binomial with odds equal to the rate ratio times the ratio of the
    exposures, so that limits of a proportion turn into limits of the ratio. No count is too small for it.

    References
    ----------
    Przyborowski J, Wilenski H (1940) Homogeneity of results in testing samples from Poisson series. Biometrika 31:313.
    Berry G, Armitage P (1995) Mid-P confidence intervals: a brief review. Statistician 44:417.

    Examples
    --------
    >>> low, high = rate_ratio_limits(2, 9, person_years=17877, reference_years=16660, method="exact")
    >>> round(float(low), 5), round(float(high), 5)
    (0.02177, 1.00055)
    """
    if method not in ("mid-p", "exact"):
        raise ValueError('method must be "mid-p" or "exact"')
    normal_quantile(confidence_level)
    tail = (1 - confidence_level) / 2
    x, n = np.broadcast_arrays(np.asarray(count, float), np.asarray(count, float) + np.asarray(reference_count, float))
    known = n > 0
    if method == "exact":
        share_low = np.where(x > 0, stats.beta.ppf(tail, x, n - x + 1), 0.0)
        share_high = np.where(x < n, stats.beta.ppf(1 - tail, x + 1, n - x), 1.0)
    else:
        share_low = np.where(x > 0, _mid_p_share(x, n, tail), 0.0)
        share_high = np.where(x < n, 1 - _mid_p_share(n - x, n, tail), 1.0)
    scale = np.asarray(reference_years, float) / np.asarray(person_years, float)
    with np.errstate(divide="ignore"):
        low, high = (np.where(known, share / (1 - share) * scale, np.nan) for share in (share_low, share_high))
    return low, high


def _mid_p_share(x: np.ndarray, n: np.ndarray, tail: float) -> np.ndarray:
    """Share at which the probability of more than ``x`` of ``n``, and half of that of ``x``, is ``tail``: by halving."""
    low, high = np.zeros(np.shape(n)), np.ones(np.shape(n))
    others = np.where(n > x, n - x, np.nan)
    for _ in range(STEPS):
        middle = (low + high) / 2
        more = np.nan_to_num(special.betainc(x + 1, others, middle))  # probability of more than x
        above = (more + special.betainc(x, n - x + 1, middle)) / 2 < tail
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return (low + high) / 2
