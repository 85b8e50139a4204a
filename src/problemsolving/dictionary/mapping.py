"""How a source's columns become canonical ones, as SQL over a table of raw text."""

from __future__ import annotations

from problemsolving.dictionary.schema import ColumnMap, Source, TableSchema


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def text_of(name: str, column: ColumnMap) -> str:
    """SQL for a column's text before it gets its type; null when empty."""
    if column.value is not None:
        return literal(column.value)
    text = quoted(str(column.from_))
    if column.thousands:
        text = f"replace({text}, {literal(column.thousands)}, '')"
    if column.codelist:
        text = f"{quoted('as ' + name)}.code"
    return text


def joins(source: Source) -> str:
    return " ".join(
        f"left join {quoted('codes ' + column.codelist)} as {quoted('as ' + name)} "
        f"on {quoted('as ' + name)}.{column.match} = {quoted(str(column.from_))}"
        for name, column in source.columns.items()
        if column.codelist
    )


def typed(text: str, kind: str) -> str:
    if kind in ("number", "integer"):
        return f"try_cast({text} as double)"
    if kind == "datetime":
        return f"make_timestamp(epoch_us(try_cast({text} as timestamptz)))"
    return text


def selection(source: Source, schema: TableSchema) -> str:
    parts = []
    for found in schema.fields:
        if found.name in source.columns:
            parts.append(
                f"{typed(text_of(found.name, source.columns[found.name]), found.type)} as {quoted(found.name)}"
            )
    return ", ".join(parts)
