"""Structural holes (Burt): how far an agency's partners depend on it, or it on them."""

from __future__ import annotations

import numpy as np

from problemsolving.network.structure.stacks import Floats, ratio


def _mutual(ties: Floats) -> Floats:
    return ties + ties.swapaxes(-1, -2)


def burt_constraint(ties: Floats) -> Floats:
    """Measure how far each agency is bound by its partners' ties to each other.

    Answers: could an agency's partners do without it?

    Parameters
    ----------
    ties : array, shape (..., n, n)
        Weights, or 0 and 1; rows send; 0 on the diagonal.

    Returns
    -------
    array, shape (..., n)
        Low: partners are not tied to each other. May exceed 1 (in a closed triad it is 1.125) and is never cut there;
        NaN for isolates.

    Notes
    -----
    Both directions of a tie are added up. Do not use as a score of an agency's worth: a high value can mean a close team.

    References
    ----------
    Burt RS (1992) Structural Holes. Harvard University Press.

    Examples
    --------
    >>> burt_constraint(np.ones((3, 3)) - np.eye(3)).tolist()
    [1.125, 1.125, 1.125]
    """
    mutual = _mutual(ties)
    shares = ratio(mutual, mutual.sum(axis=-1, keepdims=True))
    isolated = np.isnan(shares).all(axis=-1)
    shares = np.nan_to_num(shares)
    bound = ((shares + shares @ shares) ** 2 * (mutual > 0)).sum(axis=-1)
    return np.where(isolated, np.nan, bound)


def effective_size(ties: Floats) -> tuple[Floats, Floats]:
    """Count an agency's partners less those that others lead to anyway, and that as a share of its partners.

    Parameters
    ----------
    ties : array, shape (..., n, n)
        Weights, or 0 and 1; rows send; 0 on the diagonal.

    Returns
    -------
    size, efficiency : array, shape (..., n)
        Size from 0 to the number of partners, efficiency 0 to 1; NaN for isolates.

    Notes
    -----
    Do not add sizes up over agencies: they count the same partners.

    References
    ----------
    Burt RS (1992) Structural Holes. Harvard University Press.

    Examples
    --------
    >>> size, efficiency = effective_size(np.ones((3, 3)) - np.eye(3))
    >>> size.tolist(), efficiency.tolist()
    ([1.0, 1.0, 1.0], [0.5, 0.5, 0.5])
    """
    mutual = _mutual(ties)
    partners = (mutual > 0).astype(float)
    shares = np.nan_to_num(ratio(mutual, mutual.sum(axis=-1, keepdims=True)))
    strongest = np.nan_to_num(ratio(mutual, mutual.max(axis=-1, keepdims=True)))
    degree = partners.sum(axis=-1)
    repeated = (shares @ strongest.swapaxes(-1, -2)) * partners
    size = np.where(degree > 0, degree - repeated.sum(axis=-1), np.nan)
    return size, ratio(size, degree)
