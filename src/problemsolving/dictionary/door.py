"""The door: what a file is before anything in it is believed. Messages never show a value."""

from __future__ import annotations

import codecs
import csv
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from problemsolving.dictionary.faults import Fault, FaultReport
from problemsolving.dictionary.fields import FieldCounter
from problemsolving.dictionary.packing import MAX_BYTES, PACKED, unpacked_chunks
from problemsolving.dictionary.schema import Format, Source
from problemsolving.errors import DataError, nearest

MAX_TEXT = 2_000_000_000  # of a container that is read whole
_MAX_HEADER = 1_000_000
_BOM = codecs.BOM_UTF8
_SIGNATURES = {
    b"PK\x03\x04": "a spreadsheet or zip file",
    b"\xd0\xcf\x11\xe0": "an old Excel file",
    b"%PDF": "a PDF",
    b"\x1f\x8b": "a gzip file",
    b"BZh": "a bzip2 file",
    b"\xfd7zXZ": "an xz file",
    b"7z\xbc\xaf": "a 7-Zip file",
    b"Rar!": "a RAR file",
    b"(\xb5/\xfd": "a Zstandard file",
    b"PAR1": "a Parquet file",
    b"SQLite format 3": "an SQLite database",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
}


@dataclass(frozen=True)
class Delivery:
    """A file that passed the door.

    Parameters
    ----------
    name : str
        How messages call it.
    sha256, content : str
        Hash of the file as it lies, and of its normalised text.
    text : bytes
        The normalised text of a container that is read whole; empty where ``path`` is given.
    header : tuple of str
        Names under which the columns are read, in the file's own order.
    path : pathlib.Path, optional
        Where the file lies, read again as a stream.
    plain : bool
        The file is its own normalised text, so it is read as it lies.
    rows : int, optional
        Rows below the header, where they were counted.
    stat : tuple of int
        Size, time of change (ns) and inode when it was opened.
    asked : tuple of tuple of str
        Of a Parquet file: each column that is read, and the SQL of its text. Empty for text.
    """

    name: str
    sha256: str
    content: str
    text: bytes = b""
    header: tuple[str, ...] = ()
    path: Path | None = None
    plain: bool = False
    rows: int | None = None
    stat: tuple[int, int, int] = (0, 0, 0)
    encoding: str = "utf-8"
    unit: str = "line"  # what messages count: lines of a file, events of a log, rows of a table
    asked: tuple[tuple[str, str], ...] = ()

    def chunks(self) -> Iterator[bytes]:
        """Give the normalised text in pieces: UTF-8, line feeds alone, no byte order mark, one line end last."""
        if self.path is None:
            yield self.text
            return
        yield from _Normaliser(self.encoding).chunks(unpacked_chunks(self.path, name=self.name))

    def check_unchanged(self) -> None:
        """Raise DataError when the file is no longer the one that was hashed."""
        if self.path is not None and stat_of(self.path) != self.stat:
            raise DataError(f"{self.name}: changed while it was read; wait until it is complete and try again")


def stat_of(path: Path) -> tuple[int, int, int]:
    """Give size in bytes, time of change in nanoseconds and inode: what tells a changed file cheaply."""
    found = path.stat()
    return found.st_size, found.st_mtime_ns, found.st_ino


