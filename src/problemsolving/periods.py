"""Months and periods: half-open inside, both ends named to people."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass

_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])\Z", re.ASCII)


@dataclass(frozen=True, order=True)
class Month:
    """A calendar month.

    >>> str(Month.parse("2021-05").next)
    '2021-06'
    >>> Month(2024, 2).days, str(Month(2024, 1).previous)
    (29, '2023-12')
    """

    year: int
    number: int

    @classmethod
    def parse(cls, text: str) -> Month:
        """Read ``2021-05``; raise ``ValueError`` for anything else."""
        found = _MONTH.match(text)
        if not found or not 1900 <= int(found[1]) <= 2200:
            raise ValueError("not a month; write it as 2021-05")
        return cls(int(found[1]), int(found[2]))

    @property
    def next(self) -> Month:
        return Month(self.year + self.number // 12, self.number % 12 + 1)

    @property
    def previous(self) -> Month:
        return Month(self.year - (self.number == 1), self.number - 1 or 12)

    @property
    def days(self) -> int:
        return calendar.monthrange(self.year, self.number)[1]

    @property
    def first_day(self) -> dt.date:
        return dt.date(self.year, self.number, 1)

    @property
    def in_words(self) -> str:
        return f"{calendar.month_name[self.number]} {self.year}"

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.number:02d}"


@dataclass(frozen=True)
class Period:
    """Whole months from ``start`` to ``end``, both included.

    >>> year = Period(Month(2021, 5), Month(2022, 4))
    >>> str(year), year.days, year.years
    ('2021-05 to 2022-04', 365, 1.0)
    """

    start: Month
    end: Month

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError("a period cannot end before it starts")

    def __iter__(self) -> Iterator[Month]:
        month = self.start
        while month <= self.end:
            yield month
            month = month.next

    def __len__(self) -> int:
        return (self.end.year - self.start.year) * 12 + self.end.number - self.start.number + 1

    def __contains__(self, month: object) -> bool:
        return isinstance(month, Month) and self.start <= month <= self.end

    @property
    def days(self) -> int:
        return (self.end.next.first_day - self.start.first_day).days

    @property
    def years(self) -> float:
        """Length in years, counted in whole months."""
        return len(self) / 12

    @property
    def in_words(self) -> str:
        return f"{self.start.in_words} to {self.end.in_words}"

    def __str__(self) -> str:
        return f"{self.start} to {self.end}"
