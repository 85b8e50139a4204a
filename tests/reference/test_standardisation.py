"""Published worked examples of standardised rates, ratios, odds, risks and means: each at its stated tolerance."""

import pandas as pd
import pytest

from problemsolving.measures.association import estimate_mean, estimate_odds_ratio, estimate_risk_ratio
from problemsolving.measures.disproportionality import rate_ratio_limits
from problemsolving.measures.standard_bands import EUROPEAN_STANDARD_POPULATION
from problemsolving.measures.standardisation import directly_standardised_rate, indirectly_standardised_ratio

BANDS = list(EUROPEAN_STANDARD_POPULATION)
LEVELS = {"95": 0.95, "998": 0.998}


def limits(result):
    row = result.estimates().iloc[0]
    return row["estimate"], row["low"], row["high"]


@pytest.mark.parametrize("level", LEVELS)
def test_directly_standardised_rate(case, level):
    inputs, expected, tolerance = case("B06-dsr-small")
    assert dict(zip(inputs["ageband"], inputs["esp2013"], strict=True)) == EUROPEAN_STANDARD_POPULATION
    table = pd.DataFrame({"age_band": inputs["ageband"], "count": inputs["count"], "population": inputs["pop"]})
    found = limits(directly_standardised_rate(table, confidence_level=LEVELS[level]))
    assert found == pytest.approx((expected["value"], expected[f"low{level}"], expected[f"high{level}"]), **tolerance)


def test_no_rate_for_fewer_than_ten_events(case):
    inputs, expected, _ = case("B07-dsr-suppress")
    table = pd.DataFrame({"age_band": BANDS, "count": inputs["count"], "population": inputs["pop"]})
    (value,) = directly_standardised_rate(table).values()
    assert value.estimate is expected["value"] and value.interval is None
    assert value.reason == "not estimable: fewer than 10 incidents"


@pytest.mark.parametrize("level", LEVELS)
def test_directly_standardised_rate_of_repeat_events(case, level):
    inputs, expected, tolerance = case("B09-dsr-repeat-events")
    people = [inputs[name] for name in ("persons_with_1_event", "with_2", "with_3", "with_4")]
    table = pd.concat(
        pd.DataFrame({"age_band": BANDS, "population": inputs["pop"], "events": times, "count": counts})
        for times, counts in enumerate(people, 1)
    )
    found = limits(directly_standardised_rate(table, events="events", confidence_level=LEVELS[level]))
    assert found == pytest.approx((expected["value"], expected[f"low{level}"], expected[f"high{level}"]), **tolerance)


@pytest.mark.parametrize("level", LEVELS)
def test_indirectly_standardised_ratio(case, level):
    inputs, expected, tolerance = case("B10-isratio")
    here = pd.DataFrame({"age_band": BANDS, "count": inputs["count"], "population": inputs["pop"]})
    reference = pd.DataFrame({"age_band": BANDS, "count": inputs["refcount"], "population": inputs["refpop"]})
    result = indirectly_standardised_ratio(here, reference, confidence_level=LEVELS[level])
    row = result.estimates().iloc[0]
    assert row["count"] == expected["observed"]
    assert (row["expected"], *limits(result)) == pytest.approx(
        (expected["expected"], expected["value"], expected[f"low{level}"], expected[f"high{level}"]), **tolerance
    )
    crude = sum(inputs["refcount"]) / sum(inputs["refpop"]) * 100_000
    assert row["rate"] == pytest.approx(expected["value"] * crude, **tolerance)
    assert row["rate_high"] == pytest.approx(expected[f"high{level}"] * crude, **tolerance)


def test_mean_with_student_limits(case):
    inputs, expected, tolerance = case("B12-mean-t")
    result = estimate_mean(inputs["values"])
    assert result.n == expected["n"]
    found = (result.mean, result.deviation, result.limits.low, result.limits.high)
    assert found == pytest.approx(tuple(expected[name] for name in ("mean", "sd", "low", "high")), **tolerance)


def test_odds_ratio_of_a_case_control_study(case):
    inputs, expected, tolerance = case("A25-case-control-or")
    exposed, unexposed = ((inputs[f"{group}_cases"], inputs[f"{group}_controls"]) for group in ("exposed", "unexposed"))
    found = limits(estimate_odds_ratio(exposed, unexposed))
    assert found == pytest.approx((expected["OR"], expected["low"], expected["high"]), **tolerance)


def test_risk_ratio(case):
    inputs, expected, tolerance = case("D04-paf-af-rr")
    exposed, unexposed = ((inputs[f"{group}_cases"], inputs[f"{group}_noncases"]) for group in ("exposed", "unexposed"))
    found = limits(estimate_risk_ratio(exposed, unexposed))
    assert found == pytest.approx((expected["RR"], expected["low"], expected["high"]), **tolerance)


def test_exact_limits_of_a_rate_ratio():
    """Fay (2022), Testing the ratio of two Poisson rates, section 1: 2 events in 17,877 against 9 in 16,660."""
    low, high = rate_ratio_limits(2, 9, person_years=17_877, reference_years=16_660, method="exact")
    assert float(low) == pytest.approx(0.02177406, abs=5e-9) and float(high) == pytest.approx(1.00054910, abs=5e-9)
