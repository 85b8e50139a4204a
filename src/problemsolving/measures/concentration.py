"""Concentration: how few places hold how much, against what chance alone would give."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from problemsolving import draw
from problemsolving.results import Column, Disclosure, Interval, Method, Result, Table, Value, number, whole
from problemsolving.stats.resampling import bootstrap_weights, percentile_interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHARES = np.linspace(0.05, 1, 20)
CURVE_PLACES = 60  # three places in each step of the curve, so that no step is a single place


def gini_coefficient(counts: ArrayLike, *, generalised: bool = True) -> float:
    """Gini coefficient of events over places.

    Answers: how unequally are events spread over places (0 evenly, towards 1 all in one)?

    Parameters
    ----------
    counts : array_like, shape (n,)
        Events a place, 0 or more, places without events included.
    generalised : bool
        Use the form for fewer events than places, in which the best possible spread (one event a place)
        counts as even. With at least as many events as places both forms agree.

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    ValueError
        For no events, no places or a negative count.

    References
    ----------
    Bernasco W, Steenbeek W (2017) More places than crimes. J Quant Criminol 33:451. doi:10.1007/s10940-016-9324-7

    Examples
    --------
    >>> round(gini_coefficient([5, 2, 1, 0, 0, 0, 0, 0, 0, 0]), 2)
    0.75
    >>> round(gini_coefficient([5, 2, 1, 0, 0, 0, 0, 0, 0, 0], generalised=False), 2)
    0.8
    """
    events = np.sort(np.asarray(counts, float))
    if events.size == 0 or (events < 0).any() or events.sum() == 0:
        raise ValueError("counts must be 0 or more, with at least one event")
    return float(_gini_rows(events[None, :], generalised)[0])


def _gini_rows(ascending: np.ndarray, generalised: bool) -> np.ndarray:
    """Gini of each row of counts in ascending order."""
    n, total = ascending.shape[1], ascending.sum(axis=1)
    ranked = (ascending * np.arange(1, n + 1)).sum(axis=1) / total
    if not generalised:
        return (2 * ranked - n - 1) / n
    return np.maximum(1 / n, 1 / total) * (2 * ranked - n - 1) - np.maximum(n / total, 1) + 1


def _top_shares(ascending: np.ndarray) -> np.ndarray:
    """Share of events in the busiest share of places, at each of SHARES."""
    n = ascending.shape[1]
    held = np.cumsum(ascending[:, ::-1], axis=1) / ascending.sum(axis=1, keepdims=True)
    return np.stack([np.interp(SHARES * n, np.arange(n + 1), np.concatenate([[0.0], row])) for row in held])


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Concentration(Result):
    """Gini and the curve of events over places, with a bootstrap interval and the envelope of chance."""

    margins: ClassVar[tuple[tuple[str, ...], ...]] = ((),)  # the twentieths add up to the total beside them

    places: int
    events: float
    gini: float
    gini_interval: Interval
    gini_by_chance: Interval
    bins: np.ndarray  # events in each twentieth of the places, busiest first
    curve: pd.DataFrame  # share_of_places, share_of_events, low_by_chance, high_by_chance
    of: str = "incidents"

    disclosure: ClassVar[Disclosure] = "distribution"

    def values(self) -> list[Value]:
        n = whole(self.events)
        top = self.curve.iloc[1]
        return [
            Value(name="gini", estimate=number(self.gini), interval=self.gini_interval, unit=self.unit, n=n),
            Value(
                name="gini_by_chance",
                estimate=(self.gini_by_chance.low + self.gini_by_chance.high) / 2,
                interval=self.gini_by_chance,
                unit=self.unit,
                n=n,
            ),
            Value(name="share_in_top_tenth", estimate=number(top.share_of_events), unit="share of incidents", n=n),
        ]

    def table(self) -> Table:
        columns = (
            Column("Busiest small areas", "percent", 0),
            Column("Share of incidents", "percent"),
            Column("By chance, low", "percent"),
            Column("By chance, high", "percent"),
        )
        return Table(columns, tuple(tuple(row) for row in self.curve.itertuples(index=False)))

    def summary(self) -> str:
        top = self.curve.iloc[1]
        if np.isnan(top.share_of_events):
            return (
                f"The Gini coefficient was {self.gini:.2f} ({self.gini_interval.low:.2f} to {self.gini_interval.high:.2f}) against "
                f"{self.gini_by_chance.low:.2f} to {self.gini_by_chance.high:.2f} by chance; the curve is withheld, since its steps hold too few."
            )
        beyond = self.gini_interval.low > self.gini_by_chance.high
        return (
            f"The busiest tenth of the {self.places:,} small areas held {top.share_of_events:.0%} of the {self.of}; chance alone would give "
            f"{top.low_by_chance:.1%} to {top.high_by_chance:.1%}. The Gini coefficient was {self.gini:.2f} "
            f"({self.gini_interval.low:.2f} to {self.gini_interval.high:.2f}) against {self.gini_by_chance.low:.2f} to "
            f"{self.gini_by_chance.high:.2f} by chance: {'concentrated beyond chance' if beyond else 'not clearly more concentrated than chance'}."
        )

    def plot(self, *, ax: Axes | None = None) -> Axes | None:
        if self.curve["share_of_events"].isna().all():
            return None
        curve = pd.concat([pd.DataFrame([[0.0] * 4], columns=self.curve.columns), self.curve])
        return draw.lorenz(
            curve["share_of_places"],
            curve["share_of_events"],
            low=curve["low_by_chance"],
            high=curve["high_by_chance"],
            ax=ax,
        )

    def cells(self) -> pd.DataFrame:
        """Give the total and the events in each twentieth of the places, busiest first."""
        return pd.DataFrame(
            {
                "group": ["all", *[None] * len(self.bins)],
                "total": [True, *[False] * len(self.bins)],
                "count": [self.events, *self.bins],
            }
        )

    def rebuild(self, cells: pd.DataFrame) -> Self:
        """Draw the curve from the counts of the twentieths; where they were rounded, so are the coefficients."""
        events, *bins = cells["count"].to_numpy(float)
        if events == self.events and np.array_equal(bins, self.bins):
            return self
        shares = (
            np.minimum(np.cumsum(bins) / events, 1.0) if self.places >= CURVE_PLACES else np.full(len(bins), np.nan)
        )
        curve = self.curve.assign(
            share_of_events=shares,
            low_by_chance=self.curve["low_by_chance"].round(3),
            high_by_chance=self.curve["high_by_chance"].round(3),
        )
        gini, chance = (
            Interval(round(old.low, 2), round(old.high, 2), old.level)
            for old in (self.gini_interval, self.gini_by_chance)
        )
        return replace(
            self,
            events=events,
            bins=np.asarray(bins),
            curve=curve,
            gini=round(self.gini, 2),
            gini_interval=gini,
            gini_by_chance=chance,
        )

    def size(self) -> tuple[int, int]:
        return min(self.places, int(np.nan_to_num(self.events))), self.places - 1


def measure_concentration(
    counts: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    confidence_level: float = 0.95,
    n_resamples: int = 1_999,
    rng: np.random.Generator | None = None,
    of: str = "incidents",
) -> Concentration:
    """Measure how concentrated events are over places, beside what chance alone would give.

    Answers: do a few places hold most of it, more than few events alone would make it seem?

    Parameters
    ----------
    counts : array_like, shape (n,)
        Events a place, zeros included.
    weight : array_like, shape (n,), optional
        Expected share of each place under chance, for example residents; equal when not given.
    confidence_level : float
        Between 0 and 1.
    n_resamples : int
        Draws for the interval (places resampled) and for chance (events thrown on places).
    rng : numpy.random.Generator, optional
        Source of randomness.
    of : str
        What is counted, in the plural.

    Returns
    -------
    Concentration
        Generalised Gini (0 to 1), share of events held by the busiest 5 %, 10 %, … of places.

    Raises
    ------
    ValueError
        For no events, negative counts, or weights that are negative or sum to 0.

    References
    ----------
    Bernasco W, Steenbeek W (2017) More places than crimes. J Quant Criminol 33:451. doi:10.1007/s10940-016-9324-7
    """
    rng = np.random.default_rng() if rng is None else rng
    events = np.asarray(counts, float)
    gini = gini_coefficient(events)
    weights = np.ones(events.size) if weight is None else np.asarray(weight, float)
    if (weights < 0).any() or weights.sum() <= 0:
        raise ValueError("weights must be 0 or more, with at least one above 0")
    tail = (1 - confidence_level) / 2
    chance = np.sort(rng.multinomial(round(events.sum()), weights / weights.sum(), size=n_resamples), axis=1).astype(
        float
    )
    low, high = np.quantile(_gini_rows(chance, True), [tail, 1 - tail])
    order = np.argsort(events)
    drawn = bootstrap_weights(events.size, n_resamples=n_resamples, rng=rng)[:, order]
    resampled = _weighted_gini(events[order], drawn)
    envelope = np.quantile(_top_shares(chance), [tail, 1 - tail], axis=0)
    curve = pd.DataFrame(
        {
            "share_of_places": SHARES,
            "share_of_events": _top_shares(np.sort(events)[None, :])[0],
            "low_by_chance": envelope[0],
            "high_by_chance": envelope[1],
        }
    )
    total = float(events.sum())
    settings = {"chance": "equal places" if weight is None else "in proportion to residents", "resamples": n_resamples}
    return Concentration(
        method=Method(
            "Generalised Gini with chance envelope; bootstrap of small areas", "Bernasco & Steenbeek 2017", settings
        ),
        unit="Gini coefficient, 0 to 1",
        places=events.size,
        events=float(events.sum()),
        gini=gini,
        gini_interval=Interval(*percentile_interval(resampled, confidence_level=confidence_level), confidence_level),
        gini_by_chance=Interval(float(low), float(high), confidence_level),
        bins=np.diff(curve["share_of_events"].to_numpy() * total, prepend=0.0),
        curve=curve,
        of=of,
    )


def _weighted_gini(ascending: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Gini of each resample: places in ascending order of events, drawn so many times each."""
    n, totals = ascending.size, drawn @ ascending
    above = np.cumsum(drawn, axis=1)
    rank_sums = (above - (drawn - 1) / 2) * drawn
    ranked = rank_sums @ ascending / np.where(totals == 0, np.nan, totals)
    return np.maximum(1 / n, 1 / totals) * (2 * ranked - n - 1) - np.maximum(n / totals, 1) + 1
