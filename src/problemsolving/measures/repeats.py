"""Repeats: how many people or places have how many events, and what chance alone would give."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from problemsolving.errors import NotEstimableError
from problemsolving.measures.persons import known_identifiers
from problemsolving.measures.repeat_shares import RepeatShares
from problemsolving.results import Method
from problemsolving.stats.intervals import normal_quantile


def measure_repeats(
    identifiers: ArrayLike,
    *,
    exposed: int | None = None,
    most: int = 5,
    confidence_level: float = 0.95,
    n_resamples: int = 9_999,
    rng: np.random.Generator | None = None,
    who: str = "people",
    of: str = "incidents",
) -> RepeatShares:
    """Measure how many people (or places) had how many events.

    Answers: how much of it happens to the same people again, and is that more than chance would give?

    Parameters
    ----------
    identifiers : array_like, shape (n,)
        One entry an event: whom it happened to, or where. Missing or blank: not known. Leave out beforehand whatever is
        no person or place at risk, such as police stations.
    exposed : int, optional
        People or places that could have had an event, those without one included.
    most : int
        Events from which people are one class, 2 or more. Where few have many, a smaller number leaves more to show.
    confidence_level : float
        Between 0 and 1.
    n_resamples : int
        Draws of the bootstrap and of chance.
    rng : numpy.random.Generator, optional
        Source of randomness.
    who : str
        Who or what has the events, in the plural.
    of : str
        What is counted, in the plural.

    Returns
    -------
    RepeatShares
        Number of people with 1, 2, 3, 4 and 5 (``most``) or more events (0 too where ``exposed`` is given), their shares of people
        and of events with bootstrap intervals of people, and the share that chance would give them.

    Raises
    ------
    ValueError
        When fewer are exposed than had an event, or ``most`` is below 2.
    NotEstimableError
        When no event has an identifier.

    Notes
    -----
    An event without an identifier is no one's: it is neither dropped as a duplicate nor counted as one more event of
    someone called nobody. The share of events with an identifier stands beside the result; the fewer there are, the
    more repeats are missed.

    Chance is a Poisson number of events for each, at the same rate for all: over the exposed, or, where those without
    an event are not known, over counts of one or more (zero-truncated) with the same mean. The latter has the same share
    of repeats as was seen, whatever it was, so that only how they are spread over the classes can differ from chance.

    Some people are at higher risk all the time and some events make others likelier; a table of counts cannot tell one
    from the other.

    References
    ----------
    Farrell G, Pease K (1993) Once bitten, twice bitten: repeat victimisation and its implications for crime prevention.
    Home Office Crime Prevention Unit Paper 46.
    Tseloni A, Pease K (2003) Repeat personal victimization: "boosts" or "flags"? Br J Criminology 43:196.
    doi:10.1093/bjc/43.1.196

    Examples
    --------
    >>> found = measure_repeats(["a", "a", "a", "b", None, None], rng=np.random.default_rng(1))
    >>> found.frame.set_index("group")["count"].astype(int).tolist(), found.repeat_share()[0]
    ([1, 0, 1, 0, 0], 0.5)
    """
    known = known_identifiers(identifiers)
    events, people = np.unique(known.value_counts().to_numpy(), return_counts=True)
    return repeats_of_counts(
        events,
        people,
        without=int(known.isna().sum()),
        exposed=exposed,
        most=most,
        confidence_level=confidence_level,
        n_resamples=n_resamples,
        rng=rng,
        who=who,
        of=of,
    )


def repeats_of_counts(
    events: ArrayLike,
    people: ArrayLike,
    *,
    without: float = 0,
    exposed: int | None = None,
    most: int = 5,
    confidence_level: float = 0.95,
    n_resamples: int = 9_999,
    rng: np.random.Generator | None = None,
    who: str = "people",
    of: str = "incidents",
) -> RepeatShares:
    """Measure repeats as :func:`measure_repeats` does, from counts instead of identifiers.

    Parameters
    ----------
    events, people : array_like, shape (k,)
        So many people had so many events (1 or more) each.
    without : float
        Events without an identifier.
    exposed, most, confidence_level, n_resamples, rng, who, of
        As in :func:`measure_repeats`, which says what is returned and raised.

    Examples
    --------
    >>> found = repeats_of_counts([1, 3], [1, 1], without=2, rng=np.random.default_rng(1))
    >>> found.frame.set_index("group")["count"].astype(int).tolist(), found.repeat_share()[0], found.identified
    ([1, 0, 1, 0, 0], 0.5, 0.6666666666666666)
    """
    rng = np.random.default_rng() if rng is None else rng
    normal_quantile(confidence_level)
    if most < 2:
        raise ValueError("most must be 2 or more")
    each, number = np.asarray(events, np.int64), np.asarray(people, float)
    if each.shape != number.shape or (each < 1).any() or (number < 0).any() or without < 0:
        raise ValueError("events must be 1 or more, people and without 0 or more, and events as many as people")
    if not number.sum():
        raise NotEstimableError(f"no event has an identifier, so that repeats of {who} cannot be told")
    if exposed is not None and exposed < number.sum():
        raise ValueError("exposed must be at least as many as had an event")
    lowest = np.arange(0 if exposed is not None else 1, most + 1)
    counts = np.bincount(np.minimum(each, most), weights=number, minlength=most + 1)
    if exposed is not None:
        counts[0] = exposed - number.sum()
    many = (each >= most) & (number > 0)
    values, place = np.unique(each[many], return_inverse=True)
    weights = np.bincount(place, weights=number[many], minlength=len(values))
    top = (values.astype(float), weights / weights.sum()) if len(values) else (np.array([float(most)]), np.ones(1))
    identified = float(each @ number)
    chance = "Poisson over the exposed" if exposed is not None else "zero-truncated Poisson with the same mean"
    return RepeatShares(
        method=Method(
            "Shares of people and of events by number of events; bootstrap of people",
            "Farrell & Pease 1993",
            {"chance": chance, "resamples": n_resamples},
        ),
        unit=f"share of {of}",
        frame=pd.DataFrame({"group": _class_names(lowest), "events": lowest, "count": counts[lowest]}),
        top=top,
        identified=identified / (identified + without),
        exposed=exposed is not None,
        who=who,
        n_resamples=n_resamples,
        seed=int(rng.integers(2**62)),
        level=confidence_level,
        of=of,
        heading=f"{of.capitalize()} each",
        caveats=_caveats(exposed is not None, who),
    )


def _class_names(lowest: NDArray[np.int64]) -> list[str]:
    return [*map(str, lowest[:-1]), f"{lowest[-1]} or more"]


def _caveats(exposed: bool, who: str) -> tuple[str, ...]:
    return (
        f"Events without an identifier belong to none of the {who} here",
        "Repeats may come from some being at higher risk all along as well as from one event leading to the next",
        *(
            ()
            if exposed
            else (
                f"{who.capitalize()} without an event are not known: chance is fitted to the same mean, so that it cannot differ in the share of repeats",
            )
        ),
    )
