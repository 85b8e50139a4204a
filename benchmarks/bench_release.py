"""Releasing a table of 300 areas and 12 months from 200,000 rows, beside acro; and checking a page against its history.

acro runs in an environment of its own (it needs an older pandas): name its interpreter with ``--peer``, for example after
``uv venv peer && uv pip install --python peer/bin/python acro==1.0.2 'pandas<3'``. Without it the figure of the peer is
left out.
"""

import argparse
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

from problemsolving.governance.ledger import check_findings, record_release
from problemsolving.governance.magnitudes import release_sums, sum_cells
from problemsolving.governance.policies import POLICIES
from problemsolving.governance.release import release
from problemsolving.measures.maps import map_rates
from problemsolving.periods import Month
from problemsolving.sara.findings import released_cells

RUNS = 5
AREAS, MONTHS, ROWS = 300, 12, 200_000
PLACES, GROUPS, FINDINGS, EARLIER = 417, 12, 50, 12  # areas of a map, groups of any other finding
PEER = """
import json, logging, sys, tempfile, time
from importlib import metadata
import pandas as pd
logging.disable(logging.CRITICAL)
from acro import ACRO
rows = pd.read_parquet(sys.argv[1]) if sys.argv[1].endswith("parquet") else pd.read_csv(sys.argv[1])
acro = ACRO(suppress=True)
began = time.process_time()
acro.crosstab(rows["area"], rows["month"], values=rows["minutes"], aggfunc="sum")
print(json.dumps({"seconds": time.process_time() - began, "acro": metadata.version("acro"), "pandas": pd.__version__}))
"""


def make_rows() -> pd.DataFrame:
    """Give contributions: areas of very different size, minutes with a long tail."""
    rng = np.random.default_rng(1)
    share = rng.gamma(0.6, size=AREAS)
    return pd.DataFrame(
        {
            "area": np.char.add("A", rng.choice(AREAS, ROWS, p=share / share.sum()).astype(str)),
            "month": rng.integers(0, MONTHS, ROWS),
            "minutes": rng.lognormal(3, 1, ROWS).round(2),
        }
    )


def time_table(rows: pd.DataFrame) -> dict[str, object]:
    seconds = []
    for _ in range(RUNS + 1):
        began = time.process_time()
        cells = sum_cells(rows, by=["area", "month"], value="minutes")
        shown = release_sums(cells, POLICIES["acro"])
        seconds.append(time.process_time() - began)
    return {
        "job": f"{len(rows):,} rows to {len(cells.frame):,} cells: threshold, p-ratio, dominance, second cells",
        "cpu_seconds": round(statistics.median(seconds[1:]), 3),
        "first_run_cpu_seconds": round(seconds[0], 3),
        "withheld": shown.first,
        "withheld_with_them": shown.second,
    }


def time_peer(rows: pd.DataFrame, python: str, folder: Path) -> dict[str, object]:
    path = folder / "rows.csv"
    rows.to_csv(path, index=False)
    seconds, said = [], {}
    for _ in range(2):
        ran = subprocess.run([python, "-c", PEER, str(path)], capture_output=True, text=True, cwd=folder, check=False)
        if ran.returncode:
            sys.exit(f"the peer did not run: {ran.stderr.splitlines()[-1]}")
        said = json.loads(ran.stdout.splitlines()[-1])
        seconds.append(said["seconds"])
    return {"peer_cpu_seconds": round(min(seconds), 2), "peer": f"acro {said['acro']}, pandas {said['pandas']}"}


def make_page(data: np.ndarray, months: int, maps: int) -> list[dict[str, object]]:
    """Give a page of findings over a growing period, so many of them maps of every small area, each of its own counts."""
    page = []
    for number in range(FINDINGS):
        size = PLACES if number < maps else GROUPS
        names = [f"place {place}" for place in range(size)]
        counts = np.bincount(np.arange(PLACES) % size, weights=data[number, :, :months].sum(axis=1))
        areas = pd.DataFrame({"area_name": names, "area_code": names, "count": counts}).assign(
            population=1_500, district_name=[f"district {place % 3}" for place in range(size)]
        )
        released = release(map_rates(areas, outlines={}, of=f"incidents {number}"), POLICIES["opensafely"])
        last = Month(2020 + (months - 1) // 12, (months - 1) % 12 + 1)
        cells = released_cells(released, released.result, f"2020-01 to {last}")
        page.append({"stage": "scan", "name": f"map {number}", "released_cells": cells})
    return page


def time_page(folder: Path, maps: int) -> dict[str, object]:
    rng = np.random.default_rng(2)
    data = rng.poisson(rng.gamma(1.2, 4, (FINDINGS, PLACES, 1)), (FINDINGS, PLACES, 12 + EARLIER))
    ledger = folder / f"{maps}" / "ledger.json"
    for earlier in range(EARLIER):
        record_release(make_page(data, 12 + earlier, maps), ledger, POLICIES["opensafely"], run=f"run {earlier}")
    page = make_page(data, 12 + EARLIER, maps)
    began = time.process_time()
    said = check_findings(page, ledger, POLICIES["opensafely"])
    return {
        "page": f"{FINDINGS} findings, {maps} of them maps of {PLACES} areas, {said}",
        "cpu_seconds": round(time.process_time() - began, 2),
        "ledger_megabytes": round(ledger.stat().st_size / 1e6, 1),
    }


def main() -> None:
    if os.environ.get("PYTHONDONTWRITEBYTECODE"):
        sys.exit("unset PYTHONDONTWRITEBYTECODE: both sides must be compiled")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", help="Python interpreter that has acro")
    options = parser.parse_args()
    rows = make_rows()
    result = time_table(rows)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.peer:
            result |= time_peer(rows, options.peer, folder)
            result["ratio"] = round(result["peer_cpu_seconds"] / result["cpu_seconds"], 1)  # type: ignore[operator]
        result["pages"] = [time_page(folder, maps) for maps in (4, FINDINGS)]
    result |= {
        "runs": RUNS,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "versions": {name: metadata.version(name) for name in ("pandas", "numpy", "scipy", "problemsolving")},
    }
    target = Path(__file__).parent / "results" / "release.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
