"""The Five Safes of a page: what was checked about project, people, settings, data and outputs, and what was not.

The frame is that of Desai, Ritchie and Welpton (2016), Five Safes: designing data access for research, UWE Bristol
Economics Working Paper 1601.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from problemsolving.dictionary.codelists import label
from problemsolving.errors import counted
from problemsolving.governance.policies import Policy
from problemsolving.governance.sharing import OpenRecord, SharingRecord
from problemsolving.results import listed

UNKNOWN_HISTORY = "History unknown: the profile has no ledger of earlier releases, so this page was compared with none."
_LEVELS = {"person": "about persons", "event": "about single events", "aggregate": "counts and areas only"}


@dataclass(frozen=True)
class Safe:
    """One of the five: its name, the question it answers, what the run knows of it, and whether all of it was done."""

    name: str
    question: str
    facts: tuple[str, ...]
    open_points: tuple[str, ...] = ()


def five_safes(
    record: dict[str, Any],
    sharing: dict[str, SharingRecord],
    findings: list[dict[str, Any]],
    *,
    policy: Policy,
    decided_by: str,
    outputs_left: int,
    fields_searched: int,
    history: str,
) -> list[Safe]:
    """Sum up the Five Safes of a page from what the run recorded; what nobody recorded is said to be missing.

    Parameters
    ----------
    record : dict
        The run record.
    sharing : dict of str to SharingRecord
        In force when the page was made.
    findings : list of dict
        Payloads of released findings.
    policy : Policy
        Under which the findings leave.
    decided_by : str
        Who asked for it, in a sentence.
    outputs_left : int
        Outputs of notebooks that are no findings and stay restricted.
    fields_searched : int
        Fields about persons or events whose values the page was searched for.
    history : str
        What the comparison with earlier releases found, in a sentence.
    """
    return [
        _project(sharing),
        _people(record["review"]),
        _settings(record["parameters"]),
        _data(record["inputs"]),
        _outputs(policy, decided_by, findings, outputs_left, fields_searched, history),
    ]


def history_in_words(checked: str) -> str:
    """Say for the page what the comparison with the ledger found.

    >>> history_in_words("checked against 2 earlier releases")
    'An attacker, checked against 2 earlier releases of this profile, could not place a withheld count more closely than the policy does.'
    """
    if checked == "history unknown":
        return UNKNOWN_HISTORY
    return (
        f"An attacker, {checked} of this profile, could not place a withheld count more closely than the policy does."
    )


def _project(sharing: dict[str, SharingRecord]) -> Safe:
    purposes = list(
        {purpose.casefold(): purpose for found in sharing.values() for purpose in _purposes(found)}.values()
    )
    facts = [f"Purpose as recorded: {listed(purposes)}."]
    is_open = [name for name, found in sharing.items() if isinstance(found, OpenRecord)]
    if is_open:
        facts.append(f"Open data, with licence and day of review on record: {listed(is_open)}.")
    shared = [name for name, found in sharing.items() if not isinstance(found, OpenRecord)]
    if shared:
        facts.append(
            f"Shared under records in force, approved by somebody other than the requester: {listed(shared)}; their "
            "terms stand under Permission."
        )
    return Safe("Safe project", "Is this use of the data allowed?", tuple(facts))


def _purposes(record: SharingRecord) -> list[str]:
    if isinstance(record, OpenRecord):
        return [record.purpose]
    return [label("purposes", code).partition(":")[0].lower() for code in record.purpose_codes]


def _people(review: dict[str, Any]) -> Safe:
    facts, missing = [], []
    if review["reviewed"]:
        facts.append("A person other than the author is recorded as having reviewed it and decided.")
    else:
        missing.append("Review by a person other than the author: not recorded.")
    answered, asked = review["ethics_answered"], review["ethics_questions"]
    if not asked:
        missing.append("Ethics questions: not recorded.")
    else:
        words = f"Ethics questions answered: {answered} of {asked}."
        (facts if answered == asked else missing).append(words)
    missing.append("Training of the analysts: not recorded.")
    return Safe("Safe people", "Did the right people look at it?", tuple(facts), tuple(missing))


def _settings(parameters: dict[str, str]) -> Safe:
    if parameters["locked_down"].casefold() in ("true", "yes"):
        facts = ["Locked down: while the notebooks ran, their own process could connect to no other machine."]
        missing = ["Programs that a notebook starts are not watched."]
    else:
        facts, missing = [], ["Not locked down: nothing stopped a notebook from connecting to other machines."]
    missing.append("The machine: not recorded.")
    return Safe("Safe settings", "Could the data have got out on the way?", tuple(facts), tuple(missing))


def _data(inputs: list[dict[str, Any]]) -> Safe:
    facts = []
    for level, words in _LEVELS.items():
        named = [entry["dataset"] for entry in inputs if entry["level"] == level]
        if named:
            facts.append(f"{words[0].upper() + words[1:]}: {listed(named)}.")
    missing: tuple[str, ...] = () if inputs else ("Not recorded.",)
    if any(entry["level"] == "person" for entry in inputs):
        missing = ("Whether the codes of persons are keyed pseudonyms: not recorded.",)
    return Safe("Safe data", "How much do the data tell of a person?", tuple(facts), missing)


def _outputs(
    policy: Policy,
    decided_by: str,
    findings: list[dict[str, Any]],
    outputs_left: int,
    fields_searched: int,
    history: str,
) -> Safe:
    hidden = sum(bool(finding["withheld"]) for finding in findings)
    cells = sum(finding["withheld_cells"] for finding in findings if not finding["withheld"])
    facts = [
        f"Policy {policy.name}: {counted(len(findings) - hidden, 'finding')} released, {hidden} withheld whole, "
        f"{counted(cells, 'count')} withheld inside others.",
        decided_by,
        f"{counted(outputs_left, 'other output')} of the notebooks stay restricted.",
        "Before it was written, the page was searched for NHS numbers, postcodes, National Insurance numbers, "
        "telephone numbers, e-mail addresses and dates of birth"
        + (
            f", and for the values of {counted(fields_searched, 'field')} about persons or events."
            if fields_searched
            else "; no data set about persons or events was loaded."
        ),
    ]
    unknown = history.casefold().startswith("history unknown")
    missing = [history] if unknown else []
    facts += [] if unknown else [history]
    if policy.suppress_to is None:
        missing.append("Policy open withholds nothing: it is for open data alone.")
    return Safe("Safe outputs", "Does this page tell of a person?", tuple(facts), tuple(missing))
