"""Incidents of a block: counts around what is expected, near repeats that follow them, where, when and to whom."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from problemsolving.simulate.people import Block, People
from problemsolving.simulate.places import HEIGHT, LATTICE, SOUTH, WIDTH, Places
from problemsolving.simulate.rates import VIOLENCE, draw_counts, month_starts
from problemsolving.simulate.streams import draw_codes, stream
from problemsolving.simulate.truths import AGES, OFFENCES, OUTCOMES, WEAPONS, Truths
from problemsolving.simulate.write import Rows, minute, person_id, pick

_ACROSS = WIDTH * 111_320 * np.cos(np.deg2rad(SOUTH)) / LATTICE  # metres between places, about
_ALONG = HEIGHT * 111_320 / LATTICE
_NIGHT = np.array([20, 21, 22, 23, 0, 1, 2]) * 60
_DAY = np.arange(3, 20) * 60
NOT_OVER = "Under investigation"


@dataclass(frozen=True)
class Incidents:
    """Incidents of one block and category as arrays of one length, before anyone records them."""

    area: np.ndarray  # position in the block
    day: np.ndarray  # days since 1970
    column: np.ndarray  # place on the lattice of the area
    row: np.ndarray
    parent: np.ndarray  # position of the incident that caused it; -1 for the background


def draw_incidents(expected: np.ndarray, truths: Truths, category: str, rng: np.random.Generator) -> Incidents:
    """Draw background incidents and the near repeats that they cause, generation by generation.

    Parameters
    ----------
    expected : numpy.ndarray
        Areas × months, incidents; near repeats are part of them. The month before the first is drawn too, so that
        near repeats do not start from nothing, and left out again.
    """
    branching = truths.near_repeats.get(category, 0.0)
    starts = month_starts(truths.months)
    before = (starts[0].astype("datetime64[M]") - 1).astype("datetime64[D]")
    starts = np.concatenate([[before], starts]).astype(np.int64)
    expected = np.concatenate([expected[:, :1], expected], axis=1) * (1 - branching)
    counts = draw_counts(expected, truths, rng)
    area, month = (np.repeat(at.ravel(), counts.ravel()) for at in np.indices(counts.shape))
    hot = rng.integers(LATTICE * LATTICE, size=(len(expected), truths.hot_places))
    place = rng.integers(LATTICE * LATTICE, size=len(area))
    at_hot = rng.random(len(area)) < truths.hot_place_share
    place = np.where(at_hot, hot[area, rng.integers(truths.hot_places, size=len(area))], place)
    found = [
        Incidents(
            area,
            _draw_days(month, starts, truths, rng),
            place % LATTICE,
            place // LATTICE,
            np.full(len(area), -1),
        )
    ]
    made = 0
    while branching and len(found[-1].area):
        made, last = made + len(found[-1].area), found[-1]
        found.append(_draw_near_repeats(last, truths, branching, made - len(last.area), rng))
    joined = Incidents(*(np.concatenate([getattr(part, name) for part in found]) for name in Incidents.__annotations__))
    return _inside(joined, starts)


def _inside(found: Incidents, starts: np.ndarray) -> Incidents:
    """Keep the incidents of the data's months; one whose cause lies before them counts as background."""
    kept = (found.day >= starts[1]) & (found.day < starts[-1])
    caused = (found.parent >= 0) & kept[found.parent]
    parent = np.where(caused, (np.cumsum(kept) - 1)[found.parent], -1)
    return Incidents(found.area[kept], found.day[kept], found.column[kept], found.row[kept], parent[kept])


def _draw_days(month: np.ndarray, starts: np.ndarray, truths: Truths, rng: np.random.Generator) -> np.ndarray:
    """Draw the day of each incident in its month, days of the week by their weights."""
    days = np.arange(starts[0], starts[-1])
    weights = np.array(truths.weekday_weights)[(days + 3) % 7]  # day 0 of 1970 was a Thursday
    reached = np.concatenate([[0.0], np.cumsum(weights)])
    first, last = reached[starts[month] - starts[0]], reached[starts[month + 1] - starts[0]]
    at = np.searchsorted(reached, first + rng.random(len(month)) * (last - first), side="right") - 1
    return days[np.clip(at, starts[month] - starts[0], starts[month + 1] - starts[0] - 1)]


