"""Scan: is it a problem, how much, where, when, to whom, and is it worse than in similar places?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from problemsolving.dictionary.codelists import label
from problemsolving.dictionary.schema import table as get_table
from problemsolving.governance.suppression import find_totals, suppress
from problemsolving.measures.charts import control_chart
from problemsolving.measures.comparison import compare_rates
from problemsolving.measures.concentration import measure_concentration
from problemsolving.measures.gradient import measure_gradient
from problemsolving.measures.maps import map_rates
from problemsolving.measures.rates import count_events, crude_rate
from problemsolving.results import Column, NotEstimable, Statement, Table, listed
from problemsolving.sara.findings import Finding, find
from problemsolving.stats.counts import fit_poisson
from problemsolving.study import Study

CARRIED = "Residents are on 2011 areas carried to 2021 areas: split areas share equally, merged ones add up"
ECOLOGICAL = "About areas, not people: it does not say who was harmed or who harmed"


def _population_caveats(study: Study) -> tuple[str, ...]:
    """What the population's own sources say of their limits, and whether it had to be carried."""
    readings = [reading for reading in study.readings.values() if reading.source.table == "population"]
    carried = any((reading.frame["code_year"] == 2011).any() for reading in readings)
    if not carried:
        return ()
    return (CARRIED, *(limit for reading in readings for limit in reading.source.known_limits))


def incidents(study: Study) -> Finding:
    """How much of it is there, and how much of that can be placed?"""
    found = study.incidents.cells.groupby("place")["count"].sum()
    counts = pd.Series(
        {"read": found.sum(), **{place: found.get(place, 0.0) for place in ("in area", "unplaced", "elsewhere")}}
    )
    notes: tuple[str, ...] = (f"Counted: {listed(study.problem.category_labels)}",)
    if study.problem.wording_note:
        notes += (study.problem.wording_note.rstrip("."),)
    repeated = study.repeated_identifiers()
    if repeated:
        notes += (repeated,)
    sentence = "{read} incidents were read: {in_area} lie in the area, {unplaced} have no place in the source, {elsewhere} lie elsewhere."
    result = count_events(counts, heading="Incidents", sentence=sentence, total="read", caveats=notes)
    return find(study, "scan", "incidents", "How much of it is there, and can it be placed?", result)


def _shown(study: Study, counts: pd.Series, *, by: pd.Series | None = None) -> np.ndarray:
    """Tell which counts are not withheld beside their totals: more than that is not said of any of them."""
    cells = pd.DataFrame({"count": counts.to_numpy(float), "by": "all" if by is None else by.to_numpy()})
    hidden = suppress(cells["count"].to_numpy(), study.policy, find_totals(cells, (("by",),)))
    return np.zeros(len(cells), bool) if hidden is None else (~hidden & (cells["count"] >= 1)).to_numpy()


def cheers(study: Study) -> Finding:
    """Is it a problem: community, harm, expectation, events, recurring, similarity?"""
    problem = study.problem
    least = (study.policy.suppress_to or 0) + 1
    months = _shown(study, study.monthly.sum(axis=1))
    places = _shown(study, study.monthly.sum(axis=0), by=study.areas["district_name"])
    every = f"in {'each' if months.all() else f'at least {months.sum()}'} of the {months.size} months"
    few = "one was" if least == 1 else f"{least} were"
    rows = (
        ("Community", f"{problem.area_name}; who lives with it has to be asked", "people"),
        (
            "Harm",
            "not estimable: the source has no offence codes, so harm cannot be weighed"
            if not study.can_tell("incident", "offence_code", True)
            else "offence codes are there: weigh them with a named table",
            "data",
        ),
        (
            "Expectation",
            f"{label('agency-types', problem.lead_agency)} leads; record here who asked for a response",
            "people",
        ),
        ("Events", f"at least {few} recorded {every}", "data"),
        ("Recurring", f"{places.mean():.0%} of small areas are shown with {least} or more over both periods", "data"),
        ("Similarity", f"all are recorded as: {listed(problem.category_labels)}", "data"),
    )
    table = Table((Column("Element"), Column("Evidence"), Column("Evidence comes from")), rows)
    notes = ("Community, harm and expectation need people's own words: add them before the profile is signed off",)
    words = f"It recurs: incidents recorded as {listed(problem.category_labels)} occurred {every}; {places.mean():.0%} of small areas are shown with {least} or more over both periods."
    return find(study, "scan", "cheers", "Is it a problem?", Statement(text=words, content=table, caveats=notes))


def rate(study: Study) -> Finding:
    """How high is the rate in each district?"""
    problem = study.problem
    areas = study.count(problem.baseline)
    result = crude_rate(areas, by="district_name", years=problem.baseline.years, heading="District")
    result = result.with_caveats(
        "The interval holds chance in the count alone: what differs between places and years comes on top",
        *_population_caveats(study),
    )
    return find(
        study,
        "scan",
        "rate",
        "How high is the rate in each district?",
        result,
        period=str(problem.baseline),
        by_area="district",
    )


