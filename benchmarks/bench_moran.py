"""Moran's I and Getis-Ord Gi with 999 permutations over 30,000 areas: CPU seconds and memory, beside esda where it is.

Each run is a process of its own on one core, the two sides in turn; the first turn does not count. ``PEER_PYTHON`` names
the Python of a virtual environment that holds esda, libpysal and numba; the package never needs them. For Gi, esda
deals anew for each area, while here the same deals serve all areas: each p is as exact, errors of the draws are shared.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
from importlib import metadata
from pathlib import Path

AREAS, NEIGHBOURS, PERMUTATIONS, RUNS = 30_000, 6, 999, 5
PEER = os.environ.get("PEER_PYTHON", "")
ABSENT = "esda could not be imported; set PEER_PYTHON to a Python that has it"

COMMON = f"""
import json, resource, time, warnings
import numpy as np
warnings.simplefilter("ignore")
rng = np.random.default_rng(1)
points = rng.random(({AREAS}, 2)) * 100_000
values = rng.gamma(2.0, size={AREAS})
def done(find, versions):
    began = time.process_time()
    found = find()
    cpu = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(dict(cpu=cpu, peak=peak, found=found, versions=versions)))
"""
OURS = f"""{COMMON}
from problemsolving.stats.local_spatial import getis_ord
from problemsolving.stats.spatial import morans_i, nearest_weights, row_standardise
weights = nearest_weights(points, {NEIGHBOURS}, coordinates="metres")
"""
THEIRS = f"""{COMMON}
import esda, libpysal
weights = libpysal.weights.KNN.from_array(points, {NEIGHBOURS})
few = libpysal.weights.KNN.from_array(points[:100], {NEIGHBOURS})
versions = dict(esda=esda.__version__, libpysal=libpysal.__version__)
np.random.seed(1)
"""
JOBS = {
    "Moran's I": (
        f"""{OURS}
weights = row_standardise(weights)
done(lambda: morans_i(values, weights, n_permutations={PERMUTATIONS}, rng=rng).estimate, {{}})
""",
        f"""{THEIRS}
weights.transform = "r"
weights.sparse
esda.Moran(values[:100], few, permutations=9)
done(lambda: float(esda.Moran(values, weights, permutations={PERMUTATIONS}).I), versions)
""",
    ),
    "Getis-Ord Gi, conditional": (
        f"""{OURS}
done(lambda: getis_ord(values, weights, own=False, n_resamples={PERMUTATIONS}, rng=rng).z.mean(), {{}})
""",
        f"""{THEIRS}
esda.G_Local(values[:100], few, star=False, transform="B", permutations=9, n_jobs=1)
done(lambda: float(esda.G_Local(values, weights, star=False, transform="B", permutations={PERMUTATIONS}, n_jobs=1).Zs.mean()), versions)
""",
    ),
}


def run(python: str, script: str) -> dict:
    alone = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run([python, "-c", script], check=True, capture_output=True, text=True, env=alone)
    return json.loads(done.stdout.splitlines()[-1])


def has_peer() -> bool:
    return bool(PEER) and not subprocess.run([PEER, "-c", "import esda"], capture_output=True, check=False).returncode


def compare(script: str, other: str, peer: bool) -> dict:
    turns = [(run(sys.executable, script), run(PEER, other) if peer else None) for _ in range(RUNS + 1)][1:]
    ours, theirs = ([turn[side] for turn in turns] for side in (0, 1))
    measured = {"cpu_seconds": middle(ours, "cpu", 2), "peak_megabytes": middle(ours, "peak", 0), "peer": ABSENT}
    if peer:
        assert abs(ours[0]["found"] - theirs[0]["found"]) < 1e-6, "both sides must find the same statistic"
        ratios = [b["cpu"] / a["cpu"] for a, b in zip(ours, theirs, strict=True)]
        measured["peer"] = {
            "cpu_seconds": middle(theirs, "cpu", 2),
            "peak_megabytes": middle(theirs, "peak", 0),
            "cpu_ratio_peer_to_ours": round(statistics.median(ratios), 1),
            "versions": theirs[0]["versions"],
        }
    return measured


def middle(runs: list[dict], name: str, decimals: int) -> float:
    return round(statistics.median(known[name] for known in runs), decimals)


def main() -> None:
    if os.environ.get("PYTHONDONTWRITEBYTECODE"):
        sys.exit("unset PYTHONDONTWRITEBYTECODE: both sides must be compiled")
    peer = has_peer()
    result = {
        "job": f"{PERMUTATIONS} permutations, {AREAS:,} areas with {NEIGHBOURS} neighbours, one core",
        **{name: compare(*scripts, peer) for name, scripts in JOBS.items()},
        "runs": RUNS,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "versions": {name: metadata.version(name) for name in ("numpy", "scipy", "problemsolving")},
    }
    target = Path(__file__).parent / "results" / "moran.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
