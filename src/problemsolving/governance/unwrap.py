"""Every text that a file about to leave holds: on its face, in its marks, and packed inside."""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib
from collections.abc import Iterator
from functools import cache
from urllib.parse import unquote_to_bytes

_DEEPEST = 6
_DATA_URI = re.compile(r"data:([\w.+/;=-]{0,200}),\s*([^\"')>]*)", re.IGNORECASE)
_COMMENT = re.compile(r"<!--(.*?)(?:-->|\Z)", re.DOTALL)
_INLINE = re.compile(
    r"</?(?:a|abbr|b|bdi|bdo|code|em|font|i|mark|q|s|small|span|strong|sub|sup|tspan|u|wbr)\b[^>]*>", re.I
)
_TAG = re.compile(r"<[^>]*>")
_GEOMETRY = re.compile(  # numbers that are places on the picture: path letters stand alone there, so V3161 is not one
    r"\s(?:d|points|transform|viewBox|x|y|x1|x2|y1|y2|cx|cy|r|rx|ry|width|height)="
    r'"(?:[\d\s.,+()-]|e-?(?=\d)|[MLHVCSQTAZmlhvcsqtaz](?=[\s"])|translate|scale|rotate|matrix|skew[XY])*+"'
)
_PACKED = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{8,}={0,2}")
_HEX = re.compile(r"(?<![0-9A-Za-z])(?:[0-9a-fA-F]{2}){5,}(?![0-9A-Za-z])")
_PRINTABLE = re.compile(r"[\w\s!-~£€’‘“”–—]+\Z")
_GLYPHS = re.compile(r'xlink:href="#([A-Za-z][\w-]*?)-([0-9a-f]+)"')


def texts_of(content: str | bytes) -> Iterator[str]:
    """Give every text inside a file: HTML, SVG, PNG, JPEG, JSON or plain, and what is packed in them.

    Parameters
    ----------
    content : str or bytes
        A whole file, or a piece of one. What it is shows in its first bytes, not in its name.

    Yields
    ------
    str
        The text itself, without embedded files and coordinates of shapes; the text without marks (a value split
        by ``<b>`` is whole there); comments; text that a picture draws as outlines; text chunks of PNG and JPEG;
        and all of these for whatever is embedded as a data URI, base64 or hexadecimal, to a depth of six. The
        pixels of a picture are not read.
    """
    yield from _unwrap(content, _DEEPEST)


def _unwrap(content: str | bytes, deepest: int) -> Iterator[str]:
    if deepest == 0:
        return
    if isinstance(content, bytes):
        if content.startswith(b"\x89PNG"):
            texts = _png(content)
        elif content.startswith(b"\xff\xd8"):
            texts = _jpeg(content)
        else:
            texts = iter([_decoded(content)])
        for text in texts:
            yield from _unwrap(text, deepest - 1)
        return
    inside = _inside_json(content)
    if inside is not None:
        for text in inside:
            yield from _unwrap(text, deepest - 1)
        return
    face, embedded = _without_data(content)
    face = _GEOMETRY.sub(" ", face)
    yield face
    if "<" in face:
        yield from _without_marks(face)
        yield " ".join(_COMMENT.findall(face))
    if 'xlink:href="#' in face:
        yield _drawn(face)
    for piece in embedded:
        yield from _unwrap(piece, deepest - 1)
    for unpacked in _unpacked(face):
        yield from _unwrap(unpacked, deepest - 1)


def _decoded(content: bytes) -> str:
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if content.startswith(mark):
            return content.decode(encoding, "replace")
    text = content.decode("utf-8", "replace")
    return text.replace("\x00", "") if "\x00" in text else text


def _without_data(text: str) -> tuple[str, list[bytes]]:
    """Take data URIs out of a text; give both."""
    if "data:" not in text.lower():
        return text, []
    embedded: list[bytes] = []

    def keep(found: re.Match[str]) -> str:
        raw = unquote_to_bytes(found[2])
        embedded.append((_base64(raw) or raw) if found[1].casefold().endswith(";base64") else raw)
        return " "

    return _DATA_URI.sub(keep, text), embedded


