"""Rate ratios by characteristic: by hand, limits against tail equations, what was not recorded, and their released form."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from problemsolving.errors import NotEstimableError
from problemsolving.governance.policies import POLICIES
from problemsolving.governance.release import release
from problemsolving.measures.disproportionality import (
    estimate_disproportionality,
    measure_composition,
    rate_ratio_limits,
)

SAFE, OPEN = POLICIES["opensafely"], POLICIES["open"]
PEOPLE = pd.DataFrame({"group": ["White", "Asian", "Black"], "population": [8_000, 1_000, 1_000]})


def counts(**kinds):
    """Kind of event → counts of White, Asian, Black and not recorded."""
    groups = ["White", "Asian", "Black", None]
    rows = [(kind, group, n) for kind, numbers in kinds.items() for group, n in zip(groups, numbers, strict=True)]
    return pd.DataFrame(rows, columns=["kind", "group", "count"])


def compare(events, residents=PEOPLE, **settings):
    several = {"kind": "kind"} if events["kind"].nunique() > 1 else {"of": events["kind"].iloc[0]}
    usual = {"by": "group", "reference": "White", "recorded_by": "self-defined", "count": "count"}
    return estimate_disproportionality(events, residents, **usual | several | settings)


def compose(events, **settings):
    several = {"kind": "kind"} if events["kind"].nunique() > 1 else {"of": events["kind"].iloc[0]}
    return measure_composition(
        events, **{"by": "group", "recorded_by": "self-defined", "count": "count"} | several | settings
    )


def shown(result):
    """All that a reader sees of a result, what is drawn too."""
    axes = result.plot()
    picture = [text.get_text() for text in (*axes.texts, *axes.get_yticklabels())]
    picture += [str(line.get_xydata()) for line in axes.lines] + [str(c.get_segments()) for c in axes.collections]
    return result.summary(), result.table().text_rows(), result.values(), picture


STOPS = counts(stops=[400, 100, 200, 100])


def test_ratios_and_what_the_unrecorded_could_make_of_them_by_hand():
    found = compare(STOPS).estimates().set_index("label")
    assert found["estimate"].to_dict() == pytest.approx({"Asian": 2, "Black": 4})
    assert found["least"].to_dict() == pytest.approx({"Asian": 0.1 / (500 / 8_000), "Black": 0.2 / (500 / 8_000)})
    assert found["most"].to_dict() == pytest.approx({"Asian": 0.2 / 0.05, "Black": 0.3 / 0.05})


def test_no_way_of_sharing_out_the_unrecorded_leaves_the_ends():
    rng = np.random.default_rng(2)
    ends = compare(STOPS).estimates().set_index("label")
    for _ in range(15):
        shared = rng.multinomial(100, rng.dirichlet([1, 1, 1]))
        settled = counts(stops=[*(np.array([400, 100, 200]) + shared), 0])
        ratios = compare(settled).estimates().set_index("label")["estimate"]
        assert (ratios >= ends["least"] - 1e-9).all() and (ratios <= ends["most"] + 1e-9).all()


def test_with_all_recorded_the_ends_are_the_ratio_and_nothing_is_said_of_them():
    result = compare(counts(stops=[400, 100, 200, 0]))
    found = result.estimates()
    assert found["least"].tolist() == found["estimate"].tolist() == found["most"].tolist()
    assert "whoever" not in result.summary() and "recorded for 100.0% of stops" in result.summary()


def test_completeness_has_wilsons_interval():
    value = compare(STOPS).values()[-1]
    assert (value.name, value.group, value.estimate, value.n) == ("share_recorded", "stops", 0.875, 800)
    z, n, p = 1.959964, 800, 0.875
    centre, spread = p + z * z / (2 * n), z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    assert (value.interval.low, value.interval.high) == pytest.approx(
        ((centre - spread) / (1 + z * z / n), (centre + spread) / (1 + z * z / n)), rel=1e-6
    )


def test_the_summary_says_ratio_interval_ends_and_completeness():
    text = compare(STOPS, recorded_by="officer-defined").summary()
    assert text.startswith(
        "Per resident and compared with White, stops were 4.00 times as frequent for Black (95% interval 3.3"
    )
    assert "3.20 to 6.00 whoever those not recorded were" in text and "2.00 times for Asian" in text
    assert "Ethnicity (officer-defined) was recorded for 87.5% of stops (95% interval" in text


def test_the_two_ways_of_recording_are_never_one():
    stops = STOPS.assign(officer_defined_ethnicity=STOPS["group"])
    people = PEOPLE.rename(columns={"group": "officer_defined_ethnicity"})
    settings = {"by": "officer_defined_ethnicity"}
    with pytest.raises(ValueError, match='write recorded_by="officer-defined"'):
        compare(stops, people, **settings)
    with pytest.raises(ValueError, match='write recorded_by="officer-defined"'):
        compose(stops, recorded_by="as recorded", **settings)
    with pytest.raises(ValueError, match="recorded_by must be"):
        compare(stops, people, recorded_by="both", **settings)
    result = compare(stops, people, recorded_by="officer-defined", **settings)
    assert any("as officers saw it" in caveat for caveat in result.caveats)
    assert not any("as officers saw it" in caveat for caveat in compare(STOPS).caveats)


def test_the_trap_of_residents_is_said():
    assert compare(STOPS).caveats[0].startswith("Residents are not the people who were there to be counted among stops")


# No denominators


def test_no_denominators_no_ratio():
    with pytest.raises(NotEstimableError, match="no denominators, no ratio; measure_composition"):
        compare(STOPS, None)
    with pytest.raises(NotEstimableError, match="reference group has no residents"):
        compare(STOPS, PEOPLE.assign(population=[np.nan, 1_000, 1_000]))
    with pytest.raises(ValueError, match="reference names no group"):
        compare(STOPS, reference="Whit")


def test_a_group_without_residents_keeps_its_count_and_gets_a_reason():
    for people in (PEOPLE.head(2), PEOPLE.assign(population=[8_000, 1_000, 0])):
        result = compare(STOPS, people)
        row = result.estimates().set_index("label").loc["Black"]
        assert row["reason"] == "not estimable: no number of residents, so no ratio" and row["count"] == 200
        assert np.isnan(row[["estimate", "low", "high", "least", "most"]].astype(float)).all()
        rates = [value for value in result.values() if value.name == "rate" and value.group == "Black"]
        assert rates[0].estimate is None and rates[0].reason == row["reason"]


def test_counts_and_shares_stand_alone_without_denominators():
    result = compose(STOPS)
    found = result.estimates().set_index("label")
    assert found["estimate"].to_dict() == {"Asian": 0.125, "Black": 0.25, "White": 0.5}
    assert found["most"].to_dict() == {"Asian": 0.25, "Black": 0.375, "White": 0.625}
    assert "A share is no rate" in result.caveats[0]
    assert result.summary().startswith("Of 800 stops, 50.0% were of White (95% interval")
    assert result.table().text_rows()[-1][:2] == ["not recorded", "100"]


# Counting


def test_each_row_may_be_one_event_and_several_words_mean_not_recorded():
    rows = STOPS.loc[STOPS.index.repeat(STOPS["count"]), ["kind", "group"]].reset_index(drop=True)
    rows.loc[rows["group"].isna(), "group"] = ["Not stated"] * 60 + ["Unknown"] * 30 + [None] * 10
    result = compare(rows, count=None, unrecorded=["Not stated", "Unknown"])
    pd.testing.assert_frame_equal(result.estimates(), compare(STOPS).estimates())
    silent = compare(rows, count=None)
    assert "Not stated" in silent.estimates()["label"].tolist(), "a label is a group until it is named as none"


def test_kinds_are_compared_each_by_itself():
    events = counts(stops=[400, 100, 200, 100], victims=[80, 20, 10, 0])
    found = compare(events).estimates().set_index("group")
    assert found["estimate"].to_dict() == pytest.approx(
        {"stops: Asian": 2, "stops: Black": 4, "victims: Asian": 2, "victims: Black": 1}
    )
    assert found.loc["victims: Black", "most"] == pytest.approx(1), "what stops lack is not what victims lack"
    text = compare(events).summary()
    assert "stops were 4.00 times" in text and "victims were 2.00 times" in text and "of each kind" in text


def test_the_order_is_that_of_residents_and_not_of_counts():
    ages = pd.DataFrame({"group": ["10-17", "18-24", "25+"], "population": [100, 100, 100]})
    events = pd.DataFrame({"kind": "victims", "group": ["25+", "10-17", "18-24"], "count": [50, 30, 20]})
    result = compare(events, ages, reference="25+", recorded_by="as recorded", characteristic="age")
    assert result.estimates()["label"].tolist() == ["10-17", "18-24"]
    assert [row[0] for row in result.table().text_rows()] == ["10-17", "18-24", "25+ (reference)", "not recorded"]
    assert "Age was recorded for 100.0% of victims" in result.summary()


@pytest.mark.parametrize(
    ("events", "people", "settings", "words"),
    [
        (STOPS.assign(count=-1), PEOPLE, {}, "count must be 0 or more"),
        (STOPS.assign(count=np.nan), PEOPLE, {}, "count must be 0 or more in each row, none missing"),
        (STOPS.assign(count=0), PEOPLE, {}, "none to count"),
        (STOPS, PEOPLE.assign(population=-1), {}, "population"),
        (STOPS, PEOPLE, {"years": 0}, "years"),
        (STOPS, PEOPLE, {"method": "wald"}, "method must be"),
        (STOPS, PEOPLE, {"confidence_level": 95}, "confidence_level"),
        (counts(stops=[1, 1, 1, 1], victims=[1, 1, 1, 1]).replace("victims", None), PEOPLE, {"kind": "kind"}, "kind is missing"),
    ],
)  # fmt: skip
def test_wrong_input_is_named(events, people, settings, words):
    with pytest.raises(ValueError, match=words):
        compare(events, people, **settings).estimates()


# Limits


@pytest.mark.parametrize(("x", "y"), [(1, 3), (5, 2), (40, 90), (0, 8)])
def test_limits_leave_their_tails(x, y):
    """Binomial given the sum, with odds = ratio × 2 (person-years 2,000 against 1,000)."""
    for method, weight in (("mid-p", 0.5), ("exact", 1.0)):
        low, high = (
            float(limit) for limit in rate_ratio_limits(x, y, person_years=2_000, reference_years=1_000, method=method)
        )
        share_low, share_high = (ratio * 2 / (1 + ratio * 2) for ratio in (low, high))
        chance = stats.binom
        if x:
            tail = chance.sf(x, x + y, share_low) + weight * chance.pmf(x, x + y, share_low)
            assert tail == pytest.approx(0.025, abs=1e-9)
        tail = chance.cdf(x - 1, x + y, share_high) + weight * chance.pmf(x, x + y, share_high)
        assert tail == pytest.approx(0.025, abs=1e-9)


def test_large_counts_give_the_log_normal_limits():
    low, high = rate_ratio_limits(4_000, 9_000, person_years=1, reference_years=1)
    reach = np.exp(1.959964 * np.sqrt(1 / 4_000 + 1 / 9_000))
    assert (float(low), float(high)) == pytest.approx((4 / 9 / reach, 4 / 9 * reach), rel=1e-3)


def test_limits_at_the_edges():
    low, high = rate_ratio_limits([0, 3, 0, np.nan], [3, 0, 0, 3], person_years=1, reference_years=1)
    assert low[0] == 0 and 0 < high[0] < np.inf and low[1] == pytest.approx(1 / high[0]) and np.isinf(high[1])
    assert np.isnan([low[2], high[2], low[3], high[3]]).all()


def test_none_of_a_group_is_a_ratio_of_zero_and_none_of_the_reference_no_ratio():
    none = compare(counts(stops=[400, 0, 200, 0]))
    row = none.estimates().set_index("label").loc["Asian"]
    assert row["estimate"] == 0 == row["low"] and 0 < row["high"] < 0.1 and row["reason"] == ""
    assert [text.get_text() for text in none.plot().texts] == ["none counted"]
    nobody = compare(counts(stops=[0, 10, 20, 5]))
    assert set(nobody.estimates()["reason"]) == {"not estimable: no stops of the reference group"}
    assert nobody.summary().startswith("No ratio can be given. No number for 2 groups")


def test_mid_p_limits_cover_about_as_often_as_they_say_and_exact_ones_at_least():
    """Means of 6 and 12 events, true ratio 2 (half the person-years): 2,000 draws."""
    rng = np.random.default_rng(8)
    x, y = rng.poisson(6, 2_000), rng.poisson(12, 2_000)
    covered = {}
    for method in ("mid-p", "exact"):
        low, high = rate_ratio_limits(x, y, person_years=1, reference_years=4, method=method)
        covered[method] = float(((low <= 2) & (high >= 2)).mean())
    assert 0.935 <= covered["mid-p"] <= 0.97 and covered["exact"] >= 0.95


# Release


@pytest.mark.parametrize("policy", ["opensafely", "nhs-hes", "ons", "acro"])
@pytest.mark.parametrize("make", [compare, compose])
@pytest.mark.parametrize("at", [1, 3], ids=["small group", "few not recorded"])
def test_a_small_count_shows_in_nothing(policy, make, at):
    def released(few):
        numbers = [430, 100, 61, 100]
        numbers[at] = few
        return release(make(counts(stops=numbers, victims=[82, 60, 51, 40])), POLICIES[policy])

    first, second = released(4), released(6)
    assert [row[:2] for row in first.result.table().text_rows()] == [
        row[:2] for row in second.result.table().text_rows()
    ]
    held = first.result.cells()
    assert held["count"].isna().sum() == first.withheld >= 1
    known = held["count"].dropna()
    assert (known > POLICIES[policy].suppress_to).all() and (known % POLICIES[policy].nearest == 0).all()
    if POLICIES[policy].nearest > 1:
        totals = [release(make(counts(stops=[430, 100, 61, 100], victims=[82, 60, 51, 40])), POLICIES[policy])]
        assert totals[0].withheld == 0


@pytest.mark.parametrize("make", [compare, compose])
@pytest.mark.parametrize("policy", ["ons", "acro"])
def test_neither_the_total_of_a_kind_nor_that_of_a_group_tells_a_small_count(policy, make):
    events = counts(stops=[430, 100, 4, 100], victims=[82, 60, 51, 40], suspects=[90, 55, 44, 33])
    cells = release(make(events), POLICIES[policy]).result.cells()
    held = cells[cells["count"].isna()]
    assert (held[~held["total"]].groupby("kind").size() >= 2).all(), "beside the total of stops"
    assert (held[~held["total"]].groupby("label").size() >= 2).all(), "beside the total of the group over kinds"


@pytest.mark.parametrize("make", [compare, compose])
def test_two_small_counts_of_equal_total_cannot_be_told_apart(make):
    events = [counts(stops=[430, few, 61, other]) for few, other in ((3, 5), (5, 3))]
    first, second = (release(make(held), SAFE).result for held in events)
    assert shown(first) == shown(second)


def test_what_is_withheld_blanks_what_needs_it_and_nothing_else():
    found = release(compare(counts(stops=[430, 100, 61, 4])), SAFE).result
    rows = found.estimates()
    assert rows["estimate"].notna().all() and rows[["least", "most"]].isna().all(axis=None)
    assert "How often ethnicity (self-defined) was recorded is withheld." in found.summary()
    ends = [value for value in found.values() if value.name.startswith("rate_ratio_if")]
    assert len(ends) == 4 and all(value.reason == "withheld: a count is withheld" for value in ends)
    base = release(compare(counts(stops=[4, 100, 61, 40])), SAFE).result
    assert base.estimates()["estimate"].isna().all() and "withheld" in base.summary()


def test_a_released_ratio_is_that_of_rounded_counts_and_open_changes_nothing():
    result = compare(counts(stops=[431, 99, 63, 38]))
    found = release(result, SAFE).result.estimates().set_index("label")
    assert found.loc["Black", "estimate"] == pytest.approx(65 / 1_000 / (430 / 8_000))
    assert found.loc["Black", "most"] == pytest.approx((65 + 40) / 1_000 / (430 / 8_000))
    for made in (result, compose(STOPS), compare(counts(stops=[400, 100, 200, 100], victims=[80, 20, 10, 3]))):
        assert shown(release(made, OPEN).result) == shown(made)


def test_the_picture_shows_interval_and_ends():
    axes = compare(STOPS).plot()
    thick, thin = axes.collections
    assert [segment[:, 0].tolist() for segment in thin.get_segments()] == [
        pytest.approx([1.6, 4]),
        pytest.approx([3.2, 6]),
    ]
    assert len(thick.get_segments()) == 2 and axes.get_xscale() == "log"
    assert axes.get_xlim()[0] < 1.6 and axes.get_xlim()[1] > 6
    words = [text.get_text() for text in axes.get_legend().get_texts()]
    assert words == ["estimate and interval", "if all not recorded were of the one group or of the other"]
    shares = compose(STOPS).plot()
    assert shares.get_xlim()[1] > 62.5 and shares.get_xlabel() == "% of all stops"
