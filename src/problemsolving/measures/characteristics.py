"""Counts by a characteristic of people, with what was not recorded kept apart: the ground of shares and of ratios."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import pandas as pd

from problemsolving.measures.reasoned import ReasonedResult, percent
from problemsolving.results import Value, interval, listed, number, whole
from problemsolving.stats.intervals import wilson_limits

RecordedBy = Literal["self-defined", "officer-defined", "as recorded"]
NOT_RECORDED, EVERY = "not recorded", "all"


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ByCharacteristic(ReasonedResult):
    """Base of results by age, sex or ethnicity.

    ``frame`` has one row a group of each kind of event (``kind``, ``label``, ``count``), one for those not recorded,
    and one for all of the kind (``total``).
    """

    margins: ClassVar[tuple[tuple[str, ...], ...]] = (("kind",), ("label",))  # of a kind, and of a group over kinds

    characteristic: str = "ethnicity"
    recorded_by: RecordedBy = "as recorded"

    @property
    def single(self) -> bool:
        """Whether there is one kind of event."""
        return self.frame["kind"].nunique() == 1

    @property
    def recorded_as(self) -> str:
        """The characteristic and whose word it is."""
        return self.characteristic + ("" if self.recorded_by == "as recorded" else f" ({self.recorded_by})")

    def _of_kind(self, rows: pd.DataFrame) -> pd.Series:
        """Count of each kind's one row."""
        return rows.set_index("kind")["count"]

    def recorded(self) -> pd.DataFrame:
        """Give the rows of groups with ``group`` (how it is shown), ``not_recorded`` and ``all`` of the kind beside them."""
        frame = self.frame
        rows = frame[~frame["total"] & (frame["label"] != NOT_RECORDED)].reset_index(drop=True)
        shown = rows["label"] if self.single else rows["kind"] + ": " + rows["label"]
        lost, every = (
            rows["kind"].map(self._of_kind(frame[at])) for at in (frame["label"] == NOT_RECORDED, frame["total"])
        )
        return rows.assign(group=shown, not_recorded=lost, all=every)

    def completeness(self) -> pd.DataFrame:
        """Give ``kind``, ``count`` (of all), ``estimate`` (share recorded), ``low`` and ``high``: Wilson's limits."""
        frame = self.frame
        every = self._of_kind(frame[frame["total"]])
        lost = self._of_kind(frame[frame["label"] == NOT_RECORDED]).loc[every.index]
        total = every.where(every > 0).astype(float)
        low, high = wilson_limits((total - lost).clip(lower=0), total, confidence_level=self.level)
        return pd.DataFrame(
            {
                "kind": every.index,
                "count": every.to_numpy(),
                "estimate": (1 - lost / total).to_numpy(),
                "low": low,
                "high": high,
            }
        )

    def completeness_values(self) -> list[Value]:
        return [
            Value(
                name="share_recorded",
                group=row["kind"],
                estimate=number(row["estimate"]),
                interval=interval(row["low"], row["high"], self.level),
                unit=f"share of {row['kind']} with {self.recorded_as}",
                n=whole(row["count"]),
                reason=None
                if number(row["estimate"]) is not None
                else "not estimable: there are none"
                if row["count"] == 0
                else "withheld: a count is withheld",
            )
            for row in self.completeness().to_dict("records")
        ]

    def completeness_sentence(self) -> str:
        """Say for what share of each kind the characteristic was recorded."""
        name = self.recorded_as[:1].upper() + self.recorded_as[1:]
        level = f"{percent(self.level)} interval "
        known = self.completeness().dropna(subset="estimate").reset_index(drop=True)
        if known.empty:
            return f"How often {self.recorded_as} was recorded is withheld."
        said = [
            f"{row.estimate:.1%} of {row.kind} ({'' if row.Index else level}{row.low:.1%} to {row.high:.1%})"
            for row in known.itertuples()
        ]
        return f"{name} was recorded for {listed(said)}."

    def unrecorded_rows(self, width: int) -> list[tuple[Any, ...]]:
        """Give a table's rows for those not recorded: a count, and dashes."""
        rows = self.frame[self.frame["label"] == NOT_RECORDED]
        return [
            (NOT_RECORDED if self.single else f"{row.kind}: {NOT_RECORDED}", whole(row.number), *[None] * (width - 2))
            for row in rows.rename(columns={"count": "number"}).itertuples()
        ]


def tally(
    events: pd.DataFrame,
    *,
    by: str,
    count: str | None,
    kind: str | None,
    unrecorded: Sequence[str],
    recorded_by: RecordedBy,
    groups: Iterable[str] = (),
    of: str,
) -> pd.DataFrame:
    """Count events by kind and group: ``groups`` first and in their order, then others, those not recorded, all."""
    _check_recording(by, recorded_by)
    numbers = events[count].astype(float) if count else pd.Series(1.0, index=events.index)
    if not (numbers >= 0).all():
        raise ValueError("count must be 0 or more in each row, none missing")
    labels = events[by].astype(object).where(events[by].notna() & ~events[by].isin(list(unrecorded)), NOT_RECORDED)
    labels = labels.astype(str)
    kinds = events[kind].astype(str) if kind else pd.Series(of, index=events.index)
    if kind and events[kind].isna().any():
        raise ValueError("kind is missing in some rows; complete it or leave them out and say so")
    known = dict.fromkeys([*groups, *sorted(set(labels) - {NOT_RECORDED}), NOT_RECORDED])
    sums = numbers.groupby([kinds, labels]).sum()
    every = pd.MultiIndex.from_product([sorted(kinds.unique()), list(known)], names=["kind", "label"])
    parts = sums.rename_axis(["kind", "label"]).reindex(every, fill_value=0.0).rename("count").reset_index()
    if parts["count"].sum() == 0:
        raise ValueError("events holds none to count")
    totals = parts.groupby("kind", as_index=False)["count"].sum().assign(label=EVERY, total=True)
    return pd.concat([parts.assign(total=False), totals], ignore_index=True)


def _check_recording(by: str, recorded_by: RecordedBy) -> None:
    """Stop where a column says in its name that it was recorded in another way."""
    if recorded_by not in ("self-defined", "officer-defined", "as recorded"):
        raise ValueError('recorded_by must be "self-defined", "officer-defined" or "as recorded"')
    words = by.lower().replace("_", "-").replace(" ", "-")
    for way in ("self-defined", "officer-defined"):
        if way in words and recorded_by != way:
            raise ValueError(f'the column of by is {way}, recorded_by says otherwise; write recorded_by="{way}"')
