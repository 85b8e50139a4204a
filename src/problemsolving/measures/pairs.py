"""Pairs of events by distance and by time apart, as they are and after shuffling the times."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.distance import cdist

from problemsolving.measures.stamps import read_stamps

Metric = Literal["euclidean", "manhattan"]
Integers = NDArray[np.int64]

FINEST = (
    6  # decimals of a metre or a day that count: what binary numbers lose in the last place moves no pair over an edge
)
_COLUMNS = 1_024  # shuffles handled at once
_ROWS = 255  # pairs handled at once: as many as one byte can count
_AT_ONCE, _DISTANCES = 128, 1_000_000  # rows, and distances, of a block
_HELD = 2_000_000  # pairs kept before they are counted
_KEPT = 2**24  # times of all arrangements that are kept; more are drawn again from the same seed for each block
_DRAWN = 32  # arrangements of times drawn anew; the others re-use them at other places


@dataclass(frozen=True, eq=False)
class PairCounts:
    """Pairs of events in each band of distance (rows) and of time (columns); the last row and column are all others.

    ``tables``: as they are (first), then one table a shuffle. ``distance`` and ``time``: pairs of a row and of a
    column. ``events``, ``near``, ``soon``: the pairs that each event has a part in, by cell, by row, by column.
    """

    tables: Integers
    distance: Integers
    time: Integers
    events: Integers
    near: Integers
    soon: Integers


def whole_days(times: ArrayLike) -> NDArray[np.float64]:
    """Give times as days: dates and times of day as whole days since 1970, numbers as they are; NaN where missing.

    >>> whole_days(pd.to_datetime(["1970-01-02 23:59", None])).tolist(), whole_days([0.5, 3]).tolist()
    ([1.0, nan], [0.5, 3.0])
    """
    plain = times if isinstance(times, pd.Series | pd.Index) else np.asarray(times)
    if pd.api.types.is_numeric_dtype(plain) and not pd.api.types.is_bool_dtype(plain):
        return np.asarray(plain, float)
    days = read_stamps(plain, name="times").to_numpy("datetime64[D]")
    return np.where(np.isnat(days), np.nan, days.astype(np.int64))


def _ticks(days: NDArray[np.float64], edges: NDArray[np.float64]) -> tuple[np.ndarray, Integers]:
    """Give times and edges as whole numbers of one unit, in the smallest type that holds every difference of times."""
    scale = 1 if (days == np.round(days)).all() else 10**FINEST
    ticks = np.round((days - days.min()) * scale).astype(np.int64)
    bounds = np.ceil(np.round(edges * scale, FINEST)).astype(np.int64)  # below 2.5 days is below 3 in whole days
    kind = next(kind for kind in (np.int16, np.int32, np.int64) if ticks.max() < np.iinfo(kind).max)
    return ticks.astype(kind), np.minimum(bounds, ticks.max() + 1)


def near_pairs(points: NDArray[np.float64], reach: float, metric: Metric) -> Iterator[tuple[np.ndarray, ...]]:
    """Give the pairs of points closer than ``reach``, each once, block by block: positions ``i``, ``j``, distance.

    Points must be in ascending order of their first column. A block holds at most a million distances at once, or
    one row of them.
    """
    start, apart = 0, "cityblock" if metric == "manhattan" else "euclidean"
    ends = np.searchsorted(points[:, 0], points[:, 0] + reach + 10.0**-FINEST, side="right")
    while start < len(points):
        rows = min(_AT_ONCE, len(points) - start)
        while rows > 1 and rows * (ends[start + rows - 1] - start) > _DISTANCES:
            rows //= 2
        stop, far = start + rows, int(ends[start + rows - 1])
        distance = cdist(points[start:stop], points[start:far], apart).ravel()
        found = np.flatnonzero(distance < reach + 10.0**-FINEST)
        i, j = np.divmod(found, far - start)
        later = j > i
        i, j = (i[later] + start).astype(np.int32), (j[later] + start).astype(np.int32)
        distance = np.round(distance[found[later]], FINEST)
        yield tuple(part[distance < reach] for part in (i, j, distance))
        start = stop


def _arrangements(
    ticks: np.ndarray, n_resamples: int, rng: np.random.Generator
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Give times at places, one column an arrangement, as they are first; and which columns of a block to use.

    Times shuffled ``a`` ways are laid over places shuffled ``b`` ways, so that a + b draws give a * b arrangements. The
    times as they are and the places as they are belong to the ways: whatever row and column of this grid the true
    arrangement stood in, the grid would be as likely, so that the true one is as likely as any other to have the
    highest count. Any two arrangements are independent of each other, so that means, shares and their errors are those
    of separate draws.
    """
    wanted = n_resamples + 1
    drawn = min(_DRAWN, wanted)
    laid = -(-wanted // drawn)
    shuffled = np.ascontiguousarray(np.stack([ticks, *(rng.permutation(ticks) for _ in range(drawn - 1))]).T)
    kept = np.zeros(drawn * laid, bool)
    kept[0] = True
    kept[1 + rng.permutation(drawn * laid - 1)[:n_resamples]] = True
    for first in range(0, laid, max(1, _COLUMNS // drawn)):
        ways = range(first, min(first + max(1, _COLUMNS // drawn), laid))
        orders = [rng.permutation(len(ticks)) if way else np.arange(len(ticks)) for way in ways]
        times = shuffled[np.stack(orders, axis=1)].reshape(len(ticks), -1)
        yield times, kept[ways.start * drawn : ways.stop * drawn]


def _count_soon(times: np.ndarray, i: np.ndarray, j: np.ndarray, bounds: Integers) -> Integers:
    """Count, for each bound and each column of times, the pairs that are less than the bound apart."""
    counts = np.zeros((len(bounds), times.shape[1]), np.int64)
    rows = min(_ROWS, len(i))
    first, second = (np.empty((rows, times.shape[1]), times.dtype) for _ in range(2))
    under, few = np.empty(first.shape, bool), np.empty(times.shape[1], np.uint8)
    edges = bounds.astype(times.dtype)
    for start in range(0, len(i), rows or 1):
        m = min(rows, len(i) - start)
        gap, other, flag = first[:m], second[:m], under[:m]
        np.take(times, i[start : start + m], axis=0, out=gap, mode="clip")
        np.take(times, j[start : start + m], axis=0, out=other, mode="clip")
        np.abs(np.subtract(gap, other, out=gap), out=gap)
        for row, edge in enumerate(edges):
            np.less(gap, edge, out=flag)
            counts[row] += np.add.reduce(flag.view(np.uint8), axis=0, dtype=np.uint8, out=few)
    return counts


def _gathered(blocks: Iterator[tuple[np.ndarray, ...]]) -> Iterator[tuple[np.ndarray, ...]]:
    """Join small blocks, so that each counting has enough to do."""
    held: list[tuple[np.ndarray, ...]] = []
    for block in blocks:
        held.append(block)
        if sum(len(part[0]) for part in held) >= _HELD:
            yield tuple(np.concatenate(parts) for parts in zip(*held, strict=True))
            held = []
    if held:
        yield tuple(np.concatenate(parts) for parts in zip(*held, strict=True))


def _soon(ticks: np.ndarray, bounds: Integers) -> Integers:
    """Count, for each event, the others that are less than each bound apart in time."""
    ordered, plain = np.sort(ticks).astype(np.int64), ticks.astype(np.int64)
    return np.stack(
        [
            np.searchsorted(ordered, plain + bound, "left") - np.searchsorted(ordered, plain - bound, "right") - 1
            for bound in bounds
        ],
        axis=1,
    ).astype(np.int64)


def count_pairs(
    points: NDArray[np.float64],
    days: NDArray[np.float64],
    *,
    distance_edges: NDArray[np.float64],
    time_edges: NDArray[np.float64],
    apart: bool,
    metric: Metric,
    n_resamples: int,
    rng: np.random.Generator,
) -> PairCounts:
    """Count the pairs of events by distance and time apart, as they are and with the times shuffled.

    Parameters
    ----------
    points : ndarray, shape (n, 2) or (n, 3)
        Metres.
    days : ndarray, shape (n,)
        Days, no gaps.
    distance_edges, time_edges : ndarray
        Ascending, finite, from 0: ``[a, b)`` is a band.
    apart : bool
        Pairs at distance 0 are a band of their own, before the others.
    metric : {"euclidean", "manhattan"}
        How distance is measured.
    n_resamples : int
        Shuffles of the times.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    PairCounts
        Every table adds up to n(n - 1)/2.
    """
    axis = int(np.argmax(np.ptp(points, axis=0)))
    order = np.argsort(points[:, axis], kind="stable")
    placed = np.roll(points, -axis, axis=1)[order]
    ticks, bounds = _ticks(days[order], time_edges[1:])
    distance_edges = np.round(distance_edges, FINEST)
    bands, spans, n = len(distance_edges) - 1 + apart, len(bounds), len(days)
    reach = float(distance_edges[-1]) or 10.0**-FINEST
    sums = np.zeros((bands, spans, n_resamples + 1), np.int64)
    mine = np.zeros((n, bands, spans + 1), np.int64)
    ways = list(_arrangements(ticks, n_resamples, rng)) if n * n_resamples < _KEPT else None
    seed = None if ways is not None else rng.integers(2**63)
    for i, j, distance in _gathered(near_pairs(placed, reach, metric)):
        band = np.searchsorted(distance_edges, distance, side="right") - 1 + apart * (distance > 0)
        span = np.searchsorted(bounds, np.abs(ticks[i].astype(np.int64) - ticks[j]), side="right")
        cell = band * (spans + 1) + span
        for end in (i, j):
            mine += np.bincount(end.astype(np.int64) * (bands * (spans + 1)) + cell, minlength=mine.size).reshape(
                mine.shape
            )
        by_band = np.argsort(band, kind="stable")
        cuts = np.searchsorted(band[by_band], np.arange(bands + 1))
        i, j = i[by_band], j[by_band]
        done = 0
        for times, kept in ways or _arrangements(ticks, n_resamples, np.random.default_rng(seed)):
            for row in range(bands):
                part = slice(cuts[row], cuts[row + 1])
                sums[row, :, done : done + kept.sum()] += _count_soon(times, i[part], j[part], bounds)[:, kept]
            done += int(kept.sum())
    return _completed(sums, mine, _soon(ticks, bounds), order)


def _completed(sums: Integers, mine: Integers, soon: Integers, order: np.ndarray) -> PairCounts:
    """Turn counts below each bound into counts of bands, and add the row and the column of all other pairs."""
    n = len(mine)
    soon = np.concatenate([np.diff(soon, axis=1, prepend=0), n - 1 - soon[:, -1:]], axis=1)
    near = mine.sum(axis=2)
    near = np.concatenate([near, n - 1 - near.sum(axis=1, keepdims=True)], axis=1)
    distance, time = near.sum(axis=0) // 2, soon.sum(axis=0) // 2
    tables = np.diff(sums, axis=1, prepend=0).transpose(2, 0, 1)
    tables = np.concatenate([tables, distance[None, :-1, None] - tables.sum(axis=2, keepdims=True)], axis=2)
    tables = np.concatenate([tables, time[None, None, :] - tables.sum(axis=1, keepdims=True)], axis=1)
    events = np.concatenate([mine, soon[:, None, :] - mine.sum(axis=1, keepdims=True)], axis=1)
    back = np.argsort(order)
    return PairCounts(tables, distance, time, events[back], near[back], soon[back])
