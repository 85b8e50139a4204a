"""What a causal diagram implies that data could contradict: independences among measured nodes, and a test of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import pandas as pd
from scipy import stats

from problemsolving import draw
from problemsolving.drivers import paths
from problemsolving.drivers.diagram import CausalDiagram
from problemsolving.errors import NotEstimableError
from problemsolving.results import Column, Disclosure, Method, Result, Table, Value, grouped_values, listed
from problemsolving.stats.counts import fit_poisson
from problemsolving.stats.intervals import normal_quantile

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CORRELATION, RATIO = "partial correlation", "rate ratio per standard deviation"
FEWEST = 20  # rows beyond the nodes given that a test needs
AGAINST, NO_SIGN = "speaks against the diagram", "no sign against it"


@dataclass(frozen=True)
class Independence:
    """Two measured nodes that the diagram says are independent, given others.

    >>> str(Independence("age", "income", ("class",)))
    'age and income are independent given class'
    """

    one: str
    other: str
    given: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.one} and {self.other} are independent" + (f" given {listed(self.given)}" if self.given else "")


def list_independences(diagram: CausalDiagram) -> list[Independence]:
    """List the independences of measured nodes that the diagram implies: one a pair, given as few nodes as will do.

    Answers: what would have to be true of the data if the diagram were right?

    Parameters
    ----------
    diagram : CausalDiagram
        The analysts' assumptions.

    Returns
    -------
    list of Independence
        In the order of the diagram's nodes. Pairs that only unmeasured nodes would separate are left out.

    Notes
    -----
    Diagrams with the same independences cannot be told apart by data: an empty list of contradictions is no proof.

    References
    ----------
    Pearl J (2009) Causality, 2nd ed., section 1.2. doi:10.1017/CBO9780511803161

    Examples
    --------
    >>> from problemsolving.drivers.diagram import build_causal_diagram
    >>> diagram = build_causal_diagram(["income -> drinking -> violence"], outcome="violence",
    ...     measured={"income": "Income", "drinking": "Drinking", "violence": "Incidents"})
    >>> [str(claim) for claim in list_independences(diagram)]
    ['income and violence are independent given drinking']
    """
    usable = [node for node in diagram.graph if node in diagram.measured and node not in diagram.selected]
    found = []
    for one, other in combinations(usable, 2):
        if diagram.graph.has_edge(one, other) or diagram.graph.has_edge(other, one):
            continue
        sets, _ = paths.minimal_separators(
            diagram.graph, one, other, allowed=set(usable) - {one, other}, given=diagram.selected
        )
        if sets:
            found.append(Independence(one, other, diagram.in_order(sets[0])))
    return found


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class IndependenceTests(Result):
    """Each independence against data: ``frame`` has ``group``, ``measure``, ``estimate``, ``low``, ``high``, ``count``
    (rows used), ``p`` and ``adjusted_p``.
    """  # noqa: D205

    frame: pd.DataFrame
    residual_df: int
    counts: tuple[float, ...] = ()  # of the outcome, where it is a count
    level: float = 0.95
    discovery: float = 0.05

    disclosure: ClassVar[Disclosure] = "model"

    @property
    def verdicts(self) -> list[str]:
        return [AGAINST if p < self.discovery else NO_SIGN for p in self.frame["adjusted_p"]]

    def values(self) -> list[Value]:
        return [
            value
            for measure, rows in self.frame.groupby("measure", sort=False)
            for value in grouped_values(
                rows, "estimate", unit=str(measure), level=self.level, name=str(measure).replace(" ", "_")
            )
        ]

    def table(self) -> Table:
        columns = (
            Column("The diagram implies"),
            Column("Measure"),
            Column("Estimate", "number", 2),
            Column("Low", "number", 2),
            Column("High", "number", 2),
            Column("P, adjusted", "number", 3),
            Column("Verdict"),
        )
        rows = zip(self.frame.itertuples(), self.verdicts, strict=True)
        return Table(
            columns,
            tuple((r.group, r.measure, r.estimate, r.low, r.high, r.adjusted_p, verdict) for r, verdict in rows),
        )

    def summary(self) -> str:
        against = [
            row for row, verdict in zip(self.frame.itertuples(), self.verdicts, strict=True) if verdict == AGAINST
        ]
        said = "; ".join(f"{r.group} ({r.measure} {r.estimate:.2f}, {r.low:.2f} to {r.high:.2f})" for r in against)
        rule = f"at a false discovery rate of {self.discovery:.0%}"
        if against:
            return f"The data spoke against {len(against)} of {len(self.frame)} independences that the diagram implies ({rule}): {said}."
        return (
            f"The data did not speak against any of the {len(self.frame)} independences tested ({rule}); the intervals "
            "show how large a dependence they could have missed."
        )

    def plot(self, *, ax: Axes | None = None) -> Axes:
        measure = CORRELATION if (self.frame["measure"] == CORRELATION).any() else RATIO
        shown = self.frame[self.frame["measure"] == measure]
        return draw.intervals(
            [str(group).replace(" are independent", "") for group in shown["group"]],
            shown["estimate"],
            low=shown["low"],
            high=shown["high"],
            reference=0.0 if measure == CORRELATION else 1.0,
            log=measure == RATIO,
            quantity=f"{measure} ({0 if measure == CORRELATION else 1}: as the diagram implies)",
            ax=ax,
        )

    def cells(self) -> pd.DataFrame:
        return self.frame[["group", "count"]]

    def rebuild(self, cells: pd.DataFrame) -> Self:
        return replace(self, frame=self.frame.assign(count=cells["count"].to_numpy()))

    def blurred(self) -> Self:
        return replace(
            self, frame=self.frame.round({"estimate": 2, "low": 2, "high": 2, "p": 2, "adjusted_p": 3}), counts=()
        )

    def rests_on(self) -> Sequence[float]:
        return self.counts

    def size(self) -> tuple[int, int]:
        return int(self.frame["count"].min()), self.residual_df


def implied_independence_test(
    diagram: CausalDiagram,
    areas: pd.DataFrame,
    *,
    exposure: str | None = None,
    confidence_level: float = 0.95,
    discovery: float = 0.05,
) -> IndependenceTests:
    """Test the independences that a causal diagram implies.

    Answers: do the data speak against the diagram?

    Parameters
    ----------
    diagram : CausalDiagram
        Its ``measured`` labels are columns of ``areas``.
    areas : pandas.DataFrame
        One row a case (a small area); rows that lack one of the values of a test are left out of it.
    exposure : str, optional
        Column with person-years (above 0) where the outcome is a count: it is then modelled by a Poisson model with
        robust intervals. Everything else, and the outcome when not given, is a number compared by correlation.
    confidence_level : float
        Of the intervals, between 0 and 1.
    discovery : float
        False discovery rate over all tests (Benjamini-Hochberg), between 0 and 1.

    Returns
    -------
    IndependenceTests
        Partial correlations (Fisher's z) and rate ratios per standard deviation, each with interval and p.

    Raises
    ------
    ValueError
        For a column that ``areas`` lacks.
    NotEstimableError
        When the diagram implies nothing about measured nodes, or rows are too few.

    Notes
    -----
    Rows are taken as independent: neighbouring areas are not, so that p is too small where nodes vary smoothly over the
    map. Both tests see straight-line dependence alone. Do not use to choose a diagram that the data do not contradict.

    References
    ----------
    Benjamini Y, Hochberg Y (1995) J R Stat Soc B 57:289. doi:10.1111/j.2517-6161.1995.tb02031.x
    Fisher RA (1924) The distribution of the partial correlation coefficient. Metron 3:329.
    """
    columns = [*diagram.measured.values(), *([exposure] if exposure else [])]
    missing = [column for column in columns if column not in areas]
    if missing:
        raise ValueError(f"areas lacks the {'column' if len(missing) == 1 else 'columns'} {listed(missing)}")
    claims = list_independences(diagram)
    if not claims:
        raise NotEstimableError("the diagram implies no independence of measured nodes, so no data can contradict it")
    rows = [_test(diagram, areas, claim, exposure, confidence_level) for claim in claims]
    frame = pd.DataFrame([row for row in rows if row]).drop(columns="freedom", errors="ignore")
    if frame.empty:
        raise NotEstimableError(f"fewer than {FEWEST} rows hold a value for every node of any one test")
    frame["adjusted_p"] = stats.false_discovery_control(frame["p"])
    counted = tuple(areas[diagram.measured[diagram.outcome]].dropna().astype(float)) if exposure else ()
    left_out = len(claims) - len(frame)
    return IndependenceTests(
        method=Method(
            "Partial correlation and Poisson model, Benjamini-Hochberg", "Pearl 2009; Benjamini & Hochberg 1995"
        ),
        unit="",
        design="associational",
        frame=frame,
        residual_df=min(row["freedom"] for row in rows if row),
        counts=counted,
        level=confidence_level,
        discovery=discovery,
        caveats=(
            "A diagram that the data do not contradict is not shown to be right: others imply the same",
            "Areas were taken as independent; neighbours that resemble each other make contradictions look surer than they are",
            *([f"{left_out} of {len(claims)} independences had too few rows to be tested"] if left_out else []),
        ),
    )


def _test(
    diagram: CausalDiagram, areas: pd.DataFrame, claim: Independence, exposure: str | None, level: float
) -> dict[str, Any]:
    """Test one independence; nothing when too few rows hold all its values or one of its nodes does not vary or is told by others."""
    names = [claim.one, claim.other, *claim.given]
    table = areas[[diagram.measured[node] for node in names]].set_axis(names, axis=1).astype(float)
    counted = exposure is not None and diagram.outcome in (claim.one, claim.other)
    time = areas[exposure].astype(float) if exposure is not None else pd.Series(1.0, index=areas.index)
    if exposure is not None and not counted and diagram.outcome in names:
        table[diagram.outcome] = table[diagram.outcome] / time
    used = table.notna().all(axis=1) & time.notna()
    table, time = table[used], time[used]
    freedom = len(table) - len(claim.given) - 2
    told_apart = table.drop(columns=diagram.outcome) if counted else table
    if freedom < FEWEST or (table.std() == 0).any() or np.linalg.matrix_rank(_scaled(told_apart)) < told_apart.shape[1]:
        return {}
    if counted:
        measure, numbers = RATIO, _rate_ratio(table, diagram.outcome, claim, time, level)
    else:
        measure, numbers = CORRELATION, _partial_correlation(table, claim, level)
    return {"group": str(claim), "measure": measure, **numbers, "count": float(len(table)), "freedom": freedom}


def _scaled(table: pd.DataFrame) -> pd.DataFrame:
    return (table - table.mean()) / table.std()


def _partial_correlation(table: pd.DataFrame, claim: Independence, level: float) -> dict[str, float]:
    """Correlation of what the nodes given do not tell, with Fisher's interval and p."""
    given = np.column_stack([np.ones(len(table)), *[table[node] for node in claim.given]])
    pair = table[[claim.one, claim.other]].to_numpy()
    left = pair - given @ np.linalg.lstsq(given, pair, rcond=None)[0]
    estimate = float(np.clip(np.corrcoef(left.T)[0, 1], -1 + 1e-12, 1 - 1e-12))
    error = 1 / np.sqrt(len(table) - len(claim.given) - 3)
    centre, reach = np.arctanh(estimate), normal_quantile(level) * error
    return {
        "estimate": estimate,
        "low": float(np.tanh(centre - reach)),
        "high": float(np.tanh(centre + reach)),
        "p": float(2 * stats.norm.sf(abs(centre) / error)),
    }


def _rate_ratio(
    table: pd.DataFrame, outcome: str, claim: Independence, time: pd.Series, level: float
) -> dict[str, float]:
    """Rate ratio of the outcome per standard deviation of the other node, beside the nodes given."""
    other = claim.other if claim.one == outcome else claim.one
    model = fit_poisson(table[outcome], _scaled(table.drop(columns=outcome)), exposure=time)
    row = model.ratios(confidence_level=level).loc[other]
    statistic = abs(model.coefficients[other]) / model.standard_errors[other]
    return {
        **{name: float(row[column]) for name, column in (("estimate", "ratio"), ("low", "low"), ("high", "high"))},
        "p": float(2 * stats.t.sf(statistic, model.residual_df)),
    }
