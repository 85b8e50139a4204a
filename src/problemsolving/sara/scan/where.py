"""Where is it: rates on the map, hot spots beyond chance, and points that are no places where it happens."""

from __future__ import annotations

import pandas as pd

from problemsolving.measures.hot_spots import find_hot_spots
from problemsolving.measures.maps import map_rates
from problemsolving.measures.persistence import classify_persistence, find_hot_periods
from problemsolving.measures.premises import UnusualPoints, find_unusual_points
from problemsolving.results import NotEstimable
from problemsolving.sara.caveats import SNAPPED, population_caveats, visitor_caveat
from problemsolving.sara.draws import deals_for
from problemsolving.sara.findings import Finding, find, once
from problemsolving.study import Study

FEWEST_AREAS = 8  # small areas below which neighbours cannot be compared with chance
NO_OUTLINES = "the profile has no outlines of small areas, so neighbours are not known"
ADD_OUTLINES = "Add boundaries to sources in problem.yml."


def rate_map(study: Study) -> Finding:
    """Where is the rate highest?"""
    problem = study.problem
    areas = study.count(problem.baseline)
    result = map_rates(areas, outlines=study.outlines, years=problem.baseline.years)
    notes = (
        "Rates of residents mislead where many visit and few live, such as a town centre",
        *visitor_caveat(areas, by="area_name", years=problem.baseline.years),
        *population_caveats(study),
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


def hot_spots(study: Study) -> Finding:
    """Where do high rates lie side by side, beyond chance?"""
    problem = study.problem
    question = "Where do high rates lie side by side, beyond chance?"
    areas = study.count(problem.baseline)
    if silent := _no_neighbours(study, areas):
        return find(study, "scan", "hot_spots", question, silent, period=str(problem.baseline))
    result = find_hot_spots(
        areas,
        outlines=study.outlines,
        years=problem.baseline.years,
        rng=study.rng("hot_spots"),
        n_resamples=deals_for(len(areas)),
    )
    if study.can_tell("incident", "place", "snapped point"):
        result = result.with_caveats(SNAPPED)
    return find(
        study,
        "scan",
        "hot_spots",
        question,
        result,
        period=str(problem.baseline),
        tables=("incident", "boundary"),
        by_area="small-area",
    )


def persistence(study: Study) -> Finding:
    """Which hot spots have lasted, which are new, which are over?"""
    question = "Which hot spots have lasted, and which are new?"
    areas = study.count()
    if silent := _no_neighbours(study, areas):
        return find(study, "scan", "hot_spot_persistence", question, silent)
    quarterly = study.monthly.groupby(pd.PeriodIndex(study.monthly.index, freq="M").asfreq("Q").astype(str)).sum()
    months = study.monthly.groupby(pd.PeriodIndex(study.monthly.index, freq="M").asfreq("Q").astype(str)).size()
    whole = quarterly.loc[months == 3]
    if len(whole) < 4:
        few = NotEstimable(reason=f"{len(whole)} whole quarters; 4 are needed")
        return find(study, "scan", "hot_spot_persistence", question, few)
    long = whole.T.rename_axis("area_code").reset_index().melt("area_code", var_name="period", value_name="count")
    long = long.merge(study.areas[["area_name", "population"]], left_on="area_code", right_index=True)
    hot = find_hot_periods(
        long, outlines=study.outlines, period="period", rng=study.rng("persistence"), n_resamples=deals_for(len(areas))
    )
    result = classify_persistence(hot, areas, recent=2, outlines=study.outlines, period_name="quarter")
    return find(
        study,
        "scan",
        "hot_spot_persistence",
        question,
        result,
        tables=("incident", "boundary"),
        by_area="small-area",
    )


def _no_neighbours(study: Study, areas: pd.DataFrame) -> NotEstimable | None:
    if not study.outlines:
        return NotEstimable(reason=NO_OUTLINES, remedy=ADD_OUTLINES)
    if len(areas) < FEWEST_AREAS or not areas["count"].sum():
        return NotEstimable(reason="too few small areas or incidents to compare neighbours with chance")
    return None


def premises(study: Study) -> Finding:
    """Which points are where it is recorded rather than where it happens?"""
    question = "Which points are where it is recorded rather than where it happens?"
    if not study.can_tell("incident", "place", "snapped point", "point", "address"):
        return find(study, "scan", "unusual_points", question, NotEstimable(reason="source has no points"))
    found = unusual_points(study)
    if found is None:
        return find(study, "scan", "unusual_points", question, NotEstimable(reason="no incident has a point"))
    result = found[0]
    if study.can_tell("incident", "place", "snapped point"):
        result = result.with_caveats(
            "Map points stand for a catchment: several streets are counted at one point, so a busy point is no address",
            "Points are numbered from west to east; where they lie stands in the data, not on a page",
        )
    return find(study, "scan", "unusual_points", question, result, by_area="small-area")


@once
def unusual_points(study: Study) -> tuple[UnusualPoints, pd.DataFrame] | None:
    """Find the points where incidents are recorded rather than where they happen, and give their degrees."""
    rows = study.incidents.counted("longitude", "latitude", "location")
    if rows[["longitude", "latitude"]].dropna().empty:
        return None
    found = find_unusual_points(rows, count="count", location="location" if "location" in rows else None)
    return found, rows.loc[found.at_unusual, ["longitude", "latitude"]].drop_duplicates()
