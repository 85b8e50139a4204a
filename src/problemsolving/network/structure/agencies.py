"""Where each agency stands in the network: one table, one row an agency."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from problemsolving import draw
from problemsolving.grouped import SHOWN
from problemsolving.network.structure.agency_network import AgencyNetwork
from problemsolving.network.structure.core_periphery import Core, find_core
from problemsolving.network.structure.pairs import NO_DRAWS, OFTEN_UNDEFINED, PairsResult, centred_limits, settings_of
from problemsolving.network.structure.positions import IN, MEASURES, OUT, OWN, memberships, positions
from problemsolving.network.structure.sectors import ROLES
from problemsolving.network.structure.stacks import Floats, either_way, find_articulation
from problemsolving.results import Column, Method, Table, Value, interval, listed, number, whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ONCE = "no interval: each agency answers once, and which ones answer is no chance"
NEEDS = "withheld: it needs ties that are not shown"
SILENT = "not estimable: the agency did not answer"
ISOLATE = "not estimable: the agency has no tie"
NO_SECTORS = "not estimable: the sector of some agencies is not known"
CITED = "Freeman 1979; Burt 1992; Gould & Fernandez 1989; Borgatti & Everett 2000"


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class AgencyPositions(PairsResult):
    """Numbers of each agency, all computed from the counts of the pairs."""

    @property
    def measures(self) -> list[str]:
        """Names of the measures that the network has."""
        left_out = set() if self.directed else {*OUT, "degree_in"}
        return [name for name in MEASURES if name not in left_out]

    @cached_property
    def silent(self) -> np.ndarray:
        """Which agencies did not answer."""
        if self.redrawn != "agencies":
            return np.zeros(len(self.agencies), bool)
        mine = self.frame.groupby("sender")["answered"].any()
        return ~mine.reindex(self.agencies).to_numpy(bool)

    @cached_property
    def _known(self) -> Floats:
        """What is known, with nothing where nobody answered."""
        return np.nan_to_num(self.values_by_pair, nan=0.0)

    @cached_property
    def core(self) -> Core:
        """The core that fits best among the agencies that answered."""
        ties = either_way((self._known >= self.tie_from).astype(float)[None])[0][np.ix_(~self.silent, ~self.silent)]
        found = find_core(ties, rng=np.random.default_rng(self.seed + 1))
        members = np.zeros(len(self.agencies), bool)
        members[~self.silent] = found.members
        return replace(found, members=members)

    def estimates(self) -> pd.DataFrame:
        """Give one row an agency.

        ``agency``, ``sector``, ``count`` (cases it took part in), and for each measure its estimate, ``_low`` and ``_high``;
        ``degree_in``, ``degree_out`` and ``degree`` also have ``_least`` and ``_most`` where ties are not known; ``core`` and
        ``articulation`` (1, 0 or missing) and the share of drawn networks in which they hold (``_share``).
        """
        return self._estimates

    @cached_property
    def _estimates(self) -> pd.DataFrame:
        found = self._seen()
        limits = {} if self.withheld else self._limits(found)
        columns = {
            "agency": np.array(self.agencies, object),
            "sector": [self.sectors.get(name) for name in self.agencies],
        }
        columns["count"] = self._cases()
        missing = np.full(len(self.agencies), np.nan)
        for name in self.measures:
            low, high = limits.get(name, (missing, missing))
            columns |= {name: found.get(name, missing), f"{name}_low": low, f"{name}_high": high}
        frame = pd.DataFrame(columns | self._ranges() | self._memberships())
        total = frame["count"].fillna(-1.0) if self.counted else frame["strength_in"].fillna(-1.0)
        return frame.iloc[np.lexsort([np.arange(len(frame)), -total])].reset_index(drop=True)

    def _cases(self) -> Floats:
        """Cases that each agency sent or received; missing where one of its ties is withheld."""
        if not self.counted:
            return np.full(len(self.agencies), np.nan)
        values = self.values_by_pair
        return values.sum(axis=0) + values.sum(axis=1) if self.directed else values.sum(axis=0)

    def _seen(self) -> dict[str, Floats]:
        given = self.values_by_pair
        full = positions(self._known[None], self.codes, directed=self.directed, tie_from=self.tie_from)
        found = {name: values[0].copy() for name, values in full.items()}
        if self.withheld:
            own = {"in": np.isnan(given).any(axis=0), "out": np.isnan(given).any(axis=1)}
            kept = {
                name: np.where(own["in"] if name in IN else own["out"], np.nan, found[name])
                for name in IN | OUT
                if name in found
            }
            kept["degree"] = np.where(own["in"] | own["out"], np.nan, found["degree"])
            return kept
        if not self.silent.any():
            return found
        among = np.ix_(~self.silent, ~self.silent)
        codes = None if self.codes is None else self.codes[~self.silent]
        part = positions(self._known[among][None], codes, directed=self.directed, tie_from=self.tie_from)
        for name in set(found) - OWN:
            found[name] = np.full(len(self.agencies), np.nan)
            found[name][~self.silent] = part[name][0]
        for name in OUT | {"degree"}:
            found[name][self.silent] = np.nan
        return found

    def _limits(self, found: dict[str, Floats]) -> dict[str, tuple[Floats, Floats]]:
        if self.redrawn == "nothing":
            return {}
        if self.redrawn == "agencies":
            draws = self._raters_anew()
        else:
            parts = [
                positions(stack, self.codes, directed=self.directed, tie_from=self.tie_from)
                for stack, _ in self.networks(self._known)
            ]
            draws = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        return {
            name: centred_limits(found[name], draws[name], level=self.level, floor=0.0)
            for name in self.measures
            if name in draws and name in found
        }

    def _raters_anew(self) -> dict[str, Floats]:
        """Draw those who answered anew: what others say of each agency."""
        rng = np.random.default_rng(self.seed)
        raters = np.flatnonzero(~self.silent)
        often = rng.multinomial(len(raters), np.full(len(raters), 1 / len(raters)), size=self.n_resamples).astype(float)
        said = self._known[raters]
        arcs = (said >= self.tie_from).astype(float)
        return {"strength_in": often @ (said * arcs), "degree_in": often @ arcs}

    def _ranges(self) -> dict[str, Floats]:
        """Give fewest and most partners, where ties are not known."""
        given = self.values_by_pair
        if not np.isnan(given).any():
            return {}
        low = np.where(np.isnan(given), 0.0, given >= self.tie_from)
        high = np.where(np.isnan(given), 1.0, given >= self.tie_from)
        np.fill_diagonal(high, 0.0)
        found = {}
        for end, side in (("least", low), ("most", high)):
            found[f"degree_{end}"] = np.maximum(side, side.T).sum(axis=1)
            if self.directed:
                found |= {f"degree_in_{end}": side.sum(axis=0), f"degree_out_{end}": side.sum(axis=1)}
        return found

    def _memberships(self) -> dict[str, Floats]:
        missing = np.full(len(self.agencies), np.nan)
        names = ("core", "articulation", "core_share", "articulation_share")
        if self.withheld or (~self.silent).sum() < 2:
            return dict.fromkeys(names, missing)
        among = np.ix_(~self.silent, ~self.silent)
        both = either_way((self._known[among] >= self.tie_from).astype(float)[None])
        cut = missing.copy()
        cut[~self.silent] = find_articulation(both)[0]
        core = missing if np.isnan(self.core.correlation) else np.where(self.silent, np.nan, self.core.members)
        shares = [missing, missing]
        if self.redrawn == "cases":
            parts = [memberships(stack, tie_from=self.tie_from) for stack, _ in self.networks(self._known)]
            shares = [np.concatenate([part[at] for part in parts]).mean(axis=0) for at in (0, 1)]
        return dict(zip(names, (core, cut, *shares), strict=True))

    def _reason(self, row: dict[str, object], name: str) -> str | None:
        """Say why a number or its interval is missing."""
        if number(row[name]) is None:
            if self.withheld:
                return NEEDS
            if name in ROLES and self.codes is None:
                return NO_SECTORS
            return SILENT if self.silent[self.agencies.index(str(row["agency"]))] else ISOLATE
        if number(row[f"{name}_low"]) is not None:
            return None
        if self.redrawn == "agencies":
            return ONCE
        return NO_DRAWS if self.redrawn == "nothing" else NEEDS if self.withheld else OFTEN_UNDEFINED

    def values(self) -> list[Value]:
        found = []
        for row in self.estimates().to_dict("records"):
            n = whole(row["count"])
            if not self.counted and not self.withheld:
                n = int((~self.silent).sum())
            for name in self.measures:
                limits = interval(row[f"{name}_low"], row[f"{name}_high"], self.level)
                unit = self.of if MEASURES[name].unit == "cases" else MEASURES[name].unit
                reason = self._reason(row, name)
                found.append(
                    Value(name=name, group=row["agency"], estimate=number(row[name]), interval=limits, unit=unit, n=n, reason=reason)
                )  # fmt: skip
            for name, words in (
                ("core", "1 in the core, 0 not"),
                ("articulation", "1 if a part would be cut off, 0 if not"),
            ):
                told = number(row[name])
                reason = NEEDS if self.withheld else None if told is not None else SILENT
                share = number(row[f"{name}_share"])
                found.append(Value(name=name, group=row["agency"], estimate=told, unit=words, n=n, reason=reason))
                if share is not None:
                    unit = "share of networks drawn anew"
                    found.append(Value(name=f"{name}_share", group=row["agency"], estimate=share, unit=unit, n=n))
        return found

    def table(self) -> Table:
        shown = self.estimates()
        columns = {"agency": Column("Agency"), "sector": Column("Sector")}
        if self.counted:
            columns["count"] = Column(self.of.capitalize(), "count")
        for name in self.measures:
            measure = MEASURES[name]
            columns[name] = Column(measure.label, "number", measure.decimals)
            ends = ("low", "high") if measure.limits_shown else ("least", "most")
            for end in ends:
                if f"{name}_{end}" in shown:
                    columns[f"{name}_{end}"] = Column(f"{measure.label}, {end}", "number", measure.decimals)
        columns |= {"core": Column("In the core"), "articulation": Column("Cuts off a part")}
        words = {1.0: "yes", 0.0: "no"}
        rows = tuple(
            tuple(
                words.get(row[name])
                if name in ("core", "articulation")
                else row[name] if column.kind == "text" else number(row[name])
                for name, column in columns.items()
            )
            for row in shown.to_dict("records")
        )  # fmt: skip
        return Table(tuple(columns.values()), rows)

    def summary(self) -> str:
        shown = self.estimates().dropna(subset="betweenness") if "betweenness" in self.estimates() else None
        if self.withheld or shown is None or shown.empty:
            return "Which agencies stand between others is withheld: it rests on ties that are too small to show."
        if not (shown["betweenness"] > 0).any():
            return "No agency stands on a shortest way between two others."
        top = shown.sort_values(["betweenness", "agency"], ascending=[False, True], kind="stable").iloc[0]
        within = "" if number(top["betweenness_low"]) is None else (
            f" ({self.level:.0%} interval {top['betweenness_low']:,.1f} to {top['betweenness_high']:,.1f})"
        )  # fmt: skip
        text = (
            f"{top['agency']} stood on the shortest ways between most others: {top['betweenness']:,.1f} pairs{within}."
        )
        cut = sorted(shown.loc[shown["articulation"] == 1, "agency"])
        if not cut:
            return f"{text} No agency is the only way to others."
        return f"{text} Without {listed(cut) if len(cut) < 4 else f'any one of {len(cut)} agencies'} some agencies would be cut off."

    def alt_text(self) -> str:
        return f"One row an agency: a dot for its betweenness, with a line for the interval. {self.summary()}"

    def plot(self, *, ax: Axes | None = None) -> Axes | None:
        shown = self.estimates()
        if shown["betweenness"].isna().all():
            return None
        shown = (
            shown.dropna(subset="betweenness").sort_values("betweenness", ascending=False, kind="stable").head(SHOWN)
        )
        return draw.intervals(
            shown["agency"].tolist(),
            shown["betweenness"],
            low=shown["betweenness_low"],
            high=shown["betweenness_high"],
            quantity="pairs of other agencies whose shortest way leads through it",
            ax=ax,
        )


def measure_agencies(
    network: AgencyNetwork,
    *,
    tie_from: float | None = None,
    confidence_level: float = 0.95,
    n_resamples: int = 999,
    rng: np.random.Generator | None = None,
) -> AgencyPositions:
    """Measure where each agency stands in the network.

    Answers: through which agencies does it all run, who brings others together, and who is left alone?

    Parameters
    ----------
    network : AgencyNetwork
        From `problemsolving.network.structure.build` or `survey`.
    tie_from : float, optional
        Count or weight from which two agencies are tied; by default anything above 0.
    confidence_level : float
        Between 0 and 1.
    n_resamples : int
        Networks drawn anew.
    rng : numpy.random.Generator, optional
        Source of randomness.

    Returns
    -------
    AgencyPositions
        One row an agency: what it received and sent, with how many agencies; betweenness; Burt's constraint, effective size
        and efficiency (weighted); Gould and Fernandez's five roles by sector; core or periphery; whether others would be cut
        off without it. Intervals where cases were drawn anew; of what others say of it where raters were.

    Raises
    ------
    ValueError
        For every fault at once.

    Notes
    -----
    Constraint may exceed 1; isolates have none. Betweenness counts ordered pairs of others where ties have a direction, else
    pairs. An agency that did not answer has numbers only for what others say of it, and stands outside the network that the
    rest is computed from. Where a tie is withheld, only numbers of an agency's own shown ties and ranges are left.

    Do not use to rank agencies by worth, or for an agency with few cases: its interval says how little is known.

    References
    ----------
    Burt RS (1992) Structural Holes. Harvard University Press.
    Gould RV, Fernandez RM (1989) Structures of mediation: a formal approach to brokerage in transaction networks. Sociol
    Methodol 19:89. doi:10.2307/270949

    Examples
    --------
    >>> from problemsolving.network.structure.build import build_from_referrals
    >>> rows = pd.DataFrame({"from_agency": ["a", "b"], "to_agency": ["b", "c"]})
    >>> found = measure_agencies(build_from_referrals(rows, agencies=["a", "b", "c"]), rng=np.random.default_rng(1))
    >>> found.estimates().set_index("agency")["betweenness"].to_dict()
    {'b': 1.0, 'a': 0.0, 'c': 0.0}
    """
    given = settings_of(network, tie_from=tie_from, confidence_level=confidence_level, n_resamples=n_resamples, rng=rng)
    asked = {"ties from": f"{tie_from:g}"} if tie_from else {}
    return AgencyPositions(method=Method("Positions of agencies", CITED, asked), unit="pairs of others", **given)
