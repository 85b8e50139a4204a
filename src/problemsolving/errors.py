"""Every error of the package: one tree, one exit code a class."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol


class Report(Protocol):
    """What an error may carry: faults as records that can say themselves in lines."""

    def lines(self) -> list[str]:
        """Give one line a fault, without a value."""


class ProblemSolvingError(Exception):
    """Base of every error raised on purpose.

    Parameters
    ----------
    message : str
        What is wrong and what to do about it, in a sentence.
    faults : sequence of str
        All faults found, one line each. They are printed below the message.
    """

    exit_code = 1

    def __init__(self, message: str, *, faults: Sequence[str] = ()) -> None:
        self.message = message
        self.faults = tuple(faults)
        super().__init__(message)

    def __str__(self) -> str:
        return "\n".join([self.message, *(f"  - {fault}" for fault in self.faults)])


class ParameterError(ProblemSolvingError):
    """A parameter, an answer or a key of ``problem.yml`` is unknown or has a wrong value."""

    exit_code = 10


class DictionaryError(ProblemSolvingError):
    """The data dictionary is wrong or has no such table, source or codelist."""

    exit_code = 11


class DataError(ProblemSolvingError):
    """A data file is missing or breaks a rule of the dictionary. Never carries a value.

    Parameters
    ----------
    report : object with ``lines()``, optional
        The faults as records, for a table, JSON or page; their lines are the faults when none are given.
    """

    exit_code = 12

    def __init__(self, message: str, *, faults: Sequence[str] = (), report: Report | None = None) -> None:
        self.report = report
        super().__init__(message, faults=faults or (report.lines() if report else ()))


class SharingError(ProblemSolvingError):
    """No sharing record in force covers this load."""

    exit_code = 13


class DisclosureError(ProblemSolvingError):
    """Something unsafe was about to leave."""

    exit_code = 14


class NotEstimableError(ProblemSolvingError):
    """The one thing asked for cannot be estimated from the data at hand."""

    exit_code = 15


class NetworkError(ProblemSolvingError):
    """An agency network cannot be built from these ties."""

    exit_code = 16


class RunError(ProblemSolvingError):
    """A notebook did not complete.

    Parameters
    ----------
    status : str
        What became of the run: ``failed``, ``timed-out`` or ``interrupted``.
    """

    exit_code = 17

    def __init__(self, message: str, *, status: str = "failed", faults: Sequence[str] = ()) -> None:
        self.status = status
        super().__init__(message, faults=faults)


class TemplateError(ProblemSolvingError):
    """A template could not be turned into a profile."""

    exit_code = 18


class FetchError(ProblemSolvingError):
    """Open data could not be fetched, or what came is not what was asked for."""

    exit_code = 19


def nearest(name: str, known: Iterable[str]) -> str:
    """Offer the nearest valid name, as the tail of a message.

    >>> nearest("polcie", ["police", "council"])
    '; did you mean "police"?'
    >>> nearest("xyz", ["police"])
    ''
    """
    found = difflib.get_close_matches(str(name), list(known), n=1)
    return f'; did you mean "{found[0]}"?' if found else ""


def counted(count: int, word: str) -> str:
    """Write a count with its noun.

    >>> counted(1, "fault"), counted(2, "fault")
    ('1 fault', '2 faults')
    """
    return f"{count:,} {word}{'' if count == 1 else 's'}"


_WORDS = {
    "missing": "is missing",
    "extra_forbidden": "is not a field of this record",
    "string_too_short": "must not be empty",
    "too_short": "must not be empty",
    "string_type": "write text",
    "string_pattern_mismatch": "is not written as it should be",
    "model_type": "write keys and values",
    "model_attributes_type": "write keys and values",
    "dict_type": "write keys and values",
    "tuple_type": "write a list",
    "list_type": "write a list",
}


def fault_words(fault: Mapping[str, Any]) -> str:
    """Say in the project's words what a reader of types found; never the value.

    >>> fault_words({"type": "missing", "msg": "Field required"})
    'is missing'
    >>> fault_words({"type": "literal_error", "msg": "Input should be 'a'", "ctx": {"expected": "'a' or 'b'"}})
    'write a or b'
    """
    if fault["type"] == "value_error":
        return str(fault["msg"]).removeprefix("Value error, ")
    if fault["type"] == "literal_error":
        return "write " + str(fault["ctx"]["expected"]).replace("'", "")
    message = str(fault["msg"])
    return _WORDS.get(fault["type"], message[:1].lower() + message[1:])
