"""One table for the whole network: numbers, intervals, ranges, reasons, and what leaves of it."""

import dataclasses

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from problemsolving.governance.policies import POLICIES
from problemsolving.governance.release import release
from problemsolving.network.structure.agencies import measure_agencies
from problemsolving.network.structure.agency_network import AgencyNetwork
from problemsolving.network.structure.backbone import find_backbone
from problemsolving.network.structure.build import build_from_agreements, build_from_edges
from problemsolving.network.structure.rows_of_whole import ROWS
from problemsolving.network.structure.survey import build_from_survey
from problemsolving.network.structure.whole import ReportedNetwork, measure_whole_network
from problemsolving.results import NotEstimable

STRICT, ZEROS = POLICIES["opensafely"], POLICIES["nhs-hes"]
NAMES = tuple("abcdefgh")
SECTORS = {name: "health" if name < "d" else "justice" for name in NAMES}


def seeded(seed=1):
    return np.random.default_rng(seed)


def counts_of(seed=2, *, low=9, n=8, share=0.4):
    rng = seeded(seed)
    counts = (rng.random((n, n)) < share) * rng.integers(low, 60, (n, n))
    np.fill_diagonal(counts, 0)
    return counts


def network_of(counts, *, directed=True, names=NAMES, sectors=SECTORS, **more):
    row, column = np.nonzero(counts if directed else np.triu(counts))
    names = np.array(names)
    table = pd.DataFrame({"source": names[row], "target": names[column], "weight": np.asarray(counts)[row, column]})
    more = {"counts": True, "of": "referrals"} | more
    return build_from_edges(table, agencies=names.tolist(), directed=directed, sectors=sectors, **more)


def survey_of(scores, answered, *, names=NAMES, **more):
    places = [names.index(name) for name in answered]
    table = pd.DataFrame(
        [
            (names[a], names[b], float(scores[a, b]))
            for a in places
            for b in range(len(names))
            if a != b and scores[a, b]
        ],
        columns=["rater", "rated", "often"],
    )
    return build_from_survey(table, agencies=names, respondents=answered, items=["often"], sectors=SECTORS, **more)


def measured(network, *, n_resamples=99, **more):
    return measure_whole_network(network, n_resamples=n_resamples, rng=seeded(), **more)


def told(result):
    return result.estimates().set_index("name")


def text_of(result):
    parts = [
        result.summary(),
        result.alt_text(),
        repr(result.values()),
        repr(result.table().text_rows()),
        *result.caveats,
    ]
    axes = result.plot()
    if axes is not None:
        drawn = [text.get_text() for text in [*axes.texts, *axes.get_xticklabels(), *axes.get_yticklabels()]]
        points = [line.get_xydata().tolist() for line in axes.lines]
        shaded = [np.ma.getdata(image.get_array()).tolist() for image in axes.images]
        paths = [path.vertices.tolist() for kept in axes.collections for path in kept.get_paths()]
        parts += [repr((drawn, points, shaded, paths))]
    return " ".join(parts)


# numbers


@pytest.mark.parametrize("directed", [True, False])
def test_numbers_are_those_of_networkx(directed):
    counts = counts_of(3)
    counts = counts if directed else np.triu(counts) + np.triu(counts).T
    network = network_of(counts, directed=directed)
    found, graph = told(measured(network))["estimate"], network.graph()
    plain = graph.to_undirected() if directed else graph
    assert found["density"] == pytest.approx(nx.density(graph))
    assert found["transitivity"] == pytest.approx(nx.transitivity(plain))
    assert found["articulation_agencies"] == len(list(nx.articulation_points(plain)))
    assert found["isolates"] == nx.number_of_isolates(graph)
    through = list(nx.betweenness_centrality(graph, normalized=False).values())
    assert found["centralisation_betweenness"] == pytest.approx(
        sum(max(through) - np.array(through)) / (49 * 6 / (1 if directed else 2))
    )
    if directed:
        assert found["reciprocity_arcs"] == pytest.approx(nx.overall_reciprocity(graph))


def test_a_result_does_not_depend_on_the_order_of_rows_nor_on_names():
    network = network_of(counts_of())
    shuffled = AgencyNetwork(
        network.agencies, network.arcs.sample(frac=1, random_state=3), True, dict(reversed(list(SECTORS.items()))),
        None, network.provenance, network.of,
    )  # fmt: skip
    assert measured(network).estimates().equals(measured(shuffled).estimates())
    other = dict(zip(NAMES, "hgfedcba", strict=True))
    renamed = network_of(
        counts_of(), names=list(other.values()), sectors={other[name]: SECTORS[name] for name in NAMES}
    )
    kept = [name for name in ROWS if name != "ei_index_by_chance"]
    mine, theirs = (told(measured(one))["estimate"][kept] for one in (network, renamed))
    assert mine.to_numpy() == pytest.approx(theirs.to_numpy(), nan_ok=True)


