"""Textbook diagrams, every fault of a diagram, and what data say against one."""

import matplotlib
import numpy as np
import pandas as pd
import pytest

from problemsolving import draw
from problemsolving.drivers.adjustment import check_adjustment
from problemsolving.drivers.diagram import build_causal_diagram
from problemsolving.drivers.implications import (
    AGAINST,
    CORRELATION,
    NO_SIGN,
    RATIO,
    implied_independence_test,
    list_independences,
)
from problemsolving.drivers.reading import read_diagram
from problemsolving.errors import NotEstimableError, ParameterError
from problemsolving.governance.policies import POLICIES
from problemsolving.governance.release import release
from problemsolving.report.safe import check_picture
from problemsolving.results import NotEstimable


def diagram(*arrows, outcome="y", hidden=(), selected=()):
    nodes = dict.fromkeys(node.strip() for arrow in arrows for node in arrow.split("->"))
    measured = {node: f"{node} column" for node in nodes if node not in hidden}
    return build_causal_diagram(arrows, outcome=outcome, measured=measured, unmeasured=hidden, selected=selected)


def sets(found, driver="x"):
    return [set(nodes) for nodes in found.adjustment_sets(driver)]


def kinds(found, *adjusted_for, driver="x"):
    return [flaw.kind for flaw in check_adjustment(found, driver, adjusted_for=adjusted_for).flaws]


CONFOUNDER = diagram("c -> x", "c -> y", "x -> y")
MEDIATOR = diagram("x -> m -> y", "x -> y")
COLLIDER = diagram("x -> s", "y -> s", "x -> y")
M_BIAS = diagram("a -> x", "a -> m", "b -> m", "b -> y", "x -> y", hidden=["a", "b"])
BUTTERFLY = diagram("a -> x", "a -> m", "b -> m", "b -> y", "m -> x", "m -> y", "x -> y")
FRONT_DOOR = diagram("u -> x", "u -> y", "x -> m -> y", hidden=["u"])
INSTRUMENT = diagram("z -> x -> y", "u -> x", "u -> y", hidden=["u"])


def test_a_confounder_is_adjusted_for():
    assert sets(CONFOUNDER) == [{"c"}] and CONFOUNDER.roles("x").confounders == ("c",)
    assert kinds(CONFOUNDER, "c") == [] and kinds(CONFOUNDER) == ["open back door"]


def test_an_open_back_door_is_named_in_words():
    summary = check_adjustment(CONFOUNDER, "x", adjusted_for=[]).summary()
    assert "a back door is open: x is caused by c, which causes y" in summary and "Adjust for c instead." in summary


def test_a_mediator_is_not():
    assert sets(MEDIATOR) == [set()] and MEDIATOR.roles("x").mediators == ("m",)
    assert kinds(MEDIATOR) == [] and kinds(MEDIATOR, "m") == ["mediator"]
    row = read_diagram(MEDIATOR).drivers[0]
    assert row.adjust_for == "nothing" and row.leave_out == {"mediator": ("m",)} and row.why == "no back door is open"


def test_what_a_mediator_leads_to_is_not_either():
    found = diagram("x -> m -> y", "m -> d")
    (flaw,) = check_adjustment(found, "x", adjusted_for=["d"]).flaws
    assert flaw.kind == "consequence" and "consequence of m" in flaw.sentence


def test_a_collider_of_driver_and_outcome_is_a_consequence_of_both_and_opens_a_path():
    assert COLLIDER.roles("x").colliders == ("s",) and kinds(COLLIDER, "s") == ["consequence", "collider"]
    assert (
        "opens a path: x causes s, which is caused by y"
        in check_adjustment(COLLIDER, "x", adjusted_for=["s"]).summary()
    )


def test_m_bias_adjusting_for_the_collider_opens_what_was_closed():
    assert sets(M_BIAS) == [set()] and M_BIAS.roles("x").colliders == ("m",) and not M_BIAS.roles("x").confounders
    (flaw,) = check_adjustment(M_BIAS, "x", adjusted_for=["m"]).flaws
    assert flaw.kind == "collider" and flaw.nodes == ("m",)
    assert flaw.sentence == (
        "m is a collider, and holding m opens a path: x is caused by a, which causes m, which is caused by b, which causes y"
    )
    assert read_diagram(M_BIAS).drivers[0].leave_out == {"collider, or caused by one": ("m",)}


