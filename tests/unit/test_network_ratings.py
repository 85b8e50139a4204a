"""Trust and value scores, and whether two agencies say the same of their tie."""

import numpy as np
import pandas as pd
import pytest

from problemsolving.errors import NetworkError
from problemsolving.governance.policies import POLICIES
from problemsolving.governance.release import release
from problemsolving.network.structure.agreement import ANSWERS, measure_tie_agreement
from problemsolving.network.structure.build import build_from_referrals
from problemsolving.network.structure.ratings import measure_ratings, rater_means
from problemsolving.network.structure.survey import build_from_survey

STRICT, ZEROS, OPEN = (POLICIES[name] for name in ("opensafely", "nhs-hes", "open"))
MANY = [f"agency {letter}" for letter in "abcdefghijklmnopqrst"]


def seeded(seed=1):
    return np.random.default_rng(seed)


def ratings(rows):
    return pd.DataFrame(rows, columns=["rater", "rated", "x", "y"])


def scored(rows, *, agencies=("a", "b", "c", "d"), respondents=None, **more):
    given = {"scores": {"trust": ["x", "y"]}, "scale": (1, 4), "rng": seeded(), "n_resamples": 999} | more
    return measure_ratings(ratings(rows), agencies=agencies, respondents=respondents or agencies, **given)


def told(result):
    return result.estimates().set_index("group")


def test_items_are_averaged_by_rater_first():
    result = scored([("a", "b", 4, None), ("c", "b", 1, 3)])
    row = told(result).loc["b: trust"]
    assert row["estimate"] == pytest.approx((4 + 2) / 2) and row["count"] == 2  # not (4 + 1 + 3) / 3
    assert row["of_most"] == pytest.approx(3 / 4) and row["of_range"] == pytest.approx(2 / 3)
    names = {value.name: value for value in result.values() if value.group == "b: trust"}
    assert names["of_most"].estimate == pytest.approx(0.75) and "maximum" in names["of_most"].unit
    assert names["of_range"].estimate == pytest.approx(2 / 3) and "range" in names["of_range"].unit
    assert names["of_range"].interval.low == pytest.approx((names["score"].interval.low - 1) / 3)


def test_own_ratings_and_rows_without_an_answer_are_left_out():
    found = rater_means(ratings([("a", "a", 4, 4), ("a", "b", None, None), ("c", "b", 2, 2)]), items=["x", "y"])
    assert found.values.tolist() == [["c", "b", 2.0]]


def test_one_rater_has_no_interval_and_none_no_score():
    shown = told(scored([("a", "b", 4, 4)]))
    assert shown.loc["b: trust", "estimate"] == 4 and "fewer than two" in shown.loc["b: trust", "reason"]
    assert np.isnan(shown.loc["c: trust", "estimate"]) and "nobody" in shown.loc["c: trust", "reason"]


def test_scores_and_scales_of_several_kinds():
    rows = [("a", "b", 1, 4), ("c", "b", 2, 3)]
    shown = told(scored(rows, scores={"trust": ["x"], "value": ["y"]}))
    assert shown.loc[["b: trust", "b: value"], "estimate"].tolist() == [1.5, 3.5]
    turned = told(scored(rows, inverted=True))
    assert turned.loc["b: trust", "estimate"] == 5 - told(scored(rows)).loc["b: trust", "estimate"]


def test_order_of_rows_changes_nothing():
    rows = [(a, "b", k % 4 + 1, k % 3 + 1) for k, a in enumerate("acd")]
    assert scored(rows).frame.equals(scored(rows[::-1]).frame)


def test_limits_are_those_of_drawing_raters_anew():
    rng = seeded(2)
    rows = [(name, MANY[0], int(rng.integers(1, 5)), int(rng.integers(1, 5))) for name in MANY[1:]]
    row = told(scored(rows, agencies=MANY, n_resamples=9_999)).iloc[0]
    means = np.array([(x + y) / 2 for _, _, x, y in rows])
    drawn = means[rng.integers(19, size=(9_999, 19))].mean(axis=1)
    assert (row["low"], row["high"]) == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=0.04)


def test_every_fault_of_ratings_at_once():
    with pytest.raises(NetworkError) as caught:
        scored([("a", "b", 4, 9), ("b", "a", 1, 1)], respondents=("a",), scores={"trust": ["x", "y"], "value": []})
    text = str(caught.value)
    for words in ("off the scale", '"b" rates others', '"value" has no items'):
        assert words in text


