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
MARK = 0.2  # inches: across a mark
WRAP = 15  # letters a line, at 9 points
CELL = (1.3, 0.88)  # inches that a mark and its label take
SPARE = 1.5  # places for each node
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
        raise ValueError(
            f"{len(nodes)} nodes are too many to read as nodes and lines (fewer than {MOST}); draw a matrix"
        )
    unknown = sorted({name for a, b, _ in arcs for name in (a, b)} - set(nodes))
    if unknown:
        raise ValueError(f"arcs name nodes that are not there: {', '.join(unknown)}")
    names = sorted(nodes)
    shown = sorted((a, b, float(weight)) for a, b, weight in arcs if weight > 0 and a != b)
    kinds = {name: (sectors or {}).get(name, "") for name in names}
    looks = look_of(list(kinds.values()))
    said = {name: textwrap.fill(name, WRAP, break_long_words=False) for name in names}
    spots, height = place_nodes(names, shown, seed=seed)
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


def place_nodes(names: Sequence[str], arcs: Sequence[tuple[str, str, float]], *, seed: int = 0) -> tuple[Floats, float]:
    """Lay nodes out by their ties, then give each a place of its own, the nearest that is free.

    Returns
    -------
    spots, height : array of shape (n, 2), float
        Middle of each mark and height of the picture, inches. Places lie so far apart that no label meets another.
    """
    import networkx as nx
    from scipy.optimize import linear_sum_assignment

    places, height = _places(len(names))
    if not names:
        return np.zeros((0, 2)), height
    graph = nx.Graph()
    graph.add_nodes_from(names)
    top = max((weight for _, _, weight in arcs), default=1.0)
    for place, a in enumerate(names):
        graph.add_weighted_edges_from((a, b, 0.03) for b in names[place + 1 :])  # so that no part drifts away
    for a, b, weight in arcs:
        graph[a][b]["weight"] += 0.1 + weight / top
    found = nx.spring_layout(graph, seed=seed, weight="weight", iterations=300)
    drawn = np.array([found[name] for name in names], float).reshape(-1, 2)
    ranks = np.argsort(np.argsort(drawn, axis=0, kind="stable"), axis=0, kind="stable") / max(len(names) - 1, 1)
    span = np.ptp(drawn, axis=0)
    even = 0.5 * ranks + 0.5 * (drawn - drawn.min(axis=0)) / np.where(span > 0, span, 1.0)
    wanted = places.min(axis=0) + even * np.ptp(places, axis=0)
    cost = ((wanted[:, None, :] - places[None, :, :]) ** 2).sum(axis=-1)
    return places[linear_sum_assignment(cost)[1]], height


def _places(n: int) -> tuple[Floats, float]:
    """Give places in rows, every other row half a place to the side."""
    across, down = CELL
    columns = int(WIDTH // across)
    rows = max(4 if n > 2 else 1, int(np.ceil(SPARE * n / (columns - 0.5))))
    height = rows * down + 0.25
    first = (WIDTH - (columns - 1) * across) / 2
    spots = [
        (first + across * (column + 0.5 * (row % 2)), height - 0.35 - row * down)
        for row in range(rows)
        for column in range(columns - row % 2)
    ]
    return np.array(spots), height


def _arc(ax: Axes, start: Floats, end: Floats, *, width: float) -> None:
    from matplotlib.patches import FancyArrowPatch

    bend = 0.14 * min(1.0, 1.8 / float(np.hypot(*(end - start))))
    ax.add_patch(
        FancyArrowPatch(
            tuple(start), tuple(end), connectionstyle=f"arc3,rad={bend:.4f}", shrinkA=8, shrinkB=9, linewidth=width,
            arrowstyle=f"-|>,head_length={3.5 + 0.9 * width:.3f},head_width={1.6 + 0.6 * width:.3f}",
            color="#7d8793", alpha=0.6, zorder=2, joinstyle="miter", clip_on=False,
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
