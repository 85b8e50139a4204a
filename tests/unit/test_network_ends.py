"""Where a journey ends: steps of people who are not watched to the end do not make journeys longer than they are."""

import numpy as np
import pandas as pd
import pytest

from problemsolving.network.what_if.chain import estimate_chain
from problemsolving.network.what_if.steps import LAST, START, count_steps


def contacts(rng, *, people=4_000, days=1_000, going_on=0.6, gap=10.0):
    """Journeys of a geometric number of contacts, mean 1 / (1 - going_on), days apart by an exponential law."""
    number = rng.geometric(1 - going_on, people)
    person = np.repeat(np.arange(people), number)
    steps = rng.exponential(gap, len(person))
    begin = np.repeat(rng.uniform(0, days, people), number)
    first = np.append(True, person[1:] != person[:-1])
    passed = np.cumsum(np.where(first, 0, steps))
    at = begin + passed - np.repeat(passed[first], number)
    frame = pd.DataFrame({"person_id": person, "agency": rng.choice(["a", "b"], len(person)), "day": at})
    frame["started_at"] = pd.Timestamp("2022-01-01") + pd.to_timedelta(frame["day"], unit="D")
    return frame[frame["day"] < days]


def length(steps):
    found = estimate_chain(steps, exits=[LAST], n_resamples=19, rng=np.random.default_rng(1)).values()
    return next(value.estimate for value in found if value.name == "contacts")


def test_the_length_of_journeys_is_found_although_the_newest_are_cut_off():
    log = contacts(np.random.default_rng(3))
    until = pd.Timestamp("2022-01-01") + pd.Timedelta(days=1_000)
    assert length(count_steps(log, until=until, ends_after_days=90)) == pytest.approx(2.5, abs=0.06)


def test_a_long_gap_begins_another_journey_of_the_same_person():
    days = pd.to_datetime(["2024-01-01", "2024-01-05", "2024-08-01", "2025-06-01"])
    log = pd.DataFrame({"person_id": [1, 1, 1, 2], "agency": ["a", "b", "a", "a"], "started_at": days})
    steps = count_steps(log, ends_after_days=90).set_index(["from", "to"])
    assert steps.loc[(START, "a"), "count"] == 3 and steps.loc[(START, "a"), "people"] == 2
    assert steps["count"].to_dict() == {("a", LAST): 1, ("a", "b"): 1, ("b", LAST): 1, (START, "a"): 3}


def test_without_a_limit_a_person_makes_one_journey():
    days = pd.to_datetime(["2024-01-01", "2024-08-01"])
    log = pd.DataFrame({"person_id": [1, 1], "agency": ["a", "b"], "started_at": days})
    assert count_steps(log)["count"].tolist() == [1, 1, 1]
