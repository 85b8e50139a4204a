"""Grids over a map: counts of points in square cells, and the kernel that is laid over them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

from problemsolving.stats.positions import Floats, cells_within, to_plane

Kernel = Literal["quartic", "normal"]
Extent = tuple[float, float, float, float]

FINE = 3  # cells along the side of a block; odd, so that a block has a middle cell
MOST_CELLS = 4_000_000


class Grid(NamedTuple):
    """Square cells: metres from an origin (longitude, latitude) to the south-west corner, side in metres, shape."""

    origin: tuple[float, float]
    west: float
    south: float
    side: float
    rows: int
    columns: int

    def middles(self) -> tuple[Floats, Floats]:
        """Give the middles of columns and of rows in metres from the origin."""
        across, up = (np.arange(cells, dtype=float) + 0.5 for cells in (self.columns, self.rows))
        return np.asarray(self.west + across * self.side, float), np.asarray(self.south + up * self.side, float)


def make_grid(rings: list[Floats], extent: Extent | None, bandwidth: float) -> tuple[Grid, list[Floats]]:
    """Give a grid of whole blocks over the outlines, or over the extent, and the outlines laid flat."""
    west, south, east, north = extent or (0.0, 0.0, 0.0, 0.0)
    corners = np.concatenate([ring[:, :2] for ring in rings]) if rings else np.array([[west, south], [east, north]])
    low, high = corners.min(axis=0), corners.max(axis=0)
    if not (high > low).all() or (not rings and not (west < east and south < north)):
        raise ValueError("extent must be west, south, east and north in degrees, in this order")
    origin = (float((low[0] + high[0]) / 2), float((low[1] + high[1]) / 2))
    laid = [to_plane(ring[:, :2], origin) for ring in rings]
    box = [[low[0], low[1]], [low[0], high[1]], [high[0], low[1]], [high[0], high[1]]]
    flat = np.concatenate(laid) if laid else to_plane(box, origin)
    least, most = flat.min(axis=0), flat.max(axis=0)
    columns, rows = (int(np.ceil(length / bandwidth)) * FINE for length in most - least)
    if rows * columns > MOST_CELLS:
        raise ValueError("bandwidth is too small for so large a map; take a larger one, or fewer areas")
    return Grid(origin, float(least[0]), float(least[1]), bandwidth / FINE, rows, columns), laid


def cells_inside(grid: Grid, rings: Sequence[Floats]) -> np.ndarray:
    """Tell which cells have their middle, or a corner of an outline, inside the map; all without outlines."""
    inside = np.full((grid.rows, grid.columns), not rings)
    for ring in rings:
        inside |= cells_within(ring, *grid.middles())
        inside[_cell_of(ring, grid)] = True
    return inside


def _cell_of(places: Floats, grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """Give row and column of places on the grid."""
    steps = np.floor((places - [grid.west, grid.south]) / grid.side).astype(int)
    return np.clip(steps[:, 1], 0, grid.rows - 1), np.clip(steps[:, 0], 0, grid.columns - 1)


def count_cells(places: Floats, grid: Grid, inside: np.ndarray) -> tuple[Floats, int]:
    """Count places a cell, and those that lie outside the map."""
    corner = np.array([grid.west, grid.south])
    span = np.array([grid.columns, grid.rows]) * grid.side
    on_grid = ((places >= corner) & (places <= corner + span)).all(axis=1)
    rows, columns = _cell_of(places[on_grid], grid)
    known = inside[rows, columns]
    fine = np.zeros(inside.shape)
    np.add.at(fine, (rows[known], columns[known]), 1.0)
    return fine, int(len(places) - known.sum())


def kernel_stamp(kernel: Kernel, bandwidth: float, side: float) -> tuple[Floats, float]:
    """Give the kernel's height at the cells around one, per square metre, and its largest.

    Parameters
    ----------
    kernel : {"quartic", "normal"}
        3 / (π h²) (1 - d²/h²)² within the bandwidth h, or a normal density of standard deviation h, cut at 4 h.
    bandwidth, side : float
        Of the kernel and of a cell, metres.

    Returns
    -------
    ndarray, float
        An odd number of cells each way; cells add up to 1 over their area.

    Examples
    --------
    >>> stamp, top = kernel_stamp("quartic", 300.0, 100.0)
    >>> stamp.shape, round(float(stamp.sum()) * 100.0**2, 9), bool(top == stamp[3, 3])
    ((7, 7), 1.0, True)
    """
    reach = int(np.ceil((bandwidth if kernel == "quartic" else 4 * bandwidth) / side))
    steps = np.arange(-reach, reach + 1) * side / bandwidth
    squares = steps[:, None] ** 2 + steps**2
    heights = np.maximum(1 - squares, 0) ** 2 if kernel == "quartic" else np.exp(-squares / 2) * (squares <= 16)
    stamp = heights / (heights.sum() * side**2)
    return stamp, float(stamp.max())
