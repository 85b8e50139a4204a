"""Forecasts: shown only where they beat last year's month, with intervals that hold what they say."""

import numpy as np
import pytest

from problemsolving import draw
from problemsolving.drivers import forecast_methods
from problemsolving.drivers.forecast import forecast_counts
from problemsolving.drivers.forecast_methods import FORECASTERS, baseline_forecast
from problemsolving.drivers.forecast_scores import pinball_loss, score_forecast
from problemsolving.drivers.forecast_trials import Trial, limits, try_methods
from problemsolving.drivers.monthly import monthly_frame
from problemsolving.drivers.segmentation import simulate_counts
from problemsolving.errors import NotEstimableError
from problemsolving.governance.policies import POLICIES
from problemsolving.governance.release import release
from problemsolving.periods import Month

SAFE = POLICIES["opensafely"]
QUICK = ("mean", "naive", "drift", "harmonics with trend")


def months(n, start="2021-01"):
    names = [Month.parse(start)]
    while len(names) < n:
        names.append(names[-1].next)
    return [str(name) for name in names]


def lengths(n):
    return np.array([Month.parse(month).days for month in months(n)], float)


def seasonal(n, *, level=4.0, swing=0.25, spread=1.0, seed=5, alike=0.0):
    mean = lengths(n) * level * (1 + swing * np.sin(2 * np.pi * np.arange(n) / 12))
    return simulate_counts(mean, spread=spread, alike=alike, rng=np.random.default_rng(seed))


def series(n, **kwargs):
    return dict(zip(months(n), seasonal(n, **kwargs), strict=True))


def said(result):
    return result.summary() + repr(result.table().text_rows()) + repr(result.values()) + " ".join(result.caveats)


# scores and baselines


def test_scores_by_hand():
    found = score_forecast([10, 0], [8, 1], training=[1, 3, 2, 6], season=2)
    assert (found.mae, found.rmse) == (1.5, pytest.approx(np.sqrt(2.5)))
    assert found.mase == 1.5 / 2 and np.isnan(found.mape), "a share of nothing is no percentage"


def test_drift_is_the_line_from_first_to_last():
    assert baseline_forecast([2, 9, 4, 11], horizon=2, method="drift").tolist() == [14.0, 17.0]


def test_a_training_series_that_repeats_itself_has_no_scale():
    assert np.isnan(score_forecast([1], [2], training=[1, 2, 1, 2], season=2).mase)


def test_pinball_by_hand():
    assert pinball_loss([10, 20], [12, 16], level=0.9) == pytest.approx((0.1 * 2 + 0.9 * 4) / 2)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: score_forecast([1], [1, 2], training=[1, 2, 3], season=2), "one number each"),
        (lambda: score_forecast([], [], training=[1, 2, 3], season=2), "at least one step"),
        (lambda: score_forecast([1], [1], training=[1, 2], season=2), "longer than one cycle"),
        (lambda: baseline_forecast([1, 2], horizon=0, method="mean"), "horizon must be 1 or more"),
        (lambda: baseline_forecast([1], horizon=1, method="mean"), "two numbers"),
        (lambda: baseline_forecast([1, 2], horizon=1, method="seasonal naive"), "whole cycle"),
        (lambda: baseline_forecast([1, 2], horizon=1, method="median"), "method must be one of"),
    ],
)
def test_wrong_scores_are_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()


# months


@pytest.mark.parametrize(
    ("counts", "days", "words"),
    [
        ({"2024-1": 1}, None, "write it as 2021-05"),
        ({"2024-01": 1, "2024-03": 1}, None, "follow each other"),
        ({"2024-02": 1, "2024-01": 1}, None, "follow each other"),
        ({"2024-01": -1}, None, "0 or more"),
        ({"2024-01": float("nan")}, None, "none missing"),
        ({"2024-01": 1}, {}, "days of every month"),
        ({"2024-01": 1}, {"2024-01": 32}, "between 1 and the days"),
        ({"2024-01": 1}, {"2024-01": 0}, "between 1 and the days"),
        ({"2024-01": 1}, {"2024-01": 30}, "no complete month"),
        ({}, None, "no complete month"),
    ],
)
def test_months_that_are_none_are_refused(counts, days, words):
    with pytest.raises(ValueError, match=words):
        monthly_frame(counts, days)


