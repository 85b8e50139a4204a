"""Published worked examples of the network between agencies, and one made for this project."""

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from problemsolving.network.structure.agencies import measure_agencies
from problemsolving.network.structure.backbone import disparity_filter
from problemsolving.network.structure.build import build_from_edges
from problemsolving.network.structure.centralisation import freeman_centralisation
from problemsolving.network.structure.communities import find_communities, modularity
from problemsolving.network.structure.core_periphery import core_correlation, find_core
from problemsolving.network.structure.ratings import measure_ratings, rater_means
from problemsolving.network.structure.sectors import ei_index
from problemsolving.network.structure.whole import measure_whole_network


def network_of(edges, *, directed=False, isolates=(), sectors=None, counts=False):
    rows = [(*edge, 1) if len(edge) == 2 else tuple(edge) for edge in edges]
    table = pd.DataFrame(rows, columns=["source", "target", "weight"])
    agencies = sorted({str(name) for row in rows for name in row[:2]} | set(isolates))
    return build_from_edges(table, agencies=agencies, directed=directed, counts=counts, sectors=sectors)


def whole(network):
    result = measure_whole_network(network, n_resamples=19, rng=np.random.default_rng(1))
    return result.estimates().set_index("name")["estimate"]


def by_agency(network):
    return measure_agencies(network, n_resamples=19, rng=np.random.default_rng(1)).estimates().set_index("agency")


def plain(graph):
    return nx.to_numpy_array(graph, weight=None)


@pytest.mark.parametrize("name", ["star5", "cycle6", "path5"])
def test_centralisation_of_star_circle_and_path(case, name):
    inputs, expected, tolerance = case("cent-star-circle-path")
    edges = inputs["graphs"][name]
    found = freeman_centralisation(plain(nx.Graph(map(tuple, edges))), directed=False)
    shown = whole(network_of(edges))
    for kind, value in expected[name].items():
        assert float(found[kind][0]) == pytest.approx(value, **tolerance)
        assert shown[f"centralisation_{kind}"] == pytest.approx(value, **tolerance)


def test_centralisation_of_the_florentine_families(case):
    inputs, expected, tolerance = case("cent-florentine-16")
    shown = whole(network_of(inputs["edges"], isolates=inputs["isolates"]))
    assert shown["centralisation_degree"] == pytest.approx(expected["degree"], **tolerance)
    assert shown["centralisation_betweenness"] == pytest.approx(expected["betweenness"], **tolerance)
    assert shown["density"] == pytest.approx(expected["density"], **tolerance)
    assert np.isnan(shown["centralisation_closeness"]) and shown["isolates"] == 1
    assert shown["centralisation_degree_without_isolates"] == pytest.approx((6 * 15 - 40) / (14 * 13))


@pytest.mark.parametrize("name", ["burt-triad", "burt-florentine"])
def test_constraint(case, name):
    inputs, expected, tolerance = case(name)
    shown = by_agency(network_of(inputs["edges"]))["constraint"].to_dict()
    assert shown == pytest.approx(expected.get("constraint", expected), **tolerance)


@pytest.fixture
def referrals(case):
    inputs, expected, tolerance = case("agency-referrals-whole-network")
    network = network_of(inputs["edges_weighted"], directed=True, sectors=inputs["groups"], counts=True)
    return network, expected, tolerance


def test_the_whole_network_of_referrals(referrals):
    network, expected, tolerance = referrals
    shown = whole(network)
    for name, key in {
        "density": "density",
        "reciprocity_arcs": "reciprocity_arcs",
        "reciprocity_dyads": "reciprocity_dyads(ratio)",
        "centralisation_in_degree": "in_degree_centralisation_(n-1)^2",
        "centralisation_out_degree": "out_degree_centralisation",
        "ei_index": "EI_index_ties",
        "ei_index_weighted": "EI_index_weighted",
    }.items():
        assert shown[name] == pytest.approx(expected[key], **tolerance), name
    mutual = (network.matrix() > 0) & (network.matrix().T > 0)
    assert mutual.sum() / 2 == expected["dyad_census_MAN"][0]


