"""The network between agencies, built from each kind of source: what is counted, what is refused, what is said of it."""

import numpy as np
import pandas as pd
import pytest

from problemsolving.errors import NetworkError
from problemsolving.network.structure.build import (
    build_from_agreements,
    build_from_contacts,
    build_from_edges,
    build_from_referrals,
)
from problemsolving.network.structure.survey import build_from_survey, spread_items

ABC = ["a", "b", "c"]


def rows(text, *columns):
    return pd.DataFrame([line.split() for line in text.splitlines()], columns=list(columns))


def referrals(text):
    return rows(text, "from_agency", "to_agency")


def ratings(text):
    found = rows(text, "rater", "rated", "x", "y")
    return found.assign(**{name: pd.to_numeric(found[name], errors="coerce") for name in ("x", "y")})


def test_referrals_are_counted_by_direction_and_isolates_stay():
    network = build_from_referrals(referrals("a b\na b\nb a\nc c"), agencies=ABC)
    assert network.arcs.values.tolist() == [["a", "b", 2], ["b", "a", 1]]
    assert network.provenance["self_ties"] == 1 and network.provenance["rows"] == 4
    assert network.directed and network.counted and network.respondents is None
    graph = network.graph()
    assert graph.is_directed() and set(graph) == set(ABC) and graph["a"]["b"]["weight"] == 2
    assert graph.graph["source"] == "referrals"


def test_referrals_of_one_person_count_once_where_people_are_counted():
    table = referrals("a b\na b\na b\nb c").assign(person=["p", "p", "q", None])
    network = build_from_referrals(table, agencies=ABC, person="person")
    assert network.arcs.values.tolist() == [["a", "b", 2]] and network.of == "people"


def test_blank_agencies_are_left_out_and_said():
    table = pd.DataFrame({"from_agency": ["a", None, "a"], "to_agency": ["b", "b", pd.NA]})
    network = build_from_referrals(table, agencies=ABC)
    assert network.arcs["count"].tolist() == [1] and network.provenance["blank_rows"] == 2
    assert any("lack an agency" in words for words in network.caveats)


def test_contacts_tie_each_agency_to_the_next_within_a_person():
    log = pd.DataFrame(
        {
            "person_id": ["p", "p", "p", "p", "p", "q", "q", "r"],
            "agency_id": ["a", "b", "a", "b", "b", "b", "a", "c"],
            "started_at": [1, 2, 3, 4, 5, 1, 2, 1],
        }
    )
    network = build_from_contacts(log, agencies=ABC)
    assert network.arcs.values.tolist() == [["a", "b", 1], ["b", "a", 2]]  # people, each once
    assert network.provenance["self_ties"] == 1 and network.of == "people"
    shuffled = build_from_contacts(log.sample(frac=1, random_state=1), agencies=ABC[::-1])
    assert shuffled.arcs.equals(network.arcs) and shuffled.agencies == network.agencies


def test_contacts_at_one_time_are_counted():
    log = pd.DataFrame({"person_id": [1, 1, 1], "agency_id": ["b", "a", "c"], "started_at": [1, 1, 2]})
    network = build_from_contacts(log, agencies=ABC)
    assert network.provenance["tied_rows"] == 2
    assert network.arcs[["sender", "receiver"]].values.tolist() == [["a", "b"], ["b", "c"]]


def test_a_survey_knows_who_did_not_answer():
    network = build_from_survey(ratings("a b 1 2\nb a 4 -\nb c - -"), agencies=ABC, respondents=["b", "a"], items=["x", "y"], scale=(1, 4))  # fmt: skip
    assert network.arcs[["sender", "receiver"]].values.tolist() == [["a", "b"], ["b", "a"], ["b", "c"]]
    assert network.arcs["weight"].tolist()[:2] == [1.5, 4.0] and np.isnan(network.arcs["weight"].iloc[2])
    assert network.silent == ("c",) and network.provenance["open_pairs"] == 1
    known = network.matrix()
    assert np.isnan(known[2, :2]).all() and known[2, 2] == 0 and np.isnan(known[1, 2])
    assert known[0].tolist() == [0, 1.5, 0]  # a answered and said nothing of c
    assert network.graph().number_of_edges() == 2
    assert network.pairs()["answered"].tolist() == [True, True, True, False, False, False]


def test_an_inverted_scale_is_turned_and_said():
    plain = {"agencies": ABC, "respondents": ABC, "items": ["x", "y"], "scale": (1, 4)}
    network = build_from_survey(ratings("a b 1 2"), inverted=True, **plain)
    assert network.arcs["weight"].tolist() == [3.5] and network.provenance["scale_turned"]
    assert any("turned round" in words for words in network.caveats)
    same = build_from_survey(ratings("a b 4 3"), **plain)
    assert same.arcs.equals(network.arcs) and not same.caveats
    edges = pd.DataFrame({"source": ["a", "b"], "target": ["b", "c"], "weight": [1, 4]})
    turned = build_from_edges(edges, agencies=ABC, directed=True, scale=(1, 4), inverted=True)
    assert turned.arcs["weight"].tolist() == [4, 1] and turned.caveats


