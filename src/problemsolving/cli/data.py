"""Commands for data: simulate, fetch, dictionary, demo."""

from __future__ import annotations

from functools import wraps
from pathlib import Path
from typing import Any

import click

from problemsolving.cli.console import Command, OrderedGroup, progress, say, told, write
from problemsolving.errors import ParameterError, counted


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@click.option(
    "--seed", type=click.IntRange(min=0), default=2025, show_default=True, help="The same seed gives the same bytes."
)
@click.option(
    "--size",
    type=click.Choice(["demo", "county", "region"]),
    default="demo",
    show_default=True,
    help="17,000, a million or ten million incidents.",
)
@click.option("--world", default="standard", show_default=True, help="What is planted: null, over-dispersed, ...")
@click.option("--threads", type=click.IntRange(min=1), default=1, show_default=True, help="The bytes stay the same.")
@click.pass_context
@told
def simulate(ctx: click.Context, folder: Path, seed: int, size: str, world: str, threads: int) -> None:
    """Write a simulated partnership and what was planted in it (truth.json) into DIR.

    One that is there already is replaced; a folder with other files is refused.

    \b
    Worlds: standard, null, over-dispersed, autocorrelated, recording-change,
    seasonal, regression-to-the-mean.

    \b
    Example:
      problemsolving simulate analyses/simulated-partnership/data
      problemsolving simulate county --size county --world null --threads 2
    """
    replaced = _simulated_before(folder)
    from problemsolving.simulate.partnership import simulate_partnership

    simulate_partnership(folder, seed=seed, size=size, world=world, threads=threads)
    if replaced:
        say(ctx)(f"replaced: the simulated partnership that was there ({counted(replaced, 'file')})")
    say(ctx)("no real person, place or agency")
    write(str(folder))


def _simulated_before(folder: Path) -> int:
    """Count the files of a simulated partnership that will be replaced; raise ParameterError where others lie."""
    if folder.exists() and not folder.is_dir():
        raise ParameterError(f"{folder}: a file, not a folder; choose another")
    files = [path for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else []
    if files and not (folder / "truth.json").is_file():
        raise ParameterError(
            f"{folder}: holds {counted(len(files), 'file')} that are no simulated partnership (no truth.json), and some "
            "could be overwritten; choose an empty folder"
        )
    return len(files)


@click.group(cls=OrderedGroup)
def data() -> None:
    """Bring open data into a data folder.

    \b
    Example:
      problemsolving data fetch iod --edition 2025 --to-folder data
    """


@data.group(cls=OrderedGroup)
def fetch() -> None:
    """Fetch open data from their publishers: resumed where broken off, checked, with checksums in fetched.json.

    \b
    Example:
      problemsolving data fetch police-uk --force bedfordshire --from 2021-05 --to 2023-04 --to-folder data
    """


def _fetching(command: Command) -> Command:
    """Give a fetch the options that all have, and print the files that lie there afterwards."""

    @wraps(command)
    def wrapped(**options: Any) -> None:
        fetched = command(**options, say=say(click.get_current_context()))
        for name in fetched.files:
            write(str(fetched.folder / name))

    folder = click.Path(path_type=Path)
    for option in (
        click.option("--attempts", type=click.IntRange(1, 20), default=6, show_default=True, help="At each file."),
        click.option("--time-limit", type=click.IntRange(1), default=120, show_default=True, help="Minutes a file."),
        click.option("--base", metavar="ADDRESS", help="A mirror, in place of the publisher's scheme and host."),
        click.option("--again", is_flag=True, help="Fetch also what is there already, altered or not."),
        click.option("--check", is_flag=True, help="Read the files through the dictionary afterwards."),
        click.option(
            "--to-folder", "folder", type=folder, default=Path("data"), show_default=True, help="Data folder."
        ),
    ):
        wrapped = option(wrapped)
    return told(wrapped)


@fetch.command("police-uk")
@click.option("--force", required=True, help="As in the publisher's file names: bedfordshire, city-of-london.")
@click.option("--from", "start", required=True, metavar="MONTH", help="First month, 2021-05.")
@click.option("--to", "end", required=True, metavar="MONTH", help="Last month, fetched too.")
@click.option("--kind", "kinds", multiple=True, help="street, outcomes or stop-and-search alone; may be given again.")
@click.option("--archive", metavar="MONTH", help="The publisher's archive to use; that of --to when not given.")
@_fetching
def fetch_police_uk(**options: Any) -> Any:
    """Street-level crime, outcomes, stop and search of a force.

    \b
    Example:
      problemsolving data fetch police-uk --force bedfordshire --from 2021-05 --to 2023-04 --to-folder data
    """
    from problemsolving.fetch.police import fetch_police_uk

    return fetch_police_uk(**options)


@fetch.command("iod")
@click.option("--edition", required=True, help="2019 (areas of 2011) or 2025 (areas of 2021).")
@_fetching
def fetch_iod(**options: Any) -> Any:
    """English Indices of Deprivation: all scores, ranks and deciles (File 7).

    \b
    Example:
      problemsolving data fetch iod --edition 2025 --to-folder data --check
    """
    from problemsolving.fetch.jobs import fetch_iod

    return fetch_iod(**options)


@fetch.command("fingertips")
@click.option("--indicator", "indicators", required=True, multiple=True, metavar="ID", help="May be given again.")
@click.option("--area-type", required=True, metavar="ID", help="The number of the areas' type.")
@click.option("--parent-area-type", default="15", show_default=True, metavar="ID", help="Areas compared with: England.")
@_fetching
def fetch_fingertips(**options: Any) -> Any:
    """Public-health indicators by area.

    \b
    Example:
      problemsolving data fetch fingertips --indicator 92949 --area-type 502 --to-folder data
    """
    from problemsolving.fetch.jobs import fetch_fingertips

    return fetch_fingertips(**options)


@click.command()
@click.argument("name", required=False)
@told
def dictionary(name: str | None) -> None:
    """Show the data dictionary: what it holds, or one table, source or codelist.

    \b
    Example:
      problemsolving dictionary incident
    """
    from problemsolving.dictionary.describe import describe

    write(describe(name))


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Path("problemsolving-demo"))
@click.pass_context
@told
def demo(ctx: click.Context, folder: Path) -> None:
    """Make a simulated partnership in FOLDER, build and run its profile, and print where its page is.

    \b
    Example:
      problemsolving demo
    """
    from problemsolving.demo import run_demo

    write(str(run_demo(folder, progress=progress(ctx), say=say(ctx)).resolve()))
