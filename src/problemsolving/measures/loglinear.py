"""Log-linear models of several lists: every one with pairwise interactions, and what each says of those on none."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, combinations
from typing import NamedTuple

import numpy as np
import pandas as pd

from problemsolving.measures.capture import with_limits

FURTHEST = 12.0  # log coefficients beyond this stand for minus or plus infinity


class Fit(NamedTuple):
    """A fitted model: those on no list as the model has them, and how well it fits; missing where it cannot be fitted."""

    unseen: float
    error: float  # standard error of the log of the unseen
    withheld: float  # expected in cells that were not given
    aic: float
    bic: float
    reason: str = ""


@dataclass(frozen=True)
class Model:
    """Which pairs of lists depend on each other; the lists themselves are always in it."""

    pairs: tuple[tuple[int, int], ...]

    def name(self, lists: Sequence[str]) -> str:
        """Say the model in words.

        >>> Model(((0, 1),)).name(["police", "housing", "council"]), Model(()).name(["police", "housing"])
        ('police × housing', 'lists independent')
        """
        return ", ".join(f"{lists[a]} × {lists[b]}" for a, b in self.pairs) or "lists independent"

    def design(self, patterns: np.ndarray) -> np.ndarray:
        """Give the columns of the model: constant, lists, pairs."""
        on = patterns.astype(float)
        return np.column_stack([np.ones(len(on)), on, *(on[:, a] * on[:, b] for a, b in self.pairs)])

    def fit(self, patterns: np.ndarray, counts: np.ndarray) -> Fit:
        """Fit to the counts that are given; the constant is the log of those on no list."""
        given = np.isfinite(counts)
        x = self.design(patterns)
        for a, b in self.pairs:
            if not counts[given & patterns[:, a] & patterns[:, b]].sum() > 0:
                return _unfitted("no one is on both lists of a pair")
        if given.sum() < x.shape[1] or np.linalg.matrix_rank(x[given]) < x.shape[1]:
            return _unfitted("too few counts are given")
        return self._fitted(x, counts, given)

    @staticmethod
    def _fitted(x: np.ndarray, counts: np.ndarray, given: np.ndarray) -> Fit:
        import statsmodels.api as sm

        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            found = sm.GLM(counts[given], x[given], family=sm.families.Poisson()).fit()
            error = float(np.sqrt(found.cov_params()[0, 0]))
        if not found.converged or not np.isfinite(error) or np.abs(found.params).max() > FURTHEST:
            return _unfitted("the counts do not determine it")
        rest = float(np.exp(x[~given] @ found.params).sum())
        size = x.shape[1]
        bic = size * np.log(counts[given].sum()) - 2 * found.llf
        return Fit(float(np.exp(found.params[0])), error, rest, float(2 * size - 2 * found.llf), float(bic))


def _unfitted(reason: str) -> Fit:
    nothing = float("nan")
    return Fit(nothing, nothing, nothing, nothing, nothing, f"not estimable: {reason}")


def every_model(lists: int) -> list[Model]:
    """Give all hierarchical models with pairwise interactions, from independence on; with two lists there is but one.

    >>> [len(every_model(lists)) for lists in (2, 3, 4)]
    [1, 8, 64]
    """
    pairs = list(combinations(range(lists), 2)) if lists > 2 else []
    chosen = chain.from_iterable(combinations(pairs, size) for size in range(len(pairs) + 1))
    return [Model(tuple(some)) for some in chosen]


def fit_models(
    patterns: np.ndarray, counts: np.ndarray, *, models: Sequence[Model], lists: Sequence[str], confidence_level: float
) -> pd.DataFrame:
    """Estimate the population by each model.

    Parameters
    ----------
    patterns : array of bool, shape (cells, lists)
        Which lists each cell is on; those on none are not among them.
    counts : array, shape (cells,)
        People, 0 or more; missing where withheld.
    models : sequence of Model
        To be fitted.
    lists : sequence of str
        Names.
    confidence_level : float
        Between 0 and 1.

    Returns
    -------
    pandas.DataFrame
        ``group`` (the model), ``pairs`` (of dependent lists), ``estimate``, ``low``, ``high`` (people), ``aic``,
        ``bic``, ``reason``.

    Notes
    -----
    Poisson models of the counts; the constant of a model is the log of the number on no list. The variance of the
    population is unseen + unseen² × variance of the constant; limits are log-normal in the unseen. A count that is
    withheld is left out of the fit and put at what the model expects there.

    References
    ----------
    Fienberg SE (1972) The multiple recapture census for closed populations and incomplete 2^k contingency tables.
    Biometrika 59:591. doi:10.1093/biomet/59.3.591
    Cormack RM (1989) Log-linear models for capture-recapture. Biometrics 45:395. doi:10.2307/2531485
    """
    rows = []
    for model in models:
        fit = model.fit(patterns, counts)
        seen = np.nansum(counts) + fit.withheld
        variance = fit.unseen + fit.unseen**2 * fit.error**2
        size = with_limits(seen + fit.unseen, variance=variance, seen=seen, confidence_level=confidence_level)
        rows.append((model.name(lists), len(model.pairs), *size, fit.aic, fit.bic, fit.reason))
    return pd.DataFrame(rows, columns=["group", "pairs", "estimate", "low", "high", "aic", "bic", "reason"])


def join_missed(patterns: np.ndarray, counts: np.ndarray, *, missed: float) -> np.ndarray:
    """Give the counts as they would be, had no link been missed.

    A person on several lists is taken to be missed on one of them, each as likely, with the probability ``missed``, and
    to be counted there a second time. With two lists this divides those on both by 1 - missed.

    >>> join_missed(np.array([[False, True], [True, False], [True, True]]), np.array([51.0, 61.0, 90.0]), missed=0.1)
    array([ 41.,  51., 100.])
    """
    place = {tuple(row): number for number, row in enumerate(patterns.tolist())}
    turned = np.eye(len(counts))
    for row, number_ in place.items():
        on = np.flatnonzero(row)
        if len(on) < 2:
            continue
        turned[number_, number_] -= missed
        for one in on:
            alone = tuple(at == one for at in range(len(row)))
            others = tuple(is_on and at != one for at, is_on in enumerate(row))
            turned[place[alone], number_] += missed / len(on)
            turned[place[others], number_] += missed / len(on)
    return np.linalg.solve(turned, counts)
