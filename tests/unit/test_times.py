"""Fields of date and time: what no clock shows is refused; an end before its start is told."""

import datetime as dt

import pytest

from problemsolving.dictionary.reading import read_source
from problemsolving.dictionary.schema import source, table
from problemsolving.errors import DataError

CONTACTS = "contact_id,person_id,agency_id,started_at,seen_at,ended_at,kind"
REFERRALS = ",".join(str(column.from_) for column in source("simulated-referrals").columns.values())


def read(folder, name, lines):
    (folder / "a.csv").write_text("\n".join(lines) + "\n")
    return read_source(source(name), [folder / "a.csv"], root=folder, today=dt.date(2026, 1, 1))


def contact(started="2024-06-03 04:00", seen="", ended="2024-06-03 05:00"):
    return [CONTACTS, f"C1,P1,police,{started},{seen},{ended},appointment"]


@pytest.mark.parametrize(
    ("started", "told"),
    [
        ("2024-06-03 24:00", "not a date and time"),
        ("2024-06-03 23:60", "not a date and time"),
        ("2024-06-03 04:00:60", "not a date and time"),
        ("2024-06-03 04:00+25:00", "not a date and time"),
        ("2024-06-03 04:00+14:01", "not a date and time"),
        ("2024-06-03 04:00-12:01", "not a date and time"),
        ("2024-06-03 04:00-13:00", "not a date and time"),
        ("1989-12-31 23:59", "a date before 1990"),
        ("1901-06-03 04:00", "a date before 1990"),
    ],
)
def test_what_no_clock_shows_is_refused(tmp_path, started, told):
    with pytest.raises(DataError, match=told):
        read(tmp_path, "simulated-contacts", contact(started, ended=""))


@pytest.mark.parametrize(
    ("started", "utc"),
    [
        ("2024-06-03 04:00", "2024-06-03 04:00"),
        ("2024-06-03T23:59:59.5Z", "2024-06-03 23:59:59.5"),
        ("2024-06-03 04:00+14:00", "2024-06-02 14:00"),
        ("2024-06-03 04:00-12:00", "2024-06-03 16:00"),
        ("2024-06-03 04:00+0530", "2024-06-02 22:30"),
        ("1990-01-01", "1990-01-01 00:00"),
    ],
)
def test_what_a_clock_shows_is_read(tmp_path, started, utc):
    frame = read(tmp_path, "simulated-contacts", contact(started, ended="")).frame
    assert frame["started_at"][0] == dt.datetime.fromisoformat(utc)


def test_an_end_before_the_start_is_told_and_read(tmp_path):
    reading = read(tmp_path, "simulated-contacts", contact(seen="2024-06-03 03:59", ended="2024-06-01 00:00"))
    told = [(note.column, note.rule, note.rows) for note in reading.notes]
    assert ("started_at", 'after "ended_at"', (2,)) in told and ("started_at", 'after "seen_at"', (2,)) in told
    assert reading.frame["ended_at"][0] == dt.datetime(2024, 6, 1)
    assert all(note.severity == "report" for note in reading.notes)
    together = read(tmp_path, "simulated-contacts", contact(seen="2024-06-03 04:00", ended="2024-06-03 04:00"))
    assert [note.rule for note in together.notes] == []


def test_a_person_seen_before_the_referral_is_told_and_read(tmp_path):
    row = {"referral_id": "R1", "person_id": "P1", "from_agency": "a", "to_agency": "b", "referred_at": "2024-06-03 04:00", "seen_at": "2024-06-01 09:00"}  # fmt: skip
    mapped = {str(column.from_): name for name, column in source("simulated-referrals").columns.items()}
    lines = [REFERRALS, ",".join(row[mapped[heading]] for heading in REFERRALS.split(","))]
    notes = read(tmp_path, "simulated-referrals", lines).notes
    assert [(note.column, note.rule, note.severity) for note in notes] == [("referred_at", 'after "seen_at"', "report")]


@pytest.mark.parametrize("name", ["contact", "referral", "detention"])
def test_pairs_in_order_are_fields_of_the_table(name):
    schema = table(name)
    assert schema.ordered or schema.expected
    for pair in (*schema.ordered, *schema.expected):
        assert {schema.field(part).type for part in pair} == {"datetime"}
