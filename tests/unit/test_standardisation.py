"""Standardised rates and ratios: worked by hand, against another way, their traps, and their released form."""

import numpy as np
import pandas as pd
import pytest

from problemsolving import draw
from problemsolving.governance.policies import POLICIES
from problemsolving.governance.release import release
from problemsolving.measures.standard_bands import (
    EUROPEAN_STANDARD_POPULATION,
    ages_of,
    european_weights,
    tabulate_repeat_events,
)
from problemsolving.measures.standardisation import directly_standardised_rate, indirectly_standardised_ratio
from problemsolving.stats.intervals import byar_limits

SAFE, OPEN = POLICIES["opensafely"], POLICIES["open"]
STANDARD = {"young": 3.0, "old": 1.0}


def areas(**counts):
    """Two bands an area: residents 1,000 young and 2,000 old."""
    rows = [(area, band, n) for area, pair in counts.items() for band, n in zip(("young", "old"), pair, strict=True)]
    return pd.DataFrame(rows, columns=["area", "age_band", "count"]).assign(
        population=lambda table: np.where(table["age_band"] == "young", 1_000, 2_000)
    )


def direct(table, **settings):
    return directly_standardised_rate(table, **{"standard": STANDARD, "per": 1_000, "by": "area"} | settings)


def reasons(result):
    return dict(result.estimates()[["group", "reason"]].values)


def shown(result):
    """All that a reader sees of a result, what is drawn too."""
    axes = result.plot()
    if axes is None:
        return result.summary(), result.table().text_rows(), result.values(), []
    picture = [text.get_text() for text in (*axes.texts, *axes.get_yticklabels())]
    picture += [str(line.get_xydata()) for line in axes.lines] + [str(c.get_segments()) for c in axes.collections]
    return result.summary(), result.table().text_rows(), result.values(), picture


def test_the_rate_and_dobsons_limits_by_hand():
    row = direct(areas(A=(10, 40))).estimates().iloc[0]
    low, high = (float(limit) for limit in byar_limits(50))
    variance = (0.75**2 * 10 / 1_000**2 + 0.25**2 * 40 / 2_000**2) * 1_000**2
    assert row["estimate"] == pytest.approx(0.75 * 10 + 0.25 * 20)
    assert row["low"] == pytest.approx(12.5 + np.sqrt(variance / 50) * (low - 50))
    assert row["high"] == pytest.approx(12.5 + np.sqrt(variance / 50) * (high - 50))


def test_a_different_age_mix_at_the_same_rates_is_no_difference():
    table = areas(A=(10, 40))
    older = table.assign(area="B", count=[1, 400], population=[100, 20_000])
    rates = direct(pd.concat([table, older])).estimates().set_index("group")["estimate"]
    assert rates["A"] == pytest.approx(rates["B"]) and abs(50 / 3_000 - 401 / 20_100) > 0.003


def test_two_years_halve_the_rate():
    one, two = (direct(areas(A=(10, 40)), years=years).estimates()["estimate"].iloc[0] for years in (1, 2))
    assert two == pytest.approx(one / 2)


def test_small_areas_are_added_up():
    table = areas(A=(10, 40))
    halves = pd.concat([table.assign(count=table["count"] / 2, population=table["population"] / 2)] * 2)
    pd.testing.assert_frame_equal(direct(table).estimates(), direct(halves).estimates())


@pytest.mark.parametrize(("pair", "given"), [((4, 5), False), ((4, 6), True)])
def test_ten_events_are_enough_and_nine_are_not(pair, given):
    (value,) = direct(areas(A=pair)).values()
    assert (value.estimate is not None) == given and (value.interval is not None) == given
    assert value.reason == (None if given else "not estimable: fewer than 10 incidents")


def test_what_a_group_lacks_is_said_and_no_other_group_loses_by_it():
    table = areas(whole=(10, 40), uncounted=(np.nan, 40), empty=(10, 40), absent=(20, 20), few=(np.nan, 3))
    table.loc[(table["area"] == "empty") & (table["age_band"] == "young"), "population"] = 0
    table = table[~((table["area"] == "absent") & (table["age_band"] == "young"))]
    found = direct(table)
    assert reasons(found) == {
        "whole": "",
        "uncounted": "not estimable: a band has no count",
        "empty": "not estimable: a band has no residents; join it to the next",
        "absent": "not estimable: a band has no count",
        "few": "not estimable: fewer than 10 incidents",
    }
    assert found.summary().endswith("No number for 4 groups: 4 not estimable.")
    assert "whole had 12.5 incidents" in found.summary()


