"""How many contacts people had before the first help."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from problemsolving.errors import NetworkError, NotEstimableError, nearest
from problemsolving.grouped import GroupedResult
from problemsolving.network.pathways.ordered import Floats, order_events
from problemsolving.results import Column, Interval, Kind, Method, Value, number, whole
from problemsolving.stats.intervals import normal_quantile, wilson_limits
from problemsolving.stats.resampling import percentile_interval

NEVER = "no help seen"


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ContactsBefore(GroupedResult):
    """People by contacts before the first help: ``frame`` has ``group``, ``contacts`` (NaN: no help seen), ``count``.

    The last class of those helped holds so many contacts or more. The estimate is the share of those helped.
    """

    margins: ClassVar[tuple[tuple[str, ...], ...]] = ((),)
    value_name: ClassVar[str] = "share_of_helped"
    estimate_kind: ClassVar[Kind] = "percent"

    n_resamples: int = 999
    seed: int = 0

    def _helped(self) -> tuple[Floats, Floats]:
        """Give the contacts of each class of those helped, and how many people are in it."""
        helped = self.frame[self.frame["contacts"].notna()]
        return helped["contacts"].to_numpy(float), helped["count"].to_numpy(float)

    def estimates(self) -> pd.DataFrame:
        """Give ``group``, ``count``, ``estimate`` (share of those helped), and Wilson's limits, one row a class."""
        _, people = self._helped()
        total = np.full(len(people), people.sum() if people.sum() > 0 else np.nan)
        low, high = wilson_limits(people, total, confidence_level=self.level)
        shown = self.frame[self.frame["contacts"].notna()]
        return shown.assign(estimate=people / total, low=low, high=high).reset_index(drop=True)

    def median(self) -> tuple[float, Interval]:
        """Give the median contacts before the first help and its bootstrap interval; missing where a class is withheld.

        A median in the last class is its lowest number: it is so many or more.
        """
        contacts, people = self._helped()
        if not people.sum() > 0:
            return float("nan"), Interval(float("nan"), float("nan"), self.level)
        rng = np.random.default_rng(self.seed)
        drawn = rng.multinomial(round(people.sum()), people / people.sum(), size=self.n_resamples).astype(float)
        limits = percentile_interval(_medians(contacts, drawn), confidence_level=self.level)
        return float(_medians(contacts, people[None, :])[0]), Interval(*limits, self.level)

    def helped(self) -> tuple[float, float, Interval]:
        """Give the people helped, their share of all, and Wilson's interval."""
        _, people = self._helped()
        helped, total = people.sum(), self.frame["count"].sum(skipna=False)
        low, high = wilson_limits(helped, total, confidence_level=self.level)
        return float(helped), float(helped / total), Interval(float(low), float(high), self.level)

    def columns(self) -> dict[str, Column]:
        return {**super().columns(), "estimate": Column(f"Share of {self.of} helped", "percent")}

    def values(self) -> list[Value]:
        middle, limits = self.median()
        people, share, share_limits = self.helped()
        reason = "withheld: too few, or it guards such a count"
        known, shared = number(middle) is not None, number(share) is not None
        median = Value(
            name="median_contacts",
            estimate=number(middle),
            interval=limits if known else None,
            unit="contacts before the first help",
            n=whole(people),
            reason=None if known else reason,
        )
        helped = Value(
            name="helped",
            estimate=number(share),
            interval=share_limits if shared else None,
            unit=f"share of all {self.of}",
            n=whole(people),
            reason=None if shared else reason,
        )
        return [median, helped, *super().values()]

    def summary(self) -> str:
        middle, limits = self.median()
        if number(middle) is None:
            return f"How many contacts {self.of} had before the first help is withheld: a count is too small (fewer classes may leave enough)."
        most = self._helped()[0][-1]
        told, low, high = (f"{at:g}" + (" or more" if at == most else "") for at in (middle, limits.low, limits.high))
        text = f"Before the first help the {self.of} helped had a median of {told} {'contact' if told == '1' else 'contacts'} ({self.level:.0%} interval {low} to {high})"
        _, share, shares = self.helped()
        if number(share) is None:
            return f"{text}."
        return f"{text}. Help was seen for {share:.0%} of all {self.of} with a contact ({shares.low:.0%} to {shares.high:.0%})."

    def alt_text(self) -> str:
        return f"Share of the {self.of} helped by contacts before the first help. {self.summary()}"


