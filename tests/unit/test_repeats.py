"""Repeats: shares by number of events beside chance, and how soon the next event follows."""

import time

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.duration.survfunc import SurvfuncRight

from problemsolving.errors import NotEstimableError
from problemsolving.governance.policies import POLICIES
from problemsolving.governance.release import release
from problemsolving.measures.repeat_shares import repeat_share, truncated_rate
from problemsolving.measures.repeat_times import measure_repeat_times
from problemsolving.measures.repeats import measure_repeats

SAFE = POLICIES["opensafely"]


def seeded(seed=1):
    return np.random.default_rng(seed)


def events_of(*counts):
    """Identifiers of people with so many events each."""
    return [f"p{person}" for person, many in enumerate(counts) for _ in range(many)]


def text_of(result):
    return result.summary() + repr(result.values()) + repr(result.table().text_rows()) + " ".join(result.caveats)


# how many have how many


def test_people_and_events_by_class_by_hand():
    result = measure_repeats(events_of(1, 1, 1, 2, 2, 3, 7, 9), rng=seeded())
    shown = result.estimates().set_index("group")
    assert shown["count"].tolist() == [3, 2, 1, 0, 2]
    assert shown["estimate"].tolist() == pytest.approx([3 / 26, 4 / 26, 3 / 26, 0, 16 / 26])
    assert shown["people"].tolist() == pytest.approx([3 / 8, 2 / 8, 1 / 8, 0, 2 / 8])
    assert result.repeat_share()[0] == pytest.approx(18 / 26)


def test_those_without_an_event_are_a_class_where_the_exposed_are_known():
    result = measure_repeats(events_of(1, 2), exposed=10, rng=seeded())
    assert result.frame["group"].tolist() == ["0", "1", "2", "3", "4", "5 or more"]
    assert result.frame["count"].tolist() == [8, 1, 1, 0, 0, 0]
    assert result.estimates()["people"].tolist() == pytest.approx([0.8, 0.1, 0.1, 0, 0, 0])
    assert result.repeat_share()[0] == pytest.approx(1 / 3)


def test_events_without_an_identifier_are_neither_dropped_as_duplicates_nor_one_person():
    known = events_of(1, 1, 3)
    missing = [None, np.nan, "", "  ", None, pd.NA]
    with_missing, without = (measure_repeats(ids, rng=seeded()) for ids in (known + missing, known))
    assert with_missing.frame.equals(without.frame) and with_missing.repeat_share() == without.repeat_share()
    assert with_missing.identified == pytest.approx(5 / 11) and without.identified == 1
    assert "At least 45% of the incidents had an identifier" in with_missing.summary()
    assert "under-counted" in with_missing.summary() and "Every one" in without.summary()
    told = {value.name: value.estimate for value in with_missing.values()}
    assert told["identified"] == pytest.approx(5 / 11)


def test_events_of_which_none_has_an_identifier_are_not_estimable():
    with pytest.raises(NotEstimableError, match="no event has an identifier"):
        measure_repeats([None, "", " "])


def test_the_limits_are_those_of_drawing_people_anew():
    rng = seeded(3)
    counts = 1 + rng.negative_binomial(0.4, 0.2, 300)
    result = measure_repeats(events_of(*counts), rng=seeded())
    drawn = counts[rng.integers(300, size=(4_000, 300))]
    share = 1 - 300 / drawn.sum(axis=1)
    top = np.where(drawn >= 5, drawn, 0).sum(axis=1) / drawn.sum(axis=1)
    _, limits, _ = result.repeat_share()
    assert (limits.low, limits.high) == pytest.approx(np.quantile(share, [0.025, 0.975]), abs=0.01)
    row = result.estimates().iloc[-1]
    assert (row["low"], row["high"]) == pytest.approx(np.quantile(top, [0.025, 0.975]), abs=0.015)


def test_chance_over_the_exposed_is_that_of_throwing_events_on_them():
    rng = seeded(4)
    result = measure_repeats(rng.integers(0, 400, 600), exposed=400, rng=seeded())
    thrown = rng.integers(0, 400, (3_000, 600))
    classes = np.stack([np.minimum(np.bincount(row, minlength=400), 5) for row in thrown])
    share = 1 - (classes > 0).sum(axis=1) / 600
    _, _, chance = result.repeat_share()
    assert np.mean(share) == pytest.approx(1 - 400 * (1 - (1 - 1 / 400) ** 600) / 600, abs=0.002)
    assert chance.low <= np.quantile(share, 0.1) and chance.high >= np.quantile(share, 0.9)
    assert (chance.low + chance.high) / 2 == pytest.approx(np.mean(share), abs=0.01)
    shown = result.estimates()
    for low in range(6):
        middle = (shown["chance_people_low"][low] + shown["chance_people_high"][low]) / 2
        assert middle == pytest.approx((classes == low).mean(), abs=0.012)


