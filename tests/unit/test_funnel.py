"""Funnel plots: limits, spread, who stands out, and what of it may leave."""

import warnings

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text
from scipy import stats

from problemsolving import draw
from problemsolving.draw.funnel import name_points
from problemsolving.errors import NotEstimableError
from problemsolving.governance.policies import POLICIES
from problemsolving.governance.release import release
from problemsolving.measures.funnel import NAMED, funnel_plot
from problemsolving.measures.funnel_limits import Spread
from problemsolving.measures.funnel_scale import Centre
from problemsolving.report.safe import check_picture

SAFE = POLICIES["opensafely"]


def over_dispersed(rng, places=400, *, sizes=(15, 80), variation=0.4):
    """Poisson counts of places whose true rates vary with a coefficient of variation."""
    people = np.exp(rng.uniform(*np.log(sizes), places)) * 100
    risk = rng.gamma(1 / variation**2, variation**2, places) if variation else np.ones(places)
    return pd.DataFrame(
        {
            "area": [f"area {place:03d}" for place in range(places)],
            "count": rng.poisson(people / 100 * risk),
            "population": people,
        }
    )


# The funnel


def test_additive_limits_by_hand():
    areas = pd.DataFrame({"area": list("abcd"), "count": [64, 36, 64, 36], "population": 1_000})
    funnel = funnel_plot(areas, by="area", per=1_000, winsorise=0.0)
    error = 0.5 / np.sqrt(50)
    distances = np.sqrt(np.array([64, 36, 64, 36]) / 50) - 1
    tau2 = (4 * np.mean((distances / error) ** 2) - 3) / (3 / error**2)
    assert funnel.spread.between**2 == pytest.approx(tau2)
    reach = stats.norm.ppf(0.975) * np.sqrt(error**2 + tau2)
    row = funnel.estimates().iloc[0]
    assert (row["inner_low"], row["inner_high"]) == pytest.approx((50 * (1 - reach) ** 2, 50 * (1 + reach) ** 2))
    assert row["expected"] == 50 and row["estimate"] in (64, 36)


def test_multiplicative_limits_by_hand_with_a_dispersion_from_elsewhere():
    areas = pd.DataFrame({"area": list("abc"), "count": [90, 100, 110], "population": 1_000})
    funnel = funnel_plot(areas, by="area", per=1_000, limits="multiplicative", dispersion=4.0)
    reach = stats.norm.ppf(0.999) * 2 * 0.5 / np.sqrt(100)
    row = funnel.estimates().iloc[0]
    assert (row["outer_low"], row["outer_high"]) == pytest.approx((100 * (1 - reach) ** 2, 100 * (1 + reach) ** 2))
    assert "dispersion 4.0" in str(funnel.method)


def test_widened_limits_are_never_narrower_than_those_by_chance():
    centre, exposure = Centre(2.0), np.array([0.3, 2.0, 40.0])
    chance = centre.chance(exposure, 0.95)
    for spread in (Spread(1.0, 0.0), Spread(1.2, 0.05), Spread(9.0, 2.0)):
        low, high = centre.limits(exposure, 0.95, spread, additive=True)
        assert (low <= chance[0]).all() and (high >= chance[1]).all() and (low >= 0).all()


def test_plain_limits_cry_wolf_where_places_differ_anyhow_and_the_summary_says_so():
    areas = over_dispersed(np.random.default_rng(4), variation=0.8)
    areas.loc[7, "count"] = round(12 * areas.loc[7, "population"] / 100)
    funnel = funnel_plot(areas, by="area", heading="Small area")
    shares = funnel.outside()
    assert shares.loc["beyond_chance", "outer"] > 0.35 and shares.loc["beyond", "outer"] < 0.02
    text = funnel.summary()
    assert f"({shares.loc['beyond_chance', 'outer']:.0%}) lay outside the 99.8% limits that chance alone sets" in text
    assert "area 007" in text and "Allowing for the usual spread between small areas" in text
    plain = funnel_plot(areas, by="area", limits="plain")
    assert "Allowing" not in plain.summary() and "and" in plain.summary()
    assert plain.estimates()["beyond"].equals(plain.estimates()["beyond_chance"])


