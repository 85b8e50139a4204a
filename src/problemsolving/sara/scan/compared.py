"""Compared with whom: similar places, small areas against what is usual here, deprivation, and chance."""

from __future__ import annotations

from problemsolving.measures.comparison import compare_rates
from problemsolving.measures.concentration import measure_concentration
from problemsolving.measures.funnel import funnel_plot
from problemsolving.measures.gradient import measure_gradient
from problemsolving.results import NotEstimable, listed
from problemsolving.sara.caveats import ECOLOGICAL, SNAPPED, population_caveats, visitor_caveat
from problemsolving.sara.draws import resamples_for
from problemsolving.sara.findings import Finding, find, once
from problemsolving.stats.counts import fit_poisson
from problemsolving.study import Study

FEWEST_PLACES = 10  # below which a funnel's spread is not estimated


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
        *population_caveats(study),
    )
    return find(study, "scan", "rate_ratio_to_benchmark", question, result, period=str(problem.baseline))


def funnel(study: Study) -> Finding:
    """Which small areas stand out from what is usual here?"""
    problem = study.problem
    question = "Which small areas stand out from what is usual here?"
    areas = study.count(problem.baseline)
    if len(areas) < FEWEST_PLACES or not areas["count"].sum():
        few = NotEstimable(reason=f"fewer than {FEWEST_PLACES} small areas, or no incident that could be placed")
        return find(study, "scan", "funnel", question, few, period=str(problem.baseline))
    result = funnel_plot(areas, by="area_name", years=problem.baseline.years, heading="Small area")
    result = result.with_caveats(
        *visitor_caveat(areas, by="area_name", years=problem.baseline.years), *population_caveats(study)
    )
    return find(study, "scan", "funnel", question, result, period=str(problem.baseline), by_area="small-area")


def gradient(study: Study) -> Finding:
    """Do deprived areas have more of it?"""
    problem = study.problem
    question = "Do deprived areas have more of it, and how much more?"
    areas = study.count(problem.baseline)
    if areas["income_decile"].nunique() < 2 or not areas["count"].sum():
        reason = "too few incidents could be placed, or all small areas lie in a single decile of income deprivation"
        return find(study, "scan", "slope_index", question, NotEstimable(reason=reason), period=str(problem.baseline))
    result = measure_gradient(
        areas,
        by="income_decile",
        years=problem.baseline.years,
        rng=study.rng("gradient"),
        n_resamples=resamples_for(len(areas), usual=9_999),
    )
    notes = (
        "Income domain, national deciles: the overall index contains a crime domain and would explain crime by crime",
        ECOLOGICAL,
        *population_caveats(study),
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


@once
def concentration(study: Study) -> Finding:
    """Is it concentrated in few small areas, beyond what chance would give?"""
    areas = study.count()
    question = "Is it concentrated in few small areas, beyond chance?"
    if not areas["count"].sum():
        return find(
            study, "scan", "gini", question, NotEstimable(reason="too few incidents could be placed in the area")
        )
    result = measure_concentration(
        areas["count"],
        weight=areas["population"],
        rng=study.rng("concentration"),
        n_resamples=resamples_for(len(areas), usual=1_999),
    )
    if study.can_tell("incident", "place", "snapped point"):
        result = result.with_caveats(SNAPPED)
    return find(
        study, "scan", "gini", question, result.with_caveats("Chance here means: each resident has the same risk")
    )
