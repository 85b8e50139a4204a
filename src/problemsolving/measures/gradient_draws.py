"""Draws behind the intervals of a gradient: small areas resampled, and Poisson counts alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from problemsolving.measures.excess import excess_share
from problemsolving.measures.slopes import Transform, end_ratios, fitted_lines
from problemsolving.stats.resampling import bootstrap_weights, percentile_interval

AT_ONCE = 4_000_000  # numbers held in memory by one block of resamples

Counts = tuple[np.ndarray, np.ndarray]  # events and person-years, a row a draw, a column a quantile


def resample_areas(
    events: np.ndarray, person_years: np.ndarray, *, n_resamples: int, rng: np.random.Generator
) -> Counts:
    """Draw small areas with replacement: events and person-years by quantile of each resample.

    Parameters
    ----------
    events, person_years : ndarray, shape (areas, k)
        Of each small area, in the column of its quantile.
    """
    block = max(1, AT_ONCE // len(events))
    sums: list[Counts] = []
    for start in range(0, n_resamples, block):
        drawn = bootstrap_weights(len(events), n_resamples=min(block, n_resamples - start), rng=rng)
        sums.append((drawn @ events, drawn @ person_years))
    return np.concatenate([pair[0] for pair in sums]), np.concatenate([pair[1] for pair in sums])


def draw_counts(totals: np.ndarray, person_years: np.ndarray, *, n_resamples: int, rng: np.random.Generator) -> Counts:
    """Draw Poisson counts by quantile, person-years as they are."""
    counts = rng.poisson(totals, size=(n_resamples, totals.size)).astype(float)
    return counts, np.broadcast_to(person_years, counts.shape)


def numbers_of(
    counts: Counts, *, reference: Sequence[int], transform: Transform, per: float, total: float
) -> dict[str, np.ndarray]:
    """Give slope index, relative index and excess of each draw.

    ``total`` person-years scale the excess of a resample, whose residents differ, to those there are.
    """
    events, person_years = counts
    times = per if transform == "logit" else 1.0
    with np.errstate(invalid="ignore", divide="ignore"):
        rates = events / person_years * (per / times)
    index, intercept = fitted_lines(rates, person_years, transform)
    share = excess_share(events, person_years, reference)
    return {
        "slope_index": index * times,
        "relative_index": end_ratios(index, intercept),
        "excess_events": share * events.sum(axis=1) / person_years.sum(axis=1) * total,
        "excess_share": share,
    }


def reach_of(draws: np.ndarray, centre: float, *, confidence_level: float) -> tuple[float, float]:
    """How far the percentile limits of draws lie from the estimate; missing draws are left out."""
    low, high = percentile_interval(draws, confidence_level=confidence_level)
    return low - centre, high - centre
