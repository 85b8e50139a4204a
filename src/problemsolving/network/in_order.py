"""Contacts in the order in which people had them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd


def contacts_in_order(
    contacts: pd.DataFrame, *, case: str, step: str, time: str, keep: Sequence[str] = ()
) -> pd.DataFrame:
    """Put contacts in order of case, time and, at one time, of the steps' names.

    Parameters
    ----------
    contacts : pandas.DataFrame
        One row a contact; rows that lack a case, step or time are left out.
    case, step, time : str
        Columns.
    keep : sequence of str
        Further columns to keep.

    Returns
    -------
    pandas.DataFrame
        ``case`` (numbered in the order of the cases), ``step`` (text), ``time``, ``tied`` (whether another contact of the case has the same time) and what is
        kept. The order of the rows given says nothing.

    Notes
    -----
    Do not use where the order within a day matters and only days are known: the names then decide.

    Examples
    --------
    >>> log = pd.DataFrame({"p": [1, 1], "a": ["y", "x"], "t": pd.to_datetime(["2024-01-01"] * 2)})
    >>> contacts_in_order(log, case="p", step="a", time="t")[["step", "tied"]].values.tolist()
    [['x', True], ['y', True]]
    """
    known = contacts.dropna(subset=[case, step, time])
    cases, _ = pd.factorize(known[case], sort=True)
    codes, labels = pd.factorize(known[step])
    names, ranks = np.unique(np.array([str(label) for label in labels], dtype=object), return_inverse=True)
    steps = ranks[codes] if len(names) else codes
    times = known[time].to_numpy()
    more = [pd.factorize(known[name], sort=True)[0] for name in keep]
    order = np.lexsort((*reversed(more), steps, times, cases))
    frame = pd.DataFrame({"case": cases[order], "step": names[steps[order]], "time": known[time].array[order]})
    for name in keep:
        frame[name] = known[name].array[order]
    same = (frame["case"].to_numpy()[1:] == frame["case"].to_numpy()[:-1]) & (times[order][1:] == times[order][:-1])
    tied = np.zeros(len(frame), bool)
    tied[1:] |= same
    tied[:-1] |= same
    return frame.assign(tied=tied)
