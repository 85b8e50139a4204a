"""One number a group, or the reason why there is none: the shape of standardised rates, shares and ratios."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from problemsolving import draw
from problemsolving.errors import counted
from problemsolving.grouped import SHOWN, GroupedResult
from problemsolving.results import Column, Value, grouped_values, listed

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ReasonedResult(GroupedResult):
    """Base of results with one estimate a group, or a reason in its place.

    ``estimates()`` has a further column ``reason``: empty, or words that begin with "withheld:" or "not estimable:".
    Where it also has ``least`` and ``most``, the picture shows them around the interval, as ``around`` says.
    """

    around: ClassVar[str] = ""

    def values(self) -> list[Value]:
        shown = self.estimates()
        values = grouped_values(shown, "estimate", unit=self.unit, level=self.level, name=self.value_name)
        return [replace(value, reason=reason or None) for value, reason in zip(values, shown["reason"], strict=True)]

    def columns(self) -> dict[str, Column]:
        return {**super().columns(), **self.notes()}

    def notes(self) -> dict[str, Column]:
        """Give a column for the reasons, where there is one."""
        return {"reason": Column("Note")} if (self.estimates()["reason"] != "").any() else {}

    def plot(self, *, ax: Axes | None = None) -> Axes | None:
        shown = self.estimates().head(SHOWN)
        scale = 100 if self.estimate_kind == "percent" else 1
        drawn = shown["estimate"] > 0 if self.log else shown["estimate"].notna()
        if shown[["estimate", "low", "high"]].isna().to_numpy().all():
            return None
        words = np.where(shown["estimate"] == 0, "none counted", shown["reason"].str.split(":").str[0])
        named = {name: (shown[name] * scale).where(drawn) for name in ("low", "high", "least", "most") if name in shown}
        return draw.bounded_intervals(
            shown["group"].tolist(),
            (shown["estimate"] * scale).where(drawn),
            **named,
            words=words.tolist(),
            around=self.around,
            reference=self.reference,
            log=self.log,
            quantity=self.quantity or self.unit,
            ax=ax,
        )


def with_reasons(frame: pd.DataFrame, *reasons: tuple[pd.Series | np.ndarray, str]) -> pd.DataFrame:
    """Add the column ``reason``: for each row the first that holds; its estimate and limits are then missing.

    >>> frame = pd.DataFrame({"estimate": [1.0, 2.0], "low": [0.0, 1.0], "high": [2.0, 3.0]})
    >>> with_reasons(frame, ([False, True], "withheld: small"))["estimate"].tolist()
    [1.0, nan]
    """
    given = np.select([np.asarray(holds, bool) for holds, _ in reasons], [words for _, words in reasons], default="")
    blank = [name for name in ("estimate", "low", "high", "least", "most") if name in frame]
    return frame.assign(**{name: frame[name].where(given == "") for name in blank}, reason=given)


def from_highest(frame: pd.DataFrame) -> pd.DataFrame:
    """Order rows by their estimates as they are shown, those without one last."""
    return frame.sort_values("estimate", ascending=False, kind="stable", na_position="last", ignore_index=True)


def unsaid(frame: pd.DataFrame, word: str = "group") -> str:
    """Say in a sentence how many groups have no number, and why; nothing where all have one.

    >>> unsaid(pd.DataFrame({"reason": ["", "withheld: small", "not estimable: no residents"]}))
    ' No number for 2 groups: 1 withheld and 1 not estimable.'
    >>> unsaid(pd.DataFrame({"reason": ["", "not estimable: no residents"]}))
    ' No number for 1 group (not estimable: no residents).'
    """
    given = frame.loc[frame["reason"] != "", "reason"]
    if given.empty:
        return ""
    said = f" No number for {counted(len(given), word)}"
    if given.nunique() == 1:
        return f"{said} ({given.iloc[0]})."
    kinds = given.str.split(":").str[0]
    return f"{said}: {listed([f'{(kinds == kind).sum()} {kind}' for kind in sorted(kinds.unique(), reverse=True)])}."


def percent(level: float) -> str:
    """Write a confidence level.

    >>> percent(0.95), percent(0.998)
    ('95%', '99.8%')
    """
    return f"{level * 100:.6g}%"


def some(part: float, whole: float) -> str:
    """Write how much of a whole something is in words that tell no count.

    >>> some(1, 100), some(30, 100), some(50, 100)
    ('some', 'a quarter or more', 'half or more')
    """
    return "half or more" if 2 * part >= whole else "a quarter or more" if 4 * part >= whole else "some"


def left_out(lost: int, total: int, *, lacking: str) -> tuple[str, ...]:
    """Say that rows of a table were left out, where any were.

    >>> left_out(2, 20, lacking="a group")
    ('Rows without a group (some of all) were left out, and what they count with them',)
    """
    return (
        (f"Rows without {lacking} ({some(lost, total)} of all) were left out, and what they count with them",)
        if lost
        else ()
    )


def figure(value: float) -> str:
    """Write a rate with as many decimals as its size bears.

    >>> figure(1103.2), figure(56.04), figure(2.345)
    ('1,103', '56.0', '2.35')
    """
    return f"{value:,.{0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2}f}"
