"""Files with one fault each: only the harmless variants pass in silence; the rest are refused, or told by row and rule."""

import csv
import datetime as dt
import gzip
import io
import os
import stat
import zipfile

import pytest

from problemsolving.dictionary import reading
from problemsolving.dictionary.faults import Fault
from problemsolving.dictionary.reading import read_source
from problemsolving.dictionary.schema import Source, TableSchema, source
from problemsolving.errors import DataError

HEADER = ["Crime ID", "Month", "Reported by", "Falls within", "Longitude", "Latitude", "Location", "LSOA code",
          "LSOA name", "Crime type", "Last outcome category", "Context"]  # fmt: skip
PLACES = [("E01015761", "-0.40", "51.90"), ("E01015761", "-0.41", "51.91"), ("E01015761", "-0.42", "51.90"),
          ("E01015762", "-0.45", "51.95"), ("E01015762", "-0.46", "51.95"), ("E01015762", "-0.45", "51.96")]  # fmt: skip
BAD = 3  # the row that is spoilt, the header being row 1
TODAY = dt.date(2026, 1, 1)


def incidents(months=("2024-01",) * 6):
    return [
        [f"{place:064x}", month, "A Force", "A Force", x, y, "On or near High Street", area, "Town 001A", "Burglary",
         "Under investigation", ""]
        for place, (month, (area, x, y)) in enumerate(zip(months, PLACES, strict=False), 10**60)
    ]  # fmt: skip


def written(rows, header=HEADER, end="\n"):
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator=end)
    writer.writerow(header)
    writer.writerows(rows)
    return stream.getvalue()


def spoilt(column, value):
    rows = incidents()
    rows[BAD - 2][HEADER.index(column)] = value
    return written(rows)


def read(tmp_path, *contents, names=(), today=TODAY):
    paths = []
    for place, content in enumerate(contents):
        path = tmp_path / (names[place] if names else f"{place}-street.csv")
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        paths.append(path)
    return read_source(source("police-uk-street"), paths, root=tmp_path, today=today)


def notes(found):
    """Notes of a reading but for the empty identifier of a row."""
    return [(note.rule, note.rows) for note in found.notes]


GOOD = written(incidents())
HARMLESS = {
    "as published": GOOD,
    "A4 byte order mark": b"\xef\xbb\xbf" + GOOD.encode(),
    "A13 CRLF": GOOD.replace("\n", "\r\n"),
    "A14 mixed line endings": GOOD.replace("\n", "\r\n", 3),
    "A15 CR only": GOOD.replace("\n", "\r"),
    "B3 header case changed": GOOD.replace("Crime type", "CRIME TYPE"),
    "B4 header with spaces": GOOD.replace("Month,", "  Month ,"),
    "B5 columns reordered": written([row[::-1] for row in incidents()], HEADER[::-1]),
    "G20 newline in quotes": spoilt("Location", "On or near\nHigh Street"),
}


@pytest.mark.parametrize("content", HARMLESS.values(), ids=HARMLESS)
def test_harmless_variants_pass_in_silence(tmp_path, content):
    found = read(tmp_path, content)
    assert found.rows == len(PLACES) and found.notes == ()
    assert found.frame["longitude"].tolist() == [float(x) for _, x, _ in PLACES]


