"""The gradient: scales of the line, both intervals, the events in excess, and slopes of many areas at once."""

import numpy as np
import pandas as pd
import pytest

from problemsolving.governance.policies import POLICIES
from problemsolving.governance.release import release
from problemsolving.measures.excess import excess_share, least_deprived_fifth
from problemsolving.measures.gradient import measure_gradient, slope_index_of_inequality
from problemsolving.measures.gradient_draws import numbers_of
from problemsolving.measures.slope_simulation import line_errors, simulate_slopes

SAFE = POLICIES["opensafely"]


def world(rng, *, areas=300, rates=None, variation=0.5, deciles=range(1, 11)):
    """Small areas whose true rates follow their decile and vary within it; the excess is known."""
    deciles = np.asarray(list(deciles))
    rates = np.linspace(0.06, 0.015, 10)[deciles - 1] if rates is None else np.asarray(rates, float)
    place = rng.integers(0, len(deciles), areas)
    people = rng.uniform(1_000, 2_200, areas).round()
    risk = rng.gamma(1 / variation**2, variation**2, areas) if variation else np.ones(areas)
    count = rng.poisson(people * rates[place] * risk)
    return pd.DataFrame({"decile": deciles[place], "count": count, "population": people})


def measured(areas, **changes):
    settings = {"by": "decile", "n_resamples": 300, "rng": np.random.default_rng(1)} | changes
    return measure_gradient(areas, **settings)


# The line on three scales


def test_log_line_by_ordinary_least_squares():
    rates, people = np.array([50.0, 30, 22, 9, 8]), np.array([4.0, 3, 2, 2, 1])
    share = people / people.sum()
    ridit = np.cumsum(share) - share / 2
    slope, start = np.polyfit(ridit, np.log(rates), 1, w=np.sqrt(share))
    line = slope_index_of_inequality(rates, population=people, transform="log")
    assert line.intercept == pytest.approx(np.exp(start))
    assert line.index == pytest.approx(np.exp(start + slope) - np.exp(start))
    assert line.relative_index == pytest.approx(np.exp(slope))


def test_logit_line_by_ordinary_least_squares():
    shares, people = np.array([0.5, 0.42, 0.2, 0.12, 0.15]), np.array([4.0, 3, 2, 2, 1])
    weight = people / people.sum()
    ridit = np.cumsum(weight) - weight / 2
    slope, start = np.polyfit(ridit, np.log(shares / (1 - shares)), 1, w=np.sqrt(weight))
    line = slope_index_of_inequality(shares, population=people, transform="logit")
    ends = [1 / (1 + np.exp(-value)) for value in (start, start + slope)]
    assert (line.intercept, line.index) == pytest.approx((ends[0], ends[1] - ends[0]))


@pytest.mark.parametrize("transform", ["none", "log", "logit"])
def test_a_gradient_on_each_scale_is_the_line_of_its_rates(transform):
    areas = world(np.random.default_rng(2))
    found = measured(areas, transform=transform)
    sums = areas.groupby("decile")[["count", "population"]].sum()
    line = slope_index_of_inequality(
        sums["count"] / sums["population"], population=sums["population"], transform=transform
    )
    assert found.slope.index == pytest.approx(line.index * 100_000)
    assert found.slope.relative_index == pytest.approx(line.relative_index)
    for name in ("slope_index", "relative_index"):
        assert found.limits(name).low < found.estimates()[name] < found.limits(name).high
    assert ("scale of the line" in str(found.method)) == (transform != "none")


def test_a_log_line_keeps_a_relative_index_where_the_straight_one_leaves_zero():
    areas = pd.DataFrame({"decile": range(1, 6), "count": [900, 300, 100, 30, 10], "population": 1_000})
    straight, logged = (measured(areas, transform=transform) for transform in ("none", "log"))
    assert np.isnan(straight.slope.relative_index) and logged.slope.relative_index == pytest.approx(0.0036, rel=0.05)


