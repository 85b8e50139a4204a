"""Each source reads a hand-made file of ten rows, and what it gives meets the Frictionless schema of its table."""

import datetime as dt
from pathlib import Path

import pandas as pd
import pytest
from frictionless import Resource, Schema

from problemsolving.dictionary.describe import describe, table_schema
from problemsolving.dictionary.reading import read_source
from problemsolving.dictionary.schema import FieldType, names, source, table
from problemsolving.errors import DataError

SAMPLES = Path(__file__).resolve().parents[1] / "samples"
OUTLINES = {"ons-boundaries-lsoa21"}  # read from GeoJSON: tests/unit/test_door.py
TABULAR = [name for name in names("sources") if not name.startswith("simulated-") and name not in OUTLINES]
COUNTERS = {"wave"}  # a number of an occasion, without a unit
OPEN_ENDED = {"score", "value"}  # the scale is that of the instrument or publisher
TODAY = dt.date(2026, 1, 1)


def read(name):
    (path,) = SAMPLES.glob(f"{name}.*")
    return read_source(source(name), [path], root=SAMPLES, today=TODAY)


def plain(value):
    if value is None or value is pd.NaT or value != value:
        return None
    return value.to_pydatetime() if isinstance(value, pd.Timestamp) else value


def records(name):
    return [{key: plain(value) for key, value in row.items()} for row in read(name).frame.to_dict("records")]


# what the first or another telling row becomes
EXPECTED = {
    "milwaukee-calls-for-service": (3, {"call_id": "103", "month": "2018-04", "occurred_at": dt.datetime(2018, 4, 5, 4, 15), "longitude": None, "latitude": None, "district": "4"}),
    "nhs-emergency-attendances": (0, {"trust_code": "X0Z", "month": "2021-04", "attendances": 1000, "attendances_over_4_hours": None, "admissions": 300, "admissions_over_4_hours": 30}),
    "istv": (4, {"month": "2024-07", "arrival_at": dt.datetime(2024, 7, 14, 0, 30), "assault_at": dt.datetime(2024, 7, 13, 22, 50), "method": "Fist", "location_type": "Public house"}),
    "section-136": (0, {"detention_id": "D0", "detained_at": dt.datetime(2024, 1, 10, 8), "ended_at": dt.datetime(2024, 1, 10, 18, 30), "place_of_safety": "health-based", "outcome": "community", "extended": True}),
    "homelessness-assessed": (1, {"area_code": "E07000005", "area_type": "district", "value": None}),
    "homelessness-temporary-accommodation": (2, {"value": 0.5, "unit": "households per 1,000 households"}),
    "crime-severity": (8, {"area_code": "E06000063", "value": None, "area_type": "district"}),
    "alcohol-admissions": (0, {"area_type": "combined authority", "period_start": "2008-04", "months": 12, "value": 690}),
    "sepsis-event-log": (4, {"case_id": "NA", "activity": "CRP", "age": 65, "diagnosis": "ZZ", "occurred_at": dt.datetime(2014, 1, 1, 4)}),
    "permit-event-log": (0, {"case_id": "case-1", "occurred_at": dt.datetime(2011, 7, 10, 10), "unit": None, "channel": "Desk"}),
    "drabek-ties": (0, {"respondent": "1", "rated": "2", "score": 4}),
    "tobacco-partnership-contact": (4, {"score": 5, "item": "contact"}),
    "tobacco-partnership-collaborate": (0, {"score": 1}),
    "drabek-organisations": (1, {"paid_staff": None, "volunteer_staff": 0}),
    "tobacco-partnership-agencies": (2, {"kind": "national", "years": 2.5}),
    "ons-lsoa21-icb24": (0, {"area_code": "E01000000", "group_code": "E54000001", "code_year": 2021}),
    "ons-lsoa11-msoa11": (0, {"area_code": "S01000001", "group_type": "msoa"}),
    "ons-lsoa11-lsoa21": (0, {"change": "S"}),
    "ons-lsoa21-ward24-district24": (0, {"district_code": "E06000001"}),
    "ons-population-2020-lsoa11": (9, {"population": 1509, "code_year": 2011}),
    "ons-population-2020-lsoa11-ages": (0, {"aged_0_9": 109, "aged_65_over": 286, "code_year": 2011}),
    "local-population-groups": (0, {"female": 800, "white": 1400, "year": 2021}),
    "local-incidents": (1, {"occurred_at": dt.datetime(2024, 7, 11, 7), "occurred_until": dt.datetime(2024, 7, 11, 16, 30), "victim_sex": "female", "offence_code": "28E", "minutes": 61}),
    "local-weights": (1, {"code": "2", "kind": "cost", "weight": 1.5, "price_year": 2024}),
    "local-coded-demand": (0, {"item_id": "D0", "coder": "first", "code": "value"}),
    "iod-2019-file-1": (0, {"overall_rank": 29_199, "overall_decile": 9}),
    "iod-2019-file-2": (0, {"income_decile": 5, "code_year": 2011}),
    "iod-2019-file-6": (0, {"population": 1_296, "year": 2015}),
    "iod-2019-file-7": (0, {"overall_rank": 16_420, "income_score": 0.5, "environment_decile": 5, "code_year": 2011}),
    "iod-2025-file-7": (9, {"crime_rank": 16_429, "overall_score": 0.5, "code_year": 2021}),
    "iod-2025": (0, {"income_score": 0.5, "code_year": 2021}),
    "police-uk-street": (0, {"incident_id": None, "month": "2024-01", "category": "anti-social-behaviour", "area_code": "E01015761"}),
    "police-uk-outcomes": (1, {"outcome": "Suspect charged"}),
    "police-uk-stop-and-search": (1, {"stopped_at": dt.datetime(2024, 4, 30, 21, 15), "longitude": None}),
}  # fmt: skip


