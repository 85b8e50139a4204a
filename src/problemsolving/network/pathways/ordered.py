"""Events in the order in which each case had them, as arrays of numbers: fast enough for millions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from problemsolving.errors import NetworkError, NotEstimableError

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Ties = Literal["steps", "rows"]

DAY = 86_400_000_000  # microseconds
UNKNOWN = np.iinfo(np.int64).min  # a time that is missing


@dataclass(frozen=True, eq=False)
class Ordered:
    """Events sorted by case and time, as codes; ``names`` are the steps' labels, in their own order.

    ``begin`` and ``finish`` are microseconds since 1970 (``finish`` is ``UNKNOWN`` where missing, and ``begin`` itself
    where no ends were given); ``holder`` is the resource's code (-1 unknown), the step's where none was given.
    """

    case: Ints
    step: Ints
    begin: Ints
    finish: Ints
    holder: Ints
    names: tuple[str, ...]
    cases: int
    left_out: int
    tied: int
    ended: bool
    given: bool  # whether resources were given
    identifiers: Any = None  # of the cases, in the order of their codes; never shown

    @property
    def follows(self) -> NDArray[np.bool_]:
        """Whether an event belongs to the same case as the one before it, from the second event on."""
        return self.case[1:] == self.case[:-1]

    @property
    def first(self) -> NDArray[np.bool_]:
        """Whether an event is the first of its case."""
        return np.concatenate([[True], ~self.follows]) if len(self.case) else np.zeros(0, bool)

    @property
    def last(self) -> NDArray[np.bool_]:
        """Whether an event is the last of its case."""
        return np.concatenate([~self.follows, [True]]) if len(self.case) else np.zeros(0, bool)


def order_events(
    events: pd.DataFrame,
    *,
    case: str = "person_id",
    step: str = "agency",
    start: str = "started_at",
    end: str | None = None,
    resource: str | None = None,
    ties: Ties = "steps",
) -> Ordered:
    """Put events in order of case and time, whatever the order of their rows.

    Parameters
    ----------
    events : pandas.DataFrame
        One row an event. Rows that lack a case, a step or a start are left out and counted.
    case, step, start : str
        Columns with the person (or case), the agency (or activity), and the time.
    end, resource : str, optional
        Columns with the end of the event, and with who did it.
    ties : {"steps", "rows"}
        What decides between events of a case at one time: the steps' names, so that the order of the rows says
        nothing, or the order of the rows, for a log that was written in order.

    Returns
    -------
    Ordered
        Codes and times in order, with the number of events that follow another of their case at the same time.

    Raises
    ------
    NetworkError
        For every column that is missing or holds no times, all at once.
    NotEstimableError
        When no event has a case, a step and a start.

    Notes
    -----
    Do not use where only days are known and the order within a day matters: ``tied`` says how often it would.

    Examples
    --------
    >>> log = pd.DataFrame({"p": [1, 2, 1], "a": ["y", "x", "x"], "t": pd.to_datetime(["2024-01-02", "2024-01-01", "2024-01-01"])})
    >>> found = order_events(log, case="p", step="a", start="t")
    >>> [found.names[code] for code in found.step], found.cases
    (['x', 'y', 'x'], 2)
    """
    check_columns(
        events, [case, step, start, *(name for name in (end, resource) if name)], [start, *([end] if end else [])]
    )
    codes, people = pd.factorize(events[case])
    steps, names = _sorted_codes(events[step])
    begin = to_microseconds(events[start])
    finish = begin if end is None else to_microseconds(events[end])
    holder = steps if resource is None else _sorted_codes(events[resource])[0]
    kept = (codes >= 0) & (steps >= 0) & (begin != UNKNOWN)
    left_out = int(len(kept) - kept.sum())
    if not kept.any():
        raise NotEstimableError("no event has a case, a step and a start, so that nothing is known of any journey")
    if left_out:
        codes, steps, begin, finish, holder = (values[kept] for values in (codes, steps, begin, finish, holder))
        codes, places = pd.factorize(codes)
        people = people[places]
    place = _in_order(codes, begin, steps, (finish, holder) if end or resource else (), ties)
    case_codes, begin = codes[place].astype(np.int64), begin[place]
    tied = int(((case_codes[1:] == case_codes[:-1]) & (begin[1:] == begin[:-1])).sum())
    return Ordered(
        case=case_codes,
        step=steps[place],
        begin=begin,
        finish=begin if end is None else finish[place],
        holder=holder[place],
        names=names,
        cases=len(people),
        left_out=left_out,
        tied=tied,
        ended=end is not None,
        given=resource is not None,
        identifiers=people,
    )


def by_identifier(ordered: Ordered) -> Ints:
    """Give the rank of each case's identifier, so that what is drawn for a case depends on no order of rows."""
    rank = np.empty(ordered.cases, np.int64)
    names = np.asarray(ordered.identifiers)  # of a categorical: what it says, not the order of its categories
    try:
        place = np.argsort(names, kind="stable")
    except TypeError:  # numbers beside text
        place = np.argsort(np.array([f"{type(name).__name__} {name}" for name in names], object), kind="stable")
    rank[place] = np.arange(ordered.cases)
    return rank


