"""How many incidents each small area is to expect in each month, and drawing counts around it: no files, no points."""

from __future__ import annotations

import numpy as np

from problemsolving.periods import Month
from problemsolving.simulate.places import Places, Response
from problemsolving.simulate.streams import stream
from problemsolving.simulate.truths import Truths
from problemsolving.simulate.worlds import month_factors

VIOLENCE = "violent-crime"


def displacement_ratio(places: Places, truths: Truths, response: Response) -> float:
    """Give the rate ratio in the buffer areas that the displaced share of prevented incidents makes."""
    usual = places.rate * places.population
    prevented = (1 - truths.response_ratio) * usual[response.treated].sum()
    return float(1 + truths.displaced_share * prevented / usual[response.buffer].sum())


def draw_drift(places: Places, truths: Truths, seed: int) -> np.ndarray:
    """Draw what each area changes by itself from baseline to follow-up, as a rate ratio."""
    return np.exp(stream(seed, "drift").normal(0, truths.area_drift, len(places)))


def expected_counts(
    places: Places,
    truths: Truths,
    response: Response | None,
    *,
    category: str = VIOLENCE,
    drift: np.ndarray | None = None,
    factors: np.ndarray | None = None,
) -> np.ndarray:
    """Give the count that each area is to expect in each month.

    Parameters
    ----------
    places, truths, response
        Areas, what is planted, and where the response goes; without a response nothing is changed by one.
    category : str
        Category of incident.
    drift : numpy.ndarray, optional
        Rate ratio of each area from baseline to follow-up; none by default.
    factors : numpy.ndarray, optional
        Factor of each month (``month_factors``); season and recording without noise by default.

    Returns
    -------
    numpy.ndarray
        Areas × months, incidents.
    """
    months = truths.months
    late = np.array([month in truths.follow_up for month in months])
    days = np.array([month.days for month in months])
    factor = month_factors(truths, months, np.random.default_rng(0)) if factors is None else factors
    if category == VIOLENCE:
        factor = factor * np.where([month == truths.special_month for month in months], truths.special_ratio, 1.0)
    usual = places.rate * places.population * truths.shares[category]
    expected = usual[:, None] * (days / 365.25 * factor)[None, :]
    if drift is not None:
        expected = expected * np.where(late[None, :], drift[:, None], 1.0)
    if response is not None and category == VIOLENCE:
        effect = np.ones(len(places))
        effect[response.buffer] = displacement_ratio(places, truths, response)
        effect[response.treated] = truths.response_ratio
        expected = expected * np.where(late[None, :], effect[:, None], 1.0)
    return expected


def draw_counts(expected: np.ndarray, truths: Truths, rng: np.random.Generator) -> np.ndarray:
    """Draw counts around what is expected: Poisson, or negative binomial where months of areas have a variance.

    Returns
    -------
    numpy.ndarray
        Whole numbers, in the shape of ``expected``.
    """
    if truths.area_month_variance:
        shape = 1 / truths.area_month_variance
        expected = expected * rng.gamma(shape, 1 / shape, expected.shape)
    return rng.poisson(expected)


def month_starts(months: list[Month]) -> np.ndarray:
    """Give the first day of each month, and the day after the last, as ``datetime64[D]``."""
    return np.array([str(month) for month in months] + [str(months[-1].next)], dtype="datetime64[M]").astype(
        "datetime64[D]"
    )
