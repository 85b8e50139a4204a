"""Analyse: why here, why now, who works with whom, and what test did each hypothesis get?"""

from __future__ import annotations

import pandas as pd

from problemsolving.answers import read_test
from problemsolving.dictionary.codelists import codelist, label
from problemsolving.drivers.decomposition import decompose_frequency
from problemsolving.drivers.rate_model import RateModel, estimate_rate_ratios
from problemsolving.evaluation.change import RateChange, estimate_rate_change
from problemsolving.measures.concentration import Concentration
from problemsolving.network.agencies import build_agency_network, measure_agency_matrix
from problemsolving.network.journeys import Waits, map_journeys, median_waits
from problemsolving.problem import Hypothesis
from problemsolving.results import Column, NotEstimable, Result, Statement, Table, number
from problemsolving.sara import scan
from problemsolving.sara.findings import Finding, find
from problemsolving.study import Study

NO_CONTACTS = "the profile has no {table} data"
WHO_COULD = "Add {table} data of the partner agencies to sources in problem.yml, with a sharing record."


def rate_ratio(study: Study) -> Finding:
    """Which conditions of places go with a higher rate?"""
    problem = study.problem
    question = "Which conditions of places go with a higher rate?"
    areas = study.count(problem.baseline)
    drivers = {label("drivers", code): codelist("drivers")[code]["column"] for code in problem.drivers}
    reason = _why_no_model(areas, drivers)
    if reason:
        return find(study, "analyse", "rate_ratio", question, NotEstimable(reason=reason), period=str(problem.baseline))
    result = estimate_rate_ratios(areas, drivers=drivers, years=problem.baseline.years)
    left_out = [row["label"] for code, row in codelist("drivers").items() if code not in problem.drivers]
    notes = [
        "A driver here is a factor in a model, not a proven cause",
        scan.ECOLOGICAL,
        "The overall index is not used: it contains a crime domain",
    ]
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
        period=str(problem.baseline),
        tables=("incident", "deprivation"),
    )


def _why_no_model(areas: pd.DataFrame, drivers: dict[str, str]) -> str:
    if not drivers:
        return "problem.yml names no drivers"
    known = areas.dropna(subset=list(drivers.values()))
    if len(known) <= len(drivers) + 1:
        return f"{len(known)} small areas have a value for every driver; {len(drivers) + 2} are needed"
    if (known[list(drivers.values())].std() == 0).any():
        return "a driver has the same value in every small area"
    return "" if known["count"].sum() else "too few incidents could be placed in the area"


def change(study: Study) -> Finding:
    """Why now: did it happen more often in more places, or was there more of it each time?"""
    problem = study.problem
    question = "Why now: more often, or more each time?"
    before, after = (
        study.monthly.loc[[str(month) for month in period]].to_numpy()
        for period in (problem.baseline, problem.follow_up)
    )
    if before.shape != after.shape:
        result: Result = NotEstimable(
            reason="baseline and follow-up differ in length", remedy="Give both the same number of months."
        )
    elif not before.sum() or not after.sum():
        result = NotEstimable(reason="too few incidents could be placed in one of the periods")
    else:
        result = decompose_frequency(before, after, rng=study.rng("change"))
        result = result.with_caveats(
            "Counted by small area and month: a month in which a small area had any incident is one in which it was affected",
            "The intervals hold differences between small areas and between months; a lasting change of recording would still look like a change in the problem",
            "The split describes the change; it does not explain it",
            *unusual_months(study),
        )
    return find(study, "analyse", "change", question, result, period=f"{problem.baseline} against {problem.follow_up}")


def unusual_months(study: Study) -> tuple[str, ...]:
    """Name the months outside the control limits: a change between periods may rest on them."""
    signals = getattr(scan.months(study).released.result, "signals", {})
    named = signals.get("outside the limits", [])
    if not named:
        return ()
    return (f"Months outside the control limits ({', '.join(named)}) weigh on any comparison of the periods",)


