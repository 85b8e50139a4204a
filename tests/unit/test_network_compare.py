"""Networks beside chance, beside another network, beside another wave."""

from collections import Counter
from itertools import combinations, permutations

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from problemsolving import draw
from problemsolving.errors import NetworkError, NotEstimableError
from problemsolving.governance.policies import POLICIES
from problemsolving.governance.release import release
from problemsolving.network.compare.chance import chance_row
from problemsolving.network.compare.nulls import degree_null_test
from problemsolving.network.compare.qap import compare_ties, permuted_sums, qap_correlation
from problemsolving.network.compare.rewiring import curveball, rewire
from problemsolving.network.compare.waves import compare_waves
from problemsolving.network.structure.build import build_from_referrals
from problemsolving.report.safe import check_picture
from problemsolving.results import NotEstimable

CLOSED = ["opensafely", "nhs-hes", "ons", "acro"]


def seeded(seed=1):
    return np.random.default_rng(seed)


def network(rng, n=14, density=0.3, directed=True):
    ties = (rng.random((n, n)) < density).astype(float)
    ties = ties if directed else np.triu(ties, 1) + np.triu(ties, 1).T
    np.fill_diagonal(ties, 0)
    return ties


# rewiring


def all_with_degrees(first, second, n, directed):
    """Every network with these degrees, by trying them all."""
    pairs = [(a, b) for a in range(n) for b in range(n) if (a != b if directed else a < b)]
    wanted = [np.bincount(side, minlength=n) for side in (first, second)]
    found = []
    for ties in combinations(pairs, len(first)):
        ends = [np.bincount(side, minlength=n) for side in zip(*ties, strict=True)]
        same = all((a == b).all() for a, b in zip(ends, wanted, strict=True)) if directed else (sum(ends) == sum(wanted)).all()  # fmt: skip
        if same:
            found.append(frozenset(ties))
    return found


@pytest.mark.parametrize(
    ("first", "second", "n", "directed"),
    [
        ([0, 1, 2, 3, 4], [1, 2, 3, 4, 5], 6, False),
        ([0, 0, 1, 2, 3, 4], [1, 2, 2, 3, 4, 5], 6, False),
        ([0, 1, 2], [1, 2, 0], 3, True),  # two rings: no swap turns one into the other
        ([0, 1, 2, 0, 3], [1, 2, 0, 3, 1], 4, True),
        ([0, 1, 2, 3, 0, 2], [1, 2, 3, 0, 2, 4], 5, True),
    ],
)
def test_every_network_with_these_degrees_is_equally_likely(first, second, n, directed):
    every = all_with_degrees(first, second, n, directed)
    drawn = rewire(first, second, n=n, directed=directed, n_networks=6_000, swaps_per_tie=60, rng=seeded(2))
    seen = Counter(
        frozenset((a, b) if directed or a < b else (b, a) for a, b in zip(*ends, strict=True))
        for ends in zip(drawn.first.tolist(), drawn.second.tolist(), strict=True)
    )
    assert set(seen) <= set(every) and len(every) > 1
    assert stats.chisquare([seen[one] for one in every]).pvalue > 0.001


@pytest.mark.parametrize("directed", [True, False])
@pytest.mark.parametrize("n", [30, 700])
def test_degrees_are_kept_and_ties_are_single(n, directed):
    graph = nx.gnm_random_graph(n, 4 * n, seed=3, directed=directed)
    first, second = np.array(graph.edges()).T
    drawn = rewire(first, second, n=n, directed=directed, n_networks=5, rng=seeded())
    assert (drawn.swaps > 2 * len(first)).all()
    for a, b in zip(drawn.first, drawn.second, strict=True):
        keys = a * n + b if directed else np.minimum(a, b) * n + np.maximum(a, b)
        assert (a != b).all() and len(np.unique(keys)) == len(a)
        ends = [(a, first), (b, second)] if directed else [(np.concatenate([a, b]), np.concatenate([first, second]))]
        assert all((np.bincount(x, minlength=n) == np.bincount(y, minlength=n)).all() for x, y in ends)
    assert len({frozenset(map(tuple, np.column_stack(ends))) for ends in zip(drawn.first, drawn.second, strict=True)}) == 5  # fmt: skip


