"""Counts of the same places at two times: how the change goes with what the places are like."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from problemsolving.errors import NotEstimableError

STEEPEST = 15.0  # log ratio a standard deviation beyond which there is no estimate


@dataclass(frozen=True, kw_only=True)
class ChangeModel:
    """Log ratios of rate ratios with robust errors, one a covariate."""

    coefficients: pd.Series
    standard_errors: pd.Series
    n: int
    residual_df: int

    def ratios(self, *, confidence_level: float = 0.95) -> pd.DataFrame:
        """Give ratio, low and high of each covariate, with t intervals on the residual degrees of freedom."""
        reach = stats.t.ppf((1 + confidence_level) / 2, self.residual_df) * self.standard_errors
        return pd.DataFrame(
            {
                "ratio": np.exp(self.coefficients),
                "low": np.exp(self.coefficients - reach),
                "high": np.exp(self.coefficients + reach),
            }
        )


def fit_change(
    before: ArrayLike, after: ArrayLike, covariates: pd.DataFrame, *, exposure: ArrayLike | None = None
) -> ChangeModel:
    """Fit how counts of the same places changed to what the places are like.

    Parameters
    ----------
    before, after : array_like, shape (places,)
        Counts of 0 or more; places with none at both times tell nothing and are left out.
    covariates : pandas.DataFrame
        One row a place, scaled.
    exposure : array_like, shape (places,), optional
        Exposure after over exposure before, above 0; 1 when not given.

    Returns
    -------
    ChangeModel

    Raises
    ------
    ValueError
        For too few places, or covariates that determine each other.
    NotEstimableError
        When the covariates separate the periods, so that a ratio has no bound.

    Notes
    -----
    Poisson with a level for each place, which is conditioned away: given its total, a place's count after is binomial with
    the odds of the rate ratio (Hausman, Hall and Griliches 1984). Nothing is assumed of the levels, so that
    a place high by chance before does not pull the ratio down, as it does where areas without a count before are dropped
    or the count before is a covariate. The estimate holds for any variance (Wooldridge 1999); errors are HC3.
    """
    import statsmodels.api as sm
    from statsmodels.tools.sm_exceptions import PerfectSeparationWarning

    first, last = np.asarray(before, float), np.asarray(after, float)
    told = first + last > 0
    ratio = np.ones(len(first)) if exposure is None else np.asarray(exposure, float)
    design = np.column_stack([np.ones(told.sum()), covariates[told].to_numpy(float)])
    if told.sum() <= design.shape[1]:
        raise ValueError("fewer places with any count than coefficients")
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise ValueError("the covariates determine each other; leave one out")
    pairs = np.column_stack([last[told], first[told]])
    with warnings.catch_warnings():  # an exact fit is told as separation; real separation is found below
        warnings.simplefilter("ignore", PerfectSeparationWarning)
        fitted = sm.GLM(pairs, design, family=sm.families.Binomial(), offset=np.log(ratio[told])).fit()
    if not fitted.converged or np.abs(fitted.params).max() > STEEPEST:
        raise NotEstimableError("the covariates tell without error in which period the counts fall")
    names = ["constant", *covariates.columns]
    return ChangeModel(
        coefficients=pd.Series(fitted.params, index=names),
        standard_errors=pd.Series(_robust(design, pairs, np.asarray(fitted.mu)), index=names),
        n=int(told.sum()),
        residual_df=int(fitted.df_resid),
    )


def _robust(design: np.ndarray, pairs: np.ndarray, share: np.ndarray) -> np.ndarray:
    """HC3: each place's score is set against its own leverage."""
    total = pairs.sum(axis=1)
    weight = total * share * (1 - share)
    bread = np.linalg.inv(design.T @ (weight[:, None] * design))
    leverage = np.minimum(weight * np.einsum("ij,jk,ik->i", design, bread, design), 1 - 1e-9)
    scores = ((pairs[:, 0] - total * share) / (1 - leverage))[:, None] * design
    return np.sqrt(np.diag(bread @ scores.T @ scores @ bread))
