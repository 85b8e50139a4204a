"""Release: everything shown is recomputed from released counts."""

import numpy as np
import pandas as pd
import pytest

from problemsolving import draw
from problemsolving.drivers.decomposition import decompose_frequency
from problemsolving.drivers.rate_model import RateModel, estimate_rate_ratios
from problemsolving.errors import DisclosureError
from problemsolving.evaluation.effect import estimate_effect
from problemsolving.governance.policies import POLICIES
from problemsolving.governance.release import release
from problemsolving.measures.charts import control_chart
from problemsolving.measures.comparison import compare_rates
from problemsolving.measures.concentration import measure_concentration
from problemsolving.measures.gradient import measure_gradient
from problemsolving.measures.maps import map_rates
from problemsolving.measures.ranking import rank_places
from problemsolving.measures.rates import count_events, crude_rate
from problemsolving.network.pathways.follows import map_journeys
from problemsolving.network.pathways.waits import median_waits
from problemsolving.network.structure.matrix import build_agency_network, measure_agency_matrix
from problemsolving.report.safe import check_picture
from problemsolving.results import NotEstimable, Statement

SAFE = POLICIES["opensafely"]


def shown_counts(result) -> list[float]:
    return [value.n for value in result.values() if value.n is not None]


def test_rates_are_recomputed_from_rounded_counts():
    areas = pd.DataFrame({"area": ["a", "b", "c"], "count": [7, 8, 103], "population": [1_000, 1_000, 1_000]})
    shown = release(crude_rate(areas, by="area"), SAFE).result.estimates()
    assert shown["count"].isna().tolist() == [True, False, False]
    assert shown["rate"].dropna().tolist() == [10 / 1_000 * 100_000, 105 / 1_000 * 100_000]
    assert np.isnan(shown["low"].iloc[0]) and np.isnan(shown["high"].iloc[0])


def test_a_withheld_count_is_nowhere_in_what_is_shown():
    areas = pd.DataFrame({"area": ["small", "large"], "count": [3, 997], "population": [1_000, 1_000]})
    released = release(crude_rate(areas, by="area"), SAFE)
    text = released.result.summary() + repr(released.result.table().text_rows()) + repr(released.result.values())
    assert "300.0" not in text and "997" not in text and "99,700" not in text
    assert released.withheld == 2 and "2 of 2 counts are withheld" in released.result.caveats[-1]


def test_policy_open_changes_nothing():
    areas = pd.DataFrame({"area": ["a"], "count": [3], "population": [1_000]})
    result = crude_rate(areas, by="area")
    assert release(result, POLICIES["open"]).result.values() == result.values()


def test_a_chart_with_a_withheld_month_is_not_drawn():
    chart = control_chart(
        {"2024-01": 3, "2024-02": 60, "2024-03": 55}, days={"2024-01": 31, "2024-02": 29, "2024-03": 31}
    )
    shown = release(chart, SAFE).result
    assert shown.plot() is None and "cannot be drawn" in shown.summary()


def test_a_distribution_of_few_places_is_withheld():
    result = release(measure_concentration([20, 30, 50], n_resamples=50, rng=np.random.default_rng(1)), SAFE).result
    assert isinstance(result, NotEstimable) and result.withheld


def test_a_gradient_with_a_withheld_group_gives_no_slope():
    areas = pd.DataFrame({"decile": [1, 1, 2, 2], "count": [50, 60, 2, 1], "population": [1_000] * 4})
    result = measure_gradient(areas, by="decile", n_resamples=200, rng=np.random.default_rng(1))
    shown = release(result, SAFE).result
    assert shown.values()[0].estimate is None and shown.values()[0].reason


@pytest.mark.parametrize(
    "result",
    [
        count_events(pd.Series({"a": 3, "b": 52})),
        rank_places(pd.DataFrame({"area_name": ["a", "b"], "district_name": "d", "count": [52, 3]}), n_resamples=50),
        measure_agency_matrix(
            build_agency_network(pd.DataFrame({"from_agency": ["a"] * 3 + ["b"] * 52, "to_agency": ["b"] * 3 + ["a"] * 52}), agencies=["a", "b"])
        ),
        median_waits(
            pd.DataFrame({"by": ["a"] * 52 + ["b"] * 3, "referred_at": pd.Timestamp("2024-01-01"), "seen_at": pd.Timestamp("2024-01-03")}), by=["by"]
        ),
        map_journeys(
            pd.DataFrame(
                {
                    "person_id": np.repeat(np.arange(55), 2),
                    "agency": ["a", "b"] * 52 + ["b", "a"] * 3,
                    "started_at": pd.to_datetime("2024-01-01") + pd.to_timedelta(np.tile([0, 1], 55), unit="D"),
                }
            )
        ),
        decompose_frequency(np.array([[3, 0]]), np.array([[52, 1]]), n_resamples=50),
        estimate_effect(
            pd.DataFrame({"t": [3, 0, 0, 2], "c": [52, 50, 51, 54]}, index=["2024-01", "2024-02", "2024-03", "2024-04"]),
            treated=["t"], comparison=["c"], before=["2024-01", "2024-02"], after=["2024-03", "2024-04"],
            days=dict.fromkeys(["2024-01", "2024-02", "2024-03", "2024-04"], 30),
        ),
    ],
    ids=lambda result: type(result).__name__,
)  # fmt: skip
def test_every_count_that_leaves_is_a_rounded_one(result):
    shown = release(result, SAFE).result
    assert all(count > SAFE.suppress_to and count % SAFE.nearest == 0 for count in shown_counts(shown))
    assert all(row for row in shown.table().text_rows())


