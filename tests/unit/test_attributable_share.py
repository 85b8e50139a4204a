"""Attributable shares: both forms, E-values, several drivers, areas against the least exposed fifth, release."""

from itertools import permutations

import numpy as np
import pandas as pd
import pytest

from problemsolving.drivers.attributable_fractions import (
    ASSUMPTION,
    attributable_fraction,
    e_value,
    population_attributable_fraction,
)
from problemsolving.drivers.attributable_share import estimate_attributable_share
from problemsolving.drivers.excess_share import TOGETHER, _shares, estimate_excess_share
from problemsolving.errors import NotEstimableError
from problemsolving.governance.policies import POLICIES
from problemsolving.governance.release import release
from problemsolving.results import Interval, NotEstimable
from problemsolving.stats.counts import fit_poisson

SAFE = POLICIES["opensafely"]
COUNTS = {"exposed_cases": 60, "exposed_noncases": 140, "unexposed_cases": 80, "unexposed_noncases": 720}


def share(**changes):
    return estimate_attributable_share(**{**COUNTS, "driver": "Sleeping rough", "of": "assaults", **changes})


def words(result) -> str:
    return result.summary() + repr(result.table().text_rows()) + repr(result.values()) + repr(result.caveats)


# exact numbers


def test_shares_by_hand():
    """Risks of 0.3 and 0.1: two thirds of the exposed's cases; 40 of the 140 cases would remain beside 100."""
    found = share()
    assert found.ratio[0] == pytest.approx(3) and attributable_fraction(3) == pytest.approx(2 / 3)
    assert found.share[0] == pytest.approx(1 - 0.1 / 0.14)
    forms = [("Miettinen", 60 / 140), ("Levin", 200 / 1_000)]
    assert [population_attributable_fraction(3, exposed=e, form=f) for f, e in forms] == pytest.approx([2 / 7, 2 / 7])


@pytest.mark.parametrize("form", ["Miettinen", "Levin"])
def test_without_adjustment_both_forms_agree_and_each_is_named(form):
    found = share(form=form)
    assert found.share == pytest.approx(share().share) and form in found.method.name
    assert any(form in row[0] for row in found.table().text_rows())


def test_the_interval_of_the_share_is_walters():
    a, b, c, d = COUNTS.values()
    n = a + b + c + d
    found, low, high = share().share
    error = np.sqrt((b + found * (a + d)) / (n * c))
    assert (low, high) == pytest.approx(tuple(1 - (1 - found) * np.exp(np.array([1, -1]) * 1.959964 * error)))


def test_the_interval_of_the_share_covers():
    rng, inside = np.random.default_rng(1), []
    for a, b, c, d in rng.multinomial(900, [0.06, 0.14, 0.08, 0.72], size=600):
        _, low, high = share(exposed_cases=a, exposed_noncases=b, unexposed_cases=c, unexposed_noncases=d).share
        inside.append(low <= 2 / 7 <= high)
    assert 0.93 < np.mean(inside) < 0.97


def test_e_values_of_protection_and_of_no_clear_link():
    assert e_value(0.5) == pytest.approx(e_value(2.0)) == pytest.approx(2 + np.sqrt(2))
    weak = share(exposed_cases=23, exposed_noncases=177)
    assert weak.ratio[1] < 1 < weak.ratio[2] and weak.e_values[1] == 1.0
    assert "not clearly more" in weak.summary() and "would not have occurred" not in weak.summary()
    less = share(exposed_cases=4, exposed_noncases=396)
    assert (
        less.e_values[1] == pytest.approx(e_value(less.ratio[2])) and less.share[0] < 0 and ": less" in less.summary()
    )


@pytest.mark.parametrize("call", [lambda: e_value(0), lambda: attributable_fraction(-1), lambda: population_attributable_fraction(0, exposed=0.5, form="Levin"), lambda: population_attributable_fraction(2, exposed=1.5)])  # fmt: skip
def test_ratios_and_shares_that_are_none_are_refused(call):
    with pytest.raises(ValueError, match=r"above 0|between 0 and 1"):
        call()


# adjusted ratios


def test_an_adjusted_ratio_is_used_in_miettinens_form():
    found = share(adjusted_ratio=2.0, adjusted=Interval(1.5, 2.6666667))
    assert found.share[0] == pytest.approx(60 / 140 * 0.5)
    log_error, exposed = np.log(2.6666667 / 1.5) / (2 * 1.959964), 60 / 140
    by_hand = np.hypot(exposed / 2 * log_error, 0.5 * np.sqrt(exposed * (1 - exposed) / 140)) / (1 - exposed / 2)
    remains = 1 - found.share[0]
    assert found.share[1:] == pytest.approx(
        tuple(1 - remains * np.exp(np.array([1, -1]) * 1.959964 * by_hand)), rel=1e-6
    )
    assert "adjusted" in str(found.method)


