"""The Knox test against pointpats: 5,000 points, 999 shuffles, the same distance and time, each in its own interpreter.

``PROBLEMSOLVING_PEER_PYTHON`` names the interpreter that has pointpats (``pip install pointpats`` in an environment of
its own). Runs alternate; a peer of which 999 shuffles take longer than a minute does fewer, and its time is scaled.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path

import numpy as np

from problemsolving.measures.near_repeats import knox_test

RUNS, SHUFFLES, POINTS = 5, 999, 5_000
METRES, DAYS = 200, 7
BANDS = {"distance_bands": (0, 100, 200, 300, 400, 500), "time_bands": (0, 7, 14, 21, 28)}
PEER = """
import json, sys, time, warnings
warnings.simplefilter("ignore")
from importlib import metadata
import numpy as np
from pointpats.spacetime import Knox, knox
data = np.load(sys.argv[1])
points, days = data["points"], data["days"].astype(float)[:, None]
versions = {name: metadata.version(name) for name in ("pointpats", "libpysal", "numpy", "scipy")}
print(json.dumps(versions), flush=True)
for line in sys.stdin:
    kind, shuffles = line.split()
    times, began = days.copy(), time.perf_counter()
    if kind == "Knox":
        pairs = int(Knox(points, times, %(metres)d, %(days)d, permutations=int(shuffles)).statistic_)
    else:
        pairs = int(knox(points, times, %(metres)d, %(days)d, permutations=int(shuffles))["stat"])
    print(json.dumps([time.perf_counter() - began, pairs]), flush=True)
"""


class Peer:
    """The peer's interpreter, waiting for jobs."""

    def __init__(self, python: str, data: Path) -> None:
        code = PEER % {"metres": METRES, "days": DAYS}
        command = [python, "-c", code, str(data)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.versions = json.loads(self.process.stdout.readline())

    def run(self, kind: str, shuffles: int) -> tuple[float, int]:
        self.process.stdin.write(f"{kind} {shuffles}\n")
        self.process.stdin.flush()
        seconds, pairs = json.loads(self.process.stdout.readline())
        return seconds, pairs


def ours(points: np.ndarray, days: np.ndarray, bands: dict) -> tuple[float, float]:
    """Seconds and pairs closer than 200 m and at most 7 days apart (so that both sides count the same pairs)."""
    began = time.perf_counter()
    found = knox_test(
        points, days, **bands, coordinates="metres", n_resamples=SHUFFLES, rng=np.random.default_rng(1)
    ).estimates()
    return time.perf_counter() - began, float(found["count"].sum())


def scaled(peer: Peer, kind: str, shuffles: int) -> tuple[float, int]:
    """Give the peer's seconds for all shuffles; of fewer shuffles, what they add to none is scaled."""
    if shuffles == SHUFFLES:
        return peer.run(kind, SHUFFLES)
    none, _ = peer.run(kind, 0)
    some, pairs = peer.run(kind, shuffles)
    return none + (some - none) * SHUFFLES / shuffles, pairs


def main() -> None:
    python = os.environ.get("PROBLEMSOLVING_PEER_PYTHON", "")
    if not Path(python).is_file():
        sys.exit("set PROBLEMSOLVING_PEER_PYTHON to an interpreter that has pointpats")
    if os.environ.get("PYTHONDONTWRITEBYTECODE"):
        sys.exit("unset PYTHONDONTWRITEBYTECODE: both sides must be compiled")
    rng = np.random.default_rng(5_000)
    points, days = rng.uniform(0, 5_000, (POINTS, 2)), rng.integers(0, 365, POINTS)
    same = {"distance_bands": (0, METRES), "time_bands": (0, DAYS + 1)}  # the peer's "7 days" holds its edge
    seconds: dict[str, list[float]] = {name: [] for name in ("ours", "ours_bands", "Knox", "knox")}
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "events.npz"
        np.savez(data, points=points, days=days)
        peer = Peer(python, data)
        trial, _ = scaled(peer, "Knox", 20)
        shuffles = SHUFFLES if trial <= 60 else 99
        for run in range(RUNS + 1):
            took, pairs = ours(points, days, same)
            several, _ = ours(points, days, BANDS)
            measured = {"Knox": scaled(peer, "Knox", shuffles), "knox": scaled(peer, "knox", SHUFFLES)}
            if any(found != pairs for _, found in measured.values()):
                sys.exit("the two sides count different pairs")
            if run:
                for name, value in {"ours": took, "ours_bands": several}.items():
                    seconds[name].append(value)
                for name, (value, _) in measured.items():
                    seconds[name].append(value)
        peer.process.stdin.close()
        peer.process.wait()

    def ratio(kind: str, mine: str) -> int:
        return round(statistics.median(a / b for a, b in zip(seconds[kind], seconds[mine], strict=True)))

    result = {
        "job": f"{POINTS:,} points, {pairs:,.0f} pairs under {METRES} m and {DAYS} days at most, {SHUFFLES} shuffles",
        "seconds": round(statistics.median(seconds["ours"]), 3),
        "pointpats_Knox_seconds": round(statistics.median(seconds["Knox"]), 2),
        "pointpats_Knox_shuffles": f"{shuffles}" + ("" if shuffles == SHUFFLES else f", scaled to {SHUFFLES}"),
        "ratio_to_Knox": ratio("Knox", "ours"),
        "pointpats_knox_seconds": round(statistics.median(seconds["knox"]), 2),
        "pointpats_knox_note": "deprecated by its makers in favour of Knox",
        "ratio_to_knox": ratio("knox", "ours"),
        "bands": "6 distances (same place apart) by 4 times, in one pass; the peer has one distance and one time",
        "bands_seconds": round(statistics.median(seconds["ours_bands"]), 3),
        "ratio_bands_to_one_Knox": ratio("Knox", "ours_bands"),
        "runs": RUNS,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "versions": {
            **{name: metadata.version(name) for name in ("problemsolving", "numpy", "scipy")},
            "peer": peer.versions,
        },
    }
    target = Path(__file__).parent / "results" / "knox.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
