"""Writing rows: numbers stay arrays until DuckDB words and writes them, one thread a file, so the bytes never change."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from problemsolving.records import write_atomically

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Rows:
    """Rows of a file: arrays of numbers, and for each column of the file the SQL that words it; order is kept."""

    arrays: dict[str, np.ndarray]
    columns: dict[str, str]

    def __len__(self) -> int:
        return len(next(iter(self.arrays.values())))


def pick(words: Sequence[str], position: str) -> str:
    """SQL for the word at a position that counts from 0; below 0 there is none."""
    listed = ", ".join("'" + word.replace("'", "''") + "'" for word in words)
    return f"if({position} < 0, null, [{listed}][{position} + 1])"


def person_id(column: str) -> str:
    """SQL for a pseudonym from a person's number; below 0 there is none."""
    return f"if({column} < 0, null, printf('P%07d', {column} + 1))"


def minute(column: str) -> str:
    """SQL for date and time from minutes since 1970; below 0 there is none."""
    return f"if({column} < 0, null, make_timestamp({column} * 60000000))"


def day(column: str) -> str:
    """SQL for a date from days since 1970."""
    return f"cast(make_timestamp({column} * 86400000000) as date)"


class Writer:
    """Write the rows of blocks as parts of a file, then join them (CSV) or leave them as parts (Parquet)."""

    def __init__(self, folder: Path, container: str, codes: Sequence[str], names: Sequence[str]) -> None:
        self.folder, self.container, self.codes, self.names = folder, container, codes, names

    def connect(self) -> duckdb.DuckDBPyConnection:
        """Open a connection of one thread that knows the areas' codes and names."""
        import duckdb

        connection = duckdb.connect(
            config={"threads": 1, "autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
        )
        connection.execute("set variable codes = ?", [list(self.codes)])
        connection.execute("set variable names = ?", [list(self.names)])
        for name in ("code", "name"):
            connection.execute(f"create macro {name}_of(area) as if(area < 0, null, getvariable('{name}s')[area + 1])")
        return connection

    def part(self, connection: duckdb.DuckDBPyConnection, name: str, block: int, rows: Rows) -> None:
        """Write one block's rows of a file."""
        connection.register("rows", {key: np.ascontiguousarray(value) for key, value in rows.arrays.items()})
        words = ", ".join(f'{sql} as "{column}"' for column, sql in rows.columns.items())
        style = f"format csv, header {str(block == 0).lower()}, timestampformat '%Y-%m-%d %H:%M'"
        style = style if self.container == "csv" else "format parquet"
        place = self._part(name, block)
        place.parent.mkdir(parents=True, exist_ok=True)
        connection.execute(f"copy (select {words} from rows) to '{str(place).replace(chr(39), chr(39) * 2)}' ({style})")
        connection.unregister("rows")

    def join(self, name: str, blocks: int) -> None:
        """Join the parts of a CSV file; Parquet parts lie in a folder of the file's name already."""
        if self.container != "csv":
            return
        with (self.folder / f"{name}.csv").open("wb") as whole:
            for block in range(blocks):
                with self._part(name, block).open("rb") as part:
                    shutil.copyfileobj(part, whole, 1 << 20)
        shutil.rmtree(self.folder / f"{name}.parts")

    def _part(self, name: str, block: int) -> Path:
        if self.container == "csv":
            return self.folder / f"{name}.parts" / f"{block:03d}.csv"
        return self.folder / name / f"{name}-{block:03d}.parquet"


def write_table(folder: Path, name: str, columns: Mapping[str, Iterable[Any]]) -> None:
    """Write a small table as CSV from its columns."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    write_atomically(folder / name, stream.getvalue())
