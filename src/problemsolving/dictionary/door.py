"""The door: what a file is before anything in it is believed. Messages never show a value."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import zlib
from dataclasses import dataclass
from pathlib import Path

from problemsolving.dictionary.schema import Source
from problemsolving.errors import DataError, nearest

MAX_BYTES = 2_000_000_000
SUSPICIOUS, MAX_RATIO = 50_000_000, 100  # a packed file may grow a hundredfold once it is large
_SIGNATURES = {b"PK\x03\x04": "a spreadsheet or zip file", b"\xd0\xcf\x11\xe0": "an old Excel file", b"%PDF": "a PDF"}


@dataclass(frozen=True)
class Delivery:
    """A file that passed the door: name, hash, hash of its normalised text, that text, and its header."""

    name: str
    sha256: str
    content: str
    text: bytes
    header: tuple[str, ...] = ()
    unit: str = (
        "line"  # what messages count: lines of a file (the header is the first), events of a log, rows of a table
    )

    def place_of(self, line: int) -> str:
        """Name a row for messages."""
        return f"{self.name} {self.unit} {line if self.unit == 'line' else line - 1:,}"


def open_delivery(path: Path, source: Source, *, name: str) -> Delivery:
    """Open a file as the source says it is written.

    Parameters
    ----------
    path : pathlib.Path
        A plain or gzipped (``.gz``) file.
    source : Source
        How it ought to be written.
    name : str
        How messages call it.

    Returns
    -------
    Delivery

    Raises
    ------
    DataError
        When the file is empty, truncated, in another encoding or format, or lacks a column; all faults at once.
    """
    if not path.is_file():
        raise DataError(f"{name}: not a regular file")
    if path.stat().st_size > MAX_BYTES:
        raise DataError(f"{name}: larger than {MAX_BYTES:,} bytes; split it by month")
    raw = path.read_bytes()
    digest = hashlib.sha256(raw).hexdigest()
    raw = _unpacked(raw, name) if path.suffix == ".gz" else raw
    for signature, what in _SIGNATURES.items():
        if raw.startswith(signature):
            raise DataError(
                f"{name}: this is {what}, not {source.format.container}; save it as {source.format.container}"
            )
    raw = raw.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if not raw.strip():
        raise DataError(f"{name}: the file is empty; fetch it again")
    if b"\0" in raw:
        raise DataError(f"{name}: holds NUL bytes, so it is not UTF-8 text; save it as UTF-8")
    try:
        raw.decode(source.format.encoding)
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise DataError(
            f"{name}, line {line}: not {source.format.encoding.upper()} (Windows-1252?); save it as UTF-8"
        ) from None
    if raw.lstrip()[:1] == b"<":
        raise DataError(f"{name}: this is a web page, not data (an error page saved as a file?); fetch it again")
    raw = raw.rstrip(b"\n") + b"\n"
    header = _header(raw, source, name) if source.format.container == "csv" else ()
    return Delivery(name, digest, hashlib.sha256(raw).hexdigest(), raw, header)


def _unpacked(raw: bytes, name: str) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(raw)) as stream:
            parts, size = [], 0
            while part := stream.read(1 << 24):
                parts.append(part)
                size += len(part)
                if size > MAX_BYTES or (size > SUSPICIOUS and size > MAX_RATIO * len(raw)):
                    raise DataError(f"{name}: unpacks to far more than its size suggests; fetch it again")
    except (EOFError, OSError, zlib.error):
        raise DataError(f"{name}: the gzip file is truncated or damaged; fetch it again") from None
    return b"".join(parts)


def _plain(heading: str) -> str:
    return " ".join(heading.split()).casefold()


def _header(raw: bytes, source: Source, name: str) -> tuple[str, ...]:
    """Give the names under which the file's columns are read, in its own order: case and spaces do not matter."""
    line = raw.split(b"\n", 1)[0].decode(source.format.encoding)
    try:
        first = next(csv.reader([line], delimiter=source.format.delimiter, quotechar=source.format.quote), [])
    except csv.Error:
        raise DataError(f"{name}: its first line is not a header") from None
    found = [_plain(heading) for heading in first]
    wanted = {_plain(column.from_): column.from_ for column in source.columns.values() if column.from_}
    if len(found) == 1 and len(wanted) > 1:
        raise DataError(
            f'{name}: the first line has one column, not {len(wanted)}; it must be separated by "{source.format.delimiter}"'
        )
    faults = [f'{name}: column "{wanted[key]}" is missing{nearest(key, found)}' for key in wanted if key not in found]
    faults += [f'{name}: column "{wanted[key]}" stands more than once' for key in wanted if found.count(key) > 1]
    if faults:
        raise DataError(f"{name}: its header is not that of {source.title} ({source.name})", faults=faults)
    return tuple(wanted.get(key, f"unused {place}") for place, key in enumerate(found))


def ragged_rows(delivery: Delivery, source: Source) -> list[int]:
    """Give the lines of rows that have not as many fields as the header: a comma that is not quoted shifts columns."""
    dialect = source.format
    reader = csv.reader(
        io.StringIO(delivery.text.decode(dialect.encoding), newline=""),
        delimiter=dialect.delimiter,
        quotechar=dialect.quote,
        strict=True,
    )
    width, lines = len(delivery.header), []
    try:
        for row in reader:
            if len(row) != width:
                lines.append(reader.line_num)
    except csv.Error:
        lines.append(reader.line_num)
    return lines
