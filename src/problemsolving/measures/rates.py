"""Counts and crude rates with intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import pandas as pd

from problemsolving import draw
from problemsolving.results import Column, FrameResult, Method, Table, Value, grouped_values, number, whole
from problemsolving.stats.intervals import count_limits

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Counts(FrameResult):
    """Events by group: ``frame`` has the columns ``group`` and ``count``."""

    margins: ClassVar[tuple[tuple[str, ...], ...]] = (
        (),
    )  # their total, where it is not one of them, is shown elsewhere

    of: str = "incidents"
    heading: str = "Group"
    sentence: str = ""  # with the groups' names in braces

    def values(self) -> list[Value]:
        return grouped_values(self.frame, "count", unit=self.unit)

    def table(self) -> Table:
        return Table(
            (Column(self.heading), Column(self.of.capitalize(), "count")),
            tuple((row.group, whole(row.count_)) for row in rows_of(self.frame)),
        )

    def summary(self) -> str:
        if self.sentence:
            return self.sentence.format(
                **{str(row.group).replace(" ", "_"): _said(row.count_) for row in rows_of(self.frame)}
            )
        parts = [f"{row.group} {_said(row.count_)}" for row in rows_of(self.frame)]
        return f"{self.of.capitalize()}: " + "; ".join(parts) + "."

    def plot(self, *, ax: Axes | None = None) -> Axes:
        return draw.bars(self.frame["group"].tolist(), self.frame["count"], quantity=self.of, ax=ax)


def count_events(
    counts: pd.Series,
    *,
    of: str = "incidents",
    heading: str = "Group",
    sentence: str = "",
    total: str = "",
    caveats: tuple[str, ...] = (),
) -> Counts:
    """Present counts that were taken elsewhere.

    Parameters
    ----------
    counts : pandas.Series
        Count by group, index = group label.
    of : str
        What is counted, in the plural.
    heading : str
        What the groups are.
    sentence : str
        The summary, with the groups' names in braces (spaces as underscores) where their counts go.
    total : str
        The group that is the sum of the others, where there is one.
    caveats : tuple of str
        What a reader must know.

    Returns
    -------
    Counts
    """
    frame = pd.DataFrame({"group": counts.index.astype(str), "count": counts.to_numpy(float)})
    if total:
        frame["total"] = frame["group"] == total
    return Counts(
        method=Method("Count"), unit=of, frame=frame, of=of, heading=heading, sentence=sentence, caveats=caveats
    )


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Rates(FrameResult):
    """Crude rates by group: ``frame`` has ``group``, ``count`` and ``person_years``."""

    margins: ClassVar[tuple[tuple[str, ...], ...]] = ((),)  # the total of the area is shown elsewhere

    per: int = 100_000
    level: float = 0.95
    of: str = "incidents"
    heading: str = "Area"

    def estimates(self) -> pd.DataFrame:
        """Give ``rate``, ``low``, ``high`` (per ``per`` person-years) and ``limits`` beside the counts."""
        low, high, used = count_limits(self.frame["count"], confidence_level=self.level)
        scale = self.per / self.frame["person_years"].to_numpy(float)
        rates = {"rate": self.frame["count"] * scale, "low": low * scale, "high": high * scale, "limits": used}
        return self.frame.assign(**rates)

    def values(self) -> list[Value]:
        return grouped_values(self.estimates(), "rate", unit=self.unit, level=self.level)

    def table(self) -> Table:
        columns = (
            Column(self.heading),
            Column(self.of.capitalize(), "count"),
            Column("Person-years", "count"),
            Column(f"Rate per {self.per:,}", "rate"),
            Column("Low", "rate"),
            Column("High", "rate"),
            Column("Limits"),
        )
        return Table(
            columns,
            tuple(
                (
                    row.group,
                    whole(row.count_),
                    row.person_years,
                    number(row.rate),
                    number(row.low),
                    number(row.high),
                    row.limits if number(row.rate) is not None else None,
                )
                for row in rows_of(self.estimates())
            ),
        )

    def summary(self) -> str:
        known = self.estimates().dropna(subset="rate").sort_values("rate", ascending=False, kind="stable")
        if known.empty:
            return "Every rate is withheld: the counts are too small."
        top, bottom = known.iloc[0], known.iloc[-1]
        text = f"{top.group} had {self._one(top)}"
        return text + (f"; the lowest was {bottom.group} with {self._one(bottom)}." if len(known) > 1 else ".")

    def _one(self, row: pd.Series) -> str:
        return f"{row.rate:,.0f} {self.of} per {self.per:,} residents a year ({self.level:.0%} interval {row.low:,.0f} to {row.high:,.0f})"

    def plot(self, *, ax: Axes | None = None) -> Axes | None:
        shown = self.estimates().sort_values("rate", ascending=False, kind="stable", na_position="last").head(20)
        return draw.intervals(
            shown["group"].tolist(),
            shown["rate"],
            low=shown["low"],
            high=shown["high"],
            quantity=f"{self.of} per {self.per:,} residents a year",
            ax=ax,
        )


def crude_rate(
    areas: pd.DataFrame,
    *,
    by: str,
    count: str = "count",
    population: str = "population",
    years: float = 1.0,
    per: int = 100_000,
    confidence_level: float = 0.95,
    of: str = "incidents",
    heading: str = "Area",
) -> Rates:
    """Estimate the crude rate of each group.

    Answers: how many events a year for each ``per`` residents, and how sure is that?

    Parameters
    ----------
    areas : pandas.DataFrame
        One row a small area; rows of the same group are added up.
    by : str
        Column with the group label.
    count, population : str
        Columns with events (0 or more) and residents (above 0 a group).
    years : float
        Length of the period, in years, above 0.
    per : int
        Residents to which the rate refers.
    confidence_level : float
        Between 0 and 1.
    of : str
        What is counted, in the plural.
    heading : str
        What the groups are.

    Returns
    -------
    Rates
        Events per ``per`` person-years, with exact Poisson limits below 10 events and Byar's from 10 on.

    Raises
    ------
    ValueError
        For a population or period of 0 or less.

    Notes
    -----
    Do not use resident rates for a place that few live in and many visit (a city centre).

    References
    ----------
    Association of Public Health Observatories (2008) Technical briefing 3: Commonly used public health statistics.

    Examples
    --------
    >>> table = pd.DataFrame({"area": ["A"], "count": [222], "population": [3215]})
    >>> crude_rate(table, by="area").estimates()["rate"].round(1).tolist()
    [6905.1]
    """
    grouped = areas.groupby(by, sort=True, as_index=False)[[count, population]].sum()
    if years <= 0 or (grouped[population] <= 0).any():
        raise ValueError("population and years must be above 0")
    frame = pd.DataFrame(
        {
            "group": grouped[by].astype(str),
            "count": grouped[count].astype(float),
            "person_years": grouped[population] * years,
        }
    )
    method = Method("Crude rate", "Breslow & Day 1987; Garwood 1936", {"limits": "Byar, exact below 10"})
    return Rates(
        method=method,
        unit=f"{of} per {per:,} residents a year",
        frame=frame,
        per=per,
        level=confidence_level,
        of=of,
        heading=heading,
    )


def rows_of(frame: pd.DataFrame) -> list:
    """Give the rows of a frame as named tuples; the column ``count`` is called ``count_`` there."""
    return list(frame.rename(columns={"count": "count_"}).itertuples(index=False))


def _said(count: object) -> str:
    plain = number(count)
    return "withheld" if plain is None else f"{plain:,.0f}"
