"""The signed decision to identify people again: what it must say, and who may sign it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from problemsolving.errors import ParameterError, fault_words
from problemsolving.governance.conditions import name_faults, same_person
from problemsolving.governance.terms import Agency, Day, Digest, Maybe, Part, SharedRecord, Text
from problemsolving.records import read_yaml


class Decider(Part):
    """The person who answers for the decision."""

    name: Text
    role: Text


class Signature(Part):
    """The decider's name, typed by themselves, and the day."""

    typed_name: Text
    signed_on: Day


class Decision(Part):
    """Who decided that these people may be identified again, why, how they were chosen; for one list alone.

    ``data_sha256`` is of the file of pseudonyms that was shared, ``domain`` is that of its pseudonyms, ``delivery`` is the
    series it belongs to where the sharing record lists no hashes.
    """

    purpose: Literal["re-identification"]
    dataset: Text
    controlling_agency: Agency
    reason: Text
    people_prioritised: Text
    domain: Text
    data_sha256: Digest
    delivery: Maybe = None
    list_sha256: Digest
    requester: Text
    decided_by: Decider
    decided_on: Day
    signature: Signature


def read_decision(path: Path, faults: list[str], today: dt.date) -> Decision | None:
    """Read a decision and add every fault of it; None when it cannot be read."""
    name = path.name
    try:
        decision = Decision.model_validate(read_yaml(path))
    except ParameterError as error:
        faults.append(f"decision: {error.message}")
        return None
    except ValidationError as error:
        places = [(".".join(map(str, fault["loc"])), fault_words(fault)) for fault in error.errors()]
        faults += [f"{name}: {place}: {words}" for place, words in places]
        return None
    named = {
        "requester": decision.requester,
        "decided_by.name": decision.decided_by.name,
        "signature.typed_name": decision.signature.typed_name,
    }
    faults += [f"{name}: {place}: {fault}" for place, person in named.items() for fault in name_faults(person)]
    if same_person(decision.requester, decision.decided_by.name):
        faults.append(f"{name}: decided_by: is the requester; somebody else must decide")
    if not same_person(decision.signature.typed_name, decision.decided_by.name):
        faults.append(f"{name}: signature.typed_name: is not the decider's name; the decider signs")
    if decision.decided_on > today or decision.signature.signed_on > today:
        faults.append(f"{name}: decided_on: the decision or its signature lies in the future")
    if decision.signature.signed_on < decision.decided_on:
        faults.append(f"{name}: signature.signed_on: lies before decided_on")
    return decision


def tie_faults(decision: Decision, record: SharedRecord, *, name: str) -> list[str]:
    """Compare a decision with the sharing record that it is made under.

    Parameters
    ----------
    decision, record
        As read.
    name : str
        The decision's file, for the messages.

    Returns
    -------
    list of str
        Decided before the record was approved, about a file that the record does not cover.
    """
    faults = []
    if decision.decided_on < record.approved_on:
        faults.append(
            f"{name}: decided_on: lies before the sharing record was approved; decide again under this record"
        )
    if record.sha256 and decision.data_sha256 not in record.sha256:
        faults.append(f"{name}: data_sha256: is of no file that the sharing record lists")
    if not record.sha256 and record.delivery is not None and decision.delivery != record.delivery.series:
        faults.append(f"{name}: delivery: is not the series of the sharing record; write its name as it stands there")
    return faults