def measure_contacts_before(
    contacts: pd.DataFrame,
    *,
    helping: Collection[str],
    case: str = "person_id",
    step: str = "agency",
    start: str = "started_at",
    most: int = 5,
    confidence_level: float = 0.95,
    n_resamples: int = 999,
    rng: np.random.Generator | None = None,
    of: str = "people",
) -> ContactsBefore:
    """Measure how many contacts with any agency people had before the first contact with a helping one.

    Answers: how often do people have to turn up before they get help?

    Parameters
    ----------
    contacts : pandas.DataFrame
        One row a contact, in any order.
    helping : collection of str
        Agencies whose contact is help.
    case, step, start : str
        Columns with the person, the agency and the time.
    most : int
        Contacts from which people are one class, 2 or more. Where few have many, a smaller number leaves more to show.
    confidence_level : float
        Between 0 and 1.
    n_resamples : int
        Draws of people, 1 or more.
    rng : numpy.random.Generator, optional
        Source of randomness.
    of : str
        Who is counted, in the plural.

    Returns
    -------
    ContactsBefore
        People by contacts before (0, 1, 2, ...), shares of those helped, the median with a bootstrap interval, and the
        share of all people for whom help was seen.

    Raises
    ------
    NetworkError
        For a missing column or a helping agency that no contact names.
    NotEstimableError
        When no contact is known, or nobody was helped.
    ValueError
        For ``most`` below 2 or no draws.

    Notes
    -----
    A contact at the very time of the help is not before it. People not helped by the end of the data are in no class:
    the longer the data, the more long ways to help are seen. Do not use as the number of contacts that failed: some of
    them led to the help.

    Examples
    --------
    >>> log = pd.DataFrame({"person_id": [1, 1, 1, 2], "agency": ["police", "police", "clinic", "clinic"], "started_at": pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-01"])})
    >>> found = measure_contacts_before(log, helping=["clinic"], rng=np.random.default_rng(1))
    >>> found.frame["count"].tolist(), found.median()[0]
    ([1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0], 1.0)
    """
    normal_quantile(confidence_level)
    if most < 2 or n_resamples < 1:
        raise ValueError("most must be 2 or more and n_resamples 1 or more")
    ordered = order_events(contacts, case=case, step=step, start=start)
    unknown = sorted(set(map(str, helping)) - set(ordered.names))
    if unknown or not helping:
        faults = [f"{name}: no contact names it{nearest(name, ordered.names)}" for name in unknown]
        raise NetworkError("name at least one helping agency, each as the contacts do", faults=faults)
    codes = [code for code, name in enumerate(ordered.names) if name in set(map(str, helping))]
    begin = np.flatnonzero(ordered.first)
    helps = np.flatnonzero(np.isin(ordered.step, codes))
    who, place = np.unique(ordered.case[helps], return_index=True)
    moment = np.full(ordered.cases, np.iinfo(np.int64).max)
    moment[who] = ordered.begin[helps[place]]
    before = np.add.reduceat((ordered.begin < moment[ordered.case]).astype(np.int64), begin)
    helped = moment[ordered.case[begin]] < np.iinfo(np.int64).max
    if not helped.any():
        raise NotEstimableError("nobody had a contact with a helping agency")
    counts = np.bincount(np.minimum(before[helped], most), minlength=most + 1)
    groups = [*map(str, range(most)), f"{most} or more", NEVER]
    frame = pd.DataFrame(
        {
            "group": groups,
            "contacts": [*map(float, range(most + 1)), np.nan],
            "count": [*counts.astype(float), float((~helped).sum())],
        }
    )
    rng = np.random.default_rng() if rng is None else rng
    return ContactsBefore(
        method=Method("Contacts before the first help; bootstrap of people", "", {"resamples": n_resamples}),
        unit=f"share of {of} helped",
        frame=frame,
        n_resamples=n_resamples,
        seed=int(rng.integers(2**62)),
        level=confidence_level,
        of=of,
        heading="Contacts before the first help",
        caveats=(
            f"{of.capitalize()} for whom no help was seen are in no class and not in the median",
            "Contacts before the data begin are not known",
        ),
    )


def _medians(contacts: Floats, people: Floats) -> Floats:
    """Give the median of each row of counts by class; between two classes, half-way."""
    reached = np.cumsum(people, axis=1)
    half = reached[:, -1:] / 2
    return (contacts[np.argmax(reached >= half, axis=1)] + contacts[np.argmax(reached > half, axis=1)]) / 2