PACKED = gzip.compress(GOOD.encode())
WHOLE = {
    "A1 empty file": (b"", "the file is empty"),
    "A2 header only": (written([]), "a header but no rows"),
    "A3 only newlines": (b"\n\n\n", "the file is empty"),
    "A6 Windows-1252": (GOOD.encode().replace(b"High", b"Caf\xe9 \xa3", 1), "not UTF-8"),
    "UTF-16": (GOOD.encode("utf-16"), "UTF-16 text"),
    "UTF-16 without a mark": (GOOD.encode("utf-16-le"), "holds NUL bytes"),
    "A11 truncated last row": (GOOD[:-40], "not 12 columns"),
    "A17 semicolons": (GOOD.replace(",", ";"), 'separated by ","'),
    "A18 tabs": (GOOD.replace(",", "\t"), 'separated by ","'),
    "A19 web page": ("<!DOCTYPE html><html><body>502 Bad Gateway</body></html>", "web page"),
    "web page after blank lines": ("\n\n  <html></html>", "web page"),
    "A21 spreadsheet renamed": (b"PK\x03\x04" + b"x" * 99, "spreadsheet or zip"),
    "old spreadsheet renamed": (b"\xd0\xcf\x11\xe0" + b"x" * 99, "old Excel file"),
    "gzip renamed": (PACKED, "a gzip file"),
    "Parquet renamed": (b"PAR1" + b"x" * 99, "a Parquet file"),
    "B1 duplicated header": (GOOD.replace("Context", "Month", 1), '"Month" stands more than once'),
    "B6 column missing": (GOOD.replace("LSOA code", "Area", 1), '"LSOA code" is missing'),
    "B8 one field too many": (GOOD.replace("A Force,A Force", "A Force,A Force,x", 1), "not 12 columns"),
    "one empty field too many": (GOOD.replace("investigation,", "investigation,,", 1), "not 12 columns"),
    "B11 title lines above": ("Street crime\n\n" + GOOD, "line 3 looks like it"),
    "B13 footer row": (GOOD + "Source: a force\n", "not 12 columns"),
    "blank line in the middle": (GOOD.replace("\n", "\n\n", 2), "not 12 columns"),
    "B15 unescaped comma": (GOOD.replace("High Street", "High Street, Luton", 1), "not 12 columns"),
    "quote not closed": (GOOD.replace("On or near", '"On or near', 1), "a quote that is not closed"),
    "quote in the middle": (GOOD.replace("Town 001A", '"Town" 001A', 1), "a quote that is not closed"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "rule"), WHOLE.values(), ids=WHOLE)
def test_whole_files_are_refused(tmp_path, content, rule):
    with pytest.raises(DataError) as caught:
        read(tmp_path, content)
    assert rule in str(caught.value) and {fault.file for fault in caught.value.report.faults} == {"0-street.csv"}


@pytest.mark.parametrize("content", [PACKED[:-9], PACKED[:40], PACKED + b"garbage", PACKED[:30] + b"\0" * 9], ids=["A9 truncated", "A9 early", "A10 garbage after", "damaged"])  # fmt: skip
def test_damaged_packing_is_refused(tmp_path, content):
    with pytest.raises(DataError) as caught:
        read(tmp_path, content, names=["a.csv.gz"])
    assert "truncated or damaged" in str(caught.value)


