"""Drop-off: how many people got no further after a step."""

from __future__ import annotations

import pandas as pd

from problemsolving.network.pathways.next_contact import find_next, share_within
from problemsolving.network.pathways.ordered import order_events
from problemsolving.network.pathways.watched import WatchedShares


def measure_drop_off(
    contacts: pd.DataFrame,
    *,
    within_days: float,
    case: str = "person_id",
    step: str = "agency",
    start: str = "started_at",
    last_steps: tuple[str, ...] = (),
    until: pd.Timestamp | str | None = None,
    confidence_level: float = 0.95,
    of: str = "people",
) -> WatchedShares:
    """Measure the share of people who got to no other agency within so many days of their first contact with one.

    Answers: after which step do people get no further?

    Parameters
    ----------
    contacts : pandas.DataFrame
        One row a contact, in any order.
    within_days : float
        Days after which a person counts as dropped off, above 0.
    case, step, start : str
        Columns with the person, the agency and the time.
    last_steps : tuple of str
        Agencies where a journey is meant to end: left out.
    until : pandas.Timestamp or str, optional
        When the data end; the last time in them when not given.
    confidence_level : float
        Between 0 and 1.
    of : str
        Who is counted, in the plural.

    Returns
    -------
    WatchedShares
        For each agency the share (0 to 1) of its people without a contact with another agency, by Kaplan and Meier:
        journeys still open at the end of the data are censored, not lost. Limits as in
        `problemsolving.network.pathways.returns.measure_returns`.

    Raises
    ------
    NetworkError, NotEstimableError
        As `problemsolving.network.pathways.ordered.order_events`; also when every agency is one of the last.
    ValueError
        For ``within_days`` of 0 or less.

    Notes
    -----
    Getting no further is no failure where nothing further was needed: name such agencies in ``last_steps``, or look at
    referrals alone. Do not use where an agency that people go on to gives no data.

    References
    ----------
    Kaplan EL, Meier P (1958) Nonparametric estimation from incomplete observations. JASA 53:457.
    doi:10.1080/01621459.1958.10501452

    Examples
    --------
    >>> log = pd.DataFrame({"person_id": [1, 1, 2], "agency": ["police", "council", "police"], "started_at": pd.to_datetime(["2024-01-01", "2024-01-11", "2024-01-01"])})
    >>> measure_drop_off(log, within_days=28, until="2024-06-01").estimates()[["group", "estimate"]].values.tolist()
    [['council', 1.0], ['police', 0.5]]
    """
    ordered = order_events(contacts, case=case, step=step, start=start)
    return share_within(
        find_next(ordered, to="other", ended=False, until=until),
        ordered.names,
        within_days=within_days,
        turned=True,
        said=f"who got to no other agency within {within_days:g} days",
        what="who got no further",
        heading="After",
        of=of,
        confidence_level=confidence_level,
        caveats=("Getting no further is a failure only where something further was needed",),
        without=last_steps,
    )
