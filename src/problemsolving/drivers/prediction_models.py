"""Models that predict a rate, what they are compared with, and what they lose when a driver is shuffled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats
from scipy.sparse.csgraph import connected_components

from problemsolving.drivers.prediction_folds import Fold

Floats = NDArray[np.float64]
Learner = Literal["gradient-boosting", "poisson-regression"]
ENTANGLED = 0.7  # rank correlation from which drivers share their importance


def make_learner(learner: Learner, *, seed: int) -> Any:
    """Give a scikit-learn pipeline for rates relative to the average, weighted by expected events.

    Trees are small and stop after a set number: stopping early would look at a random part of the rows.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor
    from sklearn.linear_model import PoissonRegressor
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    if learner == "gradient-boosting":
        model: Any = HistGradientBoostingRegressor(
            loss="poisson", learning_rate=0.05, max_iter=150, max_leaf_nodes=8, min_samples_leaf=15,
            l2_regularization=1.0, early_stopping=False, random_state=seed,
        )  # fmt: skip
    elif learner == "poisson-regression":
        model = PoissonRegressor(alpha=1e-3, solver="newton-cholesky", max_iter=1_000)
    else:
        raise ValueError('method must be "gradient-boosting" or "poisson-regression"')
    return Pipeline([("scale", StandardScaler()), ("model", model)])


@dataclass(frozen=True, eq=False)
class Rows:
    """What a model sees: drivers, events, and events expected at the average rate (or last year's, for the baseline)."""

    drivers: Floats
    events: Floats
    expected: Floats
    previous: Floats | None = None

    @property
    def ratio(self) -> Floats:
        """Events over expected."""
        return self.events / self.expected


def deviance(rows: Rows, at: NDArray[np.intp], predicted: Floats) -> float:
    """Poisson deviance of predicted ratios, summed over rows."""
    from sklearn.metrics import mean_poisson_deviance

    weight = rows.expected[at]
    return float(mean_poisson_deviance(rows.ratio[at], predicted, sample_weight=weight) * weight.sum())


def baseline_ratio(rows: Rows, fold: Fold) -> Floats:
    """Predict held-out rows without any driver: their population alone, or last year's rate drawn in to the average.

    Last year's ratio of an area is weighted by how much areas differed beyond chance last year (empirical Bayes), and
    all are scaled by how the level changed in the rows learnt from.

    References
    ----------
    Marshall RJ (1991) Appl Stat 40:283. doi:10.2307/2347593
    """
    train, test = fold.train, fold.test
    if rows.previous is None:
        return np.full(test.size, rows.events[train].sum() / rows.expected[train].sum())
    before = rows.expected * rows.previous.sum() / rows.expected.sum()
    between = max(0.0, float(((rows.previous - before) ** 2 - before).sum() / (before**2).sum()))
    trust = before * between / (1 + before * between)
    drawn_in = 1 - trust + trust * rows.previous / before
    level = rows.events[train].sum() / (rows.expected[train] * drawn_in[train]).sum()
    return drawn_in[test] * level


@dataclass(frozen=True, eq=False)
class Tried:
    """One fold: deviances of baseline and model in held-out rows, what shuffling each set of drivers adds, the shapes.

    ``shapes``: driver → log ratio to the average prediction at each place of its grid, NaN where no row that the model
    learnt from lies as far out.
    """

    fold: Fold
    baseline: float
    model: float
    lost: dict[str, float]
    shapes: dict[int, Floats]


