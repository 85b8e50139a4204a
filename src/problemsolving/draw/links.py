"""The links of an argument, one under another: which hold, which do not."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from problemsolving.draw.base import BLUE, INK, MUTED, get_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

State = Literal["holds", "breaks", "open"]
WIDTH, BOX, WRAP, LINE = 7.2, 1.25, 82, 0.19  # inches; letters a line; inches a line


def links(
    titles: Sequence[str],
    words: Sequence[str],
    *,
    states: Sequence[State],
    labels: Sequence[str],
    ax: Axes | None = None,
) -> Axes:
    """Draw the links of a chain of evidence from top to bottom.

    Parameters
    ----------
    titles, words : sequence of str
        What each link asks, and what came out.
    states : sequence of {"holds", "breaks", "open"}
        A full box, one with a dashed border, one with a dotted border; arrows lead on from links that hold.
    labels : sequence of str
        The word in the box.
    """
    from matplotlib.patches import FancyArrowPatch, Rectangle

    said = [textwrap.wrap(text, WRAP) or ["–"] for text in words]
    tall = [max(0.55, LINE * (len(lines) + 1) + 0.1) for lines in said]
    gap = 0.28
    height = sum(tall) + gap * (len(tall) - 1) + 0.2
    ax = get_axes(ax, size=(WIDTH, height))
    ax.set_xlim(0, WIDTH)
    ax.set_ylim(0, height)
    ax.set_axis_off()
    top = height - 0.1
    for at, (title, lines, state, high) in enumerate(zip(titles, said, states, tall, strict=True)):
        middle, holds = top - high / 2, state == "holds"
        ax.add_patch(
            Rectangle(
                (0.1, middle - 0.24),
                BOX,
                0.48,
                facecolor=BLUE if holds else "white",
                edgecolor=BLUE if holds else MUTED,
                linestyle={"holds": "-", "breaks": (0, (4, 2)), "open": (0, (1, 2))}[state],
                linewidth=1.6,
            )
        )
        ax.text(
            0.1 + BOX / 2, middle, labels[at], ha="center", va="center", fontsize=9, color="white" if holds else INK
        )
        ink = MUTED if state == "open" else INK
        ax.text(BOX + 0.3, top - 0.05, title, ha="left", va="top", fontsize=9.5, weight="bold", color=ink)
        ax.text(BOX + 0.3, top - 0.05 - LINE, "\n".join(lines), ha="left", va="top", fontsize=8.6, color=ink)
        if at + 1 < len(titles):
            end = top - high - gap + (tall[at + 1] - 0.48) / -2
            ax.add_patch(
                FancyArrowPatch(
                    (0.1 + BOX / 2, middle - 0.25),
                    (0.1 + BOX / 2, end + 0.01),
                    arrowstyle="-|>" if holds else "-",
                    mutation_scale=11,
                    color=BLUE if holds else MUTED,
                    linestyle="-" if holds else (0, (1, 2)),
                    linewidth=1.4,
                )
            )
        top -= high + gap
    return ax
