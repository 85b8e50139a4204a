"""A small profile of a delivery, for the one after it: counts, shares and middle values, never a value."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from problemsolving.dictionary.mapping import quoted
from problemsolving.dictionary.schema import TableField, TableSchema

if TYPE_CHECKING:
    import duckdb

FEWEST = 30  # rows below which shares and middle values tell nothing
FEW_VALUES = 60  # different values up to which an open column is a set of categories
_SURELY_MANY = 1_000  # different values, by estimate, from which they need not be counted


def summarise_relation(connection: duckdb.DuckDBPyConnection, relation: str, schema: TableSchema) -> dict[str, Any]:
    """Give rows by month, and how empty and how various each column is, in SQL: any number of rows in little memory.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    relation : str
        SQL of the canonical table.
    schema : TableSchema
        Of the table.

    Returns
    -------
    dict
        ``months``: month → rows. ``columns``: column → share that is empty, how many values differ (none, one, few,
        many), for numbers their middle value, for open categories short hashes with their counts.
    """
    present = [row[0] for row in connection.execute(f"describe select * from {relation}").fetchall()]
    fields = [found for found in schema.fields if found.name in present]
    plain = [found for found in fields if found.type != "geojson"]
    asked = ["count(*)"]
    for found in plain:
        name = quoted(found.name)
        middle = f"median({name})" if _has_middle(found) else "null"
        asked += [f"count({name})", f"approx_count_distinct({name})", middle]
    rows, *facts = connection.execute(f"select {', '.join(asked)} from {relation}").fetchone() or (0,)
    columns: dict[str, Any] = {found.name: {"empty": 0.0, "different": "many"} for found in fields}
    for place, found in enumerate(plain):
        filled, different, middle = facts[3 * place : 3 * place + 3]
        if different <= _SURELY_MANY:
            different = _first(connection, f"select count(distinct {quoted(found.name)}) from {relation}")
        columns[found.name] = _told(rows, filled, different)
        if _has_middle(found) and filled >= FEWEST:
            columns[found.name]["middle"] = float(middle)
        if found.type == "string" and found.sensitivity == "open" and 0 < different <= FEW_VALUES:
            columns[found.name]["values"] = _categories(connection, relation, found.name)
    return {"months": _months(connection, relation, fields), "columns": columns}


def _has_middle(found: TableField) -> bool:
    return found.type in ("number", "integer") and found.sensitivity in ("open", "quasi")


def _told(rows: int, filled: int, different: int) -> dict[str, Any]:
    return {
        "empty": round(1 - filled / rows, 4) if rows else 0.0,
        "different": "none" if not different else "one" if different == 1 else "few" if different <= FEW_VALUES else "many",
    }  # fmt: skip


def _categories(connection: duckdb.DuckDBPyConnection, relation: str, name: str) -> dict[str, int]:
    column = quoted(name)
    found = connection.execute(
        f"select {column}, count(*) from {relation} where {column} is not null group by 1"
    ).fetchall()
    return {_short(value): int(count) for value, count in sorted(found)}


def _months(connection: duckdb.DuckDBPyConnection, relation: str, fields: list[TableField]) -> dict[str, int]:
    names = [found.name for found in fields]
    times = [found.name for found in fields if found.type == "datetime"]
    if "month" not in names and not times:
        return {}
    month = '"month"' if "month" in names else f"strftime({quoted(times[0])}, '%Y-%m')"
    found = connection.execute(
        f"select {month} as m, count(*) from {relation} where m is not null group by 1"
    ).fetchall()
    return {str(month): int(count) for month, count in sorted(found)}


def _first(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    return int((connection.execute(query).fetchone() or (0,))[0])


def _short(value: object) -> str:
    return hashlib.blake2s(str(value).encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
