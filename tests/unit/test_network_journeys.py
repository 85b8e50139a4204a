"""The table of steps: against a count in plain Python, whatever the order of rows, and as it leaves."""

import time
from collections import Counter, defaultdict
from itertools import pairwise
from statistics import median

import numpy as np
import pandas as pd
import pytest

from problemsolving.errors import NetworkError, NotEstimableError
from problemsolving.governance.policies import POLICIES
from problemsolving.governance.release import release
from problemsolving.network.pathways.joint import measure_handed_back, measure_joint_cases
from problemsolving.network.pathways.journey_table import measure_journeys
from problemsolving.network.pathways.ordered import order_events
from problemsolving.stats.intervals import wilson_limits

SAFE = POLICIES["opensafely"]
DAY = pd.Timedelta(days=1)


def seeded(seed=1):
    return np.random.default_rng(seed)


def log_of(seed=1, n=400, people=60, agencies="abcd", ends=False, whole_days=False):
    """Contacts at random, rows shuffled; with ends some overlap, and whole days tie."""
    rng = seeded(seed)
    days = rng.integers(0, 40, n) if whole_days else rng.uniform(0, 300, n)
    start = pd.Timestamp("2024-01-01") + pd.to_timedelta(days.astype(float), unit="D").round("s")
    log = pd.DataFrame(
        {
            "person_id": [f"p{at}" for at in rng.integers(0, people, n)],
            "agency": np.array(list(agencies))[rng.integers(0, len(agencies), n)],
            "started_at": start,
            "worker": np.array(["w1", "w2", "w3"])[rng.integers(0, 3, n)],
        }
    )
    if ends:
        log["ended_at"] = (log["started_at"] + pd.to_timedelta(rng.exponential(20, n), unit="D").round("s")).where(
            rng.random(n) < 0.9
        )
    return log


def by_hand(log, step="agency", ended=False, worker=None):
    """Every step as (from, to) → list of (case, wait in days or None, whether the worker changed)."""
    events = defaultdict(list)
    for row in log.itertuples():
        events[row.person_id].append((row.started_at, getattr(row, step), row))
    found = defaultdict(list)
    for case, mine in events.items():
        mine.sort(key=lambda event: event[:2])
        for (begun, one, row), (later, other, after) in pairwise(mine):
            since = row.ended_at if ended else begun
            wait = None if pd.isna(since) else (later - since) / DAY
            changed = (getattr(row, worker) != getattr(after, worker)) if worker else one != other
            found[one, other].append((case, wait, changed))
    return found


def steps_of(result):
    shown = result.estimates()
    return shown[shown["kind"] == "step"].set_index(["source", "target"])


# counts and waits


@pytest.mark.parametrize(
    ("ended", "whole_days", "worker"), [(False, False, None), (True, False, "worker"), (False, True, None)]
)
def test_every_count_is_that_of_plain_python(ended, whole_days, worker):
    log = log_of(ends=True, whole_days=whole_days)
    expected = by_hand(log, ended=ended, worker=worker)
    result = measure_journeys(log, end="ended_at" if ended else None, resource=worker, target_days=14, n_resamples=0)
    shown = steps_of(result)
    assert set(shown.index) == set(expected) and result.totals["steps"] == sum(map(len, expected.values()))
    changed = sum(step[2] for steps in expected.values() for step in steps)
    for pair, steps in expected.items():
        row, waits = shown.loc[pair], [wait for _, wait, _ in steps if wait is not None and wait >= 0]
        assert (row["events"], row["people"]) == (len(steps), len({case for case, _, _ in steps}))
        assert row["negative"] == sum(wait is not None and wait < 0 for _, wait, _ in steps)
        assert row["median"] == pytest.approx(median(waits) if waits else np.nan, nan_ok=True)
        assert row["p90"] == pytest.approx(np.quantile(waits, 0.9) if waits else np.nan, nan_ok=True)
        within = sum(wait <= 14 for wait in waits)
        assert row["within_share"] == pytest.approx(within / len(waits) if waits else np.nan, nan_ok=True)
        if waits:
            assert (row["within_share_low"], row["within_share_high"]) == pytest.approx(
                wilson_limits(within, len(waits))
            )
        handed = sum(step[2] for step in steps)
        assert row["share"] == pytest.approx(len(steps) / sum(map(len, expected.values())))
        assert row["share_between"] == pytest.approx(handed / changed if handed else np.nan, nan_ok=True)


