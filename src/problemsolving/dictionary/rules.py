"""The rules of a table as SQL: each is true where a row breaks it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from problemsolving.dictionary.codelists import codelist
from problemsolving.dictionary.faults import EMPTY, Severity
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
_OFFSET = r"(Z|[+](0[0-9]|1[0-3]):?[0-5][0-9]|[+]14:?00|-(0[0-9]|1[01]):?[0-5][0-9]|-12:?00)"  # those there are
_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?"  # 24:00 is another day at 00:00
_DATETIME = rf"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}([T ]{_CLOCK}{_OFFSET}?)?$"
LAST_AREAS = {"E01": "E01035762", "W01": "W01002040"}  # the highest codes of 2021 (ONS); those of 2011 are below
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
    """The rules of a column, and SQL that is true only where none of them is broken: most rows need no closer look.

    Where ``alone``, no other rule can be broken where the first is: an empty cell breaks nothing else.
    """

    clean: str
    rules: tuple[Rule, ...]
    alone: bool = True


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
    """Give the rules of the columns that a source maps, in the order of the table, then those between columns."""
    identifier = identifier_of(source, schema)
    columns = [
        rules_of(
            found,
            source.columns[found.name],
            today,
            key=found.name in schema.primaryKey,
            form=ID_FORM if found.name == identifier else None,
            made_up=source.areas == "made up",
        )
        for found in schema.fields
        if found.name in source.columns and source.columns[found.name].from_ is not None
    ]
    between = [Rule(heading, words, test) for heading, words, test in table_rules(source, schema)]
    between += [Rule(heading, words, test, severity="report") for heading, words, test in notes_of(source, schema)]
    return _each_once(columns) + _each_once([ColumnRules(_unbroken(rule.test), (rule,)) for rule in between])


def _unbroken(test: str) -> str:
    return f"({test}) is not true"


def _each_once(columns: list[ColumnRules]) -> list[ColumnRules]:
    """Join the rules of one column that is mapped to several fields: the same words on it count a row once."""
    by_heading: dict[str, list[ColumnRules]] = {}
    for column in columns:
        by_heading.setdefault(column.rules[0].heading, []).append(column)
    return [_joined(several) if len(several) > 1 else several[0] for several in by_heading.values()]


def _joined(columns: list[ColumnRules]) -> ColumnRules:
    same: dict[tuple[str, str, str | None, Severity], dict[str, None]] = {}
    for rule in (rule for column in columns for rule in column.rules):
        same.setdefault((rule.heading, rule.words, rule.gate, rule.severity), {})[rule.test] = None
    rules = tuple(
        Rule(heading, words, " or ".join(f"({test})" for test in tests), gate, severity)
        for (heading, words, gate, severity), tests in same.items()
    )
    return ColumnRules(" and ".join(f"({column.clean})" for column in columns), rules, alone=False)


def rules_of(
    found: TableField,
    column: ColumnMap,
    today: dt.date,
    *,
    key: bool = False,
    form: str | None = None,
    made_up: bool = False,
) -> ColumnRules:
    """Give the rules of one field that a column of the file fills.

    Parameters
    ----------
    key : bool
        The field is part of the key, so it must not be empty.
    form : str, optional
        SQL of the form of the identifier, where it is computed already.
    made_up : bool
        The source's small areas are made up.
    """
    heading, raw, text = str(column.from_), cleaned(column), text_of(found.name, column, found.type)
    limits, clean = found.constraints, [f"{raw} is not null"]
    rules = [
        Rule(heading, "must not be empty", f"{raw} is null")
        if limits.required or key
        else Rule(heading, EMPTY, f"{raw} is null", severity="report")
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
        if found.is_small_area:
            beyond = " or ".join(f"({text} like '{kind}%' and {text} > '{last}')" for kind, last in LAST_AREAS.items())
            wrong, words = f"({beyond})", "no such small area"
            if made_up:
                wrong, words = (
                    f"not ({beyond})",
                    "a small area that there is, where the source says that they are made up",
                )
            clean.append(_unbroken(wrong))
            rules.append(Rule(heading, words, f"{wrong} and {matched}"))
    for words, test in ((words, test) for _, words, test in word_rules(found, column)):
        clean.append(_unbroken(test))
        rules.append(Rule(heading, words, test))
    if found.type == "string" and not column.codelist:
        more, quick = _text_rules(found, heading, text, form)
    else:
        more, quick = _typed_rules(found, column, heading, text, today)
    return ColumnRules(" and ".join([*clean, *quick]), (*rules, *more), alone=not column.plus)


def _text_rules(found: TableField, heading: str, text: str, form: str | None) -> tuple[list[Rule], list[str]]:
    person = found.sensitivity == "identifier"
    identifier = person or bool(found.constraints.pattern or found.constraints.enum)
    gate = unusual(text, identifier=identifier)
    plain = f"(not ({gate}) and strlen({text}) <= {MAX_TEXT})"
    one_word = person and found.name.endswith("_id")
    broken = text_rules(text, identifier=identifier, person=person, one_word=one_word)
    rules = [Rule(heading, words, test, gate) for words, test in broken]
    rules.append(Rule(heading, f"longer than {MAX_TEXT:,} bytes", f"strlen({text}) > {MAX_TEXT}"))
    return rules, [f"(({form} <> 0 and abs({form}) <> 10) or {plain})" if form else plain]


def _typed_rules(
    found: TableField, column: ColumnMap, heading: str, text: str, today: dt.date
) -> tuple[list[Rule], list[str]]:
    if found.type in ("number", "integer"):
        return _number_rules(found, heading, text, value_of(found, column))
    if found.type == "yearmonth":
        return _month_rules(heading, text, today)
    if found.type == "datetime":
        return _time_rules(heading, text, today)
    if found.type == "boolean":
        known = f"{text} in ('true', 'false')"
        return [Rule(heading, "not true or false", f"not {known}")], [known]
    return [], []


def _number_rules(found: TableField, heading: str, text: str, value: str) -> tuple[list[Rule], list[str]]:
    written = f"regexp_matches({text}, {literal(_NUMBER if found.type == 'number' else _INTEGER)})"
    words = f"not {'a number' if found.type == 'number' else 'a whole number'}"
    rules, quick = [Rule(heading, words, f"not {written}")], [written]
    for limit, sign, within, beyond in (
        (found.constraints.minimum, "<", ">=", "below"),
        (found.constraints.maximum, ">", "<=", "above"),
    ):
        if limit is not None:
            quick.append(f"{value} {within} {limit}")
            rules.append(Rule(heading, f"{beyond} {limit:g}", f"{value} {sign} {limit}"))
    return rules, quick


def _month_rules(heading: str, text: str, today: dt.date) -> tuple[list[Rule], list[str]]:
    form = f"regexp_matches({text}, '^[0-9]{{4}}-[0-9]{{2}}$')"
    month = f"regexp_matches({text}, '^[0-9]{{4}}-(0[1-9]|1[0-2])$')"
    rules = [
        Rule(heading, "a month before 1990", f"{text} < '1990-01' and {form}"),
        Rule(heading, "not a month written as 2021-05", f"not {month}"),
        Rule(heading, "a month that has not come yet", f"{text} > '{today:%Y-%m}' and {form}"),
    ]
    return rules, [f"{text} between '1990-01' and '{today:%Y-%m}'", month]


def _time_rules(heading: str, text: str, today: dt.date) -> tuple[list[Rule], list[str]]:
    moment, form = typed(text, "datetime"), f"regexp_matches({text}, {literal(_DATETIME)})"
    earliest, latest = "timestamp '1990-01-01'", f"timestamp '{today + dt.timedelta(days=2):%Y-%m-%d}'"
    rules = [
        Rule(heading, "not a date and time", f"not {form} or ({text} is not null and {moment} is null)"),
        Rule(heading, "a date before 1990", f"{moment} < {earliest}"),
        Rule(heading, "a date that has not come yet", f"{moment} >= {latest}"),
    ]
    return rules, [form, f"{moment} >= {earliest}", f"{moment} < {latest}"]
