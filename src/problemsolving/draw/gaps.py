"""Times between events in the order in which they happened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from problemsolving.draw.base import BLUE, MUTED, ORANGE, get_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TICKS = (0, 0.1, 1, 3, 7, 14, 30, 60, 90, 180, 365, 730, 1_460, 3_650)  # days that people know


def days_between(
    labels: Sequence[str],
    days: ArrayLike,
    *,
    centre: float,
    lower: float,
    upper: float,
    signals: Sequence[int],
    open_days: float | None,
    power: float,
    quantity: str,
    ax: Axes | None = None,
) -> Axes:
    """Draw the days between events on the scale of a power, with limits and signals; the time since the last one hollow.

    Parameters
    ----------
    labels : sequence of str, length n
        When each time ended.
    days : array_like, shape (n,)
        Days since the event before.
    centre, lower, upper : float
        In days.
    signals : sequence of int
        Positions to mark.
    open_days : float, optional
        Days since the last event, not yet ended.
    power : float
        Days are drawn at their root of this power, on which ordinary times lie evenly about the centre.
    """
    days = np.asarray(days, float)
    ax = get_axes(ax, size=(7.2, 3.9))
    ax.set_yscale(
        "function", functions=(lambda t: np.maximum(t, 0) ** (1 / power), lambda y: np.maximum(y, 0) ** power)
    )
    _levels(ax, centre=centre, lower=lower, upper=upper)
    places = np.arange(days.size)
    ax.plot(places, days, "-o", color=BLUE, markersize=4.5, linewidth=1.4, zorder=3)
    chosen = list(signals)
    if chosen:
        mark: dict[str, Any] = {"color": ORANGE, "markersize": 8, "linestyle": "none", "zorder": 4}
        ax.plot(places[chosen], days[chosen], "D", label="special cause", **mark)
    if open_days is not None:
        mark = {"markerfacecolor": "white", "markeredgecolor": BLUE, "markersize": 7, "linestyle": "none", "zorder": 4}
        ax.plot([days.size], [open_days], "o", label="since the last one, still open", **mark)
    if chosen or open_days is not None:
        ax.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1.0), ncol=2, fontsize=9, borderaxespad=0.2)
    step = max(1, -(-len(labels) // 7))
    ax.set_xticks(places[::step], list(labels)[::step])
    ax.set_xlim(-0.6, days.size + 0.4)
    _days_upwards(ax, max(float(days.max(initial=upper)), upper, open_days or 0.0) * 1.3)
    ax.set_ylabel(quantity)
    return ax


def _levels(ax: Axes, *, centre: float, lower: float, upper: float) -> None:
    """Draw centre and limits with their days beside them."""
    ax.axhspan(lower, upper, color="#eef2f6", zorder=0)
    for level, name in ((upper, "upper limit"), (centre, "centre"), (lower, "lower limit")):
        ax.axhline(level, color=MUTED, linewidth=1, linestyle="-" if name == "centre" else (0, (4, 3)), zorder=1)
        ax.annotate(
            f"{name} {level:,.3g}" if level >= TICKS[1] else f"{name} below {TICKS[1]}",
            (1, level),
            xycoords=ax.get_yaxis_transform(),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            fontsize=8.5,
            color=MUTED,
            annotation_clip=False,
        )


def _days_upwards(ax: Axes, top: float) -> None:
    """Mark days that people know."""
    ax.set_ylim(0, top)
    ticks = [tick for tick in TICKS if tick <= top]
    ax.set_yticks(ticks, [f"{tick:,g}" for tick in ticks])
    ax.set_yticks([], minor=True)
