"""What every split of a change shares: parts with intervals, and which of them moved most."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Self

from problemsolving.drivers.parts import TOTAL, coarse
from problemsolving.results import FrameResult, Value, interval, number

SURE = 0.95  # share of draws from which a part is clearly the largest


@dataclass(frozen=True)
class Largest:
    """The part that moved most: its name, size with limits, and the share of draws in which it is the largest."""

    name: str
    part: float
    low: float
    high: float
    share: float | None

    @property
    def clear(self) -> bool:
        """Whether it changed beyond chance and is the largest in nearly every draw."""
        return self.low * self.high > 0 and self.share is not None and self.share >= SURE


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class SplitChange(FrameResult):
    """Base of results that split a change into parts: ``parts`` come from the frame, their intervals from draws."""

    reach: dict[str, tuple[float, float]]  # distance of the limits from each part
    sure: dict[str, float] = field(default_factory=dict)  # share of draws in which each part is the largest
    of: str = "incidents"
    level: float = 0.95

    @property
    def parts(self) -> dict[str, float]:
        """Parts of the change and, last, the whole of it; missing where a count is withheld."""
        raise NotImplementedError

    def rows(self) -> list[tuple[str, float | None, float | None, float | None]]:
        """Give each part with its limits."""
        return [
            (name, number(part), number(part + self.reach[name][0]), number(part + self.reach[name][1]))
            for name, part in self.parts.items()
        ]

    def change_values(self, n: int | None) -> list[Value]:
        """Give the parts as numbers that may leave."""
        return [
            Value(
                name="change", group=name, estimate=part, interval=interval(low, high, self.level), unit=self.unit, n=n
            )
            for name, part, low, high in self.rows()
        ]

    def largest(self) -> Largest | None:
        """Give the part that moved most, by size; nothing where counts are withheld."""
        rows: list[tuple[Any, ...]] = [row for row in self.rows() if row[0] != TOTAL and None not in row]
        if len(rows) < len(self.parts) - 1:
            return None
        name, part, low, high = max(rows, key=lambda row: abs(row[1]))
        return Largest(name, part, low, high, self.sure.get(name))

    def blurred(self) -> Self:
        reach = {name: (coarse(low), coarse(high)) for name, (low, high) in self.reach.items()}
        return replace(self, reach=reach, sure={name: round(share, 2) for name, share in self.sure.items()})
