"""The simulated partnership: the planted bottleneck, waits and drop-off are found, and no group differs where none was planted."""

import numpy as np
import pandas as pd
import pytest

from problemsolving.network.pathways.drop_off import measure_drop_off
from problemsolving.network.pathways.groups import WAIT, compare_groups
from problemsolving.network.pathways.journey_table import measure_journeys
from problemsolving.network.pathways.shuffled import permute_groups
from problemsolving.network.pathways.waits import median_waits
from problemsolving.simulate.partnership import simulate_partnership

pytestmark = pytest.mark.xdist_group("simulated journeys")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """What was planted, referrals, contacts, and referrals as two events each."""
    folder = tmp_path_factory.mktemp("world")
    truth = simulate_partnership(folder, world="null")
    referrals = pd.read_csv(folder / "referrals.csv", parse_dates=["referred_at", "seen_at"])
    contacts = pd.read_csv(folder / "contacts.csv", parse_dates=["started_at", "ended_at"])
    sent = referrals[["referral_id", "person_id", "from_agency", "referred_at"]].set_axis(
        ["referral", "person_id", "agency", "started_at"], axis=1
    )
    seen = referrals[["referral_id", "person_id", "to_agency", "seen_at"]].set_axis(
        ["referral", "person_id", "agency", "started_at"], axis=1
    )
    return truth, referrals, contacts, pd.concat([sent, seen.dropna()], ignore_index=True)


def test_the_planted_bottleneck_is_the_longest_wait(world):
    truth, referrals, _, steps = world
    found = measure_journeys(steps, case="referral", n_resamples=199, rng=np.random.default_rng(1), of="referrals")
    longest = found.longest()
    assert longest["target"] == truth["bottleneck"] == "mental-health"
    shown = found.estimates()
    shown = shown[(shown["kind"] == "step") & (shown["people"] >= 50)]
    others = shown[shown["target"] != "mental-health"]
    assert shown[shown["target"] == "mental-health"]["median_low"].min() > others["median_high"].max()
    waits = median_waits(referrals, by=["to_agency"]).frame.set_index("group")
    assert waits["median"].idxmax() == "mental-health"


def test_planted_median_waits_lie_within_the_limits(world):
    truth, _, _, steps = world
    shown = measure_journeys(steps, case="referral", n_resamples=499, rng=np.random.default_rng(2)).estimates()
    shown = shown[(shown["kind"] == "step") & (shown["people"] >= 100)]
    planted = shown["target"].map(truth["median_wait_days"])
    inside = (shown["median_low"] - 0.5 <= planted) & (planted <= shown["median_high"] + 0.5)
    assert len(shown) >= 6 and inside.mean() >= 0.8, "waits not over by the end are left out: a little short"


def test_the_planted_drop_off_is_found_where_a_journey_may_not_end(world):
    """Referrals never taken up are 8 in 100; within 200 days all others were seen."""
    truth, _, _, steps = world
    sent = steps.sort_values("started_at").groupby("referral").head(1).assign(agency="referral made")
    seen = steps[steps.groupby("referral")["started_at"].rank(method="first") > 1].assign(agency="seen")
    found = measure_drop_off(
        pd.concat([sent, seen]), case="referral", within_days=200, last_steps=("seen",), until="2025-04-01"
    )
    row = found.estimates().iloc[0]
    assert row["low"] - 0.01 <= truth["dropped_share"] <= row["high"] + 0.01 and row["estimate"] == pytest.approx(
        0.08, abs=0.02
    )


def test_groups_made_by_lot_differ_no_more_often_than_they_should(world):
    """1,000 groupings of the clients by lot: waits (clustered in people), and the number of contacts."""
    _, _, contacts, _ = world
    contacts = contacts[contacts["person_id"].isin(contacts["person_id"].unique()[:300])]
    wait = contacts.sort_values(["person_id", "started_at"]).groupby("person_id")["started_at"].diff().dt.days
    middle = wait.median()
    people = (
        pd.DataFrame({"person": contacts["person_id"], "long": wait > middle, "known": wait.notna(), "one": 1})
        .groupby("person")
        .sum()
    )
    top, bottom = people[["long", "one"]].to_numpy(float).T, np.array([people["known"], np.ones(len(people))], float)
    rng, rejected = np.random.default_rng(3), np.zeros(2)
    for _ in range(1_000):
        rejected += permute_groups(top, bottom, rng.integers(0, 2, len(people)), n_resamples=99, rng=rng) <= 0.05
    assert (rejected <= 70).all() and (rejected >= 25).all()


def test_a_group_of_people_for_whom_everything_takes_twice_as_long_is_found(world):
    _, _, contacts, _ = world
    people = contacts["person_id"].unique()
    groups = pd.Series(np.where(np.arange(len(people)) % 2, "one", "other"), index=people)
    slow = contacts["person_id"].map(groups).eq("other")
    first = contacts.groupby("person_id")["started_at"].transform("min")
    later = first + 2 * (contacts["started_at"] - first)
    changed = contacts.assign(started_at=contacts["started_at"].where(~slow, later))
    found = compare_groups(
        changed, groups=groups, step="agency_id", within_days=60, n_resamples=199, rng=np.random.default_rng(4)
    )
    assert found.p[WAIT] == 1 / 200 and "Median wait differed" in found.summary()
