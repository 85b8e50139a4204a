"""How much of it is there, is it a problem, how high is the rate, and what does it weigh?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from problemsolving.dictionary.codelists import label
from problemsolving.governance.suppression import find_totals, suppress
from problemsolving.measures.demand import compare_currencies
from problemsolving.measures.rates import count_events, crude_rate
from problemsolving.measures.weights import WeightTable, weight_table
from problemsolving.results import Column, Statement, Table, listed
from problemsolving.sara.capabilities import MINUTES, OFFENCES, not_told
from problemsolving.sara.caveats import population_caveats, visitor_caveat
from problemsolving.sara.findings import Finding, find
from problemsolving.study import Study


def incidents(study: Study) -> Finding:
    """How much of it is there, and how much of that can be placed?"""
    found = study.incidents.cells.groupby("place")["count"].sum()
    counts = pd.Series(
        {"read": found.sum(), **{place: found.get(place, 0.0) for place in ("in area", "unplaced", "elsewhere")}}
    )
    notes: tuple[str, ...] = (f"Counted: {listed(study.problem.category_labels)}",)
    if study.problem.wording_note:
        notes += (study.problem.wording_note.rstrip("."),)
    repeated = study.repeated_identifiers
    if repeated:
        notes += (repeated,)
    sentence = "{read} incidents were read: {in_area} lie in the area, {unplaced} have no place in the source, {elsewhere} lie elsewhere."
    result = count_events(counts, heading="Incidents", sentence=sentence, total="read", caveats=notes)
    return find(study, "scan", "incidents", "How much of it is there, and can it be placed?", result)


def _shown(study: Study, counts: pd.Series, *, by: pd.Series | None = None) -> np.ndarray:
    """Tell which counts are not withheld beside their totals: more than that is not said of any of them."""
    cells = pd.DataFrame({"count": counts.to_numpy(float), "by": "all" if by is None else by.to_numpy()})
    hidden = suppress(cells["count"].to_numpy(), study.policy, find_totals(cells, (("by",),)))
    return np.zeros(len(cells), bool) if hidden is None else (~hidden & (cells["count"] >= 1)).to_numpy()


def cheers(study: Study) -> Finding:
    """Is it a problem: community, harm, expectation, events, recurring, similarity?"""
    problem = study.problem
    least = (study.policy.suppress_to or 0) + 1
    months = _shown(study, study.monthly.sum(axis=1))
    places = _shown(study, study.monthly.sum(axis=0), by=study.areas["district_name"])
    every = f"in {'each' if months.all() else f'at least {months.sum()}'} of the {months.size} months"
    few = "one was" if least == 1 else f"{least} were"
    rows = (
        ("Community", f"{problem.area_name}; who lives with it has to be asked", "people"),
        (
            "Harm",
            "not estimable: the source has no offence codes, so harm cannot be weighed"
            if not study.can_tell("incident", "offence_code", True)
            else "offence codes are there: weighed with a named table below, where the profile has one",
            "data",
        ),
        (
            "Expectation",
            f"{label('agency-types', problem.lead_agency)} leads; record here who asked for a response",
            "people",
        ),
        ("Events", f"at least {few} recorded {every}", "data"),
        ("Recurring", f"{places.mean():.0%} of small areas are shown with {least} or more over both periods", "data"),
        ("Similarity", f"all are recorded as: {listed(problem.category_labels)}", "data"),
    )
    table = Table((Column("Element"), Column("Evidence"), Column("Evidence comes from")), rows)
    notes = ("Community, harm and expectation need people's own words: add them before the profile is signed off",)
    words = f"It recurs: incidents recorded as {listed(problem.category_labels)} occurred {every}; {places.mean():.0%} of small areas are shown with {least} or more over both periods."
    return find(study, "scan", "cheers", "Is it a problem?", Statement(text=words, content=table, caveats=notes))


def rate(study: Study) -> Finding:
    """How high is the rate in each district?"""
    problem = study.problem
    areas = study.count(problem.baseline)
    result = crude_rate(areas, by="district_name", years=problem.baseline.years, heading="District")
    result = result.with_caveats(
        "The interval holds chance in the count alone: what differs between places and years comes on top",
        *visitor_caveat(areas, by="district_name", years=problem.baseline.years),
        *population_caveats(study),
    )
    return find(
        study,
        "scan",
        "rate",
        "How high is the rate in each district?",
        result,
        period=str(problem.baseline),
        by_area="district",
    )


def demand(study: Study) -> Finding:
    """What does it weigh: in events, minutes, harm and costs, side by side?"""
    question = "What does it weigh: events, minutes, harm and costs?"
    reasons = {
        currency: missing.reason
        for currency, needs in (("minutes", MINUTES), ("harm", OFFENCES), ("cost", OFFENCES))
        if (missing := not_told(study, needs))
    }
    tables: dict[str, WeightTable] = {}
    for kind in ("harm", "cost"):
        if kind not in reasons:
            found = weights_of(study, kind)
            if found is None:
                reasons[kind] = f"the profile has no table of {kind} weights"
            else:
                tables[kind] = found
    if len(reasons) == 3 and (silent := not_told(study, {**MINUTES, **OFFENCES})):
        return find(study, "scan", "demand", question, silent)
    columns = {"minutes": "minutes"} if "minutes" not in reasons else {}
    coded = {"offence_code": "offence_code"} if tables else {}
    districts = study.areas["district_name"].to_dict()
    rows = study.incidents.counted("area_code", *columns, *coded, areas=districts)
    result = compare_currencies(
        rows.rename(columns={"area_code": "district"}),
        by="district",
        count="count",
        minutes=columns.get("minutes"),
        harm=tables.get("harm"),
        cost=tables.get("cost"),
        code=coded.get("offence_code"),
        reasons=reasons,
        of="incidents",
        heading="District",
    )
    return find(study, "scan", "demand", question, result, tables=("incident", "weight"), by_area="district")


def weights_of(study: Study, kind: str) -> WeightTable | None:
    """Give the profile's table of harm weights or unit costs, or None where it has none."""
    found = study.table("weight")
    rows = None if found is None else found[found["kind"] == kind]
    if rows is None or rows.empty:
        return None
    first = rows.iloc[0]
    source = next(r.source for r in study.readings.values() if r.source.table == "weight")
    year = first["price_year"] if "price_year" in rows else None
    return weight_table(
        rows[["code", "weight", "unit"]].reset_index(drop=True),
        name=first["scheme"],
        version=first["version"],
        unit=first["unit"],
        source=f"{source.publisher}, {source.title}",
        price_year=f"{year:.0f}" if year is not None and year == year else None,
    )
