"""One table of people's steps from agency to agency: how often, how many, how long, how shared."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from problemsolving.errors import NotEstimableError
from problemsolving.network.pathways.journey_result import END, NUMBERS, START, TOTALS, JourneyTable, _guarded
from problemsolving.network.pathways.ordered import Floats, Ordered, Ties, about, order_events
from problemsolving.network.pathways.step_bootstrap import resample_steps
from problemsolving.network.pathways.step_counts import Steps, count_ends, count_steps, find_steps, sort_waits
from problemsolving.results import Method
from problemsolving.stats.intervals import normal_quantile


def measure_journeys(
    events: pd.DataFrame,
    *,
    case: str = "person_id",
    step: str = "agency",
    start: str = "started_at",
    end: str | None = None,
    resource: str | None = None,
    target_days: float | None = None,
    ties: Ties = "steps",
    confidence_level: float = 0.95,
    n_resamples: int = 999,
    rng: np.random.Generator | None = None,
    of: str = "people",
) -> JourneyTable:
    """Measure every step from one event of a person (or case) to the next.

    Answers: whom do people meet next, how many of them, and after how long?

    Parameters
    ----------
    events : pandas.DataFrame
        One row an event, in any order. Rows that lack a case, step or start are left out and counted.
    case, step, start : str
        Columns with the person or case, the agency or activity, and the time.
    end : str, optional
        Column with the end of the event: a wait then runs from the end of one to the start of the next, is not known
        where the end is missing, and negative where the next began before. Else it runs from start to start.
    resource : str, optional
        Column with who did it: a step is a hand-over where that changes. Without it, where the step's label changes.
    target_days : float, optional
        Waits up to this many days are within the target.
    ties : {"steps", "rows"}
        Order of events of a case at one time: by name, so that the order of the rows says nothing, or by row.
    confidence_level : float
        Between 0 and 1.
    n_resamples : int
        Draws of whole cases; 0: no intervals but Wilson's.
    rng : numpy.random.Generator, optional
        Source of randomness.
    of : str
        What the cases are, in the plural.

    Returns
    -------
    JourneyTable
        A row a step: times it was made, people who made it, its share of all steps and of all hand-overs (steps that
        change the holder), people with both agencies as a share of all *people*, median and 90th percentile of the
        wait in days, share of known waits within the target with Wilson's limits; and rows for starts and ends.

    Raises
    ------
    NetworkError
        For every column that is missing or holds no times.
    NotEstimableError
        When no event has a case, step and start, or no case has two events.
    ValueError
        For a negative target or number of draws, or a confidence level outside 0 to 1.

    Notes
    -----
    A negative wait is an overlap or a clock that is wrong, not a wait of nought: it is counted and left out of waits.
    The limits of Wilson take each wait as one of its own; ``within_share_boot_low`` and ``_high`` do not. Do not use
    time between contacts as time waited unless the one led to the other: someone may come back for another matter.
    Sharing cases is divided by cases; some tools divide by events and find 5/42 where 5 of 6 cases are shared.

    References
    ----------
    van der Aalst WMP, Reijers HA, Song M (2005) Discovering social networks from event logs. CSCW 14:549.
    doi:10.1007/s10606-005-9005-9
    van der Aalst WMP (2016) Process mining: data science in action, 2nd edition. Springer.

    Examples
    --------
    >>> log = pd.DataFrame({"person_id": [1, 1, 2, 2], "agency": ["police", "council"] * 2, "started_at": pd.to_datetime(["2024-01-01", "2024-01-03", "2024-01-01", "2024-01-07"])})
    >>> found = measure_journeys(log, target_days=3, n_resamples=0).estimates().iloc[0]
    >>> found["group"], found[["events", "people", "median", "within_share"]].astype(float).tolist()
    ('police to council', [2.0, 2.0, 4.0, 0.5])
    """
    normal_quantile(confidence_level)
    if (target_days is not None and target_days < 0) or n_resamples < 0:
        raise ValueError("target_days and n_resamples must be 0 or more")
    ordered = order_events(events, case=case, step=step, start=start, end=end, resource=resource, ties=ties)
    steps = find_steps(ordered)
    if not len(steps.pair):
        raise NotEstimableError("nobody has two events, so that there is no step to measure")
    waits = sort_waits(steps)
    frame = _with_guards(count_steps(ordered, steps, waits, target_days=target_days))
    drawn: Mapping[str, Floats] = {}
    if n_resamples:
        rng = np.random.default_rng() if rng is None else rng
        drawn = resample_steps(ordered, steps, waits, target_days=target_days, n_resamples=n_resamples, rng=rng)
    settings: dict[str, object] = {"ties by": ties, "resamples of cases": n_resamples}
    if target_days is not None:
        settings["target in days"] = target_days
    return JourneyTable(
        method=Method("Directly-follows counts and waits; bootstrap of cases", "van der Aalst 2016", settings),
        unit="days",
        frame=_guarded(_named(frame, ordered, _limits(frame, ordered, drawn, confidence_level))),
        totals=_totals(ordered, steps),
        level=confidence_level,
        target_days=target_days,
        resources=resource is not None,
        of=of,
        caveats=_caveats(ordered, steps),
    )


def _with_guards(counted: pd.DataFrame) -> pd.DataFrame:
    """Add the smallest count that could be told from others, where there is one."""
    timed = counted[["within", "late"]].min(axis=1, skipna=False)
    negative = counted["negative"].where(counted["negative"] > 0, np.inf)
    kept = counted["events"] - counted["handed"]
    return counted.assign(
        least_timed=np.minimum(timed, negative.to_numpy()).where(timed.notna()),
        least_handed=np.minimum(counted["handed"], kept),
    )


def _limits(
    frame: pd.DataFrame, ordered: Ordered, drawn: Mapping[str, Floats], confidence_level: float
) -> dict[str, tuple[Floats, Floats]]:
    """Give the bootstrap limits of each number as multiples of it; ``start`` and ``end`` one a step."""
    if not drawn:
        return {}
    with np.errstate(divide="ignore", invalid="ignore"):
        total, handed = (drawn[name].sum(axis=1, keepdims=True) for name in ("events", "handed"))
        draws = {name: drawn[name] for name in ("events", "people", "median", "p90")} | {
            "share": drawn["events"] / total,
            "share_between": drawn["handed"] / handed,
            "within_share": drawn["within"] / (drawn["within"] + drawn["late"]),
            "joint_share": drawn["joint"] / ordered.cases,
        }
        seen = {name: frame[name].to_numpy(float) for name in ("events", "people", "median", "p90")} | {
            "share": (frame["events"] / frame["events"].sum()).to_numpy(),
            "share_between": (frame["handed"] / frame["handed"].sum()).to_numpy(),
            "within_share": (frame["within"] / (frame["within"] + frame["late"])).to_numpy(),
            "joint_share": (frame["joint"] / ordered.cases).to_numpy(),
        }
        draws |= {name: drawn[name] for name in ("start", "end")}
        seen |= dict(zip(("start", "end"), (count.astype(float) for count in count_ends(ordered)), strict=True))
        return {name: _multiples(draws[name], seen[name], confidence_level) for name in draws}


def _multiples(draws: Floats, seen: Floats, confidence_level: float) -> tuple[Floats, Floats]:
    tail = (1 - confidence_level) / 2
    missing = np.isnan(draws).all(axis=0)
    low, high = np.nanquantile(np.where(missing, 0.0, draws), [tail, 1 - tail], axis=0)
    known = ~missing & (seen > 0)
    return tuple(np.where(known, limit / np.where(known, seen, 1), np.nan) for limit in (low, high))  # type: ignore[return-value]


def _named(frame: pd.DataFrame, ordered: Ordered, limits: Mapping[str, tuple[Floats, Floats]]) -> pd.DataFrame:
    """Put names in the place of codes, and add starts and ends."""
    names = np.array(ordered.names, dtype=object)
    for name in NUMBERS:
        frame[f"{name}_below"], frame[f"{name}_above"] = limits.get(name, (np.nan, np.nan))
    frame = frame.assign(source=names[frame["source"]], target=names[frame["target"]], kind="step")
    parts = [frame]
    for kind, counts in zip(("start", "end"), count_ends(ordered), strict=True):
        below, above = limits.get(kind, (np.full(len(names), np.nan),) * 2)
        some = counts > 0
        ends = pd.DataFrame(
            {"events": counts[some].astype(float), "events_below": below[some], "events_above": above[some]}
        )
        ends["source"], ends["target"] = (START, names[some]) if kind == "start" else (names[some], END)
        parts.append(ends.assign(kind=kind).reindex(columns=frame.columns))
    return pd.concat([part.dropna(axis=1, how="all") for part in parts], ignore_index=True).reindex(
        columns=frame.columns
    )


def _totals(ordered: Ordered, steps: Steps) -> pd.Series:
    counts = (ordered.cases, len(steps.pair), ordered.tied, int((steps.wait < 0).sum()), ordered.left_out)
    return pd.Series(counts, index=list(TOTALS), dtype=float)


def _caveats(ordered: Ordered, steps: Steps) -> tuple[str, ...]:
    """Say what to be careful about; shares to the next ten in a hundred, so that no count can be told."""
    found = ["Time from one contact to the next is time waited only where the one led to the other"]
    tied, negative = ordered.tied / len(steps.pair), float((steps.wait < 0).mean())
    if ordered.tied:
        found.append(f"{about(tied)} of the steps are between events of one time: their order is not known")
    if negative:
        found.append(
            f"{about(negative)} of the steps begin before the last ended (overlaps, or clocks that differ): left out of waits"
        )
    if np.isnan(steps.wait).any():
        found.append(
            f"{about(float(np.isnan(steps.wait).mean()))} of the steps follow an event without an end: their wait is not known"
        )
    if ordered.left_out:
        share = ordered.left_out / (ordered.left_out + len(ordered.case))
        found.append(f"{about(share)} of the events lack a person, an agency or a time and are left out")
    return tuple(found)
