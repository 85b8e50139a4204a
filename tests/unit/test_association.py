"""Odds ratios, risk ratios, means and shares: by hand, by another way, their traps, and their released form."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from problemsolving.errors import NotEstimableError
from problemsolving.governance.policies import POLICIES
from problemsolving.governance.release import release
from problemsolving.measures.association import estimate_mean, estimate_odds_ratio, estimate_risk_ratio
from problemsolving.measures.proportions import proportion
from problemsolving.results import NotEstimable

SAFE, OPEN = POLICIES["opensafely"], POLICIES["open"]


def limits(result):
    row = result.estimates().iloc[0]
    return row["estimate"], row["low"], row["high"]


def shown(result):
    """All that a reader sees of a result, what is drawn too."""
    axes = result.plot()
    picture = [] if axes is None else [text.get_text() for text in (*axes.texts, *axes.get_yticklabels())]
    picture += [] if axes is None else [str(line.get_xydata()) for line in axes.lines]
    return result.summary(), result.table().text_rows(), result.values(), picture


def test_odds_ratio_and_woolfs_limits_by_hand():
    reach = np.exp(1.959964 * np.sqrt(1 / 10 + 1 / 20 + 1 / 5 + 1 / 40))
    assert limits(estimate_odds_ratio((10, 20), (5, 40))) == pytest.approx((4, 4 / reach, 4 * reach), rel=1e-6)


def test_the_exact_odds_ratio_solves_its_own_tail_equations():
    """Fisher's noncentral hypergeometric: each limit leaves 2.5 % in its tail, the estimate gives the count as mean."""
    estimate, low, high = limits(estimate_odds_ratio((9, 3), (4, 10), method="exact"))
    chance = stats.nchypergeom_fisher
    assert chance.sf(8, 26, 13, 12, low) == pytest.approx(0.025, abs=1e-6)
    assert chance.cdf(9, 26, 13, 12, high) == pytest.approx(0.025, abs=1e-6)
    assert chance.mean(26, 13, 12, estimate) == pytest.approx(9, abs=1e-4)


def test_risk_ratio_by_hand():
    reach = np.exp(1.959964 * np.sqrt(1 / 10 - 1 / 30 + 1 / 5 - 1 / 45))
    assert limits(estimate_risk_ratio((10, 20), (5, 40))) == pytest.approx((3, 3 / reach, 3 * reach), rel=1e-6)


def test_exchanging_the_groups_turns_the_ratio_over():
    for estimate in (estimate_odds_ratio, estimate_risk_ratio):
        one, low, high = limits(estimate((10, 20), (5, 40)))
        assert limits(estimate((5, 40), (10, 20))) == pytest.approx((1 / one, 1 / high, 1 / low))


def test_all_of_the_exposed_may_have_the_outcome():
    assert limits(estimate_risk_ratio((10, 0), (5, 5)))[0] == pytest.approx(2)


@pytest.mark.parametrize(
    ("rows", "estimate", "settings", "words"),
    [
        (((0, 10), (5, 5)), estimate_risk_ratio, {}, "nobody in one of the two groups"),
        (((5, 5), (0, 10)), estimate_risk_ratio, {}, "nobody in one of the two groups"),
        (((0, 0), (5, 5)), estimate_risk_ratio, {}, "empty"),
        (((0, 5), (0, 5)), estimate_odds_ratio, {"method": "exact"}, "all had the outcome, or none"),
        (((0, 10), (5, 5)), estimate_odds_ratio, {}, "a cell of the table is 0; the exact method"),
    ],
)
def test_zero_cells_are_not_estimable_and_nothing_is_added_to_them(rows, estimate, settings, words):
    with pytest.raises(NotEstimableError, match=words):
        estimate(*rows, **settings)


def test_the_exact_method_gives_a_limit_beside_a_zero():
    none = estimate_odds_ratio((0, 10), (5, 5), method="exact")
    assert limits(none)[:2] == (0, 0) and 0 < limits(none)[2] < 1
    assert [text.get_text() for text in none.plot().texts] == ["none counted"]
    (value,) = estimate_odds_ratio((5, 5), (0, 10), method="exact").values()
    assert value.estimate is None and value.interval is None
    assert "no upper limit; its lower limit is 1." in value.reason


