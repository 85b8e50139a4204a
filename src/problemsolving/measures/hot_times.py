"""Hot times: on which days and at which hours, for events whose time is known only between two limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from problemsolving import draw
from problemsolving.errors import NotEstimableError
from problemsolving.measures.aoristic import DAYS, AoristicWeights, aoristic_weights, at_midnight, weekdays_unequal
from problemsolving.measures.bands import in_a_hundred
from problemsolving.results import Column, FrameResult, Interval, Method, Table, Value, number, whole
from problemsolving.stats.intervals import normal_quantile
from problemsolving.stats.resampling import percentile_interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Clock = Literal["local", "UTC"]
_HEAPED = 0.02  # share of events at exactly midnight from which it is no chance: one minute is 0.0007 of a day
BlockHours = Literal[1, 2, 3, 4, 6, 8, 12]
_CLOCKS: Mapping[str, str] = {
    "local": "Times are taken as local clock times, as they were given",
    "UTC": "Times are UTC: in British summer the clock on the wall is an hour later (to_local turns them)",
}


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class HotTimes(FrameResult):
    """Events by weekday and block of hours: ``frame`` has ``day``, ``hours``, ``count`` and ``total``.

    Counts are sums of weights: an event spread over two blocks gives a part to each. ``hourly`` holds the 168 hours of
    the week, which are too small to leave; it is there only beside the counts it was made with.
    """

    margins: ClassVar[tuple[tuple[str, ...], ...]] = (("day",), ("hours",))

    hourly: NDArray[np.float64] | None
    left_out: Mapping[str, int] = field(default_factory=dict)
    clock: Clock = "local"
    n_resamples: int = 9_999
    seed: int = 0
    level: float = 0.95
    of: str = "incidents"

    def rebuild(self, cells: pd.DataFrame) -> Self:
        same = np.array_equal(cells["count"].to_numpy(float), self.frame["count"].to_numpy(float))
        return self if same else replace(self, frame=cells, hourly=None)

    def blurred(self) -> Self:
        return replace(self, left_out={}, hourly=None)

    @property
    def blocks(self) -> list[str]:
        """Names of the blocks of hours, in their order."""
        return self.frame["hours"].dropna().drop_duplicates().tolist()

    def grid(self) -> NDArray[np.float64]:
        """Give the counts, one row a day from Monday on, one column a block of hours."""
        cells = self.frame[~self.frame["total"].astype(bool)]
        return cells["count"].to_numpy(float).reshape(len(DAYS), -1)

    def totals(self, by: Literal["day", "hours"]) -> pd.DataFrame:
        """Give ``group``, ``count``, ``share`` of all events, ``low`` and ``high`` for each day or block of hours."""
        rows = self.frame[self.frame["total"].astype(bool) & self.frame[by].notna()]
        counts = rows["count"].to_numpy(float)
        low, high = self._limits(counts)
        shares = {"share": counts / self._events(), "low": low, "high": high}
        return pd.DataFrame({"group": rows[by].tolist(), "count": counts, **shares})

    def busiest(self) -> tuple[str, float, float, Interval, Interval]:
        """Give the busiest block shown: its name, count, share of all events, interval; and the share by chance.

        Chance lays the same number of events on all blocks alike and picks the busiest each time.
        """
        grid, events = self.grid(), self._events()
        if np.isnan(grid).all() or not np.isfinite(events):
            nothing = Interval(np.nan, np.nan, self.level)
            return "", np.nan, np.nan, nothing, nothing
        day, block = np.unravel_index(np.nanargmax(grid), grid.shape)
        count = float(grid[day, block])
        low, high = self._limits(np.array([count]))
        chance = self._busiest_by_chance(grid.size)
        limits = Interval(float(low[0]), float(high[0]), self.level), chance
        return f"{DAYS[day]} {self.blocks[block]}", count, count / events, *limits

    def _busiest_by_chance(self, blocks: int) -> Interval:
        """Share of the busiest of so many blocks, were all alike."""
        rng, events = np.random.default_rng(self.seed), round(self._events())
        highest = rng.multinomial(events, np.full(blocks, 1 / blocks), size=self.n_resamples).max(axis=1)
        return Interval(*percentile_interval(highest / events, confidence_level=self.level), self.level)

    def _events(self) -> float:
        """All events used: the sum of the days, or of the blocks of hours where a day is withheld."""
        totals = self.frame[self.frame["total"].astype(bool)]
        sums = [totals.loc[totals[by].notna(), "count"].sum(skipna=False) for by in ("day", "hours")]
        return next((float(s) for s in sums if np.isfinite(s)), np.nan)

    def _limits(self, counts: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Bootstrap limits of shares: events drawn anew, each laid at one time by its weights."""
        events = self._events()
        if not events > 0:
            return np.full(len(counts), np.nan), np.full(len(counts), np.nan)
        shares = np.clip(np.nan_to_num(counts / events), 0, 1)
        rng = np.random.default_rng(self.seed)
        drawn = rng.binomial(round(events), shares, size=(self.n_resamples, len(counts))) / round(events)
        tail = (1 - self.level) / 2
        low, high = np.quantile(drawn, [tail, 1 - tail], axis=0)
        return np.where(np.isnan(counts), np.nan, low), np.where(np.isnan(counts), np.nan, high)

    def values(self) -> list[Value]:
        found = []
        for name, by in (("share_by_day", "day"), ("share_by_hours", "hours")):
            for row in self.totals(by).to_dict("records"):  # type: ignore[arg-type]
                told = number(row["share"])
                between = None if told is None else Interval(row["low"], row["high"], self.level)
                found.append(
                    Value(
                        name=name,
                        group=row["group"],
                        estimate=told,
                        interval=between,
                        unit=self.unit,
                        n=whole(row["count"]),
                    )
                )
        group, count, share, between, chance = self.busiest()
        known = number(share) is not None
        middle = (chance.low + chance.high) / 2
        for name, estimate, limits in (("busiest_block", share, between), ("busiest_block_by_chance", middle, chance)):
            found.append(
                Value(
                    name=name,
                    group=group or None,
                    estimate=number(estimate),
                    interval=limits if known else None,
                    unit=self.unit,
                    n=whole(count),
                    reason=None if known else "withheld: the counts are too small",
                )
            )
        left = [Value(name="left_out", group=why, estimate=n, unit=self.of, n=n) for why, n in self.left_out.items()]
        return [*found, *left]

    def table(self) -> Table:
        columns = (
            Column("Day or hours"),
            Column(self.of.capitalize(), "count"),
            Column("Share", "percent"),
            Column("Low", "percent"),
            Column("High", "percent"),
            *(Column(block, "count") for block in self.blocks),
        )
        by_day, by_hours = self.totals("day"), self.totals("hours")
        grid = [*self.grid(), *[np.full(len(self.blocks), np.nan)] * len(by_hours)]
        rows = pd.concat([by_day, by_hours]).to_dict("records")
        return Table(
            columns,
            tuple(
                (
                    row["group"],
                    *(number(row[name]) for name in ("count", "share", "low", "high")),
                    *(number(count) for count in counts),
                )
                for row, counts in zip(rows, grid, strict=True)
            ),
        )

    def summary(self) -> str:
        said = []
        for by, words in (("day", "on"), ("hours", "from")):
            known = self.totals(by).dropna()  # type: ignore[arg-type]
            if len(known):
                top = known.loc[known["share"].idxmax()]
                said.append(f"{words} {top['group']} ({top['share']:.1%}, {top['low']:.1%} to {top['high']:.1%})")
        group, count, share, between, chance = self.busiest()
        if not said or number(share) is None:
            return f"When the {self.of} happened is withheld: the counts are too small."
        beyond = "" if share > chance.high else " That is no more than chance would give."
        zone = " (UTC)" if self.clock == "UTC" else ""
        return (
            f"{self.of.capitalize()} were most frequent {' and '.join(said)}{zone}. The busiest block of the week was {group}: "
            f"{count:,.0f} {self.of}, {share:.1%} of all ({self.level:.0%} interval {between.low:.1%} to {between.high:.1%}); were "
            f"all blocks alike, chance would give the busiest {chance.low:.1%} to {chance.high:.1%}.{beyond}"
        )

    def plot(self, *, ax: Axes | None = None) -> Axes | None:
        if not np.isfinite(self.grid()).any() or not np.isfinite(self._events()):
            return None
        zone = "UTC" if self.clock == "UTC" else "local clock"
        fine = self.hourly is not None
        cells = self.hourly if self.hourly is not None else self.grid()
        return draw.heat_map(
            DAYS,
            [f"{hour:02d}" for hour in range(24)] if fine else self.blocks,
            cells,
            outlined=cells / self._events() > self._busiest_by_chance(cells.size).high,
            outline_means="more than chance would give the busiest",
            row_title="",
            column_title=f"{'hour' if fine else 'hours'} of the day, {zone} (numbers: {self.of})",
            ax=ax,
        )


