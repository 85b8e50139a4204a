"""Picking places or people by their count, as one does before a response: the top so many, or all above a cut."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from problemsolving.errors import NotEstimableError

Floats = NDArray[np.float64]
Kind = Literal["top", "bottom", "at_least", "at_most"]


@dataclass(frozen=True)
class Pick:
    """A rule by which places are picked: kind and number."""

    kind: Kind
    number: float

    @property
    def by_rank(self) -> bool:
        """Whether so many are picked, rather than all beyond a cut."""
        return self.kind in ("top", "bottom")

    def chosen(self, counts: Floats, weights: Floats | None = None) -> np.ndarray:
        """Say who is picked; with weights (resamples × n), in each resample. Those tied with the last are picked too.

        >>> Pick("top", 2).chosen(np.array([5.0, 9.0, 5.0, 1.0])).tolist()
        [True, True, True, False]
        """
        sign = 1.0 if self.kind in ("top", "at_least") else -1.0
        if not self.by_rank:
            found = sign * counts >= sign * self.number
            return found if weights is None else np.broadcast_to(found, weights.shape)
        order = np.argsort(-sign * counts, kind="stable")
        held = np.cumsum(np.ones((1, len(counts))) if weights is None else weights[:, order], axis=1)
        last = np.minimum((held < self.number).sum(axis=1), len(counts) - 1)
        cut = sign * counts[order][last]
        found = sign * counts[None, :] >= cut[:, None]
        return found[0] if weights is None else found

    def words(self, n: float, each: str) -> str:
        """Name the picked in words.

        >>> Pick("top", 10).words(12, "small areas"), Pick("at_least", 3).words(40, "callers")
        ('12 busiest small areas (10 asked for; ties are picked too)', '40 callers with 3 or more')
        """
        if not self.by_rank:
            beyond = "or more" if self.kind == "at_least" else "or fewer"
            return f"{n:,.0f} {each} with {self.number:,.0f} {beyond}"
        which = "busiest" if self.kind == "top" else "quietest"
        tied = f" ({self.number:,.0f} asked for; ties are picked too)" if n > self.number else ""
        return f"{n:,.0f} {which} {each}{tied}"


def read_pick(*, top: int | None, bottom: int | None, at_least: float | None, at_most: float | None) -> Pick:
    """Give the one rule that was named, or raise ``ValueError``."""
    named: dict[Kind, float | None] = {"top": top, "bottom": bottom, "at_least": at_least, "at_most": at_most}
    rules = [Pick(kind, float(number)) for kind, number in named.items() if number is not None]
    if len(rules) != 1:
        raise ValueError("name one of top, bottom, at_least and at_most: how the group is picked")
    if rules[0].number < (1 if rules[0].by_rank else 0):
        raise ValueError(f"{rules[0].kind} is too small: nobody would be picked")
    return rules[0]


def check_picked(pick: Pick, counts: Floats) -> np.ndarray:
    """Say who is picked, where a fall can be told.

    Raises
    ------
    NotEstimableError
        When all or none are picked, when they had no events, or when ties more than double the group.
    """
    chosen = pick.chosen(counts)
    if not chosen.any() or chosen.all():
        raise NotEstimableError(f"{pick.kind}: {'all' if chosen.all() else 'none'} are picked; choose another number")
    if pick.by_rank and chosen.sum() > 2 * pick.number:
        cut = "at_least" if pick.kind == "top" else "at_most"
        raise NotEstimableError(f"{pick.kind}: ties more than double the group; pick by a cut ({cut}) instead")
    if not counts[chosen].sum() > 0:
        raise NotEstimableError("those picked had no events, so that a change of theirs has no percentage")
    return chosen
