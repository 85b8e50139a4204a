"""Overlap of lists: counts, measures of pairs, and what may leave of them."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from problemsolving import draw
from problemsolving.governance.policies import POLICIES
from problemsolving.governance.release import release
from problemsolving.measures.fourfold import MEASURES, cramers_v, pair_measures, phi_coefficient
from problemsolving.measures.lists import member_table
from problemsolving.measures.overlap import NEEDS_POPULATION, count_intersections, measure_pairs
from problemsolving.report.safe import check_picture
from problemsolving.results import NotEstimable

CLOSED = ["opensafely", "nhs-hes", "ons", "acro"]
LISTS = ["police", "housing", "council"]


def people(cells, lists=tuple(LISTS)):
    """People from {"police housing": 3, "": 5}: names of the lists they are on → how many."""
    every = [[name in key.split() for name in lists] for key, count in cells.items() for _ in range(count)]
    return pd.DataFrame(every, columns=list(lists))


MANY = people({"": 500, "police": 120, "housing": 90, "council": 80, "police housing": 40, "police council": 25, "housing council": 30, "police housing council": 12})  # fmt: skip
FEW = people({"": 500, "police": 120, "housing": 90, "council": 80, "police housing": 40, "police council": 3, "housing council": 30, "police housing council": 2})  # fmt: skip


def test_exclusive_intersections_by_hand():
    found = count_intersections(MANY, lists=LISTS).frame.set_index("group")["count"]
    assert found.to_dict() == {
        "on none": 500, "council only": 80, "housing only": 90, "housing & council": 30, "police only": 120,
        "police & council": 25, "police & housing": 40, "police & housing & council": 12,
    }  # fmt: skip
    assert found.sum() == len(MANY)


def test_a_population_adds_those_on_no_list():
    found = count_intersections(MANY[MANY.any(axis=1)], lists=LISTS, population=1_000).frame
    assert found.set_index("group")["count"]["on none"] == 1_000 - 397
    without = count_intersections(MANY[MANY.any(axis=1)], lists=LISTS)
    assert "on none" not in without.frame["group"].tolist()
    assert "107 of the 397 people on any list were on two or more (27%, 23% to 32%)" in without.summary()


def test_rows_of_person_and_list_become_a_table():
    rows = pd.DataFrame({"person": ["p", "q", "p", "p", None], "agency": ["a", "b", "b", "b", "a"]})
    assert member_table(rows, person="person", on="agency").values.tolist() == [[True, True], [False, True]]
    with pytest.raises(ValueError, match="lacks the column list"):
        member_table(rows, person="person", on="list")


def test_margins_name_every_total_a_reader_may_know():
    margins = count_intersections(MANY, lists=LISTS).margins
    assert margins == (
        ("list 1",),
        ("list 2",),
        ("list 3",),
        ("pair 1-2",),
        ("pair 1-3",),
        ("pair 2-3",),
        ("seen",),
        (),
    )
    assert count_intersections(MANY[MANY.any(axis=1)], lists=["police", "housing"]).margins[:2] == (
        ("list 1",),
        ("list 2",),
    )


@pytest.mark.parametrize(
    ("frame", "lists", "population", "message"),
    [
        (MANY, ["police"], None, "2 to 6 columns"),
        (MANY, ["police", "police"], None, "names a column twice"),
        (MANY, ["police", "ambulance"], None, "lacks the column ambulance"),
        (MANY.assign(police=np.where(MANY["police"], 2, 0)), ["police", "housing"], None, "True or False for each list; not so in rows"),
        (MANY.assign(police=None), ["police", "housing"], None, "True or False"),
        (MANY & False, LISTS, None, "on no list at all"),
        (MANY, LISTS, 10, "population is smaller"),
    ],
)  # fmt: skip
def test_faults_of_lists(frame, lists, population, message):
    for method in (count_intersections, measure_pairs):
        with pytest.raises(ValueError, match=message):
            method(frame, lists=lists, population=population)


# measures of pairs


def test_measures_by_hand():
    found = {name: float(sides[0][0]) for name, sides in pair_measures([30], [20], [10], [40]).items()}
    assert found == pytest.approx(
        {
            "support": 0.3, "lift": 0.3 / (0.5 * 0.4), "leverage": 0.1, "phi": 1000 / np.sqrt(50 * 50 * 40 * 60),
            "cramers_v": 1000 / np.sqrt(50 * 50 * 40 * 60), "jaccard": 0.5, "confidence": 0.6, "confidence_back": 0.75,
            "conviction": 0.5 * 0.6 / 0.2, "conviction_back": 0.4 * 0.5 / 0.1,
        }
    )  # fmt: skip
    assert set(found) == set(MEASURES)


def test_phi_is_the_correlation_and_cramers_v_its_size():
    a, b = MANY["police"], MANY["housing"]
    table = pd.crosstab(a, b).to_numpy()
    both, first, second, neither = table[1, 1], table[1, 0], table[0, 1], table[0, 0]
    assert phi_coefficient(both, first, second, neither) == pytest.approx(np.corrcoef(a, b)[0, 1])
    assert cramers_v(table) == pytest.approx(abs(np.corrcoef(a, b)[0, 1]))
    assert float(pair_measures(both, first, second, neither)["phi"][0][0]) == pytest.approx(np.corrcoef(a, b)[0, 1])
    wide = [[20, 5, 5], [3, 30, 7]]
    assert cramers_v(wide) == pytest.approx(stats.contingency.association(np.array(wide), method="cramer"))
    assert np.isnan(phi_coefficient(5, 5, 0, 0))


@pytest.mark.parametrize(
    ("table", "message"), [([[1, 2]], "two rows"), ([[1, -2], [1, 1]], "0 or more"), ([[1, 0], [1, 0]], "without any")]
)
def test_faults_of_a_table(table, message):
    with pytest.raises(ValueError, match=message):
        cramers_v(table)
    with pytest.raises(ValueError, match="counts of 0 or more"):
        pair_measures([-1], [1], [1], [1])


def test_no_one_on_both_gives_a_lift_of_zero_with_an_exact_limit():
    value, low, high = (float(side[0]) for side in pair_measures([0], [100], [100], [800])["lift"])
    assert (value, low) == (0, 0) and high == pytest.approx(stats.chi2.ppf(0.975, 2) / 2 / 10)


def test_lists_that_hold_the_same_people_or_everyone():
    found = pair_measures([50, 50], [0, 50], [0, 0], [50, 0])
    assert found["phi"][0][0] == 1 and found["phi"][1][0] == 1 and np.isnan(found["conviction"][0][0])
    assert np.isnan(found["phi"][0][1]), "a list that holds everyone says nothing"
    assert found["confidence"][0][0] == 1


@pytest.mark.parametrize("name", ["lift", "leverage", "phi", "jaccard", "confidence", "conviction"])
def test_intervals_cover(name):
    p = np.array([0.05, 0.05, 0.15, 0.75])
    truth = {key: float(sides[0][0]) for key, sides in pair_measures(*p).items()}[name]
    drawn = np.random.default_rng(5).multinomial(1_000, p, size=600).T
    _, low, high = pair_measures(*drawn)[name]
    assert 0.92 <= ((low <= truth) & (truth <= high)).mean() <= 0.98


@pytest.mark.parametrize("counts", [(30, 20, 10, 40), (12, 70, 150, 900), (60, 5, 30, 20)])
@pytest.mark.parametrize("name", ["lift", "leverage", "phi", "conviction", "conviction_back"])
def test_standard_errors_are_those_of_numeric_slopes(counts, name):
    """Every measure knows shares alone, so its variance is the sum of count × slope² over the four counts."""
    scale = {"phi": np.arctanh, "leverage": float}.get(name, np.log)

    def value(cells):
        return float(scale(pair_measures(*cells)[name][0][0]))

    steps = 1e-4 * np.eye(4)
    slopes = [(value(counts + step) - value(counts - step)) / 2e-4 for step in steps]
    error = np.sqrt(np.dot(counts, np.square(slopes)))
    _, low, high = (float(scale(side[0])) for side in pair_measures(*counts)[name])
    assert (high - low) / 2 / stats.norm.ppf(0.975) == pytest.approx(error, rel=1e-4)


def test_independent_lists_are_seldom_called_dependent():
    drawn = np.random.default_rng(6).multinomial(2_000, [0.02, 0.08, 0.18, 0.72], size=800).T
    _, low, high = pair_measures(*drawn)["lift"]
    assert ((low > 1) | (high < 1)).mean() <= 0.07


def test_pairs_of_three_lists():
    found = measure_pairs(MANY, lists=LISTS)
    shown = found.measures().set_index("group")
    assert shown["count"].to_dict() == {"police & housing": 52, "police & council": 37, "housing & council": 42}
    n, police, housing = len(MANY), MANY["police"].sum(), MANY["housing"].sum()
    assert shown.loc["police & housing", "lift"] == pytest.approx(52 * n / police / housing)
    assert "times what independence would give" in found.summary() and found.design == "associational"


def test_people_on_a_list_alone_are_no_population():
    found = measure_pairs(MANY[MANY.any(axis=1)], lists=LISTS)
    reasons = {value.name: value.reason for value in found.values() if value.group == "police & housing"}
    assert reasons["lift"] == reasons["phi"] == NEEDS_POPULATION and reasons["jaccard"] is None
    assert "needs the population" in found.summary()
    given = measure_pairs(MANY[MANY.any(axis=1)], lists=LISTS, population=len(MANY))
    assert given.values() == measure_pairs(MANY, lists=LISTS).values()


# what leaves


@pytest.mark.parametrize("policy", CLOSED)
@pytest.mark.parametrize("method", [count_intersections, measure_pairs])
@pytest.mark.parametrize("frame", [MANY, FEW], ids=["many", "few"])
def test_released_overlaps_show_rounded_counts_alone(policy, method, frame):
    rules = POLICIES[policy]
    shown = release(method(frame, lists=LISTS), rules).result
    if isinstance(shown, NotEstimable):
        assert shown.withheld
        return
    counts = shown.frame["count"].dropna()
    assert (counts % rules.nearest == 0).all() and ((counts > rules.suppress_to) | (counts == 0)).all()
    assert all(value.n is None or value.n in set(counts) for value in shown.values())
    picture = draw.to_svg(shown.plot) if shown.plot() is not None else "<svg/>"
    if "<svg/>" not in picture:
        check_picture(picture)
    assert ("withheld" in picture) or frame is MANY or method is measure_pairs


@pytest.mark.parametrize("policy", CLOSED)
def test_known_sizes_of_lists_and_pairs_do_not_tell_a_small_intersection(policy):
    """A reader who knows every list, every pair, all on a list and the population, to the policy's rounding."""
    from scipy.optimize import linprog

    rules, found = POLICIES[policy], count_intersections(FEW, lists=LISTS)
    released = release(found, rules).result
    if isinstance(released, NotEstimable):
        return
    true, shown = found.frame["count"].to_numpy(), released.frame["count"].to_numpy()
    low, high = rules.limits(shown)
    bounds, rows, limits = list(zip(low, high, strict=True)), [], []
    for (name,) in [margin for margin in found.margins if margin]:
        part = found.frame[name].notna().to_numpy(float)
        total = rules.apply([part @ true])[0]
        if np.isfinite(total):
            least, most = rules.limits([total])
            rows += [part, -part]
            limits += [most[0], -least[0]]
    for place in np.flatnonzero(rules.is_small(true)):
        goal = np.eye(len(true))[place]
        ends = [sign * linprog(sign * goal, A_ub=rows, b_ub=limits, bounds=bounds).fun for sign in (1, -1)]
        assert ends[0] <= rules.floor + 1e-6 and ends[1] >= rules.suppress_to - 1e-6, (
            found.frame["group"][place],
            ends,
        )


