"""The template: its file tree, its answers, the two ways to it, the worked profiles."""

import importlib.util
import json
import subprocess
import sys

import pytest

from problemsolving.errors import ParameterError, ProblemSolvingError
from problemsolving.notebooks.template import new_profile, template_questions
from problemsolving.problem import read_problem
from problemsolving.resources import resource_path

NOTEBOOKS = ["01_scan.ipynb", "02_analyse.ipynb", "03_respond.ipynb", "04_assess.ipynb"]
COMMON = [
    *NOTEBOOKS,
    ".gitignore", ".template/template.json",
    *(f".template/{name}" for name in NOTEBOOKS),
    "README.md", "assumptions.yml", "ethics.yml", "problem.yml", "register.yml", "review.yml", "scenarios.yml",
    *(f"sharing/{name}.yml" for name in ("areas", "boundaries", "deprivation", "incidents", "population", "population-groups")),
]  # fmt: skip
SHARED = ("agencies", "coded-demand", "contacts", "referrals", "responses", "ties", "weights")
SIMULATED = [*COMMON, *(f"sharing/{name}.yml" for name in SHARED)]
OPEN = [*COMMON, "sharing/area-changes.yml", "sharing/stops.yml"]
OPEN_ANSWERS = {"district_codes": "E06000055", "benchmark_areas": "E06000055", "title": "Burglary in Bedford", "area_name": "Bedford",
                "partner_agencies": "council, housing", "baseline_start": "2021-05", "baseline_end": "2022-04", "follow_up_start": "2022-05",
                "follow_up_end": "2023-04", "response_start": "none", "response_areas": "", "comparison_areas": "",
                "buffer_areas": "", "slug": "open-one", "policy": "open"}  # fmt: skip
TITLES = ["It's \"quoted\"", "'''", '"""', "\\", "\\n", "two\nlines", "😀 café", "</script><b>", "#hash: colon", "- dash", "%TAG", "'; import os; '", "{{ 7*7 }}",
          "{% raw %}", "{# gone #}", "}}", "*alias &anchor !tag", "$(touch x)", "a\tb"]  # fmt: skip


