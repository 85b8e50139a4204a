"""The last look: what is found however it is hidden, what is no person's, and what stops nothing."""

import base64
import json
import struct
import time
import zlib

import numpy as np
import pandas as pd
import pytest

from problemsolving.dictionary.reading import Reading
from problemsolving.dictionary.schema import source
from problemsolving.draw import get_axes, to_svg
from problemsolving.governance.scan import SensitiveValues, collect_values, scan_release
from problemsolving.governance.seal import sealed, sealing, unsealed
from problemsolving.governance.unwrap import texts_of
from problemsolving.identifiers import find_identifiers
from problemsolving.report.safe import check_picture, safe_table

PERSON = "Q7731904"
NOBODY = SensitiveValues()


def contacts(**columns) -> Reading:
    rows = {"contact_id": ["C000001"], "person_id": [PERSON], "agency_id": ["police"], "kind": ["call"]}
    rows |= {"started_at": pd.to_datetime(["2024-06-19 01:57"]), "ended_at": pd.to_datetime(["2024-06-20 00:00"])}
    return Reading(source("simulated-contacts"), pd.DataFrame(rows | columns), ())


def incidents(**columns) -> Reading:
    rows = {"longitude": [1.80323], "latitude": [53.06528], "month": ["2024-06"], "area_code": ["E01999001"]}
    return Reading(source("simulated-incidents"), pd.DataFrame(rows | columns), ())


@pytest.fixture(scope="module")
def known():
    return collect_values([contacts(), incidents()])


def png(kind: bytes, body: bytes) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n" + header + chunk(kind, body) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")
    )


def drawn(text: str) -> str:
    def plot():
        ax = get_axes(None)
        ax.set_title(text)
        return ax

    svg = to_svg(plot)
    return svg[: svg.index("<!--")] + "".join(
        part.split("-->", 1)[-1] for part in svg[svg.index("<!--") :].split("<!--")
    )


packed = base64.b64encode(PERSON.encode()).decode()
HIDDEN = {
    "plain": f"seen: {PERSON}.",
    "small letters": PERSON.lower(),
    "inside a word": f"person{PERSON}x",
    "tags": "Q77<b>319</b>04",
    "an attribute": f'<img alt="" title="{PERSON}">',
    "a comment": f"<p>x</p><!-- {PERSON} -->",
    "a class name": f'<td class="p-{PERSON}">x</td>',
    "entities": "&#81;&#x37;731904",
    "entities of entities": "&amp;#81;7731904",
    "percent": "%51%3773%31904",
    "JSON escapes": r"\u00517731904",
    "Python escapes": r"\x517731904",
    "full width": "Ｑ７７３１９０４",
    "zero width": "Q77\u200b31\u2060904",
    "soft hyphen": "Q773\u00ad1904",
    "look-alike": "QΟ".replace("QΟ", "Q") + "77З1904",
    "base64": packed,
    "base64 without its end": packed.rstrip("="),
    "base64 of base64": base64.b64encode(f"id: {packed}".encode()).decode(),
    "hexadecimal": PERSON.encode().hex(),
    "data URI": "<img src='data:image/svg+xml;base64," + base64.b64encode(f"<svg><desc>{PERSON}</desc></svg>".encode()).decode() + "'>",
    "data URI, percent": f"<img src='data:text/plain,%51{PERSON[1:]}'>",
    "JSON": json.dumps({"a": [{"b": f"<b>{PERSON}</b>"}]}),
    "JSON key": json.dumps({PERSON: 1}),
    "JSON in JSON": json.dumps({"a": json.dumps({"b": PERSON})}),
    "SVG title": f"<svg><g><title>{PERSON}</title></g></svg>",
    "SVG metadata": f"<svg><metadata><rdf>{PERSON}</rdf></metadata></svg>",
    "SVG id": f'<svg><g id="{PERSON}"/></svg>',
    "SVG place": f'<svg><g x="{PERSON}"/></svg>',
    "letters drawn as outlines": drawn(f"who: {PERSON}"),
    "PNG text": png(b"tEXt", b"Title\0" + PERSON.encode()),
    "PNG packed text": png(b"zTXt", b"Title\0\0" + zlib.compress(PERSON.encode())),
    "PNG international text": png(b"iTXt", b"Title\0\1\0\0\0" + zlib.compress(PERSON.encode())),
    "PNG EXIF": png(b"eXIf", b"II*\0" + PERSON.encode()),
    "PNG after its end": png(b"tEXt", b"Title\0x") + PERSON.encode(),
    "JPEG comment": b"\xff\xd8\xff\xfe" + struct.pack(">H", 10) + PERSON.encode() + b"\xff\xda\xff\xd9",
    "UTF-16": PERSON.encode("utf-16"),
    "time": "2024-06-19T01:57:00Z",
    "time, British": "19/06/2024 01:57",
    "time, in words": "on 19 June 2024 at 01:57",
    "time, seconds since 1970": "1718762220000",
    "time as C writes it": "Wed Jun 19 01:57:00 2024",
    "time, month first in words": "June 19, 2024 01:57",
    "time before its date": "01:57 on 19 June 2024",
    "time before its date with weekday": "01:57, Wednesday 19 June 2024",
    "time, short month": "19-Jun-2024 01:57",
    "time by British clocks": "2024-06-19 02:57",
    "time by British clocks in words": "at 2:57am on 19 June 2024",
    "time, month first": "06/19/2024 01:57",
    "time of twelve hours": "19 June 2024, 1.57am",
    "latitude rounded": "lat 53.0653",
    "pieces: dash": f"{PERSON[0]}-{PERSON[1:]}",
    "pieces: underscore": f"{PERSON[0]}_{PERSON[1:]}",
    "pieces: space": f"{PERSON[0]} {PERSON[1:]}",
    "pieces: line break": f"{PERSON[:3]}<br>{PERSON[3:5]}<br/>{PERSON[5:]}",
    "pieces: cells": f"<tr><td>{PERSON[:4]}</td><td>{PERSON[4:]}</td></tr>",
    "coordinates": "x 1.80323",
}  # fmt: skip


