"""Times as people write them, found in a text and given one way."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_AROUND = 40  # characters before and after a time of day in which its date stands
_PACKED = re.compile(r"(?<!\d)((?:19|20)\d\d)([01]\d)([0-3]\d) ?([0-2]\d):?([0-5]\d)(?:\d\d)?(?!\d)")
_SECONDS = re.compile(r"(?<![\d.])(1\d{9})(?:\d{3}|\d{6}|\d{9})?(?![\d.])")
_TIME = re.compile(
    r"(?<![\d:.])(?P<hour>\d{1,2})(?::(?P<minute>\d\d)(?::\d\d(?:[.,]\d+)?)?|\.(?P<dotted>\d\d)(?= ?[ap]\.?m))"
    r"(?: ?(?P<half>[ap])\.?m\b\.?)?(?![\d:])",
    re.I,
)
_MONTH = r"(?P<{}>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_DATE = (
    r"(?:(?<!\d)(?P<y0>\d{4})[/.\- ](?P<m0>\d{1,2})[/.\- ](?P<d0>\d{1,2})"
    r"|(?<!\d)(?P<d1>\d{1,2})[/.\-](?P<m1>\d{1,2})[/.\-](?P<y1>\d{4}|\d{2})"
    rf"|(?<!\d)(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?[ \-](?:of )?{_MONTH.format('m2')}[ ,\-]{{1,2}}(?P<y2>\d{{4}}|\d{{2}})"
    rf"|{_MONTH.format('m3')} {{1,2}}(?P<d3>\d{{1,2}})(?:st|nd|rd|th)?,? (?P<y3>\d{{4}}))"
)
_BEFORE = re.compile(rf"{_DATE}(?:,? {{1,2}}(?:at )?|,|t| - )\Z", re.I)
_AFTER = re.compile(rf",? {{1,2}}(?:on )?(?:the )?(?:[a-z]{{3,9}},? )??{_DATE}(?!\d)", re.I)
_DAY_BEFORE = re.compile(rf"{_MONTH.format('month')} {{1,2}}(?P<day>\d{{1,2}}) \Z", re.I)  # as ctime of C writes it
_YEAR_AFTER = re.compile(r" (?:[a-z]{3,4} )?(?P<year>\d{4})(?!\d)", re.I)


def moments_in(text: str) -> set[str]:
    """Give each time of a text that has a date beside it.

    Parameters
    ----------
    text : str
        In plain characters.

    Returns
    -------
    set of str
        As ``2024 06 19 01 57``. A date such as 04/01/2023 is given both ways, day first and month first. Whole
        seconds since 1970 are times too.

    Examples
    --------
    >>> sorted(moments_in("Sat Apr  1 04:25:00 2023, and 1.57am on 19 June 2024"))
    ['2023 04 01 04 25', '2024 06 19 01 57']
    """
    found = {" ".join(packed.groups()) for packed in _PACKED.finditer(text)}
    for number in {seconds[1] for seconds in _SECONDS.finditer(text)}:
        found.add(dt.datetime.fromtimestamp(int(number), tz=dt.UTC).strftime("%Y %m %d %H %M"))
    for time in _TIME.finditer(text):
        clock = _clock(time)
        if clock:
            found |= {f"{day:%Y %m %d} {clock}" for day in _days(text, time.start(), time.end())}
    return found


def _clock(time: re.Match[str]) -> str | None:
    hour, minute, half = int(time["hour"]), int(time["minute"] or time["dotted"]), time["half"]
    if half and 1 <= hour <= 12:
        hour = hour % 12 + (12 if half in "pP" else 0)
    return f"{hour:02} {minute:02}" if hour < 24 and minute < 60 else None


def _days(text: str, start: int, end: int) -> Iterator[dt.date]:
    """Give the dates that stand right before and right after a time of day."""
    before, after = text[max(0, start - _AROUND) : start], text[end : end + _AROUND]
    for dated in (_BEFORE.search(before), _AFTER.match(after)):
        if dated:
            way = next(way for way in range(4) if dated[f"y{way}"])
            year, month, day = dated[f"y{way}"], dated[f"m{way}"], dated[f"d{way}"]
            yield from _day(year, month, day)
            if way == 1 and month != day:
                yield from _day(year, day, month)
    dated, year_after = _DAY_BEFORE.search(before), _YEAR_AFTER.match(after)
    if dated and year_after:
        yield from _day(year_after["year"], dated["month"], dated["day"])


def _day(year: str, month: str, day: str) -> Iterator[dt.date]:
    number = int(month) if month.isdigit() else _MONTHS.index(month.casefold()[:3]) + 1
    try:
        yield dt.date(int(year) + (2000 if len(year) == 2 else 0), number, int(day))
    except ValueError:
        return
