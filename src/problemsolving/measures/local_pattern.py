"""What maps of areas tested against their neighbours share: statuses, table, picture, sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from problemsolving import draw
from problemsolving.errors import NotEstimableError, counted
from problemsolving.measures.small_areas import (
    ALONE,
    NEITHER,
    UNCLEAR,
    WITHHELD,
    AreaResult,
    Rings,
    area_caveats,
    area_frame,
    neighbours,
)
from problemsolving.results import Column, Table, Value, listed, number, whole
from problemsolving.stats.deals import Correction, adjust_p
from problemsolving.stats.local_spatial import LocalTest
from problemsolving.stats.spatial import Weights

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LISTED = 20  # areas of each kind in the table


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class LocalPattern(AreaResult):
    """Base of results that give each area a status from a test of it and its neighbours.

    A subclass gives ``_test()``, the test of the counts in ``frame``, ``_kinds(test)``, the status of each area were it
    beyond chance, and ``looks``, the statuses in the order in which they are listed with how they are drawn.
    """

    correction: Correction = "benjamini-hochberg"
    significance_level: float = 0.05
    n_resamples: int = 9_999
    seed: int = 0  # of the random deals, so that the same counts always give the same statuses
    heading: str = field(default="Small area")

    looks: ClassVar[Mapping[str, str]] = {}
    statistic: ClassVar[str] = ""

    def _test(self) -> LocalTest:
        raise NotImplementedError

    def _kinds(self, test: LocalTest) -> np.ndarray:
        raise NotImplementedError

    @cached_property
    def tested(self) -> pd.DataFrame:
        """Give ``z``, ``p``, ``p_adjusted`` and ``status`` an area beside its rate; NaN where its count is withheld."""
        try:
            test = self._test()
        except NotEstimableError:
            blank = np.full(len(self.frame), np.nan)
            test = LocalTest(estimate=blank, z=blank, p=blank, own_high=blank > 0, around_high=blank > 0)
        adjusted = adjust_p(test.p, self.correction)
        status = np.where(adjusted <= self.significance_level, self._kinds(test), NEITHER).astype(object)
        for hidden, reason in ((np.isnan(test.p), ALONE), (self.mostly_hidden, UNCLEAR), (~self.shown, WITHHELD)):
            status[hidden] = reason
        open_ = np.isin(status, [UNCLEAR, WITHHELD])
        numbers = {"z": test.z, "p": test.p, "p_adjusted": adjusted}
        known = {name: np.where(open_, np.nan, column) for name, column in numbers.items()}
        return self.rates.assign(**known, status=status)

    def estimates(self) -> pd.DataFrame:
        """Give rate (or count), ``z``, ``p``, ``p_adjusted`` and ``status`` an area, in the order of the areas."""
        return self.tested

    def areas_that_are(self, status: str) -> list[str]:
        """Name the areas of a status, the farthest from chance first."""
        return self._ordered(status)["group"].tolist()

    def _ordered(self, status: str) -> pd.DataFrame:
        rows = self.tested[self.tested["status"] == status]
        return rows.assign(_far=-rows["z"].abs()).sort_values(["_far", "group"], kind="stable")

    def values(self) -> list[Value]:
        tested = self.tested.to_dict("records")
        unit = "standard deviations from chance"
        reasons = (ALONE, UNCLEAR, WITHHELD)
        return [
            *(Value(name=f"areas_{kind.replace(' ', '_')}", estimate=float((self.tested["status"] == kind).sum()), unit="areas", n=None)
              for kind in self.kinds),
            *super().values(),
            *(Value(name=self.statistic, group=row["group"], estimate=number(row["z"]), unit=unit, n=whole(row["count"]),
                    reason=row["status"] if row["status"] in reasons else None) for row in tested),
        ]  # fmt: skip

    @property
    def kinds(self) -> list[str]:
        """Give the statuses beyond chance."""
        return [kind for kind in self.looks if kind not in (NEITHER, ALONE, UNCLEAR, WITHHELD)]

    def columns(self) -> dict[str, Column]:
        rate = f"Per {self.per:,} residents a year" if self.by_residents else "Number"
        kept = {
            "group": Column(self.heading),
            "status": Column("Status"),
            "count": Column(self.of.capitalize(), "count"),
        }
        rates = {
            "estimate": Column(rate, "rate", 0),
            "low": Column("Low", "rate", 0),
            "high": Column("High", "rate", 0),
        }
        tests = {"z": Column("z", "number", 1), "p_adjusted": Column("p, corrected", "number", 4)}
        return kept | (rates if self.by_residents else {}) | tests

    def table(self) -> Table:
        columns = self.columns()
        listed_rows = pd.concat([self._ordered(kind).head(LISTED) for kind in self.kinds])
        return Table(
            tuple(columns.values()),
            tuple(
                tuple(row[name] if column.kind == "text" else number(row[name]) for name, column in columns.items())
                for row in listed_rows.to_dict("records")
            ),
        )

    def summary(self) -> str:
        if not self.shown.any():
            return "Every area is withheld: the counts are too small."
        if self.tested["p"].isna().all():
            return "No area could be compared with its neighbours: too few counts are shown, or all are the same."
        found = {kind: int((self.tested["status"] == kind).sum()) for kind in self.kinds}
        judged = int(self.tested["p_adjusted"].notna().sum())
        which = "" if judged == len(self.frame) else " that could be judged"
        said = [f"{places:,} {'was' if places == 1 else 'were'} {kind}" for kind, places in found.items() if places]
        text = f"Of {counted(judged, self.heading.lower())}{which}, {listed(said) or 'none was out of the ordinary'} beyond chance ({self._rule()})."
        first = next((kind for kind in self.kinds if found[kind]), None)
        if first is not None:
            top = self._ordered(first).iloc[0]
            text += f" The clearest that was {first} was {top['group']}, with {self.said(top)}."
        return text

    def _rule(self) -> str:
        words = {
            "none": "p",
            "bonferroni": "p corrected by Bonferroni",
            "benjamini-hochberg": "p corrected for false discoveries",
        }
        return f"{words[self.correction]} at most {self.significance_level:g}"

    def alt_text(self) -> str:
        return f"Map of {counted(len(self.frame), self.heading.lower())} by status. {self.summary()}"

    def plot(self, *, ax: Axes | None = None) -> Axes | None:
        codes = self.frame["code"]
        drawn = codes.isin(list(self.outlines)).to_numpy()
        if not drawn.any():
            return self._plot_rates(ax)
        return draw.category_map(
            [self.outlines[code] for code in codes[drawn]],
            self.tested["status"][drawn].tolist(),
            looks=self.looks,
            quantity=f"{self.of.capitalize()}, {self.heading.lower()}s",
            ax=ax,
        )

    def _plot_rates(self, ax: Axes | None) -> Axes | None:
        """Draw rates with intervals of the areas beyond chance, where there are no outlines to draw."""
        rows = pd.concat([self._ordered(kind).head(LISTED // 2) for kind in self.kinds])
        if rows.empty:
            return None
        labels = [f"{row['group']} ({row['status']})" for row in rows.to_dict("records")]
        quantity = f"{self.of} per {self.per:,} residents a year" if self.by_residents else self.of
        return draw.intervals(labels, rows["estimate"], low=rows["low"], high=rows["high"], quantity=quantity, ax=ax)


def prepare_pattern(
    areas: pd.DataFrame,
    *,
    outlines: Rings | None,
    weights: Weights | None,
    by: str,
    code: str,
    count: str,
    population: str | None,
    years: float,
    per: int,
    of: str,
    correction: Correction,
    significance_level: float,
    confidence_level: float,
    n_resamples: int,
    tails: int,
    rng: np.random.Generator | None,
) -> dict[str, Any]:
    """Check what was given and put together what every pattern of areas is made of, by field."""
    if not 0 < significance_level < 1:
        raise ValueError("significance_level must lie between 0 and 1")
    if n_resamples < 1:
        raise ValueError("n_resamples must be 1 or more")
    rng = np.random.default_rng() if rng is None else rng
    frame = area_frame(areas, by=by, code=code, count=count, population=population, years=years)
    checked = neighbours(frame, weights, outlines)
    corrected = correction != "none"
    return {
        "unit": of if population is None else f"{of} per {per:,} residents a year",
        "frame": frame,
        "weights": checked,
        "outlines": outlines or {},
        "per": per,
        "level": confidence_level,
        "of": of,
        "correction": correction,
        "significance_level": significance_level,
        "n_resamples": n_resamples,
        "seed": int(rng.integers(2**62)),
        "caveats": (
            *area_caveats(frame, checked),
            *(_resolution(len(frame), significance_level, n_resamples, tails) if corrected else ()),
        ),
    }


def _resolution(areas: int, significance_level: float, n_resamples: int, tails: int) -> tuple[str, ...]:
    """Warn where the resamples are too few for one lone area to be found among so many."""
    if tails / (1 + n_resamples) * areas <= significance_level:
        return ()
    needed = int(np.ceil(tails * areas / significance_level / 1_000)) * 1_000 - 1
    return (
        f"with {n_resamples:,} resamples a single area among {areas:,} cannot be found beyond chance, a group of areas can; "
        f"{needed:,} resamples would do",
    )