@pytest.mark.parametrize("rows", [((1.5, 2), (3, 4)), ((-1, 2), (3, 4)), ((1, 2, 3), (4, 5, 6)), ((np.nan, 2), (3, 4))])
def test_wrong_tables_are_refused(rows):
    with pytest.raises(ValueError, match="two whole numbers of 0 or more"):
        estimate_odds_ratio(*rows)
    with pytest.raises(ValueError, match="method must be"):
        estimate_odds_ratio((1, 2), (3, 4), method="fisher")
    with pytest.raises(ValueError, match="confidence_level"):
        estimate_risk_ratio((1, 2), (3, 4), confidence_level=95)


def test_the_text_claims_no_more_than_the_interval_does():
    clear = estimate_risk_ratio((40, 60), (20, 80), exposure="living alone", outcome="a second call").summary()
    assert clear == (
        "Living alone was associated with a second call: the risk of it was 2.00 times that of the others "
        "(95% interval 1.26 to 3.17; 200 in all)."
    )
    unclear = estimate_odds_ratio((22, 78), (20, 80)).summary()
    assert "was not clearly associated with" in unclear and "the odds of it were 1.13 times those of" in unclear


def test_the_trap_of_each_ratio_is_said_and_few_expected_ask_for_the_exact_method():
    few = estimate_odds_ratio((3, 2), (2, 9))
    assert "not a ratio of risks" in few.caveats[0] and "use the exact method" in few.caveats[-1]
    assert not any("rough" in caveat for caveat in estimate_odds_ratio((30, 44), (29, 86)).caveats)
    assert not any("rough" in caveat for caveat in estimate_odds_ratio((3, 2), (2, 9), method="exact").caveats)
    assert "cases and controls" in estimate_risk_ratio((30, 44), (29, 86)).caveats[0]


def test_a_caveat_tells_nothing_of_a_withheld_cell():
    result = estimate_odds_ratio((3, 40), (2, 80))
    assert any("rough" in caveat for caveat in result.caveats)
    assert not any("rough" in caveat for caveat in release(result, SAFE).result.caveats)
    assert release(result, OPEN).result.caveats == result.caveats


@pytest.mark.parametrize("policy", ["opensafely", "nhs-hes", "ons"])
def test_a_small_cell_takes_the_ratio_with_it(policy):
    first, second = (release(estimate_odds_ratio((small, 40), (20, 80)), POLICIES[policy]) for small in (3, 5))
    assert shown(first.result) == shown(second.result) and (policy != "ons" or first.withheld == 4)
    assert first.result.values()[0].reason == "withheld: a count of the table is withheld"


def test_a_released_ratio_is_that_of_the_rounded_table_and_open_changes_nothing():
    result = estimate_odds_ratio((31, 44), (29, 86))
    assert limits(release(result, SAFE).result) == limits(estimate_odds_ratio((30, 45), (30, 85)))
    assert shown(release(result, OPEN).result) == shown(result)


def test_intervals_cover():
    """400 tables with a true odds ratio of 3 and a true risk ratio of 2.14."""
    rng = np.random.default_rng(5)
    exposed, others = rng.binomial(60, 0.5, 400), rng.binomial(80, 0.25, 400)
    odds = [estimate_odds_ratio((a, 60 - a), (c, 80 - c)) for a, c in zip(exposed, others, strict=True)]
    risk = [estimate_risk_ratio((a, 60 - a), (c, 80 - c)) for a, c in zip(exposed, others, strict=True)]
    covered = [
        np.mean([low <= truth <= high for _, low, high in map(limits, found)])
        for found, truth in ((odds, 3), (risk, 2))
    ]
    assert min(covered) >= 0.925 and max(covered) <= 0.985


# Mean


def test_a_mean_and_its_interval_agree_with_scipy():
    values = np.random.default_rng(2).normal(50, 10, 30)
    result = estimate_mean(values, confidence_level=0.9)
    low, high = stats.ttest_1samp(values, 0).confidence_interval(0.9)
    assert (result.mean, result.limits.low, result.limits.high) == pytest.approx((values.mean(), low, high))


def test_missing_values_are_left_out_aloud_in_words_that_tell_no_count():
    result = estimate_mean([1, 2, 3, np.nan], of="calls")
    assert result.n == 3 and result.caveats[1].startswith("A quarter or more of the calls had no value")
    assert estimate_mean([1, 2, 3]).caveats == result.caveats[:1]


