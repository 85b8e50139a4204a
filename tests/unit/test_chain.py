"""The chain holds where it was planted, stops where it breaks, and tells nothing that may not leave."""

import matplotlib
import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

from problemsolving import draw
from problemsolving.drivers.chain import Lever, trace_chain
from problemsolving.drivers.decomposition import decompose_frequency
from problemsolving.drivers.diagram import build_causal_diagram
from problemsolving.drivers.links import QUESTIONS
from problemsolving.drivers.parts import EACH_TIME, OFTEN, TOTAL
from problemsolving.drivers.twice import fit_change
from problemsolving.errors import NotEstimableError
from problemsolving.governance.policies import POLICIES
from problemsolving.governance.release import release
from problemsolving.report.safe import check_picture
from problemsolving.results import NotEstimable

SAFE = POLICIES["opensafely"]
BEFORE = {"active months": "active_1", "incidents": "count_1"}
AFTER = {"active months": "active_2", "incidents": "count_2"}
COUNCIL = Lever("the council", "benefit take-up visits")


def months(rng, *, n=100, slope=0.0, rise=1.4, mean=2.0):
    """Twelve months twice in areas that differ: need raises the level and, with a slope, the rise."""
    need, other = rng.normal(size=(2, n))
    level = mean * rng.gamma(3, 1 / 3, n) * np.exp(0.3 * need)
    tables = rng.poisson(level, (12, n)), rng.poisson(level * rise * np.exp(slope * need), (12, n))
    areas = pd.DataFrame({"need_score": need, "other_score": other, "population": rng.integers(1_000, 3_000, n)})
    for number, table in enumerate(tables, start=1):
        areas[f"active_{number}"], areas[f"count_{number}"] = (table > 0).sum(axis=0), table.sum(axis=0)
    return tables, areas


def trace(areas, **words):
    given = {"before": BEFORE, "after": AFTER, "drivers": {"need": "need_score"}, "owners": {"need": COUNCIL}}
    return trace_chain(areas, **(given | {"n_resamples": 400, "rng": np.random.default_rng(1)} | words))


def verdicts(chain):
    return [step.verdict for step in chain.steps]


def test_a_planted_chain_holds_and_carries_a_hypothesis_that_can_fail():
    chain = trace(
        months(np.random.default_rng(1), slope=0.3)[1], drivers={"need": "need_score", "other": "other_score"}
    )
    assert verdicts(chain) == ["clear"] * 4 and chain.holds
    assert chain.change.largest().name == EACH_TIME
    (carried,) = chain.hypotheses
    assert carried.driver == "need" and carried.lever == COUNCIL
    assert carried.statement == (
        "If the council acts (benefit take-up visits) where need is higher, incidents will fall there by more than in "
        "places like them where nobody does."
    )
    assert "Not clear: other" in chain.steps[2].evidence and "Every link holds." in chain.summary()
    assert chain.summary().endswith(carried.statement)


def test_it_stops_where_nothing_changed():
    chain = trace(months(np.random.default_rng(2), rise=1.0)[1])
    assert verdicts(chain) == ["unclear"] and not chain.hypotheses
    assert "stops at link 1 of 4 (did it change: unclear). Incidents did not clearly change" in chain.summary()
    assert chain.summary().endswith("What follows from there is not known.")
    assert not [value for value in chain.values() if value.name.endswith("ratio")], "nothing beyond the break is shown"


def test_it_stops_where_no_part_is_clearly_the_largest():
    chain = trace(months(np.random.default_rng(3), n=60, rise=1.5, mean=0.6)[1])
    assert verdicts(chain) == ["clear", "unclear"] and "Perhaps most came from" in chain.steps[1].evidence


def test_it_stops_where_no_driver_goes_with_it():
    chain = trace(months(np.random.default_rng(4))[1])
    assert verdicts(chain) == ["clear", "clear", "unclear"]
    assert "No driver goes clearly with both the part and the whole change" in chain.summary()
    assert [value.name for value in chain.values()][-2:] == ["part_ratio", "change_ratio"]


