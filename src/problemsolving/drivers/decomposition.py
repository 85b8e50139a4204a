"""Decomposition of a change into the factors that make it up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from math import factorial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from problemsolving import draw
from problemsolving.results import Column, FrameResult, Method, Table, Value, interval, number, whole
from problemsolving.stats.resampling import bootstrap_weights, percentile_interval

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


OFTEN, EACH_TIME, TOTAL = "how often small areas had any", "how many they had when they did", "total change"


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class FrequencyChange(FrameResult):
    """Change of events = active area-months × events in each: ``frame`` has ``group`` and ``count``.

    Groups: events before, events after, active before, active after.
    """

    reach: dict[str, tuple[float, float]]  # distance of the bootstrap limits from each part
    of: str = "incidents"
    level: float = 0.95

    @property
    def parts(self) -> dict[str, float]:
        """Parts of the change, in events; missing where a count is withheld."""
        count = self.frame.set_index("group")["count"]
        if count.isna().any():
            return dict.fromkeys(self.reach, float("nan"))
        before, after = (
            {OFTEN: count[f"active {when}"], EACH_TIME: count[f"events {when}"] / count[f"active {when}"]}
            for when in ("before", "after")
        )
        return {**decompose_change(before, after), TOTAL: float(count["events after"] - count["events before"])}

    def _rows(self) -> list[tuple[str, float | None, float | None, float | None]]:
        return [
            (name, number(part), number(part + self.reach[name][0]), number(part + self.reach[name][1]))
            for name, part in self.parts.items()
        ]

    def values(self) -> list[Value]:
        n = whole(self.frame.set_index("group")["count"].get("events after"))
        return [
            Value(
                name="change", group=name, estimate=part, interval=interval(low, high, self.level), unit=self.unit, n=n
            )
            for name, part, low, high in self._rows()
        ]

    def table(self) -> Table:
        return Table(
            (Column("Part"), Column(f"Change in {self.of}", "count"), Column("Low", "count"), Column("High", "count")),
            tuple(self._rows()),
        )

    def summary(self) -> str:
        rows = {name: (part, low, high) for name, part, low, high in self._rows()}
        total, low, high = rows.pop(TOTAL)
        if total is None or low is None or high is None:
            return "The change is withheld: a count is too small."
        size = (
            f"{abs(total):,.0f} {'more' if total >= 0 else 'fewer'} {self.of} than before ({low:+,.0f} to {high:+,.0f})"
        )
        said = [
            f"{part:+,.0f} ({lower:+,.0f} to {upper:+,.0f}) from {name}" for name, (part, lower, upper) in rows.items()
        ]
        return f"{'A clear change' if low * high > 0 else 'No clear change'}: {size}; {' and '.join(said)}."

    def plot(self, *, ax: Axes | None = None) -> Axes | None:
        rows = self._rows()
        if any(part is None for _, part, _, _ in rows):
            return None
        labels, parts, low, high = zip(*rows, strict=True)
        return draw.intervals(labels, parts, low=low, high=high, reference=0.0, quantity=f"change in {self.of}", ax=ax)


def _draw_totals(first: np.ndarray, last: np.ndarray, n_resamples: int, rng: np.random.Generator) -> np.ndarray:
    """Events before and after, active area-months before and after: as they are, then resampled.

    Places and months are drawn anew, the same calendar positions in both periods.
    """
    months, places = first.shape
    by_place = np.vstack([np.ones(places), bootstrap_weights(places, n_resamples=n_resamples, rng=rng)])
    by_month = np.vstack([np.ones(months), bootstrap_weights(months, n_resamples=n_resamples, rng=rng)])
    tables = (first, last, first > 0, last > 0)
    return np.stack([((by_month @ table.astype(float)) * by_place).sum(axis=1) for table in tables], axis=1)


def decompose_frequency(
    before: ArrayLike,
    after: ArrayLike,
    *,
    confidence_level: float = 0.95,
    n_resamples: int = 1_999,
    rng: np.random.Generator | None = None,
    of: str = "incidents",
) -> FrequencyChange:
    """Split a change in events into how often places had any and how many they had when they did.

    Answers: did it happen more often in more places, or was there more of it each time?

    Parameters
    ----------
    before, after : array_like, shape (months, places)
        Events of each place in each month of two periods of equal length.
    confidence_level : float
        Between 0 and 1.
    n_resamples : int
        Draws of the bootstrap over places and months.
    rng : numpy.random.Generator, optional
        Source of randomness.
    of : str
        What is counted, in the plural.

    Returns
    -------
    FrequencyChange
        Two parts that sum to the change exactly, in events, with bootstrap intervals.

    Raises
    ------
    ValueError
        When either period has no events or the arrays differ in shape.

    Notes
    -----
    Places must mean the same in both periods: map points that a publisher replaced half-way do not.

    References
    ----------
    Das Gupta P (1993) Standardization and decomposition of rates. US Bureau of the Census P23-186.
    """
    rng = np.random.default_rng() if rng is None else rng
    first, last = np.asarray(before, float), np.asarray(after, float)
    if first.shape != last.shape or not first.sum() or not last.sum():
        raise ValueError("give two periods of the same shape, each with at least one event")
    drawn = _draw_totals(first, last, n_resamples, rng)
    each = drawn[:, :2] / np.where(drawn[:, 2:] == 0, np.nan, drawn[:, 2:])
    parts = {
        OFTEN: (drawn[:, 3] - drawn[:, 2]) * each.mean(axis=1),
        EACH_TIME: (each[:, 1] - each[:, 0]) * drawn[:, 2:].mean(axis=1),
        TOTAL: drawn[:, 1] - drawn[:, 0],
    }
    reach = {}
    for name, draws in parts.items():
        low, high = percentile_interval(draws[1:], confidence_level=confidence_level)
        reach[name] = (low - float(draws[0]), high - float(draws[0]))
    frame = pd.DataFrame(
        {"group": ["events before", "events after", "active before", "active after"], "count": drawn[0]}
    )
    return FrequencyChange(
        method=Method(
            "Two-factor decomposition; bootstrap of small areas and months",
            "Das Gupta 1993",
            {"resamples": n_resamples},
        ),
        unit=of,
        frame=frame,
        reach=reach,
        of=of,
        level=confidence_level,
    )
