"""Sizes of the partnership, and worlds that are hostile to methods."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from problemsolving.errors import ParameterError, nearest
from problemsolving.periods import Month, Period
from problemsolving.simulate.truths import Truths


@dataclass(frozen=True)
class Size:
    """How large a partnership is, and how its rows are written."""

    districts: tuple[tuple[str, str, int], ...]  # code, name, small areas; the last lies outside the partnership
    columns: int  # small areas in a row of the map
    first_area: int  # number of the first small area's code
    block_areas: int = 180  # small areas made together
    container: Literal["csv", "parquet"] = "csv"
    other_agencies: int = 0
    changes: dict[str, Any] = field(default_factory=dict)

    @property
    def areas(self) -> int:
        return sum(count for _, _, count in self.districts)


def _districts(count: int, areas: int) -> tuple[tuple[str, str, int], ...]:
    known = ["Westhaven", "Northmere"]
    names = known + [f"Seaward {number:02d}" for number in range(3, count + 1)]
    inside = [(f"E06999{number:03d}", name, areas // count) for number, name in enumerate(names, 1)]
    return (*inside, (f"E06999{count + 1:03d}", "Eastmoor", 6))


_LONG = {"baseline": Period(Month(2022, 4), Month(2024, 3)), "rate_per_1000": 60.0, "share_victim_known": 0.3}
SIZES: dict[str, Size] = {
    "demo": Size(
        (("E06999001", "Westhaven", 42), ("E06999002", "Northmere", 30), ("E06999003", "Eastmoor", 6)), 9, 999_001
    ),
    "county": Size(
        _districts(8, 1_440),
        36,
        980_001,
        other_agencies=24,
        changes={
            **_LONG,
            "people": 200_000,
            "clients": 28_000,
            "response_places": 80,
            "voices": 1_000,
        },
    ),
    "region": Size(
        _districts(60, 14_400),
        72,
        980_001,
        container="parquet",
        other_agencies=40,
        changes={
            **_LONG,
            "people": 2_000_000,
            "clients": 280_000,
            "response_places": 800,
            "voices": 2_000,
        },
    ),
}


def _half_way(truths: Truths) -> Month:
    return truths.months[len(truths.months) // 2]


_NULL: dict[str, Any] = {"response_ratio": 1.0, "displaced_share": 0.0}
WORLDS: dict[str, Callable[[Truths], Truths]] = {
    "standard": lambda truths: truths,
    "null": lambda truths: replace(truths, **_NULL),
    "over-dispersed": lambda truths: replace(truths, area_month_variance=0.5),
    "autocorrelated": lambda truths: replace(truths, month_rho=0.4, month_spread=0.10),
    "recording-change": lambda truths: replace(truths, recording_step=1.30, recording_month=_half_way(truths)),
    "seasonal": lambda truths: replace(truths, season=0.35),
    "regression-to-the-mean": lambda truths: replace(
        truths,
        **_NULL,
        picked_for_being_high=True,
        rate_per_1000=truths.rate_per_1000 * 0.4,
        rate_ratios={**truths.rate_ratios, "income": 1.10},
        area_drift=0.0,
    ),
}


def plant(*, size: str = "demo", world: str = "standard") -> Truths:
    """Give what is planted in a world of a size.

    Parameters
    ----------
    size : {"demo", "county", "region"}
        About 17,000, a million and ten million incidents.
    world : str
        ``standard``; ``null`` (no effect); ``over-dispersed`` (gamma months of areas); ``autocorrelated`` (months);
        ``recording-change`` (a step half-way); ``seasonal``; ``regression-to-the-mean`` (response areas picked for
        being high, no effect).

    Raises
    ------
    ParameterError
        For an unknown size or world.
    """
    faults = [
        f'{what}: no {what} "{name}"{nearest(name, known)}; there are {", ".join(known)}'
        for what, name, known in (("size", size, SIZES), ("world", world, WORLDS))
        if name not in known
    ]
    if faults:
        raise ParameterError("this partnership cannot be simulated", faults=faults)
    return WORLDS[world](replace(Truths(), **SIZES[size].changes))


def month_factors(truths: Truths, months: list[Month], rng: np.random.Generator) -> np.ndarray:
    """Give the factor of each month that holds everywhere: season, recording, autocorrelated noise with mean 1.

    Returns
    -------
    numpy.ndarray
        One factor a month, above 0, dimensionless.
    """
    number = np.array([month.number for month in months])
    factor = 1 + truths.season * np.sin(2 * np.pi * (number - 4) / 12)
    if truths.recording_month is not None:
        factor = factor * np.where([month >= truths.recording_month for month in months], truths.recording_step, 1.0)
    if truths.month_spread:
        shocks = rng.normal(0, truths.month_spread, len(months))
        noise, rho = np.empty(len(months)), truths.month_rho
        noise[0] = shocks[0]
        for place in range(1, len(months)):
            noise[place] = rho * noise[place - 1] + np.sqrt(1 - rho**2) * shocks[place]
        factor = factor * np.exp(noise - truths.month_spread**2 / 2)
    return factor