def _base64(raw: bytes) -> bytes | None:
    packed = re.sub(rb"[^A-Za-z0-9+/]", b"", raw.replace(b"-", b"+").replace(b"_", b"/"))
    packed = packed[: len(packed) - 1] if len(packed) % 4 == 1 else packed
    try:
        return base64.b64decode(packed + b"=" * (-len(packed) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def _without_marks(text: str) -> Iterator[str]:
    visible = _COMMENT.sub(" ", text)
    yield _TAG.sub("\n", _INLINE.sub("", visible))  # cells side by side are not one number


def _inside_json(text: str) -> list[str] | None:
    """Give the words and numbers inside a JSON text, markup and packed files each alone; None where it is not JSON."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        words = list(_words(json.loads(text)))
    except (ValueError, RecursionError):
        return None
    alone = [word for word in words if "<" in word or "data:" in word or word.lstrip()[:1] in ("{", "[")]
    opened = set(alone)
    return ["\n".join(word for word in words if word not in opened), *alone]


def _words(content: object) -> Iterator[str]:
    if isinstance(content, dict):
        for key, value in content.items():
            yield str(key)
            yield from _words(value)
    elif isinstance(content, list):
        for value in content:
            yield from _words(value)
    elif content is not None and not isinstance(content, bool):
        yield str(content)


def _unpacked(text: str) -> Iterator[bytes]:
    """Give what base64 and hexadecimal runs hold, where it is readable or a picture."""
    readable = []
    runs = {run: _base64(run.encode()) for run in set(_PACKED.findall(text))}
    runs |= {"hex " + run: bytes.fromhex(run) for run in set(_HEX.findall(text))}
    for held in runs.values():
        if held is None or len(held) < 5:
            continue
        if held.startswith((b"\x89PNG", b"\xff\xd8", b"<", b"{")):
            yield held
            continue
        try:
            words = held.decode("utf-8")
        except UnicodeDecodeError:
            continue
        if _PRINTABLE.match(words):
            readable.append(words)
    if readable:
        yield "\n".join(sorted(readable)).encode()


def _png(content: bytes) -> Iterator[str | bytes]:
    """Give the text of every chunk of a PNG that is not pixels, and what follows its end."""
    place = 8
    while place + 8 <= len(content):
        length, kind = int.from_bytes(content[place : place + 4], "big"), content[place + 4 : place + 8]
        body = content[place + 8 : place + 8 + length]
        if kind not in (b"IHDR", b"PLTE", b"IDAT", b"IEND"):
            yield body.replace(b"\x00", b" ")
            for start in [found.start() for found in re.finditer(rb"\x78[\x01\x5e\x9c\xda]", body)][:8]:
                try:
                    yield zlib.decompressobj().decompress(body[start:], 1_000_000)
                except zlib.error:
                    continue
        place += 12 + length
        if kind == b"IEND":
            break
    yield content[place:]


def _jpeg(content: bytes) -> Iterator[str | bytes]:
    """Give the text of every segment of a JPEG before its pixels (comments, EXIF, XMP), and what follows its end."""
    place = 2
    while place + 4 <= len(content) and content[place] == 0xFF and content[place + 1] != 0xDA:
        length = int.from_bytes(content[place + 2 : place + 4], "big")
        yield content[place + 4 : place + 2 + length].replace(b"\x00", b"")
        place += 2 + max(length, 2)
    end = content.rfind(b"\xff\xd9")
    yield content[end + 2 :] if end >= 0 else b""


def unreadable_fonts(svg: str) -> set[str]:
    """Give the fonts whose letters are drawn as outlines and cannot be told from their numbers."""
    return {font for font, _ in _GLYPHS.findall(svg) if not _letters(font)}


def _drawn(text: str) -> str:
    """Read the letters that matplotlib draws as outlines: glyph numbers of a font, a group a word."""
    lines = []
    for group in re.split(r"</g>|</text>", text):
        letters = [_letters(font).get(int(glyph, 16), "") for font, glyph in _GLYPHS.findall(group)]
        if any(letters):
            lines.append("".join(letters))
    return "\n".join(lines)


@cache
def _letters(font: str) -> dict[int, str]:
    """Give glyph number → letter of a font that matplotlib brings; empty for one it does not."""
    from matplotlib import get_data_path
    from matplotlib.ft2font import FT2Font

    path = f"{get_data_path()}/fonts/ttf/{font}.ttf"
    try:
        return {int(glyph): chr(code) for code, glyph in FT2Font(path).get_charmap().items()}
    except (OSError, RuntimeError):
        return {}
