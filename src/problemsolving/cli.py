"""The command line: one command a job; an option is a keyword of one function."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from problemsolving import __version__
from problemsolving.errors import ProblemSolvingError

INTERRUPTED = 130
Command = Callable[..., Any]


class _Group(click.Group):
    """Keeps the commands in the order in which they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(self.commands)


def _plain(text: str) -> str:
    """Write control characters out, so that no message can drive a terminal."""
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)


def _write(text: str, *, err: bool = False) -> None:
    """Print on any console: what its encoding lacks is written as an escape."""
    stream = sys.stderr if err else sys.stdout
    encoding = stream.encoding or "utf-8"
    text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    click.echo(_plain(text).encode(encoding, "backslashreplace").decode(encoding), file=stream)


def _say(ctx: click.Context) -> Callable[[str], None]:
    return (lambda _: None) if ctx.obj["quiet"] else _write


def _progress(ctx: click.Context) -> bool:
    return not ctx.obj["quiet"] and sys.stderr.isatty()


def _told(command: Command) -> Command:
    """Turn our errors into a message and their exit code, Ctrl-C into 130."""

    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except ProblemSolvingError as error:
            _write(f"Error: {error}", err=True)
            sys.exit(error.exit_code)
        except OSError as error:
            _write(f"Error: {error.filename or 'a file'}: {error.strerror or type(error).__name__}", err=True)
            sys.exit(1)
        except KeyboardInterrupt:
            _write("Interrupted.", err=True)
            sys.exit(INTERRUPTED)

    return wrapped


def _settings(texts: tuple[str, ...]) -> dict[str, str]:
    from problemsolving.notebooks.parameters import parse_setting

    return dict(parse_setting(text) for text in texts)


SET = click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="Set a parameter; may be given again. The value stays as typed.",
)
FILE = click.Path(path_type=Path)
PROFILE = click.argument("path", type=FILE)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="problemsolving")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but results and errors.")
@click.pass_context
def main(ctx: click.Context, quiet: bool) -> None:
    """Problem profiles for policing and public health: scan, analyse, respond, assess.

    \b
    Example:
      problemsolving demo
    """
    ctx.obj = {"quiet": quiet}


@main.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Path())
@SET
@click.option("--no-input", is_flag=True, help="Ask nothing: take the template's answers for what --set leaves out.")
@click.pass_context
@_told
def new(ctx: click.Context, folder: Path, settings: tuple[str, ...], no_input: bool) -> None:
    """Make a profile from the template, inside FOLDER.

    \b
    Example:
      problemsolving new analyses --no-input --set slug=robbery-luton --set problem_type=robbery
    """
    from problemsolving.notebooks.template import new_profile, template_prompts, template_questions

    answers = _settings(settings)
    if not no_input and sys.stdin.isatty():
        prompts = template_prompts()
        answers = {
            key: answers[key] if key in answers else click.prompt(prompts[key], default=default)
            for key, default in template_questions().items()
        } | answers
    profile = new_profile(answers, folder=folder)
    _write(str(profile))
    _say(ctx)(f"Next: put data and sharing records in place, then: problemsolving check {profile}")


@main.command()
@PROFILE
@SET
@click.option(
    "--faults",
    "report",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write what is wrong with the data to FILE.json or FILE.html: file, column, rule, count, rows; never a value.",
    metavar="FILE",
)
@click.pass_context
@_told
def check(ctx: click.Context, path: Path, settings: tuple[str, ...], report: Path | None) -> None:
    """Check a profile: its words, sharing records and data files. Nothing is run.

    \b
    Example:
      problemsolving check analyses/bedfordshire-violence --set data=../open-data --faults faults.html
    """
    from problemsolving.dictionary.faults import Fault, FaultReport, check_report_name, fault_report
    from problemsolving.notebooks.review import read_review, review_in_words
    from problemsolving.notebooks.run import check_before_run
    from problemsolving.problem import read_problem

    if report is not None:
        check_report_name(report)
    notes: list[Fault] = []
    errors = check_before_run(path, parameters=_settings(settings), notes=notes)
    if report is not None:
        fault_report(errors, notes).write(report)
    for error in errors:
        _write(f"Error: {error}", err=True)
    if errors:
        sys.exit(errors[0].exit_code)
    for line in FaultReport(tuple(notes)).lines():
        _say(ctx)(f"Note: {line}")
    _say(ctx)(f"{path}: ready to run")
    _say(ctx)(review_in_words(read_review(read_problem(path, **_settings(settings)))))


