"""Journeys unrolled step by step: who is where at the first, second, third contact."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from problemsolving import draw
from problemsolving.errors import NotEstimableError
from problemsolving.network.in_order import contacts_in_order
from problemsolving.results import Column, FrameResult, Method, Table, Value, number, whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes

END, OTHER = "no further contact", "other agencies"
KEPT = 8  # agencies with a band of their own
WITHHELD = "withheld: too few people, or it guards such a count"
JOINED = "not shown by itself: counted with the other agencies at this contact"


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class UnrolledJourneys(FrameResult):
    """People from contact to contact: ``frame`` has ``at`` (of which contact), ``sender``, ``receiver`` and ``count``.

    ``receiver`` may be the end. ``out`` and ``into`` name contact and agency: how many are there may be known, so that
    no withheld count can be told from it. How many are at an agency is shown as the sum of the counts that leave.
    """

    agencies: tuple[str, ...]
    steps: int
    of: str = "people"

    margins: ClassVar[tuple[tuple[str, ...], ...]] = (("out",), ("into",))

    @property
    def withheld(self) -> bool:
        """Whether a count is withheld."""
        return bool(self.frame["count"].isna().any())

    def flows(self) -> NDArray[np.float64]:
        """People from each agency to each at the next contact, the last column to none: (steps - 1, n, n + 1).

        0 for an agency that is counted with the others at a contact, missing where withheld.
        """
        n = len(self.agencies)
        place = {name: at for at, name in enumerate([*self.agencies, END])}
        dense = np.zeros((self.steps - 1, n, n + 1))
        rows = [self.frame["at"] - 1, self.frame["sender"].map(place), self.frame["receiver"].map(place)]
        dense[tuple(column.to_numpy(int) for column in rows)] = self.frame["count"].to_numpy(float)
        return dense

    def bands(self) -> NDArray[np.float64]:
        """People at each agency by contact, (steps, n), missing where they are counted with the others or withheld.

        Where counts are withheld, those of which is known: at least so many.
        """
        known = self.frame.dropna(subset="count")
        leaving = known.groupby(["at", "sender"])["count"].sum()
        coming = known.assign(at=known["at"] + 1).groupby(["at", "receiver"])["count"].sum()
        return np.array(
            [
                [np.fmax(leaving.get((at, name), np.nan), coming.get((at, name), np.nan)) for name in self.agencies]
                for at in range(1, self.steps + 1)
            ],
            float,
        )

    def values(self) -> list[Value]:
        bands = self.bands()
        least = "some counts are withheld: at least so many" if self.withheld else None
        named = {*self.frame["out"], *self.frame["into"]}
        found = [
            Value(name="people_at", group=f"{name}, contact {at + 1}", estimate=number(bands[at, place]), n=whole(bands[at, place]), unit=self.of, reason=least if number(bands[at, place]) is not None else WITHHELD if f"{at + 1}: {name}" in named else JOINED)
            for at in range(self.steps)
            for place, name in enumerate(self.agencies)
        ]  # fmt: skip
        found += [
            Value(name="people_between", group=f"contact {row.at}, {row.sender} to {row.receiver}", estimate=number(row.n), n=whole(row.n), unit=self.of, reason=WITHHELD if number(row.n) is None else None)
            for row in self.frame.rename(columns={"count": "n"}).itertuples()
        ]  # fmt: skip
        return found

    def table(self) -> Table:
        bands, least = self.bands(), ", at least" if self.withheld else ""
        columns = (Column("Agency"), *(Column(f"Contact {at + 1}{least}", "count") for at in range(self.steps)))
        order = sorted(range(len(self.agencies)), key=lambda at: (self.agencies[at] == OTHER, -np.nansum(bands[:, at])))
        return Table(columns, tuple((self.agencies[at], *map(number, bands[:, at])) for at in order))

    def summary(self) -> str:
        flows = np.nan_to_num(self.flows()[0])
        if not flows.sum():
            return "No step between agencies is common enough to show."
        only = "By the counts that can be shown, " if self.withheld else ""
        total, on = flows.sum(), flows[:, :-1]
        starts = on.sum(axis=1) + flows[:, -1]
        first = int(np.argmax(starts))
        text = f"{only}{on.sum() / total:.0%} of {total:,.0f} {self.of} with a first contact had a second"
        text += f"; most began at {self.agencies[first]} ({starts[first]:,.0f})"
        if not on.any():
            return f"{text}."
        a, b = np.unravel_index(np.argmax(on), on.shape)
        return (
            f"{text}; the commonest next contact was from {self.agencies[a]} to {self.agencies[b]} ({on[a, b]:,.0f})."
        )

    def alt_text(self) -> str:
        return (
            f"Columns for the first {self.steps} contacts; bands for agencies, as high as {self.of} are many, with flows to "
            f"the next column or to no further contact. {self.summary()}"
        )

    def plot(self, *, ax: Axes | None = None) -> Axes | None:
        if not np.nansum(self.flows()):
            return None
        return draw.alluvial(self.agencies, self.bands(), self.flows(), of=self.of, ax=ax)


def unroll_journeys(
    events: pd.DataFrame,
    *,
    case: str = "person_id",
    step: str = "agency",
    time: str = "started_at",
    steps: int = 5,
    least: int | None = None,
    of: str = "people",
) -> UnrolledJourneys:
    """Count people by contact, first to fifth, and from each contact to the next.

    Answers: where do journeys begin, and where do people go first, second and third?

    Parameters
    ----------
    events : pandas.DataFrame
        One row a contact; rows that lack person, agency or time are left out.
    case, step, time : str
        Columns with the person (or case), the agency and the time. Contacts at the same time are put in the order of the
        agencies' names.
    steps : int
        Contacts to show, 2 to 12; fewer where fewer than ``least`` people had so many.
    least : int, optional
        People that an agency needs at a contact to stand by name there, 1 or more; not given: 4 in 100 of all, in tens,
        and 20 at the least. Below, they are counted with the
        other agencies. Where fewer people have no further contact, they are counted there too. How many are at an
        agency, or go no further, is then never small, so that what must be withheld can be.
    of : str
        Who is counted, in the plural.

    Returns
    -------
    UnrolledJourneys
        People at each agency by contact, and between contacts; each person once a contact. The eight agencies with most
        people stand by name, the others together.

    Raises
    ------
    ValueError
        For fewer than two or more than twelve steps, ``least`` below 1, or columns that are not there.
    NotEstimableError
        When no contact has a person, an agency and a time.

    Notes
    -----
    Who comes back to an agency is counted there again at a later contact, so that loops are laid out. Do not use for
    waits, and do not read the last contacts of people whose journeys go on after the end of the data as ends.

    Examples
    --------
    >>> log = pd.DataFrame({"person_id": [1, 1, 2], "agency": ["police", "council", "police"], "started_at": pd.to_datetime(["2024-01-01", "2024-01-03", "2024-01-02"])})
    >>> found = unroll_journeys(log, steps=2, least=1)
    >>> found.agencies, found.bands().tolist()
    (('council', 'police'), [[nan, 2.0], [1.0, nan]])
    """
    missing = [name for name in (case, step, time) if name not in events]
    if missing:
        raise ValueError(f"events lacks columns: {', '.join(missing)}")
    if not 2 <= steps <= 12 or (least is not None and least < 1):
        raise ValueError("steps must lie between 2 and 12, and least be 1 or more")
    ordered = contacts_in_order(events, case=case, step=step, time=time)
    if ordered.empty:
        raise NotEstimableError("no contact has a person, an agency and a time, so no journey can be told")
    tied = float(ordered["tied"].mean())
    early = ordered.assign(at=ordered.groupby("case").cumcount() + 1)[["case", "step", "at"]]
    early["step"] = early["step"].replace({OTHER: f"{OTHER} (so named)", END: f"{END} (so named)"})
    least = max(20, math.ceil(ordered["case"].nunique() / 250) * 10) if least is None else least
    early = _with_few_ends(early, steps, least)
    early = early[early["at"] <= _deepest(early, steps, least)]
    steps = max(2, int(early["at"].max()))
    early = early.assign(step=_named(early, least))
    following = early.groupby("case")["step"].shift(-1).fillna(END)
    pairs = early.assign(receiver=following)[early["at"] < steps].groupby(["at", "step", "receiver"]).size()
    nodes = {at: sorted(rows.unique()) for at, rows in early.groupby("at")["step"]}
    ends = {at for at, _, receiver in pairs.index if receiver == END}
    rows = [
        (at, a, b)
        for at in range(1, steps)
        for a in nodes.get(at, [])
        for b in [*nodes.get(at + 1, []), *([END] if at in ends else [])]
    ]
    frame = pd.DataFrame(rows, columns=["at", "sender", "receiver"])
    frame["count"] = pairs.reindex(pd.MultiIndex.from_tuples(rows)).fillna(0.0).to_numpy(float)
    frame["out"] = [f"{at}: {a}" for at, a, _ in rows]
    frame["into"] = [f"{at + 1}: {b}" for at, _, b in rows]
    agencies = sorted({*early["step"]}, key=lambda name: (name == OTHER, name))
    return UnrolledJourneys(
        method=Method("Journeys unrolled by contact", "", {"contacts": steps}),
        unit=of,
        frame=frame,
        agencies=tuple(agencies),
        steps=steps,
        of=of,
        caveats=_caveats(tied, least if OTHER in agencies else 0),
    )


def _with_few_ends(early: pd.DataFrame, steps: int, least: int) -> pd.DataFrame:
    """Give those whose journeys end where few do a further contact with the others, so that no few ends are told."""
    found = early
    for at in range(1, steps):
        last = found.groupby("case")["at"].max()
        ended = last.index[last == at]
        if 0 < len(ended) < least:
            more = pd.DataFrame({"case": ended, "step": OTHER, "at": at + 1})
            found = pd.concat([found, more], ignore_index=True)
    return found.sort_values(["case", "at"], kind="stable", ignore_index=True)


def _deepest(early: pd.DataFrame, steps: int, least: int) -> int:
    """Give the last contact that enough people had, two at least."""
    people = early["at"].value_counts()
    return max([2, *(at for at in range(2, steps + 1) if people.get(at, 0) >= least)])


def _named(early: pd.DataFrame, least: int) -> pd.Series:
    """Give each contact its agency's name, or that of the others where few people are there at that contact."""
    names = early["step"]
    people = names[names != OTHER].value_counts()
    order = sorted(people.index, key=lambda name: (-people[name], name))
    names = names.where(names.isin(order[:KEPT]), OTHER)
    for at in early["at"].unique():
        here = early["at"] == at
        counts = names[here].value_counts()
        small = [name for name in counts.index if name != OTHER and counts[name] < least]
        total = counts.get(OTHER, 0) + counts[small].sum()
        for name in sorted(set(counts.index) - {OTHER, *small}, key=lambda name: (counts[name], name)):
            if not 0 < total < least:
                break
            small.append(name)
            total += counts[name]
        names = names.mask(here & names.isin(small), OTHER)
    return names


def _caveats(tied: float, least: int) -> tuple[str, ...]:
    told: tuple[str, ...] = ("No further contact means none in the data: a journey may go on after them",)
    if least:
        told += (
            f"Agencies with fewer than {least} people at a contact are counted with the other agencies there, and so are, at "
            "the next contact, people without one where they are as few",
        )
    if not tied:
        return told
    return (*told, f"Up to {math.ceil(tied * 20) * 5} in 100 contacts share their time with another of the same person: put in the order of names")  # fmt: skip
