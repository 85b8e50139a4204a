"""Hot times: aoristic weights, clocks, blocks of hours, and tests of equal days."""

import itertools
import time

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from problemsolving.errors import NotEstimableError
from problemsolving.governance.policies import POLICIES
from problemsolving.governance.release import release
from problemsolving.measures.aoristic import DAYS, aoristic_weights, at_midnight, to_local, weekdays_unequal
from problemsolving.measures.equal_times import equal_times_test
from problemsolving.measures.hot_times import measure_hot_times
from problemsolving.stats import multinomial
from problemsolving.stats.multinomial import chi_squared_statistic, g_statistic, multinomial_test

SAFE = POLICIES["opensafely"]


def seeded(seed=1):
    return np.random.default_rng(seed)


def slow_weights(begin, end):
    """Minute by minute, for events of whole minutes: another way to the same weights."""
    found = np.zeros((7, 24))
    for first, last in zip(pd.to_datetime(begin), pd.to_datetime(end), strict=True):
        minutes = pd.date_range(first, last, freq="min", inclusive="left") if last > first else [first]
        for minute in minutes:
            found[minute.day_of_week, minute.hour] += 1 / len(minutes)
    return found


# aoristic weights


@pytest.mark.parametrize(
    ("begin", "end", "told"),
    [
        ("2024-01-01 05:00", "2024-01-01 05:00", {(0, 5): 1.0}),  # an instant
        ("2024-01-01 05:00", "2024-01-01 06:00", {(0, 5): 1.0}),  # a whole hour, its end not in the next
        ("2024-01-01 05:30", None, {(0, 5): 1.0}),  # no end
        ("2024-01-01 05:45", "2024-01-01 07:15", {(0, 5): 1 / 6, (0, 6): 4 / 6, (0, 7): 1 / 6}),
        ("2024-01-07 23:00", "2024-01-08 01:00", {(6, 23): 0.5, (0, 0): 0.5}),  # Sunday into Monday
    ],
)
def test_an_event_gives_each_hour_the_share_it_covers(begin, end, told):
    found = aoristic_weights([begin], [end])
    expected = np.zeros((7, 24))
    for place, weight in told.items():
        expected[place] = weight
    assert found.weights == pytest.approx(expected, abs=1e-12)
    assert (found.used, found.no_end) == (1, int(end is None))


@pytest.mark.parametrize("days", [7, 8, 40])
def test_an_event_of_a_week_or_more_tells_nothing_of_the_hour(days):
    start = pd.Timestamp("2024-01-03 10:00")
    found = aoristic_weights([start], [start + pd.Timedelta(days=days)])
    assert found.weights == pytest.approx(np.full((7, 24), 1 / 168)) and found.whole_week == 1


def test_an_event_just_short_of_a_week_is_spread_over_what_it_covers():
    start = pd.Timestamp("2024-01-03 10:00")
    end = start + pd.Timedelta(days=7) - pd.Timedelta(minutes=1)
    found = aoristic_weights([start], [end])
    assert found.whole_week == 0
    assert found.weights == pytest.approx(slow_weights([start], [end]), abs=1e-12)


def test_what_cannot_be_used_is_counted_and_not_used():
    begin = ["2024-01-01 05:00", None, "2024-01-01 05:00", "2024-01-01 05:00"]
    end = ["2024-01-01 05:10", "2024-01-01 06:00", "2024-01-01 04:59", None]
    found = aoristic_weights(begin, end)
    assert (found.used, found.no_begin, found.reversed_, found.no_end, found.given) == (2, 1, 1, 1, 4)
    assert found.weights.sum() == pytest.approx(2) and found.weights[0, 5] == pytest.approx(2)


def test_weights_are_those_of_counting_minutes():
    rng = seeded()
    begin = pd.Timestamp("2024-02-01") + pd.to_timedelta(rng.integers(0, 60 * 24 * 40, 60), unit="min")
    end = begin + pd.to_timedelta(rng.integers(0, 3_000, 60), unit="min")
    assert aoristic_weights(begin, end).weights == pytest.approx(slow_weights(begin, end), abs=1e-9)


def test_a_hundred_thousand_events_take_under_a_second():
    rng = seeded()
    begin = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 500_000, 100_000), unit="min")
    end = begin + pd.to_timedelta(rng.integers(0, 3_000, 100_000), unit="min")
    began = time.process_time()
    found = aoristic_weights(begin, end)
    assert time.process_time() - began < 1 and found.weights.sum() == pytest.approx(100_000)


