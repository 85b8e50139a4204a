"""Simulated intervals of slope and relative index of inequality, for many areas at once."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import expit

from problemsolving.measures.slopes import Transform, check_scale, end_ratios, fitted_lines, to_line
from problemsolving.stats.intervals import normal_quantile


def line_errors(
    counts: ArrayLike,
    *,
    population: ArrayLike,
    of: Literal["rate", "proportion"] = "rate",
    transform: Transform = "none",
) -> np.ndarray:
    """Standard errors of rates or proportions on the scale of the line, from their counts.

    Answers: how far would these rates vary if the counts alone were random?

    Parameters
    ----------
    counts, population : array_like of float
        Events above 0, and residents (or trials) above 0.
    of : {"rate", "proportion"}
        Poisson counts of events, or binomial counts out of ``population``.
    transform : {"none", "log", "logit"}
        Scale of the line.

    Returns
    -------
    ndarray
        For ``"none"`` per resident; dimensionless on the other scales.

    Raises
    ------
    ValueError
        For a count or population of 0 or less, a proportion of 1, or log odds of a rate.

    Examples
    --------
    >>> line_errors([100], population=[1_000]).tolist(), line_errors([100], population=[1_000], transform="log").tolist()
    ([0.01], [0.1])
    """
    events, people = np.asarray(counts, float), np.asarray(population, float)
    if (events <= 0).any() or (people <= 0).any():
        raise ValueError("counts and population must be above 0 in every group")
    if of == "proportion" and (events >= people).any():
        raise ValueError("counts must be below population for proportions")
    check_scale(events / people if of == "proportion" else np.full(1, 0.5), transform)
    if of == "rate" and transform == "logit":
        raise ValueError('transform="logit" is for proportions')
    relative = np.sqrt((1 - events / people if of == "proportion" else 1.0) / events)
    if transform == "none":
        return relative * events / people
    return relative if transform == "log" else relative / (1 - events / people)


def simulate_slopes(
    values: ArrayLike,
    standard_errors: ArrayLike,
    *,
    population: ArrayLike,
    transform: Transform = "none",
    confidence_level: float = 0.95,
    n_simulations: int = 100_000,
    rng: np.random.Generator | None = None,
) -> pd.DataFrame:
    """Simulate the intervals of slope and relative index of inequality for many areas at once.

    Answers: how sure is each area's slope, if nothing but its rates' standard errors is unsure?

    Parameters
    ----------
    values : array_like, shape (m, k)
        Rate, mean or proportion by area and group, most deprived first.
    standard_errors : array_like, shape (m, k)
        Of the values, 0 or more, on the scale of the line (`line_errors` gives them from counts).
    population : array_like, shape (m, k)
        Residents by area and group, above 0.
    transform : {"none", "log", "logit"}
        As in `slope_index_of_inequality`.
    confidence_level : float
        Between 0 and 1.
    n_simulations : int
        Draws for each area, at least 1,000.
    rng : numpy.random.Generator, optional
        Source of randomness.

    Returns
    -------
    pandas.DataFrame, m rows
        ``index``, ``index_low``, ``index_high`` in the unit of the values; ``ratio``, ``ratio_low``, ``ratio_high``
        without unit, missing where a fitted end is not above zero (its limits, where that is so in more draws than lie
        beyond a limit). Limits are percentiles of the draws.

    Raises
    ------
    ValueError
        For tables of different shapes, fewer than two groups, fewer than 1,000 draws, a negative or missing standard
        error, a population of 0 or less, or values that the scale does not hold.

    Notes
    -----
    Each value is drawn from a normal distribution on the scale of the line and the line fitted anew. Both fitted ends
    are sums of the values with fixed weights, so ``n_simulations`` draws of all k values have ends that follow a normal
    distribution of two dimensions whose covariance these weights give exactly. The ends are drawn from it: as many
    draws as asked for in each area, new ones for every area, with two random numbers a draw in place of k. Slope and
    ratio of a draw come from the same two numbers. Random numbers and draws are kept in single precision, whose
    rounding (1e-7 of a value) is far below the noise of the simulation.

    Do not use where small areas vary beyond chance: the interval is then too narrow, see
    `problemsolving.measures.gradient.measure_gradient`.

    References
    ----------
    Low A, Low A (2004) Measuring the gap: quantifying and comparing local health inequalities. J Public Health 26:388.

    Examples
    --------
    >>> found = simulate_slopes([[30, 20, 10]], [[1, 1, 1]], population=[[1, 1, 1]], rng=np.random.default_rng(1))
    >>> found.loc[0, ["index", "index_low", "index_high"]].round().tolist()  # -30, and 1.96 times 2.12 around it
    [-30.0, -34.0, -26.0]
    """
    rng = np.random.default_rng() if rng is None else rng
    rates, errors, people = (np.asarray(table, float) for table in (values, standard_errors, population))
    _check_tables(rates, errors, people, n_simulations)
    check_scale(rates, transform)
    index, intercept = fitted_lines(rates, people, transform)
    normal_quantile(confidence_level)  # refuses a level that is none
    normals = np.empty((2, n_simulations), np.float32)
    limits = np.empty((len(rates), 4))
    for area, line in enumerate(_ends(to_line(rates, transform), errors, people)):
        rng.standard_normal(out=normals, dtype=np.float32)
        indices, ratios = _drawn(line, normals, transform)
        limits[area] = *_percentiles(indices, confidence_level), *_percentiles(ratios, confidence_level)
    return pd.DataFrame(
        {
            "index": index,
            "index_low": limits[:, 0],
            "index_high": limits[:, 1],
            "ratio": end_ratios(index, intercept),
            "ratio_low": limits[:, 2],
            "ratio_high": limits[:, 3],
        }
    )


def _check_tables(rates: np.ndarray, errors: np.ndarray, people: np.ndarray, n_simulations: int) -> None:
    if rates.ndim != 2 or not rates.shape == errors.shape == people.shape:
        raise ValueError("values, standard_errors and population must be tables of one shape: a row an area")
    if rates.shape[1] < 2 or not (people > 0).all():
        raise ValueError("a slope needs at least two groups, each with residents")
    if not (errors >= 0).all() or not np.isfinite(rates).all():
        raise ValueError("values must be known and standard_errors 0 or more in every group; leave the others out")
    if n_simulations < 1_000:
        raise ValueError("n_simulations must be at least 1,000")


def _ends(rates: np.ndarray, errors: np.ndarray, people: np.ndarray) -> np.ndarray:
    """Give, a row an area on the scale of the line: slope and its error, start, its part along the slope, its rest."""
    share = people / people.sum(axis=1, keepdims=True)
    ridit = np.cumsum(share, axis=1) - share / 2
    off = ridit - (share * ridit).sum(axis=1, keepdims=True)
    of_slope = share * off / (share * off**2).sum(axis=1, keepdims=True)
    of_start = share - of_slope * (share * ridit).sum(axis=1, keepdims=True)
    variance = errors**2
    error = np.sqrt((of_slope**2 * variance).sum(axis=1))
    along = (of_slope * of_start * variance).sum(axis=1) / np.where(error > 0, error, 1.0)
    rest = np.sqrt(np.maximum((of_start**2 * variance).sum(axis=1) - along**2, 0.0))
    return np.column_stack([(of_slope * rates).sum(axis=1), error, (of_start * rates).sum(axis=1), along, rest])


def _drawn(line: np.ndarray, normals: np.ndarray, transform: Transform) -> tuple[np.ndarray, np.ndarray]:
    """Give index and ratio of each draw; ratios missing where a fitted end is not above zero."""
    slope, error, start, along, rest = (float(number) for number in line)  # plain numbers keep single precision
    slopes = slope + error * normals[0]
    starts = start + along * normals[0] + rest * normals[1]
    if transform == "none":
        return slopes, np.where((starts > 0) & (starts + slopes > 0), 1 + slopes / starts, np.nan)
    if transform == "log":
        return np.exp(starts) * np.expm1(slopes), np.exp(slopes)
    most, least = expit(starts), expit(starts + slopes)
    return least - most, least / most


def _percentiles(draws: np.ndarray, confidence_level: float) -> tuple[float, float]:
    """Percentile limits of draws, put in order in place; missing where more draws are missing than lie beyond a limit."""
    draws.sort()
    tail, missing = (1 - confidence_level) / 2, int(np.isnan(draws).sum())
    if missing > tail * draws.size:
        return np.nan, np.nan
    places = np.array([tail, 1 - tail]) * (draws.size - missing - 1)
    below = places.astype(int)
    above = np.minimum(below + 1, draws.size - missing - 1)
    low, high = draws[below] + (places - below) * (draws[above].astype(float) - draws[below])
    return float(low), float(high)
