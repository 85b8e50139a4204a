"""Overlap of lists: exclusive intersections, and how far pairs of lists go together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from problemsolving import draw
from problemsolving.grouped import SHOWN
from problemsolving.measures.fourfold import MEASURES, pair_measures
from problemsolving.measures.lists import NONE, ListCells, count_patterns
from problemsolving.measures.reasoned import ReasonedResult, from_highest, with_reasons
from problemsolving.results import Column, Kind, Method, Value, grouped_values, interval, listed, number, whole
from problemsolving.stats.intervals import count_limits, wilson_limits

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PEOPLE_ONLY = "who is on two lists was recorded twice; that says nothing of why, or of one agency sending to the other"
WITHHELD = "withheld: too few people, or it guards such a count"
NEEDS_POPULATION = "not estimable: nothing is known of people on neither list; give the population"


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Intersections(ListCells):
    """People by the exact combination of lists they are on; the estimate is their share of all that are counted."""

    value_name: ClassVar[str] = "share"
    estimate_kind: ClassVar[Kind] = "percent"

    def estimates(self) -> pd.DataFrame:
        """Give ``group``, ``count``, ``estimate`` (share), its limits and ``counted_low``, ``counted_high``; shown first."""
        count = self.frame["count"]
        low, high, _ = count_limits(count, confidence_level=self.level)
        total = np.full(len(count), count.sum(skipna=False))
        share_low, share_high = wilson_limits(count, total, confidence_level=self.level)
        shown = self.frame[["group", "count"]].assign(
            estimate=count / total if total[0] > 0 else np.nan,
            low=share_low,
            high=share_high,
            counted_low=low,
            counted_high=high,
        )
        shown = with_reasons(shown, (count.isna(), WITHHELD), (shown["estimate"].isna(), "withheld: their total is"))
        return shown.sort_values("count", ascending=False, kind="stable", na_position="last")

    def values(self) -> list[Value]:
        counts = [
            Value(
                name="people",
                reason=WITHHELD if number(row.n) is None else None,
                group=row.group,
                estimate=number(row.n),
                interval=interval(row.counted_low, row.counted_high, self.level),
                unit=self.of,
                n=whole(row.n),
            )
            for row in self.estimates().rename(columns={"count": "n"}).itertuples()
        ]
        return counts + super().values()

    def columns(self) -> dict[str, Column]:
        names = super().columns()
        return names | {"estimate": Column(f"Share of all {self.of}", "percent")}

    def summary(self) -> str:
        known = self.estimates().dropna(subset="count")
        several = known[known["group"].str.contains(" & ", regex=False)]
        if several.empty:
            return f"No overlap of {listed(self.lists)} can be shown: the counts are too small."
        top = several.iloc[0]
        text = f"Of the overlaps of {listed(self.lists)} the largest was {top.group}: {top['count']:,.0f} {self.of}"
        text += f" ({self.level:.0%} interval {top.counted_low:,.0f} to {top.counted_high:,.0f})."
        many = self.frame.loc[self.patterns.sum(axis=1) > 1, "count"].sum(skipna=False)
        seen = self.frame.loc[self.frame["group"] != NONE, "count"].sum(skipna=False)
        if not np.isfinite(many + seen) or seen <= 0:
            return f"{text} Some counts are withheld."
        low, high = wilson_limits(many, seen, confidence_level=self.level)
        return f"{many:,.0f} of the {seen:,.0f} {self.of} on any list were on two or more ({many / seen:.0%}, {float(low):.0%} to {float(high):.0%}). {text}"

    def alt_text(self) -> str:
        return f"Bars of {self.of} for each exact combination of {listed(self.lists)}, marked by dots. {self.summary()}"

    def plot(self, *, ax: Axes | None = None) -> Axes | None:
        shown = self.estimates()
        shown = shown[~((shown["group"] == NONE) | (shown["count"] == 0))].head(SHOWN)
        if shown["count"].isna().all():
            return None
        return draw.upset(
            self.lists,
            self.patterns[shown.index],
            shown["count"],
            low=shown["counted_low"],
            high=shown["counted_high"],
            quantity=f"{self.of} on exactly these lists",
            ax=ax,
        )


def count_intersections(
    people: pd.DataFrame,
    *,
    lists: Sequence[str],
    population: int | None = None,
    confidence_level: float = 0.95,
    of: str = "people",
) -> Intersections:
    """Count people by the exact combination of lists they are on.

    Answers: who is on which lists together, and on no other?

    Parameters
    ----------
    people : pandas.DataFrame
        One row a person, a column of True or False a list (see `problemsolving.measures.lists.member_table`).
    lists : sequence of str
        2 to 6 columns.
    population : int, optional
        Everyone who could be on a list; those on none are then counted too. Rows without any True are on none.
    confidence_level : float
        Between 0 and 1.
    of : str
        Who is counted, in the plural.

    Returns
    -------
    Intersections
        Counts (which add up to all people) with Poisson limits, shares with Wilson limits.

    Raises
    ------
    ValueError
        For every fault at once: columns that are missing or hold no True or False, a population that is too small.

    Notes
    -----
    Before the table is made, small counts are withheld, and further ones so that none can be told from the size of a
    list, of the overlap of two, of all lists together or of the population, should a reader know them from elsewhere.
    The lists must be linked by person. Do not use for records that were never linked.

    References
    ----------
    Lex A, Gehlenborg N, Strobelt H, Vuillemot R, Pfister H (2014) UpSet: visualization of intersecting sets.
    IEEE TVCG 20:1983. doi:10.1109/TVCG.2014.2346248

    Examples
    --------
    >>> people = pd.DataFrame({"police": [True, True, False], "housing": [True, False, True]})
    >>> found = count_intersections(people, lists=["police", "housing"]).frame
    >>> found[["group", "count"]].values.tolist()
    [['housing only', 1.0], ['police only', 1.0], ['police & housing', 1.0]]
    """
    return Intersections(
        method=Method("Exclusive intersections", "Lex et al. 2014", {"lists": len(lists)}),
        unit=f"share of all {of}",
        caveats=(PEOPLE_ONLY,),
        frame=count_patterns(people, lists=lists, population=population),
        lists=tuple(lists),
        level=confidence_level,
        of=of,
        heading="On exactly these lists",
    )


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class PairOverlap(ReasonedResult):
    """How far pairs of lists go together: ``frame`` has ``group`` (the pair), ``first``, ``second`` and ``count``.

    Four rows a pair, three where nothing is known of people on neither list. The estimate is the lift, or where that
    is not estimable for any pair, Jaccard's index.
    """

    has_neither: bool
    heading: str = "Lists"

    margins: ClassVar[tuple[tuple[str, ...], ...]] = (("group", "first"), ("group", "second"))
    decimals: ClassVar[int] = 2

    @property
    def value_name(self) -> str:  # type: ignore[override]
        return "lift" if self.has_neither else "jaccard"

    def measures(self) -> pd.DataFrame:
        """Give ``group``, ``count`` (on both) and for each measure its estimate, ``_low`` and ``_high``."""
        cells = self.frame.assign(cell=self.frame["first"] + "/" + self.frame["second"])
        wide = cells.pivot(index="group", columns="cell", values="count").reindex(
            columns=["on/on", "on/off", "off/on", "off/off"]
        )
        wide = wide.reindex(self.frame["group"].drop_duplicates())
        found = pair_measures(*wide.to_numpy(float).T, confidence_level=self.level)
        shown = {
            f"{name}{end}": side
            for name, sides in found.items()
            for end, side in zip(("", "_low", "_high"), sides, strict=True)
        }
        return pd.DataFrame({"group": wide.index, "count": wide["on/on"].to_numpy(), **shown})

    def estimates(self) -> pd.DataFrame:
        """Give ``group``, ``count`` (on both), ``estimate``, its limits, ``reason``, and the other measures by name."""
        found = self.measures()
        name = self.value_name
        found = found.assign(estimate=found[name], low=found[f"{name}_low"], high=found[f"{name}_high"])
        lost = found["count"].isna()
        return with_reasons(
            found, (lost, WITHHELD), (found["estimate"].isna(), "not estimable: a list holds no one or everyone")
        )

    def values(self) -> list[Value]:
        found, values = self.measures(), []
        for name, unit in MEASURES.items():
            rows = found[["group", "count", name]].assign(low=found[f"{name}_low"], high=found[f"{name}_high"])
            values += grouped_values(rows, name, unit=unit, level=self.level, name=name)
        return [value if value.estimate is not None else replace(value, reason=self._reason(value)) for value in values]

    def _reason(self, value: Value) -> str:
        """Say why a measure has no number."""
        if value.n is None:
            return WITHHELD
        if not self.has_neither and value.name not in ("jaccard", "confidence", "confidence_back"):
            return NEEDS_POPULATION
        return "not estimable: a list holds no one or everyone, or everyone on the one list is on the other"

    def columns(self) -> dict[str, Column]:
        names = {"group": Column(self.heading), "count": Column("On both", "count")}
        asked = ["lift", "phi", "jaccard"] if self.has_neither else ["jaccard"]
        for name in asked:
            names |= {
                name: Column(name.capitalize(), "number", 2),
                f"{name}_low": Column("Low", "number", 2),
                f"{name}_high": Column("High", "number", 2),
            }
        shares = {"confidence": "Of the first, on the second", "confidence_back": "Of the second, on the first"}
        return names | {name: Column(label, "percent", 0) for name, label in shares.items()} | self.notes()

    def summary(self) -> str:
        known = self.estimates().dropna(subset=["estimate", "low", "high"])
        if known.empty:
            return f"No pair of lists has enough {self.of} on both to be shown."
        top = known.sort_values(["estimate", "group"], ascending=[False, True], kind="stable").iloc[0]
        if not self.has_neither:
            return (
                f"{top.group} overlapped most: {top.estimate:.0%} of those on either list were on both ({self.level:.0%} "
                f"interval {top.low:.0%} to {top.high:.0%}). Whether that is more than chance needs the population."
            )
        more, fewer = (known["low"] > 1).sum(), (known["high"] < 1).sum()
        return (
            f"{top.group} went together most: {top['count']:,.0f} {self.of} were on both lists, {top.estimate:.1f} times what "
            f"independence would give ({self.level:.0%} interval {top.low:.1f} to {top.high:.1f}). Of {len(known)} pairs "
            f"{more} shared clearly more and {fewer} clearly fewer {self.of} than independence would give."
        )

    def plot(self, *, ax: Axes | None = None) -> Axes | None:
        shown = from_highest(self.estimates()).head(SHOWN)
        if shown["estimate"].isna().all():
            return None
        quantity = "times what independence gives (log scale)" if self.has_neither else "share of those on either list"
        positive = shown["low"] > 0
        return draw.intervals(
            shown["group"].tolist(),
            shown["estimate"],
            low=shown["low"],
            high=shown["high"],
            reference=1.0 if self.has_neither else None,
            log=bool(self.has_neither and (positive | shown["low"].isna()).all()),
            quantity=quantity.removesuffix("" if positive.all() else " (log scale)"),
            ax=ax,
        )


def measure_pairs(
    people: pd.DataFrame,
    *,
    lists: Sequence[str],
    population: int | None = None,
    confidence_level: float = 0.95,
    of: str = "people",
) -> PairOverlap:
    """Measure how far each pair of lists goes together.

    Answers: which lists share more people than independence would give?

    Parameters
    ----------
    people : pandas.DataFrame
        One row a person, a column of True or False a list.
    lists : sequence of str
        2 to 6 columns.
    population : int, optional
        Everyone who could be on a list. Without it the people on none are the rows without any True; where there are
        none either, only Jaccard's index and shares of a list are estimable.
    confidence_level : float
        Between 0 and 1.
    of : str
        Who is counted, in the plural.

    Returns
    -------
    PairOverlap
        Lift, leverage, phi, Cramér's V, Jaccard's index, confidence and conviction both ways, with limits.

    Raises
    ------
    ValueError
        For every fault at once, as `count_intersections`.

    Notes
    -----
    A pair may share people because both lists hold the most vulnerable: association, not referral. A reader who knows
    the size of each list could work out any one cell of a pair from another, so a pair with too few people on both
    is withheld as a whole. Do not use people on at least one list as if they were the population.

    References
    ----------
    Brin S, Motwani R, Ullman JD, Tsur S (1997) Dynamic itemset counting and implication rules. SIGMOD Rec 26:255.
    Jaccard P (1912) The distribution of the flora in the alpine zone. New Phytologist 11:37.

    Examples
    --------
    >>> people = pd.DataFrame({"eggs": [True, True, True, False, True], "onion": [True, True, False, False, True]})
    >>> shown = measure_pairs(people, lists=["eggs", "onion"]).measures()
    >>> shown[["support", "confidence", "lift", "leverage", "conviction"]].round(2).values.tolist()
    [[0.6, 0.75, 1.25, 0.12, 1.6]]
    """
    patterns = count_patterns(people, lists=lists, population=population)
    is_on = patterns[[f"list {place}" for place in range(1, len(lists) + 1)]].notna().to_numpy()
    has_neither = bool((patterns["group"] == NONE).any())
    rows = []
    for (a, first), (b, second) in combinations(enumerate(lists), 2):
        for on_first, on_second in ((True, True), (True, False), (False, True), (False, False))[
            : 4 if has_neither else 3
        ]:
            mine = (is_on[:, a] == on_first) & (is_on[:, b] == on_second)
            words = ["on" if side else "off" for side in (on_first, on_second)]
            rows.append((f"{first} & {second}", *words, float(patterns["count"].to_numpy()[mine].sum())))
    return PairOverlap(
        method=Method("Measures of two lists crossed", "Brin et al. 1997; Bishop, Fienberg & Holland 1975"),
        unit=MEASURES["lift" if has_neither else "jaccard"],
        design="associational",
        caveats=(PEOPLE_ONLY,),
        frame=pd.DataFrame(rows, columns=["group", "first", "second", "count"]),
        has_neither=has_neither,
        level=confidence_level,
        of=of,
    )
