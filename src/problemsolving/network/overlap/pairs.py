"""The second question: given how many agencies know each person, which pairs of agencies share more people than chance?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Self, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from problemsolving import draw
from problemsolving.errors import NotEstimableError
from problemsolving.grouped import SHOWN, GroupedResult
from problemsolving.network.overlap.bicm import bipartite_configuration
from problemsolving.network.overlap.given_number import shared_given_number
from problemsolving.network.overlap.memberships import Floats, population_faults, read_memberships
from problemsolving.network.overlap.tails import Tails, binomial_sum_tails, hypergeometric_tails
from problemsolving.network.overlap.words import stop, tenths
from problemsolving.results import Column, Method, Value, number, whole
from problemsolving.stats.deals import Correction, adjust_p
from problemsolving.stats.intervals import count_limits, normal_quantile
from problemsolving.stats.products import Alternative

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FEWEST = 4  # with three, how many people each knows tells how many they share
WITHHELD = "withheld: too few people"
NULLS = {"": "given the number of agencies", "sdsm_": "SDSM", "hypergeometric_": "hypergeometric"}
CAVEATS = (
    "Given how many agencies know each person, need that brings people to many agencies at once is part of what is expected: "
    "a ratio of 1.00 here can stand beside four times what independent lists give, so first compare with independence",
    "A pair that shares more may refer people to each other, meet the same need, or lie in one place: it does not say which",
    "The configuration model and the hypergeometric null let people known to one agency be shared; where most are, they hide "
    "pairs that this one finds",
)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class SharedPairs(GroupedResult):
    """People whom two agencies share, beside three nulls: ``frame`` has ``group``, ``first``, ``second``, ``count``."""

    people: tuple[float, ...]  # known to 0, 1, … agencies (0: 0)
    sizes: tuple[float, ...]  # known to the first and second agency of each pair, in turn
    chances: Floats  # pairs × number of agencies: probability of both, given the number
    configured: Floats  # the same by the bipartite configuration model
    population: float
    alternative: Alternative
    correction: Correction
    of: str = "people"
    heading: str = "Agencies"

    value_name: ClassVar[str] = "ratio"
    decimals: ClassVar[int] = 2
    reference: ClassVar[float | None] = 1.0

    @cached_property
    def _tails(self) -> dict[str, tuple[Floats, Tails]]:
        """Expected number and tails under each null, by the start of its columns' names."""
        count, people = self.frame["count"].to_numpy(float), np.array(self.people)
        first, second = np.array(self.sizes).reshape(-1, 2).T
        n = max(float(people.sum()), first.max(), second.max())
        found = {
            name: (chance @ people, binomial_sum_tails(count, people, chance))
            for name, chance in {"": self.chances, "sdsm_": self.configured}.items()
        }
        return found | {"hypergeometric_": (first * second / n, hypergeometric_tails(count, first, second, n))}

    @cached_property
    def _shown(self) -> pd.DataFrame:
        count = self.frame["count"].to_numpy(float)
        known = np.isfinite(count)
        first, second = np.array(self.sizes).reshape(-1, 2).T
        shown = self.frame[["group", "count"]].copy()
        low, high, _ = count_limits(count, confidence_level=self.level)
        with np.errstate(divide="ignore", invalid="ignore"):
            shown["by_independence"] = count / (first * second / self.population)
            for name, (expected, tails) in self._tails.items():
                shown[f"{name}expected"] = np.where(known, expected, np.nan)
                shown[f"{name}p"] = _p(tails, self.alternative)
                shown[f"{name}p_adjusted"] = adjust_p(shown[f"{name}p"], self.correction)
            for name, values in {"estimate": count, "low": low, "high": high}.items():
                shown[name] = values / shown["expected"]
        shown = shown.replace([np.inf, -np.inf], np.nan)
        shown["reason"] = np.select(
            [~known, shown["estimate"].isna()], [WITHHELD, "not estimable: chance would give no one"], default=""
        )
        return shown.sort_values(["p", "group"], kind="stable", na_position="last", ignore_index=True)

    def estimates(self) -> pd.DataFrame:
        """Give pairs, least likely first: people on both, ratio to chance with limits, and each null's number and p.

        ``by_independence`` is the ratio to independent lists in the whole population; ``estimate``, ``low``, ``high``,
        ``expected``, ``p`` and ``p_adjusted`` are given the number of agencies of each person; ``sdsm_`` and
        ``hypergeometric_`` begin the names of the other nulls' columns.
        """
        return self._shown

    def columns(self) -> dict[str, Column]:
        adjusted = "p, adjusted" if self.correction != "none" else "p, as it is"
        names = {
            "group": Column(self.heading),
            "count": Column(f"{self.of.capitalize()} shared", "count"),
            "by_independence": Column("Times independent lists", "number", 2),
            "expected": Column("By chance given the number", "number"),
            "estimate": Column("Ratio", "number", 2),
            "low": Column("Low", "number", 2),
            "high": Column("High", "number", 2),
            "p_adjusted": Column(adjusted, "number", 4),
            "sdsm_p_adjusted": Column(f"SDSM: {adjusted}", "number", 4),
            "hypergeometric_p_adjusted": Column(f"Hypergeometric: {adjusted}", "number", 4),
        }
        return names | ({"reason": Column("Note")} if (self._shown["reason"] != "").any() else {})

    def values(self) -> list[Value]:
        rows = self._shown.to_dict("records")
        ratios = [
            replace(value, reason=row["reason"] or None) for value, row in zip(super().values(), rows, strict=True)
        ]
        units = {"by_independence": "ratio to independent lists", "expected": self.of}
        units |= {f"{name}{p}": "probability" for name in NULLS for p in ("p", "p_adjusted")}
        further = [
            Value(name=name, group=row["group"], estimate=told, unit=unit, n=whole(row["count"]))
            for name, unit in units.items()
            for row in rows
            if (told := number(row[name])) is not None
        ]
        return [*ratios, *further]

    def found(self, null: str = "", *, level: float = 0.05) -> list[str]:
        """Name the pairs whose adjusted p is at most ``level`` under a null: "" (given the number), "sdsm_", "hypergeometric_"."""
        return self._shown.loc[self._shown[f"{null}p_adjusted"] <= level, "group"].tolist()

    def summary(self) -> str:
        known = self._shown[self._shown["reason"] == ""]
        if known.empty:
            return f"No pair of agencies shares enough {self.of} to be shown."
        top, pairs = known.iloc[0], len(known)
        apart = {"greater": "more", "less": "fewer", "two-sided": "more or fewer"}[self.alternative]
        names = self.found()
        text = (
            f"Against independent lists, {(known['by_independence'] > 1).sum()} of {pairs} pairs of agencies share more {self.of}. "
            f"Given how many agencies know each of the {self.of}, {len(names)} share {apart} than chance "
            f"(5% level, {'corrected for their number' if self.correction != 'none' else 'not corrected for their number'})"
        )
        if names:
            text += (
                f"; the least likely is {top['group']}: {top['count']:,.0f} {self.of}, {top['estimate']:.2f} times "
                f"({self.level:.0%} interval {top['low']:.2f} to {top['high']:.2f}) the {top['expected']:,.0f} by chance"
            )
        return f"{text}. The hypergeometric null would name {len(self.found('hypergeometric_'))}, SDSM {len(self.found('sdsm_'))}."

    def alt_text(self) -> str:
        return f"Ratios of {self.of} shared by pairs of agencies to those by chance, with intervals and 1 marked. {self.summary()}"

    def plot(self, *, ax: Axes | None = None) -> Axes | None:
        shown = self._shown.head(SHOWN)
        positive = shown["low"] > 0
        if not positive.any():
            return None
        words = np.where(shown["low"] == 0, "none counted", shown["reason"].str.split(":").str[0])
        limits = {name: shown[name].where(positive) for name in ("estimate", "low", "high")}
        return draw.bounded_intervals(
            shown["group"].tolist(),
            limits["estimate"],
            low=limits["low"],
            high=limits["high"],
            words=words.tolist(),
            quantity=f"{self.of} shared, times what chance would give (log scale)",
            reference=1.0,
            log=True,
            ax=ax,
        )

    def blurred(self) -> Self:
        """Round to ten whatever the nulls are made of: people by number of agencies, sizes of lists."""
        return replace(self, people=tenths(self.people), sizes=tenths(self.sizes))


