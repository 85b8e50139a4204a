"""Failure demand: what two coders make of it, and what one alone may say."""

import numpy as np
import pandas as pd
import pytest

from problemsolving import draw
from problemsolving.drivers.failure_demand import BOTH, DIFFER, EITHER, FIRST, ONLY, SECOND, measure_failure_demand
from problemsolving.errors import NotEstimableError
from problemsolving.governance.policies import POLICIES
from problemsolving.governance.release import release
from problemsolving.stats.intervals import wilson_limits

SAFE = POLICIES["opensafely"]


def coded(failure=40, only_first=10, only_second=12, value=138):
    pairs = [("failure", "failure")] * failure + [("failure", "value")] * only_first
    pairs += [("value", "failure")] * only_second + [("value", "value")] * value
    return pd.DataFrame(pairs, columns=["ann", "ben"])


def shown(result):
    return result.summary() + repr(result.table().text_rows()) + repr(result.values()) + " ".join(result.caveats)


def test_every_reading_of_the_codes_by_hand():
    found = measure_failure_demand(coded(), coders=["ann", "ben"]).estimates().set_index("group")
    assert found["count"].to_dict() == {BOTH: 40, FIRST: 50, SECOND: 52, EITHER: 62, DIFFER: 22}
    assert found["estimate"].tolist() == [0.2, 0.25, 0.26, 0.31, 0.11]
    low, high = wilson_limits(40, 200)
    assert found.loc[BOTH, ["low", "high"]].tolist() == pytest.approx([float(low), float(high)])


def test_the_summary_gives_the_range_what_is_disputed_and_the_agreement():
    text = measure_failure_demand(coded(), coders=["ann", "ben"], of="calls").summary()
    assert text.startswith("Of 200 calls coded by two people, failure demand was between 20% (15% to 26%)")
    assert "31% (25% to 38%), where at least one did; they differed on 11% (7% to 16%)" in text
    assert "(kappa) was 0.71" in text and "(PABAK) 0.78" in text


def test_agreement_comes_as_values_with_intervals():
    values = {
        (value.name, value.group): value for value in measure_failure_demand(coded(), coders=["ann", "ben"]).values()
    }
    kappa = values["kappa", None]
    assert kappa.estimate == pytest.approx((0.89 - (0.25 * 0.26 + 0.75 * 0.74)) / (1 - 0.62))
    assert kappa.interval.low < kappa.estimate < kappa.interval.high and kappa.n == 200
    assert values["pabak", None].estimate == pytest.approx(0.78)
    assert values["agreement_on_code", "failure"].estimate == pytest.approx(80 / 102)


def test_one_coder_is_never_stated_as_if_two_had_agreed():
    result = measure_failure_demand(coded(), coders=["ann"])
    assert result.estimates()["group"].tolist() == [ONLY] and "One coder read 200 contacts" in result.summary()
    assert any(caveat.startswith("One coder alone") for caveat in result.caveats)
    assert [value.name for value in result.values()] == ["failure_demand_share"]
    for ask in (result.agreement, result.by_code):
        with pytest.raises(NotEstimableError, match="two coders"):
            ask()


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({"failure": 20, "only_first": 30, "only_second": 30, "value": 60}, "below 0.6: agree on what the codes mean"),
        ({"failure": 20, "only_first": 4, "only_second": 4, "value": 30}, "may lie below 0.6"),
        ({"failure": 19, "only_first": 10, "only_second": 6, "value": 256}, "far apart"),
    ],
)
def test_weak_agreement_says_so_by_itself(counts, words):
    assert any(words in caveat for caveat in measure_failure_demand(coded(**counts), coders=["ann", "ben"]).caveats)


def test_good_agreement_needs_no_warning():
    caveats = measure_failure_demand(coded(400, 10, 10, 580), coders=["ann", "ben"]).caveats
    assert not any("Kappa" in caveat for caveat in caveats)


def test_more_codes_than_two():
    contacts = pd.DataFrame(
        {"a": ["failure", "value", "unclear", "failure"] * 20, "b": ["failure", "value", "value", "unclear"] * 20}
    )
    result = measure_failure_demand(contacts, coders=["a", "b"], codes=["value", "failure", "unclear"])
    found = result.estimates().set_index("group")["count"]
    assert found.to_dict() == {BOTH: 20, FIRST: 40, SECOND: 20, EITHER: 40, DIFFER: 40}
    assert result.by_code()["group"].tolist() == ["value", "failure", "unclear"]


