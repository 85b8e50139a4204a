"""Shares of people to whom something happened within so many days, those not watched so long taken into account."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from problemsolving.grouped import GroupedResult
from problemsolving.network.pathways.ordered import Floats
from problemsolving.results import Column, Kind, Value
from problemsolving.stats.intervals import wilson_limits

COARSE = 10  # what stands behind a share leaves in steps of so many people


@dataclass(frozen=True)
class Watched:
    """Of people watched for a time: to how many it happened within so many days, and what that stands for.

    ``at_risk``: the people of whom ``count`` is Kaplan and Meier's share. ``informative``: the people who, all watched
    to the end, would tell as much (Greenwood). Both are all the people where none was watched too short a time.
    """

    count: float
    rest: float
    at_risk: float
    informative: float

    @property
    def share(self) -> float:
        """Kaplan and Meier's share, 0 to 1."""
        return self.count / self.at_risk if self.at_risk else float("nan")


def watch(days: Floats, happened: NDArray[np.bool_], *, within_days: float) -> Watched:
    """Estimate the share to whom it happens within so many days.

    Parameters
    ----------
    days : array, shape (n,)
        Days until it happened, or until nobody watched any more.
    happened : array of bool, shape (n,)
        Whether it happened.
    within_days : float
        Above 0; an event on the last day counts.

    Returns
    -------
    Watched

    Notes
    -----
    Do not use where people leave the data because it will or will not happen to them: those not watched are taken to
    be like the others. Where nobody was watched to the end the share is missing.

    Examples
    --------
    One of two returns on day 5; of the others one is watched 3 days alone:

    >>> found = watch(np.array([5.0, 30.0, 3.0]), np.array([True, False, False]), within_days=28)
    >>> found.count, found.share
    (1.0, 0.5)
    """
    from statsmodels.duration.survfunc import SurvfuncRight

    inside = happened & (days <= within_days)
    count, total = float(inside.sum()), float(len(days))
    short = float((~inside & (days < within_days)).sum())
    if not short:
        return Watched(count, total - count, total, total)
    to_end = float((days >= within_days).sum())
    if not to_end:
        return Watched(count, total - count, 0.0, 0.0)
    if not count:
        return Watched(0.0, total, to_end, to_end)
    curve = SurvfuncRight(np.minimum(days, within_days), inside.astype(int))
    share, error = 1 - float(curve.surv_prob[-1]), float(curve.surv_prob_se[-1])
    informative = share * (1 - share) / error**2 if error > 0 else to_end
    return Watched(count, total - count, count / share, informative)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class WatchedShares(GroupedResult):
    """Shares by group: ``frame`` has ``group``, ``part`` (happened, rest), ``count``; ``behind`` has what each stands for.

    ``behind``: ``group``, ``at_risk``, ``informative``, as `Watched`. ``turned``: the share shown is of those to whom it
    did not happen.
    """

    margins: ClassVar[tuple[tuple[str, ...], ...]] = (("group",),)
    estimate_kind: ClassVar[Kind] = "percent"

    behind: pd.DataFrame
    turned: bool = False
    within_days: float
    said: str

    def estimates(self) -> pd.DataFrame:
        """Give ``group``, ``count`` (of all people), ``happened``, ``estimate``, its limits and ``reason``, the largest first."""
        wide = self.frame.pivot(index="group", columns="part", values="count").reindex(self.behind["group"])
        behind = self.behind.set_index("group")
        people = wide["happened"] + wide["rest"]
        at_risk, informative = (np.minimum(behind[name], people) for name in ("at_risk", "informative"))
        share = np.minimum(wide["happened"] / at_risk.where(at_risk > 0), 1.0)
        low, high = wilson_limits((share * informative).to_numpy(), informative.to_numpy(), confidence_level=self.level)
        known = share.notna().to_numpy()
        low, high = np.where(known, low, np.nan), np.where(known, high, np.nan)
        if self.turned:
            share, low, high = 1 - share, 1 - high, 1 - low
        shown = pd.DataFrame(
            {
                "group": wide.index,
                "count": people.to_numpy(),
                "happened": wide["happened"].to_numpy(),
                "estimate": share.to_numpy(),
                "low": low,
                "high": high,
            }
        )
        unwatched = people.notna().to_numpy() & (np.nan_to_num(at_risk.to_numpy()) == 0)
        missing = np.where(
            unwatched, "not estimable: nobody was watched so long", "withheld: too few, or it guards such a count"
        )
        shown["reason"] = np.where(known, "", missing)
        return shown.sort_values(["estimate", "group"], ascending=[False, True], kind="stable").reset_index(drop=True)

    def values(self) -> list[Value]:
        reasons = self.estimates()["reason"]
        return [replace(value, reason=reason or None) for value, reason in zip(super().values(), reasons, strict=True)]

    def columns(self) -> dict[str, Column]:
        return {**super().columns(), "count": Column(self.of.capitalize(), "count"), "reason": Column("Note")}

    def summary(self) -> str:
        known = self.estimates().dropna(subset="estimate")
        if known.empty:
            return f"No agency has enough {self.of} to show the share {self.said}."
        top = known.iloc[0]
        text = (
            f"The share {self.said} was largest at {top['group']}: {top['estimate']:.0%} of {top['count']:,.0f} {self.of} "
            f"({self.level:.0%} interval {top['low']:.0%} to {top['high']:.0%})"
        )
        if len(known) > 1:
            text += f", and smallest at {known.iloc[-1]['group']} ({known.iloc[-1]['estimate']:.0%})"
        return f"{text}; {self.of} not watched for all {self.within_days:g} days are taken into account."

    def alt_text(self) -> str:
        return f"The share {self.said}, one row an agency, with intervals. {self.summary()}"

    def blurred(self) -> Self:
        """Give what stands behind each share in steps of ten people, so that no unrounded count shows in it."""
        rounded = (self.behind[["at_risk", "informative"]] / COARSE).round().clip(lower=1) * COARSE
        zero = self.behind["at_risk"] == 0
        return replace(self, behind=self.behind.assign(**rounded.mask(zero, 0.0)))
