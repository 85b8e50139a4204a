"""The numbers of a funnel: target, spread, limits and positions, all from the counts that are known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar, Literal, Self

import numpy as np
import pandas as pd

from problemsolving.grouped import GroupedResult
from problemsolving.measures.funnel_limits import Estimator, Exact, Pair, Spread, estimate_spread
from problemsolving.measures.funnel_scale import Centre
from problemsolving.results import Interval, Value, coarser, interval, number, whole

Measure = Literal["rate", "ratio", "proportion"]
Limits = Literal["additive", "multiplicative", "plain"]

LEAST = 3  # places without which there is no spread


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class FunnelNumbers(GroupedResult):
    """Places around a target: ``frame`` has ``group``, ``count``, ``exposure`` and ``in_target``.

    ``exposure`` is person-years for rates, expected events for ratios, trials for proportions. Target, spread, limits
    and positions are all computed from the counts that are known.
    """

    margins: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("part", "district"),  # without districts: all places
        ("group",),  # of a proportion: those with and those without make up the trials of a place
    )

    measure: Measure = "rate"
    limits: Limits = "additive"
    exact: Exact = "percentile"
    per: float = 100_000
    given_target: float | None = None  # in the unit of the estimates
    dispersion: float | None = None  # known from elsewhere
    winsorise: float = 0.1
    estimator: Estimator = "consistent"
    levels: tuple[float, float] = (0.95, 0.998)
    benchmark: tuple[str, ...] = ()

    def cells(self) -> pd.DataFrame:
        """Give the counts; for proportions those with and those without, so that neither tells the other."""
        if self.measure != "proportion":
            return self.frame
        without = self.frame.assign(count=self.frame["exposure"] - self.frame["count"])
        return pd.concat([self.frame.assign(part="with"), without.assign(part="without")], ignore_index=True)

    def rebuild(self, cells: pd.DataFrame) -> Self:
        if self.measure != "proportion":
            return replace(self, frame=cells)
        counts = cells["count"].to_numpy(float).reshape(2, -1)
        return replace(self, frame=self.frame.assign(count=counts[0], exposure=counts.sum(axis=0)))

    def blurred(self) -> Self:
        """Give a dispersion that was estimated elsewhere, from unrounded counts, to the next half."""
        if self.dispersion is None:
            return self
        spread = coarser(self.dispersion)
        settings = {**self.method.settings, "dispersion": spread}
        return replace(self, dispersion=spread, method=replace(self.method, settings=settings))

    @property
    def known(self) -> pd.DataFrame:
        return self.frame.dropna(subset=["count", "exposure"])

    @property
    def usual(self) -> pd.DataFrame:
        """The known places that say what is usual: the benchmark ones, else all."""
        return self.known[self.known["in_target"]]

    @cached_property
    def centre(self) -> Centre:
        """Target: the one given, else that of the usual places together."""
        mine = self.usual
        if self.given_target is not None:
            target = self.given_target / self.per
        else:
            target = float(mine["count"].sum() / mine["exposure"].sum()) if len(mine) else np.nan
        return Centre(target, proportion=self.measure == "proportion", exact=self.exact)

    @property
    def reason(self) -> str | None:
        """Why there are no limits, where there are none."""
        if not self.centre.known:
            return "the target cannot be computed from the counts that are shown"
        if self.limits != "plain" and self.dispersion is None and len(self.usual) < LEAST:
            return f"fewer than {LEAST} places are shown from which the spread could be estimated"
        return None

    @cached_property
    def spread(self) -> Spread:
        """Over-dispersion of the usual places about the target."""
        if self.dispersion is not None:
            return Spread(max(self.dispersion, 1.0), 0.0)
        if not self.centre.known or len(self.usual) < LEAST:
            return Spread(np.nan, np.nan)
        count, exposure = _arrays(self.usual)
        distances, errors = self.centre.distances(count, exposure), self.centre.errors(exposure)
        return estimate_spread(distances, errors, winsorise=self.winsorise, estimator=self.estimator)

    def _limits(self, exposure: np.ndarray, level: float, *, plain: bool) -> Pair:
        """Limits in events per unit of exposure."""
        if plain or self.limits == "plain":
            return self.centre.chance(exposure, level)
        return self.centre.limits(exposure, level, self.spread, additive=self.limits == "additive")

    def estimates(self) -> pd.DataFrame:
        """Give a row a place, those furthest out first and those withheld last.

        ``estimate`` with its own interval, ``expected`` events, limits (``inner_``, ``outer_``), ``beyond``: 0 within all
        limits, 1 above the inner ones, 2 above the outer ones, -1 and -2 below them; ``beyond_chance``: as much for the
        limits by chance alone; ``position``: ``beyond`` in words. Missing where withheld.
        """
        return self._estimated.copy()

    @cached_property
    def _estimated(self) -> pd.DataFrame:
        count, exposure = _arrays(self.frame)
        low, high = self.centre.intervals(count, exposure, self.level)
        rates = {"estimate": count / exposure, "low": low, "high": high}
        found = self.frame.assign(**{name: rate * self.per for name, rate in rates.items()})
        found["expected"] = exposure * self.centre.target
        added = ["inner_low", "inner_high", "outer_low", "outer_high", "beyond", "beyond_chance"]
        found[added] = np.nan
        shown = (self.frame["count"].notna() & self.frame["exposure"].notna()).to_numpy()
        if self.reason is None and shown.any():
            found.loc[shown, added] = self._positions(count[shown], exposure[shown])
        words = {0.0: "within"} | {
            sign * step: f"{side} {level * 100:g}%"
            for step, level in enumerate(self.levels, 1)
            for sign, side in ((1.0, "above"), (-1.0, "below"))
        }
        return found.assign(position=found["beyond"].map(words)).loc[self._order(found)]

    def _order(self, found: pd.DataFrame) -> pd.Index:
        """Order places by how many limits they lie beyond, then by their distance from the target against the limit's."""
        off = found["estimate"] - self.centre.target * self.per
        room = found["outer_high"].where(off >= 0, found["outer_low"]) - self.centre.target * self.per
        keys = pd.DataFrame({"beyond": found["beyond"].abs(), "far": off / room.where(room != 0)})
        return keys.sort_values(["beyond", "far"], ascending=False, kind="stable", na_position="last").index

    def _positions(self, count: np.ndarray, exposure: np.ndarray) -> np.ndarray:
        """Give inner and outer limits, and how many of them each place lies beyond, with and without the spread."""
        columns, beyond, rates = [], np.zeros((2, count.size)), count / exposure
        for level in self.levels:
            for row, plain in enumerate((False, True)):
                low, high = self._limits(exposure, level, plain=plain)
                beyond[row] += (rates > high).astype(float) - (rates < low)
                columns += [] if plain else [low * self.per, high * self.per]
        return np.column_stack([*columns, *beyond])

    def outside(self) -> pd.DataFrame:
        """Give the share of the shown places outside the inner and outer limits, with and without the spread."""
        found = self.estimates()[["beyond", "beyond_chance"]].dropna().abs()
        shares = {name: (found >= step).mean() for step, name in ((1, "inner"), (2, "outer"))}
        return pd.DataFrame(shares, index=found.columns, dtype=float)

    def _target_interval(self) -> Interval | None:
        if self.given_target is not None or not self.centre.known:
            return None
        count, exposure = (sums.reshape(1) for sums in np.sum(_arrays(self.usual), axis=1))
        low, high = self.centre.intervals(count, exposure, self.level)
        return interval(low[0] * self.per, high[0] * self.per, self.level)

    def values(self) -> list[Value]:
        """Give target, shares of places outside, over-dispersion, and each place's estimate with its own interval."""
        n = whole(self.known["count"].sum()) if len(self.known) else None
        shares, spread, reason = self.outside(), self.spread, self.reason
        numbers: list[tuple[str, str | None, float, str]] = [
            (name, f"{level * 100:g}%", shares.loc[row, which], "share of places")
            for name, row in (("share_outside_limits", "beyond"), ("share_outside_chance_limits", "beyond_chance"))
            for which, level in zip(("inner", "outer"), self.levels, strict=True)
        ]
        if self.limits != "plain":
            numbers.append(("dispersion", None, spread.dispersion, "variance over that by chance"))
        if self.limits == "additive":
            scale = "arc sine of the root" if self.measure == "proportion" else "root of observed over expected"
            numbers.append(("spread_between_places", None, spread.between, f"standard deviation of the {scale}"))
        target = Value(
            name="funnel_target",
            estimate=number(self.centre.target * self.per),
            interval=self._target_interval(),
            unit=self.unit,
            n=None if self.given_target is not None else n,
            reason=None if self.centre.known else reason,
        )
        others = [
            Value(name=name, group=group, estimate=number(value), unit=unit, n=n, reason=reason)
            for name, group, value, unit in numbers
        ]
        return [target, *others, *super().values()]


def _arrays(places: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Give counts and exposures."""
    return places["count"].to_numpy(float), places["exposure"].to_numpy(float)
