"""What a sharing record says, as types: the short record of open data and the full one of shared data."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from problemsolving.dictionary.codelists import codelist
from problemsolving.errors import nearest
from problemsolving.governance.policies import POLICIES

UNDECIDED = "TO BE DECIDED"
OPEN_LICENCES = ("OGL-UK-3.0", "CC0-1.0", "CC-BY-4.0")
Level = Literal["aggregate", "event", "person"]
Regime = Literal["uk-gdpr", "dpa-2018-part-3"]
AREAS = ("small-area", "ward", "district")  # from the smallest to the largest
Area = Literal["small-area", "ward", "district"]


def _day(text: Any) -> dt.date:
    if not isinstance(text, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", text.strip(), re.ASCII):
        raise ValueError("is not a day written as 2027-04-01")
    try:
        return dt.date.fromisoformat(text.strip())
    except ValueError:
        raise ValueError("is not a day written as 2027-04-01") from None


def _switch(text: Any) -> bool:
    known = {"true": True, "yes": True, "false": False, "no": False}
    if str(text).strip().casefold() not in known:
        raise ValueError("write true or false")
    return known[str(text).strip().casefold()]


def _whole(text: Any) -> int:
    if not isinstance(text, str) or not re.fullmatch(r"[1-9]\d{0,5}", text.strip(), re.ASCII):
        raise ValueError("write a whole number of at least 1")
    return int(text)


def _nothing(text: Any) -> Any:
    return None if isinstance(text, str) and text.strip().casefold() in ("", "none") else text


def _several(value: Any) -> Any:
    """Give a list: as written, or words separated by commas; ``none`` and nothing mean empty."""
    if isinstance(value, str):
        value = [] if _nothing(value) is None else [word.strip() for word in value.split(",") if word.strip()]
    if isinstance(value, list) and all(isinstance(item, str) for item in value) and len(set(value)) < len(value):
        raise ValueError("names something twice")
    return value


def _in_codelist(name: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        if text not in codelist(name):
            raise ValueError(f'"{text}" is not in codelist {name}{nearest(text, codelist(name))}')
        return text

    return check


def _policy(text: str) -> str:
    if text not in POLICIES:
        raise ValueError(f'"{text}" is not a policy{nearest(text, POLICIES)}; choose one of {", ".join(POLICIES)}')
    return text


def _digest(text: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{64}", text.casefold(), re.ASCII):
        raise ValueError("is not a SHA-256: 64 digits of 0-9 and a-f")
    return text.casefold()


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Maybe = Annotated[Text | None, BeforeValidator(_nothing)]
Day = Annotated[dt.date, BeforeValidator(_day)]
Switch = Annotated[bool, BeforeValidator(_switch)]
Whole = Annotated[int, BeforeValidator(_whole)]
Agency = Annotated[Text, AfterValidator(_in_codelist("agency-types"))]
PurposeCode = Annotated[Text, AfterValidator(_in_codelist("purposes"))]
LawfulBasis = Annotated[Text, AfterValidator(_in_codelist("lawful-bases"))]
SpecialCondition = Annotated[Text, AfterValidator(_in_codelist("special-category-conditions"))]
OffenceCondition = Annotated[Text, AfterValidator(_in_codelist("offence-data-conditions"))]
Gateway = Annotated[Text, AfterValidator(_in_codelist("legal-gateways"))]
Agencies = Annotated[tuple[Agency, ...], BeforeValidator(_several), Field(min_length=1)]
Names = Annotated[tuple[Text, ...], BeforeValidator(_several)]
Digest = Annotated[Text, AfterValidator(_digest)]
Digests = Annotated[tuple[Digest, ...], BeforeValidator(_several)]


class Part(BaseModel):
    """A part of a record; unknown keys are faults."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Purpose(Part):
    """What the data may be used for: a code of codelist ``purposes`` and what that means here."""

    code: PurposeCode
    text: Text


class DeclaredField(Part):
    """A column that may be loaded, and why it is needed."""

    name: Text
    why: Text


class Delivery(Part):
    """A series of deliveries instead of the hashes of single files."""

    series: Text
    cadence: Literal["once", "daily", "weekly", "monthly", "quarterly", "yearly"]


class Approval(Part):
    """Who approved, and when."""

    by: Text
    on: Day


class Assessment(Part):
    """The data protection impact assessment."""

    reference: Text
    on: Day


class PermittedOutputs(Part):
    """What may leave: a named policy, the smallest count that may be shown, rounding, the smallest area."""

    policy: Annotated[Text, AfterValidator(_policy)]
    threshold: Whole
    rounding: Whole
    lowest_area: Area


class OpenRecord(Part):
    """The short record of open data: a licence, a purpose and a day to look again."""

    dataset: Text
    source: Text
    kind: Literal["open"]
    licence: Literal["OGL-UK-3.0", "CC0-1.0", "CC-BY-4.0"]
    attribution: Text
    purpose: Text
    level: Level
    review_on: Day


@dataclass(frozen=True, kw_only=True)
class SharedRecord:
    """Permission to use a data set that an agency shared for named purposes."""

    dataset: Text
    source: Text
    kind: Literal["shared"]
    sha256: Digests = ()
    delivery: Annotated[Delivery | None, BeforeValidator(_nothing)] = None
    source_agency: Agency
    receiving_agencies: Agencies
    controllers: Agencies
    purposes: Annotated[tuple[Purpose, ...], Field(min_length=1)]
    collected_for: Annotated[PurposeCode | None, BeforeValidator(_nothing)] = None
    regime: Regime
    authorised_by_law: Maybe = None
    lawful_basis: Annotated[tuple[LawfulBasis, ...], BeforeValidator(_several), Field(min_length=1)]
    confidentiality_basis: Maybe = None
    caldicott_approval: Annotated[Approval | None, BeforeValidator(_nothing)] = None
    special_category_condition: Annotated[tuple[SpecialCondition, ...], BeforeValidator(_several)] = ()
    offence_data_condition: Annotated[OffenceCondition | None, BeforeValidator(_nothing)] = None
    legal_gateway: Gateway
    fields: Annotated[tuple[DeclaredField, ...], Field(min_length=1)]
    level: Level
    dpia: Assessment
    retention_until: Day
    review_on: Day
    permitted_outputs: PermittedOutputs
    requester: Text
    approver: Text
    approved_on: Day
    statistics_only: Switch
    linkable_to: Names = ()

    @property
    def licence(self) -> str:
        """What stands in the place of a licence: the data are not open."""
        return "not open: under a sharing record"

    @property
    def attribution(self) -> str:
        return f"{codelist('agency-types')[self.source_agency]['label']}, {codelist('legal-gateways')[self.legal_gateway]['act']}"

    @property
    def purpose_codes(self) -> tuple[str, ...]:
        return tuple(purpose.code for purpose in self.purposes)


SharingRecord = OpenRecord | SharedRecord


@dataclass(frozen=True)
class Use:
    """The use that a record must cover. What is not given is not checked.

    ``purpose`` is a code of codelist ``purposes``; ``agencies`` are the agencies that use the data; ``policy`` is
    the disclosure policy asked for; ``today`` is the day of the load.
    """

    dataset: str
    source: str
    today: dt.date
    purpose: str | None = None
    agencies: tuple[str, ...] = ()
    policy: str | None = None
