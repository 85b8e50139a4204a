"""What a model is tried on: whole blocks of neighbours, or what came later. Never a random half of the rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

FEWEST = 3  # folds, so that they give an interval


@dataclass(frozen=True, eq=False)
class Fold:
    """Rows a model learns from and rows it is tried on."""

    name: str
    train: NDArray[np.intp]
    test: NDArray[np.intp]


def block_folds(blocks: pd.Series, *, n_folds: int) -> list[Fold]:
    """Hold out given blocks in turn; where there are more blocks than folds, several blocks at a time.

    Parameters
    ----------
    blocks : pandas.Series
        Label of the block of each row, for example its district or ward.
    n_folds : int
        Most folds, 3 or more.

    Returns
    -------
    list of Fold
        A block is never on both sides.

    Raises
    ------
    ValueError
        For fewer than three blocks or a row without one.
    """
    from sklearn.model_selection import GroupKFold

    if blocks.isna().any():
        raise ValueError("blocks must hold a label for every area")
    known = sorted(map(str, blocks.unique()))
    if len(known) < FEWEST:
        raise ValueError(f"blocks must hold {FEWEST} different labels or more, so that each can be held out in turn")
    labels = blocks.astype(str).to_numpy()
    if len(known) <= n_folds:
        return [Fold(name, np.flatnonzero(labels != name), np.flatnonzero(labels == name)) for name in known]
    split = GroupKFold(n_splits=n_folds).split(labels, groups=labels)
    return [Fold(f"group {number} of blocks", train, test) for number, (train, test) in enumerate(split, 1)]


def near_folds(places: pd.DataFrame, *, n_folds: int, rng: np.random.Generator) -> list[Fold]:
    """Hold out neighbouring areas together: k-means on their coordinates.

    Parameters
    ----------
    places : pandas.DataFrame, shape (n, 2)
        Easting and northing in metres, or longitude and latitude in degrees.
    n_folds : int
        Blocks, 3 or more.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    list of Fold
        Blocks are numbered from west to east.

    Raises
    ------
    ValueError
        For a missing coordinate or fewer places than blocks.
    """
    from sklearn.cluster import KMeans

    points = places.to_numpy(float)
    if not np.isfinite(points).all():
        raise ValueError("coordinates must hold a place for every area")
    if len(np.unique(points, axis=0)) < n_folds:
        raise ValueError("coordinates hold fewer different places than n_folds")
    if (np.abs(points) <= [180.0, 90.0]).all():  # degrees: a degree of longitude is shorter than one of latitude
        points = points * [np.cos(np.deg2rad(points[:, 1].mean())), 1.0]
    found = KMeans(n_folds, n_init=4, random_state=int(rng.integers(2**31))).fit(points)
    order = np.argsort(found.cluster_centers_[:, 0])
    return [
        Fold(f"block {number}", np.flatnonzero(found.labels_ != block), np.flatnonzero(found.labels_ == block))
        for number, block in enumerate(order, 1)
    ]


def later_folds(periods: pd.Series) -> list[Fold]:
    """Hold out each period after the first; learn from all periods before it.

    Parameters
    ----------
    periods : pandas.Series
        Period of each row, in a form that sorts by time.

    Returns
    -------
    list of Fold
        In time order; nothing is ever learnt from what came later.

    Raises
    ------
    ValueError
        For fewer than four periods or a row without one.
    """
    if periods.isna().any():
        raise ValueError("period must hold a period for every row")
    known = sorted(periods.unique())
    if len(known) <= FEWEST:
        raise ValueError(
            f"period must hold {FEWEST + 1} different periods or more: one to learn from, three to be tried on"
        )
    return list(_forward(periods.to_numpy(), known))


def _forward(periods: np.ndarray, known: list[object]) -> Iterator[Fold]:
    earlier = np.zeros(periods.size, bool)
    for before, now in pairwise(known):
        earlier = earlier | (periods == before)
        yield Fold(str(now), np.flatnonzero(earlier), np.flatnonzero(periods == now))
