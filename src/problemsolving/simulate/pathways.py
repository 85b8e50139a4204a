"""Journeys of clients through the agencies: transitions, waits, drop-off, and a desk where people queue."""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass

import numpy as np

from problemsolving.simulate.people import Block, People
from problemsolving.simulate.rates import month_starts
from problemsolving.simulate.streams import draw_codes, stream
from problemsolving.simulate.truths import AGENCIES, ENTRIES, TRANSITIONS, Truths
from problemsolving.simulate.write import Rows, minute, person_id, pick

NAMES = [agency for agency, _, _ in AGENCIES]
KINDS = ("call", "visit", "assessment", "appointment")
STEPS = 12  # a journey ends after so many hand-overs
_LEAVES = len(NAMES)


def transition_matrix() -> np.ndarray:
    """Give the probability of each hand-over once a person was seen, agencies × agencies; the rest leaves."""
    return np.array([[TRANSITIONS[sender].get(receiver, 0.0) for receiver in NAMES] for sender in NAMES])


def expected_visits(truths: Truths) -> np.ndarray:
    """Give how often a journey is expected at each agency: the absorbing chain with drop-off."""
    entries = np.array([ENTRIES.get(name, 0.0) for name in NAMES])
    return entries @ np.linalg.inv(np.eye(len(NAMES)) - (1 - truths.dropped_share) * transition_matrix())


def erlang_c(load: float, servers: int) -> float:
    """Give the probability that an arrival has to wait, for a load in Erlang below the number of servers.

    References
    ----------
    Erlang 1917, "Solution of some problems in the theory of probabilities of significance in automatic telephone
    exchanges".

    >>> round(erlang_c(0.5, 1), 3), round(erlang_c(1.0, 2), 3)
    (0.5, 0.333)
    """
    last = load**servers / math.factorial(servers) * servers / (servers - load)
    return last / (sum(load**count / math.factorial(count) for count in range(servers)) + last)


@dataclass(frozen=True)
class Journeys:
    """Steps of journeys as arrays of one length: a person at an agency, and the hand-over from there, if any."""

    person: np.ndarray
    agency: np.ndarray  # position in NAMES
    start: np.ndarray  # minutes since 1970
    receiver: np.ndarray  # position in NAMES; -1 leaves
    seen: np.ndarray  # minutes since 1970; -1 dropped off


def draw_journeys(block: Block, people: People, truths: Truths, seed: int) -> Journeys:
    """Draw every journey of a block's clients, all at the same step together."""
    rng = stream(seed, "journeys", block.number)
    first, last = _span(truths)
    person = np.repeat(people.clients, 1 + rng.poisson(truths.journeys_a_client - 1, len(people.clients)))
    start = rng.integers(first, last, len(person))
    agency = np.array([NAMES.index(name) for name in ENTRIES])[draw_codes(rng, ENTRIES, len(person))]
    reached = np.cumsum(transition_matrix(), axis=1)
    median = np.array([truths.median_wait_days.get(name, math.nan) for name in NAMES])
    steps = []
    for _ in range(STEPS):
        receiver = (rng.random(len(person))[:, None] >= reached[agency]).sum(axis=1)
        on = receiver < _LEAVES
        wait = median[np.where(on, receiver, 0)] * np.exp(rng.normal(0, 0.6, len(person))) * 1440
        dropped = rng.random(len(person)) < truths.dropped_share
        seen = np.where(on & ~dropped, start + np.nan_to_num(wait, nan=0.0).astype(np.int64), -1)
        steps.append(Journeys(person, agency, start, np.where(on, receiver, -1), seen))
        person, agency, start = (values[seen >= 0] for values in (person, receiver, seen))
        if not len(person):
            break
    return Journeys(*(np.concatenate([getattr(step, name) for step in steps]) for name in Journeys.__annotations__))


def _span(truths: Truths) -> tuple[int, int]:
    starts = month_starts(truths.months).astype(np.int64) * 1440
    return int(starts[0]), int(starts[-1])


