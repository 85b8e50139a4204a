"""Giving DuckDB a delivery's text: as it lies, through a pipe, or from a private folder that no killed run leaves behind."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from problemsolving.dictionary.door import Delivery
from problemsolving.errors import DataError

_SLACK = 2.0  # seconds by which two readings of a process's start may differ
_GLOB = set("*?[]{}")


@contextmanager
def readable(delivery: Delivery) -> Iterator[str]:
    """Give a path from which DuckDB reads the normalised text once.

    A plain file is read where it lies. Any other is normalised into a pipe, so that no copy touches the disk; where
    there are no pipes by path (Windows), into the private folder of this process.
    """
    if delivery.asked or (delivery.path is not None and delivery.path.suffix.lower() == ".parquet"):
        with _named_plainly(delivery) as path:
            yield path
    elif delivery.plain and delivery.path is not None and not _GLOB & set(str(delivery.path)):
        yield str(delivery.path.resolve())
    elif sys.platform != "win32" and Path("/dev/fd").is_dir():
        with _piped(delivery) as path:
            yield path
    else:
        with spooled(delivery) as copy:
            yield str(copy)


@contextmanager
def _named_plainly(delivery: Delivery) -> Iterator[str]:
    """Give a path without signs of a pattern: Parquet is read from its end, so it cannot come through a pipe."""
    assert delivery.path is not None
    if not _GLOB & set(str(delivery.path)):
        yield str(delivery.path.resolve())
        return
    folder = Path(tempfile.mkdtemp(dir=private_folder()))
    try:
        place = folder / "delivery.parquet"
        try:
            place.symlink_to(delivery.path.resolve())
        except OSError:  # no links for this user
            shutil.copyfile(delivery.path, place)
        yield str(place)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _piped(delivery: Delivery) -> Iterator[str]:
    reading, writing = os.pipe()
    trouble: list[DataError] = []

    def feed() -> None:
        try:
            with os.fdopen(writing, "wb") as stream:
                for chunk in delivery.chunks():
                    stream.write(chunk)
        except BrokenPipeError:
            pass  # the reader stopped early and says why
        except (DataError, OSError) as error:
            trouble.append(error if isinstance(error, DataError) else DataError(f"{delivery.name}: cannot be read"))

    feeder = threading.Thread(target=feed, daemon=True)
    feeder.start()
    try:
        yield f"/dev/fd/{reading}"
    finally:
        os.close(reading)
        feeder.join()
    if trouble:
        raise trouble[0]


@contextmanager
def spooled(delivery: Delivery) -> Iterator[Path]:
    """Write the normalised text into the private folder for as long as it is read."""
    handle, name = tempfile.mkstemp(dir=private_folder(), suffix=".csv")
    try:
        with os.fdopen(handle, "wb") as stream:
            for chunk in delivery.chunks():
                stream.write(chunk)
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


@cache
def private_folder() -> Path:
    """Give this process's own temporary folder, mode 0700, removed at its end; folders of dead processes go first.

    Raises
    ------
    DataError
        When the folder above belongs to someone else or is a link.
    """
    base = _base()
    sweep(base)
    folder = base / owner_label()
    folder.mkdir(mode=0o700, exist_ok=True)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def make_private(folder: Path) -> None:
    """Make a folder, or take it back, for its owner alone; raise OSError where it is a link or of someone else."""
    if folder.is_symlink():
        raise NotADirectoryError(f"{folder.name} is a link")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.name == "posix":
        folder.chmod(0o700)


def _base() -> Path:
    who = str(os.getuid()) if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    base = Path(tempfile.gettempdir()) / f"problemsolving-{who}"
    with suppress(FileExistsError):
        base.mkdir(mode=0o700)
    found = base.lstat()
    if base.is_symlink() or (hasattr(os, "getuid") and (found.st_uid != os.getuid() or found.st_mode & 0o077)):
        raise DataError(f"{base}: not a private folder of this user; remove it, or set TMPDIR to a folder of your own")
    return base


def owner_label() -> str:
    """Name this process: its number and when it started, since numbers are used again."""
    import psutil

    return f"{os.getpid()}-{psutil.Process().create_time():.2f}"


def owner_is_alive(label: str) -> bool:
    """Tell whether the process that a label names still runs; what is no label belongs to nobody."""
    import psutil

    number, _, start = label.partition("-")
    try:
        return abs(psutil.Process(int(number)).create_time() - float(start)) <= _SLACK
    except (ValueError, psutil.NoSuchProcess):
        return False
    except psutil.AccessDenied:
        return True


def sweep(base: Path) -> int:
    """Remove folders below ``base`` whose process is dead; give how many."""
    dead = [folder for folder in base.iterdir() if folder.is_dir() and not owner_is_alive(folder.name)]
    for folder in dead:
        shutil.rmtree(folder, ignore_errors=True)
    return len(dead)
