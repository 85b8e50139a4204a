"""Results that say their own caveats from the counts they hold, so that a withheld count tells nothing through one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import pandas as pd

from problemsolving.results import FrameResult


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ToldResult(FrameResult):
    """Base of results with caveats that depend on counts: made again with them, the caveats too."""

    def told(self) -> tuple[str, ...]:
        """Give the caveats that follow from the counts."""
        return ()

    def telling(self) -> Self:
        """Give the result with the caveats that follow from its counts."""
        return self.with_caveats(*self.told())

    def rebuild(self, cells: pd.DataFrame) -> Self:
        if cells["count"].equals(self.frame["count"]):
            return self
        stale = set(self.told())
        kept = tuple(caveat for caveat in self.caveats if caveat not in stale)
        return replace(self, frame=cells, caveats=kept).telling()
