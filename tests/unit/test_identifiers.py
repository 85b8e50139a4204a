"""What names a person is told alike by the two doors: Python where a release leaves, DuckDB where a file comes in."""

import duckdb
import pytest

from problemsolving.dictionary.mapping import literal
from problemsolving.dictionary.texts import text_rules
from problemsolving.identifiers import find_identifiers, is_nhs_number

WRITTEN = {
    "NHS number": [
        "9434765919", "943 476 5919", "943-476-5919", "943  476  5919", "9434 765 919", "943/476/5919", "943.476.5919",
        "9,434,765,919", "9434765919.0", "9434765919.00", "NHS9434765919", "nhs: 943 476 5919", "NHS#9434765919",
        "٩٤٣٤٧٦٥٩١٩", "९४३४७६५९१९", "９４３４７６５９１９", "943\u00a0476\u00a05919", "1234567890,9434765919", "943–476–5919",
    ],
    "postcode": ["MK40 2TH", "MK40  2TH", "mk402th", "Mk40 2Th", "SW1A 1AA", "EC1A1BB", "jo,MK40 2TH"],
    "National Insurance number": [
        "AB123456C", "ab 12 34 56 c", "ab-12-34-56-c", "AB.12.34.56.C", "AB 123456 C", "ab/12/34/56/c", "Ab123456c",
    ],
    "telephone number": [
        "07700 900123", "07700.900.123", "07700900123", "+44 7700 900123", "(01234) 567890", "01632 960123", "020 7946 0958",
        "+44 (0)7700 900 123",
    ],
    "e-mail address": ["jo@example.org", "jö@example.org", "a.b+c@d-e.co.uk"],
    "date of birth": [
        "born 3rd March 1985", "born 12 May 1987", "DOB: 01/02/1990", "d.o.b. 01-02-99", "born on 12-May-1987",
        "born 3rd of March 1985", "date of birth 1987-05-12", "12/05/1987", "1987-05-12", "born May 3rd, 1990",
    ],
}  # fmt: skip
NOT = [
    "QQ12 3AB", "0123456789", "01234567890", "0000000000", "1111111111", "943 476 5918", "9434765918", "9434765919.55",
    "1,234,567,890", "12 May 1987", "3rd March 2024", "2024-11-22", "GB123456C", "BG 12 34 56 C", "AB123456E", "AB1234567C",
    "£9434765919x", "100 200 3000", "E01015761", "Town 001A", "#b01abc", "0.4010232137", "On or near A6 7 miles", "12345678901",
    "jo at example.org", "page 07 of 12", "1.23E+11", "born in Luton",
]  # fmt: skip


def at_the_door(texts: list[str]) -> list[set[str]]:
    rules = [
        (words, test) for words, test in text_rules("t", identifier=False) if any(kind in words for kind in WRITTEN)
    ]
    assert len(rules) == len(WRITTEN)
    kinds = [next(kind for kind in WRITTEN if kind in words) for words, _ in rules]
    tests = ", ".join(test for _, test in rules)
    rows = duckdb.sql(f"select {tests} from unnest([{', '.join(map(literal, texts))}]) as u(t)").fetchall()
    return [{kind for kind, held in zip(kinds, row, strict=True) if held} for row in rows]


def on_leaving(texts: list[str]) -> list[set[str]]:
    return [{found.kind for found in find_identifiers(text)} for text in texts]


@pytest.mark.parametrize("around", ["{}", "see {}, please", "ref {}\nand more", "({})", "a {} {}"])
def test_both_doors_tell_the_same_of_the_same_words(around):
    examples = [(text, {kind}) for kind, texts in WRITTEN.items() for text in texts] + [(text, set()) for text in NOT]
    texts = [around.format(text, text) for text, _ in examples]
    told = list(zip(texts, at_the_door(texts), on_leaving(texts), strict=True))
    assert [text for text, door, leaving in told if door != leaving] == []
    wrong = [(text, door) for (text, door, _), (_, kinds) in zip(told, examples, strict=True) if door != kinds]
    assert wrong == []


HIDING = [
    "\u2800",
    "\u3164",
    "\u115f",
    "\uffa0",
    "\ufe0f",
    "\ufe00",
    "\u034f",
    "\u180b",
    "\u200b",
    "\u2060",
    "\U000e0100",
    "\ue000",
]


@pytest.mark.parametrize("letter", HIDING, ids=lambda letter: f"U+{ord(letter):04X}")
def test_characters_that_show_nothing_hide_nothing(letter):
    assert [found.kind for found in find_identifiers(letter.join("9434765919"))] == ["NHS number"]
    rules = dict(text_rules("t", identifier=False))
    either = f"({rules['holds invisible characters']}) or ({rules['holds private or replaced characters']})"
    query = f"select {either} from (select {literal(f'a{letter}b')} as t)"
    assert duckdb.sql(query).fetchall() == [(True,)]


def test_a_rate_with_six_decimals_is_no_nhs_number():
    assert is_nhs_number("5126953125") and not list(find_identifiers("estimate 5126.953125"))
    assert [found.kind for found in find_identifiers("5126.953.125 and 512 695 3125")] == ["NHS number"] * 2
