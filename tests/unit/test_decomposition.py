"""Why did it change: worked examples by hand, draws that cover the truth, and what leaves."""

import matplotlib
import numpy as np
import pandas as pd
import pytest

from problemsolving import draw
from problemsolving.drivers.changes import Largest
from problemsolving.drivers.decomposition import decompose_change, decompose_demand, decompose_frequency
from problemsolving.drivers.parts import EACH_TIME, OFTEN, TOTAL, part_names
from problemsolving.drivers.totals import split_totals
from problemsolving.governance.policies import POLICIES
from problemsolving.governance.release import release
from problemsolving.report.safe import check_picture

SAFE = POLICIES["opensafely"]
RESIDENTS, SHARE, EACH, LENGTH = (
    "number of residents",
    "share of residents in contact",
    "contacts a person",
    "minutes a contact",
)


def counts(**columns):
    return pd.DataFrame({name: np.atleast_1d(value) for name, value in columns.items()})


def demand(before, after, **words):
    return decompose_demand(before, after, **{"n_resamples": 200, "rng": np.random.default_rng(1)} | words)


def test_a_ratio_of_sums_by_hand():
    """A rate of 3 becomes 4.5. Residents alone: 3.5 - 3 at old rates, 4.5 - 4 at new ones. Rates alone: 4 - 3, 4.5 - 3.5."""
    before, after = {"residents": [1, 1], "rate": [2, 4]}, {"residents": [1, 3], "rate": [3, 5]}
    assert decompose_change(before, after, divided_by=["residents"]) == pytest.approx({"residents": 0.5, "rate": 1.0})


def test_a_ratio_whose_divisor_is_no_factor_of_the_total_by_hand():
    """Minutes a contact, 20 / 4 then 60 / 6: minutes alone 15 - 5 and 10 - 20/6, contacts alone 20/6 - 5 and 10 - 15."""
    parts = decompose_change(
        {"minutes": [10, 10], "contacts": [1, 3]},
        {"minutes": [20, 40], "contacts": [2, 4]},
        total=["minutes"],
        divided_by=["contacts"],
    )
    assert parts == pytest.approx({"minutes": (10 + 10 - 20 / 6) / 2, "contacts": (20 / 6 - 5 - 5) / 2})


def test_three_vectors_by_hand():
    """Das Gupta's formula of three factors, class by class: (A - a) [(bc + BC) / 3 + (bC + Bc) / 6]."""
    before = {"a": [1.0, 2.0], "b": [3.0, 1.0], "c": [2.0, 5.0]}
    after = {"a": [2.0, 2.0], "b": [1.0, 4.0], "c": [4.0, 1.0]}

    def formula(x, y, z):
        (x, X), (y, Y), (z, Z) = ([np.array(side[name]) for side in (before, after)] for name in (x, y, z))
        return float(((X - x) * ((y * z + Y * Z) / 3 + (y * Z + Y * z) / 6)).sum())

    expected = {"a": formula("a", "b", "c"), "b": formula("b", "a", "c"), "c": formula("c", "a", "b")}
    assert expected["a"] == pytest.approx(1 * ((3 * 2 + 1 * 4) / 3 + (3 * 4 + 1 * 2) / 6))
    assert decompose_change(before, after) == pytest.approx(expected)
    assert sum(expected.values()) == pytest.approx((8 + 8) - (6 + 10))


def test_a_number_beside_vectors_counts_once():
    """10 residents in shares of a half, rates 1 and 3 (20 in all); 20 residents alike (40)."""
    before, after = ({"n": n, "share": [0.5, 0.5], "rate": [1.0, 3.0]} for n in (10, 20))
    assert decompose_change(before, after) == pytest.approx({"n": 20, "share": 0, "rate": 0})


