"""Canary people in every table, driven at the page in every way we know: none arrives, and the way is named."""

import base64
import csv
import io
import json
import shutil
from itertools import cycle, islice
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from problemsolving.dictionary.schema import names, source, table
from problemsolving.draw import get_axes, to_svg
from problemsolving.errors import DisclosureError
from problemsolving.governance.ledger import read_ledger
from problemsolving.governance.unwrap import texts_of
from problemsolving.loading import check_sharing
from problemsolving.notebooks.record import list_runs
from problemsolving.problem import read_problem
from problemsolving.report.known import known_values
from problemsolving.report.page import run_and_publish, write_page

pytestmark = pytest.mark.xdist_group("canaries")
POINTS = {
    "incidents.longitude": "1.8471307", "incidents.latitude": "53.0471907",
    "outcomes.longitude": "1.8473107", "outcomes.latitude": "53.0473707",
}  # fmt: skip
MORE = {  # simulated sources that the template leaves out: data set → level
    "people": "person", "lists": "person", "outcomes": "event", "outcome-measures": "person",
    "voices": "event", "assets": "aggregate", "commitment-ratings": "event",
}  # fmt: skip
TOLD = {  # fields that may stand on a page: a value of theirs must not leave by a cell that is no finding
    "assets.asset_name", "ties.respondent", "contacts.kind", "lists.kind", "commitment-ratings.rater",
    "coded-demand.kind",
}  # fmt: skip
SEARCHED = [  # fields in words whose values stop a release, of every data set about persons or events
    "incidents.incident_id", "incidents.location", "incidents.victim_id", "incidents.suspect_id",
    "contacts.contact_id", "contacts.person_id", "referrals.referral_id", "referrals.person_id",
    "people.person_id", "lists.contact_id", "lists.person_id", "outcomes.incident_id", "outcome-measures.person_id",
    "voices.voice_id", "voices.text", "commitment-ratings.evidence", "coded-demand.item_id",
]  # fmt: skip
TIMES = {
    "incidents.occurred_at": "04:17", "contacts.started_at": "04:18", "contacts.seen_at": "04:19", "contacts.ended_at": "04:20",
    "referrals.referred_at": "04:21", "referrals.seen_at": "04:22", "lists.started_at": "04:23",
    "outcome-measures.measured_on": "04:24", "voices.said_on": "04:25",
}  # fmt: skip


def canary(name: str, field: str) -> str:
    return f"ZQ{name[:3]}{field[:4]}{sum(map(ord, name + field)):04d}".replace("_", "").upper()


def value_of(dataset: str, found) -> str | None:
    """Give a value that tells of the canary in a field, or None where the field cannot."""
    place = f"{dataset}.{found.name}"
    if found.sensitivity == "free text":
        return f"{canary(dataset, found.name)} said that nobody had listened to them before today"
    if found.constraints.pattern or found.constraints.enum or found.codelist:
        return None
    if place in TOLD:
        return canary(dataset, found.name)
    if found.sensitivity == "open":
        return None
    if found.type == "datetime":
        return f"2024-03-09 {TIMES[place]}"
    if found.type == "number":
        return POINTS.get(place)
    return canary(dataset, found.name) if found.type == "string" else None


def load_more(profile: Path) -> None:
    """Let the profile load the other simulated sources too, each with a sharing record of the kind it needs."""
    lines = []
    for name, level in MORE.items():
        lines.append(
            f"  {name}: {{source: simulated-{name}, files: {name.replace('-', '_')}.csv, sharing: sharing/{name}.yml}}\n"
        )
        known = source(f"simulated-{name}")
        model = "contacts" if known.capabilities.people == "pseudonym" and known.areas == "real" else "responses"
        record = (profile / f"sharing/{model}.yml").read_text("utf-8")
        record = record.replace(f"dataset: {model}", f"dataset: {name}").replace(
            f"simulated-{model}", f"simulated-{name}"
        )
        if model == "contacts":  # people and no made-up areas: a full record, which declares each column
            declared = "".join(f"  - {{name: {column}, why: Tested}}\n" for column in known.columns)
            start, end = record.index("fields:\n") + len("fields:\n"), record.index("linkable_to:")
            record = record[:start] + declared + record[end:]
        (profile / f"sharing/{name}.yml").write_text(record.replace("level: aggregate", f"level: {level}"), "utf-8")
    path = profile / "problem.yml"
    path.write_text(path.read_text("utf-8").replace("sources:\n", "sources:\n" + "".join(lines)), "utf-8")


