"""The words of a source: what they cover becomes canonical, what they do not is a fault, never missing."""

import pytest
from pydantic import ValidationError

from problemsolving.dictionary import schema
from problemsolving.dictionary.faults import FaultReport
from problemsolving.dictionary.reading import read_source
from problemsolving.dictionary.schema import Capabilities, ColumnMap, Source, require_linkable, source
from problemsolving.errors import DataError, SharingError

SECRET = "zq-secret"


def made(table, columns, **words):
    return Source.model_validate(
        {"name": "made", "title": "Made", "publisher": "here", "licence": "none", "table": table, "format": {"container": "csv"}, "columns": columns, "capabilities": {}} | words
    )  # fmt: skip


def read(tmp_path, found, *rows):
    path = tmp_path / "made.csv"
    path.write_text("\n".join(rows) + "\n", "utf-8")
    return read_source(found, [path], root=tmp_path)


def notes_of(reading):
    return FaultReport(tuple(note for note in reading.notes if note.rule != "is empty")).lines()


def faults_of(tmp_path, found, *rows):
    with pytest.raises(DataError) as caught:
        read(tmp_path, found, *rows)
    assert SECRET not in str(caught.value)
    return "\n".join(caught.value.faults)


CALLS = {"call_id": {"from": "id"}, "month": {"from": "when", "format": "%Y-%m-%d %H:%M:%S"}, "nature": {"value": "x"}, "occurred_at": {"from": "when", "time_zone": "America/Chicago"}}  # fmt: skip


def test_local_times_become_utc_and_keep_their_local_month(tmp_path):
    rows = ("id,when", "1,2018-05-31 23:30:00", "2,2018-01-31 23:30:00")
    frame = read(tmp_path, made("call_for_service", CALLS), *rows).frame
    assert frame["month"].tolist() == ["2018-05", "2018-01"]
    assert frame["occurred_at"].astype(str).tolist() == ["2018-06-01 04:30:00", "2018-02-01 05:30:00"]


@pytest.mark.parametrize(
    ("when", "told"),
    [
        ("2018-03-11 02:30:00", "a time that clocks skipped when they went forward in America/Chicago"),
        ("2018-05-31T23:30:00Z", "has an offset of its own"),
        ("2018-05-31 23:30:00+01:00", "has an offset of its own"),
        ("31/05/2018 23:30", "not written as 2021-04-17 13:05:09"),
    ],
)
def test_a_local_time_that_cannot_be_is_a_fault(tmp_path, when, told):
    found = faults_of(tmp_path, made("call_for_service", CALLS), "id,when", "1,2018-05-01 00:00:00", f"2,{when}")
    assert told in found and 'column "when"' in found and "made.csv line 3" in found


def test_a_row_counts_once_where_a_column_gives_two_fields(tmp_path):
    both = CALLS | {"occurred_at": CALLS["month"] | {"time_zone": "America/Chicago"}}
    found = faults_of(tmp_path, made("call_for_service", both), "id,when", "1,", "2,soon", "3,soon")
    assert 'column "when": must not be empty, 1 row: made.csv line 2' in found
    assert 'column "when": not written as 2021-04-17 13:05:09, 2 rows' in found


def test_a_time_that_stood_twice_is_read_as_the_later_and_noted(tmp_path):
    reading = read(
        tmp_path, made("call_for_service", CALLS), "id,when", "1,2018-11-04 01:30:00", "2,2018-11-04 03:30:00"
    )
    assert reading.frame["occurred_at"].astype(str).tolist() == ["2018-11-04 07:30:00", "2018-11-04 09:30:00"]
    assert notes_of(reading) == [
        'column "when": a time that stood twice on the clock: read as the later, 1 row: made.csv line 2'
    ]


def test_winter_and_summer_in_london(tmp_path):
    rows = [f"{hour},2024-0{month}-15 0{hour}:00:00" for month, hour in ((1, 1), (7, 2))]
    columns = CALLS | {"occurred_at": {"from": "when", "time_zone": "Europe/London"}}
    frame = read(tmp_path, made("call_for_service", columns), "id,when", *rows).frame
    assert frame["occurred_at"].dt.hour.tolist() == [1, 1]
    assert "clocks skipped" in faults_of(
        tmp_path, made("call_for_service", columns), "id,when", "1,2024-03-31 01:30:00"
    )


TRUST = {"trust_code": {"from": "trust"}, "month": {"from": "date", "format": "%B %Y"}, "attendances": {"from": "n", "missing": ["NA", "*"], "thousands": ","}}  # fmt: skip