def test_a_missing_population_is_no_zero():
    table = areas(A=(10, 40)).astype({"population": float})
    table.loc[0, "population"] = np.nan
    assert reasons(direct(table)) == {"A": "not estimable: a band has no residents; join it to the next"}


def test_a_lower_limit_is_not_below_zero():
    table = areas(A=(1, 9))
    table["population"] = [10, 1_000_000]
    assert direct(table).estimates()["low"].iloc[0] == 0


def test_one_rate_over_all_rows():
    result = direct(areas(A=(10, 40)), by=None)
    assert result.estimates()["group"].tolist() == ["all"]
    assert result.summary().startswith("Standardised to the standard population given, there were 12.5 incidents")
    named = direct(areas(A=(10, 40)), standard_name="towns of 1900")
    assert (
        "Standardised to the towns of 1900, " in named.summary()
        and named.method.settings["standard"] == "towns of 1900"
    )


def test_rows_without_a_band_or_a_group_are_left_out_aloud():
    table = areas(A=(10, 40), B=(10, 40))
    table.loc[[0, 3], ["area", "age_band"]] = [[None, "young"], ["B", None]]
    assert direct(table).caveats[1].startswith("Rows without a band or a group (half or more of all) were left out")
    assert indirect(HERE.replace("young", None)).caveats[-1].startswith("Rows without a band or a group")


def test_the_trap_is_said_where_events_count_as_independent():
    plain = direct(areas(A=(10, 40)))
    repeated = direct(areas(A=(10, 40)).assign(events=1), events="events")
    assert "they are too narrow" in plain.caveats[0] and repeated.caveats == ()


@pytest.mark.parametrize(
    ("change", "settings", "words"),
    [
        ({"count": -1}, {}, "count and population"),
        ({"population": -1}, {}, "count and population"),
        ({}, {"years": 0}, "years"),
        ({}, {"standard": {"young": 1}}, "standard has no weight for 1 of 2"),
        ({}, {"standard": {"young": -1, "old": 2}}, "weights of standard"),
        ({}, {"standard": {"young": 0, "old": 0, "ancient": 1}}, "weights of standard"),
        ({}, {"standard": None}, "no age bands"),
        ({"events": 0.5}, {"events": "events"}, "events must be whole"),
    ],
)
def test_wrong_input_is_named(change, settings, words):
    with pytest.raises(ValueError, match=words):
        direct(areas(A=(10, 40)).assign(**change), **settings)


# Bands and the standard population


def test_the_european_standard_population_has_nineteen_bands_and_a_hundred_thousand():
    assert len(EUROPEAN_STANDARD_POPULATION) == 19 and sum(EUROPEAN_STANDARD_POPULATION.values()) == 100_000


@pytest.mark.parametrize(
    ("label", "ages"),
    [("0-4", (0, 5)), ("00–04", (0, 5)), ("Aged 15 to 64", (15, 65)), ("90 plus", (90, np.inf)), ("65 or over", (65, np.inf)),
     ("under 15", (0, 15)), ("10", None), ("All", None)],
)  # fmt: skip
def test_age_bands_are_read(label, ages):
    assert ages_of(label) == ages


@pytest.mark.parametrize(
    ("bands", "words"),
    [(["10-17", "18-24"], "begin and end"), (["0-14", "10-19"], "overlap"), (["85-89", "85+"], "overlap"),
     (["90-94"], "begin and end"), (["A"], "no age bands")],
)  # fmt: skip
def test_bands_that_do_not_fit_the_standard_are_refused(bands, words):
    with pytest.raises(ValueError, match=words):
        european_weights(bands)


def test_bands_alone_of_an_age_range_are_weighted_among_themselves_and_it_is_said():
    table = pd.DataFrame({"age_band": ["15-19", "20-24"], "count": [10, 20], "population": [1_000, 1_000]})
    result = directly_standardised_rate(table, per=1_000)
    assert result.estimates()["estimate"].iloc[0] == pytest.approx((5_500 * 10 + 6_000 * 20) / 11_500)
    assert "hold 12% of the standard population" in result.caveats[-1]


