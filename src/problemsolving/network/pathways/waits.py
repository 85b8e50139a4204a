"""Waits between agencies, those still waiting taken into account."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
import pandas as pd

from problemsolving import draw
from problemsolving.network.pathways.ordered import DAY, UNKNOWN, last_moment, to_microseconds
from problemsolving.results import Column, Method, Result, Table, Value, grouped_values, number, whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Waits(Result):
    """Median days a step takes: ``frame`` has ``group``, ``count`` (referrals seen), ``open`` (not seen by the
    end), ``beyond`` (waits beyond the nearer limit), ``median``, ``low`` and ``high`` in days.

    Where the count is withheld only to protect the number not seen, the median is shown with its limits, if enough
    people stand on the step (``enough``) for that to tell nothing of those not seen.
    """  # noqa: D205

    frame: pd.DataFrame
    margins: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("tie",),
    )  # seen and not seen make up the tie that the agency matrix shows

    level: float = 0.95
    what: str = "wait"

    def _known(self) -> pd.DataFrame:
        seen = self.frame["count"].notna()
        if "enough" in self.frame:
            seen |= self.frame["enough"].notna() & self.frame["beyond"].notna()
        sure = seen & self.frame["beyond"].notna()
        return self.frame.assign(
            median=self.frame["median"].where(seen),
            low=self.frame["low"].where(sure),
            high=self.frame["high"].where(sure),
        )

    def values(self) -> list[Value]:
        return grouped_values(self._known(), "median", unit=self.unit, level=self.level)

    def table(self) -> Table:
        columns = (
            Column("Step"),
            Column("Seen", "count"),
            Column("Not seen by the end", "count"),
            Column("Median days", "number"),
            Column("Low", "number"),
            Column("High", "number"),
        )
        return Table(
            columns,
            tuple(
                (r.group, whole(r.n), whole(r.open), number(r.median), number(r.low), number(r.high))
                for r in self._known().rename(columns={"count": "n"}).itertuples()
            ),
        )

    def summary(self) -> str:
        known = self._known().dropna(subset=["median", "low"]).sort_values("median", ascending=False, kind="stable")
        if known.empty:
            return "No step has enough referrals to show its wait."
        top = known.iloc[0]
        seen = "" if number(top["count"]) is None else f"from {top['count']:,.0f} referrals seen, "
        upper = "or more" if number(top["high"]) is None else f"to {top['high']:,.1f}"
        return (
            f"The longest median {self.what} was {top['group']}: {top['median']:,.1f} days ({top['low']:,.1f} {upper}), "
            f"{seen}those still waiting taken into account."
        )

    def plot(self, *, ax: Axes | None = None) -> Axes:
        shown = self._known().sort_values("median", ascending=False, na_position="last").head(12)
        return draw.intervals(
            shown["group"].tolist(),
            shown["median"],
            low=shown["low"],
            high=shown["high"],
            quantity=f"median {self.what}, days",
            ax=ax,
        )

    def cells(self) -> pd.DataFrame:
        """Give seen, not seen (the parts of a tie) and beyond.

        ``enough`` is never shown: that it passes the threshold tells that those seen do and that all referrals of the
        tie are more than twice the threshold, so any small number not seen stays possible.
        """
        people = self.frame[["count", "open"]].sum(axis=1) // 2
        parts = {name: self.frame[name] for name in ("count", "open", "beyond")}
        parts["enough"] = np.minimum(self.frame["count"], people)
        stacked = [pd.DataFrame({"group": self.frame["group"], "count": n, "part": part}) for part, n in parts.items()]
        cells = pd.concat(stacked, ignore_index=True)
        return cells.assign(
            tie=cells["group"].where(cells["part"].isin(["count", "open"])),
            group=cells["group"].where(cells["part"] != "enough"),
        )

    def rebuild(self, cells: pd.DataFrame) -> Self:
        parts = {part: rows["count"].to_numpy(float) for part, rows in cells.groupby("part")}
        frame = self.frame.assign(**parts)
        silent = (
            frame[["count", "open", "enough"]].isna().all(axis=1)
        )  # that a step is listed would tell that it is no zero
        return replace(self, frame=frame[~silent].reset_index(drop=True))


def median_waits(
    referrals: pd.DataFrame,
    *,
    by: list[str],
    start: str = "referred_at",
    end: str = "seen_at",
    until: pd.Timestamp | None = None,
    confidence_level: float = 0.95,
) -> Waits:
    """Median wait from referral to being seen, for each group, those still waiting taken into account.

    Answers: where do people wait longest?

    Parameters
    ----------
    referrals : pandas.DataFrame
        One row a referral.
    by : list of str
        Columns that make a step, for example sender and receiver.
    start, end : str
        Columns with times; an end that is missing, or after ``until``, means not seen by then.
    until : pandas.Timestamp, optional
        When the data end; the last time in them when not given.
    confidence_level : float
        Between 0 and 1.

    Returns
    -------
    Waits
        Kaplan-Meier median in days, to a tenth, with Brookmeyer and Crowley's interval: the first wait by which more than
        half were seen; missing where no more than half were.

    Notes
    -----
    Assumes that those not yet seen wait like the others. Do not use where many never attend: they count as
    waiting.

    References
    ----------
    Brookmeyer R, Crowley J (1982) A confidence interval for the median survival time. Biometrics 38:29. doi:10.2307/2530286
    """
    begin, finish = to_microseconds(referrals[start]), to_microseconds(referrals[end])
    known, over = begin != UNKNOWN, finish != UNKNOWN
    last = last_moment(until, begin, finish) if known.any() else 0
    negative, later = known & over & (finish < begin), known & (begin > last)
    kept, seen = known & ~negative & ~later, over & (finish <= last)
    days = (np.where(seen, finish, last)[kept] - begin[kept]) / DAY
    timed = pd.DataFrame({"days": days, "seen": seen[kept]})
    rows = []
    for step, waits in timed.groupby(
        [referrals.loc[kept, column].reset_index(drop=True) for column in by], sort=True, observed=True
    ):
        name = " to ".join(str(part) for part in (step if isinstance(step, tuple) else (step,)))
        median, low, high = _median_survival(waits["days"].to_numpy(), waits["seen"].to_numpy(), confidence_level)
        observed = waits.loc[waits["seen"], "days"]
        sides = [
            (observed <= low).sum() if low == low else np.inf,
            (observed >= high).sum() if high == high else np.inf,
        ]
        beyond = float(min(sides)) if np.isfinite(min(sides)) else 0.0
        rows.append(
            (name, float(len(observed)), float(len(waits) - len(observed)), beyond, *np.round((median, low, high), 1))
        )
    frame = pd.DataFrame(rows, columns=["group", "count", "open", "beyond", "median", "low", "high"])
    caveats: tuple[str, ...] = (
        ("Some referrals end before they start and are left out: check the clocks",) if negative.any() else ()
    )
    caveats += ("Referrals made after the end of the data are left out",) if later.any() else ()
    caveats += ("Half were seen within the median; referrals not seen by the end of the data count as still waiting",)
    return Waits(
        method=Method("Kaplan-Meier median", "Brookmeyer & Crowley 1982"),
        unit="days",
        frame=frame,
        level=confidence_level,
        caveats=caveats,
    )


def _median_survival(days: np.ndarray, seen: np.ndarray, confidence_level: float) -> tuple[float, float, float]:
    """Kaplan-Meier median and its limits; NaN where they cannot be estimated."""
    from statsmodels.duration.survfunc import SurvfuncRight

    if seen.sum() < 2:
        return float("nan"), float("nan"), float("nan")
    curve = SurvfuncRight(days, seen.astype(int))
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = curve.quantile_ci(0.5, alpha=1 - confidence_level)
    limits = [float(limit) if np.isfinite(limit) else float("nan") for limit in (curve.quantile(0.5), low, high)]
    return limits[0], limits[1], limits[2]
