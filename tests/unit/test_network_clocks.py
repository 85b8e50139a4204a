"""The clocks of section 136, and harm after calls not attended: by hand, at the boundary, and as they leave."""

import numpy as np
import pandas as pd
import pytest

from problemsolving.errors import NetworkError, NotEstimableError
from problemsolving.governance.policies import POLICIES
from problemsolving.governance.release import release
from problemsolving.network.pathways.clocks import ASSESSMENT, RELEASE, STAY, count_detentions, measure_clocks
from problemsolving.network.pathways.right_care import measure_right_care
from problemsolving.stats.intervals import wilson_limits

SAFE = POLICIES["opensafely"]
CLOSED = ["opensafely", "ons", "nhs-hes"]
AT = pd.Timestamp("2024-03-01 09:00")


def seeded(seed=1):
    return np.random.default_rng(seed)


def detentions(*rows):
    """Hours from the arrival to release, assessment and end, and what else is known."""
    frame = pd.DataFrame(
        rows, columns=["police_released_at", "assessed_at", "ended_at", "place_of_safety", "outcome", "extended"]
    )
    for name in ("police_released_at", "assessed_at", "ended_at"):
        frame[name] = AT + pd.to_timedelta(frame[name].astype(float), unit="h").dt.round("s")
    return frame.assign(arrived_at=AT)


def many(n=400, seed=2):
    rng = seeded(seed)
    places = rng.choice(["health-based", "emergency-department", "police-station"], n, p=[0.6, 0.385, 0.015])
    columns = (
        rng.exponential(1.2, n),
        rng.exponential(4, n),
        rng.gamma(6, 3, n),
        places,
        rng.choice(["detained", "community"], n),
        rng.random(n) < 0.1,
    )
    return detentions(*zip(*columns, strict=True))


# section 136


def test_exactly_on_the_limit_is_within_it_and_an_extension_gives_twelve_hours():
    table = detentions(
        (1, 3, 24, "a", "x", False), (1.001, 3.001, 24.001, "a", "x", False), (0.5, 1, 36, "a", "x", True), (2, 4, 36.01, "a", "x", True)
    )  # fmt: skip
    shown = measure_clocks(table).estimates().set_index("group")
    assert shown[["within", "over"]].values.tolist() == [[2, 2], [2, 2], [2, 2]]
    assert list(shown.index) == [RELEASE, ASSESSMENT, STAY]
    assert measure_clocks(table.drop(columns="extended")).estimates()["over"].tolist() == [2, 2, 3]


def test_missing_times_are_unknown_and_an_end_before_the_arrival_is_left_out():
    table = detentions(
        (0.5, np.nan, 5, "a", "x", False), (np.nan, 2, np.nan, "a", None, False), (-1, 2, 5, None, "y", False)
    )
    found = measure_clocks(table)
    assert found.estimates()["count"].tolist() == [1, 2, 2]
    told = " ".join(found.caveats)
    assert (
        "lack a time of arrival to assessment" in told
        and "end before they begin by the clock arrival to police release" in told
    )
    places = measure_clocks(table, by="place_of_safety").estimates()
    assert f"{ASSESSMENT}, not recorded" in places["group"].tolist()
    assert count_detentions(table, by="outcome").estimates()["group"].tolist() == ["not recorded", "x", "y"]


def test_shares_medians_and_their_limits_by_another_way():
    table = many()
    shown = measure_clocks(table, by="place_of_safety").estimates().set_index("group")
    for place, mine in table.groupby("place_of_safety"):
        hours = (mine["police_released_at"] - mine["arrived_at"]) / pd.Timedelta(hours=1)
        row = shown.loc[f"{RELEASE}, {place}"]
        assert (row["count"], row["within"], row["median"]) == (
            len(hours),
            (hours <= 1).sum(),
            pytest.approx(hours.median()),
        )
        assert (row["low"], row["high"]) == pytest.approx(wilson_limits((hours <= 1).sum(), len(hours)))
        if len(hours) > 20:
            assert row["median_low"] < row["median"] < row["median_high"]
            inside = ((hours >= row["median_low"]) & (hours <= row["median_high"])).sum()
            assert inside == pytest.approx(1.96 * np.sqrt(len(hours)), abs=4), "order statistics of the binomial"


