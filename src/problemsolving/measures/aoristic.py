"""Aoristic weights: events known to lie between two times, spread evenly over the hours of the week."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from problemsolving.measures.stamps import read_stamps

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
HOURS = 168  # of a week
_HOUR, _MONDAY = 3_600_000_000, np.datetime64("1970-01-05T00:00:00", "us")  # microseconds; a Monday
_MANY_WEEKS = 20  # from here on one weekday more is less than a twentieth
_AT_ONCE = 20_000  # events spread over their hours at once


@dataclass(frozen=True, kw_only=True, eq=False)
class AoristicWeights:
    """What each hour of the week holds, and what became of the events."""

    weights: NDArray[np.float64]  # shape (7, 24), Monday first; adds up to ``used``
    used: int
    no_begin: int  # left out
    reversed_: int  # the end lies before the beginning: left out
    no_end: int  # taken to have happened at their beginning
    spread: int  # over more than one hour
    whole_week: int  # seven days or longer: spread over all hours alike

    @property
    def given(self) -> int:
        """Events given, used or not."""
        return self.used + self.no_begin + self.reversed_


def aoristic_weights(
    begin: ArrayLike, end: ArrayLike | None = None, *, count: ArrayLike | None = None
) -> AoristicWeights:
    """Spread events evenly between their earliest and latest time, over the 168 hours of the week.

    Answers: at which hours did events happen, as far as their times are known?

    Parameters
    ----------
    begin, end : array_like of datetime, shape (n,)
        Earliest and latest time of each event, local clock times without an offset (`to_local` makes them from UTC).
        A missing end counts as the beginning; without ``end`` all do.
    count : array_like of int, shape (n,), optional
        How many events have these times; one each when not given.

    Returns
    -------
    AoristicWeights
        Weights in events, and counts of those left out: without a beginning, or with an end before it.

    Raises
    ------
    ValueError
        For times that are no dates, have an offset, or differ in number.

    Notes
    -----
    An event from b to e gives each hour the share of e - b that it covers, to the microsecond; one known to the instant
    gives 1 to its hour; one of seven days or more gives 1/168 to each hour.

    Do not use where the beginning is the time of reporting: it tells when people report. On the local clock an event
    that spans the end of summer time can seem to end up to an hour before it began, and is then left out.

    References
    ----------
    Ratcliffe JH, McCullagh MJ (1998) Aoristic crime analysis. Int J Geographical Information Science 12:751.
    doi:10.1080/136588198241644

    Examples
    --------
    >>> found = aoristic_weights(["2024-01-01 01:50"], ["2024-01-01 02:10"])
    >>> found.weights[0, :4].tolist()
    [0.0, 0.5, 0.5, 0.0]
    """
    first = _clock_times(begin, name="begin")
    last = first.copy() if end is None else _clock_times(end, name="end")
    if first.shape != last.shape:
        raise ValueError("begin and end must have one time an event each; missing ones may be empty (NaT)")
    each = np.ones(len(first), np.int64) if count is None else np.asarray(count).astype(np.int64)
    if each.shape != first.shape or (each < 0).any():
        raise ValueError("count must be 0 or more, one for each time")
    no_begin, no_end = np.isnat(first), np.isnat(last)
    last = np.where(no_end, first, last)
    reversed_ = ~no_begin & (last < first)
    used = ~no_begin & ~reversed_
    start = (first[used] - _MONDAY).astype(np.int64)
    span = (last[used] - first[used]).astype(np.int64)
    whole = span >= HOURS * _HOUR
    held = each[used]
    whole_week = int(held[whole].sum())
    weights = np.full(HOURS, whole_week / HOURS)
    start, span, held = start[~whole] % (HOURS * _HOUR), span[~whole], held[~whole]
    several = (start + np.maximum(span, 1) - 1) // _HOUR > start // _HOUR
    weights += np.bincount(start[~several] // _HOUR, weights=held[~several], minlength=HOURS)
    spread = int(held[several].sum())
    start, span, held = start[several], span[several], held[several]
    for low, high in pairwise([*range(0, len(start), _AT_ONCE), len(start)]):
        weights += _spread(start[low:high], span[low:high], held[low:high])
    return AoristicWeights(
        weights=weights.reshape(7, 24),
        used=int(each[used].sum()),
        no_begin=int(each[no_begin].sum()),
        reversed_=int(each[reversed_].sum()),
        no_end=0 if end is None else int(each[no_end & used].sum()),
        spread=spread + whole_week,
        whole_week=whole_week,
    )


def _spread(start: NDArray[np.int64], span: NDArray[np.int64], each: NDArray[np.int64]) -> NDArray[np.float64]:
    """Add up what events shorter than a week give to each hour: one row an event and hour that it touches."""
    stop = start + np.maximum(span, 1)  # an instant lies in its hour
    first = start // _HOUR
    many = (stop - 1) // _HOUR - first + 1
    event = np.repeat(np.arange(len(start)), many)
    hour = np.arange(len(event)) - np.repeat(np.cumsum(many) - many, many) + first[event]
    covered = np.minimum(stop[event], (hour + 1) * _HOUR) - np.maximum(start[event], hour * _HOUR)
    given = covered / (stop - start)[event] * each[event]
    return np.bincount(hour % HOURS, weights=given, minlength=HOURS).astype(float)


def to_local(times_utc: ArrayLike, *, time_zone: str = "Europe/London") -> pd.Series:
    """Turn times in UTC into what the clock on the wall showed.

    Parameters
    ----------
    times_utc : array_like of datetime, shape (n,)
        In UTC without an offset, or with any offset of their own.
    time_zone : str
        Name in the IANA data base.

    Returns
    -------
    pandas.Series of datetime
        Local times without an offset; missing stays missing. At the end of summer time two instants an hour apart show
        the same clock time; at its beginning an hour of the clock is left out.

    Raises
    ------
    ValueError
        For times that are no dates, or a time zone that is not known.

    Examples
    --------
    An hour before and after the clocks go back in London:

    >>> to_local(["2024-10-27 00:30", "2024-10-27 01:30", "2024-07-01 12:00"]).dt.strftime("%H:%M").tolist()
    ['01:30', '01:30', '13:00']
    """
    stamps = read_stamps(times_utc, name="times_utc", utc=True)
    try:
        return stamps.dt.tz_convert(time_zone).dt.tz_localize(None)
    except (KeyError, ValueError, OSError):
        raise ValueError('time_zone is not known; give a name such as "Europe/London"') from None


def at_midnight(times: ArrayLike, *, count: ArrayLike | None = None) -> float:
    """Give the share of times that are exactly 00:00, as systems write it where the time was not known.

    ``count`` is how many events have each time; one when not given.

    >>> at_midnight(["2024-01-01 00:00", "2024-01-01 12:00"])
    0.5
    """
    given = _clock_times(times, name="times")
    each = (~np.isnat(given)).astype(float) * (1 if count is None else np.asarray(count, float))
    midnight = (given - _MONDAY).astype(np.int64) % (24 * _HOUR) == 0
    return float(each[midnight].sum() / each.sum()) if each.sum() else 0.0


def weekdays_unequal(times: ArrayLike) -> bool:
    """Tell whether the days from the first time to the last hold one weekday clearly more often than another.

    >>> weekdays_unequal(["2024-01-01", "2024-01-14"]), weekdays_unequal(["2024-01-01", "2024-01-31"])
    (False, True)
    """
    known = _clock_times(times, name="times")
    known = known[~np.isnat(known)].astype("datetime64[D]")
    days = int((known.max() - known.min()).astype(int)) + 1 if len(known) else 0
    return days % 7 != 0 and days < _MANY_WEEKS * 7


def _clock_times(times: ArrayLike, *, name: str) -> NDArray[np.datetime64]:
    """Give times as microseconds on the clock; NaT where missing."""
    return read_stamps(times, name=name).to_numpy("datetime64[us]")
