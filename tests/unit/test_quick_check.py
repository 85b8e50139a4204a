"""A column that the quick test calls clean is one in which no rule is broken, whatever words its source uses."""

import csv
import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from problemsolving.dictionary.checks import connect, load_codelists, plan_checks, run_checks
from problemsolving.dictionary.describe import describe
from problemsolving.dictionary.reading import open_all, read_source
from problemsolving.dictionary.schema import ColumnMap, Source, _misused, names, source, table
from problemsolving.errors import DataError

SAMPLES = Path(__file__).resolve().parents[1] / "samples"
TODAY = dt.date(2026, 1, 1)
CSV = [n for n in names("sources") if (SAMPLES / f"{n}.csv").is_file()]
ODD = (
    "", "NA", "0", "-1", "5", "5.0", "0.5", "1e9", "1,234", "99999", "abc", "Yes", "true", "2024-13", "2031-01", "1989-12",
    "2024-01-01T10:00:00", "2024-03-31 01:30:00", "2024-10-27 01:30:00+00:00", "2008/09", "2008/10", "April 2021",
    "E01000001", "E01999001", "W01009999", "x" * 20_001, "=1+1", "<b>", "AB1 2CD", "943 476 5919", "0123", "f" * 64, "police",
)  # fmt: skip


def sample(name):
    with (SAMPLES / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.reader(stream))


def write(path, rows):
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows(rows)


def faults_of(found, path, *, quick):
    connection = connect()
    try:
        load_codelists(connection, found)
        plan = plan_checks(found, table(found.table), TODAY)
        if not quick:
            masks = tuple(tuple(replace(column, clean="false", alone=False) for column in mask) for mask in plan.masks)
            plan = replace(plan, masks=masks)
        return run_checks(connection, plan, open_all(found, [path], root=path.parent))[0]
    finally:
        connection.close()


@pytest.mark.parametrize("name", CSV)
def test_the_quick_test_hides_no_broken_rule(tmp_path, name):
    header, *rows = sample(name)
    told = [
        [*row[:place], odd, *row[place + 1 :]]
        for place in range(len(header))
        for row, odd in zip(rows * len(ODD), ODD, strict=False)
    ]
    write(tmp_path / "odd.csv", [header, *rows, *told])
    quick = faults_of(source(name), tmp_path / "odd.csv", quick=True)
    assert quick == faults_of(source(name), tmp_path / "odd.csv", quick=False)
    assert any(fault.severity == "refuse" for fault in quick)


def areas(tmp_path, name, code):
    columns = list(source(name).columns)
    row = dict.fromkeys(columns, "x") | {"area_code": code, "ward_code": "E05000001", "district_code": "E06000001"}
    write(tmp_path / "areas.csv", [columns, [row[column] for column in columns]])
    return read_source(source(name), [tmp_path / "areas.csv"], root=tmp_path, today=TODAY)


def test_made_up_areas_are_those_that_nobody_lives_in(tmp_path):
    assert source("simulated-areas").areas == "made up" and "small areas are made up" in describe("simulated-areas")
    assert areas(tmp_path, "simulated-areas", "E01999001").rows == 1
    with pytest.raises(DataError, match="a small area that there is"):
        areas(tmp_path, "simulated-areas", "E01015761")


def test_a_publishers_areas_are_real(tmp_path):
    header, first, *_ = sample("police-uk-street")
    first[header.index("LSOA code")] = "E01999001"
    write(tmp_path / "street.csv", [header, first])
    with pytest.raises(DataError, match="no such small area"):
        read_source(source("police-uk-street"), [tmp_path / "street.csv"], root=tmp_path, today=TODAY)


def at_sea(tmp_path, found, code):
    row = {"area_code": code, "longitude": "1.95", "latitude": "53.0"}
    cells = [
        {"month": "2024-01", "category": "burglary", "force": "x"}.get(name, row.get(name, ""))
        for name in found.columns
    ]
    write(tmp_path / "incidents.csv", [list(found.columns), cells])
    return [fault.rule for fault in faults_of(found, tmp_path / "incidents.csv", quick=True)]


def test_points_of_made_up_areas_lie_at_sea(tmp_path):
    made_up, told = source("simulated-incidents"), "an area of England with a point outside England"
    assert told not in at_sea(tmp_path, made_up, "E01999001")
    real = made_up.model_copy(update={"areas": "real"})
    assert told in at_sea(tmp_path, real, "E01015761")


def test_every_simulated_source_with_small_areas_says_that_they_are_made_up():
    for name in names("sources"):
        found = source(name)
        has = any(table(found.table).field(field).is_small_area for field in found.columns)
        assert (found.areas == "made up") == (has and name.startswith("simulated-")), name


def test_made_up_areas_need_a_column_of_areas():
    found = source("simulated-agencies").model_copy(update={"areas": "made up"})
    assert _misused(found, table("agency")) == ["areas: needs a column of small areas"]


def test_a_column_that_gives_two_fields_is_told_once(tmp_path):
    raw = source("simulated-agencies").model_dump(by_alias=True, exclude_defaults=True)
    raw["columns"] = {"agency_id": {"from": "id"}, "agency_name": {"from": "id"}, "agency_type": {"from": "type"}}
    found = Source.model_validate(raw)
    assert isinstance(found.columns["agency_id"], ColumnMap)
    write(tmp_path / "agencies.csv", [["id", "type"], ["", "police"], ["=1", "police"], ["b", "police"]])
    faults = [(f.column, f.rule, f.count) for f in faults_of(found, tmp_path / "agencies.csv", quick=True)]
    assert len(set(faults)) == len(faults) and all(count == 1 for *_, count in faults)
    assert ("id", "begins like a formula", 1) in faults and ("id", "must not be empty", 1) in faults