def test_the_order_of_rows_says_nothing():
    table = many()
    assert measure_clocks(table, by="outcome").values() == measure_clocks(table.iloc[::-1], by="outcome").values()


def test_every_fault_is_told_at_once():
    with pytest.raises(NetworkError) as caught:
        measure_clocks(many().drop(columns="arrived_at").assign(ended_at="late"), by="where")
    assert len(caught.value.faults) == 3
    with pytest.raises(ValueError, match="arrival to assessment"):
        measure_clocks(many(), targets={RELEASE: 1})
    with pytest.raises(NotEstimableError):
        measure_clocks(many().assign(arrived_at=pd.NaT))
    with pytest.raises(NotEstimableError):
        count_detentions(many().head(0), by="outcome")


@pytest.mark.parametrize("policy", CLOSED)
def test_clocks_leave_recomputed_or_withheld(policy):
    rules, raw = POLICIES[policy], measure_clocks(many(), by="place_of_safety")
    shown = release(raw, rules).result
    counts = shown.frame["count"].dropna()
    assert not rules.is_small(counts).any() and (counts % rules.nearest == 0).all()
    told = shown.estimates().set_index("group")
    station = told.loc[[f"{clock}, police-station" for clock in (RELEASE, ASSESSMENT)]]
    assert station[["count", "estimate", "median"]].isna().all(axis=None)
    row = told.loc[f"{RELEASE}, health-based"]
    assert row["estimate"] == pytest.approx(row["within"] / (row["within"] + row["over"])) and row["median"] == round(
        row["median"], 1
    )
    assert (
        row["median_high"] >= raw.estimates().set_index("group").loc[f"{RELEASE}, health-based", "median_high"] - 0.05
    )
    assert shown.plot() is not None and "nan" not in shown.summary()
    assert release(raw, POLICIES["open"]).result.values() == raw.values()
    assert "No clock" in release(measure_clocks(many(5)), rules).result.summary()
    mix = release(count_detentions(many(), by="place_of_safety"), rules).result
    assert mix.frame["count"].isna().sum() >= 1 + (rules.nearest == 1) and "commonest" in mix.summary()


def test_the_summary_gives_share_interval_and_median():
    text = measure_clocks(many()).summary()
    assert text.startswith("Of 400 detentions arrival to police release: ") and "the median was" in text


# right care, right person


