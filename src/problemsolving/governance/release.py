"""Release: the one way from a result to the form of it that may leave."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from problemsolving.errors import DisclosureError
from problemsolving.governance.policies import Policy
from problemsolving.identifiers import find_identifiers
from problemsolving.results import NotEstimable, Result


@dataclass(frozen=True)
class Released:
    """A result in the form that may leave, and how many of its cells were withheld."""

    result: Result
    policy: str
    cells: int
    withheld: int


def release(result: Result, policy: Policy) -> Released:
    """Give the form of a result that may leave under a policy.

    Parameters
    ----------
    result : Result
        ``disclosure`` decides: ``cells`` are suppressed and rounded and the result is computed again from them;
        a ``model`` or ``distribution`` leaves when it rests on enough cases; ``text`` is searched for identifiers.
    policy : Policy
        In force for the study.

    Returns
    -------
    Released
        Its ``result`` holds nothing that the policy withholds.

    Raises
    ------
    DisclosureError
        When the words or labels of a result hold what may identify a person; the message names the kind, not the value.
    """
    cells = result.cells()
    withheld = 0
    if result.disclosure in ("model", "distribution"):
        cases, freedom = result.size()
        if cases < policy.model_cases or freedom < policy.model_freedom:
            reason = (
                f"rests on fewer than {policy.model_cases} cases or {policy.model_freedom} residual degrees of freedom "
                f"(policy {policy.name})"
            )
            return Released(
                NotEstimable(reason=reason, withheld=True, unit=result.unit), policy.name, len(cells), len(cells)
            )
    if result.disclosure != "text" and not len(cells):
        raise DisclosureError(f"a {type(result).__name__} names no counts, so nothing of it can be released")
    if result.disclosure != "text":
        safe = policy.apply(cells["count"].to_numpy(float))
        withheld = int(np.isnan(safe).sum())
        result = result.rebuild(cells.assign(count=safe))
        if withheld:
            result = result.with_caveats(f"{withheld} of {len(cells)} counts are withheld (policy {policy.name})")
    check_text(" | ".join([result.summary(), result.alt_text(), *result.caveats]), where="the words of a finding")
    for row in result.table().text_rows():
        check_text(" | ".join(row), where="the table of a finding")
    return Released(result, policy.name, len(cells), withheld)


def check_text(text: str, *, where: str) -> None:
    """Stop when a text that is about to leave may identify a person."""
    kinds = sorted({found.kind for found in find_identifiers(text)})
    if kinds:
        raise DisclosureError(f"{where} holds what looks like a {' and a '.join(kinds)}; remove it before release")
