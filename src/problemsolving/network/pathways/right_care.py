"""Right Care, Right Person: harm after calls that were not attended, beside harm after calls that were."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np
import pandas as pd
from statsmodels.stats.proportion import confint_proportions_2indep

from problemsolving.errors import NotEstimableError
from problemsolving.grouped import GroupedResult
from problemsolving.network.pathways.ordered import (
    DAY,
    UNKNOWN,
    about,
    check_columns,
    is_true,
    last_moment,
    to_microseconds,
)
from problemsolving.results import Column, Design, Interval, Kind, Method, Value, coarser, number, whole
from problemsolving.stats.intervals import normal_quantile, wilson_limits

DIFFER = (
    "Calls attended and not attended differ in more than attendance: the worse a call sounds, the likelier someone goes"
)
NAMES = ("not attended", "attended")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class RightCare(GroupedResult):
    """Calls followed by harm or not: ``frame`` has ``group`` (not attended, attended), ``part`` (harm, none), ``count``.

    ``dispersion``: how much wider limits are, squared, because calls of one person go together; 1 or more.
    """

    margins: ClassVar[tuple[tuple[str, ...], ...]] = (("group",), ("part",))
    value_name: ClassVar[str] = "risk_of_harm"
    estimate_kind: ClassVar[Kind] = "percent"

    design: Design = "associational"
    within_days: float
    dispersion: float = 1.0

    def _wide(self) -> pd.DataFrame:
        return self.frame.pivot(index="group", columns="part", values="count").reindex(list(NAMES))

    def estimates(self) -> pd.DataFrame:
        """Give ``group``, ``count`` (calls), ``harm``, ``estimate`` (share followed by harm) and Wilson's limits."""
        wide = self._wide()
        calls, harm = (wide["harm"] + wide["none"]).to_numpy(float), wide["harm"].to_numpy(float)
        total = np.where(calls > 0, calls, np.nan)
        low, high = wilson_limits(harm / self.dispersion, total / self.dispersion, confidence_level=self.level)
        return pd.DataFrame(
            {"group": wide.index, "count": calls, "harm": harm, "estimate": harm / total, "low": low, "high": high}
        )

    def difference(self) -> tuple[float, Interval]:
        """Give the risk after calls not attended less the risk after calls attended, with Newcombe's interval."""
        return self._compared("diff", "newcomb")

    def ratio(self) -> tuple[float, Interval]:
        """Give the ratio of the risks, not attended to attended, with the score interval; missing without harm in both."""
        return self._compared("ratio", "score")

    def _compared(self, compare: str, method: str) -> tuple[float, Interval]:
        shown, missing = self.estimates(), Interval(float("nan"), float("nan"), self.level)
        one, other = shown["estimate"]
        if not np.isfinite(one + other) or (compare == "ratio" and min(one, other) == 0):
            return float("nan"), missing
        counts, calls = shown["harm"] / self.dispersion, shown["count"] / self.dispersion
        low, high = confint_proportions_2indep(
            counts[0], calls[0], counts[1], calls[1], compare=compare, method=method, alpha=1 - self.level
        )
        return float(one - other if compare == "diff" else one / other), Interval(float(low), float(high), self.level)

    def columns(self) -> dict[str, Column]:
        own = super().columns()
        first = {"group": own["group"], "count": own["count"], "harm": Column("Followed by harm", "count")}
        return first | {name: own[name] for name in ("estimate", "low", "high")}

    def values(self) -> list[Value]:
        n, found = whole(self.frame["count"].sum(skipna=False)), super().values()
        for name, unit, (told, limits) in (
            ("risk_difference", "difference of shares", self.difference()),
            ("risk_ratio", "ratio", self.ratio()),
        ):
            known = number(told) is not None
            reason = "withheld: too few" if n is None else "not estimable: one side has no calls or no harm"
            found.append(
                Value(
                    name=name,
                    estimate=number(told),
                    interval=limits if known else None,
                    unit=unit,
                    n=n,
                    reason=None if known else reason,
                )
            )
        return found

    def summary(self) -> str:
        told, limits = self.difference()
        if number(told) is None:
            return "Harm after calls not attended cannot be compared: too few calls of one kind are shown."
        one, other = self.estimates()["estimate"]
        text = (
            f"Within {self.within_days:g} days harm followed {one:.1%} of calls not attended and {other:.1%} of calls attended: a "
            f"difference of {told * 100:+.1f} percentage points ({self.level:.0%} interval {limits.low * 100:+.1f} to {limits.high * 100:+.1f})"
        )
        ratio, within = self.ratio()
        if number(ratio) is not None:
            text += f", a ratio of {ratio:.2f} ({within.low:.2f} to {within.high:.2f})"
        return f"{text}. Not attending was associated with it, which is no proof of a cause: the calls differ in more than attendance."

    def alt_text(self) -> str:
        return f"Share of calls followed by harm, not attended and attended, with intervals. {self.summary()}"

    def blurred(self) -> Self:
        return replace(self, dispersion=coarser(self.dispersion))