def plant(profile: Path) -> dict[str, str]:
    """Add a row about a canary to every file with people, events, free text or names; give ``dataset.field`` → value."""
    problem = read_problem(profile)
    planted = {}
    for dataset in problem.sources:
        known = source(dataset.source)
        columns = {found: known.columns.get(found.name) for found in table(known.table).fields}
        new = {
            found.name: (column.from_, value)
            for found, column in columns.items()
            if column and column.from_ and (value := value_of(dataset.name, found)) is not None
        }
        if not new or known.format.container != "csv":
            continue
        (path,) = problem.data.glob(dataset.files)
        rows = list(csv.DictReader(io.StringIO(path.read_text("utf-8"))))
        row = rows[-1] | dict(new.values())
        stream = io.StringIO()
        writer = csv.DictWriter(stream, list(row), lineterminator="\n")
        writer.writeheader()
        writer.writerows([*rows, row | ({"asset_id": "A99999"} if dataset.name == "assets" else {})])
        path.write_text(stream.getvalue(), "utf-8")
        planted |= {f"{dataset.name}.{name}": value for name, (_, value) in new.items()}
    return planted


def field_of(place: str) -> str:
    """Give ``table.field`` of ``dataset.field``, as messages name it."""
    dataset, field = place.split(".")
    return f"{source(f'simulated-{dataset}').table}.{field}"


LEFT = {  # ways of a notebook cell that is no finding: left off the page, and named there
    "head": "display(frame.tail())",
    "print": "print(frame.tail().to_string())",
    "last value": "person",
    "standard error": "import sys; print(person, file=sys.stderr)",
    "warning": "import warnings; warnings.warn(person)",
    "logging": "import logging; logging.getLogger('x').error(person)",
    "exception, shown": "try:\n    raise ValueError(person)\nexcept ValueError as error:\n    display(repr(error))",
    "HTML": "from IPython.display import HTML\nHTML(f'<b>{person}</b><img src=x onerror=alert(1)>')",
    "Markdown": "from IPython.display import Markdown\nMarkdown(person)",
    "JavaScript": "from IPython.display import Javascript\nJavascript(f'document.title = \"{person}\"; alert(1)')",
    "SVG": "from IPython.display import SVG\nSVG(f'<svg xmlns=\"http://www.w3.org/2000/svg\"><title>{person}</title></svg>')",
    "Styler": "frame.tail().style.set_caption('<script>alert(1)</script>' + person)",
    "figure of one person": "from matplotlib import pyplot\npyplot.plot([1], [1])\npyplot.title(person)",
    "JSON": "from IPython.display import JSON\nJSON({'person': person})",
    "bundle": "from IPython.display import display\ndisplay({'text/plain': person, 'application/x-person+json': {'a': person}}, raw=True)",
    "widget": "display({'application/vnd.jupyter.widget-view+json': {'model_id': person}, 'text/plain': ''}, raw=True)",
    "metadata": "display({'text/plain': 'x'}, raw=True, metadata={'person': person})",
    "environment": "import os\nos.environ['PERSON'] = person\ndict(os.environ)",
    "file beside": "import pathlib\npathlib.Path(f'{person}.txt').write_text(person)",
    "a study of the package": "study.table(table).describe(include='all')",
}


