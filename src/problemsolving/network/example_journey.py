"""One made-up journey, as a legend to pictures of journeys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from problemsolving import draw
from problemsolving.network.what_if.steps import START, StepsResult, lay_out_steps
from problemsolving.results import Column, Method, Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NEAREST = 10  # to which counts are rounded before a journey is drawn; smaller ones count as none
MADE_UP = "Made up by chance from rounded counts of steps: nobody's own journey, and its days are made up as well"
WAIT = 14.0  # days between two contacts, on average
LONGEST, TRIES = 6, 200  # contacts of a made-up journey; journeys made before one is chosen


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ExampleJourney(StepsResult):
    """A made-up journey, drawn anew from the rounded counts of steps whenever they change."""

    @cached_property
    def journey(self) -> tuple[tuple[str, ...], tuple[int, ...], str]:
        """Agencies of the contacts, days from the first, and how it ends; empty where no step can be used."""
        counts = self.frame.set_index(["sender", "receiver"])["count"].fillna(0.0)
        rounded = (counts / NEAREST + 0.5).apply(np.floor) * NEAREST
        rounded = rounded[rounded > 0]
        rng = np.random.default_rng(self.seed)
        made = [self._made(rounded, rng) for _ in range(TRIES)]
        whole = [journey for journey in made if journey[1]]
        if not whole:
            return (), (), ""
        stops, end = max(whole, key=lambda journey: (min(len(set(journey[0])), 4), len(journey[0]) <= LONGEST - 1))
        days = np.cumsum([0, *np.maximum(1, np.round(rng.exponential(WAIT, len(stops) - 1)))]).astype(int)
        return tuple(stops), tuple(days.tolist()), end

    def _made(self, counts: pd.Series, rng: np.random.Generator) -> tuple[list[str], str]:
        """Follow the steps by chance from the start until an exit; no end where the way is too long or leads nowhere."""
        at, stops = START, list[str]()
        senders = set(counts.index.get_level_values(0))
        while at in senders and len(stops) <= LONGEST:
            row = counts.loc[at]
            at = str(rng.choice(row.index.to_numpy(object), p=row.to_numpy() / row.sum()))
            if at in self.exits:
                return stops, at
            stops.append(at)
        return stops, ""

    def table(self) -> Table:
        stops, days, _ = self.journey
        columns = (Column("Contact of a made-up journey"), Column("Agency"), Column("Day", "count"))
        return Table(
            columns, tuple((str(at), name, day) for at, (name, day) in enumerate(zip(stops, days, strict=True), 1))
        )

    def summary(self) -> str:
        stops, days, end = self.journey
        if not stops:
            return "No journey can be made up: too few steps are common enough to show."
        return f"A made-up journey, nobody's own: {', then '.join(stops)}, over {days[-1]} days; it ended with {end}."

    def alt_text(self) -> str:
        return f"A made-up journey on a line of time: a lane an agency, marks for contacts, lines for waits. {self.summary()}"

    def plot(self, *, ax: Axes | None = None) -> Axes | None:
        stops, days, end = self.journey
        return draw.journey(stops, days, ended=end, ax=ax) if stops else None


def make_example_journey(
    steps: pd.DataFrame,
    *,
    exits: Sequence[str],
    sender: str = "from",
    receiver: str = "to",
    count: str = "count",
    people: str | None = None,
    rng: np.random.Generator | None = None,
) -> ExampleJourney:
    """Make up one journey from counts of steps, to explain pictures of journeys with.

    Parameters
    ----------
    steps, exits, sender, receiver, count, people
        As in `problemsolving.network.what_if.chain.estimate_chain`; steps from "start" are needed.
    rng : numpy.random.Generator, optional
        Source of randomness.

    Returns
    -------
    ExampleJourney
        Contacts, days and end, all made up.

    Raises
    ------
    NetworkError, NotEstimableError
        As in `estimate_chain`.

    Notes
    -----
    Counts are rounded to tens, and those below five left out, before a journey is drawn by chance, step by step; of
    several drawn one with several agencies is taken. No person's journey is read, so none can be shown. Do not use as
    what is usual: it is one of very many ways.

    Examples
    --------
    >>> steps = pd.DataFrame({"from": ["start", "police", "council"], "to": ["police", "council", "done"], "count": [40, 40, 40]})
    >>> make_example_journey(steps, exits=["done"], rng=np.random.default_rng(1)).journey[0]
    ('police', 'council')
    """
    rng = np.random.default_rng() if rng is None else rng
    frame, agencies, ends = lay_out_steps(
        steps, exits=exits, sender=sender, receiver=receiver, count=count, people=people
    )
    return ExampleJourney(
        method=Method("Steps drawn by chance from counts rounded to tens"),
        unit="contacts",
        frame=frame,
        agencies=agencies,
        exits=ends,
        seed=int(rng.integers(2**62)),
        caveats=(MADE_UP,),
    )