def test_it_stops_where_nobody_owns_the_lever_and_an_owner_of_the_part_will_do():
    areas = months(np.random.default_rng(1), slope=0.3)[1]
    chain = trace(areas, owners={})
    assert verdicts(chain) == ["clear"] * 3 + ["not estimable"]
    assert "Nobody has named who owns the lever on need: ask the partnership" in chain.summary()
    assert trace(areas, owners={EACH_TIME: COUNCIL}).holds and not trace(areas, owners={OFTEN: COUNCIL}).holds


def test_a_part_that_went_against_the_whole_breaks_the_chain():
    """Twice the people with twice the calls, each three tenths as long: more minutes, and the largest part is a fall."""
    rng = np.random.default_rng(5)
    p = rng.integers(80, 120, 40)
    areas = pd.DataFrame({"need_score": rng.normal(size=40), "p1": p, "c1": p * 10, "m1": p * 100})
    areas = areas.assign(p2=p * 2, c2=p * 40, m2=p * 120)
    chain = trace(
        areas,
        before={"people": "p1", "contacts": "c1", "minutes": "m1"},
        after={"people": "p2", "contacts": "c2", "minutes": "m2"},
    )
    assert chain.change.largest().clear and chain.change.largest().name == "minutes a contact"
    assert verdicts(chain) == ["clear", "unclear"] and "it went against the change as a whole" in chain.summary()


def test_a_fall_is_told_as_a_fall():
    chain = trace(months(np.random.default_rng(6), slope=-0.3, rise=0.5, mean=4.0)[1])
    assert (
        chain.holds and "Incidents fell by" in chain.summary() and "fell more where need is higher" in chain.summary()
    )
    assert "incidents will go on falling there" in chain.hypotheses[0].statement


def test_a_rise_that_is_larger_where_a_driver_is_lower():
    chain = trace(months(np.random.default_rng(7), slope=-0.3, rise=1.8)[1])
    assert "rose more where need is lower" in chain.steps[2].evidence


def confounded(hidden):
    arrows = ["need -> incidents", "other -> incidents", "class -> need", "class -> incidents"]
    measured = {"need": "need_score", "other": "other_score", "incidents": "count_2", "class": "class_score"}
    kept = {node: column for node, column in measured.items() if node not in hidden}
    return build_causal_diagram(arrows, outcome="incidents", measured=kept, unmeasured=hidden)


def test_a_diagram_says_what_to_adjust_for_and_what_cannot_be_told():
    areas = months(np.random.default_rng(8), slope=0.3)[1]
    areas["class_score"] = areas["need_score"] + np.random.default_rng(9).normal(size=len(areas))
    chain = trace(areas, diagram=confounded([]))
    assert "adjusted for class" in chain.steps[2].evidence and chain.models["beside"].eq("class").all()
    unknown = trace(areas, diagram=confounded(["class"]))
    assert verdicts(unknown) == ["clear", "clear", "not estimable"]
    assert "need: class is not measured and leaves a back door open (need ← class → incidents)" in unknown.summary()
    both = trace(areas, diagram=confounded(["class"]), drivers={"need": "need_score", "other": "other_score"})
    assert (
        both.model_level == pytest.approx(0.95)
        and trace(areas, drivers={"need": "need_score", "other": "other_score"}).model_level == 0.975
    )
    lacks = trace(areas.drop(columns="class_score"), diagram=confounded([]))
    assert "areas lacks a column to adjust for" in lacks.steps[-1].evidence


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda areas: areas.assign(need_score=1.0), "it is the same in every area"),
        (lambda areas: areas.assign(need_score=np.where(areas.index < 15, areas["need_score"], np.nan)), "fewer than 20 areas have a value"),
        (lambda areas: areas.assign(**{c: areas[c].where(areas.index < 15, 0) for c in (*BEFORE.values(), *AFTER.values())}), "fewer than 21 areas had any"),
    ],
)  # fmt: skip
def test_a_driver_that_cannot_be_estimated_says_why(spoil, said):
    chain = trace(spoil(months(np.random.default_rng(10), n=60, slope=0.3, rise=2.5)[1]))
    assert said in set(chain.models["reason"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"after": {"incidents": "count_2"}}, "same two or more totals"),
        ({"before": {"incidents": "count_1"}, "after": {"incidents": "count_2"}}, "same two or more totals"),
        ({"drivers": {}}, "drivers is empty"),
        ({"drivers": {"need": "gone"}, "owners": {}}, "areas lacks the column gone"),
        ({"owners": {"nede": COUNCIL}}, 'did you mean "need"'),
        ({"diagram": build_causal_diagram(["x -> y"], outcome="y", measured={"x": "x", "y": "y"})}, 'no node "need"'),
    ],
)
def test_what_does_not_fit_is_refused(words, message):
    with pytest.raises(ValueError, match=message):
        trace(months(np.random.default_rng(11))[1], **words)


