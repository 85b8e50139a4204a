"""The door: bad files are refused or told by row and rule, never by value; harmless variants pass."""

import csv
import datetime as dt
import gzip
import io
import json

import pytest

from problemsolving.dictionary.reading import read_source
from problemsolving.dictionary.schema import source
from problemsolving.errors import DataError

HEADER = [
    "Crime ID",
    "Month",
    "Reported by",
    "Falls within",
    "Longitude",
    "Latitude",
    "Location",
    "LSOA code",
    "LSOA name",
    "Crime type",
    "Last outcome category",
    "Context",
]
SECRET = "zq-secret"


def rows(number=4):
    return [
        {"Crime ID": f"{SECRET}-{place}", "Month": "2024-01", "Reported by": "A Force", "Falls within": "A Force", "Longitude": "-0.4", "Latitude": "51.9",
         "Location": "On or near High Street", "LSOA code": "E01015761", "LSOA name": 'Town, "A" 001B', "Crime type": "Burglary", "Last outcome category": "", "Context": ""}
        for place in range(number)
    ]  # fmt: skip


def text(table=None, header=HEADER, end="\r\n"):
    stream = io.StringIO()
    writer = csv.DictWriter(stream, header, lineterminator=end, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows() if table is None else table)
    return stream.getvalue()


def changed(**changes):
    table = rows()
    for key, value in changes.items():
        table[1][key.replace("_", " ")] = value
    return text(table)


def read(tmp_path, *contents, names=None):
    paths = []
    for place, content in enumerate(contents):
        path = tmp_path / (names[place] if names else f"{place}-street.csv")
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        paths.append(path)
    return read_source(source("police-uk-street"), paths, root=tmp_path, today=dt.date(2026, 1, 1))


HARMLESS = {
    "plain": text(),
    "byte order mark": b"\xef\xbb\xbf" + text().encode(),
    "unix line ends": text(end="\n"),
    "old Mac line ends": text(end="\r"),
    "mixed line ends": text().replace("\r\n", "\n", 2),
    "header case": text().replace("Crime type", "CRIME TYPE"),
    "header spaces": text().replace("Month,", " Month ,"),
    "columns reordered": text(header=HEADER[::-1]),
    "no last line end": text().rstrip(),
    "line end in quotes": changed(Location="two\nlines"),
}


@pytest.mark.parametrize("content", HARMLESS.values(), ids=HARMLESS)
def test_harmless_variants_pass_whole(tmp_path, content):
    frame = read(tmp_path, content).frame
    assert (
        len(frame) == 4
        and frame["area_code"].tolist() == ["E01015761"] * 4
        and frame["category"].tolist() == ["burglary"] * 4
    )


def test_a_packed_file_passes(tmp_path):
    assert read(tmp_path, gzip.compress(text().encode()), names=["a-street.csv.gz"]).rows == 4


def test_missing_place_and_identifier_pass(tmp_path):
    frame = read(tmp_path, changed(LSOA_code="", Longitude="", Latitude="", Crime_ID="")).frame
    assert frame["area_code"].isna().sum() == 1 and frame["incident_id"].isna().sum() == 1