def test_scores_of_few_raters_do_not_leave():
    rng = seeded(3)
    rows = [(name, MANY[0], int(rng.integers(1, 5)), int(rng.integers(1, 5))) for name in MANY[1:]]
    rows += [(name, MANY[1], 4, 4) for name in MANY[2:5]]
    result = scored(rows, agencies=MANY)
    for policy in (STRICT, ZEROS):
        shown = release(result, policy).result
        table = told(shown)
        assert (
            np.isnan(table.loc["agency b: trust", "estimate"]) and "withheld" in table.loc["agency b: trust", "reason"]
        )
        assert table.loc["agency a: trust", "count"] == 20
        assert table.loc["agency a: trust", "estimate"] == round(told(result).loc["agency a: trust", "estimate"], 1)
        names = {
            value.name for value in shown.values() if value.group == "agency b: trust" and value.estimate is not None
        }
        assert names == set() and "agency a: trust was rated highest" in shown.summary()
    assert release(scored([("a", "b", 4, 4)]), STRICT).result.summary().startswith("No score")
    assert result.plot().get_xlabel() and "dot" in result.alt_text()


# agreement


def survey_of(said, respondents, agencies):
    table = pd.DataFrame([(*pair, 2) for pair in said], columns=["rater", "rated", "often"])
    return build_from_survey(table, agencies=agencies, respondents=respondents, items=["often"])


def test_answers_of_both_sides_by_hand():
    network = survey_of(["ab", "ba", "ac", "ad", "be"], list("abc"), list("abcde"))
    result = measure_tie_agreement(network, n_resamples=99, rng=seeded())
    shown = result.frame.set_index("group")["count"]
    assert shown.tolist() == [1, 1, 2, 1, 5] and tuple(shown.index) == ANSWERS
    # both: ab; one not: ac; one, no answer: ad, be; neither: bc; not known: ae, bd, cd, ce, de
    assert result.confirmed_share() == 0.5 and shown.sum() == 10
    assert "Of 2 pairs" in result.summary() and "50%" in result.summary()
    assert result.estimates()["estimate"].tolist() == [0.1, 0.1, 0.2, 0.1, 0.5]


def test_scores_below_the_tie_are_no_tie():
    table = pd.DataFrame({"rater": ["a", "b"], "rated": ["b", "a"], "often": [1, 3]})
    network = build_from_survey(table, agencies=["a", "b"], respondents=["a", "b"], items=["often"])
    assert measure_tie_agreement(network, tie_from=2, n_resamples=9, rng=seeded()).frame["count"].tolist()[:2] == [0, 1]
    assert measure_tie_agreement(network, n_resamples=9, rng=seeded()).frame["count"].tolist()[:2] == [1, 0]


def test_agreement_needs_two_accounts():
    referrals = pd.DataFrame({"from_agency": ["a"], "to_agency": ["b"]})
    with pytest.raises(NetworkError, match="nobody was asked"):
        measure_tie_agreement(build_from_referrals(referrals, agencies=["a", "b"]))


def random_survey(seed, share=0.5):
    rng = seeded(seed)
    said = [(a, b) for a in MANY[:18] for b in MANY if a != b and rng.random() < share]
    return survey_of(said, MANY[:18], MANY)


@pytest.mark.parametrize("policy", [STRICT, ZEROS], ids=["strict", "zeros shown"])
def test_agreement_leaves_as_rounded_counts(policy):
    result = measure_tie_agreement(random_survey(4), n_resamples=99, rng=seeded())
    shown = release(result, policy).result
    rounded = np.floor(result.frame["count"] / 5 + 0.5) * 5
    assert shown.frame["count"].tolist() == rounded.tolist()
    assert shown.confirmed_share() == pytest.approx(rounded[0] / (rounded[0] + rounded[1]))
    assert (np.round(shown.frame["share_low"] * 20, 9) % 1 == 0).all()
    assert shown.confirmed[0] <= result.confirmed[0] and shown.confirmed[1] >= result.confirmed[1]


def test_few_pairs_are_withheld_with_another_and_their_shares_too():
    result = measure_tie_agreement(random_survey(4, share=0.1), n_resamples=99, rng=seeded())
    assert 0 < result.frame["count"].iloc[0] <= 7
    released = release(result, ZEROS)
    shown = released.result
    assert released.withheld >= 2 and shown.estimates()["estimate"].isna().all()
    assert shown.estimates()["low"].isna().all() and np.isnan(shown.confirmed_share())
    assert "cannot be shown" in shown.summary()
    assert [value.n for value in shown.values() if value.name == "confirmed"] == [None]


def test_limits_of_what_is_confirmed_are_nearly_those_of_many_surveys():
    shares = []
    for seed in range(60):
        rng = seeded(seed)
        said = [(a, b) for a in MANY for b in MANY if a != b and rng.random() < 0.5]
        pairs = {frozenset(pair) for pair in said}
        shares.append(sum((b, a) in set(said) and a < b for a, b in said) / len(pairs))
    result = measure_tie_agreement(survey_of(said, MANY, MANY), n_resamples=499, rng=seeded())
    low, high = result.confirmed
    assert 0.6 <= (high - low) / (2 * 1.96 * np.std(shares)) <= 2.5
