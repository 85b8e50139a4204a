"""Counts of steps between agencies: laid out in full, read from a log of contacts, drawn anew."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar, Self

import numpy as np
import pandas as pd

from problemsolving.errors import NetworkError, NotEstimableError, nearest
from problemsolving.network.in_order import contacts_in_order
from problemsolving.network.what_if.absorbing import Floats, reaches_exit
from problemsolving.results import FrameResult

LEFT_OUT = "Steps that are withheld count as none: contacts, people reached and waits come out too low, and shares are of what is shown"
START = "start"  # sender of a journey's first step
LAST = "no further contact"
OTHER, OTHER_END = "other agencies", "another end"


@dataclass(frozen=True)
class Flows:
    """Counts of steps as arrays, one draw or many: entries (..., n), within (..., n, n), out (..., n, exits)."""

    entries: Floats
    within: Floats
    out: Floats

    def shares(self) -> tuple[Floats, Floats]:
        """Give the share of each step among those from its agency; agencies without a step have none."""
        total = self.within.sum(axis=-1, keepdims=True) + self.out.sum(axis=-1, keepdims=True)
        total = np.where(total > 0, total, 1.0)
        return self.within / total, self.out / total

    def drawn(self, n_resamples: int, rng: np.random.Generator) -> Flows:
        """Draw entries as Poisson counts, and the steps from each agency anew among themselves."""
        n, both = len(self.entries), np.concatenate([self.within, self.out], axis=1)
        drawn = np.zeros((n_resamples, *both.shape))
        for at, row in enumerate(both):
            if row.sum() > 0:
                drawn[:, at] = rng.multinomial(round(row.sum()), row / row.sum(), size=n_resamples)
        return Flows(rng.poisson(self.entries, size=(n_resamples, n)).astype(float), drawn[..., :n], drawn[..., n:])


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class StepsResult(FrameResult):
    """Base of results computed from ``frame``: ``sender``, ``receiver``, ``count`` and, where known, ``people``.

    Every pair once: from the start and each agency to each agency, and from each agency to each exit. Where each step
    also has its people, a step leaves only if both counts may.
    """

    agencies: tuple[str, ...]
    exits: tuple[str, ...]
    level: float = 0.95
    n_resamples: int = 999
    seed: int = 0
    of: str = "people"

    margins: ClassVar[tuple[tuple[str, ...], ...]] = (("from",), ("to",))  # as many come to an agency as leave it

    def cells(self) -> pd.DataFrame:
        steps = self.frame["sender"] + " to " + self.frame["receiver"]
        parts = [
            pd.DataFrame({"group": steps, "from": self.frame["sender"], "to": self.frame["receiver"], "count": self.frame["count"], "part": "steps"})
        ]  # fmt: skip
        if "people" in self.frame:
            nobody = pd.Series(None, index=self.frame.index, dtype=object)
            parts.append(
                pd.DataFrame({"group": steps, "from": nobody, "to": nobody, "count": self.frame["people"], "part": "people"})
            )  # fmt: skip
        return pd.concat(parts, ignore_index=True)

    def rebuild(self, cells: pd.DataFrame) -> Self:
        parts = {part: rows["count"].to_numpy(float) for part, rows in cells.groupby("part")}
        count = parts["steps"]
        frame = self.frame
        if "people" in parts:
            count = np.where(np.isnan(parts["people"]), np.nan, count)
            frame = frame.assign(people=parts["people"])
        rebuilt = replace(self, frame=frame.assign(count=count))
        return rebuilt.with_caveats(LEFT_OUT) if rebuilt.withheld else rebuilt

    @property
    def withheld(self) -> bool:
        """Whether a step is withheld."""
        return bool(self.frame["count"].isna().any())

    @cached_property
    def counts(self) -> Flows:
        """Steps as arrays, those withheld as none.

        Where steps are withheld, an agency from which no exit is reached by those that are shown is left out, and
        steps to it with it.
        """
        wide = self.frame.pivot(index="sender", columns="receiver", values="count").fillna(0.0)
        wide = wide.reindex(index=[START, *self.agencies], columns=[*self.agencies, *self.exits]).fillna(0.0)
        values, n = wide.to_numpy(float), len(self.agencies)
        flows = Flows(values[0, :n], values[1:, :n], values[1:, n:])
        if not self.withheld:
            return flows
        ends = reaches_exit(flows.within, flows.out)
        return Flows(flows.entries * ends, flows.within * np.outer(ends, ends), flows.out * ends[:, None])

    @property
    def has_start(self) -> bool:
        """Whether it is known where journeys start."""
        return bool((self.frame["sender"] == START).any())

    @cached_property
    def used(self) -> np.ndarray:
        """Places of agencies with a step from them."""
        counts = self.counts
        return np.flatnonzero(counts.within.sum(axis=1) + counts.out.sum(axis=1) > 0)


def lay_out_steps(
    steps: pd.DataFrame,
    *,
    exits: Sequence[str],
    agencies: Sequence[str] | None = None,
    sender: str = "from",
    receiver: str = "to",
    count: str = "count",
    people: str | None = None,
    least: int = 1,
    kept: Collection[str] = (),
) -> tuple[pd.DataFrame, tuple[str, ...], tuple[str, ...]]:
    """Lay out counts of steps with every pair once, in the order of the names.

    Parameters
    ----------
    steps : pandas.DataFrame
        One row a step: from an agency (or "start") to an agency or an exit, and how often. Rows of the same step are
        added up.
    exits : sequence of str
        Names of the ways in which a journey ends.
    agencies : sequence of str, optional
        All agencies; those named in the steps when not given.
    sender, receiver, count : str
        Columns.
    people : str, optional
        Column with the number of different people who took the step. Of rows put together the largest counts: the
        same people may stand in both.
    least : int
        Agencies with fewer steps from or to them are put together as "other agencies", exits as "another end".
    kept : collection of str
        Agencies and exits that stand by themselves however few their steps.

    Returns
    -------
    frame, agencies, exits
        ``sender``, ``receiver``, ``count`` (and ``people``); names in order.

    Raises
    ------
    NetworkError
        For every fault at once.
    NotEstimableError
        When journeys at an agency never reach an exit.

    Examples
    --------
    >>> steps = pd.DataFrame({"from": ["a"], "to": ["done"], "count": [3]})
    >>> lay_out_steps(steps, exits=["done"])[0].values.tolist()
    [['a', 'a', 0.0], ['a', 'done', 3.0]]
    """
    needed = [sender, receiver, count, *([people] if people else [])]
    missing = [f'no column "{name}"{nearest(name, list(steps))}' for name in needed if name not in steps]
    if missing:
        raise NetworkError("the steps cannot be read", faults=missing)
    named = {*steps[sender].dropna().astype(str), *steps[receiver].dropna().astype(str)} - {*exits, START}
    known = sorted(named if agencies is None else {str(name) for name in agencies})
    faults = _step_faults(steps, known, exits, named, (sender, receiver, needed[2:]))
    if faults:
        raise NetworkError("the steps cannot be laid out", faults=faults)
    summed = steps.assign(**{name: steps[name].astype(str) for name in (sender, receiver)})
    ends = sorted(str(name) for name in exits)
    if least > 1:
        sizes = [summed.groupby(side)[count].sum() for side in (sender, receiver)]
        small = _too_small({name: min(int(side.get(name, 0)) for side in sizes) for name in known}, least, kept)
        few = _too_small({name: int(sizes[1].get(name, 0)) for name in ends}, least, kept)
        names = dict.fromkeys(small, OTHER) | dict.fromkeys(few, OTHER_END)
        summed[[sender, receiver]] = summed[[sender, receiver]].replace(names)
        known, ends = (sorted({names.get(name, name) for name in given}) for given in (known, ends))
    how = {count: "sum"} | ({people: "max"} if people else {})
    totals = summed.groupby([sender, receiver]).agg(how)
    starts = [START] if (summed[sender] == START).any() else []
    pairs = [(a, b) for a in [*starts, *known] for b in [*known, *(ends if a != START else ())]]
    laid = totals.reindex(pd.MultiIndex.from_tuples(pairs)).fillna(0.0).astype(float)
    frame = pd.DataFrame(pairs, columns=["sender", "receiver"])
    frame["count"] = laid[count].to_numpy()
    if people:
        frame["people"] = laid[people].to_numpy()
    _check_ends(frame, known, ends)
    return frame, tuple(known), tuple(ends)


def _too_small(sizes: Mapping[str, int], least: int, kept: Collection[str]) -> list[str]:
    """Name those too small, and the next larger until they are large enough together; none where nothing is small."""
    order = sorted((name for name in sizes if name not in kept), key=lambda name: (sizes[name], name))
    found = [name for name in order if sizes[name] < least]
    total = sum(sizes[name] for name in found)
    for name in order[len(found) :]:
        if not found or total >= least:
            break
        found.append(name)
        total += sizes[name]
    return found if len(found) > 1 else []


def _step_faults(
    steps: pd.DataFrame, known: list[str], exits: Sequence[str], named: set[str], columns: tuple[str, str, list[str]]
) -> list[str]:
    sender, receiver, numbers = columns
    faults = [] if len(exits) else ["exits: name at least one way in which journeys end"]
    faults += [f'"{name}" is an exit and an agency' for name in sorted({*known} & {*map(str, exits)})]
    faults += [f'"{START}" is kept for the start of journeys: rename it' for name in (*known, *exits) if name == START]
    faults += [f'"{name}" is not among the agencies{nearest(name, known)}' for name in sorted(named - {*known})]
    ends = sorted({*steps[sender].astype(str)} & {*map(str, exits)})
    faults += [f'a step leads on from the exit "{name}"' for name in ends]
    if (steps[receiver].astype(str) == START).any():
        faults.append(f'a step leads to "{START}"')
    if ((steps[sender].astype(str) == START) & steps[receiver].astype(str).isin([str(name) for name in exits])).any():
        faults.append("a journey starts at an exit")
    blank = int(steps[[sender, receiver]].isna().any(axis=1).sum())
    faults += [f"{blank} rows lack the agency from or to which they lead"] if blank else []
    for name in numbers:
        values = pd.to_numeric(steps[name], errors="coerce")
        wrong = int((~(values >= 0) | (values != values.round())).sum())
        faults += [f"{name}: {wrong} rows are not whole numbers of 0 or more"] if wrong else []
    return faults


def _check_ends(frame: pd.DataFrame, agencies: Sequence[str], exits: Sequence[str]) -> None:
    """Stop where journeys come to an agency and never end."""
    wide = frame.pivot(index="sender", columns="receiver", values="count").fillna(0.0)
    wide = wide.reindex(columns=[*agencies, *exits]).fillna(0.0)
    inside = wide.reindex(index=list(agencies))
    ends = reaches_exit(inside[list(agencies)].to_numpy(float), inside[list(exits)].to_numpy(float))
    busy = (wide[list(agencies)].sum() + inside.sum(axis=1)).to_numpy(float) > 0
    stuck = [name for name, end, flow in zip(agencies, ends, busy, strict=True) if flow and not end]
    if stuck:
        raise NotEstimableError(
            "journeys at these agencies never reach an exit; give the steps by which they end", faults=stuck
        )
    if not busy.any():
        raise NotEstimableError("there are no steps to make a chain from")


def count_steps(
    contacts: pd.DataFrame,
    *,
    case: str = "person_id",
    step: str = "agency",
    time: str = "started_at",
    ended: str | None = None,
    until: pd.Timestamp | None = None,
    ends_after_days: float | None = None,
) -> pd.DataFrame:
    """Count the steps of journeys: from the start, between agencies, and to the end.

    Parameters
    ----------
    contacts : pandas.DataFrame
        One row a contact.
    case, step, time : str
        Columns with the person (or case), the agency and the time; rows that lack one are left out. Contacts at the
        same time are put in the order of the agencies' names.
    ended : str, optional
        Column that says at a journey's last contact how it ended; "no further contact" where it says nothing.
    until : pandas.Timestamp, optional
        End of the data; the last time in them when not given.
    ends_after_days : float, optional
        A journey ends where no contact follows within so many days, and a later contact begins another. What follows a
        contact so near ``until`` is not known yet: neither the next step from there nor that there was none is counted.
        Not given: a person makes one journey, which ends with the last contact in the data.

    Returns
    -------
    pandas.DataFrame
        ``from``, ``to``, ``count`` (steps) and ``people`` (different cases), for `estimate_chain` and
        `compare_scenario`.

    Raises
    ------
    NotEstimableError
        When no contact has a case, an agency and a time.

    Examples
    --------
    >>> log = pd.DataFrame({"person_id": [1, 1], "agency": ["police", "council"], "started_at": pd.to_datetime(["2024-01-01", "2024-01-03"])})
    >>> count_steps(log)[["from", "to", "count"]].values.tolist()
    [['council', 'no further contact', 1], ['police', 'council', 1], ['start', 'police', 1]]
    """
    ordered = contacts_in_order(contacts, case=case, step=step, time=time, keep=[ended] if ended else [])
    if ordered.empty:
        raise NotEstimableError("no contact has a person, an agency and a time, so no journey can be told")
    ordered = ordered.assign(person=ordered["case"])
    finish = ordered["time"].max() if until is None else until
    watched = finish
    if ends_after_days is not None:
        patience = pd.Timedelta(days=ends_after_days)
        later = (ordered.groupby("person")["time"].diff() > patience).groupby(ordered["person"]).cumsum()
        ordered["case"] = ordered.groupby(["person", later]).ngroup()
        watched = finish - patience
    grouped = ordered.groupby("case")
    arriving = ordered.assign(before=grouped["step"].shift(1).fillna(START), after=ordered["step"])
    arriving = arriving[~(grouped["time"].shift(1) > watched)]
    last = grouped.tail(1)
    last = last[last["time"] <= watched]
    leaving = last.assign(before=last["step"], after=last[ended].fillna(LAST).astype(str) if ended else LAST)
    both = pd.concat([arriving, leaving], ignore_index=True)
    counted = both.groupby(["before", "after"], as_index=False).agg(
        count=("person", "size"), people=("person", "nunique")
    )
    return counted.rename(columns={"before": "from", "after": "to"})
