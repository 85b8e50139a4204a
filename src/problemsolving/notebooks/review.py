"""What people have put their names to: review, ethics and hypotheses of a profile, as counts and yes or no."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from problemsolving.errors import ParameterError, nearest
from problemsolving.problem import Problem
from problemsolving.records import read_yaml

DECISIONS = ("approved", "approved-with-changes", "rejected")
APPROVED = DECISIONS[:2]


def read_review(problem: Problem) -> dict[str, Any]:
    """Tell how far a profile has been looked at by people.

    Parameters
    ----------
    problem : Problem
        Its folder may hold ``review.yml`` and ``ethics.yml``; what is missing counts as not done.

    Returns
    -------
    dict
        ``reviewed`` (somebody other than the author signed and approved), ``ethics_answered`` and
        ``ethics_questions`` (counts), ``hypotheses_from`` (template or partnership).

    Raises
    ------
    ParameterError
        When one of the files cannot be read, or the decision is none of ``DECISIONS``.
    """
    review, ethics = (_entries(problem.folder / name) for name in ("review.yml", "ethics.yml"))
    questions = [entry for entry in ethics.get("questions", []) if isinstance(entry, dict)]
    decision = str(review.get("decision", "")).strip()
    if decision and decision not in DECISIONS:
        raise ParameterError(
            "review.yml cannot be used",
            faults=[f"decision: write {', '.join(DECISIONS[:-1])} or {DECISIONS[-1]}{nearest(decision, DECISIONS)}"],
        )
    author, reviewer = (str(review.get(key, "")).strip() for key in ("author", "reviewer"))
    return {
        "reviewed": bool(reviewer and author and reviewer != author and decision in APPROVED),
        "ethics_answered": sum(bool(str(entry.get("answer", "")).strip()) for entry in questions),
        "ethics_questions": len(questions),
        "hypotheses_from": problem.hypotheses_from,
    }


def review_in_words(review: dict[str, Any]) -> str:
    """Say what people still have to do; nothing where all is done.

    >>> review_in_words({"reviewed": False, "ethics_answered": 0, "ethics_questions": 4, "hypotheses_from": "template"})
    "Draft: not reviewed; 0 of 4 ethics questions answered; hypotheses and options are the template's."
    """
    parts = [] if review["reviewed"] else ["not reviewed"]
    if review["ethics_answered"] < review["ethics_questions"]:
        parts.append(f"{review['ethics_answered']} of {review['ethics_questions']} ethics questions answered")
    if review["hypotheses_from"] == "template":
        parts.append("hypotheses and options are the template's")
    return f"Draft: {'; '.join(parts)}." if parts else ""


def _entries(path: Path) -> dict[str, Any]:
    return read_yaml(path) if path.is_file() else {}
