"""What must hold for any counts and drivers of a count model."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from problemsolving.drivers.picking import Pick
from problemsolving.drivers.rate_model import estimate_rate_ratios
from problemsolving.drivers.regression_to_mean import estimate_expected_fall
from problemsolving.errors import NotEstimableError
from problemsolving.stats.count_batches import fit_poisson_many
from problemsolving.stats.counts import fit_poisson

seeds = st.integers(0, 10_000)
few = settings(max_examples=20, deadline=None)


def made(seed: int, n: int = 40):
    rng = np.random.default_rng(seed)
    drivers = {"a": rng.normal(size=n), "b": rng.uniform(size=n)}
    exposure = rng.uniform(500, 3_000, n)
    return rng.poisson(exposure * np.exp(-4 + 0.3 * drivers["a"])), drivers, exposure


@few
@given(seeds, st.floats(1e-4, 1e4), st.sampled_from(["robust", "model", "quasi"]))
def test_scaling_the_exposure_moves_only_the_constant(seed, factor, errors):
    counts, drivers, exposure = made(seed)
    plain = fit_poisson(counts, drivers, exposure=exposure, errors=errors)
    moved = fit_poisson(counts, drivers, exposure=exposure * factor, errors=errors)
    assert moved.coefficients["constant"] == pytest.approx(plain.coefficients["constant"] - np.log(factor), abs=1e-7)
    assert moved.coefficients[["a", "b"]].tolist() == pytest.approx(plain.coefficients[["a", "b"]].tolist(), abs=1e-7)
    assert moved.standard_errors.tolist() == pytest.approx(plain.standard_errors.tolist(), rel=1e-6)


@few
@given(seeds, st.sampled_from(["robust", "model", "quasi"]))
def test_the_order_of_rows_does_not_matter(seed, errors):
    counts, drivers, exposure = made(seed)
    order = np.random.default_rng(seed).permutation(len(counts))
    plain = fit_poisson_many(counts, drivers, exposure=exposure, errors=errors)
    moved = fit_poisson_many(
        counts[order], {name: x[order] for name, x in drivers.items()}, exposure=exposure[order], errors=errors
    )
    assert moved.coefficients.to_numpy() == pytest.approx(plain.coefficients.to_numpy(), abs=1e-9)
    assert moved.standard_errors.to_numpy() == pytest.approx(plain.standard_errors.to_numpy(), rel=1e-8)


@few
@given(seeds, st.floats(-1e3, 1e3), st.floats(0.001, 1e3))
def test_units_of_a_driver_scale_its_coefficient(seed, place, scale):
    counts, drivers, exposure = made(seed)
    plain = fit_poisson_many(counts, drivers, exposure=exposure)
    moved = fit_poisson_many(counts, {**drivers, "a": drivers["a"] * scale + place}, exposure=exposure)
    assert moved.coefficients["a"].iloc[0] * scale == pytest.approx(plain.coefficients["a"].iloc[0], rel=1e-6, abs=1e-9)
    assert moved.standard_errors["a"].iloc[0] * scale == pytest.approx(plain.standard_errors["a"].iloc[0], rel=1e-6)


@few
@given(seeds)
def test_models_do_not_know_of_each_other(seed):
    rng = np.random.default_rng(seed)
    counts = rng.poisson(rng.uniform(0, 6, (7, 1)), (7, 15))
    drivers = {"x": rng.normal(size=15)}
    together = fit_poisson_many(counts, drivers, exposure=1.0)
    for place in range(7):
        alone = fit_poisson_many(counts[place], drivers, exposure=1.0)
        assert together.models["reason"].iloc[place] == alone.models["reason"].iloc[0]
        pair = together.coefficients.iloc[place].to_numpy(), alone.coefficients.iloc[0].to_numpy()
        assert pair[0] == pytest.approx(pair[1], abs=1e-9, nan_ok=True)


@few
@given(seeds)
def test_names_and_order_of_drivers_and_areas_do_not_matter(seed):
    counts, drivers, exposure = made(seed)
    areas = pd.DataFrame({"count": counts, "population": exposure, **drivers})
    plain = estimate_rate_ratios(areas, drivers={"A": "a", "B": "b"}).frame.set_index("driver")
    moved = estimate_rate_ratios(areas.sample(frac=1, random_state=seed), drivers={"Second": "b", "First": "a"}).frame
    moved = moved.set_index("driver").loc[["First", "Second"]]
    assert moved.to_numpy() == pytest.approx(plain.to_numpy(), rel=1e-6)


@few
@given(
    st.lists(st.integers(0, 40), min_size=12, max_size=40).filter(lambda c: sum(c) > 0 and len(set(c)) > 4),
    st.randoms(),
)
def test_the_expected_fall_knows_no_order_of_places(counts, random):
    try:
        first = estimate_expected_fall(counts, top=3, n_resamples=50, rng=np.random.default_rng(1))
    except NotEstimableError:
        return
    random.shuffle(counts)
    second = estimate_expected_fall(counts, top=3, n_resamples=50, rng=np.random.default_rng(1))
    assert (first.fall, *first.fall_limits, *first.ordinary) == pytest.approx(
        (second.fall, *second.fall_limits, *second.ordinary)
    )


@given(st.lists(st.integers(0, 9), min_size=2, max_size=30), st.integers(1, 8))
def test_the_busiest_are_at_least_so_many_and_never_less_than_another(counts, number):
    values = np.array(counts, float)
    chosen = Pick("top", number).chosen(values)
    assert chosen.sum() >= min(number, len(values))
    assert chosen.all() or values[chosen].min() > values[~chosen].max()
