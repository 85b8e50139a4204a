"""Published worked examples of forecasts, their scores, and the agreement of coders."""

import pytest

from problemsolving.drivers.failure_demand import measure_failure_demand
from problemsolving.drivers.forecast_methods import baseline_forecast
from problemsolving.drivers.forecast_scores import pinball_loss, score_forecast
from problemsolving.stats.agreement import cohen_kappa, pabak


@pytest.mark.parametrize("method", ["mean", "naive", "snaive", "drift"])
def test_baselines_and_their_scores(case, method):
    inputs, expected, tolerance = case("D13-forecast-baselines")
    training, actual, season = inputs["train_1992Q1_2007Q4"], inputs["test_2008Q1_2010Q2"], inputs["season"]
    name = "seasonal naive" if method == "snaive" else method
    ahead = baseline_forecast(training, horizon=len(actual), method=name, season=season)
    found = score_forecast(actual, ahead, training=training, season=season)
    scores = {"RMSE": found.rmse, "MAE": found.mae, "MAPE": found.mape, "MASE": found.mase}
    assert scores == {name: pytest.approx(value, **tolerance) for name, value in expected[method].items()}


def test_pinball(case):
    inputs, expected, tolerance = case("D15-pinball")
    found = [
        pinball_loss(inputs["y"], quantile, level=level)
        for quantile, level in zip(inputs["preds"], inputs["alpha"], strict=True)
    ]
    assert found == pytest.approx(expected["loss"], **tolerance)


def test_kappa_and_pabak(case):
    inputs, expected, tolerance = case("B28-kappa")
    assert cohen_kappa(inputs["table"]).estimate == pytest.approx(expected["kappa"], **tolerance)
    assert pabak(inputs["table"]).estimate == pytest.approx(expected["pabak"], **tolerance)


def test_kappa_of_coded_demand(case):
    import pandas as pd

    inputs, expected, tolerance = case("B28-kappa")
    codes = ("failure", "value")
    pairs = [
        (codes[row], codes[column])
        for row, counts in enumerate(inputs["table"])
        for column, count in enumerate(counts)
        for _ in range(count)
    ]
    kappa, even = measure_failure_demand(pd.DataFrame(pairs, columns=["a", "b"]), coders=["a", "b"]).agreement()
    assert kappa.estimate == pytest.approx(expected["kappa"], **tolerance)
    assert even.estimate == pytest.approx(expected["pabak"], **tolerance)