def test_every_source_has_a_sample_and_an_expectation():
    assert set(EXPECTED) == set(TABULAR) == {path.stem for path in SAMPLES.iterdir()}


@pytest.mark.parametrize("name", TABULAR)
def test_a_sample_of_ten_rows_is_read(name):
    rows = records(name)
    place, expected = EXPECTED[name]
    assert len(rows) == (9 if name == "crime-severity" else 10)
    assert {key: rows[place][key] for key in expected} == expected


@pytest.mark.parametrize("name", TABULAR)
def test_what_is_read_meets_the_frictionless_schema(name):
    found = source(name)
    descriptor = table_schema(found.table)
    integers = [field.name for field in table(found.table).fields if field.type == "integer"]
    columns = [field.name for field in table(found.table).fields]
    rows = [{key: row.get(key) for key in columns} for row in records(name)]
    for row in rows:
        row |= {key: int(row[key]) for key in integers if row[key] is not None}
    report = Resource(data=rows, schema=Schema.from_descriptor(descriptor)).validate()
    assert report.valid, report.flatten(["type", "fieldName", "note"])


def test_the_frictionless_schema_refuses_what_the_dictionary_refuses():
    row = {"detention_id": "D1", "detained_at": dt.datetime(2024, 1, 1), "place_of_safety": "nowhere"}
    columns = [field.name for field in table("detention").fields]
    data = [{key: row.get(key) for key in columns}, dict.fromkeys(columns) | {"detention_id": "D2"}]
    report = Resource(data=data, schema=Schema.from_descriptor(table_schema("detention"))).validate()
    told = set(map(tuple, report.flatten(["type", "fieldName"])))
    assert {("constraint-error", "place_of_safety"), ("constraint-error", "detained_at")} <= told


@pytest.mark.parametrize("name", names("tables"))
def test_a_table_is_a_valid_frictionless_schema(name):
    descriptor = table_schema(name)
    report = Schema.validate_descriptor(descriptor)
    assert report.valid, report.flatten(["type", "note"])
    found = Schema.from_descriptor(descriptor)
    assert [field.name for field in found.fields] == [field.name for field in table(name).fields]
    assert {field.type for field in found.fields} <= set(FieldType.__args__)
    assert found.primary_key == list(table(name).primaryKey) and found.missing_values == [""]


@pytest.mark.parametrize("name", names("tables"))
def test_every_field_says_what_it_is(name):
    found = table(name)
    assert found.known_limits and set(found.primaryKey) <= {field.name for field in found.fields}
    for field in found.fields:
        assert field.description and field.sensitivity
        if field.type in ("number", "integer"):
            limits = field.constraints
            assert field.unit or field.name in COUNTERS, f"{name}.{field.name} has no unit"
            assert limits.minimum is not None or limits.enum or field.name in OPEN_ENDED, (
                f"{name}.{field.name} has no range"
            )


@pytest.mark.parametrize("name", names("sources"))
def test_every_source_says_what_it_can_tell_and_what_not(name):
    found = source(name)
    assert found.known_limits and found.publisher and found.licence and found.title
    assert found.capabilities.people == "pseudonym" or not found.capabilities.linkable
    assert describe(name).startswith(f"Source {name}: ")


def test_addresses_of_calls_are_identifiers_and_assaults_never_link():
    assert table("call_for_service").field("location").sensitivity == "identifier"
    assert not source("istv").capabilities.linkable and source("istv").capabilities.people == "none"
    assert not {field.name for field in table("assault_attendance").fields} & {"person_id", "victim_id"}


def test_describe_tells_what_the_words_do():
    assert "score from 'Frequency' (scale 1 to 4, turned round)" in describe("drabek-ties")
    assert "linkable no" in describe("istv") and "local time of America/Chicago" in describe(
        "milwaukee-calls-for-service"
    )


def test_columns_that_are_added_up_need_every_part_to_be_a_number(tmp_path):
    name = "ons-population-2020-lsoa11-ages"
    (sample,) = SAMPLES.glob(f"{name}.*")
    header, first, *rest = sample.read_text("utf-8").splitlines()
    cells = first.split(",")
    for text in ("", "some"):
        cells[header.split(",").index("12")] = text
        path = tmp_path / "broken.csv"
        path.write_text("\n".join([header, ",".join(cells), *rest]) + "\n", encoding="utf-8")
        with pytest.raises(DataError) as caught:
            read_source(source(name), [path], root=tmp_path, today=TODAY)
        assert any('cannot be added up to "17"' in fault for fault in caught.value.faults)
    assert "added up" in describe(name)
