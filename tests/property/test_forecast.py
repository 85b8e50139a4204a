"""What must hold of scores, forecasts, cuts and agreement for any numbers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from problemsolving.drivers.forecast_methods import baseline_forecast
from problemsolving.drivers.forecast_scores import pinball_loss, score_forecast
from problemsolving.drivers.poisson_cost import PoissonCost
from problemsolving.drivers.segmentation import Settings, _search
from problemsolving.stats.agreement import cohen_kappa, pabak

values = st.lists(st.integers(0, 500), min_size=6, max_size=30)
tables = st.integers(2, 4).flatmap(
    lambda k: st.lists(st.lists(st.integers(0, 60), min_size=k, max_size=k), min_size=k, max_size=k)
)


@given(values, st.sampled_from(["mean", "naive", "seasonal naive", "drift"]), st.integers(1, 100))
def test_baselines_scale_with_the_series(numbers, method, factor):
    one, many = (baseline_forecast(np.multiply(numbers, by), horizon=5, method=method, season=4) for by in (1, factor))
    assert many == pytest.approx(factor * one)


@given(values, values, st.integers(2, 50))
def test_mase_and_mape_have_no_unit(training, actual, factor):
    ahead = np.asarray(actual) + 1
    one = score_forecast(actual, ahead, training=training, season=4)
    many = score_forecast(
        np.multiply(actual, factor), np.multiply(ahead, factor), training=np.multiply(training, factor), season=4
    )
    assert (many.mase, many.mape) == pytest.approx((one.mase, one.mape), nan_ok=True)
    assert (many.mae, many.rmse) == pytest.approx((one.mae * factor, one.rmse * factor))


@given(values, st.floats(0.05, 0.95))
def test_pinball_is_least_at_the_quantile(numbers, level):
    best = np.quantile(numbers, level, method="inverted_cdf")
    loss = [pinball_loss(numbers, np.full(len(numbers), at), level=level) for at in (best - 1, best, best + 1)]
    assert loss[1] <= min(loss) + 1e-9


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 4), st.floats(0.5, 4.0))
def test_a_cut_is_never_dearer_than_one_cut_elsewhere(seed, shortest, penalty):
    rng = np.random.default_rng(seed)
    counts = rng.poisson(np.repeat(rng.uniform(5, 40, 6), 4)).astype(float)
    days, setting = np.full(24, 30.0), Settings(shortest, penalty, 0)
    found = _search(counts, days, 1.0, setting, exact=True)
    cost, price = PoissonCost(days).fit(counts), penalty * np.log(24)
    mine = cost.sum_of_costs([*found, 24]) + price * len(found)
    assert all(after - before >= shortest for before, after in zip([0, *found], [*found, 24], strict=True))
    others = [cost.sum_of_costs([24])] + [cost.sum_of_costs([at, 24]) + price for at in range(shortest, 25 - shortest)]
    assert mine <= min(others) + 1e-9


@given(tables)
def test_agreement_does_not_depend_on_who_is_first_or_the_order_of_codes(table):
    for measure in (cohen_kappa, pabak):
        found = measure(table)
        turned = measure(np.transpose(table))
        mixed = measure(np.asarray(table)[::-1, ::-1])
        for other in (turned, mixed):
            assert other.estimate == pytest.approx(found.estimate, nan_ok=True)
            assert other.interval.low == pytest.approx(found.interval.low, nan_ok=True)
        if not np.isnan(found.estimate):
            assert found.interval.low - 1e-9 <= found.estimate <= found.interval.high + 1e-9 <= 1 + 2e-9
