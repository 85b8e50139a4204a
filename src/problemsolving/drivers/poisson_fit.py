"""A Poisson regression of monthly counts on waves and lines, without a word where it fits exactly."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LogLinear:
    """Coefficients on the log scale, the deviance left, and whether the fit settled."""

    coefficients: Floats
    deviance: float
    settled: bool


def fit_log_linear(counts: Floats, design: Floats, exposure: Floats) -> LogLinear:
    """Fit counts with log exposure as offset; ``design`` holds the constant.

    >>> found = fit_log_linear(np.array([2.0, 4.0, 8.0]), np.column_stack([np.ones(3), [0, 1, 2]]), np.ones(3))
    >>> np.exp(found.coefficients).round(6).tolist(), found.settled
    ([2.0, 2.0], True)
    """
    import statsmodels.api as sm
    from statsmodels.tools.sm_exceptions import PerfectSeparationWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PerfectSeparationWarning)  # an exact fit is no fault of a forecast
        fitted = sm.GLM(counts, design, family=sm.families.Poisson(), offset=np.log(exposure)).fit()
    coefficients = np.asarray(fitted.params, float)
    exact = bool(np.allclose(fitted.mu, counts))
    return LogLinear(
        coefficients, float(fitted.deviance), bool(fitted.converged or exact) and bool(np.isfinite(coefficients).all())
    )
