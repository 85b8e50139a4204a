"""Codelists: the words the project may use for a thing, as data."""

from __future__ import annotations

import csv
from functools import cache

from problemsolving.errors import DictionaryError, nearest
from problemsolving.resources import resource_path


@cache
def codelist(name: str) -> dict[str, dict[str, str]]:
    """Read a codelist.

    Parameters
    ----------
    name : str
        File name without ``.csv``, for example ``agency-types``.

    Returns
    -------
    dict of str to dict
        Code → row (``label``, ``valid_from``, ``valid_to``, ``source`` and what else it holds).

    Raises
    ------
    DictionaryError
        When there is no such codelist.

    Examples
    --------
    >>> codelist("agency-types")["police"]["label"]
    'Police force'
    """
    folder = resource_path("data_dictionary/codelists")
    known = sorted(path.stem for path in folder.glob("*.csv"))
    if name not in known:
        raise DictionaryError(f'no codelist "{name}"{nearest(name, known)}')
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return {row["code"]: row for row in csv.DictReader(stream)}


def label(name: str, code: str) -> str:
    """Give the label of a code.

    >>> label("districts", "E06000055")
    'Bedford'
    """
    return codelist(name)[code]["label"]
