"""The ledger of releases: what left, when and under which policy, so that the next release is checked against it."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from problemsolving.errors import DisclosureError, counted
from problemsolving.governance.history import contradicts_itself, find_isolated, find_narrowed, find_singled, read_page
from problemsolving.governance.policies import Policy
from problemsolving.locks import one_at_a_time
from problemsolving.records import write_atomically

VERSION = 1
START = "0" * 64  # stands before the first release
WAIT = 120.0  # seconds to wait for another run that publishes
REMEDY = "keep the earlier value, round (a policy that rounds, such as opensafely), or join groups"


def ledger_path(profile: Path) -> Path:
    """Give the place of a profile's ledger."""
    return profile / "releases" / "ledger.json"


def read_ledger(ledger: Path) -> list[dict[str, Any]]:
    """Read a ledger and check that nothing in it was changed, taken out or cut off.

    Parameters
    ----------
    ledger : pathlib.Path
        ``releases/ledger.json`` of a profile.

    Returns
    -------
    list of dict
        Releases, oldest first; empty where there is no ledger.

    Raises
    ------
    DisclosureError
        When it cannot be read, or its chain of hashes does not hold.
    """
    if not ledger.exists():
        return []
    remedy = "put back the copy you keep; without it the history is not known and no release can be checked"
    try:
        content = json.loads(ledger.read_text("utf-8"))
        releases = content["releases"]
        previous = START
        for entry in releases:
            if entry["previous"] != previous or entry["hash"] != _hash(entry):
                raise DisclosureError(f"{ledger.name} was changed by hand: {remedy}")
            previous = entry["hash"]
        if content["version"] != VERSION or content["head"] != previous or content["count"] != len(releases):
            raise DisclosureError(f"{ledger.name} was cut off or is of another version: {remedy}")
    except (OSError, ValueError, KeyError, TypeError):
        raise DisclosureError(f"{ledger.name} is damaged: {remedy}") from None
    return list(releases)


def _hash(entry: dict[str, Any]) -> str:
    """Hash an entry with all that it says, the hash before it too."""
    plain = {key: value for key, value in entry.items() if key != "hash"}
    text = json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def check_findings(findings: Sequence[dict[str, Any]], ledger: Path, policy: Policy, *, run: str | None = None) -> str:
    """Let the attacker look at findings that are about to leave, beside all that left before.

    Parameters
    ----------
    findings : sequence of dict
        Payloads of findings, each with ``released_cells``.
    ledger : pathlib.Path
        Of the profile; need not exist.
    policy : Policy
        Under which the findings were released.
    run : str, optional
        Name of the run folder. What the ledger holds of this very run, just so, is not an earlier release.

    Returns
    -------
    str
        For the page: ``history unknown``, or against how many earlier releases it was checked.

    Raises
    ------
    DisclosureError
        When a withheld count could be placed more closely than its policy allows, or when the difference of two
        releases singles out a group below the threshold. Faults name finding, rule and remedy, never a value.
    """
    kept, rules = _released(findings), policy.rules
    own = (run, rules, kept)
    releases = read_ledger(ledger)
    places = [place for place, entry in enumerate(releases) if _content(entry) == own]
    releases = releases[: places[0]] if places else releases
    faults = check_release(releases, kept, policy)
    if faults:
        raise DisclosureError(
            "what leaves now and what left before would together tell what the policy withholds", faults=faults
        )
    if not releases:
        return "history unknown"
    return f"checked against {counted(len(releases), 'earlier release')}"


def check_release(releases: Sequence[dict[str, Any]], findings: Sequence[dict[str, Any]], policy: Policy) -> list[str]:
    """Give every fault of a release beside earlier ones: findings as they stand in a ledger; no fault, an empty list."""
    earlier = _distinct(releases)
    linked = not contradicts_itself(read_page(findings, policy, 0))
    pages = [
        read_page(entry["findings"], _policy(entry["policy"]), number, linked=linked)
        for number, entry in enumerate(earlier)
    ]
    pages.append(read_page(findings, policy, len(pages), linked=linked))
    isolated = (
        f"{finding}: differencing: a shown count less another of its series leaves a group below the threshold; {REMEDY}"
        for finding in dict.fromkeys([*find_isolated(pages), *find_singled(pages)])
    )
    narrowed = (
        f"{finding}: bounds: a withheld count can be placed more closely than policy {policy.name} allows; {REMEDY}"
        for finding in find_narrowed(pages)
    )
    return [*isolated, *narrowed]


def _distinct(releases: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out findings that an earlier release held just so: they tell nothing more."""
    seen: set[str] = set()
    kept = []
    for entry in releases:
        fresh = []
        for finding in entry["findings"]:
            text = json.dumps([entry["policy"], finding], sort_keys=True)
            if text not in seen:
                seen.add(text)
                fresh.append(finding)
        if fresh:
            kept.append(entry | {"findings": fresh})
    return kept


def _content(entry: dict[str, Any]) -> tuple[Any, ...]:
    return entry["run"], entry["policy"], entry["findings"]


def _policy(rules: dict[str, Any]) -> Policy:
    return Policy(**rules)


def _released(findings: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give findings as the ledger keeps them: labels, period and released count of each cell, sums, nothing else."""
    return [
        {"stage": finding["stage"], "name": finding["name"]} | finding["released_cells"]
        for finding in findings
        if finding.get("released_cells") and finding["released_cells"]["cells"]
    ]


def record_release(
    findings: Sequence[dict[str, Any]], ledger: Path, policy: Policy, *, run: str, date: dt.date | None = None
) -> str:
    """Write a release into the ledger, after a last check while no other run can publish.

    Parameters
    ----------
    findings : sequence of dict
        Payloads of findings, each with ``released_cells``.
    ledger : pathlib.Path
        Of the profile; made where it does not exist.
    policy : Policy
        Under which the findings were released.
    run : str
        Name of the run folder. The same run with the same content is written once.
    date : datetime.date, optional
        Day of release; the current day when not given.

    Returns
    -------
    str
        Hash of the entry. Kept beside the page, it shows later that the ledger was not cut off.

    Raises
    ------
    DisclosureError
        As `check_findings`, when the ledger is damaged, or when another run holds it for too long.
    """
    kept = _released(findings)
    rules = policy.rules
    ledger.parent.mkdir(parents=True, exist_ok=True)
    with _held(ledger):
        releases = read_ledger(ledger)
        for entry in releases:
            if _content(entry) == (run, rules, kept):
                return str(entry["hash"])
        check_findings(findings, ledger, policy)
        day = date or dt.datetime.now(tz=dt.UTC).date()
        entry = {
            "run": run,
            "date": day.isoformat(),
            "policy": rules,
            "findings": kept,
            "previous": releases[-1]["hash"] if releases else START,
        }
        entry["hash"] = _hash(entry)
        releases.append(entry)
        lines = ",\n".join(json.dumps(one, ensure_ascii=False, allow_nan=False) for one in releases)
        head = f'"version": {VERSION}, "count": {len(releases)}, "head": "{entry["hash"]}"'
        write_atomically(ledger, f'{{{head}, "releases": [\n{lines}\n]}}\n')
    return str(entry["hash"])


@contextmanager
def _held(ledger: Path) -> Iterator[None]:
    """Hold the ledger against other runs."""
    path = ledger.with_suffix(".lock")
    with one_at_a_time(path, wait=WAIT) as held:
        if not held:
            raise DisclosureError(
                f"{path.name}: another run has been publishing for {WAIT:.0f} seconds; try again when it is done"
            )
        yield
