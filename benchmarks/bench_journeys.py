"""The table of steps against pm4py: 1,000,000 unsorted events, in CPU seconds, each in its own interpreter.

``PROBLEMSOLVING_PEER_PYTHON`` names the interpreter that has pm4py (``pip install pm4py`` in an environment of its own;
AGPL, so never a dependency). Runs alternate. The peer's work is ``format_dataframe``, ``discover_dfg``,
``discover_performance_dfg`` and ``discover_handover_of_work_network``; ours is one table of activities with hand-overs
between resources, and, beside it, a second one of resources, which holds what the peer's network of hand-overs holds.
Counts, starts, ends, medians and hand-overs of both sides must be the same.
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
import pandas as pd

from problemsolving.network.pathways.journey_table import measure_journeys

RUNS, EVENTS, CASES, ACTIVITIES, RESOURCES = 5, 1_000_000, 150_000, 12, 40
PEER = """
import contextlib, io, json, sys, time, warnings
warnings.simplefilter("ignore")
from importlib import metadata
import numpy as np, pandas as pd
with contextlib.redirect_stdout(io.StringIO()):
    import pm4py
data = np.load(sys.argv[1])
log = pd.DataFrame({
    "case:concept:name": [f"P{at:06d}" for at in data["case"]], "concept:name": [f"agency {at:02d}" for at in data["activity"]],
    "time:timestamp": pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(data["second"], unit="s"),
    "org:resource": [f"team {at:02d}" for at in data["resource"]],
})
print(json.dumps({name: metadata.version(name) for name in ("pm4py", "pandas", "numpy")}), flush=True)
for line in sys.stdin:
    given = log.copy()
    began, wall = time.process_time(), time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        ready = pm4py.format_dataframe(given, case_id="case:concept:name", activity_key="concept:name", timestamp_key="time:timestamp")
        dfg, start, end = pm4py.discover_dfg(ready)
        waits, _, _ = pm4py.discover_performance_dfg(ready)
        work = pm4py.discover_handover_of_work_network(ready)
    took = time.process_time() - began, time.perf_counter() - wall
    found = {
        "steps": {" > ".join(pair): int(count) for pair, count in dfg.items()}, "start": {k: int(v) for k, v in start.items()},
        "end": {k: int(v) for k, v in end.items()}, "median": {" > ".join(pair): float(row["median"]) for pair, row in waits.items()},
        "handed": {" > ".join(pair): float(share) for pair, share in work.connections.items()},
    }
    print(json.dumps([*took, found]), flush=True)
"""


class Peer:
    """The peer's interpreter, waiting for jobs."""

    def __init__(self, python: str, data: Path) -> None:
        command = [python, "-c", PEER, str(data)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.versions = json.loads(self.process.stdout.readline())

    def run(self) -> tuple[float, float, dict]:
        self.process.stdin.write("run\n")
        self.process.stdin.flush()
        return tuple(json.loads(self.process.stdout.readline()))

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def make_events() -> dict[str, np.ndarray]:
    """Events in no order, no two at one time."""
    rng = np.random.default_rng(1_000_000)
    return {
        "case": rng.integers(0, CASES, EVENTS),
        "activity": rng.integers(0, ACTIVITIES, EVENTS),
        "resource": rng.integers(0, RESOURCES, EVENTS),
        "second": rng.permutation(EVENTS) * 60,
    }


def frame_of(data: dict[str, np.ndarray]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "person_id": [f"P{at:06d}" for at in data["case"]],
            "agency": [f"agency {at:02d}" for at in data["activity"]],
            "started_at": pd.Timestamp("2024-01-01") + pd.to_timedelta(data["second"], unit="s"),
            "team": [f"team {at:02d}" for at in data["resource"]],
        }
    )


def ours(log: pd.DataFrame) -> tuple[float, float, float, dict]:
    """CPU and wall seconds of the one table, CPU seconds of both, and what was found, in the peer's words."""
    began, wall = time.process_time(), time.perf_counter()
    one = measure_journeys(log, resource="team", target_days=28, n_resamples=0).estimates()
    first, first_wall = time.process_time() - began, time.perf_counter() - wall
    two = measure_journeys(log, step="team", n_resamples=0).estimates()
    both = time.process_time() - began
    steps, teams = one[one["kind"] == "step"], two[two["kind"] == "step"]
    pairs, held = steps["source"] + " > " + steps["target"], teams["source"] + " > " + teams["target"]
    start, end = one[one["kind"] == "start"], one[one["kind"] == "end"]
    found = {
        "steps": dict(zip(pairs, steps["events"].astype(int), strict=True)),
        "start": dict(zip(start["target"], start["events"].astype(int), strict=True)),
        "end": dict(zip(end["source"], end["events"].astype(int), strict=True)),
        "median": dict(zip(pairs, steps["median"] * 86_400, strict=True)),
        "handed": dict(zip(held, teams["share"], strict=True)),
    }
    return first, first_wall, both, found


def check_same(mine: dict, theirs: dict) -> None:
    """Stop where the two sides do not find the same."""
    for part in mine:
        a, b = pd.Series(mine[part]).sort_index(), pd.Series(theirs[part]).sort_index()
        if not a.index.equals(b.index) or not np.allclose(a, b, rtol=1e-9):
            sys.exit(f"the two sides differ: {part}")


def main() -> None:
    python = os.environ.get("PROBLEMSOLVING_PEER_PYTHON", "")
    if not Path(python).is_file():
        sys.exit("set PROBLEMSOLVING_PEER_PYTHON to an interpreter that has pm4py")
    if os.environ.get("PYTHONDONTWRITEBYTECODE"):
        sys.exit("unset PYTHONDONTWRITEBYTECODE: both sides must be compiled")
    data, seconds = make_events(), {name: [] for name in ("one", "wall", "both", "peer", "peer_wall")}
    log = frame_of(data)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.npz"
        np.savez(path, **data)
        peer = Peer(python, path)
        for run in range(RUNS + 1):  # the first run warms both sides up
            one, wall, both, mine = ours(log)
            theirs_cpu, theirs_wall, theirs = peer.run()
            check_same(mine, theirs)
            if run:
                for name, value in zip(seconds, (one, wall, both, theirs_cpu, theirs_wall), strict=True):
                    seconds[name].append(value)
        peer.close()

    def ratio(kind: str) -> float:
        return round(statistics.median(a / b for a, b in zip(seconds["peer"], seconds[kind], strict=True)), 1)

    result = {
        "job": f"{EVENTS:,} unsorted events of {CASES:,} cases, {ACTIVITIES} activities, {RESOURCES} resources, no bootstrap",
        "cpu_seconds": round(statistics.median(seconds["one"]), 2),
        "wall_seconds": round(statistics.median(seconds["wall"]), 2),
        "cpu_seconds_with_table_of_resources": round(statistics.median(seconds["both"]), 2),
        "pm4py_cpu_seconds": round(statistics.median(seconds["peer"]), 2),
        "pm4py_wall_seconds": round(statistics.median(seconds["peer_wall"]), 2),
        "ratio": ratio("one"),
        "ratio_with_table_of_resources": ratio("both"),
        "runs": RUNS,
        "each_run": {name: [round(value, 2) for value in values] for name, values in seconds.items()},
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "versions": {
            **{name: metadata.version(name) for name in ("problemsolving", "numpy", "pandas", "scipy")},
            "peer": peer.versions,
        },
    }
    target = Path(__file__).parent / "results" / "journeys.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
