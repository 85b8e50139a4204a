"""Methods against numbers worked out by hand or by another way."""

import numpy as np
import pandas as pd
import pytest

from problemsolving.evaluation.change import estimate_rate_change, share_dispersion
from problemsolving.evaluation.effect import estimate_effect
from problemsolving.evaluation.power import detectable_ratio, power_of_comparison
from problemsolving.measures.charts import control_chart
from problemsolving.measures.comparison import compare_rates
from problemsolving.measures.gradient import measure_gradient
from problemsolving.network.pathways.waits import median_waits
from problemsolving.stats.counts import fit_poisson

AREAS = pd.DataFrame({"district": ["a", "b", "c"], "count": [200, 100, 100], "population": [1_000, 1_000, 1_000]})


def test_a_comparison_with_one_other_place():
    found = compare_rates(AREAS, by="district", groups=["a"], benchmark=["b"]).estimates()
    reach = np.exp(1.959964 * np.sqrt(1 / 200 + 1 / 100))
    assert found["group"].tolist() == ["a"] and found["ratio"].tolist() == [2.0]
    assert (found["low"].item(), found["high"].item()) == pytest.approx((2 / reach, 2 * reach))


def test_a_comparison_leaves_the_group_out_of_its_own_benchmark_and_says_which_way():
    result = compare_rates(AREAS, by="district", groups=["a", "b"], benchmark=["a", "b", "c"])
    assert result.estimates()["ratio"].tolist() == [2.0, pytest.approx(100 / 150)]
    assert "a was higher than" in result.summary() and "b was lower than" in result.summary()


def test_a_group_without_another_benchmark_is_refused():
    with pytest.raises(ValueError, match="other than itself"):
        compare_rates(AREAS, by="district", groups=["a"], benchmark=["a"])


MONTHS = [f"{year}-{month:02d}" for year in (2022, 2023) for month in range(1, 13)]
DAYS = dict.fromkeys(MONTHS, 30)


def test_a_change_with_season_only_is_a_ratio_with_a_t_interval():
    season = np.tile(np.arange(100, 220, 10), 2) * np.repeat([1.0, 1.5], 12)
    found = (
        estimate_rate_change(
            pd.DataFrame({"x": season}, index=MONTHS), before=MONTHS[:12], after=MONTHS[12:], days=DAYS
        )
        .estimates()
        .iloc[0]
    )
    before, after = season[:12].sum(), season[12:].sum()
    from scipy import stats

    reach = np.exp(stats.t.ppf(0.975, 11) * np.sqrt(1 / before + 1 / after))
    assert (found["ratio"], found["low"], found["high"]) == pytest.approx((1.5, 1.5 / reach, 1.5 * reach))


def test_share_dispersion_is_pearsons_statistic_over_its_freedom():
    from scipy import stats

    table = np.array([[30, 70], [60, 40], [45, 55]])
    chi = stats.chi2_contingency(table, correction=False)
    assert share_dispersion(table) == pytest.approx(chi.statistic / chi.dof)


def world(rng, drift, treated=8, others=24, effect=1.0):
    rates = rng.uniform(2, 8, treated + others)
    moves = np.exp(rng.normal(0, drift, treated + others))
    moves[:treated] *= effect
    before, after = rng.poisson(rates, (12, rates.size)), rng.poisson(rates * moves, (12, rates.size))
    names = [f"p{place}" for place in range(rates.size)]
    return pd.DataFrame(np.vstack([before, after]), index=MONTHS, columns=names), names


@pytest.mark.parametrize("drift", [0.0, 0.25])
def test_an_effect_of_nothing_is_seldom_called_one(drift):
    rng = np.random.default_rng(11)
    called = placebo = 0
    for _ in range(150):
        monthly, names = world(rng, drift)
        found = estimate_effect(
            monthly,
            treated=names[:8],
            comparison=names[8:],
            before=MONTHS[:12],
            after=MONTHS[12:],
            days=DAYS,
            n_placebos=99,
            rng=rng,
        )
        called += not found.ratio[1] <= 1 <= found.ratio[2]
        placebo += found.placebo_p <= 0.05
    assert called <= 16 and placebo <= 16


def test_a_true_effect_lies_in_its_interval():
    rng = np.random.default_rng(12)
    inside = 0
    for _ in range(100):
        monthly, names = world(rng, 0.1, effect=0.7)
        low, high = estimate_effect(
            monthly,
            treated=names[:8],
            comparison=names[8:],
            before=MONTHS[:12],
            after=MONTHS[12:],
            days=DAYS,
            n_placebos=1,
            rng=rng,
        ).ratio[1:]
        inside += low <= 0.7 <= high
    assert inside >= 89


