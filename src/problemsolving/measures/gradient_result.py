"""What a gradient shows: rates by quantile, slope and relative index with two intervals, events in excess."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
import pandas as pd

from problemsolving import draw
from problemsolving.measures.excess import Reference, excess_share, quantile_word
from problemsolving.measures.slopes import Slope, Transform, from_line, holds, slope_index_of_inequality, to_line
from problemsolving.results import Column, FrameResult, Interval, Table, Value, interval, number, whole
from problemsolving.stats.intervals import count_limits

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Reach = tuple[float, float]  # lower and upper distance of the limits from the estimate


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Gradient(FrameResult):
    """Rates by quantile: ``frame`` has ``group``, ``count`` and ``person_years``, most deprived first.

    ``reach`` holds how far the limits of each number lie from it: by resampling of small areas, and, for the numbers
    called ``_poisson``, by Poisson counts alone.
    """

    margins: ClassVar[tuple[tuple[str, ...], ...]] = ((),)  # the total of the area is shown elsewhere

    areas: int
    reference: Reference
    reach: Mapping[str, Reach] = field(default_factory=dict)
    transform: Transform = "none"
    quantiles: int = 10
    per: int = 100_000
    level: float = 0.95
    of: str = "incidents"
    scale: str = "income"

    @property
    def rates(self) -> np.ndarray:
        return (self.frame["count"] / self.frame["person_years"] * self.per).to_numpy(float)

    @property
    def complete(self) -> bool:
        return bool(np.isfinite(self.rates).all())

    @property
    def slope(self) -> Slope:
        shares = self.rates / self.per if self.transform == "logit" else self.rates
        if not (self.complete and holds(shares, self.transform).all()):
            return Slope(np.nan, np.nan)
        line = slope_index_of_inequality(shares, population=self.frame["person_years"], transform=self.transform)
        times = self.per if self.transform == "logit" else 1
        return Slope(line.index * times, line.intercept * times)

    @property
    def reason(self) -> str | None:
        """Why there is no slope, where there is none."""
        if not self.complete:
            return "a quantile's count is withheld"
        return (
            None if np.isfinite(self.slope.index) else f"a quantile's rate has no place on the {self.transform} scale"
        )

    def estimates(self) -> dict[str, float]:
        """Give slope and relative index, once for each of their two intervals, and the events in excess.

        The excess is the number of events that would not occur at the rate of the least deprived fifth (negative where
        there would be more), then its share of all events.
        """
        slope, counts = self.slope, self.frame["count"].to_numpy(float)
        share = float(excess_share(counts, self._years, self.reference.places))
        return {
            "slope_index": slope.index,
            "relative_index": slope.relative_index,
            "slope_index_poisson": slope.index,
            "relative_index_poisson": slope.relative_index,
            "excess_events": share * counts.sum(),
            "excess_share": share,
        }

    def indices(self) -> pd.DataFrame:
        """Give ``estimate``, ``low`` and ``high`` of each of the estimates, a row a number."""
        rows = {name: (value, *(value + step for step in self.reach[name])) for name, value in self.estimates().items()}
        return pd.DataFrame.from_dict(rows, orient="index", columns=["estimate", "low", "high"])

    @property
    def _years(self) -> np.ndarray:
        return self.frame["person_years"].to_numpy(float)

    def limits(self, name: str) -> Interval | None:
        """Give the interval of one of the numbers of ``indices()``."""
        row = self.indices().loc[name]
        return interval(row["low"], row["high"], self.level)

    def groups(self) -> pd.DataFrame:
        """Give ``group``, ``count``, ``person_years``, ``rate``, ``low`` and ``high``, a row a quantile."""
        low, high, _ = count_limits(self.frame["count"], confidence_level=self.level)
        scale = self.per / self._years
        return self.frame.assign(rate=self.rates, low=low * scale, high=high * scale)

    def values(self) -> list[Value]:
        total = whole(self.frame["count"].sum()) if self.complete else None
        units = {
            "slope": self.unit,
            "relative": "ratio",
            "excess_events": self.of,
            "excess_share": f"share of {self.of}",
        }
        numbers = [
            Value(
                name=str(name),
                estimate=number(row["estimate"]),
                interval=interval(row["low"], row["high"], self.level),
                unit=next(unit for start, unit in units.items() if str(name).startswith(start)),
                n=total,
                reason=self.reason if number(row["estimate"]) is None else None,
            )
            for name, row in self.indices().iterrows()
        ]
        by_group = [
            Value(
                name="rate_by_deprivation",
                group=str(row["group"]),
                estimate=number(row["rate"]),
                n=whole(row["count"]),
                unit=self.unit,
                interval=interval(row["low"], row["high"], self.level),
            )
            for row in self.groups().to_dict("records")
        ]
        return [*numbers[:2], *by_group, *numbers[2:]]

    def table(self) -> Table:
        """Give the rates by quantile; below them slope, relative index (in per cent) and excess with their intervals."""
        columns = (
            Column(f"{self.scale.capitalize()} {quantile_word(self.quantiles)} (1 = most deprived)"),
            Column(self.of.capitalize(), "count"),
            Column("Person-years", "count"),
            *(
                Column(name, "rate", 1 if self.per >= 1_000 else 4)
                for name in (f"Rate per {self.per:,}", "Low", "High")
            ),
        )
        rows: list[tuple[object, ...]] = [
            (
                str(r["group"]),
                whole(r["count"]),
                r["person_years"],
                number(r["rate"]),
                number(r["low"]),
                number(r["high"]),
            )
            for r in self.groups().to_dict("records")
        ]
        found, years = self.indices(), float(self._years.sum())
        for label, name, times in (
            ("Slope index (small areas resampled)", "slope_index", 1.0),
            ("Slope index (Poisson counts alone)", "slope_index_poisson", 1.0),
            ("Relative index, % (small areas resampled)", "relative_index", 100.0),
            ("Relative index, % (Poisson counts alone)", "relative_index_poisson", 100.0),
            (f"In excess of the rate of {self.reference.words}", "excess_events", self.per / years),
        ):
            excess = name.startswith("excess")
            count, time_at_risk = (whole(found["estimate"][name]), years) if excess else (None, None)
            rows.append((label, count, time_at_risk, *(number(value * times) for value in found.loc[name])))
        return Table(columns, tuple(rows))

    def _said(self, rate: float) -> str:
        """Write a rate: whole where it refers to many residents."""
        return f"{rate:,.0f}" if self.per >= 1_000 else f"{rate:,.3g}"

    def summary(self) -> str:
        if not self.complete:
            return "The slope is withheld: the count of at least one group is too small."
        slope, sure, poisson = self.slope, self.limits("slope_index"), self.limits("slope_index_poisson")
        if sure is None or poisson is None:
            reason = f": {self.reason}" if self.reason else ""
            return f"The slope's interval cannot be estimated{reason}. {self._excess_in_words()}"
        ends = "most" if slope.index < 0 else "least"
        near, far = sorted((abs(sure.low), abs(sure.high)))
        size = f"{self._said(abs(slope.index))} more {self.of} per {self.per:,} residents a year than the other end"
        limits = (
            f"({self.level:.0%} interval {self._said(near)} to {self._said(far)})"
            if sure.low * sure.high > 0
            else f"(interval {self._said(sure.low)} to {self._said(sure.high)}, which includes none)"
        )
        width = poisson.high - poisson.low
        times = (
            f" and is {(sure.high - sure.low) / width:.1f} times as wide as one for random counts alone"
            if width > 0
            else ""
        )
        return (
            f"Along the scale of {self.scale} deprivation the {ends} deprived end had {size} {limits}: slope index {self._said(slope.index)}. "
            f"The interval comes from resampling {self.areas:,} small areas{times} ({self._said(poisson.low)} to {self._said(poisson.high)}). "
            f"{self._excess_in_words()}"
        )

    def _excess_in_words(self) -> str:
        events, share = self.indices().loc["excess_events"], self.indices().loc["excess_share"]
        if not np.isfinite(events["estimate"]):
            return ""
        way, sign = ("fewer", 1) if events["estimate"] >= 0 else ("more", -1)
        ends = [tuple(sorted(row[["low", "high"]] * sign)) for row in (events, share)]
        limits = (
            f" ({self.level:.0%} interval {ends[0][0]:,.0f} to {ends[0][1]:,.0f})" if np.isfinite(ends[0]).all() else ""
        )
        shares = f" ({ends[1][0]:.0%} to {ends[1][1]:.0%})" if limits else ""
        return (
            f"At the rate of {self.reference.words} there would have been {events['estimate'] * sign:,.0f} {way} {self.of}{limits}, "
            f"{share['estimate'] * sign:.0%}{shares} of all."
        )

    def plot(self, *, ax: Axes | None = None) -> Axes:
        shown = self.groups()
        width = self._years / self._years.sum()
        straight = self.transform == "none"
        ax = draw.gradient(
            shown["group"].astype(str).tolist(),
            shown["rate"],
            low=shown["low"],
            high=shown["high"],
            left=np.cumsum(width) - width,
            width=width,
            line=(self.slope.intercept, self.slope.index) if straight else (np.nan, np.nan),
            quantity=f"{self.of} per {self.per:,}\nresidents a year",
            group=f"{quantile_word(self.quantiles)} of {self.scale} deprivation (1 = most deprived; width = residents)",
            ax=ax,
        )
        if straight or not np.isfinite(self.slope.index):
            return ax
        times = self.per if self.transform == "logit" else 1.0
        ends = np.array([self.slope.intercept, self.slope.intercept + self.slope.index]) / times
        along = np.linspace(0, 1, 101)
        curve = from_line(np.interp(along, [0, 1], to_line(ends, self.transform)), self.transform) * times
        return draw.fitted(along, curve, label=f"fitted on the {self.transform} scale", ax=ax)

    def blurred(self) -> Self:
        """Give the distances of the limits, which come from unrounded counts, to two figures."""
        return replace(
            self, reach={name: (_two_figures(low), _two_figures(high)) for name, (low, high) in self.reach.items()}
        )


def _two_figures(value: float) -> float:
    """Round to two figures.

    >>> _two_figures(-1234.5), _two_figures(0.0)
    (-1200.0, 0.0)
    """
    return float(f"{value:.1e}")