REFUSED = {
    "empty": (b"", "empty"),
    "only newlines": (b"\n\n\n", "empty"),
    "header only": (text([]), "no rows"),
    "Windows-1252": (text().encode().replace(b"High", b"H\xe9gh"), "not UTF-8"),
    "web page": ("<!DOCTYPE html><html></html>", "web page"),
    "spreadsheet": (b"PK\x03\x04" + b"x" * 50, "spreadsheet"),
    "NUL": (text().encode().replace(b"High", b"H\0gh"), "NUL"),
    "semicolons": (text().replace(",", ";"), "separated"),
    "tabs": (text().replace(",", "\t"), "separated"),
    "title line above": ("Street crime 2024\n" + text(), "line 2 looks like it"),
    "duplicated header": (text().replace("Context", "Month", 1), "more than once"),
    "column missing": (text(header=[name for name in HEADER if name != "LSOA code"]), '"LSOA code" is missing'),
    "field too many": (text().replace("A Force,A Force", "A Force,A, Force", 1), "columns"),
    "empty field too many": (text().replace("A Force,A Force", "A Force,A Force,", 1), "columns"),
    "truncated last row": (text().rstrip()[:-60], "columns"),
    "quote not closed": (text().replace('"Town', '"T"own', 1), "columns"),
    "month in words": (changed(Month="Jan-24"), "not a month"),
    "month 13": (changed(Month="2024-13"), "not a month"),
    "month 0": (changed(Month="2024-00"), "not a month"),
    "a day": (changed(Month="2024-01-05"), "not a month"),
    "future": (changed(Month="2099-01"), "not come yet"),
    "long past": (changed(Month="0001-01"), "before 1990"),
    "blank month": (changed(Month=""), "must not be empty"),
    "swapped coordinates": (changed(Longitude="51.9", Latitude="-0.4"), "above 3"),
    "null island": (changed(Longitude="0", Latitude="0"), "below 49"),
    "New York": (changed(Longitude="-74", Latitude="40.7"), "below -9"),
    "words for numbers": (changed(Longitude="west"), "not a number"),
    "scientific": (changed(Longitude="1e0"), "not a number"),
    "full-width digits": (changed(Latitude="５１.9"), "not a number"),
    "not a number": (changed(Latitude="nan"), "not a number"),
    "MSOA code": (changed(LSOA_code="E02000001"), "form of this code"),
    "trailing space": (changed(LSOA_code="E01015761 "), "form of this code"),
    "unknown category": (changed(Crime_type="Burglry"), "not in codelist crime-types"),
    "category case": (changed(Crime_type="burglary"), "not in codelist crime-types"),
    "terminal escape": (changed(Location="a\x1b[31mred"), "control or direction"),
    "direction override": (changed(Location="a‮b"), "control or direction"),
}


@pytest.mark.parametrize(("content", "told"), REFUSED.values(), ids=REFUSED)
def test_bad_files_are_refused_without_a_value(tmp_path, content, told):
    with pytest.raises(DataError) as caught:
        read(tmp_path, content)
    assert told in str(caught.value) and "0-street.csv" in str(caught.value)
    assert SECRET not in str(caught.value) and "High Street" not in str(caught.value)


def test_rows_are_told_by_file_line_rule_and_count(tmp_path):
    table = rows(20)
    for row in table[3:15]:
        row["Month"] = "2024-13"
    with pytest.raises(DataError) as caught:
        read(tmp_path, text(table))
    assert 'column "Month": not a month written as 2021-05, 12 rows: 0-street.csv line 5;' in str(
        caught.value
    ) and "and 7 more" in str(caught.value)


def test_every_fault_comes_at_once(tmp_path):
    with pytest.raises(DataError) as caught:
        read(tmp_path, changed(Month="x", Longitude="x", LSOA_code="x", Crime_type="x"))
    assert len(caught.value.faults) == 4


@pytest.mark.parametrize("cut", [10, 60, -8, -1])
def test_a_truncated_packed_file_is_refused(tmp_path, cut):
    with pytest.raises(DataError, match=r"faults? in the files") as caught:
        read(tmp_path, gzip.compress(text().encode())[:cut], names=["a-street.csv.gz"])
    assert "truncated" in str(caught.value)


def test_a_packed_bomb_is_refused(tmp_path):
    with pytest.raises(DataError) as caught:
        read(tmp_path, gzip.compress(b"a" * 120_000_000), names=["a-street.csv.gz"])
    assert "far more than its size" in str(caught.value)


def test_the_same_delivery_twice_is_refused_under_any_name_packing_or_line_end(tmp_path):
    for other, name in ((text(), "b.csv"), (text(end="\n"), "c.csv"), (gzip.compress(text().encode()), "d.csv.gz")):
        with pytest.raises(DataError, match="files") as caught:
            read(tmp_path, text(), other, names=["a.csv", name])
        assert "same content" in str(caught.value)