@pytest.mark.parametrize(
    ("before", "after", "words", "message"),
    [
        ({"a": 1}, {"a": 2}, {}, "2 to 6 factors"),
        ({"a": 1, "b": 1}, {"a": 1, "c": 1}, {}, "2 to 6 factors"),
        (dict.fromkeys("abcdefg", 1), dict.fromkeys("abcdefg", 2), {}, "2 to 6 factors"),
        ({"a": [1, 2], "b": [1, 2, 3]}, {"a": [1, 2], "b": [1, 2, 3]}, {}, "one for each of the same classes"),
        ({"a": [1, np.nan], "b": 1}, {"a": [1, 2], "b": 1}, {}, "missing value"),
        ({"a": 1, "b": 1}, {"a": 1, "b": 0}, {"divided_by": ["b"]}, "sum to 0"),
        ({"a": 1, "b": 1}, {"a": 1, "b": 1}, {"total": ["a"]}, "all of these"),
        ({"a": 1, "b": 1}, {"a": 1, "b": 1}, {"divided_by": ["z"]}, "name the factors given"),
    ],
)
def test_what_cannot_be_split_is_refused(before, after, words, message):
    with pytest.raises(ValueError, match=message):
        decompose_change(before, after, **words)


def test_demand_by_hand():
    """Residents as before, a fifth instead of a tenth in contact, half the contacts, twice the minutes: 0 + up - down + up."""
    before = counts(population=1_000, people=100, contacts=400, minutes=4_000)
    after = counts(population=1_000, people=200, contacts=400, minutes=8_000)
    parts = demand(before, after).parts
    expected = decompose_change({"n": 1_000, "p": 0.1, "c": 4, "m": 10}, {"n": 1_000, "p": 0.2, "c": 2, "m": 20})
    assert list(parts) == [RESIDENTS, SHARE, EACH, LENGTH, TOTAL]
    assert list(parts.values()) == pytest.approx([*expected.values(), 4_000])
    assert parts[SHARE] == pytest.approx(1_000 * 0.1 * ((4 * 10 + 2 * 20) / 3 + (4 * 20 + 2 * 10) / 6))
    assert parts[EACH] == pytest.approx(-1_000 * 2 * ((0.1 * 10 + 0.2 * 20) / 3 + (0.1 * 20 + 0.2 * 10) / 6))


def test_by_class_the_make_up_is_a_part_of_its_own():
    """Two classes whose rates do not change; residents move to the class with more: all of it is make-up."""
    rows = {"age_band": ["old", "young"], "population": [50, 50], "people": [5, 20], "contacts": [5, 20]}
    more = {"age_band": ["old", "young"], "population": [25, 75], "people": [2.5, 30], "contacts": [2.5, 30]}
    result = demand(pd.DataFrame(rows), pd.DataFrame(more), by="age_band")
    assert result.parts == pytest.approx(
        {RESIDENTS: 0, "make-up of residents by age band": 7.5, SHARE: 0, EACH: 0, TOTAL: 7.5}, abs=1e-9
    )
    assert demand(pd.DataFrame(rows), pd.DataFrame(more)).parts[SHARE] == pytest.approx(7.5)


def test_a_class_that_was_empty_puts_nothing_down_to_what_it_could_not_have():
    before = pd.DataFrame({"agency": ["a", "b"], "people": [10, 0], "contacts": [20, 0], "minutes": [200, 0]})
    after = pd.DataFrame({"agency": ["a", "b"], "people": [10, 10], "contacts": [20, 20], "minutes": [200, 900]})
    parts = demand(before, after, by="agency").parts
    assert parts[EACH] == parts[LENGTH] == pytest.approx(0)
    assert sum(parts[name] for name in parts if name != TOTAL) == pytest.approx(900)


@pytest.mark.parametrize(
    ("left", "expected", "said"),
    [
        (["population", "people", "contacts", "minutes"], [RESIDENTS, SHARE, EACH, LENGTH], ""),
        (["population", "people", "contacts"], [RESIDENTS, SHARE, EACH], "Minutes were not given, so this is the change in contacts"),
        (["people", "contacts", "minutes"], ["number of people in contact", EACH, LENGTH], "Population was not given"),
        (["population", "contacts"], [RESIDENTS, "contacts a resident"], "People and minutes were not given"),
        (["population", "people", "minutes"], [RESIDENTS, SHARE, "minutes a person"], "Contacts were not given"),
    ],
)  # fmt: skip
def test_the_factors_there_are_and_what_is_not(left, expected, said):
    before = counts(population=5_000, people=300, contacts=700, minutes=9_000)[left]
    result = demand(before, before * 1.5)
    assert list(result.parts) == [*expected, TOTAL] and result.of == left[-1]
    assert said in result.summary() and (said in "".join(result.caveats))
    assert any("Only counts were given" in caveat for caveat in result.caveats)