def test_a_descendant_of_a_collider_opens_it_too():
    found = diagram("a -> x", "a -> m", "b -> m", "b -> y", "x -> y", "m -> d", hidden=["a", "b", "m"])
    (flaw,) = check_adjustment(found, "x", adjusted_for=["d"]).flaws
    assert flaw.kind == "collider" and flaw.nodes == ("m", "d") and "holding d opens" in flaw.sentence
    assert read_diagram(found).drivers[0].leave_out == {"collider, or caused by one": ("d",)}


def test_the_butterfly_needs_its_middle_and_one_wing():
    assert sets(BUTTERFLY) == [{"a", "m"}, {"m", "b"}]
    assert kinds(BUTTERFLY, "m") == ["collider"] and kinds(BUTTERFLY, "a") == ["open back door"]
    assert kinds(BUTTERFLY, "a", "b", "m") == []
    assert not read_diagram(BUTTERFLY, drivers=["x"]).drivers[0].leave_out


def test_the_front_door_cannot_be_told_by_adjustment_and_is_named():
    row = read_diagram(FRONT_DOOR, drivers=["x"]).drivers[0]
    assert not row.estimable and row.why == "u is not measured and leaves a back door open (x ← u → y)"
    assert row.other_designs == ("The front door through m could serve.",)
    assert sets(FRONT_DOOR, "m") == [{"x"}]


def test_an_instrument_is_named_and_not_to_be_held():
    row = read_diagram(INSTRUMENT, drivers=["x"]).drivers[0]
    assert not row.estimable and row.other_designs == ("z could serve as an instrument.",)
    assert "z is an instrument" in check_adjustment(INSTRUMENT, "x", adjusted_for=["z"]).summary()
    assert diagram("z -> x -> y", "z -> y").roles("x").instruments == ()


@pytest.mark.parametrize(
    ("arrows", "expected"),
    [
        (["x -> s", "y -> s", "x -> y"], "the cases are selected by s, to which it leads"),
        (["x -> s", "u -> s", "u -> y", "x -> y"], "the cases are selected by s, to which it leads"),
        (["s -> x", "x -> y"], None),
    ],
)
def test_selection_by_what_the_driver_leads_to_cannot_be_undone(arrows, expected):
    found = diagram(*arrows, selected=["s"])
    row = read_diagram(found, drivers=["x"]).drivers[0]
    assert row.estimable == (expected is None) and (expected is None or row.why == expected)
    assert kinds(found) == ([] if expected is None else ["selection", "selection"])


def test_selection_on_a_collider_opens_a_path_that_a_cause_of_it_closes():
    arrows = ["a -> x", "a -> s", "b -> s", "b -> y", "x -> y"]
    open_ = diagram(*arrows, hidden=["a", "b"], selected=["s"])
    assert kinds(open_) == ["selection"] and sets(open_) == []
    assert (
        read_diagram(open_, drivers=["x"]).drivers[0].why.startswith("a and b are not measured and leave a back door")
    )
    assert sets(diagram(*arrows, selected=["s"])) == [{"a"}, {"b"}]


def test_other_flaws_each_say_what_they_are():
    found = diagram("u -> x", "u -> y", "x -> y", "x -> w", "y -> v", "q -> y", "y -> late", hidden=["u"])
    assert kinds(found, "u") == ["not measured"] and kinds(found, "y") == ["outcome", "open back door"]
    assert kinds(found, "v")[0] == "consequence"
    assert "caused by x and explains nothing" in check_adjustment(found, "x", adjusted_for=["w"]).summary()
    assert kinds(found, driver="late") == ["no effect", "open back door"]
    assert read_diagram(found, drivers=["late"]).drivers[0].why == "by the diagram it has no effect on y"
    assert read_diagram(found, drivers=["u"]).drivers[0].why == "it is not measured"


def test_the_selecting_node_is_no_driver():
    found = diagram("s -> x -> y", selected=["s"])
    assert found.drivers == ("x",)
    assert "the same for every case" in read_diagram(found, drivers=["s"]).drivers[0].why


