"""Finding what may identify a person in text that is about to leave."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

# Postcode areas of the United Kingdom and the Crown dependencies (Royal Mail, Postcode Address File).
_POSTCODE_AREAS = (
    "AB AL B BA BB BD BH BL BN BR BS BT CA CB CF CH CM CO CR CT CV CW DA DD DE DG DH DL DN DT DY E EC EH EN EX FK FY "
    "G GL GU GY HA HD HG HP HR HS HU HX IG IM IP IV JE KA KT KW KY L LA LD LE LL LN LS LU M ME MK ML N NE NG NN NP NR "
    "NW OL OX PA PE PH PL PO PR RG RH RM S SA SE SG SK SL SM SN SO SP SR SS ST SW SY TA TD TF TN TQ TR TS TW UB W WA "
    "WC WD WF WN WR WS WV YO ZE"
)
_AREA = _POSTCODE_AREAS.replace(" ", "|")
_PREFIX = (  # of a National Insurance number: two letters, without the pairs never given (HMRC manual NIM39110)
    "[ACEHJLMOPRSWXY][A-CEGHJ-NPR-TW-Z]|B[A-CEHJ-NPR-TW-Z]|G[ACEGHJ-NPR-TW-Z]|K[A-CEGHJ-MPR-TW-Z]"
    "|N[A-CEGHJLMNPRSW-Z]|T[A-CEGHJ-MPR-TW-Z]|Z[A-CEGHJ-NPR-TW-Y]"
)
_GAP = r"[ .\-]?"
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_DAY = (
    rf"(?:\d{{1,4}}[/.-]\d{{1,2}}[/.-]\d{{1,4}}|\d{{1,2}}(?:st|nd|rd|th)?[ -](?:of )?{_MONTH}[ ,-]{{1,2}}\d{{2,4}}"
    rf"|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? \d{{2,4}})"
)
_BIRTH_YEAR = r"(?:19\d\d|200\d)"  # a whole date of so long ago is more likely a birth than an incident
_BEYOND = f"{chr(0x80)}-{chr(0x10FFFF)}"  # letters of addresses that are not ASCII


@dataclass(frozen=True)
class Form:
    """How people write one kind of identifier, as a pattern that Python and RE2 (DuckDB) read alike.

    ``before`` and ``after`` are what must not stand beside it, as the inside of a character class. RE2 looks neither
    back nor ahead, so there the characters beside it are part of the match. Letters and digits are those of ASCII.
    """

    kind: str
    body: str
    before: str = r"\w"
    after: str = r"\w"

    @property
    def python(self) -> re.Pattern[str]:
        """The pattern for Python; what it matches is the identifier alone."""
        return re.compile(f"(?<![{self.before}])(?:{self.body})(?![{self.after}])", re.ASCII)

    @property
    def re2(self) -> str:
        """The pattern for RE2, to tell whether the identifier is there."""
        return f"(?:^|[^{self.before}])(?:{self.body})(?:[^{self.after}]|$)"


FORMS = (
    Form(
        "e-mail address", rf"[\w.+\-{_BEYOND}]{{1,64}}@[\w\-{_BEYOND}]{{1,63}}\.[\w.\-{_BEYOND}]{{0,190}}\w", r"\w.+\-"
    ),
    Form("National Insurance number", rf"(?i:(?:{_PREFIX})(?:[ .\-/]{{0,2}}\d{{2}}){{3}}[ .\-/]{{0,2}}[A-D])"),
    Form(
        "postcode",
        rf"(?:{_AREA})\d[A-Z\d]? {{0,2}}\d[ABD-HJLNP-UW-Z]{{2}}|(?:{_AREA.lower()})\d[a-z\d]? {{0,2}}\d[abd-hjlnp-uw-z]{{2}}"
        rf"|(?i:(?:{_AREA})\d[A-Z\d]? {{1,2}}\d[ABD-HJLNP-UW-Z]{{2}})",
        r"\w#",
    ),
    Form(
        "telephone number",
        r"(?:(?:\+|00)44 ?(?:\(0\) ?)?|\(?0)"
        rf"(?:7\d{{3}}\)?{_GAP}\d{{3}}{_GAP}\d{{3}}|[127]\d{{3}}\)?{_GAP}\d{{5,6}}|[1238]\d{{2}}\)?{_GAP}\d{{3}}{_GAP}\d{{4}}"
        rf"|1\d{{3}}\)?{_GAP}\d{{3}}{_GAP}\d{{3}}|2\d\)?{_GAP}\d{{4}}{_GAP}\d{{4}})",
        r"\w.,+\-",
    ),
    Form(
        "date of birth",
        rf"(?i:(?:d\.? ?o\.? ?b\.?|born(?: on)?|birth ?day|date of birth|birth date)[\s\"':=]{{1,4}}{_DAY})",
        after=r"\x00",
    ),
    Form(
        "date of birth",
        rf"{_BIRTH_YEAR}-[01]\d-[0-3]\d|[0-3]?\d[/.-][01]?\d[/.-]{_BIRTH_YEAR}",
        r"\w./\-",
        r"\w/\-",
    ),
)
# Ten digits as 943 476 5919, 9434 765 919 or 9,434,765,919; decimals belong to the match, and only zeros may stand there.
_GAP2 = r"[ .,/\-]{0,2}"
TEN_DIGITS = rf"(?:(?i:nhs)[ :#_\-]{{0,2}})?(?:\d{{3}}{_GAP2}\d{{3}}{_GAP2}\d{{4}}|\d{{4}}{_GAP2}\d{{3}}{_GAP2}\d{{3}}|\d(?:,\d{{3}}){{3}})(?:\.\d+)?\b"
BEFORE_TEN_DIGITS = r"\w.+\-"
NO_ONES = r"\b01234567890?\b"  # digits in order, as scales and examples have them
_PATTERNS = tuple((form.kind, form.python) for form in FORMS)
_TEN_DIGITS = re.compile(f"(?<![{BEFORE_TEN_DIGITS}]){TEN_DIGITS}", re.ASCII)
_DECIMAL = re.compile(r"\d+\.\d{6,}")  # 5126.953125: a rate, not two groups of digits
_NO_ONES = re.compile(NO_ONES, re.ASCII)
_HIDDEN = re.compile(r"\\(?:u([0-9a-fA-F]{4})|u\{([0-9a-fA-F]{1,6})\}|U([0-9a-fA-F]{8})|x([0-9a-fA-F]{2}))")
_LOOKS_LIKE = str.maketrans(
    "АВЕЅІЈКМНОРСТХУЗаеѕіјорсхукмнтвԁԛԝһΑΒΕΖΗΙΚΜΝΟΡΤΥΧορνικɑɡ‐‑‒–—−",
    "ABESIJKMHOPCTXY3aesijopcxykmhtbdqwhABEZHIKMNOPTYXopvikag------",
)
_DEEPEST = 4  # escapes of escapes of escapes are undone, no deeper
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # fillers: letters and signs that show nothing
_DROPPED = ("Cf", "Mn", "Me", "Co")  # invisible, combining and private characters


@dataclass(frozen=True)
class Identifier:
    """A place in a text that may identify a person; it keeps the kind and place, never the value."""

    kind: str
    start: int


def plain(text: str) -> str:
    """Undo what hides a value from a search, and keep its letters and digits.

    Compatibility forms (full-width, circled, non-breaking), digits and look-alikes of other alphabets, invisible,
    blank, private and combining characters, HTML entities, percent and JSON or Python escapes become the plain characters that a reader would see.

    >>> plain("&#57;43&nbsp;476\\u200b %35919"), plain("\\\\u0050\\uff10\\u200d001")
    ('943 476 5919', 'P0001')
    """
    for _ in range(_DEEPEST):
        before = text
        if "&" in text:
            text = html.unescape(text)
        if "%" in text:
            text = unquote(text, errors="ignore")
        if "\\" in text:
            text = _HIDDEN.sub(lambda found: _character(next(filter(None, found.groups()))), text).replace("\\/", "/")
        if text == before:
            break
    if text.isascii():
        return text
    text = unicodedata.normalize("NFKD", text)
    text = text.translate({ord(letter): _shown(letter) for letter in set(text) if not letter.isascii()})
    return unicodedata.normalize("NFKC", text).translate(_LOOKS_LIKE)


def _shown(letter: str) -> str | None:
    """Give a digit of any script as ASCII, nothing for what shows nothing, and any other character as it is."""
    kind = unicodedata.category(letter)
    if kind == "Nd":
        return str(unicodedata.digit(letter))
    return None if kind in _DROPPED or letter in _BLANK else letter


def _character(code: str) -> str:
    number = int(code, 16)
    return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else " "


def is_nhs_number(text: str) -> bool:
    """Tell whether ten digits carry a valid NHS check digit (modulus 11).

    Ten equal digits and 0123456789 pass the arithmetic and are no one's number.

    >>> is_nhs_number("943 476 5919"), is_nhs_number("943 476 5918"), is_nhs_number("0000000000")
    (True, False, False)
    """
    digits = [int(character) for character in text if character.isascii() and character.isdigit()]
    if len(digits) != 10 or len(set(digits)) == 1 or digits == list(range(10)):
        return False
    check = 11 - sum(digit * (10 - place) for place, digit in enumerate(digits[:9])) % 11
    return check % 11 == digits[9] and check != 10


def find_identifiers(text: str) -> Iterator[Identifier]:
    """Find NHS numbers, postcodes, National Insurance numbers, e-mail addresses, telephones, dates of birth.

    The text is searched as it is and in its plain form (see `plain`); a place counts in the form it was found in.

    >>> [found.kind for found in find_identifiers("seen at MK40 2TH, NHS 943 476 5919")]
    ['postcode', 'NHS number']
    >>> [found.kind for found in find_identifiers("NHS&nbsp;943&#8203;4765919, +44 (0)7700 900123")]
    ['telephone number', 'NHS number']
    """
    seen = set()
    for form in dict.fromkeys((text, plain(text))):
        for found in _find(form):
            if form == text or found.kind not in seen:
                seen.add(found.kind)
                yield found


def _find(text: str) -> Iterator[Identifier]:
    text = _NO_ONES.sub(lambda found: " " * len(found[0]), text)
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            yield Identifier(kind, match.start())
    for match in _TEN_DIGITS.finditer(text):
        if not _DECIMAL.fullmatch(match[0]) and is_nhs_number(re.sub(r"\.0+$", "", match.group())):
            yield Identifier("NHS number", match.start())
