"""Estimates with intervals, with what lies around them, or with the word that stands in their place."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from problemsolving.draw.base import BLUE, INK, ORANGE
from problemsolving.draw.marks import intervals, ratio_axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH = 42  # characters of a label's line


def bounded_intervals(
    labels: Sequence[str],
    estimates: ArrayLike,
    *,
    low: ArrayLike,
    high: ArrayLike,
    words: Sequence[str],
    quantity: str,
    least: ArrayLike | None = None,
    most: ArrayLike | None = None,
    around: str = "",
    reference: float | None = None,
    log: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Draw estimates with their intervals, one row a label, and a thin line from ``least`` to ``most`` under each.

    Parameters
    ----------
    words : sequence of str
        What stands in a row without an estimate.
    least, most : array_like, optional
        Ends of the thin lines, NaN where there is none; ``around`` says in the legend what they are.
    """
    lower, upper = np.asarray(low, float), np.asarray(high, float)
    wrapped = ["\n".join(wrap(label, WIDTH)[:2]) for label in labels]
    ax = intervals(wrapped, estimates, low=lower, high=upper, reference=reference, log=log, quantity=quantity, ax=ax)
    rows = np.arange(len(labels))[::-1]
    for text in ax.texts:
        text.set_text(words[len(labels) - 1 - round(text.get_position()[1])])
    if least is None or most is None or not np.isfinite(np.asarray(most, float)).any():
        return ax
    ends = np.asarray(least, float), np.asarray(most, float)
    ax.plot([], [], "-o", color=BLUE, linewidth=2.4, markersize=7, label="estimate and interval")
    ax.hlines(rows, *ends, color=ORANGE, linewidth=1.1, zorder=1.5, label=around)
    for end in ends:
        ax.plot(end, rows, "|", color=ORANGE, markersize=9, zorder=3.5)
    if log:
        ratio_axis(ax, np.concatenate([lower, ends[0]]), np.concatenate([upper, ends[1]]))
    else:
        ax.set_xlim(right=float(np.nanmax([*upper, *ends[1]])) * 1.04)
    ax.legend(frameon=False, fontsize=9, loc="lower right", bbox_to_anchor=(1, 1), labelcolor=INK, borderaxespad=0.2)
    return ax
