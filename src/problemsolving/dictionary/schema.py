"""The dictionary's own shape: tables and sources as typed, frozen models."""

from __future__ import annotations

from functools import cache
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from problemsolving.errors import DictionaryError, ParameterError, nearest
from problemsolving.records import read_yaml
from problemsolving.resources import resource_path

FieldType = Literal["string", "number", "integer", "boolean", "yearmonth", "datetime", "geojson"]
Sensitivity = Literal["identifier", "quasi", "sensitive", "free text", "open"]


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


class TableSchema(_Model):
    """A canonical table."""

    name: str
    title: str
    description: str
    fields: tuple[TableField, ...]
    primaryKey: tuple[str, ...] = ()
    missingValues: tuple[str, ...] = ("",)
    known_limits: tuple[str, ...] = ()

    @field_validator("primaryKey", mode="before")
    @classmethod
    def _several(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    def field(self, name: str) -> TableField:
        return next(found for found in self.fields if found.name == name)


class Format(_Model):
    """How a file is written: nothing is sniffed."""

    container: Literal["csv", "geojson"]
    delimiter: str = ","
    quote: str = '"'
    escape: str = '"'
    header: bool = True
    encoding: Literal["utf-8"] = "utf-8"


class ColumnMap(_Model):
    """Where a canonical column comes from: a column of the file, or a value that holds for all of it."""

    from_: str | None = Field(default=None, alias="from")
    value: str | None = None
    thousands: str | None = None
    codelist: str | None = None
    match: Literal["code", "label"] = "code"

    @model_validator(mode="after")
    def _one(self) -> ColumnMap:
        if (self.from_ is None) == (self.value is None):
            raise ValueError("give either from or value")
        return self


class Capabilities(_Model):
    """What a source can tell."""

    time: Literal["none", "year", "month", "day", "minute"] = "none"
    place: Literal["none", "area", "snapped point", "point", "address"] = "none"
    people: Literal["none", "characteristics", "pseudonym"] = "none"
    offence_code: bool = False
    minutes: bool = False


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
    return found


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
        raw = read_yaml(resource_path(f"data_dictionary/{kind}/{name}.yml"))
        (TableSchema if kind == "tables" else Source).model_validate(raw)
    except ParameterError as error:
        raise DictionaryError(error.message) from None
    except ValidationError as error:
        faults = [".".join(str(part) for part in fault["loc"]) + ": " + fault["msg"] for fault in error.errors()]
        raise DictionaryError(f"data_dictionary/{kind}/{name}.yml is not valid", faults=faults) from None
    return raw
