"""The register: only reasoned scores rank, and how sure the order is."""

import numpy as np
import pandas as pd
import pytest

from problemsolving import draw
from problemsolving.errors import DisclosureError
from problemsolving.governance.policies import POLICIES
from problemsolving.governance.release import release
from problemsolving.measures.register import build_register
from problemsolving.measures.risk_scores import Scale, combine
from problemsolving.report.safe import check_picture

FIVE = dict(zip(range(1, 6), ["none", "slight", "some", "grave", "gravest"], strict=True))
SCALES = {
    "physical harm": Scale("impact", FIVE),
    "financial harm": Scale("impact", FIVE),
    "likelihood": Scale("likelihood", FIVE),
    "vulnerability": Scale("vulnerability", FIVE),
    "confidence": Scale("confidence", {1: "a guess", 2: "one source", 3: "sources agree"}),
}


def ratings(*problems, raters="AB", evidence="police records"):
    """Rows of problems given as (name, scores of physical, financial, likelihood, vulnerability, confidence)."""
    return pd.DataFrame(
        [(name, aspect, score, evidence, rater) for name, *scores in problems for rater in raters for aspect, score in zip(SCALES, scores, strict=True)],
        columns=["problem", "aspect", "score", "evidence", "rater"],
    )  # fmt: skip


TWO = ratings(("robbery", 4, 2, 3, 4, 3), ("noise", 1, 1, 5, 2, 1))


def built(rows, **more):
    return build_register(rows, **({"scales": SCALES, "n_resamples": 500, "rng": np.random.default_rng(1)} | more))


def test_risk_by_hand():
    found = built(TWO).ranked.set_index("problem")
    assert found.loc["robbery", ["impact", "likelihood", "vulnerability"]].tolist() == pytest.approx(
        [(0.8 + 0.4) / 2, 0.6, 0.8]
    )
    assert found.loc["robbery", "risk"] == pytest.approx((0.6 * 0.6 * 0.8) ** (1 / 3))
    assert found["rank"].to_dict() == {"robbery": 1, "noise": 2}
    summed = built(TWO, method="sum", weights={"impact": 2, "likelihood": 1, "vulnerability": 1}).ranked.set_index(
        "problem"
    )
    assert summed.loc["robbery", "risk"] == pytest.approx((2 * 0.6 + 0.6 + 0.8) / 4)


def test_a_score_is_the_median_of_its_raters_with_their_spread():
    rows = pd.concat(
        [ratings(("robbery", score, 2, 3, 4, 3), raters=rater) for rater, score in zip("ABC", (1, 4, 5), strict=True)]
    )
    score = built(rows).scores.set_index("aspect").loc["physical harm"]
    assert (score["median"], score["low"], score["high"], score["raters"]) == (4, 2.5, 4.5, 3)
    value = next(v for v in built(rows).values() if v.group == "robbery: physical harm")
    assert value.estimate == 4 and (value.interval.low, value.interval.high, value.interval.level) == (2.5, 4.5, 0.5)


def test_a_score_without_its_reason_ranks_nothing():
    rows = TWO.copy()
    rows.loc[(rows["problem"] == "robbery") & (rows["aspect"] == "likelihood"), "evidence"] = "  "
    found = built(rows)
    assert found.ranked["problem"].tolist() == ["noise"]
    assert found.unranked.values.tolist() == [["robbery", "likelihood has no score with evidence"]]
    assert "robbery is not ranked: likelihood has no score with evidence" in found.summary()
    last = next(row for row in found.table().rows if row[1] == "robbery")
    assert last[0] is None and "not ranked" in last[-1]
    assert [v.reason for v in found.values() if v.group == "robbery" and v.name == "risk"] == ["not ranked: likelihood has no score with evidence"]  # fmt: skip


def test_one_raters_missing_reason_leaves_the_other_raters_score():
    rows = TWO.copy()
    mine = (rows["problem"] == "robbery") & (rows["aspect"] == "physical harm") & (rows["rater"] == "A")
    rows.loc[mine, ["score", "evidence"]] = [5, None]
    found = built(rows)
    score = found.scores.set_index(["problem", "aspect"]).loc[("robbery", "physical harm")]
    assert (score["median"], score["raters"], score["left_out"]) == (4, 1, 1) and len(found.ranked) == 2


def test_confidence_ranks_nothing_and_is_said_where_low():
    surer = TWO.copy()
    surer.loc[surer["aspect"] == "confidence", "score"] = 3
    assert built(TWO).ranked["risk"].tolist() == built(surer).ranked["risk"].tolist()
    assert "Confidence is low for noise." in built(TWO).summary() and "low" not in built(surer).summary()
    unsaid = TWO[TWO["aspect"] != "confidence"]
    assert built(unsaid).ranked["rank"].tolist() == [1, 2] and np.isnan(built(unsaid).ranked["confidence"]).all()


