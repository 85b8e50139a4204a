"""Decomposition of a change into the factors that make it up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from math import factorial
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from problemsolving import draw
from problemsolving.results import Column, Method, Result, Table, Value, interval, number, whole
from problemsolving.stats.resampling import percentile_interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def decompose_change(before: Mapping[str, ArrayLike], after: Mapping[str, ArrayLike]) -> dict[str, float]:
    """Split the change of a product of factors into one part a factor (Das Gupta).

    Answers: how much of the change came from each factor?

    Parameters
    ----------
    before, after : mapping of str to array_like
        Factor → value, 2 to 6 factors. Vectors (one entry a class) are multiplied class by class and summed.

    Returns
    -------
    dict of str to float
        Part of each factor, in the unit of the product. The parts sum to the change exactly.

    Raises
    ------
    ValueError
        For other than 2 to 6 factors, or factors that differ between the two times.

    Notes
    -----
    The part of a factor is the change it alone makes, averaged over every order in which the factors could
    have changed. It describes; it does not explain.

    References
    ----------
    Das Gupta P (1993) Standardization and decomposition of rates: a user's manual. US Bureau of the Census P23-186.

    Examples
    --------
    >>> parts = decompose_change({"people": 100, "contacts": 2}, {"people": 110, "contacts": 3})
    >>> {factor: float(part) for factor, part in parts.items()}
    {'people': 25.0, 'contacts': 105.0}
    """
    if list(before) != list(after) or not 2 <= len(before) <= 6:
        raise ValueError("give the same 2 to 6 factors before and after")
    first, last = ({name: np.asarray(value, float) for name, value in side.items()} for side in (before, after))
    names = list(before)

    def product(changed: frozenset[str]) -> np.ndarray:
        value = np.asarray(1.0)
        for name in names:
            value = value * (last if name in changed else first)[name]
        return value

    parts = {}
    for name in names:
        others = [other for other in names if other != name]
        part: np.ndarray = np.asarray(0.0)
        for size in range(len(names)):
            weight = factorial(size) * factorial(len(others) - size) / factorial(len(names))
            for chosen in combinations(others, size):
                part = part + weight * (product(frozenset({*chosen, name})) - product(frozenset(chosen)))
        parts[name] = float(part.sum())
    return parts


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class PlaceChange(Result):
    """Change of events = places with any × events a place: ``frame`` has ``group`` and ``count``.

    Groups: events before, events after, places before, places after.
    """

    frame: pd.DataFrame
    reach: dict[str, tuple[float, float]]  # distance of the bootstrap limits from each part
    of: str = "incidents"
    places_are: str = "places"
    level: float = 0.95

    @property
    def parts(self) -> dict[str, float]:
        """Parts of the change, in events; missing where a count is withheld."""
        count = self.frame.set_index("group")["count"]
        if count.isna().any():
            return dict.fromkeys([*self.reach, "total change"], float("nan"))
        factors = [{f"more or fewer {self.places_are}": count[f"places {when}"], f"more or fewer {self.of} a place":
                    count[f"events {when}"] / count[f"places {when}"]} for when in ("before", "after")]  # fmt: skip
        return {**decompose_change(*factors), "total change": float(count["events after"] - count["events before"])}

    def _rows(self) -> list[tuple[str, float | None, float | None, float | None]]:
        rows = []
        for name, part in self.parts.items():
            low, high = self.reach[name]
            rows.append((name, number(part), number(part + low), number(part + high)))
        return rows

    def values(self) -> list[Value]:
        n = whole(self.frame.set_index("group")["count"].get("events after"))
        return [Value(name="change", group=name, estimate=part, interval=interval(low, high, self.level), unit=self.unit, n=n)
                for name, part, low, high in self._rows()]  # fmt: skip

    def table(self) -> Table:
        return Table((Column("Part"), Column(f"Change in {self.of}", "count"), Column("Low", "count"), Column("High", "count")), tuple(self._rows()))

    def summary(self) -> str:
        rows = {name: (part, low, high) for name, part, low, high in self._rows()}
        total, low, high = rows.pop("total change")
        if total is None or low is None or high is None:
            return "The change is withheld: a count is too small."
        way = "rose" if total > 0 else "fell"
        parts = "; ".join(f"{name} {part:+,.0f} ({lower:+,.0f} to {upper:+,.0f})" for name, (part, lower, upper) in rows.items())
        sure = "" if low * high > 0 else ", a change that chance between places could make"
        return f"The {self.of} {way} by {abs(total):,.0f} ({low:+,.0f} to {high:+,.0f}{sure}), of which {parts}."

    def plot(self, *, ax: Axes | None = None) -> Axes | None:
        rows = self._rows()
        if any(part is None for _, part, _, _ in rows):
            return None
        labels, parts, low, high = zip(*rows, strict=True)
        return draw.intervals(labels, parts, low=low, high=high, reference=0.0, quantity=f"change in {self.of}", ax=ax)

    def cells(self) -> pd.DataFrame:
        return self.frame

    def rebuild(self, cells: pd.DataFrame) -> Self:
        return replace(self, frame=cells)


def decompose_places(
    before: ArrayLike, after: ArrayLike, *, confidence_level: float = 0.95, n_resamples: int = 9_999,
    rng: np.random.Generator | None = None, of: str = "incidents", places_are: str = "places",
) -> PlaceChange:  # fmt: skip
    """Split a change in events into more (or fewer) places and more (or fewer) events a place.

    Answers: did it spread to new places, or did the same places get more?

    Parameters
    ----------
    before, after : array_like, shape (n,)
        Events of each place in two periods of equal length.
    confidence_level : float
        Between 0 and 1.
    n_resamples : int
        Draws of the bootstrap over places.
    rng : numpy.random.Generator, optional
        Source of randomness.
    of, places_are : str
        What is counted and what a place is, in the plural.

    Returns
    -------
    PlaceChange
        Two parts that sum to the change exactly, in events, with bootstrap intervals.

    Raises
    ------
    ValueError
        When either period has no events or the arrays differ in length.

    References
    ----------
    Das Gupta P (1993) Standardization and decomposition of rates. US Bureau of the Census P23-186.
    """
    rng = np.random.default_rng() if rng is None else rng
    pairs, weight = np.unique(np.column_stack([np.asarray(before, float), np.asarray(after, float)]), axis=0, return_counts=True)
    if (pairs.sum(axis=0) == 0).any():
        raise ValueError("each period needs at least one event")
    drawn = np.vstack([weight, rng.multinomial(weight.sum(), weight / weight.sum(), size=n_resamples)]).astype(float)
    events, places = drawn @ pairs, drawn @ (pairs > 0)
    intensity = events / np.where(places == 0, np.nan, places)
    spread = (places[:, 1] - places[:, 0]) * intensity.mean(axis=1)
    deeper = (intensity[:, 1] - intensity[:, 0]) * places.mean(axis=1)
    total = events[:, 1] - events[:, 0]
    names = (f"more or fewer {places_are}", f"more or fewer {of} a place", "total change")
    reach = {}
    for name, draws in zip(names, (spread, deeper, total), strict=True):
        low, high = percentile_interval(draws[1:], confidence_level=confidence_level)
        reach[name] = (low - float(draws[0]), high - float(draws[0]))
    frame = pd.DataFrame({"group": ["events before", "events after", "places before", "places after"],
                          "count": [*events[0], *places[0]]})  # fmt: skip
    return PlaceChange(
        method=Method("Two-factor decomposition; bootstrap of places", "Das Gupta 1993", {"resamples": n_resamples}),
        unit=of, frame=frame, reach=reach, of=of, places_are=places_are, level=confidence_level,
    )  # fmt: skip
