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
KEPT = 7  # agencies with a band of their own
WITHHELD = "withheld: too few people, or it guards such a count"


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
        """People from each agency to each at the next contact, the last column to none: (steps - 1, n, n + 1)."""
        n = len(self.agencies)
        return self.frame["count"].to_numpy(float).reshape(self.steps - 1, n, n + 1)

    def bands(self) -> NDArray[np.float64]:
        """People at each agency by contact, (steps, n); where counts are withheld, those of which is known: at least."""
        known = np.nan_to_num(self.flows())
        bands = np.zeros((self.steps, len(self.agencies)))
        bands[:-1] = known.sum(axis=2)
        bands[1:] = np.maximum(bands[1:], known.sum(axis=1)[:, :-1])
        told = np.isfinite(self.flows())
        shown = np.zeros(bands.shape, bool)
        shown[:-1] = told.any(axis=2)
        shown[1:] |= np.asarray(told.any(axis=1))[:, :-1]
        return np.where(shown, bands, np.nan)

    def values(self) -> list[Value]:
        bands = self.bands()
        least = "some counts are withheld: at least so many" if self.withheld else None
        found = [
            Value(name="people_at", group=f"{name}, contact {at + 1}", estimate=number(bands[at, place]), n=whole(bands[at, place]), unit=self.of, reason=least if number(bands[at, place]) is not None else WITHHELD)
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
        Contacts to show, 2 to 12.
    of : str
        Who is counted, in the plural.

    Returns
    -------
    UnrolledJourneys
        People at each agency by contact, and between contacts; each person once a contact. The seven agencies with most
        people stand by name, the others together.

    Raises
    ------
    ValueError
        For fewer than two or more than twelve steps, or columns that are not there.
    NotEstimableError
        When no contact has a person, an agency and a time.

    Notes
    -----
    Who comes back to an agency is counted there again at a later contact, so that loops are laid out. Do not use for
    waits, and do not read the last contacts of people whose journeys go on after the end of the data as ends.

    Examples
    --------
    >>> log = pd.DataFrame({"person_id": [1, 1, 2], "agency": ["police", "council", "police"], "started_at": pd.to_datetime(["2024-01-01", "2024-01-03", "2024-01-02"])})
    >>> unroll_journeys(log, steps=2).bands().tolist()
    [[0.0, 2.0], [1.0, 0.0]]
    """
    missing = [name for name in (case, step, time) if name not in events]
    if missing:
        raise ValueError(f"events lacks columns: {', '.join(missing)}")
    if not 2 <= steps <= 12:
        raise ValueError("steps must lie between 2 and 12")
    ordered = contacts_in_order(events, case=case, step=step, time=time)
    if ordered.empty:
        raise NotEstimableError("no contact has a person, an agency and a time, so no journey can be told")
    tied = float(ordered["tied"].mean())
    ordered = ordered.assign(
        at=ordered.groupby("case").cumcount() + 1, step=ordered["step"].replace(OTHER, f"{OTHER} ")
    )
    early = ordered[ordered["at"] <= steps]
    people = early["step"].value_counts()
    names = sorted(people.index, key=lambda name: (-people[name], name))
    kept = names if len(names) <= KEPT + 1 else names[:KEPT]
    agencies = [*sorted(kept), *([OTHER] if len(kept) < len(names) else [])]
    early = early.assign(step=early["step"].where(early["step"].isin(kept), OTHER))
    following = early.groupby("case")["step"].shift(-1).fillna(END)
    pairs = early.assign(receiver=following)[early["at"] < steps].groupby(["at", "step", "receiver"]).size()
    rows = [(at, a, b) for at in range(1, steps) for a in agencies for b in [*agencies, END]]
    frame = pd.DataFrame(rows, columns=["at", "sender", "receiver"])
    frame["count"] = pairs.reindex(pd.MultiIndex.from_tuples(rows)).fillna(0.0).to_numpy(float)
    frame["out"] = [f"{at}: {a}" for at, a, _ in rows]
    frame["into"] = [f"{at + 1}: {b}" for at, _, b in rows]
    return UnrolledJourneys(
        method=Method("Journeys unrolled by contact", "", {"contacts": steps}),
        unit=of,
        frame=frame,
        agencies=tuple(agencies),
        steps=steps,
        of=of,
        caveats=_caveats(tied),
    )


def _caveats(tied: float) -> tuple[str, ...]:
    ends = "No further contact means none in the data: a journey may go on after them"
    if not tied:
        return (ends,)
    return (ends, f"Up to {math.ceil(tied * 20) * 5} in 100 contacts share their time with another of the same person: put in the order of names")  # fmt: skip
