"""Waits in queues: by hand, against simulation, against what the simulated partnership planted."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from problemsolving.errors import NetworkError
from problemsolving.governance.policies import POLICIES
from problemsolving.governance.release import release
from problemsolving.network.what_if.queue import erlang_c, estimate_queues, share_beyond
from problemsolving.simulate.partnership import simulate_partnership
from problemsolving.simulate.pathways import queue


def desks(*rows):
    return pd.DataFrame(rows, columns=["agency", "arrivals", "servers", "hours"])


def test_one_server_by_hand():
    """M/M/1: share waiting is the load, the wait load / (service - rate)."""
    for rate in (0.1, 0.5, 0.99):
        found = erlang_c(rate, 1, 1)
        assert found.share_waiting == pytest.approx(rate) and found.mean_wait == pytest.approx(rate / (1 - rate))


def test_nobody_arrives_and_arrivals_at_capacity():
    found = erlang_c([0, 2, 3, np.nan], 1, 2)
    assert found.mean_wait[:3].tolist() == [0, np.inf, np.inf] and np.isnan(found.mean_wait[3])
    assert found.share_waiting[:3].tolist() == [0, 1, 1] and found.mean_waiting[:3].tolist() == [0, np.inf, np.inf]
    assert share_beyond([0, 2, 3], 1, 2, time=5).tolist() == [0, 1, 1]


@pytest.mark.parametrize(("rate", "service", "servers"), [(-1, 1, 1), (1, 0, 1), (1, 1, 0), (1, 1, 1.5)])
def test_numbers_out_of_range_are_refused(rate, service, servers):
    with pytest.raises(ValueError, match="rate"):
        erlang_c(rate, service, servers)


def test_other_units_of_time_and_many_servers():
    day, hour = erlang_c(5, 2, 3), erlang_c(5 / 24, 2 / 24, 3)
    assert day.share_waiting == pytest.approx(hour.share_waiting) and day.mean_wait * 24 == pytest.approx(
        hour.mean_wait
    )
    assert 0 < erlang_c(980, 1, 1_000).share_waiting < 1


def test_against_a_queue_played_through():
    rng, n = np.random.default_rng(3), 120_000
    arrival = np.cumsum(rng.exponential(1 / 1.6, n))
    waited = queue(arrival, rng.exponential(1.0, n), 2) - arrival
    found = erlang_c(1.6, 1, 2)
    assert (waited > 0).mean() == pytest.approx(float(found.share_waiting), abs=0.02)
    assert waited.mean() == pytest.approx(float(found.mean_wait), rel=0.08)
    assert (waited > 2).mean() == pytest.approx(float(share_beyond(1.6, 1, 2, time=2)), abs=0.02)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("desk")
    truth = simulate_partnership(folder)
    return truth, pd.read_csv(folder / "contacts.csv", parse_dates=["started_at", "seen_at"])


def test_the_waits_that_the_simulated_partnership_planted(world):
    """The formula gives what truth.json says of the desk; the contacts bear it out."""
    truth, contacts = world
    planted = truth["desks"]["emergency"]
    found = erlang_c(planted["arrivals_a_day"], 24 / truth["desk_hours"]["emergency"], truth["desk_servers"]["emergency"])  # fmt: skip
    assert found.share_waiting == pytest.approx(planted["share_waiting"], rel=1e-9)
    assert found.mean_wait * 24 == pytest.approx(planted["mean_wait_hours"], rel=1e-9)
    desk = contacts[(contacts["agency_id"] == "emergency") & (contacts["kind"] == "assessment")]
    days = (desk["started_at"].max() - desk["started_at"].min()) / pd.Timedelta(days=1)
    told = estimate_queues(desks(("emergency", len(desk), 1, 12.0)), days=days).estimates().iloc[0]
    waited = (desk["seen_at"] - desk["started_at"]).dropna() / pd.Timedelta(hours=1)
    assert (waited > 0).mean() == pytest.approx(told["share_waiting"], abs=0.05)
    assert waited.mean() == pytest.approx(told["estimate"], rel=0.25)
    assert told["low"] <= planted["mean_wait_hours"] <= told["high"]


def test_several_agencies_at_once_in_words():
    found = estimate_queues(desks(("b", 60, 1, 20), ("a", 90, 1, 10), ("c", 50, 1, 20)), days=50)
    shown = found.estimates().set_index("group")
    assert shown["reason"].tolist() == ["", "no end to the queue: arrivals take up all the capacity", ""]
    assert np.isnan(shown.at["b", "estimate"]) and shown.at["c", "high"] == np.inf
    assert shown.at["c", "note"] == "upper limit of the wait: without end"
    assert found.summary().startswith("At b there is no end to the queue") and "at c" in found.summary()
    assert (
        "inf" not in " ".join(cell for row in found.table().text_rows() for cell in row)
        and "inf" not in found.summary()
    )
    values = {(v.name, v.group): v for v in found.values()}
    assert values["mean_wait", "b"].estimate is None and "no end" in values["mean_wait", "b"].reason
    assert values["mean_wait", "c"].interval is None and values["mean_wait", "a"].interval is not None
    assert found.plot() is not None


def test_a_growing_queue_tells_by_how_much():
    found = estimate_queues(desks(("a", 100, 1, 24)), days=40)
    assert found.estimates()["reason"].tolist() == ["no end to the queue: it grows by 1.5 a day"]
    half = estimate_queues(desks(("a", 100, 1, 24)), days=40, hours_open=12)
    assert half.estimates()["reason"].tolist() == ["no end to the queue: it grows by 2.0 a day"]


def test_every_fault_at_once_and_order_of_rows():
    with pytest.raises(NetworkError) as caught:
        estimate_queues(desks(("a", -1, 0, 0), ("a", 5, 1, 1)), days=0, hours_open=30)
    assert len(caught.value.faults) == 6
    with pytest.raises(NetworkError, match="cannot be worked out") as caught:
        estimate_queues(desks(("a", 1, 1, 1)), days=1, servers="desks")
    assert "desks" in str(caught.value)
    rows = desks(("b", 60, 2, 20), ("a", 90, 1, 10))
    assert estimate_queues(rows, days=50).values() == estimate_queues(rows[::-1], days=50).values()


@pytest.mark.parametrize("policy", ["opensafely", "ons"])
def test_released_waits_are_those_of_released_arrivals(policy):
    found = estimate_queues(desks(("a", 93, 1, 10), ("few", 4, 1, 10)), days=50)
    shown = release(found, POLICIES[policy]).result
    rounded = POLICIES[policy].round([93])[0]
    fresh = estimate_queues(desks(("a", rounded, 1, 10)), days=50).estimates().iloc[0]
    rows = shown.estimates().set_index("group")
    assert rows.at["a", "estimate"] == pytest.approx(fresh["estimate"]) and np.isnan(rows.at["few", "used"])
    assert rows.at["few", "reason"].startswith("withheld") and "few" not in shown.summary()
    hidden = replace(shown, frame=shown.frame.assign(count=np.nan))
    assert "No agency has enough" in hidden.summary()
