"""What agencies say of each other in the partnership survey: trust, value, and whether both say the same."""

from __future__ import annotations

import pandas as pd

from problemsolving.network.compare.waves import compare_waves
from problemsolving.network.structure.agency_network import AgencyNetwork
from problemsolving.network.structure.ratings import measure_ratings
from problemsolving.network.structure.survey import build_from_survey, spread_items
from problemsolving.results import NotEstimable, Result
from problemsolving.sara.analyse.named import estimated, listed_agencies, no_data
from problemsolving.sara.findings import Finding, find, once
from problemsolving.study import Study

TABLES = ("tie", "agency")
ANSWERED = "An agency that wrote no answer at all is taken as one that did not answer"


@once
def survey_waves(study: Study) -> dict[int, pd.DataFrame] | None:
    """Give the answers of each wave with agencies by name, one row a rater and rated agency, a column an item."""
    rows, agencies = study.table("tie"), listed_agencies(study)
    if rows is None or agencies is None:
        return None
    names = agencies["agency_name"]
    known = rows.assign(rater=rows["respondent"].map(names), rated=rows["rated"].map(names)).dropna(
        subset=["rater", "rated"]
    )
    waves = known["wave"].fillna(1) if "wave" in known else pd.Series(1, index=known.index)
    return {
        int(wave): spread_items(found[["rater", "rated", "item", "score"]])
        for wave, found in known.groupby(waves, sort=True)
    }


def _scale(study: Study) -> tuple[float, float] | None:
    """Give the lowest and highest score that every survey source allows, where all name one."""
    scales = {
        (found.low, found.high) if (found := reading.source.columns["score"].scale) else None
        for reading in study.readings.values()
        if reading.source.table == "tie"
    }
    return scales.pop() if len(scales) == 1 else None


def trust(study: Study) -> Finding:
    """How far do the agencies trust each other, and what is each worth to the others?"""
    question = "How far do the others trust each agency, and what is it worth to them?"
    waves, agencies, scale = survey_waves(study), listed_agencies(study), _scale(study)
    result: Result
    if not waves or agencies is None:
        result = no_data("tie")
    elif scale is None:
        result = NotEstimable(reason="the source of the survey does not say which scores could be given")
    else:
        rows = waves[max(waves)]
        result = estimated(
            lambda: measure_ratings(
                rows,
                agencies=agencies["agency_name"].tolist(),
                respondents=rows["rater"].unique().tolist(),
                scores={item: [item] for item in _items(rows)},
                scale=scale,
                n_resamples=1_999,
                rng=study.rng("trust"),
            ).with_caveats(ANSWERED)
        )
    return find(study, "analyse", "trust", question, result, tables=TABLES)


def survey_change(study: Study) -> Finding:
    """Do the agencies work together more closely than at the survey before?"""
    question = "Do the agencies work together more closely than at the survey before?"
    waves, agencies, scale = survey_waves(study), listed_agencies(study), _scale(study)
    result: Result
    if not waves or agencies is None:
        result = no_data("tie")
    elif len(waves) < 2 or scale is None:
        result = NotEstimable(reason="one wave of the survey, or no scale, does not tell a change")
    else:
        first, second = (waves[wave] for wave in sorted(waves)[-2:])
        answered = [name for name in agencies["agency_name"] if name in set(first["rater"]) & set(second["rater"])]
        middle = sum(scale) / 2
        result = estimated(
            lambda: compare_waves(
                *(_network(rows, answered, scale) for rows in (first, second)),
                tie_from=middle,
                rng=study.rng("survey_change"),
            ).with_caveats(
                f"Two agencies are tied where the one scores the other {middle:g} or more, the middle of the scale",
                "Agencies that answered both times are compared",
            )
        )
    return find(study, "analyse", "survey_change", question, result, tables=TABLES)


def _network(rows: pd.DataFrame, agencies: list[str], scale: tuple[float, float]) -> AgencyNetwork:
    kept = rows[rows["rater"].isin(agencies) & rows["rated"].isin(agencies)]
    return build_from_survey(kept, agencies=agencies, respondents=agencies, items=_items(rows), scale=scale)


def _items(rows: pd.DataFrame) -> list[str]:
    return [name for name in rows if name not in ("rater", "rated")]