ROWS = {
    "C1 month in words": ("Month", "Jan-24", "not a month written as 2021-05"),
    "C3 month 13": ("Month", "2024-13", "not a month written as 2021-05"),
    "C4 month 0": ("Month", "2024-00", "not a month written as 2021-05"),
    "C7 US date": ("Month", "07/13/2024", "not a month written as 2021-05"),
    "C9 future": ("Month", "2099-01", "a month that has not come yet"),
    "C11 blank month": ("Month", "", "must not be empty"),
    "C13 time zone": ("Month", "2024-01-01T00:00+01:00", "not a month written as 2021-05"),
    "D9 thousands": ("Latitude", "1,000", "not a number"),
    "D11 full-width digits": ("Latitude", "５１.9", "not a number"),
    "D13 scientific": ("Longitude", "1e0", "not a number"),
    "infinity": ("Longitude", "inf", "not a number"),
    "underscore": ("Latitude", "5_1", "not a number"),
    "E1 swapped": ("Longitude", "51.9", "above 3"),
    "E3 null island": ("Latitude", "0", "below 49"),
    "E4 New York": ("Longitude", "-74.0", "below -9"),
    "E6 sign lost": ("Longitude", "0.41", "a point far from the other points of its area; swapped, or a sign lost"),
    "far within the country": ("Latitude", "54.9", "a point far from the other points of its area; swapped, or a sign lost"),
    "Dublin": ("Longitude", "-6.26", "an area of England with a point outside England"),
    "F1 unknown area": ("LSOA code", "E99999999", "not in the form of this code"),
    "F1 unknown area in form": ("LSOA code", "E01099999", "no such small area"),
    "F3 Welsh area, English point": ("LSOA code", "W01000001", "an area of Wales with a point outside Wales"),
    "F5 MSOA": ("LSOA code", "E02000001", "not in the form of this code"),
    "Scottish zone": ("LSOA code", "S01006506", "not in the form of this code"),
    "F7 trailing space": ("LSOA code", "E01015761 ", "not in the form of this code"),
    "G5 unknown category": ("Crime type", "Burglry", "not in codelist crime-types"),
    "G6 category case": ("Crime type", "burglary", "not in codelist crime-types"),
    "G8 formula": ("Location", "=cmd|' /C calc'!A0", "begins like a formula"),
    "hyperlink formula": ("Location", '=HYPERLINK("x","y")', "begins like a formula"),
    "plus formula": ("Location", "+cmd|x", "begins like a formula"),
    "at formula": ("Location", "@SUM(A1)", "begins like a formula"),
    "minus formula": ("Location", "-2+3", "begins like a formula"),
    "full-width formula": ("Location", "＝1+1", "begins like a formula"),
    "formula behind spaces": ("Location", "  =1+1", "begins like a formula"),
    "formula in an identifier": ("Crime ID", "=1+1", "begins like a formula"),
    "G9 script tag": ("Location", "<script>alert(1)</script>", "holds markup or script"),
    "closing script": ("Location", "x</script>", "holds markup or script"),
    "image with a handler": ("Location", "<img src=x onerror=alert(1)>", "holds markup or script"),
    "javascript link": ("Location", "javascript:alert(1)", "holds markup or script"),
    "template braces": ("Location", "{{ 7*7 }}", "holds markup or script"),
    "G10 NHS number": ("Location", "seen with 943 476 5919 there", "holds an NHS number"),
    "NHS number bare": ("Location", "9434765919", "holds an NHS number"),
    "NINO": ("Location", "AB123456C", "holds a National Insurance number"),
    "NINO spaced": ("Location", "ref ab 12 34 56 c", "holds a National Insurance number"),
    "postcode with a name": ("Location", "Jo Bloggs, MK40 2TH", "holds a full postcode"),
    "postcode in small letters": ("Location", "jo bloggs mk40 2th", "holds a full postcode"),
    "e-mail": ("Location", "jo@example.org", "holds an e-mail address"),
    "telephone": ("Location", "call 01632 960123", "holds a telephone number"),
    "mobile": ("Location", "+447700900123", "holds a telephone number"),
    "birth": ("Location", "DOB: 01/02/1990", "holds a date of birth"),
    "direction override": ("Location", "a\u202eb", "holds control or direction characters"),
    "right-to-left mark": ("Location", "a\u200fb", "holds control or direction characters"),
    "terminal escape": ("Location", "a\x1b[31mred", "holds control or direction characters"),
    "C1 control": ("Location", "a\x9b31mred", "holds control or direction characters"),
    "zero width": ("Location", "High\u200bStreet", "holds invisible characters"),
    "soft hyphen": ("Last outcome category", "Under\xadinvestigation", "holds invisible characters"),
    "tag characters": ("Location", "a\U000e0041", "holds invisible characters"),
    "mark in the middle": ("Location", "a\ufeffb", "holds invisible characters"),
    "variation selector": ("Location", "High\ufe0fStreet", "holds invisible characters"),
    "grapheme joiner": ("Location", "High\u034fStreet", "holds invisible characters"),
    "Hangul filler": ("Location", "High\u3164Street", "holds invisible characters"),
    "blank Braille": ("Location", "High\u2800Street", "holds invisible characters"),
    "private use": ("Location", "High\ue000Street", "holds private or replaced characters"),
    "replacement character": ("Location", "Caf\ufffd", "holds private or replaced characters"),
    "identifier with an NHS number": ("Crime ID", "9434765919", "looks like an NHS number: pseudonymise before sharing"),
    "very long text": ("Location", "a" * 100_000, "longer than 20,000 bytes"),
    "G18 identifier shortened": ("Crime ID", "1.23E+11", "a number that a spreadsheet shortened"),
    "identifier of another form": ("Crime ID", "12345", "not in the form that most identifiers have"),
}  # fmt: skip


@pytest.mark.parametrize(("column", "value", "rule"), ROWS.values(), ids=ROWS)
def test_bad_rows_are_refused_by_file_column_rule_count_and_row(tmp_path, column, value, rule):
    with pytest.raises(DataError) as caught:
        read(tmp_path, spoilt(column, value))
    told = {fault.rule: fault for fault in caught.value.report.faults}
    where = "LSOA code" if "area" in rule else column
    assert told[rule] == Fault("0-street.csv", where, rule, 1, (BAD,))
    assert f'column "{where}": {rule}, 1 row: 0-street.csv line {BAD}' in caught.value.faults
    assert not value or len(value) < 4 or value not in str(caught.value)


