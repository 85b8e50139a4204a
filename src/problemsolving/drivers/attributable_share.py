"""Attributable shares: how much of a problem goes with a driver, on the assumption that the driver causes it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
import pandas as pd

from problemsolving import draw
from problemsolving.drivers.attributable_fractions import (
    ASSUMPTION,
    NOT_ADDITIVE,
    Form,
    NotAdditive,
    attributable_fraction,
    e_value,
    population_attributable_fraction,
)
from problemsolving.results import Column, FrameResult, Interval, Method, Table, Value, interval, number, whole
from problemsolving.stats.intervals import normal_quantile

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class AttributableShare(NotAdditive, FrameResult):
    """Risk ratio, attributable shares and E-value from four counts: ``frame`` has ``exposure``, ``outcome``, ``count``.

    ``adjusted`` is a risk ratio from elsewhere that takes the place of the counts' own.
    """

    margins: ClassVar[tuple[tuple[str, ...], ...]] = (("exposure",), ("outcome",))

    driver: str
    of: str = "cases"
    form: Form = "Miettinen"
    adjusted: tuple[float, float, float] | None = None
    level: float = 0.95

    def _counts(self) -> tuple[float, float, float, float]:
        """Exposed with and without the outcome, then those not exposed."""
        a, b, c, d = self.frame["count"].to_numpy(float)
        return a, b, c, d

    @property
    def ratio(self) -> tuple[float, float, float]:
        """Risk ratio with its limits; missing where a count is withheld or 0."""
        a, b, c, d = self._counts()
        if not (a > 0 and c > 0 and b >= 0 and d >= 0):
            return (np.nan,) * 3
        if self.adjusted is not None:
            return self.adjusted
        ratio = (a / (a + b)) / (c / (c + d))
        reach = np.exp(normal_quantile(self.level) * np.sqrt(1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)))
        return ratio, ratio / reach, ratio * reach

    @property
    def share(self) -> tuple[float, float, float]:
        """Population attributable fraction with its limits, by the delta method on the log of what would remain."""
        ratio, low, high = self.ratio
        if np.isnan(ratio):
            return (np.nan,) * 3
        a, b, c, d = self._counts()
        exposed = a / (a + c) if self.form == "Miettinen" else (a + b) / (a + b + c + d)
        share = population_attributable_fraction(ratio, exposed=exposed, form=self.form)
        if self.adjusted is None:
            error = _log_remainder_error(a, b, c, d)
        else:
            log_error = np.log(high / low) / (2 * normal_quantile(self.level))
            error = _adjusted_error(
                ratio, log_error, exposed, a + c if self.form == "Miettinen" else a + b + c + d, self.form
            )
        reach = np.exp(normal_quantile(self.level) * error)
        return share, 1 - (1 - share) * reach, 1 - (1 - share) / reach

    @property
    def e_values(self) -> tuple[float, float]:
        """E-value of the ratio and of the limit nearer to 1 (1 where the interval includes 1)."""
        ratio, low, high = self.ratio
        if np.isnan(ratio):
            return np.nan, np.nan
        return e_value(ratio), 1.0 if low <= 1 <= high else e_value(low if low > 1 else high)

    def _rows(self) -> list[tuple[str, str, str, float, float, float]]:
        """Name, label, unit, estimate and limits of each number."""
        ratio, of = self.ratio, self.of
        exposed = [attributable_fraction(value) if value > 0 else np.nan for value in ratio]
        return [
            ("risk_ratio", "Risk ratio", "risk ratio", *ratio),
            ("attributable_share_exposed", f"Share of the {of} among the exposed", f"share of {of}", exposed[0], exposed[1], exposed[2]),
            ("attributable_share", f"Share of all {of} ({self.form})", f"share of {of}", *self.share),
("e_value", "E-value", "risk ratio", self.e_values[0], np.nan, np.nan),
            ("e_value_of_the_limit", "E-value of the limit nearer to 1", "risk ratio", self.e_values[1], np.nan, np.nan),
        ]  # fmt: skip

    def values(self) -> list[Value]:
        n = whole(self.frame["count"].iloc[[0, 2]].sum(skipna=False))
        return [
            Value(
                name=name, estimate=number(estimate), interval=interval(low, high, self.level), unit=unit, n=n,
                reason=self._reason() if np.isnan(estimate) else None,
            )
            for name, _, unit, estimate, low, high in self._rows()
        ]  # fmt: skip

    def _reason(self) -> str:
        return "a count is withheld" if self.frame["count"].isna().any() else f"no {self.of} in one of the groups"

    def table(self) -> Table:
        columns = Column("Measure"), *(Column(name, "number", 2) for name in ("Estimate", "Low", "High"))
        return Table(columns, tuple((label, *map(number, rest)) for _, label, _, *rest in self._rows()))

    def summary(self) -> str:
        ratio, low, high = self.ratio
        if np.isnan(ratio):
            return f"No share of the {self.of} can be given: {self._reason()}."
        said = f"{self.driver} was associated with {ratio:.2f} times the risk of {self.of} ({self.level:.0%} interval {low:.2f} to {high:.2f})"
        if low <= 1:
            return f"{said}: {'not clearly more' if high >= 1 else 'less'}, so that no share of the {self.of} is put down to it."
        share, least, most = self.share
        return (
            f"{said}. If it caused the whole of that difference and nothing else did, {share:.0%} of all {self.of} "
            f"({least:.0%} to {most:.0%}) and {attributable_fraction(ratio):.0%} of those among the exposed "
            f"({attributable_fraction(low):.0%} to {attributable_fraction(high):.0%}) would not have occurred without it. "
            f"To explain the link away, something unmeasured would have to go with both at a risk ratio of "
            f"{self.e_values[0]:.1f} or more ({self.e_values[1]:.1f} for the lower limit)."
        )

    def plot(self, *, ax: Axes | None = None) -> Axes | None:
        rows = self._rows()[1:3]
        return draw.intervals(
            [f"among the exposed\n({self.driver})", f"of all {self.of}"],
            [100 * row[3] for row in rows],
            low=[100 * row[4] for row in rows],
            high=[100 * row[5] for row in rows],
            reference=0.0,
            quantity=f"{self.of} attributable, if causal, in %",
            ax=ax,
        )

    def blurred(self) -> Self:
        if self.adjusted is None:
            return self
        ratio, low, high = (round(value, 2) for value in self.adjusted)
        return replace(self, adjusted=(ratio, low, high))


def _log_remainder_error(a: float, b: float, c: float, d: float) -> float:
    """Standard error of the log of 1 - PAF, the risk of those not exposed over that of all, from one sample."""
    n = a + b + c + d
    slopes = np.array([1 / n - 1 / (a + c), 1 / n, 1 / n + 1 / c - 1 / (c + d) - 1 / (a + c), 1 / n - 1 / (c + d)])
    return float(np.sqrt((np.array([a, b, c, d]) * slopes**2).sum()))


def _adjusted_error(ratio: float, log_error: float, exposed: float, n: float, form: Form) -> float:
    """Standard error of the log of 1 - PAF for a ratio and a share exposed that are estimated apart."""
    spread = exposed * (1 - exposed) / n
    if form == "Miettinen":
        remains = 1 - exposed * (1 - 1 / ratio)
        by_ratio, by_share = exposed / ratio / remains, (1 - 1 / ratio) / remains
    else:
        remains = 1 + exposed * (ratio - 1)
        by_ratio, by_share = exposed * ratio / remains, (ratio - 1) / remains
    return float(np.sqrt((by_ratio * log_error) ** 2 + by_share**2 * spread))


def estimate_attributable_share(
    *,
    exposed_cases: float,
    exposed_noncases: float,
    unexposed_cases: float,
    unexposed_noncases: float,
    driver: str,
    adjusted: Interval | None = None,
    adjusted_ratio: float | None = None,
    form: Form = "Miettinen",
    confidence_level: float = 0.95,
    of: str = "cases",
) -> AttributableShare:
    """Estimate the share of cases that goes with a driver, from people with and without it.

    Answers: if the driver causes the difference, how much smaller would the problem be without it?

    Parameters
    ----------
    exposed_cases, exposed_noncases, unexposed_cases, unexposed_noncases : float
        People with and without the driver, who did and did not become a case.
    driver : str
        The driver in words, for the sentence.
    adjusted_ratio : float, optional
        A risk ratio adjusted for confounders, in place of the counts' own; with its interval.
    adjusted : Interval, optional
        Interval of the adjusted ratio, at the same level.
    form : {"Miettinen", "Levin"}
        As `population_attributable_fraction`; without an adjusted ratio both give the same share.
    confidence_level : float
        Between 0 and 1.
    of : str
        The cases, in the plural.

    Returns
    -------
    AttributableShare
        Risk ratio (log-normal limits), share of cases among the exposed and of all cases (0 to 1), E-values.

    Raises
    ------
    ValueError
        For a negative count, nobody in one of the two groups, or an adjusted ratio without its interval.

    Notes
    -----
    The limits of the share of all cases come from the delta method on log(1 - share), with the counts as one sample of
    the population; do not use them for a case-control study, whose controls are not the population.

    References
    ----------
    Miettinen OS (1974) Am J Epidemiol 99:325.
    Walter SD (1976) The estimation and interpretation of attributable risk in health research. Biometrics 32:829.
    VanderWeele TJ, Ding P (2017) Ann Intern Med 167:268. doi:10.7326/M16-2607

    Examples
    --------
    >>> found = estimate_attributable_share(exposed_cases=30, exposed_noncases=70, unexposed_cases=10,
    ...     unexposed_noncases=90, driver="Sleeping rough")
    >>> round(float(found.ratio[0]), 2), round(float(found.share[0]), 2)  # 0.3 / 0.1; 1 - 0.1 / 0.2
    (3.0, 0.5)
    """
    counts = np.array([exposed_cases, exposed_noncases, unexposed_cases, unexposed_noncases], float)
    if not (counts >= 0).all():
        raise ValueError("counts must be 0 or more")
    if not (counts[:2].sum() > 0 and counts[2:].sum() > 0):
        raise ValueError("both groups, exposed and not exposed, need people")
    if (adjusted is None) != (adjusted_ratio is None):
        raise ValueError("give adjusted_ratio together with its interval (adjusted)")
    given: tuple[float, float, float] | None = None
    caveats = [ASSUMPTION, NOT_ADDITIVE]
    if adjusted is not None and adjusted_ratio is not None:
        if not 0 < adjusted.low <= adjusted_ratio <= adjusted.high or adjusted.level != confidence_level:
            raise ValueError(
                "adjusted must be the interval around adjusted_ratio, above 0, at the same confidence level"
            )
        given = (adjusted_ratio, adjusted.low, adjusted.high)
        if form == "Levin":
            caveats.append("Levin's form is biased with an adjusted ratio; Miettinen's is not")
    frame = pd.DataFrame(
        {
            "exposure": ["exposed", "exposed", "not exposed", "not exposed"],
            "outcome": ["case", "no case", "case", "no case"],
            "count": counts,
        }
    )
    return AttributableShare(
        method=Method(
            f"Risk ratio with log-normal limits; population attributable fraction in {form}'s form; E-value",
            "Miettinen 1974; VanderWeele & Ding 2017" if form == "Miettinen" else "Levin 1953; VanderWeele & Ding 2017",
            {"ratio": "as counted" if given is None else "adjusted, given by the analyst"},
        ),
        unit=f"share of {of}",
        design="associational",
        frame=frame,
        driver=driver,
        of=of,
        form=form,
        adjusted=given,
        level=confidence_level,
        caveats=tuple(caveats),
    )