def test_every_number_has_an_interval_a_range_or_a_reason():
    networks = [
        network_of(counts_of()),
        network_of(counts_of() + counts_of().T, directed=False),
        survey_of(counts_of() % 5, list("abcdefgh")),
        survey_of(counts_of() % 5, list("abcdef")),
        network_of(counts_of(), sectors={}),
        network_of(np.zeros((8, 8))),
        network_of(counts_of(n=2, share=1.0), names=("a", "b"), sectors={"a": "x", "b": "x"}),
    ]
    for network in networks:
        result = measured(network)
        shown = result.estimates()
        assert shown["name"].tolist() == list(ROWS)
        assert (shown["low"].notna() | (shown["reason"] != "")).all()
        inside = (shown["low"] <= shown["estimate"]) & (shown["estimate"] <= shown["high"])
        assert (inside | shown["low"].isna()).all()
        for value in result.values():
            assert value.n is not None or value.reason
            assert (value.estimate is not None) or value.reason
        assert len(result.table().rows) == len(ROWS) and result.summary()


def test_reasons_name_what_is_missing():
    shown = told(measured(network_of(counts_of() + counts_of().T, directed=False, sectors={"a": "x"})))["reason"]
    assert shown["reciprocity_arcs"].endswith("no direction") and "sector" in shown["ei_index"]
    apart = np.kron(np.eye(2), np.ones((4, 4))) * 20 - np.eye(8) * 20
    assert "reach each other" in told(measured(network_of(apart)))["reason"]["centralisation_closeness"]
    assert "(n - 1)²" in told(measured(network_of(counts_of())))["reason"]["centralisation_in_degree"]


def test_communities_and_core_that_were_planted_are_found():
    apart = (np.kron(np.eye(2), np.ones((4, 4))) - np.eye(8)) * 30
    apart[0, 4] = apart[4, 0] = 1
    result = measured(network_of(apart))
    assert result.communities.members.tolist() == [0] * 4 + [1] * 4
    star = np.zeros((8, 8))
    star[0, 1:] = star[1:, 0] = 40
    result = measured(network_of(star))
    shown = told(result)["estimate"]
    assert result.core.members.tolist() == [True] + [False] * 7 and shown["core_periphery"] == pytest.approx(1)
    assert shown["centralisation_degree"] == shown["centralisation_betweenness"] == 1 and shown["core_size"] == 1


def test_the_limits_of_density_cover_what_like_periods_give():
    rng, covered = seeded(4), 0
    for _ in range(200):
        means = rng.gamma(0.4, 4, size=(8, 8))
        np.fill_diagonal(means, 0)
        truth = (1 - np.exp(-means)).sum() / 56
        result = measure_whole_network(network_of(rng.poisson(means)), n_resamples=1, rng=rng)
        seen = float((result.values_by_pair > 0).sum() / 56)
        low, high = result._density_limits(seen)
        covered += low <= truth <= high
    assert covered / 200 >= 0.93


def test_many_ties_of_one_case_are_told_with_less_certainty():
    few, many = (
        told(measured(network_of(counts))).loc["density"] for counts in (np.minimum(counts_of(), 1), counts_of())
    )
    assert few["estimate"] == many["estimate"] and few["low"] < many["low"] == many["high"]


def test_ties_from_a_number_are_fewer_ties():
    counts = counts_of(low=1)
    found = told(measured(network_of(counts), tie_from=30))["estimate"]["density"]
    assert found == (counts >= 30).sum() / 56


def test_wrong_settings_are_refused_together():
    with pytest.raises(ValueError, match=r"confidence_level.*n_resamples.*tie_from"):
        measure_whole_network(network_of(counts_of()), confidence_level=1, n_resamples=0, tie_from=-1)


# surveys


def test_who_did_not_answer_makes_a_range():
    scores = counts_of() % 5
    full, part = (told(measured(survey_of(scores, list(names)))) for names in ("abcdefgh", "abcdef"))
    known = (scores[:6] > 0).sum()
    row = part.loc["density"]
    assert row["estimate"] == pytest.approx(known / 42)
    assert (row["least"], row["most"]) == pytest.approx((known / 56, (known + 14) / 56))
    assert full["least"].isna().all() and full.loc["density", "estimate"] == (scores > 0).sum() / 56
    for name in ("density", "reciprocity_arcs", "centralisation_in_degree", "ei_index"):
        assert part.loc[name, "least"] <= full.loc[name, "estimate"] <= part.loc[name, "most"]
    among = scores[:6, :6] > 0
    assert part.loc["reciprocity_arcs", "estimate"] == pytest.approx((among & among.T).sum() / among.sum())
    result = measured(survey_of(scores, list("abcdef")))
    assert "did not answer" in " ".join(result.caveats) and {value.n for value in result.values()} == {6}
    assert "whatever those who did not answer say" in result.summary()


