"""Text reaches DuckDB through a pipe or a private folder; a killed process leaves nothing behind for long."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from problemsolving.dictionary import spool
from problemsolving.dictionary.door import Delivery
from problemsolving.errors import DataError

WAITING = """
import sys, time
from problemsolving.dictionary.door import Delivery
from problemsolving.dictionary.spool import spooled
with spooled(Delivery("x", "", "", b"secret\\n")) as path:
    print(path, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(spool.tempfile, "tempdir", None)
    spool.private_folder.cache_clear()
    yield tmp_path
    spool.private_folder.cache_clear()
    monkeypatch.setattr(spool.tempfile, "tempdir", None)


@pytest.mark.skipif(os.name != "posix", reason="signals and modes of POSIX")
def test_what_a_killed_process_leaves_goes_at_the_next_start(temporary):
    process = subprocess.Popen([sys.executable, "-c", WAITING], stdout=subprocess.PIPE, text=True)
    copy = Path(process.stdout.readline().strip())
    assert copy.read_bytes() == b"secret\n"
    assert copy.stat().st_mode & 0o777 == 0o600 and copy.parent.stat().st_mode & 0o777 == 0o700
    assert spool.sweep(copy.parent.parent) == 0 and copy.exists()  # its owner runs
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert copy.exists()
    mine = spool.private_folder()
    assert not copy.exists() and mine.is_dir() and mine.parent == copy.parent.parent


def test_a_process_number_used_again_does_not_keep_a_folder(temporary):
    number, start = spool.owner_label().split("-")
    assert spool.owner_is_alive(f"{number}-{start}") and not spool.owner_is_alive(f"{number}-{float(start) - 100}")
    assert not spool.owner_is_alive("x") and not spool.owner_is_alive("")


@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
@pytest.mark.parametrize("trap", ["open to others", "a link"])
def test_a_folder_that_is_not_private_is_refused(temporary, trap):
    base = temporary / f"problemsolving-{os.getuid()}"
    if trap == "a link":
        (temporary / "other").mkdir(mode=0o700)
        base.symlink_to(temporary / "other")
    else:
        base.mkdir()
        base.chmod(0o755)
    with pytest.raises(DataError, match="not a private folder"):
        spool.private_folder()


def test_a_reader_that_stops_early_does_not_hang(temporary):
    delivery = Delivery("x", "", "", b"a,b\n" * 1_000_000)
    began = time.monotonic()
    with spool.readable(delivery) as path, open(path, "rb") as stream:  # noqa: PTH123
        assert stream.read(3) == b"a,b"
    assert time.monotonic() - began < 5
    with spool.readable(delivery):
        pass  # nobody reads at all
