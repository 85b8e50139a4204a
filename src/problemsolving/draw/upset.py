"""Exclusive intersections of sets: which sets as dots, how many as bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from problemsolving.draw.base import GRID, INK, MUTED, SKY, get_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DOT = 0.07  # width of a column of dots, as a share of the longest bar


def upset(
    sets: Sequence[str],
    patterns: ArrayLike,
    counts: ArrayLike,
    *,
    low: ArrayLike,
    high: ArrayLike,
    quantity: str,
    ax: Axes | None = None,
) -> Axes:
    """Draw one row an intersection: filled, joined dots for the sets it is in, and a bar with its interval.

    Parameters
    ----------
    sets : sequence of str
        Names of the sets.
    patterns : array of bool, shape (rows, sets)
        Which sets each intersection is in, and no other.
    counts, low, high : array, shape (rows,)
        Missing where withheld.

    References
    ----------
    Lex A, Gehlenborg N, Strobelt H, Vuillemot R, Pfister H (2014) UpSet: visualization of intersecting sets.
    IEEE TVCG 20:1983. doi:10.1109/TVCG.2014.2346248
    """
    inside, counts, low, high = np.asarray(patterns, bool), *(np.asarray(given, float) for given in (counts, low, high))
    ax = get_axes(ax, size=(7.2, 1.6 + 0.32 * len(counts)))
    rows = np.arange(len(counts))[::-1]
    top = max(float(np.nanmax(np.append(high, counts), initial=0.0)), 1.0)
    places = -top * DOT * np.arange(len(sets), 0, -1)
    for row, is_in in zip(rows, inside, strict=True):
        if row % 2 == 0:
            ax.axhspan(row - 0.5, row + 0.5, color=GRID, alpha=0.35, linewidth=0, zorder=0)
        ax.plot(places, np.full(len(sets), row), "o", markersize=7, markerfacecolor="white", markeredgecolor=MUTED, markeredgewidth=0.8, zorder=4)  # fmt: skip
        if is_in.any():
            ax.plot(places[is_in], np.full(is_in.sum(), row), "-", color=INK, linewidth=2, zorder=3)
            ax.plot(places[is_in], np.full(is_in.sum(), row), "o", color=INK, markersize=7, zorder=5)
    ax.barh(rows, np.nan_to_num(counts), color=SKY, height=0.62, zorder=2)
    ax.hlines(rows, low, high, color=INK, linewidth=1.4, zorder=3)
    for row, count, end in zip(rows, counts, high, strict=True):
        known = np.isfinite(count)
        text, at = (f"{count:,.0f}", end) if known else ("withheld", 0.0)
        ax.text(at + 0.012 * top, row, text, va="center", color=INK if known else MUTED, style="normal" if known else "italic", fontsize=9)  # fmt: skip
    for place, name in zip(places, sets, strict=True):
        ax.text(place, len(counts) - 0.35, name, rotation=45, ha="left", va="bottom", color=INK, fontsize=9)
    ax.axvline(0, color=MUTED, linewidth=0.8)
    ax.set_xlim(places[0] - top * DOT * 0.7, top * 1.14)
    ax.set_ylim(-0.55, len(counts) - 0.45)
    ax.set_yticks([])
    ax.set_xticks([tick for tick in ax.get_xticks() if 0 <= tick <= top * 1.14])
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.set_xlabel(quantity)
    ax.spines["left"].set_visible(False)
    return ax
