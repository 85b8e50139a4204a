"""Density of incidents on a grid."""

import numpy as np
import pytest

from problemsolving import draw
from problemsolving.governance.policies import POLICIES
from problemsolving.governance.release import release
from problemsolving.measures.density import FINE, estimate_density
from problemsolving.report.safe import check_picture
from problemsolving.results import NotEstimable
from problemsolving.stats.grids import kernel_stamp
from problemsolving.stats.positions import from_plane, to_plane

EXTENT = (-0.46, 51.86, -0.38, 51.90)
SAFE = POLICIES["opensafely"]


def scatter(n=1_500, seed=1):
    """Two dense places amid incidents everywhere, away from the edges."""
    rng = np.random.default_rng(seed)
    near = [rng.normal(middle, [0.003, 0.002], (n // 3, 2)) for middle in ([-0.43, 51.88], [-0.41, 51.885])]
    return np.concatenate([*near, rng.uniform([-0.45, 51.868], [-0.39, 51.892], (n - 2 * (n // 3), 2))])


@pytest.mark.parametrize("kernel", ["quartic", "normal"])
def test_the_surface_is_near_that_of_exact_places(kernel):
    points, bandwidth = scatter(), 500.0
    found = estimate_density(points, bandwidth=bandwidth, extent=EXTENT, kernel=kernel, correct_edges=False)
    flat = to_plane(points, found.grid.origin)
    across, up = found.grid.middles()
    for row, column in ((9, 12), (12, 20), (7, 17)):
        squares = ((flat - [across[column], up[row]]) ** 2).sum(axis=1) / bandwidth**2
        if kernel == "quartic":
            exact = (3 / np.pi * np.maximum(1 - squares, 0) ** 2).sum() / bandwidth**2 * 1e6
        else:
            exact = (np.exp(-squares / 2) / (2 * np.pi)).sum() / bandwidth**2 * 1e6
        assert found.surface[row, column] == pytest.approx(exact, rel=0.08)


@pytest.mark.parametrize("kernel", ["quartic", "normal"])
def test_the_surface_holds_as_many_incidents_as_there_are(kernel):
    points = np.random.default_rng(1).normal([-0.42, 51.88], [0.002, 0.001], (400, 2))
    found = estimate_density(points, bandwidth=300, extent=EXTENT, kernel=kernel, correct_edges=False, years=2)
    assert np.nansum(found.surface) * (found.grid.side / 1_000) ** 2 * 2 == pytest.approx(400, rel=1e-3)
    assert found.frame["count"].sum() == 400


def test_an_even_spread_is_even_up_to_the_edge_where_edges_are_corrected():
    points = np.random.default_rng(2).uniform(EXTENT[:2], EXTENT[2:], (60_000, 2))
    corrected, plain = (
        estimate_density(points, bandwidth=500, extent=EXTENT, correct_edges=edge) for edge in (True, False)
    )
    middle = np.nanmean(corrected.surface[6:-6, 6:-6])
    assert corrected.surface[0, 3:-6].mean() == pytest.approx(middle, rel=0.1)
    assert plain.surface[0, 3:-6].mean() < 0.7 * middle
    assert "corrected" in " ".join(corrected.caveats) and "too low" in " ".join(plain.caveats)


def test_limits_are_exact_for_incidents_at_one_place_and_cover():
    rng = np.random.default_rng(3)
    held = []
    for _ in range(80):
        points = rng.uniform(EXTENT[:2], EXTENT[2:], (rng.poisson(900), 2))
        found = estimate_density(points, bandwidth=600, extent=EXTENT)
        square = found.inside.sum() * (found.grid.side / 1_000) ** 2
        block = found.blocks.sort_values(["row", "column"]).iloc[len(found.blocks) // 2]
        held.append(block["low"] <= 900 / square <= block["high"])
    assert 0.9 <= np.mean(held) <= 1.0


def test_the_densest_place_is_named_and_rows_do_not_change_with_order():
    points = scatter()
    one = estimate_density(points, bandwidth=500, extent=EXTENT, of="calls")
    other = estimate_density(points[::-1], bandwidth=500, extent=EXTENT, of="calls")
    assert one.summary() == other.summary() and one.table() == other.table()
    assert "calls were densest around 51.88" in one.summary().lower() and "bandwidth 500 metres" in one.summary()
    assert len(one.values()) == 15 and all(value.interval is not None for value in one.values())


def test_only_what_lies_on_the_map_counts():
    box = np.array([[-0.43, 51.87], [-0.41, 51.87], [-0.41, 51.89], [-0.43, 51.89]])
    found = estimate_density(scatter(), bandwidth=300, outlines=[[box]])
    assert "incidents outside the map were left out" in found.caveats
    on_map = ((scatter() > box.min(axis=0)) & (scatter() < box.max(axis=0))).all(axis=1).sum()
    assert found.frame["count"].sum() == pytest.approx(on_map, rel=0.1)
    assert found.plot() is not None
    assert (
        "incidents outside the map were left out"
        not in estimate_density([[-0.42, 51.88]], bandwidth=300, outlines=[[box]]).caveats
    )


def test_what_is_released_comes_from_rounded_blocks_alone():
    """Two worlds whose blocks round alike, with other places within them, leave alike: no place shows."""
    first = estimate_density(scatter(), bandwidth=500, extent=EXTENT)
    flat = to_plane(scatter(), first.grid.origin) - [first.grid.west, first.grid.south]
    block = first.grid.side * FINE
    moved = (np.floor(flat / block) + np.random.default_rng(9).uniform(0.02, 0.98, flat.shape)) * block
    places = from_plane(moved + np.array([first.grid.west, first.grid.south]), first.grid.origin)
    second = estimate_density(places, bandwidth=500, extent=EXTENT)
    assert second.frame["count"].tolist() == first.frame["count"].tolist()
    assert second.summary() != first.summary()
    shown = [release(found, SAFE).result for found in (first, second)]
    assert shown[0].summary() == shown[1].summary() and shown[0].table() == shown[1].table()
    assert np.array_equal(shown[0].surface, shown[1].surface, equal_nan=True)
    assert shown[0].fine is None and "half" not in shown[0].summary()


def test_small_blocks_are_blank_in_picture_table_and_numbers():
    found = estimate_density(scatter(400), bandwidth=500, extent=EXTENT)
    shown = release(found, SAFE).result
    small = found.frame["count"].to_numpy() <= 7
    assert small.any() and (shown.frame["count"].isna().to_numpy() >= small).all()
    row, column = found.frame[["row", "column"]].to_numpy()[np.flatnonzero(small)[0]] * FINE
    assert np.isnan(shown.surface[row : row + FINE, column : column + FINE]).all()
    assert all(value.n > 7 and value.n % 5 == 0 for value in shown.values())
    assert "withheld" in [text.get_text() for text in shown.plot().get_legend().get_texts()]
    assert any("too low" in caveat for caveat in shown.caveats)
    check_picture(draw.to_svg(shown.plot))
    few = release(estimate_density(scatter(9), bandwidth=500, extent=EXTENT), SAFE).result
    assert isinstance(few, NotEstimable) or ("withheld" in few.summary() and few.plot() is None)


def test_under_a_policy_that_does_not_round_the_fine_surface_does_not_leave_either():
    lot = np.repeat([[-0.4299, 51.8801], [-0.4221, 51.8802]], 400, axis=0)
    found = estimate_density(lot, bandwidth=500, extent=(-0.43, 51.88, -0.422, 51.8805))
    strict = release(found, POLICIES["ons"]).result
    assert strict.frame["count"].tolist() == found.frame["count"].tolist() == [400, 400], (
        "nothing is withheld or rounded"
    )
    assert strict.fine is None and not np.array_equal(strict.surface, found.surface)
    assert found.rebuild(found.frame.assign(count=[395.0, 400.0])).fine is None
    open_ = release(found, POLICIES["open"]).result
    assert open_.summary() == found.summary() and np.array_equal(open_.surface, found.surface, equal_nan=True)


def test_the_kernel_has_mass_1_and_its_shape():
    stamp, top = kernel_stamp("quartic", 300.0, 20.0)
    assert top == pytest.approx(3 / (np.pi * 300**2), rel=0.01) and stamp.sum() * 400 == pytest.approx(1)
    normal, top = kernel_stamp("normal", 300.0, 20.0)
    assert top == pytest.approx(1 / (2 * np.pi * 300**2), rel=0.01) and normal.sum() * 400 == pytest.approx(1)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"bandwidth": 300}, "outlines or extent"),
        ({"bandwidth": 0, "extent": EXTENT}, "above 0"),
        ({"bandwidth": 300, "extent": EXTENT, "years": 0}, "above 0"),
        ({"bandwidth": 300, "extent": EXTENT, "kernel": "flat"}, "quartic"),
        ({"bandwidth": 300, "extent": (0, 52, -1, 51)}, "west, south, east and north"),
        ({"bandwidth": 1, "extent": EXTENT}, "too small for so large a map"),
    ],
)
def test_wrong_input_is_refused_in_words(settings, words):
    with pytest.raises(ValueError, match=words):
        estimate_density([[-0.42, 51.88]], **settings)
    with pytest.raises(ValueError, match="without gaps"):
        estimate_density([[np.nan, 51.88]], bandwidth=300, extent=EXTENT)
