"""Agreement of two coders against hand-worked tables, another library, and simulated coders."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score

from problemsolving.stats.agreement import category_agreement, code_table, cohen_kappa, pabak
from problemsolving.stats.intervals import wilson_limits

TABLE = [[20, 5], [10, 15]]  # 50 items: 35 alike, 25 by chance


def test_kappa_by_hand():
    found = cohen_kappa(TABLE)
    assert (found.observed, found.by_chance, found.n) == (0.7, 0.5, 50)
    assert found.estimate == pytest.approx((0.7 - 0.5) / (1 - 0.5))


def test_the_score_interval_is_wilsons_on_the_scale_of_kappa():
    low, high = wilson_limits(35, 50)
    assert cohen_kappa(TABLE).interval.low == pytest.approx((float(low) - 0.5) / 0.5)
    assert cohen_kappa(TABLE).interval.high == pytest.approx((float(high) - 0.5) / 0.5)


def test_the_asymptotic_interval_is_the_published_variance():
    """Fleiss, Cohen and Everitt (1969), worked out cell by cell."""
    p = np.array(TABLE) / 50
    rows, columns, kappa, chance = p.sum(axis=1), p.sum(axis=0), 0.4, 0.5
    a = sum(p[i, i] * (1 - (rows[i] + columns[i]) * (1 - kappa)) ** 2 for i in (0, 1))
    b = (1 - kappa) ** 2 * sum(p[i, j] * (columns[i] + rows[j]) ** 2 for i, j in ((0, 1), (1, 0)))
    error = np.sqrt((a + b - (kappa - chance * (1 - kappa)) ** 2) / (50 * (1 - chance) ** 2))
    found = cohen_kappa(TABLE, method="asymptotic").interval
    assert (found.low, found.high) == pytest.approx((0.4 - 1.959964 * error, 0.4 + 1.959964 * error), abs=1e-6)


def test_kappa_of_many_codes_is_that_of_another_library():
    rng = np.random.default_rng(1)
    first = rng.integers(0, 4, 300)
    second = np.where(rng.random(300) < 0.6, first, rng.integers(0, 4, 300))
    table = code_table(list(map(str, first)), list(map(str, second)), codes=list("0123"))
    assert cohen_kappa(table).estimate == pytest.approx(cohen_kappa_score(first, second))


def test_pabak_of_two_and_of_many_codes():
    assert pabak(TABLE).estimate == pytest.approx(2 * 0.7 - 1)
    assert pabak(np.diag([5, 5, 5, 5])).estimate == 1.0
    assert pabak([[4, 2, 0], [1, 4, 1], [0, 2, 4]]).estimate == pytest.approx((3 * 12 / 18 - 1) / 2)


def test_full_agreement_is_not_certain():
    found = cohen_kappa([[10, 0], [0, 10]])
    low, _ = wilson_limits(20, 20)
    assert found.estimate == found.interval.high == 1.0
    assert found.interval.low == pytest.approx((float(low) - 0.5) / 0.5) and found.interval.low < 0.7
    assert cohen_kappa([[10, 0], [0, 10]], method="asymptotic").interval.low == 1.0


def test_one_code_throughout_has_no_kappa_and_says_why():
    found = cohen_kappa([[30, 0], [0, 0]])
    assert np.isnan(found.estimate) and "one and the same code" in found.reason
    assert pabak([[30, 0], [0, 0]]).estimate == 1.0


def test_no_item_has_no_agreement():
    assert np.isnan(cohen_kappa([[0, 0], [0, 0]]).estimate) and cohen_kappa([[0, 0], [0, 0]]).reason == "no item"
    assert np.isnan(pabak([[0, 0], [0, 0]]).estimate)


def test_a_missing_count_makes_all_missing_and_gives_no_reason():
    for found in (cohen_kappa([[20, np.nan], [10, 15]]), pabak([[20, np.nan], [10, 15]])):
        assert np.isnan([found.estimate, found.interval.low, found.interval.high, found.observed]).all()
        assert found.reason == ""


def test_rare_codes_pull_kappa_and_pabak_apart():
    assert cohen_kappa([[1, 4], [4, 91]]).estimate < 0.2 < 0.8 < pabak([[1, 4], [4, 91]]).estimate


def test_agreement_on_each_code_by_hand():
    found = category_agreement(pd.DataFrame(TABLE, index=["a", "b"], columns=["a", "b"]))
    assert found["group"].tolist() == ["a", "b"] and found["count"].tolist() == [20, 15]
    assert found["estimate"].tolist() == pytest.approx([2 * 20 / (25 + 30), 2 * 15 / (25 + 20)])
    low, high = wilson_limits(20, 35)
    assert found["low"].iloc[0] == pytest.approx(float(2 * low / (1 + low)))
    assert found["high"].iloc[0] == pytest.approx(float(2 * high / (1 + high)))


def test_a_code_that_nobody_gave_has_no_agreement():
    found = category_agreement(pd.DataFrame(np.diag([3, 4, 0]), index=list("abc"), columns=list("abc")))
    assert found["estimate"].tolist()[:2] == [1.0, 1.0] and np.isnan(found["estimate"].iloc[2])


def test_the_table_of_codes_counts_items_coded_by_both_in_the_order_given():
    table = code_table(["a", "b", None, "a"], ["a", "a", "b", None], codes=["b", "a"])
    assert table.index.tolist() == table.columns.tolist() == ["b", "a"]
    assert table.loc["b", "a"] == 1 and table.loc["a", "a"] == 1 and table.to_numpy().sum() == 2


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: code_table(["a"], ["a", "b"], codes=["a", "b"]), "same items"),
        (lambda: code_table(["a"], ["a"], codes=["a"]), "at least two codes"),
        (lambda: code_table(["a"], ["a"], codes=["a", "a"]), "each once"),
        (lambda: code_table(["secret"], ["a"], codes=["a", "b"]), "first holds 1 codes that are not in codes"),
        (lambda: cohen_kappa([[1, 2, 3], [4, 5, 6]]), "square"),
        (lambda: cohen_kappa([[1]]), "at least two codes"),
        (lambda: pabak([[1, -1], [1, 1]]), "0 or more"),
        (lambda: cohen_kappa(TABLE, confidence_level=1.0), "between 0 and 1"),
    ],
)
def test_wrong_input_is_refused_without_a_value(call, words):
    with pytest.raises(ValueError, match=words) as caught:
        call()
    assert "secret" not in str(caught.value)


def test_statsmodels_does_not_warn_of_sparse_tables():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cohen_kappa([[30, 0], [1, 0]], method="asymptotic")


@pytest.mark.parametrize(("rare", "kappa"), [(0.5, 0.8), (0.1, 0.6), (0.2, 0.95)])
def test_the_score_interval_covers_and_the_asymptotic_one_does_so_less(rare, kappa):
    rng = np.random.default_rng(3)
    both, one = rare**2 + kappa * rare * (1 - rare), rare * (1 - rare) * (1 - kappa)
    tables = rng.multinomial(100, [both, one, one, 1 - both - 2 * one], size=400).reshape(-1, 2, 2)
    inside = {
        method: np.mean([
            found.interval.low <= kappa <= found.interval.high
            for found in (cohen_kappa(table, method=method) for table in tables)
        ])
        for method in ("score", "asymptotic")
    }  # fmt: skip
    assert inside["score"] >= 0.92 and inside["score"] > inside["asymptotic"] - 0.01
