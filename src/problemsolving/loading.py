"""What a profile may load and what it finds: sharing records, files, checked readings."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import TYPE_CHECKING

from problemsolving.dictionary.database import is_database, read_database, variable
from problemsolving.dictionary.faults import Fault, FaultReport, faults_of
from problemsolving.dictionary.schema import source as get_source
from problemsolving.dictionary.undeclared import undeclared_columns
from problemsolving.errors import DataError, DictionaryError, ParameterError, SharingError, nearest
from problemsolving.governance.drafts import draft_record
from problemsolving.governance.sharing import (
    OpenRecord,
    SharingRecord,
    delivery_faults,
    read_faults,
    read_sharing_record,
)
from problemsolving.problem import DataSet, Problem, read_problem
from problemsolving.records import write_atomically

if TYPE_CHECKING:
    from problemsolving.dictionary.reading import Reading


CACHE = ".cache"  # checked tables of a profile, as Parquet; delete it with the data


def check_sharing(problem: Problem, *, today: dt.date | None = None) -> dict[str, SharingRecord]:
    """Check that every data set has a sharing record in force that covers this profile; every fault at once.

    Purpose, agencies and policy of the profile are compared with each record, and the bytes of the files with the
    hashes it lists.
    """
    records: dict[str, SharingRecord] = {}
    faults: list[str] = []
    for dataset in problem.sources:
        try:
            record = read_sharing_record(
                problem.folder / dataset.sharing,
                dataset=dataset.name,
                source=dataset.source,
                purpose=problem.purpose,
                agencies=tuple(dict.fromkeys((problem.lead_agency, *problem.partner_agencies))),
                policy=problem.policy,
                today=today,
            )
        except SharingError as error:
            faults += error.faults
            continue
        records[dataset.name] = record
        files = _files_of(problem, dataset)
        faults += [f"{dataset.sharing}: {fault}" for fault in delivery_faults(record, files)]
        faults += [f"{dataset.sharing}: {fault}" for fault in _undeclared(record, dataset, files)]
    if faults:
        raise SharingError("nothing loads: sharing records must be mended first", faults=faults)
    return records


def _undeclared(record: SharingRecord, dataset: DataSet, files: list[Path]) -> list[str]:
    """Tell the columns that files of shared data hold and the record does not declare: nobody agreed to them."""
    if isinstance(record, OpenRecord):
        return []
    source = get_source(dataset.source)
    found = [(path, undeclared_columns(path, source)) for path in files]
    return [
        f"fields: {path.name} holds columns that the record does not declare: {', '.join(columns)}; have it sent without "
        "them, or agree and declare them"
        for path, columns in found
        if columns
    ]


def _files_of(problem: Problem, dataset: DataSet) -> list[Path]:
    """Give the files of a data set as far as they can be found."""
    try:
        return sorted(path for path in problem.data.resolve().glob(dataset.files) if path.is_file())
    except (ValueError, OSError, NotImplementedError):
        return []


def draft_sharing(folder: Path, dataset: str) -> Path:
    """Write a draft of the full sharing record of a data set that ``problem.yml`` names.

    Parameters
    ----------
    folder : pathlib.Path
        The profile.
    dataset : str
        Name of a data set under ``sources:``.

    Returns
    -------
    pathlib.Path
        The draft, which loads nothing until people have decided what it leaves open.

    Raises
    ------
    ParameterError
        For a data set that the profile does not name.
    SharingError
        When a record is there already.
    """
    problem = read_problem(folder)
    known = {found.name: found for found in problem.sources}
    if dataset not in known:
        raise ParameterError(f'problem.yml names no data set "{dataset}"{nearest(dataset, known)}')
    path = problem.folder / known[dataset].sharing
    if path.exists():
        raise SharingError(f"{known[dataset].sharing}: there is a record already; a draft would hide it")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, draft_record(dataset, known[dataset].source))
    return path


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
        if is_database(dataset.files):
            found[dataset.name] = []
            if not os.environ.get(variable(dataset.name)):
                faults.append(
                    f"sources.{dataset.name}.files: no database address; set the environment variable {variable(dataset.name)}"
                )
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
            found = get_source(dataset.source)
            if is_database(dataset.files):
                readings[dataset.name] = read_database(found, dataset.files, dataset=dataset.name, today=today)
                continue
            readings[dataset.name] = read_source(
                found, files[dataset.name], root=problem.data.resolve(), today=today, cache=problem.folder / CACHE
            )
        except DataError as error:
            faults += error.faults or [error.message]
            records += faults_of(error)
    if faults:
        raise DataError("data files break the dictionary's rules", faults=faults, report=FaultReport(tuple(records)))
    return readings


def check_what_was_read(problem: Problem, records: dict[str, SharingRecord], readings: dict[str, Reading]) -> None:
    """Compare the very bytes that were read with the hashes that the sharing records list; raise SharingError."""
    faults = [
        f"{dataset.sharing}: {fault}"
        for dataset in problem.sources
        for fault in read_faults(
            records[dataset.name], [str(file["sha256"]) for file in readings[dataset.name].files if "sha256" in file]
        )
    ]
    if faults:
        raise SharingError("what was read is not what was approved", faults=faults)
