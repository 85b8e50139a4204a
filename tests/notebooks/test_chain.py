"""The wires of the whole chain: each check is not only there but called, by `open_study`, a run and its page."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from problemsolving.dictionary import reading as readings
from problemsolving.dictionary.reading import Reading
from problemsolving.dictionary.schema import source
from problemsolving.errors import DataError, DisclosureError, SharingError
from problemsolving.governance.ledger import ledger_path, read_ledger, record_release
from problemsolving.governance.policies import POLICIES
from problemsolving.governance.scan import SensitiveValues
from problemsolving.locks import file_digest
from problemsolving.problem import read_problem
from problemsolving.report import page as pages
from problemsolving.report.page import report_profile, run_and_publish, write_page
from problemsolving.study import open_study
from problemsolving.study import opening as studies

pytestmark = pytest.mark.xdist_group("demo")
NOTHING = SensitiveValues()


@pytest.fixture
def good(demo_run, tmp_path):
    """A complete run in a copy of its profile."""
    folder = tmp_path / demo_run.parents[1].name
    shutil.copytree(demo_run.parents[1], folder)
    return folder / "runs" / demo_run.name


@pytest.fixture(scope="module")
def limited(simulated, tmp_path_factory):
    """A run of two stages whose incidents come under a full record: no area below a district, and stricter counts."""
    profile = tmp_path_factory.mktemp("limited") / simulated.name
    shutil.copytree(simulated, profile)
    columns = source("simulated-incidents").columns
    fields = "".join(f"\n  - {{name: {name}, why: Needed for the profile}}" for name in columns)
    text = (profile / "sharing/contacts.yml").read_text("utf-8").replace("contacts", "incidents")
    text = text.replace("condition: none", "condition: schedule-1-health-or-social-care")
    text = re.sub(r"fields:(\n  - .*)+", f"fields:{fields}", text)
    text = text.replace(
        "policy: opensafely, threshold: 8, rounding: 5", "policy: opensafely, threshold: 12, rounding: 10"
    )
    assert "threshold: 12" in text and "lowest_area: district" in text
    (profile / "sharing/incidents.yml").write_text(text, "utf-8")
    return run_and_publish(profile, stages=["scan", "respond"])


def prints(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): file_digest(path) for path in folder.rglob("*") if path.is_file()}


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def keep_rows(path: Path, share: float) -> int:
    """Leave the first rows of a file; give how many."""
    lines = path.read_bytes().splitlines(keepends=True)
    kept = lines[: 1 + int(share * (len(lines) - 1))]
    path.write_bytes(b"".join(kept))
    return len(kept) - 1


def test_a_page_that_differences_a_small_group_out_of_an_earlier_one_is_refused(good):
    ledger = ledger_path(good.parents[1])
    ledger.unlink()
    findings = json.loads((good / "restricted/findings.json").read_text("utf-8"))
    finding = next(found for found in findings if any(cell[2] for cell in found["released_cells"]["cells"]))
    labels, period, count = next(cell for cell in finding["released_cells"]["cells"] if cell[2])
    finding["released_cells"] |= {"cells": [[labels, period, count + 5]], "sums": []}
    record_release([finding], ledger, POLICIES["ons"], run="earlier")
    before = prints(good.parents[1])
    with pytest.raises(DisclosureError, match="what left before") as caught:
        write_page(good, values=NOTHING)
    assert any(fault.startswith(f"{finding['stage']} {finding['name']}: differencing") for fault in caught.value.faults)
    after = prints(good.parents[1])
    assert {name for name in after if after[name] != before.get(name)} <= {"releases/ledger.lock"}


def test_a_run_enters_the_ledger_once_however_often_it_is_reported(good):
    ledger = ledger_path(good.parents[1])
    (entry,) = read_ledger(ledger)
    assert entry["run"] == good.name and entry["findings"]
    report_profile(good.parents[1])
    assert read_ledger(ledger) == [entry]


def test_the_finished_files_are_searched_again(good, monkeypatch):
    monkeypatch.setattr(pages, "review_in_words", lambda _: "Reviewed with 943 476 5919.")
    before = prints(good)
    with pytest.raises(DisclosureError) as caught:
        write_page(good, values=NOTHING)
    (fault,) = caught.value.faults
    assert fault.startswith("index.html: holds what looks like a") and prints(good) == before


def test_no_finding_leaves_by_an_area_smaller_than_the_record_allows(limited):
    findings = json.loads((limited / "restricted/findings.json").read_text("utf-8"))
    by_area = {finding["name"]: finding for finding in findings if finding["withheld"]}
    small = {"rate_by_small_area", "hot_spots", "hot_spot_persistence", "unusual_points", "funnel", "places"}
    assert set(by_area) == small
    page = (limited / "released/index.html").read_text("utf-8")
    codes = set(open_study(limited.parents[1]).areas.index)
    assert len(codes) > 20
    why = "lets no finding leave by areas smaller than a district"
    withheld = page[page.index("What was withheld") :]
    for finding in by_area.values():
        assert not finding["picture"] and not finding["table"] and not finding["released_cells"].get("cells")
        assert why in finding["summary"] and f"#{finding['stage']}-{finding['name']}" in withheld
    assert why in withheld and not [code for code in codes if code in json.dumps(list(by_area.values()))]


def test_the_strictest_policy_is_in_force_and_stands_on_the_page(limited):
    findings = json.loads((limited / "restricted/findings.json").read_text("utf-8"))
    policy = "strictest of opensafely + threshold 12, rounding 10"
    assert read_problem(limited.parents[1]).policy == "opensafely"
    assert {finding["policy"] for finding in findings} == {policy}
    page = (limited / "released/index.html").read_text("utf-8")
    assert f"Policy {policy}, as the sharing record of incidents asks; problem.yml asked for opensafely." in page
    counts = [value["n"] for finding in findings for value in finding["values"] if value["n"] is not None]
    assert counts and all(count >= 12 - 5 and count % 10 == 0 for count in counts)


def test_a_delivery_of_a_tenth_is_refused_after_a_complete_run(limited):
    profile = limited.parents[1]
    path = profile / "data/contacts.csv"
    kept = path.read_bytes()
    lines = kept.splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], *lines[1::12]]))
    try:
        with pytest.raises(DataError, match="looks like a mistake") as caught:
            open_study(profile)
    finally:
        path.write_bytes(kept)
    assert any(
        fault.startswith("contacts") and "a tenth of the rows" in fault for fault in map(str, caught.value.faults)
    )
    assert open_study(profile).table("contact") is not None


def test_checked_tables_are_kept_used_and_made_anew(profile, monkeypatch):
    read: list[str] = []
    real = readings.open_all
    monkeypatch.setattr(readings, "open_all", lambda found, *a, **k: read.append(found.name) or real(found, *a, **k))
    first = open_study(profile)
    written = {found.source for found in read_problem(profile).sources} - {"simulated-boundaries"}
    assert set(read) == written | {"simulated-boundaries"}
    assert {re.sub(r"-[0-9a-f]{12}$", "", path.stem) for path in (profile / ".cache").glob("*.parquet")} == written
    read.clear()
    second = open_study(profile)
    assert read == ["simulated-boundaries"]  # outlines are not kept
    pd.testing.assert_frame_equal(second.table("contact"), first.table("contact"))
    read.clear()
    rows = keep_rows(profile / "data/contacts.csv", 0.9)
    assert len(open_study(profile).table("contact")) == rows < len(first.table("contact"))
    assert set(read) == {"simulated-contacts", "simulated-boundaries"}


def test_incidents_of_retired_areas_are_counted_where_these_went(profile):
    before = open_study(profile)
    codes = list(before.areas.index)
    old = {code: code.replace("E01999", "E01998") for code in codes[:5]}
    incidents = before.readings["incidents"]
    moved = replace(incidents, held=incidents.frame.assign(area_code=incidents.frame["area_code"].replace(old)))
    changes = pd.DataFrame({"old_code": [old.get(code, code) for code in codes], "new_code": codes, "change": "X"})
    lookup = Reading(source("ons-lsoa11-lsoa21"), changes)
    after = replace(before, readings={**before.readings, "incidents": moved, "changes": lookup})
    counts = [found.count().set_index("area_code")["count"] for found in (before, after)]
    pd.testing.assert_series_equal(*counts)
    assert counts[0][list(old)].sum() > 0
    assert after.vintage_caveat.startswith("2011 code, retired in 2021") and not before.vintage_caveat


@pytest.fixture
def approved(profile):
    """A profile whose record of contacts lists the hash of their one file; the file."""
    path = profile / "data/contacts.csv"
    record = profile / "sharing/contacts.yml"
    edit(record, "sha256: none", f"sha256: [{file_digest(path)}]")
    edit(profile / "problem.yml", "files: contacts.csv", 'files: "**/contacts.csv"')
    assert open_study(profile).table("contact") is not None
    return path


def test_a_second_file_of_the_same_name_needs_its_own_approval(approved, profile):
    (profile / "data/more").mkdir()
    more = profile / "data/more/contacts.csv"
    shutil.copy(approved, more)
    keep_rows(more, 0.5)
    with pytest.raises(SharingError, match=r"does not match more/contacts\.csv"):
        open_study(profile)


def test_a_file_swapped_after_its_check_is_refused(approved, profile, monkeypatch):
    real = studies.read_all

    def swapped(*words):
        keep_rows(approved, 0.9)
        return real(*words)

    monkeypatch.setattr(studies, "read_all", swapped)
    with pytest.raises(SharingError, match="what was read is not what was approved") as caught:
        open_study(profile)
    assert caught.value.faults == (
        "sharing/contacts.yml: sha256: 1 file changed while it was read; put back what was approved",
    )
