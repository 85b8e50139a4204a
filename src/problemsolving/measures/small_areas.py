"""Small areas with their counts, residents, neighbours and outlines: what results on them share."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import pandas as pd

from problemsolving import draw
from problemsolving.errors import counted
from problemsolving.grouped import GroupedResult
from problemsolving.measures.maps import Rings
from problemsolving.stats.intervals import count_limits
from problemsolving.stats.spatial import Weights, check_weights, contiguity_weights, islands_in_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WITHHELD, UNCLEAR, ALONE, NEITHER = "withheld", "too few neighbours shown", "no neighbour", "not beyond chance"
ASSUMED = (
    "everything was computed again from the released counts, with each withheld count taken as half of the smallest "
    "shown; the status of an area is withheld with its count, and left open where most of its neighbours, or of the map, are"
)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class AreaResult(GroupedResult):
    """Base of results on small areas and their neighbours, all of it computed from the counts in ``frame``.

    ``frame`` has ``group``, ``code``, ``count``, ``person_years`` (NaN where counts are compared) and, where known,
    ``district``. Nothing made from unrounded counts is kept: after release a withheld count is taken as half of the
    smallest shown, so that no status, rate or test can tell more than the released counts do.
    """

    margins: ClassVar[tuple[tuple[str, ...], ...]] = (("district",),)  # totals shown with rates of districts

    weights: Weights
    outlines: Rings = field(default_factory=dict)
    per: int = 100_000

    def rebuild(self, cells: pd.DataFrame) -> Self:
        rebuilt = replace(self, frame=cells)
        return rebuilt.with_caveats(ASSUMED) if cells["count"].isna().any() else rebuilt

    @property
    def by_residents(self) -> bool:
        """Tell whether rates are compared, not counts."""
        return bool(self.frame["person_years"].notna().all())

    @property
    def shown(self) -> np.ndarray:
        """Tell which areas' counts are shown."""
        return self.frame["count"].notna().to_numpy()

    @property
    def mostly_hidden(self) -> np.ndarray:
        """Tell which areas have more than half of their neighbours withheld; all where half of the map is."""
        links = (self.weights != 0).astype(float)
        return np.asarray(links @ (~self.shown) > 0.5 * links.sum(axis=1)) | (self.shown.mean() < 0.5)

    @property
    def assumed(self) -> np.ndarray:
        """Give the counts, a withheld one as half of the smallest shown above 0."""
        counts = self.frame["count"].to_numpy(float)
        known = counts[counts > 0]
        return np.where(np.isnan(counts), known.min() / 2 if known.size else 0.0, counts)

    @property
    def scale(self) -> np.ndarray:
        """Give what a count is multiplied by for a rate per ``per`` residents a year; 1 where counts are compared."""
        return np.nan_to_num(self.per / self.frame["person_years"].to_numpy(float), nan=1.0)

    @cached_property
    def rates(self) -> pd.DataFrame:
        """Give ``group``, ``code``, ``count``, ``estimate`` (the rate, or the count), ``low`` and ``high``."""
        low, high, _ = count_limits(self.frame["count"], confidence_level=self.level)
        scaled = {"estimate": self.frame["count"] * self.scale, "low": low * self.scale, "high": high * self.scale}
        return self.frame[["group", "code", "count"]].assign(**scaled)

    def said(self, row: Any) -> str:
        """Say the rate, or the count, of an area with its interval."""
        unit = f"{self.of} per {self.per:,} residents a year" if self.by_residents else self.of
        return f"{row.estimate:,.0f} {unit} ({self.level:.0%} interval {row.low:,.0f} to {row.high:,.0f})"

    def map_of(self, column: pd.Series, *, quantity: str, ax: Axes | None = None) -> Axes:
        """Shade areas by numbers, where their outlines are known."""
        codes = self.frame["code"]
        drawn = codes.isin(list(self.outlines)).to_numpy()
        return draw.choropleth([self.outlines[code] for code in codes[drawn]], column[drawn], quantity=quantity, ax=ax)


def area_frame(
    areas: pd.DataFrame, *, by: str, code: str, count: str, population: str | None, years: float
) -> pd.DataFrame:
    """Check a table of one row an area and give ``group``, ``code``, ``count``, ``person_years`` (and ``district``)."""
    lacking = [name for name in (by, count, population) if name is not None and name not in areas]
    if lacking:
        remedy = "; population=None compares counts" if population in lacking else ""
        raise ValueError(f"areas has no column {lacking[0]!r}; name the column to use{remedy}")
    if areas[by].isna().any() or areas[by].duplicated().any():
        raise ValueError("areas must have one row an area; add up the rows of each before")
    counts = areas[count].to_numpy(float)
    if not np.isfinite(counts).all() or (counts < 0).any():
        raise ValueError("count must be 0 or more in every area; leave out areas whose count is unknown")
    residents = np.full(len(areas), np.nan) if population is None else areas[population].to_numpy(float)
    if years <= 0 or (population is not None and not (np.isfinite(residents) & (residents > 0)).all()):
        raise ValueError("population and years must be above 0 in every area; leave out areas without residents")
    frame = pd.DataFrame(
        {
            "group": areas[by].astype(str).to_numpy(),
            "code": areas[code if code in areas else by].astype(str).to_numpy(),
            "count": counts,
            "person_years": residents * years,
        }
    )
    return frame.assign(district=areas["district_name"].to_numpy()) if "district_name" in areas else frame


def neighbours(frame: pd.DataFrame, weights: Weights | None, outlines: Rings | None) -> Weights:
    """Give checked weights: those given, else contiguity of the outlines in the order of the areas."""
    if weights is not None:
        return check_weights(weights, len(frame))
    if not outlines:
        raise ValueError("give weights, or outlines of which the neighbours are made")
    lacking = int((~frame["code"].isin(list(outlines))).sum())
    if lacking:
        raise ValueError(f"{counted(lacking, 'area')} without an outline; leave them out, or give weights")
    return contiguity_weights([outlines[code] for code in frame["code"]])


def area_caveats(frame: pd.DataFrame, weights: Weights) -> tuple[str, ...]:
    """Say how many areas have no neighbour, and that counts follow residents where no residents are given."""
    by_count = frame["person_years"].isna().any()
    counts = "counts were compared, not rates: places with more people have more of everything"
    return (*islands_in_words(weights), *((counts,) if by_count else ()))
