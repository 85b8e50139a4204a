"""The negative binomial count model, and which variance the counts of a model seem to have."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import optimize, stats

from problemsolving.results import Interval
from problemsolving.stats.counts import CountModel, check_counts, fit_poisson
from problemsolving.stats.intervals import normal_quantile

NO_MORE_THAN_CHANCE = (
    "the counts vary no more than chance, where the negative binomial is the Poisson model: that one was fitted"
)
NOT_CONVERGED = "the negative binomial could not be fitted (no convergence): a quasi-Poisson model stands in its place"


def fit_negative_binomial(
    outcome: ArrayLike,
    drivers: Mapping[str, ArrayLike] | pd.DataFrame,
    *,
    exposure: ArrayLike,
    confidence_level: float = 0.95,
) -> CountModel:
    """Fit a negative binomial model (variance = mean + alpha × mean²) with log-exposure offset by maximum likelihood.

    Answers: how does the rate of events go with each driver, where rates differ beyond the drivers?

    Parameters
    ----------
    outcome : array_like, shape (n,)
        Counts, 0 or more.
    drivers : mapping of str to array_like, shape (n,)
        One column a driver, without the constant.
    exposure : array_like, shape (n,)
        Person-years, above 0.
    confidence_level : float
        Of the interval of alpha, between 0 and 1.

    Returns
    -------
    CountModel
        ``alpha`` with its interval (Wald on the log scale); ``dispersion_p`` is the p of the likelihood ratio test
        of alpha = 0 (half a chi-square of one degree, since alpha lies at the edge of what it can be). Where the
        likelihood has its top at alpha = 0 a Poisson model comes back, where it does not converge a quasi-Poisson one:
        ``family`` and ``note`` say so.

    Raises
    ------
    ValueError
        As `fit_poisson`.

    Notes
    -----
    Do not use to find out whether counts are over-dispersed because areas depend on each other: the model takes rows
    as independent.

    References
    ----------
    Lawless JF (1987) Negative binomial and mixed Poisson regression. Can J Stat 15:209. doi:10.2307/3314912
    Cameron AC, Trivedi PK (2013) Regression analysis of count data, 2nd ed. doi:10.1017/CBO9781139013567

    Examples
    --------
    >>> model = fit_negative_binomial([0, 12, 3, 41, 7, 22, 1, 30], {}, exposure=[1.0] * 8)
    >>> model.family, round(float(np.exp(model.coefficients["constant"])), 2)  # the mean
    ('negative binomial', 14.5)
    """
    counts, time_at_risk, design = check_counts(outcome, drivers, exposure)
    poisson = fit_poisson(outcome, drivers, exposure=exposure, errors="model")
    if ((counts - poisson.fitted) ** 2 - counts).sum() <= 0:  # the slope of the likelihood at alpha = 0
        return replace(poisson, alpha_interval=None, note=NO_MORE_THAN_CHANCE)
    found = _maximise(counts, design.to_numpy(float), np.log(time_at_risk), poisson)
    if found is None:
        return replace(fit_poisson(outcome, drivers, exposure=exposure, errors="quasi"), note=NOT_CONVERGED)
    coefficients, covariance, alpha, alpha_error, log_likelihood = found
    mean = np.exp(design.to_numpy(float) @ coefficients) * time_at_risk
    residuals = (counts - mean) / np.sqrt(mean + alpha * mean**2)
    reach = float(np.exp(normal_quantile(confidence_level) * alpha_error / alpha))
    gain = max(2 * (log_likelihood - poisson.log_likelihood), 0.0)
    return CountModel(
        coefficients=pd.Series(coefficients, index=design.columns),
        covariance=pd.DataFrame(covariance, index=design.columns, columns=design.columns),
        dispersion=float((residuals**2).sum() / poisson.residual_df),
        dispersion_p=float(stats.chi2.sf(gain, 1) / 2),
        n=poisson.n,
        residual_df=poisson.residual_df,
        freedom=poisson.residual_df,
        log_likelihood=log_likelihood,
        fitted=mean,
        residuals=residuals,
        errors="model",
        family="negative binomial",
        alpha=alpha,
        alpha_interval=Interval(alpha / reach, alpha * reach, confidence_level),
    )


def _maximise(
    counts: np.ndarray, design: np.ndarray, offset: np.ndarray, poisson: CountModel
) -> tuple[np.ndarray, np.ndarray, float, float, float] | None:
    """Give coefficients, covariance, alpha, its standard error and the log-likelihood; None without convergence.

    The design is turned into columns at right angles first, so that units of measurement do not matter.
    """
    import statsmodels.api as sm

    n, k = design.shape
    columns, turn = np.linalg.qr(design)
    columns, turn = columns * np.sqrt(n), turn / np.sqrt(n)
    model = sm.NegativeBinomial(counts, columns, loglike_method="nb2", offset=offset)
    variance = ((counts - poisson.fitted) ** 2 - counts).sum() / (poisson.fitted**2).sum()
    start = np.append(turn @ poisson.coefficients.to_numpy(), max(variance, 0.01))
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # convergence is judged below, by the slope of the likelihood
        quiet = {"disp": 0, "warn_convergence": False, "skip_hessian": True}
        rough = model.fit(start_params=start, method="bfgs", maxiter=300, **quiet).params
        fine = model.fit(start_params=rough, method="newton", maxiter=30, **quiet).params
        params = np.asarray(fine if np.isfinite(fine).all() and fine[-1] > 0 else rough)
        steep = np.abs(model.score(params)).max() / n
        spread = np.linalg.pinv(-model.hessian(params), hermitian=True)
    if not (np.isfinite(params).all() and params[-1] > 0 and steep < 1e-6 and (np.diag(spread) > 0).all()):
        return None
    back = np.linalg.inv(turn)
    return (
        back @ params[:k],
        back @ spread[:k, :k] @ back.T,
        float(params[-1]),
        float(np.sqrt(spread[-1, -1])),
        float(model.loglike(params)),
    )


def variance_pattern(counts: ArrayLike, mean: ArrayLike) -> Literal["mean", "square"]:
    """Say which grows with the mean: a variance that is a multiple of it, or one with a part in its square.

    Answers: does a quasi-Poisson or a negative binomial model describe how the counts vary?

    Parameters
    ----------
    counts, mean : array_like, shape (n,)
        Counts and what a model expects (above 0).

    Returns
    -------
    {"mean", "square"}
        The variance function with the higher pseudo-likelihood of the squared residuals: phi × mean
        (quasi-Poisson), or mean + alpha × mean² (negative binomial). Each has one free number.

    Notes
    -----
    Where the fitted means hardly differ both describe the counts alike, and the answer does not matter.

    References
    ----------
    Davidian M, Carroll RJ (1987) Variance function estimation. JASA 82:1079. doi:10.1080/01621459.1987.10478543
    Ver Hoef JM, Boveng PL (2007) Quasi-Poisson vs. negative binomial regression. Ecology 88:2766.
    doi:10.1890/07-0043.1

    Examples
    --------
    >>> mean = np.repeat([4.0, 100.0], 2)
    >>> variance_pattern(mean + np.array([-4, 4, -20, 20]), mean)  # variance 4 × mean in both
    'mean'
    >>> variance_pattern(mean + np.array([-2, 2, -50, 50]), mean)  # about mean + 0.24 mean² in the larger
    'square'
    """
    squares, expected = (np.asarray(counts, float) - mean) ** 2, np.asarray(mean, float)

    def lack(variance: np.ndarray) -> float:
        return float((np.log(variance) + squares / variance).sum())

    multiple = max((squares / expected).mean(), 1e-9)
    quadratic = optimize.minimize_scalar(
        lambda log_alpha: lack(expected + np.exp(log_alpha) * expected**2), bounds=(-15, 5), method="bounded"
    )
    return "mean" if lack(multiple * expected) <= quadratic.fun else "square"
