"""One page a profile: from released findings and markdown cells tagged ``page`` to a file that stands alone."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

import problemsolving
from problemsolving.dictionary.codelists import codelist, label
from problemsolving.governance.ledger import check_findings, ledger_path, record_release
from problemsolving.governance.policies import Policy
from problemsolving.governance.scan import SensitiveValues, scan_release
from problemsolving.governance.sharing import SharingRecord
from problemsolving.notebooks.parameters import STAGES
from problemsolving.notebooks.review import review_in_words
from problemsolving.notebooks.run import Say, run_profile
from problemsolving.periods import Month, Period
from problemsolving.records import to_json
from problemsolving.report.cards import key_figures
from problemsolving.report.five_safes import Safe, five_safes, history_in_words
from problemsolving.report.opened import complete_run, open_run, stop
from problemsolving.report.parts import prose_html, release_files
from problemsolving.report.permission import limits_by_words, notes_in_words, permission_rows
from problemsolving.report.safe import safe_table
from problemsolving.results import listed

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
    return write_page(complete_run(path))


def write_page(run: Path, *, values: SensitiveValues | None = None) -> Path:
    """Write what leaves of a run: ``released/`` with the page, its numbers and a manifest, or nothing.

    Parameters
    ----------
    run : pathlib.Path
        A run folder with ``restricted/findings.json``.
    values : SensitiveValues, optional
        Of the run's persons; collected from its data when not given.

    Returns
    -------
    pathlib.Path
        The page: one file, no script, nothing fetched from anywhere.

    Raises
    ------
    DisclosureError
        When anything that would leave holds a value of the run's persons or what may identify one, when a finding is
        not in the shape of one, or when it and earlier releases together tell a withheld count. It names file,
        notebook and cell. Nothing is written; an older page stays.
    SharingError, DataError
        When the run's data cannot be opened to know what to search for.
    """
    opened = open_run(run, values=values)
    record, findings, outlines, problem = opened.record, opened.findings, opened.outlines, opened.problem
    sharing, values, policy, decided_by = opened.sharing, opened.values, opened.policy, opened.decided_by
    ledger = ledger_path(problem.folder)
    history = history_in_words(check_findings(findings, ledger, policy, run=record["run"]))
    left = {outline["notebook"]: outline["left"] for outline in outlines if outline["left"]}
    safes = five_safes(
        record,
        sharing,
        findings,
        policy=policy,
        decided_by=decided_by,
        outputs_left=sum(sum(cells.values()) for cells in left.values()),
        fields_searched=len(values.fields),
        history=history,
    )
    prose = {stage: prose_html(run, stage) for stage in record["stages"]}
    files = {
        "results.json": to_json([value for finding in findings for value in finding["values"]]).encode(),
        "index.html": render(
            record, findings, prose, policy=policy, decided_by=decided_by, sharing=sharing, safes=safes, left=left
        ).encode(),
    }
    stop(scan_release(files, values))
    entry = record_release(findings, ledger, policy, run=record["run"])
    return release_files(run / "released", files, ledger=entry)


def render(
    record: dict[str, Any],
    findings: list[dict[str, Any]],
    prose: dict[str, str],
    *,
    policy: Policy,
    decided_by: str,
    sharing: dict[str, SharingRecord],
    safes: list[Safe],
    left: dict[str, dict[str, int]],
) -> str:
    """Write the page as HTML.

    Parameters
    ----------
    record : dict
        The run record.
    findings : list of dict
        Payloads of released findings, in order.
    prose : dict of str to str
        Stage → safe HTML.
    policy : Policy
        In force.
    decided_by : str
        Which record or answer asked for it, in a sentence.
    sharing : dict of str to SharingRecord
        In force.
    safes : list of Safe
        The Five Safes.
    left : dict
        Notebook → cell → outputs that stay restricted.
    """
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["picture"] = _picture
    environment.filters["safe_table"] = safe_table
    answers = record["parameters"]
    style = "\n" + (HERE / "page.css").read_text("utf-8")
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
        policy=policy,
        brief=brief,
        cards=key_figures(by_name),
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
        inputs=[entry | {"rows": _rows_shown(entry, policy)} for entry in record["inputs"]],
        draft=review_in_words(record["review"]),
        run=record["run"],
        made=record["started"][:10],
        version=problemsolving.__version__,
        simulated=any("simulated" in entry["source"] for entry in record["inputs"]),
        design_words=DESIGN_WORDS,
        safes=safes,
        permissions=permission_rows(sharing),
        decided_by=decided_by,
        limits=limits_by_words(record["inputs"]),
        notes=notes_in_words(record["inputs"], policy),
        left={notebook: (sum(cells.values()), listed(list(cells))) for notebook, cells in left.items()},
        style=style,
        style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
    )


def _period(answers: dict[str, str], name: str) -> str:
    return Period(Month.parse(answers[f"{name}_start"]), Month.parse(answers[f"{name}_end"])).in_words


def _rows_shown(entry: dict[str, Any], policy: Policy) -> str:
    """Give the rows of a data set as the policy lets them be shown: those of aggregates as they are."""
    if entry["level"] == "aggregate":
        return f"{entry['rows']:,}"
    (shown,) = policy.apply([entry["rows"]])
    return f"{shown:,.0f}" if shown == shown else "withheld"


def _picture(svg: str) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
