"""Who is known to several agencies, on which list, and how many to none?"""

from __future__ import annotations

import pandas as pd

from problemsolving.errors import NetworkError, NotEstimableError
from problemsolving.measures.hidden_population import estimate_hidden_population
from problemsolving.measures.lists import member_table
from problemsolving.measures.overlap import count_intersections
from problemsolving.network.overlap.hidden_cohort import size_hidden_cohort
from problemsolving.network.overlap.pairs import share_more
from problemsolving.network.overlap.several import known_to_several
from problemsolving.results import NotEstimable, Result
from problemsolving.sara.analyse.named import MULTI_AGENCY, contacts, no_data
from problemsolving.sara.findings import Finding, find
from problemsolving.study import Study

MOST_LISTS, MOST_CAPTURE = 6, 4  # lists of one picture; lists of one log-linear model
SEVERAL = 4  # agencies from which on people are one class
COHORT = 3  # agencies that make a person one of the hidden cohort


def _busiest(study: Study, most: int) -> list[str]:
    """Name the agencies that know most people, at most so many."""
    rows = contacts(study)
    if rows is None:
        return []
    people = rows.drop_duplicates(["person_id", "agency"])
    return people["agency"].value_counts().head(most).index.tolist()


def _members(rows: pd.DataFrame, lists: list[str]) -> pd.DataFrame:
    """Give who is on which of the lists, one row a person."""
    kept = rows[rows["agency"].isin(lists)].drop_duplicates(["person_id", "agency"])
    return member_table(kept, person="person_id", on="agency")


def several(study: Study) -> Finding:
    """Are more people known to several agencies than chance would give?"""
    question = "Are more people known to several agencies than chance would give?"
    rows = contacts(study)
    if rows is None or rows["agency"].nunique() < 2:
        return find(study, "analyse", "known_to_several", question, no_data("contact"))
    try:
        result: Result = known_to_several(
            rows, population=_residents(study), most=min(SEVERAL, rows["agency"].nunique())
        )
    except (NetworkError, NotEstimableError, ValueError) as error:
        result = NotEstimable(reason=str(error))
    return find(study, "analyse", "known_to_several", question, result, tables=("contact", "population"))


def shared_pairs(study: Study) -> Finding:
    """Which agencies share more people than chance, given how many agencies know each?"""
    question = "Which agencies share more people than chance, given how many agencies know each person?"
    rows = contacts(study)
    if rows is None or rows["agency"].nunique() < 2:
        return find(study, "analyse", "shared_pairs", question, no_data("contact"))
    try:
        result: Result = share_more(rows, population=_residents(study))
    except (NetworkError, NotEstimableError, ValueError) as error:
        result = NotEstimable(reason=str(error))
    return find(study, "analyse", "shared_pairs", question, result, tables=("contact", "population"))


def overlap(study: Study) -> Finding:
    """Who is known to which agencies together?"""
    question = "Who is known to which agencies together?"
    rows, lists = contacts(study), _busiest(study, MOST_LISTS)
    if rows is None or len(lists) < 2:
        return find(study, "analyse", "overlap", question, no_data("contact"))
    result = count_intersections(_members(rows, lists), lists=lists)
    return find(study, "analyse", "overlap", question, result, tables=("contact",))


def hidden_cohort(study: Study) -> Finding:
    """How many do several agencies know who are not on the multi-agency list?"""
    question = "How many people do several agencies know who are not on the multi-agency list?"
    rows, every = contacts(study), study.table("contact")
    if rows is None or every is None:
        return find(study, "analyse", "hidden_cohort", question, no_data("contact"))
    on_list = every.loc[every["kind"] == MULTI_AGENCY, "person_id"] if "kind" in every else every["person_id"].head(0)
    if on_list.empty:
        result: Result = NotEstimable(
            reason="no contact puts a person on the multi-agency list",
            remedy=f'Add the list as contact data of kind "{MULTI_AGENCY}" to sources.',
        )
    else:
        try:
            result = size_hidden_cohort(rows, on_list=on_list.unique().tolist(), least=COHORT)
        except (NetworkError, NotEstimableError, ValueError) as error:
            result = NotEstimable(reason=str(error))
    return find(study, "analyse", "hidden_cohort", question, result, tables=("contact",))


def hidden(study: Study) -> Finding:
    """How many more people may there be whom no agency knows?"""
    question = "How many more people may there be whom no agency knows?"
    rows, lists = contacts(study), _busiest(study, MOST_CAPTURE)
    if rows is None or len(lists) < 2:
        return find(study, "analyse", "hidden_population", question, no_data("contact"))
    try:
        result: Result = estimate_hidden_population(_members(rows, lists), lists=lists, linked="exact").with_caveats(
            "Agencies refer people to each other, so their lists depend on each other: more people are hidden than it seems"
        )
    except NotEstimableError as error:
        result = NotEstimable(reason=error.message)
    return find(study, "analyse", "hidden_population", question, result, tables=("contact",))


def _residents(study: Study) -> int:
    return round(float(study.areas["population"].sum()))
