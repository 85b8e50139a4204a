"""Hidden populations: the estimators, the range, what it hangs on, and what may leave of it."""

import itertools
import re

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

from problemsolving import draw
from problemsolving.errors import NotEstimableError
from problemsolving.governance.policies import POLICIES
from problemsolving.governance.release import release
from problemsolving.measures.capture import (
    chao,
    chapman,
    lincoln_petersen,
    with_limits,
    zelterman,
    zero_truncated_poisson,
)
from problemsolving.measures.hidden_population import estimate_hidden_population
from problemsolving.measures.hidden_repeats import estimate_hidden_by_repeats
from problemsolving.measures.lists import count_patterns
from problemsolving.measures.loglinear import Model, every_model, fit_models, join_missed
from problemsolving.report.safe import check_picture
from problemsolving.simulate.lists import draw_needs
from problemsolving.simulate.truths import Truths

TRUTHS = Truths()
LISTS = list(TRUTHS.capture_share)
SIZE = 1_534
CLOSED = ["opensafely", "nhs-hes", "ons", "acro"]
REPEATS = {1: 1645, 2: 183, 3: 37, 4: 13, 5: 1, 6: 1}


def needs(size=SIZE, seed=8):
    return pd.DataFrame(draw_needs(size, TRUTHS, np.random.default_rng(seed)), columns=LISTS)


@pytest.fixture(scope="module")
def planted():
    return estimate_hidden_population(needs(), lists=LISTS, linked="exact")


# estimators


def test_lincoln_petersen_and_its_variance():
    found = lincoln_petersen(400, 400, 40)
    variance = 400 * 400 * 360 * 360 / 40**3
    assert found == pytest.approx(with_limits(4_000, variance=variance, seen=760))
    assert 760 < found.low < 4_000 < found.high


def test_chapman_and_sebers_variance():
    found = chapman(400, 400, 40)
    variance = 401 * 401 * 360 * 360 / (41**2 * 42)
    assert found == pytest.approx(with_limits(401 * 401 / 41 - 1, variance=variance, seen=760))


def test_zero_truncated_poisson_is_the_maximum_of_its_likelihood():
    times, count = np.array(list(REPEATS)), np.array(list(REPEATS.values()))

    def minus(rate):
        return -(count * (stats.poisson.logpmf(times, rate) - np.log(-np.expm1(-rate)))).sum()

    rate = optimize.minimize_scalar(minus, bounds=(0.01, 3), method="bounded", options={"xatol": 1e-9}).x
    assert zero_truncated_poisson(REPEATS).estimate == pytest.approx(count.sum() / -np.expm1(-rate), rel=1e-6)


def test_a_joined_tail_is_fitted_as_three_or_more():
    def minus(rate):
        known = (
            1645 * stats.poisson.logpmf(1, rate)
            + 183 * stats.poisson.logpmf(2, rate)
            + 52 * stats.poisson.logsf(2, rate)
        )
        return -(known - 1880 * np.log(-np.expm1(-rate)))

    rate = optimize.minimize_scalar(minus, bounds=(0.01, 3), method="bounded", options={"xatol": 1e-9}).x
    joined = zero_truncated_poisson({1: 1645, 2: 183, 3: 52}, tail=3).estimate
    assert (
        joined == pytest.approx(1880 / -np.expm1(-rate), rel=1e-6) and joined > zero_truncated_poisson(REPEATS).estimate
    )


def test_chaos_bound_of_lists_that_are_alike_is_the_truth():
    size, share, lists = 10_000, 0.2, 4
    once, twice = (size * stats.binom.pmf(k, lists, share) for k in (1, 2))
    unseen = size * (1 - share) ** lists
    first = chao(once, twice, seen=size - unseen, lists=lists).estimate - (size - unseen)
    assert first == pytest.approx(3 / 4 * once**2 / (2 * twice)) and first <= unseen + 1e-6


@pytest.mark.parametrize("rate", [0.3, 1.0])
@pytest.mark.parametrize("name", ["poisson", "chao", "zelterman"])
def test_intervals_of_repeats_cover(rate, name):
    rng, size, held = np.random.default_rng(4), 1_000, []
    for _ in range(200):
        f = np.bincount(rng.poisson(rate, size))
        seen = size - f[0]
        found = {
            "poisson": lambda f=f: zero_truncated_poisson(dict(enumerate(f[1:], 1))),
            "chao": lambda f=f, seen=seen: chao(f[1], f[2], seen=seen),
            "zelterman": lambda f=f, seen=seen: zelterman(f[1], f[2], seen=seen),
        }[name]()
        held.append(found.low <= size <= found.high)
    assert np.mean(held) >= 0.91


