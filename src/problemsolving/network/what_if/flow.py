"""How many people can get from one agency to another, and which pathways limit them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import networkx as nx
import pandas as pd

from problemsolving import draw
from problemsolving.errors import NetworkError, nearest
from problemsolving.results import Column, FrameResult, Method, Table, Value, listed, number, whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SAMPLED = "no interval: capacities are given, not sampled"
Place = tuple[str, str]  # an agency's door in, or its door out


@dataclass(frozen=True)
class Cut:
    """Most that can pass, the pathways and agencies that limit it, and those where more alone would help."""

    most: float
    source_side: tuple[str, ...]
    limiting: tuple[tuple[str, str], ...]  # an agency limits itself: the pair names it twice
    alone: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class PathwayLimits(FrameResult):
    """What limits the way from one agency to another: ``frame`` has ``sender``, ``receiver``, ``count`` (capacity).

    A pathway that is withheld counts as closed, so that at least as many as said can pass.
    """

    source: str
    sink: str
    handles: Mapping[str, float] = field(default_factory=dict)
    of: str = "people"

    @property
    def withheld(self) -> bool:
        """Whether the capacity of a pathway is withheld."""
        return bool(self.frame["count"].isna().any())

    @cached_property
    def cut(self) -> Cut:
        """Maximum flow and minimum cut by the capacities that are shown."""
        open_ = self.frame.dropna(subset="count")
        arcs = list(open_[["sender", "receiver", "count"]].itertuples(index=False, name=None))
        return find_cut(arcs, source=self.source, sink=self.sink, handles=self.handles)

    def _limits(self) -> list[tuple[str, float | None, bool]]:
        """Words, capacity, and whether more of it alone would help."""
        room = {
            (row.sender, row.receiver): row.room for row in self.frame.rename(columns={"count": "room"}).itertuples()
        }
        room |= {(name, name): most for name, most in self.handles.items()}
        return [
            (f"{a} to {b}" if a != b else f"what {a} can take", number(room[a, b]), (a, b) in self.cut.alone)
            for a, b in self.cut.limiting
        ]

    def values(self) -> list[Value]:
        reason = "some pathways are withheld and counted as closed: at least so many" if self.withheld else SAMPLED
        way = f"{self.source} to {self.sink}"
        found = [Value(name="most_that_can_pass", group=way, estimate=number(self.cut.most), unit=self.unit, n=whole(self.cut.most), reason=reason)]  # fmt: skip
        found += [
            Value(name="limiting_capacity", group=words, estimate=room, unit=self.unit, n=whole(room), reason=SAMPLED)
            for words, room, _ in self._limits()
        ]
        return found

    def table(self) -> Table:
        columns = (Column("What limits"), Column(f"{self.of.capitalize()} it can take", "count"), Column("Would more here alone help?"))  # fmt: skip
        rows = tuple((words, room, "yes" if helps else "no") for words, room, helps in self._limits())
        return Table(columns, rows)

    def summary(self) -> str:
        way, limits = f"from {self.source} to {self.sink}", self._limits()
        if not self.cut.most:
            none = "No pathway that can be shown leads" if self.withheld else "No open pathway leads"
            return f"{none} {way}: nobody can get there through this network."
        most = f"{'At least' if self.withheld else 'At most'} {self.cut.most:,.0f} {self.of}"
        what = listed([f"{words} ({room:,.0f})" for words, room, _ in limits])
        return f"{most} can get {way} in the time that the capacities stand for. {self._limit_words(what, len(limits))}"

    def _limit_words(self, what: str, many: int) -> str:
        helps = [words for words, _, alone in self._limits() if alone]
        verb = "limits" if many == 1 else "together limit"
        text = f"{what} {verb} it; more elsewhere would not help."
        if self.withheld:
            text = f"Of the pathways that can be shown {what} {verb} it."
        if not helps:
            return f"{text} More there alone would not help either: other pathways are as narrow."
        return text if len(helps) == many else f"{text} More of {listed(helps)} alone would help."

    def alt_text(self) -> str:
        return f"Bars of the capacities that limit the way. {self.summary()}"

    def plot(self, *, ax: Axes | None = None) -> Axes | None:
        limits = self._limits()
        if not limits:
            return None
        quantity = f"{self.of} that the limiting pathways can take"
        return draw.bars([words for words, _, _ in limits], [room or 0.0 for _, room, _ in limits], quantity=quantity, ax=ax)  # fmt: skip


def find_cut(
    arcs: Sequence[tuple[str, str, float]], *, source: str, sink: str, handles: Mapping[str, float] | None = None
) -> Cut:
    """Find the maximum flow and the minimum cut nearest to the sink.

    Parameters
    ----------
    arcs : sequence of tuple of str, str, float
        From, to, capacity (0 or more).
    source, sink : str
        Ends of the way.
    handles : mapping of str to float, optional
        Most that an agency on the way can take.

    Examples
    --------
    >>> find_cut([("a", "b", 3), ("b", "c", 2)], source="a", sink="c").limiting
    (('b', 'c'),)
    """
    graph = nx.DiGraph()
    names = sorted({source, sink, *(name for a, b, _ in arcs for name in (a, b))})
    most = dict(handles or {})
    for name in names:
        graph.add_edge((name, "in"), (name, "out"), capacity=most.get(name, float("inf")))
    for a, b, room in sorted(arcs):
        graph.add_edge((a, "out"), (b, "in"), capacity=float(room))
    start, end = (source, "in"), (sink, "out")
    left = nx.algorithms.flow.preflow_push(graph, start, end, value_only=False)
    spare = nx.DiGraph()
    spare.add_nodes_from(graph)
    spare.add_edges_from((a, b) for a, b, data in left.edges(data=True) if data["flow"] < data["capacity"])
    reached: set[Place] = {start, *nx.descendants(spare, start)}
    reaching: set[Place] = {end, *nx.ancestors(spare, end)}
    side = set(graph) - reaching
    cut = [(a, b) for a, b in sorted(graph.edges) if a in side and b not in side and graph[a][b]["capacity"] > 0]
    return Cut(
        most=float(left.graph["flow_value"]),
        source_side=tuple(name for name in names if (name, "in") in side),
        limiting=tuple((a[0], b[0]) for a, b in cut),
        alone=tuple((a[0], b[0]) for a, b in cut if a in reached and b in reaching),
    )


def find_pathway_limits(
    pathways: pd.DataFrame,
    *,
    source: str,
    sink: str,
    handles: Mapping[str, float] | None = None,
    sender: str = "from",
    receiver: str = "to",
    capacity: str = "capacity",
    of: str = "people",
    per: str = "month",
) -> PathwayLimits:
    """Find how many people can get from one agency to another, and which pathways limit them.

    Answers: where must there be more room before more people can get from A to B?

    Parameters
    ----------
    pathways : pandas.DataFrame
        One row a pathway: from, to, and how many it can take in a month (or another time), 0 or more.
    source, sink : str
        The agencies at the ends.
    handles : mapping of str to float, optional
        How many an agency itself can take in that time, 0 or more.
    sender, receiver, capacity : str
        Columns.
    of : str
        Who passes, in the plural.
    per : str
        The time that the capacities stand for.

    Returns
    -------
    PathwayLimits
        The most that can pass (maximum flow), the pathways that limit it (minimum cut, the one nearest to the sink),
        and whether more of each alone would help.

    Raises
    ------
    NetworkError
        For every fault at once.

    Notes
    -----
    Capacity is what a pathway could take, not what it took: counts of referrals are a lower bound of it. Do not use
    where people have different needs, so that not everyone may take every pathway.

    References
    ----------
    Ford LR, Fulkerson DR (1956) Maximal flow through a network. Canadian J Mathematics 8:399.
    doi:10.4153/CJM-1956-045-5

    Examples
    --------
    >>> ways = pd.DataFrame({"from": ["police", "nurse"], "to": ["nurse", "clinic"], "capacity": [30, 12]})
    >>> find_pathway_limits(ways, source="police", sink="clinic").summary()
    'At most 12 people can get from police to clinic in the time that the capacities stand for. nurse to clinic (12) limits it; more elsewhere would not help.'
    """
    columns = (sender, receiver, capacity)
    missing = [f'no column "{name}"{nearest(name, list(pathways))}' for name in columns if name not in pathways]
    if missing:
        raise NetworkError("the pathways cannot be read", faults=missing)
    frame = pathways[list(columns)].set_axis(["sender", "receiver", "count"], axis=1)
    limits = dict(handles or {})
    faults = _flow_faults(frame, source, sink, limits)
    if faults:
        raise NetworkError("the way from one agency to the other cannot be worked out", faults=faults)
    frame = frame.assign(**{name: frame[name].astype(str) for name in ("sender", "receiver")})
    frame = frame[frame["sender"] != frame["receiver"]]
    summed = frame.groupby(["sender", "receiver"], as_index=False)["count"].sum()
    return PathwayLimits(
        method=Method("Maximum flow and minimum cut", "Ford & Fulkerson 1956"),
        unit=f"{of} a {per}",
        frame=summed.assign(count=summed["count"].astype(float)),
        source=source,
        sink=sink,
        handles=limits,
        of=of,
        caveats=(
            "Capacity is what a pathway could take; where it is taken from counts of the past, more may be possible",
            "Everyone is taken to be fit for every pathway",
        ),
    )


def _flow_faults(frame: pd.DataFrame, source: str, sink: str, handles: Mapping[str, float]) -> list[str]:
    known = sorted({*frame["sender"].dropna().astype(str), *frame["receiver"].dropna().astype(str)})
    faults = ["source and sink are the same agency"] if source == sink else []
    for name in dict.fromkeys([source, sink, *handles]):
        faults += [] if name in known else [f'"{name}" has no pathway{nearest(name, known)}']
    blank = int(frame[["sender", "receiver"]].isna().any(axis=1).sum())
    faults += [f"{blank} rows lack the agency from or to which they lead"] if blank else []
    wrong = int((~(pd.to_numeric(frame["count"], errors="coerce") >= 0)).sum())
    faults += [f"{wrong} capacities are not numbers of 0 or more"] if wrong else []
    faults += [f"handles: {name} must be 0 or more" for name, most in handles.items() if not most >= 0]
    return faults