def test_the_furthest_out_come_first_and_many_places_are_cut_in_the_table():
    areas = over_dispersed(np.random.default_rng(5), places=60)
    areas.loc[30, "count"] = 2_000
    funnel = funnel_plot(areas, by="area")
    rows = funnel.table().rows
    assert rows[0][0] == "area 030" and rows[0][-1] == "above 99.8%" and len(rows) == 20
    assert "20 furthest out of 60" in funnel.table().columns[0].label
    assert len(funnel.values()) == 1 + 4 + 2 + 60


def test_three_districts_and_that_none_can_stand_out_among_them():
    areas = pd.DataFrame({"district": list("abc"), "count": [4_000, 5_000, 9_000], "population": 200_000})
    funnel = funnel_plot(areas, by="district", heading="District")
    assert funnel.outside().loc["beyond_chance", "outer"] == 1 and funnel.outside().loc["beyond", "inner"] == 0
    assert any("hardly any can lie outside" in caveat for caveat in funnel.caveats)
    known = funnel_plot(areas, by="district", limits="multiplicative", dispersion=35.6, heading="District")
    assert "c" in known.summary() and known.outside().loc["beyond", "outer"] > 0
    assert not any("hardly any" in caveat for caveat in known.caveats)


def test_small_areas_of_a_district_are_added_up():
    areas = pd.DataFrame({"district": list("aab"), "count": [3, 4, 9], "population": [100.0, 200.0, 300.0]})
    found = funnel_plot(areas, by="district", limits="plain", years=2.0).frame
    assert found["count"].tolist() == [7, 9] and found["exposure"].tolist() == [600, 600]


def test_a_benchmark_says_what_is_usual():
    areas = pd.DataFrame({"area": list("abcde"), "count": [500, 100, 110, 90, 104], "population": 1_000})
    funnel = funnel_plot(areas, by="area", per=1_000, benchmark=["b", "c", "d", "e"])
    everyone = funnel_plot(areas, by="area", per=1_000)
    assert (funnel.centre.target, everyone.centre.target) == pytest.approx((404 / 4_000, 904 / 5_000))
    assert funnel.spread.between < 0.05 < everyone.spread.between
    assert funnel.estimates().set_index("group").loc["a", "position"] == "above 99.8%"
    assert "the benchmark areas together" in funnel.summary()
    assert "Benchmark places: b, c, d and e, chosen by the analyst" in funnel.caveats


def test_a_target_from_elsewhere_has_no_interval_and_ratios_are_held_against_one():
    areas = pd.DataFrame({"area": list("ab"), "count": [30, 50], "population": 1_000, "expected": [40.0, 40.0]})
    target = funnel_plot(areas, by="area", per=1_000, target=20.0, limits="plain")
    assert target.values()[0].interval is None and target.values()[0].n is None
    assert target.estimates()["expected"].tolist() == [20, 20] and "the target of 20" in target.summary()
    ratio = funnel_plot(areas, by="area", measure="ratio", limits="plain")
    assert ratio.centre.target == 1 and sorted(ratio.estimates()["estimate"]) == [0.75, 1.25]
    assert ratio.plot().get_ylabel() == "observed over expected"


def test_proportions_on_the_arc_sine_scale_by_hand():
    areas = pd.DataFrame({"area": list("abcd"), "count": [30, 50, 30, 50], "population": 100})
    funnel = funnel_plot(areas, by="area", measure="proportion", winsorise=0.0)
    centre, error = np.arcsin(np.sqrt(0.4)), 0.05
    distances = np.arcsin(np.sqrt([0.3, 0.5, 0.3, 0.5])) - centre
    tau2 = (4 * np.mean((distances / error) ** 2) - 3) / (3 / error**2)
    reach = stats.norm.ppf(0.999) * np.sqrt(error**2 + tau2)
    row = funnel.estimates().iloc[0]
    assert (row["outer_low"], row["outer_high"]) == pytest.approx(
        (np.sin(centre - reach) ** 2, np.sin(centre + reach) ** 2)
    )
    assert "40.0%" in funnel.summary() and "arc sine" in str(funnel.method)


