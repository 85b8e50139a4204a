"""Regression to the mean: the normal formula, the expected fall of picked places, what the picked did next, release."""

import numpy as np
import pandas as pd
import pytest

from problemsolving.drivers.picked_falls import ALL, measure_picked_falls
from problemsolving.drivers.picking import Pick, check_picked
from problemsolving.drivers.regression_to_mean import estimate_expected_fall, expect_fall, regression_effect
from problemsolving.errors import NotEstimableError
from problemsolving.governance.policies import POLICIES
from problemsolving.governance.release import release
from problemsolving.results import NotEstimable
from problemsolving.simulate.plan import make_partnership
from problemsolving.simulate.rates import draw_counts

SAFE = POLICIES["opensafely"]
SPREADS = {
    "gamma": lambda rng, n: rng.gamma(1.25, 4.0, n),
    "lognormal": lambda rng, n: 5 * np.exp(rng.normal(0, 0.77, n) - 0.3),
    "long tail": lambda rng, n: 3 * (rng.pareto(2.5, n) + 1),
    "all alike": lambda rng, n: np.full(n, 5.0),
}


def words(result) -> str:
    return result.summary() + repr(result.table().text_rows()) + repr(result.values()) + repr(result.caveats)


def fall(counts, **options):
    return estimate_expected_fall(counts, **{"n_resamples": 200, "rng": np.random.default_rng(1), **options})


# the normal formula


@pytest.mark.parametrize(("selected", "cut"), [("above", 68.0), ("below", 55.0)])
@pytest.mark.parametrize("measurements", [1, 3])
def test_the_formula_is_what_picked_people_do(selected, cut, measurements):
    rng = np.random.default_rng(1)
    own = rng.normal(60, 15 * np.sqrt(0.6), 400_000)
    before, after = (own + rng.normal(0, 15 * np.sqrt(0.4 / m), own.size) for m in (measurements, 1))
    picked = before > cut if selected == "above" else before < cut
    moved = abs(after[picked].mean() - before[picked].mean())
    found = regression_effect(cut, mean=60, sd=15, correlation=0.6, n_baseline=measurements, selected=selected)
    assert found == pytest.approx(moved, rel=0.03)


def test_the_formula_holds_far_out_in_the_tail():
    assert np.isfinite(regression_effect(60 + 15 * 45, mean=60, sd=15, correlation=0.5))


@pytest.mark.parametrize("changes", [{"sd": 0}, {"correlation": 1.1}, {"n_baseline": 0}])
def test_what_the_formula_cannot_take_is_refused(changes):
    with pytest.raises(ValueError, match="sd must be above 0"):
        regression_effect(1, **{"mean": 0, "sd": 1, "correlation": 0.5, **changes})


# the expected fall


def test_the_gamma_answer_by_hand():
    """Each is to come to mean × (1 + alpha y) / (1 + alpha × mean)."""
    counts = np.array([0, 0, 1, 1, 2, 2, 3, 4, 9, 18])
    found = fall(counts, top=2, shape="gamma")
    from problemsolving.stats.negative_binomial import fit_negative_binomial

    model = fit_negative_binomial(counts, {}, exposure=1.0)
    mean, alpha = 4.0, model.alpha
    assert float(np.exp(model.coefficients["constant"])) == pytest.approx(mean)
    expected = mean * (2 + 27 * alpha) / (1 + alpha * mean)
    assert found.fall == pytest.approx(1 - expected / 27, rel=1e-6)


@pytest.mark.parametrize("spread", ["lognormal", "long tail", "gamma"])
def test_rates_of_any_shape_agree_with_what_needs_no_shape(spread):
    """Robbins: those with c or more are to fall by c for each one with exactly c, whatever the rates."""
    rng, ours, robbins, gamma = np.random.default_rng(2), [], [], []
    for _ in range(40):
        counts = rng.poisson(SPREADS[spread](rng, 1_500) / 5).astype(float)
        chosen = counts >= 4
        weights, falls = expect_fall(counts, np.ones(1_500), chosen)
        ours.append(weights["any"] * falls["any"] + weights["gamma"] * falls["gamma"])
        gamma.append(falls["gamma"])
        robbins.append(4 * (counts == 4).sum() / counts[chosen].sum())
    assert np.mean(ours) == pytest.approx(np.mean(robbins), abs=0.03)
    if spread == "long tail":
        assert np.mean(gamma) > np.mean(robbins) + 0.08