def try_fold(
    rows: Rows,
    fold: Fold,
    learner: Learner,
    *,
    sets: Mapping[str, Sequence[int]],
    grids: Mapping[int, Floats],
    n_repeats: int,
    rng: np.random.Generator,
) -> Tried:
    """Learn from a fold's rows and try the model on those held out."""
    model = make_learner(learner, seed=int(rng.integers(2**31)))
    train, test = fold.train, fold.test
    weight = rows.expected[train] / rows.expected[train].mean()
    model.fit(rows.drivers[train], rows.ratio[train], model__sample_weight=weight)
    held = rows.drivers[test]
    predicted = model.predict(held)
    fits = deviance(rows, test, predicted)
    lost = {}
    for name, drivers in sets.items():
        columns = np.asarray(drivers)
        shuffled = np.tile(held, (n_repeats, 1))
        order = np.concatenate([rng.permutation(test.size) for _ in range(n_repeats)])
        shuffled[:, columns] = held[np.ix_(order, columns)]
        lost[name] = deviance(rows, np.tile(test, n_repeats), model.predict(shuffled)) / n_repeats - fits
    average = np.average(predicted, weights=rows.expected[test])
    shapes = {}
    for column, grid in grids.items():
        learnt = rows.drivers[train, column]
        set_to = np.tile(held, (grid.size, 1))
        set_to[:, column] = np.repeat(grid, test.size)
        means = np.average(model.predict(set_to).reshape(grid.size, -1), axis=1, weights=rows.expected[test])
        inside = (learnt.min() <= grid) & (grid <= learnt.max())
        shapes[column] = np.where(inside, np.log(means / average), np.nan)
    return Tried(fold, deviance(rows, test, baseline_ratio(rows, fold)), fits, lost, shapes)


def over_folds(
    values: Floats, folds: Sequence[Fold], *, level: float, weights: Floats | None = None
) -> tuple[float, float, float]:
    """Average over folds with a t interval: estimate, low, high.

    Parameters
    ----------
    values : numpy.ndarray, shape (k,)
        One a fold; missing folds are left out.
    folds : sequence of Fold
    level : float
        Between 0 and 1.
    weights : numpy.ndarray, shape (k,), optional
        Size of each fold: the estimate is then the sum of values over the sum of weights.

    Notes
    -----
    Folds learn from much the same rows, so that their results are alike and s²/k is too small; the correction of
    Nadeau and Bengio adds s² times held-out over learnt-from rows.

    References
    ----------
    Nadeau C, Bengio Y (2003) Inference for the generalization error. Machine Learning 52:239. doi:10.1023/A:1024068626366
    """
    known = np.isfinite(values)
    k = int(known.sum())
    if k < 2:
        return (float("nan"),) * 3
    weight = np.ones(k) if weights is None else weights[known]
    estimate = float(values[known].sum() / weight.sum())
    left = (values[known] - estimate * weight) / weight.mean()
    overlap = np.mean([fold.test.size / fold.train.size for fold, here in zip(folds, known, strict=True) if here])
    reach = stats.t.ppf((1 + level) / 2, k - 1) * np.sqrt((1 / k + overlap) * (left**2).sum() / (k - 1))
    return estimate, estimate - float(reach), estimate + float(reach)


def entangled_sets(drivers: pd.DataFrame) -> list[list[str]]:
    """Give sets of drivers that move together: linked by rank correlations of 0.7 or more, either way.

    >>> entangled_sets(pd.DataFrame({"a": [1, 2, 3, 4], "b": [9, 7, 6, 1], "c": [1, -1, -1, 1]}))
    [['a', 'b']]
    """
    close = drivers.corr(method="spearman").abs().to_numpy() >= ENTANGLED
    number, labels = connected_components(close, directed=False)
    sets = [drivers.columns[labels == one].tolist() for one in range(number)]
    return [names for names in sets if len(names) > 1]


def grid_of(values: Floats) -> tuple[Floats, Floats]:
    """Give the median of each fifth of the values and the share of rows in it.

    Values that are alike stay together, so that there may be fewer than five.

    >>> [part.tolist() for part in grid_of(np.array([0.0, 0, 0, 0, 0, 0, 0, 0, 5, 9]))]
    [[0.0, 7.0], [0.8, 0.2]]
    """
    edges = np.unique(np.quantile(values, [0.2, 0.4, 0.6, 0.8]))
    _, fifth = np.unique(np.searchsorted(edges, values, side="left"), return_inverse=True)
    middle = np.array([np.median(values[fifth == one]) for one in range(int(fifth.max()) + 1)])
    return middle, np.bincount(fifth) / values.size
