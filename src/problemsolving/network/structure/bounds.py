"""Between which values a number of the whole network lies where some ties are not known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from problemsolving.network.structure.centralisation import degree_range
from problemsolving.network.structure.sectors import same_sector
from problemsolving.network.structure.stacks import Floats

Range = tuple[float, float]
NOTHING = (float("nan"), float("nan"))


def ranges(arcs: Floats, codes: NDArray[np.int64] | None, *, directed: bool) -> dict[str, Range]:
    """Give lowest and highest value of what can be bounded without a search.

    Parameters
    ----------
    arcs : array, shape (n, n)
        0, 1 or NaN where not known, rows send; symmetric where ties have no direction.
    codes : array of int, shape (n,), or None
        Sector of each agency.
    directed : bool
        Whether ties have a direction.

    Returns
    -------
    dict
        Of density, reciprocity, the E-I index and degree centralisations.

    Notes
    -----
    Each tie not known may be there or not. Do not read the middle of a range as likelier than its ends.

    Examples
    --------
    >>> known = np.array([[0, 1.0], [np.nan, 0]])
    >>> found = ranges(known, None, directed=True)
    >>> found["density"], found["reciprocity_dyads"]
    ((0.5, 1.0), (0.0, 1.0))
    """
    n, low, high = len(arcs), np.nan_to_num(arcs, nan=0.0), np.nan_to_num(arcs, nan=1.0)
    pairs = n * (n - 1)
    found = {"density": (float(low.sum() / pairs), float(high.sum() / pairs))}
    both_low, both_high = np.maximum(low, low.T), np.maximum(high, high.T)
    if n > 2:
        found["degree"] = degree_range(both_low.sum(axis=1), both_high.sum(axis=1), (n - 1) * (n - 2))
    if directed:
        found |= _reciprocity(arcs)
        found["in_degree"] = degree_range(low.sum(axis=0), high.sum(axis=0), (n - 1) ** 2)
        found["out_degree"] = degree_range(low.sum(axis=1), high.sum(axis=1), (n - 1) ** 2)
    if codes is not None:
        same = same_sector(codes)
        within, across = ([float((side * kind).sum()) for side in (low, high)] for kind in (same, 1 - same))
        found["ei_index"] = (_ei(across[0], within[1]), _ei(across[1], within[0]))
    return found


def _reciprocity(arcs: Floats) -> dict[str, Range]:
    """Bound both shares: each pair is mutual, one-way or neither, as far as it is known."""
    upper = np.triu_indices(len(arcs), 1)
    one, other = np.sort(np.stack([arcs[upper], arcs.T[upper]]), axis=0)  # NaN last
    open_, mutual = np.isnan(other), float(((one == 1) & (other == 1)).sum())
    one_way = float(((one == 0) & (other == 1)).sum())
    tied, none = float((open_ & (one == 1)).sum()), float((open_ & (one == 0)).sum())
    dark = float(np.isnan(one).sum())
    most, least = mutual + tied + dark, mutual
    dyads = _share(least, least + one_way + tied + none + dark), _share(most, most + one_way)
    if np.isnan(dyads[0]) or np.isnan(dyads[1]):
        dyads = NOTHING
    return {"reciprocity_dyads": dyads, "reciprocity_arcs": (_of_arcs(dyads[0]), _of_arcs(dyads[1]))}


def _of_arcs(dyads: float) -> float:
    """Turn the share of tied pairs that are mutual into the share of arcs that are returned."""
    return 2 * dyads / (1 + dyads)


def _share(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")


def _ei(across: float, within: float) -> float:
    return _share(across - within, across + within)
