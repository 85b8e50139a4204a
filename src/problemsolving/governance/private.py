"""Files that one person may read: written whole or not at all, and never where they could be published."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from problemsolving.errors import ParameterError

_TREES = (".git", ".hg", ".jj", ".svn")
_BARE = ("HEAD", "objects", "refs")  # what a git repository without a work tree holds


def check_place(path: Path, *, what: str) -> None:
    """Stop where a private file could be published: in a repository or in a problem profile.

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
        if any((folder / mark).exists() for mark in _TREES) or all((folder / mark).exists() for mark in _BARE):
            raise ParameterError(f"{path}: {what} must not lie in a repository; choose a folder outside")
        if (folder / "problem.yml").is_file():
            raise ParameterError(f"{path}: {what} must not lie in a profile; choose a folder outside")


def check_folders(path: Path) -> None:
    """Stop where any user may put another file in the place of this one: a folder that all may write to.

    Raises
    ------
    ParameterError
        On POSIX, for a folder above the file with such a mode and without the sticky bit.
    """
    for folder in path.resolve().parents if os.name == "posix" else ():
        mode = folder.stat().st_mode if folder.is_dir() else 0
        if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
            raise ParameterError(f"{path}: everybody may write to the folder {folder}; chmod o-w it, or choose another")


def open_plain(path: Path, flags: int = os.O_RDONLY) -> int:
    """Open a plain file and give its handle; a pipe or a device is refused before anything is read of it.

    Raises
    ------
    ParameterError
    """
    flags |= getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        handle = os.open(path, flags, 0o600)
    except OSError as error:
        raise ParameterError(f"{path}: cannot be read ({error.strerror})") from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise ParameterError(f"{path}: is not a plain file")
    return handle


def read_plain(path: Path, *, most: int) -> bytes:
    """Read the bytes of a plain file once.

    Parameters
    ----------
    path : pathlib.Path
    most : int
        Bytes; a larger file is refused.

    Raises
    ------
    ParameterError
    """
    with os.fdopen(open_plain(path), "rb") as stream:
        raw = stream.read(most + 1)
    if len(raw) > most:
        raise ParameterError(f"{path}: larger than {most:,} bytes")
    return raw


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
