"""Running a profile: checked first, executed in a new folder, recorded truly, pointed to when whole."""

from __future__ import annotations

import datetime as dt
import logging
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from problemsolving.answers import PARAMETERS, environment_parameters
from problemsolving.dictionary.previous import write_deliveries
from problemsolving.errors import ParameterError, ProblemSolvingError, RunError, nearest
from problemsolving.governance.seal import sealing
from problemsolving.loading import check_sharing, find_files
from problemsolving.notebooks.check import check_profile
from problemsolving.notebooks.outputs import sort_outputs
from problemsolving.notebooks.parameters import STAGES, check_parameters, stage_notebooks
from problemsolving.notebooks.record import RunRecord, point_latest, start_record
from problemsolving.notebooks.review import read_review
from problemsolving.periods import Month
from problemsolving.problem import Problem, read_problem
from problemsolving.records import to_json, write_atomically
from problemsolving.results import STUDY_MIME
from problemsolving.study import HISTORY

if TYPE_CHECKING:
    from problemsolving.dictionary.faults import Fault

Say = Callable[[str], None]
Publish = Callable[[Path], object]


def run_profile(
    profile: Path,
    *,
    stages: list[str] | None = None,
    parameters: dict[str, str] | None = None,
    timeout: int = 3_600,
    progress: bool = False,
    say: Say = lambda _: None,
    publish: Publish | None = None,
) -> Path:
    """Run the notebooks of a profile, one after another, into a new run folder.

    Parameters
    ----------
    profile : pathlib.Path
        A profile folder.
    stages : list of str, optional
        Some of scan, analyse, respond, assess; all when not given.
    parameters : dict of str to str, optional
        Take the place of environment and ``problem.yml``; values stay as typed.
    timeout : int
        Seconds a cell may take.
    progress : bool
        Show a bar for each notebook.
    say : callable
        Told in a line what goes on.
    publish : callable, optional
        Writes what may leave from the run folder, before the run is called complete.

    Returns
    -------
    pathlib.Path
        The run folder, with ``record.json``, ``run.log``, ``restricted/`` and ``released/`` (the page and ``results.json``).

    Raises
    ------
    ParameterError, SharingError, DataError
        Before anything is written or started: every unknown name, wrong value, notebook that takes no parameters,
        sharing record not in force, missing file.
    RunError
        When a notebook did not complete. The record says so; ``runs/latest.json`` still names the last good run.
    KeyboardInterrupt
        When interrupted; the record says so too.
    """
    profile = profile.resolve()
    chosen, given = _checked(profile, stages, parameters or {})
    problem = read_problem(profile, **given)
    check_sharing(problem)
    find_files(problem)
    review = read_review(problem)
    try:
        record = start_record(profile, stages=chosen, parameters=given, resolved=_resolved(problem), review=review)
    except OSError as error:
        raise RunError(f"no run folder could be made in {profile.name}/runs: {error.strerror}") from None
    with _logged(record.folder) as log, _terminable():
        log.info("run %s: %s", record.folder.name, ", ".join(chosen))
        try:
            _execute_all(record, profile, chosen, given, timeout, progress, say, log, publish)
        except KeyboardInterrupt:
            log.info("interrupted")
            record.finish("interrupted", error="interrupted")
            raise
        except ProblemSolvingError as error:
            log.info("did not complete: %s", error.message)
            status = error.status if isinstance(error, RunError) else "failed"
            record.finish(status, error=error.message)  # type: ignore[arg-type]
            raise
        except Exception as error:
            with suppress(OSError):
                log.info("did not complete: %s", type(error).__name__)
                record.finish("failed", error=type(error).__name__)
                write_atomically(record.folder / "restricted" / "error.txt", repr(error))
            raise RunError(f"the run did not complete: {_reason(error)}") from error
    return record.folder


def check_before_run(
    profile: Path, *, parameters: dict[str, str] | None = None, notes: list[Fault] | None = None
) -> list[ProblemSolvingError]:
    """Check all that a run would check, and the data themselves; give one error a kind of fault, and fill ``notes``."""
    try:
        _, given = _checked(profile.resolve(), None, parameters or {})
    except ProblemSolvingError as error:
        return [error]
    return check_profile(profile.resolve(), given, notes=notes)


def _resolved(problem: Problem) -> dict[str, str]:
    """Give the parameters as the run uses them, in plain words."""
    plain = {key: value for key, value in vars(problem).items() if key in PARAMETERS}
    plain |= {
        f"{name}_{end}": getattr(getattr(problem, name), end)
        for name in ("baseline", "follow_up")
        for end in ("start", "end")
    }
    return {
        key: ", ".join(plain[key]) if isinstance(plain[key], tuple) else "" if plain[key] is None else str(plain[key])
        for key in PARAMETERS
    }


def _reason(error: Exception) -> str:
    """Say why in words that hold no value: what the system said, or the kind of error and where its text lies."""
    if isinstance(error, OSError):
        return f"{error.strerror or type(error).__name__} (disk full or not writable?)"
    return f"{type(error).__name__}; its text is in restricted/error.txt of the run folder"


