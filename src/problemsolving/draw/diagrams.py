"""Nodes and arrows in layers, from left to right."""

from __future__ import annotations

import itertools
import textwrap
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from problemsolving.draw.base import BLUE, INK, MUTED, get_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WRAP, CHARACTER, LINE = 14, 0.084, 0.17  # letters a line; inches a letter and a line at 9 points
GAP, ROW, PORT = 0.62, 0.24, 0.14  # inches between layers, boxes of a layer, arrows at a box
SWEEPS = 12
Point = tuple[float, float]  # in inches, as all of the picture
Spot = tuple[str, ...]  # a node, or a place at which a long arrow passes a layer: from, to, layer


def diagram(
    nodes: Sequence[str],
    arrows: Sequence[tuple[str, str]],
    *,
    notes: Mapping[str, str] | None = None,
    dashed: Collection[str] = (),
    rounded: Collection[str] = (),
    filled: Collection[str] = (),
    ax: Axes | None = None,
) -> Axes:
    """Draw an acyclic diagram in layers: every arrow runs from left to right and passes between the boxes.

    Parameters
    ----------
    nodes : sequence of str
        Labels.
    arrows : sequence of pair of str
        Cause, effect; without a cycle.
    notes : mapping of str to str, optional
        A small line under a label.
    dashed, rounded, filled : collection of str
        Nodes drawn with a dashed border, round corners, a dark ground.
    """
    notes = notes or {}
    said = {node: (textwrap.fill(node, WRAP), textwrap.fill(notes.get(node, ""), WRAP + 4)) for node in nodes}
    layers = _in_layers(nodes, arrows)
    sides = [Counter(one for one, _ in arrows), Counter(other for _, other in arrows)]
    sizes: dict[Spot, Point] = {(node,): _size(*said[node], most=max(side[node] for side in sides)) for node in nodes}
    spots, width, height = _places(layers, sizes)
    ax = get_axes(ax, size=(max(width, 3.0), max(height, 1.2)))
    ax.set_xlim(0, width)
    ax.set_ylim(0, height)
    ax.set_axis_off()
    for bends in _routes(arrows, layers, spots, sizes):
        _arrow(ax, bends)
    for node in nodes:
        _box(ax, spots[(node,)], sizes[(node,)], said[node], node in dashed, node in rounded, node in filled)
    return ax


def _size(label: str, note: str, *, most: int) -> Point:
    """Width and height of a box that holds its words and the arrows of a side."""
    lines, small = label.split("\n"), note.split("\n") if note else []
    wide = max([len(line) for line in lines] + [0.85 * len(line) for line in small])
    high = (len(lines) + 0.9 * len(small)) * LINE + 0.18
    return max(0.9, wide * CHARACTER + 0.2), max(high, PORT * (most + 1))


def _in_layers(nodes: Sequence[str], arrows: Sequence[tuple[str, str]]) -> list[list[Spot]]:
    """Put each node after all that lead to it, and let long arrows pass; order each layer so that few arrows cross."""
    import networkx as nx

    graph = nx.DiGraph()
    graph.add_nodes_from(nodes)
    graph.add_edges_from(arrows)
    level = {node: place for place, layer in enumerate(nx.topological_generations(graph)) for node in layer}
    for node in reversed(list(nx.topological_sort(graph))):  # a cause stands just before its first effect
        after = [level[effect] for effect in graph.successors(node)]
        level[node] = min(after) - 1 if after else level[node]
    passing = [(one, other, str(at)) for one, other in arrows for at in range(level[one] + 1, level[other])]
    layers: list[list[Spot]] = [[] for _ in range(max(level.values()) + 1)]
    for node in nodes:
        layers[level[node]].append((node,))
    for spot in passing:
        layers[int(spot[2])].append(spot)
    links = [pair for one, other in arrows for pair in _chain(one, other, level)]
    best, fewest = layers, _crossings(layers, links)
    for sweep in range(SWEEPS):
        layers = _swept(layers, links, down=sweep % 2 == 0)
        crossed = _crossings(layers, links)
        if crossed < fewest:
            best, fewest = layers, crossed
    return best


def _chain(one: str, other: str, level: Mapping[str, int]) -> list[tuple[Spot, Spot]]:
    steps: list[Spot] = [(one,), *[(one, other, str(at)) for at in range(level[one] + 1, level[other])], (other,)]
    return list(itertools.pairwise(steps))


def _swept(layers: list[list[Spot]], links: list[tuple[Spot, Spot]], *, down: bool) -> list[list[Spot]]:
    """Order each layer by the mean place of its neighbours in the layer before (or after)."""
    new = [list(layer) for layer in layers]
    for at in range(1, len(new)) if down else range(len(new) - 2, -1, -1):
        beside = new[at - 1] if down else new[at + 1]
        place = {spot: number / max(1, len(beside) - 1) for number, spot in enumerate(beside)}
        own = {spot: number / max(1, len(new[at]) - 1) for number, spot in enumerate(new[at])}

        def middle(spot: Spot, place: dict[Spot, float] = place, own: dict[Spot, float] = own) -> float:
            near = [
                place[a if b == spot else b] for a, b in links if spot in (a, b) and (a if b == spot else b) in place
            ]
            return sum(near) / len(near) if near else own[spot]

        new[at].sort(key=middle)
    return new


