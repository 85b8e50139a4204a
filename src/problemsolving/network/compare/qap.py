"""Are two networks of the same agencies alike: QAP correlation."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from problemsolving.errors import NotEstimableError
from problemsolving.network.compare.chance import NO_INTERVAL, AgainstChance, chance_row
from problemsolving.network.compare.ties import Floats, Ties, both, counts_of, sorted_agencies, stop
from problemsolving.network.structure.agency_network import AgencyNetwork
from problemsolving.results import Method
from problemsolving.stats.intervals import normal_quantile
from problemsolving.stats.products import Alternative

BLOCK = 4_000_000


class Likeness(NamedTuple):
    """How far the ties of two networks go together; ties between agencies, each pair once where there is no direction."""

    shared: int
    pearson: float
    jaccard: float
    simple_match: float


def compare_ties(first: Ties, second: Ties) -> Likeness:
    """Compare whether agencies are tied in two networks.

    Parameters
    ----------
    first, second : AgencyNetwork or array_like, shape (n, n)
        Of the same agencies in the same order; anything above 0 is a tie.

    Returns
    -------
    Likeness
        Ties in both, correlation of ties (0 and 1), share of ties in either that are in both, share of pairs that agree.

    Notes
    -----
    Do not show to the public where ties are counts of few cases: the numbers are exact.

    Examples
    --------
    >>> ring = np.roll(np.eye(4), 1, axis=1)
    >>> compare_ties(ring + ring.T, ring + ring.T).shared
    4
    """
    one, other = ((values > 0).astype(float) for values in both(first, second))
    kept = ~np.eye(len(one), dtype=bool)
    a, b = one[kept], other[kept]
    undirected = np.array_equal(one, one.T) and np.array_equal(other, other.T)
    either = np.maximum(a, b).sum()
    return Likeness(
        round((a * b).sum() / (2 if undirected else 1)),
        float(np.corrcoef(a, b)[0, 1]) if a.std() and b.std() else float("nan"),
        float((a * b).sum() / either) if either else float("nan"),
        float((a == b).mean()),
    )


def qap_correlation(
    first: Ties,
    second: Ties,
    *,
    alternative: Alternative = "two-sided",
    n_permutations: int = 9_999,
    confidence_level: float = 0.95,
    rng: np.random.Generator | None = None,
) -> AgainstChance:
    """Correlate the ties of two networks of the same agencies, with agencies of one dealt out anew as chance.

    Answers: do agencies that have one kind of tie also have the other, more than who has many ties would give?

    Parameters
    ----------
    first, second : AgencyNetwork or array_like, shape (n, n)
        Of the same agencies in the same order: 0 and 1, or weights. Ties to itself do not count.
    alternative : {"two-sided", "greater", "less"}
        Which p the summary tells; the table holds all three.
    n_permutations : int
        Deals.
    confidence_level : float
        Of the range that chance gives, between 0 and 1.
    rng : numpy.random.Generator, optional
        Source of randomness.

    Returns
    -------
    AgainstChance
        Pearson's correlation over all pairs, beside its distribution when the agencies of the second network change
        places (rows and columns together); p = (1 + deals as extreme) / (1 + deals).

    Raises
    ------
    NetworkError
        For every fault at once.
    NotEstimableError
        Where all pairs of a network have the same tie.

    Notes
    -----
    Ties of one agency depend on each other, so a p from the correlation alone would be far too small. A correlation of two
    networks may come from a third thing, such as sector. Do not use where agencies did not answer: leave them out of both.

    References
    ----------
    Krackhardt D (1988) Predicting with networks: nonparametric multiple regression analysis of dyadic data. Soc Networks
    10:359. doi:10.1016/0378-8733(88)90004-4

    Examples
    --------
    >>> star = np.zeros((6, 6))
    >>> star[0, 1:] = star[1:, 0] = 1
    >>> found = qap_correlation(star, star, rng=np.random.default_rng(1))
    >>> round(float(found.frame["estimate"].iloc[0]), 6), 0.15 < float(found.frame["p_greater"].iloc[0]) < 0.18
    (1.0, True)
    """
    one, other = both(first, second)
    normal_quantile(confidence_level)
    stop(["n_permutations must be 1 or more"] if n_permutations < 1 else [])
    kept = ~np.eye(len(one), dtype=bool)
    if not (one[kept].std() and other[kept].std()):
        raise NotEstimableError("all pairs of a network have the same tie, so that it goes with nothing")
    scale = one[kept].std() * other[kept].std()
    middle = one[kept].mean() * other[kept].mean()
    order = sorted_agencies(one, other)
    seen = (one[kept] * other[kept]).mean()
    sums = permuted_sums(one[np.ix_(order, order)], other[np.ix_(order, order)], n_permutations, rng)
    row = chance_row(
        "correlation of ties",
        float((seen - middle) / scale),
        (sums / kept.sum() - middle) / scale,
        confidence_level=confidence_level,
    )
    told = [words for ties in (first, second) if isinstance(ties, AgencyNetwork) for words in ties.caveats]
    return AgainstChance(
        method=Method("QAP correlation", "Krackhardt 1988", {"permutations": n_permutations}),
        unit="Pearson's correlation, -1 to 1",
        design="associational",
        caveats=(NO_INTERVAL, *dict.fromkeys(told)),
        frame=pd.DataFrame([row]),
        agencies=float(len(one)),
        alternative=alternative,
        level=confidence_level,
        lead="The two networks beside each other",
        null="the agencies of one network dealt out anew",
        counts=counts_of(first, second),
    )


def permuted_sums(one: Floats, other: Floats, n_permutations: int, rng: np.random.Generator | None) -> Floats:
    """Sum of products of two tables for the agencies of the second dealt out anew, one number a deal."""
    rng = np.random.default_rng() if rng is None else rng
    if np.count_nonzero(other) < np.count_nonzero(one):
        one, other = other, one
    rows, columns = np.nonzero(one)
    weights, flat, n = one[rows, columns], other.ravel(), len(one)
    sums = np.empty(n_permutations)
    step = max(1, BLOCK // max(len(rows), n))
    for start in range(0, n_permutations, step):
        size = min(step, n_permutations - start)
        dealt = rng.permuted(np.broadcast_to(np.arange(n), (size, n)), axis=1)
        sums[start : start + size] = flat[dealt[:, rows] * n + dealt[:, columns]] @ weights
    return sums