def test_nobody_answered():
    result = measured(survey_of(np.zeros((8, 8)), []))
    row = told(result).loc["density"]
    assert np.isnan(row["estimate"]) and (row["least"], row["most"]) == (0, 1)


def test_agreements_are_known_in_full_and_have_no_interval():
    table = pd.DataFrame({"first_agency": ["a", "b", "c"], "second_agency": ["b", "c", "a"]})
    result = measured(
        build_from_agreements(table, agencies=list("abcd"), sectors={name: SECTORS[name] for name in "abcd"})
    )
    shown = told(result)
    assert shown.loc["density", "estimate"] == 0.5 and result.n == 4 and shown.loc["transitivity", "estimate"] == 1
    assert shown["low"].drop("ei_index_by_chance").isna().all()
    assert "none was drawn" in shown.loc["density", "reason"]


# what leaves


def test_nothing_withheld_gives_numbers_of_rounded_counts_alone():
    counts = counts_of(low=13, share=0.5)
    counts[counts == 0] = 11
    np.fill_diagonal(counts, 0)
    shown = release(measured(network_of(counts)), STRICT).result
    rounded = np.floor(counts / 5 + 0.5) * 5
    assert told(shown)["estimate"]["ei_index_weighted"] == pytest.approx(
        told(measured(network_of(rounded)))["estimate"]["ei_index_weighted"]
    )
    assert {value.n for value in shown.values()} == {int(rounded.sum())}


def test_withheld_ties_leave_ranges_and_nothing_else():
    counts = counts_of(low=13)
    counts[0, 1], counts[5, 6] = 3, 2
    shown = release(measured(network_of(counts)), ZEROS).result
    rows = told(shown)
    large = (counts > 7).sum()
    assert (rows.loc["density", "least"], rows.loc["density", "most"]) == pytest.approx((large / 56, (large + 2) / 56))
    assert rows["estimate"].isna().all() and rows["low"].isna().all()
    assert rows.loc["transitivity", "reason"].startswith("withheld") and np.isnan(rows.loc["transitivity", "least"])
    assert all(value.estimate is None and value.n is None and value.reason for value in shown.values())
    assert "range" in shown.summary() and shown.plot() is not None


@pytest.mark.parametrize(("policy", "small"), [(STRICT, (0, 2, 7)), (ZEROS, (1, 4, 7))], ids=["strict", "zeros shown"])
@pytest.mark.parametrize(
    "measure",
    [
        measured,
        lambda network: measured(network, tie_from=20),
        lambda network: measure_agencies(network, n_resamples=50, rng=seeded()),
        lambda network: measure_agencies(network, n_resamples=50, tie_from=20, rng=seeded()),
        find_backbone,
    ],
    ids=["whole", "whole from 20", "agencies", "agencies from 20", "backbone"],
)
def test_what_leaves_is_the_same_whatever_a_withheld_count_was(measure, policy, small):
    texts = set()
    for count in small:
        counts = counts_of(low=18)
        counts[0, 1] = counts[4, 2] = count
        counts[2, 0] = 20
        released = release(measure(network_of(counts)), policy)
        texts.add(text_of(released.result))
        assert released.withheld >= 2
    assert len(texts) == 1


def test_a_tie_from_a_shown_count_gives_numbers_where_small_counts_are_withheld():
    counts = counts_of(low=25)
    counts[0, 1], counts[2, 3] = 3, 30
    shown = release(measured(network_of(counts), tie_from=30), STRICT).result
    rounded = np.floor(counts / 5 + 0.5) * 5
    assert told(shown)["estimate"]["density"] == (rounded >= 30).sum() / 56
    assert told(shown)["estimate"]["transitivity"] == pytest.approx(nx.transitivity(nx.Graph(rounded >= 30)))


def test_a_survey_leaves_with_enough_agencies_and_not_with_few():
    few = measured(survey_of(counts_of() % 5, list("abcdefgh")))
    assert isinstance(few, ReportedNetwork) and isinstance(release(few, STRICT).result, NotEstimable)
    names = tuple("abcdefghijklm")
    scores = counts_of(n=13) % 5
    result = measured(dataclasses.replace(survey_of(scores, list(names), names=names), sectors={}))
    shown = release(result, STRICT).result
    assert told(shown)["estimate"]["density"] == told(result)["estimate"]["density"]
    assert {value.n for value in shown.values()} == {15}
    assert not isinstance(release(few, POLICIES["open"]).result, NotEstimable)


def test_pictures_show_shares_with_words_for_what_has_none():
    axes = measured(network_of(counts_of())).plot()
    labels = " ".join(label.get_text() for label in axes.get_yticklabels()).replace("\n", " ")
    assert "Density" in labels and "E-I" not in labels and axes.get_xlabel()
    assert measured(network_of(np.zeros((8, 8)))).plot() is not None
    assert "interval" in measured(network_of(counts_of())).alt_text()
