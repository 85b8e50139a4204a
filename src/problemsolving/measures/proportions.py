"""Shares by group, with Wilson's limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from problemsolving.measures.reasoned import ReasonedResult, from_highest, left_out, percent, unsaid, with_reasons
from problemsolving.results import Column, Method
from problemsolving.stats.intervals import wilson_limits


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Proportions(ReasonedResult):
    """Shares by group: ``frame`` has ``group``, ``part`` (``with``, ``without``), ``count`` and ``given``."""

    margins: ClassVar[tuple[tuple[str, ...], ...]] = (("group",), ("part",))  # both parts of a group; a part of all
    estimate_kind = "percent"

    among: str = "incidents"

    @property
    def quantity(self) -> str:  # type: ignore[override]
        return f"% of {self.among} that were {self.of}"

    def estimates(self) -> pd.DataFrame:
        """Give ``group``, ``count``, ``all``, ``estimate``, ``low``, ``high`` (0 to 1) and ``reason``."""
        wide = self.frame.pivot(index="group", columns="part", values=["count", "given"])
        count, total = wide["count"]["with"].astype(float), wide["count"].astype(float).sum(axis=1, skipna=False)
        low, high = wilson_limits(count, total.where(total > 0), confidence_level=self.level)
        shown = pd.DataFrame(
            {
                "group": wide.index,
                "count": count.to_numpy(),
                "all": total.to_numpy(),
                "estimate": (count / total.where(total > 0)).to_numpy(),
                "low": low,
                "high": high,
            }
        )
        given = wide["given"].astype(bool).all(axis=1).to_numpy()
        missing = np.isnan(shown["all"])
        return from_highest(
            with_reasons(
                shown,
                (missing & given, "withheld: a count is withheld"),
                (missing, "not estimable: a count is missing"),
                (shown["all"] == 0, f"not estimable: no {self.among}"),
            )
        )

    def columns(self) -> dict[str, Column]:
        shared = super().columns()
        first = {"group": shared.pop("group"), "count": shared.pop("count")}
        return {**first, "all": Column(self.among.capitalize(), "count"), **shared}

    def summary(self) -> str:
        shown = self.estimates()
        known = shown[shown["reason"] == ""]
        if known.empty:
            return f"No share can be given.{unsaid(shown)}"
        top, bottom = known.iloc[0], known.iloc[-1]
        said = f"The share of {self.among} that were {self.of} was {_one(top, self.level)} in {top.group}"
        if len(known) > 1:
            of_those = "" if len(known) == len(shown) else " of those shown"
            said = f"{said}, the highest{of_those}, and {_one(bottom, self.level)} in {bottom.group}, the lowest"
        return f"{said}.{unsaid(shown)}"


def _one(row: pd.Series, level: float) -> str:
    return f"{row.estimate:.1%} ({percent(level)} interval {row.low:.1%} to {row.high:.1%})"


def proportion(
    groups: pd.DataFrame,
    *,
    by: str,
    count: str = "count",
    total: str = "total",
    confidence_level: float = 0.95,
    of: str = "cases",
    among: str = "incidents",
    heading: str = "Group",
) -> Proportions:
    """Give the share of each group's total that is of one kind.

    Answers: what part of it is that, and how sure is that?

    Parameters
    ----------
    groups : pandas.DataFrame
        Rows of the same group are added up.
    by : str
        Column with the group label; rows without one are left out, with a caveat.
    count, total : str
        Columns with how many are of the kind, and how many there are in all (at least as many).
    confidence_level : float
        Between 0 and 1.
    of, among : str
        What is counted and out of what, in the plural: "solved", "crimes".
    heading : str
        What the groups are.

    Returns
    -------
    Proportions
        Shares between 0 and 1 with Wilson's limits; a group with a total of 0 or a missing number gets a reason.

    Raises
    ------
    ValueError
        For a negative count or a count above its total.

    Notes
    -----
    Wilson's limits take the cases of a group as independent and all alike. Do not use for a share of a quantity
    (minutes, cost), nor where the total is another count that the first is no part of.

    References
    ----------
    Wilson EB (1927) JASA 22:209. doi:10.1080/01621459.1927.10502953

    Examples
    --------
    >>> table = pd.DataFrame({"area": ["A"], "count": [65], "total": [100]})
    >>> proportion(table, by="area").estimates()[["estimate", "low", "high"]].round(4).values.tolist()
    [[0.65, 0.5525, 0.7364]]
    """
    known = groups.dropna(subset=by)
    sums = known.groupby(known[by].astype(str))[[count, total]].sum(skipna=False).astype(float)
    if (groups[[count, total]] < 0).any(axis=None) or (sums[count] > sums[total]).any():
        raise ValueError("count must be 0 or more and no more than total; give total as all cases, not as the others")
    parts = {"with": sums[count], "without": sums[total] - sums[count]}
    frame = pd.concat(
        [pd.DataFrame({"group": sums.index, "part": part, "count": kept.to_numpy()}) for part, kept in parts.items()],
        ignore_index=True,
    )
    return Proportions(
        method=Method("Proportion, Wilson score limits", "Wilson 1927"),
        unit=f"share of {among}",
        frame=frame.assign(given=frame["count"].notna()),
        caveats=left_out(len(groups) - len(known), len(groups), lacking="a group"),
        level=confidence_level,
        of=of,
        among=among,
        heading=heading,
    )
