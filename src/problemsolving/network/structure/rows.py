"""Rows of ties made alike: names as text, no blank ends, no ties of an agency to itself, scales turned round."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

Scale = tuple[float, float]
Sectors = Mapping[str, str] | None


def ends_of(senders: pd.Series, receivers: pd.Series, *, directed: bool = True) -> pd.DataFrame:
    """Give both ends as text (None where blank), in order of the names where ties have no direction."""
    ends = [[None if pd.isna(name) else str(name) for name in side] for side in (senders, receivers)]
    pairs = list(zip(*ends, strict=True))
    if not directed:
        pairs = [(a, b) if a is None or b is None or a <= b else (b, a) for a, b in pairs]
    return pd.DataFrame(pairs, columns=["sender", "receiver"], dtype=object)


def cleaned(arcs: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, object]]:
    """Leave out rows that lack an agency and ties of an agency to itself, and say how many."""
    blank = arcs[["sender", "receiver"]].isna().any(axis=1)
    own = ~blank & (arcs["sender"] == arcs["receiver"])
    kept = arcs[~(blank | own)].reset_index(drop=True)
    return kept, {"self_ties": int(own.sum()), "blank_rows": int(blank.sum())}


def turned(values: pd.DataFrame, scale: Scale | None, inverted: bool) -> pd.DataFrame:
    """Turn a scale round, so that more is more."""
    return scale[0] + scale[1] - values if inverted and scale is not None else values


def as_texts(sectors: Sectors) -> dict[str, str]:
    return {str(name): str(sector) for name, sector in (sectors or {}).items() if not pd.isna(sector)}
