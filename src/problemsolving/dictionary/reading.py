"""Reading deliveries into canonical tables with DuckDB, and checking every rule of the dictionary in one pass."""

from __future__ import annotations

import datetime as dt
import json
import re
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from problemsolving.dictionary.codelists import codelist
from problemsolving.dictionary.door import Delivery, open_delivery, ragged_rows
from problemsolving.dictionary.schema import ColumnMap, Source, TableField, TableSchema, table
from problemsolving.errors import DataError

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

POSITIONS_SHOWN = 5
_NUMBER = r"^-?[0-9]+([.][0-9]+)?$"
_INTEGER = r"^-?[0-9]+([.]0+)?$"
_CONTROLS = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x{9f}\x{202a}-\x{202e}\x{2066}-\x{2069}]"
_DATETIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?$"


@dataclass(frozen=True)
class Reading:
    """A canonical table as read, and where it came from."""

    source: Source
    frame: pd.DataFrame
    files: tuple[dict[str, object], ...] = field(default_factory=tuple)

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
            delivery = open_delivery(path, source, name=name)
            faults += _ragged(delivery, source)
            deliveries.append(delivery)
        except DataError as error:
            faults += error.faults or [error.message]
    faults += _same_twice(deliveries)
    if faults:
        raise DataError(f"{source.title}: {_files(len(faults), 'fault')} in the files", faults=faults)
    if source.format.container == "geojson":
        return _read_outlines(source, deliveries)
    return _read_csv(source, deliveries, today or dt.datetime.now(tz=dt.UTC).date())


