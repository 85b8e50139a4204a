"""A change taken apart: from nothing, part by part, to the whole."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from problemsolving.draw.base import BLUE, INK, MUTED, ORANGE, get_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WRAP = 26


def steps(
    labels: Sequence[str], parts: ArrayLike, *, low: ArrayLike, high: ArrayLike, quantity: str, ax: Axes | None = None
) -> Axes:
    """Draw parts of a change one under another, each from where the last one ended, and the whole (last) from zero.

    Rises are full bars, falls hatched; each bar has its interval at its end and its number with sign beside it.
    """
    parts, low, high = (np.asarray(values, float) for values in (parts, low, high))
    ax = get_axes(ax, size=(7.2, 1.3 + 0.52 * len(labels)))
    starts = np.append(np.concatenate([[0.0], np.cumsum(parts[:-1])])[:-1], 0.0)
    ends, rows = starts + parts, np.arange(len(labels))[::-1]
    edges = [*(starts + low), *(starts + high), *ends, *starts]
    reach = max(max(edges) - min(edges), 1e-9)
    for row, start, part, last in zip(rows, starts, parts, rows == 0, strict=True):
        ground = INK if last else BLUE if part >= 0 else ORANGE
        ax.barh(
            row,
            part,
            left=start,
            height=0.5,
            facecolor=ground if part >= 0 else "white",
            edgecolor=ground,
            hatch=None if part >= 0 else "////",
            linewidth=1.2,
            zorder=2,
        )
    ax.hlines(rows - 0.36, starts + low, starts + high, color=MUTED, linewidth=1.8, zorder=3)
    ax.plot(
        np.concatenate([starts + low, starts + high]), np.tile(rows - 0.36, 2), "|", color=MUTED, markersize=6, zorder=3
    )
    for row, end, following in zip(rows[:-1], ends[:-1], rows[1:], strict=True):
        ax.vlines(end, following + 0.25, row - 0.25, color=MUTED, linewidth=0.9, linestyle=(0, (2, 2)), zorder=1)
    beside = np.maximum.reduce([starts, ends, starts]) + 0.015 * reach
    for row, place, part in zip(rows, beside, parts, strict=True):
        ax.text(place, row, f"{part:+,.0f}", va="center", ha="left", color=INK, fontsize=9.5, zorder=4)
    ax.axvline(0, color=INK, linewidth=0.9, zorder=1)
    ax.set_yticks(rows, [textwrap.fill(label, WRAP) for label in labels])
    ax.tick_params(axis="y", length=0, labelcolor=INK)
    ax.set_ylim(-0.7, len(labels) - 0.5)
    ax.set_xlim(min(edges) - 0.05 * reach, max(edges) + 0.14 * reach)
    ax.xaxis.set_major_formatter("{x:,g}")
    ax.set_xlabel(quantity)
    ax.grid(axis="x", zorder=0)
    return ax