@pytest.mark.parametrize("transform", ["log", "logit"])
def test_a_decile_without_events_has_no_logarithm_and_the_excess_is_told_all_the_same(transform):
    areas = pd.DataFrame({"decile": [1, 2, 9, 10], "count": [60, 30, 40, 0], "population": [1_000] * 4})
    found = measured(areas, transform=transform)
    value = found.values()[0]
    assert value.estimate is None and f"no place on the {transform} scale" in value.reason
    assert "cannot be estimated" in found.summary() and "fewer incidents" in found.summary()
    assert found.plot() is not None
    with pytest.raises(ValueError, match='use transform="none"'):
        slope_index_of_inequality([60, 0], population=[1, 1], transform=transform)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"transform": "root"}, "transform"),
        ({"quantiles": 4}, "between 5 and 100"),
        ({"quantiles": 101}, "between 5 and 100"),
        ({"by": "rank"}, "from 1"),
        ({"by": "codes"}, "from 1"),
        ({"by": "same"}, "at least two quantiles"),
        ({"count": "none"}, "at least one event"),
        ({"years": 0}, "years above 0"),
        ({"population": "none"}, "residents in every quantile"),
    ],
)
def test_what_a_gradient_refuses(change, words):
    areas = pd.DataFrame(
        {"decile": [1, 2, 3], "rank": [1, 2, 11], "codes": [0, 1, 2], "same": 3, "count": 5, "none": 0, "population": 9}
    )
    with pytest.raises(ValueError, match=words):
        measured(areas, **change)


def test_labels_are_taken_as_numbers_and_few_quantiles_bring_a_caveat():
    areas = pd.DataFrame({"decile": ["10", "2", "1"], "count": [5, 10, 30], "population": 1_000})
    found = measured(areas)
    assert found.frame["group"].tolist() == ["1", "2", "10"]
    assert any("Fewer than 5 quantiles" in caveat for caveat in found.caveats)
    fifths = measured(areas.assign(decile=[5, 2, 1]), quantiles=5)
    assert fifths.reference.words == "fifth 5" and "fifth (1 = most deprived)" in fifths.table().columns[0].label


def test_an_area_without_a_quantile_is_left_out_aloud():
    areas = pd.concat(
        [world(np.random.default_rng(3)), pd.DataFrame({"decile": [np.nan] * 2, "count": 9, "population": 9})]
    )
    found = measured(areas)
    assert (
        "2 small areas without a quantile of income deprivation were left out" in found.caveats and found.areas == 300
    )


def test_the_reading_is_ecological_and_the_overall_index_is_circular():
    areas = world(np.random.default_rng(4))
    income, overall = measured(areas), measured(areas, scale="overall")
    assert any("About areas, not people" in caveat for caveat in income.caveats)
    assert not any("crime domain" in caveat for caveat in income.caveats)
    assert any("crime domain" in caveat for caveat in overall.caveats)


# Both intervals


def test_both_intervals_are_numbers_of_their_own_on_the_page():
    found = measured(world(np.random.default_rng(5), variation=1.0), n_resamples=2_000)
    by_name = {value.name: value for value in found.values()}
    for name in ("slope_index", "relative_index"):
        wide, narrow = by_name[name].interval, by_name[f"{name}_poisson"].interval
        assert by_name[name].estimate == by_name[f"{name}_poisson"].estimate
        assert wide.high - wide.low > 2 * (narrow.high - narrow.low) > 0
    narrow = by_name["slope_index_poisson"].interval
    assert f"random counts alone ({narrow.low:,.0f} to {narrow.high:,.0f})" in found.summary()
    rows = {row[0]: row for row in found.table().rows}
    assert rows["Slope index (Poisson counts alone)"][4:] == pytest.approx((narrow.low, narrow.high))
    assert rows["Relative index, % (small areas resampled)"][3] == pytest.approx(100 * found.slope.relative_index)


def test_the_poisson_interval_is_that_of_normal_noise_in_many_counts():
    areas = world(np.random.default_rng(6), variation=0)
    found = measured(areas, n_resamples=20_000)
    sums = areas.groupby("decile")[["count", "population"]].sum()
    rates, people = (sums["count"] / sums["population"]).to_numpy()[None, :], sums["population"].to_numpy()[None, :]
    peer = simulate_slopes(rates, line_errors(sums["count"].to_numpy()[None, :], population=people), population=people)
    interval = found.limits("slope_index_poisson")
    width = (peer["index_high"] - peer["index_low"]).item() * 100_000
    assert interval.high - interval.low == pytest.approx(width, rel=0.03)


