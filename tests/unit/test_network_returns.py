"""Coming back, dropping off, contacts before help, and being seen by all: by hand, censored, and as they leave."""

from collections import defaultdict

import numpy as np
import pandas as pd
import pytest

from problemsolving.errors import NetworkError, NotEstimableError
from problemsolving.governance.policies import POLICIES
from problemsolving.governance.release import release
from problemsolving.network.pathways.contacts_before import measure_contacts_before
from problemsolving.network.pathways.drop_off import measure_drop_off
from problemsolving.network.pathways.returns import measure_returns
from problemsolving.network.pathways.seen_by_all import find_seen_by_all
from problemsolving.network.pathways.watched import watch
from problemsolving.stats.intervals import wilson_limits

SAFE = POLICIES["opensafely"]
START = pd.Timestamp("2024-01-01")
CLOSED = ["opensafely", "ons", "nhs-hes"]


def seeded(seed=1):
    return np.random.default_rng(seed)


def contacts(*rows):
    """Rows of person, agency, day and, optionally, day of the end."""
    frame = pd.DataFrame(rows, columns=["person_id", "agency", "started_at", "ended_at"][: len(rows[0])])
    for name in frame.columns[2:]:
        frame[name] = START + pd.to_timedelta(frame[name].astype(float), unit="D")
    return frame


def many(seed=1, people=600, agencies="abc", n=2_000):
    rng = seeded(seed)
    return contacts(
        *zip(
            (f"p{at}" for at in rng.integers(0, people, n)),
            rng.choice(list(agencies), n),
            rng.uniform(0, 400, n),
            strict=True,
        )
    )


def kaplan_meier(days, happened, at):
    """Share to whom it happened by a day, step by step."""
    left = 1.0
    for day in sorted({float(x) for x, y in zip(days, happened, strict=True) if y and x <= at}):
        risk = sum(x >= day for x in days)
        left *= 1 - sum(x == day and y for x, y in zip(days, happened, strict=True)) / risk
    return 1 - left


# shares of people watched for different times


def test_the_share_is_that_of_kaplan_and_meier_step_by_step():
    rng = seeded(3)
    for _ in range(20):
        days, happened = rng.integers(0, 60, 80).astype(float), rng.random(80) < 0.5
        found = watch(days, happened, within_days=28)
        assert found.share == pytest.approx(kaplan_meier(days, happened, 28))
        assert found.count == (happened & (days <= 28)).sum() and found.informative <= found.at_risk + 1e-9 <= 80 + 1e-6


def test_everyone_watched_gives_the_plain_share_and_no_event_gives_nought():
    found = watch(np.array([5.0, 28, 29, 90]), np.array([True, True, True, False]), within_days=28)
    assert (found.share, found.at_risk, found.informative) == (0.5, 4, 4)
    none = watch(np.array([40.0, 3]), np.zeros(2, bool), within_days=28)
    assert none.share == 0 and none.at_risk == 1
    assert np.isnan(watch(np.array([3.0, 4]), np.array([True, False]), within_days=28).share)


def test_limits_cover_the_share_of_people_who_enter_late():
    rng, covered, estimates = seeded(4), 0, []
    truth = 1 - np.exp(-28 / 60)
    for _ in range(400):
        wait, until = rng.exponential(60, 150), rng.uniform(0, 70, 150)
        found = watch(np.minimum(wait, until), wait <= until, within_days=28)
        low, high = wilson_limits(found.share * found.informative, found.informative)
        covered += low <= truth <= high
        estimates.append(found.share)
    assert 0.92 <= covered / 400 <= 0.98 and np.mean(estimates) == pytest.approx(truth, abs=0.01)


# the revolving door


