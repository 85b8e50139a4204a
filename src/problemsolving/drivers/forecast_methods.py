"""Ways to carry a monthly series forward: four baselines first, then exponential smoothing and harmonics with a trend."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from problemsolving.drivers.poisson_fit import fit_log_linear
from problemsolving.drivers.segmentation import harmonics

Floats = NDArray[np.float64]
Baseline = Literal["mean", "naive", "seasonal naive", "drift"]
Forecaster = Literal["mean", "naive", "seasonal naive", "drift", "exponential smoothing", "harmonics with trend"]
YEAR = 12
PAIRS = 2  # sines and cosines of the year in harmonics with trend


def baseline_forecast(values: ArrayLike, *, horizon: int, method: Baseline, season: int = YEAR) -> Floats:
    """Carry a series forward by one of four baselines.

    Answers: what would the simplest rules expect next?

    Parameters
    ----------
    values : array_like, shape (n,)
        The series in time order, at equal steps; none missing.
    horizon : int
        Steps ahead, 1 or more.
    method : {"mean", "naive", "seasonal naive", "drift"}
        The mean of all; the last value; the value of the same season a cycle before; the last value and the average
        step from first to last.
    season : int
        Steps of a cycle (12 for months in a year).

    Returns
    -------
    numpy.ndarray, shape (horizon,)
        In the unit of the series.

    Raises
    ------
    ValueError
        For a horizon below 1, a series shorter than a cycle (seasonal naive) or than two values, or an unknown method.

    References
    ----------
    Hyndman RJ, Athanasopoulos G (2021) Forecasting: principles and practice, 3rd ed., section 5.2. OTexts.

    Examples
    --------
    >>> [baseline_forecast([1, 2, 6], horizon=2, method=m, season=2).tolist() for m in ("mean", "naive", "drift")]
    [[3.0, 3.0], [6.0, 6.0], [8.5, 11.0]]
    >>> baseline_forecast([1, 2, 6], horizon=3, method="seasonal naive", season=2).tolist()
    [2.0, 6.0, 2.0]
    """
    series = np.asarray(values, float)
    if horizon < 1 or series.size < 2:
        raise ValueError("horizon must be 1 or more and values must hold two numbers or more")
    ahead = np.arange(1, horizon + 1)
    if method == "mean":
        return np.full(horizon, series.mean())
    if method == "naive":
        return np.full(horizon, series[-1])
    if method == "drift":
        return series[-1] + ahead * (series[-1] - series[0]) / (series.size - 1)
    if method == "seasonal naive":
        if series.size < season:
            raise ValueError("seasonal naive needs a whole cycle of values")
        return series[series.size - season + (ahead - 1) % season]
    raise ValueError(f"method must be one of {', '.join(get_args(Baseline))}")


def _smoothed(counts: Floats, days: Floats, horizon: int) -> Floats | None:
    """Exponential smoothing of the root of events a day (damped trend, season), None where it does not converge.

    The root makes a month vary as much where the rate is high as where it is low.
    """
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            model = ETSModel(
                np.sqrt(counts / days), error="add", trend="add", damped_trend=True, seasonal="add",
                seasonal_periods=YEAR, initialization_method="heuristic",
            ).fit(disp=False)  # fmt: skip
        except (ValueError, np.linalg.LinAlgError):
            return None
        ahead = np.asarray(model.forecast(horizon), float)
    unsure = any("onverge" in str(warning.message) for warning in said) or not model.mle_retvals["converged"]
    return None if unsure or not np.isfinite(ahead).all() else np.maximum(ahead, 0.0) ** 2


def _harmonic(counts: Floats, days: Floats, horizon: int) -> Floats | None:
    """Poisson regression on a log-linear trend and two yearly harmonics, None where it cannot be fitted."""
    if not counts.any():
        return np.zeros(horizon)
    months = counts.size + horizon
    years = (np.arange(months) - counts.size) / YEAR
    design = np.column_stack([np.ones(months), years, harmonics(months, PAIRS)])
    fitted = fit_log_linear(counts, design[: counts.size], days)
    return np.exp(design[counts.size :] @ fitted.coefficients) if fitted.settled else None


def _baseline(method: Baseline) -> Callable[[Floats, Floats, int], Floats | None]:
    def forecast(counts: Floats, days: Floats, horizon: int) -> Floats | None:
        return np.maximum(baseline_forecast(counts / days, horizon=horizon, method=method), 0.0)

    return forecast


FORECASTERS: dict[str, Callable[[Floats, Floats, int], Floats | None]] = {
    **{method: _baseline(method) for method in get_args(Baseline)},
    "exponential smoothing": _smoothed,
    "harmonics with trend": _harmonic,
}
