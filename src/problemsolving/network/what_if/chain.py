"""Journeys as an absorbing chain: contacts still to come, and how journeys end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from problemsolving import draw
from problemsolving.grouped import SHOWN
from problemsolving.network.what_if.absorbing import Absorbed, Floats, solve_chain
from problemsolving.network.what_if.steps import Flows, StepsResult, lay_out_steps
from problemsolving.results import Column, Method, Table, Value, interval, number, whole
from problemsolving.stats.intervals import normal_quantile

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MEMORY = "The next step is taken to depend on the agency alone, not on what came before"
WITHHELD = "withheld: its steps are too few to show"
UNUSED = "not estimable: no step leads from it"
LOST = 0.05  # share of draws in which journeys never end, from which an interval is not given


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class JourneyChain(StepsResult):
    """What is still to come from each agency, computed from the counts of steps alone.

    Where steps are withheld, everything is that of the steps that are shown.
    """

    @cached_property
    def _chain(self) -> Absorbed:
        return self._solved(self.counts)

    @cached_property
    def _drawn(self) -> tuple[Flows, Absorbed]:
        draws = self.counts.drawn(self.n_resamples, np.random.default_rng(self.seed))
        return draws, self._solved(draws)

    def _solved(self, flows: Flows) -> Absorbed:
        within, out = flows.shares()
        used = self.used
        return solve_chain(within[..., used[:, None], used], out[..., used, :])

    def _limits(self, draws: Floats) -> tuple[Floats, Floats]:
        """Percentile limits over draws; missing where too many draws have journeys without an end."""
        lost = np.isnan(draws).mean(axis=0) > LOST
        kept = draws[~np.isnan(draws.reshape(len(draws), -1)).any(axis=1)] if len(draws) else draws
        if not len(kept):
            return np.full(draws.shape[1:], np.nan), np.full(draws.shape[1:], np.nan)
        tail = (1 - self.level) / 2
        low, high = np.quantile(kept, [tail, 1 - tail], axis=0)
        return np.where(lost, np.nan, low), np.where(lost, np.nan, high)

    def _told(self, numbers: Floats) -> Floats:
        """Leave out a nought that comes of steps withheld."""
        return np.where(numbers == 0, np.nan, numbers) if self.withheld else numbers

    def visits(self) -> pd.DataFrame:
        """Expected visits to each agency (columns) in a journey from each (rows), the first included."""
        names = [self.agencies[at] for at in self.used]
        return pd.DataFrame(self._chain.visits, index=names, columns=names)

    def exit_shares(self) -> pd.DataFrame:
        """Give ``agency``, ``exit``, ``estimate`` (share of journeys from there that end so), ``low``, ``high``."""
        low, high = self._limits(self._drawn[1].shares)
        names = [self.agencies[at] for at in self.used]
        told = self._told(self._chain.shares)
        low, high = (np.where(np.isnan(told), np.nan, limit) for limit in (low, high))
        return pd.DataFrame(
            [
                (name, end, told[row, column], low[row, column], high[row, column])
                for row, name in enumerate(names)
                for column, end in enumerate(self.exits)
            ],
            columns=["agency", "exit", "estimate", "low", "high"],
        )

    def estimates(self) -> pd.DataFrame:
        """Give ``group``, ``count`` (steps from there), ``estimate`` (contacts until the end), ``low``, ``high``, ``reason``."""
        counts, n = self.counts, len(self.agencies)
        found = np.full((3, n), np.nan)
        if len(self.used):
            found[:, self.used] = (self._chain.steps, *self._limits(self._drawn[1].steps))
        steps = counts.within.sum(axis=1) + counts.out.sum(axis=1)
        shown = pd.DataFrame({"group": self.agencies, "count": np.where(steps > 0, steps, np.nan)})
        shown[["estimate", "low", "high"]] = found.T
        return shown.assign(reason=np.where(steps > 0, "", WITHHELD if self.withheld else UNUSED))

    def whole_journeys(self) -> pd.DataFrame:
        """Give ``name``, ``group``, ``estimate``, ``low``, ``high`` over all journeys from their start.

        ``contacts`` a journey, ``visits`` to each agency, ``exit_share`` of each exit; empty where it is not known where
        journeys start.
        """
        entries = self.counts.entries[self.used]
        if not self.has_start or not entries.sum() > 0:
            return pd.DataFrame(columns=["name", "group", "estimate", "low", "high"])
        draws, chains = self._drawn
        told = self._told(_from_start(entries, self._chain))
        low, high = self._limits(_from_start(draws.entries[:, self.used], chains))
        names = [("contacts", "a journey"), *(("visits", self.agencies[at]) for at in self.used)]
        names += [("exit_share", end) for end in self.exits]
        low, high = (np.where(np.isnan(told), np.nan, limit) for limit in (low, high))
        rows = [(*name, *numbers) for name, *numbers in zip(names, told, low, high, strict=True)]
        return pd.DataFrame(rows, columns=["name", "group", "estimate", "low", "high"])

    def values(self) -> list[Value]:
        units = {"contacts": "contacts a journey", "visits": "visits a journey", "exit_share": f"share of {self.of}"}
        n, rows = whole(self.counts.entries.sum()), self.estimates()
        steps = dict(zip(rows["group"], map(whole, rows["count"]), strict=True))
        told = [{**row, "unit": units[row["name"]], "n": n} for row in self.whole_journeys().to_dict("records")]
        told += [
            {**row, "name": "contacts_to_come", "unit": self.unit, "n": steps[row["group"]]}
            for row in rows.to_dict("records")
        ]
        told += [
            {**row, "name": "exit_share_from", "group": f"{row['agency']}: {row['exit']}", "unit": f"share of {self.of} there", "n": steps[row["agency"]]}
            for row in (self.exit_shares().to_dict("records") if len(self.used) else ())
        ]  # fmt: skip
        return [self._value(row) for row in told]

    def _value(self, row: Mapping[str, Any]) -> Value:
        estimate = number(row["estimate"])
        reason = None if estimate is not None else row.get("reason") or WITHHELD
        limits = interval(row["low"], row["high"], self.level)
        return Value(name=row["name"], group=row["group"], estimate=estimate, interval=limits, unit=row["unit"], n=row["n"], reason=reason)  # fmt: skip

    def table(self) -> Table:
        shown = self.estimates()
        shares = self.exit_shares() if len(self.used) else pd.DataFrame(columns=["agency", "exit", "estimate"])
        wide = shares.pivot(index="agency", columns="exit", values="estimate").reindex(columns=list(self.exits))
        noted = bool((shown["reason"] != "").any())
        columns = [Column("At"), Column("Steps seen", "count"), Column("Contacts to come, this one included", "number")]
        columns += [Column("Low", "number"), Column("High", "number")]
        columns += [Column(f"Ends with: {end}", "percent") for end in self.exits]
        columns += [Column("Note")] if noted else []
        rows = []
        for row in shown.to_dict("records"):
            numbers = [number(row[name]) for name in ("count", "estimate", "low", "high")]
            ends = [number(wide.at[row["group"], end]) if row["group"] in wide.index else None for end in self.exits]
            rows.append((row["group"], *numbers, *ends, *([row["reason"]] if noted else [])))
        return Table(tuple(columns), tuple(rows))

    def summary(self) -> str:
        shown = self.estimates().dropna(subset="estimate")
        if shown.empty:
            return "No step between agencies is common enough to show where journeys lead."
        only = "By the steps that can be shown, a" if self.withheld else "A"
        whole_ = self.whole_journeys().set_index("name")
        top = shown.sort_values(["estimate", "group"], ascending=[False, True], kind="stable").iloc[0]
        longest = f"From {top['group']} most was still to come: {_said(top, self.level, digits=1)} contacts, that one included."
        if whole_.empty:
            return (
                longest if not self.withheld else f"By the steps that can be shown: {longest[0].lower()}{longest[1:]}"
            )
        text = f"{only} journey was expected to take {_said(whole_.loc['contacts'], self.level, digits=1)} contacts"
        if len(self.exits) > 1:
            ends = whole_.loc[["exit_share"]].sort_values(["estimate", "group"], ascending=[False, True], kind="stable")
            text += f"; {_said(ends.iloc[0], self.level, percent=True)} ended with {ends.iloc[0]['group']}"
        return f"{text}. {longest}"

    def alt_text(self) -> str:
        return f"Expected contacts still to come from each agency, one below the other with intervals. {self.summary()}"

    def plot(self, *, ax: Axes | None = None) -> Axes | None:
        shown = self.estimates().sort_values(["estimate", "group"], ascending=[False, True], kind="stable").head(SHOWN)
        if shown["estimate"].isna().all():
            return None
        return draw.intervals(
            shown["group"].tolist(), shown["estimate"], low=shown["low"], high=shown["high"],
            quantity="expected contacts until the journey ends, this one included", ax=ax,
        )  # fmt: skip


def _from_start(entries: Floats, chain: Absorbed) -> Floats:
    """Contacts, visits to each agency and exit shares of a journey, from the numbers that start at each agency."""
    with np.errstate(divide="ignore", invalid="ignore"):
        start = (entries / entries.sum(axis=-1, keepdims=True))[..., None, :]
    visits = (start @ chain.visits)[..., 0, :]
    ends = (start @ chain.shares)[..., 0, :]
    return np.concatenate([visits.sum(axis=-1, keepdims=True), visits, ends], axis=-1)


def _said(row: pd.Series, level: float, *, digits: int = 0, percent: bool = False) -> str:
    """Write an estimate with its interval, where it has one."""
    numbers = [f"{row[name]:.0%}" if percent else f"{row[name]:,.{digits}f}" for name in ("estimate", "low", "high")]
    return numbers[0] if np.isnan(row["low"]) else f"{numbers[0]} ({level:.0%} interval {numbers[1]} to {numbers[2]})"


def estimate_chain(
    steps: pd.DataFrame,
    *,
    exits: Sequence[str],
    agencies: Sequence[str] | None = None,
    sender: str = "from",
    receiver: str = "to",
    count: str = "count",
    people: str | None = None,
    least: int = 1,
    confidence_level: float = 0.95,
    n_resamples: int = 999,
    rng: np.random.Generator | None = None,
    of: str = "people",
) -> JourneyChain:
    """Estimate how many contacts are still to come from each agency, and how journeys end.

    Answers: once someone is with this agency, how long is the way still, and where does it end?

    Parameters
    ----------
    steps : pandas.DataFrame
        One row a step: from an agency, or from "start" where a journey begins, to an agency or an exit, with its count
        (see `problemsolving.network.what_if.steps.count_steps`).
    exits : sequence of str
        Names of the ways in which a journey ends.
    agencies : sequence of str, optional
        All agencies; those named in the steps when not given.
    sender, receiver, count : str
        Columns.
    people : str, optional
        Column with the number of different people who took the step; a step is then shown only if enough took it.
    least : int
        Agencies with fewer steps from or to them are put together, and so are exits; 20 lets more of the others be shown
        once small counts are withheld.
    confidence_level : float
        Between 0 and 1.
    n_resamples : int
        Draws of the bootstrap: the steps from each agency among themselves, starts as Poisson counts.
    rng : numpy.random.Generator, optional
        Source of randomness.
    of : str
        Who makes the journeys, in the plural.

    Returns
    -------
    JourneyChain
        Expected contacts to come (t) and exit shares (B) from each agency, expected visits (N); where starts are known,
        contacts, visits and exit shares of a journey; with percentile intervals.

    Raises
    ------
    NetworkError
        For every fault of the steps at once.
    NotEstimableError
        When journeys at an agency never reach an exit.

    Notes
    -----
    The bootstrap takes each step as drawn for itself; it does not hold the error of taking journeys as without memory.
    Do not use where a test of memory says that a first-order map misleads, or for journeys cut off by the end of the
    data unless their last contact is left open (``ends_after_days`` of `count_steps`).

    References
    ----------
    Kemeny JG, Snell JL (1960) Finite Markov chains. Van Nostrand.

    Examples
    --------
    Of ten at the police five end there and five go to the council, where all end.

    >>> steps = pd.DataFrame({"from": ["police", "police", "council"], "to": ["done", "council", "done"], "count": [5, 5, 5]})
    >>> found = estimate_chain(steps, exits=["done"], n_resamples=99, rng=np.random.default_rng(1))
    >>> found.estimates()[["group", "estimate"]].values.tolist()
    [['council', 1.0], ['police', 1.5]]
    """
    normal_quantile(confidence_level)
    rng = np.random.default_rng() if rng is None else rng
    frame, known, ends = lay_out_steps(
        steps,
        exits=exits,
        agencies=agencies,
        sender=sender,
        receiver=receiver,
        count=count,
        people=people,
        least=least,
    )
    return JourneyChain(
        method=Method(
            "Absorbing Markov chain; bootstrap of steps by agency", "Kemeny & Snell 1960", {"resamples": n_resamples}
        ),
        unit="contacts",
        frame=frame,
        agencies=known,
        exits=ends,
        level=confidence_level,
        n_resamples=n_resamples,
        seed=int(rng.integers(2**62)),
        of=of,
        caveats=(MEMORY, "Intervals hold chance alone, not the error of the model"),
    )