def test_resampling_in_blocks_draws_the_same(monkeypatch):
    from problemsolving.measures import gradient_draws

    areas = world(np.random.default_rng(7))
    whole = measured(areas).values()
    monkeypatch.setattr(gradient_draws, "AT_ONCE", 7 * len(areas))
    assert [value.interval.low for value in measured(areas).values()] == pytest.approx(
        [value.interval.low for value in whole]
    )


def test_resamples_without_an_estimate_are_told():
    areas = pd.DataFrame({"decile": [1, 1, 2, 2, 3], "count": [5, 0, 3, 1, 2], "population": 1_000})
    found = measured(areas, transform="log")
    assert any("gave no" in caveat and "slope index" in caveat for caveat in found.caveats)


# Excess


def test_excess_by_hand():
    areas = pd.DataFrame(
        {"decile": [1, 5, 9, 10], "count": [40, 20, 12, 8], "population": [1_000, 1_000, 1_000, 1_000]}
    )
    found = measured(areas).estimates()
    assert found["excess_events"] == pytest.approx(80 - 4 * 10) and found["excess_share"] == pytest.approx(0.5)
    rows = measured(areas, per=1_000).table().rows
    assert rows[-1][:4] == ("In excess of the rate of deciles 9 and 10", 40, 4_000.0, pytest.approx(10.0))


def test_the_excess_of_a_resample_is_scaled_to_the_residents_there_are():
    drawn = numbers_of(
        (np.array([[30.0, 10.0]]), np.array([[5.0, 5.0]])), reference=[1], transform="none", per=1, total=20.0
    )
    assert drawn["excess_share"].item() == 0.5 and drawn["excess_events"].item() == pytest.approx(0.5 * 4 * 20)


def test_a_negative_excess_is_not_clipped_and_said_as_more():
    areas = pd.DataFrame({"decile": [1, 5, 9, 10], "count": [10, 20, 30, 40], "population": 1_000})
    found = measured(areas)
    assert found.estimates()["excess_events"] == pytest.approx(-40)
    assert "there would have been 40 more incidents" in found.summary() and "40%" in found.summary()


@pytest.mark.parametrize(
    ("deciles", "words", "note"),
    [
        ([1, 5, 9, 10], "deciles 9 and 10", False),
        ([1, 5, 9], "decile 9", True),
        ([1, 5, 10], "decile 10", True),
        ([1, 2, 3], "decile 3", True),
    ],
)
def test_what_stands_for_the_least_deprived_fifth_is_said(deciles, words, note):
    areas = pd.DataFrame({"decile": deciles, "count": [30] * len(deciles), "population": 1_000})
    found = measured(areas)
    assert found.reference.words == words and f"At the rate of {words} " in found.summary()
    assert any("No one lives in decile" in caveat for caveat in found.caveats) == note


def test_stand_ins_hold_a_fifth_of_the_residents():
    found = least_deprived_fifth([1, 2, 3, 4], quantiles=10, population=[70, 15, 10, 5])
    assert found.places == (1, 2, 3) and found.words == "deciles 2, 3 and 4"
    assert least_deprived_fifth([1, 50, 80, 97], quantiles=100, population=[1] * 4).words == "centile 97"
    assert least_deprived_fifth(range(1, 101), quantiles=100, population=[1] * 100).words == "centiles 81 to 100"


def test_excess_without_residents_in_the_reference_is_missing():
    assert np.isnan(excess_share(np.array([[3.0, 0.0]]), np.array([[10.0, 0.0]]), [1])).all()


