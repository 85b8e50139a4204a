"""An answer that is a range over models: the size of a hidden population, never one number."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from textwrap import wrap
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple, get_args

import numpy as np
import pandas as pd

from problemsolving import draw
from problemsolving.errors import NotEstimableError
from problemsolving.grouped import SHOWN
from problemsolving.measures.capture import Estimated
from problemsolving.measures.reasoned import ReasonedResult
from problemsolving.results import Column, Table, Value, interval, number, whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Linked = Literal["exact", "probabilistic", "no"]
WITHHELD = "withheld: counts it needs are too small"
CLOSED = "no one joins or leaves the population between the lists, and every record on a list is of a person in it"
PROBABLE = "links were made by probability; those missed make the population look larger, false ones smaller"


class Range(NamedTuple):
    """From the lowest to the highest estimate of the defensible models, and the ends of their intervals; in people."""

    lowest: float
    highest: float
    low: float
    high: float
    models: int

    @classmethod
    def of(cls, rows: pd.DataFrame) -> Range:
        """Give the range of rows with ``estimate``, ``low`` and ``high``."""
        known = rows.dropna(subset=["estimate", "low", "high"])
        estimate = known["estimate"]
        return cls(estimate.min(), estimate.max(), known["low"].min(), known["high"].max(), len(known))

    def words(self) -> str:
        return f"{self.lowest:,.0f} to {self.highest:,.0f} (intervals from {self.low:,.0f} to {self.high:,.0f})"


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class HiddenPopulation(ReasonedResult):
    """Base: ``estimates()`` has a row a model, and ``defensible`` (whether it is part of the range)."""

    missed_links: tuple[float, ...] = ()
    of: str = "people"
    heading: str = "Model"

    value_name: ClassVar[str] = "population"
    decimals: ClassVar[int] = 0

    def estimates(self) -> pd.DataFrame:
        return self._estimates

    @cached_property
    def _estimates(self) -> pd.DataFrame:
        raise NotImplementedError

    @property
    def seen(self) -> float:
        """People seen at all; missing where a count is withheld."""
        return float(self.frame["count"].sum(skipna=False))

    @property
    def key(self) -> str:
        """What the letters in names of models stand for."""
        return ""

    @property
    def range(self) -> Range:
        """The answer: the range over defensible models."""
        found = self.estimates()
        return Range.of(found[found["defensible"]])

    @cached_property
    def sensitivity(self) -> dict[str, Range]:
        """The range, had so many of the links been missed."""
        return {}

    def columns(self) -> dict[str, Column]:
        names = super().columns()
        ends = {name: names.pop(name) for name in ("reason",) if name in names}
        names |= {
            "estimate": Column(self.of.capitalize(), "count"),
            "low": Column("Low", "count"),
            "high": Column("High", "count"),
        }
        names["count"] = Column(f"{self.of.capitalize()} seen", "count")
        return names | {"in_range": Column("In the range")} | ends

    def table(self) -> Table:
        """Give the range, every model, and the range had links been missed."""
        models, names = super().table(), list(self.columns())
        if not self.range.models:
            return models
        ranges = {"range over defensible models": self.range, **self.sensitivity}
        rows = [
            tuple({"group": name, "low": number(found.low), "high": number(found.high)}.get(column) for column in names)
            for name, found in ranges.items()
        ]
        return Table(models.columns, (rows[0], *models.rows, *rows[1:]))

    def values(self) -> list[Value]:
        ranges = {"range": self.range, **self.sensitivity}
        answers = [
            Value(
                name="population_range",
                group=name,
                estimate=None,
                interval=interval(found.low, found.high, self.level),
                unit=self.of,
                n=whole(self.seen),
                reason="a range over defensible models, never one number" if found.models else WITHHELD,
            )
            for name, found in ranges.items()
        ]
        return [*answers, *super().values()]

    def summary(self) -> str:
        found = self.range
        if not found.models:
            return f"The size of the hidden population is withheld or cannot be estimated: {self._why()}."
        seen = f"{self.seen:,.0f} were seen" if np.isfinite(self.seen) else "how many were seen is withheld"
        text = f"{found.models} defensible models give {found.words()} {self.of} in all; {seen}."
        text += "".join(f" {name[0].upper()}{name[1:]}: {other.words()}." for name, other in self.sensitivity.items() if other.models)  # fmt: skip
        return f"{text} {self._warning()}"

    def _why(self) -> str:
        reasons = self.estimates()["reason"]
        return (
            str(reasons[reasons != ""].iloc[0]).split(": ", 1)[-1]
            if (reasons != "").any()
            else "no model is defensible"
        )

    def _warning(self) -> str:
        return "No one of these numbers is the answer: each holds only if its model does, and the data cannot tell them apart."

    def alt_text(self) -> str:
        return f"Estimates of all {self.of} with intervals, a row a defensible model. {self.summary()}"

    def plot(self, *, ax: Axes | None = None) -> Axes | None:
        """Draw the best models, and those that make the ends of the range."""
        found = self.estimates()
        found = found[found["defensible"] & found["estimate"].notna()]
        if found.empty:
            return None
        ends = [found["low"].idxmin(), found["high"].idxmax()]
        shown = found.loc[found.index[: SHOWN - 2].union(ends)]
        seen = " (dashed: those seen)" if np.isfinite(self.seen) else ""
        return draw.intervals(
            shown["group"].tolist(),
            shown["estimate"],
            low=shown["low"],
            high=shown["high"],
            reference=number(self.seen),
            quantity="\n".join([f"{self.of} in all{seen}", *wrap(self.key, 60)]),
            ax=ax,
        )


def tried(estimate: Callable[[], Estimated], counts: np.ndarray) -> Estimated | str:
    """Estimate, or give the reason why not."""
    if not np.isfinite(counts).all():
        return WITHHELD
    try:
        return estimate()
    except NotEstimableError as error:
        return f"not estimable: {error.message}"


def model_rows(found: Mapping[str, Estimated | str], *, defensible: bool = True) -> pd.DataFrame:
    """Give a row a model: ``group``, ``estimate``, ``low``, ``high``, ``reason``, ``defensible``."""
    nothing = (float("nan"),) * 3
    rows = [(name, *nothing, one) if isinstance(one, str) else (name, *one, "") for name, one in found.items()]
    frame = pd.DataFrame(rows, columns=["group", "estimate", "low", "high", "reason"])
    return frame.assign(defensible=defensible & (frame["reason"] == ""))


def check_linked(linked: str) -> None:
    """Refuse records that no one linked by person."""
    if linked not in get_args(Linked):
        raise ValueError(
            f"linked must be one of {', '.join(get_args(Linked))}: state how records of a person were brought together"
        )
    if linked == "no":
        raise NotEstimableError(
            "records that are not linked by person tell nothing of how many are on several lists or seen again; link them under "
            "a sharing record, or match anonymised records by place and time, never by person"
        )


def share_faults(missed_links: Sequence[float]) -> list[str]:
    """Name what is wrong with the shares of missed links."""
    return [] if all(0 < share < 1 for share in missed_links) else ["missed_links must hold shares between 0 and 1"]
