"""Pseudonyms: keyed digests of normalised identifiers, one domain a kind of identifier."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import os
import re
import secrets
import stat
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from problemsolving.errors import ParameterError, nearest
from problemsolving.governance.private import check_folders, check_place, private_file
from problemsolving.identifiers import is_nhs_number

Algorithm = Literal["blake2b", "hmac-sha-256"]
ALGORITHMS = ("blake2b", "hmac-sha-256")
KEY_BYTES = 32
DIGEST_BYTES = 20  # 160 bits, 32 letters and digits
LEAST_BYTES = 16
_DISTINCT = 16  # distinct bytes in a key; 32 random bytes have fewer less than once in 10**16
_NAMESPACE = b"problemsolving pseudonyms 1: "


def _digits(text: str) -> str:
    """Take the digits of any script out of a text as ASCII; spaces and hyphens are left out, anything else refuses."""
    kept = re.sub(r"[\s\-\u2010-\u2015]", "", unicodedata.normalize("NFKC", text))
    return "".join(str(unicodedata.digit(c)) for c in kept) if all(c.isdigit() for c in kept) else ""


def _nhs_number(text: str) -> str | None:
    digits = text if text.isascii() and text.isdigit() else _digits(text)
    return digits if len(digits) == 10 and is_nhs_number(digits) else None


def _letters(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).upper()


def _name(text: str) -> str | None:
    return " ".join(re.findall(r"[^\W\d_]+", re.sub(r"['\u2018\u2019`]", "", _letters(text)))) or None


def _date(text: str) -> str | None:
    """Read ``2001-02-03`` or ``03/02/2001`` (day first, as written in England) as ISO; other orders are refused."""
    text = unicodedata.normalize("NFKC", text).strip()
    iso = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)(?:[T ]00:00(?::00)?)?", text, re.ASCII)
    english = re.fullmatch(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})", text, re.ASCII)
    parts = iso.groups() if iso else english.groups()[::-1] if english else None
    try:
        return None if parts is None else dt.date(*map(int, parts)).isoformat()
    except ValueError:
        return None


def is_shortened(text: str) -> bool:
    """Tell whether a spreadsheet wrote a long number as a power of ten: its last digits are lost.

    >>> is_shortened("9.43E+09"), is_shortened("9434765919")
    (True, False)
    """
    return re.fullmatch(r"\d([.,]\d+)?E\+\d+", unicodedata.normalize("NFKC", text).strip().upper()) is not None


def _identifier(text: str) -> str | None:
    if is_shortened(text):
        return None
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text)).upper() or None


KINDS: dict[str, Callable[[str], str | None]] = {
    "nhs-number": _nhs_number,
    "name": _name,
    "date": _date,
    "identifier": _identifier,
}


@dataclass(frozen=True)
class Pseudonyms:
    """What became of a column: pseudonyms (None for missing and refused) and rows, 0 is the first, that were refused."""

    values: list[str | None]
    refused: tuple[int, ...]
    missing: int


class Pseudonymiser:
    """Turns identifiers into pseudonyms with a secret key.

    Parameters
    ----------
    key : bytes
        At least 32 random bytes; see `read_key`.
    algorithm : {"blake2b", "hmac-sha-256"}
        Keyed BLAKE2b, or HMAC with SHA-256.
    digest_bytes : int
        16 to 32; 160 bits unless told.

    Raises
    ------
    ParameterError
        For a key that is too short or not random, an unknown algorithm, a digest under 128 bits.

    Notes
    -----
    The same identifier gives the same pseudonym under the same key and domain, so that data sets link; another
    domain gives another, so that a custody number never meets an NHS number of the same digits. Who holds the key can
    turn a list of known people into pseudonyms, so a key stays with the agencies that are allowed to do that.

    References
    ----------
    BLAKE2: RFC 7693 (2015). HMAC: RFC 2104 (1997). Domains: BLAKE2b's personalisation.

    Examples
    --------
    >>> secret = bytes((n * 37 + n * n * 11) % 256 for n in range(32))
    >>> one = Pseudonymiser(secret).pseudonym("943 476 5919", kind="nhs-number")
    >>> one == Pseudonymiser(secret).pseudonym("9434765919", kind="nhs-number"), len(one)
    (True, 32)
    >>> Pseudonymiser(secret).pseudonym("1111111111", kind="nhs-number") is None
    True
    """

    def __init__(self, key: bytes, *, algorithm: Algorithm = "blake2b", digest_bytes: int = DIGEST_BYTES) -> None:
        check_key(key)
        if algorithm not in ALGORITHMS:
            raise ParameterError(f'no algorithm "{algorithm}"{nearest(algorithm, ALGORITHMS)}')
        if not LEAST_BYTES <= digest_bytes <= 32:
            raise ParameterError("a pseudonym has 16 to 32 bytes (128 to 256 bits)")
        self.algorithm: Algorithm = algorithm
        self.digest_bytes = digest_bytes
        self._key = key if len(key) <= 64 else hashlib.blake2b(key, person=_person(b"long key")).digest()

    def __repr__(self) -> str:
        return f"<Pseudonymiser: key {self.key_id}, {self.algorithm}, {8 * self.digest_bytes} bits>"

    @property
    def key_id(self) -> str:
        """Names the key without telling it: 64 bits of a digest in a domain of its own."""
        return hashlib.blake2b(b"", key=self._key, digest_size=8, person=_person(b"key id")).hexdigest()

    def pseudonym(self, value: str, *, kind: str, domain: str = "") -> str | None:
        """Give the pseudonym of one identifier, or None where it is not a valid one of its kind.

        Parameters
        ----------
        value : str
            As recorded.
        kind : {"nhs-number", "name", "date", "identifier"}
            How it is normalised and checked.
        domain : str
            Keeps identifiers of different meaning apart, for example ``custody-id``; the kind when not given.
        """
        normal = _kind(kind)(value)
        return None if normal is None else self._digest(normal, domain or kind)

    def pseudonyms(self, values: Iterable[Any], *, kind: str, domain: str = "") -> Pseudonyms:
        """Give the pseudonyms of a column; each distinct value is worked out once.

        Parameters
        ----------
        values : iterable of str
            A column; missing values (None, NaN, empty) stay missing.
        kind, domain
            As for `pseudonym`.

        Returns
        -------
        Pseudonyms
            Refused identifiers are told by position, never by value.
        """
        import pandas as pd

        _kind(kind)
        codes, distinct = pd.factorize(pd.Series(list(values), dtype=object), use_na_sentinel=True)
        known = [
            "" if not str(value).strip() else self.pseudonym(str(value), kind=kind, domain=domain) for value in distinct
        ]
        made = [None if code < 0 else known[code] for code in codes]
        return Pseudonyms(
            [value or None for value in made],
            tuple(row for row, value in enumerate(made) if value is None and codes[row] >= 0),
            sum(int(code < 0 or known[code] == "") for code in codes),
        )

    def _digest(self, normal: str, domain: str) -> str:
        person = _person(domain.encode())
        if self.algorithm == "blake2b":
            raw = hashlib.blake2b(normal.encode(), key=self._key, digest_size=self.digest_bytes, person=person).digest()
        else:
            raw = hmac.new(self._key, person + normal.encode(), "sha256").digest()[: self.digest_bytes]
        return base64.b32encode(raw).decode().rstrip("=")


@cache
def _person(domain: bytes) -> bytes:
    """Give 16 bytes that stand for a domain of any length."""
    return hashlib.blake2b(_NAMESPACE + domain, digest_size=16).digest()


def _kind(kind: str) -> Callable[[str], str | None]:
    if kind not in KINDS:
        raise ParameterError(f'no kind of identifier "{kind}"{nearest(kind, KINDS)}; choose one of {", ".join(KINDS)}')
    return KINDS[kind]


def check_key(key: bytes) -> None:
    """Stop on a key that is too short or plainly not random.

    Raises
    ------
    ParameterError
        For fewer than 32 bytes, fewer than 16 distinct bytes, a repeated block or bytes that go up in equal steps.
    """
    if len(key) < KEY_BYTES:
        raise ParameterError(
            f"the key has fewer than {KEY_BYTES} bytes; make one with: problemsolving pseudonyms make-key"
        )
    steps = {(later - before) % 256 for before, later in pairwise(key)}
    repeated = any(key == (key[:size] * len(key))[: len(key)] for size in range(1, len(key) // 2 + 1))
    if len(set(key)) < _DISTINCT or len(steps) == 1 or repeated:
        raise ParameterError("the key is not random; make one with: problemsolving pseudonyms make-key")


def read_key(path: Path) -> bytes:
    """Read a key from a file that its owner alone may read.

    Parameters
    ----------
    path : pathlib.Path
        Outside any repository and profile, in no folder that all may write to. It holds 64 hexadecimal digits, as `make_key` writes them, or at least
        32 bytes.

    Returns
    -------
    bytes

    Raises
    ------
    ParameterError
        For a missing file, a place where it could be published, on POSIX a mode that lets others read it or another
        owner, a key that is too short or not random.
    """
    check_place(path, what="a key")
    check_folders(path)
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError as error:
        raise ParameterError(f"{path}: the key cannot be read ({error.strerror})") from None
    try:
        _check_owner(path, os.fstat(handle))
    except ParameterError:
        os.close(handle)
        raise
    with os.fdopen(handle, "rb") as stream:
        raw = stream.read(4_097)
    if len(raw) > 4_096:
        raise ParameterError(f"{path}: larger than a key")
    text = raw.strip()
    if re.fullmatch(rb"[0-9A-Fa-f]+", text) and len(text) % 2 == 0:
        raw = bytes.fromhex(text.decode())
    elif all(32 <= byte < 127 for byte in text):
        raw = text
    check_key(raw)
    return raw


def _check_owner(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise ParameterError(f"{path}: is not a plain file, so no key")
    if os.name == "posix" and status.st_mode & 0o077:
        raise ParameterError(f"{path}: others may read this key; chmod 600 it, and think of it as known to them")
    if os.name == "posix" and status.st_uid != os.geteuid():
        raise ParameterError(f"{path}: this key belongs to another user")


def make_key(path: Path) -> str:
    """Make a new random key of 32 bytes in a file that its owner alone may read.

    Parameters
    ----------
    path : pathlib.Path
        A name that is not taken, outside any repository and profile, in no folder that all may write to.

    Returns
    -------
    str
        The key's id.
    """
    check_place(path, what="a key")
    check_folders(path)
    key = secrets.token_bytes(KEY_BYTES)
    made = Pseudonymiser(key)
    with private_file(path) as stream:
        stream.write(key.hex().encode() + b"\n")
    return made.key_id
