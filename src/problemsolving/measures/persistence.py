"""Acute or chronic: in how many months an area was a hot spot, and whether lately."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
import pandas as pd

from problemsolving import draw
from problemsolving.errors import NotEstimableError, counted
from problemsolving.measures.small_areas import WITHHELD, Rings, area_frame, neighbours
from problemsolving.results import Column, FrameResult, Method, Table, Value, listed, number
from problemsolving.stats.deals import Correction, adjust_p
from problemsolving.stats.local_spatial import getis_ord
from problemsolving.stats.spatial import Weights

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CHRONIC, ACUTE, PAST, NEVER = "chronic", "acute", "past", "never"
LOOKS = {CHRONIC: "high", ACUTE: "high alone", PAST: "past", NEVER: "plain", WITHHELD: "unknown"}
LISTED = 20


def persistence_classes(hot: pd.DataFrame, *, recent: int = 3, mostly: float = 0.5) -> pd.Series:
    """Class of each area by the periods in which it was hot.

    Parameters
    ----------
    hot : pandas.DataFrame
        True where an area (row) was hot in a period (column, oldest first).
    recent : int
        Periods at the end that count as lately, 1 or more, fewer than there are.
    mostly : float
        Share of all periods from which an area is hot most of the time, above 0 and up to 1.

    Returns
    -------
    pandas.Series
        ``chronic``, ``acute``, ``past`` or ``never`` an area, by the rules of `classify_persistence`.

    Raises
    ------
    ValueError
        For anything but True and False, or ``recent`` or ``mostly`` out of range.

    Examples
    --------
    >>> months = pd.DataFrame([[1, 1, 0, 1, 1], [0, 0, 0, 0, 1], [1, 1, 1, 0, 0], [0] * 5], index=list("abcd")) == 1
    >>> persistence_classes(months, recent=2).to_dict()
    {'a': 'chronic', 'b': 'acute', 'c': 'past', 'd': 'never'}
    """
    if not 1 <= recent < hot.shape[1] or not 0 < mostly <= 1:
        raise ValueError("recent must be 1 or more and fewer than the periods, mostly above 0 and no more than 1")
    if not all(pd.api.types.is_bool_dtype(kind) for kind in hot.dtypes):
        raise ValueError("hot must hold True and False alone; leave out areas or periods that are unknown")
    often, lately, ever = hot.mean(axis=1) >= mostly, hot.iloc[:, -recent:].any(axis=1), hot.any(axis=1)
    return pd.Series(np.select([~ever, ~lately, often], [NEVER, PAST, CHRONIC], ACUTE), index=hot.index, dtype=object)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Persistence(FrameResult):
    """Areas by how long they have been hot spots: ``frame`` has ``group``, ``code`` and ``count``.

    ``classes`` (area → class) and ``periods_hot`` (area → number) come from counts by period. After release the class, one
    of four words, leaves with the area's count for the whole time, or not at all; the number of periods does not leave.
    """

    margins: ClassVar[tuple[tuple[str, ...], ...]] = (("district",),)

    classes: Mapping[str, str]
    periods_hot: Mapping[str, int] = field(default_factory=dict)
    periods: int
    recent: int
    mostly: float
    outlines: Rings = field(default_factory=dict)
    of: str = "incidents"
    period_name: str = "month"

    def rebuild(self, cells: pd.DataFrame) -> Self:
        known = set(cells["group"][cells["count"].notna()])
        kept = {area: kind for area, kind in self.classes.items() if area in known}
        hot = {area: number_ for area, number_ in self.periods_hot.items() if area in known}
        return replace(self, frame=cells, classes=kept, periods_hot=hot)

    def blurred(self) -> Self:
        return replace(self, periods_hot={})

    @property
    def status(self) -> pd.Series:
        """Give the class of each area, or that it is withheld, in the order of the areas."""
        return self.frame["group"].map(dict(self.classes)).fillna(WITHHELD)

    def areas_that_are(self, kind: str) -> list[str]:
        """Name the areas of a class in alphabetical order."""
        return sorted(self.frame["group"][self.status == kind])

    def values(self) -> list[Value]:
        kinds = (CHRONIC, ACUTE, PAST, NEVER)
        return [
            *(Value(name=f"areas_{kind}", estimate=float((self.status == kind).sum()), unit="areas", n=None) for kind in kinds),
            *(Value(name=f"{self.period_name}s_hot", group=area, estimate=float(hot), unit=f"{self.period_name}s", n=None)
              for area, hot in self.periods_hot.items()),
        ]  # fmt: skip

    def table(self) -> Table:
        shown = self.frame.assign(status=self.status, hot=self.frame["group"].map(dict(self.periods_hot)))
        kinds = [shown[shown["status"] == kind].sort_values("group").head(LISTED) for kind in (CHRONIC, ACUTE, PAST)]
        columns = [Column("Small area"), Column("Hot spot"), Column(self.of.capitalize(), "count")]
        names = ["group", "status", "count"]
        if self.periods_hot:
            columns.append(Column(f"{self.period_name.capitalize()}s hot, of {self.periods}", "count"))
            names.append("hot")
        rows = pd.concat(kinds).to_dict("records")
        return Table(
            tuple(columns),
            tuple(
                tuple(number(row[name]) if name in ("count", "hot") else row[name] for name in names) for row in rows
            ),
        )

    def summary(self) -> str:
        judged = int((self.status != WITHHELD).sum())
        if not judged:
            return "Every area is withheld: the counts are too small."
        kinds = {CHRONIC: "chronic hot spots", ACUTE: "acute hot spots", PAST: "hot spots in the past alone"}
        found = listed([f"{len(self.areas_that_are(kind)):,} were {words}" for kind, words in kinds.items()])
        text = (
            f"Of {counted(judged, 'small area')}, {found}. Chronic: hot in {self.mostly:.0%} or more of the {self.periods} {self.period_name}s and in "
            f"one of the last {self.recent}; acute: hot in one of the last {self.recent}, but less often."
        )
        chronic = self.areas_that_are(CHRONIC)
        if chronic:
            text += f" Chronic were {listed(chronic[:5])}" + (
                f" and {len(chronic) - 5} more." if len(chronic) > 5 else "."
            )
        return text

    def alt_text(self) -> str:
        return f"Map of {counted(len(self.frame), 'small area')} by how long they have been hot spots. {self.summary()}"

    def plot(self, *, ax: Axes | None = None) -> Axes | None:
        codes = self.frame["code"]
        drawn = codes.isin(list(self.outlines)).to_numpy()
        if not drawn.any():
            return None
        return draw.category_map(
            [self.outlines[code] for code in codes[drawn]],
            self.status[drawn].tolist(),
            looks=LOOKS,
            quantity=f"Hot spots of {self.of}",
            ax=ax,
        )


def find_hot_periods(
    events: pd.DataFrame,
    *,
    outlines: Rings | None = None,
    weights: Weights | None = None,
    by: str = "area_name",
    code: str = "area_code",
    period: str = "month",
    count: str = "count",
    population: str | None = "population",
    correction: Correction = "benjamini-hochberg",
    significance_level: float = 0.05,
    n_resamples: int = 9_999,
    rng: np.random.Generator | None = None,
) -> pd.DataFrame:
    """Find the periods in which each area was a hot spot (Gi*, one-sided, corrected for the areas of each period).

    Parameters
    ----------
    events : pandas.DataFrame
        One row an area and period; an area must stand in every period, with 0 where nothing happened.
    outlines, weights
        As in `problemsolving.measures.hot_spots.find_hot_spots`; weights in the order in which areas first stand.
    by, code, period, count : str
        Columns with name, code, period (in an order that sorts, such as "2024-03") and events.
    population : str or None
        Column with residents, above 0; None: counts are compared.
    correction, significance_level, n_resamples, rng
        As in `problemsolving.measures.hot_spots.find_hot_spots`.

    Returns
    -------
    pandas.DataFrame
        True where hot: a row an area, in the order in which they first stand, a column a period, oldest first. No area is
        hot in a period of which nothing can be told.

    Raises
    ------
    ValueError
        For an area that lacks a period, and as `problemsolving.measures.hot_spots.find_hot_spots`.
    """
    rng = np.random.default_rng() if rng is None else rng
    wide = events.pivot(index=by, columns=period, values=count).reindex(events[by].drop_duplicates())
    if wide.isna().any(axis=None):
        raise ValueError("every area must stand in every period, with a count of 0 where nothing happened")
    first = events.drop_duplicates(by)
    frame = area_frame(first, by=by, code=code, count=count, population=population, years=1.0)
    near = neighbours(frame, weights, outlines)
    scale = 1.0 if population is None else 1 / frame["person_years"].to_numpy()
    hot = np.zeros(wide.shape, bool)
    for place, values in enumerate(wide.to_numpy(float).T):
        try:
            test = getis_ord(values * scale, near, alternative="greater", n_resamples=n_resamples, rng=rng)
        except NotEstimableError:
            continue
        hot[:, place] = adjust_p(test.p, correction) <= significance_level
    return pd.DataFrame(hot, index=wide.index, columns=wide.columns)


def classify_persistence(
    hot: pd.DataFrame,
    areas: pd.DataFrame,
    *,
    recent: int = 3,
    mostly: float = 0.5,
    outlines: Rings | None = None,
    by: str = "area_name",
    code: str = "area_code",
    count: str = "count",
    of: str = "incidents",
    period_name: str = "month",
) -> Persistence:
    """Tell chronic hot spots from acute and past ones.

    Answers: which hot spots have lasted, which are new, and which are over?

    Parameters
    ----------
    hot : pandas.DataFrame
        True where an area (index: its name) was a hot spot in a period (columns, oldest first): see `find_hot_periods`.
    areas : pandas.DataFrame
        One row an area, with its events in all these periods together.
    recent : int
        Periods at the end that count as lately, 1 or more, fewer than there are.
    mostly : float
        Share of all periods from which an area is hot most of the time, above 0 and up to 1.
    outlines : mapping of str to sequence of array, optional
        Area code → outer rings, longitude and latitude in degrees, for the map.
    by, code, count : str
        Columns of ``areas`` with name, code and events.
    of : str
        What is counted, in the plural.
    period_name : str
        What a period is: "month" or "quarter".

    Returns
    -------
    Persistence
        One class an area.

    Raises
    ------
    ValueError
        For areas that ``hot`` lacks, more than one row an area, anything but True and False, or ``recent`` or ``mostly``
        out of range.

    Notes
    -----
    The rules, first that fits:

    - never: hot in no period;
    - past: hot in some period, but in none of the last ``recent``;
    - chronic: hot in at least the share ``mostly`` of all periods, and in at least one of the last ``recent``;
    - acute: hot in at least one of the last ``recent``, but in a smaller share of all.

    One month of few events finds few hot spots, whatever there is: use quarters where months hold few. Chance alone puts a
    hot spot somewhere on the map in about one period in twenty, so that "acute" by a single period is a reason to look.

    References
    ----------
    Ratcliffe JH (2004) The hotspot matrix: a framework for the spatio-temporal targeting of crime reduction.
    Police Pract Res 5:5.

    Examples
    --------
    >>> hot = pd.DataFrame([[True, True, True, True], [False, False, False, True]], index=["a", "b"])
    >>> table = pd.DataFrame({"area_name": ["a", "b"], "count": [400, 90]})
    >>> classify_persistence(hot, table, recent=1).status.tolist()
    ['chronic', 'acute']
    """
    frame = area_frame(areas, by=by, code=code, count=count, population=None, years=1.0)
    named = hot.set_axis(hot.index.astype(str), axis=0)
    if set(frame["group"]) - set(named.index) or named.index.duplicated().any():
        raise ValueError("hot must have one row for each of the areas, named as in areas")
    named = named.loc[frame["group"]]
    classes = persistence_classes(named, recent=recent, mostly=mostly)
    return Persistence(
        method=Method(
            "Chronic, acute and past hot spots",
            "Ratcliffe 2004",
            {f"last {period_name}s": recent, "chronic from": mostly},
        ),
        unit=f"{period_name}s hot",
        frame=frame.drop(columns="person_years"),
        classes=classes.to_dict(),
        periods_hot=named.sum(axis=1).astype(int).to_dict(),
        periods=named.shape[1],
        recent=recent,
        mostly=mostly,
        outlines=outlines or {},
        of=of,
        period_name=period_name,
    )
