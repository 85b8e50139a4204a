"""Whatever is released, no reader places a withheld small count more closely than the policy's interval.

The linear programmes here are written out anew, in full, from the released cells alone.
"""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from problemsolving.errors import DisclosureError
from problemsolving.governance.ledger import check_findings, record_release
from problemsolving.governance.magnitudes import MagnitudeCells, is_dominated, release_sums
from problemsolving.governance.policies import POLICIES, custom
from problemsolving.governance.suppression import find_totals, released_totals, suppress

CLOSED = [POLICIES[name] for name in ("opensafely", "nhs-hes", "ons", "acro")] + [custom(5, 3), custom(11, 10)]
policies = st.sampled_from(CLOSED)
counts = st.one_of(st.integers(0, 12), st.integers(0, 12), st.integers(0, 60))


def told(policy, value):
    """What a released value says by itself: every whole number that the policy turns into it."""
    if np.isnan(value):
        return policy.floor, np.inf
    true = [n for n in range(int(value) + 50) if policy.apply([n])[0] == value]
    return min(true), max(true)


def plain_bounds(limits, equations, goal):
    """Lowest and highest value of a sum of unknowns; None where the equations contradict each other."""
    lower = [(row, -limit) for row, limit, _ in equations]
    upper = [(row, limit) for row, _, limit in equations if np.isfinite(limit)]
    matrix = np.array([-row for row, _ in lower] + [row for row, _ in upper])
    right = np.array([limit for _, limit in lower] + [limit for _, limit in upper])
    ends = []
    for sign in (1, -1):
        solved = linprog(
            sign * goal, A_ub=matrix if len(matrix) else None, b_ub=right if len(right) else None, bounds=limits
        )
        if solved.status == 2:
            return None
        ends.append(-sign * np.inf if solved.status == 3 else sign * solved.fun)
    return ends


def assert_wide(ends, policy):
    assert ends[0] <= policy.floor + 1e-5 and ends[1] >= policy.suppress_to - 1e-5, ends


def attack_table(true, hidden, policy, totals):
    released = policy.round(np.where(hidden, np.nan, true))
    limits = [told(policy, value) for value in released]
    equations = []
    for total, value in zip(totals, released_totals(true, hidden, totals, policy), strict=True):
        row = np.zeros(len(true))
        row[total.parts] = 1
        if not np.isnan(value):
            equations.append((row, *told(policy, value)))
    for place in np.flatnonzero(policy.is_small(true)):
        goal = np.zeros(len(true))
        goal[place] = 1
        assert_wide(plain_bounds(limits, equations, goal), policy)


@settings(max_examples=120, deadline=None)
@given(policies, st.lists(counts, min_size=2, max_size=9), st.booleans())
def test_one_way_tables_hold(policy, numbers, own_total):
    cells = pd.DataFrame({"count": np.array([*numbers, sum(numbers)] if own_total else numbers, float)})
    cells["total"] = [False] * len(numbers) + [True] * own_total
    totals, true = find_totals(cells, ((),)), cells["count"].to_numpy()
    hidden = suppress(true, policy, totals)
    event("left whole" if hidden is None else "released")
    if hidden is not None:
        assert (hidden >= policy.is_small(true)).all()
        attack_table(true, hidden, policy, totals)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(policies, st.integers(2, 4), st.integers(2, 4), st.data())
def test_two_way_tables_hold(policy, rows, columns, data):
    numbers = data.draw(st.lists(counts, min_size=rows * columns, max_size=rows * columns))
    cells = pd.DataFrame([(r, c) for r in range(rows) for c in range(columns)], columns=["row", "column"])
    cells["count"] = np.array(numbers, float)
    totals = find_totals(cells, (("row",), ("column",)))
    hidden = suppress(cells["count"].to_numpy(), policy, totals)
    if hidden is not None:
        attack_table(cells["count"].to_numpy(), hidden, policy, totals)


