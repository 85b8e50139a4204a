"""Suppression: withhold small counts, then a second one wherever a total would tell the first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from problemsolving.governance.attacker import Knowledge, narrowed
from problemsolving.governance.policies import Policy

if TYPE_CHECKING:
    import pandas as pd

PROGRAMMED = 300  # cells of a table in rows and columns up to which linear programmes choose, beyond it rectangles do


@dataclass(frozen=True, eq=False)
class Total:
    """Counts that add up to a total a reader may know: their rows, the total's own row where it has one, the margin."""

    parts: np.ndarray
    row: int | None
    margin: int


def find_totals(cells: pd.DataFrame, margins: Sequence[tuple[str, ...]]) -> list[Total]:
    """Find the totals of a frame of cells.

    Parameters
    ----------
    cells : pandas.DataFrame
        With the columns that the margins name; a boolean column ``total`` marks rows that are totals. A margin
        whose columns the frame lacks is taken over all rows.
    margins : sequence of tuple of str
        As `problemsolving.results.Result.margins`.

    Returns
    -------
    list of Total
        A lone count without a total of its own beside it is left out: the total is the count itself.
    """
    is_total = cells["total"].fillna(False).to_numpy(bool) if "total" in cells else np.zeros(len(cells), bool)
    found = []
    for number, columns in enumerate(margins):
        known = [column for column in columns if column in cells]
        if not known:
            groups = [np.arange(len(cells))]
        else:
            groups = list(cells.reset_index(drop=True).groupby(known, dropna=True, sort=False).indices.values())
        for rows in groups:
            own = rows[is_total[rows]]
            parts = rows[~is_total[rows]]
            if len(parts) > 1 or (len(parts) and len(own)):
                found.append(Total(parts, int(own[0]) if len(own) else None, number))
    return found


def released_totals(counts: np.ndarray, hidden: np.ndarray, totals: Sequence[Total], policy: Policy) -> np.ndarray:
    """Give each total as the reader may know it: rounded, NaN where it is withheld or cannot be told."""
    true = np.array([counts[t.parts].sum() if t.row is None else counts[t.row] for t in totals], float)
    withheld = np.array([t.row is not None and hidden[t.row] for t in totals], bool) | policy.is_small(true)
    margins = np.array([t.margin for t in totals])
    if len(set(margins.tolist())) > 1:  # the totals of one margin add up to what those of the other do
        for margin in np.unique(margins[withheld]):
            lines = np.flatnonzero(margins == margin)
            second = suppress(true[lines], policy, [Total(np.arange(len(lines)), None, 0)])
            withheld[lines] |= True if second is None else second
    return np.where(withheld, np.nan, policy.round(true))


def reader_knows(
    released: np.ndarray, sums: np.ndarray, totals: Sequence[Total], policy: Policy, *, whole: bool
) -> Knowledge:
    """Put together what a reader knows of one release: limits of each count, limits of each total."""
    low, high = policy.limits(released, whole=whole)
    known = Knowledge(low, high)
    for total, least, most in zip(totals, *policy.limits(sums, whole=whole), strict=True):
        known.add(total.parts, least, most)
    return known


def suppress(counts: np.ndarray, policy: Policy, totals: Sequence[Total] = ()) -> np.ndarray | None:
    """Choose the counts to withhold: the small ones, and others so that no total tells a small one.

    Parameters
    ----------
    counts : array, shape (n,)
        True counts; NaN where unknown.
    policy : Policy
        Its threshold, rounding and rule for zeros.
    totals : sequence of Total
        From `find_totals`.

    Returns
    -------
    array of bool, shape (n,), or None
        True where withheld. The smallest counts are taken. None when nothing short of withholding everything,
        totals too, would protect the small ones.

    Notes
    -----
    Afterwards a reader who knows every shown count and every total to its rounding can place no small count more
    closely than the policy's own interval. The reader is not told which counts were withheld first.

    References
    ----------
    Giessing S, Repsilber D (2002) Tools and strategies to protect multiple tables with the GHQUAR cell suppression
    engine. In: Inference control in statistical databases. doi:10.1007/3-540-47804-3_14
    """
    small = policy.is_small(counts)
    hidden = small | np.isnan(counts)
    if not small.any() or not totals or policy.suppress_to is None:
        return hidden
    inside = np.unique(np.concatenate([total.parts for total in totals]))
    targets = inside[small[inside]].tolist()
    if len({total.margin for total in totals}) == 2 and len(inside) > PROGRAMMED:
        return hide_rectangles(counts, hidden, targets, totals, **_moves(counts, hidden, totals, policy))
    whole = bool((np.nan_to_num(counts) == np.round(np.nan_to_num(counts))).all())
    while targets:
        sums = released_totals(counts, hidden, totals, policy)
        known = reader_knows(policy.round(np.where(hidden, np.nan, counts)), sums, totals, policy, whole=whole)
        ends = {"low": [policy.floor] * len(targets), "high": [policy.suppress_to] * len(targets)}
        bad, _ = narrowed(known, [[target] for target in targets], **ends)
        if not bad:
            return hidden
        more = {place for at in bad for place in _next(counts, hidden, targets[at], totals, policy)}
        if not more:
            return None
        hidden = hidden.copy()
        hidden[list(more)] = True
    return hidden


