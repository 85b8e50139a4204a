"""Why here: what is assumed to cause what, which conditions of places go with a higher rate, and how far they tell it."""

from __future__ import annotations

from dataclasses import replace

import networkx as nx
import numpy as np
import pandas as pd

from problemsolving.dictionary.codelists import codelist, label
from problemsolving.drivers.adjustment import check_adjustment
from problemsolving.drivers.diagram import CausalDiagram
from problemsolving.drivers.effects import estimate_driver_effects
from problemsolving.drivers.excess_share import estimate_excess_share
from problemsolving.drivers.prediction import measure_importance
from problemsolving.drivers.rate_model import estimate_rate_ratios
from problemsolving.drivers.reading import read_diagram
from problemsolving.errors import NotEstimableError
from problemsolving.problem import OUTCOME
from problemsolving.results import NotEstimable, Result, listed
from problemsolving.sara.caveats import ECOLOGICAL, population_caveats
from problemsolving.sara.findings import Finding, find, once
from problemsolving.stats.spatial import contiguity_weights
from problemsolving.study import Study

ASSOCIATION = "A driver here is a factor in a model, not a proven cause"
NO_INDEX = "The overall index is not used: it contains a crime domain"
DRAW_IT = "Write arrows under drivers in problem.yml, for example income -> outcome, also for causes that no data hold."
FEWEST_BLOCKS = 3
BLOCKS, SHUFFLES = 5, 5  # held out in turn; times each driver is shuffled in each


def driver_columns(study: Study) -> dict[str, str]:
    """Drivers of the problem: label → column of the small areas."""
    return {label("drivers", code): codelist("drivers")[code]["column"] for code in study.problem.drivers}


def why_no_model(areas: pd.DataFrame, drivers: dict[str, str]) -> str:
    """Say why no model of these drivers can be fitted, or nothing."""
    if not drivers:
        return "problem.yml names no drivers"
    known = areas.dropna(subset=list(drivers.values()))
    if len(known) <= len(drivers) + 1:
        return f"{len(known)} small areas have a value for every driver; {len(drivers) + 2} are needed"
    if (known[list(drivers.values())].std() == 0).any():
        return "a driver has the same value in every small area"
    return "" if known["count"].sum() else "too few incidents could be placed in the area"


def diagram(study: Study) -> Finding:
    """What is assumed to cause what, and which driver can then be told?"""
    question = "What is assumed to cause what, and what can these data then tell?"
    drawn = study.problem.diagram
    if drawn is None:
        silent = NotEstimable(reason="problem.yml draws no arrows between drivers", remedy=DRAW_IT)
        return find(study, "analyse", "diagram", question, silent, tables=("deprivation",))
    result = read_diagram(_in_words(study, drawn)).with_caveats(
        "Drawn by the analysts, not found in the data: a missing arrow is the stronger assumption"
    )
    return find(study, "analyse", "diagram", question, result, tables=("deprivation",))


def _in_words(study: Study, drawn: CausalDiagram) -> CausalDiagram:
    """Give the diagram with the problem's own name for its outcome."""
    name = study.problem.what.lower()
    measured = {name if node == drawn.outcome else node: label_ for node, label_ in drawn.measured.items()}
    return replace(drawn, graph=nx.relabel_nodes(drawn.graph, {drawn.outcome: name}), outcome=name, measured=measured)


def driver_effects(study: Study) -> Finding:
    """What goes with each driver, adjusted as the diagram asks?"""
    problem = study.problem
    question = "What goes with each driver, adjusted as the diagram asks?"
    period = str(problem.baseline)
    areas = study.count(problem.baseline)
    names = driver_columns(study)
    reason = why_no_model(areas, names)
    if problem.diagram is None:
        reason = "problem.yml draws no arrows between drivers"
    if reason:
        silent = NotEstimable(reason=reason, remedy=DRAW_IT)
        return find(study, "analyse", "driver_effects", question, silent, period=period)
    assert problem.diagram is not None
    try:
        result: Result = estimate_driver_effects(
            areas,
            diagram=problem.diagram,
            columns={code: codelist("drivers")[code]["column"] for code in problem.drivers},
            labels={code: label("drivers", code) for code in problem.drivers},
            years=problem.baseline.years,
        ).with_caveats(
            ASSOCIATION,
            ECOLOGICAL,
            "Each driver has a model of its own, adjusted for what the diagram names and nothing else",
        )
    except NotEstimableError as error:
        result = NotEstimable(
            reason=error.message, remedy="Measure what the diagram says is missing, or draw what is known of it."
        )
    return find(
        study,
        "analyse",
        "driver_effects",
        question,
        result,
        period=period,
        tables=("incident", "deprivation"),
    )


