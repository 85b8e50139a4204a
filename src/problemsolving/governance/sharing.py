"""Sharing records: nothing loads without one in force."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

from problemsolving.errors import ParameterError, SharingError, counted, fault_words, nearest
from problemsolving.governance.conditions import OPEN_RULES, SHARED_RULES, broken_rules
from problemsolving.governance.terms import UNDECIDED, OpenRecord, SharedRecord, SharingRecord, Use
from problemsolving.locks import file_digest
from problemsolving.records import read_yaml, shown

__all__ = ["OpenRecord", "SharedRecord", "SharingRecord", "delivery_faults", "read_faults", "read_sharing_record"]


def read_sharing_record(
    path: Path,
    *,
    dataset: str,
    source: str,
    purpose: str | None = None,
    agencies: Sequence[str] = (),
    policy: str | None = None,
    today: dt.date | None = None,
) -> SharingRecord:
    """Read a sharing record and check that it covers a load.

    Parameters
    ----------
    path : pathlib.Path
        A YAML file.
    dataset, source : str
        Name of the data set in ``problem.yml`` and its source in the dictionary.
    purpose : str, optional
        What the data are used for, a code of codelist ``purposes``.
    agencies : sequence of str, optional
        Agencies that use them, codes of codelist ``agency-types``.
    policy : str, optional
        The disclosure policy asked for.
    today : datetime.date, optional
        The day of the load; the current day when not given.

    Returns
    -------
    OpenRecord or SharedRecord

    Raises
    ------
    SharingError
        With every fault at once, each naming record, rule and remedy; never a value of the data.
    """
    today = today or dt.datetime.now(tz=dt.UTC).date()
    name = shown(path)
    if not path.is_file():
        raise SharingError(
            f'data set "{dataset}" has no sharing record',
            faults=[f"{name}: missing; write it (the template shows how), or: problemsolving sharing draft {dataset}"],
        )
    try:
        raw = read_yaml(path)
    except ParameterError as error:
        raise SharingError(f'the sharing record of "{dataset}" cannot be read', faults=[error.message]) from None
    use = Use(dataset, source, today, purpose, tuple(agencies), policy)
    if raw.get("kind") == "shared":
        read, faults = _read_each(raw)
        complete, rules = not faults, SHARED_RULES
    else:
        read, faults = _read_open(raw)
        complete, rules = not faults, OPEN_RULES
    faults += broken_rules(read, use, rules)
    if faults:
        what = f'no sharing record in force covers "{dataset}"'
        if not complete:
            what = f'the sharing record of "{dataset}" is not complete'
        raise SharingError(what, faults=[f"{name}: {fault}" for fault in faults])
    return SharedRecord(**read) if raw["kind"] == "shared" else OpenRecord.model_validate(raw)


@cache
def _readers() -> dict[str, TypeAdapter[Any]]:
    """One reader a field of the full record, so that a fault in one leaves the others readable."""
    return {name: TypeAdapter(hint) for name, hint in get_type_hints(SharedRecord, include_extras=True).items()}


def _read_each(raw: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Read field by field: what could be read, and every fault of the rest."""
    readers = _readers()
    undecided = list(_undecided(raw))
    faults = [f"{place}: is still to be decided; write what was decided" for place in undecided]
    faults += [f"{key}: is not a field of a sharing record{nearest(key, readers)}" for key in raw if key not in readers]
    read: dict[str, Any] = {}
    for key, reader in readers.items():
        if key not in raw:
            if key in SharedRecord.__dataclass_fields__ and not _needed(key):
                read[key] = SharedRecord.__dataclass_fields__[key].default
            else:
                faults.append(f"{key}: is missing")
            continue
        if any(place == key or place.startswith(f"{key}.") for place in undecided):
            continue
        try:
            read[key] = reader.validate_python(raw[key])
        except ValidationError as error:
            faults += [f"{_place(key, fault['loc'], raw)}: {fault_words(fault)}" for fault in error.errors()]
    return read, list(dict.fromkeys(faults))


def _needed(key: str) -> bool:
    from dataclasses import MISSING

    return SharedRecord.__dataclass_fields__[key].default is MISSING


def _read_open(raw: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    try:
        return dict(OpenRecord.model_validate(raw)), []
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, fault['loc']))}: {fault_words(fault)}" for fault in error.errors()]
        if raw.get("kind", "open") != "open":
            faults = ["kind: write open or shared"]
        return {}, faults


def _undecided(value: Any, place: str = "") -> Iterator[str]:
    """Find what a draft left open, at any depth."""
    if isinstance(value, str) and value.strip().casefold() == UNDECIDED.casefold():
        yield place
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _undecided(item, f"{place}.{key}" if place else key)
    elif isinstance(value, list):
        for number, item in enumerate(value, 1):
            named = item.get("name", item.get("code")) if isinstance(item, dict) else None
            part = named if isinstance(named, str) and named.casefold() != UNDECIDED.casefold() else str(number)
            yield from _undecided(item, f"{place}.{part}")


def _place(key: str, loc: tuple[Any, ...], raw: dict[str, Any]) -> str:
    """Name a place as people see it: ``fields.person_id.why``, or the number of an entry, counted from 1."""
    parts, value = [key], raw[key]
    for step in loc:
        if isinstance(step, int) and isinstance(value, list) and step < len(value):
            value = value[step]
            named = value.get("name", value.get("code")) if isinstance(value, dict) else None
            parts.append(named if isinstance(named, str) and named.strip() else str(step + 1))
        elif isinstance(value, dict) and isinstance(step, str):
            parts.append(step)
            value = value.get(step)
    return ".".join(parts)


def read_faults(record: SharingRecord, digests: Sequence[str]) -> list[str]:
    """Compare the hashes of what was read with those a record lists: a file changed after it was checked is a fault."""
    if isinstance(record, OpenRecord) or not record.sha256:
        return []
    strangers = [digest for digest in digests if digest not in record.sha256]
    if not strangers:
        return []
    return [f"sha256: {counted(len(strangers), 'file')} changed while it was read; put back what was approved"]


def delivery_faults(record: SharingRecord, files: Sequence[Path]) -> list[str]:
    """Compare files with the hashes a record lists.

    Parameters
    ----------
    record : OpenRecord or SharedRecord
        Open records, and those of a delivery series without hashes, list none: every file passes.
    files : sequence of pathlib.Path
        What lies in the data folder for this data set.

    Returns
    -------
    list of str
        One fault for the files that no hash covers (their names), one for the hashes that no file has.
    """
    if isinstance(record, OpenRecord) or not record.sha256:
        return []
    found = [(path, file_digest(path)) for path in files]
    strangers = [shown(path) for path, digest in found if digest not in record.sha256]
    lost = len(set(record.sha256) - {digest for _, digest in found})
    faults = []
    if strangers:
        faults.append(
            f"sha256: does not match {', '.join(strangers)}; ask the source agency whether this is the file that was "
            "approved"
        )
    if lost and not strangers:
        faults.append(f"sha256: {counted(lost, 'listed file')} not among the files; put back what was approved")
    return faults
