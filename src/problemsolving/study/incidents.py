"""Incidents of a problem: counted by small area and month where they lie, and as rows where a question needs them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from problemsolving.dictionary.mapping import quoted
from problemsolving.dictionary.reading import Reading, query_all
from problemsolving.dictionary.vintage import BestFit, best_fit_2021
from problemsolving.periods import Month

if TYPE_CHECKING:
    import pandas as pd

    from problemsolving.governance.policies import Policy

_WANTED = "category in (select unnest(?)) and month in (select unnest(?))"


@dataclass(frozen=True, eq=False)
class Incidents:
    """The incidents of a problem in the months of its periods; the table itself is never loaded whole.

    Parameters
    ----------
    readings : sequence of Reading
        Every data set of table ``incident``.
    categories, months : tuple of str
        Crime types and months (``2021-05``) of the problem.
    areas : pandas.Index
        Codes of the profile's small areas (2021).
    changes : pandas.DataFrame or None
        Table ``area_change``, by which codes of 2011 are carried.
    """

    readings: Sequence[Reading]
    categories: tuple[str, ...]
    months: tuple[str, ...]
    areas: pd.Index
    changes: pd.DataFrame | None

    @property
    def _asked(self) -> list[object]:
        return [list(self.categories), list(self.months)]

    @cached_property
    def _cells(self) -> tuple[pd.DataFrame, BestFit | None]:
        found = query_all(
            self.readings,
            f"select area_code, month, count(*)::double as count from canonical where {_WANTED} "
            "group by area_code, month order by area_code, month",
            self._asked,
        )
        if self.changes is None:
            return found, None
        rows = found.loc[found.index.repeat(found["count"].astype(int)), ["area_code", "month"]]
        fit = best_fit_2021(rows["area_code"].reset_index(drop=True), self.changes)
        if not fit.retired:
            return found, fit
        carried = rows.assign(area_code=fit.codes.to_numpy())
        counted = carried.groupby(["area_code", "month"], dropna=False).size()
        return counted.rename("count").astype(float).reset_index(), fit

    @cached_property
    def cells(self) -> pd.DataFrame:
        """Give ``area_code``, ``month``, ``count`` and ``place``: in area, unplaced or elsewhere."""
        import numpy as np

        found = self._cells[0]
        inside = found["area_code"].isin(self.areas)
        place = np.select([inside, found["area_code"].isna()], ["in area", "unplaced"], "elsewhere")
        return found.assign(place=place)

    def rows(self, *columns: str) -> pd.DataFrame:
        """Give the incidents in the area one by one: ``area_code``, ``month`` and the columns named, in a fixed order."""
        known = {name for reading in self.readings for name in reading.columns}
        named = ", ".join(quoted(name) for name in ("area_code", "month", *columns) if name in known)
        found = query_all(self.readings, f"select {named} from canonical where {_WANTED}", self._asked)
        if self.changes is not None:
            found["area_code"] = best_fit_2021(found["area_code"], self.changes).codes
        return found[found["area_code"].isin(self.areas)].reset_index(drop=True)

    def series(self) -> dict[str, float]:
        """Give month → incidents in the area over every month of the files, not those of the periods alone.

        Where a month has no row of any kind, the series is what comes after it: a gap is not a month without incidents.
        """
        sums = "where category in (select unnest(?)) group by area_code, month order by area_code, month"
        found = query_all(
            self.readings,
            f"select area_code, month, count(*)::double as count from canonical {sums}",
            [list(self.categories)],
        )
        if self.changes is not None:
            found["area_code"] = best_fit_2021(found["area_code"], self.changes).codes
        inside = found[found["area_code"].isin(self.areas)].groupby("month")["count"].sum()
        delivered = {month for reading in self.readings for month in reading.months}
        months: list[str] = []
        month = Month.parse(max(delivered)) if delivered else None
        while month is not None and str(month) in delivered:
            months.insert(0, str(month))
            month = month.previous
        return {name: float(inside.get(name, 0.0)) for name in months}

    @cached_property
    def days(self) -> dict[str, int]:
        """Give month → days that the files cover, for every month of the files.

        The last month is covered up to the last day on which any incident of any kind is recorded, where the source
        has days and that lies more than a day before the month's end; a source of months alone cannot tell.
        """
        delivered = sorted({month for reading in self.readings for month in reading.months})
        covered = {month: Month.parse(month).days for month in delivered}
        dated = all(reading.source.capabilities.time in ("day", "minute") for reading in self.readings)
        if delivered and dated:
            last = query_all(
                self.readings, "select max(day(occurred_at)) as day from canonical where month = ?", [delivered[-1]]
            )["day"].iloc[0]
            if last == last and last < covered[delivered[-1]] - 1:
                covered[delivered[-1]] = int(last)
        return covered

    @cached_property
    def covered(self) -> frozenset[str]:
        """Codes of every small area with any incident, of any kind and month."""
        found = query_all(self.readings, "select distinct area_code from canonical where area_code is not null")
        return frozenset(found["area_code"])

    def vintage_caveat(self, policy: Policy) -> str:
        """Say how many incidents carried area codes retired in 2021, as the policy lets it be said, or nothing."""
        fit = self._cells[1]
        if fit is None or not fit.retired:
            return ""
        counts = policy.apply([fit.retired, fit.shared, fit.current])
        if counts[0] != counts[0]:
            return "2011 code, retired in 2021: best-fit lookup used for a few rows"
        retired, shared, current = (0 if count != count else int(count) for count in counts)
        return replace(fit, retired=retired, shared=shared, current=current).caveat

    def repeated_identifiers(self, policy: Policy) -> str:
        """Say how many carry an identifier that another of the same month has too, or nothing."""
        if not all("incident_id" in reading.columns for reading in self.readings):
            return ""
        by_month = query_all(
            self.readings,
            "select month, count(*) - count(distinct incident_id) as repeats from canonical "
            f"where {_WANTED} and incident_id is not null group by month having repeats > 0 order by repeats desc, month",
            self._asked,
        )
        if by_month.empty:
            return ""
        shown = policy.apply(by_month["repeats"].to_numpy()[:1])[0]
        often = f", {shown:.0f} of them in {by_month['month'].iloc[0]}" if shown == shown else ""
        total = policy.apply([by_month["repeats"].sum()])[0]
        count = f"{total:,.0f}" if total == total else "A few"
        return f"{count} incidents repeat the identifier of another in the same month{often}; they are counted as delivered"
