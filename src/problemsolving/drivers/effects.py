"""What goes with each driver, by a model of its own that is adjusted as a causal diagram asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, Self

import pandas as pd

from problemsolving.drivers.diagram import CausalDiagram
from problemsolving.drivers.rate_model import estimate_rate_ratios
from problemsolving.errors import NotEstimableError
from problemsolving.grouped import GroupedResult
from problemsolving.results import Column, Disclosure, Kind, Method, listed

UNTOLD = "not estimable: no adjustment with these data is enough"


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class DriverEffects(GroupedResult):
    """Rate ratios by driver: ``frame`` has ``group``, ``adjusted_for``, ``estimate``, ``low``, ``high`` and ``count``.

    The estimate of a driver that the diagram says cannot be told is missing.
    """

    areas: int
    residual_df: int
    counts: tuple[float, ...] = ()

    disclosure: ClassVar[Disclosure] = "model"
    reference: ClassVar[float | None] = 1.0
    log: ClassVar[bool] = True
    quantity: ClassVar[str] = "rate ratio per standard deviation (log scale)"
    estimate_kind: ClassVar[Kind] = "number"
    decimals: ClassVar[int] = 2

    def estimates(self) -> pd.DataFrame:
        return self.frame

    def columns(self) -> dict[str, Column]:
        plain = super().columns()
        return {
            "group": Column("Driver (per standard deviation)"),
            "estimate": Column("Rate ratio", "number", 2),
            "low": plain["low"],
            "high": plain["high"],
            "adjusted_for": Column("Adjusted for"),
        }

    def summary(self) -> str:
        known = self.frame.dropna(subset="estimate")
        said = [
            f"{row.group} was associated with {abs(row.estimate - 1):.0%} {'more' if row.estimate > 1 else 'fewer'} {self.of} "
            f"per standard deviation (rate ratio {row.estimate:.2f}, {row.low:.2f} to {row.high:.2f})"
            for row in known.itertuples()
            if row.low > 1 or row.high < 1
        ]
        unclear = [row.group for row in known.itertuples() if row.low <= 1 <= row.high]
        untold = self.frame.loc[self.frame["estimate"].isna(), "group"].tolist()
        text = f"If the diagram is right, {'; '.join(said) or 'no driver was clearly associated with the rate'}."
        if unclear:
            text += f" Not clear either way: {listed(unclear)}."
        if untold:
            text += f" Not estimable from these data, whatever the model: {listed(untold)}."
        return text

    def cells(self) -> pd.DataFrame:
        return pd.DataFrame({"group": ["areas in the models"], "count": [self.frame["count"].iloc[0]]})

    def rebuild(self, cells: pd.DataFrame) -> Self:
        return replace(self, frame=self.frame.assign(count=float(cells["count"].iloc[0])))

    def blurred(self) -> Self:
        return replace(self, frame=self.frame.round({"estimate": 2, "low": 2, "high": 2}), counts=())

    def rests_on(self) -> Sequence[float]:
        return self.counts

    def size(self) -> tuple[int, int]:
        return self.areas, self.residual_df


def estimate_driver_effects(
    areas: pd.DataFrame,
    *,
    diagram: CausalDiagram,
    columns: Mapping[str, str],
    labels: Mapping[str, str] | None = None,
    count: str = "count",
    population: str = "population",
    years: float = 1.0,
    outcome: Literal["crime", "other"] = "crime",
    confidence_level: float = 0.95,
    of: str = "incidents",
) -> DriverEffects:
    """Estimate what goes with each driver, each adjusted for its smallest adjustment set.

    Answers: if what we assume of causes is right, what goes with each driver, and which can these data not tell?

    Parameters
    ----------
    areas : pandas.DataFrame
        One row a small area; rows without every driver are left out, so that all models rest on the same areas.
    diagram : CausalDiagram
        Its measured nodes that lead to the outcome are the drivers.
    columns : mapping of str to str
        Node → column of ``areas``, for every measured node but the outcome.
    labels : mapping of str to str, optional
        Node → name for people.
    count, population : str
        Columns with events and residents (above 0).
    years : float
        Length of the period in years.
    outcome : {"crime", "other"}
        Against crime, columns that contain crime are refused.
    confidence_level : float
        Between 0 and 1.
    of : str
        What is counted, in the plural.

    Returns
    -------
    DriverEffects
        Dimensionless rate ratios per standard deviation with HC3-robust t intervals; missing for a driver whose back
        doors no measured node closes.

    Raises
    ------
    ValueError
        For a measured node without a column, or what `estimate_rate_ratios` refuses.
    NotEstimableError
        When the data can tell none of the drivers.

    Notes
    -----
    One model a driver: a table of one model with all drivers mixes total effects with effects that pass through the
    others. Each ratio is an effect only if the diagram is right and nothing is measured badly; else an association.

    References
    ----------
    Westreich D, Greenland S (2013) The table 2 fallacy. Am J Epidemiol 177:292. doi:10.1093/aje/kws412

    Examples
    --------
    >>> from problemsolving.drivers.diagram import build_causal_diagram
    >>> drawn = build_causal_diagram(["need -> harm", "luck -> harm", "luck -> need"], outcome="harm",
    ...                              measured={"need": "need", "harm": "harm"}, unmeasured=["luck"])
    >>> estimate_driver_effects(pd.DataFrame({"need": [1.0, 2.0]}), diagram=drawn, columns={"need": "need"})
    Traceback (most recent call last):
    problemsolving.errors.NotEstimableError: the diagram says that these data can tell no driver: need
    """
    missing = [node for node in diagram.measured if node != diagram.outcome and node not in columns]
    if missing:
        raise ValueError(f"columns: name the column of {listed(missing)}")
    names = {node: (labels or {}).get(node, node) for node in diagram.drivers}
    sets = {node: diagram.adjustment_sets(node) for node in diagram.drivers}
    if not any(sets.values()):
        raise NotEstimableError(f"the diagram says that these data can tell no driver: {listed(list(names.values()))}")
    needed = {columns[node] for driver, found in sets.items() if found for node in (driver, *found[0])}
    used = areas.dropna(subset=sorted(needed))
    rows, freedom = [], []
    for driver, found in sets.items():
        if not found:
            rows.append((names[driver], UNTOLD, *[float("nan")] * 3))
            continue
        adjusted = [names.get(node, (labels or {}).get(node, node)) for node in found[0]]
        fitted = estimate_rate_ratios(
            used,
            drivers=dict(zip((names[driver], *adjusted), map(columns.__getitem__, (driver, *found[0])), strict=True)),
            count=count,
            population=population,
            years=years,
            outcome=outcome,
            confidence_level=confidence_level,
            of=of,
        )
        own = fitted.frame.iloc[0]
        freedom.append(fitted.residual_df)
        rows.append((names[driver], listed(adjusted) or "nothing", own["ratio"], own["low"], own["high"]))
    frame = pd.DataFrame(rows, columns=["group", "adjusted_for", "estimate", "low", "high"])
    left = len(areas) - len(used)
    return DriverEffects(
        method=Method(
            "Poisson rate model for each driver, adjusted for its smallest adjustment set by the back-door criterion",
            "Pearl 2009; Westreich & Greenland 2013",
            {"intervals": "robust (HC3)"},
        ),
        unit="rate ratio per standard deviation",
        design="associational",
        frame=frame.assign(count=float(used[count].sum())),
        areas=len(used),
        residual_df=min(freedom),
        counts=tuple(used[count].astype(float)),
        level=confidence_level,
        of=of,
        caveats=(f"{left} small areas without a value for every driver were left out",) if left else (),
    )
