"""The page in a real browser: no request to the outside, no console error, accessible, fits a phone."""

import json

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("demo")]
WIDTHS = {"desktop": 1280, "phone": 390}


@pytest.fixture(scope="module")
def browser(chromium):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield opened
        opened.close()


@pytest.fixture(params=WIDTHS)
def page(browser, demo_run, request):
    context = browser.new_context(viewport={"width": WIDTHS[request.param], "height": 900})
    opened = context.new_page()
    opened.said, opened.asked = [], []
    opened.on("console", lambda message: opened.said.append(message.text))
    opened.on("pageerror", lambda error: opened.said.append(str(error)))
    opened.on("request", lambda asked: opened.asked.append(asked.url))
    opened.goto((demo_run / "released/index.html").as_uri())
    yield opened
    context.close()


def test_nothing_is_fetched_and_nothing_complains(page):
    assert page.said == []
    assert [url for url in page.asked if not url.startswith(("file:", "data:"))] == []
    assert len([url for url in page.asked if url.startswith("file:")]) == 1


def test_it_fits_its_width(page):
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]


def test_every_picture_is_drawn_and_described(page):
    pictures = page.evaluate("[...document.images].map(i => [i.complete && i.naturalWidth > 0, i.alt.length])")
    assert len(pictures) >= 12 and all(drawn and described > 20 for drawn, described in pictures)


def test_a_reviewer_finds_problem_sureness_and_proposal(page):
    brief = page.inner_text("#brief")
    assert all(words in brief for words in ("How much", "How high", "Proposed", "Did it work", "interval", "Evidence"))
    assert all(page.query_selector(link.get_attribute("href")) for link in page.query_selector_all("a[href^='#']"))


def test_every_number_behind_a_picture_can_be_read(page):
    assert page.evaluate("[...document.querySelectorAll('figure')].every(f => f.parentElement.querySelector('table'))")


def test_axe_finds_nothing(page, axe, browser, demo_run):
    context = browser.new_context(viewport=page.viewport_size, bypass_csp=True)
    opened = context.new_page()
    opened.goto((demo_run / "released/index.html").as_uri())
    opened.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    opened.evaluate(axe)
    found = opened.evaluate("axe.run(document, {resultTypes: ['violations']})")
    context.close()
    assert [(fault["id"], fault["nodes"][0]["html"][:200]) for fault in found["violations"]] == [], json.dumps(
        found["violations"]
    )[:2_000]
