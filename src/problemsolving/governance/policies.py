"""Disclosure policies: named, with their thresholds and their rule for zeros."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from problemsolving.errors import ParameterError, nearest


@dataclass(frozen=True)
class Policy:
    """What happens to a count before it leaves.

    ``suppress_to``: counts up to this are withheld (None: no count is). ``nearest``: counts are then rounded
    to a multiple of this. ``model_cases`` and ``model_freedom``: fewest cases and residual degrees of freedom
    with which a model or a distribution may leave.
    """

    name: str
    suppress_to: int | None
    nearest: int
    zeros: str
    model_cases: int
    model_freedom: int

    def apply(self, counts: ArrayLike) -> np.ndarray:
        """Withhold (NaN) and round counts.

        >>> POLICIES["opensafely"].apply(np.array([0, 7, 8, 12, 13])).tolist()
        [nan, nan, 10.0, 10.0, 15.0]
        """
        plain = np.asarray(counts, float)
        if self.suppress_to is not None:
            plain = np.where(plain <= self.suppress_to, np.nan, plain)
        return plain if self.nearest == 1 else np.floor(plain / self.nearest + 0.5) * self.nearest

    @property
    def in_words(self) -> str:
        if self.suppress_to is None:
            return "Policy open: every count is shown as it is, zeros too; for open data alone."
        return (
            f"Policy {self.name}: counts of {self.suppress_to} or fewer are withheld, others rounded to the nearest {self.nearest}; "
            f"{self.zeros}; rates, slopes, shares and effects are computed from the rounded counts; model ratios, medians and "
            f"intervals leave only where enough cases stand behind them."
        )


POLICIES = {
    "open": Policy("open", None, 1, "zeros are shown", 3, 1),
    "opensafely": Policy("opensafely", 7, 5, "zeros are withheld like other small counts", 10, 10),
}


def get_policy(name: str) -> Policy:
    """Give a policy by name; raise `ParameterError` for an unknown one."""
    if name not in POLICIES:
        raise ParameterError(f'no policy "{name}"{nearest(name, POLICIES)}; choose one of {", ".join(POLICIES)}')
    return POLICIES[name]
