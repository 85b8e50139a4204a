"""The triangle, the test of each hypothesis, and the chain from a change to who could act on it."""

from __future__ import annotations

from problemsolving.answers import read_test
from problemsolving.dictionary.codelists import label
from problemsolving.drivers.chain import Lever, trace_chain
from problemsolving.drivers.decomposition import EACH_TIME, OFTEN
from problemsolving.drivers.rate_model import RateModel
from problemsolving.evaluation.change import RateChange
from problemsolving.measures.concentration import Concentration
from problemsolving.network.pathways.waits import Waits
from problemsolving.problem import Hypothesis
from problemsolving.results import Column, NotEstimable, Result, Statement, Table, number
from problemsolving.sara import scan
from problemsolving.sara.analyse.journeys import waits
from problemsolving.sara.analyse.why_here import driver_columns, rate_ratio, why_no_model
from problemsolving.sara.analyse.why_now import both_periods, overall_change, split_change
from problemsolving.sara.caveats import ECOLOGICAL
from problemsolving.sara.findings import Finding, find
from problemsolving.study import Study


def triangle(study: Study) -> Finding:
    """What do we know of victims, offenders and places, and of those who could look after them?"""
    shown = scan.concentration(study).released.result
    place = shown.summary().split(";")[0] + "." if isinstance(shown, Concentration) else shown.summary()
    who = (
        "age and sex of victims are recorded"
        if study.can_tell("incident", "people", "characteristics", "pseudonym")
        else "not estimable: source has no people"
    )
    suspects = (
        "suspects are recorded for some"
        if study.can_tell("incident", "people", "pseudonym")
        else "not estimable: source has no suspects"
    )
    rows = (
        ("Victim or target", who, "Guardians: family, friends, security, neighbours: ask"),
        ("Offender", suspects, "Handlers: probation, youth justice, schools, parents: ask"),
        ("Place", place, "Managers: licensees, landlords, transport, council: ask"),
    )
    table = Table((Column("Side"), Column("What the data say"), Column("Who could take care of it")), rows)
    missing = sum("not estimable" in row[1] for row in rows)
    words = f"Of the three sides of the problem analysis triangle the data describe {3 - missing}; the other{'s' if missing != 1 else ''} must come from people who know them."
    if not missing:
        words = "The data say something of all three sides of the problem analysis triangle; what they mean must come from people who know them."
    return find(
        study,
        "analyse",
        "triangle",
        "What do we know of victims, offenders and places?",
        Statement(text=words, content=table),
    )


def levers(study: Study) -> dict[str, Lever]:
    """Who owns the lever on a driver or a part of the change, as people wrote it under hypotheses in problem.yml."""
    found: dict[str, Lever] = {}
    for hypothesis in study.problem.hypotheses:
        kind, driver = read_test(hypothesis.test)
        names = {"driver": (label("drivers", driver),) if driver else (), "change": (OFTEN, EACH_TIME)}.get(kind, ())
        for option in hypothesis.options[:1]:
            for name in names:
                found.setdefault(name, Lever(owner=label("agency-types", option.owner), option=option.name))
    return found


def chain(study: Study) -> Finding:
    """What changed, in which part, with which driver, who could act, and where does the argument break?"""
    problem = study.problem
    question = "From the change to who could act: how far does the argument hold?"
    areas = study.count(problem.baseline)
    drivers = driver_columns(study)
    split = split_change(study)
    reason = split.reason if isinstance(split, NotEstimable) else why_no_model(areas, drivers)
    if reason:
        return find(study, "analyse", "chain", question, NotEstimable(reason=reason), period=both_periods(study))
    before, after = (
        study.monthly.loc[[str(month) for month in period]] for period in (problem.baseline, problem.follow_up)
    )
    codes = areas["area_code"]
    areas = areas.assign(
        count_before=before.sum()[codes].to_numpy(),
        count_after=after.sum()[codes].to_numpy(),
        active_before=(before > 0).sum()[codes].to_numpy(float),
        active_after=(after > 0).sum()[codes].to_numpy(float),
    )
    known = {name: lever for name, lever in levers(study).items() if name in drivers or name in (OFTEN, EACH_TIME)}
    result = trace_chain(
        areas,
        before={"active months": "active_before", "incidents": "count_before"},
        after={"active months": "active_after", "incidents": "count_after"},
        drivers=drivers,
        owners=known,
        change=split,  # type: ignore[arg-type]
        rng=study.rng("chain"),
    )
    return find(
        study,
        "analyse",
        "chain",
        question,
        result.with_caveats(ECOLOGICAL),
        period=both_periods(study),
        tables=("incident", "deprivation"),
    )


