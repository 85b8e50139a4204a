"""Parts of a change: a number made of factors, and what each factor adds to how it changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from math import factorial

import numpy as np
from numpy.typing import NDArray

from problemsolving.stats.resampling import percentile_interval

Floats = NDArray[np.float64]
Factors = Mapping[str, Floats]

OFTEN, EACH_TIME, TOTAL = "how often small areas had any", "how many they had when they did", "total change"
RESIDENTS, PEOPLE, CONTACTS, MINUTES = "residents", "people", "contacts", "minutes"
ACTIVE = "active months"
OPEN = (RESIDENTS,)  # published: neither suppressed nor drawn
MAGNITUDES = (MINUTES,)  # amounts, not counts
_NAMES = {
    ("", RESIDENTS): "number of residents",
    ("", PEOPLE): "number of people in contact",
    ("", CONTACTS): "number of contacts",
    (RESIDENTS, PEOPLE): "share of residents in contact",
    (RESIDENTS, CONTACTS): "contacts a resident",
    (RESIDENTS, MINUTES): "minutes a resident",
    (PEOPLE, CONTACTS): "contacts a person",
    (PEOPLE, MINUTES): "minutes a person",
    (CONTACTS, MINUTES): "minutes a contact",
    ("", ACTIVE): OFTEN,
}


def part_names(totals: Sequence[str]) -> list[str]:
    """Name the factors of a chain of totals, each counted within the one before.

    >>> part_names(["people", "contacts", "minutes"])
    ['number of people in contact', 'contacts a person', 'minutes a contact']
    >>> part_names(["visits", "bookings"])
    ['number of visits', 'bookings for each of the visits']
    """
    return [_name(before, after) for before, after in zip(["", *totals], totals, strict=False)]


def _name(before: str, after: str) -> str:
    if before == ACTIVE:
        return EACH_TIME
    return _NAMES.get((before, after), f"{after} for each of the {before}" if before else f"number of {after}")


def symmetric_parts(first: Factors, last: Factors, value: Callable[[Factors], Floats]) -> dict[str, Floats]:
    """Give each factor the change it alone makes, averaged over every order in which the factors could have changed.

    ``value`` turns factors into the number that changed, once for each of the two to the power of n mixtures of first
    and last; where factors have more axes (draws), so have the parts.
    """
    names, n = list(first), len(first)
    worth = {
        frozenset(changed): value({name: (last if name in changed else first)[name] for name in names})
        for size in range(n + 1)
        for changed in combinations(names, size)
    }
    weights = [factorial(size) * factorial(n - size - 1) / factorial(n) for size in range(n)]
    return {
        name: np.asarray(
            sum(
                weights[len(changed)] * (worth[changed | {name}] - of)
                for changed, of in worth.items()
                if name not in changed
            )
        )
        for name in names
    }


def parts_of_totals(first: Floats, last: Floats, names: Sequence[str], *, mix: str = "") -> dict[str, Floats]:
    """Split the change of the last of a chain of totals into the parts of its factors.

    Parameters
    ----------
    first, last : array, shape (..., classes, totals)
        Totals, each counted within the one before it (residents, people, contacts, minutes).
    names : sequence of str
        Of the factors: the first total, then each over the one before.
    mix : str
        Name of one factor more, the make-up of the first total by class, where there are several classes.

    Returns
    -------
    dict of str to array, shape (...)
        They sum to the change of the last total over all classes.

    Notes
    -----
    Where a class had nothing of one total, what comes of it is undefined there; it is given the other time's value, so
    that no change is put down to it.
    """
    factors = [_factors(own, other, names, mix) for own, other in ((first, last), (last, first))]
    return symmetric_parts(factors[0], factors[1], _product)


def _factors(own: Floats, other: Floats, names: Sequence[str], mix: str) -> dict[str, Floats]:
    found = {names[0]: own[..., 0]}
    if mix:
        level, other_level = (side[..., 0].sum(axis=-1, keepdims=True) for side in (own, other))
        found = {names[0]: level, mix: _ratio(own[..., 0], level, other[..., 0], other_level)}
    for at, name in enumerate(names[1:], start=1):
        found[name] = _ratio(own[..., at], own[..., at - 1], other[..., at], other[..., at - 1])
    return found


def _ratio(above: Floats, below: Floats, other_above: Floats, other_below: Floats) -> Floats:
    below, other_below = np.broadcast_arrays(below, other_below)
    filled = np.divide(other_above, other_below, out=np.zeros(np.shape(other_above)), where=other_below > 0)
    return np.divide(above, below, out=filled, where=below > 0)


def _product(factors: Factors) -> Floats:
    whole: Floats = np.asarray(1.0)
    for factor in factors.values():
        whole = whole * factor
    return whole.sum(axis=-1)


def spread_of(parts: Mapping[str, Floats], *, level: float) -> tuple[dict[str, tuple[float, float]], dict[str, float]]:
    """Give how far the limits of each part lie from it, and the share of draws in which it is the largest.

    Parameters
    ----------
    parts : mapping of str to array, shape (1 + draws,)
        First as it is, then as drawn.
    level : float
        Confidence level.

    Returns
    -------
    reach, sure : dict
        Of the parts and of `TOTAL`; of the parts alone. Largest is by size, whatever the sign.
    """
    table = np.stack(list(parts.values()))
    whole = np.vstack([table, table.sum(axis=0)])
    limits = [percentile_interval(row[1:], confidence_level=level) for row in whole]
    reach = {
        name: (low - float(row[0]), high - float(row[0]))
        for name, row, (low, high) in zip([*parts, TOTAL], whole, limits, strict=True)
    }
    drawn = np.abs(table[:, 1:])
    drawn = drawn[:, ~np.isnan(drawn).any(axis=0)]
    won = np.bincount(drawn.argmax(axis=0), minlength=len(table)) if drawn.size else np.zeros(len(table))
    return reach, dict(zip(parts, (won / max(1, drawn.shape[1])).tolist(), strict=True))


def coarse(value: float, digits: int = 3) -> float:
    """Round to a number of significant digits.

    >>> coarse(23.4567), coarse(1234.5, 2), coarse(0.0)
    (23.5, 1200.0, 0.0)
    """
    return float(f"{value:.{digits}g}")
