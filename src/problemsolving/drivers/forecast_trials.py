"""The rolling origin: forecasts of months that are known, each from what came before it alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from problemsolving.drivers.forecast_methods import FORECASTERS, YEAR
from problemsolving.drivers.forecast_scores import naive_scale, pinball_loss

Floats = NDArray[np.float64]
FIRST = 24  # months of the shortest history that a forecast is tried from
ORIGINS = 24  # most starting points, the last ones
LEAST = 6  # fewest starting points for the farthest month ahead


@dataclass(frozen=True, eq=False)
class Trial:
    """How one method did from past starting points: forecasts and what came, events a day, one row a starting point.

    ``came`` is NaN beyond the end of the series. ``scales``: naive scale of each history. ``ahead``: forecast from the
    whole series.
    """

    ahead: Floats
    forecast: Floats
    came: Floats
    scales: Floats

    @property
    def off(self) -> Floats:
        """Errors of the root of the rate."""
        return np.sqrt(self.came) - np.sqrt(self.forecast)

    @property
    def known(self) -> NDArray[np.bool_]:
        return np.isfinite(self.came)

    def scores(self) -> dict[str, float]:
        """Give the scores over every starting point and step: MASE scaled by each history."""
        off = np.abs(self.came - self.forecast)
        came = self.came[self.known]
        with np.errstate(divide="ignore", invalid="ignore"):
            scaled = off / self.scales[:, None]
            share = off / self.came
        return {
            "mase": float(np.mean(scaled[self.known])) if (self.scales > 0).all() else float("nan"),
            "mae": float(np.mean(off[self.known])),
            "rmse": float(np.sqrt(np.mean(off[self.known] ** 2))),
            "mape": float(100 * np.mean(share[self.known])) if came.all() else float("nan"),
        }

    def reach(self, level: float) -> Floats:
        """Half width of the prediction interval of the root of the rate: root mean square of its errors times t."""
        return np.sqrt(np.nanmean(self.off**2, axis=0)) * stats.t.ppf((1 + level) / 2, self.known.sum(axis=0))

    def left_out_limits(self, level: float) -> tuple[Floats, Floats]:
        """Give the limits of each past forecast, made from the errors of the other starting points."""
        square = self.off**2
        others = self.known.sum(axis=0) - 1
        mean = (np.nansum(square, axis=0) - square) / others
        return limits(self.forecast, np.sqrt(np.maximum(mean, 0.0)) * stats.t.ppf((1 + level) / 2, others))

    def coverage(self, level: float) -> float:
        """Share of what came that lay inside limits made without it."""
        low, high = self.left_out_limits(level)
        return float(((low <= self.came) & (self.came <= high))[self.known].mean())

    def pinball(self, level: float) -> float:
        """Mean pinball loss of both limits, made as for `coverage`."""
        tail = (1 - level) / 2
        ends = zip(self.left_out_limits(level), (tail, 1 - tail), strict=True)
        return float(np.mean([pinball_loss(self.came[self.known], end[self.known], level=at) for end, at in ends]))


def limits(forecast: Floats, reach: Floats) -> tuple[Floats, Floats]:
    """Give lower and upper limit of rates from the half width on the scale of roots.

    >>> [end.tolist() for end in limits(np.array([4.0, 0.25]), np.array([0.5, 1.0]))]
    [[2.25, 0.0], [6.25, 2.25]]
    """
    root = np.sqrt(forecast)
    return np.maximum(root - reach, 0.0) ** 2, (root + reach) ** 2


@lru_cache(maxsize=64)
def try_methods(
    counts: tuple[float, ...], days: tuple[float, ...], horizon: int, methods: Sequence[str]
) -> dict[str, Trial]:
    """Forecast the last months of a series from starting points before them, each from what came before it alone.

    Parameters
    ----------
    counts, days : tuple of float
        Events and days of months that follow each other.
    horizon : int
        Months ahead.
    methods : tuple of str
        Of ``FORECASTERS``.

    Returns
    -------
    dict of str to Trial
        Methods that gave a forecast from every starting point and from the end of the series.
    """
    events, length = np.asarray(counts), np.asarray(days)
    rates, n = events / length, events.size
    starts = range(max(FIRST, n - ORIGINS), n)
    came = np.full((len(starts), horizon), np.nan)
    for row, start in enumerate(starts):
        came[row, : min(horizon, n - start)] = rates[start : start + horizon]
    scales = np.array([naive_scale(rates[:start], YEAR) for start in starts])
    trials = {}
    for method in methods:
        made = [FORECASTERS[method](events[:start], length[:start], horizon) for start in (*starts, n)]
        if not any(one is None for one in made):
            trials[method] = Trial(np.asarray(made[-1]), np.array(made[:-1]), came, scales)
    return trials
