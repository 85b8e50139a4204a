"""Checking a profile without running it: every kind of fault is looked for."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

from problemsolving.errors import ParameterError, ProblemSolvingError
from problemsolving.loading import check_sharing, find_files
from problemsolving.notebooks.review import read_review
from problemsolving.problem import Problem, read_problem
from problemsolving.study import open_study

if TYPE_CHECKING:
    from problemsolving.dictionary.faults import Fault


def check_profile(
    folder: Path, parameters: dict[str, str], *, today: dt.date | None = None, notes: list[Fault] | None = None
) -> list[ProblemSolvingError]:
    """Check a profile without computing: parameters, sharing records, files. Every kind of fault is looked for.

    What the door tells of the data but does not refuse is added to ``notes``.

    Returns
    -------
    list of ProblemSolvingError
        One a kind of fault; empty when the profile is ready to run.
    """
    errors: list[ProblemSolvingError] = []
    try:
        problem = read_problem(folder, **parameters)
    except ParameterError as error:
        return [error]
    for step in (
        lambda: read_review(problem),
        lambda: check_sharing(problem, today=today),
        lambda: _check_study_of(problem, folder, today, parameters, notes if notes is not None else []),
    ):
        try:
            step()
        except ProblemSolvingError as error:
            if not any(error.message == known.message for known in errors):
                errors.append(error)
    return errors


def _check_study_of(
    problem: Problem, folder: Path, today: dt.date | None, parameters: dict[str, str], notes: list[Fault]
) -> None:
    find_files(problem)
    study = open_study(folder, today=today, **parameters)
    notes += [note for reading in study.readings.values() for note in reading.notes]
