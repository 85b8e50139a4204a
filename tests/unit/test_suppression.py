"""A second count is withheld where a total would tell the first; sums by their contributors."""

import numpy as np
import pandas as pd
import pytest

from problemsolving.errors import DisclosureError
from problemsolving.governance.attacker import Knowledge, agrees, bound, narrowed
from problemsolving.governance.magnitudes import is_dominated, release_sums, sum_cells
from problemsolving.governance.policies import POLICIES
from problemsolving.governance.suppression import find_totals, suppress

ONS, SAFE, HES, ACRO = (POLICIES[name] for name in ("ons", "opensafely", "nhs-hes", "acro"))


def hidden(numbers, policy, margins=((),), **columns):
    cells = pd.DataFrame({"count": np.array(numbers, float)} | columns)
    return suppress(cells["count"].to_numpy(), policy, find_totals(cells, margins))


def test_without_rounding_the_smallest_other_count_goes_with_a_single_small_one():
    assert hidden([3, 52, 20, 40], ONS).tolist() == [True, False, True, False]


def test_nothing_goes_with_small_counts_that_protect_each_other():
    assert hidden([5, 8, 52, 20], ONS).tolist() == [True, True, False, False]


def test_two_very_small_counts_need_a_third():
    assert hidden([1, 1, 52, 20], ONS).tolist() == [True, True, False, True]


def test_rounding_protects_where_enough_rounded_counts_stand_beside():
    assert hidden([3, 20, 50, 70, 31], SAFE).sum() == 1
    assert hidden([3, 997], SAFE).all()


def test_a_zero_that_is_shown_is_never_taken_as_the_second():
    assert not hidden([3, 0, 30, 20], HES)[1]


def test_counts_without_a_total_need_no_second():
    assert hidden([3, 52, 20], ONS, margins=()).tolist() == [True, False, False]


def test_rows_and_columns_of_a_table_are_both_protected():
    area, month = np.repeat(["a", "b", "c"], 3), np.tile(["1", "2", "3"], 3)
    found = hidden([3, 40, 50, 30, 20, 60, 70, 80, 90], ONS, (("area",), ("month",)), area=area, month=month)
    table = found.reshape(3, 3)
    assert table[0, 0] and table.sum() == 4
    assert all(line.sum() != 1 for line in [*table, *table.T])


def test_a_total_that_is_small_itself_is_withheld_and_tells_nothing():
    found = hidden([2, 3, 5], ONS, total=[False, False, True])
    assert found.all()


def test_a_node_strength_does_not_tell_a_tie():
    pairs = [(a, b) for a in "abcd" for b in "abcd" if a != b]
    ties = [4, 60, 70, 80, 55, 65, 75, 85, 95, 45, 35, 25]
    found = hidden(
        ties, ONS, (("sender",), ("receiver",)), sender=[a for a, _ in pairs], receiver=[b for _, b in pairs]
    )
    sent = pd.Series(found).groupby([a for a, _ in pairs]).sum()
    received = pd.Series(found).groupby([b for _, b in pairs]).sum()
    assert found[0] and 1 not in [*sent, *received]


def test_rows_without_a_value_in_the_margin_belong_to_no_total():
    found = hidden([3, 52, 20], ONS, (("tie",),), tie=["x", "x", None])
    assert found.tolist() == [True, True, False]


def test_the_attacker_finds_what_arithmetic_finds():
    known = Knowledge(np.zeros(3), np.full(3, np.inf), [(np.array([0, 1]), 10.0, 10.0), (np.array([1, 2]), 4.0, 6.0)])
    assert bound(known, [[0], [1], [0, 2]]).round(6).tolist() == [[4, 10], [0, 6], [4, 16]]


def test_the_attacker_tells_when_nothing_agrees():
    known = Knowledge(np.zeros(1), np.array([5.0]), [(np.array([0]), 9.0, 9.0)])
    assert not agrees(known)
    assert narrowed(known, [[0]], low=[0], high=[7]) == ([], [0])


def test_p_ratio_and_dominance_at_their_boundaries():
    cells = pd.DataFrame(
        {
            "total": [100.0, 100.0, 1_000.0, 1_000.0],
            "largest": [60.0, 45.0, 800.0, 450.0],
            "second": [34.0, 44.0, 99.0, 450.0],
        }
    )
    rest = cells["total"] - cells["largest"] - cells["second"]
    assert (rest / cells["largest"]).round(3).tolist() == [0.1, 0.244, 0.126, 0.222]
    assert is_dominated(cells, ACRO).tolist() == [True, False, False, True]
    assert not is_dominated(cells, ONS).any()


def rows_of(cells):
    return pd.DataFrame(
        [(place // 3, place % 3, value) for place, values in enumerate(cells) for value in values],
        columns=["area", "month", "minutes"],
    )


def test_a_dominated_sum_leaves_with_neither_count_nor_total():
    cells = [[900.0] + [1.0] * 19] + [[50.0] * 20 for _ in range(8)]
    shown = release_sums(sum_cells(rows_of(cells), by=["area", "month"], value="minutes"), ACRO)
    assert shown.first == 1 and shown.second == 3
    assert shown.frame.loc[shown.frame["total"].isna(), "count"].isna().all()
    assert list(shown.frame) == ["area", "month", "count", "total"]


def test_the_second_sum_is_large_enough_for_the_contributor_it_protects():
    """The largest contributor gives 90,000; a cell of 200 minutes would still place it to within 200."""
    cells = [[90_000.0] + [1.0] * 19] + [[10.0] * 20] * 3 + [[1_000.0] * 20] + [[10.0] * 20] * 2 + [[2_000.0] * 20] * 2
    table = sum_cells(rows_of(cells), by=["area", "month"], value="minutes")
    shown = release_sums(table, ACRO)
    free = shown.totals.loc[shown.totals["total"].isna(), ["margin", "group"]]
    limits = [(0, np.inf) if np.isnan(total) else (total, total) for total in shown.frame["total"]]
    known = Knowledge(*np.array(limits).T)
    for line in shown.totals.itertuples():
        if not np.isnan(line.total):
            known.add(np.flatnonzero(shown.frame[line.margin] == line.group), line.total, line.total)
    low, high = bound(known, [[0]])[0]
    true = table.frame["total"][0]
    assert low <= true - 9_000 and high >= true + 9_000, (low, high, free)


def test_contributors_are_added_up_before_the_rules_look():
    rows = pd.DataFrame({"agency": "a", "person": [1, 1, 2], "minutes": [30.0, 30.0, 5.0]})
    frame = sum_cells(rows, by=["agency"], value="minutes", contributor="person").frame
    assert frame[["count", "largest", "second"]].values.tolist() == [[2.0, 60.0, 5.0]]


def test_negative_values_are_refused():
    with pytest.raises(ValueError, match="0 or more"):
        sum_cells(pd.DataFrame({"a": ["x"], "v": [-1.0]}), by=["a"], value="v")


def test_a_table_that_cannot_be_protected_is_refused():
    rows = pd.DataFrame({"a": ["x"] * 12, "v": [900.0] + [1.0] * 11})
    with pytest.raises(DisclosureError, match="join groups"):
        release_sums(sum_cells(rows, by=["a"], value="v"), ACRO)


def test_open_sums_leave_as_they_are():
    rows = pd.DataFrame({"a": ["x", "y"], "v": [900.0, 1.0]})
    assert release_sums(sum_cells(rows, by=["a"], value="v"), POLICIES["open"]).frame["total"].tolist() == [900.0, 1.0]
