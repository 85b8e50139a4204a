"""A funnel's target and the scale on which chance varies alike at every size of a place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from problemsolving.measures.funnel_limits import (
    Exact,
    Pair,
    Spread,
    binomial_funnel_limits,
    poisson_funnel_limits,
)
from problemsolving.stats.intervals import Floats, count_limits, normal_quantile, wilson_limits


@dataclass(frozen=True)
class Centre:
    """A target in events per unit of exposure, of Poisson counts or, where ``proportion``, of binomial ones.

    Distances from it are taken on the square root of observed over expected events, or on the arc sine of the root of
    a proportion: there chance alone has a standard deviation of one over twice the root of the events expected, or of
    the trials.
    """

    target: float
    proportion: bool = False
    exact: Exact = "percentile"

    @property
    def known(self) -> bool:
        return 0 < self.target < (1.0 if self.proportion else np.inf)

    @property
    def _unit(self) -> float:
        """Events per unit of exposure that the scale's own unit stands for."""
        return 1.0 if self.proportion else self.target

    def _up(self, values: Floats) -> Floats:
        root = np.sqrt(values / self._unit)
        return np.arcsin(root) if self.proportion else root

    def _down(self, values: Floats) -> Floats:
        inside = np.clip(values, 0.0, np.pi / 2 if self.proportion else np.inf)
        return (np.sin(inside) if self.proportion else inside) ** 2 * self._unit

    def sizes(self, exposure: Floats) -> Floats:
        """Trials, or events expected at the target."""
        return exposure if self.proportion else exposure * self.target

    def errors(self, exposure: Floats) -> Floats:
        """Standard deviation by chance alone, on the scale."""
        return 0.5 / np.sqrt(self.sizes(exposure))

    def distances(self, count: Floats, exposure: Floats) -> Floats:
        """Distance of each place from the target, on the scale."""
        return self._up(count / exposure) - self._up(np.asarray(self.target))

    def chance(self, exposure: Floats, level: float) -> Pair:
        """Exact limits by chance alone, in events per unit of exposure."""
        if self.proportion:
            return binomial_funnel_limits(exposure, target=self.target, confidence_level=level, method=self.exact)
        low, high = poisson_funnel_limits(self.sizes(exposure), confidence_level=level, method=self.exact)
        return low * self.target, high * self.target

    def limits(self, exposure: Floats, level: float, spread: Spread, *, additive: bool) -> Pair:
        """Limits by chance and spread, in events per unit of exposure: never narrower than those by chance alone."""
        error = self.errors(exposure)
        wide = np.sqrt(error**2 + spread.between**2) if additive else error * np.sqrt(spread.dispersion)
        reach, centre = normal_quantile(level) * wide, self._up(np.asarray(self.target))
        low, high = self.chance(exposure, level)
        return np.minimum(low, self._down(centre - reach)), np.maximum(high, self._down(centre + reach))

    def intervals(self, count: Floats, exposure: Floats, level: float) -> Pair:
        """Interval of each place's own estimate, in events per unit of exposure."""
        if self.proportion:
            return wilson_limits(count, exposure, confidence_level=level)
        low, high, _ = count_limits(count, confidence_level=level)
        return low / exposure, high / exposure
