"""Rate models: the rule for the count model beside them, circular drivers, neighbours, clusters, release."""

import numpy as np
import pandas as pd
import pytest

from problemsolving.drivers.rate_checks import why_circular
from problemsolving.drivers.rate_model import ALIKE, RateModel, estimate_rate_ratios
from problemsolving.errors import NotEstimableError
from problemsolving.governance.policies import POLICIES
from problemsolving.governance.release import release
from problemsolving.results import NotEstimable
from problemsolving.stats.counts import fit_poisson
from problemsolving.stats.spatial import distance_weights

SIDE = 12
COLUMN, ROW = np.arange(SIDE * SIDE) % SIDE, np.arange(SIDE * SIDE) // SIDE
NEIGHBOURS = distance_weights(np.column_stack([COLUMN, ROW]), 1.0, coordinates="metres")
DRIVERS = {"Need": "need_score", "Hostels": "hostels"}


def places(seed: int = 1, *, alpha: float = 0.0, smooth: float = 0.0, multiple: float = 1.0) -> pd.DataFrame:
    """A square of areas whose need goes with the rate (1.3 a standard deviation), noise as asked for."""
    rng = np.random.default_rng(seed)
    n = SIDE * SIDE
    need, share = rng.normal(size=n), rng.uniform(0.05, 0.45, n)
    population = rng.integers(400, 6_000, n)
    log_rate = (
        -4.2 + np.log(1.3) * (need - need.mean()) / need.std(ddof=1) + smooth * np.cos(COLUMN / 2) * np.cos(ROW / 2)
    )
    mean = np.exp(log_rate) * population
    if alpha:
        mean = mean * rng.gamma(1 / alpha, alpha, n)
    if multiple > 1:
        mean = rng.gamma(mean / (multiple - 1), multiple - 1)
    return pd.DataFrame(
        {
            "count": rng.poisson(mean),
            "population": population,
            "need_score": need * 7 + 30,
            "hostels": share,
            "district_code": [f"D{row // 3}{column // 4}" for row, column in zip(ROW, COLUMN, strict=True)],
        }
    )


def words(result) -> str:
    return result.summary() + repr(result.table().text_rows()) + repr(result.values()) + repr(result.caveats)


def test_ratios_are_those_of_the_poisson_model_scaled_to_a_standard_deviation():
    areas = places()
    model = estimate_rate_ratios(areas, drivers=DRIVERS, years=2.0)
    plain = fit_poisson(areas["count"], areas[["need_score", "hostels"]], exposure=areas["population"] * 2.0)
    expected = np.exp(plain.coefficients[["need_score", "hostels"]] * areas[["need_score", "hostels"]].std())
    assert model.frame["ratio"].tolist() == pytest.approx(expected.tolist())
    assert model.frame["ratio"].iloc[0] == pytest.approx(1.3, abs=0.05)
    assert model.areas == 144 and model.events == areas["count"].sum() and model.residual_df == 141


@pytest.mark.parametrize(
    ("noise", "beside"),
    [({}, "Poisson"), ({"alpha": 0.3}, "negative binomial"), ({"multiple": 6.0}, "quasi-Poisson")],
)
def test_the_rule_names_the_count_model_that_made_the_counts(noise, beside):
    model = estimate_rate_ratios(places(3, **noise), drivers=DRIVERS)
    assert model.beside == beside and model.method.settings == {"model beside it": beside}
    shown = {"Poisson"} if beside == "Poisson" else {"quasi-Poisson", "negative binomial"}
    assert set(model.others["model"]) == shown
    table = repr(model.table().text_rows())
    assert all(f"adjusted, {name}" in table for name in shown) and f"A {beside} model" in model.summary()
    assert "Dean and Lawless" in str(model.method) and "pseudo-likelihood" in str(model.method)


def test_a_verdict_that_another_count_model_does_not_share_is_told():
    model = estimate_rate_ratios(places(3, alpha=0.3), drivers=DRIVERS)
    others = model.others.assign(low=np.where(model.others["driver"] == "Need", 0.9, model.others["low"]))
    assert f"A {model.beside} model says the same of each driver." in model.summary()
    changed = RateModel(**{**vars(model), "others": others})
    assert f"A {model.beside} model says otherwise of Need: read it with care." in changed.summary()


