"""Release: the one way from a result to the form of it that may leave."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from problemsolving.errors import DisclosureError
from problemsolving.governance.policies import Policy
from problemsolving.governance.suppression import find_totals, released_totals, suppress
from problemsolving.identifiers import find_identifiers
from problemsolving.results import NotEstimable, Result, number

if TYPE_CHECKING:
    import pandas as pd

_EXTREME = re.compile(r"(?i)(?<![a-z])(min|max|minim(um|a)|maxim(um|a))(?![a-z])")
_NOT_LABELS = ("count", "total", "person_years", "days", "areas", "rank_low", "rank_high", "code", "tie")


@dataclass(frozen=True)
class Released:
    """A result in the form that may leave, how many of its cells were withheld, and the cells as they leave.

    ``shown``: a record a cell, its labels and its released count (None where withheld). ``sums``: which of them add
    up to a total that a reader may know, and that total as released.
    """

    result: Result
    policy: str
    cells: int
    withheld: int
    shown: list[dict[str, Any]] = field(default_factory=list)
    sums: list[dict[str, Any]] = field(default_factory=list)


def release(result: Result, policy: Policy) -> Released:
    """Give the form of a result that may leave under a policy.

    Parameters
    ----------
    result : Result
        ``disclosure`` decides: ``cells`` are suppressed, a second one with them where a total (``margins``) would
        tell, rounded, and the result is computed again from them; a ``model`` or ``distribution`` leaves when it
        rests on enough cases; ``text`` is searched for identifiers.
    policy : Policy
        In force for the study.

    Returns
    -------
    Released
        Its ``result`` holds nothing that the policy withholds.

    Raises
    ------
    DisclosureError
        When the words or labels of a result hold what may identify a person (the message names the kind, not the
        value), when a result names no counts, or when a distribution holds a minimum, a maximum or a single case.
    """
    cells = result.cells()
    if result.disclosure in ("model", "distribution"):
        reason = _too_few(result, policy) or _tells_exactly(result, policy)
        if reason:
            return _withheld(result, policy, len(cells), reason)
    if result.disclosure == "distribution":
        check_extremes(result, policy)
    if result.disclosure != "text" and not len(cells):
        raise DisclosureError(f"a {type(result).__name__} names no counts, so nothing of it can be released")
    shown: list[dict[str, Any]] = []
    sums: list[dict[str, Any]] = []
    hidden = np.zeros(0, bool)
    if result.disclosure != "text":
        counts = cells["count"].to_numpy(float)
        totals = find_totals(cells, result.margins)
        chosen = suppress(counts, policy, totals)
        if chosen is None:
            reason = f"the counts are too few to be shown beside their totals (policy {policy.name})"
            return _withheld(result, policy, len(cells), reason)
        hidden = chosen
        safe = policy.round(np.where(hidden, np.nan, counts))
        result = result.rebuild(cells.assign(count=safe))
        if policy.suppress_to is not None:
            result = result.blurred()
        if hidden.any():
            result = result.with_caveats(f"{hidden.sum()} of {len(cells)} counts are withheld (policy {policy.name})")
        shown = _records(cells.assign(count=safe))
        known = released_totals(counts, hidden, totals, policy)
        sums = [
            {"parts": [int(part) for part in total.parts], "total": number(value)}
            for total, value in zip(totals, known, strict=True)
            if number(value) is not None
        ]
    check_text(" | ".join([result.summary(), result.alt_text(), *result.caveats]), where="the words of a finding")
    for row in result.table().text_rows():
        check_text(" | ".join(row), where="the table of a finding")
    return Released(result, policy.name, len(cells), int(hidden.sum()), shown, sums)


def _withheld(result: Result, policy: Policy, cells: int, reason: str) -> Released:
    return Released(NotEstimable(reason=reason, withheld=True, unit=result.unit), policy.name, cells, cells)


def _tells_exactly(result: Result, policy: Policy) -> str:
    """Say why estimates of a model would tell small counts it was fitted to, or nothing.

    With exact totals beside it a regression's estimates and open covariates leave few sets of small counts possible;
    where shown counts are rounded, so many stay possible that estimates of two decimals tell none.
    """
    if policy.nearest > 1 or not policy.is_small(np.asarray(result.rests_on(), float)).any():
        return ""
    return (
        f"policy {policy.name} does not round, so that a model fitted to places with small counts could tell them; choose "
        "a policy that rounds, or larger areas"
    )


def _too_few(result: Result, policy: Policy) -> str:
    """Say why a model or distribution rests on too little, or nothing."""
    cases, freedom = result.size()
    if cases >= policy.model_cases and freedom >= policy.model_freedom:
        return ""
    return (
        f"rests on fewer than {policy.model_cases} cases or {policy.model_freedom} residual degrees of freedom "
        f"(policy {policy.name})"
    )


def check_extremes(result: Result, policy: Policy) -> None:
    """Stop when a distribution holds a minimum, a maximum or a single case; the message names the field."""
    if policy.suppress_to is None:
        return
    values = result.values()
    names = [
        *(known.name for known in fields(result)),
        *(value.name for value in values),
        *(column.label for column in result.table().columns),
    ]
    found = [name for name in dict.fromkeys(names) if _EXTREME.search(name.replace("_", " "))]
    single = [value.name for value in values if value.n is not None and value.n < policy.model_cases]
    faults = [f"{name}: a minimum or maximum is one case; leave it out or give a percentile" for name in found]
    faults += [f"{name}: rests on fewer than {policy.model_cases} cases; leave it out" for name in single]
    if faults:
        raise DisclosureError(f"a {type(result).__name__} may not leave under policy {policy.name}", faults=faults)


def _records(cells: pd.DataFrame) -> list[dict[str, Any]]:
    """Give each released cell as labels and count."""
    labels = [
        column
        for column in cells.columns
        if column not in _NOT_LABELS and not column.startswith("_") and cells[column].map(_is_label).all()
    ]
    counts = cells["count"].to_numpy(float)
    words = [cells[column].tolist() for column in labels]
    return [
        {
            "labels": {
                name: str(column[row])
                for name, column in zip(labels, words, strict=True)
                if column[row] == column[row] and column[row] is not None
            },
            "count": number(counts[row]),
        }
        for row in range(len(cells))
    ]


def _is_label(value: object) -> bool:
    return value is None or isinstance(value, str) or value != value


def check_text(text: str, *, where: str) -> None:
    """Stop when a text that is about to leave may identify a person."""
    kinds = sorted({found.kind for found in find_identifiers(text)})
    if kinds:
        raise DisclosureError(f"{where} holds what looks like a {' and a '.join(kinds)}; remove it before release")
