"""One number a group, with its interval and the count it came from: the shape that most measures share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import pandas as pd

from problemsolving import draw
from problemsolving.results import Column, FrameResult, Kind, Table, Value, grouped_values, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWN = 20  # rows of a picture; the table holds all


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class GroupedResult(FrameResult):
    """Base of results with one estimate a group, all of it computed from ``frame`` by ``estimates()``.

    A subclass gives ``estimates()``, a frame of one row a group with ``group``, ``count``, ``estimate``, ``low`` and
    ``high`` (and whatever else ``columns()`` names), and gets values, table and picture made from it.
    """

    level: float = 0.95
    of: str = "incidents"
    heading: str = "Group"

    value_name: ClassVar[str] = ""  # of its numbers in results.json, where the finding's own will not do
    quantity: ClassVar[str] = ""  # of the picture's axis; the unit where it is empty
    estimate_kind: ClassVar[Kind] = "number"
    decimals: ClassVar[int] = 1
    reference: ClassVar[float | None] = None  # the value of no difference
    log: ClassVar[bool] = False

    def estimates(self) -> pd.DataFrame:
        """Give ``group``, ``count``, ``estimate``, ``low``, ``high``, one row a group."""
        raise NotImplementedError

    def columns(self) -> dict[str, Column]:
        """Give the columns of the table: column of ``estimates()`` → heading and how its cells are written."""
        return {
            "group": Column(self.heading),
            "count": Column(self.of.capitalize(), "count"),
            "estimate": Column(self.unit.capitalize(), self.estimate_kind, self.decimals),
            "low": Column("Low", self.estimate_kind, self.decimals),
            "high": Column("High", self.estimate_kind, self.decimals),
        }

    def values(self) -> list[Value]:
        return grouped_values(self.estimates(), "estimate", unit=self.unit, level=self.level, name=self.value_name)

    def table(self) -> Table:
        shown, columns = self.estimates(), self.columns()
        return Table(
            tuple(columns.values()),
            tuple(
                tuple(row[name] if column.kind == "text" else number(row[name]) for name, column in columns.items())
                for row in shown.to_dict("records")
            ),
        )

    def plot(self, *, ax: Axes | None = None) -> Axes | None:
        shown = self.estimates().head(SHOWN)
        if not shown["estimate"].notna().any():
            return None
        return draw.intervals(
            shown["group"].tolist(),
            shown["estimate"],
            low=shown["low"],
            high=shown["high"],
            reference=self.reference,
            log=self.log,
            quantity=self.quantity or self.unit,
            ax=ax,
        )
