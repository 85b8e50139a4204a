"""Funnel plots: places against their size, between limits, with the few that stand out named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from problemsolving.draw.base import BLUE, INK, MUTED, ORANGE, SKY, get_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FONT = 8.5  # points
LINES = ((0, (1, 1.6)), (0, (5, 3)), "-")  # dotted, dashed, full
MARKS = (
    ("o", 20, SKY, "within the limits"),
    ("s", 30, BLUE, "beyond the inner limits"),
    ("D", 44, ORANGE, "beyond the outer limits"),
)
STEPS = (9.0, 18.0, 30.0, 44.0, 60.0)  # how far from its point a name may stand, in points
WAYS = ((1, 0), (-1, 0), (0.75, 0.75), (-0.75, 0.75), (0.75, -0.75), (-0.75, -0.75), (0, 1), (0, -1))


def funnel(
    sizes: ArrayLike,
    estimates: ArrayLike,
    *,
    beyond: ArrayLike,
    labels: Sequence[str],
    target: float,
    at: ArrayLike,
    limits: Mapping[str, tuple[ArrayLike, ArrayLike]],
    quantity: str,
    size: str,
    root: bool = False,
    withheld: int = 0,
    ax: Axes | None = None,
) -> Axes:
    """Draw estimates over size between pairs of limits.

    Parameters
    ----------
    sizes, estimates : array_like, shape (n,)
        Places across and upwards.
    beyond : array_like of int, shape (n,)
        0 within all limits, 1 beyond the inner, 2 beyond the outer ones: the shape of the mark.
    labels : sequence of str, length n
        Names to write, the first ones first; empty for none. A name that finds no free room is left out.
    target : float
        Height of the line in the middle.
    at : array_like, shape (m,)
        Sizes at which the limits are given.
    limits : mapping of str to pair of array_like, shape (m,)
        Words for the legend → lower and upper limits; at most three, the widest last.
    quantity, size : str
        Of the axes.
    root : bool
        Draw heights at their square root, so that a few high ones leave the others room.
    withheld : int
        Places that are not shown; said in the picture.
    """
    x, y, beyond = np.asarray(sizes, float), np.asarray(estimates, float), np.asarray(beyond, int)
    ax = get_axes(ax, size=(7.2, 4.8))
    for (words, (low, high)), style in zip(limits.items(), LINES[-len(limits) :], strict=True):
        ax.plot(at, low, color=MUTED, linewidth=1.1, linestyle=style, zorder=2, label=words)
        ax.plot(at, high, color=MUTED, linewidth=1.1, linestyle=style, zorder=2)
    ax.axhline(target, color=INK, linewidth=1.2, zorder=2, label="target")
    for code, (mark, area, colour, words) in enumerate(MARKS):
        at_x, at_y = x[beyond == code], y[beyond == code]
        if at_x.size:
            drawn = ax.scatter(at_x, at_y, s=area, marker=mark, color=colour, zorder=3 + code, label=words)
            drawn.set(edgecolor=INK, linewidth=0.4)
    _frame(ax, y, np.asarray(at, float), list(limits.values())[-1], root=root)
    ax.set_xlabel(size)
    ax.set_ylabel(f"{quantity} (root scale)" if root else quantity)
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncol=3, frameon=False, fontsize=FONT, borderaxespad=0.2)
    if withheld:
        said = ax.text(
            0.995, 0.01, f"{withheld:,} withheld, not shown", transform=ax.transAxes, ha="right", va="bottom"
        )
        said.set(color=MUTED, style="italic", fontsize=FONT)
    named = [place for place in range(len(labels)) if labels[place]]
    name_points(ax, x, y, {place: labels[place] for place in named})
    return ax


def _frame(ax: Axes, y: np.ndarray, at: np.ndarray, outer: tuple[ArrayLike, ArrayLike], *, root: bool) -> None:
    """Set the axes: all points, and the limits as far as they leave the points room."""
    if at.max() > 40 * at.min():
        ax.set_xscale("log")
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.set_xlim(at.min(), at.max())
    low, high = (np.asarray(limit, float)[len(at) // 4] for limit in outer)
    top, bottom = max(float(np.max(y, initial=0.0)), high), min(float(np.min(y, initial=high)), low)
    if root:
        ax.set_yscale("function", functions=(lambda v: np.sqrt(np.maximum(v, 0)), np.square))
        bottom = 0.0
    ax.set_ylim(max(bottom - 0.08 * (top - bottom), 0.0), top + 0.1 * (top - bottom))
    if root:
        _root_ticks(ax, top)
    ax.yaxis.set_major_formatter("{x:,.0f}" if top >= 10 else "{x:,.2g}")


def _root_ticks(ax: Axes, top: float) -> None:
    """Mark round heights, none too close to the one above it."""
    round_ones = [times * 10.0**power for power in range(-3, 7) for times in (1, 2, 3, 5)]
    ticks: list[float] = []
    for tick in sorted((t for t in round_ones if t <= top), reverse=True):
        if not ticks or np.sqrt(ticks[-1]) - np.sqrt(tick) > 0.07 * np.sqrt(top):
            ticks.append(tick)
    ax.set_yticks([0.0, *(tick for tick in ticks if np.sqrt(tick) > 0.07 * np.sqrt(top))])


def name_points(ax: Axes, x: ArrayLike, y: ArrayLike, names: Mapping[int, str]) -> list[str]:
    """Write names beside points so that no name covers another, and as few points as can be; give those written.

    Parameters
    ----------
    x, y : array_like, shape (n,)
        All points, in data units.
    names : mapping of int to str
        Position of a point → its name, the most important first.
    """
    from matplotlib.textpath import TextPath

    figure = ax.get_figure()
    if figure is None or not names:
        return []
    figure.draw_without_rendering()  # type: ignore[union-attr]  # settles where the axes lie
    to_points = 72 / figure.dpi
    points = ax.transData.transform(np.column_stack([np.asarray(x, float), np.asarray(y, float)])) * to_points
    inside = np.array(ax.get_window_extent().extents) * to_points
    taken: list[np.ndarray] = []
    written = []
    for place, name in names.items():
        width = TextPath((0, 0), name, size=FONT).get_extents().width + 3
        found = _free_place(points, place, width, inside, taken)
        if found is None:
            continue
        box, step = found
        taken.append(box)
        written.append(name)
        ax.annotate(
            name,
            (np.asarray(x, float)[place], np.asarray(y, float)[place]),
            xytext=(box[0] + 1.5 - points[place, 0], (box[1] + box[3]) / 2 - points[place, 1]),
            textcoords="offset points",
            ha="left",
            va="center",
            fontsize=FONT,
            color=INK,
            zorder=7,
            arrowprops={"arrowstyle": "-", "color": MUTED, "linewidth": 0.7, "shrinkB": 3} if step > STEPS[0] else None,
        )
    return written


def _free_place(
    points: np.ndarray, place: int, width: float, inside: np.ndarray, taken: Sequence[np.ndarray]
) -> tuple[np.ndarray, float] | None:
    """Find a box for a name near its point that meets no other name and covers the fewest points."""
    height, best, least = FONT * 1.25, None, np.inf
    for step in STEPS:
        for way in WAYS:
            centre = points[place] + np.array(way) * step + np.array([np.sign(way[0]) * width / 2, 0.0])
            half = np.array([width / 2, height / 2])
            box = np.concatenate([centre - half, centre + half])
            if (
                (box[:2] < inside[:2]).any()
                or (box[2:] > inside[2:]).any()
                or any(_meet(box, other) for other in taken)
            ):
                continue
            covered = ((points > box[:2] - 3) & (points < box[2:] + 3)).all(axis=1).sum()
            if covered * 20 + step < least:
                best, least = (box, step), covered * 20 + step
    return best


def _meet(one: np.ndarray, other: np.ndarray) -> bool:
    return bool((one[:2] < other[2:]).all() and (other[:2] < one[2:]).all())