@pytest.mark.parametrize("way", HIDDEN)
def test_a_value_is_found_however_it_is_hidden(known, way):
    faults = scan_release({"page": HIDDEN[way]}, known)
    assert len(faults) == 1 and faults[0].startswith("page: holds a value of ")
    assert PERSON.casefold() not in faults[0].casefold() and "01:57" not in faults[0]


@pytest.mark.parametrize(
    "text",
    [
        "police",
        "call",
        "E01999001",
        "2024-06",
        "2024-06-20 00:00",
        "Q773190",
        "53.065",
        "2024-06-19 00:57",
        "19 June 2024 1.57 per cent",
        "1:57pm on 19 June 2024",
        "<td>19</td><td>06</td>",
        "Q 773 190",
        "C000002",
        "x" * 70,
        "81.80323",
    ],
)
def test_what_anybody_may_know_is_not_a_find(known, text):
    assert scan_release({"page": f"<p>{text}</p>"}, known) == []


def test_a_name_is_searched_and_not_repeated(known):
    (fault,) = scan_release({f"{PERSON}.csv": "x"}, known)
    assert PERSON not in fault and "part 1" in fault


def test_which_values_are_searched():
    people = [f"S{number:03d}" for number in range(3)] + ["1234", "12345678", "unknown", "Ab 12 c9", None]
    values = collect_values([contacts(person_id=people, **{c: [None] * 8 for c in ("contact_id", "started_at", "ended_at")},
                                      agency_id="police", kind="call")])  # fmt: skip
    assert sorted(value for group in values.groups.values() for value in group) == ["12345678", "ab 12 c9"]
    assert "contact.kind" in values.not_searched and "contact.person_id" in values.fields


def test_a_value_of_pieces_is_found_whole_and_numbers_side_by_side_are_chance():
    values = collect_values([contacts(person_id=["S-1234-56"], contact_id=["1234567890"])])
    assert scan_release({"page": "S123456"}, values) == ["page: holds a value of contact.person_id"]
    assert scan_release({"page": "1234 567 890"}, values) == []