@once
def rate_ratio(study: Study) -> Finding:
    """Which conditions of places go with a higher rate?"""
    problem = study.problem
    question = "Which conditions of places go with a higher rate?"
    period = str(problem.baseline)
    areas = study.count(problem.baseline)
    drivers = driver_columns(study)
    reason = why_no_model(areas, drivers)
    if reason:
        return find(study, "analyse", "rate_ratio", question, NotEstimable(reason=reason), period=period)
    outlines = study.outlines
    known = [code for code in areas["area_code"] if code in outlines]
    neighbours = contiguity_weights([outlines[code] for code in known]) if len(known) == len(areas) else None
    result = estimate_rate_ratios(
        areas, drivers=drivers, years=problem.baseline.years, neighbours=neighbours, rng=study.rng("rate_ratio")
    )
    left_out = [row["label"] for code, row in codelist("drivers").items() if code not in problem.drivers]
    notes = [ASSOCIATION, ECOLOGICAL, NO_INDEX, *population_caveats(study), *_diagram_flaws(study)]
    if left_out:
        notes.append(
            f"Not in the model: {', '.join(left_out)} (add them under drivers in problem.yml; closely related ones cannot be told apart)"
        )
    return find(
        study,
        "analyse",
        "rate_ratio",
        question,
        result.with_caveats(*notes),
        period=period,
        tables=("incident", "deprivation"),
    )


def _diagram_flaws(study: Study) -> list[str]:
    """Say for which drivers the model with all of them adjusts for what it should not, by the analysts' own diagram."""
    drawn = study.problem.diagram
    if drawn is None:
        return []
    flaws = []
    for code in drawn.drivers:
        others = [node for node in study.problem.drivers if node in drawn.measured and node not in (code, OUTCOME)]
        check = check_adjustment(drawn, code, adjusted_for=others)
        if check.flaws:
            flaws.append(label("drivers", code))
    if not flaws:
        return []
    return [
        f"By the diagram, holding all other drivers is wrong for {listed(flaws)}: read the effect adjusted as the diagram asks"
    ]


def importance(study: Study) -> Finding:
    """How far do the drivers tell the rate of areas that the model has not seen?"""
    problem = study.problem
    question = "How far do the drivers tell the rate of places the model has not seen?"
    period = str(problem.baseline)
    areas = study.count(problem.baseline)
    drivers = driver_columns(study)
    reason = why_no_model(areas, drivers)
    districts = areas["district_code"].nunique()
    if not reason and not study.outlines and districts < FEWEST_BLOCKS:
        reason = f"{districts} districts and no outlines: blocks of areas to hold out cannot be made"
    if reason:
        return find(study, "analyse", "importance", question, NotEstimable(reason=reason), period=period)
    if study.outlines:
        centres = np.array([np.concatenate(study.outlines[code]).mean(axis=0) for code in areas["area_code"]])
        areas = areas.assign(longitude=centres[:, 0], latitude=centres[:, 1])
    result = measure_importance(
        areas,
        drivers=drivers,
        years=problem.baseline.years,
        n_folds=BLOCKS if study.outlines else min(BLOCKS, districts),
        n_repeats=SHUFFLES,
        rng=study.rng("importance"),
        blocks=None if study.outlines else "district_code",
        coordinates=("longitude", "latitude") if study.outlines else None,
    )
    return find(
        study,
        "analyse",
        "importance",
        question,
        result.with_caveats(ASSOCIATION, ECOLOGICAL),
        period=period,
        tables=("incident", "deprivation"),
    )


def excess_share(study: Study) -> Finding:
    """How much smaller would it be, if the drivers caused what goes with them?"""
    problem = study.problem
    question = "How much smaller would it be if every place were like the least exposed fifth?"
    period = str(problem.baseline)
    areas = study.count(problem.baseline)
    drivers = driver_columns(study)
    reason = why_no_model(areas, drivers)
    if reason:
        return find(study, "analyse", "excess_share", question, NotEstimable(reason=reason), period=period)
    result = estimate_excess_share(areas, drivers=drivers, years=problem.baseline.years, rng=study.rng("excess_share"))
    return find(
        study,
        "analyse",
        "excess_share",
        question,
        result.with_caveats(ECOLOGICAL),
        period=period,
        tables=("incident", "deprivation"),
    )
