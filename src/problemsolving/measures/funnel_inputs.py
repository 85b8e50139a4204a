"""What a funnel is made from: its choices and places, checked, and what a reader must know of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from problemsolving.measures.funnel_numbers import LEAST
from problemsolving.results import Method, listed

FEW = 10  # places whose own spread is too little known for limits
MANY = 20  # places among which one lies outside 95 % limits by chance
CLOSED = {
    "measure": ("rate", "ratio", "proportion"),
    "limits": ("additive", "multiplicative", "plain"),
    "exact": ("percentile", "interval"),
    "estimator": ("consistent", "spiegelhalter"),
}


def check_choices(
    chosen: Mapping[str, str],
    *,
    benchmark: Sequence[str] | None,
    target: float | None,
    dispersion: float | None,
    levels: tuple[float, float],
    years: float,
) -> None:
    """Refuse choices that do not exist or contradict each other."""
    for name, value in chosen.items():
        if value not in CLOSED[name]:
            raise ValueError(f"{name} must be one of {', '.join(CLOSED[name])}")
    if benchmark is not None and target is not None:
        raise ValueError("give a benchmark or a target, not both")
    if dispersion is not None and (chosen["limits"] != "multiplicative" or not dispersion > 0):
        raise ValueError('a dispersion must be above 0 and goes with limits="multiplicative"')
    if not 0 < levels[0] < levels[1] < 1:
        raise ValueError("levels must be two numbers between 0 and 1, the inner one first")
    if not years > 0:
        raise ValueError("years must be above 0")


def read_places(
    areas: pd.DataFrame,
    *,
    by: str,
    count: str,
    exposure: str,
    district: str,
    times: float,
    benchmark: Sequence[str],
    proportion: bool,
) -> pd.DataFrame:
    """Add up the places: ``group``, ``count``, ``exposure``, ``in_target`` and, where it holds them, ``district``."""
    summed = areas.groupby(by, sort=True)[[count, exposure]].sum()
    if not (summed[exposure] > 0).all():
        raise ValueError(f"{exposure} must be above 0 in every place")
    if (areas[count] < 0).any() or (proportion and (summed[count] > summed[exposure]).any()):
        raise ValueError(f"{count} must be 0 or more{f' and at most {exposure}' if proportion else ''}")
    frame = pd.DataFrame(
        {
            "group": summed.index.astype(str),
            "count": summed[count].to_numpy(float),
            "exposure": summed[exposure].to_numpy(float) * times,
        }
    )
    if not set(benchmark) <= set(frame["group"]):
        raise ValueError("benchmark names places that are not in the column of by")
    frame["in_target"] = frame["group"].isin(list(benchmark)) if benchmark else True
    if district in areas and district != by:
        lies_in = areas.groupby(by, sort=True)[district].agg(["first", "nunique"])
        if (lies_in["nunique"] == 1).all():
            frame["district"] = lies_in["first"].astype(str).to_numpy()
    return frame


def check_usual(usual: int, *, limits: str, dispersion: float | None) -> None:
    """Refuse limits by a spread that too few places show."""
    if limits != "plain" and dispersion is None and usual < LEAST:
        raise ValueError(f'a spread needs at least {LEAST} places; give a dispersion or use limits="plain"')


def method_of(
    measure: str, limits: str, *, exact: str, winsorise: float, estimator: str, dispersion: float | None
) -> Method:
    """Name the limits, the scale and how the spread was estimated."""
    chance = "exact binomial" if measure == "proportion" else "exact Poisson"
    if limits == "plain":
        return Method(f"Funnel plot, {chance} limits by {exact}", "Spiegelhalter 2005", {"limits": "chance alone"})
    scale = "arc sine of the root" if measure == "proportion" else "root of observed over expected"
    settings: dict[str, object] = {"spread": limits, "scale": scale}
    if dispersion is not None:
        settings["dispersion"] = round(dispersion, 2)
    else:
        settings |= {"winsorised": f"{winsorise:.0%} at each end", "estimator": estimator}
    return Method(
        f"Funnel plot, {chance} limits by {exact} widened by the spread between places", "Spiegelhalter 2005", settings
    )


def caveats_of(
    limits: str,
    *,
    places: int,
    usual: int,
    benchmark: Sequence[str],
    dispersion: float | None,
    levels: tuple[float, float],
) -> tuple[str, ...]:
    """Say what limits of a funnel do and do not tell."""
    said = []
    if limits != "plain":
        said.append(
            "A place within widened limits differs no more than places usually do; that does not make the usual acceptable"
        )
    if places >= MANY:
        outside = [f"{places * (1 - level):,.0f} outside {level * 100:g}% limits" for level in levels]
        said.append(
            f"With {places:,} places about {listed(outside)} are to be expected when none differs from the others"
        )
    if limits != "plain" and dispersion is None and usual < FEW:
        said.append(
            f"The spread is that of {usual} places: one that stands out widens the limits it is judged by, so that hardly any can lie outside"
        )
    if benchmark:
        said.append(f"Benchmark places: {listed(list(benchmark))}, chosen by the analyst")
    return tuple(said)
