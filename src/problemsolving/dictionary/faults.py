"""What is wrong with a delivery: file, column, rule, count and row positions, never a value."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from problemsolving.errors import DataError, ParameterError, counted
from problemsolving.records import to_json, write_atomically
from problemsolving.results import Column, Table

ROWS_KEPT, ROWS_SHOWN = 20, 5
SHORT = 6  # columns with empty values that are named one by one
EMPTY = "is empty"
Severity = Literal["refuse", "report"]

_PAGE = """<!DOCTYPE html>
<html lang="en-GB"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width"><title>{title}</title>
<style>body{{font:1rem/1.5 sans-serif;margin:2rem}}table{{border-collapse:collapse}}
th,td{{border:1px solid #767676;padding:.3rem .6rem;text-align:left;vertical-align:top}}td.n{{text-align:right}}</style></head>
<body><main><h1>{title}</h1><p>{words}</p>
<table><caption>Faults by file, column and rule</caption><thead><tr>{head}</tr></thead><tbody>
{body}
</tbody></table></main></body></html>
"""


@dataclass(frozen=True)
class Fault:
    """A rule that a file breaks.

    Parameters
    ----------
    file : str
        Name of the file, or of what else is wrong.
    column : str
        Heading as the dictionary words it; empty where the whole file is meant.
    rule : str
        What must hold, in words; never a value.
    count : int
        Rows that break it, at least 1.
    rows : tuple of int
        The first of them; empty where no row is meant.
    severity : {"refuse", "report"}
        Whether the delivery is refused, or read and told.
    unit : {"line", "event", "row"}
        What ``rows`` count: lines of a text file, the header being line 1, or events or rows from 1.
    """

    file: str
    column: str
    rule: str
    count: int = 1
    rows: tuple[int, ...] = ()
    severity: Severity = "refuse"
    unit: str = "line"


@dataclass(frozen=True)
class FaultReport:
    """Faults in the order in which they are told."""

    faults: tuple[Fault, ...]

    def lines(self) -> list[str]:
        """Say each rule in a line: the same rule of a column is told once for all files.

        >>> FaultReport((Fault("a.csv", "Month", "must not be empty", 2, (3, 9)),)).lines()
        ['column "Month": must not be empty, 2 rows: a.csv line 3; a.csv line 9']
        """
        groups: dict[tuple[str, str, str], list[Fault]] = {}
        for fault in self.faults:
            groups.setdefault((fault.column, fault.rule, "" if fault.column else fault.file), []).append(fault)
        return [_line(group) for group in groups.values()]

    def brief(self) -> list[str]:
        """Say notes shortly: what is merely empty in one line for all columns, without rows.

        >>> FaultReport((Fault("a.csv", "Outcome", EMPTY, 2, (3, 9), "report"),)).brief()
        ['empty in some rows: a.csv "Outcome" 2; the rows stand in the file that --faults writes']
        """
        empty: dict[tuple[str, str], int] = {}
        for fault in self.faults:
            if fault.rule == EMPTY:
                where = (fault.file if fault.column else "", fault.column)
                empty[where] = empty.get(where, 0) + fault.count
        files = {file for file, _ in empty}
        told = [f'{file} "{column}" {count:,}' for (file, column), count in empty.items()]
        if len(told) > SHORT:
            columns = len({column for _, column in empty})
            told = [f"{counted(columns, 'column')} of {counted(len(files), 'file')}"]
        others = FaultReport(tuple(fault for fault in self.faults if fault.rule != EMPTY)).lines()
        words = f"empty in some rows: {', '.join(told)}; the rows stand in the file that --faults writes"
        return [*others, words] if told else others

    def table(self) -> Table:
        """Give file, column, rule, count, rows and what follows as a table."""
        labels = (Column("File"), Column("Column"), Column("Rule"), Column("Rows", "count"), Column("First at"))
        return Table((*labels, Column("What follows")), tuple(_cells(fault) for fault in self.faults))

    def json(self) -> str:
        """Give the faults as JSON, the same bytes for the same faults."""
        return to_json({"faults": [asdict(fault) for fault in self.faults]})

    def page(self, *, title: str = "Fault report") -> str:
        """Give a page that stands alone: every name escaped, no script, no request."""
        head = "".join(f'<th scope="col">{html.escape(column.label)}</th>' for column in self.table().columns)
        body = "\n".join(
            "<tr>"
            + "".join(
                f"<td{' class=n' if place == 3 else ''}>{html.escape(_visible(cell))}</td>"
                for place, cell in enumerate(row)
            )
            + "</tr>"
            for row in self.table().text_rows()
        )
        refused = sum(fault.severity == "refuse" for fault in self.faults)
        words = f"{counted(refused, 'fault')} to correct, {counted(len(self.faults) - refused, 'note')}. No value of the data is shown."
        return _PAGE.format(title=html.escape(_visible(title)), words=words, head=head, body=body)

    def write(self, path: Path) -> None:
        """Write as JSON or page, whole or not at all, by the ending of the name.

        Raises
        ------
        ParameterError
            When the name ends neither in ``.json`` nor in ``.html``.
        """
        check_report_name(path)
        write_atomically(path, self.json() if path.suffix == ".json" else self.page())


def check_report_name(path: Path) -> None:
    """Raise ParameterError when a fault report cannot be written under this name."""
    if path.suffix not in (".json", ".html"):
        raise ParameterError(f"{path.name}: a fault report ends in .json or .html")
    if not path.absolute().parent.is_dir():
        raise ParameterError(f"{path.parent}: no such folder; make it first")


def fault_report(errors: Iterable[Exception], notes: Sequence[Fault] = ()) -> FaultReport:
    """Gather the faults of errors and what was told besides; an error without records gives its lines."""
    faults: list[Fault] = []
    for error in errors:
        report = getattr(error, "report", None)
        if isinstance(report, FaultReport):
            faults += report.faults
        else:
            told = getattr(error, "faults", ()) or (getattr(error, "message", type(error).__name__),)
            faults += [Fault("", "", str(line)) for line in told]
    return FaultReport((*faults, *notes))


def faults_of(error: DataError) -> list[Fault]:
    """Give an error's faults as records."""
    return list(fault_report([error]).faults)


def _visible(text: str) -> str:
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)


def _cells(fault: Fault) -> tuple[object, ...]:
    rows = ", ".join(map(str, fault.rows[:ROWS_SHOWN])) or None
    follows = "the delivery is refused" if fault.severity == "refuse" else "read and told"
    return (fault.file, fault.column or None, fault.rule, fault.count, rows, follows)


def _line(group: list[Fault]) -> str:
    first, count = group[0], sum(fault.count for fault in group)
    places = [(f"{fault.file} {fault.unit}", row) for fault in group for row in fault.rows][:ROWS_SHOWN]
    more = f" and {count - len(places):,} more" if places and count > len(places) else ""
    if not first.column:
        where = f", at {first.unit} {', '.join(str(row) for _, row in places)}{more}" if places else ""
        return (f"{first.file}: " if first.file else "") + first.rule + where
    told = "; ".join(f"{where} {row}" for where, row in places) or "; ".join(fault.file for fault in group)
    return f'column "{first.column}": {first.rule}, {counted(count, "row")}: {told}{more}'
