"""The revolving door: how many people come back within so many days."""

from __future__ import annotations

from typing import Literal

import pandas as pd

from problemsolving.network.pathways.next_contact import find_next, share_within
from problemsolving.network.pathways.ordered import order_events
from problemsolving.network.pathways.watched import WatchedShares


def measure_returns(
    contacts: pd.DataFrame,
    *,
    within_days: float,
    case: str = "person_id",
    step: str = "agency",
    start: str = "started_at",
    end: str | None = None,
    to: Literal["same", "any"] = "same",
    until: pd.Timestamp | str | None = None,
    confidence_level: float = 0.95,
    of: str = "people",
) -> WatchedShares:
    """Measure the share of each agency's people who come back within so many days.

    Answers: how many come back, and where is the door a revolving one?

    Parameters
    ----------
    contacts : pandas.DataFrame
        One row a contact, in any order.
    within_days : float
        Above 0.
    case, step, start : str
        Columns with the person, the agency and the time.
    end : str, optional
        Column with the end of a contact: days then run from the end of the first contact that has ended, else from
        the start of the first.
    to : {"same", "any"}
        Come back to the same agency, or to any.
    until : pandas.Timestamp or str, optional
        When the data end; the last time in them when not given.
    confidence_level : float
        Between 0 and 1.
    of : str
        Who is counted, in the plural.

    Returns
    -------
    WatchedShares
        For each agency the share (0 to 1) of its people, each from their first contact there, by Kaplan and Meier, with
        Wilson's limits on the number of people that Greenwood's variance stands for.

    Raises
    ------
    NetworkError, NotEstimableError
        As `problemsolving.network.pathways.ordered.order_events`.
    ValueError
        For ``within_days`` of 0 or less.

    Notes
    -----
    People whose data end too soon count for as long as they were watched. A return may be wanted (an appointment kept)
    as well as unwanted. Do not use to compare agencies whose contacts differ in kind, or where people leave the data
    because they moved or died.

    References
    ----------
    Kaplan EL, Meier P (1958) Nonparametric estimation from incomplete observations. JASA 53:457.
    doi:10.1080/01621459.1958.10501452
    Rothman KJ (1978) Estimation of confidence limits for the cumulative probability of survival in life table analysis.
    J Chronic Dis 31:557.

    Examples
    --------
    >>> days = pd.to_datetime(["2024-01-01", "2024-01-11", "2024-01-01", "2024-03-01"])
    >>> log = pd.DataFrame({"person_id": [1, 1, 2, 2], "agency": "police", "started_at": days})
    >>> measure_returns(log, within_days=28).estimates()[["group", "count", "estimate"]].values.tolist()
    [['police', 2.0, 0.5]]
    """
    ordered = order_events(contacts, case=case, step=step, start=start, end=end)
    what = "to the agency" if to == "same" else "to any agency"
    return share_within(
        find_next(ordered, to=to, ended=end is not None, until=until),
        ordered.names,
        within_days=within_days,
        turned=False,
        said=f"who came back {what} within {within_days:g} days of a first contact" + (" that ended" if end else ""),
        what="who came back",
        heading="Agency",
        of=of,
        confidence_level=confidence_level,
        caveats=("Not every return is a failure: some are planned",),
    )
