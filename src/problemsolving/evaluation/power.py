"""What size of effect a planned comparison could show, before the response starts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from problemsolving import draw
from problemsolving.draw.base import BLUE, MUTED, ORANGE
from problemsolving.results import Column, FrameResult, Table, Value, coarser, number, whole
from problemsolving.stats.counts import log_ratio_error
from problemsolving.stats.intervals import normal_quantile

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class DetectableEffect(FrameResult):
    """Smallest effect a planned before-and-after comparison could show: ``frame`` has ``group`` and ``count``."""

    margins: ClassVar[tuple[tuple[str, ...], ...]] = ((),)  # the sets of areas may make up the whole area

    dispersion: float
    power: float = 0.8
    level: float = 0.95
    of: str = "incidents"

    def blurred(self) -> Self:
        return replace(self, dispersion=coarser(self.dispersion))

    @property
    def ratio(self) -> float:
        """Smallest detectable fall, as a ratio of rate ratios (0 to 1)."""
        counts = self.frame["count"].to_numpy(float)
        if np.isnan(counts).any() or (counts <= 0).any():
            return float("nan")
        return detectable_ratio(
            counts[0], counts[1], dispersion=self.dispersion, power=self.power, confidence_level=self.level
        )

    def values(self) -> list[Value]:
        reason = None if number(self.ratio) is not None else "a count is zero or withheld"
        return [
            Value(
                name="",
                estimate=number(self.ratio),
                unit=self.unit,
                n=whole(self.frame["count"].iloc[0]),
                reason=reason,
            )
        ]

    def table(self) -> Table:
        return Table(
            (Column("Planned"), Column(f"{self.of.capitalize()} expected", "count")),
            tuple((r.group, whole(r.n)) for r in self.frame.rename(columns={"count": "n"}).itertuples()),
        )

    def summary(self) -> str:
        if np.isnan(self.ratio):
            return "The smallest detectable effect cannot be given: a count is zero or withheld."
        return (
            f"A response in the {self.frame['group'].iloc[0]} would have to cut {self.of} by at least {1 - self.ratio:.0%} for a before-and-after "
            f"comparison of this length to show it ({self.power:.0%} power, {self.level:.0%} level; areas change "
            f"{self.dispersion:.1f} times as much as chance between the periods)."
        )

    def plot(self, *, ax: Axes | None = None) -> Axes | None:
        if np.isnan(self.ratio):
            return None
        cuts = np.linspace(0.02, 0.6, 59)
        counts = self.frame["count"].to_numpy(float)
        chance = [
            power_of_comparison(
                counts[0], counts[1], ratio=1 - cut, dispersion=self.dispersion, confidence_level=self.level
            )
            for cut in cuts
        ]
        ax = draw.get_axes(ax, size=(7.2, 3.4))
        ax.plot(cuts * 100, np.array(chance) * 100, color=BLUE, linewidth=2.2)
        ax.axhline(self.power * 100, color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
        ax.plot([(1 - self.ratio) * 100], [self.power * 100], "o", color=ORANGE, markersize=8)
        ax.annotate(
            f"{1 - self.ratio:.0%} cut",
            ((1 - self.ratio) * 100, self.power * 100),
            xytext=(8, -14),
            textcoords="offset points",
        )
        ax.set_xlabel("true cut, %")
        ax.set_ylabel("chance of showing it, %")
        ax.set_ylim(0, 102)
        return ax


def power_of_comparison(
    treated: float, comparison: float, *, ratio: float, dispersion: float = 1.0, confidence_level: float = 0.95
) -> float:
    """Chance that a comparison before and after shows a given true ratio of rate ratios.

    Parameters
    ----------
    treated, comparison : float
        Events expected in each set of areas, in each of two periods of equal length, above 0.
    ratio : float
        True ratio of rate ratios, above 0.
    dispersion : float
        Variance over mean of the counts.
    confidence_level : float
        Of the two-sided interval that is to exclude 1.

    Returns
    -------
    float
        Between 0 and 1.

    Examples
    --------
    >>> round(power_of_comparison(1000, 4000, ratio=0.9), 2)
    0.54
    """
    from scipy import stats

    error = log_ratio_error(treated, treated * ratio, comparison, comparison, dispersion=dispersion)
    return float(stats.norm.cdf(abs(np.log(ratio)) / error - normal_quantile(confidence_level)))


def detectable_ratio(
    treated: float, comparison: float, *, dispersion: float = 1.0, power: float = 0.8, confidence_level: float = 0.95
) -> float:
    """Smallest fall (as a ratio below 1) that a comparison before and after would show with the given power.

    Parameters
    ----------
    treated, comparison : float
        Events expected in each set of areas, in each of two periods of equal length, above 0.
    dispersion : float
        Variance over mean of the counts.
    power : float
        Between 0 and 1.
    confidence_level : float
        Between 0 and 1.

    Returns
    -------
    float
        Ratio of rate ratios, between 0 and 1.

    Raises
    ------
    ValueError
        For an expected count of 0 or less, or a power outside its range.

    Examples
    --------
    >>> round(detectable_ratio(1000, 4000), 2)
    0.87
    """
    from scipy import optimize

    if treated <= 0 or comparison <= 0 or not (1 - confidence_level) / 2 < power < 1:
        raise ValueError("expected counts must be above 0, power between the level's tail and 1")

    def shortfall(log_ratio: float) -> float:
        return (
            power_of_comparison(
                treated, comparison, ratio=np.exp(log_ratio), dispersion=dispersion, confidence_level=confidence_level
            )
            - power
        )

    if shortfall(-5.0) < 0:
        return float("nan")
    return float(np.exp(optimize.brentq(shortfall, -5.0, -1e-9)))
