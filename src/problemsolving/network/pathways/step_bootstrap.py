"""Intervals of everything that is counted of steps, from drawing whole cases anew."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from problemsolving.network.pathways.ordered import Floats, Ints, Ordered, by_identifier
from problemsolving.network.pathways.step_counts import SortedWaits, Steps, distinct, visited
from problemsolving.stats.resampling import bootstrap_weights

BLOCK = 2_000_000  # weights held at once
COUNTED = ("events", "people", "within", "late", "handed", "joint")


def resample_steps(
    ordered: Ordered,
    steps: Steps,
    waits: SortedWaits,
    *,
    target_days: float | None,
    n_resamples: int,
    rng: np.random.Generator,
) -> dict[str, Floats]:
    """Draw cases with replacement and count again.

    Returns
    -------
    dict of str to ndarray, shape (n_resamples, pairs)
        What is counted, and ``median`` and ``p90``; ``start`` and ``end`` have one column a step instead.
    """
    linear = _by_case(ordered, steps, target_days)
    size, ends = len(steps.sources), len(ordered.names)
    widths = dict.fromkeys(COUNTED, size) | {"start": ends, "end": ends}
    rank, rows = by_identifier(ordered), max(1, BLOCK // ordered.cases)
    counted, quantiles = [], []
    for begun in range(0, n_resamples, rows):
        weights = bootstrap_weights(ordered.cases, n_resamples=min(rows, n_resamples - begun), rng=rng)[:, rank]
        counted.append((linear.T @ weights.T).T)
        quantiles += [weighted_quantiles(waits, one, (0.5, 0.9)) for one in weights]
    parts = np.split(np.concatenate(counted), np.cumsum(list(widths.values()))[:-1], axis=1)
    found = dict(zip(widths, parts, strict=True))
    drawn = np.array(quantiles).reshape(n_resamples, 2, size)
    return found | {"median": drawn[:, 0], "p90": drawn[:, 1]}


def _by_case(ordered: Ordered, steps: Steps, target_days: float | None) -> sparse.csc_array:
    """Give what each case adds to every count, cases × counts."""
    shape = (ordered.cases, len(steps.sources))

    def tally(chosen: np.ndarray) -> sparse.csc_array:
        ones = np.ones(int(chosen.sum()))
        return sparse.csc_array((ones, (steps.case[chosen], steps.pair[chosen])), shape=shape)

    within = steps.waited & (steps.wait <= (np.inf if target_days is None else target_days))
    pair, case = distinct(steps.pair, steps.case)
    once = sparse.csc_array((np.ones(len(case)), (case, pair)), shape=shape)
    seen = visited(ordered).tocsc()
    joint = seen[:, steps.sources].multiply(seen[:, steps.targets]).tocsc()
    everyone = np.ones(len(steps.pair), bool)
    ends = []
    for which in (ordered.first, ordered.last):
        entries = (np.ones(int(which.sum())), (ordered.case[which], ordered.step[which]))
        ends.append(sparse.csc_array(entries, shape=(ordered.cases, len(ordered.names))))
    return sparse.hstack(
        [tally(everyone), once, tally(within), tally(steps.waited & ~within), tally(steps.handed), joint, *ends],
        format="csc",
    )


def weighted_quantiles(waits: SortedWaits, weights: Floats, shares: tuple[float, ...]) -> Floats:
    """Quantiles of each pair's waits with every case drawn so many times, as `wait_quantiles` takes them."""
    reached = np.concatenate([[0.0], np.cumsum(weights[waits.case])])
    before, number = reached[waits.edges[:-1]], np.diff(reached[waits.edges])
    found = np.full((len(shares), len(number)), np.nan)
    some = number > 0
    for row, share in enumerate(shares):
        at = (number[some] - 1) * share
        lower = _value_at(waits, reached, before[some] + np.floor(at))
        upper = _value_at(waits, reached, before[some] + np.minimum(np.floor(at) + 1, number[some] - 1))
        found[row, some] = lower + at % 1 * (upper - lower)
    return found


def _value_at(waits: SortedWaits, reached: Floats, place: Floats) -> Floats:
    """Give the wait at a place (from 0) of the waits repeated by their weights."""
    index: Ints = np.searchsorted(reached, place + 0.5) - 1
    return np.asarray(waits.days[index])
