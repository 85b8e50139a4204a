"""Analyse: why here, why now, who works with whom, and what test did each hypothesis get?"""

from problemsolving.sara.analyse.agencies import agencies, brokers, whole_network
from problemsolving.sara.analyse.journeys import (
    clocks,
    contacts_before,
    drop_off,
    failure_demand,
    first_steps,
    journey_steps,
    journeys,
    returns,
    seen_by_all,
    waits,
)
from problemsolving.sara.analyse.reasoning import chain, hypotheses, tested, triangle
from problemsolving.sara.analyse.shared_people import hidden, hidden_cohort, overlap, several, shared_pairs
from problemsolving.sara.analyse.survey import survey_change, trust
from problemsolving.sara.analyse.why_here import diagram, driver_effects, excess_share, importance, rate_ratio
from problemsolving.sara.analyse.why_now import (
    change,
    change_points,
    demand_change,
    forecast,
    overall_change,
    unusual_months,
)

__all__ = [
    "agencies", "brokers", "chain", "change", "change_points", "clocks", "contacts_before", "demand_change", "diagram",
    "driver_effects", "drop_off", "excess_share", "failure_demand", "first_steps", "forecast", "hidden", "hidden_cohort",
    "hypotheses", "importance", "journey_steps", "journeys", "overall_change", "overlap", "rate_ratio", "returns",
    "seen_by_all", "several", "shared_pairs", "survey_change", "tested", "triangle", "trust", "unusual_months", "waits", "whole_network",
]  # fmt: skip
