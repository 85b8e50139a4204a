"""Which agency follows which in the order in which people meet them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd

from problemsolving import draw
from problemsolving.network.pathways.ordered import about
from problemsolving.results import Column, Method, Result, Table, Value, grouped_values, number, whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def directly_follows(
    contacts: pd.DataFrame, *, case: str = "person_id", step: str = "agency", time: str = "started_at"
) -> pd.DataFrame:
    """Which step follows which, over each case's contacts in order of time.

    Parameters
    ----------
    contacts : pandas.DataFrame
        One row a contact.
    case, step, time : str
        Columns with the person (or case), the step and the time; rows that lack one are left out.

    Returns
    -------
    pandas.DataFrame
        ``before``, ``after``, ``count`` (events), ``cases`` and ``median_days``; ties in time keep the order
        of the rows.

    Examples
    --------
    >>> log = pd.DataFrame({"person_id": [1, 1], "agency": ["police", "council"], "started_at": pd.to_datetime(["2024-01-01", "2024-01-03"])})
    >>> directly_follows(log).to_dict("records")
    [{'before': 'police', 'after': 'council', 'count': 1, 'cases': 1, 'median_days': 2.0}]
    """
    ordered = contacts.dropna(subset=[case, step, time]).sort_values([case, time], kind="stable")
    same = ordered[case].to_numpy()[1:] == ordered[case].to_numpy()[:-1]
    gap = np.diff(ordered[time].to_numpy().astype("datetime64[ns]")).astype("timedelta64[ns]").astype(float) / 86_400e9
    pairs = pd.DataFrame(
        {
            "before": ordered[step].to_numpy()[:-1],
            "after": ordered[step].to_numpy()[1:],
            "case": ordered[case].to_numpy()[1:],
            "gap": gap,
        }
    )[same]
    found = pairs.groupby(["before", "after"], sort=True).agg(
        count=("gap", "size"), cases=("case", "nunique"), median_days=("gap", "median")
    )
    return found.reset_index()


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Journeys(Result):
    """Which agency follows which: ``frame`` has ``group``, ``count`` (contacts), ``cases`` (people), ``median_days``."""

    frame: pd.DataFrame

    def values(self) -> list[Value]:
        return grouped_values(self.frame, "count", unit=self.unit)

    def table(self) -> Table:
        columns = (
            Column("From one contact to the next"),
            Column("Times", "count"),
            Column("People", "count"),
            Column("Median days between", "number"),
        )
        return Table(
            columns,
            tuple(
                (r.group, whole(r.n), whole(r.cases), number(r.median_days) if number(r.cases) else None)
                for r in self.frame.rename(columns={"count": "n"}).itertuples()
            ),
        )

    def summary(self) -> str:
        known = self.frame.dropna(subset="count")
        if known.empty:
            return "No step between agencies is common enough to show."
        top = known.iloc[0]
        days = f"{top['median_days']:,.0f} {'day' if top['median_days'] == 1 else 'days'}"
        return f"The commonest next contact was {top['group']} ({top['count']:,.0f} times), a median of {days} apart."

    def plot(self, *, ax: Axes | None = None) -> Axes:
        shown = self.frame.head(12)
        return draw.bars(shown["group"].tolist(), shown["count"], quantity="contacts that follow", ax=ax)

    def cells(self) -> pd.DataFrame:
        return pd.concat(
            [
                self.frame[["group", part]].set_axis(["group", "count"], axis=1).assign(part=part)
                for part in ("count", "cases")
            ],
            ignore_index=True,
        )

    def rebuild(self, cells: pd.DataFrame) -> Self:
        parts = {part: rows["count"].to_numpy(float) for part, rows in cells.groupby("part")}
        frame = self.frame.assign(**parts).dropna(subset=["count", "cases"])
        frame = frame.sort_values(["count", "group"], ascending=[False, True], kind="stable")
        return replace(self, frame=frame.reset_index(drop=True))


def map_journeys(
    contacts: pd.DataFrame, *, case: str = "person_id", step: str = "agency", time: str = "started_at", top: int = 15
) -> Journeys:
    """Show the commonest next steps of people's journeys between agencies.

    Parameters
    ----------
    contacts : pandas.DataFrame
        One row a contact.
    case, step, time : str
        Columns with the person, the agency and the time.
    top : int
        Steps kept, the commonest first.

    Returns
    -------
    Journeys
        Contacts and people a step, and the median days between.
    """
    found = directly_follows(contacts, case=case, step=step, time=time)
    found = found.sort_values(["count", "before", "after"], ascending=[False, True, True], kind="stable").head(top)
    frame = pd.DataFrame(
        {
            "group": found["before"].astype(str) + " then " + found["after"].astype(str),
            "count": found["count"].astype(float),
            "cases": found["cases"].astype(float),
            "median_days": found["median_days"].round(),
        }
    ).reset_index(drop=True)
    tied = contacts.dropna(subset=[case, step, time]).duplicated([case, time], keep=False)
    order = f"{about(float(tied.mean()))} contacts share their time with another of the person: put in the order of the rows"
    return Journeys(
        method=Method("Directly-follows counts", "van der Aalst 2016"),
        unit="contacts",
        frame=frame,
        caveats=(
            f"The {len(frame)} commonest steps are shown",
            "Time between contacts is not time waited",
            *([order] if tied.any() else []),
        ),
    )
