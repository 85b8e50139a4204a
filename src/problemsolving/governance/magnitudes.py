"""Sums with contributors (minutes, cost, harm): threshold, p-ratio and dominance, then a second cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from problemsolving.errors import DisclosureError
from problemsolving.governance.policies import Policy
from problemsolving.governance.suppression import Total, hide_rectangles, released_totals

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("count", "total", "largest", "second")
DEFAULT_RATIO = 0.10  # how closely a largest contributor may be placed where a policy has no rule of its own


@dataclass(frozen=True, eq=False)
class MagnitudeCells:
    """A table of sums: ``frame`` has ``by``, ``count`` (contributors), ``total``, ``largest`` and ``second``."""

    frame: pd.DataFrame
    by: tuple[str, ...]


def sum_cells(
    rows: pd.DataFrame, *, by: Sequence[str], value: str, contributor: str | None = None, full: bool = True
) -> MagnitudeCells:
    """Add up rows into cells and keep what the rules need: how many contributors, and the two largest.

    Parameters
    ----------
    rows : pandas.DataFrame
        One row a contribution; rows without a value or a group are left out.
    by : sequence of str
        One or two columns that make a cell.
    value : str
        Column to add up, 0 or more.
    contributor : str, optional
        Column with who contributed; each row is its own contributor when not given.
    full : bool
        Give every crossing of the groups, also those without a row.

    Returns
    -------
    MagnitudeCells
        ``total``, ``largest`` and ``second`` in the unit of the value.

    Raises
    ------
    ValueError
        For a negative value: dominance is not defined then.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"agency": ["a", "a", "a"], "minutes": [5.0, 60.0, 35.0]})
    >>> sum_cells(rows, by=["agency"], value="minutes").frame[["count", "total", "largest", "second"]].values.tolist()
    [[3.0, 100.0, 60.0, 35.0]]
    """
    import pandas as pd

    if contributor is not None:
        rows = rows.groupby([*by, contributor], observed=True, sort=False, as_index=False)[value].sum()
    known = [pd.factorize(rows[column], sort=True) for column in by]
    codes = np.zeros(len(rows), np.int64)
    used = rows[value].notna().to_numpy(copy=True)
    for place, labels in known:
        codes = codes * max(len(labels), 1) + place
        used &= place >= 0
    values, codes = rows[value].to_numpy(float)[used], codes[used]
    if (values < 0).any():
        raise ValueError("values must be 0 or more: dominance is not defined for negative ones")
    size = int(np.prod([len(labels) for _, labels in known]))
    largest, second = _two_largest(values, codes, size)
    crossed = np.unravel_index(np.arange(size), [len(labels) for _, labels in known])
    frame = pd.DataFrame(
        {column: np.asarray(labels)[at] for column, (_, labels), at in zip(by, known, crossed, strict=True)}
        | {
            "count": np.bincount(codes, minlength=size).astype(float),
            "total": np.bincount(codes, weights=values, minlength=size),
            "largest": largest,
            "second": second,
        }
    )
    return MagnitudeCells(frame if full else frame[frame["count"] > 0].reset_index(drop=True), tuple(by))


def _two_largest(values: np.ndarray, codes: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Give the largest and second largest value of each cell; 0 where there is none."""
    order = np.lexsort((values, codes))
    ordered, owner = values[order], codes[order]
    last = np.flatnonzero(np.append(owner[1:] != owner[:-1], True)) if len(owner) else np.array([], int)
    largest, second = np.zeros(size), np.zeros(size)
    largest[owner[last]] = ordered[last]
    before = last[(last > 0) & (owner[np.maximum(last - 1, 0)] == owner[last])]
    second[owner[before]] = ordered[before - 1]
    return largest, second


def is_dominated(cells: pd.DataFrame, policy: Policy) -> np.ndarray:
    """Tell which sums rest too much on their largest contributors, by the policy's p-ratio and dominance rules.

    Parameters
    ----------
    cells : pandas.DataFrame
        With ``total``, ``largest`` and ``second``.
    policy : Policy
        Rules it does not have are not applied.

    Returns
    -------
    array of bool, shape (cells,)

    Examples
    --------
    >>> import pandas as pd
    >>> from problemsolving.governance.policies import POLICIES
    >>> is_dominated(pd.DataFrame({"total": [100.0], "largest": [60.0], "second": [35.0]}), POLICIES["acro"]).tolist()
    [True]
    """
    total, largest, second = (cells[column].to_numpy(float) for column in ("total", "largest", "second"))
    found = np.zeros(len(cells), bool)
    if policy.p_ratio is not None:
        found |= (total - largest - second) < policy.p_ratio * largest
    if policy.dominance is not None:
        most, share = policy.dominance
        found |= (total > 0) & (largest + (second if most > 1 else 0.0) >= share * total)
    return found


