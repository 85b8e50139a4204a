"""Published worked examples of nulls of overlap and of QAP: each at its stated tolerance."""

from itertools import combinations

import numpy as np
import pytest

from problemsolving.network.compare.qap import compare_ties, permuted_sums, qap_correlation
from problemsolving.network.overlap.bicm import bipartite_configuration
from problemsolving.network.overlap.tails import hypergeometric_tails


def florentine(inputs):
    """Marriages and businesses of families as two tables in one order."""
    families = sorted(
        {family for name in ("marriage", "business") for tie in inputs[name] for family in tie} | {"Pucci"}
    )
    assert len(families) == inputs["n"]
    tables = []
    for name in ("marriage", "business"):
        table = np.zeros((len(families), len(families)))
        for a, b in inputs[name]:
            table[families.index(a), families.index(b)] = table[families.index(b), families.index(a)] = 1
        tables.append(table)
    return tables


def test_qap_of_florentine_families(case):
    inputs, expected, tolerance = case("qap-florentine")
    marriage, business = florentine(inputs)
    found = compare_ties(marriage, business)
    assert found.pearson == pytest.approx(expected["pearson"], abs=tolerance["pearson"])
    assert found.jaccard == pytest.approx(expected["jaccard"], abs=tolerance["pearson"])
    assert found.simple_match == pytest.approx(expected["simple_match"], abs=tolerance["pearson"])
    assert found.shared == expected["shared_ties"]
    row = qap_correlation(marriage, business, rng=np.random.default_rng(1)).frame.iloc[0]
    assert row["estimate"] == pytest.approx(expected["pearson"], abs=tolerance["pearson"])
    limit = tolerance["p_one_sided_ge_approx"]
    assert row["p_greater"] == pytest.approx(expected["p_one_sided_ge_approx"], abs=limit) and row["p_less"] > 0.99
    shared = permuted_sums(marriage, business, 100_000, np.random.default_rng(2)) / 2
    assert shared.mean() == pytest.approx(expected["perm_mean_shared_ties_exact"], abs=5 * shared.std() / 100_000**0.5)
    limit = tolerance["perm_sd_shared_ties_approx"]
    assert shared.std() == pytest.approx(expected["perm_sd_shared_ties_approx"], abs=limit)
    assert marriage.sum() / 2 * business.sum() / 2 / 120 == expected["perm_mean_shared_ties_exact"]


def test_bipartite_configuration_model_of_three_by_three(case):
    inputs, expected, tolerance = case("bicm-3x3")
    table = np.array(inputs["biadjacency"])
    found = bipartite_configuration(table.sum(axis=1), table.sum(axis=0))
    assert found.ravel().tolist() == pytest.approx(np.ravel(expected).tolist(), **tolerance)


def test_hypergeometric_tails_of_three_agents(case):
    inputs, expected, tolerance = case("fixedrow-hypergeom-3x4")
    table = np.array(inputs["biadjacency"])
    sizes, shared = table.sum(axis=1), table @ table.T
    found = {
        f"{a}-{b}": hypergeometric_tails(shared[a, b], sizes[a], sizes[b], table.shape[1])
        for a, b in combinations(range(3), 2)
    }
    assert {name: float(tails.upper) for name, tails in found.items()} == pytest.approx(expected["upper_offdiag"], **tolerance)  # fmt: skip
    assert {name: float(tails.lower) for name, tails in found.items()} == pytest.approx(expected["lower_offdiag"], **tolerance)  # fmt: skip