def add_cells(path: Path, cells: list[dict]) -> None:
    content = json.loads(path.read_text("utf-8"))
    content["cells"] += cells
    path.write_text(json.dumps(content), "utf-8")


def code(text: str, number: int) -> dict:
    return {
        "cell_type": "code",
        "id": f"c{number}",
        "metadata": {},
        "source": text,
        "outputs": [],
        "execution_count": None,
    }


DRIVEN = list(
    zip(LEFT, islice(cycle([*SEARCHED, *sorted(TOLD)]), max(len(LEFT), len(SEARCHED) + len(TOLD))), strict=False)
)
DRIVEN += list(zip(cycle(["head"]), [*SEARCHED, *sorted(TOLD)][len(LEFT) :], strict=False))


def opened(way: str, place: str, values: dict[str, str]) -> str:
    """Write a cell that takes a canary from its table and shows it in one way."""
    dataset, field = place.split(".")
    return (
        f"table, value = {source(f'simulated-{dataset}').table!r}, {values[place]!r}\n"
        f"frame = study.readings[{dataset!r}].frame\n"
        f"person = frame.loc[frame[{field!r}] == value, {field!r}].iloc[0]\n{LEFT[way]}"
    )


@pytest.fixture(scope="module")
def planted(simulated, tmp_path_factory):
    """A run of one stage with canaries in its data, and twenty cells that show them; the canaries."""
    profile = tmp_path_factory.mktemp("canaries") / simulated.name
    shutil.copytree(simulated, profile)
    load_more(profile)
    values = plant(profile)
    cells = [code(opened(*pair, values), number) for number, pair in enumerate(DRIVEN)]
    secret = values["contacts.person_id"]
    cells += [
        {"cell_type": "markdown", "id": "m", "metadata": {}, "source": f"A note: {secret}"},
        {
            "cell_type": "raw",
            "id": "r",
            "metadata": {"person": secret},
            "source": f"<script>alert('{secret}')</script>",
        },
    ]
    add_cells(profile / "01_scan.ipynb", cells)
    notebook = json.loads((profile / "01_scan.ipynb").read_text("utf-8"))
    notebook["metadata"]["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": {"x": secret}}}
    (profile / "01_scan.ipynb").write_text(json.dumps(notebook), "utf-8")
    return run_and_publish(profile, stages=["scan"]), values


@pytest.fixture(scope="module")
def known(planted):
    run, _ = planted
    problem = read_problem(run.parents[1])
    record = json.loads((run / "record.json").read_text("utf-8"))
    return known_values(problem, record["inputs"], check_sharing(problem))


def everything_in(folder: Path) -> str:
    texts = [path.name for path in folder.rglob("*")]
    texts += [text for path in folder.rglob("*") if path.is_file() for text in texts_of(path.read_bytes())]
    return "\n".join(texts).casefold()


def test_there_is_a_canary_in_every_table_about_persons(planted, known):
    run, values = planted
    problem = read_problem(run.parents[1])
    every = {path.removeprefix("simulated-") for path in names("sources") if path.startswith("simulated-")}
    assert {dataset.name for dataset in problem.sources} == every and len(every) == 20
    levels = {name: record.level for name, record in check_sharing(problem).items()}
    about = {name for name, level in levels.items() if level != "aggregate"}
    assert {place.split(".")[0] for place in values} == about | {"assets", "ties"}
    assert set(values) == {*SEARCHED, *TOLD, *TIMES, *POINTS}
    identifiers = {
        f"{dataset.name}.{found.name}"
        for dataset in problem.sources
        if dataset.name in about
        for found in table(source(dataset.source).table).fields
        if found.sensitivity in ("identifier", "free text") and found.name in source(dataset.source).columns
    }
    assert identifiers <= set(SEARCHED)


def test_every_canary_but_a_name_or_a_category_is_searched_for(planted, known):
    _, values = planted
    searched = [place for place in values if place not in TOLD]
    assert [place for place in searched if field_of(place) not in known.found_in(values[place])] == []


