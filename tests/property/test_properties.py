"""What must hold for any data."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from problemsolving.drivers.decomposition import EACH_TIME, OFTEN, TOTAL, decompose_change, decompose_frequency
from problemsolving.identifiers import is_nhs_number
from problemsolving.measures.charts import special_causes, xmr_limits
from problemsolving.measures.concentration import gini_coefficient, measure_concentration
from problemsolving.measures.gradient import slope_index_of_inequality
from problemsolving.measures.rates import crude_rate
from problemsolving.periods import Month, Period
from problemsolving.stats.intervals import count_limits, exact_poisson_limits, wilson_limits

counts = st.lists(st.integers(0, 500), min_size=2, max_size=30).filter(any)
factor = st.floats(0.01, 1_000)


@given(counts, st.randoms())
def test_rates_do_not_change_with_row_order(numbers, random):
    areas = pd.DataFrame(
        {
            "area": [f"a{place}" for place in range(len(numbers))],
            "count": numbers,
            "population": range(1, len(numbers) + 1),
        }
    )
    order = list(range(len(numbers)))
    random.shuffle(order)
    pd.testing.assert_frame_equal(
        crude_rate(areas, by="area").estimates(), crude_rate(areas.iloc[order], by="area").estimates()
    )


@given(counts)
def test_a_merged_areas_count_is_the_sum_and_scaling_residents_scales_the_rate(numbers):
    areas = pd.DataFrame({"area": "all", "count": numbers, "population": 1_000})
    one, half = (
        crude_rate(areas.assign(population=residents), by="area").estimates().iloc[0] for residents in (1_000, 2_000)
    )
    assert one["count"] == sum(numbers) and half["rate"] == pytest.approx(one["rate"] / 2)


@given(st.lists(st.tuples(factor, factor), min_size=2, max_size=6))
def test_parts_sum_to_the_change(pairs):
    before, after = ({f"f{place}": pair[side] for place, pair in enumerate(pairs)} for side in (0, 1))
    change = np.prod(list(after.values())) - np.prod(list(before.values()))
    assert sum(decompose_change(before, after).values()) == pytest.approx(
        change, rel=1e-9, abs=1e-6 * max(np.prod([max(p) for p in pairs]), 1)
    )


@settings(max_examples=25)
@given(
    st.lists(st.tuples(*[st.integers(0, 9)] * 4), min_size=2, max_size=12).filter(
        lambda rows: any(r[0] + r[1] for r in rows) and any(r[2] + r[3] for r in rows)
    )
)
def test_how_often_and_how_many_sum_to_the_change(rows):
    table = np.array(rows).T
    parts = decompose_frequency(table[:2], table[2:], n_resamples=20, rng=np.random.default_rng(0)).parts
    assert (
        parts[OFTEN] + parts[EACH_TIME] == pytest.approx(parts[TOTAL])
        and parts[TOTAL] == table[2:].sum() - table[:2].sum()
    )


@given(counts)
def test_gini_lies_between_0_and_1_and_knows_no_order(numbers):
    found = gini_coefficient(numbers)
    assert -1e-9 <= found <= 1 and found == pytest.approx(gini_coefficient(numbers[::-1]))


def test_gini_of_an_even_spread_is_0_and_so_is_one_event_each_at_some_places():
    assert gini_coefficient([3, 3, 3]) == pytest.approx(0)
    assert gini_coefficient([1, 1, 0, 0]) == pytest.approx(0)


def test_chance_alone_is_not_called_concentrated():
    rng = np.random.default_rng(3)
    beyond = [measure_concentration(rng.multinomial(600, [1 / 60] * 60), n_resamples=199, rng=rng) for _ in range(40)]
    assert sum(result.gini > result.gini_by_chance.high for result in beyond) <= 4


@given(st.integers(0, 2_000), st.floats(0.5, 0.999))
def test_limits_hold_the_count(count, level):
    low, high, _ = count_limits(count, confidence_level=level)
    assert 0 <= low <= count <= high


@given(st.integers(0, 60))
def test_exact_limits_cover(count):
    from scipy import stats

    low, high = (float(limit) for limit in exact_poisson_limits(count))
    assert stats.poisson.sf(count - 1, low) == pytest.approx(0.025, abs=1e-9) or count == 0
    assert stats.poisson.cdf(count, high) == pytest.approx(0.025, abs=1e-9)


@given(st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_stays_between_0_and_1(pair):
    low, high = wilson_limits(*pair)
    assert -1e-12 <= low <= pair[0] / pair[1] + 1e-12 and pair[0] / pair[1] - 1e-12 <= high <= 1 + 1e-12


@given(st.lists(st.floats(1, 100), min_size=3, max_size=10), st.floats(0.1, 10))
def test_scaling_the_rates_scales_the_slope(rates, times):
    people = [10.0] * len(rates)
    assert slope_index_of_inequality([rate * times for rate in rates], population=people).index == pytest.approx(
        slope_index_of_inequality(rates, population=people).index * times, abs=1e-6
    )


@given(st.lists(st.floats(0, 50), min_size=3, max_size=40))
def test_signals_are_places_of_the_series(values):
    assert all(
        0 <= place < len(values) for places in special_causes(values, xmr_limits(values)).values() for place in places
    )


@given(st.integers(2000, 2099), st.integers(1, 12), st.integers(0, 60))
def test_a_period_holds_its_months_and_days(year, month, length):
    start = end = Month(year, month)
    for _ in range(length):
        end = end.next
    period = Period(start, end)
    months = list(period)
    assert (
        len(months) == len(period) == length + 1
        and sum(m.days for m in months) == period.days
        and all(m in period for m in months)
    )


@given(st.text(st.characters(categories=["Nd", "L", "Zs"]), max_size=14))
def test_only_ten_plain_digits_can_be_an_nhs_number(text):
    assert not is_nhs_number(text) or sum(character.isascii() and character.isdigit() for character in text) == 10