def tree(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def plain_cookiecutter(folder, **answers):
    """Run the plain tool in a process of its own, as someone would type it."""
    words = [
        sys.executable,
        "-m",
        "cookiecutter",
        str(resource_path("templates/problem-profile")),
        "--no-input",
        "-o",
        str(folder),
    ]
    given = [f"{key}={value}" for key, value in answers.items()]
    return subprocess.run([*words, *given], capture_output=True, text=True, check=False, encoding="utf-8")


@pytest.mark.parametrize(
    ("answers", "expected"), [({}, SIMULATED), (OPEN_ANSWERS, OPEN)], ids=["simulated", "open data"]
)
def test_exact_tree_both_ways(tmp_path, answers, expected):
    one = new_profile(answers, folder=tmp_path / "ours")
    ran = plain_cookiecutter(tmp_path / "plain", **answers)
    assert ran.returncode == 0, ran.stderr
    other = tmp_path / "plain" / one.name
    assert tree(one) == tree(other) == sorted(expected)
    assert all((one / name).read_bytes() == (other / name).read_bytes() for name in expected)


def test_notebooks_are_copied_as_they_lie_in_the_template(simulated):
    lying = resource_path("templates/problem-profile") / "{{cookiecutter.__folder}}"
    for name in NOTEBOOKS:
        assert (
            (simulated / name).read_bytes()
            == (lying / name).read_bytes()
            == (simulated / ".template" / name).read_bytes()
        )
    assert json.loads((simulated / ".template/template.json").read_text())["version"]


@pytest.mark.parametrize("title", TITLES)
def test_titles_arrive_as_typed_through_ours(tmp_path, title):
    profile = new_profile({"title": title, "area_name": title}, folder=tmp_path)
    problem = read_problem(profile)
    assert (problem.title, problem.area_name) == (title, title)


@pytest.mark.parametrize("title", ["It's \"quoted\" '''", "two\nlines \\ 😀", "'); import os; ('", "</script># - : %"])
def test_titles_arrive_as_typed_through_the_plain_tool(tmp_path, title):
    ran = plain_cookiecutter(tmp_path, title=title)
    assert ran.returncode == 0, ran.stderr
    assert read_problem(tmp_path / "simulated-partnership").title == title


@pytest.mark.parametrize("title", ["{{ 7*7 }}", "{% raw %}x{% endraw %}", "a {# b #}"])
def test_template_code_in_a_plain_answer_is_refused(tmp_path, title):
    ran = plain_cookiecutter(tmp_path, title=title)
    assert ran.returncode != 0 and "title: holds template code" in ran.stderr
    assert list(tmp_path.iterdir()) == []


BAD_SLUGS = [
    "../x",
    "/tmp/absolute",
    "",
    "-rf",
    "CON",
    "con",
    "nul",
    "aux",
    ".hidden",
    "a/b",
    "a\\b",
    "A",
    "a b",
    "é",
    "x" * 61,
]


@pytest.mark.parametrize("slug", [*BAD_SLUGS, "com1"])
def test_bad_slugs_leave_nothing_through_ours(tmp_path, slug):
    with pytest.raises(ParameterError, match="slug"):
        new_profile({"slug": slug}, folder=tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("slug", BAD_SLUGS)
def test_bad_slugs_leave_nothing_through_the_plain_tool(tmp_path, slug):
    out = tmp_path / "deep" / "out"
    out.mkdir(parents=True)
    ran = plain_cookiecutter(out, slug=slug)
    assert ran.returncode != 0 and "slug:" in ran.stderr
    assert list(out.iterdir()) == [] and [path.name for path in (tmp_path / "deep").iterdir()] == ["out"]


def test_all_bad_answers_in_one_message(tmp_path):
    answers = {
        "slug": "../x",
        "lead_agency": "polcie",
        "district_codes": "E99",
        "baseline_end": "2020-01",
        "policy": "x",
    }
    ran = plain_cookiecutter(tmp_path, **answers)
    with pytest.raises(ParameterError) as caught:
        new_profile(answers, folder=tmp_path)
    for text in (ran.stderr, str(caught.value)):
        assert all(f"{key}:" in text for key in answers), text
    assert list(tmp_path.iterdir()) == []


def test_the_private_folder_name_cannot_lead_outside(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    assert plain_cookiecutter(out, __folder="../evil").returncode != 0
    assert [path.name for path in tmp_path.iterdir()] == ["out"] and list(out.iterdir()) == []


def test_real_districts_get_no_simulated_response(tmp_path):
    without = ("response_start", "response_areas", "comparison_areas", "buffer_areas")
    answers = {key: text for key, text in OPEN_ANSWERS.items() if key not in without}
    problem = read_problem(new_profile(answers, folder=tmp_path))
    assert problem.response_areas == problem.comparison_areas == () and problem.response_start is None
    ran = plain_cookiecutter(tmp_path / "plain", **answers)
    assert ran.returncode != 0 and "simulated areas in a profile on real districts" in ran.stderr


OF_THE_SIMULATED = ["title", "area_name", "benchmark_areas", "partner_agencies", "baseline_start", "baseline_end", "follow_up_start",
                    "follow_up_end"]  # fmt: skip


def test_real_districts_take_over_no_simulated_fact(tmp_path):
    answers = {key: text for key, text in OPEN_ANSWERS.items() if key not in OF_THE_SIMULATED}
    ran = plain_cookiecutter(tmp_path, **answers)
    with pytest.raises(ParameterError) as caught:
        new_profile(answers, folder=tmp_path)
    assert ran.returncode != 0 and "--set KEY=VALUE" in ran.stderr
    for text in (ran.stderr, str(caught.value)):
        assert all(f"{key}: the template's answer is that of the simulated profile" in text for key in OF_THE_SIMULATED)
    assert list(tmp_path.iterdir()) == []


def test_what_is_given_may_be_the_same_as_the_default(tmp_path):
    months = {key: text for key, text in template_questions().items() if key.startswith(("baseline", "follow_up"))}
    problem = read_problem(new_profile(OPEN_ANSWERS | months, folder=tmp_path))
    assert str(problem.baseline.start) == months["baseline_start"]
    with pytest.raises(ParameterError, match="simulated districts in a profile on real ones"):
        new_profile(OPEN_ANSWERS | {"slug": "b", "benchmark_areas": "E06999001"}, folder=tmp_path)


@pytest.mark.parametrize(("kind", "expected"), [("shoplifting", False), ("violence-and-sexual-offences", True)])
def test_options_fit_the_problem_and_are_marked_as_the_templates(tmp_path, kind, expected):
    problem = read_problem(new_profile({"problem_type": kind}, folder=tmp_path))
    names = [option.name for hypothesis in problem.hypotheses for option in hypothesis.options]
    assert problem.hypotheses_from == "template" and any("assaults" in name for name in names) is expected


def test_unknown_questions_are_told(tmp_path):
    with pytest.raises(ParameterError, match='did you mean "title"'):
        new_profile({"titel": "x"}, folder=tmp_path)


def test_a_profile_that_is_there_is_left_alone(tmp_path):
    profile = new_profile({}, folder=tmp_path)
    (profile / "problem.yml").write_text("mine")
    with pytest.raises(ProblemSolvingError, match="already"):
        new_profile({}, folder=tmp_path)
    assert plain_cookiecutter(tmp_path).returncode != 0
    assert (profile / "problem.yml").read_text() == "mine"


def test_visible_defaults_hold_no_template_code():
    assert not [value for value in template_questions().values() if "{" in value]


def test_the_answer_sheet_and_the_default_answers_agree(simulated):
    sheet = json.loads((simulated / "data/truth.json").read_text())
    problem = read_problem(simulated)
    assert [sorted(sheet[key]) for key in ("response_areas", "comparison_areas", "buffer_areas")] == [
        sorted(areas) for areas in (problem.response_areas, problem.comparison_areas, problem.buffer_areas)
    ]
    assert (sheet["baseline"], sheet["follow_up"]) == (str(problem.baseline), str(problem.follow_up))


def test_worked_profiles_equal_the_templates_output(root):
    spec = importlib.util.spec_from_file_location("make_profiles", root / "scripts/make_profiles.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    for slug, files in script.made().items():
        assert script.files_of(root / "analyses" / slug) == files


NASTY = ["00123", "5E1", "NO", "nan", "0123"]


@pytest.mark.parametrize("typed", NASTY)
def test_codes_stay_strings_through_both(tmp_path, typed):
    ours = new_profile({"title": typed}, folder=tmp_path / "a")
    assert plain_cookiecutter(tmp_path / "b", title=typed).returncode == 0
    assert read_problem(ours).title == read_problem(tmp_path / "b" / ours.name).title == typed
