"""The provider's side: a CSV file with one identifier column turned into pseudonyms, row by row."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

from problemsolving.errors import DataError, ParameterError, nearest
from problemsolving.governance.private import private_file, read_plain
from problemsolving.governance.pseudonyms import ALGORITHMS, KINDS, Algorithm, Pseudonymiser, is_shortened
from problemsolving.records import to_json

FIRST = 10
MOST_BYTES = 64_000  # of the record beside a file


@dataclass(frozen=True)
class PseudonymRecord:
    """What was done to a file. It may travel with the data: it tells the key's id, never the key."""

    field: str
    kind: str
    domain: str
    algorithm: Algorithm
    bits: int
    key_id: str
    rows: int
    pseudonyms: int
    missing: int
    refused: int
    refused_lines: tuple[int, ...]
    input_sha256: str
    output_sha256: str
    shortened: int = 0

    @property
    def in_words(self) -> str:
        refused = f"; first refused lines: {', '.join(map(str, self.refused_lines))}" if self.refused else ""
        if self.shortened:
            refused += f"; {self.shortened:,} of them shortened by a spreadsheet: export that column as text"
        return (
            f"{self.rows:,} rows: {self.pseudonyms:,} pseudonyms, {self.missing:,} without an identifier, "
            f"{self.refused:,} refused as not valid{refused} (key {self.key_id})"
        )


