"""Rows from elsewhere than a text file, written as the source's CSV so that they meet the same rules."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Sequence

from problemsolving.dictionary.door import MAX_TEXT, Delivery
from problemsolving.dictionary.schema import Source
from problemsolving.errors import DataError


def write_delivery(
    rows: Iterable[Sequence[str]], header: Sequence[str], source: Source, *, name: str, unit: str
) -> Delivery:
    """Write rows of text as a delivery in the dialect that the source states.

    Parameters
    ----------
    rows : iterable of sequences of str
        One text a column of ``header``; the empty text is missing. Taken one at a time.
    header : sequence of str
        Names of the publisher's columns.
    source : Source
        Whose dialect is written.
    name : str
        How messages and provenance call it.
    unit : str
        What messages count: "event" or "row".

    Raises
    ------
    DataError
        When there are no rows, or more than the door lets in.
    """
    dialect, raw = source.format, io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(stream, delimiter=dialect.delimiter, quotechar=dialect.quote, lineterminator="\n")
    writer.writerow(header)
    empty = True
    for row in rows:
        # a carriage return would end a row where the file is loaded
        writer.writerow([text.replace("\r\n", "\n").replace("\r", "\n") for text in row])
        empty = False
        if raw.tell() > MAX_TEXT:
            raise DataError(f"{name}: more than {MAX_TEXT:,} bytes; split it by month")
    if empty:
        raise DataError(f"{name}: holds no {unit}s; ask for it again")
    text = raw.getvalue()
    content = hashlib.sha256(text).hexdigest()
    return Delivery(name, content, content, text, tuple(header), unit=unit)
