"""The rules for every answer: one reader a parameter, every fault told at once."""

from __future__ import annotations

import json
import os
import re
import unicodedata
from collections.abc import Callable, Collection, Mapping
from typing import Any

from problemsolving.dictionary.codelists import codelist
from problemsolving.errors import nearest
from problemsolving.governance.policies import POLICIES
from problemsolving.periods import Month, Period
from problemsolving.resources import resource_path

ENVIRONMENT = "PROBLEMSOLVING_"
TEMPLATE = "problem-profile"
SIMULATED = "E06999"  # how codes of simulated districts begin
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z")
_RESERVED = {"con", "prn", "aux", "nul", *(f"{name}{number}" for name in ("com", "lpt") for number in range(10))}
_AREA = re.compile(r"[EW]0[1-9]\d{6}\Z", re.ASCII)
_LARGEST = 200
_BIDI = {chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}


class Faults(list[str]):
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
    if any((unicodedata.category(c) == "Cc" and c not in "\n\t") or c in _BIDI for c in text):
        raise ValueError("holds a control character")
    return text


def read_slug(text: Any) -> str:
    """Check a folder name that works on every system; raise ``ValueError`` otherwise."""
    if not isinstance(text, str) or not _SLUG.match(text) or len(text) > 60:
        raise ValueError(
            "write it with small letters, digits and single hyphens, 1 to 60 characters, for example night-time-violence"
        )
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


def read_code(name: str) -> Callable[[Any], str]:
    def read(text: Any) -> str:
        if not isinstance(text, str):
            raise ValueError(f"write one code of codelist {name}")
        if text not in codelist(name):
            raise ValueError(f'"{text}" is not in codelist {name}{nearest(str(text), codelist(name))}')
        return str(text)

    return read


def read_codes(name: str) -> Callable[[Any], tuple[str, ...]]:
    def read(text: Any) -> tuple[str, ...]:
        items = _items(text)
        if not items:
            raise ValueError("must not be empty")
        unknown = [
            f'"{item}" is not in codelist {name}{nearest(item, codelist(name))}'
            for item in items
            if item not in codelist(name)
        ]
        if unknown:
            raise ValueError("; ".join(unknown))
        return items

    return read


def _districts(text: Any) -> tuple[str, ...]:
    codes = read_codes("districts")(text)
    rows = {code: codelist("districts")[code] for code in codes}
    gone = [
        f"{code} ({row['label']}) was abolished; use {row['successor']}"
        for code, row in rows.items()
        if row["status"] == "abolished"
    ]
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
    if not isinstance(text, str) or text not in POLICIES:
        raise ValueError(f'"{text}" is not a policy{nearest(str(text), POLICIES)}; choose one of {", ".join(POLICIES)}')
    return str(text)


def _switch(text: Any) -> bool:
    known = {"true": True, "yes": True, "false": False, "no": False}
    if str(text).strip().casefold() not in known:
        raise ValueError("write true or false")
    return known[str(text).strip().casefold()]


def _problem_type(text: Any) -> str:
    code = read_code("problem-types")(text)
    if not codelist("problem-types")[code]["crime_types"]:
        raise ValueError(f"{code} is not recorded crime, and this version counts recorded crime alone")
    return code


READERS: dict[str, Callable[[Any], Any]] = {
    "title": _words,
    "slug": read_slug,
    "problem_type": _problem_type,
    "area_name": _words,
    "district_codes": _districts,
    "benchmark_areas": _districts,
    "lead_agency": read_code("agency-types"),
    "partner_agencies": read_codes("agency-types"),
    "baseline_start": _month,
    "baseline_end": _month,
    "follow_up_start": _month,
    "follow_up_end": _month,
    "response_start": _month_or_none,
    "response_areas": _areas,
    "comparison_areas": _areas,
    "buffer_areas": _areas,
    "data": _words,
    "policy": _policy,
    "locked_down": _switch,
}
PARAMETERS = tuple(READERS)
MAY_BE_EMPTY = ("response_start", "response_areas", "comparison_areas", "buffer_areas")
TOLD_BY_DEFAULTS = {  # facts of the simulated profile that the template's defaults tell: what to give instead
    "title": "say what the problem is and where",
    "area_name": "name the area",
    "benchmark_areas": "name districts to compare with; those of the profile itself will do",
    "partner_agencies": "name the agencies that take part",
    "baseline_start": "give the first month",
    "baseline_end": "give the last month",
    "follow_up_start": "give the first month",
    "follow_up_end": "give the last month",
}


