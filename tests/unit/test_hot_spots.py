"""Hot spots, clusters, steadied rates, persistence and the accuracy of predictions."""

import numpy as np
import pandas as pd
import pytest

from problemsolving import draw
from problemsolving.governance.policies import POLICIES
from problemsolving.governance.release import release
from problemsolving.measures.clustering import measure_clustering
from problemsolving.measures.clusters import find_clusters
from problemsolving.measures.hot_spots import find_hot_spots
from problemsolving.measures.persistence import classify_persistence, find_hot_periods, persistence_classes
from problemsolving.measures.prediction_accuracy import measure_prediction_accuracy, prediction_accuracy_index
from problemsolving.measures.small_areas import ALONE, NEITHER, UNCLEAR, WITHHELD
from problemsolving.measures.smoothing import empirical_bayes_rates, smooth_rates, standardised_rates
from problemsolving.report.safe import check_picture
from problemsolving.results import NotEstimable
from problemsolving.stats.spatial import contiguity_weights, distance_weights

SAFE = POLICIES["opensafely"]
SIDE = 8
BOX = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]) * 0.01
NAMES = [f"{row}-{column}" for row in range(SIDE) for column in range(SIDE)]
OUTLINES = {
    name: [BOX + np.array([-0.4 + 0.01 * (at % SIDE), 51.9 + 0.01 * (at // SIDE)])] for at, name in enumerate(NAMES)
}
CORNER = np.array([row < 3 and column < 3 for row in range(SIDE) for column in range(SIDE)])


def areas(high=60, low=20, people=1_500):
    rng = np.random.default_rng(10)
    counts = rng.poisson(np.where(CORNER, high, low))
    return pd.DataFrame({"area_name": NAMES, "area_code": NAMES, "count": counts, "population": people})


def rng():
    return np.random.default_rng(1)


def text_of(result):
    return " ".join([result.summary(), result.alt_text(), repr(result.table().text_rows()), repr(result.values())])


def test_the_hot_corner_is_found_and_named():
    found = find_hot_spots(areas(), outlines=OUTLINES, n_resamples=4_999, rng=rng())
    assert {"0-0", "0-1", "1-0", "1-1"} <= set(found.hot)
    assert set(found.hot) <= {f"{row}-{column}" for row in range(4) for column in range(4)} and found.cold == []
    assert "were hot beyond chance" in found.summary() and found.hot[0] in found.summary()
    assert found.table().rows[0][0] == found.hot[0]
    hot = {value.name: value.estimate for value in found.values() if value.name.startswith("areas")}
    assert hot == {"areas_hot": len(found.hot), "areas_cold": 0}


def test_rates_decide_not_counts():
    """Many residents make many incidents: by rates nothing stands out, by counts the corner does, aloud."""
    crowded = areas(high=20).assign(population=np.where(CORNER, 4_500, 1_500))
    crowded["count"] = crowded["population"] * 20 // 1_500 + np.arange(SIDE**2) % 3
    by_rate = find_hot_spots(crowded, outlines=OUTLINES, n_resamples=1_999, rng=rng())
    by_count = find_hot_spots(crowded, outlines=OUTLINES, population=None, n_resamples=1_999, rng=rng())
    assert not set(by_rate.hot) & set(np.array(NAMES)[CORNER]) and set(by_count.hot) & set(np.array(NAMES)[CORNER])
    assert any("not rates" in caveat for caveat in by_count.caveats)
    assert not any("not rates" in caveat for caveat in by_rate.caveats)


def test_years_and_per_scale_the_rate_alone():
    one = find_hot_spots(areas(), outlines=OUTLINES, n_resamples=999, rng=rng())
    two = find_hot_spots(areas(), outlines=OUTLINES, years=2, per=1_000, n_resamples=999, rng=rng())
    assert two.estimates()["estimate"].tolist() == pytest.approx((one.estimates()["estimate"] / 200).tolist())
    assert two.estimates()["status"].tolist() == one.estimates()["status"].tolist()


def test_a_permuted_map_has_no_hot_spot_beyond_the_stated_level():
    """Every hot or cold spot of a map dealt out at random is false, so that 5 maps in 100 may have any."""
    generator = np.random.default_rng(23)
    near = distance_weights(np.argwhere(np.ones((6, 6))), 1.5, coordinates="metres")
    base = pd.DataFrame({"area_name": [str(at) for at in range(36)], "population": 1_000})
    counts = generator.negative_binomial(1, 0.04, 36)
    with_any, plain = [], []
    for _ in range(250):
        dealt = base.assign(count=generator.permutation(counts))
        found = find_hot_spots(dealt, weights=near, n_resamples=999, rng=generator).estimates()
        with_any.append((found["status"] != NEITHER).any())
        plain.append((found["p"] <= 0.05).mean())
    assert np.mean(with_any) <= 0.05 + 2.6 * np.sqrt(0.05 * 0.95 / 250)
    assert 0.03 <= np.mean(plain) <= 0.06, "without correction an area in twenty is false"


def test_without_correction_more_is_found_and_the_resolution_is_told():
    none = find_hot_spots(areas(), outlines=OUTLINES, correction="none", n_resamples=999, rng=rng())
    strict = find_hot_spots(areas(), outlines=OUTLINES, correction="bonferroni", n_resamples=999, rng=rng())
    assert len(none.hot) > len(strict.hot)
    assert any("cannot be found" in caveat for caveat in strict.caveats)
    assert not any("cannot be found" in caveat for caveat in none.caveats)
    enough = find_hot_spots(areas(), outlines=OUTLINES, n_resamples=4_999, rng=rng())
    assert not any("cannot be found" in caveat for caveat in enough.caveats)


def test_one_sided_finds_no_cold_spot():
    cold = areas(high=2, low=30)
    assert find_hot_spots(cold, outlines=OUTLINES, n_resamples=4_999, rng=rng()).cold
    assert not find_hot_spots(cold, outlines=OUTLINES, alternative="greater", n_resamples=999, rng=rng()).cold


def test_an_island_has_no_status_and_is_told():
    far = areas()
    outlines = OUTLINES | {"7-7": [BOX + np.array([0.5, 51.9])]}
    found = find_hot_spots(far, outlines=outlines, n_resamples=499, rng=rng())
    assert found.estimates()["status"].iloc[-1] == ALONE
    assert "1 area without a neighbour" in found.caveats[0]


def test_weights_may_be_given_and_a_map_is_not_needed():
    near = contiguity_weights([OUTLINES[name] for name in NAMES])
    given = find_hot_spots(areas(), weights=near, n_resamples=999, rng=rng())
    made = find_hot_spots(areas(), outlines=OUTLINES, n_resamples=999, rng=rng())
    assert given.hot == made.hot and given.plot() is not None


def test_the_map_tells_statuses_without_colour():
    found = find_hot_spots(areas(), outlines=OUTLINES, alternative="greater", n_resamples=999, rng=rng())
    ax = found.plot()
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert legend == [f"hot ({len(found.hot)})", f"not beyond chance ({SIDE**2 - len(found.hot)})"]
    widths = {collection.get_linewidths()[0] for collection in ax.collections}
    assert len(widths) == 2, "hot areas also have a heavier outline"
    check_picture(draw.to_svg(found.plot))


@pytest.mark.parametrize("find", [find_hot_spots, find_clusters])
def test_release_shows_rounded_counts_and_no_status_of_a_withheld_area(find):
    table = areas()
    table.loc[[5, 40], "count"] = [7, 3]
    raw = find(table, outlines=OUTLINES, n_resamples=999, rng=rng())
    shown = release(raw, SAFE).result
    known = shown.estimates()
    assert known["count"].isna().sum() == 2 and known.loc[[5, 40], "status"].tolist() == [WITHHELD] * 2
    assert known.loc[[5, 40], ["estimate", "low", "high", "z", "p", "p_adjusted"]].isna().all(axis=None)
    assert all(value.n is None or (value.n > 7 and value.n % 5 == 0) for value in shown.values())
    assert all(row[0] not in (NAMES[5], NAMES[40]) for row in shown.table().rows)
    legend = [text.get_text() for text in shown.plot().get_legend().get_texts()]
    assert "withheld (2)" in legend
    assert any("half of the smallest shown" in caveat for caveat in shown.caveats)


@pytest.mark.parametrize("find", [find_hot_spots, find_clusters, measure_clustering, smooth_rates])
def test_what_is_released_is_the_same_whatever_the_withheld_counts_were(find):
    """Two worlds that differ in withheld counts alone, within the rounding of the others, leave alike."""
    settings = {"outlines": OUTLINES} | ({} if find is smooth_rates else {"n_resamples": 499})
    texts = []
    for few in ([0, 7, 1, 4], [6, 0, 7, 2]):
        table = areas()
        table.loc[[5, 18, 19, 40], "count"] = few
        extra = {} if find is smooth_rates else {"rng": rng()}
        shown = release(find(table, **settings, **extra), SAFE).result
        texts.append(
            text_of(shown)
            + repr(
                shown.estimates().to_dict() if hasattr(shown, "estimates") and find is not measure_clustering else ""
            )
        )
    assert texts[0] == texts[1]


@pytest.mark.parametrize("find", [find_hot_spots, find_clusters, measure_clustering])
def test_policy_open_changes_nothing(find):
    raw = find(areas(), outlines=OUTLINES, n_resamples=499, rng=rng())
    assert text_of(release(raw, POLICIES["open"]).result) == text_of(raw)


def test_a_map_mostly_withheld_says_nothing_of_any_area():
    table = areas(high=60, low=4)
    shown = release(find_hot_spots(table, outlines=OUTLINES, n_resamples=499, rng=rng()), SAFE).result
    assert set(shown.estimates()["status"]) <= {WITHHELD, UNCLEAR} and "too few counts are shown" in shown.summary()
    assert not release(measure_clustering(table, outlines=OUTLINES, rng=rng()), SAFE).result.tests
    everything = release(find_hot_spots(table.assign(count=np.arange(64) % 7), outlines=OUTLINES, n_resamples=99), SAFE)
    assert isinstance(everything.result, NotEstimable) or "withheld" in everything.result.summary()


def test_districts_are_protected_against_their_totals():
    table = areas().assign(district_name=np.where(np.arange(64) < 32, "north", "south"))
    table.loc[3, "count"] = 4
    shown = release(find_hot_spots(table, outlines=OUTLINES, n_resamples=99, rng=rng()), POLICIES["ons"]).result
    assert shown.frame["count"].isna().sum() == 2


def test_clusters_tell_the_four_kinds():
    rates = np.where(CORNER, 60, 20)
    odd = NAMES.index("1-1")
    table = areas().assign(count=rates + np.arange(64) % 3)
    table.loc[odd, "count"] = 2
    found = find_clusters(table, outlines=OUTLINES, correction="none", n_resamples=999, rng=rng())
    assert found.areas_that_are("low among high") == ["1-1"] and "0-1" in found.areas_that_are("high among high")
    assert found.estimates().loc[odd, "z"] < 0
    flipped = find_clusters(
        table.assign(count=70 - table["count"]), outlines=OUTLINES, correction="none", n_resamples=999, rng=rng()
    )
    assert flipped.areas_that_are("high among low") == ["1-1"] and "0-1" in flipped.areas_that_are("low among low")


def test_a_rate_of_few_residents_does_not_hide_the_pattern():
    """Four incidents among 30 residents: as a plain rate they drown all else, in units of their own spread they do not."""
    table = areas()
    table.loc[63, ["count", "population"]] = [4, 30]
    plain, steady = (
        measure_clustering(table, outlines=OUTLINES, method=method, rng=rng()).tests["Moran's I"].estimate
        for method in ("plain", "empirical-bayes")
    )
    clean = measure_clustering(areas(), outlines=OUTLINES, rng=rng()).tests["Moran's I"].estimate
    assert plain < 0.5 * clean and steady > 0.6 * clean


def test_clustering_of_the_corner_and_of_nothing():
    found = measure_clustering(areas(), outlines=OUTLINES, rng=rng())
    assert "more alike than chance" in found.summary() and "high ones lay beside high ones" in found.summary()
    assert found.plot() is None and [row[0] for row in found.table().rows] == ["Moran's I", "Getis-Ord G"]
    nothing = measure_clustering(areas(high=20), outlines=OUTLINES, rng=rng())
    assert "not clearly" in nothing.summary()
    flat = measure_clustering(areas().assign(count=0), outlines=OUTLINES, rng=rng())
    assert flat.values()[0].estimate is None and "could not be estimated" in flat.values()[0].reason


def test_steadied_rates_by_loops():
    generator = np.random.default_rng(6)
    counts, people = generator.poisson(15, 12).astype(float), generator.integers(200, 3_000, 12).astype(float)
    near = distance_weights(generator.random((12, 2)), 0.5, coordinates="metres")
    for links in (None, near):
        found = empirical_bayes_rates(counts, people, weights=links)
        for place in range(12):
            which = (
                np.ones(12, bool)
                if links is None
                else (links[[place]].toarray().ravel() + (np.arange(12) == place)) > 0
            )
            x, p = counts[which], people[which]
            mean = x.sum() / p.sum()
            spread = max((p * (x / p - mean) ** 2).sum() / p.sum() - mean / p.mean(), 0)
            kept = spread / (spread + mean / people[place])
            assert found.rates[place] == pytest.approx(mean + kept * (counts[place] / people[place] - mean))


def test_assuncao_and_reis_by_hand_and_where_nothing_happened():
    counts, people = np.array([10.0, 30, 20]), np.array([100.0, 100, 100])
    assert standardised_rates(counts, people) == pytest.approx((counts - 20) / 100 / np.sqrt(0.2 / 30))
    assert standardised_rates([0, 0], [100, 50]).tolist() == [0, 0]


def test_few_residents_keep_little_of_their_own_rate_and_limits_hold_it():
    table = areas()
    table.loc[63, ["count", "population"]] = [6, 30]
    found = smooth_rates(table, outlines=OUTLINES).smoothed
    assert found["trust"].iloc[63] < 0.5 < found["trust"].iloc[0]
    assert ((found["low"] < found["estimate"]) & (found["estimate"] < found["high"])).all()
    even = smooth_rates(areas().assign(count=20), outlines=OUTLINES).smoothed
    assert even["trust"].eq(0).all() and (even["low"] < even["estimate"]).all()


def test_limits_of_steadied_rates_cover_rates_drawn_from_a_gamma():
    generator = np.random.default_rng(8)
    held = []
    for _ in range(60):
        true = generator.gamma(4, 0.005, 64)
        table = areas().assign(count=generator.poisson(true * 1_500))
        found = smooth_rates(table, outlines=OUTLINES, per=1).smoothed
        held.append(((found["low"] <= true) & (true <= found["high"])).mean())
    assert 0.925 <= np.mean(held) <= 0.965


def test_steadied_rates_have_a_map_and_leave_without_small_counts():
    table = areas()
    table.loc[5, "count"] = 3
    for method in ("global", "local"):
        shown = release(smooth_rates(table, outlines=OUTLINES, method=method), SAFE).result
        assert shown.smoothed.loc[5, ["estimate", "low", "high", "own", "trust"]].isna().all()
        assert shown.plot() is not None and shown.smoothed["estimate"].notna().sum() == 63
    assert smooth_rates(table).plot() is not None
    with pytest.raises(ValueError, match="give weights, or outlines"):
        smooth_rates(table, method="local")


MONTHS = pd.DataFrame(
    [[1, 1, 1, 0, 1, 0], [0, 0, 0, 0, 0, 1], [1, 1, 1, 1, 0, 0], [0] * 6, [1, 0, 1, 0, 1, 0]], index=list("abcde")
).eq(1)


def test_the_rules_of_persistence():
    assert persistence_classes(MONTHS, recent=2).to_dict() == {
        "a": "chronic", "b": "acute", "c": "past", "d": "never", "e": "chronic",
    }  # fmt: skip
    assert persistence_classes(MONTHS, recent=2, mostly=0.6)["e"] == "acute"
    assert persistence_classes(MONTHS, recent=1).to_dict()["a"] == "past"


def test_persistence_leaves_with_the_count_or_not_at_all():
    table = pd.DataFrame({"area_name": list("abcde"), "count": [90, 40, 55, 6, 61]})
    outlines = {name: OUTLINES[NAMES[at]] for at, name in enumerate("abcde")}
    raw = classify_persistence(MONTHS, table, recent=2, outlines=outlines, of="burglaries")
    assert raw.status.tolist() == ["chronic", "acute", "past", "never", "chronic"]
    assert "Months hot, of 6" in [column.label for column in raw.table().columns]
    shown = release(raw, SAFE).result
    assert shown.status.tolist()[3] == WITHHELD and "d" not in shown.classes and not shown.periods_hot
    assert "Months hot, of 6" not in [column.label for column in shown.table().columns]
    assert "'d'" not in repr(shown.table().text_rows()) and shown.plot() is not None
    assert all(value.n is None for value in shown.values())
    assert text_of(release(raw, POLICIES["open"]).result) == text_of(raw)
    assert release(raw, SAFE).shown[3]["labels"].get("status") is None
    assert classify_persistence(MONTHS, table, recent=2).plot() is None


def test_hot_periods_find_the_month_of_the_outbreak():
    base = areas(high=12, low=12)
    events = pd.concat([base.assign(month=f"2024-0{month}") for month in range(1, 5)])
    events.loc[(events["month"] == "2024-03") & events["area_name"].isin(np.array(NAMES)[CORNER]), "count"] *= 6
    events = pd.concat([events[events["month"] == "2024-03"], events[events["month"] != "2024-03"]])
    hot = find_hot_periods(events, outlines=OUTLINES, n_resamples=999, rng=rng())
    assert list(hot.columns) == ["2024-01", "2024-02", "2024-03", "2024-04"] and hot.loc["1-1"].tolist() == [
        False,
        False,
        True,
        False,
    ]
    quiet = find_hot_periods(events.assign(count=0), outlines=OUTLINES, n_resamples=99)
    assert not quiet.any(axis=None)
    with pytest.raises(ValueError, match="every area must stand in every period"):
        find_hot_periods(events.iloc[1:], outlines=OUTLINES)


def test_prediction_accuracy_by_hand():
    table = pd.DataFrame({"count": [10, 40, 30, 20], "predicted": [9, 8, 2, 1], "before": [30, 20, 25, 25]})
    found = measure_prediction_accuracy(table, earlier="before", shares=(0.25, 0.5)).estimates()
    assert found["count"].tolist() == [10, 50] and found["estimate"].tolist() == [0.4, 1.0]
    assert found["pei"].tolist() == pytest.approx([10 / 40, 50 / 70])
    assert found["rri"].tolist() == pytest.approx([0.1 / 0.3, 0.5 / 0.5])
    assert found["low"].iloc[1] < 1 < found["high"].iloc[1]


def test_the_best_possible_map_has_efficiency_1_and_area_counts():
    curve = prediction_accuracy_index([6, 3, 3], [6, 3, 3], area=[2, 2, 1])
    assert curve.order.tolist() == [0, 2, 1] and curve.pei == pytest.approx([1, 1, 1])
    assert curve.pai == pytest.approx([6 / 12 / (2 / 5), 9 / 12 / (3 / 5), 1])
    assert np.isnan(prediction_accuracy_index([1, 1], [-1, -2]).rri).all()


def test_prediction_accuracy_covers():
    generator = np.random.default_rng(2)
    true = generator.dirichlet(np.full(100, 0.3))
    order = np.argsort(-true)
    share = true[order[:10]].sum()
    held = []
    for _ in range(150):
        table = pd.DataFrame({"count": generator.multinomial(300, true), "predicted": true})
        row = measure_prediction_accuracy(table, shares=(0.1,)).estimates().iloc[0]
        held.append(row["low"] <= share / 0.1 <= row["high"])
    assert 0.9 <= np.mean(held) <= 0.99


def test_prediction_accuracy_leaves_in_rounded_steps():
    table = pd.DataFrame({"count": [41, 33, 23, 3, 0, 0, 1, 2, 0, 4], "predicted": range(10, 0, -1)})
    raw = measure_prediction_accuracy(table, shares=(0.1, 0.2, 0.4, 0.6))
    shown = release(raw, SAFE).result.estimates()
    assert shown["count"].tolist()[:3] == [40, 75, 100] and np.isnan(shown["count"].iloc[3])
    assert np.isnan(shown["estimate"].iloc[3]) and np.isnan(shown["pei"].iloc[3])
    assert text_of(release(raw, POLICIES["open"]).result) == text_of(raw) and raw.plot() is not None
    few = release(measure_prediction_accuracy(table.assign(count=[3, 2] + [0] * 8)), SAFE).result
    assert isinstance(few, NotEstimable) or "withheld" in few.summary()


def test_areas_predicted_alike_are_told():
    table = pd.DataFrame({"count": [41, 33, 23, 3], "predicted": [2, 2, 1, 1]})
    tied = measure_prediction_accuracy(table, shares=(0.25,))
    assert any("predicted alike" in caveat for caveat in tied.caveats)
    assert not any("predicted alike" in caveat for caveat in measure_prediction_accuracy(table, shares=(0.5,)).caveats)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: find_hot_spots(areas()), "give weights, or outlines"),
        (lambda: find_hot_spots(areas().drop(columns="population"), outlines=OUTLINES), "population=None"),
        (lambda: find_hot_spots(areas().drop(columns="count"), outlines=OUTLINES), "no column 'count'"),
        (lambda: find_hot_spots(areas().assign(count=-1), outlines=OUTLINES), "0 or more"),
        (lambda: find_hot_spots(areas().assign(count=np.nan), outlines=OUTLINES), "0 or more"),
        (lambda: find_hot_spots(areas(people=0), outlines=OUTLINES), "above 0"),
        (lambda: find_hot_spots(areas(), outlines=OUTLINES, years=0), "above 0"),
        (lambda: find_hot_spots(pd.concat([areas(), areas()]), outlines=OUTLINES), "one row an area"),
        (lambda: find_hot_spots(areas(), outlines=dict(list(OUTLINES.items())[:60])), "4 areas without an outline"),
        (lambda: find_hot_spots(areas(), outlines=OUTLINES, method="g"), "gi_star"),
        (lambda: find_hot_spots(areas(), outlines=OUTLINES, significance_level=5), "between 0 and 1"),
        (lambda: find_hot_spots(areas(), outlines=OUTLINES, n_resamples=0), "n_resamples"),
        (lambda: find_clusters(areas(), outlines=OUTLINES, method="raw"), "empirical-bayes"),
        (lambda: measure_clustering(areas(), outlines=OUTLINES, n_resamples=0), "n_resamples"),
        (lambda: smooth_rates(areas(), method="both"), "global"),
        (lambda: empirical_bayes_rates([1], [0]), "above 0"),
        (lambda: persistence_classes(MONTHS, recent=6), "recent"),
        (lambda: persistence_classes(MONTHS.astype(int)), "True and False"),
        (lambda: classify_persistence(MONTHS, pd.DataFrame({"area_name": ["z"], "count": [1]})), "one row for each"),
        (lambda: prediction_accuracy_index([0, 0], [1, 2]), "at least one event"),
        (lambda: prediction_accuracy_index([1, 0], [1, np.nan]), "without gaps"),
        (lambda: measure_prediction_accuracy(areas()), "no column 'predicted'"),
        (lambda: measure_prediction_accuracy(areas().assign(predicted=1), shares=(0.2, 0.1)), "ascend"),
    ],
)  # fmt: skip
def test_wrong_input_is_refused_in_words(call, words):
    with pytest.raises(ValueError, match=words):
        call()
