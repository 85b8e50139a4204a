"""Excess over the least exposed fifth: the share of events that goes with areas having more of a driver than that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import factorial
from typing import ClassVar, Literal, Self

import numpy as np
import pandas as pd

from problemsolving.drivers.attributable_fractions import ASSUMPTION, NOT_ADDITIVE, NotAdditive
from problemsolving.drivers.rate_checks import refuse_circular
from problemsolving.errors import NotEstimableError
from problemsolving.grouped import GroupedResult
from problemsolving.results import Column, Disclosure, Kind, Method, Value, grouped_values, listed, number
from problemsolving.stats.count_batches import fit_poisson_many
from problemsolving.stats.resampling import bootstrap_weights, percentile_interval

FIFTH = 0.2
TOGETHER = "all of them together"
ECOLOGICAL = (
    "About areas, not persons: areas with more of a driver may have more events for other people or other reasons"
)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ExcessShares(NotAdditive, GroupedResult):
    """Share of events beyond the least exposed fifth, a row a driver and one for all together.

    ``frame`` has ``group``, ``count`` (all events), ``estimate``, ``low``, ``high`` (the others staying as they are) and
    ``part``, ``part_low``, ``part_high`` (its part of the share of all together, averaged over every order).
    """

    areas: int
    residual_df: int
    counts: tuple[float, ...] = ()  # of the areas it was fitted to
    heading: str = "Driver"

    disclosure: ClassVar[Disclosure] = "model"
    value_name: ClassVar[str] = "excess_share"
    quantity: ClassVar[str] = "share of events beyond the level of the least exposed fifth"
    estimate_kind: ClassVar[Kind] = "percent"
    decimals: ClassVar[int] = 0
    reference: ClassVar[float | None] = 0.0

    @property
    def together(self) -> tuple[float, float, float]:
        """Share of all drivers together with its limits: never the sum of the shares."""
        row = self.frame.iloc[-1]
        return float(row["estimate"]), float(row["low"]), float(row["high"])

    def estimates(self) -> pd.DataFrame:
        return self.frame.assign(events=(self.frame["estimate"] * self.frame["count"]).round())

    def columns(self) -> dict[str, Column]:
        found = {
            "group": Column(self.heading),
            "estimate": Column("Share of all events", "percent", 0),
            "low": Column("Low", "percent", 0),
            "high": Column("High", "percent", 0),
            "events": Column(self.of.capitalize(), "count"),
        }
        if len(self.frame) == 1:
            return found
        part = {"part": "Part of the share of all together", "part_low": "Low", "part_high": "High"}
        return found | {name: Column(label, "percent", 0) for name, label in part.items()}

    def values(self) -> list[Value]:
        if len(self.frame) == 1:
            return super().values()
        parts = self.frame.drop(columns=["low", "high"]).rename(columns={"part_low": "low", "part_high": "high"})
        name = "part_of_excess_share"
        return [
            *super().values(),
            *grouped_values(parts.iloc[:-1], "part", name=name, unit=self.unit, level=self.level),
        ]

    def summary(self) -> str:
        said = [self._one(row) for row in self.frame.itertuples() if row.group != TOGETHER]
        text = f"If each area had no more than the least exposed fifth, and the links were causal: {'; '.join(said)}."
        if len(said) == 1:
            return text
        share, low, high = self.together
        names = listed([str(name) for name in self.frame["group"].iloc[:-1]])
        return text + (
            f" These shares do not add: for {names} together it would be {share:.0%} ({low:.0%} to {high:.0%}) of all {self.of}."
        )

    def _one(self, row: object) -> str:
        share, low, high = (float(getattr(row, name)) for name in ("estimate", "low", "high"))
        events = number(share * float(row.count))  # type: ignore[attr-defined]
        about = "" if events is None else f", about {abs(events):,.0f} of {row.count:,.0f}"  # type: ignore[attr-defined]
        limits = f"({self.level:.0%} interval {low:.0%} to {high:.0%}{about})"
        name = row.group  # type: ignore[attr-defined]
        if low <= 0 <= high:
            return f"for {name} no clear share of the {self.of} {limits}"
        return f"for {name} an estimated {abs(share):.0%} of the {self.of} would {'not occur' if share > 0 else 'occur beside'} {limits}"

    def cells(self) -> pd.DataFrame:
        return pd.DataFrame({"group": ["areas in the model"], "count": [self.frame["count"].iloc[0]]})

    def rebuild(self, cells: pd.DataFrame) -> Self:
        return replace(self, frame=self.frame.assign(count=float(cells["count"].iloc[0])))

    def blurred(self) -> Self:
        return replace(self, frame=self.frame.round(2), counts=())

    def rests_on(self) -> Sequence[float]:
        return self.counts

    def size(self) -> tuple[int, int]:
        return self.areas, self.residual_df


def estimate_excess_share(
    areas: pd.DataFrame,
    *,
    drivers: Mapping[str, str],
    adjust_for: Mapping[str, str] | None = None,
    count: str = "count",
    population: str = "population",
    years: float = 1.0,
    outcome: Literal["crime", "other"] = "crime",
    cluster_by: str | None = None,
    confidence_level: float = 0.95,
    n_resamples: int = 1_999,
    rng: np.random.Generator | None = None,
    of: str = "incidents",
) -> ExcessShares:
    """Estimate the share of events that would not occur if every area were like the least exposed fifth.

    Answers: if these drivers caused what goes with them, how much smaller would the problem be without them?

    Parameters
    ----------
    areas : pandas.DataFrame
        One row a small area; rows without a count, residents or a driver are left out, with a caveat.
    drivers : mapping of str to str
        Label → column, 1 to 6; higher means more exposed.
    adjust_for : mapping of str to str, optional
        Label → column of what is held as it is.
    count, population : str
        Columns with events and residents (above 0).
    years : float
        Length of the period in years.
    outcome : {"crime", "other"}
        As `estimate_rate_ratios`: against crime, columns ``overall_*`` and ``crime_*`` are refused.
    cluster_by : str, optional
        Column whose areas are resampled together, for example the district.
    confidence_level : float
        Between 0 and 1.
    n_resamples : int
        Draws of the bootstrap over areas (or clusters).
    rng : numpy.random.Generator, optional
        Source of randomness.
    of : str
        What is counted, in the plural.

    Returns
    -------
    ExcessShares
        Shares of all events (negative: more would occur), with percentile intervals.

    Raises
    ------
    ValueError
        For no driver or more than 6, a circular one, or what `fit_poisson_many` refuses.
    NotEstimableError
        For areas without events, or a model that does not converge.

    Notes
    -----
    1 - sum of y × exp(-b (x - r)) over sum of y: Miettinen's form for adjusted rate ratios as Bruzzi wrote it, with b
    from a Poisson rate model, x the area's level and r the mean level, residents as weights, in the least exposed fifth
    of residents; areas of that fifth stay as they are. The part of a driver is the share it takes, averaged over every
    order in which the drivers could be brought down (Eide and Gefeller): these parts sum to the share of all together.

    References
    ----------
    Bruzzi P, Green SB, Byar DP, Brinton LA, Schairer C (1985) Am J Epidemiol 122:904.
    Eide GE, Gefeller O (1995) Sequential and average attributable fractions. J Clin Epidemiol 48:645.
    doi:10.1016/0895-4356(94)00161-I

    Examples
    --------
    Five areas, rates of 1, 2, 2, 2 and 2 a resident: at the first's level 5 of 9 events would remain.

    >>> table = pd.DataFrame({"count": [100, 200, 200, 200, 200], "population": 100, "hostels": [0, 1, 1, 1, 1]})
    >>> found = estimate_excess_share(table, drivers={"Hostels": "hostels"}, n_resamples=20, rng=np.random.default_rng(1))
    >>> round(found.together[0], 4)
    0.4444
    """
    rng = np.random.default_rng() if rng is None else rng
    columns = {**drivers, **(adjust_for or {})}
    if not 1 <= len(drivers) <= 6 or len(columns) < len(drivers) + len(adjust_for or {}):
        raise ValueError("name 1 to 6 drivers, each once")
    lacking = [
        c for c in (*columns.values(), count, population, *([cluster_by] if cluster_by else [])) if c not in areas
    ]
    if lacking:
        raise ValueError(f'areas has no column "{lacking[0]}"')
    refuse_circular(columns.values(), outcome=outcome)
    used = areas.dropna(subset=[count, population, *columns.values()])
    if not used[count].sum() > 0:
        raise NotEstimableError("these areas have no events")
    table = used[list(columns.values())].set_axis(list(columns), axis=1).astype(float)
    weights = _resample(used[cluster_by] if cluster_by else None, len(used), n_resamples, rng)
    together, parts, alone = _shares(
        used[count].to_numpy(float), table, list(drivers), used[population].to_numpy(float) * years, weights
    )
    caveats = [ASSUMPTION, ECOLOGICAL]
    if len(drivers) > 1:
        caveats.append(NOT_ADDITIVE.split(";")[0])
    if len(used) < len(areas):
        caveats.append(
            f"{len(areas) - len(used)} small areas without a value for every driver, count or residents were left out"
        )
    return ExcessShares(
        method=Method(
            "Attributable share from a Poisson rate model (Miettinen's form with adjusted rate ratios); bootstrap of "
            + ("clusters of areas" if cluster_by else "areas"),
            "Bruzzi et al. 1985; Eide & Gefeller 1995",
            {"level": "least exposed fifth of residents", "resamples": n_resamples},
        ),
        unit=f"share of {of}",
        design="associational",
        frame=_frame(float(used[count].sum()), alone, parts, together, list(drivers), confidence_level),
        areas=len(used),
        residual_df=len(used) - table.shape[1] - 1,
        counts=tuple(used[count].astype(float)),
        level=confidence_level,
        of=of,
        caveats=tuple(caveats),
    )


def _resample(clusters: pd.Series | None, n: int, n_resamples: int, rng: np.random.Generator) -> np.ndarray:
    """Give how often each area counts: once each in the first row, then as areas or whole clusters are drawn."""
    if clusters is None:
        drawn = bootstrap_weights(n, n_resamples=n_resamples, rng=rng)
    else:
        if clusters.isna().any() or clusters.nunique() < 2:
            raise ValueError("cluster_by needs a label for every area and at least 2 clusters")
        codes, names = pd.factorize(clusters, sort=True)
        drawn = bootstrap_weights(len(names), n_resamples=n_resamples, rng=rng)[:, codes]
    return np.vstack([np.ones(n), drawn])


def _shares(
    counts: np.ndarray, table: pd.DataFrame, drivers: list[str], exposure: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give for each row of weights the share of all drivers together, each one's part of it, and each one's alone."""
    subsets = [
        frozenset(chosen) for size in range(len(drivers) + 1) for chosen in combinations(range(len(drivers)), size)
    ]
    share = {subset: np.empty(len(weights)) for subset in subsets}
    block = max(1, 2_000_000 // len(counts))
    for start in range(0, len(weights), block):
        often = weights[start : start + block]
        fitted = fit_poisson_many(counts, table, exposure=exposure, weights=often, errors="model")
        if not start and not fitted.models["converged"].iloc[0]:
            raise NotEstimableError(f"the rate model cannot be fitted: {fitted.models['reason'].iloc[0]}")
        kept = [
            np.exp(-fitted.coefficients[[name]].to_numpy() * _excess(table[name].to_numpy(), exposure, often))
            for name in drivers
        ]
        for subset in subsets:
            remains = often * counts
            for driver in subset:
                remains = remains * kept[driver]
            share[subset][start : start + block] = 1 - remains.sum(axis=1) / (often @ counts)
    everyone = frozenset(range(len(drivers)))
    parts = [
        sum(
            factorial(len(subset)) * factorial(len(drivers) - len(subset) - 1) / factorial(len(drivers))
            * (share[subset | {driver}] - share[subset])
            for subset in subsets
            if driver not in subset
        )
        for driver in range(len(drivers))
    ]  # fmt: skip
    alone = [share[frozenset({driver})] for driver in range(len(drivers))]
    return share[everyone], np.stack(parts), np.stack(alone)


def _excess(level: np.ndarray, residents: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """How far each area lies above the mean of the least exposed fifth of residents (0 within it): weights × areas.

    The fifth of 100 residents reaches into the area with 3; both together have a mean of 2.6667.

    >>> _excess(np.array([5.0, 1.0, 3.0]), np.array([40.0, 10.0, 50.0]), np.ones((1, 3))).round(4).tolist()
    [[2.3333, 0.0, 0.0]]
    """
    order = np.argsort(level, kind="stable")
    people = weights[:, order] * residents[order]
    held = np.cumsum(people, axis=1)
    last = np.argmax(held >= FIFTH * held[:, -1:] * (1 - 1e-12), axis=1)
    cut = level[order][last]
    last = np.searchsorted(level[order], cut, side="right") - 1
    rows = np.arange(len(weights))
    mean = np.cumsum(people * level[order], axis=1)[rows, last] / held[rows, last]
    return np.where(level[None, :] > cut[:, None], level[None, :] - mean[:, None], 0.0)


def _frame(
    events: float, alone: np.ndarray, parts: np.ndarray, together: np.ndarray, drivers: list[str], level: float
) -> pd.DataFrame:
    """Give a row a driver and one for all together, where there are several."""
    rows = [*zip(drivers, alone, parts, strict=True)]
    if len(drivers) > 1:
        rows.append((TOGETHER, together, together))
    found = []
    for name, *draws in rows:
        figures: list[float] = []
        for values in draws:
            figures += [float(values[0]), *percentile_interval(values[1:], confidence_level=level)]
        found.append((name, events, *figures))
    names = ["group", "count", "estimate", "low", "high", "part", "part_low", "part_high"]
    return pd.DataFrame(found, columns=names)
