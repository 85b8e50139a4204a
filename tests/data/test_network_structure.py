"""Four published networks of agencies, against counts made with the csv module alone."""

import csv
from collections import defaultdict
from itertools import pairwise, permutations

import numpy as np
import pandas as pd
import pytest

from problemsolving.dictionary.reading import read_source
from problemsolving.dictionary.schema import source
from problemsolving.network.structure.agencies import measure_agencies
from problemsolving.network.structure.agreement import measure_tie_agreement
from problemsolving.network.structure.build import build_from_edges
from problemsolving.network.structure.survey import build_from_survey
from problemsolving.network.structure.whole import measure_whole_network

pytestmark = pytest.mark.data
NETWORKS = {
    "Texas": ("emon_Texas", "drabek-ties", "drabek-organisations", "Frequency", True),
    "Wichita": ("emon_Wichita", "drabek-ties", "drabek-organisations", "Frequency", True),
    "contact": ("TC_TCcnt", "tobacco-partnership-contact", "tobacco-partnership-agencies", "contact", False),
    "collaborate": ("TC_TCcoll", "tobacco-partnership-collaborate", "tobacco-partnership-agencies", "collaborate", False),
}  # fmt: skip


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def network_of(real_data, name):
    """Read through the dictionary's sources: ids stand for agencies, kinds for sectors."""
    stem, ties, members, _, directed = NETWORKS[name]
    folder = real_data / "networks"
    frame = read_source(source(ties), [folder / f"{stem}_edges.csv"], root=real_data).frame
    people = read_source(source(members), [folder / f"{stem}_nodes.csv"], root=real_data).frame
    agencies = people["member_id"].tolist()
    sectors = dict(zip(people["member_id"], people["kind"], strict=True))
    if directed:  # the source has turned the scale; every organisation of the study was asked and answered
        return build_from_survey(frame, agencies=agencies, respondents=agencies, items=["score"], rater="respondent", sectors=sectors, scale=(1, 4)), people  # fmt: skip
    network = build_from_edges(frame, agencies=agencies, directed=False, sender="respondent", receiver="rated", weight="score", sectors=sectors)  # fmt: skip
    return network, people


def counted(real_data, name):
    """Ties, weights and kinds by the csv module and plain Python."""
    stem, _, _, column, directed = NETWORKS[name]
    nodes = rows_of(real_data / "networks" / f"{stem}_nodes.csv")
    weights = {}
    for row in rows_of(real_data / "networks" / f"{stem}_edges.csv"):
        value = float(row[column])
        weights[row["from"], row["to"]] = 5 - value if directed else value
        if not directed:
            weights[row["to"], row["from"]] = value
    return [row["id"] for row in nodes], weights, nodes


def steps_from(start, names, ties):
    """Distances and numbers of shortest ways, level by level."""
    distance, ways, level = {start: 0}, defaultdict(int, {start: 1}), [start]
    while level:
        after = []
        for name in level:
            for other in names:
                if (name, other) not in ties:
                    continue
                if other not in distance:
                    distance[other] = distance[name] + 1
                    after.append(other)
                if distance[other] == distance[name] + 1:
                    ways[other] += ways[name]
        level = after
    return distance, ways


def pairs_through(names, ties):
    """Betweenness by its definition: over ordered pairs, ways through an agency as a share of all."""
    known = {name: steps_from(name, names, ties) for name in names}
    through = dict.fromkeys(names, 0.0)
    for a, b, c in permutations(names, 3):
        (from_a, ways_a), (from_b, ways_b) = known[a], known[b]
        if c in from_a and b in from_a and c in from_b and from_a[c] == from_a[b] + from_b[c]:
            through[b] += ways_a[b] * ways_b[c] / ways_a[c]
    return through


def share_of(values, largest):
    return sum(max(values) - value for value in values) / largest


def bound(names, weights):
    """Burt's constraint by its definition."""
    mutual = {(a, b): weights.get((a, b), 0) + weights.get((b, a), 0) for a in names for b in names if a != b}
    total = {a: sum(mutual[a, b] for b in names if b != a) for a in names}
    found = {}
    for a in names:
        if not total[a]:
            continue
        found[a] = sum(
            (mutual[a, b] / total[a] + sum(mutual[a, c] / total[a] * mutual[c, b] / total[c] for c in names if c not in (a, b) and total[c])) ** 2
            for b in names
            if b != a and mutual[a, b]
        )  # fmt: skip
    return found


@pytest.fixture(scope="module", params=NETWORKS)
def both(request, real_data):
    network, people = network_of(real_data, request.param)
    result = measure_whole_network(network, n_resamples=99, rng=np.random.default_rng(1))
    return network, result.estimates().set_index("name"), *counted(real_data, request.param), people