def environment_parameters(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Give the parameters set by ``PROBLEMSOLVING_<NAME>`` variables; others of that prefix are not parameters."""
    environment = os.environ if environment is None else environment
    return {
        key: environment[ENVIRONMENT + key.upper()] for key in PARAMETERS if environment.get(ENVIRONMENT + key.upper())
    }


def template_defaults() -> dict[str, str]:
    """Give the template's questions with their default answers, in order."""
    path = resource_path(f"templates/{TEMPLATE}/cookiecutter.json")
    return {key: value for key, value in json.loads(path.read_text("utf-8")).items() if not key.startswith("_")}


def check_answers(answers: Mapping[str, Any], *, given: Collection[str] | None = None) -> list[str]:
    """Give every fault of a set of answers to the template's questions (none: an empty list).

    Parameters
    ----------
    answers : mapping
        An answer to every question.
    given : collection of str, optional
        The questions that somebody answered. When not known, an answer that differs from the default was given.
    """
    faults = Faults()
    districts = read_parameters(answers, faults).get("district_codes") or ()
    if districts and not any(code.startswith(SIMULATED) for code in districts):
        faults += _told_by_defaults(answers, given)
    return faults


def _told_by_defaults(answers: Mapping[str, Any], given: Collection[str] | None) -> list[str]:
    """Find what a profile on real districts would take over from the simulated one."""
    defaults = template_defaults()
    if given is None:
        given = [key for key in TOLD_BY_DEFAULTS if answers.get(key) != defaults[key]]
        for name in ("baseline", "follow_up"):  # a month may be the same by chance, a whole period hardly
            ends = [f"{name}_start", f"{name}_end"]
            given += ends if any(end in given for end in ends) else []
    faults = [
        f"{key}: the template's answer is that of the simulated profile; {remedy}"
        for key, remedy in TOLD_BY_DEFAULTS.items()
        if key not in given
    ]
    if "benchmark_areas" in given and SIMULATED in str(answers.get("benchmark_areas")):
        faults.append("benchmark_areas: simulated districts in a profile on real ones")
    return faults


def check_review_answers(answers: Mapping[str, Any]) -> list[str]:
    """Give every fault of a set of answers to the questions of the consensus review."""
    faults = Faults()
    readers = {"slug": read_slug, "partnership": _words, "period_start": _month, "period_end": _month}
    read = {key: faults.read(key, answers.get(key, ""), reader) for key, reader in readers.items()}
    if isinstance(read["period_start"], Month) and isinstance(read["period_end"], Month):
        faults.read("period_end", (read["period_start"], read["period_end"]), lambda ends: Period(*ends))
    return faults


def read_parameters(answers: Mapping[str, Any], faults: Faults) -> dict[str, Any]:
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
    if (
        read.get("response_areas")
        and "response_start" in read
        and read["response_start"] is None
        and not any(fault.startswith("response_start") for fault in faults)
    ):
        faults.append("response_start: is needed where response_areas are named")
    simulated = any(code.startswith(SIMULATED) for code in read.get("district_codes") or ())
    for key, areas in groups.items():
        if not simulated and any(area.startswith("E01999") for area in areas):
            faults.append(f"{key}: simulated areas in a profile on real districts; none where there is no response")
    return read


def read_test(text: str) -> tuple[str, str]:
    """Read what test a hypothesis gets: ``driver income``, ``concentration``, ``change``, ``waits`` or ``none``.

    >>> read_test("driver income")
    ('driver', 'income')
    """
    kind, _, rest = text.strip().partition(" ")
    if kind == "driver":
        return kind, read_code("drivers")(rest.strip())
    if kind not in ("concentration", "change", "waits", "none") or rest:
        raise ValueError("write driver and its code, concentration, change, waits or none")
    return kind, ""
