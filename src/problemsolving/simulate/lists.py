"""Who is on which agency's list: shared vulnerability, and a hidden population that several lists catch in part."""

from __future__ import annotations

import math

import numpy as np

from problemsolving.simulate.pathways import KINDS, NAMES, contact_columns
from problemsolving.simulate.people import Block, People
from problemsolving.simulate.rates import month_starts
from problemsolving.simulate.streams import stream
from problemsolving.simulate.truths import Truths
from problemsolving.simulate.write import Rows

CASE, NEED = len(KINDS), len(KINDS) + 1


def vulnerable_share_known(share: float, odds: float) -> float:
    """Give the probability that the odds ratio makes of a share.

    >>> round(vulnerable_share_known(0.1, 4.0), 4)
    0.3077
    """
    return share * odds / (1 - share + share * odds)


def joint_probability(first: float, second: float, odds: float) -> float:
    """Give the probability of two events together from each one's probability and their odds ratio.

    References
    ----------
    Plackett 1965, "A class of bivariate distributions", doi:10.1080/01621459.1965.10480807.

    >>> round(joint_probability(0.3, 0.2, 1.0), 6)
    0.06
    """
    if odds == 1:
        return first * second
    total = 1 + (first + second) * (odds - 1)
    return (total - math.sqrt(total**2 - 4 * odds * (odds - 1) * first * second)) / (2 * (odds - 1))


def draw_cases(people: People, truths: Truths, rng: np.random.Generator) -> np.ndarray:
    """Draw who is on each agency's list: independent but for what vulnerability adds.

    Returns
    -------
    numpy.ndarray
        People × agencies, in the order of ``Truths.known_share``.
    """
    share = np.array(list(truths.known_share.values()))
    raised = np.array([vulnerable_share_known(value, truths.vulnerable_odds) for value in share])
    return rng.random((len(people), len(share))) < np.where(people.vulnerable[:, None], raised, share)


def draw_needs(size: int, truths: Truths, rng: np.random.Generator) -> np.ndarray:
    """Draw which lists catch each member of the hidden population; two of the lists depend on each other.

    Returns
    -------
    numpy.ndarray
        Members × agencies, in the order of ``Truths.capture_share``.
    """
    names = list(truths.capture_share)
    share = np.array(list(truths.capture_share.values()))
    caught = rng.random((size, len(share))) < share
    first, second = (names.index(name) for name in truths.dependent_lists)
    both = joint_probability(share[first], share[second], truths.dependence_odds)
    given = np.where(caught[:, first], both / share[first], (share[second] - both) / (1 - share[first]))
    caught[:, second] = rng.random(size) < given
    return caught


def list_rows(block: Block, people: People, truths: Truths, seed: int) -> Rows:
    """Give contacts of kind ``case`` (on the agency's list) and ``need`` (listed there as of the hidden population)."""
    rng = stream(seed, "lists", block.number)
    cases = draw_cases(people, truths, rng)
    hidden = np.flatnonzero(people.vulnerable)
    needs = draw_needs(len(hidden), truths, rng)
    person, listed = np.nonzero(cases)
    member, caught = np.nonzero(needs)
    agency = np.concatenate([_positions(truths.known_share)[listed], _positions(truths.capture_share)[caught]])
    starts = month_starts(truths.months).astype(np.int64) * 1440
    size = len(agency)
    start = rng.integers(starts[0], starts[len(truths.baseline)], size)
    return Rows(
        {
            "number": block.number * 1_000_000 + 1 + np.arange(size),
            "person": block.first_person + np.concatenate([person, hidden[member]]),
            "agency": agency,
            "start": start,
            "kind": np.concatenate([np.full(len(person), CASE), np.full(len(member), NEED)]),
        },
        {name: sql for name, sql in contact_columns("L").items() if name not in ("seen_at", "ended_at")},
    )


def _positions(shares: dict[str, float]) -> np.ndarray:
    return np.array([NAMES.index(name) for name in shares])


def overlap_truths(truths: Truths) -> dict[str, dict[str, float]]:
    """Give for each pair of agencies the shared people expected, as a multiple of what independence gives."""
    q, found = truths.vulnerable_share, {}
    names = list(truths.known_share)
    raised = {name: vulnerable_share_known(share, truths.vulnerable_odds) for name, share in truths.known_share.items()}
    overall = {name: (1 - q) * truths.known_share[name] + q * raised[name] for name in names}
    for place, one in enumerate(names):
        found[one] = {
            other: ((1 - q) * truths.known_share[one] * truths.known_share[other] + q * raised[one] * raised[other])
            / (overall[one] * overall[other])
            for other in names[place + 1 :]
        }
    return {one: pairs for one, pairs in found.items() if pairs}
