"""A delivery against the one before it."""

import json
import os

import pandas as pd
import pytest

from problemsolving.dictionary.previous import (
    FILE,
    KEPT,
    compare,
    compare_with_last,
    read_deliveries,
    summarise,
    write_deliveries,
)
from problemsolving.dictionary.reading import Reading
from problemsolving.dictionary.schema import source
from problemsolving.errors import DataError

MONTHS = [f"2024-{month:02d}" for month in range(1, 7)]


def incidents(months=MONTHS, each=100, name="a", **changes):
    rows = [(month, place) for month in months for place in range(each)]
    frame = pd.DataFrame(
        {
            "incident_id": [f"zq-secret-{month}-{place}" for month, place in rows],
            "month": [month for month, _ in rows],
            "category": [["burglary", "robbery", "drugs"][place % 3] for _, place in rows],
            "area_code": [f"E010157{place % 50:02d}" for _, place in rows],
            "location": [f"Street {place}" for _, place in rows],
            "force": "A Force",
        }
    ).assign(**changes)
    return Reading(source("police-uk-street"), frame, ({"name": f"{name}.csv", "sha256": name, "rows": len(frame)},))


def told(before, now):
    return [
        (fault.column, fault.rule, fault.severity) for fault in compare(summarise(before), summarise(now), dataset="x")
    ]


def test_the_next_months_as_ever_say_nothing():
    assert told(incidents(), incidents(["2024-07", "2024-08"], name="b")) == []
    assert told(incidents(), incidents([*MONTHS, "2024-07"], each=100, name="b")) == []
    assert told(incidents(), incidents(MONTHS[:1], each=1)) == []  # the same files


def test_a_month_missing_from_the_middle_is_refused():
    ((column, rule, severity),) = told(incidents(), incidents([m for m in MONTHS if m != "2024-03"], name="b"))
    assert (column, severity) == ("month", "refuse") and "no row in 2024-03," in rule


def test_a_month_between_two_deliveries_is_refused():
    ((_, rule, severity),) = told(incidents(), incidents(["2024-08", "2024-09"], name="b"))
    assert severity == "refuse" and "no row in 2024-07," in rule


def test_a_rolling_window_that_drops_its_oldest_month_says_nothing():
    assert told(incidents(), incidents([*MONTHS[1:], "2024-07"], name="b")) == []


def test_a_renamed_force_is_reported():
    assert told(incidents(), incidents(name="b", force="A Constabulary")) == [
        ("force", "another force than in the last delivery: renamed, or another area", "report")
    ]


def test_a_column_gone_constant_is_refused():
    assert told(incidents(), incidents(name="b", location="Somewhere")) == [
        ("location", "the same value in every row; it varied in the last delivery", "refuse")
    ]


def test_a_column_gone_empty_is_refused():
    ((column, rule, severity),) = told(incidents(), incidents(name="b", area_code=None))
    assert (column, severity) == ("area_code", "refuse") and "empty in every row" in rule


def test_a_column_far_more_empty_is_reported():
    half = ["E01015701" if place % 4 == 0 else "E01015702" if place % 4 == 1 else None for place in range(600)]
    assert ("area_code", "far more often empty than in the last delivery", "report") in told(
        incidents(), incidents(name="b", area_code=half)
    )


@pytest.mark.parametrize(("each", "refused"), [(10, True), (11, False)])
def test_a_tenth_of_the_volume_is_refused(each, refused):
    rules = [
        rule
        for _, rule, severity in told(incidents(), incidents(["2024-07"], each=each, name="b"))
        if severity == "refuse"
    ]
    assert bool([rule for rule in rules if "a tenth of the rows a month" in rule]) == refused


def test_one_month_that_is_nearly_empty_is_refused():
    frame = incidents(name="b").frame
    frame = frame[(frame["month"] != "2024-06") | (frame.index % 20 == 0)]
    rules = told(incidents(), Reading(source("police-uk-street"), frame, ({"name": "b", "sha256": "b", "rows": 1},)))
    assert ("month", "2024-06 has a tenth of the rows that are usual, or fewer", "refuse") in rules


def test_late_revisions_are_reported_with_their_size():
    frame = incidents(name="b").frame.iloc[:-3]
    now = Reading(source("police-uk-street"), frame, ({"name": "b", "sha256": "b", "rows": 1},))
    (fault,) = compare(summarise(incidents()), summarise(now), dataset="x")
    assert (fault.count, fault.severity) == (3, "report") and "late revisions" in fault.rule


@pytest.mark.parametrize(("factor", "told_of"), [(60, True), (1 / 60, True), (1.5, False), (10, False)])
def test_a_unit_changed_without_a_word_is_refused(factor, told_of):
    def delivery(name, times):
        frame = pd.DataFrame({"area_code": [f"E010{n:05d}" for n in range(100)], "code_year": 2021.0, "year": 2020.0, "population": [times * (1_500 + n) for n in range(100)]})  # fmt: skip
        return Reading(source("simulated-population"), frame, ({"name": name, "sha256": name, "rows": 100},))

    rules = [rule for _, rule, severity in told(delivery("a", 1), delivery("b", factor)) if severity == "refuse"]
    assert bool(rules) == told_of and all("60 times larger or smaller" in rule for rule in rules)


def test_a_category_split_in_two_is_reported():
    split = ["burglary" if place % 2 else "burglary-of-a-home" for place in range(600)]
    ((column, rule, severity),) = told(incidents(), incidents(name="b", category=split))
    assert (column, severity) == ("category", "report") and "1 value not in the last delivery; 2 values" in rule


def test_a_summary_holds_no_value_of_the_data():
    text = json.dumps(summarise(incidents()))
    for value in ("zq-secret", "Street", "burglary", "A Force", "E010157"):
        assert value not in text


def test_deliveries_are_kept_whole_and_once(tmp_path):
    assert read_deliveries(tmp_path) == {}
    first = summarise(incidents())
    write_deliveries(tmp_path, {"street": first})
    write_deliveries(tmp_path, {"street": first})
    assert read_deliveries(tmp_path) == {"street": [first]}
    for number in range(KEPT + 3):
        write_deliveries(tmp_path, {"street": summarise(incidents(name=str(number)))})
    kept = read_deliveries(tmp_path)["street"]
    assert len(kept) == KEPT and kept[-1]["files"] == [str(KEPT + 2)]
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"form": 2, "deliveries": {}}', '{"form": 1, "deliveries": 3}'])
def test_a_spoilt_history_is_refused(tmp_path, text):
    (tmp_path / FILE).write_text(text)
    with pytest.raises(DataError, match="begin a new history"):
        read_deliveries(tmp_path)


def test_readings_are_compared_with_the_last_delivery_that_differs(tmp_path):
    assert compare_with_last(tmp_path, {"street": incidents()}) == []
    write_deliveries(tmp_path, {"street": summarise(incidents())})
    assert compare_with_last(tmp_path, {"street": incidents()}) == []
    (fault,) = compare_with_last(tmp_path, {"street": incidents(name="b", location="x"), "other": incidents()})
    assert (fault.file, fault.column) == ("street", "location")


@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
def test_the_history_is_made_private_again(tmp_path):
    (tmp_path / ".history").mkdir(mode=0o755)
    assert read_deliveries(tmp_path / ".history") == {}
    assert (tmp_path / ".history").stat().st_mode & 0o777 == 0o700
