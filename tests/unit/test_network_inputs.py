"""The same data in another dress give the same numbers; what is no data is refused; what is not known is not said."""

import numpy as np
import pandas as pd
import pytest

from problemsolving.errors import NetworkError
from problemsolving.governance.policies import POLICIES
from problemsolving.governance.release import release
from problemsolving.network.pathways.clocks import measure_clocks
from problemsolving.network.pathways.contacts_before import measure_contacts_before
from problemsolving.network.pathways.follows import map_journeys
from problemsolving.network.pathways.groups import compare_groups
from problemsolving.network.pathways.journey_table import measure_journeys
from problemsolving.network.pathways.right_care import measure_right_care
from problemsolving.network.pathways.waits import median_waits
from problemsolving.network.structure.build import build_from_edges
from problemsolving.network.structure.matrix import build_agency_network, measure_agency_matrix

START = pd.Timestamp("2024-01-01")


def days(number):
    return START + pd.to_timedelta(number, unit="D")


def seeded():
    return np.random.default_rng(1)


def contacts(n=200, people=25):
    rng = seeded()
    who, where = rng.integers(0, people, n), rng.integers(0, 3, n)
    return pd.DataFrame(
        {
            "person_id": [f"p{at:02d}" for at in who],
            "agency": np.array(list("abc"))[where],
            "started_at": days(rng.permutation(n).astype(float)),
        }
    )


def referrals(n=60):
    rng = seeded()
    begun = rng.integers(0, 50, n).astype(float)
    seen = days(begun + rng.integers(0, 30, n)).where(rng.random(n) < 0.7)
    return pd.DataFrame(
        {"to": np.array(list("ab"))[rng.integers(0, 2, n)], "referred_at": days(begun), "seen_at": seen}
    )


# waits


@pytest.mark.parametrize("index", [np.arange(60) % 7, np.arange(60) * 3 + 5], ids=["repeated", "gapped"])
def test_waits_do_not_hang_on_the_index(index):
    table = referrals()
    table.loc[5, "referred_at"] = pd.NaT
    found = median_waits(table.set_axis(index), by=["to"])
    assert found.frame.equals(median_waits(table, by=["to"]).frame)


def test_who_was_seen_after_the_end_of_the_data_still_waited_then():
    table, until = referrals(), days(40.0)
    cut = table[table["referred_at"] <= until]
    cut = cut.assign(seen_at=cut["seen_at"].where(cut["seen_at"] <= until))
    found = median_waits(table, by=["to"], until=until)
    assert found.frame.equals(median_waits(cut, by=["to"], until=until).frame)
    assert any("after the end of the data" in words for words in found.caveats)
    assert not any("check the clocks" in words for words in found.caveats)


def test_waits_of_which_none_ended_are_all_open():
    table = referrals().assign(seen_at=None)
    assert median_waits(table, by=["to"]).frame[["count", "open"]].sum().tolist() == [0.0, 60.0]


def many_open(early):
    """So many seen on day 1, others on days 40 to 52, and as many never: the median has no upper limit."""
    seen = days([1.0] * early + [40.0 + at for at in range(13)])
    return pd.DataFrame({"to": "a", "referred_at": START, "seen_at": [*seen, *[pd.NaT] * 14]})


def test_an_upper_limit_that_is_not_known_is_not_said():
    found = median_waits(many_open(3), by=["to"], until=days(60.0))
    row = found.frame.iloc[0]
    assert row["low"] <= row["median"] and np.isnan(row["high"])
    assert f"({row['low']:,.1f} or more)" in found.summary() and "nan" not in found.summary()


@pytest.mark.parametrize("policy", ["nhs-hes", "opensafely"])
def test_a_lower_limit_on_few_waits_is_withheld_though_the_upper_is_not_known(policy):
    seen = days(np.arange(1.0, 13.0))
    table = pd.DataFrame({"to": "a", "referred_at": START, "seen_at": [*seen, *[pd.NaT] * 10]})
    raw = median_waits(table, by=["to"], until=days(60.0))
    row = raw.frame.iloc[0]
    assert row["low"] == row["beyond"] == 6 and np.isnan(row["high"])  # six waits lie at or below the lower limit
    (shown,) = release(raw, POLICIES[policy]).result.table().rows
    assert shown[3] == 12.0 and shown[4] is None


# flags, identifiers, groups


