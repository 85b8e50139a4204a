"""Hidden population from one list: how often each person was seen tells how many never were, within a range."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
import pandas as pd

from problemsolving.measures.capture import chao, zelterman, zero_truncated_poisson
from problemsolving.measures.faults import stop_at
from problemsolving.measures.ranges import (
    CLOSED,
    PROBABLE,
    HiddenPopulation,
    Linked,
    Range,
    check_linked,
    model_rows,
    share_faults,
    tried,
)
from problemsolving.results import Method

UNEQUAL = (
    "people differ in how often they are seen; then the truth lies above these estimates, and Chao's is its lower bound; "
    "where a first contact keeps people from a second (an arrest, say) they are too high"
)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class HiddenByRepeats(HiddenPopulation):
    """From how often each person on one list was seen: ``frame`` has ``group``, ``times`` and ``count``."""

    tail: int | None = None

    margins: ClassVar[tuple[tuple[str, ...], ...]] = ((),)

    @cached_property
    def _estimates(self) -> pd.DataFrame:
        found = self._of(self.frame["count"].to_numpy(float))
        found.insert(1, "count", self.seen)
        return found.assign(in_range=np.where(found["defensible"], "yes", "no"))

    def _of(self, counts: np.ndarray) -> pd.DataFrame:
        """Give the three estimates."""
        people = dict(zip(self.frame["times"].astype(int), counts, strict=True))
        once, twice, seen = people.get(1, 0.0), people.get(2, 0.0), float(counts.sum())
        level = self.level
        twice_known = np.array([0.0 if self.tail != 2 else np.nan])
        return model_rows(
            {
                "Zero-truncated Poisson, all alike": tried(
                    lambda: zero_truncated_poisson(people, tail=self.tail, confidence_level=level), counts
                ),
                "Chao, lower bound": tried(
                    lambda: chao(once, twice, seen=seen, confidence_level=level), np.append(counts, twice_known)
                ),
                "Zelterman": tried(
                    lambda: zelterman(once, twice, seen=seen, confidence_level=level), np.append(counts, twice_known)
                ),
            }
        )

    @cached_property
    def sensitivity(self) -> dict[str, Range]:
        """The range, had so many contacts not been linked to their person."""
        counts, found = self.frame["count"].to_numpy(float), {}
        for missed in self.missed_links if np.isfinite(counts).all() and len(counts) > 1 else ():
            turned = np.eye(len(counts))
            several = np.arange(1, len(counts))
            turned[several, several] -= missed
            turned[several - 1, several] += missed
            turned[0, several] += missed
            joined = np.linalg.solve(turned, counts)
            if (joined >= 0).all():
                found[f"had {missed:.0%} of people with several contacts been missed once"] = Range.of(self._of(joined))
        return found


def estimate_hidden_by_repeats(
    people: Mapping[int, int],
    *,
    linked: Linked,
    tail: int | None = None,
    missed_links: Sequence[float] = (0.05, 0.10),
    confidence_level: float = 0.95,
    of: str = "people",
) -> HiddenByRepeats:
    """Estimate how many people there are in all from how often each person on one list was seen.

    Answers: how many like those on this list were never seen?

    Parameters
    ----------
    people : mapping of int to int
        Number of contacts (1, 2, …) → people with exactly so many.
    linked : {"exact", "probabilistic", "no"}
        How contacts of a person were brought together.
    tail : int, optional
        Contacts from which on people are counted together (3: "3 or more"); small counts are then withheld less often.
    missed_links : sequence of float
        Shares of people with several contacts of whom one may have been taken for another person's, below 1.
    confidence_level : float
        Between 0 and 1.
    of : str
        Who is counted, in the plural.

    Returns
    -------
    HiddenByRepeats
        A range in people over the zero-truncated Poisson, Chao's and Zelterman's estimates.

    Raises
    ------
    NotEstimableError
        For contacts that are not linked by person.
    ValueError
        For every other fault at once.

    Notes
    -----
    The zero-truncated Poisson takes all people to be alike and is too low where they are not; Chao's is a lower bound
    then; Zelterman's looks at those seen once and twice alone. Where a first contact changes the chance of a second
    none of them holds.

    References
    ----------
    van der Heijden PGM et al. (2003) Stat Modelling 3:305. doi:10.1191/1471082X03st057oa
    Chao A (1987) Biometrics 43:783. doi:10.2307/2531532
    Zelterman D (1988) J Stat Plan Inference 18:225.

    Examples
    --------
    >>> seen = {1: 1645, 2: 183, 3: 37, 4: 13, 5: 1, 6: 1}
    >>> estimate_hidden_by_repeats(seen, linked="exact").estimates()["estimate"].round().tolist()
    [7080.0, 9274.0, 9425.0]
    """
    check_linked(linked)
    faults = share_faults(missed_links)
    if (
        not people
        or any(times < 1 or times != int(times) for times in people)
        or any(count < 0 for count in people.values())
    ):
        faults.append("people must give for 1, 2, … contacts a count of 0 or more")
    if tail is not None and tail < 2:
        faults.append("tail must be 2 or more")
    stop_at(faults, what="the estimate")
    last = max(times for times, count in people.items() if count > 0) if any(people.values()) else 1
    end = min(last, tail) if tail else last
    counts = pd.Series(0.0, index=range(1, end + 1)).add(
        pd.Series(people, dtype=float).groupby(lambda times: min(times, end)).sum(), fill_value=0
    )
    is_open = tail is not None and end == tail
    labels = [
        f"{times} contact{'s' if times > 1 else ''}" + (" or more" if is_open and times == end else "")
        for times in counts.index
    ]
    return HiddenByRepeats(
        method=Method(
            "Zero-truncated Poisson, Chao, Zelterman",
            "van der Heijden et al. 2003; Chao 1987; Zelterman 1988",
            {"linked": linked},
        ),
        unit=of,
        caveats=(UNEQUAL, CLOSED, *([PROBABLE] if linked == "probabilistic" else [])),
        frame=pd.DataFrame({"group": labels, "times": counts.index.to_numpy(float), "count": counts.to_numpy()}),
        tail=tail if is_open else None,
        missed_links=tuple(missed_links),
        level=confidence_level,
        of=of,
    )