class Hashed(io.RawIOBase):
    """Passes bytes through and keeps their SHA-256."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream, self.digest = stream, hashlib.sha256()

    def readable(self) -> bool:
        return self._stream.readable()

    def writable(self) -> bool:
        return self._stream.writable()

    def readinto(self, buffer: Any) -> int:
        count = self._stream.readinto(buffer)  # type: ignore[attr-defined]
        self.digest.update(memoryview(buffer)[:count])
        return int(count)

    def write(self, data: Any) -> int:
        self.digest.update(data)
        return self._stream.write(data)


def pseudonymise_file(
    path: Path, *, field: str, kind: str, pseudonymiser: Pseudonymiser, out: Path, domain: str = ""
) -> PseudonymRecord:
    """Replace the identifiers in one column of a CSV file by pseudonyms.

    Parameters
    ----------
    path : pathlib.Path
        A UTF-8 CSV file with a header, separated by commas. It is read once, row by row.
    field : str
        The column; all other columns keep their values and order.
    kind, domain : str
        As for `Pseudonymiser.pseudonym`.
    pseudonymiser : Pseudonymiser
        With the agency's key.
    out : pathlib.Path
        A name that is not taken. It appears whole or not at all, readable by its owner alone; beside it stands
        ``<out>.pseudonyms.json``.

    Returns
    -------
    PseudonymRecord
        Invalid identifiers become missing; lines are counted as `check` counts them: the header is line 1.

    Raises
    ------
    ParameterError
        For an unknown column or kind, an output that is there already.
    DataError
        For a file that is not such a CSV file; row and rule, never a value.
    """
    pseudonymiser.pseudonym("", kind=kind)  # an unknown kind stops here
    beside = out.with_name(f"{out.name}.pseudonyms.json")
    if beside.exists():
        raise ParameterError(f"{beside}: there is a file of this name already; it is left as it is")
    counts = {"rows": 0, "pseudonyms": 0, "missing": 0, "refused": 0, "shortened": 0}
    lines: list[int] = []
    one = lru_cache(65_536)(lambda value: pseudonymiser.pseudonym(value, kind=kind, domain=domain))
    with path.open("rb", buffering=0) as raw, private_file(out) as target:
        source, hashed = Hashed(raw), Hashed(target)
        reading = io.TextIOWrapper(io.BufferedReader(source, 1 << 20), encoding="utf-8-sig", newline="")
        writing = io.TextIOWrapper(io.BufferedWriter(hashed, 1 << 20), encoding="utf-8", newline="")
        rows = _numbered(reading, path.name)
        _, header = next(rows, (0, []))
        if not header or header.count(field) != 1:
            raise ParameterError(f'{path.name}: not one column "{field}"{nearest(field, header)}')
        place = header.index(field)
        writer = csv.writer(writing, lineterminator="\n")
        writer.writerow(header)
        for number, row in rows:
            value = row[place]
            made = one(value) if value.strip() else ""
            counts["rows"] += 1
            counts["pseudonyms" if made else "missing" if made == "" else "refused"] += 1
            if made is None:
                counts["shortened"] += is_shortened(value)
                lines += [number] if len(lines) < FIRST else []
            row[place] = made or ""
            writer.writerow(row)
        writing.flush()
        record = PseudonymRecord(
            field=field, kind=kind, domain=domain or kind, algorithm=pseudonymiser.algorithm,
            bits=8 * pseudonymiser.digest_bytes, key_id=pseudonymiser.key_id, **counts, refused_lines=tuple(lines),
            input_sha256=source.digest.hexdigest(), output_sha256=hashed.digest.hexdigest(),
        )  # fmt: skip
        writing.detach()
        reading.detach()
        with private_file(beside) as stream:
            stream.write(to_json(asdict(record)).encode())
    return record


def csv_rows(stream: io.TextIOBase | IO[str], name: str) -> Iterator[list[str]]:
    """Give the rows of a CSV file that is one: the same number of fields in each, quotes closed, UTF-8."""
    for _, row in _numbered(stream, name):
        yield row


def _numbered(stream: io.TextIOBase | IO[str], name: str) -> Iterator[tuple[int, list[str]]]:
    """Give rows, each with the line of the file on which it ends."""
    reader = csv.reader(stream, strict=True)
    width, number = 0, 0
    try:
        for number, row in enumerate(reader):
            width = width or len(row)
            if len(row) != width:
                what = "blank line" if not row else f"{len(row)} fields where the header has {width}"
                raise DataError("the file is not the CSV file it should be", faults=[f"{name}: row {number}: {what}"])
            if any("\0" in value for value in row):
                raise DataError(
                    "the file is not the CSV file it should be", faults=[f"{name}: row {number}: holds NUL"]
                )
            yield reader.line_num, row
    except UnicodeDecodeError:
        raise DataError("the file is not UTF-8", faults=[f"{name}: after row {number}; save it as UTF-8"]) from None
    except csv.Error:
        fault = f"{name}: after row {number}: quotes or line ends are broken"
        raise DataError("the file is not the CSV file it should be", faults=[fault]) from None


def read_pseudonym_record(path: Path) -> PseudonymRecord:
    """Read what stands beside a file of pseudonyms.

    Raises
    ------
    ParameterError
        When it is not such a record.
    """
    try:
        raw = json.loads(read_plain(path, most=MOST_BYTES).decode("utf-8"))
        faults = [
            name for name, fits in _FITS.items() if not fits(raw[name] if name != "shortened" else raw.get(name, 0))
        ]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ParameterError(f"{path}: is not a record of pseudonyms") from None
    if faults:
        raise ParameterError(f"{path}: is not a record of pseudonyms: wrong values of {', '.join(faults)}")
    known = {name: raw[name] for name in PseudonymRecord.__dataclass_fields__ if name in raw}
    return PseudonymRecord(**known | {"refused_lines": tuple(known["refused_lines"])})


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _is_digest(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[0-9a-f]{64}", value) is not None


_FITS: dict[str, Callable[[Any], bool]] = {
    "field": _is_text,
    "kind": lambda value: isinstance(value, str) and value in KINDS,
    "domain": _is_text,
    "algorithm": lambda value: isinstance(value, str) and value in ALGORITHMS,
    "bits": lambda value: type(value) is int and value in range(128, 257, 8),
    "key_id": lambda value: isinstance(value, str) and re.fullmatch(r"[0-9a-f]{16}", value) is not None,
    **dict.fromkeys(("rows", "pseudonyms", "missing", "refused", "shortened"), _is_count),
    "refused_lines": lambda value: isinstance(value, list) and all(map(_is_count, value)),
    "input_sha256": _is_digest,
    "output_sha256": _is_digest,
}
