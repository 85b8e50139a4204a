"""The network as a whole: one table, each number with its interval, its range, or the reason why it has none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
import pandas as pd

from problemsolving import draw
from problemsolving.network.structure.agency_network import AgencyNetwork
from problemsolving.network.structure.bounds import NOTHING, Range, ranges
from problemsolving.network.structure.communities import Communities, find_communities
from problemsolving.network.structure.core_periphery import Core, find_core
from problemsolving.network.structure.figures import Labels, figures
from problemsolving.network.structure.pairs import NO_DRAWS, OFTEN_UNDEFINED, PairsResult, centred_limits, settings_of
from problemsolving.network.structure.rows_of_whole import NO_INTERVAL, ROWS, SHARE, denominator, why_none
from problemsolving.network.structure.sectors import ei_by_chance
from problemsolving.network.structure.stacks import Floats, either_way
from problemsolving.results import Column, Disclosure, Method, Table, Value, interval, number, whole
from problemsolving.stats.intervals import normal_quantile

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NEEDS = "withheld: it needs ties that are not shown"
RANGE_ONLY = "withheld: ties are not shown; the range is what they allow"
CITED = "Freeman 1979; Krackhardt & Stern 1988; Borgatti & Everett 2000; Newman & Girvan 2004"
INTERVALS = {
    "cases": "cases drawn anew over the arcs",
    "agencies": "agencies drawn anew (Snijders & Borgatti 1999)",
    "nothing": "none",
}


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class WholeNetwork(PairsResult):
    """Numbers of the whole network, all computed from the counts of its pairs."""

    disclosure: ClassVar[Disclosure] = "cells"

    @property
    def n(self) -> int | None:
        """Cases behind the table; None where they are withheld."""
        return whole(self.total)

    @property
    def n_words(self) -> str:
        """What ``n`` counts."""
        return self.of.capitalize()

    @cached_property
    def known(self) -> Floats:
        """The network that numbers are computed from: where some did not answer, that of those who did."""
        values = self.values_by_pair
        silent = np.isnan(values).sum(axis=1) == len(values) - 1
        kept = ~silent if self.redrawn == "agencies" else np.ones(len(values), bool)
        return np.nan_to_num(values[np.ix_(kept, kept)], nan=0.0)

    @cached_property
    def labels(self) -> Labels:
        """Core and communities found in the network, and sectors, of the agencies it is computed from."""
        return Labels(self.core.members, self.communities.members, self._codes_known())

    def _codes_known(self) -> np.ndarray | None:
        if self.codes is None:
            return None
        silent = np.isnan(self.values_by_pair).sum(axis=1) == len(self.agencies) - 1
        return self.codes[~silent] if self.redrawn == "agencies" else self.codes

    @cached_property
    def core(self) -> Core:
        """The core that fits best, of the agencies the table is computed from."""
        ties = either_way((self.known >= self.tie_from).astype(float)[None])[0]
        return find_core(ties, rng=np.random.default_rng(self.seed + 1))

    @cached_property
    def communities(self) -> Communities:
        """The best partition found, of the agencies the table is computed from."""
        values = self.known * (self.known >= self.tie_from)
        return find_communities(values, directed=self.directed, rng=np.random.default_rng(self.seed + 2))

    def estimates(self) -> pd.DataFrame:
        """Give ``name``, ``group`` (label), ``estimate``, ``low``, ``high``, ``least``, ``most`` (its range) and ``reason``."""
        return self._estimates

    @cached_property
    def _estimates(self) -> pd.DataFrame:
        found = self._seen() if not self.withheld else {}
        limits = self._limits(found)
        allowed = self._ranges()
        rows = []
        for name, row in ROWS.items():
            estimate = found.get(name, float("nan"))
            low, high = limits.get(name, NOTHING)
            least, most = allowed.get(name, NOTHING)
            reason = self._reason(name, estimate, low, least)
            rows.append((name, row.label, estimate, low, high, least, most, reason))
        return pd.DataFrame(rows, columns=["name", "group", "estimate", "low", "high", "least", "most", "reason"])

    def _seen(self) -> dict[str, float]:
        """Give each number of the network as it was seen."""
        if len(self.known) < 2:
            return {}
        found = figures(self.known[None], self.labels, directed=self.directed, tie_from=self.tie_from)
        told = {name: float(values[0]) for name, values in found.items()}
        told["density"] = _density(self.values_by_pair[None], self.tie_from).item()
        told |= {"core_size": float(self.core.members.sum()), "communities": float(self.communities.number)}
        if np.isnan(told["core_periphery"]):
            told["core_size"] = float("nan")
        if np.isnan(told["modularity"]):
            told["communities"] = float("nan")
        sectors = self.labels.sector
        if sectors is None or len(np.unique(sectors)) < 2:
            return {name: value for name, value in told.items() if not name.startswith("ei_index")}
        return told | {"ei_index_by_chance": float(np.mean(self.chance[1]))}

    @cached_property
    def chance(self) -> tuple[float, Floats]:
        """P of the E-I index when sectors are dealt anew, and what the deals gave."""
        sectors = self.labels.sector
        if self.withheld or sectors is None or len(np.unique(sectors)) < 2:
            return float("nan"), np.full(1, np.nan)
        arcs = (self.known >= self.tie_from).astype(float)
        rng = np.random.default_rng(self.seed + 3)
        return ei_by_chance(arcs, sectors, n_resamples=max(self.n_resamples, 999), rng=rng)

    def _limits(self, found: Mapping[str, float]) -> dict[str, Range]:
        """Give the interval of each number that has one."""
        if not found:
            return {}
        tail = (1 - self.level) / 2
        low, high = np.quantile(self.chance[1], [tail, 1 - tail])
        limits: dict[str, Range] = {"ei_index_by_chance": (float(low), float(high))}
        if self.redrawn == "nothing":
            return limits
        for name, draws in self._draws().items():
            row = ROWS[name]
            asked = np.array(found.get(name, float("nan")))
            ends = centred_limits(asked, draws, level=self.level, floor=row.floor, ceiling=row.ceiling)
            limits[name] = (float(ends[0]), float(ends[1]))
        if self.redrawn == "cases" and self.tie_from <= 1:
            limits["density"] = self._density_limits(found["density"])
        return limits

    def _draws(self) -> dict[str, Floats]:
        parts: list[dict[str, Floats]] = []
        for stack, drawn in self.networks(self.known):
            labels = self.labels if drawn is None else self.labels.of(drawn)
            parts.append(figures(stack, labels, directed=self.directed, tie_from=self.tie_from))
        found = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        if self.redrawn == "agencies":
            stacks = (stack for stack, _ in self.networks(self.values_by_pair))
            found["density"] = np.concatenate([_density(stack, self.tie_from) for stack in stacks])
        return found

    def _density_limits(self, density: float) -> Range:
        """Give limits by the number of ties with one case: as many more or fewer would be found again."""
        once = float((self.frame["count"] == 1).sum())
        half = normal_quantile(self.level) * np.sqrt(once) / len(self.frame)
        return max(0.0, density - half), min(1.0, density + half)

    def _ranges(self) -> dict[str, Range]:
        """Give what the ties that are not known allow, where some are not."""
        values = self.values_by_pair
        if not np.isnan(values).any():
            return {}
        arcs = np.where(np.isnan(values), np.nan, values >= self.tie_from)
        found = ranges(arcs, self.codes, directed=self.directed)
        return {name if name in ROWS else f"centralisation_{name}": limits for name, limits in found.items()}

    def _reason(self, name: str, estimate: float, low: float, least: float) -> str:
        if self.withheld:
            return NEEDS if np.isnan(least) else RANGE_ONLY
        if np.isnan(estimate):
            sectors = self.labels.sector if len(self.known) > 1 else None
            kinds = None if sectors is None else len(np.unique(sectors))
            return why_none(name, directed=self.directed, sectors=kinds)
        if name == "ei_index_by_chance":
            return f"sectors dealt anew among the agencies: p = {self.chance[0]:.3f}"
        if name == "core_periphery":
            return f"the best core: {self.core.search}"
        of = denominator(name, directed=self.directed)
        if not np.isnan(low):
            return of
        none = NO_INTERVAL.get(name) or (NO_DRAWS if self.redrawn == "nothing" else OFTEN_UNDEFINED)
        return f"{of}; {none}" if of else none

    def values(self) -> list[Value]:
        told = [
            Value(
                name=row["name"],
                estimate=number(row["estimate"]),
                interval=interval(row["low"], row["high"], self.level),
                unit=ROWS[row["name"]].unit,
                n=self.n,
                reason=self._said(row) or None,
            )
            for row in self.estimates().to_dict("records")
        ]
        p = number(self.chance[0])
        reason = None if p is not None else next(value.reason for value in told if value.name == "ei_index_by_chance")
        n = self.n if self.n is not None or p is None else len(self.chance[1])  # the deals that p comes from
        return [*told, Value(name="ei_index_p", estimate=p, unit="p", n=n, reason=reason)]

    def _said(self, row: Mapping[str, object]) -> str:
        """Put the range beside the reason in words."""
        if number(row["least"]) is None:
            return str(row["reason"])
        between = f"between {row['least']:.2f} and {row['most']:.2f}, whatever the ties not known are"
        return f"{row['reason']}; {between}" if row["reason"] else between

    def table(self) -> Table:
        names = {
            "group": "Number",
            "estimate": "Estimate",
            "low": "Low",
            "high": "High",
            "least": "Least",
            "most": "Most",
        }
        shown = self.estimates()
        if shown["least"].isna().all():
            names = {name: label for name, label in names.items() if name not in ("least", "most")}
        columns = [Column(label, "text" if name == "group" else "number", 2) for name, label in names.items()]
        rows = [
            (row["group"], *(number(row[name]) for name in names if name != "group"), self.n, row["reason"])
            for row in shown.to_dict("records")
        ]
        return Table((*columns, Column(self.n_words, "count"), Column("Note")), tuple(rows))

    def summary(self) -> str:
        shown = self.estimates().set_index("name")
        agencies = f"{len(self.agencies)} agencies"
        ways = "directions" if self.directed else "pairs"
        dense = shown.loc["density"]
        if self.withheld or number(dense["estimate"]) is None:
            return (
                f"Of all possible {ways} between {agencies}, {dense['least']:.0%} to {dense['most']:.0%} were in use; ties too "
                "small to show make it a range, and what rests on all ties is withheld."
            )
        text = f"Of all possible {ways} between {agencies}, {dense['estimate']:.0%} were in use{self._within(dense)}."
        returned, top = shown.loc["reciprocity_arcs"], shown.loc["centralisation_betweenness"]
        if number(returned["estimate"]) is not None:
            text += f" {returned['estimate']:.0%} of ties were returned{self._within(returned)}."
        if number(top["estimate"]) is not None:
            text += f" Paths ran through few agencies to {top['estimate']:.0%} of what a star would give{self._within(top)}."
        return text

    def _within(self, row: pd.Series) -> str:
        told = "" if number(row["low"]) is None else f"{self.level:.0%} interval {row['low']:.0%} to {row['high']:.0%}"
        if number(row["least"]) is not None:
            told += (
                f"{'; ' if told else ''}{row['least']:.0%} to {row['most']:.0%}, whatever those who did not answer say"
            )
        return f" ({told})" if told else ""

    def alt_text(self) -> str:
        return f"Shares of the whole network, each a dot with its interval or a line for its range. {self.summary()}"

    def plot(self, *, ax: Axes | None = None) -> Axes | None:
        shown = self.estimates()
        shares = [
            name for name, row in ROWS.items() if (row.floor, row.ceiling) == (0.0, 1.0) and "without" not in name
        ]
        shown = shown[shown["name"].isin(shares)]
        shown = shown[shown["estimate"].notna() | shown["least"].notna()]
        if shown.empty:
            return None
        axes = draw.bounded_intervals(
            shown["group"].tolist(),
            shown["estimate"],
            low=shown["low"].fillna(shown["estimate"]),
            high=shown["high"].fillna(shown["estimate"]),
            least=shown["least"],
            most=shown["most"],
            around="what ties not known allow",
            words=shown["reason"].str.split(":").str[0].tolist(),
            quantity="share, 0 to 1",
            ax=ax,
        )
        axes.set_xlim(0, 1.02)
        return axes


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ReportedNetwork(WholeNetwork):
    """The same of a network of ties that are no counts of cases: it leaves where enough agencies stand behind it."""

    cases: float  # agencies that answered, or all where nobody was asked

    disclosure: ClassVar[Disclosure] = "model"

    @property
    def n(self) -> int | None:
        return whole(self.cases)

    @property
    def n_words(self) -> str:
        return "Agencies that answered" if self.redrawn == "agencies" else "Agencies"

    def cells(self) -> pd.DataFrame:
        return pd.DataFrame({"group": ["agencies"], "count": [self.cases]})

    def rebuild(self, cells: pd.DataFrame) -> Self:
        return replace(self, cases=float(cells["count"].iloc[0]))

    def size(self) -> tuple[int, int]:
        return int(self.cases), int(self.cases) - 1


def _density(values: Floats, tie_from: float) -> Floats:
    """Share of the pairs known that are tied, one number a draw."""
    n = values.shape[-1]
    others = ~np.eye(n, dtype=bool)
    known = values[:, others]
    there = np.isnan(known)
    tied = ((known >= tie_from) & ~there).sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(tied / (~there).sum(axis=-1), float)


def measure_whole_network(
    network: AgencyNetwork,
    *,
    tie_from: float | None = None,
    confidence_level: float = 0.95,
    n_resamples: int = 999,
    rng: np.random.Generator | None = None,
) -> WholeNetwork:
    """Measure the network as a whole.

    Answers: how closely do the agencies work together, who does it depend on, and does it hold across sectors?

    Parameters
    ----------
    network : AgencyNetwork
        From `problemsolving.network.structure.build` or `survey`.
    tie_from : float, optional
        Count or weight from which two agencies are tied; by default anything above 0. A number at which ties may be shown
        gives numbers in place of ranges where small counts are withheld.
    confidence_level : float
        Between 0 and 1.
    n_resamples : int
        Networks drawn anew.
    rng : numpy.random.Generator, optional
        Source of randomness.

    Returns
    -------
    WholeNetwork
        One table: density, reciprocity of arcs and of pairs, Freeman centralisation with and without isolates, E-I index by
        sector with what chance gives, core and periphery, communities, transitivity, articulation agencies, isolates.

    Raises
    ------
    ValueError
        For every fault at once.

    Notes
    -----
    Where ties count cases, all cases are drawn anew over the arcs (multinomial, arcs not seen included), and the interval is
    for what a like period would give; that of density comes from the number of arcs with one case. Cases that come in groups,
    such as several referrals of one person, make intervals too narrow; where most arcs have a case or two, so is that of
    some numbers. Where agencies answered a survey they are drawn anew with all their ties. Agreements and lists of ties
    without counts are known in full: they have no interval.

    Where agencies did not answer, density is the share of what is known, the other numbers are of the network among those who
    answered (a pair left open is no tie there), and the range is what any answers would have given. Where counts are withheld
    the range is all that can be told. Communities, their interval and the weighted E-I index use weights; everything else
    uses whether there is a tie. The intervals of core and communities hold the core and the partition as they are.

    Do not compare networks of different size or with another list of agencies by these numbers.

    References
    ----------
    Freeman LC (1979) Centrality in social networks: conceptual clarification. Soc Networks 1:215.
    doi:10.1016/0378-8733(78)90021-7
    Snijders TAB, Borgatti SP (1999) Non-parametric standard errors and tests for network statistics. Connections 22:161.

    Examples
    --------
    >>> from problemsolving.network.structure.build import build_from_referrals
    >>> rows = pd.DataFrame({"from_agency": ["a", "a", "b"], "to_agency": ["b", "c", "a"]})
    >>> found = measure_whole_network(build_from_referrals(rows, agencies=["a", "b", "c"]), rng=np.random.default_rng(1))
    >>> found.estimates().set_index("name")["estimate"][["density", "reciprocity_dyads"]].tolist()
    [0.5, 0.5]
    """
    given = settings_of(network, tie_from=tie_from, confidence_level=confidence_level, n_resamples=n_resamples, rng=rng)
    asked = {"ties from": f"{tie_from:g}"} if tie_from else {}
    method = Method("Whole network", CITED, {"interval": INTERVALS[given["redrawn"]], **asked})
    if network.counted:
        return WholeNetwork(method=method, unit=SHARE, **given)
    answered = network.agencies if network.respondents is None else network.respondents
    return ReportedNetwork(method=method, unit=SHARE, cases=float(len(answered)), **given)
