"""How long after a person's first contact with each agency the next one came, or how long nobody saw one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from problemsolving.errors import NotEstimableError
from problemsolving.network.pathways.ordered import DAY, UNKNOWN, Floats, Ints, Ordered, about, last_moment
from problemsolving.network.pathways.watched import WatchedShares, watch
from problemsolving.results import Method
from problemsolving.stats.intervals import normal_quantile

To = Literal["same", "other", "any"]


@dataclass(frozen=True, eq=False)
class NextContacts:
    """One entry a person and agency: the agency's code, days to the next contact or to the end, and which of the two."""

    step: Ints
    case: Ints
    days: Floats
    happened: NDArray[np.bool_]
    left_out: int


def find_next(ordered: Ordered, *, to: To, ended: bool, until: pd.Timestamp | str | None = None) -> NextContacts:
    """Find the next contact after each person's first contact with each agency.

    Parameters
    ----------
    ordered : Ordered
        From `problemsolving.network.pathways.ordered.order_events`.
    to : {"same", "other", "any"}
        Whose next contact is meant: the same agency's, another's, or anyone's.
    ended : bool
        Days run from the end of the first contact that has one, else from its start.
    until : pandas.Timestamp or str, optional
        When the data end; the last time in them when not given.

    Returns
    -------
    NextContacts
        A contact at the very time from which days run is none that follows. First contacts after ``until`` are left out.
    """
    known = np.flatnonzero(ordered.finish != UNKNOWN) if ended else np.arange(len(ordered.case))
    size = np.int64(len(ordered.names))
    _, place = np.unique(ordered.case[known] * size + ordered.step[known], return_index=True)
    first = known[place]
    since = ordered.finish[first] if ended else ordered.begin[first]
    last = last_moment(until, ordered.begin, ordered.finish)
    kept = since <= last
    left_out = int(len(kept) - kept.sum())
    first, since = first[kept], since[kept]
    at = _following(ordered, first, since, to)
    found = at >= 0
    next_begin = np.where(found, ordered.begin[np.maximum(at, 0)], last)
    happened = found & (next_begin <= last)
    days = (np.minimum(next_begin, last) - since) / DAY
    return NextContacts(ordered.step[first], ordered.case[first], days, happened, left_out)


def _following(ordered: Ordered, first: Ints, since: Ints, to: To) -> Ints:
    """Give the place of the first event of the same case later than ``since``, as asked; -1 where there is none."""
    at, end = first + 1, len(ordered.case)
    found = np.full(len(first), -1, np.int64)
    open_ = np.arange(len(first))
    while len(open_):
        place = at[open_]
        inside = place < end
        open_, place = open_[inside], place[inside]
        same_case = ordered.case[place] == ordered.case[first[open_]]
        open_, place = open_[same_case], place[same_case]
        later = ordered.begin[place] > since[open_]
        if to != "any":
            later &= (ordered.step[place] == ordered.step[first[open_]]) == (to == "same")
        found[open_[later]] = place[later]
        open_ = open_[~later]
        at[open_] += 1
    return found


def share_within(
    contacts: NextContacts,
    names: tuple[str, ...],
    *,
    within_days: float,
    turned: bool,
    said: str,
    what: str,
    heading: str,
    of: str,
    confidence_level: float,
    caveats: tuple[str, ...],
    without: tuple[str, ...] = (),
) -> WatchedShares:
    """Give the share of each agency's people to whom the next contact came within so many days, or did not (``turned``)."""
    normal_quantile(confidence_level)
    if not within_days > 0:
        raise ValueError("within_days must be above 0")
    codes = [code for code in np.unique(contacts.step) if names[code] not in without]
    if not codes:
        raise NotEstimableError("no agency is left to which anyone had a first contact before the data end")
    rows, behind = [], []
    for code in codes:
        mine = contacts.step == code
        found = watch(contacts.days[mine], contacts.happened[mine], within_days=within_days)
        rows += [(names[code], "happened", found.count), (names[code], "rest", found.rest)]
        behind.append((names[code], found.at_risk, found.informative))
    inside = contacts.happened & (contacts.days <= within_days)
    short = float((~inside & (contacts.days < within_days)).mean())
    if short:
        caveats += (
            f"{about(short)} of first contacts were not watched for all {within_days:g} days: they are taken to be like the others",
        )
    if contacts.left_out:
        caveats += ("First contacts after the end of the data are left out",)
    return WatchedShares(
        method=Method(
            "Kaplan-Meier share with Wilson limits", "Kaplan & Meier 1958; Rothman 1978", {"within days": within_days}
        ),
        unit=f"share of {of} {what}",
        frame=pd.DataFrame(rows, columns=["group", "part", "count"]),
        behind=pd.DataFrame(behind, columns=["group", "at_risk", "informative"]),
        turned=turned,
        within_days=within_days,
        said=said,
        of=of,
        heading=heading,
        level=confidence_level,
        caveats=caveats,
    )
