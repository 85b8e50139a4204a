"""Refuse bad answers in one message; cookiecutter then removes the folder."""

import json
import sys
from pathlib import Path

ANSWERS = json.loads({{ cookiecutter | jsonify | jsonify }})
CHECKOUT = Path(ANSWERS.get("_repo_dir") or ANSWERS.get("_template") or ".").resolve().parents[1] / "src"
if CHECKOUT.is_dir():
    sys.path.append(str(CHECKOUT))

try:
    from problemsolving.answers import check_review_answers
except ImportError as error:
    sys.exit(f"this template needs the problemsolving package in the same environment ({error.name} is missing)")

faults = check_review_answers({key: value for key, value in ANSWERS.items() if not key.startswith("_")})
if faults:
    text = "\n".join([f"The review was not made: {len(faults)} answers to mend", *(f"  - {fault}" for fault in faults)])
    sys.stderr.buffer.write((text + "\n").encode(sys.stderr.encoding or "utf-8", "backslashreplace"))
    sys.exit(1)
