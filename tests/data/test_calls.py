"""Calls for service: what months and snapped points cannot tell, times and addresses can. No address is ever shown."""

import csv
import re
from collections import Counter

import pandas as pd
import pytest

from problemsolving.dictionary.reading import read_source
from problemsolving.dictionary.schema import source
from problemsolving.measures.aoristic import to_local
from problemsolving.measures.hot_times import measure_hot_times
from problemsolving.measures.near_repeats import knox_test
from problemsolving.measures.premises import find_unusual_points
from problemsolving.measures.repeats import measure_repeats

pytestmark = [pytest.mark.data, pytest.mark.xdist_group("calls")]
FILE = "calls_for_service/milwaukee_2018-05_calls.csv"


@pytest.fixture(scope="module")
def calls(real_data):
    found = source("milwaukee-calls-for-service")
    return read_source(found, [real_data / FILE], root=real_data).frame


@pytest.fixture(scope="module")
def raw(real_data):
    with (real_data / FILE).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_hours_are_those_of_the_clock_on_the_wall(calls, raw):
    local = to_local(calls["occurred_at"], time_zone="America/Chicago")
    assert Counter(local.dt.hour) == Counter(int(row["time"][11:13]) for row in raw)
    found = measure_hot_times(local, block_hours=4, n_resamples=199, of="calls")
    cells = found.cells()
    assert cells["count"].max() <= len(calls) and "calls" in found.summary().lower()


def test_repeats_by_address_leave_police_stations_out(calls, raw):
    unusual = find_unusual_points(calls, by="location", location="location")
    kept = calls[~unusual.at_unusual]
    assert 0 < len(calls) - len(kept) < 0.25 * len(calls)
    found = measure_repeats(kept["location"], who="addresses", of="calls", n_resamples=199)
    left = Counter(kept["location"])
    repeats = sum(count - 1 for count in left.values()) / sum(left.values())
    assert f"{repeats:.1%}" in found.summary()
    words = " ".join(
        [unusual.summary(), found.summary(), *map(str, unusual.table().rows), *map(str, found.table().rows)]
    )
    assert not re.search(r"\b\d+ [NSEW] ", words) and not any(
        place and place in words for place in set(calls["location"])
    )


def test_near_repeats_are_answered(calls):
    few = calls.dropna(subset=["longitude", "latitude"]).iloc[::10]
    days = to_local(few["occurred_at"], time_zone="America/Chicago")
    found = knox_test(
        few[["longitude", "latitude"]],
        days,
        distance_bands=(0, 200, 400),
        time_bands=(0, 2, 4),
        n_resamples=199,
        of="calls",
    )
    assert found.cells()["count"].sum() > 0 and pd.notna(found.estimates()["ratio"]).any()
