"""What comes over the wire, and what a fetched file must look like: bounded, and never a web page."""

from __future__ import annotations

import csv
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from problemsolving.errors import FetchError, counted
from problemsolving.fetch.archives import inspect_archive

if TYPE_CHECKING:
    import httpx

_PIECE = 1 << 16
SUSPICIOUS, MAX_RATIO = 50_000_000, 100  # a packed body may grow a hundredfold once it is large


def pieces(response: httpx.Response, name: str) -> Iterator[bytes]:
    """Give a body piece by piece; one packed though we did not ask for it is unpacked within bounds."""
    encoding = response.headers.get("Content-Encoding", "identity").lower()
    if encoding in ("identity", ""):
        yield from response.iter_raw()
        return
    if encoding != "gzip":
        raise FetchError(f"{name}: the publisher sends it packed in a way that is not read here")
    unpacker, taken, given = zlib.decompressobj(31), 0, 0
    try:
        for raw in response.iter_raw():
            taken += len(raw)
            while raw:
                piece = unpacker.decompress(raw, _PIECE)
                given += len(piece)
                if given > SUSPICIOUS and given > MAX_RATIO * taken:
                    raise FetchError(f"{name}: unpacks to far more than its size suggests; not fetched")
                if piece:
                    yield piece
                raw = unpacker.unconsumed_tail
    except zlib.error:
        raise FetchError(f"{name}: the packed body is damaged; fetch it again") from None
    if not unpacker.eof:
        raise FetchError(f"{name}: the packed body broke off; fetch it again")


def wrong_beginning(piece: bytes, container: str) -> str:
    """Say what a body is instead, from its first bytes; nothing when it may be what was asked for.

    >>> wrong_beginning(b"<!DOCTYPE html>", "csv")
    'a web page, not csv'
    >>> wrong_beginning(b"LSOA code", "csv")
    ''
    """
    start = piece.removeprefix(b"\xef\xbb\xbf").lstrip()[:16]
    if start.startswith(b"<"):
        return f"a web page, not {container}"
    if container == "zip" and not b"PK\x03\x04".startswith(piece[:4]):
        return "something that is not a zip archive"
    if container == "csv" and (start.startswith((b"PK\x03\x04", b"\x1f\x8b", b"%PDF", b"{", b"[")) or b"\0" in piece):
        return "something that is not csv"
    return ""


def check_file(path: Path, *, name: str, container: str, header: Sequence[str], only: Mapping[str, str]) -> None:
    """Check a whole file before it gets its name.

    Parameters
    ----------
    path : pathlib.Path
        The file as it lies on disk.
    name : str
        How messages call it.
    container : str
        ``csv`` or ``zip``.
    header : sequence of str
        Columns that a CSV must have.
    only : mapping
        Column -> the one value that it must hold in every row: some publishers answer another question than asked.

    Raises
    ------
    FetchError
        With what is wrong; never with a value.
    """
    with path.open("rb") as stream:
        fault = wrong_beginning(stream.read(_PIECE), container)
    if fault or not path.stat().st_size:
        raise FetchError(f"{name}: {fault or 'an empty file'}; fetch it again")
    if container == "zip":
        inspect_archive(path)
        return
    try:
        with path.open(encoding="utf-8-sig", newline="") as text:
            _check_rows(csv.reader(text, strict=True), name, header, only)
    except (UnicodeDecodeError, csv.Error):
        raise FetchError(f"{name}: not UTF-8 text separated by commas, or broken off; fetch it again") from None


def _check_rows(rows: Iterator[list[str]], name: str, header: Sequence[str], only: Mapping[str, str]) -> None:
    found = [heading.strip() for heading in next(rows, [])]
    missing = [f'column "{column}" is missing' for column in [*header, *only] if column not in found]
    if missing:
        raise FetchError(f"{name}: its first line is not the header expected", faults=sorted(set(missing)))
    wanted = [(found.index(column), value) for column, value in only.items()]
    count = ragged = other = 0
    for row in rows:
        count += 1
        if len(row) != len(found):
            ragged += 1
        elif any(row[place].strip() != value for place, value in wanted):
            other += 1
    faults = [f"{counted(ragged, 'row')} with more or fewer fields than the header (broken off?)"] if ragged else []
    faults += [f"{counted(other, 'row')} about something else than was asked for"] if other else []
    faults += [] if count else ["a header but no rows: nothing is published for what was asked"]
    if faults:
        raise FetchError(f"{name}: not what was asked for", faults=faults)