def calls_of(n=2_000, seed=3, risks=(0.10, 0.04), repeat=1):
    """Calls, and harm after some of them: risk after calls not attended, and attended."""
    rng = seeded(seed)
    who = np.repeat(np.arange(n // repeat), repeat)
    went = rng.random(len(who)) < 0.5
    hurt = rng.random(len(who) // repeat).repeat(repeat) < np.where(went, risks[1], risks[0])
    called = AT + pd.to_timedelta(rng.integers(0, 200, len(who)), unit="D")
    calls = pd.DataFrame({"person_id": who, "called_at": called, "attended": went})
    harms = pd.DataFrame({"person_id": who[hurt], "occurred_at": called[hurt] + pd.Timedelta(days=2)})
    return calls, harms


def test_harm_after_calls_by_hand():
    calls = pd.DataFrame(
        {
            "person_id": ["a", "b", "c", "d", "e", None],
            "called_at": [AT] * 6,
            "attended": [False, False, True, True, None, True],
        }
    )
    day = pd.Timedelta(days=1)
    harms = pd.DataFrame(
        {
            "person_id": ["a", "b", "b", "c", "d", None],
            "occurred_at": [AT + 7 * day, AT, AT - day, AT + 7.01 * day, AT + day, AT + day],
        }
    )
    found = measure_right_care(calls, harms, within_days=7, until=AT + 60 * day)
    assert found.frame.set_index(["group", "part"])["count"].to_dict() == {
        ("not attended", "harm"): 1, ("not attended", "none"): 1, ("attended", "harm"): 1, ("attended", "none"): 1,
    }  # fmt: skip
    assert found.difference()[0] == 0 and found.ratio()[0] == 1
    with pytest.raises(NotEstimableError, match="watched"):
        measure_right_care(calls, harms, within_days=7, until=AT + 6 * day)


def test_newcombes_interval_of_his_paper():
    """Newcombe 1998, table II: 56/70 against 48/80, method 10: 0.0524 to 0.3339."""
    calls = pd.DataFrame({"person_id": range(150), "called_at": AT, "attended": [False] * 70 + [True] * 80})
    harms = pd.DataFrame({"person_id": [*range(56), *range(70, 118)], "occurred_at": AT + pd.Timedelta(days=1)})
    told, limits = measure_right_care(calls, harms, within_days=7, until="2024-12-31").difference()
    assert (told, limits.low, limits.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)


def test_calls_not_watched_are_left_out_of_both_kinds():
    calls, harms = calls_of()
    until = AT + pd.Timedelta(days=100)
    early = calls[calls["called_at"] <= until - pd.Timedelta(days=30)]
    one = measure_right_care(calls, harms[harms["occurred_at"] <= until], within_days=30, until=until)
    other = measure_right_care(early, harms, within_days=30, until="2025-12-31")
    assert one.frame.equals(other.frame) and any("were not watched" in caveat for caveat in one.caveats)
    assert (
        measure_right_care(calls.iloc[::-1], harms.iloc[::-1], within_days=30).values()
        == measure_right_care(calls, harms, within_days=30).values()
    )


def test_calls_of_one_person_widen_the_limits():
    single, repeated = (
        measure_right_care(*calls_of(repeat=repeat), within_days=400, until="2030-01-01") for repeat in (1, 4)
    )
    widths = [limits.high - limits.low for _, limits in (single.difference(), repeated.difference())]
    assert single.dispersion == 1 and repeated.dispersion > 1.5 and widths[1] > 1.2 * widths[0]


def test_the_summary_says_associated_and_no_cause():
    found = measure_right_care(*calls_of(), within_days=7)
    text = found.summary()
    assert found.design == "associational" and "associated" in text and "no proof of a cause" in text
    assert any("differ in more than attendance" in caveat for caveat in found.caveats)


@pytest.mark.parametrize("policy", CLOSED)
def test_right_care_leaves_recomputed_or_withheld(policy):
    rules, raw = POLICIES[policy], measure_right_care(*calls_of(), within_days=7)
    shown = release(raw, rules).result
    counts = shown.frame["count"]
    assert not rules.is_small(counts).any() and (counts % rules.nearest == 0).all()
    (one, n1), (other, n2) = (row for row in shown.estimates()[["harm", "count"]].values.tolist())
    assert shown.difference()[0] == pytest.approx(one / n1 - other / n2)
    few = release(measure_right_care(*calls_of(risks=(0.10, 0.002)), within_days=7), rules).result
    assert all(v.estimate is None and v.reason for v in few.values() if v.name in ("risk_difference", "risk_ratio"))
    assert "cannot be compared" in few.summary() and few.plot() is None
    opened = release(raw, POLICIES["open"]).result
    assert opened.values() == raw.values() and opened.summary() == raw.summary()


def test_no_harm_on_one_side_has_a_difference_and_no_ratio():
    found = measure_right_care(*calls_of(risks=(0.10, 0.0)), within_days=7)
    assert found.difference()[0] > 0 and np.isnan(found.ratio()[0]) and "ratio" not in found.summary()
    assert any("not estimable" in (v.reason or "") for v in found.values() if v.name == "risk_ratio")