def test_density_reciprocity_and_centralisation_are_those_counted_by_hand(both):
    network, shown, names, weights, nodes, _ = both
    n, found = len(names), shown["estimate"]
    assert found["density"] == pytest.approx(len(weights) / (n * (n - 1)))
    returned = sum((b, a) in weights for a, b in weights)
    linked = {frozenset(pair) for pair in weights}
    partners = [sum(name in pair for pair in linked) for name in names]
    assert found["centralisation_degree"] == pytest.approx(share_of(partners, (n - 1) * (n - 2)))
    through = list(pairs_through(names, weights).values())
    assert found["centralisation_betweenness"] == pytest.approx(share_of(through, (n - 1) ** 2 * (n - 2)))
    if network.directed:
        assert found["reciprocity_arcs"] == pytest.approx(returned / len(weights))
        assert found["reciprocity_dyads"] == pytest.approx(returned / 2 / len(linked))
        into = [sum(b == name for _, b in weights) for name in names]
        out = [sum(a == name for a, _ in weights) for name in names]
        assert found["centralisation_in_degree"] == pytest.approx(share_of(into, (n - 1) ** 2))
        assert found["centralisation_out_degree"] == pytest.approx(share_of(out, (n - 1) ** 2))
    else:
        assert "no direction" in shown.loc["reciprocity_arcs", "reason"]
    kind = {row["id"]: row.get("Sponsorship") or row["agency_lvl"] for row in nodes}
    within = sum(kind[a] == kind[b] for a, b in weights)
    assert found["ei_index"] == pytest.approx((len(weights) - 2 * within) / len(weights))


def test_constraint_is_that_counted_by_hand(both):
    network, _, names, weights, _, _ = both
    shown = measure_agencies(network, n_resamples=9, rng=np.random.default_rng(1)).estimates().set_index("agency")
    expected = bound(names, weights)
    assert shown["constraint"].dropna().to_dict() == pytest.approx(expected)
    assert shown.index[shown["constraint"].isna()].tolist() == [name for name in names if name not in expected]
    received = {name: sum(value for (_, b), value in weights.items() if b == name) for name in names}
    assert shown["strength_in"].to_dict() == pytest.approx(received)


def test_a_survey_has_intervals_and_a_list_of_ties_has_none(both):
    network, shown, *_ = both
    assert shown.loc["density", ["low", "high"]].notna().all() == network.directed
    assert not network.provenance["scale_turned"]  # the source did


@pytest.mark.parametrize("name", ["Texas", "Wichita"])
def test_turning_the_publishers_scale_here_gives_the_same_network(real_data, name):
    network, people = network_of(real_data, name)
    rows = rows_of(real_data / "networks" / f"{NETWORKS[name][0]}_edges.csv")
    table = pd.DataFrame({"rater": [row["from"] for row in rows], "rated": [row["to"] for row in rows], "often": [float(row["Frequency"]) for row in rows]})  # fmt: skip
    names = people["member_id"].tolist()
    turned = build_from_survey(table, agencies=names, respondents=names, items=["often"], scale=(1, 4), inverted=True)
    assert turned.arcs.equals(network.arcs) and turned.caveats and turned.provenance["scale_turned"]
    strongest = max(rows, key=lambda row: -float(row["Frequency"]))
    assert turned.graph()[strongest["from"]][strongest["to"]]["weight"] == 4


@pytest.mark.parametrize("name", ["Texas", "Wichita"])
def test_missing_staff_are_missing(real_data, name):
    _, people = network_of(real_data, name)
    raw = rows_of(real_data / "networks" / f"{NETWORKS[name][0]}_nodes.csv")
    for column, field in (("paid_staff", "Paid.Staff"), ("volunteer_staff", "Volunteer.Staff")):
        assert people[column].isna().sum() == sum(row[field] in ("-2147483648", "") for row in raw) > 0
        assert people[column].min() >= 0


@pytest.mark.parametrize("name", ["Texas", "Wichita"])
def test_agreement_on_ties_is_that_counted_by_hand(real_data, name):
    network, _ = network_of(real_data, name)
    names, weights, _ = counted(real_data, name)
    kinds = [((a, b) in weights) + ((b, a) in weights) for at, a in enumerate(names) for b in names[at + 1 :]]
    found = measure_tie_agreement(network, n_resamples=99, rng=np.random.default_rng(1))
    assert found.frame["count"].tolist() == [kinds.count(2), kinds.count(1), 0, kinds.count(0), 0]


def test_hand_counts_know_a_way_of_three():
    names, ties = ["a", "b", "c"], dict.fromkeys(pairwise("abc"), 1)
    assert pairs_through(names, ties) == {"a": 0, "b": 1, "c": 0}
    assert bound(names, ties)["a"] == 1
