"""Event logs in XES (IEEE 1849): streamed, without document types and entities, one row an event."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from problemsolving.dictionary.door import Delivery, stat_of
from problemsolving.dictionary.packing import MAX_BYTES, unpacked_chunks
from problemsolving.dictionary.schema import Source
from problemsolving.dictionary.written import write_delivery
from problemsolving.errors import DataError, nearest
from problemsolving.locks import file_digest

MAX_DEPTH = 32
MAX_TEXT = 100_000  # characters of one value
CASE = "case:"  # stands before the name of an attribute of the trace


class _Log:
    """Collects rows while the parser walks: attributes of events, and of their trace under ``case:``."""

    def __init__(self, parser: Any, name: str) -> None:
        self.parser, self.name = parser, name
        self.path: list[str] = []
        self.trace: dict[str, str] = {}
        self.event: dict[str, str] = {}
        self.events: list[dict[str, str]] = []
        self.rows: list[dict[str, str]] = []
        self.keys: set[str] = set()
        parser.StartElementHandler, parser.EndElementHandler = self.start, self.end
        parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = self.refuse

    def fault(self, what: str) -> DataError:
        return DataError(f"{self.name}, line {self.parser.CurrentLineNumber}: {what}")

    def refuse(self, *_: object) -> None:
        raise self.fault("declares a document type or entities, which a log does not need; have it exported again")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        tag = tag.rpartition(" ")[2]
        if not self.path and tag != "log":
            raise self.fault("not an XES log: its first element is not log; fetch it again")
        self.path.append(tag)
        if len(self.path) > MAX_DEPTH:
            raise self.fault(f"nested more than {MAX_DEPTH} deep")
        if tag == "trace":
            self.trace, self.events = {}, []
        elif tag == "event":
            self.event = {}
        elif "key" in attributes and "value" in attributes:
            if self.path[:-1] == ["log", "trace"]:
                self.take(self.trace, attributes)
            elif self.path[:-1] == ["log", "trace", "event"]:
                self.take(self.event, attributes)

    def take(self, into: dict[str, str], attributes: dict[str, str]) -> None:
        if attributes["key"] in into:
            raise self.fault("gives an attribute twice; have it exported again")
        if len(attributes["value"]) > MAX_TEXT:
            raise self.fault(f"a value of more than {MAX_TEXT:,} characters")
        into[attributes["key"]] = attributes["value"]

    def end(self, tag: str) -> None:
        tag = tag.rpartition(" ")[2]
        self.path.pop()
        if tag == "event" and self.path == ["log", "trace"]:
            self.events.append(self.event)
        elif tag == "trace" and self.path == ["log"]:
            case = {CASE + key: value for key, value in self.trace.items()}
            self.rows += [case | event for event in self.events]
            for event in self.events:
                self.keys |= event.keys()
            self.keys |= case.keys()


def open_log(path: Path, source: Source, *, name: str) -> Delivery:
    """Open an XES log, plain or gzipped, as rows: one an event, in the order of the log.

    Parameters
    ----------
    path : pathlib.Path
        A ``.xes`` or ``.xes.gz`` file.
    source : Source
        Its columns name attributes of events (``time:timestamp``) and, after ``case:``, of traces
        (``case:concept:name``). Others are left out.
    name : str
        How messages call it.

    Returns
    -------
    Delivery
        Its ``unit`` is "event": messages count events from 1.

    Raises
    ------
    DataError
        When it is not well-formed (with the line, never a value), not XES, too large or deep, declares a document type,
        or has no event with a mapped attribute.

    References
    ----------
    IEEE Std 1849-2016 (XES).
    """
    if not path.is_file():
        raise DataError(f"{name}: not a regular file")
    if path.stat().st_size > MAX_BYTES:
        raise DataError(f"{name}: larger than {MAX_BYTES:,} bytes; split it by month")
    columns = list(source.headings)
    found: set[str] = set()
    stat = stat_of(path)
    digest = file_digest(path)
    rows = ([row.get(column, "") for column in columns] for row in _rows(path, name, found))
    delivery = replace(write_delivery(rows, columns, source, name=name, unit="event"), sha256=digest, stat=stat)
    missing = [column for column in columns if column not in found]
    if missing:
        faults = [f'{name}: no event has "{column}"{nearest(column, sorted(found))}' for column in missing]
        raise DataError(f"{name}: its attributes are not those of {source.title} ({source.name})", faults=faults)
    return delivery


def _rows(path: Path, name: str, found: set[str]) -> Iterator[dict[str, str]]:
    """Give rows trace by trace; names of attributes are added to ``found``."""
    from xml.parsers import expat

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    log = _Log(parser, name)
    try:
        for chunk in unpacked_chunks(path, name=name):
            parser.Parse(chunk, False)
            yield from log.rows
            log.rows.clear()
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise DataError(
            f"{name}, line {error.lineno}: not well-formed XML ({expat.errors.messages[error.code]}); fetch it again"
        ) from None
    yield from log.rows
    found |= log.keys