def test_planted_excess_and_slope_are_covered_by_small_areas_and_not_by_poisson_counts():
    """A world whose truth is known: mean excess within 2 %, intervals of 95 % cover it at least 9 times in 10."""
    rng = np.random.default_rng(8)
    rates = 0.1 - 0.08 * (np.arange(10) + 0.5) / 10  # residents spread evenly over deciles, so a slope of -0.08
    truths = {"excess_share": 1 - rates[8:].mean() / rates.mean(), "slope_index": -8_000.0}
    truths["slope_index_poisson"] = truths["slope_index"]
    covered, found = dict.fromkeys(truths, 0), []
    for _ in range(120):
        result = measured(world(rng, areas=240, rates=rates), rng=rng, n_resamples=200)
        found.append(result.estimates()["excess_share"])
        for name, truth in truths.items():
            covered[name] += result.limits(name).low <= truth <= result.limits(name).high
    assert np.mean(found) == pytest.approx(truths["excess_share"], rel=0.03)
    assert covered["excess_share"] >= 107 and covered["slope_index"] >= 107 and covered["slope_index_poisson"] < 70


# Release


def test_a_withheld_decile_leaves_no_slope_and_no_excess():
    areas = pd.DataFrame(
        {"decile": range(1, 11), "count": [60, 50, 40, 44, 38, 36, 30, 28, 20, 3], "population": 1_000}
    )
    shown = release(measured(areas), POLICIES["ons"]).result
    assert shown.frame["count"].isna().sum() == 2
    assert all(
        value.estimate is None and value.reason for value in shown.values() if value.name != "rate_by_deprivation"
    )
    assert "withheld" in shown.summary() and "fewer" not in shown.summary()
    assert all(row[3:] == (None, None, None) for row in shown.table().rows[10:]) and shown.plot() is not None


def test_what_leaves_is_made_from_rounded_counts_and_coarse_distances():
    areas = world(np.random.default_rng(10), areas=40)
    raw = measured(areas)
    shown = release(raw, SAFE).result
    counts, years = shown.frame["count"].to_numpy(), shown.frame["person_years"].to_numpy()
    assert (counts % 5 == 0).all() and shown.estimates()["excess_share"] == pytest.approx(
        1 - counts[8:].sum() / years[8:].sum() / (counts.sum() / years.sum())
    )
    assert shown.slope.index != raw.slope.index
    assert all(float(f"{end:.1e}") == end for ends in shown.reach.values() for end in ends)
    assert {value.n for value in shown.values()} <= {counts.sum(), *counts}


def test_policy_open_changes_nothing():
    found = measured(world(np.random.default_rng(11)))
    assert release(found, POLICIES["open"]).result.values() == found.values()


# Slopes of many areas at once


def many(rng, areas=6, groups=10):
    people = rng.uniform(4_000, 9_000, (areas, groups))
    rates = np.linspace(0.09, 0.03, groups) * rng.uniform(0.8, 1.2, (areas, 1)) + rng.normal(0, 0.003, (areas, groups))
    return rates, people


@pytest.mark.parametrize("transform", ["none", "log", "logit"])
def test_many_areas_agree_with_a_plain_loop_over_draws_of_all_values(transform):
    rng = np.random.default_rng(12)
    rates, people = many(rng, areas=2)
    errors = line_errors(rates * people, population=people, of="proportion", transform=transform)
    found = simulate_slopes(rates, errors, population=people, transform=transform, rng=rng)
    up = {"none": lambda v: v, "log": np.log, "logit": lambda v: np.log(v / (1 - v))}[transform]
    down = {"none": lambda v: v, "log": np.exp, "logit": lambda v: 1 / (1 + np.exp(-v))}[transform]
    for area in range(2):
        share = people[area] / people[area].sum()
        root, ridit = np.sqrt(share), np.cumsum(share) - share / 2
        design = np.column_stack([np.ones(10), ridit]) * root[:, None]
        drawn = up(rates[area]) + errors[area] * rng.standard_normal((40_000, 10))
        start, slope = np.linalg.lstsq(design, (drawn * root).T, rcond=None)[0]
        ends = down(start), down(start + slope)
        for name, draws in (("index", ends[1] - ends[0]), ("ratio", ends[1] / ends[0])):
            low, high = np.quantile(draws, [0.025, 0.975])
            row = found.iloc[area]
            assert (row[f"{name}_low"], row[f"{name}_high"]) == pytest.approx((low, high), abs=0.03 * (high - low))


