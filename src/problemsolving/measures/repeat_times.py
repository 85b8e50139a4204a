"""Time course of repeats: how soon after one event the next follows, those still without one taken into account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from problemsolving import draw
from problemsolving.errors import NotEstimableError
from problemsolving.grouped import GroupedResult
from problemsolving.measures.bands import band_labels, check_edges, in_a_hundred
from problemsolving.measures.pair_table import two_figures
from problemsolving.measures.pairs import whole_days
from problemsolving.measures.persons import known_identifiers, one_of
from problemsolving.results import Column, Interval, Method, Value, number, whole
from problemsolving.stats.intervals import normal_quantile

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

PER = 1_000  # days at risk to which the daily risk refers
BANDS = (0, 8, 31, 91, 183, 365)
SAME_DAY = 0.05  # share of next events on the day of the last from which a reader must know
_ROUGH = ("at_risk", "days", "chance_low", "chance_high")
_ERRORS = ("error", "error_by_end")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class RepeatTimes(GroupedResult):
    """Next events by days since the last: ``frame`` has ``group`` and ``count`` (next events in the band).

    Beside them what they are divided by (``at_risk``: events after which the band was watched, those watched for part
    of it as a half; ``days``: days watched), the errors, and limits of what shuffled times give. The estimate is the
    daily risk: next events per 1,000 days at risk.
    """

    margins: ClassVar[tuple[tuple[str, ...], ...]] = ((),)
    value_name: ClassVar[str] = "daily_risk"
    decimals: ClassVar[int] = 2

    who: str = "people"

    def rebuild(self, cells: pd.DataFrame) -> Self:
        frame = cells.copy()
        frame.loc[frame["count"].isna(), [*_ROUGH, *_ERRORS]] = np.nan
        return replace(self, frame=frame)

    def blurred(self) -> Self:
        frame = self.frame.copy()
        for name in _ROUGH:
            scale = 100 if name.startswith("chance") else 0.1
            frame[name] = two_figures(frame[name].to_numpy(float) * scale) / scale
        for name in _ERRORS:
            frame[name] = np.ceil(frame[name].to_numpy(float) * 100 - 1e-9) / 100
        return replace(self, frame=frame)

    def estimates(self) -> pd.DataFrame:
        """Give the daily risk (``estimate``, ``low``, ``high``) and, by the end of the band, the share with a next event.

        The share (``by_end``, ``by_end_low``, ``by_end_high``) is missing for the last band, which has no end, and from a
        withheld band on.
        """
        frame, z = self.frame.copy(), normal_quantile(self.level)
        counts = frame["count"].to_numpy(float)
        with np.errstate(divide="ignore", invalid="ignore"):
            frame["estimate"] = counts / frame["days"].to_numpy(float) * PER
            reach = np.exp(z * frame["error"].to_numpy(float))
            frame["low"], frame["high"] = frame["estimate"] / reach, frame["estimate"] * reach
            without = np.log1p(-np.minimum(counts / frame["at_risk"].to_numpy(float), 1))
        without[-1] = np.nan  # the last band has no end
        without = np.cumsum(without)
        with np.errstate(divide="ignore", invalid="ignore"):
            spread = np.exp(z * frame["error_by_end"].to_numpy(float) / -without)
        frame["by_end"] = -np.expm1(without)
        frame["by_end_low"], frame["by_end_high"] = -np.expm1(without / spread), -np.expm1(without * spread)
        none = (counts == 0) & np.isfinite(frame["days"])  # the rule of three, where nothing was seen
        frame.loc[none, "low"] = 0.0
        frame.loc[none, "high"] = -np.log(1 - self.level) / frame["days"] * PER
        return frame

    def columns(self) -> dict[str, Column]:
        return super().columns() | {
            "group": Column("Time since the last"),
            "count": Column(f"Next {self.of}", "count"),
            "chance_low": Column("By chance, low", "number", 2),
            "chance_high": Column("By chance, high", "number", 2),
            "by_end": Column("With a next one by the end", "percent"),
            "by_end_low": Column("Low", "percent"),
            "by_end_high": Column("High", "percent"),
        }

    def values(self) -> list[Value]:
        found = super().values()
        for row in self.estimates().iloc[:-1].to_dict("records"):
            told = number(row["by_end"])
            limits = None if told is None else Interval(row["by_end_low"], row["by_end_high"], self.level)
            named = {"group": row["group"], "n": whole(row["count"])}
            found.append(
                Value(name="share_by_end", estimate=told, interval=limits, unit=f"share of {self.of}", **named)
            )
            chance = Interval(row["chance_low"], row["chance_high"], self.level)
            middle = (chance.low + chance.high) / 2
            if number(middle) is not None:
                found.append(
                    Value(name="daily_risk_by_chance", estimate=middle, interval=chance, unit=self.unit, **named)
                )
        return found

    def summary(self) -> str:
        shown = self.estimates()
        known, risks = shown.dropna(subset="by_end"), shown.dropna(subset=["low", "chance_high"])
        if risks.empty:
            return "How soon repeats follow is withheld: the counts are too small."
        text = ""
        if len(known):
            last = known.iloc[-1]
            text = (
                f"{last['by_end']:.1%} of the {self.of} ({self.level:.0%} interval {last['by_end_low']:.1%} to "
                f"{last['by_end_high']:.1%}) were followed by another to the same {one_of(self.who)} within "
                f"{last['group'].split('under ')[-1]}, those not watched for so long taken into account. "
            )
        above = risks[risks["low"] > risks["chance_high"]]
        if above.empty:
            return f"{text}At no time since the last was the daily risk clearly above what shuffled times give."
        top = above.loc[above["estimate"].idxmax()]
        return (
            f"{text}The daily risk was highest at {top['group']} since the last: {top['estimate']:.2f} next {self.of} per {PER:,} "
            f"days at risk ({top['low']:.2f} to {top['high']:.2f}), where the same {self.who} with their times shuffled would "
            f"have {top['chance_low']:.2f} to {top['chance_high']:.2f}."
        )

    def plot(self, *, ax: Axes | None = None) -> Axes | None:
        shown = self.estimates()
        return draw.against_chance(
            shown["group"].tolist(),
            shown["estimate"],
            low=shown["low"],
            high=shown["high"],
            chance_low=shown["chance_low"],
            chance_high=shown["chance_high"],
            quantity=f"next {self.of} per {PER:,} days at risk, by time since the last",
            ax=ax,
        )


def measure_repeat_times(
    identifiers: ArrayLike,
    times: ArrayLike,
    *,
    until: str | date | float | None = None,
    bands: Sequence[float] = BANDS,
    confidence_level: float = 0.95,
    n_resamples: int = 1_999,
    rng: np.random.Generator | None = None,
    who: str = "people",
    of: str = "incidents",
) -> RepeatTimes:
    """Measure how the risk of a next event runs with the days since the last.

    Answers: for how long after an event is the same person or place at higher risk, so that help must come by then?

    Parameters
    ----------
    identifiers : array_like, shape (n,)
        One entry an event: whom it happened to, or where. Missing or blank: not known, left out aloud.
    times : array_like, shape (n,)
        When: dates or local date-times, of which the day counts, or numbers in days, of which the whole ones count.
    until : date or number, optional
        The first day that was not watched any more (half-open); the day after the last event when not given.
    bands : sequence of float
        Edges in days, from 0, rising; ``(0, 8, 31)`` makes "0 to under 8 days", "8 to under 31 days" and "31 days or
        more".
    confidence_level : float
        Between 0 and 1.
    n_resamples : int
        Shuffles of the times over all events.
    rng : numpy.random.Generator, optional
        Source of randomness.
    who : str
        Who or what has the events, in the plural.
    of : str
        What is counted, in the plural.

    Returns
    -------
    RepeatTimes
        Next events per 1,000 days at risk in each band, the share of events with a next one by the end of each, both
        with intervals, and the daily risk that shuffled times give.

    Raises
    ------
    ValueError
        For edges that do not rise from 0, arrays of different lengths, or events after ``until``.
    NotEstimableError
        When no event has both an identifier and a time.

    Notes
    -----
    Every event is watched until the next one to the same person, or until the end: a short wait is seen more often than
    a long one, so that a plain share of next events by their wait is too high for short ones. The share by the end of
    a band is that of a life table: 1 - product of (1 - d / n), where n counts those watched for part of the band as a
    half. The daily risk is the number of next events over days at risk, the day of the next one included. Errors come
    from sums over people, since the waits of one person go together.

    Chance shuffles times over all events. Each person keeps their number of events, so that higher risk of some, all the
    time, is part of chance, and so are seasons: what lies above chance is the time course of the risk.

    Several records of one occasion look like repeats on the same day: count occasions, or begin with a band of one day.

    Do not use with months alone.

    References
    ----------
    Polvi N, Looman T, Humphries C, Pease K (1991) The time course of repeat burglary victimization. Br J Criminology
    31:411.
    Cutler SJ, Ederer F (1958) Maximum utilization of the life table method in analyzing survival. J Chronic Diseases
    8:699. doi:10.1016/0021-9681(58)90126-7

    Examples
    --------
    Two people, each seen for ten days; one has a second event after three days:

    >>> found = measure_repeat_times(["a", "a", "b"], [0, 3, 0], until=10, bands=(0, 7), rng=np.random.default_rng(1))
    >>> found.frame[["count", "days"]].values.tolist()  # 4 + 7 + 7 days watched in the first band, 3 after it
    [[1.0, 18.0], [0.0, 3.0]]
    """
    rng = np.random.default_rng() if rng is None else rng
    normal_quantile(confidence_level)
    edges = check_edges(bands, name="bands")
    if edges[0] != 0:
        raise ValueError("bands must begin at 0 days")
    edges = edges if np.isinf(edges[-1]) else np.append(edges, np.inf)
    known = known_identifiers(identifiers)
    days = whole_days(times)
    if len(known) != len(days):
        raise ValueError("identifiers and times must have one entry an event each")
    used = known.notna().to_numpy() & np.isfinite(days)
    if not used.any():
        raise NotEstimableError("no event has both an identifier and a time")
    person, days = pd.factorize(known[used])[0].astype(np.int64), np.floor(days[used]).astype(np.int64)
    end = int(days.max()) + 1 if until is None else int(whole_days(np.asarray([until]))[0])
    if end <= days.max():
        raise ValueError("until must be a day after every event")
    order = np.lexsort((days, person))
    person, days = person[order], days[order]
    followed = np.append(person[1:] == person[:-1], False)
    wait = _waits(days, followed, end)
    sums, errors = _watched(person, wait, followed, edges)
    shuffled = np.stack(
        [_daily_risks(_shuffled(person, days, followed, end, rng), followed, edges) for _ in range(n_resamples)]
    )
    tail = (1 - confidence_level) / 2
    low, high = np.quantile(shuffled, [tail, 1 - tail], axis=0)
    frame = pd.DataFrame(
        {
            "group": band_labels(edges.tolist(), unit="days"),
            "count": sums[0],
            "days": sums[1],
            "at_risk": sums[2],
            "error": errors[0],
            "error_by_end": errors[1],
            "chance_low": low,
            "chance_high": high,
        }
    )
    return RepeatTimes(
        method=Method(
            "Life table of next events with errors by person; times shuffled over events",
            "Polvi et al. 1991; Cutler & Ederer 1958",
            {"shuffles": n_resamples},
        ),
        unit=f"next {of} per {PER:,} days at risk",
        frame=frame,
        level=confidence_level,
        who=who,
        of=of,
        caveats=_caveats(
            1 - used.mean(), float((wait[followed] == 0).mean()) if followed.any() else 0.0, until is None, who
        ),
    )


def _waits(days: Integers, followed: NDArray[np.bool_], end: int) -> Integers:
    """Give the days from each event to the next of its person, or to the end; events are in order of person and day."""
    return np.where(followed, np.append(days[1:], end), end) - days


def _shuffled(
    person: Integers, days: Integers, followed: NDArray[np.bool_], end: int, rng: np.random.Generator
) -> Integers:
    """Give waits after shuffling the days over all events."""
    base = person * (np.ptp(days) + 1) - days.min()
    keys = np.sort(rng.permutation(days) + base)  # by person, then by day
    return _waits(keys - base, followed, end)


def _daily_risks(wait: Integers, followed: NDArray[np.bool_], edges: Floats) -> Floats:
    """Next events per 1,000 days at risk in each band, from how many are still watched on each day."""
    watched = np.bincount(wait + followed)
    still = np.append(0, np.cumsum(np.cumsum(watched[::-1])[::-1][1:]))  # days watched below each day
    cuts = np.minimum(edges, len(still) - 1).astype(np.int64)
    events = np.append(0, np.cumsum(np.bincount(wait[followed], minlength=len(still))))
    with np.errstate(divide="ignore", invalid="ignore"):
        risks = np.diff(events[cuts]) / np.diff(still[cuts]) * PER
    return np.where(np.isfinite(risks), risks, 0.0)


def _parts(wait: Integers, followed: NDArray[np.bool_], low: float, high: float) -> tuple[Floats, Floats, Floats]:
    """Give what each wait adds to a band: a next event in it, days watched in it, and one (or a half) at risk."""
    inside = (wait >= low) & (wait < high)
    watched = np.clip(wait + followed, low, high) - low
    at_risk = np.where(inside & ~followed, 0.5 * (wait > low), wait >= low)
    return (inside & followed).astype(float), watched.astype(float), at_risk.astype(float)


def _watched(person: Integers, wait: Integers, followed: NDArray[np.bool_], edges: Floats) -> tuple[Floats, Floats]:
    """Give the totals of each band, and errors of the log risk and of the log share without a next event by its end."""
    totals, errors, gone = [], [], np.zeros(person.max() + 1)
    for low, high in pairwise(edges):
        events, watched, at_risk = (np.bincount(person, weights=part) for part in _parts(wait, followed, low, high))
        sums = events.sum(), watched.sum(), at_risk.sum()
        totals.append(sums)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = sums[0] / sums[2]
            error = (
                np.sqrt(max(((events / sums[0] - watched / sums[1]) ** 2).sum(), 1 / sums[0])) if sums[0] else np.nan
            )
            gone = gone - (events - share * at_risk) / sums[2] / (1 - share)
        errors.append((error, np.sqrt((gone**2).sum())))
    return np.array(totals).T, np.array(errors).T


def _caveats(left_out: float, same_day: float, assumed_end: bool, who: str) -> tuple[str, ...]:
    """What a reader must know."""
    return (
        *([f"Events without an identifier or a time are left out: {in_a_hundred(left_out)}"] if left_out else []),
        *(
            [f"Next events on the same day ({in_a_hundred(same_day)}) may be several records of one occasion"]
            if same_day >= SAME_DAY
            else []
        ),
        *(["The end of the data was taken to be the day after the last event"] if assumed_end else []),
        "Bands hold their lower edge and not their upper one; days are whole, and 0 is the same day",
        f"Chance keeps the number of events of each of the {who}: what lies above it is no mere difference between them",
    )
