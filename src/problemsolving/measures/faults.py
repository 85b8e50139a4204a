"""All faults of an input at once, by place and never by value."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

SHOWN = 10  # rows named in one fault


def rows_named(is_faulty: ArrayLike) -> str:
    """Name rows by their place, the first being 1.

    >>> rows_named([False, True, True]), rows_named([True])
    ('rows 2 and 3', 'row 1')
    """
    places = (np.flatnonzero(np.asarray(is_faulty, bool)) + 1).tolist()
    words = [f"{place:,}" for place in places[:SHOWN]]
    if len(places) > SHOWN:
        return f"rows {', '.join(words)} and {len(places) - SHOWN:,} more"
    return f"row {words[0]}" if len(words) == 1 else f"rows {', '.join(words[:-1])} and {words[-1]}"


def stop_at(faults: Sequence[str], *, what: str) -> None:
    """Raise one ``ValueError`` that tells every fault, if there is any.

    >>> stop_at([], what="the weight table")
    """
    if faults:
        raise ValueError("\n".join([f"{what} cannot be used:", *(f"  - {fault}" for fault in faults)]))
