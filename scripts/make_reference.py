"""Write docs/reference from the code and the dictionary; a test checks that it is up to date."""

import importlib
import inspect
import pkgutil
from pathlib import Path

import click

import problemsolving
from problemsolving.cli import main as cli
from problemsolving.dictionary.describe import describe
from problemsolving.dictionary.schema import names
from problemsolving.governance.policies import POLICIES

REFERENCE = Path(__file__).resolve().parents[1] / "docs" / "reference"
ROOMS = ("stats", "measures", "drivers", "network", "evaluation")


def command_line() -> str:
    parts = ["# The command line\n\nGenerated from the code by `make docs`.\n"]
    with cli.make_context("problemsolving", ["dictionary"], terminal_width=100, max_content_width=100) as context:
        parts.append(f"```text\n{cli.get_help(context)}\n```\n")
        parts += helps(cli, context)
    return "\n".join(parts)


def helps(group: click.Group, parent: click.Context) -> list[str]:
    """Give the help of each command of a group, and of the commands of its groups."""
    parts = []
    for name, command in group.commands.items():
        with click.Context(command, info_name=name, parent=parent, terminal_width=100, max_content_width=100) as inner:
            words = inner.command_path.removeprefix("problemsolving ")
            parts.append(f"## {words}\n\n```text\n{command.get_help(inner)}\n```\n")
            if isinstance(command, click.Group):
                parts += helps(command, inner)
    return parts


def data_dictionary() -> str:
    parts = ["# The data dictionary\n\nGenerated from `data_dictionary/` by `make docs`.\n"]
    for kind in ("tables", "sources"):
        parts.append(f"## {kind.capitalize()}\n")
        parts += [f"```text\n{describe(name)}\n```\n" for name in names(kind)]
    parts.append("## Codelists\n")
    parts += [f"- `{name}`: {describe(name).splitlines()[0].split(': ')[1]}" for name in names("codelists")]
    return "\n".join(parts) + "\n"


def policies() -> str:
    lines = [f"- **{name}**: {policy.in_words} {policy.sums_in_words}".rstrip() for name, policy in POLICIES.items()]
    return "# Disclosure policies\n\nGenerated from the code by `make docs`.\n\n" + "\n".join(lines) + "\n"


def functions() -> str:
    parts = [
        "# Functions\n\nGenerated from the docstrings by `make docs`. Each works on arrays and frames of anyone's data.\n"
    ]
    for room in ROOMS:
        package = importlib.import_module(f"problemsolving.{room}")
        parts.append(f"## {room}: {inspect.getdoc(package)}\n")
        for module_info in pkgutil.walk_packages(package.__path__, f"problemsolving.{room}."):
            module = importlib.import_module(module_info.name)
            within = module_info.name.removeprefix("problemsolving.")
            for name, function in inspect.getmembers(module, inspect.isfunction):
                if function.__module__ == module.__name__ and not name.startswith("_"):
                    parts.append(
                        f"### {within}.{name}\n\n```text\n{name}{inspect.signature(function)}\n\n{inspect.getdoc(function)}\n```\n"
                    )
    return "\n".join(parts)


PAGES = {
    "command-line.md": command_line,
    "data-dictionary.md": data_dictionary,
    "policies.md": policies,
    "functions.md": functions,
}


def main() -> None:
    REFERENCE.mkdir(parents=True, exist_ok=True)
    for name, write in PAGES.items():
        (REFERENCE / name).write_text(write(), encoding="utf-8", newline="\n")
        print(f"docs/reference/{name} ({problemsolving.__version__})")


if __name__ == "__main__":
    main()
