"""The boundaries of each policy: 6, 7 and 8; zeros; rounding."""

import numpy as np
import pytest

from problemsolving.errors import ParameterError
from problemsolving.governance.policies import POLICIES, get_policy


@pytest.mark.parametrize(
    ("count", "released"),
    [(0, None), (1, None), (6, None), (7, None), (8, 10), (12, 10), (13, 15), (1_002, 1_000), (1_003, 1_005)],
)
def test_opensafely_withholds_to_seven_and_rounds_to_five(count, released):
    (shown,) = POLICIES["opensafely"].apply(np.array([count]))
    assert (None if np.isnan(shown) else shown) == released


@pytest.mark.parametrize("count", [0, 1, 7, 8, 12])
def test_open_shows_every_count(count):
    assert POLICIES["open"].apply(np.array([count])).tolist() == [count]


def test_what_is_missing_stays_missing():
    assert np.isnan(POLICIES["open"].apply(np.array([np.nan]))).all()


def test_each_policy_states_its_rule_for_zeros():
    assert all("zero" in policy.in_words for policy in POLICIES.values())


def test_unknown_policy_offers_the_nearest():
    with pytest.raises(ParameterError, match='did you mean "opensafely"'):
        get_policy("opensafly")
