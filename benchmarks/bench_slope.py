"""Slope and relative index of 1,000 areas with intervals of 100,000 draws each, against two plain numpy loops."""

import json
import os
import platform
import statistics
import sys
import time
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from problemsolving.measures.slope_simulation import simulate_slopes

RUNS = 5
AREAS, GROUPS, DRAWS = 1_000, 10, 100_000
PEER_AREAS, PEER_DRAWS = 2, 20_000  # of the loop over draws, which would take hours: scaled up in proportion


def indicator(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A life expectancy by decile of each area, with its standard errors and residents."""
    people = rng.uniform(4_000, 9_000, (AREAS, GROUPS))
    values = rng.normal(80, 3, (AREAS, 1)) + np.linspace(-4, 4, GROUPS) + rng.normal(0, 1, (AREAS, GROUPS))
    return values, rng.uniform(1.2, 2.4, (AREAS, GROUPS)), people


def line_of(people: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weighted design of one area and the roots of its weights."""
    share = people / people.sum()
    root = np.sqrt(share)
    return np.column_stack([root, root * (np.cumsum(share) - share / 2)]), root


def loop_over_draws(
    values: np.ndarray, errors: np.ndarray, people: np.ndarray, draws: int, rng: np.random.Generator
) -> np.ndarray:
    """One area after another, one draw after another, each fitted by least squares."""
    limits = []
    for value, error, size in zip(values, errors, people, strict=True):
        design, root = line_of(size)
        found = np.empty((draws, 2))
        for draw in range(draws):
            drawn = value + error * rng.standard_normal(value.size)
            start, slope = np.linalg.lstsq(design, drawn * root, rcond=None)[0]
            found[draw] = slope, (start + slope) / start
        limits.append(np.quantile(found, [0.025, 0.975], axis=0).T.ravel())
    return np.array(limits)


def loop_over_areas(
    values: np.ndarray, errors: np.ndarray, people: np.ndarray, draws: int, rng: np.random.Generator
) -> np.ndarray:
    """One area after another, all draws of an area at once: every value drawn, all lines fitted by one matrix product."""
    limits = []
    for value, error, size in zip(values, errors, people, strict=True):
        design, root = line_of(size)
        drawn = value + error * rng.standard_normal((draws, value.size))
        start, slope = (np.linalg.pinv(design) * root) @ drawn.T
        limits.append([*np.quantile(slope, [0.025, 0.975]), *np.quantile((start + slope) / start, [0.025, 0.975])])
    return np.array(limits)


def ratio(times: dict[str, list[float]], peer: str) -> float:
    """Median over the runs of a peer's time over ours."""
    return statistics.median(other / own for own, other in zip(times["ours"], times[peer], strict=True))


def main() -> None:
    if os.environ.get("PYTHONDONTWRITEBYTECODE"):
        sys.exit("unset PYTHONDONTWRITEBYTECODE: both sides must be compiled")
    rng = np.random.default_rng(14)
    values, errors, people = indicator(rng)
    few = slice(0, PEER_AREAS)
    scale = AREAS * DRAWS / (PEER_AREAS * PEER_DRAWS)
    names = ["index_low", "index_high", "ratio_low", "ratio_high"]
    simulate_slopes(values[few], errors[few], population=people[few])
    loop_over_areas(values[few], errors[few], people[few], 1_000, rng)
    wall: dict[str, list[float]] = {"ours": [], "by_area": [], "by_draw": []}
    processor: dict[str, list[float]] = {name: [] for name in wall}
    kept: dict[str, Any] = {}
    for _ in range(RUNS):
        jobs = {
            "ours": lambda: simulate_slopes(values, errors, population=people, n_simulations=DRAWS, rng=rng),
            "by_area": lambda: loop_over_areas(values, errors, people, DRAWS, rng),
            "by_draw": lambda: loop_over_draws(values[few], errors[few], people[few], PEER_DRAWS, rng),
        }
        for name, job in jobs.items():
            began, used = time.perf_counter(), time.process_time()
            made = job()
            times = scale if name == "by_draw" else 1
            wall[name].append((time.perf_counter() - began) * times)
            processor[name].append((time.process_time() - used) * times)
            kept[name] = made
    found, peer = kept["ours"], kept["by_area"]
    widths = (
        (found["index_high"] - found["index_low"]).to_numpy(),
        (found["ratio_high"] - found["ratio_low"]).to_numpy(),
    )
    apart = np.abs(found[names].to_numpy() - peer) / np.repeat(np.column_stack(widths), 2, axis=1)
    assert apart.max() < 0.03, "both must give the same intervals to the noise of the simulation"
    result = {
        "job": f"{AREAS:,} areas, {GROUPS} groups, {DRAWS:,} draws an area: limits of slope and relative index",
        "seconds": round(statistics.median(wall["ours"]), 2),
        "loop_over_draws_seconds": round(statistics.median(wall["by_draw"])),
        "loop_over_draws": (
            f"numpy, one draw after another; measured on {PEER_AREAS} areas with {PEER_DRAWS:,} draws and scaled up "
            f"{scale:,.0f} times, since the whole would take far more than a minute"
        ),
        "loop_over_areas_seconds": round(statistics.median(wall["by_area"]), 2),
        "loop_over_areas": "numpy, one area after another with all its draws at once; measured whole",
        "times_faster_than_loop_over_draws": round(ratio(wall, "by_draw")),
        "times_faster_than_loop_over_areas": round(ratio(wall, "by_area"), 1),
        "processor_seconds": {name: round(statistics.median(times), 2) for name, times in processor.items()},
        "times_less_processor_time": {name: round(ratio(processor, name), 1) for name in ("by_draw", "by_area")},
        "load_average": round(os.getloadavg()[0], 1),
        "what_is_computed": (
            "new draws for every area; the two fitted ends are drawn from their exact joint normal distribution, two random "
            "numbers a draw in single precision, where the loops draw every value in double precision"
        ),
        "largest_difference_of_a_limit": f"{apart.max():.1%} of the interval's width",
        "runs": RUNS,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "versions": {name: metadata.version(name) for name in ("numpy", "scipy", "pandas", "problemsolving")},
    }
    target = Path(__file__).parent / "results" / "slope.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
