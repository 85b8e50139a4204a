"""From a change to a lever: what moved, what goes with it, who holds the lever, and where the argument breaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Literal, Self

import pandas as pd

from problemsolving import draw
from problemsolving.drivers.changes import SplitChange
from problemsolving.drivers.parts import TOTAL
from problemsolving.results import Column, Disclosure, Result, Table, Value, interval, listed, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Verdict = Literal["clear", "unclear", "not estimable"]
QUESTIONS = ("Did it change?", "Which part moved most?", "Which drivers go with it?", "Who owns the lever?")
BREAKS = (
    "A change of recording, or months that were unusual, would look the same; compare with similar areas",
    "The parts are arithmetic: one may have moved because another did",
    "Something else that goes with the driver, neighbours that change together, or areas chosen for having been high, "
    "which fall by themselves",
    "Whoever is named does not agree that the lever is theirs, or lacks the means to move it",
)


@dataclass(frozen=True)
class Lever:
    """What people say could be done about a driver or a part, and who could do it."""

    owner: str
    option: str


@dataclass(frozen=True)
class Step:
    """One link: what was asked, what the evidence is, how far it holds, and what would break it."""

    question: str
    evidence: str
    verdict: Verdict
    breaks: str


@dataclass(frozen=True)
class CarriedHypothesis:
    """What the chain hands on to respond: a statement that can fail, with the lever and its owner."""

    statement: str
    driver: str
    lever: Lever


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Chain(Result):
    """A chain from change to lever, as far as it holds.

    ``change`` is the change split into parts. ``models`` has a row a part (and `TOTAL`) and driver: ``part``,
    ``driver``, ``ratio``, ``low``, ``high`` and, where there is none, a ``reason``; ``beside`` tells what it is adjusted for.
    """

    change: SplitChange
    models: pd.DataFrame
    levers: dict[str, Lever]
    areas: int
    residual_df: int
    counts: tuple[float, ...] = ()  # of the areas the models were fitted to
    model_level: float = 0.95  # of each driver's interval, all drivers together hold at the level of the change

    disclosure: ClassVar[Disclosure] = "model"
    margins: ClassVar[tuple[tuple[str, ...], ...]] = (("measure", "when"), ("measure", "group"))

    @property
    def steps(self) -> tuple[Step, ...]:
        """The links in order, up to the first that is not clear."""
        asked = (self._changed, self._moved, self._drivers, self._levers)
        found: list[Step] = []
        for question, answer, breaks in zip(QUESTIONS, asked, BREAKS, strict=True):
            verdict, evidence = answer()
            found.append(Step(question, evidence, verdict, breaks))
            if verdict != "clear":
                break
        return tuple(found)

    @property
    def holds(self) -> bool:
        """Whether every link is clear."""
        steps = self.steps
        return len(steps) == len(QUESTIONS) and steps[-1].verdict == "clear"

    @property
    def hypotheses(self) -> tuple[CarriedHypothesis, ...]:
        """What to carry to respond, one a driver with a lever; nothing unless every link is clear."""
        top = self.change.largest()
        total = self._total()
        if not self.holds or top is None or total is None:
            return ()
        fall = "fall" if total[0] > 0 else "go on falling"
        return tuple(
            CarriedHypothesis(
                f"If {lever.owner} acts ({lever.option}) where {self._side(driver)}, {self.change.of} will {fall} there by more "
                "than in places like them where nobody does.",
                driver,
                lever,
            )
            for driver in self._clear()
            if (lever := self._lever(driver, top.name)) is not None
        )

    def _total(self) -> tuple[float, float, float] | None:
        _, part, low, high = self.change.rows()[-1]
        return None if part is None or low is None or high is None else (part, low, high)

    def _changed(self) -> tuple[Verdict, str]:
        total = self._total()
        if total is None:
            return "not estimable", "The change is withheld: a count is too small"
        part, low, high = total
        moved = "rose" if part >= 0 else "fell"
        evidence = f"{self.change.of.capitalize()} {moved} by {abs(part):,.0f} ({low:+,.0f} to {high:+,.0f})"
        if low * high > 0:
            return "clear", evidence
        return (
            "unclear",
            f"{self.change.of.capitalize()} did not clearly change ({part:+,.0f}, {low:+,.0f} to {high:+,.0f})",
        )

    def _moved(self) -> tuple[Verdict, str]:
        top, total = self.change.largest(), self._total()
        assert top is not None and total is not None
        share = "" if top.share is None else f"; the largest part in {top.share:.0%} of resamples"
        evidence = f"Most of it came from {top.name}: {top.part:+,.0f} ({top.low:+,.0f} to {top.high:+,.0f}){share}"
        if top.part * total[0] < 0:
            return "unclear", f"{evidence}; it went against the change as a whole"
        return (
            ("clear", evidence)
            if top.clear
            else ("unclear", evidence.replace("Most of it came", "Perhaps most came", 1))
        )

    def _rows(self, part: str) -> pd.DataFrame:
        return self.models[self.models["part"] == part].set_index("driver")

    def _clear(self) -> list[str]:
        """Drivers whose interval excludes 1 for the part that moved most and, on the same side, for the whole change."""
        top = self.change.largest()
        if top is None:
            return []
        own, whole = self._rows(top.name), self._rows(TOTAL)
        above = (own["low"] > 1) & (whole["low"] > 1)
        below = (own["high"] < 1) & (whole["high"] < 1)
        return own.index[above | below].tolist()

    def _drivers(self) -> tuple[Verdict, str]:
        top = self.change.largest()
        assert top is not None
        own, whole = self._rows(top.name), self._rows(TOTAL)
        clear = self._clear()
        known = own.index[own["ratio"].notna() & whole["ratio"].notna()].tolist()
        if clear:
            said = [self._said(driver, own, whole) for driver in clear]
            rest = [driver for driver in known if driver not in clear]
            moved = "rose" if (self._total() or (0.0,))[0] >= 0 else "fell"
            words = f"The part {moved} more {listed(said)}" + (f". Not clear: {listed(rest)}" if rest else "")
            return "clear", self._with_reasons(words)
        if known:
            said = [
                f"{driver} ({_ratio(own.loc[driver])}; whole change {_ratio(whole.loc[driver])})" for driver in known
            ]
            words = "No driver goes clearly with both the part and the whole change"
            return "unclear", self._with_reasons(f"{words}; per standard deviation, {listed(said)}")
        return "not estimable", self._with_reasons("No driver could be estimated")

    def _said(self, driver: str, own: pd.DataFrame, whole: pd.DataFrame) -> str:
        beside = f", adjusted for {own.loc[driver, 'beside']}" if own.loc[driver, "beside"] else ""
        return (
            f"where {self._side(driver)} ({_ratio(own.loc[driver])} per standard deviation{beside}; "
            f"whole change {_ratio(whole.loc[driver])})"
        )

    def _side(self, driver: str) -> str:
        """On which side of a driver the change lies."""
        total = self._total()
        higher = self._rows(TOTAL).loc[driver, "ratio"] > 1
        return f"{driver} is {'higher' if higher == (total is not None and total[0] >= 0) else 'lower'}"

    def _with_reasons(self, words: str) -> str:
        top = self.change.largest()
        missing = self._rows(top.name if top else TOTAL)["reason"]
        said = [f"{driver}: {reason}" for driver, reason in missing.items() if reason]
        return words + (f". Not estimable: {'; '.join(said)}" if said else "")

    def _lever(self, driver: str, part: str) -> Lever | None:
        return self.levers.get(driver) or self.levers.get(part)

    def _levers(self) -> tuple[Verdict, str]:
        top = self.change.largest()
        assert top is not None
        held = {driver: self._lever(driver, top.name) for driver in self._clear()}
        said = [f"{driver}: {lever.owner} ({lever.option})" for driver, lever in held.items() if lever]
        without = [driver for driver, lever in held.items() if not lever]
        if not said:
            return "not estimable", f"Nobody has named who owns the lever on {listed(without)}: ask the partnership"
        return "clear", "; ".join(said) + (f". Nobody named for {listed(without)}" if without else "")

    def values(self) -> list[Value]:
        found = self.change.values()
        top = self.change.largest()
        if len(self.steps) < 3 or top is None:
            return found
        n = found[0].n
        return found + [
            Value(
                name=name,
                group=str(row["driver"]),
                estimate=number(row["ratio"]),
                interval=interval(row["low"], row["high"], self.model_level),
                unit="ratio of rate ratios per standard deviation",
                n=n,
                reason=f"not estimable: {row['reason']}" if row["reason"] else None,
            )
            for name, part in (("part_ratio", top.name), ("change_ratio", TOTAL))
            for row in self.models[self.models["part"] == part].to_dict("records")
        ]

    def table(self) -> Table:
        columns = (Column("Link"), Column("Evidence"), Column("Verdict"), Column("What would break it"))
        return Table(columns, tuple((s.question, s.evidence, s.verdict, s.breaks) for s in self.steps))

    def summary(self) -> str:
        steps = self.steps
        held = [f"{step.evidence}." for step in steps if step.verdict == "clear"]
        if self.holds:
            return " ".join([*held, "Every link holds.", *(h.statement for h in self.hypotheses)])
        last = steps[-1]
        stop = f"The chain stops at link {len(steps)} of {len(QUESTIONS)} ({last.question.rstrip('?').lower()}: {last.verdict}). {last.evidence}."
        return " ".join([*held, stop, "What follows from there is not known."])

    def alt_text(self) -> str:
        said = [f"{step.question} {step.verdict}" for step in self.steps]
        said += [f"{question} not reached" for question in QUESTIONS[len(said) :]]
        return f"Links of a chain, one under another. {'; '.join(said)}. {self.summary()}"

    def plot(self, *, ax: Axes | None = None) -> Axes:
        steps = self.steps
        left = len(QUESTIONS) - len(steps)
        states: list[draw.State] = ["holds" if step.verdict == "clear" else "breaks" for step in steps]
        return draw.links(
            list(QUESTIONS),
            [*(step.evidence for step in steps), *["not reached"] * left],
            states=[*states, *(["open"] * left)],  # type: ignore[list-item]
            labels=[*(step.verdict for step in steps), *["not reached"] * left],
            ax=ax,
        )

    def cells(self) -> pd.DataFrame:
        return self.change.cells()

    def rebuild(self, cells: pd.DataFrame) -> Self:
        return replace(self, change=self.change.rebuild(cells))

    def blurred(self) -> Self:
        return replace(
            self, change=self.change.blurred(), models=self.models.round({"ratio": 2, "low": 2, "high": 2}), counts=()
        )

    def rests_on(self) -> Sequence[float]:
        return self.counts

    def size(self) -> tuple[int, int]:
        return self.areas, self.residual_df


def _ratio(row: pd.Series) -> str:
    return f"{row['ratio']:.2f} times, {row['low']:.2f} to {row['high']:.2f}"
