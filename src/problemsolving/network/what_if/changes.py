"""Changes to a network of journeys: what each means, what is wrong with it, and the flow that follows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from problemsolving.errors import nearest
from problemsolving.network.what_if.absorbing import Floats, capped_visits, solve_chain
from problemsolving.network.what_if.steps import Flows

_SLACK = 1e-9


@dataclass(frozen=True, kw_only=True)
class RemoveAgency:
    """An agency is no longer there; who would have gone to it goes ``instead`` to an agency or exit, or as the others do."""

    agency: str
    instead: str | None = None


@dataclass(frozen=True, kw_only=True)
class OpenPathway:
    """A pathway that nobody took is opened: ``share`` (0 to 1) of all who leave the sender take it, the others as before."""

    sender: str
    receiver: str
    share: float


@dataclass(frozen=True, kw_only=True)
class StrengthenPathway:
    """A pathway is taken by so many more: its share among those who leave the sender rises ``by`` (0 to 1)."""

    sender: str
    receiver: str
    by: float


@dataclass(frozen=True, kw_only=True)
class CapCapacity:
    """An agency takes no more than ``most`` contacts in the time of the data; the others leave by the exit ``instead``."""

    agency: str
    most: float
    instead: str


Change = RemoveAgency | OpenPathway | StrengthenPathway | CapCapacity


class Outcome(NamedTuple):
    """What follows, one draw or many: visits and people reached (..., agencies), people by exit (..., exits)."""

    visits: Floats
    reached: Floats
    exits: Floats


def change_words(change: Change) -> str:
    """Say a change so that it does not tell whether a pathway was taken before.

    >>> change_words(StrengthenPathway(sender="police", receiver="housing", by=0.1))
    '10 in 100 more of those leaving police go on to housing'
    """
    if isinstance(change, RemoveAgency):
        there = (
            f"those bound for it go to {change.instead}" if change.instead else "those bound for it go where others go"
        )
        return f"{change.agency} is removed and {there}"
    if isinstance(change, CapCapacity):
        return f"{change.agency} takes at most {change.most:,.0f} contacts and the others leave with {change.instead}"
    return f"{_added(change) * 100:g} in 100 more of those leaving {change.sender} go on to {change.receiver}"


def _added(change: OpenPathway | StrengthenPathway) -> float:
    return change.share if isinstance(change, OpenPathway) else change.by


def change_faults(changes: Sequence[Change], flows: Flows, agencies: Sequence[str], exits: Sequence[str]) -> list[str]:
    """Give everything that is wrong with the changes, one line each."""
    faults = [] if changes else ["name at least one change"]
    removed = [change.agency for change in changes if isinstance(change, RemoveAgency)]
    shares = _shares_between(flows, agencies, exits)
    for number, change in enumerate(changes, 1):
        mine = _name_faults(change, agencies, exits, removed)
        if isinstance(change, OpenPathway | StrengthenPathway):
            mine += _pathway_faults(change, shares)
        if isinstance(change, CapCapacity) and not change.most >= 0:
            mine.append("most must be 0 or more")
        if isinstance(change, RemoveAgency) and not mine and change.instead is None:
            mine += _stranded(change.agency, removed, flows, agencies)
        faults += [f"change {number}: {fault}" for fault in mine]
    rows = flows.within.sum(axis=1) + flows.out.sum(axis=1)
    faults += [
        f"no step leads on from {name}, so that journeys sent there would not end"
        for name in changed_agencies(changes, agencies, to=True)
        if not rows[list(agencies).index(name)] > 0
    ]
    faults += [
        f"{words} stands there several times" for words, times in Counter(map(_what, changes)).items() if times > 1
    ]
    beyond: dict[str, float] = defaultdict(float)
    for change in changes:
        if isinstance(change, OpenPathway | StrengthenPathway):
            beyond[change.sender] += _added(change) + shares.get((change.sender, change.receiver), 0.0)
    faults += [
        f"the changed pathways from {name} would take {total:.2f} of those who leave it, beyond 1"
        for name, total in beyond.items()
        if total > 1 + _SLACK
    ]
    return faults


def _what(change: Change) -> str:
    if isinstance(change, RemoveAgency):
        return f"removing {change.agency}"
    return (
        f"a cap on {change.agency}"
        if isinstance(change, CapCapacity)
        else f"the pathway {change.sender} to {change.receiver}"
    )


def _shares_between(flows: Flows, agencies: Sequence[str], exits: Sequence[str]) -> dict[tuple[str, str], float]:
    both = np.concatenate(flows.shares(), axis=1)
    names = [*agencies, *exits]
    return {(a, b): float(both[i, j]) for i, a in enumerate(agencies) for j, b in enumerate(names)}


def _name_faults(change: Change, agencies: Sequence[str], exits: Sequence[str], removed: Sequence[str]) -> list[str]:
    places = [*agencies, *exits]
    if isinstance(change, RemoveAgency):
        asked = [(change.agency, agencies)] + ([(change.instead, places)] if change.instead is not None else [])
    elif isinstance(change, CapCapacity):
        asked = [(change.agency, agencies), (change.instead, exits)]
    else:
        asked = [(change.sender, agencies), (change.receiver, places)]
    faults = []
    for name, known in asked:
        kind = "exit" if known is exits else "agency" if known is agencies else "agency or exit"
        faults += [] if name in known else [f'no {kind} "{name}"{nearest(name, known)}']
    gone = [
        name
        for at, (name, _) in enumerate(asked)
        if name in removed and not (at == 0 and isinstance(change, RemoveAgency))
    ]
    return faults + [f'"{name}" is removed by this scenario' for name in gone]


def _pathway_faults(change: OpenPathway | StrengthenPathway, shares: Mapping[tuple[str, str], float]) -> list[str]:
    before, added = shares.get((change.sender, change.receiver)), _added(change)
    name = "share" if isinstance(change, OpenPathway) else "by"
    faults = [] if 0 <= added <= 1 else [f"{name} must lie between 0 and 1"]
    if before is None:
        return faults
    if isinstance(change, OpenPathway) and before > 0:
        faults.append(f"the pathway {change.sender} to {change.receiver} exists already; strengthen it")
    if isinstance(change, StrengthenPathway) and before == 0:
        faults.append(f"nobody took the pathway {change.sender} to {change.receiver}; open it")
    return faults


def changed_agencies(changes: Sequence[Change], agencies: Sequence[str], *, to: bool = False) -> list[str]:
    """Name the agencies that the changes name; with ``to`` those alone to which they send people."""
    return [name for name in named_in(changes, to=to) if name in agencies]


def named_in(changes: Sequence[Change], *, to: bool = False) -> list[str]:
    """Name the agencies and exits that the changes name; with ``to`` those alone to which they send people."""
    named: list[str | None] = []
    for change in changes:
        if isinstance(change, OpenPathway | StrengthenPathway):
            named += [change.receiver] if to else [change.sender, change.receiver]
        else:
            named += [change.instead] if to else [change.agency, change.instead]
    return [name for name in dict.fromkeys(named) if name is not None]


def _stranded(agency: str, removed: Sequence[str], flows: Flows, agencies: Sequence[str]) -> list[str]:
    """Name agencies (or the start) that lead nowhere but to what is removed."""
    gone = np.array([name in removed for name in agencies])
    rows = np.concatenate([flows.within, flows.out], axis=1)
    left = rows.sum(axis=1) - rows[:, : len(agencies)][:, gone].sum(axis=1)
    at = list(agencies).index(agency)
    stuck = [
        name
        for name, row, rest, out in zip(agencies, rows, left, gone, strict=True)
        if row[at] > 0 and rest <= 0 and not out
    ]
    if flows.entries[at] > 0 and flows.entries[~gone].sum() <= 0:
        stuck.append("the start")
    return [f"{name} leads nowhere but to {agency}: say where people go instead" for name in stuck]


def follow(flows: Flows, changes: Sequence[Change], agencies: Sequence[str], exits: Sequence[str]) -> Outcome:
    """Work out what follows from the flows once they are changed.

    Parameters
    ----------
    flows : Flows
        Counts of steps, one draw or many.
    changes : sequence of Change
        Removals come first, then pathways, then caps, whatever their order.
    agencies, exits : sequence of str
        Names of rows and columns.
    """
    places = {name: at for at, name in enumerate([*agencies, *exits])}
    n = len(agencies)
    shares = np.concatenate(flows.shares(), axis=-1)
    ended = np.zeros((*flows.entries.shape[:-1], len(exits)))
    start = np.concatenate([flows.entries, ended], axis=-1)
    gone = [change for change in changes if isinstance(change, RemoveAgency)]
    for change in gone:
        shares = _without(shares, places[change.agency], change.instead, places)
        start = _without(start, places[change.agency], change.instead, places)
    for change in gone:
        shares[..., places[change.agency], :] = 0.0
    shares = _with_pathways(shares, changes, places)
    within, out, entries, ended = shares[..., :n], shares[..., n:], start[..., :n], start[..., n:]
    capped = [change for change in changes if isinstance(change, CapCapacity)]
    if capped:
        within, out, entries, ended = _with_caps(within, out, entries, ended, capped, places)
    used = shares.sum(axis=-1) > 0
    return _outcome(entries, within, out + 0.0, ended, used)


def _without(rows: Floats, at: int, instead: str | None, places: Mapping[str, int]) -> Floats:
    """Take a place out of rows, its part to another place or spread over the others as they are."""
    moved = rows.copy()
    part = moved[..., at].copy()
    moved[..., at] = 0.0
    if instead is not None:
        moved[..., places[instead]] += part
        return moved
    left = moved.sum(axis=-1)
    scale = np.where(left > 0, (left + part) / np.where(left > 0, left, 1.0), 1.0)
    return np.where((part > 0)[..., None], moved * scale[..., None], moved)


def _with_pathways(shares: Floats, changes: Sequence[Change], places: Mapping[str, int]) -> Floats:
    """Raise the shares of changed pathways; the others of the same agency make room in proportion."""
    changed = shares.copy()
    by_sender: dict[str, list[OpenPathway | StrengthenPathway]] = defaultdict(list)
    for change in changes:
        if isinstance(change, OpenPathway | StrengthenPathway) and _added(change) > 0:
            by_sender[change.sender].append(change)
    for sender, mine in by_sender.items():
        row = changed[..., places[sender], :]
        columns = [places[change.receiver] for change in mine]
        total = row.sum(axis=-1)
        raised = row[..., columns] + np.array([_added(change) for change in mine]) * total[..., None]
        over = np.maximum(raised.sum(axis=-1) / np.where(total > 0, total, 1.0), 1.0)
        raised = raised / over[..., None]
        others = total - row[..., columns].sum(axis=-1)
        scale = np.maximum(total - raised.sum(axis=-1), 0.0) / np.where(others > 0, others, 1.0)
        row = row * scale[..., None]
        row[..., columns] = raised
        changed[..., places[sender], :] = row
    return changed


def _with_caps(
    within: Floats, out: Floats, entries: Floats, ended: Floats, caps: Sequence[CapCapacity], places: Mapping[str, int]
) -> tuple[Floats, Floats, Floats, Floats]:
    """Send those beyond a cap to its exit, each arrival with the same chance of being taken."""
    n = within.shape[-1]
    most = np.full(n, np.inf)
    most[[places[cap.agency] for cap in caps]] = [cap.most for cap in caps]
    used = (within.sum(axis=-1) + out.sum(axis=-1)) > 0
    free = (entries[..., None, :] @ solve_chain(within, out + ~used[..., None]).visits)[..., 0, :]
    taken = capped_visits(entries, within, free, most)
    coming = entries + (taken[..., None, :] @ within)[..., 0, :]
    admitted = np.where(coming > most, np.minimum(taken / np.where(coming > 0, coming, 1.0), 1.0), 1.0)
    out, ended = out.copy(), ended.copy()
    for cap in caps:
        at, exit_ = places[cap.agency], places[cap.instead] - n
        refused = 1 - admitted[..., at]
        out[..., exit_] += within[..., at] * refused[..., None]
        ended[..., exit_] += entries[..., at] * refused
    return within * admitted[..., None, :], out, entries * admitted, ended


def _outcome(entries: Floats, within: Floats, out: Floats, ended: Floats, used: np.ndarray) -> Outcome:
    """Visits, people reached and exits; missing where people come to an agency from which no step leads."""
    chain = solve_chain(within, np.concatenate([out, ~used[..., None]], axis=-1))
    visits = (entries[..., None, :] @ chain.visits)[..., 0, :]
    nowhere = (visits * ~used).sum(axis=-1) > _SLACK  # in a draw from which the only way on was removed
    visits = np.where(nowhere[..., None], np.nan, visits)
    again = np.diagonal(chain.visits, axis1=-2, axis2=-1)
    exits = (entries[..., None, :] @ chain.shares[..., :-1])[..., 0, :]
    return Outcome(visits, visits / again, np.where(nowhere[..., None], np.nan, exits + ended))
