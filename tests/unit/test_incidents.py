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


def test_rows_come_in_the_same_order_whatever_the_order_of_the_files():
    shuffled = [ROWS[place] for place in (3, 0, 6, 2, 5, 1, 4)]
    pd.testing.assert_frame_equal(incidents(reading(shuffled)).rows(), incidents().rows())


def test_counts_add_up_to_the_rows():
    found = incidents().counted("area_code", "minutes")
    assert found.to_dict("list") == {"area_code": ["E01015700", "E01015701"], "count": [2.0, 1.0]}
    counts, without = incidents(reading(victim_id=["a", "a", None, "b", "c", "d", "a"])).counts_of("victim_id")
    assert counts.to_dict("list") == {"events": [2], "count": [1.0]} and without == 1
    blank = incidents(reading(victim_id=["a", " ", "", "b", "c", "d", "a"])).counts_of("victim_id")
    assert blank[0]["events"].tolist() == [1] and blank[1] == 2


def many(number=4_000, **columns):
    rows = [("E01015700", "2024-01", "robbery")] * number
    frame = pd.DataFrame(rows, columns=["area_code", "month", "category"])
    frame["incident_id"] = [f"i{place}" for place in range(number)]
    frame["victim_id"] = [f"v{place % 1_000}" for place in range(number)]
    return Reading(
        source("police-uk-street"), frame.assign(**columns), ({"name": "a.csv", "sha256": "a", "rows": number},)
    )


def test_rows_are_drawn_by_lot_and_the_same_each_time():
    found, thinned = incidents(many()).draw("incident_id", most=500)
    assert thinned and 400 < len(found) < 600 and found["incident_id"].is_unique
    again, _ = incidents(many()).draw("incident_id", most=500)
    pd.testing.assert_frame_equal(found, again)
    every, thinned = incidents(many()).draw("incident_id", most=4_000)
    assert not thinned and len(every) == 4_000


def test_rows_without_an_identifier_are_drawn_one_by_one():
    found, thinned = incidents(many(incident_id=None)).draw(most=500)
    assert thinned and 400 < len(found) < 600


def test_people_are_drawn_with_all_of_theirs():
    found, thinned = incidents(many()).draw("victim_id", most=500, of="victim_id")
    each = found["victim_id"].value_counts()
    assert thinned and set(each) == {4} and 80 < len(each) < 170


def test_areas_that_were_split_share_their_rows_in_turn():
    changes = pd.DataFrame(
        {
            "old_code": ["E01011111"] * 2 + ["E01015700"],
            "new_code": ["E01015700", "E01099999", "E01015700"],
            "change": "S",
        }
    )
    split = [("E01011111", "2024-01", "robbery")] * 5
    found = incidents(reading([*split, *ROWS]), changes=changes)
    inside = found.cells[found.cells["place"] == "in area"].groupby("area_code")["count"].sum()
    assert inside["E01015700"] == 5.0  # two of its own, three of five in turn
    counted = found.counted("area_code").set_index("area_code")["count"]
    assert counted["E01015700"] == 5.0 and len(found.rows()) == counted.sum()


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
