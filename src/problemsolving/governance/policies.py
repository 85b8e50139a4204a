"""Disclosure policies: named, with their thresholds, their rule for zeros and where each is published."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from problemsolving.errors import ParameterError, nearest

_STRICTEST = "strictest of "
_CUSTOM = re.compile(r"threshold (\d+), rounding (\d+)(, zeros shown)?\Z", re.ASCII)


@dataclass(frozen=True)
class Policy:
    """What happens to a count before it leaves.

    Parameters
    ----------
    name : str
        As in ``problem.yml``.
    suppress_to : int or None
        Counts up to this are withheld; None: no count is.
    nearest : int
        Counts are then rounded to a multiple of this, halves up; 1: not rounded.
    zeros : str
        The rule for zeros in words.
    model_cases, model_freedom : int
        Fewest cases and residual degrees of freedom with which a model or a distribution may leave.
    zeros_shown : bool
        A count of zero is shown as it is; else it is withheld like other small counts.
    p_ratio : float or None
        A sum is withheld when all but its two largest contributors together give less than this share of the largest.
    dominance : tuple of int and float, or None
        ``(n, k)``: a sum is withheld when its n largest contributors (1 or 2) give the share k of it or more.
    source : str
        Where the rule is published.
    """

    name: str
    suppress_to: int | None
    nearest: int
    zeros: str
    model_cases: int
    model_freedom: int
    zeros_shown: bool = False
    p_ratio: float | None = None
    dominance: tuple[int, float] | None = None
    source: str = ""

    @property
    def rules(self) -> dict[str, Any]:
        """What the ledger and each finding keep of the policy: its name and every number of its rule for counts."""
        names = ("name", "suppress_to", "nearest", "zeros", "model_cases", "model_freedom", "zeros_shown")
        return {name: getattr(self, name) for name in names}

    @property
    def floor(self) -> int:
        """Smallest count that a withheld cell can hold."""
        return int(self.zeros_shown)

    def is_small(self, counts: ArrayLike) -> np.ndarray:
        """Tell which counts are withheld by themselves; a missing count is not."""
        plain = np.asarray(counts, float)
        if self.suppress_to is None:
            return np.zeros(plain.shape, bool)
        return (plain <= self.suppress_to) & ~(self.zeros_shown & (plain == 0))

    def round(self, counts: ArrayLike) -> np.ndarray:
        """Round counts to the nearest multiple, halves up."""
        plain = np.asarray(counts, float)
        return plain if self.nearest == 1 else np.floor(plain / self.nearest + 0.5) * self.nearest

    def apply(self, counts: ArrayLike) -> np.ndarray:
        """Withhold (NaN) and round counts, each by itself.

        >>> POLICIES["opensafely"].apply(np.array([0, 7, 8, 12, 13])).tolist()
        [nan, nan, 10.0, 10.0, 15.0]
        >>> POLICIES["nhs-hes"].apply(np.array([0, 7, 8])).tolist()
        [0.0, nan, 10.0]
        """
        return self.round(np.where(self.is_small(counts), np.nan, np.asarray(counts, float)))

    def limits(self, released: ArrayLike, *, whole: bool = True) -> tuple[np.ndarray, np.ndarray]:
        """Say between which values a count lies, by its released form alone.

        Withheld (NaN) means ``floor`` or more and no more than that: a reader cannot tell a small count from
        a second one that was withheld to protect it.

        >>> [limit.tolist() for limit in POLICIES["opensafely"].limits([10, np.nan])]
        [[8.0, 0.0], [12.0, inf]]
        """
        shown = np.asarray(released, float)
        below, above = (self.nearest // 2, (self.nearest - 1) // 2) if whole else (self.nearest / 2, self.nearest / 2)
        least = (
            -np.inf if self.suppress_to is None else np.where(self.zeros_shown & (shown == 0), 0, self.suppress_to + 1)
        )
        low = np.maximum(np.maximum(shown - below, least), 0)
        high = shown + above
        if self.zeros_shown and self.suppress_to is not None and self.suppress_to >= above:
            high = np.where(shown == 0, 0.0, high)
        return np.where(np.isnan(shown), self.floor, low), np.where(np.isnan(shown), np.inf, high)

    @property
    def sums_in_words(self) -> str:
        """The rules for sums with contributors (`problemsolving.governance.magnitudes`), or nothing."""
        sums = []
        if self.p_ratio is not None:
            sums.append(f"all but its two largest contributors give less than {self.p_ratio:.0%} of the largest")
        if self.dominance is not None:
            sums.append(f"its {self.dominance[0]} largest contributors give {self.dominance[1]:.0%} or more of it")
        return f"A sum is withheld when {' or when '.join(sums)}." if sums else ""

    @property
    def in_words(self) -> str:
        if self.suppress_to is None:
            return f"Policy {self.name}: every count is shown as it is, zeros too; for open data alone."
        small = f"1 to {self.suppress_to}" if self.zeros_shown else f"{self.suppress_to} or fewer"
        others = "others are not rounded" if self.nearest == 1 else f"others rounded to the nearest {self.nearest}"
        origin = f" Source: {self.source}." if self.source else ""
        return (
            f"Policy {self.name}: counts of {small} are withheld, and a second one where a total would tell them; {others}; "
            f"{self.zeros}; rates, slopes, shares and effects are computed from the released counts; model ratios, medians and "
            f"intervals leave only where enough cases stand behind them.{origin}"
        )


_HELD = "zeros are withheld like other small counts"
POLICIES = {
    "open": Policy("open", None, 1, "zeros are shown", 3, 1, zeros_shown=True),
    "opensafely": Policy(
        "opensafely",
        7,
        5,
        f"{_HELD} (the publisher allows most zeros; this is the stricter reading)",
        10,
        10,
        source="OpenSAFELY documentation, Applying statistical disclosure control, docs.opensafely.org/outputs/sdc",
    ),
    "nhs-hes": Policy(
        "nhs-hes",
        7,
        5,
        "zeros are shown",
        10,
        10,
        zeros_shown=True,
        source="NHS Digital, Disclosure control methodology for Hospital Episode Statistics and Emergency Care Data Set (2018)",
    ),
    "ons": Policy(
        "ons",
        9,
        1,
        _HELD,
        10,
        10,
        source="Office for National Statistics, Secure Research Service output checking guidance (2022): threshold of 10",
    ),
    "acro": Policy(
        "acro",
        9,
        1,
        _HELD,
        10,
        10,
        p_ratio=0.10,
        dominance=(2, 0.90),
        source="acro 1.0.2, default.yaml: safe_threshold 10, safe_dof_threshold 10, safe_pratio_p 0.10, safe_nk_n 2, safe_nk_k 0.90, zeros_are_disclosive",
    ),
}


def custom(threshold: int, rounding: int = 1, *, zeros_shown: bool = False) -> Policy:
    """Make the policy of a sharing record that names numbers of its own.

    Parameters
    ----------
    threshold : int
        Smallest count that may be shown (10: counts below 10 are withheld), 1 or more.
    rounding : int
        Shown counts are rounded to a multiple of this, 1 or more.
    zeros_shown : bool
        Show zeros.

    Returns
    -------
    Policy
        Its name says its numbers, and `get_policy` reads it.

    Raises
    ------
    ParameterError
        For a threshold or a rounding below 1.

    Examples
    --------
    >>> custom(12, 10).apply([11, 12]).tolist()
    [nan, 10.0]
    """
    if threshold < 1 or rounding < 1:
        raise ParameterError("threshold and rounding must be whole numbers of 1 or more")
    name = f"threshold {threshold}, rounding {rounding}" + (", zeros shown" if zeros_shown else "")
    return Policy(name, threshold - 1, rounding, "zeros are shown" if zeros_shown else _HELD, 10, 10, zeros_shown)


def strictest(policies: Iterable[Policy]) -> Policy:
    """Join policies where several apply: of each rule the strictest.

    Parameters
    ----------
    policies : iterable of Policy
        At least one.

    Returns
    -------
    Policy
        Highest threshold, largest rounding, zeros withheld if any withholds them, rules on sums if any has them.

    Raises
    ------
    ParameterError
        For no policy.

    Examples
    --------
    >>> joined = strictest([POLICIES["nhs-hes"], POLICIES["acro"]])
    >>> joined.name, joined.suppress_to, joined.nearest, joined.zeros_shown
    ('strictest of acro + nhs-hes', 9, 5, False)
    """
    given = {policy.name: policy for policy in policies}
    if not given:
        raise ParameterError("name at least one policy")
    closed = sorted((p for p in given.values() if p.suppress_to is not None), key=lambda policy: policy.name)
    if len(given) == 1 or not closed:
        return next(iter(given.values()))
    if len(closed) == 1:
        return closed[0]
    shown = all(policy.zeros_shown for policy in closed)
    ratios = [policy.p_ratio for policy in closed if policy.p_ratio is not None]
    dominances = [policy.dominance for policy in closed if policy.dominance is not None]
    names = sorted({part for name in given for part in name.removeprefix(_STRICTEST).split(" + ")} - {"open"})
    return Policy(
        name=_STRICTEST + " + ".join(names),
        suppress_to=max(policy.suppress_to or 0 for policy in closed),
        nearest=max(policy.nearest for policy in closed),
        zeros="zeros are shown" if shown else _HELD,
        model_cases=max(policy.model_cases for policy in closed),
        model_freedom=max(policy.model_freedom for policy in closed),
        zeros_shown=shown,
        p_ratio=max(ratios, default=None),
        dominance=max(dominances, key=lambda rule: (rule[0], -rule[1]), default=None),
        source="; ".join(policy.source for policy in closed if policy.source),
    )


def get_policy(name: str) -> Policy:
    """Give a policy by its name, also one that `custom` or `strictest` made; raise `ParameterError` for an unknown one."""
    if name.startswith(_STRICTEST):
        return strictest(get_policy(part) for part in name.removeprefix(_STRICTEST).split(" + "))
    numbers = _CUSTOM.match(name)
    if numbers:
        return custom(int(numbers[1]), int(numbers[2]), zeros_shown=bool(numbers[3]))
    if name not in POLICIES:
        raise ParameterError(f'no policy "{name}"{nearest(name, POLICIES)}; choose one of {", ".join(POLICIES)}')
    return POLICIES[name]
