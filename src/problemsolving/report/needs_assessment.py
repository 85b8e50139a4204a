"""Tables and pictures for a Serious Violence Duty needs assessment, in one folder, from released findings alone."""

from __future__ import annotations

import csv
import io
import shutil
import tempfile
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import problemsolving
from problemsolving.dictionary.codelists import codelist, label
from problemsolving.errors import ParameterError, RunError
from problemsolving.governance.scan import scan_release
from problemsolving.report.opened import OpenedRun, complete_run, open_run, stop

FORMULA = ("=", "+", "@", "\t", "\r")  # how a cell begins that a spreadsheet would run
VIOLENCE = "violent-crime"


def export_needs_assessment(path: Path, *, to: Path) -> Path:
    """Write the tables (CSV) and pictures (SVG) of a profile's last complete run, in the order of a needs assessment.

    Parameters
    ----------
    path : pathlib.Path
        A profile or a run folder.
    to : pathlib.Path
        A folder that does not exist yet; it appears whole or not at all.

    Returns
    -------
    pathlib.Path
        Its ``README.md``, which says of each file what it answers, how sure that is and where it comes from.

    Raises
    ------
    RunError
        When there is no complete run, or its page was not released.
    ParameterError
        When the folder is there already.
    DisclosureError
        When anything that would leave holds what may identify a person.

    Notes
    -----
    The duty asks specified authorities to identify the kinds of serious violence in their area and, so far as possible,
    its causes, and to prepare a strategy: Police, Crime, Sentencing and Courts Act 2022, section 8. The order of the
    questions is the codelist ``needs-assessment``; what data cannot answer is listed with the reason.
    """
    run = complete_run(path)
    if not (run / "released" / "index.html").is_file():
        raise RunError(f"{run.name}: its page was not released; write it with: problemsolving report {path}")
    if to.exists():
        raise ParameterError(f"{to}: is there already; name a folder that does not exist yet")
    opened = open_run(run)
    files = assessment_files(opened)
    stop(scan_release(files, opened.values))
    to.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(dir=to.parent, prefix=f".{to.name}-"))
    try:
        for name, content in files.items():
            (made / name).parent.mkdir(exist_ok=True)
            (made / name).write_bytes(content)
        made.chmod(0o755)
        made.rename(to)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return to / "README.md"


def assessment_files(opened: OpenedRun) -> dict[str, bytes]:
    """Give the files of an export: name → content."""
    by_name = {(finding["stage"], finding["name"]): finding for finding in opened.findings}
    files: dict[str, bytes] = {}
    lines = _opening(opened)
    number = 0
    for row in codelist("needs-assessment").values():
        lines += ["", f"## {row['label']}", "", f"{row['source']}.", ""]
        for name in row["findings"].split(";"):
            finding = by_name.get((row["stage"], name))
            if finding is None:
                continue
            lines.append(f"- **{finding['question']}** {finding['summary']}")
            number += 1
            label_ = f"{number:02d}-{row['stage']}-{name.replace('_', '-')}"
            lines += _files_of(finding, label_, files)
    lines += ["", f"Made by problemsolving {problemsolving.__version__} from run {opened.record['run']}.", ""]
    files["README.md"] = "\n".join(lines).encode()
    return files


def _files_of(finding: dict[str, Any], name: str, files: dict[str, bytes]) -> list[str]:
    """Add the files of one finding; give what is said of them."""
    said = []
    if finding["table"]:
        files[f"tables/{name}.csv"] = _csv(table_rows(finding["table"])).encode("utf-8-sig")
        said.append(f"  - Table: `tables/{name}.csv`")
    if finding["picture"]:
        files[f"pictures/{name}.svg"] = finding["picture"].encode()
        said.append(f"  - Picture: `pictures/{name}.svg`. {finding['alt_text']}")
    if not finding["not_estimable"]:
        said.append(f"  - Source: {finding['source']}. {finding['period']}. Method: {finding['method']}.")
    said += [f"  - {caveat}." for caveat in finding["caveats"]]
    return said


def _opening(opened: OpenedRun) -> list[str]:
    answers = opened.record["parameters"]
    title = " ".join(answers["title"].split())
    lines = [
        f"# {title}: for the needs assessment of the Serious Violence Duty",
        "",
        f"{answers['area_name']}. Numbers left under this rule: {opened.policy.in_words}",
        "",
    ]
    kinds = codelist("problem-types")[answers["problem_type"]]["crime_types"].split(";")
    counted = ", ".join(label("crime-types", code) for code in kinds if code)
    lines.append(f"Counted: {counted}, as the source records it.")
    if VIOLENCE in kinds:
        lines.append(
            "This category is wider than serious violence: it holds common assault, harassment and stalking as well as "
            "wounding and sexual offences. Agree with the partners what counts as serious violence here, and count that "
            "from records with offence codes."
        )
    if any("simulated" in entry["source"] for entry in opened.record["inputs"]):
        lines.append("**The data are simulated: no real person, place or agency.**")
    return lines


class _Cells(HTMLParser):
    """Reads the cells of a table, row by row."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: list[list[str]] = []
        self.open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag == "tr":
            self.rows.append([])
        if tag in ("th", "td"):
            self.rows[-1].append("")
            self.open = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("th", "td"):
            self.open = False

    def handle_data(self, data: str) -> None:
        if self.open:
            self.rows[-1][-1] += data


def table_rows(text: str) -> list[list[str]]:
    """Give the cells of a finding's table as text, headings first.

    >>> table_rows("<table><tr><th>Area</th><th>n</th></tr><tr><td>North</td><td>1,200</td></tr></table>")
    [['Area', 'n'], ['North', '1,200']]
    """
    reader = _Cells()
    reader.feed(text)
    reader.close()
    return [[" ".join(cell.split()) for cell in row] for row in reader.rows if row]


def _csv(rows: list[list[str]]) -> str:
    """Write rows as CSV; a cell that a spreadsheet would run is marked as text."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerows([[_plain(cell) for cell in row] for row in rows])
    return stream.getvalue()


def _plain(cell: str) -> str:
    risky = cell.startswith(FORMULA) or (cell.startswith("-") and not cell[1:2].isdigit())
    number = cell[:1] in "+-" and cell[1:].replace(",", "").replace(".", "").replace("%", "").isdigit()
    return f"'{cell}" if risky and not number else cell