def test_a_month_in_part_is_left_out_last_and_said_elsewhere():
    counts = dict.fromkeys(months(4), 31.0)
    days = {"2021-01": 31, "2021-02": 20, "2021-03": 31, "2021-04": 29}
    frame, caveats = monthly_frame(counts, days)
    assert frame["group"].tolist() == months(3) and frame["days"].tolist() == [31, 20, 31]
    assert len(caveats) == 2 and "last month is not complete" in caveats[0] and "events a day" in caveats[1]


def test_an_incomplete_last_month_does_not_pull_the_forecast_down():
    counts = series(37)
    last = months(37)[-1]
    days = {month: Month.parse(month).days for month in counts} | {last: 3}
    result = forecast_counts({**counts, last: 1.0}, days=days, methods=QUICK)
    full = forecast_counts(dict(list(counts.items())[:-1]), methods=QUICK)
    assert any("last month is not complete" in caveat for caveat in result.caveats)
    assert result.values() == full.values()
    assert result.results().caveats == result.caveats[:1], "the scores say so too"


# forecasts


@pytest.mark.parametrize(("n", "words"), [(24, "24 months; 36 are needed"), (35, "35 months; 36 are needed")])
def test_too_few_months_are_not_estimable(n, words):
    with pytest.raises(NotEstimableError, match=words):
        forecast_counts(series(n))


def test_36_months_are_enough_for_seven_months_ahead_and_no_more():
    assert len(forecast_counts(series(36), horizon=7, methods=QUICK).trials["mean"].came) == 12
    with pytest.raises(ValueError, match="between 1 and 7 months"):
        forecast_counts(series(36), horizon=8)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"methods": ["guess"]}, "methods must be of"),
        ({"confidence_level": 95}, "between 0 and 1"),
        ({"horizon": 0}, "horizon"),
    ],
)
def test_wrong_settings_are_refused(change, words):
    with pytest.raises(ValueError, match=words):
        forecast_counts(series(36), **change)


def test_no_event_is_not_estimable():
    with pytest.raises(NotEstimableError, match="no event"):
        forecast_counts(dict.fromkeys(months(36), 0))


def test_the_mean_and_its_interval_by_hand():
    """No season and none tried but the mean: rate, past errors of the root, t."""
    from scipy import stats

    counts, days = seasonal(40, swing=0.0), lengths(40)
    result = forecast_counts(dict(zip(months(40), counts, strict=True)), horizon=2, methods=["mean"])
    assert result.best == "mean"
    rates = counts / days
    errors = [np.sqrt(rates[start + 1]) - np.sqrt(rates[:start].mean()) for start in range(24, 39)]
    reach = stats.t.ppf(0.975, len(errors)) * np.sqrt(np.mean(np.square(errors)))
    second = result.estimates().iloc[1]
    assert second["estimate"] == pytest.approx(rates.mean())
    assert second["low"] == pytest.approx((np.sqrt(rates.mean()) - reach) ** 2)
    assert second["high"] == pytest.approx((np.sqrt(rates.mean()) + reach) ** 2)
    assert second["group"] == "2024-06" and second["month"] == pytest.approx(second["estimate"] * 30)


def test_scores_come_from_forecasts_that_saw_nothing_later():
    counts, days = seasonal(36), lengths(36)
    trial = try_methods(tuple(counts), tuple(days), 3, ("naive",))["naive"]
    rates = counts / days
    assert trial.forecast[:, 0].tolist() == rates[23:35].tolist()
    assert trial.came[0].tolist() == rates[24:27].tolist() and np.isnan(trial.came[-1]).tolist() == [False, True, True]
    changed = counts.copy()
    changed[30:] = 1
    later = try_methods(tuple(changed), tuple(days), 3, ("harmonics with trend",))["harmonics with trend"]
    first = try_methods(tuple(counts), tuple(days), 3, ("harmonics with trend",))["harmonics with trend"]
    assert np.array_equal(later.forecast[:7], first.forecast[:7]) and not np.allclose(
        later.forecast[7:], first.forecast[7:]
    )