def open_delivery(path: Path, source: Source, *, name: str) -> Delivery:
    """Open a file as the source says it is written, in one stream: a file of any size takes little memory.

    Parameters
    ----------
    path : pathlib.Path
        A plain, gzipped (``.gz``) or one-member zipped (``.zip``) file.
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
    try:
        if not path.is_file():
            raise DataError(f"{name}: not a regular file")
        stat = stat_of(path)
        if stat[0] > MAX_BYTES:
            raise DataError(f"{name}: larger than {MAX_BYTES:,} bytes; split it by month")
        return _opened(path, source, name, stat)
    except DataError as error:
        if error.report is None:
            told = error.faults or (error.message,)
            faults = tuple(Fault(name, "", line.removeprefix(f"{name}: ")) for line in told)
            raise DataError(error.message, faults=error.faults, report=FaultReport(faults)) from None
        raise
    except OSError as error:
        raise unreadable(name, error) from None


def unreadable(name: str, error: OSError) -> DataError:
    """Make the error for a file that the system does not give."""
    why = f" ({error.strerror})" if error.strerror else ""
    told = f"cannot be read{why}; check that you may read it and that its disk is there, or copy it again"
    return DataError(f"{name}: {told}", report=FaultReport((Fault(name, "", told),)))


def _opened(path: Path, source: Source, name: str, stat: tuple[int, int, int]) -> Delivery:
    tabular, whole = source.format.container == "csv", bytearray()
    raw, content = hashlib.sha256(), hashlib.sha256()
    normaliser, text = _Normaliser(source.format.encoding), _TextCheck(name, source.format.encoding)
    counter, start, size, unhashed = FieldCounter(source.format), b"", 0, False
    packed = _signed(unpacked_chunks(path, name=name), source, name)
    if path.suffix.lower() in PACKED:
        with path.open("rb") as stream:
            for part in iter(lambda: stream.read(1 << 22), b""):
                raw.update(part)
    else:
        packed = _hashed(packed, raw)
    for chunk in normaliser.chunks(packed):
        text.check(chunk)
        size += len(chunk)
        if unhashed or (normaliser.plain and path.suffix.lower() not in PACKED):
            unhashed = True  # most files are their own text: one hash is enough
        else:
            content.update(chunk)
        if tabular:
            if b"\n" not in start and len(start) < _MAX_HEADER:
                start += chunk[:_MAX_HEADER]
            counter.add(chunk)
        elif len(whole) + len(chunk) > MAX_TEXT:
            raise DataError(f"{name}: larger than {MAX_TEXT:,} bytes; split it")
        else:
            start = start or chunk[:100]
            whole += chunk
    if not text.seen:
        raise DataError(f"{name}: the file is empty; fetch it again")
    text.finish()
    if start.lstrip()[:1] == b"<" and source.format.container in ("csv", "geojson"):
        raise DataError(f"{name}: this is a web page, not data (an error page saved as a file?); fetch it again")
    if unhashed and normaliser.plain and size == stat[0]:
        content = raw
    elif unhashed:
        content = hashlib.sha256()
        for chunk in _Normaliser(source.format.encoding).chunks(unpacked_chunks(path, name=name)):
            content.update(chunk)
    if not tabular:
        return Delivery(name, raw.hexdigest(), content.hexdigest(), bytes(whole), stat=stat)
    return Delivery(
        name,
        raw.hexdigest(),
        content.hexdigest(),
        header=_header(start, source, name),
        path=path,
        plain=normaliser.plain and path.suffix.lower() not in PACKED,
        rows=counter.rows_of_even_file(),
        stat=stat,
        encoding=source.format.encoding,
    )


def _hashed(chunks: Iterator[bytes], digest: hashlib._Hash) -> Iterator[bytes]:
    for chunk in chunks:
        digest.update(chunk)
        yield chunk


def _signed(chunks: Iterator[bytes], source: Source, name: str) -> Iterator[bytes]:
    """Refuse what its first bytes say is another kind of file."""
    for place, chunk in enumerate(chunks):
        for signature, what in _SIGNATURES.items() if place == 0 else ():
            if chunk.startswith(signature):
                wanted = source.format.container
                raise DataError(f"{name}: this is {what}, not {wanted}; save it as {wanted} in UTF-8")
        yield chunk


class _Normaliser:
    """Turns text into UTF-8 with line feeds alone, no byte order mark and exactly one line end at the end."""

    def __init__(self, encoding: str) -> None:
        self.plain = encoding == "utf-8"
        self.encoding = encoding

    def chunks(self, raw: Iterator[bytes]) -> Iterator[bytes]:
        first, held, ends = True, b"", b""
        decoder = None if self.encoding == "utf-8" else codecs.getincrementaldecoder(self.encoding)("replace")
        for chunk in raw:
            if decoder:
                chunk = decoder.decode(chunk).encode()
            if first and chunk.startswith(_BOM):
                chunk, self.plain = chunk[len(_BOM) :], False
            first, chunk, held = False, held + chunk, b""
            if b"\r" in chunk:
                self.plain = False
                if chunk.endswith(b"\r"):
                    chunk, held = chunk[:-1], b"\r"
                chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
            body = chunk.rstrip(b"\n")
            if body:
                yield ends + body if ends else body
                ends = b""
            ends += b"\n" * (len(chunk) - len(body))
        if not first:
            yield b"\n"


class _TextCheck:
    """NUL bytes, and bytes that are no text of the encoding, by line."""

    def __init__(self, name: str, encoding: str) -> None:
        self.name, self.encoding = name, encoding
        self.decoder = codecs.getincrementaldecoder("utf-8")("strict")
        self.lines, self.seen, self.pending = 0, False, False

    def check(self, chunk: bytes) -> None:
        self.seen = self.seen or bool(chunk.strip())
        if b"\0" in chunk:
            raise DataError(f"{self.name}: holds NUL bytes, so it is not UTF-8 text; save it as UTF-8")
        if self.pending or not chunk.isascii():
            try:
                self.decoder.decode(chunk)
            except UnicodeDecodeError as error:
                self._refuse(self.lines + error.object[: error.start].count(b"\n") + 1)
            self.pending = bool(self.decoder.getstate()[0])
        self.lines += chunk.count(b"\n")

    def finish(self) -> None:
        try:
            self.decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            self._refuse(self.lines)

    def _refuse(self, line: int) -> None:
        told = f"not {self.encoding.upper()} (Windows-1252?); save it as UTF-8"
        report = FaultReport((Fault(self.name, "", told, 1, (line,)),))
        raise DataError(f"{self.name}, line {line}: {told}", report=report) from None


def _plain(heading: str) -> str:
    return " ".join(heading.split()).casefold()


def first_fields(line: str, dialect: Format) -> list[str]:
    """Split a header line in the dialect."""
    return next(csv.reader([line], delimiter=dialect.delimiter, quotechar=dialect.quote), [])


def _header(start: bytes, source: Source, name: str) -> tuple[str, ...]:
    """Give the names under which the file's columns are read, in its own order."""
    line = start.split(b"\n", 1)[0].decode("utf-8", "replace")
    try:
        first = first_fields(line, source.format)
    except csv.Error:
        raise DataError(f"{name}: its first line is not a header") from None
    found = [_plain(heading) for heading in first]
    wanted = set(map(_plain, source.headings))
    if len(found) == 1 and len(wanted) > 1 and not _header_below(start, source, wanted):
        raise DataError(
            f'{name}: the first line has one column, not {len(wanted)}; it must be separated by "{source.format.delimiter}"'
        )
    if len(wanted) > 1 and not set(found) & wanted:
        raise DataError(f"{name}: {_not_the_header(start, source, wanted)}")
    return tuple(column or f"unused {place}" for place, column in enumerate(columns_of(first, source, name)))


