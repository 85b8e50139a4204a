"""Is a network's number more than its agencies' numbers of ties would give by themselves?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd

from problemsolving.network.compare.chance import NO_INTERVAL, AgainstChance, chance_row
from problemsolving.network.compare.rewiring import rewire
from problemsolving.network.compare.ties import Floats, Ties, counts_of, is_directed, sorted_agencies, square, stop
from problemsolving.network.structure.agency_network import AgencyNetwork
from problemsolving.network.structure.sectors import ei_index
from problemsolving.network.structure.stacks import either_way, ratio, transitivity
from problemsolving.results import Method
from problemsolving.stats.intervals import normal_quantile
from problemsolving.stats.products import Alternative

Statistic = Literal["reciprocity", "transitivity", "E-I index"]
BLOCK = 4_000_000


def degree_null_test(
    ties: Ties,
    *,
    statistics: Sequence[Statistic] | None = None,
    sectors: Sequence[str] | None = None,
    tie_from: float | None = None,
    directed: bool | None = None,
    alternative: Alternative = "two-sided",
    n_resamples: int = 999,
    swaps_per_tie: float = 20.0,
    confidence_level: float = 0.95,
    rng: np.random.Generator | None = None,
) -> AgainstChance:
    """Test numbers of a network against networks in which every agency keeps its number of ties.

    Answers: do agencies return ties, close triangles or stay within their sector more than their numbers of ties would
    give by themselves?

    Parameters
    ----------
    ties : AgencyNetwork or array_like, shape (n, n)
        Rows send; anything above 0 is a tie.
    statistics : sequence of {"reciprocity", "transitivity", "E-I index"}, optional
        Share of arcs that are returned (directed ties alone), share of pairs with a common partner that are tied
        (whatever the direction), and ties between less those within sectors over all. By default all that these ties have.
    sectors : sequence of str, shape (n,), optional
        Sector of each agency, for the E-I index; taken from an AgencyNetwork where it knows all.
    tie_from : float, optional
        Count or weight from which two agencies are tied; by default anything above 0.
    directed : bool, optional
        Whether ties have a direction; without it, whether the table differs from its mirror image.
    alternative : {"two-sided", "greater", "less"}
        Which p the summary tells; the table holds all three.
    n_resamples : int
        Networks drawn.
    swaps_per_tie : float
        Swaps tried for each tie of a drawn network.
    confidence_level : float
        Of the range that chance gives, between 0 and 1.
    rng : numpy.random.Generator, optional
        Source of randomness.

    Returns
    -------
    AgainstChance
        One row a statistic: seen, by chance, p in both tails.

    Raises
    ------
    NetworkError
        For every fault at once.

    Notes
    -----
    `problemsolving.network.compare.rewiring.rewire` draws the networks. A difference says that numbers of ties alone do not
    explain a pattern, not what does. Do not use where every agency has a tie with every other: there is only one such network.

    References
    ----------
    Fosdick BK, Larremore DB, Nishimura J, Ugander J (2018) Configuring random graph models with fixed degree sequences.
    SIAM Review 60:315. doi:10.1137/16M1087175

    Examples
    --------
    >>> ring = np.roll(np.eye(6), 1, axis=1)
    >>> found = degree_null_test(ring + ring.T, statistics=["transitivity"], n_resamples=99, rng=np.random.default_rng(1))
    >>> float(found.frame["estimate"].iloc[0])
    0.0
    """
    values = square(ties)
    arcs = (values > 0 if tie_from is None else values >= tie_from).astype(float)
    one_way = (
        (ties.directed if isinstance(ties, AgencyNetwork) else is_directed(arcs)) if directed is None else directed
    )
    codes = _codes(ties, sectors, len(arcs))
    normal_quantile(confidence_level)
    possible: dict[Statistic, bool] = {"reciprocity": one_way, "transitivity": True, "E-I index": codes is not None}
    asked: list[Statistic] = [name for name, has in possible.items() if has] if statistics is None else list(statistics)
    faults = [f'no statistic "{name}"; there are {", ".join(possible)}' for name in asked if name not in possible]
    if not one_way and is_directed(arcs):
        faults.append("ties without a direction must be the same from both sides")
    if not one_way and "reciprocity" in asked:
        faults.append("reciprocity needs ties with a direction")
    if "E-I index" in asked and codes is None:
        faults.append("the E-I index needs the sector of every agency, in the order of the table")
    if n_resamples < 1 or not asked:
        faults.append("n_resamples must be 1 or more, and statistics name at least one")
    stop(faults)
    order = sorted_agencies(arcs)
    arcs, codes = arcs[np.ix_(order, order)], None if codes is None else codes[order]
    seen = _measure(arcs[None], asked, codes)
    drawn = _draw(arcs, one_way, asked, codes, n_resamples, swaps_per_tie, rng)
    rows = [chance_row(name, float(seen[name][0]), drawn[name], confidence_level=confidence_level) for name in asked]
    return AgainstChance(
        method=Method(
            "Degree-preserving null by swaps of ties",
            "Fosdick et al. 2018",
            {"networks": n_resamples, "swaps tried a tie": swaps_per_tie, "directed": "yes" if one_way else "no"},
        ),
        unit="share, 0 to 1; E-I index, -1 to 1" if "E-I index" in asked else "share, 0 to 1",
        caveats=(NO_INTERVAL, *(ties.caveats if isinstance(ties, AgencyNetwork) else ())),
        frame=pd.DataFrame(rows),
        agencies=float(len(arcs)),
        alternative=alternative,
        level=confidence_level,
        lead="Beside networks in which every agency keeps its number of ties",
        null="ties dealt out anew by swaps",
        counts=counts_of(ties),
    )


def _codes(ties: Ties, sectors: Sequence[str] | None, n: int) -> np.ndarray | None:
    given = sectors
    if given is None and isinstance(ties, AgencyNetwork) and all(name in ties.sectors for name in ties.agencies):
        given = [ties.sectors[name] for name in ties.agencies]
    if given is None or len(given) != n:
        return None
    return np.unique([str(sector) for sector in given], return_inverse=True)[1].astype(np.int64)


def _measure(arcs: Floats, statistics: Sequence[Statistic], codes: np.ndarray | None) -> dict[str, Floats]:
    """Measure each network of a stack."""
    found: dict[str, Floats] = {}
    for name in statistics:
        if name == "reciprocity":
            found[name] = ratio((arcs * arcs.swapaxes(-1, -2)).sum(axis=(-1, -2)), arcs.sum(axis=(-1, -2)))
        elif name == "transitivity":
            found[name] = transitivity(either_way(arcs))
        elif codes is not None:
            found[name] = ei_index(arcs, codes)
    return found


def _draw(
    arcs: Floats,
    directed: bool,
    statistics: Sequence[Statistic],
    codes: np.ndarray | None,
    n_resamples: int,
    swaps_per_tie: float,
    rng: np.random.Generator | None,
) -> dict[str, Floats]:
    """Draw networks and measure them, some at a time."""
    n = len(arcs)
    first, second = np.nonzero(arcs if directed else np.triu(arcs))
    drawn = rewire(first, second, n=n, directed=directed, n_networks=n_resamples, swaps_per_tie=swaps_per_tie, rng=rng)
    found: list[dict[str, Floats]] = []
    step = max(1, BLOCK // n**2)
    for start in range(0, n_resamples, step):
        a, b = drawn.first[start : start + step], drawn.second[start : start + step]
        stack = np.zeros((len(a), n, n))
        stack[np.arange(len(a))[:, None], a, b] = 1.0
        found.append(_measure(stack if directed else np.maximum(stack, stack.swapaxes(1, 2)), statistics, codes))
    return {name: np.concatenate([part[name] for part in found]) for name in statistics}
