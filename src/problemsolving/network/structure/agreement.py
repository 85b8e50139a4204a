"""Whether two agencies say the same of their tie."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
import pandas as pd

from problemsolving import draw
from problemsolving.errors import NetworkError
from problemsolving.grouped import GroupedResult
from problemsolving.network.structure.agency_network import AgencyNetwork
from problemsolving.network.structure.draws import draw_agencies, in_parts
from problemsolving.network.structure.pairs import centred_limits
from problemsolving.network.structure.stacks import Floats, ratio
from problemsolving.results import Kind, Method, Value, interval, number, whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ANSWERS = ("both said so", "one said so, the other did not", "one said so, the other did not answer", "neither said so", "not known")  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class TieAgreement(GroupedResult):
    """Pairs by what both say of their tie: ``frame`` has ``group``, ``count`` and the limits of its share, ``share_low`` and ``share_high``."""

    confirmed: tuple[float, float]  # limits of the share that both confirm

    margins: ClassVar[tuple[tuple[str, ...], ...]] = ((),)
    estimate_kind: ClassVar[Kind] = "percent"
    value_name: ClassVar[str] = "share_of_pairs"

    def rebuild(self, cells: pd.DataFrame) -> Self:
        """Take released counts; limits stay only where all counts that they rest on are shown."""
        known = cells["count"].notna()
        nothing = {} if known.all() else {"share_low": np.nan, "share_high": np.nan}
        limits = self.confirmed if known.iloc[:2].all() else (np.nan, np.nan)
        return replace(self, frame=cells.assign(**nothing), confirmed=limits)

    def blurred(self) -> Self:
        low, high = np.floor(self.frame["share_low"] * 20) / 20, np.ceil(self.frame["share_high"] * 20) / 20
        ends = float(np.floor(self.confirmed[0] * 20) / 20), float(np.ceil(self.confirmed[1] * 20) / 20)
        return replace(self, frame=self.frame.assign(share_low=low, share_high=high), confirmed=ends)

    def estimates(self) -> pd.DataFrame:
        """Give ``group``, ``count`` and ``estimate`` (share of all pairs) with its limits; missing where a count is withheld."""
        total = self.frame["count"].sum(skipna=False)
        share = self.frame["count"] / total if total > 0 else np.full(len(self.frame), np.nan)
        ends = {"low": self.frame["share_low"], "high": self.frame["share_high"]}
        return self.frame[["group", "count"]].assign(estimate=share, **ends)

    def confirmed_share(self) -> float:
        """Share of the pairs in which both answered and one said so at least, in which both did; NaN where withheld."""
        both, one = self.frame["count"].iloc[:2]
        return float(ratio(np.array(both), np.array(both + one)))

    def values(self) -> list[Value]:
        counts = [
            Value(name="pairs", group=row["group"], estimate=number(row["count"]), unit="pairs", n=whole(row["count"]), reason=None if number(row["count"]) is not None else "withheld: too few pairs")
            for row in self.frame.to_dict("records")
        ]  # fmt: skip
        shares = [value if value.estimate is not None else replace(value, reason="withheld: too few pairs") for value in super().values()]  # fmt: skip
        share = number(self.confirmed_share())
        limits = interval(*self.confirmed, self.level) if share is not None else None
        reason = None if share is not None else "withheld or no pair in which both answered said so"
        n = whole(self.frame["count"].iloc[:2].sum(skipna=False))
        return [*counts, *shares, Value(name="confirmed", estimate=share, interval=limits, unit="share of pairs in which both answered and one said so", n=n, reason=reason)]  # fmt: skip

    def summary(self) -> str:
        share = number(self.confirmed_share())
        if share is None:
            return "How far agencies say the same of their ties cannot be shown: too few pairs, or no pair in which both answered."
        n = self.frame["count"].iloc[:2].sum()
        within = "" if not np.isfinite(self.confirmed).all() else (
            f" ({self.level:.0%} interval {self.confirmed[0]:.0%} to {self.confirmed[1]:.0%})"
        )  # fmt: skip
        return f"Of {n:,.0f} pairs in which both answered and at least one said that they are tied, {share:.0%} agreed{within}."

    def alt_text(self) -> str:
        return f"Bars of pairs by what both said. {self.summary()}"

    def plot(self, *, ax: Axes | None = None) -> Axes | None:
        return draw.bars(self.frame["group"].tolist(), self.frame["count"], quantity="pairs of agencies", ax=ax)


def measure_tie_agreement(
    network: AgencyNetwork,
    *,
    tie_from: float | None = None,
    confidence_level: float = 0.95,
    n_resamples: int = 999,
    rng: np.random.Generator | None = None,
) -> TieAgreement:
    """Count how often two agencies say the same of their tie.

    Answers: can what one agency says of a tie be relied on?

    Parameters
    ----------
    network : AgencyNetwork
        From `problemsolving.network.structure.survey.build_from_survey`.
    tie_from : float, optional
        Score from which an agency says that they are tied; by default anything above 0.
    confidence_level : float
        Between 0 and 1.
    n_resamples : int
        Draws of the agencies.
    rng : numpy.random.Generator, optional
        Source of randomness.

    Returns
    -------
    TieAgreement
        Pairs in which both said so, one did and the other did not, one did and the other did not answer, neither said so, and
        pairs of which too little is known.

    Raises
    ------
    NetworkError
        When nobody was asked: two sides of a referral are no two accounts of a tie.

    Notes
    -----
    Intervals draw the agencies anew with all their ties. Do not read pairs in which the other did not answer as agreement.

    References
    ----------
    Snijders TAB, Borgatti SP (1999) Non-parametric standard errors and tests for network statistics. Connections 22:161.

    Examples
    --------
    >>> from problemsolving.network.structure.survey import build_from_survey
    >>> rows = pd.DataFrame({"rater": ["a", "b", "a"], "rated": ["b", "a", "c"], "often": [2, 3, 1]})
    >>> asked = build_from_survey(rows, agencies=["a", "b", "c"], respondents=["a", "b"], items=["often"])
    >>> measure_tie_agreement(asked, rng=np.random.default_rng(1)).frame["count"].tolist()
    [1.0, 0.0, 1.0, 0.0, 1.0]
    """
    if network.respondents is None:
        raise NetworkError(
            "nobody was asked about these ties, so there are no two accounts of one; build from a survey"
        )
    least = np.nextafter(0, 1) if tie_from is None else tie_from
    values = network.matrix()
    rng = np.random.default_rng() if rng is None else rng
    seen = _answers(values[None], least)[0]
    parts = [_answers(draw_agencies(values, size, rng)[0], least) for size in in_parts(n_resamples)]
    drawn = np.concatenate(parts)
    low, high = centred_limits(seen / seen.sum(), drawn / drawn.sum(axis=1, keepdims=True), level=confidence_level, floor=0.0, ceiling=1.0)  # fmt: skip
    share = ratio(seen[0], seen[0] + seen[1])
    ends = centred_limits(share, ratio(drawn[:, 0], drawn[:, 0] + drawn[:, 1]), level=confidence_level, floor=0.0, ceiling=1.0)  # fmt: skip
    return TieAgreement(
        method=Method("Agreement on ties", "Snijders & Borgatti 1999", {"interval": "agencies drawn anew"}),
        unit="share of pairs",
        caveats=network.caveats,
        frame=pd.DataFrame({"group": ANSWERS, "count": seen, "share_low": low, "share_high": high}),
        level=confidence_level,
        of="pairs",
        heading="What the two said",
        confirmed=(float(ends[0]), float(ends[1])),
    )


def _answers(values: Floats, least: float) -> Floats:
    """Count pairs by what both said, one row a network."""
    n = values.shape[-1]
    row, column = np.triu_indices(n, 1)
    sides = np.stack([values[:, row, column], values[:, column, row]])
    said, silent = (sides >= least).sum(axis=0), np.isnan(sides).sum(axis=0)
    kinds = [
        said == 2,
        (said == 1) & (silent == 0),
        (said == 1) & (silent == 1),
        (said == 0) & (silent == 0),
        (said == 0) & (silent > 0),
    ]
    return np.stack([kind.sum(axis=-1) for kind in kinds], axis=-1).astype(float)
