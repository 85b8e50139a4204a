"""Rules for text: what may name a person, run as code, or hide, as SQL that is true where text holds it.

Forms: NHS number with its check digit (NHS Data Dictionary, modulus 11), National Insurance number (HMRC manual
NIM39110), postcode (BS 7666), formula cells (OWASP, CSV injection), direction and invisible characters (Unicode
standard annex 9; technical standard 39).
"""

from __future__ import annotations

from problemsolving.dictionary.mapping import literal

MAX_TEXT = 20_000  # bytes in a cell
_HIDDEN = (
    r"\x{ad}\x{180e}\x{200b}-\x{200d}\x{2060}-\x{2065}\x{206a}-\x{206f}\x{feff}\x{fff9}-\x{fffb}\x{e0000}-\x{e007f}"
)
_CONTROLS = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x{9f}\x{61c}\x{200e}\x{200f}\x{2028}-\x{202e}\x{2066}-\x{2069}"
_FORMULA = r"^[\s'\x{22}]*([=+@\x{ff1d}\x{ff0b}\x{ff20}]|[-\x{2212}\x{ff0d}].)"
_MARKUP = r"(?i)<\s*[/!?a-z]|&#x?[0-9a-f]+;|\b(javascript|vbscript)\s*:|data\s*:\s*text/html|\{\{|\{%|\$\{"
_TEN_DIGITS = r"\b[0-9]{3}[ .-]?[0-9]{3}[ .-]?[0-9]{4}\b"
_NINO = r"(?i)\b[a-ceghj-pr-tw-z][a-ceghj-npr-tw-z] ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[a-d]\b"
_NOT_NINO = r"(?i)\b(bg|gb|nk|kn|tn|nt|zz) ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[a-d]\b"
_POSTCODE = (
    r"\b[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][ABD-HJLNP-UW-Z]{2}\b|(?i)\b[a-z]{1,2}[0-9][a-z0-9]? [0-9][abd-hjlnp-uw-z]{2}\b"
)
_EMAIL = r"[\w.+-]+@[\w-]+\.\w"
_PHONE = r"(\+44 ?|\b0)[1-37][0-9]{2,3} ?[0-9]{3} ?[0-9]{3,4}\b"
_BORN = r"(?i)\b(d\.?o\.?b\.?|born( on)?|date of birth)[:\s]+[0-9]{1,4}[/.-][0-9]{1,2}[/.-][0-9]{1,4}"

_PLAIN_CODE = r"^[A-Za-z0-9_][A-Za-z0-9_-]*$"  # nothing below can hold for such an identifier
_UNUSUAL = r"[^A-Za-z ,.;'()/&?!-]|^[\s'\x{22}]*-"  # something below may hold only where one of these stands


def found(text: str, pattern: str) -> str:
    """SQL that is true where a pattern is found."""
    return f"regexp_matches({text}, {literal(pattern)})"


def _nhs_number(text: str) -> str:
    """SQL that is true where ten digits carry a valid check digit and are not all the same."""
    digit = "cast(d[{}] as integer)"
    weighted = " + ".join(f"{11 - place} * {digit.format(place)}" for place in range(1, 10))
    valid = f"(11 - ({weighted}) % 11) % 11 = {digit.format(10)} and d <> repeat(d[1], 10)"
    runs = f"list_transform(regexp_extract_all({text}, {literal(_TEN_DIGITS)}), lambda t: regexp_replace(t, '[ .-]', '', 'g'))"
    return f"len(list_filter({runs}, lambda d: {valid})) > 0"


def unusual(text: str, *, identifier: bool) -> str:
    """SQL that is true where the rules of text need a closer look; plain words, or plain codes, need none."""
    if identifier:
        return f"not regexp_matches({text}, {literal(_PLAIN_CODE)})"
    return found(text, _UNUSUAL)


def text_rules(text: str, *, identifier: bool) -> list[tuple[str, str]]:
    """Give rules in words, and SQL that is true where text breaks them.

    Parameters
    ----------
    text : str
        SQL of the text.
    identifier : bool
        A pseudonym or reference: ten digits in it are no NHS number by their form alone.
    """
    rules = [
        ("holds control or direction characters", found(text, f"[{_CONTROLS}]")),
        ("holds invisible characters", found(text, f"[{_HIDDEN}]")),
        ("begins like a formula", found(text, _FORMULA)),
        ("holds markup or script", found(text, _MARKUP)),
    ]
    if identifier:
        return [*rules, ("a number that a spreadsheet shortened", found(text, r"^[0-9]([.][0-9]+)?[eE][+][0-9]+$"))]
    return [
        *rules,
        ("holds an NHS number", _nhs_number(text)),
        ("holds a National Insurance number", f"{found(text, _NINO)} and not {found(text, _NOT_NINO)}"),
        ("holds a full postcode", found(text, _POSTCODE)),
        ("holds an e-mail address", found(text, _EMAIL)),
        ("holds a telephone number", found(text, _PHONE)),
        ("holds a date of birth", found(text, _BORN)),
    ]
