"""A series in time cut into stretches at one level each."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from problemsolving.draw.base import BLUE, INK, MUTED, ORANGE, get_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def segments(
    labels: Sequence[str],
    values: ArrayLike,
    *,
    starts: Sequence[int],
    levels: ArrayLike,
    low: ArrayLike,
    high: ArrayLike,
    notes: Sequence[str],
    level_name: str,
    quantity: str,
    ax: Axes | None = None,
) -> Axes:
    """Draw a series, the level of each stretch with its interval, and a line where one stretch ends.

    Parameters
    ----------
    labels, values
        One a point of time, in order.
    starts : sequence of int
        Place of the first point of each stretch but the first.
    levels, low, high : array, shape (k,)
        One a stretch.
    notes : sequence of str
        Words at each line between two stretches.
    level_name : str
        What the levels are.
    """
    values, levels, low, high = (np.asarray(series, float) for series in (values, levels, low, high))
    ax = get_axes(ax, size=(7.2, 4.0))
    places, ends = np.arange(values.size), [0, *starts, values.size]
    for stretch, (first, after) in enumerate(pairwise(ends)):
        span = [first - 0.5, after - 0.5]
        ax.fill_between(span, low[stretch], high[stretch], color=ORANGE, alpha=0.18, linewidth=0)
        ax.plot(span, [levels[stretch]] * 2, color=ORANGE, linewidth=2.4, zorder=4)
    ax.plot(places, values, "-o", color=BLUE, markersize=3.6, linewidth=1.2, zorder=3)
    bottom, top = min(values.min(), low.min()), max(values.max(), high.max())
    room = (top - bottom) or 1.0
    for number, (start, note) in enumerate(zip(starts, notes, strict=True)):
        ax.axvline(start - 0.5, color=INK, linewidth=1, linestyle=(0, (4, 3)), zorder=2)
        left = start > 0.6 * values.size
        ax.annotate(
            note,
            (start - 0.5, top + (0.30 - 0.14 * (number % 2)) * room),
            xytext=(-5 if left else 5, 0),
            textcoords="offset points",
            ha="right" if left else "left",
            va="top",
            fontsize=9,
            color=INK,
        )
    step = max(1, values.size // 8)
    ax.set_xticks(places[::step], list(labels)[::step])
    ax.set_xlim(-0.7, values.size - 0.3)
    ax.set_ylim(max(0.0, bottom - 0.1 * room), top + (0.34 if len(starts) else 0.14) * room)
    ax.set_ylabel(quantity)
    ax.plot([], [], "-o", color=BLUE, markersize=3.6, label="each month")
    ax.plot([], [], color=ORANGE, linewidth=2.4, label=f"{level_name}, with its interval")
    ax.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=2, fontsize=9, labelcolor=MUTED)
    return ax
