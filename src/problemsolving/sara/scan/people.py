"""To whom does it happen, and whom do the police stop?"""

from __future__ import annotations

import pandas as pd

from problemsolving.measures.characteristics import RecordedBy
from problemsolving.measures.composition import measure_composition
from problemsolving.measures.disproportionality import estimate_disproportionality
from problemsolving.results import NotEstimable, Result
from problemsolving.sara.capabilities import PEOPLE, not_told
from problemsolving.sara.findings import Finding, find
from problemsolving.study import Study

STOP_AGES = {"10-17": ["aged_10_17"], "18-24": ["aged_18_24"], "25-34": ["aged_25_34"], "over 34": ["aged_35_49", "aged_50_64", "aged_65_over"]}  # fmt: skip
VICTIM_AGES = {
    "0-17": ["aged_0_9", "aged_10_17"],
    "18-24": ["aged_18_24"],
    "25-34": ["aged_25_34"],
    "35-49": ["aged_35_49"],
    "50-64": ["aged_50_64"],
    "65+": ["aged_65_over"],
}
ETHNIC_GROUPS = {"White": "white", "Asian": "asian", "Black": "black", "Mixed": "mixed", "Other": "other"}
RESIDENTS = "Add a data set of table population_group (residents by age, sex, ethnic group) to sources in problem.yml."
NO_STOPS = NotEstimable(
    reason="the profile has no stop and search data", remedy="Add police-uk-stop-and-search to sources."
)
NOT_STATED = ("Other ethnic group - Not stated", "Not stated", "Unknown")


def people(study: Study) -> Finding:
    """To whom does it happen?"""
    question = "To whom does it happen?"
    if silent := not_told(study, PEOPLE):
        return find(study, "scan", "victims_by_age", question, silent)
    rows = study.incidents.counted("victim_age_band")
    events = rows.rename(columns={"victim_age_band": "group"})
    result = _by_group(study, events, VICTIM_AGES, reference="35-49", of="victims", characteristic="age")
    return find(study, "scan", "victims_by_age", question, result, tables=("incident", "population_group"))


def victims_by_sex(study: Study) -> Finding:
    """Does it happen to women and girls, or to men and boys?"""
    question = "Does it happen more to one sex?"
    if silent := not_told(study, PEOPLE):
        return find(study, "scan", "victims_by_sex", question, silent)
    events = study.incidents.counted("victim_sex").rename(columns={"victim_sex": "group"})
    columns = {"female": ["female"], "male": ["male"]}
    result = _by_group(study, events, columns, reference="male", of="victims", characteristic="sex")
    return find(study, "scan", "victims_by_sex", question, result, tables=("incident", "population_group"))


def stops(study: Study) -> Finding:
    """Who is stopped and searched, for the residents of each age?"""
    question = "Who is stopped and searched?"
    rows = stops_in_area(study)
    if rows is None:
        return find(study, "scan", "stops_by_age", question, NO_STOPS, tables=("stop_search",))
    bands = rows["age_band"].replace("under 10", None)
    result = _by_group(study, _one_each(bands), STOP_AGES, reference="over 34", of="stops", characteristic="age")
    result = result.with_caveats(
        "Times are UTC: days and hours would be an hour early in summer, so none are shown",
        "Stops of vehicles alone have no person and are left out; one person may be stopped several times",
    )
    return find(study, "scan", "stops_by_age", question, result, tables=("stop_search", "population_group"))


def stops_by_ethnicity(study: Study) -> Finding:
    """Who is stopped and searched, by the ethnic group that people give themselves?"""
    question = "Who is stopped and searched, by ethnic group as people say it themselves?"
    rows = stops_in_area(study)
    if rows is None:
        return find(study, "scan", "stops_by_ethnicity", question, NO_STOPS, tables=("stop_search",))
    told = rows["ethnicity_self_defined"].where(~rows["ethnicity_self_defined"].isin(NOT_STATED))
    groups = told.map(_ethnic_group)
    columns = {label: [column] for label, column in ETHNIC_GROUPS.items()}
    result = _by_group(
        study,
        _one_each(groups),
        columns,
        reference="White",
        of="stops",
        characteristic="ethnicity",
        recorded="self-defined",
    )
    return find(study, "scan", "stops_by_ethnicity", question, result, tables=("stop_search", "population_group"))


def _ethnic_group(words: object) -> str | None:
    """Give the group of the census that a self-defined ethnicity belongs to, by the word it begins with."""
    text = str(words)
    found = [label for label in ETHNIC_GROUPS if text.startswith(label)]
    return found[0] if found else None


def stops_in_area(study: Study) -> pd.DataFrame | None:
    """Stops of persons in the months of both periods, by the clocks of the United Kingdom.

    The force is taken as the area where the profile covers every district that its files hold.
    """
    months = [str(month) for month in study.problem.months]
    return study.ask(
        "stop_search",
        "select * from canonical where kind <> 'Vehicle search' and "
        "strftime(timezone('Europe/London', timezone('UTC', stopped_at)), '%Y-%m') in (select unnest(?))",
        [months],
    )


def _one_each(groups: pd.Series) -> pd.DataFrame:
    """Give events with their group, one a row."""
    return pd.DataFrame({"group": groups.to_numpy(), "count": 1.0})


def _by_group(
    study: Study,
    events: pd.DataFrame,
    columns: dict[str, list[str]],
    *,
    reference: str,
    of: str,
    characteristic: str,
    recorded: RecordedBy = "as recorded",
) -> Result:
    """Compare groups (``group`` and ``count`` of events) by residents where there are any, else tell counts and shares alone: no denominators, no ratio."""
    totals = study.residents.sum(min_count=1)
    residents = pd.DataFrame(
        [(label, float(totals[named].sum(skipna=False))) for label, named in columns.items()],
        columns=["group", "population"],
    )
    if residents["population"].isna().any():
        shares = measure_composition(
            events, by="group", count="count", recorded_by=recorded, of=of, characteristic=characteristic
        )
        return shares.with_caveats(
            f"No denominators, no ratio: residents by {characteristic} are not loaded. {RESIDENTS.rstrip('.')}"
        )
    years = len(study.problem.months) / 12
    return estimate_disproportionality(
        events,
        residents,
        by="group",
        count="count",
        reference=reference,
        recorded_by=recorded,
        years=years,
        of=of,
        characteristic=characteristic,
    )
