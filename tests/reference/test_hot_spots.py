"""Hot spots and the accuracy of predictions against published numbers."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from problemsolving.measures.prediction_accuracy import measure_prediction_accuracy, prediction_accuracy_index
from problemsolving.stats.local_spatial import getis_ord, global_g
from problemsolving.stats.spatial import distance_weights


def test_getis_ord(case):
    inputs, expected, tolerance = case("A23-getis-ord")
    near = distance_weights(inputs["points"], inputs["threshold"], coordinates="metres")
    local = getis_ord(inputs["y"], near, own=False, n_resamples=99, rng=np.random.default_rng(1))
    assert local.z == pytest.approx(expected["Gi_z"], **tolerance)
    whole = global_g(inputs["y"], near, n_permutations=99, alternative="greater", rng=np.random.default_rng(1))
    assert whole.estimate == pytest.approx(expected["global_G"], **tolerance)
    assert stats.norm.sf(whole.z) == pytest.approx(expected["p_norm"], **tolerance)


def test_getis_ord_by_permutation_is_near_all_permutations(case):
    """There are 720 deals of six values: the p of all of them, for the place that is hottest."""
    from itertools import permutations

    inputs, _, _ = case("A23-getis-ord")
    near = distance_weights(inputs["points"], inputs["threshold"], coordinates="metres")
    place, values = 5, np.array(inputs["y"])
    others = np.delete(np.arange(6), place)
    seen = (near @ values)[place]
    row = near[[place]].toarray().ravel()
    deals = [float(row[others] @ deal) for deal in permutations(values[others])]
    exact = np.mean(np.array(deals) >= seen - 1e-9)
    found = getis_ord(values, near, alternative="greater", n_resamples=20_000, rng=np.random.default_rng(1))
    assert found.p[place] == pytest.approx(exact, abs=0.01)


def test_prediction_accuracy(case):
    inputs, expected, tolerance = case("A14-pai")
    curve = prediction_accuracy_index(inputs["obs"], inputs["pred"], area=inputs["area"])
    assert curve.pai == pytest.approx(expected["PAI"], **tolerance)
    assert curve.pei == pytest.approx(expected["PEI"], **tolerance)
    captured, predicted = np.cumsum(inputs["obs"]), np.cumsum(inputs["pred"])
    assert 1 / curve.rri * (6 / 9) == pytest.approx(predicted / captured), "the inverse without totals, in the note"


def test_prediction_accuracy_of_a_table(case):
    inputs, expected, tolerance = case("A14-pai")
    table = pd.DataFrame({"count": inputs["obs"], "predicted": inputs["pred"], "size": inputs["area"]})
    found = measure_prediction_accuracy(table, area="size", shares=(1 / 3, 2 / 3)).estimates()
    assert found["estimate"].tolist() == pytest.approx(expected["PAI"][:2], **tolerance)
    assert found["pei"].tolist() == pytest.approx(expected["PEI"][:2], **tolerance)
