"""The arrays under the network's numbers, against networkx and counts by hand."""

import itertools

import networkx as nx
import numpy as np
import pytest

from problemsolving.network.structure.backbone import disparity_filter
from problemsolving.network.structure.bounds import ranges
from problemsolving.network.structure.centralisation import degree_range, freeman_centralisation
from problemsolving.network.structure.communities import find_communities, modularity
from problemsolving.network.structure.core_periphery import core_correlation, cores_by_degree, find_core
from problemsolving.network.structure.draws import draw_agencies, draw_cases, unseen_mass
from problemsolving.network.structure.holes import burt_constraint, effective_size
from problemsolving.network.structure.pairs import centred_limits
from problemsolving.network.structure.sectors import brokerage_roles, ei_by_chance, ei_index
from problemsolving.network.structure.stacks import (
    count_pieces,
    either_way,
    find_articulation,
    shortest_paths,
    transitivity,
)


def seeded(seed=1):
    return np.random.default_rng(seed)


def stack_of(draws, n, share, *, directed=True, seed=1, top=1):
    rng = seeded(seed)
    arcs = (rng.random((draws, n, n)) < share) * rng.integers(1, top + 1, (draws, n, n)).astype(float)
    arcs[:, np.arange(n), np.arange(n)] = 0
    upper = np.triu(arcs)
    return arcs if directed else upper + upper.swapaxes(1, 2)


def graph_of(arcs, *, directed=True):
    return nx.from_numpy_array(arcs, create_using=nx.DiGraph if directed else nx.Graph)


def listed_by_place(found, n):
    return np.array([found[place] for place in range(n)])


@pytest.mark.parametrize("share", [0.08, 0.2, 0.6])
@pytest.mark.parametrize("directed", [True, False])
def test_paths_pieces_and_triangles_are_those_of_networkx(share, directed):
    stack = stack_of(40, 11, share, directed=directed)
    distances, through = shortest_paths(stack)
    both = either_way(stack)
    for at, arcs in enumerate(stack):
        graph, plain = graph_of(arcs, directed=directed), graph_of(both[at], directed=False)
        theirs = nx.betweenness_centrality(graph, normalized=False)
        assert through[at] / (1 if directed else 2) == pytest.approx(listed_by_place(theirs, 11))
        reached = dict(nx.all_pairs_shortest_path_length(graph))
        assert all(distances[at, a, b] == reached[a].get(b, np.inf) for a in range(11) for b in range(11))
        assert set(np.flatnonzero(find_articulation(both[at : at + 1])[0])) == set(nx.articulation_points(plain))
        assert count_pieces(both)[at] == nx.number_connected_components(plain)
        assert np.nan_to_num(transitivity(both)[at]) == pytest.approx(nx.transitivity(plain))


def test_numbers_of_one_network_do_not_depend_on_those_beside_it():
    stack = np.concatenate([stack_of(5, 9, 0.1), stack_of(5, 9, 0.5, seed=2)])
    alone = np.concatenate([shortest_paths(arcs[None])[1] for arcs in stack])
    assert np.array_equal(alone, shortest_paths(stack)[1])


@pytest.mark.parametrize("directed", [True, False])
def test_structural_holes_are_those_of_networkx(directed):
    for at, ties in enumerate(stack_of(30, 10, 0.25, directed=directed, top=6)):
        graph = graph_of(ties, directed=directed)
        theirs = nx.constraint(graph, weight="weight")
        assert burt_constraint(ties) == pytest.approx(listed_by_place(theirs, 10), nan_ok=True), at
        linked = [place for place in range(10) if graph.degree(place)]
        mutual = graph_of(ties + ties.T, directed=False)
        sizes = nx.effective_size(
            mutual, nodes=linked, weight="weight"
        )  # one by one: all at once divides by the wrong maximum
        size, efficiency = effective_size(ties)
        assert size[linked] == pytest.approx([sizes[place] for place in linked])
        partners = either_way(ties[None])[0].sum(axis=1)[linked]
        assert efficiency[linked] == pytest.approx(size[linked] / partners)
        assert np.isnan(size[[place for place in range(10) if place not in linked]]).all()


def test_effective_size_of_plain_ties_is_borgattis():
    for ties in stack_of(20, 9, 0.4, directed=False, seed=3):
        theirs = nx.effective_size(graph_of(ties, directed=False))
        assert effective_size(ties)[0] == pytest.approx(listed_by_place(theirs, 9), nan_ok=True)


def test_constraint_is_never_cut_and_scaling_changes_nothing():
    triad = np.ones((3, 3)) - np.eye(3)
    assert burt_constraint(triad).tolist() == [1.125] * 3
    ties = stack_of(1, 8, 0.4, top=9)[0]
    assert burt_constraint(ties * 7) == pytest.approx(burt_constraint(ties), nan_ok=True)