def test_each_past_interval_is_made_without_the_month_it_is_tried_on():
    came = np.array([[4.0], [4.0], [4.0], [100.0]])
    trial = Trial(ahead=np.array([4.0]), forecast=np.full((4, 1), 4.0), came=came, scales=np.ones(4))
    low, high = trial.left_out_limits(0.95)
    assert (low[3, 0], high[3, 0]) == (4.0, 4.0) and trial.coverage(0.95) == 0.75
    assert low[0, 0] < 4.0 < high[0, 0]


def test_limits_never_fall_below_nothing():
    low, high = limits(np.array([0.04]), np.array([0.5]))
    assert low.tolist() == [0.0] and high.tolist() == [pytest.approx(0.49)]


def test_months_of_different_length_make_no_season():
    """Ten a day, exactly: raw counts would swing by a tenth."""
    counts = dict(zip(months(36), 10 * lengths(36), strict=True))
    result = forecast_counts(counts, methods=["mean", "drift"])
    assert result.scores()["mae"].tolist() == pytest.approx([0, 0, 0], abs=1e-9)


def test_a_model_that_does_not_beat_last_years_month_is_not_shown():
    swing = 1 + 0.4 * np.sin(2 * np.pi * 5 * np.arange(40) / 12)  # five waves a year: no method but the naive knows
    result = forecast_counts(dict(zip(months(40), 40 * lengths(40) * swing, strict=True)), methods=QUICK)
    assert not result.shown and result.best == "seasonal naive" and result.plot() is None
    assert "No forecast of incidents is shown" in result.summary()
    assert [(value.estimate, value.reason) for value in result.values()] == [
        (None, "not estimable: no method came closer than last year's same month")
    ]
    assert result.table().columns[0].label == "Method", "the scores say why"
    with pytest.raises(NotEstimableError, match="No forecast"):
        result.estimates()


def test_equal_to_last_years_month_is_not_better():
    result = forecast_counts(series(40), methods=["seasonal naive"])
    assert result.methods == ("seasonal naive",) and not result.shown
    assert "next best" not in result.summary()


def test_a_shown_forecast_says_what_it_rests_on():
    result = forecast_counts(series(48), methods=QUICK, of="assaults")
    assert result.shown and result.best == "harmonics with trend"
    text = result.summary()
    assert text.startswith("If things go on as they did, harmonics with trend forecasts")
    assert (
        "assaults a day in January 2025" in text
        and "assaults a day in June 2025" in text
        and "24 past starting points" in text
    )
    assert result.scores()["mase"].is_monotonic_increasing
    first = result.values()[0]
    assert (first.name, first.period, first.unit) == ("forecast", "2025-01", "assaults a day")
    assert first.interval.low < first.estimate < first.interval.high
    assert draw.to_svg(result.plot) and "assaults a day by month" in result.alt_text()
    one = forecast_counts(series(48), methods=QUICK, horizon=1).summary()
    assert one.count("January 2025") == 1


def test_scores_are_a_result_of_their_own():
    scores = forecast_counts(series(48), methods=QUICK).results()
    assert (
        scores.plot() is None
        and not scores.drawn
        and "came closest to incidents up to 6 months ahead" in scores.summary()
    )
    assert {value.name for value in scores.values()} == {"mase", "mae", "rmse", "mape", "pinball", "coverage"}
    assert len(scores.table().rows) == 5


def test_harmonics_find_a_trend_and_a_season():
    days = lengths(60)
    rate = 3 * np.exp(0.1 * np.arange(66) / 12 + 0.3 * np.sin(2 * np.pi * np.arange(66) / 12))
    ahead = FORECASTERS["harmonics with trend"](rate[:60] * days, days, 6)
    assert ahead == pytest.approx(rate[60:], rel=1e-6)


def test_exponential_smoothing_follows_a_season():
    counts, days = seasonal(48, level=20.0, swing=0.4), lengths(48)
    ahead = FORECASTERS["exponential smoothing"](counts, days, 6)
    expected = 20 * (1 + 0.4 * np.sin(2 * np.pi * np.arange(48, 54) / 12))
    assert np.abs(ahead / expected - 1).max() < 0.15


