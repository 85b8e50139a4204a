"""Published cases of chains, flows and queues."""

import pandas as pd
import pytest

from problemsolving.network.what_if.absorbing import absorbing_chain
from problemsolving.network.what_if.chain import estimate_chain
from problemsolving.network.what_if.flow import find_pathway_limits
from problemsolving.network.what_if.queue import erlang_c


def test_absorbing_chain(case):
    inputs, expected, tolerance = case("absorbing-chain")
    found = absorbing_chain(inputs["Q"], inputs["R"])
    assert found.visits.tolist() == [pytest.approx(row, **tolerance) for row in expected["N"]]
    assert found.steps.tolist() == pytest.approx(expected["t"], **tolerance)
    assert found.shares.tolist() == [pytest.approx(row, **tolerance) for row in expected["B"]]


def test_absorbing_chain_of_counts(case):
    """The drunkard's walk as counts of steps: ten from each corner each way."""
    inputs, expected, tolerance = case("absorbing-chain")
    names, ends = ["1", "2", "3"], ["home", "bar"]
    rows = [
        (a, b, round(20 * share))
        for a, within, out in zip(names, inputs["Q"], inputs["R"], strict=True)
        for b, share in zip([*names, *ends], [*within, *out], strict=True)
        if share
    ]
    found = estimate_chain(pd.DataFrame(rows, columns=["from", "to", "count"]), exits=ends, n_resamples=9)
    assert found.estimates()["estimate"].tolist() == pytest.approx(expected["t"], **tolerance)
    assert found.visits().to_numpy().tolist() == [pytest.approx(row, **tolerance) for row in expected["N"]]
    shares = found.exit_shares().pivot(index="agency", columns="exit", values="estimate")[ends]
    assert shares.to_numpy().tolist() == [pytest.approx(row, **tolerance) for row in expected["B"]]


def test_maximum_flow(case):
    inputs, expected, tolerance = case("max-flow-clrs")
    ways = pd.DataFrame(inputs["arcs"], columns=["from", "to", "capacity"])
    found = find_pathway_limits(ways, source="s", sink="t")
    assert found.cut.most == pytest.approx(expected["value"], **tolerance)
    assert list(found.cut.source_side) == expected["cut_source_side"]
    assert found.summary().startswith("At most 23 people can get from s to t")


def test_erlang_c(case):
    inputs, expected, tolerance = case("erlang-c")
    for (rate, service, servers), told in zip(inputs["cases"], expected, strict=True):
        found = erlang_c(rate, service, servers)
        assert found.share_waiting == pytest.approx(told["P_wait"], **tolerance)
        assert found.mean_wait == pytest.approx(told["Wq"], **tolerance)
        assert found.mean_waiting == pytest.approx(told["Lq"], **tolerance)
