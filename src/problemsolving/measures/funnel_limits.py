"""Limits of a funnel: how far a place may lie from the target by chance, and by the usual spread between places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import special, stats
from scipy.optimize import brentq

from problemsolving.stats.intervals import Floats, exact_poisson_limits, normal_quantile

Estimator = Literal["consistent", "spiegelhalter"]
Exact = Literal["percentile", "interval"]
Pair = tuple[Floats, Floats]


def poisson_funnel_limits(expected: ArrayLike, *, confidence_level: float = 0.95, method: Exact = "percentile") -> Pair:
    """Exact Poisson limits of a ratio of observed to expected events, by chance alone.

    Answers: how far from 1 may the ratio of a place lie that is no different?

    Parameters
    ----------
    expected : array_like of float
        Events expected at the target, above 0; missing gives missing.
    confidence_level : float
        Between 0 and 1.
    method : {"percentile", "interval"}
        ``"percentile"``: exact percentiles of the count, made smooth: a count lies beyond a limit when one as far out
        has at most half of what the level leaves. ``"interval"``: Garwood's interval of a count that equals its
        expectation, as public-health funnels often draw it.

    Returns
    -------
    low, high : ndarray
        Ratios without unit. By percentile, ``low`` is 0 where even no event at all would be no surprise, and ``high``
        is at least one event.

    Raises
    ------
    ValueError
        For an expected number of 0 or less, a level outside (0, 1) or an unknown method.

    Notes
    -----
    The interval's limits lie too high: with 15 expected events a count of 8 lies below its 95 % limits although so few
    have a probability of 3.7 %, with 1 expected event none at all does (37 %).

    References
    ----------
    Spiegelhalter DJ (2005) Funnel plots for comparing institutional performance. Stat Med 24:1185. doi:10.1002/sim.1970

    Examples
    --------
    >>> low, high = poisson_funnel_limits([15, 30], method="interval")
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.56, 0.675], [1.649, 1.428])
    >>> low, high = poisson_funnel_limits([15])  # 7 or fewer have 1.8 %, 24 or more 2.0 %
    >>> (low * 15).round(1).tolist(), (high * 15).round(1).tolist()
    ([7.4], [23.5])
    """
    expected = np.asarray(expected, float)
    if (expected <= 0).any():
        raise ValueError("expected must be above 0")
    if _checked(method, confidence_level) == "interval":
        low, high = exact_poisson_limits(expected, confidence_level=confidence_level)
    else:
        tail = (1 - confidence_level) / 2
        low, high = special.pdtrik(tail, expected), special.pdtrik(1 - tail, expected) + 1
    return low / expected, high / expected


def binomial_funnel_limits(
    n: ArrayLike, *, target: float, confidence_level: float = 0.95, method: Exact = "percentile"
) -> Pair:
    """Exact binomial limits of a proportion, by chance alone.

    Answers: how far from the target may the proportion of a place lie that is no different?

    Parameters
    ----------
    n : array_like of float
        Trials of each place, above 0; missing gives missing.
    target : float
        Proportion between 0 and 1, neither reached.
    confidence_level : float
        Between 0 and 1.
    method : {"percentile", "interval"}
        As in `poisson_funnel_limits`, with Clopper and Pearson's interval.

    Returns
    -------
    low, high : ndarray
        Proportions between 0 and 1.

    Raises
    ------
    ValueError
        For no trials, a target or level outside (0, 1) or an unknown method.

    Examples
    --------
    >>> low, high = binomial_funnel_limits([100], target=0.5)  # 39 or fewer of 100 have 1.8 %, 40 or fewer 2.8 %
    >>> (low * 100).round(1).tolist(), (high * 100).round(1).tolist()
    ([39.7], [60.3])
    """
    n = np.asarray(n, float)
    if (n <= 0).any() or not 0 < target < 1:
        raise ValueError("n must be above 0 and target between 0 and 1")
    tail, count = (1 - confidence_level) / 2, n * target
    if _checked(method, confidence_level) == "interval":
        return stats.beta.ppf(tail, count, n - count + 1), stats.beta.ppf(1 - tail, count + 1, n - count)
    high = (special.bdtrik(1 - tail, n, target) + 1) / n
    return special.bdtrik(tail, n, target) / n, np.minimum(high, 1.0)


def _checked(method: str, confidence_level: float) -> str:
    normal_quantile(confidence_level)  # refuses a level that is none
    if method not in ("percentile", "interval"):
        raise ValueError('method must be "percentile" or "interval"')
    return method


@dataclass(frozen=True)
class Spread:
    """How far places differ beyond chance.

    ``dispersion`` (phi): mean squared distance from the target over what chance would give. ``between`` (tau): standard
    deviation between places on the scale of the distances.
    """

    dispersion: float
    between: float


def estimate_spread(
    distances: ArrayLike, errors: ArrayLike, *, winsorise: float = 0.1, estimator: Estimator = "consistent"
) -> Spread:
    """Estimate over-dispersion from the distances of places from a target.

    Answers: how much more do places differ than chance would make them?

    Parameters
    ----------
    distances : array_like, shape (n,)
        Of at least three places from the target, on a scale on which chance has a known standard deviation.
    errors : array_like, shape (n,)
        That standard deviation, above 0.
    winsorise : float
        Share of places at each end that are drawn in to the next, 0 to below 0.5, so that those which stand out do not
        widen the limits that are to show them.
    estimator : {"consistent", "spiegelhalter"}
        ``"spiegelhalter"``: mean winsorised z² (phi), and tau² from it by the method of moments, as published.
        ``"consistent"``: phi divided by what winsorising leaves of it when nobody stands out, and tau² such that
        winsorised z² with tau² in the errors are as large as they should be.

    Returns
    -------
    Spread
        ``dispersion`` of at least 1 and ``between`` of at least 0.

    Raises
    ------
    ValueError
        For fewer than three places, an error of 0 or less, or ``winsorise`` outside 0 to 0.5.

    Notes
    -----
    With a tenth winsorised at each end, mean z² of places that differ by chance alone is 0.68, not 1: the published
    limits hold 88 to 89 of 100 over-dispersed places where they promise 95. They also take every z as alike, and hold
    79 where places range from 10 to 2,000 expected events. The consistent form holds 95 in both.

    References
    ----------
    Spiegelhalter DJ (2005) Handling over-dispersion of performance indicators. Qual Saf Health Care 14:347.
    doi:10.1136/qshc.2005.013755
    Paule RC, Mandel J (1982) Consensus values and weighting factors. J Res Natl Bur Stand 87:377. doi:10.6028/jres.087.022

    Examples
    --------
    >>> found = estimate_spread([-0.3, 0.3, -0.3, 0.3], [0.1] * 4, winsorise=0)
    >>> round(found.dispersion, 6), round(found.between**2, 6)  # z is 3 everywhere; (4 * 9 - 3) / 3 = 11 times 0.1²
    (9.0, 0.11)
    """
    distances, errors = np.asarray(distances, float), np.asarray(errors, float)
    if distances.size < 3 or not (errors > 0).all():
        raise ValueError("a spread needs at least three places, each with an error above 0")
    if not 0 <= winsorise < 0.5:
        raise ValueError("winsorise must lie between 0 and 0.5")
    freedom = (distances.size - 1) / distances.size
    if estimator == "spiegelhalter":
        phi, weights = _squared(distances / errors, winsorise), 1 / errors**2
        scale = (weights.sum() - (weights**2).sum() / weights.sum()) / distances.size
        return Spread(max(phi, 1.0), float(np.sqrt(max(phi - freedom, 0.0) / scale)))
    left = _left_by(winsorise)
    return Spread(
        max(_squared(distances / errors, winsorise) / left, 1.0), _solved(distances, errors, winsorise, left * freedom)
    )


def _squared(z: np.ndarray, winsorise: float) -> float:
    """Mean square with the outermost at each end drawn in."""
    return float(np.mean(np.clip(z, *np.quantile(z, [winsorise, 1 - winsorise])) ** 2))


def _left_by(winsorise: float) -> float:
    """What winsorising leaves of the mean square of a standard normal distribution.

    >>> round(_left_by(0.1), 3), _left_by(0.0)
    (0.679, 1.0)
    """
    if not winsorise:
        return 1.0
    edge = float(stats.norm.ppf(1 - winsorise))
    return 1 - 2 * winsorise - 2 * edge * float(stats.norm.pdf(edge)) + 2 * winsorise * edge**2


def _solved(distances: np.ndarray, errors: np.ndarray, winsorise: float, goal: float) -> float:
    """Give tau with which the winsorised mean square is the goal; 0 where it is no larger without."""

    def beyond(variance: float) -> float:
        return _squared(distances / np.sqrt(errors**2 + variance), winsorise) - goal

    if beyond(0.0) <= 0:
        return 0.0
    most = float(np.mean(distances**2)) / goal
    while beyond(most) > 0:
        most *= 4
    return float(np.sqrt(brentq(beyond, 0.0, most)))
