"""The first question: are more people known to several agencies than chance would give in the whole population?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from problemsolving import draw
from problemsolving.grouped import GroupedResult
from problemsolving.network.overlap.independence import (
    Expected,
    Floats,
    chance_limits,
    expected_classes,
    expected_or_more,
    poisson_binomial,
    upper_tail,
)
from problemsolving.network.overlap.memberships import Memberships, population_faults, read_memberships
from problemsolving.network.overlap.words import p_words, rounded_up, stop, tenths
from problemsolving.results import Column, Method, Value, number, whole
from problemsolving.stats.intervals import count_limits, normal_quantile

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WITHHELD = "withheld: too few people, or it guards such a count"
CAVEATS = (
    "More people known to several agencies than chance gives may have complex needs, or live where all agencies work, or be of "
    "an age that all serve: it does not say which",
    "People who could not be known to an agency make the population too large and the ratio too high",
)

PLENTY = 100  # ratio beyond which its size says no more


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class SeveralAgencies(GroupedResult):
    """People by the number of agencies that know them, beside what independent lists would give.

    ``frame``: ``group``, ``least`` (agencies) and ``count``, a row a class, 0 agencies first; the last class is open.
    """

    sizes: tuple[float, ...]  # people known to each agency
    population: float
    factors: tuple[float, ...]  # error of each log ratio, as a multiple of that of a Poisson count
    of: str = "people"
    heading: str = "Known to"

    margins: ClassVar[tuple[tuple[str, ...], ...]] = ((),)
    value_name: ClassVar[str] = "ratio"
    decimals: ClassVar[int] = 2
    reference: ClassVar[float | None] = 1.0

    @property
    def most(self) -> int:
        return len(self.frame) - 1

    def expected(self) -> Expected:
        """Mean and variance of each row of ``estimates()`` under independence."""
        classes = expected_classes(self.sizes, self.population, most=self.most)
        above = expected_or_more(self.sizes, self.population, most=self.most)
        rows = slice(2, self.most)
        return Expected(*(np.concatenate([a, b[rows]]) for a, b in zip(classes, above, strict=True)))

    def estimates(self) -> pd.DataFrame:
        """Give classes, then so many *or more*: ``count``, ``expected``, ``estimate`` (ratio) with limits, ``p``."""
        count = self.frame["count"].to_numpy(float)
        above = count[::-1].cumsum()[::-1]
        groups = [*self.frame["group"], *(f"{least} or more agencies" for least in range(2, self.most))]
        seen = np.concatenate([count, above[2 : self.most]])
        chance = self.expected()
        low, high, _ = count_limits(seen, confidence_level=self.level)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = seen / chance.mean
            below = ratio * np.where(seen > 0, low / seen, 1.0) ** np.array(self.factors)
            beyond = np.where(seen > 0, ratio * (high / seen) ** np.array(self.factors), high / chance.mean)
        chance_low, chance_high = chance_limits(chance, confidence_level=self.level)
        tested = np.arange(len(seen)) >= self.most
        known, possible = np.isfinite(seen), chance.mean > 0
        shown = pd.DataFrame({"group": groups, "count": seen, "expected": np.where(known, chance.mean, np.nan)})
        for name, values in {"estimate": ratio, "low": below, "high": beyond}.items():
            shown[name] = np.where(known & possible, values, np.nan)
        for name, values in {"chance_low": chance_low, "chance_high": chance_high}.items():
            shown[name] = np.where(known, values, np.nan)
        shown["p"] = np.where(tested & known & possible, upper_tail(seen, chance), np.nan)
        shown["reason"] = np.select(
            [~known, ~possible], [WITHHELD, "not estimable: chance would give no one"], default=""
        )
        return shown

    def columns(self) -> dict[str, Column]:
        names = {
            "group": Column(self.heading),
            "count": Column(self.of.capitalize(), "count"),
            "expected": Column("By chance", "number"),
            "chance_low": Column("By chance, low", "count"),
            "chance_high": Column("By chance, high", "count"),
            "estimate": Column("Ratio", "number", 2),
            "low": Column("Low", "number", 2),
            "high": Column("High", "number", 2),
            "p": Column("p", "number", 4),
        }
        return names | ({"reason": Column("Note")} if (self.estimates()["reason"] != "").any() else {})

    def values(self) -> list[Value]:
        rows = self.estimates().to_dict("records")
        ratios = [
            replace(value, reason=row["reason"] or None) for value, row in zip(super().values(), rows, strict=True)
        ]
        further = [
            Value(name=name, group=row["group"], estimate=told, unit=unit, n=whole(row["count"]))
            for name, unit in (("expected", self.of), ("p", "probability"))
            for row in rows
            if (told := number(row[name])) is not None
        ]
        return [*ratios, *further]

    @property
    def headline(self) -> dict[str, Any]:
        """The row of people known to two or more agencies."""
        rows = self.estimates()
        return rows.iloc[self.most if self.most == 2 else self.most + 1].to_dict()

    def summary(self) -> str:
        row = self.headline
        if number(row["estimate"]) is None:
            return f"How many {self.of} were known to two or more agencies cannot be told: {row['reason']}."
        top = self.estimates().iloc[self.most]
        times = f"{top['estimate']:.2f} times as many ({top['low']:.2f} to {top['high']:.2f})"
        if top["low"] > PLENTY:
            times = f"more than {PLENTY} times as many"
        many = f" Of those known to {top['group']} there were {times}."
        return (
            f"{row['count']:,.0f} of {self.population:,.0f} {self.of} were known to two or more agencies: {row['estimate']:.2f} times "
            f"({self.level:.0%} interval {row['low']:.2f} to {row['high']:.2f}) the {row['expected']:,.0f} that chance would give, were "
            f"each agency's list a draw from all of them ({p_words(row['p'])})."
            + many
            * bool(self.most > 2 and number(top["estimate"]) is not None)
        )

    def alt_text(self) -> str:
        return (
            f"Ratios of {self.of} seen to those by chance, by the number of agencies, with 1 marked. {self.summary()}"
        )

    def plot(self, *, ax: Axes | None = None) -> Axes | None:
        shown = self.estimates()
        positive = shown["estimate"] > 0
        if not positive.any():
            return None
        words = np.where(shown["count"] == 0, "none counted", shown["reason"].str.split(":").str[0])
        limits = {name: shown[name].where(positive) for name in ("estimate", "low", "high")}
        return draw.bounded_intervals(
            shown["group"].tolist(),
            limits["estimate"],
            low=limits["low"],
            high=limits["high"],
            words=words.tolist(),
            quantity="times what chance would give (log scale)",
            reference=1.0,
            log=True,
            ax=ax,
        )

    def blurred(self) -> Self:
        """Round the sizes of lists to ten, and round up what tells how sure a ratio is."""
        return replace(self, sizes=tenths(self.sizes, self.population), factors=rounded_up(self.factors, 20))


def known_to_several(
    memberships: pd.DataFrame | sparse.sparray | NDArray[Any],
    *,
    population: float,
    agencies: Sequence[str] | None = None,
    person: str = "person_id",
    agency: str = "agency",
    most: int = 4,
    confidence_level: float = 0.95,
    of: str = "people",
) -> SeveralAgencies:
    """Compare how many people several agencies know with what independent lists would give.

    Answers, before anything is asked of pairs: are more people known to several agencies than chance would give in the
    whole population?

    Parameters
    ----------
    memberships : pandas.DataFrame, or array or sparse array of shape (people, agencies)
        One row a person and agency, or a matrix of 0 and 1.
    population : float
        Everyone who could be known to an agency, in people: residents of the area and ages that all of them serve.
    agencies : sequence of str, optional
        Every agency asked; the names of the columns of a matrix.
    person, agency : str
        Columns of a table.
    most : int
        From how many agencies on people are one class, 2 to the number of agencies.
    confidence_level : float
        Between 0 and 1.
    of : str
        Who is counted, in the plural.

    Returns
    -------
    SeveralAgencies
        For each number of agencies, and for so many or more, the people counted, those expected, their ratio with an
        interval and, for so many or more, p (upper tail).

    Raises
    ------
    NetworkError
        For a table or matrix that cannot be read.
    ValueError
        For a population smaller than the people seen, or ``most`` out of range.

    Notes
    -----
    By chance each agency draws the people it knows from the population without regard to the other agencies. The number of
    agencies of one person is then exactly Poisson-binomial, with each agency's share of the population; times the population
    it is the number expected. The variance is exact as well (lists are drawn without replacement, so that two people are not
    quite independent), and p is the tail of a binomial law with both. The interval of the ratio is for people drawn from a
    like population: limits of the count, made narrower (or wider) by what the delta method says of seen and expected
    together.

    Do not use the people known to an agency as if they were the population: those known to none are then missing, and the
    lists seem to avoid each other. Do not publish it beside exact sizes of every list where a class was withheld: together they
    narrow that class.

    References
    ----------
    Hong Y (2013) On computing the distribution function for the Poisson binomial distribution. Comput Stat Data Anal 59:41.
    doi:10.1016/j.csda.2012.10.006

    Examples
    --------
    Ten people, two lists of five with four in common: 2.5 would be by chance.

    >>> lists = np.zeros((9, 2), int)
    >>> lists[:5, 0] = lists[1:6, 1] = 1
    >>> found = known_to_several(lists[:6], agencies=["council", "police"], population=10, most=2)
    >>> round(float(found.headline["expected"]), 6), round(float(found.headline["estimate"]), 6)
    (2.5, 1.6)
    """
    read = read_memberships(memberships, agencies=agencies, person=person, agency=agency)
    normal_quantile(confidence_level)
    faults = population_faults(population, int((read.number > 0).sum()))
    if not 2 <= most <= len(read.agencies):
        faults.append(f"most must be 2 to the number of agencies ({len(read.agencies)})")
    stop(faults, "how many people are known to several agencies")
    counts = np.bincount(np.minimum(read.number, most), minlength=most + 1).astype(float)
    counts[0] = population - counts[1:].sum()
    return SeveralAgencies(
        method=Method(
            "Number of agencies of a person against independent lists (Poisson-binomial)",
            "Hong 2013",
            {"population": f"{population:,.0f}", "agencies": len(read.agencies)},
        ),
        unit="ratio to chance",
        caveats=(*CAVEATS, *read.caveats),
        frame=pd.DataFrame({"group": _names(most, len(read.agencies)), "count": counts}),
        sizes=tuple(read.sizes.tolist()),
        population=float(population),
        factors=tuple(_factors(read, float(population), most).tolist()),
        level=confidence_level,
        of=of,
    )


def _names(most: int, agencies: int) -> list[str]:
    top = f"{most} agencies" if most == agencies else f"{most} or more agencies"
    return ["no agency", "1 agency", *(f"{number} agencies" for number in range(2, most)), top]


def _factors(read: Memberships, population: float, most: int) -> Floats:
    """Error of each log ratio by the delta method, over that of a Poisson count; rows as in ``estimates()``."""
    share = read.sizes / population
    shares = np.broadcast_to(share, (len(share), len(share))).copy()
    others = poisson_binomial(shares[~np.eye(len(share), dtype=bool)].reshape(len(share), -1), most=most)
    slope = np.roll(others, 1, axis=1) - others
    slope[:, 0], slope[:, most] = -others[:, 0], others[:, most - 1]
    law = poisson_binomial(share, most=most)
    table = read.by_number()
    table = np.concatenate([table[:most], table[most:].sum(axis=0, keepdims=True)]) / population
    seen = np.bincount(np.minimum(read.number, most), minlength=most + 1) / population
    seen[0] = 1 - seen[1:].sum()
    above = np.tri(most + 1).T[2:most]  # which classes are so many or more
    pick = np.concatenate([np.eye(most + 1), above])
    seen, law, slope, table = pick @ seen, pick @ law, pick @ slope.T, pick @ table
    spread = read.shared / population - np.outer(share, share)
    with np.errstate(divide="ignore", invalid="ignore"):
        weight = slope / law[:, None]
        crossed = (weight * (table - seen[:, None] * share)).sum(axis=1)
        squared = 1 - seen - 2 * crossed + seen * np.einsum("ij,jk,ik->i", weight, spread, weight)
    return np.where((seen > 0) & np.isfinite(squared), np.sqrt(np.maximum(squared, 0.01)), 1.0)
