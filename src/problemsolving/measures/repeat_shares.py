"""What repeats look like: people or places by their number of events, beside what chance would give."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, stats

from problemsolving import draw
from problemsolving.grouped import GroupedResult
from problemsolving.measures.persons import one_of
from problemsolving.results import Column, Interval, Kind, Value, number, whole
from problemsolving.stats.resampling import percentile_interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = NDArray[np.float64]

MANY_UNKNOWN = 0.20  # share of events without an identifier from which many repeats are missed


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class RepeatShares(GroupedResult):
    """People or places by number of events: ``frame`` has ``group``, ``events`` (of each) and ``count`` (of people).

    The last class holds those with so many events or more: ``top`` says how many events they have and with what
    weights. The estimate of a class is its share of the events.
    """

    margins: ClassVar[tuple[tuple[str, ...], ...]] = ((),)
    value_name: ClassVar[str] = "share_of_events"
    estimate_kind: ClassVar[Kind] = "percent"

    top: tuple[Floats, Floats]
    identified: float  # share of events with an identifier
    exposed: bool  # those without an event are the first class
    who: str = "people"
    n_resamples: int = 9_999
    seed: int = 0

    def rebuild(self, cells: pd.DataFrame) -> Self:
        """Take released counts; where one is withheld, the events of the last class could tell it and go with it."""
        hidden = bool(cells["count"].isna().any())
        return replace(self, frame=cells, top=(np.array([np.nan]), np.ones(1)) if hidden else self.top)

    def blurred(self) -> Self:
        return replace(self, top=_two_points(*self.top, self.most), identified=min(_floored(self.identified), 0.95))

    @property
    def most(self) -> int:
        """Events from which people are one class, the last."""
        return int(self.frame["events"].iloc[-1])

    def _classes(self) -> tuple[Floats, Floats]:
        """Give events of each and number of people, the last class by its several numbers of events."""
        counts = self.frame["count"].to_numpy(float)
        each = self.frame["events"].to_numpy(float)
        values, weights = self.top if counts[-1] != 0 else (np.array([float(self.most)]), np.ones(1))
        return np.append(each[:-1], values), np.append(counts[:-1], counts[-1] * weights)

    def _resampled(self) -> Floats:
        """People drawn anew, one row a resample, one column as in `_classes`."""
        _, people = self._classes()
        if not people.sum() > 0:
            return np.full((1, len(people)), np.nan)
        rng = np.random.default_rng(self.seed)
        return rng.multinomial(round(people.sum()), people / people.sum(), size=self.n_resamples).astype(float)

    def _by_chance(self) -> tuple[Floats, Floats]:
        """People by number of events as chance would have it: events of each, and one row a draw."""
        each, people = self._classes()
        events, total = float(each @ people), float(people.sum())
        if not np.isfinite(events) or not total > 0:
            return each, np.full((1, len(each)), np.nan)
        rate = events / total if self.exposed else truncated_rate(events / total)
        values = np.arange(1 - self.exposed, stats.poisson.ppf(1 - 1e-9, rate) + self.most + 1)
        chances = stats.poisson.pmf(values, rate) if rate > 0 else (values == values[0]).astype(float)
        rng = np.random.default_rng(self.seed + 1)
        return values, rng.multinomial(round(total), chances / chances.sum(), size=self.n_resamples).astype(float)

    def _shares(self, each: Floats, people: Floats, *, of_events: bool) -> Floats:
        """Share of the events, or of the people, in each class of the frame."""
        held = people * each if of_events else people
        classes = np.minimum(np.nan_to_num(each, nan=self.most), self.most)
        lowest = self.frame["events"].to_numpy(float)
        grouped = np.stack([held[..., classes == low].sum(axis=-1) for low in lowest], axis=-1)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(grouped / held.sum(axis=-1, keepdims=True))

    def estimates(self) -> pd.DataFrame:
        """Give ``estimate`` (share of events), ``people`` (share of people), and both by chance, one row a class."""
        each, people = self._classes()
        drawn, (values, chance) = self._resampled(), self._by_chance()
        frame = self.frame.copy()
        for name, of_events in (("estimate", True), ("people", False)):
            frame[name] = self._shares(each, people, of_events=of_events)
            prefix = "" if of_events else "people_"
            for before, numbers, draws in (("", each, drawn), ("chance_", values, chance)):
                limits = self._between(self._shares(numbers, draws, of_events=of_events))
                frame[f"{before}{prefix}low"], frame[f"{before}{prefix}high"] = limits
        shown = frame.columns.difference(["group", "events", "count"])
        frame.loc[frame["count"].isna(), shown] = np.nan
        return frame

    def _between(self, draws: Floats) -> Floats:
        tail = (1 - self.level) / 2
        return np.asarray(np.quantile(draws, [tail, 1 - tail], axis=0))

    def repeat_share(self) -> tuple[float, Interval, Interval]:
        """Give the share of events after the first to the same person, its interval, and chance's where it is known."""
        each, people = self._classes()
        values, chance = self._by_chance()
        limits = percentile_interval(repeat_share(each, self._resampled()), confidence_level=self.level)
        by_chance = percentile_interval(repeat_share(values, chance), confidence_level=self.level)
        known = self.exposed and np.isfinite(by_chance[0])
        return (
            float(repeat_share(each, people)),
            Interval(*limits, self.level),
            Interval(*(by_chance if known else (np.nan, np.nan)), self.level),
        )

    def columns(self) -> dict[str, Column]:
        own = super().columns()
        return {
            "group": own["group"],
            "count": Column(self.who.capitalize(), "count"),
            "people": Column(f"Share of {self.who}", "percent"),
            "estimate": Column(f"Share of {self.of}", "percent"),
            "low": own["low"],
            "high": own["high"],
            "chance_low": Column("By chance, low", "percent"),
            "chance_high": Column("By chance, high", "percent"),
        }

    def values(self) -> list[Value]:
        rows = self.estimates().to_dict("records")
        n = whole(self.frame["count"].sum(skipna=False))
        found = super().values()
        for row in rows:
            told = number(row["people"])
            limits = None if told is None else Interval(row["people_low"], row["people_high"], self.level)
            found.append(
                Value(
                    name="share_of_people",
                    group=row["group"],
                    estimate=told,
                    interval=limits,
                    unit=f"share of {self.who}",
                    n=whole(row["count"]),
                )
            )
        share, limits, chance = self.repeat_share()
        told = number(share)
        reason = None if told is not None else "withheld: a count is too small"
        found.append(
            Value(
                name="repeat_share",
                estimate=told,
                interval=limits if told is not None else None,
                unit=self.unit,
                n=n,
                reason=reason,
            )
        )
        if self.exposed and told is not None:
            middle = (chance.low + chance.high) / 2
            found.append(Value(name="repeat_share_by_chance", estimate=middle, interval=chance, unit=self.unit, n=n))
        known = Value(name="identified", estimate=self.identified, unit=f"share of {self.of}", n=n)
        return [*found, known] if n is not None or number(share) is None else found

    def summary(self) -> str:
        share, limits, chance = self.repeat_share()
        unknown = f" At least {_floored(self.identified):.0%} of the {self.of} had an identifier"
        if self.identified < 1 - MANY_UNKNOWN:
            unknown += "; the others are no repeats of anyone here, so that repeats are under-counted"
        unknown = f" Every one of the {self.of} had an identifier." if self.identified == 1 else f"{unknown}."
        if number(share) is None:
            return f"The share of repeats is withheld: a count is too small (fewer classes may leave enough).{unknown}"
        top = self.estimates().iloc[-1]
        text = (
            f"{share:.1%} of the {self.of} with an identifier ({self.level:.0%} interval {limits.low:.1%} to {limits.high:.1%}) came "
            f"after the first to the same {one_of(self.who)}"
        )
        if self.exposed:
            text += f"; chance alone, with everyone at equal risk, would give {chance.low:.1%} to {chance.high:.1%}"
        if not top["count"]:
            return f"{text}. None of the {self.who} had {self.most} or more.{unknown}"
        return (
            f"{text}. The {top['people']:.1%} of {self.who} with {self.most} or more had {top['estimate']:.1%} of the {self.of} "
            f"({top['low']:.1%} to {top['high']:.1%}; by chance {top['chance_low']:.1%} to {top['chance_high']:.1%}).{unknown}"
        )

    def plot(self, *, ax: Axes | None = None) -> Axes | None:
        shown = self.estimates()[self.frame["events"].to_numpy() > 0]
        return draw.against_chance(
            shown["group"].tolist(),
            shown["estimate"],
            low=shown["low"],
            high=shown["high"],
            chance_low=shown["chance_low"],
            chance_high=shown["chance_high"],
            quantity=f"% of {self.of}, by the number that the same {one_of(self.who)} had",
            percent=True,
            ax=ax,
        )


