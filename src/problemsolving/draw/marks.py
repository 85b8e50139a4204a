"""Estimates with intervals, and bars."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from problemsolving.draw.base import BLUE, INK, MUTED, get_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes


NAME, AXIS = 34, 62  # letters of a line: names of rows, the axis


def fitted(words: str, width: int = NAME) -> str:
    """Break long words for a picture into lines; a name is never cut."""
    return textwrap.fill(words, width, break_long_words=False, break_on_hyphens=False) or words


def intervals(
    labels: Sequence[str],
    estimates: ArrayLike,
    *,
    low: ArrayLike,
    high: ArrayLike,
    quantity: str,
    reference: float | None = None,
    log: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Draw estimates with their intervals, one row a label, first label on top."""
    estimates, low, high = (np.asarray(values, float) for values in (estimates, low, high))
    ax = get_axes(ax, size=(7.2, 1.3 + 0.38 * len(labels)))
    rows = np.arange(len(labels))[::-1]
    if reference is not None:
        ax.axvline(reference, color=MUTED, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
    ax.hlines(rows, low, high, color=BLUE, linewidth=2.4, zorder=2)
    ax.plot(estimates, rows, "o", color=BLUE, markersize=7, zorder=3)
    for row, estimate in zip(rows, estimates, strict=True):
        if np.isnan(estimate):
            ax.text(0.02, row, "withheld", transform=ax.get_yaxis_transform(), va="center", color=MUTED, style="italic")
    if log:
        ratio_axis(ax, low, high)
    ax.set_yticks(rows, [fitted(label) for label in labels])
    ax.tick_params(axis="y", length=0, labelcolor=INK)
    ax.set_ylim(-0.6, len(labels) - 0.4)
    ax.set_xlabel("\n".join(fitted(line, AXIS) for line in quantity.split("\n")))
    ax.grid(axis="x", zorder=0)
    if not log:
        ax.xaxis.set_major_formatter("{x:,g}")
        if np.isfinite(low).any() and np.nanmin(low) >= 0:
            ax.set_xlim(left=0)
    return ax


def ratio_axis(ax: Axes, low: np.ndarray, high: np.ndarray) -> None:
    """Scale an axis of ratios by their logarithm, with marks at ratios people know."""
    known = [*low[np.isfinite(low)], *high[np.isfinite(high)], 1.0]
    least, most = min(known) / 1.04, max(known) * 1.04
    ax.set_xscale("log")
    ax.set_xlim(least, most)
    fine, coarse = (
        (0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.3, 1.4, 1.6, 1.8, 2),
        (0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10, 20, 50),
    )
    spread = most / least
    bases = (1, 3) if spread < 1_000 else (1,)
    wide = [base * 10.0**power for power in range(-4, 7) for base in bases]
    ticks = [tick for tick in (fine if spread < 3 else coarse if spread < 30 else wide) if least <= tick <= most]
    ax.set_xticks(ticks, [f"{tick:,g}" for tick in ticks])
    ax.set_xticks([], minor=True)


def bars(labels: Sequence[str], heights: ArrayLike, *, quantity: str, ax: Axes | None = None) -> Axes:
    """Draw horizontal bars with their numbers beside them."""
    heights = np.asarray(heights, float)
    ax = get_axes(ax, size=(7.2, 1.2 + 0.36 * len(labels)))
    rows = np.arange(len(labels))[::-1]
    ax.barh(rows, np.nan_to_num(heights), color=BLUE, height=0.62)
    for row, height in zip(rows, heights, strict=True):
        label = " withheld" if np.isnan(height) else f" {height:,.0f}"
        ax.text(0 if np.isnan(height) else height, row, label, va="center", color=INK)
    ax.set_yticks(rows, [fitted(label) for label in labels])
    ax.tick_params(axis="y", length=0, labelcolor=INK)
    ax.set_xlabel(quantity)
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.set_xlim(0, max(1.0, float(np.nanmax(heights, initial=0))) * 1.15)
    return ax
