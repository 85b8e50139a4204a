"""Counting the fields of every row of a delimited text without a loop over rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from problemsolving.dictionary.schema import Format

if TYPE_CHECKING:
    import numpy as np

_LINE_END = 10


class FieldCounter:
    """Tells whether every row has as many fields as the first, and how many rows there are.

    A separator counts when an even number of quotes stands before it. That is exact as long as each quote opens or
    closes a field, or is doubled inside one; where a quote stands elsewhere the file is not even, and the slow,
    exact reader must look.
    """

    def __init__(self, dialect: Format) -> None:
        self.delimiter, self.quote = ord(dialect.delimiter), ord(dialect.quote)
        self.even = dialect.escape == dialect.quote and max(self.delimiter, self.quote) < 128
        self.width = 0  # separators of the first row
        self.rows = 0
        self._rest: list[bytes] = []
        self._open = False
        self._separators = 0

    def add(self, chunk: bytes) -> None:
        """Count a piece of text; rows may run over its end."""
        if not self.even:
            return
        cut = chunk.rfind(b"\n") + 1
        if not cut:
            self._rest.append(chunk)
            return
        block = b"".join([*self._rest, memoryview(chunk)[:cut]])
        self._rest = [chunk[cut:]] if cut < len(chunk) else []
        self._count(block)

    def rows_of_even_file(self) -> int | None:
        """Give the rows below the header, or None where the slow reader must look."""
        whole = self.even and not self._open and not self._rest and self.width > 0
        return self.rows - 1 if whole else None

    def _count(self, block: bytes) -> None:
        import numpy as np

        text = np.frombuffer(block, dtype=np.uint8)
        marks = text == self.delimiter
        marks |= text == _LINE_END
        places = np.flatnonzero(marks)
        if self._open or self.quote in block:
            places = self._outside(text, places, np.flatnonzero(text == self.quote))
        if not self.even:
            return
        ends = np.flatnonzero(text[places] == _LINE_END)
        if not len(ends):
            self._separators += len(places)
            return
        counts = np.empty_like(ends)
        counts[0] = ends[0] + self._separators
        counts[1:] = ends[1:] - ends[:-1] - 1
        self._separators = len(places) - int(ends[-1]) - 1
        if not self.rows:
            self.width = int(counts[0])
        self.rows += len(ends)
        self.even = bool((counts == self.width).all())

    def _outside(self, text: np.ndarray, places: np.ndarray, quotes: np.ndarray) -> np.ndarray:
        """Give the separators that stand outside quotes; a quote in the middle of a field ends the fast count."""
        import numpy as np

        opened = int(self._open)
        opening, closing = quotes[opened::2], quotes[1 - opened :: 2]
        before = text[opening[opening > 0] - 1]
        after = text[closing + 1]  # a block ends with a line end, so there is one
        allowed = (self.delimiter, _LINE_END, self.quote)
        self.even = bool(np.isin(before, allowed).all() and np.isin(after, allowed).all())
        inside = (np.searchsorted(quotes, places) + opened) % 2 == 1
        self._open = (len(quotes) + opened) % 2 == 1
        return places[~inside]
