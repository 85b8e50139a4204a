"""Neighbours, Moran's I and places on the ground."""

import json
from itertools import permutations

import numpy as np
import pytest
from scipy import sparse

from problemsolving.errors import NotEstimableError
from problemsolving.stats.deals import adjust_p
from problemsolving.stats.local_spatial import getis_ord, global_g, local_moran
from problemsolving.stats.positions import cells_within, earth_positions, from_plane, lies_within, to_plane
from problemsolving.stats.spatial import (
    contiguity_weights,
    distance_weights,
    find_islands,
    islands_in_words,
    morans_i,
    nearest_weights,
    row_standardise,
)


def squares(rows, columns, size=0.01, west=-0.4, south=51.9):
    """Outlines of a chessboard in degrees."""
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]) * size
    return [[corners + np.array([west + size * x, south + size * y])] for y in range(rows) for x in range(columns)]


def board(rows, columns):
    return distance_weights(np.argwhere(np.ones((rows, columns))), 1.5, coordinates="metres")


def test_squares_that_share_a_corner_are_neighbours():
    links = contiguity_weights(squares(3, 4)).toarray()
    assert (links == board(3, 4).toarray()).all()


@pytest.mark.parametrize("decimals", [5, 6, 7])
def test_rounding_of_the_outlines_changes_no_neighbour(decimals):
    rough = [[ring.round(decimals) + np.random.default_rng(place).uniform(-1e-6, 1e-6, ring.shape) for ring in area]
             for place, area in enumerate(squares(4, 4, size=0.00973))]  # fmt: skip
    assert (contiguity_weights(rough, tolerance=2.0) != board(4, 4)).nnz == 0


def test_corners_farther_apart_than_the_tolerance_are_not_shared():
    apart = squares(1, 2)
    apart[1] = [apart[1][0] + [2e-5, 0]]  # 1.4 metres
    assert contiguity_weights(apart, tolerance=1.0).nnz == 0 and contiguity_weights(apart, tolerance=1.5).nnz == 2


def test_an_area_within_another_is_its_neighbour_though_only_outer_rings_are_given():
    around, inner, beside = (
        squares(1, 1, size=0.03)[0],
        squares(1, 1, west=-0.39, south=51.91)[0],
        squares(1, 1, west=-0.37)[0],
    )
    links = contiguity_weights([around, inner, beside]).toarray()
    assert links.tolist() == [[0, 1, 1], [1, 0, 0], [1, 0, 0]]


def test_an_area_of_several_parts_has_the_neighbours_of_all():
    left, middle, right = squares(1, 3)
    links = contiguity_weights([[*left, *right], middle]).toarray()
    assert links.tolist() == [[0, 1], [1, 0]]


def test_islands_are_named_aloud():
    far = squares(1, 2) + squares(1, 1, west=0.5)
    links = contiguity_weights(far)
    assert find_islands(links).tolist() == [2]
    assert islands_in_words(links) == ("1 area without a neighbour was left out of the comparison with neighbours",)
    assert islands_in_words(board(2, 2)) == ()


def test_nearest_and_distance_by_hand():
    points = [[0, 0], [0, 1], [0, 3], [0, 7]]
    nearest = nearest_weights(points, 2, coordinates="metres").toarray()
    assert nearest.tolist() == [[0, 1, 1, 0], [1, 0, 1, 0], [1, 1, 0, 0], [0, 1, 1, 0]]
    within = distance_weights(points, 3, coordinates="metres").toarray()
    assert within.tolist() == [[0, 1, 1, 0], [1, 0, 1, 0], [1, 1, 0, 0], [0, 0, 0, 0]]


def test_many_points_at_one_place_are_never_their_own_neighbour():
    points = [[0.0, 51.0]] * 6 + [[0.1, 51.0]]
    links = nearest_weights(points, 3)
    assert not links.diagonal().any() and links.sum(axis=1).tolist() == [3.0] * 7


