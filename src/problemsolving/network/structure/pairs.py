"""What results on the network share: every pair of agencies with its count, as released, and networks drawn anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from problemsolving.network.structure.agency_network import AgencyNetwork
from problemsolving.network.structure.draws import draw_agencies, draw_cases, in_parts
from problemsolving.network.structure.stacks import Floats
from problemsolving.results import FrameResult

Redrawn = Literal["cases", "agencies", "nothing"]

RARELY = 0.05  # share of drawn networks without a number above which it has no interval
NO_DRAWS = "no interval: every tie is known, none was drawn"
OFTEN_UNDEFINED = "no interval: in many networks drawn anew it is not defined"


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class PairsResult(FrameResult):
    """Base of results computed from every pair: ``frame`` has ``sender``, ``receiver``, ``answered`` and ``count`` or ``weight``.

    Where ties are no counts of cases, each says what one agency said: it leaves only where a count of one may.
    """

    agencies: tuple[str, ...]
    sectors: Mapping[str, str]
    directed: bool
    tie_from: float
    redrawn: Redrawn
    level: float = 0.95
    n_resamples: int = 999
    seed: int = 0
    of: str = "ties"

    @property
    def counted(self) -> bool:
        """Whether ties are counts of cases."""
        return "count" in self.frame

    def cells(self) -> pd.DataFrame:
        if self.counted:
            return self.frame
        return self.frame[["sender", "receiver"]].assign(count=(self.frame["weight"] > 0).astype(float))

    def rebuild(self, cells: pd.DataFrame) -> Self:
        if self.counted:
            return replace(self, frame=cells)
        return replace(self, frame=self.frame.assign(weight=self.frame["weight"].where(cells["count"].notna())))

    @cached_property
    def _told(self) -> Floats:
        """Count or weight of each row of the frame; NaN where withheld."""
        values = self.frame["count" if self.counted else "weight"].to_numpy(float).copy()
        if self.counted and self.tie_from > 1 and ((values > 0) & (values <= self.tie_from)).any():
            values[np.isnan(values)] = 0.0
        return values

    @property
    def withheld(self) -> bool:
        """Whether a tie is withheld that a number would need."""
        return bool(np.isnan(self._told).any())

    @cached_property
    def values_by_pair(self) -> Floats:
        """Count or weight of each pair as a matrix, rows send; NaN where withheld or not answered.

        A withheld count lies below every count that is shown, so that a tie of at least ``tie_from`` cases is ruled out
        where a count up to that is shown.
        """
        place = {name: at for at, name in enumerate(self.agencies)}
        row, column = (self.frame[side].map(place).to_numpy(int) for side in ("sender", "receiver"))
        wide = np.zeros((len(place), len(place)))
        wide[row, column] = np.where(self.frame["answered"].to_numpy(bool), self._told, np.nan)
        if not self.directed:
            wide[column, row] = wide[row, column]
        return wide

    @property
    def total(self) -> float:
        """Number of cases behind all ties; missing where one is withheld."""
        return float(self.frame["count"].sum(skipna=False)) if self.counted else float("nan")

    @cached_property
    def codes(self) -> NDArray[np.int64] | None:
        """Sector of each agency as a number; None where not known for all."""
        if any(name not in self.sectors for name in self.agencies):
            return None
        return np.unique([self.sectors[name] for name in self.agencies], return_inverse=True)[1].astype(np.int64)

    def networks(self, values: Floats) -> Iterator[tuple[Floats, NDArray[np.int64] | None]]:
        """Draw networks anew, some at a time, with the agencies drawn where they are."""
        rng = np.random.default_rng(self.seed)
        n = len(values)
        kept = ~np.eye(n, dtype=bool) if self.directed else np.triu(np.ones((n, n), bool), 1)
        for size in in_parts(self.n_resamples):
            if self.redrawn == "agencies":
                yield draw_agencies(values, size, rng)
                continue
            stack = np.zeros((size, n, n))
            stack[:, kept] = draw_cases(values[kept], size, rng)
            yield (stack if self.directed else stack + stack.swapaxes(1, 2)), None


def settings_of(
    network: AgencyNetwork, *, tie_from: float | None, confidence_level: float, n_resamples: int, rng: Any
) -> dict[str, Any]:
    """Check what all results on pairs are asked for, and give their fields.

    Raises
    ------
    ValueError
        For every fault at once.
    """
    faults = [] if 0 < confidence_level < 1 else ["confidence_level must lie between 0 and 1"]
    faults += [] if n_resamples >= 1 else ["n_resamples must be 1 or more"]
    faults += [] if tie_from is None or tie_from > 0 else ["tie_from must be above 0"]
    if faults:
        raise ValueError("; ".join(faults))
    rng = np.random.default_rng() if rng is None else rng
    ways: Redrawn = "cases" if network.counted else "nothing" if network.respondents is None else "agencies"
    return {
        "frame": network.pairs(),
        "agencies": network.agencies,
        "sectors": network.sectors,
        "directed": network.directed,
        "tie_from": float(tie_from or (1 if network.counted else np.nextafter(0, 1))),
        "redrawn": ways,
        "level": confidence_level,
        "n_resamples": n_resamples,
        "seed": int(rng.integers(2**62)),
        "of": network.of,
        "caveats": network.caveats,
    }


def centred_limits(
    estimate: Floats, draws: Floats, *, level: float, floor: float = -np.inf, ceiling: float = np.inf
) -> tuple[Floats, Floats]:
    """Give limits from the spread of draws around their own mean, laid around the estimate.

    Parameters
    ----------
    estimate : array, shape (...)
        What was seen.
    draws : array, shape (draws, ...)
        The same of networks drawn anew; missing ones are left out, and none is given where more than 5 % are.
    level : float
        Confidence level, 0 to 1.
    floor, ceiling : float
        Lowest and highest value that there can be.

    Notes
    -----
    Drawn networks have fewer different ties than the one seen, so that their numbers are shifted as a whole: only
    their spread is used. The limits are for the value that is expected of networks made in the same way.

    Examples
    --------
    >>> [round(float(limit), 3) for limit in centred_limits(np.array(0.5), np.array([0.2, 0.3, 0.4]), level=0.98)]
    [0.402, 0.598]
    """
    tail = (1 - level) / 2
    missing = np.isnan(draws).mean(axis=0) > RARELY
    usable = np.where(np.isnan(draws).all(axis=0), 0.0, draws)
    low, high = np.nanquantile(usable, [tail, 1 - tail], axis=0)
    middle = np.nanmean(usable, axis=0)
    ends = estimate - np.maximum(high - middle, 0.0), estimate + np.maximum(middle - low, 0.0)
    limits = [np.where(missing | np.isnan(estimate), np.nan, np.clip(end, floor, ceiling)) for end in ends]
    return limits[0], limits[1]
