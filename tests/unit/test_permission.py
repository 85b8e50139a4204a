"""What the page tells of the data besides: summed over files, and months are not rows."""

from problemsolving.governance.policies import POLICIES
from problemsolving.report.permission import notes_in_words

GAP = "no row in 2024-02, though months before and after have some"


def entry(*notes, level="aggregate"):
    keys = ("column", "rule", "count")
    return {"title": "Crimes", "level": level, "notes": [dict(zip(keys, note, strict=True)) for note in notes]}


def test_one_line_a_rule_summed_over_files():
    told = notes_in_words([entry(("Month", "odd", 6), ("Month", "odd", 6), ("", "odd", 1))], POLICIES["open"])
    assert told == ['Crimes: "Month": odd (12 rows)', "Crimes: odd (1 row)"]


def test_the_sum_is_rounded_not_its_parts():
    notes = [entry(("Month", "odd", 6), ("Month", "odd", 6), ("Area", "odd", 3), level="personal")]
    assert notes_in_words(notes, POLICIES["opensafely"]) == [
        'Crimes: "Month": odd (10 rows)',
        'Crimes: "Area": odd (a few rows)',
    ]


def test_months_are_not_called_rows():
    assert notes_in_words([entry(("Month", GAP, 1))], POLICIES["open"]) == [f'Crimes: "Month": {GAP}']