@pytest.mark.parametrize(
    ("begin", "end", "words"),
    [
        (["soon"], None, "begin must be dates"),
        (["2024-01-01", None], ["2024-01-01"], "one time an event"),
        ([1, 2], None, "begin must be dates"),
        (["31/01/2024"], None, "written like 2024-01-31"),
        (pd.to_datetime(["2024-01-01"], utc=True), None, "without an offset"),
        (["2024-01-01"], ["2024-13-45 secret"], "end must be dates"),
    ],
)
def test_times_that_are_none_are_refused_without_showing_them(begin, end, words):
    with pytest.raises(ValueError, match=words) as caught:
        aoristic_weights(begin, end)
    assert "secret" not in str(caught.value) and "soon" not in str(caught.value)


# clocks


def test_local_time_is_an_hour_later_in_summer_and_the_repeated_hour_is_shown_twice():
    found = to_local(["2024-01-01 12:00", "2024-07-01 12:00", "2024-10-27 00:30", "2024-10-27 01:30", None])
    assert found.dt.strftime("%m-%d %H:%M").tolist()[:4] == ["01-01 12:00", "07-01 13:00", "10-27 01:30", "10-27 01:30"]
    assert found.isna().tolist() == [False] * 4 + [True]


def test_the_hour_that_spring_leaves_out_is_left_out():
    local = to_local(pd.date_range("2024-03-31 00:00", "2024-03-31 02:00", freq="30min"))
    assert 1 not in local.dt.hour.tolist()


def test_other_zones_and_offsets_of_their_own_are_read():
    assert to_local(["2018-05-01 12:00"], time_zone="America/Chicago").dt.hour.tolist() == [7]
    assert to_local(["2024-07-01T12:00:00+02:00"]).dt.hour.tolist() == [11]


def test_a_zone_or_time_that_is_none_is_refused():
    with pytest.raises(ValueError, match="time_zone is not known"):
        to_local(["2024-01-01"], time_zone="Europe/Luton")
    with pytest.raises(ValueError, match="times_utc must be dates") as caught:
        to_local(["a secret"])
    assert "secret" not in str(caught.value)


def test_a_result_of_utc_times_says_so_and_one_of_local_times_says_that():
    utc, local = (measure_hot_times(["2024-07-01 22:30"], clock=clock, rng=seeded()) for clock in ("UTC", "local"))
    assert "UTC" in utc.caveats[0] and "(UTC)" in utc.summary() and "UTC" in utc.plot().get_xlabel()
    assert "local clock" in local.caveats[0] and "UTC" not in local.summary() + local.plot().get_xlabel()


# the result


def many(n=4_000, seed=1):
    rng = seeded(seed)
    day = rng.choice(7 * 52, n)
    hour = np.where(rng.random(n) < 0.5, rng.choice([20, 21, 22, 23], n), rng.integers(0, 24, n))
    return pd.Timestamp("2024-01-01") + pd.to_timedelta(day * 1440 + hour * 60 + rng.integers(0, 60, n), unit="min")


def test_totals_of_days_and_hours_are_the_sums_of_the_grid_and_hold_all_events():
    result = measure_hot_times(many(), rng=seeded())
    grid, begin = result.grid(), pd.Series(many())
    assert grid.shape == (7, 6) and grid.sum() == pytest.approx(4_000)
    assert result.totals("day")["count"].tolist() == pytest.approx(
        begin.dt.day_of_week.value_counts().sort_index().tolist()
    )
    assert result.totals("hours")["count"].tolist() == pytest.approx(
        (begin.dt.hour // 4).value_counts().sort_index().tolist()
    )
    assert result.hourly.sum(axis=1) == pytest.approx(result.totals("day")["count"])


def test_the_busiest_block_is_named_with_its_share_and_what_chance_would_give():
    result = measure_hot_times(many(), rng=seeded())
    name, count, share, limits, chance = result.busiest()
    grid = result.grid()
    assert name.endswith("20:00 to under 24:00") and name.split()[0] == DAYS[grid.max(axis=1).argmax()]
    assert count == grid.max() and share == pytest.approx(count / 4_000)
    exact = stats.binom.ppf([0.025, 0.975], 4_000, share) / 4_000
    assert (limits.low, limits.high) == pytest.approx(exact, abs=0.0006)
    drawn = seeded(9).multinomial(4_000, np.full(42, 1 / 42), size=4_000).max(axis=1) / 4_000
    assert (chance.low, chance.high) == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=0.0006)
    assert share > chance.high and name in result.summary() and "no more than chance" not in result.summary()


def test_a_flat_week_is_no_more_than_chance():
    begin = pd.date_range("2024-01-01", periods=168 * 10, freq="h")
    assert "no more than chance would give" in measure_hot_times(begin, rng=seeded()).summary()


