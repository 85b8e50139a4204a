"""Opening a study: problem, sharing records and files are checked, each kind of fault told at once."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from problemsolving.dictionary.faults import FaultReport
from problemsolving.dictionary.previous import compare_with_last
from problemsolving.dictionary.schema import names as dictionary_names
from problemsolving.dictionary.schema import source as get_source
from problemsolving.errors import DataError, ParameterError
from problemsolving.governance.lockdown import refuse_connections
from problemsolving.governance.permissions import policy_in_force
from problemsolving.loading import check_sharing, check_what_was_read, read_all
from problemsolving.problem import Problem, read_problem
from problemsolving.study.core import Study, delivery_key

if TYPE_CHECKING:
    from problemsolving.dictionary.reading import Reading

NEEDED = ("incident", "area", "population", "deprivation")
HISTORY = ".history"  # what earlier deliveries looked like, in counts and shares


def open_study(folder: str | Path = ".", /, *, today: dt.date | None = None, **parameters: str) -> Study:
    """Open a profile's data.

    Parameters
    ----------
    folder : path
        The profile, with its ``problem.yml``.
    today : datetime.date, optional
        The day on which sharing records must be in force; the current day when not given.
    **parameters : str
        As in the notebook's parameters cell: ``""`` means as in ``problem.yml``, ``none`` means empty.

    Returns
    -------
    Study

    Raises
    ------
    ParameterError, SharingError, DataError
        With every fault of its kind, before anything is computed.
    """
    problem = read_problem(Path(folder), **parameters)
    if problem.locked_down:
        refuse_connections()
    records = check_sharing(problem, today=today)
    readings = read_all(problem, today)
    check_what_was_read(problem, records, readings)
    _check_deliveries(problem, readings)
    policy, reason = policy_in_force(problem.policy, records)
    study = Study(problem, policy, records, readings, reason)
    _check_study(study)
    return study


def _check_deliveries(problem: Problem, readings: dict[str, Reading]) -> None:
    """Compare each data set with the delivery that the last complete run read; add what differs to its notes."""
    keyed = {delivery_key(problem, name): name for name in readings}
    found = compare_with_last(problem.folder / HISTORY, {key: readings[name] for key, name in keyed.items()})
    told = [replace(fault, file=keyed[fault.file]) for fault in found]
    refused = tuple(fault for fault in told if fault.severity == "refuse")
    if refused:
        raise DataError(
            "a delivery differs from the one before it in a way that looks like a mistake; have it sent again or, "
            f"where it is right, remove {HISTORY}/ from the profile",
            report=FaultReport(refused),
        )
    for fault in told:
        readings[fault.file] = replace(readings[fault.file], notes=(*readings[fault.file].notes, fault))


def _check_study(study: Study) -> None:
    """Check what no single file can show: tables, months, districts and areas that the profile needs."""
    problem = study.problem
    have = {reading.source.table for reading in study.readings.values()}
    faults = [f"sources: no data set gives table {name}; {_who_could(name)}" for name in NEEDED if name not in have]
    if faults:
        raise DataError("the profile lacks data that every profile needs", faults=faults)
    for entry in study.provenance():
        if entry["months_missing"] and get_source(entry["source"]).table == "incident":
            faults.append(
                f"{entry['dataset']}: months missing: {', '.join(entry['months_missing'])}; add their files or change the periods"
            )
    for code in {*problem.district_codes, *problem.benchmark_areas} - set(study.places["district_code"]):
        faults.append(f"{code}: no small area of this district is in the area table")
    lost = int(study.areas["population"].isna().sum() + (study.areas["population"] == 0).sum())
    if lost:
        faults.append(f"population: {lost} small areas of the districts have no residents in the population table")
    if faults:
        raise DataError("the data do not cover the profile", faults=faults)
    _check_responses(study)
    unknown = {
        key: [area for area in getattr(problem, key) if area not in study.areas.index]
        for key in ("response_areas", "comparison_areas", "buffer_areas")
    }
    faults = [
        f"{key}: {len(found)} are not small areas of the profile's districts, the first {found[0]}; none where there is no response"
        for key, found in unknown.items()
        if found
    ]
    if faults:
        raise ParameterError("areas named in the profile are not in its districts", faults=faults)


def _check_responses(study: Study) -> None:
    """A table of responses and the profile must tell the same places and start."""
    responses, problem = study.table("response"), study.problem
    if responses is None or not problem.response_areas:
        return
    if set(responses["area_code"]) != set(problem.response_areas) or set(responses["start"]) != {
        str(problem.response_start)
    }:
        raise ParameterError(
            "the response is told in two ways",
            faults=[
                "response_areas, response_start: differ from the table of responses; correct the one that is wrong"
            ],
        )


def _who_could(table: str) -> str:
    return "sources that do: " + ", ".join(
        name for name in dictionary_names("sources") if get_source(name).table == table
    )
