"""A series in time and what is expected next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from problemsolving.draw.base import BLUE, INK, MUTED, ORANGE, get_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def forecast(
    labels: Sequence[str],
    values: ArrayLike,
    expected: ArrayLike,
    *,
    low: ArrayLike,
    high: ArrayLike,
    interval_name: str,
    quantity: str,
    ax: Axes | None = None,
) -> Axes:
    """Draw a series and, after it, what is expected with its prediction interval.

    Parameters
    ----------
    labels : sequence of str
        One a point of time, those ahead included.
    values : array, shape (n,)
        What was seen.
    expected, low, high : array, shape (h,)
        The points ahead.
    interval_name : str
        What the band is.
    """
    values, expected, low, high = (np.asarray(series, float) for series in (values, expected, low, high))
    ax = get_axes(ax, size=(7.2, 4.0))
    seen, ahead = np.arange(values.size), values.size + np.arange(expected.size)
    ax.plot(seen, values, "-o", color=BLUE, markersize=3.6, linewidth=1.2, label="seen", zorder=3)
    ax.fill_between(ahead, low, high, color=ORANGE, alpha=0.22, linewidth=0, label=interval_name)
    ax.vlines(ahead, low, high, color=ORANGE, linewidth=1, alpha=0.7)
    ax.plot(ahead, expected, "--s", color=ORANGE, markersize=4.5, linewidth=1.6, label="forecast", zorder=4)
    ax.axvline(values.size - 0.5, color=INK, linewidth=1, linestyle=(0, (4, 3)), zorder=2)
    step = max(1, len(labels) // 8)
    ax.set_xticks(np.arange(len(labels))[::step], list(labels)[::step])
    ax.set_xlim(-0.7, len(labels) - 0.3)
    top = max(values.max(), high.max())
    ax.set_ylim(0.0, top * 1.08 if top > 0 else 1.0)
    ax.set_ylabel(quantity)
    ax.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=3, fontsize=9, labelcolor=MUTED)
    return ax