ROW = counts(population=5_000, people=300, contacts=700, minutes=9_000)


@pytest.mark.parametrize(
    ("before", "after", "words", "message"),
    [
        (ROW[["people"]], ROW[["people"]], {}, "at least two of population, people, contacts and minutes"),
        (ROW, ROW.drop(columns="minutes"), {}, "only one period has the column minutes"),
        (ROW.assign(people=-1), ROW, {}, "numbers of 0 or more"),
        (ROW.assign(people=np.nan), ROW, {}, "none missing"),
        (ROW.assign(people=0), ROW, {}, "has contacts and no people"),
        (ROW.assign(people=0, contacts=0, minutes=0), ROW, {}, "nothing to split"),
        (ROW, ROW, {"units": "people"}, "unit must name"),
        (ROW.assign(who=1)[["who"]], ROW.assign(who=1), {"units": "people", "unit": "who"}, "need the column contacts"),
        (ROW.assign(who=np.nan), ROW.assign(who=1), {"unit": "who"}, "unit has missing values"),
        (ROW.assign(c="a"), ROW.assign(c="b"), {"by": "c", "population": (1, 2)}, "for each class of c"),
        (ROW.assign(c="a"), ROW.assign(c="b"), {"by": "c", "population": ({"a": 1}, {"a": 1})}, "lacks a class of c"),
    ],
)
def test_counts_that_do_not_fit_are_refused(before, after, words, message):
    with pytest.raises(ValueError, match=message):
        demand(before, after, **words)


def people_rows(rng, *, people, each):
    """People in contact: each has one contact and more of a heavy-tailed number of further ones."""
    heavy = rng.gamma(0.4, each / 0.4, people)
    contacts = 1 + rng.poisson(heavy)
    return pd.DataFrame(
        {"person": rng.integers(0, 2**60, people), "contacts": contacts, "minutes": rng.gamma(contacts, 25)}
    )


def test_rows_a_person_count_each_once_and_bring_their_own_spread():
    rng = np.random.default_rng(3)
    before, after = people_rows(rng, people=400, each=1.0), people_rows(rng, people=400, each=2.0)
    words = {"unit": "person", "units": "people", "population": (9_000, 9_100), "rng": np.random.default_rng(1)}
    by_person = demand(before, after, **words, n_resamples=999)
    totals = [counts(people=400, contacts=f["contacts"].sum(), minutes=f["minutes"].sum()) for f in (before, after)]
    alone = demand(*totals, population=(9_000, 9_100), n_resamples=999)
    assert by_person.parts == pytest.approx(alone.parts)
    width = {name: np.ptp(by_person.reach[name]) / np.ptp(alone.reach[name]) for name in (SHARE, EACH)}
    assert width[EACH] > 1.3, "repeat callers make the interval wider than chance alone"
    assert 0.6 < width[SHARE] < 1.4
    assert by_person.method.name.endswith("Poisson bootstrap of people")


def test_how_many_people_come_is_chance_too():
    """A hundred people, each with one contact more: the whole change varies as the number of people does, as Poisson."""
    before = pd.DataFrame({"person": range(100), "contacts": 1})
    result = demand(
        before, before.assign(contacts=2), unit="person", units="people", population=(900, 900), n_resamples=4_000
    )
    assert np.ptp(result.reach[TOTAL]) == pytest.approx(2 * 1.96 * 10, rel=0.1)


def test_people_without_contact_count_for_nothing():
    rng = np.random.default_rng(4)
    before, after = people_rows(rng, people=50, each=1.0), people_rows(rng, people=60, each=1.0)
    idle = pd.DataFrame({"person": ["idle"], "contacts": [0], "minutes": [0.0]})
    words = {"unit": "person", "units": "people", "population": (1_000, 1_000)}
    assert demand(pd.concat([before, idle]), after, **words).parts == pytest.approx(
        demand(before, after, **words).parts
    )


