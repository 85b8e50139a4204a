"""Paths in a causal diagram: which are open, what blocks them, and what each node is on them."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable
from itertools import combinations

import networkx as nx

Nodes = frozenset[str]
Path = tuple[str, ...]
MOST_TRIED = 20_000  # partial sets tried for one driver before the search is called incomplete


def without_arrows(graph: nx.DiGraph, arrows: Iterable[tuple[str, str]]) -> nx.DiGraph:
    """Give the diagram with the same nodes and without some arrows."""
    left = graph.copy()
    left.remove_edges_from(list(arrows))
    return left


def back_doors(graph: nx.DiGraph, nodes: Collection[str]) -> nx.DiGraph:
    """Give the diagram without the arrows that leave some nodes: what still connects them does so by a back door."""
    return without_arrows(graph, list(graph.out_edges(nodes)))


def side_ways(graph: nx.DiGraph, driver: str, outcome: str) -> nx.DiGraph:
    """Give the diagram without the first arrow of each causal path: what still connects the two is no effect."""
    leading = {outcome, *nx.ancestors(graph, outcome)}
    return without_arrows(graph, [pair for pair in graph.out_edges(driver) if pair[1] in leading])


def find_open_paths(graph: nx.DiGraph, start: str, end: str, *, given: Collection[str] = ()) -> list[Path]:
    """Find the paths that are open given some nodes: the shortest one through each neighbour of ``start``.

    A path is blocked at a node that is given, unless two arrows meet there, and at a node where two arrows meet,
    unless it or something it leads to is given (Pearl 2009, definition 1.2.3). No path: the two are d-separated.
    """
    known = set(given)
    opened = known.union(*(nx.ancestors(graph, node) for node in known))
    first = [(node, True) for node in graph.successors(start)] + [(node, False) for node in graph.predecessors(start)]
    found = (_shortest(graph, start, end, step, known, opened) for step in first)
    return [path for path in found if path]


def _shortest(
    graph: nx.DiGraph, start: str, end: str, first: tuple[str, bool], known: set[str], opened: set[str]
) -> Path:
    """Search in breadth; a step is a node and whether an arrowhead points at it. A shortest walk repeats no node."""
    came: dict[tuple[str, bool], tuple[str, bool] | None] = {first: None}
    queue = deque([first])
    while queue:
        node, into = step = queue.popleft()
        if node == end:
            back = [node]
            while (earlier := came[step]) is not None:
                step = earlier
                back.append(step[0])
            return (start, *reversed(back))
        on = [(after, True) for after in graph.successors(node)] if node not in known else []
        if (node in opened) if into else (node not in known):
            on += [(before, False) for before in graph.predecessors(node)]
        for following in on:
            if following not in came and following[0] != start:
                came[following] = step
                queue.append(following)
    return ()


def minimal_separators(
    graph: nx.DiGraph, one: str, other: str, *, allowed: Collection[str], given: Collection[str] = ()
) -> tuple[list[Nodes], bool]:
    """Find every minimal set of allowed nodes that d-separates two nodes, others being given already.

    Returns
    -------
    sets : list of frozenset of str
        Smallest first, then in the order of the diagram's nodes; empty when nothing allowed separates the two.
    complete : bool
        False when the search was cut short.

    Notes
    -----
    All minimal sets lie among the ancestors, and there d-separation is separation in the moral graph (Lauritzen et al.
    1990, doi:10.1002/net.3230200503). Whatever separates must hold a node of each path that is left: branch on it.
    """
    kept = {one, other, *given}
    moral = nx.moral_graph(graph.subgraph(kept.union(*(nx.ancestors(graph, node) for node in kept))))
    moral.remove_nodes_from(set(given))
    usable = set(allowed) & set(moral) - {one, other}
    order = {node: place for place, node in enumerate(graph)}
    found: list[Nodes] = []
    seen: set[Nodes] = set()
    queue: deque[Nodes] = deque([frozenset()])
    while queue and len(seen) < MOST_TRIED:
        chosen = queue.popleft()
        if chosen in seen or any(smaller <= chosen for smaller in found):
            continue
        seen.add(chosen)
        left = nx.restricted_view(moral, chosen, [])
        if nx.has_path(left, one, other):
            between = nx.shortest_path(left, one, other)[1:-1]
            queue.extend(chosen | {node} for node in between if node in usable)
        else:
            found.append(chosen)
    return sorted(found, key=lambda nodes: (len(nodes), sorted(order[node] for node in nodes))), not queue


def mediators(graph: nx.DiGraph, driver: str, outcome: str) -> set[str]:
    """Nodes through which the driver leads to the outcome."""
    return nx.descendants(graph, driver) & nx.ancestors(graph, outcome)


def confounders(graph: nx.DiGraph, driver: str, outcome: str) -> set[str]:
    """Nodes that lead to the driver, and to the outcome by a way of their own."""
    return nx.ancestors(graph, driver) & nx.ancestors(graph.subgraph(set(graph) - {driver}), outcome)


def colliders(graph: nx.DiGraph, driver: str, outcome: str) -> set[str]:
    """Nodes at which two arrows meet on a path between driver and outcome."""
    found = set()
    for node in set(graph) - {driver, outcome}:
        skeleton = graph.subgraph(set(graph) - {node}).to_undirected()
        skeleton.add_edges_from((0, parent) for parent in graph.predecessors(node))
        skeleton.add_edges_from([(driver, 1), (outcome, 1)])
        if 0 in skeleton and nx.node_connectivity(skeleton, 0, 1) >= 2:
            found.add(node)
    return found


def instruments(graph: nx.DiGraph, driver: str, outcome: str, *, given: Collection[str] = ()) -> set[str]:
    """Nodes that go with the driver, and with the outcome only through it (Pearl 2009, definition 7.4.1)."""
    later = nx.descendants(graph, driver)
    if (later | {driver}) & set(given):
        return set()
    cut = without_arrows(graph, list(graph.in_edges(driver)))
    return {
        node
        for node in set(graph) - later - {driver, outcome, *given}
        if not nx.is_d_separator(graph, node, driver, set(given)) and nx.is_d_separator(cut, node, outcome, set(given))
    }


def front_door(
    graph: nx.DiGraph, driver: str, outcome: str, *, allowed: Collection[str], given: Collection[str] = ()
) -> tuple[str, ...]:
    """Find the fewest mediators that satisfy the front-door criterion (Pearl 2009, definition 3.3.3), or none."""
    between = [node for node in graph if node in mediators(graph, driver, outcome) & set(allowed) - set(given)]
    before, fixed = back_doors(graph, [driver]), set(given)
    for size in range(1, len(between) + 1 if driver not in fixed else 0):
        for chosen in combinations(between, size):
            if (
                not nx.has_path(graph.subgraph(set(graph) - set(chosen)), driver, outcome)
                and nx.is_d_separator(before, {driver}, set(chosen), fixed)
                and nx.is_d_separator(back_doors(graph, chosen), set(chosen), {outcome}, fixed | {driver})
            ):
                return chosen
    return ()
