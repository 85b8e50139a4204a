"""Scores of a register: checked against their scales, kept only with evidence, combined into a risk and ranked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from scipy import stats

from problemsolving.measures.faults import rows_named
from problemsolving.results import listed

Part = Literal["impact", "likelihood", "vulnerability", "confidence"]
Combination = Literal["product", "sum"]
RANKED: tuple[Part, ...] = (
    "impact",
    "likelihood",
    "vulnerability",
)  # confidence ranks nothing: it says how far to trust
COLUMNS = ("problem", "aspect", "score", "evidence", "rater")


@dataclass(frozen=True)
class Scale:
    """The scale of one aspect: which part of the register it belongs to, and what each score means, worst last.

    Of ``confidence`` the highest score is the surest.
    """

    part: Part
    meanings: Mapping[int, str]

    def levels(self, scores: pd.Series) -> pd.Series:
        """Give the place of scores among the steps of the scale, as a share: the lowest of five is 0.2, the highest 1.

        >>> Scale("impact", {1: "none", 2: "injury", 3: "death"}).levels(pd.Series([1, 3])).round(2).tolist()
        [0.33, 1.0]
        """
        steps = sorted(self.meanings)
        return scores.map({score: (place + 1) / len(steps) for place, score in enumerate(steps)})


def reasoned_scores(ratings: pd.DataFrame, scales: Mapping[str, Scale]) -> pd.DataFrame:
    """Give the scores that have evidence, with their part and level."""
    has = ratings["score"].notna() & ratings["evidence"].astype("string").str.strip().fillna("").ne("")
    rated = ratings[has].copy()
    rated["part"] = rated["aspect"].map({name: scale.part for name, scale in scales.items()})
    rated["level"] = np.nan
    for name, rows in rated.groupby("aspect", sort=False):
        rated.loc[rows.index, "level"] = scales[str(name)].levels(rows["score"].astype(int)).astype(float)
    return rated


def scores_by_aspect(ratings: pd.DataFrame, rated: pd.DataFrame, scales: Mapping[str, Scale]) -> pd.DataFrame:
    """Give for every problem and aspect the median score, its quartiles, its level, its reasons and what was left out."""
    every = pd.MultiIndex.from_product([ratings["problem"].drop_duplicates(), scales], names=["problem", "aspect"])
    groups = rated.assign(score=rated["score"].astype(float)).groupby(["problem", "aspect"], sort=False)
    found = pd.DataFrame(
        {
            "median": groups["score"].median(),
            "low": groups["score"].quantile(0.25),
            "high": groups["score"].quantile(0.75),
            "level": groups["level"].median(),
            "raters": groups["rater"].nunique(),
            "reasons": groups["evidence"].agg(lambda words: ", ".join(dict.fromkeys(words.astype(str).str.strip()))),
        }
    ).reindex(every)
    asked = ratings.groupby(["problem", "aspect"], sort=False).size().reindex(every, fill_value=0)
    found["raters"] = found["raters"].fillna(0).astype(int)
    found["left_out"] = asked.to_numpy() - found["raters"].to_numpy()
    found["part"] = [scales[name].part for _, name in every]
    return found.reset_index()


def lacking_problems(scores: pd.DataFrame) -> pd.DataFrame:
    """Name the problems that lack a reasoned score of an aspect that is ranked, and what each lacks."""
    gaps = scores[scores["part"].isin(RANKED) & (scores["raters"] == 0)]
    words = np.where(
        gaps["left_out"] > 0, gaps["aspect"] + " has no score with evidence", gaps["aspect"] + " was not scored"
    )
    said = gaps.assign(lacking=words).groupby("problem", sort=True)["lacking"].agg(", ".join)
    return said.rename_axis("problem").reset_index()


def rank_problems(
    scores: pd.DataFrame,
    rated: pd.DataFrame,
    weights: np.ndarray,
    method: Combination,
    confidence_level: float,
    n_resamples: int,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Give the ranked problems, first first, with the ranges of their ranks."""
    problems = sorted(scores["problem"].unique())
    if not problems:
        return pd.DataFrame(columns=["problem", "risk", "rank", *get_args(Part), "raters", "raters_low", "raters_high", "weights_low", "weights_high", "reasons"])  # fmt: skip
    parts = scores.pivot_table(index="problem", columns="part", values="level", aggfunc="mean").reindex(index=problems, columns=list(get_args(Part)))  # fmt: skip
    levels = parts[list(RANKED)].to_numpy(float)
    drawn = np.stack(
        [_draw_levels(rated[rated["problem"] == problem], n_resamples, rng) for problem in problems], axis=1
    )
    risk = combine(levels, weights, method)
    by_raters = combine(drawn, weights, method)
    any_weights = rng.dirichlet(np.ones(len(RANKED)), size=n_resamples)
    by_weights = combine(levels[None, :, :], any_weights[:, None, :], method)
    spans = {}
    for source, draws in (("raters", by_raters), ("weights", by_weights)):
        tail = (1 - confidence_level) / 2
        spans[f"{source}_low"], spans[f"{source}_high"] = np.quantile(
            _ranks(draws), [tail, 1 - tail], axis=0, method="nearest"
        )
    said = scores[scores["reasons"].notna()].assign(
        text=lambda rows: rows["aspect"] + " " + rows["median"].map("{:g}".format) + ": " + rows["reasons"]
    )
    reasons = said.groupby("problem")["text"].agg("; ".join).reindex(problems)
    raters = rated.groupby("problem")["rater"].nunique().reindex(problems)
    ranked = parts.assign(
        risk=risk, rank=_ranks(risk[None, :])[0], raters=raters, reasons=reasons, **spans
    ).reset_index()
    return ranked.sort_values(["rank", "problem"], kind="stable", ignore_index=True)


