"""All numbers of the whole network at once, for one network or many drawn ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from problemsolving.network.structure.centralisation import centralisations
from problemsolving.network.structure.communities import modularity
from problemsolving.network.structure.core_periphery import core_correlation
from problemsolving.network.structure.sectors import ei_index
from problemsolving.network.structure.stacks import (
    Floats,
    either_way,
    find_articulation,
    ratio,
    shortest_paths,
    transitivity,
)

Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Labels:
    """What belongs to the agencies: core, community, sector (None where not known for all)."""

    core: NDArray[np.bool_]
    community: Codes
    sector: Codes | None

    def of(self, drawn: Codes) -> Labels:
        """Give the labels of agencies drawn anew, one row a draw."""
        return Labels(self.core[drawn], self.community[drawn], None if self.sector is None else self.sector[drawn])


def figures(weights: Floats, labels: Labels, *, directed: bool, tie_from: float) -> dict[str, Floats]:
    """Measure the whole of each network.

    Parameters
    ----------
    weights : array, shape (draws, n, n)
        Rows send; symmetric where ties have no direction.
    labels : Labels
        Of the agencies: core and communities are those of the network itself.
    directed : bool
        Whether ties have a direction.
    tie_from : float
        Weight from which a pair is tied.

    Returns
    -------
    dict of array, shape (draws,)
        By the names of `problemsolving.network.structure.rows_of_whole.ROWS`; NaN where not defined.
    """
    n = weights.shape[-1]
    arcs = (weights >= tie_from).astype(float)
    both = either_way(arcs)
    distances, through = shortest_paths(arcs)
    if directed:
        distances, _ = shortest_paths(both, betweenness=False)
    found = {"density": arcs.sum(axis=(-1, -2)) / (n * (n - 1))}
    if directed:
        returned = (arcs * arcs.swapaxes(-1, -2)).sum(axis=(-1, -2))
        found["reciprocity_arcs"] = ratio(returned, arcs.sum(axis=(-1, -2)))
        found["reciprocity_dyads"] = ratio(returned, both.sum(axis=(-1, -2)))
    for isolates in (True, False):
        of = centralisations(arcs, both, distances, through, directed=directed, isolates=isolates)
        end = "" if isolates else "_without_isolates"
        found |= {f"centralisation_{kind}{end}": values for kind, values in of.items()}
    if labels.sector is not None:
        found["ei_index"] = ei_index(arcs, labels.sector)
        found["ei_index_weighted"] = ei_index(weights * arcs, labels.sector)
    found["core_periphery"] = core_correlation(both, labels.core)
    found["modularity"] = modularity(weights * arcs, labels.community)
    found["transitivity"] = transitivity(both)
    found["articulation_agencies"] = find_articulation(both).sum(axis=-1).astype(float)
    found["isolates"] = (both.sum(axis=-1) == 0).sum(axis=-1).astype(float)
    return found