def _files(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


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
        columns = [column.from_ for column in source.columns.values() if column.from_]
        connection.execute(
            f"create table raw (file integer, line bigint, {', '.join(f'{_quoted(c)} varchar' for c in columns)})"
        )
        counts = [_load(connection, source, delivery, number, columns) for number, delivery in enumerate(deliveries)]
        empty = [
            f"{delivery.name}: a header but no rows"
            for delivery, count in zip(deliveries, counts, strict=True)
            if not count
        ]
        for name in {column.codelist for column in source.columns.values() if column.codelist}:
            rows = [(code, row["label"]) for code, row in codelist(name).items()]
            connection.execute(f"create table {_quoted('codes ' + name)} (code varchar, label varchar)")
            connection.executemany(f"insert into {_quoted('codes ' + name)} values (?, ?)", rows)
        faults = (
            empty + _faults(connection, source, schema, deliveries, today) + _overlaps(connection, source, deliveries)
        )
        if faults:
            raise DataError(
                f"{source.title}: {_files(len(faults), 'rule')} broken; correct the files or have them sent again",
                faults=faults,
            )
        frame = connection.execute(
            f"select {_selection(source, schema)} from raw {_joins(source)} order by file, line"
        ).df()
    finally:
        connection.close()
    files = tuple(
        {"name": d.name, "sha256": d.sha256, "rows": count} for d, count in zip(deliveries, counts, strict=True)
    )
    return Reading(source, frame, files)


def _load(
    connection: duckdb.DuckDBPyConnection, source: Source, delivery: Delivery, number: int, columns: list[str]
) -> int:
    """Load one file, every column as text, in the dialect that the source states."""
    dialect = source.format
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "delivery.csv"
        path.write_bytes(delivery.text)
        rows = connection.execute(
            f"""insert into raw select {number}, row_number() over () + 1, {", ".join(map(_quoted, columns))}
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


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _text(name: str, column: ColumnMap) -> str:
    """SQL for a column's text before it gets its type; null when empty."""
    if column.value is not None:
        return _literal(column.value)
    text = _quoted(str(column.from_))
    if column.thousands:
        text = f"replace({text}, {_literal(column.thousands)}, '')"
    if column.codelist:
        text = f"{_quoted('as ' + name)}.code"
    return text


def _joins(source: Source) -> str:
    return " ".join(
        f"left join {_quoted('codes ' + column.codelist)} as {_quoted('as ' + name)} "
        f"on {_quoted('as ' + name)}.{column.match} = {_quoted(str(column.from_))}"
        for name, column in source.columns.items()
        if column.codelist
    )


def _typed(text: str, kind: str) -> str:
    if kind in ("number", "integer"):
        return f"try_cast({text} as double)"
    if kind == "datetime":
        return f"make_timestamp(epoch_us(try_cast({text} as timestamptz)))"
    return text


def _selection(source: Source, schema: TableSchema) -> str:
    parts = []
    for found in schema.fields:
        if found.name in source.columns:
            parts.append(
                f"{_typed(_text(found.name, source.columns[found.name]), found.type)} as {_quoted(found.name)}"
            )
    return ", ".join(parts)


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
        for rule in _rules(found, source.columns[found.name], today)
    ]
    rules += _key_rule(source, schema)
    base = f"from raw {_joins(source)}"
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
            places = "; ".join(f"{deliveries[file].name} line {line}" for file, line in rows)
            more = f" and {count - len(rows):,} more" if count > len(rows) else ""
            faults.append(f'column "{column}": {words}, {_files(count, "row")}: {places}{more}')
    return faults


def _overlaps(connection: duckdb.DuckDBPyConnection, source: Source, deliveries: list[Delivery]) -> list[str]:
    """Find months of the same force that stand in more than one file: they would be counted twice."""
    if not {"force", "month"} <= set(source.columns):
        return []
    force, month = (_quoted(str(source.columns[name].from_)) for name in ("force", "month"))
    query = f"select min(file), max(file), {month} from raw group by {force}, {month} having count(distinct file) > 1 order by all"
    return [
        f"{deliveries[last].name}: month {found} of the same force also stands in {deliveries[first].name}; remove one"
        for first, last, found in connection.execute(query).fetchall()
        if re.fullmatch(r"\d{4}-\d{2}", str(found))
    ]


def _key_rule(source: Source, schema: TableSchema) -> list[tuple[str, str, str]]:
    mapped = [source.columns[name].from_ for name in schema.primaryKey if name in source.columns]
    if not mapped or None in mapped:
        return []
    key = ", ".join(_quoted(str(column)) for column in mapped)
    return [
        (
            ", ".join(map(str, mapped)),
            "must be unique",
            f"({key}) in (select ({key}) from raw group by {key} having count(*) > 1)",
        )
    ]


def _rules(found: TableField, column: ColumnMap, today: dt.date) -> list[tuple[str, str, str]]:
    """Give heading, rule in words and the SQL that is true where the rule is broken."""
    if column.from_ is None:
        return []
    heading, raw, text = column.from_, _quoted(column.from_), _text(found.name, column)
    limits, rules = found.constraints, []

    def broken(words: str, test: str) -> None:
        rules.append((heading, words, test))

    if limits.required:
        broken("must not be empty", f"{raw} is null")
    if column.codelist:
        broken(f"not in codelist {column.codelist}", f"{raw} is not null and {text} is null")
    elif found.codelist:
        codes = ", ".join(map(_literal, codelist(found.codelist)))
        broken(f"not in codelist {found.codelist}", f"{text} not in ({codes})")
    if found.type == "string" and not column.codelist:
        broken("holds control or direction characters", f"regexp_matches({text}, {_literal(_CONTROLS)})")
    if limits.enum:
        broken(
            "not one of the values allowed",
            f"regexp_replace({text}, '[.]0+$', '') not in ({', '.join(map(_literal, limits.enum))})",
        )
    if limits.pattern:
        broken("not in the form of this code", f"not regexp_full_match({text}, {_literal(limits.pattern.strip('^$'))})")
    if found.type in ("number", "integer"):
        form = _NUMBER if found.type == "number" else _INTEGER
        broken(
            f"not {'a number' if found.type == 'number' else 'a whole number'}",
            f"not regexp_matches({text}, {_literal(form)})",
        )
        for limit, sign, words in ((limits.minimum, "<", "below"), (limits.maximum, ">", "above")):
            if limit is not None:
                broken(f"{words} {limit:g}", f"try_cast({text} as double) {sign} {limit}")
    if found.type == "yearmonth":
        broken("a month before 1990", f"regexp_matches({text}, '^[0-9]{{4}}-[0-9]{{2}}$') and {text} < '1990-01'")
        broken("not a month written as 2021-05", f"not regexp_matches({text}, '^[0-9]{{4}}-(0[1-9]|1[0-2])$')")
        broken(
            "a month that has not come yet",
            f"regexp_matches({text}, '^[0-9]{{4}}-[0-9]{{2}}$') and {text} > '{today:%Y-%m}'",
        )
    if found.type == "datetime":
        broken(
            "not a date and time",
            f"not regexp_matches({text}, {_literal(_DATETIME)}) or ({text} is not null and {_typed(text, 'datetime')} is null)",
        )
    return rules


def _is_outline(shape: Any) -> bool:
    """Tell whether this is a GeoJSON polygon or multipolygon with finite corners within the British Isles."""
    if not isinstance(shape, dict) or shape.get("type") not in ("Polygon", "MultiPolygon"):
        return False
    try:
        parts = [shape["coordinates"]] if shape["type"] == "Polygon" else shape["coordinates"]
        corners = [corner for part in parts for ring in part for corner in ring]
        numbers = all(isinstance(value, int | float) for corner in corners for value in corner)
        inside = numbers and all(-9 <= corner[0] <= 3 and 49 <= corner[1] <= 61 for corner in corners)
        return bool(parts) and inside and all(part and len(part[0]) >= 4 for part in parts)
    except (KeyError, TypeError, IndexError):
        return False


def _read_outlines(source: Source, deliveries: list[Delivery]) -> Reading:
    """Read GeoJSON outlines; what is not a polygon with the mapped property is a fault."""
    import pandas as pd

    schema = table(source.table)
    key = str(source.columns["area_code"].from_)
    pattern = re.compile(schema.field("area_code").constraints.pattern or "")
    rows, faults, files = [], [], []
    for delivery in deliveries:
        try:
            features = json.loads(delivery.text)["features"]
            found = [(feature["properties"][key], feature["geometry"]) for feature in features]
        except (ValueError, KeyError, TypeError, RecursionError):
            faults.append(f'{delivery.name}: not GeoJSON whose features have the property "{key}" and a geometry')
            continue
        seen: set[str] = set()
        bad = []
        for place, (code, shape) in enumerate(found):
            if not pattern.match(str(code)) or str(code) in seen or not _is_outline(shape):
                bad.append(place)
            seen.add(str(code))
        if bad:
            faults.append(
                f"{delivery.name}: {_files(len(bad), 'feature')} without a valid code of its own or a closed polygon in degrees (first at {bad[0]})"
            )
        rows += found
        files.append({"name": delivery.name, "sha256": delivery.sha256, "rows": len(found)})
    if faults:
        raise DataError(f"{source.title}: {_files(len(faults), 'fault')} in the files", faults=faults)
    return Reading(source, pd.DataFrame(rows, columns=["area_code", "geometry"]), tuple(files))
