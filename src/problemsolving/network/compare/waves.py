"""What changed in a network between two waves: ties kept, gained and lost, and whether it is more than chance."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
import pandas as pd
from scipy import stats

from problemsolving import draw
from problemsolving.grouped import GroupedResult
from problemsolving.network.compare.qap import permuted_sums
from problemsolving.network.compare.ties import Floats, Ties, both, is_directed, sorted_agencies, stop
from problemsolving.network.overlap.words import p_words, rounded_up
from problemsolving.network.structure.agency_network import AgencyNetwork
from problemsolving.results import Column, Kind, Method, Table, Value, number, whole
from problemsolving.stats.intervals import normal_quantile, wilson_limits
from problemsolving.stats.resampling import resampled_p

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WITHHELD = "withheld: too few ties, or it guards such a count"
CAVEATS = (
    "A tie told in one wave and not in the other may be a change of who answered, or of how the question was read",
    "Intervals take pairs of agencies as independent, which they are not: they are too narrow where few agencies tell most ties",
)
KINDS = {("tied", "tied"): "kept", ("not tied", "tied"): "gained", ("tied", "not tied"): "lost", ("not tied", "not tied"): "never"}  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class WaveChange(GroupedResult):
    """Pairs of agencies by whether they were tied in the first and second wave: ``group``, ``first``, ``second``, ``count``."""

    alike: float  # p that agencies dealt out anew keep as many ties
    apart: float  # p, two-sided, of the net change in ties
    agencies: int
    of: str = "ties"
    heading: str = "Ties"

    margins: ClassVar[tuple[tuple[str, ...], ...]] = (("first",), ("second",))
    estimate_kind: ClassVar[Kind] = "percent"
    value_name: ClassVar[str] = "share"

    @property
    def _cells(self) -> dict[str, float]:
        return dict(zip(self.frame["group"], self.frame["count"].astype(float), strict=True))

    @property
    def jaccard(self) -> float:
        """Ties in both waves as a share of ties in either, 0 to 1; NaN where a count is withheld."""
        cells = self._cells
        either = cells["kept"] + cells["gained"] + cells["lost"]
        return cells["kept"] / either if either > 0 else float("nan")

    @property
    def hamming(self) -> float:
        """Pairs that differ between the waves: ties gained and lost; NaN where a count is withheld."""
        return self._cells["gained"] + self._cells["lost"]

    def estimates(self) -> pd.DataFrame:
        """Give kept, gained, lost and both summaries: ``count`` of ``whole``, share with Wilson limits."""
        cells = self._cells
        before, after = cells["kept"] + cells["lost"], cells["kept"] + cells["gained"]
        either, pairs = before + cells["gained"], sum(cells.values())
        rows = {
            "kept, of ties in the first wave": (cells["kept"], before),
            "lost, of ties in the first wave": (cells["lost"], before),
            "gained, of ties in the second wave": (cells["gained"], after),
            "in both, of ties in either wave (Jaccard)": (cells["kept"], either),
            "changed, of all pairs (Hamming)": (self.hamming, pairs),
        }
        count, total = (np.array(side, float) for side in zip(*rows.values(), strict=True))
        low, high = wilson_limits(count, np.where(total > 0, total, np.nan), confidence_level=self.level)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(total > 0, count / total, np.nan)
        reason = np.select(
            [np.isnan(count + total), total == 0], [WITHHELD, "not estimable: no tie to be a share of"], ""
        )
        return pd.DataFrame({"group": list(rows), "count": count, "whole": total, "estimate": share, "low": low, "high": high, "reason": reason})  # fmt: skip

    @property
    def tests(self) -> dict[str, float]:
        """P of both tests; NaN where a count is withheld."""
        shown = self.frame["count"].notna().all()
        return {name: p if shown else float("nan") for name, p in (("alike", self.alike), ("net change", self.apart))}

    def columns(self) -> dict[str, Column]:
        names = super().columns()
        names["count"] = Column("Pairs" if self.of == "ties" else self.of.capitalize(), "count")
        names["estimate"] = Column("Share", "percent")
        return names | ({"reason": Column("Note")} if (self.estimates()["reason"] != "").any() else {})

    def table(self) -> Table:
        shown = super().table()
        width = len(shown.columns)
        rows = [(f"{name}: {p_words(p)}", *(None,) * (width - 1)) for name, p in self._said().items()]
        return Table(shown.columns, (*shown.rows, *rows))

    def _said(self) -> dict[str, float]:
        words = {"alike": "waves alike beyond chance", "net change": "ties gained against lost, two-sided"}
        return {words[name]: p for name, p in self.tests.items() if number(p) is not None}

    def values(self) -> list[Value]:
        rows = self.estimates().to_dict("records")
        shares = [
            replace(value, reason=row["reason"] or None) for value, row in zip(super().values(), rows, strict=True)
        ]
        pairs = whole(self.frame["count"].sum(skipna=False))
        tests = [
            Value(
                name=f"p_{name.replace(' ', '_')}",
                estimate=number(p),
                unit="probability",
                n=pairs,
                reason=None if number(p) is not None else "withheld, or not estimable",
            )
            for name, p in self.tests.items()
        ]
        hamming = Value(
            name="hamming", estimate=number(self.hamming), unit="pairs", n=pairs, reason=None if number(self.hamming) is not None else WITHHELD
        )  # fmt: skip
        return [*shares, hamming, *tests]

    def summary(self) -> str:
        cells, rows = self._cells, self.estimates()
        if number(self.hamming) is None or number(cells["kept"]) is None:
            return "What changed between the waves is withheld: some kinds of ties are too few."
        text = f"Between the waves {cells['kept']:,.0f} ties were kept, {cells['gained']:,.0f} gained and {cells['lost']:,.0f} lost"
        if number(self.jaccard) is not None:
            low, high = rows.loc[3, ["low", "high"]]
            text += f"; {self.jaccard:.0%} of the ties in either were in both ({self.level:.0%} interval {low:.0%} to {high:.0%})"
        said = "; ".join(f"{name}: {p_words(p)}" for name, p in self._said().items())
        return f"{text}. {said[:1].upper()}{said[1:]}." if said else f"{text}."

    def alt_text(self) -> str:
        return f"Shares of ties kept, lost and gained with intervals. {self.summary()}"

    def plot(self, *, ax: Axes | None = None) -> Axes | None:
        shown = self.estimates()
        if shown["estimate"].isna().all():
            return None
        return draw.bounded_intervals(
            shown["group"].tolist(),
            shown["estimate"] * 100,
            low=shown["low"] * 100,
            high=shown["high"] * 100,
            words=shown["reason"].str.split(":").str[0].tolist(),
            quantity="share, %",
            ax=ax,
        )

    def blurred(self) -> Self:
        """Round both p up to a hundredth."""
        alike, apart = rounded_up([self.alike, self.apart])
        return replace(self, alike=alike, apart=apart)


def compare_waves(
    first: Ties,
    second: Ties,
    *,
    tie_from: float | None = None,
    directed: bool | None = None,
    n_permutations: int = 9_999,
    confidence_level: float = 0.95,
    rng: np.random.Generator | None = None,
) -> WaveChange:
    """Compare a network in two waves of the same agencies.

    Answers: which share of ties lasted, how many came and went, and is either more than chance?

    Parameters
    ----------
    first, second : AgencyNetwork or array_like, shape (n, n)
        Of the same agencies in the same order; rows send. Keep agencies that answered in both waves.
    tie_from : float, optional
        Count or weight from which two agencies are tied; by default anything above 0.
    directed : bool, optional
        Whether ties have a direction; without it, whether either table differs from its mirror image.
    n_permutations : int
        Draws of both tests.
    confidence_level : float
        Between 0 and 1.
    rng : numpy.random.Generator, optional
        Source of randomness.

    Returns
    -------
    WaveChange
        Ties kept, gained and lost, Jaccard's index and the Hamming distance, all from four counts of pairs, and p of two tests.

    Raises
    ------
    NetworkError
        For every fault at once.

    Notes
    -----
    *Waves alike beyond chance*: whether as many ties are kept when the agencies of the second wave change places (upper
    tail). *Ties gained against lost*: whether the waves could be told apart when each agency's answers of both waves change
    places by chance (ties with a direction), or each pair's (exact, McNemar). Both p are exact to their draws. Where a kind of
    tie is withheld, so are both.

    Do not use where the agencies, the question or the scale changed: leave out what is not in both.

    References
    ----------
    Snijders TAB, van de Bunt GG, Steglich CEG (2010) Introduction to stochastic actor-based models for network dynamics.
    Soc Networks 32:44. doi:10.1016/j.socnet.2009.02.004
    McNemar Q (1947) Note on the sampling error of the difference between correlated proportions. Psychometrika 12:153.
    doi:10.1007/BF02295996

    Examples
    --------
    >>> ring = np.roll(np.eye(5), 1, axis=1)
    >>> star = np.zeros((5, 5))
    >>> star[0, 1:] = 1
    >>> found = compare_waves(ring, star, rng=np.random.default_rng(1))
    >>> found.frame["count"].tolist(), found.hamming, found.jaccard
    ([1.0, 3.0, 4.0, 12.0], 7.0, 0.125)
    """
    one, other = (
        (values > 0 if tie_from is None else values >= tie_from).astype(float) for values in both(first, second)
    )
    normal_quantile(confidence_level)
    one_way = _direction(first, second, one, other) if directed is None else directed
    faults = ["n_permutations must be 1 or more"] if n_permutations < 1 else []
    if not one_way and is_directed(one, other):
        faults.append("ties without a direction must be the same from both sides")
    stop(faults)
    rng = np.random.default_rng() if rng is None else rng
    order = sorted_agencies(one, other)
    one, other = one[np.ix_(order, order)], other[np.ix_(order, order)]
    kept = ~np.eye(len(one), dtype=bool) if one_way else np.tri(len(one), k=-1, dtype=bool)
    a, b = one[kept] > 0, other[kept] > 0
    told = {"tied": True, "not tied": False}
    rows = [
        (name, before, after, float(((a == told[before]) & (b == told[after])).sum()))
        for (before, after), name in KINDS.items()
    ]
    sums = permuted_sums(one, other, n_permutations, rng)
    said = [words for ties in (first, second) if isinstance(ties, AgencyNetwork) for words in ties.caveats]
    return WaveChange(
        method=Method(
            "Change of ties between two waves; permutation of agencies and of waves",
            "Snijders, van de Bunt & Steglich 2010; McNemar 1947",
            {"permutations": n_permutations, "directed": "yes" if one_way else "no"},
        ),
        unit="share",
        caveats=(*CAVEATS, *dict.fromkeys(said)),
        frame=pd.DataFrame(rows, columns=["group", "first", "second", "count"]),
        alike=resampled_p(int((sums >= (one * other).sum() - 1e-9).sum()), n_permutations),
        apart=_apart(one, other, one_way, n_permutations, rng),
        agencies=len(one),
        level=confidence_level,
    )


def _direction(first: Ties, second: Ties, one: Floats, other: Floats) -> bool:
    given = [ties.directed for ties in (first, second) if isinstance(ties, AgencyNetwork)]
    return any(given) if given else is_directed(one, other)


def _apart(one: Floats, other: Floats, directed: bool, n_permutations: int, rng: np.random.Generator) -> float:
    """p, two-sided, of ties gained less ties lost: waves exchanged for each sender, or for each pair (exact)."""
    if not directed:
        gained, lost = (int(np.triu(diff > 0).sum()) for diff in (other - one, one - other))
        return float(stats.binomtest(gained, gained + lost).pvalue) if gained + lost else 1.0
    net = (other - one).sum(axis=1)
    signs = rng.integers(2, size=(n_permutations, len(net))) * 2.0 - 1.0
    return resampled_p(int((np.abs(signs @ net) >= abs(net.sum()) - 1e-9).sum()), n_permutations)
