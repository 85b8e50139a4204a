"""Harm and the four currencies: sums, their limits, and what may leave of them."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from problemsolving import draw
from problemsolving.governance.policies import POLICIES
from problemsolving.governance.release import release
from problemsolving.measures.demand import compare_currencies
from problemsolving.measures.harm import NO_CODE, NO_GROUP, weigh_harm
from problemsolving.measures.sums import coarse_share, cover, share_limits, significant, sum_limits
from problemsolving.measures.weights import scale_to_actual, weight_table
from problemsolving.report.safe import check_picture
from problemsolving.results import NotEstimable

SAFE = POLICIES["opensafely"]
CLOSED = ["opensafely", "nhs-hes", "ons", "acro"]


def table(weights, **about):
    about = {"name": "Made-up index", "version": "1", "unit": "days", "source": "an example"} | about
    return weight_table(pd.DataFrame({"code": list(weights), "weight": list(weights.values())}), **about)


INDEX = table({"A": 100, "B": 10, "C": 1})
COSTS = table({"A": 5_000, "B": 900, "C": 200}, name="Made-up costs", unit="£", price_year="2015/16")


def rows(cells, *, by="area"):
    """Turn {(group, code): events} into one row an event."""
    every = [(group, code) for (group, code), count in cells.items() for _ in range(count)]
    return pd.DataFrame(every, columns=[by, "offence_code"])


def told(result):
    return result.summary() + repr(result.table().text_rows()) + repr(result.values()) + result.alt_text()


# limits


def test_weights_of_one_give_the_exact_limits_of_a_count():
    low, high = sum_limits([0, 1, 7], squares=[0, 1, 7], heaviest=1.0)
    assert low.tolist() == pytest.approx([0, *(stats.chi2.ppf(0.025, 2 * n) / 2 for n in (1, 7))])
    assert high.tolist() == pytest.approx([stats.chi2.ppf(0.975, 2 * n + 2) / 2 for n in (0, 1, 7)])


def test_one_weight_scales_the_limits_and_dispersion_widens_them():
    one, ten = (sum_limits([w * 30.0], squares=[w * w * 30.0], heaviest=w) for w in (1.0, 10.0))
    assert [float(side[0]) * 10 for side in one] == pytest.approx([float(side[0]) for side in ten])
    wide = sum_limits([30.0], squares=[30.0], heaviest=1.0, dispersion=4.0)
    assert wide[0] < one[0] and wide[1] > one[1]


def test_dobson_moves_the_limits_of_the_count():
    low, high = sum_limits([250.0], squares=[20_050.0], heaviest=100.0, count=[52.0], method="dobson")
    from problemsolving.stats.intervals import byar_limits

    step = np.sqrt(20_050 / 52)
    assert [float(low[0]), float(high[0])] == pytest.approx(
        [250 + step * (float(side) - 52) for side in byar_limits(52)]
    )


@pytest.mark.parametrize("means", [[200, 100, 40, 5, 0.5], [20, 10, 4, 0.5, 0.02], [2000, 900, 300, 50, 5]])
def test_gamma_limits_hold_where_few_events_weigh_most(means):
    weights, rng = np.array([1.0, 5, 20, 365, 5475]), np.random.default_rng(1)
    drawn = rng.poisson(means, size=(800, 5))
    low, high = sum_limits(drawn @ weights, squares=drawn @ weights**2, heaviest=5475.0)
    truth = float(np.dot(means, weights))
    assert ((low <= truth) & (truth <= high)).mean() >= 0.93


def test_a_share_and_that_of_the_rest_mirror_each_other():
    ends = ([20.0], [45.0]), ([50.0], [95.0])
    low, high = share_limits([30.0], part_limits=ends[0], rest=[70.0], rest_limits=ends[1])
    other_low, other_high = share_limits([70.0], part_limits=ends[1], rest=[30.0], rest_limits=ends[0])
    assert low < 0.3 < high and [float(low[0]), float(high[0])] == pytest.approx(
        [1 - float(other_high[0]), 1 - float(other_low[0])]
    )


def test_shares_of_nothing_and_of_everything():
    low, high = share_limits(
        [0.0, 9.0, 0.0], part_limits=([0, 5, 0], [4, 15, 4]), rest=[9.0, 0.0, 0.0], rest_limits=([5, 0, 0], [15, 4, 4])
    )
    assert low[:2].tolist() == [0, 9 / 13] and high[:2].tolist() == [4 / 13, 1] and np.isnan([low[2], high[2]]).all()


@pytest.mark.parametrize("mean", [1.0, 30.0])
def test_intervals_of_a_share_cover(mean):
    rng = np.random.default_rng(7)
    cells = rng.poisson([[20 * mean], [6 * mean]], size=(400, 2, 1)) @ np.array([[1.0]])
    sides = [
        (cells[:, place, 0], *sum_limits(cells[:, place, 0], squares=cells[:, place, 0], heaviest=1.0))
        for place in (0, 1)
    ]
    low, high = share_limits(sides[0][0], part_limits=sides[0][1:], rest=sides[1][0], rest_limits=sides[1][1:])
    assert ((low <= 20 / 26) & (high >= 20 / 26)).mean() >= 0.93


def test_kinds_that_weigh_nothing_have_no_harm_at_all():
    found = weigh_harm(rows({("x", "Z"): 9, ("y", "Z"): 2}), table({"Z": 0, "A": 5}), by="area").estimates()
    assert found[["estimate", "low", "high"]].to_numpy().tolist() == [[0, 0, 0]] * 2
    kinds = weigh_harm(rows({("x", "Z"): 9, ("x", "A"): 2}), table({"Z": 0, "A": 5}), by="offence_code").estimates()
    assert kinds["estimate"].tolist() == [10, 0] and kinds["high"].tolist() == pytest.approx(
        [5 * stats.chi2.ppf(0.975, 6) / 2, 0]
    )


def test_a_kind_that_was_counted_and_not_seen_keeps_its_upper_limit():
    counted = pd.DataFrame({"offence_code": ["A", "B"], "n": [0, 40]})
    found = weigh_harm(counted, INDEX, by="offence_code", count="n").estimates()
    assert found["high"][0] == pytest.approx(100 * stats.chi2.ppf(0.975, 2) / 2)


def test_rounding():
    assert significant([123.0, 0.0149, -77.7, 5475.0]).tolist() == [120.0, 0.015, -78.0, 5500.0]
    assert coarse_share([0.974, 0.976], [1_000, 1_000]).tolist() == [0.95, 1.0]


def test_a_withheld_sum_is_covered_by_others():
    assert cover([5.0, 9.0, 100.0], [False] * 3, [1.0] * 3).tolist() == [False] * 3
    assert cover([5.0, 9.0, 100.0], [True, False, False], [1.0, 0, 0]).tolist() == [True, True, False]
    assert cover([50.0, 9.0, 8.0], [True, False, False], [15.0, 0, 0]).tolist() == [True, True, True]
    assert cover([50.0, 9.0, 20.0], [True, True, False], [15.0, 1.0, 0]).tolist() == [True, True, True]


# harm


def test_harm_by_hand():
    shown = weigh_harm(rows({("x", "A"): 2, ("x", "B"): 50, ("y", "C"): 48}), INDEX, by="area").estimates()
    assert shown["estimate"].tolist() == [700, 48] and shown["count"].tolist() == [52, 48]
    assert shown["share"].tolist() == pytest.approx([700 / 748, 48 / 748]) and shown["events_share"].tolist() == [
        0.52,
        0.48,
    ]
    low, high = sum_limits([700.0], squares=[2 * 100**2 + 50 * 10**2], heaviest=100.0)
    assert (shown["low"][0], shown["high"][0]) == pytest.approx((float(low[0]), float(high[0])))


def test_counts_may_come_added_up_and_in_any_order():
    counted = pd.DataFrame({"area": ["y", "x", "x"], "offence_code": ["C", "A", "B"], "n": [48, 2, 50]})
    one = weigh_harm(counted, INDEX, by="area", count="n")
    other = weigh_harm(rows({("x", "A"): 2, ("x", "B"): 50, ("y", "C"): 48}), INDEX, by="area")
    pd.testing.assert_frame_equal(one.estimates(), other.estimates())


def test_which_few_kinds_make_most_harm():
    found = weigh_harm(
        rows({("x", "A"): 20, ("x", "B"): 30, ("x", "C"): 950}), INDEX, by="offence_code", heading="Code"
    )
    shown = found.estimates().set_index("group")
    assert shown["estimate"].to_dict() == {"A": 2000, "B": 300, "C": 950}
    assert shown.loc["A", "share"] == pytest.approx(2000 / 3250) and shown.loc["A", "events_share"] == 0.02
    own = np.array([stats.chi2.ppf(0.025, 40) / 2, stats.chi2.ppf(0.975, 42) / 2]) * 100
    assert shown.loc["A", ["low", "high"]].tolist() == pytest.approx(own.tolist())
    assert "The first 2 of 3 groups held 91% of it with 97% of the events" in found.summary()


def test_kinds_without_a_weight_are_told_aloud_with_their_count_and_are_in_no_sum():
    events = pd.concat(
        [
            rows({("x", "A"): 10, ("x", "Z"): 25, ("y", "B"): 5}),
            pd.DataFrame({"area": ["y"] * 10, "offence_code": None}),
        ]
    )
    found = weigh_harm(events, INDEX, by="area")
    assert found.unweighed().values.tolist() == [["Z", 25.0], [NO_CODE, 10.0]]
    assert found.share_weighed == pytest.approx(15 / 50)
    assert found.estimates()["estimate"].tolist() == [1000, 50] and found.estimates()["weighed"].tolist() == [
        10 / 35,
        5 / 15,
    ]
    assert "30.0% of the events had a weight; none is in the table for: Z (25), no code (10)" in found.summary()
    assert [(v.group, v.n) for v in found.values() if v.name == "without_weight"] == [("Z", 25), (NO_CODE, 10)]


def test_a_group_without_any_weight_has_no_harm_rather_than_none():
    found = weigh_harm(rows({("x", "A"): 30, ("y", "Z"): 30}), INDEX, by="area")
    shown = found.estimates()
    assert np.isnan(shown["estimate"][1]) and shown["reason"][1].startswith("not estimable")
    assert next(v.reason for v in found.values() if v.group == "y").startswith("not estimable")


def test_events_without_a_group_make_one():
    events = pd.DataFrame({"area": ["x", None], "offence_code": ["A", "B"]})
    assert weigh_harm(events, INDEX, by="area").estimates()["group"].tolist() == [NO_GROUP, "x"]


def test_a_result_names_its_weights_with_version_and_hash():
    found = weigh_harm(rows({("x", "A"): 30}), INDEX, by="area")
    assert f"Made-up index, version 1 (sha256 {INDEX.sha256[:8]})" in found.summary()
    assert found.method.settings["sha256"] == INDEX.sha256 and found.unit == "days"


def test_faults_of_harm():
    events = rows({("x", "A"): 3})
    with pytest.raises(ValueError, match="lacks the column district"):
        weigh_harm(events, INDEX, by="district")
    with pytest.raises(ValueError, match="0 or more"):
        weigh_harm(events.assign(n=-1), INDEX, by="area", count="n")
    with pytest.raises(ValueError, match="no rows"):
        weigh_harm(events.head(0), INDEX, by="area")
    with pytest.raises(ValueError, match="multiplier would be used twice"):
        weigh_harm(events, scale_to_actual(INDEX, multiplier=2, source="x"), by="area", counted="actual")
    with pytest.raises(ValueError, match="confidence_level"):
        weigh_harm(events, INDEX, by="area", confidence_level=95).estimates()


# harm, released

MANY = {("x", "A"): 40, ("x", "B"): 300, ("y", "B"): 200, ("y", "C"): 400, ("z", "A"): 90, ("z", "C"): 60}


@pytest.mark.parametrize("policy", CLOSED)
@pytest.mark.parametrize("by", ["area", "offence_code"])
def test_released_harm_is_made_of_released_counts(policy, by):
    found = weigh_harm(rows(MANY), INDEX, by=by)
    shown = release(found, POLICIES[policy]).result
    assert all(v.n is None or v.n % POLICIES[policy].nearest == 0 for v in shown.values())
    released = POLICIES[policy].apply(found.estimates()["count"])
    assert shown.estimates()["count"].tolist() == pytest.approx(released.tolist(), nan_ok=True)
    mean = significant(found.estimates()["estimate"] / found.estimates()["count"])
    assert shown.estimates()["estimate"].tolist() == pytest.approx((released * mean).tolist())
    assert shown.sums.is_blurred and set(shown.sums.frame) == {"mean", "square", "weighed", "reason"}
    check_picture(draw.to_svg(shown.plot))


def test_policy_open_changes_nothing():
    for found in (
        weigh_harm(rows(MANY), INDEX, by="area"),
        compare_currencies(rows(MANY), by="area", harm=INDEX, code="offence_code"),
    ):
        assert release(found, POLICIES["open"]).result.values() == found.values()


@pytest.mark.parametrize("few", [1, 2, 3])
def test_a_few_grave_events_leave_no_trace_in_what_is_released(few):
    """Weights are public: whatever is shown must be the same with and without them, or nothing."""
    grave = table({"A": 5475, "B": 10, "C": 1})
    without = release(weigh_harm(rows({**MANY, ("x", "A"): 0, ("z", "A"): 0}), grave, by="area"), SAFE).result
    few_there = release(weigh_harm(rows({**MANY, ("x", "A"): few, ("z", "A"): 0}), grave, by="area"), SAFE).result
    a, b = without.estimates().set_index("group"), few_there.estimates().set_index("group")
    assert np.isnan(b.loc["x", "estimate"]) and b["estimate"].isna().sum() >= 2
    assert "5,475" not in told(few_there) and str(5475 * few) not in told(few_there)
    light = table({"A": 30, "B": 10.45, "C": 1})  # one of A more would round the mean of x up
    shown = [
        release(weigh_harm(rows({**MANY, ("x", "A"): n, ("z", "A"): 0}), light, by="area"), SAFE).result.estimates()
        for n in (0, few)
    ]  # fmt: skip
    per_event = [(frame["estimate"] / frame["count"]).tolist() for frame in shown]
    assert per_event[0] == per_event[1] and a.loc["x", "estimate"] > 0


def test_a_withheld_harm_cannot_be_told_from_a_total_known_elsewhere():
    cells = {("w", "A"): 3, ("w", "C"): 60, **{(name, "B"): 20 + place for place, name in enumerate("xyz")}}
    found = weigh_harm(rows(cells), table({"A": 5475, "B": 10, "C": 1}), by="area")
    shown = release(found, SAFE).result.estimates().set_index("group")
    hidden = shown["estimate"].isna()
    true = found.estimates().set_index("group")["estimate"]
    assert hidden["w"] and hidden.sum() >= 2
    assert true[hidden].sum() - true["w"] > 0


def test_a_small_count_is_withheld_with_its_harm_and_a_second_one():
    found = weigh_harm(rows({("x", "B"): 3, ("y", "B"): 40, ("z", "B"): 50}), INDEX, by="area")
    shown = release(found, POLICIES["ons"]).result
    assert shown.estimates()["estimate"].isna().tolist() == [True, True, False]
    assert shown.estimates()["count"].isna().tolist() == [True, True, False]
    given = [v.estimate for v in shown.values() if v.estimate is not None and not v.name.startswith("share")]
    assert given == [500.0], "no total and no withheld sum is among the numbers"


def test_nothing_to_show_is_said():
    found = release(weigh_harm(rows({("x", "B"): 3, ("y", "B"): 4}), INDEX, by="area"), SAFE).result
    if not isinstance(found, NotEstimable):
        assert "withheld" in found.summary() and found.plot() is None


# four currencies


def worked():
    events = rows({("assault", "A"): 30, ("assault", "B"): 30, ("theft", "C"): 140}, by="category")
    return events.assign(minutes=np.where(events["category"] == "assault", 100.0, 20.0))


def test_four_currencies_by_hand():
    found = compare_currencies(worked(), by="category", minutes="minutes", harm=INDEX, cost=COSTS, code="offence_code")
    shown = found.estimates().set_index(["currency", "group"])
    assert shown["estimate"].tolist() == [60, 140, 6_000, 2_800, 3_300, 140, 177_000, 28_000]
    assert shown["rank"].tolist() == [2, 1, 1, 2, 1, 2, 1, 2]
    assert shown["unit"].tolist() == ["events"] * 2 + ["minutes"] * 2 + ["days"] * 2 + ["£"] * 2
    assert shown["share"].groupby("currency").sum().tolist() == pytest.approx([1.0] * 4)
    assert (shown["share_low"] < shown["share"]).all() and (shown["share"] < shown["share_high"]).all()


def test_currencies_are_never_added():
    found = compare_currencies(worked(), by="category", minutes="minutes", harm=INDEX, cost=COSTS, code="offence_code")
    assert "never added" in found.summary() and "never added" in found.caveats[0]
    units = {value.unit for value in found.values()}
    assert units == {
        "events",
        "minutes",
        "days",
        "£",
        *(f"share of {name}" for name in ("events", "minutes", "harm", "cost")),
    }
    assert not any("total" in column.label.lower() for column in found.table().columns)
    assert COSTS.citation in found.summary() and INDEX.citation in found.summary()


def test_where_currencies_disagree():
    found = compare_currencies(worked(), by="category", minutes="minutes", harm=INDEX, cost=COSTS, code="offence_code")
    apart = found.disagreements().set_index("group")
    assert apart.loc["theft", ["larger", "smaller"]].tolist() == ["events", "harm"]
    assert "theft (70% of events, 4% of harm)" in found.summary()
    same = compare_currencies(worked().assign(minutes=30.0), by="category", minutes="minutes")
    assert same.disagreements().empty and "No group's share differed clearly" in same.summary()


def test_shares_are_compared_over_groups_that_have_both_currencies():
    events = pd.concat([worked(), pd.DataFrame({"category": ["noise"] * 300, "offence_code": None, "minutes": 5.0})])
    found = compare_currencies(events, by="category", harm=INDEX, code="offence_code")
    apart = found.disagreements().set_index("group")
    assert apart.loc["theft", "share"] == pytest.approx(0.7) and "noise" not in apart.index
    assert found.estimates().set_index(["currency", "group"])["reason"]["harm", "noise"].startswith("not estimable")


def test_a_missing_currency_has_its_reason_in_the_table():
    found = compare_currencies(worked(), by="category", reasons={"harm": "the source has no offence codes"})
    notes = {row[1]: row[-1] for row in found.table().rows if row[0] == "all"}
    assert notes == {"minutes": "not given", "harm": "the source has no offence codes", "cost": "not given"}
    assert [v.reason for v in found.values() if v.name == "harm"] == ["not estimable: the source has no offence codes"]
    assert "No harm: the source has no offence codes." in found.summary()


def test_minutes_that_were_not_recorded_are_in_no_sum_and_said():
    events = worked()
    events.loc[:14, "minutes"] = np.nan
    found = compare_currencies(events, by="category", minutes="minutes")
    shown = found.estimates().set_index(["currency", "group"]).loc["minutes"]
    assert shown["estimate"].tolist() == [4_500, 2_800] and shown["weighed"].tolist() == [0.75, 1.0]
    assert any("of 75% of the events" in row for row in found.table().text_rows())


def test_faults_of_currencies_are_told_at_once():
    events = worked().assign(minutes=-1.0)
    with pytest.raises(ValueError) as caught:
        compare_currencies(events, by="kind", minutes="minutes", harm=COSTS, cost=INDEX, reasons={"money": "x"})
    told_ = str(caught.value)
    for part in ('by names the column "kind"', "minutes is negative", "code is missing", "harm is money", "cost has no price_year", "reasons names money"):  # fmt: skip
        assert part in told_


@pytest.mark.parametrize("policy", CLOSED)
def test_released_currencies_come_from_released_counts_and_coarse_means(policy):
    rng = np.random.default_rng(2)
    events = worked().assign(minutes=rng.lognormal(4, 0.5, 200))
    found = compare_currencies(events, by="category", minutes="minutes", harm=INDEX, cost=COSTS, code="offence_code")
    shown = release(found, POLICIES[policy]).result
    counts = POLICIES[policy].apply([60, 140])
    for _, rows_ in shown.estimates().groupby("currency"):
        assert rows_["count"].tolist() == counts.tolist()
        means = rows_["estimate"] / counts
        assert means.tolist() == pytest.approx(significant(means).tolist())
    check_picture(draw.to_svg(shown.plot))


def test_minutes_that_one_event_makes_are_withheld_with_a_second_sum():
    events = pd.DataFrame({"category": ["a"] * 30 + ["b"] * 40 + ["c"] * 50, "minutes": 10.0})
    events.loc[0, "minutes"] = 9_999.0
    shown = release(compare_currencies(events, by="category", minutes="minutes"), SAFE).result
    found = shown.estimates().set_index(["currency", "group"])
    assert np.isnan(found.loc[("minutes", "a"), "estimate"]) and found.loc["minutes"]["estimate"].isna().sum() >= 2
    assert found.loc["events"]["count"].tolist() == [30, 40, 50]
    assert not any(text in told(shown) for text in ("9,999", "10,289", "9999", "10289"))


def test_no_hidden_moment_is_left_in_a_released_result():
    events = worked().assign(minutes=np.where(np.arange(200) == 3, 50_000.0, 10.0))
    shown = release(
        compare_currencies(events, by="category", minutes="minutes", harm=INDEX, code="offence_code"), SAFE
    ).result
    for sums in shown.sums.values():
        assert sums.is_blurred and "total" not in sums.frame
        assert sums.blurred(shown.frame["count"]) is sums
    assert np.isnan(shown.sums["minutes"].frame["mean"]).all()
