"""Regression to the mean: how far a group picked for its high count is to fall by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special, stats

from problemsolving.drivers.expected_fall import LAST, PICKED, SAID, ExpectedFall, Shape
from problemsolving.drivers.picking import check_picked, read_pick
from problemsolving.results import Method
from problemsolving.stats.gamma_poisson import GammaPoisson, check_places, fit_gamma_poisson
from problemsolving.stats.rate_mixture import RateMixture, fit_rate_mixture
from problemsolving.stats.resampling import percentile_interval

STEADY = "The expected fall takes each one's own rate as staying what it was; where own rates drift, the natural fall is larger"
PENALTY = 2.0  # in log-likelihood, of rates spread in any way
DRAWS = 10  # of rates and counts in each resample of places
_FITS: dict[Shape, Callable[..., GammaPoisson | RateMixture]] = {"gamma": fit_gamma_poisson, "any": fit_rate_mixture}


def regression_effect(
    cut: float,
    *,
    mean: float,
    sd: float,
    correlation: float,
    n_baseline: int = 1,
    selected: Literal["above", "below"] = "above",
) -> float:
    """Expected regression to the mean of normal measurements picked beyond a cut.

    Answers: how far is the mean of those picked to move towards the mean of all by itself?

    Parameters
    ----------
    cut : float
        Cut-off, in the unit of the measurement.
    mean, sd : float
        Mean and total standard deviation (between and within people; above 0) of one measurement in all people.
    correlation : float
        Between two measurements of the same person, 0 to 1.
    n_baseline : int
        Measurements before, whose mean decides who is picked, 1 or more.
    selected : {"above", "below"}
        Which side of the cut is picked.

    Returns
    -------
    float
        Expected movement of the group's mean towards the mean, 0 or more, in the unit of the measurement.

    Raises
    ------
    ValueError
        For a standard deviation of 0 or less, a correlation outside 0 to 1, or no baseline measurement.

    Notes
    -----
    With within-person variance sw² = (1 - correlation) sd², divided by the number of baseline measurements m, and
    between-person variance sb² = correlation sd²: (sw² / m) / sqrt(sb² + sw² / m) × φ(z) / (1 - Φ(z)), z the
    distance of the cut from the mean in standard deviations of the baseline mean. Do not use for counts: see
    `estimate_expected_fall`.

    References
    ----------
    Barnett AG, van der Pols JC, Dobson AJ (2005) Regression to the mean. Int J Epidemiol 34:215.
    doi:10.1093/ije/dyh299

    Examples
    --------
    >>> round(regression_effect(40, mean=60, sd=15, correlation=0.5, selected="below"), 2)
    13.49
    """
    if sd <= 0 or not 0 <= correlation <= 1 or n_baseline < 1:
        raise ValueError("sd must be above 0, correlation between 0 and 1, n_baseline 1 or more")
    within = (1 - correlation) * sd**2 / n_baseline
    total = np.sqrt(correlation * sd**2 + within)
    z = (cut - mean) / total if selected == "above" else (mean - cut) / total
    return float(within / total * np.exp(stats.norm.logpdf(z) - stats.norm.logsf(z)))


def estimate_expected_fall(
    counts: ArrayLike,
    *,
    top: int | None = None,
    bottom: int | None = None,
    at_least: float | None = None,
    at_most: float | None = None,
    exposure: ArrayLike = 1.0,
    shape: Shape = "averaged",
    confidence_level: float = 0.95,
    n_resamples: int = 2_000,
    rng: np.random.Generator | None = None,
    of: str = "incidents",
    each: str = "small areas",
) -> ExpectedFall:
    """Estimate how far a group picked for its high (or low) count is to fall (or rise) by itself.

    Answers: what would these places do next if nothing were done?

    Parameters
    ----------
    counts : array_like, shape (n,)
        Events of every place or person from whom the group was picked, zeros included.
    top, bottom, at_least, at_most : number
        How the group is picked; name one. So many with the most or fewest events (those tied with the last are picked
        too), or all with at least or at most so many.
    exposure : array_like, scalar or shape (n,)
        Residents of each, above 0, where sizes differ much; alike by default.
    shape : {"averaged", "gamma", "any"}
        How the rates of places are spread: both answers weighted by how well they fit, or one of them.
    confidence_level : float
        Between 0 and 1.
    n_resamples : int
        Draws of the group's next count, 10 or more.
    rng : numpy.random.Generator, optional
        Source of randomness.
    of : str
        What is counted, in the plural.
    each : str
        What is picked, in the plural.

    Returns
    -------
    ExpectedFall
        Share of the group's events (0.14: a fall of 14 %) in a next period of the same length, with the limits of the
        group's own mean, and the limits between which a single period would be ordinary.

    Raises
    ------
    ValueError
        For no rule or several, a missing or negative count, no events, or an exposure of 0 or less.
    NotEstimableError
        When all or none are picked, when those picked had no events, or when ties more than double the group.

    Notes
    -----
    Counts are Poisson around each one's own rate. If rates are gamma-distributed (mean m, relative variance alpha), one
    with exposure e that had y is to have e m (1 + alpha y) / (1 + alpha e m), whoever was picked. Rates of places and
    people often have a longer upper tail, and the gamma then makes the fall of the few highest too large: the mixture of
    Poissons of any shape does not, and is rough where places are few. Both are weighted by their likelihood, less 2
    units of log-likelihood for the mixture.
    Places are resampled ``n_resamples`` / 10 times, which carries the uncertainty of the fit into the limits (Laird and
    Louis), half as many as there are each time, since whole resamples make the limits of such mixtures too narrow (Bickel,
    Götze and van Zwet); each gives ten draws of rates and counts. Over 72 to 2,000 places and five spreads of rates
    both limits of 95 % covered 93 to 99 % in simulation.
    Do not use where the picked were chosen by anything but this count, or where the response had begun.

    References
    ----------
    Robbins H (1956) An empirical Bayes approach to statistics. Proc Third Berkeley Symp 1:157.
    Laird N (1978) Nonparametric maximum likelihood estimation of a mixing distribution. JASA 73:805.
    Clayton D, Kaldor J (1987) Biometrics 43:671. doi:10.2307/2532003
    Bickel PJ, Götze F, van Zwet WR (1997) Resampling fewer than n observations. Statistica Sinica 7:1.
    Laird NM, Louis TA (1987) Empirical Bayes confidence intervals based on bootstrap samples. JASA 82:739.

    Examples
    --------
    Eight places that vary no more than chance: the two with 6 are to come back to the mean of 3.

    >>> counts = [6, 6, 2, 2, 2, 2, 2, 2]
    >>> found = estimate_expected_fall(counts, top=2, shape="gamma", n_resamples=100, rng=np.random.default_rng(1))
    >>> found.fall
    0.5
    """
    rng = np.random.default_rng() if rng is None else rng
    pick = read_pick(top=top, bottom=bottom, at_least=at_least, at_most=at_most)
    seen = np.asarray(counts, float)
    time_at_risk = np.broadcast_to(np.asarray(exposure, float), seen.shape)
    check_places(seen, time_at_risk, None)
    chosen = check_picked(pick, seen)
    last = float(seen[chosen].sum())
    weights, falls = expect_fall(seen, time_at_risk, chosen, shape=shape)
    means, nexts = _draw_next(seen, time_at_risk, chosen, weights=weights, n_resamples=n_resamples, rng=rng)
    limits, ordinary = (
        percentile_interval(1 - draws / last, confidence_level=confidence_level) for draws in (means, nexts)
    )
    return ExpectedFall(
        method=Method(
            f"Empirical Bayes expectation of the next period, {SAID[shape]}; bootstrap with draws of rates and counts",
            "Clayton & Kaldor 1987; Laird 1978",
            {"resamples": n_resamples},
        ),
        unit=f"share of last period's {of}",
        frame=pd.DataFrame({"group": [PICKED, LAST], "count": [float(chosen.sum()), last]}),
        fall=sum(weights[name] * falls[name] for name in falls),
        fall_limits=limits,
        ordinary=ordinary,
        by_shape=falls,
        pick=pick,
        units=len(seen),
        counts=tuple(seen),
        level=confidence_level,
        of=of,
        each=each,
        caveats=(STEADY,),
    )


def expect_fall(
    counts: np.ndarray, exposure: np.ndarray, chosen: np.ndarray, *, shape: Shape = "averaged"
) -> tuple[dict[Shape, float], dict[Shape, float]]:
    """Give the weight of each spread of rates, and the expected fall of the chosen under each, as a share."""
    fits = {name: fit(counts, exposure=exposure) for name, fit in _FITS.items()}
    gain = fits["any"].log_likelihood(counts, exposure)[0] - fits["gamma"].log_likelihood(counts, exposure)[0]
    weight = float(special.expit(gain - PENALTY)) if shape == "averaged" else float(shape == "any")
    falls: dict[Shape, float] = {}
    for name, fit in fits.items():
        expected = fit.expected(counts, exposure)[0] * exposure
        falls[name] = 1 - float(expected[chosen].sum() / counts[chosen].sum())
    return {"gamma": 1 - weight, "any": weight}, falls


def _draw_next(
    counts: np.ndarray,
    exposure: np.ndarray,
    chosen: np.ndarray,
    *,
    weights: dict[Shape, float],
    n_resamples: int,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw the picked group's own mean and its next count: how rates differ from resamples, rates and counts within."""
    pairs, place, often = np.unique(np.stack([counts, exposure]), axis=1, return_inverse=True, return_counts=True)
    picked = np.bincount(np.ravel(place), weights=chosen, minlength=len(often))
    held, means = np.flatnonzero(picked), []
    sets, block = max(1, n_resamples // DRAWS), max(1, 1_000_000 // len(often))
    by_shape: dict[Shape, int] = {"any": round(sets * weights["any"])}
    by_shape["gamma"] = sets - by_shape["any"]
    for name, size in by_shape.items():
        for start in range(0, size, block):
            drawn = rng.multinomial(max(len(counts) // 2, 2), often / len(counts), size=min(block, size - start))
            drawn = drawn[(drawn @ pairs[0]) > 0]
            fitted = _FITS[name](pairs[0], exposure=pairs[1], weights=drawn)
            for _ in range(DRAWS):
                rates = fitted.draw(pairs[0, held], pairs[1, held], rng, times=picked[held])
                means.append(rates @ pairs[1, held])
    together = np.concatenate(means)
    return together, rng.poisson(together)
