"""Count models: Poisson with exposure, its dispersion, and intervals that do not trust the Poisson variance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from problemsolving.results import Interval

Errors = Literal["robust", "model", "quasi", "clustered"]


@dataclass(frozen=True, kw_only=True)
class CountModel:
    """A fitted count model: coefficients on the log scale, their covariance, and how the counts vary around it.

    ``dispersion`` is Pearson's statistic over the residual degrees of freedom (1 where the counts vary as the family
    says); ``dispersion_p`` is the p of a test that they vary more than a Poisson. ``alpha`` is the negative binomial's
    (variance = mean + alpha × mean²), 0 for a Poisson model. ``note`` says what was fitted in place of what was asked.
    """

    coefficients: pd.Series
    covariance: pd.DataFrame
    dispersion: float
    dispersion_p: float
    n: int
    residual_df: int
    freedom: int  # of the t intervals
    log_likelihood: float
    fitted: np.ndarray
    residuals: np.ndarray  # Pearson's
    errors: Errors = "robust"
    family: Literal["Poisson", "negative binomial"] = "Poisson"
    alpha: float = 0.0
    alpha_interval: Interval | None = None
    converged: bool = True
    note: str = ""

    @property
    def standard_errors(self) -> pd.Series:
        """Give the standard error of each coefficient."""
        return pd.Series(np.sqrt(np.diag(self.covariance)), index=self.coefficients.index)

    def ratios(self, *, confidence_level: float = 0.95) -> pd.DataFrame:
        """Give rate ratios with t intervals."""
        reach = stats.t.ppf((1 + confidence_level) / 2, max(self.freedom, 1)) * self.standard_errors
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
    errors: Literal["robust", "model", "quasi"] = "robust",
) -> CountModel:
    """Fit a Poisson model with log-exposure offset.

    Answers: how does the rate of events go with each driver, the others held?

    Parameters
    ----------
    outcome : array_like, shape (n,)
        Counts, 0 or more.
    drivers : mapping of str to array_like, shape (n,)
        One column a driver, without the constant.
    exposure : array_like, shape (n,)
        Person-years, above 0.
    errors : {"robust", "model", "quasi"}
        Standard errors that hold whatever the variance of the counts (HC3: each residual is set against its own
        leverage, so that few rows do not make errors small), those of a true Poisson, or those of a
        Poisson scaled by the root of the dispersion (quasi-Poisson: right where the variance is a multiple of the mean).

    Returns
    -------
    CountModel
        ``dispersion`` is Pearson's statistic over the residual degrees of freedom (1 for a true Poisson);
        ``dispersion_p`` is the p of Dean and Lawless's test for more than that.

    Raises
    ------
    ValueError
        For a missing value, a negative count, an exposure of 0 or less, fewer rows than coefficients, or drivers that
        determine each other.

    Notes
    -----
    All three give the same ratios; they differ in the interval. On counts whose variance grows with the square of the
    mean, robust intervals of 95 % covered 94 to 95 % in 2,000 simulations, quasi-Poisson ones 90 to 92 %, those of a true
    Poisson 42 to 48 %; where the variance is a multiple of the mean robust and quasi both covered 95 %. Do not use where rows depend on each other
    (neighbouring areas, months of one area): the interval is then too narrow whichever is chosen.

    References
    ----------
    MacKinnon JG, White H (1985) J Econometrics 29:305. doi:10.1016/0304-4076(85)90158-7
    Dean C, Lawless JF (1989) Tests for detecting overdispersion in Poisson regression models. JASA 84:467.
    Wedderburn RWM (1974) Quasi-likelihood functions, generalized linear models. Biometrika 61:439.

    Examples
    --------
    >>> model = fit_poisson([30, 20, 60, 50], {"north": [0, 0, 1, 1]}, exposure=[100, 100, 100, 100])
    >>> round(float(model.ratios().loc["north", "ratio"]), 2)  # (60 + 50) / (30 + 20)
    2.2
    """
    import statsmodels.api as sm

    counts, time_at_risk, design = check_counts(outcome, drivers, exposure)
    fitted = sm.GLM(counts, design, family=sm.families.Poisson(), offset=np.log(time_at_risk)).fit()
    mean = np.asarray(fitted.mu)
    dispersion = float(fitted.pearson_chi2 / fitted.df_resid)
    x = design.to_numpy(float)
    covariance = np.linalg.inv(x.T @ (mean[:, None] * x))
    leverage = np.minimum(mean * np.einsum("ij,jk,ik->i", x, covariance, x), 1 - 1e-9)
    if errors == "quasi":
        covariance = covariance * dispersion
    elif errors == "robust":
        scores = ((counts - mean) / (1 - leverage))[:, None] * x
        covariance = covariance @ scores.T @ scores @ covariance
    return CountModel(
        coefficients=fitted.params,
        covariance=pd.DataFrame(covariance, index=design.columns, columns=design.columns),
        dispersion=dispersion,
        dispersion_p=dispersion_test(counts, mean, leverage=leverage),
        n=len(counts),
        residual_df=int(fitted.df_resid),
        freedom=int(fitted.df_resid),
        log_likelihood=float(fitted.llf),
        fitted=mean,
        residuals=np.asarray(fitted.resid_pearson),
        errors=errors,
        converged=bool(fitted.converged),
    )


def check_counts(
    outcome: ArrayLike, drivers: Mapping[str, ArrayLike] | pd.DataFrame, exposure: ArrayLike
) -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
    """Give counts, exposure and the design with its constant, or raise ``ValueError`` where no model can be fitted."""
    counts = np.asarray(outcome, float)
    time_at_risk = np.broadcast_to(np.asarray(exposure, float), counts.shape)
    columns = {name: np.asarray(values, float) for name, values in dict(drivers).items()}
    design = pd.DataFrame({"constant": np.ones(len(counts)), **columns})
    if not (np.isfinite(counts).all() and np.isfinite(time_at_risk).all() and np.isfinite(design).all(axis=None)):
        raise ValueError("outcome, drivers and exposure must be finite numbers; leave out rows with a missing one")
    if (counts < 0).any() or (time_at_risk <= 0).any():
        raise ValueError("counts must be 0 or more and exposure above 0")
    if len(counts) <= design.shape[1]:
        raise ValueError("fewer rows than coefficients")
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise ValueError("the drivers determine each other; leave one out")
    return counts, time_at_risk, design


def dispersion_test(counts: ArrayLike, mean: ArrayLike, *, leverage: ArrayLike = 0.0) -> float:
    """P of a one-sided score test that counts vary more around a fitted mean than a Poisson does (Dean and Lawless).

    Parameters
    ----------
    counts, mean : array_like, shape (n,)
        Counts and what the Poisson model expects (above 0).
    leverage : array_like, scalar or shape (n,)
        How far each fitted mean follows its own count, 0 to 1; without it the test rejects too rarely where
        coefficients are many.

    Returns
    -------
    float
        Between 0 and 1; the alternative is a variance of mean + alpha × mean².

    Notes
    -----
    Sum of (count - mean)² - count + leverage × mean, over the root of twice the sum of mean², against a normal.

    References
    ----------
    Dean C, Lawless JF (1989) Tests for detecting overdispersion in Poisson regression models. JASA 84:467.

    Examples
    --------
    >>> dispersion_test([9, 11, 10, 10], [10, 10, 10, 10]) > 0.5, dispersion_test([0, 40, 2, 38], [20] * 4) < 0.001
    (True, True)
    """
    seen, expected = np.asarray(counts, float), np.asarray(mean, float)
    excess = (seen - expected) ** 2 - seen + np.asarray(leverage, float) * expected
    return float(stats.norm.sf(excess.sum() / np.sqrt(2 * (expected**2).sum())))


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
