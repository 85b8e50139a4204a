"""The result of a rate model: ratios of each driver, other count models beside them, and what leaves of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar, Self

import pandas as pd

from problemsolving import draw
from problemsolving.drivers.rate_checks import SIGNIFICANT
from problemsolving.results import (
    Column,
    Disclosure,
    Result,
    Table,
    Value,
    coarser,
    grouped_values,
    listed,
    number,
    whole,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_READING = ("driver", "model", "ratio", "low", "high")


def _no_readings() -> pd.DataFrame:
    return pd.DataFrame(columns=list(_READING))


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class RateModel(Result):
    """Rate ratios per standard deviation: ``frame`` has ``driver``, ``ratio``, ``low``, ``high``,
    ``alone``, ``alone_low``, ``alone_high`` and ``inflation``; ``others`` (other count models) and ``contrasts`` (in the
    drivers' own units) have ``driver``, ``model``, ``ratio``, ``low`` and ``high``.
    """  # noqa: D205

    frame: pd.DataFrame
    areas: int
    events: float
    dispersion: float
    dispersion_p: float
    residual_df: int
    counts: tuple[float, ...] = ()  # of the areas it was fitted to
    level: float = 0.95
    of: str = "incidents"
    others: pd.DataFrame = field(default_factory=_no_readings)
    contrasts: pd.DataFrame = field(default_factory=_no_readings)
    beside: str = ""  # the count model that the rule names
    intervals: str = "robust (HC3)"
    moran: tuple[float, float] | None = None  # of the residuals, with its p

    disclosure: ClassVar[Disclosure] = "model"

    def values(self) -> list[Value]:
        rows = self.frame.assign(group=self.frame["driver"], count=self.events)
        alone = rows.drop(columns=["low", "high"]).rename(columns={"alone_low": "low", "alone_high": "high"})
        found = [
            *grouped_values(rows, "ratio", name="rate_ratio", unit=self.unit, level=self.level),
            *grouped_values(alone, "alone", name="rate_ratio_alone", unit=self.unit, level=self.level),
        ]
        readings = [(self.others, self.unit), (self.contrasts, "rate ratio")]
        for frame, unit in readings:
            for model, part in frame.groupby("model", sort=False):
                part = part.assign(group=part["driver"], count=self.events)
                name = f"rate_ratio, {model}"
                found += grouped_values(part, "ratio", name=name, unit=unit, level=self.level)
        n = whole(self.events)
        found.append(Value(name="dispersion", estimate=number(self.dispersion), unit="variance over mean", n=n))
        if self.moran is not None:
            found.append(Value(name="residual_morans_i", estimate=self.moran[0], unit="Moran's I", n=n))
        return found

    def table(self) -> Table:
        rows: list[tuple[object, ...]] = []
        for row in self.frame.itertuples():
            rows += [
                (row.driver, f"adjusted, {self.intervals}", row.ratio, row.low, row.high, row.inflation),
                (row.driver, f"alone, {self.intervals}", row.alone, row.alone_low, row.alone_high, None),
            ]
            for frame in (self.others, self.contrasts):
                rows += [
                    (row.driver, f"adjusted, {other.model}", other.ratio, other.low, other.high, None)
                    for other in frame[frame["driver"] == row.driver].itertuples()
                ]
        columns = (
            Column("Driver (per standard deviation where nothing else is said)"),
            Column("Model"),
            Column("Rate ratio", "number", 2),
            Column("Low", "number", 2),
            Column("High", "number", 2),
            Column("Variance inflation", "number"),
        )
        return Table(columns, tuple(rows))

    def summary(self) -> str:
        said = [
            f"{row.driver} was associated with {abs(row.ratio - 1):.0%} {'more' if row.ratio > 1 else 'fewer'} {self.of} "
            f"per standard deviation (rate ratio {row.ratio:.2f}, {row.low:.2f} to {row.high:.2f})"
            for row in self.frame.itertuples()
            if row.low > 1 or row.high < 1
        ]
        unclear = [row.driver for row in self.frame.itertuples() if row.low <= 1 <= row.high]
        text = f"Holding the other drivers, {'; '.join(said) or 'no driver was clearly associated with the rate'}."
        if unclear:
            text += f" Not clear either way: {', '.join(unclear)}."
        text += f" Small areas varied {self.dispersion:.1f} times as much as chance; the intervals allow for that."
        return text + self._said_beside() + self._said_of_neighbours()

    def _said_beside(self) -> str:
        """Say whether the count model that the rule names comes to another verdict."""
        rows = self.others[self.others["model"] == self.beside]
        if rows.empty:
            return ""
        ours, theirs = (
            {r.driver: (r.low > 1) - (r.high < 1) for r in frame.itertuples()} for frame in (self.frame, rows)
        )
        differ = [name for name in theirs if ours[name] != theirs[name]]
        if not differ:
            return f" A {self.beside} model says the same of each driver."
        return f" A {self.beside} model says otherwise of {listed(differ)}: read {'it' if len(differ) == 1 else 'them'} with care."

    def _said_of_neighbours(self) -> str:
        if self.moran is None:
            return ""
        size, p = self.moran
        found = f"Moran's I of the residuals {size:.2f}, p = {p:.3g}"
        if not (p < SIGNIFICANT and size > 0):
            return f" Neighbouring areas were not clearly alike beyond the drivers ({found})."
        return f" Neighbouring areas were alike beyond the drivers ({found}): {self._remedy()}."

    def _remedy(self) -> str:
        if self.intervals.startswith("robust"):
            return "the intervals are too narrow"
        return f"intervals {self.intervals} allow for that within, not across"

    def plot(self, *, ax: Axes | None = None) -> Axes:
        beside = self.others[self.others["model"] == self.beside].set_index("driver")
        order = self.frame["driver"]
        series = {f"adjusted, {self.intervals}": self.frame}
        if len(beside):
            series[f"adjusted, {self.beside}"] = beside.loc[order]
        alone = self.frame[["alone", "alone_low", "alone_high"]].set_axis(["ratio", "low", "high"], axis=1)
        series["alone"] = alone
        return draw.compared_intervals(
            order.tolist(),
            {name: (rows["ratio"], rows["low"], rows["high"]) for name, rows in series.items()},
            reference=1.0,
            log=True,
            quantity="rate ratio per standard deviation (log scale)",
            ax=ax,
        )

    def cells(self) -> pd.DataFrame:
        return pd.DataFrame({"group": ["areas in the model"], "count": [self.events]})

    def rebuild(self, cells: pd.DataFrame) -> Self:
        return replace(self, events=float(cells["count"].iloc[0]))

    def blurred(self) -> Self:
        return replace(
            self,
            frame=self.frame.round(2),
            others=self.others.round(2),
            contrasts=self.contrasts.round(2),
            dispersion=coarser(self.dispersion),
            dispersion_p=round(self.dispersion_p, 2),
            moran=None if self.moran is None else (round(self.moran[0], 2), max(round(self.moran[1], 2), 0.01)),
            counts=(),
        )

    def rests_on(self) -> Sequence[float]:
        return self.counts

    def size(self) -> tuple[int, int]:
        return self.areas, self.residual_df