def _next(counts: np.ndarray, hidden: np.ndarray, target: int, totals: Sequence[Total], policy: Policy) -> list[int]:
    """Name the next counts to withhold for one that is not protected: alone in its row or column first."""
    mine = [total for total in totals if target in total.parts]
    open_ = [_smallest(counts, hidden, total.parts, policy.floor) for total in mine]
    alone = [
        place for total, place in zip(mine, open_, strict=True) if place is not None and hidden[total.parts].sum() == 1
    ]
    if alone:
        return alone
    if len({total.margin for total in totals}) == 2:
        wider = hide_rectangles(counts, hidden, [target], totals, **_moves(counts, hidden, totals, policy))
        if wider is not None and (wider & ~hidden).any():
            return np.flatnonzero(wider & ~hidden).tolist()
    return [place for place in open_ if place is not None]


def _moves(counts: np.ndarray, hidden: np.ndarray, totals: Sequence[Total], policy: Policy) -> dict[str, Any]:
    """How far each small count must be free to move, and against which totals."""
    return {
        "known": np.isfinite(released_totals(counts, hidden, totals, policy)),
        "fall": counts - policy.floor,
        "rise": float(policy.suppress_to or 0) - counts,
        "floor": float(policy.floor),
    }


def _smallest(counts: np.ndarray, hidden: np.ndarray, places: np.ndarray, floor: int) -> int | None:
    """Give the place of the smallest shown count that may be withheld (a zero that is shown may not)."""
    shown = places[~hidden[places] & (counts[places] >= floor)]
    return int(shown[np.argmin(counts[shown])]) if len(shown) else None


@dataclass(frozen=True, eq=False)
class _Table:
    """Cells laid out in rows and columns: ``place`` holds the cell of each crossing, ``size`` where there is none.

    A row or column whose total is withheld has one more crossing, ``size + 1``: the total itself, free to move.
    """

    row: np.ndarray
    column: np.ndarray
    place: np.ndarray
    size: int

    @classmethod
    def of(cls, totals: Sequence[Total], size: int, known: np.ndarray) -> _Table:
        """Lay out; ``known`` tells which totals the reader knows."""
        lines = [np.full(size, -1), np.full(size, -1)]
        free: list[list[int]] = [[], []]
        for axis, margin in enumerate(sorted({total.margin for total in totals})):
            mine = [
                (total, bool(is_known)) for total, is_known in zip(totals, known, strict=True) if total.margin == margin
            ]
            for number, (total, is_known) in enumerate(mine):
                lines[axis][total.parts] = number
                if not is_known:
                    free[axis].append(number)
        place = np.full((lines[0].max() + 2, lines[1].max() + 2), size)
        both = np.flatnonzero((lines[0] >= 0) & (lines[1] >= 0))
        place[lines[0][both], lines[1][both]] = both
        place[free[0], -1] = place[-1, free[1]] = place[-1, -1] = size + 1
        return cls(lines[0], lines[1], place, size)

    def rectangle(self, state: _State, target: int, *, fall: float, rise: float) -> list[int] | None:
        """Give the three other corners of the cheapest rectangle that lets the target fall and rise so far.

        All row and column totals stay as they are when two opposite corners fall by what the others rise, so a
        reader must hold it possible.
        """
        r, c = self.row[target], self.column[target]
        if min(r, c) < 0:
            return None
        in_row, in_column = self.place[r], self.place[:, c]
        beside, below = state.room[in_row] >= max(rise, 0.0), state.room[in_column] >= max(rise, 0.0)
        beside[c] = below[r] = False
        columns, rows = np.flatnonzero(beside), np.flatnonzero(below)
        if not len(columns) or not len(rows):
            return None
        across = self.place[rows[:, None], columns[None, :]]
        cost = state.price[across] + state.price[in_row[columns]][None, :] + state.price[in_column[rows]][:, None]
        cost[state.room[across] < max(fall, 0.0)] = np.inf
        best, best_column = divmod(int(np.argmin(cost)), len(columns))
        if not np.isfinite(cost[best, best_column]):
            return None
        return [int(in_row[columns[best_column]]), int(in_column[rows[best]]), int(across[best, best_column])]

    def rectangles(self, state: _State, target: int, *, by: float, up: bool) -> list[int] | None:
        """Give the corners of several rectangles that together let the target rise (or fall) so far, one after another."""
        r, c = self.row[target], self.column[target]
        if min(r, c) < 0:
            return None
        in_row, in_column, room, price = self.place[r], self.place[:, c], state.room.copy(), state.price.copy()
        taken: list[int] = []
        while by > 1e-9:
            gain = np.minimum(room[in_row][None, :], room[in_column][:, None]) if up else room[self.place]
            may = (room[self.place] >= 0) & (room[in_row] >= 0)[None, :] & (room[in_column] >= 0)[:, None]
            may[r, :] = may[:, c] = False
            gain = np.where(may, np.minimum(gain, by), 0.0)
            cost = price[self.place] + price[in_row][None, :] + price[in_column][:, None] + 1.0
            worth = np.where(gain > 0, gain, 0.0) / cost
            best, best_column = divmod(int(np.argmax(worth)), worth.shape[1])
            step = float(gain[best, best_column])
            if step <= 0:
                return None
            corners = [int(in_row[best_column]), int(in_column[best]), int(self.place[best, best_column])]
            falling, rising = (corners[:2], corners[2:]) if up else (corners[2:], corners[:2])
            for place in falling:
                room[place] -= step
            for place in rising:
                room[place] += step
            price[corners] = 0.0
            by -= step
            taken += corners
        return taken


