"""What every method on the network between agencies starts from: agencies, ties, who answered, where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import networkx as nx
import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]

TURNED = "The scale counted 1 as most: scores were turned round, so that more is more"
SELF = "Ties of an agency to itself are left out"
BLANK = "Rows that lack an agency are left out"
UNANSWERED = "Some agencies did not answer: what they would have said is not known"


@dataclass(frozen=True, eq=False)
class AgencyNetwork:
    """Agencies and the ties between them.

    Attributes
    ----------
    agencies : tuple of str
        Every agency that could have a tie, in order of the names; those without one are isolates.
    arcs : pandas.DataFrame
        ``sender``, ``receiver`` and ``count`` (cases behind the tie) or ``weight``; a missing weight is a pair that a
        respondent left open. Undirected ties stand once, in order of the names.
    directed : bool
        Whether ties have a direction.
    sectors : mapping of str to str
        Sector of each agency, as far as known.
    respondents : tuple of str or None
        Agencies that answered a survey; None where nobody was asked.
    provenance : mapping
        ``source``, ``rows``, ``self_ties`` and ``blank_rows`` left out, ``scale_turned``.
    of : str
        What a tie counts, in the plural.
    """

    agencies: tuple[str, ...]
    arcs: pd.DataFrame
    directed: bool
    sectors: Mapping[str, str] = field(default_factory=dict)
    respondents: tuple[str, ...] | None = None
    provenance: Mapping[str, object] = field(default_factory=dict)
    of: str = "ties"

    @property
    def counted(self) -> bool:
        """Whether ties are counts of cases, such as referrals."""
        return "count" in self.arcs

    @property
    def silent(self) -> tuple[str, ...]:
        """Agencies that were asked and did not answer."""
        answered = self.agencies if self.respondents is None else self.respondents
        return tuple(name for name in self.agencies if name not in set(answered))

    def pairs(self) -> pd.DataFrame:
        """Lay out every pair once: ``sender``, ``receiver``, ``count`` or ``weight``, ``answered`` (0 where not)."""
        places = np.arange(len(self.agencies))
        first, second = np.meshgrid(places, places, indexing="ij")
        kept = first != second if self.directed else first < second
        known = self.matrix()
        names = np.array(self.agencies, dtype=object)
        values = known[first[kept], second[kept]]
        return pd.DataFrame(
            {
                "sender": names[first[kept]],
                "receiver": names[second[kept]],
                "count" if self.counted else "weight": np.nan_to_num(values, nan=0.0),
                "answered": ~np.isnan(values),
            }
        )

    def matrix(self) -> Floats:
        """Give ties as a matrix, rows send: 0 for none, NaN for not known, 0 on the diagonal."""
        place = {name: at for at, name in enumerate(self.agencies)}
        values = np.zeros((len(place), len(place)))
        for name in self.silent:
            values[place[name]] = np.nan
        first, second = (self.arcs[side].map(place).to_numpy(int) for side in ("sender", "receiver"))
        values[first, second] = self.arcs["count" if self.counted else "weight"].to_numpy(float)
        if not self.directed:
            values[second, first] = values[first, second]
        np.fill_diagonal(values, 0.0)
        return values

    def graph(self) -> nx.Graph:
        """Give the network to networkx: ``weight`` on each tie, ``sector`` on each agency, provenance on the graph.

        Pairs left open are left out.
        """
        graph = nx.DiGraph(**self.provenance) if self.directed else nx.Graph(**self.provenance)
        for name in self.agencies:
            graph.add_node(name, **({"sector": self.sectors[name]} if name in self.sectors else {}))
        column = "count" if self.counted else "weight"
        known = self.arcs[self.arcs[column] > 0]
        graph.add_weighted_edges_from(zip(known["sender"], known["receiver"], known[column].tolist(), strict=True))
        return graph

    @property
    def caveats(self) -> tuple[str, ...]:
        """Say what a reader must know of how the network came about."""
        told = {
            TURNED: self.provenance.get("scale_turned"),
            SELF: self.provenance.get("self_ties"),
            BLANK: self.provenance.get("blank_rows"),
            UNANSWERED: self.silent or self.provenance.get("open_pairs"),
        }
        return tuple(words for words, holds in told.items() if holds)
