"""Every rule of the dictionary in one pass of DuckDB over the files; what rows say together, from narrow facts."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from problemsolving.dictionary.codelists import codelist
from problemsolving.dictionary.door import Delivery
from problemsolving.dictionary.faults import ROWS_KEPT, Fault, FaultReport
from problemsolving.dictionary.mapping import (
    cleaned,
    joins,
    key_columns,
    literal,
    quoted,
    spread_columns,
    text_of,
)
from problemsolving.dictionary.parquet import scan
from problemsolving.dictionary.rules import (
    ID_FORM,
    ColumnRules,
    Rule,
    form_of_identifier,
    identifier_of,
    rules_of_table,
)
from problemsolving.dictionary.schema import Source, TableSchema
from problemsolving.dictionary.spool import private_folder, readable
from problemsolving.dictionary.together import together_faults
from problemsolving.errors import DataError

if TYPE_CHECKING:
    import duckdb

BITS = 60  # rules a mask of 64 bits can hold, with room
ROW = '"row number"'


@dataclass(frozen=True)
class Plan:
    """What one pass over the files of a source asks: its rules, and the narrow facts kept of each row."""

    source: Source
    schema: TableSchema
    masks: tuple[tuple[ColumnRules, ...], ...]
    facts: dict[str, str]

    def rules(self, mask: int) -> list[Rule]:
        """Give the rules of a mask, one a bit."""
        return [rule for column in self.masks[mask] for rule in column.rules]


def plan_checks(source: Source, schema: TableSchema, today: dt.date) -> Plan:
    """Compile the dictionary into SQL."""
    masks: list[list[ColumnRules]] = [[]]
    for column in rules_of_table(source, schema, today):
        if sum(len(known.rules) for known in masks[-1]) + len(column.rules) > BITS:
            masks.append([])
        masks[-1].append(column)
    return Plan(source, schema, tuple(map(tuple, masks)), _facts(source, schema))


def connect(*, memory: str | None = None) -> duckdb.DuckDBPyConnection:
    """Open an in-memory database that loads nothing by itself and spills only into the private folder.

    ``memory``, for example ``3GB``, is what it may take before it spills.
    """
    import duckdb

    connection = duckdb.connect(
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "temp_directory": str(private_folder() / "spill"),
        }
    )
    connection.execute("set timezone = 'UTC'")
    with suppress(duckdb.InvalidInputException):  # a notebook without widgets has no bar to switch off
        connection.execute("set enable_progress_bar = false")
    if memory:
        connection.execute(f"set memory_limit = '{memory}'")
    return connection


def load_codelists(connection: duckdb.DuckDBPyConnection, source: Source) -> None:
    """Make the codelists that the source's columns are mapped by."""
    for name in sorted({column.codelist for column in source.columns.values() if column.codelist}):
        rows = [(code, row["label"]) for code, row in codelist(name).items()]
        connection.execute(f"create table {quoted('codes ' + name)} (code varchar, label varchar)")
        connection.executemany(f"insert into {quoted('codes ' + name)} values (?, ?)", rows)


def scan_of(source: Source, delivery: Delivery, *, computed: str = "") -> str:
    """SQL of a file's columns as text with the position of each row, the header being row 1; one path to give.

    ``computed`` is SQL of one more column that several rules use.
    """
    dialect = source.format
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in delivery.header)
    signs = ", ".join(
        f"{word}={literal(sign)}"
        for word, sign in (("delim", dialect.delimiter), ("quote", dialect.quote), ("escape", dialect.escape))
    )
    names = ", ".join(map(quoted, source.headings))
    read = (
        f"read_csv(?, {signs}, header=true, auto_detect=false, strict_mode=true, null_padding=false, "
        f"new_line='\\n', nullstr='', columns={{{columns}}})"
    )
    if delivery.asked:
        texts = ", ".join(f"{text} as {quoted(name)}" for name, text in delivery.asked)
        read = f"(select {texts} from {scan('?')})"
    return (
        f"(select {names}, row_number() over () + 1 as {ROW}{', ' + computed if computed else ''} "
        f"from {read}) as raw {joins(source)}"
    )


