"""What tests of places and their neighbours share: checks, islands, and products of neighbours dealt out at random."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from problemsolving.errors import NotEstimableError, counted
from problemsolving.stats.positions import Floats
from problemsolving.stats.resampling import resampled_p

Weights: TypeAlias = "sparse.csr_array"
Alternative = Literal["two-sided", "greater", "less"]

BLOCK = 16  # deals held in memory at once: few, so that they stay near the processor
CLOSE = 1e-10  # relative difference under which two statistics are the same number added up in another order


def find_islands(weights: Weights) -> np.ndarray:
    """Give the rows of places that are nobody's neighbour and have none.

    >>> find_islands(sparse.csr_array([[0, 1, 0], [1, 0, 0], [0, 0, 0]])).tolist()
    [2]
    """
    return np.flatnonzero((np.asarray(weights.sum(axis=0)) == 0) & (np.asarray(weights.sum(axis=1)) == 0))


def islands_in_words(weights: Weights, *, of: str = "area") -> tuple[str, ...]:
    """Say how many places have no neighbour, as a caveat; nothing where all have one.

    >>> islands_in_words(sparse.csr_array([[0, 1, 0], [1, 0, 0], [0, 0, 0]]))
    ('1 area without a neighbour was left out of the comparison with neighbours',)
    """
    alone = len(find_islands(weights))
    were = "was" if alone == 1 else "were"
    return (f"{counted(alone, of)} without a neighbour {were} left out of the comparison with neighbours",) * bool(
        alone
    )


def check_weights(weights: Any, n: int) -> Weights:
    """Give weights as a csr array of numbers; stop where they do not fit ``n`` places.

    Raises
    ------
    ValueError
        For weights of another shape, below 0, missing, or of a place to itself.
    """
    plain = sparse.csr_array(weights, dtype=float, copy=True)
    plain.sum_duplicates()
    plain.eliminate_zeros()
    if plain.shape != (n, n):
        raise ValueError("weights must have one row and one column a place, in the order of the values")
    if not np.isfinite(plain.data).all() or (plain.data < 0).any():
        raise ValueError("weights must be numbers of 0 or more")
    if plain.diagonal().any():
        raise ValueError("weights must not make a place its own neighbour; set the diagonal to 0")
    return plain


def check_values(values: ArrayLike) -> Floats:
    """Give values as an array of numbers; stop where one is missing."""
    plain = np.asarray(values, float)
    if plain.ndim != 1 or not np.isfinite(plain).all():
        raise ValueError("values must be one number a place without gaps; leave out places without one, in weights too")
    return plain


@dataclass(frozen=True, kw_only=True)
class SpatialTest:
    """A global statistic of places and their neighbours against values dealt out to places at random.

    ``estimate`` and its ``expected`` value under that null; ``z`` by its variance under randomisation; ``p`` by
    permutation; ``chance``, the middle 95 % of the permutations; ``n`` places with a neighbour; ``islands`` left out.
    """

    estimate: float
    expected: float
    z: float
    p: float
    chance: tuple[float, float]
    n: int
    islands: int
    n_permutations: int
    alternative: Alternative


def without_islands(values: ArrayLike, weights: Weights) -> tuple[Floats, Weights, int]:
    """Give values and weights of the places with a neighbour, and how many have none."""
    plain = check_values(values)
    checked = check_weights(weights, len(plain))
    islands = find_islands(checked)
    kept = np.setdiff1d(np.arange(len(plain)), islands)
    if len(kept) < 4:
        raise NotEstimableError("fewer than four places have a neighbour")
    return plain[kept], checked[kept][:, kept], len(islands)


def weight_sums(weights: Weights) -> tuple[float, float, float]:
    """Sums of weights in moments of global statistics: S0, S1 and S2 of Cliff and Ord."""
    both = weights + weights.T
    ends = np.asarray(weights.sum(axis=0)) + np.asarray(weights.sum(axis=1))
    return float(weights.sum()), float((both.data**2).sum()) / 2, float((ends**2).sum())


def products_test(
    values: Floats,
    weights: Weights,
    *,
    scale: float,
    expected: float,
    variance: float,
    islands: int,
    n_permutations: int,
    alternative: Alternative,
    rng: np.random.Generator | None,
) -> SpatialTest:
    """Test ``scale`` times the sum of products of neighbours against values dealt out at random."""
    if n_permutations < 1:
        raise ValueError("n_permutations must be 1 or more")
    rng = np.random.default_rng() if rng is None else rng
    pairs = sparse.triu(weights + weights.T, format="csr")  # each pair once: half the work
    estimate = float(scale * (values @ (pairs @ values)))
    drawn = scale * _permuted_products(values, pairs, n_permutations, rng)
    slack = CLOSE * max(abs(estimate), abs(expected))
    extreme = {
        "greater": drawn >= estimate - slack,
        "less": drawn <= estimate + slack,
        "two-sided": np.abs(drawn - expected) >= abs(estimate - expected) - slack,
    }[alternative]
    return SpatialTest(
        estimate=estimate,
        expected=expected,
        z=float((estimate - expected) / np.sqrt(variance)) if variance > 0 else float("nan"),
        p=resampled_p(int(extreme.sum()), n_permutations),
        chance=(float(np.quantile(drawn, 0.025)), float(np.quantile(drawn, 0.975))),
        n=len(values),
        islands=islands,
        n_permutations=n_permutations,
        alternative=alternative,
    )


def _permuted_products(values: Floats, pairs: Weights, n_permutations: int, rng: np.random.Generator) -> Floats:
    """Sum the products of neighbours for values dealt out at random, a block of deals at a time."""
    order = sparse.csgraph.reverse_cuthill_mckee(pairs + pairs.T, symmetric_mode=True)  # neighbours near in memory
    near = sparse.triu((pairs + pairs.T).tocsr()[order][:, order], format="csr")
    sums, deck, dealt = np.empty(n_permutations), values.copy(), np.empty((BLOCK, len(values)))
    for start in range(0, n_permutations, BLOCK):
        size = min(BLOCK, n_permutations - start)
        for deal in dealt[:size]:
            rng.shuffle(deck)
            deal[:] = deck
        columns = np.ascontiguousarray(dealt[:size].T)
        sums[start : start + size] = np.einsum("ij,ij->j", columns, near @ columns)
    return sums
