"""Values in time order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from problemsolving.draw.base import BLUE, MUTED, ORANGE, get_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def chart(
    labels: Sequence[str],
    values: ArrayLike,
    *,
    centre: float,
    lower: float,
    upper: float,
    signals: Sequence[int],
    quantity: str,
    ax: Axes | None = None,
) -> Axes:
    """Draw a control chart: values in order, centre line, limits, signals ringed and dated."""
    values = np.asarray(values, float)
    ax = get_axes(ax, size=(7.2, 3.9))
    places = np.arange(len(values))
    ax.axhspan(lower, upper, color="#eef2f6", zorder=0)
    for level, name in ((upper, "upper limit"), (centre, "mean"), (lower, "lower limit")):
        ax.axhline(level, color=MUTED, linewidth=1, linestyle="-" if name == "mean" else (0, (4, 3)), zorder=1)
        ax.annotate(
            f"{name} {level:,.1f}",
            (1, level),
            xycoords=ax.get_yaxis_transform(),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            fontsize=8.5,
            color=MUTED,
            annotation_clip=False,
        )
    ax.plot(places, values, "-o", color=BLUE, markersize=4.5, linewidth=1.6, zorder=3)
    if len(signals):
        ax.plot(
            places[list(signals)],
            values[list(signals)],
            "D",
            color=ORANGE,
            markersize=8,
            zorder=4,
            label="special cause",
        )
        ax.legend(frameon=False, loc="upper left", fontsize=9)
    step = max(1, len(labels) // 8)
    ax.set_xticks(places[::step], list(labels)[::step])
    ax.set_xlim(-0.6, len(values) - 0.4)
    spread = max(np.nanmax(values), upper) - min(np.nanmin(values), lower)
    ax.set_ylim(min(np.nanmin(values), lower) - 0.08 * spread, max(np.nanmax(values), upper) + 0.16 * spread)
    ax.set_ylabel(quantity)
    return ax
