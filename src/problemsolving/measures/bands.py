"""Words for numbers: half-open bands by what they hold, shares too coarse to tell a count."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray


def check_edges(edges: Sequence[float], *, name: str) -> NDArray[np.float64]:
    """Give the edges of bands as an array; stop where they are no bands. ``name`` is the argument's."""
    plain = np.asarray(edges, float)
    if plain.ndim != 1 or len(plain) < 2 or np.isnan(plain).any():
        raise ValueError(f"{name} must be two edges or more, for example (0, 7, 14)")
    if plain[0] < 0 or not np.isfinite(plain[:-1]).all() or (np.diff(plain) <= 0).any():
        raise ValueError(f"{name} must rise, from 0 or more; only the last edge may be without end (numpy.inf)")
    return plain


def band_labels(edges: Sequence[float], *, unit: str, above_first: bool = False) -> list[str]:
    """Name bands by what they hold: the lower edge belongs to a band, the upper one does not.

    Parameters
    ----------
    edges : sequence of float
        Ascending; the last may be without end.
    unit : str
        Of the edges.
    above_first : bool
        The first edge itself belongs to no band.

    Examples
    --------
    >>> band_labels([0, 100, 1000, np.inf], unit="m")
    ['0 to under 100 m', '100 to under 1,000 m', '1,000 m or more']
    >>> band_labels([0, 3, 6], unit="days", above_first=True)
    ['above 0 to under 3 days', '3 to under 6 days']
    >>> band_labels([0, 1, 2], unit="days")
    ['0 to under 1 day', '1 to under 2 days']
    """
    names: list[str] = []
    for low, high in pairwise(edges):
        opened = "above " if above_first and not names else ""
        one = unit.removesuffix("s") if high == 1 else unit
        names.append(
            f"{opened}{low:,g} to under {high:,g} {one}"
            if np.isfinite(high)
            else f"{'above ' if opened else ''}{low:,g} {unit}{'' if opened else ' or more'}"
        )
    return names


def in_a_hundred(share: float) -> str:
    """Say a share so coarsely that no count can be told from it.

    >>> in_a_hundred(0.013), in_a_hundred(0.27)
    ('fewer than 5 in 100', 'about 25 in 100')
    """
    return "fewer than 5 in 100" if share < 0.05 else f"about {5 * round(share * 20)} in 100"