@pytest.mark.parametrize("spread", SPREADS)
def test_limits_cover_the_groups_own_mean_and_its_next_period(spread):
    own, following = [], []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        rates = SPREADS[spread](rng, 150)
        counts = rng.poisson(rates)
        if (counts >= np.sort(counts)[-10]).sum() > 20:
            continue
        found = fall(counts, top=10, n_resamples=600, rng=rng)
        chosen = found.pick.chosen(counts.astype(float))
        last = counts[chosen].sum()
        own.append(found.fall_limits[0] <= 1 - rates[chosen].sum() / last <= found.fall_limits[1])
        following.append(found.ordinary[0] <= 1 - rng.poisson(rates[chosen]).sum() / last <= found.ordinary[1])
    assert np.mean(own) > 0.80 and np.mean(following) > 0.85


def test_areas_picked_in_the_planted_world_fall_as_expected():
    inside, ours, theirs = [], [], []
    for seed in range(12):
        plan = make_partnership(seed=seed, world="regression-to-the-mean")
        home = plan.places.home
        expected = plan.expected["violent-crime"][home]
        counts = draw_counts(expected, plan.truths, np.random.default_rng(seed))
        before = counts[:, :12].sum(axis=1)
        found = fall(before, top=8, exposure=plan.places.population[home] / 1_500, n_resamples=600)
        chosen = found.pick.chosen(before.astype(float))
        season = expected[:, 12:].sum() / expected[:, :12].sum()
        truth = 1 - expected[chosen, 12:].sum() / season / before[chosen].sum()
        inside.append(found.fall_limits[0] <= truth <= found.fall_limits[1])
        ours.append(found.fall)
        theirs.append(truth)
    assert (
        np.mean(theirs) > 0.08 and np.mean(ours) == pytest.approx(np.mean(theirs), abs=0.03) and np.mean(inside) > 0.8
    )


def test_a_group_picked_for_being_low_rises():
    counts = np.random.default_rng(3).poisson(8.0, 80)
    found = fall(counts, bottom=10)
    assert found.fall < -0.3 and "expected to rise by" in found.summary() and "a low count" in found.summary()
    assert fall(counts, at_most=5).fall < 0 < fall(counts, at_least=11).fall


def test_the_larger_places_of_equal_counts_are_held_to_have_lower_rates():
    rng = np.random.default_rng(4)
    residents = np.repeat([0.5, 2.0], 100)
    counts = rng.poisson(rng.gamma(4.0, 1.5, 200) * residents)
    plain, known = fall(counts, top=20).fall, fall(counts, top=20, exposure=residents).fall
    assert plain != pytest.approx(known, abs=1e-4)


def test_who_is_tied_with_the_last_is_picked_too_and_said_so():
    counts = [9, 8, 7, 7, 7, 2, 1, 1, 0, 0, 1, 2]
    found = fall(counts, top=3)
    assert found.frame["count"].tolist() == [5, 38] and "The 5 busiest small areas (3 asked for; ties are picked too)" in found.summary()  # fmt: skip


@pytest.mark.parametrize(
    ("counts", "options", "error", "told"),
    [
        ([5, 3, 1], {}, ValueError, "name one of top"),
        ([5, 3, 1], {"top": 1, "at_least": 3}, ValueError, "name one of top"),
        ([5, 3, 1], {"top": 0}, ValueError, "too small"),
        ([5, -3, 1], {"top": 1}, ValueError, "0 or more"),
        ([5, np.nan, 1], {"top": 1}, ValueError, "0 or more"),
        ([0, 0, 0], {"top": 1}, ValueError, "at least one event"),
        ([5, 3, 1], {"top": 1, "exposure": [1, 0, 1]}, ValueError, "exposure must be above 0"),
        ([5, 3, 1], {"at_least": 1}, NotEstimableError, "all are picked"),
        ([5, 3, 1], {"top": 4}, NotEstimableError, "all are picked"),
        ([5, 3, 1], {"at_least": 9}, NotEstimableError, "none are picked"),
        ([5, 1, 1, 1, 1, 1, 0], {"top": 2}, NotEstimableError, r"pick by a cut \(at_least\)"),
        ([5, 3, 0, 0], {"bottom": 2}, NotEstimableError, "no events"),
    ],
)
def test_what_gives_no_expected_fall_is_refused(counts, options, error, told):
    with pytest.raises(error, match=told):
        fall(counts, **options)


