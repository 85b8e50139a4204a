"""What no single row shows: keys that repeat, months in two files, points far from their area, identifiers cut short."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from problemsolving.dictionary.faults import ROWS_KEPT, Fault, Severity
from problemsolving.dictionary.mapping import key_columns, spread_columns
from problemsolving.dictionary.schema import Source, TableSchema
from problemsolving.periods import Month

if TYPE_CHECKING:
    import duckdb

FAR = 25.0  # km from the middle point of the other rows of its area; 8.5 is the most in 24 months of Bedfordshire
MIRRORED = 3.0  # km off, and three times nearer when the sign of its longitude is turned
FEWEST = 3  # points of an area that can tell its middle
MOST = 0.5  # share of identifiers that must agree on a form before the others are faulty
_WALES = "lon between -5.7 and -2.6 and lat between 51.3 and 53.6"
_ENGLAND = "lon between -6.5 and 1.9 and lat between 49.8 and 55.9 and (lon > -3.75 or lat < 51.3)"
_COUNTRIES = (("E", "England", _ENGLAND), ("W", "Wales", _WALES))


def together_faults(
    connection: duckdb.DuckDBPyConnection, source: Source, schema: TableSchema, facts: set[str], names: list[str]
) -> list[Fault]:
    """Compare the rows of all files of a source; give faults and notes."""
    heading = {name: str(column.from_) for name, column in source.columns.items() if column.from_}
    areas = next((heading[f.name] for f in schema.fields if f.name in heading and f.is_small_area), "")
    ids = next((heading[f.name] for f in schema.fields if f.sensitivity == "identifier" and f.name in heading), "")
    faults: list[Fault] = []

    def tell(column: str, rule: str, query: str, severity: Severity = "refuse") -> None:
        found = connection.execute(f"select file, count(*), min(line, {ROWS_KEPT}) {query} group by file order by file")
        for file, count, lines in found.fetchall():
            faults.append(Fault(names[file], column, rule, count, tuple(sorted(lines)), severity))

    if "key" in facts:
        key = ", ".join(dict.fromkeys(heading[name] for name in key_columns(source, schema)))
        known = source.conflicts == "unknown"
        words = "stands more than once: read once, without what differs" if known else "must be unique"
        tell(key, words, f"from facts where key in {_repeated('key')}", "report" if known else "refuse")
    for place, name in enumerate(spread_columns(source)):
        case, part = f"case{place}", f"part{place}"
        several = f"(select {case} from facts where {case} is not null group by 1 having count(distinct {part}) > 1)"
        whose = heading[str(source.columns[name].spread)]
        tell(heading[name], f'differs between rows of one "{whose}"', f"from facts where {case} in {several}")
    if {"force", "month"} <= facts:
        faults += _months_in_two_files(connection, names, has_identifiers="id" in facts)
    if {"month"} <= facts:
        faults += _gaps(connection, heading["month"], names)
    if "lon" in facts:
        tell(areas, "a point far from the other points of its area; swapped, or a sign lost", _far())
        for kind, country, inside in () if source.areas == "made up" else _COUNTRIES:
            tell(areas, f"an area of {country} with a point outside {country}", f"from facts where area like '{kind}%' and lon between -9 and 3 and lat between 49 and 61 and not ({inside})")  # fmt: skip
    if {"area", "month"} <= facts:
        few = "(select left(area, 1) from facts where area is not null group by 1 having count(*) < 0.1 * (select count(area) from facts))"
        tell(areas, "an area of another country than nine tenths of the rows", f"from facts where left(area, 1) in {few}", "report")  # fmt: skip
    if "form" in facts:
        for rule, query in _cut_identifiers(connection):
            tell(ids, rule, query)
        if "key" not in facts:
            tell(ids, "stands more than once in its month", f"from facts where id is not null and {_again(facts)}", "report")  # fmt: skip
    if "force" in facts:
        rare = "(select (file, force) from (select file, force, count(*) as n, sum(count(*)) over (partition by file) as every from facts where force is not null group by file, force) where n < 0.5 * every)"
        tell(heading["force"], "another force than most rows of the file", f"from facts where (file, force) in {rare}", "report")  # fmt: skip
        faults += _renamed(connection, heading["force"], names)
    return faults


def _repeated(name: str) -> str:
    return f"(select {name} from facts where {name} is not null group by {name} having count(*) > 1)"


def _again(facts: set[str]) -> str:
    parts = "id, month" if "month" in facts else "id"
    return f"({parts}) in (select ({parts}) from (select {parts} from facts where id is not null group by {parts} having count(*) > 1))"


def _far() -> str:
    middle = f"(select area as middle_of, median(lon) as x, median(lat) as y from facts where area is not null and lon is not null and lat is not null group by area having count(*) >= {FEWEST})"

    def km(lon: str) -> str:
        return f"111.2 * sqrt((lat - y) * (lat - y) + pow(cos(radians(y)) * ({lon} - x), 2))"

    # a point out of range, or swapped, is told by the limits of its own column
    valid = "lon between -9 and 3 and lat between 49 and 61"
    return f"from facts join {middle} on area = middle_of where {valid} and ({km('lon')} > {FAR} or ({km('lon')} > {MIRRORED} and {km('lon')} > 3 * {km('-lon')}))"


def _cut_identifiers(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    """Find identifiers that are not of the one form that most have: digits with leading zeros, or long hexadecimal."""
    forms = connection.execute(
        "select abs(form), count(*), bool_or(form < 0) from facts where form is not null group by 1 order by 2 desc"
    ).fetchall()
    if not forms:
        return []
    (form, count, zeros), total = forms[0], sum(found[1] for found in forms)
    if count <= MOST * total:
        return []
    if form >= 1000:
        return [("not in the form that most identifiers have", f"from facts where form <> {form}")]
    if form and zeros:
        return [("shorter than most identifiers: leading zeros lost", f"from facts where form > 0 and form < {form}")]
    return []


def _months_in_two_files(
    connection: duckdb.DuckDBPyConnection, names: list[str], *, has_identifiers: bool
) -> list[Fault]:
    """Find months of the same force that stand in more than one file: they would be counted twice.

    Files whose rows all have identifiers, none of which stands in two files, are parts of one delivery.
    """
    found = connection.execute(
        "select min(file), max(file), month from facts group by force, month having count(distinct file) > 1 order by all"
    ).fetchall()
    told = [
        Fault(names[last], "", f"month {month} of the same force also stands in {names[first]}; remove one")
        for first, last, month in found
        if re.fullmatch(r"\d{4}-\d{2}", str(month))
    ]
    if not told or not has_identifiers:
        return told
    files = "select count(*) from (select id from facts group by id having id is null or count(distinct file) > 1)"
    if (connection.execute(files).fetchone() or (1,))[0]:
        return told
    words = "months of the same force stand in several files that have no identifier in common: read as parts of one delivery"
    return [Fault(f"{len(names)} files together", "", words, len(told), (), "report")]


def _gaps(connection: duckdb.DuckDBPyConnection, heading: str, names: list[str]) -> list[Fault]:
    """Find months without a row between the first and the last."""
    rows = connection.execute(
        "select distinct month from facts where regexp_matches(month, '^(19|20)[0-9]{2}-(0[1-9]|1[0-2])$') order by 1"
    ).fetchall()
    months = [Month.parse(row[0]) for row in rows]
    have, missing = set(months), []
    month = months[0] if months else None
    while month is not None and month < months[-1]:
        month = month.next
        if month not in have:
            missing.append(str(month))
    if not missing:
        return []
    more = f" and {len(missing) - 12} more" if len(missing) > 12 else ""
    rule = f"no row in {', '.join(missing[:12])}{more}, though months before and after have some"
    where = names[0] if len(names) == 1 else f"{len(names)} files together"
    return [Fault(where, heading, rule, len(missing), (), "report")]


def _renamed(connection: duckdb.DuckDBPyConnection, heading: str, names: list[str]) -> list[Fault]:
    """Find files whose force is another than in the files before, where every file has one."""
    found = connection.execute(
        "select file, any_value(force), min(month) from facts group by file having count(distinct force) = 1 order by 3, 1"
        if _has(connection, "month")
        else "select file, any_value(force), 0 from facts group by file having count(distinct force) = 1 order by 1"
    ).fetchall()
    return [
        Fault(names[file], heading, f"another force than in {names[before]}: renamed, or another area", 1, (), "report")
        for (before, first, _), (file, second, _) in pairwise(found)
        if first != second
    ]


def _has(connection: duckdb.DuckDBPyConnection, name: str) -> bool:
    return name in [row[0] for row in connection.execute("describe facts").fetchall()]
