"""The house keeps its floors, its sizes and its lists."""

import ast
import re
import subprocess
import sys
import tomllib
import venv
import zipfile
from itertools import pairwise
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src" / "problemsolving"
FLOORS = [
    {"errors"},
    {"periods", "results", "draw", "identifiers", "resources", "records", "locks"},
    {"markup", "grouped", "stats", "dictionary"},
    {"measures", "drivers", "network", "evaluation", "simulate", "governance", "fetch"},
    {"answers"}, {"problem"}, {"loading"}, {"study"}, {"sara"}, {"notebooks"}, {"report"}, {"demo"}, {"cli"}, {"__main__"},
]  # fmt: skip
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
FREE = {"measures", "drivers", "network", "evaluation"}  # know no files, notebooks or policies


def room_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("problemsolving"):
            parts = node.module.split(".")
            names |= {parts[1]} if len(parts) > 1 else {alias.name for alias in node.names}
    return names - {"__version__"}


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_a_module_imports_only_from_floors_below_its_own(path):
    room = room_of(path)
    others = {name for name in imports(path) if name != room}
    if room != "__init__":
        assert {name for name in others if FLOOR[name] >= FLOOR[room]} == set()
    if room in FREE:
        assert others <= {"errors", "periods", "results", "grouped", "draw", "stats"}


def test_no_file_holds_two_things():
    lengths = {
        path.relative_to(SOURCE).as_posix(): len(path.read_text("utf-8").splitlines()) for path in SOURCE.rglob("*.py")
    }
    assert {name: lines for name, lines in lengths.items() if lines > 400} == {}


def test_architecture_page_names_every_room(root):
    text = (root / "ARCHITECTURE.md").read_text("utf-8")
    assert [room for room in FLOOR if room != "__main__" and f"`{room}" not in text] == []


def requirements(root: Path) -> dict[str, str]:
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    return dict(re.match(r"([\w.-]+)(.*)", line).groups() for line in project["dependencies"])


def test_environment_yml_lists_the_same_packages_as_pyproject(root):
    conda_names = {"python-duckdb": "duckdb", "matplotlib-base": "matplotlib"}
    lines = re.findall(r"^  - ([\w.-]+)(>=[\d.]+)", (root / "environment.yml").read_text("utf-8"), re.MULTILINE)
    listed = {conda_names.get(name, name): version for name, version in lines if name != "python"}
    assert listed == requirements(root)


def test_the_lock_is_hashed_universal_and_holds_no_address(root):
    text = (root / "requirements.lock").read_text("utf-8")
    assert not re.search(r"https?:|//|index-url|find-links|@ ", text)
    blocks = re.split(r"\n(?=\S)", text)
    pins = [block for block in blocks if re.match(r"[\w.-]+==", block)]
    assert len(pins) > 100 and all("--hash=sha256:" in block for block in pins)
    assert "sys_platform == 'win32'" in text
    locked = {re.sub(r"[._]", "-", re.match(r"[\w.-]+", block)[0].lower()) for block in pins}
    assert {re.sub(r"[._]", "-", name.lower()) for name in requirements(root)} <= locked


COPYLEFT = {"phstatsmethods", "pm4py", "igraph", "python-igraph", "netgraph", "pyqt5", "pyqt6", "unidecode"}


def test_nothing_copyleft_is_locked(root):
    locked = set(re.findall(r"^([\w.-]+)==", (root / "requirements.lock").read_text("utf-8"), re.MULTILINE))
    assert locked & COPYLEFT == set()


@pytest.mark.xdist_group("wheel")
def test_the_built_wheel_works_outside_the_checkout(root, tmp_path):
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        str(tmp_path),
        str(root),
    ]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert any("_resources/templates/problem-profile/hooks/pre_gen_project.py" in name for name in names)
    assert any("_resources/data_dictionary/tables/incident.yml" in name for name in names)
    assert any(name.endswith("report/page.css") for name in names)
    assert not [name for name in names if "/runs/" in name or "/tests/" in name]
    venv.create(tmp_path / "v", with_pip=False, system_site_packages=False)
    python = next(path for path in (tmp_path / "v/bin/python", tmp_path / "v/Scripts/python.exe") if path.exists())
    site = Path(
        subprocess.run(
            [python, "-c", "import site; print(site.getsitepackages()[0])"], check=True, capture_output=True, text=True
        ).stdout.strip()
    )
    zipfile.ZipFile(wheel).extractall(site)
    here = Path(
        subprocess.run(
            [sys.executable, "-c", "import click; print(click.__file__)"], check=True, capture_output=True, text=True
        ).stdout
    ).parents[1]
    (site / "others.pth").write_text(str(here))
    script = (
        "import problemsolving, sys, pathlib; assert 'site-packages' in problemsolving.__file__ and str(pathlib.Path(problemsolving.__file__)).startswith(sys.prefix);"
        "from problemsolving.notebooks.template import new_profile; print(new_profile({}, folder=pathlib.Path('made')));"
        "from problemsolving.dictionary.describe import describe; print(len(describe('incident')))"
    )
    ran = subprocess.run([python, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "made/simulated-partnership/01_scan.ipynb").is_file()


def test_floors_are_in_order():
    assert all(not lower & upper for lower, upper in pairwise(FLOORS))
