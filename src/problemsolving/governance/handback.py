"""Hand-back: pseudonyms of people at risk become clients of the one agency that controls the data and holds the key."""

from __future__ import annotations

import csv
import datetime as dt
import getpass
import hashlib
import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from problemsolving.dictionary.codelists import codelist
from problemsolving.errors import ParameterError, ProblemSolvingError, SharingError, nearest
from problemsolving.governance.atrs import write_atrs
from problemsolving.governance.attempts import append_attempt, granted_before, verify_log
from problemsolving.governance.decisions import Decision, read_decision, tie_faults
from problemsolving.governance.private import check_place, open_plain, private_file, read_plain
from problemsolving.governance.pseudonymise import Hashed, PseudonymRecord, csv_rows, read_pseudonym_record
from problemsolving.governance.pseudonyms import Pseudonymiser, read_key
from problemsolving.governance.sharing import read_sharing_record
from problemsolving.governance.terms import SharedRecord
from problemsolving.records import read_yaml, shown

PURPOSE = "re-identification"
BESIDE = ".pseudonyms.json"
MOST_BYTES = 64_000_000  # of a list


@dataclass(frozen=True, kw_only=True)
class HandBackFiles:
    """What a hand-back works on: all files of the controlling agency but the list and the records."""

    people: Path
    clients: Path
    key: Path
    made_with: Path
    record: Path
    decision: Path
    out: Path
    log: Path


@dataclass(frozen=True)
class HandBack:
    """What became of a list: counts alone."""

    listed: int
    found: int
    clients: int
    refused: int
    key_id: str
    log_head: str
    record: SharedRecord
    decision: Decision
    made_with: PseudonymRecord

    @property
    def in_words(self) -> str:
        return (
            f"{self.found:,} of {self.listed:,} people on the list are clients; {self.clients:,} clients were compared, "
            f"{self.refused:,} of them without a valid identifier (key {self.key_id}). The attempt is logged; its line "
            f"has the hash {self.log_head}."
        )


def hand_back(
    files: HandBackFiles, *, field: str, pseudonym_field: str = "person_id", today: dt.date | None = None
) -> HandBack:
    """Turn pseudonyms of people at risk into the controlling agency's own clients.

    Parameters
    ----------
    files : HandBackFiles
        ``people``: CSV with the pseudonyms; ``clients``: CSV of the agency's own clients; ``key``: the agency's key;
        ``made_with``: the ``*.pseudonyms.json`` beside the data; ``record``: the sharing record; ``decision``:
        the signed decision, which names the shared data (they lie beside ``made_with``); ``out``: where the clients go; ``log``: to which every attempt is added.
    field : str
        Column of ``clients`` with the identifier.
    pseudonym_field : str
        Column of ``people`` with the pseudonyms.
    today : datetime.date, optional
        The current day when not given.

    Returns
    -------
    HandBack
        Counts. ``out`` holds one column, the agency's own identifiers as its client list writes them, readable by
        its owner alone; nobody who is not a client is in it.

    Raises
    ------
    SharingError
        With every reason at once: no record in force that covers re-identification, statistics only, another
        controller, a decision that is not signed by another person than the requester, another list, another key,
        an altered log. The attempt is logged all the same.
    ParameterError, DataError
        For files that cannot be read, or an output that could be published or is there already; logged too.
    """
    today = today or dt.datetime.now(tz=dt.UTC).date()
    seen: dict[str, Any] = {"out": str(files.out.absolute())}
    try:
        return _hand_back(files, field, pseudonym_field, today, seen)
    except Exception as error:
        if "outcome" not in seen:
            _log_refusal(files.log, seen, error)
        if isinstance(error, ProblemSolvingError | OSError):
            raise
        raise SharingError(
            f"nobody is identified: an unexpected {type(error).__name__}; nothing was written"
        ) from error


