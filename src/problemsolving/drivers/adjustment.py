"""Does a model adjust for the right things? A check of its covariates against a causal diagram."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar, Literal

import networkx as nx

from problemsolving.drivers.diagram import CausalDiagram
from problemsolving.results import Column, Disclosure, Method, Result, Table, listed

Kind = Literal[
    "not measured", "mediator", "outcome", "consequence", "selection", "collider", "open back door", "no effect"
]


@dataclass(frozen=True)
class Flaw:
    """One reason why a model does not give the total effect: its kind, the nodes and the sentence."""

    kind: Kind
    nodes: tuple[str, ...]
    sentence: str


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class AdjustmentCheck(Result):
    """Whether a model's covariates give the total effect of one driver, if the diagram is right."""

    diagram: CausalDiagram
    driver: str
    adjusted_for: tuple[str, ...]
    flaws: tuple[Flaw, ...]
    notes: tuple[str, ...] = ()

    disclosure: ClassVar[Disclosure] = "text"
    drawn: ClassVar[bool] = False

    @property
    def passed(self) -> bool:
        """True when the diagram gives no reason against the model."""
        return not self.flaws

    def table(self) -> Table:
        rows = [(flaw.kind, listed(flaw.nodes), flaw.sentence) for flaw in self.flaws]
        return Table((Column("Flaw"), Column("Nodes"), Column("Why")), tuple(rows))

    def summary(self) -> str:
        covariates = f"adjusted for {listed(self.adjusted_for)}" if self.adjusted_for else "adjusted for nothing"
        model = f"model of {self.diagram.outcome} on {self.driver}, {covariates},"
        if self.passed:
            words = f"If the diagram is right, a {model} gives the total effect of {self.driver}."
        else:
            words = f"If the diagram is right, a {model} does not give the total effect of {self.driver}: "
            words += "; ".join(flaw.sentence for flaw in self.flaws) + f". {self._remedy()}"
        return " ".join([words, *self.notes])

    def _remedy(self) -> str:
        sets = self.diagram.adjustment_sets(self.driver)
        if not sets:
            return "No adjustment with the data at hand does."
        return f"Adjust for {' or for '.join(listed(nodes) or 'nothing' for nodes in sets[:3])} instead."


def check_adjustment(diagram: CausalDiagram, driver: str, *, adjusted_for: Collection[str]) -> AdjustmentCheck:
    """Check what a model adjusts for against a causal diagram.

    Answers: does this model tell the total effect of the driver, or something else?

    Parameters
    ----------
    diagram : CausalDiagram
        The analysts' assumptions.
    driver : str
        Node, or label of its column, whose effect the model is read for.
    adjusted_for : collection of str
        Nodes, or labels of their columns, that the model holds beside the driver.

    Returns
    -------
    AdjustmentCheck
        ``passed``, and ``flaws`` that name colliders, mediators and what they lead to, and open back doors with
        their path in words.

    Raises
    ------
    ValueError
        For a name that the diagram lacks, or a driver that is adjusted for.

    Notes
    -----
    The criterion is complete: a set passes exactly when adjusting for it gives the total effect in every model that
    fits the diagram (Shpitser et al. 2010). A model is checked for one driver at a time: its other coefficients are not
    effects for being in it (Westreich and Greenland 2013). The direct effect is another question, with other sets.

    References
    ----------
    Pearl J (2009) Causality, 2nd ed. doi:10.1017/CBO9780511803161
    Shpitser I, VanderWeele T, Robins JM (2010) On the validity of covariate adjustment for estimating causal effects.
    Proceedings of the 26th Conference on Uncertainty in Artificial Intelligence, 527-536.
    Westreich D, Greenland S (2013) The Table 2 fallacy. Am J Epidemiol 177:292. doi:10.1093/aje/kws412

    Examples
    --------
    >>> from problemsolving.drivers.diagram import build_causal_diagram
    >>> diagram = build_causal_diagram(["income -> stops", "violence -> stops", "income -> violence"],
    ...     outcome="violence", measured={"income": "Income", "stops": "Stops", "violence": "Incidents"})
    >>> check_adjustment(diagram, "income", adjusted_for=[]).passed
    True
    >>> check_adjustment(diagram, "income", adjusted_for=["stops"]).flaws[0].sentence
    'stops is a consequence of violence: holding it distorts what it follows from'
    """
    node = diagram.driver(driver)
    held = diagram.in_order({diagram.node(name) for name in adjusted_for})
    if node in held:
        raise ValueError("adjusted_for names the driver itself; leave it out")
    flaws = (*_held_flaws(diagram, node, held), *_path_flaws(diagram, node, held))
    return AdjustmentCheck(
        method=Method("Adjustment criterion on the causal diagram", "Shpitser, VanderWeele & Robins 2010"),
        unit="",
        diagram=diagram,
        driver=node,
        adjusted_for=held,
        flaws=flaws,
        notes=_notes(diagram, node, held),
        caveats=("The diagram is an assumption of its makers; where it is wrong, so is this check",),
    )


