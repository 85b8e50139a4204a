"""The shape of a driver in a model that predicts: where the areas are, and nowhere beyond."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

import pandas as pd

from problemsolving import draw
from problemsolving.results import Column, Disclosure, Result, Table, Value, interval, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class FittedResult(Result):
    """Base of what a fitted model says: it leaves where the model rests on enough cases, its estimates made coarse."""

    areas: int
    events: float
    residual_df: int
    counts: tuple[float, ...] = ()  # of the rows it was fitted to
    level: float = 0.95
    of: str = "incidents"

    disclosure: ClassVar[Disclosure] = "model"

    def cells(self) -> pd.DataFrame:
        return pd.DataFrame({"group": ["areas in the model"], "count": [self.events]})

    def rebuild(self, cells: pd.DataFrame) -> Self:
        return replace(self, events=float(cells["count"].iloc[0]))

    def rests_on(self) -> Sequence[float]:
        return self.counts

    def size(self) -> tuple[int, int]:
        return self.areas, self.residual_df


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class DriverShape(FittedResult):
    """Predicted rate along one driver, over the average prediction: ``frame`` has ``at`` (median of a fifth of the
    areas), ``share`` (of areas behind it), ``ratio``, ``low`` and ``high``.
    """  # noqa: D205

    driver: str
    frame: pd.DataFrame

    @property
    def known(self) -> pd.DataFrame:
        """Places with an interval."""
        return self.frame.dropna(subset=["low", "high"])

    def values(self) -> list[Value]:
        return [
            Value(
                name="shape", group=f"{self.driver} about {row['at']:,.4g}", estimate=number(row["ratio"]), unit=self.unit,
                n=None, interval=interval(row["low"], row["high"], self.level),
                reason=None if number(row["ratio"]) is not None else "not estimable: too few folds have areas as far out",
            )
            for row in self.frame.to_dict("records")
        ]  # fmt: skip

    def table(self) -> Table:
        columns = (
            Column(self.driver, "number", 2),
            Column("Share of areas", "percent", 0),
            Column("Rate, over the average", "number", 2),
            Column("Low", "number", 2),
            Column("High", "number", 2),
        )
        rows = self.frame[["at", "share", "ratio", "low", "high"]].to_dict("records")
        return Table(columns, tuple(tuple(number(value) for value in row.values()) for row in rows))

    def summary(self) -> str:
        known = self.known
        if len(known) < 2:
            return f"No shape of {self.driver} can be shown: too few held-out folds have areas along it."
        first, last = (
            f"{row.ratio:.2f} ({row.low:.2f} to {row.high:.2f}) times the average where it was about {row.at:,.4g}"
            for row in known.iloc[[0, -1]].itertuples()
        )
        return (
            f"Along {self.driver} the model predicted {first} and {last}, with the other drivers as they are; "
            "a shape of associations between areas, not of effects."
        )

    def alt_text(self) -> str:
        return f"Points with intervals along {self.driver}, each with the share of areas behind it. {self.summary()}"

    def plot(self, *, ax: Axes | None = None) -> Axes | None:
        if len(self.known) < 2:
            return None
        return draw.shape(
            self.frame["at"],
            self.frame["ratio"],
            low=self.frame["low"],
            high=self.frame["high"],
            notes=[f"{share:.0%}\nof areas" for share in self.frame["share"]],
            reference=1.0,
            along=self.driver,
            quantity=f"predicted {self.of},\nover the average",
            ax=ax,
        )

    def blurred(self) -> Self:
        return replace(self, frame=self.frame.round(2), counts=())
