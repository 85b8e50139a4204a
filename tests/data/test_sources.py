"""Every source on the publishers' own files, against counts made with the csv module alone."""

import csv
import datetime as dt
import gzip
import io
import re
from collections import Counter
from zoneinfo import ZoneInfo

import pytest

from problemsolving.dictionary.reading import read_source
from problemsolving.dictionary.schema import names, source

pytestmark = pytest.mark.data
PATTERNS = {
    "police-uk-street": "police_uk/**/*-street.csv", "police-uk-outcomes": "police_uk/**/*-outcomes.csv", "police-uk-stop-and-search": "police_uk/**/*-stop-and-search.csv",
    "iod-2019-file-1": "deprivation/File_1_*", "iod-2019-file-2": "deprivation/File_2_*", "iod-2019-file-6": "deprivation/File_6_*", "iod-2025": "deprivation/imd2025*",
    "ons-population-2020-lsoa11": "population/*", "ons-population-2020-lsoa11-ages": "population/*", "ons-lsoa11-lsoa21": "geography/lookups/lookup_lsoa11_lsoa21*", "ons-lsoa21-ward24-district24": "geography/lookups/*ward24*",
    "ons-boundaries-lsoa21": "geography/boundaries/lsoa/*.geojson", "ons-lsoa21-icb24": "geography/lookups/*icb24*", "ons-lsoa11-msoa11": "geography/lookups/*msoa11*",
    "milwaukee-calls-for-service": "calls_for_service/*.csv", "nhs-emergency-attendances": "health/*accidents_emergency.csv", "alcohol-admissions": "health/alcohol*.csv",
    "homelessness-assessed": "health/*homelessness.csv", "homelessness-temporary-accommodation": "health/*homelessness.csv", "crime-severity": "health/*crime_severity.csv",
    "sepsis-event-log": "event_logs/sepsis.csv", "permit-event-log": "event_logs/*.xes.gz", "drabek-ties": "networks/emon_Texas_edges.csv", "drabek-organisations": "networks/emon_Texas_nodes.csv",
    "tobacco-partnership-contact": "networks/TC_TCcnt_edges.csv", "tobacco-partnership-collaborate": "networks/TC_TCcoll_edges.csv", "tobacco-partnership-agencies": "networks/TC_TCcnt_nodes.csv",
}  # fmt: skip
NO_OPEN_FILE = {
    "istv",
    "section-136",
    "local-incidents",
    "local-population-groups",
    "local-weights",
    "local-coded-demand",
}  # controlled data: nobody publishes a file of them
NOT_HERE = {"iod-2019-file-7", "iod-2025-file-7"}  # `problemsolving fetch` downloads them; tests download nothing
FEWER = {"crime-severity": 293}  # districts that stand several times are read once


