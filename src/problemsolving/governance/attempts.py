"""A log to which attempts are only ever added: each line carries the hash of the line before."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from problemsolving.errors import SharingError
from problemsolving.locks import one_at_a_time

WAIT = 60.0  # seconds to wait for another hand-back

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
    """
    raw = path.read_bytes() if path.exists() else b""
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
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
    try:
        with one_at_a_time(path.with_name(f".{path.name}.lock"), wait=WAIT) as held:
            if not held:
                raise SharingError(f"{path.name}: another hand-back is writing into it; try again when it is done")
            raw = path.read_bytes()
            _, head, broken = _follow(raw)
            line = json.dumps({**entry, "previous": head}, ensure_ascii=True, sort_keys=True).encode()
            start = b"" if not raw or raw.endswith(b"\n") else b"\n"
            os.write(handle, start + line + b"\n")
            os.fsync(handle)
    finally:
        os.close(handle)
    return hashlib.sha256(line).hexdigest(), not broken
