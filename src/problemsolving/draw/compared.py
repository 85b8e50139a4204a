"""Several estimates with intervals a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from problemsolving.draw.base import BLUE, INK, MUTED, ORANGE, get_axes
from problemsolving.draw.marks import ratio_axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MARKS = (
    ("o", BLUE, "-"),
    ("D", ORANGE, "-"),
    ("s", MUTED, "--"),
    ("^", INK, ":"),
)  # mark, colour, line of the interval


def compared_intervals(
    labels: Sequence[str],
    series: Mapping[str, tuple[ArrayLike, ArrayLike, ArrayLike]],
    *,
    quantity: str,
    reference: float | None = None,
    log: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Draw up to four estimates a row with their intervals, each kind with a mark of its own, first label on top.

    Parameters
    ----------
    labels : sequence of str
        One a row.
    series : mapping of str to tuple of array
        Name → estimates, lower and upper limits, one a label; missing where there is none to show.
    """
    ax = get_axes(ax, size=(7.2, 1.5 + len(labels) * (0.14 + 0.17 * len(series))))
    rows, step = np.arange(len(labels))[::-1].astype(float), 0.72 / max(len(series), 1)
    if reference is not None:
        ax.axvline(reference, color=MUTED, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
    limits = []
    for number, ((name, given), (mark, colour, line)) in enumerate(zip(series.items(), MARKS, strict=False)):
        estimate, low, high = (np.asarray(values, float) for values in given)
        at = rows + 0.36 - step * (number + 0.5)
        ax.hlines(at, low, high, color=colour, linewidth=2, linestyle=line, zorder=2)
        ax.plot(estimate, at, mark, color=colour, markersize=6, label=name, zorder=3, clip_on=False)
        for place in np.flatnonzero(np.isnan(estimate)):
            ax.text(
                0.01,
                at[place],
                f"{name}: none shown",
                transform=ax.get_yaxis_transform(),
                va="center",
                color=MUTED,
                style="italic",
                fontsize=8,
            )
        limits.append((low, high))
    lows, highs = (np.concatenate(side) for side in zip(*limits, strict=True))
    if log:
        ratio_axis(ax, lows, highs)
    else:
        ax.xaxis.set_major_formatter("{x:,g}")
        if np.isfinite(lows).any() and np.nanmin(lows) >= 0:
            ax.set_xlim(left=0)
    ax.set_yticks(rows, list(labels))
    ax.tick_params(axis="y", length=0, labelcolor=INK)
    ax.set_ylim(-0.6, len(labels) - 0.4)
    ax.set_xlabel(quantity)
    ax.grid(axis="x", zorder=0)
    ax.legend(
        loc="lower left", bbox_to_anchor=(0, 1), ncols=min(len(series), 2), frameon=False, fontsize=9, borderaxespad=0.2
    )
    return ax
