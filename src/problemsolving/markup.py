"""A table as HTML: the same for a notebook and for the page, every cell escaped."""

from __future__ import annotations

import re

from problemsolving.results import Table


def table_html(table: Table, *, name: str, styled: bool = True) -> str:
    """Write a table as HTML.

    Parameters
    ----------
    table : Table
        Cells of any text: they are escaped.
    name : str
        Identifier of the element; letters, digits and hyphens.
    styled : bool
        With the style sheet of its own (notebook) or without (the page has one).

    Returns
    -------
    str
        A ``div`` with a ``table``.
    """
    import pandas as pd
    from great_tables import GT

    keys = [f"c{place}" for place in range(len(table.columns))]
    frame = pd.DataFrame(table.text_rows(), columns=keys, dtype=str)
    numeric = [key for key, column in zip(keys, table.columns, strict=True) if column.kind != "text"]
    built = GT(frame, id=name).cols_label({key: column.label for key, column in zip(keys, table.columns, strict=True)})
    built = built.cols_align("left").cols_align("right", columns=numeric) if numeric else built.cols_align("left")
    html = built.as_raw_html()
    if styled:
        return html
    html = re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL)
    return re.sub(r'<div id="[^"]*" style="[^"]*">', "<div>", html)