def referral_rows(block: Block, journeys: Journeys, truths: Truths) -> Rows:
    """Give the rows of the table ``referral``; who was not seen by the end is not seen yet."""
    _, last = _span(truths)
    made = np.flatnonzero((journeys.receiver >= 0) & (journeys.start < last))
    made = made[np.lexsort((journeys.person[made], journeys.start[made]))]
    seen = journeys.seen[made]
    return Rows(
        {
            "number": block.number * 1_000_000 + 1 + np.arange(len(made)),
            "person": block.first_person + journeys.person[made],
            "sender": journeys.agency[made],
            "receiver": journeys.receiver[made],
            "start": journeys.start[made],
            "seen": np.where(seen < last, seen, -1),
        },
        {
            "referral_id": "printf('F%08d', number)",
            "person_id": person_id("person"),
            "from_agency": pick(NAMES, "sender"),
            "to_agency": pick(NAMES, "receiver"),
            "referred_at": minute("start"),
            "seen_at": minute("seen"),
        },
    )


def contact_rows(block: Block, journeys: Journeys, truths: Truths, seed: int) -> Rows:
    """Give the rows of the table ``contact``; at a desk people wait for a free server, first come first served."""
    rng = stream(seed, "contacts", block.number)
    _, last = _span(truths)
    there = np.flatnonzero(journeys.start < last)
    there = there[np.lexsort((journeys.person[there], journeys.start[there]))]
    start, agency = journeys.start[there], journeys.agency[there]
    seen = np.full(len(there), -1)
    end = start + rng.integers(10, 180, len(there))
    kind = rng.integers(len(KINDS), size=len(there))
    for name, servers in truths.desk_servers.items():
        at = np.flatnonzero(agency == NAMES.index(name))
        service = rng.exponential(truths.desk_hours[name] * 60, len(at))
        begun = queue(start[at].astype(float), service, servers)
        seen[at], end[at] = np.floor(begun), np.floor(begun + service)
        kind[at] = KINDS.index("assessment")
    arrays = {
        "number": block.number * 1_000_000 + 1 + np.arange(len(there)),
        "person": block.first_person + journeys.person[there],
        "agency": agency,
        "start": start,
        "seen": np.where(seen < last, seen, -1),
        "finish": np.where(end < last, end, -1),
        "kind": kind,
    }
    return Rows(arrays, contact_columns("C"))


def contact_columns(letter: str) -> dict[str, str]:
    """Columns of the table ``contact``."""
    return {
        "contact_id": f"printf('{letter}%08d', number)",
        "person_id": person_id("person"),
        "agency_id": pick(NAMES, "agency"),
        "started_at": minute("start"),
        "seen_at": minute("seen"),
        "ended_at": minute("finish"),
        "kind": pick([*KINDS, "case", "need"], "kind"),
    }


def queue(arrival: np.ndarray, service: np.ndarray, servers: int) -> np.ndarray:
    """Give when service begins in a queue, first come first served.

    Parameters
    ----------
    arrival : numpy.ndarray
        Times of arrival in order, minutes.
    service : numpy.ndarray
        How long each is attended to, minutes.
    servers : int
        How many are attended to at once.

    >>> queue(np.array([0.0, 1.0, 2.0]), np.array([5.0, 5.0, 1.0]), 2).tolist()
    [0.0, 1.0, 5.0]
    """
    free = [-math.inf] * servers
    begun = np.empty(len(arrival))
    for place, (came, lasts) in enumerate(zip(arrival.tolist(), service.tolist(), strict=True)):
        begin = max(came, free[0])
        heapq.heapreplace(free, begin + lasts)
        begun[place] = begin
    return begun


def desk_truths(truths: Truths, teams: int) -> dict[str, dict[str, float]]:
    """Give arrivals, capacity and the waits that follow at each desk, a team: Erlang's formula for Poisson arrivals."""
    first, last = _span(truths)
    days = (last - first) / 1440
    found = {}
    for name, servers in truths.desk_servers.items():
        arrivals = truths.clients / teams * truths.journeys_a_client * expected_visits(truths)[NAMES.index(name)] / days
        load = arrivals * truths.desk_hours[name] / 24
        wait = erlang_c(load, servers)
        found[name] = {
            "arrivals_a_day": arrivals,
            "load_erlang": load,
            "share_waiting": wait,
            "mean_wait_hours": wait * truths.desk_hours[name] / (servers - load),
        }
    return found
