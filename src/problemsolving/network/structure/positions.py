"""Where each agency stands, for one network or many drawn ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from problemsolving.network.structure.core_periphery import cores_by_degree
from problemsolving.network.structure.holes import burt_constraint, effective_size
from problemsolving.network.structure.sectors import ROLES, brokerage_roles
from problemsolving.network.structure.stacks import Floats, either_way, find_articulation, shortest_paths


@dataclass(frozen=True)
class Measure:
    """A number of an agency: its words, unit, decimals, and whether it stands in the table for people."""

    label: str
    unit: str
    decimals: int = 0
    limits_shown: bool = False


MEASURES: dict[str, Measure] = {
    "strength_in": Measure("Received", "cases"),
    "strength_out": Measure("Sent", "cases"),
    "degree_in": Measure("From agencies", "agencies"),
    "degree_out": Measure("To agencies", "agencies"),
    "degree": Measure("Partners", "agencies"),
    "betweenness": Measure("Betweenness", "pairs of others", 1, limits_shown=True),
    "constraint": Measure("Constraint", "index, may exceed 1", 2, limits_shown=True),
    "effective_size": Measure("Effective size", "agencies", 1),
    "efficiency": Measure("Efficiency", "share of partners", 2),
    **{role: Measure(role.capitalize(), "pairs of others") for role in ROLES},
}
IN, OUT = {"strength_in", "degree_in"}, {"strength_out", "degree_out"}
OWN = IN | OUT | {"degree"}  # numbers that rest on an agency's own ties alone


def positions(values: Floats, codes: NDArray[np.int64] | None, *, directed: bool, tie_from: float) -> dict[str, Floats]:
    """Measure where each agency stands.

    Parameters
    ----------
    values : array, shape (draws, n, n)
        Counts or weights, rows send; symmetric where ties have no direction.
    codes : array of int, shape (n,), or None
        Sector of each agency.
    directed : bool
        Whether ties have a direction.
    tie_from : float
        Count or weight from which a pair is tied.

    Returns
    -------
    dict of array, shape (draws, n)
        By the names of ``MEASURES``.

    Examples
    --------
    >>> way = np.array([[[0, 2, 0], [0, 0, 1], [0, 0, 0]]], float)
    >>> found = positions(way, None, directed=True, tie_from=1)
    >>> found["betweenness"].tolist(), found["strength_in"].tolist()
    ([[0.0, 1.0, 0.0]], [[0.0, 2.0, 1.0]])
    """
    arcs = (values >= tie_from).astype(float)
    tied = values * arcs
    found = {"strength_in": tied.sum(axis=-2), "degree_in": arcs.sum(axis=-2), "degree": either_way(arcs).sum(axis=-1)}
    if directed:
        found |= {"strength_out": tied.sum(axis=-1), "degree_out": arcs.sum(axis=-1)}
    found["betweenness"] = shortest_paths(arcs)[1] / (1 if directed else 2)
    found["constraint"] = burt_constraint(tied)
    found["effective_size"], found["efficiency"] = effective_size(tied)
    if codes is not None:
        roles = brokerage_roles(arcs, codes, directed=directed)
        found |= {role: roles[..., at] for at, role in enumerate(ROLES)}
    return found


def memberships(values: Floats, *, tie_from: float) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell who is in the core (by numbers of ties) and who is an articulation agency, one row a network."""
    both = either_way((values >= tie_from).astype(float))
    return cores_by_degree(both), find_articulation(both)
