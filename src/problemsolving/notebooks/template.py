"""Making a profile from the template."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from problemsolving.answers import MAY_BE_EMPTY, SIMULATED, TEMPLATE, check_answers, template_defaults
from problemsolving.errors import ParameterError, TemplateError, nearest
from problemsolving.resources import resource_path


def template_questions(districts: str = SIMULATED) -> dict[str, str]:
    """Give the template's questions with their default answers, in order.

    Parameters
    ----------
    districts : str
        The answer to ``district_codes``. Where it names real districts, no response is the default: the template's
        own tells the simulated one.
    """
    none = {} if SIMULATED in districts else dict.fromkeys(MAY_BE_EMPTY, "none")
    return template_defaults() | none


def template_prompts() -> dict[str, str]:
    """Give what each question asks."""
    path = resource_path(f"templates/{TEMPLATE}/cookiecutter.json")
    return dict(json.loads(path.read_text("utf-8"))["__prompts__"])


def new_profile(answers: Mapping[str, str], *, folder: Path, replace: bool = False) -> Path:
    """Make a profile from answers, which arrive in it literally.

    Parameters
    ----------
    answers : mapping of str to str
        Answers to the template's questions; the template's defaults stand for those left out. Where the districts are
        real, no response is the default, and what the defaults tell of the simulated profile must be given: title,
        area, periods, benchmark and partners.
    folder : pathlib.Path
        Where the profile's own folder is made.
    replace : bool
        Write over the template's files in a profile that is there already; runs are left alone.

    Returns
    -------
    pathlib.Path
        The profile.

    Raises
    ------
    ParameterError
        For every unknown question and every answer that is bad or must be given; nothing is made then.
    TemplateError
        When a file or folder of that name is there already.
    """
    defaults = template_questions(answers.get("district_codes", SIMULATED))
    unknown = [
        f"{key}: not a question of the template{nearest(key, defaults)}" for key in answers if key not in defaults
    ]
    complete: dict[str, Any] = {**defaults, **{key: value for key, value in answers.items() if key in defaults}}
    faults = unknown + check_answers(complete, given=answers)
    if faults:
        raise ParameterError(f"the profile was not made: {len(faults)} answers to mend", faults=faults)
    target = folder / complete["slug"]
    if target.exists() and not replace:
        raise TemplateError(f"{target}: there is something of this name already; choose another slug or remove it")
    _generate(complete | {"__given": sorted(answers)}, folder, replace)
    return target


def _generate(answers: dict[str, Any], folder: Path, replace: bool) -> None:
    from cookiecutter.exceptions import CookiecutterException
    from cookiecutter.generate import generate_files

    template = resource_path(f"templates/{TEMPLATE}")
    settings = json.loads((template / "cookiecutter.json").read_text("utf-8"))
    context = {
        **answers,
        "__folder": answers["slug"],
        "_copy_without_render": settings["_copy_without_render"],
        "_template": str(template),
        "_repo_dir": str(template),
    }
    folder.mkdir(parents=True, exist_ok=True)
    try:
        generate_files(
            str(template),
            context={"cookiecutter": context, "_cookiecutter": {}},
            output_dir=str(folder),
            overwrite_if_exists=replace,
        )
    except CookiecutterException as error:
        raise TemplateError(f"the template could not be turned into a profile ({type(error).__name__})") from error