def measure_hot_times(
    begin: ArrayLike,
    end: ArrayLike | None = None,
    *,
    count: ArrayLike | None = None,
    block_hours: BlockHours = 4,
    clock: Clock = "local",
    confidence_level: float = 0.95,
    n_resamples: int = 9_999,
    rng: np.random.Generator | None = None,
    of: str = "incidents",
) -> HotTimes:
    """Measure on which days and at which hours events happen.

    Answers: which hours of the week hold most of it, more than chance would put there?

    Parameters
    ----------
    begin, end : array_like of datetime, shape (n,)
        Earliest and latest time of each event, local clock times without an offset (`to_local` makes them from UTC).
        Without an end an event happened at its beginning.
    count : array_like of int, shape (n,), optional
        How many events have these times; one each when not given.
    block_hours : {1, 2, 3, 4, 6, 8, 12}
        Hours of a block. Single hours of the week hold too few events to leave; blocks of 4 or 6 do better.
    clock : {"local", "UTC"}
        Which clock the times are of. Stop-and-search records of police.uk are UTC: the result then says so.
    confidence_level : float
        Between 0 and 1.
    n_resamples : int
        Draws of the bootstrap and of chance.
    rng : numpy.random.Generator, optional
        Source of randomness.
    of : str
        What is counted, in the plural.

    Returns
    -------
    HotTimes
        Events by weekday and block of hours (sums of aoristic weights), the share of each day, of each block of hours
        and of the busiest block of the week, with bootstrap intervals and what chance would give the busiest.

    Raises
    ------
    ValueError
        For times that are no dates, have an offset, or differ in number; or blocks that do not fill a day.
    NotEstimableError
        When no event has a time that can be used.

    Notes
    -----
    Events are drawn anew and each is laid at one time by its weights, so that a total is binomial: the interval allows
    for the hours that are not known. Events that come together (a series, a night out) are taken as separate, which
    makes intervals too narrow. The busiest block is picked for being the busiest: expect less of it next time.

    A period of whole weeks has every weekday as often; in a month or two one weekday more is a tenth more of it.

    Do not use where times are those of reporting or recording.

    References
    ----------
    Ratcliffe JH (2002) Aoristic signatures and the spatio-temporal analysis of high volume crime patterns. J Quant
    Criminol 18:23. doi:10.1023/A:1013240828824

    Examples
    --------
    >>> found = measure_hot_times(["2024-01-06 23:30"] * 3 + ["2024-01-02 12:15"], rng=np.random.default_rng(1))
    >>> found.busiest()[:3]
    ('Saturday 20:00 to under 24:00', 3.0, 0.75)
    """
    if 24 % block_hours or block_hours == 24 or block_hours < 1:
        raise ValueError("block_hours must be 1, 2, 3, 4, 6, 8 or 12")
    normal_quantile(confidence_level)
    rng = np.random.default_rng() if rng is None else rng
    found = aoristic_weights(begin, end, count=count)
    if not found.used:
        raise NotEstimableError("no event has a time that can be used")
    why = {"no beginning": found.no_begin, "end before beginning": found.reversed_}
    return HotTimes(
        method=Method(
            "Aoristic weights by weekday and hour; bootstrap of events",
            "Ratcliffe & McCullagh 1998",
            {"hours of a block": block_hours, "resamples": n_resamples},
        ),
        unit=f"share of {of}",
        frame=_frame(found.weights, block_hours),
        hourly=found.weights,
        left_out={reason: count for reason, count in why.items() if count},
        clock=clock,
        n_resamples=n_resamples,
        seed=int(rng.integers(2**63)),
        level=confidence_level,
        of=of,
        caveats=_caveats(found, clock, begin, count),
    )