def _draw_near_repeats(
    parents: Incidents, truths: Truths, branching: float, offset: int, rng: np.random.Generator
) -> Incidents:
    """Draw the incidents that a generation causes: nearby in the same small area, within days."""
    parent = np.repeat(np.arange(len(parents.area)), rng.poisson(branching, len(parents.area)))
    # cells are bent: three fifths of the distance on the plain lattice stay below the whole of it on the ground
    distance = 0.6 * truths.near_repeat_metres * np.sqrt(rng.random(len(parent)))
    angle = rng.random(len(parent)) * 2 * np.pi
    column = parents.column[parent] + np.rint(distance * np.cos(angle) / _ACROSS).astype(int)
    row = parents.row[parent] + np.rint(distance * np.sin(angle) / _ALONG).astype(int)
    delay = rng.integers(1, truths.near_repeat_days + 1, len(parent))
    return Incidents(parents.area[parent], parents.day[parent] + delay, _folded(column), _folded(row), parent + offset)


def _folded(at: np.ndarray) -> np.ndarray:
    """Fold what lies over the edge of a small area back into it."""
    return np.where(at < 0, -at - 1, np.where(at >= LATTICE, 2 * LATTICE - 1 - at, at))


def record_block(
    block: Block, people: People, places: Places, expected: dict[str, np.ndarray], truths: Truths, seed: int
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Draw a block's incidents of every category and what is recorded of each.

    Returns
    -------
    arrays : dict of str to numpy.ndarray
        One array a recorded fact, in order of time; positions below 0 mean not recorded.
    counts : numpy.ndarray
        Violent incidents of each of the block's areas and months as they happened.
    """
    parts = []
    for number, (category, means) in enumerate(expected.items()):
        rng = stream(seed, f"incidents {category}", block.number)
        found = draw_incidents(means, truths, category, rng)
        size = len(found.area)
        night = rng.random(size) < truths.night_share.get(category, truths.night_share["other"])
        hour = np.where(night, _NIGHT[rng.integers(len(_NIGHT), size=size)], _DAY[rng.integers(len(_DAY), size=size)])
        part = {
            "category": np.full(size, number, dtype=np.int8),
            "minute": found.day * 1440 + hour + rng.integers(60, size=size),
            "area": block.areas[found.area],
            "column": found.column,
            "row": found.row,
            "near_repeat": found.parent >= 0,
        }
        parts.append(
            part | _draw_people(people, block, truths, category, size, rng) | _facts(truths, category, size, rng)
        )
    arrays = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    order = np.lexsort((arrays["category"], arrays["area"], arrays["minute"]))
    arrays = {name: values[order] for name, values in arrays.items()}
    return _placed(arrays, places, truths, stream(seed, "recording", block.number)), _count(arrays, block, truths)


def _count(arrays: dict[str, np.ndarray], block: Block, truths: Truths) -> np.ndarray:
    starts = month_starts(truths.months).astype(np.int64) * 1440
    month = np.searchsorted(starts, arrays["minute"], side="right") - 1
    area = np.searchsorted(block.areas, arrays["area"])
    violent = arrays["category"] == 0
    shape = (len(block.areas), len(truths.months))
    return np.bincount(area[violent] * shape[1] + month[violent], minlength=shape[0] * shape[1]).reshape(shape)


def _placed(
    arrays: dict[str, np.ndarray], places: Places, truths: Truths, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Give each incident the place that is recorded: its own, one in the district outside, or none."""
    away = np.flatnonzero(~places.home)
    draw = rng.random(len(arrays["area"]))
    elsewhere = away[rng.integers(len(away), size=len(draw))]
    area = np.where(draw < truths.share_elsewhere, elsewhere, arrays["area"])
    longitude, latitude = places.point(area, arrays["column"], arrays["row"])
    spot = arrays["row"] * LATTICE + arrays["column"] + 1
    area = np.where(draw > 1 - truths.share_unplaced, -1, area)
    return {**arrays, "area": area, "spot": spot, "longitude": longitude, "latitude": latitude}


def _draw_people(
    people: People, block: Block, truths: Truths, category: str, size: int, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Draw victims, some of them again and again, and suspects, men more often."""
    crime = category != "anti-social-behaviour"
    chronic = np.maximum(1, round(len(people) * truths.chronic_people))
    victim = np.where(
        rng.random(size) < truths.chronic_share, rng.integers(chronic, size=size), rng.integers(len(people), size=size)
    )
    weights = np.cumsum(np.where(people.male, truths.suspect_sex_ratio, 1.0))
    suspect = np.searchsorted(weights, rng.random(size) * weights[-1], side="right")
    suspect = np.where(suspect == victim, (suspect + 1) % len(people), suspect)
    victim_known = crime & (rng.random(size) < truths.share_victim_known)
    suspect_known = crime & (rng.random(size) < truths.share_suspect_known)
    found: dict[str, np.ndarray] = {}
    for role, person, known in (("victim", victim, victim_known), ("suspect", suspect, suspect_known)):
        found[role] = np.where(known, block.first_person + person, -1)
        found[f"{role}_age"] = np.where(known, people.age[person], -1)
        found[f"{role}_sex"] = np.where(known, people.male[person].astype(np.int16), -1)
    return found


def _facts(truths: Truths, category: str, size: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Draw what was recorded of the deed: code, weapon, flags, outcome and staff time."""
    none = np.full(size, -1, dtype=np.int16)
    violent, known = category == VIOLENCE, list(OFFENCES)
    domestic = rng.random(size) < truths.domestic_share
    public = rng.random(size)
    place = np.where(domestic, np.where(public < 0.9, 1, 0), np.where(public < 0.6, 0, np.where(public < 0.9, 1, 2)))
    first = sum(len(OFFENCES[name]) for name in known[: known.index(category)]) if category in OFFENCES else 0
    outcome = draw_codes(rng, OUTCOMES, size)
    return {
        "offence": first + draw_codes(rng, OFFENCES[category], size) if category in OFFENCES else none,
        "weapon": draw_codes(rng, WEAPONS, size) if violent else none,
        "domestic": domestic.astype(np.int16) if violent else none,
        "public": place.astype(np.int16) if violent else none,
        "outcome": outcome if category in OFFENCES else none,
        "outcome_days": rng.integers(5, 150, size=size),
        "minutes": np.rint(truths.median_minutes[category] * np.exp(rng.normal(0, 0.5, size))).astype(np.int32),
    }


def incident_rows(arrays: dict[str, np.ndarray], block: Block, truths: Truths) -> Rows:
    """Give the rows of the table ``incident``."""
    end = int(month_starts(truths.months)[-1].astype(np.int64)) * 1440
    over = arrays["minute"] + arrays["outcome_days"] * 1440 < end
    number = block.number * 1_000_000 + 1 + np.arange(len(arrays["area"]))
    offences = [code for shares in OFFENCES.values() for code in shares]
    return Rows(
        {**arrays, "number": number, "over": over},
        {
            "incident_id": "printf('SIM%08d', number)",
            "month": f"strftime({minute('minute')}, '%Y-%m')",
            "occurred_at": minute("minute"),
            "category": pick(list(truths.shares), "category"),
            "area_code": "code_of(area)",
            "longitude": "if(area < 0, null, round(longitude, 5))",
            "latitude": "if(area < 0, null, round(latitude, 5))",
            "location": "if(area < 0, null, 'Spot ' || spot || ', ' || name_of(area))",
            "force": "'Simulated Constabulary'",
            "outcome": f"if(over, {pick(list(OUTCOMES), 'outcome')}, if(outcome < 0, null, '{NOT_OVER}'))",
            "victim_id": person_id("victim"),
            "victim_age_band": pick(list(AGES), "victim_age"),
            "victim_sex": pick(["female", "male"], "victim_sex"),
            "suspect_id": person_id("suspect"),
            "suspect_age_band": pick(list(AGES), "suspect_age"),
            "suspect_sex": pick(["female", "male"], "suspect_sex"),
            "offence_code": pick(offences, "offence"),
            "weapon": pick(list(WEAPONS), "weapon"),
            "domestic_abuse": pick(["no", "yes"], "domestic"),
            "public_place": pick(["public", "private", "unknown"], "public"),
            "minutes": "minutes",
        },
    )


def outcome_rows(incidents: Rows) -> Rows:
    """Give the rows of the table ``outcome``: outcomes of crimes that came before the end of the data."""
    kept = incidents.arrays["over"] & (incidents.arrays["outcome"] >= 0)
    arrays = {name: values[kept] for name, values in incidents.arrays.items()}
    arrays["minute"] = arrays["minute"] + arrays["outcome_days"] * 1440
    columns = ("incident_id", "month", "area_code", "longitude", "latitude", "force", "outcome")
    return Rows(arrays, {name: incidents.columns[name] for name in columns})
