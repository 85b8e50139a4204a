"""What the page puts in as markup: tables and pictures of findings, taken apart and checked before."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

from problemsolving.governance.unwrap import unreadable_fonts
from problemsolving.notebooks.parameters import STAGES

_TABLE_TAGS = {"div", "table", "thead", "tbody", "tfoot", "tr", "th", "td", "caption"}
_TABLE_ATTRIBUTES = {"class", "id", "scope", "colspan", "rowspan", "headers"}
_PICTURE_TAGS = {
    "svg", "metadata", "RDF", "Work", "type", "format", "defs", "style", "g", "path", "use", "rect", "clipPath", "pattern", "image",
    "circle", "ellipse", "line", "polyline", "polygon", "text", "tspan", "title", "desc",
}  # fmt: skip
_WORDS = ("question", "period", "source", "summary", "alt_text", "method", "citation", "design", "policy")
_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")


def check_finding(finding: dict[str, Any]) -> list[str]:
    """Give what is wrong with the shape of a finding's payload; empty when the page can hold it."""
    faults = [f"{key}: not words" for key in _WORDS if not isinstance(finding.get(key), str)]
    if finding.get("stage") not in STAGES or not _NAME.match(str(finding.get("name"))):
        faults.append("stage or name: not one of a finding")
    caveats, values = finding.get("caveats"), finding.get("values")
    if not isinstance(caveats, list) or not all(isinstance(caveat, str) for caveat in caveats):
        faults.append("caveats: not a list of words")
    if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
        faults.append("values: not a list of numbers")
    for key, check in (("table", safe_table), ("picture", check_picture)):
        if finding.get(key):
            try:
                check(str(finding[key]))
            except ValueError as error:
                faults.append(f"{key}: {error}")
    return faults


class _Table(HTMLParser):
    """Writes a table again from its cells: known elements and attributes, every text escaped."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _TABLE_TAGS:
            raise ValueError("holds an element that is not part of a table")
        if any(name.startswith("on") for name, _ in attrs):
            raise ValueError("holds a script")
        kept = [(name, value or "") for name, value in attrs if name in _TABLE_ATTRIBUTES]
        written = "".join(f' {name}="{html.escape(value)}"' for name, value in kept)
        self.pieces.append(f"<{tag}{written}>")

    def handle_endtag(self, tag: str) -> None:
        if tag in _TABLE_TAGS:
            self.pieces.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self.pieces.append(html.escape(data, quote=False))


def safe_table(text: str) -> str:
    """Write a table's HTML again from its cells; raise ``ValueError`` for anything that is not a table.

    >>> safe_table('<table style="x"><tr><td>a &amp; b</td></tr></table>')
    '<table><tr><td>a &amp; b</td></tr></table>'
    """
    parser = _Table()
    parser.feed(text)
    parser.close()
    return "".join(parser.pieces)


def check_picture(text: str) -> None:
    """Raise ``ValueError`` for an SVG that holds a script, a link, an entity or letters that cannot be searched."""
    if "<!ENTITY" in text or "<?xml-stylesheet" in text:
        raise ValueError("holds an entity or a style sheet of its own")
    try:
        root = ElementTree.fromstring(text.encode())
    except ElementTree.ParseError:
        raise ValueError("is not SVG") from None
    for element in root.iter():
        tag = element.tag.rsplit("}", 1)[-1] if isinstance(element.tag, str) else "?"
        if tag not in _PICTURE_TAGS:
            raise ValueError("holds an element that no chart has")
        for name, value in element.attrib.items():
            name = name.rsplit("}", 1)[-1].lower()
            if name.startswith("on") or "javascript:" in value.lower():
                raise ValueError("holds a script")
            if name == "href" and not value.strip().startswith(("#", "data:image/png;base64,")):
                raise ValueError("holds a link")
        if re.search(r"@import|url\(\s*['\"]?(?!#)", " ".join([*element.attrib.values(), element.text or ""])):
            raise ValueError("fetches something")
    if unreadable_fonts(text):
        raise ValueError("draws letters in a font that cannot be searched; use the charts of the package")