def test_every_way_and_every_canary_is_driven():
    for driven, ways in ((DRIVEN, LEFT), (FOUND, STOPPED)):
        assert {way for way, _ in driven} == set(ways)
        assert {place for _, place in driven} >= set(SEARCHED)
    assert {place for _, place in DRIVEN} >= TOLD


def test_none_arrives_by_a_cell_that_is_no_finding(planted, known):
    run, values = planted
    text = everything_in(run / "released")
    assert [place for place, value in values.items() if value.casefold() in text] == []
    assert not known.found_in(text) and "onerror" not in text and "<script" not in text
    restricted = (run / "restricted" / "01_scan.ipynb").read_text("utf-8")
    shown = [
        way for way, place in DRIVEN if restricted.count(values[place]) > 1
    ]  # once in the cell, again in its output
    assert set(LEFT) - set(shown) <= {"figure of one person", "file beside", "a study of the package"}


def test_the_page_names_the_cells_that_were_left_off(planted):
    run, _ = planted
    (outline,) = json.loads((run / "restricted" / "outputs.json").read_text("utf-8"))
    page = (run / "released" / "index.html").read_text("utf-8")
    assert len(outline["left"]) >= len(DRIVEN) - 1  # the file beside shows its size alone, which is an output too
    total = sum(outline["left"].values())
    assert f"{total} outputs of 01_scan.ipynb that are no released findings" in page
    assert all(number in page[page.index("that are no released findings") :][:200] for number in outline["left"])


def test_what_leaves_is_listed_and_nothing_else_is_there(planted):
    run, _ = planted
    manifest = json.loads((run / "released" / "manifest.json").read_text("utf-8"))
    assert [entry["file"] for entry in manifest["files"]] == ["index.html", "results.json"]
    assert read_ledger(run.parents[1] / "releases/ledger.json")[-1]["hash"] == manifest["ledger_entry"]
    assert sorted(path.name for path in (run / "released").iterdir()) == ["index.html", "manifest.json", "results.json"]
    assert not (run / "results.json").exists()


def one_person(title: str) -> str:
    def plot():
        ax = get_axes(None)
        ax.plot([0, 1], [1, 1])
        ax.set_title(title)
        return ax

    return to_svg(plot)


def raster_with(text: str) -> str:
    stream = io.BytesIO()
    Figure(figsize=(0.2, 0.2)).savefig(stream, format="png", metadata={"Description": text})
    uri = base64.b64encode(stream.getvalue()).decode()
    return f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"><image xlink:href="data:image/png;base64,{uri}"/></svg>'


def svg(inside: str) -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg">{inside}</svg>'