@pytest.mark.parametrize(("estimate", "floor"), [(lincoln_petersen, 0.91), (chapman, 0.9)])
def test_intervals_of_two_lists_cover(estimate, floor):
    rng, size = np.random.default_rng(9), 1_500
    first = rng.binomial(size, 0.3, 300)
    both = rng.binomial(first, 0.2)
    second = both + rng.binomial(size - first, 0.2)
    found = [estimate(*row) for row in zip(first, second, both, strict=True)]
    assert np.mean([one.low <= size <= one.high for one in found]) >= floor


def test_no_overlap_is_not_estimable_and_impossible_counts_are_refused():
    with pytest.raises(NotEstimableError, match="no one is on both"):
        lincoln_petersen(10, 10, 0)
    assert chapman(10, 10, 0).estimate == 120
    with pytest.raises(NotEstimableError, match="exactly twice"):
        chao(10, 0, seen=10)
    with pytest.raises(NotEstimableError, match="exactly once"):
        zelterman(0, 10, seen=10)
    with pytest.raises(NotEstimableError, match="more than once"):
        zero_truncated_poisson({1: 10})
    for wrong in ((lincoln_petersen, (5, 9, 6)), (chapman, (5, 9, -1))):
        with pytest.raises(ValueError, match="no more than first or second"):
            wrong[0](*wrong[1])
    with pytest.raises(ValueError, match="contacts a count"):
        zero_truncated_poisson({0: 5, 1: 3})
    with pytest.raises(ValueError, match="tail"):
        zero_truncated_poisson({1: 5, 4: 3}, tail=3)


def test_everyone_on_both_lists_leaves_no_one_unseen():
    assert lincoln_petersen(20, 20, 20) == (20, 20, 20)


# log-linear models


def test_the_independent_model_of_two_lists_is_lincoln_petersens():
    patterns = np.array([[False, True], [True, False], [True, True]])
    found = fit_models(patterns, np.array([360.0, 360, 40]), models=every_model(2), lists="AB", confidence_level=0.95)
    assert found[["estimate", "low", "high"]].iloc[0].tolist() == pytest.approx(
        list(lincoln_petersen(400, 400, 40)), rel=1e-6
    )


def test_all_pairs_of_three_lists_have_a_closed_form():
    frame = count_patterns(needs(), lists=LISTS[:3], population=None, with_none=False)
    n = frame["count"].to_numpy()
    patterns = frame[["list 1", "list 2", "list 3"]].notna().to_numpy()
    full = Model(((0, 1), (0, 2), (1, 2)))
    found = fit_models(patterns, n, models=[full], lists="ABC", confidence_level=0.95).iloc[0]
    at = {tuple(row): count for row, count in zip(patterns.astype(int).tolist(), n, strict=True)}
    unseen = at[1, 1, 1] * at[1, 0, 0] * at[0, 1, 0] * at[0, 0, 1] / (at[1, 1, 0] * at[1, 0, 1] * at[0, 1, 1])
    assert found["estimate"] == pytest.approx(n.sum() + unseen, rel=1e-6)


def test_aic_and_bic_by_hand():
    patterns = np.array([[False, True], [True, False], [True, True]])
    counts = np.array([50.0, 60, 20])
    found = fit_models(patterns, counts, models=every_model(2), lists="AB", confidence_level=0.95).iloc[0]
    likelihood = stats.poisson.logpmf(counts, counts).sum()
    assert found["aic"] == pytest.approx(6 - 2 * likelihood) and found["bic"] == pytest.approx(
        3 * np.log(130) - 2 * likelihood
    )


def test_models_that_the_counts_do_not_determine_say_so():
    frame = count_patterns(needs(), lists=LISTS[:3], population=None, with_none=False)
    patterns, counts = frame[["list 1", "list 2", "list 3"]].notna().to_numpy(), np.array(frame["count"], float)
    counts[patterns[:, 0] & patterns[:, 1]] = 0
    found = fit_models(patterns, counts, models=every_model(3), lists="ABC", confidence_level=0.95).set_index("group")
    assert found.loc["A × B", "reason"] == "not estimable: no one is on both lists of a pair" and np.isnan(
        found.loc["A × B", "estimate"]
    )
    assert np.isfinite(found.loc["B × C", "estimate"])
    few = np.where(np.arange(7) < 3, counts, np.nan)
    assert (fit_models(patterns, few, models=every_model(3), lists="ABC", confidence_level=0.95)["reason"] != "").all()


