"""The clocks of section 136: how long until the police are released, until the assessment, and within the limit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import ClassVar, Self

import numpy as np
import pandas as pd
from scipy import stats

from problemsolving.errors import NotEstimableError
from problemsolving.grouped import GroupedResult
from problemsolving.network.pathways.ordered import UNKNOWN, Floats, about, check_columns, is_true, to_microseconds
from problemsolving.results import Column, Kind, Method, Value, interval, number, whole
from problemsolving.stats.intervals import normal_quantile, wilson_limits

HOUR = 3_600_000_000  # microseconds
LIMIT, EXTENSION = 24.0, 12.0  # hours, Mental Health Act 1983, sections 136(2A) and 136B
RELEASE, ASSESSMENT, STAY = "arrival to police release", "arrival to assessment", "arrival to end"
TARGETS = MappingProxyType({RELEASE: 1.0, ASSESSMENT: 3.0})  # hours; the first is national, the second good practice
ENDS = {RELEASE: "police_released_at", ASSESSMENT: "assessed_at", STAY: "ended_at"}
UNRECORDED = "not recorded"


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Clocks(GroupedResult):
    """Detentions within each clock's limit and over it: ``frame`` has ``group``, ``clock``, ``part``, ``count``.

    ``waits`` has ``group``, ``median`` in hours and its limits as multiples of it (``below``, ``above``).
    """

    value_name: ClassVar[str] = "within_limit"
    estimate_kind: ClassVar[Kind] = "percent"

    waits: pd.DataFrame

    @property
    def margins(self) -> tuple[tuple[str, ...], ...]:  # type: ignore[override]
        """Each clock is a table of its own: its groups, and what is within and over."""
        clocks = self.frame["clock"].unique()
        return tuple((f"{side} {clock}",) for clock in clocks for side in ("group at", "part at"))

    def estimates(self) -> pd.DataFrame:
        """Give ``group``, ``count`` (times known), ``within``, ``over``, ``estimate`` (share within), limits and medians."""
        wide = self.frame[self.frame["part"].isin(["within", "over"])].pivot(
            index="group", columns="part", values="count"
        )
        wide = wide.reindex(self.waits["group"])
        within, over = wide["within"].to_numpy(float), wide["over"].to_numpy(float)
        total = np.where(within + over > 0, within + over, np.nan)
        low, high = wilson_limits(within, total, confidence_level=self.level)
        shown = self.waits.assign(count=total, within=within, over=over, estimate=within / total, low=low, high=high)
        return shown.assign(
            median_low=shown["median"] * shown["below"], median_high=shown["median"] * shown["above"]
        ).drop(columns=["below", "above"])

    def columns(self) -> dict[str, Column]:
        own = super().columns()
        return {
            "group": own["group"],
            "count": Column("Times known", "count"),
            "over": Column("Over the limit", "count"),
            "estimate": Column("Within the limit", "percent"),
            "low": own["low"],
            "high": own["high"],
            "median": Column("Median hours", "number"),
            "median_low": Column("Low", "number"),
            "median_high": Column("High", "number"),
        }

    def values(self) -> list[Value]:
        found = super().values()
        for row in self.estimates().to_dict("records"):
            for name, unit in (("over_limit", "detentions"), ("median_hours", "hours")):
                told = number(row["over" if name == "over_limit" else "median"])
                limits = interval(row["median_low"], row["median_high"], self.level) if name == "median_hours" else None
                reason = None if told is not None else "withheld: too few, or it guards such a count"
                found.append(
                    Value(
                        name=name,
                        group=row["group"],
                        estimate=told,
                        interval=limits,
                        unit=unit,
                        n=whole(row["count"]),
                        reason=reason,
                    )
                )
        return found

    def summary(self) -> str:
        known = self.estimates().dropna(subset="estimate")
        if known.empty:
            return "No clock of section 136 has enough detentions on both sides of its limit to be shown."
        first, last = known.iloc[0], known.sort_values(["estimate", "group"], kind="stable").iloc[0]
        text = f"Of {first['count']:,.0f} detentions {self._told(first)}"
        if len(known) == 1 or last["group"] == first["group"]:
            return f"{text}."
        return f"{text}. The smallest share was for {self._told(last)}."

    def _told(self, row: pd.Series) -> str:
        median = "" if number(row["median"]) is None else f"; the median was {row['median']:,.1f} hours"
        return f"{row['group']}: {row['estimate']:.0%} in time ({row['low']:.0%} to {row['high']:.0%}){median}"

    def alt_text(self) -> str:
        return f"Share of detentions within the limit, one row a clock, with intervals. {self.summary()}"

    def cells(self) -> pd.DataFrame:
        """Give within and over, and guards of the medians, which are never shown."""
        known = self.frame["part"].isin(["within", "over"])
        totals = self.frame[known].groupby("group", sort=False)["count"].sum().reindex(self.waits["group"])
        guards = pd.DataFrame({"guards": totals.index, "part": "beside_median", "count": (totals // 2).to_numpy()})
        cells = pd.concat([self.frame[known], guards], ignore_index=True)
        for clock in self.frame["clock"].unique():
            mine = cells["clock"] == clock
            cells = cells.assign(**{f"{name} at {clock}": cells[name].where(mine) for name in ("group", "part")})
        return cells

    def rebuild(self, cells: pd.DataFrame) -> Self:
        guards = cells[cells["part"] == "beside_median"].set_index("guards")["count"].reindex(self.waits["group"])
        waits = self.waits.copy()
        waits.loc[guards.isna().to_numpy(), ["median", "below", "above"]] = np.nan
        frame = cells.loc[cells["part"] != "beside_median", ["group", "clock", "part", "count"]].reset_index(drop=True)
        return replace(self, frame=frame, waits=waits)

    def blurred(self) -> Self:
        """Give medians to a tenth of an hour and their limits to a tenth of the median, never narrower."""
        waits = self.waits.assign(
            median=self.waits["median"].round(1),
            below=np.floor(self.waits["below"] * 10 + 1e-9) / 10,
            above=np.ceil(self.waits["above"] * 10 - 1e-9) / 10,
        )
        return replace(self, waits=waits)


def measure_clocks(
    detentions: pd.DataFrame,
    *,
    by: str | None = None,
    targets: Mapping[str, float] = TARGETS,
    arrived: str = "arrived_at",
    extended: str = "extended",
    ends: Mapping[str, str] = ENDS,
    confidence_level: float = 0.95,
) -> Clocks:
    """Measure the clocks of detentions under section 136 of the Mental Health Act 1983.

    Answers: how soon do the police leave, how soon is a person assessed, and how often does the time run out?

    Parameters
    ----------
    detentions : pandas.DataFrame
        One row a detention, with the columns of the dictionary's table ``detention``.
    by : str, optional
        Column to tell detentions apart by, such as ``place_of_safety`` or ``outcome``.
    targets : mapping of str to float
        Hours of "arrival to police release" (one hour in the national Right Care Right Person agreement) and "arrival
        to assessment" (three hours: good practice, not law). A wait of exactly the target is within it.
    arrived, extended : str
        Columns with the arrival at the first place of safety, when the 24 hours begin, and whether a doctor extended
        them by 12. Without the second, none was extended.
    ends : mapping of str to str
        Clock → column with its end.
    confidence_level : float
        Between 0 and 1.

    Returns
    -------
    Clocks
        For each clock (and group): detentions within the limit and over it, the share within with Wilson's limits, the
        median in hours with an exact interval of the binomial. "Arrival to end" is against 24 hours, 36 where extended.

    Raises
    ------
    NetworkError
        For every column that is missing or holds no times, and for extensions that are neither true nor false.
    NotEstimableError
        When no clock has both its times.
    ValueError
        For a clock without a target.

    Notes
    -----
    Missing times are unknown and left out: they are not short waits, and may be long ones. An end before the arrival is
    left out too, and told. Do not use the time of detention as the beginning of the 24 hours.

    References
    ----------
    Mental Health Act 1983, sections 136(2A) and 136B.
    Home Office, Department of Health and Social Care (2023) National Partnership Agreement: Right Care, Right Person.

    Examples
    --------
    >>> at = pd.Timestamp("2024-01-01 10:00")
    >>> table = pd.DataFrame({"arrived_at": [at, at], "police_released_at": [at + pd.Timedelta(hours=1), at + pd.Timedelta(hours=3)], "assessed_at": at + pd.Timedelta(hours=5), "ended_at": at + pd.Timedelta(hours=30)})
    >>> measure_clocks(table).estimates()[["group", "within", "over", "median"]].values.tolist()
    [['arrival to police release', 1.0, 1.0, 2.0], ['arrival to assessment', 0.0, 2.0, 5.0], ['arrival to end', 0.0, 2.0, 30.0]]
    """
    normal_quantile(confidence_level)
    without = [clock for clock in ends if clock != STAY and clock not in targets]
    if without:
        raise ValueError(f"targets must name the hours of each clock: {', '.join(without)}")
    check_columns(detentions, [arrived, *ends.values(), *([by] if by else [])], [arrived, *ends.values()])
    begin = to_microseconds(detentions[arrived])
    groups = (
        detentions[by].astype(object).where(detentions[by].notna(), UNRECORDED).astype(str)
        if by
        else pd.Series("", index=detentions.index)
    )
    longer = is_true(detentions[extended]) if extended in detentions else np.zeros(len(detentions), bool)
    rows, waits, caveats = [], [], []
    for clock, column in ends.items():
        end = to_microseconds(detentions[column])
        known = (begin != UNKNOWN) & (end != UNKNOWN)
        hours = np.where(known, (end - np.where(known, begin, 0)) / HOUR, np.nan)
        timed = known & (hours >= 0)
        allowed = LIMIT + EXTENSION * longer if clock == STAY else np.full(len(hours), targets.get(clock, np.nan))
        caveats += _lost(clock, known, timed)
        for name in sorted(groups[timed].unique()):
            mine = timed & (groups == name).to_numpy()
            group = clock + (f", {name}" if by else "")
            within = float((hours[mine] <= allowed[mine]).sum())
            rows += [
                (group, clock, part, count)
                for part, count in (("within", within), ("over", float(mine.sum()) - within))
            ]
            waits.append((group, *_median(hours[mine], confidence_level)))
    if not rows:
        raise NotEstimableError("no detention has both times of any clock")
    settings = {clock: f"{hours:g} hours" for clock, hours in targets.items()} | {STAY: "24 hours, 36 where extended"}
    return Clocks(
        method=Method(
            "Shares within the limit, Wilson limits; medians with binomial limits", "Mental Health Act 1983", settings
        ),
        unit="share within the limit",
        frame=pd.DataFrame(rows, columns=["group", "clock", "part", "count"]),
        waits=pd.DataFrame(waits, columns=["group", "median", "below", "above"]),
        level=confidence_level,
        of="detentions",
        heading="Clock",
        caveats=(*caveats, "Clocks kept by different agencies may disagree"),
    )


def _lost(clock: str, known: np.ndarray, timed: np.ndarray) -> list[str]:
    """Say how many times are missing or impossible, in words coarse enough to leave."""
    found = []
    if not known.all():
        found.append(f"{about(float((~known).mean()))} detentions lack a time of {clock}: unknown, not short")
    if (known & ~timed).any():
        found.append(
            f"{about(float((known & ~timed).mean()))} detentions end before they begin by the clock {clock}: left out"
        )
    return found


def _median(hours: Floats, confidence_level: float) -> tuple[float, float, float]:
    """Median, and its exact limits as multiples of it; missing where there are too few for limits."""
    middle = float(np.median(hours))
    limits = stats.quantile_test(hours, q=middle, p=0.5).confidence_interval(confidence_level)
    low, high = (float(limit) if np.isfinite(limit) else np.nan for limit in (limits.low, limits.high))
    return (middle, low / middle, high / middle) if middle > 0 else (middle, np.nan, np.nan)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class DetentionMix(GroupedResult):
    """Detentions by place or outcome: ``frame`` has ``group`` and ``count``; the estimate is the share of all."""

    margins: ClassVar[tuple[tuple[str, ...], ...]] = ((),)
    value_name: ClassVar[str] = "share"
    estimate_kind: ClassVar[Kind] = "percent"

    def estimates(self) -> pd.DataFrame:
        """Give ``group``, ``count``, ``estimate`` (share of all) and Wilson's limits, the largest first."""
        count = self.frame["count"].to_numpy(float)
        total = np.full(len(count), count.sum() if count.sum() > 0 else np.nan)
        low, high = wilson_limits(count, total, confidence_level=self.level)
        shown = self.frame.assign(estimate=count / total, low=low, high=high)
        return shown.sort_values(["count", "group"], ascending=[False, True], kind="stable").reset_index(drop=True)

    def summary(self) -> str:
        known = self.estimates().dropna(subset="count")
        if known.empty:
            return f"No {self.heading.lower()} has enough detentions to be shown."
        top = known.iloc[0]
        if number(top["estimate"]) is None:
            return f"The commonest {self.heading.lower()} was {top['group']} ({top['count']:,.0f} detentions)."
        return (
            f"The commonest {self.heading.lower()} was {top['group']}: {top['count']:,.0f} detentions, {top['estimate']:.0%} of all "
            f"({self.level:.0%} interval {top['low']:.0%} to {top['high']:.0%})."
        )


