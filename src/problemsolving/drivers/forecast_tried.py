"""Methods of forecasting beside each other: what each would have been worth on the past of a series."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np
import pandas as pd

from problemsolving.drivers.forecast_trials import Trial, try_methods
from problemsolving.drivers.told import ToldResult
from problemsolving.results import Column, Table, Value, number, whole

BENCHMARK = "seasonal naive"
SCORES = {
    "mase": "mean absolute scaled error, below 1 is closer than last year's month was",
    "mae": "",
    "rmse": "",
    "mape": "percent",
    "pinball": "",
    "coverage": "share of past months inside their interval",
}  # score → unit; empty: events a day


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class TriedResult(ToldResult):
    """Base of what comes of a series and methods tried on its past: ``frame`` has ``group``, ``count`` and ``days``."""

    margins: ClassVar[tuple[tuple[str, ...], ...]] = ((),)  # the total of all months is known elsewhere

    horizon: int
    methods: tuple[str, ...]
    level: float = 0.95
    of: str = "incidents"

    @property
    def complete(self) -> bool:
        return bool(self.frame["count"].notna().all() and self.frame["count"].sum() > 0)

    @property
    def series(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Events and days of the months."""
        counts, days = (tuple(self.frame[name].astype(float)) for name in ("count", "days"))
        return counts, days

    @property
    def trials(self) -> dict[str, Trial]:
        """How each method did from past starting points (`problemsolving.drivers.forecast_trials.try_methods`)."""
        return try_methods(*self.series, self.horizon, self.methods)

    @property
    def starts(self) -> int:
        """Past starting points."""
        return len(self.trials[BENCHMARK].forecast)

    @property
    def best(self) -> str:
        """The method that came closest."""
        return str(self.scores()["method"].iloc[0])

    def scores(self) -> pd.DataFrame:
        """Give one row a method, the closest first, with every score."""
        return _scores(*self.series, self.horizon, self.methods, self.level).copy()


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ForecastScores(TriedResult):
    """How far each method was off, from past starting points, a row a method."""

    drawn: ClassVar[bool] = False

    def values(self) -> list[Value]:
        if not self.complete:
            return [Value(name=score, estimate=None, unit=unit or self.unit, n=None) for score, unit in SCORES.items()]
        n = whole(self.frame["count"].sum())
        return [
            Value(name=score, group=row["method"], estimate=number(row[score]), unit=unit or self.unit, n=n)
            for row in self.scores().to_dict("records")
            for score, unit in SCORES.items()
        ]

    def table(self) -> Table:
        columns = (
            Column("Method"),
            Column("MASE", "number", 2),
            Column("Mean absolute error, a day", "number", 2),
            Column("Root mean squared error, a day", "number", 2),
            Column("MAPE, %", "number"),
            Column("Pinball loss of the limits, a day", "number", 3),
            Column("Inside the interval", "percent", 0),
        )
        if not self.complete:
            return Table(columns, ())
        rows = self.scores()[["method", *SCORES]].to_dict("records")
        return Table(columns, tuple((row["method"], *(number(row[score]) for score in SCORES)) for row in rows))

    def summary(self) -> str:
        if not self.complete:
            return "Methods were not tried: the count of at least one month is withheld."
        mase = self.scores().set_index("method")["mase"]
        return (
            f"From {self.starts} past starting points {self.best} came closest to {self.of} up to {self.horizon} months ahead "
            f"(mean absolute scaled error {in_words(mase[self.best])}; the same month of the year before "
            f"{in_words(mase[BENCHMARK])})."
        )


@lru_cache(maxsize=64)
def _scores(
    counts: tuple[float, ...], days: tuple[float, ...], horizon: int, methods: tuple[str, ...], level: float
) -> pd.DataFrame:
    """Score each method; of equals, last year's month stands first."""
    trials = try_methods(counts, days, horizon, methods)
    frame = pd.DataFrame(
        {"method": name, **trial.scores(), "pinball": trial.pinball(level), "coverage": trial.coverage(level)}
        for name, trial in trials.items()
    )
    by = "mase" if frame["mase"].notna().all() else "mae"
    order = np.lexsort([frame["method"].ne(BENCHMARK), frame[by]])
    return frame.iloc[order].reset_index(drop=True)


def in_words(score: float) -> str:
    """Write a scaled error, which a series that repeats itself exactly does not have.

    >>> in_words(0.714), in_words(float("nan"))
    ('0.71', 'not defined')
    """
    return "not defined" if np.isnan(score) else f"{score:.2f}"
