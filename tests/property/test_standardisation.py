"""What must hold of standardised rates, quantiles and rate ratios for any data."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from problemsolving.measures.disproportionality import rate_ratio_limits
from problemsolving.measures.quantiles import assign_quantiles
from problemsolving.measures.standard_bands import EUROPEAN_STANDARD_POPULATION, european_weights
from problemsolving.measures.standardisation import directly_standardised_rate, indirectly_standardised_ratio

NUMBERS = ["estimate", "low", "high"]
FEW = settings(max_examples=25, deadline=None)

rows = st.lists(
    st.tuples(st.integers(0, 60), st.integers(1, 5_000), st.integers(1, 100)), min_size=2, max_size=8
).filter(lambda found: sum(row[0] for row in found) >= 10)


def table(found):
    frame = pd.DataFrame(found, columns=["count", "population", "weight"])
    return frame.assign(age_band=[f"b{place}" for place in range(len(frame))])


def rate(frame, **changed):
    standard = dict(zip(frame["age_band"], frame["weight"], strict=True))
    return directly_standardised_rate(frame, **{"standard": standard} | changed).estimates().iloc[0]


@FEW
@given(rows, st.randoms())
def test_row_order_changes_nothing(found, random):
    frame, order = table(found), list(range(len(found)))
    random.shuffle(order)
    assert rate(frame.iloc[order])[NUMBERS].tolist() == pytest.approx(rate(frame)[NUMBERS].tolist())


@FEW
@given(rows, st.floats(0.01, 100))
def test_scaling_the_standard_changes_nothing(found, times):
    frame = table(found)
    scaled = {band: weight * times for band, weight in zip(frame["age_band"], frame["weight"], strict=True)}
    assert rate(frame, standard=scaled)[NUMBERS].tolist() == pytest.approx(rate(frame)[NUMBERS].tolist())


@FEW
@given(rows, st.floats(0.1, 10))
def test_scaling_all_populations_scales_the_rate(found, times):
    frame = table(found)
    scaled = rate(frame.assign(population=frame["population"] * times))[NUMBERS]
    assert (scaled * times).tolist() == pytest.approx(rate(frame)[NUMBERS].tolist())


@FEW
@given(st.lists(st.tuples(st.integers(1, 60), st.integers(1, 100)), min_size=2, max_size=8), st.integers(2, 50))
def test_the_rate_of_bands_of_equal_rate_is_that_rate(found, residents):
    frame = table([(10 * n, 10 * n * residents, weight) for n, weight in found])
    assert rate(frame, per=1)["estimate"] == pytest.approx(1 / residents)


@FEW
@given(rows, st.integers(1, 20))
def test_merging_bands_of_equal_rate_changes_nothing(found, times):
    """A band split in proportion to the standard, at the same rate, is the band: rate and limits alike."""
    frame = table(found)
    last = frame.iloc[[-1]]
    parts = [
        last.assign(age_band=name_, **{name: last[name] * n for name in ("count", "population", "weight")})
        for name_, n in (("one", 1), ("more", times))
    ]
    whole = last.assign(**{name: last[name] * (1 + times) for name in ("count", "population", "weight")})
    split, merged = pd.concat([frame.iloc[:-1], *parts]), pd.concat([frame.iloc[:-1], whole])
    assert rate(split)[NUMBERS].tolist() == pytest.approx(rate(merged)[NUMBERS].tolist())


@FEW
@given(rows)
def test_the_rate_lies_within_its_limits_and_between_the_rates_of_the_bands(found):
    frame = table(found)
    row, bands = rate(frame, per=1), frame["count"] / frame["population"]
    assert 0 <= row["low"] <= row["estimate"] <= row["high"]
    assert bands.min() - 1e-9 <= row["estimate"] <= bands.max() + 1e-9


@FEW
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 10), st.integers(0, 5)), min_size=2, max_size=5))
def test_repeat_events_never_narrow_an_interval_and_leave_the_rate(found):
    frame = pd.DataFrame(
        [(f"b{band}", 1_000, f, n) for band, numbers in enumerate(found) for f, n in enumerate(numbers, 1)],
        columns=["age_band", "population", "events", "count"],
    )
    standard = dict.fromkeys(frame["age_band"], 1.0)
    known = directly_standardised_rate(frame, events="events", standard=standard).estimates().iloc[0]
    added = frame.assign(count=frame["count"] * frame["events"]).groupby("age_band", as_index=False)
    plain = directly_standardised_rate(added.agg({"count": "sum", "population": "first"}), standard=standard)
    plain = plain.estimates().iloc[0]
    assert known["reason"] == plain["reason"]
    if not known["reason"]:
        assert known["estimate"] == pytest.approx(plain["estimate"])
        assert known["low"] <= plain["low"] + 1e-9 and known["high"] >= plain["high"] - 1e-9


@FEW
@given(rows)
def test_a_population_at_its_own_rates_is_as_expected(found):
    frame = table(found)
    row = indirectly_standardised_ratio(frame, frame).estimates().iloc[0]
    assert row["estimate"] == pytest.approx(1)
    assert row["rate"] == pytest.approx(frame["count"].sum() / frame["population"].sum() * 100_000)


@FEW
@given(st.sets(st.integers(1, 18)))
def test_broader_bands_hold_the_weights_of_theirs(cuts):
    edges = [0, *(5 * cut for cut in sorted(cuts))]
    names = [f"{low}-{high - 1}" for low, high in pairwise(edges)] + [f"{edges[-1]}+"]
    assert european_weights(names).sum() == sum(EUROPEAN_STANDARD_POPULATION.values())


@FEW
@given(st.integers(2, 20).flatmap(lambda q: st.tuples(st.just(q), st.integers(q, 300))))
def test_quantiles_are_in_order_complete_and_of_nearly_equal_size(pair):
    groups, n = pair
    values = np.random.default_rng(n).permutation(n)
    result = assign_quantiles(pd.DataFrame({"v": values}), value="v", first="lowest", n_quantiles=groups)
    sizes = result.frame["count"]
    assert sizes.sum() == n and sizes.max() - sizes.min() <= 1 and sizes.iloc[0] == sizes.max() == -(-n // groups)
    assert (np.diff(result.assigned.to_numpy()[np.argsort(values)].astype(int)) >= 0).all()


@FEW
@given(st.integers(0, 40), st.integers(1, 40), st.floats(0.1, 10), st.sampled_from([0.8, 0.95, 0.998]))
def test_limits_of_a_ratio_hold_it_and_exact_ones_hold_the_mid_p_ones(x, y, times, level):
    ends = {
        method: rate_ratio_limits(x, y, person_years=times, reference_years=1, confidence_level=level, method=method)
        for method in ("mid-p", "exact")
    }
    low, high = ends["mid-p"]
    assert low <= x / y / times * (1 + 1e-9) and x / y / times <= high * (1 + 1e-9)
    assert ends["exact"][0] <= low * (1 + 1e-9) and high <= ends["exact"][1] * (1 + 1e-9)