def comparison(study: Study) -> Finding:
    """Is it worse here than in similar places?"""
    problem = study.problem
    own = set(problem.benchmark_areas) <= set(problem.district_codes)
    question = "How do the districts compare with each other?" if own else "Is it worse here than in similar places?"
    covered = [
        code for code in dict.fromkeys((*problem.district_codes, *problem.benchmark_areas)) if study.covers(code)
    ]
    benchmark = [code for code in problem.benchmark_areas if code in covered]
    groups = [code for code in problem.district_codes if code in covered and set(benchmark) - {code}]
    if not groups:
        reason = "the incident files cover no benchmark area other than the area itself"
        silent = NotEstimable(reason=reason, remedy="Add the files of the benchmark areas' forces to the data folder.")
        return find(study, "scan", "rate_ratio_to_benchmark", question, silent, period=str(problem.baseline))
    cells = study.incidents.cells
    in_baseline = cells["month"].isin([str(month) for month in problem.baseline])
    counted = cells[in_baseline].groupby("area_code")["count"].sum()
    areas = study.places[study.places["district_code"].isin(covered)].copy()
    areas["count"] = counted.reindex(areas.index, fill_value=0.0)
    names = areas.drop_duplicates("district_code").set_index("district_code")["district_name"]
    dispersion = max(
        1.0,
        fit_poisson(
            areas["count"],
            {name: areas["district_name"] == name for name in names.iloc[1:]},
            exposure=areas["population"],
        ).dispersion,
    )
    result = compare_rates(
        areas,
        by="district_name",
        groups=[names[code] for code in groups],
        benchmark=[names[code] for code in benchmark],
        years=problem.baseline.years,
        dispersion=dispersion,
    )
    result = result.with_caveats(
        f"Benchmark areas: {listed([names[code] for code in benchmark])}, chosen by the analyst; each is compared with the others",
        f"Small areas within a district vary {dispersion:.1f} times as much as chance: intervals are widened to match",
        *_population_caveats(study),
    )
    return find(study, "scan", "rate_ratio_to_benchmark", question, result, period=str(problem.baseline))


def months(study: Study) -> Finding:
    """When did something other than ordinary variation happen?"""
    counts = study.monthly.sum(axis=1)
    result = control_chart(counts.to_dict(), days=study.days)
    repeated = study.repeated_identifiers()
    if repeated:
        result = result.with_caveats(repeated)
    return find(study, "scan", "incidents_by_month", "When did something other than ordinary variation happen?", result)


def times(study: Study) -> Finding:
    """At what time of the week does it happen?"""
    question = "On which days of the week does it happen?"
    if not study.can_tell("incident", "time", "day", "minute"):
        result = NotEstimable(
            reason="source has months only", remedy="Police incident records with date and time could tell."
        )
        return find(study, "scan", "incidents_by_weekday", question, result)
    inside = study.incidents.rows("occurred_at")
    days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
    counts = inside["occurred_at"].dt.day_name().value_counts().reindex(days, fill_value=0)
    return find(study, "scan", "incidents_by_weekday", question, count_events(counts, heading="Day"))


def people(study: Study) -> Finding:
    """To whom does it happen?"""
    question = "To whom does it happen?"
    if not study.can_tell("incident", "people", "characteristics", "pseudonym"):
        result = NotEstimable(
            reason="source has no people", remedy="Police records of victims, or emergency-department data, could tell."
        )
        return find(study, "scan", "victims_by_age", question, result)
    inside = study.incidents.rows("victim_age_band")
    bands = get_table("incident").field("victim_age_band").constraints.enum
    counts = inside["victim_age_band"].value_counts().reindex(bands, fill_value=0)
    recorded, total = study.policy.apply(np.array([counts.sum(), len(inside)]))
    share = f"{recorded / total:.0%}" if recorded == recorded else "few"
    notes = (f"Age band is recorded for {share} of incidents", "Counts, not rates: residents by age are not loaded")
    return find(study, "scan", "victims_by_age", question, count_events(counts, heading="Age of victim", caveats=notes))


def concentration(study: Study) -> Finding:
    """Is it concentrated in few small areas, beyond what chance would give?"""
    areas = study.count()
    question = "Is it concentrated in few small areas, beyond chance?"
    if not areas["count"].sum():
        return find(
            study, "scan", "gini", question, NotEstimable(reason="too few incidents could be placed in the area")
        )
    result = measure_concentration(areas["count"], weight=areas["population"], rng=study.rng("concentration"))
    if study.can_tell("incident", "place", "snapped point"):
        result = result.with_caveats(
            "Points are snapped to map points: an incident near a boundary may be counted next door"
        )
    return find(
        study, "scan", "gini", question, result.with_caveats("Chance here means: each resident has the same risk")
    )


def rate_map(study: Study) -> Finding:
    """Where is the rate highest?"""
    problem = study.problem
    result = map_rates(study.count(problem.baseline), outlines=study.outlines, years=problem.baseline.years)
    notes = (
        "Rates of residents mislead where many visit and few live, such as a town centre",
        *_population_caveats(study),
    )
    return find(
        study,
        "scan",
        "rate_by_small_area",
        "Where is the rate highest?",
        result.with_caveats(*notes),
        period=str(problem.baseline),
        tables=("incident", "boundary"),
        by_area="small-area",
    )


def gradient(study: Study) -> Finding:
    """Do deprived areas have more of it?"""
    problem = study.problem
    question = "Do deprived areas have more of it, and how much more?"
    areas = study.count(problem.baseline)
    if areas["income_decile"].nunique() < 2 or not areas["count"].sum():
        reason = "too few incidents could be placed, or all small areas lie in a single decile of income deprivation"
        return find(study, "scan", "slope_index", question, NotEstimable(reason=reason), period=str(problem.baseline))
    result = measure_gradient(areas, by="income_decile", years=problem.baseline.years, rng=study.rng("gradient"))
    notes = (
        "Income domain, national deciles: the overall index contains a crime domain and would explain crime by crime",
        ECOLOGICAL,
        *_population_caveats(study),
    )
    return find(
        study,
        "scan",
        "slope_index",
        question,
        result.with_caveats(*notes),
        period=str(problem.baseline),
        tables=("incident", "deprivation"),
    )