def test_intervals_of_people_cover_the_truth():
    """What was planted: 1.5 times the contacts of 300 people. Truth from expected totals."""
    rng = np.random.default_rng(5)
    truth = decompose_change({"n": 300, "c": 2.0}, {"n": 300, "c": 3.0})
    within = []
    for _ in range(120):
        sides = [people_rows(rng, people=rng.poisson(300), each=each) for each in (1.0, 2.0)]
        result = demand(
            *sides, unit="person", units="people", population=(9_000, 9_000), minutes="none", rng=rng, n_resamples=299
        )
        rows = {name: (low, high) for name, _, low, high in result.rows()}
        within.append(
            [
                rows[name][0] <= value <= rows[name][1]
                for name, value in ((SHARE, truth["n"]), (EACH, truth["c"]), (TOTAL, 300))
            ]
        )
    assert (np.mean(within, axis=0) > 0.9).all()


def test_areas_are_drawn_as_pairs():
    """Areas that differ in size and each rise by the same share: the share of residents moves, never by chance of size."""
    population = np.array([1_000, 5_000, 9_000, 2_000] * 5)
    before = pd.DataFrame(
        {"area": range(20), "population": population, "people": population / 100, "contacts": population / 50}
    )
    after = before.assign(people=before["people"] * 1.2, contacts=before["contacts"] * 1.2)
    result = demand(before, after, unit="area", n_resamples=999)
    assert result.sure[SHARE] == 1 and result.largest().name == SHARE and result.largest().clear
    rows = {name: (low, high) for name, _, low, high in result.rows()}
    assert rows[EACH] == pytest.approx((0, 0), abs=1e-9) and rows[SHARE][0] > 0
    assert not any("Only counts" in caveat for caveat in result.caveats)


def test_an_area_that_one_period_lacks_had_nothing_then():
    before = pd.DataFrame({"area": ["a", "b"], "people": [10, 10], "contacts": [20, 20]})
    parts = demand(before, before.head(1), unit="area").parts
    assert parts[TOTAL] == -20 and parts[EACH] == pytest.approx(0)


def test_which_part_moved_most_is_said_with_how_sure():
    before = counts(population=5_000, people=300, contacts=600)
    clear = demand(before, counts(population=5_000, people=300, contacts=1_500))
    assert (
        clear.largest().clear
        and "The part that moved most was contacts a person (the largest in over 99% of" in clear.summary()
    )
    fell = demand(before, counts(population=5_000, people=310, contacts=330))
    assert fell.largest().name == EACH and fell.largest().part < 0 and fell.sure[EACH] > 0.99 and fell.largest().clear
    unclear = demand(before, counts(population=5_000, people=330, contacts=720))
    assert not unclear.largest().clear and "No part was clearly the one that moved most" in unclear.summary()
    shares = [value for value in unclear.values() if value.name == "largest_part"]
    assert sum(value.estimate for value in shares) == pytest.approx(1) and len(shares) == 3
    assert not Largest("a", 5.0, -1.0, 11.0, 0.99).clear and not Largest("a", 5.0, 1.0, 9.0, None).clear


def test_no_change_is_said_as_such():
    assert (
        "Contacts did not clearly change" in demand(ROW[["people", "contacts"]], ROW[["people", "contacts"]]).summary()
    )


CLASSES = pd.DataFrame(
    {"agency": ["a", "b", "c"], "people": [203, 301, 3], "contacts": [507, 911, 4], "minutes": [9_011, 17_023, 55]}
)
GROWN = CLASSES.assign(people=[251, 322, 5], contacts=[702, 1_003, 6], minutes=[14_041, 19_033, 77])


def shown_words(result):
    return result.summary() + repr(result.table().text_rows()) + repr(result.values()) + repr(result.alt_text())


def test_a_small_class_withholds_the_split_and_nothing_of_it_shows():
    released = release(demand(CLASSES, GROWN, by="agency"), SAFE)
    assert released.withheld >= 4 and released.result.plot() is None
    assert "withheld" in released.result.summary()
    assert not any(char.isdigit() for char in released.result.summary())
    assert all(value.estimate is None and value.n is None for value in released.result.values())
    assert not any("507" in cell or "55" in cell for row in released.result.table().text_rows() for cell in row)


