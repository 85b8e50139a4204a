"""Overlap of 200,000 people and 40 agencies with exact null tails, as a matrix and from 400,000 rows: CPU seconds, memory.

Each run is a process of its own on one core; the first does not count. ``from_matrix`` is the second question alone (counts,
weights given the number, configuration model, exact tails of 780 pairs under three nulls, corrected p). ``from_rows`` reads a
table of person and agency first. ``several`` is the first question. ``worst_error`` compares tails with convolution of
binomial laws for 40 pairs, as a ratio less one.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
from importlib import metadata
from pathlib import Path

PEOPLE, AGENCIES, RUNS = 200_000, 40, 5

SETUP = f"""
import json, resource, time
import numpy as np, pandas as pd
from scipy import sparse, stats
from problemsolving.network.overlap.memberships import read_memberships
from problemsolving.network.overlap.pairs import share_more
from problemsolving.network.overlap.several import known_to_several
rng = np.random.default_rng(1)
share, need = rng.gamma(1.0, 0.04, {AGENCIES}) + 0.002, rng.gamma(1.0, 1.0, {PEOPLE})
known = sparse.csr_array((rng.random(({PEOPLE}, {AGENCIES})) < np.minimum(need[:, None] * share, 0.9)).astype(np.int32))
names = [f"agency {{number:02d}}" for number in range({AGENCIES})]
person, agency = known.nonzero()
rows = pd.DataFrame({{"person_id": ("p" + pd.Series(person).astype(str)), "agency": np.array(names, object)[agency]}})
share_more(known[:500], agencies=names, population=1_000).estimates()
def done(find):
    began = time.process_time()
    found = find()
    cpu = time.process_time() - began
    print(json.dumps(dict(cpu=cpu, peak=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, found=found)))
"""
JOBS = {
    "from_matrix": "done(lambda: float(share_more(known, agencies=names, population=1_000_000).estimates()['p'].min()))",
    "from_rows": "done(lambda: float(share_more(rows, agencies=names, population=1_000_000).estimates()['p'].min()))",
    "several": "done(lambda: known_to_several(known, agencies=names, population=1_000_000).headline['estimate'])",
    "worst_error": """
found = share_more(known, agencies=names, population=1_000_000, correction="none")
upper = found._tails[""][1].upper
def worst():
    gaps = []
    for pair in rng.choice(len(upper), 40, replace=False):
        law = np.ones(1)
        for trials, chance in zip(found.people, found.chances[pair]):
            law = np.convolve(law, stats.binom.pmf(np.arange(min(int(trials), 4_000) + 1), int(trials), chance))
        count = int(found.frame["count"].iloc[pair])
        gaps.append(abs(law[count:].sum() / upper[pair] - 1))
    return max(gaps)
done(worst)
""",
}


def run(script: str) -> dict:
    alone = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", SETUP + script], check=True, capture_output=True, text=True, env=alone)
    return json.loads(done.stdout.splitlines()[-1])


def measure(name: str) -> dict:
    if name == "worst_error":
        return {"ratio_less_one": run(JOBS[name])["found"]}
    runs = [run(JOBS[name]) for _ in range(RUNS + 1)][1:]
    return {
        "cpu_seconds": round(statistics.median(known["cpu"] for known in runs), 2),
        "peak_megabytes_with_data": round(statistics.median(known["peak"] for known in runs)),
    }


def main() -> None:
    if os.environ.get("PYTHONDONTWRITEBYTECODE"):
        sys.exit("unset PYTHONDONTWRITEBYTECODE: the code must be compiled")
    result = {
        "job": f"{PEOPLE:,} people, {AGENCIES} agencies, exact tails of {AGENCIES * (AGENCIES - 1) // 2} pairs, one core",
        **{name: measure(name) for name in JOBS},
        "runs": RUNS,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "versions": {name: metadata.version(name) for name in ("numpy", "scipy", "pandas", "problemsolving")},
    }
    target = Path(__file__).parent / "results" / "overlap.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
