"""What a notebook takes, read without nbformat, papermill or a kernel."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

from problemsolving.errors import ParameterError, RunError, nearest

STAGES = ("scan", "analyse", "respond", "assess")


def stage_notebooks(folder: Path) -> dict[str, Path]:
    """Give the notebook of each stage of a profile, in order."""
    return {stage: folder / f"{number:02d}_{stage}.ipynb" for number, stage in enumerate(STAGES, 1)}


def read_notebook(path: Path) -> dict[str, Any]:
    """Read a notebook's JSON; raise `RunError` when it is not one."""
    if not path.is_file():
        raise RunError(f"{path.name}: missing; the untouched notebook is in .template/")
    try:
        notebook: dict[str, Any] = json.loads(path.read_text("utf-8"))
        whole = notebook["nbformat"] == 4 and all(_is_cell(cell) for cell in notebook["cells"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        whole = False
    if not whole:
        raise RunError(f"{path.name}: not a notebook of format 4; the untouched one is in .template/")
    return notebook


def _is_cell(cell: Any) -> bool:
    """Tell whether this has the shape of a notebook cell."""
    if not isinstance(cell, dict) or not isinstance(cell.get("metadata"), dict):
        return False
    source, tags = cell.get("source"), cell["metadata"].get("tags", [])
    return (
        cell.get("cell_type") in ("code", "markdown", "raw")
        and (isinstance(source, str) or (isinstance(source, list) and all(isinstance(line, str) for line in source)))
        and isinstance(tags, list)
    )


def notebook_parameters(path: Path) -> dict[str, str]:
    """Give the names and defaults in the cell tagged ``parameters``.

    Raises
    ------
    RunError
        When no cell has the tag, or it holds anything but ``name: str = "…"``.
    """
    code = [cell for cell in read_notebook(path)["cells"] if cell["cell_type"] == "code"]
    cells = [cell for cell in code if "parameters" in cell["metadata"].get("tags", [])]
    if len(cells) != 1:
        raise RunError(f"{path.name}: {len(cells)} cells are tagged parameters; exactly one must be")
    source = cells[0]["source"]
    try:
        tree = ast.parse(source if isinstance(source, str) else "".join(source))
    except SyntaxError:
        raise RunError(f"{path.name}: the parameters cell is not Python") from None
    found: dict[str, str] = {}
    for line in tree.body:
        match line:
            case ast.AnnAssign(
                target=ast.Name(id=name), annotation=ast.Name(id="str"), value=ast.Constant(value=str(default))
            ):
                if name in found:
                    raise RunError(f"{path.name}: parameters cell, line {line.lineno}: {name} stands twice")
                found[name] = default
            case _:
                raise RunError(f'{path.name}: parameters cell, line {line.lineno}: write name: str = ""  # what it is')
    return found


def check_parameters(notebooks: dict[str, Path], given: dict[str, str]) -> None:
    """Check that every notebook to be run takes every parameter given; every fault at once."""
    faults = []
    for path in notebooks.values():
        try:
            known = notebook_parameters(path)
        except RunError as error:
            faults.append(error.message)
            continue
        faults += [
            f"{path.name}: {key} is not one of its parameters{nearest(key, known)}" for key in given if key not in known
        ]
    if faults:
        raise ParameterError("nothing was run: the notebooks do not take these parameters", faults=faults)


def parse_setting(text: str) -> tuple[str, str]:
    """Split ``key=value``; the value stays as typed.

    >>> parse_setting("title=00123 = x")
    ('title', '00123 = x')
    """
    typed = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")  # a shell in another locale
    key, sign, value = typed.partition("=")
    if not sign or not key.strip():
        raise ParameterError(f'--set "{typed}": write key=value')
    return key.strip(), value