def test_proportions_at_the_ends_stay_between_none_and_all():
    areas = pd.DataFrame({"area": list("abcde"), "count": [0, 5, 1, 5, 5], "population": 5})
    funnel = funnel_plot(areas, by="area", measure="proportion")
    found = funnel.estimates()
    assert found["outer_low"].min() >= 0 and found["outer_high"].max() <= 1 and funnel.plot() is not None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"measure": "odds"}, "measure must be one of"),
        ({"limits": "wide"}, "limits must be one of"),
        ({"estimator": "guess"}, "estimator must be one of"),
        ({"exact": "byar"}, "exact must be one of"),
        ({"levels": (0.998, 0.95)}, "levels"),
        ({"years": 0}, "years"),
        ({"benchmark": ["b"], "target": 3.0}, "not both"),
        ({"benchmark": ["nowhere"]}, "benchmark names places"),
        ({"benchmark": ["a", "b"]}, "at least 3 places"),
        ({"dispersion": 3.0}, "multiplicative"),
        ({"dispersion": 0.0, "limits": "multiplicative"}, "above 0"),
        ({"measure": "proportion", "population": "few"}, "at most few"),
        ({"population": "none"}, "none must be above 0"),
        ({"count": "negative"}, "0 or more"),
        ({"winsorise": 0.7}, "winsorise"),
    ],
)
def test_what_a_funnel_refuses(change, words):
    areas = pd.DataFrame({"area": list("abcd"), "count": [3, 4, 5, 6], "population": 100, "few": 2, "none": 0})
    areas["negative"] = [-1, 4, 5, 6]
    with pytest.raises(ValueError, match=words):
        funnel_plot(areas, **{"by": "area", **change}).summary()


def test_a_funnel_without_events_is_not_estimable():
    areas = pd.DataFrame({"area": list("abc"), "count": 0, "population": 100})
    with pytest.raises(NotEstimableError, match="no event"):
        funnel_plot(areas, by="area")


def test_inputs_are_not_changed():
    areas = over_dispersed(np.random.default_rng(6), places=30)
    before = areas.copy()
    funnel_plot(areas, by="area").plot()
    pd.testing.assert_frame_equal(areas, before)


# Release


def texts(result):
    return result.summary() + result.alt_text() + repr(result.table().text_rows()) + repr(result.values())


def small_among_many(rng):
    areas = over_dispersed(rng, places=40, sizes=(60, 200))
    areas["area"] = [f"area {place}" for place in rng.permutation(40)]
    areas.loc[3, ["area", "count", "population"]] = ["hamlet", 6, 91_117.0]
    areas.loc[4, ["area", "count"]] = ["town", 3_017]
    return areas


def test_a_withheld_place_is_named_nowhere_as_outside_and_its_numbers_are_gone():
    areas = small_among_many(np.random.default_rng(7))
    raw, released = funnel_plot(areas, by="area"), release(funnel_plot(areas, by="area"), SAFE)
    shown = released.result
    assert "hamlet" in raw.summary() and "hamlet" not in shown.summary() and "town" in shown.summary()
    assert released.withheld == 1, "the total of 40 rounded counts tells no single one"
    assert release(raw, POLICIES["ons"]).withheld == 2, "an exact total does"
    row = shown.estimates().set_index("group").loc["hamlet"]
    assert row[["count", "estimate", "low", "high", "beyond", "outer_low"]].isna().all()
    assert "3,017" not in texts(shown) and "3,015" in texts(shown)
    assert "39 areas shown" in shown.summary()


