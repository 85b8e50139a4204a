"""Limits of a funnel by chance alone, and the spread between places."""

import numpy as np
import pytest
from scipy import stats

from problemsolving.measures.funnel_limits import (
    Spread,
    binomial_funnel_limits,
    estimate_spread,
    poisson_funnel_limits,
)

# Limits by chance


@pytest.mark.parametrize("level", [0.95, 0.998])
@pytest.mark.parametrize("expected", [0.02, 0.7, 1.0, 3.5, 3.8, 15.0, 40.3, 950.0])
def test_a_count_lies_beyond_a_percentile_limit_just_when_its_exact_tail_is_small(expected, level):
    low, high = (float(limit) * expected for limit in poisson_funnel_limits(expected, confidence_level=level))
    counts = np.arange(int(expected + 8 * np.sqrt(expected) + 12))
    tail = (1 - level) / 2
    assert ((counts < low) == (stats.poisson.cdf(counts, expected) <= tail)).all()
    beyond = stats.poisson.sf(counts - 1, expected) <= tail
    assert ((counts > high) == (beyond & (counts > 1))).all(), "one event alone is never beyond"


@pytest.mark.parametrize("target", [0.03, 0.5, 0.9])
@pytest.mark.parametrize("n", [2, 25, 400])
def test_binomial_limits_by_percentile_are_exact_too(n, target):
    low, high = (float(limit) * n for limit in binomial_funnel_limits(n, target=target))
    counts = np.arange(n + 1)
    assert ((counts < low) == (stats.binom.cdf(counts, n, target) <= 0.025)).all()
    beyond = stats.binom.sf(counts - 1, n, target) <= 0.025
    assert ((counts > high) == (beyond & (counts > 1))).all()


def test_the_intervals_convention_calls_low_what_is_no_surprise():
    low, _ = poisson_funnel_limits([1, 15], method="interval")
    assert low[0] > 0 and low[1] * 15 > 8, "none of 1 and 8 of 15 expected events lie below it"
    assert stats.poisson.cdf([0, 8], [1, 15]).tolist() == pytest.approx([0.368, 0.037], abs=0.001)
    low, high = binomial_funnel_limits([100], target=0.5, method="interval")
    assert (low[0], high[0]) == pytest.approx((0.3983, 0.6017), abs=1e-4)


@pytest.mark.parametrize(
    "call",
    [
        lambda: poisson_funnel_limits([0.0]),
        lambda: poisson_funnel_limits([3.0], confidence_level=1.0),
        lambda: poisson_funnel_limits([3.0], method="byar"),
        lambda: binomial_funnel_limits([10], target=1.0),
        lambda: binomial_funnel_limits([0], target=0.5),
        lambda: estimate_spread([0.1, 0.2], [0.1, 0.1]),
        lambda: estimate_spread([0.1, 0.2, 0.3], [0.1, 0.1, 0.0]),
        lambda: estimate_spread([0.1, 0.2, 0.3], [0.1] * 3, winsorise=0.5),
    ],
)
def test_limits_and_spread_refuse_what_makes_none(call):
    with pytest.raises(ValueError, match=r"must|needs"):
        call()


# Spread


def test_the_published_spread_by_its_formula():
    distances, errors = np.array([-0.9, 0.1, 0.2, -0.3, 0.8, 0.05]), np.array([0.1, 0.2, 0.1, 0.3, 0.2, 0.1])
    z = np.sort(distances / errors)
    ends = z[0] + 0.5 * (z[1] - z[0]), z[5] - 0.5 * (z[5] - z[4])  # a tenth of five steps from either end
    phi = sum(min(max(value, ends[0]), ends[1]) ** 2 for value in z) / 6
    weights = [1 / error**2 for error in errors]
    tau2 = (6 * phi - 5) / (sum(weights) - sum(w * w for w in weights) / sum(weights))
    found = estimate_spread(distances, errors, estimator="spiegelhalter")
    assert (found.dispersion, found.between**2) == pytest.approx((phi, tau2))


def test_both_forms_agree_where_nothing_is_winsorised_and_all_places_are_alike():
    distances = np.random.default_rng(1).normal(0, 0.3, 40)
    one, other = (
        estimate_spread(distances, [0.1] * 40, winsorise=0, estimator=estimator)
        for estimator in ("consistent", "spiegelhalter")
    )
    assert (one.dispersion, one.between) == pytest.approx((other.dispersion, other.between))


def test_places_that_chance_alone_parts_have_no_spread():
    distances = np.random.default_rng(2).normal(0, 0.1, 5_000)
    alone = estimate_spread(distances, np.full(5_000, 0.1))
    published = estimate_spread(distances, np.full(5_000, 0.1), estimator="spiegelhalter")
    assert alone.dispersion == pytest.approx(1.0, abs=0.05) and alone.between < 0.03
    assert published == Spread(1.0, 0.0), "winsorised z squared is 0.68 on average, and is not told as less than chance"


def test_a_few_that_stand_out_do_not_widen_the_limits_that_show_them():
    rng = np.random.default_rng(3)
    distances = rng.normal(0, 0.2, 200)
    apart = distances.copy()
    apart[:10] += 5
    before, after, raw = (
        estimate_spread(values, [0.1] * 200, winsorise=share).between
        for values, share in ((distances, 0.1), (apart, 0.1), (apart, 0.0))
    )
    assert after == pytest.approx(before, rel=0.35) and raw > 3 * before
