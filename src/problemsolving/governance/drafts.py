"""Drafts of sharing records: every field named, what the dictionary knows filled in, the rest left to people."""

from __future__ import annotations

from problemsolving.dictionary.codelists import codelist
from problemsolving.dictionary.schema import source as get_source
from problemsolving.dictionary.schema import table
from problemsolving.governance.gateways import loaded_fields
from problemsolving.governance.terms import AREAS, UNDECIDED


def draft_record(dataset: str, source: str) -> str:
    """Write a draft of a full sharing record.

    Parameters
    ----------
    dataset : str
        Its name in ``problem.yml``.
    source : str
        Its source in the dictionary.

    Returns
    -------
    str
        YAML in which everything that people decide says ``TO BE DECIDED``; such a record loads nothing.

    Raises
    ------
    DictionaryError
        When the dictionary has no such source.
    """
    found = get_source(source)
    described = {field.name: field.description for field in table(found.table).fields}
    people = found.capabilities.people
    level = "person" if people == "pseudonym" else "event" if people == "characteristics" else UNDECIDED
    fields = "\n".join(f"  - name: {name}  # {described[name]}\n    why: {UNDECIDED}" for name in loaded_fields(found))
    links = f"{UNDECIDED}  # other data sets, separated by commas, or none" if people == "pseudonym" else "none"

    def codes(name: str) -> str:
        return ", ".join(codelist(name))

    open_ = UNDECIDED
    return f"""# Permission to use {dataset}: {found.title}, {found.publisher}.
# Decide each line with the source agency and the data protection officers; nothing loads before. none where a line
# does not apply and may stay empty. Codes: problemsolving dictionary NAME (the codelist is named at each line).
dataset: {dataset}
kind: shared
source: {source}
level: {level}  # person, event or aggregate

# Either the SHA-256 of each file, or the series in which files come: the other is none.
sha256: {open_}
delivery:
  series: {open_}
  cadence: {open_}  # once, daily, weekly, monthly, quarterly or yearly

# agency-types
source_agency: {open_}
receiving_agencies: {open_}  # separated by commas
controllers: {open_}  # separated by commas

# purposes: {codes("purposes")}
purposes:
  - code: {open_}
    text: {open_}
collected_for: {open_}  # purposes; needed under Part 3
statistics_only: {open_}  # true: nobody is ever identified again

# uk-gdpr or dpa-2018-part-3; the law that authorises another purpose of data collected under Part 3, or none
regime: {open_}
authorised_by_law: {open_}
lawful_basis: {open_}  # lawful-bases: {codes("lawful-bases")}
special_category_condition: {open_}  # special-category-conditions, or none
offence_data_condition: {open_}  # offence-data-conditions, or none

# legal-gateways: {codes("legal-gateways")}
legal_gateway: {open_}
# Patient information needs both; otherwise none.
confidentiality_basis: {open_}
caldicott_approval:
  by: {open_}
  on: {open_}

# Each column that the source loads, and why it is needed. What is not needed: ask for a source without it.
fields:
{fields}
linkable_to: {links}

dpia:
  reference: {open_}
  on: {open_}
retention_until: {open_}
review_on: {open_}

# The smallest count that may be shown, rounding to the nearest, the smallest area ({", ".join(AREAS)}).
permitted_outputs:
  policy: {open_}
  threshold: {open_}
  rounding: {open_}
  lowest_area: {open_}

# The approver is not the requester.
requester: {open_}
approver: {open_}
approved_on: {open_}
"""