def _frame(weights: NDArray[np.float64], block_hours: int) -> pd.DataFrame:
    """Give one row a day and block of hours, then the totals of days, then of blocks."""
    grid = weights.reshape(7, -1, block_hours).sum(axis=2)
    blocks = [f"{hour:02d}:00 to under {hour + block_hours:02d}:00" for hour in range(0, 24, block_hours)]
    cells = pd.DataFrame(
        {"day": np.repeat(DAYS, len(blocks)), "hours": blocks * 7, "count": grid.ravel(), "total": False}
    )
    by_day = pd.DataFrame({"day": DAYS, "count": grid.sum(axis=1), "total": True})
    by_hours = pd.DataFrame({"hours": blocks, "count": grid.sum(axis=0), "total": True})
    return pd.concat([cells, by_day, by_hours], ignore_index=True)


def _caveats(found: AoristicWeights, clock: Clock, begin: ArrayLike, count: ArrayLike | None) -> tuple[str, ...]:
    """What a reader must know, without a count."""
    shares = (
        (found.no_begin, "Events without a beginning are left out"),
        (found.reversed_, "Events that end before they begin are left out (check the clocks)"),
        (
            found.spread,
            "Events known only between two times are spread evenly between them: those over more than an hour are",
        ),
        (found.whole_week, "Events spread over a week or more tell nothing of the hour"),
    )
    said = [f"{words}: {in_a_hundred(count / found.given)}" for count, words in shares if count]
    if weekdays_unequal(begin):
        said.append("The days from the first event to the last hold some weekdays once more than others")
    if at_midnight(begin, count=count) > _HEAPED:
        said.append("Many events begin at exactly 00:00, which is often written where no time was known")
    return (_CLOCKS[clock], *said, "Events are taken as separate; the busiest block was picked for being the busiest")
