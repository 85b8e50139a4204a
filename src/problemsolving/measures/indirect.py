"""Indirect standardisation: what was seen against what a reference's rates would lead one to expect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from problemsolving.measures.reasoned import ReasonedResult, from_highest, left_out, percent, unsaid, with_reasons
from problemsolving.measures.standard_bands import ALL, add_up, check_bands
from problemsolving.results import Column, Method, Value, interval, number, whole
from problemsolving.stats.intervals import count_limits


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class StandardisedRatios(ReasonedResult):
    """Indirectly standardised ratios and rates by group.

    ``frame`` has the columns ``role``, ``group``, ``band``, ``count``, ``person_years`` and ``given``: one row a group
    with what was observed (role ``observed``), one row a band with what the reference had (role ``reference``).
    """

    margins: ClassVar[tuple[tuple[str, ...], ...]] = (("role",),)  # of all groups, of all bands of the reference
    value_name = "standardised_ratio"
    quantity = "observed over expected (log scale)"
    decimals = 2
    reference = 1.0
    log = True

    person_years: pd.DataFrame  # of each group (row) in each band (column)
    per: int = 100_000
    rate_unit: str = ""

    def estimates(self) -> pd.DataFrame:
        """Give ``group``, ``count``, ``expected``, ``estimate``, ``low``, ``high``, ``limits``, ``rate``, ``rate_low``, ``rate_high``."""
        standard = self.frame[self.frame["role"] == "reference"].set_index("band").loc[self.person_years.columns]
        observed = self.frame[self.frame["role"] == "observed"].set_index("group").loc[self.person_years.index]
        rates = (standard["count"] / standard["person_years"]).to_numpy(float)
        people = self.person_years.to_numpy(float)
        expected = np.where(people == 0, 0.0, people * rates).sum(axis=1)
        low, high, used = count_limits(observed["count"], confidence_level=self.level)
        over = np.where(expected > 0, expected, np.nan)
        shown = pd.DataFrame(
            {
                "group": observed.index,
                "count": observed["count"].to_numpy(float),
                "expected": expected,
                "estimate": observed["count"].to_numpy(float) / over,
                "low": low / over,
                "high": high / over,
                "limits": used,
            }
        )
        shown = with_reasons(
            shown,
            (observed["count"].isna() & observed["given"], "withheld: the count is withheld"),
            (observed["count"].isna(), "not estimable: the group has no count"),
            (np.isnan(people).any(axis=1), "not estimable: a band has no number of residents"),
            (np.isnan(expected), "withheld: the reference's count of a band is withheld; broader bands may be shown"),
            (expected == 0, f"not estimable: no {self.of} are expected"),
        )
        crude = float(standard["count"].sum(skipna=False) / standard["person_years"].sum()) * self.per
        rated = {
            name: shown[of] * crude for name, of in (("rate", "estimate"), ("rate_low", "low"), ("rate_high", "high"))
        }
        return from_highest(shown.assign(**rated, limits=shown["limits"].where(shown["reason"] == "", "")))

    def columns(self) -> dict[str, Column]:
        rate = f"{self.of.capitalize()} per {self.per:,}, standardised"
        return {
            "group": Column(self.heading),
            "count": Column("Observed", "count"),
            "expected": Column("Expected", "number", 1),
            "estimate": Column("Observed / expected", "number", 2),
            "low": Column("Low", "number", 2),
            "high": Column("High", "number", 2),
            "rate": Column(rate, "rate"),
            "rate_low": Column("Low", "rate"),
            "rate_high": Column("High", "rate"),
            "limits": Column("Limits"),
            **self.notes(),
        }

    def values(self) -> list[Value]:
        rates = [
            Value(
                name="standardised_rate",
                group=row["group"],
                estimate=number(row["rate"]),
                interval=interval(row["rate_low"], row["rate_high"], self.level),
                unit=self.rate_unit,
                n=whole(row["count"]),
                reason=row["reason"] or None,
            )
            for row in self.estimates().to_dict("records")
        ]
        return [*super().values(), *rates]

    def summary(self) -> str:
        shown = self.estimates()
        known = shown[shown["reason"] == ""]
        if known.empty:
            return f"No standardised ratio can be given.{unsaid(shown)}"
        ends = known if len(known) <= 3 else known.iloc[[0, -1]]
        said = "; ".join(
            f"{f'{row.group} had' if row.group != ALL else 'There were'} {row['count']:,.0f} {self.of} where {row.expected:,.0f} would be expected at the reference's "
            f"rates (ratio {row.estimate:.2f}, {percent(self.level)} interval {row.low:.2f} to {row.high:.2f})"
            for _, row in ends.iterrows()
        )
        verdict = ""
        if len(known) > 3:
            above, below = int((known["low"] > 1).sum()), int((known["high"] < 1).sum())
            verdict = f" Of {len(known)}, {above} lie clearly above what is expected and {below} clearly below."
        return f"{said}.{verdict}{unsaid(shown)}"


def indirectly_standardised_ratio(
    bands: pd.DataFrame,
    reference: pd.DataFrame,
    *,
    band: str = "age_band",
    by: str | None = None,
    count: str = "count",
    population: str = "population",
    observed: Mapping[str, float] | None = None,
    years: float = 1.0,
    reference_years: float = 1.0,
    per: int = 100_000,
    confidence_level: float = 0.95,
    of: str = "incidents",
    heading: str = "Area",
) -> StandardisedRatios:
    """Compare what each group had with what it would have had at the rates of a reference.

    Answers: is this more than the ages of the people here would lead one to expect?

    Parameters
    ----------
    bands : pandas.DataFrame
        One row a band of a group; rows that are alike in both are added up.
    reference : pandas.DataFrame
        One row a band of the reference, with the same columns except ``by``; above 0 residents in each.
    band, by, count, population : str
        Columns with the band, the group label, events and residents.
    observed : mapping of str to float, optional
        Group → its events, where their ages are not known; ``count`` of ``bands`` is then not read. Without ``by``
        the group is ``"all"``.
    years, reference_years : float
        Lengths of the two periods in years, above 0.
    per : int
        Residents to which rates refer.
    confidence_level : float
        Between 0 and 1.
    of, heading : str
        What is counted, in the plural, and what the groups are.

    Returns
    -------
    StandardisedRatios
        Observed over expected (1: as expected) with Byar's limits, exact below 10; and the rate: that ratio times the
        crude rate of the reference, in events per ``per`` person-years.

    Raises
    ------
    ValueError
        For a negative number, a band that the reference lacks, or a group that ``observed`` lacks.

    Notes
    -----
    Expected = sum over bands of the reference's rate times the group's person-years, taken as known without error: the
    reference should be much larger than a group. Do not use to rank groups against one another: each ratio has the
    weights of its own population, so that two of them compare with the reference, not with each other.

    References
    ----------
    Breslow NE, Day NE (1987) Statistical methods in cancer research II. IARC, chapter 2.

    Examples
    --------
    >>> here = pd.DataFrame({"age_band": ["young", "old"], "count": [30, 20], "population": [1_000, 1_000]})
    >>> all_ = pd.DataFrame({"age_band": ["young", "old"], "count": [200, 300], "population": [10_000, 10_000]})
    >>> result = indirectly_standardised_ratio(here, all_, per=1_000).estimates()
    >>> result[["count", "expected", "estimate", "rate"]].values.tolist()  # 50 over 20 + 30
    [[50.0, 50.0, 1.0, 25.0]]
    """
    labels = [*([by] if by else []), band]
    known = bands.dropna(subset=labels)
    group = known[by].astype(str) if by else pd.Series(ALL, index=known.index)
    counts = known[count].astype(float) if observed is None else pd.Series(0.0, index=known.index)
    frame = pd.DataFrame(
        {
            "group": group,
            "band": known[band].astype(str),
            "events": 1.0,
            "count": counts,
            "person_years": known[population].astype(float) * years,
        }
    )
    check_bands(frame, min(years, reference_years))
    frame = add_up(frame)
    person_years = frame.pivot(index="group", columns="band", values="person_years")
    totals = frame.groupby("group")["count"].sum(skipna=False)
    if observed is not None:
        totals = _observed(observed, person_years.index)
    standard = _reference(reference, list(person_years.columns), band, count, population, reference_years)
    seen = pd.DataFrame({"role": "observed", "group": totals.index, "count": totals.to_numpy(float)})
    cells = pd.concat([seen, standard], ignore_index=True)
    caveats = [
        "Each ratio compares its group with the reference; two groups' ratios do not compare them with each other",
        f"The limits take {of} as independent: where one person makes several they are too narrow",
    ]
    caveats += left_out(len(bands) - len(known), len(bands), lacking="a band or a group")
    return StandardisedRatios(
        method=Method(
            "Indirectly standardised ratio and rate",
            "Breslow & Day 1987; Garwood 1936",
            {"limits": "Byar, exact below 10"},
        ),
        unit="observed over expected",
        rate_unit=f"{of} per {per:,} residents a year, indirectly standardised",
        frame=cells.assign(given=cells["count"].notna()),
        person_years=person_years,
        caveats=tuple(caveats),
        level=confidence_level,
        of=of,
        heading=heading,
        per=per,
    )


def _observed(observed: Mapping[str, float], groups: pd.Index) -> pd.Series:
    given = pd.Series({str(group): float(events) for group, events in observed.items()})
    if missing := (~groups.isin(given.index)).sum():
        raise ValueError(
            f"observed has no count for {missing} of {len(groups)} groups; give one, missing where unknown"
        )
    if (given < 0).any():
        raise ValueError("observed must be 0 or more")
    return given.loc[groups]


def _reference(
    table: pd.DataFrame, names: list[str], band: str, count: str, population: str, years: float
) -> pd.DataFrame:
    """Events and person-years of the reference in each band of the data."""
    sums = table.groupby(table[band].astype(str))[[count, population]].sum(skipna=False).astype(float)
    if missing := len(set(names) - set(sums.index)):
        raise ValueError(f"reference lacks {missing} of the data's {len(names)} bands; use the same bands in both")
    used = sums.loc[names]
    if not (used[population] > 0).all() or not (used[count] >= 0).all():
        raise ValueError("reference must have residents above 0 and a count of 0 or more in each band")
    return pd.DataFrame(
        {
            "role": "reference",
            "band": names,
            "count": used[count].to_numpy(),
            "person_years": used[population].to_numpy() * years,
        }
    )
