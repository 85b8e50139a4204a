"""Reading deliveries into canonical tables with DuckDB; nothing is read before every rule of the dictionary holds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from problemsolving.dictionary.checks import connect, insert, load_codelists, plan_checks, run_checks
from problemsolving.dictionary.door import Delivery, open_delivery, ragged_rows, unreadable
from problemsolving.dictionary.faults import ROWS_KEPT, Fault, FaultReport, faults_of
from problemsolving.dictionary.mapping import finishing, quoted, selection
from problemsolving.dictionary.outlines import read_outlines
from problemsolving.dictionary.parquet import ENDING, open_parquet
from problemsolving.dictionary.schema import Source, TableSchema, table
from problemsolving.dictionary.summary import summarise_relation
from problemsolving.dictionary.xes import open_log
from problemsolving.errors import DataError, counted

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

    from problemsolving.dictionary.cache import CachedTable

MEMORY = "3GB"  # that a table kept without a frame may take before it spills
FEW = 0.05  # share of different values up to which a text column is kept as places in a list while it is fetched


@dataclass(frozen=True, eq=False)
class Reading:
    """A canonical table as read, where it came from, and what was told but not refused.

    ``held`` is the table itself or, where it is kept in the cache, the file that holds it: ``frame`` then loads it
    when it is first asked for, and ``query`` reads no more than it needs.
    """

    source: Source
    held: pd.DataFrame | CachedTable
    files: tuple[dict[str, object], ...] = field(default_factory=tuple)
    notes: tuple[Fault, ...] = ()

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The whole table, in the order in which it was delivered."""
        import pandas as pd

        return self.held if isinstance(self.held, pd.DataFrame) else self.held.frame()

    def query(self, sql: str, parameters: Sequence[object] = ()) -> pd.DataFrame:
        """Ask the table in SQL, under the name ``canonical``.

        Rows are not in the order of delivery unless the query says so; the order is the same each time. Text columns
        of few different values are fetched as in :func:`canonical_frame`.
        """
        return query_all([self], sql, parameters)

    def different(self, column: str) -> pd.Series:
        """Give each value of a column once, missing ones left out."""
        import pandas as pd

        if isinstance(self.held, pd.DataFrame):
            return self.held[column].dropna().drop_duplicates()
        return self.query(f"select distinct {quoted(column)} from canonical where {quoted(column)} is not null")[column]

    def relation(self, connection: duckdb.DuckDBPyConnection, name: str) -> str:
        """Give SQL of the table; where it is held as a frame, after registering that under a name."""
        import pandas as pd

        if not isinstance(self.held, pd.DataFrame):
            return self.held.relation
        order = [name for name in ("area_code", "month") if name in self.held]
        kept = self.held.sort_values(order, kind="stable", na_position="last") if order else self.held
        connection.register(name, kept[[column for column in kept if column not in self._shapes]])
        return name

    @property
    def _shapes(self) -> set[str]:
        """Columns of outlines, which SQL does not read."""
        return {found.name for found in table(self.source.table).fields if found.type == "geojson"} & set(self.columns)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Names of the table's columns."""
        import pandas as pd

        return tuple(self.held.columns) if isinstance(self.held, pd.DataFrame) else self.held.columns

    @cached_property
    def rows(self) -> int:
        import pandas as pd

        return len(self.held) if isinstance(self.held, pd.DataFrame) else sum(self.held.manifest["rows"])

    @cached_property
    def months(self) -> list[str]:
        """Months found, in order."""
        return sorted(self.summary()["months"]) if "month" in self.columns else []

    def summary(self) -> dict[str, Any]:
        """Give rows by month, and how empty and how various each column is."""
        import pandas as pd

        return self._counted if isinstance(self.held, pd.DataFrame) else self.held.manifest["summary"]

    @cached_property
    def _counted(self) -> dict[str, Any]:
        connection = connect()
        try:
            schema = table(self.source.table)
            found = summarise_relation(connection, self.relation(connection, "held"), schema)
        finally:
            connection.close()
        shapes = {name: {"empty": 0.0, "different": "many"} for name in self._shapes}
        return found | {"columns": found["columns"] | shapes}


def query_all(readings: Sequence[Reading], sql: str, parameters: Sequence[object] = ()) -> pd.DataFrame:
    """Ask several readings of one table together in SQL, under the name ``canonical``; columns that one lacks are null."""
    connection = connect()
    try:
        parts = [f"select * from {found.relation(connection, f'held_{at}')}" for at, found in enumerate(readings)]
        connection.execute(f"create temp view canonical as {' union all by name '.join(parts)}")
        connection.execute(f"create temp table answer as {sql}", list(parameters))
        return canonical_frame(connection, "answer")
    finally:
        connection.close()


