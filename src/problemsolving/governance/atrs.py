"""The record that the Algorithmic Transparency Recording Standard asks for, filled as far as the kit knows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from problemsolving.errors import DisclosureError, ParameterError
from problemsolving.identifiers import find_identifiers
from problemsolving.records import write_atomically

OPEN = "TO BE COMPLETED"
STANDARD = "Algorithmic Transparency Recording Standard, template version 3.0 (gov.uk)"

SECTIONS: dict[str, tuple[str, ...]] = {
    "Tier 1: Overview": ("Name", "Description", "Website URL", "Contact email"),
    "Tier 2: Owner and responsibility": (
        "Organisation or department", "Team", "Senior responsible owner", "External supplier involvement",
        "External supplier", "Companies House number", "External supplier role", "Procurement procedure type",
        "Data access terms",
    ),
    "Tier 2: Description and rationale": (
        "Detailed description", "Scope", "Benefit", "Previous process", "Alternatives considered",
    ),
    "Tier 2: Decision making process": (
        "Process integration", "Provided information", "Frequency and scale of usage", "Human decisions and review",
        "Required training", "Appeals and review",
    ),
    "Tier 2: Tool specification": ("System architecture", "Phase", "Maintenance", "Models"),
    "Tier 2: Data": (
        "Source data name", "Data modality", "Data description", "Data quantities", "Sensitive attributes",
        "Data completeness and representativeness", "Source data URL", "Data collection", "Data cleaning",
        "Data sharing agreements", "Data access and storage",
    ),
    "Tier 2: Risks, mitigations and impact assessments": ("Impact assessments", "Risks and mitigations"),
}  # fmt: skip


def write_atrs(path: Path, facts: Mapping[str, str]) -> int:
    """Write a transparency record where people are prioritised or handed back.

    Parameters
    ----------
    path : pathlib.Path
        A YAML file that is not there yet: what people have filled in is never written over.
    facts : mapping of str to str
        What the kit knows, by the standard's heading, for example ``"Name"`` or ``"Impact assessments"``.

    Returns
    -------
    int
        How many headings are left for people, marked ``TO BE COMPLETED``.

    Raises
    ------
    ParameterError
        When the file is there, or for a heading that the standard lacks.
    DisclosureError
        When a fact holds what may identify a person: the record is published.

    References
    ----------
    Government Digital Service, Algorithmic Transparency Recording Standard: guidance for public sector bodies, 8 May 2025.
    """
    if path.exists():
        raise ParameterError(f"{path}: there is a record already; it is left as it is")
    known = {heading for headings in SECTIONS.values() for heading in headings}
    unknown = [f"{heading}: not a heading of the standard" for heading in facts if heading not in known]
    if unknown:
        raise ParameterError("the transparency record cannot be written", faults=unknown)
    for heading, text in facts.items():
        kinds = sorted({found.kind for found in find_identifiers(text)})
        if kinds:
            raise DisclosureError(
                f"{heading} of the transparency record holds what looks like a {' and a '.join(kinds)}"
            )
    lines = [
        f"# {STANDARD}",
        "# Fill in what is open with the people named, then publish it; look again when the use changes.",
    ]
    for section, headings in SECTIONS.items():
        lines.append(f"{json.dumps(section)}:")
        lines += [f"  {heading}: {json.dumps(facts.get(heading) or OPEN, ensure_ascii=False)}" for heading in headings]
    write_atomically(path, "\n".join(lines) + "\n")
    return len(known) - sum(bool(text) for text in facts.values())
