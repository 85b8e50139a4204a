"""Who or where an event is about: identifiers, and words for those they name."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike


def known_identifiers(identifiers: ArrayLike) -> pd.Series:
    """Give identifiers with what is blank as missing.

    >>> known_identifiers(["a", " ", None]).isna().tolist()
    [False, True, True]
    """
    plain = pd.Series(identifiers if isinstance(identifiers, pd.Series | pd.Index) else np.asarray(identifiers, object))
    plain = plain.reset_index(drop=True)
    blank = plain.map(lambda value: isinstance(value, str) and not value.strip()).astype(bool)
    return plain.mask(blank)


def one_of(who: str) -> str:
    """Name one of several.

    >>> one_of("people"), one_of("addresses"), one_of("places")
    ('person', 'address', 'place')
    """
    if who == "people":
        return "person"
    return who.removesuffix("es") if who.endswith("sses") else who.removesuffix("s")
