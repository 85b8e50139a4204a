"""What can be wrong with ties between agencies, told all at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from problemsolving.errors import NetworkError, counted, nearest


def stop(faults: Sequence[str], what: str) -> None:
    """Raise for all faults, if there are any."""
    if faults:
        raise NetworkError(f"no network can be built from these {what}", faults=list(dict.fromkeys(faults)))


def column_faults(frame: pd.DataFrame, names: Sequence[str]) -> list[str]:
    """Name columns that are not there, with the nearest that is.

    >>> column_faults(pd.DataFrame(columns=["sender"]), ["sendr"])
    ['no column "sendr"; did you mean "sender"?']
    """
    return [f'no column "{name}"{nearest(name, list(map(str, frame)))}' for name in names if name not in frame]


def agency_faults(agencies: Sequence[str], sectors: Mapping[str, str] | None) -> list[str]:
    """Find agencies that are too few or listed twice, and sectors of agencies that are not listed."""
    names = [str(name) for name in agencies]
    faults = [] if len(set(names)) > 1 else ["agencies: a network needs at least two"]
    faults += [
        f'agencies: "{name}" is listed more than once' for name in sorted({n for n in names if names.count(n) > 1})
    ]
    strangers = sorted({str(name) for name in sectors or {}} - set(names))
    return faults + [f'sectors: "{name}" is not in the list of agencies{nearest(name, names)}' for name in strangers]


def unlisted(frame: pd.DataFrame, columns: Sequence[str], agencies: Sequence[str]) -> list[str]:
    """Name agencies of the rows that are not listed."""
    names = {str(name) for name in agencies}
    found = {str(name) for column in columns if column in frame for name in frame[column].dropna()}
    return [f'"{name}" is not in the list of agencies{nearest(name, names)}' for name in sorted(found - names)]


def duplicate_faults(frame: pd.DataFrame, columns: Sequence[str], *, directed: bool) -> list[str]:
    """Count rows that give a pair once more."""
    if any(column not in frame for column in columns):
        return []
    pairs = frame[list(columns)].dropna().astype(str).to_numpy()
    pairs = pairs if directed else np.sort(pairs, axis=1)
    many = int(pd.DataFrame(pairs).duplicated().sum())
    return [f"{counted(many, 'row')} give a pair that another row gives: keep one"] if many else []


def number_faults(
    frame: pd.DataFrame,
    columns: Sequence[str],
    *,
    scale: tuple[float, float] | None,
    whole: bool = False,
    required: bool = True,
) -> list[str]:
    """Count values that are no numbers, negative, off the scale, or not whole where counts are asked for."""
    faults = []
    for name in [name for name in columns if name in frame]:
        given, values = frame[name], pd.to_numeric(frame[name], errors="coerce")
        rules = {"no number": given.notna() & values.isna(), "negative": values < 0}
        if required:
            rules["missing"] = given.isna()
        if whole:
            rules["not whole"] = (values != values.round()) & values.notna()
        if scale is not None:
            rules[f"off the scale of {scale[0]:g} to {scale[1]:g}"] = (values < scale[0]) | (values > scale[1])
        faults += [f"{name}: {counted(int(hit.sum()), 'row')} {word}" for word, hit in rules.items() if hit.any()]
    return faults


def scale_faults(scale: tuple[float, float] | None, *, inverted: bool) -> list[str]:
    """Find a scale that cannot be turned round."""
    if scale is None:
        return ["scale: give its lowest and highest value, so that it can be turned round"] if inverted else []
    return [] if scale[0] < scale[1] else ["scale: its lowest value must be below its highest"]
