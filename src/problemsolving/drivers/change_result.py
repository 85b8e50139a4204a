"""Changes of level as they are shown: offered for judgement, never as a fact."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from problemsolving import draw
from problemsolving.drivers.change_search import NEAR, Search, search_changes, t_of
from problemsolving.drivers.monthly import month_in_words
from problemsolving.drivers.segmentation import Settings
from problemsolving.drivers.told import ToldResult
from problemsolving.grouped import GroupedResult
from problemsolving.results import Column, Value, grouped_values, listed, number, whole
from problemsolving.stats.counts import log_ratio_error

if TYPE_CHECKING:
    from matplotlib.axes import Axes

OFTEN = 0.8  # share of simulated series in which a change must come back to be called steady
PICKED = "The month of a change was chosen by looking, so that its size is somewhat overstated and too sure"
ALIKE = 0.2  # correlation of neighbouring months that is worth a caveat


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ChangePoints(ToldResult, GroupedResult):
    """Months from which the rate may have been another: ``frame`` has ``group`` (month), ``count`` and ``days``.

    Everything else is searched for anew from these counts, the simulations from the same ``seed``.
    """

    margins: ClassVar[tuple[tuple[str, ...], ...]] = ((),)  # the total of all months is known elsewhere
    value_name: ClassVar[str] = "rate_ratio_at_change"
    decimals: ClassVar[int] = 2

    settings: Settings
    n_resamples: int
    ratio: float
    seed: int

    @property
    def complete(self) -> bool:
        return bool(self.frame["count"].notna().all() and self.frame["count"].sum() > 0)

    @property
    def search(self) -> Search:
        counts, days = (tuple(self.frame[name].astype(float)) for name in ("count", "days"))
        return search_changes(counts, days, self.settings, self.n_resamples, self.ratio, self.seed)

    @property
    def months(self) -> list[str]:
        """Months from which the rate may have been another."""
        return [self.frame["group"].iloc[start] for start in self.search.stretches.starts] if self.complete else []

    def estimates(self) -> pd.DataFrame:
        """Give each stretch: ``group``, ``count``, ``level`` (events a day, season taken out) and, with limits, the rate
        ratio to the stretch before (``estimate``, missing for the first) and how often the change came back.
        """  # noqa: D205
        if not self.complete:
            return pd.DataFrame({name: pd.Series(dtype=object) for name in self.columns()})
        cut, months = self.search.stretches, self.frame["group"].map(month_in_words).tolist()
        events = np.bincount(cut.labels, self.frame["count"])
        known, t = np.maximum(events, 0.5), t_of(cut, self.level)
        ends = [0, *cut.starts, len(months)]
        around = np.exp(t * np.sqrt(cut.dispersion / known))
        ratio = np.concatenate([[np.nan], cut.rates[1:] / cut.rates[:-1]])
        errors = [log_ratio_error(*pair, dispersion=cut.dispersion) for pair in pairwise(known)]
        reach = np.exp(t * np.array([np.nan, *errors]))
        return pd.DataFrame(
            {
                "group": [f"{months[first]} to {months[after - 1]}" for first, after in pairwise(ends)],
                "count": events,
                "level": cut.rates,
                "level_low": cut.rates / around,
                "level_high": cut.rates * around,
                "estimate": ratio,
                "low": ratio / reach,
                "high": ratio * reach,
                "returned": [np.nan, *self.search.returned],
            }
        )

    def changes(self) -> pd.DataFrame:
        """Give the changes alone: as `estimates`, with ``group`` the month from which the rate may have been another."""
        return self.estimates().iloc[1:].assign(group=[month_in_words(month) for month in self.months])

    def columns(self) -> dict[str, Column]:
        return {
            "group": Column("Stretch"),
            "count": Column(self.of.capitalize(), "count"),
            "level": Column("A day", "number"),
            "level_low": Column("Low", "number"),
            "level_high": Column("High", "number"),
            "estimate": Column("Rate ratio to the stretch before", "number", 2),
            "low": Column("Low", "number", 2),
            "high": Column("High", "number", 2),
            "returned": Column("Change found again in simulated series", "percent", 0),
        }

    def values(self) -> list[Value]:
        n = whole(self.frame["count"].sum()) if self.complete else None
        if not self.complete:
            return [Value(name="changes", estimate=None, unit="changes of level", n=None)]
        kept = [
            Value(
                name="found_again", group=row["group"], estimate=row["returned"], unit="share of simulated series", n=n
            )
            for row in self.changes().to_dict("records")
        ]
        ratios = grouped_values(self.changes(), "estimate", unit=self.unit, level=self.level, name=self.value_name)
        found = Value(name="changes", estimate=float(len(self.months)), unit="changes of level", n=n)
        alarms = Value(
            name="false_alarms", estimate=self.search.false_alarms, unit="share of steady series simulated alike", n=n
        )
        power = Value(
            name="power", estimate=number(self.search.power), unit="share of series simulated alike", n=n,
            group=f"rate ratio {self.ratio:g} half-way",
        )  # fmt: skip
        return [found, *ratios, *kept, alarms, *([] if self.months else [power])]

    def summary(self) -> str:
        if not self.complete:
            return "The series was not searched for changes: the count of at least one month is withheld."
        span = f"from {month_in_words(self.frame['group'].iloc[0])} to {month_in_words(self.frame['group'].iloc[-1])}"
        share = f"{self.search.false_alarms:.1%}" if self.search.false_alarms else "none"
        alarms = f"of {self.n_resamples:,} steady series simulated alike {share} showed some change"
        if not self.months:
            return (
                f"No change in the level of {self.of} was found {span}; one to {self.ratio:g} times the rate half-way would "
                f"have been found {self.search.power:.0%} of the time, and {alarms}."
            )
        said = [
            f"{row.group} ({row.estimate:.2f} times the rate before, {row.low:.2f} to {row.high:.2f}; found again within "
            f"{NEAR} months in {row.returned:.0%} of simulated series)"
            for row in self.changes().itertuples()
        ]
        return (
            f"Offered for judgement, not as fact: {span} the level of {self.of} may have changed in {listed(said)}; {alarms}. "
            "Ask what happened then, recording included, before believing it."
        )

    def alt_text(self) -> str:
        return f"A line of {self.of} a day by month, with the level of each stretch. {self.summary()}"

    def plot(self, *, ax: Axes | None = None) -> Axes | None:
        if not self.complete:
            return None
        shown = self.estimates()
        return draw.segments(
            [f"{pd.Period(month):%b %y}" for month in self.frame["group"]],
            self.frame["count"] / self.frame["days"],
            starts=self.search.stretches.starts,
            levels=shown["level"],
            low=shown["level_low"],
            high=shown["level_high"],
            notes=[
                f"{row.group}: {row.estimate:.2f} times\nfound again in {row.returned:.0%}"
                for row in self.changes().itertuples()
            ],
            level_name="level, season taken out" if self.settings.harmonics else "level",
            quantity=f"{self.of} a day",
            ax=ax,
        )

    def told(self) -> tuple[str, ...]:
        if not self.complete:
            return ()
        told = [PICKED] if self.months else []
        if min(self.search.returned, default=1.0) < OFTEN:
            told.append(
                f"A change that comes back in fewer than {OFTEN:.0%} of simulated series is weak: its month is not known"
            )
        if self.search.stretches.alike > ALIKE:
            told.append(
                "Neighbouring months are alike beyond the season: a slow wave can look like a step, although the search allows for much of it"
            )
        if self.months and self.search.line_fits_as_well:
            told.append("A steady rise or fall fits these months about as well as steps")
        return tuple(told)