def test_agreements_have_no_direction():
    table = rows("b a\na b\nc b\na a", "first_agency", "second_agency")
    network = build_from_agreements(table, agencies=ABC)
    assert network.arcs.values.tolist() == [["a", "b", 2], ["b", "c", 1]] and not network.directed
    assert network.matrix().tolist() == network.matrix().T.tolist()
    assert len(network.pairs()) == 3 and network.provenance["self_ties"] == 1


def test_items_on_rows_are_spread():
    long = pd.DataFrame({"rater": ["a", "a", "b"], "rated": ["b", "b", "a"], "item": ["x", "y", "x"], "score": [1, 2, 3]})  # fmt: skip
    wide = spread_items(long)
    assert wide.loc[0].tolist() == ["a", "b", 1, 2] and np.isnan(wide.loc[1, "y"])
    with pytest.raises(NetworkError) as caught:
        spread_items(pd.concat([long, long.head(1)]))
    assert "1 row give a pair" in str(caught.value)


def faults_of(build, *arguments, **named):
    with pytest.raises(NetworkError) as caught:
        build(*arguments, **named)
    return " | ".join(caught.value.faults)


def test_every_fault_of_referrals_at_once():
    table = rows("a b\nx b", "from_agency", "to_agencies")
    text = faults_of(build_from_referrals, table, agencies=["a", "b", "b"], sectors={"z": "health"})
    for words in ('"b" is listed more than once', '"z" is not in the list', 'no column "to_agency"; did you mean "to_agencies"?', '"x" is not in the list'):  # fmt: skip
        assert words in text


def test_every_fault_of_a_survey_at_once():
    table = ratings("a b 1 9\na b 1 1\nb c -1 1\nz a 1 1")
    text = faults_of(
        build_from_survey, table, agencies=ABC, respondents=["a", "q"], items=["x", "y", "w"], scale=(1, 4), sectors={}
    )
    for words in ('"z" is not in the list', 'no column "w"', "y: 1 row off the scale of 1 to 4", "x: 1 row negative", "1 row give a pair", 'respondents: "q"', '"b" rates others and is not among the respondents'):  # fmt: skip
        assert words in text, words


def test_every_fault_of_a_list_of_ties_at_once():
    table = pd.DataFrame({"source": ["a", "b", "a"], "target": ["b", "a", "x"], "weight": [-1, 1.5, None]})
    text = faults_of(build_from_edges, table, agencies=ABC, directed=False, counts=True, inverted=True)
    for words in ("scale: give its lowest", "nothing to turn round", "1 row give a pair", '"x" is not in the list', "weight: 1 row negative", "weight: 1 row not whole", "weight: 1 row missing"):  # fmt: skip
        assert words in text, words
    assert "give a pair" not in faults_of(build_from_edges, table, agencies=ABC, directed=True, counts=True)


def test_values_never_stand_in_an_error():
    table = pd.DataFrame({"source": ["a"], "target": ["b"], "weight": ["secret"]})
    text = faults_of(build_from_edges, table, agencies=ABC, directed=True)
    assert "secret" not in text and "weight: 1 row no number" in text


def test_one_agency_is_no_network_and_empty_ties_are_one():
    assert "at least two" in faults_of(build_from_referrals, referrals("a a"), agencies=["a"])
    empty = pd.DataFrame({"from_agency": [], "to_agency": []})
    network = build_from_referrals(empty, agencies=ABC, sectors={"a": "health"})
    assert network.arcs.empty and network.matrix().sum() == 0 and network.graph().nodes["a"] == {"sector": "health"}
    assert network.graph().number_of_nodes() == 3


def test_inputs_stay_as_they_are():
    table = referrals("b a\na b")
    before = table.copy()
    build_from_referrals(table, agencies=ABC)
    assert table.equals(before)


def test_rows_of_a_larger_table_keep_their_scores():
    whole = pd.DataFrame({"rater": ["x", "a", "a", "b"], "rated": ["a", "b", "c", "a"], "often": [9.0, 1.0, 2.0, 3.0]})
    kept = whole[whole["rater"] != "x"]  # its index has gaps
    found = build_from_survey(kept, agencies=["a", "b", "c"], respondents=["a", "b"], items=["often"])
    assert found.arcs["weight"].tolist() == [1.0, 2.0, 3.0]
    edges = kept.rename(columns={"rater": "source", "rated": "target", "often": "weight"})
    built = build_from_edges(
        edges, agencies=["a", "b", "c"], directed=True, sender="source", receiver="target", weight="weight"
    )
    assert built.arcs.iloc[:, 2].tolist() == [1.0, 2.0, 3.0]
