"""Published worked examples: each at its stated tolerance."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from problemsolving.drivers.decomposition import decompose_change
from problemsolving.evaluation.effect import weighted_displacement_difference
from problemsolving.measures.charts import xmr_limits
from problemsolving.measures.concentration import gini_coefficient
from problemsolving.measures.gradient import measure_gradient, slope_index_of_inequality
from problemsolving.measures.rates import crude_rate
from problemsolving.network.pathways.follows import directly_follows
from problemsolving.network.structure.matrix import build_agency_network, measure_agency_matrix
from problemsolving.stats.counts import fit_poisson
from problemsolving.stats.intervals import byar_limits, count_limits, wilson_limits


def test_every_case_has_a_test(cases):
    text = "".join(path.read_text("utf-8") for path in Path(__file__).parent.glob("*.py"))
    assert [name for name in cases if f'"{name}"' not in text] == []


def test_byar(case):
    inputs, expected, tolerance = case("B01-byar")
    for count, level, low, high in zip(inputs["x"], inputs["conf"], expected["low"], expected["high"], strict=True):
        assert [float(limit) for limit in byar_limits(count, confidence_level=level)] == pytest.approx(
            [low, high], **tolerance
        )


def test_byar_for_one_is_byar_and_the_convention_says_exact():
    assert [float(limit) for limit in byar_limits(1)] == pytest.approx([0.01307213290150435, 5.56375558247526])
    low, high, used = count_limits(1)
    assert [float(low), float(high), str(used)] == [
        pytest.approx(0.0253178, abs=1e-7),
        pytest.approx(5.5716434, abs=1e-7),
        "exact",
    ]


def test_wilson(case):
    inputs, expected, tolerance = case("B02-wilson")
    for count, n, level, low, high in zip(
        inputs["x"], inputs["n"], inputs["conf"], expected["low"], expected["high"], strict=True
    ):
        assert [float(limit) for limit in wilson_limits(count, n, confidence_level=level)] == pytest.approx(
            [low, high], **tolerance
        )


def test_crude_rate(case):
    inputs, expected, tolerance = case("B04-rate-byar")
    areas = pd.DataFrame({"area": ["7", "8"], "count": inputs["x"], "population": inputs["n"]})
    shown = crude_rate(areas, by="area", per=inputs["multiplier"]).estimates()
    assert shown["rate"].tolist() == pytest.approx(expected["rate"], **tolerance)
    assert shown["low"].tolist() == pytest.approx(expected["low95"], **tolerance)
    assert shown["high"].tolist() == pytest.approx(expected["high95"], **tolerance)


@pytest.mark.parametrize("name", ["A15-gini-1", "A15-gini-2"])
def test_gini(case, name):
    inputs, expected, tolerance = case(name)
    assert gini_coefficient(inputs["counts"], generalised=False) == pytest.approx(expected["gini"], **tolerance)
    assert gini_coefficient(inputs["counts"]) == pytest.approx(expected["generalised"], **tolerance)


def test_slope_index(case):
    inputs, expected, tolerance = case("B14-sii-default")
    line = slope_index_of_inequality(inputs["value"], population=inputs["population"])
    assert (line.index, line.relative_index, line.intercept) == pytest.approx(
        (expected["sii"], expected["rii"], expected["intercept"]), **tolerance
    )


def test_slope_index_of_a_proportion_with_its_simulated_interval(case):
    inputs, expected, tolerance = case("B16-sii-proportion")
    rates = np.array(inputs["count"]) / np.array(inputs["population"])
    line = slope_index_of_inequality(rates, population=inputs["population"])
    assert (line.index, line.relative_index, line.intercept) == pytest.approx(
        (expected["sii"], expected["rii"], expected["intercept"]), **tolerance
    )
    areas = pd.DataFrame({"decile": range(1, 11), "count": inputs["count"], "population": inputs["population"]})
    result = measure_gradient(areas, by="decile", per=1, n_resamples=20_000, rng=np.random.default_rng(1))
    assert result.slope.index == pytest.approx(expected["sii"], **tolerance)


def test_control_chart_limits(case):
    inputs, expected, tolerance = case("B29-xmr-limits")
    limits = xmr_limits(inputs["y"])
    assert (limits.mean, limits.lower, limits.upper) == pytest.approx(
        (expected["mean"], expected["lpl"], expected["upl"]), **tolerance
    )


def test_poisson_model(case):
    from statsmodels.datasets import randhie

    _, expected, tolerance = case("D01-poisson-randhie")
    data = randhie.load_pandas()
    model = fit_poisson(data.endog, data.exog, exposure=np.ones(len(data.endog)))
    assert [*model.coefficients.iloc[1:], model.coefficients["constant"]] == pytest.approx(
        expected["params"], **tolerance
    )
    assert model.log_likelihood == pytest.approx(expected["llf"], **tolerance)


def test_rate_model_adjusted(case):
    inputs, expected, tolerance = case("D03-rate-model-adjusted")
    male = np.array(inputs["sex"]) == "M"
    for place, city in enumerate(("ED", "GL")):
        elsewhere = np.array(inputs["city"]) != city
        model = fit_poisson(
            inputs["obs"], {"male": male, "elsewhere": elsewhere}, exposure=inputs["exposure"], errors="model"
        )
        rate, reach = model.coefficients["constant"], 1.959964 * model.standard_errors["constant"]
        found = [float(np.exp(value)) for value in (rate, rate - reach, rate + reach)]
        assert found == pytest.approx([expected[key][place] for key in ("est", "low", "high")], **tolerance)


@pytest.mark.parametrize("name", ["D06-dasgupta-2", "D08-dasgupta-4"])
def test_decomposition(case, name):
    inputs, expected, tolerance = case(name)
    parts = decompose_change(inputs["pop1"], inputs["pop2"])
    assert parts == pytest.approx({factor: expected[factor] for factor in parts}, **tolerance)
    assert sum(parts.values()) == pytest.approx(expected["crude"], **tolerance)


def test_kitagawa(case):
    inputs, expected, tolerance = case("D11-kitagawa")
    before, after = (
        {"size": np.array(side["size"]) / sum(side["size"]), "rate": side["rate"]}
        for side in (inputs["pop1"], inputs["pop2"])
    )
    assert decompose_change(before, after) == pytest.approx(
        {"size": expected["size"], "rate": expected["rate"]}, **tolerance
    )


def test_weighted_displacement_difference(case):
    inputs, expected, tolerance = case("A01-wdd-paper")
    difference, error, interval = weighted_displacement_difference(
        treated=inputs["treated"],
        control=inputs["control"],
        displacement_treated=inputs["disp_treated"],
        displacement_control=inputs["disp_control"],
    )
    assert difference == expected["est_total"] and error == pytest.approx(expected["se_total"])
    assert (interval.low, interval.high) == pytest.approx((expected["low"], expected["high"]), **tolerance)


def test_weighted_displacement_difference_with_time_weights(case):
    inputs, expected, tolerance = case("A03-wdd-time-weights")
    difference, error, _ = weighted_displacement_difference(
        treated=inputs["treated"], control=inputs["control"], time_weights=inputs["time_weights"]
    )
    assert (difference, error) == pytest.approx((expected["est_total"], expected["se_total"]), **tolerance)


def test_agency_density(case):
    inputs, expected, tolerance = case("agency-referrals-whole-network")
    rows = [(sender, receiver) for sender, receiver, count in inputs["edges_weighted"] for _ in range(count)]
    referrals = pd.DataFrame(rows, columns=["from_agency", "to_agency"])
    matrix = measure_agency_matrix(build_agency_network(referrals, agencies=list(inputs["groups"])))
    assert matrix.density == pytest.approx(expected["density"], **tolerance)
    busiest = matrix.frame.sort_values("count").iloc[-1]
    assert (busiest.sender, busiest.receiver, busiest["count"]) == ("Police", "MH", 40)


@pytest.fixture
def running_example(cases):
    rows = cases["dfg-running-example"]["inputs"]["rows[case,activity,resource,time]"]
    log = pd.DataFrame(rows, columns=["person_id", "agency", "resource", "started_at"])
    return directly_follows(log.assign(started_at=pd.to_datetime(log["started_at"], utc=True).dt.tz_localize(None)))


def test_directly_follows(case, running_example):
    _, expected, _ = case("dfg-running-example")
    found = running_example
    assert dict(zip(found["before"] + " > " + found["after"], found["count"], strict=True)) == expected["dfg"]


def test_time_between_steps(case, running_example):
    _, expected, tolerance = case("performance-dfg-running-example")
    found = running_example
    medians = dict(zip(found["before"] + " > " + found["after"], found["median_days"] * 86_400, strict=True))
    assert medians == pytest.approx({arc: numbers["median"] for arc, numbers in expected.items()}, **tolerance)
