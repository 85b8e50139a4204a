"""What a causal diagram says of each driver: adjust for what, not for what, and can it be estimated at all?"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import networkx as nx

from problemsolving import draw
from problemsolving.drivers import paths
from problemsolving.drivers.diagram import CausalDiagram
from problemsolving.drivers.implications import Independence, list_independences
from problemsolving.results import Column, Disclosure, Method, Result, Table, listed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SETS_SHOWN, CLAIMS_SHOWN = 4, 3


@dataclass(frozen=True)
class DriverReading:
    """One driver: its adjustment sets (none: not estimable), what to leave out, and why."""

    driver: str
    sets: tuple[tuple[str, ...], ...]
    complete: bool
    leave_out: dict[str, tuple[str, ...]]  # what they are → nodes
    why: str
    other_designs: tuple[str, ...] = ()

    @property
    def estimable(self) -> bool:
        """Whether some adjustment with the data at hand is enough, if the diagram is right."""
        return bool(self.sets)

    @property
    def adjust_for(self) -> str:
        """The sets in words."""
        if not self.sets:
            return "–"
        said = [listed(nodes) or "nothing" for nodes in self.sets[:SETS_SHOWN]]
        more = len(self.sets) - len(said)
        return (
            "; or ".join(said) + (f"; or {more} other sets" if more else "") + ("" if self.complete else "; or others")
        )


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class DiagramReading(Result):
    """A causal diagram read for its drivers: no number, words alone."""

    diagram: CausalDiagram
    drivers: tuple[DriverReading, ...]
    independences: tuple[Independence, ...]

    disclosure: ClassVar[Disclosure] = "text"

    def table(self) -> Table:
        columns = (
            Column("Driver"),
            Column("Adjust for"),
            Column("Do not adjust for"),
            Column("Estimable from these data"),
            Column("Why"),
        )
        rows = tuple(
            (
                row.driver,
                row.adjust_for,
                "; ".join(f"{listed(nodes)} ({kind})" for kind, nodes in row.leave_out.items()) or "–",
                "yes, if the diagram is right" if row.estimable else "no",
                " ".join([f"{row.why[:1].upper()}{row.why[1:]}.", *row.other_designs]),
            )
            for row in self.drivers
        )
        return Table(columns, rows)

    def summary(self) -> str:
        can = [f"{row.driver} (adjust for {row.adjust_for})" for row in self.drivers if row.estimable]
        cannot = "; ".join(f"{row.driver}: {row.why}" for row in self.drivers if not row.estimable)
        outcome = self.diagram.outcome
        parts = []
        if can:
            parts.append(
                f"If the diagram is right, the data at hand can tell the total effect on {outcome} of {listed(can)}."
            )
        if cannot:
            parts.append(
                f"They cannot tell that of {cannot}."
                if can
                else f"The data at hand cannot tell the total effect on {outcome} of {cannot}."
            )
        claims = [str(claim) for claim in self.independences[:CLAIMS_SHOWN]]
        if claims:
            more = len(self.independences) - len(claims)
            parts.append(
                f"Data could contradict the diagram: it implies that {'; '.join(claims)}{f'; and {more} more' if more else ''}."
            )
        else:
            parts.append(
                "No independence of measured nodes follows from the diagram, so these data cannot contradict it."
            )
        return " ".join(parts)

    def alt_text(self) -> str:
        graph = self.diagram.graph
        text = f"Causal diagram of {self.diagram.outcome}, {len(graph)} nodes. Arrows: "
        text += "; ".join(f"{one} → {other}" for one, other in graph.edges) + "."
        if self.diagram.unmeasured:
            text += f" Not measured: {listed(self.diagram.unmeasured)}."
        if self.diagram.selected:
            text += f" Cases are selected by: {listed(self.diagram.selected)}."
        return f"{text} Drivers read: {listed([row.driver for row in self.drivers])}."

    def plot(self, *, ax: Axes | None = None) -> Axes:
        notes = dict.fromkeys(self.diagram.unmeasured, "not measured")
        notes |= {row.driver: "driver" for row in self.drivers}
        notes |= {node: f"{notes.get(node, '')}, cases selected".lstrip(", ") for node in self.diagram.selected}
        notes[self.diagram.outcome] = "outcome"
        return draw.diagram(
            list(self.diagram.graph),
            list(self.diagram.graph.edges),
            notes=notes,
            dashed=self.diagram.unmeasured,
            rounded=[row.driver for row in self.drivers],
            filled=[self.diagram.outcome],
            ax=ax,
        )


def read_diagram(diagram: CausalDiagram, *, drivers: Collection[str] | None = None) -> DiagramReading:
    """Read a causal diagram for each driver.

    Answers: what must a model of each driver adjust for, what must it leave out, and which effects can these data
    not tell?

    Parameters
    ----------
    diagram : CausalDiagram
        The analysts' assumptions.
    drivers : collection of str, optional
        Nodes or labels of columns; every measured node that leads to the outcome when not given.

    Returns
    -------
    DiagramReading
        A row a driver, a picture of the diagram, and the independences with which data could contradict it.

    Raises
    ------
    ValueError
        For a name that the diagram lacks, the outcome as a driver, or no driver at all.

    Notes
    -----
    Total effects by the back-door criterion: a set without a consequence of the driver that blocks every path into
    it. All minimal sets are given: any one is enough, and the one best measured is the one to use. Other designs
    (instrument, front door) are named where the diagram allows them, and need assumptions beyond it.

    References
    ----------
    Pearl J (2009) Causality, 2nd ed. doi:10.1017/CBO9780511803161
    Greenland S, Pearl J, Robins JM (1999) Causal diagrams for epidemiologic research. Epidemiology 10:37.

    Examples
    --------
    >>> from problemsolving.drivers.diagram import build_causal_diagram
    >>> diagram = build_causal_diagram(["class -> income -> violence", "class -> violence"],
    ...     outcome="violence", measured={"income": "Income", "violence": "Incidents"}, unmeasured=["class"])
    >>> read_diagram(diagram).drivers[0].why
    'class is not measured and leaves a back door open (income ← class → violence)'
    """
    names = diagram.drivers if drivers is None else diagram.in_order({diagram.driver(name) for name in drivers})
    if not names:
        raise ValueError("no measured node leads to the outcome; name the drivers to read")
    return DiagramReading(
        method=Method("Back-door criterion on the analysts' causal diagram", "Pearl 2009"),
        unit="",
        design="associational",
        diagram=diagram,
        drivers=tuple(_read_driver(diagram, name) for name in names),
        independences=tuple(list_independences(diagram)),
        caveats=(
            "The diagram is what its makers assume; data can contradict it and never prove it",
            "A common cause that was left out of the diagram is left out of every adjustment",
            "An adjustment set is as good as its measurement: a poorly measured confounder leaves part of its back door open",
        ),
    )


def _read_driver(diagram: CausalDiagram, driver: str) -> DriverReading:
    sets, complete = diagram.search_adjustments(driver)
    return DriverReading(
        driver=driver,
        sets=tuple(sets),
        complete=complete,
        leave_out=_leave_out(diagram, driver, sets),
        why=_why(diagram, driver) if sets else _why_not(diagram, driver),
        other_designs=() if sets else _other_designs(diagram, driver),
    )


def _leave_out(diagram: CausalDiagram, driver: str, sets: list[tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Name measured nodes that a model must leave out: on the way, after it, or opening a path beside the first set."""
    roles = diagram.roles(driver)
    later = nx.descendants(diagram.graph, driver)
    free = [n for n in diagram.measured if n not in {driver, diagram.outcome, *diagram.selected, *later}]
    used = {node for nodes in sets for node in nodes}
    if sets:
        opening = [n for n in free if n not in used and diagram.open_back_doors(driver, given={*sets[0], n})]
    else:
        opening = [n for n in free if n in roles.colliders and n not in roles.confounders]
    kinds = {
        "mediator": [n for n in roles.mediators if n in diagram.measured],
        "consequence": [n for n in roles.consequences if n in diagram.measured],
        "collider, or caused by one": opening,
    }
    return {kind: tuple(nodes) for kind, nodes in kinds.items() if nodes}