def test_picks_in_resamples_are_those_of_the_repeated_places():
    rng = np.random.default_rng(5)
    counts = rng.poisson(4.0, 30).astype(float)
    weights = rng.multinomial(30, np.full(30, 1 / 30), size=20).astype(float)
    for pick in (Pick("top", 5), Pick("bottom", 5), Pick("at_least", 6), Pick("at_most", 2)):
        for drawn, chosen in zip(weights, pick.chosen(counts, weights), strict=True):
            repeated = np.repeat(counts, drawn.astype(int))
            assert (drawn * chosen).sum() == pick.chosen(repeated).sum()


def test_a_pick_names_itself():
    assert Pick("bottom", 3).words(3, "wards") == "3 quietest wards"
    assert Pick("at_most", 2).words(1_204, "callers") == "1,204 callers with 2 or fewer"
    assert check_picked(Pick("top", 1), np.array([4.0, 2.0])).tolist() == [True, False]


# release of the expected fall


def test_an_expected_fall_leaves_coarse_and_names_no_place():
    counts = np.random.default_rng(6).poisson(np.random.default_rng(7).gamma(3, 6, 72))
    found = fall(counts, top=10)
    shown = release(found, SAFE).result
    assert (shown.fall * 100) % 1 == pytest.approx(0, abs=1e-9) or (shown.fall * 100) % 1 == pytest.approx(1, abs=1e-9)
    assert all(count > 7 and count % 5 == 0 for count in shown.frame["count"]) and shown.counts == ()
    assert f"{found.frame['count'].iloc[1]:,.0f} " not in words(shown) or found.frame["count"].iloc[1] % 5 == 0
    low, high = (round(limit, 2) for limit in found.ordinary)
    assert f"anything from {-high:+.0%} to {-low:+.0%} would be ordinary" in shown.summary()
    assert shown.plot() is not None and words(release(found, POLICIES["open"]).result) == words(found)


def test_a_group_of_few_is_withheld_whole():
    counts = np.random.default_rng(8).poisson(np.random.default_rng(9).gamma(3, 6, 72))
    shown = release(fall(counts, top=5), SAFE).result
    assert shown.summary() == "The expected fall is withheld: it rests on too few." and shown.plot() is None
    assert all(value.estimate is None for value in shown.values())
    assert "%" not in repr(shown.table().text_rows()).replace("'percent'", "")


def test_counts_that_are_small_keep_it_back_where_nothing_is_rounded_and_few_places_everywhere():
    counts = np.random.default_rng(8).poisson(9.0, 72)
    assert isinstance(release(fall(counts, top=12), POLICIES["ons"]).result, NotEstimable)
    assert isinstance(release(fall([30, 25, 20, 18, 12, 11, 10, 9, 8, 3], top=3), SAFE).result, NotEstimable)


def test_the_summary_can_be_pasted():
    text = fall(np.random.default_rng(6).poisson(np.random.default_rng(7).gamma(3, 6, 72)), top=10).summary()
    assert "without any action" in text and "95% interval" in text and text.endswith("would be ordinary.")


# what the picked did next


