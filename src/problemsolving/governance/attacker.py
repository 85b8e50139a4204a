"""The attacker: between which values can a reader place a withheld count, from all that was released?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

NOISE = 1e-6  # below this two bounds are the same


@dataclass
class Knowledge:
    """What a reader knows: limits of each unknown, and sums of unknowns that lie between limits.

    ``low`` and ``high`` hold a limit an unknown; ``sums`` holds (places of the unknowns, lower, upper limit).
    """

    low: np.ndarray
    high: np.ndarray
    sums: list[tuple[np.ndarray, float, float]] = field(default_factory=list)

    def add(self, places: Iterable[int], low: float, high: float) -> None:
        """Add a sum, unless nothing follows from it."""
        if low > 0 or np.isfinite(high):
            self.sums.append((np.asarray(list(places), int), float(low), float(high)))


Target = Sequence[int] | np.ndarray  # places of the unknowns whose sum is asked for


def bound(known: Knowledge, targets: Sequence[Target]) -> np.ndarray:
    """Bound sums of unknowns by linear programming.

    Parameters
    ----------
    known : Knowledge
        In counts.
    targets : sequence of sequence of int
        Places of the unknowns that make each sum asked for.

    Returns
    -------
    numpy.ndarray, shape (targets, 2)
        Lowest and highest value that agree with all that is known; missing where nothing agrees.

    Examples
    --------
    >>> known = Knowledge(np.zeros(2), np.array([np.inf, 12.0]), [(np.array([0, 1]), 20.0, 20.0)])
    >>> bound(known, [[0]]).tolist()
    [[8.0, 20.0]]
    """
    found = np.full((len(targets), 2), np.nan)
    for piece in _pieces(known, targets):
        ends = piece.closed() if len(piece.known.sums) <= 1 else piece.programmed()
        if ends is not None:
            found[piece.positions] = ends
    return found


def agrees(known: Knowledge) -> bool:
    """Tell whether all that is known can be true together."""
    from scipy.optimize import linprog

    if (known.low > known.high + NOISE).any():
        return False
    if not known.sums:
        return True
    limits = np.column_stack([known.low, known.high])
    return linprog(np.zeros(len(limits)), bounds=limits, method="highs", **_rules(known)).x is not None


def narrowed(
    known: Knowledge, targets: Sequence[Target], *, low: Sequence[float], high: Sequence[float]
) -> tuple[list[int], list[int]]:
    """Find the sums that a reader can place more closely than a policy's own interval allows.

    Parameters
    ----------
    known : Knowledge
        In counts.
    targets : sequence of sequence of int
        Places of the unknowns of each withheld count.
    low, high : sequence of float
        The policy's interval of a small count, for each target.

    Returns
    -------
    bad, impossible : list of int
        Positions of targets that cannot reach both ends of the interval (not those that must lie above it: they
        are no small counts), and of targets about which the reader's knowledge contradicts itself.
    """
    bad, impossible = [], []
    least, most = np.asarray(low, float), np.asarray(high, float)
    for piece in _pieces(known, targets):
        where = piece.positions
        ends = piece.closed() if len(piece.known.sums) <= 1 else piece.programmed(low=least[where], high=most[where])
        if ends is None:
            impossible += where.tolist()
            continue
        tight = (ends[:, 0] > least[where] + NOISE) | (ends[:, 1] < most[where] - NOISE)
        bad += where[tight & (ends[:, 0] <= most[where] + NOISE)].tolist()
    return sorted(bad), sorted(impossible)


@dataclass
class _Piece:
    """Unknowns that hang together, the sums asked for among them, and their positions in the request."""

    known: Knowledge
    targets: list[np.ndarray]
    positions: np.ndarray

    def closed(self) -> np.ndarray | None:
        """Bound by arithmetic: at most one sum is known."""
        lows, highs = self.known.low, self.known.high
        if (lows > highs + NOISE).any():
            return None
        own = np.array([(lows[places].sum(), highs[places].sum()) for places in self.targets])
        if not self.known.sums:
            return own
        (places, low, high), *_ = self.known.sums
        inside = np.zeros(len(lows), bool)
        inside[places] = True
        least, open_ended = lows[inside].sum(), inside & np.isinf(highs)
        most = highs[inside & ~open_ended].sum()
        if high < least - NOISE or (low > most + NOISE and not open_ended.any()):
            return None
        for number, target in enumerate(self.targets):
            mine = target[inside[target]]
            others_most = (
                np.inf if open_ended.sum() > open_ended[mine].sum() else most - highs[mine[~open_ended[mine]]].sum()
            )
            beside = target[~inside[target]]
            own[number, 0] = max(own[number, 0], low - others_most + lows[beside].sum())
            own[number, 1] = min(own[number, 1], high - (least - lows[mine].sum()) + highs[beside].sum())
        return own

    def programmed(self, *, low: np.ndarray | None = None, high: np.ndarray | None = None) -> np.ndarray | None:
        """Bound by linear programmes; with an interval given, a target is left as soon as it was seen at both ends."""
        from scipy.sparse import csr_array

        if (self.known.low > self.known.high + NOISE).any():
            return None
        sizes = [len(places) for places in self.targets]
        asked = csr_array(
            (np.ones(sum(sizes)), np.concatenate(self.targets), np.concatenate([[0], np.cumsum(sizes)])),
            shape=(len(sizes), len(self.known.low)),
        )
        programme = _Programme(self.known, asked)
        for end, wanted in ((0, low), (1, high)):
            unseen = np.arange(len(sizes))
            while wanted is not None and len(unseen):  # as many as possible in one programme
                if not programme.solve_together(unseen, end, wanted):
                    return None
                reached = (1 - 2 * end) * (programme.seen[unseen, end] - wanted[unseen]) <= NOISE
                unseen = unseen[~reached]
                if not reached.any():
                    break
            for number in unseen:
                done = wanted is not None and (1 - 2 * end) * (programme.seen[number, end] - wanted[number]) <= NOISE
                if not done and not programme.solve(int(number), end):
                    return None
        return programme.seen


class _Programme:
    """Linear programmes over the same knowledge; ``seen`` keeps the lowest and highest value of each target so far."""

    def __init__(self, known: Knowledge, asked: Any) -> None:
        self.limits = np.column_stack([known.low, known.high])
        self.rules = _rules(known)
        self.asked = asked
        self.seen = np.column_stack([np.full(asked.shape[0], np.inf), np.full(asked.shape[0], -np.inf)])

    def solve(self, number: int, end: int) -> bool:
        """Find one end of one target; False when nothing agrees with what is known."""
        from scipy.optimize import linprog

        sign = 1.0 - 2.0 * end
        goal = sign * self.asked[[number]].toarray()[0]
        solved = linprog(goal, bounds=self.limits, method="highs", **self.rules)
        if solved.status == 3:  # no end to it
            self.seen[number, end] = -sign * np.inf
            return True
        if solved.x is None:
            return False
        self._look(solved.x)
        self.seen[number, end] = sign * solved.fun
        return True

    def solve_together(self, numbers: np.ndarray, end: int, wanted: np.ndarray) -> bool:
        """Bring as many targets as possible to the wanted end at once: each counts up to the wanted value, no further."""
        from scipy.optimize import linprog
        from scipy.sparse import csr_array, eye_array, hstack, vstack

        size, many = len(self.limits), len(numbers)
        sign = 1.0 - 2.0 * end  # low end: reach >= target; high end: reach <= target
        rows = hstack([sign * self.asked[numbers], -sign * eye_array(many)], format="csr")
        inner = {name: value for name, value in self.rules.items() if name.startswith("b_")}
        for name in ("A_eq", "A_ub"):
            if name in self.rules:
                inner[name] = hstack([self.rules[name], csr_array((self.rules[name].shape[0], many))], format="csr")
        inner["A_ub"] = vstack([inner["A_ub"], rows], format="csr") if "A_ub" in inner else rows
        inner["b_ub"] = np.concatenate([inner.get("b_ub", np.zeros(0)), np.zeros(many)])
        reach = np.column_stack(
            [wanted[numbers], np.full(many, np.inf)] if end == 0 else [np.zeros(many), wanted[numbers]]
        )
        goal = np.concatenate([np.zeros(size), np.full(many, sign)])
        solved = linprog(goal, bounds=np.vstack([self.limits, reach]), method="highs", **inner)
        if solved.x is None:
            return False
        self._look(solved.x[:size])
        return True

    def _look(self, point: np.ndarray) -> None:
        values = self.asked @ point
        self.seen[:, 0], self.seen[:, 1] = np.minimum(self.seen[:, 0], values), np.maximum(self.seen[:, 1], values)


def _rules(known: Knowledge) -> dict[str, Any]:
    """Write the sums as matrices for `scipy.optimize.linprog`."""
    from scipy.sparse import csr_array

    exact, below = [], []
    for places, low, high in known.sums:
        if high - low <= NOISE:
            exact.append((places, 1.0, low))
            continue
        if np.isfinite(high):
            below.append((places, 1.0, high))
        if low > 0:
            below.append((places, -1.0, -low))
    rules: dict[str, Any] = {}
    for kind, rows in (("eq", exact), ("ub", below)):
        if rows:
            values = np.concatenate([np.full(len(places), sign) for places, sign, _ in rows])
            columns = np.concatenate([places for places, _, _ in rows])
            starts = np.concatenate([[0], np.cumsum([len(places) for places, _, _ in rows])])
            rules[f"A_{kind}"] = csr_array((values, columns, starts), shape=(len(rows), len(known.low)))
            rules[f"b_{kind}"] = np.array([limit for *_, limit in rows])
    return rules


def _pieces(known: Knowledge, targets: Sequence[Target]) -> list[_Piece]:
    """Split what is known into pieces that share no sum; pieces without a target are left out."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    asked = [np.asarray(places, int) for places in targets]
    groups = [places for places, _, _ in known.sums] + asked
    size, sizes = len(known.low), [len(places) for places in groups]
    if not asked:
        return []
    members = np.concatenate(groups)
    owners = size + np.repeat(np.arange(len(sizes)), sizes)
    links = coo_array((np.ones(len(members), np.int8), (members, owners)), shape=(size + len(sizes),) * 2)
    _, label = connected_components(links, directed=False)
    wanted: dict[int, list[int]] = {}
    for position in range(len(asked)):
        wanted.setdefault(int(label[size + len(known.sums) + position]), []).append(position)
    sums: dict[int, list[int]] = {}
    for number, name in enumerate(label[size : size + len(known.sums)].tolist()):
        if name in wanted:
            sums.setdefault(name, []).append(number)
    order = np.argsort(label[:size], kind="stable")
    names = label[:size][order]
    pieces = []
    for name, positions in wanted.items():
        left, right = np.searchsorted(names, [name, name + 1])
        places = np.sort(order[left:right])
        rows = [known.sums[number] for number in sums.get(name, ())]
        part = Knowledge(
            known.low[places],
            known.high[places],
            [(np.searchsorted(places, inside), low, high) for inside, low, high in rows],
        )
        mine = [np.searchsorted(places, asked[position]) for position in positions]
        pieces.append(_Piece(part, mine, np.array(positions)))
    return pieces
