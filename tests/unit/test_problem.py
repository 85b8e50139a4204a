"""`problem.yml` and parameters: every fault at once, codes as typed, precedence."""

import pytest

from problemsolving.answers import MAY_BE_EMPTY, PARAMETERS, READERS, check_answers
from problemsolving.errors import ParameterError
from problemsolving.notebooks.template import template_questions
from problemsolving.problem import read_problem


def faults(**answers):
    return check_answers({**template_questions(), **answers})


def test_the_templates_own_answers_are_good():
    assert faults() == []


@pytest.mark.parametrize(
    "slug",
    [
        "../x",
        "/tmp/x",
        "",
        "-rf",
        "CON",
        "con",
        "nul",
        "com1",
        ".hidden",
        "a/b",
        "a\\b",
        "a b",
        "A",
        "a--b",
        "é",
        "x" * 61,
        "a:b",
        "a.",
        "a\n",
    ],
)
def test_bad_slugs(slug):
    assert [fault for fault in faults(slug=slug) if fault.startswith("slug:")]


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("problem_type", "violense", "not in codelist problem-types"),
        ("district_codes", "E06000055, E0699", "E0699"),
        ("district_codes", "E06000028", "abolished; use E06000058"),
        ("district_codes", "", "must not be empty"),
        ("district_codes", "E06000055, E06000055", "twice"),
        ("lead_agency", "polcie", 'did you mean "police"'),
        ("partner_agencies", "council, NHS England", "NHS England"),
        ("baseline_start", "2023-13", "2021-05"),
        ("baseline_start", "May 2023", "2021-05"),
        ("baseline_start", "２０２３-04", "2021-05"),
        ("baseline_end", "2023-03", "cannot end before it starts"),
        ("follow_up_start", "2024-03", "must come after"),
        ("response_start", "soon", "2021-05"),
        ("response_areas", "Luton 001A", "small-area codes"),
        ("policy", "opne", 'did you mean "open"'),
        ("locked_down", "maybe", "true or false"),
        ("title", "", "must not be empty"),
        ("title", "x" * 201, "longer"),
        ("title", "a\x1b[31m", "control character"),
        ("title", "a\u202eb", "control character"),
        ("title", "a\u009bb", "control character"),
        ("problem_type", ["robbery"], "write one code"),
        ("problem_type", "mental-health-demand", "recorded crime alone"),
        ("policy", {"a": "b"}, "is not a policy"),
        ("data", "", "must not be empty"),
    ],
)
def test_each_bad_value_is_told(key, value, told):
    assert any(fault.startswith(f"{key}:") and told in fault for fault in faults(**{key: value}))


def test_all_faults_come_at_once():
    assert len(faults(slug="-rf", lead_agency="x", policy="x", baseline_start="x", title="")) == 5


def test_areas_may_not_play_two_roles():
    assert any("also in response_areas" in fault for fault in faults(comparison_areas="E01999020"))


@pytest.mark.parametrize("key", MAY_BE_EMPTY)
@pytest.mark.parametrize("empty", ["", "none", "None", " none "])
def test_four_may_be_empty(key, empty):
    extra = {"response_areas": "none"} if key == "response_start" else {}
    assert faults(**{key: empty}, **extra) == []


def test_parameters_take_precedence_over_environment_over_file(simulated, monkeypatch):
    assert read_problem(simulated).area_name == "Westhaven and Northmere"
    monkeypatch.setenv("PROBLEMSOLVING_AREA_NAME", "from the environment")
    assert read_problem(simulated).area_name == "from the environment"
    assert read_problem(simulated, area_name="from the call").area_name == "from the call"
    assert read_problem(simulated, area_name="").area_name == "from the environment"


@pytest.mark.parametrize(
    "typed",
    [
        "00123",
        "5E1",
        "NO",
        "nan",
        "0123",
        "1:30",
        "true",
        "'quoted'",
        'say "x"',
        "a\nb",
        "😀",
        "{{ 7*7 }}",
        "# no comment",
    ],
)
def test_words_arrive_as_typed(simulated, typed):
    assert read_problem(simulated, title=typed).title == typed


def test_unknown_names_are_told_with_the_nearest(simulated):
    with pytest.raises(ParameterError, match='did you mean "baseline_start"'):
        read_problem(simulated, baseline_strat="2021-05")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("sources:", "sauces:", 'did you mean "sources"'),
        ("incidents.csv", "../incidents.csv", "inside the data folder"),
        ("incidents.csv", "/etc/passwd", "inside the data folder"),
        ("sharing/incidents.yml", "../x.yml", "inside the profile"),
        ("test: change", "test: magic", "write driver and its code"),
        ("owner: police", "owner: polis", 'did you mean "police"'),
        ("id: H2", "id: H1", "stands twice"),
        ("  - environment\n  - income -> outcome", "  - crime\n  - income -> outcome", "not in codelist drivers"),
        ("source: simulated-areas, ", "", "sources.areas.source: is missing"),
    ],
)
def test_faults_of_the_other_parts(profile, old, new, told):
    path = profile / "problem.yml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(ParameterError) as caught:
        read_problem(profile)
    assert told in str(caught.value)


def test_every_parameter_has_a_reader_and_a_question():
    assert list(PARAMETERS) == list(READERS) == list(template_questions())


@pytest.fixture
def drawn(tmp_path):
    """Write a profile whose drivers are these, and read it."""
    from problemsolving.notebooks.template import new_profile

    profile = new_profile({}, folder=tmp_path)
    text = (profile / "problem.yml").read_text("utf-8")
    start, end = text.index("drivers:"), text.index("# Write your own before")

    def read(drivers):
        (profile / "problem.yml").write_text(f"{text[:start]}drivers: {drivers}\n\n{text[end:]}", encoding="utf-8")
        return read_problem(profile)

    return read


def test_drivers_may_be_codes_arrows_or_both(drawn):
    plain = drawn("[income, housing]")
    assert plain.drivers == ("income", "housing") and plain.diagram is None
    found = drawn("[income, income -> housing -> outcome, weather -> outcome]")
    assert found.drivers == ("income", "housing")
    assert found.diagram.drivers == ("income", "housing") and found.diagram.unmeasured == ("weather",)
    assert drawn("[]").drivers == ()


def test_every_fault_of_the_diagram_is_told_at_once(drawn):
    with pytest.raises(ParameterError) as caught:
        drawn("[hosing, income -> outcome, outcome -> income, a -> a, -> b]")
    text = str(caught.value)
    assert (
        'did you mean "housing"' in text
        and "cycle" in text
        and "cannot cause itself" in text
        and "cause -> effect" in text
    )
    with pytest.raises(ParameterError, match="codes and arrows"):
        drawn("{income: outcome}")
