"""Contacts in the order in which people had them."""

from __future__ import annotations

from collections.abc import Sequence

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
        ``case``, ``step`` (text), ``time``, ``tied`` (whether another contact of the case has the same time) and what is
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
    frame = pd.DataFrame({"case": known[case], "step": known[step].astype(str), "time": known[time]})
    for name in keep:
        frame[name] = known[name]
    frame = frame.sort_values(["case", "time", "step", *keep], kind="stable", ignore_index=True)
    return frame.assign(tied=frame.duplicated(["case", "time"], keep=False))