def test_returns_by_hand():
    log = contacts(
        ("a1", "p", 0),
        ("a1", "p", 28),
        ("a2", "p", 0),
        ("a2", "q", 3),
        ("a3", "p", 0),
        ("a3", "p", 28.5),
        ("a4", "p", 0),
        ("a4", "p", 0),
    )
    same, anyone = (
        measure_returns(log, within_days=28, to=to, until=START + pd.Timedelta(days=200)) for to in ("same", "any")
    )
    shown = same.estimates().set_index("group")
    assert shown.loc["p", ["count", "happened", "estimate"]].tolist() == [4, 1, 0.25], (
        "the last day counts, the same moment does not"
    )
    assert shown.loc["q", "estimate"] == 0
    assert anyone.estimates().set_index("group").loc["p", "estimate"] == 0.5
    assert [shown.loc["p", "low"], shown.loc["p", "high"]] == pytest.approx(
        [float(limit) for limit in wilson_limits(1, 4)]
    )


def test_days_run_from_the_end_of_the_first_contact_that_ended():
    log = contacts(
        ("a", "p", 0, np.nan), ("a", "p", 5, 10), ("a", "p", 8, 9), ("a", "p", 30, np.nan), ("b", "p", 0, np.nan)
    )
    found = measure_returns(log, within_days=20, end="ended_at", until="2025-01-01").estimates()
    assert found[["count", "estimate"]].values.tolist() == [[1, 1.0]], (
        "day 30 is 20 days after day 10; who has no end is left out"
    )
    assert measure_returns(log, within_days=19, end="ended_at", until="2025-01-01").estimates()[
        "estimate"
    ].tolist() == [0.0]


def test_returns_of_plain_python_with_people_not_watched():
    log, first, again = many(), {}, defaultdict(lambda: np.inf)
    for row in log.sort_values("started_at").itertuples():
        key = row.person_id, row.agency
        if key in first:
            again[key] = min(again[key], (row.started_at - first[key]) / pd.Timedelta(days=1))
        first.setdefault(key, row.started_at)
    end = log["started_at"].max()
    shown = measure_returns(log.sample(frac=1, random_state=2), within_days=60).estimates().set_index("group")
    for agency in "abc":
        mine = [key for key in first if key[1] == agency]
        watched = [(end - first[key]) / pd.Timedelta(days=1) for key in mine]
        days, happened = zip(
            *((min(again[key], until), again[key] <= until) for key, until in zip(mine, watched, strict=True)),
            strict=True,
        )
        assert shown.loc[agency, "estimate"] == pytest.approx(kaplan_meier(days, happened, 60))
        assert shown.loc[agency, "count"] == len(mine)


def test_those_not_watched_are_told_in_coarse_words():
    found = measure_returns(many(), within_days=90)
    assert any("in 100 of first contacts were not watched" in caveat for caveat in found.caveats)
    assert (
        measure_returns(many(), within_days=90).values() == measure_returns(many().iloc[::-1], within_days=90).values()
    )


def test_wrong_windows_and_nothing_left_are_refused():
    with pytest.raises(ValueError, match="within_days"):
        measure_returns(many(), within_days=0)
    with pytest.raises(NotEstimableError, match="no agency"):
        measure_returns(many(), within_days=9, until="2020-01-01")
    with pytest.raises(NotEstimableError, match="no agency"):
        measure_drop_off(many(), within_days=9, last_steps=("a", "b", "c"))


# dropping off


def test_open_journeys_are_censored_not_lost():
    """Everyone goes on after 20 days, but a quarter came within the last 20: none dropped off."""
    rows = [(f"p{at}", "a", at) for at in range(100)] + [(f"p{at}", "b", at + 20) for at in range(80)]
    found = measure_drop_off(contacts(*rows), within_days=20, until=START + pd.Timedelta(days=99.5)).estimates()
    shown = found.set_index("group").loc["a"]
    assert shown["estimate"] == pytest.approx(0.0) and shown["count"] == 100 and shown["happened"] == 80


