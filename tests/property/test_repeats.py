"""What must hold of repeats, near repeats and hot times for any data."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from problemsolving.measures.aoristic import aoristic_weights
from problemsolving.measures.near_repeats import knox_test
from problemsolving.measures.repeat_times import measure_repeat_times
from problemsolving.measures.repeats import measure_repeats
from problemsolving.stats.multinomial import g_statistic, multinomial_test

START = pd.Timestamp("2024-01-01")
WEEK = 7 * 24 * 60
minutes = st.integers(0, 3 * WEEK)
events = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12), st.integers(0, 30)), min_size=4, max_size=25)
quick = settings(max_examples=25, deadline=None)
slower = settings(max_examples=10, deadline=None)


def stamps(numbers):
    return START + pd.to_timedelta(np.asarray(numbers), unit="min")


def knox(points, times, **changed):
    chosen = {
        "distance_bands": (0, 2, 5),
        "time_bands": (0, 3, 9),
        "coordinates": "metres",
        "n_resamples": 9,
        "rng": np.random.default_rng(1),
    }
    return knox_test(np.asarray(points, float), np.asarray(times), **(chosen | changed))


def counts_of(result):
    return result.frame[["distance", "time", "count"]].to_dict("records")


def placed(rows):
    table = np.array(rows)
    assume(np.ptp(table[:, 2]) > 0 and np.ptp(table[:, :2], axis=0).any())
    return table[:, :2], table[:, 2]


@quick
@given(st.lists(st.tuples(minutes, st.integers(0, 2 * WEEK)), min_size=1, max_size=40))
def test_aoristic_weights_add_up_to_the_events_used(pairs):
    begin, span = np.array(pairs).T
    found = aoristic_weights(stamps(begin), stamps(begin + span))
    assert found.weights.sum() == pytest.approx(found.used) and found.used == len(pairs)
    assert (found.weights >= 0).all() and (found.weights <= found.used + 1e-9).all()


@quick
@given(st.lists(st.tuples(minutes, st.integers(0, WEEK)), min_size=1, max_size=15), st.integers(0, 200), st.randoms())
def test_aoristic_weights_move_with_the_clock_and_not_with_the_order(pairs, hours, random):
    begin, span = np.array(pairs).T
    before = aoristic_weights(stamps(begin), stamps(begin + span)).weights
    order = list(range(len(pairs)))
    random.shuffle(order)
    mixed = aoristic_weights(stamps(begin[order]), stamps((begin + span)[order])).weights
    later = aoristic_weights(stamps(begin + 60 * hours), stamps(begin + span + 60 * hours)).weights
    assert mixed == pytest.approx(before) and later.ravel() == pytest.approx(np.roll(before.ravel(), hours))


@quick
@given(events, st.randoms())
def test_pairs_do_not_change_with_the_order_of_events(rows, random):
    points, times = placed(rows)
    order = list(range(len(times)))
    random.shuffle(order)
    assert counts_of(knox(points, times)) == counts_of(knox(points[order], times[order]))


@slower
@given(events, st.tuples(st.integers(-500_000, 500_000), st.integers(-500_000, 500_000)), st.integers(-9_000, 9_000))
def test_pairs_do_not_change_when_space_and_time_are_moved_or_axes_swapped(rows, step, days):
    points, times = placed(rows)
    before = counts_of(knox(points, times))
    assert before == counts_of(knox(points + np.array(step) / 3, times + days))
    for method in ("euclidean", "manhattan"):
        plain, swapped, turned = (
            counts_of(knox(other, times, method=method)) for other in (points, points[:, ::-1], points * [1, -1])
        )
        assert plain == swapped == turned


@quick
@given(
    events,
    st.booleans(),
    st.sampled_from([(0, 2, 5), (0, 2, np.inf), (1, 3), (0, 100)]),
    st.sampled_from([(0, 3), (0, 3, np.inf), (2, 5, 90)]),
)
def test_all_pairs_are_in_one_cell_each(rows, apart, distances, spans):
    points, times = placed(rows)
    result = knox(points, times, same_place_apart=apart, distance_bands=distances, time_bands=spans)
    cells = result.frame[~result.frame["total"].astype(bool)]
    assert cells["count"].sum() == len(times) * (len(times) - 1) / 2
    if distances[0] == spans[0] == 0 and np.inf in distances and np.inf in spans:
        assert result.estimates()["count"].sum() == len(times) * (len(times) - 1) / 2


@quick
@given(events)
def test_stretching_space_and_its_bands_changes_nothing(rows):
    points, times = placed(rows)
    before, after = knox(points, times), knox(points * 10, times, distance_bands=(0, 20, 50))
    assert before.frame["count"].tolist() == after.frame["count"].tolist()
    assert before.frame["p"].equals(after.frame["p"])


@quick
@given(st.lists(st.sampled_from([*"abcdef", None]), min_size=1, max_size=40), st.randoms())
def test_shares_add_up_and_do_not_change_with_the_order(ids, random):
    assume(any(ids))
    mixed = ids.copy()
    random.shuffle(mixed)
    first, second = (measure_repeats(some, n_resamples=19, rng=np.random.default_rng(1)) for some in (ids, mixed))
    assert first.values() == second.values()
    shown = first.estimates()
    assert shown["estimate"].sum() == pytest.approx(1) and shown["people"].sum() == pytest.approx(1)
    known = [one for one in ids if one]
    assert first.repeat_share()[0] == pytest.approx(1 - len(set(known)) / len(known))


@quick
@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 60)), min_size=1, max_size=30), st.randoms())
def test_next_events_are_as_many_as_events_after_the_first(rows, random):
    mixed = rows.copy()
    random.shuffle(mixed)
    first, second = (
        measure_repeat_times(
            *zip(*some, strict=True), until=61, bands=(0, 5, 20), n_resamples=3, rng=np.random.default_rng(1)
        ).frame
        for some in (rows, mixed)
    )
    assert first["count"].sum() == len(rows) - len({one for one, _ in rows})
    columns = ["count", "days", "at_risk", "error"]
    pd.testing.assert_frame_equal(first[columns], second[columns])
    assert (first["count"] <= first["at_risk"] + 0.5 * len(rows)).all() and first["at_risk"].is_monotonic_decreasing


@quick
@given(st.lists(st.integers(0, 6), min_size=2, max_size=7).filter(any), st.randoms())
def test_the_exact_p_does_not_change_with_the_order_of_days(counts, random):
    mixed = counts.copy()
    random.shuffle(mixed)
    first, second = multinomial_test(counts), multinomial_test(mixed)
    assert first.p == pytest.approx(second.p) and 0 < first.p <= 1 + 1e-12
    assert g_statistic(counts) == pytest.approx(float(g_statistic(mixed)))
