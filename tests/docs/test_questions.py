"""The pages on the commonest questions: what they show is what comes out."""

import doctest
import re

import pytest

from problemsolving.notebooks.template import new_profile
from problemsolving.simulate.partnership import simulate_partnership

PAGES = ("01-how-much", "02-where", "03-when", "04-to-whom", "05-again-nearby", "06-compared", "07-how-unequal", "08-why", "09-fall-by-itself", "10-what-changed", "11-who-holds-it-together", "12-where-people-wait", "13-known-to-several", "14-what-if")  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("questions")
    profile = new_profile({}, folder=made)
    simulate_partnership(profile / "data")
    return made


def test_every_page_is_tested(root):
    assert tuple(sorted(path.stem for path in (root / "docs/how-to/questions").glob("*.md"))) == PAGES


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.xdist_group("questions")
def test_what_a_page_shows_is_what_comes_out(root, folder, monkeypatch, page):
    monkeypatch.chdir(folder)
    text = (root / "docs/how-to/questions" / f"{page}.md").read_text("utf-8")
    blocks = re.findall(r"```pycon\n(.*?)```", text, re.DOTALL)
    assert len(blocks) >= 2
    test = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, page, f"{page}.md", 0)
    told: list[str] = []
    results = doctest.DocTestRunner(verbose=False).run(test, out=told.append)
    assert results.attempted >= 5 and not results.failed, "".join(told)