# Events that are not independent


def people(*rows):
    return pd.DataFrame(rows, columns=["age_band", "population", "events", "count"])


TWICE = people(("young", 1_000, 1, 10), ("young", 1_000, 3, 5), ("old", 2_000, 1, 20), ("old", 2_000, 2, 10))


def test_people_with_several_events_widen_the_interval_and_leave_the_rate():
    plain = direct(areas(A=(25, 40)), by=None).estimates().iloc[0]
    result = direct(TWICE, by=None, events="events")
    row = result.estimates().iloc[0]
    assert row["estimate"] == pytest.approx(plain["estimate"]) and row["count"] == 65 and row["people"] == 45
    squares = 0.75**2 * (10 + 9 * 5) / 1_000**2 + 0.25**2 * (20 + 4 * 10) / 2_000**2
    once = 0.75**2 * 25 / 1_000**2 + 0.25**2 * 40 / 2_000**2
    assert row["widening"] == pytest.approx(np.sqrt(squares / once))
    assert (row["high"] - row["low"]) / (plain["high"] - plain["low"]) == pytest.approx(row["widening"])
    assert "too narrow by a factor of up to 1.5" in result.summary()
    assert [column.label for column in result.table().columns][1:3] == ["People", "Incidents"]


def test_each_person_once_is_the_plain_rate():
    table = areas(A=(10, 40))
    once, plain = direct(table.assign(events=1), events="events"), direct(table)
    columns = ["group", "count", "estimate", "low", "high"]
    pd.testing.assert_frame_equal(once.estimates()[columns], plain.estimates()[columns])


def test_a_table_of_people_must_have_one_population_a_band_and_no_row_twice():
    with pytest.raises(ValueError, match="population must be the same"):
        direct(TWICE.assign(population=[1_000, 1_001, 2_000, 2_000]), by=None, events="events")
    with pytest.raises(ValueError, match="one row for each"):
        direct(pd.concat([TWICE, TWICE]), by=None, events="events")


def test_calls_are_tabulated_by_how_many_each_person_made():
    calls = pd.DataFrame({"person_id": list("aaabcd"), "age_band": ["young"] * 4 + ["old"] * 2})
    residents = pd.DataFrame({"age_band": ["young", "old", "none"], "population": [100, 200, 300]})
    table = tabulate_repeat_events(calls, residents, by=["age_band"])
    wide = table.pivot(index="age_band", columns="events", values="count")
    assert wide.loc[["young", "old", "none"]].values.tolist() == [[1, 1], [2, 0], [0, 0]]
    assert (table["events"] * table["count"]).sum() == len(calls)


@pytest.mark.parametrize(
    ("calls", "residents"),
    [
        ({"person_id": ["a", None], "age_band": ["young", "young"]}, ["young"]),
        ({"person_id": ["a", "b"], "age_band": ["young", "old"]}, ["young"]),
        ({"person_id": ["a", "b"], "age_band": ["young", None]}, ["young", None]),
        ({"person_id": [], "age_band": []}, ["young"]),
        ({"person_id": ["a"], "age_band": ["young"]}, ["young", "young"]),
    ],
)
def test_calls_that_cannot_be_placed_are_refused(calls, residents):
    with pytest.raises(ValueError, match=r"residents"):
        tabulate_repeat_events(
            pd.DataFrame(calls, dtype=object), pd.DataFrame({"age_band": residents}), by=["age_band"]
        )


def test_the_interval_covers_and_the_plain_one_does_not_where_people_come_back():
    """Poisson numbers of people with 1 to 6 events each: 500 draws, each a group."""
    rng = np.random.default_rng(7)
    share, times = np.array([0.6, 0.2, 0.1, 0.05, 0.03, 0.02]), np.arange(1, 7)
    bands, population, rate = ["young", "old"], {"young": 1_000, "old": 2_000}, {"young": 30, "old": 20}
    rows = [
        (str(draw_), band, population[band], f, rng.poisson(rate[band] * share[f - 1]))
        for draw_ in range(500)
        for band in bands
        for f in times
    ]
    table = pd.DataFrame(rows, columns=["area", "age_band", "population", "events", "count"])
    mean = (share * times).sum()
    truth = (0.75 * 30 / 1_000 + 0.25 * 20 / 2_000) * mean * 1_000
    known = direct(table, events="events").estimates()
    added = table.assign(count=table["count"] * table["events"]).groupby(["area", "age_band"], as_index=False)
    plain = direct(added.agg({"count": "sum", "population": "first"})).estimates()
    covered = [float(((found["low"] <= truth) & (truth <= found["high"])).mean()) for found in (known, plain)]
    assert 0.925 <= covered[0] <= 0.975 and covered[1] < 0.86


