"""Who is whose neighbour, and global Moran's I: do neighbours resemble each other more than chance?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.spatial import cKDTree

from problemsolving.errors import NotEstimableError
from problemsolving.stats.positions import Coordinates, Floats, ground_positions, lies_within
from problemsolving.stats.products import (
    Alternative,
    SpatialTest,
    Weights,
    check_weights,
    find_islands,
    islands_in_words,
    products_test,
    weight_sums,
    without_islands,
)

__all__ = [
    "SpatialTest",
    "Weights",
    "check_weights",
    "contiguity_weights",
    "distance_weights",
    "find_islands",
    "islands_in_words",
    "morans_i",
    "nearest_to",
    "nearest_weights",
    "row_standardise",
]


def contiguity_weights(
    outlines: Sequence[Sequence[ArrayLike]], *, tolerance: float = 0.5, coordinates: Coordinates = "degrees"
) -> Weights:
    """Tell which areas touch: they share a corner of their outlines (queen contiguity).

    Answers: which areas are neighbours on the map?

    Parameters
    ----------
    outlines : sequence of sequence of array, shape (k, 2)
        Rings an area, longitude and latitude in degrees; an area may have several rings.
    tolerance : float
        Corners no farther apart than this, in metres, are the same corner: it absorbs rounding in the files. 0 or more,
        and smaller than the narrowest area.
    coordinates : {"degrees", "metres"}
        What the outlines are given in.

    Returns
    -------
    scipy.sparse.csr_array, shape (n, n)
        1 for neighbours, symmetric, nothing on the diagonal. An area enclosed by another is its neighbour, also where
        only outer rings are given. `find_islands` names areas without a neighbour.

    Raises
    ------
    ValueError
        For an area without an outline, or a negative tolerance.

    Notes
    -----
    Outlines must come from one publication: those of different generalisation do not share corners. A river or a gap in
    the outlines parts neighbours; `nearest_weights` does not mind. Do not use for points.

    Examples
    --------
    Three squares in a row:

    >>> squares = [[np.array([[x, 0], [x + 1, 0], [x + 1, 1], [x, 1]])] for x in range(3)]
    >>> contiguity_weights(squares, coordinates="metres", tolerance=0.01).toarray().astype(int).tolist()
    [[0, 1, 0], [1, 0, 1], [0, 1, 0]]
    """
    if not tolerance >= 0:
        raise ValueError("tolerance must be 0 or more metres")
    rings = [(place, np.asarray(ring, float)) for place, area in enumerate(outlines) for ring in area]
    if len({place for place, ring in rings if len(ring)}) < len(outlines):
        raise ValueError("every area needs an outline; leave out areas without one")
    if not rings:
        return sparse.csr_array((0, 0))
    owners = np.repeat([place for place, _ in rings], [len(ring) for _, ring in rings])
    corners = ground_positions(np.concatenate([ring[:, :2] for _, ring in rings]), coordinates)
    touching = _linked(owners[cKDTree(corners).query_pairs(tolerance, output_type="ndarray")], len(outlines))
    enclosed = _enclosed_pairs(rings, touching)
    return _linked(np.concatenate([np.argwhere(touching), enclosed]), len(outlines)) if len(enclosed) else touching


def nearest_weights(points: ArrayLike, k: int, *, coordinates: Coordinates = "degrees") -> Weights:
    """Tell the ``k`` nearest other points of each point.

    Answers: which places are nearest to each place?

    Parameters
    ----------
    points : array_like, shape (n, 2)
        Longitude and latitude in degrees.
    k : int
        Neighbours a point, 1 to n - 1.
    coordinates : {"degrees", "metres"}
        What the points are given in.

    Returns
    -------
    scipy.sparse.csr_array, shape (n, n)
        1 from each point to its neighbours: ``k`` a row, not symmetric (``weights.maximum(weights.T)`` is).

    Raises
    ------
    ValueError
        For a ``k`` below 1 or not below the number of points.

    Notes
    -----
    Of points equally far away some may be left out; in a regular grid use `distance_weights`.

    Examples
    --------
    >>> nearest_weights([[0, 0], [1, 0], [3, 0]], 1, coordinates="metres").toarray().astype(int).tolist()
    [[0, 1, 0], [1, 0, 0], [0, 1, 0]]
    """
    n = len(np.asarray(points))
    found = nearest_to(points, np.arange(n), k, coordinates=coordinates)
    return sparse.csr_array((np.ones(n * k), found.ravel(), np.arange(n + 1) * k), shape=(n, n))


def nearest_to(
    points: ArrayLike, chosen: ArrayLike, k: int, *, coordinates: Coordinates = "degrees"
) -> NDArray[np.int64]:
    """Give the places of the ``k`` nearest other points of each chosen point, shape (m, k).

    ``chosen`` are places of points, shape (m,); the rest is as in `nearest_weights`.

    >>> nearest_to([[0, 0], [1, 0], [3, 0]], [2], 1, coordinates="metres").tolist()
    [[1]]
    """
    places, own = ground_positions(points, coordinates), np.asarray(chosen, np.int64)
    if not 1 <= k < len(places):
        raise ValueError("k must be 1 or more and below the number of points")
    _, found = cKDTree(places).query(places[own], k=k + 1)
    itself = found == own[:, None]
    itself[~itself.any(axis=1), -1] = True  # more than k others at the same spot hid the point itself
    return np.asarray(found[~itself].reshape(len(own), k), np.int64)


def distance_weights(points: ArrayLike, threshold: float, *, coordinates: Coordinates = "degrees") -> Weights:
    """Tell which points lie within a distance of each other.

    Answers: which places are within so many metres?

    Parameters
    ----------
    points : array_like, shape (n, 2)
        Longitude and latitude in degrees.
    threshold : float
        Metres, above 0; points exactly so far apart are neighbours.
    coordinates : {"degrees", "metres"}
        What the points are given in.

    Returns
    -------
    scipy.sparse.csr_array, shape (n, n)
        1 for neighbours, symmetric, nothing on the diagonal.

    Raises
    ------
    ValueError
        For a threshold of 0 or less.

    Examples
    --------
    >>> distance_weights([[0, 0], [10, 0], [25, 0]], 12, coordinates="metres").sum(axis=1).tolist()
    [1.0, 1.0, 0.0]
    """
    if not threshold > 0:
        raise ValueError("threshold must be above 0 metres")
    places = ground_positions(points, coordinates)
    return _linked(cKDTree(places).query_pairs(threshold, output_type="ndarray"), len(places))


def _enclosed_pairs(rings: Sequence[tuple[int, Floats]], touching: Weights) -> NDArray[np.intp]:
    """Pair areas that touch no part of the rest with the area around them, whose hole is not among its outer rings."""
    _, piece = sparse.csgraph.connected_components(touching, directed=False)
    apart = np.flatnonzero(piece != np.bincount(piece).argmax()) if len(piece) else piece
    corner = {place: ring[0, :2] for place, ring in reversed(rings) if len(ring)}
    points = np.array([corner[int(place)] for place in apart]).reshape(-1, 2)
    found = []
    for place, ring in rings if len(apart) else ():
        inside = lies_within(points, ring[:, :2]) & (piece[apart] != piece[place])
        found += [(int(area), place) for area in apart[inside]]
    return np.array(found, int).reshape(-1, 2)


def _linked(pairs: NDArray[np.intp], n: int) -> Weights:
    """Make symmetric weights of 1 from pairs of places, however often each is named."""
    first, second = pairs[pairs[:, 0] != pairs[:, 1]].T
    links = sparse.coo_array((np.ones(len(first)), (first, second)), shape=(n, n)).tocsr()
    both = (links + links.T).tocsr()
    both.data[:] = 1.0
    both.sort_indices()
    return both


def row_standardise(weights: Weights) -> Weights:
    """Scale each row to a sum of 1, so that a lag is the mean of the neighbours; rows without neighbours stay empty.

    >>> row_standardise(distance_weights([[0, 0], [1, 0], [2, 0]], 1, coordinates="metres")).toarray().tolist()
    [[0.0, 1.0, 0.0], [0.5, 0.0, 0.5], [0.0, 1.0, 0.0]]
    """
    sums = np.asarray(weights.sum(axis=1), float)
    return (sparse.diags_array(np.divide(1.0, sums, out=np.zeros_like(sums), where=sums != 0)) @ weights).tocsr()


def morans_i(
    values: ArrayLike,
    weights: Weights,
    *,
    n_permutations: int = 999,
    alternative: Alternative = "two-sided",
    rng: np.random.Generator | None = None,
) -> SpatialTest:
    """Estimate global Moran's I and test it by permutation.

    Answers: do neighbouring places resemble each other more (or less) than chance alone would make them?

    Parameters
    ----------
    values : array_like, shape (n,)
        One number a place: rates rather than counts, or residuals of a model.
    weights : scipy.sparse.csr_array, shape (n, n)
        Neighbours, in the order of the values; `row_standardise` them so that each place has the same say.
    n_permutations : int
        Random deals of the values to the places, 1 or more.
    alternative : {"two-sided", "greater", "less"}
        Unlike chance either way, alike ("greater") or unlike ("less") neighbours.
    rng : numpy.random.Generator, optional
        Source of randomness.

    Returns
    -------
    SpatialTest
        ``estimate`` near ``expected`` = -1/(n - 1) without any pattern, towards 1 where neighbours are alike. ``p`` is
        (1 + deals as extreme) / (1 + deals); two-sided: as far from the expected value.

    Raises
    ------
    ValueError
        For values and weights that do not fit, or no permutation.
    NotEstimableError
        For fewer than four places with a neighbour, or values that are all the same.

    Notes
    -----
    I = (n / S0) z'Wz / z'z, with z the values less their mean and S0 the sum of the weights; z by the variance under
    randomisation. Places without a neighbour are left out whole and counted in ``islands``. Rates of few residents vary
    more than those of many and pull I towards its expected value: see `problemsolving.measures.clusters`.
    Residuals of a fitted model are not exchangeable: with many drivers p is a little too large or small.
    One number says nothing of where.

    References
    ----------
    Moran PAP (1950) Notes on continuous stochastic phenomena. Biometrika 37:17. doi:10.1093/biomet/37.1-2.17
    Cliff AD, Ord JK (1981) Spatial processes: models and applications. Pion.

    Examples
    --------
    Four places in a row, the high ones side by side: z = (-1.5, -0.5, 0.5, 1.5), so that I = (4 / 6) 2 (0.75 - 0.25 +
    0.75) / 5.

    >>> row = distance_weights([[0, 0], [1, 0], [2, 0], [3, 0]], 1, coordinates="metres")
    >>> found = morans_i([1, 2, 3, 4], row, rng=np.random.default_rng(1))
    >>> round(found.estimate, 4), round(found.expected, 4)
    (0.3333, -0.3333)
    """
    linked, within, islands = without_islands(values, weights)
    n = len(linked)
    deviations = linked - linked.mean()
    squares = float(deviations @ deviations)
    if squares <= 1e-24 * max(float(linked @ linked), 1e-300):
        raise NotEstimableError("the values are all the same, so that there is no pattern to test")
    total, s1, s2 = weight_sums(within)
    scale = n / (total * squares)
    expected = -1 / (n - 1)
    kurtosis = n * float((deviations**4).sum()) / squares**2
    second = n * ((n * n - 3 * n + 3) * s1 - n * s2 + 3 * total**2) - kurtosis * (
        (n * n - n) * s1 - 2 * n * s2 + 6 * total**2
    )
    variance = second / ((n - 1) * (n - 2) * (n - 3) * total**2) - expected**2
    return products_test(
        deviations, within, scale=scale, expected=expected, variance=variance, islands=islands,
        n_permutations=n_permutations, alternative=alternative, rng=rng,
    )  # fmt: skip
