"""Estimates beside what chance alone would give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from problemsolving.draw.base import BLUE, INK, MUTED, get_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def against_chance(
    labels: Sequence[str],
    estimates: ArrayLike,
    *,
    low: ArrayLike,
    high: ArrayLike,
    chance_low: ArrayLike,
    chance_high: ArrayLike,
    quantity: str,
    percent: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Draw estimates with their intervals (dot and line) over the range that chance alone would give (grey bar).

    Parameters
    ----------
    labels : sequence of str
        One a row, first on top.
    estimates, low, high : array_like
        NaN where withheld.
    chance_low, chance_high : array_like
        Limits of chance; NaN where it is not known.
    quantity : str
        What the axis measures, with its unit.
    percent : bool
        Numbers are shares, written as percentages.
    """
    estimates, low, high, chance_low, chance_high = (
        np.asarray(values, float) * (100 if percent else 1)
        for values in (estimates, low, high, chance_low, chance_high)
    )
    ax = get_axes(ax, size=(7.2, 1.6 + 0.38 * len(labels)))
    rows = np.arange(len(labels))[::-1]
    reach = np.nanmax(np.concatenate([high, chance_high, [0.0]])) or 1.0
    widened = np.maximum((0.004 * reach - (chance_high - chance_low)) / 2, 0)
    ax.barh(
        rows,
        chance_high - chance_low + 2 * widened,
        left=chance_low - widened,
        height=0.62,
        color="#c9cfd6",
        edgecolor=MUTED,
        linewidth=0.8,
        label="what chance alone would give",
    )
    ax.hlines(rows, low, high, color=BLUE, linewidth=2.4, zorder=3)
    ax.plot(
        estimates, rows, "o", color=BLUE, markersize=6.5, zorder=4, linestyle="none", label="seen, with its interval"
    )
    for row in rows[np.isnan(estimates)]:
        ax.text(0.02, row, "withheld", transform=ax.get_yaxis_transform(), va="center", color=MUTED, style="italic")
    ax.set_yticks(rows, list(labels))
    ax.tick_params(axis="y", length=0, labelcolor=INK)
    ax.set_ylim(-0.6, len(labels) - 0.4)
    ax.set_xlim(0, reach * 1.04)
    ax.set_xlabel(quantity)
    ax.xaxis.set_major_formatter("{x:,g}%" if percent else "{x:,g}")
    ax.grid(axis="x", zorder=0)
    ax.set_axisbelow(True)
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2, frameon=False, fontsize=9, borderaxespad=0.2)
    return ax
