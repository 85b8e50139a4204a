"""Published cases of drivers: attributable shares and regression to the mean."""

import pytest

from problemsolving.drivers.attributable_fractions import (
    attributable_fraction,
    e_value,
    population_attributable_fraction,
)
from problemsolving.drivers.attributable_share import estimate_attributable_share
from problemsolving.drivers.regression_to_mean import regression_effect


def test_attributable_share(case):
    inputs, expected, tolerance = case("D04-paf-af-rr")
    found = estimate_attributable_share(**inputs, driver="Dry food")
    assert found.ratio == pytest.approx((expected["RR"], expected["low"], expected["high"]), **tolerance)
    assert attributable_fraction(found.ratio[0]) == pytest.approx(expected["AF"], **tolerance)
    assert found.share[0] == pytest.approx(expected["PAF"], **tolerance)
    assert found.e_values[0] == pytest.approx(expected["Evalue"], **tolerance)


def test_both_forms_give_the_published_share(case):
    inputs, expected, tolerance = case("D04-paf-af-rr")
    a, b, c, d = inputs.values()
    ratio = (a / (a + b)) / (c / (c + d))
    shares = [
        population_attributable_fraction(ratio, exposed=a / (a + c), form="Miettinen"),
        population_attributable_fraction(ratio, exposed=(a + b) / (a + b + c + d), form="Levin"),
    ]
    assert shares == pytest.approx([expected["PAF"]] * 2, **tolerance) and shares[0] == pytest.approx(shares[1])


def test_published_e_value():
    """Maternal feeding and infant death, the worked example of VanderWeele and Ding: 3.9 (1.8 to 8.7)."""
    assert (e_value(3.9), e_value(1.8)) == pytest.approx((7.26, 3.0), abs=0.006)


def test_regression_to_the_mean(case):
    inputs, expected, tolerance = case("A24-regression-to-mean")
    found = [
        regression_effect(
            inputs["cut"], mean=inputs["mu"], sd=inputs["sd"], correlation=rho, n_baseline=inputs["n_baseline"], selected="below"
        )
        for rho in inputs["rho"]
    ]  # fmt: skip
    assert found == pytest.approx(expected["rtm"], **tolerance)