@dataclass(frozen=True, eq=False)
class ReleasedSums:
    """Sums that may leave: ``frame`` has the groups, ``count`` and ``total``, both missing where withheld.

    ``totals`` has the same for the rows (and columns) of the table: ``margin``, ``group``, ``count``, ``total``.
    """

    frame: pd.DataFrame
    totals: pd.DataFrame
    first: int  # cells withheld for themselves
    second: int  # and with them


def release_sums(cells: MagnitudeCells, policy: Policy) -> ReleasedSums:
    """Withhold cells by threshold, p-ratio and dominance, a second one with them, and round the counts.

    Parameters
    ----------
    cells : MagnitudeCells
        Row and column totals are taken as known to the reader.
    policy : Policy
        In force.

    Returns
    -------
    ReleasedSums
        Neither count nor total of a withheld cell; largest and second largest never leave.

    Raises
    ------
    DisclosureError
        When the table is too small to protect a cell; the remedy is to join groups.
    """
    frame = cells.frame
    counts, sums = frame["count"].to_numpy(float), frame["total"].to_numpy(float)
    lines = _lines(cells)
    totals = released_totals(counts, np.zeros(len(counts), bool), lines, policy)
    known = np.isfinite(totals)
    if policy.suppress_to is None:
        first = hidden = np.zeros(len(counts), bool)
    else:
        first = policy.is_small(counts) | ((counts > 0) & is_dominated(frame, policy))
        room = (policy.p_ratio or DEFAULT_RATIO) * frame["largest"].to_numpy(float)
        found = _second(counts, sums, first, room, lines, known, policy)
        if found is None:
            raise DisclosureError(
                "a sum cannot be protected from its row and column totals; join groups, or leave the table out"
            )
        hidden = found
    shown = frame[list(cells.by)].assign(
        count=policy.round(np.where(hidden, np.nan, counts)), total=np.where(hidden, np.nan, sums)
    )
    margins = _margins(cells, lines).assign(
        count=np.where(known, totals, np.nan),
        total=np.where(known, [sums[line.parts].sum() for line in lines], np.nan),
    )
    return ReleasedSums(shown, margins, int(first.sum()), int((hidden & ~first).sum()))


def _margins(cells: MagnitudeCells, lines: list[Total]) -> pd.DataFrame:
    """Name the rows and columns of a table."""
    import pandas as pd

    if len(cells.by) == 1:
        return pd.DataFrame({"margin": [""], "group": ["all"]})
    names = [cells.by[line.margin] for line in lines]
    return pd.DataFrame(
        {
            "margin": names,
            "group": [cells.frame[name].iloc[line.parts[0]] for name, line in zip(names, lines, strict=True)],
        }
    )


def _lines(cells: MagnitudeCells) -> list[Total]:
    """Give the rows and columns of a table; the one row of a one-way table."""
    if len(cells.by) == 1:
        return [Total(np.arange(len(cells.frame)), None, 0)]
    return [
        Total(places, None, margin)
        for margin, column in enumerate(cells.by)
        for places in cells.frame.groupby(column, sort=False).indices.values()
    ]


def _second(
    counts: np.ndarray,
    sums: np.ndarray,
    first: np.ndarray,
    room: np.ndarray,
    lines: list[Total],
    known: np.ndarray,
    policy: Policy,
) -> np.ndarray | None:
    """Withhold further cells, and totals where they are not enough, until neither counts nor sums of the first can be told from the totals."""
    targets = np.flatnonzero(first).tolist()
    top = float(policy.suppress_to or 0)
    small = policy.is_small(counts)
    rise, fall = np.where(small, top - counts, 0.0), np.where(small, counts - policy.floor, 0.0)
    if len({line.margin for line in lines}) == 1:
        order = np.argsort(counts, kind="stable")
        more = order[~first[order] & (counts[order] >= policy.floor)]
        for taken in range(len(more) + 1):
            hidden = first.copy()
            hidden[more[:taken]] = True
            spare = counts[hidden].sum() - (hidden.sum() - 1) * policy.floor
            if not targets or (spare >= top and _covers(sums, hidden, targets, room)):
                return hidden
        return None
    settings: dict[str, Any] = {"known": known, "may_free": True}
    both = hide_rectangles(counts, first, targets, lines, fall=fall, rise=rise, floor=float(policy.floor), **settings)
    if both is None:
        return None
    return hide_rectangles(sums, both, targets, lines, fall=np.minimum(room, sums), rise=room, floor=0.0, **settings)


def _covers(sums: np.ndarray, hidden: np.ndarray, targets: list[int], room: np.ndarray) -> bool:
    """Tell whether the other withheld sums leave each target as much room as it needs."""
    others = sums[hidden].sum() - sums[targets]
    return bool((others >= room[targets]).all()) and int(hidden.sum()) > 1
