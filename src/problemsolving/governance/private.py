"""Files that one person may read: written whole or not at all, and never where they could be published."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from problemsolving.errors import ParameterError


def check_place(path: Path, *, what: str) -> None:
    """Stop where a private file could be published: in a git work tree or in a problem profile.

    Parameters
    ----------
    path : pathlib.Path
        Where the file lies or is to lie; links are followed.
    what : str
        What the file is, for the message.

    Raises
    ------
    ParameterError
    """
    place = path.resolve()
    for folder in place.parents:
        if (folder / ".git").exists():
            raise ParameterError(f"{path}: {what} must not lie in a git work tree; choose a folder outside")
        if (folder / "problem.yml").is_file():
            raise ParameterError(f"{path}: {what} must not lie in a profile; choose a folder outside")


def _unnamed(folder: Path) -> int | None:
    """Open a file without a name (Linux): nothing is left of it when the process is killed."""
    flag = getattr(os, "O_TMPFILE", None)
    if flag is None or not Path("/proc/self/fd").is_dir():
        return None
    try:
        return os.open(folder, flag | os.O_RDWR, 0o600)
    except OSError:
        return None


@contextmanager
def private_file(path: Path) -> Iterator[IO[bytes]]:
    """Write a new file that its owner alone may read; it appears whole, at the end, or not at all.

    Parameters
    ----------
    path : pathlib.Path
        A name that is not taken.

    Yields
    ------
    binary stream

    Raises
    ------
    ParameterError
        When there is a file of that name, before or after writing.

    Notes
    -----
    On Linux the bytes go to a file without a name, so that a killed process leaves nothing. Elsewhere they go to a
    hidden ``*.tmp`` beside the target, readable by its owner alone.
    """
    taken = f"{path}: there is a file of this name already; it is left as it is"
    if path.exists() or path.is_symlink():
        raise ParameterError(taken)
    temporary: str | None = None
    handle = _unnamed(path.parent)
    if handle is None:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb", closefd=temporary is not None) as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        if temporary is not None:
            _claim(Path(temporary), path)
        else:
            _name(handle, path)
    except FileExistsError:
        raise ParameterError(taken) from None
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        else:
            os.close(handle)


def _name(handle: int, path: Path) -> None:
    """Give a file without a name its name; where the file system cannot, by way of a hidden copy."""
    folder = os.open("/proc/self/fd", os.O_RDONLY)
    try:
        os.link(str(handle), path, src_dir_fd=folder, follow_symlinks=True)
    except FileExistsError:
        raise
    except OSError:
        copy, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
        try:
            os.lseek(handle, 0, os.SEEK_SET)
            with os.fdopen(copy, "wb") as stream, os.fdopen(handle, "rb", closefd=False) as source:
                shutil.copyfileobj(source, stream)
                stream.flush()
                os.fsync(copy)
            _claim(Path(temporary), path)
        finally:
            Path(temporary).unlink(missing_ok=True)
    finally:
        os.close(folder)


def _claim(temporary: Path, path: Path) -> None:
    """Give a written file its name, without writing over another where the system allows it."""
    try:
        os.link(temporary, path)
    except OSError as error:
        if error.errno == errno.EEXIST:
            raise
        if path.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from None
        temporary.rename(path)