def test_a_change_split_already_is_taken_as_it_is():
    tables, areas = months(np.random.default_rng(1), slope=0.3)
    change = decompose_frequency(*tables, n_resamples=400, rng=np.random.default_rng(2))
    chain = trace(areas, change=change)
    assert chain.change is change and chain.holds
    assert chain.change.parts == pytest.approx(trace(areas).change.parts)
    with pytest.raises(ValueError, match="split into other parts"):
        trace(areas, change=change, before={"x": "active_1", "y": "count_1"}, after={"x": "active_2", "y": "count_2"})


def test_a_part_is_modelled_over_the_total_before_it_and_alone_is_not_enough():
    """As many incidents as before, in fewer months where need is higher: the parts move with need, the whole does not."""
    need = np.linspace(-1, 1, 40)
    need = need / need.std(ddof=1)
    areas = pd.DataFrame(
        {"need_score": need, "active_1": 10.0, "count_1": 100.0, "active_2": 10 * np.exp(-0.1 * need), "count_2": 100.0}
    )
    chain = trace(areas)
    ratios = chain.models.set_index("part")["ratio"]
    assert ratios.to_dict() == pytest.approx({OFTEN: np.exp(-0.1), EACH_TIME: np.exp(0.1), TOTAL: 1.0}, rel=1e-6)
    assert chain.models["low"].iloc[1] > 1 and chain._clear() == []


def test_the_model_of_change_is_poisson_with_a_level_for_each_area():
    """The same slope from the likelihood written out, with every area's level as a parameter of its own."""
    rng = np.random.default_rng(12)
    x = rng.normal(size=15)
    old, new = rng.poisson(20, 15), rng.poisson(25 * np.exp(0.2 * x))
    share = rng.uniform(0.5, 2, 15)
    model = fit_change(old, new, pd.DataFrame({"x": x}), exposure=share)

    def loss(values):
        levels, (rise, slope) = values[:15], values[15:]
        mean = np.concatenate([np.exp(levels), share * np.exp(levels + rise + slope * x)])
        return -stats.poisson.logpmf(np.concatenate([old, new]), mean).sum()

    full = optimize.minimize(loss, np.append(np.log(old), [0.0, 0.0]), method="BFGS", options={"gtol": 1e-8})
    assert model.coefficients["x"] == pytest.approx(full.x[-1], abs=1e-4)
    row = model.ratios(confidence_level=0.9).loc["x"]
    reach = stats.t.ppf(0.95, 13) * model.standard_errors["x"]
    assert np.log(row["high"] / row["ratio"]) == pytest.approx(reach) == np.log(row["ratio"] / row["low"])


def test_areas_high_by_chance_before_do_not_bend_the_slope():
    """Small counts and a level that goes with need: the slope of no effect is 0 on average and rejected at its level."""
    rng = np.random.default_rng(13)
    slopes, rejected = [], []
    for _ in range(200):
        need = rng.normal(size=80)
        level = 2 * np.exp(0.5 * need + rng.normal(0, 0.5, 80))
        model = fit_change(rng.poisson(level), rng.poisson(1.2 * level), pd.DataFrame({"need": need}))
        row = model.ratios().loc["need"]
        slopes.append(model.coefficients["need"])
        rejected.append(row["low"] > 1 or row["high"] < 1)
    assert abs(np.mean(slopes)) < 4 * np.std(slopes) / np.sqrt(200) and 0.02 <= np.mean(rejected) <= 0.09


