"""People seen by everyone and helped by no one."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from problemsolving.errors import NotEstimableError
from problemsolving.grouped import GroupedResult
from problemsolving.network.pathways.ordered import check_columns
from problemsolving.results import Column, Interval, Kind, Method, Value, number, whole
from problemsolving.stats.intervals import normal_quantile, wilson_limits


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class SeenByAll(GroupedResult):
    """People by the number of agencies that saw them, helped or not: ``frame`` has ``group``, ``agencies``, ``part``, ``count``.

    The last class holds those seen by so many agencies or more. The estimate is the share not helped.
    """

    margins: ClassVar[tuple[tuple[str, ...], ...]] = (("group",), ("part",))
    value_name: ClassVar[str] = "share_not_helped"
    estimate_kind: ClassVar[Kind] = "percent"

    outcome: str = "help"

    def estimates(self) -> pd.DataFrame:
        """Give ``group``, ``count`` (people), ``not_helped``, ``estimate`` (their share) and Wilson's limits."""
        wide = self.frame.pivot(index="group", columns="part", values="count").reindex(self.frame["group"].unique())
        people = (wide["helped"] + wide["not helped"]).to_numpy(float)
        total, without = np.where(people > 0, people, np.nan), wide["not helped"].to_numpy(float)
        low, high = wilson_limits(without, total, confidence_level=self.level)
        return pd.DataFrame(
            {
                "group": wide.index,
                "count": people,
                "not_helped": without,
                "estimate": without / total,
                "low": low,
                "high": high,
            }
        )

    def share(self) -> tuple[float, float, Interval]:
        """Give the people of the last class not helped, their share of the class, and Wilson's interval."""
        last = self.estimates().iloc[-1]
        return (
            float(last["not_helped"]),
            float(last["estimate"]),
            Interval(float(last["low"]), float(last["high"]), self.level),
        )

    def columns(self) -> dict[str, Column]:
        own = super().columns()
        first = {"group": own["group"], "count": own["count"], "not_helped": Column(f"Without {self.outcome}", "count")}
        return first | {"estimate": Column("Share without", "percent"), "low": own["low"], "high": own["high"]}

    def values(self) -> list[Value]:
        rows = self.estimates().to_dict("records")
        reason = "withheld: too few, or it guards such a count"
        counts = [
            Value(
                name="not_helped",
                group=row["group"],
                estimate=number(row["not_helped"]),
                unit=self.of,
                n=whole(row["count"]),
                reason=None if number(row["not_helped"]) is not None else reason,
            )
            for row in rows
        ]
        return counts + super().values()

    def summary(self) -> str:
        people, share, limits = self.share()
        last = self.frame["group"].iloc[-1]
        if number(share) is None:
            return (
                f"The share of {self.of} seen by {last} agencies without {self.outcome} is withheld, or there are none."
            )
        seen = self.estimates()["count"].iloc[-1]
        return (
            f"{people:,.0f} of the {seen:,.0f} {self.of} seen by {last} agencies had no {self.outcome} recorded: "
            f"{share:.0%} ({self.level:.0%} interval {limits.low:.0%} to {limits.high:.0%})."
        )

    def alt_text(self) -> str:
        return f"Share of {self.of} without {self.outcome}, by the number of agencies that saw them. {self.summary()}"


def find_seen_by_all(
    contacts: pd.DataFrame,
    *,
    helped: Collection[Any],
    k: int = 3,
    case: str = "person_id",
    step: str = "agency",
    outcome: str = "help",
    confidence_level: float = 0.95,
    of: str = "people",
) -> SeenByAll:
    """Count people seen by ``k`` or more agencies without help.

    Answers: who is seen by everyone and helped by no one?

    Parameters
    ----------
    contacts : pandas.DataFrame
        One row a contact; rows that lack a person or an agency are left out.
    helped : collection
        Persons with the named outcome, as the contacts name persons.
    k : int
        Agencies from which a person counts as seen by many, 2 or more.
    case, step : str
        Columns with the person and the agency.
    outcome : str
        What the help is, in words.
    confidence_level : float
        Between 0 and 1.
    of : str
        Who is counted, in the plural.

    Returns
    -------
    SeenByAll
        People by number of agencies (1, 2, ... ``k`` or more), helped or not, and the share not helped with Wilson's
        limits.

    Raises
    ------
    NetworkError
        For a missing column.
    NotEstimableError
        When no contact has a person and an agency.
    ValueError
        For ``k`` below 2.

    Notes
    -----
    No outcome recorded is not the same as no help. Those helped may have had the help before the agencies saw them. Do
    not use where only some of the agencies record outcomes.

    Examples
    --------
    >>> log = pd.DataFrame({"person_id": [1, 1, 2, 2, 3], "agency": ["a", "b", "a", "b", "a"]})
    >>> find_seen_by_all(log, helped=[1], k=2).summary()
    '1 of the 2 people seen by 2 or more agencies had no help recorded: 50% (95% interval 9% to 91%).'
    """
    normal_quantile(confidence_level)
    if k < 2:
        raise ValueError("k must be 2 or more")
    check_columns(contacts, [case, step])
    known = contacts[[case, step]].dropna()
    if known.empty:
        raise NotEstimableError("no contact has a person and an agency")
    agencies = known.groupby(case)[step].nunique()
    had = agencies.index.isin(list(helped))
    classes = np.minimum(agencies.to_numpy(), k)
    counts = {
        name: np.bincount(classes[which], minlength=k + 1)[1:]
        for name, which in (("helped", had), ("not helped", ~had))
    }
    groups = [*map(str, range(1, k)), f"{k} or more"]
    rows = [
        (group, agencies_seen, part, float(counts[part][agencies_seen - 1]))
        for agencies_seen, group in enumerate(groups, start=1)
        for part in counts
    ]
    return SeenByAll(
        method=Method("Share without the outcome, Wilson limits", "", {"agencies": f"{k} or more"}),
        unit=f"share without {outcome}",
        frame=pd.DataFrame(rows, columns=["group", "agencies", "part", "count"]),
        outcome=outcome,
        level=confidence_level,
        of=of,
        heading="Agencies that saw them",
        caveats=(f"No {outcome} recorded is not the same as none given",),
    )
