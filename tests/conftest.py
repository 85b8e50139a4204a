"""What tests share: a clean environment, real data and a browser where required, one demo run a session."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
KEPT = ("PROBLEMSOLVING_TEST_DATA", "PROBLEMSOLVING_REQUIRE")
REQUIRED = {word.strip() for word in os.environ.get("PROBLEMSOLVING_REQUIRE", "").split(",") if word.strip()}

for name in [name for name in os.environ if name.startswith("PROBLEMSOLVING_") and name not in KEPT]:
    del os.environ[name]


def lacking(what: str, reason: str) -> None:
    """Skip aloud, or fail where the environment says that it must be there."""
    if what in REQUIRED:
        pytest.fail(f"{what} is required by PROBLEMSOLVING_REQUIRE but {reason}")
    pytest.skip(f"{what}: {reason}")


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def real_data() -> Path:
    folder = os.environ.get("PROBLEMSOLVING_TEST_DATA", "")
    if not folder or not Path(folder).is_dir():
        lacking("data", "PROBLEMSOLVING_TEST_DATA names no folder")
    return Path(folder)


@pytest.fixture(scope="session")
def chromium() -> str:
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        lacking("browser", "no Chromium is installed")
    return str(path)


@pytest.fixture(scope="session")
def axe() -> str:
    path = ROOT / "node_modules" / "axe-core" / "axe.min.js"
    if not path.is_file():
        lacking("browser", "axe-core is not installed (scripts/install-test-tools.sh)")
    return path.read_text("utf-8")


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A profile on the simulated partnership, with its data, not yet run."""
    from problemsolving.notebooks.template import new_profile
    from problemsolving.simulate.partnership import simulate_partnership

    profile = new_profile({}, folder=tmp_path_factory.mktemp("simulated"))
    simulate_partnership(profile / "data")
    return profile


@pytest.fixture(scope="session")
def demo_run(simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder of a complete run of the simulated profile. Use it in tests of the xdist group "demo"."""
    from problemsolving.report.page import run_and_publish

    profile = tmp_path_factory.mktemp("demo") / simulated.name
    shutil.copytree(simulated, profile)
    return run_and_publish(profile)


@pytest.fixture
def profile(simulated: Path, tmp_path: Path) -> Path:
    """A copy of the simulated profile that a test may spoil."""
    folder = tmp_path / simulated.name
    shutil.copytree(simulated, folder)
    return folder