def test_the_simulated_limits_of_the_index_are_those_of_its_normal_distribution():
    rates, people = many(np.random.default_rng(13))
    errors = line_errors(rates * people, population=people)
    found = simulate_slopes(rates, errors, population=people, n_simulations=400_000, rng=np.random.default_rng(1))
    for area in range(len(rates)):
        line = [slope_index_of_inequality(row, population=people[area]).index for row in np.eye(10)]
        reach = 1.959964 * np.sqrt((np.array(line) ** 2 * errors[area] ** 2).sum())
        centre = slope_index_of_inequality(rates[area], population=people[area]).index
        row = found.iloc[area]
        assert row["index"] == pytest.approx(centre, rel=1e-12)
        assert (row["index_low"], row["index_high"]) == pytest.approx(
            (centre - reach, centre + reach), abs=0.02 * reach
        )


def test_slope_and_ratio_come_from_the_same_draws():
    """With every end but the last one sure, the ratio is a function of the index, draw by draw."""
    found = simulate_slopes([[10.0, 20.0]], [[0.0, 1.0]], population=[[1.0, 1.0]], rng=np.random.default_rng(1)).iloc[0]
    for end in ("low", "high"):
        last = (found[f"index_{end}"]) / 2 + 10  # two groups: the index is twice the difference of the values
        ends = 10 - (last - 10) / 2, 10 + 1.5 * (last - 10)
        assert found[f"ratio_{end}"] == pytest.approx(ends[1] / ends[0], rel=1e-4)


def test_values_that_are_sure_have_no_interval_and_order_of_areas_does_not_matter_to_estimates():
    rates, people = many(np.random.default_rng(14))
    sure = simulate_slopes(rates, np.zeros_like(rates), population=people)
    assert sure["index_low"].to_numpy() == pytest.approx(sure["index"].to_numpy(), rel=1e-6)
    assert sure["ratio_high"].to_numpy() == pytest.approx(sure["ratio"].to_numpy(), rel=1e-6)


def test_a_ratio_that_often_leaves_zero_has_no_limits():
    found = simulate_slopes([[3.0, 2.0, 1.0]], [[1.0] * 3], population=[[1.0] * 3], rng=np.random.default_rng(1)).iloc[
        0
    ]
    assert np.isfinite(found["ratio"]) and np.isnan(found["ratio_low"]) and np.isfinite(found["index_low"])


@pytest.mark.parametrize(
    "change",
    [
        {"values": [[1.0, 2.0, 3.0]]},
        {"values": [1.0, 2.0]},
        {"values": [[1.0, np.nan]]},
        {"standard_errors": [[1.0, -1.0]]},
        {"standard_errors": [[1.0, np.nan]]},
        {"population": [[1.0, 0.0]]},
        {"n_simulations": 999},
        {"confidence_level": 1.0},
        {"transform": "root"},
        {"values": [[0.0, 2.0]], "transform": "log"},
        {"values": [[0.5, 1.0]], "transform": "logit"},
    ],
)
def test_what_many_slopes_refuse(change):
    given = {"values": [[1.0, 2.0]], "standard_errors": [[1.0, 1.0]], "population": [[1.0, 1.0]]} | change
    with pytest.raises(ValueError, match=r"must|needs"):
        simulate_slopes(given.pop("values"), given.pop("standard_errors"), **given)


def test_errors_of_the_line_by_their_formulas():
    count, people = np.array([40.0]), np.array([100.0])
    for of, transform, expected in (
        ("rate", "none", np.sqrt(40) / 100),
        ("rate", "log", 1 / np.sqrt(40)),
        ("proportion", "none", np.sqrt(0.4 * 0.6 / 100)),
        ("proportion", "log", np.sqrt(0.6 / 40)),
        ("proportion", "logit", 1 / np.sqrt(100 * 0.4 * 0.6)),
    ):
        assert line_errors(count, population=people, of=of, transform=transform).item() == pytest.approx(expected)
    for change in (
        {"counts": [0.0]},
        {"population": [0.0]},
        {"counts": [100.0], "of": "proportion"},
        {"transform": "logit"},
    ):
        given = {"counts": count, "population": people} | change
        with pytest.raises(ValueError, match=r"must|is for"):
            line_errors(given.pop("counts"), **given)
