"""Checked tables as Parquet, so that later notebooks need not read and check the files again.

A cached table holds rows of the data in the clear: it lies in a folder of mode 0700, is written only after every rule
held, and is replaced when the files change. It is used only while the files, the dictionary and the package are those
it was made from, its own bytes are those that were written, and its rows are as many as those of the files. What is
said of it stands in a manifest sealed with a key outside the profile; see :mod:`problemsolving.dictionary.seal`.

Files below ``hash_below`` bytes are hashed each time. Larger ones are believed unchanged while size, time of change
and inode are those of the file that was hashed: whoever alters a large file and sets its time back is not noticed.
Give ``hash_below=None`` to hash every file always.
"""

from __future__ import annotations

import atexit
import datetime as dt
import hashlib
import json
import os
from bisect import bisect_left
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from problemsolving import __version__
from problemsolving.dictionary.codelists import codelist
from problemsolving.dictionary.door import Delivery, stat_of
from problemsolving.dictionary.faults import Fault
from problemsolving.dictionary.mapping import literal, quoted
from problemsolving.dictionary.schema import Source, table
from problemsolving.dictionary.seal import is_sealed, seal
from problemsolving.dictionary.spool import make_private, owner_is_alive, owner_label
from problemsolving.dictionary.summary import summarise_relation
from problemsolving.locks import file_digest
from problemsolving.records import to_json, write_atomically

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

FORM = 3  # of the manifest
HASH_BELOW = 200_000_000  # bytes
BLOCK = 1 << 18  # bytes that share a hash
ROW_GROUP = 8_192
_POSITION = ("from file", "from row")
_PINS = count()


