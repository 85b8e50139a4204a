"""What if: scenarios that people wrote, worked out on the journeys of the data."""

from __future__ import annotations

import pandas as pd

from problemsolving.errors import NetworkError, NotEstimableError
from problemsolving.network.what_if.chain import estimate_chain
from problemsolving.network.what_if.scenario import compare_scenario
from problemsolving.network.what_if.steps import LAST, count_steps
from problemsolving.results import NotEstimable, Result
from problemsolving.sara.analyse.named import contacts, listed_agencies, no_data
from problemsolving.sara.findings import Finding, find
from problemsolving.sara.scenarios import FILE, Asked, Scenarios, read_scenarios
from problemsolving.study import Study

END_DAYS = 90  # without a contact, after which a journey is over
RESAMPLES = 499
LEAST = 20  # journeys of an agency below which it is counted with the other agencies
WRITE = f"Write one in {FILE}: what would close, open, grow or run out of room?"


def pathways(study: Study) -> Finding:
    """How far do people get, and how many contacts does it take?"""
    question = "How far do people get, and how many contacts does it take?"
    steps = _steps(study)
    if isinstance(steps, NotEstimable):
        return find(study, "respond", "pathways", question, steps, tables=("contact",))
    try:
        result: Result = estimate_chain(
            steps,
            exits=[LAST],
            people="people",
            least=LEAST,
            of="journeys",
            n_resamples=RESAMPLES,
            rng=study.rng("pathways"),
        )
    except (NetworkError, NotEstimableError) as error:
        result = NotEstimable(reason=error.message)
    return find(study, "respond", "pathways", question, result, tables=("contact",))


def what_if(study: Study) -> list[Finding]:
    """What would follow, if a scenario of ``scenarios.yml`` came about? One finding a scenario.

    Raises
    ------
    ParameterError
        With every fault of ``scenarios.yml`` at once.
    """
    agencies = listed_agencies(study)
    names = {} if agencies is None else agencies["agency_name"].to_dict()
    scenarios = read_scenarios(study.problem.folder / FILE, names)
    if not scenarios.asked:
        silent = NotEstimable(reason=f"no scenario stands in {FILE}", remedy=WRITE)
        return [find(study, "respond", "what_if", "What if?", silent, tables=("contact",), source=FILE)]
    steps = _steps(study)
    return [
        find(
            study,
            "respond",
            f"what_if_{number}",
            f"What if: {asked.name}?",
            steps if isinstance(steps, NotEstimable) else _worked_out(study, steps, asked, scenarios),
            tables=("contact",),
        )
        for number, asked in enumerate(scenarios.asked, 1)
    ]


def _worked_out(study: Study, steps: pd.DataFrame, asked: Asked, scenarios: Scenarios) -> Result:
    seen = set(steps["to"])
    desks = {name: desk for name, desk in (scenarios.desks or {}).items() if name in seen}
    rows = contacts(study)
    assert rows is not None
    times = rows["started_at"]
    try:
        return compare_scenario(
            steps,
            asked.changes,
            exits=[LAST],
            people="people",
            least=LEAST,
            of="journeys",
            desks=desks,
            days=float((times.max() - times.min()) / pd.Timedelta(days=1)),
            n_resamples=RESAMPLES,
            rng=study.rng("what_if"),
        )
    except NetworkError as error:
        return NotEstimable(reason=f"{error.message}: {'; '.join(error.faults)}")
    except NotEstimableError as error:
        return NotEstimable(reason=error.message)


def _steps(study: Study) -> pd.DataFrame | NotEstimable:
    rows = contacts(study)
    if rows is None:
        return no_data("contact")
    try:
        return count_steps(rows, step="agency", ends_after_days=END_DAYS)
    except NotEstimableError as error:
        return NotEstimable(reason=error.message)
