"""How an estimate goes with a quantity: points with intervals over its range."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from problemsolving.draw.base import BLUE, INK, MUTED, SKY, get_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def shape(
    at: ArrayLike,
    estimates: ArrayLike,
    *,
    low: ArrayLike,
    high: ArrayLike,
    notes: Sequence[str],
    reference: float,
    along: str,
    quantity: str,
    ax: Axes | None = None,
) -> Axes:
    """Draw estimates with intervals where there are data, joined by a thin line; nothing is drawn beyond them.

    Parameters
    ----------
    at, estimates, low, high : array, shape (n,)
        Place on the axis, in rising order, and the estimate there; NaN where there is none.
    notes : sequence of str
        Words above each point, for example the share of places behind it.
    reference : float
        The value of no difference.
    along, quantity : str
        What the axes measure.
    """
    at, estimates, low, high = (np.asarray(values, float) for values in (at, estimates, low, high))
    ax = get_axes(ax, size=(7.2, 3.9))
    ax.axhline(reference, color=MUTED, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
    ax.plot(at, estimates, color=SKY, linewidth=1.4, zorder=2)
    ax.vlines(at, low, high, color=BLUE, linewidth=2.4, zorder=3)
    ax.plot(at, estimates, "o", color=BLUE, markersize=7, zorder=4)
    known = [*low[np.isfinite(low)], *high[np.isfinite(high)], reference]
    room = (max(known) - min(known)) or 1.0
    crowded = np.diff(at, prepend=-np.inf) < 0.12 * (np.ptp(at) or 1.0)
    raised = False
    for place, note, close in zip(at, notes, crowded, strict=True):
        raised = bool(close) and not raised
        ax.text(place, max(known) + (0.17 if raised else 0.06) * room, note, ha="center", color=INK, fontsize=9)
    ax.set_ylim(min(known) - 0.08 * room, max(known) + 0.3 * room)
    ax.margins(x=0.08)
    ax.set_xlabel(along)
    ax.set_ylabel(quantity)
    ax.xaxis.set_major_formatter("{x:,g}")
    return ax
