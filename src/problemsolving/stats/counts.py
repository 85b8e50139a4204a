"""Count models: Poisson with exposure, its dispersion and robust intervals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats


@dataclass(frozen=True, kw_only=True)
class CountModel:
    """A fitted Poisson model: coefficients on the log scale with standard errors and dispersion."""

    coefficients: pd.Series
    standard_errors: pd.Series
    dispersion: float
    dispersion_p: float
    n: int
    residual_df: int
    log_likelihood: float
    residuals: np.ndarray

    def ratios(self, *, confidence_level: float = 0.95) -> pd.DataFrame:
        """Give rate ratios with t intervals on the residual degrees of freedom."""
        reach = stats.t.ppf((1 + confidence_level) / 2, max(self.residual_df, 1)) * self.standard_errors
        return pd.DataFrame(
            {
                "ratio": np.exp(self.coefficients),
                "low": np.exp(self.coefficients - reach),
                "high": np.exp(self.coefficients + reach),
            }
        )


def fit_poisson(
    outcome: ArrayLike,
    drivers: Mapping[str, ArrayLike] | pd.DataFrame,
    *,
    exposure: ArrayLike,
    errors: Literal["robust", "model"] = "robust",
) -> CountModel:
    """Fit a Poisson model with log-exposure offset.

    Parameters
    ----------
    outcome : array_like, shape (n,)
        Counts, 0 or more.
    drivers : mapping of str to array_like, shape (n,)
        One column a driver, without the constant.
    exposure : array_like, shape (n,)
        Person-years, above 0.
    errors : {"robust", "model"}
        Standard errors that hold whatever the variance of the counts (HC3), or those of a true Poisson.

    Returns
    -------
    CountModel
        ``dispersion`` is Pearson's statistic over the residual degrees of freedom (1 for a true Poisson);
        ``dispersion_p`` is the one-sided p of Cameron and Trivedi's test for more than that.

    Raises
    ------
    ValueError
        For a negative count, an exposure of 0 or less, fewer rows than coefficients, or drivers that
        determine each other.

    References
    ----------
    MacKinnon JG, White H (1985) J Econometrics 29:305. doi:10.1016/0304-4076(85)90158-7
    Cameron AC, Trivedi PK (1990) J Econometrics 46:347. doi:10.1016/0304-4076(90)90014-K
    """
    import statsmodels.api as sm

    counts, time_at_risk = np.asarray(outcome, float), np.asarray(exposure, float)
    design = pd.DataFrame(dict(drivers))
    design = design.set_axis(range(len(counts)), axis=0).astype(float)
    design.insert(0, "constant", 1.0)
    if (counts < 0).any() or (time_at_risk <= 0).any():
        raise ValueError("counts must be 0 or more and exposure above 0")
    if len(counts) <= design.shape[1]:
        raise ValueError("fewer rows than coefficients")
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise ValueError("the drivers determine each other; leave one out")
    fitted = sm.GLM(counts, design, family=sm.families.Poisson(), offset=np.log(time_at_risk)).fit()
    mean = np.asarray(fitted.mu)
    spread = fitted.bse if errors == "model" else _robust_errors(design, counts, mean)
    excess = ((counts - mean) ** 2 - counts) / mean
    slope = (excess * mean).sum() / (mean**2).sum()
    error = np.sqrt(((excess - slope * mean) ** 2).sum() / (len(counts) - 1) / (mean**2).sum())
    return CountModel(
        coefficients=fitted.params,
        standard_errors=spread,
        dispersion=float(fitted.pearson_chi2 / fitted.df_resid),
        dispersion_p=float(stats.norm.sf(slope / error)) if error > 0 else 1.0,
        n=len(counts),
        residual_df=int(fitted.df_resid),
        log_likelihood=float(fitted.llf),
        residuals=np.asarray(fitted.resid_pearson),
    )


def _robust_errors(design: pd.DataFrame, counts: np.ndarray, mean: np.ndarray) -> pd.Series:
    """HC3 standard errors: each residual is set against its own leverage, so that few rows do not make them small."""
    x = design.to_numpy(float)
    bread = np.linalg.inv(x.T @ (mean[:, None] * x))
    leverage = np.minimum(mean * np.einsum("ij,jk,ik->i", x, bread, x), 1 - 1e-9)
    scores = ((counts - mean) / (1 - leverage))[:, None] * x
    return pd.Series(np.sqrt(np.diag(bread @ scores.T @ scores @ bread)), index=design.columns)


def variance_inflation(drivers: pd.DataFrame) -> pd.Series:
    """Variance inflation factor of each driver: how far the others already tell it (1 = not at all).

    >>> table = pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0], "b": [1.0, -1.0, -1.0, 1.0]})
    >>> variance_inflation(table).round(2).tolist()
    [1.0, 1.0]
    """
    if drivers.shape[1] == 1:
        return pd.Series([1.0], index=drivers.columns)
    return pd.Series(np.diag(np.linalg.pinv(drivers.corr().to_numpy())), index=drivers.columns)


def log_ratio_error(*counts: float, dispersion: float = 1.0) -> float:
    """Standard error of a log ratio of independent counts: the root of dispersion times the sum of 1/count.

    >>> round(log_ratio_error(100, 100), 4)
    0.1414
    """
    return float(np.sqrt(dispersion * sum(1 / count for count in counts)))
