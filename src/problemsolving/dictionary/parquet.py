"""Deliveries in Parquet: of the same columns as the source's CSV, whose rows are read as text and meet the same rules."""

from __future__ import annotations

import re
from pathlib import Path

from problemsolving.dictionary.door import Delivery, columns_of, stat_of
from problemsolving.dictionary.faults import Fault, FaultReport
from problemsolving.dictionary.mapping import literal, quoted
from problemsolving.dictionary.packing import MAX_BYTES
from problemsolving.dictionary.schema import DIRECTIVES, Source
from problemsolving.errors import DataError
from problemsolving.locks import file_digest

ENDING = ".parquet"
MAX_COLUMNS, MAX_NAME = 1_000, 200
SUSPICIOUS, MAX_RATIO = 50_000_000, 100  # rows; a file may hold a hundred a byte once they are many
_MAGIC = b"PAR1"
_PLAIN = re.compile(
    r"VARCHAR|BOOLEAN|U?(TINY|SMALL|BIG|HUGE)?INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL\(\d+,\d+\)|DATE|TIMESTAMP(_S|_MS|_NS)?"
    r"|TIMESTAMP WITH TIME ZONE|ENUM\(.*\)",
    re.DOTALL,
)


def open_parquet(path: Path, source: Source, *, name: str) -> Delivery:
    """Open a Parquet file that has the columns of a source of CSV.

    Parameters
    ----------
    path : pathlib.Path
        The file; its first and last bytes must be those of Parquet.
    source : Source
        Its columns name those of the file; its dialect does not matter.
    name : str
        How messages call it.

    Returns
    -------
    Delivery

    Raises
    ------
    DataError
        When it is no whole Parquet file, holds columns in columns or bytes, has a name that is no heading, or lacks a
        column; all faults at once.
    """
    import duckdb

    if not path.is_file():
        raise _refused(name, ["not a regular file"])
    stat = stat_of(path)
    if stat[0] > MAX_BYTES:
        raise _refused(name, [f"larger than {MAX_BYTES:,} bytes; split it by month"])
    with path.open("rb") as stream:
        start = stream.read(len(_MAGIC))
        stream.seek(max(0, stat[0] - len(_MAGIC)))
        end = stream.read(len(_MAGIC))
    if start != _MAGIC or end != _MAGIC:
        raise _refused(name, ["not a whole Parquet file, though its name says so; fetch it again"])
    digest = file_digest(path)
    delivery = Delivery(name, digest, digest, path=path, plain=True, stat=stat, unit="row")
    try:
        kinds, rows = _described(delivery)
    except duckdb.Error:
        raise _refused(name, ["a damaged or encrypted Parquet file; fetch it again"]) from None
    if rows > SUSPICIOUS and rows > MAX_RATIO * stat[0]:
        raise _refused(name, ["holds far more rows than its size suggests; fetch it again"])
    _check_names(list(kinds), name)
    wanted = columns_of(list(kinds), source, name)
    forms = {column.from_: column.format for column in source.columns.values() if column.from_}
    faults, asked = [], []
    for (heading, kind), column in zip(kinds.items(), wanted, strict=True):
        if column is None:
            continue
        if not _PLAIN.fullmatch(kind):
            faults.append(
                f'column "{column}" holds bytes, times of day or columns of its own; write it as plain values'
            )
        asked.append((column, _as_text(quoted(heading), kind, forms.get(column))))
    if faults:
        raise _refused(name, faults)
    return Delivery(name, digest, digest, path=path, plain=True, rows=rows, stat=stat, unit="row", asked=tuple(asked))


def _described(delivery: Delivery) -> tuple[dict[str, str], int]:
    """Give the type of each column and the number of rows, from the footer."""
    from problemsolving.dictionary.checks import connect
    from problemsolving.dictionary.spool import readable

    connection = connect()
    try:
        with readable(delivery) as path:
            # names as they are stored: DuckDB renames those that differ by case alone, so they are compared before
            stored = connection.execute("select name, num_children from parquet_schema(?)", [path]).fetchall()
            top, place = [], 1
            while place < len(stored):
                top.append(str(stored[place][0]))
                place = _after(stored, place)
            found = connection.execute(f"describe select * from {scan(literal(path))}").fetchall()
            rows = connection.execute("select num_rows from parquet_file_metadata(?)", [path]).fetchone() or (0,)
    finally:
        connection.close()
    if len(top) != len(found) or len({name.casefold() for name in top}) != len(top):
        raise _refused(delivery.name, ["has two columns of the same name; rename one"])
    return {row[0]: row[1] for row in found}, int(rows[0])


def _after(stored: list[tuple[str, int | None]], place: int) -> int:
    """Give the place after an element of the schema and all below it."""
    open_ = 1
    while open_ and place < len(stored):
        open_ += (stored[place][1] or 0) - 1
        place += 1
    return place


def scan(path: str) -> str:
    """SQL that reads one Parquet file and nothing from its name."""
    return f"read_parquet({path}, hive_partitioning=false, union_by_name=false, filename=false)"


def _check_names(names: list[str], name: str) -> None:
    if len(names) > MAX_COLUMNS:
        raise _refused(name, [f"more than {MAX_COLUMNS:,} columns; write those that the source names"])
    bad = [place for place, heading in enumerate(names, 1) if not heading.strip() or not heading.isprintable() or len(heading) > MAX_NAME]  # fmt: skip
    if bad:
        told = ", ".join(map(str, bad[:5]))
        raise _refused(name, [f"column {told}: its name is empty, too long or holds control characters; rename it"])


def _as_text(column: str, kind: str, form: str | None) -> str:
    """SQL for a value as its publisher would write it in a file: dates in the form that the source states."""
    if kind.startswith(("DATE", "TIMESTAMP")):
        if form and DIRECTIVES.fullmatch(form):
            return f"strftime({column}, {literal(form)})"
        if kind == "TIMESTAMP WITH TIME ZONE":
            return f"strftime({column}, '%Y-%m-%d %H:%M:%S.%fZ')"
    text = f"cast({column} as varchar)"
    if kind in ("FLOAT", "DOUBLE"):
        exact = f"cast(try_cast({column} as decimal(38, 18)) as varchar)"
        return f"case when contains({text}, 'e') then coalesce({exact}, {text}) else {text} end"
    return f"nullif({text}, '')"


def _refused(name: str, words: list[str]) -> DataError:
    report = FaultReport(tuple(Fault(name, "", word) for word in words))
    return DataError(f"{name}: {words[0]}", faults=[f"{name}: {word}" for word in words], report=report)
