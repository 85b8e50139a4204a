"""Does a map of who follows whom mislead? Whether where people go next depends on where they came from."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import xlogy

from problemsolving import draw
from problemsolving.errors import NotEstimableError
from problemsolving.grouped import SHOWN, GroupedResult
from problemsolving.network.pathways.ordered import Floats, Ordered, Ties, order_events
from problemsolving.results import Column, Design, Disclosure, Kind, Method, Value, number, whole
from problemsolving.stats.intervals import normal_quantile, wilson_limits
from problemsolving.stats.resampling import resampled_p

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ENOUGH = 10  # steps after both, where any two have so many, to be looked at
TOTALS = ("journeys", "steps after two")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class MemoryTest(GroupedResult):
    """Likelihood-ratio test of memory, and the steps at which it tells most.

    ``frame`` has ``group`` ("after a and b: c"), ``part`` (went, rest) and ``count``, and the counts behind the test
    without a group; ``expected`` has the share of c after b alone for each group.
    """

    disclosure: ClassVar[Disclosure] = "model"
    margins: ClassVar[tuple[tuple[str, ...], ...]] = (("group",),)
    value_name: ClassVar[str] = "share_after_both"
    estimate_kind: ClassVar[Kind] = "percent"

    design: Design = "descriptive"
    expected: pd.DataFrame
    statistic: float  # 2 x difference of log-likelihoods, dimensionless
    degrees: int
    p_chi_squared: float
    p_shuffled: float | None
    log_likelihoods: tuple[float, float]  # of order 1 and order 2, natural logarithm
    cases: int
    residual: int

    @property
    def p(self) -> float:
        """P of no memory: by shuffling where it was asked for, else from the chi-squared distribution."""
        return self.p_chi_squared if self.p_shuffled is None else self.p_shuffled

    @property
    def optimal_order(self) -> int:
        """2 where a map without memory is rejected at the level of the intervals, else 1."""
        return 2 if self.p < 1 - self.level else 1

    def size(self) -> tuple[int, int]:
        return self.cases, self.residual

    def estimates(self) -> pd.DataFrame:
        """Give ``group``, ``count`` (after both), ``estimate`` (share that went there), Wilson's limits and ``expected``."""
        known = self.frame.dropna(subset="group")
        wide = known.pivot(index="group", columns="part", values="count").reindex(
            index=self.expected["group"], columns=["went", "rest"]
        )
        went, both = wide["went"].to_numpy(float), wide.sum(axis=1, skipna=False).to_numpy(float)
        total = np.where(both > 0, both, np.nan)
        low, high = wilson_limits(went, total, confidence_level=self.level)
        return self.expected.assign(count=both, estimate=went / total, low=low, high=high).dropna(subset="count")

    def columns(self) -> dict[str, Column]:
        return {
            **super().columns(),
            "count": Column("Steps after both", "count"),
            "estimate": Column("Went there", "percent"),
            "expected": Column("A map without memory says", "percent"),
        }

    def values(self) -> list[Value]:
        totals = self.frame[self.frame["group"].isna()].set_index("part")["count"]
        n = whole(totals.get("journeys"))
        numbers = (
            ("likelihood_ratio", self.statistic, "dimensionless"),
            ("degrees_of_freedom", float(self.degrees), "dimensionless"),
            ("p", self.p, "probability"),
            ("optimal_order", float(self.optimal_order), "agencies remembered"),
        )
        return [
            *(Value(name=name, estimate=number(told), unit=unit, n=n) for name, told, unit in numbers),
            *super().values(),
        ]

    def summary(self) -> str:
        p = "p < 0.001" if self.p < 0.001 else f"p = {self.p:.2g}"
        if self.optimal_order == 1:
            return f"Where people go next was not clearly different by where they came from ({p}): a map of single steps does not mislead by that."
        text = f"Where people go next depends on where they came from ({p}): a map of single steps misleads"
        shown = self.estimates()
        if shown.empty:
            return f"{text}. No single step is common enough to show where."
        top = shown.iloc[0]
        return f"{text}. {top['group'][0].upper()}{top['group'][1:]} in {top['estimate']:.0%} of steps, where the map says {top['expected']:.0%}."

    def alt_text(self) -> str:
        return f"Share that went on to an agency after two others, beside what a map of single steps says. {self.summary()}"

    def plot(self, *, ax: Axes | None = None) -> Axes | None:
        shown = self.estimates().head(SHOWN)
        if shown.empty:
            return None
        scaled = {name: shown[name] * 100 for name in ("estimate", "low", "high", "expected")}
        series = {
            "after both": (scaled["estimate"], scaled["low"], scaled["high"]),
            "a map without memory": (scaled["expected"],) * 3,
        }
        return draw.compared_intervals(shown["group"].tolist(), series, quantity="% of steps", ax=ax)

    def blurred(self) -> Self:
        return replace(
            self,
            expected=self.expected.assign(expected=self.expected["expected"].round(2)),
            statistic=float(round(self.statistic)),
            p_chi_squared=_two_digits(self.p_chi_squared),
            p_shuffled=None if self.p_shuffled is None else _two_digits(self.p_shuffled),
            log_likelihoods=(math.nan, math.nan),
        )


