"""Published worked examples of weights, overlap and hidden populations: each at its stated tolerance."""

import numpy as np
import pandas as pd
import pytest

from problemsolving.measures.capture import chao, chapman, lincoln_petersen, zelterman, zero_truncated_poisson
from problemsolving.measures.fourfold import pair_measures
from problemsolving.measures.hidden_repeats import estimate_hidden_by_repeats
from problemsolving.measures.overlap import count_intersections, measure_pairs
from problemsolving.measures.weights import weight_table


def test_unit_costs_are_loaded_as_they_are_written_with_their_price_year(case):
    inputs, expected, tolerance = case("B24-ho-unit-costs")
    frame = pd.DataFrame({"code": inputs["offence"], "weight": expected["unit_cost"]})
    table = weight_table(
        frame,
        name="Economic and social costs of crime",
        version="HO Research Report 99",
        unit="£",
        source="Heeks et al 2018, as transcribed by a newspaper",
        price_year="2015/16",
    )
    assert table.weigh(pd.Series(inputs["offence"])).tolist() == pytest.approx(expected["unit_cost"], **tolerance)
    assert table.price_year == "2015/16" and "2015/16 prices" in table.citation
    with pytest.raises(ValueError, match="price_year is missing"):
        weight_table(frame, name="a", version="b", unit="£", source="c")


def test_lincoln_petersen(case):
    inputs, expected, tolerance = case("E01-lincoln-petersen")
    sizes = (inputs["n1"], inputs["n2"], inputs["m"])
    found = lincoln_petersen(*sizes)
    assert found.estimate == pytest.approx(expected["N"], **tolerance)
    assert found.estimate - (sum(sizes[:2]) - sizes[2]) == pytest.approx(expected["unseen"], **tolerance)
    assert chapman(*sizes).estimate == pytest.approx(3920.9756, abs=1e-4)


def test_the_published_interval_is_that_of_the_marked_share_turned_over(case):
    inputs, _, tolerance = case("E01-lincoln-petersen")
    low, high = lincoln_petersen(inputs["n1"], inputs["n2"], inputs["m"], method="inverted share")[1:]
    assert (low, high) == pytest.approx((3125, 5557), **tolerance)


def test_one_list_gives_a_range(case):
    inputs, expected, tolerance = case("E03-single-list-ztp")
    people = {int(times): count for times, count in inputs["freq_of_contacts"].items()}
    seen = sum(people.values())
    assert seen == expected["n"]
    assert zero_truncated_poisson(people).estimate == pytest.approx(expected["ztp"], **tolerance)
    assert zelterman(people[1], people[2], seen=seen).estimate == pytest.approx(expected["zelterman"], **tolerance)
    assert chao(people[1], people[2], seen=seen).estimate == pytest.approx(expected["chao"], **tolerance)
    found = estimate_hidden_by_repeats(people, linked="exact").range
    assert (found.lowest, found.highest) == pytest.approx((expected["ztp"], expected["zelterman"]), **tolerance)


def test_exclusive_intersections(case):
    _, expected, tolerance = case("E05-upset-counts")
    rng = np.random.RandomState(0)
    people = pd.DataFrame({name: rng.rand(10_000) > rng.rand() for name in ("cat0", "cat1", "cat2")})
    counts = count_intersections(people, lists=["cat0", "cat1", "cat2"]).frame["count"]
    assert counts.tolist() == pytest.approx(expected["counts"], **tolerance)


def test_rule_of_eggs_and_onion(case):
    inputs, expected, tolerance = case("E07-lift")
    first, second = inputs["rule"]
    people = pd.DataFrame([{name: name in basket for name in inputs["rule"]} for basket in inputs["baskets"]])
    shown = measure_pairs(people, lists=[first, second]).measures().iloc[0]
    assert {name: shown[name] for name in expected} == {name: pytest.approx(value, **tolerance) for name, value in expected.items()}  # fmt: skip
    assert pair_measures(3, 1, 0, 1)["lift"][0] == pytest.approx(expected["lift"], **tolerance)