def test_missed_links_are_made_again():
    frame = count_patterns(needs(), lists=LISTS[:3], population=None, with_none=False)
    patterns, true = frame[["list 1", "list 2", "list 3"]].notna().to_numpy(), frame["count"].to_numpy(float)
    on = patterns.sum(axis=1)
    seen = true.copy()
    for row in np.flatnonzero(on > 1):  # a tenth of those on several lists are split, one list at a time
        seen[row] -= 0.1 * true[row]
        for one in np.flatnonzero(patterns[row]):
            alone, others = np.arange(3) == one, patterns[row] & (np.arange(3) != one)
            seen[(patterns == alone).all(axis=1)] += 0.1 * true[row] / on[row]
            seen[(patterns == others).all(axis=1)] += 0.1 * true[row] / on[row]
    assert join_missed(patterns, seen, missed=0.1) == pytest.approx(true)


# the range


def test_the_range_holds_the_planted_size(planted):
    found = planted.range
    assert found.low <= SIZE <= found.high and found.models > 1
    models = planted.estimates().set_index("group")
    assert models["difference"].idxmin().count("A × D") == 1, "the planted dependence is found"
    assert not models.loc["lists independent", "defensible"] and models.loc["lists independent", "high"] < SIZE * 1.05


def test_the_answer_is_a_range_and_never_one_number(planted):
    first = planted.values()[0]
    assert first.name == "population_range" and first.estimate is None and "never one number" in first.reason
    assert first.interval is not None and (first.interval.low, first.interval.high) == planted.range[2:4]
    assert f"{planted.range.models} defensible models give" in planted.summary()
    assert "No one of these numbers is the answer" in planted.summary()
    assert planted.table().rows[0][0] == "range over defensible models"
    assert any("depend on each other" in caveat for caveat in planted.caveats)


def test_models_are_ordered_by_aic_and_named_by_letters_with_a_key(planted):
    shown = planted.estimates().dropna(subset="difference")
    assert shown["difference"].is_monotonic_increasing and len(shown) == 64
    assert (
        planted.table().columns[0].label
        == "Pairs that depend on each other (A drug-alcohol, B mental-health, C emergency, D voluntary)"
    )
    assert planted.estimates()["group"].iloc[-1].startswith("Chao") and not planted.estimates()["defensible"].iloc[-1]


def test_missed_links_make_the_population_smaller(planted):
    ends = [planted.range, *planted.sensitivity.values()]
    assert len(ends) == 3 and all(a.highest > b.highest and a.low > b.low for a, b in itertools.pairwise(ends))
    assert "Had 10% of links been missed" in planted.summary()


def test_a_narrow_choice_of_models_gives_a_narrower_range(planted):
    narrow = estimate_hidden_population(needs(), lists=LISTS, linked="exact", within=2.0, missed_links=())
    assert (
        narrow.range.models < planted.range.models
        and narrow.range.high <= planted.range.high
        and not narrow.sensitivity
    )


def test_two_dependent_lists_mislead_and_the_result_says_that_they_may():
    frame = needs(20_000)
    found = estimate_hidden_population(frame, lists=["drug-alcohol", "voluntary"], linked="exact", dependence=(3.0,))
    models = found.estimates().set_index("group")
    assert models.loc["Lincoln-Petersen", "high"] < 0.8 * 20_000
    assert (
        models.loc["lists dependent, odds ratio 3", "low"]
        <= 20_000
        <= models.loc["lists dependent, odds ratio 3", "high"]
    )
    assert "Two lists cannot tell whether they depend on each other" in found.summary()


def test_two_lists_by_hand():
    frame = pd.DataFrame({"a": [True] * 400 + [False] * 360, "b": [True] * 40 + [False] * 360 + [True] * 360})
    found = estimate_hidden_population(frame, lists=["a", "b"], linked="exact")
    models = found.estimates().set_index("group")["estimate"]
    assert models["Lincoln-Petersen"] == pytest.approx(4_000) and models["Chapman"] == pytest.approx(
        3920.9756, abs=1e-4
    )
    assert models["lists dependent, odds ratio 0.5"] == pytest.approx(760 + 0.5 * 3_240)
    half = found.sensitivity["had 5% of links been missed"]
    both = 40 / 0.95
    assert half.lowest == pytest.approx(800 - both + 0.5 * (400 - both) ** 2 / both)


def test_repeats_give_a_range_with_chaos_lower_bound():
    found = estimate_hidden_by_repeats(REPEATS, linked="exact")
    assert found.estimates()["estimate"].round().tolist() == [7080, 9274, 9425]
    assert "3 defensible models give 7,080 to 9,425" in found.summary() and "1,880 were seen" in found.summary()
    ten = found.sensitivity["had 10% of people with several contacts been missed once"]
    assert ten.highest < found.range.highest
    assert any("Chao's is its lower bound" in caveat for caveat in found.caveats)


