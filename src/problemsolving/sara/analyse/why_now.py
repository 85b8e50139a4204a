"""Why now: what part of the change moved, when, and what is to be expected next."""

from __future__ import annotations

import pandas as pd

from problemsolving.drivers.change_points import find_change_points
from problemsolving.drivers.decomposition import decompose_frequency
from problemsolving.drivers.forecast import forecast_counts
from problemsolving.drivers.totals import decompose_demand
from problemsolving.errors import NotEstimableError
from problemsolving.evaluation.change import estimate_rate_change
from problemsolving.results import NotEstimable, Result
from problemsolving.sara import scan
from problemsolving.sara.capabilities import PERSONS, not_told
from problemsolving.sara.findings import Finding, find, once
from problemsolving.study import Study

UNEQUAL = NotEstimable(reason="baseline and follow-up differ in length", remedy="Give both the same number of months.")


def both_periods(study: Study) -> str:
    """Name the two periods that are compared."""
    return f"{study.problem.baseline} against {study.problem.follow_up}"


@once
def split_change(study: Study) -> Result:
    """Split the change between the periods into how often small areas had any and how many they had when they did."""
    problem = study.problem
    before, after = (
        study.monthly.loc[[str(month) for month in period]].to_numpy()
        for period in (problem.baseline, problem.follow_up)
    )
    if before.shape != after.shape:
        return UNEQUAL
    if not before.sum() or not after.sum():
        return NotEstimable(reason="too few incidents could be placed in one of the periods")
    return decompose_frequency(before, after, rng=study.rng("change"))


def change(study: Study) -> Finding:
    """Why now: did it happen more often in more places, or was there more of it each time?"""
    result = split_change(study)
    if not isinstance(result, NotEstimable):
        result = result.with_caveats(
            "Counted by small area and month: a month in which a small area had any incident is one in which it was affected",
            "The intervals hold differences between small areas and between months; a lasting change of recording would still look like a change in the problem",
            "The split describes the change; it does not explain it",
            *unusual_months(study),
        )
    question = "Why now: more often, or more each time?"
    return find(study, "analyse", "change", question, result, period=both_periods(study))


def unusual_months(study: Study) -> tuple[str, ...]:
    """Name the months outside the control limits: a change between periods may rest on them."""
    signals = getattr(scan.months(study).released.result, "signals", {})
    named = signals.get("outside the limits", [])
    if not named:
        return ()
    return (f"Months outside the control limits ({', '.join(named)}) weigh on any comparison of the periods",)


@once
def overall_change(study: Study) -> Finding:
    """Is there more of it than before, given how months vary?"""
    problem = study.problem
    total = study.monthly.sum(axis=1).to_frame(problem.area_name)
    periods = {
        when: [str(month) for month in period]
        for when, period in (("before", problem.baseline), ("after", problem.follow_up))
    }
    result = estimate_rate_change(total, before=periods["before"], after=periods["after"], days=study.days)
    question = "Is there more of it than before?"
    return find(study, "analyse", "overall_change", question, result, period=both_periods(study))


def demand_change(study: Study) -> Finding:
    """Is there more demand because there are more people, more contacts each, or longer ones?"""
    problem = study.problem
    question = "Is there more demand on agencies: more people, more contacts each, or longer ones?"
    if silent := not_told(study, PERSONS, table="contact"):
        return find(study, "analyse", "demand_change", question, silent, tables=("contact",))
    if len(problem.baseline) != len(problem.follow_up):
        return find(study, "analyse", "demand_change", question, UNEQUAL, tables=("contact",))
    rows = study.ask(
        "contact",
        "select person_id, started_at, strftime(started_at, '%Y-%m') as month, "
        "date_diff('second', started_at, ended_at) / 60 as minutes from canonical where kind is null or kind not in ('case', 'need')",
    )
    assert rows is not None
    residents = float(study.areas["population"].sum())
    periods = [
        _by_person(rows[rows["month"].isin([str(month) for month in period])])
        for period in (problem.baseline, problem.follow_up)
    ]
    if any(period.empty for period in periods):
        few = NotEstimable(reason="no contact lies in one of the periods")
        return find(study, "analyse", "demand_change", question, few, tables=("contact",))
    result = decompose_demand(
        *periods,
        unit="person_id",
        units="people",
        population=(residents, residents),
        rng=study.rng("demand_change"),
    )
    result = result.with_caveats(
        "Residents are one estimate for both periods, so no part of the change can come from them",
        "The split describes the change; it does not explain it",
    )
    return find(
        study,
        "analyse",
        "demand_change",
        question,
        result,
        period=both_periods(study),
        tables=("contact", "population"),
    )


def _by_person(rows: pd.DataFrame) -> pd.DataFrame:
    """Contacts and minutes of each person with any; minutes only where every contact has an end."""
    grouped = rows.groupby("person_id", as_index=False)
    found = grouped.size().rename(columns={"size": "contacts"})
    if rows["minutes"].notna().all() and len(rows):
        found["minutes"] = grouped["minutes"].sum()["minutes"]
    return found


def change_points(study: Study) -> Finding:
    """From which month may the level have been another?"""
    question = "From which month may the level have been another?"
    counts = study.incidents.series()
    try:
        result: Result = find_change_points(counts, n_resamples=99, rng=study.rng("change_points"))
    except NotEstimableError as error:
        result = NotEstimable(reason=error.message)
    return find(study, "analyse", "change_points", question, result, period=_span(counts))


def forecast(study: Study) -> Finding:
    """How many are to be expected in the next months, if nothing changes?"""
    question = "How many are to be expected in the next months, if nothing changes?"
    counts = study.incidents.series()
    try:
        result: Result = forecast_counts(counts)
    except NotEstimableError as error:
        result = NotEstimable(reason=error.message, remedy="Add the files of earlier months to the data folder.")
    return find(study, "analyse", "forecast", question, result, period=_span(counts))


def _span(counts: dict[str, float]) -> str:
    return f"{next(iter(counts))} to {next(reversed(counts))}" if counts else ""
