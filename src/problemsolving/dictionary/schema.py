"""The dictionary's own shape: tables and sources as typed, frozen models."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from problemsolving.errors import DictionaryError, ParameterError, SharingError, fault_words, nearest
from problemsolving.records import read_yaml
from problemsolving.resources import resource_path

FieldType = Literal["string", "number", "integer", "boolean", "yearmonth", "datetime", "geojson"]
Sensitivity = Literal["identifier", "quasi", "sensitive", "free text", "open"]
PERSON_KEYS = ("person_id", "victim_id", "suspect_id")  # pseudonyms by which records of a person are joined
FINANCIAL_YEAR = "financial year"  # 2008/09, read as its first month
SMALL_AREA = "^[EW]01"
DIRECTIVES = re.compile(r"(%[dmYBbHMS]|[^%])+")


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Constraints(_Model):
    """What a value must meet, in Frictionless words."""

    required: bool = False
    pattern: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    enum: tuple[str, ...] = ()


class TableField(_Model):
    """One column of a canonical table."""

    name: str
    type: FieldType
    description: str
    constraints: Constraints = Constraints()
    codelist: str | None = None
    unit: str | None = None
    sensitivity: Sensitivity

    @property
    def is_small_area(self) -> bool:
        """Whether it holds codes of small areas of England and Wales."""
        return (self.constraints.pattern or "").startswith(SMALL_AREA)


class TableSchema(_Model):
    """A canonical table."""

    name: str
    title: str
    description: str
    fields: tuple[TableField, ...]
    primaryKey: tuple[str, ...] = ()
    missingValues: tuple[str, ...] = ("",)
    known_limits: tuple[str, ...] = ()
    ordered: tuple[tuple[str, str], ...] = ()  # pairs of fields: the first is never above, or after, the second
    expected: tuple[tuple[str, str], ...] = ()  # the same, where real records break it: told, not refused

    @field_validator("primaryKey", mode="before")
    @classmethod
    def _several(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    def field(self, name: str) -> TableField:
        return next(found for found in self.fields if found.name == name)


class Format(_Model):
    """How a file is written: nothing is sniffed."""

    container: Literal["csv", "geojson", "xes"]
    delimiter: str = ","
    quote: str = '"'
    escape: str = '"'
    header: bool = True
    encoding: Literal["utf-8"] = "utf-8"


class Scale(_Model):
    """The two ends of a rating scale in the publisher's numbers; inverted where the low end means most."""

    low: float
    high: float
    inverted: bool = False

    @model_validator(mode="after")
    def _ordered(self) -> Scale:
        if self.low >= self.high:
            raise ValueError("low must be below high")
        return self


class Extent(_Model):
    """Where points of a source can lie, in degrees: one outside is read as missing, and noted."""

    west: float
    south: float
    east: float
    north: float


class ColumnMap(_Model):
    """Where a canonical column comes from, and the words that turn the publisher's text into a canonical value.

    ``from`` names a column of the file, ``value`` gives what holds for all of it. A text that the words do not cover is
    a fault, never missing.
    """

    from_: str | None = Field(default=None, alias="from")
    value: str | None = None
    plus: tuple[str, ...] = ()  # further columns of the file that are added to the first
    missing: tuple[str, ...] = ()  # texts that mean missing, besides the empty one
    thousands: str | None = None  # mark between thousands
    extract: str | None = None  # the one group of this pattern is the text
    format: str | None = None  # date and time as strptime writes it, or "financial year"
    time_zone: str | None = None  # of local times that carry no offset
    recode: dict[str, str] = Field(default_factory=dict)  # publisher's word: canonical word
    codelist: str | None = None
    match: Literal["code", "label"] = "code"
    scale: Scale | None = None
    factor: float | None = None  # canonical unit = publisher's number times this
    spread: str | None = None  # canonical column of the case on one row of which the value stands

    @property
    def transforms(self) -> bool:
        """Whether a text may fail to become a canonical one."""
        return bool(self.extract or self.format or self.recode)

    @model_validator(mode="after")
    def _one(self) -> ColumnMap:
        if (self.from_ is None) == (self.value is None):
            raise ValueError("give either from or value")
        if self.value is not None and len(self.model_fields_set) > 1:
            raise ValueError("a value that holds for the whole file takes no other word")
        if sum(map(bool, (self.format, self.recode, self.codelist))) > 1:
            raise ValueError("give one of format, recode and codelist")
        if self.plus and not {"from_", "plus", "missing"} >= self.model_fields_set:
            raise ValueError("columns that are added up take no other word but missing")
        if self.extract and re.compile(self.extract).groups != 1:
            raise ValueError("extract needs a pattern with one group")
        if self.format and self.format != FINANCIAL_YEAR and not DIRECTIVES.fullmatch(self.format):
            raise ValueError("format knows %d %m %Y %B %b %H %M %S, or financial year")
        if self.time_zone:
            try:
                ZoneInfo(self.time_zone)
            except (OSError, ValueError, LookupError):
                raise ValueError("time_zone is not a known zone; write for example Europe/London") from None
        return self


