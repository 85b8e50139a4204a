"""Hidden population: how many are on no list, as a range over every model that the lists allow; never one number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
import pandas as pd

from problemsolving.errors import NotEstimableError
from problemsolving.measures.capture import (
    Estimated,
    chao,
    chapman,
    lincoln_petersen,
    with_limits,
)
from problemsolving.measures.faults import stop_at
from problemsolving.measures.lists import ListCells, count_patterns
from problemsolving.measures.loglinear import every_model, fit_models, join_missed
from problemsolving.measures.ranges import (
    CLOSED,
    PROBABLE,
    HiddenPopulation,
    Linked,
    Range,
    check_linked,
    model_rows,
    share_faults,
    tried,
)
from problemsolving.results import Column, Method

DEPENDENT = (
    "lists depend on each other where one agency refers to the other or both see the most vulnerable; then they share more "
    "people and the population looks smaller than it is; where they avoid each other it looks larger"
)
LETTERS = "ABCDEF"
MOST_MODELLED = 5  # 1,024 models; with more lists there are too many to fit and to read


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class HiddenOnLists(HiddenPopulation, ListCells):
    """From exclusive intersections of two or more lists; models are fitted to the counts at hand."""

    within: float
    dependence: tuple[float, ...] = ()

    @cached_property
    def _estimates(self) -> pd.DataFrame:
        counts = self.frame["count"].to_numpy(float)
        found = self._two(counts) if len(self.lists) == 2 else self._several(counts)
        found.insert(1, "count", self.seen)
        return found.assign(in_range=np.where(found["defensible"], "yes", "no"))

    def _several(self, counts: np.ndarray) -> pd.DataFrame:
        """Give every log-linear model, best first, and Chao's estimate beside them."""
        letters = LETTERS[: len(self.lists)]
        found = fit_models(
            self.patterns, counts, models=every_model(len(letters)), lists=letters, confidence_level=self.level
        )
        found["difference"], found["bic_difference"] = (found[name] - found[name].min() for name in ("aic", "bic"))
        found = found.assign(place=found.index).sort_values("difference", kind="stable", na_position="last")
        beside = model_rows({"Chao, if all lists were alike": self._chao(counts)}, defensible=False)
        return pd.concat([found.assign(defensible=found["difference"] <= self.within), beside], ignore_index=True)

    def _chao(self, counts: np.ndarray) -> Estimated | str:
        on = self.patterns.sum(axis=1)
        return tried(lambda: chao(counts[on == 1].sum(), counts[on == 2].sum(), seen=counts.sum(), lists=len(self.lists), confidence_level=self.level), counts)  # fmt: skip

    def _two(self, counts: np.ndarray) -> pd.DataFrame:
        """Give Lincoln-Petersen's and Chapman's estimates, what dependence would make of them, and Chao's beside them."""
        second_only, first_only, both = counts
        sizes = (first_only + both, second_only + both, both)
        rows = {
            "Lincoln-Petersen": tried(lambda: lincoln_petersen(*sizes, confidence_level=self.level), counts),
            "Chapman": tried(lambda: chapman(*sizes, confidence_level=self.level), counts),
        }
        for odds in self.dependence:
            name = f"lists dependent, odds ratio {odds:g}"
            rows[name] = tried(partial(self._dependent, first_only, second_only, both, odds), counts)
        beside = model_rows({"Chao, if both lists were alike": self._chao(counts)}, defensible=False)
        return pd.concat([model_rows(rows), beside], ignore_index=True)

    def _dependent(self, first_only: float, second_only: float, both: float, odds: float) -> Estimated:
        if not min(second_only, first_only, both) > 0:
            raise NotEstimableError("a list alone or both together hold no one")
        unseen, seen = odds * first_only * second_only / both, first_only + second_only + both
        variance = unseen + unseen**2 * (1 / first_only + 1 / second_only + 1 / both)
        return with_limits(seen + unseen, variance=variance, seen=seen, confidence_level=self.level)

    @cached_property
    def sensitivity(self) -> dict[str, Range]:
        """The range, had so many of the links been missed: the same models, fitted to counts with those links made."""
        counts = self.frame["count"].to_numpy(float)
        found = {}
        for missed in self.missed_links if np.isfinite(counts).all() else ():
            joined = join_missed(self.patterns, counts, missed=missed)
            if (joined < 0).any():
                continue
            found[f"had {missed:.0%} of links been missed"] = self._range_of(joined)
        return found

    def _range_of(self, counts: np.ndarray) -> Range:
        """Give the range of the models that are defensible on the counts as they are, fitted to other counts."""
        if len(self.lists) == 2:
            return Range.of(self._two(counts).query("defensible"))
        own = self.estimates()
        kept = own.loc[own["defensible"], "place"].astype(int)
        every = every_model(len(self.lists))
        fitted = fit_models(self.patterns, counts, models=[every[place] for place in kept], lists=LETTERS, confidence_level=self.level)  # fmt: skip
        return Range.of(fitted)

    @property
    def key(self) -> str:
        named = [f"{letter} {name}" for letter, name in zip(LETTERS, self.lists, strict=False)]
        return ", ".join(named) if len(named) > 2 else ""

    def columns(self) -> dict[str, Column]:
        names = super().columns()
        if self.key:
            names["group"] = Column(f"Pairs that depend on each other ({self.key})")
            names |= {
                "difference": Column("AIC above the least", "number"),
                "bic_difference": Column("BIC above", "number"),
            }
        return names

    def _warning(self) -> str:
        if len(self.lists) == 2:
            return "Two lists cannot tell whether they depend on each other: if they do, as they often do, the truth may lie outside."
        return f"{super()._warning()} None of them allows for three lists depending on each other at once."


