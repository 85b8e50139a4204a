"""People known to the partnership, block by block: who they are, who is vulnerable, who is a client."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from problemsolving.simulate.streams import draw_codes, stream
from problemsolving.simulate.truths import AGES, ETHNICITIES, OFFICER, Truths
from problemsolving.simulate.write import Rows, person_id, pick


@dataclass(frozen=True)
class Block:
    """A block of small areas with its share of people and clients; the first person's number makes pseudonyms."""

    number: int
    areas: np.ndarray  # positions of its small areas
    first_person: int
    people: int
    clients: int


@dataclass(frozen=True)
class People:
    """People of a block as arrays of one length; positions count from the block's first person."""

    age: np.ndarray
    male: np.ndarray
    ethnicity: np.ndarray  # position in ETHNICITIES, whether recorded or not
    ethnicity_known: np.ndarray
    officer: np.ndarray  # position in ETHNICITIES of the group that an officer saw
    disability: np.ndarray
    care: np.ndarray
    area: np.ndarray
    vulnerable: np.ndarray
    clients: np.ndarray  # positions of the people who take journeys

    def __len__(self) -> int:
        return len(self.age)


def make_blocks(home: np.ndarray, truths: Truths, block_areas: int) -> list[Block]:
    """Cut the partnership into blocks of small areas that can be made one without another."""
    parts = np.split(home, range(block_areas, len(home), block_areas))
    shares = np.cumsum([0, *(len(part) for part in parts)]) / len(home)
    people = np.round(shares * truths.people).astype(int)
    clients = np.round(shares * truths.clients).astype(int)
    return [
        Block(
            number,
            part,
            int(people[number]),
            int(people[number + 1] - people[number]),
            int(clients[number + 1] - clients[number]),
        )
        for number, part in enumerate(parts)
    ]


def make_people(block: Block, truths: Truths, seed: int) -> People:
    """Draw the people of a block."""
    rng, size = stream(seed, "people", block.number), block.people
    ethnicity = draw_codes(rng, ETHNICITIES, size)
    other = draw_codes(rng, ETHNICITIES, size)
    return People(
        age=draw_codes(rng, AGES, size),
        male=rng.random(size) < 0.52,
        ethnicity=ethnicity,
        ethnicity_known=rng.random(size) < truths.ethnicity_known,
        officer=np.where(rng.random(size) < truths.ethnicity_agrees, ethnicity, other),
        disability=rng.random(size) < truths.disability_share,
        care=rng.random(size) < truths.care_share,
        area=block.areas[rng.integers(len(block.areas), size=size)],
        vulnerable=rng.random(size) < truths.vulnerable_share,
        clients=np.sort(rng.permutation(size)[: block.clients]),
    )


def person_rows(block: Block, people: People) -> Rows:
    """Give the rows of the table ``person``."""
    officers = [OFFICER[code] for code in ETHNICITIES]
    return Rows(
        {
            "person": np.arange(block.first_person, block.first_person + len(people)),
            "age": people.age,
            "male": people.male,
            "self": np.where(people.ethnicity_known, people.ethnicity, -1),
            "officer": people.officer,
            "disability": people.disability,
            "care": people.care,
            "area": people.area,
        },
        {
            "person_id": person_id("person"),
            "age_band": pick(list(AGES), "age"),
            "sex": "if(male, 'male', 'female')",
            "ethnicity_self": pick(list(ETHNICITIES), "self"),
            "ethnicity_officer": pick(officers, "officer"),
            "disability": "if(disability, 'yes', 'no')",
            "care_experience": "if(care, 'yes', 'no')",
            "area_code": "code_of(area)",
        },
    )
