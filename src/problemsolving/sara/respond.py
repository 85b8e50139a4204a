"""Respond: which options answer which hypothesis, who owns the lever, where first, what could be detected?"""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from problemsolving.dictionary.codelists import label
from problemsolving.drivers.regression_to_mean import estimate_expected_fall
from problemsolving.errors import NotEstimableError
from problemsolving.evaluation.change import share_dispersion
from problemsolving.evaluation.power import DetectableEffect
from problemsolving.measures.maps import SHOWN
from problemsolving.measures.ranking import rank_places
from problemsolving.results import Column, Method, NotEstimable, Result, Statement, Table
from problemsolving.sara.analyse import tested
from problemsolving.sara.findings import Finding, find
from problemsolving.sara.what_if import pathways, what_if
from problemsolving.study import Study

__all__ = ["detectable_effect", "expected_fall", "options", "pathways", "places", "what_if"]

PLANNED_PLACES = 10


def options(study: Study) -> Finding:
    """Which options answer which hypothesis, and who owns the lever?"""
    question = "Which options answer which hypothesis, and who owns the lever?"
    problem = study.problem
    rows = []
    for hypothesis in problem.hypotheses:
        verdict = tested(study, hypothesis)[2]
        for option in hypothesis.options:
            partner = option.owner in (problem.lead_agency, *problem.partner_agencies)
            owner = label("agency-types", option.owner) + ("" if partner else " (not yet a partner)")
            rows.append((hypothesis.id, verdict, option.name, owner, option.evidence))
    if not rows:
        result = Statement(
            text="No option is recorded yet: write them under each hypothesis in problem.yml, with the agency that owns the lever."
        )
        return find(study, "respond", "options", question, result)
    table = Table(
        (Column("Hypothesis"), Column("Verdict"), Column("Option"), Column("Who owns the lever"), Column("Evidence")),
        tuple(rows),
    )
    backed = [row for row in rows if row[1] == "supported"]
    named = "; ".join(f"{row[2]} ({row[3]})" for row in backed)
    words = (
        f"For discussion, because their hypothesis is supported: {named}."
        if backed
        else "No option rests on a supported hypothesis yet."
    )
    if len(backed) < len(rows):
        words += f" {len(rows) - len(backed)} more rest on hypotheses that are not supported, unclear or not tested."
    notes: tuple[str, ...] = (
        "The kit checks only which hypothesis each option rests on; that its hypothesis is supported does not show that it works",
    )
    if problem.hypotheses_from == "template":
        notes = (
            "These are the template's starting points: the partnership has not yet chosen or gathered evidence",
            *notes,
        )
        words = "Not yet chosen by the partnership. " + words
    return find(study, "respond", "options", question, Statement(text=words, content=table, caveats=notes))


def places(study: Study) -> Finding:
    """Where to act first?"""
    problem = study.problem
    result = rank_places(study.count(problem.baseline), rng=study.rng("places"), top=SHOWN)
    notes = (
        "Places picked for being high fall by themselves: plan a comparison before acting",
        "Ranked by count, because that is what a response could prevent",
    )
    return find(
        study,
        "respond",
        "places",
        "Where should we act first?",
        result.with_caveats(*notes),
        period=str(problem.baseline),
        by_area="small-area",
    )


def expected_fall(study: Study) -> Finding:
    """How far would the places picked first fall by themselves?"""
    problem = study.problem
    question = "How far would the places picked first fall by themselves?"
    areas = study.count(problem.baseline)
    try:
        result: Result = estimate_expected_fall(
            areas["count"], top=PLANNED_PLACES, exposure=areas["population"], rng=study.rng("expected_fall")
        )
    except (NotEstimableError, ValueError) as error:
        result = NotEstimable(reason=str(error))
    return find(study, "respond", "expected_fall", question, result, period=str(problem.baseline))


def detectable_effect(study: Study) -> Finding:
    """What size of effect could be detected?"""
    question = "What size of effect could be detected?"
    problem = study.problem
    baseline, follow_up = ([str(month) for month in period] for period in (problem.baseline, problem.follow_up))
    before, after = study.monthly.loc[baseline].sum(), study.monthly.loc[follow_up].sum()
    treated = (
        list(problem.response_areas)
        or before.sort_values(ascending=False, kind="stable").index[:PLANNED_PLACES].tolist()
    )
    comparison = list(problem.comparison_areas) or [code for code in before.index if code not in treated]
    if len(comparison) < 2:
        return find(
            study, "respond", "detectable_effect", question, NotEstimable(reason="two comparison areas are needed")
        )
    who = "response areas" if problem.response_areas else f"{len(treated)} small areas with most incidents"
    frame = pd.DataFrame(
        {"group": [who, "comparison areas"], "count": [before[treated].sum(), before[comparison].sum()]}
    )
    drifting = "the comparison areas" if problem.comparison_areas else f"the other {len(comparison)} small areas"
    drift = share_dispersion(pd.DataFrame([before[comparison], after[comparison]]))
    method = Method(
        "Power of a ratio of rate ratios, variance from areas' own drift",
        "Wheeler & Ratcliffe 2018",
        {"power": 0.8, "level": 0.95},
    )
    result = DetectableEffect(method=method, unit="ratio of rate ratios", frame=frame, dispersion=drift)
    notes = (
        f"Both periods as long as the baseline ({len(baseline)} months)",
        f"Areas are taken to drift as {drifting} did between baseline and follow-up",
        "Areas picked for being high fall by themselves: compare them with areas picked the same way",
    )
    return find(
        study, "respond", "detectable_effect", question, replace(result, caveats=notes), period=str(problem.baseline)
    )