def test_chance_of_those_with_at_least_one_is_zero_truncated_with_the_same_mean():
    rate = 1.3
    counts = stats.poisson.rvs(rate, size=60_000, random_state=5)
    counts = counts[counts > 0]
    result = measure_repeats(np.repeat(np.arange(len(counts)), counts), rng=seeded(), n_resamples=999)
    shown = result.estimates()
    inside = (shown["chance_people_low"] <= shown["people"]) & (shown["people"] <= shown["chance_people_high"])
    assert truncated_rate(counts.mean()) == pytest.approx(rate, abs=0.03) and inside.sum() >= 4
    assert all(np.isnan([result.repeat_share()[2].low, result.repeat_share()[2].high]))
    assert "cannot differ in the share of repeats" in result.caveats[-1]
    assert "repeat_share_by_chance" not in {value.name for value in result.values()}


def test_a_few_people_with_very_many_are_beyond_chance():
    result = measure_repeats(events_of(*[1] * 300, *[2] * 40, *[30] * 8), rng=seeded())
    top = result.estimates().iloc[-1]
    assert top["low"] > top["chance_high"] and f"{top['people']:.1%} of people with 5 or more" in result.summary()


def test_chance_says_nothing_is_beyond_it_where_all_have_the_same_risk():
    rng, beyond = seeded(6), 0
    for _ in range(200):
        result = measure_repeats(rng.integers(0, 300, 240), exposed=300, n_resamples=299, rng=rng)
        share, _, chance = result.repeat_share()
        beyond += share > chance.high
    assert beyond <= 0.025 * 200 + 3 * np.sqrt(200 * 0.025)


def test_everyone_with_one_event_has_no_repeats():
    result = measure_repeats(events_of(1, 1, 1), rng=seeded())
    assert result.repeat_share()[0] == 0 and "None of the people had 5 or more" in result.summary()
    assert result.estimates()["chance_high"].tolist() == [1, 0, 0, 0, 0]


def test_other_classes_and_other_words():
    result = measure_repeats(events_of(1, 2, 3, 8), most=3, who="addresses", of="calls", rng=seeded())
    assert result.frame["group"].tolist() == ["1", "2", "3 or more"] and result.frame["count"].tolist() == [1, 1, 2]
    assert "same address" in result.summary() and "same address" in result.plot().get_xlabel()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [({"exposed": 1}, "exposed"), ({"most": 1}, "most"), ({"confidence_level": 0}, "confidence_level")],
)
def test_wrong_numbers_are_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        measure_repeats(["a", "b"], **arguments)


def test_share_of_repeats_and_rate():
    assert repeat_share([1, 2], [[2, 1], [0, 2]]).tolist() == pytest.approx([1 / 4, 2 / 4])
    for rate in (0.01, 0.5, 4.0):
        assert truncated_rate(rate / (1 - np.exp(-rate))) == pytest.approx(rate)


def test_the_picture_has_a_row_a_class_with_an_event_and_what_chance_would_give():
    picture = measure_repeats(events_of(1, 1, 2, 3, 6), exposed=20, rng=seeded()).plot()
    assert [tick.get_text() for tick in picture.get_yticklabels()] == ["1", "2", "3", "4", "5 or more"]
    assert len(picture.patches) == 5


# release of shares


def test_shares_are_computed_from_rounded_counts():
    counts = [*[1] * 403, *[2] * 102, *[3] * 48, *[4] * 21, *[6] * 13]
    result = measure_repeats([*events_of(*counts), None], rng=seeded())
    shown = release(result, SAFE).result
    assert shown.frame["count"].tolist() == [405, 100, 50, 20, 15]
    assert shown.estimates()["estimate"].tolist() == pytest.approx(np.array([405, 200, 150, 80, 90]) / 925)
    assert shown.identified == 0.95 and "At least 95%" in shown.summary()
    assert all(value.n is None or value.n % 5 == 0 for value in shown.values())


