"""Bands of people: tables of them, the weights of a standard population, and how many people had how many events."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

ALL = "all"  # the group where none is named
_EDGES = [*range(0, 95, 5), np.inf]
_WEIGHTS = (5000, 5500, 5500, 5500, 6000, 6000, 6500, 7000, 7000, 7000, 7000, 6500, 6000, 5500, 5000, 4000, 2500, 1500, 1000)  # fmt: skip
EUROPEAN_STANDARD_POPULATION = {
    (f"{start}-{start + 4}" if start < 90 else "90+"): float(weight)
    for start, weight in zip(_EDGES[:-1], _WEIGHTS, strict=True)
}
_CLOSED = re.compile(r"(?:aged? )?(\d+) ?(?:-|–|to) ?(\d+)")
_OPEN = re.compile(r"(?:aged? )?(\d+) ?(?:\+|plus|and over|or over)")
_FIRST = re.compile(r"(?:aged? )?under (\d+)")


def ages_of(band: str) -> tuple[float, float] | None:
    """Read a label of an age band as ages from the first up to, not including, the second; None for another label.

    >>> ages_of("0-4"), ages_of("85 and over"), ages_of("under 15"), ages_of("north")
    ((0.0, 5.0), (85.0, inf), (0.0, 15.0), None)
    """
    text = band.strip().lower()
    if found := _CLOSED.fullmatch(text):
        return float(found[1]), float(found[2]) + 1
    if found := _OPEN.fullmatch(text):
        return float(found[1]), np.inf
    found = _FIRST.fullmatch(text)
    return (0.0, float(found[1])) if found else None


def european_weights(bands: Sequence[str]) -> np.ndarray:
    """Weights of age bands in the European Standard Population 2013, of 100,000; broader bands get the sum of theirs.

    Parameters
    ----------
    bands : sequence of str
        Labels such as ``"0-4"``, ``"15 to 64"``, ``"under 15"``, ``"85+"``.

    Returns
    -------
    ndarray
        One weight a band.

    Raises
    ------
    ValueError
        For a label that is no age band, bands that do not begin and end at multiples of five up to 90, or bands
        that overlap.

    References
    ----------
    Eurostat (2013) Revision of the European Standard Population. doi:10.2785/11470

    Examples
    --------
    >>> european_weights(["0-14", "15-64", "65+"]).tolist()
    [16000.0, 64500.0, 19500.0]
    """
    ages = [ages_of(band) for band in bands]
    if unread := ages.count(None):
        raise ValueError(f"{unread} of {len(ages)} bands are no age bands; write them as 0-4 or 90+, or give standard=")
    limits = np.array(ages, float).reshape(-1, 2)
    if not np.isin(limits, _EDGES).all() or (limits[:, 0] >= limits[:, 1]).any():
        raise ValueError(
            "an age band does not begin and end where those of the European Standard Population do (at multiples of "
            "five, 90 and over last); use other bands or give standard="
        )
    ordered = limits[np.argsort(limits[:, 0])]
    if (ordered[1:, 0] < ordered[:-1, 1]).any():
        raise ValueError("age bands overlap; use the same bands for every group")
    held = np.concatenate([[0], np.cumsum(_WEIGHTS)]).astype(float)
    first, last = np.searchsorted(_EDGES, limits.T)
    return held[last] - held[first]


def standard_weights(bands: Sequence[str], standard: Mapping[str, float] | None) -> tuple[np.ndarray, float]:
    """Weight of each band in a standard population (the European of 2013 for None), and the share of it they hold.

    >>> weights, share = standard_weights(["young"], {"young": 3, "old": 1})
    >>> weights.tolist(), share
    ([3.0], 0.75)
    """
    if standard is None:
        weights = european_weights(bands)
        return weights, float(weights.sum() / sum(_WEIGHTS))
    if missing := sum(band not in standard for band in bands):
        raise ValueError(f"standard has no weight for {missing} of {len(bands)} bands; add them or join bands")
    every = np.array(list(standard.values()), float)
    weights = np.array([standard[band] for band in bands], float)
    if not np.isfinite(every).all() or (every < 0).any() or weights.sum() <= 0:
        raise ValueError("the weights of standard must be 0 or more, with one above 0 among the bands of the data")
    return weights, float(weights.sum() / every.sum())


def tabulate_repeat_events(
    events: pd.DataFrame, residents: pd.DataFrame, *, by: Sequence[str], person: str = "person_id"
) -> pd.DataFrame:
    """Count the people who had one event, two, three and so on.

    Answers: how many people stand behind the events of each band, and how often was it the same ones?

    Parameters
    ----------
    events : pandas.DataFrame
        One row an event, with the person and the columns of ``by``.
    residents : pandas.DataFrame
        One row a crossing of the columns of ``by`` (band, or band and area), with whatever else it has, such as
        ``population``.
    by : sequence of str
        Columns that both have: the band, and the group where there is one.
    person : str
        Column with who it was, in any form that is the same for the same person.

    Returns
    -------
    pandas.DataFrame
        The rows of ``residents`` once for each number of events that anyone had, with the columns ``events`` and
        ``count`` (people with that many; 0 where nobody had).

    Raises
    ------
    ValueError
        When there are no events, when some name no person or lie in no row of ``residents``, or when rows of
        ``residents`` are alike.

    Notes
    -----
    Someone whose band or area changed between events counts in each of them.

    Examples
    --------
    >>> calls = pd.DataFrame({"person_id": ["a", "a", "b"], "age_band": ["0-4", "0-4", "5-9"]})
    >>> people = pd.DataFrame({"age_band": ["0-4", "5-9"], "population": [100, 200]})
    >>> tabulate_repeat_events(calls, people, by=["age_band"])[["age_band", "events", "count"]].values.tolist()
    [['0-4', 1, 0], ['0-4', 2, 1], ['5-9', 1, 1], ['5-9', 2, 0]]
    """
    keys = list(by)
    if residents.duplicated(keys).any():
        raise ValueError("residents must have one row for each crossing of the columns of by")
    placed = events[keys].merge(residents[keys], how="left", indicator=True)["_merge"].eq("both")
    if events.empty or not placed.all() or events[[*keys, person]].isna().any(axis=None):
        raise ValueError(
            "there are no events, or some have no person or lie in no row of residents; complete them, or leave them "
            "out and say so"
        )
    times = events.groupby([*keys, person], observed=True).size().rename("events").reset_index()
    found = times.groupby([*keys, "events"], observed=True).size().rename("count").reset_index()
    every = residents.merge(pd.DataFrame({"events": np.sort(times["events"].unique())}), how="cross")
    counts = every.merge(found, how="left", on=[*keys, "events"])["count"].fillna(0).astype(int)
    return every.assign(count=counts.to_numpy())


def check_bands(frame: pd.DataFrame, years: float) -> None:
    """Stop for numbers that no table of bands can have."""
    if years <= 0 or frame.empty:
        raise ValueError("years must be above 0 and the table must have rows with a band and a group")
    if (frame[["count", "person_years"]] < 0).any(axis=None):
        raise ValueError("count and population must be 0 or more")
    times = frame["events"].to_numpy()
    if not ((times >= 1) & (times == np.floor(times))).all():
        raise ValueError("events must be whole numbers of 1 or more; leave people without events out")


def add_up(frame: pd.DataFrame) -> pd.DataFrame:
    """Add up rows of the same group and band; a missing part makes the sum missing. Every event is another person's."""
    sums = frame.groupby(["group", "band"], sort=True, as_index=False)[["count", "person_years"]].sum(skipna=False)
    return sums.assign(people=sums["count"], squares=sums["count"])


def tally_repeats(frame: pd.DataFrame) -> pd.DataFrame:
    """Give people, their events and the sum of squares of events a person, by group and band.

    The rows given have so many people (``count``) with so many events each (``events``).
    """
    keys = ["group", "band"]
    if frame.duplicated([*keys, "events"]).any():
        raise ValueError("give one row for each group, band and number of events a person")
    if (frame.groupby(keys)["person_years"].nunique(dropna=False) > 1).any():
        raise ValueError("population must be the same in each row of a group's band: it is that of the band")
    people, times = frame["count"], frame["events"]
    tallied = frame[keys].assign(people=people, count=people * times, squares=people * times**2)
    sums = tallied.groupby(keys, sort=True)[["people", "count", "squares"]].sum(skipna=False)
    return sums.assign(person_years=frame.groupby(keys)["person_years"].first()).reset_index()


def complete(frame: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Give each group a row for every band, mark which had a count, and take 0 residents for none."""
    every = pd.MultiIndex.from_product([sorted(frame["group"].unique()), names], names=["group", "band"])
    full = every.to_frame(index=False).merge(frame, how="left", on=["group", "band"])
    person_years = full["person_years"].where(full["person_years"] > 0)
    return full.assign(person_years=person_years, given=full["count"].notna())