def run_checks(
    connection: duckdb.DuckDBPyConnection, plan: Plan, deliveries: list[Delivery]
) -> tuple[list[Fault], list[int]]:
    """Check every file; give faults in the order of the rules, and the rows of each file."""
    masks = [f"m{place}" for place in range(len(plan.masks))]
    kinds = {name: kind for name, (kind, _) in _kinds(plan).items()}
    made = ", ".join(
        ["file integer", "line bigint", *(f"{m} bigint" for m in masks), *(f"{n} {k}" for n, k in kinds.items())]
    )
    connection.execute(f"create table facts ({made})")
    values = [*map(_mask_sql, plan.masks), *(plan.facts[name] for name in kinds)]
    counts = []
    identifier = identifier_of(plan.source, plan.schema)
    computed = ""
    if identifier:
        computed = f"{form_of_identifier(text_of(identifier, plan.source.columns[identifier]))} as {ID_FORM}"
    for number, delivery in enumerate(deliveries):
        asked = ", ".join([str(number), ROW, *values])
        counts.append(insert(connection, f"insert into facts select {asked} from", plan.source, delivery, computed))
    faults = [
        Fault(delivery.name, "", "a header but no rows")
        for delivery, count in zip(deliveries, counts, strict=True)
        if not count
    ]
    names = [delivery.name for delivery in deliveries]
    faults += _rule_faults(connection, plan, names, masks)
    return faults + together_faults(connection, plan.source, plan.schema, set(kinds), names), counts


def insert(
    connection: duckdb.DuckDBPyConnection, into: str, source: Source, delivery: Delivery, computed: str = ""
) -> int:
    """Run an insert over one file; give its rows.

    Raises
    ------
    DataError
        When DuckDB cannot read the file as the source says it is written, or reads another number of rows than the
        door counted, or the file changed meanwhile.
    """
    import duckdb

    try:
        with readable(delivery) as path:
            found = connection.execute(f"{into} {scan_of(source, delivery, computed=computed)}", [path]).fetchone()
    except duckdb.Error as error:
        raise _not_read(delivery, error) from None
    delivery.check_unchanged()
    rows = int(found[0]) if found else 0
    if delivery.rows is not None and not joins(source) and rows != delivery.rows:
        raise _unreadable(delivery, f"{delivery.rows:,} rows lie in it but {rows:,} were read; have it sent again")
    return rows


def _not_read(delivery: Delivery, error: Exception) -> Exception:
    """Say in our own words why DuckDB does not read a file; what is no fault of the file stays as it is."""
    import duckdb

    # a damaged page of Parquet has no class of its own
    if delivery.asked and (type(error) is duckdb.Error or isinstance(error, duckdb.IOException | duckdb.SerializationException)):  # fmt: skip
        return _unreadable(delivery, "its rows cannot be read to the end: the file is damaged; have it sent again")
    if isinstance(error, duckdb.InvalidInputException):
        return _unreadable(
            delivery, "its rows cannot be told apart in the way the source says it is written; have it sent again"
        )
    return error


def _unreadable(delivery: Delivery, words: str) -> DataError:
    report = FaultReport((Fault(delivery.name, "", words),))
    return DataError(f"{delivery.name}: {words}", report=report)


