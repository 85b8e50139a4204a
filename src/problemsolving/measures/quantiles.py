"""Quantiles of areas: groups of nearly equal number in order of deprivation or of another value."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Literal, Self

import numpy as np
import pandas as pd

from problemsolving import draw
from problemsolving.errors import counted
from problemsolving.measures.rates import rows_of
from problemsolving.results import Column, FrameResult, Method, Table, Value, grouped_values, whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes

First = Literal["highest", "lowest"]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Quantiles(FrameResult):
    """How many areas each quantile holds: ``frame`` has ``group`` and ``count``, and ``within`` where there are sets.

    ``assigned`` is the quantile of each row of the table that was given, 1 the first; missing where the value was.
    """

    margins: ClassVar[tuple[tuple[str, ...], ...]] = (("within",),)  # the areas of a set are known

    assigned: pd.Series
    n_quantiles: int
    first: First
    missing: int = 0
    of: str = "areas"

    def blurred(self) -> Self:
        return replace(self, assigned=self.assigned.iloc[:0])

    def values(self) -> list[Value]:
        return grouped_values(self.frame.assign(group=self._labels()), "count", unit=self.unit)

    def _labels(self) -> list[str]:
        sets = self.frame.get("within")
        groups = self.frame["group"].tolist()
        return groups if sets is None else [f"{within}: {group}" for within, group in zip(sets, groups, strict=True)]

    def table(self) -> Table:
        columns = (Column(f"Quantile (1 = {self.first} values)"), Column(self.of.capitalize(), "count"))
        rows = zip(self._labels(), rows_of(self.frame), strict=True)
        return Table(columns, tuple((label, whole(row.count_)) for label, row in rows))

    def summary(self) -> str:
        sets = f" within each of {self.frame['within'].nunique()} sets" if "within" in self.frame else ""
        said = f"The {self.of} were put into {self.n_quantiles} groups{sets}, the first with the {self.first} values."
        return said + (f" {counted(self.missing, 'row')} had no value and got no group." if self.missing else "")

    def plot(self, *, ax: Axes | None = None) -> Axes:
        return draw.bars(self._labels(), self.frame["count"], quantity=self.of, ax=ax)


def assign_quantiles(
    areas: pd.DataFrame,
    *,
    value: str,
    first: First,
    n_quantiles: int = 10,
    by: str | None = None,
    of: str = "areas",
) -> Quantiles:
    """Assign each area to a quantile of its value.

    Answers: which tenth (fifth, …) of the areas does this one belong to?

    Parameters
    ----------
    areas : pandas.DataFrame
        One row an area.
    value : str
        Column with the value to order by; where it is missing, so is the quantile.
    first : {"highest", "lowest"}
        Which values quantile 1 holds. For "1 = most deprived" that is ``"highest"`` with a deprivation *score* and
        ``"lowest"`` with a deprivation *rank* (rank 1 = most deprived).
    n_quantiles : int
        Groups to make, 2 to 100.
    by : str, optional
        Column with the set within which areas are ordered, such as the district: quantiles of each set by itself.
    of : str
        What the rows are, in the plural.

    Returns
    -------
    Quantiles
        ``assigned`` has the quantile of each row (1 to ``n_quantiles``), on the index of ``areas``.

    Raises
    ------
    ValueError
        When a set has fewer areas with a value than there are quantiles, or for a number outside 2 to 100.

    Notes
    -----
    As the Office for Health Improvement and Disparities does: of n areas with a value, ranked from 1 at the first end
    (those that tie all get the lowest of their ranks), the one of rank r belongs to quantile
    Q + 1 - ceil((n + 1 - r) Q / n). Where n is no multiple of Q, the quantiles from k on hold floor((Q + 1 - k) n / Q)
    areas together, so that the first is never smaller than another. Areas that tie share the quantile nearest the
    first. The division is made in whole numbers: in floating point it puts an area wrongly for some n (20 quantiles
    of 28 areas).
    The deciles that come with the Indices of Deprivation 2019 are made the other way about, with the smaller groups
    first, and differ for 8 of 32,844 areas: take them as published where the whole country is meant.
    Quantiles of one district are not those of the country: do not compare quantiles made within different sets.

    References
    ----------
    Office for Health Improvement and Disparities, Public health technical guidance: assigning deprivation categories.

    Examples
    --------
    >>> table = pd.DataFrame({"score": [70, 60, 50, 40, 30, 20, 10]})
    >>> assign_quantiles(table, value="score", first="highest", n_quantiles=3).assigned.tolist()
    [1, 1, 1, 2, 2, 3, 3]
    """
    if not 2 <= n_quantiles <= 100:
        raise ValueError("n_quantiles must lie between 2 and 100")
    if first not in ("highest", "lowest"):
        raise ValueError('first must be "highest" or "lowest": which values quantile 1 holds')
    numbers = areas[value].astype(float)
    sets = areas[by].astype(str).where(areas[by].notna()) if by else pd.Series("", index=areas.index)
    known = (numbers.notna() & sets.notna()).to_numpy()
    used = pd.DataFrame({"value": numbers.to_numpy()[known], "set": sets.to_numpy()[known]})
    sizes = used.groupby("set")["value"].transform("size").to_numpy()
    few = used.loc[sizes < n_quantiles, "set"].nunique() + (0 if by else int(used.empty))
    lacking = len(set(sets.dropna())) - used["set"].nunique() if by else 0
    if few + lacking:
        raise ValueError(
            f"{counted(few + lacking, 'set')} of areas with fewer values than n_quantiles; ask for fewer quantiles, or "
            "leave them out"
        )
    found, if_last = (_placed(used, sizes, n_quantiles, first, ties) for ties in ("min", "max"))
    assigned = pd.Series(pd.NA, index=areas.index, dtype="Int64", name="quantile")
    assigned.iloc[np.flatnonzero(known)] = found
    return Quantiles(
        method=Method(
            "Quantiles by rank, uneven sizes as OHID", "OHID, Assigning deprivation categories", {"first": first}
        ),
        unit=of,
        frame=_sizes(used["set"], found, n_quantiles, within=by is not None),
        assigned=assigned,
        n_quantiles=n_quantiles,
        first=first,
        missing=int((~known).sum()),
        of=of,
        caveats=_caveats(int((~known).sum()), tied=bool((found != if_last).any())),
    )


def _sizes(sets: pd.Series, found: np.ndarray, n_quantiles: int, *, within: bool) -> pd.DataFrame:
    every = pd.MultiIndex.from_product([sorted(sets.unique()), range(1, n_quantiles + 1)], names=["within", "group"])
    counts = pd.Series(1.0, index=pd.MultiIndex.from_arrays([sets, found])).groupby(level=[0, 1]).sum()
    frame = counts.reindex(every, fill_value=0.0).rename("count").reset_index()
    frame["group"] = frame["group"].astype(str)
    return frame if within else frame.drop(columns="within")


def _placed(used: pd.DataFrame, sizes: np.ndarray, n_quantiles: int, first: First, ties: str) -> np.ndarray:
    ranks = used.groupby("set")["value"].rank(method=ties, ascending=first == "lowest").to_numpy().astype(int)
    return n_quantiles + 1 - -(-(sizes + 1 - ranks) * n_quantiles // sizes)


def _caveats(missing: int, *, tied: bool) -> tuple[str, ...]:
    """Say aloud what was left out, and whether areas that tie lie across a boundary."""
    said = [f"{counted(missing, 'row')} without a value or a set got no quantile"] if missing else []
    if tied:
        said.append(
            "Areas that tie lie across a boundary and share the quantile nearest the first: look at them by hand"
        )
    return tuple(said)