def test_months_in_words_missing_texts_and_thousands(tmp_path):
    columns = TRUST | {"admissions": {"from": "m", "missing": ["NA", "*"]}}
    frame = read(tmp_path, made("emergency_attendance", columns), "trust,date,n,m", 'RC9,April 2021,"1,200",NA').frame
    assert (
        frame.loc[0, "month"] == "2021-04" and frame.loc[0, "attendances"] == 1_200 and frame["admissions"].isna().all()
    )


@pytest.mark.parametrize(
    "month", ["Apr 2021", "2021-04", "04/2021", "Aprill 2021", f"{SECRET}", "April 21", "April 2999"]
)
def test_a_month_not_in_the_stated_form_is_a_fault(tmp_path, month):
    found = faults_of(tmp_path, made("emergency_attendance", TRUST), "trust,date,n", "RC9,May 2021,1", f"RGT,{month},1")
    assert "line 3" in found and 'column "date"' in found


def test_a_missing_text_in_a_required_column_is_empty(tmp_path):
    assert "must not be empty" in faults_of(
        tmp_path, made("emergency_attendance", TRUST), "trust,date,n", "RC9,May 2021,NA"
    )


def test_a_text_that_means_missing_elsewhere_is_a_fault_here(tmp_path):
    assert "not a whole number" in faults_of(
        tmp_path, made("emergency_attendance", TRUST), "trust,date,n", "RC9,May 2021,:"
    )


def test_parts_above_their_whole_are_told(tmp_path):
    columns = TRUST | {"attendances_over_4_hours": {"from": "late"}}
    found = faults_of(tmp_path, made("emergency_attendance", columns), "trust,date,n,late", "RC9,May 2021,10,11")
    assert found == 'column "late": above "n", 1 row: made.csv line 2'


YEARS = {"area_code": {"from": "code"}, "area_type": {"from": "code", "extract": "^(E[0-9]{2})", "recode": {"E06": "district", "E92": "country"}}, "indicator": {"value": "x"}, "unit": {"value": "y"}, "period_start": {"from": "period", "format": "financial year"}, "value": {"from": "v"}}  # fmt: skip


def test_financial_years_and_kinds_of_area(tmp_path):
    frame = read(
        tmp_path, made("area_indicator", YEARS), "code,period,v", "E06000055,2008/09,1.5", "E92000001,1999/00,2"
    ).frame
    assert frame["period_start"].tolist() == ["2008-04", "1999-04"] and frame["area_type"].tolist() == [
        "district",
        "country",
    ]


@pytest.mark.parametrize("period", ["2008/10", "2008-09", "2008", "08/09", "2008/2009", "2008/09p"])
def test_a_year_that_is_not_a_financial_year_is_a_fault(tmp_path, period):
    found = faults_of(tmp_path, made("area_indicator", YEARS), "code,period,v", f"E06000055,{period},1")
    assert "not a financial year written as 2008/09" in found


def test_a_kind_that_the_source_does_not_know_is_a_fault(tmp_path):
    found = faults_of(tmp_path, made("area_indicator", YEARS), "code,period,v", "E47000001,2008/09,1")
    assert "not one of the values that its source knows" in found


def test_rows_of_one_key_are_refused_or_read_once_without_what_differs(tmp_path):
    rows = ("code,period,v", "E06000055,2008/09,1", "E06000055,2008/09,2", "E06000056,2008/09,3", "E06000056,2008/09,3")
    assert "must be unique, 4 rows" in faults_of(tmp_path, made("area_indicator", YEARS), *rows)
    reading = read(tmp_path, made("area_indicator", YEARS, conflicts="unknown"), *rows)
    assert reading.frame["value"].isna().tolist() == [True, False] and reading.frame["area_type"].notna().all()
    assert "read once, without what differs, 4 rows" in notes_of(reading)[0]


TIES = {"respondent": {"from": "a"}, "rated": {"from": "b"}, "item": {"value": "x"}, "score": {"from": "f", "scale": {"low": "1", "high": "4", "inverted": "true"}}}  # fmt: skip


def test_an_inverted_scale_is_turned_round(tmp_path):
    frame = read(tmp_path, made("tie", TIES), "a,b,f", "1,2,1.0", "2,1,4", "2,3,2").frame
    assert frame["score"].tolist() == [4, 1, 3]


@pytest.mark.parametrize("score", ["0", "5", "-2147483648"])
def test_a_score_off_its_scale_is_a_fault(tmp_path, score):
    assert "not on the scale 1 to 4" in faults_of(tmp_path, made("tie", TIES), "a,b,f", f"1,2,{score}")


