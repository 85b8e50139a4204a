"""Reading deliveries into canonical tables with DuckDB, and checking every rule of the dictionary in one pass."""

from __future__ import annotations

import datetime as dt
import re
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from problemsolving.dictionary.codelists import codelist
from problemsolving.dictionary.door import Delivery, open_delivery, ragged_rows
from problemsolving.dictionary.mapping import (
    joins,
    key_rules,
    notes_of,
    quoted,
    raw_columns,
    reading_query,
    table_rules,
)
from problemsolving.dictionary.outlines import read_outlines
from problemsolving.dictionary.rules import rules_of
from problemsolving.dictionary.schema import Source, TableSchema, table
from problemsolving.dictionary.xes import open_log
from problemsolving.errors import DataError, counted

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

POSITIONS_SHOWN = 5


@dataclass(frozen=True)
class Reading:
    """A canonical table as read, and where it came from."""

    source: Source
    frame: pd.DataFrame
    files: tuple[dict[str, object], ...] = field(default_factory=tuple)
    notes: tuple[str, ...] = ()  # what was read all the same but must be told: column, words, rows; never a value

    @property
    def rows(self) -> int:
        return len(self.frame)

    @property
    def months(self) -> list[str]:
        """Months found, in order."""
        return sorted(self.frame["month"].unique()) if "month" in self.frame else []


def read_source(source: Source, paths: list[Path], *, root: Path, today: dt.date | None = None) -> Reading:
    """Read files of one source into its canonical table.

    Parameters
    ----------
    source : Source
        How the files are written and what their columns mean.
    paths : list of pathlib.Path
        At least one file.
    root : pathlib.Path
        Folder from which files are named in messages and provenance.
    today : datetime.date, optional
        No month may lie after it; the current day when not given.

    Returns
    -------
    Reading
        Strings stay strings; numbers are floats; times are UTC.

    Raises
    ------
    DataError
        For every file and rule that fails: file, column, rule, count and row positions, never a value.
    """
    deliveries: list[Delivery] = []
    faults: list[str] = []
    for path in paths:
        name = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
        try:
            delivery = (open_log if source.format.container == "xes" else open_delivery)(path, source, name=name)
            faults += _ragged(delivery, source)
            deliveries.append(delivery)
        except DataError as error:
            faults += error.faults or [error.message]
    faults += _same_twice(deliveries)
    if faults:
        raise DataError(f"{source.title}: {counted(len(faults), 'fault')} in the files", faults=faults)
    if source.format.container == "geojson":
        return Reading(source, *read_outlines(source, deliveries))
    return read_deliveries(source, deliveries, today=today)


def read_deliveries(source: Source, deliveries: list[Delivery], *, today: dt.date | None = None) -> Reading:
    """Read rows that passed the door into the canonical table of their source; see `read_source`."""
    return _read_csv(source, deliveries, today or dt.datetime.now(tz=dt.UTC).date())


def _ragged(delivery: Delivery, source: Source) -> list[str]:
    lines = ragged_rows(delivery, source) if delivery.header else []
    if not lines:
        return []
    shown = ", ".join(map(str, lines[:POSITIONS_SHOWN]))
    more = f" and {len(lines) - POSITIONS_SHOWN:,} more" if len(lines) > POSITIONS_SHOWN else ""
    return [
        f"{delivery.name}: not {len(delivery.header)} columns, or a quote that is not closed, at line {shown}{more}"
    ]


def _same_twice(deliveries: list[Delivery]) -> list[str]:
    first: dict[str, str] = {}
    faults = []
    for delivery in deliveries:
        if delivery.content in first:
            faults.append(f"{delivery.name}: the same content as {first[delivery.content]}; remove one")
        first.setdefault(delivery.content, delivery.name)
    return faults


