"""Rows of a table or view of any database that SQLAlchemy reaches, under the same rules as the rows of a file."""

from __future__ import annotations

import datetime as dt
import logging
import os
import re
import time
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from problemsolving.dictionary.door import Delivery
from problemsolving.dictionary.schema import FINANCIAL_YEAR, Source, table
from problemsolving.dictionary.written import write_delivery
from problemsolving.errors import DataError, nearest

if TYPE_CHECKING:
    import sqlalchemy

    from problemsolving.dictionary.reading import Reading

PREFIX = "sql:"
_WORD = r"[A-Za-z_][A-Za-z0-9_$]{0,62}"
_TABLE = re.compile(rf"(?:({_WORD})\.)?({_WORD})")
_ROWS_AT_A_TIME = 10_000
_SILENT = "problemsolving"
TIME_LIMIT = 600.0  # seconds that a table or view may take
_STEPS = 10_000  # of SQLite between two looks at the clock
_NO_RIGHT = ("42501", "28000", "28P01")  # sqlstate: no privilege, and two of a login that is refused
_STOPPED = "57014"  # sqlstate: the statement was stopped, here by the limit of time


def is_database(files: str) -> bool:
    """Tell whether ``files`` of a data set names a table of a database: ``sql:TABLE`` or ``sql:SCHEMA.TABLE``.

    >>> is_database("sql:crime.incidents_view"), is_database("data/*.csv")
    (True, False)
    """
    return files.startswith(PREFIX)


def table_name(files: str) -> tuple[str | None, str]:
    """Read schema and table of ``sql:SCHEMA.TABLE``.

    Raises
    ------
    DataError
        When it is not one or two plain identifiers joined by a full stop.

    Examples
    --------
    >>> table_name("sql:crime.incidents_view")
    ('crime', 'incidents_view')
    """
    found = _TABLE.fullmatch(files.removeprefix(PREFIX))
    if found is None:
        raise DataError("not the name of a table or view; write sql:TABLE or sql:SCHEMA.TABLE in letters, digits and _")
    return found[1], found[2]


def variable(dataset: str) -> str:
    """Name the environment variable that holds the address of a data set's database.

    >>> variable("area-changes")
    'PROBLEMSOLVING_DB_AREA_CHANGES'
    """
    return "PROBLEMSOLVING_DB_" + re.sub(r"\W", "_", dataset).upper()


def read_database(
    source: Source,
    files: str,
    *,
    dataset: str,
    environment: Mapping[str, str] | None = None,
    today: dt.date | None = None,
    seconds: float = TIME_LIMIT,
) -> Reading:
    """Read a table or view into the canonical table of a source.

    Only the columns that the source maps are asked for, in one read-only transaction, in the order of the table's key.

    Parameters
    ----------
    source : Source
        Its columns name the columns of the table; its dialect does not matter.
    files : str
        ``sql:TABLE`` or ``sql:SCHEMA.TABLE``.
    dataset : str
        Name of the data set; the address of the database is read from `variable` of it, as SQLAlchemy writes it.
    environment : mapping of str to str, optional
        In place of ``os.environ``.
    today : datetime.date, optional
        No month may lie after it.
    seconds : float
        Time that the reading may take, above 0.

    Returns
    -------
    Reading
        Its one file names kind and name of the database and the table, with rows and the hash of what was read.

    Raises
    ------
    DataError
        When there is no address, no connection, no such table or column, a column twice or no right to read it, when
        the time is over, and for every rule that a row breaks, by its position in key order. Never with the address, a login or a value.
    """
    from problemsolving.dictionary.reading import read_deliveries

    address = (os.environ if environment is None else environment).get(variable(dataset), "")
    if not address:
        raise DataError(f"{dataset}: no database address; set the environment variable {variable(dataset)}")
    schema, name = table_name(files)
    delivery = _read(address, source, schema, name, dataset, seconds)
    return read_deliveries(source, [delivery], today=today)


def _read(address: str, source: Source, schema: str | None, name: str, dataset: str, seconds: float) -> Delivery:
    import sqlalchemy
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

    where = f"{dataset} (sql:{schema + '.' if schema else ''}{name})"
    try:
        engine = sqlalchemy.create_engine(
            address, poolclass=sqlalchemy.NullPool, hide_parameters=True, pool_logging_name=_SILENT
        )
        logging.getLogger(f"sqlalchemy.pool.impl.NullPool.{_SILENT}").disabled = True  # would write the driver's words
    except (ArgumentError, NoSuchModuleError, ImportError, ValueError):
        raise DataError(
            f"{where}: the address in {variable(dataset)} is not one that SQLAlchemy knows, or its driver is not installed"
        ) from None
    ends = time.monotonic() + seconds
    called = f"{engine.dialect.name} {Path(engine.url.database or '').name}: {schema + '.' if schema else ''}{name}"
    try:
        with engine.connect() as connection:
            _read_only(connection)
            _limit_time(connection, seconds, ends)
            known = _columns(connection, schema, name, where)
            query = _query(source, known, schema, name, where)
            rows = connection.execution_options(stream_results=True, yield_per=_ROWS_AT_A_TIME).execute(query)
            columns = list(source.headings)
            return write_delivery(
                _texts(_in_time(rows, ends), source, columns, where), columns, source, name=called, unit="row"
            )
    except DataError:
        raise
    except (SQLAlchemyError, OSError) as error:
        if time.monotonic() >= ends or _state(error) == _STOPPED:
            raise DataError(
                f"{where}: not read in {seconds:,.0f} seconds; ask its owner for a faster view, or a table made from it"
            ) from None
        raise DataError(f"{where}: {_what(error)}") from None
    finally:
        engine.dispose()