def memory_test(
    events: pd.DataFrame,
    *,
    case: str = "person_id",
    step: str = "agency",
    start: str = "started_at",
    ties: Ties = "steps",
    confidence_level: float = 0.95,
    n_resamples: int = 999,
    rng: np.random.Generator | None = None,
) -> MemoryTest:
    """Test whether where people go next depends on where they came from, given where they are.

    Answers: may paths be read off a map of who follows whom, or does it mislead?

    Parameters
    ----------
    events : pandas.DataFrame
        One row an event, in any order.
    case, step, start, ties
        As in `problemsolving.network.pathways.journey_table.measure_journeys`.
    confidence_level : float
        Of the intervals; memory is told where p is below its complement.
    n_resamples : int
        Shuffles of where people went next among all who were at the same agency; 0: p from the chi-squared distribution.
    rng : numpy.random.Generator, optional
        Source of randomness.

    Returns
    -------
    MemoryTest
        Likelihood ratio of order 2 against order 1, its degrees of freedom, p, and the steps furthest from the map.

    Raises
    ------
    NetworkError, NotEstimableError
        As `problemsolving.network.pathways.ordered.order_events`; also when no case has three events.

    Notes
    -----
    The models are nested in a multi-order model: a first event by its share of all events, a second by order 1, later
    ones by order 1 or 2. For each pair of steps seen with a third, the degrees of freedom grow by the number of
    followers of its second step less one (a textbook that compares transition tables of the same steps counts fewer).
    The chi-squared p is conservative, and rough where many paths are possible and few are seen. The shuffled one takes
    as given how many came to each agency from each and went on to each; without memory it is below 0.05 in 4 to 8 of
    100 sets of 15 to 400 journeys. Do not use where times of one case are tied or journeys of different
    matters are mixed: both make or hide memory.

    References
    ----------
    Scholtes I (2017) When is a network a network? Multi-order graphical model selection in pathways and temporal
    networks. KDD 2017:1037. doi:10.1145/3097983.3098145
    Agresti A (2013) Categorical data analysis, 3rd edition. Wiley.

    Examples
    --------
    >>> paths = [list("acd")] * 10 + [list("bce")] * 10
    >>> log = pd.DataFrame([(i, s, k) for i, path in enumerate(paths) for k, s in enumerate(path)], columns=["person_id", "agency", "day"])
    >>> found = memory_test(log.assign(started_at=pd.to_datetime("2024-01-01") + pd.to_timedelta(log["day"], unit="D")), n_resamples=0)
    >>> round(found.statistic, 3), found.degrees, found.optimal_order
    (27.726, 2, 2)
    """
    normal_quantile(confidence_level)
    ordered = order_events(events, case=case, step=step, start=start, ties=ties)
    size = len(ordered.names)
    codes, follows = ordered.step, ordered.follows
    pairs = codes[:-1][follows] * size + codes[1:][follows]
    thrice = follows[1:] & follows[:-1]
    triples = (codes[:-2] * size + codes[1:-1])[thrice] * size + codes[2:][thrice]
    if not len(triples):
        raise NotEstimableError("nobody has three events, so that memory cannot be told")
    two = np.bincount(pairs, minlength=size**2).reshape(1, size, size).astype(float)
    three = np.bincount(triples, minlength=size**3).reshape(1, size, size, size).astype(float)
    statistic, degrees = float(_ratio(two, three)[0]), _degrees(two[0], three[0])
    p_shuffled = None
    if n_resamples:
        rng = np.random.default_rng() if rng is None else rng
        drawn, seen = _shuffled(three[0], n_resamples, rng)
        p_shuffled = resampled_p(int((drawn >= seen - 1e-9).sum()), n_resamples)
    first = _first_log_likelihood(ordered, two[0])
    travelled = int(np.unique(ordered.case[2:][thrice]).size)
    frame, expected = _strongest(ordered.names, two[0], three[0])
    totals = pd.DataFrame({"group": None, "part": list(TOTALS), "count": [float(travelled), float(len(triples))]})
    return MemoryTest(
        method=Method("Likelihood ratio of order 2 against order 1", "Scholtes 2017", {"shuffles": n_resamples}),
        unit="share of steps",
        frame=pd.concat([frame, totals], ignore_index=True),
        expected=expected,
        statistic=statistic,
        degrees=degrees,
        p_chi_squared=float(stats.chi2.sf(statistic, degrees)) if degrees else 1.0,
        p_shuffled=p_shuffled,
        log_likelihoods=(first, first + statistic / 2),
        cases=travelled,
        residual=len(triples) - degrees,
        level=confidence_level,
        of="steps",
        heading="After two agencies",
        caveats=(
            "People differ: those sent on from different agencies may have had different needs all along",
            "The steps shown are those furthest from the map, picked after looking",
        ),
    )


