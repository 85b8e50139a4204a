"""Are all days of the week (or hours, or months) alike? Exact for few events, drawn for many."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Literal, Self

import numpy as np
import pandas as pd
from scipy import stats

from problemsolving import draw
from problemsolving.grouped import GroupedResult
from problemsolving.results import Column, Method, Value, number, whole
from problemsolving.stats.intervals import normal_quantile, wilson_limits
from problemsolving.stats.multinomial import MultinomialTest, Statistic, multinomial_test

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class EqualTimes(GroupedResult):
    """Events by day beside an even spread: ``frame`` has ``group``, ``count`` and ``probability``.

    The estimate of a day is its count over what an even spread would give it. All limits hold together at the level.
    """

    margins: ClassVar[tuple[tuple[str, ...], ...]] = ((),)
    value_name: ClassVar[str] = "ratio_to_even"
    decimals: ClassVar[int] = 2

    test: MultinomialTest
    statistic: Statistic = "G"
    n_resamples: int = 9_999
    seed: int = 0
    what: str = "day"

    def rebuild(self, cells: pd.DataFrame) -> Self:
        if np.array_equal(cells["count"].to_numpy(float), self.frame["count"].to_numpy(float)):
            return self
        return replace(self, frame=cells, test=_tested(cells, self.statistic, "auto", self.n_resamples, self.seed))

    def estimates(self) -> pd.DataFrame:
        """Give ``estimate``, ``low`` and ``high`` a day, and the range that chance would give it."""
        counts, shares = self.frame["count"].to_numpy(float), self.frame["probability"].to_numpy(float)
        total = counts.sum()
        together = 1 - (1 - self.level) / len(counts)  # Bonferroni
        if not total > 0:
            nothing = np.full(len(counts), np.nan)
            return self.frame.assign(
                estimate=nothing, low=nothing, high=nothing, chance_low=nothing, chance_high=nothing
            )
        low, high = wilson_limits(counts, np.full(len(counts), total), confidence_level=together)
        tail = (1 - together) / 2
        by_chance = [stats.binom.ppf(edge, round(total), shares) / total / shares for edge in (tail, 1 - tail)]
        return self.frame.assign(
            estimate=counts / total / shares,
            low=low / shares,
            high=high / shares,
            chance_low=by_chance[0],
            chance_high=by_chance[1],
        )

    def columns(self) -> dict[str, Column]:
        return super().columns() | {
            "chance_low": Column("By chance, low", "number", 2),
            "chance_high": Column("By chance, high", "number", 2),
        }

    def values(self) -> list[Value]:
        n = whole(self.frame["count"].sum(skipna=False))
        reason = None if n is not None else "withheld: a count is too small"
        return [
            *super().values(),
            Value(name="statistic", estimate=number(self.test.statistic), unit=self.statistic, n=n, reason=reason),
            Value(name="p", estimate=number(self.test.p), unit="probability", n=n, reason=reason),
        ]

    def summary(self) -> str:
        shown = self.estimates().dropna(subset="estimate")
        if shown.empty:
            return f"Whether every {self.what} is alike is withheld: a count is too small."
        top, total = shown.loc[shown["estimate"].idxmax()], self.frame["count"].sum()
        how = "exact" if self.test.method == "exact" else "drawn"
        uneven = self.test.p <= round(1 - self.level, 9)
        said = "were not spread evenly" if uneven else "were not clearly uneven"
        return (
            f"The {total:,.0f} {self.of} {said} over the {self.what}s ({self.statistic} {self.test.statistic:.2f}, {how} p "
            f"{_p_in_words(self.test.p)}). The busiest {self.what} was {top['group']} with {top['count']:,.0f}, "
            f"{top['estimate']:.2f} times an even share ({self.level:.0%} interval {top['low']:.2f} to {top['high']:.2f}, "
            f"allowing for picking the busiest of {len(shown)}; chance alone {top['chance_low']:.2f} to {top['chance_high']:.2f})."
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
            quantity=f"{self.of} over an even share of them",
            ax=ax,
        )


def equal_times_test(
    counts: Mapping[str, int] | pd.Series,
    *,
    probabilities: Mapping[str, float] | pd.Series | None = None,
    statistic: Statistic = "G",
    method: Literal["auto", "exact", "monte-carlo"] = "auto",
    confidence_level: float = 0.95,
    n_resamples: int = 9_999,
    rng: np.random.Generator | None = None,
    what: str = "day",
    of: str = "incidents",
) -> EqualTimes:
    """Test whether events are spread evenly over the days of the week, or other times.

    Answers: is one day really busier, or could so few events fall so by chance? And by how much?

    Parameters
    ----------
    counts : mapping of str to int
        Events by day, in the order in which to show them; days without events included.
    probabilities : mapping of str to float, optional
        Share of the time that each takes up (28 of 365 days for February); equal when not given.
    statistic : {"G", "chi-squared"}
        What makes an outcome remarkable.
    method : {"auto", "exact", "monte-carlo"}
        Look at every outcome, or draw some; ``"auto"`` looks at every one where that is feasible.
    confidence_level : float
        Between 0 and 1.
    n_resamples : int
        Outcomes drawn where not every one is looked at.
    rng : numpy.random.Generator, optional
        Source of randomness.
    what : str
        What the groups are, in the singular.
    of : str
        What is counted, in the plural.

    Returns
    -------
    EqualTimes
        Count of each day over an even share (ratio) with Wilson limits that hold for all days together (Bonferroni),
        the range that chance would give, the statistic and its p.

    Raises
    ------
    ValueError
        For counts that are negative or not whole, no events, fewer than two days, or probabilities of other days.

    Notes
    -----
    Assumes that events happen separately. Where several belong to one occasion, or weeks differ, the test finds
    differences too often: count occasions. Where days are known only within limits, use those known to the day.

    References
    ----------
    Wheeler AP (2016) Testing serial crime events for randomness in day of week patterns with small samples. J
    Investigative Psychology and Offender Profiling 13:148. doi:10.1002/jip.1449

    Examples
    --------
    >>> days = dict(zip(["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"], [0, 0, 0, 0, 0, 3, 0]))
    >>> found = equal_times_test(days)
    >>> round(found.test.statistic, 2), round(found.test.p, 4), float(found.estimates()["estimate"].max())
    (11.68, 0.0204, 7.0)
    """
    rng = np.random.default_rng() if rng is None else rng
    normal_quantile(confidence_level)
    seen = pd.Series(counts, dtype=float)
    if not seen.sum() > 0:
        raise ValueError("counts must hold at least one event, and none may be missing")
    shares = (
        pd.Series(1 / max(len(seen), 1), index=seen.index)
        if probabilities is None
        else pd.Series(probabilities, dtype=float)
    )
    if set(shares.index) != set(seen.index):
        raise ValueError("probabilities must name the same times as counts")
    frame = pd.DataFrame(
        {"group": seen.index.astype(str), "count": seen.to_numpy(), "probability": shares[seen.index].to_numpy()}
    )
    seed = int(rng.integers(2**63))
    return EqualTimes(
        method=Method(
            "Multinomial test against an even spread, Wilson limits", "Wheeler 2016", {"statistic": statistic}
        ),
        unit="ratio to an even share",
        frame=frame,
        test=_tested(frame, statistic, method, n_resamples, seed),
        statistic=statistic,
        n_resamples=n_resamples,
        seed=seed,
        level=confidence_level,
        what=what,
        of=of,
        heading=what.capitalize(),
        caveats=("Events are taken as separate: several on one occasion make days seem more different than they are",),
    )


def _tested(
    frame: pd.DataFrame,
    statistic: Statistic,
    method: Literal["auto", "exact", "monte-carlo"],
    n_resamples: int,
    seed: int,
) -> MultinomialTest:
    """Test the counts of a frame; a test without numbers where one is withheld or nothing is left."""
    counts = frame["count"].to_numpy(float)
    if not counts.sum() > 0:
        return MultinomialTest(statistic=np.nan, p=np.nan, method="monte-carlo", outcomes=0)
    return multinomial_test(
        counts,
        probabilities=frame["probability"].to_numpy(float),
        statistic=statistic,
        method=method,
        n_resamples=n_resamples,
        rng=np.random.default_rng(seed),
    )


def _p_in_words(p: float) -> str:
    """Write p.

    >>> _p_in_words(0.00004), _p_in_words(0.0204)
    ('below 0.001', '0.020')
    """
    return "below 0.001" if p < 0.001 else f"{p:.3f}"
