"""The boundaries of each policy: 6, 7 and 8; 9 and 10; zeros; rounding; policies joined and made to measure."""

import numpy as np
import pytest

from problemsolving.errors import ParameterError
from problemsolving.governance.policies import POLICIES, custom, get_policy, strictest

HELD = None
RELEASED = {  # what leaves of a count of 0, 1, 2, … 15
    "open": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    "opensafely": [HELD] * 8 + [10, 10, 10, 10, 10, 15, 15, 15],
    "nhs-hes": [0] + [HELD] * 7 + [10, 10, 10, 10, 10, 15, 15, 15],
    "ons": [HELD] * 10 + [10, 11, 12, 13, 14, 15],
    "acro": [HELD] * 10 + [10, 11, 12, 13, 14, 15],
    "strictest of acro + opensafely": [HELD] * 10 + [10, 10, 10, 15, 15, 15],
    "threshold 3, rounding 5": [HELD] * 3 + [5, 5, 5, 5, 5, 10, 10, 10, 10, 10, 15, 15, 15],
    "threshold 12, rounding 10, zeros shown": [0] + [HELD] * 11 + [10, 10, 10, 20],
}


@pytest.mark.parametrize("name", RELEASED)
def test_what_leaves_of_each_count(name):
    shown = get_policy(name).apply(np.arange(16))
    assert [None if np.isnan(value) else value for value in shown] == RELEASED[name]


def test_every_named_policy_is_in_the_table():
    assert set(POLICIES) <= set(RELEASED)


@pytest.mark.parametrize(("count", "released"), [(1_002, 1_000), (1_003, 1_005)])
def test_large_counts_are_rounded_too(count, released):
    assert POLICIES["opensafely"].apply([count]).tolist() == [released]


@pytest.mark.parametrize("name", RELEASED)
def test_limits_hold_every_count_and_nothing_that_would_have_looked_otherwise(name):
    policy = get_policy(name)
    counts = np.arange(200)
    shown = policy.apply(counts)
    low, high = policy.limits(shown)
    assert ((low <= counts) & (counts <= high)).all()
    for value in np.unique(shown[~np.isnan(shown)]):
        alike = counts[shown == value]
        if alike.max() < 190:
            least, most = policy.limits([value])
            assert (least[0], most[0]) == (alike.min(), alike.max())


def test_what_is_missing_stays_missing():
    assert np.isnan(POLICIES["open"].apply(np.array([np.nan]))).all()


def test_each_policy_states_its_rule_for_zeros():
    assert all("zero" in policy.in_words for policy in POLICIES.values())


def test_each_policy_that_withholds_names_where_it_is_published():
    assert all(policy.source in policy.in_words and policy.source for policy in POLICIES.values() if policy.suppress_to)


def test_unknown_policy_offers_the_nearest():
    with pytest.raises(ParameterError, match='did you mean "opensafely"'):
        get_policy("opensafly")


def test_joined_policies_take_the_strictest_of_each_rule():
    joined = strictest([POLICIES["nhs-hes"], custom(12), POLICIES["acro"], POLICIES["open"]])
    assert (joined.suppress_to, joined.nearest, joined.zeros_shown) == (11, 5, False)
    assert (joined.p_ratio, joined.dominance) == (0.10, (2, 0.90))
    assert get_policy(joined.name) == joined


def test_a_policy_joined_with_open_or_itself_is_itself():
    safe = POLICIES["opensafely"]
    assert strictest([safe, POLICIES["open"]]) is safe and strictest([safe, safe]) is safe
    assert strictest([POLICIES["open"]]) is POLICIES["open"]


@pytest.mark.parametrize("numbers", [(0, 5), (5, 0)])
def test_numbers_below_one_are_no_policy(numbers):
    with pytest.raises(ParameterError, match="1 or more"):
        custom(*numbers)


def test_no_policy_at_all_is_refused():
    with pytest.raises(ParameterError, match="at least one"):
        strictest([])