def test_the_bootstrap_is_that_of_events_laid_at_one_time():
    """Events drawn anew, the hour of each drawn by its weights: the limits of a share are the same."""
    rng = seeded(3)
    begin = pd.Timestamp("2024-01-01 18:00") + pd.to_timedelta(rng.integers(0, 60 * 24 * 7, 300), unit="min")
    end = begin + pd.to_timedelta(rng.integers(60, 1_800, 300), unit="min")
    found = measure_hot_times(begin, end, rng=seeded()).totals("day")
    each = np.stack([aoristic_weights([b], [e]).weights.sum(axis=1) for b, e in zip(begin, end, strict=True)])
    drawn = []
    for _ in range(2_000):
        chosen = each[rng.integers(300, size=300)]
        at = (rng.random((300, 1)) > np.cumsum(chosen, axis=1)).sum(axis=1)
        drawn.append(np.bincount(np.minimum(at, 6), minlength=7) / 300)
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    assert found["low"].to_numpy() == pytest.approx(low, abs=0.012)
    assert found["high"].to_numpy() == pytest.approx(high, abs=0.012)


def test_what_is_left_out_is_told_and_spread_events_too():
    begin = [*many(100), None, pd.Timestamp("2024-01-02")]
    end = [*(many(100) + pd.Timedelta(hours=30)), pd.Timestamp("2024-01-01"), pd.Timestamp("2024-01-01")]
    result = measure_hot_times(begin, end, rng=seeded())
    assert result.left_out == {"no beginning": 1, "end before beginning": 1}
    told = [(value.group, value.estimate) for value in result.values() if value.name == "left_out"]
    assert told == [("no beginning", 1), ("end before beginning", 1)]
    text = " ".join(result.caveats)
    assert "without a beginning" in text and "before they begin" in text and "about 100 in 100" in text


def test_midnights_and_uneven_weeks_are_told():
    midnights = [pd.Timestamp("2024-01-01")] * 3 + list(many(60))
    assert at_midnight(midnights) == pytest.approx(3 / 63)
    assert any("00:00" in caveat for caveat in measure_hot_times(midnights, rng=seeded()).caveats)
    month = pd.date_range("2024-01-01 01:00", "2024-01-31 01:00", freq="D")
    assert weekdays_unequal(month) and not weekdays_unequal(month[:28])
    assert any("weekdays once more" in caveat for caveat in measure_hot_times(month, rng=seeded()).caveats)
    assert not any(
        "00:00" in caveat or "weekdays once" in caveat for caveat in measure_hot_times(month[:28], rng=seeded()).caveats
    )


def test_wrong_blocks_and_no_times_are_refused():
    with pytest.raises(ValueError, match="block_hours"):
        measure_hot_times(["2024-01-01"], block_hours=5)
    with pytest.raises(ValueError, match="confidence_level"):
        measure_hot_times(["2024-01-01"], confidence_level=2)
    with pytest.raises(NotEstimableError, match="no event has a time"):
        measure_hot_times([None, None])


def test_the_same_seed_gives_the_same_numbers():
    first, again = (measure_hot_times(many(), rng=seeded(4)) for _ in range(2))
    assert first.values() == again.values() and first.values() == first.values()


# release


def text_of(result):
    return result.summary() + repr(result.values()) + repr(result.table().text_rows()) + " ".join(result.caveats)


def test_only_rounded_counts_of_blocks_leave_and_no_single_hour():
    result = measure_hot_times(many(1_500), rng=seeded())
    shown = release(result, SAFE).result
    grid = shown.grid()
    assert shown.hourly is None and np.nanmin(grid) > 7 and (grid[np.isfinite(grid)] % 5 == 0).all()
    assert all(value.n is None or (value.n > 7 and value.n % 5 == 0) for value in shown.values())
    picture = shown.plot()
    assert {text.get_text() for text in picture.texts} <= {f"{count:,.0f}" for count in grid.ravel()}


def test_hours_stand_only_beside_the_counts_they_were_made_with():
    result = measure_hot_times(many(500), rng=seeded())
    assert result.rebuild(result.cells()).hourly is not None
    assert result.rebuild(result.cells().assign(count=lambda cells: cells["count"].round(-1))).hourly is None


