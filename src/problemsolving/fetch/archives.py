"""Zip archives from elsewhere: everything about them is checked before anything of them is written."""

from __future__ import annotations

import os
import re
import shutil
import stat
import struct
import tempfile
import unicodedata
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from problemsolving.errors import FetchError, counted

_RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[1-9¹²³]|lpt[1-9¹²³])(\..*)?\Z", re.IGNORECASE)
_END, _END_64 = b"PK\x05\x06", b"PK\x06\x06"
_END_SIZE, _COMMENT_SIZE = 22, 65_535
_HEADER_SIZE = 30  # of a member, without its name
_REPARSE_POINT = 0x400  # a Windows file attribute: a link or a mount
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_PIECE = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much an archive may hold: members, bytes of its directory, bytes unpacked, and growth of large members."""

    members: int = 50_000
    directory: int = 16_000_000
    member: int = 2_000_000_000
    total: int = 20_000_000_000
    ratio: int = 100
    ratio_from: int = 1_000_000  # smaller members may grow as they like


def inspect_archive(path: Path, *, limits: Limits | None = None) -> tuple[str, ...]:
    """Check every member of a zip archive; nothing is unpacked.

    Parameters
    ----------
    path : pathlib.Path
        The archive.
    limits : Limits, optional
        The package's own when not given.

    Returns
    -------
    tuple of str
        Names of the files in it, with forward slashes, in their order.

    Raises
    ------
    FetchError
        With every fault at once: a name that leaves the folder, is absolute, has a drive, a backslash, a control
        character or a reserved word, stands twice or differs from another in case alone, is a file here and a folder
        there; a link, a pipe or another special mode; encryption; another compression; members that overlap; more
        members or bytes than the limits.
    """
    limits = limits or Limits()
    with _opened(path, limits) as archive:
        members = archive.infolist()
        faults = _crowded(members, limits) if len(members) > limits.members else _faults(members, limits)
    if faults:
        raise _refusal(path, faults)
    return tuple(member.orig_filename for member in members if not member.is_dir())


def unpack(path: Path, members: Mapping[str, str], folder: Path, *, limits: Limits | None = None) -> list[Path]:
    """Unpack chosen members into a new folder, all of them or none.

    Parameters
    ----------
    path : pathlib.Path
        The archive; it is inspected first.
    members : mapping
        Name in the archive -> name below the folder.
    folder : pathlib.Path
        Must not exist: files are written beside it under a temporary name and appear by one rename.
    limits : Limits, optional
        The package's own when not given.

    Returns
    -------
    list of pathlib.Path
        The files, in the order of ``members``.

    Raises
    ------
    FetchError
        As `inspect_archive`, and when two members would get one name, a checksum is wrong, or more bytes come out
        than the archive declares.
    """
    limits = limits or Limits()
    known = set(inspect_archive(path, limits=limits))
    faults = [f"{_shown(name)}: not in the archive" for name in members if name not in known]
    targets = list(members.values())
    faults += [f"target {_shown(target)}: {fault}" for target in targets for fault in _name_faults(target)]
    faults += _collisions(targets, "would be unpacked to one name")
    if faults:
        raise _refusal(path, faults)
    if folder.exists():
        raise FetchError(f"{folder}: exists already; unpack into a new folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".unpacking-"))
    try:
        with _opened(path, limits) as archive:
            for name, target in members.items():
                _unpack_one(archive, archive.getinfo(name), temporary / target, path)
        temporary.replace(folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    return [folder / target for target in targets]


def _refusal(path: Path, faults: list[str]) -> FetchError:
    return FetchError(
        f"{path.name}: refused, {counted(len(faults), 'fault')}; nothing was unpacked. Fetch it again from its "
        "publisher; if it stays so, tell the publisher",
        faults=faults[:20],
    )


def _shown(name: str) -> str:
    """Give a name from an archive in a form that cannot drive a terminal or run on for pages."""
    return ascii(name if len(name) <= 80 else name[:77] + "...")


def _opened(path: Path, limits: Limits) -> zipfile.ZipFile:
    try:
        with path.open("rb") as stream:
            size = _directory_size(stream)
        if size > limits.directory:
            raise _refusal(path, [f"its directory has {size:,} bytes, more than {limits.directory:,}"])
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, struct.error, ValueError, NotImplementedError):
        raise FetchError(f"{path.name}: not a whole zip archive; fetch it again") from None


def _directory_size(stream: BinaryIO) -> int:
    """Read how large the archive's directory is, before zipfile takes all of it into memory."""
    length = stream.seek(0, 2)
    stream.seek(max(0, length - _END_SIZE - _COMMENT_SIZE - 4_096))
    tail = stream.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < _END_SIZE:
        raise zipfile.BadZipFile
    sizes = [int(struct.unpack_from("<I", tail, at + 12)[0])]
    large = tail.rfind(_END_64, 0, at)
    if large >= 0:  # zipfile believes this one wherever it stands, so the larger of the two counts
        sizes.append(int(struct.unpack_from("<Q", tail, large + 40)[0]))
    return max(size for size in sizes if size != 0xFFFFFFFF) if sizes != [0xFFFFFFFF] else length


