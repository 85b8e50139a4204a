"""Finding what may identify a person in text that is about to leave."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_PATTERNS = {
    "e-mail address": re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]*\w"),
    "National Insurance number": re.compile(
        r"\b(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]\b"
    ),
    "postcode": re.compile(
        r"\b(?:[A-Z]{1,2}\d[A-Z\d]? ?\d[ABD-HJLNP-UW-Z]{2}|[a-z]{1,2}\d[a-z\d]? \d[abd-hjlnp-uw-z]{2})\b"
    ),
    "telephone number": re.compile(r"(?<![\d.,-])(?:\+44 ?|0)[1-37]\d{2,3} ?\d{3} ?\d{3,4}(?!\d)"),
    "date of birth": re.compile(
        r"(?i)\b(?:d\.?o\.?b\.?|born(?: on)?|date of birth)[:\s]+\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4}"
    ),
}
_TEN_DIGITS = re.compile(r"(?<![\w.])\d{3}[ -]?\d{3}[ -]?\d{4}(?![\w.]\d|\d)")


@dataclass(frozen=True)
class Identifier:
    """A place in a text that may identify a person; it keeps the kind and place, never the value."""

    kind: str
    start: int


def is_nhs_number(text: str) -> bool:
    """Tell whether ten digits carry a valid NHS check digit (modulus 11).

    >>> is_nhs_number("943 476 5919"), is_nhs_number("943 476 5918"), is_nhs_number("0000000000")
    (True, False, False)
    """
    digits = [int(character) for character in text if character.isascii() and character.isdigit()]
    if len(digits) != 10 or len(set(digits)) == 1:
        return False
    check = 11 - sum(digit * (10 - place) for place, digit in enumerate(digits[:9])) % 11
    return check % 11 == digits[9] and check != 10


def find_identifiers(text: str) -> Iterator[Identifier]:
    """Find NHS numbers, postcodes, National Insurance numbers, e-mail addresses, mobiles, births.

    >>> [found.kind for found in find_identifiers("seen at MK40 2TH, NHS 943 476 5919")]
    ['postcode', 'NHS number']
    """
    for kind, pattern in _PATTERNS.items():
        yield from (Identifier(kind, match.start()) for match in pattern.finditer(text))
    for match in _TEN_DIGITS.finditer(text):
        if is_nhs_number(match.group()):
            yield Identifier("NHS number", match.start())
