"""The whole-network table of 60 agencies with 1,000 networks drawn anew: CPU seconds and memory, beside networkx in a loop.

Each run is a process of its own on one core; the first turn does not count. The peer measures the same numbers with
networkx for a few drawn networks, one after another, scaled up to all of them.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
from importlib import metadata
from pathlib import Path

AGENCIES, RESAMPLES, RUNS, LIMIT, BY_PEER = 60, 1_000, 5, 30.0, 20

OURS = f"""
import json, resource, time
import numpy as np, pandas as pd
from problemsolving.network.structure.build import build_from_edges
from problemsolving.network.structure.whole import measure_whole_network
rng = np.random.default_rng(1)
names = np.array([f"agency {{at:02}}" for at in range({AGENCIES})])
shares = dict(dense=(0.25, 12.0), sparse=(0.03, 12.0))
found = {{}}
for kind, (shape, scale) in shares.items():
    counts = rng.poisson(rng.gamma(shape, scale, ({AGENCIES}, {AGENCIES})))
    np.fill_diagonal(counts, 0)
    row, column = np.nonzero(counts)
    ties = pd.DataFrame(dict(source=names[row], target=names[column], weight=counts[row, column]))
    sectors = dict(zip(names, np.array(list("wxyz"))[np.arange({AGENCIES}) % 4]))
    network = build_from_edges(ties, agencies=names.tolist(), directed=True, counts=True, sectors=sectors)
    began = time.process_time()
    shown = measure_whole_network(network, n_resamples={RESAMPLES}, rng=rng).estimates().set_index("name")
    found[kind] = dict(cpu=time.process_time() - began, ties=len(ties), shown=shown[["estimate", "low", "high"]].round(6).fillna(-9).to_dict("index"))
    PEER
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps(dict(found=found, peak=peak)))
"""
THEIRS = f"""
    import networkx as nx
    began = time.process_time()
    for _ in range({BY_PEER}):
        graph = network.graph()
        both = graph.to_undirected()
        nx.betweenness_centrality(graph); nx.closeness_centrality(both); nx.overall_reciprocity(graph)
        nx.transitivity(both); list(nx.articulation_points(both)); nx.density(graph)
    found[kind]["peer"] = (time.process_time() - began) / {BY_PEER} * {RESAMPLES}
"""


def run(script: str) -> dict:
    alone = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True, env=alone)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    if os.environ.get("PYTHONDONTWRITEBYTECODE"):
        sys.exit("unset PYTHONDONTWRITEBYTECODE: what is measured must be compiled")
    runs = [run(OURS.replace("    PEER\n", "")) for _ in range(RUNS + 1)][1:]
    peer = run(OURS.replace("    PEER\n", THEIRS))["found"]
    assert all(one["found"]["dense"]["shown"] == runs[0]["found"]["dense"]["shown"] for one in runs), (
        "same seed, same table"
    )
    measured = {
        kind: {
            "ties": runs[0]["found"][kind]["ties"],
            "cpu_seconds": round(statistics.median(one["found"][kind]["cpu"] for one in runs), 2),
            "networkx_in_a_loop_cpu_seconds": round(peer[kind]["peer"], 1),
        }
        for kind in ("dense", "sparse")
    }
    result = {
        "job": f"whole-network table, {AGENCIES} agencies, {RESAMPLES:,} networks drawn anew, one core",
        "limit_cpu_seconds": LIMIT,
        **measured,
        "peak_megabytes": round(statistics.median(one["peak"] for one in runs)),
        "holds": all(kind["cpu_seconds"] <= LIMIT for kind in measured.values()),
        "runs": RUNS,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "versions": {name: metadata.version(name) for name in ("numpy", "scipy", "networkx", "problemsolving")},
    }
    target = Path(__file__).parent / "results" / "network.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