def _read_csv(source: Source, deliveries: list[Delivery], today: dt.date) -> Reading:
    import duckdb

    schema = table(source.table)
    connection = duckdb.connect(config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"})
    try:
        connection.execute("set timezone = 'UTC'")
        columns = raw_columns(source)
        connection.execute(
            f"create table raw (file integer, line bigint, {', '.join(f'{quoted(c)} varchar' for c in columns)})"
        )
        counts = [_load(connection, source, delivery, number, columns) for number, delivery in enumerate(deliveries)]
        empty = [
            f"{delivery.name}: a header but no rows"
            for delivery, count in zip(deliveries, counts, strict=True)
            if not count
        ]
        for name in {column.codelist for column in source.columns.values() if column.codelist}:
            rows = [(code, row["label"]) for code, row in codelist(name).items()]
            connection.execute(f"create table {quoted('codes ' + name)} (code varchar, label varchar)")
            connection.executemany(f"insert into {quoted('codes ' + name)} values (?, ?)", rows)
        faults = (
            empty + _faults(connection, source, schema, deliveries, today) + _overlaps(connection, source, deliveries)
        )
        if faults:
            raise DataError(
                f"{source.title}: {counted(len(faults), 'rule')} broken; correct the files or have them sent again",
                faults=faults,
            )
        frame = connection.execute(reading_query(source, schema)).df()
        notes = _notes(connection, source, schema)
    finally:
        connection.close()
    files = tuple(
        {"name": d.name, "sha256": d.sha256, "rows": count} for d, count in zip(deliveries, counts, strict=True)
    )
    return Reading(source, frame, files, notes)


def _load(
    connection: duckdb.DuckDBPyConnection, source: Source, delivery: Delivery, number: int, columns: list[str]
) -> int:
    """Load one file, every column as text, in the dialect that the source states."""
    dialect = source.format
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "delivery.csv"
        path.write_bytes(delivery.text)
        rows = connection.execute(
            f"""insert into raw select {number}, row_number() over () + 1, {", ".join(map(quoted, columns))}
            from read_csv(?, delim=?, quote=?, escape=?, header=true, auto_detect=false, strict_mode=true,
                          null_padding=false, new_line='\\n', nullstr='', columns=?)""",
            [
                str(path),
                dialect.delimiter,
                dialect.quote,
                dialect.escape,
                dict.fromkeys(delivery.header, "VARCHAR"),
            ],
        ).fetchone()
    return int(rows[0]) if rows else 0


def _faults(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    schema: TableSchema,
    deliveries: list[Delivery],
    today: dt.date,
) -> list[str]:
    """Count every broken rule in one pass, then find the first rows of those that are broken."""
    rules = [
        rule
        for found in schema.fields
        if found.name in source.columns
        for rule in rules_of(found, source.columns[found.name], today)
    ]
    rules += key_rules(source, schema) + table_rules(source, schema)
    base = f"from raw {joins(source)}"
    counts = (
        connection.execute(
            f"select {', '.join(f'count(*) filter (where {test})' for _, _, test in rules)} {base}"
        ).fetchone()
        if rules
        else ()
    )
    faults = []
    for (column, words, test), count in zip(rules, counts or (), strict=True):
        if count:
            rows = connection.execute(
                f"select file, line {base} where {test} order by file, line limit {POSITIONS_SHOWN}"
            ).fetchall()
            places = "; ".join(deliveries[file].place_of(line) for file, line in rows)
            more = f" and {count - len(rows):,} more" if count > len(rows) else ""
            faults.append(f'column "{column}": {words}, {counted(count, "row")}: {places}{more}')
    return faults


def _notes(connection: duckdb.DuckDBPyConnection, source: Source, schema: TableSchema) -> tuple[str, ...]:
    """Count what is read all the same but must be told."""
    notes = notes_of(source, schema)
    if not notes:
        return ()
    tests = ", ".join(f"count(*) filter (where {test})" for _, _, test in notes)
    counts = connection.execute(f"select {tests} from raw {joins(source)}").fetchone() or ()
    return tuple(
        f'column "{column}": {words}, {counted(count, "row")}'
        for (column, words, _), count in zip(notes, counts, strict=True)
        if count
    )


def _overlaps(connection: duckdb.DuckDBPyConnection, source: Source, deliveries: list[Delivery]) -> list[str]:
    """Find months of the same force that stand in more than one file: they would be counted twice."""
    if not {"force", "month"} <= set(source.columns):
        return []
    force, month = (quoted(str(source.columns[name].from_)) for name in ("force", "month"))
    query = f"select min(file), max(file), {month} from raw group by {force}, {month} having count(distinct file) > 1 order by all"
    return [
        f"{deliveries[last].name}: month {found} of the same force also stands in {deliveries[first].name}; remove one"
        for first, last, found in connection.execute(query).fetchall()
        if re.fullmatch(r"\d{4}-\d{2}", str(found))
    ]
