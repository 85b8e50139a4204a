"""Control charts: when did something other than ordinary variation happen?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from problemsolving import draw
from problemsolving.results import Column, FrameResult, Method, Table, Value, listed, number, whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIGMA_FROM_RANGE = 1.128  # mean moving range of two over the standard deviation (d2 for n = 2)
RANGE_LIMIT = 3.267  # upper limit of moving ranges over their mean (D4 for n = 2)
RUN = 7  # points on one side of the mean, or rising or falling, that make a signal


@dataclass(frozen=True)
class Limits:
    """Centre line and natural process limits of an individuals chart."""

    mean: float
    lower: float
    upper: float


def xmr_limits(values: ArrayLike) -> Limits:
    """Centre line and limits of an individuals (XmR) chart.

    Answers: how far does this series vary by itself?

    Parameters
    ----------
    values : array_like, shape (n,)
        At least two values in time order.

    Returns
    -------
    Limits
        Mean, and mean minus and plus three times the mean moving range over 1.128, in the unit of the
        values. Moving ranges above 3.267 times their mean are screened out once.

    Raises
    ------
    ValueError
        For fewer than two values.

    References
    ----------
    Provost LP, Murray SK (2011) The health care data guide. NHS England, Making Data Count.

    Examples
    --------
    >>> xmr_limits([10, 12, 11, 13, 12]).mean
    11.6
    """
    series = np.asarray(values, float)
    if series.size < 2:
        raise ValueError("a control chart needs at least two values")
    ranges = np.abs(np.diff(series))
    kept = ranges[ranges <= RANGE_LIMIT * ranges.mean()]
    reach = 3 * kept.mean() / SIGMA_FROM_RANGE
    mean = float(series.mean())
    return Limits(mean, mean - float(reach), mean + float(reach))


def special_causes(values: ArrayLike, limits: Limits) -> dict[str, list[int]]:
    """Positions that break a rule of NHS Making Data Count.

    Parameters
    ----------
    values : array_like, shape (n,)
        In time order.
    limits : Limits
        Of the same series.

    Returns
    -------
    dict of str to list of int
        Rule in words → positions, for the rules that were broken: outside the limits; seven or more in
        a row on one side of the mean; seven or more in a row rising or falling; two of three beyond two
        thirds of the way to a limit, on one side.

    References
    ----------
    NHS England, Making Data Count: Strengthening your decisions.

    Examples
    --------
    >>> special_causes([1, 1, 9, 1], Limits(1, -2, 4))
    {'outside the limits': [2]}
    """
    series = np.asarray(values, float)
    if limits.upper - limits.lower <= 1e-9 * max(1.0, abs(limits.mean)):
        return {}
    noise = 1e-9 * max(1.0, abs(limits.mean))
    side = np.where(np.abs(series - limits.mean) > noise, np.sign(series - limits.mean), 0)
    steps = np.where(np.abs(np.diff(series)) > noise, np.sign(np.diff(series)), 0)
    near = (limits.upper - limits.mean) * 2 / 3
    outer = np.where(np.abs(series - limits.mean) > near, side, 0)
    found = {
        "outside the limits": np.flatnonzero((series > limits.upper) | (series < limits.lower)).tolist(),
        "a run on one side of the mean": _runs(side, RUN, 0),
        "a run of rises or falls": _runs(steps, RUN - 1, 1),
        "two of three near a limit": sorted(
            {
                place
                for start in range(series.size - 2)
                for sign in (-1, 1)
                if (outer[start : start + 3] == sign).sum() >= 2
                for place in range(start, start + 3)
                if outer[place] == sign
            }
        ),
    }
    return {rule: places for rule, places in found.items() if places}


def _runs(signs: np.ndarray, length: int, extra: int) -> list[int]:
    places: set[int] = set()
    start = 0
    for position in range(1, signs.size + 1):
        if position == signs.size or signs[position] != signs[start]:
            if signs[start] != 0 and position - start >= length:
                places.update(range(start, position + extra))
            start = position
    return sorted(places)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ControlChart(FrameResult):
    """A monthly chart of events a day: ``frame`` has ``group`` (month), ``count`` and ``days``."""

    margins: ClassVar[tuple[tuple[str, ...], ...]] = ((),)  # the area's total is shown beside the incidents read

    of: str = "incidents"

    @property
    def per_day(self) -> np.ndarray:
        return (self.frame["count"] / self.frame["days"]).to_numpy(float)

    @property
    def complete(self) -> bool:
        return bool(np.isfinite(self.per_day).all())

    @property
    def limits(self) -> Limits:
        return xmr_limits(self.per_day) if self.complete else Limits(np.nan, np.nan, np.nan)

    @property
    def signals(self) -> dict[str, list[str]]:
        """Rule in words → months that break it."""
        if not self.complete:
            return {}
        months = self.frame["group"].tolist()
        return {
            rule: [months[place] for place in places]
            for rule, places in special_causes(self.per_day, self.limits).items()
        }

    def values(self) -> list[Value]:
        months = [
            Value(name="", group="in area", period=row.group, estimate=number(row.n), n=whole(row.n), unit=self.of)
            for row in self.frame.rename(columns={"count": "n"}).itertuples()
        ]
        total = whole(self.frame["count"].sum()) if self.complete else None
        per_day = self.unit
        limits = [
            Value(name=name, estimate=number(limit), n=total, unit=per_day)
            for name, limit in (
                ("incidents_per_day_mean", self.limits.mean),
                ("incidents_per_day_lower_limit", self.limits.lower),
                ("incidents_per_day_upper_limit", self.limits.upper),
            )
        ]
        return months + limits

    def table(self) -> Table:
        broken = {month: rule for rule, months in reversed(self.signals.items()) for month in months}
        rows = zip(self.frame["group"], self.frame["count"], self.frame["days"], self.per_day, strict=True)
        return Table(
            (
                Column("Month"),
                Column(self.of.capitalize(), "count"),
                Column("Days", "count"),
                Column("A day", "number"),
                Column("Signal"),
            ),
            tuple((month, whole(count), days, number(rate), broken.get(month)) for month, count, days, rate in rows),
        )

    def summary(self) -> str:
        if not self.complete:
            return "The chart cannot be drawn: the count of at least one month is withheld."
        limits, months = self.limits, [pd.Period(month) for month in self.frame["group"]]
        text = (
            f"From {months[0]:%B %Y} to {months[-1]:%B %Y} an average month had {limits.mean:,.1f} {self.of} a day, with "
            f"ordinary variation between {max(limits.lower, 0):,.1f} and {limits.upper:,.1f}"
        )
        if not self.signals:
            return text + "; no month shows a special cause."
        named = [f"{listed(_stretches(months))} ({rule})" for rule, months in self.signals.items()]
        return text + "; signals of a special cause: " + "; ".join(named) + "."

    def plot(self, *, ax: Axes | None = None) -> Axes | None:
        if not self.complete:
            return None
        months = self.frame["group"].tolist()
        flagged = sorted({months.index(month) for named in self.signals.values() for month in named})
        return draw.chart(
            [f"{pd.Period(month):%b %y}" for month in months],
            self.per_day,
            centre=self.limits.mean,
            lower=self.limits.lower,
            upper=self.limits.upper,
            signals=flagged,
            quantity=f"{self.of} a day",
            ax=ax,
        )

    def rebuild(self, cells: pd.DataFrame) -> Self:
        rebuilt = replace(self, frame=cells)
        same = cells["count"].equals(self.frame["count"])
        return rebuilt if same else rebuilt.with_caveats("Limits and signals are those of the rounded counts")


def _stretches(months: list[str]) -> list[str]:
    """Write months, those that follow each other as one stretch.

    >>> _stretches(["2024-01", "2024-02", "2024-03", "2024-07"])
    ['January to March 2024', 'July 2024']
    """
    groups: list[list[pd.Period]] = []
    for month in map(pd.Period, months):
        if groups and month == groups[-1][-1] + 1:
            groups[-1].append(month)
        else:
            groups.append([month])
    return [
        f"{g[0]:%B %Y}" if len(g) == 1 else f"{g[0]:{'%B' if g[0].year == g[-1].year else '%B %Y'}} to {g[-1]:%B %Y}"
        for g in groups
    ]


def control_chart(counts: Mapping[str, float], *, days: Mapping[str, int], of: str = "incidents") -> ControlChart:
    """Chart monthly counts as events a day.

    Answers: in which months did something other than ordinary variation happen?

    Parameters
    ----------
    counts : mapping of str to float
        Month (``2021-05``) → events, in time order, no month left out.
    days : mapping of str to int
        Month → days in it: months differ in length, so raw counts would mislead.
    of : str
        What is counted, in the plural.

    Returns
    -------
    ControlChart
        Events a day, XmR limits with screened moving ranges, signals by the NHS rules.

    Raises
    ------
    ValueError
        For fewer than two months.
    """
    if len(counts) < 2:
        raise ValueError("a control chart needs at least two months")
    frame = pd.DataFrame(
        {
            "group": list(counts),
            "count": [float(count) for count in counts.values()],
            "days": [days[month] for month in counts],
        }
    )
    method = Method(
        "XmR control chart on events a day",
        "NHS England, Making Data Count",
        {"moving ranges": "screened once", "run": RUN},
    )
    caveats = (
        "With four rules, about one steady series in five shows some signal: ask what happened before believing it",
    )
    return ControlChart(caveats=caveats, method=method, unit=f"{of} a day", frame=frame, of=of)