def test_no_tie_one_tie_and_faults():
    assert rewire([], [], n=4, directed=True, n_networks=2).first.shape == (2, 0)
    assert rewire([0], [1], n=4, directed=True, n_networks=2, rng=seeded()).second.tolist() == [[1], [1]]
    with pytest.raises(NetworkError, match="from 0 to n - 1") as error:
        rewire([0, 1, 1, 9], [1, 0, 1, 0], n=4, directed=False)
    assert "each tie once" in str(error.value) and "to itself" in str(error.value)


def test_curveball_is_uniform_and_keeps_both_sides():
    table = np.array([[1, 1, 0, 0], [1, 0, 1, 0], [0, 1, 0, 1]])
    every = {
        rows
        for rows in np.ndindex(16, 16, 16)
        if (bits := (np.array(rows)[:, None] >> np.arange(4) & 1)).sum(axis=1).tolist() == [2, 2, 2]
        and bits.sum(axis=0).tolist() == [2, 2, 1, 1]
    }
    drawn = curveball(table, n_networks=6_000, trades_per_row=40, rng=seeded(4))
    assert (drawn.sum(axis=1) == table.sum(axis=0)).all() and (drawn.sum(axis=2) == table.sum(axis=1)).all()
    seen = Counter(map(tuple, (drawn @ (1 << np.arange(4))).tolist()))
    assert set(seen) == every and stats.chisquare([seen[one] for one in every]).pvalue > 0.001
    turned = curveball(table.T, n_networks=3, rng=seeded())
    assert (turned.sum(axis=1) == table.sum(axis=1)).all()
    with pytest.raises(NetworkError, match="0 and 1 alone"):
        curveball([[2, 0]])


# tests against a null


def test_planted_reciprocity_is_found_and_degrees_alone_are_not():
    rng = seeded(5)
    ties = network(rng, 16, 0.15)
    returned = np.maximum(ties, ties.T * (rng.random(ties.shape) < 0.8))
    found = degree_null_test(returned, rng=rng)
    row = found.frame.set_index("group").loc["reciprocity"]
    plain = nx.from_numpy_array(returned, create_using=nx.DiGraph)
    assert row["estimate"] == pytest.approx(nx.reciprocity(plain)) and row["p_greater"] == 0.001
    assert row["p_two_sided"] == 0.002 and row["chance_high"] < row["estimate"]
    assert found.frame.set_index("group").loc["transitivity", "estimate"] == pytest.approx(
        nx.transitivity(plain.to_undirected())
    )
    assert "reciprocity" in found.summary() and "nan" not in found.summary()
    check_picture(draw.to_svg(found.plot))


def test_sectors_against_degrees():
    sectors = ["police"] * 6 + ["health"] * 6
    same = np.equal.outer(sectors, sectors)
    ties = np.triu(seeded(6).random((12, 12)) < np.where(same, 0.7, 0.15), 1).astype(float)
    found = degree_null_test(ties + ties.T, sectors=sectors, rng=seeded(6), alternative="less")
    row = found.frame.set_index("group").loc["E-I index"]
    assert row["estimate"] < row["chance_low"] and row["p_less"] <= 0.01
    assert list(found.frame["group"]) == ["transitivity", "E-I index"]
    axes = found.plot()
    assert axes.get_xlim()[0] < found.frame[["estimate", "chance_low"]].min(axis=None), "nothing is cut off"
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["seen", "what chance alone would give"]


def test_the_null_is_seldom_rejected_where_it_holds():
    """The network is itself one of the networks drawn, so that p is exact but for ties in it; 1,000 networks."""
    first, second = np.array(nx.gnm_random_graph(12, 40, seed=7, directed=True).edges()).T
    drawn = rewire(first, second, n=12, directed=True, n_networks=20_000, swaps_per_tie=10, rng=seeded(7))
    stack = np.zeros((20_000, 12, 12), np.float32)
    stack[np.arange(20_000)[:, None], drawn.first, drawn.second] = 1
    returned = np.einsum("kij,kji->k", stack, stack).reshape(1_000, 20)
    p = (1 + (returned[:, 1:] >= returned[:, :1]).sum(axis=1)) / 20
    assert 0.01 <= (p <= 0.05).mean() <= 0.07


