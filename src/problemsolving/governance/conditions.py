"""Every rule that a sharing record must meet. A rule runs when the fields it looks at could be read."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from problemsolving.dictionary.codelists import codelist
from problemsolving.governance.gateways import data_kind, find_source, gateway_faults, loaded_fields
from problemsolving.governance.terms import OPEN_LICENCES, Use
from problemsolving.identifiers import plain

Values = Mapping[str, Any]
Faults = Iterator[str]
Rule = Callable[[Values, Use], Faults]


_TITLES = frozenset(("dr", "mr", "mrs", "ms", "miss", "mx", "prof", "professor"))
_BLANKS = str.maketrans(dict.fromkeys("\u115f\u1160\u2800\u3164\uffa0", " "))  # letters and signs that show nothing


def same_person(one: str, other: str) -> bool:
    """Tell whether two names are of one person, whatever their case, order, accents, titles, dots and look-alikes.

    >>> same_person("Dr Jo  Bloggs", "bloggs, Jó"), same_person("J. Bloggs", "Jo Bloggs")
    (True, False)
    """
    first, second = _name_words(one), _name_words(other)
    return sorted(first) == sorted(second) or "".join(first) == "".join(second)


def _name_words(name: str) -> list[str]:
    text = plain(re.sub(r"\(.*?\)|\[.*?\]", " ", name.translate(_BLANKS))).casefold()
    text = re.sub(r"(?<=[a-z])[01](?=[a-z])", lambda found: "ol"[int(found.group())], text)
    words = re.findall(r"[^\W\d_]+", re.sub(r"['\u2018\u2019`]", "", text))
    return [word for word in words if word not in _TITLES] or words


def name_faults(name: str) -> list[str]:
    """Give what is wrong with a name: no letters, or letters of two alphabets, as look-alikes have.

    >>> name_faults("Jo Bl\u043eggs")
    ['mixes letters of two alphabets; type the name as it is']
    >>> name_faults("Zoë O'Brien"), name_faults("-")
    ([], ['holds no letters; write a name'])
    """
    letters = [letter for letter in unicodedata.normalize("NFKC", name.translate(_BLANKS)) if letter.isalpha()]
    scripts = {unicodedata.name(letter, "other").split()[0] for letter in letters} - {
        "MODIFIER",
        "FEMININE",
        "MASCULINE",
    }
    if not letters:
        return ["holds no letters; write a name"]
    if scripts & {"LATIN"} and len(scripts) > 1:
        return ["mixes letters of two alphabets; type the name as it is"]
    return []


def _dataset(values: Values, use: Use) -> Faults:
    if values["dataset"] != use.dataset:
        yield f"dataset: is for another data set; write {use.dataset}"


def _source(values: Values, use: Use) -> Faults:
    if values["source"] != use.source:
        yield f"source: is for another source; write {use.source}"


def _review(values: Values, use: Use) -> Faults:
    if values["review_on"] < use.today:
        yield f"review_on: the review was due on {values['review_on']}; review it and set the next day"


def _level(values: Values, use: Use) -> Faults:
    source = find_source(use.source)
    people = source.capabilities.people if source else "none"
    if source is not None and people == "none" and values["level"] == "person":
        yield "level: the source holds no people and is never linked to them, so its level is event or aggregate"
    if people == "pseudonym" and values["level"] != "person":
        yield "level: the source holds pseudonyms of people, so its level is person"
    if people == "characteristics" and values["level"] == "aggregate":
        yield "level: the source tells of single people, so its level is event or person"
    if "person" in (values["level"], "person" if people == "pseudonym" else "") and use.policy == "open":
        yield "data about persons do not leave under policy open; set policy: opensafely"


def _retention(values: Values, use: Use) -> Faults:
    if values["retention_until"] < use.today:
        yield (
            f"retention_until: the data had to be deleted by {values['retention_until']}; delete them, or agree a new "
            "day with the controllers"
        )


def _review_before_end(values: Values, use: Use) -> Faults:  # noqa: ARG001
    if values["review_on"] > values["retention_until"]:
        yield "review_on: lies after retention_until; set a review before the data are deleted"


def _approved(values: Values, use: Use) -> Faults:
    if values["approved_on"] > use.today:
        yield "approved_on: lies in the future; the record is in force from the day it is approved"


def _approver(values: Values, use: Use) -> Faults:  # noqa: ARG001
    if same_person(values["approver"], values["requester"]):
        yield "approver: is the requester; somebody else must approve"


def _people_named(values: Values, use: Use) -> Faults:  # noqa: ARG001
    approval = values.get("caldicott_approval")
    named = {name: values[name] for name in ("requester", "approver") if name in values}
    named |= {"caldicott_approval.by": approval.by} if approval is not None else {}
    for place, name in named.items():
        yield from (f"{place}: {fault}" for fault in name_faults(name))


def _open_licence(values: Values, use: Use) -> Faults:
    source = find_source(use.source)
    if source is None:
        return
    if source.licence not in OPEN_LICENCES:
        yield "kind: the source's own licence is not open; agree a full record (kind: shared)"
    elif values["licence"] != source.licence:
        yield f"licence: is not the source's; write {source.licence}, or a full record (kind: shared)"
    if source.capabilities.people == "pseudonym" and source.areas != "made up":
        yield "kind: the source holds people and no made-up areas, so it is not open; agree a full record (kind: shared)"


def _assessed(values: Values, use: Use) -> Faults:
    if values["dpia"].on > use.today:
        yield "dpia.on: lies in the future; do the impact assessment before data are shared"


def _assessed_first(values: Values, use: Use) -> Faults:  # noqa: ARG001
    if values["dpia"].on > values["approved_on"]:
        yield "dpia.on: lies after approved_on; approve again with the impact assessment at hand"


def _purpose(values: Values, use: Use) -> Faults:
    codes = [purpose.code for purpose in values["purposes"]]
    if use.purpose is not None and use.purpose not in codes:
        yield (
            f"purposes: do not cover {use.purpose}; agree it with the controllers and add it, or set another purpose "
            "in problem.yml"
        )
    if len(set(codes)) < len(codes):
        yield "purposes: name a code twice"


def _receivers(values: Values, use: Use) -> Faults:
    allowed = {*values["receiving_agencies"], values["source_agency"]}
    missing = [agency for agency in use.agencies if agency not in allowed]
    if missing:
        yield (
            f"receiving_agencies: do not name {', '.join(missing)}, lead or partner in problem.yml; agree it and add "
            "them, or leave them out of the profile"
        )


def _controllers(values: Values, use: Use) -> Faults:  # noqa: ARG001
    if not {*values["controllers"]} & {values["source_agency"], *values["receiving_agencies"]}:
        yield "controllers: none of them shares or receives the data; name who answers for them"


def _delivered(values: Values, use: Use) -> Faults:  # noqa: ARG001
    if not values["sha256"] and values["delivery"] is None:
        yield "sha256: is missing; list the SHA-256 of each file, or describe a delivery series under delivery"


def _fields(values: Values, use: Use) -> Faults:
    source = find_source(use.source)
    if source is None:
        return
    declared = [field.name for field in values["fields"]]
    undeclared = [name for name in loaded_fields(source) if name not in declared]
    unknown = [name for name in declared if name not in source.columns]
    if undeclared:
        yield (
            f"fields: the source loads columns that are not declared: {', '.join(undeclared)}; declare each with why "
            "it is needed, or use a source that leaves them out"
        )
    if unknown:
        yield f"fields: the source gives no {', '.join(unknown)}; take them out, what is not needed is not asked for"
    if len(set(declared)) < len(declared):
        yield "fields: name a column twice"


def _regime(values: Values, use: Use) -> Faults:  # noqa: ARG001
    if values["regime"] != "dpa-2018-part-3":
        return
    if values["collected_for"] is None:
        yield "collected_for: is missing; data under Part 3 name the purpose they were collected for"
    elif any(purpose.code != values["collected_for"] for purpose in values["purposes"]) and (
        values["authorised_by_law"] is None
    ):
        yield (
            "authorised_by_law: is missing; data collected under Part 3 change purpose only where the law authorises "
            "it (Data Protection Act 2018 s.36(3) and (4)); name the law"
        )


def _regimes_needed(values: Values) -> set[str]:
    """Part 3 rules law enforcement alone: any other purpose of the same data falls under the UK GDPR."""
    rows = codelist("purposes")
    enforcement = {rows[purpose.code]["law_enforcement"] == "yes" for purpose in values["purposes"]}
    if values["regime"] == "uk-gdpr":
        return {"uk-gdpr"}
    return {"dpa-2018-part-3" if flag else "uk-gdpr" for flag in enforcement}


_LAWS = {"uk-gdpr": "the UK GDPR", "dpa-2018-part-3": "Part 3 of the Data Protection Act 2018"}


def _basis(values: Values, use: Use) -> Faults:  # noqa: ARG001
    have = {codelist("lawful-bases")[code]["regime"] for code in values["lawful_basis"]}
    for regime in sorted(_regimes_needed(values) - have):
        yield f"lawful_basis: names none under {_LAWS[regime]}, which rules a purpose of this record; add one"


def _special(values: Values, use: Use) -> Faults:
    source = find_source(use.source)
    if source is None:
        return
    kind = data_kind(source, level=values["level"], agency=values["source_agency"])
    rows = codelist("special-category-conditions")
    have = {rows[code]["regime"] for code in values["special_category_condition"]}
    for regime in sorted(_regimes_needed(values) - have) if kind.special else ():
        yield (
            f"special_category_condition: is missing under {_LAWS[regime]}; special-category fields: "
            f"{', '.join(kind.special)}; name a condition or use a source without them"
        )


def _offences(values: Values, use: Use) -> Faults:
    source = find_source(use.source)
    if source is None:
        return
    kind = data_kind(source, level=values["level"], agency=values["source_agency"])
    if kind.offence and values["offence_data_condition"] is None and "uk-gdpr" in _regimes_needed(values):
        yield (
            f"offence_data_condition: is missing; fields that tell of offences: {', '.join(kind.offence)} "
            "(UK GDPR Art. 10); name a condition or use a source without them"
        )


def _gateway(values: Values, use: Use) -> Faults:
    row = codelist("legal-gateways")[values["legal_gateway"]]
    month = f"{use.today:%Y-%m}"
    if month < row["valid_from"] or (row["valid_to"] and month > row["valid_to"]):
        yield "legal_gateway: is not in force on this day; name another"
    source = find_source(use.source)
    if source is None:
        return
    kind = data_kind(source, level=values["level"], agency=values["source_agency"])
    for fault in gateway_faults(values["legal_gateway"], kind, agency=values["source_agency"]):
        yield f"legal_gateway: {values['legal_gateway']} {fault}"


def _is_patient(values: Values, use: Use) -> bool:
    source = find_source(use.source)
    return source is not None and data_kind(source, level=values["level"], agency=values["source_agency"]).patient


def _confidence(values: Values, use: Use) -> Faults:
    if values["confidentiality_basis"] is None and _is_patient(values, use):
        yield (
            "confidentiality_basis: is missing; patient information needs one: consent, support under section 251, "
            "a duty in law or an overriding public interest"
        )


def _caldicott(values: Values, use: Use) -> Faults:
    approval = values["caldicott_approval"]
    if approval is None and _is_patient(values, use):
        yield "caldicott_approval: is missing; patient information needs the Caldicott Guardian's (by, on)"
    if approval is not None and approval.on > use.today:
        yield "caldicott_approval.on: lies in the future"


def _guardian(values: Values, use: Use) -> Faults:  # noqa: ARG001
    approval = values["caldicott_approval"]
    if approval is not None and same_person(approval.by, values["requester"]):
        yield "caldicott_approval.by: is the requester; somebody else must approve"


def _outputs(values: Values, use: Use) -> Faults:  # noqa: ARG001
    if values["level"] == "person" and values["permitted_outputs"].policy == "open":
        yield "permitted_outputs.policy: data about persons do not leave under policy open; name a stricter policy"


def _statistics(values: Values, use: Use) -> Faults:  # noqa: ARG001
    rows = codelist("purposes")
    single = [purpose.code for purpose in values["purposes"] if rows[purpose.code]["statistics"] == "no"]
    if values["statistics_only"] and single:
        yield (
            f"statistics_only: is true, yet purposes concern single people: {', '.join(single)}; agree a record of its "
            "own for them"
        )


def _links(values: Values, use: Use) -> Faults:
    source = find_source(use.source)
    can = source.capabilities if source is not None else None
    if can is not None and values["linkable_to"] and not getattr(can, "linkable", can.people == "pseudonym"):
        yield "linkable_to: the source holds nothing that tells one person from another; write none"
    if values["dataset"] in values["linkable_to"]:
        yield "linkable_to: names its own data set"


OPEN_RULES: tuple[tuple[tuple[str, ...], Rule], ...] = (
    (("dataset",), _dataset),
    (("source",), _source),
    (("review_on",), _review),
    (("level",), _level),
    (("licence",), _open_licence),
)
SHARED_RULES: tuple[tuple[tuple[str, ...], Rule], ...] = (
    *OPEN_RULES[:-1],
    ((), _people_named),
    (("sha256", "delivery"), _delivered),
    (("receiving_agencies", "source_agency"), _receivers),
    (("controllers", "source_agency", "receiving_agencies"), _controllers),
    (("purposes",), _purpose),
    (("regime", "collected_for", "purposes", "authorised_by_law"), _regime),
    (("regime", "purposes", "lawful_basis"), _basis),
    (("level", "source_agency", "confidentiality_basis"), _confidence),
    (("level", "source_agency", "caldicott_approval"), _caldicott),
    (("caldicott_approval", "requester"), _guardian),
    (("level", "source_agency", "regime", "purposes", "special_category_condition"), _special),
    (("level", "source_agency", "regime", "purposes", "offence_data_condition"), _offences),
    (("legal_gateway", "level", "source_agency"), _gateway),
    (("fields",), _fields),
    (("dpia",), _assessed),
    (("dpia", "approved_on"), _assessed_first),
    (("retention_until",), _retention),
    (("review_on", "retention_until"), _review_before_end),
    (("level", "permitted_outputs"), _outputs),
    (("approver", "requester"), _approver),
    (("approved_on",), _approved),
    (("statistics_only", "purposes"), _statistics),
    (("linkable_to", "dataset"), _links),
)


def broken_rules(values: Values, use: Use, rules: tuple[tuple[tuple[str, ...], Rule], ...]) -> list[str]:
    """Give every fault of what could be read of a record; a rule whose fields could not be read is left out."""
    return [fault for needs, rule in rules if all(name in values for name in needs) for fault in rule(values, use)]
