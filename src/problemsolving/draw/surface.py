"""A surface over a grid of places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from problemsolving.draw.base import INK, MAP_COLOURS, MUTED, get_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STEPS = (0.0, 1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0)  # of the top: each class is twice the one below
LENGTHS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50)


def surface(
    heights: ArrayLike,
    *,
    side: float,
    withheld: ArrayLike | None = None,
    rings: Sequence[ArrayLike] = (),
    quantity: str,
    ax: Axes | None = None,
) -> Axes:
    """Draw a surface over squares in classes, each twice the one below, with a scale; what is withheld is hatched.

    Parameters
    ----------
    heights : array_like, shape (rows, columns)
        South-west corner first; NaN where there is nothing to draw.
    side : float
        Of a square, kilometres.
    withheld : array_like of bool, shape (rows, columns), optional
        Squares that are hatched.
    rings : sequence of array, shape (k, 2)
        Outlines on top, kilometres from the south-west corner.
    """
    from matplotlib.collections import LineCollection, PolyCollection
    from matplotlib.colors import BoundaryNorm, ListedColormap
    from matplotlib.patches import Patch

    plain = np.asarray(heights, float)
    ax = get_axes(ax, size=(7.2, 5.6))
    top = float(np.nanmax(plain, initial=0.0)) or 1.0
    edges = top * np.asarray(STEPS)
    across, up = np.arange(plain.shape[1] + 1) * side, np.arange(plain.shape[0] + 1) * side
    ax.pcolormesh(
        across, up, np.ma.masked_invalid(plain), cmap=ListedColormap(MAP_COLOURS), norm=BoundaryNorm(edges, len(MAP_COLOURS)), rasterized=True
    )  # fmt: skip
    marks = [
        Patch(facecolor=colour, edgecolor=MUTED, linewidth=0.5, label=f"{_number(low)} to {_number(high)}")
        for colour, low, high in zip(MAP_COLOURS, edges, edges[1:], strict=False)
    ]
    hidden = np.argwhere(np.zeros(plain.shape, bool) if withheld is None else np.asarray(withheld, bool))
    if len(hidden):
        corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
        squares = (hidden[:, None, ::-1] + corners) * side
        ax.add_collection(
            PolyCollection(
                list(squares), facecolors="white", edgecolors=MUTED, linewidths=0, hatch="////", rasterized=True
            )
        )
        marks.append(Patch(facecolor="white", edgecolor=MUTED, hatch="////", label="withheld"))
    ax.add_collection(
        LineCollection([np.asarray(ring, float) for ring in rings], colors="#8a94a0", linewidths=0.25, rasterized=True)
    )
    ax.legend(handles=marks, title=quantity, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize=9)
    _scale_bar(ax, across[-1], up[-1])
    ax.set_aspect("equal")
    ax.set_axis_off()
    return ax


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 20 or value == 0 else f"{value:,.2g}"


def _scale_bar(ax: Axes, width: float, height: float) -> None:
    """Draw a line of a round length below the map."""
    length = max((known for known in LENGTHS if known <= width / 4), default=LENGTHS[0])
    ax.plot([0, length], [-0.03 * height] * 2, color=INK, linewidth=2, solid_capstyle="butt")
    ax.text(length, -0.03 * height, f"  {length:g} km", va="center", fontsize=9)
    ax.set_xlim(-0.01 * width, width * 1.01)
    ax.set_ylim(-0.06 * height, height * 1.01)
