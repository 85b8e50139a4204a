"""Sharing records: nothing loads without one in force."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints, ValidationError

from problemsolving.errors import ParameterError, SharingError
from problemsolving.records import read_yaml

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Day = Annotated[dt.date, BeforeValidator(lambda text: dt.date.fromisoformat(str(text)))]


class SharingRecord(BaseModel):
    """Permission to use one data set. Open data need few words: a licence, a purpose and a day to look again."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: Text
    source: Text
    kind: Literal["open"]
    licence: Literal["OGL-UK-3.0", "CC0-1.0", "CC-BY-4.0"]
    attribution: Text
    purpose: Text
    level: Literal["aggregate", "event", "person"]
    review_on: Day


def read_sharing_record(path: Path, *, dataset: str, source: str, today: dt.date | None = None) -> SharingRecord:
    """Read a sharing record and check that it covers a load.

    Parameters
    ----------
    path : pathlib.Path
        A YAML file.
    dataset, source : str
        Name of the data set in ``problem.yml`` and its source in the dictionary.
    today : datetime.date, optional
        The day of the load; the current day when not given.

    Returns
    -------
    SharingRecord

    Raises
    ------
    SharingError
        With every fault: record missing, field missing or unknown, another data set or source, past its review.
    """
    today = today or dt.datetime.now(tz=dt.UTC).date()
    name = f"{path.parent.name}/{path.name}"
    if not path.is_file():
        raise SharingError(
            f'data set "{dataset}" has no sharing record',
            faults=[f"{name}: missing; write it (the template shows how)"],
        )
    try:
        record = SharingRecord.model_validate(read_yaml(path))
    except ParameterError as error:
        raise SharingError(f'the sharing record of "{dataset}" cannot be read', faults=[error.message]) from None
    except ValidationError as error:
        faults = [
            f"{name}: {'.'.join(map(str, fault['loc']))}: {_words(fault['type'], fault['msg'])}"
            for fault in error.errors()
        ]
        raise SharingError(f'the sharing record of "{dataset}" is not complete', faults=faults) from None
    faults = []
    if record.dataset != dataset:
        faults.append(f"{name}: dataset: is for another data set; write {dataset}")
    if record.source != source:
        faults.append(f"{name}: source: is for another source; write {source}")
    if record.review_on < today:
        faults.append(f"{name}: review_on: the review was due on {record.review_on}; review it and set the next day")
    if faults:
        raise SharingError(f'no sharing record in force covers "{dataset}"', faults=faults)
    return record


def _words(kind: str, message: str) -> str:
    known = {
        "missing": "is missing",
        "extra_forbidden": "is not a field of a sharing record",
        "string_too_short": "must not be empty",
    }
    if kind == "value_error":
        return "is not a day written as 2027-04-01"
    return known.get(kind, message[0].lower() + message[1:])