@pytest.mark.parametrize(("treated", "others"), [(1, 2), (1, 30), (3, 6)])
def test_few_comparison_areas_give_no_placebo(treated, others):
    monthly, names = world(np.random.default_rng(1), 0.0, treated, others)
    found = estimate_effect(
        monthly, treated=names[:treated], comparison=names[treated:], before=MONTHS[:12], after=MONTHS[12:], days=DAYS
    )
    assert found.placebo_p is None


def test_no_estimate_no_placebo():
    monthly, names = world(np.random.default_rng(1), 0.0)
    monthly.loc[MONTHS[12:], names[:8]] = 0
    found = estimate_effect(
        monthly, treated=names[:8], comparison=names[8:], before=MONTHS[:12], after=MONTHS[12:], days=DAYS
    )
    assert found.placebo_p is None and found.values()[0].reason


def test_displacement_without_any_is_none_on_average():
    rng = np.random.default_rng(13)
    found = []
    for _ in range(150):
        monthly, names = world(rng, 0.0)
        monthly.loc[MONTHS[12:]] = rng.poisson(monthly.loc[MONTHS[12:]] * 0.8)
        effect = estimate_effect(
            monthly,
            treated=names[:6],
            comparison=names[12:],
            buffer=names[6:12],
            before=MONTHS[:12],
            after=MONTHS[12:],
            days=DAYS,
            n_placebos=1,
            rng=rng,
        )
        found.append(effect.difference[0])
    assert abs(np.mean(found)) < 4 * np.std(found) / np.sqrt(len(found))


def test_power_is_what_simulation_gives():
    rng = np.random.default_rng(14)
    ratio = detectable_ratio(400, 1_600)
    a, b, c, d = (
        rng.poisson(400, 4_000),
        rng.poisson(400 * ratio, 4_000),
        rng.poisson(1_600, 4_000),
        rng.poisson(1_600, 4_000),
    )
    z = np.log(b / a * c / d) / np.sqrt(1 / a + 1 / b + 1 / c + 1 / d)
    assert np.mean(z < -1.96) == pytest.approx(0.8, abs=0.03) == power_of_comparison(400, 1_600, ratio=ratio)


def test_robust_errors_are_hc3():
    import statsmodels.api as sm

    rng = np.random.default_rng(15)
    x = rng.normal(size=60)
    y = rng.poisson(np.exp(1 + 0.3 * x))
    design = sm.add_constant(x)
    plain = sm.GLM(y, design, family=sm.families.Poisson()).fit()
    mean = plain.mu
    leverage = plain.get_hat_matrix_diag()
    bread = np.linalg.inv(design.T @ np.diag(mean) @ design)
    meat = design.T @ np.diag(((y - mean) / (1 - leverage)) ** 2) @ design
    expected = np.sqrt(np.diag(bread @ meat @ bread))
    assert fit_poisson(y, {"x": x}, exposure=np.ones(60)).standard_errors.tolist() == pytest.approx(
        expected.tolist(), rel=1e-6
    )


def test_drivers_that_determine_each_other_are_refused():
    x = np.arange(10.0)
    with pytest.raises(ValueError, match="determine each other"):
        fit_poisson(np.ones(10), {"a": x, "b": 2 * x}, exposure=np.ones(10))


@pytest.mark.parametrize("counts", [[93, 84, 93, 90, 93, 90, 93], [3] * 30])
def test_a_steady_series_has_no_signal(counts):
    days = [31, 28, 31, 30, 31, 30, 31] if len(counts) == 7 else [30] * len(counts)
    months = [str(pd.Period("2023-01") + place) for place in range(len(counts))]
    assert (
        control_chart(dict(zip(months, counts, strict=True)), days=dict(zip(months, days, strict=True))).signals == {}
    )


def test_waiting_counts_as_waiting():
    start = pd.Timestamp("2024-01-01")
    seen = [start + pd.Timedelta(days=day) for day in (1, 2, 3, 4, 5)] + [pd.NaT] * 3
    referrals = pd.DataFrame({"by": "a", "referred_at": start, "seen_at": seen})
    (value,) = median_waits(referrals, by=["by"], until=start + pd.Timedelta(days=30)).values()
    assert value.estimate == 5.0 and value.n == 5  # of those seen alone the median would be 3


def test_a_gradient_that_leaves_zero_has_no_relative_index():
    areas = pd.DataFrame({"decile": [1, 2, 3], "count": [60, 0, 0], "population": [1_000] * 3})
    found = measure_gradient(areas, by="decile", n_resamples=50, rng=np.random.default_rng(1))
    assert np.isnan(found.slope.relative_index) and found.slope.index < 0
