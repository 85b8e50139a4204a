"""`Problem`: the typed, frozen reading of ``problem.yml``, with every fault told at once."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from problemsolving.dictionary.codelists import codelist, label
from problemsolving.errors import ParameterError, nearest
from problemsolving.governance.policies import POLICIES
from problemsolving.periods import Month, Period
from problemsolving.records import read_yaml

ENVIRONMENT = "PROBLEMSOLVING_"
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z")
_RESERVED = {"con", "prn", "aux", "nul", *(f"{name}{number}" for name in ("com", "lpt") for number in range(10))}
_AREA = re.compile(r"[EW]0[1-9]\d{6}\Z", re.ASCII)
_LARGEST = 200


@dataclass(frozen=True)
class DataSet:
    """A data set of the profile: its source in the dictionary, its files and its sharing record."""

    name: str
    source: str
    files: str
    sharing: str


@dataclass(frozen=True)
class Option:
    """What could be done about a hypothesis, and who owns the lever."""

    name: str
    owner: str
    evidence: str


@dataclass(frozen=True)
class Hypothesis:
    """A reasoned guess at a cause, the test that would speak for or against it, and the options it suggests."""

    id: str
    statement: str
    test: str
    options: tuple[Option, ...] = ()


@dataclass(frozen=True)
class Problem:
    """A problem profile as its analyst described it."""

    title: str
    slug: str
    problem_type: str
    area_name: str
    district_codes: tuple[str, ...]
    benchmark_areas: tuple[str, ...]
    lead_agency: str
    partner_agencies: tuple[str, ...]
    baseline: Period
    follow_up: Period
    response_start: Month | None
    response_areas: tuple[str, ...]
    comparison_areas: tuple[str, ...]
    buffer_areas: tuple[str, ...]
    data: Path
    policy: str
    locked_down: bool
    folder: Path = field(default_factory=Path)
    sources: tuple[DataSet, ...] = ()
    drivers: tuple[str, ...] = ()
    hypotheses: tuple[Hypothesis, ...] = ()

    @property
    def categories(self) -> tuple[str, ...]:
        """Crime types of the problem."""
        return tuple(code for code in codelist("problem-types")[self.problem_type]["crime_types"].split(";") if code)

    @property
    def category_labels(self) -> tuple[str, ...]:
        return tuple(label("crime-types", code) for code in self.categories)

    @property
    def what(self) -> str:
        """What is counted, in the words of the source."""
        return label("problem-types", self.problem_type)

    @property
    def wording_note(self) -> str:
        return codelist("problem-types")[self.problem_type]["note"]

    @property
    def months(self) -> tuple[Month, ...]:
        """Months of both periods, in order, each once."""
        return tuple(sorted({*self.baseline, *self.follow_up}))


class _Faults(list[str]):
    """Faults found while reading; a reader that fails gives None and the next goes on."""

    def read(self, key: str, text: Any, reader: Callable[[Any], Any]) -> Any:
        try:
            return reader(text)
        except ValueError as error:
            self.append(f"{key}: {error}")
            return None


def _words(text: Any) -> str:
    if not isinstance(text, str) or not text.strip():
        raise ValueError("must not be empty")
    if len(text) > _LARGEST:
        raise ValueError(f"longer than {_LARGEST} characters")
    if any(ord(character) < 32 and character not in "\n\t" for character in text):
        raise ValueError("holds a control character")
    return text


def read_slug(text: Any) -> str:
    """Check a folder name that works on every system; raise ``ValueError`` otherwise."""
    if not isinstance(text, str) or not _SLUG.match(text) or len(text) > 60:
        raise ValueError("write it with small letters, digits and single hyphens, 1 to 60 characters, for example night-time-violence")
    if text in _RESERVED:
        raise ValueError("a name that Windows keeps for itself; choose another")
    return text


def _items(text: Any) -> tuple[str, ...]:
    """Read a list, or words separated by commas; ``none`` and nothing mean empty."""
    if isinstance(text, str):
        text = [] if text.strip().casefold() == "none" else text.split(",")
    if not isinstance(text, list) or not all(isinstance(item, str) for item in text):
        raise ValueError("write a list of codes")
    items = tuple(item.strip() for item in text if item.strip())
    if len(set(items)) < len(items):
        raise ValueError("names something twice")
    return items


def _code(name: str) -> Callable[[Any], str]:
    def read(text: Any) -> str:
        if text not in codelist(name):
            raise ValueError(f'"{text}" is not in codelist {name}{nearest(str(text), codelist(name))}')
        return str(text)

    return read


def _codes(name: str) -> Callable[[Any], tuple[str, ...]]:
    def read(text: Any) -> tuple[str, ...]:
        items = _items(text)
        if not items:
            raise ValueError("must not be empty")
        unknown = [f'"{item}" is not in codelist {name}{nearest(item, codelist(name))}' for item in items if item not in codelist(name)]
        if unknown:
            raise ValueError("; ".join(unknown))
        return items

    return read


def _districts(text: Any) -> tuple[str, ...]:
    codes = _codes("districts")(text)
    rows = {code: codelist("districts")[code] for code in codes}
    gone = [f"{code} ({row['label']}) was abolished; use {row['successor']}" for code, row in rows.items() if row["status"] == "abolished"]
    if gone:
        raise ValueError("; ".join(gone))
    return codes


def _areas(text: Any) -> tuple[str, ...]:
    items = _items(text)
    if any(not _AREA.match(item) for item in items):
        raise ValueError("write small-area codes such as E01015693, separated by commas, or none")
    return items


def _month(text: Any) -> Month:
    return Month.parse(str(text))


def _month_or_none(text: Any) -> Month | None:
    return None if str(text).strip().casefold() in ("", "none") else Month.parse(str(text))


def _policy(text: Any) -> str:
    if text not in POLICIES:
        raise ValueError(f'"{text}" is not a policy{nearest(str(text), POLICIES)}; choose one of {", ".join(POLICIES)}')
    return str(text)


def _switch(text: Any) -> bool:
    known = {"true": True, "yes": True, "false": False, "no": False}
    if str(text).strip().casefold() not in known:
        raise ValueError("write true or false")
    return known[str(text).strip().casefold()]


READERS: dict[str, Callable[[Any], Any]] = {
    "title": _words, "slug": read_slug, "problem_type": _code("problem-types"), "area_name": _words, "district_codes": _districts,
    "benchmark_areas": _districts, "lead_agency": _code("agency-types"), "partner_agencies": _codes("agency-types"),
    "baseline_start": _month, "baseline_end": _month, "follow_up_start": _month, "follow_up_end": _month,
    "response_start": _month_or_none, "response_areas": _areas, "comparison_areas": _areas, "buffer_areas": _areas,
    "data": _words, "policy": _policy, "locked_down": _switch,
}  # fmt: skip
PARAMETERS = tuple(READERS)
MAY_BE_EMPTY = ("response_start", "response_areas", "comparison_areas", "buffer_areas")


def environment_parameters(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Give the parameters set by ``PROBLEMSOLVING_<NAME>`` variables; others of that prefix are not parameters."""
    environment = os.environ if environment is None else environment
    return {key: environment[ENVIRONMENT + key.upper()] for key in PARAMETERS if environment.get(ENVIRONMENT + key.upper())}


