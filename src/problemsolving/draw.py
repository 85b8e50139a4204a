"""Drawing on plain arrays: axes in, axes out. Knows no result, study or policy."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, MUTED, GRID = "#1d2733", "#55606e", "#d9dee4"
BLUE, ORANGE, SKY = "#0b5394", "#b8500a", "#9cc3e6"
MAP_COLOURS = ("#eef3f9", "#c3d7ec", "#8fb4d9", "#4f86bd", "#1f5a97", "#0a2f5c")
STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlecolor": INK,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "axes.grid": False,
    "grid.color": GRID,
    "svg.hashsalt": "problemsolving",
    "text.parse_math": False,
    "figure.facecolor": "white",
}


def get_axes(ax: Axes | None, *, size: tuple[float, float] = (7.2, 3.8)) -> Axes:
    """Give the axes to draw on: the ones passed in, else new ones that no global state keeps."""
    if ax is not None:
        return ax
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(STYLE):  # type: ignore[arg-type]
        return Figure(figsize=size, layout="constrained").add_subplot()


def to_svg(plot: Callable[[], Axes]) -> str:
    """Draw and give the picture as SVG text: the same bytes for the same data, no date inside."""
    import matplotlib

    with matplotlib.rc_context(STYLE):  # type: ignore[arg-type]
        axes = plot()
        figure = axes.get_figure()
        if figure is None:
            raise ValueError("the axes belong to no figure")
        stream = io.StringIO()
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None}, dpi=160)  # type: ignore[union-attr]
    return stream.getvalue()


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
        _ratio_axis(ax, low, high)
    ax.set_yticks(rows, list(labels))
    ax.tick_params(axis="y", length=0, labelcolor=INK)
    ax.set_ylim(-0.6, len(labels) - 0.4)
    ax.set_xlabel(quantity)
    ax.grid(axis="x", zorder=0)
    if not log:
        ax.xaxis.set_major_formatter("{x:,g}")
        if np.isfinite(low).any() and np.nanmin(low) >= 0:
            ax.set_xlim(left=0)
    return ax


def _ratio_axis(ax: Axes, low: np.ndarray, high: np.ndarray) -> None:
    """Scale an axis of ratios by their logarithm, with marks at ratios people know."""
    known = [*low[np.isfinite(low)], *high[np.isfinite(high)], 1.0]
    least, most = min(known) / 1.04, max(known) * 1.04
    ax.set_xscale("log")
    ax.set_xlim(least, most)
    fine, coarse = (
        (0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.3, 1.4, 1.6, 1.8, 2),
        (0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10, 20, 50),
    )
    ticks = [tick for tick in (fine if most / least < 3 else coarse) if least <= tick <= most]
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
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
    ax.set_yticks(rows, list(labels))
    ax.tick_params(axis="y", length=0, labelcolor=INK)
    ax.set_xlabel(quantity)
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.set_xlim(0, max(1.0, float(np.nanmax(heights, initial=0))) * 1.15)
    return ax


def chart(
    labels: Sequence[str],
    values: ArrayLike,
    *,
    centre: float,
    lower: float,
    upper: float,
    signals: Sequence[int],
    quantity: str,
    ax: Axes | None = None,
) -> Axes:
    """Draw a control chart: values in order, centre line, limits, signals ringed and dated."""
    values = np.asarray(values, float)
    ax = get_axes(ax, size=(7.2, 3.9))
    places = np.arange(len(values))
    ax.axhspan(lower, upper, color="#eef2f6", zorder=0)
    for level, name in ((upper, "upper limit"), (centre, "mean"), (lower, "lower limit")):
        ax.axhline(level, color=MUTED, linewidth=1, linestyle="-" if name == "mean" else (0, (4, 3)), zorder=1)
        ax.annotate(
            f"{name} {level:,.1f}",
            (1, level),
            xycoords=ax.get_yaxis_transform(),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            fontsize=8.5,
            color=MUTED,
            annotation_clip=False,
        )
    ax.plot(places, values, "-o", color=BLUE, markersize=4.5, linewidth=1.6, zorder=3)
    if len(signals):
        ax.plot(
            places[list(signals)],
            values[list(signals)],
            "D",
            color=ORANGE,
            markersize=8,
            zorder=4,
            label="special cause",
        )
        ax.legend(frameon=False, loc="upper left", fontsize=9)
    step = max(1, len(labels) // 8)
    ax.set_xticks(places[::step], list(labels)[::step])
    ax.set_xlim(-0.6, len(values) - 0.4)
    spread = max(np.nanmax(values), upper) - min(np.nanmin(values), lower)
    ax.set_ylim(min(np.nanmin(values), lower) - 0.08 * spread, max(np.nanmax(values), upper) + 0.16 * spread)
    ax.set_ylabel(quantity)
    return ax


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


def matrix(
    rows: Sequence[str],
    columns: Sequence[str],
    cells: ArrayLike,
    *,
    row_title: str,
    column_title: str,
    ax: Axes | None = None,
) -> Axes:
    """Draw a matrix of counts: shade and number in each cell, a dash where nothing is known."""
    cells = np.asarray(cells, float)
    ax = get_axes(ax, size=(7.2, 1.8 + 0.44 * len(rows)))
    top = np.nanmax(cells, initial=1.0)
    ax.imshow(np.where(np.isnan(cells), 0, cells), cmap=_map_colours(), vmin=0, vmax=top, aspect="auto")
    for row in range(cells.shape[0]):
        for column in range(cells.shape[1]):
            known = not np.isnan(cells[row, column])
            dark = known and cells[row, column] > 0.55 * top
            ax.text(
                column,
                row,
                f"{cells[row, column]:,.0f}" if known else "–",
                ha="center",
                va="center",
                color="white" if dark else INK,
                fontsize=9,
            )
    ax.set_xticks(range(len(columns)), list(columns), rotation=30, ha="left", rotation_mode="anchor")
    ax.xaxis.tick_top()
    ax.xaxis.set_label_position("top")
    ax.set_yticks(range(len(rows)), list(rows))
    ax.tick_params(length=0, labelcolor=INK)
    ax.set_xlabel(column_title)
    ax.set_ylabel(row_title)
    for spine in ax.spines.values():
        spine.set_visible(False)
    return ax


def _map_colours() -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("blues", MAP_COLOURS)


def choropleth(
    shapes: Sequence[Sequence[ArrayLike]], values: ArrayLike, *, quantity: str, classes: int = 5, ax: Axes | None = None
) -> Axes:
    """Draw a map in classes of equal size; places without a value are hatched.

    Parameters
    ----------
    shapes : sequence of sequence of array, shape (k, 2)
        Outer rings a place, longitude and latitude in degrees.
    values : array, shape (n,)
        One a place; NaN where withheld or unknown.
    """
    from matplotlib.collections import PolyCollection
    from matplotlib.colors import BoundaryNorm, ListedColormap
    from matplotlib.patches import Patch

    values = np.asarray(values, float)
    ax = get_axes(ax, size=(7.2, 5.6))
    known = values[np.isfinite(values)]
    edges = np.unique(np.quantile(known, np.linspace(0, 1, classes + 1))) if known.size else np.array([0.0, 1.0])
    if edges.size < 2:
        edges = np.array([edges[0], edges[0] + 1.0])
    rings = [np.asarray(ring) for rings in shapes for ring in rings]
    owners = np.concatenate([np.full(len(rings), place) for place, rings in enumerate(shapes)])
    colours = [
        MAP_COLOURS[round(step * (len(MAP_COLOURS) - 1) / max(1, edges.size - 2))] for step in range(edges.size - 1)
    ]
    painted = np.isfinite(values[owners])
    collection = PolyCollection(
        [ring for ring, is_known in zip(rings, painted, strict=True) if is_known],
        array=values[owners][painted],
        cmap=ListedColormap(colours),
        norm=BoundaryNorm(edges, len(colours)),
        edgecolors="white",
        linewidths=0.4,
        rasterized=True,
    )
    ax.add_collection(collection)
    hidden = [ring for ring, is_known in zip(rings, painted, strict=True) if not is_known]
    ax.add_collection(
        PolyCollection(hidden, facecolors="white", edgecolors=MUTED, linewidths=0.4, hatch="////", rasterized=True)
    )
    marks = [
        Patch(facecolor=colour, edgecolor=MUTED, linewidth=0.5, label=f"{low:,.0f} to {high:,.0f}")
        for colour, low, high in zip(colours, edges, edges[1:], strict=False)
    ]
    if hidden:
        marks.append(Patch(facecolor="white", edgecolor=MUTED, hatch="////", label="withheld"))
    ax.legend(handles=marks, title=quantity, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize=9)
    every = np.concatenate(rings) if rings else np.zeros((1, 2))
    ax.set_xlim(every[:, 0].min(), every[:, 0].max())
    ax.set_ylim(every[:, 1].min(), every[:, 1].max())
    ax.set_aspect(1 / np.cos(np.deg2rad(every[:, 1].mean())))
    ax.set_axis_off()
    return ax
