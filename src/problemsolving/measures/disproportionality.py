"""Who is it: rates of victims, suspects and stops by age, sex and ethnicity against a reference group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from problemsolving.errors import NotEstimableError
from problemsolving.measures.characteristics import ByCharacteristic, RecordedBy, tally
from problemsolving.measures.composition import Composition, measure_composition
from problemsolving.measures.rate_ratio import Limits, rate_ratio_limits
from problemsolving.measures.reasoned import percent, unsaid, with_reasons
from problemsolving.results import Column, Method, Table, Value, interval, listed, number, whole
from problemsolving.stats.intervals import count_limits

__all__ = [
    "Composition",
    "Disproportionality",
    "estimate_disproportionality",
    "measure_composition",
    "rate_ratio_limits",
]

LISTED = 4  # groups that a summary names one by one


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Disproportionality(ByCharacteristic):
    """Rates by group over that of a reference group, and how far what was not recorded could move each ratio."""

    value_name = "rate_ratio"
    decimals = 2
    reference = 1.0
    log = True
    around: ClassVar[str] = "if all not recorded were of the one group or of the other"

    against: str
    per: int = 100_000
    limits: Limits = "mid-p"

    @property
    def quantity(self) -> str:  # type: ignore[override]
        return f"rate per resident over that of {self.against} (log scale)"

    def estimates(self) -> pd.DataFrame:
        """Give ``kind``, ``group``, ``count``, ``person_years``, ``estimate``, ``low``, ``high``, ``least``, ``most``, ``reason``.

        ``least`` and ``most``: the ratio if all that was not recorded were of the reference group, or of this one.
        """
        shown = self.rates()
        return shown[shown["label"] != self.against].reset_index(drop=True)

    def rates(self) -> pd.DataFrame:
        """Give the rows of ``estimates()`` and the reference's, with ``rate``, ``rate_low`` and ``rate_high``."""
        rows = self.recorded()
        base = rows[rows["label"] == self.against].set_index("kind").loc[rows["kind"]]
        r, years = base["count"].to_numpy(float), base["person_years"].to_numpy(float)
        count, exposure = rows["count"].to_numpy(float), rows["person_years"].to_numpy(float)
        lost = rows["not_recorded"].to_numpy(float)
        low, high = rate_ratio_limits(
            count, r, person_years=exposure, reference_years=years, confidence_level=self.level, method=self.limits
        )
        least, most, _ = count_limits(count, confidence_level=self.level)
        with np.errstate(invalid="ignore", divide="ignore"):
            ratios = {
                "estimate": count / exposure / (r / years),
                "low": low,
                "high": high,
                "least": count / exposure / ((r + lost) / years),
                "most": (count + lost) / exposure / (r / years),
            }
        rates = {"rate": count, "rate_low": least, "rate_high": most}
        return with_reasons(
            rows.assign(**ratios, **{name: held / exposure * self.per for name, held in rates.items()}),
            (np.isnan(exposure), "not estimable: no number of residents, so no ratio"),
            (np.isnan(count) | np.isnan(r), "withheld: its count or that of the reference is withheld"),
            (r == 0, f"not estimable: no {self.of} of the reference group"),
        )

    def columns(self) -> dict[str, Column]:
        return {
            "group": Column(self.characteristic.capitalize()),
            "count": Column(self.of.capitalize() if self.single else "Count", "count"),
            "person_years": Column("Resident-years", "count"),
            "rate": Column(f"Rate per {self.per:,}", "rate"),
            "rate_low": Column("Low", "rate"),
            "rate_high": Column("High", "rate"),
            "estimate": Column(f"Rate ratio to {self.against}", "number", 2),
            "low": Column("Low", "number", 2),
            "high": Column("High", "number", 2),
            "least": Column("Not recorded: all of the reference", "number", 2),
            "most": Column("all of this group", "number", 2),
            **self.notes(),
        }

    def table(self) -> Table:
        shown, columns = self.rates(), self.columns()
        is_base = shown["label"] == self.against
        shown.loc[is_base, ["estimate", "low", "high", "least", "most"]] = np.nan
        shown["group"] = shown["group"].where(~is_base, shown["group"] + " (reference)")
        rows = [
            tuple(row[name] if column.kind == "text" else number(row[name]) for name, column in columns.items())
            for row in shown.to_dict("records")
        ]
        return Table(tuple(columns.values()), (*rows, *self.unrecorded_rows(len(columns))))

    def values(self) -> list[Value]:
        unit = f"{self.of} per {self.per:,} residents a year"
        rates = [
            Value(
                name="rate",
                group=row["group"],
                estimate=number(row["rate"]),
                interval=interval(row["rate_low"], row["rate_high"], self.level),
                unit=unit,
                n=whole(row["count"]),
                reason=None if number(row["rate"]) is not None else row["reason"] or "withheld: its count is withheld",
            )
            for row in self.rates().to_dict("records")
        ]
        bounds = [
            Value(
                name=f"rate_ratio_if_not_recorded_were_{words}",
                group=row["group"],
                estimate=number(row[end]),
                unit=self.unit,
                n=whole(row["count"]),
                reason=None if number(row[end]) is not None else row["reason"] or "withheld: a count is withheld",
            )
            for row in self.estimates().to_dict("records")
            for end, words in (("least", "of_the_reference"), ("most", "of_the_group"))
        ]
        return [*super().values(), *bounds, *rates, *self.completeness_values()]

    def summary(self) -> str:
        shown = self.estimates()
        known = shown[shown["reason"] == ""]
        if known.empty:
            return f"No ratio can be given.{unsaid(shown)} {self.completeness_sentence()}"
        ordered = known.sort_values("estimate", ascending=False, kind="stable")
        few = self.single and len(ordered) <= LISTED
        named = ordered if few else ordered.groupby("kind", sort=True).head(1).sort_values("kind", kind="stable")
        parts = [
            f"{row.kind} were {row.estimate:.2f} times as frequent for {row.label} ({self._limits(row)})"
            if place == 0 or not self.single
            else f"{row.estimate:.2f} times for {row.label} ({self._limits(row)})"
            for place, (_, row) in enumerate(named.iterrows())
        ]
        most = (
            "" if len(named) == len(ordered) else ", the highest ratio shown" + ("" if self.single else " of each kind")
        )
        text = f"Per resident and compared with {self.against}, {listed(parts)}{most}."
        return f"{text} {self.completeness_sentence()}{unsaid(shown)}"

    def _limits(self, row: pd.Series) -> str:
        text = f"{percent(self.level)} interval {row.low:.2f} to {row.high:.2f}"
        if np.isfinite(row.least) and np.isfinite(row.most) and row.least < row.most:
            text += f"; {row.least:.2f} to {row.most:.2f} whoever those not recorded were"
        return text


