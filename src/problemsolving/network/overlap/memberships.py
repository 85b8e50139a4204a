"""Who is known to which agency: one sparse table of people and agencies, whatever it was read from."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from problemsolving.errors import NetworkError, nearest

Floats = NDArray[np.float64]
MOST_AGENCIES = 400  # pairs of more can neither be read nor tested in one go
BLANK = "Rows that lack a person or an agency are left out"


@dataclass(frozen=True, eq=False)
class Memberships:
    """People × agencies, 1 where the person is known to the agency.

    Attributes
    ----------
    known : scipy.sparse.csr_array, shape (people, agencies)
        0 and 1.
    agencies : tuple of str
        In order of their names; those that know no one stay in.
    people : sequence
        Identifiers in the order of the rows; their places where a matrix was given. Never shown.
    caveats : tuple of str
        What was left out.
    """

    known: sparse.csr_array
    agencies: tuple[str, ...]
    people: Sequence[Hashable]
    caveats: tuple[str, ...] = ()

    @property
    def sizes(self) -> Floats:
        """People known to each agency."""
        return np.bincount(self.known.indices, minlength=len(self.agencies)).astype(float)

    @property
    def number(self) -> NDArray[np.int64]:
        """Agencies that know each person."""
        return np.diff(self.known.indptr).astype(np.int64)

    @property
    def shared(self) -> Floats:
        """People known to both, agencies × agencies; sizes on the diagonal."""
        return np.asarray((self.known.T @ self.known).toarray(), float)

    def by_number(self) -> Floats:
        """People known to each agency (columns) by the number of agencies that know them (rows 0 to all)."""
        size = len(self.agencies)
        rows = np.repeat(self.number, self.number)
        cells = np.bincount(rows * size + self.known.indices, minlength=(size + 1) * size)
        return cells.reshape(size + 1, size).astype(float)


def read_memberships(
    memberships: pd.DataFrame | sparse.sparray | NDArray[Any],
    *,
    agencies: Sequence[str] | None = None,
    person: str = "person_id",
    agency: str = "agency",
) -> Memberships:
    """Read who is known to which agency.

    Parameters
    ----------
    memberships : pandas.DataFrame, or array or sparse array of shape (people, agencies)
        One row a person and agency (repeated rows count once), or a matrix of 0 and 1.
    agencies : sequence of str, optional
        Every agency asked, so that those that know no one stay in. Needed with a matrix: the names of its columns.
    person, agency : str
        Columns of a table.

    Returns
    -------
    Memberships
        The order of the rows given says nothing.

    Raises
    ------
    NetworkError
        For every fault at once: missing columns, agencies that are not listed or listed twice, fewer than two agencies,
        a matrix that holds anything but 0 and 1.

    Notes
    -----
    Do not use identifiers that were given anew by each agency: one person would be several.

    Examples
    --------
    >>> rows = pd.DataFrame({"person_id": ["p", "p", "q"], "agency": ["police", "council", "police"]})
    >>> read = read_memberships(rows)
    >>> read.agencies, read.sizes.tolist(), read.number.tolist()
    (('council', 'police'), [1.0, 2.0], [2, 1])
    """
    if isinstance(memberships, pd.DataFrame):
        return _from_table(memberships, agencies, person, agency)
    return _from_matrix(memberships, agencies)


def _from_table(rows: pd.DataFrame, agencies: Sequence[str] | None, person: str, agency: str) -> Memberships:
    lost = [f'no column "{name}"{nearest(name, list(map(str, rows)))}' for name in (person, agency) if name not in rows]
    _stop([*lost, *_name_faults(agencies)])
    full = rows[[person, agency]].dropna()
    place, people = pd.factorize(full[person])
    column, found = pd.factorize(full[agency])
    names = [str(name) for name in found]
    listed = sorted(set(names) if agencies is None else map(str, agencies))
    faults = [f"not listed: {name}{nearest(name, listed)}" for name in sorted(set(names) - set(listed))]
    _stop([*faults, *_number_faults(listed)])
    at = {name: number for number, name in enumerate(listed)}
    codes = np.array([at[name] for name in names], np.int64)[column] if len(names) else np.zeros(0, np.int64)
    cells = np.unique(place * len(listed) + codes)
    counts = np.bincount(cells // len(listed), minlength=len(people))
    known = sparse.csr_array(
        (np.ones(len(cells), np.int32), cells % len(listed), np.concatenate([[0], np.cumsum(counts)])),
        shape=(len(people), len(listed)),
    )
    return Memberships(known, tuple(listed), people, (BLANK,) * (len(full) < len(rows)))


def _from_matrix(matrix: Any, agencies: Sequence[str] | None) -> Memberships:
    faults = _name_faults(agencies)
    if agencies is None:
        faults.append("name the columns of the matrix with agencies")
    given = sparse.csr_array(matrix) if sparse.issparse(matrix) else np.asarray(matrix)
    if given.ndim != 2 or (agencies is not None and given.shape[1] != len(agencies)):
        faults.append("the matrix must have one row a person and one column an agency")
    values = given.data if isinstance(given, sparse.csr_array) else given
    if not np.isin(values, (0, 1)).all():
        faults.append("the matrix must hold 0 and 1 alone")
    names = [str(name) for name in agencies or ()]
    _stop([*faults, *_number_faults(names)])
    order = np.argsort(names, kind="stable")
    known = sparse.csr_array(given, dtype=np.int32)[:, order]
    known.eliminate_zeros()
    known.sort_indices()
    return Memberships(known, tuple(names[at] for at in order), range(known.shape[0]))


def _name_faults(agencies: Sequence[str] | None) -> list[str]:
    names = [str(name) for name in agencies or ()]
    return [f"listed twice: {name}" for name in sorted({name for name in names if names.count(name) > 1})]


def _number_faults(names: Sequence[str]) -> list[str]:
    if len(names) < 2:
        return ["at least two agencies are needed"]
    return [f"no more than {MOST_AGENCIES} agencies; join some"] if len(names) > MOST_AGENCIES else []


def _stop(faults: Sequence[str]) -> None:
    if faults:
        raise NetworkError("who is known to which agency cannot be read", faults=faults)


def population_faults(population: float, seen: int) -> list[str]:
    """Say what is wrong with the size of a population of whom so many are known to an agency."""
    if not (np.isfinite(population) and population > 0):
        return ["population must be the number of people who could be known to an agency, above 0"]
    return ["population is smaller than the number of people known to an agency"] if population < seen else []