def _log_shares(counts: Floats) -> Floats:
    """Give sums of counts times the logarithms of their shares, over the last axis."""
    total = counts.sum(axis=-1)
    return np.asarray(xlogy(counts, counts).sum(axis=-1) - xlogy(total, total))


def _ratio(two: Floats, three: Floats) -> Floats:
    """Likelihood ratio of sets of journeys: third steps by the two before them, against by the last alone."""
    given_both = _log_shares(three).sum(axis=(-2, -1))
    share = two / np.maximum(two.sum(axis=-1, keepdims=True), 1)
    given_last = xlogy(three.sum(axis=-3), share).sum(axis=(-2, -1))
    return np.asarray(2 * (given_both - given_last))


def _degrees(two: Floats, three: Floats) -> int:
    followers = (two > 0).sum(axis=1)
    middle = np.nonzero(three.sum(axis=2) > 0)[1]
    return int((followers[middle] - 1).sum())


def _first_log_likelihood(ordered: Ordered, two: Floats) -> float:
    """Log-likelihood of order 1: first events by their share of all events, the others by the one before."""
    visits = np.bincount(ordered.step, minlength=len(ordered.names)).astype(float)
    starts = np.bincount(ordered.step[ordered.first], minlength=len(ordered.names))
    return float(xlogy(starts, visits / visits.sum()).sum() + _log_shares(two).sum())


def _shuffled(three: Floats, n_resamples: int, rng: np.random.Generator) -> tuple[Floats, float]:
    """Give what varies of the likelihood ratio in shuffled journeys, and as seen: next steps shuffled over who is there."""
    drawn, seen = np.zeros(n_resamples), 0.0
    for middle in range(three.shape[1]):
        table = three[:, middle]
        table = table[np.ix_(table.sum(axis=1) > 0, table.sum(axis=0) > 0)]
        seen += float(xlogy(table, table).sum())
        if min(table.shape, default=0) < 2:
            drawn += float(xlogy(table, table).sum())
            continue
        rows, columns = table.sum(axis=1).astype(int), table.sum(axis=0).astype(int)
        tables = stats.random_table(rows, columns, seed=rng).rvs(n_resamples).reshape(n_resamples, -1)
        drawn += xlogy(tables, tables).sum(axis=1)
    return drawn, seen


def _strongest(names: tuple[str, ...], two: Floats, three: Floats) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give the steps furthest from the map in standard errors, with both shares."""
    both = three.sum(axis=2, keepdims=True)
    share = (two / np.maximum(two.sum(axis=1, keepdims=True), 1))[None]
    with np.errstate(divide="ignore", invalid="ignore"):
        far = np.where(both > 0, np.abs(three - both * share) / np.sqrt(both * share * (1 - share)), 0.0)
    far = np.nan_to_num(far, nan=0.0, posinf=0.0)
    far = np.where(both >= ENOUGH, far, 0.0) if (both >= ENOUGH).any() else far
    chosen = [place for place in np.argsort(-far, axis=None, kind="stable")[:SHOWN] if far.flat[place] > 0]
    rows, expected = [], []
    for place in chosen:
        a, b, c = np.unravel_index(place, far.shape)
        group = f"after {names[a]} and {names[b]}: {names[c]}"
        rows += [(group, "went", three[a, b, c]), (group, "rest", float(both[a, b, 0] - three[a, b, c]))]
        expected.append((group, float(share[0, b, c])))
    return (
        pd.DataFrame(rows, columns=["group", "part", "count"]),
        pd.DataFrame(expected, columns=["group", "expected"]),
    )


def _two_digits(p: float) -> float:
    return float(f"{p:.2g}")
