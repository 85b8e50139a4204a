"""One process at a time, and the fingerprint of a file."""

from __future__ import annotations

import hashlib
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PAUSE = 0.05  # seconds between two tries


def file_digest(path: Path) -> str:
    """Give the SHA-256 of a file's bytes, read in pieces."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def one_at_a_time(path: Path, *, wait: float = 0.0) -> Iterator[bool]:
    """Hold a lock file against other processes.

    The system lets go of the lock however the process ends, so a killed one never blocks the next.

    Parameters
    ----------
    path : pathlib.Path
        The lock file; made where it is missing, and left there.
    wait : float
        Seconds to wait for another process that holds it.

    Yields
    ------
    bool
        Whether the lock is held; False when another process held it for longer than ``wait``.
    """
    with path.open("a+b") as stream:
        until = time.monotonic() + wait
        held = _try(stream.fileno())
        while not held and time.monotonic() < until:
            time.sleep(PAUSE)
            held = _try(stream.fileno())
        try:
            yield held
        finally:
            if held:
                _let_go(stream.fileno())


def _try(handle: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(handle, 0, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _let_go(handle: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        os.lseek(handle, 0, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)
    else:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_UN)
