"""What kind of data a record is about, and which legal gateway can carry it."""

from __future__ import annotations

from dataclasses import dataclass

from problemsolving.dictionary.codelists import codelist
from problemsolving.dictionary.schema import Source, table
from problemsolving.dictionary.schema import source as get_source
from problemsolving.errors import DictionaryError

HEALTH_BODIES = frozenset(
    ("icb", "nhs-trust", "mental-health-trust", "ambulance", "emergency-department", "general-practice", "drug-alcohol-service")
)  # fmt: skip


@dataclass(frozen=True)
class DataKind:
    """What the law looks at: is it about identifiable people, patients, special categories, offences?"""

    personal: bool
    patient: bool
    special: tuple[str, ...]
    offence: tuple[str, ...]


def find_source(name: str) -> Source | None:
    """Give a source of the dictionary, or None where the dictionary does not know it (that is told elsewhere)."""
    try:
        return get_source(name)
    except DictionaryError:
        return None


def loaded_fields(source: Source) -> tuple[str, ...]:
    """Give the canonical fields whose values a source takes out of a file; fixed values are not data."""
    return tuple(name for name, column in source.columns.items() if getattr(column, "value", None) is None)


def categories_of(field: str) -> set[str]:
    """Give the legal categories that a field's name tells: special, health, offence (codelist ``data-categories``).

    >>> sorted(categories_of("disability_known"))
    ['health', 'special']
    >>> categories_of("month")
    set()
    """
    words = codelist("data-categories")
    return {category for word in field.split("_") if word in words for category in words[word]["categories"].split(";")}


def data_kind(source: Source, *, level: str, agency: str) -> DataKind:
    """Tell what kind of data an agency shares.

    Parameters
    ----------
    source : Source
        Of the dictionary; its fields, their names and sensitivities, and what it tells of people are looked at.
    level : str
        Level of the record: aggregate, event or person.
    agency : str
        The agency that shares, a code of codelist ``agency-types``.

    Returns
    -------
    DataKind
        Data are personal at level person and wherever the source tells something of single people. Personal data
        are patient information when they come from a health body or tell of health.
    """
    personal = level == "person" or source.capabilities.people != "none"
    if not personal:
        return DataKind(False, False, (), ())
    schema = table(source.table)
    fields = {field.name: field for field in schema.fields}
    told = {name: categories_of(name) for name in loaded_fields(source)}
    special = tuple(
        name for name, found in told.items() if "special" in found or fields[name].sensitivity == "sensitive"
    )
    offence = tuple(
        name for name, found in told.items() if "offence" in found or fields[name].codelist == "crime-types"
    )
    patient = agency in HEALTH_BODIES or any("health" in found for found in told.values())
    return DataKind(True, patient, special, offence)


def gateway_faults(gateway: str, kind: DataKind, *, agency: str) -> list[str]:
    """Give why a legal gateway cannot carry data of a kind; an empty list when it can.

    >>> patients = DataKind(personal=True, patient=True, special=(), offence=())
    >>> gateway_faults("serious-violence-duty", patients, agency="police")[0].split(" (")[0]
    'does not authorise patient information'
    """
    row = codelist("legal-gateways")[gateway]
    faults = []
    if kind.patient and row["patient_information"] == "no":
        faults.append(
            f"does not authorise patient information ({row['act']}); name another gateway or share counts alone"
        )
    if kind.personal and row["personal_data"] == "no":
        faults.append(
            f"carries no personal data ({row['act']}); name another gateway or a source without single people"
        )
    if kind.personal and agency in row["no_personal_data_from"].split(";"):
        faults.append(f"does not authorise personal data held by this source_agency ({row['act']}); name another")
    return faults
