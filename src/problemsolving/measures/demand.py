"""Demand in four currencies side by side: events, minutes, harm and cost; never added up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, ClassVar, Literal, Self

import numpy as np
import pandas as pd

from problemsolving import draw
from problemsolving.grouped import SHOWN
from problemsolving.measures.faults import rows_named, stop_at
from problemsolving.measures.harm import NO_GROUP, count_kinds
from problemsolving.measures.weighed import Sums, sums_of_kinds, sums_of_values
from problemsolving.measures.weights import WeightTable
from problemsolving.results import Column, FrameResult, Method, Table, Value, grouped_values, listed, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Currency = Literal["events", "minutes", "harm", "cost"]
CURRENCIES: tuple[Currency, ...] = ("events", "minutes", "harm", "cost")
NOT_GIVEN = "not given"
NEVER_ADDED = (
    "the currencies are never added: severity weights and unit costs both hold the harm, and both count the same events"
)
NAMED = 3  # groups whose place differs that the summary names


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Demand(FrameResult):
    """Demand by group: ``frame`` has ``group`` and ``count``; ``sums`` holds what an event weighs in each currency."""

    sums: Mapping[str, Sums]
    units: Mapping[str, str]
    reasons: Mapping[str, str]  # of currencies that are missing
    weights: tuple[str, ...] = ()
    level: float = 0.95
    of: str = "events"
    heading: str = "Group"

    margins: ClassVar[tuple[tuple[str, ...], ...]] = ((),)

    def estimates(self) -> pd.DataFrame:
        """Give a row a currency and group: ``estimate``, ``low``, ``high``, the three of its share, ``rank``, ``reason``."""
        groups = self.frame[["group", "count"]].reset_index(drop=True)
        shown = []
        for currency in self.sums:
            found = self._shares(currency)
            ranks = found["estimate"].rank(ascending=False, method="min")
            shown.append(groups.join(found).assign(currency=currency, unit=self.units[currency], rank=ranks))
        return pd.concat(shown, ignore_index=True)

    def disagreements(self) -> pd.DataFrame:
        """Give groups whose shares in two currencies differ beyond their intervals, the widest difference of each.

        Columns ``group``, ``larger``, ``share``, ``smaller``, ``other``: shares of the groups that have both currencies.
        """
        apart = []
        known = {name: self._shares(name)["share"].notna() for name in self.sums}
        for one, other in combinations(self.sums, 2):
            both = known[one] & known[other]
            shares = {name: self._shares(name, of=both) for name in (one, other)}
            for larger, smaller in ((one, other), (other, one)):
                more, less = shares[larger], shares[smaller]
                found = self.frame[["group"]].reset_index(drop=True).assign(larger=larger, smaller=smaller)
                found = found.assign(share=more["share"], other=less["share"])
                apart.append(found[more["share_low"] > less["share_high"]])
        every = pd.concat([pd.DataFrame(columns=["group", "larger", "smaller", "share", "other"]), *apart])
        every = every.assign(difference=every["share"].astype(float) - every["other"].astype(float))
        ordered = every.sort_values(["difference", "group"], ascending=[False, True], kind="stable")
        return ordered.drop_duplicates("group").drop(columns="difference").reset_index(drop=True)

    def _shares(self, currency: str, *, of: pd.Series | None = None) -> pd.DataFrame:
        """Give the estimates in a currency, of some of the groups alone."""
        count = self.frame["count"].reset_index(drop=True)
        return self.sums[currency].estimates(count if of is None else count.where(of), confidence_level=self.level)

    def values(self) -> list[Value]:
        given: list[Value] = []
        for currency, rows in self.estimates().groupby("currency", sort=False):
            share = rows.drop(columns=["low", "high"]).rename(columns={"share_low": "low", "share_high": "high"})
            amounts = grouped_values(rows, "estimate", unit=self.units[currency], level=self.level, name=str(currency))
            shares = grouped_values(share, "share", unit=f"share of {currency}", level=self.level, name=f"share_of_{currency}")  # fmt: skip
            reasons = [reason or None for reason in rows["reason"]] * 2
            given += [replace(value, reason=reason) for value, reason in zip(amounts + shares, reasons, strict=True)]
        missing = [
            Value(name=currency, estimate=None, unit=currency, n=None, reason=f"not estimable: {reason}")
            for currency, reason in self.reasons.items()
        ]
        return given + missing

    def table(self) -> Table:
        columns = (
            *(Column(label) for label in (self.heading, "Currency")),
            *(Column(label, "number", 0) for label in ("Amount", "Low", "High")),
            Column("Unit"),
            *(Column(label, "percent") for label in ("Share", "Low", "High")),
            Column("Rank", "count"),
            Column("Note"),
        )
        shown = self.estimates().sort_values("group", kind="stable")
        rows = [
            (
                row["group"],
                row["currency"],
                *(number(row[name]) for name in ("estimate", "low", "high")),
                row["unit"],
                *(number(row[name]) for name in ("share", "share_low", "share_high", "rank")),
                row["reason"] or _partly(row["weighed"], row["currency"]),
            )
            for row in shown.to_dict("records")
        ]
        missing = [("all", name, *[None] * 3, "", *[None] * 4, reason) for name, reason in self.reasons.items()]
        return Table(columns, tuple(rows + missing))

    def summary(self) -> str:
        said = []
        for currency, rows in self.estimates().groupby("currency", sort=False):
            known = rows.dropna(subset="share").sort_values(["share", "group"], ascending=[False, True], kind="stable")
            if known.empty:
                said.append(f"by {currency} every group is withheld")
                continue
            top = known.iloc[0]
            said.append(
                f"by {currency} {top.group} ({top.share:.0%}, {self.level:.0%} interval {top.share_low:.0%} to {top.share_high:.0%})"
            )
        missing = "".join(f" No {name}: {reason}." for name, reason in self.reasons.items())
        weights = f" Weights: {'; '.join(self.weights)}." if self.weights else ""
        return (
            f"Most demand was, {'; '.join(said)}.{self._apart()}{missing} The currencies are never added: harm weights and "
            f"unit costs both hold the harm.{weights}"
        )

    def _apart(self) -> str:
        apart = self.disagreements()
        if apart.empty:
            return " No group's share differed clearly between currencies." if len(self.sums) > 1 else ""
        said = [
            f"{row.group} ({row.share:.0%} of {row.larger}, {row.other:.0%} of {row.smaller})"
            for row in apart.head(NAMED).itertuples()
        ]
        return f" Shares (of groups that have both) differed clearly for {listed(said)}."

    def alt_text(self) -> str:
        return f"Share of each {self.heading.lower()} in {listed(list(self.sums))}, with intervals. {self.summary()}"

    def plot(self, *, ax: Axes | None = None) -> Axes | None:
        shown = self.estimates()
        if shown["share"].isna().all():
            return None
        first = shown[shown["currency"] == shown["currency"].iloc[0]].sort_values("share", ascending=False, kind="stable")  # fmt: skip
        order = first["group"].head(SHOWN).tolist()
        series = {}
        for currency, rows in shown.groupby("currency", sort=False):
            placed = rows.set_index("group").loc[order, ["share", "share_low", "share_high"]] * 100
            series[str(currency)] = (placed["share"], placed["share_low"], placed["share_high"])
        return draw.compared_intervals(order, series, quantity="% of the currency's total over the groups shown", ax=ax)

    def blurred(self) -> Self:
        sums = {name: currency.blurred(self.frame["count"]) for name, currency in self.sums.items()}
        return replace(self, sums=sums)


def _partly(weighed: object, currency: str) -> str:
    """Say how many events a sum rests on, where not all."""
    share = number(weighed)
    return "" if share is None or share >= 1 or currency == "events" else f"of {share:.0%} of the events"


def compare_currencies(
    events: pd.DataFrame,
    *,
    by: str,
    minutes: str | None = None,
    harm: WeightTable | None = None,
    cost: WeightTable | None = None,
    code: str | None = None,
    count: str | None = None,
    reasons: Mapping[str, str] | None = None,
    dispersion: float = 1.0,
    confidence_level: float = 0.95,
    of: str = "events",
    heading: str = "Group",
) -> Demand:
    """Set demand side by side in events, minutes, harm and cost.

    Answers: does what comes most often also take most time, do most harm and cost most?

    Parameters
    ----------
    events : pandas.DataFrame
        One row an event, or with ``count`` so many events a row that are alike.
    by : str
        Column with the group: a category, an area, a month.
    minutes : str, optional
        Column with minutes of staff time (0 or more; missing where not recorded).
    harm, cost : WeightTable, optional
        Severity weights and unit costs; ``cost`` has a price year, ``harm`` has none.
    code : str, optional
        Column with the kind of event, as the tables write it; needed by both.
    count : str, optional
        Column with the number of events of a row.
    reasons : mapping of str to str, optional
        Why a currency is missing, for example {"harm": "the source has no offence codes"}.
    dispersion : float
        Variance over mean of the counts (1 for Poisson); it widens the intervals.
    confidence_level : float
        Between 0 and 1.
    of, heading : str
        What is counted, in the plural; what the groups are, in the singular.

    Returns
    -------
    Demand
        For each currency and group: the sum in its unit, its share of the currency's total, both with intervals, and
        its rank (1 is the most). There is no total over currencies.

    Raises
    ------
    ValueError
        For every fault at once: missing columns, negative minutes, weights without ``code``, money given as harm.

    Notes
    -----
    A sum is count × mean per event, with variance ``dispersion × sum(weight²)`` (compound Poisson, gamma limits).
    Events without minutes or without a weight are in no sum; the table says what share of events a sum rests on.
    Severity weights and unit costs both hold the harm, and all currencies count the same events: never add them.
    Before it leaves, counts are suppressed and rounded and every sum is computed again as released count × coarse mean
    (two digits, without the kinds of which a group has few events); a sum that few events make is withheld, with a
    second one beside it. Where shares of a group in two currencies do not overlap by their intervals, they are said to
    differ clearly; the same events stand behind both, so this is cautious.

    Examples
    --------
    >>> rows = pd.DataFrame({"category": ["a", "a", "a", "b"], "minutes": [10.0, 10.0, 20.0, 120.0]})
    >>> shown = compare_currencies(rows, by="category", minutes="minutes").estimates()
    >>> shown[["currency", "group", "estimate", "rank"]].values.tolist()
    [['events', 'a', 3.0, 1.0], ['events', 'b', 1.0, 2.0], ['minutes', 'a', 40.0, 2.0], ['minutes', 'b', 120.0, 1.0]]
    """
    tables = {name: table for name, table in (("harm", harm), ("cost", cost)) if table is not None}
    stop_at(
        _faults(events, {"by": by, "minutes": minutes, "code": code, "count": count}, tables, reasons or {}),
        what="demand",
    )
    at, groups = pd.factorize(events[by].astype("string").fillna(NO_GROUP), sort=True)
    times = np.ones(len(at)) if count is None else events[count].to_numpy(float)
    counts = np.bincount(at, weights=times, minlength=len(groups))
    sums = {"events": sums_of_kinds(pd.DataFrame({0: counts}, index=groups), pd.Series([1.0]), public=True)}
    units = {"events": of, "minutes": "minutes"} | {name: table.unit for name, table in tables.items()}
    if minutes is not None:
        sums["minutes"] = sums_of_values(events[minutes], at, len(groups), times=times)
    if tables:
        kinds = count_kinds(events, by=by, code=str(code), count=count).loc[list(groups)]
        for name, table in tables.items():
            sums[name] = sums_of_kinds(kinds, table.weigh(kinds.columns.to_series()), public=False)
    settings = {f"{name}_{key}": value for name, table in tables.items() for key, value in table.settings.items()}
    given = {name: reason for name, reason in (reasons or {}).items() if name not in sums}
    return Demand(
        method=Method(
            "Sums of what events weigh, compound Poisson, gamma limits",
            "Fay & Feuer 1997",
            settings | {"dispersion": dispersion},
        ),
        unit="events, minutes, harm and cost, each in its own",
        caveats=(
            NEVER_ADDED,
            *(f"{name}: events without a weight or a time are in no sum" for name in sums if name != "events"),
        ),
        frame=pd.DataFrame({"group": np.asarray(groups, object), "count": counts}),
        sums={name: replace(found, dispersion=dispersion) for name, found in sums.items()},
        units=units,
        reasons={name: given.get(name, NOT_GIVEN) for name in CURRENCIES if name not in sums},
        weights=tuple(f"{name} by {table.citation}" for name, table in tables.items()),
        level=confidence_level,
        of=of,
        heading=heading,
    )


def _faults(
    events: pd.DataFrame,
    asked: Mapping[str, str | None],
    tables: Mapping[str, WeightTable],
    reasons: Mapping[str, str],
) -> list[str]:
    """Name everything that is wrong with the arguments."""
    minutes, code, count = asked["minutes"], asked["code"], asked["count"]
    faults = [
        f'{name} names the column "{column}", which events lacks'
        for name, column in asked.items()
        if column is not None and column not in events
    ]
    if events.empty:
        faults.append("events has no rows")
    if minutes in events and (events[minutes] < 0).any():
        faults.append(f"minutes is negative in {rows_named(events[minutes] < 0)}")
    if count in events and not (events[count] >= 0).all():
        faults.append(f"count must be 0 or more in every row; it is not in {rows_named(~(events[count] >= 0))}")
    if tables and code is None:
        faults.append("code is missing: weights need the column with the kind of event")
    if "harm" in tables and tables["harm"].is_money:
        faults.append("harm is money; give unit costs as cost, severity weights as harm")
    if "cost" in tables and not tables["cost"].is_money:
        faults.append("cost has no price_year; give severity weights as harm, unit costs as cost")
    unknown = [name for name in reasons if name not in CURRENCIES]
    if unknown:
        faults.append(f"reasons names {listed(unknown)}; the currencies are {listed(list(CURRENCIES))}")
    return faults
