"""The dictionary in words, for the command line and the reference."""

from __future__ import annotations

from typing import Any

from problemsolving.dictionary import schema
from problemsolving.dictionary.codelists import codelist
from problemsolving.errors import DictionaryError, counted, nearest


def describe(name: str | None = None) -> str:
    """Describe the whole dictionary, or one table, source or codelist; of a column, name the tables that hold it.

    >>> describe("signatories").splitlines()[0]
    'Codelist signatories: 10 codes'
    """
    if name is None:
        parts = [f"{kind}: " + ", ".join(schema.names(kind)) for kind in ("tables", "sources", "codelists")]
        return "\n".join(parts) + "\nSee one with: problemsolving dictionary NAME"
    if name in schema.names("tables"):
        return _describe_table(name)
    if name in schema.names("sources"):
        return _describe_source(name)
    if name in schema.names("codelists"):
        rows = codelist(name)
        width = max(map(len, rows))
        return "\n".join(
            [f"Codelist {name}: {len(rows)} codes", *(f"{code:<{width}}  {row['label']}" for code, row in rows.items())]
        )
    if holding := _holding(name):
        return "\n".join([f"Column {name} of {counted(len(holding), 'table')}:", *holding])
    known = [*schema.names("tables"), *schema.names("sources"), *schema.names("codelists")]
    raise DictionaryError(f'the dictionary has no "{name}"{nearest(name, known)}')


def _holding(column: str) -> list[str]:
    """Say which tables hold a column, each with what it means there."""
    return [
        f"  {name}: {field.description} ({field.type}, sensitivity {field.sensitivity})"
        for name in schema.names("tables")
        for field in schema.table(name).fields
        if field.name == column
    ]


def table_schema(name: str) -> dict[str, Any]:
    """Give a table as a Frictionless Table Schema, with codelists as enumerations and our own words kept.

    Parameters
    ----------
    name : str
        A table of the dictionary.

    Returns
    -------
    dict
        JSON-like: numbers are numbers. Times are ISO 8601 in UTC.

    References
    ----------
    Frictionless Data, Table Schema specification.

    Examples
    --------
    >>> [field["type"] for field in table_schema("agency")["fields"]]
    ['string', 'string', 'string']
    """
    table = schema.table(name)
    descriptor: dict[str, Any] = {
        "name": table.name,
        "title": table.title,
        "description": table.description,
        "fields": [_field_schema(field) for field in table.fields],
        "missingValues": list(table.missingValues),
        "known_limits": list(table.known_limits),
    }
    if table.primaryKey:
        descriptor["primaryKey"] = list(table.primaryKey)
    return descriptor


def _field_schema(field: schema.TableField) -> dict[str, Any]:
    number = {"integer": int, "number": float}.get(field.type, str)
    limits: dict[str, Any] = {
        key: value for key, value in field.constraints.model_dump().items() if value not in (None, (), False)
    }
    for key in {"minimum", "maximum"} & limits.keys():
        limits[key] = number(limits[key])
    if field.constraints.enum:
        limits["enum"] = [number(value) for value in field.constraints.enum]
    elif field.codelist:
        limits["enum"] = list(codelist(field.codelist))
    words = {"unit": field.unit, "codelist": field.codelist, "sensitivity": field.sensitivity}
    found = {"name": field.name, "type": field.type, "description": field.description, "constraints": limits}
    if field.type == "boolean":
        found |= {"trueValues": ["true"], "falseValues": ["false"]}
    return found | {key: value for key, value in words.items() if value}


def _describe_table(name: str) -> str:
    table = schema.table(name)
    lines = [f"Table {name}: {table.title}. {table.description}"]
    for field in table.fields:
        marks = [
            field.type,
            *(["required"] if field.constraints.required else []),
            *(["key"] if field.name in table.primaryKey else []),
            *([field.unit] if field.unit else []),
            *_limits_in_words(field),
            *([f"codelist {field.codelist}"] if field.codelist else []),
            f"sensitivity {field.sensitivity}",
        ]
        lines.append(f"  {field.name}: {field.description} ({', '.join(marks)})")
    return "\n".join([*lines, *(f"  Limit: {limit}" for limit in table.known_limits)])


def _limits_in_words(field: schema.TableField) -> list[str]:
    limits, words = field.constraints, []
    if limits.minimum is not None or limits.maximum is not None:
        low, high = ("any" if limit is None else f"{limit:g}" for limit in (limits.minimum, limits.maximum))
        words.append(f"{low} to {high}")
    if limits.enum:
        words.append("one of " + ", ".join(limits.enum))
    return words


def _mapping_in_words(column: schema.ColumnMap) -> str:
    """Say what the words of a source do to a column."""
    words = []
    if column.plus:
        words.append(f"and {len(column.plus)} more, to {column.plus[-1]!r}, added up")
    if column.missing:
        words.append("missing: " + ", ".join(column.missing))
    if column.extract:
        words.append(f"the part that {column.extract} finds")
    if column.format:
        words.append(f"written as {column.format}")
    if column.time_zone:
        words.append(f"local time of {column.time_zone}")
    if column.recode:
        words.append("; ".join(f"{old} is {new}" for old, new in column.recode.items()))
    if column.scale:
        turned = ", turned round" if column.scale.inverted else ""
        words.append(f"scale {column.scale.low:g} to {column.scale.high:g}{turned}")
    if column.factor is not None:
        words.append(f"times {column.factor:g}")
    if column.spread:
        words.append(f"holds for all rows of one {column.spread}")
    return f" ({'; '.join(words)})" if words else ""


def _describe_source(name: str) -> str:
    source = schema.source(name)
    can = ", ".join(
        f"{key.replace('_', ' ')} {('no', 'yes')[value] if isinstance(value, bool) else value}"
        for key, value in source.capabilities
    )
    lines = [
        f"Source {name}: {source.title}, {source.publisher} ({source.licence})",
        f"  gives table {source.table}",
        f"  can tell: {can}",
        *(["  small areas are made up"] if source.areas == "made up" else []),
    ]
    lines += [
        f"  {field} from {column.from_!r}{_mapping_in_words(column)}"
        if column.from_
        else f"  {field} is {column.value}"
        for field, column in source.columns.items()
    ]
    return "\n".join([*lines, *(f"  Limit: {limit}" for limit in source.known_limits)])
