"""Count models: quasi-Poisson, negative binomial, many models at once."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import optimize, stats

from problemsolving.stats import negative_binomial
from problemsolving.stats.count_batches import AWAY, FEW, NONE, SAME, cluster_jackknife, fit_poisson_many
from problemsolving.stats.counts import dispersion_test, fit_poisson
from problemsolving.stats.gamma_poisson import fit_gamma_poisson
from problemsolving.stats.negative_binomial import fit_negative_binomial, variance_pattern
from problemsolving.stats.rate_mixture import fit_rate_mixture


def overdispersed(seed: int, n: int = 120, alpha: float = 0.4, slope: float = 0.3):
    rng = np.random.default_rng(seed)
    x, exposure = rng.normal(size=n), rng.integers(1_000, 2_000, n).astype(float)
    mean = np.exp(-4.5 + slope * x) * exposure
    return rng.poisson(mean * rng.gamma(1 / alpha, alpha, n)), {"x": x}, exposure


def series(models: int = 40, n: int = 48, seed: int = 1):
    """Months of several places, with what drives them."""
    rng = np.random.default_rng(seed)
    month = np.arange(n)
    days = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])[month % 12].astype(float)
    drivers = {
        "trend": month / 12,
        "sin": np.sin(2 * np.pi * month / 12),
        "cos": np.cos(2 * np.pi * month / 12),
    }
    level = np.exp(rng.normal(-1.5, 0.8, models))[:, None]
    return rng.poisson(level * days * np.exp(0.05 * drivers["trend"] + 0.2 * drivers["sin"])), drivers, days


# quasi-Poisson


def test_quasi_poisson_errors_are_those_of_a_scaled_glm():
    counts, drivers, exposure = overdispersed(1)
    design = sm.add_constant(drivers["x"])
    plain = sm.GLM(counts, design, family=sm.families.Poisson(), offset=np.log(exposure)).fit(scale="X2", tol=1e-13)
    model = fit_poisson(counts, drivers, exposure=exposure, errors="quasi")
    assert model.standard_errors.tolist() == pytest.approx(plain.bse.tolist(), rel=1e-8)
    assert model.dispersion == pytest.approx(plain.scale) and model.dispersion > 2


def test_the_quasi_interval_is_a_t_interval_on_the_residual_freedom():
    counts, drivers, exposure = overdispersed(2, n=12)
    model = fit_poisson(counts, drivers, exposure=exposure, errors="quasi")
    row = model.ratios(confidence_level=0.9).loc["x"]
    reach = stats.t.ppf(0.95, 10) * model.standard_errors["x"]
    assert [row.low, row.high] == pytest.approx(np.exp(model.coefficients["x"] + np.array([-reach, reach])).tolist())


def test_all_errors_give_the_same_ratios():
    counts, drivers, exposure = overdispersed(3)
    ratios = [fit_poisson(counts, drivers, exposure=exposure, errors=e).ratios()["ratio"].tolist() for e in ("robust", "model", "quasi")]  # fmt: skip
    assert ratios[0] == ratios[1] == ratios[2]


# negative binomial


def test_negative_binomial_reaches_the_top_of_the_likelihood_written_out():
    counts, drivers, exposure = overdispersed(4)
    x = drivers["x"]

    def lack(p):
        mean, shape = np.exp(p[0] + p[1] * x) * exposure, np.exp(-p[2])
        return -stats.nbinom.logpmf(counts, shape, shape / (shape + mean)).sum()

    top = optimize.minimize(lack, [-4.5, 0.0, -1.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-10, "maxiter": 5_000})  # fmt: skip
    model = fit_negative_binomial(counts, drivers, exposure=exposure)
    assert [*model.coefficients, np.log(model.alpha)] == pytest.approx(top.x.tolist(), abs=1e-5)
    assert model.log_likelihood == pytest.approx(-top.fun, abs=1e-6)
    assert model.note == "" and model.family == "negative binomial" and model.converged


def test_negative_binomial_errors_and_alpha_are_statsmodels():
    counts, drivers, exposure = overdispersed(5)
    plain = sm.NegativeBinomial(counts, sm.add_constant(drivers["x"]), offset=np.log(exposure)).fit(disp=0, maxiter=300)
    model = fit_negative_binomial(counts, drivers, exposure=exposure)
    assert [*model.coefficients, model.alpha] == pytest.approx(plain.params.tolist(), abs=1e-4)
    assert model.standard_errors.tolist() == pytest.approx(plain.bse[:-1].tolist(), rel=1e-3)
    reach = np.exp(1.959964 * plain.bse[-1] / plain.params[-1])
    limits = (model.alpha_interval.low, model.alpha_interval.high)
    assert limits == pytest.approx((model.alpha / reach, model.alpha * reach), rel=1e-3)


def test_the_likelihood_ratio_test_of_alpha_is_half_a_chi_square():
    counts, drivers, exposure = overdispersed(1, n=30, alpha=0.02)
    model = fit_negative_binomial(counts, drivers, exposure=exposure)
    gain = 2 * (model.log_likelihood - fit_poisson(counts, drivers, exposure=exposure).log_likelihood)
    assert model.note == "" and gain > 0 and model.dispersion_p == pytest.approx(stats.chi2.sf(gain, 1) / 2)
    assert model.dispersion_p > 1e-6


def test_units_of_a_driver_do_not_matter_to_the_negative_binomial():
    counts, drivers, exposure = overdispersed(6)
    plain = fit_negative_binomial(counts, drivers, exposure=exposure)
    moved = fit_negative_binomial(counts, {"x": drivers["x"] * 1e-4 + 7}, exposure=exposure / 1e6)
    assert moved.coefficients["x"] * 1e-4 == pytest.approx(plain.coefficients["x"], rel=1e-6)
    assert moved.standard_errors["x"] * 1e-4 == pytest.approx(plain.standard_errors["x"], rel=1e-5)
    assert moved.alpha == pytest.approx(plain.alpha, rel=1e-6)


def test_counts_that_vary_no_more_than_chance_give_a_poisson_model_and_say_so():
    model = fit_negative_binomial([9, 10, 11, 10, 9, 11], {}, exposure=1.0)
    assert model.family == "Poisson" and model.alpha == 0 and model.alpha_interval is None
    assert "no more than chance" in model.note


def test_a_negative_binomial_that_does_not_converge_becomes_quasi_poisson_aloud(monkeypatch):
    monkeypatch.setattr(negative_binomial, "_maximise", lambda *args: None)
    counts, drivers, exposure = overdispersed(7)
    model = fit_negative_binomial(counts, drivers, exposure=exposure)
    assert model.family == "Poisson" and model.errors == "quasi" and "no convergence" in model.note


def test_alpha_is_found_again_and_its_interval_covers():
    inside = []
    for seed in range(40):
        model = fit_negative_binomial(*overdispersed(seed, n=150)[:2], exposure=overdispersed(seed, n=150)[2])
        inside.append(model.alpha_interval.low <= 0.4 <= model.alpha_interval.high)
    assert np.mean(inside) > 0.84


# which variance


@pytest.mark.parametrize("pattern", ["mean", "square"])
def test_the_variance_pattern_is_told_where_means_differ(pattern):
    rng = np.random.default_rng(8)
    mean = np.exp(rng.uniform(1, 6, 400))
    shape = mean / 5 if pattern == "mean" else 4.0  # variance 6 × mean, or mean + mean² / 4
    assert variance_pattern(rng.poisson(rng.gamma(shape, mean / shape)), mean) == pattern


@pytest.mark.parametrize("drivers", [1, 6])
def test_the_dispersion_test_rejects_about_as_often_as_it_says(drivers):
    rng = np.random.default_rng(9)
    found = []
    for _ in range(300):
        x = {f"x{place}": rng.normal(size=60) for place in range(drivers)}
        found.append(fit_poisson(rng.poisson(8.0, 60), x, exposure=1.0).dispersion_p)
    assert 0.02 < np.mean(np.array(found) < 0.05) < 0.09


def test_the_dispersion_test_by_hand():
    """Squares less counts: 4 + 4 - 20 = -12 over the root of 2 × 200 = 20; with a leverage of a half each, + 10."""
    assert dispersion_test([8, 12], [10, 10]) == pytest.approx(stats.norm.sf(-12 / 20))
    assert dispersion_test([8, 12], [10, 10], leverage=[0.5, 0.5]) == pytest.approx(stats.norm.sf(-2 / 20))


# the interval tells the truth


def test_intervals_cover_on_over_dispersed_counts_where_the_poisson_ones_do_not():
    made = [overdispersed(seed, n=90, alpha=0.3) for seed in range(500)]
    counts = np.array([counts for counts, _, _ in made])
    drivers = {"x": np.array([drivers["x"] for _, drivers, _ in made])}
    exposure = np.array([exposure for _, _, exposure in made])
    covered = {}
    for errors in ("robust", "quasi", "model"):
        rows = fit_poisson_many(counts, drivers, exposure=exposure, errors=errors).ratios().query("driver == 'x'")
        covered[errors] = ((rows["low"] <= np.exp(0.3)) & (rows["high"] >= np.exp(0.3))).mean()
    assert 0.92 < covered["robust"] < 0.98 and 0.90 < covered["quasi"] < 0.98 and covered["model"] < 0.7


def test_negative_binomial_intervals_cover():
    inside = []
    for seed in range(80):
        counts, drivers, exposure = overdispersed(seed, n=90, alpha=0.3)
        row = fit_negative_binomial(counts, drivers, exposure=exposure).ratios().loc["x"]
        inside.append(row.low <= np.exp(0.3) <= row.high)
    assert np.mean(inside) > 0.88


# many models at once


@pytest.mark.parametrize("errors", ["robust", "model", "quasi"])
def test_many_models_are_those_fitted_one_by_one(errors):
    counts, drivers, days = series()
    many = fit_poisson_many(counts, drivers, exposure=days, errors=errors)
    for place, row in enumerate(counts):
        one = fit_poisson(row, drivers, exposure=days, errors=errors)
        assert many.coefficients.iloc[place].tolist() == pytest.approx(one.coefficients.tolist(), abs=1e-8)
        assert many.standard_errors.iloc[place].tolist() == pytest.approx(one.standard_errors.tolist(), abs=1e-8)
        assert many.models["dispersion"].iloc[place] == pytest.approx(one.dispersion, abs=1e-8)
        assert many.models["log_likelihood"].iloc[place] == pytest.approx(one.log_likelihood, abs=1e-8)
    assert many.models["converged"].all() and (many.models["reason"] == "").all()


def test_many_models_are_statsmodels_glms():
    counts, drivers, days = series(models=12, seed=2)
    many = fit_poisson_many(counts, drivers, exposure=days, errors="model")
    design = pd.DataFrame({"constant": 1.0, **drivers})
    for place, row in enumerate(counts):
        glm = sm.GLM(row, design, family=sm.families.Poisson(), offset=np.log(days)).fit(tol=1e-13)
        assert many.coefficients.iloc[place].tolist() == pytest.approx(glm.params.tolist(), abs=1e-8)
        assert many.standard_errors.iloc[place].tolist() == pytest.approx(glm.bse.tolist(), abs=1e-8)
        assert many.covariances[place] == pytest.approx(glm.cov_params().to_numpy(), abs=1e-8)


def test_each_model_may_have_its_own_drivers_exposure_and_missing_counts():
    rng = np.random.default_rng(3)
    x, year = rng.normal(size=(5, 30)), np.arange(1996, 2026)
    exposure = rng.uniform(100, 900, (5, 30))
    counts = rng.poisson(0.01 * exposure * np.exp(0.4 * x)).astype(float)
    counts[2, ::4] = np.nan
    frame = pd.DataFrame(counts, index=list("abcde"))
    many = fit_poisson_many(frame, {"x": x, "year": year}, exposure=exposure)
    for place in range(5):
        kept = ~np.isnan(counts[place])
        one = fit_poisson(
            counts[place][kept], {"x": x[place][kept], "year": year[kept]}, exposure=exposure[place][kept]
        )
        assert many.coefficients.iloc[place].tolist() == pytest.approx(one.coefficients.tolist(), rel=1e-6)
        assert many.standard_errors.iloc[place].tolist() == pytest.approx(one.standard_errors.tolist(), rel=1e-6)
        assert many.models["n"].iloc[place] == one.n and many.models["residual_df"].iloc[place] == one.residual_df
    assert many.coefficients.index.tolist() == list("abcde") and many.coefficients.columns.tolist() == ["constant", "x", "year"]  # fmt: skip


def test_a_weight_is_as_if_the_row_stood_there_so_often():
    counts, drivers, exposure = overdispersed(10, n=40)
    often = np.random.default_rng(1).integers(0, 4, 40)
    many = fit_poisson_many(counts, drivers, exposure=exposure, weights=often)
    rows = np.repeat(np.arange(40), often)
    one = fit_poisson(counts[rows], {"x": drivers["x"][rows]}, exposure=exposure[rows])
    assert many.coefficients.iloc[0].tolist() == pytest.approx(one.coefficients.tolist(), abs=1e-9)
    assert many.standard_errors.iloc[0].tolist() == pytest.approx(one.standard_errors.tolist(), abs=1e-9)
    assert many.models["dispersion"].iloc[0] == pytest.approx(one.dispersion)


def test_each_model_says_why_it_has_no_numbers():
    rng = np.random.default_rng(4)
    x = rng.normal(size=(6, 20))
    year = np.tile(np.arange(2000.0, 2020.0), (6, 1))
    counts = rng.poisson(4, (6, 20)).astype(float)
    counts[1] = 0
    counts[2, 3:] = np.nan
    x[3] = 2 * year[3] + 1
    x[4], counts[4, :6] = np.arange(20) < 6, 0
    many = fit_poisson_many(counts, {"x": x, "year": year}, exposure=1.0)
    assert many.models["reason"].tolist() == ["", NONE, FEW, SAME, AWAY, ""]
    assert many.models["converged"].tolist() == [True, False, False, False, False, True]
    assert many.coefficients.isna().any(axis=1).tolist() == [False, True, True, True, True, False]
    assert many.ratios().groupby("model")["high"].apply(lambda high: high.isna().all()).tolist() == [False, True, True, True, True, False]  # fmt: skip


@pytest.mark.parametrize("errors", ["robust", "model", "quasi"])
def test_where_no_model_can_be_fitted_each_still_says_why(errors):
    for drivers in ({"x": np.arange(5.0)}, {"x": np.tile(np.arange(5.0), (2, 1))}):
        many = fit_poisson_many(np.zeros((2, 5)), drivers, exposure=1.0, errors=errors)
        assert many.models["reason"].tolist() == [NONE, NONE] and many.coefficients.isna().all(axis=None)


def test_one_model_that_runs_away_does_not_change_the_others():
    counts, drivers, days = series(models=6, seed=5)
    alone = fit_poisson_many(counts[1:], drivers, exposure=days).coefficients.to_numpy()
    spoilt = counts.copy()
    spoilt[0] = 0
    spoilt[0, -1] = 50  # all events in the last month
    many = fit_poisson_many(spoilt, drivers, exposure=days)
    assert many.coefficients.to_numpy()[1:] == pytest.approx(alone, abs=1e-12)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"outcomes": [[1, -1, 2]]}, "0 or more"),
        ({"outcomes": [[1, np.inf, 2]]}, "finite"),
        ({"exposure": [1, 0, 1]}, "exposure must be finite and above 0"),
        ({"exposure": [1, 1]}, "differ in their number of rows"),
        ({"weights": [1, -1, 1]}, "weights must be finite and 0 or more"),
        ({"drivers": {"x": [1, np.nan, 2]}}, "drivers must be finite"),
        ({"drivers": {"x": np.ones((2, 2, 3))}}, "shape"),
    ],
)
def test_what_cannot_be_fitted_together_is_refused(changes, words):
    given = {"outcomes": [[1, 2, 3]], "drivers": {"x": [0, 1, 2]}, "exposure": 1.0, "weights": None, **changes}
    outcomes, drivers = given.pop("outcomes"), given.pop("drivers")
    with pytest.raises(ValueError, match=words):
        fit_poisson_many(outcomes, drivers, **given)


@pytest.mark.parametrize("fit", [fit_poisson, fit_negative_binomial])
@pytest.mark.parametrize(
    ("counts", "x", "exposure", "words"),
    [
        ([1, np.nan, 2, 3], [0, 1, 2, 3], 1.0, "finite numbers"),
        ([1, 2, 2, 3], [0, np.nan, 2, 3], 1.0, "finite numbers"),
        ([1, -2, 2, 3], [0, 1, 2, 3], 1.0, "0 or more"),
        ([1, 2, 2, 3], [0, 1, 2, 3], [1, 0, 1, 1], "exposure above 0"),
        ([1, 2], [0, 1], 1.0, "fewer rows"),
        ([1, 2, 2, 3], [2, 2, 2, 2], 1.0, "determine each other"),
    ],
)
def test_what_is_no_count_model_is_refused(fit, counts, x, exposure, words):
    with pytest.raises(ValueError, match=words):
        fit(counts, {"x": x}, exposure=exposure)


# clusters


def test_the_cluster_jackknife_is_what_leaving_out_one_at_a_time_gives():
    counts, drivers, exposure = overdispersed(11, n=60)
    clusters, table = np.arange(60) % 10, pd.DataFrame(drivers)
    model = fit_poisson(counts, table, exposure=exposure)
    moved = []
    for cluster in range(10):
        kept = clusters != cluster
        moved.append(fit_poisson(counts[kept], table[kept], exposure=exposure[kept]).coefficients - model.coefficients)
    by_hand = 0.9 * np.array(moved).T @ np.array(moved)
    found = cluster_jackknife(counts, table, exposure=exposure, clusters=clusters, model=model)
    assert found == pytest.approx(by_hand, rel=1e-6)


def test_a_cluster_without_which_nothing_can_be_fitted_is_told():
    table = pd.DataFrame({"x": [1.0, 1, 1, 0, 0, 0]})
    counts = [3, 4, 5, 2, 1, 3]
    model = fit_poisson(counts, table, exposure=np.ones(6))
    with pytest.raises(ValueError, match="without one of them"):
        cluster_jackknife(counts, table, exposure=np.ones(6), clusters=[0, 0, 0, 1, 2, 3], model=model)


# how rates differ


def test_the_gamma_poisson_is_the_negative_binomial_without_drivers():
    counts, _, exposure = overdispersed(12, n=200)
    model = fit_negative_binomial(counts, {}, exposure=exposure)
    fitted = fit_gamma_poisson(counts, exposure=exposure)
    assert fitted.mean[0] == pytest.approx(np.exp(model.coefficients["constant"]), rel=1e-6)
    assert fitted.alpha[0] == pytest.approx(model.alpha, rel=1e-6)
    assert fitted.log_likelihood(counts, exposure)[0] == pytest.approx(model.log_likelihood, rel=1e-9)


def test_weights_of_the_gamma_poisson_are_repeated_places():
    counts = np.array([0, 3, 12, 1, 7, 2, 30, 4])
    often = np.array([1, 2, 0, 3, 1, 1, 1, 2])
    both = fit_gamma_poisson(counts, weights=np.vstack([often, np.ones(8)]))
    assert both.alpha[0] == pytest.approx(fit_gamma_poisson(np.repeat(counts, often)).alpha[0], rel=1e-8)
    assert both.alpha[1] == pytest.approx(fit_gamma_poisson(counts).alpha[0], rel=1e-8)


def test_rates_of_any_shape_are_no_less_likely_than_gamma_rates():
    rng = np.random.default_rng(13)
    counts = rng.poisson(np.where(rng.random(400) < 0.1, 30.0, 2.0))
    mixture, gamma = fit_rate_mixture(counts), fit_gamma_poisson(counts)
    assert mixture.log_likelihood(counts)[0] > gamma.log_likelihood(counts)[0] + 10
    low, high = mixture.expected([2, 30])[0]
    assert low == pytest.approx(2.0, abs=0.4) and high == pytest.approx(30.0, abs=1.5)


@pytest.mark.parametrize("fit", [fit_gamma_poisson, fit_rate_mixture])
def test_draws_of_rates_have_the_expected_mean(fit):
    counts = np.random.default_rng(14).poisson(np.random.default_rng(15).gamma(2.0, 3.0, 200)).astype(float)
    fitted = fit(counts, weights=np.ones((4_000, 200)) if fit is fit_gamma_poisson else np.ones((1, 200)))
    rng = np.random.default_rng(16)
    seen, times = np.array([0.0, 6.0, 20.0]), np.array([1.0, 3.0, 2.0])
    draws = np.concatenate([fitted.draw(seen, 1.0, rng, times=times) for _ in range(1 if fit is fit_gamma_poisson else 600)])  # fmt: skip
    assert draws.mean(axis=0) == pytest.approx(fitted.expected(seen)[0] * times, rel=0.08)


@pytest.mark.parametrize(("counts", "exposure", "words"), [([1, -1], 1.0, "0 or more"), ([0, 0], 1.0, "at least one event"), ([1, 2], [1, 0], "above 0")])  # fmt: skip
def test_places_without_counts_are_refused(counts, exposure, words):
    for fit in (fit_gamma_poisson, fit_rate_mixture):
        with pytest.raises(ValueError, match=words):
            fit(counts, exposure=exposure)