class Capabilities(_Model):
    """What a source can tell."""

    time: Literal["none", "year", "month", "day", "minute"] = "none"
    place: Literal["none", "area", "snapped point", "point", "address"] = "none"
    people: Literal["none", "characteristics", "pseudonym"] = "none"
    offence_code: bool = False
    minutes: bool = False
    linkable: bool = False

    @model_validator(mode="before")
    @classmethod
    def _linkable(cls, raw: Any) -> Any:
        """Records can be linked to people where the source says nothing else and holds pseudonyms."""
        if isinstance(raw, dict) and "linkable" not in raw:
            return raw | {"linkable": raw.get("people") == "pseudonym"}
        return raw

    @model_validator(mode="after")
    def _only_pseudonyms_link(self) -> Capabilities:
        if self.linkable and self.people != "pseudonym":
            raise ValueError("linkable needs people: pseudonym")
        return self


class Source(_Model):
    """How a publisher's file becomes a canonical table."""

    name: str
    title: str
    publisher: str
    licence: str
    table: str
    format: Format
    refers_to: str | None = None
    columns: dict[str, ColumnMap]
    capabilities: Capabilities
    known_limits: tuple[str, ...] = ()
    extent: Extent | None = None
    areas: Literal["real", "made up"] = "real"  # made up: small areas have codes that no real one has, at sea
    conflicts: Literal["refuse", "unknown"] = "refuse"  # rows of one key: a fault, or one row without what differs

    @property
    def headings(self) -> tuple[str, ...]:
        """Columns of the file that a reading needs, each once."""
        mapped = [column for column in self.columns.values() if column.from_ is not None]
        return tuple(dict.fromkeys(str(name) for column in mapped for name in (column.from_, *column.plus)))


@cache
def table(name: str) -> TableSchema:
    """Read a canonical table.

    >>> table("agency").primaryKey
    ('agency_id',)
    """
    return TableSchema.model_validate(_read("tables", name))


@cache
def source(name: str) -> Source:
    """Read a source and check it against its table.

    >>> source("police-uk-street").capabilities.time
    'month'
    """
    found = Source.model_validate(_read("sources", name))
    fields = {field.name for field in table(found.table).fields}
    unknown = sorted(set(found.columns) - fields)
    if unknown:
        raise DictionaryError(f'source "{name}" maps columns that table "{found.table}" lacks', faults=unknown)
    if faults := _misused(found, table(found.table)):
        raise DictionaryError(f'source "{name}" uses words that do not fit', faults=faults)
    return found


def _misused(found: Source, schema: TableSchema) -> list[str]:
    """Find words on columns of another type, and pseudonyms in a source that must not be linked."""
    faults = []
    words = {"format": ("yearmonth", "datetime"), "time_zone": ("datetime",)}
    words |= dict.fromkeys(("scale", "factor", "thousands", "plus"), ("number", "integer"))
    for name, column in found.columns.items():
        kind = schema.field(name).type
        faults += [
            f"columns.{name}.{word}: not for type {kind}"
            for word, kinds in words.items()
            if getattr(column, word) not in (None, ()) and kind not in kinds
        ]
        if column.spread and (column.spread not in found.columns or not found.columns[column.spread].from_):
            faults.append(f"columns.{name}.spread: not a column of this source")
        if name in PERSON_KEYS and not found.capabilities.linkable:
            faults.append(f"columns.{name}: maps a pseudonym, but linkable is no")
    if found.extent and not {"longitude", "latitude"} <= set(found.columns):
        faults.append("extent: needs longitude and latitude")
    if found.areas == "made up" and not any(schema.field(name).is_small_area for name in found.columns):
        faults.append("areas: needs a column of small areas")
    return faults


def require_linkable(name: str) -> None:
    """Refuse to join a source's records to people where they are anonymised or about no one.

    Parameters
    ----------
    name : str
        A source of the dictionary.

    Raises
    ------
    SharingError
        When the source's capabilities say that it is not linkable.

    Examples
    --------
    >>> require_linkable("istv")
    Traceback (most recent call last):
    problemsolving.errors.SharingError: source "istv" is never linked to people: its capabilities say linkable: no
    """
    if not source(name).capabilities.linkable:
        raise SharingError(f'source "{name}" is never linked to people: its capabilities say linkable: no')


def names(kind: Literal["tables", "sources", "codelists"]) -> list[str]:
    """List what the dictionary holds.

    >>> "incident" in names("tables")
    True
    """
    suffix = ".csv" if kind == "codelists" else ".yml"
    return sorted(path.stem for path in resource_path(f"data_dictionary/{kind}").glob(f"*{suffix}"))


def _read(kind: Literal["tables", "sources"], name: str) -> dict:
    known = names(kind)
    if name not in known:
        raise DictionaryError(f'the dictionary has no {kind[:-1]} "{name}"{nearest(name, known)}')
    try:
        raw = read_yaml(resource_path(f"data_dictionary/{kind}/{name}.yml"), own=True)
        (TableSchema if kind == "tables" else Source).model_validate(raw)
    except ParameterError as error:
        raise DictionaryError(error.message) from None
    except ValidationError as error:
        faults = [".".join(map(str, fault["loc"])) + ": " + fault_words(fault) for fault in error.errors()]
        raise DictionaryError(f"data_dictionary/{kind}/{name}.yml is not valid", faults=faults) from None
    return raw