def test_metres_on_the_ground_agree_with_the_length_of_a_degree():
    """The published length of a degree on WGS84 at 52° N: 111,267 m along the meridian, 68,678 m across it."""
    origin, north, east = earth_positions([[0, 52], [0, 52.01], [0.01, 52]])
    assert np.linalg.norm(north - origin) * 100 == pytest.approx(111_267, abs=5)
    assert np.linalg.norm(east - origin) * 100 == pytest.approx(68_678, abs=5)
    flat = to_plane([[0, 52.01], [0.01, 52]], (0.0, 52.0))
    assert flat[0, 1] * 100 == pytest.approx(111_267, abs=5) and flat[1, 0] * 100 == pytest.approx(68_678, abs=5)


def test_the_plane_keeps_distances_and_leads_back():
    rng = np.random.default_rng(1)
    points = rng.uniform([-0.7, 51.8], [-0.1, 52.3], (50, 2))
    flat, space = to_plane(points, (-0.4, 52.05)), earth_positions(points)
    for straight, ground in zip(flat[1:] - flat[:-1], space[1:] - space[:-1], strict=True):
        assert np.linalg.norm(straight) == pytest.approx(np.linalg.norm(ground), rel=0.006)
    assert from_plane(flat, (-0.4, 52.05)) == pytest.approx(points, abs=1e-9)


def test_cells_and_points_within_a_ring_agree():
    ring = np.array([[0.2, 0.1], [4.3, 0.4], [3.1, 3.7], [2.0, 1.2], [0.9, 3.3]])
    middles = np.arange(5) + 0.5
    grid = np.array([[x, y] for y in middles for x in middles])
    assert cells_within(ring, middles, middles).ravel().tolist() == lies_within(grid, ring).tolist()


def test_rows_add_up_to_1_and_islands_stay_empty():
    links = row_standardise(sparse.csr_array([[0, 2, 2, 0], [1, 0, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0]]))
    assert links.sum(axis=1).tolist() == [1, 1, 1, 0] and links.toarray()[0].tolist() == [0, 0.5, 0.5, 0]


def test_morans_i_and_its_moments_are_those_of_all_permutations():
    values, links = (
        np.array([3.0, 1, 4, 1, 5.9, 2.6]),
        row_standardise(nearest_weights(np.random.default_rng(5).random((6, 2)), 2)),
    )
    whole = []
    for deal in permutations(values):
        z = np.array(deal) - values.mean()
        whole.append(len(z) / links.sum() * float(z @ (links @ z)) / float(z @ z))
    found = morans_i(values, links, rng=np.random.default_rng(1), n_permutations=4_999)
    assert found.estimate == pytest.approx(whole[0]) and found.expected == pytest.approx(np.mean(whole))
    assert found.z == pytest.approx((whole[0] - np.mean(whole)) / np.std(whole))
    far = np.abs(np.array(whole) - found.expected) >= abs(whole[0] - found.expected) - 1e-9
    assert found.p == pytest.approx(far.mean(), abs=0.02)


def test_global_g_and_its_moments_are_those_of_all_permutations():
    values, links = np.array([3.0, 1, 4, 1, 5.9, 0]), nearest_weights(np.random.default_rng(5).random((6, 2)), 2)
    pairs = values.sum() ** 2 - (values**2).sum()
    whole = [float(np.array(deal) @ (links @ np.array(deal))) / pairs for deal in permutations(values)]
    found = global_g(values, links, rng=np.random.default_rng(1))
    assert found.estimate == pytest.approx(whole[0]) and found.expected == pytest.approx(np.mean(whole))
    assert found.z == pytest.approx((whole[0] - np.mean(whole)) / np.std(whole))
    assert found.chance[0] >= min(whole) and found.chance[1] <= max(whole)


@pytest.mark.parametrize("own", [True, False])
def test_z_of_gi_is_by_the_mean_and_spread_of_all_deals(own):
    """Each deal gives the neighbours of a place other values of the others (Gi), or of all (Gi*)."""
    values = np.array([3.0, 1, 4, 1, 5.9, 2.6])
    links = distance_weights(np.arange(6)[:, None] * [[1, 0]], 1, coordinates="metres")
    found = getis_ord(values, links, own=own, n_resamples=99)
    for place in range(6):
        pool = values if own else np.delete(values, place)
        row = (links[[place]].toarray().ravel() + (np.arange(6) == place) * own) > 0
        sums = [sum(deal[: row.sum()]) for deal in permutations(pool)]
        assert found.z[place] == pytest.approx((values[row].sum() - np.mean(sums)) / np.std(sums))


