"""Places as pairs of degrees, found in text: for data so dense that a single number tells nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from problemsolving.identifiers import plain

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from problemsolving.dictionary.reading import Reading

SCALE = 10_000  # four decimals: about ten metres
DENSE = 20_000  # different values of a coordinate from which numbers on any page are values of it by chance
NEAR = 60  # characters between two numbers that belong together
_NEXT = 3  # numbers after one that may be its partner
_WIDE = 10_000_000  # more than any longitude times the scale
_NUMBER = re.compile(r"(?<![\d.])\d{1,3}\.\d{4,}")


@dataclass(frozen=True)
class Places:
    """Points that a run knows, to four decimals without their sign: kept in memory alone, never shown."""

    keys: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64), repr=False)

    def stand_in(self, text: str) -> bool:
        """Tell whether a latitude and a longitude of one point stand side by side in a text, in any order.

        Signs do not count, and the last digit may be cut rather than rounded.
        """
        if not self.keys.size:
            return False
        found = [(match.start(), match.end(), float(match[0])) for match in _NUMBER.finditer(plain(text))]
        pairs = [
            pair
            for place, (_, end, first) in enumerate(found)
            for start, _, second in found[place + 1 : place + 1 + _NEXT]
            if start - end <= NEAR
            for pair in ((first, second), (second, first))
            if 49 <= pair[0] <= 61 and pair[1] <= 9
        ]
        if not pairs:
            return False
        scaled = np.rint(np.array(pairs) * SCALE).astype(np.int64)
        steps = np.array([-1, 0, 1])
        keys = ((scaled[:, 0, None] + steps)[:, :, None] * _WIDE + (scaled[:, 1, None] + steps)[:, None, :]).ravel()
        at = np.minimum(np.searchsorted(self.keys, keys), self.keys.size - 1)
        return bool((self.keys[at] == keys).any())


def collect_places(readings: Iterable[Reading]) -> Places:
    """Collect the points of readings that have both coordinates."""
    found = [
        reading.query(
            f"select distinct cast(round(abs(latitude) * {SCALE}) as bigint) * {_WIDE} + "
            f"cast(round(abs(longitude) * {SCALE}) as bigint) as key from canonical "
            "where latitude is not null and longitude is not null"
        )["key"].to_numpy(np.int64)
        for reading in readings
        if {"latitude", "longitude"} <= set(reading.columns)
    ]
    return Places(np.unique(np.concatenate(found))) if found else Places()
