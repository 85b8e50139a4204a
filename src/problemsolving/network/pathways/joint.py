"""People whom two agencies share, and people handed over and straight back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from problemsolving.grouped import GroupedResult
from problemsolving.network.pathways.ordered import Ordered, Ties, order_events
from problemsolving.network.pathways.step_counts import distinct, visited
from problemsolving.results import Column, Kind, Method
from problemsolving.stats.intervals import normal_quantile, wilson_limits


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class CaseShares(GroupedResult):
    """Cases a pair of agencies, as a share of all cases: ``frame`` has ``group``, ``source``, ``target``, ``count``.

    The last row, without a group, holds all cases.
    """

    value_name: ClassVar[str] = "share_of_cases"
    estimate_kind: ClassVar[Kind] = "percent"

    said: str = "shared"

    def estimates(self) -> pd.DataFrame:
        """Give ``group``, ``count``, ``estimate`` (share of all cases) and Wilson's limits, the largest first."""
        whole = self.frame["group"].isna()
        cases = self.frame.loc[whole, "count"].iloc[0]
        shown = self.frame[~whole & self.frame["count"].notna()]
        cases = np.full(len(shown), cases if cases > 0 else np.nan)
        low, high = wilson_limits(np.minimum(shown["count"], cases), cases, confidence_level=self.level)
        shown = shown.assign(estimate=np.minimum(shown["count"] / cases, 1.0), low=low, high=high)
        return shown.sort_values(["count", "group"], ascending=[False, True], kind="stable").reset_index(drop=True)

    def columns(self) -> dict[str, Column]:
        return {**super().columns(), "estimate": Column(f"Of all {self.of}", "percent")}

    def summary(self) -> str:
        shown = self.estimates().dropna(subset="estimate")
        if shown.empty:
            return f"No two agencies have enough {self.of} {self.said} to be shown."
        top = shown.iloc[0]
        return (
            f"Most {self.of} were {self.said} by {top['group']}: {top['count']:,.0f}, {top['estimate']:.0%} of all "
            f"({self.level:.0%} interval {top['low']:.0%} to {top['high']:.0%})."
        )


def measure_joint_cases(
    events: pd.DataFrame,
    *,
    case: str = "person_id",
    step: str = "agency",
    start: str = "started_at",
    confidence_level: float = 0.95,
    of: str = "people",
) -> CaseShares:
    """Measure which two agencies share how many people.

    Answers: who works with the same people, whether or not one sent them to the other?

    Parameters
    ----------
    events : pandas.DataFrame
        One row an event, in any order.
    case, step, start : str
        Columns with the person or case, the agency or member of staff, and the time.
    confidence_level : float
        Between 0 and 1.
    of : str
        What the cases are, in the plural.

    Returns
    -------
    CaseShares
        For each pair that shares any, cases that had both, as a share of all *cases* with Wilson's limits.

    Raises
    ------
    NetworkError, NotEstimableError
        As `problemsolving.network.pathways.ordered.order_events`.

    Notes
    -----
    Do not use as a sign of working together: two agencies may see one person without knowing of each other.

    References
    ----------
    van der Aalst WMP, Reijers HA, Song M (2005) Discovering social networks from event logs. CSCW 14:549.
    doi:10.1007/s10606-005-9005-9

    Examples
    --------
    >>> log = pd.DataFrame({"person_id": [1, 1, 1, 2], "agency": ["a", "b", "a", "a"], "started_at": pd.Timestamp("2024-01-01")})
    >>> measure_joint_cases(log).estimates()[["group", "count", "estimate"]].values.tolist()
    [['a and b', 1.0, 0.5]]
    """
    ordered = order_events(events, case=case, step=step, start=start)
    seen = visited(ordered)
    both = np.triu((seen.T @ seen).toarray(), k=1)
    return _shares(
        ordered,
        both,
        joined=" and ",
        method=Method("Joint cases, share of cases", "van der Aalst, Reijers & Song 2005"),
        level=confidence_level,
        of=of,
        said="shared",
        caveats=("Two agencies that share people need not know of each other",),
    )


def measure_handed_back(
    events: pd.DataFrame,
    *,
    case: str = "person_id",
    step: str = "agency",
    start: str = "started_at",
    ties: Ties = "steps",
    confidence_level: float = 0.95,
    of: str = "people",
) -> CaseShares:
    """Measure who hands people over and gets them straight back.

    Answers: between which agencies do people bounce?

    Parameters
    ----------
    events, case, step, start, ties, confidence_level, of
        As in `problemsolving.network.pathways.journey_table.measure_journeys`.

    Returns
    -------
    CaseShares
        For each ordered pair, cases in which the first had the case, then the second, then the first again (three
        events in a row), as a share of all cases with Wilson's limits.

    Raises
    ------
    NetworkError, NotEstimableError
        As `problemsolving.network.pathways.ordered.order_events`.

    Notes
    -----
    The literature calls it subcontracting of length 2. Do not use to count bounces of one person: a person who bounced
    five times counts once.

    References
    ----------
    van der Aalst WMP, Reijers HA, Song M (2005) Discovering social networks from event logs. CSCW 14:549.
    doi:10.1007/s10606-005-9005-9

    Examples
    --------
    >>> times = pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03"])
    >>> log = pd.DataFrame({"person_id": 1, "agency": ["a", "b", "a"], "started_at": times})
    >>> measure_handed_back(log).estimates()[["group", "count", "estimate"]].values.tolist()
    [['a to b and back', 1.0, 1.0]]
    """
    ordered = order_events(events, case=case, step=step, start=start, ties=ties)
    code, who, size = ordered.step, ordered.case, len(ordered.names)
    back = (who[2:] == who[:-2]) & (code[2:] == code[:-2]) & (code[1:-1] != code[:-2])
    pair, _ = distinct((code[:-2] * size + code[1:-1])[back], who[2:][back])
    return _shares(
        ordered,
        np.bincount(pair, minlength=size * size).reshape(size, size).astype(float),
        joined=" to ",
        method=Method("Subcontracting of length 2, share of cases", "van der Aalst, Reijers & Song 2005"),
        level=confidence_level,
        of=of,
        said="handed over and back",
        caveats=("A person may come back for another matter",),
    )


def _shares(
    ordered: Ordered,
    counts: NDArray[np.float64],
    *,
    joined: str,
    method: Method,
    level: float,
    of: str,
    said: str,
    caveats: tuple[str, ...],
) -> CaseShares:
    normal_quantile(level)
    source, target = np.nonzero(counts)
    names = ordered.names
    tail = " and back" if joined == " to " else ""
    rows = [
        (f"{names[a]}{joined}{names[b]}{tail}", names[a], names[b], float(counts[a, b]))
        for a, b in zip(source, target, strict=True)
    ]
    frame = pd.DataFrame(
        [*rows, (None, None, None, float(ordered.cases))], columns=["group", "source", "target", "count"]
    )
    return CaseShares(
        method=method,
        unit=f"share of all {of}",
        frame=frame,
        level=level,
        of=of,
        heading="Agencies",
        said=said,
        caveats=caveats,
    )
