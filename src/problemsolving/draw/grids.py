"""Numbers in rows and columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from problemsolving.draw.base import INK, blues, get_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def matrix(
    rows: Sequence[str],
    columns: Sequence[str],
    cells: ArrayLike,
    *,
    row_title: str,
    column_title: str,
    ax: Axes | None = None,
) -> Axes:
    """Draw a matrix of counts: shade and number in each cell, a dash where nothing is known."""
    cells = np.asarray(cells, float)
    ax = get_axes(ax, size=(7.2, 1.8 + 0.44 * len(rows)))
    top = np.nanmax(cells, initial=1.0)
    ax.imshow(np.where(np.isnan(cells), 0, cells), cmap=blues(), vmin=0, vmax=top, aspect="auto")
    for row in range(cells.shape[0]):
        for column in range(cells.shape[1]):
            known = not np.isnan(cells[row, column])
            dark = known and cells[row, column] > 0.55 * top
            ax.text(
                column,
                row,
                f"{cells[row, column]:,.0f}" if known else "–",
                ha="center",
                va="center",
                color="white" if dark else INK,
                fontsize=9,
            )
    ax.set_xticks(range(len(columns)), list(columns), rotation=30, ha="left", rotation_mode="anchor")
    ax.xaxis.tick_top()
    ax.xaxis.set_label_position("top")
    ax.set_yticks(range(len(rows)), list(rows))
    ax.tick_params(length=0, labelcolor=INK)
    ax.set_xlabel(column_title)
    ax.set_ylabel(row_title)
    for spine in ax.spines.values():
        spine.set_visible(False)
    return ax