def overall_change(study: Study) -> Finding:
    """Is there more of it than before, given how months vary?"""
    problem = study.problem
    total = study.monthly.sum(axis=1).to_frame(problem.area_name)
    periods = {
        when: [str(month) for month in period]
        for when, period in (("before", problem.baseline), ("after", problem.follow_up))
    }
    result = estimate_rate_change(total, before=periods["before"], after=periods["after"], days=study.days)
    return find(
        study,
        "analyse",
        "overall_change",
        "Is there more of it than before?",
        result,
        period=f"{problem.baseline} against {problem.follow_up}",
    )


def _named(study: Study, table: str, *columns: str) -> pd.DataFrame | None:
    """Give contacts or referrals with agencies by name."""
    rows, agencies = study.table(table), study.table("agency")
    if rows is None or agencies is None:
        return None
    names = agencies.set_index("agency_id")["agency_name"]
    return rows.assign(
        **{column: rows[column].map(names).fillna("agency not in the agency table") for column in columns}
    )


def agencies(study: Study) -> Finding:
    """Who hands people over to whom?"""
    question = "Who hands people over to whom?"
    referrals, listed = _named(study, "referral", "from_agency", "to_agency"), study.table("agency")
    if referrals is None or listed is None:
        return find(study, "analyse", "agency_network", question, _no("referral"))
    known = [
        *listed["agency_name"],
        *({"agency not in the agency table"} & {*referrals["from_agency"], *referrals["to_agency"]}),
    ]
    result = measure_agency_matrix(build_agency_network(referrals, agencies=known))
    return find(study, "analyse", "agency_network", question, result, tables=("referral", "agency"))


def waits(study: Study) -> Finding:
    """Where do people wait?"""
    question = "Where do people wait?"
    referrals = _named(study, "referral", "from_agency", "to_agency")
    if referrals is None:
        return find(study, "analyse", "median_wait", question, _no("referral"))
    return find(
        study,
        "analyse",
        "median_wait",
        question,
        median_waits(referrals, by=["from_agency", "to_agency"]),
        tables=("referral",),
    )


def journeys(study: Study) -> Finding:
    """Which agency do people meet next?"""
    question = "Which agency do people meet next?"
    contacts = _named(study, "contact", "agency_id")
    if contacts is None:
        return find(study, "analyse", "next_contact", question, _no("contact"))
    return find(
        study, "analyse", "next_contact", question, map_journeys(contacts, step="agency_id"), tables=("contact",)
    )


def _no(table: str) -> NotEstimable:
    return NotEstimable(reason=NO_CONTACTS.format(table=table), remedy=WHO_COULD.format(table=table))


def triangle(study: Study) -> Finding:
    """What do we know of victims, offenders and places, and of those who could look after them?"""
    shown = scan.concentration(study).released.result
    place = shown.summary().split(";")[0] + "." if isinstance(shown, Concentration) else shown.summary()
    who = (
        "age and sex of victims are recorded"
        if study.can_tell("incident", "people", "characteristics", "pseudonym")
        else ("not estimable: source has no people")
    )
    rows = (
        ("Victim or target", who, "Guardians: family, friends, security, neighbours: ask"),
        (
            "Offender",
            "not estimable: source has no suspects",
            "Handlers: probation, youth justice, schools, parents: ask",
        ),
        ("Place", place, "Managers: licensees, landlords, transport, council: ask"),
    )
    table = Table((Column("Side"), Column("What the data say"), Column("Who could take care of it")), rows)
    missing = sum("not estimable" in row[1] for row in rows)
    words = f"Of the three sides of the problem analysis triangle the data describe {3 - missing}; the other{'s' if missing != 1 else ''} must come from people who know them."
    return find(
        study,
        "analyse",
        "triangle",
        "What do we know of victims, offenders and places?",
        Statement(text=words, content=table),
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
