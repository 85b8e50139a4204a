"""The template that reviews progress against the consensus."""

import subprocess
import sys

import pytest

from problemsolving.dictionary.codelists import codelist
from problemsolving.records import read_yaml
from problemsolving.resources import resource_path


def make(folder, **answers):
    words = [
        sys.executable,
        "-m",
        "cookiecutter",
        str(resource_path("templates/consensus-review")),
        "--no-input",
        "-o",
        str(folder),
    ]
    return subprocess.run(
        [*words, *(f"{key}={value}" for key, value in answers.items())],
        capture_output=True,
        text=True,
        check=False,
        encoding="utf-8",
    )


def test_it_makes_one_entry_a_commitment(tmp_path):
    ran = make(tmp_path, partnership='King\'s "Cross"')
    assert ran.returncode == 0, ran.stderr
    folder = tmp_path / "consensus-review"
    assert sorted(path.name for path in folder.iterdir()) == ["README.md", "commitments.yml"]
    read = read_yaml(folder / "commitments.yml")
    assert read["partnership"] == 'King\'s "Cross"'
    assert {entry["code"]: entry["commitment"] for entry in read["commitments"]} == {
        code: row["label"] for code, row in codelist("commitments").items()
    }


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ({"slug": "../x"}, "slug:"),
        ({"slug": "CON"}, "slug:"),
        ({"partnership": ""}, "partnership:"),
        ({"period_end": "2025-01"}, "period_end:"),
        ({"period_start": "July"}, "period_start:"),
    ],
)
def test_bad_answers_leave_nothing(tmp_path, answers, told):
    ran = make(tmp_path, **answers)
    assert ran.returncode != 0 and told in ran.stderr and list(tmp_path.iterdir()) == []
