"""Does it happen again: to the same people, and near the same places?"""

from __future__ import annotations

import pandas as pd

from problemsolving.errors import NotEstimableError
from problemsolving.measures.near_repeats import knox_test
from problemsolving.measures.premises import find_unusual_points
from problemsolving.measures.repeat_times import measure_repeat_times
from problemsolving.measures.repeats import measure_repeats
from problemsolving.results import NotEstimable, Result
from problemsolving.sara.capabilities import DAYS, PERSONS, POINTS, not_told
from problemsolving.sara.findings import Finding, find
from problemsolving.study import Study

MOST_POINTS = 5_000  # incidents of which every near pair is counted; more are thinned at random
SHUFFLES = 999


def repeats(study: Study) -> Finding:
    """How much of it happens to the same people again?"""
    question = "How much of it happens to the same people again?"
    if silent := not_told(study, PERSONS):
        return find(study, "scan", "repeat_victims", question, silent)
    rows = study.incidents.rows("victim_id")
    try:
        result: Result = measure_repeats(
            rows["victim_id"], exposed=round(study.areas["population"].sum()), rng=study.rng("repeats")
        )
    except NotEstimableError as error:
        result = NotEstimable(reason=error.message)
    return find(study, "scan", "repeat_victims", question, result)


def repeat_times(study: Study) -> Finding:
    """For how long after an incident is the same person at higher risk?"""
    question = "For how long is the same person at higher risk?"
    if silent := not_told(study, {**PERSONS, **DAYS}):
        return find(study, "scan", "repeat_times", question, silent)
    rows = study.incidents.rows("victim_id", "occurred_at")
    end = study.problem.months[-1].next.first_day
    try:
        result: Result = measure_repeat_times(
            rows["victim_id"],
            rows["occurred_at"],
            until=pd.Timestamp(end),
            rng=study.rng("repeat_times"),
            n_resamples=SHUFFLES,
        )
    except NotEstimableError as error:
        result = NotEstimable(reason=error.message)
    return find(study, "scan", "repeat_times", question, result)


def near_repeats(study: Study) -> Finding:
    """After one incident, do others follow nearby sooner than chance?"""
    question = "After one incident, do others follow nearby sooner than chance would have it?"
    if silent := not_told(study, {**DAYS, **POINTS}):
        return find(study, "scan", "near_repeats", question, silent)
    rows = study.incidents.rows("occurred_at", "longitude", "latitude", "location")
    rows = rows.dropna(subset=["occurred_at", "longitude", "latitude"]).reset_index(drop=True)
    notes: tuple[str, ...] = ()
    if len(rows) > MOST_POINTS:
        rng = study.rng("near_repeats sample")
        kept = sorted(rng.choice(len(rows), MOST_POINTS, replace=False))
        rows = rows.iloc[kept].reset_index(drop=True)
        notes = (
            f"{MOST_POINTS:,} incidents drawn at random, so that every pair can be counted: ratios stay what they are, "
            "intervals are wider",
        )
    try:
        unusual = find_unusual_points(rows, location="location" if "location" in rows else None).at_unusual
        if unusual is not None and unusual.any():
            rows = rows[~unusual]
            notes += ("Police stations, hospitals and other points where incidents are recorded are left out",)
        result: Result = knox_test(
            rows[["longitude", "latitude"]],
            rows["occurred_at"],
            n_resamples=SHUFFLES,
            rng=study.rng("near_repeats"),
        ).with_caveats(*notes)
    except NotEstimableError as error:
        result = NotEstimable(reason=error.message)
    return find(study, "scan", "near_repeats", question, result)
