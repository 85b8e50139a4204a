"""What groups picked for their counts did next: real pairs of periods, beside what would have come by itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
import pandas as pd

from problemsolving import draw
from problemsolving.drivers.picking import Pick, check_picked, read_pick
from problemsolving.drivers.regression_to_mean import expect_fall
from problemsolving.grouped import GroupedResult
from problemsolving.results import Column, Kind, Method
from problemsolving.stats.resampling import bootstrap_weights, percentile_interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ALL = "all pairs of periods"
HOW_MANY, PICKED, OTHERS = "how many are picked", "picked", "others"
ACTED = (
    "Where something was done about those picked, their fall holds that too; the expected fall takes own rates as staying "
    "what they were"
)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class PickedFalls(GroupedResult):
    """Fall of the picked beyond the change of all, a row a pair of periods: ``frame`` has ``group``, ``role``, ``when``, ``count``.

    Roles: picked and others, each before and after, and how many are picked. ``spread`` has ``low`` and ``high`` (the
    distances of the limits from the log of the ratio) and ``expected``, the fall by itself, a row a group.
    """

    margins: ClassVar[tuple[tuple[str, ...], ...]] = (("group", "when"),)  # picked and others make up all

    spread: pd.DataFrame
    pick: Pick
    each: str = "small areas"
    heading: str = "Periods"

    value_name: ClassVar[str] = "fall_of_the_picked"
    estimate_kind: ClassVar[Kind] = "percent"
    decimals: ClassVar[int] = 0

    def estimates(self) -> pd.DataFrame:
        """Give ``picked``, ``before``, ``after``, ``estimate``, ``low``, ``high`` and ``expected`` a pair, then all pairs."""
        table = self.frame.fillna({"when": "before"}).rename(columns={"count": "number"})
        rows = {(row.group, row.role, row.when): row.number for row in table.itertuples()}
        groups = list(dict.fromkeys(self.frame["group"]))
        columns = {
            "picked": (HOW_MANY, "before"), "count": (PICKED, "before"), "after": (PICKED, "after"),
            "others": (OTHERS, "before"), "others_after": (OTHERS, "after"),
        }  # fmt: skip
        wide = pd.DataFrame({name: [rows[(group, *place)] for group in groups] for name, place in columns.items()})
        wide.insert(0, "group", groups)
        whole = {name: wide[name].sum(skipna=False) for name in columns}
        wide = (
            pd.concat([wide, pd.DataFrame([{"group": ALL, **whole}])], ignore_index=True) if len(groups) > 1 else wide
        )
        general = (wide["after"] + wide["others_after"]) / (wide["count"] + wide["others"])
        ratio = (wide["after"] / wide["count"] / general).where(wide["picked"].notna() & (wide["after"] > 0))
        spread = self.spread.reindex(wide["group"])
        return wide.assign(
            estimate=1 - ratio,
            low=1 - ratio * np.exp(spread["high"].to_numpy()),
            high=1 - ratio * np.exp(spread["low"].to_numpy()),
            expected=np.where(ratio.isna(), np.nan, spread["expected"]),
        )

    def columns(self) -> dict[str, Column]:
        return {
            "group": Column(self.heading),
            "picked": Column("Picked", "count"),
            "count": Column(f"Their {self.of} before", "count"),
            "after": Column("After", "count"),
            "estimate": Column("Fall beyond the change of all", "percent", 0),
            "low": Column("Low", "percent", 0),
            "high": Column("High", "percent", 0),
            "expected": Column("Expected by itself", "percent", 0),
        }

    def summary(self) -> str:
        shown = self.estimates()
        row = shown.iloc[-1]
        if pd.isna(row["estimate"]):
            return "The fall of those picked is withheld: a count is too small."
        pairs = "one pair of periods" if len(shown) == 1 else f"{len(shown) - 1} pairs of periods"
        low, high, way = row["low"], row["high"], "fell" if row["estimate"] >= 0 else "rose"
        many = self.pick.words(
            self.pick.number if self.pick.by_rank else row["picked"] / max(len(shown) - 1, 1), self.each
        )
        return (
            f"In {pairs} the {many} {way} by {abs(row['estimate']):.0%} in the next period, beyond the change of all "
            f"({self.level:.0%} interval of the fall {low:+.0%} to {high:+.0%}). By itself, because they were picked for their "
            f"count, the fall would be expected to be {row['expected']:.0%}."
        )

    def plot(self, *, ax: Axes | None = None) -> Axes | None:
        shown = self.estimates()
        came = [100 * shown[name] for name in ("estimate", "low", "high")]
        itself = 100 * shown["expected"]
        return draw.compared_intervals(
            shown["group"].tolist(),
            {"what came": (came[0], came[1], came[2]), "expected by itself": (itself, itself, itself)},
            reference=0.0,
            quantity=f"fall of the picked {self.each} beyond the change of all, in %",
            ax=ax,
        )

    def rebuild(self, cells: pd.DataFrame) -> Self:
        return replace(self, frame=cells)

    def blurred(self) -> Self:
        return replace(self, spread=self.spread.round(2))


def measure_picked_falls(
    counts: pd.DataFrame,
    *,
    top: int | None = None,
    bottom: int | None = None,
    at_least: float | None = None,
    at_most: float | None = None,
    confidence_level: float = 0.95,
    n_resamples: int = 1_999,
    rng: np.random.Generator | None = None,
    of: str = "incidents",
    each: str = "small areas",
) -> PickedFalls:
    """Measure what those picked for their count in one period did in the next, in each pair of periods.

    Answers: how far did the busiest fall in earlier years, before anything was done?

    Parameters
    ----------
    counts : pandas.DataFrame, shape (places, periods)
        Events of every place or person in two or more periods of equal length, in order; column = period.
    top, bottom, at_least, at_most : number
        How the group is picked in each period; name one. See `estimate_expected_fall`.
    confidence_level : float
        Between 0 and 1.
    n_resamples : int
        Draws of the bootstrap over places; each draw picks anew.
    rng : numpy.random.Generator, optional
        Source of randomness.
    of, each : str
        What is counted and what is picked, in the plural.

    Returns
    -------
    PickedFalls
        Share by which the picked fell beyond the change of all places (negative: rose), a pair of periods and over all
        pairs, beside the fall expected by itself.

    Raises
    ------
    ValueError
        For fewer than two periods, a missing or negative count, or no rule.
    NotEstimableError
        As `estimate_expected_fall`, for any of the periods.

    Notes
    -----
    1 - (after / before of the picked) / (after / before of all). The interval takes places as the sample and holds what
    picking does. Periods must be equally long and recorded alike.

    References
    ----------
    Barnett AG, van der Pols JC, Dobson AJ (2005) Int J Epidemiol 34:215. doi:10.1093/ije/dyh299

    Examples
    --------
    The two with 6 fell to 3 each; all together stayed at 24:

    >>> table = pd.DataFrame({"2023": [6, 6, 2, 2, 2, 2, 2, 2], "2024": [3, 3, 3, 3, 3, 3, 3, 3]})
    >>> found = measure_picked_falls(table, top=2, n_resamples=50, rng=np.random.default_rng(1))
    >>> found.estimates()[["picked", "estimate"]].values.tolist()
    [[2.0, 0.5]]
    """
    rng = np.random.default_rng() if rng is None else rng
    pick = read_pick(top=top, bottom=bottom, at_least=at_least, at_most=at_most)
    table = counts.to_numpy(float)
    if table.shape[1] < 2 or not np.isfinite(table).all() or (table < 0).any():
        raise ValueError("counts needs two or more periods (columns), with a count of 0 or more in each place")
    rows, spread, drawn = [], [], []
    weights = bootstrap_weights(len(table), n_resamples=n_resamples, rng=rng)
    for first, last in pairwise(range(table.shape[1])):
        before, after = table[:, first], table[:, last]
        group = f"{counts.columns[first]} to {counts.columns[last]}"
        chosen = check_picked(pick, before)
        rows += _cells(group, before, after, chosen)
        shapes, falls = expect_fall(before, np.ones(len(before)), chosen)
        often = np.vstack([np.ones(len(table)), weights])
        drawn.append(_sums(before, after, often, pick))
        spread.append(
            (group, *_distances(drawn[-1], confidence_level), sum(shapes[name] * falls[name] for name in falls))
        )
    if len(drawn) > 1:
        held = [sums[0, 0] for sums in drawn]
        expected = float(np.average([row[-1] for row in spread], weights=held))
        spread.append((ALL, *_distances(np.sum(drawn, axis=0), confidence_level), expected))
    return PickedFalls(
        method=Method(
            "Change of the picked over the change of all; bootstrap of places, picked anew in each",
            "Barnett, van der Pols & Dobson 2005",
            {"resamples": n_resamples},
        ),
        unit=f"share of the {of} before",
        frame=pd.DataFrame(rows, columns=["group", "role", "when", "count"]),
        spread=pd.DataFrame(spread, columns=["group", "low", "high", "expected"]).set_index("group"),
        pick=pick,
        level=confidence_level,
        of=of,
        each=each,
        caveats=(ACTED,),
    )


def _cells(group: str, before: np.ndarray, after: np.ndarray, chosen: np.ndarray) -> list[tuple[object, ...]]:
    """Give the counts of one pair of periods. How many are picked belongs to no total."""
    return [
        (group, PICKED, "before", before[chosen].sum()),
        (group, PICKED, "after", after[chosen].sum()),
        (group, OTHERS, "before", before[~chosen].sum()),
        (group, OTHERS, "after", after[~chosen].sum()),
        (group, HOW_MANY, None, float(chosen.sum())),
    ]


def _sums(before: np.ndarray, after: np.ndarray, weights: np.ndarray, pick: Pick) -> np.ndarray:
    """Events of the picked before and after, of all before and after: a row a resample."""
    picked = weights * pick.chosen(before, weights)
    return np.stack([picked @ before, picked @ after, weights @ before, weights @ after], axis=1)


def _distances(sums: np.ndarray, confidence_level: float) -> tuple[float, float]:
    """How far the limits lie from the log of the ratio of ratios."""
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(sums[:, 1] / sums[:, 0] / (sums[:, 3] / sums[:, 2]))
    known = logs[1:][np.isfinite(logs[1:])]
    low, high = percentile_interval(known, confidence_level=confidence_level)
    return low - float(logs[0]), high - float(logs[0])
