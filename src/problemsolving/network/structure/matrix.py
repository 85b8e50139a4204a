"""Referrals from agency to agency as a matrix: who hands people over to whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import networkx as nx
import pandas as pd

from problemsolving import draw
from problemsolving.errors import NetworkError
from problemsolving.network.structure.rows import cleaned, ends_of
from problemsolving.results import Column, FrameResult, Method, Table, Value, number, whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def build_agency_network(
    referrals: pd.DataFrame, *, agencies: Sequence[str], sender: str = "from_agency", receiver: str = "to_agency"
) -> nx.DiGraph:
    """Build the directed network of referrals between agencies.

    Parameters
    ----------
    referrals : pandas.DataFrame
        One row a referral.
    agencies : sequence of str
        Every agency that could have referred or received: those without a referral stay in as isolates.
    sender, receiver : str
        Columns with the agencies' labels.

    Returns
    -------
    networkx.DiGraph
        ``weight`` of an arc = number of referrals. Referrals of an agency to itself are left out and counted
        in the graph attribute ``self_referrals``.

    Raises
    ------
    NetworkError
        When a referral names an agency that is not listed.

    Examples
    --------
    >>> table = pd.DataFrame({"from_agency": ["a", "a"], "to_agency": ["b", "b"]})
    >>> build_agency_network(table, agencies=["a", "b"])["a"]["b"]["weight"]
    2
    """
    names = [str(agency) for agency in agencies]
    arcs = ends_of(referrals[sender], referrals[receiver])
    unlisted = sorted({*arcs["sender"].dropna(), *arcs["receiver"].dropna()} - set(names))
    if unlisted:
        raise NetworkError("referrals name agencies that are not in the agency table", faults=unlisted)
    kept, told = cleaned(arcs)
    graph = nx.DiGraph(self_referrals=told["self_ties"])
    graph.add_nodes_from(names)
    ties = kept.groupby(["sender", "receiver"]).size()
    graph.add_weighted_edges_from((a, b, int(count)) for (a, b), count in ties.items())
    return graph


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class AgencyMatrix(FrameResult):
    """Referrals from agency to agency: ``frame`` has ``sender``, ``receiver``, ``count``, every ordered pair once.

    What an agency sends or receives in all is shown nowhere, so no total can tell a tie that is withheld; a result that
    shows it needs ``margins`` over sender and receiver.
    """

    agencies: tuple[str, ...]

    @property
    def density(self) -> float:
        """Share of the possible ordered pairs with at least one referral (0 to 1); withheld ties make it missing."""
        if self.frame["count"].isna().any():
            return float("nan")
        graph = nx.DiGraph()
        graph.add_nodes_from(self.agencies)
        graph.add_edges_from(self.frame.loc[self.frame["count"] > 0, ["sender", "receiver"]].itertuples(index=False))
        return nx.density(graph)

    @property
    def density_range(self) -> tuple[float, float]:
        """Lowest and highest density that the withheld ties allow."""
        pairs, known = len(self.frame), self.frame["count"]
        low = float((known > 0).sum()) / pairs
        return low, low + float(known.isna().sum()) / pairs

    def values(self) -> list[Value]:
        total = None if self.frame["count"].isna().any() else whole(self.frame["count"].sum())
        low, high = self.density_range
        density = number(self.density)
        reason = None if density is not None else f"ties withheld; between {low:.2f} and {high:.2f}"
        ties = [
            Value(
                name="referrals",
                group=f"{row.sender} to {row.receiver}",
                estimate=number(row.n),
                n=whole(row.n),
                unit=self.unit,
            )
            for row in self.frame.rename(columns={"count": "n"}).itertuples()
        ]
        return [Value(name="density", estimate=density, n=total, unit="share of possible ties", reason=reason), *ties]

    def _wide(self) -> pd.DataFrame:
        return self.frame.pivot(index="sender", columns="receiver", values="count").reindex(
            index=self.agencies, columns=self.agencies
        )

    def table(self) -> Table:
        wide = self._wide()
        rows = tuple(
            (str(sender), *(whole(count) for count in row))
            for sender, row in zip(wide.index, wide.to_numpy(float), strict=True)
        )
        return Table((Column("From \\ to"), *(Column(str(name), "count") for name in wide.columns)), rows)

    def summary(self) -> str:
        known = self.frame.dropna(subset="count").sort_values("count", ascending=False, kind="stable")
        if known.empty or known["count"].iloc[0] == 0:
            return "No tie between agencies is large enough to show."
        top = known.iloc[0]
        low, high = self.density_range
        dense = (
            f"{low:.0%}" if low == high else f"at least {low:.0%} (a dash is a tie withheld: none and few look alike)"
        )
        return (
            f"The busiest hand-over was from {top.sender} to {top.receiver} ({top['count']:,.0f} referrals). "
            f"Of all possible directions between {len(self.agencies)} agencies, {dense} were in use."
        )

    def plot(self, *, ax: Axes | None = None) -> Axes:
        wide = self._wide()
        names = [str(name) for name in wide.index]
        return draw.matrix(names, names, wide.to_numpy(float), row_title="from", column_title="to", ax=ax)

    def rebuild(self, cells: pd.DataFrame) -> Self:
        """Take released counts, agencies ordered by them alone."""
        totals = cells.groupby("sender")["count"].sum().add(cells.groupby("receiver")["count"].sum(), fill_value=0)
        order = sorted(self.agencies, key=lambda agency: (-float(totals.get(agency, 0.0)), agency))
        return replace(self, frame=cells, agencies=tuple(order))


def measure_agency_matrix(network: nx.DiGraph) -> AgencyMatrix:
    """Lay the network out as a matrix, agencies ordered by how much passes through them.

    Parameters
    ----------
    network : networkx.DiGraph
        With ``weight`` on every arc.

    Returns
    -------
    AgencyMatrix
        Referrals for every ordered pair (0 where there were none) and the density (0 to 1).

    Raises
    ------
    NetworkError
        For fewer than two agencies or an arc without ``weight``.
    """
    if network.number_of_nodes() < 2:
        raise NetworkError("a network needs at least two agencies")
    bare = [f"{a} to {b}" for a, b, weight in network.edges(data="weight") if weight is None]
    if bare:
        raise NetworkError("every tie needs a weight", faults=bare)
    order = sorted(network, key=lambda agency: (-network.degree(agency, weight="weight"), str(agency)))
    rows = [
        (a, b, float(network[a][b]["weight"]) if network.has_edge(a, b) else 0.0)
        for a in order
        for b in order
        if a != b
    ]
    return AgencyMatrix(
        method=Method("Referral matrix; density of the directed network", "Wasserman & Faust 1994"),
        unit="referrals",
        frame=pd.DataFrame(rows, columns=["sender", "receiver", "count"]),
        agencies=tuple(str(agency) for agency in order),
    )