class _State:
    """What withholding a cell costs and how far it could fall: two more entries, for no cell and for a free total."""

    def __init__(self, values: np.ndarray, hidden: np.ndarray, floor: float) -> None:
        self.hidden = hidden.copy()
        self.room = np.append(np.where(np.isnan(values), -np.inf, values - floor), [-np.inf, np.inf])
        self.price = np.append(np.where(hidden, 0.0, np.nan_to_num(values) + 1.0), [np.inf, 0.0])

    def hide(self, places: Sequence[int]) -> list[int]:
        """Withhold cells; give those that were not withheld before."""
        new = [place for place in dict.fromkeys(places) if place < len(self.hidden) and not self.hidden[place]]
        self.hidden[new] = True
        self.price[new] = 0.0
        return new


def hide_rectangles(
    values: np.ndarray,
    hidden: np.ndarray,
    targets: Sequence[int],
    totals: Sequence[Total],
    *,
    known: np.ndarray,
    fall: np.ndarray,
    rise: np.ndarray,
    floor: float,
    may_free: bool = False,
) -> np.ndarray | None:
    """Withhold the corners of rectangles for each target in a table of rows and columns, whatever its size.

    Parameters
    ----------
    values : array, shape (n,)
        True values.
    hidden : array of bool, shape (n,)
        Withheld already.
    targets : sequence of int
        Cells to protect.
    totals : sequence of Total
        Two margins.
    known : array of bool, shape (totals,)
        Which totals the reader knows; those withheld are free to move.
    fall, rise : array, shape (n,)
        How far down and up a reader must hold each target possible.
    floor : float
        Smallest value a withheld cell can hold.
    may_free : bool
        Totals may be withheld as well where the cells are not enough; ``known`` is changed then.

    Returns
    -------
    array of bool, shape (n,), or None
        None where no rectangles would do for a target.
    """
    table, state = _Table.of(totals, len(values), known), _State(values, hidden, floor)
    for target in sorted(targets, key=lambda place: -rise[place]):
        corners = _corners(table, state, target, fall[target], rise[target])
        for line in _lines_to_free(values, totals, known, target) if corners is None and may_free else ():
            known[line] = False
            table = _Table.of(totals, len(values), known)
            corners = _corners(table, state, target, fall[target], rise[target])
            if corners is not None:
                break
        if corners is None:
            return None
        state.hide(corners)
    return state.hidden


def _corners(table: _Table, state: _State, target: int, fall: float, rise: float) -> list[int] | None:
    """Give the corners that protect a target: of one rectangle, else of several."""
    one = table.rectangle(state, target, fall=fall, rise=rise)
    if one is not None:
        return one
    up = table.rectangles(state, target, by=rise, up=True)
    down = table.rectangles(state, target, by=fall, up=False)
    return None if up is None or down is None else [*up, *down]


def _lines_to_free(values: np.ndarray, totals: Sequence[Total], known: np.ndarray, target: int) -> list[int]:
    """Order the totals that could be withheld for a target: its own, then others of its margins, small ones first."""
    own = [number for number, total in enumerate(totals) if target in total.parts]
    sizes = np.array([np.nansum(values[total.parts]) for total in totals])
    margins = {totals[number].margin for number in own}
    others = [int(n) for n in np.argsort(sizes, kind="stable") if totals[n].margin in margins and n not in own]
    return [number for number in [*own, *others] if known[number]]