def columns_of(headings: Sequence[str], source: Source, name: str) -> list[str | None]:
    """Give the source's column for each heading of a file, None where it has none: case and spaces do not matter.

    Raises
    ------
    DataError
        When a column is missing or stands more than once; all faults at once.
    """
    found = [_plain(heading) for heading in headings]
    wanted = {_plain(heading): heading for heading in source.headings}
    faults = [f'{name}: column "{wanted[key]}" is missing{nearest(key, found)}' for key in wanted if key not in found]
    faults += [f'{name}: column "{wanted[key]}" stands more than once' for key in wanted if found.count(key) > 1]
    if faults:
        raise DataError(f"{name}: its header is not that of {source.title} ({source.name})", faults=faults)
    return [wanted.get(key) for key in found]


def _header_below(start: bytes, source: Source, wanted: set[str]) -> int:
    """Give the line of 2 to 5 that holds most of the wanted columns, at least half of them; 0 where none does."""
    best, held = 0, (len(wanted) + 1) // 2 - 1
    for number, line in enumerate(start.split(b"\n")[1:5], start=2):
        with suppress(csv.Error):
            fields = {_plain(heading) for heading in first_fields(line.decode("utf-8", "replace"), source.format)}
            if len(fields & wanted) > held:
                best, held = number, len(fields & wanted)
    return best


def _not_the_header(start: bytes, source: Source, wanted: set[str]) -> str:
    """Say that the first line is no header, and which line looks like it."""
    below = _header_below(start, source, wanted)
    if below:
        return f"line 1 is not the header; line {below} looks like it: delete the lines above"
    return f"line 1 is not the header of {source.title} ({source.name}): none of its {len(wanted)} columns stands there"


def ragged_rows(delivery: Delivery, source: Source) -> list[int]:
    """Give the lines of rows that have not as many fields as the header: a comma that is not quoted shifts columns."""
    if delivery.rows is not None:
        return []
    dialect = source.format
    reader = csv.reader(_lines(delivery), delimiter=dialect.delimiter, quotechar=dialect.quote, strict=True)
    width, lines = len(delivery.header), []
    try:
        for row in reader:
            if len(row) != width:
                lines.append(reader.line_num)
    except csv.Error:
        lines.append(reader.line_num)
    return lines


def _lines(delivery: Delivery) -> Iterator[str]:
    rest = b""
    for chunk in delivery.chunks():
        *whole, rest = (rest + chunk).split(b"\n")
        yield from (line.decode("utf-8") + "\n" for line in whole)
    if rest:
        yield rest.decode("utf-8")
