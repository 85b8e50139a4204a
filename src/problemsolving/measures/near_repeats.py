"""Near repeats: do events follow each other at the same place and nearby sooner than chance would have it?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from problemsolving import draw
from problemsolving.errors import NotEstimableError
from problemsolving.measures.bands import check_edges, in_a_hundred
from problemsolving.measures.pair_table import (
    CHANCE,
    OTHER_DISTANCES,
    OTHER_TIMES,
    band_names,
    bands_of,
    inner_edges,
    pair_table,
    two_figures,
)
from problemsolving.measures.pairs import Metric, count_pairs, whole_days
from problemsolving.results import Column, FrameResult, Method, Table, Value, interval, number, whole
from problemsolving.stats.intervals import normal_quantile
from problemsolving.stats.positions import Coordinates, check_points, ground_positions

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class NearRepeats(FrameResult):
    """Pairs by distance and time apart: ``frame`` has ``distance``, ``time``, ``count``, ``total`` and what chance gives.

    Pairs outside the bands are rows too, so that each row of ``distance`` and of ``time`` adds up to its total.
    """

    margins: ClassVar[tuple[tuple[str, ...], ...]] = (("distance",), ("time",))

    events: int
    distances: tuple[str, ...]
    times: tuple[str, ...]
    level: float = 0.95
    of: str = "incidents"

    def rebuild(self, cells: pd.DataFrame) -> Self:
        frame = cells.copy()
        frame.loc[frame["count"].isna(), CHANCE] = np.nan
        return replace(self, frame=frame)

    def blurred(self) -> Self:
        """Keep two figures of what the shuffles gave, and round up what tells how sure it is."""
        frame = self.frame.copy()
        for name in ("median", "chance_low", "chance_high"):
            frame[name] = two_figures(frame[name].to_numpy(float))
        for name in ("p", "p_adjusted", "error"):
            frame[name] = np.ceil(frame[name].to_numpy(float) * 100 - 1e-9) / 100
        return replace(self, frame=frame, events=10 * round(self.events / 10))

    def estimates(self) -> pd.DataFrame:
        """Give one row a cell: ``group``, ``distance``, ``time``, ``count``, ``expected``, ``ratio`` with ``low`` and ``high``.

        Beside them what chance gives: ``median`` (pairs), ``chance_low``, ``chance_high`` (as ratios), ``p``,
        ``p_adjusted`` and whether the cell is ``beyond`` chance after allowing for all cells.
        """
        shown = self.frame[self.frame["distance"].isin(self.distances) & self.frame["time"].isin(self.times)]
        by_distance, by_time = (self._totals(name) for name in ("distance", "time"))
        sums = [total.sum(skipna=False) for total in (by_distance, by_time)]
        pairs = next((s for s in sums if np.isfinite(s)), self.events * (self.events - 1) / 2)
        expected = (shown["distance"].map(by_distance) * shown["time"].map(by_time) / pairs).to_numpy(float)
        expected = np.where(shown["count"].isna() | (expected == 0), np.nan, expected)
        ratio = shown["count"].to_numpy(float) / expected
        reach = np.exp(normal_quantile(self.level) * shown["error"].to_numpy(float))
        return shown.drop(columns="total").assign(
            group=shown["distance"] + ", " + shown["time"],
            expected=expected,
            ratio=ratio,
            low=ratio / reach,
            high=ratio * reach,
            median=shown["median"].where(np.isfinite(ratio)),
            chance_low=shown["chance_low"] / expected,
            chance_high=shown["chance_high"] / expected,
            beyond=shown["p_adjusted"].le(round(1 - self.level, 9)) & np.isfinite(ratio),
        )

    def _totals(self, name: str) -> pd.Series:
        rows = self.frame[self.frame["total"].astype(bool) & self.frame[name].notna()]
        return pd.Series(rows["count"].to_numpy(float), index=rows[name])

    def values(self) -> list[Value]:
        found = []
        for row in self.estimates().to_dict("records"):
            told, n = number(row["ratio"]), whole(row["count"])
            named = {"group": row["group"], "n": n, "reason": None if told is not None else self._reason(row)}
            limits = {
                "risk_ratio": (told, interval(row["low"], row["high"], self.level)),
                "risk_ratio_by_chance": (
                    number(row["median"] / row["expected"]),
                    interval(row["chance_low"], row["chance_high"], self.level),
                ),
            }
            found += [
                Value(name=name, estimate=estimate, interval=between, unit=self.unit, **named)
                for name, (estimate, between) in limits.items()
            ]
            found += [
                Value(name=name, estimate=number(row[name]), unit="probability", **named)
                for name in ("p", "p_adjusted")
            ]
        return found

    def _reason(self, row: dict) -> str:
        if number(row["count"]) is None:
            return "withheld: the count is too small"
        return "not estimable: no pairs to be expected, or a total that they rest on is withheld"

    def table(self) -> Table:
        columns = {
            "distance": Column("Distance apart"),
            "time": Column("Time apart"),
            "count": Column("Pairs", "count"),
            "expected": Column("Expected", "number", 1),
            "median": Column("Median of shuffles", "number", 1),
            "ratio": Column("Ratio to expected", "number", 2),
            "low": Column("Low", "number", 2),
            "high": Column("High", "number", 2),
            "chance_low": Column("By chance, low", "number", 2),
            "chance_high": Column("By chance, high", "number", 2),
            "p": Column("p", "number", 4),
            "p_adjusted": Column("p, all cells allowed for", "number", 4),
        }
        rows = self.estimates().to_dict("records")
        return Table(
            tuple(columns.values()),
            tuple(
                tuple(row[name] if column.kind == "text" else number(row[name]) for name, column in columns.items())
                for row in rows
            ),
        )

    def summary(self) -> str:
        shown = self.estimates()
        known = shown.dropna(subset="ratio")
        if known.empty:
            return "Whether there were near repeats is withheld: the counts of pairs are too small."
        beyond = known[known["beyond"]]
        tested = f"{len(known)} combinations of distance and time shown"
        if beyond.empty:
            return (
                f"No near repeats were found beyond chance among the {self.of}: none of the {tested} held more pairs than "
                "shuffled times would give, allowing for looking at so many."
            )
        top = beyond.loc[beyond["ratio"].idxmax()]
        many = f"{len(beyond)} of the {tested} held" if len(beyond) > 1 else f"1 of the {tested} held"
        return (
            f"{self.of.capitalize()} followed each other nearby sooner than chance would have it: {many} more pairs than "
            f"shuffled times would give, allowing for looking at so many. The largest ratio was at {top['group']} apart: "
            f"{top['count']:,.0f} pairs where chance would give {top['expected']:,.{0 if top['expected'] >= 10 else 1}f}, {top['ratio']:.1f} times as many "
            f"({self.level:.0%} interval {top['low']:.1f} to {top['high']:.1f}; chance alone {top['chance_low']:.1f} to "
            f"{top['chance_high']:.1f})."
        )

    def plot(self, *, ax: Axes | None = None) -> Axes | None:
        shown, shape = self.estimates(), (len(self.distances), len(self.times))
        return draw.heat_map(
            self.distances,
            self.times,
            shown["ratio"].to_numpy(float).reshape(shape),
            outlined=shown["beyond"].to_numpy(bool).reshape(shape),
            outline_means="beyond chance, all cells allowed for",
            shaded_from=1.0,
            decimals=2,
            row_title="distance apart",
            column_title="time apart (numbers: pairs over pairs expected by chance)",
            ax=ax,
        )


def knox_test(
    points: ArrayLike,
    times: ArrayLike,
    *,
    distance_bands: Sequence[float] = (0, 100, 200, 300, 400),
    time_bands: Sequence[float] = (0, 7, 14, 21, 28),
    same_place_apart: bool = True,
    method: Metric = "euclidean",
    coordinates: Coordinates = "degrees",
    confidence_level: float = 0.95,
    n_resamples: int = 9_999,
    rng: np.random.Generator | None = None,
    of: str = "incidents",
) -> NearRepeats:
    """Test for near repeats: pairs of events by distance and time apart against shuffled times (Knox, in several bands).

    Answers: after one event, do others follow at the same place and nearby sooner than chance would have it, how near
    and for how long?

    Parameters
    ----------
    points : array_like, shape (n, 2)
        Where each event was: longitude and latitude in degrees, or east and north in metres.
    times : array_like, shape (n,)
        When: dates or local date-times, of which the day counts, or numbers in days.
    distance_bands, time_bands : sequence of float
        Edges in metres and in days, rising; ``(0, 100, 200)`` makes "0 to under 100" and "100 to under 200". A last edge
        of ``numpy.inf`` makes a band without end.
    same_place_apart : bool
        Pairs at exactly the same point are a row of their own, and the first band begins above 0.
    method : {"euclidean", "manhattan"}
        Distance as the crow flies, or along a grid of streets that run north-south and east-west.
    coordinates : {"degrees", "metres"}
        What ``points`` are.
    confidence_level : float
        Between 0 and 1; a cell is beyond chance when its adjusted p is at most one less this.
    n_resamples : int
        Shuffles of the times over the places.
    rng : numpy.random.Generator, optional
        Source of randomness.
    of : str
        What is counted, in the plural.

    Returns
    -------
    NearRepeats
        For each distance and time apart: pairs seen, pairs expected, their ratio with its interval, the median and the
        limits of what shuffled times give, p, and p with all cells allowed for.

    Raises
    ------
    ValueError
        For edges that do not rise, points that are no points, or times with an offset.
    NotEstimableError
        When fewer than three events have a point and a time, or all share one day or one place.

    Notes
    -----
    A band ``[a, b)`` holds a and not b, and is named so; days are whole, so that "3 to under 6 days" is 3, 4 or 5 days
    apart. Some tools label the same band "4 to 6 days".

    Shuffling keeps every place and every time. With N pairs in all, Ns in a row and Nt in a column, the mean over all
    shuffles is Ns Nt / N exactly, which is what is expected here. p = (1 + b) / (1 + n), where b of n shuffles
    gave as many pairs or more. The adjusted p compares a cell with the most remarkable cell of each shuffle (Westfall
    and Young), on square roots over their standard deviation: the chance that any cell at all looks like this. The
    interval of a ratio is a jackknife over events on the logarithm, less what it counts twice (Efron and Stein); it
    covered 94 to 96 times in 100 where each simulated event caused 0.2 others or fewer, 87 to 89 where it caused 0.5.

    Needs times to the day and points to the size of the first band: do not use with months alone, nor where points are
    snapped to the middle of a street (there "same place" is a catchment, and distances below the snapping mean
    nothing). A level that moves in one part of the area alone, such as a season at the seaside, looks like near
    repeats.

    References
    ----------
    Knox G (1964) The detection of space-time interactions. Applied Statistics 13:25. doi:10.2307/2985220
    Johnson SD et al. (2007) Space-time patterns of risk: a cross national assessment of residential burglary
    victimization. J Quant Criminol 23:201. doi:10.1007/s10940-007-9025-3
    Westfall PH, Young SS (1993) Resampling-based multiple testing. Wiley.
    Efron B, Stein C (1981) The jackknife estimate of variance. Annals of Statistics 9:586. doi:10.1214/aos/1176345462

    Examples
    --------
    Two pairs of neighbours 50 m apart, the two of a pair a day apart; the pairs a kilometre and 50 days from each other:

    >>> found = knox_test([[0, 0], [50, 0], [1000, 0], [1050, 0]], [0, 1, 50, 51], coordinates="metres",
    ...     distance_bands=(0, 100), time_bands=(0, 7), n_resamples=99, rng=np.random.default_rng(1))
    >>> found.estimates()[["group", "count", "ratio"]].iloc[1].to_dict()
    {'group': 'above 0 to under 100 m, 0 to under 7 days', 'count': 2.0, 'ratio': 3.0}
    """
    rng = np.random.default_rng() if rng is None else rng
    edges = check_edges(distance_bands, name="distance_bands"), check_edges(time_bands, name="time_bands")
    normal_quantile(confidence_level)
    if n_resamples < 1:
        raise ValueError("n_resamples must be 1 or more")
    placed, days, left_out = _known(points, times, coordinates)
    ground = _positions(placed, coordinates, method)
    inner = inner_edges(edges[0], float(np.ptp(ground, axis=0).sum())), inner_edges(edges[1], float(np.ptp(days)))
    counts = count_pairs(
        ground,
        days,
        distance_edges=inner[0],
        time_edges=inner[1],
        apart=same_place_apart,
        metric=method,
        n_resamples=n_resamples,
        rng=rng,
    )
    distances, times_apart = (
        band_names(edges[0], inner[0], unit="m", other=OTHER_DISTANCES, same_place=same_place_apart),
        band_names(edges[1], inner[1], unit="days", other=OTHER_TIMES),
    )
    settings = {"shuffles": n_resamples, "distance": method}
    return NearRepeats(
        method=Method(
            "Knox test in half-open bands, times shuffled over places", "Knox 1964; Johnson et al. 2007", settings
        ),
        unit="pairs over pairs expected by chance",
        frame=pair_table(counts, distances, times_apart, confidence_level=confidence_level),
        events=len(days),
        distances=bands_of(distances),
        times=bands_of(times_apart),
        level=confidence_level,
        of=of,
        caveats=_caveats(left_out, same_place_apart),
    )


def _known(
    points: ArrayLike, times: ArrayLike, coordinates: Coordinates
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Give the points and days that are known, and the share left out for want of one of them."""
    placed, days = np.asarray(points, float), whole_days(times)
    if placed.ndim != 2 or placed.shape[1] != 2 or len(placed) != len(days):
        raise ValueError("points must be two columns, with one row for each of times")
    known = np.isfinite(placed).all(axis=1) & np.isfinite(days)
    placed, days = check_points(placed[known], coordinates), days[known]
    if len(days) < 3:
        raise NotEstimableError("near repeats need at least three events with a point and a time")
    if np.ptp(days) == 0 or (np.ptp(placed, axis=0) == 0).all():
        raise NotEstimableError("near repeats cannot be told where all events share one day or one place")
    return placed, days, 1 - len(days) / len(known)


def _positions(points: NDArray[np.float64], coordinates: Coordinates, method: Metric) -> NDArray[np.float64]:
    """Give points in metres; for Manhattan distances on the plane that touches the earth in their middle."""
    ground = ground_positions(points, coordinates)
    if coordinates == "metres" or method == "euclidean":
        return ground - ground.mean(axis=0).round()
    longitude, latitude = np.radians(points.mean(axis=0))
    east = np.array([-np.sin(longitude), np.cos(longitude), 0.0])
    north = np.array([-np.sin(latitude) * np.cos(longitude), -np.sin(latitude) * np.sin(longitude), np.cos(latitude)])
    return (ground - ground.mean(axis=0)) @ np.stack([east, north], axis=1)


def _caveats(left_out: float, same_place_apart: bool) -> tuple[str, ...]:
    """What a reader must know."""
    return (
        *([f"Events without a point or a time are left out: {in_a_hundred(left_out)}"] if left_out else []),
        *(
            ["The same place is the same recorded point: where points are snapped it is a catchment, not an address"]
            if same_place_apart
            else []
        ),
        "Bands hold their lower edge and not their upper one; days apart are whole days",
        "Shuffled times assume that no part of the area has a season or a trend of its own",
    )