def _mask_sql(columns: tuple[ColumnRules, ...]) -> str:
    """SQL of a mask: bit n is set where rule n is broken; a column that is clean is not looked at rule by rule."""
    parts, bit = [], 0
    for column in columns:
        gates: dict[str | None, list[str]] = {}
        first, others = (column.rules[0], column.rules[1:]) if column.alone else (None, column.rules)
        for place, rule in enumerate(others, bit + (1 if first else 0)):
            gates.setdefault(rule.gate, []).append(f"(case when {rule.test} then {1 << place} else 0 end)")
        found = [
            f"cast({' + '.join(tests)} as bigint)"
            if gate is None
            else f"(case when {gate} then cast({' + '.join(tests)} as bigint) else 0 end)"
            for gate, tests in gates.items()
        ]
        told = " + ".join(found) or "0"
        if first:
            told = f"case when {first.test} then {1 << bit} else {told} end"
        parts.append(f"cast(case when {column.clean} then 0 else {told} end as bigint)")
        bit += len(column.rules)
    return " + ".join(parts) or "0"


def _rule_faults(connection: duckdb.DuckDBPyConnection, plan: Plan, names: list[str], masks: list[str]) -> list[Fault]:
    """Read the masks: few differ, so they are grouped before Python sees them."""
    if not masks:
        return []
    broken = " or ".join(f"{mask} <> 0" for mask in masks)
    found = connection.execute(
        f"select file, count(*), min(line, {ROWS_KEPT}), {', '.join(masks)} from facts where {broken} group by all"
    ).fetchall()
    told: dict[tuple[int, int, int], tuple[int, list[int]]] = {}
    for file, count, lines, *values in found:
        for mask, value in enumerate(values):
            for bit in range(value.bit_length()):
                if value >> bit & 1:
                    before, rows = told.get((mask, bit, file), (0, []))
                    told[mask, bit, file] = (before + count, sorted([*rows, *lines])[:ROWS_KEPT])
    faults = []
    for (mask, bit, file), (count, rows) in sorted(told.items()):
        rule = plan.rules(mask)[bit]
        faults.append(Fault(names[file], rule.heading, rule.words, count, tuple(rows), rule.severity))
    return faults


def _facts(source: Source, schema: TableSchema) -> dict[str, str]:
    """SQL of what is kept of each row to compare rows with each other."""
    columns = {name: column for name, column in source.columns.items() if column.from_}
    facts: dict[str, str] = {}
    key = [cleaned(columns[name]) for name in key_columns(source, schema)]
    if key:
        facts["key"] = (
            f"case when {' and '.join(f'{part} is not null' for part in key)} then hash({', '.join(key)}) end"
        )
    for place, name in enumerate(spread_columns(source)):
        facts[f"case{place}"] = _hash(cleaned(columns[str(columns[name].spread)]))
        facts[f"part{place}"] = _hash(cleaned(columns[name]))
    areas = [found.name for found in schema.fields if found.name in columns and found.is_small_area]
    if areas:
        text = text_of(areas[0], columns[areas[0]])
        facts["area"] = f"case when left({text}, 3) in ('E01', 'W01') then left({text}, 9) end"
    if areas and {"longitude", "latitude"} <= set(columns):
        facts["lon"] = f"try_cast({text_of('longitude', columns['longitude'])} as double)"
        facts["lat"] = f"try_cast({text_of('latitude', columns['latitude'])} as double)"
    for name in ("month", "force"):
        if name in columns:
            text = text_of(name, columns[name], schema.field(name).type)
            facts[name] = f"left({text}, 8)" if name == "month" else _hash(text)
    if identifier := identifier_of(source, schema):
        facts["id"] = _hash(text_of(identifier, columns[identifier]))
        facts["form"] = ID_FORM
    return facts


def _hash(text: str) -> str:
    return f"case when {text} is not null then hash({text}) end"


def _kinds(plan: Plan) -> dict[str, tuple[str, str]]:
    kinds = {"key": "ubigint", "area": "varchar", "lon": "double", "lat": "double", "month": "varchar", "force": "ubigint", "id": "ubigint", "form": "smallint"}  # fmt: skip
    kinds |= dict.fromkeys((name for name in plan.facts if name.startswith(("case", "part"))), "ubigint")
    return {name: (kinds[name], sql) for name, sql in plan.facts.items()}
