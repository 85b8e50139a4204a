"""How far forecasts were off: scores of points and of quantiles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from problemsolving.drivers.forecast_methods import YEAR

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Scores:
    """Scores of point forecasts: in the unit of the series, in percent (MAPE), without unit (MASE)."""

    rmse: float
    mae: float
    mape: float
    mase: float


def score_forecast(actual: ArrayLike, forecast: ArrayLike, *, training: ArrayLike, season: int = YEAR) -> Scores:
    """Score forecasts against what came.

    Answers: how far off was it, and was it closer than last year's value would have been?

    Parameters
    ----------
    actual, forecast : array_like, shape (h,)
        What came and what was forecast, in the same unit.
    training : array_like, shape (n,)
        The series that the forecast was made from, longer than ``season``.
    season : int
        Steps of a cycle.

    Returns
    -------
    Scores
        Root mean squared error and mean absolute error in the unit of the series; mean absolute percentage error, NaN
        where any actual value is 0; mean absolute scaled error, NaN where the training series repeats itself exactly.

    Raises
    ------
    ValueError
        For arrays of different length, none, or training no longer than a cycle.

    Notes
    -----
    MASE divides the mean absolute error by that of the seasonal naive rule inside the training series: below 1 is
    closer than that. Do not compare MAPE over series near 0: it grows without limit.

    References
    ----------
    Hyndman RJ, Koehler AB (2006) Int J Forecasting 22:679. doi:10.1016/j.ijforecast.2006.03.001

    Examples
    --------
    >>> score_forecast([10, 20], [12, 19], training=[1, 2, 4, 6], season=2)
    Scores(rmse=1.5811388300841898, mae=1.5, mape=12.5, mase=0.42857142857142855)
    """
    came, said, before = (np.asarray(series, float) for series in (actual, forecast, training))
    if came.shape != said.shape or came.size == 0:
        raise ValueError("actual and forecast must hold one number each a step, at least one step")
    scale = naive_scale(before, season)
    off = np.abs(came - said)
    mean_off = float(off.mean())
    return Scores(
        rmse=float(np.sqrt((off**2).mean())),
        mae=mean_off,
        mape=float(100 * (off / np.abs(came)).mean()) if came.all() else float("nan"),
        mase=mean_off / scale if scale > 0 else float("nan"),
    )


def naive_scale(training: Floats, season: int) -> float:
    """Mean absolute step from one cycle to the next: what MASE divides by."""
    if training.size <= season:
        raise ValueError("training must be longer than one cycle")
    return float(np.abs(training[season:] - training[:-season]).mean())


def pinball_loss(actual: ArrayLike, quantile: ArrayLike, *, level: float) -> float:
    """Give the mean pinball loss of a forecast quantile.

    Answers: how good was the limit that should not be passed in a share ``level`` of the steps?

    Parameters
    ----------
    actual, quantile : array_like, shape (h,)
        What came and the quantile that was forecast, in the same unit.
    level : float
        Of the quantile, between 0 and 1.

    Returns
    -------
    float
        In the unit of the series; 0 is perfect.

    References
    ----------
    Koenker R, Bassett G (1978) Econometrica 46:33. doi:10.2307/1913643

    Examples
    --------
    >>> pinball_loss([10, 20], [12, 16], level=0.9)
    1.9
    """
    from sklearn.metrics import mean_pinball_loss

    return float(mean_pinball_loss(np.asarray(actual, float), np.asarray(quantile, float), alpha=level))