def estimate_hidden_population(
    people: pd.DataFrame,
    *,
    lists: Sequence[str],
    linked: Linked,
    within: float = 7.0,
    dependence: Sequence[float] = (0.5, 2.0),
    missed_links: Sequence[float] = (0.05, 0.10),
    confidence_level: float = 0.95,
    of: str = "people",
) -> HiddenOnLists:
    """Estimate how many people there are in all, on the lists and on none, from two or more linked lists.

    Answers: how many people in need does no agency know, and how much does that hang on what is assumed?

    Parameters
    ----------
    people : pandas.DataFrame
        One row a person, a column of True or False a list (see `problemsolving.measures.lists.member_table`).
    lists : sequence of str
        2 to 5 columns.
    linked : {"exact", "probabilistic", "no"}
        How records of a person were brought together: by the same pseudonym, by likely matches, or not at all.
    within : float
        With three lists or more: a model is defensible when its AIC is no more than this above the least.
    dependence : sequence of float
        With two lists: odds ratios of being on the one and the other that are thought possible; 1 is independence.
    missed_links : sequence of float
        Shares of people on several lists of whom a link may have been missed, below 1.
    confidence_level : float
        Between 0 and 1.
    of : str
        Who is counted, in the plural.

    Returns
    -------
    HiddenOnLists
        A range in people: two lists give Lincoln-Petersen's and Chapman's estimates and what dependence would make of
        them; more give every log-linear model with pairwise interactions (8, 64 or 1,024), with AIC and BIC.

    Raises
    ------
    NotEstimableError
        For lists that are not linked by person.
    ValueError
        For every other fault at once.

    Notes
    -----
    The answer is a range, never one number: on one data set defensible models gave 11,125, 12,318 and 23,444. The data
    hold nothing on the highest interaction, since those on no list were not seen. Do not use lists that were never
    linked: anonymised records (of assaults seen in emergency departments, say) can be matched by place and time, never
    by person. Before it leaves, every model is fitted again to the released counts; those withheld are left out of
    the fit and put at what the model expects.

    References
    ----------
    Fienberg SE (1972) The multiple recapture census for closed populations and incomplete 2^k contingency tables.
    Biometrika 59:591. doi:10.1093/biomet/59.3.591
    International Working Group for Disease Monitoring and Forecasting (1995) Capture-recapture and multiple-record
    systems estimation I. Am J Epidemiol 142:1047.
    Burnham KP, Anderson DR (2004) Multimodel inference: understanding AIC and BIC in model selection.
    Sociol Methods Res 33:261. doi:10.1177/0049124104268644

    Examples
    --------
    >>> people = pd.DataFrame({"a": [True] * 40 + [True] * 360 + [False] * 360, "b": [True] * 40 + [False] * 360 + [True] * 360})
    >>> found = estimate_hidden_population(people, lists=["a", "b"], linked="exact")
    >>> [round(side) for side in found.range[:2]]
    [2380, 7240]
    """
    check_linked(linked)
    faults = []
    if len(lists) > MOST_MODELLED:
        faults.append(f"lists must name 2 to {MOST_MODELLED} columns; join lists of like agencies")
    if not within >= 0:
        faults.append("within must be 0 or more")
    if not all(odds > 0 for odds in dependence):
        faults.append("dependence must hold odds ratios above 0")
    stop_at([*faults, *share_faults(missed_links)], what="the estimate")
    several = len(lists) > 2
    return HiddenOnLists(
        method=Method(
            "Log-linear models of several lists" if several else "Two linked lists",
            "Fienberg 1972; Burnham & Anderson 2004" if several else "Seber 1982; Chapman 1951",
            {"linked": linked}
            | ({"AIC within": within} if several else {"odds ratios": ", ".join(f"{odds:g}" for odds in dependence)}),
        ),
        unit=of,
        caveats=(DEPENDENT, CLOSED, *([PROBABLE] if linked == "probabilistic" else [])),
        frame=count_patterns(people, lists=lists, population=None, with_none=False),
        lists=tuple(lists),
        within=within,
        dependence=tuple(dependence),
        missed_links=tuple(missed_links),
        level=confidence_level,
        of=of,
    )
