"""A delivery against the one before it: what changed without a word. Counts and hashes are kept, never a value."""

from __future__ import annotations

import json
import statistics
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from problemsolving.dictionary.faults import Fault, Severity
from problemsolving.dictionary.spool import make_private
from problemsolving.dictionary.summary import FEWEST
from problemsolving.errors import DataError, counted
from problemsolving.periods import Month
from problemsolving.records import to_json, write_atomically

if TYPE_CHECKING:
    from problemsolving.dictionary.reading import Reading

FILE = "deliveries.json"
FORM, KEPT = 1, 24  # form of the file; deliveries kept of a data set
TENTH = 0.1
UNITS = {60: "minutes and hours, or seconds and minutes", 1_440: "minutes and days", 3_600: "seconds and hours"}
_NEAR = 0.2  # how far from such a factor the middle value may lie
_SERIES = ("month", "year", "start", "end")


def summarise(reading: Reading) -> dict[str, Any]:
    """Give a small profile of a delivery: rows by month, emptiness and variety of columns, middle values, file hashes.

    Returns
    -------
    dict
        Plain JSON. Categories of open columns are kept as short hashes with their counts; other columns give no more
        than the share that is empty and how many values differ (none, one, few, many).
    """
    return {
        "source": reading.source.name,
        "rows": reading.rows,
        "files": sorted(str(file["sha256"]) for file in reading.files),
        **reading.summary(),
    }


def compare(previous: dict[str, Any], current: dict[str, Any], *, dataset: str) -> list[Fault]:
    """Compare a delivery with the one before it.

    Parameters
    ----------
    previous, current : dict
        What :func:`summarise` gave of each.
    dataset : str
        How the faults name the data set.

    Returns
    -------
    list of Fault
        ``severity`` refuse: a month is missing, a column has gone constant or empty, a tenth of the volume or less, a
        unit changed. ``severity`` report: other numbers for months delivered before, other forces or categories.
    """
    if previous["files"] == current["files"] or previous["source"] != current["source"]:
        return []
    faults: list[Fault] = []

    def tell(column: str, rule: str, count: int = 1, severity: Severity = "refuse") -> None:
        faults.append(Fault(dataset, column, rule, count, (), severity))

    _compare_months(previous["months"], current["months"], tell)
    _compare_volume(previous, current, tell)
    for name, now in current["columns"].items():
        before = previous["columns"].get(name)
        if before is not None and name not in _SERIES and min(previous["rows"], current["rows"]) >= FEWEST:
            _compare_column(name, before, now, tell)
    for name in sorted(set(previous["columns"]) - set(current["columns"])):
        tell(name, "was in the last delivery and is in this one no more")
    return faults


def _compare_months(before: dict[str, int], now: dict[str, int], tell: Any) -> None:
    if not before or not now:
        return
    have, month, last = set(before) | set(now), Month.parse(min(now)), Month.parse(max(now))
    ends = Month.parse(max(before))
    month = min(month, ends)
    missing = []
    while month < last:
        month = month.next
        name = str(month)
        if name not in now and ((name in before and name > min(now)) or (name not in have and month > ends)):
            missing.append(name)
    if missing:
        more = f" and {len(missing) - 12} more" if len(missing) > 12 else ""
        tell("month", f"no row in {', '.join(missing[:12])}{more}, though the last delivery or later months have", len(missing))  # fmt: skip
    revised = sorted(month for month in set(before) & set(now) if before[month] != now[month])
    if revised:
        words = f"other numbers of rows than in the last delivery, from {revised[0]} to {revised[-1]}: late revisions"
        tell("month", words, sum(abs(before[month] - now[month]) for month in revised), "report")


def _compare_volume(previous: dict[str, Any], current: dict[str, Any], tell: Any) -> None:
    """Compare rows a month, or rows where there is no month; months delivered anew are looked at one by one."""
    before = statistics.median(previous["months"].values()) if previous["months"] else previous["rows"]
    now = statistics.median(current["months"].values()) if current["months"] else current["rows"]
    if before < FEWEST:
        return
    per = " a month" if previous["months"] else ""
    if now <= TENTH * before:
        tell("", f"a tenth of the rows{per} of the last delivery, or fewer", current["rows"])
        return
    if now >= before / TENTH:
        tell("", f"ten times the rows{per} of the last delivery, or more", current["rows"], "report")
    for month, rows in current["months"].items():
        if rows <= TENTH * min(before, previous["months"].get(month, before)):
            tell("month", f"{month} has a tenth of the rows that are usual, or fewer", rows)


def _compare_column(name: str, before: dict[str, Any], now: dict[str, Any], tell: Any) -> None:
    if before["different"] in ("few", "many") and now["different"] == "one":
        tell(name, "the same value in every row; it varied in the last delivery")
    if before["different"] != "none" and now["different"] == "none":
        tell(name, "empty in every row; it was filled in the last delivery")
    elif now["empty"] >= 0.5 and now["empty"] > 2 * before["empty"] + 0.1:
        tell(name, "far more often empty than in the last delivery", severity="report")
    if before.get("middle") and now.get("middle"):
        ratio = now["middle"] / before["middle"]
        for factor, units in UNITS.items():
            if any(abs(found / factor - 1) <= _NEAR for found in (ratio, 1 / ratio)):
                tell(name, f"values about {factor:,} times larger or smaller than in the last delivery: {units}?")
    first, second = set(before.get("values", ())), set(now.get("values", ()))
    if first and second and first != second:
        new, gone = len(second - first), len(first - second)
        if name == "force" and new and gone:
            tell(name, "another force than in the last delivery: renamed, or another area", new, "report")
        elif new:
            split = f"; {counted(gone, 'value')} of the last delivery gone: renamed or split?" if gone else ""
            tell(name, f"{counted(new, 'value')} not in the last delivery{split}", new, "report")


def read_deliveries(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Read what earlier complete runs kept of their deliveries, oldest first; nothing where none did.

    Raises
    ------
    DataError
        When the file is there but is not what :func:`write_deliveries` wrote.
    """
    path = folder / FILE
    if folder.is_dir():
        with suppress(OSError):
            make_private(folder)
    if not path.is_file():
        return {}
    try:
        kept = json.loads(path.read_text("utf-8"))
        if kept["form"] != FORM:
            raise ValueError
        return {str(name): [dict(found) for found in deliveries] for name, deliveries in kept["deliveries"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise DataError(f"{FILE}: cannot be read; remove it to begin a new history") from None


def write_deliveries(folder: Path, summaries: dict[str, dict[str, Any]]) -> None:
    """Add the deliveries of a complete run, whole or not at all; the same files again add nothing.

    Parameters
    ----------
    folder : pathlib.Path
        The profile.
    summaries : dict
        Data set → what :func:`summarise` gave.
    """
    kept = read_deliveries(folder)
    for name, summary in summaries.items():
        known = [found for found in kept.get(name, []) if found["files"] != summary["files"]]
        kept[name] = [*known, summary][-KEPT:]
    write_atomically(folder / FILE, to_json({"form": FORM, "deliveries": dict(sorted(kept.items()))}))


def compare_with_last(folder: Path, readings: dict[str, Reading]) -> list[Fault]:
    """Compare every data set of a profile with its last delivery that differs."""
    kept, faults = read_deliveries(folder), []
    for name, reading in readings.items():
        if not kept.get(name):
            continue
        current = summarise(reading)
        earlier = [found for found in kept[name] if found["files"] != current["files"]]
        if earlier and kept[name][-1]["files"] != current["files"]:
            faults += compare(earlier[-1], current, dataset=name)
    return faults
