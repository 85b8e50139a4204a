"""Which problem comes first: the register of threat, harm, risk and vulnerability, as people score it with reasons."""

from __future__ import annotations

from typing import Any

import pandas as pd

from problemsolving.dictionary.codelists import codelist
from problemsolving.errors import ParameterError, nearest
from problemsolving.measures.register import build_register
from problemsolving.measures.risk_scores import Scale
from problemsolving.records import read_yaml
from problemsolving.results import NotEstimable, Result
from problemsolving.sara.findings import Finding, find
from problemsolving.study import Study

FILE = "register.yml"
KEYS = ("problem", "aspect", "score", "evidence", "rater")
STEPS = (1, 2, 3, 4, 5)


def register(study: Study) -> Finding:
    """Which problem comes first by threat, harm, risk and vulnerability, and why?"""
    question = "Which problem comes first by threat, harm, risk and vulnerability?"
    path = study.problem.folder / FILE
    ratings = read_ratings(read_yaml(path)) if path.is_file() else pd.DataFrame()
    if ratings.empty:
        result: Result = NotEstimable(
            reason=f"no problem is scored in {FILE} yet",
            remedy="Let at least two people score each problem, with their evidence, without seeing each other’s scores.",
        )
    else:
        scales = scales_of_register()
        rated = set(ratings["aspect"])
        result = build_register(
            ratings, scales={name: scale for name, scale in scales.items() if name in rated}, rng=study.rng("register")
        )
    return find(
        study,
        "scan",
        "register",
        question,
        result,
        tables=(),
        period="As the partnership scored it",
        source=f"{FILE} of the profile",
    )


def scales_of_register() -> dict[str, Scale]:
    """Give the scale of each aspect, from the codelist risk-aspects."""
    return {
        code: Scale(row["part"], {step: row[f"score_{step}"] for step in STEPS})  # type: ignore[arg-type]
        for code, row in codelist("risk-aspects").items()
    }


def read_ratings(raw: dict[str, Any]) -> pd.DataFrame:
    """Read the ratings of a register: every fault at once.

    Raises
    ------
    ParameterError
        For an entry without its keys, an unknown aspect or a score off the scale; named by place, not by what it says.
    """
    entries = raw.get("ratings", [])
    if not isinstance(entries, list):
        raise ParameterError(f"{FILE} cannot be read", faults=["ratings: write a list"])
    faults, rows = [], []
    for number, entry in enumerate(entries, 1):
        if not isinstance(entry, dict) or not all(isinstance(entry.get(key, ""), str) for key in KEYS):
            faults.append(f"ratings {number}: write {', '.join(KEYS)}")
            continue
        faults += [
            f"ratings {number}.{key}: is missing" for key in ("problem", "aspect", "rater") if not entry.get(key)
        ]
        faults += [f"ratings {number}.{key}: not known{nearest(key, KEYS)}" for key in entry if key not in KEYS]
        aspect, score = entry.get("aspect", ""), entry.get("score", "")
        if aspect and aspect not in codelist("risk-aspects"):
            faults.append(
                f"ratings {number}.aspect: not in codelist risk-aspects{nearest(aspect, codelist('risk-aspects'))}"
            )
        if score and score not in map(str, STEPS):
            faults.append(f"ratings {number}.score: write a whole number from {STEPS[0]} to {STEPS[-1]}")
        rows.append({key: entry.get(key) or None for key in KEYS})
    if faults:
        raise ParameterError(f"{FILE} cannot be read: {len(faults)} to mend", faults=faults)
    frame = pd.DataFrame(rows, columns=list(KEYS))
    return frame.assign(score=pd.to_numeric(frame["score"]))
