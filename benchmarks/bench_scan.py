"""The last look at a page: a million distinct values of persons against pages of two megabytes."""

import json
import os
import platform
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from problemsolving.dictionary.reading import Reading
from problemsolving.dictionary.schema import source
from problemsolving.governance.scan import collect_values, scan_release

RUNS = 5
VALUES = 1_000_000


def main() -> None:
    if os.environ.get("PYTHONDONTWRITEBYTECODE"):
        sys.exit("unset PYTHONDONTWRITEBYTECODE: the package must be compiled")
    number = pd.Series(np.arange(VALUES // 2))
    ids = {"contact_id": number.map("C{:07d}".format), "person_id": number.map("P{:06d}".format)}
    frame = pd.DataFrame(ids | {"agency_id": "police", "kind": "call", "started_at": pd.NaT, "ended_at": pd.NaT})
    reading = Reading(source("simulated-contacts"), frame, ())
    words = " ".join(f"word{place} {place / 7:.3f}" for place in range(110_000))
    page = f"<html><p>{words}</p></html>"
    collected, searched = [], []
    for _ in range(RUNS):
        began = time.perf_counter()
        values = collect_values([reading])
        middle = time.perf_counter()
        clean = scan_release({"index.html": page}, values)
        searched.append(time.perf_counter() - middle)
        collected.append(middle - began)
        assert not clean and len(values) == VALUES
    found = scan_release({"index.html": page.replace("word99 ", "word99 P000099 ")}, values)
    assert found == ["index.html: holds a value of contact.person_id"]
    result = {
        "job": f"{VALUES:,} distinct values, a page of {len(page):,} bytes",
        "collect_seconds": round(statistics.median(collected), 2),
        "search_seconds": round(statistics.median(searched), 2),
        "runs": RUNS,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
    }
    target = Path(__file__).parent / "results" / "scan.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
