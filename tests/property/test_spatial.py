"""What must hold for any map."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from problemsolving.measures.prediction_accuracy import prediction_accuracy_index
from problemsolving.measures.smoothing import empirical_bayes_rates
from problemsolving.stats.deals import adjust_p
from problemsolving.stats.local_spatial import getis_ord, local_moran
from problemsolving.stats.spatial import (
    contiguity_weights,
    distance_weights,
    find_islands,
    morans_i,
    nearest_weights,
    row_standardise,
)

places = st.integers(0, 2**32 - 1).map(lambda seed: np.random.default_rng(seed).random((14, 2)))
numbers = st.lists(st.floats(0, 100), min_size=14, max_size=14, unique=True).map(np.array)
counts = st.lists(st.integers(0, 60), min_size=14, max_size=14).filter(any).map(lambda some: np.array(some, float))
few = settings(max_examples=25, deadline=None)


def dealt(values, links, seed=1, **more):
    return getis_ord(values, links, n_resamples=199, rng=np.random.default_rng(seed), **more)


@few
@given(places, st.floats(0.01, 1.5))
def test_weights_by_distance_are_symmetric_without_a_diagonal(points, threshold):
    links = distance_weights(points, threshold, coordinates="metres")
    assert (links != links.T).nnz == 0 and not links.diagonal().any() and set(links.data) <= {1.0}
    sums = row_standardise(links).sum(axis=1)
    assert np.isclose(sums, 1).sum() + len(find_islands(links)) == 14


@few
@given(places, st.integers(1, 13))
def test_nearest_neighbours_are_so_many_and_no_other_point_is_nearer(points, k):
    links = nearest_weights(points, k, coordinates="metres").toarray()
    apart = np.linalg.norm(points[:, None] - points, axis=2)
    assert (links.sum(axis=1) == k).all() and not links.diagonal().any()
    for row, distances in zip(links, apart, strict=True):
        assert distances[row > 0].max() <= np.sort(distances)[k] + 1e-12


@few
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=12, unique=True), st.randoms())
def test_contiguity_is_symmetric_and_knows_no_order(cells, random):
    box = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    order = list(range(len(cells)))
    random.shuffle(order)
    made = contiguity_weights(
        [[box + np.array(cell)] for cell in cells], coordinates="metres", tolerance=0.01
    ).toarray()
    again = contiguity_weights(
        [[box + np.array(cells[at])] for at in order], coordinates="metres", tolerance=0.01
    ).toarray()
    assert (made == made.T).all() and (again == made[np.ix_(order, order)]).all()
    beside = np.abs(np.array(cells)[:, None] - np.array(cells)).max(axis=2) == 1
    assert (made == beside).all()


@few
@given(places, numbers, st.floats(0.01, 1_000), st.floats(-50, 50))
def test_scaling_and_shifting_the_values_changes_no_z_and_no_p(points, values, times, more):
    assume(np.diff(np.sort(values)).min() > 1e-3)
    links = nearest_weights(points, 4, coordinates="metres")
    one, other = dealt(values, links), dealt(values * times + more, links)
    assert other.z == pytest.approx(one.z, abs=1e-6) and other.p.tolist() == one.p.tolist()
    whole, scaled = (
        morans_i(some, links, n_permutations=99, rng=np.random.default_rng(3))
        for some in (values, values * times + more)
    )
    assert scaled.estimate == pytest.approx(whole.estimate, abs=1e-6) and scaled.p == whole.p


@few
@given(places, numbers, st.randoms())
def test_the_order_of_places_changes_nothing(points, values, random):
    assume(np.diff(np.sort(values)).min() > 1e-3)
    links = row_standardise(nearest_weights(points, 4, coordinates="metres"))
    order = list(range(14))
    random.shuffle(order)
    again = links[order][:, order]
    for test in (dealt, lambda some, near: local_moran(some, near, n_resamples=199, rng=np.random.default_rng(1))):
        one, other = test(values, links), test(values[order], again)
        assert other.z == pytest.approx(one.z[order]) and other.p.tolist() == one.p[order].tolist()
        assert other.estimate == pytest.approx(one.estimate[order])
    assert morans_i(values[order], again, n_permutations=9).estimate == pytest.approx(
        morans_i(values, links, n_permutations=9).estimate
    )


@few
@given(places, numbers)
def test_the_two_sides_mirror_each_other(points, values):
    assume(np.ptp(values) > 1e-3)
    links = nearest_weights(points, 4, coordinates="metres")
    high, low = dealt(values, links, alternative="greater"), dealt(values, links, alternative="less")
    both = dealt(values, links)
    assert both.p == pytest.approx(np.minimum(1, 2 * np.minimum(high.p, low.p)))
    assert ((high.p + low.p) >= 1).all() and (high.p >= 1 / 200).all()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_corrected_p_is_never_smaller_and_keeps_the_order(p):
    found = adjust_p(p)
    assert (found >= np.array(p) - 1e-12).all() and (found <= 1).all()
    assert (np.diff(found[np.argsort(p, kind="stable")]) >= -1e-12).all()
    assert (adjust_p(p, "bonferroni") >= found - 1e-12).all()


@few
@given(counts, st.integers(1, 50))
def test_steadied_rates_lie_between_their_own_and_the_mean_and_scale(events, times):
    people = np.linspace(100, 4_000, 14)
    found = empirical_bayes_rates(events, people)
    own = events / people
    assert ((found.rates - np.minimum(own, found.prior_mean)) >= -1e-12).all()
    assert ((np.maximum(own, found.prior_mean) - found.rates) >= -1e-12).all()
    assert empirical_bayes_rates(events, people * times).rates * times == pytest.approx(found.rates)


@few
@given(counts, numbers, st.randoms())
def test_the_indices_of_accuracy_keep_their_bounds_and_know_no_order(observed, predicted, random):
    size = np.linspace(1, 3, 14)
    density = np.sort(predicted / size)
    assume(np.diff(density).min() > 1e-9)
    found = prediction_accuracy_index(observed, predicted, area=size)
    order = list(range(14))
    random.shuffle(order)
    again = prediction_accuracy_index(observed[order], predicted[order], area=size[order])
    assert pd.Series(again.pai).to_numpy() == pytest.approx(found.pai)
    assert found.pai[-1] == pytest.approx(1) and found.pei[-1] == pytest.approx(1)
    assert ((found.pei >= -1e-12) & (found.pei <= 1 + 1e-9)).all() and (np.diff(found.hit_rate) >= -1e-12).all()
