"""Shaded grids: hours by weekday, bands of distance by bands of time."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from problemsolving.draw.base import INK, MUTED, ORANGE, blues, get_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def heat_map(
    rows: Sequence[str],
    columns: Sequence[str],
    cells: ArrayLike,
    *,
    row_title: str,
    column_title: str,
    decimals: int = 0,
    shaded_from: float = 0.0,
    outlined: ArrayLike | None = None,
    outline_means: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw a grid of numbers: shade and number in each cell, hatched where withheld, some outlined.

    Parameters
    ----------
    rows, columns : sequence of str
        Labels, first row on top.
    cells : array_like, shape (rows, columns)
        0 or more; NaN where withheld.
    row_title, column_title : str
        Of the axes.
    decimals : int
        Of the numbers.
    shaded_from : float
        Value up to which a cell is lightest: 1 for ratios, so that what chance gives does not look like much. The
        darkest then is twice that, or the highest where it is higher.
    outlined : array_like of bool, shape (rows, columns), optional
        Cells with a frame.
    outline_means : str
        What a frame tells, for the legend.
    """
    from matplotlib.patches import Patch, Rectangle

    cells = np.asarray(cells, float)
    framed = np.zeros(cells.shape, bool) if outlined is None else np.asarray(outlined, bool)
    ax = get_axes(ax, size=(7.2, 1.6 + 0.4 * len(rows)))
    top = max(float(np.nanmax(cells, initial=0.0)), 2 * shaded_from) or 1.0
    ax.imshow(np.where(np.isnan(cells), 0, cells), cmap=blues(), vmin=shaded_from, vmax=top, aspect="auto")
    size = 9 if len(columns) <= 12 else 6.5
    for (row, column), value in np.ndenumerate(cells):
        if np.isnan(value):
            corner = (column - 0.5, row - 0.5)
            ax.add_patch(Rectangle(corner, 1, 1, facecolor="white", edgecolor=MUTED, hatch="////", linewidth=0))
            continue
        ink = "white" if value - shaded_from > 0.55 * (top - shaded_from) else INK
        weight = "bold" if framed[row, column] else "normal"
        text = f"{value:,.{decimals}f}"
        ax.text(column, row, text, ha="center", va="center", color=ink, fontsize=size, weight=weight)
    for row, column in np.argwhere(framed):
        ax.add_patch(Rectangle((column - 0.46, row - 0.46), 0.92, 0.92, fill=False, edgecolor=ORANGE, linewidth=2.2))
    wide = max(6, 56 // max(len(columns), 1))
    for axis, count in ((ax.axvline, len(columns)), (ax.axhline, len(rows))):
        for edge in range(1, count):
            axis(edge - 0.5, color="white", linewidth=1.2)
    ax.set_xticks(range(len(columns)), [textwrap.fill(name, wide, break_long_words=False) for name in columns])
    ax.set_yticks(range(len(rows)), list(rows))
    ax.tick_params(length=0, labelcolor=INK)
    ax.tick_params(axis="x", labelsize=9 if len(columns) <= 12 else 8)
    ax.set_xlabel(column_title)
    ax.set_ylabel(row_title)
    for spine in ax.spines.values():
        spine.set_visible(False)
    marks = [Patch(facecolor="white", edgecolor=ORANGE, linewidth=2.2, label=outline_means)] if framed.any() else []
    if np.isnan(cells).any():
        marks.append(Patch(facecolor="white", edgecolor=MUTED, hatch="////", label="withheld"))
    if marks:
        ax.legend(
            handles=marks,
            loc="lower left",
            bbox_to_anchor=(0, 1.0),
            ncols=len(marks),
            frameon=False,
            fontsize=9,
            borderaxespad=0.2,
        )
    return ax
