"""Contacts and referrals with agencies by name, for every question of the network."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from problemsolving.errors import NetworkError, NotEstimableError
from problemsolving.results import NotEstimable, Result
from problemsolving.sara.capabilities import PERSONS, not_told
from problemsolving.sara.findings import once
from problemsolving.study import Study

WHO_COULD = "Add {table} data of the partner agencies to sources in problem.yml, with a sharing record."
UNLISTED = "agency not in the agency table"
MULTI_AGENCY = "multi-agency list"  # kind of a contact that puts a person on the list where all agencies meet
CRISIS = ("police", "ambulance", "emergency-department", "fire")  # agency types that meet people first, at any hour


def no_data(table: str) -> NotEstimable:
    """Say that the profile has no data of a table, and what would help."""
    return NotEstimable(reason=f"the profile has no {table} data", remedy=WHO_COULD.format(table=table))


def estimated(measure: Callable[[], Result]) -> Result:
    """Give a result, or the reason why the data cannot give one."""
    try:
        return measure()
    except (NetworkError, NotEstimableError) as error:
        return NotEstimable(reason=error.message)


@once
def listed_agencies(study: Study) -> pd.DataFrame | None:
    """Give the agencies' names, with their sectors: ``agency_id`` (index), ``agency_name``, ``agency_type``."""
    found = study.table("agency")
    return None if found is None else found.set_index("agency_id")


def named(study: Study, table: str, *columns: str) -> pd.DataFrame | None:
    """Give contacts or referrals with agencies by name, or None where the profile has none."""
    rows, agencies = study.table(table), listed_agencies(study)
    if rows is None or agencies is None:
        return None
    names = agencies["agency_name"]
    return rows.assign(**{column: rows[column].map(names).fillna(UNLISTED) for column in columns})


@once
def referrals(study: Study) -> pd.DataFrame | None:
    """Give referrals with both agencies by name."""
    return named(study, "referral", "from_agency", "to_agency")


@once
def contacts(study: Study) -> pd.DataFrame | None:
    """Give contacts of known persons with the agency by name (``agency``), those of the multi-agency list left out."""
    found = named(study, "contact", "agency_id")
    if found is None or not_told(study, PERSONS, table="contact"):
        return None
    if "kind" in found:
        found = found[found["kind"] != MULTI_AGENCY]
    return found.rename(columns={"agency_id": "agency"}).reset_index(drop=True)


def crisis_agencies(study: Study) -> list[str]:
    """Name the agencies that meet people first, at any hour: police, ambulance, emergency department, fire."""
    agencies = listed_agencies(study)
    return [] if agencies is None else agencies.loc[agencies["agency_type"].isin(CRISIS), "agency_name"].tolist()
