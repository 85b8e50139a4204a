"""Nodes and the ties between them, for networks small enough to read."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from problemsolving.draw.base import INK, MUTED, get_axes
from problemsolving.draw.kinds import look_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST = 30  # nodes from which a matrix must do
WIDTH = 6.6  # inches
MARK, LETTER, LINE = 0.2, 0.082, 0.155  # inches: across a mark, a letter and a line of 9 points
WRAP = 16  # letters a line
ROUNDS = 2_000
Floats = NDArray[np.float64]


def node_link(
    nodes: Sequence[str],
    arcs: Sequence[tuple[str, str, float]],
    *,
    sectors: Mapping[str, str] | None = None,
    quantity: str = "",
    seed: int = 0,
    ax: Axes | None = None,
) -> Axes:
    """Draw a small directed network: width of an arc by its weight, sectors by colour and shape.

    Parameters
    ----------
    nodes : sequence of str
        Names, fewer than 30.
    arcs : sequence of tuple of str, str, float
        From, to, weight above 0; others are not drawn.
    sectors : mapping of str to str, optional
        Sector of each node; up to nine.
    quantity : str
        What the width of an arc tells.
    seed : int
        Of the layout; the same seed gives the same picture.

    Raises
    ------
    ValueError
        From 30 nodes on (draw a matrix), or for an arc of a node that is not there.

    Notes
    -----
    How near two nodes lie is only loosely told by their ties: do not read distances.
    """
    if len(nodes) >= MOST:
        raise ValueError(f"{len(nodes)} nodes are too many to read as nodes and lines (fewer than {MOST}); draw a matrix")
    unknown = sorted({name for a, b, _ in arcs for name in (a, b)} - set(nodes))
    if unknown:
        raise ValueError(f"arcs name nodes that are not there: {', '.join(unknown)}")
    names = sorted(nodes)
    shown = sorted((a, b, float(weight)) for a, b, weight in arcs if weight > 0 and a != b)
    kinds = {name: (sectors or {}).get(name, "") for name in names}
    looks = look_of(list(kinds.values()))
    said = {name: textwrap.fill(name, WRAP, break_long_words=False) for name in names}
    height = 3.0 + 0.13 * len(names)
    spots = place_nodes([said[name] for name in names], names, shown, size=(WIDTH, height), seed=seed)
    place = dict(zip(names, spots, strict=True))
    ax = get_axes(ax, size=(WIDTH, height + 0.7))
    ax.set_xlim(0, WIDTH)
    ax.set_ylim(0, height)
    ax.set_aspect("equal")
    ax.set_axis_off()
    top = max((weight for _, _, weight in shown), default=1.0)
    for a, b, weight in shown:
        _arc(ax, place[a], place[b], width=0.6 + 4.4 * weight / top)
    for name in names:
        colour, shape = looks[kinds[name]]
        _node(ax, place[name], said[name], colour, shape)
    _explain(ax, {kind: look for kind, look in looks.items() if kind}, top if shown else 0.0, quantity)
    return ax


def place_nodes(
    labels: Sequence[str],
    names: Sequence[str],
    arcs: Sequence[tuple[str, str, float]],
    *,
    size: tuple[float, float],
    seed: int = 0,
) -> Floats:
    """Lay nodes out by their ties, then push them apart until no mark or label lies on another.

    Returns
    -------
    array, shape (n, 2)
        Middle of each mark, inches; its label stands under it.
    """
    import networkx as nx

    graph = nx.Graph()
    graph.add_nodes_from(names)
    for a, b, weight in arcs:
        before = graph.get_edge_data(a, b, {"weight": 0.0})["weight"]
        graph.add_edge(a, b, weight=before + weight)
    top = max((weight for _, _, weight in graph.edges(data="weight")), default=1.0)
    for _, _, data in graph.edges(data=True):
        data["weight"] = 0.15 + data["weight"] / top
    found = nx.spring_layout(graph, seed=seed, k=1.6 / max(len(names), 1) ** 0.5, iterations=200)
    spots = np.array([found[name] for name in names], float).reshape(-1, 2)
    half = np.array([_half(label) for label in labels]).reshape(-1, 2)
    low, high = half + 0.05, np.array(size) - half - 0.05
    span = np.ptp(spots, axis=0) if len(spots) else np.ones(2)
    spots = (spots - spots.min(axis=0)) / np.where(span > 0, span, 1.0) if len(spots) else spots
    spots = low + spots * (high - low)
    return _apart(spots, half, low, high) + np.column_stack([np.zeros(len(spots)), half[:, 1] - MARK / 2 - 0.02])


def _half(label: str) -> tuple[float, float]:
    """Half the width and height of a mark with its label under it."""
    lines = label.split("\n")
    wide = max(max(len(line) for line in lines) * LETTER, MARK)
    return wide / 2 + 0.04, (MARK + 0.04 + len(lines) * LINE) / 2 + 0.03


def _apart(spots: Floats, half: Floats, low: Floats, high: Floats) -> Floats:
    """Push overlapping boxes apart along the nearer side until none overlap."""
    placed, n = spots.copy(), len(spots)
    nudge = np.array([1.0, 0.5])
    for _ in range(ROUNDS):
        clear = True
        for a in range(n):
            for b in range(a + 1, n):
                gap = np.abs(placed[a] - placed[b])
                lap = half[a] + half[b] - gap
                if (lap <= 1e-9).any():
                    continue
                clear = False
                axis = int(np.argmin(lap * nudge))
                sign = 1.0 if placed[a, axis] >= placed[b, axis] else -1.0
                push = sign * (lap[axis] / 2 + 0.005)
                placed[a, axis] += push
                placed[b, axis] -= push
        placed = np.clip(placed, low, high)
        if clear:
            break
    return placed


def _arc(ax: Axes, start: Floats, end: Floats, *, width: float) -> None:
    from matplotlib.patches import FancyArrowPatch

    ax.add_patch(
        FancyArrowPatch(
            tuple(start), tuple(end), connectionstyle="arc3,rad=0.14", shrinkA=8, shrinkB=9, linewidth=width,
            arrowstyle=f"-|>,head_length={3.5 + 0.9 * width:.3f},head_width={1.6 + 0.6 * width:.3f}",
            color="#7d8793", alpha=0.6, zorder=2, joinstyle="miter",
        )
    )  # fmt: skip


def _node(ax: Axes, spot: Floats, label: str, colour: str, shape: str) -> None:
    from matplotlib.patheffects import withStroke

    ax.plot(*spot, shape, color=colour, markeredgecolor="white", markeredgewidth=0.8, markersize=12, zorder=4)
    ax.text(
        spot[0], spot[1] - MARK / 2 - 0.02, label, ha="center", va="top", fontsize=9, color=INK, zorder=5, linespacing=1.05,
        path_effects=[withStroke(linewidth=2.4, foreground="white")],
    )  # fmt: skip


def _explain(ax: Axes, looks: Mapping[str, tuple[str, str]], top: float, quantity: str) -> None:
    """Put a legend of sectors and widths under the picture."""
    from matplotlib.lines import Line2D

    marks = [
        Line2D([], [], linestyle="none", marker=shape, color=colour, markersize=9, label=kind)
        for kind, (colour, shape) in looks.items()
    ]
    if top > 0 and quantity:
        for share in (0.25, 1.0):
            words = f"{share * top:,.0f} {quantity}"
            marks.append(Line2D([], [], color="#7d8793", alpha=0.6, linewidth=0.6 + 4.4 * share, label=words))
    if marks:
        ax.legend(
            handles=marks, loc="upper left", bbox_to_anchor=(0, 0), ncols=3, frameon=False, fontsize=9, labelcolor=MUTED,
            borderaxespad=0.1, handlelength=1.8, columnspacing=1.2,
        )  # fmt: skip
