"""Residents of small areas by age, sex and ethnic group: the same shares everywhere, in whole people."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from problemsolving.simulate.places import Places
from problemsolving.simulate.truths import AGES, Truths
from problemsolving.simulate.write import write_table


def write_residents(folder: Path, places: Places, truths: Truths) -> None:
    """Write the table ``population_group``."""
    size = len(places)
    columns: dict[str, list[object]] = {
        "area_code": list(places.code),
        "code_year": [2021] * size,
        "year": [2023] * size,
    }
    for shares in (truths.residents_by_age, truths.residents_by_sex, truths.residents_by_ethnicity):
        columns |= dict(zip(shares, _whole_people(places.population, shares), strict=True))
    write_table(folder, "population_groups.csv", columns)


def _whole_people(population: np.ndarray, shares: Mapping[str, float]) -> list[list[object]]:
    """Split each area's residents by shares, rounded so that the parts add up to the whole."""
    edges = np.rint(np.outer(np.cumsum(list(shares.values())), population)).astype(int)
    return np.diff(edges, axis=0, prepend=0).tolist()


def victim_ratios(truths: Truths) -> dict[str, float]:
    """Give the planted rate of being a victim in each age band over that of all ages."""
    found = truths.residents_by_age
    bands = {"0-17": found["aged_0_9"] + found["aged_10_17"]}
    bands |= dict(zip(list(AGES)[1:], list(found.values())[2:], strict=True))
    return {band: AGES[band] / bands[band] for band in AGES}
