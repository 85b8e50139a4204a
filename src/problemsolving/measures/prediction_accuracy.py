"""How well a map of where incidents were, or a prediction, tells where they are next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from problemsolving.grouped import GroupedResult
from problemsolving.results import Column, Method
from problemsolving.stats.intervals import wilson_limits
from problemsolving.stats.positions import Floats

PREDICTED, BEST, EARLIER = "by prediction", "best possible", "earlier incidents, by prediction"
SAME_SHARE = "PAI grows as the part of the area shrinks: compare predictions at the same part alone"
FIRST = "the prediction must have been made before the incidents it is judged by"


@dataclass(frozen=True, kw_only=True)
class AccuracyCurve:
    """Indices after each area, from the one predicted densest on: arrays of one number an area.

    ``share_of_area``, ``hit_rate``, ``pai``, ``pei`` and, where the prediction is a number of events, ``rri``; ``order`` is that
    of the areas.
    """

    order: np.ndarray
    share_of_area: Floats
    hit_rate: Floats
    pai: Floats
    pei: Floats
    rri: Floats


def prediction_accuracy_index(
    observed: ArrayLike, predicted: ArrayLike, *, area: ArrayLike | None = None
) -> AccuracyCurve:
    """Prediction accuracy index, prediction efficiency index and recapture rate index by cumulative area.

    Parameters
    ----------
    observed : array_like, shape (n,)
        Events an area, 0 or more.
    predicted : array_like, shape (n,)
        Events predicted, or seen earlier, or a score that grows with the area; areas are ranked by it over ``area``.
    area : array_like, shape (n,), optional
        Size of each area in any one unit, above 0; None: all alike.

    Returns
    -------
    AccuracyCurve
        Dimensionless. ``pai`` = (events captured / all events) / (area searched / all area); ``pei`` = events captured over
        the most that so much area could hold; ``rri`` = (captured / predicted there) / (all events / all predicted).

    Raises
    ------
    ValueError
        For no events, negative events, missing predictions, or areas of 0 or less.

    Notes
    -----
    Areas of the same predicted density stay in the order given. Where areas differ in size the best is reckoned with a part
    of its last area. Levine's ``rri`` is 1 where events stay where they were in the same numbers relative to the whole; other
    software gives its inverse without the totals.

    References
    ----------
    Chainey S, Tompson L, Uhlig S (2008) The utility of hotspot mapping for predicting spatial patterns of crime.
    Secur J 21:4. doi:10.1057/palgrave.sj.8350066
    Levine N (2008) The "hottest" part of a hotspot: comments on "The utility of hotspot mapping". Secur J 21:295.
    Hunt JM (2016) Do crime hot spots move? Dissertation, American University (prediction efficiency index).

    Examples
    --------
    >>> found = prediction_accuracy_index([6, 3, 0], [3, 2, 1])
    >>> found.pai.tolist(), found.pei.tolist(), found.rri.round(3).tolist()
    ([2.0, 1.5, 1.0], [1.0, 1.0, 1.0], [1.333, 1.2, 1.0])
    """
    events, score = np.asarray(observed, float), np.asarray(predicted, float)
    size = np.ones(events.shape) if area is None else np.asarray(area, float)
    if not (events >= 0).all() or events.sum() == 0:
        raise ValueError("observed must be 0 or more, with at least one event")
    if (
        score.shape != events.shape
        or size.shape != events.shape
        or not np.isfinite(score).all()
        or not (size > 0).all()
    ):
        raise ValueError("predicted must be one number an area without gaps, and area above 0")
    order = np.argsort(-score / size, kind="stable")
    best = np.argsort(-events / size, kind="stable")
    searched = np.cumsum(size[order]) / size.sum()
    hits = np.cumsum(events[order]) / events.sum()
    reached, held = (np.concatenate([[0.0], np.cumsum(column[best])]) / column.sum() for column in (size, events))
    most = np.interp(searched, reached, held)
    before = np.cumsum(score[order])
    with np.errstate(divide="ignore", invalid="ignore"):
        recaptured = hits / (before / score.sum())
    return AccuracyCurve(
        order=order,
        share_of_area=searched,
        hit_rate=hits,
        pai=hits / searched,
        pei=hits / most,
        rri=np.where((score >= 0).all() & (before > 0), recaptured, np.nan),
    )


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class PredictionAccuracy(GroupedResult):
    """Indices at parts of the area: ``frame`` has a row a step and ``role``, with ``count``, ``step``, ``share`` and ``total``.

    A step is what lies between one part of the area and the next; roles are the areas in the order of the prediction, in the
    best possible order, and earlier incidents in the order of the prediction.
    """

    margins: ClassVar[tuple[tuple[str, ...], ...]] = (("role",),)

    heading: str = "Area searched"

    quantity: ClassVar[str] = "times what an even spread would give (PAI)"
    decimals: ClassVar[int] = 2
    reference: ClassVar[float | None] = 1.0

    def _captured(self, role: str) -> tuple[Floats, float]:
        """Give the events up to each part of the area, and all; NaN from the first step that is withheld."""
        rows = self.frame[self.frame["role"] == role]
        steps = rows[~rows["total"]].sort_values("step")["count"].to_numpy(float)
        total = rows[rows["total"]]["count"].to_numpy(float)
        return np.cumsum(steps[:-1]), float(total[0]) if len(total) else np.nan

    def estimates(self) -> pd.DataFrame:
        """Give PAI with Wilson's limits, hit rate, PEI and RRI at each part of the area."""
        hits, total = self._captured(PREDICTED)
        best, _ = self._captured(BEST)
        earlier, all_earlier = self._captured(EARLIER)
        rows = self.frame[(self.frame["role"] == PREDICTED) & ~self.frame["total"]].sort_values("step").iloc[:-1]
        share = rows["share"].to_numpy(float)
        held = np.minimum(hits, total)
        low, high = wilson_limits(held, np.full(len(held), total), confidence_level=self.level)
        with np.errstate(divide="ignore", invalid="ignore"):
            recaptured = (held / total) / (earlier / all_earlier) if len(earlier) else np.full(len(held), np.nan)
            efficiency = np.minimum(held / best, 1.0)
        return pd.DataFrame(
            {
                "group": rows["group"].to_numpy(),
                "share": share,
                "count": held,
                "hit_rate": held / total,
                "estimate": held / total / share,
                "low": low / share,
                "high": high / share,
                "pei": efficiency,
                "rri": recaptured,
            }
        )

    def columns(self) -> dict[str, Column]:
        columns = {
            "group": Column(self.heading),
            "count": Column(f"{self.of.capitalize()} captured", "count"),
            "hit_rate": Column("Hit rate", "percent", 0),
            "estimate": Column("PAI", "number", 2),
            "low": Column("Low", "number", 2),
            "high": Column("High", "number", 2),
            "pei": Column("PEI", "number", 2),
        }
        return columns | ({"rri": Column("RRI", "number", 2)} if (self.frame["role"] == EARLIER).any() else {})

    def summary(self) -> str:
        known = self.estimates().dropna(subset="estimate")
        if known.empty:
            return "The accuracy of the prediction is withheld: the counts are too small."
        row = known.iloc[-1]
        verdict = "better" if row["low"] > 1 else "worse" if row["high"] < 1 else "not clearly better or worse"
        return (
            f"The {row['share']:.0%} of the area that was predicted densest held {row['hit_rate']:.0%} of the {self.of} that followed, "
            f"{row['estimate']:.1f} times its part of the area (PAI, {self.level:.0%} interval {row['low']:.1f} to {row['high']:.1f}): {verdict} than "
            f"chance, and {row['pei']:.0%} of what so much area could have held (PEI)."
        )


