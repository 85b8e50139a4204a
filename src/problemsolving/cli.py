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
PROFILE = click.argument("path", type=click.Path(path_type=Path))


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


@main.command()
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@click.option(
    "--seed", type=click.IntRange(min=0), default=2025, show_default=True, help="The same seed gives the same bytes."
)
@click.pass_context
@_told
def simulate(ctx: click.Context, folder: Path, seed: int) -> None:
    """Write a simulated partnership and its answer sheet into DIR.

    \b
    Example:
      problemsolving simulate analyses/simulated-partnership/data
    """
    from problemsolving.simulate.partnership import simulate_partnership

    simulate_partnership(folder, seed=seed)
    _say(ctx)("no real person, place or agency")
    _write(str(folder))


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
