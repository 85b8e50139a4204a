"""Real journeys through a hospital: chain and unrolled steps against counts made with the csv module alone."""

import csv
from collections import Counter, defaultdict

import numpy as np
import pandas as pd
import pytest

from problemsolving.governance.policies import POLICIES
from problemsolving.governance.release import release
from problemsolving.network.unrolled import END, OTHER, unroll_journeys
from problemsolving.network.what_if.chain import estimate_chain
from problemsolving.network.what_if.changes import RemoveAgency
from problemsolving.network.what_if.scenario import compare_scenario
from problemsolving.network.what_if.steps import LAST, START, count_steps

pytestmark = [pytest.mark.data, pytest.mark.xdist_group("event logs")]
COLUMNS = {"case": "person_id", "step": "agency", "time": "started_at"}


@pytest.fixture(scope="module")
def events(real_data):
    """Case, group and time of every event."""
    with (real_data / "event_logs/sepsis.csv").open(encoding="utf-8", newline="") as stream:
        return [
            (row["case:concept:name"], row["org:group"], row["time:timestamp"])
            for row in csv.DictReader(stream)
            if row["org:group"] not in ("", "?")
        ]


@pytest.fixture(scope="module")
def journeys(events):
    """Groups in order of time, then of name, by case."""
    found = defaultdict(list)
    for case, group, _ in sorted(events, key=lambda event: (event[0], event[2], event[1])):
        found[case].append(group)
    return found


@pytest.fixture(scope="module")
def table(events):
    frame = pd.DataFrame(events, columns=list(COLUMNS.values()))
    return frame.assign(started_at=pd.to_datetime(frame["started_at"], utc=True, format="ISO8601"))


def test_steps(journeys, table):
    counted = Counter()
    for stops in journeys.values():
        counted.update(zip([START, *stops], [*stops, LAST], strict=True))
    found = {(row["from"], row["to"]): row["count"] for row in count_steps(table).to_dict("records")}
    assert found == counted


def test_a_chain_of_whole_journeys_has_the_mean_of_the_data(journeys, table):
    found = estimate_chain(count_steps(table), exits=[LAST], n_resamples=49, rng=np.random.default_rng(1))
    whole = found.whole_journeys().set_index(["name", "group"])["estimate"]
    assert whole["contacts", "a journey"] == pytest.approx(np.mean([len(stops) for stops in journeys.values()]))
    visits = Counter(stop for stops in journeys.values() for stop in stops)
    for group, seen in visits.items():
        assert whole["visits", group] == pytest.approx(seen / len(journeys))


def test_unrolled(journeys, table):
    found = unroll_journeys(table, steps=5, least=1)
    named = set(found.agencies) - {OTHER}
    told = found.frame.set_index(["at", "sender", "receiver"])["count"]
    for at in range(1, 5):
        counted = Counter(
            (stops[at - 1], stops[at] if len(stops) > at else END) for stops in journeys.values() if len(stops) >= at
        )
        for (a, b), many in counted.items():
            if a in named and b in {*named, END}:
                assert told[at, a, b] == many
        assert told.loc[at].sum() == sum(counted.values())


@pytest.mark.parametrize("policy", ["opensafely", "ons"])
def test_what_leaves_can_be_read(table, policy):
    shown = release(unroll_journeys(table), POLICIES[policy]).result
    assert "first contact had a second" in shown.summary() and shown.plot() is not None
    steps = count_steps(table)
    scenario = compare_scenario(steps, [RemoveAgency(agency="L")], exits=[LAST], people="people", least=100, n_resamples=99, rng=np.random.default_rng(1))  # fmt: skip
    assert release(scenario, POLICIES[policy]).result.summary().startswith("Scenario")
