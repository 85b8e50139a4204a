"""Every rule of the dictionary in one pass of DuckDB over the files; what rows say together, from narrow facts."""

from __future__ import annotations

import datetime as dt
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
    raw_columns,
    spread_columns,
    text_of,
)
from problemsolving.dictionary.rules import Rule, is_small_area, rules_of_table
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
    rules: tuple[Rule, ...]
    facts: dict[str, str]

    @property
    def masks(self) -> int:
        return -(-len(self.rules) // BITS)


def plan_checks(source: Source, schema: TableSchema, today: dt.date) -> Plan:
    """Compile the dictionary into SQL."""
    return Plan(source, schema, tuple(rules_of_table(source, schema, today)), _facts(source, schema))


def connect() -> duckdb.DuckDBPyConnection:
    """Open an in-memory database that loads nothing by itself and spills only into the private folder."""
    import duckdb

    connection = duckdb.connect(
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "temp_directory": str(private_folder() / "spill"),
        }
    )
    connection.execute("set timezone = 'UTC'")
    return connection


def load_codelists(connection: duckdb.DuckDBPyConnection, source: Source) -> None:
    """Make the codelists that the source's columns are mapped by."""
    for name in sorted({column.codelist for column in source.columns.values() if column.codelist}):
        rows = [(code, row["label"]) for code, row in codelist(name).items()]
        connection.execute(f"create table {quoted('codes ' + name)} (code varchar, label varchar)")
        connection.executemany(f"insert into {quoted('codes ' + name)} values (?, ?)", rows)


def scan_of(source: Source, delivery: Delivery) -> str:
    """SQL of a file's columns as text with the position of each row, the header being row 1; one path to give."""
    dialect = source.format
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in delivery.header)
    signs = ", ".join(
        f"{word}={literal(sign)}"
        for word, sign in (("delim", dialect.delimiter), ("quote", dialect.quote), ("escape", dialect.escape))
    )
    return (
        f"(select {', '.join(map(quoted, raw_columns(source)))}, row_number() over () + 1 as {ROW} "
        f"from read_csv(?, {signs}, header=true, auto_detect=false, strict_mode=true, null_padding=false, "
        f"new_line='\\n', nullstr='', columns={{{columns}}})) as raw {joins(source)}"
    )


def run_checks(
    connection: duckdb.DuckDBPyConnection, plan: Plan, deliveries: list[Delivery]
) -> tuple[list[Fault], list[int]]:
    """Check every file; give faults in the order of the rules, and the rows of each file."""
    masks = [f"m{place}" for place in range(plan.masks)]
    kinds = {name: kind for name, (kind, _) in _kinds(plan).items()}
    made = ", ".join(
        ["file integer", "line bigint", *(f"{m} bigint" for m in masks), *(f"{n} {k}" for n, k in kinds.items())]
    )
    connection.execute(f"create table facts ({made})")
    values = [*_mask_sql(plan.rules), *(plan.facts[name] for name in kinds)]
    counts = []
    for number, delivery in enumerate(deliveries):
        asked = ", ".join([str(number), ROW, *values])
        counts.append(insert(connection, f"insert into facts select {asked} from", plan.source, delivery))
    faults = [
        Fault(delivery.name, "", "a header but no rows")
        for delivery, count in zip(deliveries, counts, strict=True)
        if not count
    ]
    names = [delivery.name for delivery in deliveries]
    faults += _rule_faults(connection, plan, names, masks)
    return faults + together_faults(connection, plan.source, plan.schema, set(kinds), names), counts


def insert(connection: duckdb.DuckDBPyConnection, into: str, source: Source, delivery: Delivery) -> int:
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
            found = connection.execute(f"{into} {scan_of(source, delivery)}", [path]).fetchone()
    except duckdb.InvalidInputException:
        raise _unreadable(
            delivery, "its rows cannot be told apart in the way the source says it is written; have it sent again"
        ) from None
    delivery.check_unchanged()
    rows = int(found[0]) if found else 0
    if delivery.rows is not None and not joins(source) and rows != delivery.rows:
        raise _unreadable(delivery, f"{delivery.rows:,} rows lie in it but {rows:,} were read; have it sent again")
    return rows