def test_what_is_no_mean_is_refused():
    with pytest.raises(NotEstimableError, match="at least two"):
        estimate_mean([3, np.nan])
    with pytest.raises(ValueError, match="finite"):
        estimate_mean([1, np.inf])
    with pytest.raises(ValueError, match="confidence_level"):
        estimate_mean([1, 2], confidence_level=0)


def test_a_mean_is_said_with_its_unit():
    text = estimate_mean([30.0] * 5 + [40.0] * 5, of="calls", unit="minutes").summary()
    assert text == "The mean of 10 calls was 35 minutes (95% interval 31.23 to 38.77)."


@pytest.mark.parametrize(("n", "leaves"), [(10, False), (11, True)])
def test_a_mean_leaves_with_enough_values_and_no_more_digits_than_it_bears(n, leaves):
    values = np.random.default_rng(4).normal(53.7, 21, n)
    found = release(estimate_mean(values), SAFE).result
    assert isinstance(found, NotEstimable) != leaves
    if leaves:
        assert found.n == 10 and found.mean % 5 == 0 and found.deviation % 5 == 0 and found.deviation > 0
        assert found.limits.low == pytest.approx(found.mean - 2.262157 * found.deviation / np.sqrt(10), abs=1e-5)


def test_two_released_means_do_not_tell_the_value_between_them():
    values = np.random.default_rng(4).normal(53.7, 21, 40)
    one, two = (release(estimate_mean(held), SAFE).result for held in (values, np.append(values, 99.0)))
    assert abs((41 * two.mean - 40 * one.mean) - 99.0) > 21, "the mean is coarser than one value moves it"


def test_a_mean_of_equal_values_does_not_leave():
    found = release(estimate_mean([7.0] * 20), SAFE).result
    assert found.values()[0].estimate is None and "7.0" not in repr(found.table()) and "withheld" in found.summary()


# Shares


def shares(*rows, **settings):
    table = pd.DataFrame(rows, columns=["area", "count", "total"])
    return proportion(table, by="area", **{"of": "solved", "among": "crimes"} | settings)


def test_shares_are_ordered_and_said():
    result = shares(("A", 65, 100), ("B", 3, 50), ("C", 40, 70))
    assert result.estimates()["group"].tolist() == ["A", "C", "B"]
    assert result.summary() == (
        "The share of crimes that were solved was 65.0% (95% interval 55.3% to 73.6%) in A, the highest, and 6.0% "
        "(95% interval 2.1% to 16.2%) in B, the lowest."
    )
    assert result.plot().get_xlabel() == "% of crimes that were solved"


def test_rows_of_a_group_are_added_up_and_those_without_one_are_left_out_aloud():
    result = shares(("A", 30, 50), ("A", 35, 50), (None, 1, 2))
    assert result.estimates()[["count", "all"]].values.tolist() == [[65, 100]]
    assert result.caveats[0].startswith("Rows without a group (a quarter or more of all) were left out")


def test_a_share_of_nothing_and_a_missing_count_have_reasons():
    result = shares(("A", 65, 100), ("B", 0, 0), ("C", np.nan, 7))
    assert dict(result.estimates()[["group", "reason"]].values) == {
        "A": "", "B": "not estimable: no crimes", "C": "not estimable: a count is missing",
    }  # fmt: skip


@pytest.mark.parametrize("row", [("A", 3, 2), ("A", -1, 2)])
def test_a_count_above_its_total_is_refused(row):
    with pytest.raises(ValueError, match="no more than total"):
        shares(row)


@pytest.mark.parametrize("policy", ["opensafely", "ons"])
@pytest.mark.parametrize("others", [(3, 5), (97, 95)])
def test_neither_few_nor_all_but_few_can_be_told(policy, others):
    first, second = (
        release(shares(("A", 60, 100), ("B", few, 100), ("C", 40, 100)), POLICIES[policy]).result for few in others
    )
    assert shown(first) == shown(second)
    assert (first.estimates()["reason"] == "").sum() == 1
    assert "of those shown" not in first.summary() and first.estimates()["all"].dropna().tolist() == [100]


def test_a_released_share_is_that_of_rounded_counts_and_open_changes_nothing():
    result = shares(("A", 62, 101), ("B", 33, 98))
    found = release(result, SAFE).result.estimates()
    assert found[["count", "all"]].values.tolist() == [[60, 100], [35, 100]]
    assert shown(release(result, OPEN).result) == shown(result)
