"""What a method returns: numbers with interval, unit, n, method, design and caveats."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

FINDING_MIME = "application/vnd.problemsolving.finding+json"  # a finding in a notebook's output
STUDY_MIME = "application/vnd.problemsolving.study+json"  # a study's provenance in a notebook's output

Design = Literal["descriptive", "associational", "quasi-experimental"]
Disclosure = Literal["cells", "model", "distribution", "text"]
Kind = Literal["text", "count", "number", "percent", "rate"]


@dataclass(frozen=True)
class Method:
    """The method behind a number: its name, where it is published, its settings."""

    name: str
    citation: str = ""
    settings: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        settings = ", ".join(f"{key} {value}" for key, value in self.settings.items())
        return self.name + (f" ({settings})" if settings else "")


@dataclass(frozen=True)
class Interval:
    """Lower and upper limit at a confidence level between 0 and 1."""

    low: float
    high: float
    level: float = 0.95


@dataclass(frozen=True, kw_only=True)
class Value:
    """One number that may leave: estimate, interval, unit and the count it came from.

    ``estimate`` is None where the number is withheld or not estimable; ``reason`` then says why.
    """

    name: str
    estimate: float | None
    unit: str
    n: int | None
    interval: Interval | None = None
    group: str | None = None
    period: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Column:
    """A column of a table: its heading and how its cells are written."""

    label: str
    kind: Kind = "text"
    decimals: int = 1


@dataclass(frozen=True)
class Table:
    """A small table for people: columns and rows of plain values (None is shown as a dash)."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]

    def text_rows(self) -> list[list[str]]:
        """Give each cell as text."""
        return [[cell_text(cell, column) for cell, column in zip(row, self.columns, strict=True)] for row in self.rows]


