"""Whatever the diagram, each answer is what Pearl's definitions say when every path is written out.

Nothing here uses the package's search or networkx: paths are enumerated, and the definitions read on each.
"""

from itertools import combinations, pairwise

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from problemsolving.drivers.adjustment import check_adjustment
from problemsolving.drivers.diagram import build_causal_diagram
from problemsolving.drivers.implications import list_independences
from problemsolving.drivers.paths import front_door, minimal_separators
from problemsolving.drivers.reading import read_diagram


def descendants(arrows, node):
    """The node and all that it leads to."""
    found = {node}
    while True:
        more = {b for a, b in arrows if a in found} - found
        if not more:
            return found
        found |= more


def all_paths(arrows, start, end):
    """Every way from one node to another along arrows of any direction that visits no node twice."""
    beside = {}
    for a, b in arrows:
        beside.setdefault(a, set()).add(b)
        beside.setdefault(b, set()).add(a)

    def walk(path):
        if path[-1] == end:
            yield tuple(path)
            return
        for node in sorted(beside.get(path[-1], ())):
            if node not in path:
                yield from walk([*path, node])

    return list(walk([start]))


def is_open(arrows, path, held):
    """Pearl 2009, definition 1.2.3: blocked by a chain or fork that is held, or a collider of which nothing is."""
    for a, b, c in zip(path, path[1:], path[2:], strict=False):
        if (a, b) in arrows and (c, b) in arrows:
            if not descendants(arrows, b) & held:
                return False
        elif b in held:
            return False
    return True


def is_causal(arrows, path):
    return all(step in arrows for step in pairwise(path))


def separated(arrows, one, other, held):
    return not any(is_open(arrows, path, held) for path in all_paths(arrows, one, other))


def subsets(nodes):
    return [set(chosen) for size in range(len(nodes) + 1) for chosen in combinations(sorted(nodes), size)]


def minimal(sets):
    return {frozenset(one) for one in sets if not any(other < one for other in sets)}


def back_door_sets(arrows, driver, outcome, measured, selected):
    """Pearl 2009, definition 3.3.1, every set tried."""
    later = descendants(arrows, driver)
    if outcome not in later or later & selected:
        return set()
    doors = [path for path in all_paths(arrows, driver, outcome) if (path[1], driver) in arrows]
    free = measured - later - {driver} - selected
    return minimal([z for z in subsets(free) if not any(is_open(arrows, path, z | selected) for path in doors)])


def gives_total_effect(arrows, driver, outcome, held, measured, selected):
    """The adjustment criterion of Shpitser et al. 2010 for one driver, and no selection by what the driver leads to."""
    later = descendants(arrows, driver)
    if outcome not in later or later & selected or held - measured:
        return False
    ways = all_paths(arrows, driver, outcome)
    on_the_way = {node for path in ways if is_causal(arrows, path) for node in path[1:]}
    if held & set().union(*(descendants(arrows, node) for node in on_the_way)):
        return False
    return not any(is_open(arrows, path, held | selected) for path in ways if not is_causal(arrows, path))


@st.composite
def diagrams(draw, *, select=True):
    size = draw(st.integers(2, 6))
    names = draw(st.permutations("abcdef"[:size]))
    pairs = [(names[i], names[j]) for i in range(size) for j in range(i + 1, size)]
    kept = draw(st.lists(st.booleans(), min_size=len(pairs), max_size=len(pairs)))
    arrows = {pair for pair, is_kept in zip(pairs, kept, strict=True) if is_kept} or {pairs[0]}
    outcome = draw(st.sampled_from(sorted({b for _, b in arrows})))
    joined = {outcome}
    while more := {n for pair in arrows for n in pair if set(pair) & joined} - joined:
        joined |= more
    arrows = {pair for pair in arrows if set(pair) <= joined}
    hidden = {n for n in sorted(joined - {outcome}) if draw(st.integers(0, 3)) == 0}
    selected = {n for n in sorted(joined - {outcome}) if draw(st.integers(0, 7)) == 0} if select else set()
    diagram = build_causal_diagram(
        sorted(arrows),
        outcome=outcome,
        measured={n: n.upper() for n in joined - hidden},
        unmeasured=hidden,
        selected=selected,
    )
    return diagram, arrows, joined - hidden, selected


@settings(max_examples=300, deadline=None)
@given(diagrams())
def test_adjustment_sets_are_all_the_minimal_ones_that_every_path_written_out_gives(drawn):
    diagram, arrows, measured, selected = drawn
    for driver in sorted(measured - {diagram.outcome} - selected):
        found, complete = diagram.search_adjustments(driver)
        expected = back_door_sets(arrows, driver, diagram.outcome, measured, selected)
        event(f"{min(len(expected), 3)} sets")
        assert complete and {frozenset(nodes) for nodes in found} == expected and len(found) == len(expected)
        assert [len(nodes) for nodes in found] == sorted(len(nodes) for nodes in found)


@settings(max_examples=300, deadline=None)
@given(diagrams(), st.data())
def test_a_model_passes_exactly_when_no_path_written_out_speaks_against_it(drawn, data):
    diagram, arrows, measured, selected = drawn
    driver = data.draw(st.sampled_from(sorted(measured - {diagram.outcome}) or [None]))
    if driver is None:
        return
    held = set(data.draw(st.lists(st.sampled_from(sorted(set(diagram.graph) - {driver})), unique=True)))
    check = check_adjustment(diagram, driver, adjusted_for=held)
    assert check.passed == gives_total_effect(arrows, driver, diagram.outcome, held, measured, selected)
    event(f"passed: {check.passed}")
    for flaw in check.flaws:
        event(flaw.kind)
        if flaw.kind == "open back door":
            assert is_open(arrows, flaw.nodes, held | selected) and not is_causal(arrows, flaw.nodes)
    for path in diagram.open_back_doors(driver, given=held):
        assert len(set(path)) == len(path) and (path[0], path[-1]) == (driver, diagram.outcome)
        assert is_open(arrows, path, held | selected) and not is_causal(arrows, path)


