"""Exact tests of small counts over categories, such as days of the week."""

from __future__ import annotations

from dataclasses import dataclass
from math import factorial
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln, xlogy

from problemsolving.stats.resampling import resampled_p

Floats = NDArray[np.float64]
Statistic = Literal["G", "chi-squared"]

FEASIBLE = 300_000  # outcomes up to which every one is looked at
_CLOSE = 1e-9  # outcomes whose statistics differ by less are as remarkable as each other


@dataclass(frozen=True, kw_only=True)
class MultinomialTest:
    """A test of counts against probabilities: its statistic, p, and whether p is exact or drawn."""

    statistic: float
    p: float
    method: Literal["exact", "monte-carlo"]
    outcomes: int  # looked at, or drawn


def g_statistic(counts: ArrayLike, *, probabilities: ArrayLike | None = None) -> Floats:
    """Likelihood-ratio statistic of counts against probabilities: 2 sum O ln(O / E).

    Parameters
    ----------
    counts : array_like, shape (..., k)
        Counts by category, 0 or more, in the last axis.
    probabilities : array_like, shape (k,), optional
        Of each category, above 0; equal when not given.

    Returns
    -------
    ndarray, shape (...)
        0 where the counts are exactly as expected; dimensionless.

    Raises
    ------
    ValueError
        For negative counts, or probabilities that are not above 0 or do not add up to 1.

    Examples
    --------
    All of three events on one of seven days, 6 ln 7:

    >>> round(float(g_statistic([3, 0, 0, 0, 0, 0, 0])), 2)
    11.68
    """
    counts, expected = _checked(counts, probabilities)
    return 2 * xlogy(counts, counts / np.where(expected > 0, expected, 1)).sum(axis=-1)


def chi_squared_statistic(counts: ArrayLike, *, probabilities: ArrayLike | None = None) -> Floats:
    """Pearson's statistic of counts against probabilities: sum (O - E) squared / E.

    Parameters
    ----------
    counts, probabilities
        As in `g_statistic`.

    Returns
    -------
    ndarray, shape (...)

    Raises
    ------
    ValueError
        As in `g_statistic`.

    Examples
    --------
    >>> round(float(chi_squared_statistic([3, 0, 0, 0, 0, 0, 0])), 9)
    18.0
    """
    counts, expected = _checked(counts, probabilities)
    return ((counts - expected) ** 2 / np.where(expected > 0, expected, 1)).sum(axis=-1)


def _checked(counts: ArrayLike, probabilities: ArrayLike | None) -> tuple[Floats, Floats]:
    """Give counts and what is expected of them."""
    plain = np.asarray(counts, float)
    if plain.ndim == 0 or plain.shape[-1] < 2 or not (plain >= 0).all():
        raise ValueError("counts must be 0 or more, in at least two categories")
    size = plain.shape[-1]
    chances = np.full(size, 1 / size) if probabilities is None else np.asarray(probabilities, float)
    if chances.shape != (size,) or not (chances > 0).all() or abs(chances.sum() - 1) > 1e-9:
        raise ValueError("probabilities must be above 0, one a category, and add up to 1")
    return plain, plain.sum(axis=-1, keepdims=True) * chances


