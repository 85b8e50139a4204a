"""Did the response areas do better than their comparison: ratio, difference and placebo."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
import pandas as pd
from scipy import stats

from problemsolving import draw
from problemsolving.evaluation.change import share_dispersion
from problemsolving.results import Column, FrameResult, Interval, Method, Table, Value, coarser, interval, number, whole
from problemsolving.stats.counts import log_ratio_error
from problemsolving.stats.intervals import normal_quantile
from problemsolving.stats.resampling import resampled_p

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MIN_PLACEBOS = 40


def weighted_displacement_difference(
    *,
    treated: Sequence[float],
    control: Sequence[float],
    displacement_treated: Sequence[float] = (0, 0),
    displacement_control: Sequence[float] = (0, 0),
    time_weights: Sequence[float] = (1, 1),
    area_weights: Sequence[float] = (1, 1, 1, 1),
    confidence_level: float = 0.95,
) -> tuple[float, float, Interval]:
    """Weighted displacement difference of counts before and after.

    Answers: how many events fewer (or more) than the comparison would lead us to expect, displacement included?

    Parameters
    ----------
    treated, control, displacement_treated, displacement_control : sequence of two floats
        Counts before and after.
    time_weights : sequence of two floats
        Length of the two periods: counts are divided by them.
    area_weights : sequence of four floats
        Size of the four sets of areas, in the order treated, control, displacement treated, displacement
        control, relative to the treated areas: counts are divided by them.
    confidence_level : float
        Between 0 and 1.

    Returns
    -------
    difference, standard_error : float
        In events; negative means fewer.
    interval : Interval

    Raises
    ------
    ValueError
        For a negative count or a weight of 0 or less.

    Notes
    -----
    The variance assumes Poisson counts: on real months, which vary more, the interval is too narrow.

    References
    ----------
    Wheeler AP, Ratcliffe JH (2018) Crime Science 7:11. doi:10.1186/s40163-018-0085-5

    Examples
    --------
    >>> weighted_displacement_difference(treated=(207, 110), control=(308, 318))[0]
    -107.0
    """
    counts = np.array([treated, control, displacement_treated, displacement_control], float)
    weights = np.outer(np.asarray(area_weights, float), np.asarray(time_weights, float))
    if (counts < 0).any() or (weights <= 0).any():
        raise ValueError("counts must be 0 or more and weights above 0")
    change = (counts / weights) @ (-1, 1)
    difference = float(change[0] - change[1] + change[2] - change[3])
    error = float(np.sqrt((counts / weights**2).sum()))
    reach = normal_quantile(confidence_level) * error
    return difference, error, Interval(difference - reach, difference + reach, confidence_level)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Effect(FrameResult):
    """Treated against comparison areas: ``frame`` has ``role``, ``when``, ``count``, ``days``, ``areas``.

    Roles: treated, comparison and, where named, buffer.
    """

    margins: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("when",),
        ("role",),
    )  # the sets of areas may make up the whole area

    dispersion: float
    freedom: int
    placebo_p: float | None
    placebos: int
    level: float = 0.95
    of: str = "incidents"

    def blurred(self) -> Self:
        return replace(self, dispersion=coarser(self.dispersion))

    def _count(self, role: str) -> tuple[float, float]:
        rows = self.frame[self.frame["role"] == role].set_index("when")["count"]
        return (float(rows["before"]), float(rows["after"])) if len(rows) else (0.0, 0.0)

    @property
    def _quantile(self) -> float:
        return float(stats.t.ppf((1 + self.level) / 2, self.freedom))

    @property
    def ratio(self) -> tuple[float, float, float]:
        """Ratio of rate ratios with its limits: change in treated areas over change in comparison areas."""
        counts = [*self._count("treated"), *self._count("comparison")]
        if not all(count > 0 for count in counts):
            return (np.nan,) * 3
        estimate = (counts[1] / counts[0]) / (counts[3] / counts[2])
        reach = np.exp(self._quantile * log_ratio_error(*counts, dispersion=self.dispersion))
        return estimate, estimate / reach, estimate * reach

    @property
    def difference(self) -> tuple[float, float, float]:
        """Weighted displacement difference, comparison scaled to as many areas as treated and buffer have, and limits."""
        treated, control, buffer = self._count("treated"), self._count("comparison"), self._count("buffer")
        if np.isnan([*treated, *control, *buffer]).any() or control[0] == 0:
            return (np.nan,) * 3
        lengths = self.frame.groupby("when")["days"].first()
        sizes = (
            self.frame.groupby("role")["areas"].first()
            / self.frame.loc[self.frame["role"] == "treated", "areas"].iloc[0]
        )
        difference, error, _ = weighted_displacement_difference(
            treated=treated,
            control=control,
            displacement_treated=buffer,
            time_weights=(1.0, lengths["after"] / lengths["before"]),
            area_weights=(1.0, sizes["comparison"] / (1.0 + sizes.get("buffer", 0.0)), 1.0, 1.0),
            confidence_level=self.level,
        )
        reach = self._quantile * error * np.sqrt(self.dispersion)
        return difference, difference - reach, difference + reach

    def values(self) -> list[Value]:
        n = whole(self._count("treated")[1])
        ratio, difference = self.ratio, self.difference
        reason = None if number(ratio[0]) is not None else "a count is zero or withheld"
        found = [
            Value(
                name="effect_ratio",
                estimate=number(ratio[0]),
                interval=interval(*ratio[1:], self.level),
                unit="ratio of rate ratios",
                n=n,
                reason=reason,
            ),
            Value(
                name="weighted_displacement_difference",
                estimate=number(difference[0]),
                interval=interval(*difference[1:], self.level),
                unit=self.of,
                n=n,
                reason=None if number(difference[0]) is not None else reason,
            ),
        ]
        if self.placebo_p is not None and reason is None:
            found.append(Value(name="placebo_p", estimate=self.placebo_p, unit="p", n=self.placebos))
        return found

    def table(self) -> Table:
        rows = [(role, *(whole(count) for count in self._count(role))) for role in self.frame["role"].unique()]
        return Table((Column("Areas"), Column("Before", "count"), Column("After", "count")), tuple(rows))

    def summary(self) -> str:
        ratio, low, high = self.ratio
        if np.isnan(ratio):
            return "The effect is withheld: a count is zero or too small."
        areas = self.frame.groupby("role")["areas"].first()
        before = [self._count(role)[0] / areas[role] for role in ("treated", "comparison")]
        agreed = self.placebo_p is None or self.placebo_p <= 1 - self.level
        way = "fell" if high < 1 and agreed else "rose" if low > 1 and agreed else "did not clearly change"
        text = f"Against the comparison areas, {self.of} in the response areas {way}: ratio of rate ratios {ratio:.2f} ({low:.2f} to {high:.2f})"
        diff = self.difference
        if not np.isnan(diff[0]):
            text += f", a weighted displacement difference of {diff[0]:+,.0f} {self.of} ({diff[1]:+,.0f} to {diff[2]:+,.0f})"
        if self.placebo_p is not None:
            text += f"; placebo p {self.placebo_p:.3f} from {self.placebos} sets of comparison areas (smallest possible {1 / (1 + self.placebos):.3f})"
        if not 0.75 <= before[0] / before[1] <= 4 / 3:
            text += ". Before the response the two sets of areas differed by more than a quarter in incidents an area, so the difference in counts is a weak guide"
        return text + "."

    def plot(self, *, ax: Axes | None = None) -> Axes | None:
        ratio, low, high = self.ratio
        if np.isnan(ratio):
            return None
        return draw.intervals(
            ["response areas against comparison"],
            [ratio],
            low=[low],
            high=[high],
            reference=1.0,
            log=True,
            quantity="ratio of rate ratios (log scale; 1 = no difference)",
            ax=ax,
        )


def estimate_effect(
    monthly: pd.DataFrame,
    *,
    treated: Sequence[str],
    comparison: Sequence[str],
    buffer: Sequence[str] = (),
    before: Sequence[str],
    after: Sequence[str],
    days: dict[str, int],
    confidence_level: float = 0.95,
    n_placebos: int = 999,
    rng: np.random.Generator | None = None,
    of: str = "incidents",
) -> Effect:
    """Estimate what changed in the response areas against comparison areas.

    Answers: did the response areas do better than areas that had no response?

    Parameters
    ----------
    monthly : pandas.DataFrame
        Months (index) × small areas (columns) of counts.
    treated, comparison, buffer : sequence of str
        Columns with the response, without it, and around it (for displacement).
    before, after : sequence of str
        Months of the two periods.
    days : dict
        Month → days in it.
    confidence_level : float
        Between 0 and 1.
    n_placebos : int
        Random sets of comparison areas, as many as were treated, that play the response areas.
    rng : numpy.random.Generator, optional
        Source of randomness.
    of : str
        What is counted, in the plural.

    Returns
    -------
    Effect
        Ratio of rate ratios with t limits, variance scaled by how much areas of the same set change by
        themselves; weighted displacement difference (events); the two-sided placebo p where at least 40 distinct
        sets of comparison areas can play the treated ones (its smallest possible value is 1 / (1 + sets)).

    Raises
    ------
    ValueError
        For no treated or no comparison areas, or an area in both.
    """
    rng = np.random.default_rng() if rng is None else rng
    if (
        not len(treated)
        or not len(comparison)
        or set(treated) & {*comparison, *buffer}
        or set(comparison) & set(buffer)
    ):
        raise ValueError("name treated and comparison areas, none in both")
    roles = {"treated": treated, "comparison": comparison} | ({"buffer": buffer} if len(buffer) else {})
    rows = [
        (
            role,
            when,
            float(monthly.loc[list(months), list(places)].to_numpy().sum()),
            sum(days[m] for m in months),
            len(places),
        )
        for role, places in roles.items()
        for when, months in (("before", before), ("after", after))
    ]
    spread, freedom = _drift(monthly, roles, before, after)
    effect = Effect(
        method=Method(
            "Ratio of rate ratios with dispersion; weighted displacement difference; placebo in space",
            "Wheeler & Ratcliffe 2018",
        ),
        unit="ratio of rate ratios",
        design="quasi-experimental",
        frame=pd.DataFrame(rows, columns=["role", "when", "count", "days", "areas"]),
        dispersion=spread,
        freedom=freedom,
        placebo_p=None,
        placebos=0,
        level=confidence_level,
        of=of,
    )
    if not np.isfinite(effect.ratio[0]):
        return effect
    totals = np.stack([monthly.loc[list(months), list(comparison)].sum().to_numpy(float) for months in (before, after)])
    placebo = _placebo(totals, len(treated), abs(np.log(effect.ratio[0])), n_placebos, rng)
    return replace(effect, placebo_p=placebo[0], placebos=placebo[1]) if placebo else effect


def _drift(
    monthly: pd.DataFrame, roles: dict[str, Sequence[str]], before: Sequence[str], after: Sequence[str]
) -> tuple[float, int]:
    """How much more than chance areas change by themselves: dispersion within each set of areas, and its freedom.

    Two sources are looked at, what areas do between the periods and how months split between the sets, and the
    larger is taken.
    """
    totals = pd.DataFrame([monthly.loc[list(months)].sum() for months in (before, after)])
    pieces = [
        (share_dispersion(totals[list(roles[role])]), len(roles[role]) - 1)
        for role in ("treated", "comparison")
        if len(roles[role]) > 1
    ]
    freedom = sum(count for _, count in pieces)
    between = sum(value * count for value, count in pieces) / freedom if freedom else 1.0
    summed = pd.DataFrame({role: monthly[list(roles[role])].sum(axis=1) for role in ("treated", "comparison")})
    by_month = float(np.mean([share_dispersion(summed.loc[list(months)]) for months in (before, after)]))
    return max(between, by_month), max(freedom if between >= by_month else len(before) + len(after) - 2, 1)


def _placebo(
    totals: np.ndarray, treated: int, observed: float, n_placebos: int, rng: np.random.Generator
) -> tuple[float, int] | None:
    """Let sets of comparison areas play the treated ones; None where too few distinct sets exist to mean anything."""
    size = totals.shape[1]
    if size < 2 * treated:
        return None
    distinct = math.comb(size, treated)
    if distinct < MIN_PLACEBOS * (2 if size == 2 * treated else 1):
        return None
    every = distinct <= n_placebos
    sets = combinations(range(size), treated) if every else (rng.permutation(size)[:treated] for _ in range(n_placebos))
    extreme = tried = 0
    for chosen in sets:
        inside = totals[:, list(chosen)].sum(axis=1)
        outside = totals.sum(axis=1) - inside
        possible = inside.all() and outside.all()
        size_of_effect = abs(np.log((inside[1] / inside[0]) / (outside[1] / outside[0]))) if possible else np.inf
        extreme += size_of_effect >= observed - 1e-12
        tried += 1
    return resampled_p(int(extreme), tried), tried
