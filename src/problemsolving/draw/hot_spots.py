"""Places by kind: a map of categories that can be told without colour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from problemsolving.draw.base import MUTED, get_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes


MANY = 3_000  # places from which a map is drawn without hatch and outline


class Look(NamedTuple):
    """How a kind of place is drawn: its filling, hatch and outline; higher ``order`` lies on top."""

    face: str
    hatch: str = ""
    edge: str = "white"
    width: float = 0.4
    order: int = 1


LOOKS = {
    "high": Look("#b2331c", "", "#3d0d05", 1.1, 4),
    "high alone": Look("#f2a77f", "....", "#3d0d05", 0.9, 3),
    "low": Look("#2b6ca3", "||||", "#0a2f5c", 0.9, 3),
    "low alone": Look("#bcd7ee", "----", "#0a2f5c", 0.9, 2),
    "past": Look("#d9d2c3", "....", "#6b6250", 0.7, 2),
    "plain": Look("#eef0f2", "", "#c3c9d1"),
    "unclear": Look("#f6f7f8", "\\\\\\\\", "#a3abb5"),
    "unknown": Look("white", "////", MUTED),
}


def category_map(
    shapes: Sequence[Sequence[ArrayLike]],
    kinds: Sequence[str],
    *,
    looks: Mapping[str, str],
    quantity: str,
    ax: Axes | None = None,
) -> Axes:
    """Draw a map of kinds of places, each with its own filling, hatch and outline, and how many there are of each.

    Parameters
    ----------
    shapes : sequence of sequence of array, shape (k, 2)
        Outer rings a place, longitude and latitude in degrees.
    kinds : sequence of str
        One a place.
    looks : mapping of str to str
        Kind → name in ``LOOKS``, in the order of the legend; kinds that no place has are left out.
    quantity : str
        Title of the legend.
    """
    from matplotlib.collections import PolyCollection
    from matplotlib.patches import Patch

    ax = get_axes(ax, size=(7.2, 5.6))
    given = np.asarray(list(kinds), dtype=object)
    fine = given.size <= MANY  # of more places neither hatch nor outline can be seen
    marks = []
    for kind, name in looks.items():
        places = np.flatnonzero(given == kind)
        if not places.size:
            continue
        look = LOOKS[name]
        rings = [np.asarray(ring) for place in places for ring in shapes[int(place)]]
        ax.add_collection(
            PolyCollection(
                rings,
                facecolors=look.face,
                edgecolors=look.edge,
                hatch=look.hatch if fine else "",
                linewidths=look.width if fine else 0,
                zorder=look.order,
                rasterized=True,
            )
        )
        label = f"{kind} ({places.size:,})"
        marks.append(
            Patch(
                facecolor=look.face, edgecolor=look.edge, hatch=look.hatch, linewidth=max(look.width, 0.6), label=label
            )
        )
    ax.legend(handles=marks, title=quantity, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize=9)
    frame_places(shapes, ax=ax)
    return ax


def frame_places(shapes: Sequence[Sequence[ArrayLike]], *, ax: Axes) -> None:
    """Fit axes to outlines in degrees, without frame, in the right proportion."""
    rings = [np.asarray(ring, float) for rings in shapes for ring in rings]
    every = np.concatenate(rings) if rings else np.zeros((1, 2))
    for fit, values in ((ax.set_xlim, every[:, 0]), (ax.set_ylim, every[:, 1])):
        edge = max(0.01 * np.ptp(values), 1e-6)
        fit(values.min() - edge, values.max() + edge)
    ax.set_aspect(1 / np.cos(np.deg2rad(every[:, 1].mean())))
    ax.set_axis_off()