def test_dobsons_interval_covers_for_few_events():
    rng = np.random.default_rng(11)
    rates = np.array([6.0, 9.0])
    table = pd.concat([areas(**{str(number): tuple(rng.poisson(rates))}) for number in range(500)])
    found = direct(table).estimates()
    known = found[found["reason"] == ""]
    truth = 0.75 * 6 + 0.25 * 4.5
    assert len(known) > 400
    assert 0.93 <= ((known["low"] <= truth) & (truth <= known["high"])).mean() <= 0.985


# Indirect

HERE = pd.DataFrame({"area": "A", "age_band": ["young", "old"], "count": [30, 10], "population": [1_000, 500]})
REFERENCE = pd.DataFrame({"age_band": ["young", "old"], "count": [200, 400], "population": [10_000, 10_000]})


def indirect(table=HERE, reference=REFERENCE, **settings):
    return indirectly_standardised_ratio(table, reference, **{"by": "area", "per": 1_000} | settings)


def test_observed_over_expected_by_hand():
    row = indirect().estimates().iloc[0]
    assert row["expected"] == pytest.approx(1_000 * 0.02 + 500 * 0.04)
    assert row["estimate"] == pytest.approx(1) and row["rate"] == pytest.approx(600 / 20_000 * 1_000)
    low, high = byar_limits(40)
    assert (row["low"], row["high"]) == pytest.approx((float(low) / 40, float(high) / 40))


def test_few_events_get_exact_limits_and_it_is_said():
    found = indirect(HERE.assign(count=[3, 6]))
    assert found.estimates()["limits"].tolist() == ["exact"]
    assert "exact" in found.table().text_rows()[0]


def test_the_ages_of_events_need_not_be_known():
    given = indirect(HERE.drop(columns="count"), observed={"A": 40})
    pd.testing.assert_frame_equal(given.estimates(), indirect().estimates())
    alone = indirect(HERE, by=None, observed={"all": 40})
    assert alone.summary().startswith("There were 40 incidents where 40 would be expected")


def test_a_reference_over_three_years_expects_a_third():
    assert indirect(reference_years=3).estimates()["expected"].iloc[0] == pytest.approx(40 / 3)
    assert indirect(years=3).estimates()["expected"].iloc[0] == pytest.approx(120)


def test_values_give_ratio_and_rate():
    ratio, rate = indirect().values()
    assert (ratio.name, rate.name, rate.unit) == (
        "standardised_ratio", "standardised_rate", "incidents per 1,000 residents a year, indirectly standardised",
    )  # fmt: skip
    assert rate.interval.low == pytest.approx(ratio.interval.low * 30)


def test_what_cannot_be_compared_has_a_reason():
    table = pd.concat(
        [
            HERE,
            HERE.assign(area="B", count=[np.nan, 3]),
            HERE.assign(area="C", population=[np.nan, 3.0]),
            HERE.assign(area="D", population=0),
            HERE.assign(area="E", population=[0, 500]),
        ]
    )
    assert reasons(indirect(table)) == {
        "A": "",
        "B": "not estimable: the group has no count",
        "C": "not estimable: a band has no number of residents",
        "D": "not estimable: no incidents are expected",
        "E": "",
    }


@pytest.mark.parametrize(
    ("reference", "settings", "words"),
    [
        (REFERENCE.head(1), {}, "reference lacks 1 of the data's 2 bands"),
        (REFERENCE.assign(population=0), {}, "reference must have residents"),
        (REFERENCE.assign(count=[np.nan, 1]), {}, "reference must have residents"),
        (REFERENCE, {"observed": {"B": 3}}, "observed has no count"),
        (REFERENCE, {"observed": {"A": -3}}, "observed must be 0 or more"),
        (REFERENCE, {"reference_years": 0}, "years"),
    ],
)
def test_a_wrong_reference_is_named(reference, settings, words):
    with pytest.raises(ValueError, match=words):
        indirect(reference=reference, **settings)