def test_drop_off_by_hand_skips_the_same_agency_and_the_last_steps():
    log = contacts(("p", "a", 0), ("p", "a", 5), ("p", "b", 9), ("q", "a", 0), ("q", "a", 3))
    found = measure_drop_off(log, within_days=10, last_steps=("b",), until="2024-12-31").estimates()
    assert found[["group", "count", "estimate"]].values.tolist() == [["a", 2.0, 0.5]]


@pytest.mark.parametrize("policy", CLOSED)
@pytest.mark.parametrize("measure", [measure_returns, measure_drop_off])
def test_shares_leave_recomputed_or_withheld(measure, policy):
    rare = contacts(*((f"z{at}", "rare", at) for at in range(5)), ("z0", "rare", 9), ("z1", "a", 9))
    result, rules = measure(pd.concat([many(n=4_000), rare]), within_days=45), POLICIES[policy]
    shown = release(result, rules).result
    told = shown.estimates().set_index("group")
    assert (
        told.loc["rare", ["count", "estimate", "low", "high"]].isna().all() and "withheld" in told.loc["rare", "reason"]
    )
    counts = shown.frame["count"].dropna()
    assert not rules.is_small(counts).any() and (counts % rules.nearest == 0).all()
    behind = shown.behind[["at_risk", "informative"]].to_numpy()
    assert (behind % 10 == 0).all()
    wide = shown.frame.pivot(index="group", columns="part", values="count").loc["a", "happened"]
    at_risk = min(shown.behind.set_index("group").loc["a", "at_risk"], told.loc["a", "count"])
    share = wide / at_risk
    assert told.loc["a", "estimate"] == pytest.approx(1 - share if shown.turned else share)
    raw = result.estimates().set_index("group")
    assert told.loc["a", "estimate"] == pytest.approx(raw.loc["a", "estimate"], abs=0.02)
    assert shown.plot() is not None and "nan" not in shown.summary()


@pytest.mark.parametrize("measure", [measure_returns, measure_drop_off])
def test_policy_open_changes_no_share(measure):
    result = measure(many(), within_days=45)
    opened = release(result, POLICIES["open"]).result
    assert opened.values() == result.values() and opened.summary() == result.summary()
    hidden = release(measure(many(n=12, people=5), within_days=45), SAFE).result
    assert "No agency" in hidden.summary()


# contacts before the first help


def test_contacts_before_by_hand():
    log = contacts(
        ("a", "police", 0), ("a", "police", 1), ("a", "clinic", 2), ("a", "police", 3),
        ("b", "clinic", 0), ("b", "police", 0), ("c", "police", 0), ("d", "police", 0), ("d", "clinic", 1),
    )  # fmt: skip
    found = measure_contacts_before(log, helping=["clinic"], most=3, rng=seeded())
    assert found.frame["count"].tolist() == [1, 1, 1, 0, 1], "a contact at the time of the help is not before it"
    assert found.median()[0] == 1 and found.helped()[:2] == (3, 0.75)
    assert found.estimates()["estimate"].tolist() == pytest.approx([1 / 3] * 3 + [0])


def test_the_median_and_its_limits_are_those_of_drawing_people():
    rng = seeded(6)
    before = rng.poisson(2.4, 150)
    log = contacts(
        *((f"p{at}", "x", day) for at, n in enumerate(before) for day in range(n)),
        *((f"p{at}", "help", n + 0.5) for at, n in enumerate(before)),
    )
    found = measure_contacts_before(log, helping=["help"], most=9, n_resamples=2_000, rng=seeded())
    middle, limits = found.median()
    drawn = np.median(before[rng.integers(150, size=(2_000, 150))], axis=1)
    assert middle == np.median(before) and [limits.low, limits.high] == np.quantile(drawn, [0.025, 0.975]).tolist()
    assert (
        measure_contacts_before(log.iloc[::-1], helping=["help"], most=9, n_resamples=2_000, rng=seeded()).values()
        == found.values()
    )


def test_a_median_among_the_most_is_so_many_or_more():
    log = contacts(
        *((f"p{at}", "x", day) for at in range(9) for day in range(6)), *((f"p{at}", "help", 99) for at in range(9))
    )
    assert (
        "median of 3 or more contacts" in measure_contacts_before(log, helping=["help"], most=3, rng=seeded()).summary()
    )