def _crossings(layers: list[list[Spot]], links: list[tuple[Spot, Spot]]) -> int:
    place = {spot: (at, number) for at, layer in enumerate(layers) for number, spot in enumerate(layer)}
    ends = sorted((place[a][0], place[a][1], place[b][1]) for a, b in links)
    return sum(x[0] == y[0] and (x[1] - y[1]) * (x[2] - y[2]) < 0 for at, x in enumerate(ends) for y in ends[at + 1 :])


def _places(layers: list[list[Spot]], sizes: Mapping[Spot, Point]) -> tuple[dict[Spot, Point], float, float]:
    """Give the middle of each spot in inches, and the size of the whole."""
    tall = [sum(sizes.get(spot, (0, 0.16))[1] for spot in layer) + ROW * (len(layer) - 1) for layer in layers]
    height = max(tall) + 0.2
    spots: dict[Spot, Point] = {}
    left = 0.1
    for layer, used in zip(layers, tall, strict=True):
        wide = max(sizes.get(spot, (0.0, 0.0))[0] for spot in layer)
        spare = (height - 0.2 - used) / (len(layer) + 1) if len(layer) > 1 else (height - 0.2 - used) / 2
        top = height - 0.1 - spare
        for spot in layer:
            high = sizes.get(spot, (0, 0.16))[1]
            spots[spot] = (left + wide / 2, top - high / 2)
            top -= high + ROW + (spare if len(layer) > 1 else 0)
        left += wide + GAP
    return spots, left - GAP + 0.1, height


def _routes(
    arrows: Sequence[tuple[str, str]],
    layers: list[list[Spot]],
    spots: Mapping[Spot, Point],
    sizes: Mapping[Spot, Point],
) -> list[list[tuple[Point, Point]]]:
    """Give the bends of each arrow, from the right side of a box to the left side of another; between two it is level."""
    level = {spot[0]: at for at, layer in enumerate(layers) for spot in layer if len(spot) == 1}
    half = [max(sizes.get(spot, (0.0, 0.0))[0] for spot in layer) / 2 for layer in layers]
    steps = {pair: [a for a, _ in _chain(*pair, level)] + [(pair[1],)] for pair in arrows}
    routes = []
    for pair in arrows:
        one, other = pair
        out = sorted((p for p in arrows if p[0] == one), key=lambda p: -spots[steps[p][1]][1])
        into = sorted((p for p in arrows if p[1] == other), key=lambda p: -spots[steps[p][-2]][1])
        start = _port(spots[(one,)], sizes[(one,)], out.index(pair), len(out), side=1)
        end = _port(spots[(other,)], sizes[(other,)], into.index(pair), len(into), side=-1)
        passed = [(*spots[spot], half[int(spot[2])]) for spot in steps[pair][1:-1]]
        leaves = [start, *[(x + wide, y) for x, y, wide in passed]]
        routes.append(list(zip(leaves, [*[(x - wide, y) for x, y, wide in passed], end], strict=True)))
    return routes


def _port(spot: Point, size: Point, number: int, of: int, *, side: int) -> tuple[float, float]:
    """Give the place on a side of a box for one of several arrows, the first on top."""
    return spot[0] + side * size[0] / 2, spot[1] + size[1] * (0.5 - (number + 1) / (of + 1))


def _arrow(ax: Axes, bends: list[tuple[Point, Point]]) -> None:
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path

    vertices, codes = [bends[0][0]], [Path.MOVETO]
    for start, end in bends:
        if start != vertices[-1]:
            vertices.append(start)
            codes.append(Path.LINETO)
        middle = (start[0] + end[0]) / 2
        vertices += [(middle, start[1]), (middle, end[1]), end]
        codes += [Path.CURVE4] * 3
    ax.add_patch(
        FancyArrowPatch(
            path=Path(vertices, codes),
            arrowstyle="-|>,head_length=5,head_width=2.6",
            color=MUTED,
            linewidth=1.4,
            zorder=3,
        )
    )


def _box(
    ax: Axes,
    spot: Point,
    size: Point,
    said: tuple[str, str],
    dashed: bool,
    rounded: bool,
    filled: bool,
) -> None:
    from matplotlib.patches import FancyBboxPatch

    ink = "white" if filled else INK
    ax.add_patch(
        FancyBboxPatch(
            (spot[0] - size[0] / 2, spot[1] - size[1] / 2),
            *size,
            boxstyle="round,pad=0,rounding_size=0.16" if rounded else "square,pad=0",
            facecolor=BLUE if filled else "white",
            edgecolor=MUTED if dashed else BLUE,
            linewidth=1.6,
            linestyle=(0, (3, 2)) if dashed else "-",
            zorder=2,
        )
    )
    label, note = said
    lines, small = label.count("\n") + 1, note.count("\n") + 1 if note else 0
    shift = 0.45 * small * LINE
    ax.text(spot[0], spot[1] + shift, label, ha="center", va="center", color=ink, fontsize=9, zorder=4)
    if note:
        at = spot[1] - lines * LINE / 2
        ax.text(
            spot[0],
            at,
            note,
            ha="center",
            va="center",
            color=ink if filled else MUTED,
            fontsize=7.6,
            style="italic",
            zorder=4,
        )
