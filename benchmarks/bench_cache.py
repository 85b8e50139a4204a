"""Reading 100 small areas of ten million rows: our checked cache beside DuckDB over the CSV files.

Both sides run in processes of their own and must find the same rows. Ours includes finding the cache and the check
that neither the files nor the cached bytes changed (by size, time and inode for the files, by hash for the cached
bytes that are read). ``reading`` is the call alone, ``process`` includes the start of Python and the imports. The files
are monthly, as they are delivered. A folder given as argument keeps them.
"""

import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path

ROWS, FILES, AREAS, ASKED, RUNS = 10_000_000, 20, 33_755, 100, 3
HEADER = ["Crime ID", "Month", "Reported by", "Falls within", "Longitude", "Latitude", "Location", "LSOA code", "LSOA name", "Crime type", "Last outcome category", "Context"]  # fmt: skip

WRITE = """
import sys
from pathlib import Path
from problemsolving.dictionary.reading import keep_source
from problemsolving.dictionary.schema import source
root = Path(sys.argv[1])
print(int(keep_source(source("police-uk-street"), sorted(root.glob("*.csv")), root=root, cache=root / ".cache")))
"""
OURS = """
import sys, time
from pathlib import Path
from problemsolving.dictionary.cache import open_cached, read_areas
from problemsolving.dictionary.schema import source
import duckdb, pandas
root, codes = Path(sys.argv[1]), sys.argv[2].split()
began = time.process_time()
cached = open_cached(root / ".cache", source("police-uk-street"), sorted(root.glob("*.csv")), root=root, hash_below=0)
print(len(read_areas(cached, codes)), time.process_time() - began)
"""
DUCKDB = """
import sys, time
import duckdb, pandas
duckdb.sql("set enable_progress_bar = false")
began = time.process_time()
listed = ", ".join(f"'{code}'" for code in sys.argv[2].split())
wanted = '"Crime ID", "Month", "Falls within", "Longitude", "Latitude", "Location", "LSOA code", "Crime type", "Last outcome category"'
print(len(duckdb.sql(f"select {wanted} from read_csv('{sys.argv[1]}/*.csv') where \\"LSOA code\\" in ({listed})").df()), time.process_time() - began)
"""


def generate(root: Path, areas: list[str]) -> None:
    """Write monthly files in a stream."""
    rng = random.Random(1)
    points = [f"{rng.uniform(-2, 0):.3f}000,{rng.uniform(51, 53):.3f}000" for _ in areas]
    kinds = ["Burglary", "Robbery", "Violence and sexual offences", "Anti-social behaviour", "Other theft"]
    streets = [f"On or near {first} {second}" for first in ("High", "Church", "Station", "Mill") for second in ("Street", "Road", "Close")]  # fmt: skip
    each = ROWS // FILES
    for number in range(FILES):
        month = f"{2021 + number // 12}-{1 + number % 12:02d}"
        with (root / f"{month}-street.csv").open("w", encoding="utf-8", newline="") as stream:
            stream.write(",".join(HEADER) + "\n")
            for _ in range(each):
                place = int(rng.random() * AREAS)
                stream.write(f"{rng.getrandbits(256):064x},{month},A Force,A Force,{points[place]},{streets[place % 12]},{areas[place]},Town,{kinds[int(rng.random() * 5)]},Under investigation,\n")  # fmt: skip


def measure(script: str, *words: str) -> dict:
    """Run one side; give CPU and wall seconds, peak memory and what it printed."""
    import time

    began = time.perf_counter()
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen([sys.executable, "-c", script, *words], stdout=out)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.perf_counter() - began
        out.seek(0)
        found = out.read().splitlines()[-1].split()
    if process.returncode:
        sys.exit("a side failed")
    unit = 1024**2 if sys.platform == "darwin" else 1024
    return {
        "reading_cpu_seconds": float(found[1]) if len(found) > 1 else 0.0,
        "process_cpu_seconds": usage.ru_utime + usage.ru_stime,
        "process_wall_seconds": wall,
        "peak_mb": usage.ru_maxrss / unit,
        "rows": int(found[0]),
    }


def middle(runs: list[dict]) -> dict:
    return {key: round(statistics.median(run[key] for run in runs), 0 if key in ("rows", "peak_mb") else 3) for key in runs[0]}  # fmt: skip


def main() -> None:
    if os.environ.get("PYTHONDONTWRITEBYTECODE"):
        sys.exit("unset PYTHONDONTWRITEBYTECODE: both sides must be compiled")
    with tempfile.TemporaryDirectory() as temporary:
        folder = sys.argv[1] if sys.argv[1:] else temporary
        root = Path(folder)
        areas = [f"E010{place:05d}" for place in range(1, AREAS + 1)]
        if not any(root.glob("*.csv")):
            generate(root, areas)
        written = measure(WRITE, folder)
        asked = " ".join(random.Random(2).sample(areas, ASKED))
        measure(OURS, folder, asked)
        runs = [(measure(OURS, folder, asked), measure(DUCKDB, folder, asked)) for _ in range(RUNS)]
        size = sum(path.stat().st_size for path in root.glob("*.csv"))
        cached = sum(path.stat().st_size for path in (root / ".cache").iterdir())
    ours, theirs = middle([run[0] for run in runs]), middle([run[1] for run in runs])
    if ours["rows"] != theirs["rows"] or not ours["rows"]:
        sys.exit(f"the sides found different rows: {ours}, {theirs}")
    result = {
        "job": f"{ASKED} of {AREAS:,} areas from {ROWS:,} rows, {FILES} CSV files of {size / 1e6:,.0f} MB, cached in {cached / 1e6:,.0f} MB",
        "cache": ours,
        "duckdb_csv": theirs,
        **{
            f"{key.removesuffix('_seconds')}_ratio": round(theirs[key] / ours[key], 1)
            for key in ours
            if key.endswith("_seconds")
        },
        "checking_and_writing": {
            key: round(value, 1) for key, value in written.items() if key not in ("rows", "reading_cpu_seconds")
        },
        "runs": RUNS,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "versions": {name: metadata.version(name) for name in ("problemsolving", "duckdb")},
    }
    target = Path(__file__).parent / "results" / "cache.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
