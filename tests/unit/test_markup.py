"""A table's words stay words: cells and headings alike."""

from problemsolving.markup import table_html
from problemsolving.results import Column, Table


def test_headings_and_cells_are_escaped_and_braces_mean_nothing():
    words = "<b>x</b> {{7*7}} & {{m^2}}"
    text = table_html(Table((Column(words),), ((words,),)), name="x", styled=False)
    assert "<b>" not in text and text.replace("&#123;", "{").count("&lt;b&gt;x&lt;/b&gt; {{7*7}} &amp; {{m^2}}") == 2