@pytest.mark.parametrize("deal", ["conditional", "total"])
def test_local_p_agrees_with_dealing_for_each_place_alone(deal):
    rng = np.random.default_rng(2)
    values, links = rng.gamma(1, size=25), board(5, 5)
    found = getis_ord(values, links, deal=deal, alternative="greater", n_resamples=20_000, rng=rng)
    for place in (0, 7, 12):
        row = links[[place]].toarray().ravel() > 0
        pool = values if deal == "total" else np.delete(values, place)
        size, seen = int(row.sum()), values[row].sum()
        if deal == "total":
            size, seen = size + 1, seen + values[place]
        sums = rng.permuted(np.tile(pool, (20_000, 1)), axis=1)[:, :size].sum(axis=1)
        assert found.p[place] == pytest.approx(np.mean(sums >= seen - 1e-9), abs=0.02)


def test_uneven_weights_are_dealt_with_too():
    rng = np.random.default_rng(2)
    values = rng.gamma(1, size=12)
    links = sparse.csr_array(np.triu(rng.random((12, 12)), 1))
    links = (links + links.T).tocsr()
    found = getis_ord(values, links, own=False, alternative="less", n_resamples=20_000, rng=rng)
    row = np.delete(links[[3]].toarray().ravel(), 3)
    sums = rng.permuted(np.tile(np.delete(values, 3), (20_000, 1)), axis=1) @ row
    assert found.p[3] == pytest.approx(np.mean(sums <= (links @ values)[3]), abs=0.02)


def test_gi_and_gi_star_have_the_same_conditional_p_and_unlike_z():
    rng = np.random.default_rng(1)
    values, links = rng.gamma(1, size=36), board(6, 6)
    star, plain = (
        getis_ord(values, links, own=own, rng=np.random.default_rng(7), n_resamples=499) for own in (True, False)
    )
    assert star.p.tolist() == plain.p.tolist() and (np.abs(star.z - plain.z) > 0.01).any()


def test_local_moran_adds_up_to_the_global_one():
    rng = np.random.default_rng(1)
    values, links = rng.gamma(1, size=36), row_standardise(board(6, 6))
    local, whole = local_moran(values, links, n_resamples=99), morans_i(values, links, n_permutations=99)
    assert local.estimate.mean() == pytest.approx(whole.estimate)


def test_an_island_is_left_out_of_global_and_local_tests():
    values = np.array([1.0, 2, 3, 4, 100])
    links = distance_weights([[0, 0], [1, 0], [2, 0], [3, 0], [99, 0]], 1, coordinates="metres")
    whole = morans_i(values, links, rng=np.random.default_rng(1))
    assert (whole.islands, whole.n) == (1, 4) and whole.estimate == pytest.approx(1 / 3)
    local = getis_ord(values, links, n_resamples=99)
    assert np.isnan(local.z[4]) and np.isnan(local.p[4]) and np.isfinite(local.p[:4]).all()


def test_ties_count_on_both_sides():
    values = np.array([0.0, 0, 0, 0, 0, 0, 0, 0, 5])
    found = getis_ord(values, board(3, 3), alternative="greater", n_resamples=199, rng=np.random.default_rng(1))
    assert found.p[0] == 1.0, "no deal can be lower than nothing"


def test_morans_i_of_nothing_rejects_at_its_level_and_finds_a_gradient():
    rng = np.random.default_rng(11)
    links = row_standardise(board(7, 7))
    tests = [morans_i(rng.gamma(1, size=49), links, n_permutations=199, rng=rng).p <= 0.05 for _ in range(400)]
    assert 0.02 <= np.mean(tests) <= 0.085
    sloped = np.argwhere(np.ones((7, 7))).sum(axis=1) + rng.normal(size=49)
    assert morans_i(sloped, links, rng=rng).p == 0.001
    assert morans_i(sloped, links, rng=rng, alternative="less").p == 1.0