def test_a_model_may_be_named_by_its_columns():
    assert check_adjustment(CONFOUNDER, "x column", adjusted_for=["c column"]).passed


@pytest.mark.parametrize(
    ("driver", "held", "message"),
    [
        ("why", [], 'no node "why"'),
        ("y", [], "is the outcome itself"),
        ("x", ["x"], "names the driver itself"),
        ("x", ["c colum"], 'did you mean "c column"'),
    ],
)
def test_names_that_do_not_fit_are_refused(driver, held, message):
    with pytest.raises(ValueError, match=message):
        check_adjustment(CONFOUNDER, driver, adjusted_for=held)


def test_all_faults_come_at_once():
    with pytest.raises(ParameterError) as caught:
        build_causal_diagram(
            ["a -> b -> c -> a", "income -> violence", "income -> violence", "x -> x", "nothing", ("p", "q", "r"), "far -> away"],
            outcome="violense",
            measured={"income": "Income", "violence": "Income", "lone": "Lone", "a": "A"},
            unmeasured=["a", "incom"],
            selected=["custody"],
        )  # fmt: skip
    text = str(caught.value)
    for said in (
        "a -> b -> c -> a: a cycle",
        "income -> violence: given 2 times",
        "x -> x: a node cannot cause itself",
        "arrow 'nothing': write \"cause -> effect\"",
        "arrow ('p', 'q', 'r')",
        'outcome violense: stands in no arrow; did you mean "violence"?',
        "lone: stands in no arrow",
        'incom: stands in no arrow; did you mean "income"?',
        "custody: stands in no arrow",
        "b: say whether it is measured",
        "a: said to be measured and not to be",
        "income and violence: are measured by one column",
    ):
        assert said in text, said


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"arrows": ["y -> x"]}, "y: no arrow leads to it"),
        ({"measured": {"x": "X"}, "unmeasured": ["y"]}, "y: is not measured; nothing about it can be estimated"),
        ({"selected": ["y"]}, "the cases are selected by it"),
        (
            {"arrows": ["x -> y", "p -> q"], "measured": {n: n for n in "xypq"}},
            "p: no path joins it to the outcome; draw it or leave it out",
        ),
    ],
)
def test_faults_of_the_outcome(given, message):
    words = {"arrows": ["x -> y"], "outcome": "y", "measured": {"x": "X", "y": "Y"}} | given
    with pytest.raises(ParameterError, match=message):
        build_causal_diagram(words.pop("arrows"), **words)


def test_a_diagram_cannot_be_changed():
    import networkx as nx

    with pytest.raises(nx.NetworkXError, match="Frozen"):
        CONFOUNDER.graph.add_edge("y", "x")


def test_pairs_chains_and_both_arrow_signs_read_alike():
    words = {"outcome": "y", "measured": {"x": "X", "m": "M", "y": "Y"}}
    graphs = [build_causal_diagram(arrows, **words).graph for arrows in (["x -> m -> y"], [("x", "m"), "m→y"])]
    assert list(graphs[0].edges) == list(graphs[1].edges) == [("x", "m"), ("m", "y")]


def test_a_reading_leaves_as_words_and_says_what_data_could_contradict():
    reading = read_diagram(BUTTERFLY)
    shown = release(reading, POLICIES["opensafely"]).result
    assert shown is reading and "y of a (adjust for nothing)" in shown.summary()
    assert "it implies that a and b are independent; " in shown.summary() and shown.values() == []
    assert "Arrows: a → x; " in shown.alt_text() and "Drivers read: a, x, m and b." in shown.alt_text()
    assert "cannot contradict it" in read_diagram(CONFOUNDER).summary()


def boxes(ax):
    from matplotlib.patches import FancyBboxPatch

    return [patch for patch in ax.patches if isinstance(patch, FancyBboxPatch)]


def arrows(ax):
    from matplotlib.patches import FancyArrowPatch

    return [patch for patch in ax.patches if isinstance(patch, FancyArrowPatch)]