def test_places_in_words_are_searched_where_they_tell_places_apart():
    many = [f"{number} High Street" for number in range(60)]
    rows = {"longitude": [np.nan] * 60, "latitude": [np.nan] * 60, "month": "2024-06", "area_code": "E01999001"}
    apart = collect_values([incidents(location=many, **rows)])
    same = collect_values([incidents(location=["On or near Supermarket"] * 60, **rows)])
    assert scan_release({"page": "<td>59 high  street</td>"}, apart) and not len(same)


def test_words_of_people_are_found_in_part():
    from problemsolving.governance.scan import _pieces

    said = "they sent me home with a leaflet and nobody rang back"
    assert "home with a leaflet and nobody" in _pieces([said], free=True)[6] and _pieces(["very good"], free=True) == {}


def test_only_data_sets_about_persons_are_searched():
    values = collect_values([contacts(), incidents()], of=lambda reading: reading.source.table == "incident")
    assert not scan_release({"page": PERSON}, values) and scan_release({"page": "1.80323"}, values)


IDENTIFIERS = {
    "NHS number": ["943 476 5919", "9434765919", "943-476-5919", "943&nbsp;476&nbsp;5919", "９４３４７６５９１９", "943\u200b4765919"],
    "postcode": ["MK40 2TH", "mk402th", "SW1A&#32;1AA", "МK40 2TH", "EC1A%201BB"],
    "telephone number": ["07700 900123", "07700900123", "+44 7700 900123", "+447700900123", "0044 7700 900123", "+44 (0)7700 900 123",
                         "01234 567890", "(01234) 567890", "020 7946 0958", "0117 496 0123", "0161-496-0123"],
    "National Insurance number": ["AB123456C", "ab 12 34 56 c", "AB-12-34-56-C"],
    "e-mail address": ["a.b+c@d-e.co.uk", "a&#64;b.org", r"a\u0040b.org"],
    "date of birth": ["DOB: 1/2/1999", "d.o.b. 01-02-99", "born on 3 March 1987", "12.05.1987", "1987-05-12", '"birthday": "May 3, 1990"'],
}  # fmt: skip


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in IDENTIFIERS.items() for text in texts])
def test_identifiers_are_found_as_people_write_them(kind, text):
    assert kind in {found.kind for found in find_identifiers(f"see {text}, please")}


FALSE_FRIENDS = [
    "E01015693", "2021-05", "2024-11-22", "22/11/2024 10:00", "0000000000", "0123456789", "943 476 5918", "1,234,567,890",
    "0.4010232137", "3.14010232137", "20261122T222736Z-77fc84", "0 5 10 15 20 25", "00 10 20 30 40 50", "#fa15ee", "#b01abc",
    "a7bf01c7e79b", "1b9a6eedf3801c6678381939618377f43d32d764cdb7559526f0c62f4dd22b42", "4(1)", "BMJ 342:d3313",
    "Westhaven 001A", "10.1136/bmj.d3313", "E05999001", "95% 1.02 to 1.18", "15:e1046", "DejaVuSans-13", "1990 to 2000",
]  # fmt: skip


@pytest.mark.parametrize("text", FALSE_FRIENDS)
def test_false_friends_are_left_alone(text):
    assert [found.kind for found in find_identifiers(f"see {text}, please")] == []


def test_cells_side_by_side_are_not_one_number():
    assert scan_release({"page": "<td>943</td><td>476</td><td>5919</td>"}, NOBODY) == []


def test_a_million_values_against_a_large_page_take_seconds():
    number = np.arange(500_000)
    frame = {
        "contact_id": pd.Series(number).map("C{:07d}".format), "person_id": pd.Series(number).map("P{:06d}".format),
        "agency_id": "police", "kind": "call", "started_at": pd.NaT, "ended_at": pd.NaT,
    }  # fmt: skip
    began = time.process_time()
    values = collect_values([Reading(source("simulated-contacts"), pd.DataFrame(frame), ())])
    words = " ".join(f"word{number} {number / 7:.3f}" for number in range(110_000))
    page = f"<html><p>{words}</p></html>"
    assert len(values) == 1_000_000 and len(page) > 2_000_000
    assert scan_release({"page": page}, values) == []
    assert scan_release({"page": page.replace("word99 ", "word99 P000099 ")}, values) == [
        "page: holds a value of contact.person_id"
    ]
    assert time.process_time() - began < 25  # about 7 on an idle machine; see benchmarks/bench_scan.py