def test_every_number_that_leaves_comes_from_rounded_counts():
    areas = small_among_many(np.random.default_rng(8))
    shown = release(funnel_plot(areas, by="area"), SAFE).result
    counts = shown.frame["count"].dropna()
    assert ((counts > 7) & (counts % 5 == 0)).all()
    again = funnel_plot(
        areas.set_index("area").loc[shown.known["group"]].assign(count=counts.to_numpy()).reset_index(), by="area"
    )
    assert shown.spread.between == pytest.approx(again.spread.between)
    assert shown.centre.target == pytest.approx(again.centre.target)
    assert {value.n for value in shown.values()} <= {None, counts.sum(), *counts}


def test_policy_open_changes_nothing():
    funnel = funnel_plot(small_among_many(np.random.default_rng(9)), by="area")
    assert release(funnel, POLICIES["open"]).result.values() == funnel.values()


def test_where_too_few_places_are_left_there_is_no_funnel():
    areas = pd.DataFrame({"area": list("abcd"), "count": [3, 40, 60, 5], "population": 1_000})
    shown = release(funnel_plot(areas, by="area"), SAFE).result
    assert shown.plot() is None and "No funnel can be drawn" in shown.summary()
    assert shown.table().rows and all(row[-1] is None or row[-1] != row[-1] for row in shown.table().rows)
    assert all(value.estimate is None and value.reason for value in shown.values()[1:7])


def test_places_are_protected_against_the_totals_of_their_districts():
    areas = over_dispersed(np.random.default_rng(10), places=12).assign(district_name=["x"] * 6 + ["y"] * 6)
    areas.loc[[0, 7], "count"] = 3
    funnel = funnel_plot(areas, by="area")
    shown = release(funnel, POLICIES["ons"]).result.frame
    assert shown["count"].isna().groupby(shown["district"]).sum().min() >= 2
    assert "district" not in funnel_plot(areas.assign(count=50), by="district_name", limits="plain").frame


@pytest.mark.parametrize("policy", ["opensafely", "ons"])
def test_of_a_proportion_neither_those_with_nor_those_without_are_told(policy):
    areas = pd.DataFrame({"area": list("abcdef"), "count": [40, 57, 4, 30, 31, 28], "population": 60})
    released = release(funnel_plot(areas, by="area", measure="proportion"), POLICIES[policy])
    shown = released.result.frame.set_index("group")
    assert released.cells == 12 and shown.loc[["b", "c"], ["count", "exposure"]].isna().any(axis=1).all()
    parts = pd.DataFrame([cell["labels"] | {"count": cell["count"]} for cell in released.shown])
    assert parts[parts["group"].isin(["b", "c"])]["count"].isna().all(), (
        "60 trials, known elsewhere, tell the other part"
    )


def test_a_large_funnel_of_proportions_is_released_in_good_time():
    rng = np.random.default_rng(17)
    areas = pd.DataFrame({"area": [f"area {n}" for n in range(200)], "population": rng.integers(30, 200, 200)})
    areas["count"] = rng.binomial(areas["population"], 0.3)
    shown = release(funnel_plot(areas, by="area", measure="proportion"), POLICIES["ons"]).result
    assert 20 < len(shown.known) < 200 and shown.plot() is not None


def test_a_dispersion_from_elsewhere_leaves_coarse():
    areas = pd.DataFrame({"area": list("abc"), "count": [900, 1_000, 1_400], "population": 1_000})
    funnel = funnel_plot(areas, by="area", limits="multiplicative", dispersion=9.234)
    shown = release(funnel, SAFE).result
    assert shown.dispersion == 9.5 and "9.5" in str(shown.method) and "9.23" not in str(shown.method)


# The picture


def rendered(ax):
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(ax.figure)
    canvas.draw()
    return canvas.get_renderer()


