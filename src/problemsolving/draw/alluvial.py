"""People by step of their journeys: bands of agencies in columns, flows between."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from problemsolving.draw.base import INK, MUTED, get_axes
from problemsolving.draw.kinds import COLOURS, spread_out

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = NDArray[np.float64]
SHOWN = 8  # agencies with a band of their own; the others are one
WIDTH, HEIGHT = 6.4, 4.6  # inches, of the bands
BAND = 0.22  # width of a band, in columns
TEXT = 0.14  # inches that a number needs
GAP = 0.026  # between bands, as a share of the height
NAMED, GREY = (*COLOURS[:7], COLOURS[8]), COLOURS[7]  # of agencies, and of the others
OTHER, ENDED = "other", "no further contact"
ENDED_LOOK: dict[str, Any] = {"facecolor": "white", "edgecolor": MUTED, "hatch": "/////", "linewidth": 0.8}


class Steps(NamedTuple):
    """Bands of the picture: names, people of each by step (steps, n), flows (steps - 1, n, n + 1), the end last."""

    names: list[str]
    bands: Floats
    flows: Floats


def alluvial(
    agencies: Sequence[str],
    bands: ArrayLike,
    flows: ArrayLike,
    *,
    of: str = "people",
    shown: int = SHOWN,
    ax: Axes | None = None,
) -> Axes:
    """Draw journeys step by step: a column a contact, a band an agency, flows to the next contact or the end.

    Parameters
    ----------
    agencies : sequence of str
        Names.
    bands : array_like, shape (steps, n)
        People at each agency at their first, second, ... contact; missing where withheld.
    flows : array_like, shape (steps - 1, n, n + 1)
        People from each agency to each at the next contact, or in the last column to none; missing where withheld.
    of : str
        Who is counted, in the plural.
    shown : int
        Agencies with a band of their own, 1 to 8; the smallest others are put together.

    Notes
    -----
    Unrolled by step, so that journeys which come back to an agency make no loop. What is withheld is not drawn: bands may
    then be taller than the flows that leave them.
    """
    steps = merge_small(agencies, bands, flows, shown=shown)
    n, columns = len(steps.names), len(steps.bands)
    ax = get_axes(ax, size=(WIDTH, HEIGHT + 0.55 + 0.21 * (-(-(n + 1) // 2))))
    heights, tops = _stacked(steps)
    has_other = steps.names[-1].startswith(OTHER)
    colours = [*NAMED[: n - 1], GREY] if has_other else list(NAMED[:n])
    for at in range(columns - 1):
        _flows(ax, at, steps.flows[at], tops[at], tops[at + 1], colours)
    for at in range(columns):
        _column(ax, at, heights[at], tops[at], colours, inch=_span(heights, tops) / HEIGHT)
    ax.set_xlim(-BAND, columns - 1 + BAND + 0.12)
    ax.set_ylim(tops.min() - heights.max() * 0.01 - _lowest(heights, tops), 0.01 * _span(heights, tops))
    ax.set_xticks(
        range(columns), ["1st contact" if at == 0 else f"{at + 1}{_ordinal(at + 1)}" for at in range(columns)]
    )
    ax.xaxis.tick_top()
    ax.set_yticks([])
    ax.tick_params(length=0, labelcolor=INK, labelsize=10)
    for spine in ax.spines.values():
        spine.set_visible(False)
    _scale(ax, heights, of)
    _explain(ax, steps.names, colours)
    return ax


def merge_small(agencies: Sequence[str], bands: ArrayLike, flows: ArrayLike, *, shown: int = SHOWN) -> Steps:
    """Put the agencies with fewest people together as one, and order the others by theirs.

    >>> merged = merge_small(["a", "b", "c"], [[5, 1, 9]], np.zeros((0, 3, 4)), shown=1)
    >>> merged.names, merged.bands.tolist()
    (['c', 'other (2 agencies)'], [[9.0, 6.0]])
    """
    tall, moved = np.nan_to_num(np.asarray(bands, float)), np.nan_to_num(np.asarray(flows, float))
    names, n = list(agencies), len(agencies)
    order = sorted(range(n), key=lambda at: (names[at].startswith(OTHER), -tall[:, at].sum(), names[at]))
    limit = max(1, min(shown, SHOWN))
    named = [at for at in order if not names[at].startswith(OTHER)]
    kept = named[:limit]
    rest = [at for at in order if at not in kept]
    groups = [[at] for at in kept] + ([rest] if rest else [])
    into = np.zeros((n, len(groups)))
    for column, group in enumerate(groups):
        into[group, column] = 1
    ends = np.zeros((n + 1, len(groups) + 1))
    ends[:n, :-1], ends[n, -1] = into, 1
    others = f"{OTHER} agencies" if len(named) + 1 == n else f"{OTHER} ({len(rest)} agencies)"
    label = [others] if rest else []
    return Steps([*(names[at] for at in kept), *label], tall @ into, into.T @ moved @ ends)


def _stacked(steps: Steps) -> tuple[Floats, Floats]:
    """Height and top of each band, those who ended last; a band holds all that comes in and goes out."""
    columns, n = steps.bands.shape
    heights = np.zeros((columns, n + 1))
    heights[:, :n] = steps.bands
    if columns > 1:
        heights[:-1, :n] = np.maximum(heights[:-1, :n], steps.flows.sum(axis=2))
        heights[1:] = np.maximum(heights[1:], steps.flows.sum(axis=1))
    gap = GAP * heights.sum(axis=1).max()
    tops = -np.cumsum(
        np.column_stack([np.zeros(columns), heights[:, :-1] + np.where(heights[:, :-1] > 0, gap, 0)]), axis=1
    )
    return heights, tops


def _lowest(heights: Floats, tops: Floats) -> float:
    return float((heights - tops).max() + tops.min())


def _span(heights: Floats, tops: Floats) -> float:
    return float((heights - tops).max()) or 1.0


def _flows(ax: Axes, at: int, flows: Floats, start: Floats, end: Floats, colours: Sequence[str]) -> None:
    """Draw the flows between two columns, wide ones first."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    left, right = start.copy(), end.copy()
    for a, b in np.ndindex(flows.shape):
        wide = float(flows[a, b])
        if not wide > 0:
            continue
        x0, x1 = at + BAND / 2, at + 1 - BAND / 2
        middle, y0, y1 = (x0 + x1) / 2, float(left[a]), float(right[b])
        vertices = [(x0, y0), (middle, y0), (middle, y1), (x1, y1), (x1, y1 - wide), (middle, y1 - wide), (middle, y0 - wide), (x0, y0 - wide), (x0, y0)]  # fmt: skip
        codes = [Path.MOVETO, *[Path.CURVE4] * 3, Path.LINETO, *[Path.CURVE4] * 3, Path.CLOSEPOLY]
        fading = 0.18 if b == flows.shape[1] - 1 else 0.42
        ax.add_patch(PathPatch(Path(vertices, codes), facecolor=colours[a], alpha=fading, linewidth=0, zorder=1))
        left[a] -= wide
        right[b] -= wide


