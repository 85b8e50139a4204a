"""Change points: found where planted, seldom where nothing is, and never stated as a fact."""

import numpy as np
import pandas as pd
import pytest

from problemsolving import draw
from problemsolving.drivers.change_points import find_change_points
from problemsolving.drivers.poisson_cost import PoissonCost
from problemsolving.drivers.segmentation import (
    Settings,
    _dispersion,
    _search,
    find_stretches,
    harmonics,
    simulate_counts,
)
from problemsolving.errors import NotEstimableError
from problemsolving.governance.policies import POLICIES
from problemsolving.governance.release import release
from problemsolving.simulate.places import make_places
from problemsolving.simulate.rates import draw_counts, expected_counts
from problemsolving.simulate.worlds import SIZES, month_factors, plant

SAFE = POLICIES["opensafely"]
DAYS = np.full(48, 30.0)


def months(n):
    return [f"{2020 + k // 12}-{k % 12 + 1:02d}" for k in range(n)]


def wave(n, swing=0.15):
    return 1 + swing * np.sin(2 * np.pi * np.arange(n) / 12)


def stepped(n=48, at=20, ratio=1.6, level=150.0, swing=0.15):
    return level * wave(n, swing) * np.where(np.arange(n) < at, 1.0, ratio)


def ask(counts, **kwargs):
    kwargs = {"n_resamples": 9, "rng": np.random.default_rng(1)} | kwargs
    return find_change_points(dict(zip(months(len(counts)), counts, strict=True)), **kwargs)


def said(result):
    return result.summary() + repr(result.table().text_rows()) + repr(result.values()) + " ".join(result.caveats)


# the search


def test_the_cost_is_minus_twice_the_likelihood_up_to_what_every_cut_shares():
    from scipy import stats

    counts, exposure = np.array([3.0, 5, 2, 9]), np.array([30.0, 28, 31, 30])
    cost = PoissonCost(exposure, dispersion=2.0).fit(counts)

    def minus_twice(start, end):
        rate = counts[start:end].sum() / exposure[start:end].sum()
        return -stats.poisson.logpmf(counts[start:end], rate * exposure[start:end]).sum()  # times 2 over 2

    whole = minus_twice(0, 4) - cost.error(0, 4)
    for at in (1, 2, 3):
        assert minus_twice(0, at) + minus_twice(at, 4) - cost.error(0, at) - cost.error(at, 4) == pytest.approx(whole)


def test_a_stretch_without_events_costs_nothing():
    assert PoissonCost(np.ones(4)).fit(np.array([0.0, 0, 0, 7])).error(0, 3) == 0


def cheapest(counts, price, shortest):
    """Every cut there is, one by one."""
    cost = PoissonCost(np.full(counts.size, 30.0)).fit(counts)
    best = {0: (-price, ())}
    for end in range(shortest, counts.size + 1):
        ways = [(best[s][0] + price + cost.error(s, end), (*best[s][1], s)) for s in best if end - s >= shortest]
        best[end] = min(ways)
    return best[counts.size][0], tuple(s for s in best[counts.size][1] if s)


def test_the_search_finds_the_cheapest_cut_also_where_pelt_alone_does_not():
    from ruptures import Pelt

    rng = np.random.default_rng(2)
    missed = 0
    for _ in range(150):
        n = 36
        counts = rng.poisson(30 * np.exp(rng.normal(0, 0.4, 12)).repeat(3)).astype(float)
        settings, days = Settings(4, 1.0, 0), np.full(n, 30.0)
        total, _ = cheapest(counts, np.log(n), 4)
        cost = PoissonCost(days).fit(counts)
        found = [*_search(counts, days, 1.0, settings, exact=True), n]
        pelt = Pelt(custom_cost=cost, min_size=4, jump=1).fit(counts).predict(np.log(n))
        assert cost.sum_of_costs(found) + np.log(n) * (len(found) - 1) == pytest.approx(total)
        missed += cost.sum_of_costs(pelt) + np.log(n) * (len(pelt) - 1) > total + 1e-6
    assert missed > 0, "were PELT exact here, the second search could go"


def test_dispersion_by_hand_and_a_step_hardly_moves_it():
    residuals = np.array([1.0, -1, 1, -1, 1, -1])
    spread, alike, long = _dispersion(residuals, 0)
    assert (spread, alike, long) == (pytest.approx(20 / 10), 0.0, pytest.approx(2.0))
    rng = np.random.default_rng(3)
    plain = rng.normal(0, 2, 200)
    assert _dispersion(plain + np.where(np.arange(200) < 100, 0, 0.5), 0)[0] == pytest.approx(
        _dispersion(plain, 0)[0], rel=0.1
    )