@pytest.mark.parametrize("directed", [True, False])
def test_roles_are_those_counted_one_by_one(directed):
    codes = np.array([0, 0, 0, 1, 1, 2, 2, 3])
    for arcs in stack_of(10, 8, 0.3, directed=directed):
        expected = np.zeros((8, 5))
        for sender, broker, receiver in itertools.permutations(range(8), 3):
            if arcs[sender, broker] and arcs[broker, receiver] and not arcs[sender, receiver]:
                if not directed and sender > receiver:
                    continue
                a, b, c = codes[[sender, broker, receiver]]
                kinds = [0] if a == b == c else [1] if a == c else [2] if b == c else [3] if a == b else [4]
                for kind in kinds if directed or kinds[0] not in (2, 3) else (2, 3):
                    expected[broker, kind] += 1
        assert brokerage_roles(arcs, codes, directed=directed).tolist() == expected.tolist()


def test_core_is_the_best_of_all():
    for ties in stack_of(6, 8, 0.35, directed=False):
        pattern = ties[np.triu_indices(8, 1)]
        best = -2.0
        for members in itertools.product([False, True], repeat=8):
            core = np.array(members)
            ideal = np.maximum.outer(core, core)[np.triu_indices(8, 1)].astype(float)
            if ideal.std() and pattern.std():
                fit = np.corrcoef(pattern, ideal)[0, 1]
                assert core_correlation(ties, core) == pytest.approx(fit)
                best = max(best, fit)
        assert find_core(ties).correlation == pytest.approx(best)
        assert find_core(ties).search == "every core tried"


def test_climbs_find_the_core_that_was_planted():
    rng = seeded(4)
    core = np.arange(30) < 6
    ties = (rng.random((30, 30)) < np.where(np.maximum.outer(core, core), 0.8, 0.05)).astype(float)
    ties = np.triu(ties, 1) + np.triu(ties, 1).T
    found = find_core(ties, rng=seeded())
    assert found.members.tolist() == core.tolist() and "climbs" in found.search
    assert cores_by_degree(ties[None])[0].tolist() == core.tolist()
    plain = core_correlation(ties, np.arange(30) < np.arange(1, 31)[:, None])
    assert found.correlation >= np.nanmax(plain) - 1e-12


def test_networks_without_a_pattern_have_no_core():
    for ties in (np.zeros((5, 5)), np.ones((5, 5)) - np.eye(5), np.zeros((25, 25))):
        found = find_core(ties)
        assert np.isnan(found.correlation) and not found.members.any()


@pytest.mark.parametrize("directed", [True, False])
def test_modularity_is_that_of_networkx_and_planted_groups_are_found(directed):
    members = np.arange(12) % 3
    for ties in stack_of(10, 12, 0.3, directed=directed, top=5):
        groups = [set(np.flatnonzero(members == group)) for group in range(3)]
        theirs = nx.community.modularity(graph_of(ties, directed=directed), groups)
        assert modularity(ties, members) == pytest.approx(theirs)
    planted = np.kron(np.eye(3), np.ones((4, 4))) - np.eye(12)
    found = find_communities(planted, directed=directed, rng=seeded())
    assert found.members.tolist() == np.repeat([0, 1, 2], 4).tolist() and found.number == 3


def test_ei_index_by_hand_and_by_chance():
    ties = np.zeros((4, 4))
    ties[0, 1] = ties[0, 2] = ties[2, 3] = 1
    codes = np.array([0, 0, 1, 1])
    assert float(ei_index(ties, codes)) == pytest.approx((1 - 2) / 3)
    assert np.isnan(ei_index(np.zeros((4, 4)), codes))
    apart = np.kron(np.eye(2), np.ones((5, 5))) - np.eye(10)
    p, found = ei_by_chance(apart, np.repeat([0, 1], 5), rng=seeded())
    assert p < 0.02 and found.mean() == pytest.approx(1 - 2 * 4 / 9, abs=0.03)


def test_ei_test_of_no_effect_rejects_seldom():
    codes, rejected = np.repeat([0, 1, 2], 4), 0
    for at, arcs in enumerate(stack_of(400, 12, 0.3, seed=6)):
        rejected += ei_by_chance(arcs, codes, n_resamples=99, rng=seeded(at))[0] <= 0.05
    assert rejected <= 400 * 0.05 + 3 * np.sqrt(400 * 0.05 * 0.95)


def filled(arcs):
    """Every network that the arcs not known allow."""
    places = np.argwhere(np.isnan(arcs))
    for kinds in itertools.product([0.0, 1.0], repeat=len(places)):
        full = arcs.copy()
        full[tuple(places.T)] = kinds
        yield full


def test_ranges_are_those_of_every_network_that_is_possible():
    codes = np.array([0, 0, 1, 1])
    for at, arcs in enumerate(stack_of(25, 4, 0.45, seed=8)):
        rng, unknown = seeded(at), arcs.copy()
        others = np.argwhere(~np.eye(4, dtype=bool))
        unknown[tuple(others[rng.permutation(12)[:5]].T)] = np.nan
        found = ranges(unknown, codes, directed=True)
        seen = {name: [] for name in found}
        for full in filled(unknown):
            both = np.maximum(full, full.T)
            returned, arcs_in_all = (full * full.T).sum(), full.sum()
            seen["density"].append(arcs_in_all / 12)
            seen["reciprocity_arcs"].append(returned / arcs_in_all if arcs_in_all else np.nan)
            seen["reciprocity_dyads"].append(returned / both.sum() if arcs_in_all else np.nan)
            seen["ei_index"].append(float(ei_index(full, codes)))
            of = freeman_centralisation(full, directed=True)
            for kind in ("degree", "in_degree", "out_degree"):
                seen[kind].append(float(of[kind][0]))
        for name, values in seen.items():
            ends = np.nanmin(values), np.nanmax(values)
            if name == "degree":
                assert found[name][0] <= ends[0] + 1e-12 and found[name][1] >= ends[1] - 1e-12
            else:
                assert found[name] == pytest.approx(ends), name


