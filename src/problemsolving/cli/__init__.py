"""The command line: one command a job; an option is a keyword of one function."""

from __future__ import annotations

import click

from problemsolving import __version__
from problemsolving.cli import data, profiles, sharing
from problemsolving.cli.console import OrderedGroup


@click.group(cls=OrderedGroup, context_settings={"help_option_names": ["-h", "--help"]})
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


for command in (
    profiles.new,
    profiles.check,
    profiles.run,
    profiles.report,
    profiles.export,
    sharing.sharing,
    sharing.pseudonyms,
    sharing.handback,
    data.simulate,
    data.data,
    data.dictionary,
    data.demo,
):
    main.add_command(command)
