"""Tables and pictures for a needs assessment: whole or not at all, nothing that was not released."""

import csv
import io

import pytest

from problemsolving.errors import DisclosureError, ParameterError, RunError
from problemsolving.report import needs_assessment
from problemsolving.report.needs_assessment import export_needs_assessment, table_rows
from problemsolving.report.safe import check_picture

pytestmark = pytest.mark.xdist_group("demo")


@pytest.fixture(scope="module")
def exported(demo_run, tmp_path_factory):
    return export_needs_assessment(demo_run, to=tmp_path_factory.mktemp("export") / "needs")


def test_it_goes_through_kinds_causes_and_strategy(exported):
    text = exported.read_text("utf-8")
    parts = [line.removeprefix("## ") for line in text.splitlines() if line.startswith("## ")]
    assert parts[0].startswith("The kinds of serious violence") and "What is known of the causes" in parts
    assert "wider than serious violence" in text and "simulated" in text and "Not estimable" in text


def test_every_file_it_names_is_there_and_no_other(exported):
    folder, text = exported.parent, exported.read_text("utf-8")
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {"README.md"}
    assert len(files) > 30 and all(f"`{name}`" in text for name in files)
    for name in files:
        path = folder / name
        if name.endswith(".csv"):
            rows = list(csv.reader(io.StringIO(path.read_text("utf-8-sig"))))
            assert len(rows) > 1 and len({len(row) for row in rows}) == 1
        else:
            check_picture(path.read_text("utf-8"))


def test_a_folder_that_is_there_is_not_written_over(demo_run, exported):
    before = {path: path.stat().st_mtime_ns for path in exported.parent.rglob("*")}
    with pytest.raises(ParameterError, match="is there already"):
        export_needs_assessment(demo_run, to=exported.parent)
    assert {path: path.stat().st_mtime_ns for path in exported.parent.rglob("*")} == before


def test_nothing_is_left_where_something_would_tell_of_a_person(demo_run, tmp_path, monkeypatch):
    monkeypatch.setattr(needs_assessment, "_opening", lambda _: ["Seen by 943 476 5919"])
    with pytest.raises(DisclosureError):
        export_needs_assessment(demo_run, to=tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


def test_a_profile_that_was_not_run_has_nothing_to_export(simulated, tmp_path):
    with pytest.raises(RunError, match="no complete run"):
        export_needs_assessment(simulated, to=tmp_path / "x")


def test_a_cell_that_a_spreadsheet_would_run_is_text():
    assert [needs_assessment._plain(cell) for cell in ("=1+1", "+cmd", "@x", "-x", "-5", "+12", "-1,200", "4%")] == [
        "'=1+1", "'+cmd", "'@x", "'-x", "-5", "+12", "-1,200", "4%",
    ]  # fmt: skip
    assert table_rows("<table><tr><td>a <b>c</b>&amp;</td></tr></table>") == [["a c&"]]
