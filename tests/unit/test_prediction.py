"""Prediction: tried only on areas or years not seen, against a baseline, and silent where it does not beat it."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import d2_tweedie_score

from problemsolving import draw
from problemsolving.drivers.prediction import measure_importance
from problemsolving.drivers.prediction_folds import Fold, block_folds, later_folds, near_folds
from problemsolving.drivers.prediction_models import (
    Rows,
    baseline_ratio,
    deviance,
    entangled_sets,
    grid_of,
    make_learner,
    over_folds,
    try_fold,
)
from problemsolving.errors import NotEstimableError
from problemsolving.governance.policies import POLICIES
from problemsolving.governance.release import release
from problemsolving.results import NotEstimable

SAFE = POLICIES["opensafely"]
LINEAR = {"method": "poisson-regression", "n_repeats": 3}


def world(seed=1, *, side=12, need=0.5, noise=0.1, level=0.03):
    """Areas on a grid: need and its near copy drive the rate, luck does not; places differ smoothly."""
    rng = np.random.default_rng(seed)
    x, y = (part.ravel() for part in np.meshgrid(np.arange(side), np.arange(side)))
    strength = rng.normal(size=side * side)
    population = rng.integers(1_000, 2_500, strength.size)
    mean = population * level * np.exp(need * strength + noise * rng.normal(size=strength.size))
    return pd.DataFrame(
        {
            "need": strength, "copy": strength + 0.3 * rng.normal(size=strength.size), "luck": rng.normal(size=strength.size),
            "east": 1_000.0 * x, "north": 1_000.0 * y, "ward": [f"w{a // 3}{b // 3}" for a, b in zip(x, y, strict=True)],
            "district": np.where(x < 4, "west", np.where(x < 8, "middle", "east")),
            "population": population, "count": rng.poisson(mean), "before": rng.poisson(mean),
        }
    )  # fmt: skip


def ask(areas, drivers=("need", "luck"), **kwargs):
    kwargs = {"coordinates": ("east", "north"), "rng": np.random.default_rng(1), **LINEAR} | kwargs
    return measure_importance(areas, drivers={name.capitalize(): name for name in drivers}, **kwargs)


def said(result):
    return result.summary() + repr(result.table().text_rows()) + repr(result.values()) + " ".join(result.caveats)


# folds


@pytest.mark.parametrize("validation", ["random", "kfold", "shuffle", ""])
def test_random_folds_are_refused_with_the_reason(validation):
    with pytest.raises(
        ValueError, match="random folds put neighbours, and the same place in other years, on both sides"
    ):
        ask(world(), validation=validation)


def test_blocks_made_from_coordinates_are_whole_neighbourhoods():
    areas = world()
    folds = near_folds(areas[["east", "north"]], n_folds=4, rng=np.random.default_rng(1))
    assert np.sort(np.concatenate([fold.test for fold in folds])).tolist() == list(range(144))
    assert [fold.name for fold in folds] == ["block 1", "block 2", "block 3", "block 4"]
    places = areas[["east", "north"]].to_numpy() / 1_000
    for fold in folds:
        assert not set(fold.train) & set(fold.test)
        near = np.abs(places[fold.test][:, None] - places[fold.test][None]).sum(axis=2)
        joined = (near <= 1).astype(int)
        assert np.linalg.matrix_power(joined, len(joined)).astype(bool).all(), "a block hangs together"


def test_degrees_are_not_taken_for_a_square():
    """At 60° north a degree of longitude is half as long: blocks split the long way, north to south."""
    lon, lat = (part.ravel() for part in np.meshgrid(np.linspace(0, 1.4, 8), np.linspace(59.5, 60.5, 8)))
    folds = near_folds(pd.DataFrame({"lon": lon, "lat": lat}), n_folds=2, rng=np.random.default_rng(1))
    assert max(np.ptp(lat[fold.test]) for fold in folds) < 0.5


def test_given_blocks_are_held_out_whole_and_joined_where_there_are_many():
    areas = world()
    districts = block_folds(areas["district"], n_folds=10)
    assert [fold.name for fold in districts] == ["east", "middle", "west"]
    wards = block_folds(areas["ward"], n_folds=5)
    assert len(wards) == 5
    for fold in wards:
        assert not set(areas["ward"].iloc[fold.train]) & set(areas["ward"].iloc[fold.test])


def test_time_runs_forward_only():
    folds = later_folds(pd.Series(["2022", "2020", "2021", "2023", "2020"]))
    assert [(fold.name, sorted(fold.train.tolist()), fold.test.tolist()) for fold in folds] == [
        ("2021", [1, 4], [2]), ("2022", [1, 2, 4], [0]), ("2023", [0, 1, 2, 4], [3]),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"coordinates": None}, "blocks or coordinates, one of the two"),
        ({"blocks": "ward"}, "blocks or coordinates, one of the two"),
        ({"coordinates": None, "blocks": "town"}, "must name columns"),
        ({"validation": "time"}, "period must name a column"),
        ({"validation": "time", "period": "district"}, "4 different periods or more"),
        ({"n_folds": 2}, "n_folds must be 3 or more"),
        ({"n_folds": 200}, "fewer different places"),
        ({"method": "oracle"}, "method must be"),
        ({"n_repeats": 0}, "n_repeats must be 1"),
        ({"confidence_level": 95}, "between 0 and 1"),
        ({"count": "events"}, "no column events"),
        ({"previous": "last"}, "no column last"),
        ({"years": 0.0}, "above 0"),
    ],
)
def test_wrong_settings_are_refused(change, words):
    with pytest.raises(ValueError, match=words):
        ask(world(), **change)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"east": np.nan}, "a place for every area"),
        ({"luck": 1.0}, "drivers must vary"),
        ({"count": -1}, "0 or more"),
        ({"count": 0}, "at least one event"),
        ({"population": 0}, "above 0"),
        ({"need": np.nan}, "drivers must vary"),
    ],
)
def test_wrong_columns_are_refused(change, words):
    with pytest.raises(ValueError, match=words):
        ask(world().assign(**change))


def test_blocks_must_be_known_and_at_least_three():
    areas = world()
    with pytest.raises(ValueError, match="a label for every area"):
        ask(areas.assign(ward=[None, *areas["ward"][1:]]), blocks="ward", coordinates=None)
    with pytest.raises(ValueError, match="3 different labels"):
        ask(areas.assign(ward=np.where(areas["east"] < 3_000, "a", "b")), blocks="ward", coordinates=None)
    with pytest.raises(ValueError, match="at least one driver"):
        ask(areas, drivers=())


# arithmetic


def test_deviance_is_poissons_by_hand():
    rows = Rows(np.zeros((2, 1)), np.array([3.0, 0.0]), np.array([2.0, 1.0]))
    found = deviance(rows, np.arange(2), np.array([1.0, 0.5]))
    assert found == pytest.approx(2 * (3 * np.log(3 / 2) - (3 - 2)) + 2 * 0.5)


def test_the_population_baseline_is_the_rate_learnt_elsewhere():
    rows = Rows(np.zeros((3, 1)), np.array([10.0, 30.0, 7.0]), np.array([10.0, 10.0, 10.0]))
    fold = Fold("x", np.array([0, 1]), np.array([2]))
    assert baseline_ratio(rows, fold).tolist() == [2.0]


def test_last_years_rate_is_drawn_in_by_chance_and_moved_to_this_years_level():
    previous, expected = np.array([40.0, 10.0, 10.0, 20.0]), np.array([20.0, 20.0, 20.0, 20.0])
    rows = Rows(np.zeros((4, 1)), np.array([50.0, 20.0, 20.0, 30.0]), expected, previous)
    between = ((20**2 - 20) + 2 * (10**2 - 20) + (0 - 20)) / (4 * 20**2)
    trust = 20 * between / (1 + 20 * between)
    drawn_in = 1 - trust + trust * previous / 20
    level = (50 + 20 + 20) / (20 * drawn_in[:3].sum())
    fold = Fold("x", np.array([0, 1, 2]), np.array([3]))
    assert baseline_ratio(rows, fold) == pytest.approx(level * drawn_in[3:])


def test_last_years_rate_without_differences_beyond_chance_is_the_average():
    rows = Rows(np.zeros((3, 1)), np.full(3, 20.0), np.full(3, 20.0), np.array([21.0, 19.0, 20.0]))
    assert baseline_ratio(rows, Fold("x", np.array([0, 1]), np.array([2]))).tolist() == [1.0]


def test_the_average_over_folds_by_hand():
    from scipy import stats

    folds = [Fold(str(k), np.arange(90), np.arange(10)) for k in range(4)]
    values, weights = np.array([1.0, 2.0, 3.0, 6.0]), np.array([10.0, 10.0, 10.0, 20.0])
    left = (values - 12 / 50 * weights) / 12.5
    reach = stats.t.ppf(0.975, 3) * np.sqrt((1 / 4 + 1 / 9) * (left**2).sum() / 3)
    assert over_folds(values, folds, level=0.95, weights=weights) == pytest.approx((0.24, 0.24 - reach, 0.24 + reach))
    assert over_folds(np.array([1.0, np.nan, 3.0, np.nan]), folds, level=0.95)[0] == 2.0
    assert np.isnan(over_folds(np.array([1.0, np.nan, np.nan, np.nan]), folds, level=0.95)).all()


def test_skill_is_that_of_scikit_learn_with_another_baseline():
    areas = world()
    rows = Rows(areas[["need"]].to_numpy(), areas["count"].to_numpy(float), areas["population"] * 1.0)
    rows = Rows(
        rows.drivers, rows.events, (areas["population"] * rows.events.sum() / areas["population"].sum()).to_numpy()
    )
    train, test = np.arange(100), np.arange(100, 144)
    tried = try_fold(
        rows,
        Fold("x", train, test),
        "poisson-regression",
        sets={"n": [0]},
        grids={},
        n_repeats=2,
        rng=np.random.default_rng(1),
    )
    model = make_learner("poisson-regression", seed=1)
    model.fit(
        rows.drivers[train], rows.ratio[train], model__sample_weight=rows.expected[train] / rows.expected[train].mean()
    )
    of_mean = d2_tweedie_score(
        rows.ratio[test], model.predict(rows.drivers[test]), sample_weight=rows.expected[test], power=1
    )
    mean = np.full(test.size, rows.events[test].sum() / rows.expected[test].sum())
    assert 1 - tried.model / deviance(rows, test, mean) == pytest.approx(of_mean)


def test_importance_is_that_of_scikit_learn_for_one_driver():
    from sklearn.inspection import permutation_importance

    areas = world()
    expected = areas["population"].to_numpy() * areas["count"].sum() / areas["population"].sum()
    rows = Rows(areas[["need", "luck"]].to_numpy(), areas["count"].to_numpy(float), expected)
    train, test = np.arange(100), np.arange(100, 144)
    tried = try_fold(
        rows,
        Fold("x", train, test),
        "poisson-regression",
        sets={"n": [0], "l": [1]},
        grids={},
        n_repeats=400,
        rng=np.random.default_rng(1),
    )
    model = make_learner("poisson-regression", seed=1)
    model.fit(rows.drivers[train], rows.ratio[train], model__sample_weight=expected[train] / expected[train].mean())
    theirs = permutation_importance(
        model, rows.drivers[test], rows.ratio[test], sample_weight=expected[test], n_repeats=400, random_state=1,
        scoring=lambda fitted, x, y, sample_weight: -deviance(rows, test, fitted.predict(x)),
    ).importances_mean  # fmt: skip
    assert [tried.lost["n"], tried.lost["l"]] == pytest.approx(theirs.tolist(), rel=0.05, abs=2.0)


def test_shapes_are_partial_dependence_and_stop_where_nothing_was_learnt():
    areas = world()
    expected = areas["population"].to_numpy() * areas["count"].sum() / areas["population"].sum()
    rows = Rows(areas[["need", "luck"]].to_numpy(), areas["count"].to_numpy(float), expected)
    beyond = rows.drivers[:, 0].max() + 1
    grid = np.array([-1.0, 0.0, 1.0, beyond])
    fold = Fold("x", np.arange(100), np.arange(100, 144))
    shape = try_fold(
        rows, fold, "poisson-regression", sets={}, grids={0: grid}, n_repeats=1, rng=np.random.default_rng(1)
    ).shapes[0]
    assert np.isnan(shape).tolist() == [False, False, False, True]
    model = make_learner("poisson-regression", seed=1).fit(
        rows.drivers[:100], rows.ratio[:100], model__sample_weight=expected[:100] / expected[:100].mean()
    )
    slope = model["model"].coef_[0] / model["scale"].scale_[0]
    assert np.diff(shape[:3]) == pytest.approx([slope, slope]), (
        "a log-linear model has a straight shape on the log scale"
    )


def test_fifths_keep_equal_values_together():
    middle, share = grid_of(np.arange(100.0))
    assert middle.tolist() == [9.5, 29.5, 49.5, 69.5, 89.5] and share.tolist() == [0.2] * 5
    middle, share = grid_of(np.array([0.0] * 50 + [1.0] * 50))
    assert middle.tolist() == [0.0, 1.0] and share.tolist() == [0.5, 0.5]


def test_drivers_that_move_together_are_found_also_in_chains_and_against_each_other():
    rng = np.random.default_rng(1)
    a = rng.normal(size=500)
    b, d = -a + 0.5 * rng.normal(size=500), rng.normal(size=500)
    c = b + 0.9 * rng.normal(size=500)
    table = pd.DataFrame({"a": a, "b": b, "c": c, "d": d})
    assert abs(table.corr(method="spearman").loc["a", "c"]) < 0.7
    assert entangled_sets(table) == [["a", "b", "c"]]


# the result


def test_a_true_driver_is_missed_and_luck_is_not():
    result = ask(world(), of="assaults")
    assert result.beats_baseline and result.frame["group"].tolist() == ["Need", "Luck"]
    need, luck = result.frame.itertuples()
    assert need.low > 0.3 and luck.low < 0 < luck.high
    text = result.summary()
    assert text.startswith("Tried on 10 blocks of neighbouring areas held out in turn, the model explained")
    assert (
        "left by population alone. It explained less when values were shuffled among areas: by" in text
        and "Not clearly missed: Luck." in text
    )
    assert text.endswith("Importance is not cause.") and result.design == "associational"
    assert any("no cause" in caveat for caveat in result.caveats)
    values = [(value.name, value.group) for value in result.values()]
    assert (
        values[0] == ("d2", None) and ("importance", "Need") in values and values.count(("d2_of_fold", "block 3")) == 1
    )
    assert draw.to_svg(result.plot)


def test_trees_find_what_a_line_cannot():
    areas = world(side=16)
    rng = np.random.default_rng(2)
    areas["count"] = rng.poisson(areas["population"] * 0.03 * np.where(areas["need"].abs() > 0.8, 2.5, 1.0))
    trees = ask(areas, method="gradient-boosting", n_folds=4)
    line = ask(areas, n_folds=4)
    assert trees.beats_baseline and trees.skill > 0.5 > line.skill
    ratios = trees.shape("Need").frame["ratio"]
    assert ratios.iloc[0] > 1.2 * ratios.iloc[2] and ratios.iloc[4] > 1.2 * ratios.iloc[2]


def test_a_model_that_does_not_beat_its_baseline_says_so_and_shows_no_importance():
    result = ask(world(need=0.0), of="assaults")
    assert not result.beats_baseline and result.plot() is None
    assert "did not clearly predict assaults better than population alone does" in result.summary()
    lost = [value for value in result.values() if value.name == "importance"]
    assert len(lost) == 2 and all(value.estimate is None and "does not clearly beat" in value.reason for value in lost)
    assert "-0%" not in result.summary()
    assert "Need" not in result.summary() + repr(result.table().text_rows())
    with pytest.raises(NotEstimableError, match="does not clearly beat its baseline"):
        result.shape("Need")


def test_last_years_rate_is_the_harder_baseline():
    easy, hard = ask(world()), ask(world(), previous="before")
    assert easy.beats_baseline and not ask(world(noise=0.4), previous="before").beats_baseline
    assert (
        hard.skill < easy.skill
        and "last year's rate" in hard.summary()
        and hard.method.settings["baseline"] == "last year's rate"
    )


def test_a_map_that_random_folds_would_praise_is_not_praised():
    """A driver that only says where an area lies: neighbours in a random fold would tell its rate."""
    from sklearn.model_selection import KFold
    from threadpoolctl import threadpool_limits

    rng = np.random.default_rng(3)
    praised = blamed = 0
    for seed in range(3):
        areas = world(seed, side=16, need=0.0)
        patch = rng.normal(size=(4, 4)).repeat(4, axis=0).repeat(4, axis=1).ravel() * 0.5
        areas["count"] = rng.poisson(areas["population"] * 0.03 * np.exp(patch))
        areas["map"] = areas["east"] + areas["north"] / 100
        expected = areas["population"].to_numpy() * areas["count"].sum() / areas["population"].sum()
        rows = Rows(areas[["map", "north"]].to_numpy(), areas["count"].to_numpy(float), expected)
        with threadpool_limits(1):
            tried = [
                try_fold(rows, Fold("x", train, test), "gradient-boosting", sets={}, grids={}, n_repeats=1, rng=rng)
                for train, test in KFold(5, shuffle=True, random_state=seed).split(rows.drivers)
            ]
        praised += sum(one.model for one in tried) < 0.8 * sum(one.baseline for one in tried)
        blamed += ask(areas, drivers=("map", "north"), method="gradient-boosting", n_folds=5).beats_baseline
    assert praised == 3 and blamed == 0


def test_entangled_drivers_are_also_shuffled_together():
    result = ask(world(), drivers=("need", "copy", "luck"))
    found = result.frame.set_index("group")["estimate"]
    assert found.index.tolist()[0] in ("Need and Copy together", "Need")
    assert found["Copy"] < 0.5 * found["Need and Copy together"]
    assert any("Need and Copy move together" in caveat for caveat in result.caveats)


def test_in_time_the_model_learns_from_before_only():
    years = [world(1).assign(year=year, count=world(1)["count"] + seed) for seed, year in enumerate(range(2019, 2024))]
    areas = pd.concat(years, ignore_index=True)
    result = ask(areas, validation="time", period="year", coordinates=None)
    assert result.folds["group"].tolist() == ["2020", "2021", "2022", "2023"] and result.beats_baseline
    assert "4 later periods, each held out from what came before" in result.summary()


def test_rows_without_a_driver_are_left_out_aloud_and_inputs_stay_as_they_are():
    areas = world()
    areas.loc[:2, "luck"] = np.nan
    before = areas.copy()
    result = ask(areas)
    assert result.areas == 141 and any("3 rows without a value" in caveat for caveat in result.caveats)
    pd.testing.assert_frame_equal(areas, before)


def test_the_unit_of_time_does_not_matter_and_the_seed_fixes_all():
    one, again, longer = ask(world()), ask(world()), ask(world(), years=3.0)
    assert one.values() == again.values()
    assert longer.skill == pytest.approx(one.skill) and longer.frame["estimate"].tolist() == pytest.approx(
        one.frame["estimate"].tolist()
    )


def test_a_shape_says_where_the_areas_are():
    shape = ask(world()).shape("Need")
    assert shape.frame["share"].sum() == pytest.approx(1) and (np.diff(shape.frame["at"]) > 0).all()
    assert shape.frame["ratio"].is_monotonic_increasing and shape.frame["ratio"].iloc[0] < 0.7
    assert "a shape of associations between areas, not of effects" in shape.summary()
    assert [text.get_text() for text in shape.plot().texts] == [
        f"{share:.0%}\nof areas" for share in shape.frame["share"]
    ]
    assert len(shape.values()) == len(shape.table().rows) == 5 and draw.to_svg(shape.plot)
    with pytest.raises(ValueError, match="one of the model's drivers"):
        ask(world()).shape("Weather")


def test_no_shape_beyond_what_most_folds_have_learnt_from():
    """The coast lies in one block: the fold that holds it out has learnt of no coast, and says nothing of it."""
    areas = world()
    areas["coast"] = np.where(areas["east"] > 9_000, 1.0 + areas["north"] / 1e4, 0.0)
    areas["side"] = np.where(areas["east"] > 9_000, "coast", "inland " + areas["ward"].str[1])
    result = ask(areas, drivers=("need", "coast"), blocks="side", coordinates=None, n_folds=5)
    inland, coast = result.shape("Coast").frame.itertuples()
    assert inland.at == 0 and inland.share == pytest.approx(5 / 6) and np.isfinite([inland.low, coast.low]).all()
    folds = block_folds(areas["side"], n_folds=5)
    rows = Rows(areas[["need", "coast"]].to_numpy(), areas["count"].to_numpy(float), areas["population"] * 0.03)
    known = [
        np.isfinite(
            try_fold(
                rows,
                fold,
                "poisson-regression",
                sets={},
                grids={1: np.array([0.0, coast.at])},
                n_repeats=1,
                rng=np.random.default_rng(1),
            ).shapes[1]
        ).tolist()
        for fold in folds
    ]
    assert known == [[True, fold.name != "coast"] for fold in folds]


def test_a_shape_without_two_known_points_says_so():
    shape = ask(world()).shape("Need")
    from dataclasses import replace

    empty = replace(shape, frame=shape.frame.assign(ratio=np.nan, low=np.nan, high=np.nan))
    assert empty.summary() == "No shape of Need can be shown: too few held-out folds have areas along it."
    assert all(value.estimate is None and "too few folds" in value.reason for value in empty.values())
    assert "nan" not in said(empty) and empty.plot() is None


# release


def test_released_numbers_are_coarse_and_the_count_is_rounded():
    result = ask(world())
    for shown in (release(result, SAFE).result, release(result.shape("Need"), SAFE).result):
        assert shown.events % 5 == 0 and shown.events != result.events and shown.counts == ()
        estimates = [value.estimate for value in shown.values() if value.estimate is not None]
        assert all(round(estimate, 2) == estimate for estimate in estimates)
        assert draw.to_svg(shown.plot)


def test_few_areas_and_small_counts_do_not_leave():
    few = world(side=3)
    few["district"] = list("abcabcabc")
    held = release(ask(few, blocks="district", coordinates=None), SAFE).result
    assert isinstance(held, NotEstimable) and held.withheld
    sparse = ask(world(level=0.003))
    assert isinstance(release(sparse, POLICIES["ons"]).result, NotEstimable)
    assert not isinstance(release(sparse, SAFE).result, NotEstimable)


def test_policy_open_changes_nothing():
    result = ask(world())
    assert release(result, POLICIES["open"]).result.values() == result.values()


# truth


def test_a_model_without_a_true_driver_seldom_beats_its_baseline():
    beats = [
        ask(world(seed, need=0.0, noise=0.3), drivers=("luck",), n_folds=5, n_repeats=1).beats_baseline
        for seed in range(40)
    ]
    assert sum(beats) <= 3


def test_the_interval_of_skill_holds_the_average_skill():
    found = [ask(world(seed, side=10), drivers=("need",), n_repeats=1) for seed in range(30)]
    truth = np.mean([one.skill for one in found])
    inside = np.mean([one.skill_interval.low <= truth <= one.skill_interval.high for one in found])
    assert inside >= 0.88 and all(one.beats_baseline for one in found)
