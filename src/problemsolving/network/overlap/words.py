"""Words, rounding and faults that results on overlap and on compared networks share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np


def p_words(p: float) -> str:
    """Write a p value.

    >>> p_words(0.0321), p_words(0.00002)
    ('p = 0.032', 'p < 0.001')
    """
    return "p < 0.001" if p < 0.0005 else f"p = {p:.3f}"


def rounded_up(values: Iterable[float], parts: int = 100) -> tuple[float, ...]:
    """Round each up to so many parts of one, so that nothing looks surer than it is.

    >>> rounded_up([0.031, 0.5])
    (0.04, 0.5)
    """
    return tuple((np.ceil(np.asarray(list(values), float) * parts - 1e-9) / parts).tolist())


def tenths(counts: Iterable[float], most: float = np.inf) -> tuple[float, ...]:
    """Round each count to the nearest ten, no higher than ``most``.

    >>> tenths([3, 17])
    (0.0, 20.0)
    """
    return tuple(np.minimum(np.floor(np.asarray(list(counts), float) / 10 + 0.5) * 10, most).tolist())


def stop(faults: Sequence[str], what: str) -> None:
    """Raise one ``ValueError`` that tells every fault, if there is any."""
    if faults:
        raise ValueError("\n".join([f"{what} cannot be told:", *(f"  - {fault}" for fault in faults)]))
