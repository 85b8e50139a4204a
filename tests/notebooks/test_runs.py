"""Truthful runs: whatever happens, the record says what happened and the last good run stays as it was."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import psutil
import pytest

from problemsolving.notebooks.record import latest_run, list_runs, read_record
from problemsolving.report.page import report_profile

pytestmark = [pytest.mark.xdist_group("demo"), pytest.mark.skipif(os.name != "posix", reason="sends POSIX signals")]


@pytest.fixture(scope="module")
def ran(demo_run):
    return demo_run


@pytest.fixture
def good(ran, tmp_path):
    """A profile with a good run, whose first question can be replaced."""
    folder = tmp_path / "profile"
    shutil.copytree(ran.parents[1], folder)
    return folder


def replace_question(profile, code, notebook="02_analyse.ipynb"):
    path = profile / notebook
    content = json.loads(path.read_text("utf-8"))
    question = next(
        cell
        for cell in content["cells"]
        if cell["cell_type"] == "code" and "".join(cell["source"]).startswith("analyse.")
    )
    question["source"] = code
    path.write_text(json.dumps(content), "utf-8")


def prints(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def start(profile, *words):
    command = [sys.executable, "-m", "problemsolving", "run", str(profile), "--stage", "analyse", *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def started_cell(profile, process, marker, seconds=60):
    """Wait until the slow cell writes its mark; give the kernel's process."""
    end = time.time() + seconds
    while time.time() < end and process.poll() is None:
        if marker.exists() and marker.read_text():
            return psutil.Process(int(marker.read_text()))
        time.sleep(0.1)
    raise AssertionError(process.communicate()[1])


SLOW = "import os, time, pathlib\npathlib.Path('mark').write_text(str(os.getpid()))\ntime.sleep(120)"


@pytest.mark.parametrize(
    ("deed", "status", "code"),
    [
        ("kill kernel", "failed", 17),
        ("kill runner", "killed", -9),
        ("ctrl-c", "interrupted", 130),
        ("terminate", "interrupted", 130),
        ("timeout", "timed-out", 17),
        ("fail", "failed", 17),
        ("quit", "failed", 17),
    ],
)
def test_each_end_is_told_and_the_good_run_is_untouched(good, deed, status, code):
    first = latest_run(good)
    before = prints(first), (good / "runs/latest.json").read_bytes()
    spoilt = {"fail": "raise ValueError('the value 943 476 5919')", "quit": "import sys; sys.exit(0)"}
    replace_question(good, spoilt.get(deed, SLOW))
    process = start(good, *(["--timeout", "3"] if deed == "timeout" else []))
    if deed not in ("fail", "timeout", "quit"):
        kernel = started_cell(good, process, good / "mark")
        if deed == "kill kernel":
            kernel.kill()
        elif deed == "kill runner":
            process.kill()
        else:
            process.send_signal(signal.SIGINT if deed == "ctrl-c" else signal.SIGTERM)
    _, err = process.communicate(timeout=90)
    assert process.returncode == code, err
    (folder,) = [path for path in (good / "runs").glob("2*") if path != first]
    record = read_record(folder)
    assert record["status"] == status
    assert (prints(first), (good / "runs/latest.json").read_bytes()) == before
    assert not (folder / "released").exists()
    assert "943 476" not in err + (folder / "record.json").read_text() + (folder / "run.log").read_text()
    if deed not in ("fail", "timeout", "quit"):
        _, alive = psutil.wait_procs([kernel], timeout=20)
        assert not alive


def test_a_good_run_is_recorded_whole(ran):
    record = read_record(ran)
    assert record["status"] == "complete" and record["schema_version"] == 1
    assert [entry["stage"] for entry in record["notebooks"]] == ["scan", "analyse", "respond", "assess"]
    assert all(entry["seconds"] > 0 and entry["peak_memory_mb"] > 50 for entry in record["notebooks"])
    assert {entry["dataset"]: len(entry["files"][0]["sha256"]) for entry in record["inputs"]}["incidents"] == 64
    assert record["packages"]["papermill"] and record["parameters"]["policy"] == "opensafely"
    assert (
        (ran / "run.log").read_text().count("seconds") == 4
        and not list(ran.rglob("*.partial.ipynb"))
        and not list(ran.rglob("*.tmp"))
    )
    assert latest_run(ran.parents[1]) == ran and [run["status"] for run in list_runs(ran.parents[1])] == ["complete"]
    if os.name == "posix":
        assert (ran / "restricted").stat().st_mode & 0o077 == 0


def test_one_stage_alone_does_not_move_latest(good):
    first = latest_run(good)
    process = start(good)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert latest_run(good) == first and len(list_runs(good)) == 2
    other = next(path for path in (good / "runs").glob("2*") if path != first)
    assert {value["stage"] for value in json.loads((other / "released/results.json").read_text())} == {"analyse"}


def counts_itself(value):
    """Tell whether a number counts areas, agencies or periods, or is a judgement: it has neither interval nor cases."""
    return value["name"].startswith("areas_") or value["name"] in ("quarters_hot", "risk", "core_size", "communities")


def test_results_hold_no_nan_clock_path_or_run(ran):
    text = (ran / "released/results.json").read_text("utf-8")
    values = json.loads(text)
    keys = [
        "stage",
        "name",
        "group",
        "period",
        "estimate",
        "low",
        "high",
        "level",
        "unit",
        "n",
        "method",
        "design",
        "caveats",
        "policy",
        "withheld",
    ]
    assert all(list(value) == keys for value in values)
    assert "NaN" not in text and ran.name not in text and str(ran.parents[1]) not in text and "2026-" not in text
    assert all(value["estimate"] is not None or value["withheld"] for value in values)
    assert [
        v["name"]
        for v in values
        if v["estimate"] is not None and v["low"] is None and v["n"] is None and not counts_itself(v)
    ] == []


def test_every_count_in_the_results_meets_the_policy(ran):
    values = json.loads((ran / "released/results.json").read_text("utf-8"))
    counts = [value["n"] for value in values if value["n"] is not None and not value["name"].endswith("_p")]
    assert counts and all(count > 7 and count % 5 == 0 for count in counts)


def test_running_again_gives_the_same_results_byte_for_byte(ran, good):
    process = subprocess.run(
        [sys.executable, "-m", "problemsolving", "--quiet", "run", str(good)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    again = latest_run(good)
    assert (
        again != ran and (again / "released/results.json").read_bytes() == (ran / "released/results.json").read_bytes()
    )


def test_report_writes_the_same_page_again(good):
    page = latest_run(good) / "released/index.html"
    before = page.read_bytes()
    page.unlink()
    assert report_profile(good) == page and page.read_bytes() == before


def test_planted_truths_are_found(ran):
    values = json.loads((ran / "released/results.json").read_text("utf-8"))
    sheet = json.loads((ran.parents[1] / "data/truth.json").read_text())

    def one(name, group=None):
        return next(value for value in values if value["name"] == name and value["group"] == group)

    assert one("effect_ratio")["low"] < sheet["response_ratio"] < one("effect_ratio")["high"]
    income = one("rate_ratio", "Income deprivation")
    assert income["low"] < sheet["rate_ratios"]["income"] < income["high"] and income["low"] > 1
    waits = {value["group"]: value for value in values if value["name"] == "median_wait" and value["estimate"]}
    assert max(waits, key=lambda group: waits[group]["estimate"]).endswith("Coastal Mental Health Trust")