def read_source(
    source: Source, paths: list[Path], *, root: Path, today: dt.date | None = None, cache: Path | None = None
) -> Reading:
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
    cache : pathlib.Path, optional
        Folder for the checked table as Parquet, read instead of the files while neither they nor the dictionary
        changed. See :mod:`problemsolving.dictionary.cache`.

    Returns
    -------
    Reading
        Strings stay strings; numbers are floats; times are UTC.

    Raises
    ------
    DataError
        For every file and rule that fails: file, column, rule, count and row positions, never a value.
    """
    from problemsolving.dictionary.cache import find_cached

    today = today or _today()
    if cache is not None and (known := find_cached(cache, source, paths, root=root, today=today)):
        return Reading(source, known, known.files, known.notes)
    deliveries = open_all(source, paths, root=root)
    if source.format.container == "geojson":
        return Reading(source, *read_outlines(source, deliveries))
    return read_deliveries(source, deliveries, today=today, cache=cache)


def read_deliveries(
    source: Source, deliveries: list[Delivery], *, today: dt.date | None = None, cache: Path | None = None
) -> Reading:
    """Read what passed the door, from files or elsewhere, into the canonical table; see :func:`read_source`."""
    from problemsolving.dictionary.cache import keep_cached

    schema, connection = table(source.table), connect()
    try:
        today = today or _today()
        notes, files = _checked(connection, source, schema, deliveries, today)
        _fill(connection, source, schema, deliveries)
        kept = cache and keep_cached(connection, cache, source, deliveries, notes, files, today=today)
        return Reading(source, kept or canonical_frame(connection), files, notes)
    finally:
        connection.close()


def check_source(
    source: Source, paths: list[Path], *, root: Path, today: dt.date | None = None
) -> tuple[tuple[Fault, ...], tuple[dict[str, object], ...]]:
    """Check files of one source without keeping their rows: any number of rows in little memory.

    Parameters, errors as in :func:`read_source`.

    Returns
    -------
    tuple
        What was told but not refused, and of each file name, sha256 and rows.
    """
    deliveries = open_all(source, paths, root=root)
    if source.format.container == "geojson":
        return (), read_outlines(source, deliveries)[1]
    connection = connect()
    try:
        return _checked(connection, source, table(source.table), deliveries, today or _today())
    finally:
        connection.close()


def keep_source(source: Source, paths: list[Path], *, root: Path, cache: Path, today: dt.date | None = None) -> bool:
    """Check files and keep their table as Parquet without building a frame: for more rows than memory holds.

    Parameters, errors as in :func:`read_source`.

    Returns
    -------
    bool
        Whether the cache now holds the table.
    """
    from problemsolving.dictionary.cache import find_cached, keep_cached

    today = today or _today()
    if find_cached(cache, source, paths, root=root, today=today):
        return True
    deliveries, schema = open_all(source, paths, root=root), table(source.table)
    connection = connect(memory=MEMORY)
    try:
        notes, files = _checked(connection, source, schema, deliveries, today)
        _fill(connection, source, schema, deliveries)
        return keep_cached(connection, cache, source, deliveries, notes, files, today=today) is not None
    finally:
        connection.close()


def open_all(source: Source, paths: list[Path], *, root: Path) -> list[Delivery]:
    """Open every file of a source; every fault of every file at once."""
    deliveries: list[Delivery] = []
    faults: list[Fault] = []
    for path in paths:
        try:
            delivery = _opener(source, path)(path, source, name=name_of(path, root))
            faults += _ragged(delivery, source)
            deliveries.append(delivery)
        except DataError as error:
            faults += faults_of(error)
        except OSError as error:
            faults += faults_of(unreadable(name_of(path, root), error))
    faults += _same_twice(deliveries)
    if faults:
        raise DataError(
            f"{source.title}: {counted(len(faults), 'fault')} in the files", report=FaultReport(tuple(faults))
        )
    return deliveries


def _opener(source: Source, path: Path) -> Callable[..., Delivery]:
    if source.format.container == "xes":
        return open_log
    is_parquet = source.format.container == "csv" and path.suffix.lower() == ENDING
    return open_parquet if is_parquet else open_delivery


def name_of(path: Path, root: Path) -> str:
    """Name a file from the folder of the data."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name


