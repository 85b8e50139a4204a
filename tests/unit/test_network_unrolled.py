"""Journeys unrolled by contact, and the made-up journey beside them."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from problemsolving.draw import to_svg
from problemsolving.errors import NotEstimableError
from problemsolving.governance.policies import POLICIES
from problemsolving.governance.release import release
from problemsolving.network.example_journey import MADE_UP, make_example_journey
from problemsolving.network.unrolled import END, OTHER, unroll_journeys
from problemsolving.network.what_if.steps import LAST, count_steps
from problemsolving.report.safe import check_picture


def log_of(journeys):
    rows = [(who, stop, day) for who, journey in enumerate(journeys) for day, stop in enumerate(journey)]
    log = pd.DataFrame(rows, columns=["person_id", "agency", "day"])
    return log.assign(started_at=pd.Timestamp("2024-01-01") + pd.to_timedelta(log["day"], unit="D"))


def walks(people=900, agencies=6, seed=2):
    rng = np.random.default_rng(seed)
    weights = rng.dirichlet(np.ones(agencies), size=agencies)
    journeys = []
    for _ in range(people):
        stops = [int(rng.choice(agencies, p=weights[0]))]
        while rng.random() < 0.7:
            stops.append(int(rng.choice(agencies, p=weights[stops[-1]])))
        journeys.append([f"agency {stop}" for stop in stops])
    return journeys


JOURNEYS = walks()


def text_of(result):
    return " ".join([result.summary(), result.alt_text(), *result.caveats, *(cell for row in result.table().text_rows() for cell in row), *map(repr, result.values())])  # fmt: skip


def test_a_few_people_by_hand():
    found = unroll_journeys(log_of(["ab", "aba", "b"]), steps=3, least=1)
    told = {(row.at, row.sender, row.receiver): row.n for row in found.frame.rename(columns={"count": "n"}).itertuples() if row.n}  # fmt: skip
    assert told == {(1, "a", "b"): 2, (1, "b", END): 1, (2, "b", "a"): 1, (2, "b", END): 1}
    assert np.nan_to_num(found.bands()).tolist() == [[2, 1], [0, 2], [1, 0]]
    assert "67% of 3 people with a first contact had a second" in found.summary()


def test_counts_against_plain_python():
    found = unroll_journeys(log_of(JOURNEYS), steps=4, least=1)
    counted = Counter()
    for stops in JOURNEYS:
        for at in range(min(len(stops), 3)):
            counted[at + 1, stops[at], stops[at + 1] if at + 1 < len(stops) else END] += 1
    told = {(row.at, row.sender, row.receiver): row.n for row in found.frame.rename(columns={"count": "n"}).itertuples() if row.n}  # fmt: skip
    assert told == counted
    for step in range(4):
        seen = Counter(stops[step] for stops in JOURNEYS if len(stops) > step)
        for place, name in enumerate(found.agencies):
            assert np.nan_to_num(found.bands())[step, place] == seen[name]


def test_each_person_is_counted_once_a_contact_however_often_they_come_back():
    found = unroll_journeys(log_of([["a"] * 9] * 30), steps=5)
    assert found.bands().tolist() == [[30]] * 5 and found.flows().shape == (4, 1, 2)


def test_agencies_with_few_people_at_a_contact_are_counted_with_the_others_there():
    journeys = [["a", "b"]] * 50 + [["a", "c"]] * 30 + [["c", "a"]] * 4 + [["d"]] * 3
    found = unroll_journeys(log_of(journeys), steps=2)
    at_first = {row.sender for row in found.frame.itertuples()}
    assert at_first == {OTHER}, "seven people in all are too few for the others, so the largest joins them"
    more = unroll_journeys(log_of(journeys + [["c"]] * 40), steps=2)
    bands = dict(zip(more.agencies, more.bands()[0], strict=True))
    assert bands["a"] == 80 and bands[OTHER] == 47, "three at d are too few for the others, so c joins them"
    assert np.nansum(more.bands()[0]) == len(journeys) + 40
    assert any("fewer than 20" in caveat for caveat in more.caveats)
    assert any(value.reason and "other agencies" in value.reason for value in more.values())


def test_few_without_a_further_contact_are_never_told_apart():
    """Three people stop after the first contact: they are with the others at the second, and no total is small."""
    journeys = [["a", "b"]] * 60 + [["a", "c", "a"]] * 40 + [["a"]] * 3
    found = unroll_journeys(log_of(journeys), steps=3)
    told = {(row.at, row.sender, row.receiver): row.n for row in found.frame.rename(columns={"count": "n"}).itertuples()}  # fmt: skip
    assert (1, "a", END) not in told and any(at == 1 and b == OTHER for at, _, b in told)
    assert sum(many for (at, _, _), many in told.items() if at == 1) == 103
    assert any("people without one" in caveat for caveat in found.caveats)


@pytest.mark.parametrize("seed", range(4))
def test_no_total_of_an_agency_or_of_ends_is_small(seed):
    found = unroll_journeys(log_of(walks(people=300, agencies=9, seed=seed)), steps=6, least=25)
    for margin in ("out", "into"):
        assert found.frame.groupby(margin)["count"].sum().min() >= 25
    arriving = found.frame[found.frame["receiver"] != END].groupby("into")["count"].sum()
    leaving = found.frame.groupby("out")["count"].sum()
    both = arriving.index.intersection(leaving.index)
    assert len(both) and (arriving[both] == leaving[both]).all(), "as many leave as came"


def test_many_agencies_are_eight_and_the_others():
    found = unroll_journeys(log_of(walks(agencies=30)), steps=3)
    assert len(found.agencies) == 9 and found.agencies[-1] == OTHER
    assert np.nansum(found.bands()[0]) == 900


def test_order_of_rows_says_nothing_and_ties_are_told():
    log = log_of(JOURNEYS)
    log["started_at"] = log["started_at"].dt.floor("3D")
    one, other = unroll_journeys(log), unroll_journeys(log.sample(frac=1, random_state=1))
    assert one.values() == other.values() and one.caveats == other.caveats
    assert any("same time" in c or "share their time" in c for c in one.caveats)


def test_everyone_with_one_contact_and_wrong_arguments():
    found = unroll_journeys(log_of(["a"] * 40))
    assert found.steps == 2 and "0% of 40 people" in found.summary() and found.plot() is not None
    for steps, least in ((1, 5), (13, 5), (3, 0)):
        with pytest.raises(ValueError, match="steps"):
            unroll_journeys(log_of(["a"]), steps=steps, least=least)
    with pytest.raises(ValueError, match="lacks columns: agency"):
        unroll_journeys(log_of(["a"]).drop(columns="agency"))
    with pytest.raises(NotEstimableError):
        unroll_journeys(log_of(["a"]).assign(agency=None))


@pytest.mark.parametrize("policy", ["opensafely", "nhs-hes", "ons"])
def test_what_leaves_is_made_of_released_counts_alone(policy):
    result = unroll_journeys(log_of(JOURNEYS))
    shown = release(result, POLICIES[policy]).result
    known = POLICIES[policy].round(result.frame["count"].where(shown.frame["count"].notna()))
    assert np.array_equal(shown.frame["count"], known, equal_nan=True)
    assert not POLICIES[policy].is_small(shown.frame["count"]).any() and shown.withheld
    bands, flows = shown.bands(), np.nan_to_num(shown.flows())
    most = np.zeros(bands.shape)
    most[:-1] = flows.sum(axis=2)
    most[1:] = np.maximum(most[1:], flows.sum(axis=1)[:, :-1])
    assert np.nan_to_num(bands).tolist() == most.tolist()
    assert "at least" in text_of(shown) and "By the counts that can be shown" in shown.summary()
    heights = {round(patch.get_height(), 6) for patch in shown.plot().patches if hasattr(patch, "get_height")}
    assert heights - {0.0}, "bands are drawn"
    check_picture(to_svg(shown.plot))


def test_nothing_is_drawn_of_withheld_counts():
    result = unroll_journeys(log_of(JOURNEYS), steps=2)
    hidden = result.rebuild(result.cells().assign(count=np.nan))
    assert hidden.plot() is None and "No step" in hidden.summary()
    assert all(value.estimate is None and value.reason for value in hidden.values())


# the made-up journey


@pytest.fixture(scope="module")
def steps():
    return count_steps(log_of(JOURNEYS))


def test_it_is_made_of_common_steps_and_titled_as_made_up(steps):
    found = make_example_journey(steps, exits=[LAST], rng=np.random.default_rng(4))
    stops, days, end = found.journey
    counts = {(row["from"], row["to"]): row["count"] for row in steps.to_dict("records")}
    pairs = [("start", stops[0]), *pairwise(stops), (stops[-1], end)]
    assert all(counts.get(pair, 0) >= 5 for pair in pairs) and end == LAST
    assert list(days) == sorted(set(days)) and days[0] == 0 and len(set(stops)) >= 3
    assert "made-up" in found.plot().get_title(loc="left") and "nobody's own" in found.summary()
    assert MADE_UP in found.caveats and found.values() == []


def test_the_same_counts_rounded_give_the_same_journey(steps):
    """Nothing finer than tens can be told from it."""
    base = steps.assign(count=steps["count"] // 10 * 10)
    moved = base.assign(count=base["count"] + 4)
    one = make_example_journey(base[base["count"] > 0], exits=[LAST], rng=np.random.default_rng(4))
    other = make_example_journey(moved[base["count"] > 0], exits=[LAST], rng=np.random.default_rng(4))
    assert one.journey == other.journey
    again = make_example_journey(steps.sample(frac=1, random_state=1), exits=[LAST], rng=np.random.default_rng(4))
    assert again.journey == make_example_journey(steps, exits=[LAST], rng=np.random.default_rng(4)).journey


@pytest.mark.parametrize("policy", ["opensafely", "ons"])
def test_released_it_uses_released_steps_alone(steps, policy):
    found = make_example_journey(steps, exits=[LAST], people="people", rng=np.random.default_rng(4))
    shown = release(found, POLICIES[policy]).result
    known = shown.frame.dropna(subset="count").set_index(["sender", "receiver"])["count"]
    stops = shown.journey[0]
    assert stops and all(pair in known.index for pair in pairwise(stops))
    check_picture(to_svg(shown.plot))
    silent = found.rebuild(found.cells().assign(count=np.nan))
    assert silent.plot() is None and "No journey" in silent.summary()


def test_too_few_for_any_journey():
    found = make_example_journey(count_steps(log_of(["ab", "b"])), exits=[LAST], rng=np.random.default_rng(1))
    assert found.journey == ((), (), "") and found.table().rows == ()
