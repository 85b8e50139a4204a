"""The rules of a table as SQL: each is true where a row breaks it."""

from __future__ import annotations

import datetime as dt

from problemsolving.dictionary.codelists import codelist
from problemsolving.dictionary.mapping import cleaned, literal, text_of, typed, value_of, word_rules
from problemsolving.dictionary.schema import ColumnMap, TableField

_NUMBER = r"^-?[0-9]+([.][0-9]+)?$"
_INTEGER = r"^-?[0-9]+([.]0+)?$"
_CONTROLS = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x{9f}\x{202a}-\x{202e}\x{2066}-\x{2069}]"
_DATETIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?$"


def rules_of(found: TableField, column: ColumnMap, today: dt.date) -> list[tuple[str, str, str]]:
    """Give heading, rule in words and the SQL that is true where the rule is broken."""
    if column.from_ is None:
        return []
    heading, raw, text = column.from_, cleaned(column), text_of(found.name, column, found.type)
    limits, rules = found.constraints, word_rules(found, column)

    def broken(words: str, test: str) -> None:
        rules.append((heading, words, test))

    if limits.required:
        broken("must not be empty", f"{raw} is null")
    if column.codelist:
        broken(f"not in codelist {column.codelist}", f"{raw} is not null and {text} is null")
    elif found.codelist:
        codes = ", ".join(map(literal, codelist(found.codelist)))
        broken(f"not in codelist {found.codelist}", f"{text} not in ({codes})")
    if found.type == "string" and not column.codelist:
        broken("holds control or direction characters", f"regexp_matches({text}, {literal(_CONTROLS)})")
    if limits.enum:
        broken(
            "not one of the values allowed",
            f"regexp_replace({text}, '[.]0+$', '') not in ({', '.join(map(literal, limits.enum))})",
        )
    if limits.pattern:
        broken("not in the form of this code", f"not regexp_full_match({text}, {literal(limits.pattern.strip('^$'))})")
    if found.type in ("number", "integer"):
        form = _NUMBER if found.type == "number" else _INTEGER
        broken(
            f"not {'a number' if found.type == 'number' else 'a whole number'}",
            f"not regexp_matches({text}, {literal(form)})",
        )
        for limit, sign, words in ((limits.minimum, "<", "below"), (limits.maximum, ">", "above")):
            if limit is not None:
                broken(f"{words} {limit:g}", f"{value_of(found, column)} {sign} {limit}")
    if found.type == "boolean":
        broken("not true or false", f"{text} not in ('true', 'false')")
    if found.type == "yearmonth":
        broken("a month before 1990", f"regexp_matches({text}, '^[0-9]{{4}}-[0-9]{{2}}$') and {text} < '1990-01'")
        broken("not a month written as 2021-05", f"not regexp_matches({text}, '^[0-9]{{4}}-(0[1-9]|1[0-2])$')")
        broken(
            "a month that has not come yet",
            f"regexp_matches({text}, '^[0-9]{{4}}-[0-9]{{2}}$') and {text} > '{today:%Y-%m}'",
        )
    if found.type == "datetime":
        broken(
            "not a date and time",
            f"not regexp_matches({text}, {literal(_DATETIME)}) or ({text} is not null and {typed(text, 'datetime')} is null)",
        )
    return rules
