"""What events weigh by group (harm, cost, minutes), kept as means so that a sum is always count × mean."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from problemsolving.measures.sums import (
    FEW,
    Floats,
    LimitMethod,
    coarse_share,
    cover,
    share_limits,
    significant,
    sum_limits,
)

Integers = NDArray[np.int64]

THIN = 0.05  # how far kinds with few events may move a sum, as a share of it
RATIO = 0.10  # a sum is withheld when all but its two largest contributors give less than this share of the largest
LARGEST = 0.90  # and when these two give this share of it or more

GUARDED = "withheld: a few events make most of it, or it guards a sum of which they do"
UNWEIGHED = "not estimable: none of its events has one"


@dataclass(frozen=True, eq=False)
class Sums:
    """What events weigh by group, as means per event, so that a sum is always count × mean.

    ``frame``, a row a group: ``mean`` and ``square`` (weight and weight² per event, events without a weight counting
    as none), ``weighed`` (share of events with a weight), ``reason`` (why there is no sum); and, until it is blurred, ``total``, ``usual`` and
    ``usual_square`` (both means without the kinds of which the group has few events), ``unsafe`` and ``room`` (how
    much of the sum must not be told apart).
    """

    frame: pd.DataFrame
    heaviest: float  # largest weight that an event could have had
    heaviest_usual: float  # the same among kinds with enough events
    public: bool = False  # each group is one kind, whose weight anyone may look up
    method: LimitMethod = "gamma"
    dispersion: float = 1.0

    @property
    def is_blurred(self) -> bool:
        return "unsafe" not in self.frame

    def estimates(self, counts: ArrayLike, *, confidence_level: float) -> pd.DataFrame:
        """Give ``estimate``, ``low``, ``high``, the three of its share, ``weighed`` and ``reason`` a group."""
        count = np.asarray(counts, float)
        mean, square = (self.frame[name].to_numpy(float) for name in ("mean", "square"))
        parts = np.stack([count * mean, count * square, count])  # sum, sum of squares, events
        parts[:, np.isnan(parts).any(axis=0)] = np.nan
        rest = np.maximum(np.nansum(parts, axis=1, keepdims=True) - parts, 0.0)
        own = np.sqrt(square) if self.public else self.heaviest
        limits, rest_limits = (
            self._limits(these, confidence_level, heaviest) for these, heaviest in ((parts, own), (rest, self.heaviest))
        )
        share_low, share_high = share_limits(parts[0], part_limits=limits, rest=rest[0], rest_limits=rest_limits)
        whole = np.nansum(parts[0])
        return pd.DataFrame(
            {
                "estimate": parts[0],
                "low": limits[0],
                "high": limits[1],
                "share": parts[0] / whole if whole > 0 else np.nan,
                "share_low": share_low,
                "share_high": share_high,
                "weighed": self.frame["weighed"].to_numpy(float),
                "reason": np.where(np.isnan(count), "withheld: too few events", self.frame["reason"]),
            }
        )

    def _limits(self, parts: Floats, confidence_level: float, heaviest: ArrayLike) -> tuple[Floats, Floats]:
        return sum_limits(
            parts[0],
            squares=parts[1],
            heaviest=heaviest,
            count=parts[2],
            dispersion=self.dispersion,
            confidence_level=confidence_level,
            method=self.method,
        )

    def blurred(self, counts: ArrayLike) -> Self:
        """Make means coarse, and withhold those from which few events could be told, with others that cover them."""
        if self.is_blurred:
            return self
        count, kept = np.asarray(counts, float), self.frame[["mean", "square", "weighed", "reason"]].copy()
        if not self.public:
            kept["mean"], kept["square"] = (significant(self.frame[name]) for name in ("usual", "usual_square"))
            unsafe = self.frame["unsafe"].to_numpy(bool) | np.isnan(count)
            hidden = cover(self.frame["total"], unsafe, self.frame["room"])
            kept.loc[hidden, ["mean", "square"]] = np.nan
            kept.loc[hidden & (kept["reason"] == ""), "reason"] = GUARDED
        kept["weighed"] = coarse_share(kept["weighed"], count)
        return replace(self, frame=kept, heaviest=self.heaviest_usual)


def sums_of_kinds(counts: pd.DataFrame, weight: pd.Series, *, public: bool) -> Sums:
    """Sum public weights of kinds of events by group.

    Parameters
    ----------
    counts : pandas.DataFrame
        Events, a row a group and a column a kind.
    weight : pandas.Series
        Weight of each kind (same labels as the columns); missing where it has none.
    public : bool
        Each group is a kind of its own, or all events are of one kind.

    Notes
    -----
    Anyone may look up a weight, so a sum is an equation about counts. Before it leaves, the kinds of which a group has
    fewer than ten events count as its others do on average; where that moves the sum by more than a twentieth, it is
    withheld. What is left holds no trace of how many those few were.
    """
    events, each = counts.to_numpy(float), np.nan_to_num(weight.to_numpy(float))
    has, usual = weight.notna().to_numpy(float), np.where(events < FEW, 0.0, events)
    n, total = events.sum(axis=1), events @ each
    own = np.broadcast_to(each, n.shape) if public else n  # the weight of each group's one kind
    mean = own if public else np.where((n > 0) & (events @ has == 0), np.nan, _per(total, n))
    usual_mean = np.where(n > 0, _per(usual @ each, usual.sum(axis=1), none=np.nan), 0.0)
    frame = pd.DataFrame(
        {
            "mean": mean,
            "square": own**2 if public else _per(events @ each**2, n),
            "weighed": _per(events @ has, n, none=np.nan),
            "reason": np.where(np.isnan(mean), UNWEIGHED, ""),
            "total": total,
            "usual": np.where(np.isnan(mean), np.nan, usual_mean),
            "usual_square": _per(usual @ each**2, usual.sum(axis=1)),
            "unsafe": ~(np.abs(usual_mean - _per(total, n)) <= THIN * _per(total, n)),
            "room": np.maximum(
                (events - usual) @ each, RATIO * np.where(events > 0, each, 0.0).max(axis=1, initial=0.0)
            ),
        },
    )
    seen, often = events.sum(axis=0) > 0, events.sum(axis=0) >= FEW
    heaviest, usual_heaviest = (float(each[some].max(initial=0.0)) for some in (seen, often))
    return Sums(frame, heaviest, usual_heaviest, public=public)


def _per(sums: Floats, count: Floats, *, none: float = 0.0) -> Floats:
    """Divide by a count; ``none`` where it is 0."""
    return np.where(count > 0, sums / np.where(count > 0, count, 1.0), none)


def _largest(value: Floats, at: Integers, each: Floats, size: int) -> tuple[Floats, Floats]:
    """Give the largest value of each group, and the sum of its two largest; 0 where a group has none."""
    order = np.lexsort((-value, at))
    value, at, each = value[order], at[order], each[order]
    first = np.flatnonzero(np.diff(at, prepend=-1))
    largest, two = np.zeros(size), np.zeros(size)
    largest[at[first]] = two[at[first]] = value[first]
    next_one = np.where(each[first] > 1, first, np.minimum(first + 1, len(value) - 1))
    has_next = (at[next_one] == at[first]) & ((next_one > first) | (each[first] > 1))
    two[at[first[has_next]]] += value[next_one[has_next]]
    return largest, two


def sums_of_values(values: ArrayLike, groups: ArrayLike, size: int, *, times: ArrayLike | None = None) -> Sums:
    """Sum what was recorded of each event (minutes) by group.

    Parameters
    ----------
    values : array_like, shape (events,)
        0 or more; missing where not recorded.
    groups : array_like of int, shape (events,)
        Position of each event's group.
    size : int
        Number of groups.
    times : array_like, shape (events,), optional
        How many events are alike in value and group; one each when not given.

    Notes
    -----
    Before it leaves, a sum is withheld where fewer than ten events have a value, where all but the two largest give
    less than a tenth of the largest, or where these two give nine tenths or more.
    """
    value, at = np.asarray(values, float), np.asarray(groups, int)
    each = np.ones(len(value)) if times is None else np.asarray(times, float)
    known = np.isfinite(value) & (each > 0)
    n = np.bincount(at, weights=each, minlength=size).astype(float)
    largest, two = _largest(value[known], at[known], each[known], size)
    total, square = (
        np.bincount(at[known], weights=each[known] * value[known] ** power, minlength=size).astype(float)
        for power in (1, 2)
    )
    recorded = np.bincount(at[known], weights=each[known], minlength=size).astype(float)
    mean, per_square = np.where((n > 0) & (recorded == 0), np.nan, _per(total, n)), _per(square, n)
    dominated = (total - two < RATIO * largest) | (two >= LARGEST * total)
    frame = pd.DataFrame(
        {
            "mean": mean,
            "square": per_square,
            "weighed": _per(recorded, n, none=np.nan),
            "reason": np.where(np.isnan(mean), UNWEIGHED, ""),
            "total": total,
            "usual": mean,
            "usual_square": per_square,
            "unsafe": (total > 0) & (dominated | (recorded < FEW)),
            "room": RATIO * largest,
        }
    )
    typical = float(significant(square.sum() / total.sum(), digits=1)) if total.sum() > 0 else 1.0
    return Sums(frame, typical, typical)
