"""Maps of small areas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import pandas as pd

from problemsolving import draw
from problemsolving.measures.rates import Rates, crude_rate
from problemsolving.results import Column, Table, number, whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Rings = Mapping[str, Sequence[Any]]
SHOWN = 15


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class RateMap(Rates):
    """Crude rates of small areas with their outlines (area code → outer rings, longitude and latitude)."""

    margins: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("district",),
    )  # the districts' totals are shown with their rates

    outlines: Rings

    def plot(self, *, ax: Axes | None = None) -> Axes | None:
        if not self.outlines:
            return super().plot(ax=ax)
        known = self.estimates()
        known = known[known["code"].isin(list(self.outlines))]
        return draw.choropleth(
            [self.outlines[code] for code in known["code"]],
            known["rate"],
            quantity=f"{self.of} per\n{self.per:,} residents a year",
            ax=ax,
        )

    def table(self) -> Table:
        top = self.estimates().sort_values(["rate", "code"], ascending=[False, True], na_position="last").head(SHOWN)
        columns = (
            Column(f"Small area (the {min(SHOWN, len(self.frame))} highest of {len(self.frame)})"),
            Column(self.of.capitalize(), "count"),
            Column(f"Rate per {self.per:,}", "rate", 0),
            Column("Low", "rate", 0),
            Column("High", "rate", 0),
        )
        return Table(
            columns,
            tuple(
                (row.group, whole(row.n), number(row.rate), number(row.low), number(row.high))
                for row in top.rename(columns={"count": "n"}).itertuples()
            ),
        )

    def summary(self) -> str:
        known = self.estimates().dropna(subset="rate").sort_values(["rate", "code"], ascending=[False, True])
        if known.empty:
            return "Every rate is withheld: the counts are too small."
        shown = (
            f"Of the {len(known):,} small areas that can be shown"
            if len(known) < len(self.frame)
            else f"Of {len(known):,} small areas"
        )
        return f"{shown}, {known.iloc[0]['group']} had {self._one(known.iloc[0])}."

    def alt_text(self) -> str:
        return f"Map of {len(self.frame)} small areas shaded by rate in five classes of equal size. {self.summary()}"


def map_rates(
    areas: pd.DataFrame,
    *,
    outlines: Rings,
    by: str = "area_name",
    code: str = "area_code",
    years: float = 1.0,
    of: str = "incidents",
) -> RateMap:
    """Map the crude rate of each small area.

    Parameters
    ----------
    areas : pandas.DataFrame
        One row a small area.
    outlines : mapping
        Area code → outer rings, each an array of longitude and latitude in degrees. May be empty: then
        the highest rates are drawn with their intervals instead.
    by, code : str
        Columns with name and code.
    years : float
        Length of the period in years.
    of : str
        What is counted, in the plural.

    Returns
    -------
    RateMap
        Events per 100,000 person-years, with limits as in `crude_rate`.
    """
    plain = crude_rate(areas, by=by, years=years, of=of, heading="Small area")
    codes = areas.drop_duplicates(by).set_index(by)[code]
    frame = plain.frame.assign(code=plain.frame["group"].map(codes))
    if "district_name" in areas:
        frame["district"] = frame["group"].map(areas.drop_duplicates(by).set_index(by)["district_name"])
    return RateMap(
        method=plain.method,
        unit=plain.unit,
        frame=frame,
        per=plain.per,
        level=plain.level,
        of=plain.of,
        heading=plain.heading,
        outlines=outlines,
    )
