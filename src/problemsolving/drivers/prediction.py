"""Prediction and importance: which drivers help to tell the rate of areas that the model has not seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
import pandas as pd

from problemsolving.drivers.prediction_folds import FEWEST, Fold, block_folds, later_folds, near_folds
from problemsolving.drivers.prediction_importance import DriverImportance
from problemsolving.drivers.prediction_models import (
    ENTANGLED,
    Learner,
    Rows,
    Tried,
    entangled_sets,
    grid_of,
    over_folds,
    try_fold,
)
from problemsolving.results import Interval, Method, listed

NOT_RANDOM = (
    'validation must be "space" (whole blocks of neighbours held out) or "time" (later periods held out): random folds put '
    "neighbours, and the same place in other years, on both sides, so that a model that only knows the map seems to predict"
)


def measure_importance(
    areas: pd.DataFrame,
    *,
    drivers: Mapping[str, str],
    count: str = "count",
    population: str = "population",
    years: float = 1.0,
    validation: Literal["space", "time"] = "space",
    blocks: str | None = None,
    coordinates: tuple[str, str] | None = None,
    period: str | None = None,
    previous: str | None = None,
    method: Learner = "gradient-boosting",
    n_folds: int = 10,
    n_repeats: int = 20,
    confidence_level: float = 0.95,
    rng: np.random.Generator | None = None,
    of: str = "incidents",
) -> DriverImportance:
    """Measure how far drivers tell the rate of areas a model has not seen, and how much each is missed.

    Answers: do these conditions say where or when the rate is high beyond what we know without them, and which of them?

    Parameters
    ----------
    areas : pandas.DataFrame
        One row a small area, or one a small area and period; rows with a missing driver are left out, with a caveat.
    drivers : mapping of str to str
        Label → column of numbers.
    count, population : str
        Columns with events (0 or more) and residents (above 0).
    years : float
        Length of the period of a row in years.
    validation : {"space", "time"}
        Hold out whole blocks of areas in turn, or each later period, learning from those before. There are no random folds.
    blocks : str, optional
        Column with the block of each area, such as its district or ward, for validation in space.
    coordinates : tuple of str, optional
        Columns with easting and northing, or longitude and latitude: blocks are then made by k-means.
    period : str, optional
        Column with the period of each row, for validation in time.
    previous : str, optional
        Column with the events of the same area in the year before: the baseline is then last year's rate, drawn in to
        the average as far as chance demands, else population alone.
    method : {"gradient-boosting", "poisson-regression"}
        Trees that find bends and joint effects, or a log-linear model.
    n_folds : int
        Blocks held out in turn, 3 or more.
    n_repeats : int
        Times each driver is shuffled in each fold.
    confidence_level : float
        Between 0 and 1.
    rng : numpy.random.Generator, optional
        Source of randomness.
    of : str
        What is counted, in the plural.

    Returns
    -------
    DriverImportance
        D² (share of the baseline's deviance explained, at most 1, negative when worse) over all held-out rows and a
        fold; D² lost when a driver is shuffled in held-out rows. Drivers that move together are also shuffled together.

    Raises
    ------
    ValueError
        For random folds, no driver, one that does not vary, or blocks, coordinates or period missing for the validation.

    Notes
    -----
    Deviances are Poisson, weighted by exposure, and summed over folds before they are divided. Intervals are t over
    folds with Nadeau and Bengio's correction: in 150 simulated partnerships those of D² held the truth 95 times in 100,
    without it 84 times, and a model without any true driver beat its baseline once. With five folds instead of ten a
    true driver was clearly missed 82 times in 100 instead of 97. The model beats its baseline when the whole interval of D² lies above 0.
    Do not use to choose what to change, nor to score people: an association between areas that predicts is no cause.

    References
    ----------
    Roberts DR et al. (2017) Cross-validation strategies for data with spatial structure. Ecography 40:913. doi:10.1111/ecog.02881
    Breiman L (2001) Random forests. Machine Learning 45:5. doi:10.1023/A:1010933404324
    Friedman JH (2001) Greedy function approximation. Ann Stat 29:1189. doi:10.1214/aos/1013203451

    Examples
    --------
    >>> need = np.tile([1.0, 2.0, 3.0], 20)
    >>> areas = pd.DataFrame({"need": need, "count": 30 * 2**need, "population": 1_000, "ward": np.repeat(list("abcd"), 15)})
    >>> found = measure_importance(
    ...     areas, drivers={"Need": "need"}, blocks="ward", method="poisson-regression", rng=np.random.default_rng(1)
    ... )
    >>> found.beats_baseline, round(found.skill, 1)
    (True, 1.0)
    """
    from threadpoolctl import threadpool_limits

    rng = np.random.default_rng() if rng is None else rng
    if n_repeats < 1 or not 0 < confidence_level < 1:
        raise ValueError("n_repeats must be 1 or more and confidence_level lie between 0 and 1")
    used, rows = _rows(areas, drivers, count, population, years, previous)
    table = used[list(drivers.values())].set_axis(list(drivers), axis=1)
    tangled = entangled_sets(table)
    sets = {name: [place] for place, name in enumerate(drivers)}
    sets |= {f"{listed(names)} together": [table.columns.get_loc(name) for name in names] for names in tangled}
    grids = [grid_of(rows.drivers[:, place]) for place in range(len(drivers))]
    middles = {place: middle for place, (middle, _) in enumerate(grids)}
    with threadpool_limits(1):  # a few thousand rows need no more, and threads wait for each other on a busy machine
        folds, held_out = _folds(used, validation, blocks, coordinates, period, n_folds, rng)
        tried = [try_fold(rows, fold, method, sets=sets, grids=middles, n_repeats=n_repeats, rng=rng) for fold in folds]
    skill, low, high = _ratio(tried, [one.baseline - one.model for one in tried], confidence_level)
    lost = [(name, *_ratio(tried, [one.lost[name] for one in tried], confidence_level)) for name in sets]
    frame = pd.DataFrame(lost, columns=["group", "estimate", "low", "high"])
    baseline = "last year's rate" if previous else "population alone"
    return DriverImportance(
        method=Method(
            f"Permutation importance of {method.replace('-', ' ')} on rows held out in {validation}",
            "Breiman 2001; Roberts et al. 2017",
            {"folds": len(folds), "repeats": n_repeats, "baseline": baseline},
        ),
        unit="share of the baseline's deviance, lost when shuffled",
        design="associational",
        areas=len(used),
        events=float(rows.events.sum()),
        residual_df=len(used) - len(drivers) - 1,
        counts=tuple(rows.events),
        level=confidence_level,
        of=of,
        skill=skill,
        skill_interval=Interval(low, high, confidence_level),
        baseline=baseline,
        held_out=held_out,
        folds=pd.DataFrame(
            [(one.fold.name, 1 - one.model / one.baseline) for one in tried], columns=["group", "estimate"]
        ),
        frame=frame.sort_values("estimate", ascending=False, ignore_index=True),
        shapes={
            name: _shape(tried, place, *grids[place], level=confidence_level) for place, name in enumerate(drivers)
        },
        caveats=_caveats(len(areas) - len(used), tangled),
    )


def _rows(
    areas: pd.DataFrame, drivers: Mapping[str, str], count: str, population: str, years: float, previous: str | None
) -> tuple[pd.DataFrame, Rows]:
    """Check what a model needs and give the rows used, as a frame and as arrays."""
    if not drivers:
        raise ValueError("drivers must name at least one driver")
    missing = [
        name for name in (*drivers.values(), count, population, previous) if name is not None and name not in areas
    ]
    if missing:
        raise ValueError(f"areas has no column {', '.join(map(str, missing))}")
    used = areas.dropna(subset=list(drivers.values())).reset_index(drop=True)
    table = used[list(drivers.values())].to_numpy(float)
    if len(used) == 0 or (np.ptp(table, axis=0) == 0).any():
        raise ValueError("drivers must vary over the areas; leave out one that does not")
    events, exposure = used[count].to_numpy(float), used[population].to_numpy(float) * years
    before = None if previous is None else used[previous].to_numpy(float)
    if not (events >= 0).all() or not (exposure > 0).all() or (before is not None and not (before >= 0).all()):
        raise ValueError("count and previous must be 0 or more, population and years above 0, none missing")
    if not events.sum() or (before is not None and not before.sum()):
        raise ValueError("count and previous must hold at least one event")
    return used, Rows(table, events, exposure * events.sum() / exposure.sum(), before)


def _folds(
    used: pd.DataFrame,
    validation: str,
    blocks: str | None,
    coordinates: tuple[str, str] | None,
    period: str | None,
    n_folds: int,
    rng: np.random.Generator,
) -> tuple[list[Fold], str]:
    """Give the folds of a validation and what is held out, in words."""
    if validation not in ("space", "time"):
        raise ValueError(NOT_RANDOM)
    if n_folds < FEWEST:
        raise ValueError(f"n_folds must be {FEWEST} or more, so that folds give an interval")
    named = [name for name in (blocks, *(coordinates or ()), period) if name is not None]
    if not set(named) <= set(used.columns):
        raise ValueError("blocks, coordinates and period must name columns of areas")
    if validation == "time":
        if period is None:
            raise ValueError('period must name a column when validation is "time"')
        later = later_folds(used[period])
        return later, f"{len(later)} later periods, each held out from what came before"
    if (blocks is None) == (coordinates is None):
        raise ValueError('give blocks or coordinates, one of the two, when validation is "space"')
    if blocks is not None:
        given = block_folds(used[blocks], n_folds=n_folds)
        return given, f"{len(given)} sets of blocks held out in turn"
    near = near_folds(used[list(coordinates or ())], n_folds=n_folds, rng=rng)
    return near, f"{len(near)} blocks of neighbouring areas held out in turn"


def _ratio(tried: list[Tried], gained: list[float], level: float) -> tuple[float, float, float]:
    """Give deviances gained as a share of the baseline's, over all folds."""
    weights = np.array([one.baseline for one in tried])
    return over_folds(np.array(gained), [one.fold for one in tried], level=level, weights=weights)


def _shape(tried: list[Tried], place: int, middle: np.ndarray, share: np.ndarray, *, level: float) -> pd.DataFrame:
    """Give the ratio to the average prediction at each place of a driver's grid, over folds."""
    along = np.stack([one.shapes[place] for one in tried])
    folds = [one.fold for one in tried]
    curve = np.exp([over_folds(along[:, at], folds, level=level) for at in range(middle.size)])
    return pd.DataFrame({"at": middle, "share": share, "ratio": curve[:, 0], "low": curve[:, 1], "high": curve[:, 2]})


def _caveats(left_out: int, tangled: list[list[str]]) -> tuple[str, ...]:
    caveats = [
        "Importance is what the model misses without a driver, not what a change of the driver would bring: it is no cause",
        "Rates of areas say nothing about persons in them",
    ]
    caveats += [
        f"{listed(names)} move together (rank correlation of {ENTANGLED:g} or more): singly they share their importance and look "
        "weak, and their shapes pass through areas that do not exist; read them together"
        for names in tangled
    ]
    if left_out:
        caveats.append(f"{left_out} rows without a value for every driver were left out")
    return tuple(caveats)
