"""One made-up journey as a timeline: a legend to what journeys are."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from problemsolving.draw.base import BLUE, GRID, INK, MUTED, ORANGE, get_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, LANE = 6.4, 0.5  # inches
MADE_UP = "A made-up journey: nobody's own"


def journey(agencies: Sequence[str], days: Sequence[float], *, ended: str = "", ax: Axes | None = None) -> Axes:
    """Draw a made-up journey: a lane an agency, a mark a contact, a line for each wait.

    Parameters
    ----------
    agencies : sequence of str
        The agency of each contact, in order.
    days : sequence of float
        Days from the first contact, rising.
    ended : str
        How the journey ended.
    """
    lanes = list(dict.fromkeys(agencies))
    rows = {name: len(lanes) - 1 - at for at, name in enumerate(lanes)}
    ax = get_axes(ax, size=(WIDTH, 1.55 + LANE * len(lanes)))
    span = max(days[-1] - days[0], 1.0) if len(days) else 1.0
    for row in rows.values():
        ax.axhline(row, color=GRID, linewidth=1, zorder=0)
    for at in range(1, len(agencies)):
        before, after = rows[agencies[at - 1]], rows[agencies[at]]
        ax.plot([days[at - 1]] * 2, [before, after], color=MUTED, linewidth=1.1, linestyle=(0, (1, 1.5)), zorder=1)
        ax.plot([days[at - 1], days[at]], [after, after], color=ORANGE, linewidth=3, solid_capstyle="butt", zorder=2)
    for at, (name, day) in enumerate(zip(agencies, days, strict=True), 1):
        ax.plot(day, rows[name], "o", color=BLUE, markersize=13, zorder=4)
        ax.text(
            day, rows[name], str(at), ha="center", va="center", color="white", fontsize=8.5, weight="bold", zorder=5
        )
    ax.set_yticks([rows[name] for name in lanes], [textwrap.fill(name, 20, break_long_words=False) for name in lanes])
    ax.tick_params(axis="y", length=0, labelcolor=INK)
    ax.set_ylim(-0.6, len(lanes) - 0.4)
    ax.set_xlim(-0.06 * span, 1.06 * span)
    ax.set_xlabel("days from the first contact" + (f"\nthe journey ended with: {ended}" if ended else ""))
    ax.set_title(MADE_UP, pad=24, loc="left")
    ax.spines["left"].set_visible(False)
    _explain(ax)
    return ax


def _explain(ax: Axes) -> None:
    from matplotlib.lines import Line2D

    marks = [
        Line2D([], [], linestyle="none", marker="o", color=BLUE, markersize=9, label="contact"),
        Line2D([], [], color=ORANGE, linewidth=3, label="wait"),
        Line2D([], [], color=MUTED, linewidth=1.1, linestyle=(0, (1, 1.5)), label="sent on"),
    ]
    ax.legend(
        handles=marks, loc="lower left", bbox_to_anchor=(0, 1), ncols=3, frameon=False, fontsize=9, borderaxespad=0.2
    )
