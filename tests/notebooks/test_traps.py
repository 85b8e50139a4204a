"""Traps that the notebooks guard against by themselves: each says so beside its number."""

import csv
import io
import json

import pytest

from problemsolving.sara import analyse, scan
from problemsolving.sara.caveats import ECOLOGICAL
from problemsolving.study import open_study

pytestmark = pytest.mark.xdist_group("demo")


@pytest.fixture(scope="module")
def findings(demo_run):
    return {f["name"]: f for f in json.loads((demo_run / "restricted/findings.json").read_text("utf-8"))}


@pytest.fixture(scope="module")
def study(demo_run):
    return open_study(demo_run.parents[1])


@pytest.mark.parametrize("name", ["slope_index", "rate_ratio", "driver_effects", "importance", "excess_share", "chain"])
def test_an_ecological_reading_says_that_it_is_about_areas(findings, name):
    assert ECOLOGICAL in findings[name]["caveats"]


def test_no_model_holds_the_crime_domain_and_the_gradient_is_of_income(findings):
    assert any("crime domain" in caveat for caveat in findings["rate_ratio"]["caveats"])
    assert any(caveat.startswith("Income domain") for caveat in findings["slope_index"]["caveats"])


def test_a_group_picked_for_being_high_is_expected_to_fall(findings):
    assert "because they were picked for a high count" in findings["expected_fall"]["summary"]
    assert any("fall by themselves" in caveat for caveat in findings["places"]["caveats"])


def test_no_number_stands_without_its_interval_or_its_count(findings):
    alone = [
        (name, value["name"], value["group"])
        for name, finding in findings.items()
        for value in finding["values"]
        if value["estimate"] is not None
        and value["low"] is None
        and value["n"] is None
        and not value["name"].startswith("areas_")
        and value["name"] not in ("quarters_hot", "risk", "core_size", "communities")  # counts, a judgement
    ]
    assert alone == []


def test_every_finding_names_its_method_and_those_of_a_method_its_source(findings):
    assert all(f["method"] and (f["source"] or f["not_estimable"]) for f in findings.values())


def test_drivers_are_associated_and_never_cause(findings):
    for name in ("rate_ratio", "driver_effects", "importance", "chain"):
        finding = findings[name]
        assert finding["design"] == "associational" and "caused by" not in finding["summary"]


def rows_of(path):
    return list(csv.reader(io.StringIO(path.read_text("utf-8"))))


def shorten(path, keep):
    rows = rows_of(path)
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows([rows[0], *filter(keep, rows[1:])])


def test_an_incomplete_last_month_is_charted_by_the_days_it_covers(profile):
    shorten(profile / "data/incidents.csv", lambda row: row[2] < "2025-03-11")
    found = open_study(profile)
    assert found.days["2025-03"] == 10
    result = scan.months(found).released.result
    assert any("covered up to day 10 of 31" in caveat for caveat in result.caveats)
    assert not any("2025-03" in months for months in result.signals.values())


def test_incidents_without_an_identifier_are_counted_and_are_no_repeats(profile):
    path = profile / "data/incidents.csv"
    before = open_study(profile).incidents.cells["count"].sum()
    rows = rows_of(path)
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows([rows[0], *(["", *row[1:]] for row in rows[1:])])
    found = open_study(profile)
    assert found.incidents.cells["count"].sum() == before and found.repeated_identifiers == ""


def test_a_place_that_many_visit_and_few_live_in_is_read_by_its_count(profile):
    path = profile / "data/population.csv"
    rows = rows_of(path)
    rows[1][3] = "60"
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows(rows)
    caveats = scan.rate_map(open_study(profile)).result.caveats
    assert any(caveat.startswith("One of these places has more than one incident") for caveat in caveats)


def test_too_few_incidents_are_not_made_a_pattern(profile):
    shorten(profile / "data/incidents.csv", lambda row: row[3] != "violent-crime" or row[2][8:10] == "01")
    found = open_study(profile)
    assert "not clearly" in scan.concentration(found).result.summary() or scan.concentration(found).result.gini < 0.6
    assert scan.hot_spots(found).payload()["summary"]


def test_what_a_source_without_days_or_people_cannot_tell_is_said(study):
    silent = analyse.forecast(study).released.result
    assert silent.reason.startswith("24 months; 36 are needed")
