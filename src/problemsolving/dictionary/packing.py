"""Unpacking deliveries in a stream: what grows too far, or names a place outside, is refused."""

from __future__ import annotations

import gzip
import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from problemsolving.errors import DataError

MAX_BYTES = 20_000_000_000  # unpacked
SUSPICIOUS, MAX_RATIO = 50_000_000, 100  # a packed file may grow a hundredfold once it is large
MAX_MEMBERS = 1_000
CHUNK = 1 << 22
PACKED = (".gz", ".zip")


def unpacked_chunks(path: Path, *, name: str) -> Iterator[bytes]:
    """Give the bytes of a plain, ``.gz`` or one-member ``.zip`` file, piece by piece.

    Raises
    ------
    DataError
        When the packing is damaged, or unpacks to far more than its size suggests, or a zip file holds anything but
        one plain file with a plain name.
    """
    if path.suffix.lower() not in PACKED:
        with path.open("rb") as stream:
            yield from iter(lambda: stream.read(CHUNK), b"")
        return
    kind = path.suffix.lower()[1:]
    try:
        if kind == "gz":
            with gzip.open(path, "rb") as packed:
                yield from _guarded(packed, path.stat().st_size, name)
        else:
            with zipfile.ZipFile(path) as archive:
                member = single_member(archive, name=name)
                with archive.open(member) as packed:
                    yield from _guarded(packed, max(member.compress_size, 1), name)
    except (EOFError, OSError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError, UnicodeDecodeError):
        raise DataError(f"{name}: the {kind} file is truncated or damaged; fetch it again") from None


def _guarded(stream: IO[bytes] | gzip.GzipFile, packed_size: int, name: str) -> Iterator[bytes]:
    size = 0
    while part := stream.read(CHUNK):
        size += len(part)
        if size > MAX_BYTES or (size > SUSPICIOUS and size > MAX_RATIO * packed_size):
            raise DataError(f"{name}: unpacks to far more than its size suggests; fetch it again")
        yield part


def single_member(archive: zipfile.ZipFile, *, name: str) -> zipfile.ZipInfo:
    """Give the one data file of a zip file; every fault of its members at once, by place, never by name."""
    members = archive.infolist()
    if len(members) > MAX_MEMBERS:
        raise DataError(f"{name}: holds more than {MAX_MEMBERS:,} members; unpack it and check what it is")
    faults, seen = [], set()
    for place, member in enumerate(members, 1):
        problem = _member_fault(member)
        flat = PurePosixPath(member.filename.replace("\\", "/")).name.casefold()
        if not problem and not member.is_dir() and flat in seen:
            problem = "has the same name as another once folders are left away"
        seen.add(flat)
        if problem:
            faults.append(f"{name}: member {place} {problem}; unpack it by hand and check what it is")
    files = [member for member in members if not member.is_dir()]
    if not faults and len(files) != 1:
        faults.append(f"{name}: holds {len(files)} files; a zip file must hold one: unpack it")
    if faults:
        raise DataError(f"{name}: not a safe zip file", faults=faults)
    return files[0]


def _member_fault(member: zipfile.ZipInfo) -> str:
    """Say what is wrong with a member of a zip file, or nothing."""
    path = member.filename.replace("\\", "/")
    mode = member.external_attr >> 16
    if path.startswith("/") or path[1:2] == ":":
        return "has an absolute name"
    if ".." in path.split("/"):
        return "has a name that leaves the folder"
    if any(not character.isprintable() for character in path):
        return "has a name with control characters"
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is a link, pipe or device"
    if member.flag_bits & 1:
        return "is encrypted"
    if member.file_size > MAX_BYTES or (
        member.file_size > SUSPICIOUS and member.file_size > MAX_RATIO * max(member.compress_size, 1)
    ):
        return "unpacks to far more than its size suggests"
    return ""
