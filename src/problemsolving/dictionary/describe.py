"""The dictionary in words, for the command line and the reference."""

from __future__ import annotations

from problemsolving.dictionary import schema
from problemsolving.dictionary.codelists import codelist
from problemsolving.errors import DictionaryError, nearest


def describe(name: str | None = None) -> str:
    """Describe the whole dictionary, or one table, source or codelist.

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
    known = [*schema.names("tables"), *schema.names("sources"), *schema.names("codelists")]
    raise DictionaryError(f'the dictionary has no "{name}"{nearest(name, known)}')


def _describe_table(name: str) -> str:
    table = schema.table(name)
    lines = [f"Table {name}: {table.title}. {table.description}"]
    for field in table.fields:
        marks = [
            field.type,
            *(["required"] if field.constraints.required else []),
            *([field.unit] if field.unit else []),
            *([f"codelist {field.codelist}"] if field.codelist else []),
            f"sensitivity {field.sensitivity}",
        ]
        lines.append(f"  {field.name}: {field.description} ({', '.join(marks)})")
    return "\n".join([*lines, *(f"  Limit: {limit}" for limit in table.known_limits)])


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
    ]
    lines += [
        f"  {field} from {column.from_!r}" if column.from_ else f"  {field} is {column.value}"
        for field, column in source.columns.items()
    ]
    return "\n".join([*lines, *(f"  Limit: {limit}" for limit in source.known_limits)])
