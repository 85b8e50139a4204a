"""Weight tables: checked, hashed, and never 0 in silence."""

import pandas as pd
import pytest

from problemsolving.measures.weights import inflate_weights, scale_to_actual, weight_table

ABOUT = {"name": "made up", "version": "1", "unit": "days", "source": "an example"}
MONEY = {**ABOUT, "unit": "£", "price_year": "2015/16"}


def table(codes, weights, about=ABOUT, **more):
    return weight_table(pd.DataFrame({"code": codes, "weight": weights, **more}), **about)


def test_the_hash_knows_content_and_no_order():
    one, turned = table(["a", "b"], [1, 2.5]), table(["B", " A"], [2.5, 1.0])
    assert one.sha256 == turned.sha256 and len(one.sha256) == 64
    others = [
        table(["a", "b"], [1, 2.6]),
        table(["a", "c"], [1, 2.5]),
        table(["a", "b"], [1, 2.5], {**ABOUT, "version": "2"}),
        table(["a", "b"], [1, 2.5], {**ABOUT, "unit": "hours"}),
        table(["a", "b"], [1, 2.5], {**ABOUT, "source": "elsewhere"}),
    ]
    assert len({one.sha256, *(other.sha256 for other in others)}) == 6


def test_the_given_frame_is_left_as_it_was():
    frame = pd.DataFrame({"code": [" a"], "weight": [1]})
    before = frame.copy()
    weight_table(frame, **ABOUT)
    pd.testing.assert_frame_equal(frame, before)


def test_a_citation_names_version_prices_and_hash():
    costs = table(["a"], [1], MONEY)
    assert costs.citation == f"made up, version 1, 2015/16 prices (sha256 {costs.sha256[:8]})"
    assert costs.settings["sha256"] == costs.sha256 and costs.settings["price_year"] == "2015/16"


def test_codes_match_whatever_their_case_and_numbers_as_whole_ones():
    known = table(["8n", "46", "105*"], [3, 2, 1])
    codes = pd.Series(["8N", " 8n ", "105A", "105", "1055", "10", "", None])
    assert known.weigh(codes).tolist()[:5] == [3, 3, 1, 1, 1]
    assert known.weigh(codes).isna().tolist()[5:] == [True] * 3
    assert known.weigh(pd.Series([46.0, None])).tolist()[0] == 2
    assert table([46.0, 8.0], [1, 2]).frame["code"].tolist() == ["46", "8"]


def test_every_fault_is_told_at_once_by_row_and_never_by_value():
    frame = pd.DataFrame(
        {
            "code": ["SECRET1", "secret1", None, "9*", "93", "x"],
            "weight": [1, 2, 3, None, -777, float("inf")],
            "unit": ["days"] * 5 + ["weeks"],
        }
    )
    with pytest.raises(ValueError) as caught:
        weight_table(frame, name=" ", version="1", unit="£ a day", source="")
    told = str(caught.value)
    for part in (
        "name is empty", "source is empty", "price_year is missing", "code is missing in row 3", "repeated in rows 1 and 2",
        "code of row 4 overlaps with row 5", "weight is missing or no number in rows 4 and 6", "negative in row 5",
        "unit is another one in rows 1, 2, 3, 4, 5 and 6",
    ):  # fmt: skip
        assert part in told, part
    assert "SECRET" not in told.upper().replace("SOURCE", "") and "777" not in told


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (pd.DataFrame({"code": ["a"]}), 'column "weight" is missing'),
        (pd.DataFrame({"code": [], "weight": []}), "no rows"),
        (pd.DataFrame({"code": ["1*", "10*"], "weight": [1, 2]}), "row 1 overlaps with row 2"),
    ],
)
def test_other_faults(frame, message):
    with pytest.raises(ValueError, match=message):
        weight_table(frame, **ABOUT)


@pytest.mark.parametrize("year", ["2015/17", "15/16", "2015-16", "2015/16 "])
def test_price_years_are_written_one_way(year):
    with pytest.raises(ValueError, match="price_year must be written"):
        table(["a"], [1], {**MONEY, "price_year": year})


@pytest.mark.parametrize("unit", ["£", "GBP", "pounds", "cost in €", "unit cost"])
def test_money_in_words_needs_a_price_year(unit):
    with pytest.raises(ValueError, match="money has one"):
        table(["a"], [1], {**ABOUT, "unit": unit})


def test_inflating_takes_a_deflator_and_says_so():
    costs = table(["a", "b"], [200, 10], MONEY)
    today = inflate_weights(
        costs, to="2024/25", deflator={"2015/16": 80.0, "2024/25": 100.0}, source="GDP deflator, made up"
    )
    assert today.frame["weight"].tolist() == [250.0, 12.5] and today.price_year == "2024/25"
    assert "inflated from 2015/16 (GDP deflator, made up)" in today.citation and today.sha256 != costs.sha256
    assert costs.frame["weight"].tolist() == [200, 10]
    back = inflate_weights(today, to="2015/16", deflator={"2015/16": 80.0, "2024/25": 100.0}, source="the same")
    assert back.frame["weight"].tolist() == pytest.approx([200, 10])


@pytest.mark.parametrize(
    ("about", "to", "deflator", "message"),
    [
        (ABOUT, "2024/25", {"2015/16": 1, "2024/25": 1}, "only money"),
        (MONEY, "2024/25", {"2015/16": 1}, "no index for 2024/25"),
        (MONEY, "2024/25", {"2024/25": 1}, "no index for 2015/16"),
        (MONEY, "2024/25", {"2015/16": 0, "2024/25": 1}, "above 0"),
        (MONEY, "now", {"2015/16": 1, "now": 1}, "no index for"),
    ],
)
def test_inflating_needs_money_and_both_years(about, to, deflator, message):
    with pytest.raises(ValueError, match=message):
        inflate_weights(table(["a"], [1], about), to=to, deflator=deflator, source="x")


def test_the_multiplier_is_used_once():
    costs = table(["a", "b"], [200, 10], MONEY)
    scaled = scale_to_actual(costs, multiplier={"A": 2.0, "b": 1.0}, source="HO 2018, made up")
    assert scaled.frame["weight"].tolist() == [400.0, 10.0] and scaled.covers_unrecorded
    with pytest.raises(ValueError, match="only once"):
        scale_to_actual(scaled, multiplier=2.0, source="again")
    inflated = inflate_weights(scaled, to="2016/17", deflator={"2015/16": 1, "2016/17": 2}, source="y")
    with pytest.raises(ValueError, match="only once"):
        scale_to_actual(inflated, multiplier=2.0, source="after inflating")


@pytest.mark.parametrize("multiplier", [{"a": 2.0}, {"a": 2.0, "b": 0.5}, 0.9, float("nan")])
def test_a_multiplier_is_one_or_more_for_every_code(multiplier):
    with pytest.raises(ValueError, match="1 or more for every code"):
        scale_to_actual(table(["a", "b"], [1, 2], MONEY), multiplier=multiplier, source="x")
