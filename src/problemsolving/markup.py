"""A table as HTML: the same for a notebook and for the page, every cell escaped."""

from __future__ import annotations

import html
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
    from great_tables import html as raw_html

    keys = [f"c{place}" for place in range(len(table.columns))]
    frame = pd.DataFrame(table.text_rows(), columns=keys, dtype=str)
    numeric = [key for key, column in zip(keys, table.columns, strict=True) if column.kind != "text"]
    # great_tables reads {{…}} in a heading as units and leaves the rest of that heading unescaped
    labels = [raw_html(html.escape(column.label).replace("{", "&#123;")) for column in table.columns]
    built = GT(frame, id=name).cols_label(dict(zip(keys, labels, strict=True)))
    built = built.cols_align("left").cols_align("right", columns=numeric) if numeric else built.cols_align("left")
    written = str(built.as_raw_html())
    if styled:
        return written
    written = re.sub(r"<style>.*?</style>", "", written, flags=re.DOTALL)
    return re.sub(r'<div id="[^"]*" style="[^"]*">', "<div>", written)