def test_many_areas_are_summed_up():
    table = pd.concat(
        [HERE.assign(area=name, count=[n, 10]) for name, n in zip("ABCDE", (30, 90, 1, 30, 30), strict=True)]
    )
    text = indirect(table).summary()
    assert text.startswith("B had 100 incidents") and "E had 11" not in text
    assert "Of 5, 1 lie clearly above what is expected and 1 clearly below." in text


# Release

SMALL = areas(big=(100, 200), other=(60, 80), small=(30, 3), more=(40, 30), last=(50, 20))
SMALLER = areas(big=(100, 200), other=(60, 80), small=(30, 5), more=(40, 30), last=(50, 20))


@pytest.mark.parametrize("policy", ["opensafely", "nhs-hes", "ons", "acro"])
def test_a_withheld_band_shows_in_nothing(policy):
    first, second = (release(direct(table), POLICIES[policy]) for table in (SMALL, SMALLER))
    assert shown(first.result) == shown(second.result)
    counts = first.result.cells()["count"].dropna()
    assert (counts > POLICIES[policy].suppress_to).all() and (counts % POLICIES[policy].nearest == 0).all()
    if POLICIES[policy].nearest == 1:
        assert first.withheld >= 4, "another band of the group, and the same bands of another"
    assert reasons(first.result)["small"].startswith("withheld")
    (value,) = (value for value in first.result.values() if value.group == "small")
    assert value.n is None, "what is left of the bands is no count of the group"


def test_the_released_rate_is_that_of_the_rounded_counts():
    found = release(direct(areas(A=(12, 43), B=(101, 98))), SAFE).result
    again = direct(areas(A=(10, 45), B=(100, 100)))
    pd.testing.assert_frame_equal(found.estimates(), again.estimates())


def test_open_changes_nothing():
    for result in (direct(SMALL), direct(TWICE, by=None, events="events"), indirect()):
        assert shown(release(result, OPEN).result) == shown(result)


def test_people_and_events_are_withheld_each_by_itself_and_the_widening_leaves_coarse():
    found = release(direct(TWICE.assign(count=[10, 2, 20, 10]), by=None, events="events"), SAFE)
    row = found.result.estimates().iloc[0]
    assert found.shown[0]["labels"]["role"] == "events"
    assert row["people"] == 40 and row["count"] == 55 and row["widening"] ** 2 == pytest.approx(2.0)
    alone = people(("young", 1_000, 8, 5), ("old", 2_000, 1, 60), ("old", 2_000, 2, 1))
    held = release(direct(alone, by=None, events="events"), SAFE).result
    assert reasons(held) == {"all": "withheld: the count of a band is withheld; broader bands may be shown"}
    assert held.estimates()["widening"].isna().all(), "40 events of five people are the events of few"


def test_a_small_count_of_the_reference_is_no_way_in():
    first, second = (release(indirect(reference=REFERENCE.assign(count=[n, 400])), SAFE).result for n in (3, 5))
    assert shown(first) == shown(second)
    assert reasons(first) == {"A": "withheld: the reference's count of a band is withheld; broader bands may be shown"}
    assert not np.isfinite([value.estimate or np.nan for value in first.values()]).any()


def test_a_withheld_observed_count_takes_another_with_it():
    table = pd.concat([HERE.assign(area=name, count=[n, 0]) for name, n in zip("ABC", (3, 40, 60), strict=True)])
    found = release(indirect(table), POLICIES["ons"]).result
    assert sum(reason.startswith("withheld") for reason in reasons(found).values()) == 2
    assert reasons(found)["A"] == "withheld: the count is withheld"


def test_the_picture_says_why_a_row_is_empty():
    picture = draw.to_svg(release(direct(SMALL), SAFE).result.plot)
    assert "withheld" in picture
    axes = direct(areas(A=(10, 40), B=(1, 2))).plot()
    assert [text.get_text() for text in axes.texts] == ["not estimable"]
