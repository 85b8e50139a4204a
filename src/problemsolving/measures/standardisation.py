"""Standardised rates and ratios: what is left of a difference when age is taken out of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np
import pandas as pd

from problemsolving.measures.indirect import StandardisedRatios, indirectly_standardised_ratio
from problemsolving.measures.reasoned import (
    ReasonedResult,
    figure,
    from_highest,
    left_out,
    percent,
    unsaid,
    with_reasons,
)
from problemsolving.measures.standard_bands import ALL, add_up, check_bands, complete, standard_weights, tally_repeats
from problemsolving.results import Column, Method, coarser
from problemsolving.stats.intervals import count_limits

__all__ = [
    "StandardisedRates",
    "StandardisedRatios",
    "directly_standardised_rate",
    "indirectly_standardised_ratio",
]

FEWEST = 10  # events below which a directly standardised rate is not reliable (Morris et al. 2018)
EVENTS, PEOPLE = "events", "people"
EUROPEAN = "European Standard Population 2013"
STANDARDISED = ", standardised"


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class StandardisedRates(ReasonedResult):
    """Directly standardised rates by group.

    ``frame`` has one row a group and band: ``role`` (``events``, and a second row for the ``people`` who had them where
    known), ``group``, ``band``, ``count``, ``person_years``, ``weight`` (share of the standard population) and
    ``given`` (whether there was a count).
    """

    margins: ClassVar[tuple[tuple[str, ...], ...]] = (("role", "group"), ("role", "band"))
    estimate_kind = "rate"

    spread: pd.Series  # by group: variance of the rate over that for independent events
    per: int = 100_000
    standard: str = ""
    repeated: bool = False

    def blurred(self) -> Self:
        return replace(self, spread=self.spread.map(coarser, na_action="ignore"))

    def estimates(self) -> pd.DataFrame:
        """Give ``group``, ``count`` (events), ``people``, ``estimate``, ``low``, ``high``, ``reason`` and ``widening``.

        ``widening``: width of the interval over that for independent events.
        """
        frame = self.frame
        part = frame["weight"] / frame["person_years"] * self.per
        missing, events = frame["count"].isna(), frame["role"] == EVENTS
        parts = pd.DataFrame(
            {
                "people": frame["count"].where(~events),
                "count": frame["count"].where(events),
                "estimate": (frame["count"] * part).where(events),
                "variance": (frame["count"] * part**2).where(events),
                "withheld": missing & frame["given"],
                "uncounted": missing & ~frame["given"],
                "no_residents": frame["person_years"].isna(),
            }
        )
        sums = parts.groupby(frame["group"], sort=True).sum().reset_index()
        sums["widening"] = np.sqrt(sums["group"].map(self.spread))
        low, high, _ = count_limits(sums["count"], confidence_level=self.level)
        scale = sums["widening"] * np.sqrt(sums["variance"] / sums["count"].where(sums["count"] > 0))
        sums["low"] = np.maximum(sums["estimate"] + scale * (low - sums["count"]), 0.0)
        sums["high"] = sums["estimate"] + scale * (high - sums["count"])
        return from_highest(self._reasoned(sums))

    def _reasoned(self, sums: pd.DataFrame) -> pd.DataFrame:
        """Blank what rests on too few events or on bands without a count or residents, and say so."""
        shown = with_reasons(
            sums,
            (sums["withheld"] > 0, "withheld: the count of a band is withheld; broader bands may be shown"),
            (sums["count"] < FEWEST, f"not estimable: fewer than {FEWEST} {self.of}"),
            (sums["uncounted"] > 0, "not estimable: a band has no count"),
            (sums["no_residents"] > 0, "not estimable: a band has no residents; join it to the next"),
        )
        partial = (sums["withheld"] + sums["uncounted"]) > 0
        shown[["count", "people"]] = shown[["count", "people"]].mask(partial)
        shown["widening"] = shown["widening"].where(shown["reason"] == "")
        return shown

    def columns(self) -> dict[str, Column]:
        first = super().columns()
        repeats = {
            "people": Column("People", "count"),
            "widening": Column("Width against independent events", "number", 2),
        }
        if not self.repeated:
            return first
        return {"group": first.pop("group"), "people": repeats.pop("people"), **first, **repeats}

    def summary(self) -> str:
        shown = self.estimates()
        known = shown[shown["reason"] == ""]
        if known.empty:
            return f"No standardised rate can be given.{unsaid(shown)}"
        top, bottom = known.iloc[0], known.iloc[-1]
        said = f"Standardised to the {self.standard}, "
        if len(shown) == 1:
            said += f"there were {self._one(top)}."
        elif len(known) == 1:
            said += f"{top.group} had {self._one(top)}."
        else:
            of_those = "" if len(known) == len(shown) else " of those shown"
            said += f"{top.group} had the highest rate{of_those}: {self._one(top)}; {bottom.group} the lowest: {self._one(bottom)}."
        if self.repeated:
            said += (
                " People who had several are allowed for: without that, intervals would be too narrow by a factor of up to "
                f"{known['widening'].max():.1f}."
            )
        return said + unsaid(shown)

    def _one(self, row: pd.Series) -> str:
        unit = self.unit.removesuffix(STANDARDISED)
        return f"{figure(row.estimate)} {unit} ({percent(self.level)} interval {figure(row.low)} to {figure(row.high)})"


def directly_standardised_rate(
    bands: pd.DataFrame,
    *,
    band: str = "age_band",
    by: str | None = None,
    count: str = "count",
    population: str = "population",
    events: str | None = None,
    standard: Mapping[str, float] | None = None,
    standard_name: str = "",
    years: float = 1.0,
    per: int = 100_000,
    confidence_level: float = 0.95,
    of: str = "incidents",
    heading: str = "Area",
) -> StandardisedRates:
    """Standardise the rate of each group directly.

    Answers: what would the rate be if each group had the same ages?

    Parameters
    ----------
    bands : pandas.DataFrame
        One row a band of a group; rows that are alike in both are added up. With ``events`` one row for each number
        of events a person (`problemsolving.measures.standard_bands.tabulate_repeat_events`), none twice.
    band : str
        Column with the band, of age or of whatever is to be standardised for.
    by : str, optional
        Column with the group label; one rate over all rows when not given.
    count : str
        Column with events (0 or more); with ``events``, with people who had so many.
    population : str
        Column with residents of the group's band. Without any, the group gets a reason in place of a rate. With
        ``events`` the same number stands in each row of the band.
    events : str, optional
        Column with the number of events each of the people counted had: the form for events that are not
        independent (repeat callers, frequent attenders).
    standard : mapping of str to float, optional
        Band → its weight in another standard population.
    standard_name : str
        What that is called in the text.
    years : float
        Length of the period in years, above 0.
    per : int
        Residents to which rates refer.
    confidence_level : float
        Between 0 and 1.
    of, heading : str
        What is counted, in the plural, and what the groups are.

    Returns
    -------
    StandardisedRates
        Events per ``per`` person-years; none for a group of fewer than 10 events.

    Raises
    ------
    ValueError
        For a negative count or population, bands that the standard lacks, or rows of ``events`` that do not agree.

    Notes
    -----
    Rate = sum of w O / n over bands with weights w that add up to 1. Dobson's limits are the rate plus
    sqrt(variance / O) times the distance of Byar's limits of the total O from it. The variance is the sum of w² O / n²;
    with ``events`` it is the sum of w² f² P / n² over people P who had f each, since people, not events, are
    independent. A lower limit below 0 is given as 0.
    Do not use when the difference between groups changes with age: no single number tells it then. The rate itself is
    that of no real population; it serves to compare.

    References
    ----------
    Dobson AJ, Kuulasmaa K, Eberle E, Scherer J (1991) Confidence intervals for weighted sums of Poisson parameters.
    Stat Med 10:457. doi:10.1002/sim.4780100317
    Morris JK, Tan J, Fryers P, Bestwick J (2018) Evaluation of stability of directly standardized rates for sparse
    data. Popul Health Metr 16:19. doi:10.1186/s12963-018-0177-1
    Stukel TA, Glynn RJ, Fisher ES, Sharp SM, Lu-Yao G, Wennberg JE (1994) Standardized rates of recurrent outcomes.
    Stat Med 13:1781.

    Examples
    --------
    >>> table = pd.DataFrame({"age_band": ["young", "old"], "count": [10, 40], "population": [1_000, 2_000]})
    >>> result = directly_standardised_rate(table, standard={"young": 3, "old": 1}, per=1_000)
    >>> result.estimates()["estimate"].tolist()  # (3 × 10 + 1 × 20) / 4
    [12.5]
    """
    labels = [*([by] if by else []), band]
    known = bands.dropna(subset=labels)
    frame = pd.DataFrame(
        {
            "group": known[by].astype(str) if by else ALL,
            "band": known[band].astype(str),
            "events": known[events].astype(float) if events else 1.0,
            "count": known[count].astype(float),
            "person_years": known[population].astype(float) * years,
        }
    )
    check_bands(frame, years)
    names = sorted(frame["band"].unique())
    weights, held = standard_weights(names, standard)
    called = standard_name or (EUROPEAN if standard is None else "standard population given")
    shares = dict(zip(names, weights / weights.sum(), strict=True))
    tallied = complete(tally_repeats(frame) if events else add_up(frame), names)
    tallied["weight"] = tallied["band"].map(shares)
    return StandardisedRates(
        method=Method(
            "Directly standardised rate, Dobson limits" + (" with the variance of events a person" if events else ""),
            "Dobson et al. 1991" + ("; Stukel et al. 1994" if events else ""),
            {"standard": called, "limits": "Byar"},
        ),
        unit=f"{of} per {per:,} residents a year{STANDARDISED}",
        frame=_cells(tallied, repeated=events is not None),
        spread=_spread(tallied),
        caveats=(
            *_direct_caveats(held, of, repeated=events is not None),
            *left_out(len(bands) - len(known), len(bands), lacking="a band or a group"),
        ),
        level=confidence_level,
        of=of,
        heading=heading,
        per=per,
        standard=called,
        repeated=events is not None,
    )


def _spread(tallied: pd.DataFrame) -> pd.Series:
    """Variance of each group's rate over that for independent events; 1 where every event is another person's."""
    part = (tallied["weight"] / tallied["person_years"]) ** 2
    sums = pd.DataFrame({"squares": part * tallied["squares"], "count": part * tallied["count"]})
    over = sums.groupby(tallied["group"]).sum()
    return over["squares"] / over["count"].where(over["count"] > 0)


def _cells(tallied: pd.DataFrame, *, repeated: bool) -> pd.DataFrame:
    """Lay out events and, where known, the people who had them, as counts that can be withheld each by itself."""
    columns = ["role", "group", "band", "count", "person_years", "weight", "given"]
    events = tallied.assign(role=EVENTS)
    if not repeated:
        return events[columns]
    people = tallied.assign(role=PEOPLE, count=tallied["people"])
    return pd.concat([events, people], ignore_index=True)[columns]


def _direct_caveats(held: float, of: str, *, repeated: bool) -> tuple[str, ...]:
    said = []
    if not repeated:
        said.append(
            f"The intervals take {of} as independent: where one person makes several, as repeat callers and frequent "
            "attenders do, they are too narrow, and the form with events a person is the one to use"
        )
    if held < 1 - 1e-9:
        said.append(f"The bands hold {held:.0%} of the standard population; the rates are for those bands alone")
    return tuple(said)
