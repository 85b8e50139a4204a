"""A causal diagram: what the analysts assume causes what, and what follows from it for each driver."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import networkx as nx

from problemsolving.drivers import paths
from problemsolving.drivers.arrows import Arrow, check_arrows
from problemsolving.errors import nearest


@dataclass(frozen=True)
class Roles:
    """What the nodes of a diagram are to one driver; a node may be several of these."""

    mediators: tuple[str, ...]  # the driver leads to the outcome through them
    confounders: tuple[str, ...]  # lead to the driver and, by a way of their own, to the outcome
    colliders: tuple[str, ...]  # two arrows meet at them on a path between driver and outcome
    instruments: tuple[str, ...]  # measured, go with the driver, and with the outcome only through it
    consequences: tuple[str, ...]  # the outcome, or a mediator, leads to them


@dataclass(frozen=True, eq=False)
class CausalDiagram:
    """Assumptions as a directed acyclic graph; made by `build_causal_diagram`.

    ``measured``: node → label of its column. ``selected``: nodes by which the cases in the data were picked, so that
    every analysis of them is conditional on these.
    """

    graph: nx.DiGraph
    outcome: str
    measured: Mapping[str, str]
    selected: tuple[str, ...] = ()

    @property
    def unmeasured(self) -> tuple[str, ...]:
        """Nodes without a column."""
        return tuple(node for node in self.graph if node not in self.measured)

    @property
    def drivers(self) -> tuple[str, ...]:
        """Measured nodes that lead to the outcome and do not define which cases are in the data."""
        leading = nx.ancestors(self.graph, self.outcome) & set(self.measured) - set(self.selected)
        return self.in_order(leading)

    def in_order(self, nodes: Collection[str]) -> tuple[str, ...]:
        """Give nodes in the order in which the arrows name them."""
        return tuple(node for node in self.graph if node in nodes)

    def node(self, name: str) -> str:
        """Give the node of a name, which may be the label of its column."""
        by_column = {column: node for node, column in self.measured.items()}
        if name in self.graph or name in by_column:
            return name if name in self.graph else by_column[name]
        raise ValueError(f'the diagram has no node "{name}"{nearest(name, [*self.graph, *by_column])}')

    def adjustment_sets(self, driver: str) -> list[tuple[str, ...]]:
        """Give every minimal set of measured nodes that is enough to adjust for (the back-door criterion).

        Smallest first. An empty set: adjust for nothing. An empty list: no adjustment with the data at hand is enough.
        """
        return self.search_adjustments(driver)[0]

    def search_adjustments(self, driver: str) -> tuple[list[tuple[str, ...]], bool]:
        """Give the adjustment sets and whether the search was complete (it always is up to a dozen nodes)."""
        driver = self.driver(driver)
        later = nx.descendants(self.graph, driver)
        fixed = {*self.selected, *self.unmeasured}
        if driver in fixed or later & set(self.selected) or self.outcome not in later:
            return [], True
        allowed = set(self.measured) - later - {driver, *self.selected}
        graph = paths.back_doors(self.graph, [driver])
        found, complete = paths.minimal_separators(graph, driver, self.outcome, allowed=allowed, given=self.selected)
        return [self.in_order(nodes) for nodes in found], complete

    def roles(self, driver: str) -> Roles:
        """Name mediators, confounders, colliders, instruments and consequences of mediators for one driver."""
        driver = self.driver(driver)
        between = paths.mediators(self.graph, driver, self.outcome)
        after = set().union(*(nx.descendants(self.graph, node) for node in between | {self.outcome}))
        fit = paths.instruments(self.graph, driver, self.outcome, given=self.selected) & set(self.measured)
        return Roles(
            mediators=self.in_order(between),
            confounders=self.in_order(paths.confounders(self.graph, driver, self.outcome)),
            colliders=self.in_order(paths.colliders(self.graph, driver, self.outcome)),
            instruments=self.in_order(fit),
            consequences=self.in_order(after - between - {self.outcome}),
        )

    def open_back_doors(self, driver: str, *, given: Collection[str] = ()) -> list[tuple[str, ...]]:
        """Give paths that connect driver and outcome without being an effect of the driver, given some nodes.

        The shortest through each neighbour of the driver.
        """
        graph = paths.side_ways(self.graph, self.driver(driver), self.outcome)
        return paths.find_open_paths(graph, driver, self.outcome, given={*given, *self.selected})

    def driver(self, name: str) -> str:
        """Give the node of a driver: any but the outcome."""
        node = self.node(name)
        if node == self.outcome:
            raise ValueError("the driver is the outcome itself; name a node that may lead to it")
        return node

    def meetings(self, path: Sequence[str]) -> list[str]:
        """Give the nodes of a path at which two of its arrows meet: its colliders."""
        inner = zip(path, path[1:], path[2:], strict=False)
        return [b for a, b, c in inner if self.graph.has_edge(a, b) and self.graph.has_edge(c, b)]

    def arrows_of(self, path: Sequence[str]) -> str:
        """Write a path with its arrows: ``income ← class → violence``."""
        steps = [f"{'→' if self.graph.has_edge(*pair) else '←'} {pair[1]}" for pair in pairwise(path)]
        return " ".join([path[0], *steps])

    def words_of(self, path: Sequence[str]) -> str:
        """Say a path in words: ``income is caused by class, which causes violence``."""
        steps = [f"{'causes' if self.graph.has_edge(*pair) else 'is caused by'} {pair[1]}" for pair in pairwise(path)]
        return f"{path[0]} {', which '.join(steps)}"


def build_causal_diagram(
    arrows: Iterable[str | Arrow],
    *,
    outcome: str,
    measured: Mapping[str, str],
    unmeasured: Collection[str] = (),
    selected: Collection[str] = (),
) -> CausalDiagram:
    """Build a causal diagram from the arrows that analysts and partners agreed on.

    Answers: what do we assume causes what, and which of it do our data hold?

    Parameters
    ----------
    arrows : iterable of str or pair of str
        ``"income -> violence"`` (also a chain, ``"income -> drinking -> violence"``) or ``("income", "violence")``:
        cause first. A missing arrow is the stronger assumption: no direct effect at all.
    outcome : str
        The node to be explained.
    measured : mapping of str to str
        Node → label of its column, the outcome among them.
    unmeasured : collection of str
        Nodes that matter and that no data at hand hold. Every node is in one of the two.
    selected : collection of str
        Nodes by which cases got into the data (in custody, known to a service), measured or not.

    Returns
    -------
    CausalDiagram

    Raises
    ------
    ParameterError
        With all faults at once: an arrow that cannot be read, is given twice or points at its own node, a cycle,
        an unknown outcome, a node that nobody said is measured or not, one that no path joins to the outcome.

    Notes
    -----
    The diagram is an assumption. Data can speak against it (`problemsolving.drivers.implications`), never prove it.

    References
    ----------
    Pearl J (2009) Causality: models, reasoning, and inference, 2nd ed. doi:10.1017/CBO9780511803161

    Examples
    --------
    >>> diagram = build_causal_diagram(
    ...     ["class -> income", "class -> violence", "income -> violence"],
    ...     outcome="violence", measured={"class": "Class", "income": "Income", "violence": "Incidents"})
    >>> diagram.adjustment_sets("income")
    [('class',)]
    >>> diagram.roles("income").confounders
    ('class',)
    """
    pairs = check_arrows(arrows, outcome=outcome, measured=measured, unmeasured=unmeasured, selected=selected)
    graph = nx.DiGraph(pairs)
    return CausalDiagram(
        nx.freeze(graph),
        outcome,
        {node: measured[node] for node in graph if node in measured},
        tuple(n for n in graph if n in selected),
    )
