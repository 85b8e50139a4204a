"""Checking a million rows of twelve columns: ours beside frictionless and pandera, each in a process of its own.

Each side reads the same CSV file with the same planted faults and must find all of them. Ours goes through the whole
door (hash, encoding, ragged rows, every rule of the dictionary, positions of the first faults); the others get the
twelve rules below. CPU is user and system time of the process, imports included; memory is its peak.
"""

import csv
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path

ROWS, PLANTED = 1_000_000, 50
HEADER = ["Crime ID", "Month", "Reported by", "Falls within", "Longitude", "Latitude", "Location", "LSOA code", "LSOA name", "Crime type", "Last outcome category", "Context"]  # fmt: skip
KINDS = ["Burglary", "Robbery", "Violence and sexual offences", "Anti-social behaviour", "Other theft"]
FAULTS = {"Month": "2021-13", "Crime type": "Burglry", "LSOA code": "X01000001", "Longitude": "95.5", "Latitude": "5.5"}

OURS = """
import sys
from pathlib import Path
from problemsolving.dictionary.reading import check_source
from problemsolving.dictionary.schema import source
from problemsolving.errors import DataError
path = Path(sys.argv[1])
try:
    check_source(source("police-uk-street"), [path], root=path.parent)
except DataError as error:
    print(sum(fault.count for fault in error.report.faults if fault.severity == "refuse"))
"""
FRICTIONLESS = """
import json, sys
from frictionless import Checklist, Resource, Schema, system
fields = json.loads(sys.argv[2])
with system.use_context(trusted=True):
    report = Resource(path=sys.argv[1], schema=Schema.from_descriptor({"fields": fields})).validate(limit_errors=10_000)
print(len(report.flatten(["rowNumber"])))
"""
PANDERA = """
import json, sys
import pandas as pd
import pandera.pandas as pa
columns = {}
for field in json.loads(sys.argv[2]):
    rules, checks = field.get("constraints", {}), []
    if "pattern" in rules: checks.append(pa.Check.str_matches(rules["pattern"]))
    if "enum" in rules: checks.append(pa.Check.isin(rules["enum"]))
    if "minimum" in rules: checks.append(pa.Check.ge(rules["minimum"]))
    if "maximum" in rules: checks.append(pa.Check.le(rules["maximum"]))
    columns[field["name"]] = pa.Column(float if field["type"] == "number" else str, checks, nullable=not rules.get("required"), coerce=True)
frame = pd.read_csv(sys.argv[1])
try:
    pa.DataFrameSchema(columns).validate(frame, lazy=True)
except pa.errors.SchemaErrors as error:
    print(len(error.failure_cases))
"""
RULES = {
    "Crime ID": {"pattern": "^[0-9a-f]{64}$"},
    "Month": {"required": True, "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])$"},
    "Crime type": {"required": True, "enum": KINDS},
    "LSOA code": {"pattern": "^[EW]01[0-9]{6}$"},
    "Longitude": {"minimum": -9, "maximum": 3},
    "Latitude": {"minimum": 49, "maximum": 61},
    "Location": {"pattern": "^On or near .*$"},
    "Falls within": {"required": True},
}


def generate(path: Path) -> None:
    """Write incidents in 400 areas, with the planted faults spread over the file."""
    rng = random.Random(1)
    areas = [(f"E010{15_000 + place}", -0.4 + rng.uniform(-0.2, 0.2), 52 + rng.uniform(-0.2, 0.2)) for place in range(400)]  # fmt: skip
    outcomes = ["Under investigation", "Investigation complete; no suspect identified", "Unable to prosecute suspect"]
    streets = [f"On or near {first} {second}" for first in ("High", "Church", "Station", "Mill") for second in ("Street", "Road", "Close")]  # fmt: skip
    bad = dict(zip(rng.sample(range(ROWS), PLANTED * len(FAULTS)), list(FAULTS) * PLANTED, strict=True))
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(HEADER)
        for place in range(ROWS):
            area, x, y = rng.choice(areas)
            month = f"{2021 + place % 3}-{1 + place // 3 % 12:02d}"
            row = [f"{rng.getrandbits(256):064x}", month, "A Force", "A Force", f"{x + rng.uniform(-0.01, 0.01):.6f}",
                   f"{y + rng.uniform(-0.01, 0.01):.6f}", rng.choice(streets), area, f"Town {area[-3:]}B", rng.choice(KINDS), rng.choice(outcomes), ""]  # fmt: skip
            if place in bad:
                row[HEADER.index(bad[place])] = FAULTS[bad[place]]
            writer.writerow(row)


def fields() -> list[dict]:
    numbers = ("Longitude", "Latitude")
    return [{"name": name, "type": "number" if name in numbers else "string", **({"constraints": RULES[name]} if name in RULES else {})} for name in HEADER]  # fmt: skip


def measure(script: str, path: Path) -> dict:
    """Run one side; give its CPU seconds, peak memory and how many faults it found."""
    command = [sys.executable, "-c", script, str(path), json.dumps(fields())]
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen(command, stdout=out)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        found = out.read().split()
    if process.returncode:
        sys.exit("a side failed")
    unit = 1024**2 if sys.platform == "darwin" else 1024
    return {
        "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 2),
        "peak_mb": round(usage.ru_maxrss / unit),
        "faults_found": int(found[-1]),
    }


def main() -> None:
    if os.environ.get("PYTHONDONTWRITEBYTECODE"):
        sys.exit("unset PYTHONDONTWRITEBYTECODE: all sides must be compiled")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "2021-street.csv"
        generate(path)
        size = path.stat().st_size
        measure(OURS, path)  # the first run compiles, and warms the file
        sides = {name: measure(script, path) for name, script in (("ours", OURS), ("pandera", PANDERA), ("frictionless", FRICTIONLESS))}  # fmt: skip
    wanted = PLANTED * len(FAULTS)
    if any(side["faults_found"] != wanted for side in sides.values()):
        sys.exit(f"not every side found the {wanted} planted faults: {sides}")
    result = {
        "job": f"{ROWS:,} rows x {len(HEADER)} columns, {size / 1e6:.0f} MB CSV, {sum(map(len, RULES.values()))} rules, {wanted} planted faults",
        **sides,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "versions": {name: metadata.version(name) for name in ("problemsolving", "duckdb", "pandas", "pandera", "frictionless")},
    }  # fmt: skip
    target = Path(__file__).parent / "results" / "checks.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
