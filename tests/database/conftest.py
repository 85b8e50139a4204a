"""A real PostgreSQL on loopback, started for the tests and stopped after them, in a folder of its own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest


def _lacking(reason: str) -> None:
    required = {word.strip() for word in os.environ.get("PROBLEMSOLVING_REQUIRE", "").split(",")}
    if "database" in required:
        pytest.fail(f"database is required by PROBLEMSOLVING_REQUIRE but {reason}")
    pytest.skip(f"database: {reason}")


def _programs() -> Path:
    """Find the folder that holds initdb and postgres."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    path = str(found[-1]) if found else shutil.which("initdb")
    if path is None:
        _lacking("no PostgreSQL is installed (scripts/install-test-tools.sh)")
    return Path(str(path)).resolve().parent


def _as_unprivileged() -> list[str]:
    """PostgreSQL refuses to run as root: step down to the user of the Debian package."""
    if sys.platform == "win32" or os.geteuid() != 0:
        return []
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Start PostgreSQL and give the address of its owner, as SQLAlchemy writes it."""
    programs, step_down = _programs(), _as_unprivileged()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = Path(tempfile.mkdtemp(prefix="problemsolving-postgres-"))
    secret = folder / "secret"
    secret.write_text("owner-secret\n", "utf-8")
    if step_down:
        for path in (folder, secret):
            shutil.chown(path, "postgres", "postgres")
    data = folder / "data"
    ways = ["--username=owner", f"--pwfile={secret}", "--auth=scram-sha-256", "--encoding=UTF8", "--no-sync"]
    subprocess.run(
        [*step_down, str(programs / "initdb"), "-D", str(data), *ways], check=True, capture_output=True, cwd=folder
    )
    settings = [f"port={port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={folder}", "fsync=off"]
    options = [word for setting in settings for word in ("-c", setting)]
    server = subprocess.Popen(
        [*step_down, str(programs / "postgres"), "-D", str(data), *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder,
    )
    try:
        _wait_for(port, server)
        yield f"postgresql+pg8000://owner:owner-secret@127.0.0.1:{port}/postgres"
    finally:
        server.terminate()
        server.wait(30)
        shutil.rmtree(folder)


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    import pg8000.dbapi

    for _ in range(150):
        assert server.poll() is None, "PostgreSQL ended"
        try:
            pg8000.dbapi.connect("owner", "127.0.0.1", "postgres", port, "owner-secret").close()
        except (pg8000.dbapi.Error, OSError):
            time.sleep(0.1)
        else:
            return
    raise AssertionError("PostgreSQL did not answer in 15 seconds")
