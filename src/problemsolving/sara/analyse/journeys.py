"""Where do people wait, fall out and come back, and who is seen by everyone and helped by no one?"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from problemsolving.drivers.failure_demand import measure_failure_demand
from problemsolving.errors import NotEstimableError
from problemsolving.network.pathways.clocks import measure_clocks
from problemsolving.network.pathways.contacts_before import measure_contacts_before
from problemsolving.network.pathways.drop_off import measure_drop_off
from problemsolving.network.pathways.follows import map_journeys
from problemsolving.network.pathways.journey_table import measure_journeys
from problemsolving.network.pathways.returns import measure_returns
from problemsolving.network.pathways.seen_by_all import find_seen_by_all
from problemsolving.network.pathways.waits import median_waits
from problemsolving.network.unrolled import unroll_journeys
from problemsolving.results import NotEstimable, Result
from problemsolving.sara.analyse.named import contacts, crisis_agencies, estimated, listed_agencies, no_data, referrals
from problemsolving.sara.findings import Finding, find, once
from problemsolving.study import Study

RETURN_DAYS = 28
DROP_OFF_DAYS = 90
TARGET_DAYS = 28  # from one contact to the next, unless people agree on another
MANY_AGENCIES = 3


@once
def waits(study: Study) -> Finding:
    """Where do people wait?"""
    question = "Where do people wait?"
    rows = referrals(study)
    if rows is None:
        return find(study, "analyse", "median_wait", question, no_data("referral"))
    result = median_waits(rows, by=["from_agency", "to_agency"])
    return find(study, "analyse", "median_wait", question, result, tables=("referral",))


def journeys(study: Study) -> Finding:
    """Which agency do people meet next?"""
    question = "Which agency do people meet next?"
    return _of_contacts(study, "next_contact", question, lambda rows: map_journeys(rows, step="agency"))


def journey_steps(study: Study) -> Finding:
    """How often, by whom and how long is each step taken?"""
    question = "What is each step of people's journeys like?"
    return _of_contacts(
        study,
        "journey_steps",
        question,
        lambda rows: measure_journeys(rows, target_days=TARGET_DAYS, n_resamples=499, rng=study.rng("journey_steps")),
    )


def first_steps(study: Study) -> Finding:
    """Which ways do people take through the agencies?"""
    question = "Which ways do people take, contact by contact?"
    return _of_contacts(
        study,
        "first_steps",
        question,
        lambda rows: unroll_journeys(rows, case="person_id", step="agency", time="started_at"),
    )


def drop_off(study: Study) -> Finding:
    """Where do people fall out?"""
    question = "After which agency do people get no further?"
    return _of_contacts(study, "drop_off", question, lambda rows: measure_drop_off(rows, within_days=DROP_OFF_DAYS))


def returns(study: Study) -> Finding:
    """Who comes back?"""
    question = "How many people come back to the same agency?"
    return _of_contacts(study, "returns", question, lambda rows: measure_returns(rows, within_days=RETURN_DAYS))


def contacts_before(study: Study) -> Finding:
    """How many contacts does it take until help begins?"""
    question = "How many contacts do people have before the first help?"
    helping = _helping(study)
    return _of_contacts(
        study,
        "contacts_before_help",
        question,
        lambda rows: measure_contacts_before(
            rows, helping=helping, most=2, rng=study.rng("contacts_before"), n_resamples=499
        ).with_caveats(HELP),
    )


def seen_by_all(study: Study) -> Finding:
    """Who is seen by everyone and helped by no one?"""
    question = "Who is seen by everyone and helped by no one?"
    helping = _helping(study)

    def measure(rows: pd.DataFrame) -> Result:
        helped = rows.loc[rows["agency"].isin(helping) & _attended(rows), "person_id"].unique().tolist()
        return find_seen_by_all(
            rows, helped=helped, k=MANY_AGENCIES, outcome="attended contact with an agency that helps"
        ).with_caveats(HELP)

    return _of_contacts(study, "seen_by_all", question, measure)


HELP = "Agencies that help are all but police, ambulance, emergency department and fire: change it where yours differ"


def _attended(rows: pd.DataFrame) -> pd.Series:
    """Tell which contacts were attended to: all of an agency that records no times of it, else those with a time."""
    if "seen_at" not in rows:
        return pd.Series(True, index=rows.index)
    seen = rows["seen_at"].notna()
    return seen | ~seen.groupby(rows["agency"]).transform("any")


def _helping(study: Study) -> list[str]:
    agencies = listed_agencies(study)
    crisis = crisis_agencies(study)
    return [] if agencies is None else [name for name in agencies["agency_name"] if name not in crisis]


def _of_contacts(study: Study, name: str, question: str, measure: Callable[[pd.DataFrame], Result]) -> Finding:
    """Ask a question of the contacts of known persons, in the order of time."""
    rows = contacts(study)
    if rows is None:
        return find(study, "analyse", name, question, no_data("contact"))
    return find(study, "analyse", name, question, estimated(lambda: measure(rows)), tables=("contact",))


def clocks(study: Study) -> Finding:
    """How long are people detained under section 136, and where are they taken?"""
    question = "How long are people detained under section 136 of the Mental Health Act?"
    rows = study.table("detention")
    if rows is None:
        silent = NotEstimable(reason="the profile has no section 136 data", remedy="Add section-136 to sources.")
        return find(study, "analyse", "section_136", question, silent, tables=("detention",))
    result = estimated(lambda: measure_clocks(rows))
    return find(study, "analyse", "section_136", question, result, tables=("detention",))


def failure_demand(study: Study) -> Finding:
    """How much of what is asked for arises because something was not done, or not done right?"""
    question = "How much of the demand is failure demand?"
    coded = study.table("coded_demand")
    if coded is None:
        silent = NotEstimable(
            reason="the profile has no coded demand",
            remedy="Let two people read a sample of contacts, each without the other’s codes (local-coded-demand).",
        )
        return find(study, "analyse", "failure_demand", question, silent, tables=("coded_demand",))
    wide = coded.pivot(index="item_id", columns="coder", values="code").reset_index()
    coders = [name for name in ("first", "second") if name in wide]
    try:
        result: Result = measure_failure_demand(wide, coders=coders)
    except NotEstimableError as error:
        result = NotEstimable(reason=error.message)
    return find(study, "analyse", "failure_demand", question, result, tables=("coded_demand",))
