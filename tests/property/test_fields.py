"""The fast count of fields agrees with the exact reader, wherever the text is cut."""

import csv
import io
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from problemsolving.dictionary.door import _Normaliser
from problemsolving.dictionary.fields import FieldCounter
from problemsolving.dictionary.schema import Format

ALPHABET = st.sampled_from('ab,"\n é')


def exact(text):
    """Rows below the header when the exact reader finds every row as wide as the first; None where it does not."""
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error:
        return None
    return len(rows) - 1 if rows and len({len(row) for row in rows}) == 1 and len(rows[0]) > 1 else None


def fast(text, cuts):
    raw, counter = text.encode(), FieldCounter(Format(container="csv"))
    places = sorted({0, len(raw), *(cut % (len(raw) + 1) for cut in cuts)})
    for start, end in pairwise(places):
        counter.add(raw[start:end])
    return counter.rows_of_even_file()


@settings(max_examples=500, deadline=None)
@given(st.text(ALPHABET, min_size=1, max_size=40), st.lists(st.integers(0, 200), max_size=6))
def test_the_fast_count_is_never_wrong(text, cuts):
    text = text.strip("\n") + "\n"
    found = fast(text, cuts)
    assert found is None or found == exact(text)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(st.text(ALPHABET, max_size=5), min_size=3, max_size=3), min_size=1, max_size=6), st.lists(st.integers(0, 200), max_size=6))  # fmt: skip
def test_the_fast_count_knows_every_well_written_file(rows, cuts):
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n", quoting=csv.QUOTE_MINIMAL).writerows(rows)
    text = stream.getvalue()
    assert fast(text, cuts) == exact(text) == len(rows) - 1


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("a\r\n,"), max_size=30), st.booleans(), st.lists(st.integers(0, 60), max_size=6))
def test_line_ends_are_the_same_wherever_the_text_is_cut(text, mark, cuts):
    raw = (b"\xef\xbb\xbf" if mark else b"") + b"x" + text.encode()
    places = sorted({0, len(raw), *(max(4, cut % (len(raw) + 1)) if mark else cut % (len(raw) + 1) for cut in cuts)})
    pieces = [raw[a:b] for a, b in pairwise(places)]
    wanted = raw.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n").rstrip(b"\n") + b"\n"
    assert b"".join(_Normaliser("utf-8").chunks(iter(pieces))) == wanted