def multinomial_test(
    counts: ArrayLike,
    *,
    probabilities: ArrayLike | None = None,
    statistic: Statistic = "G",
    method: Literal["auto", "exact", "monte-carlo"] = "auto",
    n_resamples: int = 9_999,
    rng: np.random.Generator | None = None,
) -> MultinomialTest:
    """Test counts over categories against given probabilities, without an approximation for large samples.

    Answers: could so few events fall so unevenly on days (or hours, or places) by chance?

    Parameters
    ----------
    counts : array_like of int, shape (k,)
        Events by category, 0 or more, at least one.
    probabilities : array_like, shape (k,), optional
        Of each category under chance, above 0; equal when not given.
    statistic : {"G", "chi-squared"}
        What makes an outcome remarkable.
    method : {"auto", "exact", "monte-carlo"}
        Look at every outcome, or draw some. ``"auto"`` looks at every one where there are 300,000 or fewer; with equal
        probabilities outcomes that differ by the order of the categories alone are one (up to 80 events on
        seven days).
    n_resamples : int
        Outcomes drawn.
    rng : numpy.random.Generator, optional
        Source of randomness.

    Returns
    -------
    MultinomialTest
        p: the probability of an outcome at least as remarkable, or (1 + b) / (1 + n) with b of n drawn.

    Raises
    ------
    ValueError
        For counts that are not whole, no events, or an exact test that would take too many outcomes.

    Notes
    -----
    With few events few outcomes are possible, so that the test rejects less often than its level says.

    References
    ----------
    Wheeler AP (2016) Testing serial crime events for randomness in day of week patterns with small samples. J
    Investigative Psychology and Offender Profiling 13:148. doi:10.1002/jip.1449

    Examples
    --------
    Three events, all on one day of the week: 7 of 343 equally likely outcomes.

    >>> test = multinomial_test([3, 0, 0, 0, 0, 0, 0])
    >>> round(test.p * 343, 9), test.method
    (7.0, 'exact')
    """
    seen, expected = _checked(counts, probabilities)
    total = round(float(seen.sum()))
    if seen.ndim != 1 or (seen != np.round(seen)).any() or not total:
        raise ValueError("counts must be whole numbers of one row, with at least one event")
    measure = g_statistic if statistic == "G" else chi_squared_statistic
    chances = expected / expected.sum()
    equal = bool(np.allclose(chances, 1 / len(chances), rtol=1e-12))
    value = float(measure(seen, probabilities=chances))
    bound = value - _CLOSE * max(1.0, value)
    if method != "monte-carlo":
        size = _count_outcomes(total, len(chances), equal)
        if size <= FEASIBLE:
            outcomes, logs = _outcomes(total, chances, equal)
            p = float(np.exp(logs[measure(outcomes, probabilities=chances) >= bound]).sum())
            return MultinomialTest(statistic=value, p=min(p, 1.0), method="exact", outcomes=size)
        if method == "exact":
            raise ValueError('there are too many outcomes to look at each; give method="monte-carlo"')
    rng = np.random.default_rng() if rng is None else rng
    drawn = measure(rng.multinomial(total, chances, size=n_resamples), probabilities=chances)
    p = resampled_p(int((drawn >= bound).sum()), n_resamples)
    return MultinomialTest(statistic=value, p=p, method="monte-carlo", outcomes=n_resamples)


def _count_outcomes(total: int, size: int, equal: bool) -> int:
    """Count the ways to lay events in categories; with equal probabilities the order of the categories does not count."""
    ordered = 1
    for step in range(1, size):
        ordered = ordered * (total + step) // step
        if ordered > FEASIBLE * (factorial(size) if equal else 1):
            return FEASIBLE + 1
    if not equal:
        return ordered
    ways = np.ones(total + 1)  # of adding up to 0, 1, ... with ones alone, then with twos as well, up to the size
    for part in range(2, size + 1):
        for start in range(min(part, total + 1)):
            ways[start::part] = np.cumsum(ways[start::part])
    return int(ways[total])


def _outcomes(total: int, chances: Floats, equal: bool) -> tuple[NDArray[np.int64], Floats]:
    """Give every outcome, one a row, and the logarithm of its probability; the orders of an outcome are one where equal."""
    size = len(chances)
    rows, left, log = np.zeros((1, 0), np.int64), np.array([total]), np.array([gammaln(total + 1)])
    run = np.ones(1, np.int64)
    for place in range(size):
        most = left if not equal or not place else np.minimum(left, rows[:, -1])
        after = size - place
        least = (left if after == 1 else -(-left // after)) if equal else (left if after == 1 else np.zeros_like(left))
        many = most - least + 1
        old = np.repeat(np.arange(len(rows)), many)
        value = np.arange(len(old)) - np.repeat(np.cumsum(many) - many, many) + least[old]
        log = log[old] + xlogy(value, chances[place]) - gammaln(value + 1)
        if equal:
            run = np.where(rows[old, -1] == value, run[old] + 1, 1) if place else np.ones(len(old), np.int64)
            log = log + np.log(place + 1) - np.log(run)  # size! orders, less those of equal parts
        rows, left = np.column_stack([rows[old], value]), left[old] - value
    return rows, log