@pytest.mark.parametrize("policy", ["opensafely", "ons"])
def test_a_withheld_class_takes_the_events_of_the_top_with_it(policy):
    counts = [*[1] * 403, *[2] * 102, *[3] * 48, *[4] * 21, *[37] * 3]
    result = measure_repeats(events_of(*counts), rng=seeded())
    shown = release(result, POLICIES[policy]).result
    assert shown.frame["count"].isna().tolist()[-1] and np.isnan(shown.top[0]).all()
    assert shown.estimates().drop(columns=["group", "events", "count"]).isna().all(axis=None)
    assert "withheld" in shown.summary() and "37" not in text_of(shown) and "111" not in text_of(shown)
    assert all(value.estimate is None or value.name == "identified" for value in shown.values())
    assert shown.plot() is not None
    coarse = measure_repeats(events_of(*counts), most=3, rng=seeded())
    assert release(coarse, POLICIES[policy]).result.repeat_share()[0] > 0.2


def test_the_most_that_anyone_had_does_not_leave():
    counts = [*[1] * 400, *[2] * 100, *[3] * 50, *[4] * 20, *[5] * 19, 871]
    shown = release(measure_repeats(events_of(*counts), rng=seeded()), SAFE).result
    assert "871" not in text_of(shown) and 871 not in shown.top[0]


def test_policy_open_changes_no_share():
    result = measure_repeats([*events_of(1, 1, 2, 6), None], rng=seeded())
    opened = release(result, POLICIES["open"]).result
    assert opened.values() == result.values() and opened.summary() == result.summary()


# how soon


def test_waits_of_a_few_people_by_hand():
    ids = ["a", "a", "a", "b", "c", "c", None]
    days = [0, 5, 40, 10, 20, 20, 3]
    shown = measure_repeat_times(ids, days, until=60, bands=(0, 8, 31), n_resamples=9, rng=seeded()).frame
    # a: 5, 35, then 20 watched; b: 50 watched; c: 0, then 40 watched
    assert shown["group"].tolist() == ["0 to under 8 days", "8 to under 31 days", "31 days or more"]
    assert shown["count"].tolist() == [2, 0, 1]
    assert shown["days"].tolist() == [6 + 8 + 8 + 8 + 1 + 8, 23 + 12 + 23 + 23, 5 + 19 + 9]
    assert shown["at_risk"].tolist() == [6, 3.5, 2 + 0.5 - 0.5 * 1]


def test_the_share_by_the_end_is_that_of_kaplan_and_meier():
    rng = seeded(7)
    person = np.arange(400).repeat(2)
    first = rng.integers(0, 500, 400)
    second = first + np.floor(rng.exponential(120, 400)).astype(int)
    days = np.column_stack([first, second]).ravel()
    kept = days < 600
    result = measure_repeat_times(
        person[kept], days[kept], until=600, bands=(0, 8, 31, 91, 183, 365), n_resamples=9, rng=seeded()
    )
    seen = second < 600
    wait = np.concatenate([np.where(seen, second - first, 600 - first), 600 - second[seen]])
    followed = np.concatenate([seen, np.zeros(seen.sum(), bool)])
    curve = SurvfuncRight(np.where(followed, wait, wait - 0.5) + 1, followed.astype(int))
    by_end = result.estimates()["by_end"]
    assert np.isnan(by_end.iloc[-1]), "a band without end has no share by its end"
    for edge, told in zip((8, 31, 91, 183, 365), by_end, strict=False):
        assert told == pytest.approx(1 - curve.surv_prob[curve.surv_times <= edge][-1], abs=0.012)


def test_leaving_out_those_not_watched_to_the_end_would_tell_too_much():
    """Half the people enter late: the plain share of next events by their wait leans to short waits."""
    rng = seeded(8)
    first = rng.integers(0, 365, 3_000)
    second = first + np.floor(rng.exponential(300, 3_000)).astype(int)
    days, person = np.column_stack([first, second]).ravel(), np.arange(3_000).repeat(2)
    kept = days < 365
    result = measure_repeat_times(person[kept], days[kept], until=365, bands=(0, 91), n_resamples=9, rng=seeded())
    one = measure_repeat_times(
        np.concatenate([np.arange(3_000), np.arange(3_000)[second < 365]]), np.concatenate([first, second[second < 365]]), until=365, bands=(0, 91), n_resamples=9, rng=seeded()
    )  # fmt: skip
    assert result.values() == one.values(), "the order of rows says nothing"
    waits = (second - first)[second < 365]
    assert (waits < 91).mean() > 0.5 and result.estimates()["by_end"].iloc[0] < 0.27