def test_levins_form_with_an_adjusted_ratio_carries_a_warning():
    found = share(adjusted_ratio=2.0, adjusted=Interval(1.5, 2.67), form="Levin")
    assert found.share[0] == pytest.approx(0.2 / 1.2) and any("biased" in caveat for caveat in found.caveats)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"exposed_cases": -1}, "0 or more"),
        ({"exposed_cases": 0, "exposed_noncases": 0}, "both groups"),
        ({"adjusted_ratio": 2.0}, "together with its interval"),
        ({"adjusted_ratio": 2.0, "adjusted": Interval(2.5, 3.0)}, "around adjusted_ratio"),
        ({"adjusted_ratio": 2.0, "adjusted": Interval(1.5, 3.0, 0.9)}, "same confidence level"),
    ],
)
def test_what_gives_no_share_is_refused(changes, told):
    with pytest.raises(ValueError, match=told):
        share(**changes)


def test_no_cases_in_a_group_is_a_reason_not_a_number():
    found = share(unexposed_cases=0)
    assert all(value.estimate is None and value.reason for value in found.values())
    assert "no assaults in one of the groups" in found.summary()


# what the words say


def test_the_assumption_stands_in_the_summary_itself():
    text = share().summary()
    assert "If it caused the whole of that difference and nothing else did, 29% of all assaults" in text
    assert "was associated with" in text and "unmeasured" in text and ASSUMPTION in share().caveats


def test_shares_of_drivers_refuse_to_be_added():
    for add in (lambda: share() + share(), lambda: sum([share(), share()])):
        with pytest.raises(NotEstimableError, match="do not add"):
            add()


# release


def test_a_share_leaves_from_rounded_counts():
    shown = release(share(), SAFE).result
    a, b, c, d = 60, 140, 80, 720
    assert shown.frame["count"].tolist() == [a, b, c, d] and shown.ratio[0] == pytest.approx(3.0)
    odd = release(share(exposed_cases=61), SAFE).result
    assert odd.ratio == pytest.approx(shown.ratio)


def test_a_small_count_withholds_the_whole_share():
    shown = release(
        share(exposed_cases=5, exposed_noncases=143, unexposed_cases=81, unexposed_noncases=723), SAFE
    ).result
    assert shown.frame["count"].isna().sum() >= 2 and "withheld" in shown.summary()
    assert all(value.estimate is None for value in shown.values()) and "143" not in words(shown)
    axes = shown.plot()
    assert [text.get_text() for text in axes.texts] == ["withheld", "withheld"]


def test_policy_open_changes_nothing():
    assert words(release(share(), POLICIES["open"]).result) == words(share())


# areas against the least exposed fifth


def areas(seed: int = 1, n: int = 150, alpha: float = 0.05) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    need, drink, age = rng.normal(size=(3, n))
    drink = 0.5 * need + drink
    population = rng.integers(1_000, 2_000, n)
    mean = np.exp(-3.5 + 0.3 * need + 0.15 * drink - 0.2 * age) * population * rng.gamma(1 / alpha, alpha, n)
    return pd.DataFrame(
        {"count": rng.poisson(mean), "population": population, "need": need, "drink": drink, "age": age}
    )


DRIVERS = {"Need": "need", "Drink": "drink"}


def excess(frame, drivers=DRIVERS, **options):
    return estimate_excess_share(
        frame, **{"drivers": drivers, "n_resamples": 60, "rng": np.random.default_rng(1), **options}
    )


def test_the_share_of_areas_by_hand():
    """Level by level: residents 10 each, the least exposed fifth is the first two areas with a mean level of 0.5."""
    table = pd.DataFrame({"count": [10, 11, 20, 25, 30, 31, 40, 44, 52, 60], "population": 10, "x": range(10)})
    slope = fit_poisson(table["count"], table[["x"]], exposure=10.0).coefficients["x"]
    remains = table["count"].where(table["x"] < 2, table["count"] * np.exp(-slope * (table["x"] - 0.5))).sum()
    found = excess(table, {"X": "x"})
    assert found.together[0] == pytest.approx(1 - remains / table["count"].sum(), rel=1e-9)
    assert len(found.frame) == 1 and found.together[1] < found.together[0] < found.together[2]


def test_parts_add_to_the_share_of_all_together_and_shares_do_not():
    found = excess(areas(), {**DRIVERS, "Age": "age"})
    rows = found.frame.set_index("group")
    single = rows.drop(TOGETHER)
    assert single["part"].sum() == pytest.approx(found.together[0], abs=1e-12)
    assert abs(single["estimate"].sum() - found.together[0]) > 0.01
    assert "do not add" in found.summary() and any("do not add" in caveat for caveat in found.caveats)
    with pytest.raises(NotEstimableError, match="do not add"):
        found + found


def test_the_part_of_a_driver_is_its_share_averaged_over_every_order():
    frame = areas(2, n=60)
    drivers = {"Need": "need", "Drink": "drink", "Age": "age"}
    table = frame[list(drivers.values())].set_axis(list(drivers), axis=1)
    once, people = np.ones((1, len(frame))), frame["population"].to_numpy(float)

    def share_of(names):
        rows = _shares(frame["count"].to_numpy(float), table, list(names), people, once)[0]
        return rows[0]

    gains = {name: [] for name in drivers}
    for order in permutations(drivers):
        before = 0.0
        for place, name in enumerate(order):
            after = share_of(order[: place + 1])
            gains[name].append(after - before)
            before = after
    found = excess(frame, drivers).frame.set_index("group")["part"]
    assert [found[name] for name in drivers] == pytest.approx([np.mean(gains[name]) for name in drivers], abs=1e-10)