def test_a_month_of_a_force_in_two_files_is_refused(tmp_path):
    with pytest.raises(DataError, match="broken") as caught:
        read(tmp_path, text(), text(rows(3)))
    assert "month 2024-01 of the same force also stands in" in str(caught.value)


def test_parts_of_one_delivery_are_told_apart_by_their_identifiers(tmp_path):
    table = rows(6)
    notes = [note.rule for note in read(tmp_path, text(table[:3]), text(table[3:])).notes]
    assert any("read as parts of one delivery" in rule for rule in notes)
    table[4]["Crime ID"] = ""
    with pytest.raises(DataError, match="broken"):
        read(tmp_path, text(table[:3]), text(table[3:]))


def test_a_fifo_is_not_waited_for(tmp_path):
    import os

    if not hasattr(os, "mkfifo"):
        return
    os.mkfifo(tmp_path / "x.csv")
    with pytest.raises(DataError) as caught:
        read_source(source("police-uk-street"), [tmp_path / "x.csv"], root=tmp_path)
    assert "not a regular file" in str(caught.value)


SQUARE = [[-0.5, 52.0], [-0.4, 52.0], [-0.4, 52.1], [-0.5, 52.0]]


def outlines(*features):
    return json.dumps(
        {
            "type": "FeatureCollection",
            "features": [{"properties": {"LSOA21CD": code}, "geometry": shape} for code, shape in features],
        }
    )


def read_outlines(tmp_path, content):
    path = tmp_path / "x.geojson"
    path.write_text(content)
    return read_source(source("ons-boundaries-lsoa21"), [path], root=tmp_path)


def test_good_outlines_pass(tmp_path):
    many = {"type": "MultiPolygon", "coordinates": [[SQUARE]]}
    assert (
        read_outlines(
            tmp_path, outlines(("E01000001", {"type": "Polygon", "coordinates": [SQUARE]}), ("E01000002", many))
        ).rows
        == 2
    )


@pytest.mark.parametrize(
    "shape",
    [None, "zz", {"type": "Point", "coordinates": [0, 52]}, {"type": "Polygon", "coordinates": []}, {"type": "Polygon", "coordinates": [[]]},
     {"type": "Polygon", "coordinates": "abc"}, {"type": "Polygon", "coordinates": 5}, {"type": "Polygon"}, {"type": "Polygon", "coordinates": [SQUARE[:2]]},
     {"type": "Polygon", "coordinates": [[[y, x] for x, y in SQUARE]]}, {"type": "Polygon", "coordinates": [[["0", "52"]] * 4]},
     {"type": "Polygon", "coordinates": [[[float("nan"), 52]] * 4]}, {"type": "Polygon", "coordinates": [[[99999, 52]] * 4]}, {"type": "Polygon", "coordinates": [[[]] * 4]}],
    ids=str,
)  # fmt: skip
def test_bad_outlines_are_refused(tmp_path, shape):
    with pytest.raises(DataError, match="Boundaries"):
        read_outlines(tmp_path, outlines(("E01000001", shape)))


def test_an_area_drawn_twice_is_refused(tmp_path):
    shape = {"type": "Polygon", "coordinates": [SQUARE]}
    with pytest.raises(DataError, match="Boundaries"):
        read_outlines(tmp_path, outlines(("E01000001", shape), ("E01000001", shape)))


@pytest.mark.parametrize(
    "above", ["Extract of 1 May\r\n", "Extract,of,1 May\r\n", "a,b\r\nc\r\n\r\n"], ids=["one", "cells", "three"]
)
def test_lines_above_the_header_are_one_fault_that_names_it(tmp_path, above):
    with pytest.raises(DataError) as caught:
        read(tmp_path, above + text())
    told = str(caught.value)
    line = above.count("\n") + 1
    assert f"line 1 is not the header; line {line} looks like it: delete the lines above" in told
    assert "is missing" not in told and "Extract" not in told


def test_another_table_is_one_fault(tmp_path):
    with pytest.raises(DataError) as caught:
        read(tmp_path, "x,y\r\n1,2\r\n")
    assert "line 1 is not the header of Street-level crime" in str(caught.value)
    assert "is missing" not in str(caught.value)
