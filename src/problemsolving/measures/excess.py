"""Events in excess: how many would not occur if every group had the rate of the least deprived fifth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from problemsolving.results import listed

FIFTH = 0.2
WORDS = {5: "fifth", 10: "decile", 20: "twentieth", 100: "centile"}


def quantile_word(quantiles: int) -> str:
    """Name one of so many quantiles.

    >>> quantile_word(10), quantile_word(7)
    ('decile', 'quantile')
    """
    return WORDS.get(quantiles, "quantile")


@dataclass(frozen=True)
class Reference:
    """The groups whose rate the others are set against: their positions, in words, and whether they are stand-ins."""

    places: tuple[int, ...]
    words: str
    note: str = ""


def least_deprived_fifth(labels: Sequence[float], *, quantiles: int, population: Sequence[float]) -> Reference:
    """Find the groups that make up the least deprived fifth of the whole scale, or what stands in for them.

    Parameters
    ----------
    labels : sequence of float
        Quantiles that have residents, ascending, 1 = most deprived.
    quantiles : int
        Quantiles of the whole scale (10 for deciles).
    population : sequence of float
        Residents of each group.

    Returns
    -------
    Reference
        The quantiles above four fifths of the scale that are there. Where none is: the least deprived ones that are,
        as many as together hold a fifth of the residents, with a note that says so.

    Examples
    --------
    >>> least_deprived_fifth([1, 5, 9, 10], quantiles=10, population=[1, 1, 1, 1]).words
    'deciles 9 and 10'
    >>> found = least_deprived_fifth([1, 2, 8], quantiles=10, population=[50, 40, 10])
    >>> found.words, found.note
    ('deciles 2 and 8', 'no one lives in deciles 9 and 10, the least deprived fifth of the scale: deciles 2 and 8 stand in for it')
    """
    word = quantile_word(quantiles)
    first = round((1 - FIFTH) * quantiles) + 1
    whole = [str(label) for label in range(first, quantiles + 1)]
    places = tuple(place for place, label in enumerate(labels) if label >= first)
    if places:
        words = _named(word, [f"{labels[place]:g}" for place in places])
        absent = [name for name in whole if name not in {f"{labels[place]:g}" for place in places}]
        note = f"no one lives in {_named(word, absent)}: {words} alone {_stand(places)} for the least deprived fifth"
        return Reference(places, words, note if absent and len(whole) <= 4 else "")
    held = np.cumsum(np.asarray(population, float)[::-1]) / np.sum(population)
    taken = int(np.argmax(held >= FIFTH - 1e-12)) + 1
    places = tuple(range(len(labels) - taken, len(labels)))
    words = _named(word, [f"{labels[place]:g}" for place in places])
    note = f"no one lives in {_named(word, whole)}, the least deprived fifth of the scale: {words} {_stand(places)} in for it"
    return Reference(places, words, note)


def _stand(places: Sequence[int]) -> str:
    return "stand" if len(places) > 1 else "stands"


def _named(word: str, names: Sequence[str]) -> str:
    """Name quantiles: all of a few, the ends of many."""
    if len(names) == 1:
        return f"{word} {names[0]}"
    return f"{word}s {listed(names)}" if len(names) <= 4 else f"{word}s {names[0]} to {names[-1]}"


def excess_share(counts: np.ndarray, person_years: np.ndarray, reference: Sequence[int]) -> np.ndarray:
    """Share of events above what the reference groups' rate would give, of the last axis; negative where below it.

    Answers: what share of the events would not occur if all had the rate of the reference groups?

    Parameters
    ----------
    counts, person_years : ndarray, shape (..., k)
        Events and person-years by group.
    reference : sequence of int
        Positions of the reference groups.

    Returns
    -------
    ndarray, shape (...)
        One minus the reference rate over the rate of all; missing where the reference has no residents.

    Notes
    -----
    The population attributable fraction for a reference group, with no claim that deprivation is the cause.

    Examples
    --------
    >>> excess_share(np.array([30.0, 10.0]), np.array([1.0, 1.0]), [1]).round(3).item()
    0.5
    """
    chosen = list(reference)
    with np.errstate(invalid="ignore", divide="ignore"):
        lowest = counts[..., chosen].sum(axis=-1) / person_years[..., chosen].sum(axis=-1)
        overall = counts.sum(axis=-1) / person_years.sum(axis=-1)
        return np.where(overall > 0, 1 - lowest / overall, np.nan)
