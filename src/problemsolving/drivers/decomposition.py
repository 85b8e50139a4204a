"""Decomposition of a change into the factors that make it up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from problemsolving import draw
from problemsolving.drivers.changes import SplitChange
from problemsolving.drivers.demand import DemandChange
from problemsolving.drivers.parts import EACH_TIME, OFTEN, TOTAL, Factors, spread_of, symmetric_parts
from problemsolving.drivers.totals import decompose_demand
from problemsolving.results import Column, Method, Table, Value, whole
from problemsolving.stats.resampling import bootstrap_weights

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "EACH_TIME",
    "OFTEN",
    "TOTAL",
    "DemandChange",
    "FrequencyChange",
    "decompose_change",
    "decompose_demand",
    "decompose_frequency",
]


def decompose_change(
    before: Mapping[str, ArrayLike],
    after: Mapping[str, ArrayLike],
    *,
    total: Sequence[str] | None = None,
    divided_by: Sequence[str] = (),
) -> dict[str, float]:
    """Split the change of a product of factors, or of a ratio of sums of products, into one part a factor (Das Gupta).

    Answers: how much of the change came from each factor?

    Parameters
    ----------
    before, after : mapping of str to array_like
        Factor → value, 2 to 6 factors. Vectors (one entry a class) are multiplied class by class and summed.
    total : sequence of str, optional
        Factors that are multiplied and summed; all when not given.
    divided_by : sequence of str
        Factors whose product, summed over the same classes, that total is divided by; they may be factors of the total
        too, as the residents of a crude rate are. Nothing: the total itself.

    Returns
    -------
    dict of str to float
        Part of each factor, in the unit of the product (or ratio). The parts sum to the change exactly.

    Raises
    ------
    ValueError
        For other than 2 to 6 factors, factors that differ between the two times or that ``total`` and ``divided_by``
        leave out, classes that differ in number, a missing value, or a sum of 0 to divide by.

    Notes
    -----
    The part of a factor is the change it alone makes, averaged over every order in which the factors could
    have changed. It describes; it does not explain. Two factors, of which one is the share of each class and the other
    its rate, give Kitagawa's decomposition. Do not use when a factor fell because another rose: the parts then hold
    apart what belongs together.

    References
    ----------
    Das Gupta P (1993) Standardization and decomposition of rates: a user's manual. US Bureau of the Census P23-186.
    Kitagawa EM (1955) Components of a difference between two rates. J Am Stat Assoc 50:1168.

    Examples
    --------
    >>> parts = decompose_change({"people": 100, "contacts": 2}, {"people": 110, "contacts": 3})
    >>> {factor: float(part) for factor, part in parts.items()}
    {'people': 25.0, 'contacts': 105.0}

    A crude rate of two classes, 3 before and 4.5 after:

    >>> decompose_change({"residents": [1, 1], "rate": [2, 4]}, {"residents": [1, 3], "rate": [3, 5]},
    ...                  divided_by=["residents"])
    {'residents': 0.5, 'rate': 1.0}
    """
    if list(before) != list(after) or not 2 <= len(before) <= 6:
        raise ValueError("give the same 2 to 6 factors before and after")
    over, names = list(divided_by), list(before) if total is None else list(total)
    if set(names) | set(over) != set(before):
        raise ValueError("total and divided_by must name the factors given, and between them all of these")
    first, last = ({name: np.asarray(value, float) for name, value in side.items()} for side in (before, after))
    shapes = {value.shape for side in (first, last) for value in side.values()} - {()}
    if len(shapes) > 1 or any(len(shape) > 1 for shape in shapes):
        raise ValueError("every factor needs one value, or one for each of the same classes")
    if any(np.isnan(value).any() for side in (first, last) for value in side.values()):
        raise ValueError("a factor has a missing value; leave its class out at both times")

    def worth(factors: Factors) -> np.ndarray:
        upper, lower = (
            np.sum(np.prod(np.broadcast_arrays(*[factors[n] for n in chosen]), axis=0))
            for chosen in (names, over or names)
        )
        if over and not lower:
            raise ValueError("the factors of divided_by sum to 0")
        return upper / lower if over else upper

    return {name: float(part) for name, part in symmetric_parts(first, last, worth).items()}


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class FrequencyChange(SplitChange):
    """Change of events = active area-months × events in each: ``frame`` has ``group`` and ``count``.

    Groups: events before, events after, active before, active after.
    """

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

    def values(self) -> list[Value]:
        return self.change_values(whole(self.frame.set_index("group")["count"].get("events after")))

    def table(self) -> Table:
        return Table(
            (Column("Part"), Column(f"Change in {self.of}", "count"), Column("Low", "count"), Column("High", "count")),
            tuple(self.rows()),
        )

    def summary(self) -> str:
        rows = {name: (part, low, high) for name, part, low, high in self.rows()}
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
        rows = self.rows()
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

    Examples
    --------
    Two places, each with one event in a month before and two after: as often, twice as many each time.

    >>> decompose_frequency([[1, 1]], [[2, 2]], n_resamples=20, rng=np.random.default_rng(1)).parts
    {'how often small areas had any': 0.0, 'how many they had when they did': 2.0, 'total change': 2.0}
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
    }
    reach, sure = spread_of(parts, level=confidence_level)
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
        sure=sure,
        of=of,
        level=confidence_level,
    )