def test_a_steady_risk_is_the_same_in_every_band_and_no_more_than_chance():
    rng = seeded(9)
    person = np.repeat(np.arange(600), rng.poisson(3, 600))
    result = measure_repeat_times(person, rng.integers(0, 730, len(person)), until=730, n_resamples=199, rng=seeded())
    shown = result.estimates()
    overlap = (shown["low"] <= shown["chance_high"]) & (shown["high"] >= shown["chance_low"])
    assert overlap.all() and "At no time since the last" in result.summary()


def test_differences_between_people_alone_are_part_of_chance():
    """Some are at higher risk all along: the daily risk falls with time, in chance as well."""
    rng = seeded(10)
    person = np.repeat(np.arange(800), rng.poisson(rng.gamma(0.4, 6, 800)))
    result = measure_repeat_times(person, rng.integers(0, 730, len(person)), until=730, n_resamples=199, rng=seeded())
    shown = result.estimates()
    assert shown["estimate"].iloc[0] > 1.5 * shown["estimate"].iloc[-2]
    assert not (shown["low"] > shown["chance_high"]).any()


def test_a_risk_that_rises_after_an_event_is_told_with_its_band():
    rng = seeded(11)
    first = rng.integers(0, 700, 500)
    again = first + np.where(rng.random(500) < 0.2, rng.integers(0, 8, 500), rng.integers(50, 600, 500))
    person, days = np.arange(500).repeat(2), np.column_stack([first, again]).ravel()
    kept = days < 730
    result = measure_repeat_times(person[kept], days[kept], until=730, n_resamples=199, of="burglaries", rng=seeded())
    assert "The daily risk was highest at 0 to under 8 days since the last" in result.summary()
    top = result.estimates().iloc[0]
    assert top["low"] > top["chance_high"] and top["by_end"] == pytest.approx(0.2 * 0.5, abs=0.03)


def test_chance_is_that_of_shuffling_times_by_hand():
    rng = seeded(12)
    person, days = np.repeat(np.arange(60), rng.integers(1, 5, 60)), rng.integers(0, 200, 1_000)
    days = days[: len(person)]
    result = measure_repeat_times(person, days, until=200, bands=(0, 10), n_resamples=1_999, rng=seeded())
    risks = []
    for _ in range(600):
        frame = pd.DataFrame({"person": person, "day": rng.permutation(days)}).sort_values(["person", "day"])
        wait = frame.groupby("person")["day"].shift(-1) - frame["day"]
        watched = np.minimum(wait.add(1).fillna(200 - frame["day"]), 10)
        risks.append((wait < 10).sum() / watched.sum() * 1_000)
    row = result.frame.iloc[0]
    assert (row["chance_low"], row["chance_high"]) == pytest.approx(np.quantile(risks, [0.025, 0.975]), rel=0.06)


def test_the_interval_covers_the_risk_of_clustered_people():
    rng, covered = seeded(13), []
    for _ in range(250):
        frailty = rng.gamma(4, 0.25, 150)
        person, days = [], []
        for one, level in enumerate(frailty):
            at = np.cumsum(rng.geometric(np.minimum(0.02 * level, 1), 60))
            at = at[at < 200]
            person += [one] * len(at)
            days += at.tolist()
        shown = measure_repeat_times(person, days, until=200, bands=(0, 30), n_resamples=2, rng=rng).estimates().iloc[0]
        covered.append((shown["low"], shown["high"], shown["count"], shown["days"]))
    low, high, count, watched = np.array(covered).T
    truth = count.sum() / watched.sum() * 1_000
    assert 0.9 <= np.mean((low <= truth) & (truth <= high)) <= 0.985


def test_a_band_without_a_next_event_has_an_upper_limit():
    shown = measure_repeat_times(
        ["a", "b", "b"], [0, 0, 50], until=100, bands=(0, 10), n_resamples=9, rng=seeded()
    ).estimates()
    assert shown["estimate"].iloc[0] == 0 and shown["low"].iloc[0] == 0
    assert shown["high"].iloc[0] == pytest.approx(-np.log(0.05) / 30 * 1_000)