@settings(max_examples=4, deadline=None)
@given(st.sampled_from(CLOSED[:4]), st.integers(0, 2**32 - 1))
def test_large_tables_hold_by_rectangles(policy, seed):
    rng = np.random.default_rng(seed)
    cells = pd.DataFrame([(r, c) for r in range(44) for c in range(7)], columns=["row", "column"])
    cells["count"] = rng.poisson(rng.gamma(2, 20, 44)[:, None], (44, 7)).ravel().astype(float)
    totals, true = find_totals(cells, (("row",), ("column",))), cells["count"].to_numpy()
    hidden = suppress(true, policy, totals)
    assume(hidden is not None)
    small = policy.is_small(true)
    event(f"second cells: {int((hidden & ~small).sum()) > 0}")
    for place in rng.permutation(np.flatnonzero(small))[:2]:
        limits = [told(policy, value) for value in policy.round(np.where(hidden, np.nan, true))]
        equations = []
        for total, value in zip(totals, released_totals(true, hidden, totals, policy), strict=True):
            if not np.isnan(value):
                equations.append((np.isin(np.arange(len(true)), total.parts).astype(float), *told(policy, value)))
        goal = np.zeros(len(true))
        goal[place] = 1
        assert_wide(plain_bounds(limits, equations, goal), policy)


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 5), st.integers(2, 4), st.data())
def test_sums_hold(rows, columns, data):
    """Counts and sums: no withheld sum can be placed within the room its largest contributor needs."""
    policy, cells = POLICIES["acro"], []
    for r in range(rows):
        for c in range(columns):
            given_ = sorted(data.draw(st.lists(st.integers(1, 100), max_size=25)), reverse=True)
            cells.append(
                (r, c, float(len(given_)), float(sum(given_)), float([*given_, 0][0]), float([*given_, 0, 0][1]))
            )
    frame = pd.DataFrame(cells, columns=["row", "column", "count", "total", "largest", "second"])
    try:
        shown = release_sums(MagnitudeCells(frame, ("row", "column")), policy)
    except DisclosureError:
        event("refused")
        return
    first = policy.is_small(frame["count"]) | ((frame["count"] > 0) & is_dominated(frame, policy)).to_numpy()
    assert shown.frame["total"].isna().to_numpy()[first].all()
    limits = [(0, np.inf) if np.isnan(value) else (value, value) for value in shown.frame["total"]]
    equations = [
        ((frame[line.margin] == line.group).to_numpy(float), line.total, line.total)
        for line in shown.totals.itertuples() if not np.isnan(line.total)
    ]  # fmt: skip
    for place in np.flatnonzero(first):
        low, high = plain_bounds(limits, equations, np.eye(len(frame))[place])
        room = 0.1 * frame["largest"][place]
        assert low <= max(frame["total"][place] - room, 0) + 1e-5 and high >= frame["total"][place] + room - 1e-5


def month(number):
    return f"{2020 + number // 12}-{number % 12 + 1:02d}"


def page_of(true, window, policy, *, with_total):
    """Release one group's months of a window (each month a cell), or the groups' totals over it."""
    start, end = window
    if with_total:
        cells = pd.DataFrame({"count": true[:, start:end].sum(axis=1)})
        labels = [({"group": f"area {place}"}, [month(start), month(end - 1)]) for place in range(len(true))]
    else:
        cells = pd.DataFrame({"count": true[0, start:end]})
        labels = [({}, [month(at), month(at)]) for at in range(start, end)]
    totals, numbers = find_totals(cells, ((),)), cells["count"].to_numpy(float)
    hidden = suppress(numbers, policy, totals)
    if hidden is None:
        return None
    safe = policy.round(np.where(hidden, np.nan, numbers))
    sums = [
        [total.parts.tolist(), float(value)]
        for total, value in zip(totals, released_totals(numbers, hidden, totals, policy), strict=True)
        if not np.isnan(value)
    ]
    listed = [[*label, None if np.isnan(value) else float(value)] for label, value in zip(labels, safe, strict=True)]
    finding = {"stage": "scan", "name": "series", "released_cells": {"of": "incidents", "cells": listed, "sums": sums}}
    return finding, policy.is_small(numbers)


