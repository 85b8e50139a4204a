"""What a picked group is to do by itself: the result in words, table and picture, and what leaves of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Literal, Self

import numpy as np

from problemsolving import draw
from problemsolving.drivers.picking import Pick
from problemsolving.results import Column, Disclosure, FrameResult, Table, Value, interval, number, whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PICKED, LAST = "picked", "events of the picked in the last period"
Shape = Literal["averaged", "gamma", "any"]
SAID: dict[Shape, str] = {
    "averaged": "averaged over a gamma and any other spread of rates by how well they fit",
    "gamma": "if rates are spread like a gamma distribution",
    "any": "if rates are spread in any way",
}


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ExpectedFall(FrameResult):
    """What a picked group is to do by itself: ``frame`` has ``group`` and ``count``: how many were picked, their events.

    ``fall`` is the expected fall as a share of their events (negative: a rise) with the limits of the group's own mean
    (``fall_limits``) and of one following period (``ordinary``).
    """

    fall: float
    fall_limits: tuple[float, float]
    ordinary: tuple[float, float]
    by_shape: dict[Shape, float]  # the expected fall under each spread of rates
    pick: Pick
    units: int
    counts: tuple[float, ...] = ()  # of all from whom the group was picked
    level: float = 0.95
    of: str = "incidents"
    each: str = "small areas"

    disclosure: ClassVar[Disclosure] = "model"

    @property
    def known(self) -> bool:
        """Whether both counts may be shown."""
        return bool(self.frame["count"].notna().all())

    def _count(self, group: str) -> float:
        return float(self.frame.set_index("group")["count"][group])

    def _rows(self) -> list[tuple[str, float, float, float]]:
        """Name, fall and limits: of the group's own mean, and of one following period."""
        return [
            ("expected fall", self.fall, *self.fall_limits),
            ("fall in one ordinary period", self.fall, *self.ordinary),
        ]

    def values(self) -> list[Value]:
        if not self.known:
            return [Value(name="expected_fall", estimate=None, unit=self.unit, n=None, reason="withheld")]
        last, n = self._count(LAST), whole(self._count(PICKED))
        found = [
            Value(
                name=name.replace(" ", "_"), estimate=number(fall), interval=interval(low, high, self.level), unit=self.unit, n=n
            )
            for name, fall, low, high in self._rows()
        ]  # fmt: skip
        low, high = (last * (1 - limit) for limit in reversed(self.fall_limits))
        expected = interval(round(low), round(high), self.level)
        return [*found, Value(name="expected_next", estimate=round(last * (1 - self.fall)), interval=expected, unit=self.of, n=n)]  # fmt: skip

    def table(self) -> Table:
        columns = (
            Column("Next period, without any action"),
            Column("Change", "percent", 0),
            Column("Low", "percent", 0),
            Column("High", "percent", 0),
            Column(self.of.capitalize(), "count"),
            Column("Low", "count"),
            Column("High", "count"),
        )
        last = self._count(LAST)
        rows: list[tuple[object, ...]] = [("Last period", None, None, None, number(last), None, None)]
        for name, fall, low, high in self._rows() if self.known else ():
            label = "Expected on average" if name == "expected fall" else "Ordinary in a single period"
            rows.append((label, -fall, -high, -low, *(last * (1 - share) for share in (fall, high, low))))
        for name, fall in self.by_shape.items() if self.known else ():
            rows.append((f"Expected on average, {SAID[name]}", -fall, None, None, last * (1 - fall), None, None))
        return Table(columns, tuple(rows))

    def summary(self) -> str:
        if not self.known:
            return "The expected fall is withheld: it rests on too few."
        last, (low, high) = self._count(LAST), self.fall_limits
        way = "fall" if self.fall >= 0 else "rise"
        least, most = sorted(abs(limit) for limit in (low, high)) if low * high >= 0 else (low, high)
        return (
            f"The {self.pick.words(self._count(PICKED), self.each)} had {last:,.0f} {self.of}. They would be expected to {way} "
            f"by {abs(self.fall):.0%} ({self.level:.0%} interval {least:.0%} to {most:.0%}) without any action, to about "
            f"{last * (1 - self.fall):,.0f}, because they were picked for {self._why()}. In a single following period "
            f"anything from {-self.ordinary[1]:+.0%} to {-self.ordinary[0]:+.0%} would be ordinary."
        )

    def _why(self) -> str:
        return "a high count" if self.pick.kind in ("top", "at_least") else "a low count"

    def plot(self, *, ax: Axes | None = None) -> Axes | None:
        if not self.known:
            return None
        last = self._count(LAST)
        shares = np.array([[0.0, np.nan, np.nan], *([fall, low, high] for _, fall, low, high in self._rows())])
        counts = last * (1 - shares)
        return draw.intervals(
            ["last period", "expected on average,\nwithout any action", "ordinary in a single\nperiod"],
            counts[:, 0],
            low=counts[:, 2],
            high=counts[:, 1],
            reference=last,
            quantity=f"{self.of} of the picked {self.each}",
            ax=ax,
        )

    def blurred(self) -> Self:
        return replace(
            self,
            fall=round(self.fall, 2),
            fall_limits=(round(self.fall_limits[0], 2), round(self.fall_limits[1], 2)),
            ordinary=(round(self.ordinary[0], 2), round(self.ordinary[1], 2)),
            by_shape={name: round(fall, 2) for name, fall in self.by_shape.items()},
            counts=(),
        )

    def rests_on(self) -> Sequence[float]:
        return self.counts

    def size(self) -> tuple[int, int]:
        return self.units, self.units - 2
