"""How a source's columns become canonical ones, as SQL over a table of raw text.

Three steps, each an expression: ``cleaned`` is the publisher's text, null where it means missing; ``text_of`` the
canonical text, null too where the source's words do not cover it (``word_rules`` finds those rows); ``value_of`` the
typed value in the canonical unit.
"""

from __future__ import annotations

import datetime as dt
from functools import cache
from zoneinfo import ZoneInfo

from problemsolving.dictionary.schema import FINANCIAL_YEAR, ColumnMap, Source, TableField, TableSchema

Rule = tuple[str, str, str]  # heading, rule in words, SQL that is true where a row breaks it
_EXAMPLE = dt.datetime(2021, 4, 17, 13, 5, 9)  # shows what a format looks like
_YEARS = (1990, 2061)  # years whose changes of the clock are known here
_STEP = 1_800  # seconds: clocks change by whole half hours


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def cleaned(column: ColumnMap) -> str:
    """SQL for the publisher's text, null where it is missing."""
    if column.value is not None:
        return literal(column.value)
    if column.plus:
        return f"cast({' + '.join(f'try_cast({part} as double)' for part in parts_of(column))} as varchar)"
    text = quoted(str(column.from_))
    if column.missing:
        text = f"(case when {text} in ({', '.join(map(literal, column.missing))}) then null else {text} end)"
    if column.thousands:
        text = f"replace({text}, {literal(column.thousands)}, '')"
    return text


def parts_of(column: ColumnMap) -> list[str]:
    """SQL for the texts of the columns that are added up."""
    return [cleaned(column.model_copy(update={"from_": name, "plus": ()})) for name in (column.from_, *column.plus)]


def text_of(name: str, column: ColumnMap, kind: str = "string") -> str:
    """SQL for a column's canonical text before it gets its type; null when missing or not covered by the words."""
    text = cleaned(column)
    if column.codelist:
        return f"{quoted('as ' + name)}.code"
    if column.extract:
        text = f"nullif(regexp_extract({text}, {literal(column.extract)}, 1), '')"
    if column.format:
        return _dated(text, column.format, kind)
    if column.recode:
        pairs = " ".join(f"when {literal(old)} then {literal(new)}" for old, new in column.recode.items())
        return f"(case {text} {pairs} end)"
    return text


def _dated(text: str, form: str, kind: str) -> str:
    if form == FINANCIAL_YEAR:
        follows = f"try_cast(right({text}, 2) as integer) = (try_cast(left({text}, 4) as integer) + 1) % 100"
        fits = f"regexp_full_match({text}, '[0-9]{{4}}/[0-9]{{2}}') and {follows}"
        return f"(case when {fits} then left({text}, 4) || '-04' end)"
    target = "%Y-%m" if kind == "yearmonth" else "%Y-%m-%d %H:%M:%S"
    return f"strftime(try_strptime({text}, {literal(form)}), {literal(target)})"


def joins(source: Source) -> str:
    return " ".join(
        f"left join {quoted('codes ' + column.codelist)} as {quoted('as ' + name)} "
        f"on {quoted('as ' + name)}.{column.match} = {cleaned(column)}"
        for name, column in source.columns.items()
        if column.codelist
    )


def typed(text: str, kind: str) -> str:
    if kind in ("number", "integer"):
        return f"try_cast({text} as double)"
    if kind == "datetime":
        return f"make_timestamp(epoch_us(try_cast({text} as timestamptz)))"
    if kind == "boolean":
        return f"({text} = 'true')"
    return text


def value_of(found: TableField, column: ColumnMap) -> str:
    """SQL for a column's typed value, in the canonical unit and direction; times are UTC."""
    text = text_of(found.name, column, found.type)
    if column.time_zone:
        return f"make_timestamp(epoch_us({_instant(text, column.time_zone)}))"
    value = typed(text, found.type)
    if column.scale and column.scale.inverted:
        value = f"({column.scale.low + column.scale.high} - {value})"
    if column.factor is not None:
        value = f"({value} * {column.factor!r})"
    return value


def _instant(text: str, zone: str) -> str:
    return f"timezone({literal(zone)}, try_cast({text} as timestamp))"


def selection(source: Source, schema: TableSchema) -> str:
    """SQL of the canonical columns of a row."""
    parts = []
    for found in schema.fields:
        if found.name not in source.columns:
            continue
        value = value_of(found, source.columns[found.name])
        if found.name in ("longitude", "latitude") and source.extent:
            value = f"case when not ({_outside(source, schema)}) then {value} end"
        parts.append(f"{value} as {quoted(found.name)}")
    return ", ".join(parts)


def key_columns(source: Source, schema: TableSchema) -> list[str]:
    """Canonical columns of the key that come from the file; those of one value for all rows tell nothing apart."""
    return [name for name in schema.primaryKey if name in source.columns and source.columns[name].from_]


def spread_columns(source: Source) -> list[str]:
    """Canonical columns whose value stands on one row of its case."""
    return [name for name, column in source.columns.items() if column.spread]