def test_the_bootstrap_is_that_of_refitting_each_resample():
    frame = areas(3, n=50)
    table = frame[["need"]].set_axis(["Need"], axis=1)
    often = np.random.default_rng(2).multinomial(50, np.full(50, 0.02), size=3).astype(float)
    together, _, _ = _shares(
        frame["count"].to_numpy(float), table, ["Need"], frame["population"].to_numpy(float), often
    )
    for draw, weights in zip(together, often, strict=True):
        drawn = frame.loc[np.repeat(np.arange(50), weights.astype(int))]
        assert draw == pytest.approx(excess(drawn, {"Need": "need"}, n_resamples=2).together[0], rel=1e-8)


def test_the_share_covers_the_planted_one():
    inside = []
    for seed in range(60):
        frame = areas(seed, n=120, alpha=0.1)
        order = frame.sort_values("need")
        fifth = order[order["population"].cumsum() <= 0.2 * order["population"].sum()]
        level = np.average(fifth["need"], weights=fifth["population"])
        lift = np.exp(0.3 * frame["need"] + 0.15 * frame["drink"] - 0.2 * frame["age"]) * frame["population"]
        kept = np.where(frame["need"] > fifth["need"].max(), np.exp(-0.3 * (frame["need"] - level)), 1.0)
        found = excess(frame, {"Need": "need"}, adjust_for={"Drink": "drink", "Age": "age"}, n_resamples=200, rng=np.random.default_rng(seed))  # fmt: skip
        inside.append(found.together[1] <= 1 - (lift * kept).sum() / lift.sum() <= found.together[2])
    assert np.mean(inside) > 0.85


def test_a_driver_that_goes_with_fewer_events_has_a_negative_share():
    found = excess(areas(4), {"Age": "age"})
    assert found.together[2] < 0 and "would occur beside" in found.summary()


def test_no_clear_share_is_said_so():
    frame = areas(5).assign(noise=np.random.default_rng(1).normal(size=150))
    assert "for Noise no clear share" in excess(frame, {"Noise": "noise"}).summary()


def test_areas_resampled_by_district_have_wider_limits_where_districts_differ():
    frame = areas(6, n=160)
    district = np.arange(160) % 16
    frame["count"] = np.random.default_rng(1).poisson(
        frame["count"] * np.random.default_rng(2).gamma(3, 1 / 3, 16)[district]
    )
    frame["need"] = np.random.default_rng(3).normal(size=16)[district]
    options = {"n_resamples": 300, "drivers": {"Need": "need"}}
    plain, wide = excess(frame, **options), excess(frame.assign(district=district), cluster_by="district", **options)
    assert np.diff(wide.together[1:]) > 1.5 * np.diff(plain.together[1:]) and "clusters" in wide.method.name


@pytest.mark.parametrize(
    ("change", "options", "error", "told"),
    [
        ({}, {"drivers": {}}, ValueError, "1 to 6 drivers"),
        ({}, {"drivers": {"Need": "need"}, "adjust_for": {"Need": "age"}}, ValueError, "each once"),
        ({}, {"drivers": {"x": "absent"}}, ValueError, 'no column "absent"'),
        ({"overall_score": 1.0}, {"drivers": {"x": "overall_score"}}, ValueError, "crime domain"),
        ({"count": 0}, {}, NotEstimableError, "no events"),
        ({"drink": lambda a: a["need"]}, {}, NotEstimableError, "determine each other"),
    ],
)
def test_what_gives_no_share_of_areas_is_refused(change, options, error, told):
    with pytest.raises(error, match=told):
        excess(areas().assign(**change), **options)


def test_areas_with_a_gap_are_left_out_aloud():
    frame = areas(7)
    frame.loc[3, "need"] = np.nan
    found = excess(frame)
    assert found.areas == 149 and any("1 small areas without" in caveat for caveat in found.caveats)


def test_a_share_of_areas_leaves_coarse_and_its_events_from_the_rounded_total():
    found = excess(areas(8))
    shown = release(found, SAFE).result
    numbers = shown.frame.drop(columns=["group", "count"]) * 100
    assert (numbers - numbers.round()).abs().max().max() < 1e-9 and shown.counts == ()
    total = shown.frame["count"].iloc[0]
    assert total % 5 == 0 and f"{found.frame['count'].iloc[0]:,.0f}" not in words(shown)
    assert shown.estimates()["events"].tolist() == (shown.frame["estimate"] * total).round().tolist()
    assert shown.plot() is not None
    assert words(release(found, POLICIES["open"]).result) == words(found)
    assert isinstance(release(excess(areas(8).head(11)), SAFE).result, NotEstimable)
