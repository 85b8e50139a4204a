"""The scan stage of a profile on one and on ten million simulated incidents, cached: time, memory, and how both grow."""

import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
RUNS = 5
DISTRICTS = {"county": 6, "region": 60}
IN_PARTS = ("incidents", "contacts", "referrals")

# Everything the notebook shows of each question: the answer, its released form, sentence, table, picture and numbers.
STAGE = """
import json, resource, sys, time
from problemsolving.study import open_study
import problemsolving.sara.scan as scan
began, cpu = time.perf_counter(), time.process_time()
study = open_study(sys.argv[1])
opened = time.perf_counter()
for name in scan.__all__:
    getattr(scan, name)(study).payload()
rows = sum(reading.rows for reading in study.incidents.readings)
used = study.incidents.cells["count"].sum()
print(json.dumps({"rows": rows, "of the problem": int(used), "small areas": len(study.areas),
    "open_seconds": opened - began, "seconds": time.perf_counter() - began, "cpu_seconds": time.process_time() - cpu,
    "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""


def make_profile(folder: Path, size: str) -> Path:
    """Write a simulated partnership of a size and the profile that reads it."""
    data, profile = folder / size, folder / f"profile-{size}"
    subprocess.run(
        [sys.executable, "-m", "problemsolving", "--quiet", "simulate", str(data), "--size", size, "--threads", "2"],
        check=True,
    )
    shutil.copytree(ROOT / "analyses" / "simulated-partnership", profile)
    text = (profile / "problem.yml").read_text("utf-8")
    codes = ", ".join(f"E06999{number:03d}" for number in range(1, DISTRICTS[size] + 1))
    text = re.sub(r'district_codes: ".*"', f'district_codes: "{codes}"', text)
    text = re.sub(r'(response_start|response_areas|comparison_areas|buffer_areas): ".*"', r'\1: ""', text)
    text = re.sub(r"  responses: .*\n", "", text)
    text = text.replace('baseline_start: "2023-04"', 'baseline_start: "2022-04"')  # every month of the data
    text = text.replace('data: "data"', f'data: "{data}"')
    for name in IN_PARTS:
        if (data / name).is_dir():
            text = text.replace(f"files: {name}.csv", f"files: {name}/*.parquet")
    (profile / "problem.yml").write_text(text, "utf-8")
    return profile


def measure(profile: Path) -> dict[str, float]:
    done = subprocess.run([sys.executable, "-c", STAGE, str(profile)], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def main() -> None:
    if os.environ.get("PYTHONDONTWRITEBYTECODE"):
        sys.exit("unset PYTHONDONTWRITEBYTECODE: the package must be compiled")
    result: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as temporary:
        profiles = {size: make_profile(Path(temporary), size) for size in DISTRICTS}
        cold = {}
        for size, profile in profiles.items():
            began = time.perf_counter()
            measure(profile)
            cold[size] = time.perf_counter() - began
        runs: dict[str, list[dict[str, float]]] = {size: [] for size in DISTRICTS}
        for _ in range(RUNS):
            for size, profile in profiles.items():
                runs[size].append(measure(profile))
        for size, found in runs.items():
            middle = {key: statistics.median(run[key] for run in found) for key in found[0]}
            result[size] = {key: round(value, 2) for key, value in middle.items()} | {
                "first_reading_seconds": round(cold[size], 1)
            }
    small, large = result["county"], result["region"]
    result |= {
        "rows_ratio": round(large["rows"] / small["rows"], 2),
        "seconds_ratio": round(large["seconds"] / small["seconds"], 2),
        "memory_ratio": round(large["memory_mb"] / small["memory_mb"], 2),
        "runs": RUNS,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
    }
    target = Path(__file__).parent / "results" / "scan_stage.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