def test_words_with_an_identifier_do_not_leave():
    with pytest.raises(DisclosureError, match="NHS number") as caught:
        release(Statement(text="Seen by 943 476 5919 twice."), SAFE)
    assert "943" not in str(caught.value)


def test_a_result_that_names_no_counts_cannot_leave():
    from dataclasses import dataclass

    from problemsolving.results import Method, Result

    @dataclass(frozen=True, kw_only=True, eq=False, repr=False)
    class Forgetful(Result):
        pass

    with pytest.raises(DisclosureError, match="names no counts"):
        release(Forgetful(method=Method("x"), unit="y"), SAFE)


def test_places_withheld_are_not_named_and_order_is_that_of_released_counts():
    areas = pd.DataFrame({"area_name": ["z", "y", "few"], "district_name": "d", "count": [41, 39, 5]})
    shown = release(rank_places(areas, n_resamples=50), SAFE).result
    assert shown.frame["group"].tolist() == ["y", "z"] and "few" not in repr(shown.table())


def test_the_limits_of_a_wait_are_withheld_where_few_lie_beyond_them():
    start, late = pd.Timestamp("2024-01-01"), pd.Timestamp("2024-05-31 12:00")
    seen = start + pd.to_timedelta(np.arange(1, 13), unit="D")
    waits = pd.DataFrame({"by": "a", "referred_at": [start] * 12 + [late] * 9, "seen_at": [*seen, *[pd.NaT] * 9]})
    raw = median_waits(waits, by=["by"], until=pd.Timestamp("2024-06-01"))
    (value,) = release(raw, SAFE).result.values()
    assert raw.values()[0].interval is not None
    assert value.estimate is not None and value.n == 10 and value.interval is None


@pytest.mark.parametrize(("seen", "shown"), [(10, False), (60, True)])
def test_a_median_whose_count_is_withheld_tells_nothing_of_those_not_seen(seen, shown):
    start = pd.Timestamp("2024-01-01")
    waits = pd.DataFrame(
        {
            "by": "a",
            "referred_at": start,
            "seen_at": [start + pd.Timedelta(days=day + 1) for day in range(seen)] + [pd.NaT] * 3,
        }
    )
    values = release(median_waits(waits, by=["by"], until=pd.Timestamp("2024-06-01")), SAFE).result.values()
    assert len(values) == shown, (
        "a step of which nothing may be shown is not listed: that would tell that it is no zero"
    )
    assert all(value.n is None and value.estimate is not None and value.interval is not None for value in values)


@pytest.mark.parametrize("places", [11, 59])
def test_the_curve_of_few_places_is_withheld(places):
    rng = np.random.default_rng(1)
    shown = release(measure_concentration(rng.poisson(30, places), n_resamples=50, rng=rng), SAFE).result
    assert shown.curve["share_of_events"].isna().all() and shown.plot() is None
    assert round(shown.gini, 2) == shown.gini


def test_the_curve_is_made_from_rounded_counts():
    rng = np.random.default_rng(1)
    counts = rng.negative_binomial(1, 0.02, 200)
    shown = release(measure_concentration(counts, n_resamples=50, rng=rng), SAFE).result
    steps = np.diff(shown.curve["share_of_events"].dropna() * shown.events, prepend=0)
    assert np.allclose(steps[:-1], np.round(steps[:-1] / 5) * 5)


def test_a_second_month_is_withheld_and_none_under_open():
    counts = {f"2024-{number:02d}": 3 if number == 2 else 40 + number for number in range(1, 7)}
    chart = control_chart(counts, days=dict.fromkeys(counts, 30))
    assert release(chart, POLICIES["ons"]).withheld == 2
    assert release(chart, POLICIES["open"]).withheld == 0


