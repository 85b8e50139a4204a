"""What is counted of each step from one event of a case to the next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from problemsolving.network.pathways.ordered import DAY, UNKNOWN, Floats, Ints, Ordered

FEW_PAIRS = 4_000_000  # possible steps up to which they are counted by place rather than sorted


@dataclass(frozen=True, eq=False)
class Steps:
    """Every step as arrays (one entry a step made): which of the ``pairs`` it is, whose, and how long it took.

    ``wait`` is in days, NaN where the end of the last event is not known, negative where the next began before it.
    ``handed`` tells whether it passed from one holder to another. ``sources`` and ``targets`` are the pairs' codes.
    """

    pair: Ints
    case: Ints
    wait: Floats
    handed: NDArray[np.bool_]
    sources: Ints
    targets: Ints

    @property
    def waited(self) -> NDArray[np.bool_]:
        """Whether the wait is known and not negative."""
        return self.wait >= 0


def find_steps(ordered: Ordered) -> Steps:
    """Pair each event with the next of its case."""
    place = np.flatnonzero(ordered.follows)
    size = len(ordered.names)
    key = ordered.step[place] * size + ordered.step[place + 1]
    if size * size <= FEW_PAIRS:
        found = np.flatnonzero(np.bincount(key, minlength=1))
        lookup = np.zeros(size * size, np.int64)
        lookup[found] = np.arange(len(found))
        pair = lookup[key]
    else:
        found, pair = np.unique(key, return_inverse=True)
    finish = ordered.finish[place]
    gap = (ordered.begin[place + 1] - finish) / DAY
    holders = ordered.holder[place], ordered.holder[place + 1]
    return Steps(
        pair=pair,
        case=ordered.case[place],
        wait=np.where(finish == UNKNOWN, np.nan, gap) if ordered.ended else gap,
        handed=(holders[0] != holders[1]) & (np.minimum(*holders) >= 0),
        sources=found // size,
        targets=found % size,
    )


def distinct(pair: Ints, case: Ints) -> tuple[Ints, Ints]:
    """Give each pair and case that occur together, once; cases must be in order."""
    place = by_code(pair)
    pair, case = pair[place], case[place]
    new = np.ones(len(pair), bool)
    new[1:] = (pair[1:] != pair[:-1]) | (case[1:] != case[:-1])
    return pair[new], case[new]


def by_code(codes: Ints) -> Ints:
    """Give the stable order by codes; few codes are sorted by counting."""
    few = len(codes) == 0 or int(codes.max()) < 2**16
    return np.argsort(codes.astype(np.uint16) if few else codes, kind="stable")


def people_by_pair(steps: Steps, chosen: NDArray[np.bool_]) -> Ints:
    """Count the people behind the chosen steps, by pair."""
    pair, _ = distinct(steps.pair[chosen], steps.case[chosen])
    return np.bincount(pair, minlength=len(steps.sources))


@dataclass(frozen=True, eq=False)
class SortedWaits:
    """Known waits, sorted by pair and length; the waits of pair k lie between ``edges[k]`` and ``edges[k + 1]``."""

    days: Floats
    case: Ints
    edges: Ints


def sort_waits(steps: Steps) -> SortedWaits:
    """Sort known waits by pair and length."""
    known = np.flatnonzero(steps.waited)
    wait, pair = steps.wait[known], steps.pair[known]
    place = np.argsort(wait, kind="stable")
    place = place[by_code(pair[place])]
    edges = np.concatenate([[0], np.cumsum(np.bincount(pair, minlength=len(steps.sources)))])
    return SortedWaits(wait[place], steps.case[known][place], edges)


def wait_quantiles(waits: SortedWaits, share: float) -> Floats:
    """Give a quantile of each pair's waits (between two waits, in proportion); NaN where there is none."""
    number = np.diff(waits.edges)
    at = waits.edges[:-1] + np.maximum(number - 1, 0) * share
    return _between(waits.days, np.floor(at).astype(np.int64), at % 1, waits.edges[1:] - 1, number)


def _between(days: Floats, lower: Ints, part: Floats, last: Ints, number: Ints) -> Floats:
    if not len(days):
        return np.full(len(number), np.nan)
    lower = np.clip(lower, 0, len(days) - 1)
    upper = np.clip(np.minimum(lower + 1, last), 0, len(days) - 1)
    found = days[lower] + part * (days[upper] - days[lower])
    return np.where(number > 0, found, np.nan)


def visited(ordered: Ordered) -> sparse.csr_array:
    """Give which case had which step at least once, cases × steps."""
    step, case = distinct(ordered.step, ordered.case)
    return sparse.csr_array((np.ones(len(case)), (case, step)), shape=(ordered.cases, len(ordered.names)))


def count_steps(ordered: Ordered, steps: Steps, waits: SortedWaits, *, target_days: float | None) -> pd.DataFrame:
    """Count each pair of steps: one row a pair, and one a step at which cases start or end."""
    size, seen = len(steps.sources), visited(ordered)
    both = (seen.T @ seen).toarray()
    events = np.bincount(steps.pair, minlength=size)
    within = steps.waited & (steps.wait <= (np.inf if target_days is None else target_days))
    joint = both[steps.sources, steps.targets]
    median, p90 = wait_quantiles(waits, 0.5), wait_quantiles(waits, 0.9)
    long = steps.waited & (steps.wait >= p90[steps.pair]) if size else steps.waited
    sides = (steps.wait <= median[steps.pair], steps.wait >= median[steps.pair]) if size else (long, long)
    return pd.DataFrame(
        {
            "source": steps.sources,
            "target": steps.targets,
            "events": events,
            "people": people_by_pair(steps, np.ones(len(steps.pair), bool)),
            "negative": np.bincount(steps.pair[steps.wait < 0], minlength=size),
            "within": np.bincount(steps.pair[within], minlength=size) if target_days is not None else np.nan,
            "late": np.diff(waits.edges) - np.bincount(steps.pair[within], minlength=size)
            if target_days is not None
            else np.nan,
            "handed": np.bincount(steps.pair[steps.handed], minlength=size),
            "joint": np.where(steps.sources == steps.targets, np.nan, joint),
            "median": median,
            "p90": p90,
            "beside_median": np.minimum(*(people_by_pair(steps, steps.waited & side) for side in sides)),
            "beyond_p90": people_by_pair(steps, long),
        }
    ).astype({"events": float, "people": float, "negative": float, "handed": float})


def count_ends(ordered: Ordered) -> tuple[Ints, Ints]:
    """Count cases that start, and that end, at each step."""
    size = len(ordered.names)
    return (
        np.bincount(ordered.step[ordered.first], minlength=size),
        np.bincount(ordered.step[ordered.last], minlength=size),
    )
