"""The rows of the table on the whole network: their words, their limits, and why one may have no number."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SHARE, INDEX, NUMBER, CORRELATION = "share", "index from -1 to 1", "number", "correlation"
KINDS = {"degree": "degree", "in_degree": "in-degree", "out_degree": "out-degree", "betweenness": "betweenness", "closeness": "closeness"}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One number of the table: its label, unit and limits."""

    label: str
    unit: str
    floor: float = 0.0
    ceiling: float = 1.0


ROWS: dict[str, Row] = {
    "density": Row("Density: share of possible ties", "share of possible ties"),
    "reciprocity_arcs": Row("Reciprocity: share of ties returned", "share of ties"),
    "reciprocity_dyads": Row("Reciprocity: share of tied pairs that are mutual", "share of tied pairs"),
    **{f"centralisation_{kind}": Row(f"Centralisation, {word}", SHARE) for kind, word in KINDS.items()},
    **{
        f"centralisation_{kind}_without_isolates": Row(f"Centralisation, {word}, without isolates", SHARE)
        for kind, word in KINDS.items()
    },
    "ei_index": Row("E-I index of ties by sector", INDEX, -1.0),
    "ei_index_by_chance": Row("E-I index by chance", INDEX, -1.0),
    "ei_index_weighted": Row("E-I index by sector, weighted", INDEX, -1.0),
    "core_periphery": Row("Core and periphery: fit", CORRELATION, -1.0),
    "core_size": Row("Agencies in the core", NUMBER, 0.0, np.inf),
    "modularity": Row("Communities: modularity", INDEX, -1.0),
    "communities": Row("Communities", NUMBER, 0.0, np.inf),
    "transitivity": Row("Transitivity: share of partners of partners that are tied", SHARE),
    "articulation_agencies": Row("Agencies without which a part would be cut off", NUMBER, 0.0, np.inf),
    "isolates": Row("Agencies without a tie", NUMBER, 0.0, np.inf),
}
NO_INTERVAL = {
    "core_size": "no interval: it is that of the core that fits best",
    "communities": "no interval: they are those of the best partition found",
}
ONE_WAY = {"reciprocity_arcs", "reciprocity_dyads", *(f"centralisation_{kind}{end}" for kind in ("in_degree", "out_degree") for end in ("", "_without_isolates"))}  # fmt: skip


def denominator(name: str, *, directed: bool) -> str:
    """Say what a centralisation is a share of; nothing for other numbers.

    >>> denominator("centralisation_in_degree", directed=True)
    'share of (n - 1)²'
    >>> denominator("centralisation_betweenness", directed=False)
    'share of (n - 1)²(n - 2)/2'
    """
    kind = name.removeprefix("centralisation_").removesuffix("_without_isolates")
    if kind not in KINDS or kind == name:
        return ""
    largest = {
        "degree": "(n - 1)(n - 2)",
        "betweenness": f"(n - 1)²(n - 2){'' if directed else '/2'}",
        "closeness": "(n - 1)(n - 2)/(2n - 3)",
    }
    return f"share of {largest.get(kind, '(n - 1)²')}"


def why_none(name: str, *, directed: bool, sectors: int | None) -> str:
    """Say why a number cannot be had from a network that is known in full.

    >>> why_none("reciprocity_arcs", directed=False, sectors=None)
    'not estimable: ties have no direction'
    """
    if not directed and name in ONE_WAY:
        return "not estimable: ties have no direction"
    if name.startswith("ei_index") and sectors is None:
        return "not estimable: the sector of some agencies is not known"
    if name.startswith("ei_index") and sectors == 1:
        return "not estimable: all agencies are of one sector"
    if "closeness" in name:
        return "not estimable: not all agencies can reach each other"
    return "not estimable: too few agencies or ties, or all pairs alike"
