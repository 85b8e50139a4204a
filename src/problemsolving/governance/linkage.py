"""How many records of one data set find their person in another, by group."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from problemsolving.results import Column, FrameResult, Method, Table, Value, grouped_values, number, whole

if TYPE_CHECKING:
    import pandas as pd

LINKED, LEFT = "linked", "not linked"
UNRECORDED = "not recorded"
WILSON = Method("Wilson score interval", "Wilson EB (1927) JASA 22:209, doi:10.1080/01621459.1927.10502953")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class LinkageRate(FrameResult):
    """Share of records that link, by group; ``frame`` holds ``group``, ``part`` (linked, not linked) and ``count``."""

    margins: ClassVar[tuple[tuple[str, ...], ...]] = (("part",), ("group",))  # other groupings show the same totals

    by: str
    confidence_level: float = 0.95

    def rates(self) -> pd.DataFrame:
        """Give one row a group: ``group``, ``linked``, ``count`` (records), ``share``, ``low``, ``high``."""
        import numpy as np

        from problemsolving.stats.intervals import wilson_limits

        wide = self.frame.pivot(index="group", columns="part", values="count").reindex(columns=[LINKED, LEFT])
        wide = wide.loc[list(dict.fromkeys(self.frame["group"]))]
        linked, records = wide[LINKED].to_numpy(float), wide.sum(axis=1, skipna=False).to_numpy(float)
        known = ~np.isnan(linked + records) & (records > 0)
        low, high, share = (np.full(len(wide), np.nan) for _ in range(3))
        share[known] = linked[known] / records[known]
        low[known], high[known] = wilson_limits(linked[known], records[known], confidence_level=self.confidence_level)
        return wide.reset_index()[["group"]].assign(linked=linked, count=records, share=share, low=low, high=high)

    def values(self) -> list[Value]:
        return grouped_values(self.rates(), "share", unit=self.unit, level=self.confidence_level)

    def table(self) -> Table:
        columns = (
            Column(self.by), Column("Records", "count"), Column("Linked", "count"), Column("Share", "percent"),
            Column("Low", "percent"), Column("High", "percent"),
        )  # fmt: skip
        rows = tuple(
            (row["group"], whole(row["count"]), whole(row["linked"]), *(number(row[key]) for key in ("share", "low", "high")))
            for row in self.rates().to_dict("records")
        )  # fmt: skip
        return Table(columns, rows)

    def summary(self) -> str:
        rates = self.rates().dropna(subset="share")
        if rates.empty:
            return f"The share of records that link is withheld in every group by {self.by}."
        least, most = rates.loc[rates["share"].idxmin()], rates.loc[rates["share"].idxmax()]
        return (
            f"The share of records that link was lowest in group {least['group']} ({least['share']:.0%}, 95% interval "
            f"{least['low']:.0%} to {least['high']:.0%}) and highest in group {most['group']} ({most['share']:.0%}, "
            f"{most['low']:.0%} to {most['high']:.0%})."
        ).replace("95%", f"{self.confidence_level:.0%}")


def linkage_rate(
    records: pd.DataFrame,
    others: Iterable[str | None],
    *,
    by: str,
    on: str = "person_id",
    confidence_level: float = 0.95,
) -> LinkageRate:
    """Estimate the share of records whose person is found in another data set, by group.

    Answers: whom does the linkage leave out? A group that links less often is missing from what is computed on
    linked data, and its needs look smaller than they are.

    Parameters
    ----------
    records : pandas.DataFrame
        One row a record, with pseudonyms in ``on`` and groups in ``by``.
    others : iterable of str
        Pseudonyms of the other data set, made with the same key and domain.
    by : str
        Column of groups. Records whose group is missing are a group of their own, "not recorded".
    on : str
        Column of pseudonyms. A record without one does not link.
    confidence_level : float
        Between 0 and 1.

    Returns
    -------
    LinkageRate
        Shares between 0 and 1 with Wilson intervals. Its cells are counts of linked and not linked records, so the
        release rules suppress both and the shares are computed again.

    Raises
    ------
    ValueError
        When a column is missing or there are no records.

    Notes
    -----
    Records of one person are not independent, so where people have many records the intervals are too narrow.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"person_id": ["A", "B", "C", None], "sex": ["female", "female", "male", "male"]})
    >>> linkage_rate(frame, ["A", "B"], by="sex").rates()[["group", "share"]].values.tolist()
    [['female', 1.0], ['male', 0.0]]
    """
    import pandas as pd

    missing = [name for name in (on, by) if name not in records]
    if missing or records.empty:
        raise ValueError(f"no column {missing[0]}" if missing else "no records")
    found = {value for value in others if isinstance(value, str)}
    linked = records[on].isin(found)
    groups = records[by].astype(object).where(records[by].notna(), UNRECORDED).astype(str)
    order = sorted(set(groups) - {UNRECORDED}) + [name for name in (UNRECORDED,) if name in set(groups)]
    counts = pd.crosstab(groups.to_numpy(), linked.map({True: LINKED, False: LEFT}).to_numpy())
    counts = counts.reindex(index=order, columns=[LINKED, LEFT], fill_value=0)
    frame = pd.DataFrame(
        [(group, part, float(counts.loc[group, part])) for group in order for part in (LINKED, LEFT)],
        columns=["group", "part", "count"],
    )
    return LinkageRate(frame=frame, by=by, unit="share of records", method=WILSON, confidence_level=confidence_level)
