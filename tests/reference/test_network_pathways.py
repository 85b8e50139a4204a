"""Journeys against pm4py's running example and Scholtes's paths with memory, each at its stated tolerance."""

import pandas as pd
import pytest

from problemsolving.network.pathways.joint import measure_handed_back, measure_joint_cases
from problemsolving.network.pathways.journey_table import measure_journeys
from problemsolving.network.pathways.memory import memory_test


@pytest.fixture
def log(cases):
    rows = cases["dfg-running-example"]["inputs"]["rows[case,activity,resource,time]"]
    frame = pd.DataFrame(rows, columns=["person_id", "activity", "resource", "started_at"])
    return frame.assign(started_at=pd.to_datetime(frame["started_at"], utc=True)).sample(frac=1, random_state=1)


def steps_of(log, step, **options):
    shown = measure_journeys(log, step=step, n_resamples=0, **options).estimates()
    return {kind: rows.set_index("source" if kind == "end" else "target") for kind, rows in shown.groupby("kind")}


def by_pair(rows, column):
    rows = rows.reset_index().dropna(subset=column)
    return dict(zip(rows["source"] + " > " + rows["target"], rows[column], strict=True))


def test_directly_follows_starts_and_ends(case, log):
    _, expected, _ = case("dfg-running-example")
    found = steps_of(log, "activity")
    assert by_pair(found["step"], "events") == expected["dfg"]
    assert (
        found["start"]["events"].to_dict() == expected["start"] and found["end"]["events"].to_dict() == expected["end"]
    )
    assert found["step"]["events"].sum() == expected["n_arcs"]
    paths = log.sort_values("started_at").groupby("person_id")["activity"].agg(tuple)
    assert paths.nunique() == expected["variants"]


def test_waits(case, log):
    _, expected, tolerance = case("performance-dfg-running-example")
    waits = {arc: days * 86_400 for arc, days in by_pair(steps_of(log, "activity")["step"], "median").items()}
    assert waits == pytest.approx({arc: numbers["median"] for arc, numbers in expected.items()}, **tolerance)
    for arc, numbers in expected.items():
        inside = measure_journeys(log, step="activity", target_days=numbers["max"] / 86_400, n_resamples=0).estimates()
        one, other = arc.split(" > ")
        row = inside[(inside["source"] == one) & (inside["target"] == other)].iloc[0]
        assert (
            row["within_share"] == 1
            and numbers["min"] - 1e-6 <= row["median"] * 86_400 <= row["p90"] * 86_400 <= numbers["max"] + 1e-6
        )


def test_handovers_of_work_with_self(case, log):
    _, expected, tolerance = case("handover-running-example")
    steps = steps_of(log, "resource")["step"]
    assert by_pair(steps, "share") == pytest.approx(expected["handover"], **tolerance)
    assert by_pair(steps, "events") == expected["handover_counts"]
    between = {pair: count for pair, count in expected["handover_counts"].items() if len(set(pair.split(" > "))) == 2}
    shares = {pair: count / sum(between.values()) for pair, count in between.items()}
    assert by_pair(steps, "share_between") == pytest.approx(shares, **tolerance)
    back = measure_handed_back(log, step="resource").estimates()
    assert by_pair(back, "estimate") == pytest.approx(expected["subcontracting"], **tolerance)


def test_joint_cases_are_divided_by_cases(case, log):
    _, expected, tolerance = case("joint-cases-running-example")
    found = by_pair(measure_joint_cases(log, step="resource").estimates(), "estimate")
    both_ways = found | {" > ".join(reversed(pair.split(" > "))): share for pair, share in found.items()}
    assert both_ways == pytest.approx(expected, **tolerance)
    steps = by_pair(steps_of(log, "resource")["step"], "joint_share")
    assert steps == pytest.approx({pair: expected[pair] for pair in steps}, **tolerance)


def test_second_order_paths(case):
    inputs, expected, tolerance = case("second-order-paths")
    paths = [path.split(",") for path, count in inputs["paths"].items() for _ in range(count)]
    rows = [
        (number, step, pd.Timestamp("2024-01-01") + pd.Timedelta(days=place))
        for number, path in enumerate(paths)
        for place, step in enumerate(path)
    ]
    log = pd.DataFrame(rows, columns=["person_id", "agency", "started_at"])
    steps = measure_journeys(log, n_resamples=0).estimates()
    steps = steps[steps["kind"] == "step"]
    assert dict(zip(steps["source"] + ">" + steps["target"], steps["events"], strict=True)) == expected["first_order"]
    found = memory_test(log, n_resamples=0)
    went = found.frame[(found.frame["part"] == "went") & (found.frame["count"] > 0)]
    told = dict(
        zip(
            went["group"].str.replace("after (.+) and (.+): (.+)", r"\1,\2>\2,\3", regex=True),
            went["count"],
            strict=True,
        )
    )
    assert told == expected["second_order"]
    assert (found.statistic, found.p) == (
        pytest.approx(expected["LR_stat"], **tolerance),
        pytest.approx(expected["p"], **tolerance),
    )
    assert found.log_likelihoods == pytest.approx((expected["loglik_order1"], expected["loglik_order2"]), **tolerance)
    assert (found.degrees, found.optimal_order) == (expected["df"], expected["optimal_order"])