def test_the_picture_tells_kinds_by_shape_line_and_word():
    with matplotlib.rc_context(draw.base.STYLE):
        ax = read_diagram(FRONT_DOOR).plot()
    words = [text.get_text() for text in ax.texts]
    assert words.count("not measured") == 1 and words.count("driver") == 2 and words.count("outcome") == 1
    styles = {words[2 * place]: box for place, box in enumerate(boxes(ax))}
    assert styles["u"].get_linestyle() != "-" and styles["x"].get_linestyle() in ("-", "solid")
    assert styles["y"].get_facecolor() != styles["x"].get_facecolor()
    check_picture(draw.to_svg(lambda: read_diagram(FRONT_DOOR).plot()))


LARGE = diagram(
    "income deprivation -> poor housing -> alcohol harm -> y", "income deprivation -> y", "age -> income deprivation",
    "school exclusion -> alcohol harm", "family stress -> school exclusion", "family stress -> y", "age -> y", "income deprivation -> school exclusion",
    "licensed premises -> alcohol harm", "licensed premises -> footfall -> y", "y -> stops", "policing -> stops", "income deprivation -> policing",
)  # fmt: skip


@pytest.mark.parametrize("found", [diagram("x -> m -> y"), CONFOUNDER, BUTTERFLY, FRONT_DOOR, LARGE])
def test_no_arrow_is_hidden_by_a_box_and_no_box_by_another(found):
    ax = read_diagram(found).plot()
    corners = [(b.get_x(), b.get_y(), b.get_x() + b.get_width(), b.get_y() + b.get_height()) for b in boxes(ax)]
    for at, (left, low, right, high) in enumerate(corners):
        for other in corners[at + 1 :]:
            assert right < other[0] or other[2] < left or high < other[1] or other[3] < low
    assert len(arrows(ax)) == found.graph.number_of_edges()
    for arrow in arrows(ax):
        points = arrow._path_original.interpolated(1).to_polygons(closed_only=False)[0]
        assert (np.diff(points[:, 0]) >= -1e-9).all(), "every arrow runs from left to right"
        for left, low, right, high in corners:
            inside = (points[:, 0] > left + 0.01) & (points[:, 0] < right - 0.01)
            inside &= (points[:, 1] > low + 0.01) & (points[:, 1] < high - 0.01)
            assert not inside.any()


def test_a_picture_takes_the_axes_it_is_given():
    from matplotlib.figure import Figure

    ax = Figure().add_subplot()
    assert read_diagram(CONFOUNDER).plot(ax=ax) is ax


def test_independences_of_textbook_diagrams():
    assert [str(claim) for claim in list_independences(diagram("x -> m -> y"))] == ["x and y are independent given m"]
    assert [str(claim) for claim in list_independences(diagram("x -> s", "q -> s", outcome="s"))] == [
        "x and q are independent"
    ]
    assert list_independences(FRONT_DOOR) == []
    assert [str(claim) for claim in list_independences(diagram("x -> m -> y", "s -> x", selected=["s"]))] == [
        "x and y are independent given m"
    ]


def chain_data(rng, n=400, leak=0.0):
    """x leads to m, m to y; with a leak x leads to y as well."""
    x = rng.normal(size=n)
    m = 0.8 * x + rng.normal(size=n)
    residents = rng.integers(1_000, 3_000, n)
    y = rng.poisson(residents * np.exp(-5 + 0.3 * m + leak * x))
    return pd.DataFrame({"x column": x, "m column": m, "y column": y, "residents": residents})


CHAIN = diagram("x -> m -> y")


def test_data_that_fit_say_nothing_and_a_leak_speaks_against_the_diagram():
    fits = implied_independence_test(CHAIN, chain_data(np.random.default_rng(8)), exposure="residents")
    assert fits.verdicts == [NO_SIGN] and "did not speak against any of the 1 independences" in fits.summary()
    leaks = implied_independence_test(CHAIN, chain_data(np.random.default_rng(8), leak=0.3), exposure="residents")
    assert leaks.verdicts == [AGAINST] and leaks.frame["measure"].tolist() == [RATIO]
    assert "spoke against 1 of 1" in leaks.summary() and leaks.frame["low"][0] > 1
    assert leaks.plot() is not None and leaks.values()[0].name == "rate_ratio_per_standard_deviation"