def check_answers(answers: Mapping[str, Any]) -> list[str]:
    """Give every fault of a set of answers to the template's questions (none: an empty list)."""
    faults = _Faults()
    _read_parameters(answers, faults)
    return faults


def _read_parameters(answers: Mapping[str, Any], faults: _Faults) -> dict[str, Any]:
    for key in PARAMETERS:
        if key not in answers:
            faults.append(f"{key}: is missing")
    read = {key: faults.read(key, answers[key], reader) for key, reader in READERS.items() if key in answers}
    periods = {}
    for name in ("baseline", "follow_up"):
        ends = read.pop(f"{name}_start", None), read.pop(f"{name}_end", None)
        if all(isinstance(end, Month) for end in ends):
            periods[name] = faults.read(f"{name}_end", ends, lambda ends: Period(*ends))
    if periods.get("baseline") and periods.get("follow_up") and periods["follow_up"].start <= periods["baseline"].end:
        faults.append("follow_up_start: must come after baseline_end")
    read |= periods
    groups = {key: set(read.get(key) or ()) for key in ("response_areas", "comparison_areas", "buffer_areas")}
    names = list(groups)
    for first, second in ((0, 1), (0, 2), (1, 2)):
        if groups[names[first]] & groups[names[second]]:
            faults.append(f"{names[second]}: names areas that are also in {names[first]}")
    if read.get("response_areas") and "response_start" in read and read["response_start"] is None and not any(
        fault.startswith("response_start") for fault in faults
    ):
        faults.append("response_start: is needed where response_areas are named")
    return read


