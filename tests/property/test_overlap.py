"""What must hold for any lists, weights and counts."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from problemsolving.measures.capture import chapman, lincoln_petersen
from problemsolving.measures.demand import compare_currencies
from problemsolving.measures.fourfold import pair_measures
from problemsolving.measures.harm import weigh_harm
from problemsolving.measures.loglinear import join_missed
from problemsolving.measures.overlap import count_intersections, measure_pairs
from problemsolving.measures.sums import cover, significant
from problemsolving.measures.weights import weight_table

LISTS = ["a", "b", "c"]
members = st.lists(st.tuples(*[st.booleans()] * 3), min_size=1, max_size=40).filter(lambda rows: any(map(any, rows)))
cells = st.tuples(*[st.integers(0, 60)] * 4).filter(any)
fast = settings(max_examples=25, deadline=None)


def people(rows):
    return pd.DataFrame(rows, columns=LISTS)


@fast
@given(members)
def test_exclusive_intersections_add_up_to_people_and_to_each_list(rows):
    frame, found = people(rows), count_intersections(people(rows), lists=LISTS).frame
    assert found["count"].sum() == (len(frame) if not frame.any(axis=1).all() else frame.any(axis=1).sum())
    for place, name in enumerate(LISTS, 1):
        assert found.loc[found[f"list {place}"].notna(), "count"].sum() == frame[name].sum()
    assert found.loc[found["pair 1-2"].notna(), "count"].sum() == (frame["a"] & frame["b"]).sum()


@fast
@given(members, st.permutations(LISTS), st.randoms())
def test_neither_the_order_of_lists_nor_that_of_people_matters(rows, order, random):
    shuffled = list(rows)
    random.shuffle(shuffled)

    def by_members(found, lists):
        named = found.frame[[f"list {place}" for place in range(1, len(lists) + 1)]]
        return {
            frozenset(row[row.notna()]): count
            for (_, row), count in zip(named.iterrows(), found.frame["count"], strict=True)
        }

    one, other = count_intersections(people(rows), lists=LISTS), count_intersections(people(shuffled), lists=order)
    assert by_members(one, LISTS) == by_members(other, order)


@fast
@given(members, st.integers(0, 500))
def test_a_population_changes_those_on_none_alone(rows, more):
    frame = people(rows)
    one = count_intersections(frame, lists=LISTS, population=len(frame) + more).frame.set_index("group")["count"]
    other = count_intersections(frame, lists=LISTS).frame.set_index("group")["count"]
    assert one.drop("on none", errors="ignore").to_dict() == other.drop("on none", errors="ignore").to_dict()
    assert one.sum() == len(frame) + more


@fast
@given(cells)
def test_measures_stay_within_their_bounds_and_their_intervals(counts):
    for name, (value, low, high) in pair_measures(*counts).items():
        value, low, high = float(value[0]), float(low[0]), float(high[0])
        if np.isnan(value):
            continue
        if name in ("support", "jaccard", "confidence", "confidence_back", "cramers_v"):
            assert 0 <= value <= 1
        if name == "phi":
            assert -1 <= value <= 1 and (np.isnan(low) or -1 <= low <= high <= 1)
        if not np.isnan([low, high]).any():
            assert low <= value + 1e-9 and value <= high + 1e-9, name


@fast
@given(cells)
def test_turning_a_pair_round_turns_what_has_a_direction(counts):
    both, first, second, neither = counts
    one, other = pair_measures(both, first, second, neither), pair_measures(both, second, first, neither)
    for name in ("support", "lift", "leverage", "phi", "jaccard"):
        assert np.allclose(np.concatenate(one[name]), np.concatenate(other[name]), equal_nan=True)
    for name in ("confidence", "conviction"):
        assert np.allclose(np.concatenate(one[name]), np.concatenate(other[f"{name}_back"]), equal_nan=True)


@fast
@given(cells, st.integers(2, 9))
def test_more_people_in_the_same_shares_give_the_same_measures_more_surely(counts, times):
    one, more = pair_measures(*counts), pair_measures(*(times * count for count in counts))
    for name in one:
        assert np.allclose(one[name][0], more[name][0], equal_nan=True)
        widths = [side[name][2] - side[name][1] for side in (one, more)]
        assert np.isnan(widths).any() or widths[1] <= widths[0] + 1e-9


@fast
@given(members)
def test_pairs_agree_with_intersections(rows):
    frame = people(rows)
    found = measure_pairs(frame, lists=LISTS).measures().set_index("group")["count"]
    assert found["b & c"] == (frame["b"] & frame["c"]).sum()


@fast
@given(st.integers(1, 300), st.integers(0, 300), st.integers(0, 300))
def test_a_population_is_never_smaller_than_those_seen(both, first_only, second_only):
    sizes = (both + first_only, both + second_only, both)
    for found in (lincoln_petersen(*sizes), chapman(*sizes)):
        assert (
            both + first_only + second_only - 1e-6 <= found.low <= found.estimate + 1e-6
            and found.estimate <= found.high + 1e-6
        )


@fast
@given(st.lists(st.integers(0, 200), min_size=7, max_size=7), st.floats(0.01, 0.5))
def test_links_made_again_keep_the_records_of_each_list(counts, missed):
    patterns = np.array([[bool(number & bit) for bit in (4, 2, 1)] for number in range(1, 8)])
    joined = join_missed(patterns, np.array(counts, float), missed=missed)
    assert (patterns.T @ joined).tolist() == pytest.approx((patterns.T @ np.array(counts, float)).tolist(), abs=1e-6)
    assert joined.sum() <= sum(counts) + 1e-6


counted = st.lists(
    st.tuples(st.sampled_from("xyz"), st.sampled_from("ABC"), st.integers(0, 80)), min_size=1, max_size=15
).filter(lambda rows: any(count for *_, count in rows))
weights = st.tuples(*[st.integers(0, 500)] * 3).filter(any)


def index(numbers):
    frame = pd.DataFrame({"code": list("ABC"), "weight": numbers})
    return weight_table(frame, name="any", version="1", unit="days", source="drawn")


@fast
@given(counted, weights, st.integers(2, 50))
def test_harm_adds_up_and_scales_with_its_weights(rows, numbers, times):
    events = pd.DataFrame(rows, columns=["area", "offence_code", "n"])
    one, more = (
        weigh_harm(events, index(some), by="area", count="n").estimates()
        for some in (numbers, [times * n for n in numbers])
    )
    assert one["estimate"].sum() == pytest.approx(
        sum(count * dict(zip("ABC", numbers, strict=True))[code] for _, code, count in rows)
    )
    for name in ("estimate", "low", "high"):
        assert (one[name] * times).tolist() == pytest.approx(more[name].tolist(), rel=1e-6, abs=1e-6)
    if one["estimate"].sum() > 0:
        assert (
            one["share"].sum() == pytest.approx(1)
            and (one["low"] <= one["estimate"] + 1e-9).all()
            and (one["estimate"] <= one["high"] + 1e-9).all()
        )


@fast
@given(counted, weights, st.randoms())
def test_currencies_do_not_change_with_the_order_of_events(rows, numbers, random):
    every = [(area, code) for area, code, count in rows for _ in range(count)]
    shuffled = list(every)
    random.shuffle(shuffled)
    one, other = (
        compare_currencies(
            pd.DataFrame(some, columns=["area", "offence_code"]), by="area", harm=index(numbers), code="offence_code"
        ).estimates()
        for some in (every, shuffled)
    )
    pd.testing.assert_frame_equal(one, other)
    assert one.loc[one["currency"] == "events", "estimate"].sum() == len(every)


@fast
@given(st.lists(st.tuples(st.floats(0, 1_000), st.booleans(), st.floats(0, 100)), min_size=1, max_size=12))
def test_what_is_withheld_first_has_room_or_everything_is_withheld(rows):
    totals, hidden, room = (np.array(side) for side in zip(*rows, strict=True))
    wider = cover(totals, hidden.astype(bool), room)
    assert (wider >= hidden.astype(bool)).all()
    if hidden.any() and not wider.all():
        others = totals[wider].sum() - totals[hidden.astype(bool)]
        assert wider.sum() > 1 and (others >= room[hidden.astype(bool)] - 1e-6).all()
    assert wider.any() == hidden.any()


@fast
@given(st.lists(st.floats(1e-6, 1e9), min_size=1, max_size=9))
def test_two_significant_digits_are_never_far_off(values):
    assert (np.abs(significant(values) - values) <= np.array(values) * 0.05 + 1e-12).all()
