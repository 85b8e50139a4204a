"""What several questions must say beside their numbers."""

from __future__ import annotations

import pandas as pd

from problemsolving.results import listed
from problemsolving.study import Study

CARRIED = "Residents are on 2011 areas carried to 2021 areas: split areas share equally, merged ones add up"
ECOLOGICAL = "About areas, not people: it does not say who was harmed or who harmed"
SNAPPED = "Points are snapped to map points: an incident near a boundary may be counted next door"
VISITED = 0.2  # incidents a resident and year from which a rate speaks of visitors rather than of residents


def population_caveats(study: Study) -> tuple[str, ...]:
    """Say of which year the residents are, where the incidents are of others; what the source says; what was carried."""
    readings = [reading for reading in study.readings.values() if reading.source.table == "population"]
    years = sorted({int(year) for reading in readings for year in reading.different("year")})
    months = study.problem.baseline
    told: tuple[str, ...] = ()
    if any(not months.start.year <= year <= months.end.year for year in years):
        told += (
            f"Residents are those of {listed([str(year) for year in years])}, incidents those of {months}: where the "
            "population has changed since, so has the rate",
        )
    if any((reading.frame["code_year"] == 2011).any() for reading in readings):
        told += (CARRIED, *(limit for reading in readings for limit in reading.source.known_limits))
    return told


def visitor_caveat(areas: pd.DataFrame, *, by: str, years: float) -> tuple[str, ...]:
    """Warn of rates per resident where few live and many visit: told by number of places alone, not by name."""
    totals = areas.groupby(by)[["count", "population"]].sum()
    visited = int((totals["count"] > VISITED * totals["population"] * years).sum())
    if not visited:
        return ()
    places = f"{visited} of these places have" if visited > 1 else "One of these places has"
    return (
        f"{places} more than one incident a year for every {1 / VISITED:.0f} residents: many visit and few live there, so "
        "read the count, not the rate",
    )