def test_neighbours_alike_widen_the_dispersion_of_long_stretches():
    rng = np.random.default_rng(4)
    noise = np.empty(4_000)
    noise[0] = 0
    for k in range(1, noise.size):
        noise[k] = 0.5 * noise[k - 1] + rng.normal()
    spread, alike, long = _dispersion(noise, 0)
    assert spread == pytest.approx(1 / 0.75, rel=0.1) and alike == pytest.approx(0.5, abs=0.05)
    assert long == pytest.approx(4.0, rel=0.2), "the variance of a sum of n is 1/(1-r)² n"


def test_simulated_counts_have_the_mean_spread_and_likeness_asked_for():
    drawn = simulate_counts(np.full(40_000, 50.0), spread=4.0, alike=0.3, rng=np.random.default_rng(5))
    assert drawn.mean() == pytest.approx(50, rel=0.02) and drawn.var() / 50 == pytest.approx(4.0, rel=0.1)
    assert np.corrcoef(drawn[1:], drawn[:-1])[0, 1] == pytest.approx(0.3, abs=0.05)


def test_the_season_is_found_beside_a_step():
    cut = find_stretches(stepped(), DAYS, Settings())
    assert cut.starts == (20,)
    assert cut.rates == pytest.approx([5.0, 8.0], rel=1e-3)
    assert cut.exposure / 30 == pytest.approx(wave(48), rel=5e-3)
    assert harmonics(12, 2).sum(axis=0) == pytest.approx(0, abs=1e-9)


# the result


def test_a_step_is_offered_with_its_size_its_strength_and_a_doubt():
    result = ask(np.round(stepped()), of="assaults", days=dict.fromkeys(months(48), 28))
    (change,) = result.changes().to_dict("records")
    assert change["group"] == "September 2021" and change["estimate"] == pytest.approx(1.6, rel=0.01)
    assert change["low"] < 1.6 < change["high"] and change["returned"] == 1.0
    text = result.summary()
    assert (
        text.startswith("Offered for judgement, not as fact")
        and "may have changed in September 2021 (1.60 times" in text
    )
    assert "Ask what happened then, recording included" in text
    assert any("chosen by looking" in caveat for caveat in result.caveats)


def test_the_interval_of_a_change_is_a_t_interval_with_the_dispersion():
    from scipy import stats

    rng = np.random.default_rng(6)
    result = ask(simulate_counts(stepped(), spread=3.0, alike=0.0, rng=rng))
    cut = result.search.stretches
    change, (before, after) = result.changes().iloc[0], np.bincount(cut.labels, result.frame["count"])
    reach = stats.t.ppf(0.975, 48 - 2 - 4) * np.sqrt(cut.dispersion * (1 / before + 1 / after))
    assert cut.dispersion > 1.5 and change["count"] == after
    assert np.log(change["high"] / change["estimate"]) == pytest.approx(reach)


def test_no_change_says_how_likely_one_would_have_been_found():
    result = ask(np.round(150 * wave(48)))
    assert result.months == [] and result.changes().empty and len(result.table().rows) == 1
    assert "No change in the level of incidents was found from January 2020 to December 2023" in result.summary()
    assert "one to 1.3 times the rate half-way would have been found 100% of the time" in result.summary()
    values = {value.name: value for value in result.values()}
    assert values["changes"].estimate == 0 and values["power"].estimate == 1.0 and "rate_ratio_at_change" not in values
    assert not any("chosen by looking" in caveat for caveat in result.caveats)


def test_a_season_is_taken_out_and_where_it_is_left_in_months_are_said_to_be_alike():
    counts = np.round(150 * wave(48, 0.35))
    taken_out, left_in = ask(counts), ask(counts, season=False)
    assert taken_out.months == [] and taken_out.caveats == () and taken_out.search.stretches.dispersion == 1.0
    assert any("Neighbouring months are alike" in caveat for caveat in left_in.caveats)
    assert left_in.search.stretches.dispersion > 4


def test_under_two_years_the_season_is_left_in_aloud():
    result = ask(np.round(stepped(20, at=9, swing=0.0)))
    assert result.months == ["2020-10"] and result.settings.harmonics == 0
    assert any("cannot be told from a change" in caveat for caveat in result.caveats)


def test_months_of_different_length_are_no_change():
    counts = [10 * pd.Period(month).days_in_month for month in months(36)]
    assert ask(counts).months == []


def test_a_steady_rise_is_told_from_steps():
    counts = np.round(100 * np.exp(0.3 * np.arange(60) / 12) * wave(60))
    assert any("steady rise or fall fits" in caveat for caveat in ask(counts).caveats)
    assert not any("steady rise or fall" in caveat for caveat in ask(np.round(stepped())).caveats)