def test_places_without_any_tell_nothing_and_separation_is_no_estimate():
    x = pd.DataFrame({"x": np.arange(30.0)})
    old, new = np.full(30, 5), np.arange(30) + 1
    padded = pd.concat([x, pd.DataFrame({"x": [99.0]})], ignore_index=True)
    assert fit_change(old, new, x).coefficients["x"] == pytest.approx(
        fit_change(np.append(old, 0), np.append(new, 0), padded).coefficients["x"]
    )
    scaled = (x - x.mean()) / x.std()
    with pytest.raises(NotEstimableError, match="tell without error"):
        fit_change(np.where(x["x"] < 15, 5, 0), np.where(x["x"] < 15, 0, 5), scaled)
    with pytest.raises(ValueError, match="determine each other"):
        fit_change(old, new, x.assign(y=2 * x["x"]))
    with pytest.raises(ValueError, match="fewer places"):
        fit_change([1, 0], [0, 1], x.head(2))


def test_no_chain_is_clear_by_chance_more_often_than_its_level():
    """Everything rises alike, the level goes with the driver: the third link is clear in few of many draws."""
    rng = np.random.default_rng(14)
    clear = [len(trace(months(rng, n=60)[1], n_resamples=50, rng=rng)._clear()) > 0 for _ in range(100)]
    assert np.mean(clear) <= 0.08


def test_what_leaves_comes_from_rounded_counts_and_two_decimals():
    chain = trace(months(np.random.default_rng(1), slope=0.3)[1])
    shown = release(chain, SAFE).result
    assert all(value.n % 5 == 0 for value in shown.values()) and shown.counts == ()
    assert (shown.models[["ratio", "low", "high"]] * 100 % 1).stack().map(lambda rest: min(rest, 1 - rest)).max() < 1e-9
    exact = chain.change.frame["count"].to_numpy()
    assert ((shown.change.frame["count"].to_numpy() - exact) % 5 != 0).any()
    assert f"{chain.change.parts[TOTAL]:,.0f} " not in shown.summary()
    opened = release(chain, POLICIES["open"]).result
    assert opened.values() == chain.values() and opened.summary() == chain.summary()


def test_with_small_areas_nothing_leaves_where_counts_are_not_rounded():
    chain = trace(months(np.random.default_rng(1), slope=0.3, mean=0.5)[1])
    assert isinstance(release(chain, POLICIES["ons"]).result, NotEstimable)
    few = trace(months(np.random.default_rng(1), n=8)[1])
    assert isinstance(release(few, SAFE).result, NotEstimable)


def test_a_withheld_count_stops_the_chain_at_its_first_link():
    rng = np.random.default_rng(15)
    areas = pd.DataFrame(
        {
            "need_score": rng.normal(size=40),
            "active_1": 0,
            "count_1": 0,
            "active_2": 1,
            "count_2": rng.integers(2, 9, 40),
        }
    )
    areas.loc[:2, ["active_1", "count_1"]] = 1
    chain = trace(areas)
    shown = release(chain, SAFE).result
    assert verdicts(shown) == ["not estimable"] and "withheld" in shown.summary()
    words = shown.summary() + repr(shown.table().text_rows()) + repr(shown.alt_text())
    assert f"{chain.change.parts[TOTAL]:,.0f}" not in words and all(v.estimate is None for v in shown.values())
    assert shown.plot() is not None


@pytest.mark.parametrize("slope", [0.0, 0.3])
def test_the_picture_shows_every_link_and_how_far_it_holds(slope):
    chain = trace(months(np.random.default_rng(1), slope=slope)[1])
    with matplotlib.rc_context(draw.base.STYLE):
        ax = chain.plot()
    words = [text.get_text() for text in ax.texts]
    assert all(question in words for question in QUESTIONS)
    assert words.count("clear") == verdicts(chain).count("clear")
    boxes = [patch for patch in ax.patches if hasattr(patch, "get_width")]
    styles = {box.get_linestyle() for box in boxes}
    assert len(boxes) == 4 and len(styles) == (1 if chain.holds else 3)
    check_picture(draw.to_svg(lambda: chain.plot()))
    assert ("not reached" in chain.alt_text()) == (not chain.holds)
