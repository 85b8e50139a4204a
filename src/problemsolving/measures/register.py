"""Threat, harm, risk and vulnerability register: scored, reasoned problems, and how sure their order is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, get_args

import numpy as np
import pandas as pd

from problemsolving import draw
from problemsolving.measures.faults import stop_at
from problemsolving.measures.risk_scores import (
    RANKED,
    Combination,
    Part,
    Scale,
    lacking_problems,
    rank_problems,
    reasoned_scores,
    register_faults,
    scores_by_aspect,
)
from problemsolving.results import Column, Disclosure, Interval, Method, Result, Table, Value, interval, listed, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LOW = 0.4  # level up to which confidence is called low
NAMED = 3
CAVEATS = (
    "a score is a judgement on an ordered scale, and a product or mean of such scores is a way to sort, not a measurement",
    "problems whose ranges of ranks overlap are not in a settled order",
)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Register(Result):
    """Ranked problems, those that cannot be ranked with what they lack, and the scores behind both."""

    ranked: pd.DataFrame  # problem, risk, rank, the parts, raters, rank_low/high by raters, weight_low/high, reasons
    unranked: pd.DataFrame  # problem, lacking
    scores: pd.DataFrame  # problem, aspect, part, median, low, high (quartiles of raters), raters, left_out
    scales: Mapping[str, str] = field(default_factory=dict)  # aspect → what each score means
    level: float = 0.95

    disclosure: ClassVar[Disclosure] = "text"

    def values(self) -> list[Value]:
        risks = [
            Value(name="risk", group=row.problem, estimate=number(row.risk), unit=self.unit, n=None)
            for row in self.ranked.itertuples()
        ]
        ranks = [
            Value(
                name=f"rank_over_{source}",
                group=row["problem"],
                estimate=number(row["rank"]),
                interval=interval(row[f"{source}_low"], row[f"{source}_high"], self.level),
                unit="rank, 1 is first",
                n=None,
            )
            for source in ("raters", "weights")
            for row in self.ranked.to_dict("records")
        ]
        scores = [
            Value(
                name="score",
                group=f"{row.problem}: {row.aspect}",
                estimate=number(row.median),
                interval=Interval(row.low, row.high, 0.5) if row.raters > 1 else None,
                unit="step of its scale, median of raters",
                n=None,
            )
            for row in self.scores.dropna(subset="median").itertuples()
        ]
        lacking = [
            Value(
                name="risk",
                group=row.problem,
                estimate=None,
                unit=self.unit,
                n=None,
                reason=f"not ranked: {row.lacking}",
            )
            for row in self.unranked.itertuples()
        ]
        return [*risks, *ranks, *scores, *lacking]

    def table(self) -> Table:
        columns = (
            Column("Rank", "count"),
            Column("Problem"),
            Column("Risk, 0 to 100", "count"),
            *(Column(part.capitalize(), "percent", 0) for part in get_args(Part)),
            Column("Raters", "count"),
            Column("Rank over raters"),
            Column("Rank over weights"),
            Column("Reasons"),
        )
        rows = [
            (
                row["rank"],
                row["problem"],
                100 * row["risk"],
                *(number(row[part]) for part in get_args(Part)),
                row["raters"],
                _span(row, "raters"),
                _span(row, "weights"),
                row["reasons"],
            )
            for row in self.ranked.to_dict("records")
        ]
        rows += [(None, row.problem, *[None] * 8, f"not ranked: {row.lacking}") for row in self.unranked.itertuples()]
        rows += [(None, f"Scale of {name}", *[None] * 8, meanings) for name, meanings in self.scales.items()]
        return Table(columns, tuple(rows))

    def summary(self) -> str:
        lacking = "".join(f" {row.problem} is not ranked: {row.lacking}." for row in self.unranked.itertuples())
        if self.ranked.empty:
            return f"No problem can be ranked.{lacking}"
        said = [
            f"{row['problem']} was ranked {row['rank']:.0f} (risk {100 * row['risk']:.0f} of 100; {_span(row, 'raters')} over "
            f"raters, {_span(row, 'weights')} over weights)"
            for row in self.ranked.head(NAMED).to_dict("records")
        ]
        unsure = self.ranked.loc[self.ranked["confidence"] <= LOW, "problem"].tolist()
        doubt = f" Confidence is low for {listed(unsure)}." if unsure else ""
        alone = self.ranked.loc[self.ranked["raters"] < 2, "problem"].tolist()
        single = f" Only one rater scored {listed(alone)}, so nothing is known of their spread." if alone else ""
        return f"{'; '.join(said)}.{doubt}{single}{lacking}"

    def alt_text(self) -> str:
        return f"Rank of each problem, with its range over raters and over weights. {self.summary()}"

    def plot(self, *, ax: Axes | None = None) -> Axes | None:
        if self.ranked.empty:
            return None
        series = {
            f"over {source}": (self.ranked["rank"], self.ranked[f"{source}_low"], self.ranked[f"{source}_high"])
            for source in ("raters", "weights")
        }
        ax = draw.compared_intervals(self.ranked["problem"].tolist(), series, quantity="rank, 1 is first", ax=ax)
        ax.set_xlim(0.5, len(self.ranked) + 0.5)
        ax.set_xticks(range(1, len(self.ranked) + 1))
        return ax


def build_register(
    ratings: pd.DataFrame,
    *,
    scales: Mapping[str, Scale],
    weights: Mapping[Part, float] | None = None,
    method: Combination = "product",
    confidence_level: float = 0.95,
    n_resamples: int = 9_999,
    rng: np.random.Generator | None = None,
) -> Register:
    """Rank problems by scored and reasoned impact, likelihood and vulnerability.

    Answers: which problems come first, why, and would other raters or other weights say the same?

    Parameters
    ----------
    ratings : pandas.DataFrame
        One row a problem, aspect and rater: ``problem``, ``aspect`` (a key of ``scales``), ``score`` (a key of its
        meanings), ``evidence`` (the reason, in words or as a source), ``rater``.
    scales : mapping of str to Scale
        Aspect (physical harm, financial harm, likelihood, …) → its scale. Impact, likelihood and vulnerability must
        each have an aspect; confidence may.
    weights : mapping of str to float, optional
        Weight of impact, likelihood and vulnerability, 0 or more; equal when not given.
    method : {"product", "sum"}
        Risk as the weighted geometric mean of the parts (all must be high), or as their weighted mean.
    confidence_level : float
        Between 0 and 1; how much of the draws a range of ranks holds.
    n_resamples : int
        Draws of raters, and of weights.
    rng : numpy.random.Generator, optional
        Source of randomness.

    Returns
    -------
    Register
        Risk between 0 and 1 and ranks (1 is first) with their range over raters drawn anew within each problem, and
        over all weights (uniform on the simplex).

    Raises
    ------
    ValueError
        For every fault at once: missing columns or parts, scores off their scale, an aspect twice by one rater.

    Notes
    -----
    Each score is taken as its place among the steps of its scale; an aspect is the median over raters, a part the mean
    of its aspects. A score without evidence ranks nothing: it is left out, and a problem that lacks a reasoned score of
    any aspect that is ranked is listed as not ranked, with what it lacks. Confidence is shown and ranks nothing.
    Do not read differences of risk as amounts: the steps of a scale need not be equally far apart.

    References
    ----------
    Lahdelma R, Hokkanen J, Salminen P (1998) SMAA: stochastic multiobjective acceptability analysis.
    Eur J Oper Res 106:137. doi:10.1016/S0377-2217(97)00163-X
    Cox LA (2008) What's wrong with risk matrices? Risk Anal 28:497. doi:10.1111/j.1539-6924.2008.01030.x

    Examples
    --------
    >>> scales = {name: Scale(name, {1: "low", 2: "high"}) for name in RANKED}
    >>> ratings = pd.DataFrame(
    ...     [(problem, name, score, "records", "A") for problem, score in (("robbery", 2), ("noise", 1)) for name in RANKED],
    ...     columns=["problem", "aspect", "score", "evidence", "rater"])
    >>> build_register(ratings, scales=scales, n_resamples=99).ranked[["problem", "risk", "rank"]].values.tolist()
    [['robbery', 1.0, 1], ['noise', 0.5, 2]]
    """
    rng = np.random.default_rng() if rng is None else rng
    given: dict[str, float] = dict.fromkeys(RANKED, 1.0) if weights is None else {part: float(weights.get(part, 0.0)) for part in RANKED}  # fmt: skip
    stop_at(register_faults(ratings, scales, weights), what="the register")
    ratings = ratings.reset_index(drop=True)
    rated = reasoned_scores(ratings, scales)
    scores = scores_by_aspect(ratings, rated, scales)
    unranked = lacking_problems(scores)
    kept = scores[~scores["problem"].isin(unranked["problem"])]
    ranked = rank_problems(kept, rated, np.array(list(given.values())), method, confidence_level, n_resamples, rng)
    settings = {
        "method": method,
        "weights": ", ".join(f"{part} {weight:g}" for part, weight in given.items()),
        "draws": n_resamples,
    }
    stated = {
        name: "; ".join(f"{score} {meaning}" for score, meaning in sorted(scale.meanings.items()))
        for name, scale in scales.items()
    }
    return Register(
        method=Method("Reasoned scores, median of raters, ranked", "Lahdelma, Hokkanen & Salminen 1998", settings),
        unit="risk, 0 to 1",
        caveats=CAVEATS,
        ranked=ranked,
        unranked=unranked,
        scores=scores,
        scales=stated,
        level=confidence_level,
    )


def _span(row: Mapping[str, float], source: str) -> str:
    low, high = row[f"{source}_low"], row[f"{source}_high"]
    return f"{low:.0f}" if low == high else f"{low:.0f} to {high:.0f}"