def test_starts_ends_and_shared_people_are_those_of_plain_python():
    log = log_of()
    result, last, first, seen = measure_journeys(log, n_resamples=0), {}, {}, defaultdict(set)
    for row in log.sort_values("started_at").itertuples():
        first.setdefault(row.person_id, row.agency)
        last[row.person_id] = row.agency
        seen[row.agency].add(row.person_id)
    shown = result.estimates()
    for kind, column, expected in (("start", "target", first), ("end", "source", last)):
        rows = shown[shown["kind"] == kind]
        assert dict(zip(rows[column], rows["events"], strict=True)) == Counter(expected.values())
    for (a, b), row in steps_of(result).iterrows():
        both = len(seen[a] & seen[b]) / len(first)
        assert row["joint_share"] == pytest.approx(np.nan if a == b else both, nan_ok=True)
    pairs = measure_joint_cases(log).estimates().set_index("group")["count"]
    assert pairs["a and b"] == len(seen["a"] & seen["b"]) and len(pairs) == 6


def test_joint_cases_are_divided_by_cases_not_by_events():
    log = pd.DataFrame(
        {"person_id": [1, 1, 1, 1, 2], "agency": list("abaaa"), "started_at": pd.date_range("2024-01-01", periods=5)}
    )
    assert steps_of(measure_journeys(log, n_resamples=0)).loc[("a", "b"), "joint_share"] == 1 / 2
    assert measure_joint_cases(log).estimates()["estimate"].tolist() == [1 / 2]
    assert measure_handed_back(log).estimates()["group"].tolist() == ["a to b and back"]


@pytest.mark.parametrize("options", [{}, {"end": "ended_at"}, {"resource": "worker", "end": "ended_at"}])
def test_the_order_of_rows_says_nothing_ties_and_draws_included(options):
    log = log_of(whole_days=True, ends=True)
    one = measure_journeys(log, target_days=7, n_resamples=60, rng=seeded(), **options)
    other = measure_journeys(log.sample(frac=1, random_state=7), target_days=7, n_resamples=60, rng=seeded(), **options)
    assert one.totals["tied"] > 10 and one.values() == other.values() and one.caveats == other.caveats


def test_other_names_for_people_and_another_unit_of_time_change_nothing_but_the_waits():
    log = log_of()
    renamed = log.assign(person_id=log["person_id"].map(lambda name: f"x{name}"))
    assert measure_journeys(renamed, n_resamples=0).values() == measure_journeys(log, n_resamples=0).values()
    origin = pd.Timestamp("2024-01-01")
    slower = log.assign(started_at=origin + 2 * (log["started_at"] - origin))
    one, two = (steps_of(measure_journeys(frame, n_resamples=0)) for frame in (log, slower))
    assert (
        two["median"].to_numpy() == pytest.approx(2 * one["median"].to_numpy())
        and (one["events"] == two["events"]).all()
    )


def test_ties_follow_names_or_rows_and_are_told():
    log = pd.DataFrame({"person_id": [1, 1], "agency": ["z", "a"], "started_at": [pd.Timestamp("2024-01-01")] * 2})
    by_name, by_row = (measure_journeys(log, ties=ties, n_resamples=0) for ties in ("steps", "rows"))
    assert by_name.estimates()["group"].iloc[0] == "a to z" and by_row.estimates()["group"].iloc[0] == "z to a"
    assert by_name.totals["tied"] == 1 and any("of one time" in caveat for caveat in by_name.caveats)


