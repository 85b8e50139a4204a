"""What is planted in the simulated partnership: the answer sheet, as data."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from problemsolving.periods import Month, Period


@dataclass(frozen=True)
class Truths:
    """Every number that a method should find again."""

    baseline: Period = field(default_factory=lambda: Period(Month(2023, 4), Month(2024, 3)))
    follow_up: Period = field(default_factory=lambda: Period(Month(2024, 4), Month(2025, 3)))
    rate_per_1000: float = 30.0
    rate_ratios: dict[str, float] = field(
        default_factory=lambda: {"income": 1.40, "housing": 1.00, "environment": 1.12}
    )
    area_dispersion: float = 0.20  # standard deviation of the log of what areas have beyond the drivers
    area_drift: float = 0.08  # standard deviation of the log of what areas change by themselves between the periods
    season: float = 0.10  # half-width of the yearly swing
    special_month: Month = field(default_factory=lambda: Month(2023, 12))
    special_ratio: float = 1.55
    response_ratio: float = 0.75
    response_places: int = 8
    share_unplaced: float = 0.03
    share_elsewhere: float = 0.008
    other_categories: dict[str, float] = field(
        default_factory=lambda: {
            "anti-social-behaviour": 0.55,
            "criminal-damage-arson": 0.25,
            "burglary": 0.15,
            "shoplifting": 0.25,
        }
    )
    people: int = 1_400
    median_wait_days: dict[str, float] = field(
        default_factory=lambda: {
            "mental-health": 34.0,
            "drug-alcohol": 15.0,
            "housing": 12.0,
            "council": 8.0,
            "voluntary": 6.0,
            "police": 2.0,
        }
    )
    bottleneck: str = "mental-health"

    def as_record(self) -> dict[str, Any]:
        """Give the answer sheet as plain values."""
        record = asdict(self)
        record |= {
            "baseline": str(self.baseline),
            "follow_up": str(self.follow_up),
            "special_month": str(self.special_month),
        }
        return record


DISTRICTS = (("E06999001", "Westhaven", 42), ("E06999002", "Northmere", 30), ("E06999003", "Eastmoor", 6))
AGENCIES = (
    ("police", "Westhaven and Northmere Police", "police"),
    ("ambulance", "Coastal Ambulance Service", "ambulance"),
    ("emergency", "Westhaven Emergency Department", "emergency-department"),
    ("mental-health", "Coastal Mental Health Trust", "mental-health-trust"),
    ("council", "Westhaven Council", "council"),
    ("housing", "Northmere Homes", "housing"),
    ("drug-alcohol", "Turning Tide Recovery", "drug-alcohol-service"),
    ("voluntary", "Harbour Voluntary Action", "voluntary"),
)
PATHWAYS = (  # from, to, share of referrals
    ("police", "mental-health", 0.20),
    ("police", "council", 0.13),
    ("police", "voluntary", 0.07),
    ("emergency", "mental-health", 0.17),
    ("ambulance", "mental-health", 0.08),
    ("council", "housing", 0.11),
    ("housing", "council", 0.05),
    ("emergency", "drug-alcohol", 0.07),
    ("mental-health", "drug-alcohol", 0.04),
    ("mental-health", "voluntary", 0.04),
    ("council", "voluntary", 0.03),
    ("drug-alcohol", "police", 0.01),
)
