"""Harm: events weighed by a named table, where it lies, and which few kinds of events make most of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Literal, Self

import numpy as np
import pandas as pd

from problemsolving import draw
from problemsolving.grouped import SHOWN
from problemsolving.measures.reasoned import ReasonedResult
from problemsolving.measures.sums import LimitMethod
from problemsolving.measures.weighed import Sums, sums_of_kinds
from problemsolving.measures.weights import WeightTable, written_codes
from problemsolving.results import Column, Kind, Method, Value, grouped_values, number, whole
from problemsolving.stats.intervals import wilson_limits

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NO_GROUP, NO_CODE = "not recorded", "no code"
NAMED = 5  # kinds without a weight that the summary names
MOST = 0.8  # share of the harm that counts as most of it
CAVEATS = (
    "harm is that of recorded events alone, and holds for the named weights and no others",
    "the interval takes events for independent; where one cause makes several events it is too narrow (see dispersion)",
)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Harm(ReasonedResult):
    """Harm by group: ``frame`` has ``group``, ``part``, ``within`` and ``count``.

    ``part`` is ``group`` for the groups and ``unweighed`` for kinds of events that the table has no weight for;
    ``within`` names what rows add up to.
    """

    sums: Sums
    weights: str  # the table in words
    by_kind: bool = False

    margins: ClassVar[tuple[tuple[str, ...], ...]] = (("within",),)
    value_name: ClassVar[str] = "harm"
    estimate_kind: ClassVar[Kind] = "count"
    decimals: ClassVar[int] = 0

    def estimates(self) -> pd.DataFrame:
        """Give ``group``, ``count``, ``estimate``, ``low``, ``high``, shares of harm and events."""
        groups = self._part("group")
        count = groups["count"].to_numpy(float)
        harm = self.sums.estimates(count, confidence_level=self.level)
        known = np.nansum(count)
        low, high = wilson_limits(count, np.where(np.isnan(count), np.nan, known), confidence_level=self.level)
        events = {"events_share": count / known if known else np.nan, "events_low": low, "events_high": high}
        return groups[["group", "count"]].join(harm).assign(**events)

    def unweighed(self) -> pd.DataFrame:
        """Give ``group`` (the kind of event) and ``count`` of what the table has no weight for."""
        return self._part("unweighed")[["group", "count"]]

    @property
    def share_weighed(self) -> float:
        """Share of all events whose kind has a weight; missing where a count is withheld."""
        lost, given = (self._part(part)["count"].sum(skipna=False) for part in ("unweighed", "group"))
        events = given + lost if self.by_kind else given
        return float((events - lost) / events) if events > 0 else float("nan")

    @property
    def weighed_of(self) -> str:
        """What the shares of events are shares of."""
        return f"{self.of} with a weight" if self.by_kind else self.of

    def _part(self, part: str) -> pd.DataFrame:
        return self.frame[self.frame["part"] == part].reset_index(drop=True)

    def columns(self) -> dict[str, Column]:
        notes = super().columns()
        reason = {"reason": notes.pop("reason")} if "reason" in notes else {}
        shares = {
            "share": Column("Share of harm", "percent"),
            "share_low": Column("Low", "percent"),
            "share_high": Column("High", "percent"),
            "events_share": Column(f"Share of {self.weighed_of}", "percent"),
        }
        weighed = {} if self.by_kind else {"weighed": Column("With a weight", "percent", 0)}
        return notes | shares | weighed | reason

    def values(self) -> list[Value]:
        shown = self.estimates()
        share = shown.drop(columns=["low", "high"]).rename(columns={"share_low": "low", "share_high": "high"})
        events = shown.drop(columns=["low", "high"]).rename(columns={"events_low": "low", "events_high": "high"})
        lost = Value(
            name="share_with_weight",
            estimate=number(self.share_weighed),
            unit=f"share of {self.of}",
            n=whole(shown["count"].sum()),
            reason=None if number(self.share_weighed) is not None else "withheld: a count it is made of is",
        )
        return [
            *super().values(),
            *grouped_values(share, "share", unit="share of harm", level=self.level, name="share_of_harm"),
            *grouped_values(
                events, "events_share", unit=f"share of {self.of}", level=self.level, name="share_of_events"
            ),
            lost,
            *grouped_values(self.unweighed(), "count", unit=self.of, name="without_weight"),
        ]

    def summary(self) -> str:
        known = self.estimates().dropna(subset=["estimate", "share"])
        if known.empty:
            return f"Harm by {self.weights} is withheld: the counts are too few. {self._completeness()}"
        known = known.sort_values(["share", "group"], ascending=[False, True], kind="stable")
        top = known.iloc[0]
        few = int((known["share"].cumsum() < MOST - 1e-9).sum()) + 1
        held = known[["share", "events_share"]].iloc[:few].sum()
        partial = " that can be shown" if len(known) < len(self._part("group")) else ""
        return (
            f"Harm by {self.weights} was greatest for {top.group}: {top.estimate:,.0f} {self.unit} ({self.level:.0%} "
            f"interval {top.low:,.0f} to {top.high:,.0f}), {top.share:.0%} of the harm{partial} and {top.events_share:.0%} "
            f"of the {self.weighed_of}. The first {few} of {len(known)} groups held {held['share']:.0%} of it with "
            f"{held['events_share']:.0%} of the {self.weighed_of}. {self._completeness()}"
        )

    def _completeness(self) -> str:
        lost = self.unweighed()
        if lost.empty:
            return f"Every one of the {self.of} had a weight."
        named = lost.dropna(subset="count").sort_values(["count", "group"], ascending=[False, True], kind="stable")
        said = [f"{row.group} ({row.n:,.0f})" for row in named.rename(columns={"count": "n"}).head(NAMED).itertuples()]
        if len(named) > NAMED:
            said.append(f"{len(named) - NAMED} more kinds")
        if len(named) < len(lost):
            said.append("kinds whose count is withheld")
        share = f"{self.share_weighed:.1%} of the {self.of} had a weight" if number(self.share_weighed) is not None else "Not all had a weight"  # fmt: skip
        return f"{share}; none is in the table for: {', '.join(said)}."

    def alt_text(self) -> str:
        return f"Share of the harm beside share of the {self.of}, with intervals, by {self.heading.lower()}. {self.summary()}"

    def plot(self, *, ax: Axes | None = None) -> Axes | None:
        shown = self.estimates()
        if shown["share"].isna().all():
            return None
        order = shown["share"].fillna(-1).sort_values(ascending=False, kind="stable").index[:SHOWN]
        shown = shown.loc[order]
        series = {
            f"share of {self.weighed_of}": ("events_share", "events_low", "events_high"),
            "share of harm": ("share", "share_low", "share_high"),
        }
        return draw.compared_intervals(
            shown["group"].tolist(),
            {name: tuple(shown[column] * 100 for column in columns) for name, columns in series.items()},
            quantity=f"% of all {self.weighed_of} and of all harm shown",
            ax=ax,
        )

    def blurred(self) -> Self:
        return replace(self, sums=self.sums.blurred(self._part("group")["count"]))


def weigh_harm(
    events: pd.DataFrame,
    weights: WeightTable,
    *,
    by: str,
    code: str = "offence_code",
    count: str | None = None,
    counted: Literal["recorded", "actual"] = "recorded",
    method: LimitMethod = "gamma",
    dispersion: float = 1.0,
    confidence_level: float = 0.95,
    of: str = "events",
    heading: str = "Group",
) -> Harm:
    """Add up the harm of each group: events times the weight of their kind.

    Answers: where, when or in what lies most harm, and is that where most events are?

    Parameters
    ----------
    events : pandas.DataFrame
        One row an event, or one row a group and kind with a column of counts.
    weights : WeightTable
        From `problemsolving.measures.weights.weight_table`.
    by : str
        Column with the group: an area, a month, a category, or ``code`` itself to see which kinds make most harm.
    code : str
        Column with the kind of event, as the table writes it.
    count : str, optional
        Column with events (0 or more); each row is one event when not given.
    counted : {"recorded", "actual"}
        Whether events are recorded ones or estimates of all that happened.
    method : {"gamma", "dobson"}
        Limits; see `problemsolving.measures.sums.sum_limits`. Gamma holds its level where a few kinds outweigh the
        rest and is wide then; Dobson's is too narrow there.
    dispersion : float
        Variance over mean of the counts (1 for Poisson); it widens the interval.
    confidence_level : float
        Between 0 and 1.
    of, heading : str
        What is counted, in the plural; what the groups are, in the singular.

    Returns
    -------
    Harm
        In the unit of the weights, with the share of harm beside the share of events. Kinds without a weight are
        listed with their count and are in no sum.

    Raises
    ------
    ValueError
        For a missing column, negative counts, or a table scaled to actual events on counts that are actual already.

    Notes
    -----
    Harm is ``sum(count × weight)`` with variance ``dispersion × sum(count × weight²)`` (compound Poisson). It names
    its weights: another table gives another answer. Severity weights and unit costs both hold the harm: never add them.
    Do not use with data that carry no offence codes, and do not put a category's mean weight in their place in silence.
    Before it leaves, a sum that few events make is withheld; see `problemsolving.measures.weighed.sums_of_kinds`.

    References
    ----------
    Sherman L, Neyroud PW, Neyroud E (2016) The Cambridge Crime Harm Index. Policing 10:171. doi:10.1093/police/paw003
    Fay MP, Feuer EJ (1997) Confidence intervals for directly standardized rates. Stat Med 16:791.

    Examples
    --------
    >>> from problemsolving.measures.weights import weight_table
    >>> table = weight_table(pd.DataFrame({"code": ["A", "B"], "weight": [100, 1]}), name="made up", version="1",
    ...                      unit="days", source="an example")
    >>> rows = pd.DataFrame({"area": ["x", "x", "y"], "offence_code": ["A", "B", "B"], "n": [2, 50, 48]})
    >>> weigh_harm(rows, table, by="area", count="n").estimates()[["group", "count", "estimate"]].values.tolist()
    [['x', 52.0, 250.0], ['y', 48.0, 48.0]]
    """
    if counted == "actual" and weights.covers_unrecorded:
        raise ValueError("weights were scaled from recorded to actual events, and the counts are actual ones: the multiplier would be used twice")  # fmt: skip
    by_kind = by == code
    counts = count_kinds(events, by=code if by_kind else by, code=code, count=count)
    weight = weights.weigh(counts.columns.to_series())
    lost = counts.sum()[weight.isna()]
    if by_kind:
        weight = weight.dropna()
        counts = counts.loc[weight.index, weight.index]
    sums = sums_of_kinds(counts, weight, public=by_kind)
    frame = pd.DataFrame(
        {
            "group": [*counts.index, *lost.index],
            "part": ["group"] * len(counts) + ["unweighed"] * len(lost),
            "within": ["events"] * len(counts) + ["events" if by_kind else "without a weight"] * len(lost),
            "count": [*counts.sum(axis=1), *lost],
        }
    )
    settings = weights.settings | {"limits": method, "dispersion": dispersion}
    return Harm(
        method=Method(
            "Sum of count × weight, compound Poisson",
            "Fay & Feuer 1997" if method == "gamma" else "Dobson et al. 1991",
            settings,
        ),
        unit=weights.unit,
        caveats=CAVEATS,
        frame=frame,
        level=confidence_level,
        of=of,
        heading=heading,
        sums=replace(sums, method=method, dispersion=dispersion),
        weights=weights.citation,
        by_kind=by_kind,
    )


def count_kinds(events: pd.DataFrame, *, by: str, code: str, count: str | None) -> pd.DataFrame:
    """Count events by group (rows) and kind (columns); what lacks a group or a code has a row or column of its own."""
    missing = [column for column in dict.fromkeys((by, code, count)) if column is not None and column not in events]
    if missing:
        raise ValueError(f"events lacks the column {' and '.join(missing)}; name the columns with by, code and count")
    kind = written_codes(events[code]).fillna(NO_CODE).astype(object)
    group = kind if by == code else events[by].astype("string").fillna(NO_GROUP).astype(object)
    n = pd.Series(1.0, index=events.index) if count is None else events[count].astype(float)
    if n.isna().any() or (n < 0).any():
        raise ValueError(f"{count} must be 0 or more in every row")
    table = pd.DataFrame({"group": group.to_numpy(), "kind": kind.to_numpy(), "n": n.to_numpy()})
    if table.empty:
        raise ValueError("events has no rows")
    return table.pivot_table(index="group", columns="kind", values="n", aggfunc="sum", fill_value=0.0, observed=True)
