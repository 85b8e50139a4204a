"""What agencies think of each other: trust and value scores from the items of a survey."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
import pandas as pd

from problemsolving.grouped import GroupedResult
from problemsolving.network.structure.agency_network import UNANSWERED
from problemsolving.network.structure.checks import stop
from problemsolving.network.structure.rows import Scale, cleaned, ends_of, turned
from problemsolving.network.structure.survey import survey_faults
from problemsolving.results import Column, Method, Value, interval, number
from problemsolving.stats.resampling import percentile_interval

if TYPE_CHECKING:
    pass

WITHHELD = "withheld: too few raters"
ONE_RATER = "no interval: fewer than two raters"
NOBODY = "not estimable: nobody rated it"


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class RatingScores(GroupedResult):
    """Scores of agencies by others: ``frame`` has ``group``, ``agency``, ``score_of``, ``count`` (raters), ``score`` and its limits.

    A score leaves where its raters are enough, to one decimal.
    """

    scale: tuple[float, float]

    decimals: ClassVar[int] = 2
    value_name: ClassVar[str] = "score"

    def rebuild(self, cells: pd.DataFrame) -> Self:
        kept = cells["count"].notna()
        names = ["score", "score_low", "score_high"]
        return replace(self, frame=cells.assign(**{name: cells[name].where(kept) for name in names}))

    def blurred(self) -> Self:
        names = ["score", "score_low", "score_high"]
        return replace(self, frame=self.frame.assign(**{name: self.frame[name].round(1) for name in names}))

    def estimates(self) -> pd.DataFrame:
        """Give ``group``, ``count``, ``estimate``, ``low``, ``high``, ``of_most``, ``of_range`` (shares) and ``reason``."""
        low, high = self.scale
        shown = self.frame[["group", "count"]].assign(
            estimate=self.frame["score"],
            low=self.frame["score_low"],
            high=self.frame["score_high"],
            of_most=self.frame["score"] / high,
            of_range=(self.frame["score"] - low) / (high - low),
        )
        lost, none = shown["count"].isna(), shown["count"] == 0
        return shown.assign(
            reason=np.select([lost, none, shown["low"].isna()], [WITHHELD, NOBODY, ONE_RATER], default="")
        )

    def columns(self) -> dict[str, Column]:
        shares = {"of_most": Column("% of maximum", "percent", 0), "of_range": Column("% of range", "percent", 0)}
        notes = {"reason": Column("Note")} if (self.estimates()["reason"] != "").any() else {}
        return super().columns() | shares | notes

    def values(self) -> list[Value]:
        shown = self.estimates()
        told = [
            replace(value, reason=reason or None)
            for value, reason in zip(super().values(), shown["reason"], strict=True)
        ]
        low, high = self.scale
        for name, unit, floor, width in (
            ("of_most", f"share of the maximum, {high:g}", 0.0, high),
            ("of_range", f"share of the range, {low:g} to {high:g}", low, high - low),
        ):
            told += [
                replace(
                    value,
                    name=name,
                    unit=unit,
                    estimate=None if value.estimate is None else (value.estimate - floor) / width,
                    interval=None
                    if value.interval is None
                    else interval(
                        (value.interval.low - floor) / width, (value.interval.high - floor) / width, self.level
                    ),
                )
                for value in told[: len(shown)]
            ]
        return told

    def summary(self) -> str:
        known = self.estimates().dropna(subset="estimate")
        if known.empty:
            return "No score can be shown: too few rated each agency."
        top = known.sort_values(["estimate", "group"], ascending=[False, True], kind="stable").iloc[0]
        low, high = self.scale
        within = (
            "" if number(top["low"]) is None else f", {self.level:.0%} interval {top['low']:.1f} to {top['high']:.1f}"
        )
        return (
            f"{top['group']} was rated highest: {top['estimate']:.1f} on a scale of {low:g} to {high:g} by {top['count']:,.0f} "
            f"raters ({top['of_most']:.0%} of the maximum, {top['of_range']:.0%} of the range{within})."
        )

    def alt_text(self) -> str:
        return f"A dot for each score with a line for its interval. {self.summary()}"


def rater_means(
    ratings: pd.DataFrame,
    *,
    items: Sequence[str],
    rater: str = "rater",
    rated: str = "rated",
    scale: Scale | None = None,
    inverted: bool = False,
) -> pd.DataFrame:
    """Average the items that each rater answered of each agency.

    Parameters
    ----------
    ratings : pandas.DataFrame
        One row a rater and rated agency, a column an item.
    items : sequence of str
        Columns with scores.
    rater, rated : str
        Columns with the agencies.
    scale : tuple of float, optional
        Lowest and highest score.
    inverted : bool
        Whether the lowest score means most; scores are then turned round.

    Returns
    -------
    pandas.DataFrame
        ``sender``, ``receiver``, ``weight``, in order of the names; rows without any answer and self-ratings left out.

    Notes
    -----
    Do not use where items measure different things: average each kind by itself.

    Examples
    --------
    >>> rows = pd.DataFrame({"rater": ["a"], "rated": ["b"], "x": [4], "y": [None], "z": [3]})
    >>> rater_means(rows, items=["x", "y", "z"])["weight"].tolist()
    [3.5]
    """
    arcs = ends_of(ratings[rater], ratings[rated])
    arcs["weight"] = turned(ratings[list(items)].astype(float), scale, inverted).mean(axis=1).to_numpy()
    kept, _ = cleaned(arcs)
    return kept.dropna(subset="weight").sort_values(["receiver", "sender"], ignore_index=True)


def measure_ratings(
    ratings: pd.DataFrame,
    *,
    agencies: Sequence[str],
    respondents: Sequence[str],
    scores: Mapping[str, Sequence[str]],
    scale: Scale,
    rater: str = "rater",
    rated: str = "rated",
    inverted: bool = False,
    confidence_level: float = 0.95,
    n_resamples: int = 9_999,
    rng: np.random.Generator | None = None,
) -> RatingScores:
    """Score agencies by what others say of them, such as trust and value.

    Answers: how far do the others trust an agency, and what do they think it brings?

    Parameters
    ----------
    ratings : pandas.DataFrame
        One row a rater and rated agency, a column an item; missing where not answered.
    agencies, respondents : sequence of str
        All agencies, and those that answered.
    scores : mapping of str to sequence of str
        Name of each score → its items, such as ``{"trust": ["reliability", "mission", "openness"]}``.
    scale : tuple of float
        Lowest and highest score of an item.
    rater, rated : str
        Columns with the agencies.
    inverted : bool
        Whether the lowest score means most; scores are then turned round.
    confidence_level : float
        Between 0 and 1.
    n_resamples : int
        Draws of the raters of each agency.
    rng : numpy.random.Generator, optional
        Source of randomness.

    Returns
    -------
    RatingScores
        One row an agency and score: the mean of items of each rater, then the mean over raters; as a share of the maximum and
        as a share of the range.

    Raises
    ------
    NetworkError
        For every fault at once.

    Notes
    -----
    The two shares differ: on a scale of 1 to 4 the worst score is 25 % of the maximum and 0 % of the range. An agency's own
    rating of itself is left out. With fewer than about ten raters the interval (raters drawn anew) is too narrow. Do not
    compare scores of agencies that different people rated as if the same had.

    References
    ----------
    Varda DM, Chandra A, Stern SA, Lurie N (2008) Core dimensions of connectivity in public health collaboratives. J Public
    Health Manag Pract 14(5):E1.

    Examples
    --------
    >>> rows = pd.DataFrame({"rater": ["a", "c"], "rated": ["b", "b"], "trust": [4, 2]})
    >>> found = measure_ratings(
    ...     rows, agencies=["a", "b", "c"], respondents=["a", "c"], scores={"trust": ["trust"]}, scale=(1, 4)
    ... )
    >>> found.estimates().set_index("group").loc["b: trust", ["estimate", "of_most"]].tolist()
    [3.0, 0.75]
    """
    items = list(dict.fromkeys(item for names in scores.values() for item in names))
    faults = survey_faults(ratings, agencies, respondents, None, (rater, rated, items), scale, inverted=inverted)
    faults += [f'scores: "{name}" has no items' for name, names in scores.items() if not len(names)]
    stop(faults, "ratings")
    rng = np.random.default_rng() if rng is None else rng
    rows = []
    for name, columns in scores.items():
        means = rater_means(ratings, items=columns, rater=rater, rated=rated, scale=scale, inverted=inverted)
        by_agency = {str(agency): part["weight"].to_numpy(float) for agency, part in means.groupby("receiver")}
        for agency in sorted(str(agency) for agency in agencies):
            given = by_agency.get(agency, np.zeros(0))
            limits = (np.nan, np.nan)
            if len(given) > 1:
                often = rng.multinomial(len(given), np.full(len(given), 1 / len(given)), size=n_resamples)
                limits = percentile_interval(often @ given / len(given), confidence_level=confidence_level)
            score = float(given.mean()) if len(given) else np.nan
            rows.append((f"{agency}: {name}", agency, name, float(len(given)), score, *limits))
    names = ["group", "agency", "score_of", "count", "score", "score_low", "score_high"]
    silent = {str(agency) for agency in agencies} - {str(agency) for agency in respondents}
    return RatingScores(
        method=Method(
            "Mean of items a rater, then over raters", "Varda et al. 2008", {"interval": "raters drawn anew"}
        ),
        unit=f"mean score, {scale[0]:g} to {scale[1]:g}",
        caveats=(UNANSWERED,) if silent else (),
        frame=pd.DataFrame(rows, columns=names),
        level=confidence_level,
        of="raters",
        heading="Agency and score",
        scale=scale,
    )
