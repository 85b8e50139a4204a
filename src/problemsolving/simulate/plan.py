"""A partnership before any row is drawn: its areas, blocks, response and what each area is to expect."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from problemsolving.simulate.incidents import record_block
from problemsolving.simulate.people import Block, People, make_blocks, make_people
from problemsolving.simulate.places import Places, Response, choose_response, make_places
from problemsolving.simulate.rates import draw_drift, expected_counts
from problemsolving.simulate.streams import stream
from problemsolving.simulate.truths import Truths
from problemsolving.simulate.worlds import SIZES, Size, month_factors, plant


@dataclass(frozen=True)
class Partnership:
    """What is planted and where; ``response`` is None where it is chosen after the baseline was counted."""

    seed: int
    truths: Truths
    layout: Size
    places: Places
    blocks: list[Block]
    response: Response | None
    expected: dict[str, np.ndarray]  # category → areas × months, incidents

    def people(self, block: Block) -> People:
        """Draw the people of a block."""
        return make_people(block, self.truths, self.seed)

    def incidents(self, block: Block, people: People) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Draw a block's incidents as arrays, and its violent incidents by area and month."""
        means = {category: values[block.areas] for category, values in self.expected.items()}
        return record_block(block, people, self.places, means, self.truths, self.seed)

    def each_block(self) -> Iterator[tuple[Block, People, dict[str, np.ndarray]]]:
        """Draw people and incidents of every block in memory, one after another."""
        for block in self.blocks:
            people = self.people(block)
            yield block, people, self.incidents(block, people)[0]


def make_partnership(
    *, seed: int = 2025, size: str = "demo", world: str = "standard", truths: Truths | None = None
) -> Partnership:
    """Plan a partnership: everything that is the same for all its blocks, and no file.

    Parameters
    ----------
    seed : int
        The same seed gives the same partnership.
    size : {"demo", "county", "region"}
        About 17,000, a million or ten million incidents.
    world : str
        What is planted; see ``worlds.plant``.
    truths : Truths, optional
        What is planted, in place of the world's.

    Raises
    ------
    ParameterError
        For an unknown size or world.

    Examples
    --------
    >>> plan = make_partnership()
    >>> plan.expected["violent-crime"].shape
    (78, 24)
    """
    planned = plant(size=size, world=world)
    truths, layout = truths or planned, SIZES[size]
    places = make_places(seed, truths, layout)
    response = None if truths.picked_for_being_high else choose_response(places, truths)
    drift = draw_drift(places, truths, seed)
    factors = month_factors(truths, truths.months, stream(seed, "months"))
    expected = {
        category: expected_counts(places, truths, response, category=category, drift=drift, factors=factors)
        for category in truths.shares
    }
    blocks = make_blocks(np.flatnonzero(places.home), truths, layout.block_areas)
    return Partnership(seed, truths, layout, places, blocks, response, expected)
