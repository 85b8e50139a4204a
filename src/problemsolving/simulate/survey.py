"""What people and agencies say: wellbeing before and after, ties of trust, ratings, voices; and what a community has."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from problemsolving.dictionary.codelists import codelist
from problemsolving.simulate.pathways import Journeys
from problemsolving.simulate.people import Block, People
from problemsolving.simulate.places import LATTICE, Places
from problemsolving.simulate.rates import month_starts
from problemsolving.simulate.streams import draw_codes, stream
from problemsolving.simulate.truths import AGENCIES, BLOCKS, Truths
from problemsolving.simulate.write import Rows, day, person_id, pick, write_table

MEASURES = ("swemwbs-raw", "ons4-satisfaction", "ons4-worthwhile", "ons4-happiness", "ons4-anxiety")
ITEMS = ("trust", "value", "shares information", "keeps promises")
GROUPS = ("resident", "service user", "carer", "staff", "business")
AFTER_DAYS = 180
_SAID = {
    "safety": ("I do not walk through there after dark.", "It feels safer since people look out for each other."),
    "trust": ("They said they would come back and they did.", "We have been promised things before."),
    "access": ("I waited weeks and told my story four times.", "One door would be enough for us."),
    "being-heard": ("Nobody asked us what would help.", "This time somebody wrote down what we said."),
    "place": ("The lights have been broken since winter.", "They cleared the path and it is used again."),
    "young-people": ("There is nothing for the young ones in the evening.", "The club gave my lad somewhere to go."),
    "recovery": ("I have a key worker now and I sleep again.", "It is slow, but it is going the right way."),
}
_EVIDENCE = (
    "Minutes of the partnership board",
    "Plan agreed, no dates yet",
    "Training record of last year",
    "None yet",
)
_OPEN_TO = ("everyone", "children and young people", "older people", "members", "by referral")


def wellbeing_rows(block: Block, people: People, journeys: Journeys, truths: Truths, seed: int) -> Rows:
    """Give the rows of ``outcome_measure``: people served, as many others, two waves, not everyone answers again."""
    rng = stream(seed, "wellbeing", block.number)
    days = month_starts(truths.months).astype(np.int64)
    reached = (journeys.seen >= 0) & (journeys.seen < days[-1] * 1440)
    served, at = np.unique(journeys.person[reached], return_index=True)
    first_seen = journeys.start[reached][at] // 1440
    others = np.setdiff1d(np.arange(len(people)), people.clients)
    others = np.sort(rng.permutation(others)[: len(served)])
    person = np.concatenate([served, others])
    began = np.concatenate([first_seen, rng.integers(days[0], days[-1], len(others))])
    change = np.repeat([truths.wellbeing_change, truths.wellbeing_change_others], [len(served), len(others)])
    again = (rng.random(len(person)) < truths.answers_again) & (began + AFTER_DAYS < days[-1])
    level = rng.normal(0, truths.wellbeing_spread * np.sqrt(0.6), len(person))
    rows: list[tuple[np.ndarray, ...]] = []
    for wave in (1, 2):
        noise = rng.normal(0, truths.wellbeing_spread * np.sqrt(0.4), len(person))
        raw = truths.wellbeing_start + level + noise + (change if wave == 2 else 0)
        for number, measure in enumerate(MEASURES):
            value = raw if number == 0 else _personal(raw, measure, truths, rng)
            low, high = (7, 35) if number == 0 else (0, 10)
            kept = np.arange(len(person)) if wave == 1 else np.flatnonzero(again)
            rows.append(
                (
                    person[kept],
                    np.full(len(kept), number),
                    np.full(len(kept), wave),
                    began[kept] + (wave - 1) * AFTER_DAYS,
                    np.clip(np.rint(value[kept]), low, high),
                )
            )
    names = ("person", "measure", "wave", "on", "value")
    arrays = {name: np.concatenate([row[place] for row in rows]) for place, name in enumerate(names)}
    order = np.lexsort((arrays["wave"], arrays["measure"], arrays["person"]))
    arrays = {name: values[order].astype(np.int64) for name, values in arrays.items()}
    arrays["person"] += block.first_person
    columns = {
        "person_id": person_id("person"),
        "measure": pick(MEASURES, "measure"),
        "wave": "wave",
        "measured_on": day('"on"'),
        "value": '"value"',
    }
    return Rows(arrays, columns)


def _personal(raw: np.ndarray, measure: str, truths: Truths, rng: np.random.Generator) -> np.ndarray:
    """Draw an ONS4 answer that goes with wellbeing; anxiety runs the other way."""
    centred = (raw - truths.wellbeing_start) / truths.wellbeing_spread
    sign, middle = (-1, 4.0) if measure.endswith("anxiety") else (1, 6.0)
    return middle + sign * 1.2 * centred + rng.normal(0, 1.2, len(raw))


def all_agencies(others: int) -> list[tuple[str, str, str]]:
    """List the agencies: those of the pathways, and other groups that answer the survey."""
    kinds = ("voluntary", "schools", "housing", "general-practice")
    more = [(f"group-{n:02d}", f"Harbour Group {n:02d}", kinds[n % len(kinds)]) for n in range(1, others + 1)]
    return [*AGENCIES, *more]


def block_of(agencies: Sequence[tuple[str, str, str]]) -> np.ndarray:
    """Give each agency's planted block: those named in ``BLOCKS``, the others in turn."""
    known = {name: place for place, block in enumerate(BLOCKS) for name in block}
    return np.array([known.get(agency, place % 2) for place, (agency, _, _) in enumerate(agencies)])


