"""Is the one thing commoner where the other is? Odds ratio and risk ratio of a table of two by two."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import ClassVar, Literal, Self

import numpy as np
import pandas as pd
from scipy import stats

from problemsolving.errors import NotEstimableError
from problemsolving.measures.means import Mean, estimate_mean
from problemsolving.measures.reasoned import ReasonedResult, percent, with_reasons
from problemsolving.results import Column, Method, Table, number, whole
from problemsolving.stats.intervals import normal_quantile

__all__ = ["Association", "Mean", "estimate_mean", "estimate_odds_ratio", "estimate_risk_ratio"]

Measure = Literal["odds ratio", "risk ratio"]
OddsMethod = Literal["wald", "exact"]
ROUGH = "The interval is rough"
FEW = 5  # expected count of a cell below which a log-normal interval is rough


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Association(ReasonedResult):
    """An odds ratio or a risk ratio from a table of two by two.

    ``frame`` has four rows: ``group`` (``exposed``, ``unexposed``), ``part`` (``with`` the outcome, ``without``), ``count``.
    """

    margins: ClassVar[tuple[tuple[str, ...], ...]] = (("group",), ("part",))
    decimals = 2
    reference = 1.0
    log = True

    measure: Measure
    by: OddsMethod = "wald"
    exposure: str = "the exposure"
    outcome: str = "the outcome"

    def rebuild(self, cells: pd.DataFrame) -> Self:
        fresh = replace(self, frame=cells, caveats=tuple(c for c in self.caveats if not c.startswith(ROUGH)))
        return fresh.with_caveats(*_rough(fresh.counts, self.measure, self.by))

    @property
    def quantity(self) -> str:  # type: ignore[override]
        return f"{self.measure} (log scale)"

    @property
    def counts(self) -> np.ndarray:
        """The table: exposed and unexposed (rows), with and without the outcome (columns)."""
        wide = self.frame.pivot(index="group", columns="part", values="count")
        return wide.loc[["exposed", "unexposed"], ["with", "without"]].to_numpy(float)

    def estimates(self) -> pd.DataFrame:
        """Give ``group``, ``count`` (of all four cells), ``estimate``, ``low``, ``high`` and ``reason``, in one row."""
        counts = self.counts
        if np.isnan(counts).any():
            reason, found = "withheld: a count of the table is withheld", (np.nan,) * 3
        else:
            reason, found = _unestimable(counts, self.measure, self.by), (np.nan,) * 3
            found = found if reason else _ratio(counts, self.measure, self.by, self.level)
        if not reason and math.isinf(found[0]):
            reason = (
                f"not estimable: a cell is 0, so that the ratio has no upper limit; its lower limit is {found[1]:.2f}"
            )
        row = pd.DataFrame({"group": [f"{self.outcome}, by {self.exposure}"], "count": [counts.sum()]})
        row[["estimate", "low", "high"]] = found
        return with_reasons(row, ([bool(reason)], reason))

    def table(self) -> Table:
        found = self.estimates().iloc[0]
        label = self.measure.capitalize()
        columns = (
            Column("Group"),
            Column(f"With {self.outcome}", "count"),
            Column("Without", "count"),
            *(Column(name, "number", 2) for name in (label, "Low", "High")),
        )
        (a, b), (c, d) = self.counts
        ratio = tuple(number(found[name]) for name in ("estimate", "low", "high"))
        others = "reference" if not found.reason else found.reason
        return Table(
            (*columns, Column("Note")),
            (
                (f"With {self.exposure}", whole(a), whole(b), *ratio, ""),
                (f"Without {self.exposure}", whole(c), whole(d), None, None, None, others),
            ),
        )

    def summary(self) -> str:
        found = self.estimates().iloc[0]
        if found.reason:
            return f"The {self.measure} of {self.outcome} by {self.exposure} has no number ({found.reason})."
        clear = found.low > 1 or found.high < 1
        what, those = ("odds of it were", "those") if self.measure == "odds ratio" else ("risk of it was", "that")
        return (
            f"{self.exposure[:1].upper()}{self.exposure[1:]} was {'' if clear else 'not clearly '}associated with "
            f"{self.outcome}: the {what} {found.estimate:.2f} times {those} of the others "
            f"({percent(self.level)} interval {found.low:.2f} to {found.high:.2f}; {found['count']:,.0f} in all)."
        )


def _unestimable(counts: np.ndarray, measure: Measure, by: OddsMethod) -> str:
    """Say why a table gives no ratio, or nothing."""
    if not counts.sum(axis=1).all():
        return "not estimable: one of the two groups is empty"
    if not counts.sum(axis=0).all():
        return "not estimable: all had the outcome, or none had it"
    if measure == "risk ratio" and not counts[:, 0].all():
        return "not estimable: nobody in one of the two groups had the outcome"
    if measure == "odds ratio" and by == "wald" and not counts.all():
        return "not estimable: a cell of the table is 0; the exact method gives a limit"
    return ""


def _rough(counts: np.ndarray, measure: Measure, by: OddsMethod) -> tuple[str, ...]:
    """Say that the interval is rough where a cell is expected to hold few; nothing where a count is withheld."""
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / counts.sum()
    if by == "exact" or not (expected < FEW).any():
        return ()
    return (
        f"{ROUGH}: a cell is expected to hold fewer than {FEW}{'; use the exact method' if measure == 'odds ratio' else ''}",
    )


def _ratio(counts: np.ndarray, measure: Measure, by: OddsMethod, level: float) -> tuple[float, float, float]:
    """Estimate and limits."""
    (a, b), (c, d) = counts
    if measure == "odds ratio" and by == "exact":
        return _exact(*(int(count) for count in counts.ravel()), level)
    if measure == "odds ratio":
        estimate, variance = a * d / (b * c), 1 / a + 1 / b + 1 / c + 1 / d
    else:
        estimate, variance = (a / (a + b)) / (c / (c + d)), 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)
    reach = math.exp(normal_quantile(level) * math.sqrt(variance))
    return float(estimate), float(estimate / reach), float(estimate * reach)


@lru_cache(maxsize=64)
def _exact(a: int, b: int, c: int, d: int, level: float) -> tuple[float, float, float]:
    """Conditional odds ratio and its limits: slow for thousands, so kept."""
    found = stats.contingency.odds_ratio([[a, b], [c, d]], kind="conditional")
    limits = found.confidence_interval(confidence_level=level)
    return float(found.statistic), float(limits.low), float(limits.high)


def estimate_odds_ratio(
    exposed: Sequence[int],
    unexposed: Sequence[int],
    *,
    method: OddsMethod = "wald",
    confidence_level: float = 0.95,
    exposure: str = "the exposure",
    outcome: str = "the outcome",
) -> Association:
    """Estimate the odds ratio of a table of two by two.

    Answers: in a case-control study, are the exposed commoner among the cases than among the controls?

    Parameters
    ----------
    exposed, unexposed : sequence of two int
        How many with the outcome (cases) and how many without it (controls), 0 or more.
    method : {"wald", "exact"}
        Log-normal limits around ad / bc (Woolf), or the conditional maximum-likelihood ratio with exact limits, which
        is the one for small counts (and takes seconds for tens of thousands).
    confidence_level : float
        Between 0 and 1.
    exposure, outcome : str
        What the two are called in the text.

    Returns
    -------
    Association
        Dimensionless ratio of odds.

    Raises
    ------
    ValueError
        For other than two whole numbers of 0 or more a group.
    NotEstimableError
        When a group is empty, all or none had the outcome, or (``wald``) a cell is 0.

    Notes
    -----
    The exact limits cover at least as often as they say, mostly more often. Do not read the ratio as one of risks: it
    lies further from 1 unless the outcome is rare.

    References
    ----------
    Woolf B (1955) On estimating the relation between blood group and disease. Ann Hum Genet 19:251.
    Cornfield J (1956) A statistical problem arising from retrospective studies. Proc 3rd Berkeley Symp 4:135.

    Examples
    --------
    >>> found = estimate_odds_ratio((10, 20), (5, 40)).estimates()
    >>> found["estimate"].tolist()  # 10 × 40 / (20 × 5)
    [4.0]
    """
    caveat = "An odds ratio is not a ratio of risks: it lies further from 1 unless the outcome is rare"
    named = (
        Method("Odds ratio, log-normal (Wald) limits", "Woolf 1955")
        if method == "wald"
        else Method("Conditional odds ratio, exact limits (conservative)", "Cornfield 1956")
    )
    return _associated(
        (exposed, unexposed), "odds ratio", method, named, confidence_level, caveat, exposure=exposure, outcome=outcome
    )


def estimate_risk_ratio(
    exposed: Sequence[int],
    unexposed: Sequence[int],
    *,
    confidence_level: float = 0.95,
    exposure: str = "the exposure",
    outcome: str = "the outcome",
) -> Association:
    """Estimate the ratio of two risks.

    Answers: how many times as likely was the outcome among the exposed?

    Parameters
    ----------
    exposed, unexposed : sequence of two int
        How many with the outcome and how many without it, 0 or more.
    confidence_level : float
        Between 0 and 1.
    exposure, outcome : str
        What the two are called in the text.

    Returns
    -------
    Association
        Dimensionless ratio of risks with log-normal limits.

    Raises
    ------
    ValueError
        For other than two whole numbers of 0 or more a group.
    NotEstimableError
        When a group is empty, or nobody in one of them had the outcome.

    Notes
    -----
    Variance of the log ratio = 1/a - 1/(a + b) + 1/c - 1/(c + d). Do not use for a case-control sample: there the
    shares with the outcome are the sampler's choice.

    References
    ----------
    Katz D, Baptista J, Azen SP, Pike MC (1978) Obtaining confidence intervals for the risk ratio in cohort studies.
    Biometrics 34:469. doi:10.2307/2530610

    Examples
    --------
    >>> found = estimate_risk_ratio((10, 20), (5, 40)).estimates()
    >>> found["estimate"].round(9).tolist()  # (10 / 30) / (5 / 45)
    [3.0]
    """
    caveat = "A ratio of risks needs people followed from exposure to outcome, not cases and controls picked by outcome"
    named = Method("Risk ratio, log-normal limits", "Katz et al. 1978")
    return _associated(
        (exposed, unexposed), "risk ratio", "wald", named, confidence_level, caveat, exposure=exposure, outcome=outcome
    )


def _associated(
    rows: tuple[Sequence[int], Sequence[int]],
    measure: Measure,
    by: OddsMethod,
    method: Method,
    level: float,
    caveat: str,
    *,
    exposure: str,
    outcome: str,
) -> Association:
    counts = np.asarray(rows, float)
    if counts.shape != (2, 2) or not (counts >= 0).all() or (counts != np.floor(counts)).any():
        raise ValueError("exposed and unexposed must each be two whole numbers of 0 or more: with, and without")
    if by not in ("wald", "exact"):
        raise ValueError('method must be "wald" or "exact"')
    normal_quantile(level)
    if reason := _unestimable(counts, measure, by):
        raise NotEstimableError(reason.removeprefix("not estimable: "))
    cells = [(group, part) for group in ("exposed", "unexposed") for part in ("with", "without")]
    return Association(
        method=method,
        unit=measure,
        design="associational",
        frame=pd.DataFrame(cells, columns=["group", "part"]).assign(count=counts.ravel()),
        caveats=(caveat, "An association is no cause: what goes with both could make it", *_rough(counts, measure, by)),
        level=level,
        measure=measure,
        by=by,
        exposure=exposure,
        outcome=outcome,
    )