def _checked(profile: Path, stages: list[str] | None, parameters: dict[str, str]) -> tuple[list[str], dict[str, str]]:
    """Check stages and parameters before anything is written; give both as they will be used."""
    wanted = list(dict.fromkeys(stages or STAGES))
    faults = [f'"{stage}" is not a stage{nearest(stage, STAGES)}' for stage in wanted if stage not in STAGES]
    if faults:
        raise ParameterError(f"choose stages from {', '.join(STAGES)}", faults=faults)
    chosen = [stage for stage in STAGES if stage in wanted]
    for_notebooks = environment_parameters() | parameters
    if for_notebooks.get("data"):
        with suppress(RuntimeError):
            for_notebooks["data"] = str(Path(for_notebooks["data"]).expanduser().resolve())
    collected: list[str] = []
    for check in (
        lambda: _check_periods(read_problem(profile, **for_notebooks)),
        lambda: _check_notebooks(profile, chosen, for_notebooks),
    ):
        try:
            check()
        except ParameterError as error:
            collected += error.faults or (error.message,)
    if collected:
        raise ParameterError("nothing was run", faults=list(dict.fromkeys(collected)))
    return chosen, for_notebooks


def _check_periods(problem: Problem) -> None:
    today = dt.datetime.now(tz=dt.UTC)
    if problem.follow_up.end > Month(today.year, today.month):
        raise ParameterError("the follow-up is not over", faults=["follow_up_end: a month that has not come yet"])


def _check_notebooks(profile: Path, stages: list[str], given: dict[str, str]) -> None:
    if (profile / "problem.yml").is_file():
        check_parameters(
            {stage: path for stage, path in stage_notebooks(profile).items() if stage in stages},
            {key: value for key, value in given.items() if key in PARAMETERS},
        )


def _execute_all(
    record: RunRecord,
    profile: Path,
    stages: list[str],
    given: dict[str, str],
    timeout: int,
    progress: bool,
    say: Say,
    log: logging.Logger,
    publish: Publish | None,
) -> None:
    from problemsolving.notebooks.engine import execute

    findings: list[dict[str, Any]] = []
    outlines: list[dict[str, Any]] = []
    deliveries: dict[str, dict[str, Any]] = {}
    restricted = record.folder / "restricted"
    for stage, path in stage_notebooks(profile).items():
        if stage not in stages:
            continue
        say(f"{stage}: {path.name}")
        with sealing() as key:
            done = execute(path, output=restricted / path.name, parameters=given, timeout=timeout, progress=progress)
        found, outline = sort_outputs(done.notebook, name=path.name, key=key)
        if not found:
            raise RunError(f"{path.name}: it answered no question; the untouched notebook is in .template/")
        findings += found
        outlines.append(outline)
        outputs = [
            output["data"] for cell in done.notebook.cells for output in cell.get("outputs", []) if "data" in output
        ]
        study: dict[str, Any] = next((data[STUDY_MIME] for data in outputs if STUDY_MIME in data), {})
        inputs = study.get("provenance", record.content["inputs"])
        terms = study.get("release", record.content["release"])
        deliveries |= study.get("deliveries", {})
        entry = {"stage": stage, "notebook": path.name, "seconds": done.seconds, "peak_memory_mb": done.peak_mb}
        record.write(notebooks=[*record.content["notebooks"], entry], inputs=inputs, release=terms)
        log.info("%s: %.1f seconds, %.0f MB", path.name, done.seconds, done.peak_mb)
    write_atomically(restricted / "findings.json", to_json(findings))
    write_atomically(restricted / "outputs.json", to_json(outlines))
    if publish is not None:
        publish(record.folder)
    record.finish("complete")
    _keep_deliveries(profile / HISTORY, deliveries)
    log.info("complete: %d values", sum(len(finding["values"]) for finding in findings))
    if stages == list(STAGES):
        point_latest(record)


def _keep_deliveries(history: Path, deliveries: dict[str, dict[str, Any]]) -> None:
    """Keep what this run's deliveries looked like, for its owner alone; the next ones are compared with it."""
    history.mkdir(mode=0o700, exist_ok=True)
    write_deliveries(history, deliveries)


@contextmanager
def _logged(folder: Path) -> Iterator[logging.Logger]:
    """Keep ``run.log`` in the run folder: what was done and when, no value of the data."""
    log = logging.getLogger(f"problemsolving.run.{folder.name}")
    log.setLevel(logging.INFO)
    log.propagate = False
    handler = logging.FileHandler(folder / "run.log", encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%dT%H:%M:%S"))
    log.addHandler(handler)
    try:
        yield log
    finally:
        log.removeHandler(handler)
        handler.close()


@contextmanager
def _terminable() -> Iterator[None]:
    """Let a polite end of the process (SIGTERM) end the run as Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
