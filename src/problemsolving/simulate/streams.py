"""Randomness by name: each subject of each block has its own stream, whoever works on it and in whatever order."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def stream(seed: int, subject: str, block: int = 0) -> np.random.Generator:
    """Give the generator of one subject in one block of areas."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(zlib.crc32(subject.encode()), block)))


def draw_codes(rng: np.random.Generator, shares: Mapping[str, float], size: int) -> NDArray[np.int16]:
    """Draw positions in a mapping of shares that need not sum to one."""
    weights = np.cumsum(list(shares.values()))
    return np.minimum(np.searchsorted(weights, rng.random(size) * weights[-1], side="right"), len(weights) - 1).astype(
        np.int16
    )
