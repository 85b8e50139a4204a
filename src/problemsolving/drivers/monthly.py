"""Monthly series as the methods of time take them: months that follow each other, each with its days."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import pandas as pd

from problemsolving.periods import Month

PARTIAL = "The last month is not complete and was left out"
GAPS = "Months of which some days are missing are taken as events a day over the days there are"


def monthly_frame(counts: Mapping[str, float], days: Mapping[str, int] | None) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Check a monthly series and give it as a frame with what was left out.

    Parameters
    ----------
    counts : mapping of str to float
        Month (``2021-05``) → events, 0 or more, in time order without a gap.
    days : mapping of str to int, optional
        Days of each month that the data cover; the calendar's when not given.

    Returns
    -------
    frame, caveats : pandas.DataFrame, tuple of str
        Columns ``group`` (month), ``count`` and ``days``; a last month that is not whole is not in it.

    Raises
    ------
    ValueError
        For something that is no month, months out of order or left out, counts that are negative or missing, days
        beyond the calendar's, or a series with no complete month.

    Examples
    --------
    >>> frame, caveats = monthly_frame({"2024-01": 4, "2024-02": 2}, days={"2024-01": 31, "2024-02": 11})
    >>> frame["group"].tolist(), caveats
    (['2024-01'], ('The last month is not complete and was left out',))
    """
    months = [Month.parse(str(month)) for month in counts]
    if any(first.next != second for first, second in pairwise(months)):
        raise ValueError("counts must hold months that follow each other; give 0 for a month in which nothing happened")
    if any(not count >= 0 for count in counts.values()):
        raise ValueError("counts must be 0 or more, none missing")
    whole = [month.days for month in months]
    if days is not None and any(str(month) not in days for month in months):
        raise ValueError("days must give the days of every month in counts")
    covered = whole if days is None else [int(days[str(month)]) for month in months]
    if any(not 0 < part <= all_ for part, all_ in zip(covered, whole, strict=True)):
        raise ValueError("days must lie between 1 and the days of the month")
    frame = pd.DataFrame(
        {"group": [str(month) for month in months], "count": [float(n) for n in counts.values()], "days": covered}
    )
    caveats = []
    if months and covered[-1] < whole[-1]:
        frame, caveats = frame.iloc[:-1].copy(), [PARTIAL]
    if frame.empty:
        raise ValueError("counts holds no complete month")
    if any(part < all_ for part, all_ in zip(covered[: len(frame)], whole, strict=False)):
        caveats.append(GAPS)
    return frame, tuple(caveats)


def month_in_words(month: str) -> str:
    """Write a month as people do.

    >>> month_in_words("2024-04")
    'April 2024'
    """
    return Month.parse(month).in_words
