"""Colours, style, axes, and a picture as SVG."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

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


def to_svg(plot: Callable[[], Axes | None]) -> str | None:
    """Draw and give the picture as SVG text: the same bytes for the same data, no date inside; None for no picture."""
    import matplotlib

    with matplotlib.rc_context(STYLE):  # type: ignore[arg-type]
        axes = plot()
        if axes is None:
            return None
        figure = axes.get_figure()
        if figure is None:
            raise ValueError("the axes belong to no figure")
        stream = io.StringIO()
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None}, dpi=160)  # type: ignore[union-attr]
    return stream.getvalue()


def blues() -> Any:
    """Give the map colours as one scale from light to dark."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("blues", MAP_COLOURS)
