"""The backbone of a network: which ties stand out from an agency's own ties, as an aid to reading."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from problemsolving import draw
from problemsolving.network.structure.agency_network import AgencyNetwork
from problemsolving.network.structure.pairs import PairsResult, settings_of
from problemsolving.network.structure.stacks import Floats, ratio
from problemsolving.results import Column, Method, Table, Value, number, whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes

READING = "A tie that is left out is there all the same: the backbone is an aid to reading, not a finding"
NEEDS = "withheld: it needs ties of the agency that are not shown"


def disparity_filter(weights: Floats) -> Floats:
    """Give for each tie how likely one so strong would be if an agency's ties shared its weight at random.

    Parameters
    ----------
    weights : array, shape (n, n)
        0 or more, rows send; symmetric where ties have no direction. A tie of an agency to itself counts among its ties.

    Returns
    -------
    array, shape (n, n)
        Upper-tail p, the smaller of both ends' (where ties have a direction: of what the sender sends and of what the receiver
        receives); 1 where there is no tie.

    Notes
    -----
    For an agency with k ties and a tie of share s of its weight, p = (1 - s) to the power k - 1, and 1 for a lone tie. Many
    ties are looked at at once and two ends each: do not use p as a test of one tie.

    References
    ----------
    Serrano MÁ, Boguñá M, Vespignani A (2009) Extracting the multiscale backbone of complex weighted networks. PNAS 106:6483.
    doi:10.1073/pnas.0808904106

    Examples
    --------
    >>> disparity_filter(np.array([[0, 8.0, 2.0], [0, 0, 0], [0, 0, 0]]))[0].round(1).tolist()
    [1.0, 0.2, 0.8]
    """
    tails = []
    for side in (weights, weights.T):
        share = np.nan_to_num(ratio(side, side.sum(axis=1, keepdims=True)))
        ties = (side > 0).sum(axis=1, keepdims=True)
        tails.append(np.where(side > 0, (1 - share) ** np.maximum(ties - 1, 0), 1.0))
    return np.minimum(tails[0], tails[1].T)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Backbone(PairsResult):
    """Ties that stand out, computed from the counts of the pairs."""

    alpha: float

    def estimates(self) -> pd.DataFrame:
        """Give ``sender``, ``receiver``, ``count`` (or weight), ``p`` and ``kept``; p missing where it needs withheld ties."""
        return self._estimates

    @cached_property
    def _estimates(self) -> pd.DataFrame:
        values = self.values_by_pair
        tails = disparity_filter(np.nan_to_num(values, nan=0.0))
        if self.withheld:
            out, into = (np.asarray(np.isnan(values).any(axis=axis)) for axis in (1, 0))
            tails[out[:, None] | into[None, :]] = np.nan
        place = {name: at for at, name in enumerate(self.agencies)}
        row, column = (self.frame[side].map(place).to_numpy(int) for side in ("sender", "receiver"))
        shown = self.frame[["sender", "receiver"]].assign(count=values[row, column], p=tails[row, column])
        shown = shown[shown["count"] > 0].assign(kept=lambda frame: frame["p"] < self.alpha)
        return shown.sort_values(["p", "sender", "receiver"], kind="stable", ignore_index=True)

    def values(self) -> list[Value]:
        return [
            Value(
                name="disparity_p",
                group=f"{row['sender']} to {row['receiver']}",
                estimate=number(row["p"]),
                unit="p, upper tail",
                n=whole(row["count"]) if self.counted else None,
                reason=None if number(row["p"]) is not None else NEEDS,
            )
            for row in self.estimates().to_dict("records")
        ]

    def table(self) -> Table:
        heading = self.of.capitalize() if self.counted else "Weight"
        columns = (Column("From"), Column("To"), Column(heading, "number", 0 if self.counted else 2), Column("p", "number", 3), Column("In the backbone"))  # fmt: skip
        rows = [
            (row["sender"], row["receiver"], number(row["count"]), number(row["p"]), None if number(row["p"]) is None else ("yes" if row["kept"] else "no"))
            for row in self.estimates().to_dict("records")
        ]  # fmt: skip
        return Table(columns, tuple(rows))

    def summary(self) -> str:
        shown = self.estimates()
        known = shown.dropna(subset="p")
        if known.empty:
            return "Which ties stand out cannot be shown: it rests on ties that are withheld or there are none."
        kept, missing = int(known["kept"].sum()), len(shown) - len(known)
        text = f"{kept} of {len(known)} ties stand out from the other ties of their agencies (p below {self.alpha:g})"
        return f"{text}; for {missing} it cannot be told." if missing else f"{text}."

    def alt_text(self) -> str:
        return f"A matrix of the ties that stand out, a dash for all others. {self.summary()}"

    def plot(self, *, ax: Axes | None = None) -> Axes | None:
        kept = self.estimates().query("kept")
        if kept.empty:
            return None
        names = [name for name in self.agencies if name in {*kept["sender"], *kept["receiver"]}]
        wide = kept.pivot(index="sender", columns="receiver", values="count").reindex(index=names, columns=names)
        return draw.matrix(names, names, wide.to_numpy(float), row_title="from", column_title="to", ax=ax)


def find_backbone(network: AgencyNetwork, *, alpha: float = 0.05) -> Backbone:
    """Find the ties that stand out from the other ties of an agency (disparity filter).

    Answers: which ties should be read first?

    Parameters
    ----------
    network : AgencyNetwork
        With counts or weights.
    alpha : float
        Ties with a p below it are kept, between 0 and 1.

    Returns
    -------
    Backbone
        p of every tie. There is no interval: nothing is estimated.

    Raises
    ------
    ValueError
        When alpha is not between 0 and 1.

    Notes
    -----
    Do not measure a network by its backbone, and do not use p as a test: it asks of each tie only whether it is strong beside
    the others of the same agency.

    References
    ----------
    Serrano MÁ, Boguñá M, Vespignani A (2009) Extracting the multiscale backbone of complex weighted networks. PNAS 106:6483.
    doi:10.1073/pnas.0808904106

    Examples
    --------
    >>> from problemsolving.network.structure.build import build_from_edges
    >>> rows = pd.DataFrame({"source": list("aaaa"), "target": list("bcde"), "weight": [97, 1, 1, 1]})
    >>> found = find_backbone(build_from_edges(rows, agencies=list("abcde"), directed=True, counts=True))
    >>> found.estimates().query("kept")[["sender", "receiver"]].values.tolist()
    [['a', 'b']]
    """
    if not 0 < alpha < 1:
        raise ValueError("alpha must lie between 0 and 1")
    given = settings_of(network, tie_from=None, confidence_level=0.95, n_resamples=1, rng=np.random.default_rng(0))
    given["caveats"] = (READING, *given["caveats"])
    method = Method("Disparity filter", "Serrano, Boguñá & Vespignani 2009", {"alpha": alpha})
    return Backbone(method=method, unit="p, upper tail", alpha=alpha, **given)
