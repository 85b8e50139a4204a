"""Density of incidents on a grid: a kernel laid over each, added up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import signal

from problemsolving import draw
from problemsolving.grouped import GroupedResult
from problemsolving.measures.sums import sum_limits
from problemsolving.results import Column, Kind, Method
from problemsolving.stats.grids import (
    FINE,
    Extent,
    Grid,
    Kernel,
    cells_inside,
    count_cells,
    kernel_stamp,
    make_grid,
)
from problemsolving.stats.positions import Floats, check_points, from_plane, to_plane

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LISTED = 15
CATCHMENT = "mapped points stand for what lies around them: the surface shows catchments of points, not addresses"

BANDWIDTH = "the bandwidth decides the picture: look at half and at twice as much before naming a place"
EDGE = "what lies beyond the edge is not known: the density near it is {} for that"
BLURRED = (
    "the surface was made again from released counts of blocks as wide as the bandwidth, each spread evenly over its "
    "block; blocks that are withheld are blank, and the density beside them is too low"
)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Density(GroupedResult):
    """Density of incidents over a grid: ``frame`` has ``group``, ``count``, ``row`` and ``column``, one row a block.

    A block is a square of the bandwidth's size, of three by three cells. ``fine`` holds incidents a cell; it never leaves:
    the released surface is made of the blocks' released counts, each spread evenly over its block, and is left blank where
    they are withheld.
    """

    margins: ClassVar[tuple[tuple[str, ...], ...]] = ((),)

    fine: Floats | None
    grid: Grid
    inside: np.ndarray
    bandwidth: float
    kernel: Kernel
    edge: bool
    years: float = 1.0
    rings: Sequence[Floats] = ()
    heading: str = "Block, by its middle"

    estimate_kind: ClassVar[Kind] = "rate"
    decimals: ClassVar[int] = 0

    def rebuild(self, cells: pd.DataFrame) -> Self:
        same = np.array_equal(cells["count"].to_numpy(), self.frame["count"].to_numpy())
        return replace(self, frame=cells, fine=self.fine if same else None)

    def blurred(self) -> Self:
        return replace(self, fine=None).with_caveats(BLURRED)

    @cached_property
    def hidden(self) -> np.ndarray:
        """Tell which cells lie in a block whose count is withheld."""
        return self._spread(self.frame["count"].isna().to_numpy(float)) > 0

    @cached_property
    def counted(self) -> Floats:
        """Give incidents a cell: as counted, or a block's count spread over it (0 where it is withheld)."""
        if self.fine is not None:
            return self.fine
        return self._spread(np.nan_to_num(self.frame["count"].to_numpy(float)) / FINE**2)

    def _spread(self, blocks: Floats) -> Floats:
        whole = np.zeros((self.grid.rows // FINE, self.grid.columns // FINE))
        whole[self.frame["row"], self.frame["column"]] = blocks
        return np.asarray(np.kron(whole, np.ones((FINE, FINE))), np.float64)

    @cached_property
    def surface(self) -> Floats:
        """Give incidents per square kilometre a year in each cell; NaN outside and where withheld."""
        return np.where(self.inside & ~self.hidden, self._laid(1) / self._mass, np.nan)

    @cached_property
    def _mass(self) -> Floats:
        """Give the part of the kernel that lies inside, around each cell; 1 where edges are not corrected."""
        if not self.edge:
            return np.ones(self.inside.shape)
        stamp, _ = kernel_stamp(self.kernel, self.bandwidth, self.grid.side)
        within = signal.oaconvolve(self.inside.astype(float), stamp / stamp.sum(), mode="same")
        return np.clip(within, 1 / stamp.size, 1.0)

    def _laid(self, power: int) -> Floats:
        """Lay the kernel, raised to a power, over the incidents and add it up, per square kilometre a year."""
        stamp = (kernel_stamp(self.kernel, self.bandwidth, self.grid.side)[0] * 1e6 / self.years) ** power
        laid = signal.oaconvolve(self.counted, stamp, mode="same")
        return np.where(laid > 1e-9 * laid.max(initial=0.0), laid, 0.0)

    @cached_property
    def blocks(self) -> pd.DataFrame:
        """Give the density at the middle of each block, with its interval, the densest first."""
        middle = FINE // 2
        at = (self.frame["row"] * FINE + middle, self.frame["column"] * FINE + middle)
        known, squares, mass = (whole[at] for whole in (self.surface, self._laid(2), self._mass))
        heaviest = kernel_stamp(self.kernel, self.bandwidth, self.grid.side)[1] * 1e6 / self.years
        low, high = sum_limits(known * mass, squares=squares, heaviest=heaviest, confidence_level=self.level)
        numbers = {"estimate": known, "low": low / mass, "high": high / mass}
        ordered = self.frame.assign(**numbers).sort_values(
            ["estimate", "group"], ascending=[False, True], kind="stable"
        )
        return ordered.reset_index(drop=True)

    def estimates(self) -> pd.DataFrame:
        """Give the densest blocks."""
        return self.blocks.dropna(subset="estimate").head(LISTED)

    def columns(self) -> dict[str, Column]:
        kept = super().columns()
        return kept | {"count": Column(f"{self.of.capitalize()} in the block", "count")}

    def summary(self) -> str:
        known = self.estimates()
        if known.empty:
            return "The surface is withheld: the counts are too small."
        top = known.iloc[0]
        return (
            f"{self.of.capitalize()} were densest around {top['group']}, with {top['estimate']:,.0f} {self.unit} "
            f"({self.level:.0%} interval {top['low']:,.0f} to {top['high']:,.0f}; bandwidth {self.bandwidth:,.0f} metres)."
        )

    def alt_text(self) -> str:
        return f"Map shaded by density in classes, each twice the one below. {self.summary()}"

    def plot(self, *, ax: Axes | None = None) -> Axes | None:
        if not np.isfinite(self.surface).any():
            return None
        corner = np.array([self.grid.west, self.grid.south])
        return draw.surface(
            self.surface,
            side=self.grid.side / 1_000,
            withheld=self.hidden & self.inside,
            rings=[(ring - corner) / 1_000 for ring in self.rings],
            quantity=self.unit.replace(" per ", "\nper "),
            ax=ax,
        )


def estimate_density(
    points: ArrayLike,
    *,
    bandwidth: float,
    outlines: Sequence[Sequence[ArrayLike]] | None = None,
    extent: Extent | None = None,
    kernel: Kernel = "quartic",
    correct_edges: bool = True,
    years: float = 1.0,
    confidence_level: float = 0.95,
    of: str = "incidents",
) -> Density:
    """Estimate the density of incidents over a map by a kernel.

    Answers: where do incidents lie close together, whatever the borders of areas?

    Parameters
    ----------
    points : array_like, shape (n, 2)
        Longitude and latitude of each incident in degrees.
    bandwidth : float
        Reach of the quartic kernel, or standard deviation of the normal one, metres, above 0.
    outlines : sequence of sequence of array, shape (k, 2), optional
        Outer rings of the areas whose incidents are known, in degrees. Incidents outside are left out.
    extent : tuple of four floats, optional
        West, south, east and north in degrees, where there are no outlines.
    kernel : {"quartic", "normal"}
        Shape of the kernel.
    correct_edges : bool
        Divide by the part of the kernel that lies inside.
    years : float
        Length of the period in years, above 0.
    confidence_level : float
        Between 0 and 1.
    of : str
        What is counted, in the plural.

    Returns
    -------
    Density
        Incidents per square kilometre a year, in cells of a third of the bandwidth, with gamma limits in blocks.

    Raises
    ------
    ValueError
        For neither outlines nor extent, a bandwidth or period of 0 or less, points that are no longitude and latitude, or a
        bandwidth too small for the map.

    Notes
    -----
    Incidents are counted in cells before the kernel is laid: against exact places the top differs by a few per cent. The
    interval takes incidents to be independent, which repeats at one place are not. The surface says nothing of chance and
    nothing of residents: see `problemsolving.measures.hot_spots`. Do not use for the density near a point to which
    incidents are moved (a map point stands for its catchment), nor to compare maps of different bandwidths.

    A surface made of places would show where the outermost and the lone incident lay. What is released is made of counts of
    blocks as wide as the bandwidth, small ones withheld: coarser, blank where few happened, and too low beside the blanks.

    References
    ----------
    Silverman BW (1986) Density estimation for statistics and data analysis. Chapman & Hall.
    Diggle PJ (1985) A kernel method for smoothing point process data. Appl Stat 34:138. doi:10.2307/2347366

    Examples
    --------
    300 incidents at one place, seen with a quartic kernel of 300 metres: 3 / (π 0.3²) km² times 300 is 3,183; cells make
    it somewhat less high.

    >>> found = estimate_density([[-0.42, 51.88]] * 300, bandwidth=300, extent=(-0.44, 51.87, -0.40, 51.89))
    >>> bool(2_700 < found.surface.max() < 3_183)
    True
    """
    if not bandwidth > 0 or not years > 0:
        raise ValueError("bandwidth (metres) and years must be above 0")
    if kernel not in ("quartic", "normal"):
        raise ValueError('kernel must be "quartic" or "normal"')
    rings = [np.asarray(ring, float) for area in outlines or () for ring in area]
    if not rings and extent is None:
        raise ValueError("give outlines or extent: a grid spanned by the incidents would tell where the outermost lie")
    grid, laid = make_grid(rings, extent, bandwidth)
    inside = cells_inside(grid, laid)
    fine, left_out = count_cells(to_plane(check_points(points, "degrees"), grid.origin), grid, inside)
    outside = ("incidents outside the map were left out",) * bool(left_out)
    return Density(
        method=Method(
            f"Kernel density, {kernel} kernel", "Silverman 1986; Diggle 1985; limits Fay & Feuer 1997",
            {"bandwidth in metres": bandwidth, "edges": "corrected" if correct_edges else "not corrected"},
        ),
        unit=f"{of} per square kilometre a year",
        frame=_blocks(fine, grid, inside),
        fine=fine,
        grid=grid,
        inside=inside,
        bandwidth=bandwidth,
        kernel=kernel,
        edge=correct_edges,
        years=years,
        rings=laid,
        level=confidence_level,
        of=of,
        caveats=(CATCHMENT, BANDWIDTH, EDGE.format("corrected" if correct_edges else "too low, not corrected"), *outside),
    )  # fmt: skip


def _blocks(fine: Floats, grid: Grid, inside: np.ndarray) -> pd.DataFrame:
    """Count the blocks that lie on the map, at least in part, each named by its middle."""
    shape = (grid.rows // FINE, FINE, grid.columns // FINE, FINE)
    rows, columns = np.nonzero(inside.reshape(shape).any(axis=(1, 3)))
    middles = (np.column_stack([columns, rows]) + 0.5) * grid.side * FINE + [grid.west, grid.south]
    longitude, latitude = from_plane(middles, grid.origin).T
    names = [
        f"{north:.4f} N, {abs(east):.4f} {'W' if east < 0 else 'E'}"
        for north, east in zip(latitude, longitude, strict=True)
    ]
    counts = fine.reshape(shape).sum(axis=(1, 3))[rows, columns]
    return pd.DataFrame({"group": names, "count": counts, "row": rows, "column": columns})
