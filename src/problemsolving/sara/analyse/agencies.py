"""Who works with whom, and who holds it together?"""

from __future__ import annotations

from collections.abc import Callable

from problemsolving.dictionary.codelists import label
from problemsolving.errors import NetworkError
from problemsolving.network.structure.agencies import measure_agencies
from problemsolving.network.structure.agency_network import AgencyNetwork
from problemsolving.network.structure.build import build_from_referrals
from problemsolving.network.structure.matrix import AgencyMatrix, build_agency_network, measure_agency_matrix
from problemsolving.network.structure.whole import measure_whole_network
from problemsolving.results import NotEstimable, Result
from problemsolving.sara.analyse.named import UNLISTED, estimated, listed_agencies, no_data, referrals
from problemsolving.sara.findings import Finding, find, once
from problemsolving.study import Study

TABLES = ("referral", "agency")
NETWORK_DRAWS = 499  # networks drawn anew


@once
def agencies(study: Study) -> Finding:
    """Who hands people over to whom?"""
    question = "Who hands people over to whom?"
    rows, listed = referrals(study), listed_agencies(study)
    if rows is None or listed is None:
        return find(study, "analyse", "agency_network", question, no_data("referral"))
    known = [*listed["agency_name"], *({UNLISTED} & {*rows["from_agency"], *rows["to_agency"]})]
    result = measure_agency_matrix(build_agency_network(rows, agencies=known))
    return find(study, "analyse", "agency_network", question, result, tables=TABLES)


@once
def network_of(study: Study) -> AgencyNetwork | NotEstimable:
    """Build the network of referrals among the agencies listed, with their kind as sector."""
    rows, listed = referrals(study), listed_agencies(study)
    if rows is None or listed is None:
        return no_data("referral")
    inside = rows[(rows["from_agency"] != UNLISTED) & (rows["to_agency"] != UNLISTED)]
    sectors = {row.agency_name: label("agency-types", row.agency_type) for row in listed.itertuples()}
    try:
        return build_from_referrals(inside, agencies=listed["agency_name"].tolist(), sectors=sectors)
    except NetworkError as error:
        return NotEstimable(reason=error.message)


def whole_network(study: Study) -> Finding:
    """How closely do the agencies work together?"""
    return _of_network(study, "whole_network", "How closely do the agencies work together?", measure_whole_network)


def brokers(study: Study) -> Finding:
    """Who holds it together?"""
    return _of_network(study, "agency_positions", "Who holds it together?", measure_agencies, lot="brokers")


def _of_network(study: Study, name: str, question: str, measure: Callable[..., Result], *, lot: str = "") -> Finding:
    """Ask a question of the network of referrals; ``lot`` names its randomness, the finding's name when not given."""
    network = network_of(study)
    result: Result = (
        network
        if isinstance(network, NotEstimable)
        else estimated(
            lambda: measure(network, tie_from=_shown_from(study), n_resamples=NETWORK_DRAWS, rng=study.rng(lot or name))
        )
    )
    return find(study, "analyse", name, question, result, tables=TABLES)


def _shown_from(study: Study) -> float | None:
    """Give the smallest number of referrals that is shown between two agencies: fewer are counted as no tie."""
    shown = agencies(study).released.result
    counts = shown.frame["count"] if isinstance(shown, AgencyMatrix) else None
    if counts is None or not counts.isna().any():
        return None
    known = counts[counts > 0]
    return float(known.min()) if len(known) else None
