"""Trace a chain: from a change, to the part that moved, to the drivers that go with it, to the owner of the lever."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from problemsolving.drivers.changes import SplitChange
from problemsolving.drivers.diagram import CausalDiagram
from problemsolving.drivers.links import CarriedHypothesis, Chain, Lever, Step
from problemsolving.drivers.parts import TOTAL, part_names
from problemsolving.drivers.reading import read_diagram
from problemsolving.drivers.totals import split_totals
from problemsolving.drivers.twice import fit_change
from problemsolving.errors import NotEstimableError, nearest
from problemsolving.results import Method, listed

__all__ = ["CarriedHypothesis", "Chain", "Lever", "Step", "trace_chain"]

FEWEST = 20  # areas a model needs


def trace_chain(
    areas: pd.DataFrame,
    *,
    before: Mapping[str, str],
    after: Mapping[str, str],
    drivers: Mapping[str, str],
    owners: Mapping[str, Lever] | None = None,
    change: SplitChange | None = None,
    diagram: CausalDiagram | None = None,
    confidence_level: float = 0.95,
    n_resamples: int = 9_999,
    rng: np.random.Generator | None = None,
) -> Chain:
    """Trace a change to what moved, to the drivers that go with it and to who could act on them, as far as that holds.

    Answers: what changed, in which part, where, who holds a lever, and at which link does the argument break?

    Parameters
    ----------
    areas : pandas.DataFrame
        One row a small area; every area of the place, not those chosen for being high.
    before, after : mapping of str to str
        Name → column of each total, each counted within the one before it, the same names in the same order:
        ``{"active months": "active_before", "incidents": "count_before"}``, or residents, people, contacts, minutes. The last
        is what changed. With ``active months`` (months in which an area had any) the parts are those of
        `problemsolving.drivers.decomposition.decompose_frequency`.
    drivers : mapping of str to str
        Label → column (the level of a condition before the change, known for every area). One standard deviation is the
        unit.
    owners : mapping of str to Lever, optional
        Driver or part → who owns the lever on it and what they could do, as the partnership says.
    change : SplitChange, optional
        The change as split already (`decompose_frequency` knows how months vary; `decompose_demand`). When not given,
        it is split here, areas drawn anew.
    diagram : CausalDiagram, optional
        Each driver is then adjusted for its smallest adjustment set, and one that the diagram says cannot be told is not
        estimated. Drivers are its nodes or their columns; columns of the sets are in ``areas``. Else each stands alone.
    confidence_level : float
        Of each part, and of all drivers together (Bonferroni), between 0 and 1.
    n_resamples : int
        Draws.
    rng : numpy.random.Generator, optional
        Source of randomness.

    Returns
    -------
    Chain
        Its ``steps``, each with evidence, verdict (clear, unclear, not estimable) and what would break it, up to the first
        that is not clear; ``hypotheses`` to carry to respond when all are.

    Raises
    ------
    ValueError
        For totals that differ between the periods or from those of ``change``, a column that ``areas`` lacks, no driver, an
        owner of something that is neither driver nor part, or a driver that the diagram lacks.

    Notes
    -----
    1. Changed: the interval of the change excludes 0.
    2. Moved most: the part of the same sign that is the largest in 95 % of draws and excludes 0.
    3. Goes with a driver: areas with more of it changed more, in that part and in the whole. The part's model takes the total
       before it as exposure. Each area is compared with itself: given its count in both periods, the count after
       is binomial (Poisson with area effects, robust to any variance), so that areas high by chance before do not bend the
       slope. Both intervals must exclude 1 on the same side: a part alone may move with a driver by arithmetic
       (an area active in every month cannot become more active).
    4. Lever: somebody has named its owner.

    Where the change lies is not why it happened: the driver is a level, not a change, and the design is
    observational. Do not use on areas picked for their count before, and do not read it for persons.

    References
    ----------
    Das Gupta P (1993) Standardization and decomposition of rates: a user's manual. US Bureau of the Census P23-186.
    Hausman J, Hall BH, Griliches Z (1984) Econometric models for count data with an application to the patents-R&D
    relationship. Econometrica 52:909.
    Wooldridge JM (1999) Distribution-free estimation of some nonlinear panel data models. J Econometrics 90:77.

    Examples
    --------
    >>> table = pd.DataFrame({"need": range(40), "people_1": 50, "calls_1": 100, "people_2": 50})
    >>> table["calls_2"] = 100 + 5 * table["need"]
    >>> chain = trace_chain(table, before={"people": "people_1", "calls": "calls_1"},
    ...     after={"people": "people_2", "calls": "calls_2"}, drivers={"need": "need"},
    ...     owners={"need": Lever("the council", "outreach")}, n_resamples=200, rng=np.random.default_rng(1))
    >>> [step.verdict for step in chain.steps]
    ['clear', 'clear', 'clear', 'clear']
    >>> chain.hypotheses[0].statement[:64]
    'If the council acts (outreach) where need is higher, calls will '
    """
    names = part_names(list(before))
    _check(areas, before, after, drivers, [*drivers, *names], owners or {})
    split = _split(areas, before, after, confidence_level, n_resamples, rng) if change is None else change
    if list(split.parts)[:-1] != names:
        raise ValueError(f"change is split into other parts than before and after name ({listed(names)})")
    held, reasons = _held(areas, drivers, diagram)
    level = 1 - (1 - confidence_level) / max(1, len(held))
    first, last = (areas[list(side.values())].to_numpy(float) for side in (before, after))
    models = _models(areas, first, last, [*names, TOTAL], drivers, held, reasons, level)
    fitted = models[models["reason"] == ""]
    return Chain(
        method=Method(
            "Das Gupta decomposition; Poisson with area effects, HC3 intervals",
            "Das Gupta 1993; Hausman, Hall & Griliches 1984",
            {"drivers tested": len(held)},
        ),
        unit=split.unit,
        design="associational",
        change=split,
        models=models,
        levers=dict(owners or {}),
        areas=int(fitted["areas"].min()) if len(fitted) else len(areas),
        residual_df=int(fitted["freedom"].min()) if len(fitted) else len(areas) - 1,
        counts=tuple(np.concatenate([first[:, -1], last[:, -1]]).tolist()),
        model_level=level,
        caveats=_caveats(split, diagram, change is None),
    )


def _check(
    areas: pd.DataFrame,
    before: Mapping[str, str],
    after: Mapping[str, str],
    drivers: Mapping[str, str],
    known: Sequence[str],
    owners: Mapping[str, Lever],
) -> None:
    """Refuse what cannot be traced, in words."""
    if list(before) != list(after) or len(before) < 2:
        raise ValueError("before and after must name the same two or more totals in the same order")
    if not drivers:
        raise ValueError("drivers is empty; name at least one")
    missing = [c for c in dict.fromkeys([*before.values(), *after.values(), *drivers.values()]) if c not in areas]
    if missing:
        raise ValueError(f"areas lacks the {'column' if len(missing) == 1 else 'columns'} {listed(missing)}")
    for name in owners:
        if name not in known:
            raise ValueError(f'owners names "{name}", which is neither a driver nor a part{nearest(name, known)}')


def _split(
    areas: pd.DataFrame,
    before: Mapping[str, str],
    after: Mapping[str, str],
    level: float,
    n_resamples: int,
    rng: np.random.Generator | None,
) -> SplitChange:
    """Split the change with areas drawn anew."""
    sides = [
        areas[list(side.values())].set_axis(list(side), axis=1).assign(area=range(len(areas)))
        for side in (before, after)
    ]
    return split_totals(
        *sides,
        totals={name: name for name in before},
        unit="area",
        confidence_level=level,
        n_resamples=n_resamples,
        rng=rng,
    )


def _held(
    areas: pd.DataFrame, drivers: Mapping[str, str], diagram: CausalDiagram | None
) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    """Say for each driver what its model holds (label → column, the driver first), or why there can be none."""
    held, reasons = {}, {}
    for driver, column in drivers.items():
        values = areas[column].astype(float)
        if values.notna().sum() < FEWEST:
            reasons[driver] = f"fewer than {FEWEST} areas have a value"
        elif not values.std() > 0:
            reasons[driver] = "it is the same in every area"
        elif diagram is None:
            held[driver] = {driver: column}
        else:
            reading = read_diagram(diagram, drivers=[driver]).drivers[0]
            usable = [nodes for nodes in reading.sets if all(diagram.measured[node] in areas for node in nodes)]
            if usable:
                held[driver] = {driver: column, **{node: diagram.measured[node] for node in usable[0]}}
            else:
                reasons[driver] = "areas lacks a column to adjust for" if reading.sets else reading.why
    return held, reasons


def _models(
    areas: pd.DataFrame,
    first: np.ndarray,
    last: np.ndarray,
    parts: Sequence[str],
    drivers: Mapping[str, str],
    held: Mapping[str, Mapping[str, str]],
    reasons: Mapping[str, str],
    level: float,
) -> pd.DataFrame:
    """Fit each part, and the whole change, on each driver."""
    rows = []
    for at, part in enumerate(parts):
        place = first.shape[1] - 1 if part == TOTAL else at
        exposure = None if part == TOTAL or at == 0 else (first[:, at - 1], last[:, at - 1])
        for driver in drivers:
            columns = held.get(driver, {})
            found: dict[str, object] = {"reason": reasons.get(driver, ""), "beside": listed(list(columns)[1:])}
            if columns:
                found |= _fit(areas, first[:, place], last[:, place], exposure, list(columns.values()), level)
            rows.append({"part": part, "driver": driver, **found})
    return pd.DataFrame(
        rows, columns=["part", "driver", "ratio", "low", "high", "areas", "freedom", "beside", "reason"]
    ).astype({"ratio": float, "low": float, "high": float})


def _fit(
    areas: pd.DataFrame,
    old: np.ndarray,
    new: np.ndarray,
    exposure: tuple[np.ndarray, np.ndarray] | None,
    columns: Sequence[str],
    level: float,
) -> dict[str, object]:
    """Fit one model on areas that have all values and, where there is an exposure, had it at both times."""
    table = areas[list(columns)].astype(float).set_axis(range(len(areas)), axis=0)
    used = table.notna().all(axis=1).to_numpy() & (old + new > 0)
    if exposure is not None:
        used &= (exposure[0] > 0) & (exposure[1] > 0)
    if used.sum() < FEWEST + len(columns):
        return {"reason": f"fewer than {FEWEST + len(columns)} areas had any"}
    if not old[used].sum() or not new[used].sum():
        return {"reason": "one of the periods had none"}
    table = table[used]
    if (table.std() == 0).any() or np.linalg.matrix_rank(table - table.mean()) < table.shape[1]:
        return {"reason": "it cannot be told apart from what it is adjusted for"}
    ratio = None if exposure is None else exposure[1][used] / exposure[0][used]
    try:
        model = fit_change(old[used], new[used], (table - table.mean()) / table.std(), exposure=ratio)
    except NotEstimableError as error:
        return {"reason": error.message}
    row = model.ratios(confidence_level=level).loc[columns[0]]
    return {**row.to_dict(), "areas": model.n, "freedom": model.residual_df}


def _caveats(split: SplitChange, diagram: CausalDiagram | None, by_areas: bool) -> tuple[str, ...]:
    return (
        *split.caveats,
        "A driver that goes with a change is an association between areas: not a cause, and nothing about persons",
        "Areas chosen for having been high fall by themselves: give every area of the place",
        *(["The interval of the change holds differences between areas, not between months"] if by_areas else []),
        *([] if diagram else ["Each driver stands alone: without a causal diagram nothing is adjusted for"]),
    )
