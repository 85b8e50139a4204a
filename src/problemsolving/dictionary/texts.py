"""Rules for text: what may name a person, run as code, or hide, as SQL that is true where text holds it.

The forms of identifiers are those of `identifiers`, which search a release too: NHS number with its check digit (NHS
Data Dictionary, modulus 11), National Insurance number (HMRC manual NIM39110), postcode (BS 7666). Formula cells (OWASP, CSV injection), direction and invisible characters (Unicode
standard annex 9; technical standard 39).
"""

from __future__ import annotations

from problemsolving.dictionary.mapping import literal
from problemsolving.identifiers import BEFORE_TEN_DIGITS, FORMS, NO_ONES, TEN_DIGITS

MAX_TEXT = 20_000  # bytes in a cell
_HIDDEN = (  # default-ignorable and blank characters (Unicode standard, DerivedCoreProperties)
    r"\x{ad}\x{34f}\x{115f}\x{1160}\x{17b4}\x{17b5}\x{180b}-\x{180f}\x{200b}-\x{200d}\x{2060}-\x{2065}\x{206a}-\x{206f}"
    r"\x{2800}\x{3164}\x{fe00}-\x{fe0f}\x{feff}\x{ffa0}\x{fff0}-\x{fffb}\x{e0000}-\x{e0fff}"
)
_LOST = r"\x{e000}-\x{f8ff}\x{fffd}-\x{ffff}\x{f0000}-\x{10ffff}"  # private use, replacement, no characters
_CONTROLS = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x{9f}\x{61c}\x{200e}\x{200f}\x{2028}-\x{202e}\x{2066}-\x{2069}"
_FORMULA = r"^[\s'\x{22}]*([=+@\x{ff1d}\x{ff0b}\x{ff20}]|[-\x{2212}\x{ff0d}].)"
_MARKUP = r"(?i)<\s*[/!?a-z]|&#x?[0-9a-f]+;|\b(javascript|vbscript)\s*:|data\s*:\s*text/html|\{\{|\{%|\$\{"
_ODD_DIGITS = "".join(chr(zero + digit) for zero in (0x660, 0x6F0, 0x966, 0xFF10) for digit in range(10))
_ODD_SPACES = "\u00a0\u2007\u2009\u202f\u3000"
_ODD_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2212"

_SPACES_INSIDE = r"[^\s\x{a0}][\s\x{a0}\x{2000}-\x{200a}\x{202f}\x{3000}]+[^\s\x{a0}]"
_PLAIN_CODE = r"^[A-Za-z0-9_][A-Za-z0-9_-]*$"  # nothing below can hold for such an identifier, but for _PERSONAL
_PERSONAL = r"(?i)^(nhs)?[0-9][0-9_-]{9,}$|^[a-z]{2}-*[0-9][0-9-]{5,}[a-d]$"
_UNUSUAL = r"[^A-Za-z ,.;'()/&?!-]|^[\s'\x{22}]*-"  # something below may hold only where one of these stands


def found(text: str, pattern: str) -> str:
    """SQL that is true where a pattern is found."""
    return f"regexp_matches({text}, {literal(pattern)})"


def _plain(text: str) -> str:
    """SQL that writes digits, spaces and dashes of other scripts as ASCII, and drops digits that are no one's."""
    odd = _ODD_DIGITS + _ODD_SPACES + _ODD_DASHES
    usual = "0123456789" * 4 + " " * len(_ODD_SPACES) + "-" * len(_ODD_DASHES)
    return f"regexp_replace(translate({text}, {literal(odd)}, {literal(usual)}), {literal(NO_ONES)}, ' ', 'g')"


def _holds(text: str, kind: str) -> str:
    """SQL that is true where a text holds one kind of identifier."""
    return " or ".join(found(_plain(text), form.re2) for form in FORMS if form.kind == kind)


def _nhs_number(text: str) -> str:
    """SQL that is true where ten digits carry a valid check digit and are not all the same."""
    digit = "cast(d[{}] as integer)"
    weighted = " + ".join(f"{11 - place} * {digit.format(place)}" for place in range(1, 10))
    valid = f"(11 - ({weighted}) % 11) % 11 = {digit.format(10)} and d <> repeat(d[1], 10)"
    whole = literal(f"(?:^|[^{BEFORE_TEN_DIGITS}])({TEN_DIGITS})")
    bare = "regexp_replace(regexp_replace(t, '[.]0+$', ''), '[^0-9]', '', 'g')"
    runs = f"list_transform(regexp_extract_all({_plain(text)}, {whole}, 1), lambda t: {bare})"
    return f"len(list_filter({runs}, lambda d: case when strlen(d) = 10 then {valid} else false end)) > 0"


def unusual(text: str, *, identifier: bool) -> str:
    """SQL that is true where the rules of text need a closer look; plain words, or plain codes, need none."""
    if identifier:
        return (
            f"not regexp_matches({text}, {literal(_PLAIN_CODE)}) "
            f"or (strlen({text}) between 9 and 24 and {found(text, _PERSONAL)})"
        )
    return found(text, _UNUSUAL)


def text_rules(text: str, *, identifier: bool, person: bool = False, one_word: bool = False) -> list[tuple[str, str]]:
    """Give rules in words, and SQL that is true where text breaks them.

    Parameters
    ----------
    text : str
        SQL of the text.
    identifier : bool
        A pseudonym, reference or code.
    person : bool
        A field that is an identifier by its sensitivity: nothing that the person bears elsewhere may stand in it.
    one_word : bool
        A pseudonym or reference, not an address: no spaces may stand inside.
    """
    rules = [
        ("holds control or direction characters", found(text, f"[{_CONTROLS}]")),
        ("holds invisible characters", found(text, f"[{_HIDDEN}]")),
        ("holds private or replaced characters", found(text, f"[{_LOST}]")),
        ("begins like a formula", found(text, _FORMULA)),
        ("holds markup or script", found(text, _MARKUP)),
    ]
    if identifier:
        rules.append(("a number that a spreadsheet shortened", found(text, r"^[0-9]([.][0-9]+)?[eE][+][0-9]+$")))
        rules += _person_rules(text) if person else []
        return rules + ([("an identifier with spaces inside", found(text, _SPACES_INSIDE))] if one_word else [])
    return [
        *rules,
        ("holds an NHS number", _nhs_number(text)),
        ("holds a National Insurance number", _holds(text, "National Insurance number")),
        ("holds a full postcode", _holds(text, "postcode")),
        ("holds an e-mail address", _holds(text, "e-mail address")),
        ("holds a telephone number", _holds(text, "telephone number")),
        ("holds a date of birth", _holds(text, "date of birth")),
    ]


def _person_rules(text: str) -> list[tuple[str, str]]:
    remedy = "pseudonymise before sharing"
    return [
        (f"looks like an NHS number: {remedy}", _nhs_number(text)),
        (f"looks like a National Insurance number: {remedy}", _holds(text, "National Insurance number")),
        (f"looks like an e-mail address: {remedy}", _holds(text, "e-mail address")),
    ]