def draw_ties(blocks: np.ndarray, truths: Truths, rng: np.random.Generator) -> np.ndarray:
    """Draw what each agency scores each other one, before rounding.

    Returns
    -------
    numpy.ndarray
        Agencies × agencies, points; the two directions of a dyad agree beyond the blocks as planted.
    """
    size = len(blocks)
    mean = np.where(blocks[:, None] == blocks[None, :], truths.tie_within, truths.tie_between)
    shared, own = rng.normal(0, 1, (2, size, size))
    shared = np.triu(shared, 1)
    shared = shared + shared.T
    rho = truths.tie_reciprocity
    return mean + 0.5 * (np.sqrt(rho) * shared + np.sqrt(1 - rho) * own)


def write_ties(folder: Path, agencies: Sequence[tuple[str, str, str]], truths: Truths, seed: int) -> list[str]:
    """Write the partnership survey, two waves; give the agencies that did not answer."""
    rng = stream(seed, "ties")
    scores = draw_ties(block_of(agencies), truths, rng)
    silent = {int(at) for at in rng.permutation(len(agencies))[: len(agencies) // 8]}
    rows = []
    for wave in (1, 2):
        for item in ITEMS:
            said = scores + rng.normal(0, 0.2, scores.shape) + truths.tie_gain * (wave - 1)
            rows += [
                (agencies[one][0], agencies[other][0], item, f"{said[one, other]:.2f}", wave)
                for one in range(len(agencies))
                for other in range(len(agencies))
                if one != other and one not in silent
            ]
    write_table(
        folder,
        "ties.csv",
        dict(zip(("respondent", "rated", "item", "score", "wave"), zip(*rows, strict=True), strict=True)),
    )
    return sorted(agencies[at][0] for at in silent)


def write_ratings(folder: Path, agencies: Sequence[tuple[str, str, str]], truths: Truths, seed: int) -> None:
    """Write how far two raters of each agency find it on each commitment, in two rounds."""
    rng = stream(seed, "ratings")
    rows = []
    for agency, _, _ in agencies:
        for commitment, mean in truths.commitment_means.items():
            level = mean + rng.normal(0, 0.5)
            for rater in ("lead", "peer"):
                for on, gain in ((truths.baseline.end, 0.0), (truths.follow_up.end, truths.commitment_gain)):
                    rating = int(np.clip(np.rint(level + gain + rng.normal(0, 0.4)), 1, 5))
                    evidence = _EVIDENCE[int(rng.integers(len(_EVIDENCE)))]
                    rows.append((commitment, agency, rater, rating, f"{on}-15", evidence))
    names = ("commitment", "agency_id", "rater", "rating", "rated_on", "evidence")
    write_table(folder, "commitment_ratings.csv", dict(zip(names, zip(*rows, strict=True), strict=True)))


def write_voices(folder: Path, places: Places, truths: Truths, seed: int) -> None:
    """Write what people said, by theme."""
    rng = stream(seed, "voices")
    size, home = truths.voices, np.flatnonzero(places.home)
    themes = [list(truths.theme_shares)[at] for at in draw_codes(rng, truths.theme_shares, size)]
    days = month_starts(truths.months)
    on = days[0] + rng.integers(0, int((days[-1] - days[0]).astype(int)), size)
    write_table(
        folder,
        "voices.csv",
        {
            "voice_id": [f"W{number:05d}" for number in range(1, size + 1)],
            "theme": themes,
            "text": [_SAID[theme][at] for theme, at in zip(themes, rng.integers(2, size=size), strict=True)],
            "said_on": np.datetime_as_string(on).tolist(),
            "group": [GROUPS[at] for at in rng.integers(len(GROUPS), size=size)],
            "agency_id": [AGENCIES[at][0] for at in rng.integers(len(AGENCIES), size=size)],
            "area_code": [places.code[at] for at in home[rng.integers(len(home), size=size)]],
            "consent": ["yes" if agreed else "no" for agreed in rng.random(size) < 0.9],
        },
    )


def write_assets(folder: Path, places: Places, truths: Truths, seed: int) -> None:
    """Write what the community has, a Poisson number an area."""
    rng = stream(seed, "assets")
    home = np.flatnonzero(places.home)
    area = np.repeat(home, rng.poisson(truths.assets_per_area, len(home)))
    kinds = list(codelist("asset-kinds"))
    kind = [kinds[at] for at in rng.integers(len(kinds), size=len(area))]
    longitude, latitude = places.point(area, *(rng.integers(LATTICE, size=len(area)) for _ in range(2)))
    labels = codelist("asset-kinds")
    write_table(
        folder,
        "assets.csv",
        {
            "asset_id": [f"A{number:05d}" for number in range(1, len(area) + 1)],
            "asset_name": [f"{labels[name]['label']}, {places.name[at]}" for name, at in zip(kind, area, strict=True)],
            "kind": kind,
            "area_code": [places.code[at] for at in area],
            "longitude": [f"{value:.5f}" for value in longitude],
            "latitude": [f"{value:.5f}" for value in latitude],
            "open_to": [_OPEN_TO[at] for at in rng.integers(len(_OPEN_TO), size=len(area))],
        },
    )