def test_what_does_not_converge_is_left_out_aloud(monkeypatch):
    from statsmodels.tsa.exponential_smoothing import ets

    fit = ets.ETSModel.fit

    def unsure(self, **kwargs):
        fitted = fit(self, **kwargs)
        fitted.mle_retvals = {**fitted.mle_retvals, "converged": False}
        return fitted

    monkeypatch.setattr(ets.ETSModel, "fit", unsure)
    result = forecast_counts(series(37, seed=44), methods=["mean", "exponential smoothing"])
    assert "exponential smoothing" not in result.scores()["method"].tolist()
    assert any(caveat.startswith("Exponential smoothing did not converge") for caveat in result.caveats)


@pytest.mark.parametrize("fault", [ValueError, np.linalg.LinAlgError])
def test_what_cannot_be_fitted_is_left_out(monkeypatch, fault):
    from statsmodels.tsa.exponential_smoothing import ets

    def fails(self, **kwargs):
        raise fault("no")

    monkeypatch.setattr(ets.ETSModel, "fit", fails)
    assert forecast_methods.FORECASTERS["exponential smoothing"](seasonal(24), lengths(24), 3) is None


def test_few_events_a_month_are_said():
    assert any("Fewer than 10" in caveat for caveat in forecast_counts(series(40, level=0.1), methods=QUICK).caveats)


def test_the_result_is_kept_and_inputs_are_not_changed():
    counts = series(36)
    before = dict(counts)
    forecast_counts(counts, methods=QUICK)
    assert counts == before


# release


def test_released_forecasts_are_made_from_rounded_counts():
    result = forecast_counts(series(48), methods=QUICK)
    shown = release(result, SAFE).result
    rounded = {month: 5 * np.floor(count / 5 + 0.5) for month, count in series(48).items()}
    assert shown.values() == forecast_counts(rounded, methods=QUICK).values()
    assert shown.values() != result.values()
    assert all(value.n is None or (value.n > 7 and value.n % 5 == 0) for value in shown.values())
    assert draw.to_svg(shown.plot)


def test_a_withheld_month_leaves_nothing_to_forecast_from():
    counts = series(40) | {"2022-05": 3.0}
    for raw in (forecast_counts(counts, methods=QUICK), forecast_counts(counts, methods=QUICK).results()):
        shown = release(raw, SAFE).result
        assert shown.plot() is None and "withheld" in shown.summary()
        assert all(value.estimate is None and value.n is None and value.reason is None for value in shown.values())
        assert shown.table().rows == () and "nan" not in said(shown)


def test_policy_open_changes_nothing():
    result = forecast_counts(series(40), methods=QUICK)
    released = release(result, POLICIES["open"]).result
    assert released.values() == result.values() and released.caveats == result.caveats


# truth


@pytest.mark.parametrize(("spread", "n"), [(1.0, 36), (3.0, 48)])
def test_intervals_hold_about_what_they_say_and_shown_forecasts_are_closer(spread, n):
    inside, off, naive = [], [], []
    for seed in range(40):
        counts, days = seasonal(n + 6, spread=spread, seed=100 + seed), lengths(n + 6)
        known = dict(zip(months(n), counts[:n], strict=True))
        result = forecast_counts(known, methods=["mean", "harmonics with trend"])
        if not result.shown:
            continue
        came, ahead = counts[n:] / days[n:], result.estimates()
        inside.append(((ahead["low"] <= came) & (came <= ahead["high"])).mean())
        off.append(np.abs(ahead["estimate"] - came).mean())
        naive.append(np.abs(counts[n - 12 : n - 6] / days[n - 12 : n - 6] - came).mean())
    assert len(inside) > 20 and 0.89 <= np.mean(inside) <= 0.99
    assert np.mean(off) < np.mean(naive)


@pytest.mark.data
def test_two_years_of_open_data_are_not_enough(real_data):
    """police.uk Bedfordshire: 24 months, counted with the csv module."""
    import csv
    from collections import Counter

    counts = Counter()
    for path in sorted(real_data.glob("police_uk/bedfordshire/*/*-street.csv")):
        with path.open(encoding="utf-8-sig", newline="") as stream:
            counts.update(row["Month"] for row in csv.DictReader(stream))
    assert len(counts) == 24
    with pytest.raises(NotEstimableError, match="24 months; 36 are needed"):
        forecast_counts(dict(sorted(counts.items())), of="crimes")
