"""The run record: what was run, with what, and what became of it. It is never truer than the run."""

from __future__ import annotations

import datetime as dt
import json
import os
import secrets
import subprocess
import sys
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from problemsolving.errors import RunError
from problemsolving.records import to_json, write_atomically

SCHEMA_VERSION = 1
Status = Literal["running", "complete", "failed", "interrupted", "timed-out", "killed"]


@dataclass
class RunRecord:
    """``record.json`` of a run folder, written anew at every step."""

    folder: Path
    content: dict[str, Any] = field(default_factory=dict)

    def write(self, **changes: Any) -> None:
        self.content.update(changes)
        write_atomically(self.folder / "record.json", to_json(self.content))

    def finish(self, status: Status, **changes: Any) -> None:
        self.write(status=status, finished=_now(), **changes)


def start_record(
    profile: Path, *, stages: list[str], parameters: dict[str, str], resolved: dict[str, str], review: dict[str, Any]
) -> RunRecord:
    """Make a new run folder and write its record with status ``running``."""
    import psutil

    runs = profile / "runs"
    runs.mkdir(exist_ok=True)
    stamp = dt.datetime.now(tz=dt.UTC).strftime("%Y%m%dT%H%M%SZ")
    folder = runs / f"{stamp}-{secrets.token_hex(3)}"
    folder.mkdir()
    restricted = folder / "restricted"
    restricted.mkdir()
    if os.name == "posix":
        restricted.chmod(0o700)
    process = psutil.Process()
    record = RunRecord(folder)
    record.write(
        schema_version=SCHEMA_VERSION,
        run=folder.name,
        status="running",
        started=_now(),
        finished=None,
        stages=stages,
        process={"pid": process.pid, "started": process.create_time()},
        parameters_set=parameters,
        parameters=resolved,
        review=review,
        inputs=[],
        release={},
        notebooks=[],
        packages=_packages(),
        python=sys.version.split()[0],
        git_revision=_revision(profile),
        error=None,
    )
    return record


def read_record(folder: Path) -> dict[str, Any]:
    """Read a run's record; ``running`` becomes ``killed`` when its process is no more.

    Parameters
    ----------
    folder : pathlib.Path
        A run folder.

    Returns
    -------
    dict
        As in ``record.json``, with the status that is true now.
    """
    try:
        content: dict[str, Any] = json.loads((folder / "record.json").read_text("utf-8"))
        known = {"status", "process", "stages", "parameters"} <= set(content) and {"pid", "started"} <= set(
            content["process"]
        )
    except (OSError, ValueError, KeyError, TypeError):
        known = False
    if not known:
        raise RunError(f"{folder.name}: its record.json is missing or damaged; run the profile again")
    if content["status"] == "running" and not _alive(content["process"]):
        content["status"] = "killed"
    return content


def _alive(process: dict[str, Any]) -> bool:
    import psutil

    try:
        found = psutil.Process(process["pid"])
        return abs(found.create_time() - process["started"]) < 2 and found.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def list_runs(profile: Path) -> list[dict[str, Any]]:
    """Give the records of a profile's runs, oldest first; folders without a record are left out."""
    folders = sorted(path for path in (profile / "runs").glob("*") if (path / "record.json").is_file())
    return [read_record(folder) for folder in folders]


def latest_run(profile: Path) -> Path | None:
    """Give the folder of the last complete run of all stages, or None."""
    pointer = profile / "runs" / "latest.json"
    if not pointer.is_file():
        return None
    try:
        folder = profile / "runs" / str(json.loads(pointer.read_text("utf-8"))["run"])
    except (OSError, ValueError, KeyError, TypeError):
        raise RunError("runs/latest.json is damaged; name a run folder, or run the profile again") from None
    return folder if folder.is_dir() and folder.parent == profile / "runs" else None


def point_latest(record: RunRecord) -> None:
    """Let ``runs/latest.json`` name a run; called after a complete run of all stages alone."""
    write_atomically(record.folder.parent / "latest.json", to_json({"run": record.folder.name}))


def _now() -> str:
    return dt.datetime.now(tz=dt.UTC).isoformat(timespec="seconds")


def _packages() -> dict[str, str]:
    return dict(
        sorted(
            {dist.metadata["Name"]: dist.version for dist in metadata.distributions() if dist.metadata["Name"]}.items()
        )
    )


def _revision(folder: Path) -> str | None:
    """Give the git revision of the profile, with ``+changes`` where files differ from it; None without git."""
    try:
        ran = [
            subprocess.run(
                ["git", *words], cwd=folder, capture_output=True, text=True, timeout=10, check=True
            ).stdout.strip()
            for words in (["rev-parse", "HEAD"], ["status", "--porcelain", "--", "."])
        ]
    except (OSError, subprocess.SubprocessError):
        return None
    return ran[0] + ("+changes" if ran[1] else "")
