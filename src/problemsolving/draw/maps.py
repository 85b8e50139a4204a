"""Places by their outlines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from problemsolving.draw.base import MAP_COLOURS, MUTED, get_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def choropleth(
    shapes: Sequence[Sequence[ArrayLike]], values: ArrayLike, *, quantity: str, classes: int = 5, ax: Axes | None = None
) -> Axes:
    """Draw a map in classes of equal size; places without a value are hatched.

    Parameters
    ----------
    shapes : sequence of sequence of array, shape (k, 2)
        Outer rings a place, longitude and latitude in degrees.
    values : array, shape (n,)
        One a place; NaN where withheld or unknown.
    """
    from matplotlib.collections import PolyCollection
    from matplotlib.colors import BoundaryNorm, ListedColormap
    from matplotlib.patches import Patch

    values = np.asarray(values, float)
    ax = get_axes(ax, size=(7.2, 5.6))
    known = values[np.isfinite(values)]
    edges = np.unique(np.quantile(known, np.linspace(0, 1, classes + 1))) if known.size else np.array([0.0, 1.0])
    if edges.size < 2:
        edges = np.array([edges[0], edges[0] + 1.0])
    rings = [np.asarray(ring) for rings in shapes for ring in rings]
    owners = np.concatenate([np.full(len(rings), place) for place, rings in enumerate(shapes)])
    colours = [
        MAP_COLOURS[round(step * (len(MAP_COLOURS) - 1) / max(1, edges.size - 2))] for step in range(edges.size - 1)
    ]
    painted = np.isfinite(values[owners])
    collection = PolyCollection(
        [ring for ring, is_known in zip(rings, painted, strict=True) if is_known],
        array=values[owners][painted],
        cmap=ListedColormap(colours),
        norm=BoundaryNorm(edges, len(colours)),
        edgecolors="white",
        linewidths=0.4,
        rasterized=True,
    )
    ax.add_collection(collection)
    hidden = [ring for ring, is_known in zip(rings, painted, strict=True) if not is_known]
    ax.add_collection(
        PolyCollection(hidden, facecolors="white", edgecolors=MUTED, linewidths=0.4, hatch="////", rasterized=True)
    )
    decimals = next((places for places in range(4) if len(set(edges.round(places))) == edges.size), 4)
    marks = [
        Patch(facecolor=colour, edgecolor=MUTED, linewidth=0.5, label=f"{low:,.{decimals}f} to {high:,.{decimals}f}")
        for colour, low, high in zip(colours, edges, edges[1:], strict=False)
    ]
    if hidden:
        marks.append(Patch(facecolor="white", edgecolor=MUTED, hatch="////", label="withheld"))
    ax.legend(handles=marks, title=quantity, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize=9)
    every = np.concatenate(rings) if rings else np.zeros((1, 2))
    ax.set_xlim(every[:, 0].min(), every[:, 0].max())
    ax.set_ylim(every[:, 1].min(), every[:, 1].max())
    ax.set_aspect(1 / np.cos(np.deg2rad(every[:, 1].mean())))
    ax.set_axis_off()
    return ax
