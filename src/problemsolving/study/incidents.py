"""Incidents of a problem: counted by small area and month where they lie, and as rows where a question needs them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from problemsolving.dictionary.mapping import quoted
from problemsolving.dictionary.reading import Reading, query_all
from problemsolving.dictionary.vintage import BestFit, best_fit_2021, successors_2021
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
    def _raw_cells(self) -> pd.DataFrame:
        return query_all(
            self.readings,
            f"select area_code, month, count(*)::double as count from canonical where {_WANTED} "
            "group by area_code, month order by area_code, month",
            self._asked,
        )

    @cached_property
    def _cells(self) -> tuple[pd.DataFrame, BestFit | None]:
        import pandas as pd

        found = self._raw_cells
        if self.changes is None:
            return found, None
        new = set(self.changes["new_code"])
        plain = found["area_code"].isna() | found["area_code"].isin(new & set(self.changes["old_code"]))
        changed = found[~plain]
        rows = changed.loc[changed.index.repeat(changed["count"].astype(int)), ["area_code", "month"]]
        fit = best_fit_2021(rows["area_code"].reset_index(drop=True), self.changes)
        if not fit.retired:
            return found, fit
        carried = rows.assign(area_code=fit.codes.to_numpy(), count=1.0)
        counted = pd.concat([found[plain], carried]).groupby(["area_code", "month"], dropna=False)["count"].sum()
        return counted.reset_index(), fit

    @cached_property
    def cells(self) -> pd.DataFrame:
        """Give ``area_code``, ``month``, ``count`` and ``place``: in area, unplaced or elsewhere."""
        import numpy as np

        found = self._cells[0]
        inside = found["area_code"].isin(self.areas)
        place = np.select([inside, found["area_code"].isna()], ["in area", "unplaced"], "elsewhere")
        return found.assign(place=place)

    @cached_property
    def _codes(self) -> list[tuple[str, str, int, int]]:
        """Codes that the rows carry, the code of the area that they are counted in, and which of how many it is."""
        plain = [(code, code, 0, 1) for code in self.areas]
        if self.changes is None:
            return plain
        retired = successors_2021(self.changes)
        found = retired[retired.index.isin(set(self._raw_cells["area_code"].dropna()))]
        inside = set(self.areas)
        return plain + [
            (old, code, place, len(codes))
            for old, codes in found.items()
            for place, code in enumerate(codes)
            if code in inside
        ]

    def _ask(self, sql: str, *, of: Sequence[str] = (), areas: Mapping[str, str] | None = None) -> pd.DataFrame:
        """Ask the incidents in the area in SQL, under the name ``here``; ``of`` are the columns that it holds.

        Rows of an area that was split go to its successors in turn. ``areas`` names each small area anew.
        """
        codes = self._codes if areas is None else [(was, areas[now], *turn) for was, now, *turn in self._codes]
        named = ", ".join(quoted(name) for name in dict.fromkeys(("area_code", "month", *of)))
        others = ", ".join(f"rows.{quoted(name)}" for name in dict.fromkeys(("month", *of)))
        here = f"select codes.now as area_code, {others} from rows join codes on rows.area_code = codes.was where codes.parts = 1"
        if any(parts > 1 for *_, parts in self._codes):
            turns = f"row_number() over (partition by area_code order by {others}) - 1 as turn"
            here += (
                f" union all select codes.now, {others} from (select rows.*, {turns} from rows where area_code in "
                "(select was from codes where parts > 1)) as rows join codes on rows.area_code = codes.was "
                "and rows.turn % codes.parts = codes.place"
            )
        columns = ("was", "now", "place", "parts")
        unnested = ", ".join(f"unnest(?) as {name}" for name in columns)
        return query_all(
            self.readings,
            f"with codes as (select {unnested}), rows as (select {named} from canonical where {_WANTED}), "
            f"here as ({here}) {sql}",
            [*map(list, zip(*codes, strict=True)), *self._asked],
        )

    def _known(self, columns: Sequence[str]) -> list[str]:
        known = {name for reading in self.readings for name in reading.columns}
        return [name for name in columns if name in known]

    def counted(self, *columns: str, areas: Mapping[str, str] | None = None) -> pd.DataFrame:
        """Give how many incidents in the area share their values of the columns named, as ``count``.

        A row for each set of values found, in order, missing ones among them; columns that no file has are left out.
        ``areas`` gives another name to each small area, such as its district's, for ``area_code``.
        """
        named = self._known(columns)
        keys = "".join(f"{quoted(name)}, " for name in named)
        asked = f"select {keys}count(*)::double as count from here group by all order by all"
        return self._ask(asked, of=named, areas=areas)

    def counts_of(self, column: str) -> tuple[pd.DataFrame, float]:
        """Give ``events`` and ``count``: how many values of an identifier have how many incidents, and incidents without."""
        name = quoted(column)
        found = self._ask(
            f"select events, count(*)::double as count, kept from (select count(*) as events, trim({name}) <> '' as kept, "
            f"{name} from here group by all) group by all order by all",
            of=[column],
        )
        kept = found["kept"].fillna(False).astype(bool)
        return found[kept].drop(columns="kept").reset_index(drop=True), float(
            (found["events"] * found["count"])[~kept].sum()
        )

    def rows(self, *columns: str) -> pd.DataFrame:
        """Give the incidents in the area one by one: ``area_code``, ``month`` and the columns named, in a fixed order.

        Columns that no file has are left out.
        """
        held = self._known(columns)
        return self._ask(f"select {_listed(held)} from here order by all", of=held)

    def draw(self, *columns: str, most: int, of: str = "") -> tuple[pd.DataFrame, bool]:
        """Draw about so many incidents in the area by lot, the same in every run, where there are more.

        Parameters
        ----------
        *columns : str
            Of table ``incident``; columns that no file has are left out.
        most : int
            How many.
        of : str
            A column of identifiers that are drawn instead, with every incident of each; those without one are left out.

        Returns
        -------
        tuple
            Rows as of :meth:`rows`, and whether some were left behind.
        """
        held = self._known(columns)
        key = of or next(iter(self._known(["incident_id"])), "")
        asked, shown = list(dict.fromkeys((*held, *filter(None, [key])))), _listed(held)
        chosen = f"here where {quoted(of)} is not null" if of else "here"
        named = f"count({quoted(key)})" if key else "0"
        total, known = self._ask(f"select count(*) as n, {named} as named from {chosen}", of=asked).iloc[0]
        if total > most:
            lot = quoted(key)
            if known < total:  # rows that are alike in all that is asked are told apart by number
                copies = f"row_number() over (partition by {shown}) as copy"
                chosen, lot = f"(select *, {copies} from {chosen})", f"concat_ws('|', {shown}, copy)"
            below = round(most / total * 2**64)
            chosen = f"(select * from {chosen}) where md5_number_lower({lot}) < {below}::ubigint"
        return self._ask(f"select {shown} from {chosen} order by all", of=asked), bool(total > most)

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


def _listed(columns: Sequence[str]) -> str:
    """SQL that names the columns of a row."""
    return ", ".join(quoted(name) for name in dict.fromkeys(("area_code", "month", *columns)))
