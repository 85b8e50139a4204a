"""Ranking of places, with how sure each rank is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd

from problemsolving import draw
from problemsolving.results import Column, Method, Result, Table, Value, interval, number, whole
from problemsolving.stats.intervals import count_limits

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class PlaceRanking(Result):
    """Places in order of events: ``frame`` has ``group``, ``district``, ``count``, ``rank_low`` and ``rank_high``."""

    frame: pd.DataFrame
    total: float
    places: int
    level: float = 0.95
    of: str = "incidents"

    def values(self) -> list[Value]:
        low, high, _ = count_limits(self.frame["count"], confidence_level=self.level)
        return [
            Value(
                name="",
                group=row.group,
                estimate=number(row.n),
                interval=interval(lower, upper, self.level),
                unit=self.of,
                n=whole(row.n),
            )
            for row, lower, upper in zip(self.frame.rename(columns={"count": "n"}).itertuples(), low, high, strict=True)
        ]

    def table(self) -> Table:
        columns = (
            Column("Place"),
            Column("Small area"),
            Column("District"),
            Column(self.of.capitalize(), "count"),
            Column("Rank between"),
        )
        return Table(
            columns,
            tuple(
                (
                    place,
                    r.group,
                    r.district,
                    whole(r.n),
                    f"{r.rank_low} and {r.rank_high}" if number(r.n) is not None else None,
                )
                for place, r in enumerate(self.frame.rename(columns={"count": "n"}).itertuples(), 1)
            ),
        )

    def summary(self) -> str:
        known = self.frame.dropna(subset="count")
        if known.empty or not np.isfinite(self.total):
            return "No place has enough incidents to be ranked."
        share = known["count"].sum() / self.total
        return (
            f"The {len(known)} busiest of {self.places:,} small areas held {share:.0%} of the {self.of}, led by {known['group'].iloc[0]} "
            f"({known['count'].iloc[0]:,.0f}). Its rank lies between {known['rank_low'].iloc[0]} and {known['rank_high'].iloc[0]}."
        )

    def plot(self, *, ax: Axes | None = None) -> Axes:
        low, high, _ = count_limits(self.frame["count"], confidence_level=self.level)
        return draw.intervals(
            self.frame["group"].tolist(),
            self.frame["count"],
            low=low,
            high=high,
            quantity=f"{self.of} in the period",
            ax=ax,
        )

    def cells(self) -> pd.DataFrame:
        return pd.concat([self.frame, pd.DataFrame({"group": ["all"], "count": [self.total]})], ignore_index=True)

    def rebuild(self, cells: pd.DataFrame) -> Self:
        """Take released counts; places whose count is withheld are not named, since their order would tell it."""
        counts = cells["count"].to_numpy(float)
        frame = self.frame.assign(count=counts[:-1]).dropna(subset="count")
        frame = frame.sort_values(["count", "group"], ascending=[False, True], kind="stable")
        return replace(self, frame=frame, total=float(counts[-1]))


def rank_places(
    areas: pd.DataFrame,
    *,
    by: str = "area_name",
    count: str = "count",
    district: str = "district_name",
    top: int = 15,
    confidence_level: float = 0.95,
    n_resamples: int = 1_999,
    rng: np.random.Generator | None = None,
    of: str = "incidents",
) -> PlaceRanking:
    """Rank places by events, with the range of ranks that chance in the counts allows.

    Answers: where are most events, and how sure is that order?

    Parameters
    ----------
    areas : pandas.DataFrame
        One row a place.
    by, count, district : str
        Columns with label, events and district.
    top : int
        Places kept.
    confidence_level : float
        Between 0 and 1.
    n_resamples : int
        Poisson draws of every count, ranked anew each time.
    rng : numpy.random.Generator, optional
        Source of randomness.
    of : str
        What is counted, in the plural.

    Returns
    -------
    PlaceRanking
        Counts with intervals; ranks start at 1.

    References
    ----------
    Goldstein H, Spiegelhalter DJ (1996) League tables and their limitations. JRSS A 159:385. doi:10.2307/2983325
    """
    rng = np.random.default_rng() if rng is None else rng
    ordered = areas.sort_values([count, by], ascending=[False, True], kind="stable")
    counts = ordered[count].to_numpy(float)
    drawn = rng.poisson(counts, size=(n_resamples, counts.size)) + rng.random((n_resamples, counts.size))
    ranks = np.argsort(np.argsort(-drawn, axis=1), axis=1)[:, :top] + 1
    tail = (1 - confidence_level) / 2
    low, high = np.quantile(ranks, [tail, 1 - tail], axis=0, method="nearest")
    head = ordered.head(top)
    frame = pd.DataFrame(
        {
            "group": head[by].to_numpy(),
            "district": head[district].to_numpy(),
            "count": counts[:top],
            "rank_low": low.astype(int),
            "rank_high": high.astype(int),
        }
    )
    return PlaceRanking(
        method=Method("Ranking with simulated ranks", "Goldstein & Spiegelhalter 1996", {"draws": n_resamples}),
        unit=of,
        frame=frame,
        total=float(counts.sum()),
        places=counts.size,
        level=confidence_level,
        of=of,
    )