def test_corrected_p_is_that_of_statsmodels():
    from statsmodels.stats.multitest import multipletests

    p = np.random.default_rng(1).random(30) ** 3
    assert adjust_p(p) == pytest.approx(multipletests(p, method="fdr_bh")[1])
    assert adjust_p(p, "bonferroni") == pytest.approx(multipletests(p, method="bonferroni")[1])
    assert adjust_p(p, "none").tolist() == p.tolist()
    assert np.isnan(adjust_p([np.nan, np.nan])).all()


ROW = board(1, 5)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: contiguity_weights([[]]), "every area needs an outline"),
        (lambda: contiguity_weights(squares(1, 2), tolerance=-1), "tolerance must be 0 or more"),
        (lambda: nearest_weights([[0, 0], [1, 1]], 2), "k must be"),
        (lambda: distance_weights([[0, 0]], 0), "threshold must be above 0"),
        (lambda: distance_weights([[51.9, -0.4], [500_000, 200_000]], 10), "longitude and latitude"),
        (lambda: distance_weights([[np.nan, 0]], 10), "without gaps"),
        (lambda: morans_i([1, 2, 3], ROW), "one row and one column a place"),
        (lambda: morans_i([1, 2, 3, np.nan, 5], ROW), "without gaps"),
        (lambda: morans_i([1, 2, 3, 4, 5], -ROW), "0 or more"),
        (lambda: morans_i([1, 2, 3, 4, 5], ROW + sparse.eye_array(5)), "its own neighbour"),
        (lambda: morans_i([1, 2, 3, 4, 5], ROW, n_permutations=0), "1 or more"),
        (lambda: getis_ord([1, 2, 3, 4, 5], ROW, n_resamples=0), "1 or more"),
        (lambda: getis_ord([1, 2, 3, 4, 5], ROW, deal="some"), "conditional"),
        (lambda: global_g([-1, 2, 3, 4, 5], ROW), "Moran"),
        (lambda: adjust_p([0.1], "holm"), "correction must be"),
    ],
)  # fmt: skip
def test_wrong_input_is_refused_in_words(call, words):
    with pytest.raises(ValueError, match=words):
        call()


@pytest.mark.parametrize("test", [morans_i, getis_ord, local_moran, global_g])
def test_equal_values_and_few_places_are_not_estimable(test):
    with pytest.raises(NotEstimableError, match="all the same"):
        test([0.1] * 5, ROW)
    with pytest.raises(NotEstimableError, match="fewer than four places"):
        test([1.0, 2.0, 3.0], board(1, 3))


def test_inputs_are_not_changed():
    values, links = np.arange(5.0), ROW.copy()
    morans_i(values, links, n_permutations=9), getis_ord(values, links, n_resamples=9)
    assert values.tolist() == [0, 1, 2, 3, 4] and (links != ROW).nnz == 0


@pytest.mark.data
def test_the_small_areas_of_bedfordshire_make_one_plausible_map(real_data):
    outlines = []
    for path in sorted((real_data / "geography" / "boundaries" / "lsoa").glob("*.geojson")):
        for feature in json.loads(path.read_text("utf-8"))["features"]:
            shape = feature["geometry"]
            parts = [shape["coordinates"]] if shape["type"] == "Polygon" else shape["coordinates"]
            outlines.append([np.array(part[0]) for part in parts])
    links = contiguity_weights(outlines)
    assert (links != links.T).nnz == 0 and not find_islands(links).size
    assert sparse.csgraph.connected_components(links)[0] == 1
    assert links.nnz == 2_386, "as libpysal's queen contiguity finds on the same outlines with their holes"
    assert 5.5 < links.sum(axis=1).mean() < 6
    for decimals in (5, 6):
        rounded = [[ring.round(decimals) for ring in area] for area in outlines]
        assert contiguity_weights(rounded).nnz == pytest.approx(links.nnz, abs=4)