def test_a_negative_binomial_that_fails_is_named_in_the_caveats(monkeypatch):
    from problemsolving.stats import negative_binomial

    monkeypatch.setattr(negative_binomial, "_maximise", lambda *args: None)
    model = estimate_rate_ratios(places(2, alpha=0.3), drivers=DRIVERS)
    assert model.beside == "quasi-Poisson" and any("no convergence" in caveat for caveat in model.caveats)


def test_a_share_is_also_told_from_quartile_to_quartile():
    areas = places(4)
    model = estimate_rate_ratios(areas, drivers=DRIVERS)
    (row,) = model.contrasts.itertuples()
    low, high = np.quantile(areas["hostels"], [0.25, 0.75])
    per_step = np.log(model.frame.set_index("driver").loc["Hostels", "ratio"]) / areas["hostels"].std()
    assert np.log(row.ratio) == pytest.approx(per_step * (high - low)) and row.low < row.ratio < row.high
    assert row.model == f"from lower to upper quartile ({low:.0%} to {high:.0%})"


@pytest.mark.parametrize("column", ["overall_score", "crime_decile", "Overall_rank"])
def test_what_holds_crime_does_not_explain_crime(column):
    areas = places().rename(columns={"need_score": column})
    with pytest.raises(ValueError, match=r"is refused: .*crime.* outcome=\"other\""):
        estimate_rate_ratios(areas, drivers={"Deprivation": column})
    assert why_circular(column) and not why_circular(column, outcome="other")
    model = estimate_rate_ratios(areas, drivers={"Deprivation": column}, outcome="other")
    assert model.frame["ratio"].iloc[0] == pytest.approx(1.3, abs=0.06)


def test_neighbours_alike_beyond_the_drivers_are_found_and_told():
    rng = np.random.default_rng(5)
    model = estimate_rate_ratios(
        places(5, smooth=0.5), drivers=DRIVERS, neighbours=NEIGHBOURS, n_permutations=199, rng=rng
    )
    assert model.moran[0] > 0.3 and model.moran[1] == 0.005
    assert ALIKE in model.caveats and "the intervals are too narrow" in model.summary()
    assert "residual_morans_i" in [value.name for value in model.values()]


def test_neighbours_unlike_each_other_are_no_reason_for_a_caveat():
    rng = np.random.default_rng(6)
    model = estimate_rate_ratios(
        places(6, alpha=0.2), drivers=DRIVERS, neighbours=NEIGHBOURS, n_permutations=199, rng=rng
    )
    assert model.moran[1] > 0.05 and ALIKE not in model.caveats
    assert "not clearly alike beyond the drivers" in model.summary()


def test_neighbours_follow_the_areas_that_are_used():
    areas = places(7, smooth=0.5)
    gaps = areas.assign(need_score=areas["need_score"].where(np.arange(144) % 10 > 0))
    kept = gaps["need_score"].notna().to_numpy()
    options = {"drivers": DRIVERS, "n_permutations": 19}
    whole = estimate_rate_ratios(gaps, neighbours=NEIGHBOURS, rng=np.random.default_rng(1), **options)
    part = estimate_rate_ratios(
        gaps[kept], neighbours=NEIGHBOURS[kept][:, kept], rng=np.random.default_rng(1), **options
    )
    assert whole.moran == part.moran and whole.areas == kept.sum()
    assert "15 small areas without a value for every driver, count or residents were left out" in whole.caveats


def test_an_area_without_a_neighbour_is_told():
    lonely = NEIGHBOURS.tolil()
    lonely[0, :] = 0
    lonely[:, 0] = 0
    model = estimate_rate_ratios(places(8), drivers=DRIVERS, neighbours=lonely.tocsr(), n_permutations=19)
    assert any("1 small area without a neighbour" in caveat for caveat in model.caveats)


def test_intervals_by_cluster_are_wider_where_districts_differ():
    areas = places(9, smooth=0.6)
    areas["hostels"] = 0.3 + 0.2 * np.cos(COLUMN / 2) * np.cos(ROW / 2 + 0.6)
    plain = estimate_rate_ratios(areas, drivers=DRIVERS).frame.set_index("driver")
    model = estimate_rate_ratios(areas, drivers=DRIVERS, cluster_by="district_code")
    wide = model.frame.set_index("driver")
    assert wide["ratio"].tolist() == plain["ratio"].tolist()
    assert np.log(wide["high"] / wide["low"])["Hostels"] > 1.2 * np.log(plain["high"] / plain["low"])["Hostels"]
    assert model.intervals == "by leaving out one district at a time"
    beside = model.others.query("model == 'Poisson, robust (HC3)' and driver == 'Hostels'").iloc[0]
    assert beside["high"] == pytest.approx(plain.loc["Hostels", "high"])