def test_what_is_left_out_assumed_or_on_one_day_is_told():
    ids, days = ["a", "a", "b", "b", None], [0, 0, 3, 40, 9]
    caveats = " ".join(measure_repeat_times(ids, days, n_resamples=9, rng=seeded()).caveats)
    assert (
        "about 20 in 100" in caveats
        and "the day after the last event" in caveats
        and "same day (about 50 in 100)" in caveats
    )
    assert "day after the last" not in " ".join(
        measure_repeat_times(ids, days, until=50, n_resamples=9, rng=seeded()).caveats
    )
    dated = measure_repeat_times(
        ["a", "a"], ["2024-01-01 23:00", "2024-01-02 01:00"], until="2024-02-01", n_resamples=9, rng=seeded()
    )
    assert dated.frame["days"].iloc[0] == 2 + 8, "two days until the next one, then eight of thirty"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"until": 3}, "until"),
        ({"bands": (1, 8)}, "begin at 0"),
        ({"bands": (0, 8, 5)}, "bands"),
        ({"confidence_level": 2}, "confidence_level"),
    ],
)
def test_wrong_windows_are_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        measure_repeat_times(["a", "a"], [0, 3], n_resamples=9, **arguments)


def test_arrays_that_do_not_match_and_nothing_known_are_refused():
    with pytest.raises(ValueError, match="one entry an event"):
        measure_repeat_times(["a"], [0, 3])
    with pytest.raises(NotEstimableError):
        measure_repeat_times([None, "b"], [0, np.nan])


def test_many_events_take_seconds():
    rng = seeded()
    person, days = rng.integers(0, 8_000, 16_000), rng.integers(0, 730, 16_000)
    began = time.process_time()
    measure_repeat_times(person, days, until=730, n_resamples=199, rng=rng)
    assert time.process_time() - began < 3


# release of times


def course(seed=11, n=900):
    rng = seeded(seed)
    first = rng.integers(0, 700, n)
    again = first + np.where(rng.random(n) < 0.2, rng.integers(0, 8, n), rng.integers(9, 600, n))
    person, days = np.arange(n).repeat(2), np.column_stack([first, again]).ravel()
    return person[days < 730], days[days < 730]


def test_next_events_leave_rounded_and_the_rest_coarse():
    result = measure_repeat_times(*course(), until=730, n_resamples=99, rng=seeded())
    shown = release(result, SAFE).result
    assert (shown.frame["count"] % 5 == 0).all()
    assert (shown.frame["at_risk"] % 10 == 0).all() and (shown.frame["days"] % 100 == 0).all()
    assert (shown.frame["error"] * 100 % 1).round(6).isin([0, 1]).all()
    told = shown.estimates()
    assert told["estimate"].tolist() == pytest.approx((told["count"] / told["days"] * 1_000).tolist())
    assert told["by_end"].iloc[0] == pytest.approx(told["count"].iloc[0] / told["at_risk"].iloc[0])


@pytest.mark.parametrize("policy", ["opensafely", "ons"])
def test_a_withheld_band_ends_the_share_and_tells_nothing(policy):
    result = measure_repeat_times(*course(), until=730, bands=(0, 8, 9, 10, 91, 365), n_resamples=99, rng=seeded())
    small = result.frame["count"] <= 7
    assert small.any()
    shown = release(result, POLICIES[policy]).result
    told = shown.estimates()
    hidden = told["count"].isna()
    assert hidden[small].all()
    assert (
        told.loc[hidden, ["estimate", "low", "high", "days", "at_risk", "error", "chance_low", "by_end"]]
        .isna()
        .all(axis=None)
    )
    first = int(np.flatnonzero(hidden)[0])
    assert told["by_end"].iloc[first:].isna().all() and told["estimate"][~hidden].notna().all()
    assert "nan" not in shown.summary() and shown.plot() is not None
    assert any(text.get_text() == "withheld" for text in shown.plot().texts)


def test_all_bands_withheld_is_told():
    shown = release(
        measure_repeat_times(events_of(2, 2, 1), [0, 3, 5, 90, 7], n_resamples=9, rng=seeded()), SAFE
    ).result
    assert "withheld" in shown.summary()


def test_policy_open_changes_no_time():
    result = measure_repeat_times(*course(), until=730, n_resamples=49, rng=seeded())
    opened = release(result, POLICIES["open"]).result
    assert (
        opened.values() == result.values() and opened.table() == result.table() and opened.summary() == result.summary()
    )


def test_the_picture_of_times_has_a_row_a_band_and_chance():
    picture = measure_repeat_times(*course(), until=730, n_resamples=49, rng=seeded()).plot()
    assert len(picture.get_yticklabels()) == 6 and "days at risk" in picture.get_xlabel()
