"""Why did demand change: more residents, more of them in contact, more contacts a person, or longer ones?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from problemsolving import draw
from problemsolving.drivers.changes import SplitChange
from problemsolving.drivers.parts import (
    MAGNITUDES,
    OPEN,
    TOTAL,
    Floats,
    coarse,
    part_names,
    parts_of_totals,
)
from problemsolving.results import Column, Table, Value, listed, number, whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WHEN = ("before", "after")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class DemandChange(SplitChange):
    """A change in demand split into its factors: ``frame`` has ``measure``, ``when``, ``group`` (class) and ``count``.

    ``totals`` names the chain (residents, people, contacts, minutes or some of these). Residents are published and
    kept in ``residents``, classes by period; minutes are an amount and kept as a mean in ``means``.
    """

    totals: tuple[str, ...]
    classes: tuple[str, ...]
    residents: Floats | None = None  # before and after × classes
    means: Floats | None = None  # minutes for each of the total before them, before and after × classes
    mix: str = ""
    lacking: tuple[str, ...] = ()

    margins: ClassVar[tuple[tuple[str, ...], ...]] = (("measure", "when"), ("measure", "group"))

    @property
    def counted(self) -> Floats:
        """Totals as an array, before and after × classes × totals; missing where a count is withheld."""
        table = np.full((2, len(self.classes), len(self.totals)), np.nan)
        cells = self.frame.set_index(["measure", "when", "group"])["count"]
        for at, name in enumerate(self.totals):
            if name in OPEN and self.residents is not None:
                table[..., at] = self.residents
            elif name in MAGNITUDES and self.means is not None:
                table[..., at] = table[..., at - 1] * self.means
            else:
                table[..., at] = [[cells[name, when, group] for group in self.classes] for when in WHEN]
        return table

    @property
    def parts(self) -> dict[str, float]:
        table = self.counted
        names = part_names(self.totals)
        if np.isnan(table).any():
            return dict.fromkeys([*names[:1], *([self.mix] if self.mix else []), *names[1:], TOTAL], float("nan"))
        found = parts_of_totals(table[0], table[1], names, mix=self.mix)
        before, after = table[..., -1].sum(axis=1)
        return {**{name: float(part) for name, part in found.items()}, TOTAL: float(after - before)}

    def values(self) -> list[Value]:
        name, n = next(n for n in reversed(self.totals) if n not in MAGNITUDES), None
        if name not in OPEN:
            n = whole(
                self.frame[(self.frame["measure"] == name) & (self.frame["when"] == "after")]["count"].sum(skipna=False)
            )
        known = [(part, self.sure.get(part)) for part, value, _, _ in self.rows() if value is not None]
        shares = [
            Value(name="largest_part", group=part, estimate=share, unit="share of resamples", n=n)
            for part, share in known
            if share is not None
        ]
        return [*self.change_values(n), *shares]

    def table(self) -> Table:
        columns = (
            Column("Count or part"),
            Column("Before"),
            Column("After"),
            Column(f"Change in {self.of}", "count"),
            Column("Low", "count"),
            Column("High", "count"),
            Column("Largest part in", "percent", 0),
        )
        sums = self.counted.sum(axis=1)
        bases = [
            (name.capitalize(), *(_written(value, "count") for value in sums[:, at]), *[None] * 4)
            for at, name in enumerate(self.totals)
        ]
        each = {
            name: [
                _written(value, name) for value in sums[:, at] / np.where(sums[:, at - 1] == 0, np.nan, sums[:, at - 1])
            ]
            for at, name in enumerate(part_names(self.totals))
            if at
        }
        parts = [
            (
                name[:1].upper() + name[1:],
                *each.get(name, (None, None)),
                *limits,
                self.sure.get(name) if limits[0] is not None else None,
            )
            for name, *limits in self.rows()
        ]
        return Table(columns, (*bases, *parts))

    def summary(self) -> str:
        rows = {name: (part, low, high) for name, part, low, high in self.rows()}
        total, low, high = rows.pop(TOTAL)
        top = self.largest()
        if total is None or low is None or high is None or top is None:
            return "The change is withheld: a count is too small."
        before, after = self.counted[..., -1].sum(axis=1)
        moved = f"{'rose' if total >= 0 else 'fell'} by {abs(total):,.0f} ({low:+,.0f} to {high:+,.0f})"
        if low * high <= 0:
            moved = f"did not clearly change ({total:+,.0f}, {low:+,.0f} to {high:+,.0f})"
        said = [
            f"{part:+,.0f} ({lower:+,.0f} to {upper:+,.0f}) from {name}" for name, (part, lower, upper) in rows.items()
        ]
        words = f"{self.of.capitalize()} {moved}, from {before:,.0f} to {after:,.0f}: {listed(said)}. "
        share = "the change as counted" if top.share is None else f"{_percent(top.share)} of resamples"
        words += (
            f"The part that moved most was {top.name} (the largest in {share})."
            if top.clear
            else f"No part was clearly the one that moved most ({top.name} in {share})."
        )
        return words + (f" {lack(self.lacking, self.of)}" if self.lacking else "")

    def alt_text(self) -> str:
        return (
            f"Steps from no change to the whole change in {self.of}, a bar with its interval a part. {self.summary()}"
        )

    def plot(self, *, ax: Axes | None = None) -> Axes | None:
        if self.largest() is None:
            return None
        labels, parts, low, high = zip(*self.rows(), strict=True)
        return draw.steps(labels, parts, low=low, high=high, quantity=f"change in {self.of}", ax=ax)

    def blurred(self) -> Self:
        means = None if self.means is None else np.vectorize(coarse)(self.means)
        return replace(super().blurred(), means=means)


def _percent(share: float) -> str:
    return "over 99%" if share > 0.99 else "under 1%" if share < 0.01 else f"{share:.0%}"


def _written(value: float, kind: str) -> str:
    plain = number(value)
    if plain is None:
        return "–"
    if kind.startswith("share"):
        return f"{plain:.1%}"
    return f"{plain:,.0f}" if kind == "count" else f"{coarse(plain):,g}"


def lack(lacking: Sequence[str], of: str) -> str:
    """Say which totals were not given."""
    were = "was" if len(lacking) == 1 and lacking[0] == "population" else "were"
    return f"{listed(lacking).capitalize()} {were} not given, so this is the change in {of} by the factors there are"
