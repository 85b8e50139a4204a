"""Waits that follow from arrivals and capacity: Erlang's formula for queues."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from problemsolving.errors import NetworkError, nearest
from problemsolving.grouped import GroupedResult
from problemsolving.results import Column, Kind, Method, Value, interval, number, whole
from problemsolving.stats.intervals import exact_poisson_limits, normal_quantile

Floats = NDArray[np.float64]
WITHHELD = "withheld: its arrivals are too few to show"


class Queue(NamedTuple):
    """What follows in a queue: share who wait, mean wait of all (in the unit of time of the rates), mean number waiting."""

    share_waiting: Floats
    mean_wait: Floats
    mean_waiting: Floats


def erlang_c(rate: ArrayLike, service: ArrayLike, servers: ArrayLike) -> Queue:
    """Waits in a queue with several servers (M/M/c).

    Answers: with so many arrivals and so much capacity, how many wait, and how long?

    Parameters
    ----------
    rate : array_like
        Arrivals a unit of time, 0 or more.
    service : array_like
        How many one server attends to a unit of time, above 0.
    servers : array_like of int
        How many are attended to at once, 1 or more.

    Returns
    -------
    Queue
        Infinite waits and everyone waiting where arrivals reach the capacity, service times servers.

    Raises
    ------
    ValueError
        For numbers outside their range.

    Notes
    -----
    C = B / (1 - rho (1 - B)), B the share lost by Erlang's loss formula, rho = rate / (service servers); mean wait
    C / (service servers - rate). Assumes arrivals by chance at a steady rate, exponential times of attending, first come
    first served, nobody leaving. Do not use for booked appointments, or for arrivals that come in rushes: waits are then
    longer.

    References
    ----------
    Erlang AK (1917) Solution of some problems in the theory of probabilities of significance in automatic telephone
    exchanges. Elektroteknikeren 13:5.

    Examples
    --------
    >>> [round(float(value), 3) for value in erlang_c(0.8, 1, 1)]
    [0.8, 4.0, 3.2]
    """
    arriving, each, many = np.broadcast_arrays(*(np.asarray(given, float) for given in (rate, service, servers)))
    known = ~np.isnan(arriving)
    if (arriving[known] < 0).any() or not (each > 0).all() or not ((many >= 1) & (many == np.round(many))).all():
        raise ValueError("rate must be 0 or more, service above 0, servers whole numbers of 1 or more")
    load, capacity = arriving / each, each * many
    stable, unknown = arriving < capacity, np.isnan(arriving)
    safe = np.where(stable, load, 0.0)
    lost = stats.poisson.pmf(many, safe) / stats.poisson.cdf(many, safe)
    with np.errstate(divide="ignore", invalid="ignore"):
        waiting = np.where(stable, lost / (1 - safe / many * (1 - lost)), 1.0)
        wait = np.where(stable, waiting / (capacity - arriving), np.inf)
    waiting, wait = np.where(unknown, np.nan, waiting), np.where(unknown, np.nan, wait)
    return Queue(waiting, wait, np.where(stable | unknown, arriving * np.where(stable, wait, np.nan), np.inf))


def share_beyond(rate: ArrayLike, service: ArrayLike, servers: ArrayLike, *, time: float) -> Floats:
    """Share of arrivals who wait longer than a time, in the unit of time of the rates.

    >>> round(float(share_beyond(0.8, 1, 1, time=5)), 4)
    0.2943
    """
    waiting, _, _ = erlang_c(rate, service, servers)
    spare = np.maximum(np.asarray(service, float) * np.asarray(servers, float) - np.asarray(rate, float), 0.0)
    return np.asarray(waiting * np.exp(-spare * time))


def unending(growth: float) -> str:
    """Say that a queue has no end.

    >>> unending(1.5)
    'no end to the queue: it grows by 1.5 a day'
    >>> unending(0.0)
    'no end to the queue: arrivals take up all the capacity'
    """
    if round(growth, 1) <= 0:
        return "no end to the queue: arrivals take up all the capacity"
    return f"no end to the queue: it grows by {growth:,.1f} a day"


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Queues(GroupedResult):
    """Waits by agency: ``frame`` has ``group``, ``count`` (arrivals), ``servers`` and ``hours`` (of attending)."""

    value_name: ClassVar[str] = "mean_wait"
    quantity: ClassVar[str] = "expected mean wait, opening hours"
    estimate_kind: ClassVar[Kind] = "number"

    days: float
    longer_than: float = 4.0
    hours_open: float = 24.0
    of: str = "arrivals"
    heading: str = "Agency"

    def estimates(self) -> pd.DataFrame:
        """Give ``group``, ``count``, ``estimate`` (mean wait, hours), limits, ``share_waiting``, ``waiting``, ``beyond``, ``used``, ``reason``."""
        frame = self.frame
        hours = self.days * self.hours_open
        service, servers = 1 / frame["hours"].to_numpy(float), frame["servers"].to_numpy(float)
        counts = frame["count"].to_numpy(float)
        limits = exact_poisson_limits(counts, confidence_level=self.level)
        queue, low, high = (erlang_c(np.asarray(each) / hours, service, servers) for each in (counts, *limits))
        growth = (counts / hours - service * servers) * self.hours_open
        reason = [
            WITHHELD if np.isnan(count) else unending(grown) if grown >= 0 else ""
            for count, grown in zip(counts, growth, strict=True)
        ]
        said = np.array([words == "" for words in reason])
        shown = pd.DataFrame(
            {
                "group": frame["group"],
                "count": counts,
                "used": counts / hours / (service * servers),
                "share_waiting": queue.share_waiting,
                "estimate": queue.mean_wait,
                "low": low.mean_wait,
                "high": high.mean_wait,
                "waiting": queue.mean_waiting,
                "beyond": share_beyond(counts / hours, service, servers, time=self.longer_than),
            }
        )
        told = ["share_waiting", "estimate", "low", "high", "waiting", "beyond"]
        shown.loc[~said, told] = np.nan
        note = np.where(np.isinf(shown["high"]), "upper limit of the wait: without end", reason)
        return shown.assign(reason=reason, note=note)

    def columns(self) -> dict[str, Column]:
        own = super().columns()
        return {
            "group": own["group"],
            "count": own["count"],
            "used": Column("Capacity used", "percent", 0),
            "share_waiting": Column("Share who wait", "percent", 0),
            "estimate": Column("Mean wait, hours", "number"),
            "low": own["low"],
            "high": own["high"],
            "waiting": Column("Waiting at a time", "number"),
            "beyond": Column(f"Wait over {self.longer_than:g} hours", "percent", 0),
            "note": Column("Note"),
        }

    def values(self) -> list[Value]:
        units = {
            "share_waiting": f"share of {self.of}",
            "waiting": "people waiting, mean",
            "beyond": f"share of {self.of} who wait over {self.longer_than:g} hours",
            "used": "share of capacity",
        }
        found = []
        for row in self.estimates().to_dict("records"):
            reason, n = row["reason"] or None, whole(row["count"])
            limits = interval(row["low"], row["high"] if np.isfinite(row["high"]) else None, self.level)
            found.append(Value(name="mean_wait", group=row["group"], estimate=number(row["estimate"]), interval=limits, unit=self.unit, n=n, reason=reason))  # fmt: skip
            for name, unit in units.items():
                told = number(row[name])
                found.append(Value(name=name, group=row["group"], estimate=told, unit=unit, n=n, reason=reason if told is None else None))  # fmt: skip
        return found

    def summary(self) -> str:
        shown = self.estimates()
        endless = shown[shown["reason"].str.startswith("no end")]
        said = [f"At {row.group} there is {row.reason}." for row in endless.itertuples()]
        known = shown.dropna(subset="estimate").sort_values(
            ["estimate", "group"], ascending=[False, True], kind="stable"
        )
        if known.empty:
            return " ".join(said) or "No agency has enough arrivals to show the wait that follows."
        top = known.iloc[0]
        high = f"{top['high']:,.1f}" if np.isfinite(top["high"]) else "without end"
        said.append(
            f"By its arrivals and capacity the longest mean wait is expected at {top['group']}: {top['estimate']:,.1f} hours "
            f"({self.level:.0%} interval {top['low']:,.1f} to {high}); {top['share_waiting']:.0%} wait at all and "
            f"{top['beyond']:.0%} longer than {self.longer_than:g} hours."
        )
        return " ".join(said)

    def alt_text(self) -> str:
        return f"Expected mean waits by agency, one below the other with intervals. {self.summary()}"


def estimate_queues(
    agencies: pd.DataFrame,
    *,
    days: float,
    agency: str = "agency",
    arrivals: str = "arrivals",
    servers: str = "servers",
    hours: str = "hours",
    longer_than: float = 4.0,
    hours_open: float = 24.0,
    confidence_level: float = 0.95,
    of: str = "arrivals",
) -> Queues:
    """Estimate the waits that follow from arrivals and capacity, agency by agency.

    Answers: does the capacity suffice, and how long would people wait?

    Parameters
    ----------
    agencies : pandas.DataFrame
        One row an agency.
    days : float
        Days in which the arrivals were counted, above 0.
    agency, arrivals, servers, hours : str
        Columns with the name, the arrivals in all (whole numbers), how many are attended to at once (1 or more), and the
        mean hours of attending (above 0).
    longer_than : float
        Hours beyond which a wait is counted.
    hours_open : float
        Hours a day that the agencies are open, above 0 up to 24; all times are in those hours.
    confidence_level : float
        Between 0 and 1.
    of : str
        What arrives, in the plural.

    Returns
    -------
    Queues
        Mean wait in opening hours with the limits that the chance of the arrivals gives, share who wait, number
        waiting, share beyond; or by how much a queue without end grows a day.

    Raises
    ------
    NetworkError
        For every fault at once.

    Notes
    -----
    The limits are those of a Poisson count of arrivals; hours of attending are taken as known. An upper limit may be
    without end. Do not use for booked appointments.

    References
    ----------
    Erlang AK (1917) Solution of some problems in the theory of probabilities of significance in automatic telephone
    exchanges. Elektroteknikeren 13:5.

    Examples
    --------
    Eight arrivals in ten days, one a day can be attended to: a mean wait of 4 days.

    >>> desk = pd.DataFrame({"agency": ["desk"], "arrivals": [8], "servers": [1], "hours": [24.0]})
    >>> estimate_queues(desk, days=10).estimates()["estimate"].round(6).tolist()
    [96.0]
    """
    normal_quantile(confidence_level)
    columns = (agency, arrivals, servers, hours)
    missing = [f'no column "{name}"{nearest(name, list(agencies))}' for name in columns if name not in agencies]
    if missing:
        raise NetworkError("the queues cannot be worked out", faults=missing)
    frame = agencies[list(columns)].set_axis(["group", "count", "servers", "hours"], axis=1)
    faults = queue_faults(frame.to_dict("records"), days=days, hours_open=hours_open, longer_than=longer_than)
    if frame["group"].duplicated().any():
        faults.append("an agency has several rows")
    if faults:
        raise NetworkError("the queues cannot be worked out", faults=faults)
    numbers = {name: frame[name].astype(float) for name in ("count", "servers", "hours")}
    frame = frame.assign(group=frame["group"].astype(str), **numbers).sort_values("group", ignore_index=True)
    settings = {"days": days, "hours open": hours_open}
    return Queues(
        method=Method("Erlang C (M/M/c); exact Poisson limits of arrivals", "Erlang 1917", settings),
        unit="hours",
        frame=frame,
        days=days,
        longer_than=longer_than,
        hours_open=hours_open,
        level=confidence_level,
        of=of,
        caveats=(
            "Waits assume arrivals by chance at a steady rate, first come first served, and that nobody gives up",
            "Hours of attending are taken as known; the intervals hold the chance of arrivals alone",
        ),
    )


def queue_faults(
    rows: Sequence[dict[str, object]], *, days: float, hours_open: float, longer_than: float = 0.0
) -> list[str]:
    """Say what is wrong with agencies' arrivals, servers and hours; ``count`` may be left out."""
    faults = [] if days > 0 else ["days: must be above 0"]
    faults += [] if 0 < hours_open <= 24 else ["hours_open: must be above 0 and no more than 24"]
    faults += [] if longer_than >= 0 else ["longer_than: must be 0 or more"]
    for row in rows:
        count, servers, hours = (pd.to_numeric(row.get(name, 0), errors="coerce") for name in ("count", "servers", "hours"))  # fmt: skip
        name = row["group"]
        faults += (
            [] if count >= 0 and count == round(count) else [f"{name}: arrivals must be a whole number of 0 or more"]
        )
        faults += (
            []
            if servers >= 1 and servers == round(servers)
            else [f"{name}: servers must be a whole number of 1 or more"]
        )
        faults += [] if hours > 0 else [f"{name}: hours must be above 0"]
    return faults
