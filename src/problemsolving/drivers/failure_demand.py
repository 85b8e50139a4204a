"""Value or failure demand: contacts that meet a need, and contacts caused by a need not met before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from problemsolving.drivers.told import ToldResult
from problemsolving.errors import NotEstimableError
from problemsolving.grouped import GroupedResult
from problemsolving.results import Column, Kind, Method, Value, grouped_values, number, whole
from problemsolving.stats.agreement import Agreement, category_agreement, code_table, cohen_kappa, pabak
from problemsolving.stats.intervals import wilson_limits

FAIR = 0.6  # kappa from which two coders are taken to mean the same
APART = 0.2  # difference of kappa and PABAK from which how common each code is must be said
BOTH, FIRST, SECOND, EITHER, DIFFER = (
    "failure demand: both coders said so",
    "failure demand: the first coder said so",
    "failure demand: the second coder said so",
    "failure demand: at least one coder said so",
    "disputed: the coders differed",
)
ONLY = "failure demand: the only coder said so"
NOT_CODED = "not coded"


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class FailureDemand(ToldResult, GroupedResult):
    """Share of failure demand: ``frame`` has ``first`` and ``second`` (a code by each coder) and ``count``.

    With one coder ``second`` is missing. Contacts without a code by every coder are in a row of their own.
    """

    margins: ClassVar[tuple[tuple[str, ...], ...]] = ((),)  # how many contacts were read is known elsewhere
    value_name: ClassVar[str] = "failure_demand_share"
    quantity: ClassVar[str] = "share of the contacts coded"
    estimate_kind: ClassVar[Kind] = "percent"
    decimals: ClassVar[int] = 0

    codes: tuple[str, ...] = ("value", "failure")
    failure: str = "failure"

    @property
    def one_coder(self) -> bool:
        return bool(self.frame["second"].isna().all())

    @property
    def counts(self) -> pd.DataFrame:
        """Contacts by the first coder's code (rows) and the second's (columns); of one coder, one column."""
        coded = self.frame[self.frame["first"] != NOT_CODED]
        if self.one_coder:
            return coded.set_index("first")[["count"]].reindex(list(self.codes))
        wide = coded.pivot(index="first", columns="second", values="count")
        return wide.reindex(index=list(self.codes), columns=list(self.codes))

    def agreement(self) -> tuple[Agreement, Agreement]:
        """Give Cohen's kappa and PABAK of the two coders; raise ``NotEstimableError`` for one coder."""
        self._needs_two()
        return tuple(measure(self.counts, confidence_level=self.level) for measure in (cohen_kappa, pabak))  # type: ignore[return-value]

    def by_code(self) -> pd.DataFrame:
        """Give the agreement on each code (`problemsolving.stats.agreement.category_agreement`)."""
        self._needs_two()
        return category_agreement(self.counts, confidence_level=self.level)

    def _needs_two(self) -> None:
        if self.one_coder:
            raise NotEstimableError("agreement needs two coders who code the same contacts independently")

    def estimates(self) -> pd.DataFrame:
        """Give each reading of the codes: ``group``, ``count``, ``n``, share (``estimate``) and its limits."""
        table = self.counts.to_numpy(float)
        place, n = self.codes.index(self.failure), float(table.sum())
        if self.one_coder:
            counts = {ONLY: table[place, 0]}
        else:
            both, first, second = table[place, place], table[place].sum(), table[:, place].sum()
            readings = {BOTH: both, FIRST: first, SECOND: second, EITHER: first + second - both}
            counts = {**readings, DIFFER: n - np.trace(table)}
        shown = pd.DataFrame({"group": list(counts), "count": list(counts.values()), "n": n})
        low, high = wilson_limits(shown["count"], shown["n"], confidence_level=self.level)
        return shown.assign(estimate=shown["count"] / shown["n"], low=low, high=high)

    def columns(self) -> dict[str, Column]:
        shares = {name: column for name, column in super().columns().items() if name in ("low", "high")}
        return {
            "group": Column("Reading of the codes"),
            "count": Column(self.of.capitalize(), "count"),
            "n": Column("Of", "count"),
            "estimate": Column("Share", "percent", 0),
            **shares,
        }

    def values(self) -> list[Value]:
        if self.one_coder:
            return super().values()
        n = whole(self.counts.to_numpy(float).sum())
        coefficients = [
            Value(
                name=name, estimate=number(found.estimate), unit="agreement beyond chance, 1 is full", n=n,
                interval=found.interval if number(found.estimate) is not None else None,
                reason=f"not estimable: {found.reason}" if found.reason else None,
            )
            for name, found in zip(("kappa", "pabak"), self.agreement(), strict=True)
        ]  # fmt: skip
        of_codes = grouped_values(
            self.by_code(),
            "estimate",
            name="agreement_on_code",
            unit="share of the times a coder gave it",
            level=self.level,
        )
        return [*super().values(), *coefficients, *of_codes]

    def summary(self) -> str:
        shown = self.estimates().set_index("group")
        if shown["estimate"].isna().any():
            return "The share of failure demand is withheld: at least one count is too small."
        said = {row.Index: f"{row.estimate:.0%} ({row.low:.0%} to {row.high:.0%})" for row in shown.itertuples()}
        n = f"{shown['n'].iloc[0]:,.0f}"
        if self.one_coder:
            return (
                f"One coder read {n} {self.of} and called {said[ONLY]} of them failure demand; no second coder has read "
                "them, so whether another would agree is not known."
            )
        return (
            f"Of {n} {self.of} coded by two people, failure demand was between {said[BOTH]}, where both said so, and "
            f"{said[EITHER]}, where at least one did; they differed on {said[DIFFER]}. {self._agreed()}"
        )

    def _agreed(self) -> str:
        kappa, even = self.agreement()
        adjusted = f"{even.estimate:.2f} ({even.interval.low:.2f} to {even.interval.high:.2f})"
        if kappa.reason:
            return (
                f"Kappa was not estimable: {kappa.reason}; with every code taken as equally common it was {adjusted}."
            )
        limits = f"{kappa.interval.low:.2f} to {kappa.interval.high:.2f}"
        return (
            f"Their agreement beyond chance (kappa) was {kappa.estimate:.2f} ({limits}), and with every code taken as "
            f"equally common (PABAK) {adjusted}."
        )

    def alt_text(self) -> str:
        return f"Shares of {self.of} by each reading of the codes, one below the other with intervals. {self.summary()}"

    def told(self) -> tuple[str, ...]:
        if self.one_coder:
            return (
                "One coder alone: the share is that person's reading, and nothing here says that another would share it",
            )
        kappa, even = self.agreement()
        told = []
        if kappa.estimate < FAIR:
            told.append(f"Kappa is below {FAIR:g}: agree on what the codes mean and code again before using the share")
        elif kappa.interval.low < FAIR:
            told.append(f"Kappa may lie below {FAIR:g}: code more contacts twice before resting on the share")
        if abs(even.estimate - kappa.estimate) > APART:
            told.append("Kappa and PABAK lie far apart because the codes are not equally common: read both")
        return tuple(told)


