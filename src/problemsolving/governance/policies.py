"""Disclosure policies: named, with their thresholds and their rule for zeros."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

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


def custom(threshold: int, rounding: int = 1) -> Policy:
    """Make the policy of a sharing record that names numbers of its own; ``threshold`` is the smallest count shown.

    >>> custom(12, 10).apply([11, 12]).tolist()
    [nan, 10.0]
    """
    zeros = POLICIES["opensafely"].zeros
    return Policy(f"threshold {threshold}, rounding {rounding}", threshold - 1, rounding, zeros, 10, 10)


def strictest(policies: Iterable[Policy]) -> Policy:
    """Give the policy that asks at least as much as each of several: linked data take the strictest.

    >>> strictest([POLICIES["open"], POLICIES["opensafely"]]).name
    'opensafely'
    """
    every = list(policies)
    joined = Policy(
        name="",
        suppress_to=max((p.suppress_to for p in every if p.suppress_to is not None), default=None),
        nearest=max(p.nearest for p in every),
        zeros=max(every, key=lambda p: -1 if p.suppress_to is None else p.suppress_to).zeros,
        model_cases=max(p.model_cases for p in every),
        model_freedom=max(p.model_freedom for p in every),
    )
    for policy in every:
        if replace(joined, name=policy.name, zeros=policy.zeros) == policy:
            return policy
    return replace(joined, name=" and ".join(dict.fromkeys(policy.name for policy in every)))
