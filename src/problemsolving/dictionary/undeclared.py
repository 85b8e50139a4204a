"""Columns that a file brings and its source does not use."""

from __future__ import annotations

import csv
from pathlib import Path

from problemsolving.dictionary.door import first_fields
from problemsolving.dictionary.packing import unpacked_chunks
from problemsolving.dictionary.schema import Source
from problemsolving.errors import DataError

LONGEST = 40  # characters of a heading that are shown


def undeclared_columns(path: Path, source: Source) -> list[str]:
    """Give the headings of a CSV file's columns that its source does not use.

    Parameters
    ----------
    path : pathlib.Path
        A plain, gzipped or zipped CSV file.
    source : Source
        As which it would be read.

    Returns
    -------
    list of str
        Headings as the file writes them, cut at 40 characters. Empty for other containers, and where the first line
        does not hold every column of the source: then it may be data, and reading tells what is wrong.
    """
    if source.format.container != "csv" or path.suffix.lower() == ".parquet":
        return []
    try:
        start = next(unpacked_chunks(path, name=path.name), b"")
        first = first_fields(start.split(b"\n", 1)[0].decode("utf-8-sig", "replace").rstrip("\r"), source.format)
    except (DataError, OSError, csv.Error):
        return []
    wanted = set(map(_plain, source.headings))
    found = {_plain(heading): heading for heading in first}
    if not wanted <= set(found):
        return []
    return [heading[:LONGEST] for plain, heading in found.items() if plain not in wanted]


def _plain(heading: str) -> str:
    return " ".join(heading.split()).casefold()