def test_degree_range_of_known_degrees_is_one_number():
    degrees = np.array([3.0, 1.0, 1.0, 1.0])
    assert degree_range(degrees, degrees, 6.0) == (1.0, 1.0)


def test_isolates_count_or_do_not():
    star = np.zeros((6, 6))
    star[0, 1:4] = star[1:4, 0] = 1
    whole, part = (freeman_centralisation(star, directed=False, isolates=kept) for kept in (True, False))
    assert part["degree"][0] == pytest.approx(1) and part["closeness"][0] == pytest.approx(1)
    assert whole["degree"][0] == pytest.approx((3 * 2 + 2 * 3) / 20) and np.isnan(whole["closeness"][0])
    directed = freeman_centralisation(star, directed=True)
    assert directed["betweenness"][0] == pytest.approx(6 * 5 / (25 * 4))


def test_cases_drawn_anew_keep_their_number_and_find_arcs_not_seen():
    counts = np.array([10.0, 1, 1, 1, 2, 0, 0, 0, 0])
    drawn = draw_cases(counts, 2_000, seeded())
    assert (drawn.sum(axis=1) == 15).all() and (drawn[:, 5:].sum(axis=1) > 0).mean() > 0.5
    chances, unseen, arcs = unseen_mass(counts)
    assert chances.sum() + unseen == pytest.approx(1) and 0 < unseen < 1 and arcs == 4
    assert (chances[1] < 1 / 15) and drawn[:, 0].mean() == pytest.approx(15 * chances[0], rel=0.03)
    certain = draw_cases(np.array([50.0, 40, 0]), 100, seeded())
    assert (certain[:, 2] == 0).all() and draw_cases(np.zeros(4), 3, seeded()).sum() == 0
    lonely = draw_cases(np.array([1.0, 0, 0]), 50, seeded())
    assert (lonely.sum(axis=1) == 1).all()


def test_agencies_drawn_anew_bring_their_ties():
    ties = stack_of(1, 7, 0.4, top=3)[0]
    ties[3, 4] = np.nan
    drawn, who = draw_agencies(ties, 300, seeded())
    for network, places in zip(drawn, who, strict=True):
        for a, b in itertools.permutations(range(7), 2):
            if places[a] != places[b]:
                assert network[a, b] == ties[places[a], places[b]] or np.isnan(ties[places[a], places[b]])
    assert (drawn[:, np.arange(7), np.arange(7)] == 0).all()
    assert np.nanmean(drawn[:, ~np.eye(7, dtype=bool)] > 0) == pytest.approx((ties > 0).sum() / 42, abs=0.05)


def test_intervals_cover_what_like_periods_give():
    """Over like periods the interval covers the expected value about as often as it says."""
    rng, n, covered, trials = seeded(9), 8, np.zeros(3), 0
    others = ~np.eye(n, dtype=bool)

    def measured(counts):
        stack = np.zeros((len(counts), n, n))
        stack[:, others] = counts
        arcs = (stack > 0).astype(float)
        of = freeman_centralisation(arcs, directed=True)
        return np.stack([(arcs * arcs.swapaxes(1, 2)).sum(axis=(1, 2)) / arcs.sum(axis=(1, 2)), of["in_degree"], of["betweenness"]])  # fmt: skip

    for _ in range(40):
        means = rng.gamma(0.5, 10, size=n * (n - 1))
        truth = measured(rng.poisson(means, (600, n * (n - 1)))).mean(axis=1)
        for _ in range(5):
            counts = rng.poisson(means).astype(float)
            draws = measured(draw_cases(counts, 200, rng)).T
            low, high = centred_limits(measured(counts[None])[:, 0], draws, level=0.95)
            covered += (low <= truth) & (truth <= high)
            trials += 1
    assert (covered / trials >= 0.89).all() and (covered / trials <= 1).all()


def test_disparity_of_both_ends_by_hand():
    weights = np.array([[0, 8.0, 2.0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [0, 2.0, 0, 0]])
    found = disparity_filter(weights)
    assert found[0].tolist() == pytest.approx([1, min(1 - 0.8, 1 - 0.8), min(1 - 0.2, 1), 1])
    assert found[3, 1] == pytest.approx(0.8)  # the lone tie that it sends, one of two that the other receives
    assert disparity_filter(weights * 9) == pytest.approx(found)
    both = weights + weights.T
    assert disparity_filter(both).tolist() == disparity_filter(both).T.tolist()