def estimate_disproportionality(
    events: pd.DataFrame,
    residents: pd.DataFrame | None,
    *,
    by: str,
    reference: str,
    recorded_by: RecordedBy,
    count: str | None = None,
    kind: str | None = None,
    population: str = "population",
    unrecorded: Sequence[str] = (),
    years: float = 1.0,
    per: int = 100_000,
    method: Limits = "mid-p",
    confidence_level: float = 0.95,
    of: str = "stops",
    characteristic: str = "ethnicity",
) -> Disproportionality:
    """Compare the rate of each group with that of a reference group.

    Answers: how many times as often, per resident, does it concern one group as another, and could what was not
    recorded change that?

    Parameters
    ----------
    events : pandas.DataFrame
        One row an event, or with ``count`` so many events a row.
    residents : pandas.DataFrame
        One row a group, with ``by`` and ``population``; above 0. Its order is that of the result.
    by : str
        Column with the group, in both tables and in the same classification.
    reference : str
        The group to compare with.
    recorded_by : {"self-defined", "officer-defined", "as recorded"}
        Whose word the group of an event is. The two ways of recording ethnicity are two results, never one.
    count : str, optional
        Column with the number of events of a row.
    kind : str, optional
        Column that tells kinds apart (victims, suspects, stops), each compared by itself.
    population : str
        Column with the number of residents.
    unrecorded : sequence of str
        Labels that mean "not recorded" ("Not stated", "Unknown"), beside missing ones.
    years : float
        Length of the period in years, above 0.
    per : int
        Residents to which rates refer.
    method : {"mid-p", "exact"}
        Limits of a ratio, see `rate_ratio_limits`; the same for small and large counts.
    confidence_level : float
        Between 0 and 1.
    of, characteristic : str
        What is counted, in the plural, and what the groups are of.

    Returns
    -------
    Disproportionality
        Dimensionless rate ratios, the ends between which each lies whatever the unrecorded were, rates per ``per``
        resident-years, and how much was recorded. A group without residents gets a reason in place of a ratio.

    Raises
    ------
    ValueError
        For a reference that has no row in ``residents``, a negative number, or a column that names another way of
        recording than ``recorded_by``.
    NotEstimableError
        Without residents: no denominators, no ratio. `measure_composition` gives counts and shares.

    Notes
    -----
    Ends: with u events not recorded, c of the group and r of the reference, (c / p) / ((r + u) / q) and
    ((c + u) / p) / (r / q). They hold for each ratio by itself. The limits know nothing of them, nor of people who
    come up several times, for whom they are too narrow.
    A ratio says how unequal, not why: it is no measure of bias. Do not use for a place that few live in and many
    visit, nor with residents counted long before or after.

    References
    ----------
    MVA, Miller J (2000) Profiling populations available for stops and searches. Home Office Police Research Series 131.
    Equality and Human Rights Commission (2010) Stop and think: a critical review of the use of stop and search powers.

    Examples
    --------
    >>> stops = pd.DataFrame({"group": ["A", "B", None], "count": [60, 40, 20]})
    >>> people = pd.DataFrame({"group": ["A", "B"], "population": [6_000, 1_000]})
    >>> result = estimate_disproportionality(
    ...     stops, people, by="group", reference="A", recorded_by="self-defined", count="count"
    ... )
    >>> result.estimates()[["estimate", "least", "most"]].values.tolist()  # 40 over 10; 40 over 80 / 6; 60 over 10
    [[4.0, 3.0, 6.0]]
    """
    if residents is None:
        raise NotEstimableError("no denominators, no ratio; measure_composition gives counts and shares")
    if years <= 0 or (residents[population] < 0).any():
        raise ValueError("population must be 0 or more and years above 0")
    exposure = residents.dropna(subset=by).groupby(by, sort=False)[population].sum(min_count=1).astype(float) * years
    exposure = exposure.where(exposure > 0)
    exposure.index = exposure.index.astype(str)
    if reference not in exposure.index:
        raise ValueError("reference names no group of residents; write it as it stands in the column of by")
    if np.isnan(exposure[reference]):
        raise NotEstimableError("the reference group has no residents, so there is no ratio; choose another reference")
    found = tally(
        events,
        by=by,
        count=count,
        kind=kind,
        unrecorded=unrecorded,
        recorded_by=recorded_by,
        groups=exposure.index,
        of=of,
    )
    frame = found.assign(person_years=found["label"].map(exposure))
    return Disproportionality(
        method=Method(
            f"Rate ratio, conditional binomial {method} limits" + (" (conservative)" if method == "exact" else ""),
            "Przyborowski & Wilenski 1940; Berry & Armitage 1995",
            {"reference": reference, "recorded": recorded_by, "completeness": "Wilson"},
        ),
        unit="rate ratio",
        frame=frame,
        caveats=_caveats(of, characteristic, recorded_by),
        level=confidence_level,
        of=of,
        per=per,
        limits=method,
        against=reference,
        characteristic=characteristic,
        recorded_by=recorded_by,
    )


def _caveats(of: str, characteristic: str, recorded_by: RecordedBy) -> tuple[str, ...]:
    said = [
        f"Residents are not the people who were there to be counted among {of}: who is out, where and when differs "
        "between groups",
        "A ratio says how unequal the rates were, not why; it measures no bias by itself",
        "The intervals take events as independent: where the same people come up several times they are too narrow",
    ]
    if recorded_by == "officer-defined":
        said.append(
            f"The {characteristic} is as officers saw it, that of residents mostly as they described themselves: the "
            "same person may be counted in one group above and in another below the line"
        )
    return tuple(said)
