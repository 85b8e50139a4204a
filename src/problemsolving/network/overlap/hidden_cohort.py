"""People known to several agencies and not on the multi-agency list: how many there may be, as a range."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
import pandas as pd
from scipy import stats

from problemsolving import draw
from problemsolving.grouped import GroupedResult
from problemsolving.network.overlap.memberships import Floats, read_memberships
from problemsolving.network.overlap.words import stop
from problemsolving.results import Column, Method, Value, interval, number, whole
from problemsolving.stats.intervals import count_limits, normal_quantile

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WITHHELD = "withheld: counts it needs are too small"
CAVEATS = (
    "Being known to several agencies is no proof of need that none of them meets, and not being on the list no proof of being overlooked",
    "Linkage errors are taken as alike for every person and agency; where those in most need are hardest to link, more are missed",
)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class HiddenCohort(GroupedResult):
    """``frame``: ``group``, ``number`` (agencies), ``list`` ("on" or "off") and ``count``; the last class is open."""

    least: int
    others: tuple[int, ...]
    missed_links: tuple[float, ...]
    false_links: tuple[float, ...]
    unlinked: int  # people on the list whom no agency's record was linked to
    of: str = "people"
    heading: str = "If"

    margins: ClassVar[tuple[tuple[str, ...], ...]] = (("number",), ("list",))
    value_name: ClassVar[str] = "cohort"
    decimals: ClassVar[int] = 0

    def _counts(self, where: str) -> Floats:
        """People on or off the list, by number of agencies from the fewest counted."""
        return self.frame.loc[self.frame["list"] == where, "count"].to_numpy(float)

    @property
    def first(self) -> int:
        """The fewest agencies counted."""
        return min([self.least, *self.others])

    def _scenarios(self) -> dict[str, float]:
        """Size of the cohort by what is assumed; the first is the count seen."""
        off, on, at = self._counts("off"), self._counts("on"), self.least - self.first
        seen = float(off[at:].sum())
        found = {f"as linked: {self.least} or more agencies, not on the list": seen}
        for share in self.missed_links:
            found[f"had {share:.0%} of links been missed"] = float(
                relinked(off, on, share, first=self.first)[at:].sum()
            )
        for share in self.false_links:
            found[f"were {share:.0%} of them joined by false links"] = seen * (1 - share)
        if self.unlinked:
            found["were all on the list whom no record was linked to among them"] = max(seen - self.unlinked, 0.0)
        for other in self.others:
            found[f"counted from {other} agencies on"] = float(off[other - self.first :].sum())
        return found

    def estimates(self) -> pd.DataFrame:
        """Give a row an assumption: people in the cohort with limits; ``in_range`` for those with the same definition."""
        found = self._scenarios()
        sizes = np.array(list(found.values()))
        seen = sizes[0]
        low, high, _ = count_limits(sizes[:1], confidence_level=self.level)
        own_low, own_high, _ = count_limits(np.maximum(sizes, 0), confidence_level=self.level)
        same = np.arange(len(sizes)) < len(sizes) - len(self.others)
        with np.errstate(divide="ignore", invalid="ignore"):
            scale = np.where(same & (seen > 0), sizes / seen, np.nan)
        shown = pd.DataFrame({"group": list(found), "count": np.where(same, seen, sizes), "estimate": sizes})
        shown["low"] = np.where(np.isnan(scale), own_low, low * scale)
        shown["high"] = np.where(np.isnan(scale), own_high, high * scale)
        shown["in_range"] = same
        shown["reason"] = np.where(np.isnan(sizes), WITHHELD, "")
        return shown

    @property
    def range(self) -> tuple[float, float]:
        """Smallest and largest limit of every assumption about links and the list, in people; NaN where withheld."""
        same = self.estimates().query("in_range")
        return float(same["low"].min(skipna=False)), float(same["high"].max(skipna=False))

    def columns(self) -> dict[str, Column]:
        names = {
            "group": Column(self.heading),
            "estimate": Column(self.of.capitalize(), "count"),
            "low": Column("Low", "count"),
            "high": Column("High", "count"),
        }
        return names | ({"reason": Column("Note")} if (self.estimates()["reason"] != "").any() else {})

    def values(self) -> list[Value]:
        rows = self.estimates().to_dict("records")
        low, high = self.range
        told = interval(low, high, self.level)
        reason = WITHHELD if told is None else "a range over assumptions, never one number"
        first = Value(
            name="cohort_range", estimate=None, interval=told, unit=self.of, n=whole(rows[0]["count"]), reason=reason
        )
        return [
            first,
            *(replace(value, reason=row["reason"] or None) for value, row in zip(super().values(), rows, strict=True)),
        ]

    def summary(self) -> str:
        row = self.estimates().iloc[0]
        if number(row["estimate"]) is None:
            return f"How many {self.of} are known to {self.least} or more agencies and not on the list is withheld: counts are too small."
        low, high = self.range
        text = (
            f"{row['estimate']:,.0f} {self.of} were known to {self.least} or more agencies and not on the list ({self.level:.0%} interval "
            f"{row['low']:,.0f} to {row['high']:,.0f})"
        )
        if number(low) is not None and number(high) is not None:
            text += f"; what linkage and the list leave open makes it {low:,.0f} to {high:,.0f}"
        listed = float(self._counts("on")[self.least - self.first :].sum())
        on = f" {listed:,.0f} with as many agencies were on the list." if number(listed) is not None else ""
        return f"{text}.{on} Counted from another number of agencies on it is another cohort: see the table."

    def alt_text(self) -> str:
        return f"Number of {self.of} in the hidden cohort with intervals, a row an assumption. {self.summary()}"

    def plot(self, *, ax: Axes | None = None) -> Axes | None:
        shown = self.estimates()
        if shown["estimate"].isna().all():
            return None
        return draw.bounded_intervals(
            shown["group"].tolist(),
            shown["estimate"],
            low=shown["low"],
            high=shown["high"],
            words=shown["reason"].str.split(":").str[0].tolist(),
            quantity=f"{self.of} known to several agencies and not on the list",
            ax=ax,
        )

    def blurred(self) -> Self:
        """Round the people on the list whom no record was linked to up to ten."""
        return replace(self, unlinked=int(np.ceil(self.unlinked / 10) * 10))


def relinked(off: Floats, on: Floats, missed: float, *, first: int = 1) -> Floats:
    """People with so many agencies and not on the list, had a share of links been missed.

    Parameters
    ----------
    off, on : array, shape (k,)
        People counted with ``first``, ``first + 1``, … agencies, not on the list and on it.
    missed : float
        Chance that a record of a person is not linked to the others, below 1; the same for each agency and the list.

    Returns
    -------
    ndarray, shape (k,)
        People, 0 or more.

    Notes
    -----
    A person truly known to K agencies is seen with j of them as a binomial draw says; the counts seen are solved for the true
    ones from the largest number down. The last class is taken as its smallest number.

    Examples
    --------
    Half of the links missed, nobody beyond two agencies: one in four of the pairs is seen.

    >>> relinked(np.array([10.0, 5.0]), np.array([0.0, 0.0]), 0.5)[1]
    np.float64(20.0)
    """
    kept = 1 - missed
    true = np.maximum(off - on * missed / kept, 0.0)
    for at in range(len(true) - 1, -1, -1):
        above = np.arange(at + 1, len(true))
        seen_here = stats.binom.pmf(at + first, above + first, kept)
        true[at] = np.maximum((true[at] - true[above] @ seen_here) / kept ** (at + first), 0.0)
    return true


def size_hidden_cohort(
    memberships: pd.DataFrame,
    *,
    on_list: Collection[Hashable],
    least: int = 3,
    others: Sequence[int] = (2, 4),
    missed_links: Sequence[float] = (0.05, 0.10),
    false_links: Sequence[float] = (0.02,),
    agencies: Sequence[str] | None = None,
    person: str = "person_id",
    agency: str = "agency",
    confidence_level: float = 0.95,
    of: str = "people",
) -> HiddenCohort:
    """Size the cohort known to several agencies and not on the multi-agency list.

    Answers: how many people do several agencies know, of whom none speaks at the table where all meet?

    Parameters
    ----------
    memberships : pandas.DataFrame
        One row a person and agency; repeated rows count once.
    on_list : collection of hashable
        Identifiers on the multi-agency list, of the same kind as the table's.
    least : int
        Agencies that make a person one of the cohort, 2 or more.
    others : sequence of int
        Other numbers from which on to count.
    missed_links : sequence of float
        Shares of links that may have been missed, below 1.
    false_links : sequence of float
        Shares of the cohort that may be two people taken for one, below 1.
    agencies : sequence of str, optional
        Every agency asked.
    person, agency : str
        Columns.
    confidence_level : float
        Between 0 and 1.
    of : str
        Who is counted, in the plural.

    Returns
    -------
    HiddenCohort
        The count seen with an interval, and the range over what is assumed of links and of people on the list whom no
        agency's record was linked to; beside them other numbers of agencies.

    Raises
    ------
    NetworkError
        For a table that cannot be read.
    ValueError
        For every other fault at once.

    Notes
    -----
    Missed links hide agencies of a person and the person's place on the list; see `relinked`. False links make two people
    one. Someone on the list with no linked record may be any of the cohort: at worst all are. Intervals are Poisson limits of
    the count seen, scaled. Do not use the number to name anyone: it sizes a problem. Do not use it where the list was not
    linked by person.

    Examples
    --------
    >>> rows = [(person, agency) for person in "abcd" for agency in ("council", "housing", "police")]
    >>> table = pd.DataFrame(rows, columns=["person_id", "agency"])
    >>> found = size_hidden_cohort(table, on_list=["a"], others=(2,))
    >>> float(found.estimates()["estimate"].iloc[0])
    3.0
    """
    read = read_memberships(memberships, agencies=agencies, person=person, agency=agency)
    normal_quantile(confidence_level)
    top = max([least, *others])
    faults = []
    if min([least, *others]) < 2 or top > len(read.agencies):
        faults.append(f"least and others must be 2 to the number of agencies ({len(read.agencies)})")
    if not all(0 <= share < 1 for share in (*missed_links, *false_links)):
        faults.append("missed_links and false_links must hold shares from 0 to below 1")
    stop(faults, "how large the hidden cohort is")
    listed = pd.Index(pd.unique(pd.Series(list(on_list), dtype=object))).dropna()
    is_on = np.asarray(pd.Index(read.people).isin(listed), bool)
    number_of = np.minimum(read.number, top)
    rows = [
        (f"{at}{' or more' if at == top else ''}, {where} the list", str(at), where, float(((number_of == at) & (is_on == (where == "on"))).sum()))
        for where in ("off", "on")
        for at in range(min([least, *others]), top + 1)
    ]  # fmt: skip
    return HiddenCohort(
        method=Method(
            "Count of people known to several agencies and not on a list, over linkage errors",
            settings={"agencies": len(read.agencies), "least": least},
        ),
        unit=of,
        caveats=(*CAVEATS, *read.caveats),
        frame=pd.DataFrame(rows, columns=["group", "number", "list", "count"]),
        least=least,
        others=tuple(others),
        missed_links=tuple(missed_links),
        false_links=tuple(false_links),
        unlinked=int(len(listed) - listed.isin(pd.Index(read.people)).sum()),
        level=confidence_level,
        of=of,
    )