def test_equal_problems_share_a_rank():
    found = built(ratings(("a", 3, 3, 3, 3, 3), ("b", 3, 3, 3, 3, 3), ("c", 1, 1, 1, 1, 3))).ranked
    assert found["rank"].tolist() == [1, 1, 3] and found["problem"].tolist() == ["a", "b", "c"]


def test_ranges_tell_what_raters_and_weights_could_change():
    steady = ratings(("often", 1, 1, 5, 3, 3), ("grave", 5, 5, 1, 3, 3))
    found = built(steady).ranked.set_index("problem")
    assert (found["raters_low"] == found["raters_high"]).all(), "raters who agree leave one rank"
    assert found["weights_low"].tolist() == [1, 1] and found["weights_high"].tolist() == [2, 2]
    split = pd.concat([ratings(("a", 5, 5, 5, 5, 3), ("b", 3, 3, 3, 3, 3), raters="A"), ratings(("a", 1, 1, 1, 1, 3), ("b", 3, 3, 3, 3, 3), raters="B")])  # fmt: skip
    found = built(split).ranked.set_index("problem")
    assert (found.loc["a", "raters_low"], found.loc["a", "raters_high"]) == (1, 2)
    dominant = built(ratings(("best", 5, 5, 5, 5, 3), ("rest", 2, 2, 2, 2, 3))).ranked
    assert dominant["weights_high"].tolist() == [1, 2]


def test_one_rater_alone_is_said():
    assert (
        "Only one rater scored robbery and noise"
        in built(ratings(("robbery", 4, 2, 3, 4, 3), ("noise", 1, 1, 5, 2, 3), raters="A")).summary()
    )


def test_scales_and_weights_are_stated():
    found = built(TWO)
    settings = found.method.settings
    assert found.table().rows[-1][-1] == found.scales["confidence"] == "1 a guess; 2 one source; 3 sources agree"
    assert settings["weights"] == "impact 1, likelihood 1, vulnerability 1" and settings["method"] == "product"


def test_order_of_rows_and_the_given_frame_do_not_matter():
    before = TWO.copy()
    turned = built(TWO.iloc[::-1]).ranked
    pd.testing.assert_frame_equal(built(TWO).ranked[["problem", "risk", "rank"]], turned[["problem", "risk", "rank"]])
    pd.testing.assert_frame_equal(TWO, before)


def test_every_fault_is_told_at_once():
    rows = pd.concat([TWO, TWO.iloc[[0]], TWO.iloc[[1]].assign(score=7), TWO.iloc[[2]].assign(aspect="mood"), TWO.iloc[[3]].assign(rater=None, problem=None)])  # fmt: skip
    scales = {**SCALES, "thin": Scale("impact", {1: "only"}), "odd": Scale("luck", FIVE)}
    with pytest.raises(ValueError) as caught:
        build_register(rows, scales=scales, weights={"impact": -1, "luck": 2})
    told = str(caught.value)
    for part in (
        'scale "thin" needs at least two', 'scale "odd" belongs to none of', "weights must give", "problem is missing in row 24",
        "rater is missing in row 24", "aspect has no scale in row 23", "score is not on its scale in row 22", "twice in rows 1, 2, 21 and 22",
    ):  # fmt: skip
        assert part in told, part


def test_other_faults():
    with pytest.raises(ValueError, match="lacks the column score and evidence"):
        built(TWO.drop(columns=["score", "evidence"]))
    with pytest.raises(ValueError, match="no scale is one of vulnerability"):
        built(TWO, scales={name: scale for name, scale in SCALES.items() if scale.part != "vulnerability"})


def test_nothing_ranked_is_said_and_not_drawn():
    found = built(ratings(("robbery", 4, 2, 3, 4, 3), evidence=""))
    assert found.ranked.empty and found.plot() is None and found.summary().startswith("No problem can be ranked.")
    assert found.table().text_rows()


def test_a_register_leaves_as_text_and_its_evidence_is_searched():
    found = built(TWO)
    shown = release(found, POLICIES["opensafely"]).result
    assert shown.summary() == found.summary() and all(value.n is None for value in shown.values())
    assert not {"A", "B"} & {str(cell) for row in shown.table().rows for cell in row}, "raters are not named"
    with pytest.raises(DisclosureError, match="NHS number"):
        release(built(ratings(("robbery", 4, 2, 3, 4, 3), evidence="as 943 476 5919 told")), POLICIES["open"])
    check_picture(draw.to_svg(found.plot))


def test_combining():
    levels = np.array([[0.2, 1.0, 0.5]])
    assert (
        combine(levels, np.array([1.0, 0, 0]), "product").tolist()
        == [0.2]
        == combine(levels, np.array([9.0, 0, 0]), "sum").tolist()
    )