def test_names_do_not_meet_and_stay_inside():
    rng = np.random.default_rng(11)
    areas = over_dispersed(rng, places=300)
    areas.loc[:11, "count"] = np.arange(700, 712)
    areas.loc[:11, "population"] = 4_000 + np.arange(12)
    ax = funnel_plot(areas, by="area").plot()
    renderer = rendered(ax)
    names = [text for text in ax.texts if text.get_text().startswith("area")]
    assert 3 <= len(names) <= NAMED
    boxes = [Text.get_window_extent(text, renderer) for text in names]  # of the words, without the line to the point
    assert not any(one.overlaps(other) for place, one in enumerate(boxes) for other in boxes[:place])
    assert all(ax.bbox.padded(2).contains(*corner) for box in boxes for corner in (box.min, box.max))


def test_a_name_without_room_is_left_out_rather_than_laid_over_another():
    ax = draw.get_axes(None)
    ax.set_xlim(0, 1), ax.set_ylim(0, 1)
    names = {place: f"a place with a long name {place}" for place in range(30)}
    written = name_points(ax, np.full(30, 0.5), np.full(30, 0.5), names)
    assert 1 <= len(written) < 30 and written[0] == names[0]


def test_the_picture_shows_no_withheld_place_and_says_how_many_are():
    areas = small_among_many(np.random.default_rng(12))
    shown = release(funnel_plot(areas, by="area"), SAFE).result
    ax = shown.plot()
    words = [text.get_text() for text in ax.texts]
    assert "1 withheld, not shown" in words and "hamlet" not in words and "town" in words
    heights = np.concatenate([marks.get_offsets()[:, 1] for marks in ax.collections])
    assert np.sort(heights).tolist() == pytest.approx(np.sort(shown.estimates()["estimate"].dropna()).tolist())
    check_picture(draw.to_svg(lambda: shown.plot()))


def test_marks_differ_in_shape_and_limits_in_line():
    areas = over_dispersed(np.random.default_rng(13), places=200, variation=0.8)
    areas.loc[0, "count"] = 5_000
    ax = funnel_plot(areas, by="area").plot()
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels[:4] == ["chance alone, 99.8%", "95% limits", "99.8% limits", "target"]
    styles = [line._dash_pattern for line in ax.lines if line.get_label()[0] != "_"][:3]
    assert len({repr(style) for style in styles}) == 3
    assert "root scale" in ax.get_ylabel() and ax.get_xlabel() == "incidents expected at the target"


# Statistical truth


@pytest.mark.parametrize("sizes", [(15, 80), (10, 2_000)])
@pytest.mark.parametrize("variation", [0.0, 0.3])
def test_limits_hold_the_share_of_places_that_they_promise(sizes, variation):
    rng = np.random.default_rng(14)
    shares = pd.DataFrame(
        [
            funnel_plot(over_dispersed(rng, sizes=sizes, variation=variation), by="area").outside().loc["beyond"]
            for _ in range(30)
        ]
    ).mean()
    assert 0.03 <= shares["inner"] <= 0.06 and shares["outer"] <= 0.0035


def test_the_published_form_holds_fewer():
    rng = np.random.default_rng(15)
    shares = [
        funnel_plot(over_dispersed(rng), by="area", estimator="spiegelhalter").outside().loc["beyond", "inner"]
        for _ in range(20)
    ]
    assert 0.86 <= 1 - np.mean(shares) <= 0.92


def test_plain_limits_hold_at_least_what_they_promise_when_nothing_differs():
    rng = np.random.default_rng(16)
    areas = [over_dispersed(rng, places=1_000, sizes=(1, 30), variation=0) for _ in range(10)]
    shares = [funnel_plot(one, by="area", limits="plain").outside().loc["beyond"] for one in areas]
    assert (
        np.mean([share["inner"] for share in shares]) <= 0.05 and np.mean([share["outer"] for share in shares]) <= 0.002
    )


def test_no_warning_is_raised_by_tiny_places():
    areas = pd.DataFrame({"area": list("abcd"), "count": [0, 0, 1, 2], "population": [1, 2, 3, 10]})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        funnel = funnel_plot(areas, by="area")
        assert funnel.plot() is not None and funnel.values() and funnel.table().rows
