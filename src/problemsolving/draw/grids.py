"""Numbers in rows and columns, ordered so that blocks show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from problemsolving.draw.base import INK, MUTED, blues, get_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = NDArray[np.float64]
NUMBERED, SPARSE = 12, 30  # columns beyond which they have numbers for names, and only every fifth has one
WIDTH = 6.4  # inches


def matrix(
    rows: Sequence[str],
    columns: Sequence[str],
    cells: ArrayLike,
    *,
    row_title: str,
    column_title: str,
    order: Literal["blocks", "given"] = "blocks",
    ax: Axes | None = None,
) -> Axes:
    """Draw a matrix of counts: shade in each cell, the number too where there is room; hatched where withheld.

    Parameters
    ----------
    rows, columns : sequence of str
        Names. Up to 12 columns stand by name; more are numbered as the rows are.
    cells : array_like, shape (rows, columns)
        0 or more, NaN where withheld. A diagonal that is missing whole is that of agencies with themselves: left grey.
    row_title, column_title : str
        Of the axes.
    order : {"blocks", "given"}
        Where rows and columns are the same names: put those next to each other that have much to do with each other,
        and frame the blocks.
    """
    cells = np.asarray(cells, float)
    names, others = list(rows), list(columns)
    square = names == others and len(names) > 1
    sizes: list[int] = []
    if square and order == "blocks":
        places, sizes = block_order(names, cells)
        names, others, cells = (
            [names[at] for at in places],
            [others[at] for at in places],
            cells[np.ix_(places, places)],
        )
    high = 0.42 if len(names) <= NUMBERED else 0.27 if len(names) <= SPARSE else 0.18
    ax = get_axes(ax, size=(WIDTH, 1.9 + high * len(names)))
    itself = square and bool(np.isnan(np.diagonal(cells)).all())
    _shade(ax, cells, itself=itself, written=len(others) <= NUMBERED)
    _frame(ax, sizes)
    _names(ax, names, others, square=square)
    ax.set_xlabel(column_title)
    ax.set_ylabel(row_title)
    for spine in ax.spines.values():
        spine.set_visible(False)
    _explain(ax, cells, itself=itself)
    return ax


def block_order(names: Sequence[str], cells: ArrayLike) -> tuple[list[int], list[int]]:
    """Order agencies so that those with many ties between them stand together.

    Parameters
    ----------
    names : sequence of str
        Of rows and columns alike.
    cells : array_like, shape (n, n)
        Weights, 0 or more; missing counts as none.

    Returns
    -------
    order : list of int
        Places of the names: blocks by their weight, agencies by theirs within.
    sizes : list of int
        Agencies in each block.

    References
    ----------
    Clauset A, Newman MEJ, Moore C (2004) Finding community structure in very large networks. Phys Rev E 70:066111.
    doi:10.1103/PhysRevE.70.066111

    Examples
    --------
    >>> block_order(["a", "b", "c"], [[0, 0, 5], [0, 0, 0], [5, 0, 0]])
    ([0, 2, 1], [2, 1])
    """
    import networkx as nx

    known = np.nan_to_num(np.asarray(cells, float))
    both = known + known.T
    np.fill_diagonal(both, 0.0)
    strength = both.sum(axis=1)
    alphabet = sorted(range(len(names)), key=lambda at: names[at])
    graph = nx.Graph()
    graph.add_nodes_from(alphabet)
    graph.add_weighted_edges_from(
        (a, b, both[a, b]) for place, a in enumerate(alphabet) for b in alphabet[place + 1 :] if both[a, b] > 0
    )
    found = (
        nx.community.greedy_modularity_communities(graph, weight="weight") if graph.number_of_edges() else [alphabet]
    )
    blocks = [sorted(block, key=lambda at: (-strength[at], names[at])) for block in found]
    blocks.sort(key=lambda block: (-strength[block].sum(), names[block[0]]))
    return [at for block in blocks for at in block], [len(block) for block in blocks]


def _shade(ax: Axes, cells: Floats, *, itself: bool, written: bool) -> None:
    """Shade the cells and write their numbers."""
    from matplotlib.patches import Rectangle

    top = float(np.nanmax(cells, initial=0.0)) or 1.0
    scale = blues()
    ax.set_xlim(-0.5, cells.shape[1] - 0.5)
    ax.set_ylim(cells.shape[0] - 0.5, -0.5)
    lines = 0.8 if written else 0.0
    for (row, column), value in np.ndenumerate(cells):
        corner, own = (column - 0.5, row - 0.5), itself and row == column
        if np.isnan(value) and not own:
            ax.add_patch(Rectangle(corner, 1, 1, facecolor="white", edgecolor=MUTED, hatch="//////", linewidth=0))
            continue
        face = "#e3e6ea" if own else "white" if value == 0 else scale(0.12 + 0.88 * value / top)
        ax.add_patch(Rectangle(corner, 1, 1, facecolor=face, edgecolor="white", linewidth=lines))
        if written and not own:
            dark = value > 0.5 * top
            ax.text(column, row, f"{value:,.0f}", ha="center", va="center", fontsize=9, color="white" if dark else INK if value else MUTED)  # fmt: skip
    for edge in (-0.5, cells.shape[0] - 0.5):
        ax.axhline(edge, color=MUTED, linewidth=0.6, clip_on=False)
    for edge in (-0.5, cells.shape[1] - 0.5):
        ax.axvline(edge, color=MUTED, linewidth=0.6, clip_on=False)


def _frame(ax: Axes, sizes: Sequence[int]) -> None:
    """Frame each block of several agencies, if there are several blocks."""
    from matplotlib.patches import Rectangle

    first = 0
    for size in sizes:
        if size > 1 and len(sizes) > 1:
            corner = (first - 0.5, first - 0.5)
            ax.add_patch(
                Rectangle(corner, size, size, fill=False, edgecolor=INK, linewidth=1.6, zorder=4, clip_on=False)
            )
        first += size


def _names(ax: Axes, names: Sequence[str], others: Sequence[str], *, square: bool) -> None:
    """Name rows and columns; where there are many columns, by number."""
    small = 9.5 if len(names) <= NUMBERED else 9 if len(names) <= SPARSE else 8.4
    if len(others) <= NUMBERED or not square:
        ax.set_xticks(range(len(others)), list(others), rotation=40, ha="left", rotation_mode="anchor")
        ax.set_yticks(range(len(names)), list(names))
    else:
        each = 1 if len(others) <= SPARSE else 5
        shown = [at for at in range(len(others)) if at == 0 or (at + 1) % each == 0]
        ax.set_xticks(shown, [str(at + 1) for at in shown])
        ax.set_yticks(range(len(names)), [f"{name}  {at + 1}" for at, name in enumerate(names)])
    ax.xaxis.tick_top()
    ax.xaxis.set_label_position("top")
    ax.tick_params(length=0, labelcolor=INK, labelsize=small, pad=2)


def _explain(ax: Axes, cells: Floats, *, itself: bool) -> None:
    """Put a legend of shades under the matrix."""
    from matplotlib.patches import Patch

    top, scale = float(np.nanmax(cells, initial=0.0)), blues()
    missing = np.isnan(cells)
    if itself:
        missing = missing & ~np.eye(len(cells), dtype=bool)
    marks = [Patch(facecolor="white", edgecolor=MUTED, linewidth=0.8, label="0")] if (cells == 0).any() else []
    levels = dict.fromkeys([max(1.0, round(top / 4)), max(1.0, round(top / 2)), top]) if top > 0 else {}
    marks += [Patch(facecolor=scale(0.12 + 0.88 * level / top), label=f"{level:,.0f}") for level in levels]
    marks += [Patch(facecolor="#e3e6ea", label="itself")] if itself else []
    if missing.any():
        marks.append(Patch(facecolor="white", edgecolor=MUTED, hatch="//////", linewidth=0.8, label="withheld"))
    ax.legend(
        handles=marks, loc="upper left", bbox_to_anchor=(0, 0), ncols=len(marks), frameon=False, fontsize=9,
        borderaxespad=0.4, borderpad=0, handlelength=1.4, columnspacing=1.0, handletextpad=0.4,
    )  # fmt: skip