def test_partial_correlations_are_those_of_the_formula_of_three_correlations():
    table = chain_data(np.random.default_rng(2))
    row = implied_independence_test(CHAIN, table).frame.iloc[0]
    r = np.corrcoef(table[["x column", "m column", "y column"]].to_numpy(float).T)
    expected = (r[0, 2] - r[0, 1] * r[1, 2]) / np.sqrt((1 - r[0, 1] ** 2) * (1 - r[1, 2] ** 2))
    assert row["measure"] == CORRELATION and row["estimate"] == pytest.approx(expected)
    reach = 1.959964 / np.sqrt(400 - 1 - 3)
    assert np.arctanh(row["high"]) - np.arctanh(row["low"]) == pytest.approx(2 * reach, rel=1e-5)
    assert (row["low"] > 0 or row["high"] < 0) == (row["p"] < 0.05)


def test_many_tests_are_adjusted_together():
    found = diagram("a -> y", "b -> y", "c -> y", "d -> y")
    table = pd.DataFrame(np.random.default_rng(3).normal(size=(200, 5)), columns=[f"{n} column" for n in "abcdy"])
    frame = implied_independence_test(found, table).frame
    ordered = np.sort(frame["p"])
    expected = np.minimum.accumulate((ordered * 6 / np.arange(1, 7))[::-1])[::-1]
    assert len(frame) == 6 and np.sort(frame["adjusted_p"]) == pytest.approx(np.minimum(expected, 1))


def test_the_test_of_a_right_diagram_rejects_at_about_its_level():
    rng = np.random.default_rng(4)
    for exposure in (None, "residents"):
        rejected = [
            implied_independence_test(CHAIN, chain_data(rng, n=150), exposure=exposure).frame["p"][0] < 0.05
            for _ in range(120)
        ]
        assert 0.01 <= np.mean(rejected) <= 0.1


def test_tests_leave_blurred_and_only_with_enough_rows():
    result = implied_independence_test(CHAIN, chain_data(np.random.default_rng(5)), exposure="residents")
    shown = release(result, POLICIES["opensafely"]).result
    assert (shown.frame[["estimate", "low", "high"]] * 100 % 1).abs().max(axis=None) < 1e-9 and shown.counts == ()
    assert release(result, POLICIES["open"]).result.values() == result.values()
    small = chain_data(np.random.default_rng(5))
    small.loc[0, "y column"] = 2
    assert isinstance(
        release(implied_independence_test(CHAIN, small, exposure="residents"), POLICIES["ons"]).result, NotEstimable
    )


def test_what_cannot_be_tested_is_said():
    table = chain_data(np.random.default_rng(6))
    with pytest.raises(ValueError, match="areas lacks the column m column"):
        implied_independence_test(CHAIN, table.drop(columns="m column"))
    with pytest.raises(NotEstimableError, match="fewer than 20 rows"):
        implied_independence_test(CHAIN, table.head(15))
    with pytest.raises(NotEstimableError, match="implies no independence"):
        implied_independence_test(CONFOUNDER, table.rename(columns={"m column": "c column"}))
    told = table.assign(**{"m column": 2 * table["x column"]})
    with pytest.raises(NotEstimableError):
        implied_independence_test(CHAIN, told)
    two = diagram("x -> m -> y", "q -> y")
    some = implied_independence_test(two, table.assign(**{"q column": np.nan}))
    assert "2 of 3 independences had too few rows" in some.caveats[-1] and len(some.frame) == 1


def test_the_outcome_among_the_nodes_given_is_a_rate():
    found = diagram("x -> y -> s")
    rng = np.random.default_rng(7)
    x, residents = rng.normal(size=300), rng.integers(500, 5_000, 300)
    y = rng.poisson(residents * 0.02 * np.exp(0.3 * x))
    table = pd.DataFrame(
        {"x column": x, "y column": y, "residents": residents, "s column": y / residents + rng.normal(0, 0.002, 300)}
    )
    row = implied_independence_test(found, table, exposure="residents").frame.iloc[0]
    assert row["group"] == "x and s are independent given y" and abs(row["estimate"]) < 0.2
