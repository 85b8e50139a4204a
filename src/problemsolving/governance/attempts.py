"""A log to which attempts are only ever added: each line carries the hash of the line before."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from problemsolving.errors import ParameterError, SharingError
from problemsolving.governance.private import check_place, open_plain, read_plain
from problemsolving.locks import one_at_a_time

WAIT = 60.0  # seconds to wait for another hand-back

MOST_BYTES = 16_000_000  # of a log; some 30,000 attempts
FIRST = "0" * 64


def verify_log(path: Path) -> tuple[int, str]:
    """Check a log line by line.

    Parameters
    ----------
    path : pathlib.Path
        A log; one that is not there has no lines.

    Returns
    -------
    lines : int
    head : str
        The hash of the last line. Whoever keeps it elsewhere also notices when lines are cut off at the end.

    Raises
    ------
    SharingError
        Naming the first line that does not follow from the one before.
    ParameterError
        As for `check_log`, and for a log of more than 16 MB.
    """
    check_log(path)
    raw = read_plain(path, most=MOST_BYTES) if path.exists() else b""
    count, head, broken = _follow(raw)
    if broken:
        raise SharingError(
            "the log of hand-backs was altered",
            faults=[
                f"{path.name}: line {broken} does not follow from the line before; compare it with a copy, find out what "
                "happened, and begin a new log"
            ],
        )
    return count, head


def check_log(path: Path) -> None:
    """Stop on a place where no log can be kept or where it could be published.

    Raises
    ------
    ParameterError
        For a repository or profile, a missing folder, a link, a folder, a pipe or a device.
    """
    check_place(path, what="a log of hand-backs")
    if not path.parent.is_dir():
        raise ParameterError(f"{path.parent}: no such folder")
    if path.is_symlink():
        raise ParameterError(f"{path}: is a symbolic link; name the log itself")
    if path.exists() and not path.is_file():
        raise ParameterError(f"{path}: is not a plain file; name another log")


def granted_before(path: Path, **same: Any) -> list[dict[str, Any]]:
    """Give the granted attempts of a log that hold the given values."""
    raw = read_plain(path, most=MOST_BYTES) if path.exists() else b""
    entries = [json.loads(line) for line in raw.splitlines()]
    return [
        entry
        for entry in entries
        if entry.get("outcome") == "granted" and all(entry.get(key) == value for key, value in same.items())
    ]


def _follow(raw: bytes) -> tuple[int, str, int]:
    """Give lines, hash of the last, and the first line that does not fit (0: none)."""
    head, broken = FIRST, 0
    lines = raw.split(b"\n")
    whole, rest = lines[:-1], lines[-1]
    for number, line in enumerate([*whole, *([rest] if rest else [])], 1):
        try:
            fits = json.loads(line)["previous"] == head
        except (ValueError, KeyError, TypeError):
            fits = False
        if not fits and not broken:
            broken = number
        head = hashlib.sha256(line).hexdigest()
    if rest and not broken:
        broken = len(lines)
    return len(whole) + bool(rest), head, broken


def append_attempt(path: Path, entry: Mapping[str, Any]) -> tuple[str, bool]:
    """Add one line to a log, on disk before this returns; an altered log gets the line too.

    Parameters
    ----------
    path : pathlib.Path
        The log; it is made, readable by its owner alone, when it is not there.
    entry : mapping
        Plain values; never an identifier.

    Returns
    -------
    head : str
        The hash of the new line.
    sound : bool
        Whether the log was whole before.
    """
    check_log(path)
    handle = open_plain(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0))
    try:
        if os.name == "posix":
            os.fchmod(handle, 0o600)
        with one_at_a_time(path.with_name(f".{path.name}.lock"), wait=WAIT) as held:
            if not held:
                raise SharingError(f"{path.name}: another hand-back is writing into it; try again when it is done")
            raw = read_plain(path, most=MOST_BYTES)
            _, head, broken = _follow(raw)
            line = json.dumps({**entry, "previous": head}, ensure_ascii=True, sort_keys=True).encode()
            start = b"" if not raw or raw.endswith(b"\n") else b"\n"
            _write_all(handle, start + line + b"\n")
            os.fsync(handle)
    finally:
        os.close(handle)
    return hashlib.sha256(line).hexdigest(), not broken


def _write_all(handle: int, raw: bytes) -> None:
    while raw:
        raw = raw[os.write(handle, raw) :]
