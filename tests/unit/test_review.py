"""What people have put their names to is told as it is."""

import pytest
from click.testing import CliRunner

from problemsolving.cli import main
from problemsolving.errors import ParameterError
from problemsolving.notebooks.review import read_review, review_in_words
from problemsolving.problem import read_problem


def sign(profile, **words):
    (profile / "review.yml").write_text("".join(f"{key}: {value}\n" for key, value in words.items()), "utf-8")
    return read_review(read_problem(profile))["reviewed"]


def test_a_new_profile_is_a_draft(simulated):
    assert review_in_words(read_review(read_problem(simulated))).startswith("Draft: not reviewed; 0 of 4")


@pytest.mark.parametrize(
    ("words", "reviewed"),
    [
        ({"author": "A", "reviewer": "B", "decision": "approved"}, True),
        ({"author": "A", "reviewer": "B", "decision": "approved-with-changes"}, True),
        ({"author": "A", "reviewer": "B", "decision": "rejected"}, False),
        ({"author": "A", "reviewer": "A", "decision": "approved"}, False),
        ({"author": "A", "reviewer": "B", "decision": ""}, False),
        ({"author": "", "reviewer": "B", "decision": "approved"}, False),
    ],
)
def test_a_reviewer_is_not_the_author_and_decides(profile, words, reviewed):
    assert sign(profile, **words) is reviewed


def test_another_decision_is_a_fault_of_check(profile):
    with pytest.raises(ParameterError, match="decision: write approved, approved-with-changes or rejected"):
        sign(profile, author="A", reviewer="B", decision="not-yet")
    ran = CliRunner().invoke(main, ["check", str(profile)])
    assert ran.exit_code == 10 and "decision: write approved" in ran.output


def test_nothing_is_said_where_all_is_done(profile):
    sign(profile, author="A", reviewer="B", decision="approved")
    for name, old, new in (
        ("ethics.yml", 'answer: ""', "answer: asked"),
        ("problem.yml", "hypotheses_from: template", "hypotheses_from: partnership"),
    ):
        path = profile / name
        path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    assert review_in_words(read_review(read_problem(profile))) == ""
