"""Scenarios: how journeys, contacts and waits would differ if agencies, pathways or capacity did."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from problemsolving import draw
from problemsolving.errors import NetworkError, nearest
from problemsolving.grouped import SHOWN
from problemsolving.network.what_if.absorbing import Floats
from problemsolving.network.what_if.chain import LOST, MEMORY
from problemsolving.network.what_if.changes import (
    Change,
    Outcome,
    RemoveAgency,
    change_faults,
    change_words,
    changed_agencies,
    follow,
    named_in,
)
from problemsolving.network.what_if.queue import erlang_c, queue_faults, unending
from problemsolving.network.what_if.steps import StepsResult, lay_out_steps
from problemsolving.results import Column, Method, Table, Value, interval, number, whole
from problemsolving.stats.intervals import normal_quantile

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NO_FORECAST = "A scenario, not a forecast: the bootstrap holds no model error"
WITHHELD = "withheld: the steps it rests on are too few to show"
REMOVED = "after: it is removed"
SIDES = ("before", "after", "difference")


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What an agency can do: how many are attended to at once, and the mean hours of attending."""

    servers: int
    hours: float


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Scenario(StepsResult):
    """Before, after and difference of what journeys lead to, computed from the counts of steps alone."""

    changes: tuple[Change, ...]
    desks: Mapping[str, Desk] = field(default_factory=dict)
    days: float = 1.0
    hours_open: float = 24.0

    @property
    def title(self) -> str:
        """The scenario in words."""
        return f"Scenario ({'; '.join(change_words(change) for change in self.changes)})"

    @cached_property
    def _rows(self) -> pd.DataFrame:
        """One row a measure: ``name``, ``group``, ``unit``, then each of before, after and difference with its limits."""
        flows = self.counts
        draws = flows.drawn(self.n_resamples, np.random.default_rng(self.seed))
        ways: tuple[tuple[Change, ...], ...] = ((), self.changes)
        told, drawn = (
            [self._measured(follow(one, changes, self.agencies, self.exits)) for changes in ways]
            for one in (flows, draws)
        )
        for given in (told, drawn):
            given[1][..., [at for at, row in enumerate(self._names()) if self._is_gone(row[1])]] = np.nan
        names = self._names()
        frame = pd.DataFrame(names, columns=["name", "group", "unit"])
        for side, point, resampled in zip(SIDES, [*told, _minus(*told)], [*drawn, _minus(*drawn)], strict=True):
            low, high = _between(resampled, self.level)
            frame[side], frame[f"{side}_low"], frame[f"{side}_high"] = point, low, high
        return frame

    def _reaching(self, name: str) -> str:
        return f"{self.of.capitalize()} reaching {name}"

    @property
    def _removed(self) -> set[str]:
        return {change.agency for change in self.changes if isinstance(change, RemoveAgency)}

    def _is_gone(self, group: str) -> bool:
        """Whether a row is of the wait at an agency that is removed."""
        return any(group == _wait_name(name) for name in self._removed & {*self.desks})

    def _names(self) -> list[tuple[str, str, str]]:
        whole_ = f"% of {self.of}"
        return [
            *(("exit_share", f"Ended with {end}, {whole_}", whole_) for end in self.exits),
            ("contacts", "Contacts a journey", "contacts a journey"),
            *(("reached", self._reaching(name), self.of) for name in self.agencies),
            *(("mean_wait", _wait_name(name), "hours") for name in self.desks),
        ]

    def _measured(self, outcome: Outcome) -> Floats:
        """Give every measure in the order of the names, in the last axis."""
        total = outcome.exits.sum(axis=-1, keepdims=True)
        with np.errstate(divide="ignore", invalid="ignore"):
            shares = 100 * outcome.exits / total
            contacts = outcome.visits.sum(axis=-1, keepdims=True) / total
        waits = [self._queue(name, outcome.visits)[..., None] for name in self.desks]
        return np.concatenate([shares, contacts, outcome.reached, *waits], axis=-1)

    def _queue(self, name: str, visits: Floats) -> Floats:
        """Mean wait in hours; infinite where the queue has no end."""
        desk, rate = self.desks[name], self._rate(name, visits)
        return erlang_c(rate, 1 / desk.hours, desk.servers).mean_wait

    def _rate(self, name: str, visits: Floats) -> Floats:
        return visits[..., self.agencies.index(name)] / (self.days * self.hours_open)

    @cached_property
    def known(self) -> bool:
        """Whether the steps that are shown are enough to work the scenario out."""
        named = {self.agencies.index(name) for name in changed_agencies(self.changes, self.agencies)}
        if not self.counts.entries.sum() > 0 or (self.withheld and named - set(self.used.tolist())):
            return False
        return bool(
            np.isfinite(self._rows.loc[self._rows["name"] != "mean_wait", ["before", "after"]].to_numpy()).all()
        )

    def estimates(self) -> pd.DataFrame:
        """Give ``name``, ``group``, ``unit``, ``before``, ``after``, ``difference`` with ``_low`` and ``_high``, and ``reason``."""
        if not self.known:
            blank = pd.DataFrame(self._names(), columns=["name", "group", "unit"])
            blank[[f"{side}{end}" for side in SIDES for end in ("", "_low", "_high")]] = np.nan
            return blank.assign(reason=WITHHELD)
        rows = self._rows.copy()
        rows["reason"] = [self._endless(row) for row in rows.to_dict("records")]
        numbers = [f"{side}{end}" for side in SIDES for end in ("", "_low", "_high")]
        silent = self.withheld & (rows["before"] == 0)
        rows.loc[silent, numbers] = np.nan
        rows.loc[silent, "reason"] = WITHHELD
        return rows.assign(**{name: rows[name].where(np.isfinite(rows[name])) for name in numbers})

    def _endless(self, row: Mapping[str, Any]) -> str:
        """Say where a queue has no end, or no agency."""
        if row["name"] != "mean_wait":
            return ""
        name = next(desk for desk in self.desks if _wait_name(desk) == row["group"])
        desk, said = self.desks[name], list[str]()
        ways: dict[str, tuple[Change, ...]] = {"before": (), "after": self.changes}
        for side, changes in ways.items():
            if side == "after" and name in self._removed:
                said.append(REMOVED)
            elif np.isinf(row[side]):
                rate = self._rate(name, follow(self.counts, changes, self.agencies, self.exits).visits)
                said.append(f"{side}: {unending(float(rate - desk.servers / desk.hours) * self.hours_open)}")
            elif np.isinf(row[f"{side}_high"]):
                said.append(f"{side}: upper limit without end")
        return "; ".join(said)

    def values(self) -> list[Value]:
        n = whole(self.counts.entries.sum()) if self.known else None
        found = []
        for row in self.estimates().to_dict("records"):
            for side in SIDES:
                told = number(row[side])
                found.append(
                    Value(
                        name=f"scenario_{row['name']}_{side}", group=row["group"], estimate=told, unit=row["unit"], n=n,
                        interval=interval(row[f"{side}_low"], row[f"{side}_high"], self.level) if told is not None else None,
                        reason=row["reason"] or None,
                    )
                )  # fmt: skip
        return found

    def table(self) -> Table:
        shown = self.estimates()
        noted = bool((shown["reason"] != "").any())
        columns = [Column(self.title)]
        for side in SIDES:
            columns += [Column(side.capitalize(), "number"), Column("Low", "number"), Column("High", "number")]
        columns += [Column("Note")] if noted else []
        names = [f"{side}{end}" for side in SIDES for end in ("", "_low", "_high")]
        rows = [
            (row["group"], *(number(row[name]) for name in names), *([row["reason"]] if noted else []))
            for row in shown.to_dict("records")
        ]
        return Table(tuple(columns), tuple(rows))

    def summary(self) -> str:
        if not self.known:
            return f"{self.title}: withheld, because the steps it rests on are too few to show."
        rows = self.estimates()
        kind, unit = ("exit_share", "%") if len(self.exits) > 1 else ("reached", "")
        most = rows[
            (rows["name"] == kind) & ~rows["group"].isin([self._reaching(name) for name in self._removed])
        ].assign(size=lambda frame: frame["difference"].abs().round(9))
        top = most.sort_values(["size", "group"], ascending=[False, True], kind="stable").iloc[0]
        contacts = rows[rows["name"] == "contacts"].iloc[0]
        said = [f"{_lowered(top['group'])} would change from {self._change(top, unit=unit)}"]
        said.append(f"contacts a journey from {self._change(contacts)}")
        waits = rows[rows["name"] == "mean_wait"]
        said += [f"{_lowered(row['group'])} from {self._wait(row)}" for row in waits.to_dict("records")]
        only = ", by the steps that can be shown" if self.withheld else ""
        return f"{self.title}{only}: {'; '.join(said)}. A scenario, not a forecast."

    def _change(self, row: Mapping[str, object], unit: str = "") -> str:
        before, after, change, low, high = (row[name] for name in ("before", "after", "difference", "difference_low", "difference_high"))  # fmt: skip
        text = f"{before:,.1f}{unit} to {after:,.1f}{unit} (difference {change:+,.1f}"
        return text + (f", {self.level:.0%} interval {low:+,.1f} to {high:+,.1f})" if number(low) is not None and number(high) is not None else ")")  # fmt: skip

    def _wait(self, row: Mapping[str, object]) -> str:
        told = [f"{row[side]:,.1f} hours" if number(row[side]) is not None else "" for side in ("before", "after")]
        if all(told):
            return self._change(row, unit=" hours")
        why = str(row["reason"])
        if REMOVED in why:
            return f"{told[0] or 'a queue without end'} to none, as it is removed"
        return f"{told[0] or 'a queue without end'} to {told[1] or 'a queue without end'} ({why})"

    def alt_text(self) -> str:
        return (
            f"Before and after, as a share of all {self.of}, one pair of marks a row with intervals. {self.summary()}"
        )

    def plot(self, *, ax: Axes | None = None) -> Axes | None:
        if not self.known:
            return None
        rows = self.estimates()
        rows = rows[rows["name"].isin(["exit_share", "reached"] if len(self.exits) > 1 else ["reached"])]
        scale = np.where(rows["name"] == "reached", 100 / self.counts.entries.sum(), 1.0)
        size = (rows["difference"] * scale).abs()
        order = rows.assign(size=size, scale=scale).sort_values(["name", "size", "group"], ascending=[True, False, True], kind="stable").head(SHOWN // 2)  # fmt: skip
        series = {
            name: (
                order[side] * order["scale"],
                order[f"{side}_low"] * order["scale"],
                order[f"{side}_high"] * order["scale"],
            )
            for side, name in (("before", "before"), ("after", "after (scenario)"))
        }
        labels = [textwrap.fill(group.replace(f", % of {self.of}", ""), 30) for group in order["group"]]
        return draw.compared_intervals(labels, series, quantity=f"% of {self.of}", ax=ax)


def _minus(before: Floats, after: Floats) -> Floats:
    with np.errstate(invalid="ignore"):
        return np.asarray(np.round(after - before, 9) + 0.0)


def _wait_name(agency: str) -> str:
    return f"Mean wait at {agency}, hours"


def _lowered(group: str) -> str:
    """Give a row's name as it stands within a sentence, without its unit."""
    return group[:1].lower() + group[1:].split(",")[0]


def _between(draws: Floats, level: float) -> tuple[Floats, Floats]:
    """Percentile limits, measure by measure; missing where too many draws are; infinite where a queue has no end."""
    tail = (1 - level) / 2
    limits = np.full((2, draws.shape[-1]), np.nan)
    for at, column in enumerate(draws.T):
        kept = column[~np.isnan(column)]
        if len(kept) and 1 - len(kept) / len(column) <= LOST:
            limits[:, at] = np.quantile(kept, [tail, 1 - tail], method="inverted_cdf")
    return limits[0], limits[1]


def compare_scenario(
    steps: pd.DataFrame,
    changes: Sequence[Change],
    *,
    exits: Sequence[str],
    agencies: Sequence[str] | None = None,
    desks: Mapping[str, Desk] | None = None,
    days: float | None = None,
    hours_open: float = 24.0,
    sender: str = "from",
    receiver: str = "to",
    count: str = "count",
    people: str | None = None,
    least: int = 1,
    confidence_level: float = 0.95,
    n_resamples: int = 999,
    rng: np.random.Generator | None = None,
    of: str = "people",
) -> Scenario:
    """Compare journeys as they were with journeys as they would be after a change.

    Answers: what if an agency closed, a pathway opened or grew, or capacity ran out?

    Parameters
    ----------
    steps : pandas.DataFrame
        One row a step with its count: from "start" or an agency to an agency or an exit (see `count_steps`).
    changes : sequence of RemoveAgency, OpenPathway, StrengthenPathway or CapCapacity
        All take place together: removals first, then pathways, then caps.
    exits, agencies, sender, receiver, count, people, least
        As in `estimate_chain`; what the changes and desks name stands by itself.
    desks : mapping of str to Desk, optional
        Capacity of agencies whose queue is asked for.
    days : float, optional
        Days in which the steps were counted; needed with ``desks``.
    hours_open : float
        Hours a day that the desks are open.
    confidence_level : float
        Between 0 and 1.
    n_resamples : int
        Draws of the bootstrap, the same for before and after.
    rng : numpy.random.Generator, optional
        Source of randomness.
    of : str
        Who makes the journeys, in the plural; each is counted once a journey.

    Returns
    -------
    Scenario
        Exit shares (% of journeys), contacts a journey, people reaching each agency, and mean waits at desks (hours):
        before, after and difference, with percentile intervals.

    Raises
    ------
    NetworkError
        For every fault of the steps, or of the scenario, at once.
    NotEstimableError
        When journeys at an agency never reach an exit.

    Notes
    -----
    Everything but the change is taken to stay as it was: nobody adapts. A raised pathway takes its share from the other
    pathways of the same agency in proportion. Beyond a cap each arrival has the same chance of being taken. Do not use
    as a forecast, or for changes so large that others would answer them.

    References
    ----------
    Kemeny JG, Snell JL (1960) Finite Markov chains. Van Nostrand.

    Examples
    --------
    >>> from problemsolving.network.what_if.changes import StrengthenPathway
    >>> steps = pd.DataFrame({"from": ["start", "police", "police"], "to": ["police", "helped", "dropped"], "count": [100, 40, 60]})
    >>> more = StrengthenPathway(sender="police", receiver="helped", by=0.2)
    >>> found = compare_scenario(steps, [more], exits=["helped", "dropped"], n_resamples=99, rng=np.random.default_rng(1))
    >>> found.estimates()[["group", "before", "after"]].round(6).values.tolist()[1]
    ['Ended with helped, % of people', 40.0, 60.0]
    """
    normal_quantile(confidence_level)
    rng = np.random.default_rng() if rng is None else rng
    frame, known, ends = lay_out_steps(
        steps,
        exits=exits,
        agencies=agencies,
        sender=sender,
        receiver=receiver,
        count=count,
        people=people,
        least=least,
        kept=[*named_in(changes), *(desks or {})],
    )
    given = dict(desks or {})
    result = Scenario(
        method=Method("Absorbing Markov chain before and after; bootstrap of steps by agency; Erlang C", "Kemeny & Snell 1960; Erlang 1917", {"resamples": n_resamples}),
        unit=f"% of {of}",
        frame=frame,
        agencies=known,
        exits=ends,
        level=confidence_level,
        n_resamples=n_resamples,
        seed=int(rng.integers(2**62)),
        of=of,
        changes=tuple(changes),
        desks=dict(sorted(given.items())),
        days=1.0 if days is None else days,
        hours_open=hours_open,
        caveats=(NO_FORECAST, MEMORY, "Everything but the change is taken to stay as it was: nobody adapts to it"),
    )  # fmt: skip
    faults = change_faults(result.changes, result.counts, known, ends)
    if not result.has_start:
        faults.append('the steps do not say where journeys start: add rows from "start"')
    faults += _desk_faults(result, days)
    if faults:
        raise NetworkError("the scenario cannot be worked out", faults=faults)
    return result


def _desk_faults(result: Scenario, days: float | None) -> list[str]:
    if not result.desks:
        return []
    faults = [f'desks: no agency "{name}"{nearest(name, result.agencies)}' for name in result.desks if name not in result.agencies]  # fmt: skip
    faults += ["days: say in how many days the steps were counted"] if days is None else []
    rows = [{"group": f"desks: {name}", "servers": desk.servers, "hours": desk.hours} for name, desk in result.desks.items()]  # fmt: skip
    return faults + queue_faults(rows, days=result.days, hours_open=result.hours_open)
