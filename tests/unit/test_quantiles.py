"""Quantiles: sizes, direction, ties, sets, what is missing."""

import numpy as np
import pandas as pd
import pytest

from problemsolving.governance.policies import POLICIES
from problemsolving.governance.release import release
from problemsolving.measures.quantiles import assign_quantiles


def assign(values, n_quantiles=5, first="highest", **settings):
    return assign_quantiles(
        pd.DataFrame({"score": values}), value="score", first=first, n_quantiles=n_quantiles, **settings
    )


def sizes(result):
    return result.frame["count"].astype(int).tolist()


def test_the_published_convention_in_fractions():
    """The formula of the guidance as it stands there, in exact fractions, area by area."""
    from fractions import Fraction
    from math import ceil, floor

    for n, groups in ((5, 5), (7, 3), (13, 5), (28, 20), (92, 20), (101, 10), (250, 100)):
        found = assign(range(n, 0, -1), groups).assigned
        for rank, quantile in enumerate(found, 1):
            assert quantile == floor(groups + 1 - ceil(Fraction(n + 1 - rank) / Fraction(n, groups)))


@pytest.mark.parametrize(
    ("n", "groups", "expected"),
    [(10, 5, [2] * 5), (11, 5, [3, 2, 2, 2, 2]), (12, 5, [3, 2, 3, 2, 2]), (13, 5, [3, 3, 2, 3, 2]), (7, 3, [3, 2, 2])],
)
def test_uneven_sizes_put_the_larger_group_first(n, groups, expected):
    assert sizes(assign(range(n), groups)) == expected


def test_the_first_quantile_is_the_end_that_is_named():
    scores = [9, 1, 5]
    assert assign(scores, 3, "highest").assigned.tolist() == [1, 3, 2]
    assert assign(scores, 3, "lowest").assigned.tolist() == [3, 1, 2]


def test_a_score_from_the_top_and_its_rank_from_the_bottom_are_one():
    scores = pd.Series(np.random.default_rng(1).permutation(97).astype(float))
    by_score, by_rank = assign(scores, 10), assign(scores.rank(ascending=False), 10, "lowest")
    pd.testing.assert_series_equal(by_score.assigned, by_rank.assigned)


def test_areas_that_tie_share_the_quantile_nearest_the_first_and_it_is_said():
    result = assign([10, 9, 8, 8, 2, 1], 3)
    assert result.assigned.tolist() == [1, 1, 2, 2, 3, 3] and result.caveats == ()
    across = assign([10, 8, 8, 4, 2, 1], 3)
    assert across.assigned.tolist() == [1, 1, 1, 2, 3, 3] and "look at them by hand" in across.caveats[0]
    assert assign([1] * 6, 3).frame["count"].tolist() == [6, 0, 0]


def test_what_is_missing_stays_missing_and_is_counted_aloud():
    table = pd.DataFrame({"score": [3.0, np.nan, 1.0, 2.0, 9.0]}, index=list("abcde"))
    result = assign_quantiles(table, value="score", first="highest", n_quantiles=2)
    assert result.assigned.index.tolist() == list("abcde")
    assert result.assigned.isna().tolist() == [False, True, False, False, False]
    assert result.assigned.dropna().tolist() == [1, 2, 2, 1]
    assert result.caveats == ("1 row without a value or a set got no quantile",)
    assert result.summary().endswith("1 row had no value and got no group.")
    assert list(table.columns) == ["score"]


def test_within_sets_each_has_its_own_quantiles():
    table = pd.DataFrame({"score": [1, 2, 3, 101, 102, 103, 7], "district": ["x"] * 3 + ["y"] * 3 + [None]})
    result = assign_quantiles(table, value="score", first="lowest", n_quantiles=3, by="district")
    assert result.assigned.tolist()[:6] == [1, 2, 3, 1, 2, 3] and pd.isna(result.assigned[6])
    assert [value.group for value in result.values()][:2] == ["x: 1", "x: 2"]


@pytest.mark.parametrize(
    ("table", "by", "words"),
    [
        ({"score": [1.0, 2.0]}, None, "1 set of areas"),
        ({"score": [1.0, 2.0, np.nan]}, None, "1 set of areas"),
        ({"score": [np.nan] * 3}, None, "1 set of areas"),
        ({"score": [1.0, 2.0, 3.0, 4.0], "d": ["x", "x", "x", "y"]}, "d", "1 set of areas"),
        ({"score": [1.0, 2.0, 3.0, np.nan], "d": ["x", "x", "x", "y"]}, "d", "1 set of areas"),
        ({"score": [1.0, np.nan], "d": ["x", "y"]}, "d", "2 sets of areas"),
    ],
)
def test_fewer_areas_than_quantiles_are_refused(table, by, words):
    with pytest.raises(ValueError, match=words):
        assign_quantiles(pd.DataFrame(table), value="score", first="highest", n_quantiles=3, by=by)


@pytest.mark.parametrize(("settings", "words"), [({"n_quantiles": 1}, "n_quantiles"), ({"n_quantiles": 101}, "n_quantiles"), ({"first": "deprived"}, "first must be")])  # fmt: skip
def test_wrong_settings_are_named(settings, words):
    with pytest.raises(ValueError, match=words):
        assign(range(200), **settings)


def test_release_keeps_the_sizes_and_drops_the_areas():
    result = assign(range(63), 5)
    shown = release(result, POLICIES["opensafely"]).result
    assert shown.assigned.empty and shown.frame["count"].tolist() == [15, 15, 10, 15, 10]
    assert release(result, POLICIES["open"]).result.table() == result.table()
    assert shown.plot().get_xlabel() == "areas"
    small = release(assign(range(33), 5), POLICIES["ons"])
    assert small.withheld == 5 and shown.table().text_rows()[0] == ["1", "15"]
