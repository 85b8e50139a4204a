"""Nothing loads without a sharing record in force."""

import datetime as dt

import pytest

from problemsolving.errors import ParameterError, SharingError
from problemsolving.governance.conditions import name_faults, same_person
from problemsolving.governance.sharing import read_sharing_record
from problemsolving.study import open_study


def spoil(profile, old, new, name="incidents"):
    path = profile / "sharing" / f"{name}.yml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    return path


def test_a_good_record_is_read(profile):
    record = read_sharing_record(profile / "sharing/incidents.yml", dataset="incidents", source="simulated-incidents")
    assert record.licence == "CC0-1.0"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("dataset: incidents", "dataset: others", "another data set"),
        ("source: simulated-incidents", "source: police-uk-street", "another source"),
        ("review_on: 2099-12-31", "review_on: 2020-01-01", "review was due"),
        ("review_on: 2099-12-31", "review_on: soon", "is not a day"),
        ("purpose: problem profile", "purpose: ''", "must not be empty"),
        ("purpose: problem profile\n", "", "is missing"),
        ("licence: CC0-1.0", "licence: mine", "licence"),
        ("kind: open", "kind: open\nextra: 1", "not a field"),
    ],
)
def test_a_bad_record_stops_the_load(profile, old, new, told):
    spoil(profile, old, new)
    with pytest.raises(SharingError) as caught:
        open_study(profile)
    assert told in str(caught.value) and "incidents.yml" in str(caught.value)


def test_a_missing_record_stops_the_load_and_all_faults_are_told(profile):
    (profile / "sharing/incidents.yml").unlink()
    spoil(profile, "kind: open", "kind: closed", "areas")
    with pytest.raises(SharingError) as caught:
        open_study(profile)
    assert "incidents.yml: missing" in str(caught.value) and "areas.yml" in str(caught.value)


def test_review_day_itself_is_in_force(profile):
    path = spoil(profile, "2099-12-31", "2030-06-01")
    keys = {"dataset": "incidents", "source": "simulated-incidents"}
    read_sharing_record(path, **keys, today=dt.date(2030, 6, 1))
    with pytest.raises(SharingError, match="incidents"):
        read_sharing_record(path, **keys, today=dt.date(2030, 6, 2))


def test_persons_do_not_leave_under_policy_open(profile):
    with pytest.raises(SharingError, match="policy: opensafely"):
        open_study(profile, policy="open")


def test_the_level_cannot_be_lower_than_what_the_source_holds(profile):
    spoil(profile, "level: person", "level: aggregate", "contacts")
    with pytest.raises(SharingError, match="its level is person"):
        open_study(profile)


def test_a_response_told_in_two_ways_is_refused(profile):
    with pytest.raises(ParameterError, match="two ways"):
        open_study(profile, response_areas="E01999020")


def test_areas_outside_the_districts_are_told_in_one_line_a_parameter(profile):
    with pytest.raises(ParameterError) as caught:
        open_study(profile, comparison_areas="E01999073, E01999074")
    assert caught.value.faults == (
        "comparison_areas: 2 are not small areas of the profile's districts, the first E01999073; none where there is no response",
    )


@pytest.mark.parametrize(
    "other",
    ["Jo Bl\u043eggs", "J\u200bo Bloggs", "Bloggs, Jo", "Dr Jo Bloggs", "J\u00f3 Bloggs", "JoBloggs", "Jo Bl0ggs",
     "Jo\u3164Bloggs", "JO BLOGGS\u00ad", "Prof. Jo Bloggs (approver)"],
)  # fmt: skip
def test_one_person_is_known_under_any_spelling(other):
    assert same_person("Jo Bloggs", other)


@pytest.mark.parametrize("other", ["J Bloggs", "Jo Blogg", "Joe Bloggs", "A Director"])
def test_two_people_stay_two(other):
    assert not same_person("Jo Bloggs", other)


@pytest.mark.parametrize(
    ("name", "faults"), [("Jo Bl\u043eggs", 1), ("Jo B\u0399oggs", 1), ("..", 1), ("Zo\u00eb O\u2019Brien", 0)]
)
def test_a_name_of_two_alphabets_or_none_is_a_fault(name, faults):
    assert len(name_faults(name)) == faults


@pytest.mark.parametrize(
    ("source", "licence", "level", "told"),
    [
        ("simulated-contacts", "OGL-UK-3.0", "person", "licence: is not the source's"),
        ("simulated-contacts", "CC0-1.0", "person", "holds people and no made-up areas"),
        ("section-136", "OGL-UK-3.0", "person", "own licence is not open"),
        ("istv", "CC0-1.0", "event", "own licence is not open"),
    ],
)
def test_only_open_sources_have_open_records(tmp_path, source, licence, level, told):
    path = tmp_path / "x.yml"
    path.write_text(
        f"dataset: x\nsource: {source}\nkind: open\nlicence: {licence}\nattribution: a\npurpose: p\nlevel: {level}\n"
        "review_on: 2099-01-01\n",
        "utf-8",
    )
    with pytest.raises(SharingError) as caught:
        read_sharing_record(path, dataset="x", source=source)
    assert told in str(caught.value)
