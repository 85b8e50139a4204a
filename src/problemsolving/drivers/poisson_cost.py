"""The cost of a stretch of counts at one rate, for the searches of ruptures."""

from __future__ import annotations

import numpy as np
from ruptures.base import BaseCost
from scipy.special import xlogy


class PoissonCost(BaseCost):
    """Twice the negative Poisson log-likelihood of a stretch at its own best rate, over a dispersion.

    What does not depend on where the stretches end is left out: for ``y`` events in an exposure of ``e`` the cost is
    ``-2 y log(y / e)``.

    Parameters
    ----------
    exposure : numpy.ndarray, shape (n,)
        Expected events at a rate of 1, for example days times season; above 0.
    dispersion : float
        Variance over mean of the counts; the cost is divided by it, as in a quasi-likelihood.

    Examples
    --------
    >>> cost = PoissonCost(np.ones(4)).fit(np.array([1.0, 1.0, 3.0, 3.0]))
    >>> round(cost.error(0, 2), 6) + 0.0, round(cost.error(2, 4), 3), round(cost.error(0, 4), 3)
    (0.0, -13.183, -11.09)
    """

    model = "poisson"
    min_size = 1

    def __init__(self, exposure: np.ndarray, dispersion: float = 1.0) -> None:
        self.exposure, self.dispersion = exposure, dispersion

    def fit(self, signal: np.ndarray) -> PoissonCost:
        """Work out the cost of every stretch once."""
        self.signal = signal.reshape(-1, 1)
        ends = [np.concatenate([[0.0], np.cumsum(series)]) for series in (signal, self.exposure)]
        events, exposure = (np.triu(total[None, :] - total[:, None], 1) for total in ends)
        rate = np.divide(events, exposure, out=np.ones_like(events), where=exposure > 0)
        self.costs: list[list[float]] = (-2 * xlogy(events, rate) / self.dispersion).tolist()
        return self

    def error(self, start: int, end: int) -> float:
        """Give the cost of the stretch from ``start`` up to, not including, ``end``."""
        return self.costs[start][end]
