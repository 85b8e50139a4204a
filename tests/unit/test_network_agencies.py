"""Where each agency stands, which ties stand out, and what leaves of both."""

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from problemsolving.governance.policies import POLICIES
from problemsolving.governance.release import release
from problemsolving.network.structure.agencies import measure_agencies
from problemsolving.network.structure.backbone import find_backbone
from problemsolving.network.structure.build import build_from_agreements, build_from_edges
from problemsolving.network.structure.sectors import ROLES
from problemsolving.network.structure.survey import build_from_survey

NAMES = list("abcdefg")
SECTORS = {name: "health" if name < "d" else "justice" for name in NAMES}
OPEN, STRICT, ZEROS = (POLICIES[name] for name in ("open", "opensafely", "nhs-hes"))


def seeded(seed=1):
    return np.random.default_rng(seed)


def counts_of(seed=2, *, low=10, share=0.4):
    rng = seeded(seed)
    counts = (rng.random((7, 7)) < share) * rng.integers(low, 50, (7, 7))
    np.fill_diagonal(counts, 0)
    return counts


def network_of(counts, *, directed=True, names=NAMES, sectors=SECTORS):
    row, column = np.nonzero(counts if directed else np.triu(counts))
    table = pd.DataFrame({"source": np.array(names)[row], "target": np.array(names)[column], "weight": np.asarray(counts)[row, column]})  # fmt: skip
    return build_from_edges(table, agencies=names, directed=directed, counts=True, of="referrals", sectors=sectors)


def measured(network, **more):
    return measure_agencies(network, **{"n_resamples": 99, "rng": seeded()} | more)


def told(result):
    return result.estimates().set_index("agency")


@pytest.mark.parametrize("directed", [True, False])
def test_numbers_of_agencies_are_those_of_networkx(directed):
    counts = counts_of() if directed else counts_of() + counts_of().T
    network = network_of(counts, directed=directed)
    shown, graph = told(measured(network)).loc[NAMES], network.graph()
    through = nx.betweenness_centrality(graph, normalized=False)
    bound = nx.constraint(graph, weight="weight")
    assert shown["betweenness"].tolist() == pytest.approx([through[name] for name in NAMES])
    assert shown["constraint"].tolist() == pytest.approx([bound[name] for name in NAMES], nan_ok=True)
    assert shown["strength_in"].tolist() == counts.sum(axis=0).tolist()
    assert shown["degree"].tolist() == ((counts > 0) | (counts.T > 0)).sum(axis=1).tolist()
    assert ("strength_out" in shown) is directed
    if directed:
        assert shown["strength_out"].tolist() == counts.sum(axis=1).tolist()
        assert shown["count"].tolist() == (counts.sum(axis=0) + counts.sum(axis=1)).tolist()


def test_isolates_have_no_constraint_and_a_reason():
    counts = counts_of()
    counts[6] = counts[:, 6] = 0
    result = measured(network_of(counts))
    row = told(result).loc["g"]
    assert np.isnan(row["constraint"]) and row["degree"] == 0 and row["articulation"] == 0
    (value,) = [value for value in result.values() if (value.name, value.group) == ("constraint", "g")]
    assert value.estimate is None and "no tie" in value.reason


def test_constraint_above_one_leaves_uncut_with_its_limits():
    triad = np.zeros((7, 7))
    triad[:3, :3] = 1 - np.eye(3)
    result = measured(network_of(triad * 40))
    shown = told(result)
    assert shown.loc["a", "constraint"] == pytest.approx(1.125) and shown.loc["a", "constraint_high"] > 1.1
    assert (shown.loc[["a", "b", "c"], "constraint_low"] <= 1.125).all()


def test_the_agency_without_which_others_are_cut_off():
    way = np.zeros((7, 7))
    way[0, 1] = way[1, 2] = 30
    way[3, 1] = 20
    result = measured(network_of(way))
    shown = told(result)
    assert shown.index[shown["articulation"] == 1].tolist() == ["b"] and shown.loc["b", "articulation_share"] > 0.99
    assert shown.loc["b", "core"] == 1 and shown.loc["b", "betweenness"] == 2
    assert result.summary().startswith("b stood on the shortest ways") and "Without b some" in result.summary()
    assert shown.loc["b", "coordinator"] == 1 and shown.loc["b", "gatekeeper"] == 1  # a to c, and d to c


def test_roles_need_the_sector_of_every_agency():
    result = measured(network_of(counts_of(), sectors={"a": "health"}))
    assert told(result)[list(ROLES)].isna().all().all()
    reasons = {value.reason for value in result.values() if value.name in ROLES}
    assert len(reasons) == 1 and "sector" in reasons.pop()


def test_order_of_rows_and_names_change_nothing():
    counts = counts_of()
    other = list("gfedcba")
    sectors = {new: SECTORS[old] for old, new in zip(NAMES, other, strict=True)}
    mine = told(measured(network_of(counts)))
    theirs = told(measured(network_of(counts, names=other, sectors=sectors)))
    for name in ("betweenness", "constraint", "strength_in", "effective_size", *ROLES):
        assert mine.loc[NAMES, name].to_numpy() == pytest.approx(theirs.loc[other, name].to_numpy(), nan_ok=True)


def test_limits_hold_the_estimates_and_shares_lie_between_0_and_1():
    shown = told(measured(network_of(counts_of(low=1))))
    for name in ("betweenness", "constraint", "degree_in", "strength_out", "efficiency"):
        known = shown[shown[f"{name}_low"].notna()]
        assert (
            len(known) and (known[f"{name}_low"] <= known[name]).all() and (known[name] <= known[f"{name}_high"]).all()
        )
    assert shown[["core_share", "articulation_share"]].stack().between(0, 1).all()