@main.command()
@PROFILE
@click.option(
    "--stage",
    "stages",
    multiple=True,
    help="Run one stage alone: scan, analyse, respond or assess; may be given again.",
)
@SET
@click.option(
    "--timeout", type=click.IntRange(min=1), default=3_600, show_default=True, help="Seconds a notebook cell may take."
)
@click.pass_context
@_told
def run(ctx: click.Context, path: Path, stages: tuple[str, ...], settings: tuple[str, ...], timeout: int) -> None:
    """Run the notebooks of a profile and write its page.

    \b
    Example:
      problemsolving run analyses/bedfordshire-violence --set data=../open-data --stage scan
    """
    from problemsolving.report.page import run_and_publish

    folder = run_and_publish(
        path,
        stages=list(stages) or None,
        parameters=_settings(settings),
        timeout=timeout,
        progress=_progress(ctx),
        say=_say(ctx),
    )
    _write(str(folder / "released" / "index.html"))


@main.command()
@PROFILE
@_told
def report(path: Path) -> None:
    """Write the page again: of a run folder, or of a profile's last complete run.

    \b
    Example:
      problemsolving report analyses/bedfordshire-violence
    """
    from problemsolving.report.page import report_profile

    _write(str(report_profile(path)))


@main.group()
def sharing() -> None:
    """Write drafts of sharing records.

    \b
    Example:
      problemsolving sharing draft analyses/county contacts
    """


@sharing.command()
@PROFILE
@click.argument("dataset")
@click.pass_context
@_told
def draft(ctx: click.Context, path: Path, dataset: str) -> None:
    """Write a draft of the full sharing record of DATASET, which the profile in PATH names. It loads nothing yet.

    \b
    Example:
      problemsolving sharing draft analyses/county contacts
    """
    from problemsolving.loading import draft_sharing

    _write(str(draft_sharing(path, dataset)))
    _say(ctx)("Next: decide each line with the agencies, then: problemsolving check")


@main.group()
def pseudonyms() -> None:
    """Make keys, and turn the identifiers of a file into pseudonyms.

    \b
    Example:
      problemsolving pseudonyms make-key ~/keys/partnership.key
    """


@pseudonyms.command(name="make-key")
@PROFILE
@_told
def make_key(path: Path) -> None:
    """Make a random key in PATH, outside any repository and profile, and print its id.

    \b
    Example:
      problemsolving pseudonyms make-key ~/keys/partnership.key
    """
    from problemsolving.governance.pseudonyms import make_key as make

    _write(make(path))


@pseudonyms.command()
@PROFILE
@click.option("--field", required=True, metavar="COLUMN", help="Column with the identifiers.")
@click.option("--kind", required=True, help="What they are: nhs-number, name, date or identifier.")
@click.option("--domain", default="", help="Keeps identifiers of one kind apart, for example custody-id.")
@click.option("--algorithm", type=click.Choice(["blake2b", "hmac-sha-256"]), default="blake2b", show_default=True)
@click.option("--key", type=FILE, required=True, help="File with the key.")
@click.option("--out", type=FILE, required=True, help="File to write; must not be there.")
@_told
def apply(path: Path, field: str, kind: str, domain: str, algorithm: Any, key: Path, out: Path) -> None:
    """Replace the identifiers in one column of the CSV file PATH by pseudonyms, before it is shared.

    \b
    Example:
      problemsolving pseudonyms apply clients.csv --field nhs_number --kind nhs-number --key ~/keys/k --out shared.csv
    """
    from problemsolving.governance.pseudonymise import pseudonymise_file
    from problemsolving.governance.pseudonyms import Pseudonymiser, read_key

    maker = Pseudonymiser(read_key(key), algorithm=algorithm)
    record = pseudonymise_file(path, field=field, kind=kind, domain=domain, pseudonymiser=maker, out=out)
    _write(record.in_words)


