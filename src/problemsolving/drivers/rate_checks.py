"""What a rate model is checked for: circular drivers, the variance of its counts, residuals of neighbours, districts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from problemsolving.stats.count_batches import cluster_jackknife
from problemsolving.stats.counts import CountModel, fit_poisson
from problemsolving.stats.negative_binomial import fit_negative_binomial, variance_pattern

SIGNIFICANT = 0.05
FEWEST_CLUSTERS = 8
RULE = (
    "beside it, where Dean and Lawless's test finds more than chance variation (p below 0.05), a quasi-Poisson or a "
    "negative binomial model, whichever variance has the higher pseudo-likelihood"
)
_CIRCULAR = {
    "overall_": "the overall index contains a crime domain, so that crime would partly be explained by itself",
    "crime_": "the crime domain is made of recorded crime, so that crime would be explained by itself",
}


def why_circular(column: str, *, outcome: Literal["crime", "other"] = "crime") -> str:
    """Say why a column of an index of deprivation may not be a driver of this outcome, or nothing.

    >>> why_circular("overall_score")
    'the overall index contains a crime domain, so that crime would partly be explained by itself'
    >>> why_circular("income_score"), why_circular("crime_score", outcome="other")
    ('', '')
    """
    if outcome == "other":
        return ""
    return next((reason for start, reason in _CIRCULAR.items() if column.lower().startswith(start)), "")


def refuse_circular(columns: Iterable[str], *, outcome: Literal["crime", "other"]) -> None:
    """Raise ``ValueError`` for the first driver that would explain crime by itself, with the reason and the remedy."""
    for column in columns:
        reason = why_circular(column, outcome=outcome)
        if reason:
            raise ValueError(
                f'drivers: "{column}" is refused: {reason}. Use the income domain, or say outcome="other" if what is '
                "counted is not crime"
            )


def fit_rates(
    counts: ArrayLike, drivers: pd.DataFrame, *, exposure: ArrayLike, clusters: pd.Series | None = None
) -> CountModel:
    """Fit a Poisson rate model with HC3 intervals, or with intervals that leave out one cluster at a time.

    Raises
    ------
    ValueError
        For a missing cluster or fewer than 8, and as `fit_poisson`.
    """
    model = fit_poisson(counts, drivers, exposure=exposure)
    if clusters is None:
        return model
    if clusters.isna().any() or clusters.nunique() < FEWEST_CLUSTERS:
        raise ValueError(f"cluster_by needs a label for every area and at least {FEWEST_CLUSTERS} clusters")
    covariance = cluster_jackknife(counts, drivers, exposure=exposure, clusters=clusters, model=model)
    names = model.covariance.index
    return replace(
        model,
        covariance=pd.DataFrame(covariance, index=names, columns=names),
        freedom=clusters.nunique() - 1,
        errors="clustered",
    )


@dataclass(frozen=True, kw_only=True)
class Sensitivity:
    """Other count models beside a rate model: ``frame`` has ``driver``, ``model``, ``ratio``, ``low``, ``high``.

    ``beside`` is the count model that the rule names; ``notes`` say what was fitted in place of another.
    """

    frame: pd.DataFrame
    beside: Literal["Poisson", "quasi-Poisson", "negative binomial"]
    notes: tuple[str, ...] = ()


def compare_count_models(
    counts: ArrayLike, drivers: pd.DataFrame, *, exposure: ArrayLike, model: CountModel, confidence_level: float = 0.95
) -> Sensitivity:
    """Fit the count models that a rate model is compared with, and name the one whose variance fits.

    Answers: would another count model say something else?

    Parameters
    ----------
    counts, drivers, exposure
        What the rate model was fitted to.
    model : CountModel
        The Poisson rate model.
    confidence_level : float
        Between 0 and 1.

    Returns
    -------
    Sensitivity
        The plain Poisson where its dispersion test has p of 0.05 or more; else quasi-Poisson and negative binomial.
    """
    options: dict[str, CountModel] = {}
    notes: tuple[str, ...] = ()
    beside: Literal["Poisson", "quasi-Poisson", "negative binomial"] = "Poisson"
    if model.dispersion_p >= SIGNIFICANT:
        options["Poisson"] = fit_poisson(counts, drivers, exposure=exposure, errors="model")
    else:
        options["quasi-Poisson"] = fit_poisson(counts, drivers, exposure=exposure, errors="quasi")
        binomial = fit_negative_binomial(counts, drivers, exposure=exposure, confidence_level=confidence_level)
        beside = "quasi-Poisson" if variance_pattern(counts, model.fitted) == "mean" else "negative binomial"
        if binomial.note:
            beside, notes = "quasi-Poisson", (binomial.note[0].upper() + binomial.note[1:],)
        else:
            options["negative binomial"] = binomial
    if model.errors == "clustered":
        options["Poisson, robust (HC3)"] = fit_poisson(counts, drivers, exposure=exposure)
    rows = [
        option.ratios(confidence_level=confidence_level).loc[list(drivers)].assign(model=name)
        for name, option in options.items()
    ]
    frame = pd.concat(rows).rename_axis("driver").reset_index()
    return Sensitivity(frame=frame[["driver", "model", "ratio", "low", "high"]], beside=beside, notes=notes)


def natural_contrast(values: pd.Series) -> tuple[float, float, str] | None:
    """Give two levels of a share that people can picture, and their words; None where the driver is no share.

    A share lies between 0 and 1: its lower and upper quartile, or without and with where it is only 0 or 1.

    >>> natural_contrast(pd.Series([0.1, 0.2, 0.3, 0.4, 0.5]))
    (0.2, 0.4, 'from lower to upper quartile (20% to 40%)')
    >>> natural_contrast(pd.Series([0, 1, 1])), natural_contrast(pd.Series([3.0, 20.0, 40.0]))
    ((0.0, 1.0, 'with against without'), None)
    """
    if values.min() < 0 or values.max() > 1:
        return None
    if set(values.unique()) == {0, 1}:
        return 0.0, 1.0, "with against without"
    low, high = (float(at) for at in np.quantile(values, [0.25, 0.75]))
    digits = 0 if high - low >= 0.02 else 1
    return None if low == high else (low, high, f"from lower to upper quartile ({low:.{digits}%} to {high:.{digits}%})")


def contrast_rows(drivers: pd.DataFrame, model: CountModel, *, confidence_level: float) -> pd.DataFrame:
    """Give ``driver``, ``model`` (the contrast in words), ``ratio``, ``low``, ``high`` for drivers that are shares.

    ``model`` was fitted to drivers scaled to a standard deviation of 1.
    """
    ratios = model.ratios(confidence_level=confidence_level)
    rows = []
    for name, values in drivers.items():
        contrast = natural_contrast(values)
        if contrast is not None:
            steps = (contrast[1] - contrast[0]) / values.std()
            rows.append((name, contrast[2], *(ratios.loc[name, ["ratio", "low", "high"]] ** steps)))
    return pd.DataFrame(rows, columns=["driver", "model", "ratio", "low", "high"])
