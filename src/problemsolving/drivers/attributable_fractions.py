"""Attributable fractions and the E-value as exact numbers of a ratio, and why the shares of several drivers do not add."""

from __future__ import annotations

from typing import Literal, NoReturn

import numpy as np

from problemsolving.errors import NotEstimableError

Form = Literal["Miettinen", "Levin"]
ASSUMPTION = (
    "An attributable share takes the link as causal and free of confounding, and everything else as staying as it is; "
    "these data cannot show that"
)
NOT_ADDITIVE = (
    "Shares of several drivers do not add: an event that needs two of them counts in both shares; estimate them together "
    "in one model (estimate_excess_share)"
)


class NotAdditive:
    """A share that refuses to be added to another."""

    def __add__(self, other: object) -> NoReturn:
        raise NotEstimableError(NOT_ADDITIVE)

    __radd__ = __add__


def attributable_fraction(ratio: float) -> float:
    """Share of the events among the exposed that would not occur without the exposure: 1 - 1 / ratio.

    Answers: of those exposed, how many of the events are due to the exposure, if it causes them?

    Parameters
    ----------
    ratio : float
        Risk or rate ratio, above 0. Below 1 the share is negative (events prevented).

    Returns
    -------
    float
        Share of the exposed's events, at most 1.

    Raises
    ------
    ValueError
        For a ratio of 0 or less.

    Examples
    --------
    >>> attributable_fraction(4.0)
    0.75
    """
    if not ratio > 0:
        raise ValueError("ratio must be above 0")
    return 1 - 1 / ratio


def population_attributable_fraction(ratio: float, *, exposed: float, form: Form = "Miettinen") -> float:
    """Share of all events that would not occur without the exposure.

    Answers: how much smaller would the problem be without the driver, if the driver causes it?

    Parameters
    ----------
    ratio : float
        Risk or rate ratio of the exposed, above 0.
    exposed : float
        Share exposed, 0 to 1: of the *cases* in Miettinen's form, of the *population* in Levin's.
    form : {"Miettinen", "Levin"}
        Miettinen's holds for a ratio adjusted for confounders; Levin's only for a crude one.

    Returns
    -------
    float
        Share of all events, at most 1.

    Raises
    ------
    ValueError
        For a ratio of 0 or less or a share outside 0 to 1.

    Notes
    -----
    Miettinen: exposed × (1 - 1 / ratio). Levin: exposed (ratio - 1) / (1 + exposed (ratio - 1)). Do not use Levin's
    form with an adjusted ratio: it is biased wherever there was something to adjust for. Do not add the shares of
    several drivers.

    References
    ----------
    Levin ML (1953) Acta Unio Int Contra Cancrum 9:531.
    Miettinen OS (1974) Proportion of disease caused or prevented by a given exposure. Am J Epidemiol 99:325.
    Rockhill B, Newman B, Weinberg C (1998) Use and misuse of population attributable fractions. Am J Public Health
    88:15. doi:10.2105/AJPH.88.1.15

    Examples
    --------
    A tenth of the people, but a quarter of the cases, are exposed, at three times the risk of the others:

    >>> population_attributable_fraction(3, exposed=0.25), population_attributable_fraction(3, exposed=0.1, form="Levin")
    (0.16666666666666669, 0.16666666666666669)
    """
    if not 0 <= exposed <= 1:
        raise ValueError("exposed must be a share between 0 and 1")
    if form == "Miettinen":
        return exposed * attributable_fraction(ratio)
    if not ratio > 0:
        raise ValueError("ratio must be above 0")
    excess = exposed * (ratio - 1)
    return excess / (1 + excess)


def e_value(ratio: float) -> float:
    """How strongly something unmeasured would have to go with both driver and outcome to explain a risk ratio away.

    Answers: how large would a hidden cause have to be?

    Parameters
    ----------
    ratio : float
        Risk ratio above 0, or the limit of its interval nearer to 1.

    Returns
    -------
    float
        Smallest risk ratio that the hidden cause would need with driver and outcome alike, 1 or more. A ratio below 1
        is turned over first.

    Raises
    ------
    ValueError
        For a ratio of 0 or less.

    Notes
    -----
    ratio + sqrt(ratio (ratio - 1)). A large value is no proof: it says nothing of chance, of wrong measurement, or of
    whether such a cause exists.

    References
    ----------
    VanderWeele TJ, Ding P (2017) Sensitivity analysis in observational research: introducing the E-value.
    Ann Intern Med 167:268. doi:10.7326/M16-2607

    Examples
    --------
    >>> round(e_value(3.9), 2)  # 3.9 + sqrt(3.9 × 2.9)
    7.26
    """
    if not ratio > 0:
        raise ValueError("ratio must be above 0")
    above = max(ratio, 1 / ratio)
    return float(above + np.sqrt(above * (above - 1)))
