"""What a source cannot tell it is not asked."""

from types import SimpleNamespace

import pytest

from problemsolving.dictionary.schema import source
from problemsolving.sara.capabilities import DAYS, MINUTES, OFFENCES, PEOPLE, PERSONS, POINTS, not_told, who_could


def study(*names):
    return SimpleNamespace(readings={name: SimpleNamespace(source=source(name)) for name in names})


@pytest.mark.parametrize(
    ("needs", "words"),
    [
        (DAYS, "months only"), (POINTS, "snapped to map points"), (PEOPLE, "no people"), (PERSONS, "no people"),
        (OFFENCES, "no offence codes"), (MINUTES, "no minutes of staff time"),
    ],
)  # fmt: skip
def test_police_uk_is_told_why_and_who_could(needs, words):
    found = not_told(study("police-uk-street"), needs)
    assert words in found.reason and "local-incidents" in found.remedy
    assert not_told(study("simulated-incidents"), needs) is None and not_told(study("local-incidents"), needs) is None


def test_one_source_that_cannot_is_enough():
    assert not_told(study("simulated-incidents", "police-uk-street"), DAYS).reason == "source has months only"


def test_calls_for_service_tell_times_and_places_but_no_people():
    calls = study("milwaukee-calls-for-service")
    assert not_told(calls, {**DAYS, **POINTS}, table="call_for_service") is None
    assert "no people" in not_told(calls, PERSONS, table="call_for_service").reason


def test_a_table_that_is_not_there_is_said_so():
    assert not_told(study("police-uk-street"), PERSONS, table="contact").reason == "the profile has no contact data"
    assert "simulated-contacts" in who_could(PERSONS, table="contact")