def test_missing_flags_of_any_type_are_not_true():
    table = pd.DataFrame({"arrived_at": [START] * 4, "ended_at": days([1.2, 1.2, 0.5, 2.0])})
    table["extended"] = [True, None, False, None]
    calls = pd.DataFrame({"person_id": [1, 2, 3, 4], "called_at": START, "attended": [True, None, False, False]})
    harms = pd.DataFrame({"person_id": [3], "occurred_at": [days(1.0)]})
    ends, found = {"arrival to end": "ended_at"}, []
    for kind in ("object", "boolean"):
        clocks = measure_clocks(table.astype({"extended": kind}), ends=ends)
        care = measure_right_care(calls.astype({"attended": kind}), harms, within_days=7, until=days(30.0))
        found.append((clocks.frame["count"].tolist(), care.frame["count"].tolist()))
    assert found == [([2.0, 2.0], [1.0, 1.0, 0.0, 1.0])] * 2


def test_flags_in_words_are_refused_rather_than_taken_for_false():
    calls = pd.DataFrame({"person_id": [1, 2], "called_at": START, "attended": ["true", "false"]})
    harms = pd.DataFrame({"person_id": [1], "occurred_at": [days(1.0)]})
    with pytest.raises(NetworkError, match="neither true nor false"):
        measure_right_care(calls, harms, within_days=7, until=days(30.0))
    table = pd.DataFrame({"arrived_at": [START], "ended_at": [days(1.2)], "extended": ["yes"]})
    with pytest.raises(NetworkError, match="neither true nor false"):
        measure_clocks(table, ends={"arrival to end": "ended_at"})


def test_draws_do_not_hang_on_the_order_of_categories():
    log = contacts()
    other = log.assign(person_id=pd.Categorical(log["person_id"], sorted(set(log["person_id"]), reverse=True)))
    one, two = (measure_journeys(table, n_resamples=49, rng=seeded()).estimates() for table in (log, other))
    pd.testing.assert_frame_equal(one, two)


def test_numbers_and_text_may_both_name_people():
    log = pd.DataFrame(
        {"person_id": [1, 1, "b", "b"], "agency": list("xyxy"), "started_at": days([0.0, 2.0, 0.0, 4.0])}
    )
    assert measure_journeys(log, n_resamples=9, rng=seeded()).totals["cases"] == 2


def test_a_person_named_twice_is_in_one_group_or_refused():
    log, names = contacts(), sorted(set(contacts()["person_id"]))
    groups = pd.Series(["g" if at % 2 else "h" for at in range(len(names))], index=names)
    told = {"within_days": 9, "n_resamples": 19}
    once = compare_groups(log, groups=groups, rng=seeded(), **told)
    twice = compare_groups(log, groups=pd.concat([groups, groups.head(3)]), rng=seeded(), **told)
    assert twice.estimates().equals(once.estimates())
    with pytest.raises(NetworkError, match="1 person in several groups"):
        compare_groups(log, groups=pd.concat([groups, pd.Series({names[0]: "g"})]), rng=seeded(), **told)


# agencies


def test_agencies_named_by_numbers_or_categories_are_no_others():
    numbers = pd.DataFrame({"from_agency": [1, 1, 2], "to_agency": [2, 2, 2]})
    texts = pd.DataFrame({"from_agency": pd.Categorical(list("112")), "to_agency": pd.Categorical(list("222"))})
    for table, agencies in ((numbers, [1, 2]), (texts, ["1", "2"])):
        graph = build_agency_network(table, agencies=agencies)
        assert list(graph.edges(data="weight")) == [("1", "2", 2)] and graph.graph["self_referrals"] == 1
        assert list(graph) == ["1", "2"] and measure_agency_matrix(graph).density == 0.5


@pytest.mark.parametrize("weights", [["1", "4"], pd.Categorical([1, 4])], ids=["text", "categories"])
def test_weights_in_another_type_are_turned_as_numbers(weights):
    table = pd.DataFrame({"source": ["a", "b"], "target": ["b", "a"], "weight": weights})
    found = build_from_edges(table, agencies=["a", "b"], directed=True, scale=(1, 4), inverted=True)
    assert list(found.graph().edges(data="weight")) == [("a", "b", 4), ("b", "a", 1)]


def test_next_contacts_tell_ties_and_take_numbers_as_names():
    log = pd.DataFrame({"person_id": 1, "agency": [1, 2, 1], "started_at": days([0.0, 1.0, 1.0])})
    found = map_journeys(log)
    assert found.frame["group"].tolist() == ["1 then 2", "2 then 1"] and "a median of 1 day apart" in found.summary()
    assert any(words.startswith("Up to 70 in 100 contacts share their time") for words in found.caveats)
    assert not any("share their time" in words for words in map_journeys(log.head(2)).caveats)


def test_one_contact_before_help_is_one_contact():
    log = pd.DataFrame({"person_id": [1, 1], "agency": ["a", "b"], "started_at": days([0.0, 1.0])})
    assert "a median of 1 contact (" in measure_contacts_before(log, helping=["b"], rng=seeded()).summary()
