"""What the records of a study allow together: the strictest policy, the smallest area, links; and the proof of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from problemsolving.dictionary.codelists import codelist
from problemsolving.errors import SharingError
from problemsolving.governance.policies import Policy, custom, get_policy, strictest
from problemsolving.governance.terms import AREAS, OpenRecord, PermittedOutputs, SharedRecord, SharingRecord
from problemsolving.results import listed


def permitted_policy(outputs: PermittedOutputs) -> Policy:
    """Give the policy a record permits: its named policy, made stricter by its own threshold and rounding.

    ``threshold`` is the smallest count that may be shown, so counts below it are withheld.

    >>> mine = PermittedOutputs(policy="opensafely", threshold="10", rounding="5", lowest_area="district")
    >>> permitted_policy(mine).suppress_to, permitted_policy(mine).nearest
    (9, 5)
    """
    base = get_policy(outputs.policy)
    if (base.suppress_to or 0) >= outputs.threshold - 1 and base.nearest >= outputs.rounding:
        return base
    shown = base.zeros_shown and base.suppress_to is not None
    return strictest([base, custom(outputs.threshold, outputs.rounding, zeros_shown=shown)])


def policy_in_force(problem_policy: str | Policy, records: Mapping[str, SharingRecord]) -> tuple[Policy, str]:
    """Give the policy under which a study's results may leave: linked data take the strictest.

    Parameters
    ----------
    problem_policy : str or Policy
        What ``problem.yml`` asks for.
    records : mapping of str to OpenRecord or SharedRecord
        Data set → its record in force.

    Returns
    -------
    policy : Policy
        No weaker than what ``problem.yml`` and each record ask for.
    reason : str
        Which of them decided, in a sentence for the page.
    """
    asked = get_policy(problem_policy) if isinstance(problem_policy, str) else problem_policy
    permitted = {
        name: permitted_policy(record.permitted_outputs)
        for name, record in records.items()
        if isinstance(record, SharedRecord)
    }
    found = strictest([asked, *permitted.values()])
    if _as_strict(asked, found):
        return asked, f"Policy {asked.name}, as in problem.yml; no sharing record asks for more."
    whole = [name for name, policy in permitted.items() if _as_strict(policy, found)]
    if whole:
        return permitted[whole[0]], (
            f"Policy {permitted[whole[0]].name}, as the sharing record of {listed(whole)} asks; problem.yml asked for "
            f"{asked.name}."
        )
    parts = [name for name, policy in permitted.items() if not _as_strict(strictest([asked, policy]), asked)]
    return found, (
        f"The strictest of problem.yml ({asked.name}) and the sharing records of {listed(parts)}: counts of "
        f"{found.suppress_to or 0} or fewer are withheld, others rounded to the nearest {found.nearest}."
    )


def _as_strict(policy: Policy, than: Policy) -> bool:
    return _terms(policy) == _terms(than)


def _terms(policy: Policy) -> tuple[Any, ...]:
    return tuple(value for name, value in vars(policy).items() if name not in ("name", "zeros", "source"))


def lowest_area_in_force(
    records: Mapping[str, SharingRecord], *, datasets: Iterable[str] | None = None
) -> tuple[str, str]:
    """Give the smallest area by which findings may leave.

    Parameters
    ----------
    records : mapping of str to OpenRecord or SharedRecord
        Data set → its record in force.
    datasets : iterable of str, optional
        The data sets that a finding rests on; all when not given.

    Returns
    -------
    area : str
        ``small-area``, ``ward`` or ``district``: the largest that any of the records asks for.
    reason : str
        Which record decided, in a sentence for the page.
    """
    names = list(records if datasets is None else datasets)
    asked = {
        name: record.permitted_outputs.lowest_area
        for name in names
        if isinstance(record := records[name], SharedRecord)
    }
    area = max(asked.values(), key=AREAS.index, default=AREAS[0])
    deciding = [name for name, found in asked.items() if found == area]
    if area == AREAS[0]:
        return area, "No sharing record limits the area by which findings may leave."
    return area, f"The sharing record of {listed(deciding)} lets no finding leave by areas smaller than a {area}."


def may_leave_by(area: str, records: Mapping[str, SharingRecord], *, datasets: Iterable[str] | None = None) -> str:
    """Say why a finding by this kind of area is withheld, or nothing where it may leave.

    Parameters
    ----------
    area : str
        ``small-area``, ``ward`` or ``district``.
    records, datasets
        As for `lowest_area_in_force`.
    """
    if area not in AREAS:
        raise ValueError(f"{area} is not one of {', '.join(AREAS)}")
    lowest, reason = lowest_area_in_force(records, datasets=datasets)
    return reason if AREAS.index(area) < AREAS.index(lowest) else ""


def check_link(records: Mapping[str, SharingRecord], one: str, other: str) -> None:
    """Stop a link between people of two data sets that their records do not both allow.

    Open data without people carry no people to link, so only records at level person are asked.

    Raises
    ------
    SharingError
        Naming the record that does not name the other data set under ``linkable_to``.
    """
    faults = []
    for name, partner in ((one, other), (other, one)):
        record = records[name]
        if isinstance(record, SharedRecord) and partner not in record.linkable_to:
            faults.append(f"{name}: linkable_to: does not name {partner}; agree the link with its controllers")
        elif isinstance(record, OpenRecord) and record.level != "person":
            faults.append(f"{name}: level: holds no people that could be linked to {partner}")
    if faults:
        raise SharingError(f"people of {one} and {other} may not be linked", faults=faults)


def permission_proof(record: SharingRecord) -> dict[str, Any]:
    """Give what a page says of the permission under which a data set was used: codes and days, no free text or names."""
    if isinstance(record, OpenRecord):
        return {
            "kind": "open",
            "licence": record.licence,
            "level": record.level,
            "review_on": record.review_on.isoformat(),
        }
    return {
        "kind": "shared",
        "level": record.level,
        "purposes": list(record.purpose_codes),
        "regime": record.regime,
        "lawful_basis": list(record.lawful_basis),
        "legal_gateway": codelist("legal-gateways")[record.legal_gateway]["act"],
        "source_agency": record.source_agency,
        "receiving_agencies": list(record.receiving_agencies),
        "fields": len(record.fields),
        "policy": permitted_policy(record.permitted_outputs).name,
        "lowest_area": record.permitted_outputs.lowest_area,
        "dpia": record.dpia.on.isoformat(),
        "approved_on": record.approved_on.isoformat(),
        "review_on": record.review_on.isoformat(),
        "retention_until": record.retention_until.isoformat(),
        "statistics_only": record.statistics_only,
    }
