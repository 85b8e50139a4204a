"""A broken-off file beside its target, and the notes that say whether it may be continued."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from problemsolving.records import to_json, write_atomically

if TYPE_CHECKING:
    import httpx


@dataclass(frozen=True, kw_only=True)
class Download:
    """A whole body as it lies beside its target, with what the publisher said of it."""

    part: Path
    etag: str | None
    last_modified: str | None


class Part:
    """The broken-off file beside a target, and what must still hold for it to be continued."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.path = target.with_name(target.name + ".part")
        self._notes = target.with_name(target.name + ".part.json")
        self.state: dict[str, Any] = {}

    def offset(self, path: str) -> int:
        """Give how many bytes may be kept: none unless the same address, and a validator, were noted."""
        try:
            self.state = json.loads(self._notes.read_text("utf-8"))
            size = self.path.stat().st_size
            right = self.state["path"] == path and self.validator and size <= (self.state["total"] or size)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            right, size = False, 0
        if not right:
            self.forget()
            return 0
        return size

    @property
    def validator(self) -> str:
        """What If-Range may carry: a strong ETag, else the date of the last change."""
        etag = self.state.get("etag")
        strong = etag if etag and not etag.startswith("W/") else None
        return strong or self.state.get("last_modified") or ""

    @property
    def download(self) -> Download:
        return Download(part=self.path, etag=self.state.get("etag"), last_modified=self.state.get("last_modified"))

    def agrees(self, etag: str | None, total: int | None) -> bool:
        known_etag, known_total = self.state.get("etag"), self.state.get("total")
        return (not etag or not known_etag or etag == known_etag) and (
            total is None or known_total is None or total == known_total
        )

    def begin(self, path: str, headers: httpx.Headers, total: int | None) -> None:
        """Note what the new body is, before its first byte is written."""
        self.path.unlink(missing_ok=True)
        encoded = headers.get("Content-Encoding", "identity").lower() != "identity"
        self.state = {
            "path": path,
            "etag": None if encoded else headers.get("ETag"),
            "last_modified": None if encoded else headers.get("Last-Modified"),
            "total": None if encoded else total,
        }
        write_atomically(self._notes, to_json(self.state))

    def is_whole(self, written: int) -> bool:
        """Tell whether all that was announced is here; more than that is thrown away."""
        total = self.state.get("total")
        if total is not None and written > total:
            self.forget()
        return total is None or written == total

    def forget(self) -> None:
        self.path.unlink(missing_ok=True)
        self._notes.unlink(missing_ok=True)
        self.state = {}


def finish(target: Path) -> None:
    """Give a whole and checked part its name, in one step; its notes go after it."""
    part = Part(target)
    part.path.replace(target)
    part.forget()


def discard(target: Path) -> None:
    """Remove what lies beside a target."""
    Part(target).forget()