def test_a_factor_turns_hours_into_minutes_before_the_range_is_checked(tmp_path):
    columns = CALLS | {"minutes": {"from": "hours", "factor": "60"}}
    assert (
        read(tmp_path, made("call_for_service", columns), "id,when,hours", "1,2018-05-01 00:00:00,1.5").frame.loc[
            0, "minutes"
        ]
        == 90
    )
    assert "below 0" in faults_of(
        tmp_path, made("call_for_service", columns), "id,when,hours", "1,2018-05-01 00:00:00,-1"
    )


EVENTS = {"case_id": {"from": "case"}, "activity": {"from": "what"}, "occurred_at": {"from": "when"}, "age": {"from": "age", "spread": "case_id"}}  # fmt: skip


def test_an_attribute_of_a_case_is_spread_over_its_rows(tmp_path):
    rows = ("case,what,when,age", "NA,a,2024-01-01,50", "NA,b,2024-01-02,", "B,a,2024-01-01,")
    frame = read(tmp_path, made("event", EVENTS), *rows).frame
    assert frame["case_id"].tolist() == ["NA", "NA", "B"]
    assert frame["age"].tolist()[:2] == [50, 50] and frame["age"].isna().tolist() == [False, False, True]
    assert 'differs between rows of one "case"' in faults_of(
        tmp_path, made("event", EVENTS), *rows[:2], "NA,b,2024-01-02,51"
    )


def test_points_outside_the_extent_are_missing_and_noted(tmp_path):
    columns = CALLS | {"longitude": {"from": "x"}, "latitude": {"from": "y"}}
    found = made("call_for_service", columns, extent={"west": "-89", "south": "42", "east": "-87", "north": "44"})
    rows = ("id,when,x,y", "1,2018-05-01 00:00:00,-88,43", "2,2018-05-01 00:00:00,-88,13", "3,2018-05-01 00:00:00,,")
    reading = read(tmp_path, found, *rows)
    assert (
        reading.frame["longitude"].isna().tolist() == reading.frame["latitude"].isna().tolist() == [False, True, True]
    )
    assert notes_of(reading) == [
        'column "x, y": a point where none of this source can lie: read as missing, 1 row: made.csv line 3'
    ]


def test_true_and_false(tmp_path):
    columns = {"detention_id": {"from": "id"}, "detained_at": {"from": "at"}, "extended": {"from": "e", "recode": {"Y": "true", "N": "false"}}}  # fmt: skip
    frame = read(
        tmp_path, made("detention", columns), "id,at,e", "1,2024-01-01,Y", "2,2024-01-01,N", "3,2024-01-01,"
    ).frame
    assert frame["extended"].tolist()[:2] == [True, False] and frame["extended"].isna().tolist() == [False, False, True]
    plain = columns | {"extended": {"from": "e"}}
    assert "not true or false" in faults_of(tmp_path, made("detention", plain), "id,at,e", "1,2024-01-01,yes")


@pytest.mark.parametrize(
    "words",
    [{"from": "x", "value": "y"}, {}, {"value": "x", "missing": ["NA"]}, {"from": "x", "format": "%c"}, {"from": "x", "format": "%y"},
     {"from": "x", "time_zone": "Mars/Olympus"}, {"from": "x", "time_zone": "../../etc/passwd"}, {"from": "x", "extract": "no group"},
     {"from": "x", "format": "%Y", "recode": {"a": "b"}}, {"from": "x", "scale": {"low": "4", "high": "1"}}],
    ids=str,
)  # fmt: skip
def test_words_that_cannot_be_are_refused(words):
    with pytest.raises(ValidationError):
        ColumnMap.model_validate(words)


def test_words_on_a_column_of_another_type_are_refused():
    found = made("tie", TIES | {"item": {"from": "i", "format": "%Y"}})
    assert schema._misused(found, schema.table("tie")) == ["columns.item.format: not for type string"]


def test_linkable_is_a_capability_that_is_checked():
    assert source("section-136").capabilities.linkable and not source("istv").capabilities.linkable
    with pytest.raises(SharingError, match="never linked to people"):
        require_linkable("istv")
    require_linkable("section-136")
    with pytest.raises(ValidationError, match="pseudonym"):
        Capabilities.model_validate({"people": "none", "linkable": "yes"})
    columns = {"detention_id": {"from": "id"}, "detained_at": {"from": "at"}, "person_id": {"from": "p"}}
    unlinked = made("detention", columns, capabilities={"people": "pseudonym", "linkable": "no"})
    assert schema._misused(unlinked, schema.table("detention")) == [
        "columns.person_id: maps a pseudonym, but linkable is no"
    ]
