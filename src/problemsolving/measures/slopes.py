"""Slope and relative index of inequality: the weighted least-squares line over ridits, on three scales."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, logit

Transform = Literal["none", "log", "logit"]
TRANSFORMS: tuple[Transform, ...] = ("none", "log", "logit")


@dataclass(frozen=True)
class Slope:
    """Fitted line over ridits: value at the most deprived end, and how far the other end lies from it."""

    index: float
    intercept: float

    @property
    def relative_index(self) -> float:
        """Value at the least deprived end over that at the most deprived end; missing where the line leaves zero."""
        ends = self.intercept, self.intercept + self.index
        return ends[1] / ends[0] if min(ends) > 0 else float("nan")


def slope_index_of_inequality(values: ArrayLike, *, population: ArrayLike, transform: Transform = "none") -> Slope:
    """Slope index of inequality over groups ordered from most to least deprived.

    Answers: how far apart are the two ends of the social scale, all groups taken into account?

    Parameters
    ----------
    values : array_like, shape (k,)
        Rate, mean or proportion of each group, most deprived first.
    population : array_like, shape (k,)
        Residents of each group, above 0.
    transform : {"none", "log", "logit"}
        Scale on which the line is fitted: the values themselves, the logarithm of rates (above 0), or the log odds
        of proportions (between 0 and 1).

    Returns
    -------
    Slope
        ``index`` in the unit of the values: least deprived end minus most deprived end, so it is
        negative where the deprived have more. ``relative_index`` is their ratio. Both ends are brought back from the
        scale of the line first.

    Raises
    ------
    ValueError
        For fewer than two groups, a population of 0 or less, or values that have no logarithm or log odds.

    Notes
    -----
    Weighted least squares of the values on ridits (the share of residents who are more deprived, each group at its
    middle), with the share of residents as weight.

    References
    ----------
    Mackenbach JP, Kunst AE (1997) Soc Sci Med 44:757. doi:10.1016/S0277-9536(96)00073-1

    Examples
    --------
    >>> line = slope_index_of_inequality([30, 20, 10], population=[1, 1, 1])
    >>> round(line.index, 6), round(line.intercept, 6)
    (-30.0, 35.0)
    >>> halving = slope_index_of_inequality([40, 20, 10], population=[1, 1, 1], transform="log")
    >>> round(halving.relative_index, 6)
    0.125
    """
    rates, people = np.asarray(values, float), np.asarray(population, float)
    if rates.size < 2 or (people <= 0).any():
        raise ValueError("a slope needs at least two groups, each with residents")
    check_scale(rates, transform)
    index, intercept = fitted_lines(rates[None, :], people[None, :], transform)
    return Slope(float(index[0]), float(intercept[0]))


def check_transform(transform: str) -> None:
    """Refuse an unknown scale."""
    if transform not in TRANSFORMS:
        raise ValueError('transform must be "none", "log" or "logit"')


def holds(values: np.ndarray, transform: Transform) -> np.ndarray:
    """Tell which values have a place on the scale of the line."""
    if transform == "none":
        return np.ones(np.shape(values), bool)
    return (values > 0) & (values < (np.inf if transform == "log" else 1.0))


def check_scale(values: np.ndarray, transform: Transform) -> None:
    """Refuse an unknown scale, and values that it does not hold."""
    check_transform(transform)
    if not holds(values, transform).all():
        needed = "values above 0" if transform == "log" else "proportions above 0 and below 1"
        raise ValueError(f'transform="{transform}" needs {needed} in every group; use transform="none"')


def to_line(values: np.ndarray, transform: Transform) -> np.ndarray:
    """Bring values to the scale of the line; missing where it does not hold them."""
    if transform == "none":
        return values
    held = holds(values, transform)
    inside = np.where(held, values, 0.5)
    return np.where(held, np.log(inside) if transform == "log" else logit(inside), np.nan)


def from_line(values: np.ndarray, transform: Transform) -> np.ndarray:
    """Bring values back from the scale of the line."""
    return values if transform == "none" else np.exp(values) if transform == "log" else expit(values)


def fitted_lines(rates: np.ndarray, people: np.ndarray, transform: Transform = "none") -> tuple[np.ndarray, np.ndarray]:
    """Index and value at the most deprived end of each row; groups without residents carry no weight."""
    share = people / people.sum(axis=1, keepdims=True)
    ridit = np.cumsum(share, axis=1) - share / 2
    filled = np.where(share > 0, to_line(rates, transform), 0.0)
    x, y = (share * ridit).sum(axis=1), (share * filled).sum(axis=1)
    spread = (share * (ridit - x[:, None]) ** 2).sum(axis=1)
    slope = (share * (ridit - x[:, None]) * (filled - y[:, None])).sum(axis=1) / np.where(spread > 0, spread, np.nan)
    start = y - slope * x
    if transform == "none":
        return slope, start
    most, least = from_line(start, transform), from_line(start + slope, transform)
    return least - most, most


def end_ratios(index: np.ndarray, intercept: np.ndarray) -> np.ndarray:
    """Relative index of each line; missing where a fitted end is not above zero."""
    ends = intercept, intercept + index
    above = (ends[0] > 0) & (ends[1] > 0)
    return np.where(above, ends[1] / np.where(above, ends[0], 1.0), np.nan)
