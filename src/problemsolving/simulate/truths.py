"""What is planted in the simulated partnership: every number that a method should find again, with its unit."""

# ruff: noqa: RUF009 (planted gives a field, not a value)

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from problemsolving.periods import Month, Period


def planted(value: Any, unit: str) -> Any:
    """Give a field its default and its unit."""
    return field(default_factory=lambda: value, metadata={"unit": unit})


@dataclass(frozen=True)
class Truths:
    """Every number that a method should find again; ``metadata["unit"]`` of a field is its unit."""

    baseline: Period = planted(Period(Month(2023, 4), Month(2024, 3)), "months")
    follow_up: Period = planted(Period(Month(2024, 4), Month(2025, 3)), "months")
    # how much, where and when
    rate_per_1000: float = planted(
        30.0, "violent incidents per 1,000 residents a year, in an area average on every driver"
    )
    rate_ratios: dict[str, float] = planted(
        {"income": 1.40, "housing": 1.00, "environment": 1.12}, "rate ratio per standard deviation of the score"
    )
    area_dispersion: float = planted(0.20, "standard deviation of the log rate of areas beyond the drivers")
    area_drift: float = planted(0.08, "standard deviation of the log change of areas from baseline to follow-up")
    season: float = planted(0.10, "half-width of the yearly swing, share of the mean")
    special_month: Month = planted(Month(2023, 12), "month")
    special_ratio: float = planted(1.55, "rate ratio of violent incidents in the special month")
    other_categories: dict[str, float] = planted(
        {"anti-social-behaviour": 0.55, "criminal-damage-arson": 0.25, "burglary": 0.15, "shoplifting": 0.25},
        "rate ratio to violent incidents",
    )
    weekday_weights: tuple[float, ...] = planted(
        (0.90, 0.88, 0.90, 0.94, 1.12, 1.32, 1.04), "relative rate of a day, Monday to Sunday"
    )
    night_share: dict[str, float] = planted(
        {"violent-crime": 0.55, "other": 0.30}, "share between 20:00 and 03:00, spread evenly over these hours"
    )
    hot_places: int = planted(12, "hot places an area, of 576 places")
    hot_place_share: float = planted(0.30, "share of background incidents at the hot places of their area")
    near_repeats: dict[str, float] = planted(
        {"burglary": 0.25, "criminal-damage-arson": 0.10}, "near repeats that each incident causes (branching ratio)"
    )
    near_repeat_days: int = planted(14, "days within which a near repeat follows, every day as likely")
    near_repeat_metres: float = planted(200.0, "metres within which a near repeat lies")
    share_unplaced: float = planted(0.03, "share of incidents without a place")
    share_elsewhere: float = planted(0.008, "share of incidents recorded in the district outside")
    median_minutes: dict[str, float] = planted(
        {
            "violent-crime": 180.0,
            "anti-social-behaviour": 45.0,
            "criminal-damage-arson": 60.0,
            "burglary": 150.0,
            "shoplifting": 40.0,
        },
        "minutes of staff time, median; the log has a standard deviation of 0.5",
    )
    # to whom
    people: int = planted(10_000, "people known to the partnership")
    share_victim_known: float = planted(1.0, "share of crimes whose victim has a pseudonym")
    share_suspect_known: float = planted(0.35, "share of crimes with a suspect")
    chronic_people: float = planted(0.02, "share of people who are chronic victims")
    chronic_share: float = planted(0.10, "share of victimisations kept for chronic victims")
    suspect_sex_ratio: float = planted(4.0, "rate ratio of being a suspect, male to female")
    domestic_share: float = planted(0.33, "share of violent incidents flagged as domestic abuse")
    ethnicity_known: float = planted(0.80, "share of people whose self-defined ethnicity is recorded")
    ethnicity_agrees: float = planted(0.95, "share in which the officer-defined group equals the self-defined one")
    disability_share: float = planted(0.22, "share of people")
    care_share: float = planted(0.06, "share of people")
    residents_by_age: dict[str, float] = planted(
        {
            "aged_0_9": 0.12,
            "aged_10_17": 0.10,
            "aged_18_24": 0.09,
            "aged_25_34": 0.14,
            "aged_35_49": 0.20,
            "aged_50_64": 0.19,
            "aged_65_over": 0.16,
        },
        "share of residents, every area alike",
    )
    residents_by_sex: dict[str, float] = planted({"female": 0.51, "male": 0.49}, "share of residents, every area alike")
    residents_by_ethnicity: dict[str, float] = planted(
        {"asian": 0.10, "black": 0.05, "mixed": 0.03, "white": 0.79, "other": 0.03},
        "share of residents, every area alike",
    )
    coded_items: int = planted(400, "items of demand that two coders read")
    failure_share: float = planted(0.35, "share of items that the first coder calls failure demand")
    coders_differ: float = planted(0.08, "share of items to which the second coder gives the other code")
    # what the partnership did
    response_ratio: float = planted(0.75, "rate ratio of violent incidents in response areas during the follow-up")
    response_places: int = planted(8, "areas")
    displaced_share: float = planted(0.20, "share of prevented incidents that happen in the buffer areas instead")
    # pathways
    clients: int = planted(1_400, "people who take a journey through the agencies")
    journeys_a_client: float = planted(2.0, "journeys a client over the whole time: one and a Poisson number more")
    median_wait_days: dict[str, float] = planted(
        {"mental-health": 34.0, "drug-alcohol": 15.0, "housing": 12.0, "council": 8.0, "voluntary": 6.0, "police": 2.0},
        "days from referral to being seen, median; the log has a standard deviation of 0.6",
    )
    bottleneck: str = planted("mental-health", "agency")
    dropped_share: float = planted(0.08, "share of referrals never taken up; the journey ends")
    desk_servers: dict[str, int] = planted({"emergency": 1}, "people attended to at once, a team")
    desk_hours: dict[str, float] = planted({"emergency": 12.0}, "hours of attending, mean, exponential")
    # who is known to whom
    vulnerable_share: float = planted(0.15, "share of people who are vulnerable")
    vulnerable_odds: float = planted(4.0, "odds ratio of being known to an agency, vulnerable to not")
    known_share: dict[str, float] = planted(
        {
            "police": 0.10,
            "ambulance": 0.06,
            "emergency": 0.08,
            "mental-health": 0.05,
            "council": 0.09,
            "housing": 0.07,
            "drug-alcohol": 0.03,
            "voluntary": 0.04,
        },
        "share of people who are not vulnerable on the agency's list (contacts of kind case)",
    )
    capture_share: dict[str, float] = planted(
        {"drug-alcohol": 0.30, "mental-health": 0.25, "emergency": 0.20, "voluntary": 0.15},
        "share of the hidden population on the agency's list (contacts of kind need)",
    )
    dependent_lists: tuple[str, str] = planted(
        ("drug-alcohol", "voluntary"), "agencies whose lists depend on each other"
    )
    dependence_odds: float = planted(3.0, "odds ratio of the two dependent lists")
    # how people fare, what agencies say
    wellbeing_start: float = planted(20.5, "SWEMWBS raw points, mean")
    wellbeing_spread: float = planted(4.0, "SWEMWBS raw points, standard deviation of people")
    wellbeing_change: float = planted(2.4, "SWEMWBS raw points, mean change of people served")
    wellbeing_change_others: float = planted(0.6, "SWEMWBS raw points, mean change of people not served")
    answers_again: float = planted(0.70, "share who answer in wave 2")
    tie_within: float = planted(4.0, "points, mean score within a block")
    tie_between: float = planted(2.8, "points, mean score between blocks")
    tie_reciprocity: float = planted(0.60, "correlation of the two directions of a dyad beyond the blocks")
    tie_gain: float = planted(0.30, "points, mean gain from wave 1 to wave 2")
    commitment_means: dict[str, float] = planted(
        {
            "whole-system": 3.2,
            "ethical-sharing": 2.4,
            "standard-outcomes": 2.1,
            "drivers-of-demand": 2.8,
            "community-voice": 3.0,
            "leadership": 3.6,
            "training": 2.6,
            "evaluate-the-consensus": 1.9,
        },
        "rating 1 to 5, mean before rounding; levels of agencies have a standard deviation of 0.5",
    )
    commitment_gain: float = planted(
        0.4, "steps of the rating, mean gain from the end of the baseline to the end of the data"
    )
    theme_shares: dict[str, float] = planted(
        {
            "safety": 0.26,
            "trust": 0.18,
            "access": 0.20,
            "being-heard": 0.12,
            "place": 0.10,
            "young-people": 0.08,
            "recovery": 0.06,
        },
        "share of voices",
    )
    voices: int = planted(240, "voices")
    assets_per_area: float = planted(0.8, "assets an area, Poisson")
    # hostile worlds
    area_month_variance: float = planted(0.0, "variance of the gamma factor of an area's month (mean 1)")
    month_rho: float = planted(0.0, "autocorrelation of the log factor of months")
    month_spread: float = planted(0.0, "standard deviation of the log factor of months")
    recording_step: float = planted(1.0, "rate ratio from the recording month on, every category")
    recording_month: Month | None = planted(None, "month; half-way through the data")
    picked_for_being_high: bool = planted(
        False, "whether response areas are those with most violent incidents in the baseline"
    )

    @property
    def months(self) -> list[Month]:
        """Months of the data, in order."""
        return [*self.baseline, *self.follow_up]

    @property
    def shares(self) -> dict[str, float]:
        """Category → rate ratio to violent incidents."""
        return {"violent-crime": 1.0, **self.other_categories}

    def as_record(self) -> dict[str, Any]:
        """Give what is planted as plain values, and the unit of each under ``units``."""
        record: dict[str, Any] = {}
        for found in fields(self):
            value = getattr(self, found.name)
            record[found.name] = str(value) if isinstance(value, Period | Month) else value
        return record | {"units": {found.name: found.metadata["unit"] for found in fields(self)}}


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
BLOCKS = (("police", "ambulance", "emergency", "mental-health"), ("council", "housing", "drug-alcohol", "voluntary"))
ENTRIES = {"police": 0.40, "emergency": 0.25, "council": 0.20, "ambulance": 0.10, "housing": 0.05}
TRANSITIONS: dict[str, dict[str, float]] = {  # from → to → probability; the rest of a row leaves
    "police": {"mental-health": 0.50, "council": 0.30, "voluntary": 0.15},
    "ambulance": {"mental-health": 0.80},
    "emergency": {"mental-health": 0.62, "drug-alcohol": 0.26},
    "mental-health": {"drug-alcohol": 0.12, "voluntary": 0.12},
    "council": {"housing": 0.42, "voluntary": 0.12},
    "housing": {"council": 0.25},
    "drug-alcohol": {"voluntary": 0.10, "police": 0.05},
    "voluntary": {"council": 0.05},
}
OFFENCES = {  # category → Home Office offence code → share
    "violent-crime": {"105A": 0.40, "8N": 0.33, "8L": 0.17, "3B": 0.06, "5D": 0.04},
    "burglary": {"28E": 0.70, "30C": 0.30},
    "criminal-damage-arson": {"58C": 0.45, "58D": 0.30, "58A": 0.25},
    "shoplifting": {"46": 1.0},
}
HARMS = {"105A": 1.0, "8N": 10.0, "8L": 5.0, "3B": 15.0, "5D": 400.0, "28E": 20.0, "30C": 8.0, "58C": 2.0, "58D": 2.0, "58A": 3.0, "46": 0.5}  # fmt: skip
COSTS = {"105A": 900.0, "8N": 4_000.0, "8L": 1_500.0, "3B": 2_000.0, "5D": 20_000.0, "28E": 3_000.0, "30C": 5_000.0, "58C": 800.0, "58D": 700.0, "58A": 900.0, "46": 400.0}  # fmt: skip
WEAPONS = {
    "none": 0.30,
    "body-part": 0.42,
    "threat": 0.10,
    "knife": 0.07,
    "blunt": 0.04,
    "glass": 0.04,
    "unknown": 0.03,
}
OUTCOMES = {
    "Investigation complete; no suspect identified": 0.42,
    "Unable to prosecute suspect": 0.40,
    "Suspect charged": 0.10,
    "Local resolution": 0.08,
}
AGES = {"0-17": 0.16, "18-24": 0.22, "25-34": 0.25, "35-49": 0.22, "50-64": 0.11, "65+": 0.04}
ETHNICITIES = {"W1": 0.70, "W9": 0.08, "A2": 0.07, "A1": 0.04, "B2": 0.05, "B1": 0.03, "M1": 0.03}
OFFICER = {"W1": "IC1", "W9": "IC2", "A2": "IC4", "A1": "IC4", "B2": "IC3", "B1": "IC3", "M1": "IC3"}
