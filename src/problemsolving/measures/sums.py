"""Limits of sums of weights over events and of their shares, and rounding that tells no single event."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from problemsolving.stats.intervals import count_limits, normal_quantile

Floats = NDArray[np.float64]
LimitMethod = Literal["gamma", "dobson"]
FEW = 10  # events of one kind in a group below which they must not be told from a sum
THIN = 0.05  # share of a sum that kinds with so few events may make
RATIO, LARGEST = (
    0.10,
    0.90,
)  # a sum is withheld when its contributors beside the two largest give less, when these give more
COARSE = 0.05  # to which shares of events are rounded before they leave


def sum_limits(
    total: ArrayLike,
    *,
    squares: ArrayLike,
    heaviest: ArrayLike,
    count: ArrayLike | None = None,
    dispersion: float = 1.0,
    confidence_level: float = 0.95,
    method: LimitMethod = "gamma",
) -> tuple[Floats, Floats]:
    """Limits of a sum of weights over events (a compound Poisson sum).

    Answers: within what range does the expected sum lie, given the events seen?

    Parameters
    ----------
    total, squares : array_like, shape (n,)
        Sum of weight × events, and of weight² × events.
    heaviest : array_like
        Largest weight that an event could have had, in the unit of the weights.
    count : array_like, shape (n,), optional
        Events; needed by ``dobson``.
    dispersion : float
        Variance over mean of the counts (1 for Poisson).
    confidence_level : float
        Between 0 and 1.
    method : {"gamma", "dobson"}
        Gamma limits, or the limits of the count moved to the sum's mean and spread.

    Returns
    -------
    low, high : ndarray
        In the unit of the weights.

    Notes
    -----
    The variance is ``dispersion * squares``. The gamma limits hold the level also where the heaviest weight was not
    seen, by letting one such event be missing from the upper limit; where it outweighs the rest they are wide, and no
    narrower limit is honest: in simulations with half a case of weight 5,475 expected beside 300 light ones they cover
    99 %, Dobson's 51 %. Do not use ``dobson`` where a few events weigh far more than others.

    References
    ----------
    Fay MP, Feuer EJ (1997) Confidence intervals for directly standardized rates. Stat Med 16:791.
    Dobson AJ, Kuulasmaa K, Eberle E, Scherer J (1991) Confidence intervals for weighted sums of Poisson parameters.
    Stat Med 10:457.

    Examples
    --------
    With weights of 1 the gamma limits are the exact limits of a count:

    >>> low, high = sum_limits([1.0], squares=[1.0], heaviest=1.0)
    >>> low.round(4).tolist(), high.round(4).tolist()
    ([0.0253], [5.5716])
    """
    normal_quantile(confidence_level)  # checks the level
    total, variance = np.asarray(total, float), np.asarray(squares, float) * dispersion
    if method == "dobson":
        events = np.asarray(count, float)
        low, high, _ = count_limits(events, confidence_level=confidence_level)
        step = np.sqrt(variance / np.where(events > 0, events, np.nan))
        return np.where(total > 0, total + step * (low - events), 0.0), total + step * (high - events)
    tail, extra = (1 - confidence_level) / 2, np.asarray(heaviest, float) * dispersion
    with np.errstate(invalid="ignore", divide="ignore"):
        low = variance / (2 * total) * stats.chi2.ppf(tail, 2 * total**2 / variance)
    above, spread = total + extra, variance + extra**2
    with np.errstate(invalid="ignore", divide="ignore"):
        high = np.where(above == 0, 0.0, spread / (2 * above) * stats.chi2.ppf(1 - tail, 2 * above**2 / spread))
    return np.where(total == 0, 0.0, low), high


def share_limits(
    part: ArrayLike, *, part_limits: tuple[Floats, Floats], rest: ArrayLike, rest_limits: tuple[Floats, Floats]
) -> tuple[Floats, Floats]:
    """Limits of a part's share of a whole from those of the part and of the independent rest.

    Returns
    -------
    low, high : ndarray
        Shares between 0 and 1.

    References
    ----------
    Zou GY, Donner A (2008) Construction of confidence limits about effect measures: a general approach.
    Stat Med 27:1693. doi:10.1002/sim.3095

    Examples
    --------
    >>> low, high = share_limits([50.0], part_limits=([40.0], [62.5]), rest=[50.0], rest_limits=([40.0], [62.5]))
    >>> round(float(low[0]), 3), round(float(high[0]), 3)
    (0.422, 0.578)
    """
    a, b = np.asarray(part, float), np.asarray(rest, float)
    (a_low, a_high), (b_low, b_high) = (
        [np.asarray(side, float) for side in pair] for pair in (part_limits, rest_limits)
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        down = np.hypot(np.log(a / a_low), np.log(b_high / b))
        up = np.hypot(np.log(a_high / a), np.log(b / b_low))
        low, high = (1 / (1 + b / a * np.exp(move)) for move in (down, -up))
        low = np.where(a == 0, 0.0, np.where(b == 0, a / (a + b_high), low))
        high = np.where(b == 0, 1.0, np.where(a == 0, a_high / (a_high + b), high))
    known = np.isfinite(a) & np.isfinite(b) & (a + b > 0)
    return np.where(known, low, np.nan), np.where(known, high, np.nan)


def significant(values: ArrayLike, *, digits: int = 2) -> Floats:
    """Round to so many significant digits.

    >>> significant([0.0, 12345.0, 0.0567]).tolist()
    [0.0, 12000.0, 0.057]
    """
    plain = np.asarray(values, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        size = np.where(plain == 0, 0.0, np.floor(np.log10(np.abs(plain))))
    power = digits - 1 - size
    scale = 10.0 ** np.abs(np.nan_to_num(power))
    return np.where(power >= 0, np.round(plain * scale) / scale, np.round(plain / scale) * scale)


def coarse_share(share: ArrayLike, count: ArrayLike) -> Floats:
    """Round a share of events to the nearest twentieth, and leave it out where a twentieth holds fewer than ten events.

    >>> coarse_share([0.97, 0.97], [1_000, 150]).tolist()
    [0.95, nan]
    """
    rounded = np.round(np.round(np.asarray(share, float) / COARSE) * COARSE, 2)
    return np.where(np.asarray(count, float) * COARSE >= FEW, rounded, np.nan)


def cover(totals: ArrayLike, hidden: ArrayLike, room: ArrayLike) -> NDArray[np.bool_]:
    """Withhold further sums until none of those withheld can be told from a known total of all.

    Each sum withheld first is left as much room as it needs by the others that are withheld with it: by the smallest
    one that does, else by several, the largest first.

    >>> cover([60.0, 500.0, 9.0, 30.0], [True, False, False, False], [20.0, 5.0, 1.0, 1.0]).tolist()
    [True, False, False, True]
    """
    sums, wider, need = np.asarray(totals, float), np.array(hidden, bool), np.asarray(room, float)
    targets = np.flatnonzero(wider)
    lacking = (need[targets] - (sums[targets].sum() - sums[targets])).max(initial=-np.inf)
    if not len(targets) or (len(targets) > 1 and lacking <= 0):
        return wider
    enough = np.flatnonzero(~wider & (sums >= lacking))
    if len(enough):
        wider[enough[np.argmin(sums[enough])]] = True
        return wider
    more = np.flatnonzero(~wider)
    more = more[np.argsort(-sums[more], kind="stable")]
    wider[more[: int(np.searchsorted(np.cumsum(sums[more]), lacking)) + 1]] = True
    return wider