def measure_failure_demand(
    contacts: pd.DataFrame,
    *,
    coders: Sequence[str],
    codes: Sequence[str] = ("value", "failure"),
    failure: str = "failure",
    confidence_level: float = 0.95,
    of: str = "contacts",
) -> FailureDemand:
    """Measure the share of contacts that are failure demand, and whether two coders mean the same by it.

    Answers: how much of what we are asked for is caused by our not having done something, or not done it right?

    Parameters
    ----------
    contacts : pandas.DataFrame
        One row a contact that was read.
    coders : sequence of str
        Columns with the codes of the first and the second coder, who code without seeing each other's; one column
        is taken, and the result then says that it is one person's reading.
    codes : sequence of str
        Every code that could be given.
    failure : str
        The code of failure demand.
    confidence_level : float
        Between 0 and 1.
    of : str
        What is coded, in the plural.

    Returns
    -------
    FailureDemand
        Shares between 0 and 1 with Wilson limits: both coders said so, each of them, at least one, disputed; Cohen's
        kappa, PABAK and the agreement on each code.

    Raises
    ------
    ValueError
        For no coder or more than two, a column that is not there, or a code that is none of ``codes``.
    NotEstimableError
        When no contact was coded by every coder.

    Notes
    -----
    The range from "both" to "at least one" is what the codes can bear; its ends have sampling intervals of their own,
    which hold for all contacts only when those read were drawn at random. Do not use the code of a contact to judge
    the person who took it.

    References
    ----------
    Seddon J (2003) Freedom from command and control. Vanguard Education.
    Cohen J (1960) Educ Psychol Meas 20:37. doi:10.1177/001316446002000104

    Examples
    --------
    >>> contacts = pd.DataFrame({"a": ["failure"] * 4 + ["value"] * 6, "b": ["failure"] * 5 + ["value"] * 5})
    >>> measure_failure_demand(contacts, coders=["a", "b"]).estimates()["estimate"].tolist()
    [0.4, 0.4, 0.5, 0.5, 0.1]
    """
    if len(coders) not in (1, 2):
        raise ValueError("coders must name one column or two, the first and the second coder's")
    missing = [name for name in coders if name not in contacts]
    if missing:
        raise ValueError(f"coders names columns that contacts does not have: {', '.join(missing)}")
    if failure not in codes:
        raise ValueError("failure must be one of codes")
    given = [contacts[name] for name in (coders[0], coders[-1])]
    table = code_table(*given, codes=codes)
    if not table.to_numpy().sum():
        raise NotEstimableError("no contact was coded by every coder, so no share of failure demand can be given")
    left_out = float(len(contacts) - table.to_numpy().sum())
    if len(coders) == 1:
        frame = pd.DataFrame({"first": list(codes), "second": None, "count": np.diag(table).astype(float)})
    else:
        pairs = [(first, second, float(table.loc[first, second])) for first in codes for second in codes]
        frame = pd.DataFrame(pairs, columns=["first", "second", "count"])
    if left_out:
        frame.loc[len(frame)] = [NOT_CODED, None, left_out]
    caveats = ("The share holds for the contacts read; for all of them only if those read were drawn at random",)
    return FailureDemand(
        method=Method(
            "Codes of value and failure demand; Wilson limits; Cohen's kappa and PABAK", "Seddon 2003; Cohen 1960",
            {"coders": len(coders)},
        ),
        unit="share of contacts",
        frame=frame,
        level=confidence_level,
        of=of,
        codes=tuple(codes),
        failure=failure,
        caveats=caveats if not left_out else (*caveats, "Contacts that a coder left without a code are not in the shares"),
    ).telling()  # fmt: skip
