"""Funnel plots: which places differ from a target by more than chance and the usual spread between places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from problemsolving import draw
from problemsolving.errors import NotEstimableError
from problemsolving.grouped import SHOWN
from problemsolving.measures.funnel_inputs import caveats_of, check_choices, check_usual, method_of, read_places
from problemsolving.measures.funnel_limits import Estimator, Exact
from problemsolving.measures.funnel_numbers import FunnelNumbers, Limits, Measure
from problemsolving.results import Column, Kind, Table, listed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NAMED = 8  # places that the picture names at most
TOLD = 5  # places that the summary names at most, on each side
WIDE = 3.0  # times the target from which estimates are drawn at their root
SIZES = 160  # points at which the picture's limits are computed


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Funnel(FunnelNumbers):
    """Places around a target, between limits for chance and for the usual spread between places."""

    def columns(self) -> dict[str, Column]:
        kind: Kind = "percent" if self.measure == "proportion" else "rate"
        decimals = 2 if self.measure == "ratio" else 1
        many = len(self.frame) > SHOWN
        return {
            "group": Column(
                f"{self.heading} (the {SHOWN} furthest out of {len(self.frame):,})" if many else self.heading
            ),
            "count": Column(self.of.capitalize(), "count"),
            "expected": Column("Expected", "number"),
            "estimate": Column(self.unit.capitalize(), kind, decimals),
            "low": Column("Low", kind, decimals),
            "high": Column("High", kind, decimals),
            "outer_low": Column(f"{self.levels[1] * 100:g}% limits, low", kind, decimals),
            "outer_high": Column("high", kind, decimals),
            "position": Column("Position"),
        }

    def table(self) -> Table:
        """Give the places, those furthest out first; of many the first ones."""
        whole_table = super().table()
        return Table(whole_table.columns, whole_table.rows[:SHOWN])

    def _said(self, value: float) -> str:
        """Write an estimate with its unit."""
        if self.measure == "proportion":
            return f"{value:.1%}"
        return f"a ratio of {value:.2f}" if self.measure == "ratio" else f"{value:,.0f} {self.unit}"

    @property
    def _places(self) -> str:
        word = self.heading.lower()
        return f"{word[:-1]}ies" if word.endswith("y") else f"{word}s"

    @property
    def _around(self) -> str:
        """Say what the limits lie around."""
        at = self._said(self.centre.target * self.per)
        if self.given_target is not None:
            return f"the target of {at}"
        whose = f"the benchmark {self._places}" if self.benchmark else f"all {self._places}"
        whose += " shown" if len(self.known) < len(self.frame) else ""
        return f"the {self.measure} of {whose} together, {at}"

    def summary(self) -> str:
        if self.reason is not None:
            return f"No funnel can be drawn: {self.reason}."
        shown = self.estimates().dropna(subset="beyond")
        out, chance = shown[shown["beyond"].abs() >= 2], int((shown["beyond_chance"].abs() >= 2).sum())
        start = (
            f"Of {len(shown):,} {self._places}{' shown' if len(shown) < len(self.frame) else ''}, {chance:,} "
            f"({chance / len(shown):.0%}) lay outside the {self.levels[1] * 100:g}% limits that chance alone sets around {self._around}"
        )
        if self.limits == "plain":
            return f"{start}: {self._named(out)}." if len(out) else f"{start}."
        found = (
            f"{len(out):,} ({len(out) / len(shown):.0%}) stood out, {self._named(out)}"
            if len(out)
            else "none stood out"
        )
        return (
            f"{start}. Allowing for the usual spread between {self._places}, {found}; {(shown['beyond'] == 0).mean():.0%} lay "
            f"within the {self.levels[0] * 100:g}% limits."
        )

    def _named(self, out: pd.DataFrame) -> str:
        """Name the places above and those below the outer limits, the furthest first."""
        sides = {"above": out[out["beyond"] > 0], "below": out[out["beyond"] < 0]}
        said = []
        for side, mine in sides.items():
            names = mine["group"].astype(str).tolist()
            more = [f"{len(names) - TOLD:,} more"] if len(names) > TOLD else []
            many = f"{len(names):,} " if len(names) < len(out) else "all " if len(names) > 1 else ""
            said += [f"{many}{side} ({listed([*names[:TOLD], *more])})"] if names else []
        return listed(said)

    def alt_text(self) -> str:
        return (
            f"Funnel plot of {len(self.known):,} places: estimate against "
            f"{'number of cases' if self.measure == 'proportion' else f'expected {self.of}'}, limits narrowing to the right. {self.summary()}"
        )

    def plot(self, *, ax: Axes | None = None) -> Axes | None:
        if self.reason is not None:
            return None
        shown = self.estimates().dropna(subset="beyond")
        exposure, times = shown["exposure"].to_numpy(float), 100.0 if self.measure == "proportion" else self.per
        ends = exposure.min() * 0.85, exposure.max() * 1.06
        at = np.geomspace(*ends, SIZES) if ends[1] > 40 * ends[0] else np.linspace(*ends, SIZES)
        limits = {f"{level * 100:g}% limits": self._limits(at, level, plain=False) for level in self.levels}
        if self.limits != "plain":
            limits = {f"chance alone, {self.levels[1] * 100:g}%": self._limits(at, self.levels[1], plain=True)} | limits
        names = [str(row.group) if abs(row.beyond) >= 2 else "" for row in shown.itertuples()]
        quantities = {
            "rate": f"{self.of} per {self.per:,.0f}\nresidents a year",
            "ratio": "observed over expected",
            "proportion": f"% {self.of}",
        }
        return draw.funnel(
            self.centre.sizes(exposure),
            shown["estimate"] * times / self.per,
            beyond=shown["beyond"].abs(),
            labels=names[:NAMED],
            target=self.centre.target * times,
            at=self.centre.sizes(at),
            limits={words: (low * times, high * times) for words, (low, high) in limits.items()},
            quantity=quantities[self.measure],
            size="cases" if self.measure == "proportion" else f"{self.of} expected at the target",
            root=self.measure != "proportion" and bool(shown["estimate"].max() > WIDE * self.centre.target * self.per),
            withheld=len(self.frame) - len(shown),
            ax=ax,
        )


def funnel_plot(
    areas: pd.DataFrame,
    *,
    by: str,
    count: str = "count",
    population: str = "population",
    expected: str = "expected",
    measure: Measure = "rate",
    limits: Limits = "additive",
    exact: Exact = "percentile",
    benchmark: Sequence[str] | None = None,
    target: float | None = None,
    dispersion: float | None = None,
    years: float = 1.0,
    per: int = 100_000,
    winsorise: float = 0.1,
    estimator: Estimator = "consistent",
    levels: tuple[float, float] = (0.95, 0.998),
    confidence_level: float = 0.95,
    district: str = "district_name",
    of: str = "incidents",
    heading: str = "Area",
) -> Funnel:
    """Set places between limits around a target, so that only those stand out which chance and usual spread leave.

    Answers: which places differ from the others by more than places here usually do?

    Parameters
    ----------
    areas : pandas.DataFrame
        One row a place; rows of the same place are added up.
    by : str
        Column with the place.
    count, population, expected : str
        Columns with events (0 or more), residents or, for proportions, trials (above 0), and, for ratios, expected
        events (above 0).
    measure : {"rate", "ratio", "proportion"}
        Events per person-year, observed over expected events, or events out of trials.
    limits : {"additive", "multiplicative", "plain"}
        ``"additive"``: the variance between places (tau²) is added to that by chance. ``"multiplicative"``: the variance
        by chance is multiplied by the dispersion (phi). ``"plain"``: chance alone.
    exact : {"percentile", "interval"}
        What limits by chance are, as in `problemsolving.measures.funnel_limits.poisson_funnel_limits`.
    benchmark : sequence of str, optional
        Places that say what is usual: target and spread are theirs. All places when not given.
    target : float, optional
        A target from elsewhere, in the unit of the estimates; for ratios 1 when neither it nor a benchmark is given.
    dispersion : float, optional
        Variance over that by chance known from elsewhere, for example from the small areas within districts; with
        ``limits="multiplicative"``.
    years : float
        Length of the period in years, for rates.
    per : int
        Residents to which rates refer.
    winsorise, estimator
        As in `problemsolving.measures.funnel_limits.estimate_spread`.
    levels : tuple of float
        Inner and outer limits, between 0 and 1.
    confidence_level : float
        Of each place's own interval.
    district : str
        Column with the district of a place, where its total is shown elsewhere; used where ``areas`` has it.
    of, heading : str
        What is counted, in the plural, and what the places are.

    Returns
    -------
    Funnel
        Per ``per`` residents a year, as a ratio or as a proportion, with limits and position of each place.

    Raises
    ------
    ValueError
        For an unknown choice, counts below 0 or above the trials, exposures of 0 or less, a benchmark that is not among
        the places, or fewer than three places to estimate a spread from.
    NotEstimableError
        When there is no event, so that there is no target.

    Notes
    -----
    Chance limits are exact (`poisson_funnel_limits`, `binomial_funnel_limits`). Spread is estimated on the square root
    of observed over expected events, or on the arc sine of the root of a proportion, with the outermost tenth at each
    end winsorised; limits are brought back from there and are never narrower than the exact ones. With about tau
    between places on the square-root scale, rates differ with a coefficient of variation of about 2 tau.

    Widened limits show who differs from the usual, not whether the usual is acceptable. Do not use with fewer than ten
    places without a ``dispersion`` from elsewhere: a place that stands out then widens the limits it is judged by.
    Do not use resident rates for places that many visit and few live in.

    References
    ----------
    Spiegelhalter DJ (2005) Funnel plots for comparing institutional performance. Stat Med 24:1185. doi:10.1002/sim.1970
    Spiegelhalter DJ (2005) Handling over-dispersion of performance indicators. Qual Saf Health Care 14:347.
    doi:10.1136/qshc.2005.013755

    Examples
    --------
    >>> areas = pd.DataFrame({"area": list("abcd"), "count": [30, 20, 22, 8], "population": 1_000})
    >>> found = funnel_plot(areas, by="area", per=1_000, limits="plain").estimates()
    >>> found["group"].tolist(), found["expected"].tolist(), found["position"].tolist()
    (['d', 'a', 'c', 'b'], [20.0, 20.0, 20.0, 20.0], ['below 95%', 'above 95%', 'within', 'within'])
    """
    chosen: dict[str, str] = {"measure": measure, "limits": limits, "exact": exact, "estimator": estimator}
    check_choices(chosen, benchmark=benchmark, target=target, dispersion=dispersion, levels=levels, years=years)
    named = [str(name) for name in benchmark or ()]
    frame = read_places(
        areas,
        by=by,
        count=count,
        exposure=expected if measure == "ratio" else population,
        district=district,
        times=years if measure == "rate" else 1.0,
        benchmark=named,
        proportion=measure == "proportion",
    )
    usual = int(frame["in_target"].sum())
    check_usual(usual, limits=limits, dispersion=dispersion)
    units = {
        "rate": f"{of} per {per:,} residents a year",
        "ratio": "observed over expected",
        "proportion": "proportion",
    }
    result = Funnel(
        method=method_of(measure, limits, exact=exact, winsorise=winsorise, estimator=estimator, dispersion=dispersion),
        unit=units[measure],
        caveats=caveats_of(
            limits, places=len(frame), usual=usual, benchmark=named, dispersion=dispersion, levels=levels
        ),
        frame=frame,
        measure=measure,
        limits=limits,
        exact=exact,
        per=per if measure == "rate" else 1.0,
        given_target=1.0 if measure == "ratio" and target is None and not named else target,
        dispersion=dispersion,
        winsorise=winsorise,
        estimator=estimator,
        levels=levels,
        benchmark=tuple(named),
        level=confidence_level,
        of=of,
        heading=heading,
    )
    if not result.centre.known:
        raise NotEstimableError("a funnel needs a target above 0 (and below 1 for proportions); no event gives none")
    return result
