"""The scale on which days between rare events are close to normal, and the limits of a steady rate on it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gamma

from problemsolving.measures.charts import Limits

POWER = 3.6  # exponential times to the power of 1 / 3.6 are close to normal


def to_power(days: ArrayLike) -> np.ndarray:
    """Bring days to the scale on which ordinary gaps lie evenly about their mean.

    >>> to_power([0, 1, 2**3.6]).round(6).tolist()
    [0.0, 1.0, 2.0]
    """
    return np.maximum(np.asarray(days, float), 0.0) ** (1 / POWER)


def in_days(limits: Limits) -> Limits:
    """Bring limits back to days; a lower limit that no gap can reach is 0."""
    return Limits(*(float(max(limit, 0.0) ** POWER) for limit in (limits.mean, limits.lower, limits.upper)))


def steady_limits(mean_days: float) -> Limits:
    """Limits, in days, of gaps between events that come at a steady rate.

    Answers: how far apart would events lie if nothing but chance parted them?

    Parameters
    ----------
    mean_days : float
        Mean days between events.

    Returns
    -------
    Limits
        Mean, and mean minus and plus three standard deviations, on the scale of the power, brought back to days.

    Examples
    --------
    >>> found = steady_limits(10)
    >>> round(found.mean, 2), round(found.lower, 4), round(found.upper, 1)
    (6.87, 0.0006, 72.7)
    """
    root, square = gamma(1 + 1 / POWER), gamma(1 + 2 / POWER)
    spread = 3 * np.sqrt(square - root**2)
    scale = mean_days ** (1 / POWER)
    return in_days(Limits(root * scale, (root - spread) * scale, (root + spread) * scale))