@dataclass(frozen=True)
class CachedTable:
    """A checked table on disk whose inputs are unchanged; its own bytes are checked when they are read."""

    path: Path
    files: tuple[dict[str, object], ...]
    notes: tuple[Fault, ...]
    manifest: dict[str, Any]

    def intact(self, groups: Iterable[dict[str, Any]] | None = None) -> bool:
        """Tell whether the bytes are those that were written: all, or those of some row groups and the footer."""
        size, blocks = int(self.manifest["size"]), self.manifest["blocks"]
        wanted = set(range(len(blocks)))
        if groups is not None:
            data_end = max((group["end"] for group in self.manifest["groups"]), default=0)
            ranges = [(0, 4), (data_end, size), *((group["start"], group["end"]) for group in groups)]
            wanted = {block for start, end in ranges for block in range(start // BLOCK, -(-end // BLOCK))}
        try:
            with self.path.open("rb") as stream:
                if os.fstat(stream.fileno()).st_size != size:
                    return False
                for block in sorted(wanted):
                    stream.seek(block * BLOCK)
                    if hashlib.sha256(stream.read(BLOCK)).hexdigest() != blocks[block]:
                        return False
        except (OSError, IndexError):
            return False
        return True

    def counted(self) -> bool:
        """Tell whether it holds as many rows of each file as were written."""
        import duckdb

        from problemsolving.dictionary.checks import connect

        connection = connect()
        try:
            return _rows_of(connection, self.relation) == self.manifest["rows"]
        except duckdb.Error:
            return False
        finally:
            connection.close()

    @property
    def relation(self) -> str:
        """SQL that reads it."""
        return f"read_parquet({literal(str(self.path))})"

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of its columns."""
        return tuple(self.manifest["columns"])

    def pinned(self) -> CachedTable:
        """Give the same bytes under a name of this process's own, which no later delivery takes the place of.

        Where the file system knows no second name for a file, it is left as it is.
        """
        own = self.path.parent / f".{self.path.stem}-{next(_PINS)}.{owner_label()}.tmp"
        try:
            os.link(self.path, own)
        except OSError:
            return self
        atexit.register(own.unlink, missing_ok=True)
        return replace(self, path=own)

    def frame(self) -> pd.DataFrame:
        """Give the whole table, in the order in which it was delivered."""
        from problemsolving.dictionary.checks import connect
        from problemsolving.dictionary.reading import canonical_frame

        connection = connect()
        try:
            return canonical_frame(connection, self.relation)
        finally:
            connection.close()


def dictionary_version(source: Source) -> str:
    """Give a hash that changes with the source, its table, their codelists or the package."""
    schema = table(source.table)
    named = [*(found.codelist for found in schema.fields), *(column.codelist for column in source.columns.values())]
    lists = {name for name in named if name}
    parts = {
        "package": __version__,
        "source": source.model_dump(mode="json", by_alias=True),
        "table": schema.model_dump(mode="json"),
        "codelists": {name: codelist(name) for name in sorted(lists)},
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def find_cached(
    folder: Path,
    source: Source,
    paths: list[Path],
    *,
    root: Path,
    hash_below: int | None = HASH_BELOW,
    today: dt.date | None = None,
) -> CachedTable | None:
    """Find the cached table of files, or None when there is none, or anything changed, or its bytes are not whole.

    Parameters
    ----------
    folder : pathlib.Path
        Where cached tables lie.
    source : Source
        How the files are written.
    paths : list of pathlib.Path
        The files.
    root : pathlib.Path
        Folder from which files are named.
    hash_below : int or None
        Bytes below which a file is hashed each time; None hashes every file.
    today : datetime.date, optional
        A table checked on a later day is not used, since what had come by then may not have come today.
    """
    found = open_cached(folder, source, paths, root=root, hash_below=hash_below, today=today)
    if found is None:
        return None
    held = found.pinned()
    if held.intact() and held.counted():
        return held
    if held is not found:
        held.path.unlink(missing_ok=True)
    return None


def open_cached(
    folder: Path,
    source: Source,
    paths: list[Path],
    *,
    root: Path,
    hash_below: int | None = HASH_BELOW,
    today: dt.date | None = None,
) -> CachedTable | None:
    """Find a cached table without checking its own bytes: for :func:`read_areas`, which checks those it reads."""
    names = [_name(path, root) for path in paths]
    label = _label(source, names)
    try:
        if folder.is_dir():
            make_private(folder)
        manifest = json.loads((folder / f"{label}.json").read_text("utf-8"))
        if not is_sealed(manifest, manifest.pop("seal")):
            return None
        if today is not None and today < dt.date.fromisoformat(manifest["checked"]):
            return None
        if manifest["form"] != FORM or manifest["dictionary"] != dictionary_version(source):
            return None
        kept = manifest["files"]
        if [file["name"] for file in kept] != names:
            return None
        if not all(_same(path, file, hash_below) for path, file in zip(paths, kept, strict=True)):
            return None
        files = tuple({key: file[key] for key in ("name", "sha256", "rows")} for file in kept)
        notes = tuple(Fault(**{**note, "rows": tuple(note["rows"])}) for note in manifest["notes"])
        _ = [manifest[name] for name in ("size", "blocks", "groups", "rows", "columns", "summary")]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return CachedTable(folder / f"{label}.parquet", files, notes, manifest)


def read_areas(cached: CachedTable, area_codes: Iterable[str]) -> pd.DataFrame | None:
    """Read the rows of some small areas: only the row groups that may hold them are checked and read.

    Returns
    -------
    pandas.DataFrame or None
        Rows in the order in which they were delivered; None when the cached bytes are not those that were written.
    """
    codes = sorted(set(area_codes))
    groups = [group for group in cached.manifest["groups"] if not group["empty"] and _may_hold(group, codes)]
    if not cached.intact(groups):
        return None
    from problemsolving.dictionary.checks import connect
    from problemsolving.dictionary.reading import canonical_frame

    connection = connect()
    try:
        listed = ", ".join(map(literal, codes)) or "null"
        connection.execute(
            f"create table chosen as select * from read_parquet(?) where area_code in ({listed})", [str(cached.path)]
        )
        return canonical_frame(connection, "chosen")
    finally:
        connection.close()


def _may_hold(group: dict[str, Any], codes: list[str]) -> bool:
    """Tell whether one of the sorted codes lies between a row group's first and last; yes where these are not stated."""
    if group["first"] is None:
        return True
    place = bisect_left(codes, group["first"])
    return place < len(codes) and codes[place] <= group["last"]


def keep_cached(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    source: Source,
    deliveries: list[Delivery],
    notes: tuple[Fault, ...],
    files: tuple[dict[str, object], ...],
    *,
    today: dt.date,
) -> CachedTable | None:
    """Write the table ``canonical``, sorted by area and month; a disk that is full or not writable is no fault.

    Returns
    -------
    CachedTable or None
        None where it was not kept: it holds another number of rows than the files, and rows of one key are not one.
    """
    import duckdb

    rows = _rows_of(connection, "canonical")
    if source.conflicts != "unknown" and rows != [file["rows"] for file in files]:
        return None

    label = _label(source, [delivery.name for delivery in deliveries])
    temporary = folder / f".{label}.{owner_label()}.tmp"
    try:
        _private(folder)
        columns = [row[0] for row in connection.execute("describe canonical").fetchall()]
        order = [name for name in ("area_code", "month") if name in columns]
        connection.execute(
            f"copy (select * from canonical order by {', '.join(map(quoted, [*order, *_POSITION]))}) "
            f"to {literal(str(temporary))} (format parquet, compression zstd, row_group_size {ROW_GROUP})"
        )
        temporary.chmod(0o600)
        manifest = {
            "form": FORM,
            "checked": today.isoformat(),
            "rows": rows,
            "dictionary": dictionary_version(source),
            "files": [{**file, "stat": list(d.stat)} for file, d in zip(files, deliveries, strict=True)],
            "notes": [asdict(note) for note in notes],
            "columns": [name for name in columns if name not in _POSITION],
            "summary": summarise_relation(connection, "canonical", table(source.table)),
            "size": temporary.stat().st_size,
            "blocks": _blocks(temporary),
            "groups": _groups(connection, temporary) if "area_code" in columns else [],
        }
        temporary.replace(folder / f"{label}.parquet")
        write_atomically(folder / f"{label}.json", to_json(manifest | {"seal": seal(manifest)}))
        (folder / f"{label}.json").chmod(0o600)
    except (OSError, duckdb.IOException, duckdb.OutOfMemoryException):
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        return None
    return CachedTable(folder / f"{label}.parquet", files, notes, manifest).pinned()


def _private(folder: Path) -> None:
    """Make the folder, for its owner alone; remove what killed processes left half-written."""
    make_private(folder)
    for left in folder.glob(".*.tmp"):
        owner = left.name.removesuffix(".tmp").rsplit(".", 2)[-2:]  # a label holds one point: 12-1700000000.25
        if not owner_is_alive(".".join(owner)):
            left.unlink(missing_ok=True)


def _rows_of(connection: duckdb.DuckDBPyConnection, relation: str) -> list[int]:
    """Count the rows of each file, in the order of the files; all files have some."""
    found = connection.execute(f'select count(*) from {relation} group by "from file" order by "from file"').fetchall()
    return [int(row[0]) for row in found]


def _label(source: Source, names: list[str]) -> str:
    return f"{source.name}-{hashlib.sha256(json.dumps(names).encode()).hexdigest()[:12]}"


def _name(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name


def _same(path: Path, file: dict[str, Any], hash_below: int | None) -> bool:
    stat = stat_of(path)
    if stat[0] != file["stat"][0]:
        return False
    if hash_below is not None and stat[0] >= hash_below and list(stat) == file["stat"]:
        return True
    return bool(file_digest(path) == file["sha256"])


def _blocks(path: Path) -> list[str]:
    with path.open("rb") as stream:
        os.fsync(stream.fileno())
        return [hashlib.sha256(block).hexdigest() for block in iter(lambda: stream.read(BLOCK), b"")]


def _groups(connection: duckdb.DuckDBPyConnection, path: Path) -> list[dict[str, Any]]:
    """Give where each row group lies in the file, its first and last area, and whether it has no area at all."""
    found = connection.execute(
        """select min(least(coalesce(dictionary_page_offset, data_page_offset), data_page_offset)),
                  max(least(coalesce(dictionary_page_offset, data_page_offset), data_page_offset) + total_compressed_size),
                  min(stats_min_value) filter (where path_in_schema = 'area_code'),
                  max(stats_max_value) filter (where path_in_schema = 'area_code'),
                  coalesce(bool_or(stats_null_count = num_values) filter (where path_in_schema = 'area_code'), false)
           from parquet_metadata(?) group by row_group_id order by row_group_id""",
        [str(path)],
    ).fetchall()
    return [dict(zip(("start", "end", "first", "last", "empty"), row, strict=True)) for row in found]
