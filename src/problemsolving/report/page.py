"""One page a profile: from released findings and markdown cells tagged ``page`` to a file that stands alone."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import problemsolving
from problemsolving.dictionary.codelists import codelist, label
from problemsolving.errors import RunError
from problemsolving.governance.policies import get_policy
from problemsolving.governance.release import check_text
from problemsolving.notebooks.parameters import STAGES, read_notebook, stage_notebooks
from problemsolving.notebooks.record import latest_run, read_record
from problemsolving.notebooks.review import review_in_words
from problemsolving.notebooks.run import Say, run_profile
from problemsolving.periods import Month, Period
from problemsolving.records import write_atomically

HERE = Path(__file__).resolve().parent
STAGE_NAMES = {"scan": "Scan", "analyse": "Analyse", "respond": "Respond", "assess": "Assess"}
STAGE_QUESTIONS = {
    "scan": "Is there a problem, how much, where and to whom?",
    "analyse": "Why here, why now?",
    "respond": "What could be done, by whom, where first?",
    "assess": "What changed, and can that be trusted?",
}
BRIEF = (  # what a reviewer reads first: label, stage and name of the finding that answers
    ("How much", "scan", "incidents"),
    ("How high", "scan", "rate"),
    ("Where", "scan", "gini"),
    ("How unequal", "scan", "slope_index"),
    ("Why here", "analyse", "rate_ratio"),
    ("What changed", "analyse", "change"),
    ("Proposed", "respond", "options"),
    ("Did it work", "assess", "effect"),
)
DESIGN_WORDS = {
    "descriptive": "It describes what was recorded",
    "associational": "It is an association, not a cause",
    "quasi-experimental": "It compares areas that were chosen, not drawn by lot",
}


def run_and_publish(
    profile: Path,
    *,
    stages: list[str] | None = None,
    parameters: dict[str, str] | None = None,
    timeout: int = 3_600,
    progress: bool = False,
    say: Say = lambda _: None,
) -> Path:
    """Run a profile and write its page; as `problemsolving.notebooks.run.run_profile`.

    Returns
    -------
    pathlib.Path
        The run folder.
    """
    return run_profile(
        profile, stages=stages, parameters=parameters, timeout=timeout, progress=progress, say=say, publish=write_page
    )


def report_profile(path: Path) -> Path:
    """Write the page of a run again: of the run folder named, else of the profile's last complete run.

    Parameters
    ----------
    path : pathlib.Path
        A profile or a run folder.

    Returns
    -------
    pathlib.Path
        The page.

    Raises
    ------
    RunError
        When there is no complete run.
    """
    folder = path if (path / "record.json").is_file() else latest_run(path.resolve())
    if folder is None:
        raise RunError(f"{path}: no complete run of all stages yet; run it with: problemsolving run {path}")
    status = read_record(folder)["status"]
    if status != "complete":
        raise RunError(f"{folder.name}: this run is {status}, and only a complete one gets a page")
    return write_page(folder.resolve())


def write_page(run: Path) -> Path:
    """Write ``released/index.html`` of a run.

    Parameters
    ----------
    run : pathlib.Path
        A run folder with ``restricted/findings.json``.

    Returns
    -------
    pathlib.Path
        The page: one file, no script, nothing fetched from anywhere.

    Raises
    ------
    DisclosureError
        When prose or findings hold what may identify a person.
    """
    record = json.loads((run / "record.json").read_text("utf-8"))
    findings = json.loads((run / "restricted" / "findings.json").read_text("utf-8"))
    html = render(record, findings, {stage: _prose(run, stage) for stage in record["stages"]})
    released = run / "released"
    released.mkdir(exist_ok=True)
    write_atomically(released / "index.html", html)
    return released / "index.html"


def _prose(run: Path, stage: str) -> str:
    """Give the markdown cells tagged ``page`` of an executed notebook, as safe HTML."""
    from markdown_it import MarkdownIt

    path = run / "restricted" / stage_notebooks(run)[stage].name
    cells = [
        cell
        for cell in read_notebook(path)["cells"]
        if cell["cell_type"] == "markdown" and "page" in cell["metadata"].get("tags", [])
    ]
    text = "\n\n".join(source if isinstance(source := cell["source"], str) else "".join(source) for cell in cells)
    check_text(text, where=f"a page cell of {path.name}")
    return str(MarkdownIt("js-default", {"html": False, "linkify": False}).disable("image").render(text))


def render(record: dict[str, Any], findings: list[dict[str, Any]], prose: dict[str, str]) -> str:
    """Write the page as HTML.

    Parameters
    ----------
    record : dict
        The run record.
    findings : list of dict
        Payloads of released findings, in order.
    prose : dict of str to str
        Stage → safe HTML.
    """
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["picture"] = _picture
    answers = record["parameters"]
    for key in ("title", "area_name"):
        check_text(answers[key], where=f"{key} in problem.yml")
    by_name = {(finding["stage"], finding["name"]): finding for finding in findings}
    brief = [(words, by_name[stage, name]) for words, stage, name in BRIEF if (stage, name) in by_name]
    return environment.get_template("page.html.j2").render(
        title=" ".join(answers["title"].split()),
        area=answers["area_name"],
        what=label("problem-types", answers["problem_type"]),
        note=codelist("problem-types")[answers["problem_type"]]["note"],
        crime_types=[
            label("crime-types", code)
            for code in codelist("problem-types")[answers["problem_type"]]["crime_types"].split(";")
            if code
        ],
        baseline=_period(answers, "baseline"),
        follow_up=_period(answers, "follow_up"),
        agencies=[
            label("agency-types", code)
            for code in (answers["lead_agency"], *answers["partner_agencies"].split(", "))
            if code
        ],
        policy=get_policy(answers["policy"]),
        brief=brief,
        cards=_cards(by_name),
        stages=[
            {
                "key": stage,
                "name": STAGE_NAMES[stage],
                "question": STAGE_QUESTIONS[stage],
                "prose": prose.get(stage, ""),
                "findings": [finding for finding in findings if finding["stage"] == stage],
            }
            for stage in STAGES
            if stage in record["stages"]
        ],
        hidden=[finding for finding in findings if finding["withheld"] or finding["withheld_cells"]],
        unanswered=[finding for finding in findings if finding["not_estimable"] and not finding["withheld"]],
        inputs=[entry | {"rows": _rows_shown(entry, answers["policy"])} for entry in record["inputs"]],
        draft=review_in_words(record["review"]),
        run=record["run"],
        made=record["started"][:10],
        version=problemsolving.__version__,
        simulated=any("simulated" in entry["source"] for entry in record["inputs"]),
        design_words=DESIGN_WORDS,
        style=(HERE / "page.css").read_text("utf-8"),
    )


def _period(answers: dict[str, str], name: str) -> str:
    return Period(Month.parse(answers[f"{name}_start"]), Month.parse(answers[f"{name}_end"])).in_words


def _rows_shown(entry: dict[str, Any], policy: str) -> str:
    """Give the rows of a data set as the policy lets them be shown: those of aggregates as they are."""
    if entry["level"] == "aggregate":
        return f"{entry['rows']:,}"
    (shown,) = get_policy(policy).apply([entry["rows"]])
    return f"{shown:,.0f}" if shown == shown else "withheld"


def _picture(svg: str) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def _cards(by_name: dict[tuple[str, str], dict[str, Any]]) -> list[dict[str, str]]:
    """Give the key figures: number, interval or period, and what it is."""

    def released(stage: str, name: str, value_name: str) -> list[dict[str, Any]]:
        values = by_name.get((stage, name), {}).get("values", [])
        return [value for value in values if value["name"] == value_name and value["estimate"] is not None]

    cards = []
    placed = [value for value in released("scan", "incidents", "incidents") if value["group"] == "in area"]
    cards += [_card(value, "{:,.0f}", "incidents in the area, baseline and follow-up together") for value in placed]
    rates = sorted(released("scan", "rate", "rate"), key=lambda value: -value["estimate"])
    where = ", the highest district" if len(rates) > 1 else ""
    cards += [
        _card(value, "{:,.0f}", f"per 100,000 residents in the baseline year, {value['group']}{where}")
        for value in rates[:1]
    ]
    top = released("scan", "gini", "share_in_top_tenth")
    cards += [_card(value, "{:.0%}", "of incidents in the busiest tenth of small areas") for value in top]
    for value in released("scan", "slope_index", "slope_index"):
        more, fewer = ("most", "least") if value["estimate"] < 0 else ("least", "most")
        ends = sorted(abs(value[key]) for key in ("low", "high")) if value["low"] * value["high"] > 0 else None
        turned = value | {"estimate": abs(value["estimate"])} | ({"low": ends[0], "high": ends[1]} if ends else {})
        cards.append(
            _card(turned, "{:,.0f}", f"more per 100,000 a year at the {more} deprived end than at the {fewer}")
        )
    effect = released("assess", "effect", "effect_ratio")
    cards += [
        _card(value, "{:.2f}", "change in response areas over change in comparison areas (below 1: fell more)")
        for value in effect
    ]
    return cards


def _card(value: dict[str, Any], written: str, words: str) -> dict[str, str]:
    sure = value["period"]
    if value["low"] is not None:
        sure = f"{value['level']:.0%} interval {written.format(value['low'])} to {written.format(value['high'])}"
    return {
        "number": written.format(value["estimate"]).replace("-", "−"),
        "sure": sure.replace(" -", " −"),
        "words": words,
    }