def test_released_parts_come_from_rounded_counts_and_coarse_means_alone():
    before, after = CLASSES.head(2), GROWN.head(2)
    shown = release(demand(before, after, by="agency"), SAFE).result
    rounded = [
        frame.assign(
            people=(frame["people"] / 5 + 0.5).apply(np.floor) * 5,
            contacts=(frame["contacts"] / 5 + 0.5).apply(np.floor) * 5,
        )
        for frame in (before, after)
    ]
    for frame, exact in zip(rounded, (before, after), strict=True):
        frame["minutes"] = frame["contacts"] * [float(f"{mean:.3g}") for mean in exact["minutes"] / exact["contacts"]]
    assert shown.parts == pytest.approx(demand(*rounded, by="agency").parts)
    assert not any(exact in shown_words(shown) for exact in ("9,011", "17,023", "26,034", "1,418", "507", "911"))
    assert all(value.n % 5 == 0 for value in shown.values())
    parts = shown.parts
    assert sum(parts[name] for name in parts if name != TOTAL) == pytest.approx(parts[TOTAL])


def test_policy_open_changes_nothing():
    for result in (demand(CLASSES, GROWN, by="agency"), decompose_frequency([[3, 1]], [[5, 2]], n_resamples=50)):
        assert release(result, POLICIES["open"]).result.values() == result.values()


def test_the_picture_steps_from_nothing_to_the_whole():
    result = demand(CLASSES, GROWN, by="agency")
    with matplotlib.rc_context(draw.base.STYLE):
        ax = result.plot()
    bars = [patch for patch in ax.patches if patch.get_width()]
    ends = [bar.get_x() + bar.get_width() for bar in bars]
    assert len(bars) == len(result.parts) and ends[-1] == pytest.approx(result.parts[TOTAL])
    assert ends[-2] == pytest.approx(result.parts[TOTAL]) and bars[-1].get_x() == 0
    falls = [bar.get_hatch() for bar, part in zip(bars, result.parts.values(), strict=True) if part < 0]
    assert all(falls)
    check_picture(draw.to_svg(lambda: result.plot()))


def test_frequency_says_which_part_is_the_largest_and_leaves_coarse_limits():
    rng = np.random.default_rng(6)
    before, after = rng.poisson(2, (12, 40)), rng.poisson(6, (12, 40))
    result = decompose_frequency(before, after, n_resamples=199, rng=rng)
    assert set(result.sure) == {OFTEN, EACH_TIME} and sum(result.sure.values()) == pytest.approx(1)
    assert result.largest().name == EACH_TIME and result.largest().clear
    shown = release(result, SAFE).result
    assert all(float(f"{limit:.3g}") == limit for limits in shown.reach.values() for limit in limits)
    withheld = release(decompose_frequency([[3, 0]], [[52, 1]], n_resamples=50), SAFE).result
    assert withheld.largest() is None and withheld.plot() is None


def test_any_chain_of_totals_can_be_split():
    before, after = counts(visits=100, bookings=50), counts(visits=200, bookings=100)
    result = split_totals(before, after, totals={"visits": "visits", "bookings": "bookings"}, n_resamples=50)
    assert result.parts == {"number of visits": 50, "bookings for each of the visits": 0, TOTAL: 50}
    assert part_names(["active months", "incidents"]) == [OFTEN, EACH_TIME]


def test_draws_of_counts_have_the_mean_and_spread_they_should():
    """People Poisson; contacts a person gamma with the shape of the contacts; minutes a contact with that of the contacts too."""
    from problemsolving.drivers.draws import count_draws

    drawn = count_draws(
        np.array([1_000.0, 100, 400, 8_000]), ["residents", "people", "contacts", "minutes"], n_resamples=20_000,
        rng=np.random.default_rng(7),
    )[1:]  # fmt: skip
    assert (drawn[:, 0] == 1_000).all() and drawn[:, 1].var() == pytest.approx(100, rel=0.05)
    each, length = drawn[:, 2] / drawn[:, 1], drawn[:, 3] / drawn[:, 2]
    assert each.mean() == pytest.approx(4, rel=0.01) and each.std() / 4 == pytest.approx(1 / 20, rel=0.05)
    assert length.mean() == pytest.approx(20, rel=0.01) and length.std() / 20 == pytest.approx(1 / 20, rel=0.05)
