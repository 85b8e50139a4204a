"""The rules of a table as SQL: each is true where a row breaks it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from problemsolving.dictionary.codelists import codelist
from problemsolving.dictionary.faults import Severity
from problemsolving.dictionary.mapping import (
    cleaned,
    literal,
    notes_of,
    table_rules,
    text_of,
    typed,
    value_of,
    word_rules,
)
from problemsolving.dictionary.schema import ColumnMap, Source, TableField, TableSchema
from problemsolving.dictionary.texts import MAX_TEXT, text_rules, unusual

_NUMBER = r"^-?[0-9]+([.][0-9]+)?$"
_INTEGER = r"^-?[0-9]+([.]0+)?$"
_DATETIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?$"
LAST_AREAS = {"E01": "E01035762", "W01": "W01002040"}  # the highest codes of 2021 (ONS); those of 2011 are below
SMALL_AREA = "^[EW]01"


@dataclass(frozen=True)
class Rule:
    """A rule of one column: heading, words, SQL that is true where it is broken, and what must be true before."""

    heading: str
    words: str
    test: str
    gate: str | None = None
    severity: Severity = "refuse"


def is_small_area(found: TableField) -> bool:
    """Tell whether a field holds small-area codes."""
    return (found.constraints.pattern or "").startswith(SMALL_AREA)


def rules_of_table(source: Source, schema: TableSchema, today: dt.date) -> list[Rule]:
    """Give every rule of the columns that a source maps, in the order of the table."""
    rules = [
        rule
        for found in schema.fields
        if found.name in source.columns
        for rule in rules_of(found, source.columns[found.name], today, key=found.name in schema.primaryKey)
    ]
    rules += [Rule(heading, words, test) for heading, words, test in table_rules(source, schema)]
    rules += [Rule(heading, words, test, severity="report") for heading, words, test in notes_of(source, schema)]
    return _each_once(rules)


def _each_once(rules: list[Rule]) -> list[Rule]:
    """Join rules of the same words on the same column, mapped to two fields, so that a row counts once."""
    same: dict[tuple[str, str, str | None, Severity], dict[str, None]] = {}
    for rule in rules:
        same.setdefault((rule.heading, rule.words, rule.gate, rule.severity), {})[rule.test] = None
    return [
        Rule(
            heading,
            words,
            " or ".join(f"({test})" for test in tests) if len(tests) > 1 else next(iter(tests)),
            gate,
            severity,
        )
        for (heading, words, gate, severity), tests in same.items()
    ]


def rules_of(found: TableField, column: ColumnMap, today: dt.date, *, key: bool = False) -> list[Rule]:
    """Give the rules of one field; a column that holds one given value for all rows has none."""
    if column.from_ is None:
        return []
    heading, raw, text = column.from_, cleaned(column), text_of(found.name, column, found.type)
    limits = found.constraints
    needed = limits.required or key
    rules = [
        Rule(heading, "must not be empty", f"{raw} is null")
        if needed
        else Rule(heading, "is empty", f"{raw} is null", severity="report")
    ]
    if column.codelist:
        rules.append(Rule(heading, f"not in codelist {column.codelist}", f"{raw} is not null and {text} is null"))
    elif found.codelist:
        codes = ", ".join(map(literal, codelist(found.codelist)))
        rules.append(Rule(heading, f"not in codelist {found.codelist}", f"{text} not in ({codes})"))
    if limits.enum:
        allowed = ", ".join(map(literal, limits.enum))
        rules.append(
            Rule(heading, "not one of the values allowed", f"regexp_replace({text}, '[.]0+$', '') not in ({allowed})")
        )
    if limits.pattern:
        form = f"not regexp_full_match({text}, {literal(limits.pattern.strip('^$'))})"
        rules.append(Rule(heading, "not in the form of this code", form))
    if is_small_area(found):
        beyond = " or ".join(f"({text} like '{kind}%' and {text} > '{last}')" for kind, last in LAST_AREAS.items())
        form = literal(str(limits.pattern).strip("^$"))
        rules.append(Rule(heading, "no such small area", f"({beyond}) and regexp_full_match({text}, {form})"))
    by_type = {
        "string": _text_rules,
        "number": _number_rules,
        "integer": _number_rules,
        "yearmonth": _month_rules,
        "datetime": _time_rules,
    }
    if found.type in by_type and not (found.type == "string" and column.codelist):
        rules += by_type[found.type](found, heading, text, today)
    if found.type in ("number", "integer"):
        rules += _range_rules(found, heading, value_of(found, column))
    if found.type == "boolean":
        rules.append(Rule(heading, "not true or false", f"{text} not in ('true', 'false')"))
    return rules + [Rule(heading, words, test) for heading, words, test in word_rules(found, column)]


def _text_rules(found: TableField, heading: str, text: str, today: dt.date) -> list[Rule]:  # noqa: ARG001
    identifier = found.sensitivity == "identifier" or bool(found.constraints.pattern or found.constraints.enum)
    gate = unusual(text, identifier=identifier)
    rules = [Rule(heading, words, test, gate) for words, test in text_rules(text, identifier=identifier)]
    return [*rules, Rule(heading, f"longer than {MAX_TEXT:,} bytes", f"strlen({text}) > {MAX_TEXT}")]


def _number_rules(found: TableField, heading: str, text: str, today: dt.date) -> list[Rule]:  # noqa: ARG001
    form = _NUMBER if found.type == "number" else _INTEGER
    words = f"not {'a number' if found.type == 'number' else 'a whole number'}"
    return [Rule(heading, words, f"not regexp_matches({text}, {literal(form)})")]


def _range_rules(found: TableField, heading: str, value: str) -> list[Rule]:
    rules = []
    for limit, sign, beyond in (
        (found.constraints.minimum, "<", "below"),
        (found.constraints.maximum, ">", "above"),
    ):
        if limit is not None:
            rules.append(Rule(heading, f"{beyond} {limit:g}", f"{value} {sign} {limit}"))
    return rules


def _month_rules(found: TableField, heading: str, text: str, today: dt.date) -> list[Rule]:  # noqa: ARG001
    form = f"regexp_matches({text}, '^[0-9]{{4}}-[0-9]{{2}}$')"
    return [
        Rule(heading, "a month before 1990", f"{text} < '1990-01' and {form}"),
        Rule(heading, "not a month written as 2021-05", f"not regexp_matches({text}, '^[0-9]{{4}}-(0[1-9]|1[0-2])$')"),
        Rule(heading, "a month that has not come yet", f"{text} > '{today:%Y-%m}' and {form}"),
    ]


def _time_rules(found: TableField, heading: str, text: str, today: dt.date) -> list[Rule]:  # noqa: ARG001
    moment = typed(text, "datetime")
    latest = today + dt.timedelta(days=2)
    return [
        Rule(
            heading,
            "not a date and time",
            f"not regexp_matches({text}, {literal(_DATETIME)}) or ({text} is not null and {moment} is null)",
        ),
        Rule(heading, "a date before 1900", f"{moment} < timestamp '1900-01-01'"),
        Rule(heading, "a date that has not come yet", f"{moment} >= timestamp '{latest:%Y-%m-%d}'"),
    ]
