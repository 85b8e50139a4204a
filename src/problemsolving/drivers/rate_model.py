"""Rate models: which drivers go with a higher rate, each alone and beside the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

import pandas as pd

from problemsolving import draw
from problemsolving.results import (
    Column,
    Disclosure,
    Method,
    Result,
    Table,
    Value,
    coarser,
    grouped_values,
    number,
    whole,
)
from problemsolving.stats.counts import fit_poisson, variance_inflation

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ENTANGLED = 5.0  # variance inflation from which drivers cannot be told apart


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class RateModel(Result):
    """Rate ratios per standard deviation: ``frame`` has ``driver``, ``ratio``, ``low``, ``high``,
    ``alone``, ``alone_low``, ``alone_high`` and ``inflation``.
    """  # noqa: D205

    frame: pd.DataFrame
    areas: int
    events: float
    dispersion: float
    dispersion_p: float
    residual_df: int
    counts: tuple[float, ...] = ()  # of the areas it was fitted to
    level: float = 0.95
    of: str = "incidents"

    disclosure: ClassVar[Disclosure] = "model"

    def values(self) -> list[Value]:
        rows = self.frame.assign(group=self.frame["driver"], count=self.events)
        alone = rows.drop(columns=["low", "high"]).rename(columns={"alone_low": "low", "alone_high": "high"})
        return [
            *grouped_values(rows, "ratio", name="rate_ratio", unit=self.unit, level=self.level),
            *grouped_values(alone, "alone", name="rate_ratio_alone", unit=self.unit, level=self.level),
            Value(name="dispersion", estimate=number(self.dispersion), unit="variance over mean", n=whole(self.events)),
        ]

    def table(self) -> Table:
        columns = (
            Column("Driver (per standard deviation)"),
            Column("Rate ratio, adjusted", "number", 2),
            Column("Low", "number", 2),
            Column("High", "number", 2),
            Column("Alone", "number", 2),
            Column("Low", "number", 2),
            Column("High", "number", 2),
            Column("Variance inflation", "number"),
        )
        return Table(
            columns,
            tuple(
                (r.driver, r.ratio, r.low, r.high, r.alone, r.alone_low, r.alone_high, r.inflation)
                for r in self.frame.itertuples()
            ),
        )

    def summary(self) -> str:
        said = [
            f"{row.driver} was associated with {abs(row.ratio - 1):.0%} {'more' if row.ratio > 1 else 'fewer'} {self.of} "
            f"per standard deviation (rate ratio {row.ratio:.2f}, {row.low:.2f} to {row.high:.2f})"
            for row in self.frame.itertuples()
            if row.low > 1 or row.high < 1
        ]
        unclear = [row.driver for row in self.frame.itertuples() if row.low <= 1 <= row.high]
        text = f"Holding the other drivers, {'; '.join(said) or 'no driver was clearly associated with the rate'}."
        if unclear:
            text += f" Not clear either way: {', '.join(unclear)}."
        return (
            text + f" Small areas varied {self.dispersion:.1f} times as much as chance; the intervals allow for that."
        )

    def plot(self, *, ax: Axes | None = None) -> Axes:
        return draw.intervals(
            self.frame["driver"].tolist(),
            self.frame["ratio"],
            low=self.frame["low"],
            high=self.frame["high"],
            reference=1.0,
            log=True,
            quantity="rate ratio per standard deviation, adjusted (log scale)",
            ax=ax,
        )

    def cells(self) -> pd.DataFrame:
        return pd.DataFrame({"group": ["areas in the model"], "count": [self.events]})

    def rebuild(self, cells: pd.DataFrame) -> Self:
        return replace(self, events=float(cells["count"].iloc[0]))

    def blurred(self) -> Self:
        return replace(
            self,
            frame=self.frame.round(2),
            dispersion=coarser(self.dispersion),
            dispersion_p=round(self.dispersion_p, 2),
            counts=(),
        )

    def rests_on(self) -> Sequence[float]:
        return self.counts

    def size(self) -> tuple[int, int]:
        return self.areas, self.residual_df


def estimate_rate_ratios(
    areas: pd.DataFrame,
    *,
    drivers: Mapping[str, str],
    count: str = "count",
    population: str = "population",
    years: float = 1.0,
    confidence_level: float = 0.95,
    of: str = "incidents",
) -> RateModel:
    """Estimate the rate ratio that goes with each driver, alone and adjusted for the others.

    Answers: which conditions of places go with a higher rate, and how sure is that?

    Parameters
    ----------
    areas : pandas.DataFrame
        One row a small area; rows with a missing driver are left out, with a caveat.
    drivers : mapping of str to str
        Label → column. Columns are scaled to a standard deviation of 1 over the areas used.
    count, population : str
        Columns with events and residents (above 0).
    years : float
        Length of the period in years.
    confidence_level : float
        Between 0 and 1.
    of : str
        What is counted, in the plural.

    Returns
    -------
    RateModel
        Dimensionless rate ratios per standard deviation, Poisson with log person-years as offset,
        HC3-robust t intervals; dispersion with Cameron and Trivedi's test.

    Raises
    ------
    ValueError
        For no driver, a driver that does not vary, or fewer areas than coefficients.

    Notes
    -----
    A driver is an association between areas until a design says otherwise, and says nothing about persons.
    Do not use the overall deprivation index against crime: it contains a crime domain.

    References
    ----------
    Cameron AC, Trivedi PK (2013) Regression analysis of count data, 2nd ed. doi:10.1017/CBO9781139013567
    """
    if not drivers:
        raise ValueError("name at least one driver")
    used = areas.dropna(subset=list(drivers.values()))
    table = used[list(drivers.values())].set_axis(list(drivers), axis=1)
    if (table.std() == 0).any():
        raise ValueError("a driver does not vary over these areas")
    scaled = (table - table.mean()) / table.std()
    exposure = used[population] * years
    together = fit_poisson(used[count], scaled, exposure=exposure)
    singly = [
        fit_poisson(used[count], scaled[[name]], exposure=exposure).ratios(confidence_level=confidence_level).loc[name]
        for name in drivers
    ]
    adjusted = together.ratios(confidence_level=confidence_level).loc[list(drivers)]
    inflation = variance_inflation(scaled)
    frame = pd.DataFrame(
        {
            "driver": list(drivers),
            **{name: adjusted[name].to_numpy() for name in ("ratio", "low", "high")},
            **{
                f"alone{tail}": [row[name] for row in singly]
                for name, tail in (("ratio", ""), ("low", "_low"), ("high", "_high"))
            },
            "inflation": inflation.to_numpy(),
        }
    )
    caveats = (
        [f"{len(areas) - len(used)} small areas without a value for every driver were left out"]
        if len(used) < len(areas)
        else []
    )
    entangled = inflation.index[inflation > ENTANGLED].tolist()
    if entangled:
        caveats.append(
            f"{', '.join(entangled)} move together too closely to be told apart (variance inflation above {ENTANGLED:g})"
        )
    return RateModel(
        method=Method(
            "Poisson rate model with log person-years offset, robust (HC3) intervals", "Cameron & Trivedi 2013"
        ),
        unit="rate ratio per standard deviation",
        design="associational",
        frame=frame,
        areas=len(used),
        events=float(used[count].sum()),
        counts=tuple(used[count].astype(float)),
        dispersion=together.dispersion,
        dispersion_p=together.dispersion_p,
        residual_df=together.residual_df,
        level=confidence_level,
        of=of,
        caveats=tuple(caveats),
    )