def measure_prediction_accuracy(
    areas: pd.DataFrame,
    *,
    count: str = "count",
    predicted: str = "predicted",
    earlier: str | None = None,
    area: str | None = None,
    shares: Sequence[float] = (0.05, 0.1, 0.2),
    confidence_level: float = 0.95,
    of: str = "incidents",
) -> PredictionAccuracy:
    """Measure how much of what followed lay in the areas that were predicted densest.

    Answers: would searching the places that a map named have found the incidents of the next period?

    Parameters
    ----------
    areas : pandas.DataFrame
        One row an area or cell.
    count : str
        Column with incidents of the later period, 0 or more.
    predicted : str
        Column with the prediction made before it: a number of events, a density times the area, a count of an earlier period.
    earlier : str, optional
        Column with incidents of the earlier period, for the recapture rate index.
    area : str, optional
        Column with the size of each area, above 0; None: all alike.
    shares : sequence of float
        Parts of the whole area, ascending, above 0 and below 1; as many whole areas are taken as fit, at least one.
    confidence_level : float
        Between 0 and 1.
    of : str
        What is counted, in the plural.

    Returns
    -------
    PredictionAccuracy
        Dimensionless PAI with Wilson's limits of the hit rate over the part of the area; hit rate; PEI; RRI.

    Raises
    ------
    ValueError
        For a missing column, shares out of order or range, and as `prediction_accuracy_index`.

    Notes
    -----
    The limits take incidents to be independent, given where the areas are: they are too narrow where one cause makes
    several. Do not use a prediction that has seen the incidents it is judged by.

    References
    ----------
    Chainey S, Tompson L, Uhlig S (2008) Secur J 21:4. doi:10.1057/palgrave.sj.8350066
    Wheeler AP, Steenbeek W (2021) Mapping the risk terrain for crime using machine learning. J Quant Criminol 37:445.
    doi:10.1007/s10940-020-09457-7
    """
    lacking = [name for name in (count, predicted, earlier, area) if name is not None and name not in areas]
    if lacking:
        raise ValueError(f"areas has no column {lacking[0]!r}; name the column to use")
    cuts = np.asarray(shares, float)
    if cuts.size == 0 or (np.diff(cuts) <= 0).any() or cuts[0] <= 0 or cuts[-1] >= 1:
        raise ValueError("shares must ascend, above 0 and below 1")
    observed, score = areas[count].to_numpy(float), areas[predicted].to_numpy(float)
    size = np.ones(len(areas)) if area is None else areas[area].to_numpy(float)
    curve = prediction_accuracy_index(observed, score, area=size)
    taken = np.maximum(np.searchsorted(curve.share_of_area, cuts + 1e-9, side="right"), 1)
    reached = curve.share_of_area[taken - 1]
    best = np.argsort(-observed / size, kind="stable")
    columns = {PREDICTED: observed[curve.order], BEST: observed[best]}
    most = np.cumsum(size[best]) / size.sum()
    ends = {PREDICTED: taken, BEST: np.maximum(np.searchsorted(most, reached - 1e-9) + 1, 1)}
    if earlier is not None:
        columns[EARLIER], ends[EARLIER] = areas[earlier].to_numpy(float)[curve.order], taken
    density = (score / size)[curve.order]
    tied = (density[taken - 1] == density[np.minimum(taken, len(density) - 1)]).any() and taken[-1] < len(density)
    ties = "areas that were predicted alike were taken in the order of the table"
    return PredictionAccuracy(
        method=Method("Prediction accuracy index", "Chainey, Tompson & Uhlig 2008; Levine 2008; Hunt 2016"),
        unit="PAI",
        frame=pd.concat(
            [_steps(role, column, ends[role], reached) for role, column in columns.items()], ignore_index=True
        ),
        level=confidence_level,
        of=of,
        caveats=(SAME_SHARE, FIRST, *((ties,) if tied else ())),
    )


def _steps(role: str, events: Floats, ends: np.ndarray, reached: Floats) -> pd.DataFrame:
    """Count events between one part of the area and the next, in the order given, and all of them."""
    counts = np.diff(np.concatenate([[0.0], np.cumsum(events)])[np.concatenate([[0], ends, [len(events)]])])
    labels = [f"first {share:.1%} of the area" for share in reached]
    return pd.DataFrame(
        {
            "group": [*labels, "the rest", "all"],
            "role": role,
            "step": np.arange(len(counts) + 1),
            "share": [*reached, 1.0, 1.0],
            "count": [*counts, events.sum()],
            "total": [False] * len(counts) + [True],
        }
    )
