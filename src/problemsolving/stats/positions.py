"""Places on the ground: metres from longitude and latitude, and what lies within a ring."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Coordinates = Literal["degrees", "metres"]

RADIUS, FLATTENING = 6_378_137.0, 1 / 298.257223563  # the ellipsoid of WGS84, metres
SQUEEZE = FLATTENING * (2 - FLATTENING)


def earth_positions(points: ArrayLike) -> Floats:
    """Place longitudes and latitudes in space, so that straight distances are distances on the ground.

    Parameters
    ----------
    points : array_like, shape (n, 2)
        Longitude and latitude in degrees (WGS84).

    Returns
    -------
    ndarray, shape (n, 3)
        Metres from the centre of the earth. The straight line is shorter than the way on the ground by a millionth
        over 30 km and by a thousandth over 1,000 km.

    Raises
    ------
    ValueError
        For points that are not longitude and latitude in degrees.

    Examples
    --------
    A hundredth of a degree of latitude at Luton is 1,113 metres:

    >>> south, north = earth_positions([[-0.42, 51.88], [-0.42, 51.89]])
    >>> round(float(np.linalg.norm(north - south)))
    1113
    """
    longitude, latitude = np.radians(check_points(points, "degrees")).T
    normal = _radii(latitude)[0]
    flat = normal * np.cos(latitude)
    return np.column_stack(
        [flat * np.cos(longitude), flat * np.sin(longitude), normal * (1 - SQUEEZE) * np.sin(latitude)]
    )


def check_points(points: ArrayLike, coordinates: Coordinates) -> Floats:
    """Give points as an array of two columns; stop where they are missing or no degrees."""
    plain = np.asarray(points, float)
    if plain.ndim != 2 or plain.shape[1] != 2 or not np.isfinite(plain).all():
        raise ValueError("points must be two columns of numbers without gaps; leave out rows without a place")
    if coordinates == "degrees" and plain.size and (np.abs(plain) > [180, 90]).any():
        raise ValueError(
            'points must be longitude and latitude in degrees, in this order; give coordinates="metres" for a grid in metres'
        )
    return plain


def ground_positions(points: ArrayLike, coordinates: Coordinates) -> Floats:
    """Give points so that straight distances between them are metres on the ground."""
    return earth_positions(points) if coordinates == "degrees" else check_points(points, coordinates)


def lies_within(points: Floats, ring: Floats) -> NDArray[np.bool_]:
    """Tell which points lie within a closed ring (even-odd rule).

    >>> lies_within(np.array([[0.5, 0.5], [1.5, 0.5]]), np.array([[0, 0], [1, 0], [1, 1], [0, 1]])).tolist()
    [True, False]
    """
    x, y = points[:, :1], points[:, 1:]
    start, end = ring, np.roll(ring, -1, axis=0)
    spans = (start[:, 1] > y) != (end[:, 1] > y)
    rise = np.where(end[:, 1] == start[:, 1], 1.0, end[:, 1] - start[:, 1])
    crosses = spans & (x < start[:, 0] + (y - start[:, 1]) / rise * (end[:, 0] - start[:, 0]))
    return np.asarray(crosses.sum(axis=1) % 2 == 1)


def to_plane(points: ArrayLike, origin: tuple[float, float]) -> Floats:
    """Lay longitudes and latitudes flat: metres east and north of an origin, areas kept (sinusoidal projection).

    Parameters
    ----------
    points : array_like, shape (n, 2)
        Longitude and latitude in degrees.
    origin : tuple of float
        Longitude and latitude of the middle of the map; shapes stay true within some 100 km of it.

    Returns
    -------
    ndarray, shape (n, 2)
        Metres.

    Examples
    --------
    >>> to_plane([[-0.42, 51.89], [-0.41, 51.88]], (-0.42, 51.88)).round().tolist()
    [[0.0, 1113.0], [689.0, 0.0]]
    """
    longitude, latitude = np.radians(check_points(points, "degrees")).T
    middle = np.radians(np.asarray(origin, float))
    east = _radii(latitude)[0] * np.cos(latitude) * (longitude - middle[0])
    return np.column_stack([east, _radii(middle[1])[1] * (latitude - middle[1])])


def from_plane(places: ArrayLike, origin: tuple[float, float]) -> Floats:
    """Give longitude and latitude in degrees of metres east and north of an origin: the way back from `to_plane`.

    >>> from_plane(to_plane([[-0.1, 52.3]], (-0.42, 51.88)), (-0.42, 51.88)).round(9).tolist()
    [[-0.1, 52.3]]
    """
    east, north = np.asarray(places, float).T
    middle = np.radians(np.asarray(origin, float))
    latitude = middle[1] + north / _radii(middle[1])[1]
    longitude = middle[0] + east / (_radii(latitude)[0] * np.cos(latitude))
    return np.degrees(np.column_stack([longitude, latitude]))


def _radii(latitude: Any) -> tuple[Any, Any]:
    """Give the radius of the earth's curve across the meridian and along it, metres."""
    flat = 1 - SQUEEZE * np.sin(latitude) ** 2
    return RADIUS / np.sqrt(flat), RADIUS * (1 - SQUEEZE) / flat**1.5


def cells_within(ring: Floats, across: Floats, up: Floats) -> NDArray[np.bool_]:
    """Tell which cells of a grid have their middle within a closed ring (even-odd rule).

    Parameters
    ----------
    ring : ndarray, shape (k, 2)
        Corners in the units of the grid.
    across, up : ndarray
        Middles of columns and of rows, ascending.

    Returns
    -------
    ndarray of bool, shape (rows, columns)

    Examples
    --------
    >>> cells_within(np.array([[0, 0], [2, 0], [2, 1], [0, 1.0]]), np.array([0.5, 1.5, 2.5]), np.array([0.5, 1.5])).tolist()
    [[True, True, False], [False, False, False]]
    """
    start, end = ring, np.roll(ring, -1, axis=0)
    inside = np.zeros((len(up), len(across)), bool)
    first, last = np.searchsorted(up, [ring[:, 1].min(), ring[:, 1].max()])
    for row in range(first, last):
        spans = (start[:, 1] > up[row]) != (end[:, 1] > up[row])
        low, high = start[spans], end[spans]
        crossings = low[:, 0] + (up[row] - low[:, 1]) / (high[:, 1] - low[:, 1]) * (high[:, 0] - low[:, 0])
        inside[row] = np.searchsorted(np.sort(crossings), across) % 2 == 1
    return inside