def test_a_tail_of_two_leaves_the_poisson_alone():
    found = estimate_hidden_by_repeats({1: 100, 2: 30, 5: 3}, linked="exact", tail=2).estimates()
    assert found["defensible"].tolist() == [True, False, False]
    joined = estimate_hidden_by_repeats({1: 100, 2: 30, 5: 3}, linked="exact", tail=3).frame
    assert joined["group"].tolist() == ["1 contact", "2 contacts", "3 contacts or more"] and joined[
        "count"
    ].tolist() == [100, 30, 3]


@pytest.mark.parametrize("linked", ["no", "perhaps"])
def test_records_that_are_not_linked_by_person_are_refused(linked):
    error = NotEstimableError if linked == "no" else ValueError
    match = "never by person" if linked == "no" else "linked must be one of"
    with pytest.raises(error, match=match):
        estimate_hidden_population(needs(), lists=LISTS, linked=linked)
    with pytest.raises(error, match=match):
        estimate_hidden_by_repeats(REPEATS, linked=linked)


def test_how_lists_are_linked_must_be_said_and_likely_links_are_doubted():
    with pytest.raises(TypeError, match="linked"):
        estimate_hidden_population(needs(), lists=LISTS)
    found = estimate_hidden_by_repeats(REPEATS, linked="probabilistic")
    assert any("made by probability" in caveat for caveat in found.caveats)
    assert found.method.settings["linked"] == "probabilistic"


def test_faults_are_told_at_once():
    with pytest.raises(ValueError) as caught:
        estimate_hidden_population(
            needs(), lists=[*LISTS, "a", "b"], linked="exact", within=-1, dependence=(0,), missed_links=(1.0,)
        )
    for part in ("2 to 5 columns", "within must be", "dependence must hold", "missed_links must hold"):
        assert part in str(caught.value)
    with pytest.raises(ValueError, match="tail must be 2"):
        estimate_hidden_by_repeats({1: 3}, linked="exact", tail=1)
    for wrong in ({}, {0: 3}, {1: -1}, {1.5: 2}):
        with pytest.raises(ValueError, match="contacts a count"):
            estimate_hidden_by_repeats(wrong, linked="exact")


def test_nothing_to_estimate_is_said():
    found = estimate_hidden_by_repeats({1: 30}, linked="exact")
    assert found.range.models == 0 and found.plot() is None
    assert "cannot be estimated: no one was seen more than once" in found.summary()


# what leaves


def told(result):
    return result.summary() + repr(result.table().text_rows()) + repr(result.values())


@pytest.mark.parametrize("policy", CLOSED)
def test_released_models_are_fitted_to_released_counts(policy, planted):
    rules, shown = POLICIES[policy], release(planted, POLICIES[policy]).result
    counts = shown.frame["count"].dropna()
    assert (counts % rules.nearest == 0).all() and ((counts > rules.suppress_to) | (counts == 0)).all()
    again = fit_models(
        shown.patterns, shown.frame["count"].to_numpy(), models=[Model(((0, 3),))], lists="ABCD", confidence_level=0.95
    )
    fitted = shown.estimates().set_index("group")["estimate"]["A × D"]
    assert fitted == pytest.approx(again["estimate"][0], nan_ok=True)
    assert shown.frame["count"].isna().any() and all(value.n is None for value in shown.values())
    assert not re.search(rf"(?<![\d.,]){planted.seen:,.0f}(?![\d.,])", told(shown))
    if shown.plot() is not None:
        check_picture(draw.to_svg(shown.plot))


def test_with_counts_withheld_the_range_still_holds_the_planted_size(planted):
    shown = release(planted, POLICIES["opensafely"]).result
    assert shown.frame["count"].isna().any() and shown.range.low <= SIZE <= shown.range.high
    assert "how many were seen is withheld" in shown.summary() and not shown.sensitivity


def test_policy_open_changes_nothing(planted):
    assert release(planted, POLICIES["open"]).result.values() == planted.values()
    found = estimate_hidden_by_repeats(REPEATS, linked="exact")
    assert release(found, POLICIES["open"]).result.values() == found.values()


def test_repeats_with_a_small_tail_are_withheld_and_with_a_joined_tail_not():
    shown = release(estimate_hidden_by_repeats(REPEATS, linked="exact"), POLICIES["opensafely"]).result
    assert shown.range.models == 0 and shown.plot() is None and "withheld" in shown.summary()
    assert "1,880" not in told(shown) and "7,080" not in told(shown)
    joined = release(estimate_hidden_by_repeats(REPEATS, linked="exact", tail=3), POLICIES["opensafely"]).result
    assert joined.frame["count"].tolist() == [1645, 185, 50] and joined.range.models == 3