def test_faults_of_a_null_test():
    with pytest.raises(NetworkError, match="same from both sides") as error:
        degree_null_test(
            network(seeded()), directed=False, statistics=["reciprocity", "E-I index", "density"], n_resamples=0
        )
    assert all(words in str(error.value) for words in ("no statistic", "needs ties with a direction", "sector of every", "1 or more"))  # fmt: skip
    with pytest.raises(NetworkError, match="square"):
        degree_null_test(np.ones((3, 4)))
    with pytest.raises(NetworkError, match="not known"):
        degree_null_test(np.where(np.eye(5) > 0, 0, np.nan))


def test_chance_in_both_tails():
    row = chance_row("x", 2.0, [1.0, 2.0, 3.0, np.nan])
    assert (row["p_greater"], row["p_less"], row["p_two_sided"]) == (0.75, 0.75, 1.0)
    assert np.isnan(chance_row("x", np.nan, [1.0])["p_less"])


# QAP


def test_qap_p_is_that_of_every_permutation():
    one, other = network(seeded(8), 6, 0.5), network(seeded(9), 6, 0.5)
    kept = ~np.eye(6, dtype=bool)
    seen = np.corrcoef(one[kept], other[kept])[0, 1]
    every = np.array([
        np.corrcoef(one[kept], other[np.ix_(order, order)][kept])[0, 1] for order in permutations(range(6))
    ])  # fmt: skip
    row = qap_correlation(one, other, n_permutations=40_000, rng=seeded()).frame.iloc[0]
    assert row["estimate"] == pytest.approx(seen)
    assert row["p_greater"] == pytest.approx((every >= seen - 1e-9).mean(), abs=0.01)
    assert row["p_less"] == pytest.approx((every <= seen + 1e-9).mean(), abs=0.01)


def test_qap_of_weights_order_and_scale():
    rng = seeded(10)
    one = network(rng, 12, 0.5) * rng.integers(1, 9, (12, 12))
    other = one + network(rng, 12, 0.5)
    order = rng.permutation(12)
    found = qap_correlation(one, other, rng=seeded())
    again = qap_correlation(one[np.ix_(order, order)], 3 * other[np.ix_(order, order)], rng=seeded())
    pd.testing.assert_frame_equal(found.frame, again.frame)
    assert found.frame["p_greater"].iloc[0] == 0.0001


def test_qap_is_seldom_significant_where_networks_have_nothing_to_do_with_each_other():
    rng, p = seeded(11), []
    for _ in range(1_000):
        one, other = (network(rng, 10, 0.3, directed=False) for _ in range(2))
        sums = permuted_sums(one, other, 199, rng)
        p.append((1 + (sums >= (one * other).sum()).sum()) / 200)
    assert np.mean(np.array(p) <= 0.05) <= 0.07


def test_faults_of_a_pair_of_networks():
    with pytest.raises(NetworkError, match="same agencies"):
        qap_correlation(network(seeded(), 5), network(seeded(), 6))
    with pytest.raises(NotEstimableError, match="same tie"):
        qap_correlation(np.ones((5, 5)), network(seeded(), 5))
    rows = pd.DataFrame({"from_agency": ["a", "b"], "to_agency": ["b", "a"]})
    nets = [build_from_referrals(rows, agencies=list(names)) for names in ("abcd", "abce")]
    with pytest.raises(NetworkError, match="keep those that are in both"):
        compare_ties(*nets)


# waves


def test_waves_counted_in_plain_python():
    rng = seeded(12)
    one = network(rng, 15, 0.3)
    other = np.where(rng.random((15, 15)) < 0.2, network(rng, 15, 0.5), one)
    pairs = [(bool(one[i, j]), bool(other[i, j])) for i in range(15) for j in range(15) if i != j]
    counted = Counter(pairs)
    found = compare_waves(one, other, rng=seeded())
    kept, gained, lost = counted[True, True], counted[False, True], counted[True, False]
    assert found.frame["count"].tolist() == [kept, gained, lost, counted[False, False]]
    assert found.jaccard == pytest.approx(kept / (kept + gained + lost)) and found.hamming == gained + lost
    assert found.alike <= 0.001
    assert f"{kept} ties were kept, {gained} gained and {lost} lost" in found.summary()
    check_picture(draw.to_svg(found.plot))


