"""What if: reading the scenarios that people wrote in ``scenarios.yml``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from problemsolving.errors import ParameterError, nearest
from problemsolving.network.what_if.changes import CapCapacity, Change, OpenPathway, RemoveAgency, StrengthenPathway
from problemsolving.network.what_if.scenario import Desk
from problemsolving.network.what_if.steps import LAST
from problemsolving.records import read_yaml

FILE = "scenarios.yml"
KEYS = {
    "remove": ("agency", "instead"),
    "open": ("from", "to", "share"),
    "strengthen": ("from", "to", "by"),
    "cap": ("agency", "most"),
}
OPTIONAL = ("instead",)
NUMBERS = {"share": 1.0, "by": 1.0, "most": float("inf")}  # key → the most that it may be; all above 0
AGENCIES = ("agency", "instead", "from", "to")


@dataclass(frozen=True)
class Asked:
    """A scenario as people wrote it: its name, and what would change."""

    name: str
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class Scenarios:
    """Every scenario of a profile, and what is known of the capacity of its agencies."""

    asked: tuple[Asked, ...] = ()
    desks: Mapping[str, Desk] | None = None


def read_scenarios(path: Path, names: Mapping[str, str]) -> Scenarios:
    """Read the scenarios of a profile: every fault at once.

    Parameters
    ----------
    path : pathlib.Path
        ``scenarios.yml``; a profile without it has none.
    names : mapping of str to str
        Agency's id → name.

    Raises
    ------
    ParameterError
        For an unknown key, kind of change or agency, or a number out of range, each named by its place.
    """
    raw = read_yaml(path) if path.is_file() else {}
    faults: list[str] = [
        f"{key}: not known{nearest(key, ['scenarios', 'desks'])}" for key in raw if key not in ("scenarios", "desks")
    ]
    entries = raw.get("scenarios", [])
    if not isinstance(entries, list):
        entries, faults = [], [*faults, "scenarios: write a list"]
    asked = [_read_one(entry, f"scenarios {number}", names, faults.append) for number, entry in enumerate(entries, 1)]
    desks = _read_desks(raw.get("desks", {}), names, faults.append)
    if faults:
        raise ParameterError(f"{FILE} cannot be read: {len(faults)} to mend", faults=faults)
    return Scenarios(tuple(found for found in asked if found is not None), desks)


Tell = Callable[[str], None]


def _read_one(entry: Any, place: str, names: Mapping[str, str], tell: Tell) -> Asked | None:
    if (
        not isinstance(entry, dict)
        or not isinstance(entry.get("name"), str)
        or not isinstance(entry.get("changes"), list)
    ):
        tell(f"{place}: write name and changes, a list")
        return None
    for key in entry:
        if key not in ("name", "changes"):
            tell(f"{place}.{key}: not known{nearest(key, ['name', 'changes'])}")
    changes = [
        _read_change(change, f"{place}, change {number}", names, tell)
        for number, change in enumerate(entry["changes"], 1)
    ]
    if not changes:
        tell(f"{place}: changes nothing")
    return Asked(entry["name"], tuple(found for found in changes if found is not None))


def _read_change(entry: Any, place: str, names: Mapping[str, str], tell: Tell) -> Change | None:
    kind = entry.get("change") if isinstance(entry, dict) else None
    if kind not in KEYS:
        tell(f"{place}: change is one of {', '.join(KEYS)}{nearest(str(kind), KEYS)}")
        return None
    faults = [
        f"{place}.{key}: not known{nearest(key, KEYS[kind])}" for key in entry if key not in ("change", *KEYS[kind])
    ]
    faults += [f"{place}.{key}: is missing" for key in KEYS[kind] if key not in entry and key not in OPTIONAL]
    given = {key: entry[key] for key in KEYS[kind] if key in entry}
    for key, value in given.items():
        if key in AGENCIES and value not in names:
            faults.append(f"{place}.{key}: not an agency_id of the agency table{nearest(str(value), names)}")
        if key in NUMBERS:
            given[key] = number = _number(value)
            if not 0 < number <= NUMBERS[key]:
                most = "" if NUMBERS[key] == float("inf") else f" and at most {NUMBERS[key]:g}"
                faults.append(f"{place}.{key}: write a number above 0{most}")
    for fault in faults:
        tell(fault)
    return None if faults else _change(kind, {key: names.get(value, value) for key, value in given.items()})


def _change(kind: str, given: Mapping[str, Any]) -> Change:
    if kind == "remove":
        return RemoveAgency(agency=given["agency"], instead=given.get("instead"))
    if kind == "open":
        return OpenPathway(sender=given["from"], receiver=given["to"], share=given["share"])
    if kind == "strengthen":
        return StrengthenPathway(sender=given["from"], receiver=given["to"], by=given["by"])
    return CapCapacity(agency=given["agency"], most=given["most"], instead=LAST)


def _read_desks(raw: Any, names: Mapping[str, str], tell: Tell) -> dict[str, Desk]:
    if not isinstance(raw, dict):
        tell("desks: write agency_id: {servers: …, hours: …}")
        return {}
    found = {}
    for agency, desk in raw.items():
        servers, hours = (_number(desk.get(key)) if isinstance(desk, dict) else 0.0 for key in ("servers", "hours"))
        if agency not in names:
            tell(f"desks.{agency}: not an agency_id of the agency table{nearest(str(agency), names)}")
        elif servers < 1 or servers != int(servers) or not 0 < hours < float("inf"):
            tell(f"desks.{agency}: write servers, a whole number, and hours, the mean time one person takes, above 0")
        else:
            found[names[agency]] = Desk(servers=int(servers), hours=hours)
    return found


def _number(text: Any) -> float:
    """Give a number as written in YAML, or not a number."""
    try:
        return float(str(text))
    except ValueError:
        return float("nan")