def hypotheses(study: Study) -> Finding:
    """What test did each hypothesis get, and what came out?"""
    question = "What test did each hypothesis get?"
    problem = study.problem
    if not problem.hypotheses:
        return find(
            study, "analyse", "hypotheses", question, Statement(text="No hypothesis is recorded in problem.yml.")
        )
    rows = tuple((h.id, h.statement, *tested(study, h)) for h in problem.hypotheses)
    table = Table(
        (Column("Id"), Column("Hypothesis"), Column("Test"), Column("What came out"), Column("Verdict")), rows
    )
    verdicts = [row[4] for row in rows]
    tally = [(verdict, verdicts.count(verdict)) for verdict in ("supported", "unclear", "not supported", "not tested")]
    words = f"{len(rows)} hypotheses. " + "; ".join(f"{verdict}: {count}" for verdict, count in tally if count) + "."
    if problem.hypotheses_from == "template":
        words += " They are the template's starting points, not yet the partnership's own."
    return find(study, "analyse", "hypotheses", question, Statement(text=words, content=table))


def tested(study: Study, hypothesis: Hypothesis) -> tuple[str, str, str]:
    """Give test, outcome and verdict of a hypothesis, from released results alone."""
    kind, driver = read_test(hypothesis.test)
    if kind == "none":
        return "none named", "not tested", "not tested"
    ask = {"driver": rate_ratio, "concentration": scan.concentration, "change": overall_change, "waits": waits}[kind]
    shown = ask(study).released.result
    if isinstance(shown, NotEstimable):
        return kind, shown.sentence(), "not tested"
    if isinstance(shown, RateModel):
        name = label("drivers", driver)
        rows = shown.frame[shown.frame["driver"] == name]
        if rows.empty:
            return "rate model", f"{name} is not among the drivers of problem.yml", "not tested"
        row = rows.iloc[0]
        said = f"rate ratio {row.ratio:.2f} ({row.low:.2f} to {row.high:.2f}) per standard deviation"
        return "rate model, adjusted", said, _verdict(row.low, row.high)
    if isinstance(shown, Concentration):
        beyond = shown.gini_interval.low > shown.gini_by_chance.high
        said = f"Gini {shown.gini:.2f} ({shown.gini_interval.low:.2f} to {shown.gini_interval.high:.2f}); by chance up to {shown.gini_by_chance.high:.2f}"
        return "concentration against chance", said, "supported" if beyond else "unclear"
    if isinstance(shown, RateChange):
        row = shown.estimates().iloc[0]
        if number(row.ratio) is None:
            return "change between the periods", "withheld", "not tested"
        said = f"ratio {row.ratio:.2f} ({row.low:.2f} to {row.high:.2f}), months varying as they did"
        return "change between the periods", said, _verdict(row.low, row.high)
    return _waits_verdict(shown)


def _verdict(low: float, high: float) -> str:
    """Supported above 1, not supported below it, unclear where the interval includes it."""
    return "supported" if low > 1 else "not supported" if high < 1 else "unclear"


def _waits_verdict(shown: Result) -> tuple[str, str, str]:
    """A bottleneck: the longest median wait whose interval lies above every other step's median."""
    known = [
        value
        for value in shown.values()
        if isinstance(shown, Waits) and value.estimate is not None and value.interval is not None
    ]
    if len(known) < 2:
        return "median waits", "too few steps with enough people", "not tested"
    ordered = sorted(known, key=lambda value: -(value.estimate or 0))
    top = ordered[0]
    receiver = str(top.group).rsplit(" to ", 1)[-1]
    others = [value.estimate or 0 for value in ordered if not str(value.group).endswith(f" to {receiver}")]
    clear = bool(others) and top.interval is not None and top.interval.low > max(others)
    said = (
        f"longest at {receiver}: {top.estimate:.1f} days ({top.interval.low:.1f} to {top.interval.high:.1f})"
        if top.interval
        else ""
    )
    return "median waits", said, "supported" if clear else "unclear"