def cell_text(cell: Any, column: Column) -> str:
    """Write one cell.

    >>> cell_text(1234.0, Column("n", "count")), cell_text(None, Column("n", "count"))
    ('1,234', '–')
    >>> cell_text(0.256, Column("share", "percent"))
    '25.6%'
    """
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return "–"
    if column.kind == "count":
        return f"{cell:,.0f}"
    if column.kind == "percent":
        return f"{cell:.{column.decimals}%}"
    if column.kind in ("number", "rate"):
        return f"{cell:,.{column.decimals}f}"
    return str(cell)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Result:
    """Base of every result.

    ``disclosure`` tells release how the result may leave: ``cells`` are counts that are suppressed,
    rounded and recomputed from; ``model`` and ``distribution`` need enough cases; ``text`` is scanned.
    A subclass keeps the counts it came from and computes everything else from them, so that
    ``rebuild(cells)`` is all that is needed to recompute it from released counts.

    ``margins`` says which of its counts add up to a total that a reader may know, here or elsewhere on the page, so
    that release withholds a second count where a total would tell the first. Each margin names columns of ``cells()``:
    rows alike in them are the parts of one total, rows that lack a value there belong to none; no column at all: every
    row. A row with ``True`` in a column ``total`` is the total itself. A result without margins shows no count that is
    a sum of its others, or rebuilds every total from released counts.
    """

    method: Method
    unit: str
    design: Design = "descriptive"
    caveats: tuple[str, ...] = ()

    disclosure: ClassVar[Disclosure] = "cells"
    drawn: ClassVar[bool] = True
    margins: ClassVar[tuple[tuple[str, ...], ...]] = ()

    def values(self) -> list[Value]:
        """Give every number, in a fixed order."""
        return []

    def table(self) -> Table:
        """Give the underlying table."""
        return Table((), ())

    def summary(self) -> str:
        """Say the result in a sentence."""
        return ""

    def alt_text(self) -> str:
        """Describe the picture for someone who cannot see it."""
        return self.summary()

    def plot(self, *, ax: Axes | None = None) -> Axes | None:
        """Draw the result."""
        return ax

    def cells(self) -> pd.DataFrame:
        """Give the counts the result came from, in a column ``count``."""
        import pandas as pd

        return pd.DataFrame({"count": pd.Series(dtype=float)})

    def rebuild(self, cells: pd.DataFrame) -> Self:  # noqa: ARG002
        """Recompute the result from other counts of the same shape (missing = withheld)."""
        return self

    def blurred(self) -> Self:
        """Give the result with what still comes from unrounded counts made coarse, so that no small count shows in it."""
        return self

    def rests_on(self) -> Sequence[float]:
        """Give the counts that a model was fitted to, where it leaves with estimates made from them as they are."""
        return ()

    def size(self) -> tuple[int, int]:
        """Give the number of cases and the residual degrees of freedom (for ``model`` and ``distribution``)."""
        return 0, 0

    def with_caveats(self, *caveats: str) -> Self:
        """Give the same result with further caveats."""
        return replace(self, caveats=(*self.caveats, *(c for c in caveats if c not in self.caveats)))

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.summary()}>"


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class FrameResult(Result):
    """A result that computes everything from one frame with a column ``count``: release swaps the frame."""

    frame: pd.DataFrame

    def cells(self) -> pd.DataFrame:
        return self.frame

    def rebuild(self, cells: pd.DataFrame) -> Self:
        return replace(self, frame=cells)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Statement(Result):
    """An answer in words and, where it helps, a table: no number of its own."""

    text: str
    content: Table = field(default_factory=lambda: Table((), ()))
    method: Method = field(default_factory=lambda: Method("Reading of the profile's records"))
    unit: str = ""

    disclosure: ClassVar[Disclosure] = "text"
    drawn: ClassVar[bool] = False

    def table(self) -> Table:
        return self.content

    def summary(self) -> str:
        return self.text


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class NotEstimable(Result):
    """The answer where a source cannot tell: the reason, and which source could."""

    reason: str
    remedy: str = ""
    withheld: bool = False
    method: Method = field(default_factory=lambda: Method("None: the data at hand cannot answer"))
    unit: str = ""

    disclosure: ClassVar[Disclosure] = "text"
    drawn: ClassVar[bool] = False

    def values(self) -> list[Value]:
        return [Value(name="", estimate=None, unit=self.unit, n=None, reason=self.sentence())]

    def sentence(self) -> str:
        return f"{'withheld' if self.withheld else 'not estimable'}: {self.reason}"

    def summary(self) -> str:
        sentence = self.sentence()
        remedy = f" {self.remedy}" if self.remedy else ""
        return sentence[0].upper() + sentence[1:].rstrip(".") + "." + remedy


def coarser(dispersion: float) -> float:
    """Round a dispersion up to the next half, so that an interval never gets narrower.

    >>> coarser(1.0), coarser(1.01)
    (1.0, 1.5)
    """
    return math.ceil(round(dispersion * 2, 9)) / 2


def number(value: object) -> float | None:
    """Give a plain float, or None for missing and NaN (JSON has neither)."""
    if value is None:
        return None
    plain = float(value)  # type: ignore[arg-type]
    return None if math.isnan(plain) or math.isinf(plain) else plain


def whole(value: object) -> int | None:
    """Give a plain integer, or None for missing."""
    plain = number(value)
    return None if plain is None else round(plain)


def interval(low: object, high: object, level: float = 0.95) -> Interval | None:
    """Give an interval, or None where a limit is missing."""
    lower, upper = number(low), number(high)
    return None if lower is None or upper is None else Interval(lower, upper, level)


def grouped_values(
    frame: pd.DataFrame, estimate: str, *, unit: str, n: str = "count", level: float = 0.95, name: str = ""
) -> list[Value]:
    """Give one value a row of a frame with ``group``, an estimate, a count and, where it has them, ``low`` and ``high``."""
    limits = {"low", "high"} <= set(frame.columns)
    return [
        Value(
            name=name,
            group=row["group"],
            estimate=number(row[estimate]),
            interval=interval(row["low"], row["high"], level) if limits else None,
            unit=unit,
            n=whole(row[n]),
        )
        for row in frame.to_dict("records")
    ]


def listed(words: Sequence[str]) -> str:
    """Join words as prose does.

    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else list(words))
