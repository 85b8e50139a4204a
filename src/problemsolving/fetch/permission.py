"""Whether fetching is allowed here: a locked-down profile fetches nothing."""

from __future__ import annotations

import os
from pathlib import Path

from problemsolving.errors import FetchError
from problemsolving.records import read_yaml

_OPEN = ("", "false", "no")


def refuse_when_locked_down(*places: Path) -> None:
    """Refuse when a place lies in a locked-down profile, or the environment locks down.

    Parameters
    ----------
    *places : pathlib.Path
        Folders that exist or shall exist: where the data go and where the command stands. The nearest
        ``problem.yml`` at or above each counts; ``PROBLEMSOLVING_LOCKED_DOWN`` goes before it.

    Raises
    ------
    FetchError
        When locked down, with the remedy.
    ParameterError
        When a ``problem.yml`` cannot be read: it might lock down.
    """
    said = os.environ.get("PROBLEMSOLVING_LOCKED_DOWN")
    if said:
        if said.strip().casefold() not in _OPEN:
            raise _refusal("PROBLEMSOLVING_LOCKED_DOWN is set")
        return
    for place in places:
        folder = place.resolve()
        nearest = next((up for up in (folder, *folder.parents) if (up / "problem.yml").is_file()), None)
        if nearest is None:
            continue
        answer = str(read_yaml(nearest / "problem.yml").get("locked_down", ""))
        if answer.strip().casefold() not in _OPEN:
            raise _refusal(f"{nearest.name}/problem.yml says locked_down: {answer[:5]}")


def _refusal(why: str) -> FetchError:
    return FetchError(
        f"nothing is fetched: {why}, so no connection leaves this machine. Fetch on another machine, or outside "
        "the profile, and carry the folder over with its fetched.json"
    )
