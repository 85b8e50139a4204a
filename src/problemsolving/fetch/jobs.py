"""The three fetches of the command line, and the dictionary's check of what they bring."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from problemsolving.errors import FetchError, ParameterError, counted
from problemsolving.fetch.bodies import check_file
from problemsolving.fetch.manifest import Manifest, only_one
from problemsolving.fetch.parts import discard, finish
from problemsolving.fetch.permission import refuse_when_locked_down
from problemsolving.fetch.publishers import Publisher, publisher
from problemsolving.fetch.transfer import Fetcher, Manners

Say = Callable[[str], None]
EDITIONS = ("2019", "2025")
ENGLAND = "15"  # Fingertips' own number for the area type


@dataclass(frozen=True)
class Fetched:
    """What lies in the folder now: names below it, and names that the publisher does not have."""

    folder: Path
    files: tuple[str, ...]
    absent: tuple[str, ...] = ()


def quiet(_: str) -> None:
    """Say nothing."""


@dataclass
class Job:
    """One fetch into one folder, which it alone writes into while it runs."""

    folder: Path
    again: bool
    manners: Manners
    say: Say
    manifest: Manifest
    altered: list[str] = field(default_factory=list)

    def is_wanted(self, name: str) -> bool:
        """Tell whether a file must be brought; one altered since it was fetched is remembered and left alone."""
        state = self.manifest.state(name)
        if state == "altered" and not self.again:
            self.altered.append(f"{name}: not as it was fetched (its checksum differs)")
            return False
        if state == "same" and not self.again:
            self.say(f"{name}: already there, same checksum")
            return False
        return True

    def bring(self, entry: Publisher, values: Mapping[str, str], *, only: Mapping[str, str] | None = None) -> str:
        """Bring one file of a publisher, or take one carried here by hand; give its name."""
        name, path = entry.file.format(**values), entry.path.format(**values)
        if not self.is_wanted(name):
            return name
        target = self.folder / name

        def check(file: Path) -> None:
            check_file(file, name=name, container=entry.container, header=entry.header, only=only or {})

        if self.manifest.state(name) == "unlisted" and not self.again:
            check(target)
            self.manifest.note(name, target, publisher=entry.publisher, how="found in the folder, carried by hand")
            self.manifest.write()
            self.say(f"{name}: found, carried here by hand; its checksum is kept from now on")
            return name
        self.say(f"{name}: fetching from {entry.publisher}")
        with Fetcher(entry, manners=self.manners) as fetcher:
            try:
                download = fetcher.download(path, target)
            except FetchError as error:
                raise _with_remedy(error, entry, name, self.folder) from None
        try:
            check(download.part)
        except FetchError:
            discard(target)
            raise
        self.manifest.note(
            name,
            download.part,
            publisher=entry.publisher,
            licence=entry.licence,
            address=path,
            fetched_at=dt.datetime.now(tz=dt.UTC).isoformat(timespec="seconds"),
            etag=download.etag,
            last_modified=download.last_modified,
        )
        self.manifest.write()
        finish(target)
        return name

    def end(self) -> None:
        """Refuse at the end when files were altered: everything else is there by then."""
        if self.altered:
            raise FetchError(
                f"{counted(len(self.altered), 'file')} altered since fetched and left alone; move your version away, "
                "or replace it with --again",
                faults=self.altered,
            )


def _with_remedy(error: FetchError, entry: Publisher, name: str, folder: Path) -> FetchError:
    """Add how to go on without a connection: every refusal of a transfer has the same way out."""
    by_hand = (
        f"by hand: take the file from {entry.page} and put it at {(folder / name).as_posix()}, then run this again"
    )
    return FetchError(error.message, faults=[*error.faults, by_hand])


@contextmanager
def open_job(folder: Path, *, again: bool, manners: Manners, say: Say) -> Iterator[Job]:
    """Open a folder for one fetch: refused in a locked-down profile, and while another fetch runs."""
    refuse_when_locked_down(folder, Path.cwd())
    folder.mkdir(parents=True, exist_ok=True)
    with only_one(folder):
        job = Job(folder, again, manners, say, Manifest.read(folder))
        yield job
        job.end()


def fetch_iod(
    folder: Path,
    *,
    edition: Literal["2019", "2025"] | str,
    base: str | None = None,
    again: bool = False,
    check: bool = False,
    attempts: int = 6,
    time_limit: float = 120,
    manners: Manners | None = None,
    say: Say = quiet,
) -> Fetched:
    """Fetch File 7 of the English Indices of Deprivation: all scores, ranks and deciles.

    Parameters
    ----------
    folder : pathlib.Path
        The data folder; the file goes to ``deprivation/`` below it.
    edition : {"2019", "2025"}
        2019 has areas of 2011, 2025 areas of 2021.
    base : str, optional
        A mirror in place of the publisher's address.
    again : bool
        Fetch what is already there, altered or not.
    check : bool
        Read the file through the dictionary.
    attempts : int
        How often a file is tried.
    time_limit : float
        Minutes that a file may take.
    manners : Manners, optional
        All waits and times, in place of the last two.
    say : callable
        Takes each line of progress.

    Raises
    ------
    ParameterError
        For an unknown edition or a base that is no address.
    FetchError
        When nothing right comes.
    DataError
        With ``check``, when the file breaks a rule of the dictionary.
    """
    if edition not in EDITIONS:
        raise ParameterError(f"edition: there are {' and '.join(EDITIONS)}")
    entry = publisher(f"iod-{edition}", base=base)
    manners = manners or Manners(attempts=attempts, total=60 * time_limit)
    with open_job(folder, again=again, manners=manners, say=say) as job:
        name = job.bring(entry, {})
    if check:
        check_against_dictionary(folder, {str(entry.source): [name]}, say=say)
    return Fetched(folder, (name,))


def fetch_fingertips(
    folder: Path,
    *,
    indicators: Sequence[str],
    area_type: str,
    parent_area_type: str = ENGLAND,
    base: str | None = None,
    again: bool = False,
    check: bool = False,
    attempts: int = 6,
    time_limit: float = 120,
    manners: Manners | None = None,
    say: Say = quiet,
) -> Fetched:
    """Fetch public-health indicators for all areas of a type, one file an indicator.

    Parameters
    ----------
    folder : pathlib.Path
        The data folder; files go to ``fingertips/`` below it.
    indicators : sequence of str
        Fingertips' numbers of indicators.
    area_type : str
        Fingertips' number of the areas' type; they change with each reorganisation of local government.
    parent_area_type : str
        That of the areas compared with; 15 is England.
    base, again, check, attempts, time_limit, manners, say
        As in `fetch_iod`.

    Raises
    ------
    ParameterError
        When a number is none.
    FetchError
        When nothing right comes; also when a row is about another indicator.
    """
    numbers = {
        **{f"indicator {place}": text for place, text in enumerate(indicators, 1)},
        "area type": area_type,
        "parent area type": parent_area_type,
    }
    faults = [f"{what}: not a number" for what, text in numbers.items() if not re.fullmatch(r"\d{1,9}", text, re.ASCII)]
    if faults or not indicators:
        raise ParameterError("Fingertips knows indicators and area types by number", faults=faults)
    entry = publisher("fingertips", base=base)
    manners = manners or Manners(attempts=attempts, total=60 * time_limit)
    with open_job(folder, again=again, manners=manners, say=say) as job:
        names = tuple(
            job.bring(
                entry,
                {"indicator": indicator, "area_type": area_type, "parent_area_type": parent_area_type},
                only={"Indicator ID": indicator},
            )
            for indicator in dict.fromkeys(indicators)
        )
    if check:
        if entry.source:
            check_against_dictionary(folder, {entry.source: list(names)}, say=say)
        else:
            say("the dictionary has no source for Fingertips: header, fields and indicator were checked, no more")
    return Fetched(folder, names)


def check_against_dictionary(folder: Path, files: Mapping[str, Sequence[str]], *, say: Say = quiet) -> None:
    """Read fetched files through the dictionary, as a profile would; every fault of every source at once.

    Parameters
    ----------
    folder : pathlib.Path
        The data folder.
    files : mapping
        Name of a source -> names of files below the folder.

    Raises
    ------
    DataError
        File, column, rule, count and positions; never a value.
    """
    from problemsolving.dictionary.reading import read_source
    from problemsolving.dictionary.schema import source
    from problemsolving.errors import DataError

    faults: list[str] = []
    for name, found in files.items():
        if not found:
            continue
        try:
            reading = read_source(source(name), [folder / file for file in found], root=folder)
        except DataError as error:
            faults += error.faults or [error.message]
        else:
            say(f"{name}: {counted(len(found), 'file')}, {counted(reading.rows, 'row')}, meets the dictionary")
    if faults:
        raise DataError("fetched, but the files break the dictionary's rules", faults=faults)
