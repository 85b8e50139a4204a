"""How many random draws a question takes: fewer where there are very many small areas, so that a region stays quick."""

from __future__ import annotations

MANY_AREAS = 1_000
_WORK = 2_000  # small areas up to which the usual number is drawn
_FEWEST = 499  # draws that still tell a 95 % limit


def resamples_for(areas: int, *, usual: int) -> int:
    """Give the number of resamples: the usual one, or so many that the work grows no more with the areas.

    >>> resamples_for(417, usual=1_999), resamples_for(8_000, usual=9_999), resamples_for(33_755, usual=1_999)
    (1999, 2499, 499)
    """
    return usual if areas <= _WORK else max(_FEWEST, usual * _WORK // areas)


def deals_for(areas: int) -> int:
    """Give random deals enough that a single area can be told from all others; for very many areas p ends at 0.001.

    >>> deals_for(417), deals_for(14_400)
    (17097, 999)
    """
    return max(9_999, 41 * areas) if areas <= MANY_AREAS else 999