def test_policy_open_changes_nothing():
    for method in (count_intersections, measure_pairs):
        found = method(FEW, lists=LISTS)
        assert release(found, POLICIES["open"]).result.values() == found.values()


def test_a_withheld_pair_is_withheld_whole():
    shown = release(measure_pairs(FEW, lists=LISTS), POLICIES["ons"]).result
    rows = shown.frame[shown.frame["group"] == "police & council"]
    assert rows["count"].isna().all(), "with the sizes of both lists any cell tells the others"
    assert all(
        v.estimate is None and v.reason.startswith("withheld") for v in shown.values() if v.group == "police & council"
    )


def test_shown_first_and_withheld_last_in_the_order_of_lists():
    shown = release(count_intersections(FEW, lists=LISTS), POLICIES["opensafely"]).result.estimates()
    known = shown["count"].notna()
    assert known.is_monotonic_decreasing and shown.loc[known, "count"].is_monotonic_decreasing
    assert shown.index[~known].is_monotonic_increasing


def test_dots_and_bars():
    found = count_intersections(MANY, lists=LISTS)
    axes = found.plot()
    bars = [patch.get_width() for patch in axes.patches if patch.get_height() == pytest.approx(0.62)]
    assert bars == [120, 90, 80, 40, 30, 25, 12]
    texts = [text.get_text() for text in axes.texts]
    assert texts[-3:] == LISTS and "120" in texts
    check_picture(draw.to_svg(found.plot))