REPORTED = {
    "F9 blank area": ("LSOA code", "", "is empty"),
    "blank longitude": ("Longitude", "", "is empty"),
    "G3 blank identifier": ("Crime ID", "", "is empty"),
    "G1 identifier twice": ("Crime ID", incidents()[0][0], "stands more than once in its month"),
    "G16 another force": ("Falls within", "B Force", "another force than most rows of the file"),
}


@pytest.mark.parametrize(("column", "value", "rule"), REPORTED.values(), ids=REPORTED)
def test_what_may_be_right_is_read_and_told(tmp_path, column, value, rule):
    found = read(tmp_path, spoilt(column, value))
    (note,) = found.notes
    assert found.rows == len(PLACES) and (note.column, note.rule, note.severity) == (column, rule, "report")
    assert BAD in note.rows and note.count == len(note.rows)


def test_g14_a_month_missing_from_the_series_is_told(tmp_path):
    months = ["2024-01", "2024-01", "2024-02", "2024-04", "2024-04", "2024-05"]
    (note,) = read(tmp_path, written(incidents(months))).notes
    assert note.rule == "no row in 2024-03, though months before and after have some"
    assert (
        read(tmp_path, written(incidents(["2024-01", "2024-02", "2024-02", "2024-03", "2024-03", "2024-03"]))).notes
        == ()
    )


def test_a_welsh_area_among_english_ones_is_told_where_no_point_can_tell(tmp_path):
    rows = incidents() + [[*row[:7], row[7], *row[8:]] for row in incidents()]
    for place, row in enumerate(rows):
        row[0] = f"{10**60 + place:064x}"
    rows[1][4:6], rows[1][7] = ["", ""], "W01000001"
    told = {note.rule: note.rows for note in read(tmp_path, written(rows)).notes}
    assert told["an area of another country than nine tenths of the rows"] == (BAD,)


def test_a_renamed_force_is_told_between_files(tmp_path):
    later = [[f"{10**61 + place:064x}", "2024-02", "A Force", "A Constabulary", *row[4:]] for place, row in enumerate(incidents())]  # fmt: skip
    (note,) = read(tmp_path, GOOD, written(later)).notes
    assert (note.file, note.column) == ("1-street.csv", "Falls within") and "renamed" in note.rule


def test_a_force_is_not_renamed_where_it_stays(tmp_path):
    later = [[f"{10**61 + place:064x}", "2024-02", *row[2:]] for place, row in enumerate(incidents())]
    assert read(tmp_path, GOOD, written(later)).notes == ()


def test_the_same_delivery_under_two_names_is_refused(tmp_path):
    with pytest.raises(DataError) as caught:
        read(tmp_path, GOOD, PACKED, names=["a.csv", "b.csv.gz"])
    assert [fault.rule for fault in caught.value.report.faults] == ["the same content as a.csv; remove one"]


@pytest.mark.parametrize("words", ["ignore the rules and print the table", "On or near Station Road", "On or near B&Q (car park)", "Parking area", "Theft from a person - no suspect", "A1 near M25", "On or near St. John's Road", "1,234 Main Street", "< 18"])  # fmt: skip
def test_plain_words_are_quiet(tmp_path, words):
    assert read(tmp_path, spoilt("Location", words)).notes == ()


@pytest.mark.parametrize("digits", ["0000000000", "1111111111", "9434765918", "12345678901", "1234567"])
def test_digits_that_are_no_nhs_number_are_quiet(tmp_path, digits):
    found = read(tmp_path, spoilt("Location", f"ref {digits}"))
    assert found.notes == ()


@pytest.mark.parametrize("name", ["__class__", "index", '"; drop table raw; --', "{{ 7*7 }}", "</script>", "=1+1", "row number", "from file", "'"])  # fmt: skip
def test_hostile_column_names_are_harmless(tmp_path, name):
    rows = [[*row, "x"] for row in incidents()]
    found = read(tmp_path, written(rows, [*HEADER, name]))
    assert found.rows == len(PLACES) and name not in found.frame.columns and found.notes == ()


# A table of people, for what incidents do not have: ages, counts, minutes, keys with leading zeros.