def rows_of(path):
    text = (gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def read(name, real_data, pattern=None):
    paths = sorted(real_data.glob(pattern or PATTERNS[name]))
    assert paths
    return read_source(source(name), paths, root=real_data)


def notes_of(reading):
    return [note for note in reading.notes if note.rule != "is empty"]


def test_every_open_source_has_a_pattern_here():
    assert set(PATTERNS) | NO_OPEN_FILE | NOT_HERE == {
        name for name in names("sources") if not name.startswith("simulated-")
    }


@pytest.mark.parametrize("name", sorted(set(PATTERNS) - {"ons-boundaries-lsoa21", "permit-event-log"}))
def test_every_source_reads_every_row_of_the_real_files(name, real_data):
    rows = sum(len(rows_of(path)) for path in real_data.glob(PATTERNS[name]))
    assert read(name, real_data).rows == FEWER.get(name, rows)


def test_outlines_are_read(real_data):
    assert read("ons-boundaries-lsoa21", real_data).rows == 417


def test_calls_keep_their_local_month_and_become_utc(real_data):
    (path,) = real_data.glob(PATTERNS["milwaukee-calls-for-service"])
    raw, reading = rows_of(path), read("milwaukee-calls-for-service", real_data)
    zone = ZoneInfo("America/Chicago")
    utc = [
        dt.datetime.fromisoformat(row["time"]).replace(tzinfo=zone).astimezone(dt.UTC).replace(tzinfo=None)
        for row in raw
    ]
    assert reading.frame["occurred_at"].dt.to_pydatetime().tolist() == utc
    assert reading.months == ["2018-05"]
    away = sum(
        1
        for row in raw
        if row["latitude"]
        and not (42.7 <= float(row["latitude"]) <= 43.3 and -88.3 <= float(row["longitude"]) <= -87.7)
    )
    assert away == 462
    assert [(note.column, note.count) for note in notes_of(reading) if "read as missing" in note.rule] == [
        ("longitude, latitude", away)
    ]
    assert reading.frame["longitude"].isna().sum() == away + sum(1 for row in raw if not row["latitude"])


def test_months_in_words_and_trusts_that_did_not_report(real_data):
    (path,) = real_data.glob(PATTERNS["nhs-emergency-attendances"])
    raw, frame = rows_of(path), read("nhs-emergency-attendances", real_data).frame
    assert frame["month"].tolist() == [dt.datetime.strptime(row["date"], "%B %Y").strftime("%Y-%m") for row in raw]
    assert (
        frame["attendances_over_4_hours"].isna().sum()
        == sum(row["attendances_over_4hours"] == "NA" for row in raw)
        == 354
    )
    assert frame["attendances"].sum() == sum(int(row["total_attendances"]) for row in raw)


def test_kinds_of_area_are_told_apart(real_data):
    reading = read("alcohol-admissions", real_data)
    assert Counter(reading.frame["area_type"]) == {"district": 3_260, "combined authority": 10, "country": 10}
    assert sorted(reading.frame["period_start"].unique())[::9] == ["2008-04", "2017-04"]
    assert reading.frame["value"].isna().sum() == 27


def test_districts_with_several_scores_have_none(real_data):
    reading = read("crime-severity", real_data)
    empty = set(reading.frame.loc[reading.frame["value"].isna(), "area_code"])
    assert {"E06000058", "E06000061", "E06000063", "E06000064"} <= empty and len(empty) == 17
    (note,) = notes_of(reading)
    assert note.rule == "stands more than once: read once, without what differs" and note.count == 11


def test_a_case_called_na_is_a_case_and_its_attributes_stand_on_each_event(real_data):
    (path,) = real_data.glob(PATTERNS["sepsis-event-log"])
    raw, frame = rows_of(path), read("sepsis-event-log", real_data).frame
    ages = {row["case:concept:name"]: float(row["Age"]) for row in raw if row["Age"]}
    assert frame["case_id"].nunique() == len(ages) == 1_050 and "NA" in ages
    assert frame["age"].tolist() == [ages[row["case:concept:name"]] for row in raw]
    assert frame["diagnosis"].isna().sum() == 15_214 - 13_557


def test_the_permit_log_is_read_in_utc(real_data):
    (path,) = real_data.glob(PATTERNS["permit-event-log"])
    text = gzip.decompress(path.read_bytes()).decode()
    times = re.findall(r'key="time:timestamp" value="(20[^"]*)"', text)
    frame = read("permit-event-log", real_data).frame
    utc = [dt.datetime.fromisoformat(time).astimezone(dt.UTC).replace(tzinfo=None) for time in times]
    assert {time[-6:] for time in times} == {"+01:00", "+02:00"} and len(times) == 8_577
    assert frame["occurred_at"].dt.to_pydatetime().tolist() == utc
    assert frame["case_id"].nunique() == text.count("<trace>") == 1_434
    assert frame["unit"].isna().sum() == text.count('key="org:group" value="EMPTY"')


@pytest.mark.parametrize("place", ["Texas", "Wichita"])
def test_the_inverted_scale_is_turned_round(real_data, place):
    (path,) = real_data.glob(f"networks/emon_{place}_edges.csv")
    frame = read("drabek-ties", real_data, f"networks/emon_{place}_edges.csv").frame
    assert frame["score"].tolist() == [5 - float(row["Frequency"]) for row in rows_of(path)]
    members = read("drabek-organisations", real_data, f"networks/emon_{place}_nodes.csv").frame
    assert set(frame["respondent"]) | set(frame["rated"]) <= set(members["member_id"])
    assert members["paid_staff"].min() >= 0


def test_two_networks_in_one_data_set_are_refused(real_data):
    from problemsolving.errors import DataError

    with pytest.raises(DataError, match="broken") as caught:
        read("drabek-ties", real_data, "networks/emon_*_edges.csv")
    assert "from, to" in str(caught.value) and "must be unique" in str(caught.value)


def test_the_city_of_london_stands_on_areas_of_2011(real_data):
    lookup = {row["lsoa11_code"] for path in real_data.glob(PATTERNS["ons-lsoa11-lsoa21"]) for row in rows_of(path)}
    reading = read("police-uk-street", real_data, "police_uk/city-of-london/*-street.csv")
    codes = set(reading.frame["area_code"].dropna())
    assert reading.months == ["2019-10", "2019-11", "2019-12"] and codes and codes <= lookup
