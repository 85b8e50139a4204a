"""Numbers of a network beside what chance gives, with p in both tails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from problemsolving import draw
from problemsolving.network.overlap.words import p_words
from problemsolving.results import Column, Disclosure, Result, Table, Value, number, whole
from problemsolving.stats.products import CLOSE, Alternative
from problemsolving.stats.resampling import percentile_interval, resampled_p

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NO_INTERVAL = (
    "There is no interval: ties of one agency depend on each other and on those of others; the range that chance gives stands "
    "in its place"
)
P_COLUMNS = {"greater": "p_greater", "less": "p_less", "two-sided": "p_two_sided"}


def chance_row(name: str, value: float, draws: ArrayLike, *, confidence_level: float = 0.95) -> dict[str, str | float]:
    """Set one number beside its draws under chance.

    Parameters
    ----------
    name : str
        What was measured.
    value : float
        As it was.
    draws : array_like
        As chance gives it; missing draws do not count.
    confidence_level : float
        Of the range of chance.

    Returns
    -------
    dict
        ``group``, ``estimate``, ``expected`` (mean of the draws), ``chance_low``, ``chance_high``, ``p_greater``,
        ``p_less`` and ``p_two_sided`` (twice the smaller). Missing throughout where the number or all draws are.

    Examples
    --------
    >>> row = chance_row("density", 3.0, [1.0, 2.0, 3.0])
    >>> row["p_greater"], row["p_less"], row["expected"]
    (0.5, 1.0, 2.0)
    """
    known = np.asarray(draws, float)
    known = known[np.isfinite(known)]
    if not len(known) or not np.isfinite(value):
        missing = ("expected", "chance_low", "chance_high", *P_COLUMNS.values())
        return {"group": name, "estimate": value, **dict.fromkeys(missing, float("nan"))}
    slack = CLOSE * max(1.0, abs(value))
    above = resampled_p(int((known >= value - slack).sum()), len(known))
    below = resampled_p(int((known <= value + slack).sum()), len(known))
    low, high = percentile_interval(known, confidence_level=confidence_level)
    return {
        "group": name,
        "estimate": value,
        "expected": float(known.mean()),
        "chance_low": low,
        "chance_high": high,
        "p_greater": above,
        "p_less": below,
        "p_two_sided": min(1.0, 2 * min(above, below)),
    }


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class AgainstChance(Result):
    """One row a number, from `chance_row`; it leaves where enough agencies stand behind it."""

    frame: pd.DataFrame
    agencies: float
    alternative: Alternative
    level: float = 0.95
    lead: str = ""  # how the summary names the comparison
    null: str = ""  # what chance is
    counts: tuple[float, ...] = ()  # cases behind the ties, where ties are counts

    disclosure: ClassVar[Disclosure] = "model"

    def cells(self) -> pd.DataFrame:
        return pd.DataFrame({"group": ["agencies"], "count": [self.agencies]})

    def rebuild(self, cells: pd.DataFrame) -> Self:
        return replace(self, agencies=float(cells["count"].iloc[0]))

    def size(self) -> tuple[int, int]:
        return int(self.agencies), int(self.agencies) - 1

    def rests_on(self) -> Sequence[float]:
        return self.counts

    def blurred(self) -> Self:
        """Give two decimals; p rounded up."""
        frame = self.frame.round({"estimate": 2, "expected": 2, "chance_low": 2, "chance_high": 2})
        for name in P_COLUMNS.values():
            frame[name] = np.ceil(frame[name] * 100 - 1e-9) / 100
        return replace(self, frame=frame, counts=())

    def columns(self) -> dict[str, Column]:
        return {
            "group": Column("Number"),
            "estimate": Column("Seen", "number", 2),
            "expected": Column("By chance", "number", 2),
            "chance_low": Column("By chance, low", "number", 2),
            "chance_high": Column("By chance, high", "number", 2),
            "p_greater": Column("p, greater", "number", 4),
            "p_less": Column("p, less", "number", 4),
            "p_two_sided": Column("p, two-sided", "number", 4),
        }

    def table(self) -> Table:
        columns = self.columns()
        rows = tuple(
            tuple(row[name] if column.kind == "text" else number(row[name]) for name, column in columns.items())
            for row in self.frame.to_dict("records")
        )
        return Table(tuple(columns.values()), rows)

    def values(self) -> list[Value]:
        units: Mapping[str, str] = {"estimate": self.unit, "expected": self.unit} | dict.fromkeys(
            P_COLUMNS.values(), "probability"
        )
        n = whole(self.agencies)
        return [
            Value(
                name={"estimate": "seen", "expected": "by_chance"}.get(column, column),
                group=str(row["group"]),
                estimate=number(row[column]),
                unit=unit,
                n=n,
                reason=None if number(row[column]) is not None else "not estimable: it is not defined on these ties",
            )
            for column, unit in units.items()
            for row in self.frame.to_dict("records")
        ]

    def summary(self) -> str:
        known = self.frame.dropna(subset=["estimate", "expected"]).to_dict("records")
        if not known:
            return f"{self.lead}: not estimable, for it is not defined on these ties."
        told = [
            f"{row['group']} {row['estimate']:.2f}, by chance {row['chance_low']:.2f} to {row['chance_high']:.2f} "
            f"({p_words(row[P_COLUMNS[self.alternative]])}, {self.alternative})"
            for row in known
        ]
        return f"{self.lead}: {'; '.join(told)}. Chance is {self.null}."

    def alt_text(self) -> str:
        return f"Dots for what was seen, thin lines for what chance gives. {self.summary()}"

    def plot(self, *, ax: Axes | None = None) -> Axes | None:
        shown = self.frame
        if shown["chance_low"].isna().all():
            return None
        axes = draw.bounded_intervals(
            shown["group"].tolist(),
            shown["estimate"],
            low=shown["estimate"],
            high=shown["estimate"],
            least=shown["chance_low"],
            most=shown["chance_high"],
            around="what chance alone would give",
            words=["not defined"] * len(shown),
            quantity=self.unit,
            ax=ax,
        )
        axes.set_xlim(left=1.08 * min(0.0, float(shown[["estimate", "chance_low"]].min(axis=None))))
        legend = axes.get_legend()
        if legend is not None:
            legend.get_texts()[0].set_text("seen")
        return axes
