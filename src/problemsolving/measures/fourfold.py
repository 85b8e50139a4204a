"""Two lists crossed: how far being on the one goes with being on the other, by every usual measure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from problemsolving.stats.intervals import Floats, exact_poisson_limits, normal_quantile, wilson_limits

Limits = tuple[Floats, Floats, Floats]  # estimate, lower and upper limit
MEASURES = {
    "support": "share of people on both lists",
    "lift": "both, over what independence gives",
    "leverage": "share on both, less what independence gives",
    "phi": "phi coefficient, -1 to 1",
    "cramers_v": "Cramér's V, 0 to 1",
    "jaccard": "share of those on either list who are on both",
    "confidence": "share of the first list's people on the second",
    "confidence_back": "share of the second list's people on the first",
    "conviction": "not on the second, expected over seen among the first",
    "conviction_back": "not on the first, expected over seen among the second",
}


def phi_coefficient(both: float, first_only: float, second_only: float, neither: float) -> float:
    """Phi coefficient of two lists: the correlation of being on one with being on the other (-1 to 1).

    >>> phi_coefficient(10, 0, 0, 10), round(phi_coefficient(20, 10, 10, 20), 4)
    (1.0, 0.3333)
    """
    a, b, c, d = both, first_only, second_only, neither
    sides = float((a + b) * (c + d) * (a + c) * (b + d))
    return (a * d - b * c) / sides**0.5 if sides > 0 else float("nan")


def cramers_v(table: ArrayLike) -> float:
    """Cramér's V of a table of counts: how far rows and columns go together (0 not at all, 1 wholly).

    Parameters
    ----------
    table : array_like, shape (rows, columns)
        Counts, with something in each row and column.

    Raises
    ------
    ValueError
        For fewer than two rows or columns, a negative count, or a row or column without any.

    References
    ----------
    Cramér H (1946) Mathematical methods of statistics. Princeton, p. 282.

    Examples
    --------
    >>> round(cramers_v([[20, 10], [10, 20]]), 4)
    0.3333
    """
    counts = np.asarray(table, float)
    if counts.ndim != 2 or min(counts.shape) < 2 or (counts < 0).any():
        raise ValueError("table must have at least two rows and two columns of counts of 0 or more")
    if not (counts.sum(axis=0).all() and counts.sum(axis=1).all()):
        raise ValueError("table has a row or column without any count; leave it out")
    statistic = stats.chi2_contingency(counts, correction=False).statistic
    return float(np.sqrt(statistic / counts.sum() / (min(counts.shape) - 1)))


def pair_measures(
    both: ArrayLike,
    first_only: ArrayLike,
    second_only: ArrayLike,
    neither: ArrayLike,
    *,
    confidence_level: float = 0.95,
) -> dict[str, Limits]:
    """Measure how far two lists (or two events) go together.

    Answers: are people on the one list more often on the other than chance would have it?

    Parameters
    ----------
    both, first_only, second_only, neither : array_like, shape (pairs,)
        Counts, 0 or more; ``neither`` missing where nothing is known of people on neither list.
    confidence_level : float
        Between 0 and 1.

    Returns
    -------
    dict of str to tuple of ndarray
        Measure (see ``MEASURES``) → estimate, lower and upper limit. All dimensionless; missing where not estimable.

    Raises
    ------
    ValueError
        For a negative count or a level outside (0, 1).

    Notes
    -----
    With shares p11 (both), p1 and p2 (each list): support p11, confidence p11 / p1, lift p11 / (p1 p2), leverage
    p11 - p1 p2, conviction p1 (1 - p2) / p10 (missing where no one on the first is off the second). Limits: Wilson's
    for shares; the delta method under multinomial sampling for leverage, for lift and conviction on the log scale and
    for phi on Fisher's scale; for a lift of 0 the exact Poisson limit. Without ``neither`` only confidence and
    Jaccard's index are estimable: people found on at least one list look as if the lists avoided each other.

    References
    ----------
    Brin S, Motwani R, Ullman JD, Tsur S (1997) Dynamic itemset counting and implication rules. SIGMOD Rec 26:255.
    Bishop YMM, Fienberg SE, Holland PW (1975) Discrete multivariate analysis. MIT Press, ch. 11 and 14.

    Examples
    --------
    >>> found = pair_measures([30], [20], [10], [40])
    >>> {name: round(float(found[name][0][0]), 3) for name in ("lift", "confidence", "jaccard", "phi")}
    {'lift': 1.5, 'confidence': 0.6, 'jaccard': 0.5, 'phi': 0.408}
    """
    given = (np.atleast_1d(np.asarray(count, float)) for count in (both, first_only, second_only, neither))
    cells = np.stack(np.broadcast_arrays(*given))
    if (cells < 0).any():
        raise ValueError("both, first_only, second_only and neither must be counts of 0 or more")
    table = _Fourfold(cells, confidence_level)
    a, b, c, _ = cells
    with np.errstate(divide="ignore", invalid="ignore"):
        phi = table.phi()
        return {
            "support": table.share(a, table.n),
            "lift": table.lift(),
            "leverage": table.leverage(),
            "phi": phi,
            "cramers_v": _without_sign(phi),
            "jaccard": table.share(a, a + b + c),
            "confidence": table.share(a, a + b),
            "confidence_back": table.share(a, a + c),
            "conviction": table.conviction(),
            "conviction_back": _Fourfold(cells[[0, 2, 1, 3]], confidence_level).conviction(),
        }


@dataclass(frozen=True, eq=False)
class _Fourfold:
    """Counts of both, first only, second only, neither: four rows, a column a pair."""

    cells: Floats
    level: float

    @property
    def n(self) -> Floats:
        return self.cells.sum(axis=0)

    @property
    def z(self) -> float:
        return normal_quantile(self.level)

    @property
    def sides(self) -> tuple[Floats, Floats]:
        """Share of people on the first and on the second list."""
        p11, p10, p01, _ = self.cells / self.n
        return p11 + p10, p11 + p01

    def share(self, part: Floats, whole: Floats) -> Limits:
        some = np.where(whole > 0, whole, np.nan)
        return part / some, *wilson_limits(part, some, confidence_level=self.level)

    def error(self, both: Floats, first_only: Floats, second_only: Floats, neither: Floats) -> Floats:
        """Standard error of a function of the four shares, by its slope in each (none at an empty cell)."""
        shares = self.cells / self.n
        slopes = np.where(shares > 0, np.stack([both, first_only, second_only, neither]), 0.0)
        return np.sqrt(((shares * slopes**2).sum(axis=0) - (shares * slopes).sum(axis=0) ** 2) / self.n)

    def ratio(self, value: Floats, error: Floats) -> Limits:
        return value, value * np.exp(-self.z * error), value * np.exp(self.z * error)

    def lift(self) -> Limits:
        p11, (p1, p2) = self.cells[0] / self.n, self.sides
        error = self.error(1 / p11 - 1 / p1 - 1 / p2, -1 / p1, -1 / p2, np.zeros_like(p1))
        value, low, high = self.ratio(p11 / (p1 * p2), error)
        most = exact_poisson_limits(0, confidence_level=self.level)[1] / (self.n * p1 * p2)
        return value, np.where(p11 == 0, 0.0, low), np.where(p11 == 0, most, high)

    def leverage(self) -> Limits:
        p1, p2 = self.sides
        value = self.cells[0] / self.n - p1 * p2
        reach = self.z * self.error(1 - p1 - p2, -p2, -p1, np.zeros_like(p1))
        return value, value - reach, value + reach

    def conviction(self) -> Limits:
        p1, p2 = self.sides
        p10 = self.cells[1] / self.n
        value = np.where(p10 > 0, p1 * (1 - p2) / p10, np.nan)
        off = 1 / (1 - p2)
        return self.ratio(value, self.error(1 / p1, 1 / p1 + off - 1 / p10, np.zeros_like(p1), off))

    def phi(self) -> Limits:
        p1, p2 = self.sides
        root = np.sqrt(p1 * (1 - p1) * p2 * (1 - p2))
        value = np.clip((self.cells[0] / self.n - p1 * p2) / root, -1, 1)
        lean1, lean2 = ((1 - 2 * side) / (side * (1 - side)) / 2 for side in (p1, p2))
        error = self.error(
            (1 - p1 - p2) / root - value * (lean1 + lean2),
            -p2 / root - value * lean1,
            -p1 / root - value * lean2,
            np.zeros_like(p1),
        )
        reach = self.z * error / (1 - value**2)
        low, high = (np.where(np.abs(value) < 1, np.tanh(np.arctanh(value) + side * reach), value) for side in (-1, 1))
        return value, low, high


def _without_sign(limits: Limits) -> Limits:
    """Give estimate and limits of the size of a number that may be negative."""
    value, low, high = limits
    ends = np.sort(np.abs(np.stack([low, high])), axis=0)
    return np.abs(value), np.where(low * high <= 0, 0.0, ends[0]), ends[1]
