"""The last look at what leaves: every byte is searched for the run's own persons and for identifiers of any."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from operator import add
from typing import TYPE_CHECKING, Any

from problemsolving.dictionary.codelists import codelist
from problemsolving.dictionary.schema import TableField, names, table
from problemsolving.governance.coordinates import DENSE, Places, collect_places
from problemsolving.governance.moments import moments_in
from problemsolving.governance.unwrap import texts_of
from problemsolving.identifiers import find_identifiers, plain
from problemsolving.results import listed

if TYPE_CHECKING:
    import pandas as pd

    from problemsolving.dictionary.reading import Reading

SHORTEST = 5  # letters and digits: shorter values stand in any page
SHORTEST_NUMBER = 7  # digits alone: shorter ones are counts
ANYWHERE = 8  # values this long are found inside longer words too
SHORTEST_PLACE = 8  # characters of a place in words
LOCAL = "Europe/London"  # times are kept in UTC and may be written in local time
MANY = 50  # distinct values from which a field of places in words tells places apart
DECIMALS = 4  # of a coordinate: about ten metres
SHORTEST_SPLIT = 7  # letters and digits of a value that is found in pieces: P-0002898
PIECES = 4  # of it, at most
LATITUDE = 10  # degrees: rounded, a smaller number is any ratio; a pair of coordinates holds its latitude too
WINDOW = 6  # words of free text that nobody writes twice by chance
_WORD = re.compile(r"[^\W_]+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_MISSING = {
    "unknown", "missing", "not known", "not recorded", "not stated", "not available", "not applicable", "none", "null",
    "withheld", "redacted", "no location", "no fixed abode",
}  # fmt: skip


@dataclass(frozen=True)
class SensitiveValues:
    """What a run knows of persons, made searchable: kept in memory alone, never written, never shown.

    ``groups``: number of words → value as its words → the field that holds it. ``fields`` are searched,
    ``not_searched`` says which are not and why.
    """

    groups: Mapping[int, Mapping[str, str]] = field(default_factory=dict, repr=False)
    fields: tuple[str, ...] = ()
    not_searched: Mapping[str, str] = field(default_factory=dict)
    places: Places = field(default_factory=Places, repr=False)

    def __len__(self) -> int:
        return sum(len(group) for group in self.groups.values())

    @cached_property
    def _firsts(self) -> dict[int, set[str]]:
        return {size: {value.partition(" ")[0] for value in group} for size, group in self.groups.items() if size > 1}

    @cached_property
    def _lengths(self) -> list[int]:
        """Lengths of the single words that are looked for inside longer words."""
        return sorted({len(value) for value in self.groups.get(1, ()) if len(value) >= ANYWHERE})

    @cached_property
    def _joined(self) -> dict[str, str]:
        """Values of several words written as one; those of digits alone would be found in any row of numbers."""
        several = ((value.replace(" ", ""), place) for size, group in self.groups.items() if 1 < size <= PIECES
                   for value, place in group.items())  # fmt: skip
        return {value: place for value, place in several if _can_be_split(value)}

    def found_in(self, text: str) -> set[str]:
        """Give the fields, as ``table.field``, of which a value stands in a text; never the value."""
        words = _words_of(text)
        distinct = set(words)
        singles = self.groups.get(1, {})
        found = {singles[word] for word in distinct & singles.keys()}
        found |= {"latitude and longitude"} if self.places.stand_in(text) else set()
        found |= self._in_pieces(words, distinct)
        if self._lengths:
            for word in distinct:
                found |= self._inside(word, singles)
        for size, firsts in self._firsts.items():
            group = self.groups[size]
            if distinct.isdisjoint(firsts):
                continue
            for place, word in enumerate(words):
                if word in firsts and (value := " ".join(words[place : place + size])) in group:
                    found.add(group[value])
        return found

    def _in_pieces(self, words: list[str], distinct: set[str]) -> set[str]:
        """Give the fields of values that neighbouring words make together, and of several words written as one."""
        singles, joined = self.groups.get(1, {}), self._joined
        found = {joined[word] for word in distinct & joined.keys()}
        runs = words
        for pieces in range(2, PIECES + 1):
            runs = list(map(add, runs, words[pieces - 1 :]))
            several = set(runs)
            found |= {singles[run] for run in several & singles.keys() if _can_be_split(run)}
            found |= {joined[run] for run in several & joined.keys()}
        return found

    def _inside(self, word: str, singles: Mapping[str, str]) -> set[str]:
        """Give the fields of long values inside a longer word; numbers inside numbers are chance and do not count."""
        if len(word) <= self._lengths[0] or word.isdigit():
            return set()
        pieces = (
            word[start : start + length]
            for length in self._lengths
            if length < len(word)
            for start in range(len(word) - length + 1)
        )
        return {singles[piece] for piece in pieces if piece in singles and not piece.isdigit()}


def collect_values(readings: Iterable[Reading], *, of: Callable[[Reading], bool] = lambda _: True) -> SensitiveValues:
    """Collect what a run knows of persons, from its canonical tables.

    Parameters
    ----------
    readings : iterable of Reading
        Every data set of the run: those that are open tell which words are no secret.
    of : callable
        Tells whether a data set is about persons or events. All are when not given.

    Returns
    -------
    SensitiveValues
        Every distinct value of fields with sensitivity ``identifier``; of ``free text``, every run of six words;
        of ``quasi`` fields what nearly tells one case from all others: times to the minute (in UTC and as clocks in
        the United Kingdom show), coordinates of four
        decimals or more (latitudes also rounded to four; where there are more than 20,000 different ones, pairs of
        latitude and longitude instead), places in words of eight characters or more. Not searched, because they stand in any
        page: values of fewer than five letters and digits, numbers of fewer than seven digits, midnight (which
        stands for a day), categories, and values that an open field or a codelist holds too.
    """
    readings = list(readings)
    known = _open_words(readings)
    groups: dict[int, dict[str, str]] = {}
    searched: dict[str, None] = {}
    left: dict[str, str] = {}
    for reading in filter(of, readings):
        schema = table(reading.source.table)
        for column in schema.fields:
            if column.name not in reading.columns or column.sensitivity == "open":
                continue
            place = f"{schema.name}.{column.name}"
            texts = _texts(column, reading.different(column.name))
            if isinstance(texts, str):
                left[place] = texts
                continue
            searched[place] = None
            for size, found in _pieces(texts, free=column.sensitivity == "free text").items():
                groups[size] = dict.fromkeys(found - known, place) | groups.get(size, {})
    dense = [
        reading
        for reading in filter(of, readings)
        if left.keys() & {f"{reading.source.table}.{name}" for name in ("latitude", "longitude")}
    ]
    return SensitiveValues(groups, tuple(searched), left, collect_places(dense))


def scan_release(parts: Mapping[str, str | bytes], values: SensitiveValues) -> list[str]:
    """Search everything that is about to leave.

    Parameters
    ----------
    parts : mapping of str to str or bytes
        Place (a file name, or the notebook and cell that a piece comes from) → content. The names are searched too.
    values : SensitiveValues
        Of the run.

    Returns
    -------
    list of str
        One fault a part: the place, and what kinds of identifier or values of which fields it holds; never a value.
        Empty when the release may leave.
    """
    faults = []
    clean: set[int] = set()
    for number, (place, content) in enumerate(parts.items(), 1):
        if _found([place], values, set()):
            faults.append(f"the name of part {number} tells of a person; rename it")
            place = f"part {number}"
        found = _found(texts_of(content), values, clean)
        if found:
            faults.append(f"{place}: holds {listed(found)}")
    return faults


def _found(texts: Iterable[str], values: SensitiveValues, clean: set[int]) -> list[str]:
    """Say what a part holds; texts known to be clean (a picture that stands in a finding and the page) are skipped."""
    kinds: set[str] = set()
    fields: set[str] = set()
    for text in texts:
        if hash(text) in clean:
            continue
        here = {found.kind for found in find_identifiers(text)}, values.found_in(text)
        kinds |= here[0]
        fields |= here[1]
        if not any(here):
            clean.add(hash(text))
    return [f"what looks like a {kind}" for kind in sorted(kinds)] + [f"a value of {name}" for name in sorted(fields)]


def _can_be_split(value: str) -> bool:
    """Tell whether a value in pieces is still no chance: long enough, of letters and digits both."""
    return len(value) >= SHORTEST_SPLIT and not value.isdigit() and not value.isalpha()


def _words_of(text: str) -> list[str]:
    """Give a text as plain words in small letters, times and decimals written one way."""
    text = _one_way(plain(text))
    if _CAMEL.search(text):
        split = {word for word in _WORD.findall(text) if _CAMEL.search(word)}
        text = "\n".join([text, *(_CAMEL.sub(" ", word) for word in sorted(split))])
    return _WORD.findall(text.casefold())


_T = re.compile(r"(?<=\d)[Tt](?=\d\d)")
_ZEROS = re.compile(r"(\.\d*?[1-9])0+(?!\d)")


def _one_way(text: str) -> str:
    """Add each time written otherwise as year, month, day, hour, minute; drop the zeros that end a decimal."""
    if not any(letter.isdigit() for letter in text[:64]) and not re.search(r"\d\d", text):
        return text
    text = _ZEROS.sub(r"\1", _T.sub(" ", text))
    told = moments_in(text)
    return "\n".join([text, *sorted(told)]) if told else text


def _texts(column: TableField, series: pd.Series) -> Iterable[str] | str:
    """Give the distinct values of a field as text, or the reason why they are not searched."""
    import numpy as np
    import pandas as pd

    distinct = series.dropna().unique()
    if pd.api.types.is_datetime64_any_dtype(series.dtype):
        times = pd.DatetimeIndex(distinct)
        times = times.tz_localize("UTC") if times.tz is None else times.tz_convert("UTC")
        times = times[(times.hour != 0) | (times.minute != 0)]
        local = times.tz_convert(LOCAL)
        both = [times, local[(local.hour != 0) | (local.minute != 0)]]
        written = (np.datetime_as_string(each.tz_localize(None).to_numpy(), unit="m").tolist() for each in both)
        return [text.replace("T", " ") for text in {text for texts in written for text in texts}]
    if column.sensitivity in ("identifier", "free text"):
        return [text for text in map(_as_text, distinct) if text.casefold().strip() not in _MISSING]
    if column.sensitivity != "quasi":
        return "a category: many share each value"
    if pd.api.types.is_float_dtype(series.dtype):
        numbers = [float(number) for number in distinct]
        rounded = (repr(round(number, DECIMALS)) for number in numbers if abs(number) >= LATITUDE)
        texts = {*map(repr, numbers), *rounded}
        if len(texts) > DENSE:
            return "so many different values that numbers of any page are among them: pairs of coordinates are searched"
        return [text for text in texts if len(text.partition(".")[2]) >= DECIMALS]
    if column.codelist or column.constraints.enum or not pd.api.types.is_string_dtype(series.dtype):
        return "a category or a whole number: many share each value"
    if len(distinct) <= MANY:
        return f"no more than {MANY} distinct values: many share each"
    return [text for text in map(str, distinct) if len(text) >= SHORTEST_PLACE]


def _as_text(value: Any) -> str:
    return f"{value:.0f}" if isinstance(value, float) and value.is_integer() else str(value)


def _pieces(texts: Iterable[str], *, free: bool) -> dict[int, set[str]]:
    """Give what to search of the values of a field, by number of words; nothing of a value too short."""
    pieces: dict[int, set[str]] = {}
    for text in texts:
        ready = text.isascii() and text.isalnum()
        words = [text.casefold()] if ready else _WORD.findall(_ZEROS.sub(r"\1", plain(text)).casefold())
        if free and len(words) > WINDOW:
            whole = {" ".join(words[at : at + WINDOW]) for at in range(len(words) - WINDOW + 1)}
            pieces.setdefault(WINDOW, set()).update(whole)
            continue
        shortest = SHORTEST_NUMBER if len(words) == 1 and words[0].isdigit() else SHORTEST
        if sum(map(len, words)) >= shortest and not (free and len(words) < 3):
            pieces.setdefault(len(words), set()).add(" ".join(words))
    return pieces


def _open_words(readings: Iterable[Reading]) -> set[str]:
    """Give every value that an open field or a codelist holds: codes of areas, agencies and crime types."""
    texts: set[str] = set()
    for name in names("codelists"):
        for code, row in codelist(name).items():
            texts |= {code, row.get("label", "")}
    for reading in readings:
        for column in table(reading.source.table).fields:
            if column.sensitivity == "open" and column.type == "string" and column.name in reading.columns:
                texts |= set(reading.different(column.name).dropna().astype(str))
    return {" ".join(_words_of(text)) for text in texts}