def test_each_agency_of_the_referrals(referrals):
    network, expected, tolerance = referrals
    shown = by_agency(network)
    assert shown["betweenness"].to_dict() == pytest.approx(expected["betweenness_raw"], **tolerance)
    assert shown["constraint"].to_dict() == pytest.approx(expected["constraint_weighted"], **tolerance)
    ties = build_from_edges(
        network.arcs.assign(weight=1.0), agencies=network.agencies, directed=True, sender="sender", receiver="receiver"
    )
    assert by_agency(ties)["constraint"].to_dict() == pytest.approx(expected["constraint_unweighted"], **tolerance)
    assert shown["effective_size"].to_dict() == pytest.approx(expected["effective_size_weighted"], **tolerance)
    assert shown["constraint"].max() > 1


def test_karate_club(case):
    _, expected, tolerance = case("karate-community")
    graph = nx.karate_club_graph()
    ties = plain(graph)
    club = np.array([graph.nodes[node]["club"] == "Officer" for node in graph]).astype(int)
    assert float(modularity(ties, club)) == pytest.approx(expected["modularity_club"], **tolerance)
    assert float(modularity(nx.to_numpy_array(graph), club)) == pytest.approx(expected["modularity_club_weighted"], **tolerance)  # fmt: skip
    found = find_communities(ties, directed=False, rng=np.random.default_rng(1))
    assert found.modularity == pytest.approx(expected["max_modularity"], **tolerance)
    assert found.number == expected["max_modularity_n_groups"]
    assert float(ei_index(ties, club)) == pytest.approx(expected["EI"], **tolerance)
    names = [f"{node:02}" for node in graph]
    edges = [(names[a], names[b]) for a, b in graph.edges]
    shown = whole(network_of(edges, sectors=dict(zip(names, map(str, club), strict=True))))
    for name, key in {
        "density": "density",
        "transitivity": "transitivity",
        "ei_index": "EI",
        "modularity": "max_modularity",
        "communities": "max_modularity_n_groups",
    }.items():
        assert shown[name] == pytest.approx(expected[key], **tolerance), name


def test_disparity(case):
    inputs, expected, tolerance = case("disparity-directed-unit-test")
    found = disparity_filter(np.array(inputs["weights"]))
    assert found == pytest.approx(np.array(expected["upper_3dp"]), **tolerance)


def test_core_and_periphery(case):
    _, expected, tolerance = case("core-periphery-BE")
    graphs = {
        "star6": nx.star_graph(5),
        "kite": nx.krackhardt_kite_graph(),
        "florentine15": nx.florentine_families_graph(),
    }
    for name, graph in graphs.items():
        ties = plain(graph)
        found = find_core(ties)
        core = [node for node, inside in zip(graph, found.members, strict=True) if inside]
        either = [expected[name]["core"], [1, 3, 5, 6, 8]] if name == "kite" else [expected[name]["core"]]
        assert found.correlation == pytest.approx(expected[name]["r"], **tolerance)
        assert sorted(core) in [sorted(one) for one in either]
        for one in either:
            members = np.array([node in one for node in graph])
            assert float(core_correlation(ties, members)) == pytest.approx(expected[name]["r"], **tolerance)


def test_trust_by_hand(case):
    inputs, expected, tolerance = case("partner-trust-hand")
    items = ["reliability", "mission", "openness"]
    rows = [(rater, "B", *scores) for rater, scores in inputs["ratings_of_B"].items()]
    table = pd.DataFrame(rows, columns=["rater", "rated", *items])
    means = rater_means(table, items=items)
    assert means.sort_values("sender")["weight"].tolist() == pytest.approx(expected["per_rater"], **tolerance)
    result = measure_ratings(
        table, agencies=list("ABCD"), respondents=list("ACD"), scores={"trust": items}, scale=(1, 4), n_resamples=99,
        rng=np.random.default_rng(1),
    )  # fmt: skip
    row = result.estimates().set_index("group").loc["B: trust"]
    assert row["estimate"] == pytest.approx(expected["score"], **tolerance)
    assert row["of_most"] == pytest.approx(expected["pct_of_max"], **tolerance)
    assert row["of_range"] == pytest.approx(expected["pct_of_range"], **tolerance)
    assert row["count"] == expected["n_raters"]
