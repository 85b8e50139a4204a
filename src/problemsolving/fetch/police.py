"""Street-level crime, outcomes, stop and search of one force, out of data.police.uk's archives of all forces."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from problemsolving.errors import FetchError, ParameterError, nearest
from problemsolving.fetch.archives import inspect_archive, unpack
from problemsolving.fetch.jobs import Fetched, Job, Say, check_against_dictionary, open_job, quiet
from problemsolving.fetch.manifest import file_digest
from problemsolving.fetch.publishers import Publisher, publisher
from problemsolving.fetch.transfer import Manners
from problemsolving.periods import Month, Period

KINDS = ("street", "outcomes", "stop-and-search")
ARCHIVE_MONTHS = 36  # each archive holds the months up to its own, three years of them (data.police.uk/data/archive)
FIRST = Month(2010, 12)  # the first month published
_MEMBER = re.compile(r"\d{4}-\d{2}/\d{4}-\d{2}-(?P<force>[a-z-]+?)-(?:street|outcomes|stop-and-search)\.csv\Z")


def fetch_police_uk(
    folder: Path,
    *,
    force: str,
    start: str,
    end: str,
    kinds: Sequence[str] = (),
    archive: str | None = None,
    base: str | None = None,
    again: bool = False,
    check: bool = False,
    attempts: int = 6,
    time_limit: float = 120,
    manners: Manners | None = None,
    say: Say = quiet,
) -> Fetched:
    """Fetch the months of one force.

    The publisher has one archive a month, each with three years of all forces (1.7 GB in 2026). It is kept in
    ``archives/`` below the folder for other forces and later months; it may be deleted.

    Parameters
    ----------
    folder : pathlib.Path
        The data folder; files go to ``police_uk/<force>/<month>/`` below it.
    force : str
        As in the publisher's file names: ``bedfordshire``, ``city-of-london``.
    start, end : str
        First and last month, ``2021-05``; both are fetched.
    kinds : sequence of str
        Of ``street``, ``outcomes``, ``stop-and-search``; all when empty.
    archive : str, optional
        The month of the archive to use; that of ``end`` when not given. A later one has later corrections.
    base, again, check, attempts, time_limit, manners, say
        As in `fetch_iod`.

    Returns
    -------
    Fetched
        ``absent`` names what the archive does not hold: months that the force did not deliver.

    Raises
    ------
    ParameterError
        With every parameter that is wrong.
    FetchError
        When nothing right comes, or the archive has nothing of this force.
    DataError
        With ``check``, when the files break a rule of the dictionary.
    """
    kinds = tuple(dict.fromkeys(kinds)) or KINDS
    period, snapshot = _read(force, start, end, kinds, archive)
    entry = publisher("police-uk", base=base)
    files: dict[str, list[str]] = {kind: [] for kind in kinds}
    absent: list[str] = []
    manners = manners or Manners(attempts=attempts, total=60 * time_limit)
    with open_job(folder, again=again, manners=manners, say=say) as job:
        _sweep(folder)
        for month, months in archives_for(period, snapshot).items():
            wanted = {(kind, found): _name(force, found, kind) for found in months for kind in kinds}
            missing = _fetch_archive(job, entry, month, force, list(wanted.values()))
            absent += missing
            for (kind, _), name in wanted.items():
                if name not in missing:
                    files[kind].append(name)
    for name in absent:
        say(f"{name}: not in the archive; the force did not deliver it")
    if check:
        check_against_dictionary(folder, {f"police-uk-{kind}": names for kind, names in files.items()}, say=say)
    return Fetched(folder, tuple(sorted(name for names in files.values() for name in names)), tuple(absent))


def archives_for(period: Period, snapshot: Month | None = None) -> dict[Month, list[Month]]:
    """Choose the fewest archives that hold a period: archive -> months to take from it.

    >>> period = Period(Month(2019, 1), Month(2023, 4))
    >>> {str(archive): len(months) for archive, months in archives_for(period).items()}
    {'2023-04': 36, '2020-04': 16}
    """
    left = list(period)
    chosen: dict[Month, list[Month]] = {}
    while left:
        archive = max(snapshot or left[-1], left[-1])
        number = archive.year * 12 + archive.number
        held = [month for month in left if number - (month.year * 12 + month.number) < ARCHIVE_MONTHS]
        if not held:
            archive, held = left[-1], left[-ARCHIVE_MONTHS:]
        chosen[archive] = held
        left, snapshot = left[: -len(held)], None
    return chosen


def _read(force: str, start: str, end: str, kinds: Sequence[str], archive: str | None) -> tuple[Period, Month | None]:
    faults = []
    if not re.fullmatch(r"[a-z]+(-[a-z]+)*", force):
        faults.append("force: write it as in the publisher's file names, for example city-of-london")
    faults += [f"kind: no {kind}{nearest(kind, KINDS)}" for kind in kinds if kind not in KINDS]
    months: dict[str, Month] = {}
    for what, text in (("from", start), ("to", end), ("archive", archive or end)):
        try:
            months[what] = Month.parse(text)
        except ValueError as error:
            faults.append(f"{what}: {error}")
    if len(months) == 3:
        if months["from"] < FIRST:
            faults.append(f"from: the first month published is {FIRST}")
        if months["to"] < months["from"]:
            faults.append("to: lies before from")
        if months["archive"] < months["to"]:
            faults.append("archive: an archive holds no month after its own; name that of --to or a later one")
    if faults:
        raise ParameterError("nothing is fetched", faults=list(dict.fromkeys(faults)))
    return Period(months["from"], months["to"]), months["archive"] if archive else None


def _name(force: str, month: Month, kind: str) -> str:
    return f"police_uk/{force}/{month}/{month}-{force}-{kind}.csv"


def _member(name: str) -> str:
    """Give the name in the archive: the last two parts of ours."""
    return "/".join(name.split("/")[-2:])


def _sweep(folder: Path) -> None:
    """Remove what a fetch that was killed left half unpacked; nobody else writes here now."""
    for left in [*folder.glob(".unpacking-*"), *folder.glob(".unpacked-*")]:
        shutil.rmtree(left, ignore_errors=True)


def _fetch_archive(job: Job, entry: Publisher, month: Month, force: str, names: list[str]) -> list[str]:
    """Bring the files of one archive that are not there yet; give the names that it does not hold."""
    packed = entry.file.format(month=month)
    known = [] if job.again else [name for name in names if name in job.manifest.absent.get(packed, [])]
    wanted = [name for name in names if name not in known and job.is_wanted(name)]
    if not wanted:
        return known
    altered = len(job.altered)
    job.bring(entry, {"month": str(month)})
    if len(job.altered) > altered:
        return known
    path = job.folder / packed
    held = set(inspect_archive(path))
    if not any(_member(name) in held for name in names):
        forces = {found["force"] for found in map(_MEMBER.match, held) if found}
        raise FetchError(f"{packed}: holds nothing of {force} for these months{nearest(force, forces)}")
    _take_out(job, path, [name for name in wanted if _member(name) in held], packed)
    absent = [name for name in wanted if _member(name) not in held]
    job.manifest.absent[packed] = sorted({*job.manifest.absent.get(packed, []), *absent} - set(job.manifest.files))
    job.manifest.write()
    return known + absent


def _take_out(job: Job, path: Path, names: list[str], packed: str) -> None:
    """Unpack beside the files, note checksums, then give each its name."""
    if not names:
        return
    staging = job.folder / f".unpacked-{path.stem}"
    unpack(path, {_member(name): name for name in names}, staging)
    try:
        taken = []
        for name in names:
            there = job.folder / name
            if there.is_file() and not job.again and file_digest(there) != file_digest(staging / name):
                job.altered.append(f"{name}: not what the archive holds, and not fetched by this command")
                continue
            job.manifest.note(name, staging / name, archive=packed, member=_member(name))
            taken.append(name)
        job.manifest.write()
        for name in taken:
            (job.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (staging / name).replace(job.folder / name)
        job.say(f"{packed}: took out {len(taken)} files")
    finally:
        shutil.rmtree(staging, ignore_errors=True)
