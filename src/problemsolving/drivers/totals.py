"""Demand and other chains of totals: how a change splits into their factors, with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import pandas as pd

from problemsolving.drivers.demand import WHEN, DemandChange, lack
from problemsolving.drivers.draws import count_draws, unit_draws
from problemsolving.drivers.parts import (
    CONTACTS,
    MAGNITUDES,
    MINUTES,
    OPEN,
    PEOPLE,
    RESIDENTS,
    Floats,
    part_names,
    parts_of_totals,
    spread_of,
)
from problemsolving.results import Method, listed

Units = Literal["areas", "people"]
Residents = str | tuple[object, object]


def decompose_demand(
    before: pd.DataFrame,
    after: pd.DataFrame,
    *,
    by: str | None = None,
    unit: str | None = None,
    units: Units = "areas",
    population: Residents = "population",
    people: str = "people",
    contacts: str = "contacts",
    minutes: str = "minutes",
    confidence_level: float = 0.95,
    n_resamples: int = 9_999,
    rng: np.random.Generator | None = None,
) -> DemandChange:
    """Split a change in demand into residents, share in contact, contacts a person and minutes a contact.

    Answers: is there more demand because there are more people, because more of them come, because each comes more
    often, or because each time takes longer?

    Parameters
    ----------
    before, after : pandas.DataFrame
        Counts of two periods of equal length: one row a class, or a unit, or a class within a unit.
    by : str, optional
        Column with the class (age band, agency): factors are then taken class by class, and the make-up of the
        first total by class is a factor of its own.
    unit : str, optional
        Column with the area or person of each row, alike in both periods. They are drawn anew for the intervals. When
        not given, only counts are known: people are then drawn as Poisson, and what each has as gamma.
    units : {"areas", "people"}
        What ``unit`` names. Of people, the rows are those with any contact (a person missing from a period had
        none), each counts one, and ``population`` is given beside the rows.
    population : str or pair
        Column with residents, or the residents before and after: a number each, or a mapping from class to number.
        Leave it out where classes share their residents (agencies of one place).
    people, contacts, minutes : str
        Columns with people in contact, contacts and minutes. What neither frame has is left out, aloud.
    confidence_level : float
        Between 0 and 1.
    n_resamples : int
        Draws.
    rng : numpy.random.Generator, optional
        Source of randomness.

    Returns
    -------
    DemandChange
        Parts that sum to the change exactly, in minutes (or the last total given), with percentile intervals, and the
        share of draws in which each part is the largest.

    Raises
    ------
    ValueError
        For fewer than two totals, a column that one period lacks, a negative or missing value, something counted
        within nothing (contacts without people), or periods without any demand.

    Notes
    -----
    Demand = residents × share in contact × contacts a person × minutes a contact, summed over classes; Das Gupta's
    parts. A part is arithmetic, not a cause: fewer people in contact may be why each has more contacts. The
    draws hold chance differences between units, not a change of recording. Do not use when people are counted
    differently in the two periods.

    References
    ----------
    Das Gupta P (1993) Standardization and decomposition of rates: a user's manual. US Bureau of the Census P23-186.
    Efron B, Tibshirani RJ (1993) An introduction to the bootstrap. Chapman & Hall.

    Examples
    --------
    Half as many people again, each with as many contacts of the same length:

    >>> row = {"population": [1_000], "people": [100], "contacts": [200], "minutes": [4_000]}
    >>> more = {"population": [1_000], "people": [150], "contacts": [300], "minutes": [6_000]}
    >>> result = decompose_demand(pd.DataFrame(row), pd.DataFrame(more), n_resamples=99, rng=np.random.default_rng(1))
    >>> {name: round(part) for name, part in result.parts.items() if part}
    {'share of residents in contact': 2000, 'total change': 2000}
    """
    if unit is None and units == "people":
        raise ValueError("unit must name the column with the person")
    columns = {PEOPLE: people, CONTACTS: contacts, MINUTES: minutes}
    frames = [_with_people(frame, people, contacts) if units == "people" else frame for frame in (before, after)]
    residents: tuple[object, object] | None = None
    if isinstance(population, str):
        columns = {RESIDENTS: population, **columns}
    else:
        residents = population
    used = {name: column for name, column in columns.items() if _both(frames, column)}
    lacking = [name if name != RESIDENTS else "population" for name in columns if name not in used]
    return split_totals(
        *frames,
        totals=used,
        by=by,
        unit=unit,
        poisson=units == "people",
        residents=residents,
        lacking=lacking,
        confidence_level=confidence_level,
        n_resamples=n_resamples,
        rng=rng,
    )


def _with_people(frame: pd.DataFrame, people: str, contacts: str) -> pd.DataFrame:
    if contacts not in frame:
        raise ValueError(f"rows a person need the column {contacts}")
    return frame.assign(**{people: (frame[contacts] > 0).astype(float)})


def _both(frames: Sequence[pd.DataFrame], column: str) -> bool:
    """Whether both periods have a column; it is an error when one alone does."""
    held = [column in frame for frame in frames]
    if any(held) and not all(held):
        raise ValueError(f"only one period has the column {column}; give it for both or for neither")
    return all(held)


def split_totals(
    before: pd.DataFrame,
    after: pd.DataFrame,
    *,
    totals: Mapping[str, str],
    by: str | None = None,
    unit: str | None = None,
    poisson: bool = False,
    residents: tuple[object, object] | None = None,
    lacking: Sequence[str] = (),
    confidence_level: float = 0.95,
    n_resamples: int = 9_999,
    rng: np.random.Generator | None = None,
) -> DemandChange:
    """Split the change of the last of any chain of totals; as `decompose_demand`, with the totals named.

    Parameters
    ----------
    before, after : pandas.DataFrame
        As for `decompose_demand`.
    totals : mapping of str to str
        Name → column of each total, each counted within the one before it.
    poisson : bool
        Units are drawn each by itself, as from a population of which most have nothing.
    residents : pair, optional
        Residents before and after, where no column holds them; they become the first total.
    lacking : sequence of str
        Totals that were not given, for the text.

    Returns
    -------
    DemandChange
    """
    rng = np.random.default_rng() if rng is None else rng
    names = [*([RESIDENTS] if residents is not None else []), *totals]
    if len(names) < 2:
        raise ValueError("give at least two of population, people, contacts and minutes")
    frames = [frame.assign(**{"_class": frame[by].astype(str) if by else "all"}) for frame in (before, after)]
    classes = sorted(set(frames[0]["_class"]) | set(frames[1]["_class"]))
    table = _arrays(frames, list(totals.values()), unit, classes)
    fixed = None if residents is None else np.array([_residents(side, classes, by) for side in residents])
    actual = table.sum(axis=0)
    _check(actual if fixed is None else np.concatenate([fixed[..., None], actual], axis=-1), names)
    if unit is None:
        drawn = count_draws(actual, list(totals), n_resamples=n_resamples, rng=rng)
    else:
        drawn = unit_draws(table, poisson=poisson, n_resamples=n_resamples, rng=rng)
    if fixed is not None:
        wide = np.broadcast_to(fixed[..., None], (*drawn.shape[:-1], 1))
        drawn = np.concatenate([wide, drawn], axis=-1)
    mix = f"make-up of {names[0]} by {by}".replace("_", " ") if len(classes) > 1 else ""
    reach, sure = spread_of(
        parts_of_totals(drawn[:, 0], drawn[:, 1], part_names(names), mix=mix), level=confidence_level
    )
    how = _how(unit, poisson)
    return DemandChange(
        method=Method(f"Das Gupta decomposition; {how}", "Das Gupta 1993", {"draws": n_resamples}),
        unit=names[-1],
        frame=_cells(drawn[0], names, classes),
        reach=reach,
        sure=sure,
        of=names[-1],
        level=confidence_level,
        totals=tuple(names),
        classes=tuple(classes),
        residents=drawn[0][..., 0] if names[0] in OPEN else None,
        means=_means(drawn[0]) if names[-1] in MAGNITUDES else None,
        mix=mix,
        lacking=tuple(lacking),
        caveats=_caveats(unit, lacking, names[-1]),
    )


def _arrays(frames: Sequence[pd.DataFrame], columns: Sequence[str], unit: str | None, classes: Sequence[str]) -> Floats:
    """Lay totals out as units × before and after × classes × totals; a unit that a period lacks had nothing in it."""
    labels = [frame[unit] if unit else pd.Series(0, index=frame.index) for frame in frames]
    if any(label.isna().any() for label in labels):
        raise ValueError("unit has missing values; give every row its area or person")
    units = pd.Index(pd.unique(pd.concat(labels)))
    table = np.zeros((len(units), 2, len(classes), len(columns)))
    for at, (frame, label) in enumerate(zip(frames, labels, strict=True)):
        values = frame[list(columns)].to_numpy(float)
        if np.isnan(values).any() or (values < 0).any():
            raise ValueError(f"the columns {listed(columns)} must hold numbers of 0 or more, none missing")
        np.add.at(table[:, at], (units.get_indexer(label), pd.Index(classes).get_indexer(frame["_class"])), values)
    return table


def _residents(side: object, classes: Sequence[str], by: str | None) -> list[float]:
    if isinstance(side, Mapping | pd.Series):
        known = {str(label): float(value) for label, value in side.items()}
        if set(classes) - set(known):
            raise ValueError(f"population lacks a class of {by}; give residents for each")
        return [known[name] for name in classes]
    if len(classes) > 1:
        raise ValueError(f"population must be given for each class of {by}")
    return [float(side)]  # type: ignore[arg-type]


def _check(actual: Floats, names: Sequence[str]) -> None:
    """Refuse totals that cannot each be counted within the one before."""
    for at in range(1, len(names)):
        if ((actual[..., at - 1] == 0) & (actual[..., at] > 0)).any():
            raise ValueError(f"a class has {names[at]} and no {names[at - 1]}; count both for the same classes")
    if (actual[..., -1].sum(axis=1) == 0).any():
        raise ValueError(f"a period has no {names[-1]} at all; there is nothing to split")


def _means(actual: Floats) -> Floats:
    return np.divide(actual[..., -1], actual[..., -2], out=np.zeros(actual.shape[:-1]), where=actual[..., -2] > 0)


def _cells(actual: Floats, names: Sequence[str], classes: Sequence[str]) -> pd.DataFrame:
    rows = [
        (name, when, group, actual[at, number, place])
        for place, name in enumerate(names)
        if name not in OPEN and name not in MAGNITUDES
        for at, when in enumerate(WHEN)
        for number, group in enumerate(classes)
    ]
    return pd.DataFrame(rows, columns=["measure", "when", "group", "count"])


def _how(unit: str | None, poisson: bool) -> str:
    if unit is None:
        return "counts drawn as Poisson, what each person or contact has as gamma"
    return "Poisson bootstrap of people" if poisson else f"bootstrap of {unit}"


def _caveats(unit: str | None, lacking: Sequence[str], of: str) -> tuple[str, ...]:
    alone = (
        "Only counts were given: the intervals hold chance alone (people come one by one, contacts vary as Poisson, "
        "minutes as widely as their mean) and are too narrow where a few people make many of the contacts"
    )
    return (
        "The split is arithmetic: it says which factor moved, not why",
        *([alone] if unit is None else []),
        *([lack(lacking, of)] if lacking else []),
    )
