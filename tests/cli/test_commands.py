"""The command line as people type it."""

import os
import shlex
import statistics
import subprocess
import sys
import time

import pytest
from click.testing import CliRunner

from problemsolving import __version__
from problemsolving.answers import TOLD_BY_DEFAULTS
from problemsolving.cli import main


def call(*words, **keywords):
    return CliRunner().invoke(main, list(words), **keywords)


def test_version():
    assert call("--version").output.strip() == f"problemsolving, version {__version__}"


@pytest.mark.parametrize("command", [None, *main.commands])
def test_help_has_an_example(command):
    ran = call(*([command] if command else []), "--help")
    assert ran.exit_code == 0 and "Example:" in ran.output


def test_commands_stand_in_the_order_of_use():
    assert list(main.commands) == [
        "new", "check", "run", "report", "export", "sharing", "pseudonyms", "handback", "simulate", "data", "dictionary", "demo",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "code"),
    [(["runn"], 2), (["run"], 2), (["run", ".", "--timeout", "soon"], 2), (["simulate", "--seed", "-1", "x"], 2)],
)
def test_wrong_usage_exits_2(words, code):
    assert call(*words).exit_code == code


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["run", "nowhere"], 10),
        (["check", "nowhere"], 10),
        (["run", ".", "--set", "novalue"], 10),
        (["dictionary", "incidnet"], 11),
        (["report", "nowhere"], 17),
        (["new", ".", "--no-input", "--set", "slug=-rf"], 10),
    ],
)
def test_each_class_of_error_has_its_code(words, code, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ran = call(*words)
    assert ran.exit_code == code and "Error: " in ran.output and list(tmp_path.iterdir()) == []


def test_dictionary_describes_each_kind():
    assert "tables:" in call("dictionary").output
    assert "sensitivity identifier" in call("dictionary", "incident").output
    assert "snapped point" in call("dictionary", "police-uk-street").output
    assert "npcc" in call("dictionary", "signatories").output


def test_quiet_prints_the_result_alone(tmp_path):
    ran = call("--quiet", "simulate", str(tmp_path / "d"))
    assert ran.output.splitlines() == [str(tmp_path / "d")]


def test_new_then_check(tmp_path):
    assert call("new", str(tmp_path), "--no-input", "--set", "slug=one").exit_code == 0
    ran = call("check", str(tmp_path / "one"))
    assert ran.exit_code == 12 and "no folder data" in ran.output
    assert call("simulate", str(tmp_path / "one" / "data")).exit_code == 0
    ran = call("check", str(tmp_path / "one"))
    assert "ready to run" in ran.output and "Draft: not reviewed; 0 of 4 ethics questions answered" in ran.output


def test_answers_through_a_pipe_are_refused_not_ignored(tmp_path):
    ran = call("new", str(tmp_path), input="Theft\ntheft\n")
    assert ran.exit_code == 10 and "--no-input" in ran.output and list(tmp_path.iterdir()) == []


def test_questions_on_real_districts_have_no_simulated_default(monkeypatch):
    from problemsolving.cli import profiles

    asked = {}

    def prompt(text, default=None):
        asked[text] = default
        return "E06000032" if "District codes, separated" in text else default or "typed"

    monkeypatch.setattr(profiles.click, "prompt", prompt)
    answers = profiles._asked({"slug": "mine"})
    assert next(iter(asked)).startswith("District codes") and answers["slug"] == "mine"
    assert {key for key, text in answers.items() if text == "typed"} == set(TOLD_BY_DEFAULTS)
    assert answers["response_areas"] == "none" and answers["policy"] == "opensafely"


def test_every_example_of_new_makes_a_profile(tmp_path):
    text = main.commands["new"].help.split("Example:")[1]
    lines = " ".join(text.split()).split("problemsolving new ")[1:]
    made = [line for line in lines if "--no-input" in line]
    assert len(made) == 2
    for line in made:
        ran = call("new", str(tmp_path), *shlex.split(line)[1:])
        assert ran.exit_code == 0, ran.output


def test_simulate_replaces_a_simulation_and_nothing_else(tmp_path):
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "incidents.csv").write_text("real", "utf-8")
    ran = call("simulate", str(mine))
    assert ran.exit_code == 10 and "no truth.json" in ran.output
    assert [path.read_text("utf-8") for path in mine.iterdir()] == ["real"]
    first, second = (call("simulate", str(tmp_path / "new")) for _ in range(2))
    assert "replaced" not in first.output and "replaced: the simulated partnership" in second.output


def test_a_column_is_found_in_its_tables():
    ran = call("dictionary", "victim_age_band")
    assert ran.exit_code == 0 and "  incident: " in ran.output


def test_a_profile_is_not_written_over(tmp_path):
    assert call("new", str(tmp_path), "--no-input").exit_code == 0
    assert call("new", str(tmp_path), "--no-input").exit_code == 18


def environment(**changes):
    return {**{key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}, **changes}


@pytest.mark.parametrize(
    "words", [["-c", "import problemsolving"], ["-m", "problemsolving", "--help"]], ids=["import", "help"]
)
def test_starting_takes_less_than_half_a_second(words):
    seconds = []
    for _ in range(6):
        began = time.perf_counter()
        subprocess.run([sys.executable, *words], check=True, capture_output=True, env=environment())
        seconds.append(time.perf_counter() - began)
    assert statistics.median(seconds[1:]) < 0.5


def test_help_imports_nothing_heavy():
    script = "import sys; from problemsolving.cli import main; print(sorted({'pandas', 'numpy', 'duckdb', 'papermill', 'matplotlib', 'nbformat'} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True, env=environment())
    assert ran.stdout.strip() == "[]"


@pytest.mark.skipif(os.name != "posix", reason="sets a POSIX locale")
def test_a_plain_ascii_console_gets_escapes_not_errors(tmp_path):
    words = [
        sys.executable,
        "-m",
        "problemsolving",
        "new",
        str(tmp_path),
        "--no-input",
        "--set",
        "title=Gewalt 😀",
        "--set",
        "policy=öpen",
    ]
    ran = subprocess.run(
        words, capture_output=True, env=environment(LC_ALL="C", PYTHONIOENCODING="ascii", PYTHONUTF8="0"), check=False
    )
    assert ran.returncode == 10 and b"\\xf6pen" in ran.stderr and b"Traceback" not in ran.stderr


def test_messages_cannot_drive_a_terminal(tmp_path):
    ran = call("new", str(tmp_path), "--no-input", "--set", "policy=\x1b[31mred")
    assert "\x1b" not in ran.output and "\\x1b" in ran.output
