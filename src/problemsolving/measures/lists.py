"""People on several lists: exclusive intersections as cells, with every total of a list or a pair that a reader may know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from problemsolving.measures.faults import rows_named, stop_at
from problemsolving.measures.reasoned import ReasonedResult

MOST_LISTS = 6  # 64 intersections; more can neither be read nor protected
NONE = "on none"


def member_table(records: pd.DataFrame, *, person: str, on: str) -> pd.DataFrame:
    """Turn rows of (person, list) into one row a person and one column of True or False a list.

    Parameters
    ----------
    records : pandas.DataFrame
        One row a person and list; repeated rows count once, rows without a person or a list are left out.
    person, on : str
        Columns with the person's pseudonym and the list (an agency, a kind of need).

    Returns
    -------
    pandas.DataFrame
        Index person, columns the lists in order of their names.

    Examples
    --------
    >>> rows = pd.DataFrame({"person_id": ["p", "p", "q"], "agency": ["council", "police", "police"]})
    >>> member_table(rows, person="person_id", on="agency").to_numpy().tolist()
    [[True, True], [False, True]]
    """
    missing = [column for column in (person, on) if column not in records]
    if missing:
        raise ValueError(f"records lacks the column {' and '.join(missing)}; name the columns with person and on")
    return pd.crosstab(records[person], records[on]).rename_axis(columns=None) > 0


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ListCells(ReasonedResult):
    """Base of results made from exclusive intersections of lists.

    ``frame``: a row a combination of lists, in the order of `count_patterns`; ``group`` and ``count``; ``list 1``,
    ``pair 1-2``, … name what else the row is part of, so that no total of a list, a pair or all tells a withheld count.
    """

    lists: tuple[str, ...]
    of: str = "people"

    @property
    def margins(self) -> tuple[tuple[str, ...], ...]:  # type: ignore[override]
        return margins_of(self.frame)

    @property
    def patterns(self) -> np.ndarray:
        """Which lists each row is on: rows × lists."""
        return self.frame[[f"list {place}" for place in range(1, len(self.lists) + 1)]].notna().to_numpy()


def margins_of(frame: pd.DataFrame) -> tuple[tuple[str, ...], ...]:
    """Give every total a reader may know: of each list, each pair of lists, everyone on a list, and everyone.

    A total over the same rows as another is given once.
    """
    found: dict[tuple[bool, ...], tuple[str, ...]] = {}
    for name in frame.columns:
        rows = tuple(frame[name].notna().tolist())
        if name.split(" ")[0] in ("list", "pair", "seen") and sum(rows) > 1:
            found.setdefault(rows, (name,))
    found.setdefault((True,) * len(frame), ())
    return tuple(found.values())


def count_patterns(
    people: pd.DataFrame, *, lists: Sequence[str], population: int | None, with_none: bool = True
) -> pd.DataFrame:
    """Count people by the exact combination of lists they are on.

    Parameters
    ----------
    people : pandas.DataFrame
        One row a person, a column of True or False a list.
    lists : sequence of str
        2 to 6 columns.
    population : int, optional
        Everyone who could be on a list. Without it the people on none are the rows without any True.
    with_none : bool
        Give a row for those on no list, where anything is known of them.

    Returns
    -------
    pandas.DataFrame
        Combinations in the order of a truth table, the first list slowest: none, last alone, …, all.

    Raises
    ------
    ValueError
        For every fault at once.
    """
    stop_at(_faults(people, lists, population), what="lists")
    on = people[list(lists)].to_numpy(bool)
    size = len(lists)
    weights = 2 ** np.arange(size)[::-1]
    counts = np.bincount(on @ weights, minlength=2**size).astype(float)
    if population is not None:
        counts[0] = population - counts[1:].sum()
    patterns = (np.arange(2**size)[:, None] // weights % 2).astype(bool)
    frame = pd.DataFrame({"group": [pattern_label(lists, row) for row in patterns], "count": counts})
    for place, name in enumerate(lists):
        frame[f"list {place + 1}"] = _named(patterns[:, place], name)
    if size > 2:
        for a, b in combinations(range(size), 2):
            both = patterns[:, a] & patterns[:, b]
            frame[f"pair {a + 1}-{b + 1}"] = _named(both, f"{lists[a]} & {lists[b]}")
    frame["seen"] = _named(patterns.any(axis=1), "on any list")
    return frame if with_none and counts[0] > 0 else frame.iloc[1:].reset_index(drop=True)


def _named(rows: ArrayLike, name: str) -> list[str | None]:
    """Give the name of a total in the rows that are part of it."""
    return [name if is_in else None for is_in in np.asarray(rows, bool)]


def pattern_label(lists: Sequence[str], on: Sequence[bool] | np.ndarray) -> str:
    """Name a combination of lists.

    >>> pattern_label(["police", "housing"], [True, False]), pattern_label(["police", "housing"], [False, False])
    ('police only', 'on none')
    """
    named = [name for name, is_on in zip(lists, on, strict=True) if is_on]
    return NONE if not named else f"{named[0]} only" if len(named) == 1 else " & ".join(named)


def _faults(people: pd.DataFrame, lists: Sequence[str], population: int | None) -> list[str]:
    """Name everything that is wrong with the people and their lists."""
    faults = []
    if not 2 <= len(lists) <= MOST_LISTS:
        faults.append(f"lists must name 2 to {MOST_LISTS} columns; join or leave out some")
    if len(set(lists)) < len(lists):
        faults.append("lists names a column twice")
    missing = [name for name in lists if name not in people]
    if missing:
        return [*faults, f"people lacks the column {' and '.join(missing)}"]
    known = people[list(dict.fromkeys(lists))]
    plain = known.isin([True, False]).all(axis=1)
    if not plain.all():
        faults.append(f"people must hold True or False for each list; not so in {rows_named(~plain)}")
    elif not known.to_numpy(bool).any():
        faults.append("people are on no list at all")
    elif population is not None and population < known.to_numpy(bool).any(axis=1).sum():
        faults.append("population is smaller than the number of people on a list")
    return faults
