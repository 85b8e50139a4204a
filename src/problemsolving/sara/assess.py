"""Assess: what changed, against what comparison, and how far can that be trusted?"""

from __future__ import annotations

from problemsolving.evaluation.change import estimate_rate_change
from problemsolving.evaluation.effect import estimate_effect
from problemsolving.problem import Problem
from problemsolving.results import Column, NotEstimable, Statement, Table
from problemsolving.sara.analyse import unusual_months
from problemsolving.sara.findings import Finding, find
from problemsolving.study import Study


def change(study: Study) -> Finding:
    """What changed between baseline and follow-up in each district?"""
    problem = study.problem
    monthly = study.monthly.T.groupby(study.areas["district_name"]).sum().T
    result = estimate_rate_change(
        monthly, before=_months(problem, "baseline"), after=_months(problem, "follow_up"), days=study.days
    )
    notes = [
        "A change is not an effect: nothing here stands for what would have happened otherwise",
        "Months are taken as independent: where one month's level carries into the next, the interval is too narrow",
    ]
    notes += unusual_months(study)
    if [m.number for m in problem.baseline] != [m.number for m in problem.follow_up]:
        notes.append("The two periods hold different months of the year, so season is part of the change")
    return find(
        study,
        "assess",
        "rate_change",
        "What changed between baseline and follow-up?",
        result.with_caveats(*notes),
        period=f"{problem.baseline} against {problem.follow_up}",
    )


def _months(problem: Problem, period: str) -> list[str]:
    return [str(month) for month in getattr(problem, period)]


def _missing(problem: Problem) -> list[tuple[str, str]]:
    """What an evaluation still needs: key of problem.yml and why."""
    needed = [
        ("response_start", "the first month of the response"),
        ("response_areas", "the small areas that got it"),
        ("comparison_areas", "similar small areas that did not, chosen before looking at the outcome"),
    ]
    return [(key, why) for key, why in needed if not getattr(problem, key)]


def effect(study: Study) -> Finding:
    """Did the response areas do better than their comparison?"""
    problem = study.problem
    question = "Did the response work?"
    start = problem.response_start
    if _missing(problem) or start is None:
        what = "no response is recorded" if not problem.response_areas else "the comparison is not recorded"
        silent = NotEstimable(
            reason=what,
            remedy="No effect is claimed; what would be needed is listed under the next question.",
        )
        return find(study, "assess", "effect", question, silent)
    after = [month for month in _months(problem, "follow_up") if month >= str(start)]
    before = [month for month in _months(problem, "baseline") if month < str(start)]
    if len(before) < 2 or len(after) < 2:
        return find(
            study,
            "assess",
            "effect",
            question,
            NotEstimable(reason="fewer than two months before or after the response starts"),
        )
    result = estimate_effect(
        study.monthly,
        treated=problem.response_areas,
        comparison=problem.comparison_areas,
        buffer=problem.buffer_areas,
        before=before,
        after=after,
        days=study.days,
        rng=study.rng("effect"),
    )
    notes = [
        "Quasi-experimental: areas were chosen, not drawn by lot; what else differed between them may explain the difference"
    ]
    if not problem.buffer_areas:
        notes.append("No buffer areas are named, so displacement to nearby places is not looked for")
    return find(study, "assess", "effect", question, result.with_caveats(*notes), period=f"{before[0]} to {after[-1]}")


def design(study: Study) -> Finding:
    """How far can this evaluation be trusted, and what would make it better?"""
    problem, missing = study.problem, dict(_missing(study.problem))
    long_enough = min(len(problem.baseline), len(problem.follow_up)) >= 12
    rows = [
        (
            "Response recorded",
            "yes" if problem.response_areas and problem.response_start else "no",
            missing.get("response_start") or missing.get("response_areas") or "",
        ),
        ("Comparison areas", "yes" if problem.comparison_areas else "no", missing.get("comparison_areas", "")),
        (
            "Buffer areas for displacement",
            "yes" if problem.buffer_areas else "no",
            "" if problem.buffer_areas else "areas next to the response",
        ),
        (
            "At least 12 months before and after",
            "yes" if long_enough else "no",
            "" if long_enough else "a year each, so that season cancels",
        ),
        ("Same outcome before and after", "by the source's categories", "a note of any change in recording"),
        ("Outcomes for people", "no", "measures that matter to those harmed, from partners and from people themselves"),
    ]
    level = 1 if isinstance(effect(study).result, NotEstimable) else 3
    table = Table((Column("What an evaluation needs"), Column("Here"), Column("To add")), tuple(rows))
    claim = (
        "This design can carry a cautious statement of effect: before and after with comparison areas (level 3 of the Maryland scale)."
        if level == 3
        else "This design cannot carry a statement of effect: without a recorded response and comparison it describes change alone."
    )
    return find(study, "assess", "design", "How far can this be trusted?", Statement(text=claim, content=table))
