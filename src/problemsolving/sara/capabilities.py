"""What a source cannot tell it is not asked: the reason why, and which source could."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from problemsolving.dictionary.schema import names as dictionary_names
from problemsolving.dictionary.schema import source as get_source
from problemsolving.results import NotEstimable, listed
from problemsolving.study import Study

Needs = Mapping[str, Sequence[str | bool]]  # capability → levels that will do

DAYS: Needs = {"time": ("day", "minute")}
POINTS: Needs = {"place": ("point", "address")}
PEOPLE: Needs = {"people": ("characteristics", "pseudonym")}
PERSONS: Needs = {"people": ("pseudonym",)}
OFFENCES: Needs = {"offence_code": (True,)}
MINUTES: Needs = {"minutes": (True,)}

_REASONS: dict[tuple[str, str | bool], str] = {
    ("time", "none"): "no times",
    ("time", "year"): "years only",
    ("time", "month"): "months only",
    ("time", "day"): "days without the time of day",
    ("place", "none"): "no places",
    ("place", "area"): "areas only",
    ("place", "snapped point"): "points snapped to map points that stand for a catchment, not places",
    ("people", "none"): "no people",
    ("people", "characteristics"): "what people are like, not who is the same person",
    ("offence_code", False): "no offence codes",
    ("minutes", False): "no minutes of staff time",
}
_TABLES = {"incident": "incidents", "call_for_service": "calls for service"}


def not_told(study: Study, needs: Needs, *, table: str = "incident") -> NotEstimable | None:
    """Say why a question is beyond the sources of a table, and which source could answer it; None where it is not.

    Parameters
    ----------
    study : Study
    needs : mapping of str to sequence
        Capability → levels that will do.
    table : str
        Whose sources are asked.
    """
    sources = [reading.source for reading in study.readings.values() if reading.source.table == table]
    if not sources:
        words = _TABLES.get(table, table.replace("_", " "))
        return NotEstimable(reason=f"the profile has no {words} data", remedy=who_could(needs, table=table))
    lacking = [
        _REASONS[capability, getattr(source.capabilities, capability)]
        for source in sources
        for capability, levels in needs.items()
        if getattr(source.capabilities, capability) not in levels
    ]
    if not lacking:
        return None
    return NotEstimable(
        reason=f"source has {listed(list(dict.fromkeys(lacking)))}", remedy=who_could(needs, table=table)
    )


def who_could(needs: Needs, *, table: str) -> str:
    """Name the sources of the dictionary that could answer, those of real data before simulated ones."""
    able = [
        found
        for found in map(get_source, dictionary_names("sources"))
        if found.table == table
        and all(getattr(found.capabilities, capability) in levels for capability, levels in needs.items())
    ]
    named = [f"{found.title} ({found.name})" for found in able if not found.name.startswith("simulated-")]
    named = named or [f"{found.title} ({found.name})" for found in able]
    if not named:
        return "No source of the data dictionary can tell; add one that does."
    return f"In the data dictionary, {listed(named[:4])} could tell."