def test_the_area_and_its_benchmark_do_not_tell_each_other():
    areas = pd.DataFrame({"d": ["a", "b", "c"], "count": [5, 300, 400], "population": 1_000})
    shown = release(compare_rates(areas, by="d", groups=["a", "b", "c"], benchmark=["a", "b", "c"]), POLICIES["ons"])
    held = shown.result.frame.set_index(["role", "group"])["count"].isna()
    assert held.groupby("role").sum().min() >= 2 and held["area", "a"] and held["benchmark", "a"]


def test_those_still_waiting_are_not_told_by_those_seen():
    waits = pd.DataFrame(
        {
            "by": "a",
            "referred_at": pd.Timestamp("2024-01-01"),
            "seen_at": [pd.Timestamp("2024-01-02") + pd.Timedelta(days=day) for day in range(60)] + [pd.NaT] * 3,
        }
    )
    shown = release(median_waits(waits, by=["by"], until=pd.Timestamp("2024-06-01")), SAFE).result
    (value,) = shown.values()
    assert shown.frame[["count", "open"]].isna().all(axis=None) and value.estimate is not None and value.n is None
    assert "nan" not in shown.summary()


def test_the_small_areas_of_a_district_are_protected_against_its_total():
    areas = pd.DataFrame(
        {
            "area_name": list("abcdef"),
            "area_code": list("abcdef"),
            "district_name": ["x"] * 3 + ["y"] * 3,
            "count": [3, 50, 60, 4, 70, 80],
            "population": 1_000,
        }
    )
    shown = release(map_rates(areas, outlines={}), POLICIES["ons"]).result.frame
    assert shown["count"].isna().groupby(shown["district"]).sum().tolist() == [2, 2]


def distribution(name, n):
    from dataclasses import dataclass
    from typing import ClassVar

    from problemsolving.results import Method, Result, Value

    @dataclass(frozen=True, kw_only=True, eq=False, repr=False)
    class Spread(Result):
        disclosure: ClassVar = "distribution"

        def values(self):
            return [Value(name=name, estimate=4.0, unit="days", n=n)]

        def cells(self):
            return pd.DataFrame({"count": [60.0]})

        def size(self):
            return 60, 59

    return Spread(method=Method("x"), unit="days")


@pytest.mark.parametrize(("name", "n"), [("wait_max", 60), ("minimum", 60), ("longest_wait", 1), ("max", 60)])
def test_minima_maxima_and_single_cases_never_leave(name, n):
    with pytest.raises(DisclosureError) as caught:
        release(distribution(name, n), SAFE)
    assert name in caught.value.faults[0]


@pytest.mark.parametrize("name", ["median_wait", "maximal_flow", "administrations"])
def test_other_statistics_of_a_distribution_leave(name):
    assert release(distribution(name, 60), SAFE).result.values()[0].estimate == 4.0


@pytest.mark.parametrize(("cases", "freedom", "leaves"), [(9, 10, False), (10, 9, False), (10, 10, True)])
def test_a_model_leaves_with_ten_cases_and_ten_degrees_of_freedom(cases, freedom, leaves):
    from dataclasses import replace

    frame = pd.DataFrame(
        {name: [1.5] for name in ("ratio", "low", "high", "alone", "alone_low", "alone_high", "inflation")}
    )
    model = RateModel(
        method=count_events(pd.Series({"a": 1})).method, unit="x", frame=frame.assign(driver="income"), areas=cases,
        events=100.0, dispersion=1.0, dispersion_p=0.5, residual_df=freedom,
    )  # fmt: skip
    assert isinstance(release(replace(model), SAFE).result, NotEstimable) is not leaves


@pytest.mark.parametrize(("policy", "leaves"), [("ons", False), ("opensafely", True), ("open", True)])
def test_a_model_of_places_with_small_counts_leaves_only_where_counts_are_rounded(policy, leaves):
    rng = np.random.default_rng(5)
    areas = pd.DataFrame({"need": rng.normal(size=60), "population": 1_500, "count": rng.poisson(14, 60)})
    areas.loc[:3, "count"] = 3
    model = estimate_rate_ratios(areas, drivers={"Need": "need"})
    shown = release(model, POLICIES[policy]).result
    assert isinstance(shown, NotEstimable) != leaves
    if policy == "opensafely":
        assert (shown.frame["ratio"] * 100 % 1).abs().max() < 1e-9 and shown.dispersion * 2 % 1 == 0


def test_a_map_with_a_withheld_area_can_leave():
    squares = [[np.array([[x, 0], [x + 1, 0], [x + 1, 1], [x, 1], [x, 0]], float)] for x in range(3)]
    picture = draw.to_svg(lambda: draw.choropleth(squares, [1.0, 2.0, np.nan], quantity="rate"))
    check_picture(picture)
