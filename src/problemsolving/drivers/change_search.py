"""The search for changes of level in a monthly series, and what it finds in series simulated alike."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import stats
from scipy.special import rel_entr

from problemsolving.drivers.poisson_fit import fit_log_linear
from problemsolving.drivers.segmentation import (
    YEAR,
    Floats,
    Settings,
    Stretches,
    find_stretches,
    harmonics,
    simulate_counts,
)

NEAR = 2  # months within which a simulated change counts as the same one


@dataclass(frozen=True, eq=False)
class Search:
    """A cut series and what series simulated alike show: see `ChangePoints`."""

    stretches: Stretches
    returned: tuple[float, ...]
    false_alarms: float
    power: float
    line_fits_as_well: bool


@lru_cache(maxsize=32)
def search_changes(
    counts: tuple[float, ...], days: tuple[float, ...], settings: Settings, n_resamples: int, ratio: float, seed: int
) -> Search:
    """Cut the series, then series simulated from the cut and from a steady level; kept, since each takes seconds."""
    events, exposure, rng = np.asarray(counts), np.asarray(days), np.random.default_rng(seed)
    cut = find_stretches(events, exposure, settings)
    steady = cut.exposure * events.sum() / cut.exposure.sum()

    def drawn(mean: Floats) -> list[np.ndarray]:
        series = (simulate_counts(mean, spread=cut.spread, alike=cut.alike, rng=rng) for _ in range(n_resamples))
        return [
            np.asarray(find_stretches(one, exposure, settings, exact=False).starts if one.any() else ())
            for one in series
        ]

    alarms = np.mean([found.size > 0 for found in drawn(steady)])
    returned: tuple[float, ...] = ()
    power = float("nan")
    if cut.starts:
        again = drawn(cut.mean)
        returned = tuple(
            float(np.mean([(abs(found - start) <= NEAR).any() for found in again])) for start in cut.starts
        )
    else:
        half = events.size // 2
        power = float(np.mean([(abs(found - half) <= NEAR).any() for found in drawn(_with_step(steady, half, ratio))]))
    return Search(cut, returned, float(alarms), power, _line_fits_as_well(events, exposure, cut, settings))


def _with_step(steady: Floats, half: int, ratio: float) -> Floats:
    """Give a mean that steps by a ratio half-way around the same total."""
    stepped = steady * np.where(np.arange(steady.size) < half, 1.0, ratio)
    return stepped * steady.sum() / stepped.sum()


def _line_fits_as_well(events: Floats, days: Floats, cut: Stretches, settings: Settings) -> bool:
    """Tell whether a straight line of the log rate, with one number to fit, does as well as the steps."""
    if not cut.starts:
        return False
    months = np.arange(events.size)
    waves = harmonics(events.size, settings.harmonics) if settings.harmonics else np.empty((events.size, 0))
    line = fit_log_linear(events, np.column_stack([np.ones(events.size), months / YEAR, waves]), days)
    steps = 2 * float((rel_entr(events, cut.mean) - events + cut.mean).sum())
    price = np.log(events.size)
    return bool((line.deviance - steps) / cut.dispersion + price <= settings.penalty * price * len(cut.starts))


def t_of(cut: Stretches, level: float) -> float:
    """Give t on the months less a level a stretch and the season's four numbers."""
    return float(stats.t.ppf((1 + level) / 2, max(cut.exposure.size - cut.rates.size - 4, 1)))