def read_problem(folder: Path, **parameters: str) -> Problem:
    """Read ``problem.yml`` of a profile.

    Parameters
    ----------
    folder : pathlib.Path
        The profile.
    **parameters : str
        Values that take the place of the file's; ``""`` leaves the file's, ``none`` means empty. Between the two
        stand the ``PROBLEMSOLVING_<NAME>`` environment variables.

    Returns
    -------
    Problem

    Raises
    ------
    ParameterError
        With every fault of the file and the parameters.
    """
    path = Path(folder) / "problem.yml"
    if not path.is_file():
        raise ParameterError(f"{folder}: not a problem profile (no problem.yml); make one with: problemsolving new")
    raw = read_yaml(path)
    faults = _Faults()
    known = [*PARAMETERS, "sources", "drivers", "hypotheses"]
    faults += [f"{key}: not a key of problem.yml{nearest(key, known)}" for key in raw if key not in known]
    faults += [f"{key}: not a parameter{nearest(key, PARAMETERS)}" for key in parameters if key not in PARAMETERS]
    given = {key: text for key, text in parameters.items() if text != "" and key in PARAMETERS}
    answers = {key: raw[key] for key in PARAMETERS if key in raw} | environment_parameters() | given
    read = _read_parameters(answers, faults)
    structures = {
        "sources": _read_sources(raw.get("sources"), faults),
        "drivers": faults.read("drivers", raw.get("drivers", []), _optional_drivers) or (),
        "hypotheses": _read_hypotheses(raw.get("hypotheses", []), faults),
    }
    if faults:
        raise ParameterError(f"{path.parent.name or path.parent}/problem.yml or its parameters: {len(faults)} to mend", faults=faults)
    base = Path(folder).resolve()
    data = base / read.pop("data")
    return Problem(**read, **structures, data=data, folder=base)


def _optional_drivers(value: Any) -> tuple[str, ...]:
    return _codes("drivers")(value) if value else ()


def _mapping(value: Any, keys: tuple[str, ...], place: str, faults: _Faults) -> dict[str, str] | None:
    """Read a mapping of words whose keys are all needed; tell what is missing, unknown or not words."""
    if not isinstance(value, dict):
        faults.append(f"{place}: write {', '.join(keys)}")
        return None
    found = [f"{place}.{key}: is missing" for key in keys if not isinstance(value.get(key), str) or not value[key].strip()]
    found += [f"{place}.{key}: not known{nearest(key, keys)}" for key in value if key not in (*keys, "options")]
    faults += found
    return None if found else {key: value[key] for key in keys}


def _read_sources(value: Any, faults: _Faults) -> tuple[DataSet, ...]:
    if not isinstance(value, dict) or not value:
        faults.append("sources: name at least one data set")
        return ()
    sets = []
    for name, entry in value.items():
        read = _mapping(entry, ("source", "files", "sharing"), f"sources.{name}", faults)
        if read is None:
            continue
        for key in ("files", "sharing"):
            if Path(read[key]).is_absolute() or ".." in Path(read[key]).parts or re.match(r"[A-Za-z]:|[\\/]", read[key]):
                faults.append(f"sources.{name}.{key}: must lie inside the {'data folder' if key == 'files' else 'profile'}")
        sets.append(DataSet(name, **read))
    return tuple(sets)


def _read_hypotheses(value: Any, faults: _Faults) -> tuple[Hypothesis, ...]:
    if not isinstance(value, list):
        faults.append("hypotheses: write a list")
        return ()
    found, seen = [], set()
    for number, entry in enumerate(value, 1):
        place = f"hypotheses {number}"
        read = _mapping(entry, ("id", "statement", "test"), place, faults)
        options = entry.get("options", []) if isinstance(entry, dict) else []
        if read is None or not isinstance(options, list):
            continue
        if read["id"] in seen:
            faults.append(f"{place}.id: stands twice")
        seen.add(read["id"])
        faults.read(f"{place}.test", read["test"], read_test)
        chosen = []
        for place_in_list, option in enumerate(options, 1):
            words = _mapping(option, ("name", "owner", "evidence"), f"{place}.options {place_in_list}", faults)
            if words and faults.read(f"{place}.options {place_in_list}.owner", words["owner"], _code("agency-types")):
                chosen.append(Option(**words))
        found.append(Hypothesis(**read, options=tuple(chosen)))
    return tuple(found)


def read_test(text: str) -> tuple[str, str]:
    """Read what test a hypothesis gets: ``driver income``, ``concentration``, ``change``, ``waits`` or ``none``.

    >>> read_test("driver income")
    ('driver', 'income')
    """
    kind, _, rest = text.strip().partition(" ")
    if kind == "driver":
        return kind, _code("drivers")(rest.strip())
    if kind not in ("concentration", "change", "waits", "none") or rest:
        raise ValueError("write driver and its code, concentration, change, waits or none")
    return kind, ""


