"""Which agencies know a person, given only how many do: drawn in proportion to what each adds among people with that number."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from problemsolving.errors import NotEstimableError

Floats = NDArray[np.float64]
ROUNDS, CLOSE = 5_000, 1e-9
LEAN = (
    2 / 3
)  # power of the odds in a step: the error shrinks to a third, from agencies as good as independent to two alone


def shared_given_number(by_number: ArrayLike, people: ArrayLike, number: ArrayLike) -> Floats:
    """Probability that a person known to so many agencies is known to each pair of them.

    Among people known to the same number of agencies, a set of agencies comes about in proportion to the product of one
    weight an agency, chosen so that each agency is expected to know as many of these people as it does.

    Parameters
    ----------
    by_number : array_like, shape (r, k)
        People known to each agency, a row a group of people known to the same number of agencies.
    people : array_like, shape (r,)
        People in each group, 0 or more; a row of ``by_number`` sums to people × number.
    number : array_like of int, shape (r,)
        Agencies that know each of them, 0 to k.

    Returns
    -------
    ndarray, shape (r, k, k)
        Probabilities of pairs; those of single agencies on the diagonal. 0 in groups without people.

    Raises
    ------
    NotEstimableError
        Where the weights do not settle.

    Notes
    -----
    The weights are maximum-likelihood estimates of the conditional Bernoulli model (Chen, Dempster & Liu), solved by a
    fixed point in the odds, with probabilities from elementary symmetric polynomials. An agency that knows everyone in a group, or no one, is certain. Do not
    use with groups of people known to different numbers of agencies.

    References
    ----------
    Chen XH, Dempster AP, Liu JS (1994) Weighted finite population sampling to maximize entropy. Biometrika 81:457.
    doi:10.1093/biomet/81.3.457

    Examples
    --------
    Four agencies alike: a person known to two is known to any pair with probability 1/6.

    >>> shared_given_number([[6, 6, 6, 6]], [12], [2])[0, 0].round(4).tolist()
    [0.5, 0.1667, 0.1667, 0.1667]
    """
    counts, size, left = np.asarray(by_number, float), np.asarray(people, float), np.array(number, np.int64)
    with np.errstate(divide="ignore", invalid="ignore"):
        goal = np.where(size[:, None] > 0, counts / size[:, None], 0.0)
    sure, never = goal >= 1 - 1e-12, goal <= 1e-12
    free = ~(sure | never)
    left = np.where(free.any(axis=1), left - sure.sum(axis=1), 0)
    weights = _weights(np.where(free, goal, 0.0), free, left)
    single = np.where(free, _single(weights, left), sure)
    both = _pairs(weights, left)
    both = np.where(sure[:, :, None], single[:, None, :], np.where(sure[:, None, :], single[:, :, None], both))
    both[:, np.arange(goal.shape[1]), np.arange(goal.shape[1])] = single
    return np.where(size[:, None, None] > 0, both, 0.0)


def _weights(goal: Floats, free: NDArray[np.bool_], number: NDArray[np.int64]) -> Floats:
    """Solve for the weights by the fixed point, all groups at once; 0 where an agency is certain."""
    weights = np.where(free, goal / np.where(free, 1 - goal, 1.0), 0.0)
    rows = np.flatnonzero((number > 0) & free.any(axis=1))
    for _ in range(ROUNDS):
        given = _single(weights[rows], number[rows])
        apart = np.abs(given - goal[rows]) > CLOSE
        if not apart.any():
            return weights
        with np.errstate(divide="ignore", invalid="ignore"):
            step = (goal[rows] * (1 - given) / (given * (1 - goal[rows]))) ** LEAN
        weights[rows] *= np.where(free[rows], step, 0.0)
        weights[rows] /= np.exp(np.where(free[rows], np.log(np.where(free[rows], weights[rows], 1.0)), 0.0).sum(axis=1) / free[rows].sum(axis=1))[:, None]  # fmt: skip
        rows = rows[apart.any(axis=1)]
    raise NotEstimableError("weights of agencies given the number of agencies do not settle; join small agencies")


def _polynomials(weights: Floats, most: int) -> Floats:
    """Elementary symmetric polynomials 0 to ``most`` of the last axis."""
    found = np.zeros((*weights.shape[:-1], most + 1))
    found[..., 0] = 1.0
    for one in np.moveaxis(weights, -1, 0):
        found[..., 1:] += one[..., None] * found[..., :-1]
    return found


def _single(weights: Floats, number: NDArray[np.int64]) -> Floats:
    """Probability of each agency, from the polynomials without it."""
    if not len(weights):
        return np.zeros_like(weights)
    size, most = weights.shape[1], max(int(number.max()), 1)
    whole = np.take_along_axis(_polynomials(weights, most), number[:, None], axis=1)
    others = _polynomials(weights[:, None, :] * (1 - np.eye(size)), most)
    left = np.take_along_axis(others, np.maximum(number - 1, 0)[:, None, None], axis=2)[:, :, 0]
    return np.where(number[:, None] > 0, weights * left / whole, 0.0)


def _pairs(weights: Floats, number: NDArray[np.int64]) -> Floats:
    """Probability of each pair, from the polynomials without both."""
    size, most = weights.shape[1], max(int(number.max(initial=0)), 2)
    first, second = np.triu_indices(size, 1)
    found = np.zeros((len(weights), size, size))
    kept = np.ones((len(first), size))
    kept[np.arange(len(first)), first] = kept[np.arange(len(first)), second] = 0
    for row in np.flatnonzero(number >= 2):
        whole = _polynomials(weights[row], most)[number[row]]
        left = _polynomials(weights[row] * kept, int(number[row]))[:, number[row] - 2]
        found[row, first, second] = weights[row, first] * weights[row, second] * left / whole
    return found + found.swapaxes(1, 2)
