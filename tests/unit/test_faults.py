"""Faults as lines, table, JSON and a page; never a value, and nothing that a browser would run or fetch."""

import datetime as dt
import json
import re

import pytest
from click.testing import CliRunner

from problemsolving.cli import main
from problemsolving.dictionary.faults import Fault, FaultReport, fault_report
from problemsolving.errors import DataError, ParameterError

REPORT = FaultReport(
    (
        Fault("a.csv", "", "the file is empty; fetch it again"),
        Fault("a.csv", "Month", "must not be empty", 12, tuple(range(2, 14))),
        Fault("b.csv", "Month", "must not be empty", 1, (3,)),
        Fault("b.csv", "Area", "is empty", 2, (4, 5), "report"),
    )
)


def test_the_same_rule_is_told_once_for_all_files():
    assert REPORT.lines() == [
        "a.csv: the file is empty; fetch it again",
        'column "Month": must not be empty, 13 rows: a.csv line 2; a.csv line 3; a.csv line 4; a.csv line 5; a.csv line 6 and 8 more',
        'column "Area": is empty, 2 rows: b.csv line 4; b.csv line 5',
    ]


def test_table_and_json_say_the_same():
    told = json.loads(REPORT.json())["faults"]
    assert [tuple(fault) for fault in told] == [("file", "column", "rule", "count", "rows", "severity", "unit")] * 4
    assert [fault["count"] for fault in told] == [1, 12, 1, 2]
    assert [row[3] for row in REPORT.table().rows] == [None, 12, 1, 2]
    assert REPORT.table().rows[1][4] == "2, 3, 4, 5, 6"


PAYLOADS = ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7*7 }}", "</style>", "a\u202eb\x1b[31m", "{title}", "\udcff"]  # fmt: skip


@pytest.mark.parametrize("payload", PAYLOADS, ids=ascii)
def test_a_page_escapes_every_name(payload):
    page = FaultReport((Fault(payload, payload, payload, 1, (2,)),)).page(title=payload)
    assert "<script" not in page and "<img" not in page and page.count("</style>") == 1
    assert "\u202e" not in page and "\x1b" not in page
    page.encode("utf-8")


def test_a_page_stands_alone():
    page = REPORT.page()
    assert "default-src 'none'" in page and not re.search(r"https?:|src=|href=|@import|url\(", page)
    assert page.count("<tr>") == 5 and 'lang="en-GB"' in page and "3 faults to correct, 1 note." in page


def test_a_page_says_of_what_when_and_what_to_do(tmp_path):
    page = REPORT.page(profile="night-<b>", on=dt.date(2026, 5, 4))
    assert "Profile night-&lt;b&gt;, checked on 2026-05-04" in page and "check again: problemsolving check" in page
    REPORT.write(tmp_path / "f.html", profile="one")
    assert f"Profile one, checked on {dt.date.today()}" in (tmp_path / "f.html").read_text("utf-8")


def test_months_are_not_told_as_rows():
    gap = Fault("a.csv", "Month", "no row in 2024-02, though months before and after have some", 1, (), "report")
    assert FaultReport((gap,)).lines() == [f'column "Month": {gap.rule}: a.csv']
    assert FaultReport((gap,)).table().rows[0][3] is None


def test_a_report_is_written_by_the_ending_of_its_name(tmp_path):
    REPORT.write(tmp_path / "f.json")
    REPORT.write(tmp_path / "f.html")
    assert json.loads((tmp_path / "f.json").read_text("utf-8"))["faults"][1]["count"] == 12
    assert (tmp_path / "f.html").read_text("utf-8").startswith("<!DOCTYPE html>")
    for name in ("f.txt", "nowhere/f.json"):
        with pytest.raises(ParameterError):
            REPORT.write(tmp_path / name)


def test_an_error_carries_its_report_and_its_lines():
    error = DataError("x", report=REPORT)
    assert error.faults == tuple(REPORT.lines()) and fault_report([error]) == REPORT
    assert [fault.rule for fault in fault_report([DataError("y", faults=["one", "two"])]).faults] == ["one", "two"]
    assert [fault.rule for fault in fault_report([DataError("y")]).faults] == ["y"]


def test_check_writes_what_is_wrong_with_the_data(profile, tmp_path):
    path = profile / "data/incidents.csv"
    lines = path.read_text("utf-8").splitlines(keepends=True)
    header = lines[0].strip().split(",")
    cells = lines[5].split(",")
    cells[header.index("month")] = "2024-13"
    lines[5] = ",".join(cells)
    path.write_text("".join(lines), "utf-8")
    ran = CliRunner().invoke(main, ["check", str(profile), "--faults", str(tmp_path / "f.json")])
    assert ran.exit_code == 12 and "line 6" in ran.output and "2024-13" not in ran.output
    told = json.loads((tmp_path / "f.json").read_text("utf-8"))["faults"]
    assert {"incidents.csv", 1, (6,)} <= {part for fault in told for part in (fault["file"], fault["count"], tuple(fault["rows"]))}  # fmt: skip


def test_check_writes_the_notes_of_a_profile_that_is_ready(profile, tmp_path):
    ran = CliRunner().invoke(main, ["check", str(profile), "--faults", str(tmp_path / "f.html")])
    assert ran.exit_code == 0 and "ready to run" in ran.output
    assert "0 faults to correct" in (tmp_path / "f.html").read_text("utf-8")
    assert CliRunner().invoke(main, ["check", str(profile), "--faults", str(tmp_path / "f.txt")]).exit_code == 10
