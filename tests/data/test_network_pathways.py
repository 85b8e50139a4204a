"""Real event logs: steps, cases and waits against a count in plain Python from the raw files."""

import csv
import datetime as dt
import gzip
import xml.etree.ElementTree as ET
from collections import Counter, defaultdict
from itertools import pairwise
from statistics import median

import numpy as np
import pytest

from problemsolving.dictionary.reading import read_source
from problemsolving.dictionary.schema import source
from problemsolving.governance.policies import POLICIES
from problemsolving.governance.release import release
from problemsolving.network.pathways.joint import measure_joint_cases
from problemsolving.network.pathways.journey_table import measure_journeys
from problemsolving.network.pathways.memory import memory_test
from problemsolving.network.pathways.returns import measure_returns

pytestmark = [pytest.mark.data, pytest.mark.xdist_group("event logs")]
COLUMNS = {"case": "case_id", "step": "activity", "start": "occurred_at"}
FILES = {"sepsis-event-log": "event_logs/sepsis.csv", "permit-event-log": "event_logs/08_receipt.xes.gz"}


def raw_sepsis(path):
    """Case, activity, group, time (UTC) of each row, in the order of the file."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        for row in csv.DictReader(stream):
            yield (
                row["case:concept:name"],
                row["concept:name"],
                row["org:group"],
                dt.datetime.fromisoformat(row["time:timestamp"]),
            )


def raw_permits(path):
    with gzip.open(path) as stream:
        for trace in ET.parse(stream).getroot().iterfind("{*}trace"):
            case = next(item.get("value") for item in trace if item.get("key") == "concept:name")
            for event in trace.iterfind("{*}event"):
                known = {item.get("key"): item.get("value") for item in event}
                yield (
                    case,
                    known["concept:name"],
                    known.get("org:group"),
                    dt.datetime.fromisoformat(known["time:timestamp"]),
                )


@pytest.fixture(scope="module", params=sorted(FILES))
def log(request, real_data):
    path = real_data / FILES[request.param]
    raw = (raw_sepsis if "sepsis" in request.param else raw_permits)(path)
    events = defaultdict(list)
    for case, activity, group, at in raw:
        events[case].append((at, activity, group))
    for mine in events.values():
        mine.sort(key=lambda event: event[:2])
    return read_source(source(request.param), [path], root=real_data).frame, events


def steps_of(result):
    shown = result.estimates()
    return shown[shown["kind"] == "step"].set_index(["source", "target"])


def test_steps_cases_and_waits_are_those_of_plain_python(log):
    frame, events = log
    waits, cases = defaultdict(list), defaultdict(set)
    for case, mine in events.items():
        for (at, one, _), (later, other, _) in pairwise(mine):
            waits[one, other].append((later - at).total_seconds() / 86_400)
            cases[one, other].add(case)
    result = measure_journeys(frame, **COLUMNS, target_days=1, n_resamples=0, of="cases")
    shown = steps_of(result)
    assert set(shown.index) == set(waits) and result.totals["cases"] == len(events)
    for pair, mine in waits.items():
        row = shown.loc[pair]
        assert (row["events"], row["people"]) == (len(mine), len(cases[pair]))
        assert row["median"] == pytest.approx(median(mine), abs=1e-9) and row["p90"] == pytest.approx(
            np.quantile(mine, 0.9), abs=1e-9
        )
        assert row["within_share"] == pytest.approx(sum(wait <= 1 for wait in mine) / len(mine))
    tied = sum(at == later for mine in events.values() for (at, *_), (later, *_) in pairwise(mine))
    assert result.totals["tied"] == tied and result.totals["negative"] == 0


def test_starts_ends_and_joint_cases_are_those_of_plain_python(log):
    frame, events = log
    shown = measure_journeys(frame, **COLUMNS, n_resamples=0).estimates()
    for kind, column, at in (("start", "target", 0), ("end", "source", -1)):
        rows = shown[shown["kind"] == kind]
        assert dict(zip(rows[column], rows["events"], strict=True)) == Counter(mine[at][1] for mine in events.values())
    having = defaultdict(set)
    for case, mine in events.items():
        for _, activity, _ in mine:
            having[activity].add(case)
    found = measure_joint_cases(frame, **COLUMNS).estimates()
    for row in found.head(40).itertuples():
        assert row[list(found.columns).index("count") + 1] == len(having[row.source] & having[row.target])
    assert len(found) == sum(bool(having[a] & having[b]) for a in having for b in having if a < b)


def test_hand_overs_between_units_are_those_of_plain_python(log):
    frame, events = log
    empty = {None, "", "EMPTY", "UNKNOWN"}
    handed = Counter()
    for mine in events.values():
        for (_, one, group), (_, other, after) in pairwise(mine):
            handed[one, other] += group != after and not {group, after} & empty
    shown = steps_of(measure_journeys(frame, **COLUMNS, resource="unit", n_resamples=0))
    assert {pair: row["handed"] for pair, row in shown.iterrows()} == dict(handed)


def test_sepsis_patients_who_came_back_within_four_weeks(real_data):
    """Leaving the hospital, then the emergency department again: 294 of the 1,050 cases return at any time."""
    path = real_data / FILES["sepsis-event-log"]
    frame = read_source(source("sepsis-event-log"), [path], root=real_data).frame
    events = defaultdict(list)
    for case, activity, _, at in raw_sepsis(path):
        events[case].append((at, activity))
    soon = sum(
        any(
            activity == "Return ER" and left is not None and dt.timedelta(0) < at - left <= dt.timedelta(days=28)
            for at, activity in mine
        )
        for mine in events.values()
        for left in [min((at for at, activity in mine if activity.startswith("Release")), default=None)]
    )
    shown = frame[frame["activity"].str.startswith("Release") | (frame["activity"] == "Return ER")]
    shown = shown.assign(activity=shown["activity"].where(shown["activity"] == "Return ER", "Release"))
    found = (
        measure_returns(shown, within_days=28, to="any", until="2100-01-01", **COLUMNS).estimates().set_index("group")
    )
    assert found.loc["Release", "happened"] == soon and found.loc["Release", "count"] == 782


@pytest.mark.parametrize("policy", ["opensafely", "ons"])
def test_what_leaves_of_a_real_log_holds_no_small_count(log, policy):
    frame, _ = log
    rules = POLICIES[policy]
    result = measure_journeys(
        frame, **COLUMNS, resource="unit", target_days=1, n_resamples=99, rng=np.random.default_rng(1), of="cases"
    )
    shown = release(result, rules).result
    for name in ("events", "people", "within", "late", "handed", "joint"):
        counts = shown.frame[name].dropna()
        assert not rules.is_small(counts[counts > 0]).any() and (counts % rules.nearest == 0).all()
    assert "cases made" in shown.summary() and shown.plot() is not None


def test_a_map_of_single_steps_misleads_for_both_logs(log):
    frame, _ = log
    assert memory_test(frame, **COLUMNS, n_resamples=99, rng=np.random.default_rng(1)).optimal_order == 2