@pytest.mark.parametrize("policy", ["opensafely", "ons", "nhs-hes"])
def test_a_withheld_block_is_told_by_no_other_number(policy):
    rng = seeded(2)
    hours = np.repeat(np.arange(0, 168, 4), 31) + rng.integers(0, 4, 42 * 31)
    begin = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.append(hours, [4] * 26), unit="h")
    few = (begin.day_of_week == 2) & (begin.hour // 4 == 3)
    begin = begin[~few | (np.cumsum(few) <= 6)]
    result = measure_hot_times(begin, rng=seeded())
    assert result.grid()[2, 3] == 6
    shown = release(result, POLICIES[policy]).result
    grid = shown.grid()
    assert np.isnan(grid[2, 3])
    if policy == "ons":  # counts are not rounded: the totals would tell it
        assert np.isnan(grid[2]).sum() >= 2 and np.isnan(grid[:, 3]).sum() >= 2
    assert len(shown.plot().patches) >= np.isnan(grid).sum(), "a withheld block is hatched"
    assert sum(text.get_text() == "6" for text in shown.plot().texts) == 0
    if policy == "opensafely":
        assert shown.totals("day")["count"].iloc[2] % 5 == 0
    assert shown.busiest()[1] == np.nanmax(grid)


def test_all_blocks_too_small_is_told_as_withheld_and_not_drawn():
    shown = release(measure_hot_times(many(60), rng=seeded()), SAFE).result
    assert "withheld" in shown.summary() and (not hasattr(shown, "grid") or shown.plot() is None)


def test_policy_open_changes_nothing_and_left_out_is_not_counted_elsewhere():
    begin = [*many(500), None]
    result = measure_hot_times(begin, rng=seeded())
    opened, closed = (release(result, POLICIES[name]).result for name in ("open", "ons"))
    assert opened.values() == result.values() and opened.summary() == result.summary() and opened.hourly is not None
    assert not [value for value in closed.values() if value.name == "left_out"]


def test_the_picture_outlines_what_chance_does_not_give():
    result = measure_hot_times(many(), rng=seeded())
    picture = result.plot()
    assert len(picture.texts) == 168 and picture.get_legend() is not None
    assert [tick.get_text() for tick in picture.get_yticklabels()] == list(DAYS)


# multinomial tests


@pytest.mark.parametrize("statistic", ["G", "chi-squared"])
@pytest.mark.parametrize("probabilities", [None, [0.5, 0.3, 0.2]])
@pytest.mark.parametrize("counts", [[4, 1, 0], [2, 2, 1], [0, 0, 3], [1, 0, 0]])
def test_the_exact_p_is_that_of_every_sequence(counts, probabilities, statistic):
    measure = {"G": g_statistic, "chi-squared": chi_squared_statistic}[statistic]
    chances = np.full(3, 1 / 3) if probabilities is None else np.array(probabilities)
    seen, p = measure(counts, probabilities=chances), 0.0
    for sequence in itertools.product(range(3), repeat=sum(counts)):
        if measure(np.bincount(sequence, minlength=3), probabilities=chances) >= seen - 1e-9:
            p += chances[list(sequence)].prod()
    found = multinomial_test(counts, probabilities=probabilities, statistic=statistic)
    assert found.p == pytest.approx(p) and found.method == "exact"


def test_few_events_on_days_of_the_week_by_hand():
    assert multinomial_test([3, 0, 0, 0, 0, 0, 0]).p == pytest.approx(7 / 343)
    assert multinomial_test([2, 1, 0, 0, 0, 0, 0]).p == pytest.approx((7 + 7 * 6 * 3) / 343)
    assert multinomial_test([1, 1, 1, 0, 0, 0, 0]).p == 1


@pytest.mark.parametrize(("total", "size"), [(5, 3), (9, 7), (30, 7), (6, 24), (1, 2)])
def test_outcomes_are_all_there_and_their_probabilities_add_up_to_one(total, size):
    for chances, equal in ((np.full(size, 1 / size), True), (np.arange(1, size + 1) / sum(range(1, size + 1)), False)):
        count = multinomial._count_outcomes(total, size, equal)
        if count <= multinomial.FEASIBLE:
            rows, logs = multinomial._outcomes(total, chances, equal)
            assert len(rows) == count == len(np.unique(rows, axis=0)) and (rows.sum(axis=1) == total).all()
            assert np.exp(logs).sum() == pytest.approx(1)


def test_drawn_p_is_near_the_exact_one_and_never_0():
    counts = [9, 3, 2, 1, 1, 2, 2]
    exact, drawn = (multinomial_test(counts, method=method, rng=seeded()) for method in ("exact", "monte-carlo"))
    assert drawn.p == pytest.approx(exact.p, abs=0.01) and drawn.method == "monte-carlo"
    assert multinomial_test([60, 0, 0], method="monte-carlo", n_resamples=99, rng=seeded()).p == 1 / 100


def test_many_events_are_drawn_and_agree_with_the_chi_squared_distribution():
    counts = [170, 160, 155, 172, 190, 205, 148]
    found = multinomial_test(counts, statistic="chi-squared", rng=seeded())
    assert found.method == "monte-carlo" and found.p == pytest.approx(stats.chisquare(counts).pvalue, abs=0.015)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"counts": [-1, 2]}, "counts must be 0 or more"),
        ({"counts": [3]}, "at least two categories"),
        ({"counts": [0, 0]}, "at least one event"),
        ({"counts": [1.5, 1]}, "whole numbers"),
        ({"counts": [1, 2], "probabilities": [0.5, 0.6]}, "add up to 1"),
        ({"counts": [1, 2], "probabilities": [1.0, 0.0]}, "above 0"),
        ({"counts": [400] * 7, "method": "exact"}, "too many outcomes"),
    ],
)
def test_wrong_counts_are_refused_in_words(arguments, words):
    with pytest.raises(ValueError, match=words):
        multinomial_test(**arguments)


