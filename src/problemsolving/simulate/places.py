"""Small areas in the sea: needs that change smoothly over a map, rates that follow them, and where a response goes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from problemsolving.simulate.truths import Truths
from problemsolving.simulate.worlds import Size

WEST, SOUTH, WIDTH, HEIGHT = 1.80, 53.00, 0.016, 0.010  # a place in the sea, so that nobody lives there
LATTICE = 24  # places along each side of a small area


@dataclass(frozen=True)
class Places:
    """Small areas as arrays of one length; ``home`` marks those of the partnership."""

    code: list[str]
    name: list[str]
    ward: np.ndarray
    district: np.ndarray
    home: np.ndarray
    population: np.ndarray  # residents
    scores: dict[str, np.ndarray]
    rings: np.ndarray  # areas × 5 corners × longitude, latitude
    rate: np.ndarray  # violent incidents a resident and year

    def __len__(self) -> int:
        return len(self.code)

    def point(self, area: np.ndarray, column: np.ndarray, row: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give longitude and latitude of places of the lattice inside areas."""
        u, v = (((at + 0.5) / LATTICE)[:, None] for at in (column, row))
        a, b, c, d = (self.rings[area, corner] for corner in range(4))
        found = (1 - u) * (1 - v) * a + u * (1 - v) * b + u * v * c + (1 - u) * v * d
        return found[:, 0], found[:, 1]


@dataclass(frozen=True)
class Response:
    """Positions of areas: where something is done, where nothing is, and next door."""

    treated: np.ndarray
    comparison: np.ndarray
    buffer: np.ndarray


def make_places(seed: int, truths: Truths, size: Size) -> Places:
    """Lay small areas on a grid, with needs that change smoothly over the map."""
    rng = np.random.default_rng(seed)
    total, columns = size.areas, size.columns
    place = np.arange(total)
    column, row = place % columns, place // columns
    smooth = np.cos(column / 2.6) + np.sin(row / 2.1)
    latent = {
        "income": smooth + rng.normal(0, 0.55, total),
        "housing": rng.normal(0, 1, total),
        "environment": -0.4 * np.sin(column / 1.7) + rng.normal(0, 0.8, total),
    }
    home = total - size.districts[-1][2]
    scaled = {name: (value - value[:home].mean()) / value[:home].std() for name, value in latent.items()}
    noise = rng.normal(0, truths.area_dispersion, total)
    log_rate = np.log(truths.rate_per_1000 / 1000) + noise
    for name, value in scaled.items():
        log_rate = log_rate + np.log(truths.rate_ratios[name]) * value
    latent["employment"] = 0.9 * scaled["income"] + rng.normal(0, 0.3, total)
    latent["education"] = 0.85 * scaled["income"] + rng.normal(0, 0.4, total)
    latent["health"] = 0.8 * scaled["income"] + rng.normal(0, 0.5, total)
    population = rng.integers(1_150, 2_100, total)
    bend = rng.uniform(-0.22, 0.22, (total // columns + 2, columns + 1, 2))
    district = np.repeat(np.arange(len(size.districts)), [count for _, _, count in size.districts])
    number = np.concatenate([np.arange(count) for _, _, count in size.districts])
    return Places(
        code=[f"E01{size.first_area + index:06d}" for index in place],
        name=[
            f"{size.districts[there][1]} {at // 6 + 1:03d}{'ABCDEF'[at % 6]}"
            for there, at in zip(district, number, strict=True)
        ],
        ward=place // 6 + 1,
        district=district,
        home=place < home,
        population=population,
        scores=latent,
        rings=_rings(column, row, bend),
        rate=np.exp(log_rate),
    )


def _rings(column: np.ndarray, row: np.ndarray, bend: np.ndarray) -> np.ndarray:
    """Outlines of grid cells whose shared corners are bent the same way for their neighbours."""
    corners = []
    for right, up in ((0, 0), (1, 0), (1, 1), (0, 1), (0, 0)):
        x, y = column + right, row + up
        moved = np.stack([x, y], axis=1) + bend[y, x]
        corners.append(np.array([WEST, SOUTH]) + moved * np.array([WIDTH, HEIGHT]))
    return np.stack(corners, axis=1)


def choose_response(places: Places, truths: Truths) -> Response:
    """Choose areas by need, every fourth of the neediest: not by last year's count."""
    home = np.flatnonzero(places.home)
    by_need = home[np.lexsort((home, -places.scores["income"][home]))]
    pool = by_need[: 4 * truths.response_places]
    return _around(places, truths, pool[::4][: truths.response_places], pool)


def choose_highest(places: Places, truths: Truths, counts: np.ndarray) -> Response:
    """Choose the areas with most incidents in the baseline, as a partnership should not."""
    home = np.flatnonzero(places.home)
    by_count = home[np.lexsort((home, -counts[home]))]
    return _around(places, truths, by_count[: truths.response_places], by_count[: 4 * truths.response_places])


def _around(places: Places, truths: Truths, treated: np.ndarray, pool: np.ndarray) -> Response:
    nearest = np.full(len(places), np.inf)
    for other in treated:
        nearest = np.minimum(nearest, np.abs(places.rings[:, 0] - places.rings[other, 0]).sum(axis=1))
    near = (nearest < 1.6 * WIDTH) & places.home
    near[treated] = False
    buffer = np.flatnonzero(near)[: truths.response_places]
    return Response(treated, np.sort(np.setdiff1d(pool, np.concatenate([treated, buffer]))), buffer)


def income_gradient(places: Places) -> dict[str, float]:
    """Give the planted gradient: rate in the most and least deprived fifth by income, and their ratio, residents as weights."""
    order = np.argsort(-places.scores["income"][places.home], kind="stable")
    rate, residents = places.rate[places.home][order], places.population[places.home][order]
    fifth = np.arange(len(order)) * 5 // len(order)
    most, least = (float(np.average(rate[fifth == at], weights=residents[fifth == at]) * 1000) for at in (0, 4))
    return {"most_deprived_fifth": most, "least_deprived_fifth": least, "ratio": most / least}