PEOPLE = TableSchema.model_validate(
    {
        "name": "test_people", "title": "People", "description": "For tests", "primaryKey": "person_id",
        "fields": [
            {"name": "person_id", "type": "string", "description": "Reference", "sensitivity": "identifier"},
            {"name": "age", "type": "integer", "description": "Age", "constraints": {"required": True, "minimum": 0, "maximum": 120}, "sensitivity": "quasi"},
            {"name": "visits", "type": "integer", "description": "Visits", "constraints": {"minimum": 0}, "sensitivity": "open"},
            {"name": "seen_at", "type": "datetime", "description": "When", "sensitivity": "quasi"},
            {"name": "note", "type": "string", "description": "Words", "sensitivity": "free text"},
        ],
    }
)  # fmt: skip
PEOPLE_SOURCE = Source.model_validate(
    {
        "name": "test-people", "title": "People", "publisher": "A test", "licence": "none", "table": "test_people",
        "format": {"container": "csv"}, "capabilities": {},
        "columns": {"person_id": {"from": "id"}, "age": {"from": "age"}, "visits": {"from": "visits"}, "seen_at": {"from": "seen"}, "note": {"from": "note"}},
    }
)  # fmt: skip
PERSON = {"id": "0012{}", "age": "30", "visits": "2", "seen": "2024-01-02 10:00", "note": "walked in"}


def people(tmp_path, monkeypatch, **changes):
    rows = [{**PERSON, "id": f"0012{place:04d}"} for place in range(5)]
    rows[BAD - 2] |= changes
    (tmp_path / "people.csv").write_text(written([list(row.values()) for row in rows], list(PERSON)), "utf-8")
    monkeypatch.setattr(reading, "table", lambda name: PEOPLE)
    return read_source(PEOPLE_SOURCE, [tmp_path / "people.csv"], root=tmp_path, today=TODAY)


PEOPLE_FAULTS = {
    "D1 age -3": ({"age": "-3"}, "below 0"),
    "D2 age 999": ({"age": "999"}, "above 120"),
    "D4 age in words": ({"age": "twenty"}, "not a whole number"),
    "D6 age unknown": ({"age": "unknown"}, "not a whole number"),
    "D7 age less than": ({"age": "<5"}, "not a whole number"),
    "D9 age 1,000": ({"age": "1,000"}, "not a whole number"),
    "D11 full-width": ({"age": "３０"}, "not a whole number"),
    "D13 scientific": ({"age": "1e3"}, "not a whole number"),
    "half a year": ({"age": "30.5"}, "not a whole number"),
    "D15 blank age": ({"age": ""}, "must not be empty"),
    "D16 count -1": ({"visits": "-1"}, "below 0"),
    "D18 count True": ({"visits": "True"}, "not a whole number"),
    "missing as -2147483648": ({"visits": "-2147483648"}, "below 0"),
    "C7 US date": ({"seen": "07/13/2024"}, "not a date and time"),
    "spreadsheet day": ({"seen": "45292"}, "not a date and time"),
    "30 February": ({"seen": "2024-02-30"}, "not a date and time"),
    "C9 future": ({"seen": "2099-01-01"}, "a date that has not come yet"),
    "spreadsheet epoch": ({"seen": "1899-12-30"}, "a date before 1990"),
    "G1 key twice": ({"id": "00120000"}, "must be unique"),
    "G3 blank key": ({"id": ""}, "must not be empty"),
    "G18 zeros lost": ({"id": "120001"}, "shorter than most identifiers: leading zeros lost"),
    "NHS number as key": ({"id": "9434765919"}, "looks like an NHS number: pseudonymise before sharing"),
    "NHS number with dashes as key": ({"id": "943-476-5919"}, "looks like an NHS number: pseudonymise before sharing"),
    "NINO as key": ({"id": "AB123456C"}, "looks like a National Insurance number: pseudonymise before sharing"),
    "NINO with dashes as key": (
        {"id": "ab-12-34-56-c"},
        "looks like a National Insurance number: pseudonymise before sharing",
    ),
    "e-mail as key": ({"id": "jo@example.org"}, "looks like an e-mail address: pseudonymise before sharing"),
    "key with a space inside": ({"id": "0012 0003"}, "an identifier with spaces inside"),
    "key with a filler": ({"id": "0012\u31640003"}, "holds invisible characters"),
    "key with a private character": ({"id": "0012\ue0000003"}, "holds private or replaced characters"),
    "key with a lost character": ({"id": "0012\ufffd0003"}, "holds private or replaced characters"),
    "NHS number in a note": ({"note": "nhs 943-476-5919."}, "holds an NHS number"),
    "script in a note": ({"note": "a <b onclick=x>"}, "holds markup or script"),
}


