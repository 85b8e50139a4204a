"""Arrows of a causal diagram, read and checked without a graph library: every fault at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from itertools import pairwise

from problemsolving.errors import ParameterError, nearest
from problemsolving.results import listed

Arrow = tuple[str, str]


def check_arrows(
    arrows: Iterable[str | Arrow],
    *,
    outcome: str,
    measured: Mapping[str, str],
    unmeasured: Collection[str] = (),
    selected: Collection[str] = (),
) -> list[Arrow]:
    """Read arrows as pairs of cause and effect.

    Parameters
    ----------
    arrows, outcome, measured, unmeasured, selected
        As `problemsolving.drivers.diagram.build_causal_diagram`.

    Returns
    -------
    list of pair

    Raises
    ------
    ParameterError
        With all faults at once.

    Examples
    --------
    >>> check_arrows(["income -> drinking -> harm"], outcome="harm",
    ...              measured={name: name for name in ("income", "drinking", "harm")})
    [('income', 'drinking'), ('drinking', 'harm')]
    """
    pairs, faults = _read_arrows(arrows)
    plain = [pair for pair in pairs if pair[0] != pair[1]]
    nodes = list(dict.fromkeys(node for pair in plain for node in pair))
    faults += _arrow_faults(pairs, plain, nodes)
    faults += _name_faults(nodes, outcome, measured, unmeasured, selected)
    faults += _outcome_faults(plain, nodes, outcome, measured, selected)
    if faults:
        raise ParameterError("the causal diagram cannot be read as it stands", faults=faults)
    return pairs


def _read_arrows(arrows: Iterable[str | Arrow]) -> tuple[list[Arrow], list[str]]:
    """Read arrows as pairs; give those that cannot be read as faults."""
    pairs: list[Arrow] = []
    faults = []
    for arrow in arrows:
        parts = arrow.replace("→", "->").split("->") if isinstance(arrow, str) else list(arrow)
        names = [part.strip() if isinstance(part, str) else "" for part in parts]
        if len(names) < 2 or not all(names) or (not isinstance(arrow, str) and len(names) != 2):
            faults.append(f'arrow {arrow!r}: write "cause -> effect"')
        else:
            pairs += pairwise(names)
    return pairs, faults


def _arrow_faults(pairs: list[Arrow], plain: list[Arrow], nodes: list[str]) -> list[str]:
    faults = [f"{one} -> {other}: a node cannot cause itself" for one, other in dict.fromkeys(pairs) if one == other]
    faults += [f"{one} -> {other}: given {times} times" for (one, other), times in Counter(pairs).items() if times > 1]
    after = {node: _reached(node, plain) for node in nodes}
    told: set[str] = set()
    for node in sorted(nodes):
        if node in after[node] and node not in told:
            told |= {other for other in after[node] if node in after[other]}
            ring = _ring(node, plain)
            faults.append(f"{' -> '.join(ring)}: a cycle; take out the arrow that is weakest, or name times")
    return faults


def _reached(start: str, arrows: list[Arrow]) -> set[str]:
    """Nodes to which some path leads from a node; the node itself only by a cycle."""
    found: set[str] = set()
    ahead = [start]
    while ahead:
        here = ahead.pop()
        new = {effect for cause, effect in arrows if cause == here} - found
        found |= new
        ahead += new
    return found


def _ring(start: str, arrows: list[Arrow]) -> list[str]:
    """The shortest path from a node back to itself."""
    paths = [[start]]
    while paths:
        path = paths.pop(0)
        for cause, effect in arrows:
            if cause == path[-1] and effect == start:
                return [*path, start]
            if cause == path[-1] and effect not in path:
                paths.append([*path, effect])
    return [start]


def _name_faults(
    nodes: list[str], outcome: str, measured: Mapping[str, str], unmeasured: Collection[str], selected: Collection[str]
) -> list[str]:
    told = [*measured, *unmeasured]
    faults = [
        f"{name}: stands in no arrow{nearest(name, nodes)}"
        for name in dict.fromkeys([*told, *selected])
        if name not in nodes and name != outcome
    ]
    faults += [
        f"{node}: say whether it is measured (and in which column) or not{nearest(node, [n for n in told if n not in nodes])}"
        for node in nodes
        if node not in told
    ]
    faults += [f"{node}: said to be measured and not to be" for node in measured if node in unmeasured]
    columns = Counter(measured.values())
    shared = {column: listed([node for node in measured if measured[node] == column]) for column in columns}
    faults += [f"{shared[column]}: are measured by one column" for column, times in columns.items() if times > 1]
    return faults


def _outcome_faults(
    plain: list[Arrow], nodes: list[str], outcome: str, measured: Mapping[str, str], selected: Collection[str]
) -> list[str]:
    if outcome not in nodes:
        return [f"outcome {outcome}: stands in no arrow{nearest(outcome, nodes)}"]
    led = any(effect == outcome for _, effect in plain)
    faults = [] if led else [f"outcome {outcome}: no arrow leads to it, so it has no driver"]
    if outcome not in measured:
        faults.append(f"outcome {outcome}: is not measured; nothing about it can be estimated")
    if outcome in selected:
        faults.append(f"outcome {outcome}: the cases are selected by it; compare with cases without it")
    joined = _reached(outcome, [*plain, *((effect, cause) for cause, effect in plain)]) | {outcome}
    faults += [
        f"{node}: no path joins it to the outcome; draw it or leave it out" for node in nodes if node not in joined
    ]
    return faults
