"""Reading a year of incidents: the checked door against a bare pandas read, in one run, alternating."""

import json
import os
import platform
import statistics
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path

import pandas as pd

from problemsolving.dictionary.reading import read_source
from problemsolving.dictionary.schema import source
from problemsolving.simulate.partnership import simulate_partnership

RUNS = 7


def main() -> None:
    if os.environ.get("PYTHONDONTWRITEBYTECODE"):
        sys.exit("unset PYTHONDONTWRITEBYTECODE: both sides must be compiled")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        simulate_partnership(root)
        path = root / "incidents.csv"
        ours, theirs = [], []
        for run in range(RUNS + 1):
            began = time.perf_counter()
            rows = read_source(source("simulated-incidents"), [path], root=root).rows
            middle = time.perf_counter()
            pd.read_csv(path, dtype=str)
            if run:
                ours.append(middle - began)
                theirs.append(time.perf_counter() - middle)
    result = {
        "job": f"{rows:,} rows, {path.name}",
        "checked_seconds": round(statistics.median(ours), 3),
        "pandas_seconds": round(statistics.median(theirs), 3),
        "ratio": round(statistics.median(a / b for a, b in zip(ours, theirs, strict=True)), 1),
        "runs": RUNS,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "versions": {name: metadata.version(name) for name in ("pandas", "duckdb", "problemsolving")},
    }
    target = Path(__file__).parent / "results" / "read.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