def attack_pages(pages, policy, months, groups):
    """Bound every small withheld count of every page from all pages together, one unknown a group and month."""
    size = months * groups
    equations, targets = [], []
    for finding, small in pages:
        rows = []
        for (labels, period, value), is_small in zip(finding["released_cells"]["cells"], small, strict=True):
            group = int(labels["group"].split()[1]) if "group" in labels else 0
            first, last = (int(text[:4]) * 12 + int(text[5:]) - 1 - 2020 * 12 for text in period)
            row = np.zeros(size)
            row[group * months + first : group * months + last + 1] = 1
            rows.append(row)
            equations.append((row, *told(policy, np.nan if value is None else value)))
            if is_small:
                targets.append(row)
        for parts, total in finding["released_cells"]["sums"]:
            equations.append((np.sum([rows[part] for part in parts], axis=0), *told(policy, total)))
    for goal in targets:
        ends = plain_bounds([(0, None)] * size, equations, goal)
        if ends is not None:
            assert_wide(ends, policy)


windows = st.one_of(
    st.integers(2, 5).map(lambda first: [(0, first + step) for step in range(4)]),
    st.integers(2, 5).map(lambda length: [(step, step + length) for step in range(4)]),
    st.integers(3, 6).map(lambda length: [(0, length)] * 3),
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(policies, windows, st.booleans(), st.sampled_from([4, 10, 25]), st.integers(0, 2**32 - 1))
def test_no_series_of_releases_tells_a_small_count(tmp_path_factory, policy, steps, with_total, level, seed):
    rng = np.random.default_rng(seed)
    true = rng.poisson(level, (3, 12)).astype(float)
    ledger, out = tmp_path_factory.mktemp("series") / "ledger.json", []
    for number, window in enumerate(steps):
        page = page_of(true, window, policy, with_total=with_total)
        if page is None:
            continue
        try:
            record_release([page[0]], ledger, policy, run=f"run {number}")
        except DisclosureError:
            event("refused")
            continue
        event("passed")
        out.append(page)
    attack_pages(out, policy, 12, 3)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(policies, st.sampled_from([6, 15]), st.integers(0, 2**32 - 1))
def test_late_revisions_do_not_tell_a_small_count(tmp_path_factory, policy, level, seed):
    """Each re-run finds a few more records; what passes agrees in pairs without telling, or contradicts itself."""
    rng = np.random.default_rng(seed)
    true = rng.poisson(level, (3, 6)).astype(float)
    ledger, out = tmp_path_factory.mktemp("revised") / "ledger.json", []
    for number in range(3):
        page = page_of(true, (0, 6), policy, with_total=True)
        true += rng.binomial(1, 0.2, true.shape)
        if page is None:
            continue
        try:
            record_release([page[0]], ledger, policy, run=f"run {number}")
        except DisclosureError:
            continue
        out.append(page)
    if len(out) > 1:
        attack_pages(out[-2:], policy, 6, 3)


@pytest.mark.parametrize("name", ["opensafely", "nhs-hes", "open"])
def test_thirty_six_monthly_reruns_of_growing_series_pass(tmp_path, name):
    policy, ledger = POLICIES[name], tmp_path / "ledger.json"
    rng = np.random.default_rng(36)
    true = rng.poisson(rng.uniform(15, 90, 6)[:, None], (6, 48)).astype(float)
    for number in range(36):
        pages = [page_of(true, (0, 12 + number), policy, with_total=with_total)[0] for with_total in (True, False)]
        pages[1]["name"] = "months"
        assert check_findings(pages, ledger, policy)
        record_release(pages, ledger, policy, run=f"run {number}")
    assert check_findings(pages, ledger, policy) == "checked against 36 earlier releases"