def years(seed: int = 1, n: int = 120, periods: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rates = rng.gamma(2.0, 6.0, n)
    return pd.DataFrame({str(2021 + place): rng.poisson(rates * 1.1**place) for place in range(periods)})


def picked_falls(table, **options):
    return measure_picked_falls(table, **{"top": 15, "n_resamples": 200, "rng": np.random.default_rng(1), **options})


def test_the_fall_of_the_picked_by_hand():
    table = pd.DataFrame({"a": [10, 8, 4, 2, 2, 2, 1, 1], "b": [6, 6, 5, 4, 3, 3, 2, 4]})
    row = picked_falls(table, top=2).estimates().iloc[0]
    assert row["estimate"] == pytest.approx(1 - (12 / 18) / (33 / 30)) and row[["picked", "count", "after"]].tolist() == [2, 18, 12]  # fmt: skip


def test_a_change_of_all_is_no_fall_of_the_picked():
    table = years()
    doubled = table.assign(**{"2022": table["2022"] * 2, "2023": table["2023"] * 2})
    ours, theirs = (picked_falls(frame).estimates() for frame in (table, doubled))
    assert theirs["estimate"].iloc[0] == pytest.approx(ours["estimate"].iloc[0])


def test_pairs_add_up_and_what_came_is_what_was_expected():
    falls = [picked_falls(years(seed, n=300), top=30, n_resamples=50).estimates().iloc[-1] for seed in range(15)]
    assert np.mean([row["estimate"] for row in falls]) == pytest.approx(
        np.mean([row["expected"] for row in falls]), abs=0.02
    )
    assert np.mean([row["low"] <= row["expected"] <= row["high"] for row in falls]) > 0.7
    table = picked_falls(years())
    shown = table.estimates()
    assert shown["group"].tolist() == ["2021 to 2022", "2022 to 2023", ALL]
    assert shown["count"].iloc[-1] == shown["count"].iloc[:-1].sum() and "In 2 pairs of periods" in table.summary()


def test_the_interval_of_the_picked_holds_what_happens_again():
    rng, inside = np.random.default_rng(10), []
    truth = []
    for _ in range(400):
        rates = rng.gamma(2.0, 6.0, 150)
        first, last = rng.poisson(rates), rng.poisson(rates)
        chosen = Pick("top", 15).chosen(first.astype(float))
        truth.append(1 - (last[chosen].sum() / first[chosen].sum()) / (last.sum() / first.sum()))
    for seed in range(60):
        row = picked_falls(years(200 + seed, n=150, periods=2), n_resamples=300).estimates().iloc[0]
        inside.append(row["low"] <= np.mean(truth) <= row["high"])
    assert np.mean(inside) > 0.86


@pytest.mark.parametrize("table", [pd.DataFrame({"a": [1, 2]}), pd.DataFrame({"a": [1, 2], "b": [np.nan, 1]}), pd.DataFrame({"a": [1, -2], "b": [1, 1]})])  # fmt: skip
def test_what_is_no_pair_of_periods_is_refused(table):
    with pytest.raises(ValueError, match="two or more periods"):
        picked_falls(table, top=1)


def test_what_the_picked_did_leaves_from_rounded_counts():
    table = years(3)
    found = picked_falls(table)
    shown = release(found, SAFE).result
    counts = shown.frame["count"].dropna()
    assert (counts % 5 == 0).all() and (counts > 7).all()
    rows = shown.frame[shown.frame["group"] == "2021 to 2022"].set_index(["role", "when"])["count"]
    general = (rows["picked", "after"] + rows["others", "after"]) / (
        rows["picked", "before"] + rows["others", "before"]
    )
    assert shown.estimates()["estimate"].iloc[0] == pytest.approx(1 - rows["picked", "after"] / rows["picked", "before"] / general)  # fmt: skip
    axes = shown.plot()
    assert axes.get_legend_handles_labels()[1] == ["what came", "expected by itself"]
    assert words(release(found, POLICIES["open"]).result) == words(found)


def test_a_small_group_of_the_picked_is_withheld_with_what_would_tell_it():
    table = pd.DataFrame({"a": [9, 5, *[1] * 40], "b": [4, 2, *[1] * 40]})
    shown = release(picked_falls(table, top=2), SAFE).result
    assert np.isnan(shown.estimates()["estimate"]).all() and "withheld" in shown.summary()
    assert all(value.estimate is None and value.interval is None for value in shown.values())
    assert shown.table().text_rows()[0][4:] == ["–"] * 4 and shown.plot() is not None


def test_a_second_count_is_withheld_where_the_total_of_all_would_tell_a_small_one():
    table = pd.DataFrame({"a": [60, 50, *[9] * 40], "b": [3, 2, *[9] * 40]})
    rows = release(picked_falls(table, top=2, n_resamples=50), SAFE).result.frame.set_index(["role", "when"])["count"]
    assert np.isnan(rows["picked", "after"]) and np.isnan(rows["others", "after"])
    assert rows["picked", "before"] == 110 and rows["others", "before"] == 360