def _log_refusal(log: Path, seen: dict[str, Any], error: Exception) -> None:
    faults = tuple(getattr(error, "faults", ()))
    reasons = sorted({_place(fault) for fault in faults}) or [type(error).__name__]
    try:
        append_attempt(log, _entry(seen, "refused", reasons=reasons))
    except (ProblemSolvingError, OSError) as failed:
        told = failed.message if isinstance(failed, ProblemSolvingError) else str(failed.strerror)
        faults = faults or (str(error),)
        if not any(fault.startswith("log: ") for fault in faults):
            faults = (*faults, f"log: {told}")
        raise SharingError("nobody is identified, and the attempt could not be logged", faults=faults) from error


def _hand_back(
    files: HandBackFiles, field: str, pseudonym_field: str, today: dt.date, seen: dict[str, Any]
) -> HandBack:
    faults = _plain_files(files)
    if faults:
        raise SharingError("nobody is identified: this hand-back is not allowed", faults=faults)
    decision = read_decision(files.decision, faults, today)
    if decision is not None:
        seen |= _who(decision)
    people = _tried(faults, "people", lambda: read_plain(files.people, most=MOST_BYTES))
    seen["list_sha256"] = None if people is None else hashlib.sha256(people).hexdigest()
    if decision is not None and decision.list_sha256 != seen["list_sha256"]:
        faults.append(f"{files.decision.name}: list_sha256: is of another list; this one has {seen['list_sha256']}")
    record = _read_record(files.record, decision, today, faults)
    made_with = _tried(faults, "made_with", lambda: read_pseudonym_record(files.made_with))
    if decision is not None and isinstance(record, SharedRecord):
        faults += tie_faults(decision, record, name=files.decision.name)
    if decision is not None and made_with is not None:
        faults += _made_faults(made_with, decision, files)
    key = _tried(faults, "key", lambda: read_key(files.key))
    maker = None
    if key is not None and made_with is not None:
        maker = Pseudonymiser(key, algorithm=made_with.algorithm, digest_bytes=made_with.bits // 8)
        seen["key_id"] = maker.key_id
        if maker.key_id != made_with.key_id:
            faults.append("key: is not the key of these data; the agency that made the pseudonyms holds it")
    _tried(faults, "out", lambda: _check_out(files.out))
    if _tried(faults, "log", lambda: verify_log(files.log)) and decision is not None:
        faults += _second_use(files, seen)
    listed: set[str] = set()
    if people is not None and made_with is not None:
        listed = _tried(faults, "people", lambda: _listed(files, people, pseudonym_field, made_with)) or set()
    if faults or decision is None or made_with is None or maker is None or not isinstance(record, SharedRecord):
        raise SharingError("nobody is identified: this hand-back is not allowed", faults=faults)
    found: dict[str, str] = {}
    clients = refused = 0
    for value in _column(os.fdopen(open_plain(files.clients), "rb"), files.clients.name, field):
        clients += 1
        made = maker.pseudonym(value, kind=made_with.kind, domain=made_with.domain)
        refused += made is None
        if made in listed:
            found.setdefault(made, value)
    counts = {"listed": len(listed), "found": len(found), "clients": clients, "refused": refused}
    seen["outcome"] = "logged"
    head, sound = append_attempt(files.log, _entry(seen, "granted", **counts))
    if not sound:
        raise SharingError("nobody is identified: the log of hand-backs was altered while this ran")
    with private_file(files.out) as stream:
        stream.write(_csv(field, sorted(found.values())))
    return HandBack(**counts, key_id=maker.key_id, log_head=head, record=record, decision=decision, made_with=made_with)


def _csv(field: str, values: list[str]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([[field], *([value] for value in values)])
    return text.getvalue().encode()


def _column(raw: BinaryIO, name: str, field: str) -> Iterator[str]:
    with io.TextIOWrapper(raw, encoding="utf-8-sig", newline="") as stream:
        rows = csv_rows(stream, name)
        header = next(rows, [])
        if header.count(field) != 1:
            raise ParameterError(f'{name}: not one column "{field}"{nearest(field, header)}')
        place = header.index(field)
        for row in rows:
            yield row[place]


def _made_faults(made: PseudonymRecord, decision: Decision, files: HandBackFiles) -> list[str]:
    """Compare the record of pseudonyms with the decision."""
    faults = []
    if made.output_sha256 != decision.data_sha256:
        faults.append(
            f"{files.decision.name}: data_sha256: is of other data; those of made_with have {made.output_sha256}"
        )
    if made.domain != decision.domain:
        faults.append(f"{files.decision.name}: domain: is not that of the pseudonyms; decide about their own data set")
    return faults


def _listed(files: HandBackFiles, people: bytes, pseudonym_field: str, made: PseudonymRecord) -> set[str]:
    """Read the list from the bytes that were hashed; each of its people must be in the shared data."""
    listed = {value for value in _column(io.BytesIO(people), files.people.name, pseudonym_field) if value}
    data = files.made_with.with_name(files.made_with.name.removesuffix(BESIDE))
    if data == files.made_with:
        raise ParameterError(f"{data.name}: does not end in {BESIDE}; name what stands beside the shared data")
    with os.fdopen(open_plain(data), "rb", buffering=0) as raw:
        hashed = Hashed(raw)
        strangers = listed.difference(_column(io.BufferedReader(hashed, 1 << 20), data.name, made.field))
    if hashed.digest.hexdigest() != made.output_sha256:
        raise SharingError(f"{data.name}: is not the file that {files.made_with.name} was made with")
    if strangers:
        raise SharingError(
            f"{len(strangers):,} of {len(listed):,} on the list are not in {data.name}; list its people alone"
        )
    return listed


def _second_use(files: HandBackFiles, seen: dict[str, Any]) -> list[str]:
    """A decision serves one output: the same again only where that was lost on the way."""
    same = {key: seen[key] for key in ("list_sha256", "decided_by", "decided_on")}
    if all(entry.get("out") == seen["out"] for entry in granted_before(files.log, **same)):
        return []
    return [f"{files.decision.name}: was used already for another output; what is needed again is decided again"]


def _check_out(path: Path) -> None:
    check_place(path, what="a file of clients")
    if path.exists() or path.is_symlink():
        raise ParameterError(f"{path}: there is a file of this name already; it is left as it is")
    if not path.parent.is_dir():
        raise ParameterError(f"{path.parent}: no such folder")


def _plain_files(files: HandBackFiles) -> list[str]:
    """A pipe or a device would give other bytes each time it is read."""
    names = ("people", "clients", "key", "made_with", "record", "decision")
    read = {name: getattr(files, name) for name in names}
    return [f"{name}: is not a plain file" for name, path in read.items() if path.exists() and not path.is_file()]


def _tried(faults: list[str], place: str, action: Any) -> Any:
    try:
        return action()
    except ProblemSolvingError as error:
        faults += [f"{place}: {text}" for text in (error.message, *error.faults)]
        return None


def _read_record(path: Path, decision: Decision | None, today: dt.date, faults: list[str]) -> SharedRecord | None:
    name = shown(path)
    agency = decision.controlling_agency if decision else None
    try:
        raw = read_yaml(path)
        if str(raw.get("statistics_only")).strip().casefold() in ("true", "yes"):
            faults.append(f"{name}: statistics_only: nobody is ever identified from data shared for statistics only")
        record = read_sharing_record(
            path,
            dataset=decision.dataset if decision else str(raw.get("dataset")),
            source=str(raw.get("source")),
            purpose=PURPOSE,
            agencies=(agency,) if agency else (),
            today=today,
        )
    except ProblemSolvingError as error:
        faults += error.faults or [f"{name}: {error.message}"]
        return None
    if not isinstance(record, SharedRecord):
        faults.append(f"{name}: kind: open data hold nobody who could be handed back")
        return None
    if record.level != "person":
        faults.append(f"{name}: level: is not person, so there is nobody to hand back")
    if agency and agency not in record.controllers:
        faults.append(f"{name}: controllers: do not name {agency}; only a controller identifies its own clients")
    return record


def _place(fault: str) -> str:
    """Give record and rule of a fault, for the log; never more."""
    first, *rest = fault.split(": ")
    return f"{first}: {rest[0]}" if first.endswith(".yml") and rest else first


def _who(decision: Decision) -> dict[str, Any]:
    return {
        "agency": decision.controlling_agency,
        "dataset": decision.dataset,
        "requester": decision.requester,
        "decided_by": decision.decided_by.name,
        "role": decision.decided_by.role,
        "decided_on": decision.decided_on.isoformat(),
        "domain": decision.domain,
    }


def _entry(seen: dict[str, Any], outcome: str, **more: Any) -> dict[str, Any]:
    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):
        user = "unknown"
    kept = {key: value for key, value in seen.items() if key != "outcome"}
    at = dt.datetime.now(tz=dt.UTC).isoformat(timespec="seconds")
    return {"at": at, "user": user, "outcome": outcome, "key_id": None, **kept, **more}


def write_transparency(path: Path, done: HandBack) -> str:
    """Write the transparency record of a hand-back where none is yet; give a sentence that says what is to be done."""
    if path.exists():
        return f"{path}: the transparency record is there already; see whether it still holds."
    left = write_atrs(path, transparency_facts(done))
    return f"{path}: transparency record (ATRS) written; {left} headings are for people to fill before it is published."


def transparency_facts(done: HandBack) -> dict[str, str]:
    """Give what the kit knows of a hand-back, by the headings of the transparency standard (see `write_atrs`)."""
    record, decision, made = done.record, done.decision, done.made_with
    agency = codelist("agency-types")[decision.controlling_agency]["label"]
    gateway = codelist("legal-gateways")[record.legal_gateway]
    bases = "; ".join(codelist("lawful-bases")[code]["source"] for code in record.lawful_basis)
    special = "; ".join(
        codelist("special-category-conditions")[code]["source"] for code in record.special_category_condition
    )
    return {
        "Name": f"Hand-back of people at risk ({record.dataset})",
        "Description": (
            "A partnership describes a problem with pseudonymised data. Pseudonyms of people at risk are given back to "
            "the agency that controls the data; it finds its own clients among them and offers support."
        ),
        "Organisation or department": agency,
        "Senior responsible owner": decision.decided_by.role,
        "Detailed description": f"How people were prioritised: {decision.people_prioritised}",
        "Scope": f"{decision.reason} Used for this purpose by this agency alone.",
        "Process integration": "Prepares an offer of support; it decides nothing about a person.",
        "Provided information": "The agency's own identifiers of its clients who are on the list: no score, no rank.",
        "Frequency and scale of usage": f"One list; decided for it alone on {decision.decided_on}.",
        "Human decisions and review": (
            f"Decided and signed by a named person ({decision.decided_by.role}) who did not ask for it; every attempt is "
            "logged in a chain of hashes."
        ),
        "System architecture": (
            f"Keyed digests ({made.algorithm}, {made.bits} bits) of {made.kind}; the key stays with the agency; problemsolving."
        ),
        "Models": "None in the hand-back itself: equality of pseudonyms.",
        "Source data name": record.dataset,
        "Data modality": "Tabular",
        "Data description": f"{len(record.fields)} declared columns at level {record.level}.",
        "Sensitive attributes": f"Conditions: {special}" if special else "None declared",
        "Data sharing agreements": f"Sharing record approved on {record.approved_on}; {gateway['act']}; {bases}.",
        "Data access and storage": f"To be deleted by {record.retention_until}; reviewed by {record.review_on}.",
        "Impact assessments": f"Data protection impact assessment {record.dpia.reference}, {record.dpia.on}.",
    }