def test_a_survey_draws_raters_for_what_others_say():
    rng = seeded(3)
    rows = [(a, b, int(rng.integers(1, 5))) for a in "abcdef" for b in NAMES if a != b and rng.random() < 0.5]
    table = pd.DataFrame(rows, columns=["rater", "rated", "often"])
    network = build_from_survey(table, agencies=NAMES, respondents=list("abcdef"), items=["often"], sectors=SECTORS)
    result = measured(network)
    shown = told(result)
    assert shown.loc["g", "degree_in"] == (table["rated"] == "g").sum() and np.isnan(shown.loc["g", "degree_out"])
    assert shown["degree_in_low"].notna().all() and shown["betweenness_low"].isna().all()
    assert np.isnan(shown.loc["g", "betweenness"]) and np.isnan(shown.loc["g", "core"])
    assert shown.loc["g", "degree_out_most"] == 6 and shown.loc["g", "degree_out_least"] == 0
    reasons = {value.reason for value in result.values() if value.group == "g" and value.name == "betweenness"}
    assert reasons == {"not estimable: the agency did not answer"}
    assert {value.n for value in result.values()} == {6}
    among = network.graph().subgraph("abcdef")
    through = nx.betweenness_centrality(among, normalized=False)
    assert shown.loc[list("abcdef"), "betweenness"].tolist() == pytest.approx([through[name] for name in "abcdef"])


def test_what_one_agency_said_leaves_under_no_policy_that_withholds():
    table = pd.DataFrame({"rater": ["a", "b"], "rated": ["b", "c"], "often": [4, 2]})
    network = build_from_survey(table, agencies=NAMES, respondents=NAMES, items=["often"])
    for policy in (STRICT, ZEROS):
        shown = release(measured(network), policy).result
        assert told(shown)[["degree_in", "betweenness", "strength_in"]].loc[["b", "c"]].isna().all().all()
        assert all(value.n is None for value in shown.values()) and "withheld" in shown.summary()
        assert shown.plot() is None
    assert told(release(measured(network), OPEN).result).loc["b", "degree_in"] == 1


def test_agreements_have_numbers_and_no_interval():
    table = pd.DataFrame({"first_agency": list("ab"), "second_agency": list("bc")})
    result = measured(build_from_agreements(table, agencies=NAMES))
    (value,) = [value for value in result.values() if (value.name, value.group) == ("betweenness", "b")]
    assert value.estimate == 1 and value.interval is None and "none was drawn" in value.reason


def test_own_ties_that_are_shown_leave_and_the_rest_is_withheld():
    counts = counts_of(low=13)
    counts[0, 1] = 3
    shown = release(measured(network_of(counts)), ZEROS).result
    rounded = np.where(counts > 7, np.floor(counts / 5 + 0.5) * 5, 0)
    table = told(shown)
    assert np.isnan(table.loc["b", "strength_in"]) and np.isnan(table.loc["a", "strength_out"])
    assert table.loc["c", "strength_in"] == rounded[:, 2].sum() and table["betweenness"].isna().all()
    assert table.loc["b", "degree_in_most"] == table.loc["b", "degree_in_least"] + 1
    assert "withheld" in shown.summary() and shown.plot() is None
    reasons = {value.reason for value in shown.values() if value.name == "constraint"}
    assert reasons == {"withheld: it needs ties that are not shown"}


def test_everything_shown_comes_from_rounded_counts():
    counts = counts_of(low=13)
    shown = release(measured(network_of(counts)), ZEROS).result
    again = measured(network_of(np.floor(counts / 5 + 0.5) * 5))
    for name in ("betweenness", "constraint", "strength_in", "effective_size", "count"):
        assert told(shown)[name].sort_index().tolist() == pytest.approx(told(again)[name].sort_index().tolist())
    assert shown.plot().get_xlabel() and len(shown.table().rows) == 7


# the backbone


def test_a_tie_that_stands_out_is_kept_and_the_picture_holds_no_other():
    counts = np.zeros((7, 7))
    counts[0, 1:] = [970, 8, 9, 8, 9, 8]
    result = find_backbone(network_of(counts))
    shown = result.estimates()
    assert shown.loc[shown["kept"], ["sender", "receiver"]].values.tolist() == [["a", "b"]]
    share = 970 / counts.sum()
    assert shown["p"].iloc[0] == pytest.approx((1 - share) ** 5)
    assert [text.get_text() for text in result.plot().texts if text.get_text() != "–"] == ["970"]
    assert "1 of 6 ties" in result.summary() and "reading" in " ".join(result.caveats)


def test_the_backbone_draws_and_names_nothing_that_is_withheld():
    counts = np.zeros((7, 7))
    counts[0, 1:] = [970, 11, 12, 13, 15, 3]
    counts[1, 2:] = [800, 20, 20, 20, 20]
    shown = release(find_backbone(network_of(counts)), ZEROS).result
    table = shown.estimates()
    assert table.loc[table["sender"] == "a", "p"].isna().all() and not (table["receiver"] == "g").loc[table["sender"] == "a"].any()  # fmt: skip
    assert table.loc[table["kept"], ["sender", "receiver"]].values.tolist() == [["b", "c"]]
    labels = [label.get_text() for label in shown.plot().get_yticklabels()]
    assert labels == ["b", "c"] and "cannot be told" in shown.summary()
    with pytest.raises(ValueError, match="alpha"):
        find_backbone(network_of(counts), alpha=1)
