"""What is wrong with a delivery: file, column, rule, count and row positions, never a value."""

from __future__ import annotations

import datetime as dt
import html
import re
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
_NOT_OF_ROWS = re.compile(  # rules whose count is of months, files, columns or kinds of value
    r"no row in |another force than |was in the last delivery|the same value in every row|empty in every row|"
    r"far more often empty|values about |[\d,]+ values? not in the last delivery"
)
Severity = Literal["refuse", "report"]

_PAGE = """<!DOCTYPE html>
<html lang="en-GB"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title>
<style>
*{{box-sizing:border-box}}
body{{margin:0;color:#1d2733;background:#fff;font:1rem/1.6 system-ui,"Segoe UI","Helvetica Neue",Arial,sans-serif}}
main{{max-width:62rem;margin:0 auto;padding:1.5rem 1.25rem 3rem}}
h1{{font-size:1.7rem;line-height:1.2;margin:0 0 .3rem;overflow-wrap:anywhere}}
p{{max-width:46rem;margin:.4rem 0}}.made{{color:#4c5764;font-size:.93rem}}
.scroll{{overflow-x:auto;margin-top:1.2rem}}.scroll:focus-visible{{outline:3px solid #f2a900}}
table{{border-collapse:collapse;min-width:46rem;font-size:.93rem;font-variant-numeric:tabular-nums}}
caption{{text-align:left;font-weight:600;padding-bottom:.4rem}}
th,td{{padding:.42rem .9rem .42rem 0;border-bottom:1px solid #d9dee4;text-align:left;vertical-align:top}}
thead th{{border-bottom:2px solid #1d2733}}.n{{text-align:right}}
</style></head>
<body><main><h1>{title}</h1><p class="made">{made}</p><p><strong>{words}</strong></p><p>{remedy}</p>
<div class="scroll" tabindex="0" role="region" aria-label="Table: faults">
<table><caption>Faults by file, column and rule</caption><thead><tr>{head}</tr></thead><tbody>
{body}
</tbody></table></div></main></body></html>
"""
_REMEDY = (
    "What is to correct stops the delivery: correct it in the file where it was made, or send this page to whoever "
    "sent the file; it names places, and shows no value of the data. "
    "What is a note was read all the same: decide whether it matters to your question. "
    "Then put the new file in the place of the old one and check again: problemsolving check."
)


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

    def page(self, *, title: str = "Fault report", profile: str = "", on: dt.date | None = None) -> str:
        """Give a page that stands alone: every name escaped, no script, no request.

        Parameters
        ----------
        title : str
            Heading of the page.
        profile : str
            Name of the profile that was checked, where it is one.
        on : datetime.date, optional
            Day of the check; none is told when not given.
        """
        head = "".join(
            f'<th scope="col"{" class=n" if place == 3 else ""}>{html.escape(column.label)}</th>'
            for place, column in enumerate(self.table().columns)
        )
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
        words = f"{counted(refused, 'fault')} to correct, {counted(len(self.faults) - refused, 'note')}."
        made = ", ".join([*([f"Profile {profile}"] if profile else []), *([f"checked on {on}"] if on else [])])
        return _PAGE.format(
            title=html.escape(_visible(title)),
            made=html.escape(_visible(made)),
            words=words,
            remedy=html.escape(_REMEDY),
            head=head,
            body=body,
        )

    def write(self, path: Path, *, profile: str = "") -> None:
        """Write as JSON or page, whole or not at all, by the ending of the name.

        Raises
        ------
        ParameterError
            When the name ends neither in ``.json`` nor in ``.html``.
        """
        check_report_name(path)
        write_atomically(
            path, self.json() if path.suffix == ".json" else self.page(profile=profile, on=dt.date.today())
        )


def counts_rows(rule: str) -> bool:
    """Tell whether the count of a fault is of rows, not of months, files or columns.

    >>> counts_rows("must not be empty"), counts_rows("no row in 2024-02, though months before and after have some")
    (True, False)
    """
    return not _NOT_OF_ROWS.match(rule)


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
    of_rows = fault.rows or fault.count > 1 or fault.column  # else a rule of the whole file
    count = fault.count if of_rows and counts_rows(fault.rule) else None
    return (fault.file or None, fault.column or None, fault.rule, count, rows, follows)


def _line(group: list[Fault]) -> str:
    first, count = group[0], sum(fault.count for fault in group)
    places = [(f"{fault.file} {fault.unit}", row) for fault in group for row in fault.rows][:ROWS_SHOWN]
    more = f" and {count - len(places):,} more" if places and count > len(places) else ""
    if not first.column:
        where = f", at {first.unit} {', '.join(str(row) for _, row in places)}{more}" if places else ""
        return (f"{first.file}: " if first.file else "") + first.rule + where
    told = "; ".join(f"{where} {row}" for where, row in places) or "; ".join(fault.file for fault in group)
    number = f", {counted(count, 'row')}" if counts_rows(first.rule) else ""
    return f'column "{first.column}": {first.rule}{number}: {told}{more}'
