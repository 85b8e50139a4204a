"""Analyse: why here, why now, who works with whom, and what test did each hypothesis get?"""

from problemsolving.sara.analyse.agencies import (
    agencies,
    failure_demand,
    hidden,
    journeys,
    overlap,
    overlap_pairs,
    waits,
)
from problemsolving.sara.analyse.reasoning import chain, hypotheses, tested, triangle
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
    "agencies", "chain", "change", "change_points", "demand_change", "diagram", "driver_effects", "excess_share",
    "failure_demand", "forecast", "hidden", "hypotheses", "importance", "journeys", "overall_change", "overlap",
    "overlap_pairs", "rate_ratio", "tested", "triangle", "unusual_months", "waits",
]  # fmt: skip