@pytest.mark.parametrize(
    "bait", ["a" * 200_000, "a@" * 50_000, "<" * 50_000, "&" * 50_000, "0 " * 50_000, "{" * 50_000, "data:" * 20_000]
)
def test_bait_does_not_stall_the_search(known, bait):
    began = time.process_time()
    scan_release({"page": bait}, known)
    assert time.process_time() - began < 5


def test_a_finding_made_by_hand_has_no_seal():
    with sealing() as key:
        made = json.loads(json.dumps(sealed({"summary": "é", "n": 1.5})))
    assert unsealed(made, key) == {"summary": "é", "n": 1.5}
    assert (
        unsealed(made | {"n": 2.5}, key) is None
        and unsealed({"summary": "é"}, key) is None
        and unsealed("x", key) is None
    )
    assert sealed({"n": 1}) == {"n": 1}


@pytest.mark.parametrize(
    "table",
    ["<table><tr><td><img src=x onerror=alert(1)></td></tr></table>", "<table onclick='x()'></table>", "<script>x</script>",
     "<table><td><a href='javascript:x'>y</a></td></table>", "<table><style>x</style></table>"],
)  # fmt: skip
def test_a_table_is_a_table(table):
    with pytest.raises(ValueError):
        safe_table(table)


SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">{}</svg>'


@pytest.mark.parametrize(
    "inside",
    ["<script>x</script>", "<foreignObject/>", '<g onload="x()"/>', '<use xlink:href="https://example.org/a.svg#b"/>',
     '<g style="fill: url(https://example.org/x)"/>', "<style>@import 'x'</style>", '<use xlink:href="#Comic-41"/>', "<g>"],
)  # fmt: skip
def test_a_picture_is_a_chart(inside):
    with pytest.raises(ValueError):
        check_picture(SVG.format(inside))


def test_the_package_s_own_pictures_and_tables_pass():
    check_picture(drawn("Rates"))
    assert "Rates" in "".join(texts_of(drawn("Rates")))


def test_the_letters_of_a_packed_picture_are_not_text():
    body = "iVBORw0KGgo" + "A" * 21 + "+s46ss+/"  # as a map of Bedfordshire had it: S4 6SS is a postcode
    assert scan_release({"page": f'<image xlink:href="data:image/png;base64,\n{body}" id="a"/>'}, NOBODY) == []
    assert scan_release({"page": "<p>+s46ss+</p>"}, NOBODY) == ["page: holds what looks like a postcode"]


def test_dense_coordinates_are_searched_in_pairs():
    rng = np.random.default_rng(1)
    number = 30_000
    frame = pd.DataFrame(
        {"latitude": rng.uniform(51.5, 52.5, number).round(6), "longitude": rng.uniform(-1.5, 0.5, number).round(6)}
    ).assign(month="2024-06", area_code="E01999001", category="robbery")
    values = collect_values([Reading(source("simulated-incidents"), frame, ())])
    assert "pairs of coordinates" in values.not_searched["incident.latitude"]
    latitude, longitude = frame.loc[7, ["latitude", "longitude"]]
    assert not scan_release({"page": f"rate {latitude} (51.9123 to 52.4456)"}, values)  # a number alone is chance
    for told in (
        f"{latitude}, {longitude}", f"{longitude} {latitude}", f"lat\n{latitude:.4f}\nlon\n{longitude:.4f}",
        f"N {latitude:.5f} W {abs(longitude):.5f}", f"{latitude - 0.00004:.5f}/{longitude}",
    ):  # fmt: skip
        assert scan_release({"page": told}, values) == ["page: holds a value of latitude and longitude"], told
    assert not scan_release({"page": f"{latitude} {'x' * 90} {longitude}"}, values)