def test_waves_do_not_depend_on_the_order_of_agencies():
    rng = seeded(13)
    one, other, order = network(rng), network(rng), rng.permutation(14)
    first = compare_waves(one, other, rng=seeded())
    second = compare_waves(one[np.ix_(order, order)], other[np.ix_(order, order)], rng=seeded())
    assert first.values() == second.values()


def test_more_ties_in_the_second_wave_are_found_and_chance_is_not():
    rng = seeded(14)
    one = network(rng, 20, 0.2)
    more = np.maximum(one, network(rng, 20, 0.1))
    assert compare_waves(one, more, rng=seeded()).apart < 0.01
    p = [compare_waves(network(rng, 12), network(rng, 12), n_permutations=199, rng=rng).tests for _ in range(400)]
    assert np.mean([both["net change"] <= 0.05 for both in p]) <= 0.07
    assert np.mean([both["alike"] <= 0.05 for both in p]) <= 0.07


def test_undirected_waves_use_each_pair_once():
    one, other = (network(seeded(seed), 12, 0.4, directed=False) for seed in (15, 16))
    found = compare_waves(one, other, rng=seeded())
    assert found.frame["count"].sum() == 66
    gained, lost = found.frame["count"].iloc[[1, 2]]
    assert found.apart == pytest.approx(stats.binomtest(int(gained), int(gained + lost)).pvalue)


def test_waves_without_ties():
    found = compare_waves(np.zeros((5, 5)), np.zeros((5, 5)), rng=seeded(), n_permutations=9)
    assert np.isnan(found.jaccard) and found.hamming == 0
    assert (found.estimates()["reason"].iloc[:4] == "not estimable: no tie to be a share of").all()
    assert "nan" not in found.summary()


# what leaves


@pytest.mark.parametrize("policy", CLOSED)
def test_released_waves_come_from_released_counts(policy):
    rules, rng = POLICIES[policy], seeded(17)
    for changed in (0.02, 0.3):
        one = network(rng, 16, 0.4)
        other = np.where(rng.random((16, 16)) < changed, network(rng, 16, 0.5), one)
        shown = release(compare_waves(one, other, rng=rng, n_permutations=99), rules).result
        if isinstance(shown, NotEstimable):
            continue
        counts = shown.frame["count"].dropna()
        assert (counts % rules.nearest == 0).all() and ((counts > rules.suppress_to) | (counts == 0)).all()
        if shown.frame["count"].isna().any():
            assert all(value.estimate is None for value in shown.values() if value.name.startswith("p_"))
            assert "p " not in shown.summary() or "withheld" in shown.summary()
        assert "nan" not in shown.summary()


@pytest.mark.parametrize("policy", CLOSED)
def test_numbers_leave_in_two_decimals_where_enough_agencies_stand_behind_them(policy):
    rng = seeded(18)
    one, other = network(rng, 14), network(rng, 14)
    for result in (degree_null_test(one, n_resamples=99, rng=rng), qap_correlation(one, other, rng=rng)):
        shown = release(result, POLICIES[policy]).result
        numbers = shown.frame.drop(columns="group").to_numpy(float)
        assert (numbers * 100).round(6) % 1 == pytest.approx(0) and "nan" not in shown.summary()
    few = release(degree_null_test(network(rng, 6, 0.5), n_resamples=9, rng=rng), POLICIES[policy]).result
    assert isinstance(few, NotEstimable) and few.withheld


def test_ties_of_few_cases_stay_where_nothing_is_rounded():
    rng = seeded(19)
    names = [f"agency {at:02d}" for at in range(14)]
    rows = pd.DataFrame({"from_agency": rng.choice(names, 60), "to_agency": rng.choice(names, 60)})
    result = degree_null_test(build_from_referrals(rows, agencies=names), n_resamples=49, rng=rng)
    assert isinstance(release(result, POLICIES["ons"]).result, NotEstimable)
    assert not isinstance(release(result, POLICIES["opensafely"]).result, NotEstimable)
    assert release(result, POLICIES["open"]).result.values() == result.values()