STOPPED = {  # ways through a finding of the package: the release stops, and names the cell
    "summary": lambda finding, who: finding.update(summary=f"Seen: {who}."),
    "question": lambda finding, who: finding.update(question=who),
    "period": lambda finding, who: finding.update(period=who),
    "source name": lambda finding, who: finding.update(source=who),
    "alternative text": lambda finding, who: finding.update(alt_text=who),
    "caveat": lambda finding, who: finding["caveats"].append(who),
    "method": lambda finding, who: finding.update(citation=who),
    "group label": lambda finding, who: finding["values"][0].update(group=who),
    "unit of a number": lambda finding, who: finding["values"][0].update(unit=who),
    "a reason": lambda finding, who: finding["values"][0].update(withheld=who),
    "a field nobody shows": lambda finding, who: finding.update(note={who: [1]}),
    "table": lambda finding, who: finding.update(table=f"<table><tr><td>{who}</td></tr></table>"),
    "identifier of a cell": lambda finding, who: finding.update(table=f'<table><tr><td id="{who}">1</td></tr></table>'),
    "hover title": lambda finding, who: finding.update(picture=svg(f"<g><title>{who}</title></g>")),
    "comment": lambda finding, who: finding.update(picture=svg(f"<!-- {who} -->")),
    "metadata": lambda finding, who: finding.update(picture=svg(f"<metadata>{who}</metadata>")),
    "identifier of a shape": lambda finding, who: finding.update(picture=svg(f'<g id="{who}"/>')),
    "title of a chart": lambda finding, who: finding.update(picture=one_person(who)),
    "text chunk of a PNG": lambda finding, who: finding.update(picture=raster_with(who)),
    "zero-width characters": lambda finding, who: finding.update(summary="\u200b".join(who)),
    "full-width letters": lambda finding, who: finding.update(summary=who.translate({code: code + 0xFEE0 for code in range(33, 127)})),
    "base64": lambda finding, who: finding.update(summary=base64.b64encode(who.encode()).decode()),
    "hexadecimal": lambda finding, who: finding.update(summary=who.encode().hex()),
    "entities": lambda finding, who: finding.update(summary="".join(f"&#{ord(letter)};" for letter in who)),
    "time": lambda finding, _: finding.update(summary="at 4:17 on 9 March 2024, that is 09/03/2024 04:17"),
    "coordinates": lambda finding, _: finding.update(summary=f"at {POINTS['incidents.latitude']}00, {POINTS['outcomes.longitude']}"),
    "NHS number": lambda finding, _: finding.update(summary="943 476 5919"),
    "a script": lambda finding, _: finding.update(table="<table><script>alert(1)</script></table>"),
}  # fmt: skip


@pytest.fixture(scope="module")
def copied(planted, tmp_path_factory):
    """A copy of the run that a test may change and must put back."""
    run, values = planted
    profile = tmp_path_factory.mktemp("stopped") / run.parents[1].name
    shutil.copytree(run.parents[1], profile)
    return profile / "runs" / run.name, values


def refused(run: Path, known) -> DisclosureError:
    """Try to write the page; check that nothing of the older one changed."""
    before = {path.name: path.read_bytes() for path in (run / "released").iterdir()}
    with pytest.raises(DisclosureError) as caught:
        write_page(run, values=known)
    assert {path.name: path.read_bytes() for path in (run / "released").iterdir()} == before
    return caught.value


FOUND = list(zip(STOPPED, cycle(SEARCHED), strict=False))
TELLS_ITSELF = {"time", "coordinates", "NHS number", "a script"}  # ways that bring their own value


@pytest.mark.parametrize(("way", "place"), FOUND)
def test_a_finding_that_tells_of_a_person_stops_the_release(copied, known, way, place):
    run, values = copied
    error = refused_with(run, known, lambda finding: STOPPED[way](finding, values[place]))
    assert error.faults and all(fault.startswith("01_scan.ipynb, cell 4 (finding 1)") for fault in error.faults)
    assert way in TELLS_ITSELF or any(field_of(place) in fault for fault in error.faults)
    assert values[place].casefold() not in str(error).casefold() and "943" not in str(error)


def refused_with(run: Path, known, change) -> DisclosureError:
    """Change the first finding of a run, see the release refused, put the finding back."""
    path = run / "restricted/findings.json"
    kept = path.read_bytes()
    findings = json.loads(kept)
    change(findings[0])
    path.write_text(json.dumps(findings), "utf-8")
    try:
        return refused(run, known)
    finally:
        path.write_bytes(kept)


@pytest.mark.parametrize("place", TIMES)
def test_an_exact_time_of_any_table_stops_the_release(copied, known, place):
    hour, minute = TIMES[place].split(":")
    told = f"Seen on 9 March 2024 {int(hour)}:{minute}."
    error = refused_with(copied[0], known, lambda finding: finding.update(summary=told))
    assert error.faults == (f"01_scan.ipynb, cell 4 (finding 1): holds a value of {field_of(place)}",)


