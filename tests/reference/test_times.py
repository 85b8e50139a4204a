"""Published worked examples of times: each at its stated tolerance."""

import numpy as np
import pytest

from problemsolving.measures.aoristic import DAYS, aoristic_weights
from problemsolving.stats.multinomial import g_statistic, multinomial_test


def test_small_sample_day_of_week_statistics(case):
    inputs, expected, tolerance = case("A12-dow-G")
    assert g_statistic(inputs["counts"]).tolist() == pytest.approx(expected["G"], **tolerance)
    for counts, value in zip(inputs["counts"], expected["G"], strict=True):
        found = multinomial_test(counts)
        assert found.statistic == pytest.approx(value, **tolerance) and found.method == "exact"


def test_an_event_between_two_hours_is_shared_by_them(case):
    inputs, expected, tolerance = case("A26-aoristic-split")
    found = aoristic_weights([inputs["begin"]], [inputs["end"]]).weights
    told = {f"{DAYS[day][:3]} {hour:02d}:00": found[day, hour] for day, hour in np.argwhere(found > 0)}
    assert told == pytest.approx(expected["weights"], **tolerance)
