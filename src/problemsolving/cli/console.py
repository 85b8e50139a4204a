"""What all commands share: printing on any console, errors as messages with their exit code, settings."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from problemsolving.errors import ProblemSolvingError

INTERRUPTED = 130
Command = Callable[..., Any]


class OrderedGroup(click.Group):
    """Keeps the commands in the order in which they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(self.commands)


def plain(text: str) -> str:
    """Write control characters out, so that no message can drive a terminal."""
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)


def write(text: str, *, err: bool = False) -> None:
    """Print on any console: what its encoding lacks is written as an escape."""
    stream = sys.stderr if err else sys.stdout
    encoding = stream.encoding or "utf-8"
    text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    click.echo(plain(text).encode(encoding, "backslashreplace").decode(encoding), file=stream)


def say(ctx: click.Context) -> Callable[[str], None]:
    return (lambda _: None) if ctx.obj["quiet"] else write


def progress(ctx: click.Context) -> bool:
    return not ctx.obj["quiet"] and sys.stderr.isatty()


def told(command: Command) -> Command:
    """Turn our errors into a message and their exit code, Ctrl-C into 130."""

    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except ProblemSolvingError as error:
            write(f"Error: {error}", err=True)
            sys.exit(error.exit_code)
        except OSError as error:
            write(f"Error: {error.filename or 'a file'}: {error.strerror or type(error).__name__}", err=True)
            sys.exit(1)
        except KeyboardInterrupt:
            write("Interrupted.", err=True)
            sys.exit(INTERRUPTED)

    return wrapped


def read_settings(texts: tuple[str, ...]) -> dict[str, str]:
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
