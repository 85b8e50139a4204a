"""Who works with whom, where people wait, and who is known to several agencies."""

from __future__ import annotations

import pandas as pd

from problemsolving.drivers.failure_demand import measure_failure_demand
from problemsolving.errors import NotEstimableError
from problemsolving.measures.hidden_population import estimate_hidden_population
from problemsolving.measures.lists import member_table
from problemsolving.measures.overlap import count_intersections, measure_pairs
from problemsolving.network.pathways.follows import map_journeys
from problemsolving.network.pathways.waits import median_waits
from problemsolving.network.structure.matrix import build_agency_network, measure_agency_matrix
from problemsolving.results import NotEstimable, Result
from problemsolving.sara.capabilities import PERSONS, not_told
from problemsolving.sara.findings import Finding, find, once
from problemsolving.study import Study

NO_CONTACTS = "the profile has no {table} data"
WHO_COULD = "Add {table} data of the partner agencies to sources in problem.yml, with a sharing record."
UNLISTED = "agency not in the agency table"
MOST_LISTS, MOST_CAPTURE = 6, 4  # lists of one picture; lists of one log-linear model


def _named(study: Study, table: str, *columns: str) -> pd.DataFrame | None:
    """Give contacts or referrals with agencies by name."""
    rows, agencies = study.table(table), study.table("agency")
    if rows is None or agencies is None:
        return None
    names = agencies.set_index("agency_id")["agency_name"]
    return rows.assign(**{column: rows[column].map(names).fillna(UNLISTED) for column in columns})


def _no(table: str) -> NotEstimable:
    return NotEstimable(reason=NO_CONTACTS.format(table=table), remedy=WHO_COULD.format(table=table))


def agencies(study: Study) -> Finding:
    """Who hands people over to whom?"""
    question = "Who hands people over to whom?"
    referrals, listed = _named(study, "referral", "from_agency", "to_agency"), study.table("agency")
    if referrals is None or listed is None:
        return find(study, "analyse", "agency_network", question, _no("referral"))
    known = [*listed["agency_name"], *({UNLISTED} & {*referrals["from_agency"], *referrals["to_agency"]})]
    result = measure_agency_matrix(build_agency_network(referrals, agencies=known))
    return find(study, "analyse", "agency_network", question, result, tables=("referral", "agency"))


@once
def waits(study: Study) -> Finding:
    """Where do people wait?"""
    question = "Where do people wait?"
    referrals = _named(study, "referral", "from_agency", "to_agency")
    if referrals is None:
        return find(study, "analyse", "median_wait", question, _no("referral"))
    result = median_waits(referrals, by=["from_agency", "to_agency"])
    return find(study, "analyse", "median_wait", question, result, tables=("referral",))


def journeys(study: Study) -> Finding:
    """Which agency do people meet next?"""
    question = "Which agency do people meet next?"
    contacts = _named(study, "contact", "agency_id")
    if contacts is None:
        return find(study, "analyse", "next_contact", question, _no("contact"))
    result = map_journeys(contacts, step="agency_id")
    return find(study, "analyse", "next_contact", question, result, tables=("contact",))


def known_people(study: Study, most: int) -> tuple[pd.DataFrame, list[str]] | None:
    """Give who is known to which agencies, the agencies with most people first; None without linked contacts."""
    contacts = _named(study, "contact", "agency_id")
    if contacts is None or not_told(study, PERSONS, table="contact"):
        return None
    people = contacts.drop_duplicates(["person_id", "agency_id"])
    lists = people["agency_id"].value_counts().head(most).index.tolist()
    kept = people[people["agency_id"].isin(lists)]
    return member_table(kept, person="person_id", on="agency_id"), lists


def overlap(study: Study) -> Finding:
    """Who is known to which agencies together?"""
    question = "Who is known to which agencies together?"
    known = known_people(study, MOST_LISTS)
    if known is None or len(known[1]) < 2:
        return find(study, "analyse", "overlap", question, _no("contact"))
    people, lists = known
    result = count_intersections(people, lists=lists)
    return find(study, "analyse", "overlap", question, result, tables=("contact",))


def overlap_pairs(study: Study) -> Finding:
    """Which agencies share more people than independence would give?"""
    question = "Which agencies share more people than independence would give?"
    known = known_people(study, MOST_LISTS)
    if known is None or len(known[1]) < 2:
        return find(study, "analyse", "overlap_pairs", question, _no("contact"))
    people, lists = known
    result = measure_pairs(people, lists=lists, population=round(float(study.areas["population"].sum())))
    return find(study, "analyse", "overlap_pairs", question, result, tables=("contact", "population"))


def hidden(study: Study) -> Finding:
    """How many more people may there be whom no agency knows?"""
    question = "How many more people may there be whom no agency knows?"
    known = known_people(study, MOST_CAPTURE)
    if known is None or len(known[1]) < 2:
        return find(study, "analyse", "hidden_population", question, _no("contact"))
    people, lists = known
    try:
        result: Result = estimate_hidden_population(people, lists=lists, linked="exact").with_caveats(
            "Agencies refer people to each other, so their lists depend on each other: more people are hidden than it seems"
        )
    except NotEstimableError as error:
        result = NotEstimable(reason=error.message)
    return find(study, "analyse", "hidden_population", question, result, tables=("contact",))


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