def repeat_share(events_each: ArrayLike, people: ArrayLike) -> Floats:
    """Share of events that came after the first to the same person.

    Parameters
    ----------
    events_each : array_like, shape (k,)
        Events of a person, by class.
    people : array_like, shape (..., k)
        People in each class.

    Examples
    --------
    Three people with one event and one with three: two of six events are repeats.

    >>> round(float(repeat_share([1, 3], [3, 1])), 3)
    0.333
    """
    each, plain = np.asarray(events_each, float), np.asarray(people, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        return (
            np.asarray(1 - plain @ (each > 0) / (plain @ each))
            if np.isfinite(each).all()
            else plain.sum(axis=-1) * np.nan
        )


def truncated_rate(mean: float) -> float:
    """Rate of a Poisson whose counts of one or more have this mean.

    >>> round(truncated_rate(1.0), 3), round(truncated_rate(2 / (1 - np.exp(-2))), 3)
    (0.0, 2.0)
    """
    if mean <= 1 + 1e-12:
        return 0.0
    return float(optimize.brentq(lambda rate: rate / -np.expm1(-rate) - mean, 1e-12, mean))


def _two_points(values: Floats, weights: Floats, most: int) -> tuple[Floats, Floats]:
    """Put two numbers of events in the place of several, with their mean and spread to one decimal."""
    mean = float(values @ weights)
    if not np.isfinite(mean):
        return values, weights
    spread = round(float(np.sqrt(((values - mean) ** 2) @ weights)), 1)
    mean = max(round(mean, 1), float(most))
    above = mean - most
    if not above or not spread:
        return np.array([mean]), np.ones(1)
    low = spread**2 / (spread**2 + above**2)
    return np.array([float(most), mean + spread**2 / above]), np.array([low, 1 - low])


def _floored(share: float) -> float:
    return float(np.floor(share * 20 + 1e-9) / 20)
