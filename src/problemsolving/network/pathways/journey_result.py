"""The table of steps as a result: shown, and computed again from released counts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
import pandas as pd

from problemsolving import draw
from problemsolving.results import Column, Result, Table, Value, interval, number, whole
from problemsolving.stats.intervals import wilson_limits

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWN = 15  # rows of a picture
NAMED = 10  # people behind a step whose wait is named as the longest, where any step has so many
START, END = "start of the journey", "end of the journey"
TOTALS = ("cases", "steps", "tied", "negative", "left out")
PARTS = ("events", "people", "within", "late", "handed", "joint")
GUARDS = ("least_timed", "least_handed", "beside_median", "beyond_p90")
NUMBERS = {  # column of estimates() → unit and the frame's count behind it
    "events": ("times", "events"),
    "people": ("people", "people"),
    "share": ("share of all steps", "events"),
    "share_between": ("share of all hand-overs", "handed"),
    "median": ("days", "events"),
    "p90": ("days", "events"),
    "within_share": ("share of known waits", "within"),
    "joint_share": ("share of all cases", "joint"),
}


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class JourneyTable(Result):
    """Steps from one agency to the next: ``frame`` has a row a step, a row a start and a row an end.

    ``source``, ``target`` and ``kind`` (step, start, end); the counts ``events``, ``people``, ``within`` and ``late``
    (known waits), ``handed`` (steps that passed from one holder to another) and ``joint`` (cases that had both);
    ``median`` and ``p90`` in days; guards that are never shown; and, for each number of ``estimates()``, ``_below`` and
    ``_above``: its bootstrap limits as multiples of it. ``totals`` holds counts of the whole.
    """

    margins: ClassVar[tuple[tuple[str, ...], ...]] = (("out",), ("into",))

    frame: pd.DataFrame
    totals: pd.Series
    level: float = 0.95
    target_days: float | None = None
    resources: bool = False
    resampled: bool = True
    of: str = "people"

    def _handed_total(self) -> float:
        """All hand-overs; missing where one that it would be told from is withheld."""
        if "handed" in self.totals:
            return float(self.totals["handed"])
        steps = self.frame[self.frame["kind"] == "step"]
        return float(steps["handed"].sum(skipna=False))

    def estimates(self) -> pd.DataFrame:
        """Give the frame with shares and every limit: ``_low`` and ``_high`` of each number, Wilson's for ``within_share``."""
        frame, totals = self.frame, self.totals
        known = frame["within"] + frame["late"]
        shown = frame.assign(
            group=frame["source"] + " to " + frame["target"],
            share=(frame["events"] / totals["steps"]).where(frame["kind"] == "step"),
            share_between=(frame["handed"] / self._handed_total()).where(frame["handed"] != 0),
            within_share=(frame["within"] / known).where(known > 0),
            joint_share=frame["joint"] / totals["cases"],
        )
        for name in NUMBERS:
            top = 1.0 if "share" in name else np.inf
            shown[f"{name}_low"] = shown[name] * frame[f"{name}_below"]
            shown[f"{name}_high"] = np.minimum(shown[name] * frame[f"{name}_above"], top)
        low, high = wilson_limits(frame["within"], known, confidence_level=self.level)
        return shown.assign(
            within_share_boot_low=shown["within_share_low"],
            within_share_boot_high=shown["within_share_high"],
            within_share_low=low,
            within_share_high=high,
        ).drop(columns=[name for name in frame if name.endswith(("_below", "_above"))])

    def values(self) -> list[Value]:
        rows = self.estimates().to_dict("records")
        found = [
            Value(
                name=str(name),
                estimate=number(count),
                unit=self._unit(str(name)),
                n=whole(count),
                reason=_reason(count),
            )
            for name, count in self.totals.reindex(TOTALS).items()
        ]
        for row in rows:
            step = row["kind"] == "step"
            for name in self._asked() if step else ("events",):
                unit, n = NUMBERS[name]
                if row[n] == 0:  # a step from an agency to itself is no hand-over
                    continue
                missing = "not estimable: nothing of the kind was seen" if row["events"] == row["events"] else None
                found.append(
                    Value(
                        name=name if step else row["kind"],
                        group=row["group"] if step else row["target" if row["kind"] == "start" else "source"],
                        estimate=number(row[name]),
                        interval=interval(row[f"{name}_low"], row[f"{name}_high"], self.level),
                        unit=unit,
                        n=whole(row[n]),
                        reason=_reason(row[name], missing),
                    )
                )
        return found

    def _asked(self) -> tuple[str, ...]:
        return tuple(name for name in NUMBERS if name != "within_share" or self.target_days is not None)

    def _unit(self, name: str) -> str:
        return {"cases": self.of, "steps": "steps", "tied": "steps", "negative": "steps"}.get(name, "events")

    def columns(self) -> dict[str, Column]:
        """Give the columns of the table: column of ``estimates()`` → heading and how its cells are written."""
        shown = {
            "source": Column("From"),
            "target": Column("To"),
            "events": Column("Times", "count"),
            "people": Column(self.of.capitalize(), "count"),
            "share": Column("Of all steps", "percent"),
            "share_between": Column("Of all hand-overs", "percent"),
            "joint_share": Column(f"{self.of.capitalize()} with both", "percent"),
            "median": Column("Median days", "number"),
            "median_low": Column("Low", "number"),
            "median_high": Column("High", "number"),
            "p90": Column("90th percentile, days", "number"),
        }
        if self.target_days is not None:
            shown["within_share"] = Column(f"Within {self.target_days:g} days", "percent")
            shown |= {f"within_share_{end}": Column(end.capitalize(), "percent") for end in ("low", "high")}
        return shown

    def table(self) -> Table:
        columns = self.columns()
        return Table(
            tuple(columns.values()),
            tuple(
                tuple(row[name] if column.kind == "text" else number(row[name]) for name, column in columns.items())
                for row in self.estimates().to_dict("records")
            ),
        )

    def longest(self) -> pd.Series | None:
        """Give the step of the longest wait: the highest lower limit of a median, or without limits the highest median."""
        shown = self.estimates()
        many = shown[shown["people"] >= NAMED]
        shown = shown if many["median"].isna().all() else many
        by = "median_low" if shown["median_low"].notna().any() else "median"
        known = shown.dropna(subset=[by, "events"]).sort_values([by, "group"], ascending=[False, True], kind="stable")
        return None if known.empty else known.iloc[0]

    def summary(self) -> str:
        steps = self.frame[(self.frame["kind"] == "step") & self.frame["events"].notna()]
        if steps.empty:
            return f"No step between agencies is common enough among {self.of} to be shown."
        text = self._who() + f"The commonest step was {self._named(steps.iloc[0])}"
        longest = self.longest()
        if longest is None:
            return f"{text}. No step has enough {self.of} behind it to show its wait."
        limits = ""
        if number(longest["median_low"]) is not None:
            limits = f" ({self.level:.0%} interval {longest['median_low']:,.1f} to {longest['median_high']:,.1f})"
        text += f". The longest was from {longest['group']}: a median of {longest['median']:,.1f} days{limits}"
        if number(longest["p90"]) is not None:
            text += f", and one in ten took {longest['p90']:,.1f} days or more"
        if number(longest["within_share"]) is None or self.target_days is None:
            return f"{text}."
        low, high = longest["within_share_low"], longest["within_share_high"]
        return f"{text}; {longest['within_share']:.0%} ({low:.0%} to {high:.0%}) took no more than {self.target_days:g} days."

    def _who(self) -> str:
        cases, steps = number(self.totals["cases"]), number(self.totals["steps"])
        return "" if cases is None or steps is None else f"{cases:,.0f} {self.of} made {steps:,.0f} steps. "

    def _named(self, row: pd.Series) -> str:
        who = "" if number(row["people"]) is None else f" by {row['people']:,.0f} {self.of}"
        return f"from {row['source']} to {row['target']} ({row['events']:,.0f} times{who})"

    def alt_text(self) -> str:
        return f"Median days between one agency and the next, the longest first, with intervals. {self.summary()}"

    def plot(self, *, ax: Axes | None = None) -> Axes | None:
        shown = self.estimates()
        shown = (
            shown.dropna(subset=["median", "events"]).sort_values("median", ascending=False, kind="stable").head(SHOWN)
        )
        if shown.empty:
            return None
        return draw.intervals(
            shown["group"].tolist(),
            shown["median"],
            low=shown["median_low"],
            high=shown["median_high"],
            quantity="median days from one to the next",
            ax=ax,
        )

    def cells(self) -> pd.DataFrame:
        """Give every count, and guards: a number leaves only where its guard passes the policy."""
        frame = self.frame
        steps = frame["kind"] == "step"
        names = [*PARTS[: 6 if self.resources else 4], "joint", *GUARDS]
        if self.target_days is None:
            names = [name for name in names if name not in ("within", "late", "least_timed")]
        if not self.resources:
            names = [name for name in names if name != "least_handed"]
        stacked = []
        for name in dict.fromkeys(names):
            rows = frame if name == "events" else frame[steps & frame[name].notna()]
            cells = pd.DataFrame(
                {"source": rows["source"], "target": rows["target"], "part": name, "count": rows[name]}
            )
            if name == "events":
                cells = cells.assign(out=rows["source"], into=rows["target"])
            stacked.append(cells)
        stacked.append(pd.DataFrame({"part": list(TOTALS), "count": self.totals.reindex(TOTALS).to_numpy(float)}))
        return pd.concat(stacked, ignore_index=True)

    def rebuild(self, cells: pd.DataFrame) -> Self:
        """Take released counts; a number whose guard is withheld goes with it, and steps of which nothing is known go."""
        totals = cells[cells["source"].isna()].set_index("part")["count"].astype(float)
        wide = cells.dropna(subset="source").pivot(index=["source", "target"], columns="part", values="count")
        frame = self.frame.set_index(["source", "target"])
        order = frame.index
        for name in (*PARTS, *GUARDS):
            if name in wide:
                frame[name] = wide[name].reindex(order)
        if not self.resources:
            between = order.get_level_values(0) != order.get_level_values(1)
            frame["handed"] = np.where(between, frame["events"], frame["handed"]) * np.where(
                frame["kind"] == "step", 1, np.nan
            )
            own = frame.loc[~between & (frame["kind"] == "step"), "events"]
            totals["handed"] = totals["steps"] - own.sum(skipna=False)
        else:
            totals["handed"] = frame.loc[frame["kind"] == "step", "handed"].sum(skipna=False)
        return replace(self, frame=_guarded(frame.reset_index()), totals=totals)

    def blurred(self) -> Self:
        """Give waits to a tenth of a day and limits to a tenth of the number, never narrower."""
        frame = self.frame.assign(median=self.frame["median"].round(1), p90=self.frame["p90"].round(1))
        for name in NUMBERS:
            frame[f"{name}_below"] = np.floor(frame[f"{name}_below"] * 10 + 1e-9) / 10
            frame[f"{name}_above"] = np.ceil(frame[f"{name}_above"] * 10 - 1e-9) / 10
        return replace(self, frame=frame)


def _guarded(frame: pd.DataFrame) -> pd.DataFrame:
    """Withhold what a guard does not let pass, and drop rows of which nothing is left."""
    frame = frame[frame["events"].notna()].copy()
    frame["median"] = frame["median"].where(frame["beside_median"].notna() & frame["people"].notna())
    frame["p90"] = frame["p90"].where(frame["beyond_p90"].notna() & frame["people"].notna())
    timed = frame["least_timed"].notna() & frame["within"].notna() & frame["late"].notna()
    frame[["within", "late"]] = frame[["within", "late"]].where(timed)
    frame["handed"] = frame["handed"].where(frame["least_handed"].notna())
    order = frame["kind"].map({"step": 0, "start": 1, "end": 2})
    frame = frame.assign(_kind=order).sort_values(
        ["_kind", "events", "source", "target"], ascending=[True, False, True, True], kind="stable"
    )
    return frame.drop(columns="_kind").reset_index(drop=True)


def _reason(value: object, otherwise: str | None = None) -> str | None:
    if number(value) is not None:
        return None
    return otherwise or "withheld: too few, or it guards such a count"
