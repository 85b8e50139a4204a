"""What must hold for any funnel, any slope of many areas, any gaps."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from problemsolving.measures.excess import excess_share, least_deprived_fifth
from problemsolving.measures.funnel import funnel_plot
from problemsolving.measures.funnel_limits import binomial_funnel_limits, estimate_spread, poisson_funnel_limits
from problemsolving.measures.gap_scale import POWER, to_power
from problemsolving.measures.slope_simulation import simulate_slopes

levels = st.floats(0.5, 0.999)
counts = st.lists(st.integers(0, 400), min_size=3, max_size=12).filter(any)
choices = st.sampled_from(["additive", "multiplicative", "plain"])


@given(st.floats(0.01, 1e5), levels, st.sampled_from(["percentile", "interval"]))
def test_limits_of_a_ratio_hold_1_and_narrow_with_size(expected, level, method):
    low, high = (
        limit.tolist()
        for limit in poisson_funnel_limits([expected, 2 * expected], confidence_level=level, method=method)
    )
    assert 0 <= low[0] <= low[1] <= 1 <= high[1] <= high[0]


@given(st.integers(1, 5_000), st.floats(0.01, 0.99), levels, st.sampled_from(["percentile", "interval"]))
def test_limits_of_a_proportion_hold_the_target(n, target, level, method):
    low, high = (
        float(limit) for limit in binomial_funnel_limits(n, target=target, confidence_level=level, method=method)
    )
    assert -1e-12 <= low <= target + 1e-9 and target - 1e-9 <= high <= 1


@settings(max_examples=20, deadline=None)
@given(counts, choices, st.randoms())
def test_a_funnel_knows_no_order_of_rows_and_no_scale_of_residents(numbers, limits, random):
    areas = pd.DataFrame({"area": [f"a{n:02d}" for n in range(len(numbers))], "count": numbers})
    areas["population"] = np.linspace(100, 900, len(numbers))
    order = list(range(len(numbers)))
    random.shuffle(order)
    plain, shuffled, scaled = (
        funnel_plot(frame, by="area", limits=limits).estimates()
        for frame in (areas, areas.iloc[order], areas.assign(population=areas["population"] * 7))
    )
    pd.testing.assert_frame_equal(plain.reset_index(drop=True), shuffled.reset_index(drop=True))
    assert scaled["estimate"].tolist() == pytest.approx((plain["estimate"] / 7).tolist())
    assert scaled["outer_high"].tolist() == pytest.approx((plain["outer_high"] / 7).tolist())


@settings(max_examples=20, deadline=None)
@given(counts, choices)
def test_outer_limits_hold_inner_ones_and_expected_counts_sum_to_the_observed(numbers, limits):
    areas = pd.DataFrame({"area": [f"a{n:02d}" for n in range(len(numbers))], "count": numbers})
    areas["population"] = np.linspace(100, 900, len(numbers))
    found = funnel_plot(areas, by="area", limits=limits).estimates()
    assert (found["outer_low"] <= found["inner_low"] + 1e-9).all()
    assert (found["outer_high"] >= found["inner_high"] - 1e-9).all()
    assert found["expected"].sum() == pytest.approx(sum(numbers))
    assert (found["beyond"].abs() <= found["beyond_chance"].abs()).all()


@given(st.lists(st.floats(-5, 5), min_size=3, max_size=30), st.floats(0.1, 10))
def test_a_spread_scales_with_distances_and_errors(distances, times):
    one = estimate_spread(distances, [0.3] * len(distances))
    other = estimate_spread(np.array(distances) * times, [0.3 * times] * len(distances))
    assert other.dispersion == pytest.approx(one.dispersion)
    assert other.between == pytest.approx(one.between * times, rel=1e-4, abs=1e-5 * times)
    mirrored = estimate_spread(-np.array(distances), [0.3] * len(distances))
    assert mirrored.between == pytest.approx(one.between, rel=1e-6, abs=1e-6)


@given(
    st.lists(st.tuples(st.integers(0, 500), st.integers(1, 900)), min_size=2, max_size=10).filter(
        lambda rows: sum(r[0] for r in rows)
    )
)
def test_excess_is_what_the_others_have_above_the_reference(rows):
    events, people = np.array(rows, float).T
    share = float(excess_share(events, people, [len(rows) - 1]))
    assert share * events.sum() == pytest.approx((events - events[-1] / people[-1] * people).sum(), abs=1e-6)


@given(st.sets(st.integers(1, 10), min_size=2), st.randoms())
def test_the_reference_is_the_least_deprived_end_of_what_is_there(labels, random):
    ordered = sorted(labels)
    people = [random.randint(1, 100) for _ in ordered]
    found = least_deprived_fifth(ordered, quantiles=10, population=people)
    assert list(found.places) == list(range(found.places[0], len(ordered)))
    assert all(ordered[place] >= 9 for place in found.places) or (max(ordered) < 9 and found.note)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.floats(1, 100), min_size=2, max_size=8), st.floats(0.1, 10))
def test_simulated_slopes_scale_with_the_values(values, times):
    shape = np.ones((1, len(values)))
    one, other = (
        simulate_slopes(
            np.array([values]) * scale,
            shape * scale,
            population=shape,
            n_simulations=2_000,
            rng=np.random.default_rng(1),
        )
        for scale in (1.0, times)
    )
    for name in ("index", "index_low", "index_high"):
        assert other[name].item() == pytest.approx(one[name].item() * times, rel=1e-4, abs=1e-3 * times)


@given(st.floats(0, 1e4))
def test_days_come_back_from_the_power(days):
    assert float(to_power(days)) ** POWER == pytest.approx(days, abs=1e-9)