def _today() -> dt.date:
    return dt.datetime.now(tz=dt.UTC).date()


def _ragged(delivery: Delivery, source: Source) -> list[Fault]:
    lines = ragged_rows(delivery, source) if delivery.header else []
    if not lines:
        return []
    words = f"not {len(delivery.header)} columns, or a quote that is not closed"
    return [Fault(delivery.name, "", words, len(lines), tuple(lines[:ROWS_KEPT]))]


def _same_twice(deliveries: list[Delivery]) -> list[Fault]:
    first: dict[str, str] = {}
    faults = []
    for delivery in deliveries:
        if delivery.content in first:
            faults.append(Fault(delivery.name, "", f"the same content as {first[delivery.content]}; remove one"))
        first.setdefault(delivery.content, delivery.name)
    return faults


def _checked(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    schema: TableSchema,
    deliveries: list[Delivery],
    today: dt.date,
) -> tuple[tuple[Fault, ...], tuple[dict[str, object], ...]]:
    """Check the files; give notes and provenance, or raise with every fault."""
    load_codelists(connection, source)
    found, counts = run_checks(connection, plan_checks(source, schema, today), deliveries)
    connection.execute("drop table facts")
    found = [_counted_as_delivered(fault, deliveries) for fault in found]
    faults = tuple(fault for fault in found if fault.severity == "refuse")
    notes = tuple(fault for fault in found if fault.severity == "report")
    if faults:
        rules = len(FaultReport(faults).lines())
        raise DataError(
            f"{source.title}: {counted(rules, 'rule')} broken; correct the files or have them sent again",
            report=FaultReport(faults),
        )
    return notes, tuple(
        {"name": d.name, "sha256": d.sha256, "rows": count} for d, count in zip(deliveries, counts, strict=True)
    )


def _counted_as_delivered(fault: Fault, deliveries: list[Delivery]) -> Fault:
    """Count events and rows from 1 where there is no header."""
    unit = next((delivery.unit for delivery in deliveries if delivery.name == fault.file), "line")
    return fault if unit == "line" else replace(fault, unit=unit, rows=tuple(row - 1 for row in fault.rows))


def _fill(
    connection: duckdb.DuckDBPyConnection, source: Source, schema: TableSchema, deliveries: list[Delivery]
) -> None:
    """Make the table ``canonical`` of the checked files: typed columns, and from which file and row each came."""
    asked = f'{selection(source, schema)}, "row number" as "from row"'
    for number, delivery in enumerate(deliveries):
        into = "create table canonical as" if number == 0 else "insert into canonical"
        insert(connection, f'{into} select {number} as "from file", {asked} from', source, delivery)
    if query := finishing(source, schema):
        connection.execute(f"create table finished as {query}")
        connection.execute("drop table canonical")
        connection.execute("alter table finished rename to canonical")


def canonical_frame(connection: duckdb.DuckDBPyConnection, relation: str = "canonical") -> pd.DataFrame:
    """Give the rows in the order in which they were delivered, where the relation knows it.

    A text column of few different values is fetched as places in a list of them: a million rows then share a few
    strings instead of making a million.
    """
    import pandas as pd

    described = connection.execute(f"describe select * from {relation}").fetchall()
    ordered = {"from file", "from row"} <= {row[0] for row in described}
    columns = {row[0]: row[1] for row in described if row[0] not in ("from file", "from row")}
    texts = [name for name, kind in columns.items() if kind == "VARCHAR"]
    rows, *different = connection.execute(
        f"select count(*){''.join(f', approx_count_distinct({quoted(name)})' for name in texts)} from {relation}"
    ).fetchone() or (0,)
    few = {name for name, count in zip(texts, different, strict=True) if count <= max(FEW * rows, 1) and rows > 1_000}
    parts = []
    for place, name in enumerate(columns):
        if name not in few:
            parts.append(quoted(name))
            continue
        kind, values = quoted(f"list {place}"), f"select distinct {quoted(name)} from {relation}"
        connection.execute(f"create type {kind} as enum ({values} where {quoted(name)} is not null order by 1)")
        parts.append(f"cast({quoted(name)} as {kind}) as {quoted(name)}")
    order = ' order by "from file", "from row"' if ordered else ""
    rows_in_order = f"select {', '.join(parts)} from {relation}{order}"
    frame = connection.execute(rows_in_order).df()
    return frame.astype(dict.fromkeys(texts, pd.Series(["x"]).dtype))