def test_rows_without_person_agency_or_time_are_left_out_and_counted():
    log = log_of(n=50)
    spoiled = pd.concat(
        [
            log,
            pd.DataFrame(
                {
                    "person_id": [None, "p1", "p1"],
                    "agency": ["a", None, "a"],
                    "started_at": [log["started_at"][0]] * 2 + [pd.NaT],
                }
            ),
        ]
    )
    one, other = measure_journeys(log, n_resamples=0), measure_journeys(spoiled, n_resamples=0)
    assert other.totals["left out"] == 3 and one.frame.equals(other.frame)


def test_times_with_an_offset_are_utc_and_words_are_no_times():
    log = log_of(n=80)
    zoned = log.assign(started_at=log["started_at"].dt.tz_localize("UTC").dt.tz_convert("Asia/Tokyo"))
    assert measure_journeys(zoned, n_resamples=0).values() == measure_journeys(log, n_resamples=0).values()
    with pytest.raises(NetworkError) as caught:
        measure_journeys(log.assign(started_at="yesterday"), step="nowhere")
    assert len(caught.value.faults) == 2 and "yesterday" not in str(caught.value)


def test_times_too_far_apart_to_pack_are_still_in_order():
    log = log_of(n=300)
    odd = log.assign(started_at=log["started_at"] + pd.to_timedelta(np.arange(300), unit="us"))
    far = pd.concat([odd, odd.iloc[:1].assign(person_id="old", started_at=pd.Timestamp("1700-01-01"))])
    one, other = order_events(odd, resource="worker"), order_events(far.assign(worker="w"), resource="worker")
    assert len(other.case) == len(one.case) + 1
    begin = pd.Series(other.begin).groupby(other.case)
    assert begin.apply(lambda times: times.is_monotonic_increasing).all()


def test_events_that_make_no_step_are_not_estimable():
    log = log_of(n=5, people=1)
    with pytest.raises(NotEstimableError, match="two events"):
        measure_journeys(log.head(1))
    with pytest.raises(NotEstimableError, match="no event"):
        measure_journeys(log.head(0))
    with pytest.raises(ValueError, match="target_days"):
        measure_journeys(log, target_days=-1)
    one = measure_journeys(log.assign(agency="a"), rng=seeded())
    assert steps_of(one)["share"].tolist() == [1.0] and steps_of(one)["share_between"].isna().all()


# intervals


def test_limits_are_those_of_drawing_cases_by_hand():
    log = log_of(3, n=500)
    result = measure_journeys(log, n_resamples=999, rng=seeded())
    rng, parts = seeded(9), dict(list(log.groupby("person_id")))
    names, draws = sorted(parts), defaultdict(list)
    for _ in range(250):
        picked = pd.concat(
            [parts[name].assign(person_id=number) for number, name in enumerate(rng.choice(names, len(names)))]
        )
        steps = by_hand(picked)
        waits = [wait for _, wait, _ in steps["a", "b"]]
        draws["events"].append(len(waits))
        draws["median"].append(median(waits))
        draws["share"].append(len(waits) / sum(map(len, steps.values())))
    row = steps_of(result).loc[("a", "b")]
    for name, drawn in draws.items():
        low, high = np.quantile(drawn, [0.025, 0.975])
        width = high - low
        assert (row[f"{name}_low"], row[f"{name}_high"]) == pytest.approx((low, high), abs=0.2 * width), name


def test_without_draws_only_wilsons_limits_are_given():
    result = measure_journeys(log_of(), target_days=9, n_resamples=0)
    shown = steps_of(result)
    assert shown["median_low"].isna().all() and shown["within_share_low"].notna().all()
    assert "interval" not in result.summary() and result.plot() is not None


def test_a_million_unsorted_events_take_two_seconds():
    rng, n = seeded(), 1_000_000
    log = pd.DataFrame(
        {
            "person_id": pd.Series(rng.integers(0, 150_000, n)).map("P{:06d}".format),
            "agency": np.array([f"agency {at}" for at in range(12)])[rng.integers(0, 12, n)],
            "started_at": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 50_000_000, n), unit="s"),
            "worker": np.array([f"team {at}" for at in range(40)])[rng.integers(0, 40, n)],
        }
    )
    began = time.process_time()
    result = measure_journeys(log, resource="worker", target_days=5, n_resamples=0)
    assert time.process_time() - began < 2 and result.totals["steps"] > 800_000