def test_an_unknown_helper_is_offered_the_nearest_and_no_help_is_told():
    with pytest.raises(NetworkError) as caught:
        measure_contacts_before(contacts(("a", "clinic", 0)), helping=["clnic"])
    assert 'did you mean "clinic"' in str(caught.value)
    with pytest.raises(NetworkError, match="at least one"):
        measure_contacts_before(contacts(("a", "clinic", 0)), helping=[])


@pytest.mark.parametrize("policy", CLOSED)
def test_contacts_before_leave_by_the_policy(policy):
    log = many(7, people=300, agencies="abcdeh", n=1_500)
    raw = measure_contacts_before(log, helping=["h"], most=3, rng=seeded())
    shown, rules = release(raw, POLICIES[policy]).result, POLICIES[policy]
    counts = shown.frame["count"]
    assert not rules.is_small(counts.dropna()).any() and (counts.dropna() % rules.nearest == 0).all()
    helped = counts[:-1]
    assert shown.estimates()["estimate"].tolist() == pytest.approx(
        (helped / helped.sum(skipna=False)).tolist(), nan_ok=True
    )
    few = release(
        measure_contacts_before(many(n=40, people=20, agencies="ah"), helping=["h"], rng=seeded()), rules
    ).result
    assert "withheld" in few.summary() and all(v.estimate is None for v in few.values() if v.name == "median_contacts")
    opened = release(raw, POLICIES["open"]).result
    assert opened.values() == raw.values() and shown.plot() is not None


# seen by everyone and helped by no one


def test_seen_by_all_of_plain_python():
    log, seen = many(8, people=200, agencies="abcdef", n=700), defaultdict(set)
    for row in log.itertuples():
        seen[row.person_id].add(row.agency)
    helped = [f"p{at}" for at in range(0, 200, 3)]
    found = find_seen_by_all(log, helped=helped, k=4)
    of_many = [who for who in seen if len(seen[who]) >= 4]
    without = sum(who not in helped for who in of_many)
    people, share, limits = found.share()
    assert (people, share) == (without, without / len(of_many)) and found.frame["count"].sum() == len(seen)
    assert (limits.low, limits.high) == pytest.approx(wilson_limits(without, len(of_many)))
    assert f"{without} of the {len(of_many)} people seen by 4 or more agencies" in found.summary()
    assert find_seen_by_all(log.iloc[::-1], helped=helped, k=4).values() == found.values()


@pytest.mark.parametrize("policy", CLOSED)
def test_seen_by_all_leaves_by_the_policy(policy):
    log, rules = many(8, people=500, agencies="abcdef", n=1_700), POLICIES[policy]
    raw = find_seen_by_all(log, helped=[f"p{at}" for at in range(0, 500, 3)], k=3)
    shown = release(raw, rules).result
    counts = shown.frame["count"].dropna()
    assert not rules.is_small(counts).any() and (counts % rules.nearest == 0).all() and "%" in shown.summary()
    few = release(find_seen_by_all(log, helped=[f"p{at}" for at in range(20, 500)], k=4), rules).result
    assert (
        "withheld" in few.summary()
        and "nan" not in few.summary()
        and (few.plot() is None) == few.estimates()["estimate"].isna().all()
    )
    assert release(raw, POLICIES["open"]).result.values() == raw.values()


def test_nobody_seen_and_too_small_a_number_are_refused():
    with pytest.raises(NotEstimableError, match="no contact"):
        find_seen_by_all(many().head(0), helped=[])
    with pytest.raises(ValueError, match="k must"):
        find_seen_by_all(many(), helped=[], k=1)
    lonely = find_seen_by_all(contacts(("a", "x", 0)), helped=[], k=2)
    assert "none" in lonely.summary() and np.isnan(lonely.share()[1])
