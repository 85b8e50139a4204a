"""Days between rare events: limits, rules, and that no single case leaves."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from problemsolving.errors import NotEstimableError
from problemsolving.governance.policies import POLICIES
from problemsolving.governance.release import release
from problemsolving.measures.charts import special_causes, xmr_limits
from problemsolving.measures.gap_scale import POWER, steady_limits, to_power
from problemsolving.measures.rare_events import days_between_chart
from problemsolving.periods import Month, Period
from problemsolving.results import NotEstimable

YEARS = Period(Month(2022, 1), Month(2024, 12))
START = pd.Timestamp("2022-01-05")


def dates(gaps, start=START):
    return start + pd.to_timedelta(np.cumsum([0, *gaps]), unit="D")


def steady(rng, n=40, mean=20.0):
    return dates(rng.exponential(mean, n))


def test_limits_by_hand():
    gaps = [8.0, 27.0, 15.0, 22.0, 9.0]
    chart = days_between_chart(dates(gaps), period=YEARS)
    roots = [gap ** (1 / 3.6) for gap in gaps]
    moves = [abs(after - before) for before, after in pairwise(roots)]
    centre, reach = sum(roots) / 5, 3 * sum(moves) / 4 / 1.128
    assert chart.limits.mean == pytest.approx(centre**3.6)
    assert (chart.limits.lower, chart.limits.upper) == pytest.approx(((centre - reach) ** 3.6, (centre + reach) ** 3.6))
    assert chart.gaps["days"].tolist() == gaps


def test_a_steady_rates_limits_are_those_of_the_exponential_distribution():
    roots = to_power(np.random.default_rng(1).exponential(30, 400_000))
    limits = steady_limits(30.0)
    assert limits.mean == pytest.approx(roots.mean() ** POWER, rel=0.01)
    assert limits.upper == pytest.approx((roots.mean() + 3 * roots.std()) ** POWER, rel=0.02)
    assert limits.lower == pytest.approx((roots.mean() - 3 * roots.std()) ** POWER, abs=0.01)


def test_order_of_dates_does_not_matter_and_the_input_stays_as_it_was():
    rng = np.random.default_rng(2)
    given = pd.Series(steady(rng)).sample(frac=1, random_state=1)
    before = given.copy()
    one, other = days_between_chart(given, period=YEARS), days_between_chart(given.sort_values(), period=YEARS)
    assert one.values() == other.values() and given.equals(before)


def test_events_that_become_rarer_make_a_signal_and_the_open_time_is_told():
    rng = np.random.default_rng(3)
    chart = days_between_chart(dates([*rng.exponential(6, 40), *rng.exponential(60, 8)]), period=YEARS, of="arsons")
    assert "a run on one side of the mean" in chart.signals or "outside the limits" in chart.signals
    assert max(place for places in chart.signals.values() for place in places) >= 40
    assert "signals of a special cause" in chart.summary() and "arsons" in chart.summary()
    assert chart.open_days == pytest.approx(
        (pd.Timestamp("2025-01-01") - chart.gaps["ended"].iloc[-1]) / pd.Timedelta(days=1)
    )
    still = days_between_chart(dates(rng.exponential(6, 30)), period=YEARS)
    assert still.overdue and "longer than ordinary gaps" in still.summary()


def test_two_events_of_a_day_are_half_a_day_apart_where_only_the_day_is_known():
    chart = days_between_chart(dates([10, 0, 14, 9]), period=YEARS)
    assert chart.gaps["days"].tolist() == [10, 0.5, 14, 9]
    assert any("half a day" in caveat for caveat in chart.caveats)
    timed = days_between_chart([*dates([10, 14, 9]), START + pd.Timedelta(hours=6)], period=YEARS)
    assert timed.gaps["days"].iloc[0] == 0.25 and not any("half a day" in caveat for caveat in timed.caveats)


def test_the_mean_is_that_of_the_period_with_the_interval_of_its_count():
    chart = days_between_chart(dates([20] * 35), period=YEARS)
    value = chart.values()[0]
    assert value.estimate == pytest.approx(1_096 / 36) and value.n == 36
    assert value.interval.low < value.estimate < value.interval.high
    assert value.interval.low == pytest.approx(1_096 / 49.84, rel=1e-3)  # Byar's upper limit of 36


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ([START, pd.NaT, START], ValueError, "missing"),
        ([START, START], NotEstimableError, "at least three"),
        ([], NotEstimableError, "at least three"),
        ([START, START, pd.Timestamp("2025-01-01")], ValueError, "outside the period"),
        ([START, START, pd.Timestamp("2021-12-31 23:59")], ValueError, "outside the period"),
        (pd.date_range("2022-01-01", "2024-12-31"), ValueError, "control_chart"),
    ],
)
def test_what_a_chart_refuses(given, error, words):
    with pytest.raises(error, match=words) as caught:
        days_between_chart(given, period=YEARS)
    assert "2022-01" not in str(caught.value) and "2025" not in str(caught.value)


def test_events_with_a_time_of_day_may_be_closer_than_two_days():
    rng = np.random.default_rng(4)
    assert days_between_chart(dates(rng.exponential(0.7, 900)), period=YEARS).limits.upper > 3


def test_gaps_all_alike_have_no_signal():
    chart = days_between_chart(dates([10] * 30), period=YEARS)
    assert chart.signals == {} and chart.limits.mean == pytest.approx(10) and chart.plot() is not None


def test_few_gaps_have_provisional_limits():
    rng = np.random.default_rng(5)
    few, many = (days_between_chart(steady(rng, n=n), period=YEARS) for n in (12, 30))
    assert any("provisional" in caveat for caveat in few.caveats)
    assert not any("provisional" in caveat for caveat in many.caveats)


# Release


@pytest.mark.parametrize("policy", ["opensafely", "nhs-hes", "ons", "acro"])
def test_no_gap_no_day_and_no_signal_leaves(policy):
    rng = np.random.default_rng(6)
    chart = days_between_chart(dates([*rng.exponential(6, 36), 400.0, 7.3]), period=YEARS)
    assert chart.signals and chart.plot() is not None and "400 days" in chart.summary()
    shown = release(chart, POLICIES[policy]).result
    text = (
        shown.summary()
        + shown.alt_text()
        + repr(shown.table())
        + repr(shown.values())
        + repr(shown.caveats)
        + str(shown.method)
    )
    assert shown.plot() is None and shown.signals == {} and not shown.overdue
    assert not any(f"{day:%Y-%m-%d}" in text or f"{day.day} {day:%B %Y}" in text for day in chart.gaps["ended"])
    assert "400" not in text and "Single gaps and signals are withheld" in shown.summary()


def test_what_leaves_follows_from_the_released_count_and_the_period_alone():
    rng = np.random.default_rng(7)
    shown = [
        release(days_between_chart(steady(rng, n=n, mean=18), period=YEARS), POLICIES["opensafely"]).result
        for n in (37, 38, 40)  # events: 38, 39 and 41, all shown as 40
    ]
    assert [one.values() for one in shown[1:]] == [shown[0].values()] * 2
    assert {one.summary() for one in shown} == {shown[0].summary()} and {one.caveats for one in shown} == {()}
    assert {value.n for value in shown[0].values()} == {40} and shown[0].mean_days == 1_096 / 40


@pytest.mark.parametrize("n", [4, 8])
def test_too_few_events_do_not_leave(n):
    chart = days_between_chart(steady(np.random.default_rng(8), n=n), period=YEARS)
    shown = release(chart, POLICIES["opensafely"]).result
    assert isinstance(shown, NotEstimable) and shown.withheld


def test_policy_open_changes_nothing():
    chart = days_between_chart(steady(np.random.default_rng(9)), period=YEARS)
    shown = release(chart, POLICIES["open"]).result
    assert shown.values() == chart.values() and shown.table() == chart.table() and shown.plot() is not None


# The picture


def test_the_picture_holds_gaps_limits_signals_and_the_open_time():
    rng = np.random.default_rng(10)
    chart = days_between_chart(dates([*rng.exponential(5, 36), 300.0]), period=YEARS)
    ax = chart.plot()
    lines = {line.get_label(): line for line in ax.lines}
    assert (
        lines["special cause"].get_ydata().tolist()
        == chart.gaps["days"].iloc[sorted({p for q in chart.signals.values() for p in q})].tolist()
    )
    assert lines["since the last one, still open"].get_ydata().tolist() == [chart.open_days]
    assert any("upper limit" in text.get_text() for text in ax.texts) and ax.get_ylim()[1] > 300


# Statistical truth


def test_a_steady_rate_seldom_makes_a_signal_and_untransformed_gaps_often_do():
    rng = np.random.default_rng(11)
    gaps = rng.exponential(20, (400, 24))
    rooted = np.mean([bool(special_causes(to_power(row), xmr_limits(to_power(row)))) for row in gaps])
    raw = np.mean([bool(special_causes(row, xmr_limits(row))) for row in gaps])
    assert rooted < 0.23 and raw > 0.5


def test_a_rate_that_halves_and_halves_again_is_found():
    rng = np.random.default_rng(12)
    found = [
        bool(days_between_chart(dates([*rng.exponential(7, 30), *rng.exponential(28, 20)]), period=YEARS).signals)
        for _ in range(60)
    ]
    assert np.mean(found) > 0.75