def _p(tails: Tails, alternative: Alternative) -> Floats:
    if alternative == "two-sided":
        return np.minimum(1.0, 2 * np.minimum(tails.upper, tails.lower))
    return tails.upper if alternative == "greater" else tails.lower


def share_more(
    memberships: pd.DataFrame | sparse.sparray | NDArray[Any],
    *,
    population: float,
    agencies: Sequence[str] | None = None,
    person: str = "person_id",
    agency: str = "agency",
    alternative: Alternative = "greater",
    correction: Correction = "benjamini-hochberg",
    confidence_level: float = 0.95,
    of: str = "people",
) -> SharedPairs:
    """Test which pairs of agencies share more people than chance, given how many agencies know each person.

    Answers the second question; `problemsolving.network.overlap.several.known_to_several` answers the first.

    Parameters
    ----------
    memberships : pandas.DataFrame, or array or sparse array of shape (people, agencies)
        One row a person and agency, or a matrix of 0 and 1.
    population : float
        Everyone who could be known to an agency, in people, for the ratio to independent lists beside the test.
    agencies : sequence of str, optional
        Every agency asked (4 or more); the names of the columns of a matrix.
    person, agency : str
        Columns of a table.
    alternative : {"greater", "less", "two-sided"}
        Whether more, fewer or either is looked for; two-sided p is twice the smaller tail.
    correction : {"benjamini-hochberg", "bonferroni", "none"}
        Of the p values, for the number of pairs.
    confidence_level : float
        Between 0 and 1.
    of : str
        Who is counted, in the plural.

    Returns
    -------
    SharedPairs
        For each pair the people shared, the ratio to independent lists, the ratio to chance given the number with Poisson
        limits of the count, and p under three nulls.

    Raises
    ------
    NetworkError
        For a table or matrix that cannot be read.
    NotEstimableError
        For fewer than four agencies: how many people each knows then tells how many they share.
    ValueError
        For a population smaller than the people seen.

    Notes
    -----
    *Given the number*: people known to the same number k of agencies are alike. Which k agencies know one is drawn in
    proportion to the product of a weight an agency, so chosen that each agency is expected to know as many people with k as
    it does (conditional Bernoulli model). People are independent, so a pair's count is a sum of one binomial a k, and its tails
    are computed exactly by discrete Fourier transform; weights are estimates, which makes p a little too large. People known
    to one agency never count, people known to all always do. *SDSM*: the bipartite configuration model with an exact
    Poisson-binomial law. *Hypergeometric* (statistically validated network): lists drawn from the people known to any agency.
    Where a small number of people is withheld, the pair is withheld whole.

    Do not use to say that there is no complex need: a ratio of 1.00 given the number is what shared vulnerability alone gives.

    References
    ----------
    Chen XH, Dempster AP, Liu JS (1994) Weighted finite population sampling to maximize entropy. Biometrika 81:457.
    doi:10.1093/biomet/81.3.457
    Tumminello M, Miccichè S, Lillo F, Piilo J, Mantegna RN (2011) Statistically validated networks in bipartite complex
    systems. PLoS ONE 6:e17994. doi:10.1371/journal.pone.0017994
    Neal Z (2014) The backbone of bipartite projections. Soc Networks 39:84. doi:10.1016/j.socnet.2014.06.001
    Benjamini Y, Hochberg Y (1995) Controlling the false discovery rate. J R Stat Soc B 57:289.

    Examples
    --------
    Twelve people with two of four agencies each, every pair twice: as chance would have it.

    >>> from itertools import combinations
    >>> rows = [(f"{pair}{copy}", name) for pair in combinations("abcd", 2) for copy in "12" for name in pair]
    >>> found = share_more(pd.DataFrame(rows, columns=["person_id", "agency"]), population=100)
    >>> found.estimates()[["count", "expected", "estimate"]].round(6).drop_duplicates().values.tolist(), found.found()
    ([[2.0, 2.0, 1.0]], [])
    """
    read = read_memberships(memberships, agencies=agencies, person=person, agency=agency)
    normal_quantile(confidence_level)
    faults = population_faults(population, int((read.number > 0).sum()))
    if alternative not in get_args(Alternative):
        faults.append('alternative must be "greater", "less" or "two-sided"')
    stop(faults, "which pairs share more")
    size = len(read.agencies)
    if size < FEWEST:
        raise NotEstimableError(f"with fewer than {FEWEST} agencies the people each knows tell how many two share")
    people = np.bincount(read.number, minlength=size + 1).astype(float)
    people[0] = 0.0
    first, second = np.triu_indices(size, 1)
    chances = shared_given_number(read.by_number(), people, np.arange(size + 1))
    tied = bipartite_configuration(np.arange(size + 1), read.sizes, rows=people)
    names = np.array(read.agencies, dtype=object)
    frame = pd.DataFrame({"first": names[first], "second": names[second], "count": read.shared[first, second]})
    frame.insert(0, "group", [f"{a} & {b}" for a, b in zip(frame["first"], frame["second"], strict=True)])
    return SharedPairs(
        method=Method(
            "People shared by pairs given the number of agencies; SDSM and hypergeometric beside it",
            "Chen, Dempster & Liu 1994; Neal 2014; Tumminello et al. 2011",
            {"correction": correction, "alternative": alternative},
        ),
        unit="ratio to chance",
        design="associational",
        caveats=(*CAVEATS, *read.caveats),
        frame=frame,
        people=tuple(people.tolist()),
        sizes=tuple(np.column_stack([read.sizes[first], read.sizes[second]]).ravel().tolist()),
        chances=np.ascontiguousarray(chances[:, first, second].T),
        configured=(tied[:, first] * tied[:, second]).T,
        population=float(population),
        alternative=alternative,
        correction=correction,
        level=confidence_level,
        of=of,
    )
