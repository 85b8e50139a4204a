"""A mean with Student's t interval."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from problemsolving.errors import NotEstimableError
from problemsolving.measures.reasoned import percent, some
from problemsolving.results import Column, Disclosure, Interval, Method, Result, Table, Value, interval, whole
from problemsolving.stats.intervals import normal_quantile


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Mean(Result):
    """A mean with Student's t interval, from the number of values, their mean and their standard deviation."""

    disclosure: ClassVar[Disclosure] = "distribution"
    drawn: ClassVar[bool] = False

    n: float
    mean: float
    deviation: float
    level: float = 0.95
    of: str = "values"

    @property
    def limits(self) -> Interval | None:
        """Mean plus and minus t times deviation / sqrt(n); nothing where n is withheld."""
        if math.isnan(self.n):
            return None
        reach = float(stats.t.ppf((1 + self.level) / 2, self.n - 1)) * self.deviation / math.sqrt(self.n)
        return interval(self.mean - reach, self.mean + reach, self.level)

    def values(self) -> list[Value]:
        limits = self.limits
        estimate, reason = (self.mean, None) if limits else (None, "withheld: the number of values is withheld")
        return [
            Value(name="mean", estimate=estimate, interval=limits, unit=self.unit, n=whole(self.n), reason=reason),
        ]

    def table(self) -> Table:
        columns = (
            Column(self.of.capitalize(), "count"),
            *(Column(name, "number", 2) for name in ("Mean", "Low", "High", "SD")),
        )
        limits = self.limits
        shown = (self.mean, limits.low, limits.high, self.deviation) if limits else (None,) * 4
        return Table(columns, ((whole(self.n), *shown),))

    def summary(self) -> str:
        limits = self.limits
        if limits is None:
            return "The mean is withheld: the number of values is too small."
        return (
            f"The mean of {self.n:,.0f} {self.of} was {_plain(self.mean)} {self.unit} "
            f"({percent(self.level)} interval {_plain(limits.low)} to {_plain(limits.high)})."
        )

    def cells(self) -> pd.DataFrame:
        return pd.DataFrame({"group": [self.of], "count": [self.n]})

    def rebuild(self, cells: pd.DataFrame) -> Self:
        return replace(self, n=float(cells["count"].iloc[0]))

    def blurred(self) -> Self:
        """Round to a step of a fifth to a half of the interval's half-width, so that two means do not tell the value between them."""
        limits = self.limits
        if limits is None or limits.high == limits.low:
            return replace(self, n=math.nan)
        step = _step((limits.high - limits.low) / 4)
        return replace(
            self,
            mean=float(step * round(self.mean / step)),
            deviation=float(step * max(1, round(self.deviation / step))),
        )

    def size(self) -> tuple[int, int]:
        return int(np.nan_to_num(self.n)), int(np.nan_to_num(self.n)) - 1


def _step(most: float) -> Fraction:
    """Largest of 1, 2 and 5 times a power of ten that is no more than ``most``.

    >>> float(_step(3.6)), float(_step(0.07))
    (2.0, 0.05)
    """
    power = Fraction(10) ** math.floor(math.log10(most))
    return max(times * power for times in (1, 2, 5) if times * power <= most)


def _plain(value: float) -> str:
    return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"


def estimate_mean(
    values: ArrayLike, *, confidence_level: float = 0.95, of: str = "values", unit: str = "units"
) -> Mean:
    """Estimate a mean with Student's t interval.

    Answers: how large is it on average, and how sure is that?

    Parameters
    ----------
    values : array_like, shape (n,)
        At least two numbers; missing ones are left out, with a caveat.
    confidence_level : float
        Between 0 and 1.
    of, unit : str
        What the values are of, in the plural, and their unit: "calls", "minutes".

    Returns
    -------
    Mean
        In the unit of the values.

    Raises
    ------
    ValueError
        For an infinite value or a level outside (0, 1).
    NotEstimableError
        For fewer than two values.

    Notes
    -----
    Limits: mean ± t(n - 1) s / sqrt(n). Do not use for few and very unequal values (minutes on scene, costs), of which
    a mean says little: give a median, or resample; nor for several values of the same person as if each were another's.

    References
    ----------
    Student (1908) The probable error of a mean. Biometrika 6:1. doi:10.1093/biomet/6.1.1

    Examples
    --------
    >>> result = estimate_mean([1, 2, 3])
    >>> result.mean, round(result.limits.low, 3), round(result.limits.high, 3)  # 2 ± 4.303 / sqrt(3)
    (2.0, -0.484, 4.484)
    """
    numbers = np.asarray(values, float).ravel()
    known = numbers[~np.isnan(numbers)]
    normal_quantile(confidence_level)
    if not np.isfinite(known).all():
        raise ValueError("values must be finite numbers; leave out what is no number")
    if known.size < 2:
        raise NotEstimableError("a mean with an interval needs at least two values")
    caveats = ["The interval takes the values as independent, one a person, and as not too unequal for their number"]
    if known.size < numbers.size:
        how_many = some(numbers.size - known.size, numbers.size)
        caveats.append(f"{how_many.capitalize()} of the {of} had no value and were left out: the mean is of the others")
    return Mean(
        method=Method("Mean, Student t limits", "Student 1908"),
        unit=unit,
        n=float(known.size),
        mean=float(known.mean()),
        deviation=float(known.std(ddof=1)),
        caveats=tuple(caveats),
        level=confidence_level,
        of=of,
    )