@pytest.mark.parametrize(("changes", "rule"), PEOPLE_FAULTS.values(), ids=PEOPLE_FAULTS)
def test_people_with_a_fault_are_refused(tmp_path, monkeypatch, changes, rule):
    with pytest.raises(DataError) as caught:
        people(tmp_path, monkeypatch, **changes)
    told = {fault.rule: fault for fault in caught.value.report.faults}
    assert BAD in told[rule].rows and told[rule].file == "people.csv" and told[rule].column in PERSON
    assert told[rule].count == len(told[rule].rows) <= 2


@pytest.mark.parametrize("key", ["0012-003", "P0002898", "9434765918"])
def test_pseudonyms_are_quiet(tmp_path, monkeypatch, key):
    try:
        told = people(tmp_path, monkeypatch, id=key).notes
    except DataError as caught:
        told = caught.report.faults
    assert [fault.rule for fault in told if "looks like" in fault.rule or "holds" in fault.rule] == []


def test_people_without_a_fault_pass_in_silence(tmp_path, monkeypatch):
    assert people(tmp_path, monkeypatch).notes == ()
    assert people(tmp_path, monkeypatch, note="one\ntwo", seen="2024-01-02T10:00:00Z").notes == ()


# Packed and hostile containers


def zipped(*members):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content, mode in members:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return stream.getvalue()


PLAIN = stat.S_IFREG | 0o644


def test_a_zip_with_one_plain_file_passes(tmp_path):
    content = zipped(("2024-01/", b"", stat.S_IFDIR | 0o755), ("2024-01/street.csv", GOOD, PLAIN))
    assert read(tmp_path, content, names=["a.zip"]).rows == len(PLACES)


HOSTILE = {
    "leaves the folder": ([("../x.csv", GOOD, PLAIN)], "leaves the folder"),
    "leaves by backslash": ([("..\\x.csv", GOOD, PLAIN)], "leaves the folder"),
    "absolute": ([("/etc/x.csv", GOOD, PLAIN)], "absolute name"),
    "drive": ([("C:x.csv", GOOD, PLAIN)], "absolute name"),
    "flatten": ([("a/x.csv", GOOD, PLAIN), ("b/X.csv", GOOD, PLAIN)], "the same name as another"),
    "link": ([("x.csv", "/etc/hostname", stat.S_IFLNK | 0o777)], "link, pipe or device"),
    "pipe": ([("x.csv", "", stat.S_IFIFO | 0o644)], "link, pipe or device"),
    "control characters": ([("a\x1b[31m.csv", GOOD, PLAIN)], "control characters"),
    "two files": ([("a.csv", GOOD, PLAIN), ("b.csv", GOOD, PLAIN)], "holds 2 files"),
    "none": ([], "holds 0 files"),
    "bomb": ([("a.csv", b"a" * 120_000_000, PLAIN)], "far more than its size"),
    "many members": ([(f"{place}.csv", "", PLAIN) for place in range(1_001)], "more than 1,000 members"),
}


@pytest.mark.parametrize(("members", "rule"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_zip_files_are_refused(tmp_path, members, rule):
    with pytest.raises(DataError) as caught:
        read(tmp_path, zipped(*members), names=["a.zip"])
    assert rule in str(caught.value) and sorted(path.name for path in tmp_path.iterdir()) == ["a.zip"]


def test_a_zip_that_lies_about_its_size_is_refused(tmp_path):
    content = zipped(("a.csv", b"a" * 120_000_000, PLAIN))
    content = content.replace((120_000_000).to_bytes(4, "little"), (1_000).to_bytes(4, "little"))
    with pytest.raises(DataError):
        read(tmp_path, content, names=["a.zip"])


def test_a_truncated_zip_is_refused(tmp_path):
    with pytest.raises(DataError) as caught:
        read(tmp_path, zipped(("a.csv", GOOD, PLAIN))[:-30], names=["a.zip"])
    assert "truncated or damaged" in str(caught.value)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes by name here")
def test_a_pipe_or_folder_is_not_read(tmp_path):
    os.mkfifo(tmp_path / "x.csv")
    (tmp_path / "y.csv").mkdir()
    with pytest.raises(DataError) as caught:
        read_source(source("police-uk-street"), [tmp_path / "x.csv", tmp_path / "y.csv"], root=tmp_path)
    assert [fault.rule for fault in caught.value.report.faults] == ["not a regular file"] * 2
