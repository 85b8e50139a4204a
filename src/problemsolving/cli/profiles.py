"""Commands for a profile: new, check, run, report, export."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from problemsolving.cli.console import PROFILE, SET, progress, read_settings, say, told, write
from problemsolving.errors import ParameterError


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Path())
@SET
@click.option("--no-input", is_flag=True, help="Ask nothing: take the template's answers for what --set leaves out.")
@click.pass_context
@told
def new(ctx: click.Context, folder: Path, settings: tuple[str, ...], no_input: bool) -> None:
    """Make a profile from the template, inside FOLDER.

    \b
    Example:
      problemsolving new analyses
      problemsolving new analyses --no-input --set slug=simulated-robbery --set problem_type=robbery
      problemsolving new analyses --no-input --set slug=robbery-luton --set problem_type=robbery
        --set "title=Robbery in Luton" --set area_name=Luton --set district_codes=E06000032
        --set benchmark_areas=E06000032 --set "partner_agencies=council, voluntary"
        --set baseline_start=2021-05 --set baseline_end=2022-04
        --set follow_up_start=2022-05 --set follow_up_end=2023-04 --set policy=open
    """
    from problemsolving.notebooks.template import new_profile

    answers = read_settings(settings)
    if not no_input and sys.stdin.isatty():
        answers = _asked(answers)
    elif not no_input and not answers:
        raise ParameterError(
            "the questions need a terminal, and answers that come through a pipe are not read; give them with --set "
            "KEY=VALUE, or take the simulated profile with --no-input"
        )
    profile = new_profile(answers, folder=folder)
    write(str(profile))
    say(ctx)(f"Next: put data and sharing records in place, then: problemsolving check {profile}")


def _asked(answers: dict[str, str]) -> dict[str, str]:
    """Ask what --set left out, the districts first: what the defaults tell of simulated ones is no default for others."""
    from problemsolving.answers import SIMULATED, TOLD_BY_DEFAULTS
    from problemsolving.notebooks.template import template_prompts, template_questions

    prompts, first = template_prompts(), "district_codes"
    asked = dict(answers)
    if first not in asked:
        asked[first] = click.prompt(prompts[first], default=template_questions()[first])
    for key, default in template_questions(asked[first]).items():
        if key not in asked:
            own = key in TOLD_BY_DEFAULTS and SIMULATED not in asked[first]
            asked[key] = click.prompt(prompts[key], default=None if own else default)
    return asked


@click.command()
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
@told
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
    errors = check_before_run(path, parameters=read_settings(settings), notes=notes)
    if report is not None:
        fault_report(errors, notes).write(report, profile=path.resolve().name)
    for error in errors:
        write(f"Error: {error}", err=True)
    if errors:
        sys.exit(errors[0].exit_code)
    for line in FaultReport(tuple(notes)).brief():
        say(ctx)(f"Note: {line}")
    say(ctx)(f"{path}: ready to run")
    say(ctx)(review_in_words(read_review(read_problem(path, **read_settings(settings)))))


@click.command()
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
@told
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
        parameters=read_settings(settings),
        timeout=timeout,
        progress=progress(ctx),
        say=say(ctx),
    )
    write(str(folder / "released" / "index.html"))


@click.command()
@PROFILE
@told
def report(path: Path) -> None:
    """Write the page again: of a run folder, or of a profile's last complete run.

    Review and ethics stand as they were when it ran: sign first, then run.

    \b
    Example:
      problemsolving report analyses/bedfordshire-violence
    """
    from problemsolving.report.page import report_profile

    write(str(report_profile(path)))


@click.command()
@PROFILE
@click.option(
    "--to",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder to make; it must not exist yet.",
    metavar="FOLDER",
)
@told
def export(path: Path, to: Path) -> None:
    """Write tables and pictures for a Serious Violence Duty needs assessment, from a profile's last complete run.

    \b
    Example:
      problemsolving export analyses/bedfordshire-violence --to needs-assessment
    """
    from problemsolving.report.needs_assessment import export_needs_assessment

    write(str(export_needs_assessment(path, to=to)))
