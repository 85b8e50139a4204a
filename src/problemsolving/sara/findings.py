"""A finding: the answer to one question, which shows itself in its released form alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, wraps
from typing import Any, TypeVar, cast
from weakref import WeakKeyDictionary

from problemsolving import draw
from problemsolving.governance.permissions import may_leave_by
from problemsolving.governance.policies import Policy
from problemsolving.governance.release import Released, release
from problemsolving.governance.seal import sealed
from problemsolving.markup import table_html
from problemsolving.results import FINDING_MIME, NotEstimable, Result, Statement
from problemsolving.study import Study


@dataclass(frozen=True, kw_only=True, eq=False)
class Finding:
    """The answer to a question: where it belongs, what was asked, what came out.

    Whatever is shown of it (text, table, picture, numbers) is made from its released form.
    """

    stage: str
    name: str
    question: str
    period: str
    result: Result
    policy: Policy
    source: str

    @cached_property
    def released(self) -> Released:
        return release(self.result, self.policy)

    def values(self) -> list[dict[str, Any]]:
        """Give every released number as a record of ``results.json``."""
        shown = self.released.result
        records = []
        for value in shown.values():
            withheld = value.reason
            if value.estimate is None and withheld is None:
                withheld = (
                    f"withheld: small count (policy {self.policy.name})"
                    if value.n is None
                    else "not estimable from these counts"
                )
            records.append(
                {
                    "stage": self.stage,
                    "name": value.name or self.name,
                    "group": value.group,
                    "period": value.period or self.period,
                    "estimate": value.estimate,
                    "low": value.interval.low if value.interval else None,
                    "high": value.interval.high if value.interval else None,
                    "level": value.interval.level if value.interval else None,
                    "unit": value.unit,
                    "n": value.n,
                    "method": str(shown.method),
                    "design": shown.design,
                    "caveats": list(shown.caveats),
                    "policy": self.policy.name,
                    "withheld": withheld,
                }
            )
        return records

    def payload(self) -> dict[str, Any]:
        """Give what the page needs, and nothing that the policy withholds."""
        shown = self.released.result
        picture = draw.to_svg(shown.plot) if shown.drawn else None
        table = shown.table()
        name = f"{self.stage}-{self.name}".replace("_", "-")
        return {
            "stage": self.stage,
            "name": self.name,
            "question": self.question,
            "period": self.period,
            "source": self.source,
            "summary": shown.summary(),
            "alt_text": shown.alt_text(),
            "picture": picture,
            "table": table_html(table, name=name, styled=False) if table.rows else None,
            "method": str(shown.method),
            "citation": shown.method.citation,
            "design": shown.design,
            "caveats": list(shown.caveats),
            "policy": self.policy.name,
            "policy_rules": self.policy.rules,
            "withheld_cells": self.released.withheld,
            "cells": self.released.cells,
            "not_estimable": isinstance(shown, NotEstimable),
            "withheld": isinstance(shown, NotEstimable) and shown.withheld,
            "values": self.values(),
            "released_cells": released_cells(self.released, shown, self.period),
        }

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:  # noqa: ARG002
        payload = self.payload()
        shown = self.released.result
        parts = [f"<p><strong>{_escaped(payload['summary'])}</strong></p>"]
        if payload["picture"]:
            parts.append(payload["picture"][payload["picture"].index("<svg") :])
        if payload["table"]:
            parts.append(table_html(shown.table(), name=f"{self.stage}-{self.name}".replace("_", "-")))
        parts += [f"<p><small>{_escaped(caveat)}.</small></p>" for caveat in shown.caveats]
        return {FINDING_MIME: sealed(payload), "text/html": "\n".join(parts), "text/plain": payload["summary"]}

    def __repr__(self) -> str:
        return self.released.result.summary()


_MONTH, _SPAN = re.compile(r"\d{4}-\d{2}\Z"), re.compile(r"(\d{4}-\d{2}) to (\d{4}-\d{2})\Z")


def released_cells(released: Released, shown: Result, period: str) -> dict[str, Any]:
    """Give the cells of a released result for the ledger: labels, months and released count of each, and their sums.

    Parameters
    ----------
    released : Released
        What `release` gave.
    shown : Result
        Its result, which may say what it counts (``of``).
    period : str
        The finding's: ``2021-05 to 2022-04``, two such with ``against`` between, or other words.

    Returns
    -------
    dict
        ``of``; ``cells``, each ``[labels, [first month, last month] or words, count or None]``; ``sums``, each
        ``[places of the parts, total]``. Cells without a label are no series and are left out, with their sums.
    """
    kept = [
        number for number, cell in enumerate(released.shown) if cell["labels"].get("group") or len(cell["labels"]) > 1
    ]
    place = {old: new for new, old in enumerate(kept)}
    cells = []
    for number in kept:
        labels, months = _dated(released.shown[number]["labels"], period)
        cells.append([labels, months, released.shown[number]["count"]])
    sums = [
        [[place[part] for part in known["parts"]], known["total"]]
        for known in released.sums
        if all(part in place for part in known["parts"])
    ]
    return {"of": getattr(shown, "of", ""), "cells": cells, "sums": sums}


def _dated(labels: dict[str, str], period: str) -> tuple[dict[str, str], list[str] | str]:
    """Take what says the time out of the labels: a month as group, before or after as ``when``, an area's own role."""
    plain = {name: value for name, value in labels.items() if (name, value) != ("role", "area")}
    if _MONTH.match(plain.get("group", "")):
        month = plain.pop("group")
        return plain, [month, month]
    halves = [_SPAN.match(half) for half in period.split(" against ")]
    if len(halves) == 2 and all(halves) and plain.get("when") in ("before", "after"):
        found = halves[plain.pop("when") == "after"]
    else:
        found = halves[0] if len(halves) == 1 else None
    return plain, [found[1], found[2]] if found else period


