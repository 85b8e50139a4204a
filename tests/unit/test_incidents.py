"""Incidents counted in SQL: what a study counts is what stands in the files, whatever holds them."""

import pandas as pd
import pytest

from problemsolving.dictionary.reading import Reading, read_source
from problemsolving.dictionary.schema import source
from problemsolving.study.incidents import Incidents

AREAS = pd.Index(["E01015700", "E01015701"])
ROWS = [
    ("E01015700", "2024-01", "robbery"), ("E01015700", "2024-01", "robbery"), ("E01015701", "2024-02", "robbery"),
    ("E01015701", "2024-02", "burglary"), (None, "2024-02", "robbery"), ("E01000001", "2024-02", "robbery"),
    ("E01015700", "2024-04", "robbery"),
]  # fmt: skip


def reading(rows=ROWS, name="police-uk-street", **columns):
    frame = pd.DataFrame(rows, columns=["area_code", "month", "category"]).assign(
        incident_id=[f"i{place % 3}" for place in range(len(rows))], **columns
    )
    return Reading(source(name), frame, ({"name": "a.csv", "sha256": "a", "rows": len(frame)},))


def incidents(*readings, months=("2024-01", "2024-02"), changes=None):
    return Incidents(readings or [reading()], ("robbery",), months, AREAS, changes)


def test_cells_hold_every_incident_of_the_problem_once():
    cells = incidents().cells
    assert cells.groupby("place")["count"].sum().to_dict() == {"elsewhere": 1.0, "in area": 3.0, "unplaced": 1.0}
    assert cells["count"].sum() == sum(row[2] == "robbery" and row[1] in ("2024-01", "2024-02") for row in ROWS)


def test_rows_are_those_in_the_area_with_the_columns_asked_for():
    rows = incidents().rows("incident_id", "minutes")
    assert list(rows.columns) == ["area_code", "month", "incident_id"] and len(rows) == 3


def test_two_readings_are_counted_together():
    assert incidents(reading(), reading()).cells["count"].sum() == 2 * incidents().cells["count"].sum()


def test_a_series_begins_after_the_last_gap_and_zero_months_stay():
    assert incidents().series() == {"2024-04": 1.0}
    whole = incidents(reading([*ROWS, ("E01015700", "2024-03", "burglary")])).series()
    assert whole == {"2024-01": 2.0, "2024-02": 1.0, "2024-03": 0.0, "2024-04": 1.0}


def test_codes_of_2011_are_counted_where_they_went():
    changes = pd.DataFrame(
        {"old_code": ["E01011111", "E01015701"], "new_code": ["E01015700", "E01015701"], "change": "M"}
    )
    found = incidents(reading([("E01011111", "2024-01", "robbery"), *ROWS]), changes=changes)
    inside = found.cells[found.cells["place"] == "in area"]
    assert inside.groupby("area_code")["count"].sum().to_dict() == {"E01015700": 3.0, "E01015701": 1.0}
    assert len(found.rows()) == 4


@pytest.mark.parametrize(("day", "covered"), [(12, 12), (29, 30), (30, 30)])
def test_a_last_month_that_the_files_cover_in_part_is_known_where_they_have_days(day, covered):
    times = pd.to_datetime([f"{month}-{day if month == '2024-04' else 3:02d}" for _, month, _ in ROWS])
    dated = incidents(reading(name="simulated-incidents", occurred_at=times))
    assert dated.days["2024-04"] == covered and dated.days["2024-02"] == 29
    assert incidents().days["2024-04"] == 30  # a source of months alone cannot tell


def test_the_same_comes_out_of_a_frame_and_of_the_cache(tmp_path):
    header = "Crime ID,Month,Reported by,Falls within,Longitude,Latitude,Location,LSOA code,LSOA name,Crime type,Last outcome category,Context"  # fmt: skip
    lines = [f",{month},F,F,-0.4,51.9,A,{code or ''},,Robbery,," for code, month, kind in ROWS if kind == "robbery"]
    (tmp_path / "a.csv").write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    words = {"source": source("police-uk-street"), "paths": [tmp_path / "a.csv"], "root": tmp_path}
    plain, first, cached = (read_source(**words, cache=cache) for cache in (None, tmp_path / "c", tmp_path / "c"))
    assert isinstance(plain.held, pd.DataFrame) and not isinstance(cached.held, pd.DataFrame)
    tables = [incidents(found).cells for found in (plain, first, cached)]
    pd.testing.assert_frame_equal(tables[0], tables[1])
    pd.testing.assert_frame_equal(tables[0], tables[2])
    assert plain.summary() == cached.summary() and plain.months == cached.months and plain.columns == cached.columns
    pd.testing.assert_frame_equal(plain.frame, cached.frame)


def test_a_later_delivery_does_not_change_what_a_run_reads(tmp_path):
    header = "Crime ID,Month,Reported by,Falls within,Longitude,Latitude,Location,LSOA code,LSOA name,Crime type,Last outcome category,Context"  # fmt: skip
    path = tmp_path / "a.csv"
    line = ",2024-01,F,F,-0.4,51.9,A,E01015700,,Robbery,,\n"
    words = {"source": source("police-uk-street"), "paths": [path], "root": tmp_path, "cache": tmp_path / "c"}
    path.write_text(f"{header}\n{line * 3}", encoding="utf-8")
    held = read_source(**words)
    path.write_text(f"{header}\n{line * 5}", encoding="utf-8")
    assert read_source(**words).rows == 5
    assert held.rows == 3 and len(held.frame) == 3 and len(held.query("select month from canonical")) == 3