@main.command()
@click.argument("people", type=FILE)
@click.option("--clients", type=FILE, required=True, help="CSV of the agency's own clients.")
@click.option("--field", required=True, metavar="COLUMN", help="Column of --clients with the identifier.")
@click.option("--pseudonym-field", default="person_id", show_default=True, metavar="COLUMN", help="Column of PEOPLE.")
@click.option("--key", type=FILE, required=True, help="File with the agency's key.")
@click.option("--made-with", type=FILE, required=True, help="The .pseudonyms.json that came with the data.")
@click.option("--record", type=FILE, required=True, help="The sharing record.")
@click.option("--decision", type=FILE, required=True, help="The signed decision, for example handback.yml.")
@click.option("--out", type=FILE, required=True, help="File of clients to write; must not be there.")
@click.option("--log", type=FILE, help="Log of all attempts.  [default: handback-log.jsonl beside the decision]")
@click.pass_context
@_told
def handback(ctx: click.Context, field: str, pseudonym_field: str, log: Path | None, **files: Path) -> None:
    """Turn the pseudonyms in the CSV file PEOPLE into the controlling agency's own clients, by a signed decision.

    \b
    Example:
      problemsolving handback at-risk.csv --clients clients.csv --field nhs_number --key ~/keys/k \\
        --made-with shared.csv.pseudonyms.json --record sharing/contacts.yml --decision handback.yml --out ~/found.csv
    """
    from problemsolving.governance.handback import HandBackFiles, hand_back, write_transparency

    log = log or files["decision"].with_name("handback-log.jsonl")
    done = hand_back(HandBackFiles(**files, log=log), field=field, pseudonym_field=pseudonym_field)
    _write(done.in_words)
    _say(ctx)(write_transparency(files["decision"].with_name("atrs.yml"), done))


@main.command()
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
@_told
def simulate(ctx: click.Context, folder: Path, seed: int, size: str, world: str, threads: int) -> None:
    """Write a simulated partnership and what was planted in it (truth.json) into DIR.

    \b
    Worlds: standard, null, over-dispersed, autocorrelated, recording-change,
    seasonal, regression-to-the-mean.

    \b
    Example:
      problemsolving simulate analyses/simulated-partnership/data
      problemsolving simulate county --size county --world null --threads 2
    """
    from problemsolving.simulate.partnership import simulate_partnership

    simulate_partnership(folder, seed=seed, size=size, world=world, threads=threads)
    _say(ctx)("no real person, place or agency")
    _write(str(folder))


@main.group(cls=_Group)
def data() -> None:
    """Bring open data into a data folder.

    \b
    Example:
      problemsolving data fetch iod --edition 2025 --to-folder data
    """


@data.group(cls=_Group)
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
        fetched = command(**options, say=_say(click.get_current_context()))
        for name in fetched.files:
            _write(str(fetched.folder / name))

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
    return _told(wrapped)


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


@main.command()
@click.argument("name", required=False)
@_told
def dictionary(name: str | None) -> None:
    """Show the data dictionary: what it holds, or one table, source or codelist.

    \b
    Example:
      problemsolving dictionary incident
    """
    from problemsolving.dictionary.describe import describe

    _write(describe(name))


@main.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Path("problemsolving-demo"))
@click.pass_context
@_told
def demo(ctx: click.Context, folder: Path) -> None:
    """Make a simulated partnership in FOLDER, build and run its profile, and print where its page is.

    \b
    Example:
      problemsolving demo
    """
    from problemsolving.demo import run_demo

    _write(str(run_demo(folder, progress=_progress(ctx), say=_say(ctx)).resolve()))
