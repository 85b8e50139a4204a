"""Rate models: which drivers go with a higher rate, each alone and beside the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar, Literal, Self

import numpy as np
import pandas as pd

from problemsolving import draw
from problemsolving.drivers.rate_checks import (
    RULE,
    SIGNIFICANT,
    Sensitivity,
    compare_count_models,
    contrast_rows,
    fit_rates,
    refuse_circular,
)
from problemsolving.errors import NotEstimableError
from problemsolving.results import (
    Column,
    Disclosure,
    Method,
    Result,
    Table,
    Value,
    coarser,
    grouped_values,
    listed,
    number,
    whole,
)
from problemsolving.stats.counts import CountModel, variance_inflation
from problemsolving.stats.spatial import Weights, islands_in_words, morans_i

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ENTANGLED = 5.0  # variance inflation from which drivers cannot be told apart
ALIKE = (
    "What the drivers leave unexplained is alike in neighbouring areas: intervals that take areas as independent are too "
    "narrow, and a condition that is not in the model may lie behind it"
)
_READING = ("driver", "model", "ratio", "low", "high")


def _no_readings() -> pd.DataFrame:
    return pd.DataFrame(columns=list(_READING))


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class RateModel(Result):
    """Rate ratios per standard deviation: ``frame`` has ``driver``, ``ratio``, ``low``, ``high``,
    ``alone``, ``alone_low``, ``alone_high`` and ``inflation``; ``others`` (other count models) and ``contrasts`` (in the
    drivers' own units) have ``driver``, ``model``, ``ratio``, ``low`` and ``high``.
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
    others: pd.DataFrame = field(default_factory=_no_readings)
    contrasts: pd.DataFrame = field(default_factory=_no_readings)
    beside: str = ""  # the count model that the rule names
    intervals: str = "robust (HC3)"
    moran: tuple[float, float] | None = None  # of the residuals, with its p

    disclosure: ClassVar[Disclosure] = "model"

    def values(self) -> list[Value]:
        rows = self.frame.assign(group=self.frame["driver"], count=self.events)
        alone = rows.drop(columns=["low", "high"]).rename(columns={"alone_low": "low", "alone_high": "high"})
        found = [
            *grouped_values(rows, "ratio", name="rate_ratio", unit=self.unit, level=self.level),
            *grouped_values(alone, "alone", name="rate_ratio_alone", unit=self.unit, level=self.level),
        ]
        readings = [(self.others, self.unit), (self.contrasts, "rate ratio")]
        for frame, unit in readings:
            for model, part in frame.groupby("model", sort=False):
                part = part.assign(group=part["driver"], count=self.events)
                name = f"rate_ratio, {model}"
                found += grouped_values(part, "ratio", name=name, unit=unit, level=self.level)
        n = whole(self.events)
        found.append(Value(name="dispersion", estimate=number(self.dispersion), unit="variance over mean", n=n))
        if self.moran is not None:
            found.append(Value(name="residual_morans_i", estimate=self.moran[0], unit="Moran's I", n=self.areas))
        return found

    def table(self) -> Table:
        rows: list[tuple[object, ...]] = []
        for row in self.frame.itertuples():
            rows += [
                (row.driver, f"adjusted, {self.intervals}", row.ratio, row.low, row.high, row.inflation),
                (row.driver, f"alone, {self.intervals}", row.alone, row.alone_low, row.alone_high, None),
            ]
            for frame in (self.others, self.contrasts):
                rows += [
                    (row.driver, f"adjusted, {other.model}", other.ratio, other.low, other.high, None)
                    for other in frame[frame["driver"] == row.driver].itertuples()
                ]
        columns = (
            Column("Driver (per standard deviation where nothing else is said)"),
            Column("Model"),
            Column("Rate ratio", "number", 2),
            Column("Low", "number", 2),
            Column("High", "number", 2),
            Column("Variance inflation", "number"),
        )
        return Table(columns, tuple(rows))

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
        text += f" Small areas varied {self.dispersion:.1f} times as much as chance; the intervals allow for that."
        return text + self._said_beside() + self._said_of_neighbours()

    def _said_beside(self) -> str:
        """Say whether the count model that the rule names comes to another verdict."""
        rows = self.others[self.others["model"] == self.beside]
        if rows.empty:
            return ""
        ours, theirs = (
            {r.driver: (r.low > 1) - (r.high < 1) for r in frame.itertuples()} for frame in (self.frame, rows)
        )
        differ = [name for name in theirs if ours[name] != theirs[name]]
        if not differ:
            return f" A {self.beside} model says the same of each driver."
        return f" A {self.beside} model says otherwise of {listed(differ)}: read {'it' if len(differ) == 1 else 'them'} with care."

    def _said_of_neighbours(self) -> str:
        if self.moran is None:
            return ""
        size, p = self.moran
        found = f"Moran's I of the residuals {size:.2f}, p = {p:.3g}"
        if not (p < SIGNIFICANT and size > 0):
            return f" Neighbouring areas were not clearly alike beyond the drivers ({found})."
        return f" Neighbouring areas were alike beyond the drivers ({found}): {self._remedy()}."

    def _remedy(self) -> str:
        if self.intervals.startswith("robust"):
            return "the intervals are too narrow"
        return f"intervals {self.intervals} allow for that within, not across"

    def plot(self, *, ax: Axes | None = None) -> Axes:
        beside = self.others[self.others["model"] == self.beside].set_index("driver")
        order = self.frame["driver"]
        series = {f"adjusted, {self.intervals}": self.frame}
        if len(beside):
            series[f"adjusted, {self.beside}"] = beside.loc[order]
        alone = self.frame[["alone", "alone_low", "alone_high"]].set_axis(["ratio", "low", "high"], axis=1)
        series["alone"] = alone
        return draw.compared_intervals(
            order.tolist(),
            {name: (rows["ratio"], rows["low"], rows["high"]) for name, rows in series.items()},
            reference=1.0,
            log=True,
            quantity="rate ratio per standard deviation (log scale)",
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
            others=self.others.round(2),
            contrasts=self.contrasts.round(2),
            dispersion=coarser(self.dispersion),
            dispersion_p=round(self.dispersion_p, 2),
            moran=None if self.moran is None else (round(self.moran[0], 2), max(round(self.moran[1], 2), 0.01)),
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
    outcome: Literal["crime", "other"] = "crime",
    neighbours: Weights | None = None,
    cluster_by: str | None = None,
    confidence_level: float = 0.95,
    n_permutations: int = 999,
    rng: np.random.Generator | None = None,
    of: str = "incidents",
) -> RateModel:
    """Estimate the rate ratio that goes with each driver, alone and adjusted for the others.

    Answers: which conditions of places go with a higher rate, and how sure is that?

    Parameters
    ----------
    areas : pandas.DataFrame
        One row a small area; rows without a count, residents or a driver are left out, with a caveat.
    drivers : mapping of str to str
        Label → column. Columns are scaled to a standard deviation of 1 over the areas used.
    count, population : str
        Columns with events and residents (above 0).
    years : float
        Length of the period in years.
    outcome : {"crime", "other"}
        What is counted. Against crime, columns ``overall_*`` and ``crime_*`` of an index of deprivation are refused.
    neighbours : scipy sparse array, shape (areas, areas), optional
        Who is whose neighbour, in the order of ``areas`` (``contiguity_weights``): residuals are then tested.
    cluster_by : str, optional
        Column whose areas depend on each other, for example the district: intervals then leave out one at a time.
        At least 8 of them.
    confidence_level : float
        Between 0 and 1.
    n_permutations : int
        Deals of the residuals to the areas, for the p of Moran's I.
    rng : numpy.random.Generator, optional
        Source of randomness of the permutations.
    of : str
        What is counted, in the plural.

    Returns
    -------
    RateModel
        Dimensionless rate ratios per standard deviation, Poisson with log person-years as offset, HC3-robust t
        intervals; dispersion with Dean and Lawless's test; other count models beside it; for drivers that are
        shares also the ratio from their lower to their upper quartile.

    Raises
    ------
    ValueError
        For no driver, a circular one, one that does not vary, or fewer areas than coefficients.
    NotEstimableError
        For areas without any event.

    Notes
    -----
    A driver is an association between areas until a design says otherwise, and says nothing about persons. The robust
    interval holds whatever the variance of the counts, for independent areas; the model beside it is a sensitivity
    analysis, not a second chance. With neighbours alike beyond the drivers (smooth unmeasured conditions), HC3
    intervals of 95 % covered 54 to 80 % in simulation, those by clusters larger than the reach of the likeness
    90 to 92 %, by smaller ones 79 to 89 %.
    Do not use the overall deprivation index against crime: it contains a crime domain.

    References
    ----------
    Cameron AC, Trivedi PK (2013) Regression analysis of count data, 2nd ed. doi:10.1017/CBO9781139013567
    MacKinnon JG, White H (1985) J Econometrics 29:305. doi:10.1016/0304-4076(85)90158-7

    Examples
    --------
    Twice the rate where there is a station (60 + 52 against 29 + 27 for as many residents):

    >>> table = pd.DataFrame({"count": [29, 60, 27, 52], "population": 1_000, "station": [0, 1, 0, 1]})
    >>> model = estimate_rate_ratios(table, drivers={"Station": "station"})
    >>> model.contrasts[["model", "ratio"]].round(2).values.tolist()
    [['with against without', 2.0]]
    """
    _check(areas, drivers, outcome, [count, population, *([cluster_by] if cluster_by else [])])
    known = areas[[count, population, *drivers.values()]].notna().all(axis=1).to_numpy()
    used = areas[known]
    table = used[list(drivers.values())].set_axis(list(drivers), axis=1).astype(float)
    if (table.max() == table.min()).any():
        raise ValueError("a driver does not vary over these areas")
    if (used[population] <= 0).any() or years <= 0:
        raise ValueError("population and years must be above 0")
    if not used[count].sum() > 0:
        raise NotEstimableError("these areas have no events, so that no rate can be compared")
    scaled, exposure = (table - table.mean()) / table.std(), used[population] * years
    clusters = used[cluster_by] if cluster_by else None
    together = fit_rates(used[count], scaled, exposure=exposure, clusters=clusters)
    singly = [
        fit_rates(used[count], scaled[[name]], exposure=exposure, clusters=clusters)
        .ratios(confidence_level=confidence_level)
        .loc[name]
        for name in drivers
    ]
    inflation = variance_inflation(scaled)
    compared = compare_count_models(
        used[count], scaled, exposure=exposure, model=together, confidence_level=confidence_level
    )
    tested = None
    if neighbours is not None:
        near = neighbours[known][:, known]
        tested = morans_i(together.residuals, near, n_permutations=n_permutations, alternative="greater", rng=rng)
    return RateModel(
        method=Method(
            f"Poisson rate model with log person-years offset and {_kind(cluster_by)} intervals; {RULE}",
            "Cameron & Trivedi 2013",
            {"model beside it": compared.beside},
        ),
        unit="rate ratio per standard deviation",
        design="associational",
        frame=_frame(together, singly, inflation, confidence_level),
        areas=len(used),
        events=float(used[count].sum()),
        counts=tuple(used[count].astype(float)),
        dispersion=together.dispersion,
        dispersion_p=together.dispersion_p,
        residual_df=together.residual_df,
        level=confidence_level,
        of=of,
        others=compared.frame,
        contrasts=contrast_rows(table, together, confidence_level=confidence_level),
        beside=compared.beside,
        intervals=_kind(cluster_by),
        moran=None if tested is None else (tested.estimate, tested.p),
        caveats=(
            *_caveats(len(areas) - len(used), inflation, compared),
            *(() if neighbours is None else islands_in_words(neighbours[known][:, known], of="small area")),
            *((ALIKE,) if tested is not None and tested.p < SIGNIFICANT else ()),
        ),
    )


def _check(
    areas: pd.DataFrame, drivers: Mapping[str, str], outcome: Literal["crime", "other"], other: list[str]
) -> None:
    if not drivers:
        raise ValueError("name at least one driver")
    lacking = [column for column in (*drivers.values(), *other) if column not in areas]
    if lacking:
        raise ValueError(f'areas has no column "{lacking[0]}"')
    refuse_circular(drivers.values(), outcome=outcome)


def _kind(cluster_by: str | None) -> str:
    """Say how the intervals are made.

    >>> _kind(None), _kind("district_code")
    ('robust (HC3)', 'by leaving out one district at a time')
    """
    if not cluster_by:
        return "robust (HC3)"
    return f"by leaving out one {cluster_by.removesuffix('_code').removesuffix('_name').replace('_', ' ')} at a time"


def _frame(together: CountModel, singly: list[pd.Series], inflation: pd.Series, level: float) -> pd.DataFrame:
    """Give a row a driver: adjusted, alone, and how far the others tell it."""
    adjusted = together.ratios(confidence_level=level).loc[inflation.index]
    frame = pd.DataFrame({"driver": list(inflation.index)})
    for name, tail in (("ratio", ""), ("low", "_low"), ("high", "_high")):
        frame[name] = adjusted[name].to_numpy()
        frame[f"alone{tail}"] = [row[name] for row in singly]
    return frame.assign(inflation=inflation.to_numpy())


def _caveats(left_out: int, inflation: pd.Series, compared: Sensitivity) -> list[str]:
    caveats = (
        [f"{left_out} small areas without a value for every driver, count or residents were left out"]
        if left_out
        else []
    )
    entangled = inflation.index[inflation > ENTANGLED].tolist()
    if entangled:
        caveats.append(
            f"{', '.join(entangled)} move together too closely to be told apart (variance inflation above {ENTANGLED:g})"
        )
    return [*caveats, *compared.notes]