def _unreadable(delivery: Delivery, words: str) -> DataError:
    report = FaultReport((Fault(delivery.name, "", words),))
    return DataError(f"{delivery.name}: {words}", report=report)


def _mask_sql(rules: tuple[Rule, ...]) -> list[str]:
    """SQL of each mask: bit n is set where rule n is broken; rules of one gate are looked at only behind it."""
    masks = []
    for start in range(0, len(rules), BITS):
        gates: dict[str | None, list[str]] = {}
        for bit, rule in enumerate(rules[start : start + BITS]):
            gates.setdefault(rule.gate, []).append(f"(case when {rule.test} then {1 << bit} else 0 end)")
        parts = [
            f"cast({' + '.join(tests)} as bigint)"
            if gate is None
            else f"(case when {gate} then cast({' + '.join(tests)} as bigint) else 0 end)"
            for gate, tests in gates.items()
        ]
        masks.append(" + ".join(parts) or "0")
    return masks


def _rule_faults(connection: duckdb.DuckDBPyConnection, plan: Plan, names: list[str], masks: list[str]) -> list[Fault]:
    """Read the masks: few differ, so they are grouped before Python sees them."""
    if not masks:
        return []
    broken = " or ".join(f"{mask} <> 0" for mask in masks)
    found = connection.execute(
        f"select file, count(*), min(line, {ROWS_KEPT}), {', '.join(masks)} from facts where {broken} group by all"
    ).fetchall()
    told: dict[tuple[int, int], tuple[int, list[int]]] = {}
    for file, count, lines, *values in found:
        for number in range(len(plan.rules)):
            if values[number // BITS] >> (number % BITS) & 1:
                before, rows = told.get((number, file), (0, []))
                told[number, file] = (before + count, sorted([*rows, *lines])[:ROWS_KEPT])
    return [
        Fault(names[file], plan.rules[number].heading, plan.rules[number].words, count, tuple(rows), plan.rules[number].severity)
        for (number, file), (count, rows) in sorted(told.items())
    ]  # fmt: skip


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
    areas = [found.name for found in schema.fields if found.name in columns and is_small_area(found)]
    if areas:
        facts["area"] = f"nullif(left({text_of(areas[0], columns[areas[0]])}, 9), '')"
    if areas and {"longitude", "latitude"} <= set(columns):
        facts["lon"] = f"try_cast({text_of('longitude', columns['longitude'])} as double)"
        facts["lat"] = f"try_cast({text_of('latitude', columns['latitude'])} as double)"
    for name in ("month", "force"):
        if name in columns:
            text = text_of(name, columns[name], schema.field(name).type)
            facts[name] = f"left({text}, 8)" if name == "month" else _hash(text)
    ids = [f.name for f in schema.fields if f.sensitivity == "identifier" and f.name in columns and f.type == "string"]
    if ids:
        text = text_of(ids[0], columns[ids[0]])
        facts["id"] = _hash(text)
        facts["form"] = (
            f"case when regexp_matches({text}, '^[0-9]+$') then least(strlen({text}), 999) * "
            f"(case when {text} like '0%' then -1 else 1 end) "
            f"when strlen({text}) >= 32 and regexp_matches({text}, '^[0-9a-f]+$') then 1000 + least(strlen({text}), 999) "
            f"when {text} is not null then 0 end"
        )
    return facts


def _hash(text: str) -> str:
    return f"case when {text} is not null then hash({text}) end"


def _kinds(plan: Plan) -> dict[str, tuple[str, str]]:
    kinds = {"key": "ubigint", "area": "varchar", "lon": "double", "lat": "double", "month": "varchar", "force": "ubigint", "id": "ubigint", "form": "smallint"}  # fmt: skip
    kinds |= dict.fromkeys((name for name in plan.facts if name.startswith(("case", "part"))), "ubigint")
    return {name: (kinds[name], sql) for name, sql in plan.facts.items()}
