"""Stretches of a monthly series at one level: season, dispersion, search and simulation behind `change_points`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from problemsolving.drivers.poisson_fit import fit_log_linear

Floats = NDArray[np.float64]
YEAR = 12
ROUNDS = 4  # times that season and stretches are fitted to each other
MOST_ALIKE = 0.6  # autocorrelation of neighbouring months beyond which no allowance is made


@dataclass(frozen=True)
class Settings:
    """How a search is made: fewest months of a stretch, factor of log n in the penalty, pairs of yearly harmonics."""

    shortest: int = 6
    penalty: float = 3.0
    harmonics: int = 2


@dataclass(frozen=True, eq=False)
class Stretches:
    """A series cut into stretches.

    ``starts``: first month of each stretch but the first. ``exposure``: days times season. ``rates``: events a day of
    each stretch, season taken out. ``spread``: variance over mean of a month. ``alike``: correlation of neighbouring
    months. ``dispersion``: variance over mean of a long stretch's total, 1 or more.
    """

    starts: tuple[int, ...]
    exposure: Floats
    rates: Floats
    spread: float
    alike: float
    dispersion: float

    @property
    def labels(self) -> NDArray[np.intp]:
        """Number of the stretch each month belongs to."""
        return np.searchsorted(self.starts, np.arange(self.exposure.size), side="right")

    @property
    def mean(self) -> Floats:
        """Events expected in each month."""
        return self.exposure * self.rates[self.labels]


def harmonics(months: int, pairs: int) -> Floats:
    """Give sines and cosines of the year, one row a month.

    >>> harmonics(4, 1).round(3).tolist()[3]
    [1.0, 0.0]
    """
    angle = 2 * np.pi * np.arange(months)[:, None] * np.arange(1, pairs + 1) / YEAR
    return np.hstack([np.sin(angle), np.cos(angle)])


def find_stretches(counts: Floats, days: Floats, settings: Settings, *, exact: bool = True) -> Stretches:
    """Cut a series where a Poisson rate, season apart, changes by more than chance and dispersion explain.

    Parameters
    ----------
    counts, days : numpy.ndarray, shape (n,)
        Events and days of months that follow each other; at least one event.
    settings : Settings
        The search; harmonics of 0 leaves the season in.
    exact : bool
        Check what PELT finds by an exact search; it takes as long again, and seldom finds a better cut.

    Returns
    -------
    Stretches

    Notes
    -----
    Season (Poisson regression on harmonics) and stretches (search on days times season) are fitted to each other in
    turn, starting from a stretch a year. The dispersion comes from differences of neighbouring months' residuals, which
    a step touches only once, widened where neighbouring months are alike.
    """
    months = np.arange(counts.size)
    labels = np.minimum(months // YEAR, max(1, round(counts.size / YEAR)) - 1)
    season, starts = np.ones(counts.size), None
    spread, alike, dispersion = 1.0, 0.0, 1.0
    for _ in range(ROUNDS):
        season = _fit_season(counts, days, labels, season, settings.harmonics)
        mean = days * season * _rates(counts, days * season, labels)[labels]
        spread, alike, dispersion = _dispersion((counts - mean) / np.sqrt(mean), 2 * settings.harmonics)
        found = _search(counts, days * season, dispersion, settings, exact=exact)
        if found == starts:
            break
        starts, labels = found, np.searchsorted(found, months, side="right")
    return Stretches(starts or (), days * season, _rates(counts, days * season, labels), spread, alike, dispersion)


def _rates(counts: Floats, exposure: Floats, labels: NDArray[np.intp]) -> Floats:
    """Events a day of each stretch; half an event where there was none, so that logarithms exist."""
    events = np.bincount(labels, counts)
    return np.where(events > 0, events, 0.5) / np.bincount(labels, exposure)


def _fit_season(counts: Floats, days: Floats, labels: NDArray[np.intp], season: Floats, pairs: int) -> Floats:
    """Factor of each month, 1 on average, given the level of each stretch."""
    if not pairs:
        return np.ones(counts.size)
    waves = harmonics(counts.size, pairs)
    level = days * _rates(counts, days * season, labels)[labels]
    fitted = fit_log_linear(counts, np.column_stack([np.ones(counts.size), waves]), level).coefficients[1:]
    return np.exp(waves @ fitted) / np.exp(harmonics(YEAR, pairs) @ fitted).mean()


def _dispersion(residuals: Floats, parameters: int) -> tuple[float, float, float]:
    """Give the spread of a month, the correlation of neighbours and the dispersion of long stretches.

    With correlation r the mean squared difference is 2 (1 - r) spreads, and a long stretch's total varies
    (1 + r) / (1 - r) times as much as without.
    """
    n = residuals.size
    halves = (np.diff(residuals) ** 2).sum() / (2 * (n - 1)) * n / (n - parameters)
    square = (residuals**2).sum()
    alike = float((residuals[1:] * residuals[:-1]).sum() / square) if square > 0 else 0.0
    alike = min(max(alike, 0.0), MOST_ALIKE)
    spread = max(1.0, halves / (1 - alike))
    return spread, alike, max(1.0, spread * (1 + alike) / (1 - alike))


def _search(counts: Floats, exposure: Floats, dispersion: float, settings: Settings, *, exact: bool) -> tuple[int, ...]:
    """Search with PELT, and exactly for as many changes, one fewer and one more: the cheapest cut.

    ruptures drops candidates a little early when a stretch has a shortest length, so that PELT alone may miss the
    optimum; the exact search for a given number of changes does not.
    """
    from ruptures import Dynp, Pelt

    from problemsolving.drivers.poisson_cost import PoissonCost

    cost, price = PoissonCost(exposure, dispersion), settings.penalty * np.log(counts.size)
    ways = [Pelt(custom_cost=cost, min_size=settings.shortest, jump=1).fit(counts).predict(price)]
    if exact:
        checked, found = Dynp(custom_cost=cost, min_size=settings.shortest, jump=1).fit(counts), len(ways[0]) - 1
        tried = (number for number in (found - 1, found, found + 1) if 0 < number < counts.size // settings.shortest)
        ways += [[counts.size], *(checked.predict(number) for number in tried)]
    best = min(ways, key=lambda ends: cost.sum_of_costs(ends) + price * len(ends))
    return tuple(int(end) for end in best[:-1])


def simulate_counts(mean: Floats, *, spread: float, alike: float, rng: np.random.Generator) -> Floats:
    """Draw counts around a mean: variance ``spread`` times the mean, neighbours alike (gamma months, Poisson counts)."""
    if spread <= 1:
        return rng.poisson(mean).astype(float)
    latent = min(alike * spread / (spread - 1), 0.95)
    shocks = rng.normal(size=mean.size)
    walk = np.empty(mean.size)
    walk[0] = shocks[0]
    for month in range(1, mean.size):
        walk[month] = latent * walk[month - 1] + np.sqrt(1 - latent**2) * shocks[month]
    shape = mean / (spread - 1)
    return rng.poisson(mean * stats.gamma.ppf(stats.norm.cdf(walk), shape) / shape).astype(float)