def _draw_levels(rated: pd.DataFrame, n_resamples: int, rng: np.random.Generator) -> np.ndarray:
    """Draw a problem's raters anew and give the level of each ranked part: draws × parts."""
    mine = rated[rated["part"].isin(RANKED)]
    wide = mine.pivot_table(index="rater", columns="aspect", values="level")
    own = wide.to_numpy(float)
    drawn = own[rng.integers(0, len(own), size=(n_resamples, len(own)))]
    some = ~np.isnan(drawn).all(axis=1)
    filled = np.where(some[:, None, :], drawn, np.nanmedian(own, axis=0))
    aspects = np.nanmedian(filled, axis=1)
    part_of = mine.drop_duplicates("aspect").set_index("aspect")["part"].reindex(wide.columns)
    return np.stack([aspects[:, (part_of == part).to_numpy()].mean(axis=1) for part in RANKED], axis=1)


def combine(levels: np.ndarray, weights: np.ndarray, method: Combination) -> np.ndarray:
    """Combine levels of the parts (last axis) into a risk between 0 and 1.

    >>> combine(np.array([0.25, 1.0]), np.array([1.0, 1.0]), "product").item(), combine(np.array([0.25, 1.0]), np.array([3.0, 1.0]), "sum").item()
    (0.5, 0.4375)
    """
    share = weights / weights.sum(axis=-1, keepdims=True)
    if method == "product":
        return np.exp((np.log(levels) * share).sum(axis=-1)).round(12)
    return (levels * share).sum(axis=-1).round(12)


def _ranks(risk: np.ndarray) -> np.ndarray:
    """Rank each row, the highest first; equal ones share the better rank."""
    return stats.rankdata(-risk, axis=1, method="min")


def register_faults(
    ratings: pd.DataFrame, scales: Mapping[str, Scale], weights: Mapping[Part, float] | None
) -> list[str]:
    """Name everything that is wrong with the scales, the weights and the ratings."""
    faults = [f'scale "{name}" needs at least two scores with what they mean' for name, scale in scales.items() if len(scale.meanings) < 2 or not all(str(words).strip() for words in scale.meanings.values())]  # fmt: skip
    faults += [f'scale "{name}" belongs to none of {listed(list(get_args(Part)))}' for name, scale in scales.items() if scale.part not in get_args(Part)]  # fmt: skip
    faults += [f"no scale is one of {part}; state at least one" for part in RANKED if part not in {scale.part for scale in scales.values()}]  # fmt: skip
    if weights is not None and (set(weights) - set(RANKED) or not all(weight >= 0 for weight in weights.values()) or not sum(weights.values()) > 0):  # fmt: skip
        faults.append(f"weights must give {listed(list(RANKED))} numbers of 0 or more, not all 0")
    missing = [name for name in COLUMNS if name not in ratings]
    if missing:
        return [*faults, f"ratings lacks the column {listed(missing)}"]
    checks = {
        "problem is missing": ratings["problem"].isna(),
        "rater is missing": ratings["rater"].isna(),
        "aspect has no scale": ~ratings["aspect"].isin(list(scales)),
        "score is not on its scale": ratings["score"].notna()
        & ~_on_scale(ratings, scales)
        & ratings["aspect"].isin(list(scales)),
        "a rater scored an aspect of a problem twice": ratings.duplicated(["problem", "aspect", "rater"], keep=False),
    }
    return faults + [f"{what} in {rows_named(rows)}" for what, rows in checks.items() if rows.any()]


def _on_scale(ratings: pd.DataFrame, scales: Mapping[str, Scale]) -> pd.Series:
    """Tell which scores are steps of their scale."""
    steps = {(name, float(score)) for name, scale in scales.items() for score in scale.meanings}
    scores = pd.to_numeric(ratings["score"], errors="coerce")
    return pd.Series([pair in steps for pair in zip(ratings["aspect"], scores, strict=True)], index=ratings.index)