@pytest.mark.parametrize(
    ("change", "options", "error", "words"),
    [
        ({}, {"drivers": {}}, ValueError, "at least one driver"),
        ({}, {"drivers": {"x": "absent"}}, ValueError, 'no column "absent"'),
        ({"hostels": 0.2}, {}, ValueError, "does not vary"),
        ({"population": 0}, {}, ValueError, "population and years must be above 0"),
        ({"count": 0}, {}, NotEstimableError, "no events"),
        ({"district_code": "D"}, {"cluster_by": "district_code"}, ValueError, "at least 8 clusters"),
        ({"hostels": lambda a: a["need_score"] * 2}, {}, ValueError, "determine each other"),
    ],
)
def test_what_cannot_be_modelled_is_refused(change, options, error, words):
    with pytest.raises(error, match=words):
        estimate_rate_ratios(places().assign(**change), **{"drivers": DRIVERS, **options})


def test_drivers_that_move_together_are_named():
    areas = places(10)
    areas["hostels"] = areas["need_score"] + np.random.default_rng(1).normal(0, 0.5, 144)
    model = estimate_rate_ratios(areas, drivers=DRIVERS)
    assert any("Need, Hostels move together" in caveat for caveat in model.caveats)


def test_the_areas_are_not_changed():
    areas = places(11)
    before = areas.copy()
    estimate_rate_ratios(areas, drivers=DRIVERS, cluster_by="district_code")
    pd.testing.assert_frame_equal(areas, before)


def test_what_leaves_is_rounded_and_says_the_same():
    rng = np.random.default_rng(12)
    model = estimate_rate_ratios(
        places(12, alpha=0.2), drivers=DRIVERS, neighbours=NEIGHBOURS, n_permutations=99, rng=rng
    )
    shown = release(model, POLICIES["opensafely"]).result
    for frame in (shown.frame, shown.others, shown.contrasts):
        numbers = frame.select_dtypes("number") * 100
        assert (numbers - numbers.round()).abs().max().max() < 1e-9
    assert shown.counts == () and shown.events % 5 == 0 and shown.moran[1] >= 0.01
    assert f"{model.events:,.0f}" not in words(shown).replace(f"{shown.events:,.0f}", "")
    assert shown.plot() is not None and shown.summary().startswith(
        "Holding the other drivers, Need was associated with"
    )


def test_policy_open_changes_nothing_and_few_areas_are_withheld():
    model = estimate_rate_ratios(places(13), drivers=DRIVERS)
    assert words(release(model, POLICIES["open"]).result) == words(model)
    few = estimate_rate_ratios(places(13).head(9), drivers=DRIVERS)
    assert isinstance(release(few, POLICIES["opensafely"]).result, NotEstimable)


def test_a_policy_without_rounding_keeps_a_model_of_small_counts_back():
    areas = places(14)
    areas.loc[0, "count"] = 3
    assert isinstance(release(estimate_rate_ratios(areas, drivers=DRIVERS), POLICIES["ons"]).result, NotEstimable)


def test_the_picture_draws_each_model_with_its_own_mark():
    model = estimate_rate_ratios(places(15, alpha=0.3), drivers=DRIVERS)
    axes = model.plot()
    handles, labels = axes.get_legend_handles_labels()
    assert labels == ["adjusted, robust (HC3)", "adjusted, negative binomial", "alone"]
    assert len({handle.get_marker() for handle in handles}) == 3
    assert handles[0].get_xdata().tolist() == pytest.approx(model.frame["ratio"].tolist())
    assert [text.get_text() for text in axes.get_yticklabels()] == ["Need", "Hostels"]


def test_robust_intervals_of_the_model_cover():
    inside = []
    for seed in range(40):
        row = estimate_rate_ratios(places(100 + seed, alpha=0.3), drivers={"Need": "need_score"}).frame.iloc[0]
        inside.append(row["low"] <= 1.3 <= row["high"])
    assert np.mean(inside) > 0.84