def test_weak_changes_and_alike_months_are_said():
    rng = np.random.default_rng(8)
    while True:
        weak = ask(simulate_counts(stepped(ratio=1.22), spread=3.0, alike=0.0, rng=rng), n_resamples=19)
        if weak.months and min(weak.search.returned) < 0.8:
            break
    assert any("fewer than 80%" in caveat for caveat in weak.caveats)
    slow = 300 * np.exp(0.1 * np.sin(2 * np.pi * np.arange(60) / 17))
    assert any("Neighbouring months are alike" in caveat for caveat in ask(np.round(slow)).caveats)


def test_a_last_month_in_part_is_left_out_aloud():
    counts = np.append(np.round(stepped()), 3)
    days = {month: pd.Period(month).days_in_month for month in months(49)} | {months(49)[-1]: 2}
    result = ask(counts, days=days)
    assert len(result.frame) == 48 and any("not complete" in caveat for caveat in result.caveats)


@pytest.mark.parametrize("change", [{"shortest": 1}, {"penalty": 0}, {"ratio": 0}, {"n_resamples": 0}])
def test_wrong_settings_are_refused(change):
    with pytest.raises(ValueError, match="shortest must be 2 or more"):
        ask(np.full(48, 100), **change)


def test_a_level_that_is_none_is_refused():
    with pytest.raises(ValueError, match="between 0 and 1"):
        ask(np.full(48, 100), confidence_level=95)


def test_too_little_is_not_estimable():
    with pytest.raises(NotEstimableError, match="11 complete months; 12 are needed"):
        ask(np.full(11, 100))
    with pytest.raises(NotEstimableError, match="no event"):
        ask(np.zeros(24))


def test_the_same_seed_gives_the_same_result_and_more_months_than_two_may_be_found():
    counts = np.round(stepped() * np.where(np.arange(48) < 34, 1.0, 0.6))
    first, second = (ask(counts, rng=np.random.default_rng(3)) for _ in range(2))
    assert first.values() == second.values() and first.months == ["2021-09", "2022-11"]
    assert [row[0] for row in first.table().text_rows()] == [
        "January 2020 to August 2021", "September 2021 to October 2022", "November 2022 to December 2023",
    ]  # fmt: skip
    axes = first.plot()
    assert len(axes.texts) == 2 and draw.to_svg(first.plot)


# release


def test_changes_are_searched_anew_in_rounded_counts():
    counts = np.round(stepped())
    result, shown = ask(counts), release(ask(counts), SAFE).result
    assert shown.values() == ask(5 * np.floor(counts / 5 + 0.5)).values() != result.values()
    assert all(value.n is None or (value.n > 7 and value.n % 5 == 0) for value in shown.values())
    assert draw.to_svg(shown.plot)


def test_a_withheld_month_leaves_nothing_to_search():
    counts = np.round(stepped())
    counts[5] = 3
    shown = release(ask(counts), SAFE).result
    assert shown.plot() is None and "withheld" in shown.summary() and shown.table().rows == () and shown.months == []
    assert [value.estimate for value in shown.values()] == [None] and not any("looking" in one for one in shown.caveats)
    assert "nan" not in said(shown)


def test_policy_open_changes_nothing():
    result = ask(np.round(stepped()))
    released = release(result, POLICIES["open"]).result
    assert released.values() == result.values() and released.caveats == result.caveats


# truth


@pytest.mark.parametrize(("spread", "alike"), [(1.0, 0.0), (4.0, 0.0), (4.0, 0.2)])
def test_a_steady_series_is_seldom_called_changed(spread, alike):
    rng = np.random.default_rng(9)
    alarms = sum(
        bool(find_stretches(simulate_counts(150 * wave(48), spread=spread, alike=alike, rng=rng), DAYS, Settings(), exact=False).starts)
        for _ in range(120)
    )  # fmt: skip
    assert alarms <= 8


def test_a_step_of_three_tenths_is_found_where_it_is():
    rng = np.random.default_rng(10)
    found = [
        find_stretches(simulate_counts(stepped(ratio=1.3), spread=2.0, alike=0.0, rng=rng), DAYS, Settings(), exact=False).starts
        for _ in range(60)
    ]  # fmt: skip
    assert np.mean([len(starts) == 1 and abs(starts[0] - 20) <= 2 for starts in found]) >= 0.85


def test_the_change_of_recording_in_the_simulated_partnership_is_found():
    truths = plant(world="recording-change")
    rng = np.random.default_rng(11)
    places = make_places(11, truths, SIZES["demo"])
    factors = month_factors(truths, truths.months, rng)
    counts = draw_counts(
        expected_counts(places, truths, None, category="anti-social-behaviour", factors=factors), truths, rng
    ).sum(axis=0)
    result = find_change_points(dict(zip(map(str, truths.months), counts, strict=True)), n_resamples=9, rng=rng)
    assert str(truths.recording_month) in result.months
    change = result.changes().set_index("group").loc[truths.recording_month.in_words]
    assert change["low"] < truths.recording_step < change["high"]