def test_an_exact_test_of_nothing_rejects_at_most_at_its_level():
    known: dict[tuple[int, ...], float] = {}
    drawn = []
    for row in seeded(5).multinomial(9, np.full(7, 1 / 7), size=600):
        counts = tuple(sorted(row.tolist()))
        if counts not in known:
            known[counts] = multinomial_test(counts).p
        drawn.append(known[counts])
    assert 0.005 < np.mean(np.array(drawn) <= 0.05) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 600)


# equal days


def week(*counts):
    return dict(zip(DAYS, counts, strict=True))


def test_the_busiest_day_is_a_ratio_to_an_even_share_with_limits_for_all_days_together():
    result = equal_times_test(week(30, 20, 25, 22, 28, 60, 25), rng=seeded())
    shown = result.estimates().set_index("group")
    assert shown.loc["Saturday", "estimate"] == pytest.approx(60 / 210 * 7)
    z = stats.norm.ppf(1 - 0.05 / 7 / 2)
    share, n = 60 / 210, 210
    centre, spread = share + z * z / 2 / n, z * np.sqrt(share * (1 - share) / n + z * z / 4 / n / n)
    assert (shown.loc["Saturday", "low"], shown.loc["Saturday", "high"]) == pytest.approx(
        ((centre - spread) / (1 + z * z / n) * 7, (centre + spread) / (1 + z * z / n) * 7)
    )
    assert "were not spread evenly" in result.summary() and "Saturday with 60, 2.00 times" in result.summary()
    assert {value.name for value in result.values()} == {"ratio_to_even", "statistic", "p"}


def test_days_that_are_alike_are_told_as_not_clearly_uneven():
    assert "were not clearly uneven" in equal_times_test(week(*[10] * 7)).summary()


def test_months_of_unequal_length_are_compared_with_their_own_share():
    days = {"January": 31, "February": 28}
    found = equal_times_test(
        {"January": 31, "February": 28}, probabilities={name: n / 59 for name, n in days.items()}, what="month"
    )
    assert found.estimates()["estimate"].tolist() == pytest.approx([1.0, 1.0]) and found.test.p == 1


def test_wrong_days_are_refused():
    with pytest.raises(ValueError, match="same times"):
        equal_times_test(week(*[1] * 7), probabilities={"Monday": 1.0})
    with pytest.raises(ValueError, match="at least one event"):
        equal_times_test(week(*[0] * 7))


def test_equal_days_leave_with_rounded_counts_or_not_at_all():
    large, small = week(30, 20, 25, 22, 28, 61, 25), week(3, 20, 25, 22, 28, 61, 25)
    shown = release(equal_times_test(large), SAFE).result
    assert shown.frame["count"].tolist() == [30, 20, 25, 20, 30, 60, 25]
    assert (
        shown.test.p == multinomial_test([30, 20, 25, 20, 30, 60, 25], rng=seeded()).p
        or shown.test.method == "monte-carlo"
    )
    hidden = release(equal_times_test(small), POLICIES["ons"]).result
    assert hidden.frame["count"].isna().sum() == 2 and "withheld" in hidden.summary()
    assert all(value.estimate is None for value in hidden.values())
    assert (
        hidden.plot() is not None
        and release(equal_times_test(small), POLICIES["open"]).result.values() == equal_times_test(small).values()
    )


def test_the_picture_of_days_shows_what_chance_would_give():
    picture = equal_times_test(week(30, 20, 25, 22, 28, 60, 25)).plot()
    assert len(picture.patches) == 7 and "even share" in picture.get_xlabel()
