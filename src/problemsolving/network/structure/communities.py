"""Communities: groups of agencies with more ties among themselves than chance would give, and how clear they are."""

from __future__ import annotations

from dataclasses import dataclass

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from problemsolving.network.structure.stacks import Floats, ratio


@dataclass(frozen=True)
class Communities:
    """Which community each agency is in (0, 1, ...; the largest first) and the modularity of the whole."""

    members: NDArray[np.int64]
    modularity: float

    @property
    def number(self) -> int:
        """How many communities there are."""
        return len(np.unique(self.members))


def modularity(ties: Floats, members: NDArray[np.int64]) -> Floats:
    """Measure how much more of the ties lies within communities than their degrees alone would give.

    Parameters
    ----------
    ties : array, shape (..., n, n)
        Weights, 0 or more; rows send; symmetric where ties have no direction.
    members : array of int, shape (n,) or (..., n)
        Community of each agency.

    Returns
    -------
    array
        Below 1; 0 for what chance would give; NaN without ties.

    Notes
    -----
    Do not compare networks of different size by it.

    References
    ----------
    Newman MEJ, Girvan M (2004) Finding and evaluating community structure in networks. Phys Rev E 69:026113.
    doi:10.1103/PhysRevE.69.026113
    Leicht EA, Newman MEJ (2008) Community structure in directed networks. Phys Rev Lett 100:118703.
    doi:10.1103/PhysRevLett.100.118703

    Examples
    --------
    >>> pairs = np.kron(np.eye(2), [[0.0, 1.0], [1.0, 0.0]])
    >>> float(modularity(pairs, np.array([0, 0, 1, 1])))
    0.5
    """
    together = (members[..., :, None] == members[..., None, :]).astype(float)
    total = ties.sum(axis=(-1, -2))
    within = (ties * together).sum(axis=(-1, -2))
    out, into = ties.sum(axis=-1), ties.sum(axis=-2)
    expected = ((together @ into[..., None])[..., 0] * out).sum(axis=-1)
    return ratio(within, total) - ratio(expected, total**2)


def find_communities(
    ties: Floats, *, directed: bool, rng: np.random.Generator | None = None, n_starts: int = 30
) -> Communities:
    """Find the communities with the highest modularity, as far as a search can tell.

    Answers: which agencies form groups of their own?

    Parameters
    ----------
    ties : array, shape (n, n)
        Weights, 0 or more; rows send.
    directed : bool
        Whether ties have a direction.
    rng : numpy.random.Generator, optional
        Source of randomness.
    n_starts : int
        Searches (Louvain), of which the best is kept.

    Returns
    -------
    Communities
        Isolates are communities of their own.

    Notes
    -----
    Very different partitions can be nearly as good, and random networks have partitions too: the number says nothing
    without its interval and a look at who is in which. Small groups in a large network can be missed (resolution limit).
    Do not use to name teams or to cut services along them.

    References
    ----------
    Blondel VD, Guillaume J-L, Lambiotte R, Lefebvre E (2008) Fast unfolding of communities in large networks. J Stat
    Mech P10008. doi:10.1088/1742-5468/2008/10/P10008

    Examples
    --------
    >>> pairs = np.kron(np.eye(2), [[0.0, 1.0], [1.0, 0.0]])
    >>> find_communities(pairs, directed=False).members.tolist()
    [0, 0, 1, 1]
    """
    n = len(ties)
    if not ties.any():
        return Communities(np.arange(n), float("nan"))
    rng = np.random.default_rng(0) if rng is None else rng
    graph = nx.from_numpy_array(ties, create_using=nx.DiGraph if directed else nx.Graph)
    best, top = np.zeros(n, np.int64), -np.inf
    for seed in rng.integers(2**31, size=n_starts):
        found = _numbered(nx.community.louvain_communities(graph, seed=int(seed)), n)
        fit = float(modularity(ties, found))
        if fit > top + 1e-12:
            best, top = found, fit
    return Communities(best, top)


def _numbered(groups: list[set[int]], n: int) -> NDArray[np.int64]:
    """Number groups, the largest first, equal ones by their first agency."""
    members = np.zeros(n, np.int64)
    for number, group in enumerate(sorted(groups, key=lambda group: (-len(group), min(group)))):
        members[list(group)] = number
    return members
