"""Does it happen again: to the same people, and near the same places?"""

from __future__ import annotations

import pandas as pd

from problemsolving.errors import NotEstimableError
from problemsolving.measures.near_repeats import knox_test
from problemsolving.measures.repeat_times import measure_repeat_times
from problemsolving.measures.repeats import repeats_of_counts
from problemsolving.results import NotEstimable, Result
from problemsolving.sara.capabilities import DAYS, PERSONS, POINTS, not_told
from problemsolving.sara.findings import Finding, find
from problemsolving.sara.scan.where import unusual_points
from problemsolving.study import Study

MOST_POINTS = 5_000  # incidents of which every near pair is counted; of more, so many are drawn
MOST_EVENTS = 20_000  # incidents whose times are shuffled; of more, people are drawn with all of theirs
SHUFFLES = 999


def repeats(study: Study) -> Finding:
    """How much of it happens to the same people again?"""
    question = "How much of it happens to the same people again?"
    if silent := not_told(study, PERSONS):
        return find(study, "scan", "repeat_victims", question, silent)
    counts, without = study.incidents.counts_of("victim_id")
    residents = round(study.areas["population"].sum())
    try:
        result: Result = repeats_of_counts(
            counts["events"], counts["count"], without=without, exposed=residents, rng=study.rng("repeats")
        )
    except NotEstimableError as error:
        result = NotEstimable(reason=error.message)
    return find(study, "scan", "repeat_victims", question, result)


def repeat_times(study: Study) -> Finding:
    """For how long after an incident is the same person at higher risk?"""
    question = "For how long is the same person at higher risk?"
    if silent := not_told(study, {**PERSONS, **DAYS}):
        return find(study, "scan", "repeat_times", question, silent)
    rows, thinned = study.incidents.draw("victim_id", "occurred_at", most=MOST_EVENTS, of="victim_id")
    end = study.problem.months[-1].next.first_day
    try:
        result: Result = measure_repeat_times(
            rows["victim_id"],
            rows["occurred_at"],
            until=pd.Timestamp(end),
            rng=study.rng("repeat_times"),
            n_resamples=SHUFFLES,
        )
        if thinned:
            result = result.with_caveats(
                f"People drawn by lot with all of theirs, about {MOST_EVENTS:,} incidents: shares and risks stay what they "
                "are, intervals are wider"
            )
    except NotEstimableError as error:
        result = NotEstimable(reason=error.message)
    return find(study, "scan", "repeat_times", question, result)


def near_repeats(study: Study) -> Finding:
    """After one incident, do others follow nearby sooner than chance?"""
    question = "After one incident, do others follow nearby sooner than chance would have it?"
    if silent := not_told(study, {**DAYS, **POINTS}):
        return find(study, "scan", "near_repeats", question, silent)
    rows, thinned = study.incidents.draw("occurred_at", "longitude", "latitude", most=MOST_POINTS)
    rows = rows.dropna(subset=["occurred_at", "longitude", "latitude"])
    notes: tuple[str, ...] = ()
    if thinned:
        notes = (
            f"About {MOST_POINTS:,} incidents drawn by lot, so that every pair can be counted: ratios stay what they are, "
            "intervals are wider",
        )
    try:
        left_out = unusual_points(study)
        if left_out is not None and len(left_out[1]):
            points = pd.MultiIndex.from_frame(left_out[1])
            rows = rows[~pd.MultiIndex.from_frame(rows[["longitude", "latitude"]]).isin(points)]
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
