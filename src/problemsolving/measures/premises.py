"""Points that hold too many incidents to be where these took place: stations, hospitals, courts, shopping centres."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
import pandas as pd

from problemsolving import draw
from problemsolving.errors import counted
from problemsolving.grouped import GroupedResult
from problemsolving.results import Column, Kind, Method, listed
from problemsolving.stats.intervals import wilson_limits
from problemsolving.stats.spatial import nearest_to

if TYPE_CHECKING:
    from matplotlib.axes import Axes

KINDS: Mapping[str, str] = {
    "police station": r"police (station|office|headquarters|hq)|custody (suite|centre|block)",
    "hospital": r"hospital|infirmary",
    "prison": r"prison|hmp|young offenders? institution",
    "court": r"^court$|(magistrates|crown|county|law|combined|youth)['’]?s?['’]? courts?( centre)?",
    "shopping centre": r"shopping (area|centre|mall|precinct)|retail park",
}
STREETS = r"road|rd|street|st|lane|ln|close|avenue|ave?|drive|dr|way|place|court|gardens|grove|hill|terrace|walk|view|square|crescent|mews|row"
OTHERS, ALL = "all other points", "all points"
FAR = "far above its neighbours"
SNAPPED = (
    "incidents are counted where they were recorded or moved to on the map, which need not be where they took place"
)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class UnusualPoints(GroupedResult):
    """Points reported for exclusion, with their share of all incidents: ``frame`` has ``group``, ``count``, ``reason``.

    Its last two rows are all other points and all together. ``at_unusual`` tells which rows of the incidents lie at a
    reported point; it never leaves.
    """

    margins: ClassVar[tuple[tuple[str, ...], ...]] = ((),)

    at_unusual: np.ndarray | None = field(default=None)
    heading: str = "Point"

    estimate_kind: ClassVar[Kind] = "percent"
    decimals: ClassVar[int] = 2

    def rebuild(self, cells: pd.DataFrame) -> Self:
        """Take released counts; points whose count is withheld are not named."""
        points = cells[~cells["group"].isin([OTHERS, ALL])].dropna(subset="count")
        points = points.sort_values(["count", "group"], ascending=[False, True], kind="stable")
        return replace(self, frame=pd.concat([points, cells[cells["group"].isin([OTHERS, ALL])]], ignore_index=True))

    def blurred(self) -> Self:
        return replace(self, at_unusual=None)

    def estimates(self) -> pd.DataFrame:
        """Give each reported point's share of all incidents with Wilson's limits."""
        total = float(self.frame["count"].iloc[-1])
        points = self.frame[~self.frame["group"].isin([OTHERS, ALL])]
        if np.isnan(total):
            return points.assign(estimate=np.nan, low=np.nan, high=np.nan)
        held = np.minimum(points["count"], total)
        low, high = wilson_limits(held, np.full(len(points), total), confidence_level=self.level)
        return points.assign(estimate=held / total, low=low, high=high)

    def columns(self) -> dict[str, Column]:
        kept = super().columns()
        return {"group": kept["group"], "reason": Column("Why")} | kept

    def summary(self) -> str:
        known = self.estimates().dropna(subset="estimate")
        if known.empty:
            return "No point that can be shown holds an implausible share of the incidents."
        total = float(self.frame["count"].iloc[-1])
        kinds = known["reason"].str.split(";").str[0].value_counts(sort=False)
        reasons = listed([f"{places:,} {reason}" for reason, places in kinds.items()])
        top = known.iloc[0]
        return (
            f"{counted(len(known), 'point')} held {known['count'].sum() / total:.1%} of the {self.of}, and should be looked at before any map is made "
            f"({reasons}). The largest, {top['group']}, held {top['estimate']:.2%} ({self.level:.0%} interval {top['low']:.2%} to {top['high']:.2%})."
        )

    def plot(self, *, ax: Axes | None = None) -> Axes | None:
        shown = self.estimates().dropna(subset="estimate").head(20)
        if shown.empty:
            return None
        low, high = (shown[limit] * 100 for limit in ("low", "high"))
        names = shown["group"].tolist()
        return draw.intervals(names, shown["estimate"] * 100, low=low, high=high, quantity=f"% of all {self.of}", ax=ax)


def find_unusual_points(
    incidents: pd.DataFrame,
    *,
    by: str | None = None,
    count: str | None = None,
    location: str | None = None,
    show_locations: bool = False,
    longitude: str = "longitude",
    latitude: str = "latitude",
    share: float = 0.0025,
    ratio: float = 10.0,
    k: int = 10,
    at_least: int = 20,
    kinds: Mapping[str, str] | None = None,
    confidence_level: float = 0.95,
    of: str = "incidents",
) -> UnusualPoints:
    """Find points that hold an implausible share of the incidents, to be looked at and perhaps left out.

    Answers: which points are where incidents are recorded rather than where they took place?

    Parameters
    ----------
    incidents : pandas.DataFrame
        One row an incident, or with ``count`` so many incidents a row that are alike.
    by : str, optional
        Column that tells the points apart (an address, a map point's number). None: by longitude and latitude.
    count : str, optional
        Column with the number of incidents of a row.
    location : str, optional
        Column with the words of the location, searched for ``kinds``.
    show_locations : bool
        Name points by these words (snapped street names may be shown, house numbers never); else by number, from west to
        east.
    longitude, latitude : str
        Columns in degrees; rows without a place are left out.
    share : float
        Share of all incidents from which a point is implausible, if it also has ``ratio`` times the median of its neighbours.
    ratio : float
        Above 1.
    k : int
        Nearest other points that are the neighbours.
    at_least : int
        Points with fewer incidents are never reported.
    kinds : mapping of str to str, optional
        Kind → pattern searched for in the location's words, not followed by the word of a street. None: police stations,
        hospitals, prisons, courts and shopping centres.
    confidence_level : float
        Between 0 and 1.
    of : str
        What is counted, in the plural.

    Returns
    -------
    UnusualPoints
        Share of all incidents with a place (0 to 1), Wilson's limits, and the reason; ``incidents[~found.at_unusual]`` leaves
        them out.

    Raises
    ------
    ValueError
        For a missing column, no incident with a place, ``show_locations`` without ``location``, or numbers out of range.

    Notes
    -----
    A reported point is a question, not an error: thefts at a shopping centre take place there, walk-in reports at a police
    station do not. A street called "Hospital Road" or "Bramley Court" is not matched.
    Do not leave points out of a count of demand; leave them out of maps of where incidents take place.

    References
    ----------
    Tompson L, Johnson S, Ashby M, Perkins C, Edwards P (2015) UK open source crime data: accuracy and possibilities for
    research. Cartogr Geogr Inf Sci 42:97. doi:10.1080/15230406.2014.972456

    Examples
    --------
    >>> rows = [(0.001 * place, 51.9, "High Street") for place in range(50)] + [(0.1, 51.9, "Police Station")] * 30
    >>> table = pd.DataFrame(rows, columns=["longitude", "latitude", "location"])
    >>> found = find_unusual_points(table, location="location")
    >>> found.frame["reason"].iloc[0], int(found.at_unusual.sum()), float(found.estimates()["estimate"].iloc[0])
    ('named as police station; far above its neighbours', 30, 0.375)
    """
    lacking = [
        name for name in (by, count, location, longitude, latitude) if name is not None and name not in incidents
    ]
    if lacking:
        raise ValueError(f"incidents has no column {lacking[0]!r}; name the column to use")
    if show_locations and location is None:
        raise ValueError("show_locations needs location, the column with the words to show")
    if not 0 < share < 1 or not ratio > 1 or k < 1 or at_least < 1:
        raise ValueError("share must lie between 0 and 1, ratio above 1, k and at_least at 1 or more")
    placed = incidents[[longitude, latitude]].notna().all(axis=1).to_numpy()
    if not placed.any():
        raise ValueError("no incident has a place; give longitude and latitude")
    times = np.ones(len(incidents)) if count is None else incidents[count].to_numpy(float)
    keys, points = _count_points(incidents[placed], times[placed], by, longitude, latitude)
    many = np.flatnonzero(points["count"].to_numpy() >= at_least)
    words = pd.Series(_words(incidents[placed], keys, times[placed], location, many), index=many, dtype=object)
    points = points.assign(reason="", words=words)
    points.loc[many, "reason"] = _reasons(points, words, share=share, ratio=ratio, k=k, kinds=kinds or KINDS)
    found = points[points["reason"] != ""].sort_values(["x", "y"], kind="stable")
    numbers = [f"point {place}" for place in range(1, len(found) + 1)]
    names = (
        [f"{words} ({name})" for words, name in zip(found["words"], numbers, strict=True)]
        if show_locations
        else numbers
    )
    ordered = found.assign(group=names, count=found["count"].astype(float)).sort_values(
        ["count", "group"], ascending=[False, True], kind="stable"
    )
    total = float(times[placed].sum())
    rest = pd.DataFrame({"group": [OTHERS, ALL], "count": [total - ordered["count"].sum(), total], "reason": ["", ""]})
    frame = pd.concat([ordered[["group", "count", "reason"]], rest], ignore_index=True)
    at_unusual = np.zeros(len(incidents), bool)
    at_unusual[placed] = np.isin(keys, found.index)
    unplaced = ("incidents without a place were left out",) * (not placed.all())
    return UnusualPoints(
        method=Method(
            "Points by words and by share of incidents", "Tompson et al. 2015", {"share": share, "times the median of its neighbours": ratio, "neighbours": k}
        ),
        unit="share of all incidents with a place",
        frame=frame.assign(total=frame["group"] == ALL),
        at_unusual=at_unusual,
        level=confidence_level,
        of=of,
        caveats=(SNAPPED, *unplaced),
    )  # fmt: skip


def _count_points(
    rows: pd.DataFrame, times: np.ndarray, by: str | None, longitude: str, latitude: str
) -> tuple[np.ndarray, pd.DataFrame]:
    """Give the number of each row's point, and a row a point: ``x``, ``y``, ``count``, in the order of the points."""
    degrees = rows[[longitude, latitude]].to_numpy(float).round(6)
    if by is None:
        whole = np.rint(degrees * 1e6).astype(np.int64)
        points, keys = np.unique(whole[:, 0] * (1 << 31) + whole[:, 1], return_inverse=True)
        first = np.empty(len(points), np.int64)
        first[keys] = np.arange(len(keys))  # every row of a point lies at the same place
        place = pd.DataFrame(degrees[first], columns=["x", "y"])
    else:
        grouped = pd.DataFrame(degrees, columns=["x", "y"]).groupby(rows[by].astype(str).to_numpy(), sort=True)
        keys, place = grouped.ngroup().to_numpy(), grouped[["x", "y"]].median().reset_index(drop=True)
    return keys, place.assign(count=np.bincount(keys, weights=times, minlength=len(place)))


def _words(
    rows: pd.DataFrame, keys: np.ndarray, times: np.ndarray, location: str | None, chosen: np.ndarray
) -> list[str]:
    """Give the location's words that most incidents of each chosen point have, of several as frequent the last."""
    if location is None:
        return [""] * len(chosen)
    at = np.isin(keys, chosen)
    table = pd.DataFrame({"key": keys[at], "words": rows[location].to_numpy()[at].astype(str), "n": times[at]})
    counted = table.groupby(["key", "words"])["n"].sum().reset_index().sort_values("n", kind="stable")
    return counted.groupby("key")["words"].last().reindex(chosen).tolist()


def _reasons(
    points: pd.DataFrame, words: pd.Series, *, share: float, ratio: float, k: int, kinds: Mapping[str, str]
) -> pd.Series:
    """Say why each point that has ``words`` is reported, the words first; nothing where it is not."""
    counts = points["count"].to_numpy(float)
    named = words.map(lambda text: _kind(text, kinds))
    by_words = ("named as " + named).where(named != "", "")
    standing_out = pd.Series(False, index=words.index)
    high = words.index[points.loc[words.index, "count"] >= share * counts.sum()]
    if len(points) > 1 and len(high):
        near = min(k, len(points) - 1)
        around = np.median(counts[nearest_to(points[["x", "y"]], high.to_numpy(), near)], axis=1)
        standing_out[high] = points.loc[high, "count"].to_numpy() >= ratio * around
    by_share = pd.Series(np.where(standing_out, FAR, ""), index=words.index)
    return (by_words + "; " + by_share).where((by_words != "") & standing_out, by_words + by_share)


def _kind(words: str, kinds: Mapping[str, str]) -> str:
    """Name the kind of premises that a location's words name; nothing where they name a street after one.

    >>> [_kind(words, KINDS) for words in ("On or near Police Station", "Hospital Road", "Bramley Court", "Luton Crown Court")]
    ['police station', '', '', 'court']
    """
    plain = re.sub(r"^on or near ", "", words.strip().lower())
    for kind, pattern in kinds.items():
        if re.search(rf"(?:\b|^)(?:{pattern})(?:\b|$)(?! (?:{STREETS})\b)", plain):
            return kind
    return ""