def _read_only(connection: sqlalchemy.Connection) -> None:
    """Ask the database itself to refuse writing, where it can be asked."""
    import sqlalchemy

    ask = {
        "postgresql": "set transaction read only",
        "sqlite": "pragma query_only = on",
        "mysql": "set transaction read only",
        "mariadb": "set transaction read only",
    }.get(connection.dialect.name)
    if ask:
        connection.execute(sqlalchemy.text(ask))


def _limit_time(connection: sqlalchemy.Connection, seconds: float, ends: float) -> None:
    """Ask the database itself to stop a query that takes too long, where it can be asked."""
    import sqlalchemy

    ask = {
        "postgresql": f"set local statement_timeout = {max(1, round(seconds * 1_000))}",
        "mysql": f"set session max_execution_time = {max(1, round(seconds * 1_000))}",
        "mariadb": f"set session max_statement_time = {seconds:f}",
    }.get(connection.dialect.name)
    if ask:
        connection.execute(sqlalchemy.text(ask))
    driver: Any = connection.connection.dbapi_connection
    if connection.dialect.name == "sqlite" and hasattr(driver, "set_progress_handler"):
        driver.set_progress_handler(lambda: time.monotonic() >= ends, _STEPS)


def _in_time(rows: Any, ends: float) -> Iterator[Any]:
    """Give rows while there is time: a limit of one statement does not hold where rows come a few at a time."""
    for row in rows:
        if time.monotonic() >= ends:
            raise TimeoutError
        yield row


def _columns(connection: sqlalchemy.Connection, schema: str | None, name: str, where: str) -> list[str]:
    import sqlalchemy
    from sqlalchemy.exc import NoSuchTableError

    try:
        return [str(column["name"]) for column in sqlalchemy.inspect(connection).get_columns(name, schema=schema)]
    except NoSuchTableError:
        raise DataError(f"{where}: no such table or view, or this login may not see it") from None


def _query(
    source: Source, known: list[str], schema: str | None, name: str, where: str
) -> sqlalchemy.Select[tuple[Any, ...]]:
    """Select the mapped columns in key order; every name is quoted."""
    import sqlalchemy
    from sqlalchemy.sql import quoted_name

    plain = {" ".join(column.split()).casefold(): column for column in known}
    wanted = {column: " ".join(column.split()).casefold() for column in source.headings}
    missing = [column for column, key in wanted.items() if key not in plain]
    alike = [" ".join(column.split()).casefold() for column in known]
    twice = [column for column, key in wanted.items() if alike.count(key) > 1]
    if missing or twice:
        raise DataError(
            f"{where}: its columns are not those of {source.title} ({source.name})",
            faults=[
                *(f'{where}: column "{column}" is missing{nearest(column, known)}' for column in missing),
                *(f'{where}: column "{column}" stands more than once but for case and spaces' for column in twice),
            ],
        )
    columns: dict[str, sqlalchemy.Column[Any]] = {
        column: sqlalchemy.Column(quoted_name(plain[key], quote=True)) for column, key in wanted.items()
    }
    chosen = sqlalchemy.Table(
        quoted_name(name, quote=True),
        sqlalchemy.MetaData(),
        *columns.values(),
        schema=quoted_name(schema, quote=True) if schema else None,
    )
    key = [source.columns[part].from_ for part in table(source.table).primaryKey if part in source.columns]
    first = [columns[part] for part in dict.fromkeys(key) if part]
    rest = [column for column in columns.values() if not any(column is one for one in first)]
    return sqlalchemy.select(*(chosen.c[column.name] for column in columns.values())).order_by(*first, *rest)


def _texts(rows: Any, source: Source, columns: list[str], where: str) -> Iterator[list[str]]:
    """Write each value as its publisher would in a file: dates in the form that the source states."""
    forms = {column.from_: column.format for column in source.columns.values() if column.from_}
    for number, row in enumerate(rows, 1):
        try:
            yield [_text(value, forms.get(column)) for column, value in zip(columns, row, strict=True)]
        except TypeError:
            raise DataError(
                f"{where}, row {number:,}: holds bytes or a structure; give a view of plain columns"
            ) from None


def _text(value: object, form: str | None) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.datetime | dt.date):
        if form and form != FINANCIAL_YEAR:
            return value.strftime(form)
        return value.isoformat(" ") if isinstance(value, dt.datetime) else value.isoformat()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float | Decimal):
        return format(Decimal(str(value)), "f")
    raise TypeError


def _state(error: Exception) -> str | None:
    original = getattr(error, "orig", None) or error
    told = original.args[0] if getattr(original, "args", ()) else None
    return getattr(original, "sqlstate", None) or (told.get("C") if isinstance(told, dict) else None)


def _what(error: Exception) -> str:
    """Say what went wrong in our own words: a driver's message may hold the address, a login or values."""
    state = _state(error)
    if state in _NO_RIGHT:
        return "the login is refused or may not read this; ask its owner for the right to select"
    if state:
        return f"the database refuses the query (SQLSTATE {state}); look at the view in the database itself"
    return "the database cannot be reached or broke off; check that it runs and that the address is right"
