"""What a profile may load and what it finds: sharing records, files, checked readings."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

from problemsolving.dictionary.faults import Fault, FaultReport, faults_of
from problemsolving.dictionary.schema import source as get_source
from problemsolving.errors import DataError, DictionaryError, SharingError
from problemsolving.governance.sharing import SharingRecord, read_sharing_record
from problemsolving.problem import Problem

if TYPE_CHECKING:
    from problemsolving.dictionary.reading import Reading


def check_sharing(problem: Problem, *, today: dt.date | None = None) -> dict[str, SharingRecord]:
    """Check that every data set has a sharing record in force; every fault at once."""
    records: dict[str, SharingRecord] = {}
    faults: list[str] = []
    for dataset in problem.sources:
        try:
            record = read_sharing_record(
                problem.folder / dataset.sharing, dataset=dataset.name, source=dataset.source, today=today
            )
        except SharingError as error:
            faults += error.faults
            continue
        records[dataset.name] = record
        people = _people(dataset.source)
        if people == "pseudonym" and record.level != "person":
            faults.append(f"{dataset.sharing}: level: the source holds pseudonyms of people, so its level is person")
        if "person" in (record.level, "person" if people == "pseudonym" else "") and problem.policy == "open":
            faults.append(
                f"{dataset.sharing}: data about persons do not leave under policy open; set policy: opensafely"
            )
    if faults:
        raise SharingError("nothing loads: sharing records must be mended first", faults=faults)
    return records


def _people(source: str) -> str:
    """What a source tells of people; nothing where the dictionary does not know it (that is told elsewhere)."""
    try:
        return get_source(source).capabilities.people
    except DictionaryError:
        return "none"


def find_files(problem: Problem) -> dict[str, list[Path]]:
    """Find the files of every data set; every fault at once.

    A file is taken only when it lies inside the data folder and no part of its path is a symbolic link out of it.
    """
    faults: list[str] = []
    found: dict[str, list[Path]] = {}
    if not problem.data.is_dir():
        raise DataError(
            "the data folder is not there",
            faults=[
                f"data: no folder {problem.data.name}; give it with --set data=PATH, PROBLEMSOLVING_DATA or data: in problem.yml"
            ],
        )
    root = problem.data.resolve()
    for dataset in problem.sources:
        try:
            source = get_source(dataset.source)
        except DictionaryError as error:
            faults.append(f"sources.{dataset.name}.source: {error.message}")
            continue
        try:
            paths = sorted(path for path in root.glob(dataset.files) if path.is_file())
        except (ValueError, OSError, NotImplementedError):
            faults.append(f"sources.{dataset.name}.files: not a file pattern; write for example data/**/*.csv")
            continue
        outside = [path for path in paths if not path.resolve().is_relative_to(root)]
        if outside:
            faults.append(f"sources.{dataset.name}.files: {len(outside)} files are links out of the data folder")
        if not paths:
            faults.append(
                f"sources.{dataset.name}.files: no file matches {dataset.files} in the data folder ({source.title})"
            )
        found[dataset.name] = paths
    if faults:
        raise DataError("data files are missing", faults=faults)
    return found


def read_all(problem: Problem, today: dt.date | None) -> dict[str, Reading]:
    """Read every data set of a profile into its canonical table; every fault of every file at once."""
    from problemsolving.dictionary.reading import read_source

    files = find_files(problem)
    readings: dict[str, Reading] = {}
    faults: list[str] = []
    records: list[Fault] = []
    for dataset in problem.sources:
        try:
            readings[dataset.name] = read_source(
                get_source(dataset.source), files[dataset.name], root=problem.data.resolve(), today=today
            )
        except DataError as error:
            faults += error.faults or [error.message]
            records += faults_of(error)
    if faults:
        raise DataError("data files break the dictionary's rules", faults=faults, report=FaultReport(tuple(records)))
    return readings
