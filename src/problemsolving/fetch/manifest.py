"""``fetched.json``: what was fetched into a folder, with checksums; and one fetch at a time in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from problemsolving.errors import FetchError
from problemsolving.locks import file_digest, one_at_a_time
from problemsolving.records import to_json, write_atomically

NAME = "fetched.json"
LOCK = ".fetch.lock"
State = Literal["missing", "same", "altered", "unlisted"]


@dataclass
class Manifest:
    """The files of a folder that were fetched, and the names that a publisher's archive did not hold.

    ``files`` maps a name (below the folder, forward slashes) to sha256, bytes and origin; ``absent`` maps an
    archive to the names that were looked for in it in vain.
    """

    folder: Path
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    absent: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """Read the manifest of a folder; an empty one where there is none."""
        path = folder / NAME
        if not path.exists():
            return cls(folder)
        try:
            raw = json.loads(path.read_text("utf-8"))
            files, absent = raw["files"], raw["absent"]
            right = all(isinstance(entry["sha256"], str) for entry in files.values())
            right = right and all(isinstance(name, str) for names in absent.values() for name in names)
        except (ValueError, KeyError, TypeError, AttributeError):
            right, files, absent = False, {}, {}
        if not right:
            raise FetchError(f"{path}: not a list of fetched files; move it away and fetch again")
        return cls(folder, files, absent)

    def state(self, name: str) -> State:
        """Compare a file with what was recorded when it was fetched."""
        path = self.folder / name
        if not path.is_file():
            return "missing"
        if name not in self.files:
            return "unlisted"
        return "same" if file_digest(path) == self.files[name]["sha256"] else "altered"

    def note(self, name: str, path: Path, **origin: Any) -> None:
        """Note a file whose bytes lie at ``path`` for now; nothing is on disk before `write`."""
        self.files[name] = {"sha256": file_digest(path), "bytes": path.stat().st_size, **origin}

    def write(self) -> None:
        """Write the manifest: before files get their names, so that none is ever there without its checksum."""
        content = {
            "schema_version": 1,
            "files": dict(sorted(self.files.items())),
            "absent": {archive: sorted(names) for archive, names in sorted(self.absent.items())},
        }
        write_atomically(self.folder / NAME, to_json(content))


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold a folder for one fetch; refuse a second one at the same time."""
    with one_at_a_time(folder / LOCK) as held:
        if not held:
            raise FetchError(f"another fetch is writing into {folder}; wait until it has ended")
        yield
