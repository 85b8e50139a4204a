"""Degree-preserving networks: CPU microseconds a swap made, beside ``networkx.double_edge_swap`` for as many swaps.

Each run is a process of its own on one core, the two sides in turn; the first turn does not count. Both sides make swaps of
the same network; networkx changes one copy for the number of swaps that one chain made (20,000 at most, its time is linear).
"""

import json
import os
import platform
import statistics
import subprocess
import sys
from importlib import metadata
from pathlib import Path

RUNS = 5
JOBS = {
    "1,000 networks of 25 agencies, 60 ties": (25, 60, 1_000),
    "100 networks of 200 agencies, 1,000 ties": (200, 1_000, 100),
    "one network of 1,000 agencies, 3,000 ties": (1_000, 3_000, 1),
    "one network of 5,000 agencies, 20,000 ties": (5_000, 20_000, 1),
}
SCRIPT = """
import json, time
import networkx as nx, numpy as np
from problemsolving.network.compare.rewiring import rewire
n, m, networks, swaps = {job}
graph = nx.gnm_random_graph(n, m, seed=1)
first, second = np.array(graph.edges()).T
rewire(first, second, n=n, directed=False, rng=np.random.default_rng(2))
began = time.process_time()
if swaps:
    nx.double_edge_swap(graph, nswap=swaps, max_tries=10**9, seed=1)
    made = swaps
else:
    drawn = rewire(first, second, n=n, directed=False, n_networks=networks, rng=np.random.default_rng(1))
    made, swaps = int(drawn.swaps.sum()), int(drawn.swaps[0])
print(json.dumps(dict(each=(time.process_time() - began) / made * 1e6, swaps=swaps)))
"""


def run(job: tuple[int, ...]) -> dict:
    alone = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", SCRIPT.format(job=job)], check=True, capture_output=True, text=True, env=alone)  # fmt: skip
    return json.loads(done.stdout.splitlines()[-1])


def compare(n: int, m: int, networks: int) -> dict:
    turns = []
    for _ in range(RUNS + 1):
        ours = run((n, m, networks, 0))
        turns.append((ours, run((n, m, networks, min(ours["swaps"], 20_000)))))
    ours, theirs = zip(*turns[1:], strict=True)
    return {
        "microseconds_a_swap": round(statistics.median(side["each"] for side in ours), 3),
        "networkx_microseconds_a_swap": round(statistics.median(side["each"] for side in theirs), 2),
        "times_faster": round(statistics.median(b["each"] / a["each"] for a, b in zip(ours, theirs, strict=True)), 1),
        "swaps_a_network": ours[0]["swaps"],
    }


def main() -> None:
    if os.environ.get("PYTHONDONTWRITEBYTECODE"):
        sys.exit("unset PYTHONDONTWRITEBYTECODE: both sides must be compiled")
    result = {
        "job": "swaps of ends of two ties that keep every agency's number of ties, one core",
        **{name: compare(*job) for name, job in JOBS.items()},
        "runs": RUNS,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "versions": {name: metadata.version(name) for name in ("numpy", "networkx", "problemsolving")},
    }
    target = Path(__file__).parent / "results" / "nulls.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