def _crowded(members: list[zipfile.ZipInfo], limits: Limits) -> list[str]:
    return [f"{len(members):,} members, more than {limits.members:,}"]


def _faults(members: list[zipfile.ZipInfo], limits: Limits) -> list[str]:
    faults = []
    for member in members:
        faults += [f"{_shown(member.orig_filename)}: {fault}" for fault in _name_faults(member.orig_filename)]
        faults += [f"{_shown(member.orig_filename)}: {fault}" for fault in _member_faults(member, limits)]
    total = sum(member.file_size for member in members)
    if total > limits.total:
        faults.append(f"unpacks to {total:,} bytes, more than {limits.total:,}")
    faults += _collisions([member.orig_filename for member in members], "stand under one name")
    faults += _below_files(members)
    return faults + _overlaps(members)


def _name_faults(name: str) -> list[str]:
    faults = []
    if not name.strip("/") or "\0" in name or any(unicodedata.category(c) in ("Cc", "Cf", "Cs") for c in name):
        faults.append("empty, or holds control or invisible characters")
    if name.startswith("/") or re.match(r"[A-Za-z]:", name):
        faults.append("an absolute name")
    if "\\" in name:
        faults.append("holds a backslash")
    parts = name.rstrip("/").split("/")
    if ".." in parts or "." in parts or "" in parts[1:]:
        faults.append('has a part "..", "." or nothing')
    if any(_RESERVED.match(part) or part != part.rstrip(" .") or re.search(r'[:*?"<>|]', part) for part in parts):
        faults.append("cannot be a name on Windows")
    if len(name) > 240 or any(len(part.encode("utf-8", "replace")) > 255 for part in parts):
        faults.append("too long")
    return faults


def _member_faults(member: zipfile.ZipInfo, limits: Limits) -> list[str]:
    faults = []
    kind = stat.S_IFMT(member.external_attr >> 16)
    right = (0, stat.S_IFDIR) if member.is_dir() else (0, stat.S_IFREG)
    if kind not in right or member.external_attr & _REPARSE_POINT:
        faults.append("a link, a pipe or another special file")
    if member.flag_bits & 0x1:
        faults.append("encrypted")
    if member.compress_type not in _METHODS:
        faults.append("in a compression that is not read here")
    if member.file_size > limits.member:
        faults.append(f"declares {member.file_size:,} bytes, more than {limits.member:,}")
    if member.file_size > limits.ratio_from and member.file_size > limits.ratio * member.compress_size:
        faults.append(f"grows more than {limits.ratio} times")
    if member.is_dir() and member.file_size:
        faults.append("a folder with content")
    return faults


def _folded(name: str) -> str:
    """Fold a name as the least exact file system would: case, composed letters, trailing slash."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKC", name).casefold()).rstrip("/")


def _collisions(names: list[str], what: str) -> list[str]:
    seen: dict[str, str] = {}
    faults = []
    for name in names:
        first = seen.setdefault(_folded(name), name)
        if first is not name:
            faults.append(f"{_shown(first)} and {_shown(name)} {what}")
    return faults


def _below_files(members: list[zipfile.ZipInfo]) -> list[str]:
    files = {_folded(member.orig_filename) for member in members if not member.is_dir()}
    faults = []
    for member in members:
        parts = _folded(member.orig_filename).split("/")
        if any("/".join(parts[:end]) in files for end in range(1, len(parts))):
            faults.append(f"{_shown(member.orig_filename)}: lies below a file")
    return faults


def _overlaps(members: list[zipfile.ZipInfo]) -> list[str]:
    """Find members whose bytes another one uses too: a small archive that unpacks without end."""
    faults, free_from = [], 0
    for member in sorted(members, key=lambda member: member.header_offset):
        if member.header_offset < free_from:
            faults.append(f"{_shown(member.orig_filename)}: shares its bytes with another member")
        free_from = member.header_offset + _HEADER_SIZE + member.compress_size
    return faults


def _unpack_one(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, path: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    try:
        with archive.open(member) as inside, target.open("xb") as out:
            while piece := inside.read(_PIECE):
                written += len(piece)
                if written > member.file_size:
                    raise zipfile.BadZipFile
                out.write(piece)
            out.flush()
            os.fsync(out.fileno())
        if written != member.file_size:
            raise zipfile.BadZipFile
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError):
        raise FetchError(
            f"{path.name}: member {_shown(member.orig_filename)} is damaged or not what the archive declares; "
            "nothing was unpacked, fetch the archive again"
        ) from None