def _held_flaws(diagram: CausalDiagram, driver: str, held: tuple[str, ...]) -> list[Flaw]:
    """Flaws of single nodes: what no data hold, and what the driver's effect runs through or leads to."""
    later, outcome = nx.descendants(diagram.graph, driver), diagram.outcome
    roles = diagram.roles(driver)
    flaws = [
        Flaw("not measured", (node,), f"{node} is not measured, so no model can hold it")
        for node in held
        if node not in diagram.measured
    ]
    for node in held:
        if node == outcome:
            flaws.append(Flaw("outcome", (node,), f"{node} is the outcome itself"))
        elif node in roles.mediators:
            flaws.append(
                Flaw("mediator", (node,), f"{node} is a mediator: holding it takes away the effect through it")
            )
        elif node in roles.consequences:
            source = (
                outcome if node in nx.descendants(diagram.graph, outcome) else _first(diagram, roles.mediators, node)
            )
            flaws.append(
                Flaw(
                    "consequence",
                    (node,),
                    f"{node} is a consequence of {source}: holding it distorts what it follows from",
                )
            )
    chosen = tuple(node for node in diagram.selected if node in later)
    if driver in diagram.selected:
        flaws.append(
            Flaw("selection", (driver,), f"the cases are selected by {driver} itself, so that it does not vary")
        )
    if chosen:
        flaws.append(Flaw("selection", chosen, f"the cases are selected by {listed(chosen)}, to which {driver} leads"))
    if outcome not in later:
        flaws.append(Flaw("no effect", (driver,), f"by the diagram {driver} has no effect on {outcome}"))
    return flaws


def _first(diagram: CausalDiagram, sources: tuple[str, ...], node: str) -> str:
    return next(source for source in sources if node in nx.descendants(diagram.graph, source))


def _path_flaws(diagram: CausalDiagram, driver: str, held: tuple[str, ...]) -> list[Flaw]:
    """Flaws of paths: open back doors, and paths that a collider held, or selected on, has opened."""
    flaws = []
    for path in diagram.open_back_doors(driver, given=held):
        meeting = diagram.meetings(path)
        if not meeting:
            flaws.append(Flaw("open back door", path, f"a back door is open: {diagram.words_of(path)}"))
            continue
        reach = set(meeting).union(*(nx.descendants(diagram.graph, node) for node in meeting))
        opening = tuple(node for node in held if node in reach)
        how = (
            f"holding {listed(opening)}"
            if opening
            else f"selecting cases by {listed([n for n in diagram.selected if n in reach])}"
        )
        what = f"{listed(meeting)} {'is a collider' if len(meeting) == 1 else 'are colliders'}"
        sentence = f"{what}, and {how} opens a path: {diagram.words_of(path)}"
        flaws.append(Flaw("collider" if opening else "selection", tuple(dict.fromkeys([*meeting, *opening])), sentence))
    return flaws


def _notes(diagram: CausalDiagram, driver: str, held: tuple[str, ...]) -> tuple[str, ...]:
    """What a model may hold without harm by the diagram, and would better not."""
    roles = diagram.roles(driver)
    aside = nx.descendants(diagram.graph, driver) - {*roles.mediators, *roles.consequences, diagram.outcome}
    notes = [
        f"{node} is caused by {driver} and explains nothing of the effect; leave it out."
        for node in held
        if node in aside
    ]
    notes += [
        f"{node} is an instrument: holding it costs precision and makes any confounding left worse."
        for node in held
        if node in roles.instruments
    ]
    return tuple(notes)
