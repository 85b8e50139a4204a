"""What a page is made of, each piece with the place it comes from; and the folder that leaves."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from problemsolving.errors import DisclosureError, counted
from problemsolving.notebooks.parameters import read_notebook, stage_notebooks
from problemsolving.records import to_json, write_atomically

MANIFEST = "manifest.json"


def pieces(
    run: Path, record: dict[str, Any], findings: list[dict[str, Any]], outlines: list[dict[str, Any]]
) -> Iterator[tuple[str, str]]:
    """Give each piece of what a page is made of with its place: the findings first, in order.

    Yields
    ------
    tuple of str
        Place (notebook and cell, or key of ``problem.yml``) and content.
    """
    places = [f"{outline['notebook']}, cell {cell}" for outline in outlines for cell in outline["findings"]]
    if len(places) != len(findings):
        raise DisclosureError("the run's list of outputs does not fit its findings; run the profile again")
    for number, (place, finding) in enumerate(zip(places, findings, strict=True), 1):
        yield f"{place} (finding {number})", json.dumps(finding, ensure_ascii=False)
    for stage in record["stages"]:
        yield f"{stage_notebooks(run)[stage].name}, the page cells", _prose(run, stage)
    for key in ("title", "area_name"):
        yield f"{key} in problem.yml or --set {key}", record["parameters"][key]
    for entry in record["inputs"]:
        shown = {
            key: entry[key] for key in ("dataset", "title", "publisher", "attribution", "known_limits") if key in entry
        }
        yield f"source and sharing record of data set {entry['dataset']}", json.dumps(shown, ensure_ascii=False)


def _prose(run: Path, stage: str) -> str:
    """Give the markdown cells tagged ``page`` of an executed notebook."""
    path = run / "restricted" / stage_notebooks(run)[stage].name
    cells = [
        cell
        for cell in read_notebook(path)["cells"]
        if cell["cell_type"] == "markdown" and "page" in cell["metadata"].get("tags", [])
    ]
    return "\n\n".join(source if isinstance(source := cell["source"], str) else "".join(source) for cell in cells)


def prose_html(run: Path, stage: str) -> str:
    """Give the markdown cells tagged ``page`` of an executed notebook, as safe HTML: no markup of their own."""
    from markdown_it import MarkdownIt

    reader = MarkdownIt("js-default", {"html": False, "linkify": False}).disable("image")
    return str(reader.render(_prose(run, stage)))


def release_files(folder: Path, files: dict[str, bytes], *, ledger: str) -> Path:
    """Write the files that leave, each atomically, and last the manifest that tells them from anything else.

    ``ledger`` is the hash of this release's entry in the ledger: kept with the page, it shows later whether the
    ledger was written anew or cut off.

    Raises
    ------
    DisclosureError
        When the folder holds something that no release made; nothing is written.
    """
    strange = [path for path in folder.glob("*") if path.name not in (*files, MANIFEST)] if folder.is_dir() else []
    if strange:
        raise DisclosureError(
            f"{folder.name}/ holds {counted(len(strange), 'file')} that no release made; move what is not for others away"
        )
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        write_atomically(folder / name, content)
    entries = [
        {"file": name, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
        for name, content in sorted(files.items())
    ]
    write_atomically(folder / MANIFEST, to_json({"files": entries, "ledger_entry": ledger}))
    return folder / "index.html"
