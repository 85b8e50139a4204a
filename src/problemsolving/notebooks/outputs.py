"""What an executed notebook gave: findings of the package, and outputs that stay restricted."""

from __future__ import annotations

from typing import Any

from problemsolving.errors import DisclosureError
from problemsolving.governance.seal import unsealed
from problemsolving.results import FINDING_MIME, STUDY_MIME


def sort_outputs(notebook: Any, *, name: str, key: bytes) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Tell findings from everything else that cells printed, drew or showed.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        An executed notebook.
    name : str
        Its file name.
    key : bytes
        With which the run's findings are sealed.

    Returns
    -------
    findings : list of dict
        Payloads, in order, without their seals.
    outline : dict
        ``notebook``; ``findings``: the cell of each; ``left``: cell → number of outputs that are no findings.
        The table of a study is neither: its released form stands under the page's sources.

    Raises
    ------
    DisclosureError
        When an output calls itself a finding and the package did not make it, or it was changed; names the cells.
    """
    findings: list[dict[str, Any]] = []
    cells: list[int] = []
    left: dict[str, int] = {}
    forged: list[int] = []
    for cell in notebook.cells:
        number = cell.get("execution_count") or 0
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if FINDING_MIME in data:
                payload = unsealed(data[FINDING_MIME], key)
                if payload is None:
                    forged.append(number)
                else:
                    findings.append(payload)
                    cells.append(number)
            elif STUDY_MIME not in data:
                left[str(number)] = left.get(str(number), 0) + 1
    if forged:
        raise DisclosureError(
            f"{name}: an output says that it is a finding and is not one; show findings as the stages give them",
            faults=[f"{name}, cell {number}: a finding made or changed by hand" for number in dict.fromkeys(forged)],
        )
    return findings, {"notebook": name, "findings": cells, "left": left}
