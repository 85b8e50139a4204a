"""`Problem`: the typed, frozen reading of ``problem.yml``, with every fault told at once."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from problemsolving.answers import (
    PARAMETERS,
    Faults,
    environment_parameters,
    read_code,
    read_codes,
    read_parameters,
    read_test,
)
from problemsolving.dictionary.codelists import codelist, label
from problemsolving.dictionary.database import is_database, table_name
from problemsolving.drivers.arrows import check_arrows
from problemsolving.errors import DataError, ParameterError, nearest
from problemsolving.periods import Month, Period
from problemsolving.records import read_yaml

if TYPE_CHECKING:
    from problemsolving.drivers.diagram import CausalDiagram

ARROW, OUTCOME = "->", "outcome"  # in drivers: cause -> effect; the problem itself


@dataclass(frozen=True)
class DataSet:
    """A data set of the profile: its source in the dictionary, its files and its sharing record.

    ``files`` is a pattern in the data folder, or ``sql:TABLE`` for a table or view of a database whose address stands in
    the environment (``PROBLEMSOLVING_DB_<DATASET>``), never in ``problem.yml``.
    """

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
    arrows: tuple[str, ...] = ()  # what is assumed to cause what
    _drawn: dict[str, Any] = field(default_factory=dict, repr=False)
    hypotheses: tuple[Hypothesis, ...] = ()
    hypotheses_from: str = "partnership"
    purpose: str = "problem-profile"

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

    @cached_property
    def diagram(self) -> CausalDiagram | None:
        """The causal diagram that the arrows draw; None where there are none."""
        if not self.arrows:
            return None
        from problemsolving.drivers.diagram import build_causal_diagram

        return build_causal_diagram(self.arrows, **self._drawn)

    @property
    def months(self) -> tuple[Month, ...]:
        """Months of both periods, in order, each once."""
        return tuple(sorted({*self.baseline, *self.follow_up}))


def read_problem(folder: Path, /, **parameters: str) -> Problem:
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
    faults = Faults()
    known = [*PARAMETERS, "sources", "drivers", "hypotheses", "hypotheses_from", "purpose"]
    faults += [f"{key}: not a key of problem.yml{nearest(key, known)}" for key in raw if key not in known]
    faults += [f"{key}: not a parameter{nearest(key, PARAMETERS)}" for key in parameters if key not in PARAMETERS]
    given = {key: text for key, text in parameters.items() if text != "" and key in PARAMETERS}
    answers = {key: raw[key] for key in PARAMETERS if key in raw} | environment_parameters() | given
    read = read_parameters(answers, faults)
    structures: dict[str, Any] = {
        "sources": _read_sources(raw.get("sources"), faults),
        **_read_drivers(raw.get("drivers", []), faults),
        "hypotheses_from": faults.read("hypotheses_from", raw.get("hypotheses_from", "partnership"), _author),
        "hypotheses": _read_hypotheses(raw.get("hypotheses", []), faults),
        "purpose": faults.read("purpose", raw.get("purpose", "problem-profile"), read_code("purposes")),
    }
    if faults:
        raise ParameterError(
            f"{path.parent.name or path.parent}/problem.yml or its parameters: {len(faults)} to mend", faults=faults
        )
    base = Path(folder).resolve()
    data = base / read.pop("data")
    return Problem(**read, **structures, data=data, folder=base)


def _read_drivers(value: Any, faults: Faults) -> dict[str, Any]:
    """Read codes of drivers and the arrows between them, other causes and the outcome; an arrow is a chain of causes."""
    if value and (not isinstance(value, str | list) or not all(isinstance(item, str) for item in value)):
        faults.append("drivers: write a list of codes and arrows, for example [income, housing -> outcome]")
        return {}
    items = [item for item in value or () if ARROW in item] if isinstance(value, list) else []
    plain = [item for item in value if ARROW not in item] if isinstance(value, list) else value
    named = [node.strip() for item in items for node in item.split(ARROW)]
    codes = faults.read("drivers", plain, read_codes("drivers")) or () if plain else ()
    known = tuple(dict.fromkeys((*codes, *(node for node in named if node in codelist("drivers")))))
    if not items:
        return {"drivers": known}
    words: dict[str, Any] = {
        "outcome": OUTCOME,
        "measured": {code: code for code in (*known, OUTCOME) if code in named},
        "unmeasured": [node for node in dict.fromkeys(named) if node and node not in (*known, OUTCOME)],
    }
    try:
        check_arrows(items, **words)
    except ParameterError as error:
        faults += [f"drivers: {fault}" for fault in error.faults]
        return {}
    return {"drivers": known, "arrows": tuple(items), "_drawn": words}


def _author(value: Any) -> str:
    if value not in ("template", "partnership"):
        raise ValueError("write template or partnership")
    return str(value)


def _mapping(value: Any, keys: tuple[str, ...], place: str, faults: Faults) -> dict[str, str] | None:
    """Read a mapping of words whose keys are all needed; tell what is missing, unknown or not words."""
    if not isinstance(value, dict):
        faults.append(f"{place}: write {', '.join(keys)}")
        return None
    found = [
        f"{place}.{key}: is missing" for key in keys if not isinstance(value.get(key), str) or not value[key].strip()
    ]
    found += [f"{place}.{key}: not known{nearest(key, keys)}" for key in value if key not in (*keys, "options")]
    faults += found
    return None if found else {key: value[key] for key in keys}


def _read_sources(value: Any, faults: Faults) -> tuple[DataSet, ...]:
    if not isinstance(value, dict) or not value:
        faults.append("sources: name at least one data set")
        return ()
    sets = []
    for name, entry in value.items():
        read = _mapping(entry, ("source", "files", "sharing"), f"sources.{name}", faults)
        if read is None:
            continue
        if is_database(read["files"]):
            try:
                table_name(read["files"])
            except DataError as error:
                faults.append(f"sources.{name}.files: {error.message}")
        for key in ("files", "sharing"):
            if (
                Path(read[key]).is_absolute()
                or ".." in Path(read[key]).parts
                or re.match(r"[A-Za-z]:|[\\/]", read[key])
            ):
                faults.append(
                    f"sources.{name}.{key}: must lie inside the {'data folder' if key == 'files' else 'profile'}"
                )
        sets.append(DataSet(name, **read))
    return tuple(sets)


def _read_hypotheses(value: Any, faults: Faults) -> tuple[Hypothesis, ...]:
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
            if words and faults.read(
                f"{place}.options {place_in_list}.owner", words["owner"], read_code("agency-types")
            ):
                chosen.append(Option(**words))
        found.append(Hypothesis(**read, options=tuple(chosen)))
    return tuple(found)
