"""Published worked examples of funnel limits and of simulated intervals of the slope index."""

import numpy as np
import pandas as pd
import pytest

from problemsolving.measures.funnel import funnel_plot
from problemsolving.measures.funnel_limits import poisson_funnel_limits
from problemsolving.measures.slope_simulation import line_errors, simulate_slopes

LEVELS = (("95", 0.95), ("998", 0.998))
# The intervals that the source of B14 and B16 simulated with 100,000 draws, to be met within 5 %.
PUBLISHED = {
    0.95: {"index": (3.12759, 10.75869), "ratio": (1.038369, 1.141299)},
    0.99: {"index": (1.924327, 11.992084)},
}
PUBLISHED_PROPORTION = {"index": (-0.112209, -0.102180), "ratio": (0.517127, 0.550154)}


def test_funnel_limits(case):
    inputs, expected, tolerance = case("B20-funnel-poisson")
    for word, level in LEVELS:
        low, high = poisson_funnel_limits(inputs["expected"], confidence_level=level, method="interval")
        assert low.tolist() == pytest.approx(expected[f"ll{word}"], **tolerance)
        assert high.tolist() == pytest.approx(expected[f"ul{word}"], **tolerance)


def test_funnel_limits_in_a_funnel_of_ratios(case):
    inputs, expected, tolerance = case("B20-funnel-poisson")
    areas = pd.DataFrame({"area": list("abc"), "count": inputs["expected"], "expected": inputs["expected"]})
    funnel = funnel_plot(
        areas, by="area", measure="ratio", target=inputs["target"], limits="plain", exact="interval"
    ).estimates()
    found = funnel.sort_values("group")
    for end, letter in (("low", "l"), ("high", "u")):
        assert found[f"inner_{end}"].tolist() == pytest.approx(expected[f"{letter}l95"], **tolerance)
        assert found[f"outer_{end}"].tolist() == pytest.approx(expected[f"{letter}l998"], **tolerance)


@pytest.mark.parametrize("level", PUBLISHED)
def test_simulated_interval_of_the_slope_index(case, level):
    inputs, expected, tolerance = case("B14-sii-default")
    found = simulate_slopes(
        [inputs["value"]], [inputs["se"]], population=[inputs["population"]], confidence_level=level,
        rng=np.random.default_rng(14),
    ).iloc[0]  # fmt: skip
    assert (found["index"], found["ratio"]) == pytest.approx((expected["sii"], expected["rii"]), **tolerance)
    for name, ends in PUBLISHED[level].items():
        assert (found[f"{name}_low"], found[f"{name}_high"]) == pytest.approx(ends, rel=0.05)


def test_simulated_interval_of_the_slope_index_of_a_proportion(case):
    inputs, expected, tolerance = case("B16-sii-proportion")
    counts, people = (np.array([inputs[name]]) for name in ("count", "population"))
    found = simulate_slopes(
        counts / people,
        line_errors(counts, population=people, of="proportion"),
        population=people,
        rng=np.random.default_rng(16),
    ).iloc[0]
    assert (found["index"], found["ratio"]) == pytest.approx((expected["sii"], expected["rii"]), **tolerance)
    for name, ends in PUBLISHED_PROPORTION.items():
        assert (found[f"{name}_low"], found[f"{name}_high"]) == pytest.approx(ends, rel=0.05)
        assert (found[f"{name}_low"], found[f"{name}_high"]) == pytest.approx(ends, abs=0.1 * (ends[1] - ends[0]))
