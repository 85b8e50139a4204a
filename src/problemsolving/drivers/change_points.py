"""Change points: months from which a monthly rate may have been another."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from problemsolving.drivers.change_result import ChangePoints
from problemsolving.drivers.monthly import monthly_frame
from problemsolving.drivers.segmentation import YEAR, Settings
from problemsolving.errors import NotEstimableError
from problemsolving.results import Method


def find_change_points(
    counts: Mapping[str, float],
    *,
    days: Mapping[str, int] | None = None,
    shortest: int = 6,
    penalty: float = 3.0,
    season: bool = True,
    ratio: float = 1.3,
    confidence_level: float = 0.95,
    n_resamples: int = 199,
    rng: np.random.Generator | None = None,
    of: str = "incidents",
) -> ChangePoints:
    """Find months from which a monthly rate may have been another.

    Answers: when may something have changed, and would the search say so of a steady series as well?

    Parameters
    ----------
    counts : mapping of str to float
        Month (``2021-05``) → events, in time order, no month left out.
    days : mapping of str to int, optional
        Days of each month that the data cover; the calendar's when not given. A last month in part is left out aloud.
    shortest : int
        Fewest months of a stretch, 2 or more.
    penalty : float
        A change must lower twice the negative log-likelihood, over the dispersion, by more than this times log n.
    season : bool
        Take a yearly season out (two harmonics); needs two years, else it is left in aloud.
    ratio : float
        Where no change is found: the rate ratio whose chance of being found is worked out.
    confidence_level : float
        Between 0 and 1.
    n_resamples : int
        Simulated series, each searched as this one is.
    rng : numpy.random.Generator, optional
        Source of randomness.
    of : str
        What is counted, in the plural.

    Returns
    -------
    ChangePoints
        Months, rate ratios (dimensionless) with t intervals widened by the dispersion, how often each change comes
        back in series simulated from the fitted stretches, how often steady series show any.

    Raises
    ------
    ValueError
        For a series that is not monthly, ``shortest`` below 2 or a penalty, ratio or n_resamples of 0 or less.
    NotEstimableError
        For fewer months than two stretches, or no event.

    Notes
    -----
    The default penalty is the leading term of Zhang and Siegmund's criterion. The dispersion is that of a long stretch:
    the variance of months over their mean, times (1 + r) / (1 - r) with r the correlation of neighbouring months. Of 500
    steady series each (36 and 60 months, dispersion 1 to 4, seasons up to 35 %) at most 1 in 100 was called changed, 4
    where neighbouring months were correlated by 0.2 and 12 by 0.4; with 2 log n it was 2 to 7. Size and interval of a
    change take its month as given, though it was chosen by looking.
    Do not use to test a change planned at a known date: that is an interrupted time series.

    References
    ----------
    Killick R, Fearnhead P, Eckley IA (2012) JASA 107:1590. doi:10.1080/01621459.2012.737745
    Zhang NR, Siegmund DO (2007) Biometrics 63:22. doi:10.1111/j.1541-0420.2006.00662.x
    Truong C, Oudre L, Vayatis N (2020) Signal Processing 167:107299. doi:10.1016/j.sigpro.2019.107299

    Examples
    --------
    >>> counts = {f"{2020 + k // 12}-{k % 12 + 1:02d}": 100 if k < 14 else 150 for k in range(24)}
    >>> found = find_change_points(counts, days=dict.fromkeys(counts, 28), n_resamples=9, rng=np.random.default_rng(1))
    >>> found.months, found.changes()["estimate"].round(1).tolist()
    (['2021-03'], [1.5])
    """
    rng = np.random.default_rng() if rng is None else rng
    if shortest < 2 or penalty <= 0 or ratio <= 0 or n_resamples < 1:
        raise ValueError("shortest must be 2 or more, penalty, ratio and n_resamples above 0")
    if not 0 < confidence_level < 1:
        raise ValueError("confidence_level must lie between 0 and 1")
    frame, caveats = monthly_frame(counts, days)
    if len(frame) < 2 * shortest:
        raise NotEstimableError(
            f"{len(frame)} complete months; {2 * shortest} are needed for two stretches of {shortest}"
        )
    if not frame["count"].sum():
        raise NotEstimableError("there was no event, so no change of level can be looked for")
    if season and len(frame) < 2 * YEAR:
        caveats = (*caveats, "With fewer than two years a season cannot be told from a change, and was left in")
    settings = Settings(shortest, penalty, 2 if season and len(frame) >= 2 * YEAR else 0)
    return ChangePoints(
        method=Method(
            "PELT with Poisson cost, penalty scaled by the dispersion; simulated series",
            "Killick et al. 2012; Zhang & Siegmund 2007",
            {"penalty": f"{penalty:g} log n", "shortest": shortest, "season": bool(settings.harmonics), "simulated": n_resamples},
        ),
        unit="rate ratio",
        frame=frame,
        level=confidence_level,
        of=of,
        settings=settings,
        n_resamples=n_resamples,
        ratio=ratio,
        seed=int(rng.integers(2**63)),
        caveats=caveats,
    ).telling()  # fmt: skip
