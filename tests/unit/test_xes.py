"""Event logs in XES: streamed, UTC, and hostile ones refused with a line and without a value."""

import gzip

import pytest

from problemsolving.dictionary.reading import read_source
from problemsolving.dictionary.schema import source
from problemsolving.errors import DataError

SECRET = "zq-secret"
EVENT = '<event><string key="concept:name" value="{what}"/><date key="time:timestamp" value="{when}"/><string key="org:group" value="EMPTY"/><string key="org:resource" value="R1"/><string key="lifecycle:transition" value="complete"/><string key="concept:instance" value="t{n}"/></event>'


def trace(case, *events):
    inner = "\n".join(EVENT.format(what=what, when=when, n=n) for n, (what, when) in enumerate(events))
    return f'<trace>\n<string key="concept:name" value="{case}"><string key="concept:name" value="nested"/></string><string key="channel" value="Desk"/>\n{inner}\n</trace>'


def log(*traces, head='<?xml version="1.0"?>', space=' xmlns="http://www.xes-standard.org/"'):
    glob = '<global scope="event"><string key="concept:name" value="UNKNOWN"/></global>'
    return f"{head}\n<log{space}>\n{glob}\n" + "\n".join(traces) + "\n</log>\n"


GOOD = log(
    trace("c1", ("a &amp; b", "2011-10-11T13:45:40.276+02:00"), ("b", "2011-11-24T15:36:51.302+01:00")),
    trace("c2", ("a", "2011-10-11T11:45:40Z")),
)


def read(tmp_path, content, name="log.xes"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_source(source("permit-event-log"), [path], root=tmp_path)


@pytest.mark.parametrize(
    ("content", "name"),
    [(GOOD, "log.xes"), (gzip.compress(GOOD.encode()), "log.xes.gz"), (GOOD.replace(' xmlns="http://www.xes-standard.org/"', ""), "log.xes"), (b"\xef\xbb\xbf" + GOOD.encode(), "log.xes")],
    ids=["plain", "packed", "no namespace", "byte order mark"],
)  # fmt: skip
def test_a_log_becomes_rows_in_utc(tmp_path, content, name):
    reading = read(tmp_path, content, name)
    frame = reading.frame
    assert frame["case_id"].tolist() == ["c1", "c1", "c2"] and frame["activity"].tolist() == ["a & b", "b", "a"]
    assert frame["occurred_at"].dt.strftime("%d %H:%M:%S.%f").tolist()[0] == "11 11:45:40.276000"
    assert frame["occurred_at"].dt.hour.tolist() == [11, 14, 11]
    assert frame["channel"].tolist() == ["Desk"] * 3 and frame["unit"].isna().all()
    assert reading.files[0]["rows"] == 3 and len(str(reading.files[0]["sha256"])) == 64


BILLION = '<!DOCTYPE log [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
REFUSED = {
    "document type": (log(trace("c", ("&b;", "x")), head=BILLION), "declares a document type"),
    "outside entity": (log(head='<!DOCTYPE log SYSTEM "file:///etc/passwd">'), "declares a document type"),
    "not closed": (GOOD.replace("</log>", ""), "not well-formed XML"),
    "cut short": (GOOD[: len(GOOD) // 2], "not well-formed XML"),
    "bad mark-up": (GOOD.replace("a &amp; b", f"<{SECRET}"), "line 6: not well-formed XML"),
    "a web page": ("<html><body>error</body></html>", "not an XES log"),
    "too deep": (log("<trace>" + "<list>" * 40 + "</list>" * 40 + "</trace>"), "nested more than 32 deep"),
    "no events": (log(), "holds no events"),
    "an attribute twice": (GOOD.replace('key="org:group"', 'key="org:resource"', 1), "gives an attribute twice"),
    "an enormous value": (GOOD.replace("Desk", "x" * 200_000), "more than 100,000 characters"),
    "no such attribute": (GOOD.replace('"org:resource"', '"org:resourse"'), 'no event has "org:resource"; did you mean'),
    "empty": ("", "not well-formed XML"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "told"), REFUSED.values(), ids=REFUSED)
def test_bad_logs_are_refused(tmp_path, content, told):
    with pytest.raises(DataError) as caught:
        read(tmp_path, content)
    assert told in str(caught.value) and "log.xes" in str(caught.value) and SECRET not in str(caught.value)


def test_rules_name_the_event(tmp_path):
    bad = GOOD.replace("2011-11-24T15:36:51.302+01:00", f"{SECRET}")
    with pytest.raises(DataError) as caught:
        read(tmp_path, bad)
    assert caught.value.faults == ('column "time:timestamp": not a date and time, 1 row: log.xes event 2',)


def test_a_packed_log_that_is_cut_or_a_bomb_is_refused(tmp_path):
    with pytest.raises(DataError, match="in the files") as caught:
        read(tmp_path, gzip.compress(GOOD.encode())[:-20], "log.xes.gz")
    assert "truncated or damaged" in str(caught.value)
    bomb = gzip.compress(b"<log>" + b" " * 120_000_000)
    with pytest.raises(DataError) as caught:
        read(tmp_path, bomb, "log.xes.gz")
    assert "far more than its size" in str(caught.value)