def count_detentions(detentions: pd.DataFrame, *, by: str, confidence_level: float = 0.95) -> DetentionMix:
    """Count detentions by place of safety, outcome or another column.

    Answers: where are people taken, and what follows?

    Parameters
    ----------
    detentions : pandas.DataFrame
        One row a detention.
    by : str
        Column; where it is missing, the detention counts as not recorded.
    confidence_level : float
        Between 0 and 1.

    Returns
    -------
    DetentionMix
        Counts and shares of all detentions with Wilson's limits.

    Raises
    ------
    NetworkError
        For a missing column.
    NotEstimableError
        For no detention.

    Notes
    -----
    Do not use as shares of people: someone may be detained more than once.

    Examples
    --------
    >>> table = pd.DataFrame({"place_of_safety": ["police-station", "other", "other", None]})
    >>> count_detentions(table, by="place_of_safety").estimates()[["group", "count"]].values.tolist()
    [['other', 2.0], ['not recorded', 1.0], ['police-station', 1.0]]
    """
    normal_quantile(confidence_level)
    check_columns(detentions, [by])
    if detentions.empty:
        raise NotEstimableError("there is no detention to count")
    counts = (
        detentions[by].astype(object).where(detentions[by].notna(), UNRECORDED).astype(str).value_counts().sort_index()
    )
    return DetentionMix(
        method=Method("Share of all, Wilson limits", "Wilson 1927"),
        unit="share of detentions",
        frame=pd.DataFrame({"group": counts.index.astype(str), "count": counts.to_numpy(float)}),
        level=confidence_level,
        of="detentions",
        heading=by.replace("_", " ").capitalize(),
        caveats=("A person detained twice counts twice",),
    )