# release


def busy(seed=5, n=3_000):
    return log_of(seed, n=n, people=700, agencies="abcde", ends=True)


@pytest.mark.parametrize("policy", ["opensafely", "ons", "nhs-hes"])
def test_what_leaves_is_made_of_released_counts(policy):
    rare = pd.DataFrame(
        {
            "person_id": ["r1", "r1", "r2", "r2"],
            "agency": ["rare", "a"] * 2,
            "started_at": pd.to_datetime(["2024-01-01", "2024-09-27"] * 2),
        }
    )
    result = measure_journeys(pd.concat([busy(), rare]), end="ended_at", target_days=20, n_resamples=99, rng=seeded())
    rules = POLICIES[policy]
    shown = release(result, rules).result
    words = shown.summary() + str(shown.table().text_rows()) + " ".join(shown.caveats) + str(shown.values())
    assert "rare to a" not in words and "rare" not in shown.frame.loc[shown.frame["kind"] == "step", "source"].tolist()
    for name in ("events", "people", "within", "late", "joint"):
        counts = shown.frame[name].dropna()
        assert len(counts) and not rules.is_small(counts).any() and (counts % rules.nearest == 0).all()
    told = steps_of(shown)
    assert told["share"].tolist() == pytest.approx((told["events"] / shown.totals["steps"]).tolist())
    assert told["within_share"].dropna().tolist() == pytest.approx(
        (told["within"] / (told["within"] + told["late"])).dropna().tolist()
    )
    assert told["median"].round(1).equals(told["median"]) and shown.plot() is not None
    multiples = shown.frame["median_below"].dropna() * 10
    assert np.allclose(multiples, multiples.round())


def test_few_people_behind_a_wait_take_it_with_them():
    log = pd.concat(
        [
            pd.DataFrame(
                {
                    "person_id": f"q{at}",
                    "agency": ["a", "b"],
                    "started_at": [pd.Timestamp("2024-01-01"), pd.Timestamp("2024-01-02") + at * DAY],
                }
            )
            for at in range(12)
        ]
    )
    raw = measure_journeys(log, n_resamples=49, rng=seeded())
    told = steps_of(release(raw, SAFE).result)
    assert steps_of(raw)["p90"].notna().all()
    assert told["events"].tolist() == [10] and told["median"].isna().all() and told["p90"].isna().all()


def test_policy_open_changes_nothing():
    result = measure_journeys(busy(), end="ended_at", resource="worker", target_days=9, n_resamples=49, rng=seeded())
    opened = release(result, POLICIES["open"]).result
    assert (
        opened.values() == result.values() and opened.table() == result.table() and opened.summary() == result.summary()
    )


def test_nothing_large_enough_is_told():
    shown = release(measure_journeys(log_of(n=30, people=8), n_resamples=9, rng=seeded()), SAFE).result
    assert "No step" in shown.summary() and shown.plot() is None


@pytest.mark.parametrize("policy", ["opensafely", "ons"])
def test_shared_people_leave_by_the_policy(policy):
    for measure in (measure_joint_cases, measure_handed_back):
        result = measure(pd.concat([busy(), log_of(n=20, people=4, agencies="xy")]))
        shown = release(result, POLICIES[policy]).result
        told = shown.estimates()
        assert "x" not in " ".join(told["group"]).split() and not POLICIES[policy].is_small(told["count"]).any()
        assert shown.plot() is not None and "%" in shown.summary()


def test_a_summary_names_the_commonest_step_and_the_longest_wait():
    result = measure_journeys(log_of(2), target_days=3, rng=seeded(), n_resamples=99)
    text, top = result.summary(), result.longest()
    assert f"{result.frame['events'].iloc[0]:,.0f} times" in text and top["group"] in text and "3 days" in text
    assert top["median_low"] == steps_of(result)["median_low"].max()
