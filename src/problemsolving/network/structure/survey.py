"""Build the network between agencies from what they say of each other."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from problemsolving.network.structure.agency_network import AgencyNetwork
from problemsolving.network.structure.checks import (
    agency_faults,
    column_faults,
    duplicate_faults,
    number_faults,
    scale_faults,
    stop,
    unlisted,
)
from problemsolving.network.structure.rows import Scale, Sectors, as_texts, cleaned, ends_of, turned


def build_from_survey(
    ratings: pd.DataFrame,
    *,
    agencies: Sequence[str],
    respondents: Sequence[str],
    items: Sequence[str],
    sectors: Sectors = None,
    rater: str = "rater",
    rated: str = "rated",
    scale: Scale | None = None,
    inverted: bool = False,
) -> AgencyNetwork:
    """Build the directed network of what agencies say of each other.

    Answers: who says that it works with whom, and how closely?

    Parameters
    ----------
    ratings : pandas.DataFrame
        One row a rater and rated agency, a column an item (for rows of one item each see `spread_items`).
    agencies : sequence of str
        Every agency that was asked or could be rated.
    respondents : sequence of str
        Agencies that answered. Mandatory: a missing row is no tie from one that answered, and not known from one that
        did not.
    items : sequence of str
        Columns with scores; a tie's weight is the mean of the items answered.
    sectors : mapping of str to str, optional
        Sector of each agency.
    rater, rated : str
        Columns with the agencies.
    scale : tuple of float, optional
        Lowest and highest score that could be given.
    inverted : bool
        Whether the lowest score means most (1 = most often): scores are then turned round within ``scale``.

    Returns
    -------
    AgencyNetwork
        Directed; ``weight`` of an arc is the mean score. A row without any answer is a pair left open, not known.

    Raises
    ------
    NetworkError
        For every fault at once.

    Notes
    -----
    Do not turn a scale that the data's source has turned already.

    Examples
    --------
    >>> rows = pd.DataFrame({"rater": ["a", "b"], "rated": ["b", "a"], "often": [1, 4]})
    >>> found = build_from_survey(rows, agencies=["a", "b", "c"], respondents=["a", "b"], items=["often"], scale=(1, 4), inverted=True)
    >>> found.arcs.values.tolist(), found.silent
    ([['a', 'b', 4.0], ['b', 'a', 1.0]], ('c',))
    """
    columns = (rater, rated, list(items))
    stop(survey_faults(ratings, agencies, respondents, sectors, columns, scale, inverted=inverted), "ratings")
    scores = ratings[list(items)].astype(float)
    arcs = ends_of(ratings[rater], ratings[rated])
    arcs["weight"] = turned(scores, scale, inverted).mean(axis=1).to_numpy()
    kept, told = cleaned(arcs)
    told |= {"open_pairs": int(kept["weight"].isna().sum())}
    return AgencyNetwork(
        tuple(sorted(str(name) for name in agencies)),
        kept.sort_values(["sender", "receiver"], ignore_index=True),
        True,
        as_texts(sectors),
        tuple(sorted({str(name) for name in respondents})),
        {"source": "survey", "rows": len(ratings), **told, "scale_turned": inverted},
        "ties reported",
    )


def survey_faults(
    ratings: pd.DataFrame,
    agencies: Sequence[str],
    respondents: Sequence[str],
    sectors: Sectors,
    columns: tuple[str, str, list[str]],
    scale: Scale | None,
    *,
    inverted: bool,
) -> list[str]:
    """Find everything that is wrong with ratings; ``columns`` are rater, rated and items."""
    rater, rated, items = columns
    names, answered = {str(name) for name in agencies}, {str(name) for name in respondents}
    faults = [*agency_faults(agencies, sectors), *column_faults(ratings, [rater, rated, *items])]
    faults += ["items: name at least one column with scores"] if not items else []
    faults += [f'respondents: "{name}" is not in the list of agencies' for name in sorted(answered - names)]
    faults += unlisted(ratings, [rater, rated], agencies) + scale_faults(scale, inverted=inverted)
    faults += duplicate_faults(ratings, [rater, rated], directed=True)
    faults += number_faults(ratings, items, scale=scale, required=False)
    raters = {str(name) for name in ratings[rater].dropna()} if rater in ratings else set()
    return faults + [f'"{name}" rates others and is not among the respondents' for name in sorted(raters - answered)]


def spread_items(
    ratings: pd.DataFrame, *, rater: str = "rater", rated: str = "rated", item: str = "item", score: str = "score"
) -> pd.DataFrame:
    """Turn one row an item into one row a rater and rated agency, a column an item.

    Raises
    ------
    NetworkError
        For missing columns and for items that a rater gave twice.

    Notes
    -----
    Do not use for several waves of a survey at once.

    Examples
    --------
    >>> long = pd.DataFrame({"rater": ["a", "a"], "rated": ["b", "b"], "item": ["x", "y"], "score": [1, 3]})
    >>> spread_items(long).values.tolist()
    [['a', 'b', 1, 3]]
    """
    names = [rater, rated, item, score]
    faults = column_faults(ratings, names)
    stop(faults or duplicate_faults(ratings, names[:3], directed=True), "ratings")
    return ratings.pivot(index=[rater, rated], columns=item, values=score).reset_index().rename_axis(columns=None)
