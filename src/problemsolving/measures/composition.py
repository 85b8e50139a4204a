"""Who is it, where no denominators are known: counts and shares by age, sex and ethnicity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from problemsolving.measures.characteristics import ByCharacteristic, RecordedBy, tally
from problemsolving.measures.reasoned import percent, unsaid, with_reasons
from problemsolving.results import Column, Method, Table, Value
from problemsolving.stats.intervals import wilson_limits


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Composition(ByCharacteristic):
    """Share of each group in all events of a kind; those not recorded are a part of their own."""

    estimate_kind = "percent"
    value_name = "share"
    around: ClassVar[str] = "if all not recorded were of the group"

    @property
    def quantity(self) -> str:  # type: ignore[override]
        return f"% of all {self.of}"

    def estimates(self) -> pd.DataFrame:
        """Give ``kind``, ``group``, ``count``, ``all``, ``estimate``, ``low``, ``high`` (0 to 1), ``least``, ``most``, ``reason``."""
        rows = self.recorded()
        total = rows["all"].where(rows["all"] > 0)
        low, high = wilson_limits(rows["count"], total, confidence_level=self.level)
        share = rows["count"] / total
        shown = rows.assign(estimate=share, low=low, high=high, least=share)
        shown["most"] = ((rows["count"] + rows["not_recorded"]) / total).clip(upper=1.0)
        return with_reasons(
            shown,
            (rows["count"].isna() | rows["all"].isna(), "withheld: a count is withheld"),
            (total.isna(), f"not estimable: no {self.of}"),
        )

    def columns(self) -> dict[str, Column]:
        return {
            "group": Column(self.characteristic.capitalize()),
            "count": Column(self.of.capitalize() if self.single else "Count", "count"),
            "estimate": Column("Share of all", "percent"),
            "low": Column("Low", "percent"),
            "high": Column("High", "percent"),
            "most": Column("If all not recorded were of the group", "percent"),
            **self.notes(),
        }

    def table(self) -> Table:
        given = super().table()
        return Table(given.columns, (*given.rows, *self.unrecorded_rows(len(given.columns))))

    def values(self) -> list[Value]:
        return [*super().values(), *self.completeness_values()]

    def summary(self) -> str:
        shown = self.estimates()
        said = []
        for kind, rows in shown[shown["reason"] == ""].groupby("kind", sort=False):
            top = rows.sort_values("estimate", ascending=False, kind="stable").iloc[0]
            said.append(
                f"Of {top['all']:,.0f} {kind}, {top.estimate:.1%} were of {top.label} ({percent(self.level)} interval "
                f"{top.low:.1%} to {top.high:.1%}), the largest group shown."
            )
        return " ".join([*said, self.completeness_sentence()]) + unsaid(shown)


def measure_composition(
    events: pd.DataFrame,
    *,
    by: str,
    recorded_by: RecordedBy,
    count: str | None = None,
    kind: str | None = None,
    unrecorded: Sequence[str] = (),
    confidence_level: float = 0.95,
    of: str = "stops",
    characteristic: str = "ethnicity",
) -> Composition:
    """Count events by a characteristic of the people concerned, with shares and how much was recorded.

    Answers: who are they, as far as it was recorded?

    Parameters
    ----------
    events : pandas.DataFrame
        One row an event, or with ``count`` so many events a row.
    by : str
        Column with the group.
    recorded_by : {"self-defined", "officer-defined", "as recorded"}
        Whose word it is.
    count, kind : str, optional
        Columns with the number of events of a row and with the kind of event.
    unrecorded : sequence of str
        Labels that mean "not recorded", beside missing ones.
    confidence_level : float
        Between 0 and 1.
    of, characteristic : str
        What is counted, in the plural, and what the groups are of.

    Returns
    -------
    Composition
        Shares of all events of a kind, between 0 and 1, with Wilson's limits; no ratios, since there are no residents
        to divide by.

    Raises
    ------
    ValueError
        For no event, a negative count, or a column that names another way of recording than ``recorded_by``.

    Notes
    -----
    The share is of all events, those not recorded included, and so the least that it can be; ``most`` is what it would
    be if all of those were of the group. Do not read a share as a rate: a large group has a large share.

    Examples
    --------
    >>> stops = pd.DataFrame({"sex": ["Male", "Female", None], "count": [60, 20, 20]})
    >>> result = measure_composition(stops, by="sex", recorded_by="as recorded", count="count", characteristic="sex")
    >>> result.estimates()[["label", "estimate", "most"]].values.tolist()
    [['Female', 0.2, 0.4], ['Male', 0.6, 0.8]]
    """
    frame = tally(events, by=by, count=count, kind=kind, unrecorded=unrecorded, recorded_by=recorded_by, of=of)
    return Composition(
        method=Method("Shares, Wilson score limits", "Wilson 1927", {"recorded": recorded_by}),
        unit=f"share of all {of}",
        frame=frame.assign(person_years=np.nan),
        caveats=(
            "A share is no rate: without the number of residents of each group nothing is said of how often it concerns one",
        ),
        level=confidence_level,
        of=of,
        characteristic=characteristic,
        recorded_by=recorded_by,
    )
