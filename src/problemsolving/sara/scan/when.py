"""When does it happen: which months stand out, and which hours of the week?"""

from __future__ import annotations

import pandas as pd

from problemsolving.errors import NotEstimableError
from problemsolving.measures.aoristic import to_local
from problemsolving.measures.charts import control_chart
from problemsolving.measures.hot_times import measure_hot_times
from problemsolving.periods import Month
from problemsolving.results import NotEstimable, Result
from problemsolving.sara.capabilities import DAYS, not_told
from problemsolving.sara.findings import Finding, find
from problemsolving.study import Study

LOW = 0.75  # of a month's usual level, below which a last month looks incomplete


def months(study: Study) -> Finding:
    """When did something other than ordinary variation happen?"""
    counts = study.monthly.sum(axis=1)
    result = control_chart(counts.to_dict(), days=study.days)
    result = result.with_caveats(*_incomplete(study, counts))
    repeated = study.repeated_identifiers
    if repeated:
        result = result.with_caveats(repeated)
    return find(study, "scan", "incidents_by_month", "When did something other than ordinary variation happen?", result)


def _incomplete(study: Study, counts: pd.Series) -> tuple[str, ...]:
    """Warn of a last month that the files cover in part, or that looks like it where they have months only."""
    last = str(counts.index[-1])
    covered, whole = study.days[last], Month.parse(last).days
    if covered < whole:
        return (
            f"{Month.parse(last).in_words} is covered up to day {covered} of {whole}: its rate a day is of these days",
        )
    usual = float(counts.iloc[:-1].mean())
    if not study.can_tell("incident", "time", "day", "minute") and counts.iloc[-1] < LOW * usual:
        return (
            f"{Month.parse(last).in_words} lies far below the months before: it may not be complete yet; look again when "
            "the next files have come",
        )
    return ()


def times(study: Study) -> Finding:
    """At which hours of the week does it happen?"""
    question = "At which hours of the week does it happen?"
    if silent := not_told(study, DAYS):
        return find(study, "scan", "hot_times", question, silent)
    rows = study.incidents.counted("occurred_at", "occurred_until")
    begin = to_local(rows["occurred_at"])
    end = to_local(rows["occurred_until"]) if "occurred_until" in rows else None
    try:
        result: Result = measure_hot_times(begin, end, count=rows["count"], rng=study.rng("times"))
    except NotEstimableError as error:
        result = NotEstimable(reason=error.message)
    return find(study, "scan", "hot_times", question, result)
