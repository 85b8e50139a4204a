"""Curves over shares of places or people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from problemsolving.draw.base import BLUE, INK, MUTED, ORANGE, SKY, get_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def lorenz(
    share_of_places: ArrayLike, share_of_events: ArrayLike, *, low: ArrayLike, high: ArrayLike, ax: Axes | None = None
) -> Axes:
    """Draw a concentration curve (places from most to fewest events) with the envelope of chance."""
    places = np.asarray(share_of_places, float) * 100
    ax = get_axes(ax, size=(7.2, 4.2))
    ax.fill_between(places, np.asarray(low) * 100, np.asarray(high) * 100, color="#4f86bd", alpha=0.8, linewidth=1.2)
    ax.plot(places, np.asarray(share_of_events) * 100, color=BLUE, linewidth=2.4)
    ax.plot([0, 100], [0, 100], color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
    at = int(np.argmin(np.abs(places - 30)))
    ax.text(30, np.asarray(share_of_events)[at] * 100 + 3, "observed", ha="right", color=BLUE, weight="bold")
    ax.text(80, 76, "spread evenly", color=MUTED, va="top")
    far = int(np.argmin(np.abs(places - 45)))
    middle = (np.asarray(low)[far] + np.asarray(high)[far]) * 50
    ax.annotate(
        "what chance alone would give",
        (45, middle),
        xytext=(58, middle - 34),
        color=INK,
        fontsize=9,
        arrowprops={"arrowstyle": "-", "color": MUTED, "linewidth": 0.8},
    )
    ax.set_xlabel("% of small areas, from most to fewest incidents")
    ax.set_ylabel("% of incidents")
    ax.set_xlim(0, 100)
    ax.set_ylim(0, 102)
    return ax


def gradient(
    labels: Sequence[str],
    rates: ArrayLike,
    *,
    low: ArrayLike,
    high: ArrayLike,
    left: ArrayLike,
    width: ArrayLike,
    line: tuple[float, float],
    quantity: str,
    group: str,
    ax: Axes | None = None,
) -> Axes:
    """Draw rates by group with intervals over cumulative population, and the fitted slope."""
    rates, left, width = (np.asarray(values, float) for values in (rates, left, width))
    ax = get_axes(ax, size=(7.2, 4.0))
    middle = left + width / 2
    ax.bar(left, rates, width=width * 0.96, align="edge", color=SKY, edgecolor="white")
    ax.vlines(middle, low, high, color=INK, linewidth=1.4)
    ax.plot(middle, rates, "o", color=BLUE, markersize=5)
    if all(np.isfinite(line)):
        ax.plot([0, 1], [line[0], line[0] + line[1]], color=ORANGE, linewidth=2.2, label="fitted slope")
        ax.legend(frameon=False, loc="upper right")
    ax.set_xticks(middle, list(labels))
    ax.set_xlabel(group)
    ax.set_ylabel(quantity)
    ax.set_xlim(0, 1)
    ax.set_ylim(bottom=0)
    ax.yaxis.set_major_formatter("{x:,.0f}")
    return ax
