"""What drivers are worth to a model: how much it tells of rows it has not seen, and what it misses without each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import pandas as pd

from problemsolving import draw
from problemsolving.drivers.prediction_shapes import DriverShape, FittedResult
from problemsolving.errors import NotEstimableError
from problemsolving.results import Column, Interval, Table, Value, grouped_values, listed, number, whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BEATEN = "not estimable: the model does not clearly beat its baseline"


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class DriverImportance(FittedResult):
    """What a model can tell of rows it has not seen, and what it loses without each driver.

    ``skill``: D², the share of the baseline's deviance that the model explains. ``folds``: ``group``, ``estimate`` (D²
    of each fold). ``frame``: ``group`` (drivers), ``estimate`` (D² lost when shuffled), ``low``, ``high``.
    """

    skill: float
    skill_interval: Interval
    baseline: str
    held_out: str
    folds: pd.DataFrame
    frame: pd.DataFrame
    shapes: Mapping[str, pd.DataFrame]

    @property
    def beats_baseline(self) -> bool:
        """Tell whether the whole interval of D² lies above 0; else no importance is shown."""
        return self.skill_interval.low > 0

    def shape(self, driver: str) -> DriverShape:
        """Give the predicted rate along one driver (partial dependence), where there are areas.

        Raises
        ------
        ValueError
            For a driver that is not in the model.
        NotEstimableError
            When the model does not beat its baseline.
        """
        if driver not in self.shapes:
            raise ValueError("driver must be one of the model's drivers")
        if not self.beats_baseline:
            raise NotEstimableError(f"no shape of {driver}: the model does not clearly beat its baseline")
        return DriverShape(
            method=replace(self.method, name="Partial dependence of a model tried on rows it has not seen", citation="Friedman 2001"),
            unit="predicted rate over the average", design=self.design, areas=self.areas, events=self.events,
            residual_df=self.residual_df, counts=self.counts, level=self.level, of=self.of, caveats=self.caveats,
            driver=driver, frame=self.shapes[driver],
        )  # fmt: skip

    def values(self) -> list[Value]:
        n, unit = whole(self.events), "share of the baseline's deviance"
        skill = Value(name="d2", estimate=number(self.skill), interval=self.skill_interval, unit=unit, n=n)
        folds = [
            Value(name="d2_of_fold", group=row["group"], estimate=number(row["estimate"]), unit=unit, n=n)
            for row in self.folds.to_dict("records")
        ]
        if not self.beats_baseline:
            lost = [
                Value(name="importance", group=name, estimate=None, unit=self.unit, n=None, reason=BEATEN)
                for name in self.frame["group"]
            ]
        else:
            rows = self.frame.assign(count=self.events)
            lost = grouped_values(rows, "estimate", name="importance", unit=self.unit, level=self.level)
        return [skill, *folds, *lost]

    def table(self) -> Table:
        if not self.beats_baseline:
            heads = (Column("Held out"), Column("Deviance explained beyond the baseline", "percent", 0))
            return Table(heads, tuple((row.group, number(row.estimate)) for row in self.folds.itertuples()))
        columns = (
            Column("Driver shuffled"),
            Column("Percentage points of the deviance explained that are lost", "number", 0),
            Column("Low", "number", 0),
            Column("High", "number", 0),
        )
        rows = self.frame.itertuples()
        return Table(columns, tuple((r.group, r.estimate * 100, r.low * 100, r.high * 100) for r in rows))

    def summary(self) -> str:
        explained = (self.skill, self.skill_interval.low, self.skill_interval.high)
        told = "{:.0%} ({:.0%} to {:.0%})".format(*(round(share, 2) + 0.0 for share in explained))  # no minus before 0
        if not self.beats_baseline:
            return (
                f"Tried on {self.held_out}, the model did not clearly predict {self.of} better than {self.baseline} does (it "
                f"explained {told} of the deviance left by that), so that no driver's importance is shown."
            )
        lost = [
            f"by {row.estimate * 100:.0f} percentage points ({row.low * 100:.0f} to {row.high * 100:.0f}) for {row.group}"
            for row in self.frame.itertuples()
            if row.low > 0
        ]
        unclear = [row.group for row in self.frame.itertuples() if not row.low > 0]
        said = (
            f"It explained less when values were shuffled among areas: {listed(lost)}."
            if lost
            else "No driver was clearly missed."
        )
        rest = f" Not clearly missed: {', '.join(unclear)}." if lost and unclear else ""
        return (
            f"Tried on {self.held_out}, the model explained {told} of the deviance in {self.of} left by {self.baseline}. "
            f"{said}{rest} Importance is not cause."
        )

    def alt_text(self) -> str:
        return (
            f"What the model loses when each driver is shuffled, one below the other with intervals. {self.summary()}"
        )

    def plot(self, *, ax: Axes | None = None) -> Axes | None:
        if not self.beats_baseline:
            return None
        return draw.intervals(
            self.frame["group"].tolist(),
            self.frame["estimate"] * 100,
            low=self.frame["low"] * 100,
            high=self.frame["high"] * 100,
            reference=0.0,
            quantity="lost when shuffled, percentage points of the deviance explained",
            ax=ax,
        )

    def blurred(self) -> Self:
        low, high = round(self.skill_interval.low, 2), round(self.skill_interval.high, 2)
        return replace(
            self,
            skill=round(self.skill, 2),
            skill_interval=Interval(low, high, self.level),
            folds=self.folds.round(2),
            frame=self.frame.round(2),
            shapes={name: frame.round(2) for name, frame in self.shapes.items()},
            counts=(),
        )