def _column(ax: Axes, at: int, heights: Floats, tops: Floats, colours: Sequence[str], *, inch: float) -> None:
    """Draw the bands of a column with their numbers: inside where there is room, else beside."""
    from matplotlib.patches import Rectangle
    from matplotlib.patheffects import withStroke

    present = [int(row) for row in np.flatnonzero(heights > 0)]
    middles = tops[present] - heights[present] / 2
    beside = [place for place, row in enumerate(present) if heights[row] < TEXT * inch and row < len(colours)]
    level = dict(zip(beside, spread_out(-middles[beside], TEXT * inch, low=-1e12, high=1e12), strict=True))
    for place, row in enumerate(present):
        corner = (at - BAND / 2, tops[row] - heights[row])
        if row == len(colours):
            ax.add_patch(Rectangle(corner, BAND, heights[row], zorder=2, **ENDED_LOOK))
            continue
        ax.add_patch(Rectangle(corner, BAND, heights[row], facecolor=colours[row], linewidth=0, zorder=2))
        number = str(row + 1)
        if place in level:
            ax.text(at + BAND / 2 + 0.02, -level[place], number, ha="left", va="center", fontsize=8.5, color=INK, zorder=4, path_effects=[withStroke(linewidth=2, foreground="white")])  # fmt: skip
        else:
            ax.text(at, middles[place], number, ha="center", va="center", fontsize=9, weight="bold", color=_ink(colours[row]), zorder=4)  # fmt: skip


def _ink(colour: str) -> str:
    """Black or white, whichever is read better on a colour."""
    from matplotlib.colors import to_rgb

    red, green, blue = to_rgb(colour)
    return "white" if 0.2126 * red**2.2 + 0.7152 * green**2.2 + 0.0722 * blue**2.2 < 0.25 else INK


def _ordinal(number: int) -> str:
    return {1: "st", 2: "nd", 3: "rd"}.get(number, "th")


def _scale(ax: Axes, heights: Floats, of: str) -> None:
    """Say how many people all columns start from."""
    ax.set_title(
        f"{heights[0].sum():,.0f} {of} at their first contact", fontsize=10, weight="normal", loc="left", pad=8
    )


def _explain(ax: Axes, names: Sequence[str], colours: Sequence[str]) -> None:
    """Put a legend of numbers under the picture."""
    from matplotlib.patches import Patch

    marks = [
        Patch(facecolor=colour, label=textwrap.shorten(f"{at + 1}  {name}", 60))
        for at, (name, colour) in enumerate(zip(names, colours, strict=True))
    ]
    marks.append(Patch(**ENDED_LOOK, label=ENDED))
    ax.legend(
        handles=marks, loc="upper left", bbox_to_anchor=(0, 0), ncols=2, frameon=False, fontsize=9.5, borderaxespad=0.3,
        handlelength=1.3, columnspacing=1.6, labelspacing=0.35,
    )  # fmt: skip
