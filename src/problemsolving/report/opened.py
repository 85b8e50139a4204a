"""A complete run opened again: its findings, checked piece by piece, and the rules under which they may leave."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from problemsolving.errors import DisclosureError, RunError
from problemsolving.governance.permissions import policy_in_force
from problemsolving.governance.policies import Policy
from problemsolving.governance.scan import SensitiveValues, scan_release
from problemsolving.governance.sharing import SharingRecord
from problemsolving.loading import check_sharing
from problemsolving.notebooks.record import latest_run, read_record
from problemsolving.problem import Problem, read_problem
from problemsolving.report.known import known_values
from problemsolving.report.parts import pieces
from problemsolving.report.safe import check_finding


@dataclass(frozen=True)
class OpenedRun:
    """A run whose findings were searched and hold nothing that must not leave."""

    folder: Path
    record: dict[str, Any]
    findings: list[dict[str, Any]]
    outlines: list[dict[str, Any]]
    problem: Problem
    sharing: dict[str, SharingRecord]
    values: SensitiveValues
    policy: Policy
    decided_by: str


def complete_run(path: Path) -> Path:
    """Give the run folder named, or a profile's last complete run.

    Raises
    ------
    RunError
        When there is no complete run.
    """
    folder = path if (path / "record.json").is_file() else latest_run(path.resolve())
    if folder is None:
        raise RunError(f"{path}: no complete run of all stages yet; run it with: problemsolving run {path}")
    status = read_record(folder)["status"]
    if status != "complete":
        raise RunError(f"{folder.name}: this run is {status}, and only a complete one gets a page")
    return folder.resolve()


def open_run(run: Path, *, values: SensitiveValues | None = None) -> OpenedRun:
    """Open a run folder with ``restricted/findings.json`` and search every piece that could leave.

    Parameters
    ----------
    run : pathlib.Path
        A run folder.
    values : SensitiveValues, optional
        Of the run's persons; collected from its data when not given.

    Returns
    -------
    OpenedRun

    Raises
    ------
    DisclosureError
        When a piece holds a value of the run's persons or what may identify one, when a finding is not in the shape of
        one, or was made under another policy than the one in force. It names file, notebook and cell.
    SharingError, DataError
        When the run's data cannot be opened to know what to search for.
    """
    record = json.loads((run / "record.json").read_text("utf-8"))
    findings = json.loads((run / "restricted" / "findings.json").read_text("utf-8"))
    outlines = json.loads((run / "restricted" / "outputs.json").read_text("utf-8"))
    problem = _problem_of(run, record)
    sharing = check_sharing(problem)
    values = known_values(problem, record["inputs"], sharing) if values is None else values
    policy, decided_by = policy_in_force(problem.policy, sharing)
    parts = list(pieces(run, record, findings, outlines))
    faults = [
        f"{place}: {fault}" for (place, _), one in zip(parts, findings, strict=False) for fault in check_finding(one)
    ]
    faults += [
        f"{place}: not made under policy {policy.name} as it is in force now; run the profile again, unchanged"
        for (place, _), one in zip(parts, findings, strict=False)
        if one.get("policy_rules") != policy.rules
    ]
    stop(faults + scan_release(dict(parts), values))
    return OpenedRun(run, record, findings, outlines, problem, sharing, values, policy, decided_by)


def _problem_of(run: Path, record: dict[str, Any]) -> Problem:
    """Read the profile with the parameters of its run; its data lie where the run was told, else where they lie now."""
    answers = {key: text or "none" for key, text in record["parameters"].items() if key != "data"}
    return read_problem(run.parents[1], **answers, data=record["parameters_set"].get("data", ""))


def stop(faults: list[str]) -> None:
    """Release nothing where there are faults."""
    if faults:
        raise DisclosureError("nothing was released; take out what tells of a person and run again", faults=faults)
