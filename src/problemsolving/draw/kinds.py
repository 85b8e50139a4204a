"""Kinds told apart by colour and shape, and labels kept apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from problemsolving.draw.base import BLUE, ORANGE

# told apart with every common colour blindness, and by how dark they are; Okabe and Ito's, with the house's blue and orange
COLOURS = (BLUE, "#e6a817", "#00805e", "#cc79a7", "#56b4e9", ORANGE, "#8e5bd0", "#a9b0b8", "#1d2733")
SHAPES = ("o", "s", "^", "D", "v", "P", "X", "h", "<")


def look_of(kinds: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Give each kind, in the order of the names, a colour and a shape that no other has.

    Raises
    ------
    ValueError
        For more than nine kinds: more cannot be told apart.

    >>> look_of(["health", "justice", "health"])["justice"][1]
    's'
    """
    names = sorted(set(kinds))
    if len(names) > len(COLOURS):
        raise ValueError(f"no more than {len(COLOURS)} kinds can be told apart; join some")
    return dict(zip(names, zip(COLOURS, SHAPES, strict=True), strict=False))


def spread_out(places: ArrayLike, gap: float, *, low: float, high: float) -> NDArray[np.float64]:
    """Move places along a line as little as possible so that they lie a gap apart.

    Parameters
    ----------
    places : array_like, shape (n,)
        Where the labels would stand.
    gap : float
        Least distance; smaller where they would not fit between ``low`` and ``high``.

    Examples
    --------
    >>> spread_out([1.0, 1.0, 5.0], 1.0, low=0.0, high=6.0).tolist()
    [0.5, 1.5, 5.0]
    """
    from scipy.optimize import isotonic_regression

    wanted = np.asarray(places, float)
    if not wanted.size:
        return wanted
    order = np.argsort(wanted, kind="stable")
    step = min(gap, (high - low) / max(wanted.size - 1, 1))
    shifts = step * np.arange(wanted.size)
    free = isotonic_regression(wanted[order] - shifts).x
    placed = np.clip(free, low, high - shifts[-1]) + shifts
    found = np.empty_like(wanted)
    found[order] = placed
    return found
