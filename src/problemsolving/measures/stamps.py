"""Times as they are given: dates and local date-times, never a guess of which number is the day."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike


def read_stamps(times: ArrayLike, *, name: str, utc: bool = False) -> pd.Series:
    """Give times as a series of date-times; missing stays missing. ``name`` is the argument's.

    Text must be written as ISO 8601 has it (2024-01-31, 2024-01-31 23:59): no other order can be mistaken. With ``utc``
    times may have an offset and are given in UTC; without, they must have none.

    Raises
    ------
    ValueError
        For what is no such time; the message shows none.

    Examples
    --------
    >>> read_stamps(["2024-01-31 23:59", None], name="begin").isna().tolist()
    [False, True]
    """
    given = (
        times
        if isinstance(times, pd.Series)
        else pd.Series(times if isinstance(times, pd.Index) else np.asarray(times))
    )
    wrong = f"{name} must be dates and times, as text written like 2024-01-31 23:59"
    if pd.api.types.is_numeric_dtype(given) and given.notna().any():
        raise ValueError(wrong)
    try:
        stamps = pd.Series(pd.to_datetime(given, utc=utc, format="ISO8601"))
    except (ValueError, TypeError):
        raise ValueError(wrong) from None
    if not pd.api.types.is_datetime64_any_dtype(stamps):
        raise ValueError(wrong)
    if not utc and stamps.dt.tz is not None:
        raise ValueError(f"{name} must be local clock times without an offset; to_local makes them from UTC")
    return stamps
