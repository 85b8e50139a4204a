"""The social gradient: rates by group of deprivation, slope and relative index of inequality, events in excess."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from problemsolving.measures.excess import least_deprived_fifth
from problemsolving.measures.gradient_draws import Counts, draw_counts, numbers_of, reach_of, resample_areas
from problemsolving.measures.gradient_result import Gradient
from problemsolving.measures.slopes import Slope, Transform, check_transform, slope_index_of_inequality
from problemsolving.results import Method, listed

__all__ = ["Gradient", "Slope", "measure_gradient", "slope_index_of_inequality"]

FEWEST, MOST = 5, 100  # quantiles that the method is for
LOST = 0.01  # share of resamples without an estimate from which it is said
ECOLOGICAL = "About areas, not people: it does not say who was harmed or who harmed"
EQUAL = "The excess is what equal rates would mean, no promise of what a response would do"
CIRCULAR = "The overall index contains a crime domain: against crime it explains crime by crime; use the income domain"
OVERALL = ("overall", "index", "imd", "multiple")  # words of a scale that is not one domain


def measure_gradient(
    areas: pd.DataFrame,
    *,
    by: str,
    count: str = "count",
    population: str = "population",
    years: float = 1.0,
    per: int = 100_000,
    transform: Transform = "none",
    quantiles: int = 10,
    confidence_level: float = 0.95,
    n_resamples: int = 9_999,
    rng: np.random.Generator | None = None,
    of: str = "incidents",
    scale: str = "income",
) -> Gradient:
    """Measure the social gradient of a rate over quantiles of deprivation.

    Answers: how much more of it do the deprived have, how sure is that, and how many events would not occur if all had
    the rate of the least deprived?

    Parameters
    ----------
    areas : pandas.DataFrame
        One row a small area.
    by : str
        Column with the quantile, 1 = most deprived; areas where it is missing are dropped, with a caveat.
    count, population : str
        Columns with events and residents.
    years : float
        Length of the period in years.
    per : int
        Residents to which rates refer.
    transform : {"none", "log", "logit"}
        Scale on which the line is fitted: rates as they are, their logarithm, or, for proportions of residents, their
        log odds.
    quantiles : int
        Quantiles of the whole scale, 5 to 100: 10 for deciles, 5 for fifths.
    confidence_level : float
        Between 0 and 1.
    n_resamples : int
        Draws of the small-area bootstrap and of the Poisson simulation.
    rng : numpy.random.Generator, optional
        Source of randomness.
    of, scale : str
        What is counted and which scale of deprivation orders the quantiles; a scale called overall or index brings a
        caveat, since it contains a crime domain.

    Returns
    -------
    Gradient
        Slope index (rate unit) and relative index with intervals by bootstrap of small areas; those for Poisson counts
        alone beside them, as numbers of their own. Excess: the events, and the share of all, that would not occur at
        the rate of the least deprived fifth of the whole scale (deciles 9 and 10); where no resident lives there, at
        that of the least deprived quantiles which hold a fifth of the residents, with a caveat. A negative excess is
        left negative.

    Raises
    ------
    ValueError
        For fewer than 2 or more than 100 quantiles, labels outside 1 to ``quantiles``, no event, or a quantile without
        residents.

    Notes
    -----
    Small areas vary far more than Poisson counts do, so the Poisson interval alone would be too narrow.
    The method is for 5 to 100 quantiles; with fewer in the data the line rests on few points and a caveat says so.
    The reading is ecological: about areas, not about people; the excess is what equal rates would mean, no promise of
    what a response would do. Do not use the overall deprivation index against crime: it contains a crime domain.

    Resamples in which a rate has no place on the scale, or a fitted end is not above zero, are left out of that number's
    interval, with a caveat where they are more than one in a hundred.

    References
    ----------
    Mackenbach JP, Kunst AE (1997) Soc Sci Med 44:757. doi:10.1016/S0277-9536(96)00073-1

    Examples
    --------
    >>> areas = pd.DataFrame({"decile": [1, 5, 10], "count": [30, 20, 10], "population": [1_000] * 3})
    >>> found = measure_gradient(areas, by="decile", per=1_000, n_resamples=99, rng=np.random.default_rng(1))
    >>> round(found.slope.index, 6), found.indices()["estimate"][["excess_events", "excess_share"]].round(3).tolist()
    (-30.0, [30.0, 0.5])
    """
    rng = np.random.default_rng() if rng is None else rng
    check_transform(transform)
    known = areas.dropna(subset=by)
    labels = known[by].to_numpy(float)
    groups = np.unique(labels)
    _check_quantiles(groups, quantiles)
    member = (labels[:, None] == groups[None, :]).astype(float)
    events = known[count].to_numpy(float)[:, None] * member
    person_years = known[population].to_numpy(float)[:, None] * years * member
    totals, time_at_risk = events.sum(axis=0), person_years.sum(axis=0)
    if not totals.sum() or (time_at_risk <= 0).any():
        raise ValueError("a gradient needs at least one event, residents in every quantile, and years above 0")
    settings = {"resamples": n_resamples} | ({"scale of the line": transform} if transform != "none" else {})
    result = Gradient(
        method=Method(
            "Slope index of inequality, weighted least squares on ridits; bootstrap of small areas",
            "Mackenbach & Kunst 1997",
            settings,
        ),
        unit=f"{of} per {per:,} residents a year",
        frame=pd.DataFrame({"group": [f"{g:g}" for g in groups], "count": totals, "person_years": time_at_risk}),
        areas=len(known),
        reference=least_deprived_fifth(groups.tolist(), quantiles=quantiles, population=time_at_risk.tolist()),
        transform=transform,
        quantiles=quantiles,
        per=per,
        level=confidence_level,
        of=of,
        scale=scale,
    )
    resampled = resample_areas(events, person_years, n_resamples=n_resamples, rng=rng)
    poisson = draw_counts(totals, time_at_risk, n_resamples=n_resamples, rng=rng)
    return _with_intervals(result, resampled, poisson, dropped=len(areas) - len(known))


def _check_quantiles(groups: np.ndarray, quantiles: int) -> None:
    if not FEWEST <= quantiles <= MOST:
        raise ValueError(f"quantiles must lie between {FEWEST} and {MOST}")
    if groups.size < 2:
        raise ValueError("a gradient needs at least two quantiles")
    if groups[0] < 1 or groups[-1] > quantiles:
        raise ValueError(f"the labels of by must run from 1 (most deprived) to quantiles, which is {quantiles}")


def _with_intervals(result: Gradient, resampled: Counts, poisson: Counts, *, dropped: int) -> Gradient:
    """Give the result with the intervals of its draws, and what a reader must know of them."""
    draws, alone = (
        numbers_of(
            counts,
            reference=result.reference.places,
            transform=result.transform,
            per=result.per,
            total=float(result.frame["person_years"].sum()),
        )
        for counts in (resampled, poisson)
    )
    draws |= {f"{name}_poisson": alone[name] for name in ("slope_index", "relative_index")}
    centres = result.estimates()
    reach = {name: reach_of(draws[name], centres[name], confidence_level=result.level) for name in centres}
    lost = [name for name, found in draws.items() if np.isfinite(centres[name]) and np.isnan(found).mean() > LOST]
    caveats = [ECOLOGICAL, EQUAL]
    if any(word in result.scale.lower() for word in OVERALL):
        caveats.append(CIRCULAR)
    if dropped:
        caveats.append(f"{dropped} small areas without a quantile of {result.scale} deprivation were left out")
    if result.reference.note:
        caveats.append(result.reference.note[0].upper() + result.reference.note[1:])
    if len(result.frame) < FEWEST:
        caveats.append(f"Fewer than {FEWEST} quantiles have residents here: the line rests on few points")
    if lost:
        named = listed([name.replace("_", " ") for name in lost])
        caveats.append(f"More than one in a hundred resamples gave no {named}; their intervals leave those out")
    return replace(result, reach=reach).with_caveats(*caveats)
