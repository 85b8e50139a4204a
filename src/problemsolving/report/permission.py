"""What the page says of permission and sources: under which records the data were used, what is known of them."""

from __future__ import annotations

from typing import Any

from problemsolving.dictionary.codelists import label
from problemsolving.dictionary.faults import counts_rows
from problemsolving.errors import counted
from problemsolving.governance.permissions import permission_proof
from problemsolving.governance.policies import Policy
from problemsolving.governance.sharing import OpenRecord, SharingRecord
from problemsolving.results import listed


def permission_rows(sharing: dict[str, SharingRecord]) -> list[dict[str, str]]:
    """Give one row a data set: level, what it is used under, purpose, what may leave, when it is reviewed.

    Codes and days alone: no free text of a record and no name of a person.
    """
    return [{"dataset": name, **_row(record)} for name, record in sharing.items()]


def _row(record: SharingRecord) -> dict[str, str]:
    proof = permission_proof(record)
    if isinstance(record, OpenRecord):
        return {
            "level": record.level,
            "under": f"open licence {record.licence}",
            "purpose": record.purpose,
            "leaves": "as the profile's policy allows",
            "review_on": proof["review_on"],
        }
    return {
        "level": record.level,
        "under": (
            f"record of {label('agency-types', record.source_agency)}: {proof['legal_gateway']}; "
            f"{counted(proof['fields'], 'field')} declared with why; impact assessment of {proof['dpia']}; "
            f"approved {proof['approved_on']}; kept until {proof['retention_until']}"
        ),
        "purpose": listed([label("purposes", code) for code in record.purpose_codes]),
        "leaves": f"{proof['policy']}; no area smaller than a {proof['lowest_area'].replace('-', ' ')}",
        "review_on": proof["review_on"],
    }


def limits_by_words(inputs: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Give each known limit once, with the titles of the data sets that have it."""
    found: dict[str, list[str]] = {}
    for entry in inputs:
        for limit in entry["known_limits"]:
            found.setdefault(limit, []).append(entry["title"])
    return {limit: list(dict.fromkeys(titles)) for limit, titles in found.items()}


def notes_in_words(inputs: list[dict[str, Any]], policy: Policy) -> list[str]:
    """Say what the door told of the data without refusing them: one line a data set, column and rule.

    Rows of all files are summed first, and the sum is shown as the policy lets it be; a count of months or files is
    left out, since the rule names them.
    """
    told = []
    for entry in inputs:
        counts: dict[tuple[str, str], int] = {}
        for note in entry.get("notes", ()):
            counts[note["column"], note["rule"]] = counts.get((note["column"], note["rule"]), 0) + note["count"]
        for (column, rule), count in counts.items():
            (shown,) = policy.apply([count]) if entry["level"] != "aggregate" else (count,)
            rows = counted(int(shown), "row") if shown == shown else "a few rows"
            where = f'"{column}": ' if column else ""
            told.append(f"{entry['title']}: {where}{rule}" + (f" ({rows})" if counts_rows(rule) else ""))
    return told
