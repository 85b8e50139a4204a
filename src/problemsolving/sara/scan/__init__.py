"""Scan: is it a problem, how much, where, when, to whom, compared with whom, how unequal, how concentrated?"""

from problemsolving.sara.scan.again import near_repeats, repeat_times, repeats
from problemsolving.sara.scan.compared import comparison, concentration, funnel, gradient
from problemsolving.sara.scan.how_much import cheers, demand, incidents, rate
from problemsolving.sara.scan.people import people, stops, stops_by_ethnicity, victims_by_sex
from problemsolving.sara.scan.ranked import register
from problemsolving.sara.scan.when import months, times
from problemsolving.sara.scan.where import hot_spots, persistence, premises, rate_map

__all__ = [
    "cheers", "comparison", "concentration", "demand", "funnel", "gradient", "hot_spots", "incidents", "months",
    "near_repeats", "people", "persistence", "premises", "rate", "rate_map", "register", "repeat_times", "repeats",
    "stops", "stops_by_ethnicity", "times", "victims_by_sex",
]  # fmt: skip