def measure_right_care(
    calls: pd.DataFrame,
    harms: pd.DataFrame,
    *,
    within_days: float,
    case: str = "person_id",
    called: str = "called_at",
    attended: str = "attended",
    harmed: str = "occurred_at",
    until: pd.Timestamp | str | None = None,
    confidence_level: float = 0.95,
) -> RightCare:
    """Measure how often harm followed within so many days of calls that were not attended, and of calls that were.

    Answers: is it safe not to go?

    Parameters
    ----------
    calls : pandas.DataFrame
        One row a call about a person's welfare.
    harms : pandas.DataFrame
        One row a harm (an emergency attendance, a death, an assault), with the same pseudonyms.
    within_days : float
        Above 0; a harm at the time of the call or before it does not count.
    case, called, attended, harmed : str
        Columns: the person (of both tables), the time of the call, whether someone went (true or false), the time of the
        harm.
    until : pandas.Timestamp or str, optional
        When the data end; the last time in either table when not given.
    confidence_level : float
        Between 0 and 1.

    Returns
    -------
    RightCare
        Share of calls followed by harm with Wilson's limits; difference (Newcombe's interval) and ratio (score interval)
        of the risks, not attended to attended. All limits are widened for calls of the same person.

    Raises
    ------
    NetworkError
        For every column that is missing or holds no times, and for attendance that is neither true nor false.
    NotEstimableError
        When no call is known with its person, time and attendance and was watched for so many days.
    ValueError
        For ``within_days`` of 0 or less.

    Notes
    -----
    Calls not watched for all the days are left out, whatever followed, so that both kinds have the same time. Calls
    about persons not known are left out: they may be the most at risk. Harm that no agency recorded is not seen. Do not
    use as the effect of not attending: who is not attended is chosen by how the call sounds; compare within grades of
    risk, or with the time before the policy.

    References
    ----------
    Newcombe RG (1998) Interval estimation for the difference between independent proportions. Stat Med 17:873.
    Miettinen O, Nurminen M (1985) Comparative analysis of two rates. Stat Med 4:213. doi:10.1002/sim.4780040211

    Examples
    --------
    >>> at = pd.Timestamp("2024-01-01")
    >>> calls = pd.DataFrame({"person_id": [1, 2, 3, 4], "called_at": at, "attended": [False, False, True, True]})
    >>> harms = pd.DataFrame({"person_id": [1], "occurred_at": [pd.Timestamp("2024-01-03")]})
    >>> found = measure_right_care(calls, harms, within_days=7, until="2024-06-01")
    >>> found.estimates()["estimate"].tolist(), found.difference()[0]
    ([0.5, 0.0], 0.5)
    """
    normal_quantile(confidence_level)
    if not within_days > 0:
        raise ValueError("within_days must be above 0")
    check_columns(calls, [case, called, attended], [called])
    check_columns(harms, [case, harmed], [harmed])
    at, after = to_microseconds(calls[called]), to_microseconds(harms[harmed])
    last = last_moment(until, at, after)
    known = (calls[case].notna() & calls[attended].notna()).to_numpy() & (at != UNKNOWN)
    watched = known & (at <= last - within_days * DAY)
    if not watched.any():
        raise NotEstimableError(
            f"no call is known with its person, time and attendance and was watched for {within_days:g} days"
        )
    harmed_soon = _followed(calls[case], at, harms[case], after, within_days)
    went = is_true(calls[attended])
    rows = [
        (name, part, float((watched & (went == which) & (harmed_soon == had)).sum()))
        for name, which in zip(NAMES, (False, True), strict=True)
        for part, had in (("harm", True), ("none", False))
    ]
    caveats: list[str] = [DIFFER, "Harm that no agency recorded is not seen"]
    if not known.all():
        caveats.append(f"{about(float((~known).mean()))} calls lack a person, a time or whether someone went: left out")
    if (known & ~watched).any():
        caveats.append(
            f"{about(float((known & ~watched).mean()))} calls were not watched for {within_days:g} days: left out"
        )
    return RightCare(
        method=Method(
            "Risks with Wilson limits; Newcombe difference, score ratio", "Newcombe 1998; Miettinen & Nurminen 1985"
        ),
        unit="share of calls followed by harm",
        frame=pd.DataFrame(rows, columns=["group", "part", "count"]),
        within_days=within_days,
        dispersion=_dispersion(calls[case][watched], went[watched], harmed_soon[watched]),
        level=confidence_level,
        of="calls",
        heading="Calls",
        caveats=tuple(caveats),
    )


def _followed(
    callers: pd.Series, at: np.ndarray, harmed: pd.Series, after: np.ndarray, within_days: float
) -> np.ndarray:
    """Tell after which calls a harm to the same person came within so many days."""
    codes, _ = pd.factorize(pd.concat([callers, harmed], ignore_index=True))
    who, whom = codes[: len(callers)], codes[len(callers) :]
    kept = (whom >= 0) & (after != UNKNOWN)
    harms = pd.DataFrame({"who": whom[kept], "at": after[kept], "harm": after[kept]}).sort_values("at", kind="stable")
    asked = pd.DataFrame({"who": who, "at": at, "place": np.arange(len(at))}).sort_values("at", kind="stable")
    found = pd.merge_asof(asked, harms, on="at", by="who", direction="forward", allow_exact_matches=False)
    gap = (found["harm"] - found["at"]) / DAY
    soon = np.zeros(len(at), bool)
    soon[found["place"].to_numpy()] = ((gap <= within_days) & (found["who"] >= 0)).to_numpy()
    return soon


def _dispersion(callers: pd.Series, went: np.ndarray, harm: np.ndarray) -> float:
    """Give the variance of sums by person over that of calls each on its own; never below 1."""
    risk = np.where(went, harm[went].mean() if went.any() else 0.0, harm[~went].mean() if (~went).any() else 0.0)
    left = harm - risk
    by_person = np.bincount(pd.factorize(callers)[0], weights=left)
    return max(1.0, float((by_person**2).sum() / (left**2).sum())) if (left**2).sum() > 0 else 1.0