def finishing(source: Source, schema: TableSchema) -> str:
    """SQL over ``canonical`` for what no row can tell alone: values of a case, rows of one key; empty where neither is."""
    key = ", ".join(map(quoted, key_columns(source, schema))) if source.conflicts == "unknown" else ""
    spread = spread_columns(source)
    if not key and not spread:
        return ""
    values = []
    for name in source.columns:
        value = quoted(name)
        if name in spread:
            value = f"max({value}) over (partition by {quoted(str(source.columns[name].spread))})"
        elif key and name not in schema.primaryKey:
            over = f"over (partition by {key})"
            same = f"count({value}) {over} = count(*) {over} and min({value}) {over} = max({value}) {over}"
            value = f"case when {same} then {value} end"
        values.append(f"{value} as {quoted(name)}")
    once = f'qualify row_number() over (partition by {key} order by "from file", "from row") = 1' if key else ""
    return f"select * replace ({', '.join(values)}) from canonical {once}"


def _outside(source: Source, schema: TableSchema) -> str:
    """SQL that is true for a point outside the source's extent."""
    assert source.extent is not None
    lon, lat = (value_of(schema.field(name), source.columns[name]) for name in ("longitude", "latitude"))
    where = source.extent
    return f"{lon} not between {where.west} and {where.east} or {lat} not between {where.south} and {where.north}"


@cache
def _odd_times(zone: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Half hours, counted from 1970 on the local clock, that the clocks skipped, and those that stood twice."""
    known = ZoneInfo(zone)
    skipped: list[int] = []
    doubled: list[int] = []
    day, step = dt.datetime(_YEARS[0], 1, 1), dt.timedelta(seconds=_STEP)
    while day.year < _YEARS[1]:
        end = day + dt.timedelta(days=1)
        if known.utcoffset(day) != known.utcoffset(end):
            for number in range(24 * 3_600 // _STEP):
                local = day + number * step
                early, late = (known.utcoffset(local.replace(fold=fold)) for fold in (0, 1))
                if early is not None and late is not None and early != late:
                    count = (local - dt.datetime(1970, 1, 1)) // step
                    (skipped if early < late else doubled).append(count)
        day = end
    return tuple(skipped), tuple(doubled)


def _at_odd_time(local: str, counts: tuple[int, ...]) -> str:
    return f"epoch_us({local}) // {_STEP * 1_000_000} in ({', '.join(map(str, counts)) or 'null'})"


def word_rules(found: TableField, column: ColumnMap) -> list[Rule]:
    """Rules that a source's own words make: what they do not cover is a fault, never missing."""
    if column.from_ is None:
        return []
    raw, text, rules = cleaned(column), text_of(found.name, column, found.type), []
    if column.plus:
        part = " and ".join(f"regexp_full_match({text}, '[0-9]+([.][0-9]+)?')" for text in parts_of(column))
        rules.append(
            (f"({part}) is not true", f'cannot be added up to "{column.plus[-1]}": a part is empty or no number')
        )
    if column.transforms:
        rules.append((f"{raw} is not null and {text} is null", f"not {_in_words(column)}"))
    if column.scale:
        low, high = column.scale.low, column.scale.high
        rules.append(
            (f"{typed(text, found.type)} not between {low} and {high}", f"not on the scale {low:g} to {high:g}")
        )
    if column.time_zone:
        local, (skipped, _) = f"try_cast({text} as timestamp)", _odd_times(column.time_zone)
        rules.append(
            (f"regexp_matches({text}, '[0-9](Z|[+-][0-9]{{2}}:?[0-9]{{2}})$') and contains({text}, ':')",
             f"has an offset of its own, but its source says that times are those of {column.time_zone}")
        )  # fmt: skip
        rules.append(
            (_at_odd_time(local, skipped), f"a time that clocks skipped when they went forward in {column.time_zone}")
        )  # fmt: skip
    return [(column.from_, words, test) for test, words in rules]


def _in_words(column: ColumnMap) -> str:
    if column.format == FINANCIAL_YEAR:
        return "a financial year written as 2008/09"
    if column.format:
        return f"written as {_EXAMPLE.strftime(column.format)}"
    return "one of the values that its source knows" if column.recode else "in the form that its source knows"


def table_rules(source: Source, schema: TableSchema) -> list[Rule]:
    """Rules between two columns of a row: parts are never above their whole, nor ends before their beginnings."""
    return _order_rules(source, schema, schema.ordered)


def _order_rules(source: Source, schema: TableSchema, pairs: tuple[tuple[str, str], ...]) -> list[Rule]:
    rules = []
    for pair in pairs:
        columns = [source.columns.get(name) for name in pair]
        if all(column and column.from_ for column in columns):
            low, high = (value_of(schema.field(name), source.columns[name]) for name in pair)
            first, second = (str(source.columns[name].from_) for name in pair)
            word = "after" if schema.field(pair[0]).type in ("datetime", "yearmonth") else "above"
            rules.append((first, f'{word} "{second}"', f"{low} > {high}"))
    return rules


def notes_of(source: Source, schema: TableSchema) -> list[Rule]:
    """What is read all the same but must be told: heading, words, and the SQL that is true for such a row."""
    notes: list[Rule] = _order_rules(source, schema, schema.expected)
    for found in schema.fields:
        column = source.columns.get(found.name)
        if column is None or column.from_ is None:
            continue
        text = text_of(found.name, column, found.type)
        if column.time_zone:
            _, doubled = _odd_times(column.time_zone)
            test = _at_odd_time(f"try_cast({text} as timestamp)", doubled)
            notes.append((column.from_, "a time that stood twice on the clock: read as the later", test))
    if source.extent:
        heading = f"{source.columns['longitude'].from_}, {source.columns['latitude'].from_}"
        notes.append((heading, "a point where none of this source can lie: read as missing", _outside(source, schema)))
    return notes
