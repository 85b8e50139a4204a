"""Small areas of 2011 in data of today: how many rows carry codes that were retired in 2021, and their best fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class BestFit:
    """Area codes carried to 2021, and how.

    Parameters
    ----------
    codes : pandas.Series
        Codes of 2021 with the index of the rows given; what is unknown or missing stays as it was.
    retired : int
        Rows whose code was retired in 2021.
    exact : int
        Those among them whose area became, alone or merged with others, one area of 2021.
    shared : int
        Those whose area was split or cut anew: shared in equal parts among its successors.
    current : int
        Rows whose code exists only since 2021.
    unknown : int
        Rows whose code is of neither year.
    """

    codes: pd.Series
    retired: int
    exact: int
    shared: int
    current: int
    unknown: int

    @property
    def caveat(self) -> str:
        """Say what was done, or nothing where no code was retired."""
        if not self.retired:
            return ""
        split = (
            f"; {self.shared:,} lie in areas that were split and are shared equally among their successors"
            if self.shared
            else ""
        )
        mixed = f"; {self.current:,} rows carry codes made in 2021, so the series mixes both" if self.current else ""
        return f"2011 code, retired in 2021: best-fit lookup used for {self.retired:,} rows{split}{mixed}"


def successors_2021(changes: pd.DataFrame) -> pd.Series:
    """Give each small-area code that was retired in 2021 (index) with the list of codes that took its place.

    ``changes`` is table ``area_change``: ``old_code``, ``new_code``, ``change``.
    """
    old = changes[~changes["old_code"].isin(set(changes["new_code"]))].sort_values(["old_code", "new_code"])
    return old.groupby("old_code")["new_code"].agg(list)


def best_fit_2021(area_codes: pd.Series, changes: pd.DataFrame) -> BestFit:
    """Carry small-area codes of 2011 to 2021.

    Parameters
    ----------
    area_codes : pandas.Series of str
        One code a row; missing where the place is unknown.
    changes : pandas.DataFrame
        Table ``area_change``: ``old_code``, ``new_code``, ``change``.

    Returns
    -------
    BestFit

    Notes
    -----
    Unchanged and merged areas are carried exactly. The rows of an area that was split go to its successors in turn,
    in the order of the rows: each gets an equal part, as its residents do when population is carried, so that a rate
    of the parent is the rate of each successor. Do not use where the difference between successors is the question.

    Examples
    --------
    >>> import pandas as pd
    >>> changes = pd.DataFrame({"old_code": ["A", "A", "B"], "new_code": ["C", "D", "B"], "change": ["S", "S", "U"]})
    >>> found = best_fit_2021(pd.Series(["A", "A", "B", None]), changes)
    >>> found.codes.tolist()[:3], found.retired, found.shared
    (['C', 'D', 'B'], 2, 2)
    """
    new, successors = set(changes["new_code"]), successors_2021(changes)
    numbers = successors.map(len)
    codes = area_codes.copy()
    retired = codes.isin(successors.index)
    found = codes[retired]
    turn = found.groupby(found).cumcount()
    many = found.map(numbers).astype(int)
    codes[retired] = [successors[code][place % n] for code, place, n in zip(found, turn, many, strict=True)]
    made = new - set(changes["old_code"])
    known = retired | area_codes.isin(new | set(changes["old_code"])) | area_codes.isna()
    return BestFit(
        codes=codes,
        retired=int(retired.sum()),
        exact=int((many == 1).sum()),
        shared=int((many > 1).sum()),
        current=int(area_codes.isin(made).sum()),
        unknown=int((~known).sum()),
    )
