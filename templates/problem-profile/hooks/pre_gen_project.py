"""Refuse bad answers in one message that lists all of them; cookiecutter then removes the folder."""

import json
import sys
from pathlib import Path

ANSWERS = json.loads({{ cookiecutter | jsonify | jsonify }})
RAW = json.loads({{ _cookiecutter | default({}) | jsonify | jsonify }})
TEMPLATE = Path(ANSWERS.get("_repo_dir") or ANSWERS.get("_template") or ".")


def check(answers: dict) -> list:
    """Use the package's own rules, from the installation or from the checkout the template lies in."""
    checkout = TEMPLATE.resolve().parents[1] / "src"
    if checkout.is_dir():
        sys.path.append(str(checkout))
    try:
        from problemsolving.answers import check_answers
    except ImportError as error:
        return [f"this template needs the problemsolving package in the same environment ({error.name} is missing)"]
    return check_answers(answers, given=ANSWERS.get("__given"))


MARKS = ["{" + mark for mark in "#%{"]
faults = [
    key + ": holds template code (a brace followed by a brace, % or #); problemsolving new takes it literally"
    for key, value in RAW.items()
    if not key.startswith("_") and isinstance(value, str) and any(mark in value for mark in MARKS)
]
if ANSWERS.get("__folder") not in (ANSWERS.get("slug"), "refused"):
    faults.append("__folder: leave it alone; the slug names the folder")
faults += check({key: value for key, value in ANSWERS.items() if not key.startswith("_")})
if faults:
    text = "\n".join([f"The profile was not made: {len(faults)} answers to mend", *(f"  - {fault}" for fault in faults)])
    if "the template's answer" in text:
        text += "\nWhere the template's answer is right as it is, give it with: problemsolving new --no-input --set KEY=VALUE"
    sys.stderr.buffer.write((text + "\n").encode(sys.stderr.encoding or "utf-8", "backslashreplace"))
    sys.exit(1)
