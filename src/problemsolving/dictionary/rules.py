"""The rules of a table as SQL: each is true where a row breaks it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from problemsolving.dictionary.codelists import codelist
from problemsolving.dictionary.faults import Severity
from problemsolving.dictionary.mapping import literal, quoted, text_of, typed
from problemsolving.dictionary.schema import ColumnMap, Source, TableField, TableSchema
from problemsolving.dictionary.texts import MAX_TEXT, text_rules, unusual

_NUMBER = r"^-?[0-9]+([.][0-9]+)?$"
_INTEGER = r"^-?[0-9]+([.]0+)?$"
_DATETIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?$"
LAST_AREAS = {"E01": "E01035762", "W01": "W01002040"}  # the highest codes of 2021 (ONS); those of 2011 are below
SMALL_AREA = "^[EW]01"
SIMULATED = "problemsolving simulate"  # a publisher whose areas are invented: they are in no list of ONS
ID_FORM = '"form of identifier"'  # a column computed beside those of the file


@dataclass(frozen=True)
class Rule:
    """A rule of one column: heading, words, SQL that is true where it is broken, and what must be true before."""

    heading: str
    words: str
    test: str
    gate: str | None = None
    severity: Severity = "refuse"


@dataclass(frozen=True)
class ColumnRules:
    """The rules of a column, and SQL that is true only where none of them is broken: most rows need no closer look."""

    raw: str
    clean: str
    rules: tuple[Rule, ...]


def is_small_area(found: TableField) -> bool:
    """Tell whether a field holds small-area codes."""
    return (found.constraints.pattern or "").startswith(SMALL_AREA)


def identifier_of(source: Source, schema: TableSchema) -> str | None:
    """Give the field whose identifiers are compared with each other: the first that the file has."""
    for found in schema.fields:
        column = source.columns.get(found.name)
        if found.sensitivity == "identifier" and found.type == "string" and column and column.from_:
            return found.name
    return None


def form_of_identifier(text: str) -> str:
    """SQL for the form of an identifier as a number.

    Digits by their length, negative with a leading zero; long hexadecimal 1000 and its length; anything else 0.
    """
    return (
        f"case when {text} is null then null "
        f"when strlen({text}) >= 32 then (case when regexp_matches({text}, '^[0-9a-f]+$') and strlen({text}) < 999 "
        f"then 1000 + strlen({text}) else 0 end) "
        f"when regexp_matches({text}, '^[0-9]+$') then strlen({text}) * (case when {text} like '0%' then -1 else 1 end) "
        "else 0 end"
    )


def rules_of_table(source: Source, schema: TableSchema, today: dt.date) -> list[ColumnRules]:
    """Give the rules of the columns that a source maps, in the order of the table."""
    identifier = identifier_of(source, schema)
    return [
        rules_of(
            found,
            source.columns[found.name],
            today,
            key=found.name in schema.primaryKey,
            form=ID_FORM if found.name == identifier else None,
            invented=source.publisher == SIMULATED,
        )
        for found in schema.fields
        if found.name in source.columns and source.columns[found.name].from_ is not None
    ]


def rules_of(
    found: TableField,
    column: ColumnMap,
    today: dt.date,
    *,
    key: bool = False,
    form: str | None = None,
    invented: bool = False,
) -> ColumnRules:
    """Give the rules of one field that a column of the file fills.

    Parameters
    ----------
    key : bool
        The field is part of the key, so it must not be empty.
    form : str, optional
        SQL of the form of the identifier, where it is computed already.
    invented : bool
        Areas are simulated, so codes that were never issued are right.
    """
    heading, raw, text = str(column.from_), quoted(str(column.from_)), text_of(found.name, column)
    limits, clean = found.constraints, [f"{raw} is not null"]
    rules = [
        Rule(heading, "must not be empty", f"{raw} is null")
        if limits.required or key
        else Rule(heading, "is empty", f"{raw} is null", severity="report")
    ]
    if column.codelist:
        clean.append(f"{text} is not null")
        rules.append(Rule(heading, f"not in codelist {column.codelist}", f"{raw} is not null and {text} is null"))
    elif found.codelist:
        codes = ", ".join(map(literal, codelist(found.codelist)))
        clean.append(f"{text} in ({codes})")
        rules.append(Rule(heading, f"not in codelist {found.codelist}", f"{text} not in ({codes})"))
    if limits.enum:
        allowed = ", ".join(map(literal, limits.enum))
        clean.append(f"{text} in ({allowed})")
        test = f"regexp_replace({text}, '[.]0+$', '') not in ({allowed})"
        rules.append(Rule(heading, "not one of the values allowed", test))
    if limits.pattern:
        matched = f"regexp_full_match({text}, {literal(limits.pattern.strip('^$'))})"
        clean.append(matched)
        rules.append(Rule(heading, "not in the form of this code", f"not {matched}"))
        if is_small_area(found) and not invented:
            beyond = " or ".join(f"({text} like '{kind}%' and {text} > '{last}')" for kind, last in LAST_AREAS.items())
            clean.append(f"not ({beyond})")
            rules.append(Rule(heading, "no such small area", f"({beyond}) and {matched}"))
    if found.type == "string" and not column.codelist:
        return _with_text_rules(found, raw, text, clean, rules, form)
    if found.type in _BY_TYPE:
        by_type, quick = _BY_TYPE[found.type](found, heading, text, today)
        return ColumnRules(raw, " and ".join([*clean, quick]), (*rules, *by_type))
    return ColumnRules(raw, " and ".join(clean), tuple(rules))


def _with_text_rules(
    found: TableField, raw: str, text: str, clean: list[str], rules: list[Rule], form: str | None
) -> ColumnRules:
    heading = rules[0].heading
    identifier = found.sensitivity == "identifier" or bool(found.constraints.pattern or found.constraints.enum)
    gate = unusual(text, identifier=identifier)
    plain = f"(not ({gate}) and strlen({text}) <= {MAX_TEXT})"
    clean.append(f"({form} <> 0 or {plain})" if form else plain)
    rules = [*rules, *(Rule(heading, words, test, gate) for words, test in text_rules(text, identifier=identifier))]
    rules.append(Rule(heading, f"longer than {MAX_TEXT:,} bytes", f"strlen({text}) > {MAX_TEXT}"))
    return ColumnRules(raw, " and ".join(clean), tuple(rules))


def _number_rules(found: TableField, heading: str, text: str, today: dt.date) -> tuple[list[Rule], str]:  # noqa: ARG001
    form = literal(_NUMBER if found.type == "number" else _INTEGER)
    words = f"not {'a number' if found.type == 'number' else 'a whole number'}"
    rules = [Rule(heading, words, f"not regexp_matches({text}, {form})")]
    number, quick = f"try_cast({text} as double)", [f"regexp_matches({text}, {form})"]
    for limit, sign, within, beyond in (
        (found.constraints.minimum, "<", ">=", "below"),
        (found.constraints.maximum, ">", "<=", "above"),
    ):
        if limit is not None:
            quick.append(f"{number} {within} {limit}")
            rules.append(Rule(heading, f"{beyond} {limit:g}", f"{number} {sign} {limit}"))
    return rules, " and ".join(quick)


def _month_rules(found: TableField, heading: str, text: str, today: dt.date) -> tuple[list[Rule], str]:  # noqa: ARG001
    form = f"regexp_matches({text}, '^[0-9]{{4}}-[0-9]{{2}}$')"
    month = f"regexp_matches({text}, '^[0-9]{{4}}-(0[1-9]|1[0-2])$')"
    rules = [
        Rule(heading, "a month before 1990", f"{text} < '1990-01' and {form}"),
        Rule(heading, "not a month written as 2021-05", f"not {month}"),
        Rule(heading, "a month that has not come yet", f"{text} > '{today:%Y-%m}' and {form}"),
    ]
    return rules, f"{text} between '1990-01' and '{today:%Y-%m}' and {month}"


def _time_rules(found: TableField, heading: str, text: str, today: dt.date) -> tuple[list[Rule], str]:  # noqa: ARG001
    moment, form = typed(text, "datetime"), f"regexp_matches({text}, {literal(_DATETIME)})"
    earliest, latest = "timestamp '1900-01-01'", f"timestamp '{today + dt.timedelta(days=2):%Y-%m-%d}'"
    rules = [
        Rule(heading, "not a date and time", f"not {form} or ({text} is not null and {moment} is null)"),
        Rule(heading, "a date before 1900", f"{moment} < {earliest}"),
        Rule(heading, "a date that has not come yet", f"{moment} >= {latest}"),
    ]
    return rules, f"{form} and {moment} >= {earliest} and {moment} < {latest}"


_BY_TYPE = {"number": _number_rules, "integer": _number_rules, "yearmonth": _month_rules, "datetime": _time_rules}