def test_full_agreement_in_one_code_has_no_kappa_and_the_summary_says_why():
    result = measure_failure_demand(coded(0, 0, 0, 50), coders=["ann", "ben"])
    assert "Kappa was not estimable: both coders gave one and the same code throughout" in result.summary()
    (kappa,) = (value for value in result.values() if value.name == "kappa")
    assert kappa.estimate is None and kappa.interval is None and "one and the same code" in kappa.reason


def test_contacts_without_a_code_are_left_out_aloud_and_counted_apart():
    contacts = pd.concat([coded(), pd.DataFrame({"ann": ["value"] * 30, "ben": [None] * 30})], ignore_index=True)
    result = measure_failure_demand(contacts, coders=["ann", "ben"])
    assert result.estimates()["n"].eq(200).all() and result.cells()["count"].sum() == 230
    assert any("without a code" in caveat for caveat in result.caveats)
    assert release(result, SAFE).result.estimates()["estimate"].notna().all()


def test_what_is_left_out_is_withheld_when_small_and_the_caveat_names_no_count():
    contacts = pd.concat([coded(), pd.DataFrame({"ann": ["value"] * 3, "ben": [None] * 3})], ignore_index=True)
    released = release(measure_failure_demand(contacts, coders=["ann", "ben"]), SAFE)
    assert np.isnan(released.result.cells()["count"].iloc[-1]) and "3 contacts" not in shown(released.result)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: measure_failure_demand(coded(), coders=[]), "one column or two"),
        (lambda: measure_failure_demand(coded(), coders=["ann", "ben", "ann"]), "one column or two"),
        (lambda: measure_failure_demand(coded(), coders=["ann", "zoe"]), "does not have: zoe"),
        (lambda: measure_failure_demand(coded(), coders=["ann", "ben"], failure="waste"), "one of codes"),
        (
            lambda: measure_failure_demand(coded(), coders=["ann", "ben"], codes=["value", "failure", "value"]),
            "each once",
        ),
        (lambda: measure_failure_demand(coded().replace("value", "secret"), coders=["ann", "ben"]), "not in codes"),
    ],
)
def test_wrong_input_is_refused_without_a_value(call, words):
    with pytest.raises(ValueError, match=words) as caught:
        call()
    assert "secret" not in str(caught.value)


def test_no_contact_coded_by_both_is_not_estimable():
    with pytest.raises(NotEstimableError, match="no contact was coded"):
        measure_failure_demand(pd.DataFrame({"a": ["value", None], "b": [None, "value"]}), coders=["a", "b"])


def test_released_shares_are_those_of_rounded_counts():
    result = release(measure_failure_demand(coded(41, 11, 13, 138), coders=["ann", "ben"]), SAFE).result
    found = result.estimates().set_index("group")
    assert found["count"].to_dict() == {BOTH: 40, FIRST: 50, SECOND: 55, EITHER: 65, DIFFER: 25}
    assert found["n"].unique().tolist() == [205]
    assert all(value.n is None or (value.n > 7 and value.n % 5 == 0) for value in result.values())
    assert draw.to_svg(result.plot)


def test_a_withheld_count_is_nowhere_and_nothing_rests_on_it():
    raw = measure_failure_demand(coded(40, 10, 3, 138), coders=["ann", "ben"])
    result = release(raw, SAFE).result
    assert "withheld: at least one count is too small" in result.summary()
    assert not any(value.estimate for value in result.values()) and not any(
        "Kappa" in caveat for caveat in result.caveats
    )
    assert result.table().text_rows()[1:2][0][1:] == ["50", "–", "–", "–", "–"]
    assert result.plot() is None and "nan" not in shown(result)


def test_caveats_are_those_of_the_released_counts():
    raw = measure_failure_demand(coded(22, 8, 8, 36), coders=["ann", "ben"])  # kappa 0.55
    assert any("below 0.6" in caveat for caveat in raw.caveats)
    cells = raw.cells().assign(count=[36, 1, 1, 22])
    assert not any("below 0.6" in caveat for caveat in raw.rebuild(cells).caveats)
    kept = raw.with_caveats("Something else").rebuild(cells).caveats
    assert "Something else" in kept
    good = measure_failure_demand(coded(400, 10, 10, 580), coders=["ann", "ben"])
    weak = good.rebuild(good.cells().assign(count=[36, 8, 8, 22]))
    assert any("Kappa may lie below 0.6" in caveat or "below 0.6" in caveat for caveat in weak.caveats)


def test_the_number_of_contacts_read_does_not_tell_a_withheld_count():
    assert release(measure_failure_demand(coded(40, 20, 3, 138), coders=["ann", "ben"]), POLICIES["ons"]).withheld == 2


def test_policy_open_changes_nothing():
    result = measure_failure_demand(coded(), coders=["ann", "ben"])
    assert release(result, POLICIES["open"]).result.values() == result.values()