def _why(diagram: CausalDiagram, driver: str) -> str:
    doors = diagram.open_back_doors(driver)
    if not doors:
        return "no back door is open"
    said = listed([diagram.arrows_of(path) for path in doors])
    return f"this closes the back door{'s' if len(doors) > 1 else ''} {said}"


def _why_not(diagram: CausalDiagram, driver: str) -> str:
    later = nx.descendants(diagram.graph, driver)
    if diagram.outcome not in later:
        return f"by the diagram it has no effect on {diagram.outcome}"
    if driver not in diagram.measured:
        return "it is not measured"
    if driver in diagram.selected:
        return "it is the same for every case, which were selected by it"
    chosen = [node for node in diagram.selected if node in later]
    if chosen:
        return f"the cases are selected by {listed(chosen)}, to which it leads"
    held = set(diagram.measured) - later - {driver}
    ancestors = nx.ancestors(diagram.graph, driver) | nx.ancestors(diagram.graph, diagram.outcome)
    before = ancestors.union(*(nx.ancestors(diagram.graph, node) for node in diagram.selected))
    doors = diagram.open_back_doors(driver, given=held & before)
    blocking = {node for path in doors for node in path if node not in diagram.meetings(path)}
    hidden = [node for node in diagram.unmeasured if node in blocking]
    verbs = ("is", "leaves") if len(hidden) == 1 else ("are", "leave")
    said = listed([diagram.arrows_of(path) for path in doors])
    return f"{listed(hidden)} {verbs[0]} not measured and {verbs[1]} a back door open ({said})"


def _other_designs(diagram: CausalDiagram, driver: str) -> tuple[str, ...]:
    if diagram.outcome not in nx.descendants(diagram.graph, driver) or driver not in diagram.measured:
        return ()
    fit = diagram.roles(driver).instruments
    way = paths.front_door(diagram.graph, driver, diagram.outcome, allowed=diagram.measured, given=diagram.selected)
    said = [f"{listed(fit)} could serve as an instrument."] if fit else []
    return (*said, *([f"The front door through {listed(way)} could serve."] if way else []))