def is_true(flags: pd.Series) -> NDArray[np.bool_]:
    """Tell which flags are true; one that is missing is not, and what is neither true nor false is refused.

    >>> is_true(pd.Series([True, None, False], dtype="boolean")).tolist()
    [True, False, False]
    """
    if not flags.dropna().astype(object).isin([True, False]).all():
        raise NetworkError(
            "these events cannot be told apart", faults=[f"{flags.name}: holds what is neither true nor false"]
        )
    return np.asarray(flags.eq(True).fillna(False).to_numpy(bool))


def check_columns(frame: pd.DataFrame, needed: list[str], times: list[str] | tuple[str, ...] = ()) -> None:
    """Refuse a frame that lacks columns, or whose columns of times hold something else, all faults at once."""
    faults = [f"{name}: no such column" for name in needed if name not in frame]
    faults += [
        f"{name}: holds no times; convert it with pandas.to_datetime"
        for name in times
        if name in frame and not pd.api.types.is_datetime64_any_dtype(frame[name]) and not frame[name].isna().all()
    ]
    if faults:
        raise NetworkError("these events cannot be put in order", faults=faults)


def to_microseconds(times: pd.Series) -> Ints:
    """Give microseconds since 1970, ``UNKNOWN`` where missing; times with an offset are taken as UTC."""
    plain = times if pd.api.types.is_datetime64_any_dtype(times) else pd.to_datetime(times)
    if getattr(plain.dt, "tz", None) is not None:
        plain = plain.dt.tz_convert("UTC").dt.tz_localize(None)
    return np.asarray(plain.to_numpy().astype("datetime64[us]").view(np.int64))


def last_moment(until: pd.Timestamp | str | None, *times: Ints) -> int:
    """Give when the data end, in microseconds: as told, or the last time in them."""
    if until is not None:
        return int(to_microseconds(pd.Series([pd.Timestamp(until)]))[0])
    known = [int(values.max()) for values in times if len(values) and values.max() != UNKNOWN]
    if not known:
        raise NotEstimableError("no time is known, so that nobody was watched for any time")
    return max(known)


def _sorted_codes(labels: pd.Series) -> tuple[Ints, tuple[str, ...]]:
    """Give codes by the order of the labels as text (-1 missing), and the labels."""
    codes, found = pd.factorize(labels)
    words = np.array([str(label) for label in found], dtype=object)
    names, place = np.unique(words, return_inverse=True) if len(words) else (words, np.zeros(0, np.int64))
    lookup = np.append(place.astype(np.int64), -1)  # code -1 finds the last entry
    return lookup[codes], tuple(names)


def _in_order(cases: Ints, begin: Ints, steps: Ints, more: tuple[Ints, ...], ties: Ties) -> Ints:
    """Give the order by case, time and, among ties, steps and whatever else the events have."""
    keys = (*reversed(more), steps) if ties == "steps" else ()
    packed = _packed(cases, begin, steps if ties == "steps" else None)
    if packed is None:
        return np.asarray(np.lexsort((*keys, begin, cases)))
    place = np.argsort(packed, kind="stable")
    if ties == "steps" and more:
        sorted_keys = packed[place]
        if (sorted_keys[1:] == sorted_keys[:-1]).any():
            return np.asarray(np.lexsort((*keys, begin, cases)))
    return place


def _packed(cases: Ints, begin: Ints, steps: Ints | None) -> Ints | None:
    """Put case, time and step into one number each that sorts as they do; None where they do not fit."""
    low = int(begin.min())
    since = begin - low
    unit = next(size for size in (60_000_000, 1_000_000, 1_000, 1) if not (since % size).any())
    since //= unit
    spans = [int(cases.max()) + 1, int(since.max()) + 1, 1 if steps is None else int(steps.max()) + 1]
    if spans[0] * spans[1] * spans[2] >= 2**62:
        return None
    packed = cases.astype(np.int64) * spans[1] + since
    return packed if steps is None else packed * spans[2] + steps


def about(share: float) -> str:
    """Say a share in words coarse enough to leave.

    >>> about(0.02), about(0.31)
    ('Up to 10 in 100', 'Up to 40 in 100')
    """
    return f"Up to {np.ceil(share * 10 - 1e-9) * 10:.0f} in 100"