def _escaped(text: str) -> str:
    import html

    return html.escape(text)


_ASKED: WeakKeyDictionary[Study, dict[str, Any]] = WeakKeyDictionary()
Answer = TypeVar("Answer")


def once(question: Callable[[Study], Answer]) -> Callable[[Study], Answer]:
    """Ask a question of a study once: what several others build on is not computed again."""
    name = f"{question.__module__}.{question.__qualname__}"

    @wraps(question)
    def ask(study: Study) -> Answer:
        known = _ASKED.setdefault(study, {})
        if name not in known:
            known[name] = question(study)
        return cast("Answer", known[name])

    return ask


def find(
    study: Study,
    stage: str,
    name: str,
    question: str,
    result: Result,
    *,
    period: str = "",
    tables: tuple[str, ...] = ("incident",),
    by_area: str = "",
    source: str = "",
) -> Finding:
    """Make a finding of a study: the period is both periods where none is named.

    ``by_area`` is the kind of area the finding tells apart (small-area, ward, district): where a sharing record of
    the tables it rests on allows no areas so small, the finding is withheld whole. ``source`` is what it comes from
    where that is no data set.
    """
    problem = study.problem
    if by_area:
        rests_on = [name for name, reading in study.readings.items() if reading.source.table in tables]
        if why := may_leave_by(by_area, study.records, datasets=rests_on):
            result = NotEstimable(reason=why, withheld=True, unit=result.unit)
    if "incident" in tables and study.vintage_caveat and not isinstance(result, NotEstimable | Statement):
        result = result.with_caveats(study.vintage_caveat)
    return Finding(
        stage=stage,
        name=name,
        question=question,
        result=result,
        policy=study.policy,
        period=period or f"{problem.months[0]} to {problem.months[-1]}",
        source=source
        or "; ".join(
            dict.fromkeys(
                f"{r.source.publisher}, {r.source.title}" for r in study.readings.values() if r.source.table in tables
            )
        ),
    )
