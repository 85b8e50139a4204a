"""What a run knows of persons, opened again for the last look at its page."""

from __future__ import annotations

from typing import Any

from problemsolving.errors import DisclosureError
from problemsolving.governance.scan import SensitiveValues, collect_values
from problemsolving.governance.sharing import SharingRecord
from problemsolving.loading import read_all
from problemsolving.problem import Problem


def known_values(problem: Problem, inputs: list[dict[str, Any]], sharing: dict[str, SharingRecord]) -> SensitiveValues:
    """Collect the values that must not leave, from the very files that a run read.

    Parameters
    ----------
    problem : Problem
        As the run resolved it.
    inputs : list of dict
        ``inputs`` of the run's record: data set, level, files with their sha256.
    sharing : dict of str to SharingRecord
        In force. Data sets of level person or event are searched for; where all are aggregate, nothing is read.

    Returns
    -------
    SensitiveValues
        Held in memory alone.

    Raises
    ------
    DisclosureError
        When a file is not the one that the run read: its values could not be searched for.
    SharingError, DataError
        When the data cannot be loaded again.
    """
    watched = {name for name, record in sharing.items() if record.level != "aggregate"}
    watched |= {entry["dataset"] for entry in inputs if entry.get("level") != "aggregate"}
    if not watched:
        return SensitiveValues()
    readings = read_all(problem, None)
    changed = [
        f"{entry['dataset']}: its files are not those of the run"
        for entry in inputs
        if entry["dataset"] in watched and _prints(entry["files"]) != _prints_now(readings.get(entry["dataset"]))
    ]
    if changed:
        raise DisclosureError(
            "the page cannot be searched for the values of this run's data; run the profile again", faults=changed
        )
    persons = [reading for name, reading in readings.items() if name in watched]
    return collect_values(readings.values(), of=lambda reading: any(reading is found for found in persons))


def _prints(files: Any) -> list[str]:
    return sorted(str(file["sha256"]) for file in files)


def _prints_now(reading: Any) -> list[str] | None:
    return None if reading is None else _prints(reading.files)