@settings(max_examples=200, deadline=None)
@given(diagrams())
def test_each_independence_holds_by_paths_and_none_that_measured_nodes_could_give_is_missing(drawn):
    diagram, arrows, measured, selected = drawn
    listed = {frozenset((claim.one, claim.other)): set(claim.given) for claim in list_independences(diagram)}
    usable = measured - selected
    for one, other in combinations(sorted(usable), 2):
        sets = [z for z in subsets(usable - {one, other}) if separated(arrows, one, other, z | selected)]
        pair = frozenset((one, other))
        if not sets or (one, other) in arrows or (other, one) in arrows:
            assert pair not in listed
        else:
            assert listed[pair] in sets and len(listed[pair]) == min(map(len, sets))


@settings(max_examples=200, deadline=None)
@given(diagrams(select=False))
def test_roles_are_those_of_paths_written_out(drawn):
    diagram, arrows, measured, _ = drawn
    outcome = diagram.outcome
    for driver in sorted(set(diagram.graph) - {outcome}):
        ways = all_paths(arrows, driver, outcome)
        roles = diagram.roles(driver)
        causal = [path for path in ways if is_causal(arrows, path)]
        assert set(roles.mediators) == {node for path in causal for node in path[1:-1]}
        assert set(roles.colliders) == {
            b for p in ways for a, b, c in zip(p, p[1:], p[2:], strict=False) if (a, b) in arrows and (c, b) in arrows
        }
        others = set(diagram.graph) - {driver, outcome}
        assert set(roles.confounders) == {
            node
            for node in others
            if driver in descendants(arrows, node)
            and any(is_causal(arrows, path) and driver not in path for path in all_paths(arrows, node, outcome))
        }
        cut = {pair for pair in arrows if pair[1] != driver}
        assert set(roles.instruments) == {
            node
            for node in (others & measured) - descendants(arrows, driver)
            if not separated(arrows, node, driver, set()) and separated(cut, node, outcome, set())
        }


@settings(max_examples=150, deadline=None)
@given(diagrams(select=False))
def test_a_front_door_is_one_by_paths_written_out(drawn):
    diagram, arrows, measured, _ = drawn
    outcome = diagram.outcome
    for driver in sorted(measured - {outcome}):
        found = front_door(diagram.graph, driver, outcome, allowed=measured)
        ways = [path for path in all_paths(arrows, driver, outcome) if is_causal(arrows, path)]
        between = {node for path in ways for node in path[1:-1]} & measured

        def stands(chosen, driver=driver, ways=ways):
            meets = all(set(path) & chosen for path in ways)
            free = all(
                not is_open(arrows, path, set())
                for node in chosen
                for path in all_paths(arrows, driver, node)
                if (path[1], driver) in arrows
            )
            closed = all(
                not is_open(arrows, path, {driver} | (chosen - {node}))
                for node in chosen
                for path in all_paths(arrows, node, outcome)
                if (path[1], node) in arrows and not set(path[1:]) & chosen
            )
            return meets and free and closed

        sizes = [len(chosen) for chosen in subsets(between) if chosen and stands(chosen)]
        event(f"front door: {bool(found)}")
        assert len(found) == (min(sizes) if sizes else 0) and (not found or stands(set(found)))


@settings(max_examples=100, deadline=None)
@given(diagrams())
def test_a_reading_names_each_driver_once_and_a_reason_where_it_cannot_be_told(drawn):
    diagram, *_ = drawn
    if not diagram.drivers:
        with pytest.raises(ValueError, match="no measured node"):
            read_diagram(diagram)
        return
    reading = read_diagram(diagram)
    assert [row.driver for row in reading.drivers] == list(diagram.drivers)
    assert all(len(row) == 5 and all(row) for row in reading.table().text_rows())
    for row in reading.drivers:
        assert row.estimable == bool(diagram.adjustment_sets(row.driver))
        if not row.estimable:
            named = [node for node in diagram.unmeasured if node in row.why]
            assert named or "selected" in row.why
        for nodes in row.leave_out.values():
            for node in nodes:
                if row.sets:
                    assert not check_adjustment(diagram, row.driver, adjusted_for=[*row.sets[0], node]).passed


@given(diagrams(), st.randoms())
def test_the_order_of_arrows_changes_no_answer(drawn, random):
    diagram, arrows, measured, selected = drawn
    shuffled = list(arrows)
    random.shuffle(shuffled)
    again = build_causal_diagram(
        shuffled,
        outcome=diagram.outcome,
        measured={n: n for n in measured},
        unmeasured=diagram.unmeasured,
        selected=selected,
    )
    for driver in diagram.drivers:
        sets = [{frozenset(nodes) for nodes in one.adjustment_sets(driver)} for one in (diagram, again)]
        assert sets[0] == sets[1]


def test_a_search_that_is_cut_short_says_so(monkeypatch):
    import networkx as nx

    monkeypatch.setattr("problemsolving.drivers.paths.MOST_TRIED", 3)
    graph = nx.DiGraph(
        [(f"{side}{n}", end) for n in range(4) for side, end in (("a", f"b{n}"), ("a", "x"), ("b", "y"))]
    )
    assert minimal_separators(graph, "x", "y", allowed=set(graph) - {"x", "y"})[1] is False
