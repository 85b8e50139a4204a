"""One notebook through papermill: executed, timed, weighed, and told truly how it ended."""

from __future__ import annotations

import os
import re
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from problemsolving import errors
from problemsolving.errors import RunError
from problemsolving.records import write_atomically

KERNEL = "python3"


@dataclass(frozen=True)
class Execution:
    """An executed notebook with its seconds and the peak memory of its kernel."""

    notebook: Any
    seconds: float
    peak_mb: float


class _Scale(threading.Thread):
    """Weighs the processes below this one until told to stop."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak = 0
        self._stop_now = threading.Event()

    def run(self) -> None:
        import psutil

        here = psutil.Process()
        while not self._stop_now.wait(0.1):
            for child in here.children(recursive=True):
                self.peak = max(self.peak, _peak_bytes(child))

    def stop(self) -> float:
        self._stop_now.set()
        self.join()
        return round(self.peak / 1e6, 1)


def _peak_bytes(process: Any) -> int:
    """Largest memory a process has had, as far as the system tells (Linux and Windows do; elsewhere as now)."""
    import psutil

    try:
        memory = process.memory_info()
        status = Path(f"/proc/{process.pid}/status")
        if status.exists():
            line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
            return int(line.split()[1]) * 1024
        return int(getattr(memory, "peak_wset", memory.rss))
    except (psutil.Error, OSError, StopIteration, ValueError):
        return 0


def _told(name: str, text: str, traceback: list[str], where: str) -> str:
    """Give an error's text where the package itself raised it, since its errors carry no values; else only its kind."""
    kind = getattr(errors, name.rsplit(".", 1)[-1], None)
    ours = any(re.search(r"problemsolving[/\\]\w+", frame) for frame in traceback[-2:])
    if isinstance(kind, type) and issubclass(kind, errors.ProblemSolvingError) and ours:
        return f"{kind.__name__}: {text}"
    return f"{name}; its text is in {where} under restricted/"


def execute(path: Path, *, output: Path, parameters: dict[str, str], timeout: int, progress: bool) -> Execution:
    """Run a notebook in a clean kernel that stands in the notebook's folder.

    Parameters
    ----------
    path, output : pathlib.Path
        Notebook, and where the executed one goes: under a ``.partial`` name until it is whole.
    parameters : dict of str to str
        Injected after the parameters cell.
    timeout : int
        Seconds a cell may take.
    progress : bool
        Show papermill's bar.

    Returns
    -------
    Execution

    Raises
    ------
    RunError
        With status ``failed`` (a cell raised, the kernel died) or ``timed-out``. The message names notebook, cell
        and kind of error, never its text, which may hold values and stays in the executed notebook.
    KeyboardInterrupt
        When the run was interrupted.
    """
    os.environ.setdefault("JUPYTER_PREFER_ENV_PATH", "1")
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    import papermill
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillException, PapermillExecutionError
    from traitlets.config import Config

    partial = output.with_suffix(".partial.ipynb")
    scale, began = _Scale(), time.perf_counter()
    scale.start()
    try:
        notebook = papermill.execute_notebook(
            str(path),
            str(partial),
            parameters=parameters,
            kernel_name=KERNEL,
            cwd=str(path.parent),
            progress_bar=progress,
            log_output=False,
            execution_timeout=timeout,
            report_mode=False,
            config=Config({"KernelManager": {"transport_encryption": "auto"}}),
        )
    except PapermillExecutionError as error:
        raise RunError(
            f"{path.name}, cell {error.exec_count}: {_told(error.ename, error.evalue, error.traceback, partial.name)}"
        ) from None
    except CellTimeoutError:
        raise RunError(
            f"{path.name}: a cell took longer than {timeout} seconds; see --timeout", status="timed-out"
        ) from None
    except DeadKernelError:
        raise RunError(f"{path.name}: its kernel died (out of memory?)") from None
    except PapermillException as error:
        raise RunError(f"{path.name}: {type(error).__name__}") from None
    finally:
        peak = scale.stop()
    left = [
        cell
        for cell in notebook.cells
        if cell.cell_type == "code" and cell.source.strip() and cell.execution_count is None
    ]
    if left:
        raise RunError(f"{path.name}: it stopped by itself before its end; {len(left)} cells were not run")
    write_atomically(output, partial.read_bytes())
    partial.unlink()
    return Execution(notebook, round(time.perf_counter() - began, 2), peak)
