"""``scenarios.yml``: every fault at once, by place and not by what it says."""

import pytest

from problemsolving.errors import ParameterError
from problemsolving.network.what_if.changes import CapCapacity, OpenPathway, RemoveAgency, StrengthenPathway
from problemsolving.network.what_if.scenario import Desk
from problemsolving.sara.scenarios import read_scenarios

NAMES = {"police": "The Police", "health": "The Trust", "housing": "Homes"}


def read(tmp_path, text):
    path = tmp_path / "scenarios.yml"
    path.write_text(text, encoding="utf-8")
    return read_scenarios(path, NAMES)


def test_each_kind_of_change_is_read_with_agencies_by_name(tmp_path):
    found = read(
        tmp_path,
        "scenarios:\n"
        "  - name: all of it\n"
        "    changes:\n"
        "      - {change: remove, agency: housing, instead: health}\n"
        "      - {change: open, from: police, to: housing, share: 0.1}\n"
        "      - {change: strengthen, from: police, to: health, by: 0.05}\n"
        "      - {change: cap, agency: health, most: 200}\n"
        "desks:\n"
        "  health: {servers: 2, hours: 1.5}\n",
    )
    assert found.asked[0].name == "all of it" and found.desks == {"The Trust": Desk(servers=2, hours=1.5)}
    assert found.asked[0].changes == (
        RemoveAgency(agency="Homes", instead="The Trust"),
        OpenPathway(sender="The Police", receiver="Homes", share=0.1),
        StrengthenPathway(sender="The Police", receiver="The Trust", by=0.05),
        CapCapacity(agency="The Trust", most=200.0, instead="no further contact"),
    )


def test_a_profile_without_the_file_has_none(tmp_path):
    assert read_scenarios(tmp_path / "scenarios.yml", NAMES).asked == ()


def test_every_fault_is_told_at_once_and_by_place(tmp_path):
    with pytest.raises(ParameterError) as caught:
        read(
            tmp_path,
            "scenarios:\n"
            "  - name: one\n"
            "    changes:\n"
            "      - {change: remove, agency: polic}\n"
            "      - {change: open, from: police, share: 3}\n"
            "      - {change: close, agency: police}\n"
            "      - {change: cap, agency: health, most: many, why: x}\n"
            "  - changes: []\n"
            "desks:\n"
            "  fire: {servers: 1, hours: 1}\n"
            "  health: {servers: 1.5, hours: 0}\n"
            "scenario: []\n",
        )
    told = "\n".join(caught.value.faults)
    for place in (
        "scenario: not known", 'scenarios 1, change 1.agency: not an agency_id of the agency table; did you mean "police"?',
        "scenarios 1, change 2.to: is missing", "scenarios 1, change 2.share: write a number above 0 and at most 1",
        "scenarios 1, change 3: change is one of", "scenarios 1, change 4.most: write a number above 0",
        "scenarios 1, change 4.why: not known", "scenarios 2: write name and changes",
        "desks.fire: not an agency_id", "desks.health: write servers, a whole number",
    ):  # fmt: skip
        assert place in told, place
    assert len(caught.value.faults) == 10


@pytest.mark.parametrize("text", ["scenarios: 3\n", "scenarios: [1]\n", "desks: [1]\n", "scenarios:\n  - {name: a, changes: []}\n"])  # fmt: skip
def test_what_is_no_list_or_empty_is_a_fault(tmp_path, text):
    with pytest.raises(ParameterError):
        read(tmp_path, text)