@pytest.mark.parametrize("key", ["title", "area_name"])
def test_a_parameter_that_tells_of_a_person_stops_the_release(copied, known, key):
    run, values = copied
    path = run / "record.json"
    kept = path.read_bytes()
    record = json.loads(kept)
    record["parameters"][key] = f"About {values['referrals.person_id']}"
    path.write_text(json.dumps(record), "utf-8")
    try:
        error = refused(run, known)
    finally:
        path.write_bytes(kept)
    assert f"{key} in problem.yml or --set {key}: holds a value of" in str(error)
    assert values["referrals.person_id"] not in str(error)


def test_a_page_cell_that_tells_of_a_person_stops_the_release(copied, known):
    run, values = copied
    path = run / "restricted/01_scan.ipynb"
    kept = path.read_bytes()
    cell = {
        "cell_type": "markdown",
        "id": "p",
        "metadata": {"tags": ["page"]},
        "source": [f"Seen: *{values['incidents.victim_id']}*"],
    }
    add_cells(path, [cell])
    try:
        error = refused(run, known)
    finally:
        path.write_bytes(kept)
    assert error.faults == ("01_scan.ipynb, the page cells: holds a value of incident.victim_id",)


def test_an_attribution_that_tells_of_a_person_stops_the_release(copied, known):
    run, values = copied
    path = run / "record.json"
    kept = path.read_bytes()
    record = json.loads(kept)
    record["inputs"][0]["attribution"] = values["contacts.person_id"]
    path.write_text(json.dumps(record), "utf-8")
    try:
        error = refused(run, known)
    finally:
        path.write_bytes(kept)
    assert "source and sharing record of data set" in error.faults[0]


def test_a_file_put_into_the_folder_that_leaves_stops_the_release(copied, known):
    run, values = copied
    extra = run / "released" / f"{values['contacts.person_id']}.csv"
    extra.write_text("x")
    try:
        error = refused(run, known)
    finally:
        extra.unlink()
    assert "1 file that no release made" in str(error) and values["contacts.person_id"] not in str(error)


def test_data_that_changed_since_the_run_stop_the_release(copied):
    run, _ = copied
    path = run.parents[1] / "data/contacts.csv"
    kept = path.read_bytes()
    path.write_bytes(kept[: kept.rstrip().rfind(b"\n") + 1])
    try:
        with pytest.raises(DisclosureError, match="run the profile again") as caught:
            write_page(run)
    finally:
        path.write_bytes(kept)
    assert caught.value.faults == ("contacts: its files are not those of the run",)


FORGED = """from problemsolving.results import FINDING_MIME
payload = scan.incidents(study).payload()
payload['summary'] = study.table('contact')['person_id'].iloc[-1]
display({FINDING_MIME: payload}, raw=True)"""


def test_a_forged_finding_ends_the_run_and_tells_nothing(planted, tmp_path):
    run, values = planted
    profile = tmp_path / "profile"
    shutil.copytree(run.parents[1], profile, ignore=shutil.ignore_patterns("runs"))
    shutil.copy(profile / ".template/01_scan.ipynb", profile / "01_scan.ipynb")
    content = json.loads((profile / "01_scan.ipynb").read_text("utf-8"))
    first = next(n for n, entry in enumerate(content["cells"]) if "".join(entry["source"]).startswith("scan."))
    content["cells"] = [*content["cells"][: first + 1], code(FORGED, 1)]
    (profile / "01_scan.ipynb").write_text(json.dumps(content), "utf-8")
    with pytest.raises(DisclosureError) as caught:
        run_and_publish(profile, stages=["scan"])
    (record,) = list_runs(profile)
    folder = profile / "runs" / record["run"]
    assert record["status"] == "failed" and not (folder / "released").exists()
    assert caught.value.faults == ("01_scan.ipynb, cell 5: a finding made or changed by hand",)
    who = values["contacts.person_id"]
    left = str(caught.value) + (folder / "record.json").read_text("utf-8") + (folder / "run.log").read_text("utf-8")
    assert who not in left
