"""Payloads by every way onto the page: in a real browser nothing runs, nothing is fetched, and all is shown as text."""

import json
import shutil

import pytest

from problemsolving.errors import DisclosureError
from problemsolving.governance.scan import SensitiveValues
from problemsolving.markup import table_html
from problemsolving.report.page import write_page
from problemsolving.results import Column, Table

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("demo")]
PAYLOADS = (
    "<img src=x onerror=\"document.title='run'\">",
    "</style><script>document.title='run'</script>",
    "{{7*7}}{% for x in y %}",
    "javascript:document.title='run'",
    "[a](javascript:document.title='run') <javascript:document.title='run'>",
    "![a](https://example.org/x.png) <https://example.org/y>",
    '"><svg onload="document.title=\'run\'">',
    "--><iframe srcdoc='<script>parent.document.title=1</script>'></iframe><!--",
    "<link rel=stylesheet href=https://example.org/x.css><base href=https://example.org/>",
)
BAIT = " ".join(PAYLOADS)
WORDS = ("question", "summary", "alt_text", "period", "source", "method", "citation")


def copy(demo_run, folder):
    profile = folder / demo_run.parents[1].name
    shutil.copytree(demo_run.parents[1], profile)
    return profile / "runs" / demo_run.name


def change(path, edit):
    content = json.loads(path.read_text("utf-8"))
    edit(content)
    path.write_text(json.dumps(content), "utf-8")


def poison_findings(findings):
    for finding in findings:
        finding.update(dict.fromkeys(WORDS, BAIT), caveats=[BAIT])
        for value in finding["values"]:
            value.update(group=BAIT, period=BAIT, unit=BAIT)
    findings[0]["table"] = table_html(Table((Column(BAIT),), ((BAIT,),)), name="x", styled=False)
    findings[1].update(withheld=True)
    findings[2].update(not_estimable=True)


def poison_record(record):
    record["parameters"] |= {"title": BAIT[:200], "area_name": BAIT[:200]}
    record["run"] = BAIT
    for entry in record["inputs"]:
        entry.update(title=BAIT, publisher=BAIT, attribution=BAIT, known_limits=[BAIT], months_missing=[BAIT])
        entry["files"][0]["name"] = BAIT


@pytest.fixture(scope="module")
def poisoned(demo_run, tmp_path_factory):
    run = copy(demo_run, tmp_path_factory.mktemp("payloads"))
    change(run / "restricted/findings.json", poison_findings)
    change(run / "record.json", poison_record)
    for path in (run / "restricted").glob("0*.ipynb"):
        cell = {"cell_type": "markdown", "id": "p", "metadata": {"tags": ["page"]}, "source": "\n\n".join(PAYLOADS)}
        change(path, lambda content, cell=cell: content["cells"].append(cell))
    change(run / "restricted/outputs.json", lambda outlines: outlines[0].update(left={"4": 1}))
    return write_page(run, values=SensitiveValues())


@pytest.fixture(scope="module")
def browser(chromium):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield opened
        opened.close()


@pytest.mark.parametrize("policy", ["as written", "switched off"])
def test_nothing_runs_and_nothing_is_fetched(poisoned, browser, policy):
    context = browser.new_context(bypass_csp=policy == "switched off")  # escaping must hold without the policy too
    page = context.new_page()
    asked, said = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.goto(poisoned.as_uri())
    page.wait_for_timeout(300)
    assert [url for url in asked if not url.startswith("data:")] == [poisoned.as_uri()] and said == []
    assert page.title() == " ".join(BAIT[:200].split())
    strange = "script, iframe, base, object, embed, form, svg, img:not([src^='data:image/svg+xml;base64,'])"
    assert page.evaluate(f'document.querySelectorAll("{strange}").length') == 0
    handlers = (
        "[...document.querySelectorAll('*')].filter(e => [...e.attributes].some(a => a.name.startsWith('on'))).length"
    )
    assert page.evaluate(handlers) == 0
    links = page.evaluate("[...document.links].map(link => link.protocol)")
    assert set(links) <= {"file:", "https:"}
    assert page.inner_text("body").count("{{7*7}}") > 50 and "49{%" not in page.inner_text("body")
    context.close()


def test_the_policy_of_the_page_stops_what_escaping_would_miss(poisoned, browser, tmp_path):
    text = poisoned.read_text("utf-8")
    body = (
        "<script>document.title='run'</script><img src=x onerror=\"document.title='run'\"><style>h1{color:red}</style>"
    )
    path = tmp_path / "spoilt.html"
    path.write_text(text.replace("<main", body + "<img src='https://example.org/a.png'><main", 1), "utf-8")
    context = browser.new_context()
    page = context.new_page()
    asked = []
    page.on("requestfinished", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    page.wait_for_timeout(300)
    assert page.title() != "run" and not [url for url in asked if url.startswith("http")]
    assert page.evaluate("getComputedStyle(document.querySelector('h1')).color") != "rgb(255, 0, 0)"
    context.close()


def test_the_page_s_own_style_is_the_one_its_policy_names(poisoned, browser):
    page = browser.new_page()
    page.goto(poisoned.as_uri())
    assert page.evaluate("getComputedStyle(document.querySelector('.top')).backgroundColor") == "rgb(8, 52, 94)"
    page.close()


@pytest.mark.parametrize("payload", PAYLOADS[:2] + PAYLOADS[6:])
def test_markup_in_a_table_or_a_name_stops_the_release(demo_run, tmp_path, payload):
    run = copy(demo_run, tmp_path)
    change(
        run / "restricted/findings.json",
        lambda found: found[0].update(table=f"<table><td>{payload}</td></table>", name=payload),
    )
    with pytest.raises(DisclosureError, match="not part of a table") as caught:
        write_page(run, values=SensitiveValues())
    assert any("stage or name" in fault for fault in caught.value.faults)
